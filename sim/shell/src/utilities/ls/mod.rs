//! `ls`, as GNU's.

mod collect;
pub use collect::version_cmp;
mod layout;
mod paint;

use super::support::complain;
use super::support::glob;
use super::support::options::{Opt, flag, missing, missing_value, optional, parse, value};
use super::support::text::{human_size, number, quote, quoted, shell_quote, user, width};
use super::support::utility::{COREUTILS, Utility};
use super::support::zone::Zone;
use collect::{Entry, Sorting};
use essaim_kernel::process::RunToEnd;
use essaim_kernel::{Call, Io};

pub const UTILITY: Utility = Utility {
    name: "ls",
    summary: "list directory contents",
    options: OPTIONS,
    usage_status: 2,
    start: |call| RunToEnd::boxed(call, main),
    ..COREUTILS
};

const OPTIONS: &[Opt] = &[
    flag("a", "all"),
    flag("A", "almost-all"),
    missing("", "author"),
    flag("b", "escape"),
    missing_value("", "block-size"),
    flag("B", "ignore-backups"),
    flag("c", ""),
    flag("C", ""),
    optional("", "color"),
    flag("d", "directory"),
    missing("D", "dired"),
    flag("f", ""),
    optional("F", "classify"),
    flag("", "file-type"),
    value("", "format"),
    flag("", "full-time"),
    flag("g", ""),
    flag("", "group-directories-first"),
    flag("G", "no-group"),
    flag("h", "human-readable"),
    flag("s", "size"),
    flag("", "si"),
    flag("H", "dereference-command-line"),
    value("", "hide"),
    missing_value("", "hyperlink"),
    value("", "indicator-style"),
    flag("i", "inode"),
    value("I", "ignore"),
    flag("k", "kibibytes"),
    flag("l", ""),
    flag("L", "dereference"),
    flag("m", ""),
    flag("n", "numeric-uid-gid"),
    flag("N", "literal"),
    flag("o", ""),
    flag("p", ""),
    flag("q", "hide-control-chars"),
    missing("", "show-control-chars"),
    flag("Q", "quote-name"),
    value("", "quoting-style"),
    flag("r", "reverse"),
    flag("R", "recursive"),
    flag("S", ""),
    value("", "sort"),
    value("", "time"),
    value("", "time-style"),
    flag("t", ""),
    missing_value("T", "tabsize"),
    missing("u", ""),
    flag("U", ""),
    flag("v", ""),
    value("w", "width"),
    flag("x", ""),
    flag("X", ""),
    missing("Z", "context"),
    flag("", "zero"),
    flag("1", ""),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Long,
    Single,
    Columns,
    Across,
    Commas,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quoting {
    Literal,
    /// Quotes where a shell needs them, names aligned.
    Shell,
    ShellAlways,
    /// `"name"`.
    C,
    /// `a\ b`.
    Escape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Indicators {
    None,
    Slash,
    FileType,
    Classify,
}

#[derive(Clone, Debug)]
struct Settings {
    format: Format,
    quoting: Quoting,
    indicators: Indicators,
    all: bool,
    almost_all: bool,
    ignored: Vec<Vec<u8>>,
    hidden: Vec<Vec<u8>>,
    directory: bool,
    recursive: bool,
    sorting: Sorting,
    reverse: bool,
    directories_first: bool,
    ctime: bool,
    human: Option<u64>,
    inode: bool,
    size: bool,
    owner: bool,
    group: bool,
    numeric: bool,
    follow: bool,
    follow_operands: bool,
    color: bool,
    width: usize,
    /// Format of recent and of old times.
    time: (String, String),
    end: u8,
    zone: Zone,
    /// Name and number of the machine's one user.
    user: (String, u32),
}

impl Settings {
    fn shown_name(&self, name: &[u8]) -> Vec<u8> {
        match self.quoting {
            Quoting::Literal => name.to_vec(),
            Quoting::Shell => shell_quote(name, false).into_bytes(),
            Quoting::ShellAlways => shell_quote(name, true).into_bytes(),
            Quoting::C => format!("\"{}\"", escaped(name, "\"")).into_bytes(),
            Quoting::Escape => escaped(name, " ").into_bytes(),
        }
    }

    fn size_text(&self, bytes: u64) -> String {
        match self.human {
            Some(base) => human_size(bytes, base),
            None => bytes.to_string(),
        }
    }

    /// The blocks a file takes, in units of 1 KiB or for people.
    fn blocks_text(&self, kibibytes: u64) -> String {
        match self.human {
            Some(base) => human_size(kibibytes * 1024, base),
            None => kibibytes.to_string(),
        }
    }
}

fn escaped(name: &[u8], special: &str) -> String {
    let inner = quote(name);
    let mut out = String::new();
    // `quote` escapes what C escapes; take its inside, without its own quotes.
    for c in inner.trim_start_matches('‘').trim_end_matches('’').chars() {
        if special.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out.replace("\\’", "’")
}

fn main(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&UTILITY, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let settings = match settings(&parsed.given, call, io) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let mut operands = parsed.operands;
    if operands.is_empty() {
        operands.push(b".".to_vec());
    }
    let mut status = 0;
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for operand in &operands {
        match collect::operand(&settings, operand, io) {
            Ok((entry, true)) => folders.push(entry),
            Ok((entry, false)) => files.push(entry),
            Err(error) => {
                complain(io, call, format!("cannot access {}: {error}", quoted(operand)));
                status = 2;
            }
        }
    }
    collect::sort(&settings, &mut files);
    collect::sort(&settings, &mut folders);
    let mut printed = false;
    if !files.is_empty() {
        let out = layout::listing(&settings, &files, None, io);
        io.print(out);
        printed = true;
    }
    let titles = settings.recursive || operands.len() > 1;
    let mut queue: Vec<Vec<u8>> = folders.into_iter().rev().map(|e| e.name).collect();
    while let Some(folder) = queue.pop() {
        let entries = match collect::folder(&settings, &folder, io) {
            Ok(entries) => entries,
            Err(error) => {
                complain(io, call, format!("cannot open directory {}: {error}", quoted(&folder)));
                status = status.max(if operands.contains(&folder) { 2 } else { 1 });
                continue;
            }
        };
        if printed {
            io.print("\n");
        }
        printed = true;
        if titles {
            let title = if folder.contains(&b':') && settings.quoting == Quoting::Shell {
                quoted(&folder).into_bytes()
            } else {
                settings.shown_name(&folder)
            };
            io.print([title.as_slice(), b":\n"].concat());
        }
        let total = entries.iter().map(Entry::kibibytes).sum();
        let out = layout::listing(&settings, &entries, Some(total), io);
        io.print(out);
        if settings.recursive {
            let inner = entries
                .iter()
                .filter(|e| e.metadata.is_dir() && e.name != b"." && e.name != b"..");
            let inner: Vec<Vec<u8>> = inner.map(|e| collect::under(&folder, &e.name)).collect();
            queue.extend(inner.into_iter().rev());
        }
    }
    status
}

fn settings(given: &[(&'static str, Option<Vec<u8>>)], call: &Call, io: &mut Io<'_>) -> Result<Settings, u8> {
    let terminal = io.is_terminal(1);
    let columns = io.window_size().map(|(columns, _)| usize::from(columns));
    let from_variable = io.var("COLUMNS").and_then(number).map(|n| n as usize);
    let user = user(io);
    let mut s = Settings {
        format: if terminal { Format::Columns } else { Format::Single },
        quoting: if terminal { Quoting::Shell } else { Quoting::Literal },
        indicators: Indicators::None,
        all: false,
        almost_all: false,
        ignored: Vec::new(),
        hidden: Vec::new(),
        directory: false,
        recursive: false,
        sorting: Sorting::Name,
        reverse: false,
        directories_first: false,
        ctime: false,
        human: None,
        inode: false,
        size: false,
        owner: true,
        group: true,
        numeric: false,
        follow: false,
        follow_operands: false,
        color: false,
        width: from_variable.or(columns.filter(|_| terminal)).unwrap_or(80),
        time: ("%b %e %H:%M".to_owned(), "%b %e  %Y".to_owned()),
        end: b'\n',
        zone: Zone::of(io.env()),
        user: (user.name, user.id),
    };
    for (key, value) in given {
        apply(&mut s, key, value.as_deref(), call, io)?;
    }
    if s.ctime && s.format != Format::Long && s.sorting == Sorting::Name {
        s.sorting = Sorting::Time;
    }
    if s.format == Format::Long || s.directory || s.indicators == Indicators::Classify {
        s.follow_operands = s.follow || given.iter().any(|(k, _)| *k == "dereference-command-line");
    } else {
        s.follow_operands = true;
    }
    Ok(s)
}

fn apply(s: &mut Settings, key: &str, value: Option<&[u8]>, call: &Call, io: &mut Io<'_>) -> Result<(), u8> {
    match key {
        "all" => s.all = true,
        "almost-all" => (s.all, s.almost_all) = (false, true),
        "ignore-backups" => s.ignored.extend([b"*~".to_vec(), b".*~".to_vec()]),
        "ignore" => s.ignored.extend(value.map(<[u8]>::to_vec)),
        "hide" => s.hidden.extend(value.map(<[u8]>::to_vec)),
        "directory" => s.directory = true,
        "recursive" => s.recursive = true,
        "reverse" => s.reverse = true,
        "group-directories-first" => s.directories_first = true,
        "c" => s.ctime = true,
        "human-readable" => s.human = Some(1024),
        "si" => s.human = Some(1000),
        "kibibytes" => s.human = None,
        "inode" => s.inode = true,
        "size" => s.size = true,
        "dereference" => s.follow = true,
        "numeric-uid-gid" => (s.numeric, s.format) = (true, Format::Long),
        "g" => (s.owner, s.format) = (false, Format::Long),
        "o" => (s.group, s.format) = (false, Format::Long),
        "no-group" => s.group = false,
        "l" => s.format = Format::Long,
        "C" => s.format = Format::Columns,
        "x" => s.format = Format::Across,
        "m" => s.format = Format::Commas,
        "1" if s.format != Format::Long => s.format = Format::Single,
        "zero" => {
            s.end = 0;
            s.quoting = Quoting::Literal;
            if s.format != Format::Long {
                s.format = Format::Single;
            }
        }
        "f" => (s.all, s.sorting) = (true, Sorting::None),
        "U" => s.sorting = Sorting::None,
        "t" => s.sorting = Sorting::Time,
        "S" => s.sorting = Sorting::Size,
        "X" => s.sorting = Sorting::Extension,
        "v" => s.sorting = Sorting::Version,
        "escape" => s.quoting = Quoting::Escape,
        "literal" => s.quoting = Quoting::Literal,
        "quote-name" => s.quoting = Quoting::C,
        "p" => s.indicators = Indicators::Slash,
        "file-type" => s.indicators = Indicators::FileType,
        "full-time" => {
            s.format = Format::Long;
            s.time = time_style("full-iso").unwrap_or_default();
        }
        _ => return apply_word(s, key, value, call, io),
    }
    Ok(())
}

/// Options whose value is one of a few words.
fn apply_word(s: &mut Settings, key: &str, value: Option<&[u8]>, call: &Call, io: &mut Io<'_>) -> Result<(), u8> {
    let terminal = io.is_terminal(1);
    match key {
        "color" | "classify" => {
            let words = ["always", "yes", "force", "never", "no", "none", "auto", "tty", "if-tty"];
            let on = match value {
                None => true,
                Some(text) => match choice(&format!("--{key}"), text, &words, call, io)? {
                    "always" | "yes" | "force" => true,
                    "auto" | "tty" | "if-tty" => terminal,
                    _ => false,
                },
            };
            if key == "color" {
                s.color = on;
            } else if on {
                s.indicators = Indicators::Classify;
            }
        }
        _ => return apply_style(s, key, value, call, io),
    }
    Ok(())
}

/// Sorting, layout and signs.
fn apply_style(s: &mut Settings, key: &str, value: Option<&[u8]>, call: &Call, io: &mut Io<'_>) -> Result<(), u8> {
    match key {
        "sort" => {
            let words = ["none", "time", "size", "extension", "version", "width"];
            s.sorting = match choice("--sort", value.unwrap_or_default(), &words, call, io)? {
                "none" => Sorting::None,
                "time" => Sorting::Time,
                "size" => Sorting::Size,
                "extension" => Sorting::Extension,
                "version" => Sorting::Version,
                _ => Sorting::Width,
            };
        }
        "format" => {
            let words = [
                "verbose",
                "long",
                "commas",
                "horizontal",
                "across",
                "vertical",
                "single-column",
            ];
            s.format = match choice("--format", value.unwrap_or_default(), &words, call, io)? {
                "verbose" | "long" => Format::Long,
                "commas" => Format::Commas,
                "horizontal" | "across" => Format::Across,
                "vertical" => Format::Columns,
                _ => Format::Single,
            };
        }
        "indicator-style" => {
            let words = ["none", "slash", "file-type", "classify"];
            s.indicators = match choice("--indicator-style", value.unwrap_or_default(), &words, call, io)? {
                "none" => Indicators::None,
                "slash" => Indicators::Slash,
                "file-type" => Indicators::FileType,
                _ => Indicators::Classify,
            };
        }
        _ => return apply_text(s, key, value, call, io),
    }
    Ok(())
}

/// Quoting, times and width.
fn apply_text(s: &mut Settings, key: &str, value: Option<&[u8]>, call: &Call, io: &mut Io<'_>) -> Result<(), u8> {
    match key {
        "width" => {
            let Some(width) = value.and_then(number) else {
                complain(
                    io,
                    call,
                    format!("invalid line width: {}", quote(value.unwrap_or_default())),
                );
                return Err(2);
            };
            s.width = if width == 0 { usize::MAX } else { width as usize };
        }
        "quoting-style" => {
            let words = [
                "literal",
                "shell",
                "shell-always",
                "shell-escape",
                "shell-escape-always",
                "c",
                "escape",
            ];
            s.quoting = match choice("--quoting-style", value.unwrap_or_default(), &words, call, io)? {
                "literal" => Quoting::Literal,
                "shell" | "shell-escape" => Quoting::Shell,
                "c" => Quoting::C,
                "escape" => Quoting::Escape,
                _ => Quoting::ShellAlways,
            };
        }
        "time" => {
            let words = ["ctime", "status", "mtime", "modification"];
            s.ctime = matches!(
                choice("--time", value.unwrap_or_default(), &words, call, io)?,
                "ctime" | "status"
            );
        }
        "time-style" => {
            let text = String::from_utf8_lossy(value.unwrap_or_default()).into_owned();
            let Some(style) = time_style(text.strip_prefix("posix-").unwrap_or(&text)) else {
                complain(
                    io,
                    call,
                    format!("invalid argument {} for ‘time style’", quote(text.as_bytes())),
                );
                io.eprint("Valid arguments are:\n  - [posix-]full-iso\n  - [posix-]long-iso\n  - [posix-]iso\n");
                io.eprint("  - [posix-]locale\n  - +FORMAT (e.g., +%H:%M) for a 'date'-style format\n");
                return Err(UTILITY.try_help(call, io));
            };
            s.time = style;
        }
        _ => {}
    }
    Ok(())
}

fn time_style(text: &str) -> Option<(String, String)> {
    let both = |format: &str| (format.to_owned(), format.to_owned());
    Some(match text {
        "full-iso" => both("%Y-%m-%d %H:%M:%S.%N %z"),
        "long-iso" => both("%Y-%m-%d %H:%M"),
        "iso" => ("%m-%d %H:%M".to_owned(), "%Y-%m-%d ".to_owned()),
        "locale" => ("%b %e %H:%M".to_owned(), "%b %e  %Y".to_owned()),
        text => {
            let format = text.strip_prefix('+')?;
            match format.split_once('\n') {
                Some((old, recent)) => (recent.to_owned(), old.to_owned()),
                None => both(format),
            }
        }
    })
}

/// One of `words`, or the only one that begins so; else GNU's list of valid arguments.
fn choice(option: &str, text: &[u8], words: &[&'static str], call: &Call, io: &mut Io<'_>) -> Result<&'static str, u8> {
    let matching: Vec<&&'static str> = words.iter().filter(|w| w.as_bytes().starts_with(text)).collect();
    if let Some(word) = matching.iter().find(|w| w.as_bytes() == text) {
        return Ok(word);
    }
    if let ([word], false) = (matching.as_slice(), text.is_empty()) {
        return Ok(word);
    }
    complain(io, call, format!("invalid argument {} for ‘{option}’", quote(text)));
    io.eprint("Valid arguments are:\n");
    for word in words {
        io.eprint(format!("  - ‘{word}’\n"));
    }
    UTILITY.try_help(call, io);
    // GNU's own choice: other usage errors exit with 2.
    Err(1)
}

fn is_ignored(settings: &Settings, name: &[u8]) -> bool {
    let matched = |patterns: &[Vec<u8>]| {
        patterns
            .iter()
            .any(|p| glob::matches(p, name, glob::Rules::default()) && (!name.starts_with(b".") || p.starts_with(b".")))
    };
    let shows_hidden = settings.all || settings.almost_all;
    (name.starts_with(b".") && !shows_hidden)
        || matched(&settings.ignored)
        || (!shows_hidden && matched(&settings.hidden))
}

fn text_width(bytes: &[u8]) -> usize {
    width(&String::from_utf8_lossy(bytes))
}
