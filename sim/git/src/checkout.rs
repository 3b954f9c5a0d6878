//! Bringing index and working tree from one tree to another, without losing what the user has changed.
//!
//! The two-way rules are those of `git read-tree -m -u OLD NEW` (git-read-tree(1), "Two Tree Merge").

use crate::cat;
use crate::fault::{Fault, Result};
use crate::ignore::Ignore;
use crate::index::{Entry, Index};
use crate::object::mode;
use crate::oid::Oid;
use crate::output::{quote_high, quote_path};
use crate::repo::Repo;
use crate::tree::Flat;
use crate::worktree::{self, FileState, lstat_no_links};
use essaim_kernel::IntoTree;
use essaim_kernel::{Errno, Files};
use std::collections::BTreeSet;

/// What has to be done, once it is known to be safe.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Files to write: path, mode, blob.
    pub writes: Vec<(Vec<u8>, u32, Oid)>,
    /// Files to remove.
    pub removes: Vec<Vec<u8>>,
}

/// Why it cannot be done: paths, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Changed in the index.
    pub staged: BTreeSet<Vec<u8>>,
    /// Changed in the working tree.
    pub modified: BTreeSet<Vec<u8>>,
    /// Directories that hold untracked files where a file must go.
    pub directories: BTreeSet<Vec<u8>>,
    /// Untracked files where a file must go.
    pub untracked: BTreeSet<Vec<u8>>,
}

/// What the user was doing, as the messages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// `git checkout`, `git switch`.
    Checkout,
    /// `git merge`, `git stash apply` …
    Merge,
}

impl Refusal {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Git's message, `Aborting` included.
    pub fn text(&self, doing: Doing, advice: bool) -> Vec<u8> {
        let (name, before) = match doing {
            Doing::Checkout => ("checkout", "switch branches"),
            Doing::Merge => ("merge", "merge"),
        };
        let mut out = Vec::new();
        let mut say = |paths: &BTreeSet<Vec<u8>>, head: String, tail: String| {
            if paths.is_empty() {
                return;
            }
            out.extend_from_slice(&cat!["error: ", head, "\n"]);
            for path in paths {
                out.extend_from_slice(&cat!["\t", path, "\n"]);
            }
            out.extend_from_slice(&cat![tail, "\n"]);
        };
        let tail = |text: String| if advice { text } else { String::new() };
        let local = format!("Your local changes to the following files would be overwritten by {name}:");
        let stash = tail(format!("Please commit your changes or stash them before you {before}."));
        say(&self.staged, local.clone(), stash.clone());
        say(&self.modified, local, stash);
        let lose = "Updating the following directories would lose untracked files in them:".to_owned();
        say(&self.directories, lose, String::new());
        say(
            &self.untracked,
            format!("The following untracked working tree files would be overwritten by {name}:"),
            tail(format!("Please move or remove them before you {before}.")),
        );
        out.extend_from_slice(b"Aborting\n");
        out
    }

    /// The message as a fault with an exit code.
    pub fn fault(&self, doing: Doing, repo: &Repo, code: u8) -> Fault {
        Fault::Plain(self.text(doing, repo.config.advice("commitBeforeMerge")), code)
    }

    /// The message of `git reset --keep` and `--merge`: one line.
    pub fn short_fault(&self) -> Fault {
        let entry = |path: &[u8]| cat!["Entry '", path, "' not uptodate. Cannot merge."];
        let message = match (self.modified.first(), self.staged.first(), self.untracked.first()) {
            (Some(path), ..) => entry(path),
            (None, Some(path), _) => cat!["Entry '", path, "' would be overwritten by merge. Cannot merge."],
            (None, None, Some(path)) => {
                cat![
                    "Untracked working tree file '",
                    path,
                    "' would be overwritten by merge."
                ]
            }
            (None, None, None) => {
                let path = self.directories.first().map(Vec::as_slice).unwrap_or_default();
                cat!["Updating '", path, "' would lose untracked files in it"]
            }
        };
        Fault::error(message)
    }
}

/// Looks whether index and working tree can go from one tree to the other. Staged and local changes are carried along
/// where both trees agree. The index must not be in conflict.
pub fn plan(files: &Files, repo: &Repo, index: &Index, from: &Flat, to: &Flat) -> core::result::Result<Plan, Refusal> {
    let mut planner = Planner {
        files,
        repo,
        index,
        ignore: Ignore::new(repo, files),
        plan: Plan::default(),
        refusal: Refusal::default(),
    };
    let mut paths: BTreeSet<&[u8]> = from.keys().chain(to.keys()).map(Vec::as_slice).into_tree();
    paths.extend(index.entries().iter().map(|entry| entry.path.as_slice()));
    for path in paths {
        planner.path(path, from.get(path).copied(), to.get(path).copied());
    }
    planner.check_absent();
    if planner.refusal.is_empty() {
        Ok(planner.plan)
    } else {
        Err(planner.refusal)
    }
}

struct Planner<'a> {
    files: &'a Files,
    repo: &'a Repo,
    index: &'a Index,
    ignore: Ignore,
    plan: Plan,
    refusal: Refusal,
}

type Version = Option<(u32, Oid)>;

impl Planner<'_> {
    fn path(&mut self, path: &[u8], from: Version, to: Version) {
        let Some(entry) = self.index.get(path, 0) else {
            match (from, to) {
                // Removed from the index by the user: it stays so where nothing changes.
                (Some(a), Some(b)) if a != b => _ = self.refusal.staged.insert(path.to_vec()),
                (None, Some((mode, oid))) => self.plan.writes.push((path.to_vec(), mode, oid)),
                _ => {}
            }
            return;
        };
        let here = Some((entry.mode, entry.oid));
        if here == to && !entry.intent_to_add || from == to {
            return;
        }
        if here != from || to.is_none() && from.is_none() {
            if to.is_some() || from.is_some() {
                self.refusal.staged.insert(path.to_vec());
            }
            return;
        }
        if !self.is_up_to_date(entry) {
            self.refusal.modified.insert(path.to_vec());
            return;
        }
        match to {
            Some((mode, oid)) => self.plan.writes.push((path.to_vec(), mode, oid)),
            None => self.plan.removes.push(path.to_vec()),
        }
    }

    /// A file that was removed by hand does not count as changed.
    fn is_up_to_date(&self, entry: &Entry) -> bool {
        match worktree::compare(self.files, self.repo, self.index, entry) {
            FileState::Unchanged => true,
            FileState::Deleted => lstat_no_links(self.files, self.repo, &entry.path) == Err(Errno::NoEntry),
            FileState::Changed { .. } => false,
        }
    }

    /// Nothing untracked may stand where a new file goes.
    fn check_absent(&mut self) {
        let removed: BTreeSet<Vec<u8>> = self.plan.removes.iter().cloned().into_tree();
        let writes: Vec<Vec<u8>> = self.plan.writes.iter().map(|(path, ..)| path.clone()).collect();
        for path in &writes {
            if self.index.get(path, 0).is_some() {
                continue;
            }
            match self.files.symlink_metadata(&self.repo.work_path(path)) {
                Ok(metadata) if metadata.is_dir() => {
                    if self.holds_untracked(path, &removed) {
                        self.refusal.directories.insert(path.clone());
                    }
                }
                Ok(_) => {
                    if !self.ignore.is_ignored(self.files, path, false) {
                        self.refusal.untracked.insert(path.clone());
                    }
                }
                Err(_) => {
                    let blocking = (0..path.len())
                        .filter(|at| path[*at] == b'/')
                        .map(|at| &path[..at])
                        .find(|prefix| {
                            self.files
                                .symlink_metadata(&self.repo.work_path(prefix))
                                .is_ok_and(|m| !m.is_dir())
                        });
                    if let Some(prefix) = blocking
                        && self.index.get(prefix, 0).is_none()
                        && !self.ignore.is_ignored(self.files, prefix, false)
                    {
                        self.refusal.untracked.insert(prefix.to_vec());
                    }
                }
            }
        }
    }

    /// Ignored files do not count: they may be replaced.
    fn holds_untracked(&mut self, directory: &[u8], removed: &BTreeSet<Vec<u8>>) -> bool {
        if self.ignore.is_ignored(self.files, directory, true) {
            return false;
        }
        let names = self.files.read_dir(&self.repo.work_path(directory)).unwrap_or_default();
        names.iter().any(|name| {
            let path = cat![directory, "/", name];
            let is_dir = self
                .files
                .symlink_metadata(&self.repo.work_path(&path))
                .is_ok_and(|m| m.is_dir());
            if is_dir {
                self.holds_untracked(&path, removed)
            } else {
                !removed.contains(&path) && !self.ignore.is_ignored(self.files, &path, false)
            }
        })
    }
}

impl Plan {
    /// Changes working tree and index.
    pub fn apply(&self, files: &mut Files, repo: &Repo, index: &mut Index) -> Result<()> {
        for path in &self.removes {
            remove(files, repo, path);
            index.remove(path);
        }
        for (path, mode, oid) in &self.writes {
            let full = repo.work_path(path);
            if files.symlink_metadata(&full).is_ok_and(|metadata| metadata.is_dir()) {
                // What it holds is ignored: the plan looked.
                files.remove_all(&full)?;
            }
            let entry = write(files, repo, path, *mode, *oid)?;
            index.insert(entry);
        }
        Ok(())
    }
}

/// Writes a blob to the working tree; its new entry.
pub fn write(files: &mut Files, repo: &Repo, path: &[u8], mode: u32, oid: Oid) -> Result<Entry> {
    let content = match mode {
        mode::GITLINK => std::sync::Arc::default(),
        _ => repo.store.blob(files, &oid)?,
    };
    let stat = worktree::write_file(files, repo, path, mode, &content)?;
    Ok(Entry {
        path: path.to_vec(),
        mode,
        oid,
        stat,
        ..Entry::default()
    })
}

/// Removes a file of the working tree, if it is there and a file.
pub fn remove(files: &mut Files, repo: &Repo, path: &[u8]) {
    if lstat_no_links(files, repo, path).is_ok_and(|metadata| !metadata.is_dir()) {
        // It was just seen; a directory that may not be changed keeps it, as in real Git, with no more than that.
        let _ = worktree::remove_file(files, repo, path);
    }
}

/// Makes index and working tree equal to a tree, whatever was there (`git reset --hard`, `git checkout -f`).
/// Untracked files stay, unless one stands in the way.
pub fn force(files: &mut Files, repo: &Repo, index: &mut Index, to: &Flat) -> Result<()> {
    let before: BTreeSet<Vec<u8>> = index.entries().iter().map(|entry| entry.path.clone()).into_tree();
    for path in before.iter().filter(|path| !to.contains_key(*path)) {
        remove(files, repo, path);
        index.remove(path);
    }
    for (path, (mode, oid)) in to {
        let keeps = index.get(path, 0).is_some_and(|entry| {
            (entry.mode, entry.oid) == (*mode, *oid)
                && worktree::compare(files, repo, index, entry) == FileState::Unchanged
        });
        if !keeps {
            let entry = write(files, repo, path, *mode, *oid)?;
            index.insert(entry);
        }
    }
    Ok(())
}

/// `git reset --merge`, which is also `git merge --abort`: local changes that are not in the index stay, unless they
/// stand where index and target differ; what is in conflict takes the target's version.
pub fn reset_merge(files: &mut Files, repo: &Repo, index: &mut Index, to: &Flat) -> Result<()> {
    let unmerged = index.unmerged_paths();
    let mut merged = index.clone();
    merged.remove_where(|entry| entry.stage != 0);
    let here: Flat = merged
        .entries()
        .iter()
        .map(|entry| (entry.path.clone(), (entry.mode, entry.oid)))
        .collect();
    let mut target = to.clone();
    target.retain(|path, _| !unmerged.contains(path));
    let plan = plan(files, repo, &merged, &here, &target).map_err(|refusal| refusal.short_fault())?;
    for path in &unmerged {
        index.remove(path);
        match to.get(path) {
            Some((mode, oid)) => {
                let entry = write(files, repo, path, *mode, *oid)?;
                index.insert(entry);
            }
            None => remove(files, repo, path),
        }
    }
    plan.apply(files, repo, index)
}

/// What differs between a tree and the working tree, as `git checkout` lists it: `M\tpath` lines.
pub fn local_changes(files: &Files, repo: &Repo, index: &Index, tree: &Flat) -> Vec<u8> {
    let mut paths: BTreeSet<&[u8]> = tree.keys().map(Vec::as_slice).into_tree();
    paths.extend(index.entries().iter().map(|entry| entry.path.as_slice()));
    let mut out = Vec::new();
    for path in paths {
        let old = tree.get(path).copied();
        let now = match index.get(path, 0) {
            Some(entry) => match worktree::compare(files, repo, index, entry) {
                FileState::Unchanged => Some((entry.mode, entry.oid)),
                FileState::Deleted => None,
                FileState::Changed { mode, oid } => Some((mode, oid)),
            },
            None => None,
        };
        let letter = match (old, now) {
            _ if index.get(path, 0).is_none() && index.contains(path) => "U",
            (None, Some(_)) => "A",
            (Some(_), None) => "D",
            (Some(a), Some(b)) if a.0 & 0o170_000 != b.0 & 0o170_000 => "T",
            (Some(a), Some(b)) if a != b => "M",
            _ => continue,
        };
        out.extend_from_slice(&cat![letter, "\t", quote_path(path, quote_high(&repo.config)), "\n"]);
    }
    out
}
