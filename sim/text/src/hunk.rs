//! Unified hunks: changes with the lines around them.

use crate::diff::{Change, DiffOptions, diff, diff_without_context};
use crate::function::FunctionRule;
use crate::line::lines;
use core::ops::Range;

/// How changes are grouped and headed. The default is that of `git diff`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HunkOptions {
    /// `-U<n>`: lines of context around a change.
    pub context: usize,
    /// `--inter-hunk-context=<n>`: further lines between two hunks that are
    /// shown rather than cut.
    pub inter_hunk_context: usize,
    /// Which lines name the function in a hunk header.
    pub function: FunctionRule,
    /// `-W`: the context is the whole function.
    pub whole_functions: bool,
}

impl Default for HunkOptions {
    fn default() -> Self {
        Self {
            context: 3,
            inter_hunk_context: 0,
            function: FunctionRule::Default,
            whole_functions: false,
        }
    }
}

/// What a line of a hunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// In both files; shown as the new file has it.
    Context,
    /// Only in the old file.
    Removed,
    /// Only in the new file.
    Added,
}

impl LineKind {
    /// The character in the first column.
    pub fn sign(self) -> u8 {
        match self {
            LineKind::Context => b' ',
            LineKind::Removed => b'-',
            LineKind::Added => b'+',
        }
    }
}

/// A line of a hunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HunkLine<'a> {
    /// Context, removed or added.
    pub kind: LineKind,
    /// The line with its terminator, if it has one.
    pub text: &'a [u8],
}

impl HunkLine<'_> {
    /// Whether `\ No newline at end of file` follows.
    pub fn lacks_newline(&self) -> bool {
        self.text.last() != Some(&b'\n')
    }
}

/// Changes that are close to each other, with their context. Line numbers
/// start at 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk<'a> {
    /// First line in the old file.
    pub old_start: usize,
    /// Lines of the old file: context and removed.
    pub old_count: usize,
    /// First line in the new file.
    pub new_start: usize,
    /// Lines of the new file: context and added.
    pub new_count: usize,
    /// The function line before the hunk, cut as Git cuts it.
    pub function: Option<&'a [u8]>,
    /// The lines, removed before added within a change.
    pub lines: Vec<HunkLine<'a>>,
}

impl Hunk<'_> {
    /// `@@ -1,3 +1,4 @@`, without the function line.
    pub fn range_header(&self) -> String {
        let side = |start: usize, count: usize| match count {
            0 => format!("{start},0"),
            1 => format!("{}", start + 1),
            _ => format!("{},{count}", start + 1),
        };
        format!(
            "@@ -{} +{} @@",
            side(self.old_start, self.old_count),
            side(self.new_start, self.new_count)
        )
    }

    /// The whole header line, without its terminator.
    pub fn header(&self) -> Vec<u8> {
        let mut header = self.range_header().into_bytes();
        if let Some(function) = self.function.filter(|text| !text.is_empty()) {
            header.push(b' ');
            header.extend_from_slice(function);
        }
        header
    }

    /// Appends the hunk as Git prints it without colours.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.header());
        out.push(b'\n');
        for line in &self.lines {
            out.push(line.kind.sign());
            out.extend_from_slice(line.text);
            if line.lacks_newline() {
                out.extend_from_slice(b"\n\\ No newline at end of file\n");
            }
        }
    }
}

/// Groups `changes` (from [`diff`] on the same lines, or from
/// [`diff_without_context`] if `context` is 0) into hunks.
pub fn hunks<'a>(old: &[&'a [u8]], new: &[&'a [u8]], changes: &[Change], options: &HunkOptions) -> Vec<Hunk<'a>> {
    let mut hunks = Vec::new();
    let mut rest = changes;
    let mut function = None;
    let mut searched_to = 0;
    while let Some((group, after)) = next_group(rest, options) {
        let (group, after, range) = match options.whole_functions {
            true => widen(old, new, rest, group, options),
            false => (group, after, near(old, new, group, options.context)),
        };
        rest = after;
        let mut hunk = build(old, new, group, &range);
        let candidates = old[searched_to..hunk.old_start.max(searched_to)].iter();
        if let Some(text) = candidates.rev().find_map(|line| options.function.text(line)) {
            function = Some(text);
        }
        searched_to = searched_to.max(hunk.old_start);
        hunk.function = function;
        hunks.push(hunk);
    }
    hunks
}

/// The changes of the next hunk, and those after it.
fn next_group<'c>(changes: &'c [Change], options: &HunkOptions) -> Option<(&'c [Change], &'c [Change])> {
    let distance = |a: &Change, b: &Change| b.old.start - a.old.end;
    let near = options.context;
    let reach = 2 * options.context + options.inter_hunk_context;

    // Leading ignorable changes only show if they are near to a real one.
    let mut first = 0;
    for (i, change) in changes.iter().enumerate() {
        if !change.ignorable {
            break;
        }
        match changes.get(i + 1) {
            Some(next) if distance(change, next) < near => {}
            _ => first = i + 1,
        }
    }
    let changes = &changes[first..];
    if changes.is_empty() {
        return None;
    }

    let mut last = 0;
    // Lines added by ignorable changes since `last`.
    let mut ignored = 0;
    for (i, pair) in changes.windows(2).enumerate() {
        let (previous, change) = (&pair[0], &pair[1]);
        let gap = distance(previous, change);
        if gap > reach {
            break;
        }
        if gap < near && (!change.ignorable || last == i) {
            last = i + 1;
            ignored = 0;
        } else if gap < near {
            ignored += change.new.len();
        } else if last != i && change.old.start + ignored - changes[last].old.end > reach {
            break;
        } else if !change.ignorable {
            last = i + 1;
            ignored = 0;
        } else {
            ignored += change.new.len();
        }
    }
    Some(changes.split_at(last + 1))
}

/// The lines a hunk covers, in both files.
struct Span {
    old: Range<usize>,
    new: Range<usize>,
}

/// The changes with so many lines around them.
fn near(old: &[&[u8]], new: &[&[u8]], changes: &[Change], context: usize) -> Span {
    let (first, last) = (&changes[0], &changes[changes.len() - 1]);
    let after = context.min(old.len() - last.old.end).min(new.len() - last.new.end);
    Span {
        old: first.old.start.saturating_sub(context)..last.old.end + after,
        new: first.new.start.saturating_sub(context)..last.new.end + after,
    }
}

/// The changes with the functions they stand in; changes that come to lie in them are taken in.
fn widen<'c>(
    old: &[&[u8]],
    new: &[&[u8]],
    changes: &'c [Change],
    group: &'c [Change],
    options: &HunkOptions,
) -> (&'c [Change], &'c [Change], Span) {
    let names = |line: &[u8]| options.function.text(line).is_some();
    let is_empty = |line: &[u8]| line.trim_ascii().is_empty();
    let skipped = changes.len() - next_group(changes, options).map_or(0, |(group, after)| group.len() + after.len());
    let mut first = skipped;
    let mut last = skipped + group.len() - 1;
    let mut span = near(old, new, &changes[first..=last], options.context);
    loop {
        let change = &changes[first];
        let appended = change.old.start >= old.len();
        // A function that was added whole at the end needs no other one.
        let start = match appended && new[change.new.start..].iter().any(|line| names(line)) {
            true => break,
            false if appended => old.len().checked_sub(1),
            false => Some(change.old.start),
        };
        let mut top = start
            .and_then(|start| (0..=start).rev().find(|at| names(old[*at])))
            .unwrap_or(0);
        while top > 0 && !is_empty(old[top - 1]) && !names(old[top - 1]) {
            top -= 1;
        }
        if top >= span.old.start {
            break;
        }
        span.new.start = span.new.start.saturating_sub(span.old.start - top);
        span.old.start = top;
        let earlier = (0..first).find(|at| changes[*at].old.end > top);
        match earlier {
            Some(at) => {
                first = at;
                let wider = near(old, new, &changes[first..=last], options.context);
                (span.old.start, span.new.start) = (wider.old.start, wider.new.start);
            }
            None => break,
        }
    }
    loop {
        let end = changes[last].old.end;
        let reach = near(old, new, &changes[first..=last], options.context);
        (span.old.end, span.new.end) = (reach.old.end, reach.new.end);
        let mut bottom = (end..old.len()).find(|at| names(old[*at])).unwrap_or(old.len());
        while bottom > 0 && bottom > end && is_empty(old[bottom - 1]) {
            bottom -= 1;
        }
        if bottom > span.old.end {
            span.new.end = (span.new.end + bottom - span.old.end).min(new.len());
            span.old.end = bottom;
        }
        let Some(next) = changes.get(last + 1) else { break };
        let at = next.old.start.min(old.len().saturating_sub(1));
        let same_function = !(span.old.end + 1..=at).any(|line| names(old[line]));
        if at <= span.old.end + options.context || same_function {
            last += 1;
        } else {
            break;
        }
    }
    (&changes[first..=last], &changes[last + 1..], span)
}

fn build<'a>(old: &[&'a [u8]], new: &[&'a [u8]], changes: &[Change], span: &Span) -> Hunk<'a> {
    let mut lines = Vec::new();
    let mut push = |kind, texts: &[&'a [u8]]| {
        lines.extend(texts.iter().map(|text| HunkLine { kind, text }));
    };
    let mut at = span.new.start;
    for change in changes {
        push(LineKind::Context, &new[at..change.new.start]);
        push(LineKind::Removed, &old[change.old.clone()]);
        push(LineKind::Added, &new[change.new.clone()]);
        at = change.new.end;
    }
    push(LineKind::Context, &new[at..span.new.end]);
    Hunk {
        old_start: span.old.start,
        old_count: span.old.len(),
        new_start: span.new.start,
        new_count: span.new.len(),
        function: None,
        lines,
    }
}

/// The hunks of `git diff` between two contents, without the file headers;
/// empty if nothing differs.
pub fn unified(old: &[u8], new: &[u8], diff_options: &DiffOptions, hunk_options: &HunkOptions) -> Vec<u8> {
    let (old, new) = (lines(old), lines(new));
    let changes = match hunk_options.context {
        0 => diff_without_context(&old, &new, diff_options),
        _ => diff(&old, &new, diff_options),
    };
    let mut out = Vec::new();
    for hunk in hunks(&old, &new, &changes, hunk_options) {
        hunk.write_to(&mut out);
    }
    out
}
