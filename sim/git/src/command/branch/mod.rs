//! `git branch`.
//!
//! One file an action: [`create`], [`upstream`], [`delete`], [`rename`], [`describe`], [`list`].

mod create;
mod delete;
mod describe;
mod list;
mod rename;
mod upstream;

use super::Command;
use crate::cat;
use crate::cli::options::{Parsed, usage_only};
use crate::config;
use crate::fault::{Fault, Result};
use crate::process::{Cx, Next};
use crate::refs::check_format;
use crate::repo::Repo;
use crate::revision::with_resolver;
pub(crate) use create::{Track, make};

pub(super) const COMMAND: Command = Command {
    name: "branch",
    main,
    usage: include_str!("../../usage/branch.txt"),
    help_on_stderr: true,
    paged: false,
    supported: &[
        "verbose",
        "quiet",
        "track",
        "set-upstream-to",
        "unset-upstream",
        "color",
        "remotes",
        "contains",
        "no-contains",
        "abbrev",
        "all",
        "delete",
        "D",
        "move",
        "M",
        "omit-empty",
        "copy",
        "C",
        "list",
        "show-current",
        "force",
        "merged",
        "no-merged",
        "column",
        "sort",
        "points-at",
        "ignore-case",
        "format",
        "create-reflog",
        "edit-description",
        "set-upstream",
    ],
};

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COMMAND.parse(args)?;
    let repo = cx.repo()?;
    let has = |name: &str| parsed.has(name);
    if has("show-current") {
        if let Some(name) = repo.refs.head_branch(cx.files()) {
            cx.print(cat![name.strip_prefix(b"refs/heads/").unwrap_or(&name), "\n"]);
        }
        return Ok(Next::Exit(0));
    }
    if has("set-upstream") {
        return Err(Fault::fatal(
            "the '--set-upstream' option is no longer supported. Please use '--track' or '--set-upstream-to' instead",
        ));
    }
    match action(&parsed)? {
        Action::Delete => delete::run(cx, &repo, &parsed),
        Action::Rename => rename::run(cx, &repo, &parsed),
        Action::SetUpstream => upstream::set(cx, &repo, &parsed),
        Action::UnsetUpstream => upstream::unset(cx, &repo, &parsed),
        Action::Describe => describe::run(cx, &repo, &parsed),
        Action::List => list::run(cx, &repo, &parsed),
        Action::Create => create::run(cx, &repo, &parsed),
    }
}

/// What the command line asks for.
enum Action {
    Create,
    Delete,
    Rename,
    SetUpstream,
    UnsetUpstream,
    Describe,
    List,
}

/// The one action that was named; none: a branch is made, or without arguments the branches are listed.
fn action(parsed: &Parsed) -> Result<Action> {
    let has = |names: &[&str]| names.iter().any(|name| parsed.has(name));
    let filters = ["contains", "no-contains", "merged", "no-merged", "points-at"];
    let listing = has(&["list"]) || has(&filters);
    let copies = has(&["copy", "C"]);
    let named = [
        (has(&["delete", "D"]), Action::Delete),
        (has(&["move", "M"]) || copies, Action::Rename),
        (has(&["set-upstream-to"]), Action::SetUpstream),
        (has(&["unset-upstream"]), Action::UnsetUpstream),
        (has(&["edit-description"]), Action::Describe),
        (listing, Action::List),
    ];
    let count = named.iter().filter(|(given, _)| *given).count();
    if count > 1 || copies && has(&["move", "M"]) {
        return Err(usage_only(COMMAND.usage));
    }
    let only = named.into_iter().find_map(|(given, action)| given.then_some(action));
    Ok(match only {
        Some(action) => action,
        None if parsed.args.is_empty() => Action::List,
        None => Action::Create,
    })
}

/// `@{-1}` and the like become branch names; the result must be valid.
pub(crate) fn branch_name(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8]) -> Result<Vec<u8>> {
    let expanded = match name.starts_with(b"@{") || name.ends_with(b"}") {
        true => with_resolver(cx, repo, |resolver| resolver.interpret(name))?.unwrap_or_else(|| name.to_vec()),
        false => name.to_vec(),
    };
    let short = expanded
        .strip_prefix(b"refs/heads/")
        .filter(|_| name.starts_with(b"@{"))
        .unwrap_or(&expanded);
    if name.starts_with(b"-") || short == b"HEAD" || !check_format(&cat!["refs/heads/", short], false) {
        let mut text = cat!["fatal: '", name, "' is not a valid branch name\n"];
        if repo.config.advice("refSyntax") {
            text.extend_from_slice(
                concat!(
                    "hint: See `man git check-ref-format`\n",
                    "hint: Disable this message with \"git config advice.refSyntax false\"\n"
                )
                .as_bytes(),
            );
        }
        return Err(Fault::Plain(text, 128));
    }
    Ok(short.to_vec())
}

/// The branch HEAD is on, without `refs/heads/`.
fn current(cx: &Cx<'_, '_>, repo: &Repo) -> Option<Vec<u8>> {
    let full = repo.refs.head_branch(cx.files())?;
    Some(full.strip_prefix(b"refs/heads/").unwrap_or(&full).to_vec())
}

fn change_config(cx: &mut Cx<'_, '_>, repo: &Repo, key: &[u8], change: config::Change<'_>) -> Result<bool> {
    let path = repo.git_path("config");
    let text = cx.files().read(&path).unwrap_or_default();
    match config::change(&text, key, change, &|_| true) {
        Ok(text) => {
            cx.files_mut().write(&path, text)?;
            Ok(true)
        }
        Err(_) => Ok(false),
    }
}
