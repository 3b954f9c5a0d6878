//! What others may know of a Git repository: the view the page draws.

#![warn(missing_docs)]

use serde::{Deserialize, Serialize};

/// The engine's name, first segment of its fact paths.
pub const ENGINE: &str = "git";

/// Commits a view holds at most; the newest are kept.
pub const VIEW_COMMITS_MAX: usize = 400;

/// Files a view holds at most.
pub const VIEW_FILES_MAX: usize = 500;

/// The repository around the terminal's current directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitView {
    /// `None`: no repository here.
    pub repository: Option<Repository>,
}

/// One repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// Top folder of the working tree, absolute.
    pub root: String,
    /// Where HEAD points.
    pub head: Head,
    /// Commits reachable from any ref, HEAD or an operation's heads, in the order of `git log --all --topo-order`
    /// (newest first; a commit never stands above its children).
    pub commits: Vec<Commit>,
    /// How many there are, kept in the view or not.
    pub commits_count: u64,
    /// Branches, tags and the stash, by full name.
    pub refs: Vec<Ref>,
    /// A merge or another operation that waits to be concluded.
    pub operation: Option<Operation>,
    /// Every file that HEAD, the index or the working tree holds and that is of interest: changed ones first, then
    /// the unchanged, each group by path.
    pub files: Vec<FileState>,
    /// Entries of the stash.
    pub stash_count: u32,
}

/// HEAD.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Branch name without `refs/heads/`; `None` when detached.
    pub branch: Option<String>,
    /// Commit id in hex; `None` before the first commit.
    pub oid: Option<String>,
}

/// One commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Id, 40 hex digits.
    pub oid: String,
    /// Shortest unambiguous prefix, at least 7 digits.
    pub short: String,
    /// First line of the message.
    pub subject: String,
    /// Author's name.
    pub author: String,
    /// Author date, seconds since the Unix epoch.
    pub author_seconds: i64,
    /// Parents' ids.
    pub parents: Vec<String>,
}

/// What kind of ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefKind {
    /// `refs/heads/`
    Branch,
    /// `refs/remotes/`
    Remote,
    /// `refs/tags/`
    Tag,
    /// `refs/stash`
    Stash,
    /// Anything else.
    Other,
}

/// One ref.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ref {
    /// Short name: `main`, `origin/main`, `v0.1`.
    pub name: String,
    /// Its kind.
    pub kind: RefKind,
    /// The commit it leads to (tags peeled), hex.
    pub oid: String,
}

/// An operation that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// `merge`, `rebase`, `cherry-pick`, `revert`, `bisect`.
    pub kind: String,
    /// The commits it brings in (`MERGE_HEAD`), hex.
    pub heads: Vec<String>,
    /// First line of the prepared message.
    pub subject: String,
}

/// One file in the three places: HEAD, index, working tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    /// Path from the repository's root.
    pub path: String,
    /// `X` of `git status --short`: index against HEAD (`.` unchanged, `M A D R C T U`, `?` untracked).
    pub index: char,
    /// `Y` of `git status --short`: working tree against index.
    pub worktree: char,
    /// The blob in HEAD, 7 digits, if there is one.
    pub head_blob: Option<String>,
    /// The blob in the index (stage 0), 7 digits.
    pub index_blob: Option<String>,
    /// The blob the working tree's content would have, 7 digits.
    pub worktree_blob: Option<String>,
    /// Whether the index holds stages 1–3.
    pub conflicted: bool,
}
