//! `diff`, in GNU's normal and unified formats.

use super::support::clock::Moment;
use super::support::complain;
use super::support::gather::{Gather, Gathering, names_stdin};
use super::support::options::{Opt, Parsed, flag, missing, missing_value, optional, parse, value};
use super::support::text::{named, number, quoted};
use super::support::utility::{COREUTILS, Utility};
use super::support::zone::Zone;
use essaim_kernel::files::path;
use essaim_kernel::{Call, Errno, Io, Time};
use essaim_text::{Whitespace, gnu_normal, gnu_unified, is_binary};
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
    missing("c", ""),
    missing_value("C", "context"),
    flag("u", ""),
    value("U", ""),
    optional("", "unified"),
    missing("e", "ed"),
    missing("n", "rcs"),
    missing("y", "side-by-side"),
    missing_value("W", "width"),
    missing("p", "show-c-function"),
    missing_value("F", "show-function-line"),
    value("L", "label"),
    missing("t", "expand-tabs"),
    missing("T", "initial-tab"),
    missing("l", "paginate"),
    flag("r", "recursive"),
    missing("", "no-dereference"),
    flag("N", "new-file"),
    missing("", "unidirectional-new-file"),
    missing_value("x", "exclude"),
    missing_value("S", "starting-file"),
    missing("i", "ignore-case"),
    missing("E", "ignore-tab-expansion"),
    flag("Z", "ignore-trailing-space"),
    flag("b", "ignore-space-change"),
    flag("w", "ignore-all-space"),
    missing("B", "ignore-blank-lines"),
    missing_value("I", "ignore-matching-lines"),
    flag("a", "text"),
    flag("", "strip-trailing-cr"),
    missing_value("D", "ifdef"),
    flag("d", "minimal"),
    missing("", "speed-large-files"),
    missing_value("", "color"),
];

#[derive(Clone)]
struct Diff {
    left: Vec<u8>,
    right: Vec<u8>,
    context: Option<usize>,
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

/// One side of a comparison.
struct Side {
    name: Vec<u8>,
    content: Arc<Vec<u8>>,
    time: Time,
}

impl Gather for Diff {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let parsed = parse(&UTILITY, call, io)?;
        let context = context(&parsed, call, io)?;
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
            .take_while(|a| a.as_slice() != b"--")
            .filter(|a| a.starts_with(b"-") && a.len() > 1)
            .cloned()
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
            context,
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

fn context(parsed: &Parsed, call: &Call, io: &mut Io<'_>) -> Result<Option<usize>, u8> {
    let Some(key) = parsed.last_of(&["u", "U", "unified"]) else {
        return Ok(None);
    };
    match parsed.value(key) {
        None => Ok(Some(3)),
        Some(text) => match number(text) {
            Some(lines) => Ok(Some(usize::try_from(lines).unwrap_or(usize::MAX).min(1 << 24))),
            None => {
                let message = format!("invalid context length '{}'", String::from_utf8_lossy(text));
                Err(UTILITY.usage_error(call, io, &message))
            }
        },
    }
}

impl Diff {
    fn side(&mut self, name: &[u8], stdin: &Arc<Vec<u8>>, call: &Call, io: &mut Io<'_>) -> Option<Side> {
        let metadata = io.files_ref().metadata(&io.path(name));
        match super::support::read_operand(io, name, stdin) {
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
        let out = match self.context {
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
            Some(context) => {
                let hunks = gnu_unified(&left.content, &right.content, self.whitespace, context);
                if hunks.is_empty() {
                    hunks
                } else {
                    let (old, new) = (self.header(0, left, io), self.header(1, right, io));
                    [b"--- ".as_slice(), &old, b"\n+++ ", &new, b"\n", &hunks].concat()
                }
            }
            None => gnu_normal(&left.content, &right.content, self.whitespace),
        };
        if out.is_empty() {
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
        all.sort();
        all.dedup();
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
