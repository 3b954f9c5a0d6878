//! `ulimit caller disown enable fc bind suspend`.

use super::{After, parse_number};
use crate::language::run::Shell;
use essaim_kernel::Io;

/// Limits: letter, words, unit, and what a usual machine says.
const LIMITS: &[(u8, &str, &str, &str)] = &[
    (b'R', "real-time non-blocking time", "microseconds, ", "unlimited"),
    (b'c', "core file size", "blocks, ", "0"),
    (b'd', "data seg size", "kbytes, ", "unlimited"),
    (b'e', "scheduling priority", "", "0"),
    (b'f', "file size", "blocks, ", "unlimited"),
    (b'i', "pending signals", "", "15000"),
    (b'l', "max locked memory", "kbytes, ", "8192"),
    (b'm', "max memory size", "kbytes, ", "unlimited"),
    (b'n', "open files", "", "1024"),
    (b'p', "pipe size", "512 bytes, ", "8"),
    (b'q', "POSIX message queues", "bytes, ", "819200"),
    (b'r', "real-time priority", "", "0"),
    (b's', "stack size", "kbytes, ", "8192"),
    (b't', "cpu time", "seconds, ", "unlimited"),
    (b'u', "max user processes", "", "15000"),
    (b'v', "virtual memory", "kbytes, ", "unlimited"),
    (b'x', "file locks", "", "unlimited"),
];

pub fn ulimit(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let mut letters = Vec::new();
    let mut value = None;
    for word in &args[1..] {
        match word.as_slice() {
            [b'-', given @ ..] if !given.is_empty() => letters.extend_from_slice(given),
            word => value = Some(word.to_vec()),
        }
    }
    letters.retain(|l| !matches!(l, b'S' | b'H'));
    if let Some(bad) = letters
        .iter()
        .find(|l| **l != b'a' && !LIMITS.iter().any(|(k, ..)| k == *l))
    {
        let usage = "ulimit [-SHabcdefiklmnpqrstuvxPRT] [limit]";
        return shell.bad_option(io, "ulimit", &[b'-', *bad], usage);
    }
    if let Some(value) = value {
        if parse_number(&value).is_none() && !matches!(value.as_slice(), b"unlimited" | b"hard" | b"soft") {
            shell.complain(io, "ulimit", [&value, b": invalid number".as_slice()].concat());
            return After::Status(1);
        }
        shell.complain(io, "ulimit", "setting a limit exists in real bash, not simulated here");
        return After::Status(1);
    }
    if letters.is_empty() {
        letters.push(b'f');
    }
    let all = letters.contains(&b'a');
    let mut out = String::new();
    for (letter, words, unit, value) in LIMITS.iter().filter(|(l, ..)| all || letters.contains(l)) {
        if all || letters.len() > 1 {
            let place = format!("({unit}-{})", char::from(*letter));
            out.push_str(&format!("{words:<0$}{place} ", 44 - place.len()));
        }
        out.push_str(&format!("{value}\n"));
    }
    io.print(out);
    After::Status(0)
}

/// Where the function at work was called from.
pub fn caller(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let lines = shell.call_lines();
    let depth = match args.get(1) {
        None => 0,
        Some(word) => match parse_number(word).and_then(|n| usize::try_from(n).ok()) {
            Some(n) => n,
            None => {
                shell.complain(io, "caller", [word, b": invalid number".as_slice()].concat());
                return After::Status(1);
            }
        },
    };
    if args.len() == 1 && lines.is_empty() && !shell.state.from_command {
        io.print("0 NULL\n");
        return After::Status(0);
    }
    let Some(line) = lines.len().checked_sub(depth + 1).map(|at| lines[at]) else {
        return After::Status(1);
    };
    let names = &shell.state.call_names;
    let source = shell.state.source_name();
    let mut out = format!("{line} ").into_bytes();
    if args.len() > 1 {
        if shell.state.from_command && names.len() < depth + 2 {
            return After::Status(1);
        }
        let outer = names
            .len()
            .checked_sub(depth + 2)
            .map_or(b"main".as_slice(), |at| &names[at]);
        out.extend_from_slice(outer);
        out.push(b' ');
    } else if names.len() < 2 && shell.state.from_command {
        io.print(format!("{line} NULL\n"));
        return After::Status(0);
    }
    out.extend_from_slice(&source);
    out.push(b'\n');
    io.print(out);
    After::Status(0)
}

pub fn disown(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let mut all = false;
    let mut words: Vec<&[u8]> = Vec::new();
    for word in &args[1..] {
        match word.as_slice() {
            b"-a" | b"-r" => all = true,
            // The job stays listed; there is no hangup to shield it from.
            b"-h" => return After::Status(0),
            word => words.push(word),
        }
    }
    if all {
        shell.state.jobs.clear();
        return After::Status(0);
    }
    let shown = words.is_empty();
    if shown {
        words.push(b"%+");
    }
    let mut status = 0;
    for word in words {
        let pid = parse_number(word).and_then(|n| u32::try_from(n).ok());
        let by_pid = pid.and_then(|pid| shell.state.jobs.iter().position(|j| j.pids.contains(&pid)));
        match by_pid.or_else(|| super::jobs::find_job(shell, word)) {
            Some(at) => {
                shell.state.jobs.remove(at);
            }
            None => {
                let name = if shown { b"current".as_slice() } else { word };
                shell.complain(io, "disown", [name, b": no such job"].concat());
                status = 1;
            }
        }
    }
    After::Status(status)
}

pub fn enable(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let names: Vec<&Vec<u8>> = args[1..].iter().filter(|a| !a.starts_with(b"-")).collect();
    if let Some(name) = names.iter().find(|name| super::find(name).is_none()) {
        shell.complain(io, "enable", [name.as_slice(), b": not a shell builtin"].concat());
        return After::Status(1);
    }
    if args.get(1).is_some_and(|a| a == b"-n") && !names.is_empty() {
        shell.complain(io, "enable", "-n: exists in real bash, not simulated here");
        return After::Status(2);
    }
    if names.is_empty() && args.get(1).is_none_or(|a| a != b"-n") {
        let all: Vec<String> = super::completion::listed()
            .map(|name| format!("enable {name}\n"))
            .collect();
        io.print(all.concat());
    }
    After::Status(0)
}

/// `fc -l`: the last commands; to edit one is what arrow keys do here.
pub fn fc(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    if !args.iter().any(|a| a.starts_with(b"-") && a.contains(&b'l')) {
        shell.complain(io, "fc", "only `fc -l' is simulated here");
        return After::Status(2);
    }
    let reverse = args.iter().any(|a| a.starts_with(b"-") && a.contains(&b'r'));
    let bare = args.iter().any(|a| a.starts_with(b"-") && a.contains(&b'n'));
    let history = shell.state.history.clone();
    let last = history.len().saturating_sub(1);
    let place = |word: &Vec<u8>| {
        let n = parse_number(word)?;
        let at = if n < 0 { history.len() as i64 + n - 1 } else { n - 1 };
        usize::try_from(at).ok().map(|at| at.min(last))
    };
    let asked: Vec<usize> = args[1..].iter().filter_map(place).collect();
    let first = asked.first().copied().unwrap_or(last.saturating_sub(16));
    let end = asked.get(1).copied().unwrap_or(last.saturating_sub(1)).max(first);
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for (at, line) in history.iter().enumerate().take(end + 1).skip(first) {
        let number = if bare { String::new() } else { (at + 1).to_string() };
        lines.push([number.as_bytes(), b"\t ", line, b"\n"].concat());
    }
    if reverse {
        lines.reverse();
    }
    io.print(lines.concat());
    After::Status(0)
}

pub fn bind(shell: &mut Shell, io: &mut Io<'_>, _args: &[Vec<u8>]) -> After {
    if shell.state.interactive {
        shell.complain(io, "bind", "exists in real bash, not simulated here");
        return After::Status(1);
    }
    shell.error(io, "bind: warning: line editing not enabled");
    After::Status(0)
}

pub fn suspend(shell: &mut Shell, io: &mut Io<'_>, _args: &[Vec<u8>]) -> After {
    shell.complain(io, "suspend", "cannot suspend: no job control");
    After::Status(1)
}
