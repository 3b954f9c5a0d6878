//! `wc`.

use super::support::complain;
use super::support::gather::{Gather, Gathering, names_stdin};
use super::support::options::{Opt, flag, missing_value, parse};
use super::support::text::{char_width, named};
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::{Call, Errno, Io};
use std::sync::Arc;

pub const UTILITY: Utility = Utility {
    name: "wc",
    summary: "print newline, word and byte counts",
    options: OPTIONS,
    start: Gathering::<Wc>::boxed,
    ..COREUTILS
};

const OPTIONS: &[Opt] = &[
    flag("c", "bytes"),
    flag("m", "chars"),
    flag("l", "lines"),
    missing_value("", "files0-from"),
    flag("L", "max-line-length"),
    flag("w", "words"),
];

#[derive(Clone)]
struct Wc {
    files: Vec<Vec<u8>>,
    /// Lines, words, characters, bytes, longest line.
    shown: [bool; 5],
}

impl Gather for Wc {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let parsed = parse(&UTILITY, call, io)?;
        let keys = ["lines", "words", "chars", "bytes", "max-line-length"];
        let mut shown = keys.map(|key| parsed.has(key));
        if !shown.contains(&true) {
            shown = [true, true, false, true, false];
        }
        Ok(Self {
            files: parsed.operands,
            shown,
        })
    }

    fn wants_stdin(&self) -> bool {
        self.files.is_empty() || names_stdin(&self.files)
    }

    fn run(self, call: &Call, stdin: Arc<Vec<u8>>, io: &mut Io<'_>) -> u8 {
        if self.files.is_empty() {
            let counts = count(&stdin);
            // From a pipe GNU cannot know the size: seven columns, when there is more than one number.
            let width = if self.single() { 1 } else { 7 };
            io.print(self.line(&counts, None, width));
            return 0;
        }
        let width = self.width(&stdin, io);
        let mut total = [0u64; 5];
        let mut status = 0;
        for name in &self.files {
            match super::support::read_operand(io, name, &stdin) {
                Ok(content) => {
                    let counts = count(&content);
                    for (sum, count) in total[..4].iter_mut().zip(counts) {
                        *sum += count;
                    }
                    total[4] = total[4].max(counts[4]);
                    io.print(self.line(&counts, Some(name), width));
                }
                Err(error) => {
                    complain(io, call, format!("{}: {error}", named(name)));
                    if error == Errno::IsDirectory {
                        io.print(self.line(&[0; 5], Some(name), width));
                    }
                    status = 1;
                }
            }
        }
        if self.files.len() > 1 {
            io.print(self.line(&total, Some(b"total"), width));
        }
        status
    }
}

impl Wc {
    fn single(&self) -> bool {
        self.shown.iter().filter(|s| **s).count() == 1
    }

    /// Columns a number takes: the digits of all bytes together.
    fn width(&self, stdin: &[u8], io: &Io<'_>) -> usize {
        if self.files.len() == 1 && self.single() {
            return 1;
        }
        let mut bytes = 0;
        let mut least = 1;
        for name in &self.files {
            if name == b"-" {
                let _ = stdin;
                least = 7;
                continue;
            }
            match io.files_ref().metadata(&io.path(name)) {
                Ok(metadata) if metadata.is_file() => bytes += metadata.size,
                Ok(_) => least = 7,
                Err(_) => {}
            }
        }
        bytes.to_string().len().max(least)
    }

    fn line(&self, counts: &[u64; 5], name: Option<&[u8]>, width: usize) -> Vec<u8> {
        let shown = counts.iter().zip(self.shown).filter(|(_, shown)| *shown);
        let numbers: Vec<String> = shown.map(|(count, _)| format!("{count:>width$}")).collect();
        let mut line = numbers.join(" ").into_bytes();
        if let Some(name) = name {
            line.push(b' ');
            line.extend_from_slice(name);
        }
        line.push(b'\n');
        line
    }
}

fn count(content: &[u8]) -> [u64; 5] {
    let lines = content.split(|b| *b == b'\n').count() as u64 - 1;
    let (mut words, mut chars, mut longest, mut position) = (0, 0, 0, 0usize);
    let mut in_word = false;
    for chunk in content.utf8_chunks() {
        for c in chunk.valid().chars() {
            chars += 1;
            match c {
                '\n' | '\r' | '\x0c' => {
                    longest = longest.max(position);
                    position = 0;
                }
                '\t' => position += 8 - position % 8,
                c => position += char_width(c),
            }
            let space = c.is_whitespace();
            if !space && !c.is_control() {
                words += u64::from(!in_word);
                in_word = true;
            } else if space {
                in_word = false;
            }
        }
    }
    [lines, words, chars, content.len() as u64, longest.max(position) as u64]
}
