//! Redirections and here-documents.

use super::ParseError;
use super::ast::*;
use super::commands::{Parsed, Parser};
use std::sync::{Arc, OnceLock};

/// A here-document whose text comes after the next newline.
pub(super) struct PendingDocument {
    end: Vec<u8>,
    strip_tabs: bool,
    expand: bool,
    cell: Arc<OnceLock<Word>>,
}

impl Parser<'_> {
    pub(super) fn redirect(&mut self) -> Parsed<Option<Redirect>> {
        let start = self.pos;
        let digits = self.rest().iter().take_while(|b| b.is_ascii_digit()).count();
        self.pos += digits;
        let operator = match self.operator() {
            Some(op) if op.iter().any(|b| matches!(b, b'<' | b'>')) => op,
            _ => {
                self.pos = start;
                return Ok(None);
            }
        };
        if digits > 0 && operator.starts_with(b"&") {
            self.pos = start;
            return Ok(None);
        }
        let fd = std::str::from_utf8(&self.src[start..self.pos])
            .ok()
            .and_then(|text| text.parse().ok());
        self.pos += operator.len();
        if matches!(operator, b"<" | b">") && self.peek() == Some(b'(') {
            self.pos = start;
            return Ok(None);
        }
        self.skip_blanks();
        if self.at_end() {
            return Err(self.missing_word());
        }
        if self.operator().is_some() && !self.at_process() {
            return Err(self.unexpected());
        }
        let kind = match operator {
            b"<" => RedirectKind::Read,
            b">" => RedirectKind::Write,
            b">|" => RedirectKind::Clobber,
            b">>" => RedirectKind::Append,
            b"<>" => RedirectKind::ReadWrite,
            b"<&" => RedirectKind::DuplicateIn,
            b">&" => RedirectKind::DuplicateOut,
            b"&>" => RedirectKind::BothWrite,
            b"&>>" => RedirectKind::BothAppend,
            b"<<<" => RedirectKind::HereString,
            _ => RedirectKind::HereDocument,
        };
        if kind == RedirectKind::HereDocument {
            return self.here_document(fd, operator == b"<<-").map(Some);
        }
        let from = self.pos;
        let target = self.word()?;
        let source = self.src.get(from..self.pos).unwrap_or_default().to_vec();
        Ok(Some(Redirect {
            fd,
            kind,
            target,
            source,
            document: None,
        }))
    }

    fn here_document(&mut self, fd: Option<u32>, strip_tabs: bool) -> Parsed<Redirect> {
        let start = self.pos;
        let word = self.word()?;
        let written = self.src.get(start..self.pos).unwrap_or_default();
        let expand = !written.iter().any(|b| matches!(b, b'\'' | b'"' | b'\\'));
        let mut end = Vec::new();
        for part in &*word.0 {
            match part {
                Part::Literal(bytes) | Part::Quoted(bytes) => end.extend_from_slice(bytes),
                Part::Tilde(name) => {
                    end.push(b'~');
                    end.extend_from_slice(name);
                }
                _ => end = written.to_vec(),
            }
        }
        let cell = Arc::new(OnceLock::new());
        self.documents.push(PendingDocument {
            end,
            strip_tabs,
            expand,
            cell: cell.clone(),
        });
        Ok(Redirect {
            fd,
            kind: RedirectKind::HereDocument,
            target: Word::empty(),
            source: Vec::new(),
            document: Some(cell),
        })
    }

    pub(super) fn read_documents(&mut self) -> Parsed<()> {
        for document in std::mem::take(&mut self.documents) {
            let line = self.line;
            let mut text = Vec::new();
            loop {
                if self.at_end() {
                    if self.more_may_come {
                        return Err(ParseError::Incomplete { quote: None, line });
                    }
                    let start = line.saturating_sub(1).max(1);
                    let what = format!("here-document at line {start} delimited by end-of-file (wanted `");
                    let message = [what.as_bytes(), &document.end, b"')"];
                    let at = self.line.saturating_sub(1).max(1);
                    self.warnings.push((at, message.concat()));
                    break;
                }
                let rest = self.rest();
                let length = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
                let mut found = &rest[..length];
                let whole = length < rest.len();
                if document.strip_tabs {
                    found = found.trim_ascii_start_tabs();
                }
                let ends = found == document.end;
                if !ends {
                    text.extend_from_slice(found);
                    if whole {
                        text.push(b'\n');
                    }
                }
                self.pos += length + usize::from(whole);
                self.line += u32::from(whole);
                if ends {
                    break;
                }
            }
            let word = if document.expand {
                self.enter()?;
                let mut inner = Parser::new(&text, 0, line, self.limits, None);
                inner.depth = self.depth;
                let word = inner.document_word();
                self.leave();
                word?
            } else {
                Word(Arc::from([Part::Quoted(text)]))
            };
            // The cell was made for this document alone.
            let _ = document.cell.set(word);
        }
        Ok(())
    }

    /// At the end of a text of its own (backquotes): here-documents end with it.
    pub(super) fn finish_documents(&mut self) -> Parsed<()> {
        self.read_documents()
    }
}

trait TrimTabs {
    fn trim_ascii_start_tabs(&self) -> &[u8];
}

impl TrimTabs for [u8] {
    fn trim_ascii_start_tabs(&self) -> &[u8] {
        let tabs = self.iter().take_while(|b| **b == b'\t').count();
        &self[tabs..]
    }
}
