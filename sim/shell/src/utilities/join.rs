//! `join`: lines of two sorted files that share a field.

use super::support::gather::{Gather, Gathering, names_stdin};
use super::support::options::{Parsed, flag, parse, value};
use super::support::text::{lossy, named, number, quote, quoted};
use super::support::utility::{COREUTILS, Utility};
use super::support::{complain, lines, read_operand};
use essaim_kernel::{Call, Io};
use std::cmp::Ordering;
use std::sync::Arc;

pub const UTILITY: Utility = Utility {
    name: "join",
    summary: "join lines of two files on a common field",
    usage: "[OPTION]... FILE1 FILE2",
    options: &[
        value("a", ""),
        value("e", ""),
        flag("i", "ignore-case"),
        value("j", ""),
        value("o", ""),
        value("t", ""),
        value("v", ""),
        value("1", ""),
        value("2", ""),
        flag("", "check-order"),
        flag("", "nocheck-order"),
        flag("", "header"),
        flag("z", "zero-terminated"),
    ],
    start: Gathering::<Join>::boxed,
    ..COREUTILS
};

#[derive(Clone)]
struct Join {
    files: Vec<Vec<u8>>,
    /// The field that counts, from 0, of each file.
    keys: [usize; 2],
    separator: Option<u8>,
    /// Lines without partner are shown too.
    also: [bool; 2],
    pairs: bool,
    ignore_case: bool,
    header: bool,
    checks: bool,
    empty: Vec<u8>,
    /// (file, field); the file is 2 for the common field.
    format: Vec<(usize, usize)>,
    automatic: bool,
    end: u8,
}

fn field(text: &[u8], call: &Call, io: &mut Io<'_>) -> Result<usize, u8> {
    match number(text) {
        Some(n) if n > 0 => Ok(usize::try_from(n).unwrap_or(usize::MAX) - 1),
        _ => {
            complain(io, call, format!("invalid field number: {}", quote(text)));
            Err(1)
        }
    }
}

fn format(parsed: &Parsed, call: &Call, io: &mut Io<'_>) -> Result<Vec<(usize, usize)>, u8> {
    let mut out = Vec::new();
    for text in parsed.values("o").filter(|t| *t != b"auto") {
        for part in text.split(|b| matches!(b, b',' | b' ')) {
            out.push(match part {
                b"0" => (2, 0),
                [b'1', b'.', n @ ..] => (0, field(n, call, io)?),
                [b'2', b'.', n @ ..] => (1, field(n, call, io)?),
                other => {
                    let file = matches!(other, [b'0'..=b'9', b'.', ..]);
                    let what = if file {
                        "file number in field spec"
                    } else {
                        "field specifier"
                    };
                    complain(io, call, format!("invalid {what}: {}", quote(other)));
                    return Err(1);
                }
            });
        }
    }
    Ok(out)
}

impl Gather for Join {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let parsed = parse(&UTILITY, call, io)?;
        match parsed.operands.as_slice() {
            [] => return Err(UTILITY.usage_error(call, io, "missing operand")),
            [one] => return Err(UTILITY.usage_error(call, io, &format!("missing operand after {}", quote(one)))),
            [_, _] => {}
            [_, _, extra, ..] => {
                return Err(UTILITY.usage_error(call, io, &format!("extra operand {}", quoted(extra))));
            }
        }
        let mut keys = [0; 2];
        for (option, text) in &parsed.given {
            let text = text.as_deref().unwrap_or_default();
            match *option {
                "1" => keys[0] = field(text, call, io)?,
                "2" => keys[1] = field(text, call, io)?,
                "j" => keys = [field(text, call, io)?; 2],
                _ => {}
            }
        }
        let separator = match parsed.value("t") {
            None => None,
            Some(b"") => Some(b'\n'),
            Some([byte]) => Some(*byte),
            Some(text) => {
                complain(io, call, format!("multi-character tab {}", quote(text)));
                return Err(1);
            }
        };
        let mut also = [false; 2];
        for text in parsed.values("a").chain(parsed.values("v")) {
            match text {
                b"1" => also[0] = true,
                b"2" => also[1] = true,
                _ => {
                    complain(io, call, format!("invalid field number: {}", quote(text)));
                    return Err(1);
                }
            }
        }
        Ok(Self {
            keys,
            separator,
            also,
            pairs: !parsed.has("v"),
            ignore_case: parsed.has("ignore-case"),
            header: parsed.has("header"),
            checks: !parsed.has("nocheck-order"),
            empty: parsed.value("e").unwrap_or_default().to_vec(),
            format: format(&parsed, call, io)?,
            automatic: parsed.value("o") == Some(b"auto"),
            end: if parsed.has("zero-terminated") { 0 } else { b'\n' },
            files: parsed.operands,
        })
    }

    fn wants_stdin(&self) -> bool {
        names_stdin(&self.files)
    }

    fn run(mut self, call: &Call, stdin: Arc<Vec<u8>>, io: &mut Io<'_>) -> u8 {
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
        let left: Vec<Vec<&[u8]>> = lines(&contents[0], self.end).map(|l| self.fields(l)).collect();
        let right: Vec<Vec<&[u8]>> = lines(&contents[1], self.end).map(|l| self.fields(l)).collect();
        if self.automatic {
            let width = |all: &[Vec<&[u8]>]| all.first().map_or(0, Vec::len);
            self.format = vec![(2, 0)];
            for (file, count) in [(0, width(&left)), (1, width(&right))] {
                let rest = (0..count).filter(|at| *at != self.keys[file]);
                self.format.extend(rest.map(|at| (file, at)));
            }
        }
        let mut out = Vec::new();
        let mut disorder = Vec::new();
        self.merge(&left, &right, &mut out, &mut disorder);
        io.print(out);
        for (file, line) in &disorder {
            let text = lines(&contents[*file], self.end).nth(*line).unwrap_or_default();
            let place = format!("{}:{}", lossy(&self.files[*file]), line + 1);
            complain(io, call, format!("{place}: is not sorted: {}", lossy(text)));
        }
        if disorder.is_empty() {
            return 0;
        }
        complain(io, call, "input is not in sorted order");
        1
    }
}

impl Join {
    fn fields<'a>(&self, line: &'a [u8]) -> Vec<&'a [u8]> {
        match self.separator {
            Some(separator) => line.split(|b| *b == separator).collect(),
            None => {
                let words = line.split(|b| matches!(b, b' ' | b'\t'));
                words.filter(|w| !w.is_empty()).collect()
            }
        }
    }

    fn key<'a>(&self, file: usize, line: &[&'a [u8]]) -> &'a [u8] {
        line.get(self.keys[file]).copied().unwrap_or_default()
    }

    fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        if self.ignore_case {
            return a.to_ascii_uppercase().cmp(&b.to_ascii_uppercase());
        }
        a.cmp(b)
    }

    fn merge(&self, left: &[Vec<&[u8]>], right: &[Vec<&[u8]>], out: &mut Vec<u8>, disorder: &mut Vec<(usize, usize)>) {
        let (mut i, mut j) = (0, 0);
        if self.header {
            if let (Some(a), Some(b)) = (left.first(), right.first()) {
                self.show(Some(a), Some(b), out);
            }
            (i, j) = (1, 1);
        }
        let mut unpaired = false;
        let (first_i, first_j) = (i, j);
        while i < left.len() || j < right.len() {
            let order = match (left.get(i), right.get(j)) {
                (Some(a), Some(b)) => self.compare(self.key(0, a), self.key(1, b)),
                (Some(_), None) => Ordering::Less,
                _ => Ordering::Greater,
            };
            match order {
                Ordering::Less => {
                    if self.also[0] {
                        self.show(Some(&left[i]), None, out);
                    }
                    unpaired = true;
                    i += 1;
                }
                Ordering::Greater => {
                    if self.also[1] {
                        self.show(None, Some(&right[j]), out);
                    }
                    unpaired = true;
                    j += 1;
                }
                Ordering::Equal => {
                    let same = |file: usize, all: &[Vec<&[u8]>], from: usize| {
                        let key = self.key(file, &all[from]);
                        let equal = |l: &&Vec<&[u8]>| self.compare(self.key(file, l), key) == Ordering::Equal;
                        all[from..].iter().take_while(equal).count()
                    };
                    let (m, n) = (same(0, left, i), same(1, right, j));
                    if self.pairs {
                        for a in &left[i..i + m] {
                            for b in &right[j..j + n] {
                                self.show(Some(a), Some(b), out);
                            }
                        }
                    }
                    i += m;
                    j += n;
                }
            }
        }
        if !self.checks || !unpaired {
            return;
        }
        for (file, all, first) in [(0, left, first_i), (1, right, first_j)] {
            let falls = |at: &usize| {
                self.compare(self.key(file, &all[*at - 1]), self.key(file, &all[*at])) == Ordering::Greater
            };
            disorder.extend((first + 1..all.len()).find(falls).map(|at| (file, at)));
        }
    }

    fn show(&self, left: Option<&Vec<&[u8]>>, right: Option<&Vec<&[u8]>>, out: &mut Vec<u8>) {
        let lines = [left, right];
        let common = match (left, right) {
            (Some(line), _) => self.key(0, line),
            (None, Some(line)) => self.key(1, line),
            (None, None) => b"",
        };
        let mut parts: Vec<&[u8]> = Vec::new();
        if self.format.is_empty() {
            parts.push(common);
            for (file, line) in lines.iter().enumerate() {
                let rest = line.iter().flat_map(|l| l.iter()).enumerate();
                parts.extend(rest.filter(|(at, _)| *at != self.keys[file]).map(|(_, f)| *f));
            }
        } else {
            for (file, at) in &self.format {
                let found = match *file {
                    2 => Some(common),
                    file => lines[file].and_then(|l| l.get(*at).copied()),
                };
                parts.push(found.filter(|f| !f.is_empty()).unwrap_or(&self.empty));
            }
        }
        out.extend(parts.join(&[self.separator.unwrap_or(b' ')][..]));
        out.push(self.end);
    }
}
