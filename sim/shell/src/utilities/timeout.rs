//! `timeout`: a command with a limit of time.

use super::support::complain;
use super::support::options::{flag, parse, value};
use super::support::text::quote;
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::machine::SpawnError;
use essaim_kernel::{Call, ExitStatus, Io, Pid, Process, Progress, Signal, Spawn, Time, Wait};
use std::time::Duration;

pub const TIMEOUT: Utility = Utility {
    name: "timeout",
    summary: "run a command with a time limit",
    usage: "[OPTION] DURATION COMMAND [ARG]...",
    options: &[
        flag("", "foreground"),
        value("k", "kill-after"),
        flag("", "preserve-status"),
        value("s", "signal"),
        flag("v", "verbose"),
    ],
    usage_status: 125,
    stops_at_operand: true,
    start: |call| Box::new(Timeout { call, running: None }),
    ..COREUTILS
};

#[derive(Clone)]
struct Timeout {
    call: Call,
    running: Option<Running>,
}

/// A command with its time.
#[derive(Clone, Copy)]
struct Running {
    child: Pid,
    deadline: Time,
    signal: Signal,
    kill_after: Option<Duration>,
    preserve: bool,
    verbose: bool,
    /// It was told to end.
    told: bool,
    killed: bool,
}

impl Timeout {
    fn begin(&self, io: &mut Io<'_>) -> Result<Running, u8> {
        let parsed = parse(&TIMEOUT, &self.call, io)?;
        let [limit, command @ ..] = parsed.operands.as_slice() else {
            return Err(TIMEOUT.try_help(&self.call, io));
        };
        if command.is_empty() {
            return Err(TIMEOUT.try_help(&self.call, io));
        }
        let mut times = Vec::new();
        for text in [Some(limit.as_slice()), parsed.value("kill-after")]
            .into_iter()
            .flatten()
        {
            match super::small::duration(text) {
                Some(time) => times.push(time),
                None => {
                    let message = format!("invalid time interval {}", quote(text));
                    return Err(TIMEOUT.usage_error(&self.call, io, &message));
                }
            }
        }
        let signal = match parsed.value("signal") {
            None => Signal::Terminate,
            Some(name) => match crate::language::find_signal(name) {
                Some(signal) => signal,
                None => {
                    let message = format!("{}: invalid signal", quote(name));
                    return Err(TIMEOUT.usage_error(&self.call, io, &message));
                }
            },
        };
        let spawn = Spawn {
            args: command.to_vec(),
            ..Spawn::default()
        };
        let child = io.spawn(spawn).map_err(|error| {
            let (message, code) = match error {
                SpawnError::NotFound => ("No such file or directory", 127),
                _ => ("Permission denied", 126),
            };
            let name = quote(&command[0]);
            complain(io, &self.call, format!("failed to run command {name}: {message}"));
            code
        })?;
        // A limit of 0 is none.
        let limit = if times[0].is_zero() { FOREVER } else { times[0] };
        Ok(Running {
            child,
            deadline: io.now() + limit,
            signal,
            kill_after: times.get(1).copied().filter(|t| !t.is_zero()),
            preserve: parsed.has("preserve-status"),
            verbose: parsed.has("verbose"),
            told: false,
            killed: false,
        })
    }
}

impl Process for Timeout {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        let Some(mut running) = self.running else {
            return match self.begin(io) {
                Ok(running) => {
                    self.running = Some(running);
                    Progress::Ready
                }
                Err(code) => Progress::Exit(code),
            };
        };
        if let Some(status) = io.reap(running.child) {
            if running.told && status == ExitStatus::Signal(Signal::Kill) {
                // It dies as its command did.
                let pid = io.pid();
                io.kill(pid, Signal::Kill);
                return Progress::Blocked(Wait::Signal);
            }
            return Progress::Exit(if running.told && !running.preserve {
                124
            } else {
                status.code()
            });
        }
        if io.now() >= running.deadline && !running.killed {
            let signal = if running.told { Signal::Kill } else { running.signal };
            if running.verbose {
                let processes = io.processes();
                let found = processes.iter().find(|(pid, ..)| *pid == running.child);
                let name = found.and_then(|(_, _, _, args)| args.first()).map(|n| quote(n));
                let name = name.unwrap_or_default();
                complain(
                    io,
                    &self.call,
                    format!("sending signal {} to command {name}", signal.name()),
                );
            }
            io.kill(running.child, signal);
            running.killed = running.told || running.kill_after.is_none();
            running.told = true;
            running.deadline = io.now() + running.kill_after.unwrap_or(FOREVER);
            self.running = Some(running);
        }
        // A child that works costs no virtual time: looked at again and again until it ends or time passes.
        if running.killed {
            Progress::Blocked(Wait::Child)
        } else {
            Progress::Blocked(Wait::Alarm(running.deadline.min(io.now() + POLL)))
        }
    }

    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

/// Longer than any lab lasts.
const FOREVER: Duration = Duration::from_hours(87_600);

/// How often `timeout` looks whether its child has ended.
const POLL: Duration = Duration::from_millis(10);
