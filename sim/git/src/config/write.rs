//! Changing the text of a configuration file as Git does.

use super::read::Parser;
use super::{Entry, canonical_key, parse};
use crate::bytes::split_once;
use crate::cat;

/// How to change a file of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// Replace the value, or add the key. `Err(n)` where it has several.
    Set(&'a [u8]),
    /// Replace all values by one.
    ReplaceAll(&'a [u8]),
    /// Add one more.
    Add(&'a [u8]),
    /// Remove the only value.
    Unset,
    /// Remove all values.
    UnsetAll,
}

/// Why a change could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeError {
    /// The key has several values.
    Multiple,
    /// The key is not set.
    Missing,
}

/// Changes a file's text as `git config` does. `matches` chooses among the values of the key, which is written as it
/// was typed.
pub fn change(
    text: &[u8],
    key: &[u8],
    change: Change<'_>,
    matches: &dyn Fn(&[u8]) -> bool,
) -> core::result::Result<Vec<u8>, ChangeError> {
    change_commented(text, key, change, matches, b"")
}

/// The same; a comment (with what stands before it) ends the line.
pub fn change_commented(
    text: &[u8],
    key: &[u8],
    change: Change<'_>,
    matches: &dyn Fn(&[u8]) -> bool,
    comment: &[u8],
) -> core::result::Result<Vec<u8>, ChangeError> {
    let entries = parse(text, b"").unwrap_or_default();
    let canonical = canonical_key(key).unwrap_or_else(|| key.to_vec());
    let found: Vec<&Entry> = entries
        .iter()
        .filter(|entry| entry.key == canonical && matches(entry.value.as_deref().unwrap_or_default()))
        .collect();
    let new_value = match change {
        Change::Set(_) | Change::Unset if found.len() > 1 => return Err(ChangeError::Multiple),
        Change::Unset | Change::UnsetAll if found.is_empty() => return Err(ChangeError::Missing),
        Change::Set(value) | Change::ReplaceAll(value) | Change::Add(value) => Some(value),
        Change::Unset | Change::UnsetAll => None,
    };
    let replaced: Vec<(usize, usize)> = match change {
        Change::Add(_) => Vec::new(),
        _ => found.iter().map(|entry| entry.span).collect(),
    };
    let dot = key.iter().rposition(|b| *b == b'.').unwrap_or(0);
    let (section, name) = (&key[..dot], &key[dot + 1..]);
    let Some(value) = new_value else {
        return Ok(remove_spans(text, &replaced));
    };
    let line = cat!["\t", name, " = ", quote_value(value), comment, "\n"];
    if let Some((last_start, last_end)) = replaced.last().copied() {
        let from = line_start(text, last_start);
        let mut new = Vec::new();
        let mut at = 0;
        for (start, end) in &replaced[..replaced.len() - 1] {
            new.extend_from_slice(&text[at..line_start(text, *start)]);
            at = *end;
        }
        new.extend_from_slice(&text[at..from]);
        new.extend_from_slice(&line);
        new.extend_from_slice(&text[last_end..]);
        return Ok(new);
    }
    Ok(insert_line(text, &entries, section, &line))
}

fn line_start(text: &[u8], at: usize) -> usize {
    let from = text[..at].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    // A key on its section's own line stays behind the section.
    if text[from..at].iter().all(|b| b.is_ascii_whitespace()) {
        from
    } else {
        at
    }
}

fn remove_spans(text: &[u8], spans: &[(usize, usize)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in spans {
        out.extend_from_slice(&text[at..line_start(text, *start)]);
        at = *end;
    }
    out.extend_from_slice(&text[at..]);
    drop_empty_section(&mut out, spans.is_empty());
    out
}

/// Git removes a section that a removal left empty, when no comment stands in it.
fn drop_empty_section(text: &mut Vec<u8>, unchanged: bool) {
    if unchanged {
        return;
    }
    let headers = section_headers(text);
    for (at, (start, end, _)) in headers.iter().enumerate().rev() {
        let next = headers.get(at + 1).map_or(text.len(), |header| header.0);
        if text[*end..next].iter().all(|b| b.is_ascii_whitespace()) {
            let from = line_start(text, *start);
            text.drain(from..next);
        }
    }
}

/// (start, end, canonical name) of each section header.
fn section_headers(text: &[u8]) -> Vec<(usize, usize, Vec<u8>)> {
    let mut parser = Parser { text, at: 0, line: 1 };
    let mut headers = Vec::new();
    loop {
        parser.skip_blank();
        let start = parser.at;
        match parser.peek() {
            None => return headers,
            Some(b'#' | b';') => parser.skip_line(),
            Some(b'[') => match parser.section() {
                Some(name) => headers.push((start, parser.at, name)),
                None => return headers,
            },
            Some(_) => {
                if parser.setting().is_none() {
                    return headers;
                }
            }
        }
    }
}

fn insert_line(text: &[u8], entries: &[Entry], section: &[u8], line: &[u8]) -> Vec<u8> {
    let headers = section_headers(text);
    // The subsection alone tells capital letters from small ones.
    let canonical = canonical_key(&cat![section, ".x"]).unwrap_or_default();
    let wanted = canonical.strip_suffix(b".x").unwrap_or(section);
    let Some(at) = headers.iter().rposition(|(_, _, name)| name == wanted) else {
        let mut new = text.to_vec();
        if !new.is_empty() && !new.ends_with(b"\n") {
            new.push(b'\n');
        }
        new.extend_from_slice(&cat![section_header(section), line]);
        return new;
    };
    let (start, end, _) = headers[at];
    let next = headers.get(at + 1).map_or(text.len(), |header| header.0);
    let last = entries
        .iter()
        .rev()
        .find(|entry| entry.span.0 >= start && entry.span.0 < next);
    let mut insert = last.map_or(end, |entry| entry.span.1);
    let mut new = text[..insert].to_vec();
    if last.is_none() {
        // Behind the header's own line end.
        if text.get(insert) == Some(&b'\n') {
            insert += 1;
        }
        new.push(b'\n');
    } else if !new.ends_with(b"\n") {
        new.push(b'\n');
    }
    new.extend_from_slice(line);
    new.extend_from_slice(&text[insert..]);
    new
}

/// `[section "sub"]` and a line feed.
pub fn section_header(section: &[u8]) -> Vec<u8> {
    match split_once(section, b'.') {
        None => cat!["[", section, "]\n"],
        Some((name, sub)) => {
            let mut quoted = Vec::new();
            for byte in sub {
                if matches!(byte, b'"' | b'\\') {
                    quoted.push(b'\\');
                }
                quoted.push(*byte);
            }
            cat!["[", name, " \"", quoted, "\"]\n"]
        }
    }
}

fn quote_value(value: &[u8]) -> Vec<u8> {
    let needs = value.first().is_some_and(|b| *b == b' ')
        || value.last().is_some_and(|b| *b == b' ')
        || value.iter().any(|b| matches!(b, b';' | b'#' | b'\r'));
    let mut out = Vec::new();
    if needs {
        out.push(b'"');
    }
    for byte in value {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            byte => out.push(*byte),
        }
    }
    if needs {
        out.push(b'"');
    }
    out
}

/// Repeats a section under another name, right behind it. `None`: it is not there.
pub fn copy_section(text: &[u8], from: &[u8], to: &[u8]) -> Option<Vec<u8>> {
    let headers = section_headers(text);
    let (mut out, mut copied) = (Vec::new(), false);
    let first = headers.first().map_or(text.len(), |header| header.0);
    out.extend_from_slice(&text[..first]);
    for (at, (start, end, name)) in headers.iter().enumerate() {
        let next = headers.get(at + 1).map_or(text.len(), |header| header.0);
        out.extend_from_slice(&text[*start..next]);
        if name == from {
            copied = true;
            out.extend_from_slice(section_header(to).strip_suffix(b"\n").unwrap_or_default());
            out.extend_from_slice(&text[*end..next]);
        }
    }
    copied.then_some(out)
}

/// Removes or renames a whole section (`git branch -d`, `-m`, `git config --remove-section`). `None`: it is not there.
pub fn rename_section(text: &[u8], from: &[u8], to: Option<&[u8]>) -> Option<Vec<u8>> {
    let headers = section_headers(text);
    if !headers.iter().any(|(_, _, name)| name == from) {
        return None;
    }
    let mut out = Vec::new();
    let mut at = 0;
    for (index, (start, end, name)) in headers.iter().enumerate() {
        if name != from {
            continue;
        }
        let next = headers.get(index + 1).map_or(text.len(), |header| header.0);
        out.extend_from_slice(&text[at..*start]);
        if let Some(to) = to {
            out.extend_from_slice(section_header(to).strip_suffix(b"\n").unwrap_or_default());
            out.extend_from_slice(&text[*end..next]);
        }
        at = next;
    }
    out.extend_from_slice(&text[at..]);
    Some(out)
}
