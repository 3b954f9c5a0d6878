//! Lists, `&&` and `||`, pipelines, subshells, and waiting for programs.

use super::{Flow, Frame, Shell, Unwind};
use crate::language::state::Job;
use crate::language::syntax::ast::*;
use essaim_kernel::IntoTree;
use essaim_kernel::files::OpenOptions;
use essaim_kernel::{ExitStatus, Io, Pid, Signal, Spawn, Wait};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Shell {
    pub(super) fn turn_list(&mut self, list: Arc<List>, at: usize, io: &mut Io<'_>) -> Flow {
        self.close_processes(io);
        let Some(item) = list.items.get(at) else {
            return Flow::Next;
        };
        let and_or = item.and_or.clone();
        let background = item.background;
        if at + 1 < list.items.len() {
            self.frames.push(Frame::List { list, at: at + 1 });
        }
        if self.state.options.noexec && !self.state.interactive {
            return Flow::Next;
        }
        if background {
            self.start_background(and_or, io);
        } else {
            self.frames.push(Frame::AndOr {
                node: and_or,
                at: 0,
                ignoring: false,
            });
        }
        Flow::Next
    }

    /// `at`: how many pipelines have run.
    pub(super) fn turn_and_or(&mut self, node: Arc<AndOr>, at: usize, ignoring: bool) -> Flow {
        if ignoring {
            self.ignoring = self.ignoring.saturating_sub(1);
        }
        let mut at = at;
        if at > 0 {
            // Skip what the status so far rules out.
            while let Some((and, _)) = node.rest.get(at - 1) {
                if *and == (self.state.status == 0) {
                    break;
                }
                at += 1;
            }
        }
        let pipeline = match at {
            0 => Some(node.first.clone()),
            at => node.rest.get(at - 1).map(|(_, p)| p.clone()),
        };
        let Some(pipeline) = pipeline else {
            return Flow::Next;
        };
        if at < node.rest.len() {
            self.ignoring += 1;
            self.frames.push(Frame::AndOr {
                node,
                at: at + 1,
                ignoring: true,
            });
        }
        self.frames.push(Frame::Pipeline(pipeline));
        Flow::Next
    }

    pub(super) fn begin_pipeline(&mut self, pipeline: &Pipeline, io: &mut Io<'_>) {
        self.state.command_text = pipeline.source.clone();
        if pipeline.timed != Timed::No {
            self.frames.push(Frame::Timed {
                since: io.now(),
                posix: pipeline.timed == Timed::Posix,
            });
        }
        if pipeline.negate {
            self.ignoring += 1;
            self.frames.push(Frame::Negate);
        }
        match pipeline.commands.as_slice() {
            [] => self.state.status = 0,
            [command] => {
                if !pipeline.negate && is_checked(command) {
                    self.frames.push(Frame::Check {
                        trapped: false,
                        single: true,
                    });
                }
                self.frames.push(Frame::Command(command.clone()));
            }
            commands => {
                if !pipeline.negate {
                    self.frames.push(Frame::Check {
                        trapped: false,
                        single: false,
                    });
                }
                self.start_pipeline(commands, &pipeline.stderr_too, &pipeline.source, io);
            }
        }
    }

    /// Starts every command of a pipeline in a process of its own, and waits for them.
    fn start_pipeline(&mut self, commands: &[Arc<Command>], stderr_too: &[bool], text: &[u8], io: &mut Io<'_>) {
        io.flush();
        let mut pids: Vec<Pid> = Vec::new();
        let mut input: Option<u32> = None;
        // The commands of a pipeline are no subshells of their own in `$BASH_SUBSHELL`.
        let depth = self.state.subshell_depth;
        self.state.subshell_depth = depth.wrapping_sub(1);
        for (at, command) in commands.iter().enumerate() {
            let pipe = (at + 1 < commands.len()).then(|| io.pipe());
            let mut fds: Vec<(u32, u32)> = Vec::new();
            fds.extend(input.map(|fd| (0, fd)));
            if let Some((_, write)) = pipe {
                fds.push((1, write));
                if stderr_too.get(at) == Some(&true) {
                    fds.push((2, write));
                }
            }
            let mut private: Vec<u32> = input.into_iter().collect();
            private.extend(pipe.iter().flat_map(|(read, write)| [*read, *write]));
            let group = self.state.interactive.then(|| pids.first().copied().unwrap_or(0));
            let pid = self.fork(io, vec![Frame::Command(command.clone())], &fds, &private, group);
            if let Some(fd) = input.take() {
                io.close(fd);
            }
            if let Some((read, write)) = pipe {
                io.close(write);
                input = Some(read);
            }
            match pid {
                Some(pid) => pids.push(pid),
                None => break,
            }
        }
        if let Some(fd) = input {
            io.close(fd);
        }
        self.state.subshell_depth = depth;
        self.wait_for(pids, text, io);
    }

    /// Waits for programs in the foreground.
    pub(super) fn wait_for(&mut self, pids: Vec<Pid>, text: &[u8], io: &mut Io<'_>) {
        let Some(first) = pids.first().copied() else { return };
        let group = self.state.interactive.then_some(first);
        if let Some(group) = group {
            io.set_foreground(group);
        }
        let statuses = vec![None; pids.len()];
        self.frames.push(Frame::Waiting {
            pids,
            statuses,
            group,
            text: text.to_vec(),
        });
    }

    pub(super) fn take_terminal(&mut self, io: &mut Io<'_>) {
        let pid = io.pid();
        if let Some(group) = io.group_of(pid) {
            io.set_foreground(group);
        }
    }

    pub(super) fn turn_waiting(
        &mut self,
        pids: Vec<Pid>,
        mut statuses: Vec<Option<ExitStatus>>,
        group: Option<Pid>,
        text: Vec<u8>,
        io: &mut Io<'_>,
    ) -> Flow {
        for (pid, status) in pids.iter().zip(&mut statuses) {
            if status.is_none() {
                *status = io.reap(*pid);
                if status.is_none() && !io.is_child(*pid) {
                    *status = Some(ExitStatus::Code(127));
                }
            }
        }
        let Some(ended) = statuses.iter().copied().collect::<Option<Vec<ExitStatus>>>() else {
            self.frames.push(Frame::Waiting {
                pids,
                statuses,
                group,
                text,
            });
            return Flow::Block(Wait::Child);
        };
        if group.is_some() {
            self.take_terminal(io);
        }
        let codes: Vec<u8> = ended.iter().map(|s| s.code()).collect();
        let last = codes.last().copied().unwrap_or(0);
        self.state.status = if self.state.options.pipefail {
            codes.iter().rev().copied().find(|c| *c != 0).unwrap_or(0)
        } else {
            last
        };
        self.state.pipe_status = codes;
        self.report_signal(&ended, &text, &pids, io);
        Flow::Next
    }

    fn report_signal(&mut self, ended: &[ExitStatus], text: &[u8], pids: &[Pid], io: &mut Io<'_>) {
        let signal = ended.iter().rev().find_map(|s| match s {
            ExitStatus::Signal(signal) if *signal != Signal::Pipe => Some(*signal),
            _ => None,
        });
        let last = match ended.last() {
            Some(ExitStatus::Signal(signal)) => Some(*signal),
            _ => None,
        };
        match (signal, last) {
            (Some(Signal::Interrupt), _) if self.state.interactive => {
                io.eprint("\n");
                self.state.status = 130;
                self.unwinding = Some(Unwind::Line);
            }
            (_, Some(signal)) if !matches!(signal, Signal::Interrupt | Signal::Pipe) => {
                let words = signal_words(signal);
                if self.state.interactive {
                    io.eprint(format!("{words}\n"));
                } else {
                    let pid = pids.last().copied().unwrap_or(0);
                    let mut message = format!("{pid} {words:<24}").into_bytes();
                    message.extend_from_slice(text);
                    self.error(io, message);
                }
            }
            _ => {}
        }
    }

    /// A copy of this shell in a process of its own, with `frames` to run.
    pub(super) fn fork(
        &mut self,
        io: &mut Io<'_>,
        frames: Vec<Frame>,
        fds: &[(u32, u32)],
        not_inherited: &[u32],
        group: Option<Pid>,
    ) -> Option<Pid> {
        let mut child = Self {
            state: self.state.clone(),
            frames,
            results: Vec::new(),
            unwinding: None,
            pending_traps: std::collections::VecDeque::new(),
            interrupted: false,
            ignoring: self.ignoring,
            in_trap: false,
            exit_trap_done: false,
            substitution_status: None,
            started: true,
            replaced: false,
            process_fds: Vec::new(),
            args: Vec::new(),
        };
        child.state.interactive = false;
        child.state.subshell = true;
        child.state.subshell_depth = self.state.subshell_depth.wrapping_add(1);
        child.state.jobs.clear();
        child.state.private_fds.clear();
        let keeps_errors = self.state.options.errtrace;
        let ignored =
            |(name, command): &(&Vec<u8>, &Vec<u8>)| command.is_empty() || (keeps_errors && name.as_slice() == b"ERR");
        let traps = self.state.traps.iter().filter(ignored);
        child.state.traps = Arc::new(traps.map(|(n, c)| (n.clone(), c.clone())).collect());
        let map = self.inherited(io, fds, not_inherited);
        let spawn = Spawn {
            args: vec![self.state.name.clone()],
            fds: Some(map),
            group,
            ..Spawn::default()
        };
        match io.fork(Box::new(child), spawn) {
            Ok(pid) => Some(pid),
            Err(_) => {
                self.error(io, "fork: retry: Resource temporarily unavailable");
                self.abort(254);
                None
            }
        }
    }

    /// Descriptors for a child: all but the shell's own, with these changes.
    pub(super) fn inherited(&self, io: &Io<'_>, changes: &[(u32, u32)], not: &[u32]) -> Vec<(u32, u32)> {
        let open = io.fds().into_iter();
        let own = open.filter(|fd| !self.state.private_fds.contains(fd) && !not.contains(fd));
        let mut map: BTreeMap<u32, u32> = own.map(|fd| (fd, fd)).into_tree();
        map.extend(changes.iter().copied());
        map.into_iter().collect()
    }

    fn start_background(&mut self, and_or: Arc<AndOr>, io: &mut Io<'_>) {
        self.collect_jobs(io);
        io.flush();
        let text = and_or.source.clone();
        let frame = Frame::AndOr {
            node: and_or,
            at: 0,
            ignoring: false,
        };
        let mut fds = Vec::new();
        let mut private = Vec::new();
        // Without job control a background command reads nothing.
        let options = OpenOptions {
            read: true,
            ..OpenOptions::default()
        };
        if !self.state.interactive
            && let Ok(null) = io.open(b"/dev/null", options, false, 10)
        {
            fds.push((0, null));
            private.push(null);
        }
        let group = self.state.interactive.then_some(0);
        let pid = self.fork(io, vec![frame], &fds, &private, group);
        for fd in private {
            io.close(fd);
        }
        let Some(pid) = pid else { return };
        self.state.last_background = Some(pid);
        let number = self.state.next_job_number();
        self.state.jobs.push(Job {
            number,
            group: if group.is_some() { pid } else { 0 },
            pids: vec![pid],
            statuses: vec![None],
            text,
        });
        if self.state.interactive {
            io.eprint(format!("[{number}] {pid}\n"));
        }
        self.state.status = 0;
    }

    /// Takes the status of jobs that have ended.
    pub fn collect_jobs(&mut self, io: &mut Io<'_>) {
        for job in &mut self.state.jobs {
            for (pid, status) in job.pids.iter().zip(&mut job.statuses) {
                if status.is_none() {
                    *status = io.reap(*pid);
                }
            }
        }
    }

    /// `set -e` and the ERR trap.
    pub(super) fn turn_check(&mut self, trapped: bool, single: bool) -> Flow {
        if single {
            self.state.pipe_status = vec![self.state.status];
        }
        if self.state.status == 0 || self.ignoring > 0 {
            return Flow::Next;
        }
        if let Some(text) = self.state.traps.get(b"ERR".as_slice()).filter(|t| !t.is_empty())
            && !self.in_trap
            && !trapped
            && (self.state.call_names.is_empty() || self.state.options.errtrace)
        {
            let text = text.clone();
            let status = self.state.status;
            self.in_trap = true;
            if self.state.options.errexit {
                self.frames.push(Frame::Check {
                    trapped: true,
                    single: false,
                });
            }
            self.frames.push(Frame::TrapEnd { status });
            self.frames
                .push(Frame::Source(super::Source::new(text, self.state.line)));
            return Flow::Next;
        }
        if self.state.options.errexit {
            self.unwinding = Some(Unwind::Exit);
        }
        Flow::Next
    }
}

/// Commands whose own failure counts for `set -e` (in the others, a command inside has counted already).
fn is_checked(command: &Command) -> bool {
    matches!(
        command.kind,
        Kind::Simple(_) | Kind::Subshell(_) | Kind::Test(_) | Kind::Arithmetic(_)
    )
}

/// What bash prints of a program that a signal ended.
pub fn signal_words(signal: Signal) -> &'static str {
    match signal {
        Signal::Hangup => "Hangup",
        Signal::Interrupt => "Interrupt",
        Signal::Quit => "Quit",
        Signal::User1 => "User defined signal 1",
        Signal::User2 => "User defined signal 2",
        Signal::Alarm => "Alarm clock",
        Signal::Kill => "Killed",
        Signal::Pipe => "Broken pipe",
        Signal::Terminate => "Terminated",
    }
}
