//! Going to another branch or commit: what `git switch` and `git checkout` share.

use crate::cat;
use crate::checkout::{self, Doing};
use crate::cli::options::Parsed;
use crate::command::branch::{self, Track};
use crate::command::hooks::{self, Hook, refused};
use crate::fault::{Fault, Result};
use crate::index::Index;
use crate::oid::Oid;
use crate::process::{Cx, Next, Outcome, Then};
use crate::refs::Update;
use crate::repo::Repo;
use crate::tracking;
use crate::tree::{self, Flat};
use crate::walk::History;
use essaim_kernel::IntoTree;
use essaim_kernel::Value;
use essaim_text::MergeStyle;
use std::collections::{BTreeMap, BTreeSet};

/// Where to go.
#[derive(Clone, Debug)]
pub(crate) struct Goal {
    /// As it was named: `main`, `v1.0`, `HEAD~2`.
    pub name: Vec<u8>,
    /// The branch's full name, when it is one.
    pub branch: Option<Vec<u8>>,
    /// The commit.
    pub commit: Oid,
}

/// How to go there.
#[derive(Clone, Debug, Default)]
pub(crate) struct How {
    /// A branch to make: its name, and whether one of that name is moved.
    pub create: Option<(Vec<u8>, bool)>,
    /// Where the new branch starts, as it was named; `None`: where HEAD is.
    pub start: Option<Vec<u8>>,
    /// Whether the new branch follows what it starts from.
    pub track: Option<bool>,
    /// Detaches HEAD even at a branch.
    pub detach: bool,
    /// Throws local changes away.
    pub force: bool,
    /// Carries local changes over by a merge, in a conflict style.
    pub merge: bool,
    /// The style of conflicts.
    pub style: Option<MergeStyle>,
    /// Says nothing.
    pub quiet: bool,
}

impl How {
    /// What the options of `git switch` and `git checkout` have in common.
    pub(crate) fn new(parsed: &Parsed, start: Option<Vec<u8>>) -> Result<Self> {
        Ok(Self {
            create: None,
            start,
            track: parsed.flag("track"),
            detach: parsed.has("detach"),
            force: parsed.has("force") || parsed.has("discard-changes"),
            merge: parsed.has("merge") || parsed.value("conflict").is_some(),
            style: crate::restoring::conflict_style(parsed)?,
            quiet: parsed.has("quiet"),
        })
    }
}

/// Files of an operation that going elsewhere ends.
const STATE_FILES: [&str; 8] = [
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "MERGE_HEAD",
    "MERGE_RR",
    "MERGE_MSG",
    "MERGE_MODE",
    "SQUASH_MSG",
    "AUTO_MERGE",
];

/// Lost commits listed at most.
const LOST_SHOWN_MAX: usize = 4;

/// Forgets a merge (or another operation) under way.
pub(crate) fn remove_state(cx: &mut Cx<'_, '_>, repo: &Repo) {
    for name in STATE_FILES {
        let path = repo.git_path(name);
        if cx.files().exists(&path) {
            // A file that cannot be removed is seen again by the next command.
            let _ = cx.files_mut().remove_file(&path);
        }
    }
}

/// The index brought up to date, or the error of one in conflict.
pub(crate) fn ready_index(cx: &mut Cx<'_, '_>, repo: &Repo, force: bool) -> Result<Index> {
    let mut index = repo.index(cx.files())?;
    crate::worktree::refresh(cx.files(), repo, &mut index);
    if index.has_unmerged() && !force {
        for path in index.unmerged_paths() {
            cx.print(cat![path, ": needs merge\n"]);
        }
        return Err(Fault::error("you need to resolve your current index first"));
    }
    Ok(index)
}

/// Goes to a branch or commit. The goal must have been checked: see [`Goal`].
pub(crate) fn switch(cx: &mut Cx<'_, '_>, repo: &Repo, goal: &Goal, how: &How) -> Result<Next> {
    let old_branch = repo.refs.head_branch(cx.files());
    let old = repo.refs.head(cx.files());
    // A new branch where HEAD is touches neither index nor working tree.
    let only_names = how.start.is_none() && how.create.as_ref().is_some_and(|(_, force)| !force) && !how.force;
    if !only_names {
        let changes = move_tree(cx, repo, old, goal, how)?;
        if !how.quiet && !how.force {
            cx.print(changes);
        }
    }
    if !how.quiet && old_branch.is_none() && old != Some(goal.commit) {
        leave(cx, repo, old, goal)?;
    }
    move_head(cx, repo, goal, how, old_branch.as_deref(), old)?;
    remove_state(cx, repo);
    moved(cx, repo, old, Some(goal.commit), true)
}

/// Runs the hook that is told of every checkout; its exit code is the command's.
pub(crate) fn moved(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    old: Option<Oid>,
    new: Option<Oid>,
    branch: bool,
) -> Result<Next> {
    let name = |oid: Option<Oid>| oid.unwrap_or(Oid::NULL).hex().into_bytes();
    let flag: &[u8] = if branch { b"1" } else { b"0" };
    let hook = Hook {
        name: "post-checkout",
        args: vec![name(old), name(new), flag.to_vec()],
        ..Hook::default()
    };
    // Of a switch only success or failure is told.
    let then = Then::new(branch, |branch, _, outcome| match outcome {
        Outcome::Code(code) if !branch => Ok(Next::Exit(code)),
        outcome => Ok(Next::Exit(u8::from(refused(&outcome)))),
    });
    hooks::run(cx, repo, &hook, then)
}

/// Index and working tree go to the commit; the local changes that stay, as lines.
pub(crate) fn move_tree(cx: &mut Cx<'_, '_>, repo: &Repo, old: Option<Oid>, goal: &Goal, how: &How) -> Result<Vec<u8>> {
    let mut index = ready_index(cx, repo, how.force)?;
    let to = tree::of_commit(cx.files(), &repo.store, Some(&goal.commit))?;
    if how.force {
        checkout::force(cx.files_mut(), repo, &mut index, &to)?;
    } else {
        let from = tree::of_commit(cx.files(), &repo.store, old.as_ref())?;
        match (checkout::plan(cx.files(), repo, &index, &from, &to), old) {
            (Ok(plan), _) => plan.apply(cx.files_mut(), repo, &mut index)?,
            (Err(_), Some(old)) if how.merge => {
                let left = match repo.refs.head_branch(cx.files()) {
                    Some(full) => full.strip_prefix(b"refs/heads/").unwrap_or(&full).to_vec(),
                    None => repo.short(cx.files(), &old).into_bytes(),
                };
                let ends = [(&old, left.as_slice()), (&goal.commit, goal.name.as_slice())];
                crate::carrying::carry(cx, repo, &mut index, ends, how.style)?;
            }
            (Err(refusal), _) => return Err(refusal.fault(Doing::Checkout, repo, 1)),
        }
    }
    repo.save_index(cx.files_mut(), &mut index)?;
    let saved = repo.index(cx.files())?;
    let mut changes = Vec::new();
    for line in crate::bytes::lines(&checkout::local_changes(cx.files(), repo, &saved, &to)) {
        // What a merge left in conflict is a change like others.
        let line = match line.strip_prefix(b"U\t") {
            Some(path) if to.contains_key(path) => cat!["M\t", path],
            Some(path) => cat!["A\t", path],
            None => line.to_vec(),
        };
        changes.extend_from_slice(&cat![line, "\n"]);
    }
    Ok(changes)
}

/// Removes every tracked file (`git switch --orphan`).
pub(crate) fn empty_tree(cx: &mut Cx<'_, '_>, repo: &Repo) -> Result<()> {
    let mut index = ready_index(cx, repo, false)?;
    let head = repo.refs.head(cx.files());
    let from = tree::of_commit(cx.files(), &repo.store, head.as_ref())?;
    let plan = checkout::plan(cx.files(), repo, &index, &from, &Flat::new())
        .map_err(|refusal| refusal.fault(Doing::Checkout, repo, 1))?;
    plan.apply(cx.files_mut(), repo, &mut index)?;
    repo.save_index(cx.files_mut(), &mut index)
}

fn move_head(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    goal: &Goal,
    how: &How,
    old_branch: Option<&[u8]>,
    old: Option<Oid>,
) -> Result<()> {
    let short = |full: &[u8]| full.strip_prefix(b"refs/heads/").unwrap_or(full).to_vec();
    let from = old_branch.map_or_else(|| old.map_or_else(Vec::new, |oid| oid.hex().into_bytes()), short);
    let who = cx.log_identity(repo)?;
    let mut existed = false;
    let target = match &how.create {
        Some((name, _)) => {
            let full = cat!["refs/heads/", name];
            existed = repo.refs.exists(cx.files(), &full);
            let start = how.start.clone().unwrap_or_else(|| b"HEAD".to_vec());
            if existed && old_branch == Some(&full) {
                let message = cat!["branch: Reset to ", start];
                let update = Update {
                    name: &full,
                    new: goal.commit,
                    old: None,
                    message: &message,
                    who: &who,
                    no_deref: false,
                    create_log: false,
                };
                repo.refs.update(cx.files_mut(), &update)?;
            } else {
                let track = match how.track {
                    None => Track::Default,
                    Some(true) => Track::Always,
                    Some(false) => Track::Never,
                };
                branch::make(cx, repo, name, &start, true, track, how.quiet)?;
            }
            Some(full)
        }
        None if how.detach => None,
        None => goal.branch.clone(),
    };
    let to = target.as_deref().map_or_else(|| goal.name.clone(), short);
    let message = cat!["checkout: moving from ", from, " to ", to];
    match &target {
        Some(full) => attach(cx, repo, full, &message)?,
        None => {
            let update = Update {
                name: b"HEAD",
                new: goal.commit,
                old: None,
                message: &message,
                who: &who,
                no_deref: true,
                create_log: false,
            };
            repo.refs.update(cx.files_mut(), &update)?;
        }
    }
    record(cx, target.as_deref(), goal.commit);
    if how.quiet {
        return Ok(());
    }
    match &target {
        Some(full) => say_branch(cx, repo, full, old_branch == Some(full), how.create.is_some(), existed),
        None => say_detached(cx, repo, goal, old_branch.is_some() && !how.detach),
    }
}

fn attach(cx: &mut Cx<'_, '_>, repo: &Repo, full: &[u8], message: &[u8]) -> Result<()> {
    let who = cx.log_identity(repo)?;
    repo.refs
        .set_symbolic(cx.files_mut(), b"HEAD", full, Some((message, &who)))
}

fn record(cx: &mut Cx<'_, '_>, branch: Option<&[u8]>, commit: Oid) {
    let mut fields: BTreeMap<&'static str, Value> = BTreeMap::new();
    fields.insert("oid", commit.hex().into());
    if let Some(branch) = branch {
        fields.insert("branch", crate::bytes::lossy(crate::refs::shorten(branch)).into());
    }
    cx.io.record("git.head_moved", fields);
}

fn say_branch(cx: &mut Cx<'_, '_>, repo: &Repo, full: &[u8], same: bool, create: bool, existed: bool) -> Result<()> {
    let name = full.strip_prefix(b"refs/heads/").unwrap_or(full).to_vec();
    let text = match (create, existed, same) {
        (true, true, true) => "Reset branch",
        (true, true, false) => "Switched to and reset branch",
        (true, false, _) => "Switched to a new branch",
        (false, _, true) => "Already on",
        (false, _, false) => "Switched to branch",
    };
    cx.eprint(cat![text, " '", name, "'\n"]);
    if !create {
        say_tracking(cx, repo, &name)?;
    }
    Ok(())
}

/// How the branch stands to what it follows.
pub(crate) fn say_tracking(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8]) -> Result<()> {
    if let Some(found) = tracking::of_branch(cx.files(), repo, name)? {
        let text = tracking::sentence(&found, repo.config.advice("statusHints"));
        cx.print(text);
    }
    Ok(())
}

fn say_detached(cx: &mut Cx<'_, '_>, repo: &Repo, goal: &Goal, was_attached: bool) -> Result<()> {
    if was_attached && repo.config.advice("detachedHead") {
        cx.eprint(cat!["Note: switching to '", goal.name, "'.\n", DETACHED_ADVICE]);
    }
    let line = describe(cx, repo, "HEAD is now at ", goal.commit)?;
    cx.eprint(line);
    Ok(())
}

const DETACHED_ADVICE: &str = "
You are in 'detached HEAD' state. You can look around, make experimental
changes and commit them, and you can discard any commits you make in this
state without impacting any branches by switching back to a branch.

If you want to create a new branch to retain commits you create, you may
do so (now or later) by using -c with the switch command. Example:

  git switch -c <new-branch-name>

Or undo this operation with:

  git switch -

Turn off this advice by setting config variable advice.detachedHead to false

";

/// `HEAD is now at 1234567 subject` and the like.
pub(crate) fn describe(cx: &Cx<'_, '_>, repo: &Repo, prefix: &str, oid: Oid) -> Result<Vec<u8>> {
    let commit = repo.store.commit(cx.files(), &oid)?;
    Ok(cat![prefix, repo.short(cx.files(), &oid), " ", commit.subject(), "\n"])
}

/// A detached HEAD is left: its commits may be lost.
fn leave(cx: &mut Cx<'_, '_>, repo: &Repo, old: Option<Oid>, goal: &Goal) -> Result<()> {
    let Some(old) = old else { return Ok(()) };
    let mut tips: Vec<Oid> = repo
        .refs
        .list(cx.files(), b"refs/")
        .into_iter()
        .map(|reference| reference.oid)
        .collect();
    tips.push(goal.commit);
    let resolver = crate::revision::Resolver::new(repo, cx.files(), cx.clock());
    let commit = Some(crate::object::Kind::Commit);
    let tips: Vec<Oid> = tips.into_iter().filter_map(|oid| resolver.peel(oid, commit)).collect();
    let lost = History::new(&repo.store, cx.files()).by_date(&[old], &tips)?;
    if lost.is_empty() {
        let line = describe(cx, repo, "Previous HEAD position was ", old)?;
        cx.eprint(line);
        return Ok(());
    }
    let count = lost.len();
    let (commits, it) = if count == 1 {
        ("commit", "it")
    } else {
        ("commits", "them")
    };
    let mut text = cat![format!(
        "Warning: you are leaving {count} {commits} behind, not connected to\nany of your branches:\n\n"
    )];
    // When one more than fits remains, it is shown rather than counted.
    let shown = if count == LOST_SHOWN_MAX + 1 {
        count
    } else {
        count.min(LOST_SHOWN_MAX)
    };
    for oid in &lost[..shown.min(count)] {
        text.extend_from_slice(&describe(cx, repo, "  ", *oid)?);
    }
    if count > shown {
        text.extend_from_slice(format!(" ... and {} more.\n", count - shown).as_bytes());
    }
    text.push(b'\n');
    if repo.config.advice("detachedHead") {
        let short = repo.short(cx.files(), &old);
        text.extend_from_slice(&cat![
            "If you want to keep ",
            it,
            " by creating a new branch, this may be a good time\nto do so with:\n\n git branch <new-branch-name> ",
            short,
            "\n\n"
        ]);
    }
    cx.eprint(text);
    Ok(())
}

/// What is typed may be `-`, a branch, or any revision. `None`: it names no commit.
pub(crate) fn goal(cx: &mut Cx<'_, '_>, repo: &Repo, typed: &[u8]) -> Result<Option<Goal>> {
    let mut name = if typed == b"-" {
        b"@{-1}".to_vec()
    } else {
        typed.to_vec()
    };
    if name.starts_with(b"@{-") && name.ends_with(b"}") {
        let digits = &name[3..name.len() - 1];
        let resolver = crate::revision::Resolver::new(repo, cx.files(), cx.clock());
        let prior = crate::bytes::parse_number::<usize>(digits)
            .filter(|n| *n > 0)
            .and_then(|n| resolver.prior_branch(n));
        if let Some(prior) = prior {
            name = prior;
        }
    }
    let full = cat!["refs/heads/", name];
    let branch = repo.refs.oid(cx.files(), &full).map(|_| full.clone());
    let commit = match &branch {
        Some(full) => repo.refs.oid(cx.files(), full),
        None => crate::revision::with_resolver(cx, repo, |resolver| resolver.commit(&name))?,
    };
    Ok(commit.map(|commit| Goal { name, branch, commit }))
}

/// Paths of the index and of a tree, for pathspec errors.
pub(crate) fn known_paths(index: &Index, tree: Option<&Flat>) -> BTreeSet<Vec<u8>> {
    let mut paths: BTreeSet<Vec<u8>> = index.entries().iter().map(|entry| entry.path.clone()).into_tree();
    paths.extend(tree.into_iter().flat_map(|flat| flat.keys().cloned()));
    paths
}
