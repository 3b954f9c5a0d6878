//! The hooks around a commit: `pre-commit`, `prepare-commit-msg`, `commit-msg`, `post-commit`, `post-rewrite`.

use super::{Draft, compose, edit, finish};
use crate::cat;
use crate::command::hooks::{self, Hook, refused};
use crate::fault::Result;
use crate::index::Index;
use crate::oid::Oid;
use crate::process::{Cx, Next, Outcome, Then};
use crate::repo::Repo;

/// The index file of a commit of some paths only.
const PARTIAL: &str = "next-index-1.lock";

fn hook<'a>(draft: &Draft, name: &'a str) -> Hook<'a> {
    Hook {
        name,
        index: Some(index_file(draft)),
        without_editor: !draft.edited,
        ..Hook::default()
    }
}

/// Where a hook finds what is to be committed.
fn index_file(draft: &Draft) -> Vec<u8> {
    let options = &draft.options;
    if options.only && !options.paths.is_empty() {
        draft.repo.git_path(PARTIAL)
    } else if options.all || options.include || options.patch {
        draft.repo.git_path("index.lock")
    } else {
        draft.repo.index_path.clone()
    }
}

/// The same repository with the hook's index file.
fn aside(draft: &Draft) -> Repo {
    Repo {
        index_path: index_file(draft),
        ..draft.repo.clone()
    }
}

/// Puts what is to be committed where hooks find it.
fn lay_out(cx: &mut Cx<'_, '_>, draft: &Draft) -> Result<()> {
    let mut index = draft.index.clone();
    aside(draft).save_index(cx.files_mut(), &mut index)
}

/// Takes it back from there; a hook may have changed it.
fn take_back(cx: &mut Cx<'_, '_>, draft: &mut Draft) -> Result<()> {
    let path = index_file(draft);
    draft.index = Index::load(cx.files(), &path)?;
    if draft.saved.is_some() && path != draft.repo.git_path(PARTIAL) {
        draft.saved = Some(draft.index.clone());
    }
    if path != draft.repo.index_path {
        cx.files_mut().remove_file(&path)?;
    }
    Ok(())
}

pub(super) fn pre_commit(cx: &mut Cx<'_, '_>, draft: Box<Draft>) -> Result<Next> {
    if !draft.options.verify || !hooks::exists(cx, &draft.repo, "pre-commit") {
        return compose(cx, draft);
    }
    lay_out(cx, &draft)?;
    let (repo, hook) = (draft.repo.clone(), hook(&draft, "pre-commit"));
    let then = Then::new(draft, |mut draft, cx, outcome| {
        take_back(cx, &mut draft)?;
        match refused(&outcome) {
            true => Ok(Next::Exit(1)),
            false => compose(cx, draft),
        }
    });
    hooks::run(cx, &repo, &hook, then)
}

/// `source`: where the message comes from, as the hook is told.
pub(super) fn prepare_message(cx: &mut Cx<'_, '_>, draft: Box<Draft>, source: Vec<Vec<u8>>) -> Result<Next> {
    if !hooks::exists(cx, &draft.repo, "prepare-commit-msg") {
        return edit(cx, draft);
    }
    lay_out(cx, &draft)?;
    let mut hook = hook(&draft, "prepare-commit-msg");
    hook.args = vec![message_file(&draft.repo)];
    hook.args.extend(source);
    let repo = draft.repo.clone();
    let then = Then::new(draft, |mut draft, cx, outcome| {
        take_back(cx, &mut draft)?;
        match refused(&outcome) {
            true => Ok(Next::Exit(1)),
            false => edit(cx, draft),
        }
    });
    hooks::run(cx, &repo, &hook, then)
}

pub(super) fn commit_message(cx: &mut Cx<'_, '_>, draft: Box<Draft>) -> Result<Next> {
    if !draft.options.verify || !hooks::exists(cx, &draft.repo, "commit-msg") {
        return finish::finish(cx, draft);
    }
    lay_out(cx, &draft)?;
    let mut hook = hook(&draft, "commit-msg");
    hook.args = vec![message_file(&draft.repo)];
    let repo = draft.repo.clone();
    let then = Then::new(draft, |mut draft, cx, outcome| {
        take_back(cx, &mut draft)?;
        match refused(&outcome) {
            true => Ok(Next::Exit(1)),
            false => finish::finish(cx, draft),
        }
    });
    hooks::run(cx, &repo, &hook, then)
}

fn message_file(repo: &Repo) -> Vec<u8> {
    repo.git_path_shown("COMMIT_EDITMSG")
}

/// The commit is made; what these hooks say of it changes nothing.
pub(super) fn afterwards(cx: &mut Cx<'_, '_>, draft: Box<Draft>, made: Oid) -> Result<Next> {
    let mut hook = hook(&draft, "post-commit");
    hook.index = Some(draft.repo.index_path.clone());
    let repo = draft.repo.clone();
    let then = Then::new((draft, made), rewritten);
    hooks::run(cx, &repo, &hook, then)
}

fn rewritten((draft, made): (Box<Draft>, Oid), cx: &mut Cx<'_, '_>, _: Outcome) -> Result<Next> {
    let old = draft.head.filter(|_| draft.options.amend && draft.options.post_rewrite);
    let Some(old) = old else {
        return finish::say(cx, &draft, made);
    };
    let hook = Hook {
        name: "post-rewrite",
        args: vec![b"amend".to_vec()],
        input: cat![old.hex(), " ", made.hex(), "\n"],
        ..Hook::default()
    };
    let repo = draft.repo.clone();
    let then = Then::new((draft, made), |(draft, made), cx, _| finish::say(cx, &draft, made));
    hooks::run(cx, &repo, &hook, then)
}
