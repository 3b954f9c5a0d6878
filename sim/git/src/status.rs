//! HEAD, index and working tree compared: what `git status` and `git commit` report.

use crate::fault::Result;
use crate::index::Index;
use crate::oid::Oid;
use crate::pathspec::Pathspec;
use crate::repo::Repo;
use crate::tree::{self, Flat};
use crate::worktree::{self, FileState, UntrackedMode};
use essaim_kernel::Files;
use essaim_kernel::SmallSort;

/// One path that differs between two places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `A`, `M`, `D`, `T`, `R` or `C`.
    pub letter: u8,
    /// The path (after a rename: the new one).
    pub path: Vec<u8>,
    /// The old path of a rename or copy.
    pub from: Option<Vec<u8>>,
    /// How alike the two are, in percent.
    pub score: u32,
    /// (mode, blob) before; mode 0: not there.
    pub old: (u32, Oid),
    /// (mode, blob) after; a null id in the working tree.
    pub new: (u32, Oid),
}

impl Change {
    fn plain(letter: u8, path: &[u8], old: (u32, Oid), new: (u32, Oid)) -> Self {
        Self {
            letter,
            path: path.to_vec(),
            from: None,
            score: 0,
            old,
            new,
        }
    }
}

/// How a path in conflict got there: which of base (1), ours (2), theirs (4) exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmerged {
    /// The path.
    pub path: Vec<u8>,
    /// The sum of the stages' bits.
    pub mask: u8,
}

impl Unmerged {
    /// The two letters of the short format.
    pub const fn letters(&self) -> &'static str {
        match self.mask {
            1 => "DD",
            2 => "AU",
            3 => "UD",
            4 => "UA",
            5 => "DU",
            6 => "AA",
            _ => "UU",
        }
    }

    /// The words of the long format.
    pub const fn label(&self) -> &'static str {
        match self.mask {
            1 => "both deleted:",
            2 => "added by us:",
            3 => "deleted by them:",
            4 => "added by them:",
            5 => "deleted by us:",
            6 => "both added:",
            _ => "both modified:",
        }
    }
}

/// All differences.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// HEAD against the index, by path.
    pub staged: Vec<Change>,
    /// The index against the working tree, by path.
    pub unstaged: Vec<Change>,
    /// In conflict, by path.
    pub unmerged: Vec<Unmerged>,
    /// Untracked, by path.
    pub untracked: Vec<Vec<u8>>,
    /// Ignored, by path.
    pub ignored: Vec<Vec<u8>>,
}

/// What to gather.
#[derive(Clone, Debug)]
pub struct Options {
    /// Untracked files.
    pub untracked: UntrackedMode,
    /// Ignored files too.
    pub ignored: bool,
    /// Only these paths.
    pub pathspec: Pathspec,
    /// Renames are found from this similarity on (percent); `None`: not at all.
    pub renames: Option<u32>,
    /// Compare the index with this commit; `None`: no commit yet.
    pub base: Option<Oid>,
}

impl Options {
    /// What `git status` gathers without options.
    pub fn new(base: Option<Oid>) -> Self {
        Self {
            untracked: UntrackedMode::Normal,
            ignored: false,
            pathspec: Pathspec::default(),
            renames: Some(50),
            base,
        }
    }
}

/// Gathers all differences.
pub fn collect(files: &Files, repo: &Repo, index: &Index, options: &Options) -> Result<Status> {
    let mut status = Status::default();
    let base = tree::of_commit(files, &repo.store, options.base.as_ref())?;
    status.staged = staged(index, &base, &options.pathspec);
    if let Some(threshold) = options.renames {
        status.staged = with_renames(files, repo, status.staged, threshold)?;
    }
    for path in index.unmerged_paths() {
        if options.pathspec.matches(&path) {
            let mask = index
                .stages(&path)
                .iter()
                .fold(0, |mask, entry| mask | 1 << (entry.stage - 1));
            status.unmerged.push(Unmerged { path, mask });
        }
    }
    if repo.work_tree.is_some() {
        status.unstaged = unstaged(files, repo, index, &options.pathspec);
        let found = worktree::scan(files, repo, index, options.untracked, options.ignored);
        let wanted = |path: &Vec<u8>| {
            options.pathspec.matches(path)
                || path.ends_with(b"/") && options.pathspec.may_match_below(&path[..path.len() - 1])
        };
        status.untracked = found.untracked.into_iter().filter(wanted).collect();
        status.ignored = found.ignored.into_iter().filter(wanted).collect();
    }
    Ok(status)
}

/// HEAD against the index, without renames.
pub fn staged(index: &Index, base: &Flat, pathspec: &Pathspec) -> Vec<Change> {
    let mut changes = Vec::new();
    let none = (0, Oid::NULL);
    for entry in index
        .entries()
        .iter()
        .filter(|entry| entry.stage == 0 && !entry.intent_to_add)
    {
        let new = (entry.mode, entry.oid);
        match base.get(&entry.path) {
            None => changes.push(Change::plain(b'A', &entry.path, none, new)),
            Some(old) if *old != new => {
                let letter = if kind_bits(old.0) == kind_bits(new.0) {
                    b'M'
                } else {
                    b'T'
                };
                changes.push(Change::plain(letter, &entry.path, *old, new));
            }
            Some(_) => {}
        }
    }
    for (path, old) in base {
        let here = index.stages(path);
        if here.is_empty() || here.iter().all(|entry| entry.intent_to_add) {
            changes.push(Change::plain(b'D', path, *old, none));
        }
    }
    changes.retain(|change| pathspec.matches(&change.path));
    changes.small_sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

fn kind_bits(mode: u32) -> u32 {
    mode & 0o170_000
}

/// The index against the working tree.
pub fn unstaged(files: &Files, repo: &Repo, index: &Index, pathspec: &Pathspec) -> Vec<Change> {
    let mut changes = Vec::new();
    for entry in index.entries() {
        if entry.stage != 0 || entry.skip_worktree || !pathspec.matches(&entry.path) {
            continue;
        }
        let old = (entry.mode, entry.oid);
        let state = worktree::compare(files, repo, index, entry);
        if entry.intent_to_add {
            let change = match state {
                FileState::Deleted => Change::plain(b'D', &entry.path, old, (0, Oid::NULL)),
                FileState::Changed { mode, .. } => Change::plain(b'A', &entry.path, (0, Oid::NULL), (mode, Oid::NULL)),
                FileState::Unchanged => Change::plain(b'A', &entry.path, (0, Oid::NULL), old),
            };
            changes.push(change);
            continue;
        }
        match state {
            FileState::Unchanged => {}
            FileState::Deleted => changes.push(Change::plain(b'D', &entry.path, old, (0, Oid::NULL))),
            FileState::Changed { mode, .. } => {
                let letter = if kind_bits(mode) == kind_bits(entry.mode) {
                    b'M'
                } else {
                    b'T'
                };
                changes.push(Change::plain(letter, &entry.path, old, (mode, Oid::NULL)));
            }
        }
    }
    changes
}

/// Joins deletions and additions that are renames: equal contents first, then the most alike.
pub fn with_renames(files: &Files, repo: &Repo, changes: Vec<Change>, threshold: u32) -> Result<Vec<Change>> {
    let contents = crate::diff::Contents::new(files, repo);
    crate::renames::join(&contents, changes, threshold, false, None)
}
