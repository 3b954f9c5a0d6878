//! The room a placeholder of `--format` takes: `%<(20,trunc)`, `%>|(30)`, `%w(72,2,4)`.

use crate::bytes::parse_number;
use crate::cat;
use crate::output::display_width;

/// On which side spaces go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Align {
    Left,
    Right,
    Both,
    /// As right, and spaces before it may be taken.
    Steal,
}

/// A pending `%<(n)` or `%>(n)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pad {
    width: usize,
    /// `|`: the width is a column of the line.
    column: bool,
    align: Align,
    truncate: u8,
}

impl Pad {
    /// Reads `<(20,trunc)`, `>|(20)`, `><(20)`; how long it is.
    pub fn parse(text: &[u8]) -> Option<(Self, usize)> {
        let (align, signs) = match text {
            [b'>', b'<', ..] => (Align::Both, 2),
            [b'>', b'>', ..] => (Align::Steal, 2),
            [b'<', ..] => (Align::Left, 1),
            _ => (Align::Right, 1),
        };
        let column = text.get(signs) == Some(&b'|');
        let open = signs + usize::from(column);
        let inner = text.get(open..)?.strip_prefix(b"(")?;
        let close = inner.iter().position(|b| *b == b')')?;
        let mut parts = inner[..close].split(|b| *b == b',');
        let width = parse_number(parts.next()?.trim_ascii()).filter(|width| *width > 0)?;
        let truncate = match parts.next() {
            None => 0,
            Some(b"trunc") => b't',
            Some(b"ltrunc") => b'l',
            Some(b"mtrunc") => b'm',
            Some(_) => return None,
        };
        let pad = Self {
            width,
            column,
            align,
            truncate,
        };
        Some((pad, open + close + 2))
    }

    /// Appends a text in its room.
    pub fn put(self, out: &mut Vec<u8>, text: Vec<u8>) {
        let mut room = self.width;
        if self.column {
            let line = out.rsplit(|b| *b == b'\n').next().unwrap_or_default();
            room = room.saturating_sub(display_width(line));
        }
        let width = display_width(&text);
        if self.align == Align::Steal {
            while width > room && out.len() > 1 && out.last() == Some(&b' ') {
                out.pop();
                room += 1;
            }
        }
        if width > room {
            out.extend_from_slice(&self.cut(text, width, room));
            return;
        }
        let space = room - width;
        let before = match self.align {
            Align::Left => 0,
            Align::Both => space / 2,
            Align::Right | Align::Steal => space,
        };
        out.extend_from_slice(&cat![" ".repeat(before), text, " ".repeat(space - before)]);
    }

    fn cut(self, text: Vec<u8>, width: usize, room: usize) -> Vec<u8> {
        let keep = room.saturating_sub(2);
        let (from, gone) = match self.truncate {
            b't' => (keep, width - keep),
            b'l' => (0, width - keep),
            b'm' => ((room / 2).saturating_sub(1), width - keep),
            _ => return text,
        };
        let mut at = 0;
        let mut cut: Vec<u8> = Vec::new();
        let mut marked = false;
        for letter in String::from_utf8_lossy(&text).chars() {
            let mut bytes = [0; 4];
            let encoded = letter.encode_utf8(&mut bytes).as_bytes();
            let inside = at >= from && at < from + gone;
            if inside && !marked {
                cut.extend_from_slice(b"..");
                marked = true;
            }
            if !inside {
                cut.extend_from_slice(encoded);
            }
            at += display_width(encoded);
        }
        cut
    }
}

/// `%w(width,first,further)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wrap {
    width: usize,
    first: usize,
    further: usize,
    /// Where the text that it holds for begins.
    start: usize,
}

impl Wrap {
    /// Reads `w(76,2,9)`; how long it is.
    pub fn parse(text: &[u8]) -> Option<(Self, usize)> {
        let inner = text.strip_prefix(b"w(")?;
        let close = inner.iter().position(|b| *b == b')')?;
        let mut wrap = Self::default();
        if close > 0 {
            let mut parts = inner[..close]
                .split(|b| *b == b',')
                .map(|part| parse_number(part.trim_ascii()));
            wrap.width = parts.next()??;
            wrap.first = parts.next().unwrap_or(Some(0))?;
            wrap.further = parts.next().unwrap_or(Some(0))?;
            if parts.next().is_some() {
                return None;
            }
        }
        Some((wrap, close + 3))
    }

    /// Lays out what was written under this one, and lets another follow.
    pub fn change(&mut self, out: &mut Vec<u8>, next: Self) {
        let same = (self.width, self.first, self.further) == (next.width, next.first, next.further);
        if same {
            return;
        }
        if self.start < out.len() {
            let text = out.split_off(self.start);
            match self.width {
                0 => self.indent(out, &text),
                _ => self.fill(out, &text),
            }
        }
        *self = Self {
            start: out.len(),
            ..next
        };
    }

    fn indent(&self, out: &mut Vec<u8>, text: &[u8]) {
        for (at, line) in text.split_inclusive(|b| *b == b'\n').enumerate() {
            let indent = if at == 0 { self.first } else { self.further };
            out.resize(out.len() + indent, b' ');
            out.extend_from_slice(line);
        }
    }

    /// Fills lines with words. A line feed before a letter is a space, any other one stays.
    fn fill(&self, out: &mut Vec<u8>, text: &[u8]) {
        let mut indent = self.first;
        let mut width = indent;
        let mut begun = false;
        let mut gap_start = 0;
        let mut at = 0;
        loop {
            let word_start = at;
            while at < text.len() && !text[at].is_ascii_whitespace() {
                at += 1;
            }
            width += display_width(&text[word_start..at]);
            if width > self.width && begun {
                out.push(b'\n');
                at = gap_start + usize::from(text.get(gap_start).is_some_and(u8::is_ascii_whitespace));
                (indent, width, begun) = (self.further, self.further, false);
                gap_start = at;
                continue;
            }
            if at == text.len() && !begun && at == gap_start {
                return;
            }
            if !begun {
                out.resize(out.len() + indent, b' ');
            }
            out.extend_from_slice(&text[gap_start..at]);
            let Some(space) = text.get(at).copied() else { return };
            begun = true;
            gap_start = at;
            if space == b'\t' {
                width |= 7;
            }
            if space == b'\n' {
                gap_start += 1;
                match text.get(gap_start) {
                    Some(b'\n') => out.extend_from_slice(b"\n\n"),
                    Some(next) if next.is_ascii_alphanumeric() => {
                        out.push(b' ');
                        width += 1;
                        at += 1;
                        continue;
                    }
                    _ => out.push(b'\n'),
                }
                at = gap_start + usize::from(text.get(gap_start).is_some_and(u8::is_ascii_whitespace));
                (indent, width, begun) = (self.further, self.further, false);
                gap_start = at;
                continue;
            }
            width += 1;
            at += 1;
        }
    }
}

/// The value of an option of `%(…)`: `%n` and `%x2C` stand for bytes.
pub fn literal(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let hex = after.get(1..3).and_then(|digits| core::str::from_utf8(digits).ok());
        match (first, after.first()) {
            (b'%', Some(b'n')) => {
                out.push(b'\n');
                rest = &after[1..];
            }
            (b'%', Some(b'%')) => {
                out.push(b'%');
                rest = &after[1..];
            }
            (b'%', Some(b'x')) if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) => {
                out.push(byte);
                rest = &after[3..];
            }
            _ => out.push(*first),
        }
    }
    out
}
