//! The placeholders of `--format`: `%h`, `%an`, `%C(red)`, `%<(20)`, `%(trailers)` …

use super::decorate::{Frame, PARENTHESES};
use super::layout::{self, Pad, Wrap};
use super::pretty::Printer;
use super::trailers;
use super::walk::{Shown, Side};
use crate::bytes::find;
use crate::cat;
use crate::date::{self, Mode};
use crate::fault::{Fault, Result};
use crate::object::Signature;
use crate::oid::Oid;

/// `a, b`.
const BARE: Frame<'static> = Frame {
    open: b"",
    close: b"",
    ..PARENTHESES
};

/// One commit to write.
pub struct Fields<'a, 'p> {
    /// How.
    pub printer: &'a Printer<'p>,
    /// The commit.
    pub shown: &'a Shown,
}

/// The text so far, and what holds for what follows.
#[derive(Default)]
struct State {
    out: Vec<u8>,
    /// `%C(auto)` is in force.
    auto: bool,
    pad: Option<Pad>,
    wrap: Wrap,
}

/// Replaces all placeholders.
pub fn expand(fields: &Fields<'_, '_>, format: &[u8]) -> Result<Vec<u8>> {
    let mut state = State::default();
    let mut rest = format;
    while let Some(at) = rest.iter().position(|b| *b == b'%') {
        state.out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let used = item(fields, rest, &mut state)?;
        if used == 0 {
            state.out.push(b'%');
        }
        rest = &rest[used..];
    }
    state.out.extend_from_slice(rest);
    state.wrap.change(&mut state.out, Wrap::default());
    Ok(state.out)
}

/// One placeholder with the sign before it; how much it takes, 0: it is none.
fn item(fields: &Fields<'_, '_>, text: &[u8], state: &mut State) -> Result<usize> {
    let sign = text.first().copied().filter(|b| matches!(b, b'+' | b'-' | b' '));
    let body = &text[usize::from(sign.is_some())..];
    if sign.is_some() && body.first() == Some(&b'w') {
        return Ok(0);
    }
    let before = state.out.len();
    let used = match state.pad.take() {
        Some(pad) => padded(fields, body, pad, state)?,
        None => one(fields, body, state)?,
    };
    let empty = state.out.len() <= before;
    match sign {
        Some(b'+') if !empty => state.out.insert(before, b'\n'),
        Some(b' ') if !empty => state.out.insert(before, b' '),
        Some(b'-') if empty => {
            while state.out.last() == Some(&b'\n') {
                state.out.pop();
            }
        }
        _ => {}
    }
    Ok(used + usize::from(sign.is_some()))
}

/// A placeholder in its room; colours before it do not end the wait for it.
fn padded(fields: &Fields<'_, '_>, body: &[u8], pad: Pad, state: &mut State) -> Result<usize> {
    let mut inner = State {
        auto: state.auto,
        ..State::default()
    };
    let mut used = 0;
    loop {
        let is_color = body.get(used) == Some(&b'C');
        let len = one(fields, &body[used..], &mut inner)?;
        used += len;
        if len == 0 || !is_color || body.get(used) != Some(&b'%') {
            break;
        }
        used += 1;
    }
    state.auto = inner.auto;
    pad.put(&mut state.out, inner.out);
    Ok(used)
}

/// One placeholder; how much it takes.
fn one(fields: &Fields<'_, '_>, text: &[u8], state: &mut State) -> Result<usize> {
    match text.first() {
        Some(b'<' | b'>') => {
            let Some((pad, used)) = Pad::parse(text) else {
                return Ok(0);
            };
            state.pad = Some(pad);
            Ok(used)
        }
        Some(b'w') => {
            let Some((wrap, used)) = Wrap::parse(text) else {
                return Ok(0);
            };
            state.wrap.change(&mut state.out, wrap);
            Ok(used)
        }
        Some(b'C') if text.starts_with(b"C(auto)") => {
            state.auto = fields.printer.colors.on;
            if state.auto && !state.out.is_empty() {
                state.out.extend_from_slice(b"\x1b[m");
            }
            Ok(7)
        }
        Some(b'C') => {
            let Some((color, used)) = colored(fields, text)? else {
                return Ok(0);
            };
            state.auto = false;
            state.out.extend_from_slice(&color);
            Ok(used)
        }
        _ => {
            let Some((found, used)) = value(fields, text, state.auto)? else {
                return Ok(0);
            };
            state.out.extend_from_slice(&found);
            Ok(used)
        }
    }
}

/// `%f`: a subject as part of a file name.
pub(crate) fn sanitized(subject: &[u8]) -> Vec<u8> {
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

fn value(fields: &Fields<'_, '_>, text: &[u8], auto: bool) -> Result<Found> {
    let (printer, shown) = (fields.printer, fields.shown);
    let commit = &shown.commit;
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
        Some(b'H') => color(shown.oid.hex()),
        Some(b'h') => color(printer.short(&shown.oid)),
        Some(b'T') => commit.tree.hex().into_bytes(),
        Some(b't') => printer.short(&commit.tree).into_bytes(),
        Some(b'P') => joined(commit.parents.iter().map(Oid::hex).collect()),
        Some(b'p') => joined(commit.parents.iter().map(|parent| printer.short(parent)).collect()),
        Some(b's') => commit.subject(),
        Some(b'f') => sanitized(&commit.subject()),
        Some(b'b') => commit.body().to_vec(),
        Some(b'B') => commit.message.clone(),
        Some(b'N') => Vec::new(),
        Some(b'm') => match shown.side {
            Side::Boundary => b"-".to_vec(),
            Side::Same => b"=".to_vec(),
            Side::Left => b"<".to_vec(),
            Side::Right => b">".to_vec(),
        },
        Some(b'S') => shown.source.clone(),
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
        Some(b'(') => return named(fields, text, auto),
        _ => return Ok(None),
    };
    Ok(Some((found, 1)))
}

/// `%(trailers:…)`, `%(decorate:…)`.
fn named(fields: &Fields<'_, '_>, text: &[u8], auto: bool) -> Result<Found> {
    let close = find(text, b")").unwrap_or(text.len());
    let (name, options) = match crate::bytes::split_once(&text[1..close.max(1)], b':') {
        Some((name, options)) => (name, options),
        None => (&text[1..close.max(1)], b"".as_slice()),
    };
    let found = match name {
        _ if close == text.len() => None,
        b"trailers" => trailers::expand(&fields.shown.commit.message, options),
        b"decorate" => decorations(fields, options, auto),
        b"describe" => return Err(Fault::gap("the placeholder '%(describe)' of --format")),
        _ => None,
    };
    Ok(found.map(|found| (found, close + 1)))
}

/// The names in a frame of one's own.
fn decorations(fields: &Fields<'_, '_>, options: &[u8], auto: bool) -> Option<Vec<u8>> {
    let mut parts: Vec<(&[u8], Vec<u8>)> = Vec::new();
    for option in options.split(|b| *b == b',').filter(|option| !option.is_empty()) {
        let (name, value) = crate::bytes::split_once(option, b'=').unwrap_or((option, b""));
        if ![b"prefix".as_slice(), b"suffix", b"separator", b"pointer", b"tag"].contains(&name) {
            return None;
        }
        parts.push((name, layout::literal(value)));
    }
    let part = |name: &str, usual: &'static [u8]| {
        let given = parts.iter().rev().find(|(given, _)| *given == name.as_bytes());
        given.map_or(usual, |(_, value)| value.as_slice())
    };
    let frame = Frame {
        open: part("prefix", PARENTHESES.open),
        close: part("suffix", PARENTHESES.close),
        separator: part("separator", PARENTHESES.separator),
        pointer: part("pointer", PARENTHESES.pointer),
        tag: part("tag", PARENTHESES.tag),
    };
    Some(names(fields, auto, frame))
}

/// Nothing is signed here.
fn signature(text: &[u8]) -> Found {
    let letter = text.get(1).filter(|b| b"?GSKFPT".contains(b))?;
    let found: &[u8] = match letter {
        b'?' => b"N",
        b'T' => b"undefined",
        _ => b"",
    };
    Some((found.to_vec(), 2))
}

fn names(fields: &Fields<'_, '_>, auto: bool, frame: Frame<'_>) -> Vec<u8> {
    if auto {
        return fields.printer.names(&fields.shown.oid, frame);
    }
    fields
        .printer
        .decorations
        .text(&fields.shown.oid, &crate::output::Colors::off(), frame)
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
    let Some(entry) = &fields.shown.reflog else {
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

fn colored(fields: &Fields<'_, '_>, text: &[u8]) -> Result<Found> {
    let on = fields.printer.colors.on;
    if let Some(rest) = text.strip_prefix(b"C(") {
        let Some(close) = rest.iter().position(|b| *b == b')') else {
            return Ok(None);
        };
        let inner = &rest[..close];
        let (always, inner) = match inner.strip_prefix(b"always,") {
            Some(inner) => (true, inner),
            None => (false, inner.strip_prefix(b"auto,").unwrap_or(inner)),
        };
        let shown = match crate::output::sequence(&crate::bytes::lossy(inner)) {
            _ if !on && !always => String::new(),
            _ if inner == b"reset" => String::from("\u{1b}[m"),
            Some(sequence) => sequence,
            None => {
                let text = cat![
                    "error: invalid color value: ",
                    inner,
                    "\nfatal: unable to parse --pretty format\n"
                ];
                return Err(Fault::Plain(text, 128));
            }
        };
        return Ok(Some((shown.into_bytes(), close + 3)));
    }
    for name in ["red", "green", "blue", "reset"] {
        if text[1..].starts_with(name.as_bytes()) {
            let sequence = match name {
                "reset" => Some(String::from("\u{1b}[m")),
                name => crate::output::sequence(name),
            };
            let shown = sequence.filter(|_| on).unwrap_or_default();
            return Ok(Some((shown.into_bytes(), 1 + name.len())));
        }
    }
    Ok(None)
}
