//! The interpreter: a stack of frames over the syntax tree. A frame never calls another one; it pushes it. So the
//! shell can stop anywhere, be copied, and go on.

mod compound;
mod frame;
mod interactive;
mod lists;
mod redirect;
mod simple;
mod source;
mod words;

pub use self::frame::Frame;
pub use self::interactive::Reader;
pub use self::lists::signal_words;
pub use self::redirect::SavedFd;
pub use self::simple::SimpleFrame;
pub use self::source::Source;
pub use self::words::{Expand, ExpandItem};

use super::state::State;
use essaim_kernel::{Digest, Io, Process, Progress, Signal, Wait};
use std::collections::VecDeque;

/// Frames one step of the scheduler may run.
const FRAMES_PER_STEP: usize = 64;

/// Frames at once: recursion beyond it is stopped as bash does at `FUNCNEST`.
pub const FRAMES_MAX: usize = 20_000;

/// Function calls within one another.
pub const CALLS_MAX: usize = 1_000;

/// Frames are being left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwind {
    Break(usize),
    Continue(usize),
    Return,
    /// Leaves the whole command line.
    Line,
    /// Leaves the line at work of a script, a file or `eval`; the next one runs.
    Discard,
    Exit,
}

/// What a frame's turn led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Next,
    Block(Wait),
    /// Let what was printed be delivered first.
    Yield,
}

/// The shell.
#[derive(Clone)]
pub struct Shell {
    pub state: State,
    pub frames: Vec<Frame>,
    /// Words that were expanded for the frame that asked.
    pub results: Vec<Vec<u8>>,
    pub unwinding: Option<Unwind>,
    pub pending_traps: VecDeque<&'static str>,
    pub interrupted: bool,
    /// How many frames say that `set -e` does not count.
    pub ignoring: usize,
    pub in_trap: bool,
    pub exit_trap_done: bool,
    /// Status of the last command substitution of a command.
    pub substitution_status: Option<u8>,
    pub started: bool,
    /// `exec`: another program has this process from the next step on.
    pub replaced: bool,
    /// Descriptors named `/dev/fd/N` by process substitutions, and the frame that needs each.
    pub process_fds: Vec<(u32, usize)>,
    /// How this shell was started; taken at the first step.
    pub args: Vec<Vec<u8>>,
}

impl Shell {
    /// A shell that will look at its arguments when it is first stepped.
    pub fn new(args: Vec<Vec<u8>>) -> Self {
        let name = args.first().cloned().unwrap_or_default();
        Self {
            state: State::new(name),
            frames: Vec::new(),
            results: Vec::new(),
            unwinding: None,
            pending_traps: VecDeque::new(),
            interrupted: false,
            ignoring: 0,
            in_trap: false,
            exit_trap_done: false,
            substitution_status: None,
            started: false,
            replaced: false,
            process_fds: Vec::new(),
            args,
        }
    }

    /// bash's prefix and a message, on standard error.
    pub fn error(&self, io: &mut Io<'_>, message: impl AsRef<[u8]>) {
        let mut out = self.place(self.state.line);
        out.extend_from_slice(b": ");
        out.extend_from_slice(message.as_ref());
        out.push(b'\n');
        io.eprint(out);
    }

    /// Where something went wrong: the script, or the file it reads with `.`, and the line.
    pub fn place(&self, line: u32) -> Vec<u8> {
        let sourced = self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Dot { name, .. } => Some(name),
            _ => None,
        });
        let mut out = match (sourced, self.state.interactive) {
            // Where functions come from that no file defines.
            (None, false) if self.state.from_command && !self.state.call_names.is_empty() => b"environment".to_vec(),
            (None, _) => self.state.name.clone(),
            (Some(file), false) => file.clone(),
            (Some(file), true) => [&self.state.name, b": ".as_slice(), file].concat(),
        };
        if !self.state.interactive || sourced.is_some() {
            out.extend_from_slice(format!(": line {line}").as_bytes());
        }
        out
    }

    /// A failed expansion or assignment: the line at work is over, and so is a subshell.
    pub fn abort(&mut self, status: u8) {
        self.state.status = status;
        let script = !self.state.from_command && !self.state.interactive;
        self.unwinding = Some(if self.state.subshell || (self.state.options.errexit && script) {
            Unwind::Exit
        } else {
            Unwind::Discard
        });
    }

    /// What ends a script: `${name?}`, `set -u`.
    pub fn abort_script(&mut self, status: u8) {
        self.state.status = status;
        self.unwinding = Some(if self.state.interactive {
            Unwind::Line
        } else {
            Unwind::Exit
        });
    }

    fn advance(&mut self, io: &mut Io<'_>) -> Flow {
        if self.interrupted {
            self.interrupted = false;
            if self.state.interactive {
                io.eprint("\n");
                self.state.status = 130;
                self.unwinding = Some(Unwind::Line);
            }
        }
        if let Some(unwind) = self.unwinding {
            return self.unwind_one(unwind, io);
        }
        if !self.pending_traps.is_empty() && !self.in_trap && !self.in_the_middle() {
            self.push_trap();
        }
        if self.frames.len() > FRAMES_MAX {
            self.error(io, "essaim: too much recursion");
            self.abort(1);
            return Flow::Next;
        }
        let Some(frame) = self.frames.pop() else {
            return Flow::Next;
        };
        self.turn(frame, io)
    }

    /// Whether a trap has to wait: words are being expanded, or a program is in the foreground.
    fn in_the_middle(&self) -> bool {
        !matches!(
            self.frames.last(),
            None | Some(Frame::List { .. } | Frame::Source(_) | Frame::Reader(_) | Frame::Check { .. })
        )
    }

    fn turn(&mut self, frame: Frame, io: &mut Io<'_>) -> Flow {
        match frame {
            Frame::Source(source) => self.turn_source(source, io),
            Frame::Reader(reader) => self.turn_reader(reader, io),
            Frame::List { list, at } => self.turn_list(list, at, io),
            Frame::AndOr { node, at, ignoring } => self.turn_and_or(node, at, ignoring),
            Frame::Negate => {
                self.ignoring = self.ignoring.saturating_sub(1);
                self.state.status = u8::from(self.state.status == 0);
                Flow::Next
            }
            Frame::Timed { since, posix } => {
                let seconds = (io.now() - since).as_secs_f64();
                io.eprint(if posix {
                    format!("real {seconds:.2}\nuser 0.00\nsys 0.00\n")
                } else {
                    format!(
                        "\nreal\t{}m{:.3}s\nuser\t0m0.000s\nsys\t0m0.000s\n",
                        (seconds / 60.0) as u64,
                        seconds % 60.0
                    )
                });
                Flow::Next
            }
            Frame::Check { trapped, single } => self.turn_check(trapped, single),
            Frame::Pipeline(pipeline) => {
                self.begin_pipeline(&pipeline, io);
                Flow::Next
            }
            Frame::If {
                command,
                at,
                in_condition,
            } => self.turn_if(command, at, in_condition),
            Frame::While {
                command,
                in_condition,
                status,
            } => self.turn_while(command, in_condition, status),
            Frame::ForWords { command } => self.turn_for_words(command),
            Frame::For { command, values, at } => self.turn_for(command, values, at, io),
            Frame::CountingFor { command, stage } => self.turn_counting_for(command, stage, io),
            Frame::Case {
                command,
                value,
                arm,
                pattern,
                asked,
                run,
            } => self.turn_case(command, value, arm, pattern, asked, run),
            Frame::Test {
                command,
                at,
                value,
                asked,
            } => self.turn_test(command, at, value, asked, io),
            frame => self.turn_command(frame, io),
        }
    }

    /// The frames of one command: its words, its redirections, its programs.
    fn turn_command(&mut self, frame: Frame, io: &mut Io<'_>) -> Flow {
        match frame {
            Frame::Arithmetic => self.turn_arithmetic(false, io),
            Frame::ArithmeticOnly => self.turn_arithmetic(true, io),
            Frame::Body(command) => self.turn_body(command, io),
            Frame::Program { args } => self.run_program(&args, io),
            Frame::Expand(expand) => self.turn_expand(expand, io),
            Frame::Substitution { pid, fd, output, named } => self.turn_substitution(pid, fd, output, named, io),
            Frame::Redirecting {
                redirects,
                at,
                saved,
                then,
                keep,
                asked,
            } => self.turn_redirecting(redirects, at, saved, then, keep, asked, io),
            Frame::Restore { saved } => self.turn_restore(saved, io),
            Frame::Simple(simple) => self.turn_simple(simple, io),
            Frame::Assign {
                assignments,
                at,
                asked,
                temporary,
            } => self.turn_assign(assignments, at, asked, temporary, io),
            Frame::Waiting {
                pids,
                statuses,
                group,
                text,
            } => self.turn_waiting(pids, statuses, group, text, io),
            Frame::Blocking(blocking) => self.turn_blocking(blocking, io),
            Frame::Command(command) => {
                self.push_command(command);
                Flow::Next
            }
            frame => {
                self.leave_frame(&frame);
                Flow::Next
            }
        }
    }

    /// What must be undone when a frame is left, by its end or by unwinding.
    fn leave_frame(&mut self, frame: &Frame) {
        match frame {
            Frame::AndOr { ignoring: true, .. }
            | Frame::Negate
            | Frame::If { in_condition: true, .. }
            | Frame::While { in_condition: true, .. } => {
                self.ignoring = self.ignoring.saturating_sub(1);
            }
            Frame::Call {
                positional,
                locals,
                line,
            } => {
                self.state.positional = positional.clone();
                self.state.line = *line;
                self.state.call_names.pop();
                for (name, old) in locals.iter().rev() {
                    self.state.variables.restore(name, old.clone());
                }
            }
            Frame::Dot {
                positional: Some(positional),
                ..
            } if !self.state.positional_set => self.state.positional = positional.clone(),
            Frame::Temporary { saved } => {
                for (name, old) in saved.iter().rev() {
                    self.state.variables.restore(name, old.clone());
                }
            }
            Frame::TrapEnd { status } => {
                self.state.status = *status;
                self.in_trap = false;
            }
            _ => {}
        }
    }

    /// Leaves one frame.
    fn unwind_one(&mut self, unwind: Unwind, io: &mut Io<'_>) -> Flow {
        let Some(frame) = self.frames.pop() else {
            self.unwinding = None;
            return Flow::Next;
        };
        match frame {
            Frame::Restore { saved } | Frame::Redirecting { saved, keep: false, .. } => {
                return self.turn_restore(saved, io);
            }
            Frame::Substitution { fd, .. } => {
                io.close(fd);
                self.state.private_fds.remove(&fd);
            }
            Frame::Waiting { group, .. } => {
                if group.is_some() && self.state.interactive {
                    self.take_terminal(io);
                }
            }
            Frame::Source(source) if unwind == Unwind::Discard => {
                self.unwinding = None;
                self.frames.push(Frame::Source(source));
            }
            Frame::Reader(mut reader) if matches!(unwind, Unwind::Line | Unwind::Discard) => {
                self.unwinding = None;
                reader.forget();
                self.frames.push(Frame::Reader(reader));
            }
            frame @ (Frame::While { .. } | Frame::For { .. } | Frame::CountingFor { .. }) => match unwind {
                Unwind::Break(n) => {
                    self.leave_frame(&frame);
                    self.unwinding = (n > 1).then(|| Unwind::Break(n - 1));
                }
                Unwind::Continue(1) => {
                    self.unwinding = None;
                    self.leave_frame(&frame);
                    self.frames.push(compound::continued(frame));
                }
                Unwind::Continue(n) => {
                    self.leave_frame(&frame);
                    self.unwinding = Some(Unwind::Continue(n - 1));
                }
                _ => self.leave_frame(&frame),
            },
            frame @ (Frame::Call { .. } | Frame::Dot { .. }) => {
                self.leave_frame(&frame);
                if unwind == Unwind::Return {
                    self.unwinding = None;
                }
            }
            Frame::TrapEnd { status } => {
                self.in_trap = false;
                if unwind == Unwind::Return {
                    self.state.status = status;
                    self.unwinding = None;
                }
            }
            frame => self.leave_frame(&frame),
        }
        Flow::Next
    }

    /// All frames are gone: the EXIT trap, then the end.
    fn finished(&mut self, io: &mut Io<'_>) -> Option<u8> {
        if !self.exit_trap_done {
            self.exit_trap_done = true;
            if let Some(text) = self.state.traps.get(b"EXIT".as_slice()).filter(|t| !t.is_empty()) {
                let text = text.clone();
                self.frames.push(Frame::TrapEnd {
                    status: self.state.status,
                });
                self.frames.push(Frame::Source(Source::new(text, self.state.line)));
                return None;
            }
        }
        io.flush();
        Some(self.state.status)
    }

    fn push_trap(&mut self) {
        let Some(name) = self.pending_traps.pop_front() else {
            return;
        };
        let Some(text) = self.state.traps.get(name.as_bytes()).cloned() else {
            return;
        };
        self.in_trap = true;
        self.frames.push(Frame::TrapEnd {
            status: self.state.status,
        });
        self.frames.push(Frame::Source(Source::new(text, self.state.line)));
    }

    /// Keeps the process's environment as the exported variables say: programs inherit it, completion reads it.
    pub fn refresh_environment(&mut self, io: &mut Io<'_>) {
        self.write_environment(io);
    }

    fn write_environment(&mut self, io: &mut Io<'_>) {
        if self.state.variables.exports_changed {
            self.state.variables.exports_changed = false;
            *io.env_mut() = self.state.variables.environment();
        }
    }
}

impl Process for Shell {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        self.state.now = io.now();
        self.state.own_pid = io.pid();
        if !self.started {
            self.started = true;
            if let Some(code) = self.start(io) {
                return Progress::Exit(code);
            }
        }
        for turn in 0..FRAMES_PER_STEP {
            if self.frames.is_empty() && !self.pending_traps.is_empty() && !self.in_trap {
                self.unwinding = None;
                self.push_trap();
                continue;
            }
            if self.frames.is_empty() {
                self.unwinding = None;
                match self.finished(io) {
                    Some(code) => return Progress::Exit(code),
                    None => continue,
                }
            }
            let flow = self.advance(io);
            if self.replaced {
                return Progress::Ready;
            }
            self.write_environment(io);
            if self.state.random_used || turn == 0 {
                self.state.random_used = false;
                if self.state.variables.get(b"RANDOM").is_none() {
                    self.state.next_random = io.random("shell.random").below(32_768) as u16;
                }
            }
            match flow {
                Flow::Next => {}
                Flow::Block(wait) => return Progress::Blocked(wait),
                Flow::Yield => return Progress::Ready,
            }
            if io.pending_output_bytes() > 4096 {
                break;
            }
        }
        // A loop of builtins meets the same limit as a loop of programs: what counts is the work.
        io.charge(FRAMES_PER_STEP as u64 / 4);
        Progress::Ready
    }

    fn signal(&mut self, signal: Signal, io: &mut Io<'_>) -> bool {
        let name = signal.name();
        if let Some(command) = self.state.traps.get(name.as_bytes()) {
            if !command.is_empty() {
                self.pending_traps.push_back(name);
            }
            return true;
        }
        match signal {
            Signal::Interrupt if self.state.interactive => {
                self.interrupted = true;
                true
            }
            Signal::Terminate | Signal::Quit if self.state.interactive => true,
            Signal::Pipe => false,
            _ => {
                // A script that is stopped still runs its EXIT trap.
                if self.exit_trap_done || !self.state.traps.contains_key(b"EXIT".as_slice()) {
                    return false;
                }
                let _ = io;
                self.state.status = 128 + signal.number();
                self.unwinding = Some(Unwind::Exit);
                true
            }
        }
    }

    fn digest(&self, into: &mut Digest) {
        self.state.variables.digest(into);
        into.u64(u64::from(self.state.status));
        into.u64(self.frames.len() as u64);
        into.u64(self.state.history.len() as u64);
        into.u64(self.state.functions.len() as u64);
        for (name, function) in self.state.functions.iter() {
            into.bytes(name);
            into.bytes(&function.source);
        }
    }

    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
