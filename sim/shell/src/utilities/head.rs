//! `head`.

use super::support::complain;
use super::support::options::{Opt, flag, parse_args, value};
use super::support::stream::{Filter, Flow, Streaming, files_or_stdin};
use super::support::text::{quote, quoted, size};
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::{Call, Errno, Io};
use std::collections::VecDeque;

pub const UTILITY: Utility = Utility {
    name: "head",
    summary: "output the first part of files",
    options: OPTIONS,
    start: Streaming::<Head>::boxed,
    ..COREUTILS
};

const OPTIONS: &[Opt] = &[
    value("c", "bytes"),
    value("n", "lines"),
    flag("q", "quiet"),
    flag("", "silent"),
    flag("v", "verbose"),
    flag("z", "zero-terminated"),
];

/// `-5` and `-5c` become `-n 5` and `-c 5`.
pub fn old_form(args: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = Vec::new();
    for (index, arg) in args.iter().enumerate() {
        let digits = arg
            .get(1..)
            .map_or(0, |a| a.iter().take_while(|b| b.is_ascii_digit()).count());
        if index == 0 && arg.starts_with(b"-") && digits > 0 {
            let (number, letters) = arg[1..].split_at(digits);
            let mut option = b"-n".to_vec();
            let mut rest = Vec::new();
            for letter in letters {
                match letter {
                    b'c' => option = b"-c".to_vec(),
                    b'l' => option = b"-n".to_vec(),
                    other => rest.push(vec![b'-', *other]),
                }
            }
            option.extend_from_slice(number);
            out.push(option);
            out.extend(rest);
        } else {
            out.push(arg.clone());
        }
    }
    out
}

#[derive(Clone)]
struct Head {
    call: Call,
    bytes: bool,
    count: u64,
    /// `-n -5`: all but the last five.
    from_end: bool,
    zero: bool,
    titles: bool,
    printed: bool,
    left: u64,
    held: VecDeque<Vec<u8>>,
    status: u8,
}

impl Head {
    fn terminator(&self) -> u8 {
        if self.zero { 0 } else { b'\n' }
    }
}

impl Filter for Head {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<(Self, Vec<Vec<u8>>), u8> {
        let args = old_form(&call.args[1.min(call.args.len())..]);
        let parsed = parse_args(&UTILITY, &args, call, io)?;
        let bytes = parsed.last_of(&["bytes", "lines"]) == Some("bytes");
        let key = if bytes { "bytes" } else { "lines" };
        let text = parsed.value(key).unwrap_or(b"10");
        let (from_end, digits) = match text.strip_prefix(b"-") {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let Some(count) = size(digits) else {
            complain(io, call, format!("invalid number of {key}: {}", quote(digits)));
            return Err(1);
        };
        let files = files_or_stdin(parsed.operands.clone());
        let loud = parsed.last_of(&["quiet", "silent", "verbose"]);
        let head = Self {
            call: call.clone(),
            bytes,
            count,
            from_end,
            zero: parsed.has("zero-terminated"),
            titles: loud == Some("verbose") || (loud.is_none() && files.len() > 1),
            printed: false,
            left: count,
            held: VecDeque::new(),
            status: 0,
        };
        Ok((head, files))
    }

    fn delimiter(&self) -> Option<u8> {
        (!self.bytes).then(|| self.terminator())
    }

    fn begin(&mut self, name: &[u8], io: &mut Io<'_>) -> Flow {
        if self.titles {
            let gap = if self.printed { "\n" } else { "" };
            let shown: &[u8] = if name == b"-" { b"standard input" } else { name };
            io.print([gap.as_bytes(), b"==> ", shown, b" <==\n"].concat());
        }
        self.printed = true;
        self.left = self.count;
        self.held.clear();
        if self.count == 0 && !self.from_end {
            Flow::SkipFile
        } else {
            Flow::Continue
        }
    }

    fn take(&mut self, bytes: &[u8], ended: bool, io: &mut Io<'_>) -> Flow {
        if self.bytes && self.from_end {
            self.held.push_back(bytes.to_vec());
            return Flow::Continue;
        }
        if self.bytes {
            let len = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
            io.print(&bytes[..len]);
            self.left -= len as u64;
        } else {
            let mut line = bytes.to_vec();
            if ended {
                line.push(self.terminator());
            }
            if self.from_end {
                self.held.push_back(line);
                if self.held.len() as u64 > self.count {
                    io.print(self.held.pop_front().unwrap_or_default());
                }
                return Flow::Continue;
            }
            io.print(line);
            self.left -= 1;
        }
        if self.left == 0 { Flow::SkipFile } else { Flow::Continue }
    }

    fn end(&mut self, io: &mut Io<'_>) {
        if self.bytes && self.from_end {
            let all: Vec<u8> = self.held.drain(..).flatten().collect();
            let kept = all
                .len()
                .saturating_sub(usize::try_from(self.count).unwrap_or(usize::MAX));
            io.print(&all[..kept]);
        }
    }

    fn failed(&mut self, name: &[u8], error: Errno, io: &mut Io<'_>) {
        let verb = if error == Errno::IsDirectory {
            format!("error reading {}", quoted(name))
        } else {
            format!("cannot open {} for reading", quoted(name))
        };
        complain(io, &self.call, format!("{verb}: {error}"));
        self.status = 1;
    }

    fn finish(&mut self, _: &mut Io<'_>) -> u8 {
        self.status
    }
}
