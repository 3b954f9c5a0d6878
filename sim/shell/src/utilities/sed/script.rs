//! From the text of a script to its commands.

use super::command::{Action, Address, Command, Substitution};
use super::replacement::{characters, pieces, unescaped};
use crate::utilities::regex::{Flavour, Regex, Syntax};
use crate::utilities::support::text::lossy;

/// One `-e` or `-f` part of a script.
#[derive(Clone, Debug)]
pub struct Part {
    pub text: Vec<u8>,
    /// `None`: the number of an expression counts; else the file.
    pub file: Option<Vec<u8>>,
}

/// What is wrong, as `sed:` is followed by it; the exit code is 1.
pub type ParseError = String;

/// Parses a script.
pub fn parse(parts: &[Part], extended: bool) -> Result<Vec<Command>, ParseError> {
    let mut text = Vec::new();
    let mut starts = Vec::new();
    for part in parts {
        starts.push(text.len());
        text.extend_from_slice(&part.text);
        if !part.text.ends_with(b"\n") {
            text.push(b'\n');
        }
    }
    let mut parser = Parser {
        text: &text,
        at: 0,
        extended,
        commands: Vec::new(),
        open: Vec::new(),
        labels: Vec::new(),
        jumps: Vec::new(),
    };
    let result = parser.run();
    match result {
        Ok(()) => Ok(parser.commands),
        Err(Wrong::Here(message)) => Err(located(parts, &starts, &text, parser.at, message)),
        Err(Wrong::Nowhere(message)) => Err(message),
    }
}

fn located(parts: &[Part], starts: &[usize], text: &[u8], at: usize, message: String) -> String {
    let at = at.min(text.len());
    let index = starts.iter().rposition(|start| *start < at.max(1)).unwrap_or(0);
    let inside = &text[starts[index]..at];
    let expressions = parts[..=index].iter().filter(|p| p.file.is_none()).count();
    match &parts[index].file {
        Some(file) => {
            let line = inside.split(|b| *b == b'\n').count();
            format!("file {} line {line}: {message}", lossy(file))
        }
        None => {
            let chars = inside.len().min(parts[index].text.len());
            let chars = if message.starts_with("unmatched") || message.starts_with("no previous") {
                0
            } else {
                chars
            };
            format!("-e expression #{expressions}, char {chars}: {message}")
        }
    }
}

enum Wrong {
    Here(String),
    Nowhere(String),
}

fn here(message: &str) -> Wrong {
    Wrong::Here(message.to_owned())
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    extended: bool,
    commands: Vec<Command>,
    /// Indexes of open blocks.
    open: Vec<usize>,
    labels: Vec<(Vec<u8>, usize)>,
    jumps: Vec<(Vec<u8>, usize)>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek();
        self.at += usize::from(byte.is_some());
        byte
    }

    fn skip(&mut self, what: &[u8]) {
        while self.peek().is_some_and(|b| what.contains(&b)) {
            self.at += 1;
        }
    }

    fn run(&mut self) -> Result<(), Wrong> {
        loop {
            self.skip(b" \t\n;");
            if self.peek().is_none() {
                break;
            }
            self.command()?;
        }
        if !self.open.is_empty() {
            return Err(here("unmatched `{'"));
        }
        for (label, index) in std::mem::take(&mut self.jumps) {
            let target = if label.is_empty() {
                Some(self.commands.len())
            } else {
                self.labels.iter().find(|(name, _)| *name == label).map(|(_, at)| *at)
            };
            let Some(target) = target else {
                return Err(Wrong::Nowhere(format!(
                    "can't find label for jump to `{}'",
                    lossy(&label)
                )));
            };
            if let Action::Branch(_, to) = &mut self.commands[index].action {
                *to = target;
            }
        }
        Ok(())
    }

    fn command(&mut self) -> Result<(), Wrong> {
        let first = self.address(true)?;
        let mut second = None;
        if first.is_some() {
            self.skip(b" \t");
            if self.peek() == Some(b',') {
                self.at += 1;
                self.skip(b" \t");
                second = self.address(false)?;
                if second.is_none() {
                    return Err(here("unexpected `,'"));
                }
            }
        }
        let zero = matches!(first, Some(Address::Line(0)));
        if zero && !matches!(second, Some(Address::Pattern(_))) {
            self.at += 1;
            return Err(here("invalid usage of line address 0"));
        }
        self.skip(b" \t");
        let mut negated = false;
        while self.peek() == Some(b'!') {
            self.at += 1;
            if negated {
                return Err(here("multiple `!'s"));
            }
            negated = true;
            self.skip(b" \t");
        }
        let action = self.action(first.is_some(), second.is_some())?;
        if let Some(action) = action {
            self.commands.push(Command {
                first,
                second,
                negated,
                action,
            });
        }
        Ok(())
    }

    fn number(&mut self) -> u64 {
        let mut number: u64 = 0;
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            number = number.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        number
    }

    fn address(&mut self, is_first: bool) -> Result<Option<Address>, Wrong> {
        let address = match self.peek() {
            Some(b'0'..=b'9') => {
                let first = self.number();
                self.skip(b" \t");
                if self.peek() == Some(b'~') && is_first {
                    self.at += 1;
                    let step = self.number();
                    return Ok(Some(Address::Step(first, step)));
                }
                Address::Line(first)
            }
            Some(b'$') => {
                self.at += 1;
                Address::Last
            }
            Some(sign @ (b'+' | b'~')) => {
                self.at += 1;
                if is_first {
                    self.at += 1;
                    return Err(here("invalid usage of +N or ~N as first address"));
                }
                let count = self.number();
                if sign == b'+' {
                    Address::Plus(count)
                } else {
                    Address::Multiple(count)
                }
            }
            Some(b'/' | b'\\') => {
                let mut delimiter = self.next();
                if delimiter == Some(b'\\') {
                    delimiter = self.next().filter(|b| *b != b'\n');
                }
                let pattern = match delimiter {
                    Some(delimiter) => self.until(delimiter, true),
                    None => None,
                };
                let Some(pattern) = pattern else {
                    self.at = self.line_end();
                    return Err(here("unterminated address regex"));
                };
                let (mut ignore_case, mut multiline) = (false, false);
                loop {
                    match self.peek() {
                        Some(b'I') => ignore_case = true,
                        Some(b'M') => multiline = true,
                        _ => break,
                    }
                    self.at += 1;
                }
                Address::Pattern(self.regex(&pattern, ignore_case, multiline)?)
            }
            _ => return Ok(None),
        };
        Ok(Some(address))
    }

    fn line_end(&self) -> usize {
        let rest = &self.text[self.at.min(self.text.len())..];
        self.at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())
    }

    /// The text up to `delimiter`; an escaped delimiter loses its backslash.
    fn until(&mut self, delimiter: u8, is_pattern: bool) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        loop {
            let byte = self.next()?;
            if byte == delimiter {
                return Some(out);
            }
            match byte {
                b'\\' => {
                    let after = self.next()?;
                    if after == delimiter {
                        // s|a\|b|x| : the bar is a bar.
                        out.push(after);
                    } else if after == b'n' && is_pattern {
                        out.push(b'\n');
                    } else {
                        out.extend_from_slice(&[b'\\', after]);
                    }
                }
                b'\n' if is_pattern => {
                    self.at -= 1;
                    return None;
                }
                b'[' if is_pattern => {
                    out.push(byte);
                    self.bracket(&mut out);
                }
                byte => out.push(byte),
            }
        }
    }

    /// The rest of a bracket expression, in which a delimiter is itself.
    fn bracket(&mut self, out: &mut Vec<u8>) {
        let start = self.at;
        let mut len = 0;
        loop {
            let rest = &self.text[start + len..];
            match rest {
                [] | [b'\n', ..] => break,
                [b']', ..] if len > 0 && self.text[start..start + len] != *b"^" => {
                    len += 1;
                    break;
                }
                [b'[', kind @ (b':' | b'.' | b'='), ..] => {
                    let end = rest.windows(2).skip(2).position(|w| w == [*kind, b']']);
                    len += end.map_or(1, |at| at + 4);
                }
                [b'\\', b'n', ..] => {
                    out.extend_from_slice(&self.text[self.at..start + len]);
                    out.push(b'\n');
                    len += 2;
                    self.at = start + len;
                }
                _ => len += 1,
            }
        }
        out.extend_from_slice(&self.text[self.at..start + len]);
        self.at = start + len;
    }

    fn regex(&mut self, pattern: &[u8], ignore_case: bool, multiline: bool) -> Result<Option<Regex>, Wrong> {
        if pattern.is_empty() {
            return Ok(None);
        }
        let syntax = Syntax {
            flavour: if self.extended {
                Flavour::Extended
            } else {
                Flavour::Basic
            },
            ignore_case,
            multiline,
            ..Syntax::default()
        };
        Regex::new(&unescaped(pattern), syntax).map(Some).map_err(here)
    }

    fn end_of_command(&mut self) -> Result<(), Wrong> {
        self.skip(b" \t");
        match self.peek() {
            None | Some(b'\n' | b';' | b'}') => Ok(()),
            Some(b'#') => Ok(()),
            Some(_) => {
                self.at += 1;
                Err(here("extra characters after command"))
            }
        }
    }

    fn action(&mut self, has_address: bool, has_two: bool) -> Result<Option<Action>, Wrong> {
        let Some(letter) = self.peek().filter(|b| *b != b'\n') else {
            return Err(here("missing command"));
        };
        self.at += 1;
        let action = match letter {
            b'#' if has_address => return Err(here("comments don't accept any addresses")),
            b'#' => {
                self.at = self.line_end();
                return Ok(None);
            }
            b'{' => {
                self.open.push(self.commands.len());
                return Ok(Some(Action::Block(0)));
            }
            b'}' => self.block_end(has_address)?,
            b':' => {
                if has_address {
                    return Err(here(": doesn't want any addresses"));
                }
                let label = self.label(b"\n;");
                if label.is_empty() {
                    return Err(here("\":\" lacks a label"));
                }
                self.labels.push((label, self.commands.len()));
                Action::Label
            }
            b'b' | b't' | b'T' => {
                let label = self.label(b"\n;}");
                self.jumps.push((label, self.commands.len()));
                Action::Branch(letter, 0)
            }
            b'a' | b'i' | b'c' => Action::Text(letter, self.text_argument()?),
            b'r' | b'R' | b'w' | b'W' => Action::File(letter, self.file_name()?),
            b's' => Action::Substitute(Box::new(self.substitution()?)),
            b'y' => self.translation()?,
            b'q' | b'Q' | b'l' | b'L' => {
                if has_two && letter != b'l' {
                    return Err(here("command only uses one address"));
                }
                self.skip(b" \t");
                let number = self.peek().is_some_and(|b| b.is_ascii_digit()).then(|| self.number());
                self.end_of_command()?;
                Action::Number(letter, number)
            }
            b'=' | b'd' | b'D' | b'F' | b'g' | b'G' | b'h' | b'H' | b'n' | b'N' | b'p' | b'P' | b'x' | b'z' => {
                self.end_of_command()?;
                Action::Simple(letter)
            }
            b'e' | b'v' => {
                return Err(Wrong::Nowhere(format!(
                    "command '{}' exists in GNU sed, not simulated here",
                    char::from(letter)
                )));
            }
            _ => {
                return Err(Wrong::Here(format!("unknown command: `{}'", lossy(&[letter]))));
            }
        };
        Ok(Some(action))
    }

    fn block_end(&mut self, has_address: bool) -> Result<Action, Wrong> {
        let Some(start) = self.open.pop() else {
            return Err(here("unexpected `}'"));
        };
        if has_address {
            return Err(here("} doesn't want any addresses"));
        }
        let end = self.commands.len();
        self.commands[start].action = Action::Block(end);
        self.end_of_command()?;
        Ok(Action::BlockEnd)
    }

    fn label(&mut self, ends: &[u8]) -> Vec<u8> {
        self.skip(b" \t");
        let start = self.at;
        while self.peek().is_some_and(|b| !ends.contains(&b)) {
            self.at += 1;
        }
        self.text[start..self.at].trim_ascii_end().to_vec()
    }

    fn file_name(&mut self) -> Result<Vec<u8>, Wrong> {
        self.skip(b" \t");
        let end = self.line_end();
        let name = self.text[self.at..end].to_vec();
        if name.is_empty() {
            return Err(here("missing filename in r/R/w/W commands"));
        }
        self.at = end;
        Ok(name)
    }

    /// The text of `a`, `i` or `c`, with its final newline.
    fn text_argument(&mut self) -> Result<Vec<u8>, Wrong> {
        self.skip(b" \t");
        if self.peek().is_none_or(|b| b == b'\n') {
            return Err(here("expected \\ after `a', `c' or `i'"));
        }
        if self.peek() == Some(b'\\') {
            self.at += 1;
            self.skip(b" \t");
            if self.peek() == Some(b'\n') {
                self.at += 1;
                if self.peek().is_none() {
                    return Err(here("expected \\ after `a', `c' or `i'"));
                }
            } else {
                // `a\text`: the backslash keeps the white space that follows it.
                while self.at > 0 && matches!(self.text[self.at - 1], b' ' | b'\t') {
                    self.at -= 1;
                }
            }
        }
        let mut out = Vec::new();
        while let Some(byte) = self.next() {
            match byte {
                b'\\' => {
                    if let Some(after) = self.next() {
                        match after {
                            b't' => out.push(b'\t'),
                            after => out.push(after),
                        }
                    }
                }
                b'\n' => break,
                byte => out.push(byte),
            }
        }
        out.push(b'\n');
        Ok(out)
    }

    fn substitution(&mut self) -> Result<Substitution, Wrong> {
        const UNTERMINATED: &str = "unterminated `s' command";
        let Some(delimiter) = self.next().filter(|b| *b != b'\n' && *b != b'\\') else {
            self.at -= 1;
            return Err(here(UNTERMINATED));
        };
        let pattern = self.until(delimiter, true).ok_or_else(|| here(UNTERMINATED))?;
        let Some(replacement) = self.until(delimiter, false) else {
            self.at = self.text.len() - 1;
            return Err(here(UNTERMINATED));
        };
        let mut found = Substitution {
            regex: None,
            pieces: pieces(&replacement),
            global: false,
            print: false,
            number: 0,
            file: None,
        };
        let (mut ignore_case, mut multiline) = (false, false);
        loop {
            let flag = self.peek();
            match flag {
                Some(b'g') if found.global => return self.bad_flag("multiple `g' options to `s' command"),
                Some(b'g') => found.global = true,
                Some(b'p') if found.print => return self.bad_flag("multiple `p' options to `s' command"),
                Some(b'p') => found.print = true,
                Some(b'i' | b'I') => ignore_case = true,
                Some(b'm' | b'M') => multiline = true,
                Some(b'e') => {
                    return Err(Wrong::Nowhere(
                        "flag 'e' exists in GNU sed, not simulated here".to_owned(),
                    ));
                }
                Some(b'0'..=b'9') => {
                    if found.number > 0 {
                        return self.bad_flag("multiple number options to `s' command");
                    }
                    found.number = usize::try_from(self.number()).unwrap_or(usize::MAX);
                    if found.number == 0 {
                        return Err(here("number option to `s' command may not be zero"));
                    }
                    continue;
                }
                Some(b'w') => {
                    self.at += 1;
                    found.file = Some(self.file_name()?);
                    break;
                }
                None | Some(b'\n' | b';' | b'}' | b'#' | b' ' | b'\t' | b'\r') => break,
                Some(_) => return self.bad_flag("unknown option to `s'"),
            }
            self.at += 1;
        }
        found.regex = self.regex(&pattern, ignore_case, multiline)?;
        let most = found.pieces.iter().filter_map(|p| match p {
            super::command::Piece::Group(number) => Some(*number),
            _ => None,
        });
        if let (Some(most), Some(regex)) = (most.max(), &found.regex)
            && most > regex.groups()
        {
            return Err(Wrong::Here(format!("invalid reference \\{most} on `s' command's RHS")));
        }
        self.end_of_command()?;
        Ok(found)
    }

    fn bad_flag(&mut self, message: &str) -> Result<Substitution, Wrong> {
        self.at += 1;
        Err(here(message))
    }

    fn translation(&mut self) -> Result<Action, Wrong> {
        const UNTERMINATED: &str = "unterminated `y' command";
        let delimiter = self.next().filter(|b| *b != b'\n').ok_or_else(|| here(UNTERMINATED))?;
        let from = self.until(delimiter, false).ok_or_else(|| here(UNTERMINATED));
        let to = match from {
            Ok(from) => self
                .until(delimiter, false)
                .map(|to| (from, to))
                .ok_or_else(|| here(UNTERMINATED)),
            Err(error) => Err(error),
        };
        let (from, to) = match to {
            Ok(pair) => pair,
            Err(error) => {
                self.at = self.text.len() - 1;
                return Err(error);
            }
        };
        let (from, to) = (characters(&from), characters(&to));
        if from.len() != to.len() {
            return Err(here("strings for `y' command are different lengths"));
        }
        self.end_of_command()?;
        Ok(Action::Translate(from.into_iter().zip(to).collect()))
    }
}
