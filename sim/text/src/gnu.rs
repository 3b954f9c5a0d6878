//! The output formats of GNU diff. The hunks are those of GNU diff but for
//! files with little in common, where it sets other lines aside than Git
//! (19 of 3,000 random pairs).

use crate::diff::{Change, DiffOptions, Whitespace, diff};
use crate::function::FunctionRule;
use crate::hunk::{HunkOptions, hunks};
use crate::line::lines;

/// The changes as GNU diff (3.10) groups them. It reads only the part between
/// the equal lines at both ends of the files, and `horizon` lines around it
/// (as many as the context shown): changes slide down inside of that part.
pub fn gnu_diff(old: &[&[u8]], new: &[&[u8]], whitespace: Whitespace, horizon: usize) -> Vec<Change> {
    let same = |(a, b): &(&&[u8], &&[u8])| a == b;
    let prefix = old.iter().zip(new).take_while(same).count();
    let start = prefix.saturating_sub(horizon);
    let ends = old[start..].iter().rev().zip(new[start..].iter().rev());
    let suffix = ends.take_while(same).count().saturating_sub(horizon);
    let options = DiffOptions {
        whitespace,
        indent_heuristic: false,
        ..DiffOptions::default()
    };
    let mut changes = diff(
        &old[start..old.len() - suffix],
        &new[start..new.len() - suffix],
        &options,
    );
    for change in &mut changes {
        change.old = change.old.start + start..change.old.end + start;
        change.new = change.new.start + start..change.new.end + start;
    }
    changes
}

/// The normal format (`diff a b`): `1,2c1,3` and its lines.
pub fn gnu_normal(old: &[u8], new: &[u8], whitespace: Whitespace) -> Vec<u8> {
    let (old, new) = (lines(old), lines(new));
    let mut out = Vec::new();
    for change in gnu_diff(&old, &new, whitespace, 0) {
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
    let changes = gnu_diff(&old, &new, whitespace, context);
    let options = HunkOptions {
        context,
        inter_hunk_context: 0,
        function: FunctionRule::Never,
        ..HunkOptions::default()
    };
    let mut out = Vec::new();
    for hunk in hunks(&old, &new, &changes, &options) {
        hunk.write_to(&mut out);
    }
    out
}
