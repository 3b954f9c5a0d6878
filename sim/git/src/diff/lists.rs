//! Which paths differ between two places. Lists are sorted by path; renames are not joined yet.

use crate::cat;
use crate::fault::Result;
use crate::index::Index;
use crate::object::mode;
use crate::oid::Oid;
use crate::pathspec::Pathspec;
use crate::repo::Repo;
use crate::status::Change;
use crate::store::Store;
use crate::tree::Flat;
use crate::worktree::{self, FileState};
use essaim_kernel::Files;
use essaim_kernel::SmallSort;

fn change(path: &[u8], old: (u32, Oid), new: (u32, Oid)) -> Change {
    let letter = match (old.0, new.0) {
        (0, _) => b'A',
        (_, 0) => b'D',
        (a, b) if a & 0o170_000 != b & 0o170_000 => b'T',
        _ => b'M',
    };
    Change {
        letter,
        path: path.to_vec(),
        from: None,
        score: 0,
        old,
        new,
    }
}

/// A path in conflict: letter `U`, nothing known of its sides.
pub fn unmerged(path: &[u8]) -> Change {
    Change {
        letter: b'U',
        ..change(path, (0, Oid::NULL), (0, Oid::NULL))
    }
}

const NONE: (u32, Oid) = (0, Oid::NULL);

/// Two trees, compared level by level: equal subtrees are not read.
pub fn trees(
    files: &Files,
    store: &Store,
    old: Option<&Oid>,
    new: Option<&Oid>,
    pathspec: &Pathspec,
) -> Result<Vec<Change>> {
    let mut found = Vec::new();
    let walk = Walk { files, store, pathspec };
    walk.level(old, new, b"", &mut found)?;
    found.small_sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Two trees, their top levels only (`git diff-tree` without `-r`); directories are listed as such.
pub fn top_level(
    files: &Files,
    store: &Store,
    old: Option<&Oid>,
    new: Option<&Oid>,
    pathspec: &Pathspec,
) -> Result<Vec<Change>> {
    let read = |tree: Option<&Oid>| tree.map_or(Ok(Vec::new()), |tree| store.tree(files, tree));
    let (old, new) = (read(old)?, read(new)?);
    let mut found = Vec::new();
    for entry in &old {
        let twin = new.iter().find(|other| other.name == entry.name);
        let after = twin.map_or(NONE, |twin| (twin.mode, twin.oid));
        if after != (entry.mode, entry.oid) {
            found.push(change(&entry.name, (entry.mode, entry.oid), after));
        }
    }
    for entry in new
        .iter()
        .filter(|entry| !old.iter().any(|other| other.name == entry.name))
    {
        found.push(change(&entry.name, NONE, (entry.mode, entry.oid)));
    }
    found.retain(|change| pathspec.matches(&change.path) || pathspec.may_match_below(&change.path));
    found.small_sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

struct Walk<'a> {
    files: &'a Files,
    store: &'a Store,
    pathspec: &'a Pathspec,
}

impl Walk<'_> {
    fn level(&self, old: Option<&Oid>, new: Option<&Oid>, prefix: &[u8], found: &mut Vec<Change>) -> Result<()> {
        if old == new {
            return Ok(());
        }
        let read = |tree: Option<&Oid>| tree.map_or(Ok(Vec::new()), |tree| self.store.tree(self.files, tree));
        let (old, new) = (read(old)?, read(new)?);
        let mut names: Vec<&[u8]> = old.iter().chain(&new).map(|entry| entry.name.as_slice()).collect();
        names.small_sort();
        names.dedup();
        for name in names {
            let side = |entries: &[crate::object::TreeEntry]| {
                entries
                    .iter()
                    .find(|entry| entry.name == name)
                    .map_or(NONE, |entry| (entry.mode, entry.oid))
            };
            let (before, after) = (side(&old), side(&new));
            if before == after {
                continue;
            }
            let path = cat![prefix, name];
            let as_tree = |side: (u32, Oid)| (side.0 == mode::TREE).then_some(side.1);
            let as_file = |side: (u32, Oid)| if side.0 == mode::TREE { NONE } else { side };
            let (file_before, file_after) = (as_file(before), as_file(after));
            if (file_before.0 != 0 || file_after.0 != 0) && file_before != file_after && self.pathspec.matches(&path) {
                found.push(change(&path, file_before, file_after));
            }
            let (tree_before, tree_after) = (as_tree(before), as_tree(after));
            if (tree_before.is_some() || tree_after.is_some()) && self.pathspec.may_match_below(&path) {
                self.level(tree_before.as_ref(), tree_after.as_ref(), &cat![path, "/"], found)?;
            }
        }
        Ok(())
    }
}

/// A tree against the index (`git diff --cached`).
pub fn tree_index(base: &Flat, index: &Index, pathspec: &Pathspec) -> Vec<Change> {
    let mut found = Vec::new();
    for (path, old) in base {
        let here = index.stages(path);
        if here.is_empty() || here.iter().all(|entry| entry.intent_to_add) {
            found.push(change(path, *old, NONE));
        }
    }
    let mut last_unmerged: &[u8] = b"";
    for entry in index.entries().iter().filter(|entry| !entry.intent_to_add) {
        if entry.stage != 0 {
            if last_unmerged != entry.path.as_slice() {
                found.push(unmerged(&entry.path));
                last_unmerged = &entry.path;
            }
            continue;
        }
        let new = (entry.mode, entry.oid);
        let old = base.get(&entry.path).copied().unwrap_or(NONE);
        if old != new {
            found.push(change(&entry.path, old, new));
        }
    }
    found.retain(|change| pathspec.matches(&change.path));
    found.small_sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The index against the working tree (`git diff`). A path in conflict is listed as such, and compared at `stage`
/// (2: ours) where that exists.
pub fn index_work(files: &Files, repo: &Repo, index: &Index, pathspec: &Pathspec, stage: u8) -> Vec<Change> {
    let mut found = Vec::new();
    for path in index.unmerged_paths().iter().filter(|path| pathspec.matches(path)) {
        let mode = match worktree::lstat_no_links(files, repo, path) {
            Ok(metadata) if !metadata.is_dir() => worktree::mode_of(&metadata),
            _ => 0,
        };
        found.push(Change {
            new: (mode, Oid::NULL),
            ..unmerged(path)
        });
        if let Some(entry) = index.get(path, stage) {
            found.extend(against_file(files, repo, path, (entry.mode, entry.oid)));
        }
    }
    found.extend(crate::status::unstaged(files, repo, index, pathspec));
    found.small_sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// A known side against the file of the working tree.
fn against_file(files: &Files, repo: &Repo, path: &[u8], old: (u32, Oid)) -> Option<Change> {
    let full = repo.work_path(path);
    let new = match worktree::lstat_no_links(files, repo, path) {
        Ok(metadata) if !metadata.is_dir() => {
            let mode = worktree::mode_of(&metadata);
            let content = worktree::read_blob(files, &full).unwrap_or_default();
            let oid = crate::object::object_id(crate::object::Kind::Blob, &content);
            if (mode, oid) == old {
                return None;
            }
            (mode, Oid::NULL)
        }
        _ => NONE,
    };
    Some(change(path, old, new))
}

/// A tree against the working tree, the index telling which files count (`git diff HEAD`).
pub fn tree_work(files: &Files, repo: &Repo, base: &Flat, index: &Index, pathspec: &Pathspec) -> Vec<Change> {
    let mut found = Vec::new();
    for (path, old) in base.iter().filter(|(path, _)| pathspec.matches(path)) {
        if !index.contains(path) {
            found.push(change(path, *old, NONE));
        }
    }
    for path in index.unmerged_paths().iter().filter(|path| pathspec.matches(path)) {
        found.push(unmerged(path));
        let old = base.get(path).copied().unwrap_or(NONE);
        let ours = index.stages(path).first().map(|entry| (entry.mode, entry.oid));
        if let Some(ours) = ours {
            let new = match against_file(files, repo, path, ours) {
                Some(change) => change.new,
                None => ours,
            };
            if old != NONE || new != NONE {
                push_unless_same(files, repo, &mut found, path, old, new);
            }
        }
    }
    for entry in index
        .entries()
        .iter()
        .filter(|entry| entry.stage == 0 && pathspec.matches(&entry.path))
    {
        let old = base.get(&entry.path).copied().unwrap_or(NONE);
        let new = match worktree::compare(files, repo, index, entry) {
            FileState::Unchanged => (entry.mode, entry.oid),
            FileState::Deleted => NONE,
            // A file changed back to what the tree holds is no difference.
            FileState::Changed { mode, oid } if (mode, oid) == old => continue,
            FileState::Changed { mode, .. } => (mode, Oid::NULL),
        };
        if old != new {
            found.push(change(&entry.path, old, new));
        }
    }
    found.small_sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn push_unless_same(
    files: &Files,
    repo: &Repo,
    found: &mut Vec<Change>,
    path: &[u8],
    old: (u32, Oid),
    new: (u32, Oid),
) {
    let content_oid = if new.0 != 0 && new.1.is_null() {
        let content = worktree::read_blob(files, &repo.work_path(path)).unwrap_or_default();
        crate::object::object_id(crate::object::Kind::Blob, &content)
    } else {
        new.1
    };
    if (new.0, content_oid) != old {
        found.push(change(path, old, new));
    }
}
