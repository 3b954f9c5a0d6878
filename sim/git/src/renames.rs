//! Which deletions and additions are renames, and which additions are copies.

use crate::diff::Contents;
use crate::fault::Result;
use crate::object::mode;
use crate::oid::Oid;
use crate::status::Change;
use crate::tree::Flat;
use essaim_kernel::SmallSort;
use essaim_text::{SIMILARITY_SCORE_MAX, similarity_score};

/// One side of a possible rename.
#[derive(Clone, Debug)]
struct Side {
    /// Its place in the list of changes; `None`: a file that did not change (`--find-copies-harder`).
    at: Option<usize>,
    path: Vec<u8>,
    mode: u32,
    oid: Oid,
    /// It stays where it is, so what is like it is a copy.
    stays: bool,
    used: usize,
}

/// A source and a target that belong together.
#[derive(Clone, Copy, Debug)]
struct Pair {
    source: usize,
    target: usize,
    score: u32,
}

/// Pairs beyond which only equal contents are looked for (Git: 1000 × 1000).
const PAIRS_MAX: usize = 1_000_000;

fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or(path)
}

fn is_regular(mode: u32) -> bool {
    mode & 0o170_000 == mode::FILE & 0o170_000
}

/// Joins deletions and additions. `copies`: changed files may be sources too; `unchanged`: so may these.
pub fn join(
    contents: &Contents<'_>,
    changes: Vec<Change>,
    threshold: u32,
    copies: bool,
    unchanged: Option<&Flat>,
) -> Result<Vec<Change>> {
    if !changes.iter().any(|change| change.letter == b'A') {
        return Ok(changes);
    }
    let mut find = Find {
        contents,
        copies,
        sources: Vec::new(),
        targets: Vec::new(),
        pairs: Vec::new(),
    };
    find.gather(&changes, unchanged)?;
    if find.sources.is_empty() || find.targets.is_empty() {
        return Ok(changes);
    }
    find.exact();
    if threshold < 100 && find.sources.len() * find.targets.len() <= PAIRS_MAX {
        find.inexact(threshold)?;
    }
    Ok(find.apply(&changes))
}

struct Find<'a> {
    contents: &'a Contents<'a>,
    copies: bool,
    sources: Vec<Side>,
    targets: Vec<Side>,
    pairs: Vec<Pair>,
}

impl Find<'_> {
    fn gather(&mut self, changes: &[Change], unchanged: Option<&Flat>) -> Result<()> {
        for (at, change) in changes.iter().enumerate() {
            if change.letter == b'A' && change.new.0 != mode::GITLINK {
                let oid = self.contents.oid(change.new, &change.path)?;
                self.targets.push(Side {
                    at: Some(at),
                    path: change.path.clone(),
                    mode: change.new.0,
                    oid,
                    stays: false,
                    used: 0,
                });
            } else if change.letter == b'D' || self.copies && matches!(change.letter, b'M' | b'T') {
                if change.old.0 == mode::GITLINK {
                    continue;
                }
                let stays = change.letter != b'D';
                let oid = self.contents.oid(change.old, &change.path)?;
                self.sources.push(Side {
                    at: Some(at),
                    path: change.path.clone(),
                    mode: change.old.0,
                    oid,
                    stays,
                    used: usize::from(stays),
                });
            }
        }
        for (path, (mode, oid)) in unchanged.into_iter().flatten() {
            if !changes.iter().any(|change| change.path == *path) {
                let (path, mode, oid) = (path.clone(), *mode, *oid);
                self.sources.push(Side {
                    at: None,
                    path,
                    mode,
                    oid,
                    stays: true,
                    used: 1,
                });
            }
        }
        self.sources.small_sort_by(|a, b| a.path.cmp(&b.path));
        Ok(())
    }

    fn pair(&mut self, source: usize, target: usize, score: u32) {
        self.sources[source].used += 1;
        self.targets[target].used += 1;
        self.pairs.push(Pair { source, target, score });
    }

    /// Equal contents: an unused source, and one of the same name, come first.
    fn exact(&mut self) {
        for target in 0..self.targets.len() {
            let mut best: Option<(u32, usize)> = None;
            let wanted = &self.targets[target];
            for (at, source) in self.sources.iter().enumerate() {
                if source.oid != wanted.oid || source.used > 0 && !self.copies {
                    continue;
                }
                if !(is_regular(source.mode) && is_regular(wanted.mode)) && source.mode != wanted.mode {
                    continue;
                }
                let score = u32::from(source.used == 0) + u32::from(base_name(&source.path) == base_name(&wanted.path));
                if best.is_none_or(|(known, _)| score > known) {
                    best = Some((score, at));
                }
            }
            if let Some((_, source)) = best {
                self.pair(source, target, 100);
            }
        }
    }

    fn inexact(&mut self, threshold: u32) -> Result<()> {
        let limit = threshold * SIMILARITY_SCORE_MAX / 100;
        if !self.copies {
            // Half way between the threshold and certainty, as Git's default factor has it.
            let strict = (threshold + (100 - threshold) / 2) * SIMILARITY_SCORE_MAX / 100;
            self.by_base_name(strict)?;
        }
        let mut candidates: Vec<(u32, bool, usize, usize)> = Vec::new();
        for target in (0..self.targets.len()).filter(|at| self.targets[*at].used == 0) {
            for source in 0..self.sources.len() {
                if self.sources[source].used > 0 && !self.copies {
                    continue;
                }
                let score = self.score(source, target, limit)?;
                if score >= limit && score > 0 {
                    let same = base_name(&self.sources[source].path) == base_name(&self.targets[target].path);
                    candidates.push((score, same, target, source));
                }
            }
        }
        candidates.small_sort_by_key(|candidate| core::cmp::Reverse((candidate.0, candidate.1)));
        for copying in [false, true] {
            for (score, _, target, source) in &candidates {
                let free = self.sources[*source].used == 0;
                if self.targets[*target].used == 0 && (free || copying && self.copies) {
                    self.pair(*source, *target, score * 100 / SIMILARITY_SCORE_MAX);
                }
            }
        }
        Ok(())
    }

    /// Files that kept their name, when it is unique on both sides, are compared first.
    fn by_base_name(&mut self, limit: u32) -> Result<()> {
        for source in 0..self.sources.len() {
            if self.sources[source].used > 0 {
                continue;
            }
            let name = base_name(&self.sources[source].path).to_vec();
            let same = |side: &&Side| side.used == 0 && base_name(&side.path) == name;
            let unique = self.sources.iter().filter(same).count() == 1;
            let mut twins = (0..self.targets.len()).filter(|at| same(&&self.targets[*at]));
            let (Some(target), None, true) = (twins.next(), twins.next(), unique) else {
                continue;
            };
            let score = self.score(source, target, limit)?;
            if score >= limit {
                self.pair(source, target, score * 100 / SIMILARITY_SCORE_MAX);
            }
        }
        Ok(())
    }

    fn score(&self, source: usize, target: usize, limit: u32) -> Result<u32> {
        let (source, target) = (&self.sources[source], &self.targets[target]);
        if !is_regular(source.mode) || !is_regular(target.mode) {
            return Ok(0);
        }
        let old = self
            .contents
            .get((source.mode, source.oid), &source.path)
            .or_else(|_| self.work(source))?;
        let new = self
            .contents
            .get((target.mode, target.oid), &target.path)
            .or_else(|_| self.work(target))?;
        let (larger, smaller) = (old.len().max(new.len()) as u64, old.len().min(new.len()) as u64);
        let max = u64::from(SIMILARITY_SCORE_MAX);
        if larger * (max - u64::from(limit)) < (larger - smaller) * max {
            return Ok(0);
        }
        Ok(similarity_score(&old, &new))
    }

    /// A file of the working tree has an id here, but no object.
    fn work(&self, side: &Side) -> Result<std::sync::Arc<Vec<u8>>> {
        self.contents.get((side.mode, Oid::NULL), &side.path)
    }

    fn apply(&self, changes: &[Change]) -> Vec<Change> {
        let mut left: Vec<usize> = self.sources.iter().map(|source| source.used).collect();
        let mut out = Vec::new();
        for (at, change) in changes.iter().enumerate() {
            let pair = self.pairs.iter().find(|pair| self.targets[pair.target].at == Some(at));
            if let Some(pair) = pair {
                let source = &self.sources[pair.source];
                left[pair.source] -= 1;
                let copied = source.stays || left[pair.source] > 0;
                let old = source.at.map_or((source.mode, source.oid), |at| changes[at].old);
                out.push(Change {
                    letter: if copied { b'C' } else { b'R' },
                    from: Some(source.path.clone()),
                    score: pair.score,
                    old,
                    ..change.clone()
                });
                continue;
            }
            let moved = self
                .sources
                .iter()
                .any(|source| source.at == Some(at) && !source.stays && source.used > 0);
            if !moved {
                out.push(change.clone());
            }
        }
        out
    }
}
