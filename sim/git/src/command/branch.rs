//! `git branch`.

use super::Command;
use super::plumbing;
use crate::bytes::lossy;
use crate::cat;
use crate::cli::options::{Parsed, usage_only};
use crate::config;
use crate::fault::{Fault, Result};
use crate::listing::{Filter, Listing};
use crate::object::{Kind, subject};
use crate::oid::Oid;
use crate::output::{Colors, columns, display_width};
use crate::process::{Cx, Next};
use crate::refs::{Ref, Update, check_format};
use crate::repo::Repo;
use crate::revision::{Resolver, upstream, with_resolver};
use crate::tracking::{self, Tracking};
use crate::walk::History;
use crate::wildmatch::wildmatch;
use essaim_kernel::Value;
use std::collections::BTreeMap;

pub(super) const COMMAND: Command = Command {
    name: "branch",
    main,
    usage: include_str!("../usage/branch.txt"),
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
    let filters = ["contains", "no-contains", "merged", "no-merged", "points-at"]
        .iter()
        .any(|name| has(name));
    if has("delete") || has("D") {
        return delete(cx, &repo, &parsed);
    }
    if has("move") || has("M") || has("copy") || has("C") {
        return rename(cx, &repo, &parsed);
    }
    if has("set-upstream-to") {
        return set_upstream(cx, &repo, &parsed);
    }
    if has("unset-upstream") {
        return unset_upstream(cx, &repo, &parsed);
    }
    let listing = has("list") || parsed.args.is_empty() || filters || has("format") && parsed.args.is_empty();
    if listing {
        return list(cx, &repo, &parsed);
    }
    create(cx, &repo, &parsed)
}

// ---- creating ----

fn create(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<Next> {
    if parsed.has("all") || parsed.has("remotes") {
        let message =
            "options '-a', and '-r', do not take a branch name.\nDid you mean to use: -a|-r --list <pattern>?";
        let message = message.replace(
            "options '-a', and '-r', do",
            "The -a, and -r, options to 'git branch' do",
        );
        return Err(Fault::fatal(message));
    }
    if parsed.args.len() > 2 {
        return Err(usage_only(COMMAND.usage));
    }
    let name = parsed.args[0].clone();
    let current = repo.refs.head_branch(cx.files());
    let current = current
        .as_deref()
        .and_then(|full| full.strip_prefix(b"refs/heads/"))
        .unwrap_or(b"HEAD")
        .to_vec();
    let start = parsed.args.get(1).cloned().unwrap_or(current);
    let tracking = parsed.options.iter().rev().find(|given| given.name == "track");
    let track = match tracking {
        Some(given) if given.negated => Track::Never,
        Some(given) if given.value.as_deref() == Some(b"inherit") => {
            return Err(Fault::gap("'branch --track=inherit'"));
        }
        Some(_) => Track::Always,
        None => Track::Default,
    };
    make(cx, repo, &name, &start, parsed.has("force"), track, parsed.has("quiet"))?;
    Ok(Next::Exit(0))
}

/// Whether a new branch follows what it starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Track {
    /// Only a remote-tracking branch (`branch.autoSetupMerge`).
    Default,
    /// `--track`.
    Always,
    /// `--no-track`.
    Never,
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

/// Makes a branch as `git branch` and `git switch -c` do. Returns its commit.
pub(crate) fn make(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    name: &[u8],
    start: &[u8],
    force: bool,
    track: Track,
    quiet: bool,
) -> Result<Oid> {
    let name = branch_name(cx, repo, name)?;
    let full = cat!["refs/heads/", name];
    let existing = repo.refs.oid(cx.files(), &full);
    if existing.is_some() && !force {
        return Err(Fault::fatal(cat!["a branch named '", name, "' already exists"]));
    }
    if force
        && repo.refs.head_branch(cx.files()).as_deref() == Some(&full)
        && repo.work_tree.is_some()
        && existing.is_some()
    {
        let top = repo.work_tree.clone().unwrap_or_default();
        return Err(Fault::fatal(cat![
            "cannot force update the branch '",
            name,
            "' used by worktree at '",
            top,
            "'"
        ]));
    }
    let (oid, source) = start_point(cx, repo, start)?;
    let message = match existing {
        Some(_) => cat!["branch: Reset to ", start],
        None => cat!["branch: Created from ", start],
    };
    let who = cx.log_identity(repo)?;
    repo.refs.update(
        cx.files_mut(),
        &Update {
            name: &full,
            new: oid,
            old: existing.or(Some(Oid::NULL)),
            message: &message,
            who: &who,
            no_deref: false,
            create_log: false,
        },
    )?;
    let mut fields = BTreeMap::new();
    fields.insert("name", Value::from(lossy(&name)));
    fields.insert("oid", Value::from(oid.hex()));
    if existing.is_none() {
        cx.io.record("git.branch_created", fields);
    }
    if let Some(source) = source {
        follow(cx, repo, &name, &source, track, quiet)?;
    } else if track == Track::Always {
        return Err(Fault::fatal(cat![
            "cannot set up tracking information; starting point '",
            start,
            "' is not a branch"
        ]));
    }
    Ok(oid)
}

/// The commit to start from, and the full name of the branch it was named by.
fn start_point(cx: &mut Cx<'_, '_>, repo: &Repo, start: &[u8]) -> Result<(Oid, Option<Vec<u8>>)> {
    let found = with_resolver(cx, repo, |resolver| {
        let Some(oid) = resolver.object(start)? else {
            return Ok(None);
        };
        let source = resolver.dwim(start)?.map(|(full, _)| full);
        Ok(Some((resolver.peel(oid, Some(Kind::Commit)), source)))
    })?;
    match found {
        None => Err(Fault::fatal(cat!["not a valid object name: '", start, "'"])),
        Some((None, _)) => Err(Fault::fatal(cat!["not a valid branch point: '", start, "'"])),
        Some((Some(oid), source)) => {
            let branch = source.filter(|full| full.starts_with(b"refs/heads/") || full.starts_with(b"refs/remotes/"));
            Ok((oid, branch))
        }
    }
}

/// Sets what a branch follows, where it should.
fn follow(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8], source: &[u8], track: Track, quiet: bool) -> Result<()> {
    let remote = source.starts_with(b"refs/remotes/");
    let wanted = match (track, repo.config.get("branch.autosetupmerge")) {
        (Track::Never, _) => false,
        (Track::Always, _) => true,
        (Track::Default, Some(b"always")) => true,
        (Track::Default, Some(b"simple")) => remote && source.ends_with(&cat!["/", name]),
        (Track::Default, setting) => remote && setting.is_none_or(|text| config::parse_bool(Some(text)) != Some(false)),
    };
    if !wanted {
        return Ok(());
    }
    let (remote_name, merge) = match remote_of(repo, source) {
        Some(found) => found,
        None if remote => return Ok(()),
        None => (b".".to_vec(), source.to_vec()),
    };
    write_upstream(cx, repo, name, &remote_name, &merge)?;
    if !quiet {
        announce(cx, name, source);
    }
    Ok(())
}

fn announce(cx: &mut Cx<'_, '_>, name: &[u8], source: &[u8]) {
    cx.print(cat![
        "branch '",
        name,
        "' set up to track '",
        crate::refs::shorten(source),
        "'.\n"
    ]);
}

/// The remote a remote-tracking branch belongs to, and the branch there.
fn remote_of(repo: &Repo, full: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    for remote in repo.config.subsections("remote") {
        for refspec in repo.config.get_all(cat!["remote.", remote, ".fetch"]) {
            let refspec = refspec.strip_prefix(b"+").unwrap_or(refspec);
            let (from, to) = crate::bytes::split_once(refspec, b':')?;
            if let (Some(from), Some(to)) = (from.strip_suffix(b"*"), to.strip_suffix(b"*"))
                && let Some(rest) = full.strip_prefix(to)
            {
                return Some((remote, cat![from, rest]));
            }
        }
    }
    None
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

fn write_upstream(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8], remote: &[u8], merge: &[u8]) -> Result<()> {
    change_config(
        cx,
        repo,
        &cat!["branch.", name, ".remote"],
        config::Change::ReplaceAll(remote),
    )?;
    change_config(
        cx,
        repo,
        &cat!["branch.", name, ".merge"],
        config::Change::ReplaceAll(merge),
    )?;
    Ok(())
}

fn current_or(cx: &Cx<'_, '_>, repo: &Repo, parsed: &Parsed, what: &str) -> Result<Vec<u8>> {
    match parsed.args.first() {
        Some(name) => Ok(name.clone()),
        None => match repo.refs.head_branch(cx.files()) {
            Some(full) => Ok(full.strip_prefix(b"refs/heads/").unwrap_or(&full).to_vec()),
            None => Err(Fault::fatal(format!(
                "could not {what} HEAD when it does not point to any branch"
            ))),
        },
    }
}

fn set_upstream(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<Next> {
    if parsed.args.len() > 1 {
        return Err(Fault::fatal("too many arguments to set new upstream"));
    }
    let name = current_or(cx, repo, parsed, "set upstream of")?;
    let wanted = parsed.value("set-upstream-to").unwrap_or_default().to_vec();
    if !repo.refs.exists(cx.files(), &cat!["refs/heads/", name]) {
        return Err(Fault::fatal(cat!["branch '", name, "' does not exist"]));
    }
    let source = with_resolver(cx, repo, |resolver| resolver.dwim(&wanted))?;
    let Some((full, _)) = source else {
        let mut text = cat!["fatal: the requested upstream branch '", wanted, "' does not exist\n"];
        if repo.config.advice("setUpstreamFailure") {
            text.extend_from_slice(
                concat!(
                    "hint:\n",
                    "hint: If you are planning on basing your work on an upstream\n",
                    "hint: branch that already exists at the remote, you may need to\n",
                    "hint: run \"git fetch\" to retrieve it.\n",
                    "hint:\n",
                    "hint: If you are planning to push out a new local branch that\n",
                    "hint: will track its remote counterpart, you may want to use\n",
                    "hint: \"git push -u\" to set the upstream config as you push.\n",
                    "hint: Disable this message with \"git config advice.setUpstreamFailure false\"\n"
                )
                .as_bytes(),
            );
        }
        return Err(Fault::Plain(text, 128));
    };
    let (remote, merge) = match remote_of(repo, &full) {
        Some(found) => found,
        None => (b".".to_vec(), full.clone()),
    };
    if remote == b"." && merge == cat!["refs/heads/", name] {
        cx.eprint(cat!["warning: not setting branch '", name, "' as its own upstream\n"]);
        return Ok(Next::Exit(0));
    }
    write_upstream(cx, repo, &name, &remote, &merge)?;
    if !parsed.has("quiet") {
        announce(cx, &name, &full);
    }
    Ok(Next::Exit(0))
}

fn unset_upstream(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<Next> {
    let name = current_or(cx, repo, parsed, "unset upstream of")?;
    if repo.config.get(cat!["branch.", name, ".merge"]).is_none() {
        return Err(Fault::fatal(cat!["branch '", name, "' has no upstream information"]));
    }
    change_config(cx, repo, &cat!["branch.", name, ".remote"], config::Change::UnsetAll)?;
    change_config(cx, repo, &cat!["branch.", name, ".merge"], config::Change::UnsetAll)?;
    Ok(Next::Exit(0))
}

// ---- deleting and renaming ----

fn delete(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<Next> {
    if parsed.args.is_empty() {
        return Err(Fault::fatal("branch name required"));
    }
    let force = parsed.has("D") || parsed.has("force");
    let remotes = parsed.has("remotes");
    let (prefix, kind) = if remotes {
        ("refs/remotes/", "remote-tracking branch")
    } else {
        ("refs/heads/", "branch")
    };
    let mut failed = false;
    for typed in &parsed.args {
        let name = if remotes {
            typed.clone()
        } else {
            match with_resolver(cx, repo, |resolver| resolver.interpret(typed))? {
                Some(name) => name
                    .strip_prefix(b"refs/heads/")
                    .filter(|_| typed.starts_with(b"@{"))
                    .unwrap_or(&name)
                    .to_vec(),
                None => typed.clone(),
            }
        };
        let full = cat![prefix, name];
        if !remotes && repo.refs.head_branch(cx.files()).as_deref() == Some(&full) && repo.work_tree.is_some() {
            let top = repo.work_tree.clone().unwrap_or_default();
            cx.eprint(cat![
                "error: cannot delete branch '",
                name,
                "' used by worktree at '",
                top,
                "'\n"
            ]);
            failed = true;
            continue;
        }
        let symbolic = matches!(
            repo.refs.read(cx.files(), &full),
            Some(crate::refs::Target::Symbolic(_))
        );
        let Some(oid) = repo.refs.oid(cx.files(), &full) else {
            if symbolic {
                repo.refs.delete(cx.files_mut(), &full)?;
                continue;
            }
            let was_remote = !remotes && repo.refs.exists(cx.files(), &cat!["refs/remotes/", name]);
            cx.eprint(cat!["error: ", kind, " '", name, "' not found"]);
            cx.eprint(if was_remote {
                ".\nDid you forget --remote?\n"
            } else {
                "\n"
            });
            failed = true;
            continue;
        };
        if !force && !remotes && !is_merged(cx, repo, &name, &oid)? {
            cx.eprint(cat!["error: the branch '", name, "' is not fully merged\n"]);
            if repo.config.advice("forceDeleteBranch") {
                cx.eprint(cat![
                    "hint: If you are sure you want to delete it, run 'git branch -D ",
                    name,
                    "'\n"
                ]);
                cx.eprint("hint: Disable this message with \"git config advice.forceDeleteBranch false\"\n");
            }
            failed = true;
            continue;
        }
        repo.refs.delete(cx.files_mut(), &full)?;
        if !parsed.has("quiet") {
            let short = repo.short(cx.files(), &oid);
            cx.print(cat!["Deleted ", kind, " ", name, " (was ", short, ").\n"]);
        }
        if !remotes {
            let path = repo.git_path("config");
            let text = cx.files().read(&path).unwrap_or_default();
            if let Some(text) = config::rename_section(&text, &cat!["branch.", name], None) {
                cx.files_mut().write(&path, text)?;
            }
            let mut fields = BTreeMap::new();
            fields.insert("name", Value::from(lossy(&name)));
            cx.io.record("git.branch_deleted", fields);
        }
    }
    Ok(Next::Exit(u8::from(failed)))
}

/// Whether a branch's commits are in what it follows, or else in HEAD. Warns where the two disagree.
fn is_merged(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8], oid: &Oid) -> Result<bool> {
    let head = repo.refs.head(cx.files());
    let followed = upstream(repo, name).and_then(|full| Some((full.clone(), repo.refs.oid(cx.files(), &full)?)));
    let mut history = History::new(&repo.store, cx.files());
    let in_head = match head {
        Some(head) => history.is_ancestor(oid, &head)?,
        None => false,
    };
    let Some((full, target)) = followed else {
        return Ok(in_head);
    };
    let merged = history.is_ancestor(oid, &target)?;
    if merged != in_head {
        let text = if merged {
            cat![
                "warning: deleting branch '",
                name,
                "' that has been merged to\n         '",
                full,
                "', but not yet merged to HEAD\n"
            ]
        } else {
            cat![
                "warning: not deleting branch '",
                name,
                "' that is not yet merged to\n         '",
                full,
                "', even though it is merged to HEAD\n"
            ]
        };
        cx.eprint(text);
    }
    Ok(merged)
}

fn rename(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<Next> {
    let copy = parsed.has("copy") || parsed.has("C");
    let force = parsed.has("M") || parsed.has("C") || parsed.has("force");
    let verb = if copy { "copy" } else { "rename" };
    let head = repo.refs.head_branch(cx.files());
    let (old, new) = match parsed.args.as_slice() {
        [] => return Err(Fault::fatal("branch name required")),
        [new] => match &head {
            Some(full) => (full.strip_prefix(b"refs/heads/").unwrap_or(full).to_vec(), new.clone()),
            None => {
                return Err(Fault::fatal(format!(
                    "cannot {verb} the current branch while not on any"
                )));
            }
        },
        [old, new] => (old.clone(), new.clone()),
        _ => return Err(Fault::fatal(format!("too many arguments for a {verb} operation"))),
    };
    let old = with_resolver(cx, repo, |resolver| resolver.interpret(&old))?.unwrap_or(old);
    let old_full = cat!["refs/heads/", old];
    let unborn = head.as_deref() == Some(&old_full) && !repo.refs.exists(cx.files(), &old_full);
    if !repo.refs.exists(cx.files(), &old_full) && (!unborn || copy) {
        if unborn {
            return Err(Fault::fatal(cat!["no commit on branch '", old, "' yet"]));
        }
        return Err(Fault::fatal(cat!["no branch named '", old, "'"]));
    }
    let new = branch_name(cx, repo, &new)?;
    let new_full = cat!["refs/heads/", new];
    if old != new && repo.refs.exists(cx.files(), &new_full) {
        if !force {
            return Err(Fault::fatal(cat!["a branch named '", new, "' already exists"]));
        }
        if head.as_deref() == Some(&new_full) {
            let top = repo.work_tree.clone().unwrap_or_default();
            return Err(Fault::fatal(cat![
                "cannot force update the branch '",
                new,
                "' used by worktree at '",
                top,
                "'"
            ]));
        }
    }
    if old == new {
        return Ok(Next::Exit(0));
    }
    let message = match copy {
        true => cat!["Branch: copied ", old_full, " to ", new_full],
        false => cat!["Branch: renamed ", old_full, " to ", new_full],
    };
    let who = cx.log_identity(repo)?;
    if let Some(oid) = repo.refs.oid(cx.files(), &old_full) {
        let log = repo.refs.log(cx.files(), &old_full);
        let had_log = repo.refs.has_log(cx.files(), &old_full);
        repo.refs.delete(cx.files_mut(), &new_full)?;
        if !copy {
            repo.refs.delete(cx.files_mut(), &old_full)?;
        }
        if had_log {
            let path = repo.refs.log_path(&new_full);
            let parent = essaim_kernel::files::path::parent(&path).to_vec();
            cx.files_mut().create_dir_all(&parent)?;
            repo.refs.write_log(cx.files_mut(), &new_full, &log)?;
        }
        let is_head = head.as_deref() == Some(&old_full) && !copy;
        let update = Update {
            name: &new_full,
            new: oid,
            old: None,
            message: &message,
            who: &who,
            no_deref: true,
            create_log: false,
        };
        repo.refs.update(cx.files_mut(), &update)?;
        fix_rename_log(cx, repo, &new_full, oid)?;
        if is_head {
            rename_head(cx, repo, &new_full, oid, &message)?;
        }
    } else {
        repo.refs.set_symbolic(cx.files_mut(), b"HEAD", &new_full, None)?;
    }
    let path = repo.git_path("config");
    let text = cx.files().read(&path).unwrap_or_default();
    if !copy && let Some(text) = config::rename_section(&text, &cat!["branch.", old], Some(&cat!["branch.", new])) {
        cx.files_mut().write(&path, text)?;
    }
    Ok(Next::Exit(0))
}

/// A rename's entry says that nothing changed: from the commit to itself.
fn fix_rename_log(cx: &mut Cx<'_, '_>, repo: &Repo, full: &[u8], oid: Oid) -> Result<()> {
    let mut log = repo.refs.log(cx.files(), full);
    if let Some(last) = log.last_mut() {
        last.old = oid;
        repo.refs.write_log(cx.files_mut(), full, &log)?;
    }
    Ok(())
}

/// HEAD follows its branch; its log shows it leaving and coming back.
fn rename_head(cx: &mut Cx<'_, '_>, repo: &Repo, full: &[u8], oid: Oid, message: &[u8]) -> Result<()> {
    let who = cx.log_identity(repo)?;
    let entry = |old: Oid, new: Oid| crate::refs::LogEntry {
        old,
        new,
        who: who.clone(),
        message: message.to_vec(),
    };
    repo.refs
        .append_log(cx.files_mut(), b"HEAD", &entry(oid, Oid::NULL), false)?;
    repo.refs
        .append_log(cx.files_mut(), b"HEAD", &entry(Oid::NULL, oid), false)?;
    repo.refs.set_symbolic(cx.files_mut(), b"HEAD", full, None)
}

// ---- listing ----

/// One line of the list.
struct Line {
    reference: Ref,
    /// What is shown: the short name, or `(HEAD detached at 1234567)`.
    shown: Vec<u8>,
    current: bool,
    remote: bool,
}

fn list(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<Next> {
    let (remotes, all) = (parsed.has("remotes"), parsed.has("all"));
    let mut refs = Vec::new();
    if !remotes {
        refs.extend(repo.refs.list(cx.files(), b"refs/heads/"));
    }
    if remotes || all {
        refs.extend(repo.refs.list(cx.files(), b"refs/remotes/"));
    }
    let ignore_case = parsed.has("ignore-case");
    if !parsed.args.is_empty() {
        let fold = if ignore_case { crate::wildmatch::CASEFOLD } else { 0 };
        refs.retain(|item| {
            let name = item
                .name
                .strip_prefix(b"refs/heads/")
                .or(item.name.strip_prefix(b"refs/remotes/"));
            parsed
                .args
                .iter()
                .any(|pattern| wildmatch(pattern, name.unwrap_or(&item.name), fold))
        });
    }
    let filter = Filter {
        contains: plumbing::commits(cx, repo, parsed, "contains")?,
        no_contains: plumbing::commits(cx, repo, parsed, "no-contains")?,
        merged: plumbing::commits(cx, repo, parsed, "merged")?,
        no_merged: plumbing::commits(cx, repo, parsed, "no-merged")?,
        points_at: plumbing::commits(cx, repo, parsed, "points-at")?,
    };
    let head_branch = repo.refs.head_branch(cx.files());
    let detached = match (
        &head_branch,
        repo.refs.head(cx.files()),
        remotes || !parsed.args.is_empty(),
    ) {
        (None, Some(oid), false) => Some(Ref {
            name: b"HEAD".to_vec(),
            oid,
            symbolic: None,
        }),
        _ => None,
    };
    refs.extend(detached);
    filter.apply(repo, cx.files(), &mut refs)?;
    let clock = cx.clock();
    let listing = Listing {
        repo,
        files: cx.files(),
        clock,
    };
    let mut keys = parsed.values("sort");
    if keys.is_empty() {
        keys = repo
            .config
            .get_all("branch.sort")
            .into_iter()
            .map(<[u8]>::to_vec)
            .collect();
    }
    listing.sort(&mut refs, &keys, ignore_case)?;
    if keys.is_empty() {
        // A detached HEAD stands first, remote branches last.
        refs.sort_by_key(|item| (item.name != b"HEAD", item.name.starts_with(b"refs/remotes/")));
    }
    if let Some(format) = parsed.value("format") {
        let mut out = Vec::new();
        for item in &refs {
            let line = match item.name == b"HEAD" {
                true => listing.format(
                    &Ref {
                        name: detached_name(cx, repo),
                        ..item.clone()
                    },
                    format,
                )?,
                false => listing.format(item, format)?,
            };
            if !(line.is_empty() && parsed.has("omit-empty")) {
                out.extend_from_slice(&cat![line, "\n"]);
            }
        }
        cx.print(out);
        return Ok(Next::Exit(0));
    }
    let lines: Vec<Line> = refs
        .into_iter()
        .map(|reference| line(cx, repo, reference, head_branch.as_deref(), all))
        .collect();
    let colors = cx.colors(repo, "branch", parsed.value("color"));
    let out = print(cx, repo, parsed, &lines, &colors)?;
    cx.print(out);
    Ok(Next::Exit(0))
}

fn detached_name(cx: &Cx<'_, '_>, repo: &Repo) -> Vec<u8> {
    match crate::state::detached_from(cx.files(), repo) {
        Some((name, true)) => cat!["(HEAD detached at ", name, ")"],
        Some((name, false)) => cat!["(HEAD detached from ", name, ")"],
        None => b"(no branch)".to_vec(),
    }
}

fn line(cx: &Cx<'_, '_>, repo: &Repo, reference: Ref, head: Option<&[u8]>, all: bool) -> Line {
    let remote = reference.name.starts_with(b"refs/remotes/");
    let shown = match (reference.name.as_slice(), remote) {
        (b"HEAD", _) => detached_name(cx, repo),
        (name, true) if all => name.strip_prefix(b"refs/").unwrap_or(name).to_vec(),
        (name, _) => crate::refs::shorten(name).to_vec(),
    };
    Line {
        current: reference.name == b"HEAD" || head == Some(&reference.name),
        shown,
        remote,
        reference,
    }
}

fn print(cx: &Cx<'_, '_>, repo: &Repo, parsed: &Parsed, lines: &[Line], colors: &Colors) -> Result<Vec<u8>> {
    let verbosity = parsed.count("verbose");
    let width = lines.iter().map(|line| display_width(&line.shown)).max().unwrap_or(0);
    let mut out = Vec::new();
    let mut cells = Vec::new();
    for line in lines {
        let (mark, color) = match (line.current, line.remote) {
            (true, _) => ("* ", colors.start("branch.current", "green")),
            (false, true) => ("  ", colors.start("branch.remote", "red")),
            (false, false) => ("  ", colors.start("branch.local", "normal")),
        };
        let reset = if color.is_empty() && !colors.on {
            ""
        } else {
            colors.reset()
        };
        let mut text = if colors.on {
            cat![mark, color, line.shown, reset]
        } else {
            cat![mark, line.shown]
        };
        if verbosity > 0 {
            text.resize(text.len() + width - display_width(&line.shown), b' ');
            text.extend_from_slice(&details(cx, repo, line, verbosity, colors)?);
        } else if let Some(target) = &line.reference.symbolic {
            text.extend_from_slice(&cat![" -> ", crate::refs::shorten(target)]);
        }
        cells.push(text);
    }
    if parsed.has("column") && verbosity == 0 {
        return Ok(columns(&cells, cx.width(), ""));
    }
    for cell in cells {
        out.extend_from_slice(&cat![cell, "\n"]);
    }
    Ok(out)
}

/// ` 1234567 [origin/main: ahead 1] subject`.
fn details(cx: &Cx<'_, '_>, repo: &Repo, line: &Line, verbosity: usize, colors: &Colors) -> Result<Vec<u8>> {
    let files = cx.files();
    if let Some(target) = &line.reference.symbolic {
        return Ok(cat![" -> ", crate::refs::shorten(target)]);
    }
    let resolver = Resolver::new(repo, files, cx.clock());
    let commit = resolver
        .peel(line.reference.oid, Some(Kind::Commit))
        .unwrap_or(line.reference.oid);
    let mut out = cat![" ", repo.short(files, &line.reference.oid), " "];
    let tracking = match line.reference.name.strip_prefix(b"refs/heads/") {
        Some(name) => tracking::of_branch(files, repo, name)?,
        None => None,
    };
    if let Some(Tracking { short, apart, .. }) = tracking {
        let apart = match apart {
            None => "gone".to_owned(),
            Some((0, 0)) => String::new(),
            Some((ahead, 0)) => format!("ahead {ahead}"),
            Some((0, behind)) => format!("behind {behind}"),
            Some((ahead, behind)) => format!("ahead {ahead}, behind {behind}"),
        };
        let color = colors.start("branch.upstream", "blue");
        let name = cat![color, short, colors.reset()];
        match (verbosity > 1, apart.is_empty()) {
            (true, true) => out.extend_from_slice(&cat!["[", name, "] "]),
            (true, false) => out.extend_from_slice(&cat!["[", name, ": ", apart, "] "]),
            (false, true) => {}
            (false, false) => out.extend_from_slice(&cat!["[", apart, "] "]),
        }
    }
    let message = repo
        .store
        .commit(files, &commit)
        .map(|commit| commit.message)
        .unwrap_or_default();
    out.extend_from_slice(&subject(&message));
    Ok(out)
}
