//! Merging trees: what the strategy `ort` makes of a base and two sides.
//!
//! [`Merge::trees`] merges three trees without a working tree; [`Merge::commits`] finds the base first, merging
//! several merge bases into one. [`apply`] brings the result into index and working tree.
//!
//! The messages and their order, the stages in the index and the content of files in conflict are those of Git 2.47,
//! compared with the installed one in `tests/`.

pub mod apply;
mod content;
mod entry;
mod names;
mod relocate;

use crate::fault::Result;
use crate::index::{Entry, Index};
use crate::oid::Oid;
use crate::repo::Repo;
use crate::tree::{self, Flat};
use crate::walk::History;
use essaim_kernel::Files;
use essaim_kernel::SmallSort;
use essaim_text::{Algorithm, Favor, MergeStyle, Whitespace};
use std::collections::BTreeMap;

/// (mode, object) of one path in one of the three trees.
pub type Side = (u32, Oid);

/// What a merge was told.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the two sides are called: `HEAD` and the branch.
    pub labels: [Vec<u8>; 2],
    /// What the base is called; `None`: its abbreviated id.
    pub base_label: Option<Vec<u8>>,
    /// `-Xours`, `-Xtheirs`.
    pub favor: Option<Favor>,
    /// `merge.conflictStyle`.
    pub style: MergeStyle,
    /// `-Xdiff-algorithm`.
    pub algorithm: Algorithm,
    /// `-Xignore-space-change` and its like.
    pub whitespace: Whitespace,
    /// From which similarity on (percent) a deletion and an addition are a rename; `None`: never.
    pub renames: Option<u32>,
    /// `merge.directoryRenames`.
    pub directory_renames: DirectoryRenames,
}

/// What is done with files that were added to a directory the other side renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryRenames {
    /// They stay.
    No,
    /// They move, and the path is in conflict (Git's default).
    Conflict,
    /// They move.
    Yes,
}

impl Options {
    /// What the settings say.
    pub fn new(repo: &Repo, ours: &[u8], theirs: &[u8]) -> Self {
        let config = &repo.config;
        let style = match config.get("merge.conflictstyle") {
            Some(b"diff3") => MergeStyle::Diff3,
            Some(b"zdiff3") => MergeStyle::ZealousDiff3,
            _ => MergeStyle::Merge,
        };
        let directory_renames = match config.get("merge.directoryrenames") {
            None | Some(b"conflict") => DirectoryRenames::Conflict,
            Some(text) if crate::config::parse_bool(Some(text)) == Some(false) => DirectoryRenames::No,
            Some(_) => DirectoryRenames::Yes,
        };
        Self {
            labels: [ours.to_vec(), theirs.to_vec()],
            base_label: None,
            favor: None,
            style,
            algorithm: Algorithm::Histogram,
            whitespace: Whitespace::Exact,
            // Git 2.47's `ort` heeds neither `merge.renames` nor `diff.renames`.
            renames: Some(50),
            directory_renames,
        }
    }
}

/// What came of a merge.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// Every file of the result; those in conflict as they are shown in the working tree.
    pub files: Flat,
    /// The tree of `files`.
    pub tree: Oid,
    /// The paths in conflict with the entries of their stages 1, 2, 3.
    pub conflicts: BTreeMap<Vec<u8>, [Option<Side>; 3]>,
    /// A directory was renamed to several places: what was added to it may not be where it should be.
    pub unclear: bool,
    /// What Git says about it, for standard output.
    pub messages: Vec<u8>,
}

impl Merged {
    /// Whether nothing is in conflict.
    pub fn is_clean(&self) -> bool {
        self.conflicts.is_empty() && !self.unclear
    }
}

/// One path that needs thought.
#[derive(Clone, Debug, Default)]
struct Info {
    /// Base, ours, theirs.
    stages: [Option<Side>; 3],
    /// Under which paths the three were found.
    names: [Vec<u8>; 3],
    /// Part of a conflict about names.
    path_conflict: bool,
    /// Moved elsewhere.
    gone: bool,
    /// Its stages are no longer those of the trees.
    renamed: bool,
    /// Both sides had the same file here before a rename came to it. Git then takes ours and compares no more.
    twin: bool,
}

impl Info {
    fn mask(&self) -> u8 {
        (0..3)
            .filter(|at| self.stages[*at].is_some())
            .fold(0, |mask, at| mask | 1 << at)
    }
}

/// A merge under way.
pub struct Merge<'a> {
    files: &'a mut Files,
    repo: &'a Repo,
    options: &'a Options,
    labels: [Vec<u8>; 2],
    base_label: Vec<u8>,
    /// 0, or how deep in merges of merge bases.
    depth: usize,
    infos: BTreeMap<Vec<u8>, Info>,
    out: Flat,
    conflicts: BTreeMap<Vec<u8>, [Option<Side>; 3]>,
    unclear: bool,
    messages: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Merges three trees.
pub fn trees(files: &mut Files, repo: &Repo, flats: [&Flat; 3], options: &Options) -> Result<Merged> {
    let labels = options.labels.clone();
    let base = options.base_label.clone().unwrap_or_default();
    Merge::new(files, repo, options, labels, base, 0).run(flats)
}

/// Merges two commits over their merge bases (the best first).
pub fn commits(files: &mut Files, repo: &Repo, sides: [&Oid; 2], bases: &[Oid], options: &Options) -> Result<Merged> {
    merge_commits(files, repo, sides, bases, options, 0)
}

fn merge_commits(
    files: &mut Files,
    repo: &Repo,
    sides: [&Oid; 2],
    bases: &[Oid],
    options: &Options,
    depth: usize,
) -> Result<Merged> {
    let ours = tree::of_commit(files, &repo.store, Some(sides[0]))?;
    let theirs = tree::of_commit(files, &repo.store, Some(sides[1]))?;
    let (base, label) = base_of(files, repo, bases, options, depth)?;
    let labels = match depth {
        0 => options.labels.clone(),
        _ => [
            b"Temporary merge branch 1".to_vec(),
            b"Temporary merge branch 2".to_vec(),
        ],
    };
    Merge::new(files, repo, options, labels, label, depth).run([&base, &ours, &theirs])
}

/// The base's files and name: several bases are merged, the oldest first.
fn base_of(files: &mut Files, repo: &Repo, bases: &[Oid], options: &Options, depth: usize) -> Result<(Flat, Vec<u8>)> {
    let label = match (&options.base_label, bases) {
        (Some(label), _) if depth == 0 => label.clone(),
        (_, []) => b"empty tree".to_vec(),
        (_, [only]) => repo.short(files, only).into_bytes(),
        _ => b"merged common ancestors".to_vec(),
    };
    let mut oldest_first = bases.iter().rev();
    let Some(first) = oldest_first.next() else {
        return Ok((Flat::new(), label));
    };
    let mut base = tree::of_commit(files, &repo.store, Some(first))?;
    let mut merged = vec![*first];
    for next in oldest_first {
        let inner = History::new(&repo.store, files).merge_bases(next, &merged)?;
        let (inner_base, inner_label) = base_of(files, repo, &inner, options, depth + 1)?;
        let other = tree::of_commit(files, &repo.store, Some(next))?;
        let labels = [
            b"Temporary merge branch 1".to_vec(),
            b"Temporary merge branch 2".to_vec(),
        ];
        base = Merge::new(files, repo, options, labels, inner_label, depth + 1)
            .run([&inner_base, &base, &other])?
            .files;
        merged.push(*next);
    }
    Ok((base, label))
}

/// Whether two modes are of the same type of file.
fn same_type(a: u32, b: u32) -> bool {
    a & 0o170_000 == b & 0o170_000
}

impl<'a> Merge<'a> {
    fn new(
        files: &'a mut Files,
        repo: &'a Repo,
        options: &'a Options,
        labels: [Vec<u8>; 2],
        base_label: Vec<u8>,
        depth: usize,
    ) -> Self {
        Self {
            files,
            repo,
            options,
            labels,
            base_label,
            depth,
            infos: BTreeMap::new(),
            out: Flat::new(),
            conflicts: BTreeMap::new(),
            unclear: false,
            messages: Vec::new(),
        }
    }

    fn run(mut self, flats: [&Flat; 3]) -> Result<Merged> {
        self.collect(flats);
        if let Some(threshold) = self.options.renames {
            self.renames(threshold)?;
        }
        let paths: Vec<Vec<u8>> = self.infos.keys().rev().cloned().collect();
        for path in paths {
            if let Some(info) = self.infos.remove(&path) {
                self.entry(path, info)?;
            }
        }
        let tree = self.write_tree()?;
        self.messages.small_sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Merged {
            files: self.out,
            tree,
            conflicts: self.conflicts,
            unclear: self.unclear,
            messages: self.messages.into_iter().flat_map(|(_, text)| text).collect(),
        })
    }

    /// Sorts out what is the same on two of three sides and cannot be part of a rename.
    fn collect(&mut self, flats: [&Flat; 3]) {
        let mut paths: Vec<&Vec<u8>> = flats.iter().flat_map(|flat| flat.keys()).collect();
        paths.small_sort();
        paths.dedup();
        for path in paths {
            let stages = flats.map(|flat| flat.get(path).copied());
            let [base, ours, theirs] = stages;
            if let (Some(base), Some(ours), Some(theirs)) = (base, ours, theirs)
                && (ours == theirs || base == ours || base == theirs)
            {
                self.out.insert(path.clone(), if base == ours { theirs } else { ours });
                continue;
            }
            let names = [path.clone(), path.clone(), path.clone()];
            self.infos.insert(
                path.clone(),
                Info {
                    stages,
                    names,
                    ..Info::default()
                },
            );
        }
    }

    fn write_tree(&mut self) -> Result<Oid> {
        let mut index = Index::default();
        let entries = self.out.iter().map(|(path, (mode, oid))| Entry {
            path: path.clone(),
            mode: *mode,
            oid: *oid,
            ..Entry::default()
        });
        index.replace(entries.collect());
        index.write_tree(self.files, &self.repo.store)
    }

    /// Says something about a path; merges of merge bases are silent.
    fn say(&mut self, path: &[u8], text: Vec<u8>) {
        if self.depth == 0 {
            self.messages.push((path.to_vec(), text));
        }
    }

    /// A path of its own for what cannot stay where it is: `path~branch`, then `path~branch_0` …
    fn unique_path(&self, path: &[u8], label: &[u8]) -> Vec<u8> {
        let flat: Vec<u8> = label.iter().map(|b| if *b == b'/' { b'_' } else { *b }).collect();
        let wanted = crate::cat![path, "~", flat];
        let taken = |path: &Vec<u8>| {
            let below = crate::cat![path, "/"];
            let inside = |key: Option<&Vec<u8>>| key.is_some_and(|key| key.starts_with(&below));
            self.infos.contains_key(path)
                || self.out.contains_key(path)
                || self.conflicts.contains_key(path)
                || inside(self.infos.range(below.clone()..).next().map(|(key, _)| key))
                || inside(self.out.range(below.clone()..).next().map(|(key, _)| key))
        };
        let mut path = wanted.clone();
        let mut suffix = 0;
        while taken(&path) {
            path = crate::cat![wanted, format!("_{suffix}")];
            suffix += 1;
        }
        path
    }
}
