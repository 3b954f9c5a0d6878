//! `git mv`.

use super::Command;
use crate::cat;
use crate::cli::options::usage_only;
use crate::fault::{Fault, Result};
use crate::index::{Entry, Index, Stat};
use crate::pathspec::from_top;
use crate::process::{Cx, Next};
use crate::repo::Repo;
use essaim_kernel::files::path;

pub(super) const COMMAND: Command = Command {
    name: "mv",
    main,
    usage: include_str!("../usage/mv.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &["verbose", "dry-run", "force", "k"],
};

struct Move {
    from: Vec<u8>,
    to: Vec<u8>,
    /// A directory: its files move with it.
    directory: bool,
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COMMAND.parse(args)?;
    if parsed.args.len() < 2 {
        return Err(usage_only(COMMAND.usage));
    }
    let repo = cx.work_repo()?;
    let mut index = repo.index(cx.files())?;
    let (sources, target) = parsed.args.split_at(parsed.args.len() - 1);
    let typed_target = &target[0];
    let target = inside(&repo, typed_target)?;
    let into_directory = cx.files().is_dir(&repo.work_path(&target));
    if !into_directory && sources.len() > 1 {
        return Err(Fault::fatal(cat!["destination '", target, "' is not a directory"]));
    }
    let (dry_run, verbose) = (parsed.has("dry-run"), parsed.has("verbose") || parsed.has("dry-run"));
    let mut moves = Vec::new();
    for typed in sources {
        let from = inside(&repo, typed)?;
        let to = match (into_directory, target.is_empty()) {
            (true, true) => path::file_name(&from).to_vec(),
            (true, false) => cat![target, "/", path::file_name(&from)],
            (false, _) => target.clone(),
        };
        if verbose && dry_run {
            cx.print(cat!["Checking rename of '", from, "' to '", to, "'\n"]);
        }
        let slash = typed_target.ends_with(b"/") && !into_directory;
        let found = check(cx, &repo, &index, &from, &to, (parsed.has("force"), verbose), slash);
        // Every tracked file of a directory must be there.
        if found == Ok(true)
            && !parsed.has("k")
            && let Some(gone) = first_gone(cx, &repo, &index, &from)
        {
            let new = cat![to, gone[from.len()..]];
            return Err(Fault::fatal(cat!["bad source, source=", gone, ", destination=", new]));
        }
        match found {
            Ok(directory) => moves.push(Move { from, to, directory }),
            Err(_) if parsed.has("k") => {}
            Err(problem) => {
                let shown_to = if slash { cat![to, "/"] } else { to };
                return Err(Fault::fatal(cat![
                    problem,
                    ", source=",
                    from,
                    ", destination=",
                    shown_to
                ]));
            }
        }
    }
    for step in &moves {
        if verbose {
            cx.print(cat!["Renaming ", step.from, " to ", step.to, "\n"]);
        }
        if dry_run {
            continue;
        }
        let (from, to) = (repo.work_path(&step.from), repo.work_path(&step.to));
        cx.files_mut()
            .rename(&from, &to)
            .map_err(|errno| Fault::fatal(cat!["renaming '", step.from, "' failed: ", errno.to_string()]))?;
        rename_entries(cx, &repo, &mut index, step);
    }
    if !dry_run {
        repo.save_index(cx.files_mut(), &mut index)?;
    }
    Ok(Next::Exit(0))
}

/// The first file below a directory that the index knows and the working tree lacks.
fn first_gone(cx: &Cx<'_, '_>, repo: &Repo, index: &Index, directory: &[u8]) -> Option<Vec<u8>> {
    let gone = |entry: &&Entry| cx.files().symlink_metadata(&repo.work_path(&entry.path)).is_err();
    Some(index.below(directory).iter().find(gone)?.path.clone())
}

/// What Git says here of a path outside does not begin with the path.
fn inside(repo: &Repo, typed: &[u8]) -> Result<Vec<u8>> {
    from_top(repo, &repo.prefix, typed, typed).map_err(|fault| match fault {
        Fault::Fatal(text) => Fault::fatal(text.strip_prefix(cat![typed, ": "].as_slice()).unwrap_or(&text)),
        fault => fault,
    })
}

/// Whether the move is possible; `Ok(true)`: it is a directory's.
fn check(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    index: &Index,
    from: &[u8],
    to: &[u8],
    (force, verbose): (bool, bool),
    slash: bool,
) -> core::result::Result<bool, &'static str> {
    let Ok(source) = cx.files().symlink_metadata(&repo.work_path(from)) else {
        return Err("bad source");
    };
    if source.is_dir() && !index.contains(from) {
        if to == from || to.starts_with(&cat![from, "/"]) {
            return Err("can not move directory into itself");
        }
        if cx.files().symlink_metadata(&repo.work_path(to)).is_ok() {
            return Err("destination already exists");
        }
        return if index.below(from).is_empty() {
            Err("source directory is empty")
        } else {
            Ok(true)
        };
    }
    if !index.contains(from) {
        return Err("not under version control");
    }
    if index.get(from, 0).is_none() {
        return Err("conflicted");
    }
    if slash {
        return Err("destination directory does not exist");
    }
    if let Ok(existing) = cx.files().symlink_metadata(&repo.work_path(to)) {
        if from == to {
            return Err("can not move directory into itself");
        }
        if !force {
            return Err("destination exists");
        }
        if existing.is_dir() {
            return Err("Cannot overwrite");
        }
        if verbose {
            cx.eprint(cat!["warning: overwriting '", to, "'\n"]);
        }
    }
    Ok(false)
}

fn rename_entries(cx: &Cx<'_, '_>, repo: &Repo, index: &mut Index, step: &Move) {
    let moved: Vec<Entry> = match step.directory {
        true => index.below(&step.from).to_vec(),
        false => index.stages(&step.from).to_vec(),
    };
    for mut entry in moved {
        index.remove(&entry.path);
        entry.path = cat![step.to, entry.path[step.from.len()..]];
        // A move changes the file's ctime: what the index knew stays true of the content.
        if let Ok(metadata) = cx.files().symlink_metadata(&repo.work_path(&entry.path)) {
            let now = Stat::of(&metadata);
            if (now.mtime, now.size, now.ino) == (entry.stat.mtime, entry.stat.size, entry.stat.ino) {
                entry.stat = now;
            }
        }
        index.insert(entry);
    }
}
