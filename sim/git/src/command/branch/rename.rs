//! Renaming and copying branches.

use super::{branch_name, current};
use crate::cat;
use crate::cli::options::Parsed;
use crate::config;
use crate::fault::{Fault, Result};
use crate::oid::Oid;
use crate::process::{Cx, Next};
use crate::refs::{LogEntry, Update};
use crate::repo::Repo;
use crate::revision::with_resolver;

pub(super) fn run(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<Next> {
    let copy = parsed.has("copy") || parsed.has("C");
    let force = parsed.has("M") || parsed.has("C") || parsed.has("force");
    let (old, new) = names(cx, repo, parsed, copy)?;
    let head = repo.refs.head_branch(cx.files());
    let (old_full, new_full) = (cat!["refs/heads/", old], cat!["refs/heads/", new]);
    if old != new && repo.refs.exists(cx.files(), &new_full) {
        if !force {
            return Err(Fault::fatal(cat!["a branch named '", new, "' already exists"]));
        }
        if head.as_deref() == Some(&new_full) {
            let top = repo.work_tree.clone().unwrap_or_default();
            return Err(Fault::fatal(cat![
                "cannot force update the branch '",
                new,
                "' used by worktree at '",
                top,
                "'"
            ]));
        }
    }
    if old == new && copy {
        return Ok(Next::Exit(0));
    }
    match repo.refs.oid(cx.files(), &old_full) {
        Some(oid) => move_reference(cx, repo, [&old_full, &new_full], oid, copy)?,
        None => repo.refs.set_symbolic(cx.files_mut(), b"HEAD", &new_full, None)?,
    }
    let path = repo.git_path("config");
    let text = cx.files().read(&path).unwrap_or_default();
    let (from, to) = (cat!["branch.", old], cat!["branch.", new]);
    let changed = match copy {
        true => config::copy_section(&text, &from, &to),
        false => config::rename_section(&text, &from, Some(&to)),
    };
    if let Some(text) = changed {
        cx.files_mut().write(&path, text)?;
    }
    Ok(Next::Exit(0))
}

/// The old name and the new one, the old one without `refs/heads/` there.
fn names(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed, copy: bool) -> Result<(Vec<u8>, Vec<u8>)> {
    let verb = if copy { "copy" } else { "rename" };
    let head = current(cx, repo);
    let (old, new) = match (parsed.args.as_slice(), &head) {
        ([], _) => return Err(Fault::fatal("branch name required")),
        ([new], Some(head)) => (head.clone(), new.clone()),
        ([_], None) => {
            return Err(Fault::fatal(format!(
                "cannot {verb} the current branch while not on any"
            )));
        }
        ([old, new], _) => (old.clone(), new.clone()),
        _ => return Err(Fault::fatal(format!("too many arguments for a {verb} operation"))),
    };
    let old = with_resolver(cx, repo, |resolver| resolver.interpret(&old))?.unwrap_or(old);
    if !repo.refs.exists(cx.files(), &cat!["refs/heads/", old]) {
        // Before its first commit the current branch can be renamed, not copied.
        match head.as_ref() == Some(&old) {
            true if copy => return Err(Fault::fatal(cat!["no commit on branch '", old, "' yet"])),
            true => {}
            false => return Err(Fault::fatal(cat!["no branch named '", old, "'"])),
        }
    }
    let new = branch_name(cx, repo, &new)?;
    Ok((old, new))
}

/// The reference with its log; HEAD goes with it.
fn move_reference(cx: &mut Cx<'_, '_>, repo: &Repo, [old, new]: [&[u8]; 2], oid: Oid, copy: bool) -> Result<()> {
    let message = match copy {
        true => cat!["Branch: copied ", old, " to ", new],
        false => cat!["Branch: renamed ", old, " to ", new],
    };
    let who = cx.log_identity(repo)?;
    let is_head = repo.refs.head_branch(cx.files()).as_deref() == Some(old) && !copy;
    if old == new {
        // Nothing but the logs tells of it.
        let entry = |new: Oid| LogEntry {
            old: oid,
            new,
            who: who.clone(),
            message: message.clone(),
        };
        let logged: &[(&[u8], Oid)] = match is_head {
            true => &[(old, oid), (b"HEAD", Oid::NULL), (b"HEAD", oid)],
            false => &[(old, oid)],
        };
        for (name, new) in logged {
            repo.refs.append_log(cx.files_mut(), name, &entry(*new), false)?;
        }
        return Ok(());
    }
    let log = repo.refs.log(cx.files(), old);
    let had_log = repo.refs.has_log(cx.files(), old);
    repo.refs.delete(cx.files_mut(), new)?;
    if !copy {
        repo.refs.delete(cx.files_mut(), old)?;
    }
    if had_log {
        let path = repo.refs.log_path(new);
        let parent = essaim_kernel::files::path::parent(&path).to_vec();
        cx.files_mut().create_dir_all(&parent)?;
        repo.refs.write_log(cx.files_mut(), new, &log)?;
    }
    let update = Update {
        name: new,
        new: oid,
        old: None,
        message: &message,
        who: &who,
        no_deref: true,
        create_log: false,
    };
    repo.refs.update(cx.files_mut(), &update)?;
    fix_rename_log(cx, repo, new, oid)?;
    if is_head {
        rename_head(cx, repo, new, oid, &message)?;
    }
    Ok(())
}

/// A rename's entry says that nothing changed: from the commit to itself.
fn fix_rename_log(cx: &mut Cx<'_, '_>, repo: &Repo, full: &[u8], oid: Oid) -> Result<()> {
    let mut log = repo.refs.log(cx.files(), full);
    if let Some(last) = log.last_mut() {
        last.old = oid;
        repo.refs.write_log(cx.files_mut(), full, &log)?;
    }
    Ok(())
}

/// HEAD follows its branch; its log shows it leaving and coming back.
fn rename_head(cx: &mut Cx<'_, '_>, repo: &Repo, full: &[u8], oid: Oid, message: &[u8]) -> Result<()> {
    let who = cx.log_identity(repo)?;
    let entry = |old: Oid, new: Oid| crate::refs::LogEntry {
        old,
        new,
        who: who.clone(),
        message: message.to_vec(),
    };
    repo.refs
        .append_log(cx.files_mut(), b"HEAD", &entry(oid, Oid::NULL), false)?;
    repo.refs
        .append_log(cx.files_mut(), b"HEAD", &entry(Oid::NULL, oid), false)?;
    repo.refs.set_symbolic(cx.files_mut(), b"HEAD", full, None)
}
