//! Replacements: their text in the script, and their work on a line.

use super::command::{Piece, Substitution};
use crate::utilities::regex::{Groups, Regex};

/// The characters of a side of `y`, escapes resolved.
pub fn characters(text: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if text[at] == b'\\' && at + 1 < text.len() {
            out.push(match text[at + 1] {
                b'n' => b"\n".to_vec(),
                b't' => b"\t".to_vec(),
                b'\\' => b"\\".to_vec(),
                other => vec![other],
            });
            at += 2;
            continue;
        }
        let len = crate::utilities::support::text::char_len(&text[at..]).max(1);
        out.push(text[at..at + len].to_vec());
        at += len;
    }
    out
}

/// `\t` and its like in a pattern become the characters they name.
pub fn unescaped(pattern: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < pattern.len() {
        if pattern[at] == b'\\' && at + 1 < pattern.len() {
            match pattern[at + 1] {
                b't' => out.push(b'\t'),
                b'f' => out.push(12),
                b'v' => out.push(11),
                b'r' => out.push(b'\r'),
                b'a' => out.push(7),
                other => out.extend_from_slice(&[b'\\', other]),
            }
            at += 2;
            continue;
        }
        out.push(pattern[at]);
        at += 1;
    }
    out
}

pub fn pieces(text: &[u8]) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut literal = Vec::new();
    let mut at = 0;
    let flush = |literal: &mut Vec<u8>, out: &mut Vec<Piece>| {
        if !literal.is_empty() {
            out.push(Piece::Text(std::mem::take(literal)));
        }
    };
    while at < text.len() {
        match (text[at], text.get(at + 1)) {
            (b'&', _) => {
                flush(&mut literal, &mut out);
                out.push(Piece::Group(0));
                at += 1;
                continue;
            }
            (b'\\', Some(next)) => {
                match next {
                    b'0'..=b'9' => {
                        flush(&mut literal, &mut out);
                        out.push(Piece::Group(usize::from(next - b'0')));
                    }
                    b'U' | b'L' | b'u' | b'l' | b'E' => {
                        flush(&mut literal, &mut out);
                        out.push(Piece::Case(*next));
                    }
                    b'n' => literal.push(b'\n'),
                    b't' => literal.push(b'\t'),
                    b'r' => literal.push(b'\r'),
                    b'f' => literal.push(12),
                    b'v' => literal.push(11),
                    b'a' => literal.push(7),
                    other => literal.push(*other),
                }
                at += 2;
                continue;
            }
            (byte, _) => literal.push(byte),
        }
        at += 1;
    }
    flush(&mut literal, &mut out);
    out
}

/// The text with its matches replaced, and how many were.
pub fn replaced(regex: &Regex, s: &Substitution, text: &[u8]) -> (Vec<u8>, usize) {
    let mut out = Vec::new();
    let (mut at, mut seen, mut done) = (0, 0, 0);
    let mut last_end = None;
    while at <= text.len() {
        let Some(groups) = regex.captures(text, at) else { break };
        let Some((start, end)) = groups[0] else { break };
        // An empty match right behind another is none.
        if start == end && last_end == Some(start) {
            let len = crate::utilities::support::text::char_len(&text[start..]).max(1);
            out.extend_from_slice(&text[at..(start + len).min(text.len())]);
            at = start + len;
            last_end = None;
            continue;
        }
        seen += 1;
        out.extend_from_slice(&text[at..start]);
        at = end;
        last_end = Some(end);
        if seen < s.number.max(1) {
            out.extend_from_slice(&text[start..end]);
        } else {
            push_replacement(&mut out, &s.pieces, text, &groups);
            done += 1;
            if !s.global {
                break;
            }
        }
    }
    out.extend_from_slice(&text[at.min(text.len())..]);
    (out, done)
}

fn push_replacement(out: &mut Vec<u8>, pieces: &[Piece], text: &[u8], groups: &Groups) {
    let mut lasting: Option<u8> = None;
    let mut once: Option<u8> = None;
    for piece in pieces {
        let bytes: &[u8] = match piece {
            Piece::Case(b'E') => {
                (lasting, once) = (None, None);
                continue;
            }
            Piece::Case(case @ (b'U' | b'L')) => {
                lasting = Some(*case);
                continue;
            }
            Piece::Case(case) => {
                once = Some(*case);
                continue;
            }
            Piece::Text(bytes) => bytes,
            Piece::Group(number) => match groups.get(*number).copied().flatten() {
                Some((start, end)) => &text[start..end],
                None => b"",
            },
        };
        if bytes.is_empty() {
            continue;
        }
        if lasting.is_none() && once.is_none() {
            out.extend_from_slice(bytes);
            continue;
        }
        let whole = String::from_utf8_lossy(bytes).into_owned();
        let whole = match lasting {
            Some(b'U') => whole.to_uppercase(),
            Some(_) => whole.to_lowercase(),
            None => whole,
        };
        let mut chars = whole.chars();
        let first = chars.next().map(String::from).unwrap_or_default();
        let first = match once.take() {
            Some(b'u') => first.to_uppercase(),
            Some(_) => first.to_lowercase(),
            None => first,
        };
        out.extend_from_slice(first.as_bytes());
        out.extend_from_slice(chars.as_str().as_bytes());
    }
}

/// What `l` prints.
pub fn visible(text: &[u8], width: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut column = 0;
    for byte in text {
        let shown = match byte {
            b'\\' => "\\\\".to_owned(),
            7 => "\\a".to_owned(),
            8 => "\\b".to_owned(),
            12 => "\\f".to_owned(),
            b'\n' => "\\n".to_owned(),
            b'\r' => "\\r".to_owned(),
            b'\t' => "\\t".to_owned(),
            11 => "\\v".to_owned(),
            32..=126 => char::from(*byte).to_string(),
            other => format!("\\{other:03o}"),
        };
        if width > 1 && column + shown.len() > width - 1 {
            out.extend_from_slice(b"\\\n");
            column = 0;
        }
        column += shown.len();
        out.extend_from_slice(shown.as_bytes());
    }
    out.extend_from_slice(b"$\n");
    out
}
