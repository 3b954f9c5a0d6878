//! Directories that one side renamed: what the other side added to them.

use super::Merge;
use super::names::Rename;

impl Merge<'_> {
    /// Whether a deletion tells where a whole directory went.
    pub(super) fn counts_for_directory(&self, _path: &[u8], _side: usize) -> bool {
        false
    }

    /// Moves what was added to a renamed directory.
    pub(super) fn relocate(&mut self, _renames: &mut Vec<Rename>) {}
}
