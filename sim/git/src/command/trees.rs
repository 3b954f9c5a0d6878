//! `git write-tree` and `git commit-tree`.

use super::Command;
use crate::cat;
use crate::cli::options::{Parsed, usage_only};
use crate::fault::{Fault, Result};
use crate::ident::Role;
use crate::object::{Commit, Kind, mode};
use crate::oid::Oid;
use crate::process::{Cx, Next, Outcome, Then};
use crate::repo::Repo;
use crate::revision::with_resolver;

pub(super) const WRITE_TREE: Command = Command {
    name: "write-tree",
    main: write_tree,
    usage: include_str!("../usage/write-tree.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &["missing-ok", "prefix"],
};

pub(super) const COMMIT_TREE: Command = Command {
    name: "commit-tree",
    main: commit_tree,
    usage: include_str!("../usage/commit-tree.txt"),
    help_on_stderr: true,
    paged: false,
    supported: &["p", "m", "F"],
};

fn write_tree(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = WRITE_TREE.parse(args)?;
    let repo = cx.repo()?;
    let index = repo.index(cx.files())?;
    if index.has_unmerged() {
        let mut text = Vec::new();
        for entry in index.entries().iter().filter(|entry| entry.stage != 0) {
            text.extend_from_slice(&cat![entry.path, format!(": unmerged ({})\n", entry.oid)]);
        }
        text.extend_from_slice(b"fatal: git-write-tree: error building trees\n");
        return Err(Fault::Plain(text, 128));
    }
    let tree = index.write_tree(cx.files_mut(), &repo.store)?;
    let mut shown = tree;
    if let Some(prefix) = parsed.value("prefix") {
        let path = prefix.strip_suffix(b"/").unwrap_or(prefix);
        for part in path.split(|b| *b == b'/').filter(|part| !part.is_empty()) {
            let inside = repo.store.tree(cx.files(), &shown)?;
            let below = inside
                .iter()
                .find(|entry| entry.name == part && entry.mode == mode::TREE);
            let missing = || Fault::fatal(cat!["git-write-tree: prefix ", prefix, " not found"]);
            shown = below.ok_or_else(missing)?.oid;
        }
    }
    cx.print(cat![shown.hex(), "\n"]);
    Ok(Next::Exit(0))
}

#[derive(Clone)]
struct Draft {
    repo: Repo,
    tree: Oid,
    parents: Vec<Oid>,
}

fn commit_tree(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    super::input::with_file(cx, COMMIT_TREE.parse(args)?, "F", commit_tree_of)
}

/// The object of a name.
fn named(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8]) -> Result<Oid> {
    let found = with_resolver(cx, repo, |resolver| resolver.object(name))?;
    found.ok_or_else(|| Fault::fatal(cat!["not a valid object name ", name]))
}

fn commit_tree_of(cx: &mut Cx<'_, '_>, parsed: Parsed) -> Result<Next> {
    let repo = cx.repo()?;
    let [tree] = parsed.args.as_slice() else {
        if parsed.args.is_empty() {
            return Err(usage_only(COMMIT_TREE.usage));
        }
        return Err(Fault::fatal("must give exactly one tree"));
    };
    let oid = named(cx, &repo, tree)?;
    if repo.store.get(cx.files(), &oid)?.kind != Kind::Tree {
        return Err(Fault::fatal(format!("{oid} is not a valid 'tree' object")));
    }
    let mut parents = Vec::new();
    for name in parsed.values("p") {
        let parent = named(cx, &repo, &name)?;
        if repo.store.get(cx.files(), &parent)?.kind != Kind::Commit {
            return Err(Fault::fatal(format!("{parent} is not a valid 'commit' object")));
        }
        if parents.contains(&parent) {
            cx.eprint(format!("error: duplicate parent {parent} ignored\n"));
        } else {
            parents.push(parent);
        }
    }
    let draft = Draft {
        repo,
        tree: oid,
        parents,
    };
    let mut message: Option<Vec<u8>> = None;
    for given in &parsed.options {
        let value = given.value.clone().unwrap_or_default();
        let text = match given.name.as_str() {
            "m" => value,
            "F" if value == b"-" => parsed.input.clone().unwrap_or_default(),
            "F" => {
                let full = cx.io.path(&value);
                let text = cx.files().read(&full).map_err(|errno| {
                    Fault::fatal(cat![
                        "git commit-tree: failed to open '",
                        value,
                        "': ",
                        errno.to_string()
                    ])
                })?;
                text.to_vec()
            }
            _ => continue,
        };
        let message = message.get_or_insert_default();
        if !message.is_empty() {
            message.push(b'\n');
        }
        message.extend_from_slice(&text);
        if !message.ends_with(b"\n") {
            message.push(b'\n');
        }
    }
    match message {
        Some(message) => finish(draft, cx, Outcome::Input(message)),
        None => Ok(Next::Input(Then::new(draft, finish))),
    }
}

fn finish(draft: Draft, cx: &mut Cx<'_, '_>, outcome: Outcome) -> Result<Next> {
    let Outcome::Input(message) = outcome else {
        return Ok(Next::Exit(1));
    };
    let commit = Commit {
        tree: draft.tree,
        parents: draft.parents,
        author: cx.identity(&draft.repo, Role::Author)?,
        committer: cx.identity(&draft.repo, Role::Committer)?,
        message,
        ..Commit::default()
    };
    let oid = draft.repo.store.write(cx.files_mut(), Kind::Commit, &commit.write())?;
    cx.print(cat![oid.hex(), "\n"]);
    Ok(Next::Exit(0))
}
