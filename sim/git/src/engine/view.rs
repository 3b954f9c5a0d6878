//! The view: commits, refs, and each file in HEAD, index and working tree.

use crate::bytes::lossy;
use crate::cat;
use crate::engine::repository;
use crate::fault::Result;
use crate::index::Index;
use crate::object::{Kind, object_id};
use crate::oid::Oid;
use crate::refs::shorten;
use crate::repo::Repo;
use crate::state;
use crate::status::{self, Options, Status};
use crate::tree::{self, Flat};
use crate::walk::History;
use crate::worktree::{UntrackedMode, read_blob};
use essaim_kernel::IntoTree;
use essaim_kernel::{Files, Glance};
use essaim_proto_git::{
    Commit, FileState, GitView, Head, Operation, Ref, RefKind, Repository, VIEW_COMMITS_MAX, VIEW_FILES_MAX,
};
use std::collections::{BTreeMap, BTreeSet};

/// Digits of an abbreviated blob in the view.
const BLOB_DIGITS: usize = 7;

/// What the page draws. A repository too broken to read is shown as far as it can be read.
pub(super) fn of(glance: &Glance<'_>) -> GitView {
    let repository = repository(glance).map(|repo| read(glance.files, &repo));
    GitView { repository }
}

fn read(files: &Files, repo: &Repo) -> Repository {
    let head = repo.refs.head(files);
    let mut view = Repository {
        root: lossy(repo.work_tree.as_deref().unwrap_or(&repo.git_dir)),
        head: Head {
            branch: state::branch_name(files, repo),
            oid: head.map(|oid| oid.hex()),
        },
        ..Repository::default()
    };
    let mut tips: Vec<Oid> = head.into_iter().collect();
    for reference in repo.refs.list(files, b"refs/") {
        let Some(oid) = peel(files, repo, reference.oid) else {
            continue;
        };
        let kind = kind_of(&reference.name);
        view.refs.push(Ref {
            name: lossy(shorten(&reference.name)),
            kind,
            oid: oid.hex(),
        });
        // The stash's own commits are no part of the branches' history; its panel counts them.
        if kind != RefKind::Stash {
            tips.push(oid);
        }
    }
    view.stash_count = repo.refs.log(files, b"refs/stash").len() as u32;
    view.operation = operation(files, repo);
    if let Some(operation) = &view.operation {
        tips.extend(operation.heads.iter().filter_map(|hex| Oid::from_hex(hex.as_bytes())));
    }
    add_commits(files, repo, &tips, &mut view);
    if let Ok(states) = file_states(files, repo, head) {
        view.files = states;
    }
    view
}

fn kind_of(name: &[u8]) -> RefKind {
    match name {
        name if name.starts_with(b"refs/heads/") => RefKind::Branch,
        name if name.starts_with(b"refs/remotes/") => RefKind::Remote,
        name if name.starts_with(b"refs/tags/") => RefKind::Tag,
        b"refs/stash" => RefKind::Stash,
        _ => RefKind::Other,
    }
}

/// The commit a ref leads to, through annotated tags; `None` when it leads to something else.
fn peel(files: &Files, repo: &Repo, mut oid: Oid) -> Option<Oid> {
    loop {
        match repo.store.read(files, &oid)?.kind {
            Kind::Commit => return Some(oid),
            Kind::Tag => oid = repo.store.tag(files, &oid).ok()?.object,
            _ => return None,
        }
    }
}

fn operation(files: &Files, repo: &Repo) -> Option<Operation> {
    let under_way = state::Operation::read(files, repo);
    let kind = if under_way.rebase {
        "rebase"
    } else if under_way.merge {
        "merge"
    } else if under_way.cherry_pick.is_some() {
        "cherry-pick"
    } else if under_way.revert.is_some() {
        "revert"
    } else if under_way.bisect.is_some() {
        "bisect"
    } else {
        return None;
    };
    let text = |name: &str| {
        files
            .read(&repo.git_path(name))
            .map(|bytes| lossy(&bytes))
            .unwrap_or_default()
    };
    let mut heads: Vec<String> = text("MERGE_HEAD").lines().map(str::to_owned).collect();
    heads.extend(under_way.cherry_pick.map(|oid| oid.hex()));
    let subject = text("MERGE_MSG").lines().next().unwrap_or_default().to_owned();
    Some(Operation {
        kind: kind.to_owned(),
        heads,
        subject,
    })
}

fn add_commits(files: &Files, repo: &Repo, tips: &[Oid], view: &mut Repository) {
    let mut history = History::new(&repo.store, files);
    let Ok(by_date) = history.by_date(tips, &[]) else {
        return;
    };
    let Ok(order) = history.topological(&by_date, true) else {
        return;
    };
    view.commits_count = order.len() as u64;
    for oid in order.iter().take(VIEW_COMMITS_MAX) {
        let Ok(commit) = history.commit(oid) else { continue };
        view.commits.push(Commit {
            oid: oid.hex(),
            short: repo.short(files, oid),
            subject: lossy(&commit.subject()),
            author: lossy(&commit.author.name),
            author_seconds: commit.author.seconds,
            parents: commit.parents.iter().map(Oid::hex).collect(),
        });
    }
}

fn file_states(files: &Files, repo: &Repo, head: Option<Oid>) -> Result<Vec<FileState>> {
    let index = repo.index(files)?;
    let in_head = tree::of_commit(files, &repo.store, head.as_ref())?;
    let options = Options {
        untracked: UntrackedMode::All,
        renames: None,
        ..Options::new(head)
    };
    let status = status::collect(files, repo, &index, &options)?;
    let letters = letters(&status);
    let mut paths: BTreeSet<&[u8]> = in_head.keys().map(Vec::as_slice).into_tree();
    paths.extend(index.entries().iter().map(|entry| entry.path.as_slice()));
    paths.extend(status.untracked.iter().map(Vec::as_slice));
    let (mut changed, mut same) = (Vec::new(), Vec::new());
    for path in paths {
        let (x, y) = letters.get(path).copied().unwrap_or(('.', '.'));
        let group = if (x, y) == ('.', '.') { &mut same } else { &mut changed };
        // Hashing a file's content is only worth it for those that are shown.
        if group.len() < VIEW_FILES_MAX {
            group.push(file_state(files, repo, &index, &in_head, path, (x, y)));
        }
    }
    changed.append(&mut same);
    changed.truncate(VIEW_FILES_MAX);
    Ok(changed)
}

fn letters(status: &Status) -> BTreeMap<&[u8], (char, char)> {
    let mut letters: BTreeMap<&[u8], (char, char)> = BTreeMap::new();
    for change in &status.staged {
        letters.insert(&change.path, (char::from(change.letter), '.'));
    }
    for change in &status.unstaged {
        letters.entry(&change.path).or_insert(('.', '.')).1 = char::from(change.letter);
    }
    for unmerged in &status.unmerged {
        let pair = unmerged.letters().as_bytes();
        letters.insert(&unmerged.path, (char::from(pair[0]), char::from(pair[1])));
    }
    for path in &status.untracked {
        letters.insert(path, ('?', '?'));
    }
    letters
}

fn file_state(
    files: &Files,
    repo: &Repo,
    index: &Index,
    in_head: &Flat,
    path: &[u8],
    (x, y): (char, char),
) -> FileState {
    let short = |oid: &Oid| oid.hex()[..BLOB_DIGITS].to_owned();
    let stages = index.stages(path);
    let staged = stages.iter().find(|entry| entry.stage == 0);
    let index_blob = staged.map(|entry| short(&entry.oid));
    let worktree_blob = if (x, y) == ('.', '.') || y == '.' {
        index_blob.clone()
    } else {
        read_blob(files, &repo.work_path(path))
            .ok()
            .map(|content| short(&object_id(Kind::Blob, &content)))
    };
    FileState {
        path: lossy(path),
        index: x,
        worktree: y,
        head_blob: in_head.get(path).map(|(_, oid)| short(oid)),
        index_blob,
        worktree_blob,
        conflicted: stages.iter().any(|entry| entry.stage > 0),
    }
}

/// The refs that are branches or tags, and HEAD: what counts as history.
pub(super) fn history_tips(files: &Files, repo: &Repo) -> Vec<Oid> {
    let mut tips: Vec<Oid> = repo.refs.head(files).into_iter().collect();
    for prefix in ["refs/heads/", "refs/tags/"] {
        let refs = repo.refs.list(files, cat![prefix].as_slice());
        tips.extend(
            refs.into_iter()
                .filter_map(|reference| peel(files, repo, reference.oid)),
        );
    }
    tips
}
