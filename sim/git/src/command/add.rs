//! `git add`.

use super::{Command, patch};
use crate::cat;
use crate::fault::{Fault, Result};
use crate::ignore::Ignore;
use crate::index::{Entry, Index};
use crate::object::{Kind, mode};
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::tree::Flat;
use crate::worktree::{self, FileState, UntrackedMode};
use std::collections::BTreeSet;

pub(super) const COMMAND: Command = Command {
    name: "add",
    main,
    usage: include_str!("../usage/add.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &[
        "dry-run",
        "verbose",
        "force",
        "update",
        "all",
        "ignore-removal",
        "intent-to-add",
        "refresh",
        "ignore-errors",
        "ignore-missing",
        "chmod",
        "patch",
    ],
};

struct Add {
    dry_run: bool,
    verbose: bool,
    update: bool,
    force: bool,
    intent: bool,
    remove: bool,
    chmod: Option<u32>,
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COMMAND.parse(args)?;
    let all = parsed
        .flag("all")
        .or(parsed.flag("ignore-removal").map(|ignore| !ignore));
    let add = Add {
        dry_run: parsed.has("dry-run"),
        verbose: parsed.has("verbose") || parsed.has("dry-run"),
        update: parsed.has("update"),
        force: parsed.has("force"),
        intent: parsed.has("intent-to-add"),
        remove: all.unwrap_or(true),
        chmod: match parsed.value("chmod") {
            None => None,
            Some(b"+x") => Some(mode::EXECUTABLE),
            Some(b"-x") => Some(mode::FILE),
            Some(other) => {
                return Err(Fault::fatal(cat![
                    "--chmod param '",
                    other,
                    "' must be either -x or +x"
                ]));
            }
        },
    };
    if all == Some(true) && add.update {
        return Err(Fault::fatal("options '-A' and '-u' cannot be used together"));
    }
    let repo = cx.work_repo()?;
    if parsed.has("patch") {
        if add.dry_run {
            return Err(Fault::fatal(
                "options '--dry-run' and '--interactive/--patch' cannot be used together",
            ));
        }
        let pathspec = Pathspec::parse(&repo, &parsed.args)?;
        return patch::alone(cx, &repo, patch::Direction::Stage, &Flat::new(), &pathspec);
    }
    let mut index = repo.index(cx.files())?;
    let mut args = parsed.args.clone();
    if args.is_empty() && (all == Some(true) || add.update) {
        args.push(b":/".to_vec());
    }
    if args.is_empty() {
        cx.eprint("Nothing specified, nothing added.\n");
        if repo.config.advice("addEmptyPathspec") {
            cx.eprint("hint: Maybe you wanted to say 'git add .'?\n");
            cx.eprint("hint: Disable this message with \"git config advice.addEmptyPathspec false\"\n");
        }
        return Ok(Next::Exit(0));
    }
    let pathspec = Pathspec::parse(&repo, &args)?;
    if parsed.has("refresh") {
        worktree::refresh(cx.files(), &repo, &mut index);
        repo.save_index(cx.files_mut(), &mut index)?;
        return Ok(Next::Exit(0));
    }
    let untracked = if add.update {
        Vec::new()
    } else {
        untracked(cx, &repo, &index, &pathspec, add.force)
    };
    check_items(
        cx,
        &repo,
        &index,
        &pathspec,
        &untracked,
        parsed.has("ignore-missing") && add.dry_run,
    )?;
    let ignored = if add.force || add.update {
        BTreeSet::new()
    } else {
        ignored(cx, &repo, &index, &pathspec)
    };
    if !ignored.is_empty() {
        let mut text = b"The following paths are ignored by one of your .gitignore files:\n".to_vec();
        for path in &ignored {
            text.extend_from_slice(&cat![path, "\n"]);
        }
        if repo.config.advice("addIgnoredFile") {
            text.extend_from_slice(b"hint: Use -f if you really want to add them.\n");
            text.extend_from_slice(b"hint: Disable this message with \"git config advice.addIgnoredFile false\"\n");
        }
        cx.eprint(text);
    }
    let before = index.entries().to_vec();
    update_tracked(cx, &repo, &mut index, &pathspec, &add)?;
    for path in untracked {
        add_new(cx, &repo, &mut index, &path, &add)?;
    }
    if let Some(mode) = add.chmod {
        chmod(cx, &mut index, &pathspec, mode);
    }
    if !add.dry_run && before != index.entries() {
        repo.save_index(cx.files_mut(), &mut index)?;
    }
    Ok(Next::Exit(u8::from(!ignored.is_empty())))
}

/// Untracked files the pathspec means; ignored ones only with `-f`.
fn untracked(cx: &Cx<'_, '_>, repo: &Repo, index: &Index, pathspec: &Pathspec, force: bool) -> Vec<Vec<u8>> {
    let found = worktree::scan(cx.files(), repo, index, UntrackedMode::All, force);
    let mut paths: Vec<Vec<u8>> = found.untracked;
    if force {
        paths.extend(found.ignored);
        paths.sort();
    }
    paths.retain(|path| pathspec.matches(path) || path.ends_with(b"/") && pathspec.matches(&path[..path.len() - 1]));
    paths
}

/// Each item must match something, or at least be there.
fn check_items(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    index: &Index,
    pathspec: &Pathspec,
    untracked: &[Vec<u8>],
    ignore_missing: bool,
) -> Result<()> {
    for item in pathspec.items.iter().filter(|item| !item.is_exclude()) {
        let matched = index
            .entries()
            .iter()
            .map(|entry| &entry.path)
            .chain(untracked)
            .any(|path| item.matches(path));
        let there = !item.is_glob() && worktree::lstat_no_links(cx.files(), repo, &item.matched).is_ok();
        let beyond = !item.is_glob() && beyond_link(cx, repo, &item.matched);
        if beyond {
            return Err(Fault::fatal(cat![
                "pathspec '",
                item.original,
                "' is beyond a symbolic link"
            ]));
        }
        if !matched && !there && !item.matched.is_empty() && !ignore_missing {
            return Err(Fault::fatal(cat![
                "pathspec '",
                item.original,
                "' did not match any files"
            ]));
        }
    }
    Ok(())
}

fn beyond_link(cx: &Cx<'_, '_>, repo: &Repo, path: &[u8]) -> bool {
    (0..path.len()).filter(|at| path[*at] == b'/').any(|at| {
        cx.files()
            .symlink_metadata(&repo.work_path(&path[..at]))
            .is_ok_and(|m| m.is_symlink())
    })
}

/// Ignored paths that were named outright.
fn ignored(cx: &Cx<'_, '_>, repo: &Repo, index: &Index, pathspec: &Pathspec) -> BTreeSet<Vec<u8>> {
    let mut ignore = Ignore::new(repo, cx.files());
    let mut found = BTreeSet::new();
    for item in pathspec
        .items
        .iter()
        .filter(|item| !item.is_exclude() && !item.is_glob())
    {
        let path = item.matched.strip_suffix(b"/").unwrap_or(&item.matched);
        if path.is_empty() || index.contains(path) || !index.below(path).is_empty() {
            continue;
        }
        let ends = (1..=path.len()).filter(|at| *at == path.len() || path[*at] == b'/');
        for end in ends {
            let Ok(metadata) = cx.files().symlink_metadata(&repo.work_path(&path[..end])) else {
                break;
            };
            if ignore.is_ignored(cx.files(), &path[..end], metadata.is_dir()) {
                found.insert(path[..end].to_vec());
                break;
            }
        }
    }
    found
}

/// Tracked files that changed or went.
fn update_tracked(cx: &mut Cx<'_, '_>, repo: &Repo, index: &mut Index, pathspec: &Pathspec, add: &Add) -> Result<()> {
    let mut paths: Vec<Vec<u8>> = index.entries().iter().map(|entry| entry.path.clone()).collect();
    paths.dedup();
    for path in paths.into_iter().filter(|path| pathspec.matches(path)) {
        let there = worktree::lstat_no_links(cx.files(), repo, &path).is_ok_and(|metadata| !metadata.is_dir());
        let state = match index.get(&path, 0) {
            Some(entry) => worktree::compare(cx.files(), repo, index, entry),
            None if there => FileState::Changed {
                mode: 0,
                oid: crate::oid::Oid::NULL,
            },
            None => FileState::Deleted,
        };
        match state {
            FileState::Unchanged => {}
            FileState::Changed { .. } => {
                if add.intent && index.get(&path, 0).is_some_and(|entry| entry.intent_to_add) {
                    continue;
                }
                if add.verbose {
                    cx.print(cat!["add '", path, "'\n"]);
                }
                if !add.dry_run {
                    let entry = worktree::entry_of(cx.files_mut(), repo, &path)?;
                    index.insert(entry);
                }
            }
            FileState::Deleted => {
                if !add.remove {
                    continue;
                }
                if add.verbose {
                    cx.print(cat!["remove '", path, "'\n"]);
                }
                if !add.dry_run {
                    index.remove(&path);
                }
            }
        }
    }
    Ok(())
}

fn add_new(cx: &mut Cx<'_, '_>, repo: &Repo, index: &mut Index, path: &[u8], add: &Add) -> Result<()> {
    if path.ends_with(b"/") {
        return Err(Fault::gap(cat!["adding the embedded repository '", path, "'"]));
    }
    if add.verbose {
        cx.print(cat!["add '", path, "'\n"]);
    }
    if add.dry_run {
        return Ok(());
    }
    let mut entry = match add.intent {
        true => {
            let metadata = cx.files().symlink_metadata(&repo.work_path(path))?;
            Entry {
                path: path.to_vec(),
                mode: worktree::mode_of(&metadata),
                oid: repo.store.write(cx.files_mut(), Kind::Blob, b"")?,
                intent_to_add: true,
                ..Entry::default()
            }
        }
        false => worktree::entry_of(cx.files_mut(), repo, path)?,
    };
    if !repo.config.bool_or("core.filemode", true) && entry.mode == mode::EXECUTABLE {
        entry.mode = mode::FILE;
    }
    index.insert(entry);
    Ok(())
}

fn chmod(cx: &mut Cx<'_, '_>, index: &mut Index, pathspec: &Pathspec, mode: u32) {
    let sign = if mode == mode::EXECUTABLE { '+' } else { '-' };
    for entry in index
        .entries_mut()
        .iter_mut()
        .filter(|entry| pathspec.matches(&entry.path))
    {
        if entry.mode == mode::SYMLINK || entry.mode == mode::GITLINK {
            cx.eprint(cat![format!("cannot chmod {sign}x '"), entry.path, "'\n"]);
        } else {
            entry.mode = mode;
        }
    }
}
