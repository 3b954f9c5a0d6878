//! Renames inside a merge: what one side moved meets what the other side did to it.

use super::{Info, Merge, Side};
use crate::cat;
use crate::diff::{Change, Contents};
use crate::fault::Result;
use crate::oid::Oid;
use essaim_kernel::SmallSort;

/// A rename on one side.
#[derive(Clone, Debug)]
pub(super) struct Rename {
    pub from: Vec<u8>,
    pub to: Vec<u8>,
    /// 1 ours, 2 theirs.
    pub side: usize,
}

impl Merge<'_> {
    pub(super) fn renames(&mut self, threshold: u32) -> Result<()> {
        let mut all = self.find(1, threshold)?;
        all.extend(self.find(2, threshold)?);
        self.relocate(&mut all);
        all.small_sort_by(|a, b| a.from.cmp(&b.from));
        let mut at = 0;
        while at < all.len() {
            let one = all[at].clone();
            match all.get(at + 1).filter(|next| next.from == one.from).cloned() {
                Some(other) => {
                    self.renamed_twice(&one, &other)?;
                    at += 2;
                }
                None => {
                    self.renamed_once(&one)?;
                    at += 1;
                }
            }
        }
        Ok(())
    }

    /// The renames from the base to one side. Only where the other side changed the file does a rename matter, so
    /// only there is it looked for by similarity; equal contents are joined if anything is looked for.
    fn find(&self, side: usize, threshold: u32) -> Result<Vec<Rename>> {
        let mut changes = Vec::new();
        let none = (0, Oid::NULL);
        for (path, info) in &self.infos {
            let (letter, old, new) = match (info.stages[0], info.stages[side]) {
                (Some(base), None) => (b'D', base, none),
                (None, Some(added)) => (b'A', none, added),
                _ => continue,
            };
            changes.push(Change {
                letter,
                path: path.clone(),
                from: None,
                score: 0,
                old,
                new,
            });
        }
        let relevant = |change: &Change| {
            let untouched = self
                .infos
                .get(&change.path)
                .is_some_and(|info| info.stages[3 - side] == info.stages[0]);
            change.letter == b'D' && (!untouched || self.counts_for_directory(&change.path, side))
        };
        if !changes.iter().any(relevant) {
            return Ok(Vec::new());
        }
        let contents = Contents::new(self.files, self.repo);
        let mut renames = Vec::new();
        let mut take = |changes: Vec<Change>| {
            let mut rest = Vec::new();
            for change in changes {
                match change.from.clone() {
                    Some(from) => renames.push(Rename {
                        from,
                        to: change.path.clone(),
                        side,
                    }),
                    None => rest.push(change),
                }
            }
            rest
        };
        let rest = take(crate::renames::join(&contents, changes, 100, false, None)?);
        let rest: Vec<Change> = rest
            .into_iter()
            .filter(|change| change.letter == b'A' || relevant(change))
            .collect();
        take(crate::renames::join(&contents, rest, threshold, false, None)?);
        Ok(renames)
    }

    pub(super) fn info(&mut self, path: &[u8]) -> &mut Info {
        self.infos.entry(path.to_vec()).or_insert_with(|| Info {
            names: [path.to_vec(), path.to_vec(), path.to_vec()],
            ..Info::default()
        })
    }

    fn stage(&self, path: &[u8], at: usize) -> Option<Side> {
        self.infos.get(path).and_then(|info| info.stages[at])
    }

    /// Both sides renamed the same file.
    fn renamed_twice(&mut self, one: &Rename, other: &Rename) -> Result<()> {
        let (ours, theirs) = if one.side == 1 { (one, other) } else { (other, one) };
        let base = self.stage(&one.from, 0);
        if ours.to == theirs.to {
            let from = one.from.clone();
            let info = self.info(&ours.to);
            info.stages[0] = base;
            info.names[0] = from;
            info.renamed = true;
            self.info(&one.from).gone = true;
            return Ok(());
        }
        let (Some(a), Some(b)) = (self.stage(&ours.to, 1), self.stage(&theirs.to, 2)) else {
            return Ok(());
        };
        let names = [one.from.clone(), ours.to.clone(), theirs.to.clone()];
        let (merged, clean) = self.content(&one.from, base, [a, b], &names, 1 + 2 * self.depth)?;
        // A binary file cannot show both: each name keeps its own.
        let kept_ours = !clean && merged == a;
        let text = cat![
            "CONFLICT (rename/rename): ",
            one.from,
            " renamed to ",
            ours.to,
            " in ",
            self.labels[0],
            " and to ",
            theirs.to,
            " in ",
            self.labels[1],
            ".\n"
        ];
        for (to, at) in [(&ours.to, 1), (&theirs.to, 2)] {
            let info = self.info(to);
            info.stages[at] = Some(if at == 2 && kept_ours { b } else { merged });
            info.path_conflict = true;
            info.renamed = true;
        }
        let info = self.info(&one.from);
        info.path_conflict = true;
        info.renamed = true;
        self.say(&one.from, text);
        Ok(())
    }

    /// One side renamed a file.
    fn renamed_once(&mut self, rename: &Rename) -> Result<()> {
        let Rename { from, to, side } = rename;
        let other = 3 - side;
        let (base, others) = (self.stage(from, 0), self.stage(from, other));
        let collision = self.stage(to, other).is_some();
        let type_changed = match (base, others) {
            (Some(base), Some(others)) => !super::same_type(base.0, others.0),
            _ => false,
        };
        let Some(renamed) = self.stage(to, *side) else {
            return Ok(());
        };
        match others {
            Some(others) if collision && !type_changed => self.collide(rename, base, renamed, others)?,
            Some(_) if type_changed => {
                self.take_base(rename, base);
                self.info(from).stages[0] = None;
                return Ok(());
            }
            Some(others) => {
                let info = self.take_base(rename, base);
                info.stages[other] = Some(others);
                info.names[other].clone_from(from);
            }
            None => {
                let info = self.info(to);
                info.path_conflict = true;
                info.renamed = true;
                if !collision {
                    self.take_base(rename, base);
                }
                let text = self.renamed_and_deleted(rename);
                self.say(to, text);
            }
        }
        self.info(from).gone = true;
        Ok(())
    }

    /// The new name takes over the base of the old one.
    fn take_base(&mut self, rename: &Rename, base: Option<Side>) -> &mut Info {
        let info = self.info(&rename.to);
        info.stages[0] = base;
        info.names[0].clone_from(&rename.from);
        info.renamed = true;
        info
    }

    /// A renamed file meets another of its new name: first it takes in what the other side did to it.
    fn collide(&mut self, rename: &Rename, base: Option<Side>, renamed: Side, others: Side) -> Result<()> {
        let Rename { from, to, side } = rename;
        let mut names = [from.clone(), from.clone(), from.clone()];
        names[*side] = to.clone();
        let pair = if *side == 1 {
            [renamed, others]
        } else {
            [others, renamed]
        };
        let (merged, clean) = self.content(from, base, pair, &names, 1 + 2 * self.depth)?;
        let info = self.info(to);
        info.twin = info.stages[0].is_none() && info.stages[1] == info.stages[2];
        info.stages[*side] = Some(merged);
        info.renamed = true;
        if !clean {
            let text = cat![
                "CONFLICT (rename involved in collision): rename of ",
                from,
                " -> ",
                to,
                " has content conflicts AND collides with another path; this may result in nested conflict markers.\n"
            ];
            self.say(to, text);
        }
        Ok(())
    }

    fn renamed_and_deleted(&self, rename: &Rename) -> Vec<u8> {
        let Rename { from, to, side } = rename;
        cat![
            "CONFLICT (rename/delete): ",
            from,
            " renamed to ",
            to,
            " in ",
            self.labels[side - 1],
            ", but deleted in ",
            self.labels[2 - side],
            ".\n"
        ]
    }
}
