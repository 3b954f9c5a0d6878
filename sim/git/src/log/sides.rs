//! `--cherry-pick` and `--ancestry-path`: what needs to see both sides of a range.

use super::walk::{Cherry, Walk};
use crate::cat;
use crate::diff::{Contents, lists};
use crate::fault::Result;
use crate::object::Commit;
use crate::oid::Oid;
use essaim_text::{DiffOptions, HunkOptions, is_binary};
use std::collections::BTreeMap;

impl Walk<'_> {
    /// Finds commits of both sides that make the same change.
    pub(super) fn cherry(&mut self, list: &mut Vec<Oid>) -> Result<()> {
        let mut changes: BTreeMap<Vec<u8>, (Vec<Oid>, Vec<Oid>)> = BTreeMap::new();
        for oid in list.iter() {
            let Some(node) = self.nodes.get(oid) else { continue };
            let (commit, left) = (node.commit.clone(), node.left);
            if commit.parents.len() > 1 {
                continue;
            }
            let entry = changes.entry(self.fingerprint(&commit)?).or_default();
            if left {
                entry.0.push(*oid);
            } else {
                entry.1.push(*oid);
            }
        }
        let twins = changes
            .into_values()
            .filter(|(left, right)| !left.is_empty() && !right.is_empty());
        for oid in twins.flat_map(|(left, right)| left.into_iter().chain(right)) {
            self.node(&oid)?.patch_same = true;
        }
        if self.limits.cherry == Cherry::Pick {
            list.retain(|oid| self.nodes.get(oid).is_some_and(|node| !node.patch_same));
        }
        Ok(())
    }

    /// A commit's change without what `git patch-id` does not look at: white space, line numbers, the commit itself.
    fn fingerprint(&mut self, commit: &Commit) -> Result<Vec<u8>> {
        let base = match commit.parents.first() {
            Some(parent) => Some(self.history.commit(parent)?.tree),
            None => None,
        };
        let contents = Contents::new(self.files, self.repo);
        let mut out = Vec::new();
        for change in lists::trees(
            self.files,
            &self.repo.store,
            base.as_ref(),
            Some(&commit.tree),
            self.paths,
        )? {
            out.extend_from_slice(&cat![
                "\0",
                [u8::from(change.old.0 == 0), u8::from(change.new.0 == 0)],
                change.path
            ]);
            match (change.old.0, change.new.0) {
                (0, mode) | (mode, 0) => out.extend_from_slice(format!("{mode:o}").as_bytes()),
                _ => {}
            }
            out.push(0);
            let (old, new) = (
                contents.get(change.old, &change.path)?,
                contents.get(change.new, &change.path)?,
            );
            if is_binary(&old) || is_binary(&new) {
                out.extend_from_slice(&cat![change.old.1.hex(), change.new.1.hex()]);
                continue;
            }
            let patch = essaim_text::unified(&old, &new, &DiffOptions::default(), &HunkOptions::default());
            for line in patch.split(|b| *b == b'\n').filter(|line| !line.starts_with(b"@@")) {
                out.extend(line.iter().filter(|b| !b.is_ascii_whitespace()));
            }
        }
        Ok(out)
    }

    /// Leaves only what lies between the commits that were left out, or that `--ancestry-path` names, and the tips.
    pub(super) fn along_path(&mut self, list: &mut Vec<Oid>) -> Result<()> {
        let mut marked = match self.limits.ancestry_of.is_empty() {
            true => self.bottoms.clone(),
            false => self.limits.ancestry_of.iter().copied().collect(),
        };
        loop {
            let before = marked.len();
            for oid in list.iter().rev() {
                if self.parents(oid).iter().any(|parent| marked.contains(parent)) {
                    marked.insert(*oid);
                }
            }
            if marked.len() == before {
                break;
            }
        }
        let stays =
            |walk: &Self, oid: &Oid| marked.contains(oid) || walk.nodes.get(oid).is_some_and(|node| node.on_path);
        let gone: Vec<Oid> = list.iter().filter(|oid| !stays(self, oid)).copied().collect();
        list.retain(|oid| stays(self, oid));
        self.hidden.extend(gone);
        Ok(())
    }
}
