//! Simplified history: commits that change nothing in the given paths are left out, and parents are those that count.

use super::walk::{Node, Walk};
use crate::diff::lists;
use crate::fault::Result;
use crate::oid::Oid;
use std::collections::{BTreeMap, BTreeSet};

impl Walk<'_> {
    /// What is left out does not count, unless the command line named it.
    fn is_relevant(&self, oid: &Oid) -> bool {
        !self.hidden.contains(oid) || self.bottoms.contains(oid)
    }

    /// Whether two trees are equal in what was asked for.
    fn is_same(&self, commit: &Oid, old: Option<&Oid>, new: &Oid) -> Result<bool> {
        if self.limits.by_decoration && old.is_some() {
            if self.named.contains(commit) {
                return Ok(false);
            }
            if self.paths.is_empty() {
                return Ok(true);
            }
        }
        Ok(lists::trees(self.files, &self.repo.store, old, Some(new), self.paths)?.is_empty())
    }

    /// Compares a commit with its parents; one of them alone may be left.
    pub(super) fn simplify(&mut self, oid: &Oid) -> Result<()> {
        let node = self.node(oid)?;
        let (commit, mut parents) = (node.commit.clone(), node.parents.clone());
        if self.ends.contains(oid) {
            parents.clear();
            self.node(oid)?.parents.clear();
        }
        if !self.prunes() {
            return Ok(());
        }
        if parents.is_empty() {
            let unchanged = self.is_same(oid, None, &commit.tree)?;
            self.node(oid)?.unchanged = unchanged;
            return Ok(());
        }
        if self.limits.sparse && parents.len() == 1 {
            return Ok(());
        }
        let compared = if self.limits.first_parent { 1 } else { parents.len() };
        let mut same = Vec::new();
        for (nth, parent) in parents.iter().take(compared).enumerate() {
            let tree = self.history.commit(parent)?.tree;
            same.push(self.is_same(oid, Some(&tree), &commit.tree)?);
            if same[nth] && !self.limits.full_history && self.is_relevant(parent) {
                // A merge that took one side whole: only that side's history matters.
                let unchanged = nth == 0 || !self.limits.show_pulls;
                let parent = *parent;
                let node = self.node(oid)?;
                (node.parents, node.same, node.unchanged) = (vec![parent], vec![true], unchanged);
                return Ok(());
            }
            if !same[nth] && self.limits.remove_empty && self.is_same(oid, None, &tree)? {
                self.ends.insert(*parent);
            }
        }
        let node = self.node(oid)?;
        node.pulled = same.first() == Some(&false);
        node.same = same;
        self.settle(oid);
        Ok(())
    }

    /// Whether a commit changes anything: its relevant parents decide, or all of them if none is.
    pub(super) fn settle(&mut self, oid: &Oid) {
        let Some(node) = self.nodes.get(oid).filter(|node| !node.same.is_empty()) else {
            return;
        };
        let pairs = || node.parents.iter().zip(&node.same);
        let relevant = |pair: &(&Oid, &bool)| self.is_relevant(pair.0);
        let unchanged = match pairs().any(|pair| relevant(&pair)) {
            true => pairs().filter(relevant).all(|(_, same)| *same),
            false => node.same.iter().all(|same| *same),
        };
        // A side branch that brought it all in stays as it was found.
        let settled = node.unchanged && node.parents.len() == 1;
        if let Some(node) = self.nodes.get_mut(oid).filter(|_| !settled) {
            node.unchanged = unchanged;
        }
    }

    /// Whether a commit is left out because it changes nothing and ties nothing together.
    pub(super) fn is_dull(&self, oid: &Oid) -> bool {
        let Some(node) = self.nodes.get(oid).filter(|node| node.unchanged) else {
            return false;
        };
        if !self.limits.ancestry {
            return true;
        }
        if self.limits.show_pulls && node.pulled {
            return false;
        }
        node.parents.iter().filter(|parent| self.is_relevant(parent)).count() < 2
    }

    /// The one parent a commit can be replaced by.
    fn only_parent(&self, node: &Node) -> Option<Oid> {
        if self.limits.first_parent || node.parents.len() < 2 {
            return node.parents.first().copied();
        }
        let mut relevant = node.parents.iter().filter(|parent| self.is_relevant(parent));
        match (relevant.next(), relevant.next()) {
            (Some(only), None) => Some(*only),
            _ => None,
        }
    }

    /// A commit's parents; dull ones are replaced by what stands behind them.
    pub(super) fn rewritten(&mut self, oid: &Oid) -> Result<Vec<Oid>> {
        let parents = self.parents(oid).to_vec();
        if !self.prunes() || !self.limits.ancestry || self.limits.sparse {
            return Ok(parents);
        }
        let mut out: Vec<Oid> = Vec::new();
        for parent in parents {
            let mut at = Some(parent);
            while let Some(oid) = at {
                if !self.nodes.contains_key(&oid) && !self.hidden.contains(&oid) {
                    self.simplify(&oid)?;
                }
                let node = self.node(&oid)?;
                let (unchanged, is_root) = (node.unchanged, node.parents.is_empty());
                if self.hidden.contains(&oid) || !unchanged {
                    break;
                }
                if is_root {
                    at = None;
                    break;
                }
                match self.nodes.get(&oid).and_then(|node| self.only_parent(node)) {
                    Some(next) => at = Some(next),
                    None => break,
                }
            }
            if let Some(found) = at.filter(|found| !out.contains(found)) {
                out.push(found);
            }
        }
        Ok(out)
    }

    /// `--simplify-merges`: merges whose sides come to the same are left out. The list is sorted, children first.
    pub(super) fn simplify_merges(&mut self, list: &[Oid]) -> Result<Vec<Oid>> {
        let mut become_: BTreeMap<Oid, Oid> = BTreeMap::new();
        for oid in list.iter().rev() {
            let parents: Vec<Oid> = self
                .parents(oid)
                .iter()
                .map(|parent| become_.get(parent).copied().unwrap_or(*parent))
                .collect();
            let same = self.nodes.get(oid).map(|node| node.same.clone()).unwrap_or_default();
            let mut pairs: Vec<(Oid, bool)> = Vec::new();
            for (at, parent) in parents.into_iter().enumerate() {
                let same = same.get(at).copied().unwrap_or(false);
                if self.limits.first_parent || !pairs.iter().any(|(other, _)| *other == parent) {
                    pairs.push((parent, same));
                }
            }
            if pairs.len() > 1 && !self.limits.first_parent {
                self.drop_redundant(&mut pairs)?;
            }
            let node = self.node(oid)?;
            (node.parents, node.same) = pairs.into_iter().unzip();
            self.settle(oid);
            let Some(node) = self.nodes.get(oid) else { continue };
            let keeps = !node.unchanged || node.parents.is_empty() || self.limits.show_pulls && node.pulled;
            let target = match self.only_parent(node).filter(|_| !keeps) {
                Some(parent) => become_.get(&parent).copied().unwrap_or(parent),
                None => *oid,
            };
            become_.insert(*oid, target);
        }
        Ok(list
            .iter()
            .filter(|oid| become_.get(oid) == Some(oid))
            .copied()
            .collect())
    }

    /// Leaves out parents that other parents stand on, and roots without the paths, but not the last one that is the
    /// same as the commit.
    fn drop_redundant(&mut self, pairs: &mut Vec<(Oid, bool)>) -> Result<()> {
        let oids: Vec<Oid> = pairs.iter().map(|(oid, _)| *oid).collect();
        let best: BTreeSet<Oid> = self.independent(&oids)?;
        let mut drop: Vec<bool> = Vec::new();
        for (oid, same) in pairs.iter() {
            let node = self.node(oid)?;
            let empty_root = *same && node.parents.is_empty() && node.unchanged;
            drop.push(!best.contains(oid) || empty_root);
        }
        let kept_same = pairs.iter().zip(&drop).any(|((_, same), drop)| *same && !drop);
        if !kept_same && let Some(at) = pairs.iter().zip(&drop).position(|((_, same), drop)| *same && *drop) {
            drop[at] = false;
        }
        let mut at = 0;
        pairs.retain(|_| {
            at += 1;
            !drop[at - 1]
        });
        Ok(())
    }

    /// Those of the commits that no other stands on, by simplified parents.
    fn independent(&mut self, commits: &[Oid]) -> Result<BTreeSet<Oid>> {
        let mut below = BTreeSet::new();
        let mut stack: Vec<Oid> = Vec::new();
        for oid in commits {
            stack.extend(self.parents_or_read(oid)?);
        }
        while let Some(oid) = stack.pop() {
            if below.insert(oid) {
                stack.extend(self.parents_or_read(&oid)?);
            }
        }
        Ok(commits.iter().filter(|oid| !below.contains(oid)).copied().collect())
    }

    fn parents_or_read(&mut self, oid: &Oid) -> Result<Vec<Oid>> {
        Ok(self.node(oid)?.parents.clone())
    }
}
