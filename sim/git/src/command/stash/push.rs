//! Putting changes away.

use super::super::patch;
use super::{changed_paths, run_command, store};
use crate::cat;
use crate::fault::{Fault, Result};
use crate::ident::Role;
use crate::index::Index;
use crate::object::{Commit, Kind, Signature};
use crate::oid::Oid;
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next, Then};
use crate::repo::Repo;
use crate::worktree::{self, UntrackedMode};
use crate::{checkout, status, tree};
use essaim_kernel::SmallSort;

/// What `git stash push` was told.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) message: Option<Vec<u8>>,
    pub(super) keep_index: bool,
    pub(super) staged: bool,
    pub(super) quiet: bool,
    pub(super) untracked: bool,
    pub(super) ignored: bool,
    /// `-p`.
    pub(super) patch: bool,
    /// The tree with what was chosen hunk by hunk.
    pub(super) chosen: Option<Oid>,
    pub(super) paths: Vec<Vec<u8>>,
}

/// The three commits of an entry.
struct Made {
    commit: Oid,
    message: Vec<u8>,
    index_tree: Oid,
    untracked: Vec<Vec<u8>>,
}

pub(super) fn run(cx: &mut Cx<'_, '_>, repo: &Repo, wanted: Wanted) -> Result<Next> {
    if wanted.patch && wanted.untracked {
        let text = b"Can't use --patch and --include-untracked or --all at the same time\n";
        return Err(Fault::Plain(text.to_vec(), 1));
    }
    if wanted.staged && wanted.untracked {
        let text = b"Can't use --staged and --include-untracked or --all at the same time\n";
        return Err(Fault::Plain(text.to_vec(), 1));
    }
    let paths = Pathspec::parse(repo, &wanted.paths)?;
    let index = refreshed(cx, repo)?;
    if !wanted.untracked && !paths.is_empty() {
        let known = index.entries().iter().map(|entry| entry.path.as_slice());
        if let Some(item) = paths.first_unmatched(known) {
            let message = cat![
                "error: pathspec ':(prefix:",
                repo.prefix.len().to_string(),
                ")",
                item.original,
                "' did not match any file(s) known to git\nDid you forget to 'git add'?\n"
            ];
            return Err(Fault::Plain(message, 1));
        }
    }
    let Some(head) = repo.refs.head(cx.files()) else {
        return Err(Fault::Plain(b"You do not have the initial commit yet\n".to_vec(), 1));
    };
    if !has_changes(cx, repo, &wanted, &paths, head)? {
        if !wanted.quiet {
            cx.print("No local changes to save\n");
        }
        return Ok(Next::Exit(0));
    }
    if wanted.patch {
        return choose(cx, repo, wanted, &paths, head);
    }
    put_away(cx, repo, &wanted, &paths, head)
}

/// `-p`: hunks are chosen in an index of their own that begins as HEAD is.
fn choose(cx: &mut Cx<'_, '_>, repo: &Repo, wanted: Wanted, paths: &Pathspec, head: Oid) -> Result<Next> {
    let aside = Repo {
        index_path: repo.git_path("index.stash.1"),
        ..repo.clone()
    };
    let base = tree::of_commit(cx.files(), &repo.store, Some(&head))?;
    let mut index = Index::of_tree(&base);
    aside.save_index(cx.files_mut(), &mut index)?;
    let state = (repo.clone(), aside.clone(), wanted, paths.clone(), head);
    let then = Then::new(state, |(repo, aside, mut wanted, paths, head), cx, _| {
        let index = aside.index(cx.files())?;
        cx.files_mut().remove_file(&aside.index_path)?;
        let tree = index.write_tree(cx.files_mut(), &repo.store)?;
        if tree == repo.store.commit(cx.files(), &head)?.tree {
            return Err(Fault::Plain(b"No changes selected\n".to_vec(), 1));
        }
        wanted.chosen = Some(tree);
        put_away(cx, &repo, &wanted, &paths, head)
    });
    patch::start(cx, &aside, patch::Direction::Stash, &base, paths, then)
}

fn put_away(cx: &mut Cx<'_, '_>, repo: &Repo, wanted: &Wanted, paths: &Pathspec, head: Oid) -> Result<Next> {
    let index = repo.index(cx.files())?;
    if let Some(entry) = index.entries().iter().find(|entry| entry.intent_to_add) {
        let text = cat!["error: Entry '", entry.path, "' not uptodate. Cannot merge.\n"];
        return Err(Fault::Plain(cat![text, "Cannot save the current worktree state\n"], 1));
    }
    let made = create(cx, repo, wanted, paths, head)?;
    store(cx, repo, made.commit, &made.message)?;
    if !wanted.quiet {
        cx.print(cat!["Saved working directory and index state ", made.message, "\n"]);
    }
    clean(cx, repo, wanted, paths, head, &made)?;
    Ok(Next::Exit(0))
}

pub(super) fn create_only(cx: &mut Cx<'_, '_>, repo: &Repo, message: &[u8]) -> Result<Next> {
    if let Some(commit) = create_commit(cx, repo, message)? {
        cx.print(format!("{commit}\n"));
    }
    Ok(Next::Exit(0))
}

/// The commit alone; `None`: there is nothing to put away.
pub(super) fn create_commit(cx: &mut Cx<'_, '_>, repo: &Repo, message: &[u8]) -> Result<Option<Oid>> {
    refreshed(cx, repo)?;
    let Some(head) = repo.refs.head(cx.files()) else {
        return Err(Fault::Plain(b"You do not have the initial commit yet\n".to_vec(), 1));
    };
    let wanted = Wanted {
        message: Some(message.to_vec()).filter(|text| !text.is_empty()),
        ..Wanted::default()
    };
    let all = Pathspec::default();
    match has_changes(cx, repo, &wanted, &all, head)? {
        true => Ok(Some(create(cx, repo, &wanted, &all, head)?.commit)),
        false => Ok(None),
    }
}

/// The index, its memory of files renewed. One in conflict is Git's error.
fn refreshed(cx: &mut Cx<'_, '_>, repo: &Repo) -> Result<Index> {
    let mut index = repo.index(cx.files())?;
    let unmerged = index.unmerged_paths();
    if !unmerged.is_empty() {
        for path in unmerged {
            cx.print(cat![path, ": needs merge\n"]);
        }
        return Err(Fault::error("could not write index"));
    }
    if worktree::refresh(cx.files(), repo, &mut index) {
        repo.save_index(cx.files_mut(), &mut index)?;
    }
    Ok(index)
}

fn commit(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    tree: Oid,
    parents: &[Oid],
    message: Vec<u8>,
    who: &[Signature; 2],
) -> Result<Oid> {
    let commit = Commit {
        tree,
        parents: parents.to_vec(),
        author: who[0].clone(),
        committer: who[1].clone(),
        message,
        ..Commit::default()
    };
    repo.store.write(cx.files_mut(), Kind::Commit, &commit.write())
}

/// Whether there is anything to put away.
fn has_changes(cx: &Cx<'_, '_>, repo: &Repo, wanted: &Wanted, paths: &Pathspec, head: Oid) -> Result<bool> {
    let index = repo.index(cx.files())?;
    let base = tree::of_commit(cx.files(), &repo.store, Some(&head))?;
    Ok(!status::staged(&index, &base, paths).is_empty()
        || !wanted.staged && !status::unstaged(cx.files(), repo, &index, paths).is_empty()
        || wanted.untracked && !others(cx, repo, &index, wanted.ignored, paths).is_empty())
}

/// Writes the commits.
fn create(cx: &mut Cx<'_, '_>, repo: &Repo, wanted: &Wanted, paths: &Pathspec, head: Oid) -> Result<Made> {
    let index = repo.index(cx.files())?;
    let untracked = if wanted.untracked {
        others(cx, repo, &index, wanted.ignored, paths)
    } else {
        Vec::new()
    };
    let who = [identity(cx, repo, Role::Author), identity(cx, repo, Role::Committer)];
    let subject = repo.store.commit(cx.files(), &head)?.subject();
    let branch = crate::state::branch_name(cx.files(), repo).unwrap_or_else(|| "(no branch)".to_owned());
    let place = cat![branch, ": ", repo.short(cx.files(), &head), " ", subject];
    let index_tree = index.write_tree(cx.files_mut(), &repo.store)?;
    let index_commit = commit(cx, repo, index_tree, &[head], cat!["index on ", place, "\n"], &who)?;
    let mut parents = vec![head, index_commit];
    // Asked for, the third commit is made even of no file at all.
    if wanted.untracked {
        let mut alone = Index::default();
        for path in &untracked {
            alone.insert(worktree::entry_of(cx.files_mut(), repo, path)?);
        }
        let tree = alone.write_tree(cx.files_mut(), &repo.store)?;
        parents.push(commit(
            cx,
            repo,
            tree,
            &[],
            cat!["untracked files on ", place, "\n"],
            &who,
        )?);
    }
    let work_tree = match wanted.chosen {
        Some(tree) => tree,
        None if wanted.staged => index_tree,
        None => work_tree(cx, repo, &index, &head, paths)?,
    };
    let message = match &wanted.message {
        Some(text) => cat!["On ", branch, ": ", text],
        None => cat!["WIP on ", place],
    };
    let made = commit(cx, repo, work_tree, &parents, message.clone(), &who)?;
    Ok(Made {
        commit: made,
        message,
        index_tree,
        untracked,
    })
}

/// Stashing works without a configured identity.
fn identity(cx: &Cx<'_, '_>, repo: &Repo, role: Role) -> Signature {
    crate::ident::resolve(role, &repo.config, cx.env(), &cx.clock(), true).unwrap_or_else(|_| {
        let clock = cx.clock();
        Signature {
            name: b"git".to_vec(),
            email: b"git@stash".to_vec(),
            seconds: clock.seconds,
            zone: clock.zone_at(clock.seconds),
        }
    })
}

fn others(cx: &Cx<'_, '_>, repo: &Repo, index: &Index, ignored: bool, paths: &Pathspec) -> Vec<Vec<u8>> {
    let found = worktree::scan(cx.files(), repo, index, UntrackedMode::All, ignored);
    let mut all = found.untracked;
    if ignored {
        all.extend(found.ignored);
    }
    all.retain(|path| !path.ends_with(b"/") && paths.matches(path));
    all.small_sort();
    all
}

/// The tree of the index with every changed file as the working tree has it.
fn work_tree(cx: &mut Cx<'_, '_>, repo: &Repo, index: &Index, head: &Oid, paths: &Pathspec) -> Result<Oid> {
    let mut changed = index.clone();
    for path in changed_paths(cx, repo, head, paths)? {
        let there = worktree::lstat_no_links(cx.files(), repo, &path).is_ok_and(|metadata| !metadata.is_dir());
        if there {
            let entry = worktree::entry_of(cx.files_mut(), repo, &path)?;
            changed.insert(entry);
        } else {
            changed.remove(&path);
        }
    }
    changed.write_tree(cx.files_mut(), &repo.store)
}

/// Takes away from index and working tree what was put away.
fn clean(cx: &mut Cx<'_, '_>, repo: &Repo, wanted: &Wanted, paths: &Pathspec, head: Oid, made: &Made) -> Result<()> {
    for path in &made.untracked {
        worktree::remove_file(cx.files_mut(), repo, path)?;
    }
    if let Some(chosen) = wanted.chosen.or(wanted.staged.then_some(made.index_tree)) {
        return take_back_chosen(cx, repo, wanted, head, &chosen);
    }
    if paths.is_empty() {
        run_command(cx, "reset", &[b"--hard".to_vec(), b"-q".to_vec()])?;
    } else {
        put_back(cx, repo, paths, &head)?;
    }
    if wanted.keep_index {
        let kept = tree::flatten(cx.files(), &repo.store, Some(&made.index_tree))?;
        let mut index = repo.index(cx.files())?;
        let gone: Vec<Vec<u8>> = index
            .entries()
            .iter()
            .map(|entry| entry.path.clone())
            .filter(|path| paths.matches(path) && !kept.contains_key(path))
            .collect();
        for path in gone {
            checkout::remove(cx.files_mut(), repo, &path);
            index.remove(&path);
        }
        for (path, (mode, oid)) in kept.iter().filter(|(path, _)| paths.matches(path)) {
            if index
                .get(path, 0)
                .is_none_or(|entry| (entry.mode, entry.oid) != (*mode, *oid))
            {
                let entry = checkout::write(cx.files_mut(), repo, path, *mode, *oid)?;
                index.insert(entry);
            }
        }
        repo.save_index(cx.files_mut(), &mut index)?;
    }
    Ok(())
}

/// `-p`, `--staged`: what was chosen goes from the working tree; the index stays unless told otherwise.
fn take_back_chosen(cx: &mut Cx<'_, '_>, repo: &Repo, wanted: &Wanted, head: Oid, chosen: &Oid) -> Result<()> {
    let before = repo.store.commit(cx.files(), &head)?.tree;
    let none = Pathspec::default();
    let changes = crate::diff::lists::trees(cx.files(), &repo.store, Some(&before), Some(chosen), &none)?;
    if !patch::undo_in_work(cx, repo, changes)? {
        return Err(Fault::Plain(b"Cannot remove worktree changes\n".to_vec(), 1));
    }
    if !wanted.keep_index {
        let mut words = vec![b"-q".to_vec(), b"--refresh".to_vec(), b"--".to_vec()];
        words.extend_from_slice(&wanted.paths);
        run_command(cx, "reset", &words)?;
    }
    Ok(())
}

/// Index and working tree take HEAD's version of some paths.
fn put_back(cx: &mut Cx<'_, '_>, repo: &Repo, paths: &Pathspec, head: &Oid) -> Result<()> {
    let base = tree::of_commit(cx.files(), &repo.store, Some(head))?;
    let mut index = repo.index(cx.files())?;
    let mut touched: Vec<Vec<u8>> = changed_paths(cx, repo, head, paths)?;
    touched.extend(
        status::staged(&index, &base, paths)
            .into_iter()
            .map(|change| change.path),
    );
    touched.small_sort();
    touched.dedup();
    for path in touched {
        match base.get(&path) {
            Some((mode, oid)) => {
                let entry = checkout::write(cx.files_mut(), repo, &path, *mode, *oid)?;
                index.insert(entry);
            }
            None => {
                checkout::remove(cx.files_mut(), repo, &path);
                index.remove(&path);
            }
        }
    }
    repo.save_index(cx.files_mut(), &mut index)
}
