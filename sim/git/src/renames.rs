//! Which deletions and additions are renames.


use crate::fault::Result;
use crate::status::Change;
use crate::store::Store;
use essaim_kernel::Files;
use essaim_text::{SIMILARITY_SCORE_MAX, similarity_score};

/// A deletion and an addition that belong together, by their places in the list of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The deletion.
    pub source: usize,
    /// The addition.
    pub target: usize,
    /// Percent.
    pub score: u32,
}

/// Pairs beyond which only equal contents are looked for (Git: 1000 × 1000).
const PAIRS_MAX: usize = 1_000_000;

fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or(path)
}

/// Finds the renames among `sources` (deletions) and `targets` (additions).
pub fn find(
    files: &Files,
    store: &Store,
    changes: &[Change],
    sources: &[usize],
    targets: &[usize],
    threshold: u32,
) -> Result<Vec<Pair>> {
    let mut pairs: Vec<Pair> = Vec::new();
    exact(changes, sources, targets, &mut pairs);
    let left = |at: &&usize, pairs: &[Pair]| !pairs.iter().any(|pair| pair.source == **at || pair.target == **at);
    let sources: Vec<usize> = sources.iter().filter(|at| left(at, &pairs)).copied().collect();
    let targets: Vec<usize> = targets.iter().filter(|at| left(at, &pairs)).copied().collect();
    if sources.len() * targets.len() > PAIRS_MAX || threshold >= 100 {
        return Ok(pairs);
    }
    let limit = threshold * SIMILARITY_SCORE_MAX / 100;
    let score = |source: usize, target: usize| -> Result<u32> {
        let (old, new) = (&changes[source], &changes[target]);
        if old.old.0 & 0o170_000 != new.new.0 & 0o170_000 {
            return Ok(0);
        }
        let (old, new) = (store.blob(files, &old.old.1)?, store.blob(files, &new.new.1)?);
        let (larger, smaller) = (old.len().max(new.len()) as u64, old.len().min(new.len()) as u64);
        let max = u64::from(SIMILARITY_SCORE_MAX);
        if larger * (max - u64::from(limit)) < (larger - smaller) * max {
            return Ok(0);
        }
        Ok(similarity_score(&old, &new))
    };
    by_base_name(changes, &sources, &targets, threshold, &score, &mut pairs)?;
    let mut candidates: Vec<(u32, bool, usize, usize)> = Vec::new();
    for target in targets.iter().filter(|at| left(at, &pairs)) {
        for source in sources.iter().filter(|at| left(at, &pairs)) {
            let found = score(*source, *target)?;
            if found >= limit && found > 0 {
                let same_name = base_name(&changes[*source].path) == base_name(&changes[*target].path);
                candidates.push((found, same_name, *target, *source));
            }
        }
    }
    candidates.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)));
    for (score, _, target, source) in candidates {
        if left(&&target, &pairs) && left(&&source, &pairs) {
            pairs.push(Pair { source, target, score: score * 100 / SIMILARITY_SCORE_MAX });
        }
    }
    Ok(pairs)
}

/// Equal contents: among several sources the one of the same name.
fn exact(changes: &[Change], sources: &[usize], targets: &[usize], pairs: &mut Vec<Pair>) {
    for target in targets {
        let name = base_name(&changes[*target].path);
        let mut best: Option<(u32, usize)> = None;
        for source in sources {
            if pairs.iter().any(|pair| pair.source == *source) {
                continue;
            }
            let same_kind = changes[*source].old.0 & 0o170_000 == changes[*target].new.0 & 0o170_000;
            if changes[*source].old.1 != changes[*target].new.1 || !same_kind {
                continue;
            }
            let score = 1 + u32::from(base_name(&changes[*source].path) == name);
            if best.is_none_or(|(known, _)| score > known) {
                best = Some((score, *source));
            }
        }
        if let Some((_, source)) = best {
            pairs.push(Pair { source, target: *target, score: 100 });
        }
    }
}

/// Files that kept their name, when it is unique on both sides, are compared first and need less likeness to win.
fn by_base_name(
    changes: &[Change],
    sources: &[usize],
    targets: &[usize],
    threshold: u32,
    score: &dyn Fn(usize, usize) -> Result<u32>,
    pairs: &mut Vec<Pair>,
) -> Result<()> {
    // Half way between the threshold and certainty, as Git's default factor has it.
    let limit = (threshold + (100 - threshold) / 2) * SIMILARITY_SCORE_MAX / 100;
    for source in sources {
        let name = base_name(&changes[*source].path);
        let same = |at: &&usize| base_name(&changes[**at].path) == name;
        let unique = sources.iter().filter(same).count() == 1;
        let mut matching = targets.iter().filter(same);
        let (Some(target), None, true) = (matching.next(), matching.next(), unique) else { continue };
        let found = score(*source, *target)?;
        if found >= limit {
            pairs.push(Pair { source: *source, target: *target, score: found * 100 / SIMILARITY_SCORE_MAX });
        }
    }

    Ok(())
}
