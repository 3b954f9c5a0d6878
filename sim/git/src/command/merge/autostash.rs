//! `--autostash`: local changes are put away before a merge and brought back after it.

use super::super::stash;
use crate::cat;
use crate::fault::Result;
use crate::oid::Oid;
use crate::process::Cx;
use crate::repo::Repo;

const FILE: &str = "MERGE_AUTOSTASH";

const SAFE: &str =
    "Your changes are safe in the stash.\nYou can run \"git stash pop\" or \"git stash drop\" at any time.\n";

/// Puts the changes of tracked files away, where there are any.
pub(super) fn create(cx: &mut Cx<'_, '_>, repo: &Repo) -> Result<()> {
    let Some(commit) = stash::make(cx, repo, b"autostash")? else {
        return Ok(());
    };
    cx.files_mut().write(&repo.git_path(FILE), format!("{commit}\n"))?;
    let short = repo.short(cx.files(), &commit);
    cx.print(format!("Created autostash: {short}\n"));
    stash::throw_away(cx, repo)
}

/// What was put away.
fn take(cx: &mut Cx<'_, '_>, repo: &Repo) -> Result<Option<Oid>> {
    let path = repo.git_path(FILE);
    let Ok(text) = cx.files().read(&path) else {
        return Ok(None);
    };
    cx.files_mut().remove_file(&path)?;
    Ok(Oid::from_hex(text.trim_ascii_end()))
}

/// Brings the changes back; where they do not fit, they become an entry of the stash.
pub(in crate::command) fn apply(cx: &mut Cx<'_, '_>, repo: &Repo) -> Result<()> {
    let Some(commit) = take(cx, repo)? else { return Ok(()) };
    if stash::bring_back(cx, repo, commit)? {
        cx.eprint("Applied autostash.\n");
        return Ok(());
    }
    stash::store(cx, repo, commit, b"autostash")?;
    cx.eprint(cat!["Applying autostash resulted in conflicts.\n", SAFE]);
    Ok(())
}

/// The merge is forgotten: the changes become an entry of the stash.
pub(in crate::command) fn save(cx: &mut Cx<'_, '_>, repo: &Repo) -> Result<()> {
    let Some(commit) = take(cx, repo)? else { return Ok(()) };
    stash::store(cx, repo, commit, b"autostash")?;
    cx.eprint(cat!["Autostash exists; creating a new stash entry.\n", SAFE]);
    Ok(())
}

/// A merge stops: its changes wait.
pub(super) fn say_waiting(cx: &mut Cx<'_, '_>, repo: &Repo) {
    if repo.has_git_file(cx.files(), FILE) {
        cx.print("When finished, apply stashed changes with `git stash pop`\n");
    }
}
