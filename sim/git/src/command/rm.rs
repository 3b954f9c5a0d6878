//! `git rm`.

use super::{Command, input};
use crate::cat;
use crate::cli::options::Parsed;
use crate::fault::{Fault, Result};
use crate::index::Index;
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::worktree::{self, FileState};
use std::collections::BTreeSet;

pub(super) const COMMAND: Command = Command {
    name: "rm",
    main,
    usage: include_str!("../usage/rm.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &[
        "dry-run",
        "quiet",
        "cached",
        "force",
        "r",
        "ignore-unmatch",
        "pathspec-from-file",
        "pathspec-file-nul",
    ],
};

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    input::with_paths(cx, COMMAND.parse(args)?, run)
}

fn run(cx: &mut Cx<'_, '_>, parsed: Parsed) -> Result<Next> {
    let repo = cx.work_repo()?;
    let typed = input::paths(&parsed, &parsed.args)?;
    if typed.is_empty() {
        return Err(Fault::fatal("No pathspec was given. Which files should I remove?"));
    }
    let mut index = repo.index(cx.files())?;
    let pathspec = Pathspec::parse(&repo, &typed)?;
    let mut paths: Vec<Vec<u8>> = index
        .entries()
        .iter()
        .filter(|entry| pathspec.matches(&entry.path))
        .map(|entry| entry.path.clone())
        .collect();
    paths.dedup();
    for item in pathspec.items.iter().filter(|item| !item.is_exclude()) {
        let matched = paths.iter().any(|path| item.matches(path));
        if !matched && !parsed.has("ignore-unmatch") {
            return Err(Fault::fatal(cat![
                "pathspec '",
                item.original,
                "' did not match any files"
            ]));
        }
        let exact = paths.contains(&item.matched) || item.is_glob();
        let recursive = paths.iter().any(|path| item.matches(path) && *path != item.matched) && !exact;
        if matched && recursive && !parsed.has("r") {
            let shown = if item.matched.is_empty() {
                b".".as_slice()
            } else {
                &item.original
            };
            return Err(Fault::fatal(cat!["not removing '", shown, "' recursively without -r"]));
        }
    }
    let cached = parsed.has("cached");
    if !parsed.has("force") {
        check(cx, &repo, &index, &paths, cached)?;
    }
    for path in &paths {
        if !parsed.has("quiet") {
            cx.print(cat!["rm '", path, "'\n"]);
        }
        index.remove(path);
    }
    if parsed.has("dry-run") {
        return Ok(Next::Exit(0));
    }
    if !cached {
        for path in &paths {
            match worktree::lstat_no_links(cx.files(), &repo, path) {
                Ok(metadata) if !metadata.is_dir() => worktree::remove_file(cx.files_mut(), &repo, path)
                    .map_err(|errno| Fault::fatal(cat!["git rm: '", path, "': ", errno.to_string()]))?,
                _ => {}
            }
        }
    }
    repo.save_index(cx.files_mut(), &mut index)?;
    Ok(Next::Exit(0))
}

/// What would be lost is refused.
fn check(cx: &Cx<'_, '_>, repo: &Repo, index: &Index, paths: &[Vec<u8>], cached: bool) -> Result<()> {
    let files = cx.files();
    let head = crate::tree::of_commit(files, &repo.store, repo.refs.head(files).as_ref())?;
    let (mut both, mut staged, mut local) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for path in paths {
        let Some(entry) = index.get(path, 0) else { continue };
        let state = worktree::compare(files, repo, index, entry);
        if state == FileState::Deleted && worktree::lstat_no_links(files, repo, path).is_err() {
            continue;
        }
        let local_changes = state != FileState::Unchanged;
        let staged_changes = head.get(path) != Some(&(entry.mode, entry.oid));
        if local_changes && staged_changes {
            if !cached || !entry.intent_to_add {
                both.insert(path.clone());
            }
        } else if !cached {
            if staged_changes {
                staged.insert(path.clone());
            }
            if local_changes {
                local.insert(path.clone());
            }
        }
    }
    let mut text = Vec::new();
    let hints = repo.config.advice("rmHints");
    let mut say = |paths: &BTreeSet<Vec<u8>>, one: &str, many: &str, hint: &str| {
        if paths.is_empty() {
            return;
        }
        text.extend_from_slice(&cat!["error: ", if paths.len() == 1 { one } else { many }]);
        for path in paths {
            text.extend_from_slice(&cat!["\n    ", path]);
        }
        text.extend_from_slice(if hints { hint.as_bytes() } else { b"" });
        text.push(b'\n');
    };
    say(
        &both,
        "the following file has staged content different from both the\nfile and the HEAD:",
        "the following files have staged content different from both the\nfile and the HEAD:",
        "\n(use -f to force removal)",
    );
    say(
        &staged,
        "the following file has changes staged in the index:",
        "the following files have changes staged in the index:",
        "\n(use --cached to keep the file, or -f to force removal)",
    );
    say(
        &local,
        "the following file has local modifications:",
        "the following files have local modifications:",
        "\n(use --cached to keep the file, or -f to force removal)",
    );
    if text.is_empty() {
        Ok(())
    } else {
        Err(Fault::Plain(text, 1))
    }
}
