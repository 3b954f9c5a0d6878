//! `git switch -m`: local changes that stand in the way are carried over by a merge.

use crate::cat;
use crate::checkout;
use crate::fault::{Fault, Result};
use crate::index::{Entry, Index};
use crate::merge;
use crate::oid::Oid;
use crate::process::Cx;
use crate::repo::Repo;
use crate::tree::{self, Flat};
use crate::worktree;
use essaim_text::MergeStyle;

/// Goes from one commit to another; what differs from the index is merged in.
pub(crate) fn carry(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    index: &mut Index,
    [from, to]: [(&Oid, &[u8]); 2],
    style: Option<MergeStyle>,
) -> Result<()> {
    let base = tree::of_commit(cx.files(), &repo.store, Some(from.0))?;
    let staged = merge::apply::staged_paths(index, &base);
    if !staged.is_empty() {
        let names = staged.join(b" ".as_slice());
        return Err(Fault::fatal(cat![
            "cannot continue with staged changes in the following files:\n",
            names
        ]));
    }
    let mut local = Flat::new();
    for path in base.keys() {
        let there = worktree::lstat_no_links(cx.files(), repo, path).is_ok_and(|metadata| !metadata.is_dir());
        if there {
            let entry = worktree::entry_of(cx.files_mut(), repo, path)?;
            local.insert(path.clone(), (entry.mode, entry.oid));
        }
    }
    let new = tree::of_commit(cx.files(), &repo.store, Some(to.0))?;
    checkout::force(cx.files_mut(), repo, index, &new)?;
    let mut options = merge::Options::new(repo, to.1, b"local");
    options.base_label = Some(from.1.to_vec());
    options.style = style.unwrap_or(options.style);
    let merged = merge::trees(cx.files_mut(), repo, [&base, &new, &local], &options)?;
    if let Err(refusal) = merge::apply::apply(cx.files_mut(), repo, index, &new, &merged)? {
        return Err(refusal.fault(checkout::Doing::Checkout, repo, 1));
    }
    // Nothing of it is staged; conflicts stay.
    let unmerged = index.unmerged_paths();
    let mut entries: Vec<Entry> = Index::of_tree(&new).entries().to_vec();
    entries.retain(|entry| !unmerged.contains(&entry.path));
    entries.extend(index.entries().iter().filter(|entry| entry.stage != 0).cloned());
    index.replace(entries);
    worktree::refresh(cx.files(), repo, index);
    Ok(())
}
