//! Filters of lines: `uniq`, `cut`, `nl`, `rev`.

use super::support::complain;
use super::support::options::{Opt, Parsed, flag, missing, missing_value, optional, parse, value};
use super::support::stream::{Filter, Flow, Streaming, files_or_stdin};
use super::support::text::{char_len, named, number, quote};
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::SmallSort;
use essaim_kernel::files::OpenOptions;
use essaim_kernel::{Call, Errno, Io};

pub const UNIQ: Utility = Utility {
    name: "uniq",
    summary: "report or omit repeated lines",
    usage: "[OPTION]... [INPUT [OUTPUT]]",
    options: &[
        flag("c", "count"),
        flag("d", "repeated"),
        flag("D", ""),
        optional("", "all-repeated"),
        value("f", "skip-fields"),
        optional("", "group"),
        flag("i", "ignore-case"),
        value("s", "skip-chars"),
        flag("u", "unique"),
        flag("z", "zero-terminated"),
        value("w", "check-chars"),
    ],
    start: Streaming::<Uniq>::boxed,
    ..COREUTILS
};

#[derive(Clone)]
struct Uniq {
    call: Call,
    counts: bool,
    repeated: bool,
    all_repeated: bool,
    /// `--group`: all lines.
    grouped: bool,
    /// Empty lines between groups (`--group`, `--all-repeated=…`).
    apart: Option<Apart>,
    /// A group was shown.
    shown: bool,
    unique: bool,
    ignore_case: bool,
    skip_fields: usize,
    skip_chars: usize,
    check_chars: usize,
    end: u8,
    held: Option<(Vec<u8>, u64)>,
    output: u32,
    status: u8,
}

/// Where empty lines stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Apart {
    Separate,
    Prepend,
    Append,
    Both,
}

/// `--group` shows all lines, `--all-repeated` those that come again.
fn apart(parsed: &Parsed, call: &Call, io: &mut Io<'_>) -> Result<Option<Apart>, u8> {
    let Some(key) = parsed.last_of(&["group", "all-repeated"]) else {
        return Ok(None);
    };
    Ok(match (key, parsed.value(key)) {
        ("group", None | Some(b"separate")) | (_, Some(b"separate")) => Some(Apart::Separate),
        (_, Some(b"prepend")) => Some(Apart::Prepend),
        ("group", Some(b"append")) => Some(Apart::Append),
        ("group", Some(b"both")) => Some(Apart::Both),
        (_, None | Some(b"none")) if key != "group" => None,
        (_, text) => {
            let text = text.unwrap_or_default();
            complain(io, call, format!("invalid argument {} for ‘--{key}’", quote(text)));
            let valid: &[&str] = if key == "group" {
                &["prepend", "append", "separate", "both"]
            } else {
                &["none", "prepend", "separate"]
            };
            let lines: Vec<String> = valid.iter().map(|v| format!("  - ‘{v}’\n")).collect();
            io.eprint(format!("Valid arguments are:\n{}", lines.concat()));
            return Err(UNIQ.try_help(call, io));
        }
    })
}

impl Uniq {
    /// One line of a group that is shown whole; `first`: of the group.
    fn print_grouped(&mut self, line: &[u8], first: bool, io: &mut Io<'_>) {
        let mut out = Vec::new();
        let gap = match self.apart {
            Some(Apart::Separate | Apart::Append) => self.shown,
            Some(_) => true,
            None => false,
        };
        if first && gap {
            out.push(self.end);
        }
        self.shown = true;
        out.extend_from_slice(line);
        out.push(self.end);
        io.write(self.output, &out);
    }

    fn key(&self, line: &[u8]) -> Vec<u8> {
        let mut rest = line;
        for _ in 0..self.skip_fields {
            let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
            rest = &rest[blanks..];
            let word = rest.iter().take_while(|b| !matches!(b, b' ' | b'\t')).count();
            rest = &rest[word..];
        }
        let rest = &rest[self.skip_chars.min(rest.len())..];
        let rest = &rest[..self.check_chars.min(rest.len())];
        if self.ignore_case {
            rest.to_ascii_lowercase()
        } else {
            rest.to_vec()
        }
    }

    fn print(&self, line: &[u8], count: u64, io: &mut Io<'_>) {
        let wanted = if count > 1 { !self.unique } else { !self.repeated };
        if !wanted || self.all_repeated || self.grouped {
            return;
        }
        let mut out = Vec::new();
        if self.counts {
            out.extend_from_slice(format!("{count:7} ").as_bytes());
        }
        out.extend_from_slice(line);
        out.push(self.end);
        io.write(self.output, &out);
    }
}

impl Filter for Uniq {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<(Self, Vec<Vec<u8>>), u8> {
        let parsed = parse(&UNIQ, call, io)?;
        if let Some(extra) = parsed.operands.get(2) {
            return Err(UNIQ.usage_error(call, io, &super::copy::extra_operand(extra)));
        }
        let mut count = |key: &str, what: &str, default: usize| match parsed.value(key) {
            None => Ok(default),
            Some(text) => match number(text) {
                Some(n) => Ok(usize::try_from(n).unwrap_or(usize::MAX)),
                None => {
                    complain(
                        io,
                        call,
                        format!("{}: invalid number of {what}", String::from_utf8_lossy(text)),
                    );
                    Err(1)
                }
            },
        };
        let skip_fields = count("skip-fields", "fields to skip", 0)?;
        let skip_chars = count("skip-chars", "bytes to skip", 0)?;
        let check_chars = count("check-chars", "bytes to compare", usize::MAX)?;
        let apart = apart(&parsed, call, io)?;
        let mut output = 1;
        if let Some(name) = parsed.operands.get(1).filter(|n| *n != b"-") {
            let options = OpenOptions {
                write: true,
                create: true,
                truncate: true,
                ..OpenOptions::default()
            };
            output = match io.open(name, options, false, 10) {
                Ok(fd) => fd,
                Err(error) => {
                    complain(io, call, format!("{}: {error}", named(name)));
                    return Err(1);
                }
            };
        }
        let uniq = Self {
            call: call.clone(),
            counts: parsed.has("count"),
            repeated: parsed.has("repeated") || parsed.has("D") || parsed.has("all-repeated"),
            all_repeated: parsed.has("D") || parsed.has("all-repeated"),
            grouped: parsed.has("group"),
            apart,
            shown: false,
            unique: parsed.has("unique"),
            ignore_case: parsed.has("ignore-case"),
            skip_fields,
            skip_chars,
            check_chars,
            end: if parsed.has("zero-terminated") { 0 } else { b'\n' },
            held: None,
            output,
            status: 0,
        };
        Ok((uniq, files_or_stdin(parsed.operands.into_iter().take(1).collect())))
    }

    fn delimiter(&self) -> Option<u8> {
        Some(self.end)
    }

    fn take(&mut self, bytes: &[u8], _: bool, io: &mut Io<'_>) -> Flow {
        let key = self.key(bytes);
        match self.held.take() {
            Some((line, count)) if self.key(&line) == key => {
                if self.grouped {
                    self.print_grouped(bytes, false, io);
                } else if self.all_repeated {
                    if count == 1 {
                        self.print_grouped(&line, true, io);
                    }
                    self.print_grouped(bytes, false, io);
                }
                self.held = Some((line, count + 1));
            }
            old => {
                if let Some((line, count)) = old {
                    self.print(&line, count, io);
                }
                if self.grouped {
                    self.print_grouped(bytes, true, io);
                }
                self.held = Some((bytes.to_vec(), 1));
            }
        }
        Flow::Continue
    }

    fn failed(&mut self, name: &[u8], error: Errno, io: &mut Io<'_>) {
        complain(io, &self.call, format!("{}: {error}", named(name)));
        self.status = 1;
    }

    fn finish(&mut self, io: &mut Io<'_>) -> u8 {
        if let Some((line, count)) = self.held.take() {
            self.print(&line, count, io);
        }
        if self.shown && matches!(self.apart, Some(Apart::Append | Apart::Both)) {
            io.write(self.output, &[self.end]);
        }
        self.status
    }
}

pub const CUT: Utility = Utility {
    name: "cut",
    summary: "remove sections from each line of files",
    usage: "OPTION... [FILE]...",
    options: CUT_OPTIONS,
    start: Streaming::<Cut>::boxed,
    ..COREUTILS
};

const CUT_OPTIONS: &[Opt] = &[
    value("b", "bytes"),
    value("c", "characters"),
    value("d", "delimiter"),
    value("f", "fields"),
    flag("n", ""),
    flag("", "complement"),
    flag("s", "only-delimited"),
    value("", "output-delimiter"),
    flag("z", "zero-terminated"),
];

#[derive(Clone)]
struct Cut {
    call: Call,
    fields: bool,
    ranges: Vec<(u64, u64)>,
    complement: bool,
    delimiter: u8,
    output: Option<Vec<u8>>,
    only_delimited: bool,
    end: u8,
    status: u8,
}

/// `1,3-5,7-` as ranges that do not overlap; the error is what follows `cut: `.
fn ranges(text: &[u8], fields: bool) -> Result<Vec<(u64, u64)>, String> {
    let what = if fields { "field" } else { "byte/character position" };
    let invalid = || {
        let kind = if fields {
            "field value"
        } else {
            "byte or character position"
        };
        format!("invalid {kind} {}", quote(text))
    };
    let mut out = Vec::new();
    for part in text.split(|b| matches!(b, b',' | b' ' | b'\t')) {
        let range = match part.iter().position(|b| *b == b'-') {
            None => {
                let at = number(part).ok_or_else(invalid)?;
                (at, at)
            }
            Some(_) if part == b"-" => return Err("invalid range with no endpoint: -".to_owned()),
            Some(at) => {
                let (low, high) = (&part[..at], &part[at + 1..]);
                let low = if low.is_empty() {
                    1
                } else {
                    number(low).ok_or_else(invalid)?
                };
                let high = if high.is_empty() {
                    u64::MAX
                } else {
                    number(high).ok_or_else(invalid)?
                };
                (low, high)
            }
        };
        if range.0 == 0 {
            let plural = if fields {
                "fields are"
            } else {
                "byte/character positions are"
            };
            let _ = what;
            return Err(format!("{plural} numbered from 1"));
        }
        if range.1 < range.0 {
            return Err("invalid decreasing range".to_owned());
        }
        out.push(range);
    }
    out.small_sort();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (low, high) in out {
        match merged.last_mut() {
            Some(last) if low <= last.1 => last.1 = last.1.max(high),
            _ => merged.push((low, high)),
        }
    }
    Ok(merged)
}

impl Filter for Cut {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<(Self, Vec<Vec<u8>>), u8> {
        let parsed = parse(&CUT, call, io)?;
        let kinds = ["bytes", "characters", "fields"];
        let given: Vec<&str> = kinds.into_iter().filter(|k| parsed.has(k)).collect();
        let kind = match given.as_slice() {
            [] => return Err(CUT.usage_error(call, io, "you must specify a list of bytes, characters, or fields")),
            [kind] => *kind,
            _ => return Err(CUT.usage_error(call, io, "only one list may be specified")),
        };
        let fields = kind == "fields";
        let delimiter = match parsed.value("delimiter") {
            None => b'\t',
            Some(_) if !fields => {
                let message = "an input delimiter may be specified only when operating on fields";
                return Err(CUT.usage_error(call, io, message));
            }
            Some(b"") => 0,
            Some([byte]) => *byte,
            Some(_) => return Err(CUT.usage_error(call, io, "the delimiter must be a single character")),
        };
        if parsed.has("only-delimited") && !fields {
            let message = "suppressing non-delimited lines makes sense\n\tonly when operating on fields";
            return Err(CUT.usage_error(call, io, message));
        }
        let ranges = match ranges(parsed.value(kind).unwrap_or_default(), fields) {
            Ok(ranges) => ranges,
            Err(message) => return Err(CUT.usage_error(call, io, &message)),
        };
        let cut = Self {
            call: call.clone(),
            fields,
            ranges,
            complement: parsed.has("complement"),
            delimiter,
            output: parsed.value("output-delimiter").map(<[u8]>::to_vec),
            only_delimited: parsed.has("only-delimited"),
            end: if parsed.has("zero-terminated") { 0 } else { b'\n' },
            status: 0,
        };
        Ok((cut, files_or_stdin(parsed.operands)))
    }

    fn delimiter(&self) -> Option<u8> {
        Some(self.end)
    }

    fn take(&mut self, bytes: &[u8], _: bool, io: &mut Io<'_>) -> Flow {
        let holds = |at: u64| self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&at)) != self.complement;
        let mut out = Vec::new();
        if self.fields {
            if !bytes.contains(&self.delimiter) {
                if self.only_delimited {
                    return Flow::Continue;
                }
                out.extend_from_slice(bytes);
            } else {
                let parts = bytes.split(|b| *b == self.delimiter).zip(1u64..);
                let kept: Vec<&[u8]> = parts.filter(|(_, at)| holds(*at)).map(|(part, _)| part).collect();
                let delimiter = [self.delimiter];
                out = kept.join(self.output.as_deref().unwrap_or(&delimiter));
            }
        } else {
            let mut previous = 0;
            for (byte, at) in bytes.iter().zip(1u64..) {
                if !holds(at) {
                    continue;
                }
                let starts_range = previous + 1 != at || self.ranges.iter().any(|(low, _)| *low == at);
                if let (Some(output), true, true) = (&self.output, previous > 0, starts_range) {
                    out.extend_from_slice(output);
                }
                out.push(*byte);
                previous = at;
            }
        }
        out.push(self.end);
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

pub const REV: Utility = Utility {
    name: "rev",
    summary: "reverse lines characterwise",
    usage: "[options] [<file> ...]",
    package: "util-linux",
    start: Streaming::<Rev>::boxed,
    ..COREUTILS
};

#[derive(Clone)]
struct Rev {
    call: Call,
    status: u8,
}

impl Filter for Rev {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<(Self, Vec<Vec<u8>>), u8> {
        let parsed = parse(&REV, call, io)?;
        let rev = Self {
            call: call.clone(),
            status: 0,
        };
        Ok((rev, files_or_stdin(parsed.operands)))
    }

    fn take(&mut self, bytes: &[u8], ended: bool, io: &mut Io<'_>) -> Flow {
        let mut characters = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (c, after) = rest.split_at(char_len(rest).max(1));
            characters.push(c);
            rest = after;
        }
        characters.reverse();
        let mut out = characters.concat();
        if ended {
            out.push(b'\n');
        }
        io.print(out);
        Flow::Continue
    }

    fn failed(&mut self, name: &[u8], error: Errno, io: &mut Io<'_>) {
        complain(
            io,
            &self.call,
            format!("cannot open {}: {error}", String::from_utf8_lossy(name)),
        );
        self.status = 1;
    }

    fn finish(&mut self, _: &mut Io<'_>) -> u8 {
        self.status
    }
}

pub const NL: Utility = Utility {
    name: "nl",
    summary: "number lines of files",
    options: &[
        value("b", "body-numbering"),
        missing_value("d", "section-delimiter"),
        missing_value("f", "footer-numbering"),
        missing_value("h", "header-numbering"),
        value("i", "line-increment"),
        missing_value("l", "join-blank-lines"),
        value("n", "number-format"),
        missing("p", "no-renumber"),
        value("s", "number-separator"),
        value("v", "starting-line-number"),
        value("w", "number-width"),
    ],
    start: Streaming::<Nl>::boxed,
    ..COREUTILS
};

#[derive(Clone)]
struct Nl {
    call: Call,
    all: bool,
    none: bool,
    next: i64,
    step: i64,
    format: Vec<u8>,
    separator: Vec<u8>,
    width: usize,
    status: u8,
}

impl Filter for Nl {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<(Self, Vec<Vec<u8>>), u8> {
        let parsed = parse(&NL, call, io)?;
        let style = parsed.value("body-numbering").unwrap_or(b"t");
        if !matches!(style, b"a" | b"t" | b"n") {
            complain(io, call, format!("invalid body numbering style: {}", quote(style)));
            return Err(NL.try_help(call, io));
        }
        let mut integer = |key: &str, what: &str, default: i64| match parsed.value(key) {
            None => Ok(default),
            Some(text) => std::str::from_utf8(text)
                .ok()
                .and_then(|t| t.parse().ok())
                .ok_or_else(|| {
                    complain(io, call, format!("invalid {what}: {}", quote(text)));
                    1
                }),
        };
        let next = integer("starting-line-number", "starting line number", 1)?;
        let step = integer("line-increment", "line number increment", 1)?;
        let width = integer("number-width", "line number field width", 6)?;
        let nl = Self {
            call: call.clone(),
            all: style == b"a",
            none: style == b"n",
            next,
            step,
            format: parsed.value("number-format").unwrap_or(b"rn").to_vec(),
            separator: parsed.value("number-separator").unwrap_or(b"\t").to_vec(),
            width: usize::try_from(width).unwrap_or(6).min(1000),
            status: 0,
        };
        Ok((nl, files_or_stdin(parsed.operands)))
    }

    fn take(&mut self, bytes: &[u8], _: bool, io: &mut Io<'_>) -> Flow {
        let width = self.width;
        let numbered = !self.none && (self.all || !bytes.is_empty());
        let mut out = if numbered {
            let number = self.next;
            self.next = self.next.saturating_add(self.step);
            let mut text = match self.format.as_slice() {
                b"ln" => format!("{number:<width$}"),
                b"rz" => format!("{number:0width$}"),
                _ => format!("{number:>width$}"),
            }
            .into_bytes();
            text.extend_from_slice(&self.separator);
            text
        } else {
            vec![b' '; width + self.separator.len()]
        };
        out.extend_from_slice(bytes);
        out.push(b'\n');
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
