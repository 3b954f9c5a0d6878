//! `git reset`.

use super::{Command, input, patch};
use crate::cat;
use crate::checkout;
use crate::cli::options::Parsed;
use crate::fault::{Fault, Result};
use crate::index::{Entry, Index};
use crate::object::{self, Kind, object_id};
use crate::oid::Oid;
use crate::output::{quote_high, quote_path};
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next};
use crate::refs::Update;
use crate::repo::Repo;
use crate::revision::{unknown_revision, with_resolver};
use crate::state;
use crate::switching;
use crate::tree::{self, Flat};
use crate::worktree::{self, FileState};
use essaim_kernel::IntoTree;
use std::collections::BTreeSet;

pub(super) const COMMAND: Command = Command {
    name: "reset",
    main,
    usage: include_str!("../usage/reset.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &[
        "quiet",
        "no-refresh",
        "refresh",
        "mixed",
        "soft",
        "hard",
        "merge",
        "keep",
        "intent-to-add",
        "patch",
        "pathspec-from-file",
        "pathspec-file-nul",
    ],
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Mixed,
    Soft,
    Hard,
    Merge,
    Keep,
}

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::Mixed => "mixed",
            Self::Soft => "soft",
            Self::Hard => "hard",
            Self::Merge => "merge",
            Self::Keep => "keep",
        }
    }
}

fn mode_of(parsed: &Parsed) -> Option<Mode> {
    let modes = [Mode::Mixed, Mode::Soft, Mode::Hard, Mode::Merge, Mode::Keep];
    parsed
        .options
        .iter()
        .rev()
        .find_map(|given| modes.into_iter().find(|mode| mode.name() == given.name))
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    input::with_paths(cx, COMMAND.parse(args)?, run)
}

fn run(cx: &mut Cx<'_, '_>, parsed: Parsed) -> Result<Next> {
    let repo = cx.repo()?;
    let (name, paths) = arguments(cx, &repo, &parsed)?;
    let mode = mode_of(&parsed);
    if parsed.has("patch") {
        input::not_from_file(&parsed, "--patch")?;
        if mode.is_some() {
            return Err(Fault::fatal(
                "options '--patch' and '--{hard,mixed,soft}' cannot be used together",
            ));
        }
        let pathspec = Pathspec::parse(&repo, &paths.unwrap_or_default())?;
        return choose(cx, &repo, &name, &pathspec);
    }
    let paths = match (paths, &parsed.paths) {
        (None, None) => None,
        (typed, _) => Some(input::paths(&parsed, &typed.unwrap_or_default())?),
    };
    if let Some(paths) = paths {
        if let Some(mode) = mode {
            if mode != Mode::Mixed {
                return Err(Fault::fatal(format!("Cannot do {} reset with paths.", mode.name())));
            }
            cx.eprint("warning: --mixed with paths is deprecated; use 'git reset -- <paths>' instead.\n");
        }
        return reset_paths(cx, &repo, &name, &paths, &parsed);
    }
    if parsed.has("intent-to-add") && mode.is_some_and(|mode| mode != Mode::Mixed) {
        return Err(Fault::fatal("the option '-N' requires '--mixed'"));
    }
    reset_commit(cx, &repo, &name, mode.unwrap_or(Mode::Mixed), &parsed)
}

/// `-p`: what is staged, hunk by hunk.
fn choose(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8], pathspec: &Pathspec) -> Result<Next> {
    let direction = match name {
        b"HEAD" | b"@" => patch::Direction::Unstage,
        _ => patch::Direction::ApplyToIndex,
    };
    let base = target_tree(cx, repo, name)?;
    patch::alone(cx, repo, direction, &base, pathspec)
}

/// The revision as it was typed (`HEAD` where there is none) and the paths.
fn arguments(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<(Vec<u8>, Option<Vec<Vec<u8>>>)> {
    let head = b"HEAD".to_vec();
    let args = &parsed.args;
    let some = |paths: &[Vec<u8>]| Some(paths.to_vec()).filter(|paths| !paths.is_empty());
    match parsed.dash_dash {
        Some(0) => return Ok((head, some(args))),
        Some(at) => return Ok((args[0].clone(), some(&args[at.max(1)..]))),
        None => {}
    }
    let Some(first) = args.first().cloned() else {
        return Ok((head, None));
    };
    if first.starts_with(b"-") {
        return Err(Fault::fatal(cat![
            "option '",
            first,
            "' must come before non-option arguments"
        ]));
    }
    let is_revision = match args.len() {
        1 => with_resolver(cx, repo, |resolver| resolver.commit(&first))?.is_some(),
        _ => with_resolver(cx, repo, |resolver| resolver.tree(&first))?.is_some(),
    };
    if is_revision {
        if args.len() == 1 && cx.files().symlink_metadata(&cx.io.path(&first)).is_ok() {
            return Err(Fault::fatal(cat![
                "ambiguous argument '",
                first,
                "': both revision and filename\n",
                "Use '--' to separate paths from revisions, like this:\n",
                "'git <command> [<revision>...] -- [<file>...]'"
            ]));
        }
        return Ok((first, some(&args[1..])));
    }
    if args.len() == 1
        && let Some(oid) = with_resolver(cx, repo, |resolver| resolver.object(&first))?
    {
        let kind = repo.store.get(cx.files(), &oid)?.kind.name();
        let hex = oid.hex();
        let said = format!("error: object {hex} is a {kind}, not a commit\n");
        return Err(Fault::Plain(
            cat![said, "fatal: Could not parse object '", first, "'.\n"],
            128,
        ));
    }
    // What is no revision must be there as a file.
    if cx.files().symlink_metadata(&cx.io.path(&first)).is_err() && !first.iter().any(|b| b"*?[:".contains(b)) {
        return Err(unknown_revision(&args[0]));
    }
    Ok((head, some(args)))
}

/// The files of a revision; of `HEAD` none before the first commit.
fn target_tree(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8]) -> Result<Flat> {
    if name == b"HEAD" && repo.refs.head(cx.files()).is_none() {
        return Ok(Flat::new());
    }
    match with_resolver(cx, repo, |resolver| resolver.tree(name))? {
        Some(oid) => tree::flatten(cx.files(), &repo.store, Some(&oid)),
        None => Err(Fault::fatal(cat!["Failed to resolve '", name, "' as a valid tree."])),
    }
}

fn reset_paths(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8], paths: &[Vec<u8>], parsed: &Parsed) -> Result<Next> {
    let flat = target_tree(cx, repo, name)?;
    let pathspec = Pathspec::parse(repo, paths)?;
    let mut index = repo.index(cx.files())?;
    put(&mut index, &flat, &pathspec, parsed.has("intent-to-add"));
    finish_mixed(cx, repo, index, parsed)
}

/// Gives the paths the entries of a tree.
fn put(index: &mut Index, flat: &Flat, pathspec: &Pathspec, intent: bool) {
    let mut paths: BTreeSet<Vec<u8>> = index.entries().iter().map(|entry| entry.path.clone()).into_tree();
    paths.extend(flat.keys().cloned());
    for path in paths.iter().filter(|path| pathspec.matches(path)) {
        match flat.get(path) {
            Some((mode, oid)) => {
                let same = index
                    .get(path, 0)
                    .is_some_and(|entry| (entry.mode, entry.oid) == (*mode, *oid) && !entry.intent_to_add);
                if !same {
                    index.insert(Entry {
                        path: path.clone(),
                        mode: *mode,
                        oid: *oid,
                        ..Entry::default()
                    });
                }
            }
            None if intent => {
                let mode = index
                    .stages(path)
                    .first()
                    .map_or(object::mode::FILE, |entry| entry.mode);
                let oid = object_id(Kind::Blob, b"");
                index.insert(Entry {
                    path: path.clone(),
                    mode,
                    oid,
                    intent_to_add: true,
                    ..Entry::default()
                });
            }
            None => _ = index.remove(path),
        }
    }
}

/// Writes the index and says which files differ from it now.
fn finish_mixed(cx: &mut Cx<'_, '_>, repo: &Repo, mut index: Index, parsed: &Parsed) -> Result<Next> {
    if index.entries().iter().any(|entry| entry.intent_to_add) {
        // `--intent-to-add` entries name the empty blob, which must be there.
        repo.store.write(cx.files_mut(), Kind::Blob, b"")?;
    }
    let refresh = parsed.options.iter().rev().find_map(|given| match given.name.as_str() {
        "no-refresh" => Some(false),
        "refresh" => Some(!given.negated),
        _ => None,
    });
    if refresh != Some(false) && repo.work_tree.is_some() {
        worktree::refresh(cx.files(), repo, &mut index);
        if !parsed.has("quiet") {
            say_unstaged(cx, repo, &index);
        }
    }
    repo.save_index(cx.files_mut(), &mut index)?;
    Ok(Next::Exit(0))
}

fn say_unstaged(cx: &mut Cx<'_, '_>, repo: &Repo, index: &Index) {
    let mut out = Vec::new();
    let mut last: &[u8] = b"";
    for entry in index.entries() {
        let letter = match worktree::compare(cx.files(), repo, index, entry) {
            _ if entry.stage != 0 => "U",
            FileState::Deleted => "D",
            _ if entry.intent_to_add => "A",
            FileState::Unchanged => continue,
            FileState::Changed { mode, .. } if mode & 0o170_000 != entry.mode & 0o170_000 => "T",
            FileState::Changed { .. } => "M",
        };
        if entry.stage == 0 || last != entry.path.as_slice() {
            out.extend_from_slice(&cat![
                letter,
                "\t",
                quote_path(&entry.path, quote_high(&repo.config)),
                "\n"
            ]);
        }
        last = &entry.path;
    }
    if !out.is_empty() {
        cx.print(cat!["Unstaged changes after reset:\n", out]);
    }
}

fn reset_commit(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8], mode: Mode, parsed: &Parsed) -> Result<Next> {
    if mode != Mode::Soft {
        // A repository without a working tree has nothing that these modes could change.
        if mode != Mode::Mixed {
            repo.work_tree()?;
        }
        if mode == Mode::Mixed && repo.work_tree.is_none() {
            return Err(Fault::fatal("mixed reset is not allowed in a bare repository"));
        }
    }
    let unborn = name == b"HEAD" && repo.refs.head(cx.files()).is_none();
    let target = if unborn {
        None
    } else {
        match with_resolver(cx, repo, |resolver| resolver.commit(name))? {
            Some(oid) => Some(oid),
            None => {
                return Err(Fault::fatal(cat![
                    "Failed to resolve '",
                    name,
                    "' as a valid revision."
                ]));
            }
        }
    };
    let operation = state::Operation::read(cx.files(), repo);
    let mut index = repo.index(cx.files())?;
    if matches!(mode, Mode::Soft | Mode::Keep) && (operation.merge || index.has_unmerged()) {
        let text = format!("Cannot do a {} reset in the middle of a merge.", mode.name());
        return Err(Fault::fatal(text));
    }
    let flat = tree::of_commit(cx.files(), &repo.store, target.as_ref())?;
    worktree::refresh(cx.files(), repo, &mut index);
    move_files(cx, repo, &mut index, &flat, mode, name)?;
    if matches!(mode, Mode::Hard | Mode::Merge | Mode::Keep) {
        repo.save_index(cx.files_mut(), &mut index)?;
    }
    if mode == Mode::Mixed {
        put(&mut index, &flat, &Pathspec::default(), parsed.has("intent-to-add"));
        finish_mixed(cx, repo, index, parsed)?;
    }
    if let Some(target) = target {
        move_head(cx, repo, name, target)?;
        if mode == Mode::Hard && !parsed.has("quiet") {
            let line = switching::describe(cx, repo, "HEAD is now at ", target)?;
            cx.print(line);
        }
    }
    if mode == Mode::Hard {
        super::merge::autostash::save(cx, repo)?;
    }
    switching::remove_state(cx, repo);
    Ok(Next::Exit(0))
}

/// Index and working tree, where the mode is about both.
fn move_files(cx: &mut Cx<'_, '_>, repo: &Repo, index: &mut Index, flat: &Flat, mode: Mode, name: &[u8]) -> Result<()> {
    match mode {
        Mode::Soft | Mode::Mixed => {}
        Mode::Hard => checkout::force(cx.files_mut(), repo, index, flat)?,
        Mode::Merge => {
            checkout::reset_merge(cx.files_mut(), repo, index, flat).map_err(|fault| could_not(&fault, name))?;
        }
        Mode::Keep => {
            if repo.refs.head(cx.files()).is_none() {
                let none = Fault::error("You do not have a valid HEAD.");
                return Err(could_not(&none, name));
            }
            let from = tree::of_commit(cx.files(), &repo.store, repo.refs.head(cx.files()).as_ref())?;
            let plan = checkout::plan(cx.files(), repo, index, &from, flat)
                .map_err(|refusal| could_not(&refusal.short_fault(), name))?;
            plan.apply(cx.files_mut(), repo, index)?;
            // What was staged is unstaged, and stays in the working tree.
            put(index, flat, &Pathspec::default(), false);
            worktree::refresh(cx.files(), repo, index);
        }
    }
    Ok(())
}

fn could_not(fault: &Fault, name: &[u8]) -> Fault {
    let (text, _) = fault.render();
    Fault::Plain(
        cat![text, "fatal: Could not reset index file to revision '", name, "'.\n"],
        128,
    )
}

fn move_head(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8], target: Oid) -> Result<()> {
    let who = cx.log_identity(repo)?;
    let action = cx
        .io
        .var("GIT_REFLOG_ACTION")
        .map_or_else(|| b"reset".to_vec(), <[u8]>::to_vec);
    if let Some(old) = repo.refs.head(cx.files()) {
        let message = cat![action, ": updating ORIG_HEAD"];
        let update = Update {
            name: b"ORIG_HEAD",
            new: old,
            old: None,
            message: &message,
            who: &who,
            no_deref: false,
            create_log: false,
        };
        repo.refs.update(cx.files_mut(), &update)?;
    }
    let message = cat![action, ": moving to ", name];
    let update = Update {
        name: b"HEAD",
        new: target,
        old: None,
        message: &message,
        who: &who,
        no_deref: false,
        create_log: false,
    };
    repo.refs.update(cx.files_mut(), &update)
}
