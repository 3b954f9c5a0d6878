//! Reading commands from standard input: a terminal with prompts and history, or a script fed line by line.

use super::{Flow, Frame, Shell};
use crate::language::prompt;
use crate::language::syntax::{ParseError, Parser};
use essaim_kernel::{Io, Read, Wait};
use std::sync::Arc;

/// Standard input as a source of commands.
#[derive(Clone, Debug)]
pub struct Reader {
    /// What was read and not yet run.
    buffer: Vec<u8>,
    /// The line being read, byte by byte.
    line: Vec<u8>,
    line_number: u32,
    ended: bool,
    prompted: bool,
    /// Whether the buffer is known to be an unfinished command.
    incomplete: bool,
}

impl Reader {
    /// The command line was given up.
    pub fn forget(&mut self) {
        self.buffer.clear();
        self.line.clear();
        self.prompted = false;
        self.incomplete = false;
    }

    pub fn empty() -> Self {
        Self {
            buffer: Vec::new(),
            line: Vec::new(),
            line_number: 1,
            ended: false,
            prompted: false,
            incomplete: false,
        }
    }
}

impl Shell {
    pub(super) fn turn_reader(&mut self, mut reader: Box<Reader>, io: &mut Io<'_>) -> Flow {
        if !reader.buffer.is_empty() && (!reader.incomplete || reader.ended) {
            return self.run_buffer(reader, io);
        }
        if reader.ended {
            if self.state.interactive {
                io.eprint("exit\n");
            }
            return Flow::Next;
        }
        if self.state.interactive && !reader.prompted {
            reader.prompted = true;
            self.prompt(reader.incomplete, io);
        }
        loop {
            match io.read(0, if self.state.interactive { 4096 } else { 1 }) {
                Read::Data(bytes) => {
                    reader.line.extend_from_slice(&bytes);
                    if !reader.line.ends_with(b"\n") {
                        continue;
                    }
                }
                Read::Wait => {
                    self.frames.push(Frame::Reader(reader));
                    return Flow::Block(Wait::Readable(0));
                }
                Read::End | Read::Failed(_) => {
                    // Ctrl-D within a command: bash reports it and asks anew.
                    if self.state.interactive && reader.incomplete {
                        self.unfinished(&mut reader, io);
                        self.frames.push(Frame::Reader(reader));
                        return Flow::Next;
                    }
                    reader.ended = true;
                }
            }
            reader.prompted = false;
            let line = std::mem::take(&mut reader.line);
            if self.state.interactive && !line.is_empty() {
                match self.expand_history(&line, io) {
                    Some(line) => {
                        self.remember(&line, reader.incomplete);
                        reader.buffer.extend_from_slice(&line);
                    }
                    None => self.state.status = 1,
                }
            } else {
                reader.buffer.extend_from_slice(&line);
            }
            reader.incomplete = false;
            self.frames.push(Frame::Reader(reader));
            return Flow::Next;
        }
    }

    fn unfinished(&mut self, reader: &mut Reader, io: &mut Io<'_>) {
        let text = std::mem::take(&mut reader.buffer);
        let mut parser = Parser::new(&text, 0, reader.line_number, Self::limits(io), None);
        if let Err(error) = parser.next_command() {
            self.syntax_error(&error, &text, "", io);
        }
        reader.incomplete = false;
        reader.prompted = false;
        self.state.status = 2;
    }

    fn run_buffer(&mut self, mut reader: Box<Reader>, io: &mut Io<'_>) -> Flow {
        let aliases = self.state.options.expand_aliases.then(|| self.state.aliases.clone());
        let mut parser = Parser::new(
            &reader.buffer,
            0,
            reader.line_number,
            Self::limits(io),
            aliases.as_deref(),
        );
        parser.more_may_come = !reader.ended;
        parser.groups = self.state.options.extglob;
        let parsed = parser.next_command();
        let (at, line) = parser.position();
        let changed = parser.changed_text().map(<[u8]>::to_vec);
        let warnings = std::mem::take(&mut parser.warnings);
        for (line, warning) in warnings {
            self.warn(line, &warning, io);
        }
        match parsed {
            Ok(list) => {
                let text = changed.unwrap_or_else(|| std::mem::take(&mut reader.buffer));
                reader.buffer = text[at.min(text.len())..].to_vec();
                reader.line_number = if self.state.interactive { 1 } else { line };
                self.frames.push(Frame::Reader(reader));
                if let Some(list) = list {
                    self.frames.push(Frame::List { list, at: 0 });
                }
            }
            Err(ParseError::Incomplete { .. }) if !reader.ended => {
                reader.incomplete = true;
                self.frames.push(Frame::Reader(reader));
            }
            Err(error) => {
                let text = std::mem::take(&mut reader.buffer);
                self.syntax_error(&error, &text, "", io);
                self.state.status = 2;
                if self.state.interactive {
                    self.frames.push(Frame::Reader(reader));
                }
            }
        }
        Flow::Next
    }

    fn prompt(&mut self, continuation: bool, io: &mut Io<'_>) {
        self.take_terminal(io);
        if !continuation {
            self.report_jobs(io);
        }
        let name: &[u8] = if continuation { b"PS2" } else { b"PS1" };
        let default: &[u8] = if continuation { b"> " } else { prompt::PS1 };
        let template = self.state.variables.scalar(name).unwrap_or(default).to_vec();
        let text = prompt::expand(&template, self, io);
        // First: the kernel tells by it what commands printed from the prompt.
        io.at_prompt(continuation, self.state.status);
        io.eprint(text);
    }

    fn remember(&mut self, line: &[u8], continues: bool) {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let history = Arc::make_mut(&mut self.state.history);
        if continues && let Some(last) = history.last_mut() {
            last.push(b'\n');
            last.extend_from_slice(text);
            return;
        }
        if !text.trim_ascii().is_empty() && history.last().is_none_or(|last| last != text) {
            history.push(text.to_vec());
        }
        const HISTORY_MAX: usize = 1_000;
        if history.len() > HISTORY_MAX {
            history.remove(0);
        }
    }

    /// `!!`, `!n`, `!-n`, `!prefix`, `!$`. `None`: no such line, which was said.
    fn expand_history(&mut self, line: &[u8], io: &mut Io<'_>) -> Option<Vec<u8>> {
        if !line.contains(&b'!') {
            return Some(line.to_vec());
        }
        let mut out = Vec::new();
        let (mut at, mut changed, mut single, mut double) = (0, false, false, false);
        while at < line.len() {
            let byte = line[at];
            match byte {
                b'\\' if !single => {
                    out.extend_from_slice(&line[at..line.len().min(at + 2)]);
                    at += 2;
                    continue;
                }
                b'\'' if !double => single = !single,
                b'"' if !single => double = !double,
                b'!' if !single => {
                    let rest = &line[at + 1..];
                    let ends = |b: &u8| b.is_ascii_whitespace() || b";&|()<>\"'".contains(b);
                    let length = match rest.first() {
                        Some(b'!' | b'$') => 1,
                        Some(b) if ends(b) || *b == b'=' || (double && *b == b'"') => 0,
                        _ => rest.iter().take_while(|b| !ends(b)).count(),
                    };
                    // `[ ! -f x ]`, `a != b`, `$!`
                    if length > 0 && !(at > 0 && matches!(line[at - 1], b'$' | b'{')) {
                        let event = &rest[..length];
                        let Some(text) = self.history_event(event) else {
                            let name = [b"!".as_slice(), event].concat();
                            self.error(io, [&name[..], b": event not found"].concat());
                            return None;
                        };
                        out.extend_from_slice(&text);
                        at += 1 + length;
                        changed = true;
                        continue;
                    }
                }
                _ => {}
            }
            out.push(byte);
            at += 1;
        }
        if changed {
            io.eprint(&out);
        }
        Some(out)
    }

    fn history_event(&self, event: &[u8]) -> Option<Vec<u8>> {
        let history = &self.state.history;
        match event {
            b"!" => history.last().cloned(),
            b"$" => {
                let last = history.last()?;
                let word = last.split(u8::is_ascii_whitespace).rfind(|w| !w.is_empty())?;
                Some(word.to_vec())
            }
            event => {
                let number: Option<i64> = std::str::from_utf8(event).ok().and_then(|t| t.parse().ok());
                match number {
                    Some(n) if n > 0 => history.get(usize::try_from(n).ok()? - 1).cloned(),
                    Some(n) => {
                        let at = history.len().checked_sub(usize::try_from(n.unsigned_abs()).ok()?)?;
                        history.get(at).cloned()
                    }
                    None => history.iter().rev().find(|line| line.starts_with(event)).cloned(),
                }
            }
        }
    }
}
