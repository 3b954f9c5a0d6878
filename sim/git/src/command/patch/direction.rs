//! What the commands with `-p` differ in: which two places are compared, where a choice goes, and in which words.

use crate::diff::Change;
use crate::diff::lists;
use crate::index::Index;
use crate::pathspec::Pathspec;
use crate::repo::Repo;
use crate::status;
use crate::tree::Flat;
use essaim_kernel::Files;

/// Which changes are offered, and what a chosen one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// `add -p`: from the index to the working tree; goes into the index.
    Stage,
    /// `stash -p`: from HEAD to the working tree; goes into an index of its own.
    Stash,
    /// `reset -p`: from HEAD to the index; is taken out of the index.
    Unstage,
    /// `reset -p TREE`: from the index to a tree; goes into the index.
    ApplyToIndex,
    /// `checkout -p`: from the index to the working tree; is taken out of the working tree.
    DiscardWork,
    /// `checkout -p HEAD`: from HEAD to the working tree; is taken out of index and working tree.
    DiscardBoth,
    /// `checkout -p TREE`: from the working tree to a tree; goes into index and working tree.
    ApplyToBoth,
    /// `restore -p -s HEAD`: from HEAD to the working tree; is taken out of the working tree.
    DiscardWorkHead,
    /// `restore -p -s TREE`: from the working tree to a tree; goes into the working tree.
    ApplyToWork,
}

/// Where a choice goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Index,
    Work,
    Both,
}

impl Direction {
    /// What is chosen is undone, not done.
    pub(super) const fn undoes(self) -> bool {
        matches!(
            self,
            Self::Unstage | Self::DiscardWork | Self::DiscardBoth | Self::DiscardWorkHead
        )
    }

    /// The tree stands on the new side.
    pub(super) const fn turned(self) -> bool {
        matches!(self, Self::ApplyToIndex | Self::ApplyToBoth | Self::ApplyToWork)
    }

    /// The working tree is one of the two places.
    pub(super) const fn looks_at_work(self) -> bool {
        !matches!(self, Self::Unstage | Self::ApplyToIndex)
    }

    pub(super) const fn target(self) -> Target {
        match self {
            Self::Stage | Self::Stash | Self::Unstage | Self::ApplyToIndex => Target::Index,
            Self::DiscardWork | Self::DiscardWorkHead | Self::ApplyToWork => Target::Work,
            Self::DiscardBoth | Self::ApplyToBoth => Target::Both,
        }
    }

    /// `stage`, `staging`.
    const fn verb(self) -> (&'static str, &'static str) {
        match self {
            Self::Stage => ("stage", "staging"),
            Self::Stash => ("stash", "stashing"),
            Self::Unstage => ("unstage", "unstaging"),
            Self::ApplyToIndex | Self::ApplyToBoth | Self::ApplyToWork => ("apply", "applying"),
            Self::DiscardWork | Self::DiscardBoth | Self::DiscardWorkHead => ("discard", "discarding"),
        }
    }

    const fn place(self) -> &'static str {
        match self {
            Self::Stage | Self::Stash | Self::Unstage => "",
            Self::ApplyToIndex => " to index",
            Self::ApplyToBoth => " to index and worktree",
            Self::ApplyToWork => " to worktree",
            Self::DiscardWork | Self::DiscardWorkHead => " from worktree",
            Self::DiscardBoth => " from index and worktree",
        }
    }

    /// `Stage this hunk`.
    pub(super) fn question(self, what: &str) -> String {
        let verb = self.verb().0;
        let (first, rest) = verb.split_at(1);
        format!("{}{rest} {what}{}", first.to_ascii_uppercase(), self.place())
    }

    /// What `?` says of the answers that are always possible.
    pub(super) fn help(self) -> String {
        let (verb, place) = (self.verb().0, self.place());
        format!(
            "y - {verb} this hunk{place}\n\
             n - do not {verb} this hunk{place}\n\
             q - quit; do not {verb} this hunk or any of the remaining ones\n\
             a - {verb} this hunk and all later hunks in the file\n\
             d - do not {verb} this hunk or any of the later hunks in the file\n"
        )
    }

    /// What the editor says of a hunk that applies.
    pub(super) fn hint(self) -> String {
        let marked = self.verb().1;
        format!("If the patch applies cleanly, the edited hunk will immediately be marked for {marked}.\n")
    }

    /// The changes on offer.
    pub(super) fn changes(
        self,
        files: &Files,
        repo: &Repo,
        index: &Index,
        base: &Flat,
        pathspec: &Pathspec,
    ) -> Vec<Change> {
        let mut found = match self {
            Self::Stage | Self::DiscardWork => status::unstaged(files, repo, index, pathspec),
            Self::Unstage | Self::ApplyToIndex => lists::tree_index(base, index, pathspec),
            _ => lists::tree_work(files, repo, base, index, pathspec),
        };
        found.retain(|change| change.letter != b'U');
        if self.turned() {
            for change in &mut found {
                std::mem::swap(&mut change.old, &mut change.new);
            }
        }
        found
    }
}
