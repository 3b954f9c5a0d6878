//! Bringing single files back: what `git restore` and `git checkout -- FILE` share.

use crate::cat;
use crate::checkout;
use crate::cli::options::Parsed;
use crate::command::patch::{self, Direction};
use crate::fault::{Fault, Result};
use crate::index::{Entry, Index};
use crate::object::mode;
use crate::oid::Oid;
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::switching::known_paths;
use crate::tree::{self, Flat};
use crate::worktree::{self, FileState};
use essaim_kernel::IntoTree;
use essaim_text::{Labels, MergeOptions, MergeStyle};
use std::collections::BTreeSet;

/// Where the content comes from.
#[derive(Clone, Debug)]
pub(crate) enum From {
    /// The index.
    Index,
    /// A tree.
    Tree(Oid),
}

/// What is done about a path in conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// An error.
    Refuse,
    /// Our version (2) or theirs (3).
    Side(u8),
    /// The conflict is written again, in a style.
    Merge(Option<MergeStyle>),
}

/// What to restore.
#[derive(Clone, Debug)]
pub(crate) struct Restore {
    /// From where.
    pub from: From,
    /// The index is changed.
    pub index: bool,
    /// The working tree is changed.
    pub worktree: bool,
    /// Files the source does not have stay.
    pub overlay: bool,
    /// What is done about conflicts.
    pub conflict: Conflict,
    /// A path in conflict is only warned of.
    pub ignore_unmerged: bool,
    /// Says how many files were written.
    pub count: bool,
}

/// `--ours`, `--theirs`, `--merge`, `--conflict`.
pub(crate) fn conflict_of(parsed: &Parsed) -> Result<Conflict> {
    let style = conflict_style(parsed)?;
    if style.is_some() || parsed.has("merge") {
        return Ok(Conflict::Merge(style));
    }
    let side = parsed
        .options
        .iter()
        .rev()
        .find(|given| given.name == "ours" || given.name == "theirs");
    Ok(match side {
        Some(given) if given.name == "ours" => Conflict::Side(2),
        Some(_) => Conflict::Side(3),
        None => Conflict::Refuse,
    })
}

/// `--conflict`.
pub(crate) fn conflict_style(parsed: &Parsed) -> Result<Option<MergeStyle>> {
    let unknown = |name: &[u8]| Fault::Error(cat!["unknown conflict style '", name, "'"], 129);
    let style = parsed.value("conflict");
    style
        .map(|name| style_named(name).ok_or_else(|| unknown(name)))
        .transpose()
}

/// The conflict style of a name.
pub(crate) fn style_named(name: &[u8]) -> Option<MergeStyle> {
    match name {
        b"merge" => Some(MergeStyle::Merge),
        b"diff3" => Some(MergeStyle::Diff3),
        b"zdiff3" => Some(MergeStyle::ZealousDiff3),
        _ => None,
    }
}

/// Restores the files the arguments name.
pub(crate) fn restore(cx: &mut Cx<'_, '_>, repo: &Repo, what: &Restore, args: &[Vec<u8>]) -> Result<Next> {
    let pathspec = Pathspec::parse(repo, args)?;
    let mut index = repo.index(cx.files())?;
    worktree::refresh(cx.files(), repo, &mut index);
    let source = match &what.from {
        From::Index => None,
        From::Tree(oid) => Some(tree::flatten(cx.files(), &repo.store, Some(oid))?),
    };
    // With `--overlay` what the tree does not have is no candidate.
    let known = match (&source, what.overlay) {
        (Some(flat), true) => flat.keys().cloned().collect(),
        (source, _) => known_paths(&index, source.as_ref()),
    };
    let mut unknown = Vec::new();
    for item in pathspec.items.iter().filter(|item| !item.is_exclude()) {
        if !known.iter().any(|path| item.matches(path)) {
            let text = "' did not match any file(s) known to git\n";
            unknown.extend_from_slice(&cat!["error: pathspec '", item.original, text]);
        }
    }
    if !unknown.is_empty() {
        return Err(Fault::Plain(unknown, 1));
    }
    let paths: BTreeSet<Vec<u8>> = known.into_iter().filter(|path| pathspec.matches(path)).into_tree();
    if source.is_none() {
        refuse_unmerged(cx, &index, &paths, what)?;
    }
    let mut work = Work {
        repo,
        what,
        index,
        written: 0,
        recreated: 0,
    };
    for path in &paths {
        match &source {
            Some(flat) => work.from_tree(cx, path, flat)?,
            None => work.from_index(cx, path)?,
        }
    }
    let (written, recreated) = (work.written, work.recreated);
    repo.save_index(cx.files_mut(), &mut work.index)?;
    if what.count {
        say_count(cx, repo, what, written, recreated);
    }
    let head = repo.refs.head(cx.files());
    crate::switching::moved(cx, repo, head, head, false)
}

fn refuse_unmerged(cx: &mut Cx<'_, '_>, index: &Index, paths: &BTreeSet<Vec<u8>>, what: &Restore) -> Result<()> {
    let mut failed = false;
    for path in paths
        .iter()
        .filter(|path| index.get(path, 0).is_none() && index.contains(path))
    {
        match what.conflict {
            _ if what.ignore_unmerged => cx.eprint(cat!["warning: path '", path, "' is unmerged\n"]),
            Conflict::Refuse => {
                failed = true;
                cx.eprint(cat!["error: path '", path, "' is unmerged\n"]);
            }
            Conflict::Side(stage) if index.get(path, stage).is_none() && !what.overlay => {}
            Conflict::Side(stage) if index.get(path, stage).is_none() => {
                failed = true;
                let side = if stage == 2 { "our" } else { "their" };
                cx.eprint(cat!["error: path '", path, "' does not have ", side, " version\n"]);
            }
            Conflict::Merge(_) if [2, 3].iter().any(|stage| index.get(path, *stage).is_none()) => {
                failed = true;
                cx.eprint(cat!["error: path '", path, "' does not have all necessary versions\n"]);
            }
            _ => {}
        }
    }
    if failed { Err(Fault::Exit(1)) } else { Ok(()) }
}

fn say_count(cx: &mut Cx<'_, '_>, repo: &Repo, what: &Restore, written: usize, recreated: usize) {
    let paths = |count: usize| if count == 1 { "path" } else { "paths" };
    if recreated > 0 {
        let conflicts = if recreated == 1 { "conflict" } else { "conflicts" };
        cx.eprint(format!("Recreated {recreated} merge {conflicts}\n"));
    }
    match &what.from {
        From::Index if written > 0 || recreated == 0 => {
            cx.eprint(format!("Updated {written} {} from the index\n", paths(written)));
        }
        From::Index => {}
        From::Tree(oid) => {
            let short = repo.short(cx.files(), oid);
            cx.eprint(format!("Updated {written} {} from {short}\n", paths(written)));
        }
    }
}

/// `-p`: hunk by hunk, into or out of `[index, working tree]`; `name`: the tree that was named.
pub(crate) fn choose(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    name: Option<&[u8]>,
    places: [bool; 2],
    paths: &[Vec<u8>],
) -> Result<Next> {
    let pathspec = Pathspec::parse(repo, paths)?;
    let base = match name {
        None => Flat::new(),
        Some(name) if name == b"HEAD" && repo.refs.head(cx.files()).is_none() => Flat::new(),
        Some(name) => match crate::revision::with_resolver(cx, repo, |resolver| resolver.tree(name))? {
            Some(oid) => tree::flatten(cx.files(), &repo.store, Some(&oid))?,
            None => return Err(Fault::fatal(cat!["could not resolve ", name])),
        },
    };
    let direction = match (name, places) {
        (None | Some(b"HEAD" | b"@"), [true, false]) => Direction::Unstage,
        (None, _) => Direction::DiscardWork,
        (Some(b"HEAD" | b"@"), [true, true]) => Direction::DiscardBoth,
        (Some(b"HEAD" | b"@"), _) => Direction::DiscardWorkHead,
        (Some(_), [true, false]) => Direction::ApplyToIndex,
        (Some(_), [true, true]) => Direction::ApplyToBoth,
        (Some(_), _) => Direction::ApplyToWork,
    };
    patch::alone(cx, repo, direction, &base, &pathspec)
}

struct Work<'a> {
    repo: &'a Repo,
    what: &'a Restore,
    index: Index,
    written: usize,
    recreated: usize,
}

impl Work<'_> {
    fn from_tree(&mut self, cx: &mut Cx<'_, '_>, path: &[u8], flat: &Flat) -> Result<()> {
        let Some((mode, oid)) = flat.get(path).copied() else {
            if !self.what.overlay {
                if self.what.worktree {
                    checkout::remove(cx.files_mut(), self.repo, path);
                }
                if self.what.index {
                    self.index.remove(path);
                }
            }
            return Ok(());
        };
        let entry = Entry {
            path: path.to_vec(),
            mode,
            oid,
            ..Entry::default()
        };
        let known = self
            .index
            .get(path, 0)
            .filter(|known| (known.mode, known.oid) == (mode, oid))
            .cloned();
        if self.what.index && known.is_none() {
            self.index.insert(entry.clone());
        }
        if self.what.worktree {
            self.write(cx, &known.unwrap_or(entry), mode, oid)?;
        }
        Ok(())
    }

    fn from_index(&mut self, cx: &mut Cx<'_, '_>, path: &[u8]) -> Result<()> {
        if let Some(entry) = self.index.get(path, 0).cloned() {
            return self.write(cx, &entry, entry.mode, entry.oid);
        }
        match self.what.conflict {
            Conflict::Refuse => Ok(()),
            Conflict::Side(stage) => match self.index.get(path, stage).cloned() {
                Some(entry) => {
                    checkout::write(cx.files_mut(), self.repo, path, entry.mode, entry.oid)?;
                    self.written += 1;
                    Ok(())
                }
                None => {
                    checkout::remove(cx.files_mut(), self.repo, path);
                    Ok(())
                }
            },
            Conflict::Merge(style) => self.recreate(cx, path, style),
        }
    }

    /// Writes a file unless it is there already.
    fn write(&mut self, cx: &mut Cx<'_, '_>, entry: &Entry, mode: u32, oid: Oid) -> Result<()> {
        if worktree::compare(cx.files(), self.repo, &self.index, entry) == FileState::Unchanged {
            return Ok(());
        }
        let fresh = checkout::write(cx.files_mut(), self.repo, &entry.path, mode, oid)?;
        self.written += 1;
        if let Some(known) = self.index.get_mut(&entry.path, 0)
            && (known.mode, known.oid) == (mode, oid)
        {
            known.stat = fresh.stat;
        }
        Ok(())
    }

    fn recreate(&mut self, cx: &mut Cx<'_, '_>, path: &[u8], style: Option<MergeStyle>) -> Result<()> {
        let blob = |stage: u8| match self.index.get(path, stage) {
            Some(entry) => self.repo.store.blob(cx.files(), &entry.oid),
            None => Ok(std::sync::Arc::default()),
        };
        let (base, ours, theirs) = (blob(1)?, blob(2)?, blob(3)?);
        let configured = self.repo.config.get("merge.conflictstyle").and_then(style_named);
        let options = MergeOptions {
            style: style.or(configured).unwrap_or(MergeStyle::Merge),
            ..MergeOptions::git_merge()
        };
        let labels = Labels {
            ours: b"ours",
            base: b"base",
            theirs: b"theirs",
        };
        let merged = essaim_text::merge(&base, &ours, &theirs, &labels, &options);
        let mode = self.index.get(path, 2).map_or(mode::FILE, |entry| entry.mode);
        worktree::write_file(cx.files_mut(), self.repo, path, mode, &merged.bytes)?;
        self.recreated += 1;
        Ok(())
    }
}
