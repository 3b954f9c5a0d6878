//! What becomes of one path.

use super::{Info, Merge, Side, same_type};
use crate::cat;
use crate::fault::Result;
use crate::object::mode;

impl Merge<'_> {
    pub(super) fn entry(&mut self, path: Vec<u8>, info: Info) -> Result<()> {
        if info.gone {
            return Ok(());
        }
        let [base, ours, theirs] = info.stages;
        // What only one side touched, or both in the same way.
        let mut trivial = info.twin.then_some(ours);
        if !info.renamed && !info.path_conflict {
            trivial = if ours == theirs {
                Some(ours)
            } else if base == ours {
                Some(theirs)
            } else if base == theirs {
                Some(ours)
            } else {
                None
            };
        }
        if trivial == Some(None) || info.mask() == 0 {
            return Ok(());
        }
        let in_the_way = self.has_directory(&path);
        if in_the_way {
            return self.beside_directory(&path, info);
        }
        if let Some(Some(side)) = trivial {
            self.out.insert(path, side);
            return Ok(());
        }
        self.decide(path, info, false)
    }

    /// Whether the result has files below this path.
    fn has_directory(&self, path: &[u8]) -> bool {
        let below = cat![path, "/"];
        self.out
            .range(below.clone()..)
            .next()
            .is_some_and(|(key, _)| key.starts_with(&below))
    }

    /// A file where the result has a directory: it gets another name.
    fn beside_directory(&mut self, path: &[u8], info: Info) -> Result<()> {
        if self.depth > 0 || info.mask() == 1 {
            return Ok(());
        }
        let side = usize::from(info.stages[1].is_none());
        let label = self.labels[side].clone();
        let moved = self.unique_path(path, &label);
        self.say(
            &moved,
            cat![
                "CONFLICT (file/directory): directory in the way of ",
                path,
                " from ",
                label,
                "; moving it to ",
                moved,
                " instead.\n"
            ],
        );
        self.decide(moved, info, true)
    }

    fn decide(&mut self, path: Vec<u8>, info: Info, beside: bool) -> Result<()> {
        let [base, ours, theirs] = info.stages;
        let conflicted = info.path_conflict || beside;
        match (ours, theirs) {
            (Some(ours), Some(theirs)) if !same_type(ours.0, theirs.0) => {
                self.distinct_types(path, &info, ours, theirs)
            }
            (Some(ours), Some(theirs)) => {
                let (side, clean) = self.content(&path, base, [ours, theirs], &info.names, 2 * self.depth)?;
                if !clean {
                    let what = match (base, side.0) {
                        (_, mode::GITLINK) => "submodule",
                        (None, _) => "add/add",
                        _ => "content",
                    };
                    self.say(&path, cat!["CONFLICT (", what, "): Merge conflict in ", path, "\n"]);
                }
                self.settle(path, side, info.stages, clean && !conflicted);
                Ok(())
            }
            (Some(side), None) | (None, Some(side)) if base.is_some() => {
                self.modify_delete(path, &info, side);
                Ok(())
            }
            (Some(side), None) | (None, Some(side)) => {
                self.settle(path, side, info.stages, !conflicted);
                Ok(())
            }
            (None, None) => {
                // Gone on both sides; the base of a rename to two names stays in the index.
                if info.path_conflict && self.depth == 0 {
                    self.conflicts.insert(path, info.stages);
                }
                Ok(())
            }
        }
    }

    fn settle(&mut self, path: Vec<u8>, side: Side, stages: [Option<Side>; 3], clean: bool) {
        if !clean && self.depth == 0 {
            self.conflicts.insert(path.clone(), stages);
        }
        self.out.insert(path, side);
    }

    fn modify_delete(&mut self, path: Vec<u8>, info: &Info, side: Side) {
        let base = info.stages[0];
        let modified = usize::from(info.stages[1].is_none());
        // The deletion of what was only renamed was told already.
        let only_renamed = info.path_conflict && base.map(|base| base.1) == Some(side.1);
        if !only_renamed {
            let (modify, delete) = (self.labels[modified].clone(), self.labels[1 - modified].clone());
            self.say(
                &path,
                cat![
                    "CONFLICT (modify/delete): ",
                    path,
                    " deleted in ",
                    delete,
                    " and modified in ",
                    modify,
                    ".  Version ",
                    modify,
                    " of ",
                    path,
                    " left in tree.\n"
                ],
            );
        }
        let kept = if self.depth > 0 { base.unwrap_or(side) } else { side };
        self.settle(path, kept, info.stages, false);
    }

    /// A file on one side, a symbolic link on the other: regular files get another name.
    fn distinct_types(&mut self, path: Vec<u8>, info: &Info, ours: Side, theirs: Side) -> Result<()> {
        let base = info.stages[0];
        if self.depth > 0 {
            if let Some(base) = base {
                self.out.insert(path, base);
            }
            return Ok(());
        }
        let regular = |side: Side| same_type(side.0, mode::FILE);
        let rename = match (regular(ours), regular(theirs)) {
            (true, _) => [true, false],
            (_, true) => [false, true],
            _ => [true, true],
        };
        let stay = |side: Side| base.filter(|base| same_type(base.0, side.0));
        let mut spots = Vec::new();
        for (at, side) in [ours, theirs].into_iter().enumerate() {
            let spot = if rename[at] {
                self.unique_path(&path, &self.labels[at].clone())
            } else {
                path.clone()
            };
            let mut stages = [stay(side), None, None];
            stages[at + 1] = Some(side);
            spots.push((spot, side, stages));
        }
        let text = if rename == [true, true] {
            "both of them so each can be recorded somewhere.\n"
        } else {
            "one of them so each can be recorded somewhere.\n"
        };
        self.say(
            &path,
            cat![
                "CONFLICT (distinct types): ",
                path,
                " had different types on each side; renamed ",
                text
            ],
        );
        for (spot, side, stages) in spots {
            self.settle(spot, side, stages, false);
        }
        Ok(())
    }
}
