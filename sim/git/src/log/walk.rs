//! Which commits `git log` shows, and in which order.

use crate::diff::lists;
use crate::fault::Result;
use crate::object::{Commit, Kind};
use crate::oid::Oid;
use crate::pathspec::Pathspec;
use crate::regex::Regex;
use crate::repo::Repo;
use crate::walk::History;
use essaim_kernel::Files;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// `--topo-order` and its kin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Youngest first, whatever their relation.
    #[default]
    Date,
    /// Lines of history stay together.
    Topological,
    /// No parent before its children, else youngest first.
    TopologicalByDate,
    /// The same by author date.
    TopologicalByAuthor,
}

/// What limits the walk.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent option of the command line"
)]
pub struct Limits {
    /// `-n`.
    pub count: Option<usize>,
    /// `--skip`.
    pub skip: usize,
    /// `--since`.
    pub since: Option<i64>,
    /// `--until`.
    pub until: Option<i64>,
    /// `--author`.
    pub authors: Vec<Regex>,
    /// `--committer`.
    pub committers: Vec<Regex>,
    /// `--grep`.
    pub greps: Vec<Regex>,
    /// `--all-match`.
    pub all_match: bool,
    /// `--invert-grep`.
    pub invert_grep: bool,
    /// Parents at least, at most (`--merges`, `--no-merges`).
    pub parents_min: usize,
    /// See above.
    pub parents_max: Option<usize>,
    /// `--first-parent`.
    pub first_parent: bool,
    /// `--full-history`.
    pub full_history: bool,
    /// `--reverse`.
    pub reverse: bool,
    /// The order.
    pub order: Order,
}

/// A commit to show.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its id.
    pub oid: Oid,
    /// The commit.
    pub commit: Arc<Commit>,
    /// Its parents among what the walk saw, uninteresting ones left out (`--graph`).
    pub parents: Vec<Oid>,
}

/// One walk.
pub struct Walk<'a> {
    repo: &'a Repo,
    files: &'a Files,
    history: History<'a>,
    paths: &'a Pathspec,
    limits: &'a Limits,
    /// Parents after simplification.
    parents: BTreeMap<Oid, Vec<Oid>>,
    /// Commits that change nothing the paths speak of.
    same: BTreeSet<Oid>,
    hidden: BTreeSet<Oid>,
}

impl<'a> Walk<'a> {
    /// A walk that has not begun.
    pub fn new(repo: &'a Repo, files: &'a Files, paths: &'a Pathspec, limits: &'a Limits) -> Self {
        Self {
            repo,
            files,
            history: History::new(&repo.store, files),
            paths,
            limits,
            parents: BTreeMap::new(),
            same: BTreeSet::new(),
            hidden: BTreeSet::new(),
        }
    }

    /// All commits to show, in order. `graph`: parents are rewritten to shown ones.
    pub fn run(&mut self, include: &[Oid], exclude: &[Oid], graph: bool) -> Result<Vec<Shown>> {
        self.hidden = self.history.ancestors(exclude)?;
        let mut order = self.by_date(include)?;
        match self.limits.order {
            Order::Date => {}
            Order::Topological => order = self.topological(&order, None)?,
            Order::TopologicalByDate => order = self.topological(&order, Some(false))?,
            Order::TopologicalByAuthor => order = self.topological(&order, Some(true))?,
        }
        let mut shown = Vec::new();
        let mut passed = 0;
        for oid in order {
            let commit = self.history.commit(&oid)?;
            if !self.is_wanted(&oid, &commit) {
                continue;
            }
            passed += 1;
            if passed <= self.limits.skip {
                continue;
            }
            if self.limits.count.is_some_and(|count| shown.len() >= count) {
                break;
            }
            let parents = if graph { self.visible_parents(&oid)? } else { Vec::new() };
            shown.push(Shown { oid, commit, parents });
        }
        if self.limits.reverse {
            shown.reverse();
        }
        Ok(shown)
    }

    fn by_date(&mut self, include: &[Oid]) -> Result<Vec<Oid>> {
        let mut seen = BTreeSet::new();
        // Sorted by date, the youngest at the end; equals keep their order of arrival.
        let mut queue: BTreeMap<(i64, core::cmp::Reverse<usize>), Oid> = BTreeMap::new();
        let mut arrival = 0;
        for tip in include {
            if !self.hidden.contains(tip) && seen.insert(*tip) {
                let seconds = self.history.commit(tip)?.committer.seconds;
                queue.insert((seconds, core::cmp::Reverse(arrival)), *tip);
                arrival += 1;
            }
        }
        let mut out = Vec::new();
        while let Some((_, oid)) = queue.pop_last() {
            out.push(oid);
            for parent in self.simplified(&oid)? {
                if !self.hidden.contains(&parent) && seen.insert(parent) {
                    let seconds = self.history.commit(&parent)?.committer.seconds;
                    queue.insert((seconds, core::cmp::Reverse(arrival)), parent);
                    arrival += 1;
                }
            }
        }
        Ok(out)
    }

    /// A commit's parents; where paths are given, the one parent that explains it all if there is one.
    fn simplified(&mut self, oid: &Oid) -> Result<Vec<Oid>> {
        if let Some(parents) = self.parents.get(oid) {
            return Ok(parents.clone());
        }
        let commit = self.history.commit(oid)?;
        let mut parents = commit.parents.clone();
        if self.limits.first_parent {
            parents.truncate(1);
        }
        if !self.paths.is_empty() {
            parents = self.prune(oid, &commit, parents)?;
        }
        self.parents.insert(*oid, parents.clone());
        Ok(parents)
    }

    fn prune(&mut self, oid: &Oid, commit: &Commit, parents: Vec<Oid>) -> Result<Vec<Oid>> {
        if parents.is_empty() {
            if self.is_same(None, &commit.tree)? {
                self.same.insert(*oid);
            }
            return Ok(parents);
        }
        let mut all_same = true;
        for parent in &parents {
            let tree = self.history.commit(parent)?.tree;
            if self.is_same(Some(&tree), &commit.tree)? {
                // A merge that took one side whole: only that side's history matters.
                let may_follow = !self.hidden.contains(parent) || parents.len() == 1;
                if !self.limits.full_history && may_follow {
                    self.same.insert(*oid);
                    return Ok(vec![*parent]);
                }
            } else {
                all_same = false;
            }
        }
        if all_same {
            self.same.insert(*oid);
        }
        Ok(parents)
    }

    fn is_same(&self, old: Option<&Oid>, new: &Oid) -> Result<bool> {
        Ok(lists::trees(self.files, &self.repo.store, old, Some(new), self.paths)?.is_empty())
    }

    fn topological(&mut self, commits: &[Oid], by_date: Option<bool>) -> Result<Vec<Oid>> {
        let mut children: BTreeMap<Oid, usize> = commits.iter().map(|oid| (*oid, 0)).collect();
        for oid in commits {
            for parent in self.simplified(oid)? {
                if let Some(count) = children.get_mut(&parent) {
                    *count += 1;
                }
            }
        }
        let mut ready: Vec<(i64, usize, Oid)> = Vec::new();
        let mut arrival = 0;
        let date = |walk: &mut Self, oid: &Oid| -> Result<i64> {
            let commit = walk.history.commit(oid)?;
            Ok(if by_date == Some(true) {
                commit.author.seconds
            } else {
                commit.committer.seconds
            })
        };
        let tips: Vec<Oid> = commits
            .iter()
            .filter(|oid| children.get(oid) == Some(&0))
            .copied()
            .collect();
        let in_order: Vec<Oid> = if by_date.is_some() {
            tips
        } else {
            tips.into_iter().rev().collect()
        };
        for oid in in_order {
            ready.push((date(self, &oid)?, arrival, oid));
            arrival += 1;
        }
        let mut out = Vec::with_capacity(commits.len());
        while !ready.is_empty() {
            let at = match by_date {
                None => ready.len() - 1,
                Some(_) => {
                    let best = ready
                        .iter()
                        .enumerate()
                        .max_by_key(|(_, (seconds, arrival, _))| (*seconds, core::cmp::Reverse(*arrival)));
                    best.map_or(0, |(at, _)| at)
                }
            };
            let (.., oid) = ready.remove(at);
            out.push(oid);
            for parent in self.simplified(&oid)? {
                let Some(count) = children.get_mut(&parent) else {
                    continue;
                };
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push((date(self, &parent)?, arrival, parent));
                    arrival += 1;
                }
            }
        }
        Ok(out)
    }

    fn is_wanted(&self, oid: &Oid, commit: &Commit) -> bool {
        let limits = self.limits;
        let parents = commit.parents.len();
        if parents < limits.parents_min || limits.parents_max.is_some_and(|max| parents > max) {
            return false;
        }
        if limits.since.is_some_and(|since| commit.committer.seconds < since)
            || limits.until.is_some_and(|until| commit.committer.seconds > until)
        {
            return false;
        }
        if !matches_text(commit, limits) {
            return false;
        }
        !self.same.contains(oid)
    }

    /// The shown ancestors that stand for a commit's parents.
    fn visible_parents(&mut self, oid: &Oid) -> Result<Vec<Oid>> {
        let mut out: Vec<Oid> = Vec::new();
        for parent in self.simplified(oid)? {
            let mut at = parent;
            let found = loop {
                if self.hidden.contains(&at) {
                    break None;
                }
                if !self.same.contains(&at) || self.paths.is_empty() {
                    let commit = self.history.commit(&at)?;
                    break self.is_wanted(&at, &commit).then_some(at);
                }
                let parents = self.simplified(&at)?;
                match parents.as_slice() {
                    [only] => at = *only,
                    _ => break None,
                }
            };
            if let Some(found) = found
                && !out.contains(&found)
            {
                out.push(found);
            }
        }
        Ok(out)
    }
}

fn matches_text(commit: &Commit, limits: &Limits) -> bool {
    let person = |patterns: &[Regex], who: Vec<u8>| patterns.is_empty() || patterns.iter().any(|p| p.is_match(&who));
    let line_match = |pattern: &Regex| commit.message.split(|b| *b == b'\n').any(|line| pattern.is_match(line));
    let greps = limits.greps.is_empty()
        || if limits.all_match {
            limits.greps.iter().all(line_match)
        } else {
            limits.greps.iter().any(line_match)
        };
    let found =
        person(&limits.authors, commit.author.who()) && person(&limits.committers, commit.committer.who()) && greps;
    let asked = !(limits.greps.is_empty() && limits.authors.is_empty() && limits.committers.is_empty());
    if limits.invert_grep && asked { !found } else { found }
}

/// All references (`--all`, `--branches`, `--tags`, `--remotes`) as commits, in the order of their names.
pub fn reference_tips(
    files: &Files,
    repo: &Repo,
    prefix: &[u8],
    pattern: Option<&[u8]>,
    head: bool,
) -> Vec<(Vec<u8>, Oid)> {
    let mut tips = Vec::new();
    let peel = |mut oid: Oid| loop {
        let object = repo.store.read(files, &oid)?;
        match object.kind {
            Kind::Commit => return Some(oid),
            Kind::Tag => oid = crate::object::Tag::parse(&object.content)?.object,
            _ => return None,
        }
    };
    for reference in repo.refs.list(files, prefix) {
        if let Some(pattern) = pattern {
            let full = match crate::wildmatch::has_glob(pattern) {
                true => pattern.to_vec(),
                false => crate::cat![pattern, "/*"],
            };
            let short = &reference.name[prefix.len()..];
            if !crate::wildmatch::wildmatch(&full, short, 0) {
                continue;
            }
        }
        if let Some(oid) = peel(reference.oid) {
            tips.push((reference.name, oid));
        }
    }
    if head && let Some(oid) = repo.refs.head(files) {
        tips.push((b"HEAD".to_vec(), oid));
    }
    tips
}
