//! Splitting bytes into lines, and deciding which lines count as equal.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::diff::Whitespace;

/// Git looks for a NUL byte in this many leading bytes to call a file binary.
const BINARY_PROBE_BYTES: usize = 8000;

/// Splits `bytes` into lines that keep their `\n`. Only the last line may
/// lack one; empty input has no line.
pub fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|&byte| byte == b'\n').collect()
}

/// Whether Git treats the content as binary: a NUL byte among the first
/// 8,000 bytes.
pub fn is_binary(bytes: &[u8]) -> bool {
    bytes.iter().take(BINARY_PROBE_BYTES).any(|&byte| byte == 0)
}

/// White space as Git's own `isspace` sees it, whatever the locale: no
/// vertical tab, no form feed.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Gives equal numbers to lines that count as equal, so that the algorithms
/// compare integers.
pub(crate) struct Interner<'a> {
    whitespace: Whitespace,
    numbers: BTreeMap<Cow<'a, [u8]>, u32>,
}

impl<'a> Interner<'a> {
    pub(crate) fn new(whitespace: Whitespace) -> Self {
        Self {
            whitespace,
            numbers: BTreeMap::new(),
        }
    }

    pub(crate) fn intern(&mut self, lines: &[&'a [u8]]) -> Vec<u32> {
        lines
            .iter()
            .map(|line| {
                let next = self.numbers.len() as u32;
                *self
                    .numbers
                    .entry(comparison_key(line, self.whitespace))
                    .or_insert(next)
            })
            .collect()
    }
}

/// What is left of a line once the white space to be ignored is gone.
fn comparison_key(line: &[u8], whitespace: Whitespace) -> Cow<'_, [u8]> {
    match whitespace {
        Whitespace::Exact => Cow::Borrowed(line),
        Whitespace::IgnoreAll => Cow::Owned(line.iter().copied().filter(|&b| !is_space(b)).collect()),
        Whitespace::IgnoreChange => {
            let line = trim_end(line);
            let mut key = Vec::with_capacity(line.len());
            for &byte in line {
                if !is_space(byte) {
                    key.push(byte);
                } else if key.last() != Some(&b' ') {
                    key.push(b' ');
                }
            }
            Cow::Owned(key)
        }
        Whitespace::IgnoreAtEol => Cow::Borrowed(trim_end(line)),
        // A missing end of line counts as one; a CR at the end of the file
        // is no line end and counts.
        Whitespace::IgnoreCrAtEol => Cow::Borrowed(match line.strip_suffix(b"\n") {
            Some(text) => text.strip_suffix(b"\r").unwrap_or(text),
            None => line,
        }),
    }
}

pub(crate) fn trim_end(line: &[u8]) -> &[u8] {
    let kept = line.iter().rposition(|&b| !is_space(b)).map_or(0, |i| i + 1);
    &line[..kept]
}

/// Whether `--ignore-blank-lines` may ignore the line.
pub(crate) fn is_blank(line: &[u8], whitespace: Whitespace) -> bool {
    match whitespace {
        Whitespace::Exact => line.len() <= 1,
        _ => line.iter().all(|&b| is_space(b)),
    }
}
