//! Commands that start others: `env`, `xargs`.

use super::support::complain;
use super::support::options::{Parsed, flag, missing, missing_value, optional, parse, value};
use super::support::text::{number, quote};
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::machine::SpawnError;
use essaim_kernel::process::Environment;
use essaim_kernel::{Call, ExitStatus, Io, Pid, Process, Progress, Read, Spawn, Wait};

pub const ENV: Utility = Utility {
    name: "env",
    summary: "run a program in a modified environment",
    usage: "[OPTION]... [-] [NAME=VALUE]... [COMMAND [ARG]...]",
    options: &[
        flag("i", "ignore-environment"),
        flag("0", "null"),
        value("u", "unset"),
        value("C", "chdir"),
        missing_value("S", "split-string"),
        missing("v", "debug"),
    ],
    usage_status: 125,
    stops_at_operand: true,
    start: |call| Box::new(Env { call, child: None }),
    ..COREUTILS
};

#[derive(Clone)]
struct Env {
    call: Call,
    child: Option<Pid>,
}

/// What a failed start prints, and its code.
fn start_failed(error: SpawnError, name: &[u8], call: &Call, io: &mut Io<'_>) -> u8 {
    let (text, code) = match error {
        SpawnError::NotFound => ("No such file or directory", 127),
        SpawnError::TooManyProcesses => ("Resource temporarily unavailable", 126),
        _ => ("Permission denied", 126),
    };
    complain(io, call, format!("{}: {text}", quote(name)));
    code
}

impl Env {
    fn begin(&self, io: &mut Io<'_>) -> Result<Pid, u8> {
        let parsed = parse(&ENV, &self.call, io)?;
        let mut operands = parsed.operands.as_slice();
        let mut clears = parsed.has("ignore-environment");
        if operands.first().map(Vec::as_slice) == Some(b"-") {
            clears = true;
            operands = &operands[1..];
        }
        let mut env = if clears {
            Environment::default()
        } else {
            io.env().clone()
        };
        for name in parsed.values("unset") {
            env.remove(name);
        }
        while let Some((first, rest)) = operands.split_first() {
            let Some(at) = first.iter().position(|b| *b == b'=') else {
                break;
            };
            env.insert(first[..at].to_vec(), first[at + 1..].to_vec());
            operands = rest;
        }
        let cwd = match parsed.value("chdir") {
            None => None,
            Some(folder) => {
                let at = io.path(folder);
                match io.files_ref().canonicalize(&at) {
                    Ok(at) => Some(at),
                    Err(error) => {
                        complain(
                            io,
                            &self.call,
                            format!("cannot change directory to {}: {error}", quote(folder)),
                        );
                        return Err(125);
                    }
                }
            }
        };
        if operands.is_empty() {
            let end: &[u8] = if parsed.has("null") { b"\0" } else { b"\n" };
            for (name, value) in &env {
                io.print([name, b"=".as_slice(), value, end].concat());
            }
            return Err(0);
        }
        let spawn = Spawn {
            args: operands.to_vec(),
            env: Some(env),
            cwd,
            ..Spawn::default()
        };
        io.spawn(spawn)
            .map_err(|error| start_failed(error, &operands[0], &self.call, io))
    }
}

impl Process for Env {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        let child = match self.child {
            Some(child) => child,
            None => match self.begin(io) {
                Ok(child) => {
                    self.child = Some(child);
                    child
                }
                Err(code) => return Progress::Exit(code),
            },
        };
        match io.reap(child) {
            Some(status) => Progress::Exit(status.code()),
            None => Progress::Blocked(Wait::Child),
        }
    }

    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

pub const XARGS: Utility = Utility {
    name: "xargs",
    summary: "build and execute command lines from standard input",
    usage: "[OPTION]... COMMAND [INITIAL-ARGS]...",
    package: "GNU findutils",
    options: &[
        flag("0", "null"),
        value("a", "arg-file"),
        value("d", "delimiter"),
        value("E", ""),
        optional("e", "eof"),
        value("I", ""),
        optional("i", "replace"),
        value("L", "max-lines"),
        optional("l", ""),
        value("n", "max-args"),
        missing("o", "open-tty"),
        value("P", "max-procs"),
        missing("p", "interactive"),
        missing_value("", "process-slot-var"),
        flag("r", "no-run-if-empty"),
        value("s", "max-chars"),
        missing("", "show-limits"),
        flag("t", "verbose"),
        flag("x", "exit"),
    ],
    stops_at_operand: true,
    start: |call| Box::new(Xargs { call, state: None }),
    ..COREUTILS
};

#[derive(Clone)]
struct Xargs {
    call: Call,
    state: Option<Lines>,
}

#[derive(Clone)]
struct Lines {
    command: Vec<Vec<u8>>,
    delimiter: Option<u8>,
    replace: Option<Vec<u8>>,
    per_line: Option<usize>,
    most: usize,
    keeps_quiet_when_empty: bool,
    verbose: bool,
    end: Option<Vec<u8>>,
    file: Option<Vec<u8>>,
    input: Vec<u8>,
    read: bool,
    /// Argument lists still to run.
    queue: std::collections::VecDeque<Vec<Vec<u8>>>,
    child: Option<Pid>,
    status: u8,
}

fn delimiter(parsed: &Parsed, call: &Call, io: &mut Io<'_>) -> Result<Option<u8>, u8> {
    Ok(match parsed.value("delimiter") {
        _ if parsed.has("null") => Some(0),
        None => None,
        Some(b"\\n") => Some(b'\n'),
        Some(b"\\t") => Some(b'\t'),
        Some(b"\\0") => Some(0),
        Some([byte]) => Some(*byte),
        Some(text) => {
            let shown = String::from_utf8_lossy(text).into_owned();
            complain(
                io,
                call,
                format!(
                    "Invalid input delimiter specification {shown}: the delimiter must be either a single character or an escape sequence starting with \\."
                ),
            );
            return Err(1);
        }
    })
}

fn xargs(call: &Call, io: &mut Io<'_>) -> Result<Lines, u8> {
    let parsed = parse(&XARGS, call, io)?;
    let mut count = |key: &str, letter: char| match parsed.value(key) {
        None => Ok(None),
        Some(text) => match number(text) {
            Some(0) => {
                complain(
                    io,
                    call,
                    format!(
                        "value {} for -{letter} option should be >= 1",
                        String::from_utf8_lossy(text)
                    ),
                );
                Err(XARGS.try_help(call, io))
            }
            Some(n) => Ok(Some(usize::try_from(n).unwrap_or(usize::MAX))),
            None => {
                let shown = String::from_utf8_lossy(text).into_owned();
                complain(io, call, format!("invalid number \"{shown}\" for -{letter} option"));
                Err(XARGS.try_help(call, io))
            }
        },
    };
    let most = count("max-args", 'n')?;
    let mut per_line = count("max-lines", 'L')?;
    if parsed.has("l") {
        per_line = per_line.or(Some(1));
    }
    let delimiter = delimiter(&parsed, call, io)?;
    let replace = match parsed.last_of(&["I", "replace"]) {
        Some("I") => parsed.value("I").map(<[u8]>::to_vec),
        Some(_) => Some(parsed.value("replace").unwrap_or(b"{}").to_vec()),
        None => None,
    };
    let mut command = parsed.operands.clone();
    if command.is_empty() {
        command.push(b"echo".to_vec());
    }
    Ok(Lines {
        command,
        delimiter,
        replace,
        per_line,
        most: most.unwrap_or(5000),
        keeps_quiet_when_empty: parsed.has("no-run-if-empty"),
        verbose: parsed.has("verbose"),
        end: parsed.value("E").or(parsed.value("eof")).map(<[u8]>::to_vec),
        file: parsed.value("arg-file").map(<[u8]>::to_vec),
        input: Vec::new(),
        read: false,
        queue: std::collections::VecDeque::new(),
        child: None,
        status: 0,
    })
}

impl Lines {
    /// The words of the input, line by line.
    fn words(&self) -> Result<Vec<Vec<Vec<u8>>>, &'static str> {
        if let Some(delimiter) = self.delimiter {
            let all = super::support::lines(&self.input, delimiter).map(|item| vec![item.to_vec()]);
            return Ok(all.collect());
        }
        if self.replace.is_some() {
            let all = super::support::lines(&self.input, b'\n').map(|line| line.trim_ascii_start());
            return Ok(all.filter(|l| !l.is_empty()).map(|line| vec![unquoted(line)]).collect());
        }
        let mut lines: Vec<Vec<Vec<u8>>> = vec![Vec::new()];
        let mut word: Option<Vec<u8>> = None;
        let mut quoted: Option<u8> = None;
        let mut bytes = self.input.iter().copied();
        while let Some(byte) = bytes.next() {
            match (quoted, byte) {
                (Some(b'"'), b'\n') => {
                    return Err(
                        "unmatched double quote; by default quotes are special to xargs unless you use the -0 option",
                    );
                }
                (Some(_), b'\n') => {
                    return Err(
                        "unmatched single quote; by default quotes are special to xargs unless you use the -0 option",
                    );
                }
                (Some(mark), byte) if mark == byte => quoted = None,
                (Some(_), byte) => word.get_or_insert_default().push(byte),
                (None, b'\'' | b'"') => {
                    quoted = Some(byte);
                    word.get_or_insert_default();
                }
                (None, b'\\') => word.get_or_insert_default().extend(bytes.next()),
                (None, b' ' | b'\t' | b'\n') => {
                    if let Some(word) = word.take()
                        && let Some(line) = lines.last_mut()
                    {
                        line.push(word);
                    }
                    if byte == b'\n' && lines.last().is_some_and(|l| !l.is_empty()) {
                        lines.push(Vec::new());
                    }
                }
                (None, byte) => word.get_or_insert_default().push(byte),
            }
        }
        match quoted {
            Some(b'"') => {
                return Err(
                    "unmatched double quote; by default quotes are special to xargs unless you use the -0 option",
                );
            }
            Some(_) => {
                return Err(
                    "unmatched single quote; by default quotes are special to xargs unless you use the -0 option",
                );
            }
            None => {}
        }
        if let Some(line) = lines.last_mut() {
            line.extend(word);
        }
        lines.retain(|l| !l.is_empty());
        Ok(lines)
    }

    fn plan(&mut self) -> Result<(), &'static str> {
        let mut lines = self.words()?;
        if let Some(end) = &self.end
            && self.delimiter.is_none()
        {
            let mut over = false;
            for line in &mut lines {
                let stop = line.iter().position(|w| w == end).unwrap_or(line.len());
                line.truncate(if over { 0 } else { stop });
                over |= stop < line.len();
            }
            lines.retain(|l| !l.is_empty());
        }
        if let Some(mark) = &self.replace {
            for line in lines {
                let item = line.concat();
                let with = |word: &Vec<u8>| replace_all(word, mark, &item);
                self.queue.push_back(self.command.iter().map(with).collect());
            }
            return Ok(());
        }
        let groups: Vec<Vec<Vec<u8>>> = match self.per_line {
            Some(count) => lines.chunks(count).map(<[_]>::concat).collect(),
            None => lines.concat().chunks(self.most).map(<[_]>::to_vec).collect(),
        };
        if groups.is_empty() && !self.keeps_quiet_when_empty {
            self.queue.push_back(self.command.clone());
        }
        for group in groups {
            self.queue.push_back([self.command.clone(), group].concat());
        }
        Ok(())
    }

    fn advance(&mut self, call: &Call, io: &mut Io<'_>) -> Progress {
        if let Some(child) = self.child {
            let Some(status) = io.reap(child) else {
                return Progress::Blocked(Wait::Child);
            };
            self.child = None;
            match status {
                ExitStatus::Code(0) => {}
                ExitStatus::Code(255) => {
                    let name = String::from_utf8_lossy(&self.command[0]).into_owned();
                    complain(io, call, format!("{name}: exited with status 255; aborting"));
                    return Progress::Exit(124);
                }
                ExitStatus::Code(_) => self.status = 123,
                ExitStatus::Signal(signal) => {
                    let name = String::from_utf8_lossy(&self.command[0]).into_owned();
                    complain(io, call, format!("{name}: terminated by signal {}", signal.number()));
                    return Progress::Exit(125);
                }
            }
        }
        let Some(args) = self.queue.pop_front() else {
            return Progress::Exit(self.status);
        };
        if self.verbose {
            let shown: Vec<String> = args
                .iter()
                .map(|a| super::support::text::shell_quote(a, false))
                .collect();
            io.eprint(format!("{}\n", shown.join(" ")));
        }
        io.flush();
        // Children do not eat the list.
        let mut fds: Vec<(u32, u32)> = io.fds().into_iter().filter(|fd| *fd != 0).map(|fd| (fd, fd)).collect();
        let null = io.here_document(Vec::new());
        fds.push((0, null));
        let spawn = Spawn {
            args: args.clone(),
            fds: Some(fds),
            ..Spawn::default()
        };
        let result = io.spawn(spawn);
        io.close(null);
        match result {
            Ok(child) => {
                self.child = Some(child);
                Progress::Blocked(Wait::Child)
            }
            Err(error) => {
                let (text, code) = match error {
                    SpawnError::NotFound => ("No such file or directory", 127),
                    _ => ("Permission denied", 126),
                };
                complain(io, call, format!("{}: {text}", String::from_utf8_lossy(&args[0])));
                Progress::Exit(code)
            }
        }
    }
}

/// A line with its quotes and backslashes resolved.
fn unquoted(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut quoted = None;
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        match (quoted, byte) {
            (Some(mark), byte) if mark == byte => quoted = None,
            (None, b'\'' | b'"') => quoted = Some(byte),
            (None, b'\\') => out.extend(bytes.next()),
            (_, byte) => out.push(byte),
        }
    }
    out
}

fn replace_all(word: &[u8], mark: &[u8], item: &[u8]) -> Vec<u8> {
    if mark.is_empty() {
        return word.to_vec();
    }
    let mut out = Vec::new();
    let mut rest = word;
    while let Some(at) = rest.windows(mark.len()).position(|w| w == mark) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(item);
        rest = &rest[at + mark.len()..];
    }
    out.extend_from_slice(rest);
    out
}

impl Process for Xargs {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        let mut state = match self.state.take() {
            Some(state) => state,
            None => match xargs(&self.call, io) {
                Ok(state) => state,
                Err(code) => return Progress::Exit(code),
            },
        };
        if !state.read {
            if let Some(name) = state.file.take() {
                match super::support::read_operand(io, &name, &std::sync::Arc::default()) {
                    Ok(content) => state.input = content.as_ref().clone(),
                    Err(error) => {
                        let shown = super::support::text::named(&name);
                        complain(
                            io,
                            &self.call,
                            format!("Cannot open input file {}: {error}", quote(shown.as_bytes())),
                        );
                        return Progress::Exit(1);
                    }
                }
                state.read = true;
            } else {
                let progress = match io.read(0, 64 << 10) {
                    Read::Data(bytes) => {
                        state.input.extend(bytes);
                        Some(Progress::Ready)
                    }
                    Read::Wait => Some(Progress::Blocked(Wait::Readable(0))),
                    Read::End | Read::Failed(_) => None,
                };
                if let Some(progress) = progress {
                    self.state = Some(state);
                    return progress;
                }
                state.read = true;
            }
            if let Err(message) = state.plan() {
                complain(io, &self.call, message);
                return Progress::Exit(1);
            }
        }
        let progress = state.advance(&self.call, io);
        self.state = Some(state);
        progress
    }

    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
