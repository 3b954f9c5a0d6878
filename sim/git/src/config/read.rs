//! The text of a configuration file.

use super::{Entry, Scope};
use crate::bytes::lossy;
use crate::cat;
use crate::fault::{Fault, Result};

/// Reads the settings of a file's text; `shown` is its name in messages.
pub fn parse(text: &[u8], shown: &[u8]) -> Result<Vec<Entry>> {
    let mut parser = Parser {
        text,
        at: if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 },
        line: 1,
    };
    let mut entries = Vec::new();
    let mut section: Option<Vec<u8>> = None;
    loop {
        parser.skip_blank();
        let start = parser.at;
        let Some(byte) = parser.peek() else { return Ok(entries) };
        let done = match byte {
            b'#' | b';' => {
                parser.skip_line();
                Some(())
            }
            b'[' => parser.section().map(|name| section = Some(name)),
            _ => parser.setting().and_then(|(key, value)| {
                let key = cat![section.as_ref()?, ".", key];
                entries.push(Entry {
                    key,
                    value,
                    scope: Scope::Local,
                    origin: cat!["file:", shown],
                    span: (start, parser.at),
                });
                Some(())
            }),
        };
        if done.is_none() {
            let message = format!("bad config line {} in file {}", parser.line, lossy(shown));
            return Err(Fault::fatal(message));
        }
    }
}

/// Where the reader stands.
pub(super) struct Parser<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
    pub(super) line: usize,
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let mut byte = self.peek()?;
        self.at += 1;
        if byte == b'\r' && self.peek() == Some(b'\n') {
            self.at += 1;
            byte = b'\n';
        }
        if byte == b'\n' {
            self.line += 1;
        }
        Some(byte)
    }

    /// What should have ended did not: the error is the line's whose end was just read.
    fn incomplete_line<T>(&mut self) -> Option<T> {
        self.line -= 1;
        None
    }

    pub(super) fn skip_blank(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.next();
        }
    }

    pub(super) fn skip_line(&mut self) {
        while self.peek().is_some_and(|b| b != b'\n') {
            self.at += 1;
        }
    }

    /// `[name]`, `[name.sub]`, `[name "sub"]`.
    pub(super) fn section(&mut self) -> Option<Vec<u8>> {
        self.next();
        let mut name = Vec::new();
        loop {
            match self.next()? {
                b']' => return Some(name),
                b' ' | b'\t' => break,
                b'\n' => return self.incomplete_line(),
                byte if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.' => {
                    name.push(byte.to_ascii_lowercase());
                }
                _ => return None,
            }
        }
        while matches!(self.peek()?, b' ' | b'\t') {
            self.next();
        }
        if self.next()? != b'"' {
            return None;
        }
        name.push(b'.');
        loop {
            match self.next()? {
                b'\n' => return self.incomplete_line(),
                b'"' => break,
                b'\\' => match self.next()? {
                    b'\n' => return self.incomplete_line(),
                    byte => name.push(byte),
                },
                byte => name.push(byte),
            }
        }
        (self.next()? == b']').then_some(name)
    }

    pub(super) fn setting(&mut self) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        let mut key = Vec::new();
        if !self.peek()?.is_ascii_alphabetic() {
            return None;
        }
        while let Some(byte) = self.peek() {
            if !byte.is_ascii_alphanumeric() && byte != b'-' {
                break;
            }
            key.push(byte.to_ascii_lowercase());
            self.at += 1;
        }
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        match self.next() {
            None | Some(b'\n') => Some((key, None)),
            Some(b'=') => Some((key, Some(self.value()?))),
            Some(_) => None,
        }
    }

    fn value(&mut self) -> Option<Vec<u8>> {
        let mut value = Vec::new();
        // Spaces are only kept when something follows them.
        let mut spaces = Vec::new();
        let mut quoted = false;
        loop {
            let Some(byte) = self.next() else {
                return (!quoted).then_some(value);
            };
            match byte {
                b'\n' if quoted => return self.incomplete_line(),
                b'\n' => return Some(value),
                b' ' | b'\t' | b'\r' | 0x0b | 0x0c if !quoted => {
                    if !value.is_empty() {
                        spaces.push(byte);
                    }
                    continue;
                }
                b'#' | b';' if !quoted => {
                    self.skip_line();
                    self.next();
                    return Some(value);
                }
                _ => {}
            }
            value.append(&mut spaces);
            match byte {
                b'"' => quoted = !quoted,
                b'\\' => match self.next()? {
                    b'\n' => {}
                    b't' => value.push(b'\t'),
                    b'b' => value.push(0x08),
                    b'n' => value.push(b'\n'),
                    byte @ (b'\\' | b'"') => value.push(byte),
                    _ => return None,
                },
                byte => value.push(byte),
            }
        }
    }
}
