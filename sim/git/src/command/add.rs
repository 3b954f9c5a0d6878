//! `git add`.

use super::{Command, input, patch};
use crate::cat;
use crate::cli::options::Parsed;
use crate::fault::{Fault, Result};
use crate::ignore::Ignore;
use crate::index::{Entry, Index};
use crate::object::{Kind, mode};
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::tree::Flat;
use crate::worktree::{self, FileState, UntrackedMode};
use essaim_kernel::SmallSort;
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
        "pathspec-from-file",
        "pathspec-file-nul",
    ],
};

/// `git stage` is `git add`.
pub(super) const STAGE: Command = Command {
    name: "stage",
    ..COMMAND
};

struct Add {
    dry_run: bool,
    verbose: bool,
    update: bool,
    force: bool,
    intent: bool,
    remove: bool,
    /// `-A`.
    all: bool,
    ignore_missing: bool,
    chmod: Option<u32>,
}

impl Add {
    fn new(parsed: &Parsed) -> Result<Self> {
        let has = |name: &str| parsed.has(name);
        let all = parsed
            .flag("all")
            .or(parsed.flag("ignore-removal").map(|ignore| !ignore));
        if all == Some(true) && has("update") {
            return Err(Fault::fatal("options '-A' and '-u' cannot be used together"));
        }
        if has("ignore-missing") && !has("dry-run") {
            return Err(Fault::fatal("the option '--ignore-missing' requires '--dry-run'"));
        }
        let chmod = match parsed.value("chmod") {
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
        };
        Ok(Self {
            dry_run: has("dry-run"),
            verbose: has("verbose") || has("dry-run"),
            update: has("update"),
            force: has("force"),
            intent: has("intent-to-add"),
            remove: all.unwrap_or(true),
            all: all == Some(true),
            ignore_missing: has("ignore-missing"),
            chmod,
        })
    }
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    input::with_paths(cx, COMMAND.parse(args)?, run)
}

fn run(cx: &mut Cx<'_, '_>, parsed: Parsed) -> Result<Next> {
    let repo = cx.work_repo()?;
    if parsed.has("patch") {
        if parsed.has("dry-run") {
            return Err(Fault::fatal(
                "options '--dry-run' and '--interactive/--patch' cannot be used together",
            ));
        }
        input::not_from_file(&parsed, "--interactive/--patch")?;
        let pathspec = Pathspec::parse(&repo, &parsed.args)?;
        return patch::alone(cx, &repo, patch::Direction::Stage, &Flat::new(), &pathspec);
    }
    let add = Add::new(&parsed)?;
    let mut paths = input::paths(&parsed, &parsed.args)?;
    if paths.is_empty() && (add.all || add.update) && parsed.paths.is_none() {
        paths.push(b":/".to_vec());
    }
    if paths.is_empty() {
        say_nothing_given(cx, &repo);
        return Ok(Next::Exit(0));
    }
    let mut index = repo.index(cx.files())?;
    let pathspec = Pathspec::parse(&repo, &paths)?;
    if parsed.has("refresh") {
        let known = index.entries().iter().map(|entry| entry.path.as_slice());
        if let Some(item) = pathspec.first_unmatched(known) {
            return Err(Fault::fatal(cat![
                "pathspec '",
                item.original,
                "' did not match any files"
            ]));
        }
        worktree::refresh(cx.files(), &repo, &mut index);
        for path in index.unmerged_paths() {
            cx.print(cat![path, ": needs merge\n"]);
        }
        repo.save_index(cx.files_mut(), &mut index)?;
        return Ok(Next::Exit(0));
    }
    take(cx, &repo, &mut index, &pathspec, &add)
}

fn say_nothing_given(cx: &mut Cx<'_, '_>, repo: &Repo) {
    cx.eprint("Nothing specified, nothing added.\n");
    if repo.config.advice("addEmptyPathspec") {
        cx.eprint("hint: Maybe you wanted to say 'git add .'?\n");
        cx.eprint("hint: Disable this message with \"git config advice.addEmptyPathspec false\"\n");
    }
}

/// Takes what the paths mean into the index.
fn take(cx: &mut Cx<'_, '_>, repo: &Repo, index: &mut Index, pathspec: &Pathspec, add: &Add) -> Result<Next> {
    let untracked = if add.update {
        Vec::new()
    } else {
        untracked(cx, repo, index, pathspec, add.force)
    };
    check_items(cx, repo, index, pathspec, &untracked, add.ignore_missing)?;
    let ignored = if add.force || add.update {
        BTreeSet::new()
    } else {
        ignored(cx, repo, index, pathspec)
    };
    if !ignored.is_empty() {
        say_ignored(cx, repo, &ignored);
    }
    let before = index.entries().to_vec();
    update_tracked(cx, repo, index, pathspec, add)?;
    for path in untracked {
        add_new(cx, repo, index, &path, add)?;
    }
    let failed = add.chmod.is_some_and(|mode| chmod(cx, index, pathspec, mode));
    if !add.dry_run && before != index.entries() {
        repo.save_index(cx.files_mut(), index)?;
    }
    Ok(Next::Exit(match failed {
        true => 255,
        false => u8::from(!ignored.is_empty()),
    }))
}

fn say_ignored(cx: &mut Cx<'_, '_>, repo: &Repo, ignored: &BTreeSet<Vec<u8>>) {
    let mut text = b"The following paths are ignored by one of your .gitignore files:\n".to_vec();
    for path in ignored {
        text.extend_from_slice(&cat![path, "\n"]);
    }
    if repo.config.advice("addIgnoredFile") {
        text.extend_from_slice(b"hint: Use -f if you really want to add them.\n");
        text.extend_from_slice(b"hint: Disable this message with \"git config advice.addIgnoredFile false\"\n");
    }
    cx.eprint(text);
}

/// Untracked files the pathspec means; ignored ones only with `-f`.
fn untracked(cx: &Cx<'_, '_>, repo: &Repo, index: &Index, pathspec: &Pathspec, force: bool) -> Vec<Vec<u8>> {
    let found = worktree::scan(cx.files(), repo, index, UntrackedMode::All, force);
    let mut paths: Vec<Vec<u8>> = found.untracked;
    if force {
        paths.extend(found.ignored);
        paths.small_sort();
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
        let inside = if item.original.ends_with(b"/") {
            cat![item.matched, "/"]
        } else {
            item.matched.clone()
        };
        let beyond = !item.is_glob() && beyond_link(cx, repo, &inside);
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
                if add.intent && index.get(&path, 0).is_some() {
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
    if let Some(folder) = path.strip_suffix(b"/") {
        return add_embedded(cx, repo, index, folder, add);
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

/// A repository inside: its commit is recorded, not its files.
fn add_embedded(cx: &mut Cx<'_, '_>, repo: &Repo, index: &mut Index, path: &[u8], add: &Add) -> Result<()> {
    let inner = crate::refs::Refs {
        git_dir: cat![repo.work_path(path), "/.git"],
        log_all: false,
    };
    let Some(oid) = inner.head(cx.files()) else {
        let text = cat!["error: '", path, "/' does not have a commit checked out\n"];
        return Err(Fault::Plain(cat![text, "fatal: adding files failed\n"], 128));
    };
    if add.verbose {
        cx.print(cat!["add '", path, "/'\n"]);
    }
    if add.dry_run {
        return Ok(());
    }
    cx.eprint(cat!["warning: adding embedded git repository: ", path, "\n"]);
    if repo.config.advice("addEmbeddedRepo") {
        cx.eprint(cat![
            "hint: You've added another git repository inside your current repository.\n",
            "hint: Clones of the outer repository will not contain the contents of\n",
            "hint: the embedded repository and will not know how to obtain it.\n",
            "hint: If you meant to add a submodule, use:\n",
            "hint:\nhint: \tgit submodule add <url> ",
            path,
            "\nhint:\nhint: If you added this path by mistake, you can remove it from the\n",
            "hint: index with:\nhint:\nhint: \tgit rm --cached ",
            path,
            "\nhint:\nhint: See \"git help submodule\" for more information.\n",
            "hint: Disable this message with \"git config advice.addEmbeddedRepo false\"\n"
        ]);
    }
    let metadata = cx.files().symlink_metadata(&repo.work_path(path))?;
    index.insert(Entry {
        path: path.to_vec(),
        mode: mode::GITLINK,
        oid,
        stat: crate::index::Stat::of(&metadata),
        ..Entry::default()
    });
    Ok(())
}

/// Whether it failed for a link.
fn chmod(cx: &mut Cx<'_, '_>, index: &mut Index, pathspec: &Pathspec, mode: u32) -> bool {
    let mut failed = false;
    let sign = if mode == mode::EXECUTABLE { '+' } else { '-' };
    for entry in index
        .entries_mut()
        .iter_mut()
        .filter(|entry| pathspec.matches(&entry.path))
    {
        if entry.mode == mode::SYMLINK || entry.mode == mode::GITLINK {
            cx.eprint(cat![format!("error: cannot chmod {sign}x '"), entry.path, "'\n"]);
            failed = true;
        } else {
            entry.mode = mode;
        }
    }
    failed
}
