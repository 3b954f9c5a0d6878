//! The placeholders of `--format`: `%h`, `%an`, `%C(red)`, `%<(20)` …

use super::decorate::{Frame, PARENTHESES};
use super::pretty::{Printer, Reflog};
use crate::cat;
use crate::date::{self, Mode};
use crate::fault::{Fault, Result};
use crate::object::{Commit, Signature};
use crate::oid::Oid;
use crate::output::display_width;

/// `a, b`.
const BARE: Frame<'static> = Frame {
    open: "",
    separator: ", ",
    close: "",
};

/// One commit to write.
pub struct Fields<'a, 'p> {
    /// How.
    pub printer: &'a Printer<'p>,
    /// Its id.
    pub oid: &'a Oid,
    /// The commit.
    pub commit: &'a Commit,
    /// `<`, `>` of `--left-right`.
    pub mark: &'a str,
    /// The reflog entry, when walking one.
    pub reflog: Option<&'a Reflog>,
}

/// A pending `%<(n)` or `%>(n)`.
#[derive(Clone, Copy)]
struct Pad {
    width: usize,
    left: bool,
    center: bool,
    truncate: Option<u8>,
}

/// Replaces all placeholders.
pub fn expand(fields: &Fields<'_, '_>, format: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = format;
    let mut pad: Option<Pad> = None;
    let mut auto = false;
    while let Some(at) = rest.iter().position(|b| *b == b'%') {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let sign = rest.first().copied().filter(|b| matches!(b, b'+' | b'-' | b' '));
        let body = if sign.is_some() { &rest[1..] } else { rest };
        if let Some((found, len)) = padding(body) {
            pad = Some(found);
            rest = &body[len..];
            continue;
        }
        if body.starts_with(b"C(auto)") {
            auto = fields.printer.colors.on;
            if auto && !out.is_empty() {
                out.extend_from_slice(b"\x1b[m");
            }
            rest = &body[7..];
            continue;
        }
        let Some((text, len)) = one(fields, body, auto)? else {
            out.push(b'%');
            if sign.is_some() {
                continue;
            }
            continue;
        };
        rest = &body[len..];
        let text = match pad.take() {
            Some(pad) => padded(text, pad),
            None => text,
        };
        match sign {
            Some(b'+') if !text.is_empty() => out.push(b'\n'),
            Some(b' ') if !text.is_empty() => out.push(b' '),
            Some(b'-') if text.is_empty() => {
                while out.last() == Some(&b'\n') {
                    out.pop();
                }
            }
            _ => {}
        }
        out.extend_from_slice(&text);
    }
    out.extend_from_slice(rest);
    Ok(out)
}

/// `<(20,trunc)`, `>(20)`, `><(20)`.
fn padding(text: &[u8]) -> Option<(Pad, usize)> {
    let (left, center, start) = match text {
        [b'>', b'<', b'(', ..] => (false, true, 3),
        [b'>', b'>', b'(', ..] => (true, false, 3),
        [b'<', b'(', ..] => (false, false, 2),
        [b'>', b'(', ..] => (true, false, 2),
        _ => return None,
    };
    let close = text.iter().position(|b| *b == b')')?;
    let mut parts = text[start..close].split(|b| *b == b',');
    let width = crate::bytes::parse_number(parts.next()?.trim_ascii())?;
    let truncate = match parts.next() {
        Some(b"trunc") => Some(b't'),
        Some(b"ltrunc") => Some(b'l'),
        Some(b"mtrunc") => Some(b'm'),
        _ => None,
    };
    Some((
        Pad {
            width,
            left,
            center,
            truncate,
        },
        close + 1,
    ))
}

fn padded(text: Vec<u8>, pad: Pad) -> Vec<u8> {
    let width = display_width(&text);
    if width >= pad.width {
        let (Some(how), true) = (pad.truncate, width > pad.width) else {
            return text;
        };
        let chars: Vec<char> = String::from_utf8_lossy(&text).chars().collect();
        let keep = pad.width.saturating_sub(2);
        let pick = |range: core::ops::Range<usize>| chars[range].iter().collect::<String>();
        return match how {
            b't' => cat![pick(0..keep), ".."],
            b'l' => cat!["..", pick(chars.len() - keep..chars.len())],
            _ => cat![
                pick(0..keep / 2),
                "..",
                pick(chars.len() - (keep - keep / 2)..chars.len())
            ],
        };
    }
    let space = pad.width - width;
    let before = if pad.center {
        space / 2
    } else if pad.left {
        space
    } else {
        0
    };
    cat![" ".repeat(before), text, " ".repeat(space - before)]
}

fn sanitized(subject: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    let mut gap = false;
    for byte in subject {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') {
            if gap && !out.is_empty() {
                out.push(b'-');
            }
            gap = false;
            if !(*byte == b'.' && out.last() == Some(&b'.')) {
                out.push(*byte);
            }
        } else {
            gap = true;
        }
    }
    while matches!(out.last(), Some(b'.' | b'-')) {
        out.pop();
    }
    out
}

type Found = Option<(Vec<u8>, usize)>;

fn one(fields: &Fields<'_, '_>, text: &[u8], auto: bool) -> Result<Found> {
    let (printer, commit) = (fields.printer, fields.commit);
    let color = |body: String| match auto {
        true => cat![
            printer.colors.start("diff.commit", "yellow"),
            body,
            printer.colors.reset()
        ],
        false => body.into_bytes(),
    };
    let joined = |ids: Vec<String>| ids.join(" ").into_bytes();
    let found = match text.first() {
        Some(b'%') => b"%".to_vec(),
        Some(b'n') => b"\n".to_vec(),
        Some(b'H') => color(fields.oid.hex()),
        Some(b'h') => color(printer.short(fields.oid)),
        Some(b'T') => commit.tree.hex().into_bytes(),
        Some(b't') => printer.short(&commit.tree).into_bytes(),
        Some(b'P') => joined(commit.parents.iter().map(Oid::hex).collect()),
        Some(b'p') => joined(commit.parents.iter().map(|parent| printer.short(parent)).collect()),
        Some(b's') => commit.subject(),
        Some(b'f') => sanitized(&commit.subject()),
        Some(b'b') => commit.body().to_vec(),
        Some(b'B') => commit.message.clone(),
        Some(b'N') => Vec::new(),
        Some(b'm') => {
            if fields.mark.is_empty() {
                b">".to_vec()
            } else {
                fields.mark.trim_end().as_bytes().to_vec()
            }
        }
        Some(b'd') => names(fields, auto, PARENTHESES),
        Some(b'D') => names(fields, auto, BARE),
        Some(b'e') => commit
            .extra
            .iter()
            .find(|(name, _)| name == b"encoding")
            .map(|(_, v)| v.clone())
            .unwrap_or_default(),
        Some(b'x') => {
            let byte = text
                .get(1..3)
                .and_then(|hex| u8::from_str_radix(core::str::from_utf8(hex).ok()?, 16).ok());
            return Ok(byte.map(|byte| (vec![byte], 3)));
        }
        Some(b'a') => return Ok(person(fields, &commit.author, text)),
        Some(b'c') => return Ok(person(fields, &commit.committer, text)),
        Some(b'g') => return Ok(reflog(fields, text)),
        Some(b'G') => return Ok(signature(text)),
        Some(b'C') => return Ok(colored(fields, text)),
        Some(b'w' | b'(' | b'S') => return Err(Fault::gap(cat!["the placeholder '%", [text[0]], "' of --format"])),
        _ => return Ok(None),
    };
    Ok(Some((found, 1)))
}

/// Nothing is signed here.
fn signature(text: &[u8]) -> Found {
    let letter = text.get(1).filter(|b| b"?GSKFPT".contains(b))?;
    let found = if *letter == b'?' { b"N".to_vec() } else { Vec::new() };
    Some((found, 2))
}

fn names(fields: &Fields<'_, '_>, auto: bool, frame: Frame<'_>) -> Vec<u8> {
    if auto {
        return fields.printer.names(fields.oid, frame);
    }
    fields
        .printer
        .decorations
        .text(fields.oid, &crate::output::Colors::off(), frame)
}

fn person(fields: &Fields<'_, '_>, who: &Signature, text: &[u8]) -> Found {
    let clock = &fields.printer.clock;
    let dated = |mode: Mode| date::format(who.seconds, who.zone, &mode, clock);
    let local = who.email.split(|b| *b == b'@').next().unwrap_or_default();
    let found = match text.get(1)? {
        b'n' | b'N' => who.name.clone(),
        b'e' | b'E' => who.email.clone(),
        b'l' | b'L' => local.to_vec(),
        b'd' => fields.printer.date(who),
        b'D' => dated(Mode::Rfc),
        b'r' => dated(Mode::Relative),
        b't' => who.seconds.to_string().into_bytes(),
        b'i' => dated(Mode::Iso),
        b'I' => dated(Mode::IsoStrict),
        b's' => dated(Mode::Short),
        b'h' => dated(Mode::Human),
        _ => return None,
    };
    Some((found, 2))
}

fn reflog(fields: &Fields<'_, '_>, text: &[u8]) -> Found {
    let letter = text.get(1).filter(|b| b"DdnNeEs".contains(b))?;
    let Some(entry) = fields.reflog else {
        return Some((Vec::new(), 2));
    };
    let found = match letter {
        b'D' => entry.selector.clone(),
        b'd' => crate::refs::shorten(&entry.selector).to_vec(),
        b'n' | b'N' => entry.who.name.clone(),
        b'e' | b'E' => entry.who.email.clone(),
        _ => entry.message.clone(),
    };
    Some((found, 2))
}

fn colored(fields: &Fields<'_, '_>, text: &[u8]) -> Found {
    let on = fields.printer.colors.on;
    if let Some(rest) = text.strip_prefix(b"C(") {
        let close = rest.iter().position(|b| *b == b')')?;
        let inner = &rest[..close];
        let (always, inner) = match inner.strip_prefix(b"always,") {
            Some(inner) => (true, inner),
            None => (false, inner.strip_prefix(b"auto,").unwrap_or(inner)),
        };
        let sequence = match inner {
            b"reset" => String::from("\u{1b}[m"),
            inner => crate::output::sequence(&crate::bytes::lossy(inner))?,
        };
        let shown = if on || always { sequence } else { String::new() };
        return Some((shown.into_bytes(), close + 3));
    }
    for name in ["red", "green", "blue", "reset"] {
        if text[1..].starts_with(name.as_bytes()) {
            let sequence = if name == "reset" {
                "\u{1b}[m".to_owned()
            } else {
                crate::output::sequence(name)?
            };
            let shown = if on { sequence } else { String::new() };
            return Some((shown.into_bytes(), 1 + name.len()));
        }
    }
    None
}
