//! Files and commands that are read and written.

use super::state::State;
use super::value::{Text, Value};
use crate::utilities::regex::Regex;
use essaim_kernel::files::OpenOptions;
use essaim_kernel::{Io, Pid, Read, Spawn, Wait};
use std::collections::BTreeMap;

/// Standard output is kept up to here where it is no terminal, as the C library does.
const BUFFER_BYTES: usize = 4096;

/// Why the program cannot go on now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    Wait(Wait),
    Ready,
    /// A message, without the name of the program.
    Fatal(String),
    Exit,
}

impl From<String> for Stop {
    fn from(message: String) -> Self {
        Self::Fatal(message)
    }
}

pub type Step<T> = Result<T, Stop>;

/// Something that is read record by record.
#[derive(Clone, Debug, Default)]
pub struct Input {
    fd: u32,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
    pid: Option<Pid>,
}

#[derive(Clone, Copy, Debug)]
struct Output {
    fd: u32,
    pid: Option<Pid>,
}

#[derive(Clone, Debug, Default)]
pub struct Streams {
    main: Option<Input>,
    /// The next of `ARGV`.
    argument: usize,
    /// A file was named.
    any_file: bool,
    inputs: BTreeMap<Vec<u8>, Input>,
    outputs: BTreeMap<Vec<u8>, Output>,
    standard: Vec<u8>,
}

/// What ends a record.
enum Ends {
    Byte(u8),
    Paragraph,
    Regex(Regex),
}

impl Input {
    fn fill(&mut self, io: &mut Io<'_>) -> Step<()> {
        self.buffer.drain(..self.at);
        self.at = 0;
        match io.read(self.fd, 32 << 10) {
            Read::Data(bytes) => self.buffer.extend_from_slice(&bytes),
            Read::Wait => return Err(Stop::Wait(Wait::Readable(self.fd))),
            Read::End | Read::Failed(_) => self.ended = true,
        }
        Ok(())
    }

    fn record(&mut self, ends: &Ends, io: &mut Io<'_>) -> Step<Option<Vec<u8>>> {
        loop {
            if matches!(ends, Ends::Paragraph) {
                self.at += self.buffer[self.at..].iter().take_while(|b| **b == b'\n').count();
            }
            let rest = &self.buffer[self.at..];
            let found = match ends {
                Ends::Byte(byte) => rest.iter().position(|b| b == byte).map(|at| (at, at + 1)),
                Ends::Paragraph => rest.windows(2).position(|w| w == b"\n\n").map(|at| (at, at + 2)),
                // What touches the end of what is known may go on.
                Ends::Regex(regex) => regex
                    .find(rest, 0)
                    .filter(|(start, end)| end > start && (*end < rest.len() || self.ended)),
            };
            if let Some((length, end)) = found {
                let record = rest[..length].to_vec();
                self.at += end;
                return Ok(Some(record));
            }
            if self.ended {
                let mut record = rest.to_vec();
                self.at = self.buffer.len();
                if matches!(ends, Ends::Paragraph) && record.last() == Some(&b'\n') {
                    record.pop();
                }
                return Ok((!record.is_empty()).then_some(record));
            }
            self.fill(io)?;
        }
    }
}

impl State {
    fn ends(&mut self) -> Step<Ends> {
        let separator = self.global(super::state::RS);
        Ok(match &*separator {
            [] => Ends::Paragraph,
            [byte] => Ends::Byte(*byte),
            _ => Ends::Regex(self.regex(&Value::Text(separator))?),
        })
    }

    /// The next record of the files named on the command line.
    pub fn main_record(&mut self, io: &mut Io<'_>) -> Step<Option<Vec<u8>>> {
        let ends = self.ends()?;
        loop {
            if let Some(mut input) = self.streams.main.take() {
                let record = input.record(&ends, io);
                if record == Ok(None) {
                    if input.fd != 0 {
                        io.close(input.fd);
                    }
                    continue;
                }
                self.streams.main = Some(input);
                return record;
            }
            if !self.open_next(io)? {
                return Ok(None);
            }
        }
    }

    /// Nothing more of the file at work.
    pub fn skip_file(&mut self, io: &mut Io<'_>) {
        if let Some(input) = self.streams.main.take()
            && input.fd != 0
        {
            io.close(input.fd);
        }
    }

    fn open_next(&mut self, io: &mut Io<'_>) -> Step<bool> {
        use super::state::{ARGC, FILENAME, FNR};
        loop {
            let at = self.streams.argument.max(1);
            let count = self.globals[ARGC].number();
            self.streams.argument = at + 1;
            if at as f64 >= count {
                if self.streams.any_file {
                    return Ok(false);
                }
                self.streams.any_file = true;
                self.streams.main = Some(Input::default());
                return Ok(true);
            }
            let Some(word) = self.arrays[1].get(at.to_string().as_bytes()).cloned() else {
                continue;
            };
            let word = self.text(&word);
            if word.is_empty() || self.assign_word(&word)? {
                continue;
            }
            self.streams.any_file = true;
            self.globals[FILENAME] = Value::Text(word.clone());
            self.globals[FNR] = Value::Number(0.0);
            let Some(fd) = open(&word, io) else {
                let shown = String::from_utf8_lossy(&word);
                return Err(Stop::Fatal(format!("cannot open {shown} (No such file or directory)")));
            };
            self.streams.main = Some(Input { fd, ..Input::default() });
            return Ok(true);
        }
    }

    /// `name=value` on the command line.
    pub fn assign_word(&mut self, word: &[u8]) -> Step<bool> {
        let Some(equals) = word.iter().position(|b| *b == b'=') else {
            return Ok(false);
        };
        let name = &word[..equals];
        if !crate::language::is_name(name) {
            return Ok(false);
        }
        let value = Value::Input(super::lex::unescape(&word[equals + 1..]).into());
        // A name that the program does not use needs no place.
        if let Some(at) = self.code.globals.iter().position(|global| global == name) {
            self.store(super::code::Place::Variable(super::code::Name::Global(at)), value)?;
        }
        Ok(true)
    }

    /// `getline < name`, `name | getline`. The outer `None`: it cannot be opened.
    pub fn record_of(&mut self, name: &[u8], command: bool, io: &mut Io<'_>) -> Step<Option<Option<Vec<u8>>>> {
        let ends = self.ends()?;
        let mut input = match self.streams.inputs.remove(name) {
            Some(input) => input,
            None if command => {
                self.deliver(io)?;
                let (read, write) = io.pipe();
                let pid = start(name, &[(0, 0), (1, write), (2, 2)], io);
                io.close(write);
                Input {
                    fd: read,
                    pid,
                    ..Input::default()
                }
            }
            None => match open(name, io) {
                Some(fd) => Input { fd, ..Input::default() },
                None => return Ok(None),
            },
        };
        let record = input.record(&ends, io);
        self.streams.inputs.insert(name.to_vec(), input);
        record.map(Some)
    }

    // ---- writing ----

    pub fn print(&mut self, bytes: &[u8], io: &mut Io<'_>) {
        self.streams.standard.extend_from_slice(bytes);
        if self.streams.standard.len() >= BUFFER_BYTES || io.is_terminal(1) {
            self.flush(io);
        }
    }

    pub fn flush(&mut self, io: &mut Io<'_>) {
        io.print(std::mem::take(&mut self.streams.standard));
    }

    /// Makes sure that all that was printed has arrived before another process prints.
    pub fn deliver(&mut self, io: &mut Io<'_>) -> Step<()> {
        self.flush(io);
        io.flush();
        if io.pending_output_bytes() > 0 {
            return Err(Stop::Ready);
        }
        Ok(())
    }

    pub fn print_to(&mut self, name: &Text, bytes: &[u8], to: super::code::To, io: &mut Io<'_>) -> Step<()> {
        use super::code::To;
        if to != To::Command {
            match &**name {
                b"/dev/stdout" | b"-" => {
                    self.print(bytes, io);
                    return Ok(());
                }
                b"/dev/stderr" => {
                    io.eprint(bytes);
                    return Ok(());
                }
                _ => {}
            }
        }
        let fd = match self.streams.outputs.get(&**name) {
            Some(output) => output.fd,
            None => {
                let output = if to == To::Command {
                    self.deliver(io)?;
                    let (read, write) = io.pipe();
                    let pid = start(name, &[(0, read), (1, 1), (2, 2)], io);
                    io.close(read);
                    Output { fd: write, pid }
                } else {
                    let options = OpenOptions {
                        write: true,
                        create: true,
                        truncate: to == To::File,
                        ..OpenOptions::default()
                    };
                    let fd = io.open(name, options, to == To::Append, 10).map_err(|error| {
                        let shown = String::from_utf8_lossy(name);
                        format!("cannot open \"{shown}\" for output ({error})")
                    })?;
                    Output { fd, pid: None }
                };
                self.streams.outputs.insert(name.to_vec(), output);
                output.fd
            }
        };
        io.write(fd, bytes);
        Ok(())
    }

    /// The status of a program that is waited for.
    pub fn wait(&mut self, pid: Pid, io: &mut Io<'_>) -> Step<u8> {
        match io.reap(pid) {
            Some(status) => {
                self.child = None;
                Ok(status.code())
            }
            None if io.is_child(pid) => {
                self.child = Some(pid);
                Err(Stop::Wait(Wait::Child))
            }
            None => {
                self.child = None;
                Ok(0)
            }
        }
    }

    /// `close(name)`: -1 when nothing of that name is open.
    pub fn close(&mut self, name: &[u8], io: &mut Io<'_>) -> Step<f64> {
        if let Some(pid) = self.child {
            return self.wait(pid, io).map(f64::from);
        }
        if !self.streams.outputs.contains_key(name) && !self.streams.inputs.contains_key(name) {
            return Ok(-1.0);
        }
        self.deliver(io)?;
        let output = self.streams.outputs.remove(name).map(|output| (output.fd, output.pid));
        let input = self.streams.inputs.remove(name).map(|input| (input.fd, input.pid));
        let mut status = 0;
        for (fd, pid) in output.into_iter().chain(input) {
            io.close(fd);
            if let Some(pid) = pid {
                status = self.wait(pid, io)?;
            }
        }
        Ok(f64::from(status))
    }

    /// The end: what is open is closed, one after the other.
    pub fn close_all(&mut self, io: &mut Io<'_>) -> Step<()> {
        if let Some(pid) = self.child {
            self.wait(pid, io)?;
        }
        while let Some(name) = self.streams.outputs.keys().next().cloned() {
            if io.pending_output_bytes() > 0 {
                return Err(Stop::Ready);
            }
            if let Some(output) = self.streams.outputs.remove(&name) {
                io.close(output.fd);
                if let Some(pid) = output.pid {
                    self.wait(pid, io)?;
                }
            }
        }
        self.flush(io);
        Ok(())
    }

    /// `system(command)`
    pub fn system(&mut self, command: &[u8], io: &mut Io<'_>) -> Step<f64> {
        if let Some(pid) = self.child {
            return self.wait(pid, io).map(f64::from);
        }
        self.deliver(io)?;
        match start(command, &[(0, 0), (1, 1), (2, 2)], io) {
            Some(pid) => self.wait(pid, io).map(f64::from),
            None => Ok(127.0),
        }
    }
}

fn open(name: &[u8], io: &mut Io<'_>) -> Option<u32> {
    if name == b"-" {
        return Some(0);
    }
    let options = OpenOptions {
        read: true,
        ..OpenOptions::default()
    };
    io.open(name, options, false, 10).ok()
}

fn start(command: &[u8], fds: &[(u32, u32)], io: &mut Io<'_>) -> Option<Pid> {
    let open: Vec<(u32, u32)> = fds.iter().copied().filter(|(_, fd)| io.is_open(*fd)).collect();
    io.spawn(Spawn {
        args: vec![b"sh".to_vec(), b"-c".to_vec(), command.to_vec()],
        fds: Some(open),
        ..Spawn::default()
    })
    .ok()
}
