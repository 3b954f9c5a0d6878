//! Bringing a merge's result into index and working tree.

use super::Merged;
use crate::cat;
use crate::checkout::{self, Refusal};
use crate::fault::Result;
use crate::index::{Entry, Index};
use crate::repo::Repo;
use crate::tree::Flat;
use essaim_kernel::Files;
use essaim_kernel::SmallSort;

/// Paths that differ between a tree and the index: a merge begins only where there are none.
pub fn staged_paths(index: &Index, head: &Flat) -> Vec<Vec<u8>> {
    let mut paths: Vec<Vec<u8>> = head.keys().cloned().collect();
    paths.extend(index.entries().iter().map(|entry| entry.path.clone()));
    paths.small_sort();
    paths.dedup();
    paths.retain(|path| {
        let entry = index.get(path, 0).filter(|entry| !entry.intent_to_add);
        entry.map(|entry| (entry.mode, entry.oid)) != head.get(path).copied()
    });
    paths
}

/// Goes from `head` to the result, or tells what would be lost. The index is changed, not written.
pub fn apply(
    files: &mut Files,
    repo: &Repo,
    index: &mut Index,
    head: &Flat,
    merged: &Merged,
) -> Result<core::result::Result<(), Refusal>> {
    let plan = match checkout::plan(files, repo, index, head, &merged.files) {
        Ok(plan) => plan,
        Err(refusal) => return Ok(Err(refusal)),
    };
    plan.apply(files, repo, index)?;
    for (path, stages) in &merged.conflicts {
        index.remove(path);
        for (stage, side) in (1..).zip(stages) {
            if let Some((mode, oid)) = side {
                let (path, mode, oid) = (path.clone(), *mode, *oid);
                index.insert(Entry {
                    path,
                    mode,
                    oid,
                    stage,
                    ..Entry::default()
                });
            }
        }
    }
    files.write(&repo.git_path("AUTO_MERGE"), cat![merged.tree.hex(), "\n"])?;
    Ok(Ok(()))
}
