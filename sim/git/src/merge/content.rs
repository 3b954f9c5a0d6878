//! Merging the content and mode of one file.

use super::{Merge, Side, same_type};
use crate::cat;
use crate::fault::Result;
use crate::object::{Kind, mode};
use essaim_text::{Favor, Labels, MergeLevel, MergeOptions, is_binary};
use std::sync::Arc;

impl Merge<'_> {
    /// Merges two versions of a file; whether that went without a conflict. `extra`: how much longer the conflict
    /// markers are than usual.
    pub(super) fn content(
        &mut self,
        path: &[u8],
        base: Option<Side>,
        [ours, theirs]: [Side; 2],
        names: &[Vec<u8>; 3],
        extra: usize,
    ) -> Result<(Side, bool)> {
        // A base of another type is as good as none.
        let base = base.filter(|base| same_type(base.0, ours.0));
        let base_mode = base.map_or(0, |side| side.0);
        let (mode, mut clean) = if ours.0 == theirs.0 || ours.0 == base_mode {
            (theirs.0, true)
        } else {
            (ours.0, theirs.0 == base_mode)
        };
        let base_oid = base.map(|side| side.1);
        let oid = if ours.1 == theirs.1 || Some(ours.1) == base_oid {
            theirs.1
        } else if Some(theirs.1) == base_oid {
            ours.1
        } else if same_type(ours.0, mode::FILE) {
            let (bytes, merged) = self.texts(path, base, [ours, theirs], names, extra)?;
            clean &= merged;
            self.say(path, cat!["Auto-merging ", path, "\n"]);
            self.repo.store.write(self.files, Kind::Blob, &bytes)?
        } else {
            // A symbolic link or a submodule: one of them is taken whole.
            match (self.depth, self.options.favor) {
                (0, Some(Favor::Ours)) => ours.1,
                (0, Some(Favor::Theirs)) => theirs.1,
                (0, _) => {
                    clean = false;
                    ours.1
                }
                _ => {
                    clean = false;
                    base_oid.unwrap_or(ours.1)
                }
            }
        };
        Ok(((mode, oid), clean))
    }

    fn texts(
        &mut self,
        path: &[u8],
        base: Option<Side>,
        sides: [Side; 2],
        names: &[Vec<u8>; 3],
        extra: usize,
    ) -> Result<(Vec<u8>, bool)> {
        let blob = |side: Side| self.repo.store.blob(self.files, &side.1);
        let base = base.map_or(Ok(Arc::default()), blob)?;
        let (ours, theirs) = (blob(sides[0])?, blob(sides[1])?);
        let moved = names[0] != names[1] || names[1] != names[2];
        let label = |label: &[u8], name: &[u8]| if moved { cat![label, ":", name] } else { label.to_vec() };
        let base_label = label(&self.base_label, &names[0]);
        let our_label = label(&self.labels[0], &names[1]);
        let their_label = label(&self.labels[1], &names[2]);
        let favor = if self.depth == 0 { self.options.favor } else { None };
        if [&base, &ours, &theirs].iter().any(|content| is_binary(content)) {
            let taken = match favor {
                _ if self.depth > 0 => Some(base),
                Some(Favor::Ours) => Some(ours.clone()),
                Some(Favor::Theirs) => Some(theirs),
                _ => None,
            };
            if let Some(taken) = taken {
                return Ok((taken.to_vec(), true));
            }
            let who = cat![path, " (", our_label, " vs. ", their_label, ")\n"];
            self.say(path, cat!["warning: Cannot merge binary files: ", who]);
            return Ok((ours.to_vec(), false));
        }
        let options = MergeOptions {
            style: self.options.style,
            favor,
            level: MergeLevel::Zealous,
            marker_size: 7 + extra,
            algorithm: self.options.algorithm,
            whitespace: self.options.whitespace,
        };
        let labels = Labels {
            ours: &our_label,
            base: &base_label,
            theirs: &their_label,
        };
        let merged = essaim_text::merge(&base, &ours, &theirs, &labels, &options);
        Ok((merged.bytes, merged.conflict_count == 0))
    }
}
