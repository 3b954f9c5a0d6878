//! `git switch`.

use super::Command;
use super::branch::branch_name;
use crate::cat;
use crate::fault::{Fault, Result};
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::state;
use crate::switching::{self, How};

pub(super) const COMMAND: Command = Command {
    name: "switch",
    main,
    usage: include_str!("../usage/switch.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &[
        "create",
        "force-create",
        "guess",
        "discard-changes",
        "quiet",
        "progress",
        "detach",
        "track",
        "force",
        "orphan",
        "merge",
        "conflict",
        "overwrite-ignore",
        "ignore-other-worktrees",
    ],
};

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COMMAND.parse(args)?;
    let repo = cx.work_repo()?;
    let names = ["create", "force-create", "orphan"];
    if names.iter().filter(|name| parsed.value(name).is_some()).count() > 1 {
        return Err(Fault::fatal(
            "options '-c', '-C', and '--orphan' cannot be used together",
        ));
    }
    let create = names[..2].iter().find_map(|name| {
        parsed
            .value(name)
            .map(|value| (value.to_vec(), *name == "force-create"))
    });
    if parsed.has("detach") && (create.is_some() || parsed.value("orphan").is_some()) {
        return Err(Fault::fatal("'--detach' cannot be used with '-b/-B/--orphan'"));
    }
    if parsed.args.len() > 1 {
        return Err(Fault::fatal("only one reference expected"));
    }
    check_nothing_under_way(cx, &repo)?;
    let typed = parsed.args.first().cloned();
    if let Some(name) = parsed.value("orphan") {
        return orphan(cx, &repo, name, typed.is_some(), parsed.has("quiet"));
    }
    let how = How::new(&parsed, typed.clone())?;
    let create = match create {
        None if how.track.is_some() && !how.detach => Some((tracked_name(typed.as_deref(), "c")?, false)),
        create => create,
    };
    if let Some((name, force)) = create {
        if let Some(typed) = &typed
            && switching::goal(cx, &repo, typed)?.is_none()
        {
            return Err(Fault::fatal(cat!["invalid reference: ", typed]));
        }
        return create_branch(cx, &repo, &name, force, typed, how);
    }
    let typed = match typed {
        Some(typed) => typed,
        None if how.detach => b"HEAD".to_vec(),
        None => return Err(Fault::fatal("missing branch or commit argument")),
    };
    let guesses = parsed
        .flag("guess")
        .unwrap_or_else(|| repo.config.bool_or("checkout.guess", true));
    go(cx, &repo, typed, how, guesses)
}

/// Goes to what was typed; `guesses`: a remote-tracking branch of that name makes a branch.
fn go(cx: &mut Cx<'_, '_>, repo: &Repo, typed: Vec<u8>, how: How, guesses: bool) -> Result<Next> {
    let Some(goal) = switching::goal(cx, repo, &typed)? else {
        if guesses && let Some(remote) = guess(cx, repo, &typed)? {
            let how = How {
                track: Some(true),
                ..how
            };
            return create_branch(cx, repo, &typed, false, Some(remote), how);
        }
        if typed == b"HEAD" && how.detach {
            return Err(Fault::fatal("You are on a branch yet to be born"));
        }
        let shown = if typed == b"-" { b"@{-1}".to_vec() } else { typed };
        return Err(Fault::fatal(cat!["invalid reference: ", shown]));
    };
    if goal.branch.is_none() && !how.detach {
        return Err(not_a_branch(cx, repo, &goal.name));
    }
    switching::switch(cx, repo, &goal, &how)
}

/// The remote-tracking branch of that name, in full; of several the one `checkout.defaultRemote` prefers, else Git's
/// error.
pub(super) fn guess(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8]) -> Result<Option<Vec<u8>>> {
    let suffix = cat!["/", name];
    let refs = repo.refs.list(cx.files(), b"refs/remotes/");
    let mut found: Vec<Vec<u8>> = refs.into_iter().map(|reference| reference.name).collect();
    found.retain(|full| {
        let short = &full[b"refs/remotes/".len()..];
        short.ends_with(&suffix) && !short[..short.len() - suffix.len()].contains(&b'/')
    });
    if found.len() > 1
        && let Some(remote) = repo.config.get("checkout.defaultremote")
    {
        found.retain(|full| *full == cat!["refs/remotes/", remote, suffix]);
    }
    if found.len() < 2 {
        return Ok(found.pop());
    }
    if repo.config.advice("checkoutAmbiguousRemoteBranchName") {
        cx.eprint(concat!(
            "hint: If you meant to check out a remote tracking branch on, e.g. 'origin',\n",
            "hint: you can do so by fully qualifying the name with the --track option:\n",
            "hint:\nhint:     git checkout --track origin/<name>\nhint:\n",
            "hint: If you'd like to always have checkouts of an ambiguous <name> prefer\n",
            "hint: one remote, e.g. the 'origin' remote, consider setting\n",
            "hint: checkout.defaultRemote=origin in your config.\n"
        ));
    }
    let count = found.len();
    Err(Fault::fatal(cat![
        "'",
        name,
        format!("' matched multiple ({count}) remote tracking branches")
    ]))
}

/// `--track origin/topic`: the branch is called `topic`.
pub(super) fn tracked_name(typed: Option<&[u8]>, option: &str) -> Result<Vec<u8>> {
    let missing = || Fault::fatal(format!("missing branch name; try -{option}"));
    let typed = typed.ok_or_else(|| Fault::fatal("--track needs a branch name"))?;
    let short = typed.strip_prefix(b"refs/").unwrap_or(typed);
    let short = short.strip_prefix(b"remotes/").unwrap_or(short);
    match crate::bytes::split_once(short, b'/') {
        Some((_, name)) if !name.is_empty() => Ok(name.to_vec()),
        _ => Err(missing()),
    }
}

/// `-b`/`-c`, `-B`/`-C`: checks everything before anything changes.
pub(super) fn create_branch(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    name: &[u8],
    force: bool,
    start: Option<Vec<u8>>,
    how: How,
) -> Result<Next> {
    let name = branch_name(cx, repo, name)?;
    if !force && repo.refs.exists(cx.files(), &cat!["refs/heads/", name]) {
        return Err(Fault::fatal(cat!["a branch named '", name, "' already exists"]));
    }
    let typed = start.clone().unwrap_or_else(|| b"HEAD".to_vec());
    let Some(goal) = switching::goal(cx, repo, &typed)? else {
        if start.is_none() {
            // Before the first commit only the name changes.
            let full = cat!["refs/heads/", name];
            repo.refs.set_symbolic(cx.files_mut(), b"HEAD", &full, None)?;
            if !how.quiet {
                cx.eprint(cat!["Switched to a new branch '", name, "'\n"]);
            }
            return Ok(Next::Exit(0));
        }
        return Err(Fault::fatal(cat![
            "'",
            typed,
            "' is not a commit and a branch '",
            name,
            "' cannot be created from it"
        ]));
    };
    // The name as it resolves: `-` is the branch before.
    let start = start.map(|typed| if typed == b"-" { goal.name.clone() } else { typed });
    switching::switch(
        cx,
        repo,
        &goal,
        &How {
            create: Some((name, force)),
            start,
            ..how
        },
    )
}

fn orphan(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8], has_start: bool, quiet: bool) -> Result<Next> {
    if has_start {
        return Err(Fault::fatal("'--orphan' cannot take <start-point>"));
    }
    let name = branch_name(cx, repo, name)?;
    let full = cat!["refs/heads/", name];
    if repo.refs.exists(cx.files(), &full) {
        return Err(Fault::fatal(cat!["a branch named '", name, "' already exists"]));
    }
    switching::empty_tree(cx, repo)?;
    if !quiet
        && repo.refs.head_branch(cx.files()).is_none()
        && let Some(old) = repo.refs.head(cx.files())
    {
        let line = switching::describe(cx, repo, "Previous HEAD position was ", old)?;
        cx.eprint(line);
    }
    repo.refs.set_symbolic(cx.files_mut(), b"HEAD", &full, None)?;
    switching::remove_state(cx, repo);
    if !quiet {
        cx.eprint(cat!["Switched to a new branch '", name, "'\n"]);
    }
    Ok(Next::Exit(0))
}

fn check_nothing_under_way(cx: &Cx<'_, '_>, repo: &Repo) -> Result<()> {
    let operation = state::Operation::read(cx.files(), repo);
    let text = if operation.merge {
        "cannot switch branch while merging\nConsider \"git merge --quit\" or \"git worktree add\"."
    } else if operation.rebase {
        "cannot switch branch while rebasing\nConsider \"git rebase --quit\" or \"git worktree add\"."
    } else if operation.cherry_pick.is_some() {
        "cannot switch branch while cherry-picking\nConsider \"git cherry-pick --quit\" or \"git worktree add\"."
    } else if operation.revert.is_some() {
        "cannot switch branch while reverting\nConsider \"git revert --quit\" or \"git worktree add\"."
    } else {
        return Ok(());
    };
    Err(Fault::fatal(text))
}

/// `git switch v1.0`: only branches can be switched to without `--detach`.
fn not_a_branch(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8]) -> Fault {
    let full = crate::revision::with_resolver(cx, repo, |resolver| resolver.dwim(name))
        .ok()
        .flatten()
        .map(|(full, _)| full);
    let what = match full.as_deref() {
        Some(full) if full.starts_with(b"refs/tags/") => cat!["tag '", &full[b"refs/tags/".len()..], "'"],
        Some(full) if full.starts_with(b"refs/remotes/") => {
            cat!["remote branch '", &full[b"refs/remotes/".len()..], "'"]
        }
        Some(b"HEAD") if let Some(branch) = repo.refs.head_branch(cx.files()) => cat!["'", branch, "'"],
        Some(full) if full != b"HEAD" => cat!["'", full, "'"],
        _ => cat!["commit '", name, "'"],
    };
    let mut text = cat!["fatal: a branch is expected, got ", what, "\n"];
    if repo.config.advice("suggestDetachingHead") {
        text.extend_from_slice(
            b"hint: If you want to detach HEAD at the commit, try again with the --detach option.\n",
        );
    }
    Fault::Plain(text, 128)
}
