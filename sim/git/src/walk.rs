//! Walking history: orders of commits, ancestors, merge bases.

use crate::fault::Result;
use crate::object::Commit;
use crate::oid::Oid;
use crate::store::Store;
use core::cmp::Reverse;
use essaim_kernel::Files;
use essaim_kernel::{IntoTree, SmallSort};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;

/// Commits, parsed once.
pub struct History<'a> {
    store: &'a Store,
    files: &'a Files,
    commits: BTreeMap<Oid, Arc<Commit>>,
}

/// A queue that gives the youngest commit first, and among equals the one that came first.
#[derive(Default)]
struct Queue {
    heap: BinaryHeap<(i64, Reverse<u64>, Oid)>,
    count: u64,
}

impl Queue {
    fn push(&mut self, seconds: i64, oid: Oid) {
        self.heap.push((seconds, Reverse(self.count), oid));
        self.count += 1;
    }
    fn pop(&mut self) -> Option<Oid> {
        self.heap.pop().map(|(_, _, oid)| oid)
    }
}

impl<'a> History<'a> {
    /// The history in an object database.
    pub fn new(store: &'a Store, files: &'a Files) -> Self {
        Self {
            store,
            files,
            commits: BTreeMap::new(),
        }
    }

    /// A commit.
    pub fn commit(&mut self, oid: &Oid) -> Result<Arc<Commit>> {
        if let Some(commit) = self.commits.get(oid) {
            return Ok(Arc::clone(commit));
        }
        let commit = Arc::new(self.store.commit(self.files, oid)?);
        self.commits.insert(*oid, Arc::clone(&commit));
        Ok(commit)
    }

    /// A commit's parents.
    pub fn parents(&mut self, oid: &Oid) -> Result<Vec<Oid>> {
        Ok(self.commit(oid)?.parents.clone())
    }

    /// The commits and all they stand on.
    pub fn ancestors(&mut self, tips: &[Oid]) -> Result<BTreeSet<Oid>> {
        let mut seen = BTreeSet::new();
        let mut stack = tips.to_vec();
        while let Some(oid) = stack.pop() {
            if seen.insert(oid) {
                stack.extend(self.parents(&oid)?);
            }
        }
        Ok(seen)
    }

    /// What is reachable from `include` and not from `exclude`, the youngest first: `git log`'s own order.
    pub fn by_date(&mut self, include: &[Oid], exclude: &[Oid]) -> Result<Vec<Oid>> {
        self.by_date_along(include, exclude, false)
    }

    /// The same; `first_parent` follows only first parents.
    pub fn by_date_along(&mut self, include: &[Oid], exclude: &[Oid], first_parent: bool) -> Result<Vec<Oid>> {
        let hidden = self.ancestors(exclude)?;
        let mut seen = BTreeSet::new();
        let mut queue = Queue::default();
        for tip in include {
            if !hidden.contains(tip) && seen.insert(*tip) {
                queue.push(self.commit(tip)?.committer.seconds, *tip);
            }
        }
        let mut out = Vec::new();
        while let Some(oid) = queue.pop() {
            out.push(oid);
            let parents = self.parents(&oid)?;
            let follow = if first_parent {
                parents.len().min(1)
            } else {
                parents.len()
            };
            for parent in &parents[..follow] {
                if !hidden.contains(parent) && seen.insert(*parent) {
                    queue.push(self.commit(parent)?.committer.seconds, *parent);
                }
            }
        }
        Ok(out)
    }

    /// The commits (in `git log`'s order) so that no parent comes before its children. `by_date`: among those that may
    /// come, the youngest first (`--date-order`); else lines of history stay together (`--topo-order`, `--graph`).
    pub fn topological(&mut self, commits: &[Oid], by_date: bool) -> Result<Vec<Oid>> {
        let mut children: BTreeMap<Oid, usize> = commits.iter().map(|oid| (*oid, 0)).into_tree();
        for oid in commits {
            for parent in self.parents(oid)? {
                if let Some(count) = children.get_mut(&parent) {
                    *count += 1;
                }
            }
        }
        let tips: Vec<Oid> = commits
            .iter()
            .filter(|oid| children.get(oid) == Some(&0))
            .copied()
            .collect();
        let mut queue = Queue::default();
        let mut stack: Vec<Oid> = Vec::new();
        if by_date {
            for tip in &tips {
                queue.push(self.commit(tip)?.committer.seconds, *tip);
            }
        } else {
            stack.extend(tips.iter().rev());
        }
        let mut out = Vec::with_capacity(commits.len());
        while let Some(oid) = if by_date { queue.pop() } else { stack.pop() } {
            out.push(oid);
            for parent in self.parents(&oid)? {
                let Some(count) = children.get_mut(&parent) else {
                    continue;
                };
                *count = count.saturating_sub(1);
                if *count == 0 {
                    if by_date {
                        queue.push(self.commit(&parent)?.committer.seconds, parent);
                    } else {
                        stack.push(parent);
                    }
                }
            }
        }
        Ok(out)
    }

    /// Whether `ancestor` is `descendant` or one of its ancestors.
    pub fn is_ancestor(&mut self, ancestor: &Oid, descendant: &Oid) -> Result<bool> {
        let mut seen = BTreeSet::new();
        let mut stack = vec![*descendant];
        while let Some(oid) = stack.pop() {
            if oid == *ancestor {
                return Ok(true);
            }
            if seen.insert(oid) {
                stack.extend(self.parents(&oid)?);
            }
        }
        Ok(false)
    }

    /// The best common ancestors of `one` and a hypothetical merge of `others`, the youngest first.
    pub fn merge_bases(&mut self, one: &Oid, others: &[Oid]) -> Result<Vec<Oid>> {
        let ours = self.ancestors(&[*one])?;
        let theirs = self.ancestors(others)?;
        let common: Vec<Oid> = ours.intersection(&theirs).copied().collect();
        self.independent(&common)
    }

    /// Those of the commits that no other of them stands on, the youngest first.
    pub fn independent(&mut self, commits: &[Oid]) -> Result<Vec<Oid>> {
        let set: BTreeSet<Oid> = commits.iter().copied().into_tree();
        let mut reachable = BTreeSet::new();
        let mut stack = Vec::new();
        for oid in &set {
            stack.extend(self.parents(oid)?);
        }
        while let Some(oid) = stack.pop() {
            if reachable.insert(oid) {
                stack.extend(self.parents(&oid)?);
            }
        }
        let mut best: Vec<Oid> = set.into_iter().filter(|oid| !reachable.contains(oid)).collect();
        let mut dated = Vec::new();
        for oid in best.drain(..) {
            dated.push((Reverse(self.commit(&oid)?.committer.seconds), oid));
        }
        dated.small_sort_by_key(|(seconds, _)| *seconds);
        Ok(dated.into_iter().map(|(_, oid)| oid).collect())
    }

    /// How many commits each of two has that the other has not.
    pub fn ahead_behind(&mut self, one: &Oid, other: &Oid) -> Result<(usize, usize)> {
        let ours = self.ancestors(&[*one])?;
        let theirs = self.ancestors(&[*other])?;
        Ok((ours.difference(&theirs).count(), theirs.difference(&ours).count()))
    }
}
