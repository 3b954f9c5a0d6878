//! A script at work.

use super::command::{Action, Address, Command, Substitution};
use super::replacement::{replaced, visible};
use crate::utilities::regex::Regex;
use crate::utilities::support::stream::Flow;
use essaim_kernel::Io;
use essaim_kernel::files::OpenOptions;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Commands run before others get a turn.
const COMMANDS_PER_STEP: usize = 20_000;

/// What was read and not yet used.
#[derive(Clone, Debug)]
pub enum Input {
    Begin(Vec<u8>),
    Line(Vec<u8>, bool),
    End,
}

/// Where the script stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before a line.
    Idle,
    /// At a command.
    At(usize),
    /// `n` or `N` waits for a line.
    Next(u8, usize),
    /// `D` starts again without reading.
    Again,
}

/// Where a command with two addresses stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    Outside,
    /// Until the second address matches.
    Inside,
    /// Until this line.
    Until(u64),
}

/// Where lines go.
#[derive(Clone, Debug, Default)]
pub struct Sink {
    /// A line without newline was printed: the next needs one first.
    owes_newline: bool,
}

/// `sed` at work.
#[derive(Clone)]
pub struct Machine {
    pub commands: Arc<Vec<Command>>,
    pub quiet: bool,
    pub separate: bool,
    pub in_place: bool,
    pub suffix: Vec<u8>,
    pub delimiter: u8,
    pub width: usize,
    pub needs_last: bool,
    pub queue: VecDeque<Input>,
    pub finished: bool,
    pub stage: Stage,
    pub status: u8,
    pub(super) pattern: Vec<u8>,
    pub(super) hold: Vec<u8>,
    pub(super) ended: bool,
    pub(super) line: u64,
    pub(super) file: Vec<u8>,
    pub(super) replaced: bool,
    pub(super) last_regex: Option<Regex>,
    /// Of each command with two addresses: it is inside, until this line.
    pub(super) ranges: Vec<Range>,
    pub(super) appended: Vec<Append>,
    pub(super) out: Vec<u8>,
    pub(super) sinks: BTreeMap<u32, Sink>,
    pub outputs: BTreeMap<Vec<u8>, u32>,
    pub(super) read_lines: BTreeMap<Vec<u8>, usize>,
    pub(super) quitting: Option<u8>,
}

#[derive(Clone, Debug)]
pub enum Append {
    Text(Vec<u8>),
    File(Vec<u8>),
    LineOf(Vec<u8>),
}

enum Step {
    Next,
    Jump(usize),
    EndCycle,
    /// `D` with text left.
    Restart,
    Wait(u8),
    Quit(u8, bool),
    Fatal,
}

impl Machine {
    pub fn new(commands: Vec<Command>) -> Self {
        let uses_last = |a: &Option<Address>| matches!(a, Some(Address::Last));
        Self {
            needs_last: commands.iter().any(|c| uses_last(&c.first) || uses_last(&c.second)),
            ranges: vec![Range::Outside; commands.len()],
            commands: Arc::new(commands),
            quiet: false,
            separate: false,
            in_place: false,
            suffix: Vec::new(),
            delimiter: b'\n',
            width: 70,
            queue: VecDeque::new(),
            finished: false,
            stage: Stage::Idle,
            status: 0,
            pattern: Vec::new(),
            hold: Vec::new(),
            ended: true,
            line: 0,
            file: b"-".to_vec(),
            replaced: false,
            last_regex: None,
            appended: Vec::new(),
            out: Vec::new(),
            sinks: BTreeMap::new(),
            outputs: BTreeMap::new(),
            read_lines: BTreeMap::new(),
            quitting: None,
        }
    }

    /// Opens what `w` writes to: emptied even when nothing is written.
    pub fn open_outputs(&mut self, io: &mut Io<'_>) -> Result<(), String> {
        let commands = Arc::clone(&self.commands);
        for command in commands.iter() {
            let name = match &command.action {
                Action::File(b'w' | b'W', name) => name,
                Action::Substitute(s) => match &s.file {
                    Some(name) => name,
                    None => continue,
                },
                _ => continue,
            };
            let fd = match name.as_slice() {
                b"/dev/stdout" => 1,
                b"/dev/stderr" => 2,
                name if self.outputs.contains_key(name) => continue,
                name => {
                    let options = OpenOptions {
                        write: true,
                        create: true,
                        truncate: true,
                        ..OpenOptions::default()
                    };
                    io.open(name, options, false, 10)
                        .map_err(|error| format!("couldn't open file {}: {error}", String::from_utf8_lossy(name)))?
                }
            };
            self.outputs.insert(name.clone(), fd);
        }
        Ok(())
    }

    /// Runs until input is missing (`None`), a turn is over (`Continue`) or the script ends (`Stop`).
    pub fn work(&mut self, io: &mut Io<'_>) -> Option<Flow> {
        let mut budget = COMMANDS_PER_STEP;
        loop {
            if budget == 0 || io.pending_output_bytes() + self.out_pending() > 64 << 10 {
                self.flush(io);
                return Some(Flow::Continue);
            }
            budget -= 1;
            let went_on = match self.stage {
                Stage::Idle | Stage::Next(..) => self.read(io),
                Stage::Again => {
                    self.stage = Stage::At(0);
                    true
                }
                Stage::At(at) => {
                    self.execute(at, io);
                    true
                }
            };
            if let Some(code) = self.quitting {
                self.status = code;
                self.flush(io);
                return Some(Flow::Stop);
            }
            if !went_on {
                self.flush(io);
                return None;
            }
        }
    }

    fn out_pending(&self) -> usize {
        if self.in_place { 0 } else { self.out.len() }
    }

    fn flush(&mut self, io: &mut Io<'_>) {
        if !self.in_place && !self.out.is_empty() {
            io.print(std::mem::take(&mut self.out));
        }
    }

    // ---- output ----

    fn emit(&mut self, fd: u32, bytes: &[u8], io: &mut Io<'_>) {
        if fd == 1 {
            self.out.extend_from_slice(bytes);
        } else {
            io.write(fd, bytes);
        }
    }

    /// Text that must begin on a line of its own.
    fn emit_text(&mut self, fd: u32, bytes: &[u8], io: &mut Io<'_>) {
        let delimiter = self.delimiter;
        let owes = std::mem::take(&mut self.sinks.entry(fd).or_default().owes_newline);
        if owes {
            self.emit(fd, &[delimiter], io);
        }
        self.emit(fd, bytes, io);
    }

    fn emit_line(&mut self, fd: u32, text: &[u8], ended: bool, io: &mut Io<'_>) {
        let mut line = text.to_vec();
        if ended {
            line.push(self.delimiter);
        }
        self.emit_text(fd, &line, io);
        self.sinks.entry(fd).or_default().owes_newline = !ended;
    }

    pub(super) fn print_line(&mut self, text: &[u8], ended: bool, io: &mut Io<'_>) {
        self.emit_line(1, text, ended, io);
    }

    pub(super) fn print_pattern(&mut self, io: &mut Io<'_>) {
        let text = self.pattern.clone();
        self.print_line(&text, self.ended, io);
    }

    pub(super) fn append_now(&mut self, io: &mut Io<'_>) {
        for append in std::mem::take(&mut self.appended) {
            match append {
                Append::Text(text) => self.emit_text(1, &text, io),
                Append::File(name) => {
                    if let Ok(content) = read_file(&name, io) {
                        self.emit_text(1, &content, io);
                    }
                }
                Append::LineOf(name) => {
                    let Ok(content) = read_file(&name, io) else { continue };
                    let seen = self.read_lines.entry(name).or_default();
                    let line = crate::utilities::support::lines(&content, b'\n')
                        .nth(*seen)
                        .map(<[u8]>::to_vec);
                    *seen += 1;
                    if let Some(line) = line {
                        self.emit_line(1, &line, true, io);
                    }
                }
            }
        }
    }

    // ---- commands ----

    fn end_cycle(&mut self, io: &mut Io<'_>) {
        self.append_now(io);
        self.stage = Stage::Idle;
    }

    fn execute(&mut self, at: usize, io: &mut Io<'_>) {
        let commands = Arc::clone(&self.commands);
        let Some(command) = commands.get(at) else {
            if !self.quiet {
                self.print_pattern(io);
            }
            self.end_cycle(io);
            return;
        };
        let selected = match self.selects(at, command) {
            Some(selected) => selected,
            None => {
                io.eprint("sed: -e expression #1, char 0: no previous regular expression\n");
                self.quitting = Some(1);
                return;
            }
        };
        if !selected {
            self.stage = Stage::At(match command.action {
                Action::Block(end) => end + 1,
                _ => at + 1,
            });
            return;
        }
        match self.perform(at, command, io) {
            Step::Next => self.stage = Stage::At(at + 1),
            Step::Jump(to) => self.stage = Stage::At(to),
            Step::EndCycle => self.end_cycle(io),
            Step::Restart => {
                self.append_now(io);
                self.stage = Stage::Again;
            }
            Step::Wait(letter) => self.stage = Stage::Next(letter, at),
            Step::Quit(code, prints) => {
                if prints && !self.quiet {
                    self.print_pattern(io);
                }
                self.append_now(io);
                self.end_file(io);
                self.quitting = Some(code);
            }
            Step::Fatal => self.quitting = Some(1),
        }
    }

    /// Whether the addresses select this line; `None`: an empty expression and none before.
    fn selects(&mut self, at: usize, command: &Command) -> Option<bool> {
        let Some(first) = &command.first else {
            return Some(!command.negated);
        };
        let inside = match &command.second {
            None => self.matches(first)?,
            Some(second) => self.in_range(at, first, second)?,
        };
        Some(inside != command.negated)
    }

    fn in_range(&mut self, at: usize, first: &Address, second: &Address) -> Option<bool> {
        match self.ranges[at] {
            Range::Outside => {}
            Range::Until(last) => {
                if self.line >= last {
                    self.ranges[at] = Range::Outside;
                }
                // A range whose end has passed is over, unless this very line is in it.
                return if self.line > last {
                    self.matches(first)
                } else {
                    Some(true)
                };
            }
            Range::Inside => {
                if self.matches(second)? {
                    self.ranges[at] = Range::Outside;
                }
                return Some(true);
            }
        }
        let from_zero = matches!(first, Address::Line(0));
        if from_zero {
            if self.line == 1 {
                let Address::Pattern(_) = second else {
                    return Some(false);
                };
                if !self.matches(second)? {
                    self.ranges[at] = Range::Inside;
                }
                return Some(true);
            }
            return Some(false);
        }
        if !self.matches(first)? {
            return Some(false);
        }
        let last = match second {
            Address::Line(line) => Some(*line),
            Address::Plus(count) => Some(self.line.saturating_add(*count)),
            Address::Multiple(0) => Some(self.line),
            Address::Multiple(step) => Some(self.line.div_ceil(*step).saturating_mul(*step)),
            Address::Last if self.is_last() => Some(self.line),
            _ => None,
        };
        if last.is_none_or(|last| last > self.line) {
            self.ranges[at] = last.map_or(Range::Inside, Range::Until);
        }
        Some(true)
    }

    fn matches(&mut self, address: &Address) -> Option<bool> {
        Some(match address {
            Address::Line(line) => self.line == *line,
            Address::Step(first, 0) => self.line == *first,
            Address::Step(first, step) => self.line >= *first && (self.line - first).is_multiple_of(*step),
            Address::Last => self.is_last(),
            Address::Pattern(regex) => {
                let regex = regex.clone().or_else(|| self.last_regex.clone())?;
                let found = regex.is_match(&self.pattern);
                self.last_regex = Some(regex);
                found
            }
            Address::Plus(_) | Address::Multiple(_) => false,
        })
    }

    fn perform(&mut self, at: usize, command: &Command, io: &mut Io<'_>) -> Step {
        match &command.action {
            Action::Block(_) | Action::BlockEnd | Action::Label => Step::Next,
            Action::Branch(letter, to) => {
                let jumps = match letter {
                    b't' => std::mem::take(&mut self.replaced),
                    b'T' => !std::mem::take(&mut self.replaced),
                    _ => true,
                };
                if jumps { Step::Jump(*to) } else { Step::Next }
            }
            Action::Text(b'a', text) => {
                self.appended.push(Append::Text(text.clone()));
                Step::Next
            }
            Action::Text(b'i', text) => {
                self.emit_text(1, text, io);
                Step::Next
            }
            Action::Text(_, text) => {
                let at_end = command.second.is_none() || self.ranges[at] == Range::Outside || command.negated;
                if at_end {
                    self.emit_text(1, text, io);
                }
                Step::EndCycle
            }
            Action::File(letter, name) => self.file_command(*letter, name, io),
            Action::Substitute(s) => self.substitute(s, io),
            Action::Translate(pairs) => {
                let mut out = Vec::new();
                let mut rest = self.pattern.as_slice();
                while !rest.is_empty() {
                    let len = crate::utilities::support::text::char_len(rest).max(1);
                    let (c, after) = rest.split_at(len);
                    let to = pairs
                        .iter()
                        .find(|(from, _)| from == c)
                        .map_or(c, |(_, to)| to.as_slice());
                    out.extend_from_slice(to);
                    rest = after;
                }
                self.pattern = out;
                Step::Next
            }
            Action::Number(b'l', width) => {
                let width = width.map_or(self.width, |w| usize::try_from(w).unwrap_or(usize::MAX));
                let text = visible(&self.pattern, width);
                self.emit_text(1, &text, io);
                Step::Next
            }
            Action::Number(letter, code) => Step::Quit(code.unwrap_or(0) as u8, *letter == b'q'),
            Action::Simple(letter) => self.simple(*letter, io),
        }
    }

    fn file_command(&mut self, letter: u8, name: &[u8], io: &mut Io<'_>) -> Step {
        match letter {
            b'r' => self.appended.push(Append::File(name.to_vec())),
            b'R' => self.appended.push(Append::LineOf(name.to_vec())),
            _ => {
                let end = self.pattern.iter().position(|b| *b == b'\n').filter(|_| letter == b'W');
                let text = self.pattern[..end.unwrap_or(self.pattern.len())].to_vec();
                let ended = self.ended || letter == b'W';
                if let Some(fd) = self.outputs.get(name).copied() {
                    self.emit_line(fd, &text, ended, io);
                }
            }
        }
        Step::Next
    }

    fn simple(&mut self, letter: u8, io: &mut Io<'_>) -> Step {
        let first_line = |text: &[u8], delimiter: u8| text.iter().position(|b| *b == delimiter);
        match letter {
            b'=' => self.emit_text(1, format!("{}\n", self.line).as_bytes(), io),
            b'd' => return Step::EndCycle,
            b'D' => match first_line(&self.pattern, self.delimiter) {
                None => return Step::EndCycle,
                Some(at) => {
                    self.pattern.drain(..=at);
                    return Step::Restart;
                }
            },
            b'F' => {
                let name = [self.file.as_slice(), b"\n"].concat();
                self.emit_text(1, &name, io);
            }
            b'g' => self.pattern = self.hold.clone(),
            b'G' => {
                self.pattern.push(self.delimiter);
                self.pattern.extend_from_slice(&self.hold);
            }
            b'h' => self.hold = self.pattern.clone(),
            b'H' => {
                self.hold.push(self.delimiter);
                self.hold.extend_from_slice(&self.pattern);
            }
            b'n' => return Step::Wait(b'n'),
            b'N' => return Step::Wait(b'N'),
            b'p' => self.print_pattern(io),
            b'P' => {
                let end = first_line(&self.pattern, self.delimiter).unwrap_or(self.pattern.len());
                let text = self.pattern[..end].to_vec();
                self.print_line(&text, true, io);
            }
            b'x' => std::mem::swap(&mut self.pattern, &mut self.hold),
            _ => self.pattern.clear(),
        }
        Step::Next
    }

    fn substitute(&mut self, s: &Substitution, io: &mut Io<'_>) -> Step {
        let Some(regex) = s.regex.clone().or_else(|| self.last_regex.clone()) else {
            io.eprint("sed: -e expression #1, char 0: no previous regular expression\n");
            return Step::Fatal;
        };
        let text = std::mem::take(&mut self.pattern);
        io.charge(text.len() as u64 / 4096);
        let (out, count) = replaced(&regex, s, &text);
        self.last_regex = Some(regex);
        self.pattern = out;
        if count == 0 {
            return Step::Next;
        }
        self.replaced = true;
        if s.print {
            self.print_pattern(io);
        }
        if let Some(fd) = s.file.as_ref().and_then(|name| self.outputs.get(name)).copied() {
            let text = self.pattern.clone();
            self.emit_line(fd, &text, self.ended, io);
        }
        Step::Next
    }
}

fn read_file(name: &[u8], io: &mut Io<'_>) -> Result<Arc<Vec<u8>>, essaim_kernel::Errno> {
    crate::utilities::support::read_operand(io, name, &Arc::default())
}
