//! `grep`, `egrep` and `fgrep`, as GNU's.

mod search;

use super::regex::{Flavour, Regex, Syntax};
use super::support::complain;
use super::support::glob;
use super::support::options::{Opt, Parsed, flag, missing, missing_value, optional, parse_args, value};
use super::support::stream::{Filter, Flow, Streaming};
use super::support::text::{named, number, quote};
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::files::path;
use essaim_kernel::{Call, Errno, Io, Read};
use search::{Colors, Grep, Names};
use std::collections::VecDeque;

pub const UTILITY: Utility = Utility {
    name: "grep",
    summary: "print lines that match patterns",
    usage: "[OPTION]... PATTERNS [FILE]...",
    package: "GNU grep",
    options: OPTIONS,
    usage_status: 2,
    start: Streaming::<Grep>::boxed,
    ..COREUTILS
};

pub const EGREP: Utility = Utility {
    name: "egrep",
    ..UTILITY
};

pub const FGREP: Utility = Utility {
    name: "fgrep",
    ..UTILITY
};

const OPTIONS: &[Opt] = &[
    flag("E", "extended-regexp"),
    flag("F", "fixed-strings"),
    flag("G", "basic-regexp"),
    missing("P", "perl-regexp"),
    value("e", "regexp"),
    value("f", "file"),
    flag("i", "ignore-case"),
    flag("y", ""),
    flag("", "no-ignore-case"),
    flag("w", "word-regexp"),
    flag("x", "line-regexp"),
    flag("z", "null-data"),
    flag("s", "no-messages"),
    flag("v", "invert-match"),
    flag("V", ""),
    value("m", "max-count"),
    flag("b", "byte-offset"),
    flag("n", "line-number"),
    flag("", "line-buffered"),
    flag("H", "with-filename"),
    flag("h", "no-filename"),
    value("", "label"),
    flag("o", "only-matching"),
    flag("q", "quiet"),
    flag("", "silent"),
    value("", "binary-files"),
    flag("a", "text"),
    flag("I", ""),
    value("d", "directories"),
    missing_value("D", "devices"),
    flag("r", "recursive"),
    flag("R", "dereference-recursive"),
    value("", "include"),
    value("", "exclude"),
    missing_value("", "exclude-from"),
    value("", "exclude-dir"),
    flag("L", "files-without-match"),
    flag("l", "files-with-matches"),
    flag("c", "count"),
    flag("T", "initial-tab"),
    flag("Z", "null"),
    value("B", "before-context"),
    value("A", "after-context"),
    value("C", "context"),
    value("", "group-separator"),
    flag("", "no-group-separator"),
    optional("", "color"),
    optional("", "colour"),
    missing("U", "binary"),
];

impl Filter for Grep {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<(Self, Vec<Vec<u8>>), u8> {
        let args = context_numbers(&call.args[1.min(call.args.len())..]);
        let parsed = parse_args(&UTILITY, &args, call, io)?;
        if parsed.has("V") {
            io.print(UTILITY.version());
            return Err(0);
        }
        let mut operands = parsed.operands.clone();
        let patterns = patterns(&parsed, &mut operands, call, io)?;
        let regexes = compile(&parsed, &patterns, call, io)?;
        let recursive = parsed.has("recursive")
            || parsed.has("dereference-recursive")
            || parsed.value("directories") == Some(b"recurse");
        let named_files = operands.len();
        let mut problems = Vec::new();
        let files = if recursive {
            walk(&parsed, operands, io, &mut problems)
        } else if operands.is_empty() {
            vec![b"-".to_vec()]
        } else {
            operands.retain(|name| name == b"-" || is_wanted(&parsed, name, true));
            operands
        };
        check_directories(&parsed, call, io)?;
        let mut grep = settings(&parsed, regexes, call, io)?;
        let several = named_files > 1 || recursive;
        grep.names = match parsed.last_of(&["with-filename", "no-filename"]) {
            Some("with-filename") => true,
            Some(_) => false,
            None => several,
        };
        for (name, error) in problems {
            grep.failed(&name, error, io);
        }
        if grep.max == Some(0) {
            return Err(1);
        }
        Ok((grep, files))
    }

    fn delimiter(&self) -> Option<u8> {
        Some(if self.zero { 0 } else { b'\n' })
    }

    fn begin(&mut self, name: &[u8], _: &mut Io<'_>) -> Flow {
        self.begin_file(name)
    }

    fn take(&mut self, bytes: &[u8], ended: bool, io: &mut Io<'_>) -> Flow {
        self.line(bytes, ended, io)
    }

    fn end(&mut self, io: &mut Io<'_>) {
        self.end_file(io);
    }

    fn failed(&mut self, name: &[u8], error: Errno, io: &mut Io<'_>) {
        self.skipped = true;
        if error == Errno::IsDirectory && self.skips_directories {
            return;
        }
        if !self.silent_errors {
            complain(io, &self.call.clone(), format!("{}: {error}", named(name)));
        }
        self.errors = true;
    }

    fn finish(&mut self, _: &mut Io<'_>) -> u8 {
        match (self.found_any, self.errors) {
            (true, _) if self.quiet => 0,
            (_, true) => 2,
            (true, false) => 0,
            (false, false) => 1,
        }
    }
}

/// `-3` is `-C 3`.
fn context_numbers(args: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let is_number = |arg: &[u8]| arg.len() > 1 && arg[0] == b'-' && arg[1..].iter().all(u8::is_ascii_digit);
    let mut takes_value = false;
    let mut out = Vec::new();
    for arg in args {
        if is_number(arg) && !takes_value {
            out.push([b"-C".as_slice(), &arg[1..]].concat());
        } else {
            out.push(arg.clone());
        }
        takes_value = arg.len() == 2 && arg[0] == b'-' && b"efmABCdD".contains(&arg[1]);
    }
    out
}

/// `-f -`: what a file or a here-document gives at once.
fn standard_patterns(call: &Call, io: &mut Io<'_>) -> Result<Vec<Vec<u8>>, u8> {
    let mut content = Vec::new();
    loop {
        match io.read(0, 64 << 10) {
            Read::Data(bytes) => content.extend(bytes),
            Read::Wait => {
                complain(io, call, "-f - on a pipe exists in GNU grep, not simulated here");
                return Err(2);
            }
            Read::End | Read::Failed(_) => break,
        }
    }
    Ok(super::support::lines(&content, b'\n').map(<[u8]>::to_vec).collect())
}

fn patterns(parsed: &Parsed, operands: &mut Vec<Vec<u8>>, call: &Call, io: &mut Io<'_>) -> Result<Vec<Vec<u8>>, u8> {
    let mut patterns = Vec::new();
    for (key, value) in &parsed.given {
        let value = value.clone().unwrap_or_default();
        match *key {
            "regexp" => patterns.extend(value.split(|b| *b == b'\n').map(<[u8]>::to_vec)),
            "file" => {
                if value == b"-" {
                    patterns.extend(standard_patterns(call, io)?);
                    continue;
                }
                let content = match super::support::read_operand(io, &value, &std::sync::Arc::default()) {
                    Ok(content) => content,
                    Err(error) => {
                        complain(io, call, format!("{}: {error}", named(&value)));
                        return Err(2);
                    }
                };
                patterns.extend(super::support::lines(&content, b'\n').map(<[u8]>::to_vec));
            }
            _ => {}
        }
    }
    if !parsed.has("regexp") && !parsed.has("file") {
        if operands.is_empty() {
            return Err(UTILITY.try_help(call, io));
        }
        let text = operands.remove(0);
        patterns.extend(text.split(|b| *b == b'\n').map(<[u8]>::to_vec));
    }
    Ok(patterns)
}

fn compile(parsed: &Parsed, patterns: &[Vec<u8>], call: &Call, io: &mut Io<'_>) -> Result<Vec<Regex>, u8> {
    let called = call.args.first().map_or(b"".as_slice(), |n| path::file_name(n));
    let flavour = match parsed.last_of(&["extended-regexp", "fixed-strings", "basic-regexp"]) {
        Some("extended-regexp") => Flavour::Extended,
        Some("fixed-strings") => Flavour::Literal,
        Some(_) => Flavour::Basic,
        None if called == b"egrep" => Flavour::Extended,
        None if called == b"fgrep" => Flavour::Literal,
        None => Flavour::Basic,
    };
    let syntax = Syntax {
        flavour,
        ignore_case: matches!(
            parsed.last_of(&["ignore-case", "y", "no-ignore-case"]),
            Some("ignore-case" | "y")
        ),
        multiline: false,
        whole: parsed.has("line-regexp"),
        word: parsed.has("word-regexp"),
    };
    let mut regexes = Vec::new();
    for pattern in patterns {
        match Regex::new(pattern, syntax) {
            Ok(regex) => regexes.push(regex),
            Err(error) => {
                complain(io, call, error);
                return Err(2);
            }
        }
    }
    Ok(regexes)
}

fn settings(parsed: &Parsed, regexes: Vec<Regex>, call: &Call, io: &mut Io<'_>) -> Result<Grep, u8> {
    let mut length = |key: &str| match parsed.value(key) {
        None => Ok(None),
        Some(text) => match number(text) {
            Some(count) => Ok(Some(usize::try_from(count).unwrap_or(usize::MAX))),
            None => {
                complain(
                    io,
                    call,
                    format!("{}: invalid context length argument", String::from_utf8_lossy(text)),
                );
                Err(2)
            }
        },
    };
    let both = length("context")?;
    let (before, after) = (length("before-context")?.or(both), length("after-context")?.or(both));
    let max = max_count(parsed, call, io)?;
    let color = is_coloured(parsed, io);
    let binary = parsed.value("binary-files");
    Ok(Grep {
        call: call.clone(),
        regexes,
        invert: parsed.has("invert-match"),
        only_matching: parsed.has("only-matching"),
        quiet: parsed.has("quiet") || parsed.has("silent"),
        counts: parsed.has("count"),
        list: match parsed.last_of(&["files-with-matches", "files-without-match"]) {
            None => Names::No,
            Some("files-with-matches") => Names::Matching,
            Some(_) => Names::NotMatching,
        },
        numbers: parsed.has("line-number"),
        offsets: parsed.has("byte-offset"),
        names: false,
        null: parsed.has("null"),
        initial_tab: parsed.has("initial-tab"),
        zero: parsed.has("null-data"),
        max,
        before: before.unwrap_or(0),
        after: after.unwrap_or(0),
        separator: if parsed.has("no-group-separator") {
            None
        } else {
            Some(parsed.value("group-separator").unwrap_or(b"--").to_vec())
        },
        has_context: before.is_some() || after.is_some(),
        text: parsed.has("text") || binary == Some(b"text"),
        skips_binary: parsed.has("I") || binary == Some(b"without-match"),
        label: parsed.value("label").unwrap_or(b"(standard input)").to_vec(),
        silent_errors: parsed.has("no-messages"),
        skips_directories: parsed.value("directories") == Some(b"skip"),
        colors: color.then(Colors::default),
        name: Vec::new(),
        line: 0,
        offset: 0,
        selected: 0,
        after_left: 0,
        held: VecDeque::new(),
        printed: false,
        gap: false,
        binary: false,
        skipped: false,
        found_any: false,
        errors: false,
    })
}

fn max_count(parsed: &Parsed, call: &Call, io: &mut Io<'_>) -> Result<Option<u64>, u8> {
    Ok(match parsed.value("max-count") {
        None => None,
        Some(text) => match number(text) {
            Some(count) => Some(count),
            None if text.first() == Some(&b'-') => None,
            None => {
                complain(io, call, "invalid max count");
                return Err(2);
            }
        },
    })
}

fn is_coloured(parsed: &Parsed, io: &Io<'_>) -> bool {
    parsed.last_of(&["color", "colour"]).is_some_and(|key| {
        let when = parsed.given.iter().rev().find(|(k, _)| *k == key);
        match when.and_then(|(_, v)| v.as_deref()) {
            Some(b"always" | b"yes" | b"force") => true,
            Some(b"never" | b"no" | b"none") => false,
            _ => io.is_terminal(1),
        }
    })
}

fn check_directories(parsed: &Parsed, call: &Call, io: &mut Io<'_>) -> Result<(), u8> {
    if let Some(action) = parsed.value("directories")
        && !matches!(action, b"read" | b"skip" | b"recurse")
    {
        complain(
            io,
            call,
            format!("invalid argument {} for ‘--directories’", quote(action)),
        );
        io.eprint("Valid arguments are:\n  - ‘read’\n  - ‘recurse’\n  - ‘skip’\n");
        return Err(UTILITY.try_help(call, io));
    }
    Ok(())
}

fn is_wanted(parsed: &Parsed, name: &[u8], operand: bool) -> bool {
    let rules = glob::Rules::default();
    let base = path::file_name(name);
    let matched =
        |pattern: &[u8]| glob::matches(pattern, base, rules) || (operand && glob::matches(pattern, name, rules));
    let mut wanted = !parsed.has("include");
    for (key, value) in &parsed.given {
        let pattern = value.as_deref().unwrap_or_default();
        match *key {
            "include" if matched(pattern) => wanted = true,
            "exclude" if matched(pattern) => wanted = false,
            _ => {}
        }
    }
    wanted
}

/// The files below the operands, in the order of names.
fn walk(
    parsed: &Parsed,
    operands: Vec<Vec<u8>>,
    io: &mut Io<'_>,
    problems: &mut Vec<(Vec<u8>, Errno)>,
) -> Vec<Vec<u8>> {
    let none = operands.is_empty();
    let start = if none { vec![b".".to_vec()] } else { operands };
    let follow = parsed.has("dereference-recursive");
    let mut queue: Vec<(Vec<u8>, bool)> = start.into_iter().rev().map(|name| (name, true)).collect();
    let mut files = Vec::new();
    let excluded = |name: &[u8]| {
        let base = path::file_name(name);
        let rules = glob::Rules::default();
        parsed
            .values("exclude-dir")
            .any(|p| glob::matches(p.strip_suffix(b"/").unwrap_or(p), base, rules))
    };
    while let Some((name, operand)) = queue.pop() {
        if name == b"-" {
            files.push(name);
            continue;
        }
        let at = io.path(&name);
        let metadata = match io.files_ref().symlink_metadata(&at) {
            Ok(metadata) if metadata.is_symlink() && !operand && !follow => continue,
            Ok(metadata) if metadata.is_symlink() => io.files_ref().metadata(&at),
            found => found,
        };
        match metadata {
            Ok(metadata) if metadata.is_dir() => {
                if (!operand || !none) && excluded(&name) {
                    continue;
                }
                let entries = io.files_ref().read_dir(&at).unwrap_or_default();
                let below = |entry: &Vec<u8>| {
                    if none && operand {
                        entry.clone()
                    } else {
                        path::join(&name, entry)
                    }
                };
                queue.extend(entries.iter().rev().map(|entry| (below(entry), false)));
            }
            Ok(_) if is_wanted(parsed, &name, operand) => files.push(name),
            Ok(_) => {}
            Err(error) if operand => problems.push((name, error)),
            Err(_) => {}
        }
        // A link that leads back up would never end.
        if queue.len() > 100_000 {
            break;
        }
    }
    files
}
