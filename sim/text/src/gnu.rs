//! The output formats of GNU diff.

use crate::diff::{Change, DiffOptions, Whitespace, diff};
use crate::function::FunctionRule;
use crate::hunk::{HunkOptions, hunks};
use crate::line::lines;

/// The changes as GNU diff (3.10) groups them: changes slide down as far as
/// they can, with no regard for indentation.
pub fn gnu_diff(old: &[&[u8]], new: &[&[u8]], whitespace: Whitespace) -> Vec<Change> {
    let options = DiffOptions {
        whitespace,
        indent_heuristic: false,
        ..DiffOptions::default()
    };
    diff(old, new, &options)
}

/// The normal format (`diff a b`): `1,2c1,3` and its lines.
pub fn gnu_normal(old: &[u8], new: &[u8], whitespace: Whitespace) -> Vec<u8> {
    let (old, new) = (lines(old), lines(new));
    let mut out = Vec::new();
    for change in gnu_diff(&old, &new, whitespace) {
        let letter = match (change.old.is_empty(), change.new.is_empty()) {
            (true, _) => 'a',
            (_, true) => 'd',
            _ => 'c',
        };
        let side = |start: usize, end: usize| match end - start {
            // The line before an empty range names it.
            0 => format!("{start}"),
            1 => format!("{end}"),
            _ => format!("{},{end}", start + 1),
        };
        let (o, n) = (&change.old, &change.new);
        let header = format!("{}{letter}{}\n", side(o.start, o.end), side(n.start, n.end));
        out.extend_from_slice(header.as_bytes());
        write_lines(&mut out, b"< ", &old[o.clone()]);
        if letter == 'c' {
            out.extend_from_slice(b"---\n");
        }
        write_lines(&mut out, b"> ", &new[n.clone()]);
    }
    out
}

fn write_lines(out: &mut Vec<u8>, sign: &[u8], lines: &[&[u8]]) {
    for line in lines {
        out.extend_from_slice(sign);
        out.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            out.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
}

/// The hunks of `diff -U<context>`, without the two file header lines.
pub fn gnu_unified(old: &[u8], new: &[u8], whitespace: Whitespace, context: usize) -> Vec<u8> {
    let (old, new) = (lines(old), lines(new));
    let changes = gnu_diff(&old, &new, whitespace);
    let options = HunkOptions {
        context,
        inter_hunk_context: 0,
        function: FunctionRule::Never,
    };
    let mut out = Vec::new();
    for hunk in hunks(&old, &new, &changes, &options) {
        hunk.write_to(&mut out);
    }
    out
}
