//! How differences are written: normal, unified, context, side by side; and in colours.

use crate::utilities::support::text::{char_len, width};
use essaim_text::{Change, FunctionRule, Hunk, HunkLine, HunkOptions, LineKind, hunks};

type Lines<'a> = [&'a [u8]];

/// Finds the line that names what a hunk is in: the last one before it for which this holds.
pub type Function<'a> = Option<&'a dyn Fn(&[u8]) -> bool>;

/// Characters of such a line that are shown.
const FUNCTION_CHARS: usize = 40;

fn push_line(sign: &[u8], line: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(sign);
    out.extend_from_slice(line);
    if !line.ends_with(b"\n") {
        out.extend_from_slice(b"\n\\ No newline at end of file\n");
    }
}

/// `1,2c1,3` and its lines.
pub fn normal(old: &Lines<'_>, new: &Lines<'_>, changes: &[Change]) -> Vec<u8> {
    let mut out = Vec::new();
    for change in changes.iter().filter(|c| !c.ignorable) {
        let (o, n) = (&change.old, &change.new);
        let letter = match (o.is_empty(), n.is_empty()) {
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
        let header = format!("{}{letter}{}\n", side(o.start, o.end), side(n.start, n.end));
        out.extend_from_slice(header.as_bytes());
        for line in &old[o.clone()] {
            push_line(b"< ", line, &mut out);
        }
        if letter == 'c' {
            out.extend_from_slice(b"---\n");
        }
        for line in &new[n.clone()] {
            push_line(b"> ", line, &mut out);
        }
    }
    out
}

fn grouped<'a>(old: &Lines<'a>, new: &Lines<'a>, changes: &[Change], context: usize) -> Vec<Hunk<'a>> {
    let options = HunkOptions {
        context,
        inter_hunk_context: 0,
        function: FunctionRule::Never,
        whole_functions: false,
    };
    hunks(old, new, changes, &options)
}

/// The lines of a hunk, what is in both files as the old one has it.
fn old_texts<'a>(hunk: &Hunk<'a>, old: &Lines<'a>) -> Vec<(LineKind, &'a [u8])> {
    let mut at = hunk.old_start;
    let text = |line: &HunkLine<'a>| {
        let mut text = line.text;
        if line.kind != LineKind::Added {
            text = old[at];
            at += 1;
        }
        (line.kind, text)
    };
    hunk.lines.iter().map(text).collect()
}

fn named(old: &Lines<'_>, hunk: &Hunk<'_>, function: Function<'_>) -> Vec<u8> {
    let Some(holds) = function else { return Vec::new() };
    let found = old[..hunk.old_start].iter().rev().find(|line| holds(line));
    let text = found.map(|line| line.trim_ascii_end()).unwrap_or_default();
    let mut end = 0;
    for _ in 0..FUNCTION_CHARS {
        end += char_len(&text[end..]);
    }
    match text[..end.min(text.len())].trim_ascii_end() {
        b"" => Vec::new(),
        text => [b" ", text].concat(),
    }
}

/// The hunks of `-u`.
pub fn unified(
    old: &Lines<'_>,
    new: &Lines<'_>,
    changes: &[Change],
    context: usize,
    function: Function<'_>,
) -> Vec<u8> {
    let mut out = Vec::new();
    for hunk in grouped(old, new, changes, context) {
        out.extend_from_slice(hunk.range_header().as_bytes());
        out.extend(named(old, &hunk, function));
        out.push(b'\n');
        for (sign, text) in old_texts(&hunk, old) {
            push_line(&[sign.sign()], text, &mut out);
        }
    }
    out
}

/// The hunks of `-c`.
pub fn context(
    old: &Lines<'_>,
    new: &Lines<'_>,
    changes: &[Change],
    context: usize,
    function: Function<'_>,
) -> Vec<u8> {
    let mut out = Vec::new();
    for hunk in grouped(old, new, changes, context) {
        out.extend_from_slice(b"***************");
        out.extend(named(old, &hunk, function));
        out.push(b'\n');
        let range = |start: usize, count: usize| match count {
            0 => format!("{start}"),
            1 => format!("{}", start + 1),
            _ => format!("{},{}", start + 1, start + count),
        };
        out.extend_from_slice(format!("*** {} ****\n", range(hunk.old_start, hunk.old_count)).as_bytes());
        let mut left = hunk.clone();
        for (line, (_, text)) in left.lines.iter_mut().zip(old_texts(&hunk, old)) {
            line.text = text;
        }
        side(&left, LineKind::Removed, &mut out);
        out.extend_from_slice(format!("--- {} ----\n", range(hunk.new_start, hunk.new_count)).as_bytes());
        side(&hunk, LineKind::Added, &mut out);
    }
    out
}

/// One file's lines of a hunk, where it has any of its own: `!` where the other file has others in their place.
fn side(hunk: &Hunk<'_>, own: LineKind, out: &mut Vec<u8>) {
    if hunk.lines.iter().all(|line| line.kind != own) {
        return;
    }
    for run in hunk
        .lines
        .chunk_by(|a, b| (a.kind == LineKind::Context) == (b.kind == LineKind::Context))
    {
        let both = run.iter().any(|l| l.kind == LineKind::Removed) && run.iter().any(|l| l.kind == LineKind::Added);
        for line in run.iter().filter(|l| l.kind == own || l.kind == LineKind::Context) {
            let sign: &[u8] = match line.kind {
                LineKind::Context => b"  ",
                _ if both => b"! ",
                LineKind::Removed => b"- ",
                LineKind::Added => b"+ ",
            };
            push_line(sign, line.text, out);
        }
    }
}

/// How wide `-y` is and what it leaves out.
#[derive(Clone, Copy, Debug)]
pub struct SideBySide {
    pub width: usize,
    pub suppress_common: bool,
    pub left_column: bool,
}

impl SideBySide {
    /// (columns of each file, where the second begins).
    fn columns(self) -> (usize, usize) {
        let second = (self.width + 8 + 3) / 16 * 8;
        let half = second.saturating_sub(3).min(self.width.saturating_sub(second));
        (half, if half > 0 { second } else { self.width })
    }

    pub fn text(self, old: &Lines<'_>, new: &Lines<'_>, changes: &[Change]) -> Vec<u8> {
        let mut out = Vec::new();
        let (mut i, mut j) = (0, 0);
        let common = |i: &mut usize, j: &mut usize, end: usize, out: &mut Vec<u8>| {
            while *i < end {
                if !self.suppress_common {
                    let (mark, right) = if self.left_column {
                        (b'(', None)
                    } else {
                        (b' ', Some(new[*j]))
                    };
                    self.line(Some(old[*i]), mark, right, out);
                }
                *i += 1;
                *j += 1;
            }
        };
        for change in changes.iter().filter(|c| !c.ignorable) {
            common(&mut i, &mut j, change.old.start, &mut out);
            let (left, right) = (&old[change.old.clone()], &new[change.new.clone()]);
            for at in 0..left.len().max(right.len()) {
                let (a, b) = (left.get(at).copied(), right.get(at).copied());
                let mark = match (a, b) {
                    // One of them is the end of a file without newline.
                    (Some(a), Some(b)) => match (a.ends_with(b"\n"), b.ends_with(b"\n")) {
                        (true, false) => b'/',
                        (false, true) => b'\\',
                        _ => b'|',
                    },
                    (Some(_), None) => b'<',
                    _ => b'>',
                };
                self.line(a, mark, b, &mut out);
            }
            (i, j) = (change.old.end, change.new.end);
        }
        common(&mut i, &mut j, old.len(), &mut out);
        out
    }

    fn line(self, left: Option<&[u8]>, mark: u8, right: Option<&[u8]>, out: &mut Vec<u8>) {
        let (half, second) = self.columns();
        let mut column = left.map_or(0, |line| half_line(line, half, out));
        if mark != b' ' {
            let middle = (half + second - 1) / 2;
            tabs(column, middle, out);
            out.push(mark);
            column = middle + 1;
        }
        if let Some(line) = right.filter(|line| *line != b"\n") {
            tabs(column, second, out);
            half_line(line, half, out);
        }
        out.push(b'\n');
    }
}

/// As much of a line as there is room for; the column behind it.
fn half_line(line: &[u8], most: usize, out: &mut Vec<u8>) -> usize {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let (mut column, mut at) = (0, 0);
    while at < line.len() {
        let length = char_len(&line[at..]).max(1);
        let piece = &line[at..at + length];
        let next = match piece {
            b"\t" => column / 8 * 8 + 8,
            piece => column + std::str::from_utf8(piece).map_or(1, width),
        };
        if next > most {
            break;
        }
        out.extend_from_slice(piece);
        column = next;
        at += length;
    }
    column
}

/// Moves from one column to another, by tabs as far as they lead.
fn tabs(mut from: usize, to: usize, out: &mut Vec<u8>) {
    while from < to {
        let stop = from / 8 * 8 + 8;
        let tab = stop <= to;
        out.push(if tab { b'\t' } else { b' ' });
        from = if tab { stop } else { from + 1 };
    }
}

/// The lines of a format in its colours.
pub fn coloured(text: &[u8], context_format: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut second = false;
    for line in text.split_inclusive(|b| *b == b'\n') {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        let range = context_format && (bare.ends_with(b" ****") || bare.ends_with(b" ----"));
        let header =
            matches!(bare, [b'*', b'*', b'*', b' ', ..] | [b'-', b'-', b'-', b' ', ..]) || bare.starts_with(b"+++ ");
        let colour = if range {
            second = bare.starts_with(b"---");
            "36"
        } else if header {
            "1"
        } else if context_format {
            match bare.first() {
                Some(b'*' | b'\\') | None => "",
                _ if second => "32",
                _ => "31",
            }
        } else {
            match bare.first() {
                Some(b'@' | b'0'..=b'9') => "36",
                Some(b'<') => "31",
                Some(b'-') if bare != b"---" => "31",
                Some(b'>' | b'+') => "32",
                _ => "",
            }
        };
        if colour.is_empty() {
            out.extend_from_slice(line);
        } else {
            out.extend_from_slice(format!("\x1b[{colour}m").as_bytes());
            out.extend_from_slice(bare);
            out.extend_from_slice(b"\x1b[0m\n");
        }
    }
    out
}
