//! `sort`, in the order of bytes (the C.UTF-8 locale).

use super::ls::version_cmp;
use super::support::gather::{Gather, Gathering, names_stdin};
use super::support::options::{Opt, Parsed, flag, missing, missing_value, optional, parse, value};
use super::support::stream::files_or_stdin;
use super::support::text::{named, number, quote};
use super::support::utility::{COREUTILS, Utility};
use super::support::{complain, lines, read_operand};
use essaim_kernel::SmallSort;
use essaim_kernel::{Call, Io};
use std::cmp::Ordering;
use std::sync::Arc;

pub const UTILITY: Utility = Utility {
    name: "sort",
    summary: "sort lines of text files",
    options: OPTIONS,
    usage_status: 2,
    start: Gathering::<Sort>::boxed,
    ..COREUTILS
};

const OPTIONS: &[Opt] = &[
    flag("b", "ignore-leading-blanks"),
    flag("d", "dictionary-order"),
    flag("f", "ignore-case"),
    flag("g", "general-numeric-sort"),
    flag("i", "ignore-nonprinting"),
    flag("M", "month-sort"),
    flag("h", "human-numeric-sort"),
    flag("n", "numeric-sort"),
    flag("R", "random-sort"),
    missing_value("", "random-source"),
    flag("r", "reverse"),
    value("", "sort"),
    flag("V", "version-sort"),
    missing_value("", "batch-size"),
    optional("", "check"),
    flag("c", ""),
    flag("C", ""),
    missing_value("", "compress-program"),
    missing("", "debug"),
    missing_value("", "files0-from"),
    value("k", "key"),
    flag("m", "merge"),
    value("o", "output"),
    flag("s", "stable"),
    value("S", "buffer-size"),
    value("t", "field-separator"),
    value("T", "temporary-directory"),
    value("", "parallel"),
    flag("u", "unique"),
    flag("z", "zero-terminated"),
];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Rules {
    blanks_start: bool,
    blanks_end: bool,
    dictionary: bool,
    fold: bool,
    printing: bool,
    reverse: bool,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Text,
    Numeric,
    General,
    Human,
    Month,
    Version,
    Random,
}

#[derive(Clone, Debug)]
struct Key {
    /// (field, character), from 1.
    start: (usize, usize),
    /// (field, character); character 0 is the field's end.
    end: Option<(usize, usize)>,
    rules: Option<Rules>,
}

#[derive(Clone)]
struct Sort {
    files: Vec<Vec<u8>>,
    keys: Vec<Key>,
    rules: Rules,
    separator: Option<u8>,
    output: Option<Vec<u8>>,
    unique: bool,
    stable: bool,
    check: Option<bool>,
    delimiter: u8,
    seed: u64,
}

impl Gather for Sort {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let parsed = parse(&UTILITY, call, io)?;
        let rules = global_rules(&parsed);
        let mut keys = Vec::new();
        for text in parsed.values("key") {
            match key(text) {
                Ok(key) => keys.push(key),
                Err(message) => {
                    complain(io, call, format!("{message} {}", quote(text)));
                    return Err(2);
                }
            }
        }
        let separator = match parsed.value("field-separator") {
            None => None,
            Some(b"\\0") => Some(0),
            Some([byte]) => Some(*byte),
            Some(b"") => {
                complain(io, call, "empty tab");
                return Err(2);
            }
            Some(text) => {
                complain(io, call, format!("multi-character tab {}", quote(text)));
                return Err(2);
            }
        };
        let quiet = parsed.has("C") || parsed.value("check").is_some_and(|w| matches!(w, b"quiet" | b"silent"));
        let check = (parsed.has("c") || parsed.has("C") || parsed.has("check")).then_some(quiet);
        if check.is_some() && parsed.operands.len() > 1 {
            complain(
                io,
                call,
                format!(
                    "extra operand {} not allowed with -c",
                    super::support::text::quoted(&parsed.operands[1])
                ),
            );
            return Err(2);
        }
        let seed = if rules.kind == Kind::Random {
            io.random("sort").next_u64()
        } else {
            0
        };
        Ok(Self {
            rules,
            keys,
            separator,
            output: parsed.value("output").map(<[u8]>::to_vec),
            unique: parsed.has("unique"),
            stable: parsed.has("stable"),
            check,
            delimiter: if parsed.has("zero-terminated") { 0 } else { b'\n' },
            files: files_or_stdin(parsed.operands),
            seed,
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
                    let verb = if error == essaim_kernel::Errno::IsDirectory {
                        "read failed"
                    } else {
                        "cannot read"
                    };
                    complain(io, call, format!("{verb}: {}: {error}", named(name)));
                    return 2;
                }
            }
        }
        let mut all: Vec<&[u8]> = contents.iter().flat_map(|c| lines(c, self.delimiter)).collect();
        io.charge(all.len() as u64 / 64);
        if let Some(quiet) = self.check {
            return self.check_order(&all, quiet, call, io);
        }
        all.small_sort_by(|a, b| self.compare(a, b));
        if self.unique {
            all.dedup_by(|a, b| self.compare_keys(a, b) == Ordering::Equal);
        }
        let mut out = Vec::new();
        for line in all {
            out.extend_from_slice(line);
            out.push(self.delimiter);
        }
        match &self.output {
            None => io.print(out),
            Some(name) => {
                let at = io.path(name);
                if let Err(error) = io.files().write(&at, out) {
                    complain(io, call, format!("open failed: {}: {error}", named(name)));
                    return 2;
                }
            }
        }
        0
    }
}

impl Sort {
    fn check_order(&self, all: &[&[u8]], quiet: bool, call: &Call, io: &mut Io<'_>) -> u8 {
        for (index, pair) in all.windows(2).enumerate() {
            let order = if self.unique {
                self.compare_keys(pair[0], pair[1])
            } else {
                self.compare(pair[0], pair[1])
            };
            if order == Ordering::Greater || (self.unique && order == Ordering::Equal) {
                if !quiet {
                    let line = String::from_utf8_lossy(pair[1]).into_owned();
                    let name = String::from_utf8_lossy(&self.files[0]).into_owned();
                    complain(io, call, format!("{name}:{}: disorder: {line}", index + 2));
                }
                return 1;
            }
        }
        0
    }

    fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        let order = self.compare_keys(a, b);
        if order != Ordering::Equal || self.stable || self.unique {
            return order;
        }
        let order = a.cmp(b);
        if self.rules.reverse { order.reverse() } else { order }
    }

    fn compare_keys(&self, a: &[u8], b: &[u8]) -> Ordering {
        if self.keys.is_empty() {
            return compare_by(a, b, self.rules, self.seed);
        }
        for key in &self.keys {
            let rules = key.rules.unwrap_or(self.rules);
            let order = compare_by(self.part(a, key, rules), self.part(b, key, rules), rules, self.seed);
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    }

    fn part<'a>(&self, line: &'a [u8], key: &Key, rules: Rules) -> &'a [u8] {
        let start = self.position(line, key.start.0 - 1, key.start.1 - 1, rules.blanks_start);
        let end = match key.end {
            None => line.len(),
            // The end of a field: where the next begins, less its separator.
            Some((field, 0)) => self.field_end(line, field),
            Some((field, character)) => self.position(line, field - 1, character, rules.blanks_end),
        };
        &line[start..end.max(start)]
    }

    fn position(&self, line: &[u8], fields: usize, characters: usize, skip_blanks: bool) -> usize {
        let mut at = 0;
        for _ in 0..fields {
            at = match self.separator {
                Some(separator) => match line[at..].iter().position(|b| *b == separator) {
                    Some(len) => at + len + 1,
                    None => return line.len(),
                },
                None => blank_field_end(line, at),
            };
        }
        if skip_blanks {
            at += line[at..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        }
        for _ in 0..characters {
            if at < line.len() {
                at += super::support::text::char_len(&line[at..]);
            }
        }
        at.min(line.len())
    }

    fn field_end(&self, line: &[u8], field: usize) -> usize {
        let mut at = 0;
        for index in 0..field {
            match self.separator {
                Some(separator) => match line[at..].iter().position(|b| *b == separator) {
                    Some(len) if index + 1 == field => return at + len,
                    Some(len) => at += len + 1,
                    None => return line.len(),
                },
                None => at = blank_field_end(line, at),
            }
        }
        at
    }
}

fn blank_field_end(line: &[u8], from: usize) -> usize {
    let blank = |b: &&u8| matches!(b, b' ' | b'\t');
    let blanks = line[from..].iter().take_while(blank).count();
    let rest = &line[from + blanks..];
    from + blanks + rest.iter().take_while(|b| !blank(b)).count()
}

fn set_rule(rules: &mut Rules, letter: char, start: bool) -> bool {
    match letter {
        'b' if start => rules.blanks_start = true,
        'b' => rules.blanks_end = true,
        'd' => rules.dictionary = true,
        'f' => rules.fold = true,
        'i' => rules.printing = true,
        'r' => rules.reverse = true,
        'n' => rules.kind = Kind::Numeric,
        'g' => rules.kind = Kind::General,
        'h' => rules.kind = Kind::Human,
        'M' => rules.kind = Kind::Month,
        'V' => rules.kind = Kind::Version,
        'R' => rules.kind = Kind::Random,
        _ => return false,
    }
    true
}

fn global_rules(parsed: &Parsed) -> Rules {
    let mut rules = Rules::default();
    let letters = [
        ("ignore-leading-blanks", 'b'),
        ("dictionary-order", 'd'),
        ("ignore-case", 'f'),
        ("ignore-nonprinting", 'i'),
        ("reverse", 'r'),
        ("numeric-sort", 'n'),
        ("general-numeric-sort", 'g'),
        ("human-numeric-sort", 'h'),
        ("month-sort", 'M'),
        ("version-sort", 'V'),
        ("random-sort", 'R'),
    ];
    for (key, letter) in letters {
        if parsed.has(key) {
            set_rule(&mut rules, letter, true);
            if letter == 'b' {
                set_rule(&mut rules, letter, false);
            }
        }
    }
    let words = [
        (b"numeric".as_slice(), 'n'),
        (b"general-numeric", 'g'),
        (b"human-numeric", 'h'),
        (b"month", 'M'),
        (b"version", 'V'),
        (b"random", 'R'),
    ];
    if let Some(word) = parsed.value("sort")
        && let Some((_, letter)) = words.iter().find(|(name, _)| *name == word)
    {
        set_rule(&mut rules, *letter, true);
    }
    rules
}

/// `2.3b,4nr`.
fn key(text: &[u8]) -> Result<Key, &'static str> {
    let text = String::from_utf8_lossy(text).into_owned();
    let (start, end) = match text.split_once(',') {
        Some((start, end)) => (start.to_owned(), Some(end.to_owned())),
        None => (text, None),
    };
    let mut rules = Rules::default();
    let first = position(&start, true, &mut rules)?;
    if first.0 == 0 {
        return Err("field number is zero: invalid field specification");
    }
    let last = match end {
        None => None,
        Some(end) => Some(position(&end, false, &mut rules)?),
    };
    if last.is_some_and(|(field, _)| field == 0) {
        return Err("field number is zero: invalid field specification");
    }
    Ok(Key {
        start: (first.0, first.1.max(1)),
        end: last,
        rules: (rules != Rules::default()).then_some(rules),
    })
}

fn position(text: &str, start: bool, rules: &mut Rules) -> Result<(usize, usize), &'static str> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let len = digits(text);
    let (field, mut rest) = text.split_at(len);
    let field = number(field.as_bytes()).ok_or(if start {
        "invalid number at field start: invalid count at start of"
    } else {
        "invalid number after ‘,’: invalid count at start of"
    })?;
    let mut character = 0;
    if let Some(after) = rest.strip_prefix('.') {
        let len = digits(after);
        character = number(&after.as_bytes()[..len]).ok_or("invalid number after ‘.’: invalid count at start of")?;
        if character == 0 && start {
            return Err("character offset is zero: invalid field specification");
        }
        rest = &after[len..];
    }
    if !rest.chars().all(|letter| set_rule(rules, letter, start)) {
        return Err("stray character in field spec: invalid field specification");
    }
    let bounded = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(1 << 20);
    Ok((bounded(field), bounded(character)))
}

fn compare_by(a: &[u8], b: &[u8], rules: Rules, seed: u64) -> Ordering {
    let order = match rules.kind {
        Kind::Numeric => decimal(a).compare(&decimal(b)),
        Kind::General => general(a).total_cmp_gnu(&general(b)),
        Kind::Human => {
            let (x, y) = (human_rank(a), human_rank(b));
            x.cmp(&y).then_with(|| decimal(a).compare(&decimal(b)))
        }
        Kind::Month => month(a).cmp(&month(b)),
        Kind::Version => version_cmp(a, b),
        Kind::Random => shuffled(a, seed).cmp(&shuffled(b, seed)).then_with(|| a.cmp(b)),
        Kind::Text if rules.blanks_start || rules.dictionary || rules.fold || rules.printing => {
            folded(a, rules).cmp(&folded(b, rules))
        }
        Kind::Text => a.cmp(b),
    };
    if rules.reverse { order.reverse() } else { order }
}

fn folded(text: &[u8], rules: Rules) -> Vec<u8> {
    let text = if rules.blanks_start {
        text.trim_ascii_start()
    } else {
        text
    };
    let kept = text.iter().filter(|b| {
        (!rules.dictionary || b.is_ascii_alphanumeric() || matches!(b, b' ' | b'\t'))
            && (!rules.printing || (32..127).contains(*b))
    });
    kept.map(|b| if rules.fold { b.to_ascii_uppercase() } else { *b })
        .collect()
}

/// A decimal number of any length.
struct Decimal<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
}

fn decimal(text: &[u8]) -> Decimal<'_> {
    let text = text.trim_ascii_start();
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let zeros = text.iter().take_while(|b| **b == b'0').count();
    let text = &text[zeros..];
    let (whole, rest) = text.split_at(digits(text));
    let fraction = rest.strip_prefix(b".").map_or(b"".as_slice(), |f| &f[..digits(f)]);
    let kept = fraction.iter().rposition(|b| *b != b'0').map_or(0, |at| at + 1);
    let fraction = &fraction[..kept];
    Decimal {
        negative: negative && !(whole.is_empty() && fraction.is_empty()),
        whole,
        fraction,
    }
}

impl Decimal<'_> {
    fn compare(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (negative, _) => {
                let order = self.whole.len().cmp(&other.whole.len());
                let order = order.then_with(|| self.whole.cmp(other.whole));
                let order = order.then_with(|| self.fraction.cmp(other.fraction));
                if negative { order.reverse() } else { order }
            }
        }
    }
}

struct General(Option<f64>);

fn general(text: &[u8]) -> General {
    let text = String::from_utf8_lossy(text.trim_ascii_start()).into_owned();
    let mut end = text.len().min(64);
    while end > 0 && (!text.is_char_boundary(end) || text[..end].parse::<f64>().is_err()) {
        end -= 1;
    }
    General(text[..end].parse().ok())
}

impl General {
    /// What is no number comes first, then NaN, then numbers.
    fn total_cmp_gnu(&self, other: &Self) -> Ordering {
        let rank = |g: &Self| match g.0 {
            None => 0,
            Some(n) if n.is_nan() => 1,
            Some(_) => 2,
        };
        let order = rank(self).cmp(&rank(other));
        order.then_with(|| self.0.partial_cmp(&other.0).unwrap_or(Ordering::Equal))
    }
}

fn human_rank(text: &[u8]) -> i32 {
    let text = text.trim_ascii_start();
    let (sign, digits) = match text.strip_prefix(b"-") {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let len = digits.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let nonzero = digits[..len].iter().any(|b| (b'1'..=b'9').contains(b));
    let unit = digits
        .get(len)
        .and_then(|b| b"KMGTPEZY".iter().position(|u| *u == b.to_ascii_uppercase()));
    let order = unit.map_or(0, |u| u as i32 + 1);
    if nonzero { sign * order } else { 0 }
}

fn month(text: &[u8]) -> usize {
    const NAMES: [&[u8; 3]; 12] = [
        b"JAN", b"FEB", b"MAR", b"APR", b"MAY", b"JUN", b"JUL", b"AUG", b"SEP", b"OCT", b"NOV", b"DEC",
    ];
    let text = text.trim_ascii_start();
    let start = text.get(..3).map(<[u8]>::to_ascii_uppercase).unwrap_or_default();
    NAMES
        .iter()
        .position(|name| name.as_slice() == start)
        .map_or(0, |at| at + 1)
}

/// The place of a line in a shuffle: the same for equal lines.
fn shuffled(text: &[u8], seed: u64) -> u64 {
    let mut hash = seed ^ 0xcbf2_9ce4_8422_2325;
    for byte in text {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        hash ^= hash >> 29;
    }
    hash
}
