//! The machine: processes, pipes and terminals over one clock and one set of files.

mod descriptors;
mod schedule;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use self::state::{Core, Description, Target};
use crate::digest::Digest;
use crate::engine::Glance;
use crate::files::Files;
use crate::io::Io;
use crate::limits::Limits;
use crate::process::{Environment, ExitStatus, Pid, Program, Progress, Signal, Spawn};
use crate::terminal::{Terminal, TerminalId, TerminalState};
use crate::time::Time;
use crate::value::EventLog;
use std::sync::Arc;

/// Why a program could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpawnError {
    /// No program of that name (a shell says "command not found", 127).
    NotFound,
    /// The file is there but may not be executed, or is a directory (126).
    NotExecutable,
    /// A script's `#!` line names an interpreter that is not there (126).
    BadInterpreter,
    /// `processes_max` was reached.
    TooManyProcesses,
}

/// What the machine is doing after [`Machine::run`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// There is more to do: call again.
    Running,
    /// Everything waits: for typing, for an editor, for host input, or for virtual time that nobody lets pass.
    Idle,
    /// A command met this limit and was stopped.
    LimitReached(&'static str),
}

/// A host process's standard streams (the native program, tests): bytes instead of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostProcess {
    /// Its number.
    pub pid: Pid,
}

/// One simulated machine. Cloning it takes a snapshot.
#[derive(Clone)]
pub struct Machine {
    core: Core,
}

impl Machine {
    /// A machine with empty files, at `start`, whose chance derives from `seed`.
    pub fn new(seed: u64, start: Time, limits: Limits) -> Self {
        Self {
            core: Core::new(seed, start, limits),
        }
    }

    /// Adds programs; a later one replaces an earlier one of the same name.
    pub fn add_programs(&mut self, programs: &[Program]) {
        let all = Arc::make_mut(&mut self.core.programs);
        for program in programs {
            all.insert(program.name, *program);
        }
    }

    /// The programs, by name.
    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        self.core.programs.values()
    }

    /// The files.
    pub fn files(&self) -> &Files {
        &self.core.files
    }

    /// The files, to change from outside (start files, a file brought in).
    pub fn files_mut(&mut self) -> &mut Files {
        &mut self.core.files
    }

    /// The virtual time.
    pub fn now(&self) -> Time {
        self.core.now
    }

    /// Lets virtual time pass: what is due happens on the next [`Machine::run`].
    pub fn advance_to(&mut self, now: Time) {
        if now > self.core.now {
            self.core.now = now;
            self.core.files.set_now(now);
        }
    }

    /// The next instant a process waits for: time that passes should stop there on its way.
    pub fn next_alarm(&self) -> Option<Time> {
        self.core.next_alarm()
    }

    /// What happened so far.
    pub fn events(&self) -> &EventLog {
        &self.core.events
    }

    /// The machine's limits.
    pub fn limits(&self) -> Limits {
        self.core.limits
    }

    /// A read-only look from a folder.
    pub fn glance<'a>(&'a self, cwd: &'a [u8], env: &'a Environment) -> Glance<'a> {
        Glance {
            files: &self.core.files,
            now: self.core.now,
            events: &self.core.events,
            cwd,
            env,
        }
    }

    // ---- terminals ----

    /// Opens a terminal and starts a program (the shell) in it.
    pub fn open_terminal(
        &mut self,
        (columns, rows): (u16, u16),
        args: Vec<Vec<u8>>,
        env: Environment,
        cwd: Vec<u8>,
    ) -> Result<TerminalId, SpawnError> {
        let id = self.core.terminals.len();
        self.core
            .terminals
            .push(Terminal::new(columns, rows, self.core.limits.scrollback_lines_max));
        let spawn = Spawn {
            args,
            env: Some(env),
            cwd: Some(cwd),
            group: Some(0),
            terminal: Some(id),
            fds: None,
        };
        match self.core.spawn_program(None, spawn) {
            Ok(pid) => {
                let fd = self.core.describe(Description {
                    target: Target::Terminal(id),
                    offset: 0,
                    append: false,
                    references: 3,
                });
                self.core.proc_mut(pid).fds.extend([(0, fd), (1, fd), (2, fd)]);
                let terminal = &mut self.core.terminals[id];
                terminal.foreground = pid;
                terminal.shell = Some(pid);
                Ok(id)
            }
            Err(error) => {
                self.core.terminals.pop();
                Err(error)
            }
        }
    }

    /// The terminals, in the order they were opened.
    pub fn terminals(&self) -> &[Terminal] {
        &self.core.terminals
    }

    /// What a terminal is doing.
    pub fn terminal_state(&self, id: TerminalId) -> TerminalState {
        let Some(terminal) = self.core.terminals.get(id) else {
            return TerminalState::Closed { status: 0 };
        };
        terminal.state(self.core.someone_reads(id))
    }

    /// The current directory and environment of a terminal's shell.
    pub fn shell_context(&self, id: TerminalId) -> Option<(&[u8], &Environment)> {
        let shell = self.core.terminals.get(id)?.shell?;
        let proc = self.core.procs.get(&shell)?;
        Some((&proc.cwd, &proc.env))
    }

    /// Sets the size of a terminal.
    pub fn resize_terminal(&mut self, id: TerminalId, columns: u16, rows: u16) {
        if let Some(terminal) = self.core.terminals.get_mut(id) {
            terminal.columns = columns;
            terminal.rows = rows;
        }
    }

    /// Types text (with its newline) into a terminal: it is echoed and can be read.
    pub fn type_text(&mut self, id: TerminalId, text: &[u8]) {
        if let Some(terminal) = self.core.terminals.get_mut(id) {
            terminal.print(text);
            terminal.input.extend(text);
        }
    }

    /// Prints on a terminal from outside (a notice of the lab).
    pub fn print_notice(&mut self, id: TerminalId, text: &[u8]) {
        if let Some(terminal) = self.core.terminals.get_mut(id) {
            terminal.print(text);
        }
    }

    /// Ctrl-D on an empty line.
    pub fn end_of_file(&mut self, id: TerminalId) {
        if let Some(terminal) = self.core.terminals.get_mut(id) {
            terminal.end_of_input = true;
        }
    }

    /// Ctrl-C: the foreground group gets SIGINT, what was typed ahead is dropped.
    pub fn interrupt(&mut self, id: TerminalId) {
        let Some(terminal) = self.core.terminals.get_mut(id) else {
            return;
        };
        terminal.print(b"^C");
        terminal.input.clear();
        let group = terminal.foreground;
        for pid in self.core.group_members(group) {
            self.core.post_signal(pid, Signal::Interrupt);
        }
    }

    /// Closes the editor a program asked for. `saved` is false when the learner gave up.
    pub fn finish_editor(&mut self, id: TerminalId, saved: bool) -> bool {
        let Some(terminal) = self.core.terminals.get_mut(id) else {
            return false;
        };
        let Some((pid, _)) = terminal.editor.take() else {
            return false;
        };
        self.core.editor_results.insert(pid, saved);
        true
    }

    // ---- host processes (native program, tests, lesson scripts) ----

    /// Starts a program whose standard streams are bytes: see [`Machine::feed`] and [`Machine::take_output`].
    pub fn spawn_host(
        &mut self,
        args: Vec<Vec<u8>>,
        env: Environment,
        cwd: Vec<u8>,
    ) -> Result<HostProcess, SpawnError> {
        let spawn = Spawn {
            args,
            env: Some(env),
            cwd: Some(cwd),
            group: Some(0),
            terminal: None,
            fds: None,
        };
        let pid = self.core.spawn_program(None, spawn)?;
        for fd in 0..3 {
            let target = if fd == 0 {
                Target::HostInput(pid)
            } else {
                Target::HostOutput(pid, fd)
            };
            let id = self.core.describe(Description {
                target,
                offset: 0,
                append: false,
                references: 1,
            });
            self.core.proc_mut(pid).fds.insert(fd, id);
        }
        self.core.host_input.insert(pid, (Vec::new(), false));
        Ok(HostProcess { pid })
    }

    /// Gives a host process input; `end` closes it.
    pub fn feed(&mut self, process: HostProcess, bytes: &[u8], end: bool) {
        if let Some((buffer, closed)) = self.core.host_input.get_mut(&process.pid) {
            buffer.extend_from_slice(bytes);
            *closed |= end;
        }
    }

    /// Whether somebody waits for input that [`Machine::feed`] could give.
    pub fn wants_input(&self, process: HostProcess) -> bool {
        self.core.host_reader_waits(process.pid)
    }

    /// Takes what was printed since the last call, as (descriptor, bytes) in the order it was printed.
    pub fn take_output(&mut self, process: HostProcess) -> Vec<(u32, Vec<u8>)> {
        self.core.host_output.remove(&process.pid).unwrap_or_default()
    }

    /// The status of a host process that has ended.
    pub fn host_status(&self, process: HostProcess) -> Option<ExitStatus> {
        self.core.ended.get(&process.pid).copied()
    }

    // ---- running ----

    /// A new command begins: the limits that count per command start again.
    pub fn begin_command(&mut self) {
        self.core.steps_taken = 0;
        self.core.output_printed = 0;
        self.core.command_started = self.core.now;
    }

    /// Steps taken since [`Machine::begin_command`].
    pub fn steps_taken(&self) -> u64 {
        self.core.steps_taken
    }

    /// Runs at most `steps_max` steps.
    pub fn run(&mut self, steps_max: u64) -> Activity {
        for _ in 0..steps_max {
            if let Some(limit) = self.core.limit_reached() {
                self.core.stop_commands(limit);
                return Activity::LimitReached(limit);
            }
            let Some(pid) = self.core.next_runnable() else {
                if self.core.let_time_pass() {
                    continue;
                }
                return Activity::Idle;
            };
            self.step(pid);
        }
        Activity::Running
    }

    fn step(&mut self, pid: Pid) {
        let core = &mut self.core;
        core.steps_taken += 1;
        core.last_stepped = pid;
        let Some(mut program) = core.proc_mut(pid).program.take() else {
            return;
        };
        while let Some(signal) = core.proc_mut(pid).signals.pop_front() {
            let handled = signal != Signal::Kill && program.signal(signal, &mut Io { core, pid });
            if !handled {
                core.flush(pid);
                core.end(pid, ExitStatus::Signal(signal));
                return;
            }
        }
        let progress = program.step(&mut Io { core, pid });
        let next = core.proc_mut(pid).replacement.take();
        core.proc_mut(pid).program = Some(next.unwrap_or(program));
        match progress {
            Progress::Exit(code) => core.proc_mut(pid).exiting = Some(code),
            Progress::Ready => core.proc_mut(pid).wait = None,
            Progress::Blocked(wait) => core.proc_mut(pid).wait = Some(wait),
        }
        core.flush(pid);
        core.finish_if_drained(pid);
    }

    /// A digest of everything a learner could tell apart.
    pub fn digest(&self) -> u128 {
        let mut digest = Digest::new();
        self.core.digest(&mut digest);
        digest.finish()
    }
}
