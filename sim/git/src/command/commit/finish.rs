//! Making the commit: the object, the reference, the summary.

use super::{Draft, cleaned, hooked};
use crate::cat;
use crate::fault::{Fault, Result};
use crate::object::{Commit, Kind};
use crate::oid::Oid;
use crate::output::quote_high;
use crate::pathspec::Pathspec;
use crate::print::summary;
use crate::process::{Cx, Next};
use crate::refs::Update;
use crate::repo::Repo;
use crate::state::Whence;
use crate::status::Change;
use essaim_kernel::Value;
use std::collections::BTreeMap;

/// Files of an operation that a commit concludes.
const CONCLUDED: [&str; 7] = [
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "MERGE_HEAD",
    "MERGE_MSG",
    "MERGE_MODE",
    "SQUASH_MSG",
    "AUTO_MERGE",
];

/// The message is final: the commit is made.
pub(super) fn finish(cx: &mut Cx<'_, '_>, draft: Box<Draft>) -> Result<Next> {
    let text = cx.files().read(&draft.repo.git_path("COMMIT_EDITMSG"))?;
    let message = cleaned(&draft, &text);
    if draft.edited && !draft.prepared.is_empty() && is_unchanged(&draft, &message) {
        cx.eprint("Aborting commit; you did not edit the message.\n");
        return Ok(Next::Exit(1));
    }
    if only_trailers_or_nothing(&message) && !draft.options.allow_empty_message {
        cx.eprint("Aborting commit due to empty commit message.\n");
        return Ok(Next::Exit(1));
    }
    if message.contains(&0) {
        return Err(Fault::error("a NUL byte in commit log message not allowed."));
    }
    let commit = Commit {
        tree: draft.tree,
        parents: draft.parents.clone(),
        author: draft.author.clone(),
        committer: draft.committer.clone(),
        message,
        ..Commit::default()
    };
    let repo = &draft.repo;
    let oid = repo.store.write(cx.files_mut(), Kind::Commit, &commit.write())?;
    let action = match (draft.options.amend, draft.whence, draft.head) {
        (true, ..) => "commit (amend): ",
        (_, Whence::Merge, _) => "commit (merge): ",
        (_, Whence::CherryPick, _) => "commit (cherry-pick): ",
        (_, _, None) => "commit (initial): ",
        _ => "commit: ",
    };
    let action = cx
        .io
        .var("GIT_REFLOG_ACTION")
        .map_or(action.to_owned(), |text| format!("{}: ", crate::bytes::lossy(text)));
    let first_line = commit
        .message
        .split(|b| *b == b'\n')
        .next()
        .unwrap_or_default()
        .to_vec();
    let log = cat![action, first_line];
    repo.refs.update(
        cx.files_mut(),
        &Update {
            name: b"HEAD",
            new: oid,
            old: Some(draft.head.unwrap_or(Oid::NULL)),
            message: &log,
            who: &draft.committer,
            no_deref: false,
            create_log: false,
        },
    )?;
    for name in CONCLUDED {
        let path = repo.git_path(name);
        if cx.files().exists(&path) {
            cx.files_mut().remove_file(&path)?;
        }
    }
    if let Some(mut saved) = draft.saved.clone() {
        repo.save_index(cx.files_mut(), &mut saved)?;
    }
    record(cx, repo, &oid, &commit, &draft);
    hooked::afterwards(cx, draft, oid)
}

/// Says what was committed.
pub(super) fn say(cx: &mut Cx<'_, '_>, draft: &Draft, made: Oid) -> Result<Next> {
    let repo = draft.repo.clone();
    if !draft.options.quiet {
        let commit = draft.repo.store.commit(cx.files(), &made)?;
        let text = summary_text(cx, draft, &made, &commit)?;
        cx.print(text);
    }
    crate::command::merge::autostash::apply(cx, &repo)?;
    Ok(Next::Exit(0))
}

fn is_unchanged(draft: &Draft, message: &[u8]) -> bool {
    let template = cleaned(draft, &draft.prepared);
    // What was only added below a sign-off counts as nothing.
    template.trim_ascii_end() == message.trim_ascii_end() && !template.is_empty()
}

/// A message of nothing but sign-offs is empty.
fn only_trailers_or_nothing(message: &[u8]) -> bool {
    crate::bytes::lines(message).all(|line| line.trim_ascii().is_empty() || line.starts_with(b"Signed-off-by: "))
}

fn record(cx: &mut Cx<'_, '_>, repo: &Repo, oid: &Oid, commit: &Commit, draft: &Draft) {
    let branch = crate::state::branch_name(cx.files(), repo).unwrap_or_default();
    let fields = |extra: &[(&'static str, Value)]| {
        let mut fields: BTreeMap<&'static str, Value> = BTreeMap::new();
        fields.insert("oid", Value::from(oid.hex()));
        fields.insert("branch", Value::from(branch.clone()));
        fields.insert("subject", Value::from(commit.subject().as_slice()));
        fields.extend(extra.iter().cloned());
        fields
    };
    cx.io.record(
        "git.commit_created",
        fields(&[("amend", Value::Bool(draft.options.amend))]),
    );
    if commit.parents.len() > 1 {
        cx.io.record(
            "git.merge_completed",
            fields(&[("parents", Value::from(commit.parents.len()))]),
        );
    }
}

/// `[main 1234567] subject` and what changed.
fn summary_text(cx: &mut Cx<'_, '_>, draft: &Draft, oid: &Oid, commit: &Commit) -> Result<Vec<u8>> {
    let repo = &draft.repo;
    let files = cx.files();
    let branch = match repo.refs.head_branch(files) {
        Some(name) => name.strip_prefix(b"refs/heads/").unwrap_or(&name).to_vec(),
        None => b"detached HEAD".to_vec(),
    };
    let root = if draft.head.is_none() { " (root-commit)" } else { "" };
    let mut out = cat![
        "[",
        branch,
        root,
        " ",
        repo.short(files, oid),
        "] ",
        commit.subject(),
        "\n"
    ];
    let (author, committer) = (&commit.author, &commit.committer);
    if (&author.name, &author.email) != (&committer.name, &committer.email) {
        out.extend_from_slice(&cat![" Author: ", author.who(), "\n"]);
    }
    let date_shown = draft.options.date.is_some()
        || draft.options.amend && draft.options.fixup.is_none()
        || draft.options.reuse.is_some();
    if date_shown && !draft.options.reset_author {
        let when = crate::date::format(author.seconds, author.zone, &crate::date::Mode::Default, &cx.clock());
        out.extend_from_slice(&cat![" Date: ", when, "\n"]);
    }
    if commit.parents.len() > 1 {
        return Ok(out);
    }
    let changes = changes(cx, repo, commit)?;
    let high = quote_high(&repo.config);
    out.extend_from_slice(&summary::text(cx.files(), &repo.store, &changes, high)?);
    Ok(out)
}

/// What a commit changed against its first parent, renames found.
fn changes(cx: &Cx<'_, '_>, repo: &Repo, commit: &Commit) -> Result<Vec<Change>> {
    let files = cx.files();
    let base = match commit.parents.first() {
        Some(parent) => Some(repo.store.commit(files, parent)?.tree),
        None => None,
    };
    let none = Pathspec::default();
    let plain = crate::diff::lists::trees(files, &repo.store, base.as_ref(), Some(&commit.tree), &none)?;
    crate::status::with_renames(files, repo, plain, 50)
}
