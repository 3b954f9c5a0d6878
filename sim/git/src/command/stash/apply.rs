//! Bringing changes back.

use super::{Entry, run_command};
use crate::cat;
use crate::checkout::{self, Doing};
use crate::fault::{Fault, Result};
use crate::index;
use crate::merge;
use crate::oid::Oid;
use crate::process::Cx;
use crate::repo::Repo;
use crate::tree::{self, Flat};
use crate::worktree;

/// Applies an entry; the exit code.
pub(super) fn run(cx: &mut Cx<'_, '_>, repo: &Repo, entry: &Entry, with_index: bool, quiet: bool) -> Result<u8> {
    let mut index = repo.index(cx.files())?;
    worktree::refresh(cx.files(), repo, &mut index);
    let unmerged = index.unmerged_paths();
    if !unmerged.is_empty() {
        for path in unmerged {
            cx.print(cat![path, ": needs merge\n"]);
        }
        return Err(Fault::error("could not write index"));
    }
    let tree = |cx: &Cx<'_, '_>, commit: &Oid| repo.store.commit(cx.files(), commit).map(|commit| commit.tree);
    let current = index.write_tree(cx.files_mut(), &repo.store)?;
    let (base, work, staged) = (
        tree(cx, &entry.base)?,
        tree(cx, &entry.commit)?,
        tree(cx, &entry.index)?,
    );
    let mut restored = None;
    if with_index && base != staged && current != staged {
        restored = Some(with_staged(cx, repo, &current, &base, &staged)?);
        run_command(cx, "reset", &[b"-q".to_vec()])?;
    }
    let mut code = merge_back(cx, repo, [&base, &current, &work], quiet)?;
    if code == 0 {
        settle_index(cx, repo, &current, restored.as_ref())?;
    } else if with_index {
        cx.eprint("Index was not unstashed.\n");
    }
    if let Some(untracked) = entry.untracked
        && !restore_untracked(cx, repo, &untracked)?
    {
        cx.eprint("error: could not restore untracked files from stash\n");
        code = 1;
    }
    if !quiet {
        run_command(cx, "status", &[])?;
    }
    Ok(code)
}

/// The files of the current index with what was staged in the entry.
fn with_staged(cx: &mut Cx<'_, '_>, repo: &Repo, current: &Oid, base: &Oid, staged: &Oid) -> Result<Flat> {
    let flats = [base, current, staged].map(|tree| tree::flatten(cx.files(), &repo.store, Some(tree)));
    let [base, ours, theirs] = flats;
    let options = merge::Options {
        renames: None,
        ..merge::Options::new(repo, b"ours", b"theirs")
    };
    let merged = merge::trees(cx.files_mut(), repo, [&base?, &ours?, &theirs?], &options)?;
    if !merged.is_clean() {
        return Err(Fault::error("conflicts in index. Try without --index."));
    }
    Ok(merged.files)
}

fn merge_back(cx: &mut Cx<'_, '_>, repo: &Repo, trees: [&Oid; 3], quiet: bool) -> Result<u8> {
    let [base, current, work] = trees;
    if base == work {
        cx.print("Already up to date.\n");
        return Ok(0);
    }
    let ours: &[u8] = if base == current {
        b"Version stash was based on"
    } else {
        b"Updated upstream"
    };
    let mut options = merge::Options::new(repo, ours, b"Stashed changes");
    options.base_label = Some(b"Stash base".to_vec());
    let flats = trees.map(|tree| tree::flatten(cx.files(), &repo.store, Some(tree)));
    let [base, ours, theirs] = flats;
    let ours = ours?;
    let merged = merge::trees(cx.files_mut(), repo, [&base?, &ours, &theirs?], &options)?;
    let mut index = repo.index(cx.files())?;
    if let Err(refusal) = merge::apply::apply(cx.files_mut(), repo, &mut index, &ours, &merged)? {
        let (text, _) = refusal.fault(Doing::Merge, repo, 1).render();
        cx.eprint(text);
        return Ok(1);
    }
    repo.save_index(cx.files_mut(), &mut index)?;
    if !quiet {
        cx.print(&merged.messages);
    }
    Ok(u8::from(!merged.is_clean()))
}

/// The index goes back to what it was; only new files stay in it.
fn settle_index(cx: &mut Cx<'_, '_>, repo: &Repo, current: &Oid, restored: Option<&Flat>) -> Result<()> {
    let before = tree::flatten(cx.files(), &repo.store, Some(current))?;
    let mut index = repo.index(cx.files())?;
    let mut entries: Vec<index::Entry> = Vec::new();
    let wanted = restored.unwrap_or(&before);
    for (path, (mode, oid)) in wanted {
        let same = index
            .get(path, 0)
            .filter(|entry| (entry.mode, entry.oid) == (*mode, *oid));
        entries.push(same.cloned().unwrap_or_else(|| index::Entry {
            path: path.clone(),
            mode: *mode,
            oid: *oid,
            ..index::Entry::default()
        }));
    }
    if restored.is_none() {
        entries.extend(
            index
                .entries()
                .iter()
                .filter(|entry| !before.contains_key(&entry.path))
                .cloned(),
        );
    }
    index.replace(entries);
    worktree::refresh(cx.files(), repo, &mut index);
    repo.save_index(cx.files_mut(), &mut index)
}

/// Writes untracked files back; `false`: one is there already.
fn restore_untracked(cx: &mut Cx<'_, '_>, repo: &Repo, commit: &Oid) -> Result<bool> {
    let files = tree::of_commit(cx.files(), &repo.store, Some(commit))?;
    let mut good = true;
    for (path, (mode, oid)) in &files {
        if cx.files().symlink_metadata(&repo.work_path(path)).is_ok() {
            cx.eprint(cat![path, " already exists, no checkout\n"]);
            good = false;
            continue;
        }
        checkout::write(cx.files_mut(), repo, path, *mode, *oid)?;
    }
    Ok(good)
}
