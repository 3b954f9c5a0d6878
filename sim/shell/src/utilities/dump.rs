//! `od`, `hexdump` and `xxd`: bytes as numbers.

use super::support::complain;
use super::support::gather::{Gather, Gathering, names_stdin};
use super::support::options::{Parsed, flag, parse_args, value};
use super::support::stream::files_or_stdin;
use super::support::text::{lossy, named, quote, size};
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::{Call, Io};
use std::sync::Arc;

pub const OD: Utility = Utility {
    name: "od",
    summary: "dump files in octal and other formats",
    options: &[
        value("A", "address-radix"),
        value("j", "skip-bytes"),
        value("N", "read-bytes"),
        value("t", "format"),
        flag("v", "output-duplicates"),
        value("w", "width"),
        flag("a", ""),
        flag("b", ""),
        flag("c", ""),
        flag("d", ""),
        flag("i", ""),
        flag("o", ""),
        flag("x", ""),
    ],
    start: Gathering::<Dump>::boxed,
    ..COREUTILS
};

pub const HEXDUMP: Utility = Utility {
    name: "hexdump",
    summary: "display file contents in hexadecimal",
    package: "util-linux",
    options: &[
        flag("C", "canonical"),
        value("n", "length"),
        value("s", "skip"),
        flag("v", "no-squeezing"),
    ],
    start: Gathering::<Dump>::boxed,
    ..COREUTILS
};

/// How numbers are written.
#[derive(Clone, Copy)]
struct Format {
    letter: u8,
    bytes: usize,
    ascii: bool,
}

#[derive(Clone)]
struct Dump {
    files: Vec<Vec<u8>>,
    formats: Vec<Format>,
    address: u8,
    skip: usize,
    most: usize,
    all: bool,
    width: usize,
    canonical: bool,
    hexdump: bool,
}

/// `x1z`, `o2`, `c` … one after the other.
fn formats(text: &[u8]) -> Option<Vec<Format>> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(letter) = text.get(at).copied() {
        at += 1;
        let mut bytes = match letter {
            b'a' | b'c' => 1,
            b'd' | b'o' | b'u' | b'x' => 4,
            b'f' => 8,
            _ => return None,
        };
        if let Some(digit) = text.get(at).filter(|b| matches!(b, b'1' | b'2' | b'4' | b'8')) {
            bytes = usize::from(digit - b'0');
            at += 1;
        } else if let Some(size) = text.get(at).and_then(|b| b"CSIL".iter().position(|l| l == b)) {
            bytes = 1 << size;
            at += 1;
        }
        let ascii = text.get(at) == Some(&b'z');
        at += usize::from(ascii);
        out.push(Format { letter, bytes, ascii });
    }
    Some(out)
}

/// The formats that options ask for.
fn chosen(parsed: &Parsed, call: &Call, io: &mut Io<'_>) -> Result<Vec<Format>, u8> {
    let mut chosen = Vec::new();
    for (option, text) in &parsed.given {
        let found = match *option {
            "format" => formats(text.as_deref().unwrap_or_default()),
            "a" => formats(b"a"),
            "b" => formats(b"o1"),
            "c" => formats(b"c"),
            "d" => formats(b"u2"),
            "i" => formats(b"d4"),
            "o" => formats(b"o2"),
            "x" => formats(b"x2"),
            _ => Some(Vec::new()),
        };
        match found {
            Some(found) => chosen.extend(found),
            None => {
                let text = text.as_deref().unwrap_or_default();
                let bad = text.iter().find(|b| !b"acdfoux1248CSILz".contains(b));
                let bad = bad.map_or(String::new(), |b| format!("character '{}' in ", char::from(*b)));
                complain(io, call, format!("invalid {bad}type string {}", quote(text)));
                return Err(1);
            }
        }
    }
    Ok(chosen)
}

impl Gather for Dump {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let name = call.args.first().map(|n| lossy(n)).unwrap_or_default();
        let hexdump = name.ends_with("hexdump") || name.ends_with("hd");
        let utility = if hexdump { &HEXDUMP } else { &OD };
        let parsed = parse_args(utility, &call.args[1..], call, io)?;
        let mut chosen = chosen(&parsed, call, io)?;
        if chosen.is_empty() {
            chosen.extend(formats(if hexdump { b"x2" } else { b"o2" }).unwrap_or_default());
        }
        let amount = |key: &str| match parsed.value(key) {
            None => Ok(None),
            Some(text) => {
                let hex = text
                    .strip_prefix(b"0x")
                    .and_then(|t| u64::from_str_radix(&lossy(t), 16).ok());
                hex.or_else(|| size(text)).map(Some).ok_or_else(|| text.to_vec())
            }
        };
        let keys = if hexdump {
            ["skip", "length"]
        } else {
            ["skip-bytes", "read-bytes"]
        };
        let (skip, most) = match (amount(keys[0]), amount(keys[1])) {
            (Ok(skip), Ok(most)) => (skip.unwrap_or(0), most.unwrap_or(u64::MAX)),
            (Err(text), _) | (_, Err(text)) => {
                complain(io, call, format!("invalid argument {}", quote(&text)));
                return Err(1);
            }
        };
        let width = parsed.value("width").and_then(size).unwrap_or(16) as usize;
        Ok(Self {
            files: files_or_stdin(parsed.operands.clone()),
            formats: chosen,
            address: if hexdump {
                b'x'
            } else {
                parsed
                    .value("address-radix")
                    .and_then(|t| t.first().copied())
                    .unwrap_or(b'o')
            },
            skip: usize::try_from(skip).unwrap_or(usize::MAX),
            most: usize::try_from(most).unwrap_or(usize::MAX),
            all: parsed.has("output-duplicates") || parsed.has("no-squeezing"),
            width: width.clamp(1, 4096),
            canonical: parsed.has("canonical"),
            hexdump,
        })
    }

    fn wants_stdin(&self) -> bool {
        names_stdin(&self.files)
    }

    fn run(self, call: &Call, stdin: Arc<Vec<u8>>, io: &mut Io<'_>) -> u8 {
        let mut content = Vec::new();
        let mut status = 0;
        for name in &self.files {
            match super::support::read_operand(io, name, &stdin) {
                Ok(bytes) => content.extend_from_slice(&bytes),
                Err(error) => {
                    complain(io, call, format!("{}: {error}", named(name)));
                    status = 1;
                }
            }
        }
        if self.hexdump && status != 0 && content.is_empty() {
            complain(io, call, "all input file arguments failed");
        }
        let skip = self.skip.min(content.len());
        let end = skip.saturating_add(self.most).min(content.len());
        let bytes = &content[skip..end];
        if status == 0 || !bytes.is_empty() {
            io.print(self.text(bytes, skip));
        }
        status
    }
}

impl Dump {
    fn offset(&self, at: usize) -> String {
        match self.address {
            b'n' => String::new(),
            b'd' => format!("{at:07}"),
            b'x' if self.canonical => format!("{at:08x}"),
            b'x' if self.hexdump => format!("{at:07x}"),
            b'x' => format!("{at:06x}"),
            _ => format!("{at:07o}"),
        }
    }

    fn text(&self, bytes: &[u8], skip: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let mut before: Option<&[u8]> = None;
        let mut starred = false;
        for (index, row) in bytes.chunks(self.width).enumerate() {
            let whole = row.len() == self.width;
            if !self.all && before == Some(row) && whole {
                if !starred {
                    out.extend_from_slice(b"*\n");
                }
                starred = true;
                continue;
            }
            starred = false;
            before = Some(row);
            let address = self.offset(skip + index * self.width);
            if self.canonical {
                out.extend(canonical(&address, row));
                continue;
            }
            for (line, format) in self.formats.iter().enumerate() {
                let margin = if line == 0 {
                    address.clone()
                } else {
                    " ".repeat(address.len())
                };
                out.extend(margin.into_bytes());
                out.extend(self.row(format, row));
                out.push(b'\n');
            }
        }
        if !(self.address == b'n' || self.canonical && bytes.is_empty()) {
            out.extend(self.offset(skip + bytes.len()).into_bytes());
            out.push(b'\n');
        }
        out
    }

    fn row(&self, format: &Format, row: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        // Several formats stand under one another: the widest says how wide a byte is.
        let wide = |f: &Format| (cell_width(f) + 1).div_ceil(f.bytes);
        let widest = self.formats.iter().map(wide).max().unwrap_or(0) * format.bytes;
        for unit in row.chunks(format.bytes) {
            let mut padded = [0; 8];
            padded[..unit.len()].copy_from_slice(unit);
            let text = cell(format, u64::from_le_bytes(padded));
            let width = if self.formats.len() == 1 {
                cell_width(format) + 1
            } else {
                widest
            };
            out.extend(format!("{text:>width$}").into_bytes());
        }
        if self.hexdump {
            let missing = (self.width - row.len()) / format.bytes;
            out.extend(" ".repeat(missing * (cell_width(format) + 1)).into_bytes());
        }
        if format.ascii {
            let missing = (self.width - row.len()).div_ceil(format.bytes);
            out.extend(" ".repeat(missing * (cell_width(format) + 1)).into_bytes());
            out.extend_from_slice(b"  >");
            out.extend(row.iter().map(|b| if (32..127).contains(b) { *b } else { b'.' }));
            out.push(b'<');
        }
        out
    }
}

fn cell_width(format: &Format) -> usize {
    match (format.letter, format.bytes) {
        (b'a' | b'c', _) => 3,
        (b'x', n) => 2 * n,
        (b'o', n) => (8 * n).div_ceil(3),
        (b'u', n) => [3, 5, 10, 20][n.ilog2() as usize],
        (b'f', 4) => 15,
        (b'f', _) => 24,
        (_, n) => [4, 6, 11, 20][n.ilog2() as usize],
    }
}

fn cell(format: &Format, value: u64) -> String {
    const NAMES: [&str; 33] = [
        "nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs", "ht", "nl", "vt", "ff", "cr", "so", "si", "dle",
        "dc1", "dc2", "dc3", "dc4", "nak", "syn", "etb", "can", "em", "sub", "esc", "fs", "gs", "rs", "us", "sp",
    ];
    match format.letter {
        b'a' => match (value & 0x7f) as usize {
            127 => "del".to_owned(),
            code => NAMES
                .get(code)
                .map_or_else(|| char::from(code as u8).to_string(), |n| (*n).to_owned()),
        },
        b'c' => match value as u8 {
            0 => "\\0".to_owned(),
            7 => "\\a".to_owned(),
            8 => "\\b".to_owned(),
            9 => "\\t".to_owned(),
            10 => "\\n".to_owned(),
            11 => "\\v".to_owned(),
            12 => "\\f".to_owned(),
            13 => "\\r".to_owned(),
            byte @ 32..127 => char::from(byte).to_string(),
            byte => format!("{byte:03o}"),
        },
        b'x' => format!("{value:00$x}", 2 * format.bytes),
        b'o' => format!("{value:00$o}", cell_width(format)),
        b'u' => value.to_string(),
        b'f' if format.bytes == 4 => f32::from_bits(value as u32).to_string(),
        b'f' => f64::from_bits(value).to_string(),
        _ => {
            let unused = 64 - 8 * format.bytes as u32;
            (((value << unused) as i64) >> unused).to_string()
        }
    }
}

fn canonical(address: &str, row: &[u8]) -> Vec<u8> {
    let mut line = format!("{address}  ");
    for at in 0..16 {
        match row.get(at) {
            Some(byte) => line.push_str(&format!("{byte:02x} ")),
            None => line.push_str("   "),
        }
        if at == 7 {
            line.push(' ');
        }
    }
    line.push_str(" |");
    line.extend(
        row.iter()
            .map(|b| if (32..127).contains(b) { char::from(*b) } else { '.' }),
    );
    line.push_str("|\n");
    line.into_bytes()
}

pub const XXD: Utility = Utility {
    name: "xxd",
    summary: "make a hexdump or do the reverse",
    usage: "[OPTION]... [FILE]",
    package: "vim",
    options: &[
        value("c", "cols"),
        value("g", "groupsize"),
        value("l", "len"),
        flag("p", "plain"),
        flag("r", "revert"),
        value("s", "seek"),
        flag("u", ""),
    ],
    start: Gathering::<Xxd>::boxed,
    ..COREUTILS
};

#[derive(Clone)]
struct Xxd {
    file: Vec<u8>,
    columns: usize,
    group: usize,
    most: usize,
    seek: usize,
    plain: bool,
    revert: bool,
    upper: bool,
}

impl Gather for Xxd {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        // `-ps` is `-p`.
        let args: Vec<Vec<u8>> = call.args[1..]
            .iter()
            .map(|a| if a == b"-ps" { b"-p".to_vec() } else { a.clone() })
            .collect();
        let parsed = parse_args(&XXD, &args, call, io)?;
        let amount = |key: &str| {
            let text = parsed.value(key)?;
            let hex = text
                .strip_prefix(b"0x")
                .and_then(|t| usize::from_str_radix(&lossy(t), 16).ok());
            hex.or_else(|| usize::try_from(size(text)?).ok())
        };
        let plain = parsed.has("plain");
        Ok(Self {
            file: files_or_stdin(parsed.operands.clone()).remove(0),
            columns: amount("cols")
                .filter(|n| *n > 0)
                .unwrap_or(if plain { 30 } else { 16 })
                .min(256),
            group: amount("groupsize").unwrap_or(2),
            most: amount("len").unwrap_or(usize::MAX),
            seek: amount("seek").unwrap_or(0),
            plain,
            revert: parsed.has("revert"),
            upper: parsed.has("u"),
        })
    }

    fn wants_stdin(&self) -> bool {
        self.file == b"-"
    }

    fn run(self, call: &Call, stdin: Arc<Vec<u8>>, io: &mut Io<'_>) -> u8 {
        let content = match super::support::read_operand(io, &self.file, &stdin) {
            Ok(content) => content,
            Err(error) => {
                complain(io, call, format!("{}: {error}", lossy(&self.file)));
                return 2;
            }
        };
        if self.revert {
            io.print(reverted(&content, self.plain));
            return 0;
        }
        let seek = self.seek.min(content.len());
        let bytes = &content[seek..seek.saturating_add(self.most).min(content.len())];
        for (index, row) in bytes.chunks(self.columns).enumerate() {
            let line = if self.plain {
                self.hex(row, usize::MAX)
            } else {
                self.line(seek + index * self.columns, row)
            };
            io.print(line + "\n");
        }
        0
    }
}

impl Xxd {
    fn hex(&self, row: &[u8], group: usize) -> String {
        let mut out = String::new();
        for (at, byte) in row.iter().enumerate() {
            if at > 0 && group > 0 && at % group == 0 {
                out.push(' ');
            }
            out.push_str(&if self.upper {
                format!("{byte:02X}")
            } else {
                format!("{byte:02x}")
            });
        }
        out
    }

    fn line(&self, at: usize, row: &[u8]) -> String {
        let group = if self.group == 0 { usize::MAX } else { self.group };
        let width = self.columns * 2 + self.columns.div_ceil(group.min(self.columns)) - 1;
        let hex = self.hex(row, group);
        let text: String = row
            .iter()
            .map(|b| if (32..127).contains(b) { char::from(*b) } else { '.' })
            .collect();
        format!("{at:08x}: {hex:<width$}  {text}")
    }
}

fn reverted(content: &[u8], plain: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for line in super::support::lines(content, b'\n') {
        let mut rest = line;
        if !plain {
            let Some(colon) = line.iter().position(|b| *b == b':') else {
                continue;
            };
            rest = &line[colon + 1..];
            let end = rest
                .windows(2)
                .skip(1)
                .position(|w| w == b"  ")
                .map_or(rest.len(), |at| at + 1);
            rest = &rest[..end];
        }
        let digits: Vec<u8> = rest.iter().copied().filter(u8::is_ascii_hexdigit).collect();
        let pair = |p: &[u8]| u8::from_str_radix(&lossy(p), 16).ok();
        out.extend(digits.chunks_exact(2).filter_map(pair));
    }
    out
}
