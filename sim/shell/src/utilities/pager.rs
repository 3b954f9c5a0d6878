//! `less`, `more`, `man` and `help`: text shown a screen at a time.
//!
//! The lab's terminal works by lines: at the prompt an empty line (or a space) shows the next screen, `q` ends,
//! `/words` goes on to the next match, `G` shows the rest. Where the output is no terminal, all is printed.

use super::manual;
use super::regex::{Flavour, Regex, Syntax};
use super::support::complain;
use super::support::options::{Opt, flag, missing, parse_args, value};
use super::support::stream::files_or_stdin;
use super::support::text::{lossy, named};
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::files::{OpenOptions, path};
use essaim_kernel::{Call, Io, Process, Progress, Read, Wait};
use std::collections::VecDeque;

const LESS_OPTIONS: &[Opt] = &[
    flag("F", "quit-if-one-screen"),
    flag("R", "RAW-CONTROL-CHARS"),
    flag("r", "raw-control-chars"),
    flag("S", "chop-long-lines"),
    flag("X", "no-init"),
    flag("E", "QUIT-AT-EOF"),
    flag("e", "quit-at-eof"),
    flag("i", "ignore-case"),
    flag("I", "IGNORE-CASE"),
    flag("K", "quit-on-intr"),
    flag("M", "LONG-PROMPT"),
    flag("m", "long-prompt"),
    flag("n", "line-numbers"),
    flag("s", "squeeze-blank-lines"),
    missing("N", "LINE-NUMBERS"),
    value("P", "prompt"),
    value("x", "tabs"),
];

pub const LESS: Utility = Utility {
    name: "less",
    summary: "view text a screen at a time",
    package: "less",
    options: LESS_OPTIONS,
    start: |call| Box::new(Pager::new(call)),
    ..COREUTILS
};

pub const MORE: Utility = Utility {
    name: "more",
    package: "util-linux",
    ..LESS
};

pub const MAN: Utility = Utility {
    name: "man",
    summary: "show a page of the manual",
    usage: "[-L LANG] [-k] [SECTION] PAGE...",
    package: "man-db",
    options: &[
        value("L", "locale"),
        flag("k", "apropos"),
        flag("f", "whatis"),
        flag("P", ""),
        missing("a", "all"),
        missing("w", "where"),
    ],
    start: |call| Box::new(Pager::new(call)),
    ..COREUTILS
};

pub const HELP: Utility = Utility {
    name: "help",
    summary: "list the commands, or show how one is used",
    usage: "[-L LANG] [NAME]...",
    package: "bash",
    options: &[value("L", "locale")],
    start: |call| Box::new(Pager::new(call)),
    ..COREUTILS
};

/// What is shown.
enum Source {
    Files(VecDeque<Vec<u8>>),
    Text(Vec<u8>),
}

#[derive(Clone)]
struct Pager {
    call: Call,
    state: Option<State>,
}

#[derive(Clone)]
struct State {
    files: VecDeque<Vec<u8>>,
    current: Option<u32>,
    buffer: Vec<u8>,
    lines: VecDeque<Vec<u8>>,
    ended: bool,
    /// Lines to show before the next prompt; `usize::MAX`: all.
    wanted: usize,
    screen: usize,
    /// Skip until this matches.
    search: Option<Regex>,
    /// The terminal, to ask; `None`: print all.
    terminal: Option<u32>,
    asking: bool,
    prompt: &'static str,
    status: u8,
}

impl Pager {
    fn new(call: Call) -> Self {
        Self { call, state: None }
    }

    fn begin(&self, io: &mut Io<'_>) -> Result<State, u8> {
        let name = self.call.args.first().map_or(b"".as_slice(), |n| path::file_name(n));
        let args: Vec<Vec<u8>> = self
            .call
            .args
            .iter()
            .skip(1)
            .filter(|a| a.first() != Some(&b'+'))
            .cloned()
            .collect();
        let (source, status) = match name {
            b"man" => {
                let parsed = parse_args(&MAN, &args, &self.call, io)?;
                let (text, status) = manual::man(&parsed, io)?;
                (Source::Text(text), status)
            }
            b"help" => {
                let parsed = parse_args(&HELP, &args, &self.call, io)?;
                let (text, status) = manual::help(&parsed, io)?;
                (Source::Text(text), status)
            }
            _ => {
                let utility = if name == b"more" { &MORE } else { &LESS };
                let parsed = parse_args(utility, &args, &self.call, io)?;
                if parsed.operands.is_empty() && io.is_terminal(0) {
                    io.eprint(if name == b"more" {
                        "more: bad usage\nTry 'more --help' for more information.\n"
                    } else {
                        "Missing filename (\"less --help\" for help)\n"
                    });
                    return Err(1);
                }
                (Source::Files(files_or_stdin(parsed.operands).into()), 0)
            }
        };
        let rows = io.window_size().map_or(24, |(_, rows)| usize::from(rows));
        let terminal = if io.is_terminal(1) {
            let read = OpenOptions {
                read: true,
                ..OpenOptions::default()
            };
            io.open(b"/dev/tty", read, false, 10).ok()
        } else {
            None
        };
        let screen = rows.saturating_sub(1).max(1);
        let (files, buffer) = match source {
            Source::Files(files) => (files, Vec::new()),
            Source::Text(text) => (VecDeque::new(), text),
        };
        Ok(State {
            files,
            current: None,
            buffer,
            lines: VecDeque::new(),
            ended: false,
            wanted: if terminal.is_some() { screen } else { usize::MAX },
            screen,
            search: None,
            terminal,
            asking: false,
            prompt: if name == b"more" { "--More--" } else { ":" },
            status,
        })
    }
}

impl State {
    /// Reads until a screen is full. `Some`: it must wait.
    fn fill(&mut self, call: &Call, io: &mut Io<'_>) -> Option<Progress> {
        self.split();
        while self.lines.len() <= self.screen && !self.ended {
            let Some(fd) = self.current else {
                match self.files.pop_front() {
                    None => {
                        self.ended = true;
                        if !self.buffer.is_empty() {
                            self.lines.push_back(std::mem::take(&mut self.buffer));
                        }
                    }
                    Some(name) => self.open(&name, call, io),
                }
                continue;
            };
            match io.read(fd, 16 << 10) {
                Read::Data(bytes) => {
                    self.buffer.extend(bytes);
                    self.split();
                }
                Read::Wait => return Some(Progress::Blocked(Wait::Readable(fd))),
                Read::End | Read::Failed(_) => self.current = None,
            }
        }
        None
    }

    fn open(&mut self, name: &[u8], call: &Call, io: &mut Io<'_>) {
        if name == b"-" {
            self.current = Some(0);
            return;
        }
        let read = OpenOptions {
            read: true,
            ..OpenOptions::default()
        };
        if io.files_ref().is_dir(&io.path(name)) {
            io.eprint(format!("{} is a directory\n", lossy(name)));
            self.status = 1;
            return;
        }
        match io.open(name, read, false, 10) {
            Ok(fd) => self.current = Some(fd),
            Err(error) if self.prompt == ":" => {
                io.eprint(format!("{}: {error}\n", lossy(name)));
                self.status = 1;
            }
            Err(error) => {
                complain(io, call, format!("cannot open {}: {error}", named(name)));
                self.status = 1;
            }
        }
    }

    fn split(&mut self) {
        while let Some(at) = self.buffer.iter().position(|b| *b == b'\n') {
            let rest = self.buffer.split_off(at + 1);
            self.lines.push_back(std::mem::replace(&mut self.buffer, rest));
            // Splitting a long buffer line by line would copy it again and again.
            if self.buffer.len() > 1 << 16 && self.lines.len() > self.screen * 4 {
                break;
            }
        }
    }

    fn show(&mut self, io: &mut Io<'_>) {
        while self.wanted > 0 {
            let Some(line) = self.lines.pop_front() else { return };
            if let Some(regex) = &self.search {
                if !regex.is_match(line.strip_suffix(b"\n").unwrap_or(&line)) {
                    continue;
                }
                self.search = None;
            }
            if self.wanted != usize::MAX {
                self.wanted -= 1;
            }
            io.print(line);
            if io.pending_output_bytes() > 32 << 10 {
                return;
            }
        }
    }

    /// What was typed at the prompt; `false`: end.
    fn obey(&mut self, line: &[u8]) -> bool {
        let text = lossy(line);
        let text = text.trim_end_matches(['\n', '\r']);
        if let Some(pattern) = text.strip_prefix('/') {
            let syntax = Syntax {
                flavour: Flavour::Extended,
                ignore_case: pattern.chars().all(|c| !c.is_uppercase()),
                ..Syntax::default()
            };
            self.search = Regex::new(pattern.as_bytes(), syntax).ok();
            self.wanted = self.screen;
            return true;
        }
        self.wanted = match text.trim() {
            "q" | "Q" | ":q" | "ZZ" => return false,
            "G" | ">" => usize::MAX,
            "d" => (self.screen / 2).max(1),
            "j" | "e" => 1,
            number => number.parse().unwrap_or(self.screen),
        };
        true
    }

    fn advance(&mut self, call: &Call, io: &mut Io<'_>) -> Progress {
        if self.asking
            && let Some(fd) = self.terminal
        {
            match io.read(fd, 4096) {
                Read::Data(line) => {
                    self.asking = false;
                    if !self.obey(&line) {
                        return Progress::Exit(self.status);
                    }
                }
                Read::Wait => return Progress::Blocked(Wait::Readable(fd)),
                Read::End | Read::Failed(_) => return Progress::Exit(self.status),
            }
        }
        if let Some(progress) = self.fill(call, io) {
            return progress;
        }
        self.show(io);
        if self.lines.is_empty() && self.ended {
            if self.search.is_some() {
                io.print("Pattern not found\n");
            }
            return Progress::Exit(self.status);
        }
        if self.wanted == 0 {
            io.print(self.prompt);
            self.asking = true;
        }
        Progress::Ready
    }
}

impl Process for Pager {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        let mut state = match self.state.take() {
            Some(state) => state,
            None => match self.begin(io) {
                Ok(state) => state,
                Err(code) => return Progress::Exit(code),
            },
        };
        let progress = state.advance(&self.call, io);
        self.state = Some(state);
        progress
    }

    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
