//! Commands over whole files: `tac`, `paste`, `comm`, `base64` and the checksums stand beside.

use super::support::gather::{Gather, Gathering, names_stdin};
use super::support::options::{flag, missing, parse, value};
use super::support::stream::files_or_stdin;
use super::support::text::{named, number, quote, quoted};
use super::support::utility::{COREUTILS, Utility};
use super::support::{complain, lines, read_operand};
use essaim_kernel::{Call, Io};
use std::cmp::Ordering;
use std::sync::Arc;

pub const TAC: Utility = Utility {
    name: "tac",
    summary: "concatenate and print files in reverse",
    options: &[flag("b", "before"), missing("r", "regex"), value("s", "separator")],
    start: Gathering::<Tac>::boxed,
    ..COREUTILS
};

#[derive(Clone)]
struct Tac {
    files: Vec<Vec<u8>>,
    separator: Vec<u8>,
    before: bool,
}

impl Gather for Tac {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let parsed = parse(&TAC, call, io)?;
        let separator = parsed.value("separator").unwrap_or(b"\n").to_vec();
        if separator.is_empty() {
            complain(io, call, "separator cannot be empty");
            return Err(1);
        }
        Ok(Self {
            separator,
            before: parsed.has("before"),
            files: files_or_stdin(parsed.operands),
        })
    }

    fn wants_stdin(&self) -> bool {
        names_stdin(&self.files)
    }

    fn run(self, call: &Call, stdin: Arc<Vec<u8>>, io: &mut Io<'_>) -> u8 {
        let mut status = 0;
        for name in &self.files {
            match read_operand(io, name, &stdin) {
                Ok(content) => {
                    io.print(self.reversed(&content));
                }
                Err(error) => {
                    let text = if error == essaim_kernel::Errno::IsDirectory {
                        format!("{}: read error: {error}", named(name))
                    } else {
                        format!("failed to open {} for reading: {error}", quoted(name))
                    };
                    complain(io, call, text);
                    status = 1;
                }
            }
        }
        status
    }
}

impl Tac {
    fn reversed(&self, content: &[u8]) -> Vec<u8> {
        let mut parts = Vec::new();
        let (mut from, mut at, length) = (0, 0, self.separator.len());
        while at < content.len() {
            if !content[at..].starts_with(&self.separator) {
                at += 1;
                continue;
            }
            let cut = if self.before { at } else { at + length };
            if cut > from {
                parts.push(&content[from..cut]);
            }
            from = cut;
            at += length;
        }
        parts.push(&content[from..]);
        parts.into_iter().rev().flatten().copied().collect()
    }
}

pub const PASTE: Utility = Utility {
    name: "paste",
    summary: "merge lines of files",
    options: &[
        value("d", "delimiters"),
        flag("s", "serial"),
        flag("z", "zero-terminated"),
    ],
    start: Gathering::<Paste>::boxed,
    ..COREUTILS
};

#[derive(Clone)]
struct Paste {
    files: Vec<Vec<u8>>,
    delimiters: Vec<Vec<u8>>,
    serial: bool,
    end: u8,
}

impl Gather for Paste {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let parsed = parse(&PASTE, call, io)?;
        let mut delimiters = Vec::new();
        let mut text = parsed.value("delimiters").unwrap_or(b"\t");
        while let Some((byte, rest)) = text.split_first() {
            text = rest;
            if *byte == b'\\' && !rest.is_empty() {
                delimiters.push(match rest[0] {
                    b'n' => b"\n".to_vec(),
                    b't' => b"\t".to_vec(),
                    b'0' => Vec::new(),
                    other => vec![other],
                });
                text = &rest[1..];
            } else {
                delimiters.push(vec![*byte]);
            }
        }
        if delimiters.is_empty() {
            delimiters.push(Vec::new());
        }
        Ok(Self {
            files: files_or_stdin(parsed.operands.clone()),
            delimiters,
            serial: parsed.has("serial"),
            end: if parsed.has("zero-terminated") { 0 } else { b'\n' },
        })
    }

    fn wants_stdin(&self) -> bool {
        names_stdin(&self.files)
    }

    fn run(self, call: &Call, stdin: Arc<Vec<u8>>, io: &mut Io<'_>) -> u8 {
        let mut contents = Vec::new();
        let mut status = 0;
        for name in &self.files {
            match read_operand(io, name, &stdin) {
                Ok(content) => contents.push(content),
                Err(error) => {
                    complain(io, call, format!("{}: {error}", named(name)));
                    status = 1;
                    if !self.serial {
                        return 1;
                    }
                }
            }
        }
        let inputs = self.files.iter().filter(|n| n.as_slice() == b"-").count();
        let delimiter = |index: usize| self.delimiters[index % self.delimiters.len()].as_slice();
        let mut out = Vec::new();
        if self.serial {
            for content in &contents {
                for (index, line) in lines(content, self.end).enumerate() {
                    if index > 0 {
                        out.extend_from_slice(delimiter(index - 1));
                    }
                    out.extend_from_slice(line);
                }
                out.push(self.end);
            }
        } else {
            // Several `-` take turns.
            let mut turn = 0;
            let columns: Vec<Vec<&[u8]>> = contents
                .iter()
                .zip(&self.files)
                .map(|(content, name)| {
                    let all = lines(content, self.end);
                    if name == b"-" {
                        turn += 1;
                        all.skip(turn - 1).step_by(inputs).collect()
                    } else {
                        all.collect()
                    }
                })
                .collect();
            let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
            for row in 0..rows {
                for (index, column) in columns.iter().enumerate() {
                    if index > 0 {
                        out.extend_from_slice(delimiter(index - 1));
                    }
                    out.extend_from_slice(column.get(row).copied().unwrap_or_default());
                }
                out.push(self.end);
            }
        }
        io.print(out);
        status
    }
}

pub const COMM: Utility = Utility {
    name: "comm",
    summary: "compare two sorted files line by line",
    usage: "[OPTION]... FILE1 FILE2",
    options: &[
        flag("1", ""),
        flag("2", ""),
        flag("3", ""),
        flag("", "check-order"),
        flag("", "nocheck-order"),
        value("", "output-delimiter"),
        flag("", "total"),
        flag("z", "zero-terminated"),
    ],
    start: Gathering::<Comm>::boxed,
    ..COREUTILS
};

#[derive(Clone)]
struct Comm {
    files: Vec<Vec<u8>>,
    hidden: [bool; 3],
    delimiter: Vec<u8>,
    total: bool,
    checks: bool,
    end: u8,
}

impl Gather for Comm {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let parsed = parse(&COMM, call, io)?;
        match parsed.operands.as_slice() {
            [] => return Err(COMM.usage_error(call, io, "missing operand")),
            [one] => return Err(COMM.usage_error(call, io, &format!("missing operand after {}", quote(one)))),
            [_, _] => {}
            [_, _, extra, ..] => return Err(COMM.usage_error(call, io, &super::copy::extra_operand(extra))),
        }
        Ok(Self {
            hidden: ["1", "2", "3"].map(|key| parsed.has(key)),
            delimiter: parsed.value("output-delimiter").unwrap_or(b"\t").to_vec(),
            total: parsed.has("total"),
            checks: !parsed.has("nocheck-order"),
            end: if parsed.has("zero-terminated") { 0 } else { b'\n' },
            files: parsed.operands,
        })
    }

    fn wants_stdin(&self) -> bool {
        names_stdin(&self.files)
    }

    fn run(self, call: &Call, stdin: Arc<Vec<u8>>, io: &mut Io<'_>) -> u8 {
        let mut contents = Vec::new();
        for name in &self.files {
            match read_operand(io, name, &stdin) {
                Ok(content) => contents.push(content),
                Err(error) => {
                    complain(io, call, format!("{}: {error}", named(name)));
                    return 1;
                }
            }
        }
        let left: Vec<&[u8]> = lines(&contents[0], self.end).collect();
        let right: Vec<&[u8]> = lines(&contents[1], self.end).collect();
        let (mut i, mut j) = (0, 0);
        let mut counts = [0u64; 3];
        let mut out = Vec::new();
        while i < left.len() || j < right.len() {
            let order = match (left.get(i), right.get(j)) {
                (Some(a), Some(b)) => a.cmp(b),
                (Some(_), None) => Ordering::Less,
                _ => Ordering::Greater,
            };
            let (column, line) = match order {
                Ordering::Less => (0, left[i]),
                Ordering::Greater => (1, right[j]),
                Ordering::Equal => (2, left[i]),
            };
            i += usize::from(column != 1);
            j += usize::from(column != 0);
            counts[column] += 1;
            if self.hidden[column] {
                continue;
            }
            for shown in &self.hidden[..column] {
                if !shown {
                    out.extend_from_slice(&self.delimiter);
                }
            }
            out.extend_from_slice(line);
            out.push(self.end);
        }
        if self.total {
            let delimiter = String::from_utf8_lossy(&self.delimiter).into_owned();
            let [a, b, c] = counts;
            out.extend_from_slice(format!("{a}{delimiter}{b}{delimiter}{c}{delimiter}total").as_bytes());
            out.push(self.end);
        }
        io.print(out);
        let mut status = 0;
        for (index, all) in [(1, &left), (2, &right)] {
            if self.checks && !all.is_sorted() {
                complain(io, call, format!("file {index} is not in sorted order"));
                status = 1;
            }
        }
        if status != 0 {
            complain(io, call, "input is not in sorted order");
        }
        status
    }
}

pub const BASE64: Utility = Utility {
    name: "base64",
    summary: "base64 encode or decode data",
    usage: "[OPTION]... [FILE]",
    options: &[flag("d", "decode"), flag("i", "ignore-garbage"), value("w", "wrap")],
    start: Gathering::<Base64>::boxed,
    ..COREUTILS
};

#[derive(Clone)]
struct Base64 {
    file: Vec<u8>,
    decode: bool,
    ignore: bool,
    wrap: usize,
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Gather for Base64 {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let parsed = parse(&BASE64, call, io)?;
        if let Some(extra) = parsed.operands.get(1) {
            return Err(BASE64.usage_error(call, io, &super::copy::extra_operand(extra)));
        }
        let wrap = parsed.value("wrap").unwrap_or(b"76");
        let Some(width) = number(wrap) else {
            complain(io, call, format!("invalid wrap size: {}", quote(wrap)));
            return Err(1);
        };
        Ok(Self {
            decode: parsed.has("decode"),
            ignore: parsed.has("ignore-garbage"),
            wrap: usize::try_from(width).unwrap_or(0),
            file: files_or_stdin(parsed.operands).remove(0),
        })
    }

    fn wants_stdin(&self) -> bool {
        self.file == b"-"
    }

    fn run(self, call: &Call, stdin: Arc<Vec<u8>>, io: &mut Io<'_>) -> u8 {
        let content = match read_operand(io, &self.file, &stdin) {
            Ok(content) => content,
            Err(error) => {
                complain(io, call, format!("{}: {error}", named(&self.file)));
                return 1;
            }
        };
        if self.decode {
            let (out, valid) = decode(&content, self.ignore);
            io.print(out);
            if !valid {
                complain(io, call, "invalid input");
                return 1;
            }
            return 0;
        }
        let text = encode(&content);
        if self.wrap == 0 {
            io.print(text);
            return 0;
        }
        for line in text.chunks(self.wrap) {
            io.print([line, b"\n"].concat());
        }
        0
    }
}

fn encode(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            out.push(if index <= chunk.len() {
                ALPHABET[(word >> (18 - 6 * index)) as usize & 63]
            } else {
                b'='
            });
        }
    }
    out
}

fn decode(text: &[u8], ignore: bool) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let (mut word, mut count, mut padding) = (0u32, 0, 0);
    for byte in text {
        match ALPHABET.iter().position(|b| b == byte) {
            Some(value) if padding == 0 => {
                word = word << 6 | value as u32;
                count += 1;
                if count == 4 {
                    out.extend_from_slice(&word.to_be_bytes()[1..]);
                    (word, count) = (0, 0);
                }
            }
            _ if *byte == b'=' && count >= 2 => padding += 1,
            _ if *byte == b'\n' || ignore => {}
            _ => return (out, false),
        }
    }
    match (count, padding) {
        (0, 0) => {}
        (2, 2) => out.push((word >> 4) as u8),
        (3, 1) => out.extend_from_slice(&((word >> 2) as u16).to_be_bytes()),
        _ => return (out, false),
    }
    (out, true)
}
