//! The frames.

use super::compound::CountingStage;
use super::{Expand, ExpandItem, Reader, SavedFd, SimpleFrame, Source};
use crate::language::builtins::Blocking;
use crate::language::syntax::ast::{AndOr, Assignment, Command, List, Pipeline, Redirect};
use crate::language::variables::Variable;
use essaim_kernel::{ExitStatus, Pid, Time};
use std::sync::Arc;

/// Something the shell is in the middle of.
#[derive(Clone)]
pub enum Frame {
    Source(Source),
    Reader(Box<Reader>),
    List {
        list: Arc<List>,
        at: usize,
    },
    AndOr {
        node: Arc<AndOr>,
        at: usize,
        ignoring: bool,
    },
    Negate,
    Timed {
        since: Time,
        /// `time -p`
        posix: bool,
    },
    /// After a pipeline of one simple command or several: `set -e` and the ERR trap look at the status.
    Check {
        trapped: bool,
        single: bool,
    },
    Pipeline(Arc<Pipeline>),
    If {
        command: Arc<Command>,
        at: usize,
        in_condition: bool,
    },
    While {
        command: Arc<Command>,
        in_condition: bool,
        status: u8,
    },
    For {
        command: Arc<Command>,
        values: Arc<Vec<Vec<u8>>>,
        at: usize,
    },
    ForWords {
        command: Arc<Command>,
    },
    CountingFor {
        command: Arc<Command>,
        stage: CountingStage,
    },
    Case {
        command: Arc<Command>,
        value: Option<Vec<u8>>,
        arm: usize,
        pattern: usize,
        asked: bool,
        run: bool,
    },
    Test {
        command: Arc<Command>,
        at: usize,
        value: bool,
        asked: bool,
    },
    Arithmetic,
    Expand(Box<Expand>),
    /// A command substitution at work for the [`Frame::Expand`] below.
    Substitution {
        pid: Pid,
        fd: u32,
        output: Vec<u8>,
        /// `<(…)`: the output is read under a name.
        named: bool,
    },
    Redirecting {
        redirects: Arc<[Redirect]>,
        at: usize,
        saved: Vec<SavedFd>,
        then: Box<Frame>,
        keep: bool,
        asked: bool,
    },
    Restore {
        saved: Vec<SavedFd>,
    },
    Simple(Box<SimpleFrame>),
    Assign {
        assignments: Vec<Assignment>,
        at: usize,
        asked: bool,
        temporary: bool,
    },
    /// The end of a function: puts the positional parameters and local variables back.
    Call {
        positional: Arc<Vec<Vec<u8>>>,
        locals: Vec<(Vec<u8>, Option<Variable>)>,
        line: u32,
    },
    /// The end of `. file`.
    Dot {
        positional: Option<Arc<Vec<Vec<u8>>>>,
        name: Vec<u8>,
    },
    /// The end of a command with variables of its own.
    Temporary {
        saved: Vec<(Vec<u8>, Option<Variable>)>,
    },
    /// Puts `$?` back after a trap.
    TrapEnd {
        status: u8,
    },
    Waiting {
        pids: Vec<Pid>,
        statuses: Vec<Option<ExitStatus>>,
        group: Option<Pid>,
        text: Vec<u8>,
    },
    Blocking(Blocking),
    /// A command whose frame is not yet made.
    Command(Arc<Command>),
    /// A compound command whose redirections are done.
    Body(Arc<Command>),
    /// Starts a program once what was printed before has arrived.
    Program {
        args: Vec<Vec<u8>>,
    },
    /// Arithmetic for its effects only: `for ((i=0; …))`.
    ArithmeticOnly,
}

impl Frame {
    /// An expansion of one word.
    pub fn expand(items: Vec<ExpandItem>) -> Self {
        Self::Expand(Box::new(Expand {
            items: items.into(),
            current: None,
            out: Vec::new(),
        }))
    }
}
