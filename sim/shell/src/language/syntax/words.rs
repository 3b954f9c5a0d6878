//! Words: quotes, `$…`, backquotes, assignments, arithmetic text.

use super::ast::*;
use super::commands::{Parsed, Parser, is_meta};
use std::sync::Arc;

/// The parts of a word under construction; neighbouring literals are joined.
#[derive(Default)]
pub(super) struct Parts(pub Vec<Part>);

impl Parts {
    pub fn literal(&mut self, bytes: &[u8]) {
        match self.0.last_mut() {
            Some(Part::Literal(last)) => last.extend_from_slice(bytes),
            _ => self.0.push(Part::Literal(bytes.to_vec())),
        }
    }

    pub fn quoted(&mut self, bytes: &[u8]) {
        match self.0.last_mut() {
            Some(Part::Quoted(last)) => last.extend_from_slice(bytes),
            _ => self.0.push(Part::Quoted(bytes.to_vec())),
        }
    }

    pub fn text(&mut self, bytes: &[u8], quoted: bool) {
        if quoted {
            self.quoted(bytes);
        } else {
            self.literal(bytes);
        }
    }

    pub fn word(self) -> Word {
        Word(self.0.into())
    }
}

impl Parser<'_> {
    /// A word: everything up to an unquoted blank or operator.
    pub(super) fn word(&mut self) -> Parsed<Word> {
        let mut parts = Parts::default();
        if self.at_process() {
            self.process_substitution(&mut parts)?;
        }
        self.tilde(&mut parts, b"/");
        self.word_parts(&mut parts, is_meta)?;
        Ok(parts.word())
    }

    /// Whether `<(` or `>(` begins here.
    pub(super) fn at_process(&self) -> bool {
        matches!(self.rest(), [b'<' | b'>', b'(', ..])
    }

    fn process_substitution(&mut self, parts: &mut Parts) -> Parsed<()> {
        let output = self.peek() == Some(b'>');
        self.pos += 2;
        let list = self.inner_list()?;
        parts.0.push(Part::Process { list, output });
        Ok(())
    }

    /// Parts up to (not including) an unquoted byte for which `ends` holds, or the end of the text.
    fn word_parts(&mut self, parts: &mut Parts, ends: fn(u8) -> bool) -> Parsed<()> {
        while let Some(byte) = self.peek() {
            if ends(byte) {
                if byte != b'(' || !self.opens_group() {
                    break;
                }
                self.pattern_group(parts)?;
                continue;
            }
            self.unquoted(parts, byte)?;
            // `dd if=~/x`: as in an assignment.
            if byte == b'='
                && let [Part::Literal(name)] = parts.0.as_slice()
                && is_name(&name[..name.len() - 1])
            {
                self.tilde(parts, b"/:");
            }
        }
        Ok(())
    }

    /// Whether the parenthesis here belongs to a pattern: `@(a|b)`.
    fn opens_group(&self) -> bool {
        self.groups
            && self.pos > 0
            && matches!(self.src[self.pos - 1], b'?' | b'*' | b'+' | b'@' | b'!')
            && self.peek() == Some(b'(')
    }

    /// `(a|b)` of a pattern, with what is inside it.
    fn pattern_group(&mut self, parts: &mut Parts) -> Parsed<()> {
        let line = self.line;
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            self.unquoted(parts, byte)?;
            match byte {
                b'(' => open += 1,
                b')' if open == 1 => return Ok(()),
                b')' => open -= 1,
                _ => {}
            }
        }
        Err(super::ParseError::Incomplete {
            quote: Some(b')'),
            line,
        })
    }

    /// One unquoted character or quotation.
    pub(super) fn unquoted(&mut self, parts: &mut Parts, byte: u8) -> Parsed<()> {
        match byte {
            b'\\' => match self.src.get(self.pos + 1).copied() {
                Some(b'\n') => {
                    self.pos += 2;
                    self.line += 1;
                }
                Some(next) => {
                    parts.quoted(&[next]);
                    self.pos += 2;
                }
                None => {
                    if self.more_may_come {
                        return Err(self.incomplete(None));
                    }
                    parts.quoted(b"\\");
                    self.pos += 1;
                }
            },
            b'\'' => self.single_quoted(parts)?,
            b'"' => self.double_quoted(parts)?,
            b'$' => self.dollar(parts, false)?,
            b'`' => self.backquoted(parts, false)?,
            byte => {
                parts.literal(&[byte]);
                self.line += u32::from(byte == b'\n');
                self.pos += 1;
            }
        }
        Ok(())
    }

    fn single_quoted(&mut self, parts: &mut Parts) -> Parsed<()> {
        let Some(length) = self.rest()[1..].iter().position(|b| *b == b'\'') else {
            return Err(self.incomplete(Some(b'\'')));
        };
        let text = self.src[self.pos + 1..self.pos + 1 + length].to_vec();
        self.line += newlines(&text);
        self.pos += length + 2;
        parts.quoted(&text);
        Ok(())
    }

    pub(super) fn double_quoted(&mut self, parts: &mut Parts) -> Parsed<()> {
        let line = self.line;
        self.pos += 1;
        let before = parts.0.len();
        loop {
            match self.peek() {
                None => {
                    return Err(super::ParseError::Incomplete {
                        quote: Some(b'"'),
                        line,
                    });
                }
                Some(b'"') => {
                    self.pos += 1;
                    break;
                }
                Some(byte) => self.inside_double_quotes(parts, byte, b'"')?,
            }
        }
        if parts.0.len() == before {
            parts.quoted(b"");
        }
        Ok(())
    }

    /// One character or expansion where `"` has been opened; `close` is what else a backslash quotes.
    pub(super) fn inside_double_quotes(&mut self, parts: &mut Parts, byte: u8, close: u8) -> Parsed<()> {
        match byte {
            b'\\' => match self.src.get(self.pos + 1).copied() {
                Some(b'\n') => {
                    self.pos += 2;
                    self.line += 1;
                }
                Some(next) if matches!(next, b'$' | b'`' | b'\\') || next == close => {
                    parts.quoted(&[next]);
                    self.pos += 2;
                }
                _ => {
                    parts.quoted(b"\\");
                    self.pos += 1;
                }
            },
            b'$' => self.dollar(parts, true)?,
            b'`' => self.backquoted(parts, true)?,
            byte => {
                parts.quoted(&[byte]);
                self.line += u32::from(byte == b'\n');
                self.pos += 1;
            }
        }
        Ok(())
    }

    /// The text of a here-document.
    pub(super) fn document_word(&mut self) -> Parsed<Word> {
        let mut parts = Parts::default();
        while let Some(byte) = self.peek() {
            self.inside_double_quotes(&mut parts, byte, b'\\')?;
        }
        Ok(parts.word())
    }

    pub(super) fn tilde(&mut self, parts: &mut Parts, ends: &[u8]) {
        if self.peek() != Some(b'~') {
            return;
        }
        let name: Vec<u8> = self.rest()[1..]
            .iter()
            .take_while(|b| !ends.contains(b) && !is_meta(**b))
            .copied()
            .collect();
        if name
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+' | b'.'))
        {
            self.pos += 1 + name.len();
            parts.0.push(Part::Tilde(name));
        }
    }

    pub(super) fn dollar(&mut self, parts: &mut Parts, quoted: bool) -> Parsed<()> {
        match self.rest() {
            [_, b'(', b'(', ..] => {
                if let Some(expression) = self.dollar_arithmetic()? {
                    parts.0.push(Part::Arithmetic { expression, quoted });
                    return Ok(());
                }
                self.command_substitution(parts, quoted)
            }
            [_, b'(', ..] => self.command_substitution(parts, quoted),
            [_, b'[', ..] => {
                self.pos += 2;
                let expression = self.arithmetic_until(b"]")?;
                parts.0.push(Part::Arithmetic { expression, quoted });
                Ok(())
            }
            [_, b'{', ..] => {
                self.enter()?;
                let parameter = self.braced_parameter(quoted);
                self.leave();
                parts.0.push(Part::Parameter(Arc::new(parameter?)));
                Ok(())
            }
            [_, b'\'', ..] if !quoted => self.ansi_quoted(parts),
            [_, b'"', ..] if !quoted => {
                self.pos += 1;
                self.double_quoted(parts)
            }
            [_, next, ..] => {
                let rest = self.rest();
                let length = match next {
                    b if b.is_ascii_alphabetic() || *b == b'_' => rest[1..]
                        .iter()
                        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
                        .count(),
                    b if b.is_ascii_digit() || b"?#@*!$-".contains(b) => 1,
                    _ => {
                        parts.text(b"$", quoted);
                        self.pos += 1;
                        return Ok(());
                    }
                };
                let name = rest[1..=length].to_vec();
                self.pos += 1 + length;
                parts.0.push(Part::Parameter(Arc::new(Parameter {
                    name,
                    index: None,
                    indirect: false,
                    quoted,
                    operation: Operation::Value,
                })));
                Ok(())
            }
            _ => {
                parts.text(b"$", quoted);
                self.pos += 1;
                Ok(())
            }
        }
    }

    fn command_substitution(&mut self, parts: &mut Parts, quoted: bool) -> Parsed<()> {
        self.pos += 2;
        let list = self.inner_list()?;
        parts.0.push(Part::Command { list, quoted });
        Ok(())
    }

    /// Commands up to the parenthesis that ends them.
    fn inner_list(&mut self) -> Parsed<Arc<List>> {
        let line = self.line;
        self.enter()?;
        let list = self.list();
        self.leave();
        let list = list?;
        self.skip_newlines()?;
        if self.at_end() {
            return Err(super::ParseError::Incomplete {
                quote: Some(b')'),
                line,
            });
        }
        if self.peek() != Some(b')') {
            return Err(self.unexpected());
        }
        self.pos += 1;
        Ok(list)
    }

    fn backquoted(&mut self, parts: &mut Parts, quoted: bool) -> Parsed<()> {
        let line = self.line;
        self.pos += 1;
        let mut text = Vec::new();
        loop {
            match self.peek() {
                None => {
                    return Err(super::ParseError::Incomplete {
                        quote: Some(b'`'),
                        line,
                    });
                }
                Some(b'`') => break,
                Some(b'\\') => {
                    let next = self.src.get(self.pos + 1).copied();
                    match next {
                        Some(next) if matches!(next, b'$' | b'`' | b'\\') || (quoted && next == b'"') => {
                            text.push(next);
                            self.pos += 1;
                        }
                        _ => text.push(b'\\'),
                    }
                }
                Some(byte) => {
                    self.line += u32::from(byte == b'\n');
                    text.push(byte);
                }
            }
            self.pos += 1;
        }
        self.pos += 1;
        self.enter()?;
        let mut inner = self.nested(&text);
        let list = inner.list();
        self.leave();
        let list = list?;
        if !inner.at_end() {
            return Err(inner.unexpected());
        }
        inner.finish_documents()?;
        parts.0.push(Part::Command { list, quoted });
        Ok(())
    }

    /// `$'…'`
    fn ansi_quoted(&mut self, parts: &mut Parts) -> Parsed<()> {
        let start = self.pos + 2;
        let mut end = start;
        loop {
            match self.src.get(end) {
                None => return Err(self.incomplete(Some(b'\''))),
                Some(b'\'') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
            }
        }
        let raw = self.src[start..end].to_vec();
        self.line += newlines(&raw);
        self.pos = end + 1;
        parts.quoted(&crate::language::escapes::unescape(&raw, crate::language::escapes::Style::DollarQuote).bytes);
        Ok(())
    }

    // ---- arithmetic ----

    /// `((…))` as a command. `None` (and nothing taken) when the parentheses are subshells after all.
    pub(super) fn double_parenthesis(&mut self) -> Parsed<Option<Word>> {
        self.try_arithmetic(2)
    }

    fn dollar_arithmetic(&mut self) -> Parsed<Option<Word>> {
        self.try_arithmetic(3)
    }

    /// `$((a); (b))` is a command substitution after all. A failed try is remembered: without that, nested tries
    /// would take exponential time.
    fn try_arithmetic(&mut self, skip: usize) -> Parsed<Option<Word>> {
        let (start, line) = (self.pos, self.line);
        if self.not_arithmetic.contains(&start) {
            return Ok(None);
        }
        self.pos += skip;
        match self.arithmetic_until(b"))") {
            Ok(word) => Ok(Some(word)),
            Err(super::ParseError::Incomplete { quote: None, line: at }) if self.at_end() => {
                Err(super::ParseError::Incomplete {
                    quote: Some(b')'),
                    line: at,
                })
            }
            Err(super::ParseError::Incomplete { quote: None, .. }) => {
                self.not_arithmetic.insert(start);
                (self.pos, self.line) = (start, line);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// An arithmetic expression's text up to `end`, which is taken. `Incomplete` without a quote and not at the end
    /// of the text: a parenthesis closed that was never opened.
    pub(super) fn arithmetic_until(&mut self, end: &[u8]) -> Parsed<Word> {
        self.enter()?;
        let word = self.arithmetic_inside(end);
        self.leave();
        word
    }

    fn arithmetic_inside(&mut self, end: &[u8]) -> Parsed<Word> {
        let mut parts = Parts::default();
        let mut open = 0_usize;
        loop {
            let Some(byte) = self.peek() else {
                return Err(self.incomplete(None));
            };
            if open == 0 && self.rest().starts_with(end) {
                self.pos += end.len();
                return Ok(parts.word());
            }
            match byte {
                b'(' => open += 1,
                b')' if open == 0 => return Err(self.incomplete(None)),
                b')' => open -= 1,
                b'"' => {
                    self.double_quoted(&mut parts)?;
                    continue;
                }
                b'\'' => {
                    self.single_quoted(&mut parts)?;
                    continue;
                }
                _ => {}
            }
            self.inside_double_quotes(&mut parts, byte, b'"')?;
        }
    }

    /// The right side of `=~`: parentheses and bars belong to it.
    pub(super) fn regex_word(&mut self) -> Parsed<Word> {
        let mut parts = Parts::default();
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'(' => open += 1,
                b')' if open == 0 => break,
                b')' => open -= 1,
                b' ' | b'\t' | b'\n' if open == 0 => break,
                _ => {}
            }
            self.unquoted(&mut parts, byte)?;
        }
        if parts.0.is_empty() {
            return Err(self.unexpected());
        }
        Ok(parts.word())
    }

    // ---- assignments ----

    /// `name=value`, `name+=value`, `name[i]=value`, `name=(…)` if that is what begins here.
    pub(super) fn assignment(&mut self) -> Parsed<Option<Assignment>> {
        let start = self.pos;
        let rest = self.rest();
        let length = rest
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
            .count();
        let name = rest[..length].to_vec();
        if !is_name(&name) {
            return Ok(None);
        }
        let line = self.line;
        self.pos += length;
        let mut index = None;
        if self.peek() == Some(b'[') {
            self.pos += 1;
            match self.arithmetic_until(b"]") {
                Ok(word) if self.rest().starts_with(b"=") || self.rest().starts_with(b"+=") => index = Some(word),
                _ => {
                    (self.pos, self.line) = (start, line);
                    return Ok(None);
                }
            }
        }
        let append = self.rest().starts_with(b"+=");
        if !append && self.peek() != Some(b'=') {
            (self.pos, self.line) = (start, line);
            return Ok(None);
        }
        self.pos += 1 + usize::from(append);
        let value = if self.peek() == Some(b'(') && index.is_none() {
            self.pos += 1;
            Assigned::Array(self.array_values()?)
        } else {
            Assigned::Scalar(self.assigned_word()?)
        };
        Ok(Some(Assignment {
            name,
            index,
            append,
            value,
        }))
    }

    /// A word after `=`, where a tilde counts at the start and after each colon.
    fn assigned_word(&mut self) -> Parsed<Word> {
        let mut parts = Parts::default();
        self.tilde(&mut parts, b"/:");
        while let Some(byte) = self.peek() {
            if is_meta(byte) {
                if !self.opens_group() {
                    break;
                }
                self.pattern_group(&mut parts)?;
                continue;
            }
            self.unquoted(&mut parts, byte)?;
            if byte == b':' {
                self.tilde(&mut parts, b"/:");
            }
        }
        Ok(parts.word())
    }

    fn array_values(&mut self) -> Parsed<Vec<(Option<Word>, Word)>> {
        let mut values = Vec::new();
        loop {
            self.skip_newlines()?;
            match self.peek() {
                None => return Err(self.incomplete(Some(b')'))),
                Some(b')') => {
                    self.pos += 1;
                    return Ok(values);
                }
                Some(b'[') => {
                    let (start, line) = (self.pos, self.line);
                    self.pos += 1;
                    match self.arithmetic_until(b"]") {
                        Ok(index) if self.peek() == Some(b'=') => {
                            self.pos += 1;
                            values.push((Some(index), self.assigned_word()?));
                            continue;
                        }
                        _ => (self.pos, self.line) = (start, line),
                    }
                }
                Some(_) => {}
            }
            if self.operator().is_some() && !self.at_process() {
                return Err(self.unexpected());
            }
            values.push((None, self.word()?));
        }
    }
}

fn newlines(text: &[u8]) -> u32 {
    text.iter().map(|b| u32::from(*b == b'\n')).sum()
}
