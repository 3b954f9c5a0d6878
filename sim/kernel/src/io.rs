//! What a process may touch during a step.

use crate::engine::Glance;
use crate::files::{Errno, Files, OpenOptions, path};
use crate::limits::Limits;
use crate::machine::{Core, Description, SpawnError, Target};
use crate::process::{Environment, ExitStatus, Pid, Process, Program, Signal, Spawn};
use crate::random::Stream;
use crate::terminal::{Terminal, TerminalId};
use crate::time::Time;
use crate::value::{Event, Value};
use std::collections::BTreeMap;

/// The answer to a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// Some bytes, at least one.
    Data(Vec<u8>),
    /// Nothing yet: return `Blocked(Wait::Readable(fd))`.
    Wait,
    /// Nothing will come any more.
    End,
    /// The descriptor cannot be read.
    Failed(Errno),
}

/// One process's door to the machine.
pub struct Io<'a> {
    pub(crate) core: &'a mut Core,
    pub(crate) pid: Pid,
}

impl Io<'_> {
    // ---- itself ----

    /// Its process number (`$$` for a shell).
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// The number of its parent.
    pub fn parent_pid(&self) -> Pid {
        self.core.proc(self.pid).parent
    }

    /// Its environment.
    pub fn env(&self) -> &Environment {
        &self.core.proc(self.pid).env
    }

    /// Its environment, to change.
    pub fn env_mut(&mut self) -> &mut Environment {
        &mut self.core.proc_mut(self.pid).env
    }

    /// One variable, `None` when it is not set.
    pub fn var(&self, name: &str) -> Option<&[u8]> {
        self.env().get(name.as_bytes()).map(Vec::as_slice)
    }

    /// Its current directory: absolute, without links when it was set by [`Io::set_cwd`] from such a path.
    pub fn cwd(&self) -> &[u8] {
        &self.core.proc(self.pid).cwd
    }

    /// Changes the current directory. The path must be absolute and lead to a directory.
    pub fn set_cwd(&mut self, path: Vec<u8>) -> Result<(), Errno> {
        if !self.core.files.metadata(&path)?.is_dir() {
            return Err(Errno::NotDirectory);
        }
        self.core.proc_mut(self.pid).cwd = path;
        Ok(())
    }

    /// A path as seen from the current directory, absolute, nothing resolved.
    pub fn path(&self, path: &[u8]) -> Vec<u8> {
        path::join(self.cwd(), path)
    }

    /// The file-mode creation mask.
    pub fn umask(&self) -> u32 {
        self.core.proc(self.pid).umask
    }

    /// Sets the file-mode creation mask.
    pub fn set_umask(&mut self, umask: u32) {
        self.core.proc_mut(self.pid).umask = umask & 0o777;
    }

    // ---- the machine ----

    /// The files. Paths must be absolute: see [`Io::path`].
    pub fn files(&mut self) -> &mut Files {
        &mut self.core.files
    }

    /// The files, to read.
    pub fn files_ref(&self) -> &Files {
        &self.core.files
    }

    /// The virtual time.
    pub fn now(&self) -> Time {
        self.core.now
    }

    /// A seeded stream of random numbers of that name.
    pub fn random(&mut self, name: &str) -> &mut Stream {
        self.core.streams.named(name)
    }

    /// The machine's limits.
    pub fn limits(&self) -> Limits {
        self.core.limits
    }

    /// Records that something happened: `("git.commit_created", …)`.
    pub fn record(&mut self, name: &'static str, fields: BTreeMap<&'static str, Value>) {
        let event = Event {
            at: self.core.now,
            name,
            fields,
        };
        let events_max = self.core.limits.events_max;
        self.core.events.push(event, events_max);
    }

    /// Declares work beyond one step, counted against `command_steps_max` (long loops inside one step).
    pub fn charge(&mut self, steps: u64) {
        self.core.steps_taken = self.core.steps_taken.saturating_add(steps);
    }

    /// A read-only look, as views and completion get.
    pub fn glance(&self) -> Glance<'_> {
        let proc = self.core.proc(self.pid);
        Glance {
            files: &self.core.files,
            now: self.core.now,
            events: &self.core.events,
            cwd: &proc.cwd,
            env: &proc.env,
        }
    }

    // ---- descriptors ----

    /// Prints to a descriptor (1 standard output, 2 standard error). Delivery happens after the step; a closed
    /// descriptor swallows nothing silently: the process finds out by [`Io::is_open`].
    pub fn write(&mut self, fd: u32, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.core.proc_mut(self.pid).push_output(fd, bytes);
        }
    }

    /// Prints to standard output.
    pub fn print(&mut self, text: impl AsRef<[u8]>) {
        self.write(1, text.as_ref());
    }

    /// Prints to standard error.
    pub fn eprint(&mut self, text: impl AsRef<[u8]>) {
        self.write(2, text.as_ref());
    }

    /// Bytes printed and not yet delivered (a full pipe). A program with much to say should return `Ready` and let
    /// the reader catch up when this grows past a few kilobytes; it is not stepped again before it is empty.
    pub fn pending_output_bytes(&self) -> usize {
        self.core.proc(self.pid).pending_output_bytes()
    }

    /// Reads up to `max` bytes from a descriptor.
    pub fn read(&mut self, fd: u32, max: usize) -> Read {
        self.core.read_fd(self.pid, fd, max)
    }

    /// Whether a descriptor is open.
    pub fn is_open(&self, fd: u32) -> bool {
        self.core.proc(self.pid).fds.contains_key(&fd)
    }

    /// The open descriptors, ascending.
    pub fn fds(&self) -> Vec<u32> {
        self.core.proc(self.pid).fds.keys().copied().collect()
    }

    /// Opens a file at the lowest free descriptor not below `at_least`.
    pub fn open(&mut self, path: &[u8], options: OpenOptions, append: bool, at_least: u32) -> Result<u32, Errno> {
        let path = self.path(path);
        let target = match path.as_slice() {
            b"/dev/null" => Target::Null,
            b"/dev/tty" => match self.terminal() {
                Some(id) => Target::Terminal(id),
                None => return Err(Errno::NoEntry),
            },
            b"/dev/stdin" => return self.duplicate(0, at_least),
            b"/dev/stdout" => return self.duplicate(1, at_least),
            b"/dev/stderr" => return self.duplicate(2, at_least),
            path if path.starts_with(b"/dev/fd/") => {
                let number = std::str::from_utf8(&path[8..]).ok().and_then(|n| n.parse().ok());
                let open = number.filter(|fd| self.is_open(*fd)).ok_or(Errno::NoEntry)?;
                return self.duplicate(open, at_least);
            }
            path => {
                let mode = 0o666 & !self.umask();
                Target::File(self.core.files.open(path, options, mode)?)
            }
        };
        Ok(self.install(target, append, at_least))
    }

    fn install(&mut self, target: Target, append: bool, at_least: u32) -> u32 {
        let id = self.core.describe(Description {
            target,
            offset: 0,
            append,
            references: 1,
        });
        let fd = self.core.proc(self.pid).lowest_free_fd(at_least);
        self.core.proc_mut(self.pid).fds.insert(fd, id);
        fd
    }

    /// `fcntl(F_DUPFD)`: another descriptor for the same open file.
    pub fn duplicate(&mut self, fd: u32, at_least: u32) -> Result<u32, Errno> {
        let to = self.core.proc(self.pid).lowest_free_fd(at_least);
        self.duplicate_to(fd, to)?;
        Ok(to)
    }

    /// `dup2(2)`: makes `to` another name for `fd`.
    pub fn duplicate_to(&mut self, fd: u32, to: u32) -> Result<(), Errno> {
        let id = *self.core.proc(self.pid).fds.get(&fd).ok_or(Errno::BadDescriptor)?;
        if fd == to {
            return Ok(());
        }
        self.core.retain(id);
        if let Some(old) = self.core.proc_mut(self.pid).fds.insert(to, id) {
            self.core.release(old);
        }
        Ok(())
    }

    /// Closes a descriptor.
    pub fn close(&mut self, fd: u32) {
        // What was printed to it before must still arrive there.
        self.core.flush(self.pid);
        if let Some(id) = self.core.proc_mut(self.pid).fds.remove(&fd) {
            self.core.release(id);
        }
    }

    /// A pipe: (descriptor to read, descriptor to write), both at 10 or above.
    pub fn pipe(&mut self) -> (u32, u32) {
        let pipe = self.core.new_pipe();
        let read = self.install(Target::PipeRead(pipe), false, 10);
        let write = self.install(Target::PipeWrite(pipe), false, 10);
        (read, write)
    }

    /// A descriptor from which `content` can be read (here-documents).
    pub fn here_document(&mut self, content: Vec<u8>) -> u32 {
        self.install(Target::Memory(content.into()), false, 10)
    }

    /// Delivers now what was printed, as far as pipes have room.
    pub fn flush(&mut self) {
        self.core.flush(self.pid);
    }

    /// Whether a descriptor is a terminal.
    pub fn is_terminal(&self, fd: u32) -> bool {
        self.core
            .target(self.pid, fd)
            .is_some_and(|t| matches!(t, Target::Terminal(_)))
    }

    // ---- terminal ----

    /// The controlling terminal.
    pub fn terminal(&self) -> Option<TerminalId> {
        self.core.proc(self.pid).terminal
    }

    /// The controlling terminal's (columns, rows), if there is one.
    pub fn window_size(&self) -> Option<(u16, u16)> {
        let terminal: &Terminal = self.core.terminals.get(self.terminal()?)?;
        Some((terminal.columns, terminal.rows))
    }

    /// A shell says that it waits at its prompt: the primary one, or (`continuation`) for the rest of a command.
    /// It says so *before* it prints the prompt, so that what commands printed can be told from it.
    pub fn at_prompt(&mut self, continuation: bool, status: u8) {
        self.core.flush(self.pid);
        if let Some(id) = self.terminal() {
            let terminal = &mut self.core.terminals[id];
            terminal.prompt = Some((continuation, status));
            terminal.prompt_start = terminal.output_end();
        }
    }

    /// Gives the terminal to a process group (`tcsetpgrp(3)`).
    pub fn set_foreground(&mut self, group: Pid) {
        if let Some(id) = self.terminal() {
            self.core.terminals[id].foreground = group;
        }
    }

    /// The process group in the foreground of the terminal.
    pub fn foreground(&self) -> Option<Pid> {
        Some(self.core.terminals.get(self.terminal()?)?.foreground)
    }

    /// Asks for the editor on an absolute path; then return `Blocked(Wait::Editor)`. `Err` where there is no
    /// terminal to show one.
    pub fn open_editor(&mut self, path: Vec<u8>) -> Result<(), Errno> {
        let id = self.terminal().ok_or(Errno::NotPermitted)?;
        self.core.editor_results.remove(&self.pid);
        self.core.terminals[id].editor = Some((self.pid, path));
        Ok(())
    }

    /// The editor's end, once it was closed: whether it was saved (or left alone) rather than given up.
    pub fn editor_result(&mut self) -> Option<bool> {
        self.core.editor_results.remove(&self.pid)
    }

    // ---- other processes ----

    /// Looks up a program by its name, or by a path such as `/usr/bin/git`.
    pub fn find_program(&self, name: &[u8]) -> Option<Program> {
        self.core.find_program(name)
    }

    /// All programs, by name.
    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        self.core.programs.values()
    }

    /// Starts a program by the name in `spawn.args[0]`: a registered one, or an executable script.
    pub fn spawn(&mut self, spawn: Spawn) -> Result<Pid, SpawnError> {
        self.core.spawn_program(Some(self.pid), spawn)
    }

    /// `execve(2)`: when this step ends, the program named by `args[0]` takes this process over, with its descriptors,
    /// its environment and its number.
    pub fn exec(&mut self, args: Vec<Vec<u8>>) -> Result<(), SpawnError> {
        self.core.exec(self.pid, args)
    }

    /// Starts a process whose program is given (a subshell).
    pub fn fork(&mut self, program: Box<dyn Process>, spawn: Spawn) -> Result<Pid, SpawnError> {
        self.core.spawn_process(Some(self.pid), program, spawn)
    }

    /// The status of a child that ended, once; `None` while it runs, or when it is no child.
    pub fn reap(&mut self, child: Pid) -> Option<ExitStatus> {
        self.core.reap(self.pid, child)
    }

    /// Whether `pid` is a child that has not been reaped.
    pub fn is_child(&self, pid: Pid) -> bool {
        self.core.procs.get(&pid).is_some_and(|p| p.parent == self.pid)
    }

    /// Sends a signal to a process. `false`: no such process.
    pub fn kill(&mut self, pid: Pid, signal: Signal) -> bool {
        self.core.post_signal(pid, signal)
    }

    /// Sends a signal to all processes of a group. `false`: no such group.
    pub fn kill_group(&mut self, group: Pid, signal: Signal) -> bool {
        let members = self.core.group_members(group);
        for pid in &members {
            self.core.post_signal(*pid, signal);
        }
        !members.is_empty()
    }

    /// The process group of a process.
    pub fn group_of(&self, pid: Pid) -> Option<Pid> {
        self.core.procs.get(&pid).map(|p| p.group)
    }

    /// Moves a process to another group (`setpgid(2)`).
    pub fn set_group(&mut self, pid: Pid, group: Pid) {
        if let Some(proc) = self.core.procs.get_mut(&pid) {
            proc.group = group;
        }
    }

    /// Running processes as (pid, parent, group, arguments), by pid, for `ps`.
    pub fn processes(&self) -> Vec<(Pid, Pid, Pid, Vec<Vec<u8>>)> {
        self.core
            .procs
            .iter()
            .map(|(pid, p)| (*pid, p.parent, p.group, p.args.clone()))
            .collect()
    }
}
