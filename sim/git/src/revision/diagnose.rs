//! What Git says of a revision whose path does not exist: `HEAD:missing`, `:missing`.

use super::{Resolver, colon_outside_braces};
use crate::cat;
use crate::fault::{Fault, Result};

impl Resolver<'_> {
    /// The error of a revision that names nothing because of the path behind its colon; `Ok`: there is nothing to say.
    pub fn diagnose(&mut self, spec: &[u8]) -> Result<()> {
        match spec.strip_prefix(b":") {
            Some(b"" | [b'/', ..]) => Ok(()),
            Some([digit @ b'0'..=b'3', b':', path @ ..]) => self.not_in_index(path, digit - b'0'),
            Some(path) => self.not_in_index(path, 0),
            None => self.not_in_tree(spec),
        }
    }

    fn on_disk(&self, path: &[u8]) -> bool {
        self.repo.work_tree.is_some() && self.files.symlink_metadata(&self.repo.work_path(path)).is_ok()
    }

    fn not_in_index(&self, path: &[u8], stage: u8) -> Result<()> {
        let path = self.from_prefix(path)?;
        let index = self.repo.index(self.files)?;
        let other = |path: &[u8]| index.stages(path).first().map(|entry| entry.stage.to_string());
        if let Some(other) = other(&path) {
            return Err(Fault::fatal(cat![
                "path '",
                path,
                format!("' is in the index, but not at stage {stage}\nhint: Did you mean ':{other}:"),
                path,
                "'?"
            ]));
        }
        let full = cat![self.repo.prefix, path];
        if let Some(other) = other(&full) {
            let places = cat![":", other, ":", full, "' aka ':", other, ":./", path, "'?"];
            return Err(Fault::fatal(cat![
                "path '",
                full,
                "' is in the index, but not '",
                path,
                "'\nhint: Did you mean '",
                places
            ]));
        }
        Err(Fault::fatal(match self.on_disk(&path) {
            true => cat!["path '", path, "' exists on disk, but not in the index"],
            false => cat!["path '", path, "' does not exist (neither on disk nor in the index)"],
        }))
    }

    fn not_in_tree(&mut self, spec: &[u8]) -> Result<()> {
        let Some(colon) = colon_outside_braces(spec) else {
            return Ok(());
        };
        let (revision, path) = (&spec[..colon], &spec[colon + 1..]);
        let Some(tree) = self.tree(revision)? else {
            return Err(Fault::fatal(cat!["invalid object name '", revision, "'."]));
        };
        let path = self.from_prefix(path)?;
        if self.on_disk(&path) {
            return Err(Fault::fatal(cat![
                "path '",
                path,
                "' exists on disk, but not in '",
                revision,
                "'"
            ]));
        }
        let full = cat![self.repo.prefix, path];
        if self.in_tree(tree, &full).is_some() {
            let places = cat![revision, ":", full, "' aka '", revision, ":./", path, "'?"];
            return Err(Fault::fatal(cat![
                "path '",
                full,
                "' exists, but not '",
                path,
                "'\nhint: Did you mean '",
                places
            ]));
        }
        Err(Fault::fatal(cat![
            "path '",
            path,
            "' does not exist in '",
            revision,
            "'"
        ]))
    }
}
