//! Processes: plain data that the scheduler steps. No future and no Rust stack is held between steps, so a process
//! can be snapshotted anywhere, for example while it waits for an editor inside `$( )` inside `if`.

use crate::digest::Digest;
use crate::engine::{Candidate, CompletionCall, Glance};
use crate::io::Io;
use crate::terminal::TerminalId;
use crate::time::Time;
use std::collections::BTreeMap;

/// Number of a process, never reused within a machine.
pub type Pid = u32;

/// Environment variables; names and values are bytes.
pub type Environment = BTreeMap<Vec<u8>, Vec<u8>>;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// It exited with a code.
    Code(u8),
    /// A signal ended it.
    Signal(Signal),
}

impl ExitStatus {
    /// The number a shell shows as `$?`: the code, or 128 + the signal's number.
    pub fn code(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal.number(),
        }
    }
}

/// The signals that exist here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// SIGHUP: the terminal was closed.
    Hangup,
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGQUIT.
    Quit,
    /// SIGKILL.
    Kill,
    /// SIGUSR1.
    User1,
    /// SIGUSR2.
    User2,
    /// SIGPIPE: nobody reads what is written.
    Pipe,
    /// SIGALRM.
    Alarm,
    /// SIGTERM.
    Terminate,
}

impl Signal {
    /// All signals, by number.
    pub const ALL: [Self; 9] = [
        Self::Hangup,
        Self::Interrupt,
        Self::Quit,
        Self::Kill,
        Self::User1,
        Self::User2,
        Self::Pipe,
        Self::Alarm,
        Self::Terminate,
    ];

    /// The number on Linux.
    pub const fn number(self) -> u8 {
        match self {
            Self::Hangup => 1,
            Self::Interrupt => 2,
            Self::Quit => 3,
            Self::Kill => 9,
            Self::User1 => 10,
            Self::User2 => 12,
            Self::Pipe => 13,
            Self::Alarm => 14,
            Self::Terminate => 15,
        }
    }

    /// The name without `SIG`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hangup => "HUP",
            Self::Interrupt => "INT",
            Self::Quit => "QUIT",
            Self::Kill => "KILL",
            Self::User1 => "USR1",
            Self::User2 => "USR2",
            Self::Pipe => "PIPE",
            Self::Alarm => "ALRM",
            Self::Terminate => "TERM",
        }
    }
}

/// What a step led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The process ended with this code (what it printed is still delivered).
    Exit(u8),
    /// It wants another step.
    Ready,
    /// It waits; it is stepped again when the wait is over (and may find that it must wait again).
    Blocked(Wait),
}

/// What a process waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A descriptor has bytes, or its end was reached.
    Readable(u32),
    /// One of its children ended.
    Child,
    /// This instant.
    Alarm(Time),
    /// The editor asked for with [`Io::open_editor`] was closed.
    Editor,
    /// Only a signal ends the wait.
    Signal,
}

/// One program at work.
///
/// `step` is called when the process can go on. What it prints is queued and delivered after the step (to a full pipe
/// when its reader has made room), so a short program simply prints everything and exits.
pub trait Process: Send + Sync {
    /// Does a bounded amount of work.
    fn step(&mut self, io: &mut Io<'_>) -> Progress;

    /// A signal arrived. `true`: handled, the process goes on; `false` (the default): the signal ends it. `Kill` never
    /// asks.
    fn signal(&mut self, signal: Signal, io: &mut Io<'_>) -> bool {
        let _ = (signal, io);
        false
    }

    /// Adds what the kernel does not know of the process (its variables, its position) to a digest.
    fn digest(&self, into: &mut Digest) {
        let _ = into;
    }

    /// A copy, for a snapshot.
    fn clone_box(&self) -> Box<dyn Process>;
}

impl Clone for Box<dyn Process> {
    fn clone(&self) -> Self {
        self.as_ref().clone_box()
    }
}

/// The start of a program: what `execve(2)` passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Arguments; the first is the program's name as it was typed.
    pub args: Vec<Vec<u8>>,
}

/// A program an engine or the shell adds to the machine.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The command's name.
    pub name: &'static str,
    /// Where `command -v` says it is.
    pub path: &'static str,
    /// One line, in English, for completion lists (man pages are content).
    pub summary: &'static str,
    /// Begins the program.
    pub start: fn(Call) -> Box<dyn Process>,
    /// What Tab offers after the command's name; `None`: file names.
    pub complete: Option<fn(&CompletionCall, &Glance<'_>) -> Vec<Candidate>>,
}

/// A program that needs no input: it runs to its end in one step.
#[derive(Clone)]
pub struct RunToEnd {
    call: Call,
    main: fn(&Call, &mut Io<'_>) -> u8,
}

impl RunToEnd {
    /// A process that calls `main` once and exits with what it returns.
    pub fn boxed(call: Call, main: fn(&Call, &mut Io<'_>) -> u8) -> Box<dyn Process> {
        Box::new(Self { call, main })
    }
}

impl Process for RunToEnd {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        Progress::Exit((self.main)(&self.call, io))
    }
    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

/// What a new process gets.
#[derive(Clone, Debug, Default)]
pub struct Spawn {
    /// Arguments, the program's name first.
    pub args: Vec<Vec<u8>>,
    /// Environment; `None` inherits the parent's.
    pub env: Option<Environment>,
    /// Current directory; `None` inherits the parent's.
    pub cwd: Option<Vec<u8>>,
    /// Descriptors as (child's number, parent's number); `None` inherits all of the parent's.
    pub fds: Option<Vec<(u32, u32)>>,
    /// Process group: `None` the parent's, `Some(0)` a new one led by the child, `Some(g)` that one.
    pub group: Option<Pid>,
    /// The terminal, when the child starts a session of its own; `None` inherits.
    pub terminal: Option<TerminalId>,
}
