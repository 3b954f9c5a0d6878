//! `tail`, which also follows files as they grow.

use super::head::old_form;
use super::support::complain;
use super::support::options::{Opt, flag, missing_value, optional, parse_args, value};
use super::support::stream::files_or_stdin;
use super::support::text::{quote, quoted, size};
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::{Call, Errno, Io, Process, Progress, Read, Wait};
use std::sync::Arc;
use std::time::Duration;

pub const UTILITY: Utility = Utility {
    name: "tail",
    summary: "output the last part of files",
    options: OPTIONS,
    start: |call| Box::new(Tail { call, state: None }),
    ..COREUTILS
};

const OPTIONS: &[Opt] = &[
    value("c", "bytes"),
    optional("", "follow"),
    flag("f", ""),
    flag("F", ""),
    value("n", "lines"),
    missing_value("", "max-unchanged-stats"),
    missing_value("", "pid"),
    flag("q", "quiet"),
    flag("", "silent"),
    flag("", "retry"),
    value("s", "sleep-interval"),
    flag("v", "verbose"),
    flag("z", "zero-terminated"),
];

#[derive(Clone)]
struct Tail {
    call: Call,
    state: Option<State>,
}

#[derive(Clone)]
struct State {
    files: Vec<Vec<u8>>,
    next: usize,
    stdin: Vec<u8>,
    bytes: bool,
    count: u64,
    /// `+N`: from the Nth on.
    from_start: bool,
    delimiter: u8,
    titles: bool,
    follow: bool,
    retry: bool,
    pause: Duration,
    /// Bytes shown of each file that is followed.
    shown: Vec<Option<usize>>,
    last_title: Option<usize>,
    status: u8,
}

fn state(call: &Call, io: &mut Io<'_>) -> Result<State, u8> {
    let mut args = old_form(&call.args[1.min(call.args.len())..]);
    // `tail +5` is `tail -n +5`.
    if let Some(first) = args.first_mut()
        && first.len() > 1
        && first[0] == b'+'
        && first[1..].iter().all(u8::is_ascii_digit)
    {
        *first = [b"-n".as_slice(), first].concat();
    }
    let parsed = parse_args(&UTILITY, &args, call, io)?;
    let bytes = parsed.last_of(&["bytes", "lines"]) == Some("bytes");
    let key = if bytes { "bytes" } else { "lines" };
    let text = parsed.value(key).unwrap_or(b"10");
    let from_start = text.starts_with(b"+");
    let digits = text.strip_prefix(b"+").or(text.strip_prefix(b"-")).unwrap_or(text);
    let Some(count) = size(digits) else {
        complain(io, call, format!("invalid number of {key}: {}", quote(text)));
        return Err(1);
    };
    let pause = parsed.value("sleep-interval").unwrap_or(b"1");
    let Some(pause) = std::str::from_utf8(pause).ok().and_then(|t| t.parse::<f64>().ok()) else {
        complain(io, call, format!("invalid number of seconds: {}", quote(pause)));
        return Err(1);
    };
    let files = files_or_stdin(parsed.operands.clone());
    let loud = parsed.last_of(&["quiet", "silent", "verbose"]);
    Ok(State {
        shown: vec![None; files.len()],
        titles: loud == Some("verbose") || (loud.is_none() && files.len() > 1),
        files,
        next: 0,
        stdin: Vec::new(),
        bytes,
        count,
        from_start,
        delimiter: if parsed.has("zero-terminated") { 0 } else { b'\n' },
        follow: parsed.has("follow") || parsed.has("f") || parsed.has("F"),
        retry: parsed.has("F") || parsed.has("retry"),
        pause: Duration::from_secs_f64(pause.clamp(0.001, 86_400.0)),
        last_title: None,
        status: 0,
    })
}

impl State {
    fn part<'a>(&self, content: &'a [u8]) -> &'a [u8] {
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        if self.bytes {
            let start = if self.from_start {
                count.saturating_sub(1).min(content.len())
            } else {
                content.len().saturating_sub(count)
            };
            return &content[start..];
        }
        if self.from_start {
            let skipped = count.saturating_sub(1);
            if skipped == 0 {
                return content;
            }
            let mut ends = content.iter().enumerate().filter(|(_, b)| **b == self.delimiter);
            return ends.nth(skipped - 1).map_or(b"", |(at, _)| &content[at + 1..]);
        }
        if count == 0 {
            return b"";
        }
        let body = content.strip_suffix(&[self.delimiter]).unwrap_or(content);
        let mut ends = body.iter().enumerate().rev().filter(|(_, b)| **b == self.delimiter);
        ends.nth(count - 1).map_or(content, |(at, _)| &content[at + 1..])
    }

    fn title(&mut self, index: usize, io: &mut Io<'_>) {
        if self.titles && self.last_title != Some(index) {
            let gap = if self.last_title.is_some() { "\n" } else { "" };
            let name = &self.files[index];
            let shown: &[u8] = if name == b"-" { b"standard input" } else { name };
            io.print([gap.as_bytes(), b"==> ", shown, b" <==\n"].concat());
        }
        self.last_title = Some(index);
    }

    /// Shows the tail of each file. `Some`: it must wait for standard input.
    fn first_pass(&mut self, call: &Call, io: &mut Io<'_>) -> Option<Progress> {
        while let Some(name) = self.files.get(self.next).cloned() {
            let content: Result<Arc<Vec<u8>>, Errno> = if name == b"-" {
                match io.read(0, 64 << 10) {
                    Read::Data(bytes) => {
                        self.stdin.extend(bytes);
                        self.trim_stdin();
                        return Some(Progress::Ready);
                    }
                    Read::Wait => return Some(Progress::Blocked(Wait::Readable(0))),
                    Read::End => Ok(Arc::new(std::mem::take(&mut self.stdin))),
                    Read::Failed(error) => Err(error),
                }
            } else {
                super::support::read_operand(io, &name, &Arc::default())
            };
            match content {
                Ok(content) => {
                    self.title(self.next, io);
                    io.print(self.part(&content));
                    if name != b"-" {
                        self.shown[self.next] = Some(content.len());
                    }
                }
                Err(Errno::IsDirectory) => {
                    self.title(self.next, io);
                    complain(io, call, format!("error reading {}: Is a directory", quoted(&name)));
                    self.status = 1;
                }
                Err(error) => {
                    complain(io, call, format!("cannot open {} for reading: {error}", quoted(&name)));
                    self.status = 1;
                    if self.retry {
                        self.shown[self.next] = Some(0);
                    }
                }
            }
            self.next += 1;
        }
        None
    }

    /// Of an endless input only what may be shown is kept.
    fn trim_stdin(&mut self) {
        const KEPT_BYTES: usize = 1 << 20;
        if self.stdin.len() > KEPT_BYTES && !self.from_start {
            let part = self.part(&self.stdin).len();
            let start = self.stdin.len() - part;
            self.stdin.drain(..start);
        }
    }

    fn show_growth(&mut self, call: &Call, io: &mut Io<'_>) {
        for index in 0..self.files.len() {
            let Some(shown) = self.shown[index] else { continue };
            let name = self.files[index].clone();
            let Ok(content) = super::support::read_operand(io, &name, &Arc::default()) else {
                continue;
            };
            let from = if content.len() < shown {
                complain(
                    io,
                    call,
                    format!("{}: file truncated", super::support::text::named(&name)),
                );
                0
            } else {
                shown
            };
            if content.len() > from {
                self.title(index, io);
                io.print(&content[from..]);
            }
            self.shown[index] = Some(content.len());
        }
    }
}

impl Process for Tail {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        let mut state = match self.state.take() {
            Some(state) => state,
            None => match state(&self.call, io) {
                Ok(state) => state,
                Err(code) => return Progress::Exit(code),
            },
        };
        let started = state.next < state.files.len();
        let progress = match state.first_pass(&self.call, io) {
            Some(progress) => progress,
            None if !state.follow => Progress::Exit(state.status),
            None if state.shown.iter().all(Option::is_none) => {
                if state.status != 0 {
                    complain(io, &self.call, "no files remaining");
                }
                Progress::Exit(state.status)
            }
            None => {
                if !started {
                    state.show_growth(&self.call, io);
                }
                Progress::Blocked(Wait::Alarm(io.now() + state.pause))
            }
        };
        self.state = Some(state);
        progress
    }

    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
