//! Merging more than one commit at once: one after the other, each into the tree so far.

use super::Job;
use crate::cat;
use crate::fault::{Fault, Result};
use crate::merge::{self as engine, Merged};
use crate::oid::Oid;
use crate::process::Cx;
use crate::tree;
use crate::walk::History;

/// The merge bases of all the commits.
pub(super) fn common(history: &mut History<'_>, head: Oid, others: &[Oid]) -> Result<Vec<Oid>> {
    let mut shared = history.ancestors(&[head])?;
    for other in others {
        let theirs = history.ancestors(&[*other])?;
        shared.retain(|oid| theirs.contains(oid));
    }
    let shared: Vec<Oid> = shared.into_iter().collect();
    history.independent(&shared)
}

pub(super) fn merge(cx: &mut Cx<'_, '_>, job: &Job) -> Result<Merged> {
    let repo = &job.repo;
    let mut merged_so_far = vec![job.head];
    let mut files = tree::of_commit(cx.files(), &repo.store, Some(&job.head))?;
    let mut forward_only = true;
    let mut last = Merged::default();
    for head in &job.heads {
        let bases = History::new(&repo.store, cx.files()).merge_bases(&head.oid, &merged_so_far)?;
        if bases.contains(&head.oid) {
            cx.print(cat!["Already up to date with ", head.name, "\n"]);
            continue;
        }
        let theirs = tree::of_commit(cx.files(), &repo.store, Some(&head.oid))?;
        if forward_only && bases.as_slice() == merged_so_far.as_slice() {
            cx.print(cat!["Fast-forwarding to: ", head.name, "\n"]);
            merged_so_far = vec![head.oid];
            files = theirs;
            continue;
        }
        forward_only = false;
        cx.print(cat!["Trying simple merge with ", head.name, "\n"]);
        let base = tree::of_commit(cx.files(), &repo.store, bases.first())?;
        let mut how = engine::Options::new(repo, b"HEAD", &head.name);
        how.renames = None;
        last = engine::trees(cx.files_mut(), repo, [&base, &files, &theirs], &how)?;
        if !last.is_clean() {
            return Err(Fault::gap("an octopus merge with conflicts"));
        }
        if !last.messages.is_empty() {
            cx.print("Simple merge did not work, trying automatic merge.\n");
            cx.print(&last.messages);
        }
        files = std::mem::take(&mut last.files);
        merged_so_far.push(head.oid);
    }
    how_it_ended(cx, job, files, last)
}

fn how_it_ended(cx: &mut Cx<'_, '_>, job: &Job, files: tree::Flat, last: Merged) -> Result<Merged> {
    // One more merge, with itself, writes the tree.
    let how = engine::Options::new(&job.repo, b"HEAD", b"");
    let merged = engine::trees(cx.files_mut(), &job.repo, [&files, &files, &files], &how)?;
    Ok(Merged {
        messages: Vec::new(),
        conflicts: last.conflicts,
        ..merged
    })
}
