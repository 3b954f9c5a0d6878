//! Which commits `git log` and `git rev-list` show, and in which order.
//!
//! A walk goes through the history by date and simplifies it on the way ([`super::simplify`]); what needs the whole list
//! (sides, paths of ancestry, topological order) is done on the list; then each commit is taken or left.

use super::limits::matches;
pub use super::limits::{Cherry, Limits, Order};
use crate::fault::Result;
use crate::object::{Commit, Kind};
use crate::oid::Oid;
use crate::pathspec::Pathspec;
use crate::repo::Repo;
use crate::walk::History;
use core::cmp::Reverse;
use essaim_kernel::Files;
use essaim_kernel::IntoTree;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where a walk begins, or what it leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The commit.
    pub oid: Oid,
    /// What was named: the commit, or a tag that leads to it.
    pub object: Oid,
    /// Its name on the command line.
    pub name: Vec<u8>,
    /// Its history is left out.
    pub negated: bool,
    /// The left side of `a...b`.
    pub left: bool,
}

/// A commit to show.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Its id.
    pub oid: Oid,
    /// The commit, its parents rewritten where that was asked for.
    pub commit: Arc<Commit>,
    /// The parents it really has.
    pub parents: Vec<Oid>,
    /// Those of its parents that the graph draws.
    pub drawn: Vec<Oid>,
    /// Its children.
    pub children: Vec<Oid>,
    /// The sign of `--left-right` and its kin: `<`, `>`, `=`, `-`, or nothing.
    pub side: Side,
    /// The name it was reached by.
    pub source: Vec<u8>,
    /// The entry of a reference's log.
    pub reflog: Option<super::pretty::Reflog>,
}

/// What a commit is to the two sides of `a...b` and to the boundary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// Reached from the right, or from anywhere.
    #[default]
    Right,
    /// Reached from the left.
    Left,
    /// Both sides made the same change.
    Same,
    /// Where what is shown ends.
    Boundary,
}

impl Shown {
    /// A commit on its own.
    pub fn alone(oid: Oid, commit: Commit) -> Self {
        Self {
            oid,
            parents: commit.parents.clone(),
            commit: Arc::new(commit),
            ..Self::default()
        }
    }
}

/// What the walk knows of a commit.
pub(super) struct Node {
    pub(super) commit: Arc<Commit>,
    /// After simplification.
    pub(super) parents: Vec<Oid>,
    /// Which of them are the same in the paths.
    pub(super) same: Vec<bool>,
    /// It changes nothing the paths speak of.
    pub(super) unchanged: bool,
    /// It differs from its first parent.
    pub(super) pulled: bool,
    pub(super) left: bool,
    /// A descendant or ancestor of `--ancestry-path=<commit>`.
    pub(super) on_path: bool,
    pub(super) patch_same: bool,
    source: Vec<u8>,
}

/// One walk.
pub struct Walk<'a> {
    pub(super) repo: &'a Repo,
    pub(super) files: &'a Files,
    pub(super) history: History<'a>,
    pub(super) paths: &'a Pathspec,
    pub(super) limits: &'a Limits,
    /// Commits that have a name, for `--simplify-by-decoration`.
    pub(super) named: BTreeSet<Oid>,
    pub(super) nodes: BTreeMap<Oid, Node>,
    pub(super) hidden: BTreeSet<Oid>,
    /// What the command line leaves out by name: it belongs to the topology.
    pub(super) bottoms: BTreeSet<Oid>,
    /// `--remove-empty`: these end the history.
    pub(super) ends: BTreeSet<Oid>,
}

impl<'a> Walk<'a> {
    /// A walk that has not begun.
    pub fn new(repo: &'a Repo, files: &'a Files, paths: &'a Pathspec, limits: &'a Limits) -> Self {
        let named = match limits.by_decoration {
            true => super::decorate::Decorations::load(
                files,
                repo,
                super::decorate::Style::Short,
                &super::decorate::Filter::default(),
            )
            .named(),
            false => BTreeSet::new(),
        };
        Self {
            repo,
            files,
            history: History::new(&repo.store, files),
            paths,
            limits,
            named,
            nodes: BTreeMap::new(),
            hidden: BTreeSet::new(),
            bottoms: BTreeSet::new(),
            ends: BTreeSet::new(),
        }
    }

    /// Whether a commit belongs to what is left out.
    pub fn is_hidden(&self, oid: &Oid) -> bool {
        self.hidden.contains(oid)
    }

    /// Whether commits are compared at all.
    pub(super) fn prunes(&self) -> bool {
        !self.paths.is_empty() || self.limits.by_decoration
    }

    /// Whether the whole list is made before the first commit is shown.
    fn is_limited(&self) -> bool {
        let limits = self.limits;
        !self.bottoms.is_empty()
            || limits.order != Order::Date
            || limits.simplify_merges
            || limits.ancestry_path
            || limits.children
            || limits.left_only
            || limits.right_only
            || limits.cherry != Cherry::Keep
    }

    /// All commits to show, in order.
    pub fn run(&mut self, starts: &[Start]) -> Result<Vec<Shown>> {
        let excluded: Vec<Oid> = starts
            .iter()
            .filter(|start| start.negated)
            .map(|start| start.oid)
            .collect();
        self.bottoms = excluded.iter().copied().collect();
        self.hidden = match self.limits.exclude_first_parent {
            true => self.first_parents(&excluded)?,
            false => self.history.ancestors(&excluded)?,
        };
        let mut list = self.by_date(starts)?;
        if self.is_limited() && self.limits.no_walk.is_none() {
            list.retain(|oid| !self.hidden.contains(oid));
            list = self.limit(list)?;
        }
        let children = self.children(&list);
        let mut shown = self.take(&list)?;
        for commit in &mut shown {
            commit.children = children.get(&commit.oid).cloned().unwrap_or_default();
        }
        if self.limits.reverse {
            shown.reverse();
        }
        Ok(shown)
    }

    fn first_parents(&mut self, tips: &[Oid]) -> Result<BTreeSet<Oid>> {
        let mut seen = BTreeSet::new();
        for tip in tips {
            let mut next = Some(*tip);
            while let Some(oid) = next.filter(|oid| seen.insert(*oid)) {
                next = self.history.parents(&oid)?.first().copied();
            }
        }
        Ok(seen)
    }

    /// Goes through the history, the youngest commit first; equals in the order of their arrival.
    fn by_date(&mut self, starts: &[Start]) -> Result<Vec<Oid>> {
        let limits = self.limits;
        let limited = self.is_limited();
        let sorted = limits.no_walk != Some(false);
        let mut queue: BTreeMap<(i64, Reverse<usize>), Oid> = BTreeMap::new();
        let mut arrival = 0;
        let mut seen = BTreeSet::new();
        for start in starts.iter().filter(|start| !start.negated) {
            let node = self.node(&start.oid)?;
            node.left |= start.left;
            if node.source.is_empty() {
                node.source.clone_from(&start.name);
            }
            node.on_path |= limits.ancestry_of.contains(&start.oid);
            let seconds = if sorted { node.commit.committer.seconds } else { 0 };
            if !self.hidden.contains(&start.oid) && seen.insert(start.oid) {
                queue.insert((seconds, Reverse(arrival)), start.oid);
                arrival += 1;
            }
        }
        let mut out = Vec::new();
        while let Some((_, oid)) = queue.pop_last() {
            let seconds = self.date(&oid, false)?;
            if limits.since.is_some_and(|since| seconds < since) {
                if limited {
                    let behind = self.history.ancestors(&[oid])?;
                    self.hidden.extend(behind);
                }
                continue;
            }
            self.simplify(&oid)?;
            for parent in self.pass_on(&oid)? {
                if !self.hidden.contains(&parent) && seen.insert(parent) {
                    let seconds = self.date(&parent, false)?;
                    queue.insert((seconds, Reverse(arrival)), parent);
                    arrival += 1;
                }
            }
            let too_young = limits.until.is_some_and(|until| seconds > until)
                || limits.since_as_filter.is_some_and(|since| seconds < since);
            if !(limited && too_young) {
                out.push(oid);
            }
        }
        Ok(out)
    }

    /// Hands a commit's side and source on to its parents, which are returned.
    fn pass_on(&mut self, oid: &Oid) -> Result<Vec<Oid>> {
        if self.limits.no_walk.is_some() {
            return Ok(Vec::new());
        }
        let Some(node) = self.nodes.get(oid) else {
            return Ok(Vec::new());
        };
        let (left, on_path, source) = (node.left, node.on_path, node.source.clone());
        let mut parents = node.parents.clone();
        if self.limits.first_parent {
            parents.truncate(1);
        }
        for parent in &parents {
            let named = self.limits.ancestry_of.contains(parent);
            let node = self.node(parent)?;
            node.left |= left;
            node.on_path |= on_path || named;
            if node.source.is_empty() {
                node.source.clone_from(&source);
            }
        }
        Ok(parents)
    }

    pub(super) fn node(&mut self, oid: &Oid) -> Result<&mut Node> {
        if !self.nodes.contains_key(oid) {
            let commit = self.history.commit(oid)?;
            let node = Node {
                parents: commit.parents.clone(),
                commit,
                same: Vec::new(),
                unchanged: false,
                pulled: false,
                left: false,
                on_path: false,
                patch_same: false,
                source: Vec::new(),
            };
            self.nodes.insert(*oid, node);
        }
        Ok(self.nodes.get_mut(oid).expect("it was put there just now"))
    }

    fn date(&mut self, oid: &Oid, by_author: bool) -> Result<i64> {
        let commit = self.history.commit(oid)?;
        Ok(match by_author {
            true => commit.author.seconds,
            false => commit.committer.seconds,
        })
    }

    /// What is done on the whole list.
    fn limit(&mut self, mut list: Vec<Oid>) -> Result<Vec<Oid>> {
        if self.limits.cherry != Cherry::Keep {
            self.cherry(&mut list)?;
        }
        if self.limits.left_only || self.limits.right_only {
            let left = self.limits.left_only;
            list.retain(|oid| self.nodes.get(oid).is_some_and(|node| node.left == left));
        }
        if self.limits.ancestry_path {
            self.along_path(&mut list)?;
        }
        if self.prunes() && self.limits.full_history && !self.limits.first_parent {
            for oid in &list {
                self.settle(oid);
            }
        }
        list = match self.limits.order {
            Order::Date => list,
            Order::Topological => self.topological(&list, None)?,
            Order::TopologicalByDate => self.topological(&list, Some(false))?,
            Order::TopologicalByAuthor => self.topological(&list, Some(true))?,
        };
        if self.limits.simplify_merges && self.prunes() {
            list = self.simplify_merges(&list)?;
        }
        Ok(list)
    }

    /// The parents as the walk sees them.
    pub(super) fn parents(&self, oid: &Oid) -> &[Oid] {
        self.nodes.get(oid).map_or(&[], |node| &node.parents)
    }

    /// No parent before its children. `by_date`: among those that may come, the youngest first (`Some(true)`: by author
    /// date); else lines of history stay together.
    fn topological(&mut self, commits: &[Oid], by_date: Option<bool>) -> Result<Vec<Oid>> {
        let mut children: BTreeMap<Oid, usize> = commits.iter().map(|oid| (*oid, 0)).into_tree();
        for parent in commits.iter().flat_map(|oid| self.parents(oid)) {
            if let Some(count) = children.get_mut(parent) {
                *count += 1;
            }
        }
        let mut ready: BTreeMap<(i64, Reverse<usize>), Oid> = BTreeMap::new();
        let mut arrival = 0;
        // Without dates the one that came last goes first.
        let mut push = |walk: &mut Self, ready: &mut BTreeMap<_, _>, oid: Oid| -> Result<()> {
            let rank = match by_date {
                Some(by_author) => walk.date(&oid, by_author)?,
                None => arrival as i64,
            };
            ready.insert((rank, Reverse(arrival)), oid);
            arrival += 1;
            Ok(())
        };
        let mut tips: Vec<Oid> = commits
            .iter()
            .filter(|oid| children.get(oid) == Some(&0))
            .copied()
            .collect();
        if by_date.is_none() {
            tips.reverse();
        }
        for oid in tips {
            push(self, &mut ready, oid)?;
        }
        let mut out = Vec::with_capacity(commits.len());
        while let Some((_, oid)) = ready.pop_last() {
            out.push(oid);
            for parent in self.parents(&oid).to_vec() {
                let Some(count) = children.get_mut(&parent) else {
                    continue;
                };
                *count = count.saturating_sub(1);
                if *count == 0 {
                    push(self, &mut ready, parent)?;
                }
            }
        }
        Ok(out)
    }

    fn children(&self, list: &[Oid]) -> BTreeMap<Oid, Vec<Oid>> {
        let mut children: BTreeMap<Oid, Vec<Oid>> = BTreeMap::new();
        if self.limits.children {
            for oid in list {
                for parent in self.parents(oid) {
                    children.entry(*parent).or_default().insert(0, *oid);
                }
            }
        }
        children
    }

    /// Takes from the list what is shown, then the boundary.
    fn take(&mut self, list: &[Oid]) -> Result<Vec<Shown>> {
        let mut shown: Vec<Shown> = Vec::new();
        let mut passed = 0;
        let mut edge: Vec<Oid> = Vec::new();
        let mut done = BTreeSet::new();
        for oid in list {
            if self.limits.count.is_some_and(|count| shown.len() >= count) {
                break;
            }
            if !self.is_wanted(oid, &done) {
                continue;
            }
            passed += 1;
            if passed <= self.limits.skip {
                continue;
            }
            let parents = self.rewritten(oid)?;
            done.insert(*oid);
            for parent in &parents {
                if !done.contains(parent) && !edge.contains(parent) {
                    edge.push(*parent);
                }
            }
            let commit = self.shown(oid, parents, &done, None)?;
            shown.push(commit);
        }
        if self.limits.boundary {
            let below: BTreeSet<Oid> = edge.iter().copied().into_tree();
            edge.retain(|oid| !done.contains(oid));
            edge.reverse();
            for oid in &edge {
                self.node(oid)?;
            }
            for oid in self.topological(&edge, None)? {
                let parents = self.parents(&oid).to_vec();
                let mut commit = self.shown(&oid, parents, &done, Some(&below))?;
                commit.side = Side::Boundary;
                shown.push(commit);
            }
        }
        Ok(shown)
    }

    /// `below`: the parents of all that was shown, when the boundary is.
    fn shown(
        &mut self,
        oid: &Oid,
        parents: Vec<Oid>,
        done: &BTreeSet<Oid>,
        below: Option<&BTreeSet<Oid>>,
    ) -> Result<Shown> {
        let mut drawn = Vec::new();
        if self.limits.ancestry {
            drawn.clone_from(&parents);
            if self.limits.first_parent {
                drawn.truncate(1);
            }
            for parent in &drawn {
                self.node(parent)?;
            }
            match below {
                Some(below) => drawn.retain(|parent| below.contains(parent)),
                None if self.limits.boundary => {}
                None => drawn.retain(|parent| self.is_wanted(parent, done)),
            }
        }
        let node = self.node(oid)?;
        let side = if node.patch_same {
            Side::Same
        } else if node.left {
            Side::Left
        } else {
            Side::Right
        };
        let original = node.commit.parents.clone();
        let commit = match original == parents {
            true => Arc::clone(&node.commit),
            false => Arc::new(Commit {
                parents,
                ..node.commit.as_ref().clone()
            }),
        };
        Ok(Shown {
            oid: *oid,
            commit,
            parents: original,
            drawn,
            children: Vec::new(),
            side,
            source: node.source.clone(),
            reflog: None,
        })
    }

    fn is_wanted(&self, oid: &Oid, done: &BTreeSet<Oid>) -> bool {
        let Some(node) = self
            .nodes
            .get(oid)
            .filter(|_| !self.hidden.contains(oid) && !done.contains(oid))
        else {
            return false;
        };
        let seconds = node.commit.committer.seconds;
        matches(self.limits, &node.commit, node.parents.len(), seconds)
            && (!self.prunes() || self.limits.sparse || !self.is_dull(oid))
    }
}

/// The commit an object is, tags peeled.
pub fn peel(files: &Files, repo: &Repo, mut oid: Oid) -> Option<Oid> {
    loop {
        let object = repo.store.read(files, &oid)?;
        match object.kind {
            Kind::Commit => return Some(oid),
            Kind::Tag => oid = crate::object::Tag::parse(&object.content)?.object,
            _ => return None,
        }
    }
}
