//! Deleting branches.

use crate::bytes::lossy;
use crate::cat;
use crate::cli::options::Parsed;
use crate::config;
use crate::fault::{Fault, Result};
use crate::oid::Oid;
use crate::process::{Cx, Next};
use crate::refs::Target;
use crate::repo::Repo;
use crate::revision::{upstream, with_resolver};
use crate::walk::History;
use essaim_kernel::Value;
use std::collections::BTreeMap;

pub(super) fn run(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<Next> {
    if parsed.args.is_empty() {
        return Err(Fault::fatal("branch name required"));
    }
    let force = parsed.has("D") || parsed.has("force");
    let remotes = parsed.has("remotes");
    let mut failed = false;
    for typed in &parsed.args {
        let name = if remotes {
            typed.clone()
        } else {
            named(cx, repo, typed)?
        };
        let deletion = Deletion {
            full: cat![if remotes { "refs/remotes/" } else { "refs/heads/" }, name],
            name,
            remote: remotes,
        };
        match deletion.allowed(cx, repo, force)? {
            Some(was) => deletion.carry_out(cx, repo, &was, parsed.has("quiet"))?,
            None => failed = true,
        }
    }
    Ok(Next::Exit(u8::from(failed)))
}

/// `@{-1}` and the like as the branch they mean.
fn named(cx: &mut Cx<'_, '_>, repo: &Repo, typed: &[u8]) -> Result<Vec<u8>> {
    let meant = with_resolver(cx, repo, |resolver| resolver.interpret(typed))?;
    let name = meant.unwrap_or_else(|| typed.to_vec());
    let short = name.strip_prefix(b"refs/heads/").filter(|_| typed.starts_with(b"@{"));
    Ok(short.unwrap_or(&name).to_vec())
}

/// A branch to delete.
struct Deletion {
    full: Vec<u8>,
    name: Vec<u8>,
    remote: bool,
}

impl Deletion {
    const fn kind(&self) -> &'static str {
        if self.remote {
            "remote-tracking branch"
        } else {
            "branch"
        }
    }

    /// What it points to, as it is reported; `None`: it must stay, and why was said.
    fn allowed(&self, cx: &mut Cx<'_, '_>, repo: &Repo, force: bool) -> Result<Option<Vec<u8>>> {
        let Self { full, name, remote } = self;
        if !remote && repo.refs.head_branch(cx.files()).as_ref() == Some(full) && repo.work_tree.is_some() {
            let top = repo.work_tree.clone().unwrap_or_default();
            cx.eprint(cat![
                "error: cannot delete branch '",
                name,
                "' used by worktree at '",
                top,
                "'\n"
            ]);
            return Ok(None);
        }
        if let Some(Target::Symbolic(target)) = repo.refs.read(cx.files(), full) {
            return Ok(Some(target));
        }
        let Some(oid) = repo.refs.oid(cx.files(), full) else {
            let was_remote = !remote && repo.refs.exists(cx.files(), &cat!["refs/remotes/", name]);
            let hint = if was_remote {
                ".\nDid you forget --remote?\n"
            } else {
                "\n"
            };
            cx.eprint(cat!["error: ", self.kind(), " '", name, "' not found", hint]);
            return Ok(None);
        };
        if !force && !remote && !is_merged(cx, repo, name, &oid)? {
            cx.eprint(cat!["error: the branch '", name, "' is not fully merged\n"]);
            if repo.config.advice("forceDeleteBranch") {
                cx.eprint(cat![
                    "hint: If you are sure you want to delete it, run 'git branch -D ",
                    name,
                    "'\n",
                    "hint: Disable this message with \"git config advice.forceDeleteBranch false\"\n"
                ]);
            }
            return Ok(None);
        }
        Ok(Some(repo.short(cx.files(), &oid).into_bytes()))
    }

    fn carry_out(&self, cx: &mut Cx<'_, '_>, repo: &Repo, was: &[u8], quiet: bool) -> Result<()> {
        let name = &self.name;
        repo.refs.delete(cx.files_mut(), &self.full)?;
        if !quiet {
            cx.print(cat!["Deleted ", self.kind(), " ", name, " (was ", was, ").\n"]);
        }
        if !self.remote {
            let path = repo.git_path("config");
            let text = cx.files().read(&path).unwrap_or_default();
            if let Some(text) = config::rename_section(&text, &cat!["branch.", name], None) {
                cx.files_mut().write(&path, text)?;
            }
            let mut fields = BTreeMap::new();
            fields.insert("name", Value::from(lossy(name)));
            cx.io.record("git.branch_deleted", fields);
        }
        Ok(())
    }
}

/// Whether a branch's commits are in what it follows, or else in HEAD. Warns where the two disagree.
fn is_merged(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8], oid: &Oid) -> Result<bool> {
    let head = repo.refs.head(cx.files());
    let followed = upstream(repo, name).and_then(|full| Some((full.clone(), repo.refs.oid(cx.files(), &full)?)));
    let mut history = History::new(&repo.store, cx.files());
    let in_head = match head {
        Some(head) => history.is_ancestor(oid, &head)?,
        None => false,
    };
    let Some((full, target)) = followed else {
        return Ok(in_head);
    };
    let merged = history.is_ancestor(oid, &target)?;
    if merged != in_head {
        let text = if merged {
            cat![
                "warning: deleting branch '",
                name,
                "' that has been merged to\n         '",
                full,
                "', but not yet merged to HEAD\n"
            ]
        } else {
            cat![
                "warning: not deleting branch '",
                name,
                "' that is not yet merged to\n         '",
                full,
                "', even though it is merged to HEAD\n"
            ]
        };
        cx.eprint(text);
    }
    Ok(merged)
}
