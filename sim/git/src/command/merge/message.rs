//! The message Git proposes for a merge.

use super::{Head, Options};
use crate::bytes::lossy;
use crate::cat;
use crate::fault::Result;
use crate::ident::Role;
use crate::object::Kind;
use crate::process::Cx;
use crate::repo::Repo;
use crate::revision::with_resolver;
use crate::walk::History;
use crate::wildmatch;

/// The message given, or `Merge branch 'topic' into main`.
pub(super) fn compose(cx: &mut Cx<'_, '_>, repo: &Repo, options: &Options, heads: &[Head]) -> Result<Vec<u8>> {
    let mut text = if options.has_message {
        options.message.clone()
    } else {
        title(cx, repo, options, heads)?
    };
    if options.log > 0 {
        for head in heads {
            let listed = shortlog(cx, repo, options.log, head)?;
            text.extend_from_slice(&listed);
        }
    }
    if options.signoff {
        let committer = cx.identity(repo, Role::Committer)?;
        crate::message::add_trailer(&mut text, &cat!["Signed-off-by: ", committer.who()]);
    }
    Ok(text)
}

/// `--log`: the subjects of what one branch brings, the newest first.
fn shortlog(cx: &Cx<'_, '_>, repo: &Repo, most: usize, head: &Head) -> Result<Vec<u8>> {
    let mut history = History::new(&repo.store, cx.files());
    let known: Vec<_> = repo.refs.head(cx.files()).into_iter().collect();
    let mut subjects = Vec::new();
    for oid in history.by_date(&[head.oid], &known)? {
        let commit = history.commit(&oid)?;
        if commit.parents.len() < 2 {
            subjects.push(commit.subject());
        }
    }
    let count = subjects.len();
    let mut out = if count > most {
        cat!["\n\n* ", head.name, format!(": ({count} commits)")]
    } else {
        cat!["\n\n* ", head.name, ":"]
    };
    for subject in subjects.iter().take(most) {
        out.extend_from_slice(&cat!["\n  ", subject]);
    }
    if count > most {
        out.extend_from_slice(b"\n  ...");
    }
    Ok(out)
}

/// What the commits are, in the order Git lists them.
#[derive(Default)]
struct Groups {
    branches: Vec<Vec<u8>>,
    remotes: Vec<Vec<u8>>,
    tags: Vec<Vec<u8>>,
    commits: Vec<Vec<u8>>,
    tag_messages: Vec<Vec<u8>>,
}

fn title(cx: &mut Cx<'_, '_>, repo: &Repo, options: &Options, heads: &[Head]) -> Result<Vec<u8>> {
    let mut groups = Groups::default();
    for head in heads {
        sort(cx, repo, head, &mut groups)?;
    }
    let mut parts = Vec::new();
    for (one, many, names) in [
        ("branch ", "branches ", &groups.branches),
        ("remote-tracking branch ", "remote-tracking branches ", &groups.remotes),
        ("tag ", "tags ", &groups.tags),
        ("commit ", "commits ", &groups.commits),
    ] {
        if !names.is_empty() {
            parts.push(joined(one, many, names));
        }
    }
    let mut text = cat!["Merge ", parts.join(b", ".as_slice())];
    if let Some(into) = into(cx, repo, options) {
        text.extend_from_slice(&cat![" into ", into]);
    }
    for message in &groups.tag_messages {
        text.extend_from_slice(&cat!["\n\n", message.trim_ascii_end()]);
    }
    Ok(text)
}

/// `branch 'a'`, `branches 'a', 'b' and 'c'`.
fn joined(one: &str, many: &str, names: &[Vec<u8>]) -> Vec<u8> {
    match names {
        [] => Vec::new(),
        [name] => cat![one, name],
        [rest @ .., last] => cat![many, rest.join(b", ".as_slice()), " and ", last],
    }
}

fn sort(cx: &mut Cx<'_, '_>, repo: &Repo, head: &Head, groups: &mut Groups) -> Result<()> {
    let quoted = |name: &[u8]| cat!["'", name, "'"];
    let followed = [b"@{u}".as_slice(), b"@{upstream}"].contains(&head.name.as_slice());
    let upstream = crate::state::branch_name(cx.files(), repo)
        .filter(|_| followed)
        .and_then(|branch| crate::revision::upstream(repo, branch.as_bytes()));
    let (name, found) = with_resolver(cx, repo, |resolver| {
        if let Some(full) = &upstream {
            return Ok((crate::refs::shorten(full).to_vec(), resolver.dwim(full)?));
        }
        let name = resolver.interpret(&head.name)?.unwrap_or_else(|| head.name.clone());
        let found = resolver.dwim(&name)?;
        Ok((name, found))
    })?;
    if let Some((full, oid)) = found {
        let list = if full.starts_with(b"refs/heads/") {
            Some(&mut groups.branches)
        } else if full.starts_with(b"refs/remotes/") {
            Some(&mut groups.remotes)
        } else if full.starts_with(b"refs/tags/") {
            if repo.store.get(cx.files(), &oid)?.kind == Kind::Tag {
                groups.tag_messages.push(repo.store.tag(cx.files(), &oid)?.message);
            }
            Some(&mut groups.tags)
        } else {
            None
        };
        if let Some(list) = list {
            list.push(quoted(&name));
            return Ok(());
        }
    }
    // `topic~2` is the early part of a branch, `topic~0` all of it.
    let (stem, steps) = ancestors_of(&head.name);
    if stem.len() < head.name.len()
        && let Some(oid) = repo.refs.oid(cx.files(), &cat!["refs/heads/", stem])
    {
        let early = if steps == 0 || oid == head.oid {
            ""
        } else {
            " (early part)"
        };
        groups.branches.push(cat![quoted(stem), early]);
        return Ok(());
    }
    groups.commits.push(quoted(&head.name));
    Ok(())
}

/// A name without the `^` and `~2` at its end, and how many steps those are.
fn ancestors_of(name: &[u8]) -> (&[u8], usize) {
    let stripped = name.iter().rposition(|b| *b != b'^').map_or(0, |at| at + 1);
    if stripped < name.len() {
        return (&name[..stripped], name.len() - stripped);
    }
    let digits = name.iter().rposition(|b| !b.is_ascii_digit()).map_or(0, |at| at + 1);
    if digits > 0 && name[digits - 1] == b'~' {
        let steps = if digits == name.len() {
            1
        } else {
            lossy(&name[digits..]).parse().unwrap_or(1)
        };
        return (&name[..digits - 1], steps);
    }
    (name, 0)
}

/// The branch that is named after `into`; `None`: it goes without saying (`merge.suppressDest`, by default `main` and
/// `master`).
fn into(cx: &Cx<'_, '_>, repo: &Repo, options: &Options) -> Option<Vec<u8>> {
    let branch = match &options.into_name {
        Some(name) => name.clone(),
        None => crate::state::branch_name(cx.files(), repo).map_or(b"HEAD".to_vec(), String::into_bytes),
    };
    let mut patterns: Vec<Vec<u8>> = Vec::new();
    let mut set = false;
    for value in repo
        .config
        .entries
        .iter()
        .filter(|entry| entry.key == b"merge.suppressdest")
    {
        set = true;
        match value.value.as_deref() {
            None | Some(b"") => patterns.clear(),
            Some(pattern) => patterns.push(pattern.to_vec()),
        }
    }
    if !set {
        patterns = vec![b"main".to_vec(), b"master".to_vec()];
    }
    let suppressed = patterns
        .iter()
        .any(|pattern| wildmatch::wildmatch(pattern, &branch, wildmatch::PATHNAME));
    (!suppressed).then_some(branch)
}
