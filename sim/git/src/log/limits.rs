//! What limits a walk.

use crate::object::Commit;
use crate::oid::Oid;
use crate::regex::Regex;

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

/// What to do with changes that both sides of `a...b` made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cherry {
    /// Nothing.
    #[default]
    Keep,
    /// `--cherry-pick`: they are left out.
    Pick,
    /// `--cherry-mark`: they are marked `=`.
    Mark,
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
    /// `--since-as-filter`: older commits are left out, those behind them are not.
    pub since_as_filter: Option<i64>,
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
    /// `--exclude-first-parent-only`.
    pub exclude_first_parent: bool,
    /// `--full-history`.
    pub full_history: bool,
    /// `--sparse`.
    pub sparse: bool,
    /// `--remove-empty`.
    pub remove_empty: bool,
    /// `--show-pulls`.
    pub show_pulls: bool,
    /// `--simplify-merges`.
    pub simplify_merges: bool,
    /// `--simplify-by-decoration`.
    pub by_decoration: bool,
    /// `--ancestry-path`.
    pub ancestry_path: bool,
    /// `--ancestry-path=<commit>`.
    pub ancestry_of: Vec<Oid>,
    /// `--boundary`.
    pub boundary: bool,
    /// `--left-only`.
    pub left_only: bool,
    /// `--right-only`.
    pub right_only: bool,
    /// `--cherry-pick`, `--cherry-mark`.
    pub cherry: Cherry,
    /// Parents are rewritten to shown ones (`--graph`, `--parents`), or children gathered.
    pub ancestry: bool,
    /// `--children`.
    pub children: bool,
    /// `--no-walk`; `Some(false)`: as they were named.
    pub no_walk: Option<bool>,
    /// `--reverse`.
    pub reverse: bool,
    /// The order.
    pub order: Order,
}

/// Whether a commit is what was asked for by its date, the number of its parents and its text.
pub fn matches(limits: &Limits, commit: &Commit, parents: usize, seconds: i64) -> bool {
    let old = limits.since_as_filter.is_some_and(|since| seconds < since);
    if old || limits.until.is_some_and(|until| seconds > until) {
        return false;
    }
    if parents < limits.parents_min || limits.parents_max.is_some_and(|max| parents > max) {
        return false;
    }
    matches_text(commit, limits)
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
