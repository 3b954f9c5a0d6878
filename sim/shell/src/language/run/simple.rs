//! Simple commands: words, redirections, assignments, then a function, a builtin or a program.

use super::{CALLS_MAX, ExpandItem, Flow, Frame, Shell};
use crate::language::builtins::{self, After};
use crate::language::expand::Mode;
use crate::language::quote::quote_if_needed;
use crate::language::syntax::ast::*;
use essaim_kernel::machine::SpawnError;
use essaim_kernel::{Io, Spawn};
use std::sync::Arc;

/// How far a simple command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Words,
    Redirects,
    Assignments,
    Run,
}

/// A simple command under way.
#[derive(Clone, Debug)]
pub struct SimpleFrame {
    node: Arc<Simple>,
    command: Arc<Command>,
    stage: Stage,
    asked: bool,
    args: Vec<Vec<u8>>,
}

impl SimpleFrame {
    pub fn new(node: Arc<Simple>, command: Arc<Command>) -> Self {
        Self {
            node,
            command,
            stage: Stage::Words,
            asked: false,
            args: Vec::new(),
        }
    }
}

impl Shell {
    pub(super) fn turn_simple(&mut self, mut frame: Box<SimpleFrame>, io: &mut Io<'_>) -> Flow {
        match frame.stage {
            Stage::Words if !frame.asked => {
                self.substitution_status = None;
                self.state.line = frame.command.line;
                frame.asked = true;
                let items = argument_items(&frame.node);
                self.frames.push(Frame::Simple(frame));
                if items.is_empty() {
                    self.results = Vec::new();
                } else {
                    self.frames.push(Frame::expand(items));
                }
            }
            Stage::Words => {
                frame.args = std::mem::take(&mut self.results);
                if self.state.options.xtrace && !frame.args.is_empty() {
                    self.trace(&frame.args, io);
                }
                frame.stage = Stage::Redirects;
                self.frames.push(Frame::Simple(frame));
            }
            Stage::Redirects => {
                frame.stage = Stage::Assignments;
                let redirects = frame.command.redirects.clone();
                if redirects.is_empty() {
                    self.frames.push(Frame::Simple(frame));
                    return Flow::Next;
                }
                if self.is_file_read(&frame) {
                    frame.args = vec![b"cat".to_vec()];
                }
                let keep = frame.args.len() == 1 && frame.args[0] == b"exec";
                self.frames.push(Frame::Redirecting {
                    redirects,
                    at: 0,
                    saved: Vec::new(),
                    then: Box::new(Frame::Simple(frame)),
                    keep,
                    asked: false,
                });
            }
            Stage::Assignments => {
                frame.stage = Stage::Run;
                let assignments = frame.node.assignments.clone();
                if assignments.is_empty() {
                    self.frames.push(Frame::Simple(frame));
                    return Flow::Next;
                }
                let temporary = !frame.args.is_empty();
                if temporary {
                    let names = assignments.iter().map(|a| a.name.clone());
                    let saved = names
                        .map(|name| {
                            let old = self.state.variables.get(&name).cloned();
                            (name, old)
                        })
                        .collect();
                    self.frames.push(Frame::Temporary { saved });
                }
                self.frames.push(Frame::Simple(frame));
                self.frames.push(Frame::Assign {
                    assignments,
                    at: 0,
                    asked: false,
                    temporary,
                });
            }
            Stage::Run => return self.run_simple(&frame, io),
        }
        Flow::Next
    }

    /// `$(< file)`
    fn is_file_read(&self, frame: &SimpleFrame) -> bool {
        self.state.subshell
            && frame.args.is_empty()
            && frame.node.assignments.is_empty()
            && matches!(&*frame.command.redirects, [r] if r.kind == RedirectKind::Read && r.fd.is_none())
    }

    fn trace(&self, args: &[Vec<u8>], io: &mut Io<'_>) {
        let quoted: Vec<Vec<u8>> = args.iter().map(|a| quote_if_needed(a)).collect();
        self.trace_line(&quoted.join(b" ".as_slice()), io);
    }

    /// A line of `set -x`.
    pub(super) fn trace_line(&self, text: &[u8], io: &mut Io<'_>) {
        let prefix = self.state.variables.scalar(b"PS4").unwrap_or(b"+ ");
        let line = [prefix, text, b"\n"].concat();
        io.eprint(line);
    }

    fn run_simple(&mut self, frame: &SimpleFrame, io: &mut Io<'_>) -> Flow {
        let args = &frame.args;
        let Some(name) = args.first() else {
            self.state.status = self.substitution_status.take().unwrap_or(0);
            return Flow::Next;
        };
        self.state.last_argument = args.last().cloned().unwrap_or_default();
        if let Some(function) = self.state.function(name) {
            return self.call_function(&function.body.clone(), args, io);
        }
        if let Some(builtin) = builtins::find(name) {
            return self.run_builtin(builtin, args, &frame.node, io);
        }
        if builtins::MISSING
            .iter()
            .any(|missing| missing.as_bytes() == name.as_slice())
        {
            self.error(
                io,
                [name, b": exists in real bash, not simulated here".as_slice()].concat(),
            );
            self.state.status = 2;
            return Flow::Next;
        }
        self.run_program(args, io)
    }

    fn call_function(&mut self, body: &Arc<Command>, args: &[Vec<u8>], io: &mut Io<'_>) -> Flow {
        if self.state.call_names.len() >= CALLS_MAX {
            let mut message = args[0].clone();
            message.extend_from_slice(format!(": maximum function nesting level exceeded ({CALLS_MAX})").as_bytes());
            self.error(io, message);
            self.abort(1);
            return Flow::Next;
        }
        let positional = std::mem::replace(&mut self.state.positional, Arc::new(args[1..].to_vec()));
        self.state.call_names.push(args[0].clone());
        self.frames.push(Frame::Call {
            positional,
            locals: Vec::new(),
            line: self.state.line,
        });
        self.frames.push(Frame::Command(body.clone()));
        Flow::Next
    }

    fn run_builtin(&mut self, builtin: builtins::Builtin, args: &[Vec<u8>], node: &Simple, io: &mut Io<'_>) -> Flow {
        // `local a=(1 2)`: declared by the builtin, then assigned.
        let arrays: Vec<Assignment> = node
            .args
            .iter()
            .filter_map(|arg| match arg {
                Argument::Assignment(
                    a @ Assignment {
                        value: Assigned::Array(_),
                        ..
                    },
                ) => Some(a.clone()),
                _ => None,
            })
            .collect();
        let at = self.frames.len();
        let mut flow = Flow::Next;
        match builtin(self, io, args) {
            After::Status(status) => self.state.status = status,
            After::Yield(status) => {
                self.state.status = status;
                flow = Flow::Yield;
            }
            After::Unwind(unwind) => self.unwinding = Some(unwind),
            After::Blocking(blocking) => self.frames.push(Frame::Blocking(blocking)),
            After::Pushed => {}
        }
        if !arrays.is_empty() {
            self.frames.insert(
                at.min(self.frames.len()),
                Frame::Assign {
                    assignments: arrays,
                    at: 0,
                    asked: false,
                    temporary: false,
                },
            );
        }
        flow
    }

    /// Starts a program in the foreground.
    pub fn run_program(&mut self, args: &[Vec<u8>], io: &mut Io<'_>) -> Flow {
        let args = &self.with_path(args, io);
        self.write_environment(io);
        io.flush();
        if io.pending_output_bytes() > 0 {
            // What was printed before must arrive before what the program prints.
            self.frames.push(Frame::Program { args: args.clone() });
            return Flow::Yield;
        }
        if self.nothing_follows() && self.program_exists(args, io) {
            for fd in std::mem::take(&mut self.state.private_fds) {
                io.close(fd);
            }
            match io.exec(args.clone()) {
                Ok(()) => {
                    self.replaced = true;
                    return Flow::Yield;
                }
                Err(error) => {
                    self.state.status = self.spawn_failed(&args[0], error, io);
                    return Flow::Next;
                }
            }
        }
        let spawn = Spawn {
            args: args.clone(),
            fds: Some(self.inherited(io, &[], &[])),
            group: self.state.interactive.then_some(0),
            ..Spawn::default()
        };
        match io.spawn(spawn) {
            Ok(pid) => {
                *self.state.hashed.entry(args[0].clone()).or_default() += 1;
                let text = self.state.command_text.clone();
                self.wait_for(vec![pid], &text, io);
            }
            Err(error) => self.state.status = self.spawn_failed(&args[0], error, io),
        }
        Flow::Next
    }

    /// A script in one of `$PATH`'s folders goes by its whole path.
    pub fn with_path(&self, args: &[Vec<u8>], io: &Io<'_>) -> Vec<Vec<u8>> {
        let mut args = args.to_vec();
        if let Some(name) = args.first_mut()
            && !name.contains(&b'/')
            && io.find_program(name).is_none()
            && let Some(found) = self.search_path(name, io)
            && io.files_ref().metadata(&found).is_ok_and(|m| m.is_executable())
        {
            *name = found;
        }
        args
    }

    fn program_exists(&self, args: &[Vec<u8>], io: &Io<'_>) -> bool {
        args.first().is_some_and(|name| io.find_program(name).is_some())
    }

    /// The line of each call at work, outermost first.
    pub fn call_lines(&self) -> Vec<u32> {
        let line = |frame: &Frame| match frame {
            Frame::Call { line, .. } => Some(*line),
            _ => None,
        };
        self.frames.iter().filter_map(line).collect()
    }

    /// In a subshell with nothing left to do, a program takes the place of the shell.
    pub(super) fn nothing_follows(&self) -> bool {
        let last = |frame: &Frame| match frame {
            Frame::Restore { .. } | Frame::Temporary { .. } => true,
            Frame::Check { .. } => !self.state.traps.contains_key(b"ERR".as_slice()),
            _ => false,
        };
        self.state.subshell
            && self.frames.iter().all(last)
            && self.pending_traps.is_empty()
            && !self.state.traps.contains_key(b"EXIT".as_slice())
            && self.state.jobs.is_empty()
    }

    /// bash's message and status for a program that could not be started.
    pub fn spawn_failed(&mut self, name: &[u8], error: SpawnError, io: &mut Io<'_>) -> u8 {
        let path = io.path(name);
        let (what, status): (&str, u8) = match error {
            SpawnError::NotFound if name.contains(&b'/') => ("No such file or directory", 127),
            SpawnError::NotFound => ("command not found", 127),
            SpawnError::NotExecutable if io.files_ref().is_dir(&path) => ("Is a directory", 126),
            SpawnError::NotExecutable => ("Permission denied", 126),
            SpawnError::BadInterpreter => ("cannot execute: required file not found", 127),
            SpawnError::TooManyProcesses => ("fork: retry: Resource temporarily unavailable", 254),
        };
        self.error(io, [name, b": ", what.as_bytes()].concat());
        status
    }
}

fn argument_items(node: &Simple) -> Vec<ExpandItem> {
    let item = |argument: &Argument| match argument {
        Argument::Word(word) => ExpandItem::new(word, Mode::Fields),
        Argument::Assignment(assignment) => {
            let mut prefix = assignment.name.clone();
            let word = match &assignment.value {
                Assigned::Scalar(word) => {
                    prefix.extend_from_slice(if assignment.append { b"+=" } else { b"=" });
                    word.clone()
                }
                Assigned::Array(_) => Word::empty(),
            };
            ExpandItem {
                word,
                mode: Mode::Single,
                prefix,
            }
        }
    };
    node.args.iter().map(item).collect()
}
