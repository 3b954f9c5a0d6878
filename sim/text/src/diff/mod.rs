//! Which lines differ: the choice of an algorithm, then the sliding of
//! changes to the place where people expect them.

mod histogram;
mod myers;
mod patience;
mod slide;

use std::ops::Range;

use crate::line::{Interner, is_blank, lines};

/// How the lines in common are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// Git's default for `git diff`.
    #[default]
    Myers,
    /// `--minimal`: Myers without the shortcuts on costly files.
    Minimal,
    /// `--patience`.
    Patience,
    /// `--histogram`; also what `git merge`, `rebase`, `cherry-pick` and
    /// `stash` use inside files (the `ort` strategy).
    Histogram,
}

/// Which differences of white space count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whitespace {
    /// Every byte counts.
    #[default]
    Exact,
    /// `-w`, `--ignore-all-space`.
    IgnoreAll,
    /// `-b`, `--ignore-space-change`.
    IgnoreChange,
    /// `--ignore-space-at-eol`.
    IgnoreAtEol,
    /// `--ignore-cr-at-eol`.
    IgnoreCrAtEol,
}

/// What a line difference depends on. The default is that of `git diff`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiffOptions {
    /// How the lines in common are found.
    pub algorithm: Algorithm,
    /// Which differences of white space count.
    pub whitespace: Whitespace,
    /// `--ignore-blank-lines`: marks changes of blank lines as ignorable.
    pub ignore_blank_lines: bool,
    /// `diff.indentHeuristic`: `true` for `git diff`, `false` inside merges
    /// and blame.
    pub indent_heuristic: bool,
}

impl Default for DiffOptions {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Myers,
            whitespace: Whitespace::Exact,
            ignore_blank_lines: false,
            indent_heuristic: true,
        }
    }
}

/// Lines `old` of the one file became lines `new` of the other. Line
/// numbers start at 0; at least one of the ranges is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Lines removed from the old file.
    pub old: Range<usize>,
    /// Lines added by the new file.
    pub new: Range<usize>,
    /// Only blank lines, and `--ignore-blank-lines` was asked for.
    pub ignorable: bool,
}

/// The changes from `old` to `new`, in order. Between two changes (and
/// before the first, after the last) lines are equal one by one.
pub fn diff(old: &[&[u8]], new: &[&[u8]], options: &DiffOptions) -> Vec<Change> {
    let mut interner = Interner::new(options.whitespace);
    let old_ids = interner.intern(old);
    let new_ids = interner.intern(new);
    let mut marks = Marks::new(old.len(), new.len());
    match options.algorithm {
        Algorithm::Myers => myers::mark(&old_ids, &new_ids, false, marks.whole()),
        Algorithm::Minimal => myers::mark(&old_ids, &new_ids, true, marks.whole()),
        Algorithm::Patience => patience::mark(&old_ids, &new_ids, marks.whole()),
        Algorithm::Histogram => histogram::mark(&old_ids, &new_ids, marks.whole()),
    }
    let mut old_gaps = gaps(&marks.old);
    let mut new_gaps = gaps(&marks.new);
    let indents = options.indent_heuristic;
    slide::slide(old, &old_ids, &mut old_gaps, &new_gaps, indents);
    slide::slide(new, &new_ids, &mut new_gaps, &old_gaps, indents);
    let mut changes = changes(&old_gaps, &new_gaps);
    if options.ignore_blank_lines {
        let blank = |line: &&[u8]| is_blank(line, options.whitespace);
        for change in &mut changes {
            change.ignorable = old[change.old.clone()].iter().all(blank) && new[change.new.clone()].iter().all(blank);
        }
    }
    changes
}

/// [`diff`] of two contents, split into lines first.
pub fn diff_bytes(old: &[u8], new: &[u8], options: &DiffOptions) -> Vec<Change> {
    diff(&lines(old), &lines(new), options)
}

/// [`diff`] as Git does it where no context will be shown (`-U0`, blame): it
/// first drops what both files end with, in blocks of 1,024 bytes. Lines
/// dropped no longer count as frequent, and no change slides into them.
pub fn diff_without_context(old: &[&[u8]], new: &[&[u8]], options: &DiffOptions) -> Vec<Change> {
    let dropped = common_tail(old, new);
    diff(&old[..old.len() - dropped], &new[..new.len() - dropped], options)
}

/// How many last lines lie inside of the common blocks. The line in which
/// the first block starts is kept, even if it starts there as well.
fn common_tail(old: &[&[u8]], new: &[&[u8]]) -> usize {
    let ends = old.iter().rev().zip(new.iter().rev());
    let equal = ends.take_while(|(a, b)| a == b).count();
    let equal_bytes: usize = old[old.len() - equal..].iter().map(|l| l.len()).sum();
    let partial = match (old[..old.len() - equal].last(), new[..new.len() - equal].last()) {
        (Some(a), Some(b)) => {
            let ends = a.iter().rev().zip(b.iter().rev());
            ends.take_while(|(a, b)| a == b).count()
        }
        _ => 0,
    };
    let in_blocks = (equal_bytes + partial) / TAIL_BLOCK_BYTES * TAIL_BLOCK_BYTES;
    let mut bytes = 0;
    let lines = old[old.len() - equal..].iter().rev();
    lines
        .take_while(|line| {
            bytes += line.len();
            bytes < in_blocks
        })
        .count()
}

/// The block in which a common end is looked for.
const TAIL_BLOCK_BYTES: usize = 1024;

/// For each line of both files, whether it is changed.
struct Marks {
    old: Vec<bool>,
    new: Vec<bool>,
}

impl Marks {
    fn new(old_count: usize, new_count: usize) -> Self {
        Self {
            old: vec![false; old_count],
            new: vec![false; new_count],
        }
    }

    fn whole(&mut self) -> MarksMut<'_> {
        MarksMut {
            old: &mut self.old,
            new: &mut self.new,
        }
    }
}

/// A part of [`Marks`]: the algorithms recurse on parts.
struct MarksMut<'a> {
    old: &'a mut [bool],
    new: &'a mut [bool],
}

impl<'a> MarksMut<'a> {
    fn after(self, old: usize, new: usize) -> MarksMut<'a> {
        MarksMut {
            old: &mut self.old[old..],
            new: &mut self.new[new..],
        }
    }

    fn part(&mut self, old: Range<usize>, new: Range<usize>) -> MarksMut<'_> {
        MarksMut {
            old: &mut self.old[old],
            new: &mut self.new[new],
        }
    }

    fn mark_all(self) {
        self.old.fill(true);
        self.new.fill(true);
    }
}

/// How many changed lines stand before each unchanged line, and at the end.
/// Both files have the same number of unchanged lines, so gap `k` of the one
/// faces gap `k` of the other.
fn gaps(marks: &[bool]) -> Vec<usize> {
    let mut gaps = vec![0];
    for &changed in marks {
        if changed {
            *gaps.last_mut().expect("starts with one gap") += 1;
        } else {
            gaps.push(0);
        }
    }
    gaps
}

fn changes(old_gaps: &[usize], new_gaps: &[usize]) -> Vec<Change> {
    let mut changes = Vec::new();
    let (mut old, mut new) = (0, 0);
    for (&removed, &added) in old_gaps.iter().zip(new_gaps) {
        if removed + added > 0 {
            changes.push(Change {
                old: old..old + removed,
                new: new..new + added,
                ignorable: false,
            });
        }
        old += removed + 1;
        new += added + 1;
    }
    changes
}
