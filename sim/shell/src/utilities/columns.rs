//! `column`, `fold`, `expand`: text in a width.

use super::support::complain;
use super::support::gather::{Gather, Gathering, names_stdin};
use super::support::options::{flag, missing, missing_value, parse, parse_args, value};
use super::support::stream::files_or_stdin;
use super::support::text::{char_len, lossy, named, number, quote, width};
use super::support::utility::{COREUTILS, Utility};
use super::support::{lines, read_operand};
use essaim_kernel::{Call, Io};
use std::sync::Arc;

pub const COLUMN: Utility = Utility {
    name: "column",
    summary: "columnate lists",
    usage: "[OPTION]... [FILE]...",
    package: "util-linux",
    options: &[
        value("c", "output-width"),
        missing("J", "json"),
        flag("L", "keep-empty-lines"),
        value("N", "table-columns"),
        value("o", "output-separator"),
        value("R", "table-right"),
        value("s", "separator"),
        flag("t", "table"),
        missing_value("T", "table-truncate"),
        flag("x", "fillrows"),
    ],
    start: Gathering::<Column>::boxed,
    ..COREUTILS
};

#[derive(Clone)]
struct Column {
    files: Vec<Vec<u8>>,
    table: bool,
    separators: Option<Vec<u8>>,
    output: String,
    names: Vec<String>,
    right: Vec<String>,
    rows_first: bool,
    keep_empty: bool,
    width: usize,
}

impl Gather for Column {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let parsed = parse(&COLUMN, call, io)?;
        let list = |key: &str| -> Vec<String> {
            let text = parsed.value(key).map(lossy);
            text.map(|t| t.split(',').map(str::to_owned).collect())
                .unwrap_or_default()
        };
        let terminal = io.window_size().map_or(80, |(columns, _)| usize::from(columns));
        let width = parsed.value("output-width").and_then(number).map(|n| n as usize);
        Ok(Self {
            table: parsed.has("table"),
            separators: parsed.value("separator").map(<[u8]>::to_vec),
            output: parsed.value("output-separator").map_or("  ".to_owned(), lossy),
            names: list("table-columns"),
            right: list("table-right"),
            rows_first: parsed.has("fillrows"),
            keep_empty: parsed.has("keep-empty-lines"),
            width: width.unwrap_or(terminal),
            files: files_or_stdin(parsed.operands),
        })
    }

    fn wants_stdin(&self) -> bool {
        names_stdin(&self.files)
    }

    fn run(self, call: &Call, stdin: Arc<Vec<u8>>, io: &mut Io<'_>) -> u8 {
        let mut all = Vec::new();
        let mut status = 0;
        for name in &self.files {
            match read_operand(io, name, &stdin) {
                Ok(content) => {
                    let texts = lines(&content, b'\n').map(lossy);
                    all.extend(texts.filter(|l| self.keep_empty || !l.trim().is_empty()));
                }
                Err(error) => {
                    complain(io, call, format!("{}: {error}", lossy(name)));
                    status = 1;
                }
            }
        }
        let out = if self.table { self.table(&all) } else { self.list(&all) };
        io.print(out);
        status
    }
}

impl Column {
    fn table(&self, all: &[String]) -> String {
        let cells = |line: &String| -> Vec<String> {
            match &self.separators {
                Some(separators) => {
                    let ends = |c: char| c.is_ascii() && separators.contains(&(c as u8));
                    line.split(ends).map(str::to_owned).collect()
                }
                None => line.split_whitespace().map(str::to_owned).collect(),
            }
        };
        let mut rows: Vec<Vec<String>> = Vec::new();
        if !self.names.is_empty() {
            rows.push(self.names.clone());
        }
        rows.extend(all.iter().map(cells));
        let count = rows.iter().map(Vec::len).max().unwrap_or(0);
        let wide: Vec<usize> = (0..count)
            .map(|at| {
                rows.iter()
                    .filter_map(|r| r.get(at))
                    .map(|c| width(c))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let right: Vec<bool> = (0..count)
            .map(|at| {
                let number = (at + 1).to_string();
                self.right.iter().any(|r| *r == number || self.names.get(at) == Some(r))
            })
            .collect();
        let mut out = String::new();
        for row in rows {
            let mut line = String::new();
            for at in 0..count {
                let cell = row.get(at).map_or("", String::as_str);
                let blanks = " ".repeat(wide[at] - width(cell));
                if right[at] {
                    line.push_str(&blanks);
                }
                line.push_str(cell);
                if at + 1 < count {
                    if !right[at] {
                        line.push_str(&blanks);
                    }
                    line.push_str(&self.output);
                }
            }
            out.push_str(&line);
            out.push('\n');
        }
        out
    }

    /// As many columns as the width holds, each a multiple of eight wide.
    fn list(&self, all: &[String]) -> String {
        let longest = all.iter().map(|l| width(l)).max().unwrap_or(0);
        let wide = (longest / 8 + 1) * 8;
        let mut out = String::new();
        if longest >= self.width {
            for line in all {
                out.push_str(line);
                out.push('\n');
            }
            return out;
        }
        let columns = (self.width / wide).max(1);
        let rows = all.len().div_ceil(columns);
        for row in 0..rows {
            let picked: Vec<&String> = if self.rows_first {
                all.iter().skip(row * columns).take(columns).collect()
            } else {
                all.iter().skip(row).step_by(rows).collect()
            };
            for (at, text) in picked.iter().enumerate() {
                out.push_str(text);
                if at + 1 < picked.len() {
                    let tabs = (wide - width(text)).div_ceil(8);
                    out.push_str(&"\t".repeat(tabs));
                }
            }
            out.push('\n');
        }
        out
    }
}

pub const FOLD: Utility = Utility {
    name: "fold",
    summary: "wrap each input line to fit in specified width",
    options: &[flag("b", "bytes"), flag("s", "spaces"), value("w", "width")],
    start: Gathering::<Fold>::boxed,
    ..COREUTILS
};

#[derive(Clone)]
struct Fold {
    files: Vec<Vec<u8>>,
    width: usize,
    spaces: bool,
    bytes: bool,
}

impl Gather for Fold {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let old = |a: &Vec<u8>| a.len() > 1 && a[0] == b'-' && a[1..].iter().all(u8::is_ascii_digit);
        let args: Vec<Vec<u8>> = call.args[1..]
            .iter()
            .map(|a| if old(a) { [b"-w", &a[1..]].concat() } else { a.clone() })
            .collect();
        let parsed = parse_args(&FOLD, &args, call, io)?;
        let text = parsed.value("width").unwrap_or(b"80");
        let Some(width) = number(text).filter(|n| *n > 0) else {
            let range = if number(text) == Some(0) {
                ": Numerical result out of range"
            } else {
                ""
            };
            complain(io, call, format!("invalid number of columns: {}{range}", quote(text)));
            return Err(1);
        };
        Ok(Self {
            width: usize::try_from(width).unwrap_or(usize::MAX),
            spaces: parsed.has("spaces"),
            bytes: parsed.has("bytes"),
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
                    let folded: Vec<Vec<u8>> = content.split_inclusive(|b| *b == b'\n').map(|l| self.line(l)).collect();
                    io.print(folded.concat());
                }
                Err(error) => {
                    complain(io, call, format!("{}: {error}", named(name)));
                    status = 1;
                }
            }
        }
        status
    }
}

impl Fold {
    /// GNU's counts bytes, whatever the locale; a tab leads to the next stop.
    fn line(&self, line: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let (mut from, mut column) = (0, 0);
        let mut at = 0;
        let step = |column: usize, byte: u8| match byte {
            b'\t' if !self.bytes => (column / 8 + 1) * 8,
            8 if !self.bytes => column.saturating_sub(1),
            b'\r' if !self.bytes => 0,
            _ => column + 1,
        };
        while at < line.len() {
            let byte = line[at];
            if byte == b'\n' {
                break;
            }
            let next = step(column, byte);
            if next > self.width && at > from {
                let mut cut = at;
                if self.spaces
                    && let Some(blank) = line[from..at].iter().rposition(|b| matches!(b, b' ' | b'\t'))
                {
                    cut = from + blank + 1;
                }
                out.extend_from_slice(&line[from..cut]);
                out.push(b'\n');
                from = cut;
                column = line[cut..at].iter().fold(0, |c, b| step(c, *b));
                continue;
            }
            column = next;
            at += 1;
        }
        out.extend_from_slice(&line[from..]);
        out
    }
}

pub const EXPAND: Utility = Utility {
    name: "expand",
    summary: "convert tabs to spaces",
    options: &[flag("i", "initial"), value("t", "tabs")],
    start: Gathering::<Expand>::boxed,
    ..COREUTILS
};

#[derive(Clone)]
struct Expand {
    files: Vec<Vec<u8>>,
    stop: usize,
    initial: bool,
}

impl Gather for Expand {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let parsed = parse(&EXPAND, call, io)?;
        let text = parsed.value("tabs").unwrap_or(b"8");
        let Some(stop) = number(text).filter(|n| *n > 0) else {
            complain(
                io,
                call,
                format!("tab size contains invalid character(s): {}", quote(text)),
            );
            return Err(1);
        };
        Ok(Self {
            stop: usize::try_from(stop).unwrap_or(8),
            initial: parsed.has("initial"),
            files: files_or_stdin(parsed.operands),
        })
    }

    fn wants_stdin(&self) -> bool {
        names_stdin(&self.files)
    }

    fn run(self, call: &Call, stdin: Arc<Vec<u8>>, io: &mut Io<'_>) -> u8 {
        let mut status = 0;
        for name in &self.files {
            let content = match read_operand(io, name, &stdin) {
                Ok(content) => content,
                Err(error) => {
                    complain(io, call, format!("{}: {error}", named(name)));
                    status = 1;
                    continue;
                }
            };
            let mut out = Vec::new();
            let (mut column, mut started, mut at) = (0, false, 0);
            while at < content.len() {
                let length = char_len(&content[at..]).max(1);
                match content[at] {
                    b'\t' if !(self.initial && started) => {
                        let to = (column / self.stop + 1) * self.stop;
                        out.resize(out.len() + to - column, b' ');
                        column = to;
                    }
                    b'\n' => {
                        out.push(b'\n');
                        (column, started) = (0, false);
                    }
                    byte => {
                        started |= byte != b' ';
                        out.extend_from_slice(&content[at..at + length]);
                        column += 1;
                    }
                }
                at += length;
            }
            io.print(out);
        }
        status
    }
}
