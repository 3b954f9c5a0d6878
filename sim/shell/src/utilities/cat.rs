//! `cat`.

use super::support::complain;
use super::support::options::{Opt, flag, parse};
use super::support::stream::{Filter, Flow, Streaming, files_or_stdin};
use super::support::text::named;
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::{Call, Errno, Io};

pub const UTILITY: Utility = Utility {
    name: "cat",
    summary: "concatenate files and print on the standard output",
    options: OPTIONS,
    start: Streaming::<Cat>::boxed,
    ..COREUTILS
};

const OPTIONS: &[Opt] = &[
    flag("b", "number-nonblank"),
    flag("n", "number"),
    flag("s", "squeeze-blank"),
    flag("v", "show-nonprinting"),
    flag("E", "show-ends"),
    flag("T", "show-tabs"),
    flag("A", "show-all"),
    flag("e", ""),
    flag("t", ""),
    flag("u", ""),
];

#[derive(Clone)]
struct Cat {
    call: Call,
    number: bool,
    number_nonblank: bool,
    ends: bool,
    tabs: bool,
    nonprinting: bool,
    squeeze: bool,
    line: u64,
    at_start: bool,
    blank_before: bool,
    status: u8,
}

impl Cat {
    fn is_plain(&self) -> bool {
        !(self.number || self.number_nonblank || self.ends || self.tabs || self.nonprinting || self.squeeze)
    }

    fn shown(&self, line: &[u8], out: &mut Vec<u8>) {
        for byte in line {
            match byte {
                b'\t' if self.tabs => out.extend_from_slice(b"^I"),
                b'\t' => out.push(b'\t'),
                _ if self.nonprinting => push_visible(out, *byte),
                _ => out.push(*byte),
            }
        }
    }
}

/// A byte as `cat -v` shows it.
pub fn push_visible(out: &mut Vec<u8>, byte: u8) {
    let low = if byte >= 128 {
        out.extend_from_slice(b"M-");
        byte - 128
    } else {
        byte
    };
    match low {
        127 => out.extend_from_slice(b"^?"),
        0..=31 => out.extend_from_slice(&[b'^', low + 64]),
        _ => out.push(low),
    }
}

impl Filter for Cat {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<(Self, Vec<Vec<u8>>), u8> {
        let parsed = parse(&UTILITY, call, io)?;
        let all = parsed.has("show-all");
        let cat = Self {
            call: call.clone(),
            number: parsed.has("number"),
            number_nonblank: parsed.has("number-nonblank"),
            ends: all || parsed.has("show-ends") || parsed.has("e"),
            tabs: all || parsed.has("show-tabs") || parsed.has("t"),
            nonprinting: all || parsed.has("show-nonprinting") || parsed.has("e") || parsed.has("t"),
            squeeze: parsed.has("squeeze-blank"),
            line: 0,
            at_start: true,
            blank_before: false,
            status: 0,
        };
        Ok((cat, files_or_stdin(parsed.operands)))
    }

    fn delimiter(&self) -> Option<u8> {
        (!self.is_plain()).then_some(b'\n')
    }

    fn take(&mut self, bytes: &[u8], ended: bool, io: &mut Io<'_>) -> Flow {
        if self.is_plain() {
            io.print(bytes);
            return Flow::Continue;
        }
        let blank = self.at_start && bytes.is_empty();
        if blank && self.squeeze && self.blank_before {
            return Flow::Continue;
        }
        self.blank_before = blank;
        let mut out = Vec::new();
        let numbered = if self.number_nonblank { !blank } else { self.number };
        if self.at_start && numbered {
            self.line += 1;
            out.extend_from_slice(format!("{:6}\t", self.line).as_bytes());
        }
        self.shown(bytes, &mut out);
        if ended {
            if self.ends {
                out.push(b'$');
            }
            out.push(b'\n');
        }
        self.at_start = ended;
        io.print(out);
        Flow::Continue
    }

    fn failed(&mut self, name: &[u8], error: Errno, io: &mut Io<'_>) {
        complain(io, &self.call, format!("{}: {error}", named(name)));
        self.status = 1;
    }

    fn finish(&mut self, _: &mut Io<'_>) -> u8 {
        self.status
    }
}
