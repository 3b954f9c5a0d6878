//! `git checkout`: branches as `git switch`, files as `git restore`.

use super::switch::{create_branch, guess, tracked_name};
use super::{Command, input};
use crate::cat;
use crate::cli::options::Parsed;
use crate::fault::{Fault, Result};
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::restoring::{self, From, Restore};
use crate::switching::{self, How};

pub(super) const COMMAND: Command = Command {
    name: "checkout",
    main,
    usage: include_str!("../usage/checkout.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &[
        "b",
        "B",
        "l",
        "guess",
        "overlay",
        "quiet",
        "progress",
        "merge",
        "conflict",
        "detach",
        "track",
        "force",
        "orphan",
        "overwrite-ignore",
        "ignore-other-worktrees",
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
    let names = ["b", "B", "orphan"];
    if names.iter().filter(|name| parsed.value(name).is_some()).count() > 1 {
        return Err(Fault::fatal(
            "options '-b', '-B', and '--orphan' cannot be used together",
        ));
    }
    let create = names[..2]
        .iter()
        .find_map(|name| parsed.value(name).map(|value| (value.to_vec(), *name == "B")));
    let creates = create.is_some() || parsed.value("orphan").is_some();
    if parsed.has("detach") && creates {
        return Err(Fault::fatal("'--detach' cannot be used with '-b/-B/--orphan'"));
    }
    let how = How::new(&parsed, None)?;
    let (typed, paths) = first_argument(cx, &repo, &parsed, creates)?;
    if parsed.has("patch") {
        input::not_from_file(&parsed, "--patch")?;
        let paths = paths.unwrap_or_default();
        return restoring::choose(cx, &repo, typed.as_deref(), [true, true], &paths);
    }
    if parsed.paths.is_some() && parsed.has("detach") {
        input::not_from_file(&parsed, "--detach")?;
    }
    let paths = match (paths, &parsed.paths) {
        (None, None) => None,
        (typed, _) => Some(input::paths(&parsed, &typed.unwrap_or_default())?),
    };
    if let Some(paths) = paths {
        return files(cx, &repo, &parsed, typed, &paths, creates);
    }
    if let Some(name) = parsed.value("orphan") {
        return unborn(cx, &repo, name, typed, &how);
    }
    let create = match create {
        None if how.track.is_some() && !how.detach => Some((tracked_name(typed.as_deref(), "b")?, false)),
        create => create,
    };
    if let Some((name, force)) = create {
        return create_branch(cx, &repo, &name, force, typed.clone(), How { start: typed, ..how });
    }
    branch(cx, &repo, typed, &parsed, how)
}

/// Splits the arguments into a revision and paths, as `parse_branchname_arg` is documented in git-checkout(1): with
/// `--` the revision must be one; without, what is no revision is a path.
fn first_argument(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    parsed: &Parsed,
    creates: bool,
) -> Result<(Option<Vec<u8>>, Option<Vec<Vec<u8>>>)> {
    let args = &parsed.args;
    match parsed.dash_dash {
        Some(0) => Ok((None, Some(args.clone()).filter(|paths| !paths.is_empty()))),
        Some(1) => {
            let typed = args[0].clone();
            if names_tree(cx, repo, &typed)?.is_none() {
                return Err(Fault::fatal(cat!["invalid reference: ", typed]));
            }
            Ok((Some(typed), Some(args[1..].to_vec()).filter(|paths| !paths.is_empty())))
        }
        Some(_) => Err(Fault::fatal("only one reference expected")),
        None => {
            let Some(typed) = args.first().cloned() else {
                return Ok((None, None));
            };
            let is_revision = names_tree(cx, repo, &typed)?.is_some();
            let rest = args[1..].to_vec();
            let is_file = cx.files().symlink_metadata(&cx.io.path(&typed)).is_ok();
            // `git checkout NAME` means the branch even where a file is called so.
            if is_revision && is_file && !rest.is_empty() {
                return Err(ambiguous(&typed));
            }
            if is_revision || creates {
                return Ok((Some(typed), Some(rest).filter(|paths| !paths.is_empty())));
            }
            let may_guess = rest.is_empty() && parsed.flag("guess") != Some(false) && !is_file;
            if may_guess && guess(cx, repo, &typed)?.is_some() {
                return Ok((Some(typed), None));
            }
            Ok((None, Some(args.clone())))
        }
    }
}

fn ambiguous(typed: &[u8]) -> Fault {
    Fault::fatal(cat![
        "ambiguous argument '",
        typed,
        "': both revision and filename\n",
        "Use '--' to separate paths from revisions, like this:\n",
        "'git <command> [<revision>...] -- [<file>...]'"
    ])
}

/// The tree a word names, `-` included.
fn names_tree(cx: &mut Cx<'_, '_>, repo: &Repo, typed: &[u8]) -> Result<Option<crate::Oid>> {
    let name = if typed == b"-" {
        b"@{-1}".to_vec()
    } else {
        typed.to_vec()
    };
    crate::revision::with_resolver(cx, repo, |resolver| resolver.tree(&name))
}

fn files(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    parsed: &Parsed,
    typed: Option<Vec<u8>>,
    paths: &[Vec<u8>],
    creates: bool,
) -> Result<Next> {
    if creates {
        let name = parsed
            .value("b")
            .or(parsed.value("B"))
            .or(parsed.value("orphan"))
            .unwrap_or_default();
        return Err(Fault::fatal(cat![
            "Cannot update paths and switch to branch '",
            name,
            "' at the same time."
        ]));
    }
    if parsed.has("detach") {
        return Err(Fault::fatal("'--detach' cannot be used with updating paths"));
    }
    let sides = [
        parsed.has("ours"),
        parsed.has("theirs"),
        parsed.has("merge") || parsed.value("conflict").is_some(),
    ];
    if typed.is_some() && sides.contains(&true) {
        return Err(Fault::fatal(
            "'--merge', '--ours', or '--theirs' cannot be used when checking out of a tree",
        ));
    }
    if sides[2] && (sides[0] || sides[1]) {
        return Err(Fault::fatal(
            "options '--merge' and '--ours/--theirs' cannot be used together",
        ));
    }
    let restore = Restore {
        from: match &typed {
            Some(typed) => From::Tree(names_tree(cx, repo, typed)?.unwrap_or(crate::Oid::NULL)),
            None => From::Index,
        },
        index: typed.is_some(),
        worktree: true,
        overlay: parsed.flag("overlay") != Some(false),
        conflict: restoring::conflict_of(parsed)?,
        ignore_unmerged: parsed.has("force"),
        count: parsed.dash_dash.is_none() && !parsed.has("quiet"),
    };
    restoring::restore(cx, repo, &restore, paths)
}

fn branch(cx: &mut Cx<'_, '_>, repo: &Repo, typed: Option<Vec<u8>>, parsed: &Parsed, how: How) -> Result<Next> {
    if (parsed.has("ours") || parsed.has("theirs")) && typed.is_none() {
        return Err(Fault::fatal("'--ours/--theirs' cannot be used with switching branches"));
    }
    let detach = how.detach;
    if typed.as_deref().is_none_or(|typed| typed == b"HEAD") && repo.refs.head(cx.files()).is_none() {
        return Err(Fault::fatal("You are on a branch yet to be born"));
    }
    let Some(typed) = typed.or_else(|| detach.then(|| b"HEAD".to_vec())) else {
        return stay(cx, repo, &how);
    };
    let Some(goal) = switching::goal(cx, repo, &typed)? else {
        if let Some(remote) = guess(cx, repo, &typed)? {
            return create_branch(
                cx,
                repo,
                &typed,
                false,
                Some(remote),
                How {
                    track: Some(true),
                    ..how
                },
            );
        }
        if names_tree(cx, repo, &typed)?.is_some() {
            return Err(Fault::fatal(cat!["Cannot switch branch to a non-commit '", typed, "'"]));
        }
        return Err(Fault::error(cat![
            "pathspec '",
            typed,
            "' did not match any file(s) known to git"
        ]));
    };
    // `git checkout HEAD` stays on the branch.
    if typed == b"HEAD" && !detach {
        return stay(cx, repo, &how);
    }
    switching::switch(cx, repo, &goal, &how)
}

/// `git checkout` alone: only says what is changed.
fn stay(cx: &mut Cx<'_, '_>, repo: &Repo, how: &How) -> Result<Next> {
    let mut index = switching::ready_index(cx, repo, how.force)?;
    let head = repo.refs.head(cx.files());
    let tree = crate::tree::of_commit(cx.files(), &repo.store, head.as_ref())?;
    if how.force {
        crate::checkout::force(cx.files_mut(), repo, &mut index, &tree)?;
    }
    repo.save_index(cx.files_mut(), &mut index)?;
    if how.force {
        switching::remove_state(cx, repo);
    }
    if !how.quiet {
        if !how.force {
            let index = repo.index(cx.files())?;
            let changes = crate::checkout::local_changes(cx.files(), repo, &index, &tree);
            cx.print(changes);
        }
        if let Some(full) = repo.refs.head_branch(cx.files()) {
            let name = full.strip_prefix(b"refs/heads/").unwrap_or(&full).to_vec();
            switching::say_tracking(cx, repo, &name)?;
        }
    }
    switching::moved(cx, repo, head, head, true)
}

/// `git checkout --orphan`: index and working tree stay as they are, or become those of a commit.
fn unborn(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8], typed: Option<Vec<u8>>, how: &How) -> Result<Next> {
    let name = super::branch::branch_name(cx, repo, name)?;
    let full = cat!["refs/heads/", name];
    if repo.refs.exists(cx.files(), &full) {
        return Err(Fault::fatal(cat!["a branch named '", name, "' already exists"]));
    }
    let quiet = how.quiet;
    if let Some(typed) = typed {
        let Some(goal) = switching::goal(cx, repo, &typed)? else {
            return Err(Fault::fatal(cat![
                "'",
                typed,
                "' is not a commit and a branch '",
                name,
                "' cannot be created from it"
            ]));
        };
        let old = repo.refs.head(cx.files());
        let changes = switching::move_tree(cx, repo, old, &goal, how)?;
        if !quiet {
            cx.print(changes);
        }
    } else if !quiet {
        let index = switching::ready_index(cx, repo, false)?;
        let head = repo.refs.head(cx.files());
        let tree = crate::tree::of_commit(cx.files(), &repo.store, head.as_ref())?;
        let changes = crate::checkout::local_changes(cx.files(), repo, &index, &tree);
        cx.print(changes);
    }
    repo.refs.set_symbolic(cx.files_mut(), b"HEAD", &full, None)?;
    switching::remove_state(cx, repo);
    if !quiet {
        cx.eprint(cat!["Switched to a new branch '", name, "'\n"]);
    }
    Ok(Next::Exit(0))
}
