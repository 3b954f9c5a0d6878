//! `split`, `shuf`, `truncate`, `cmp`: parts of files.

use super::support::gather::{Gather, Gathering, names_stdin};
use super::support::options::{flag, optional, parse, parse_args, value};
use super::support::stream::files_or_stdin;
use super::support::text::{lossy, named, number, quote, quoted, size};
use super::support::utility::{COREUTILS, Utility};
use super::support::{complain, lines, read_operand};
use essaim_kernel::process::RunToEnd;
use essaim_kernel::{Call, Io};
use std::sync::Arc;

pub const SPLIT: Utility = Utility {
    name: "split",
    summary: "split a file into pieces",
    usage: "[OPTION]... [FILE [PREFIX]]",
    options: &[
        value("a", "suffix-length"),
        value("", "additional-suffix"),
        value("b", "bytes"),
        value("C", "line-bytes"),
        optional("d", ""),
        optional("", "numeric-suffixes"),
        value("l", "lines"),
        value("n", "number"),
        flag("", "verbose"),
    ],
    start: Gathering::<Split>::boxed,
    ..COREUTILS
};

#[derive(Clone)]
enum By {
    Lines(usize),
    Bytes(usize),
    LineBytes(usize),
    Parts(usize),
    LineParts(usize),
}

#[derive(Clone)]
struct Split {
    file: Vec<u8>,
    prefix: Vec<u8>,
    by: By,
    digits: bool,
    length: usize,
    fixed: bool,
    suffix: Vec<u8>,
    verbose: bool,
}

impl Gather for Split {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        // `split -100`: as `-l 100`.
        let old = |a: &Vec<u8>| a.len() > 1 && a[0] == b'-' && a[1..].iter().all(u8::is_ascii_digit);
        let args: Vec<Vec<u8>> = call.args[1..]
            .iter()
            .map(|a| if old(a) { [b"-l", &a[1..]].concat() } else { a.clone() })
            .collect();
        let parsed = parse_args(&SPLIT, &args, call, io)?;
        if let Some(extra) = parsed.operands.get(2) {
            return Err(SPLIT.usage_error(call, io, &super::copy::extra_operand(extra)));
        }
        let mut by = By::Lines(1000);
        let mut invalid = None;
        for (option, text) in &parsed.given {
            let text = text.as_deref().unwrap_or_default();
            let amount = |text: &[u8]| size(text).filter(|n| *n > 0).and_then(|n| usize::try_from(n).ok());
            let (what, found) = match *option {
                "lines" => ("lines", amount(text).map(By::Lines)),
                "bytes" => ("bytes", amount(text).map(By::Bytes)),
                "line-bytes" => ("bytes", amount(text).map(By::LineBytes)),
                "number" => match text.strip_prefix(b"l/") {
                    Some(text) => ("chunks", amount(text).map(By::LineParts)),
                    None => ("chunks", amount(text).map(By::Parts)),
                },
                _ => continue,
            };
            match found {
                Some(found) => by = found,
                None => {
                    let range = if number(text) == Some(0) {
                        ": Numerical result out of range"
                    } else {
                        ""
                    };
                    invalid = Some(format!("invalid number of {what}: {}{range}", quote(text)));
                }
            }
        }
        if let Some(message) = invalid {
            complain(io, call, message);
            return Err(1);
        }
        let length = parsed.value("suffix-length").and_then(number);
        let mut operands = parsed.operands.clone();
        let prefix = if operands.len() > 1 {
            operands.remove(1)
        } else {
            b"x".to_vec()
        };
        Ok(Self {
            file: files_or_stdin(operands).remove(0),
            prefix,
            by,
            digits: parsed.has("d") || parsed.has("numeric-suffixes"),
            length: length
                .and_then(|n| usize::try_from(n).ok())
                .filter(|n| *n > 0)
                .unwrap_or(2),
            fixed: length.is_some_and(|n| n > 0),
            suffix: parsed.value("additional-suffix").unwrap_or_default().to_vec(),
            verbose: parsed.has("verbose"),
        })
    }

    fn wants_stdin(&self) -> bool {
        self.file == b"-"
    }

    fn run(self, call: &Call, stdin: Arc<Vec<u8>>, io: &mut Io<'_>) -> u8 {
        let content = match read_operand(io, &self.file, &stdin) {
            Ok(content) => content,
            Err(error) => {
                complain(
                    io,
                    call,
                    format!("cannot open {} for reading: {error}", quoted(&self.file)),
                );
                return 1;
            }
        };
        for (index, piece) in self.pieces(&content).into_iter().enumerate() {
            let Some(suffix) = self.name(index) else {
                complain(io, call, "output file suffixes exhausted");
                return 1;
            };
            let name = [self.prefix.as_slice(), &suffix, &self.suffix].concat();
            if self.verbose {
                io.print(format!("creating file {}\n", quoted(&name)));
            }
            let path = io.path(&name);
            if let Err(error) = io.files().write(&path, piece.to_vec()) {
                complain(io, call, format!("{}: {error}", named(&name)));
                return 1;
            }
        }
        0
    }
}

impl Split {
    fn pieces<'a>(&self, content: &'a [u8]) -> Vec<&'a [u8]> {
        match self.by {
            By::Bytes(count) => content.chunks(count).collect(),
            By::Parts(count) => {
                let each = content.len() / count;
                let more = content.len() % count;
                let start = |n: usize| n * each + n.min(more);
                (0..count).map(|n| &content[start(n)..start(n + 1)]).collect()
            }
            By::Lines(count) => cut(content, |lines, _, _| lines == count),
            By::LineBytes(count) => cut(content, |_, bytes, next| bytes + next > count),
            By::LineParts(count) => {
                let mut out = Vec::new();
                let mut from = 0;
                for part in 1..=count {
                    let mut to = (content.len() / count * part).max(from);
                    if part == count {
                        to = content.len();
                    }
                    while to > from && to < content.len() && content[to - 1] != b'\n' {
                        to += 1;
                    }
                    out.push(&content[from..to]);
                    from = to;
                }
                out
            }
        }
    }

    /// `aa`, `ab` … `zz`; without a given length, longer ones after `yz`.
    fn name(&self, index: usize) -> Option<Vec<u8>> {
        let (base, first): (usize, u8) = if self.digits { (10, b'0') } else { (26, b'a') };
        let (mut length, mut index, mut marks) = (self.length, index, 0);
        loop {
            let most = base.checked_pow(u32::try_from(length).ok()?)? / base * (base - 1);
            if self.fixed || index < most {
                break;
            }
            index -= most;
            length += 1;
            marks += 1;
        }
        let mut out = vec![0; length];
        for slot in out.iter_mut().rev() {
            *slot = first + (index % base) as u8;
            index /= base;
        }
        let last = if self.digits { b'9' } else { b'z' };
        (index == 0).then(|| [vec![last; marks], out].concat())
    }
}

/// Pieces of whole lines: `full` says whether one more does not fit, by the lines and bytes there are and its bytes.
fn cut(content: &[u8], full: impl Fn(usize, usize, usize) -> bool) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let (mut from, mut at, mut count) = (0, 0, 0);
    for line in content.split_inclusive(|b| *b == b'\n') {
        if count > 0 && full(count, at - from, line.len()) {
            out.push(&content[from..at]);
            (from, count) = (at, 0);
        }
        at += line.len();
        count += 1;
    }
    if at > from {
        out.push(&content[from..at]);
    }
    out
}

pub const SHUF: Utility = Utility {
    name: "shuf",
    summary: "generate random permutations",
    usage: "[OPTION]... [FILE]",
    options: &[
        flag("e", "echo"),
        value("i", "input-range"),
        value("n", "head-count"),
        value("o", "output"),
        flag("r", "repeat"),
        flag("z", "zero-terminated"),
    ],
    start: Gathering::<Shuf>::boxed,
    ..COREUTILS
};

#[derive(Clone)]
struct Shuf {
    file: Option<Vec<u8>>,
    items: Vec<Vec<u8>>,
    most: usize,
    repeat: bool,
    output: Option<Vec<u8>>,
    end: u8,
}

/// Numbers a range may have.
const RANGE_MAX: u64 = 1_000_000;

impl Gather for Shuf {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let parsed = parse(&SHUF, call, io)?;
        let mut items = Vec::new();
        let mut file = None;
        if parsed.has("echo") {
            items = parsed.operands.clone();
        } else if let Some(range) = parsed.value("input-range") {
            let text = lossy(range);
            let ends = text
                .split_once('-')
                .and_then(|(a, b)| Some((a.parse::<u64>().ok()?, b.parse::<u64>().ok()?)));
            let Some((low, high)) = ends.filter(|(low, high)| low <= &(high + 1)) else {
                complain(io, call, format!("invalid input range: {}", quote(range)));
                return Err(1);
            };
            items.extend((low..=high.min(low + RANGE_MAX)).map(|n| n.to_string().into_bytes()));
        } else {
            if let Some(extra) = parsed.operands.get(1) {
                return Err(SHUF.usage_error(call, io, &super::copy::extra_operand(extra)));
            }
            file = Some(files_or_stdin(parsed.operands.clone()).remove(0));
        }
        let most = match parsed.value("head-count") {
            None => usize::MAX,
            Some(text) => match number(text) {
                Some(n) => usize::try_from(n).unwrap_or(usize::MAX),
                None => {
                    complain(io, call, format!("invalid line count: {}", quote(text)));
                    return Err(1);
                }
            },
        };
        Ok(Self {
            file,
            items,
            most,
            repeat: parsed.has("repeat"),
            output: parsed.value("output").map(<[u8]>::to_vec),
            end: if parsed.has("zero-terminated") { 0 } else { b'\n' },
        })
    }

    fn wants_stdin(&self) -> bool {
        self.file.as_deref() == Some(b"-")
    }

    fn run(mut self, call: &Call, stdin: Arc<Vec<u8>>, io: &mut Io<'_>) -> u8 {
        if let Some(name) = &self.file {
            match read_operand(io, name, &stdin) {
                Ok(content) => self.items = lines(&content, self.end).map(<[u8]>::to_vec).collect(),
                Err(error) => {
                    complain(io, call, format!("{}: {error}", named(name)));
                    return 1;
                }
            }
        }
        let mut out = Vec::new();
        let count = self.items.len();
        let most = if self.repeat {
            self.most.min(RANGE_MAX as usize)
        } else {
            self.most.min(count)
        };
        if self.repeat && count == 0 && most > 0 {
            complain(io, call, "no lines to repeat");
            return 1;
        }
        for at in 0..most {
            let from = if self.repeat { 0 } else { at };
            let chosen = from + io.random("shuf").below((count - from) as u64) as usize;
            if self.repeat {
                out.extend_from_slice(&self.items[chosen]);
            } else {
                self.items.swap(at, chosen);
                out.extend_from_slice(&self.items[at]);
            }
            out.push(self.end);
        }
        let Some(name) = &self.output else {
            io.print(out);
            return 0;
        };
        let path = io.path(name);
        match io.files().write(&path, out) {
            Ok(()) => 0,
            Err(error) => {
                complain(io, call, format!("{}: {error}", named(name)));
                1
            }
        }
    }
}

pub const TRUNCATE: Utility = Utility {
    name: "truncate",
    summary: "shrink or extend the size of a file",
    usage: "OPTION... FILE...",
    options: &[flag("c", "no-create"), value("r", "reference"), value("s", "size")],
    start: |call| RunToEnd::boxed(call, truncate),
    ..COREUTILS
};

fn truncate(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&TRUNCATE, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let reference = match parsed.value("reference") {
        None => None,
        Some(name) => match io.files_ref().metadata(&io.path(name)) {
            Ok(metadata) => Some(metadata.size),
            Err(error) => {
                complain(io, call, format!("cannot stat {}: {error}", quoted(name)));
                return 1;
            }
        },
    };
    let text = parsed.value("size").unwrap_or(b"+0");
    if reference.is_none() && !parsed.has("size") {
        return TRUNCATE.usage_error(call, io, "you must specify either ‘--size’ or ‘--reference’");
    }
    let (mark, digits) = match text {
        [mark @ (b'+' | b'-' | b'<' | b'>' | b'/' | b'%'), rest @ ..] => (*mark, rest),
        text => (0, text),
    };
    let Some(amount) = size(digits) else {
        complain(io, call, format!("Invalid number: {}", quote(text)));
        return 1;
    };
    if parsed.operands.is_empty() {
        return TRUNCATE.usage_error(call, io, "missing file operand");
    }
    let mut status = 0;
    for name in &parsed.operands {
        let path = io.path(name);
        if parsed.has("no-create") && !io.files_ref().exists(&path) {
            continue;
        }
        let changed = |old: u64| match mark {
            b'+' => old.saturating_add(amount),
            b'-' => old.saturating_sub(amount),
            b'<' => old.min(amount),
            b'>' => old.max(amount),
            b'/' => old / amount.max(1) * amount,
            b'%' => old.div_ceil(amount.max(1)) * amount,
            _ => amount,
        };
        if let Err(message) = resize(name, reference, changed, io) {
            complain(io, call, message);
            status = 1;
        }
    }
    status
}

fn resize(name: &[u8], reference: Option<u64>, changed: impl Fn(u64) -> u64, io: &mut Io<'_>) -> Result<(), String> {
    let path = io.path(name);
    let failed = |error| format!("cannot open {} for writing: {error}", quoted(name));
    let mut content = match io.files_ref().read(&path) {
        Ok(content) => content.as_ref().clone(),
        Err(essaim_kernel::Errno::NoEntry) => Vec::new(),
        Err(error) => return Err(failed(error)),
    };
    let new = changed(reference.unwrap_or(content.len() as u64));
    if new > io.limits().file_bytes_max {
        return Err(format!(
            "failed to truncate {} at {new} bytes: File too large",
            quoted(name)
        ));
    }
    content.resize(new as usize, 0);
    io.files().write(&path, content).map_err(failed)
}

pub const CMP: Utility = Utility {
    name: "cmp",
    summary: "compare two files byte by byte",
    usage: "[OPTION]... FILE1 [FILE2 [SKIP1 [SKIP2]]]",
    package: "GNU diffutils",
    options: &[
        flag("b", "print-bytes"),
        value("i", "ignore-initial"),
        flag("l", "verbose"),
        value("n", "bytes"),
        flag("s", "quiet"),
        flag("", "silent"),
    ],
    usage_status: 2,
    start: Gathering::<Cmp>::boxed,
    ..COREUTILS
};

#[derive(Clone)]
struct Cmp {
    files: [Vec<u8>; 2],
    skip: [usize; 2],
    most: usize,
    verbose: bool,
    quiet: bool,
    bytes: bool,
}

impl Gather for Cmp {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let parsed = parse(&CMP, call, io)?;
        let name = call.args.first().map(|n| lossy(n)).unwrap_or_default();
        let Some(first) = parsed.operands.first() else {
            let shown = format!("missing operand after '{name}'");
            return Err(CMP.usage_error(call, io, &shown));
        };
        let at = |index: usize| parsed.operands.get(index).and_then(|t| size(t)).unwrap_or(0) as usize;
        let mut skip = [at(2), at(3)];
        if let Some(text) = parsed.value("ignore-initial") {
            let mut parts = text.split(|b| *b == b':').map(|t| size(t).unwrap_or(0) as usize);
            skip[0] = parts.next().unwrap_or(0);
            skip[1] = parts.next().unwrap_or(skip[0]);
        }
        Ok(Self {
            files: [
                first.clone(),
                parsed.operands.get(1).cloned().unwrap_or_else(|| b"-".to_vec()),
            ],
            skip,
            most: parsed.value("bytes").and_then(size).map_or(usize::MAX, |n| n as usize),
            verbose: parsed.has("verbose"),
            quiet: parsed.has("quiet") || parsed.has("silent"),
            bytes: parsed.has("print-bytes"),
        })
    }

    fn wants_stdin(&self) -> bool {
        names_stdin(&self.files)
    }

    fn run(self, call: &Call, stdin: Arc<Vec<u8>>, io: &mut Io<'_>) -> u8 {
        let mut contents = Vec::new();
        for (name, skip) in self.files.iter().zip(self.skip) {
            match read_operand(io, name, &stdin) {
                Ok(content) => {
                    let from = skip.min(content.len());
                    contents.push(content[from..from.saturating_add(self.most).min(content.len())].to_vec());
                }
                Err(error) => {
                    complain(io, call, format!("{}: {error}", lossy(name)));
                    return 2;
                }
            }
        }
        let (a, b) = (&contents[0], &contents[1]);
        let differ: Vec<usize> = (0..a.len().min(b.len())).filter(|at| a[*at] != b[*at]).collect();
        if self.quiet {
            return u8::from(a != b);
        }
        let shorter = usize::from(b.len() < a.len());
        if self.verbose {
            let width = a.len().min(b.len()).to_string().len();
            for at in &differ {
                io.print(format!("{:>width$} {:>3o} {:>3o}\n", at + 1, a[*at], b[*at]));
            }
        } else if let Some(at) = differ.first() {
            let line = a[..*at].iter().filter(|b| **b == b'\n').count() + 1;
            let names = format!("{} {}", lossy(&self.files[0]), lossy(&self.files[1]));
            let values = if self.bytes {
                let shown = |byte: u8| {
                    if (32..127).contains(&byte) {
                        char::from(byte).to_string()
                    } else {
                        caret(byte)
                    }
                };
                format!(" is {:>3o} {} {:>3o} {}", a[*at], shown(a[*at]), b[*at], shown(b[*at]))
            } else {
                String::new()
            };
            io.print(format!("{names} differ: byte {}, line {line}{values}\n", at + 1));
            return 1;
        }
        if a.len() == b.len() {
            return u8::from(!differ.is_empty());
        }
        let (name, content) = (lossy(&self.files[shorter]), &contents[shorter]);
        let newlines = content.iter().filter(|b| **b == b'\n').count();
        let text = if content.is_empty() {
            format!("EOF on {name} which is empty")
        } else if self.verbose {
            format!("EOF on {name} after byte {}", content.len())
        } else if content.ends_with(b"\n") {
            format!("EOF on {name} after byte {}, line {newlines}", content.len())
        } else {
            format!("EOF on {name} after byte {}, in line {}", content.len(), newlines + 1)
        };
        complain(io, call, text);
        1
    }
}

/// `^J`, `M-^@`
fn caret(byte: u8) -> String {
    let (prefix, low) = if byte >= 128 { ("M-", byte - 128) } else { ("", byte) };
    match low {
        127 => format!("{prefix}^?"),
        0..32 => format!("{prefix}^{}", char::from(low + 64)),
        low => format!("{prefix}{}", char::from(low)),
    }
}
