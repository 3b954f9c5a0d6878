//! The end of a merge: its commit, the references, the statistics.

use super::{Job, Strategy, cleaned, head_update, squash};
use crate::cat;
use crate::command::hooks::{self, Hook, refused};
use crate::diff::{Contents, Options as DiffOptions, filter, lists};
use crate::fault::{Fault, Result};
use crate::ident::Role;
use crate::message::{comment_char, commented};
use crate::object::{Commit, Kind};
use crate::oid::Oid;
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next, Outcome, Then};
use crate::repo::Repo;
use essaim_kernel::Value;
use std::collections::BTreeMap;

/// Files of a merge under way.
const STATE_FILES: [&str; 6] = [
    "MERGE_HEAD",
    "MERGE_RR",
    "MERGE_MSG",
    "MERGE_MODE",
    "MERGE_AUTOSTASH",
    "AUTO_MERGE",
];

/// A merge that went well, to be recorded.
#[derive(Clone)]
pub(super) struct Done {
    pub job: Job,
    pub tree: Oid,
    pub strategy: Strategy,
}

/// Forgets a merge under way.
pub(super) fn remove_state(cx: &mut Cx<'_, '_>, repo: &Repo) -> Result<()> {
    for name in STATE_FILES {
        let path = repo.git_path(name);
        if cx.files().exists(&path) {
            cx.files_mut().remove_file(&path)?;
        }
    }
    Ok(())
}

/// Writes `MERGE_HEAD`, `MERGE_MODE` and `MERGE_MSG`.
pub(super) fn write_state(cx: &mut Cx<'_, '_>, job: &Job, message: &[u8]) -> Result<()> {
    let repo = &job.repo;
    let heads: Vec<u8> = job.heads.iter().flat_map(|head| cat![head.oid.hex(), "\n"]).collect();
    let mode = if job.options.fast_forward == super::FastForward::Never {
        "no-ff"
    } else {
        ""
    };
    let text = cat![message, "\n"];
    cx.files_mut().write(&repo.git_path("MERGE_HEAD"), heads)?;
    cx.files_mut()
        .write(&repo.git_path("MERGE_MODE"), mode.as_bytes().to_vec())?;
    cx.files_mut().write(&repo.git_path("MERGE_MSG"), text)?;
    Ok(())
}

/// Records the merge, after its hooks, and the editor where it is wanted.
pub(super) fn commit(cx: &mut Cx<'_, '_>, done: Done) -> Result<Next> {
    let (repo, hook) = (done.job.repo.clone(), hook(&done, "pre-merge-commit", &[]));
    let done = Box::new(done);
    if !done.job.options.verify {
        return compose(cx, done);
    }
    let then = Then::new(done, |mut done, cx, outcome| {
        if refused(&outcome) {
            return abort(cx, &done.job, b"");
        }
        if outcome != Outcome::Nothing {
            // The hook may have changed the index.
            let repo = &done.job.repo;
            done.tree = repo.index(cx.files())?.write_tree(cx.files_mut(), &repo.store)?;
        }
        compose(cx, done)
    });
    hooks::run(cx, &repo, &hook, then)
}

fn hook<'a>(done: &Done, name: &'a str, args: &[&[u8]]) -> Hook<'a> {
    Hook {
        name,
        args: args.iter().map(|arg| arg.to_vec()).collect(),
        index: Some(done.job.repo.index_path.clone()),
        without_editor: !done.job.options.edit,
        ..Hook::default()
    }
}

fn compose(cx: &mut Cx<'_, '_>, done: Box<Done>) -> Result<Next> {
    let repo = done.job.repo.clone();
    let comment = comment_char(&repo.config);
    let mut text = done.job.message.clone();
    if done.job.options.edit {
        let ending =
            format!("Lines starting with '{comment}' will be ignored, and an empty message aborts\nthe commit.\n");
        let why = concat!(
            "Please enter a commit message to explain why this merge is necessary,\n",
            "especially if it merges an updated upstream into a topic branch.\n\n"
        );
        text.push(b'\n');
        text.extend_from_slice(commented(&format!("{why}{ending}"), &comment).as_bytes());
    }
    write_state(cx, &done.job, &done.job.message)?;
    cx.files_mut().write(&repo.git_path("MERGE_MSG"), text)?;
    let hook = hook(
        &done,
        "prepare-commit-msg",
        &[&repo.git_path_shown("MERGE_MSG"), b"merge"],
    );
    let then = Then::new(done, |done, cx, outcome| match refused(&outcome) {
        true => abort(cx, &done.job, b""),
        false => edit(cx, done),
    });
    hooks::run(cx, &repo, &hook, then)
}

fn edit(cx: &mut Cx<'_, '_>, done: Box<Done>) -> Result<Next> {
    let repo = done.job.repo.clone();
    if !done.job.options.edit {
        return check_message(cx, done);
    }
    let editor = match cx.editor(&repo) {
        Ok(editor) => editor,
        Err(fault) => return abort(cx, &done.job, &fault.render().0),
    };
    cx.announce_editor(&repo);
    let path = repo.git_path("MERGE_MSG");
    let then = Then::new((done, editor), |(done, editor), cx, outcome| match outcome {
        Outcome::Code(0) => check_message(cx, done),
        _ => {
            let said = cat!["error: there was a problem with the editor '", editor, "'\n"];
            abort(cx, &done.job, &said)
        }
    });
    Ok(Next::Edit(path, then))
}

fn check_message(cx: &mut Cx<'_, '_>, done: Box<Done>) -> Result<Next> {
    let repo = done.job.repo.clone();
    if !done.job.options.verify {
        return record(cx, &done);
    }
    let hook = hook(&done, "commit-msg", &[&repo.git_path_shown("MERGE_MSG")]);
    let then = Then::new(done, |done, cx, outcome| match refused(&outcome) {
        true => abort(cx, &done.job, b""),
        false => record(cx, &done),
    });
    hooks::run(cx, &repo, &hook, then)
}

/// A merge is done: what the hook says of it changes nothing.
pub(super) fn afterwards(cx: &mut Cx<'_, '_>, job: &Job, code: u8) -> Result<Next> {
    let squash: &[u8] = if job.options.squash { b"1" } else { b"0" };
    let hook = Hook {
        name: "post-merge",
        args: vec![squash.to_vec()],
        ..Hook::default()
    };
    let then = Then::new(code, |code, _, _| Ok(Next::Exit(code)));
    hooks::run(cx, &job.repo, &hook, then)
}

fn abort(cx: &mut Cx<'_, '_>, job: &Job, said: &[u8]) -> Result<Next> {
    write_state(cx, job, &job.message)?;
    let text = cat![said, "Not committing merge; use 'git commit' to complete the merge.\n"];
    Err(Fault::Plain(text, 1))
}

fn record(cx: &mut Cx<'_, '_>, done: &Done) -> Result<Next> {
    let Done { job, tree, strategy } = done;
    let repo = &job.repo;
    let text = cx.files().read(&repo.git_path("MERGE_MSG"))?;
    let message = cleaned(job, &text, job.options.edit)?;
    if message.is_empty() {
        return abort(cx, job, b"error: Empty commit message.\n");
    }
    let mut parents = vec![job.head];
    // A merge of several that stands on all of them needs no first parent of its own.
    let oids: Vec<Oid> = job.heads.iter().map(|head| head.oid).collect();
    if oids.len() > 1 && job.options.fast_forward != super::FastForward::Never {
        let mut history = crate::walk::History::new(&repo.store, cx.files());
        if history.ancestors(&oids)?.contains(&job.head) {
            parents.clear();
        }
    }
    parents.extend(oids);
    let commit = Commit {
        tree: *tree,
        parents,
        author: cx.identity(repo, Role::Author)?,
        committer: cx.identity(repo, Role::Committer)?,
        message,
        ..Commit::default()
    };
    let oid = repo.store.write(cx.files_mut(), Kind::Commit, &commit.write())?;
    let said = cat!["Merge made by the '", strategy.name(), "' strategy."];
    finish(cx, job, Some(oid), Some(&said))?;
    super::autostash::apply(cx, repo)?;
    remove_state(cx, repo)?;
    let branch = crate::state::branch_name(cx.files(), repo).unwrap_or_default();
    let mut fields: BTreeMap<&'static str, Value> = BTreeMap::new();
    fields.insert("oid", Value::from(oid.hex()));
    fields.insert("branch", Value::from(branch));
    fields.insert("subject", Value::from(commit.subject().as_slice()));
    fields.insert("parents", Value::from(commit.parents.len()));
    cx.io.record("git.merge_completed", fields);
    afterwards(cx, job, 0)
}

/// Says what happened, moves `HEAD` (or writes `SQUASH_MSG`) and shows what changed.
pub(super) fn finish(cx: &mut Cx<'_, '_>, job: &Job, new: Option<Oid>, said: Option<&[u8]>) -> Result<()> {
    if let Some(said) = said
        && !job.options.quiet
    {
        cx.print(cat![said, "\n"]);
    }
    if job.options.squash {
        let text = squash::message(cx, job)?;
        cx.files_mut().write(&job.repo.git_path("SQUASH_MSG"), text)?;
        cx.print("Squash commit -- not updating HEAD\n");
    } else if let Some(new) = new {
        let log = cat![job.action, ": ", said.unwrap_or_default()];
        move_head(cx, &job.repo, new, Some(job.head), &log)?;
    }
    if let Some(new) = new
        && job.options.stat
        && !job.options.quiet
    {
        let text = statistics(cx, &job.repo, job.head, new)?;
        cx.print(text);
    }
    Ok(())
}

/// Moves `HEAD` and its branch.
pub(super) fn move_head(cx: &mut Cx<'_, '_>, repo: &Repo, new: Oid, old: Option<Oid>, log: &[u8]) -> Result<()> {
    let who = cx.log_identity(repo)?;
    repo.refs.update(cx.files_mut(), &head_update(new, old, log, &who))
}

/// The statistics and the summary of what a merge brought.
fn statistics(cx: &Cx<'_, '_>, repo: &Repo, old: Oid, new: Oid) -> Result<Vec<u8>> {
    let files = cx.files();
    let mut options = DiffOptions::new(Some(repo), true, cx.width());
    options.formats.stat = true;
    options.formats.summary = true;
    options.renames = Some(50);
    options.settle_colors(Some(repo), cx.is_terminal());
    let trees = (
        repo.store.commit(files, &old)?.tree,
        repo.store.commit(files, &new)?.tree,
    );
    let changes = lists::trees(files, &repo.store, Some(&trees.0), Some(&trees.1), &Pathspec::default())?;
    let contents = Contents::new(files, repo);
    let changes = filter::run(&contents, changes, &options, None)?;
    let mut out = Vec::new();
    crate::diff::print(&mut out, &contents, &changes, &options)?;
    Ok(out)
}
