//! Where a walk begins: the revisions and references of the command line, in the order they were named.

use super::arguments::{Arguments, Pending};
use super::options::{LogOptions, Tips};
use super::walk::{Start, peel};
use crate::cat;
use crate::fault::{Fault, Result};
use crate::oid::Oid;
use crate::process::Cx;
use crate::refs::Ref;
use crate::repo::Repo;
use crate::walk::History;
use crate::wildmatch::{has_glob, wildmatch};
use essaim_kernel::Files;

/// Everything a walk begins with or leaves out. `default`: `HEAD`, where nothing was named.
pub fn gather(
    cx: &Cx<'_, '_>,
    repo: &Repo,
    options: &LogOptions,
    arguments: &Arguments,
    default: bool,
) -> Result<Vec<Start>> {
    let mut starts = Vec::new();
    let mut tips = options.tips.iter().peekable();
    for pending in &arguments.pending {
        while let Some(tips) = tips.next_if(|tips| tips.at <= pending.word) {
            references(cx, repo, tips, &mut starts);
        }
        starts.extend(named(cx, repo, pending));
    }
    for tips in tips {
        references(cx, repo, tips, &mut starts);
    }
    if options.conflict {
        starts.extend(conflict(cx, repo)?);
    } else if default && arguments.pending.is_empty() && options.tips.is_empty() {
        let Some(head) = repo.refs.head(cx.files()) else {
            return Err(no_commits(cx, repo));
        };
        starts.push(Start {
            oid: head,
            object: head,
            name: b"HEAD".to_vec(),
            ..Start::default()
        });
    }
    Ok(starts)
}

fn named(cx: &Cx<'_, '_>, repo: &Repo, pending: &Pending) -> Option<Start> {
    Some(Start {
        oid: peel(cx.files(), repo, pending.oid)?,
        object: pending.oid,
        name: pending.name.clone(),
        negated: pending.negated,
        left: pending.is_left,
    })
}

/// References by their pattern. A name is shown without the folder that was asked for.
fn references(cx: &Cx<'_, '_>, repo: &Repo, tips: &Tips, starts: &mut Vec<Start>) {
    let files = cx.files();
    let mut add = |object: Oid, name: Vec<u8>| {
        if let Some(oid) = peel(files, repo, object) {
            starts.push(Start {
                oid,
                object,
                name,
                negated: tips.negated,
                left: false,
            });
        }
    };
    if tips.logs {
        for name in logged(cx, repo) {
            for entry in repo.refs.log(files, &name) {
                for oid in [entry.old, entry.new].into_iter().filter(|oid| !oid.is_null()) {
                    add(oid, Vec::new());
                }
            }
        }
        return;
    }
    let trimmed = match tips.prefix {
        "refs/" => "",
        prefix => prefix,
    };
    for reference in chosen(files, repo, tips.prefix, tips.pattern.as_deref()) {
        let name = reference.name[trimmed.len()..].to_vec();
        if !tips.excluded.iter().any(|pattern| wildmatch(pattern, &name, 0)) {
            add(reference.oid, name);
        }
    }
    if tips.head
        && let Some(oid) = repo.refs.head(files)
    {
        add(oid, b"HEAD".to_vec());
    }
}

/// The references below a folder that a pattern takes; one without wild cards takes all below it.
pub fn chosen(files: &Files, repo: &Repo, prefix: &str, pattern: Option<&[u8]>) -> Vec<Ref> {
    let mut found = repo.refs.list(files, prefix.as_bytes());
    if let Some(pattern) = pattern {
        let full = match has_glob(pattern) {
            true => pattern.to_vec(),
            false => cat![pattern.strip_suffix(b"/").unwrap_or(pattern), "/*"],
        };
        found.retain(|reference| wildmatch(&full, &reference.name[prefix.len()..], 0));
    }
    found
}

/// The references that have a log.
fn logged(cx: &Cx<'_, '_>, repo: &Repo) -> Vec<Vec<u8>> {
    let names = repo
        .refs
        .list(cx.files(), b"refs/")
        .into_iter()
        .map(|reference| reference.name);
    names
        .chain([b"HEAD".to_vec()])
        .filter(|name| repo.refs.has_log(cx.files(), name))
        .collect()
}

/// `--merge`: both sides of the merge in progress, without what they have in common.
fn conflict(cx: &Cx<'_, '_>, repo: &Repo) -> Result<Vec<Start>> {
    let Some(head) = repo.refs.head(cx.files()) else {
        return Err(Fault::fatal("--merge without HEAD?"));
    };
    let others = ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD"];
    let found = others
        .iter()
        .find_map(|name| Some((*name, repo.refs.oid(cx.files(), name.as_bytes())?)));
    let Some((name, other)) = found else {
        return Err(Fault::fatal(
            "--merge requires one of the pseudorefs MERGE_HEAD, CHERRY_PICK_HEAD, REVERT_HEAD or REBASE_HEAD",
        ));
    };
    let mut starts = Vec::new();
    for base in History::new(&repo.store, cx.files()).merge_bases(&head, &[other])? {
        starts.push(Start {
            oid: base,
            object: base,
            negated: true,
            ..Start::default()
        });
    }
    for (oid, name, left) in [(head, "HEAD", true), (other, name, false)] {
        starts.push(Start {
            oid,
            object: oid,
            name: name.into(),
            negated: false,
            left,
        });
    }
    Ok(starts)
}

/// The error of a branch without commits.
pub fn no_commits(cx: &Cx<'_, '_>, repo: &Repo) -> Fault {
    match repo.refs.head_branch(cx.files()) {
        Some(branch) => {
            let short = branch.strip_prefix(b"refs/heads/").unwrap_or(&branch).to_vec();
            Fault::fatal(cat!["your current branch '", short, "' does not have any commits yet"])
        }
        None => Fault::fatal("bad default revision 'HEAD'"),
    }
}
