//! Whole trees as flat lists of files.

use crate::cat;
use crate::fault::Result;
use crate::oid::Oid;
use crate::store::Store;
use essaim_kernel::Files;
use std::collections::BTreeMap;

/// The files of a tree with all its subtrees, by path: (mode, blob).
pub type Flat = BTreeMap<Vec<u8>, (u32, Oid)>;

/// Reads a tree with all its subtrees; `None`: the empty tree.
pub fn flatten(files: &Files, store: &Store, tree: Option<&Oid>) -> Result<Flat> {
    let mut flat = Flat::new();
    if let Some(tree) = tree {
        add(files, store, tree, b"", &mut flat)?;
    }
    Ok(flat)
}

/// The files of a commit; `None`: no commit yet.
pub fn of_commit(files: &Files, store: &Store, commit: Option<&Oid>) -> Result<Flat> {
    match commit {
        Some(commit) => flatten(files, store, Some(&store.commit(files, commit)?.tree)),
        None => Ok(Flat::new()),
    }
}

fn add(files: &Files, store: &Store, tree: &Oid, prefix: &[u8], into: &mut Flat) -> Result<()> {
    for entry in store.tree(files, tree)? {
        let path = cat![prefix, entry.name];
        if entry.is_tree() {
            add(files, store, &entry.oid, &cat![path, "/"], into)?;
        } else {
            into.insert(path, (entry.mode, entry.oid));
        }
    }
    Ok(())
}
