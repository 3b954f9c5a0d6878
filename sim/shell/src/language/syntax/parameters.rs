//! `${…}`.

use super::ast::*;
use super::commands::{Parsed, Parser};
use super::words::Parts;

impl Parser<'_> {
    /// From `${` to `}`.
    pub(super) fn braced_parameter(&mut self, quoted: bool) -> Parsed<Parameter> {
        let start = self.pos;
        self.pos += 2;
        let mut parameter = Parameter {
            name: Vec::new(),
            index: None,
            indirect: false,
            quoted,
            operation: Operation::Value,
        };
        let length_of = self.peek() == Some(b'#')
            && !matches!(self.rest(), [_, b'}' | b':' | b'%' | b'=' | b'+' | b'/', ..])
            && !matches!(self.rest(), [_, b'#' | b'?' | b'-', next, ..] if *next != b'}');
        if length_of {
            self.pos += 1;
        } else if self.peek() == Some(b'!')
            && matches!(self.rest(), [_, next, ..] if next.is_ascii_alphanumeric() || *next == b'_' || *next == b'#')
        {
            self.pos += 1;
            parameter.indirect = true;
        }
        parameter.name = self.parameter_name();
        if parameter.name.is_empty() {
            return self.bad(parameter, start);
        }
        if self.peek() == Some(b'[') && is_name(&parameter.name) {
            self.pos += 1;
            parameter.index = Some(if self.rest().starts_with(b"@]") {
                self.pos += 2;
                Index::All
            } else if self.rest().starts_with(b"*]") {
                self.pos += 2;
                Index::Joined
            } else {
                Index::At(self.arithmetic_until(b"]")?)
            });
        }
        if length_of {
            if self.peek() == Some(b'}') {
                self.pos += 1;
                parameter.operation = Operation::Length;
                return Ok(parameter);
            }
            return self.bad(parameter, start);
        }
        match self.operation(quoted, parameter.indirect)? {
            Some(operation) => parameter.operation = operation,
            None => return self.bad(parameter, start),
        }
        Ok(parameter)
    }

    fn parameter_name(&mut self) -> Vec<u8> {
        let rest = self.rest();
        let length = match rest.first() {
            Some(b) if b.is_ascii_alphabetic() || *b == b'_' => rest
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
                .count(),
            Some(b) if b.is_ascii_digit() => rest.iter().take_while(|b| b.is_ascii_digit()).count(),
            Some(b) if b"?#@*!$-".contains(b) => 1,
            _ => 0,
        };
        let name = rest[..length].to_vec();
        self.pos += length;
        name
    }

    /// What follows the name, up to and with `}`; `None` when it is no operation.
    fn operation(&mut self, quoted: bool, indirect: bool) -> Parsed<Option<Operation>> {
        let line = self.line;
        let Some(byte) = self.peek() else {
            return Err(self.incomplete(Some(b'}')));
        };
        let null_too = byte == b':' && matches!(self.rest(), [_, b'-' | b'=' | b'?' | b'+', ..]);
        if null_too {
            self.pos += 1;
        }
        let byte = self.peek().unwrap_or(byte);
        self.pos += 1;
        let doubled = self.peek() == Some(byte);
        let operation = match byte {
            b'}' => return Ok(Some(Operation::Value)),
            b'-' | b'=' | b'?' | b'+' => {
                let word = self.operand(quoted, b"}", false)?;
                match byte {
                    b'-' => Operation::Default { null_too, word },
                    b'=' => Operation::Assign { null_too, word },
                    b'?' => Operation::Error { null_too, word },
                    _ => Operation::Alternate { null_too, word },
                }
            }
            b'#' | b'%' => {
                self.pos += usize::from(doubled);
                let pattern = self.operand(false, b"}", true)?;
                if byte == b'#' {
                    Operation::RemovePrefix {
                        longest: doubled,
                        pattern,
                    }
                } else {
                    Operation::RemoveSuffix {
                        longest: doubled,
                        pattern,
                    }
                }
            }
            b'/' => {
                let how = match self.peek() {
                    Some(b'/') => Replace::All,
                    Some(b'#') => Replace::Prefix,
                    Some(b'%') => Replace::Suffix,
                    _ => Replace::First,
                };
                self.pos += usize::from(how != Replace::First);
                let pattern = self.operand(false, b"/}", true)?;
                let with = if self.peek() == Some(b'/') {
                    self.pos += 1;
                    self.operand(false, b"}", true)?
                } else {
                    Word::empty()
                };
                Operation::Replace { how, pattern, with }
            }
            b':' => {
                let offset = self.substring_operand()?;
                let length = if self.peek() == Some(b':') {
                    self.pos += 1;
                    Some(self.substring_operand()?)
                } else {
                    None
                };
                Operation::Substring { offset, length }
            }
            b'^' | b',' => {
                self.pos += usize::from(doubled);
                Operation::Case {
                    upper: byte == b'^',
                    all: doubled,
                }
            }
            b'@' if matches!(self.peek(), Some(b'Q' | b'U' | b'u' | b'L' | b'E' | b'A' | b'a')) => {
                let how = self.peek().unwrap_or(b'Q');
                self.pos += 1;
                Operation::Transform(how)
            }
            b'@' | b'*' if indirect && self.peek() == Some(b'}') => Operation::Names,
            _ => return Ok(None),
        };
        match self.peek() {
            Some(b'}') => {
                self.pos += 1;
                Ok(Some(operation))
            }
            None => Err(super::ParseError::Incomplete {
                quote: Some(b'}'),
                line,
            }),
            Some(_) => Ok(None),
        }
    }

    /// An operand up to (not including) one of `ends`. Inside double quotes, single quotes are characters.
    fn operand(&mut self, quoted: bool, ends: &[u8], pattern: bool) -> Parsed<Word> {
        let mut parts = Parts::default();
        if !quoted && !pattern {
            self.tilde(&mut parts, b"/}");
        }
        while let Some(byte) = self.peek() {
            if ends.contains(&byte) {
                return Ok(parts.word());
            }
            match byte {
                b'"' if quoted => self.double_quoted(&mut parts)?,
                b'\\' if quoted && self.rest().starts_with(b"\\}") => {
                    parts.quoted(b"}");
                    self.pos += 2;
                }
                byte if quoted => self.inside_double_quotes(&mut parts, byte, b'"')?,
                byte => self.unquoted(&mut parts, byte)?,
            }
        }
        Err(self.incomplete(Some(b'}')))
    }

    fn substring_operand(&mut self) -> Parsed<Word> {
        let mut parts = Parts::default();
        let (mut open, mut ternaries) = (0_usize, 0_usize);
        while let Some(byte) = self.peek() {
            match byte {
                b'}' if open == 0 => return Ok(parts.word()),
                b':' if open == 0 && ternaries == 0 => return Ok(parts.word()),
                b':' => ternaries = ternaries.saturating_sub(1),
                b'?' => ternaries += 1,
                b'(' => open += 1,
                b')' => open = open.saturating_sub(1),
                _ => {}
            }
            self.inside_double_quotes(&mut parts, byte, b'"')?;
        }
        Err(self.incomplete(Some(b'}')))
    }

    /// Not a parameter expansion: an error when (and if) it is expanded.
    fn bad(&mut self, mut parameter: Parameter, start: usize) -> Parsed<Parameter> {
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            self.pos += 1;
            match byte {
                b'{' => open += 1,
                b'}' if open == 0 => {
                    let text = self.src[start..self.pos].to_vec();
                    parameter.operation = Operation::Bad(text);
                    return Ok(parameter);
                }
                b'}' => open -= 1,
                b'\n' => self.line += 1,
                _ => {}
            }
        }
        Err(self.incomplete(Some(b'}')))
    }
}
