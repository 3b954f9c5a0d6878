//! `diff`, in GNU's normal, unified, context and side-by-side formats.

mod formats;

use crate::utilities::regex::{Flavour, Regex, Syntax};
use crate::utilities::support::clock::Moment;
use crate::utilities::support::complain;
use crate::utilities::support::gather::{Gather, Gathering, names_stdin};
use crate::utilities::support::glob::{Rules, matches};
use crate::utilities::support::options::{Opt, Parsed, flag, missing, missing_value, optional, parse, value};
use crate::utilities::support::text::{named, number, quoted, shell_quote};
use crate::utilities::support::utility::{COREUTILS, Utility};
use crate::utilities::support::zone::Zone;
use essaim_kernel::SmallSort;
use essaim_kernel::files::path;
use essaim_kernel::{Call, Errno, Io, Time};
use essaim_text::{Change, Whitespace, gnu_diff, is_binary, lines};
use formats::SideBySide;
use std::sync::Arc;

pub const UTILITY: Utility = Utility {
    name: "diff",
    summary: "compare files line by line",
    usage: "[OPTION]... FILES",
    package: "GNU diffutils",
    options: OPTIONS,
    usage_status: 2,
    start: Gathering::<Diff>::boxed,
    ..COREUTILS
};

const OPTIONS: &[Opt] = &[
    flag("", "normal"),
    flag("q", "brief"),
    flag("s", "report-identical-files"),
    flag("c", ""),
    value("C", ""),
    optional("", "context"),
    flag("u", ""),
    value("U", ""),
    optional("", "unified"),
    missing("e", "ed"),
    missing("n", "rcs"),
    flag("y", "side-by-side"),
    value("W", "width"),
    flag("", "left-column"),
    flag("", "suppress-common-lines"),
    flag("p", "show-c-function"),
    value("F", "show-function-line"),
    value("L", "label"),
    missing("t", "expand-tabs"),
    missing("T", "initial-tab"),
    missing("l", "paginate"),
    flag("r", "recursive"),
    missing("", "no-dereference"),
    flag("N", "new-file"),
    missing("", "unidirectional-new-file"),
    value("x", "exclude"),
    value("X", "exclude-from"),
    missing_value("S", "starting-file"),
    flag("i", "ignore-case"),
    missing("E", "ignore-tab-expansion"),
    flag("Z", "ignore-trailing-space"),
    flag("b", "ignore-space-change"),
    flag("w", "ignore-all-space"),
    flag("B", "ignore-blank-lines"),
    value("I", "ignore-matching-lines"),
    flag("a", "text"),
    flag("", "strip-trailing-cr"),
    missing_value("D", "ifdef"),
    flag("d", "minimal"),
    flag("", "speed-large-files"),
    optional("", "color"),
];

#[derive(Clone)]
struct Diff {
    left: Vec<u8>,
    right: Vec<u8>,
    format: Format,
    ignore_case: bool,
    ignore_blank: bool,
    /// Changes of lines that all match one of these do not count.
    ignored: Vec<Regex>,
    /// Lines that can name a hunk.
    function: Option<Regex>,
    /// Patterns of names that a recursive run leaves out.
    excluded: Vec<Vec<u8>>,
    colour: bool,
    brief: bool,
    identical: bool,
    recursive: bool,
    new_file: bool,
    text: bool,
    whitespace: Whitespace,
    labels: Vec<Vec<u8>>,
    /// The options as they were given, for the titles of a recursive run.
    given: Vec<u8>,
    status: u8,
}

/// How differences are shown.
#[derive(Clone, Copy)]
enum Format {
    Normal,
    Unified(usize),
    Context(usize),
    SideBySide(SideBySide),
}

/// One side of a comparison.
struct Side {
    name: Vec<u8>,
    content: Arc<Vec<u8>>,
    time: Time,
}

impl Gather for Diff {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let parsed = parse(&UTILITY, call, io)?;
        let format = format(&parsed, call, io)?;
        let (left, right) = match parsed.operands.as_slice() {
            [left, right] => (left.clone(), right.clone()),
            [] | [_] => {
                let after = parsed.operands.first().map_or_else(
                    || String::from_utf8_lossy(call.args.last().map_or(b"diff".as_slice(), Vec::as_slice)).into_owned(),
                    |one| String::from_utf8_lossy(one).into_owned(),
                );
                return Err(UTILITY.usage_error(call, io, &format!("missing operand after '{after}'")));
            }
            [_, _, extra, ..] => {
                return Err(UTILITY.usage_error(call, io, &format!("extra operand {}", quoted(extra))));
            }
        };
        let options: Vec<Vec<u8>> = call.args[1..]
            .iter()
            .filter(|a| **a != left && **a != right)
            .map(|a| shell_quote(a, false).into_bytes())
            .collect();
        let whitespace = if parsed.has("ignore-all-space") {
            Whitespace::IgnoreAll
        } else if parsed.has("ignore-space-change") {
            Whitespace::IgnoreChange
        } else if parsed.has("ignore-trailing-space") {
            Whitespace::IgnoreAtEol
        } else if parsed.has("strip-trailing-cr") {
            Whitespace::IgnoreCrAtEol
        } else {
            Whitespace::Exact
        };
        Ok(Self {
            left,
            right,
            format,
            ignore_case: parsed.has("ignore-case"),
            ignore_blank: parsed.has("ignore-blank-lines"),
            ignored: regexes(parsed.values("ignore-matching-lines"), call, io)?,
            function: regexes(parsed.values("show-function-line"), call, io)?
                .pop()
                .or_else(|| {
                    parsed
                        .has("show-c-function")
                        .then(|| regex(b"^[[:alpha:]$_]").ok())
                        .flatten()
                }),
            excluded: excluded(&parsed, call, io)?,
            colour: colour(&parsed, call, io)?,
            brief: parsed.has("brief"),
            identical: parsed.has("report-identical-files"),
            recursive: parsed.has("recursive"),
            new_file: parsed.has("new-file"),
            text: parsed.has("text"),
            whitespace,
            labels: parsed.values("label").map(<[u8]>::to_vec).collect(),
            given: options.join(&b' '),
            status: 0,
        })
    }

    fn wants_stdin(&self) -> bool {
        names_stdin(&[self.left.clone(), self.right.clone()])
    }

    fn run(mut self, call: &Call, stdin: Arc<Vec<u8>>, io: &mut Io<'_>) -> u8 {
        let (mut left, mut right) = (self.left.clone(), self.right.clone());
        let is_dir = |name: &[u8], io: &Io<'_>| name != b"-" && io.files_ref().is_dir(&io.path(name));
        match (is_dir(&left, io), is_dir(&right, io)) {
            (true, true) => {
                self.folders(&left, &right, call, io);
                return self.status;
            }
            // A file against a directory: against the file of that name in it.
            (true, false) if right != b"-" => left = path::join(&left, path::file_name(&right)),
            (false, true) if left != b"-" => right = path::join(&right, path::file_name(&left)),
            _ => {}
        }
        let sides = (self.side(&left, &stdin, call, io), self.side(&right, &stdin, call, io));
        if let (Some(left), Some(right)) = sides {
            self.files(&left, &right, None, io);
        }
        self.status
    }
}

fn format(parsed: &Parsed, call: &Call, io: &mut Io<'_>) -> Result<Format, u8> {
    const UNIFIED: [&str; 3] = ["u", "U", "unified"];
    const CONTEXT: [&str; 3] = ["c", "C", "context"];
    let mut size = |what: &str, text: Option<&[u8]>, usual: usize| match text {
        None => Ok(usual),
        Some(text) => match number(text) {
            Some(n) => Ok(usize::try_from(n).unwrap_or(usize::MAX).min(1 << 24)),
            None => {
                let message = format!("invalid {what} '{}'", String::from_utf8_lossy(text));
                Err(UTILITY.usage_error(call, io, &message))
            }
        },
    };
    let (unified, context) = (parsed.last_of(&UNIFIED), parsed.last_of(&CONTEXT));
    let width = size("width", parsed.value("width"), 130)?;
    let lines = match unified.or(context) {
        Some(key) => size("context length", parsed.value(key), 3)?,
        None => 0,
    };
    let side = parsed.has("side-by-side");
    let styles = [unified.is_some(), context.is_some(), side, parsed.has("normal")];
    if styles.iter().filter(|s| **s).count() > 1 {
        return Err(UTILITY.usage_error(call, io, "conflicting output style options"));
    }
    Ok(match (unified, context) {
        (Some(_), _) => Format::Unified(lines),
        (_, Some(_)) => Format::Context(lines),
        _ if side => Format::SideBySide(SideBySide {
            width,
            suppress_common: parsed.has("suppress-common-lines"),
            left_column: parsed.has("left-column"),
        }),
        _ if parsed.has("show-c-function") || parsed.has("show-function-line") => Format::Context(3),
        _ => Format::Normal,
    })
}

fn regex(pattern: &[u8]) -> Result<Regex, &'static str> {
    let syntax = Syntax {
        flavour: Flavour::Basic,
        ..Syntax::default()
    };
    Regex::new(pattern, syntax)
}

fn regexes<'a>(patterns: impl Iterator<Item = &'a [u8]>, call: &Call, io: &mut Io<'_>) -> Result<Vec<Regex>, u8> {
    patterns
        .map(|pattern| {
            regex(pattern).map_err(|error| {
                complain(io, call, format!("{}: {error}", String::from_utf8_lossy(pattern)));
                2
            })
        })
        .collect()
}

fn excluded(parsed: &Parsed, call: &Call, io: &mut Io<'_>) -> Result<Vec<Vec<u8>>, u8> {
    let mut all: Vec<Vec<u8>> = parsed.values("exclude").map(<[u8]>::to_vec).collect();
    for file in parsed.values("exclude-from") {
        match crate::utilities::support::read_operand(io, file, &Arc::default()) {
            Ok(content) => all.extend(lines(&content).iter().map(|l| l.trim_ascii_end().to_vec())),
            Err(error) => {
                complain(io, call, format!("{}: {error}", named(file)));
                return Err(2);
            }
        }
    }
    Ok(all)
}

fn colour(parsed: &Parsed, call: &Call, io: &mut Io<'_>) -> Result<bool, u8> {
    if !parsed.has("color") {
        return Ok(false);
    }
    match parsed.value("color") {
        Some(b"always") => Ok(true),
        Some(b"never") => Ok(false),
        None | Some(b"auto") => Ok(io.is_terminal(1)),
        Some(text) => {
            let message = format!("invalid color '{}'", String::from_utf8_lossy(text));
            Err(UTILITY.usage_error(call, io, &message))
        }
    }
}

impl Diff {
    fn side(&mut self, name: &[u8], stdin: &Arc<Vec<u8>>, call: &Call, io: &mut Io<'_>) -> Option<Side> {
        let metadata = io.files_ref().metadata(&io.path(name));
        match crate::utilities::support::read_operand(io, name, stdin) {
            Ok(content) => Some(Side {
                name: name.to_vec(),
                content,
                time: metadata.map_or(io.now(), |m| m.mtime),
            }),
            Err(Errno::NoEntry) if self.new_file => Some(Side {
                name: name.to_vec(),
                content: Arc::default(),
                time: Time(0),
            }),
            Err(error) => {
                complain(io, call, format!("{}: {error}", named(name)));
                self.status = 2;
                None
            }
        }
    }

    fn files(&mut self, left: &Side, right: &Side, title: Option<&[u8]>, io: &mut Io<'_>) {
        let both = [left.name.as_slice(), b" and ", right.name.as_slice()].concat();
        let same = left.content == right.content;
        io.charge((left.content.len() + right.content.len()) as u64 / 4096);
        let binary = !self.text && (is_binary(&left.content) || is_binary(&right.content));
        let out = match self.format {
            Format::SideBySide(_) if same && !self.brief && !binary => self.shown(self.format, left, right, io),
            _ if same => Vec::new(),
            _ if binary => {
                let mut out = [b"Binary files ".as_slice(), &both, b" differ\n"].concat();
                if self.brief {
                    out = [b"Files ".as_slice(), &both, b" differ\n"].concat();
                }
                self.status = self.status.max(1);
                io.print(out);
                return;
            }
            format => self.shown(format, left, right, io),
        };
        let differs =
            !same && (self.brief || !matches!(self.format, Format::SideBySide(_)) || self.changes_count(left, right));
        if out.is_empty() || !differs {
            if !self.brief {
                io.print(out);
            }
            if self.identical {
                io.print([b"Files ".as_slice(), &both, b" are identical\n"].concat());
            }
            return;
        }
        self.status = self.status.max(1);
        if self.brief {
            io.print([b"Files ".as_slice(), &both, b" differ\n"].concat());
            return;
        }
        io.print(title.unwrap_or_default());
        io.print(out);
    }

    /// The changes that count, on lines as the options see them.
    fn changes(&self, old: &[&[u8]], new: &[&[u8]], horizon: usize) -> Vec<Change> {
        let mut changes = if self.ignore_case {
            let lower = |all: &[&[u8]]| all.iter().map(|l| l.to_ascii_lowercase()).collect::<Vec<_>>();
            let (a, b) = (lower(old), lower(new));
            let a: Vec<&[u8]> = a.iter().map(Vec::as_slice).collect();
            let b: Vec<&[u8]> = b.iter().map(Vec::as_slice).collect();
            gnu_diff(&a, &b, self.whitespace, horizon)
        } else {
            gnu_diff(old, new, self.whitespace, horizon)
        };
        let skips = |line: &&[u8]| {
            let bare = line.strip_suffix(b"\n").unwrap_or(line);
            (self.ignore_blank && bare.is_empty()) || self.ignored.iter().any(|r| r.is_match(bare))
        };
        if self.ignore_blank || !self.ignored.is_empty() {
            for change in &mut changes {
                change.ignorable =
                    old[change.old.clone()].iter().all(skips) && new[change.new.clone()].iter().all(skips);
            }
        }
        changes
    }

    fn changes_count(&self, left: &Side, right: &Side) -> bool {
        let (old, new) = (lines(&left.content), lines(&right.content));
        self.changes(&old, &new, 0).iter().any(|c| !c.ignorable)
    }

    fn shown(&self, format: Format, left: &Side, right: &Side, io: &Io<'_>) -> Vec<u8> {
        let (old, new) = (lines(&left.content), lines(&right.content));
        let horizon = match format {
            Format::Unified(lines) | Format::Context(lines) => lines,
            _ => 0,
        };
        let changes = self.changes(&old, &new, horizon);
        let names = |line: &[u8]| self.function.as_ref().is_some_and(|r| r.is_match(line));
        let function: formats::Function<'_> = self.function.is_some().then_some(&names);
        if changes.iter().all(|c| c.ignorable) && !matches!(format, Format::SideBySide(_)) {
            return Vec::new();
        }
        let (old_sign, new_sign, hunks) = match format {
            Format::Unified(lines) => ("--- ", "+++ ", formats::unified(&old, &new, &changes, lines, function)),
            Format::Context(lines) => ("*** ", "--- ", formats::context(&old, &new, &changes, lines, function)),
            Format::SideBySide(side) => ("", "", side.text(&old, &new, &changes)),
            Format::Normal => ("", "", formats::normal(&old, &new, &changes)),
        };
        let mut out = hunks;
        if !old_sign.is_empty() && !out.is_empty() {
            let (a, b) = (self.header(0, left, io), self.header(1, right, io));
            out = [old_sign.as_bytes(), &a, b"\n", new_sign.as_bytes(), &b, b"\n", &out].concat();
        }
        if self.colour && !matches!(format, Format::SideBySide(_)) {
            out = formats::coloured(&out, matches!(format, Format::Context(_)));
        }
        out
    }

    fn header(&self, index: usize, side: &Side, io: &Io<'_>) -> Vec<u8> {
        if let Some(label) = self.labels.get(index) {
            return label.clone();
        }
        let moment = Moment::new(side.time, &Zone::of(io.env()));
        let mut out = side.name.clone();
        out.push(b'\t');
        out.extend(moment.format(b"%Y-%m-%d %H:%M:%S.%N %z"));
        out
    }

    fn folders(&mut self, left: &[u8], right: &[u8], call: &Call, io: &mut Io<'_>) {
        let list = |name: &[u8], io: &Io<'_>| io.files_ref().read_dir(&io.path(name));
        let (ours, theirs) = match (list(left, io), list(right, io)) {
            (Ok(ours), Ok(theirs)) => (ours, theirs),
            (ours, theirs) => {
                for (name, result) in [(left, ours), (right, theirs)] {
                    match result {
                        Err(Errno::NoEntry) if self.new_file => {}
                        Err(error) => {
                            complain(io, call, format!("{}: {error}", named(name)));
                            self.status = 2;
                        }
                        Ok(_) => {}
                    }
                }
                (list(left, io).unwrap_or_default(), list(right, io).unwrap_or_default())
            }
        };
        let mut all: Vec<&Vec<u8>> = ours.iter().chain(&theirs).collect();
        all.small_sort();
        all.dedup();
        all.retain(|name| {
            !self
                .excluded
                .iter()
                .any(|pattern| matches(pattern, name, Rules::default()))
        });
        for name in all {
            let (a, b) = (path::join(left, name), path::join(right, name));
            let only = match (ours.contains(name), theirs.contains(name)) {
                (true, false) => Some(left),
                (false, true) => Some(right),
                _ => None,
            };
            if let Some(folder) = only
                && !self.new_file
            {
                io.print([b"Only in ".as_slice(), folder, b": ", name, b"\n"].concat());
                self.status = self.status.max(1);
                continue;
            }
            self.pair(&a, &b, call, io);
        }
    }

    fn pair(&mut self, a: &[u8], b: &[u8], call: &Call, io: &mut Io<'_>) {
        let kind = |name: &[u8], io: &Io<'_>| io.files_ref().metadata(&io.path(name)).map(|m| m.is_dir());
        let (left, right) = (kind(a, io), kind(b, io));
        let folders = matches!((left, right), (Ok(true), Ok(true) | Err(_)) | (Err(_), Ok(true)));
        if folders {
            if self.recursive {
                self.folders(a, b, call, io);
            } else {
                io.print([b"Common subdirectories: ".as_slice(), a, b" and ", b, b"\n"].concat());
            }
            return;
        }
        if left != right && left.is_ok() && right.is_ok() {
            let word = |is_dir: bool| if is_dir { "directory" } else { "regular file" };
            io.print(format!(
                "File {} is a {} while file {} is a {}\n",
                String::from_utf8_lossy(a),
                word(left == Ok(true)),
                String::from_utf8_lossy(b),
                word(right == Ok(true))
            ));
            self.status = self.status.max(1);
            return;
        }
        let none = Arc::default();
        if let (Some(left), Some(right)) = (self.side(a, &none, call, io), self.side(b, &none, call, io)) {
            let gap: &[u8] = if self.given.is_empty() { b"" } else { b" " };
            let title = [b"diff".as_slice(), gap, &self.given, b" ", a, b" ", b, b"\n"].concat();
            self.files(&left, &right, Some(&title), io);
        }
    }
}
