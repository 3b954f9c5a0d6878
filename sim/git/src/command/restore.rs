//! `git restore`.

use super::{Command, input};
use crate::cat;
use crate::cli::options::Parsed;
use crate::fault::{Fault, Result};
use crate::process::{Cx, Next};
use crate::restoring::{self, Conflict, From, Restore};
use crate::revision::with_resolver;

pub(super) const COMMAND: Command = Command {
    name: "restore",
    main,
    usage: include_str!("../usage/restore.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &[
        "source",
        "staged",
        "worktree",
        "ignore-unmerged",
        "overlay",
        "quiet",
        "progress",
        "merge",
        "conflict",
        "ours",
        "theirs",
        "patch",
        "pathspec-from-file",
        "pathspec-file-nul",
    ],
};

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    input::with_paths(cx, COMMAND.parse(args)?, run)
}

fn run(cx: &mut Cx<'_, '_>, parsed: Parsed) -> Result<Next> {
    let repo = cx.work_repo()?;
    let staged = parsed.has("staged");
    let worktree = parsed.flag("worktree").unwrap_or(!staged);
    if !staged && !worktree {
        return Err(Fault::fatal("neither '--staged' or '--worktree' is specified"));
    }
    let conflict = restoring::conflict_of(&parsed)?;
    if staged && matches!(conflict, Conflict::Side(_)) {
        return Err(Fault::fatal("'--ours' or '--theirs' cannot be used with --staged"));
    }
    if staged && conflict != Conflict::Refuse {
        return Err(Fault::fatal("'--merge' or '--conflict' cannot be used with --staged"));
    }
    let name = parsed
        .value("source")
        .map(<[u8]>::to_vec)
        .or_else(|| staged.then(|| b"HEAD".to_vec()));
    if parsed.has("patch") {
        input::not_from_file(&parsed, "--patch")?;
        return restoring::choose(cx, &repo, name.as_deref(), [staged, worktree], &parsed.args);
    }
    let paths = input::paths(&parsed, &parsed.args)?;
    let from = match name {
        None => From::Index,
        Some(name) => {
            if conflict != Conflict::Refuse {
                let text = "'--merge', '--ours', or '--theirs' cannot be used when checking out of a tree";
                return Err(Fault::fatal(text));
            }
            match with_resolver(cx, &repo, |resolver| resolver.tree(&name))? {
                Some(oid) => From::Tree(oid),
                None => return Err(Fault::fatal(cat!["could not resolve ", name])),
            }
        }
    };
    if paths.is_empty() {
        return Err(Fault::fatal("you must specify path(s) to restore"));
    }
    let restore = Restore {
        from,
        index: staged,
        worktree,
        overlay: parsed.has("overlay"),
        conflict,
        ignore_unmerged: parsed.has("ignore-unmerged"),
        count: false,
    };
    restoring::restore(cx, &repo, &restore, &paths)
}
