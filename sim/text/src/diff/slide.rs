//! Sliding changes. When the line after a group of changed lines equals the
//! group's first line, the group may as well stand one line lower: the
//! difference is equally true. Git slides a group next to a change of the
//! other file if it can, else to where the indentation says that a reader
//! would cut.
//!
//! Weights: M. Haggerty's experiments (github.com/mhagger/diff-slider-tools).

use crate::line::is_space;

const INDENT_MAX: i32 = 200;
const BLANK_LINES_MAX: i32 = 20;
const SLIDING_MAX: usize = 100;

const START_OF_FILE: i32 = 1;
const END_OF_FILE: i32 = 21;
const TOTAL_BLANK: i32 = -30;
const BLANK_AFTER: i32 = 6;
const INDENTED: i32 = -4;
const INDENTED_AFTER_BLANK: i32 = 10;
const OUTDENTED: i32 = 24;
const OUTDENTED_AFTER_BLANK: i32 = 17;
const DEDENTED: i32 = 23;
const DEDENTED_AFTER_BLANK: i32 = 17;
/// How much a deeper cut weighs against the penalties.
const DEPTH: i32 = 60;

/// A group of changed lines, standing in gap `gap`.
#[derive(Clone, Copy)]
struct Group {
    gap: usize,
    start: usize,
    len: usize,
}

impl Group {
    fn end(self) -> usize {
        self.start + self.len
    }
}

/// Moves the groups of one file; `facing` are the gaps of the other.
pub(super) fn slide(lines: &[&[u8]], ids: &[u32], gaps: &mut [usize], facing: &[usize], indents: bool) {
    let mut group = Group {
        gap: 0,
        start: 0,
        len: 0,
    };
    while group.gap < gaps.len() {
        group.len = gaps[group.gap];
        if group.len > 0 {
            place(lines, ids, gaps, facing, indents, &mut group);
        }
        group.start = group.end() + 1;
        group.gap += 1;
    }
}

fn place(lines: &[&[u8]], ids: &[u32], gaps: &mut [usize], facing: &[usize], indents: bool, group: &mut Group) {
    // Sliding may join the group with its neighbours, which lets it slide
    // further: repeat until it no longer grows.
    let (highest, faced) = loop {
        let len = group.len;
        while slide_up(ids, gaps, group) {}
        let highest = *group;
        let mut faced = facing[group.gap] > 0;
        while slide_down(ids, gaps, group) {
            faced |= facing[group.gap] > 0;
        }
        if group.len == len {
            break (highest, faced);
        }
    };
    if group.end() == highest.end() {
        return;
    }
    if faced {
        while facing[group.gap] == 0 && slide_up(ids, gaps, group) {}
    } else if indents {
        let best = best_end(lines, group, highest.end());
        while group.end() > best && slide_up(ids, gaps, group) {}
    }
}

fn slide_up(ids: &[u32], gaps: &mut [usize], group: &mut Group) -> bool {
    if group.start == 0 || ids[group.start - 1] != ids[group.end() - 1] {
        return false;
    }
    gaps[group.gap] = 0;
    group.gap -= 1;
    group.start -= 1 + gaps[group.gap];
    group.len += gaps[group.gap];
    gaps[group.gap] = group.len;
    true
}

fn slide_down(ids: &[u32], gaps: &mut [usize], group: &mut Group) -> bool {
    if group.end() >= ids.len() || ids[group.start] != ids[group.end()] {
        return false;
    }
    gaps[group.gap] = 0;
    group.gap += 1;
    group.start += 1;
    group.len += gaps[group.gap];
    gaps[group.gap] = group.len;
    true
}

/// Of the places where the group may end, the one that reads best; the
/// lowest among equals.
fn best_end(lines: &[&[u8]], group: &Group, highest_end: usize) -> usize {
    let end = group.end();
    let first = highest_end
        .max(end.saturating_sub(group.len + 1))
        .max(end.saturating_sub(SLIDING_MAX));
    let mut best = (end, None);
    for candidate in first..=end {
        let mut score = Score::default();
        score.add(&Cut::at(lines, candidate));
        score.add(&Cut::at(lines, candidate - group.len));
        if best.1.is_none_or(|other| score.is_no_worse_than(other)) {
            best = (candidate, Some(score));
        }
    }
    best.0
}

/// What a reader sees around a cut before line `at`.
struct Cut {
    end_of_file: bool,
    /// Indentation of the line after the cut; `None` if blank or absent.
    indent: Option<i32>,
    blank_before: i32,
    indent_before: Option<i32>,
    blank_after: i32,
    indent_after: Option<i32>,
}

impl Cut {
    fn at(lines: &[&[u8]], at: usize) -> Self {
        let (blank_before, indent_before) = next_text(&mut lines[..at].iter().rev());
        let following = lines.get(at + 1..).unwrap_or_default();
        let (blank_after, indent_after) = next_text(&mut following.iter());
        Self {
            end_of_file: at >= lines.len(),
            indent: lines.get(at).and_then(|line| indentation(line)),
            blank_before,
            indent_before,
            blank_after,
            indent_after,
        }
    }
}

/// How many blank lines come first, and the indentation of the line after.
fn next_text(lines: &mut dyn Iterator<Item = &&[u8]>) -> (i32, Option<i32>) {
    let mut blank = 0;
    for line in lines {
        let indent = indentation(line);
        if indent.is_some() {
            return (blank, indent);
        }
        blank += 1;
        if blank == BLANK_LINES_MAX {
            return (blank, Some(0));
        }
    }
    (blank, None)
}

/// Columns of leading white space, `None` for a blank line.
fn indentation(line: &[u8]) -> Option<i32> {
    let mut columns = 0;
    for &byte in line {
        match byte {
            b' ' => columns += 1,
            b'\t' => columns += 8 - columns % 8,
            _ if is_space(byte) => {}
            _ => return Some(columns),
        }
        if columns >= INDENT_MAX {
            return Some(INDENT_MAX);
        }
    }
    None
}

#[derive(Clone, Copy, Default)]
struct Score {
    depth: i32,
    penalty: i32,
}

impl Score {
    fn add(&mut self, cut: &Cut) {
        if cut.indent_before.is_none() && cut.blank_before == 0 {
            self.penalty += START_OF_FILE;
        }
        if cut.end_of_file {
            self.penalty += END_OF_FILE;
        }
        let blank_after = match cut.indent {
            Some(_) => 0,
            None => 1 + cut.blank_after,
        };
        let blank = cut.blank_before + blank_after;
        self.penalty += TOTAL_BLANK * blank + BLANK_AFTER * blank_after;

        let indent = cut.indent.or(cut.indent_after);
        self.depth += indent.unwrap_or(-1);
        let (Some(indent), Some(before)) = (indent, cut.indent_before) else {
            return;
        };
        let choose = |tight, spaced| if blank == 0 { tight } else { spaced };
        self.penalty += if indent > before {
            choose(INDENTED, INDENTED_AFTER_BLANK)
        } else if indent == before {
            0
        } else if cut.indent_after.is_some_and(|after| after > indent) {
            choose(OUTDENTED, OUTDENTED_AFTER_BLANK)
        } else {
            choose(DEDENTED, DEDENTED_AFTER_BLANK)
        };
    }

    fn is_no_worse_than(self, other: Self) -> bool {
        let depth = (self.depth - other.depth).signum();
        DEPTH * depth + self.penalty - other.penalty <= 0
    }
}
