//! `touch`, `chmod`, `ln` and `link`.

use super::copy::extra_operand;
use super::support::clock::days_from_civil;
use super::support::options::{Opt, Parsed, flag, missing, missing_value, parse, parse_args, value};
use super::support::text::{mode_string, named, quote, quoted};
use super::support::utility::{COREUTILS, Utility};
use super::support::zone::Zone;
use super::support::{complain, date_text, modes};
use essaim_kernel::files::path;
use essaim_kernel::process::RunToEnd;
use essaim_kernel::{Call, Errno, Io, Metadata, Time};

pub const TOUCH: Utility = Utility {
    name: "touch",
    summary: "change file timestamps, or make empty files",
    usage: "[OPTION]... FILE...",
    options: TOUCH_OPTIONS,
    start: |call| RunToEnd::boxed(call, touch),
    ..COREUTILS
};

pub const CHMOD: Utility = Utility {
    name: "chmod",
    summary: "change file mode bits",
    usage: "[OPTION]... MODE[,MODE]... FILE...",
    options: CHMOD_OPTIONS,
    start: |call| RunToEnd::boxed(call, chmod),
    ..COREUTILS
};

pub const LN: Utility = Utility {
    name: "ln",
    summary: "make links between files",
    usage: "[OPTION]... TARGET... LINK_NAME",
    options: LN_OPTIONS,
    start: |call| RunToEnd::boxed(call, ln),
    ..COREUTILS
};

const TOUCH_OPTIONS: &[Opt] = &[
    flag("a", ""),
    flag("c", "no-create"),
    value("d", "date"),
    flag("f", ""),
    flag("h", "no-dereference"),
    flag("m", ""),
    value("r", "reference"),
    value("t", ""),
    value("", "time"),
];

const CHMOD_OPTIONS: &[Opt] = &[
    flag("c", "changes"),
    flag("f", "silent"),
    flag("", "quiet"),
    flag("v", "verbose"),
    missing("", "no-preserve-root"),
    missing("", "preserve-root"),
    value("", "reference"),
    flag("R", "recursive"),
];

const LN_OPTIONS: &[Opt] = &[
    missing_value("", "backup"),
    missing("b", ""),
    missing("d", "directory"),
    flag("f", "force"),
    missing("i", "interactive"),
    missing("L", "logical"),
    flag("n", "no-dereference"),
    flag("P", "physical"),
    flag("r", "relative"),
    flag("s", "symbolic"),
    missing_value("S", "suffix"),
    value("t", "target-directory"),
    flag("T", "no-target-directory"),
    flag("v", "verbose"),
];

fn touch(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&TOUCH, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let time = match touch_time(&parsed, io) {
        Ok(time) => time,
        Err(message) => {
            complain(io, call, message);
            return 1;
        }
    };
    if parsed.operands.is_empty() {
        return TOUCH.usage_error(call, io, "missing file operand");
    }
    // Access times are not kept: -a alone changes nothing.
    let only_access = parsed.has("a") && !parsed.has("m");
    let mut status = 0;
    for name in &parsed.operands {
        let at = io.path(name);
        let mut result = if name.is_empty() {
            Err(Errno::NoEntry)
        } else {
            io.files_ref().metadata(&at).map(|_| ())
        };
        if result == Err(Errno::NoEntry) && !name.is_empty() {
            if parsed.has("no-create") {
                continue;
            }
            let mode = 0o666 & !io.umask();
            result = create(&at, mode, io);
        }
        let result = match result {
            Ok(()) if only_access => Ok(()),
            Ok(()) => io.files().set_mtime(&at, time),
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            complain(io, call, format!("cannot touch {}: {error}", quoted(name)));
            status = 1;
        }
    }
    status
}

fn create(at: &[u8], mode: u32, io: &mut Io<'_>) -> Result<(), Errno> {
    let options = essaim_kernel::files::OpenOptions {
        write: true,
        create: true,
        ..Default::default()
    };
    let handle = io.files().open(at, options, mode)?;
    io.files().close(&handle);
    Ok(())
}

fn touch_time(parsed: &Parsed, io: &Io<'_>) -> Result<Time, String> {
    let zone = Zone::of(io.env());
    if let Some(stamp) = parsed.value("t") {
        return stamp_time(stamp, io, &zone).ok_or_else(|| format!("invalid date format {}", quote(stamp)));
    }
    let mut base = io.now();
    if let Some(name) = parsed.value("reference") {
        let metadata = io.files_ref().metadata(&io.path(name));
        base = metadata
            .map_err(|error| format!("failed to get attributes of {}: {error}", quoted(name)))?
            .mtime;
    }
    match parsed.value("date") {
        Some(text) => date_text::parse(text, base, &zone).ok_or_else(|| format!("invalid date format {}", quote(text))),
        None => Ok(base),
    }
}

/// `[[CC]YY]MMDDhhmm[.ss]`.
fn stamp_time(stamp: &[u8], io: &Io<'_>, zone: &Zone) -> Option<Time> {
    let text = std::str::from_utf8(stamp).ok()?;
    let (digits, seconds) = text.split_once('.').unwrap_or((text, "00"));
    if !digits.bytes().all(|b| b.is_ascii_digit()) || seconds.len() != 2 {
        return None;
    }
    let this_year = super::support::clock::civil_from_days(io.now().secs().div_euclid(86_400)).0;
    let (year, rest) = match digits.len() {
        8 => (this_year, digits),
        10 => {
            let short: i64 = digits[..2].parse().ok()?;
            (if short < 69 { 2000 + short } else { 1900 + short }, &digits[2..])
        }
        12 => (digits[..4].parse().ok()?, &digits[4..]),
        _ => return None,
    };
    let part = |at: usize| rest[at..at + 2].parse::<i64>().ok();
    let (month, day, hour, minute) = (part(0)?, part(2)?, part(4)?, part(6)?);
    let second: i64 = seconds.parse().ok()?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let local = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some(Time::from_secs(zone.instant_of(local)))
}

struct Chmod<'a> {
    call: &'a Call,
    mode: Vec<u8>,
    changes: bool,
    verbose: bool,
    silent: bool,
    status: u8,
}

fn chmod(call: &Call, io: &mut Io<'_>) -> u8 {
    // `-w`, `-x` and `-rwx` are modes, not options.
    let mut mode = None;
    let mut args = Vec::new();
    for arg in call.args.iter().skip(1) {
        let is_mode = arg.len() > 1 && arg[0] == b'-' && arg[1..].iter().all(|b| b"rwxXst,+=-ugoa".contains(b));
        if is_mode && mode.is_none() && arg != b"--" {
            mode = Some(arg.clone());
        } else {
            args.push(arg.clone());
        }
    }
    let parsed = match parse_args(&CHMOD, &args, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let mut operands = parsed.operands.clone();
    if let Some(name) = parsed.value("reference") {
        match io.files_ref().metadata(&io.path(name)) {
            Ok(metadata) => mode = Some(format!("{:04o}", metadata.mode).into_bytes()),
            Err(error) => {
                complain(
                    io,
                    call,
                    format!("failed to get attributes of {}: {error}", quoted(name)),
                );
                return 1;
            }
        }
    }
    let mode = match mode {
        Some(mode) => mode,
        None if operands.is_empty() => return CHMOD.usage_error(call, io, "missing operand"),
        None => operands.remove(0),
    };
    if operands.is_empty() {
        return CHMOD.usage_error(call, io, &format!("missing operand after {}", quote(&mode)));
    }
    if modes::apply(&mode, 0, false, 0).is_none() {
        return CHMOD.usage_error(call, io, &format!("invalid mode: {}", quote(&mode)));
    }
    let mut work = Chmod {
        call,
        mode,
        changes: parsed.has("changes"),
        verbose: parsed.has("verbose"),
        silent: parsed.has("silent") || parsed.has("quiet"),
        status: 0,
    };
    let mut queue: Vec<(Vec<u8>, bool)> = operands.into_iter().rev().map(|name| (name, true)).collect();
    while let Some((name, operand)) = queue.pop() {
        let Some(metadata) = work.one(&name, operand, io) else {
            continue;
        };
        if parsed.has("recursive") && metadata.is_dir() {
            let inner = io.files_ref().read_dir(&io.path(&name)).unwrap_or_default();
            queue.extend(inner.iter().rev().map(|n| (path::join(&name, n), false)));
        }
    }
    work.status
}

impl Chmod<'_> {
    fn one(&mut self, name: &[u8], operand: bool, io: &mut Io<'_>) -> Option<Metadata> {
        let at = io.path(name);
        let found = match io.files_ref().symlink_metadata(&at) {
            // Links met on the way down are left alone.
            Ok(metadata) if metadata.is_symlink() && !operand => return None,
            Ok(metadata) if metadata.is_symlink() => io.files_ref().metadata(&at),
            found => found,
        };
        let metadata = match found {
            Ok(metadata) => metadata,
            Err(error) => {
                let dangling = io.files_ref().symlink_metadata(&at).is_ok();
                if !self.silent {
                    let message = if dangling {
                        format!("cannot operate on dangling symlink {}", quoted(name))
                    } else {
                        format!("cannot access {}: {error}", quoted(name))
                    };
                    complain(io, self.call, message);
                }
                self.status = 1;
                return None;
            }
        };
        let new = modes::apply(&self.mode, metadata.mode, metadata.is_dir(), io.umask()).unwrap_or(metadata.mode);
        if let Err(error) = io.files().set_mode(&at, new) {
            complain(
                io,
                self.call,
                format!("changing permissions of {}: {error}", quoted(name)),
            );
            self.status = 1;
            return None;
        }
        let shown = |mode: u32| {
            let text = mode_string(&Metadata { mode, ..metadata });
            format!("{mode:04o} ({})", &text[1..])
        };
        if new != metadata.mode && (self.verbose || self.changes) {
            let (old, new) = (shown(metadata.mode), shown(new));
            io.print(format!("mode of {} changed from {old} to {new}\n", quoted(name)));
        } else if self.verbose {
            io.print(format!("mode of {} retained as {}\n", quoted(name), shown(new)));
        }
        Some(metadata)
    }
}

fn ln(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&LN, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let mut targets = parsed.operands.clone();
    if targets.is_empty() {
        return LN.usage_error(call, io, "missing file operand");
    }
    let pairs: Vec<(Vec<u8>, Vec<u8>)> = if let Some(folder) = parsed.value("target-directory") {
        let into = |t: &Vec<u8>| (t.clone(), path::join(folder, path::file_name(t)));
        targets.iter().map(into).collect()
    } else if targets.len() == 1 {
        let name = targets.remove(0);
        let link = path::join(b".", path::file_name(&name));
        vec![(name, link)]
    } else {
        let last = targets.pop().unwrap_or_default();
        let at = io.path(&last);
        let real_folder = io.files_ref().symlink_metadata(&at).is_ok_and(|m| m.is_dir());
        let keeps_link = parsed.has("no-dereference") && !real_folder;
        if parsed.has("no-target-directory") && targets.len() > 1 {
            return LN.usage_error(call, io, &extra_operand(&last));
        }
        if io.files_ref().is_dir(&at) && !keeps_link && !parsed.has("no-target-directory") {
            let into = |t: &Vec<u8>| (t.clone(), path::join(&last, path::file_name(t)));
            targets.iter().map(into).collect()
        } else if targets.len() == 1 {
            vec![(targets.remove(0), last)]
        } else {
            let error = io.files_ref().metadata(&at).err().unwrap_or(Errno::NotDirectory);
            complain(io, call, format!("target {}: {error}", quoted(&last)));
            return 1;
        }
    };
    let mut status = 0;
    for (target, link) in pairs {
        if let Err(message) = make_link(&parsed, &target, &link, io) {
            complain(io, call, message);
            status = 1;
        }
    }
    status
}

fn make_link(parsed: &Parsed, target: &[u8], link: &[u8], io: &mut Io<'_>) -> Result<(), String> {
    let symbolic = parsed.has("symbolic");
    let at = io.path(link);
    let from = io.path(target);
    if !symbolic {
        let metadata = io
            .files_ref()
            .symlink_metadata(&from)
            .map_err(|error| format!("failed to access {}: {error}", quoted(target)))?;
        if metadata.is_dir() {
            return Err(format!("{}: hard link not allowed for directory", named(target)));
        }
    }
    if parsed.has("force")
        && let Ok(old) = io.files_ref().symlink_metadata(&at)
    {
        if old.is_dir() {
            return Err(format!("{}: cannot overwrite directory", named(link)));
        }
        if !symbolic && io.files_ref().symlink_metadata(&from).is_ok_and(|m| m.ino == old.ino) {
            return Err(format!("{} and {} are the same file", quoted(target), quoted(link)));
        }
        let _ = io.files().remove_file(&at);
    }
    let written = if parsed.has("relative") && symbolic {
        relative(target, link, io)
    } else {
        target.to_vec()
    };
    let result = if symbolic {
        io.files().symlink(&written, &at)
    } else {
        io.files().hard_link(&from, &at)
    };
    if let Err(error) = result {
        let kind = if symbolic { "symbolic" } else { "hard" };
        let arrow = match (symbolic, error) {
            (_, Errno::Exists) => String::new(),
            (true, _) => format!(" -> {}", quoted(&written)),
            (false, _) => format!(" => {}", quoted(target)),
        };
        let shown = quoted(link);
        let arrow = if symbolic && error != Errno::Exists {
            String::new()
        } else {
            arrow
        };
        return Err(format!("failed to create {kind} link {shown}{arrow}: {error}"));
    }
    if parsed.has("verbose") {
        let arrow = if symbolic { "->" } else { "=>" };
        io.print(format!("{} {arrow} {}\n", quoted(link), quoted(&written)));
    }
    Ok(())
}

/// `target` as seen from the directory of `link`.
fn relative(target: &[u8], link: &[u8], io: &Io<'_>) -> Vec<u8> {
    let to = path::normalize(&io.path(target));
    let at = path::normalize(&io.path(link));
    let from: Vec<&[u8]> = path::components(path::parent(&at)).collect();
    let to: Vec<&[u8]> = path::components(&to).collect();
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut parts: Vec<&[u8]> = vec![b"..".as_slice(); from.len() - common];
    parts.extend(&to[common..]);
    if parts.is_empty() {
        return b".".to_vec();
    }
    parts.join(&b'/')
}
