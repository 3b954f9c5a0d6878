//! Directories that one side renamed: what the other side added to them is moved along.

use super::names::Rename;
use super::{DirectoryRenames, Merge};
use crate::cat;
use std::collections::{BTreeMap, BTreeSet};

/// Where directories went: the old one, the new one.
type Moves = BTreeMap<Vec<u8>, Vec<u8>>;

/// The directory of a path, without a slash at its end; the top is empty.
fn parent(path: &[u8]) -> &[u8] {
    path.iter().rposition(|b| *b == b'/').map_or(b"", |at| &path[..at])
}

fn base_name(path: &[u8]) -> &[u8] {
    path.iter().rposition(|b| *b == b'/').map_or(path, |at| &path[at + 1..])
}

/// A move that a directory's rename suggests.
struct Suggestion {
    path: Vec<u8>,
    to: Vec<u8>,
    /// The side that added or renamed the file.
    side: usize,
    /// Which of the renames put it at `path`.
    rename: Option<usize>,
}

impl Merge<'_> {
    /// Whether a deletion on a side tells where a whole directory went that the other side added something to.
    pub(super) fn counts_for_directory(&self, path: &[u8], side: usize) -> bool {
        if self.options.directory_renames == DirectoryRenames::No {
            return false;
        }
        self.is_relevant(parent(path), side)
    }

    /// Whether a side removed a directory while the other side added a file to it, or to one above it that is removed
    /// too: only then does it matter where the directory went.
    fn is_relevant(&self, directory: &[u8], side: usize) -> bool {
        let mut above = directory;
        while !above.is_empty() && !self.exists_below(above, side) {
            if self.gained(above, 3 - side) {
                return true;
            }
            above = parent(above);
        }
        false
    }

    /// Whether a file was added to this very directory.
    fn gained(&self, directory: &[u8], side: usize) -> bool {
        let below = cat![directory, "/"];
        let mut inside = self
            .infos
            .range(below.clone()..)
            .take_while(|(key, _)| key.starts_with(&below));
        inside.any(|(path, info)| parent(path) == directory && info.stages[0].is_none() && info.stages[side].is_some())
    }

    fn exists_below(&self, directory: &[u8], at: usize) -> bool {
        let below = cat![directory, "/"];
        let starts = |key: &&Vec<u8>| key.starts_with(&below);
        self.out
            .range(below.clone()..)
            .map(|(key, _)| key)
            .take_while(starts)
            .next()
            .is_some()
            || self
                .infos
                .range(below.clone()..)
                .take_while(|(key, _)| key.starts_with(&below))
                .any(|(_, info)| info.stages[at].is_some())
    }

    /// Moves what was added to a renamed directory.
    pub(super) fn relocate(&mut self, renames: &mut [Rename]) {
        if self.options.directory_renames == DirectoryRenames::No || self.depth > 0 {
            return;
        }
        let mut moves = [Moves::new(), Moves::new(), Moves::new()];
        for side in [1, 2] {
            moves[side] = self.moved_directories(renames, side);
        }
        // Renamed on both sides: neither is followed.
        let both: Vec<Vec<u8>> = moves[1]
            .keys()
            .filter(|old| moves[2].contains_key(*old))
            .cloned()
            .collect();
        for old in &both {
            moves[1].remove(old);
            moves[2].remove(old);
        }
        for side in [1, 2] {
            let suggestions = self.suggestions(renames, side, &moves);
            for suggestion in self.without_collisions(suggestions) {
                self.follow(&suggestion, renames);
            }
        }
    }

    /// The directories a side removed, with where most of their files went.
    fn moved_directories(&mut self, renames: &[Rename], side: usize) -> Moves {
        let mut counts: BTreeMap<Vec<u8>, BTreeMap<Vec<u8>, usize>> = BTreeMap::new();
        for rename in renames.iter().filter(|rename| rename.side == side) {
            let (mut old, mut new) = (parent(&rename.from), parent(&rename.to));
            let mut first = true;
            while !old.is_empty() && old != new && self.is_relevant(old, side) {
                if first || self.gained(old, 3 - side) {
                    *counts.entry(old.to_vec()).or_default().entry(new.to_vec()).or_default() += 1;
                }
                first = false;
                // The same name at the end: the directories above may have been renamed.
                if new.is_empty() || base_name(old) != base_name(new) {
                    break;
                }
                (old, new) = (parent(old), parent(new));
            }
        }
        let mut moves = Moves::new();
        for (old, targets) in counts {
            let most = targets.values().copied().max().unwrap_or(0);
            let mut best = targets
                .into_iter()
                .filter(|(_, count)| *count == most)
                .map(|(new, _)| new);
            match (best.next(), best.next()) {
                (Some(new), None) => _ = moves.insert(old, new),
                _ => {
                    let text = cat![
                        "CONFLICT (directory rename split): Unclear where to rename ",
                        old,
                        " to; it was renamed to multiple other directories, with no destination getting a majority of the files.\n"
                    ];
                    self.unclear = true;
                    self.say(&old, text);
                }
            }
        }
        moves
    }

    /// What a side put into directories that the other side renamed.
    fn suggestions(&mut self, renames: &[Rename], side: usize, moves: &[Moves; 3]) -> Vec<Suggestion> {
        let theirs = &moves[3 - side];
        let mut places: Vec<(Vec<u8>, Option<usize>)> = Vec::new();
        let targets: BTreeMap<&[u8], usize> = renames
            .iter()
            .enumerate()
            .filter(|(_, rename)| rename.side == side)
            .map(|(at, rename)| (rename.to.as_slice(), at))
            .collect();
        for (path, info) in &self.infos {
            if info.stages[0].is_none() && info.stages[side].is_some() {
                places.push((path.clone(), targets.get(path.as_slice()).copied()));
            }
        }
        let mut found = Vec::new();
        for (path, rename) in places {
            let mut directory = parent(&path);
            while !directory.is_empty() && !theirs.contains_key(directory) {
                directory = parent(directory);
            }
            let Some(new) = theirs.get(directory) else { continue };
            if moves[side].contains_key(new) {
                let text = cat![
                    "WARNING: Avoiding applying ",
                    directory,
                    " -> ",
                    new,
                    " rename to ",
                    path,
                    ", because ",
                    new,
                    " itself was renamed.\n"
                ];
                self.say(directory, text);
                continue;
            }
            let rest = &path[directory.len() + 1..];
            let to = if new.is_empty() {
                rest.to_vec()
            } else {
                cat![new, "/", rest]
            };
            found.push(Suggestion { path, to, side, rename });
        }
        found
    }

    /// Leaves out what would meet another file of the same side.
    fn without_collisions(&mut self, suggestions: Vec<Suggestion>) -> Vec<Suggestion> {
        let mut sources: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
        for suggestion in &suggestions {
            sources
                .entry(suggestion.to.clone())
                .or_default()
                .push(suggestion.path.clone());
        }
        let mut told: BTreeSet<Vec<u8>> = BTreeSet::new();
        let mut kept = Vec::new();
        for suggestion in suggestions {
            let to = &suggestion.to;
            let from = &sources[to];
            let in_the_way = self.out.contains_key(to)
                || self
                    .infos
                    .get(to)
                    .is_some_and(|info| info.stages[suggestion.side].is_some())
                || self.exists_below(to, suggestion.side);
            let text = if in_the_way {
                cat![
                    "CONFLICT (implicit dir rename): Existing file/dir at ",
                    to,
                    " in the way of implicit directory rename(s) putting the following path(s) there: ",
                    from.join(b", ".as_slice()),
                    ".\n"
                ]
            } else if from.len() > 1 {
                cat![
                    "CONFLICT (implicit dir rename): Cannot map more than one path to ",
                    to,
                    "; implicit directory renames tried to put these paths there: ",
                    from.join(b", ".as_slice()),
                    "\n"
                ]
            } else {
                kept.push(suggestion);
                continue;
            };
            self.unclear = true;
            if told.insert(to.clone()) {
                let to = to.clone();
                self.say(&to, text);
            }
        }
        kept
    }

    fn follow(&mut self, suggestion: &Suggestion, renames: &mut [Rename]) {
        let Suggestion { path, to, side, rename } = suggestion;
        let Some(info) = self.infos.get_mut(path) else { return };
        let moved = info.stages[*side].take();
        if info.mask() == 0 {
            self.infos.remove(path);
        }
        let conflict = self.options.directory_renames == DirectoryRenames::Conflict;
        let info = self.info(to);
        info.stages[*side] = moved;
        info.names[*side].clone_from(path);
        info.renamed = true;
        info.path_conflict |= conflict;
        let (here, there) = (self.labels[side - 1].clone(), self.labels[2 - side].clone());
        let what = match rename.map(|at| &mut renames[at]) {
            Some(rename) => {
                rename.to.clone_from(to);
                cat![
                    rename.from,
                    " renamed to ",
                    path,
                    " in ",
                    here,
                    ", inside a directory that was renamed in ",
                    there
                ]
            }
            None => cat![
                path,
                " added in ",
                here,
                " inside a directory that was renamed in ",
                there
            ],
        };
        let text = if conflict {
            cat![
                "CONFLICT (file location): ",
                what,
                ", suggesting it should perhaps be moved to ",
                to,
                ".\n"
            ]
        } else {
            cat!["Path updated: ", what, "; moving it to ", to, ".\n"]
        };
        self.say(to, text);
    }
}
