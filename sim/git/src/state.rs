//! What is under way: a merge, a cherry-pick, a rebase …; and where a detached `HEAD` stands.

use crate::bytes::{find, lossy};
use crate::cat;
use crate::fault::Result;
use crate::oid::Oid;
use crate::repo::Repo;
use crate::status::Status;
use essaim_kernel::Files;

/// Where the next commit comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whence {
    /// An ordinary commit.
    Commit,
    /// A merge.
    Merge,
    /// A cherry-pick.
    CherryPick,
    /// A rebase that stopped.
    Rebase,
}

/// What is under way in a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operation {
    /// `MERGE_HEAD`.
    pub merge: bool,
    /// `CHERRY_PICK_HEAD`.
    pub cherry_pick: Option<Oid>,
    /// `REVERT_HEAD`.
    pub revert: Option<Oid>,
    /// `rebase-merge` or `rebase-apply`.
    pub rebase: bool,
    /// The branch a bisection began from.
    pub bisect: Option<Vec<u8>>,
}

impl Operation {
    /// Looks into the `.git` folder.
    pub fn read(files: &Files, repo: &Repo) -> Self {
        let oid = |name: &str| {
            let content = files.read(&repo.git_path(name)).ok()?;
            Oid::from_hex(content.get(..40)?)
        };
        let trimmed = |name: &str| {
            files
                .read(&repo.git_path(name))
                .ok()
                .map(|text| text.trim_ascii_end().to_vec())
        };
        Self {
            merge: repo.has_git_file(files, "MERGE_HEAD"),
            cherry_pick: oid("CHERRY_PICK_HEAD"),
            revert: oid("REVERT_HEAD"),
            rebase: files.is_dir(&repo.git_path("rebase-merge")) || files.is_dir(&repo.git_path("rebase-apply")),
            bisect: trimmed("BISECT_START"),
        }
    }

    /// Where the next commit comes from.
    pub fn whence(&self) -> Whence {
        match self {
            Self { merge: true, .. } => Whence::Merge,
            Self {
                cherry_pick: Some(_),
                rebase: true,
                ..
            } => Whence::Rebase,
            Self {
                cherry_pick: Some(_), ..
            } => Whence::CherryPick,
            _ => Whence::Commit,
        }
    }

    /// Adds what `git status` says of it.
    pub fn describe(&self, files: &Files, repo: &Repo, status: &Status, hints: bool, out: &mut Vec<u8>) -> Result<()> {
        let conflicts = !status.unmerged.is_empty();
        let mut say = |text: &[u8], hint_lines: &[&str]| {
            out.extend_from_slice(&cat![text, "\n"]);
            if hints {
                for hint in hint_lines {
                    out.extend_from_slice(&cat!["  (", hint, ")\n"]);
                }
            }
            out.push(b'\n');
        };
        if self.merge {
            if conflicts {
                let hints = [
                    "fix conflicts and run \"git commit\"",
                    "use \"git merge --abort\" to abort the merge",
                ];
                say(b"You have unmerged paths.", &hints);
            } else {
                say(
                    b"All conflicts fixed but you are still merging.",
                    &["use \"git commit\" to conclude merge"],
                );
            }
        } else if self.rebase {
            say(b"You are currently rebasing.", &[]);
        } else if let Some(oid) = self.cherry_pick {
            let head = cat!["You are currently cherry-picking commit ", repo.short(files, &oid), "."];
            let first = match conflicts {
                true => "fix conflicts and run \"git cherry-pick --continue\"",
                false => "all conflicts fixed: run \"git cherry-pick --continue\"",
            };
            let skip = "use \"git cherry-pick --skip\" to skip this patch";
            say(
                &head,
                &[
                    first,
                    skip,
                    "use \"git cherry-pick --abort\" to cancel the cherry-pick operation",
                ],
            );
        } else if let Some(oid) = self.revert {
            let head = cat!["You are currently reverting commit ", repo.short(files, &oid), "."];
            let first = match conflicts {
                true => "fix conflicts and run \"git revert --continue\"",
                false => "all conflicts fixed: run \"git revert --continue\"",
            };
            let skip = "use \"git revert --skip\" to skip this patch";
            say(
                &head,
                &[first, skip, "use \"git revert --abort\" to cancel the revert operation"],
            );
        }
        if let Some(branch) = &self.bisect {
            let head = cat!["You are currently bisecting, started from branch '", branch, "'."];
            say(&head, &["use \"git bisect reset\" to get back to the original branch"]);
        }
        Ok(())
    }
}

/// (`HEAD detached at `, name) as `git status` and `git branch` say it.
pub fn detached(files: &Files, repo: &Repo) -> (&'static str, Vec<u8>) {
    match detached_from(files, repo) {
        Some((name, true)) => ("HEAD detached at ", name),
        Some((name, false)) => ("HEAD detached from ", name),
        None => ("Not currently on any branch.", Vec::new()),
    }
}

/// The name that was checked out last, and whether `HEAD` is still there.
pub fn detached_from(files: &Files, repo: &Repo) -> Option<(Vec<u8>, bool)> {
    let log = repo.refs.log(files, b"HEAD");
    let moved = log
        .iter()
        .rev()
        .find(|entry| entry.message.starts_with(b"checkout: moving from "))?;
    let at = find(&moved.message, b" to ")?;
    let target = &moved.message[at + 4..];
    let mut name = repo.short(files, &moved.new).into_bytes();
    let clock = crate::date::Clock {
        seconds: 0,
        zone: crate::date::Zone::default(),
    };
    let mut resolver = crate::revision::Resolver::new(repo, files, clock);
    if Oid::from_hex(target).is_none()
        && let Ok(Some((full, oid))) = resolver.dwim(target)
        && resolver.peel(oid, Some(crate::object::Kind::Commit)) == Some(moved.new)
        && !resolver.notes.ends_with(b"is ambiguous.\n")
    {
        name = full
            .strip_prefix(b"refs/tags/")
            .or(full.strip_prefix(b"refs/remotes/"))
            .unwrap_or(&full)
            .to_vec();
    }
    Some((name, repo.refs.head(files) == Some(moved.new)))
}

/// The branch's short name, or `None` when detached.
pub fn branch_name(files: &Files, repo: &Repo) -> Option<String> {
    let full = repo.refs.head_branch(files)?;
    Some(lossy(full.strip_prefix(b"refs/heads/").unwrap_or(&full)))
}
