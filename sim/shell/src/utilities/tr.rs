//! `tr` and `tee`, which pass blocks on as they come.

use super::regex::class_holds;
use super::support::complain;
use super::support::options::{Parsed, flag, optional, parse};
use super::support::stream::{Filter, Flow, Streaming};
use super::support::text::{named, quote};
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::files::OpenOptions;
use essaim_kernel::{Call, Errno, Io};

pub const TR: Utility = Utility {
    name: "tr",
    summary: "translate or delete characters",
    usage: "[OPTION]... STRING1 [STRING2]",
    options: &[
        flag("c", "complement"),
        flag("C", ""),
        flag("d", "delete"),
        flag("s", "squeeze-repeats"),
        flag("t", "truncate-set1"),
    ],
    start: Streaming::<Tr>::boxed,
    ..COREUTILS
};

#[derive(Clone)]
struct Tr {
    call: Call,
    map: Vec<u8>,
    deleted: Vec<bool>,
    squeezed: Vec<bool>,
    last: Option<u8>,
}

/// A set of bytes in order. `[x*]` fills up to the length of the other set.
struct Set {
    bytes: Vec<u8>,
    /// Where `[x*]` stands, and its byte.
    fill: Option<(usize, u8)>,
    classes: bool,
}

fn escaped(text: &[u8], at: usize) -> (u8, usize) {
    if text[at] != b'\\' || at + 1 >= text.len() {
        return (text[at], 1);
    }
    let octal = text[at + 1..]
        .iter()
        .take(3)
        .take_while(|b| (b'0'..=b'7').contains(b))
        .count();
    if octal > 0 {
        let code = text[at + 1..=at + octal]
            .iter()
            .fold(0u32, |n, b| n * 8 + u32::from(b - b'0'));
        return (code as u8, octal + 1);
    }
    let byte = match text[at + 1] {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        other => other,
    };
    (byte, 2)
}

fn set(text: &[u8]) -> Result<Set, String> {
    let mut out = Set {
        bytes: Vec::new(),
        fill: None,
        classes: false,
    };
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(b"[:")
            && let Some(len) = rest.windows(2).position(|w| w == b":]")
        {
            let name = String::from_utf8_lossy(&rest[2..len.max(2)]).into_owned();
            if name == "word" || class_holds(&name, 0).is_none() {
                return Err(format!("invalid character class {}", quote(name.as_bytes())));
            }
            let members = (0..=127u8).filter(|b| class_holds(&name, u32::from(*b)) == Some(true));
            out.bytes.extend(members);
            out.classes |= !matches!(name.as_str(), "upper" | "lower");
            at += len + 2;
            continue;
        }
        if let [b'[', b'=', byte, b'=', b']', ..] = rest {
            out.bytes.push(*byte);
            at += 5;
            continue;
        }
        if let Some((byte, count, used)) = repeat(rest) {
            match count {
                0 => out.fill = Some((out.bytes.len(), byte)),
                count => out.bytes.extend(std::iter::repeat_n(byte, count.min(1 << 16))),
            }
            at += used;
            continue;
        }
        let (low, used) = escaped(text, at);
        at += used;
        if text.get(at) == Some(&b'-') && at + 1 < text.len() {
            let (high, used) = escaped(text, at + 1);
            if high < low {
                let shown = format!("{}-{}", char::from(low), char::from(high));
                return Err(format!(
                    "range-endpoints of {} are in reverse collating sequence order",
                    super::support::text::quoted(shown.as_bytes())
                ));
            }
            out.bytes.extend(low..=high);
            at += 1 + used;
        } else {
            out.bytes.push(low);
        }
    }
    Ok(out)
}

/// `[x*3]`: the byte, how often, and the length of the text.
fn repeat(rest: &[u8]) -> Option<(u8, usize, usize)> {
    if rest.first() != Some(&b'[') || rest.len() < 4 {
        return None;
    }
    let (byte, used) = escaped(rest, 1);
    if rest.get(1 + used) != Some(&b'*') {
        return None;
    }
    let start = 2 + used;
    let len = rest[start..].iter().take_while(|b| b.is_ascii_digit()).count();
    if rest.get(start + len) != Some(&b']') {
        return None;
    }
    let digits = std::str::from_utf8(&rest[start..start + len]).ok()?;
    let radix = if digits.starts_with('0') { 8 } else { 10 };
    let count = if digits.is_empty() {
        0
    } else {
        usize::from_str_radix(digits, radix).ok()?
    };
    Some((byte, count, start + len + 1))
}

fn operands(parsed: &Parsed, call: &Call, io: &mut Io<'_>) -> Result<(), u8> {
    let (delete, squeeze) = (parsed.has("delete"), parsed.has("squeeze-repeats"));
    let wanted = if delete != squeeze { 1 } else { 2 };
    let most = if delete && !squeeze { 1 } else { 2 };
    let given = &parsed.operands;
    if given.is_empty() {
        return Err(TR.usage_error(call, io, "missing operand"));
    }
    if given.len() < wanted {
        complain(io, call, format!("missing operand after {}", quote(&given[0])));
        io.eprint(if delete {
            "Two strings must be given when both deleting and squeezing repeats.\n"
        } else {
            "Two strings must be given when translating.\n"
        });
        return Err(TR.try_help(call, io));
    }
    if let Some(extra) = given.get(most) {
        complain(io, call, super::copy::extra_operand(extra));
        if delete && given.len() == 2 {
            io.eprint("Only one string may be given when deleting without squeezing repeats.\n");
        }
        return Err(TR.try_help(call, io));
    }
    Ok(())
}

impl Filter for Tr {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<(Self, Vec<Vec<u8>>), u8> {
        let parsed = parse(&TR, call, io)?;
        operands(&parsed, call, io)?;
        let (delete, squeeze) = (parsed.has("delete"), parsed.has("squeeze-repeats"));
        let mut sets = Vec::new();
        for text in &parsed.operands {
            match set(text) {
                Ok(set) => sets.push(set),
                Err(message) => {
                    complain(io, call, message);
                    return Err(1);
                }
            }
        }
        let mut first = std::mem::take(&mut sets[0].bytes);
        if parsed.has("complement") || parsed.has("C") {
            first = (0..=255u8).filter(|b| !first.contains(b)).collect();
        }
        let mut tr = Self {
            call: call.clone(),
            map: (0..=255u8).collect(),
            deleted: vec![false; 256],
            squeezed: vec![false; 256],
            last: None,
        };
        if delete {
            for byte in &first {
                tr.deleted[usize::from(*byte)] = true;
            }
        }
        let second = sets.get_mut(1);
        if squeeze {
            let of = second.as_ref().map_or(&first, |set| &set.bytes);
            for byte in of {
                tr.squeezed[usize::from(*byte)] = true;
            }
        }
        if !delete && let Some(second) = second {
            if let Some((at, byte)) = second.fill {
                let missing = first.len().saturating_sub(second.bytes.len());
                second.bytes.splice(at..at, std::iter::repeat_n(byte, missing));
            }
            if second.classes {
                complain(
                    io,
                    call,
                    "when translating, the only character classes that may appear in\nstring2 are 'upper' and 'lower'",
                );
                return Err(1);
            }
            let Some(last) = second.bytes.last().copied() else {
                complain(io, call, "when not truncating set1, string2 must be non-empty");
                return Err(1);
            };
            for (index, byte) in first.iter().enumerate() {
                match second.bytes.get(index) {
                    Some(to) => tr.map[usize::from(*byte)] = *to,
                    None if parsed.has("truncate-set1") => {}
                    None => tr.map[usize::from(*byte)] = last,
                }
            }
        }
        Ok((tr, vec![b"-".to_vec()]))
    }

    fn delimiter(&self) -> Option<u8> {
        None
    }

    fn take(&mut self, bytes: &[u8], _: bool, io: &mut Io<'_>) -> Flow {
        let mut out = Vec::with_capacity(bytes.len());
        for byte in bytes {
            if self.deleted[usize::from(*byte)] {
                continue;
            }
            let to = self.map[usize::from(*byte)];
            if self.squeezed[usize::from(to)] && self.last == Some(to) {
                continue;
            }
            self.last = Some(to);
            out.push(to);
        }
        io.print(out);
        Flow::Continue
    }

    fn failed(&mut self, _: &[u8], error: Errno, io: &mut Io<'_>) {
        complain(io, &self.call, format!("read error: {error}"));
    }

    fn finish(&mut self, _: &mut Io<'_>) -> u8 {
        0
    }
}

pub const TEE: Utility = Utility {
    name: "tee",
    summary: "read from standard input and write to standard output and files",
    options: &[
        flag("a", "append"),
        flag("i", "ignore-interrupts"),
        flag("p", ""),
        optional("", "output-error"),
    ],
    start: Streaming::<Tee>::boxed,
    ..COREUTILS
};

#[derive(Clone)]
struct Tee {
    outputs: Vec<u32>,
    status: u8,
}

impl Filter for Tee {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<(Self, Vec<Vec<u8>>), u8> {
        let parsed = parse(&TEE, call, io)?;
        let append = parsed.has("append");
        let mut tee = Self {
            outputs: vec![1],
            status: 0,
        };
        for name in &parsed.operands {
            let options = OpenOptions {
                write: true,
                create: true,
                truncate: !append,
                ..OpenOptions::default()
            };
            match io.open(name, options, append, 10) {
                Ok(fd) => tee.outputs.push(fd),
                Err(error) => {
                    complain(io, call, format!("{}: {error}", named(name)));
                    tee.status = 1;
                }
            }
        }
        Ok((tee, vec![b"-".to_vec()]))
    }

    fn delimiter(&self) -> Option<u8> {
        None
    }

    fn take(&mut self, bytes: &[u8], _: bool, io: &mut Io<'_>) -> Flow {
        for fd in &self.outputs {
            io.write(*fd, bytes);
        }
        Flow::Continue
    }

    fn failed(&mut self, _: &[u8], _: Errno, _: &mut Io<'_>) {
        self.status = 1;
    }

    fn finish(&mut self, _: &mut Io<'_>) -> u8 {
        self.status
    }
}
