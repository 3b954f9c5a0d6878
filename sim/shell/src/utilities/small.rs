//! Commands of a few lines: `true`, `false`, `yes`, `clear`, `sleep`, `whoami`, `id`, `hostname`, `uname`, `which`, `pwd`,
//! `basename`, `dirname`.

use super::support::complain;
use super::support::options::{flag, missing, parse, value};
use super::support::text::{quote, user};
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::files::path;
use essaim_kernel::process::RunToEnd;
use essaim_kernel::{Call, Io, Process, Progress, Time, Wait};
use std::time::Duration;

pub const TRUE: Utility = Utility {
    name: "true",
    summary: "do nothing, successfully",
    usage: "[ignored command line arguments]",
    start: |call| RunToEnd::boxed(call, |call, io| constant(call, io, &TRUE, 0)),
    ..COREUTILS
};

pub const FALSE: Utility = Utility {
    name: "false",
    summary: "do nothing, unsuccessfully",
    usage: "[ignored command line arguments]",
    start: |call| RunToEnd::boxed(call, |call, io| constant(call, io, &FALSE, 1)),
    ..COREUTILS
};

fn constant(call: &Call, io: &mut Io<'_>, utility: &Utility, code: u8) -> u8 {
    match call.args.get(1).map(Vec::as_slice) {
        Some(b"--help") if call.args.len() == 2 => io.print(utility.help()),
        Some(b"--version") if call.args.len() == 2 => io.print(utility.version()),
        _ => {}
    }
    code
}

pub const YES: Utility = Utility {
    name: "yes",
    summary: "output a string repeatedly until killed",
    usage: "[STRING]...",
    start: |call| {
        Box::new(Yes {
            call,
            block: Vec::new(),
        })
    },
    ..COREUTILS
};

#[derive(Clone)]
struct Yes {
    call: Call,
    block: Vec<u8>,
}

impl Process for Yes {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        const BLOCK_BYTES: usize = 8 << 10;
        if self.block.is_empty() {
            let parsed = match parse(&YES, &self.call, io) {
                Ok(parsed) => parsed,
                Err(code) => return Progress::Exit(code),
            };
            let mut line = if parsed.operands.is_empty() {
                b"y".to_vec()
            } else {
                parsed.operands.join(&b' ')
            };
            line.push(b'\n');
            self.block = line.repeat((BLOCK_BYTES / line.len()).max(1));
        }
        if !io.is_open(1) {
            return Progress::Exit(1);
        }
        io.print(&self.block);
        Progress::Ready
    }

    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

pub const CLEAR: Utility = Utility {
    name: "clear",
    summary: "clear the terminal screen",
    usage: "[-x]",
    package: "ncurses",
    options: &[flag("x", ""), missing("T", "")],
    start: |call| {
        RunToEnd::boxed(call, |call, io| match parse(&CLEAR, call, io) {
            Ok(parsed) => {
                io.print("\x1b[H\x1b[2J");
                if !parsed.has("x") {
                    io.print("\x1b[3J");
                }
                0
            }
            Err(code) => code,
        })
    },
    ..COREUTILS
};

pub const SLEEP: Utility = Utility {
    name: "sleep",
    summary: "delay for a specified amount of time",
    usage: "NUMBER[SUFFIX]...",
    start: |call| Box::new(Sleep { call, until: None }),
    ..COREUTILS
};

#[derive(Clone)]
struct Sleep {
    call: Call,
    until: Option<Time>,
}

/// `1.5m` in seconds.
pub fn duration(text: &[u8]) -> Option<Duration> {
    let text = std::str::from_utf8(text).ok()?;
    let (number, factor) = match text.chars().last()? {
        's' => (&text[..text.len() - 1], 1.0),
        'm' => (&text[..text.len() - 1], 60.0),
        'h' => (&text[..text.len() - 1], 3600.0),
        'd' => (&text[..text.len() - 1], 86_400.0),
        _ => (text, 1.0),
    };
    if number.starts_with(['+', '-']) {
        return None;
    }
    let seconds = number.parse::<f64>().ok().filter(|n| !n.is_nan() && *n >= 0.0)? * factor;
    Some(Duration::from_secs_f64(seconds.min(9.0e9)))
}

impl Process for Sleep {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        let until = match self.until {
            Some(until) => until,
            None => {
                let parsed = match parse(&SLEEP, &self.call, io) {
                    Ok(parsed) => parsed,
                    Err(code) => return Progress::Exit(code),
                };
                if parsed.operands.is_empty() {
                    return Progress::Exit(SLEEP.usage_error(&self.call, io, "missing operand"));
                }
                let mut total = Duration::ZERO;
                let mut bad = false;
                for text in &parsed.operands {
                    match duration(text) {
                        Some(part) => total = total.saturating_add(part),
                        None => {
                            complain(io, &self.call, format!("invalid time interval {}", quote(text)));
                            bad = true;
                        }
                    }
                }
                if bad {
                    return Progress::Exit(SLEEP.try_help(&self.call, io));
                }
                let until = io.now() + total;
                self.until = Some(until);
                until
            }
        };
        if io.now() >= until {
            Progress::Exit(0)
        } else {
            Progress::Blocked(Wait::Alarm(until))
        }
    }

    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

pub const WHOAMI: Utility = Utility {
    name: "whoami",
    summary: "print effective user name",
    usage: "[OPTION]...",
    start: |call| {
        RunToEnd::boxed(call, |call, io| match parse(&WHOAMI, call, io) {
            Ok(parsed) => match parsed.operands.first() {
                None => {
                    let name = user(io).name;
                    io.print(format!("{name}\n"));
                    0
                }
                Some(extra) => WHOAMI.usage_error(call, io, &super::copy::extra_operand(extra)),
            },
            Err(code) => code,
        })
    },
    ..COREUTILS
};

pub const ID: Utility = Utility {
    name: "id",
    summary: "print real and effective user and group numbers",
    usage: "[OPTION]... [USER]...",
    options: &[
        flag("a", ""),
        missing("Z", "context"),
        flag("g", "group"),
        flag("G", "groups"),
        flag("n", "name"),
        flag("r", "real"),
        flag("u", "user"),
        missing("z", "zero"),
    ],
    start: |call| RunToEnd::boxed(call, id),
    ..COREUTILS
};

fn id(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&ID, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let own = user(io);
    for name in &parsed.operands {
        if name != own.name.as_bytes() && name != own.id.to_string().as_bytes() {
            complain(io, call, format!("{}: no such user", quote(name)));
            return 1;
        }
    }
    let one = parsed.has("user") || parsed.has("group") || parsed.has("groups");
    if parsed.has("name") && !one {
        complain(io, call, "cannot print only names or real IDs in default format");
        return 1;
    }
    let (name, id) = (own.name, own.id);
    io.print(match (one, parsed.has("name")) {
        (true, true) => format!("{name}\n"),
        (true, false) => format!("{id}\n"),
        (false, _) => format!("uid={id}({name}) gid={id}({name}) groups={id}({name})\n"),
    });
    0
}

pub const HOSTNAME: Utility = Utility {
    name: "hostname",
    summary: "show the system's host name",
    usage: "[-s|-f]",
    package: "hostname",
    options: &[
        flag("s", "short"),
        flag("f", "fqdn"),
        missing("i", "ip-address"),
        missing("I", "all-ip-addresses"),
    ],
    start: |call| {
        RunToEnd::boxed(call, |call, io| match parse(&HOSTNAME, call, io) {
            Ok(_) => {
                let name = host_name(io);
                io.print(format!("{name}\n"));
                0
            }
            Err(code) => code,
        })
    },
    ..COREUTILS
};

fn host_name(io: &Io<'_>) -> String {
    if let Ok(content) = io.files_ref().read(b"/etc/hostname") {
        let name = String::from_utf8_lossy(&content).trim().to_owned();
        if !name.is_empty() {
            return name;
        }
    }
    io.var("HOSTNAME").map_or_else(
        || "essaim".to_owned(),
        |name| String::from_utf8_lossy(name).into_owned(),
    )
}

pub const UNAME: Utility = Utility {
    name: "uname",
    summary: "print system information",
    usage: "[OPTION]...",
    options: &[
        flag("a", "all"),
        flag("s", "kernel-name"),
        flag("n", "nodename"),
        flag("r", "kernel-release"),
        flag("v", "kernel-version"),
        flag("m", "machine"),
        flag("p", "processor"),
        flag("i", "hardware-platform"),
        flag("o", "operating-system"),
    ],
    start: |call| RunToEnd::boxed(call, uname),
    ..COREUTILS
};

fn uname(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&UNAME, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    if let Some(extra) = parsed.operands.first() {
        return UNAME.usage_error(call, io, &super::copy::extra_operand(extra));
    }
    let host = host_name(io);
    let parts = [
        ("kernel-name", "Linux"),
        ("nodename", host.as_str()),
        ("kernel-release", "6.1.0-essaim"),
        ("kernel-version", "#1 SMP Essaim"),
        ("machine", "x86_64"),
        ("processor", "unknown"),
        ("hardware-platform", "unknown"),
        ("operating-system", "GNU/Linux"),
    ];
    let all = parsed.has("all");
    let none = parsed.given.is_empty();
    let wanted = |key: &&str| match *key {
        "processor" | "hardware-platform" => parsed.has(key),
        "kernel-name" => all || none || parsed.has(key),
        key => all || parsed.has(key),
    };
    let shown: Vec<&str> = parts
        .iter()
        .filter(|(key, _)| wanted(key))
        .map(|(_, text)| *text)
        .collect();
    io.print(format!("{}\n", shown.join(" ")));
    0
}

pub const WHICH: Utility = Utility {
    name: "which",
    summary: "locate a command",
    usage: "[-a] args",
    package: "debianutils",
    options: &[flag("a", ""), flag("s", "")],
    start: |call| RunToEnd::boxed(call, which),
    ..COREUTILS
};

fn which(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&WHICH, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let mut status = u8::from(parsed.operands.is_empty());
    for name in &parsed.operands {
        let found = match io.find_program(name) {
            Some(program) => Some(program.path.as_bytes().to_vec()),
            None => executable_in_path(name, io),
        };
        match found {
            Some(at) if !parsed.has("s") => io.print([at.as_slice(), b"\n"].concat()),
            Some(_) => {}
            None => status = 1,
        }
    }
    status
}

fn executable_in_path(name: &[u8], io: &Io<'_>) -> Option<Vec<u8>> {
    let runs = |at: &[u8]| {
        let metadata = io.files_ref().metadata(&io.path(at));
        metadata.is_ok_and(|m| m.is_file() && m.is_executable())
    };
    if name.contains(&b'/') {
        return runs(name).then(|| name.to_vec());
    }
    let folders = io.var("PATH").unwrap_or_default().split(|b| *b == b':');
    folders.map(|folder| path::join(folder, name)).find(|at| runs(at))
}

pub const PWD: Utility = Utility {
    name: "pwd",
    summary: "print name of the current directory",
    usage: "[OPTION]...",
    options: &[flag("L", "logical"), flag("P", "physical")],
    start: |call| {
        RunToEnd::boxed(call, |call, io| {
            let parsed = match parse(&PWD, call, io) {
                Ok(parsed) => parsed,
                Err(code) => return code,
            };
            let mut at = io.cwd().to_vec();
            if parsed.last_of(&["logical", "physical"]) != Some("logical") {
                at = io.files_ref().canonicalize(&at).unwrap_or(at);
            }
            io.print([at.as_slice(), b"\n"].concat());
            0
        })
    },
    ..COREUTILS
};

pub const BASENAME: Utility = Utility {
    name: "basename",
    summary: "strip directory and suffix from file names",
    usage: "NAME [SUFFIX]",
    options: &[flag("a", "multiple"), value("s", "suffix"), flag("z", "zero")],
    start: |call| RunToEnd::boxed(call, basename),
    ..COREUTILS
};

fn basename(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&BASENAME, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let several = parsed.has("multiple") || parsed.has("suffix");
    let (names, suffix) = match (parsed.operands.as_slice(), several) {
        ([], _) => return BASENAME.usage_error(call, io, "missing operand"),
        (names, true) => (names, parsed.value("suffix").unwrap_or_default()),
        ([name], false) => (std::slice::from_ref(name), b"".as_slice()),
        ([name, suffix], false) => (std::slice::from_ref(name), suffix.as_slice()),
        ([_, _, extra, ..], false) => {
            return BASENAME.usage_error(call, io, &super::copy::extra_operand(extra));
        }
    };
    let end: &[u8] = if parsed.has("zero") { b"\0" } else { b"\n" };
    for name in names {
        let mut base = path::file_name(name);
        if base.is_empty() && !name.is_empty() {
            base = b"/";
        }
        let shown = match base.strip_suffix(suffix) {
            Some(rest) if !rest.is_empty() => rest,
            _ => base,
        };
        io.print([shown, end].concat());
    }
    0
}

pub const DIRNAME: Utility = Utility {
    name: "dirname",
    summary: "strip last component from file name",
    usage: "[OPTION] NAME...",
    options: &[flag("z", "zero")],
    start: |call| {
        RunToEnd::boxed(call, |call, io| {
            let parsed = match parse(&DIRNAME, call, io) {
                Ok(parsed) => parsed,
                Err(code) => return code,
            };
            if parsed.operands.is_empty() {
                return DIRNAME.usage_error(call, io, "missing operand");
            }
            let end: &[u8] = if parsed.has("zero") { b"\0" } else { b"\n" };
            for name in &parsed.operands {
                let parent = path::parent(name);
                let shown: &[u8] = match parent {
                    b"" if name.starts_with(b"/") => b"/",
                    b"" => b".",
                    parent => parent,
                };
                io.print([shown, end].concat());
            }
            0
        })
    },
    ..COREUTILS
};
