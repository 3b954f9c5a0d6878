//! `--word-diff`: changes inside of lines.

use super::{Options, WordDiff, patch};
use crate::cat;
use crate::regex::Regex;
use essaim_text::{DiffOptions, Hunk, LineKind, diff};

/// One hunk, word by word.
pub fn hunk(out: &mut Vec<u8>, hunk: &Hunk<'_>, style: WordDiff, options: &Options) {
    patch::write_range(out, hunk, options);
    let (mut removed, mut added): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
    for line in &hunk.lines {
        match line.kind {
            LineKind::Removed => removed.extend_from_slice(line.text),
            LineKind::Added => added.extend_from_slice(line.text),
            LineKind::Context => {
                changed(out, &removed, &added, style, options);
                removed.clear();
                added.clear();
                context(out, line.text, style, options);
            }
        }
    }
    changed(out, &removed, &added, style, options);
}

fn context(out: &mut Vec<u8>, text: &[u8], style: WordDiff, options: &Options) {
    let body = text.strip_suffix(b"\n").unwrap_or(text);
    let reset = options.colors.reset();
    match style {
        WordDiff::Porcelain => out.extend_from_slice(&cat![" ", body, reset, "\n~\n"]),
        _ if body.is_empty() => out.push(b'\n'),
        _ => out.extend_from_slice(&cat![body, reset, "\n"]),
    }
}

/// The words of a text by their places: what a regular expression takes, line by line.
fn words_by(regex: &Regex, text: &[u8]) -> Vec<core::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive(|b| *b == b'\n') {
        let body = line.strip_suffix(b"\n").unwrap_or(line);
        let mut at = 0;
        while let Some(word) = regex.find(&body[at..]).filter(|word| !word.is_empty()) {
            found.push(start + at + word.start..start + at + word.end);
            at += word.end;
        }
        start += line.len();
    }
    found
}

/// The words of a text: runs of anything but white space, by their places.
fn words(text: &[u8], options: &Options) -> Vec<core::ops::Range<usize>> {
    if let Some(regex) = &options.word_regex {
        return words_by(regex, text);
    }
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if text[at].is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        while at < text.len() && !text[at].is_ascii_whitespace() {
            at += 1;
        }
        found.push(start..at);
    }
    found
}

fn changed(out: &mut Vec<u8>, removed: &[u8], added: &[u8], style: WordDiff, options: &Options) {
    if removed.is_empty() && added.is_empty() {
        return;
    }
    if added.is_empty() {
        // Lines that only went are shown whole, with their indentation.
        let mut pieces = Pieces {
            out,
            style,
            options,
            at_line_start: true,
        };
        pieces.marked(removed, false);
        pieces.end();
        return;
    }
    let (old_words, new_words) = (words(removed, options), words(added, options));
    let old: Vec<&[u8]> = old_words.iter().map(|range| &removed[range.clone()]).collect();
    let new: Vec<&[u8]> = new_words.iter().map(|range| &added[range.clone()]).collect();
    let text_options = DiffOptions {
        indent_heuristic: false,
        ..DiffOptions::default()
    };
    let mut piece = Pieces {
        out,
        style,
        options,
        at_line_start: true,
    };
    let mut shown = 0;
    for change in diff(&old, &new, &text_options) {
        let new_start = match change.new.start {
            _ if !change.new.is_empty() => new_words[change.new.start].start,
            0 => 0,
            at => new_words[at - 1].end,
        };
        piece.plain(&added[shown..new_start]);
        if !change.old.is_empty() {
            let range = old_words[change.old.start].start..old_words[change.old.end - 1].end;
            piece.marked(&removed[range], false);
        }
        shown = new_start;
        if !change.new.is_empty() {
            let end = new_words[change.new.end - 1].end;
            piece.marked(&added[new_start..end], true);
            shown = end;
        }
    }
    piece.plain(&added[shown..]);
    piece.end();
}

struct Pieces<'a> {
    out: &'a mut Vec<u8>,
    style: WordDiff,
    options: &'a Options,
    at_line_start: bool,
}

impl Pieces<'_> {
    fn plain(&mut self, text: &[u8]) {
        for part in text.split_inclusive(|b| *b == b'\n') {
            let body = part.strip_suffix(b"\n").unwrap_or(part);
            if self.style == WordDiff::Porcelain {
                if !body.is_empty() {
                    self.out.extend_from_slice(&cat![" ", body, "\n"]);
                }
                if part.ends_with(b"\n") {
                    self.out.extend_from_slice(b"~\n");
                }
            } else {
                self.out.extend_from_slice(part);
            }
            self.at_line_start = part.ends_with(b"\n");
        }
    }

    fn marked(&mut self, text: &[u8], is_new: bool) {
        let (key, default) = if is_new {
            ("diff.new", "green")
        } else {
            ("diff.old", "red")
        };
        let (color, reset) = (self.options.colors.start(key, default), self.options.colors.reset());
        let (open, close) = match (self.style, is_new) {
            (WordDiff::Plain, true) => ("{+", "+}"),
            (WordDiff::Plain, false) => ("[-", "-]"),
            (WordDiff::Porcelain, true) => ("+", "\n"),
            (WordDiff::Porcelain, false) => ("-", "\n"),
            (WordDiff::Color, _) => ("", ""),
        };
        for part in text.split_inclusive(|b| *b == b'\n') {
            let body = part.strip_suffix(b"\n").unwrap_or(part);
            if !body.is_empty() {
                match self.style {
                    WordDiff::Porcelain => self.out.extend_from_slice(&cat![open, color, body, reset, close]),
                    _ => self.out.extend_from_slice(&cat![color, open, body, close, reset]),
                }
            }
            if part.ends_with(b"\n") {
                self.out.extend_from_slice(if self.style == WordDiff::Porcelain {
                    b"~\n"
                } else {
                    b"\n"
                });
            }
            self.at_line_start = part.ends_with(b"\n");
        }
    }

    /// Lines that were only removed leave no line feed of their own.
    fn end(&mut self) {
        if !self.at_line_start {
            self.out.extend_from_slice(if self.style == WordDiff::Porcelain {
                b"~\n"
            } else {
                b"\n"
            });
        }
    }
}
