//! Making branches.

use super::{COMMAND, branch_name, current, upstream};
use crate::bytes::lossy;
use crate::cat;
use crate::cli::options::{Parsed, usage_only};
use crate::fault::{Fault, Result};
use crate::object::Kind;
use crate::oid::Oid;
use crate::process::{Cx, Next};
use crate::refs::Update;
use crate::repo::Repo;
use crate::revision::with_resolver;
use essaim_kernel::Value;
use std::collections::BTreeMap;

pub(super) fn run(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<Next> {
    if parsed.has("all") || parsed.has("remotes") {
        return Err(Fault::fatal(
            "the -a, and -r, options to 'git branch' do not take a branch name.\nDid you mean to use: -a|-r --list <pattern>?",
        ));
    }
    if parsed.args.len() > 2 {
        return Err(usage_only(COMMAND.usage));
    }
    let name = parsed.args[0].clone();
    let current = current(cx, repo).unwrap_or_else(|| b"HEAD".to_vec());
    let start = parsed.args.get(1).cloned().unwrap_or(current);
    let tracking = parsed.options.iter().rev().find(|given| given.name == "track");
    let track = match tracking {
        Some(given) if given.negated => Track::Never,
        Some(given) => match given.value.as_deref() {
            None | Some(b"direct") => Track::Always,
            Some(b"inherit") => Track::Inherit,
            Some(_) => {
                let text = b"option `--track' expects \"direct\" or \"inherit\"";
                return Err(Fault::Error(text.to_vec(), 129));
            }
        },
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
    /// `--track=inherit`: what the branch it starts from follows.
    Inherit,
    /// `--no-track`.
    Never,
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
    if source.is_none() && track == Track::Always {
        return Err(upstream::not_a_branch(start));
    }
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
        upstream::follow(cx, repo, &name, &source, track, quiet)?;
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
        Ok(Some((resolver.peel(oid, Some(Kind::Commit)), source, oid)))
    })?;
    match found {
        None => Err(Fault::fatal(cat!["not a valid object name: '", start, "'"])),
        Some((None, _, object)) => {
            let kind = repo.store.get(cx.files(), &object)?.kind.name();
            let hex = object.hex();
            let said = format!("error: object {hex} is a {kind}, not a commit\n");
            Err(Fault::Plain(
                cat![said, "fatal: not a valid branch point: '", start, "'\n"],
                128,
            ))
        }
        Some((Some(oid), source, _)) => {
            let branch = source.filter(|full| full.starts_with(b"refs/heads/") || full.starts_with(b"refs/remotes/"));
            Ok((oid, branch))
        }
    }
}
