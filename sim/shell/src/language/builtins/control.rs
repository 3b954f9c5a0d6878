//! `break continue return exit eval . exec trap`.

use super::{After, parse_number};
use crate::language::quote::shell_quote;
use crate::language::run::{Frame, Shell, Source, Unwind};
use essaim_kernel::SmallSort;
use essaim_kernel::machine::SpawnError;
use essaim_kernel::{Io, Signal};
use std::sync::Arc;

fn loop_count(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>], name: &str) -> Result<usize, After> {
    if shell.loop_depth() == 0 {
        shell.complain(io, name, "only meaningful in a `for', `while', or `until' loop");
        return Err(After::Status(0));
    }
    let Some(word) = args.get(1) else { return Ok(1) };
    match parse_number(word) {
        Some(n) if n > 0 => Ok((n as usize).min(shell.loop_depth())),
        Some(_) => {
            shell.complain(io, name, [word, b": loop count out of range".as_slice()].concat());
            shell.state.status = 1;
            Err(After::Unwind(Unwind::Break(shell.loop_depth())))
        }
        None => {
            shell.complain(io, name, [word, b": numeric argument required".as_slice()].concat());
            shell.state.status = 128;
            Err(After::Unwind(Unwind::Exit))
        }
    }
}

pub fn break_loop(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    match loop_count(shell, io, args, "break") {
        Ok(n) => {
            shell.state.status = 0;
            After::Unwind(Unwind::Break(n))
        }
        Err(after) => after,
    }
}

pub fn continue_loop(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    match loop_count(shell, io, args, "continue") {
        Ok(n) => {
            shell.state.status = 0;
            After::Unwind(Unwind::Continue(n))
        }
        Err(after) => after,
    }
}

fn status_argument(shell: &Shell, io: &mut Io<'_>, args: &[Vec<u8>], name: &str) -> Result<u8, u8> {
    let args: Vec<&Vec<u8>> = args[1..].iter().filter(|a| a.as_slice() != b"--").collect();
    let Some(word) = args.first() else {
        return Ok(shell.state.status);
    };
    match parse_number(word) {
        Some(n) => Ok(n as u8),
        None => {
            shell.complain(io, name, [word, b": numeric argument required".as_slice()].concat());
            Err(2)
        }
    }
}

pub fn return_function(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    if !shell.can_return() {
        shell.complain(io, "return", "can only `return' from a function or sourced script");
        return After::Status(2);
    }
    if args.len() > 2 && args[1] != b"--" {
        shell.complain(io, "return", "too many arguments");
        shell.abort(1);
        return After::Pushed;
    }
    let (Ok(status) | Err(status)) = status_argument(shell, io, args, "return");
    shell.state.status = status;
    After::Unwind(Unwind::Return)
}

pub fn exit(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    if shell.state.interactive {
        io.eprint("exit\n");
    }
    let (Ok(status) | Err(status)) = status_argument(shell, io, args, "exit");
    if args.len() > 2 && parse_number(&args[1]).is_some() {
        shell.complain(io, "exit", "too many arguments");
        return After::Status(1);
    }
    shell.state.status = status;
    After::Unwind(Unwind::Exit)
}

pub fn eval(shell: &mut Shell, _io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let text = args[1..].join(b" ".as_slice());
    shell.state.status = 0;
    let line = shell.state.line;
    let mut source = Source::new(text, line);
    source.label = "eval: ";
    shell.frames.push(Frame::Source(source));
    After::Pushed
}

pub fn source(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let name = String::from_utf8_lossy(&args[0]).into_owned();
    let Some(file) = args.get(1) else {
        shell.complain(io, &name, "filename argument required");
        io.eprint(format!("{name}: usage: {name} filename [arguments]\n"));
        return After::Status(2);
    };
    let mut path = io.path(file);
    if !file.contains(&b'/')
        && let Some(found) = shell.search_path(file, io)
    {
        path = found;
    }
    let what = if path == b"/dev/null" {
        Ok(Arc::default())
    } else if path.starts_with(b"/dev/") {
        crate::utilities::read_operand(io, &path).map_err(|error| error.to_string())
    } else if io.files_ref().is_dir(&path) {
        Err("is a directory".to_owned())
    } else {
        io.files_ref().read(&path).map_err(|error| error.to_string())
    };
    let text = match what {
        Ok(text) => text,
        Err(what) if what == "is a directory" => {
            shell.complain(io, &name, [file, b": ".as_slice(), what.as_bytes()].concat());
            return After::Status(1);
        }
        Err(what) => {
            shell.error(io, [file, b": ".as_slice(), what.as_bytes()].concat());
            return After::Status(1);
        }
    };
    let positional =
        (args.len() > 2).then(|| std::mem::replace(&mut shell.state.positional, Arc::new(args[2..].to_vec())));
    shell.state.positional_set = false;
    shell.state.status = 0;
    shell.frames.push(Frame::Dot {
        positional,
        name: file.clone(),
    });
    shell.frames.push(Frame::Source(Source {
        text,
        at: 0,
        line: 1,
        label: "",
    }));
    After::Pushed
}

pub fn exec(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    if args.len() < 2 {
        return After::Status(0);
    }
    let name = args[1].clone();
    shell.refresh_environment(io);
    io.flush();
    let words = shell.with_path(&args[1..], io);
    match io.exec(words) {
        Ok(()) => {
            for fd in std::mem::take(&mut shell.state.private_fds) {
                io.close(fd);
            }
            // The program takes this process over when the step ends.
            shell.replaced = true;
            After::Status(0)
        }
        Err(error) => {
            let status = if error == SpawnError::NotFound && !name.contains(&b'/') {
                shell.complain(io, "exec", [&name, b": not found".as_slice()].concat());
                127
            } else {
                shell.spawn_failed(&name, error, io)
            };
            if shell.state.interactive {
                return After::Status(status);
            }
            shell.state.status = status;
            After::Unwind(Unwind::Exit)
        }
    }
}

/// The name `trap` keeps a signal under.
fn trap_name(word: &[u8]) -> Option<&'static str> {
    let upper = word.to_ascii_uppercase();
    let name = upper.strip_prefix(b"SIG").unwrap_or(&upper);
    let special = [("EXIT", "0"), ("ERR", ""), ("DEBUG", ""), ("RETURN", "")];
    if let Some((special, _)) = special
        .iter()
        .find(|(n, number)| n.as_bytes() == name || (!number.is_empty() && number.as_bytes() == name))
    {
        return Some(special);
    }
    if let Some(signal) = find_signal(word) {
        return Some(signal.name());
    }
    // Known signals that nothing here sends.
    ["CHLD", "WINCH", "TSTP", "CONT", "STOP"]
        .into_iter()
        .find(|n| n.as_bytes() == name)
}

/// A signal by number, name, or name with `SIG`.
pub fn find_signal(word: &[u8]) -> Option<Signal> {
    let upper = word.to_ascii_uppercase();
    let name = upper.strip_prefix(b"SIG").unwrap_or(&upper);
    let number = parse_number(word);
    Signal::ALL
        .into_iter()
        .find(|s| s.name().as_bytes() == name || number == Some(i64::from(s.number())))
}

pub fn trap(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let mut words = &args[1..];
    match words.first().map(Vec::as_slice) {
        Some(b"-l") => {
            io.print(super::jobs::signal_table());
            return After::Status(0);
        }
        Some(b"-p") if words.len() == 1 => words = &[],
        Some(b"--") => words = &words[1..],
        _ => {}
    }
    if words.is_empty() || words[0] == b"-p" {
        let wanted: Vec<&str> = words.iter().skip(1).filter_map(|w| trap_name(w)).collect();
        let mut names: Vec<&Vec<u8>> = shell.state.traps.keys().collect();
        names.small_sort_by_key(|name| (name.as_slice() != b"EXIT", find_signal(name).map_or(99, Signal::number)));
        let mut out = Vec::new();
        for name in names {
            let text = String::from_utf8_lossy(name);
            if !wanted.is_empty() && !wanted.contains(&text.as_ref()) {
                continue;
            }
            out.extend_from_slice(b"trap -- ");
            out.extend_from_slice(&shell_quote(&shell.state.traps[name]));
            out.push(b' ');
            if find_signal(name).is_some() {
                out.extend_from_slice(b"SIG");
            }
            out.extend_from_slice(name);
            out.push(b'\n');
        }
        io.print(out);
        return After::Status(0);
    }
    // One argument, or a number first: the signals get their own way back.
    let resets = words.len() == 1 || words[0] == b"-" || parse_number(&words[0]).is_some();
    let (command, signals) = if resets {
        (
            None,
            if words[0] == b"-" && words.len() > 1 {
                &words[1..]
            } else {
                words
            },
        )
    } else {
        (Some(words[0].clone()), &words[1..])
    };
    let mut status = 0;
    for word in signals {
        let Some(name) = trap_name(word) else {
            shell.complain(
                io,
                "trap",
                [word, b": invalid signal specification".as_slice()].concat(),
            );
            status = 1;
            continue;
        };
        let traps = Arc::make_mut(&mut shell.state.traps);
        match &command {
            Some(command) => traps.insert(name.as_bytes().to_vec(), command.clone()),
            None => traps.remove(name.as_bytes()),
        };
    }
    After::Status(status)
}

impl Shell {
    /// Loops around this command, within the same function.
    fn loop_depth(&self) -> usize {
        let inside = self
            .frames
            .iter()
            .rev()
            .take_while(|f| !matches!(f, Frame::Call { .. }));
        inside
            .filter(|f| matches!(f, Frame::While { .. } | Frame::For { .. } | Frame::CountingFor { .. }))
            .count()
    }

    fn can_return(&self) -> bool {
        self.frames
            .iter()
            .any(|f| matches!(f, Frame::Call { .. } | Frame::Dot { .. } | Frame::TrapEnd { .. }))
            || (self.state.subshell && !self.state.call_names.is_empty())
    }
}
