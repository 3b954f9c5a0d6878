//! What asks about the machine and its processes: `ps`, `nproc`, `tty`, `groups`, `arch`, `printenv`, `nohup` …

use super::support::complain;
use super::support::options::{Parsed, flag, parse, value};
use super::support::text::{lossy, number, quote, quoted, user};
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::files::OpenOptions;
use essaim_kernel::machine::SpawnError;
use essaim_kernel::process::RunToEnd;
use essaim_kernel::{Call, Io, Pid, Process, Progress};

pub const PRINTENV: Utility = Utility {
    name: "printenv",
    summary: "print all or part of environment",
    usage: "[OPTION]... [VARIABLE]...",
    options: &[flag("0", "null")],
    usage_status: 2,
    stops_at_operand: true,
    start: |call| RunToEnd::boxed(call, printenv),
    ..COREUTILS
};

fn printenv(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&PRINTENV, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let end: &[u8] = if parsed.has("null") { b"\0" } else { b"\n" };
    let env = io.env().clone();
    if parsed.operands.is_empty() {
        for (name, value) in &env {
            io.print([name, b"=".as_slice(), value, end].concat());
        }
    }
    let mut status = 0;
    for name in &parsed.operands {
        match env.get(name) {
            Some(value) => io.print([value, end].concat()),
            None => status = 1,
        }
    }
    status
}

pub const NPROC: Utility = Utility {
    name: "nproc",
    summary: "print the number of processing units available",
    usage: "[OPTION]...",
    options: &[flag("", "all"), value("", "ignore")],
    start: |call| RunToEnd::boxed(call, |call, io| say(call, io, &NPROC, |_| "1".to_owned())),
    ..COREUTILS
};

pub const ARCH: Utility = Utility {
    name: "arch",
    summary: "print machine hardware name",
    usage: "[OPTION]...",
    start: |call| RunToEnd::boxed(call, |call, io| say(call, io, &ARCH, |_| "x86_64".to_owned())),
    ..COREUTILS
};

pub const LOGNAME: Utility = Utility {
    name: "logname",
    summary: "print the user's login name",
    usage: "[OPTION]",
    start: |call| RunToEnd::boxed(call, |call, io| say(call, io, &LOGNAME, |io| user(io).name)),
    ..COREUTILS
};

pub const GROUPS: Utility = Utility {
    name: "groups",
    summary: "print the groups a user is in",
    usage: "[OPTION]... [USERNAME]...",
    start: |call| RunToEnd::boxed(call, groups),
    ..COREUTILS
};

pub const SYNC: Utility = Utility {
    name: "sync",
    summary: "write cached data to storage",
    usage: "[OPTION] [FILE]...",
    options: &[flag("d", "data"), flag("f", "file-system")],
    start: |call| RunToEnd::boxed(call, |call, io| parse(&SYNC, call, io).map_or_else(|code| code, |_| 0)),
    ..COREUTILS
};

fn say(call: &Call, io: &mut Io<'_>, utility: &Utility, answer: fn(&Io<'_>) -> String) -> u8 {
    match parse(utility, call, io) {
        Ok(parsed) => {
            if let Some(extra) = parsed.operands.first() {
                return utility.usage_error(call, io, &super::copy::extra_operand(extra));
            }
            let text = answer(io);
            io.print(text + "\n");
            0
        }
        Err(code) => code,
    }
}

fn groups(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&GROUPS, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let me = user(io).name;
    if parsed.operands.is_empty() {
        io.print(format!("{me}\n"));
    }
    let mut status = 0;
    for name in &parsed.operands {
        if *name == me.as_bytes() {
            io.print(format!("{me} : {me}\n"));
        } else {
            complain(io, call, format!("{}: no such user", quote(name)));
            status = 1;
        }
    }
    status
}

pub const TTY: Utility = Utility {
    name: "tty",
    summary: "print the file name of the terminal connected to standard input",
    usage: "[OPTION]...",
    options: &[flag("s", "silent"), flag("", "quiet")],
    usage_status: 2,
    start: |call| RunToEnd::boxed(call, tty),
    ..COREUTILS
};

fn tty(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&TTY, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let terminal = io.terminal().filter(|_| io.is_terminal(0));
    if !(parsed.has("silent") || parsed.has("quiet")) {
        io.print(terminal.map_or("not a tty\n".to_owned(), |id| format!("/dev/pts/{id}\n")));
    }
    u8::from(terminal.is_none())
}

pub const NOHUP: Utility = Utility {
    name: "nohup",
    summary: "run a command immune to hangups, with output to a non-tty",
    usage: "COMMAND [ARG]...",
    usage_status: 125,
    stops_at_operand: true,
    start: |call| Box::new(Nohup { call }),
    ..COREUTILS
};

#[derive(Clone)]
struct Nohup {
    call: Call,
}

impl Process for Nohup {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        let parsed = match parse(&NOHUP, &self.call, io) {
            Ok(parsed) => parsed,
            Err(code) => return Progress::Exit(code),
        };
        if parsed.operands.is_empty() {
            return Progress::Exit(NOHUP.usage_error(&self.call, io, "missing operand"));
        }
        let (input, output) = (io.is_terminal(0), io.is_terminal(1));
        if output {
            let options = OpenOptions {
                write: true,
                create: true,
                ..OpenOptions::default()
            };
            let said = if input {
                "ignoring input and appending"
            } else {
                "appending"
            };
            complain(io, &self.call, format!("{said} output to 'nohup.out'"));
            if let Ok(fd) = io.open(b"nohup.out", options, true, 10) {
                io.flush();
                let both = io.is_terminal(2);
                // Both were just opened.
                let _ = io.duplicate_to(fd, 1);
                if both {
                    let _ = io.duplicate_to(fd, 2);
                }
                io.close(fd);
            }
        } else if input {
            complain(io, &self.call, "ignoring input");
        }
        let name = parsed.operands[0].clone();
        match io.exec(parsed.operands) {
            Ok(()) => Progress::Ready,
            Err(error) => {
                let (what, code) = match error {
                    SpawnError::NotFound => ("No such file or directory", 127),
                    _ => ("Permission denied", 126),
                };
                complain(
                    io,
                    &self.call,
                    format!("failed to run command {}: {what}", quoted(&name)),
                );
                Progress::Exit(code)
            }
        }
    }

    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

pub const PS: Utility = Utility {
    name: "ps",
    summary: "report a snapshot of the current processes",
    usage: "[OPTION]... | [aux] | [-ef]",
    package: "procps-ng",
    options: &[
        flag("A", ""),
        flag("e", ""),
        flag("f", ""),
        value("o", ""),
        value("p", ""),
        value("u", ""),
    ],
    start: |call| RunToEnd::boxed(call, ps),
    ..COREUTILS
};

/// Columns `ps` knows: name, title, whether numbers stand right.
const COLUMNS: &[(&str, &str, usize)] = &[
    ("user", "USER", 0),
    ("pid", "PID", 7),
    ("ppid", "PPID", 7),
    ("pgid", "PGID", 7),
    ("tty", "TT", 0),
    ("comm", "COMMAND", 0),
    ("args", "COMMAND", 0),
    ("cmd", "CMD", 0),
];

const PS_USAGE: &str = "\nUsage:\n ps [options]\n\n Try 'ps --help <simple|list|output|threads|misc|all>'\n  or 'ps --help <s|l|o|t|m|a>'\n for additional help text.\n\nFor more details see ps(1).\n";

/// A process: its number, its parent's, its group, its arguments.
type Listed = (Pid, Pid, Pid, Vec<Vec<u8>>);

/// The processes asked for: by number, all, or the shell and what it started.
fn listed(parsed: &Parsed, all: bool, io: &Io<'_>) -> Vec<Listed> {
    let pids: Vec<u64> = parsed
        .values("p")
        .flat_map(|t| t.split(|b| matches!(b, b',' | b' ')))
        .filter_map(number)
        .collect();
    let mut found = io.processes();
    if !pids.is_empty() {
        found.retain(|(pid, ..)| pids.contains(&u64::from(*pid)));
    } else if !all && !parsed.has("A") && !parsed.has("e") && !parsed.has("u") {
        let own = io.parent_pid();
        found.retain(|(pid, parent, ..)| *pid == own || *parent == own);
    }
    found
}

/// `-o`: (column, its title, its width).
fn columns(parsed: &Parsed) -> Result<Vec<(&'static str, String, usize)>, String> {
    let mut out = Vec::new();
    for text in parsed.values("o") {
        for item in lossy(text).split([',', ' ']) {
            let (name, title) = item
                .split_once('=')
                .map_or((item, None), |(name, title)| (name, Some(title)));
            let known = COLUMNS.iter().find(|(known, ..)| *known == name);
            let (name, own, width) = known.ok_or_else(|| name.to_owned())?;
            out.push((*name, title.unwrap_or(own).to_owned(), *width));
        }
    }
    Ok(out)
}

fn ps(call: &Call, io: &mut Io<'_>) -> u8 {
    // BSD's options have no dash.
    let bsd = |word: &Vec<u8>| !word.is_empty() && word.iter().all(|b| b"auxwf".contains(b));
    let bsd = call.args.get(1).is_some_and(bsd);
    let args: &[Vec<u8>] = if bsd { &[] } else { &call.args[1..] };
    let parsed = match super::support::options::parse_args(&PS, args, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let chosen = match columns(&parsed) {
        Ok(chosen) => chosen,
        Err(bad) => {
            io.eprint(format!(
                "error: unknown user-defined format specifier \"{bad}\"\n{PS_USAGE}"
            ));
            return 1;
        }
    };
    let me = user(io).name;
    let terminal = io.terminal().map_or("?".to_owned(), |id| format!("pts/{id}"));
    let long = parsed.has("f");
    let mut lines = vec![match (chosen.is_empty(), bsd, long) {
        (false, ..) if chosen.iter().all(|(_, title, _)| title.is_empty()) => String::new(),
        (false, ..) => {
            let titles = chosen.iter().map(|(name, title, width)| cell(title, name, *width));
            titles.collect::<Vec<_>>().join(" ").trim_end().to_owned()
        }
        (_, true, _) => "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND".to_owned(),
        (_, _, true) => "UID          PID    PPID  C STIME TTY          TIME CMD".to_owned(),
        _ => "    PID TTY          TIME CMD".to_owned(),
    }];
    for (pid, parent, group, args) in listed(&parsed, bsd, io) {
        let command = args.iter().map(|a| lossy(a)).collect::<Vec<_>>().join(" ");
        let name = args.first().map(|a| lossy(a)).unwrap_or_default();
        let name = name.rsplit('/').next().unwrap_or_default();
        lines.push(if !chosen.is_empty() {
            let cells = chosen.iter().map(|(column, _, width)| {
                let text = match *column {
                    "user" => me.clone(),
                    "pid" => pid.to_string(),
                    "ppid" => parent.to_string(),
                    "pgid" => group.to_string(),
                    "tty" => terminal.clone(),
                    "comm" => name.to_owned(),
                    _ => command.clone(),
                };
                cell(&text, column, *width)
            });
            cells.collect::<Vec<_>>().join(" ").trim_end().to_owned()
        } else if bsd {
            format!("{me:<8} {pid:>7}  0.0  0.0      0     0 {terminal:<8} S    00:00   0:00 {command}")
        } else if long {
            format!("{me:<8} {pid:>7} {parent:>7}  0 00:00 {terminal:<8} 00:00:00 {command}")
        } else {
            format!("{pid:>7} {terminal:<8} 00:00:00 {name}")
        });
    }
    lines.retain(|line| !line.is_empty());
    io.print(lines.join("\n") + "\n");
    0
}

/// Numbers stand right, words left in a width of their own.
fn cell(text: &str, name: &str, width: usize) -> String {
    match (width, name) {
        (0, "user" | "tty") => format!("{text:<8}"),
        (0, "comm") => format!("{text:<15}"),
        (0, _) => text.to_owned(),
        (width, _) => format!("{text:>width$}"),
    }
}
