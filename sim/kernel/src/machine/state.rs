//! The inside of the machine, which the scheduler and [`crate::Io`] share.

use super::SpawnError;
use crate::digest::Digest;
use crate::files::{Errno, FileHandle, Files, path};
use crate::io::Read;
use crate::limits::Limits;
use crate::process::{Call, Environment, ExitStatus, Pid, Process, Program, Signal, Spawn, Wait};
use crate::random::Streams;
use crate::terminal::{Terminal, TerminalId};
use crate::time::Time;
use crate::value::EventLog;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub(crate) type DescriptionId = u64;
pub(crate) type PipeId = u64;

/// An open file description: shared by the descriptors that were duplicated from one another.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    pub target: Target,
    pub offset: u64,
    pub append: bool,
    pub references: u32,
}

#[derive(Clone, Debug)]
pub(crate) enum Target {
    Null,
    Terminal(TerminalId),
    PipeRead(PipeId),
    PipeWrite(PipeId),
    File(FileHandle),
    Memory(Arc<[u8]>),
    HostInput(Pid),
    HostOutput(Pid, u32),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Pipe {
    buffer: VecDeque<u8>,
    readers: u32,
    writers: u32,
}

/// One process.
#[derive(Clone)]
pub(crate) struct Proc {
    pub parent: Pid,
    pub group: Pid,
    pub terminal: Option<TerminalId>,
    pub args: Vec<Vec<u8>>,
    pub env: Environment,
    pub cwd: Vec<u8>,
    pub umask: u32,
    pub fds: BTreeMap<u32, DescriptionId>,
    pub program: Option<Box<dyn Process>>,
    /// What `exec` put in the place of `program`, from the next step on.
    pub replacement: Option<Box<dyn Process>>,
    pub wait: Option<Wait>,
    pub signals: VecDeque<Signal>,
    pub exiting: Option<u8>,
    pub zombie: Option<ExitStatus>,
    output: VecDeque<(u32, Vec<u8>)>,
    child_ended: bool,
}

impl Proc {
    pub fn push_output(&mut self, fd: u32, bytes: &[u8]) {
        match self.output.back_mut() {
            Some((last, buffer)) if *last == fd => buffer.extend_from_slice(bytes),
            _ => self.output.push_back((fd, bytes.to_vec())),
        }
    }

    pub fn pending_output_bytes(&self) -> usize {
        self.output.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    pub fn lowest_free_fd(&self, at_least: u32) -> u32 {
        let mut fd = at_least;
        while self.fds.contains_key(&fd) {
            fd += 1;
        }
        fd
    }
}

#[derive(Clone)]
pub(crate) struct Core {
    pub files: Files,
    pub now: Time,
    pub streams: Streams,
    pub events: EventLog,
    pub limits: Limits,
    pub programs: Arc<BTreeMap<&'static str, Program>>,
    pub procs: BTreeMap<Pid, Proc>,
    pub terminals: Vec<Terminal>,
    pub editor_results: BTreeMap<Pid, bool>,
    pub host_input: BTreeMap<Pid, (Vec<u8>, bool)>,
    pub host_output: BTreeMap<Pid, Vec<(u32, Vec<u8>)>>,
    pub ended: BTreeMap<Pid, ExitStatus>,
    pub steps_taken: u64,
    pub output_printed: u64,
    pub command_started: Time,
    pub last_stepped: Pid,
    descriptions: BTreeMap<DescriptionId, Description>,
    pipes: BTreeMap<PipeId, Pipe>,
    next_id: u64,
    next_pid: Pid,
}

impl Core {
    pub fn new(seed: u64, start: Time, limits: Limits) -> Self {
        Self {
            files: Files::new(start, limits),
            now: start,
            streams: Streams::new(seed),
            events: EventLog::default(),
            limits,
            programs: Arc::default(),
            procs: BTreeMap::new(),
            terminals: Vec::new(),
            editor_results: BTreeMap::new(),
            host_input: BTreeMap::new(),
            host_output: BTreeMap::new(),
            ended: BTreeMap::new(),
            steps_taken: 0,
            output_printed: 0,
            command_started: start,
            last_stepped: 0,
            descriptions: BTreeMap::new(),
            pipes: BTreeMap::new(),
            next_id: 1,
            // As if the system's own processes had started first.
            next_pid: 1000,
        }
    }

    pub fn proc(&self, pid: Pid) -> &Proc {
        self.procs.get(&pid).expect("the process that is being stepped exists")
    }

    pub fn proc_mut(&mut self, pid: Pid) -> &mut Proc {
        self.procs
            .get_mut(&pid)
            .expect("the process that is being stepped exists")
    }

    // ---- descriptions and pipes ----

    pub fn describe(&mut self, description: Description) -> DescriptionId {
        let id = self.next_id;
        self.next_id += 1;
        match description.target {
            Target::PipeRead(pipe) => self.pipes.entry(pipe).or_default().readers += 1,
            Target::PipeWrite(pipe) => self.pipes.entry(pipe).or_default().writers += 1,
            _ => {}
        }
        self.descriptions.insert(id, description);
        id
    }

    pub fn new_pipe(&mut self) -> PipeId {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    pub fn retain(&mut self, id: DescriptionId) {
        if let Some(description) = self.descriptions.get_mut(&id) {
            description.references += 1;
        }
    }

    pub fn release(&mut self, id: DescriptionId) {
        let Some(description) = self.descriptions.get_mut(&id) else {
            return;
        };
        description.references = description.references.saturating_sub(1);
        if description.references > 0 {
            return;
        }
        let Some(description) = self.descriptions.remove(&id) else {
            return;
        };
        match description.target {
            Target::PipeRead(pipe) => self.pipes.entry(pipe).or_default().readers -= 1,
            Target::PipeWrite(pipe) => self.pipes.entry(pipe).or_default().writers -= 1,
            Target::File(handle) => self.files.close(&handle),
            _ => {}
        }
        self.pipes.retain(|_, pipe| pipe.readers + pipe.writers > 0);
    }

    pub fn target(&self, pid: Pid, fd: u32) -> Option<&Target> {
        let id = self.procs.get(&pid)?.fds.get(&fd)?;
        self.descriptions.get(id).map(|d| &d.target)
    }

    pub fn read_fd(&mut self, pid: Pid, fd: u32, max: usize) -> Read {
        let Some(id) = self.proc(pid).fds.get(&fd).copied() else {
            return Read::Failed(Errno::BadDescriptor);
        };
        let Some(description) = self.descriptions.get_mut(&id) else {
            return Read::Failed(Errno::BadDescriptor);
        };
        let offset = description.offset;
        match description.target.clone() {
            Target::Null => Read::End,
            Target::Terminal(terminal) => self.read_terminal(pid, terminal, max),
            Target::PipeRead(pipe) => {
                let Some(pipe) = self.pipes.get_mut(&pipe) else {
                    return Read::End;
                };
                if pipe.buffer.is_empty() {
                    return if pipe.writers == 0 { Read::End } else { Read::Wait };
                }
                let len = pipe.buffer.len().min(max);
                Read::Data(pipe.buffer.drain(..len).collect())
            }
            Target::File(handle) => match self.files.read_at(&handle, offset, max) {
                Ok(bytes) if bytes.is_empty() => Read::End,
                Ok(bytes) => {
                    self.advance_offset(id, bytes.len());
                    Read::Data(bytes)
                }
                Err(error) => Read::Failed(error),
            },
            Target::Memory(content) => {
                let start = (offset as usize).min(content.len());
                let end = content.len().min(start.saturating_add(max));
                self.advance_offset(id, end - start);
                if start == end {
                    Read::End
                } else {
                    Read::Data(content[start..end].to_vec())
                }
            }
            Target::HostInput(owner) => {
                let Some((buffer, closed)) = self.host_input.get_mut(&owner) else {
                    return Read::End;
                };
                if buffer.is_empty() {
                    return if *closed { Read::End } else { Read::Wait };
                }
                let len = buffer.len().min(max);
                Read::Data(buffer.drain(..len).collect())
            }
            Target::PipeWrite(_) | Target::HostOutput(..) => Read::Failed(Errno::BadDescriptor),
        }
    }

    fn advance_offset(&mut self, id: DescriptionId, by: usize) {
        if let Some(description) = self.descriptions.get_mut(&id) {
            description.offset += by as u64;
        }
    }

    /// A terminal gives one line at a time, to the foreground group only.
    fn read_terminal(&mut self, pid: Pid, id: TerminalId, max: usize) -> Read {
        let group = self.proc(pid).group;
        let Some(terminal) = self.terminals.get_mut(id) else {
            return Read::End;
        };
        if terminal.closed.is_some() {
            return Read::End;
        }
        if terminal.foreground != group {
            return Read::Wait;
        }
        if terminal.input.is_empty() {
            if terminal.end_of_input {
                terminal.end_of_input = false;
                terminal.prompt = None;
                return Read::End;
            }
            return Read::Wait;
        }
        let line = terminal
            .input
            .iter()
            .position(|b| *b == b'\n')
            .map_or(terminal.input.len(), |at| at + 1);
        terminal.prompt = None;
        Read::Data(terminal.input.drain(..line.min(max)).collect())
    }

    /// Delivers what a process printed, as far as there is room.
    pub fn flush(&mut self, pid: Pid) {
        while let Some((fd, bytes)) = self.procs.get_mut(&pid).and_then(|p| p.output.pop_front()) {
            let taken = self.deliver(pid, fd, &bytes);
            if taken < bytes.len() {
                if let Some(proc) = self.procs.get_mut(&pid) {
                    proc.output.push_front((fd, bytes[taken..].to_vec()));
                }
                return;
            }
        }
    }

    fn deliver(&mut self, pid: Pid, fd: u32, bytes: &[u8]) -> usize {
        let Some(id) = self.proc(pid).fds.get(&fd).copied() else {
            return bytes.len();
        };
        let Some(description) = self.descriptions.get(&id) else {
            return bytes.len();
        };
        let (offset, append) = (description.offset, description.append);
        match description.target.clone() {
            Target::Terminal(terminal) => {
                self.output_printed += bytes.len() as u64;
                if let Some(terminal) = self.terminals.get_mut(terminal) {
                    terminal.print(bytes);
                }
            }
            Target::HostOutput(owner, fd) => {
                self.output_printed += bytes.len() as u64;
                let queue = self.host_output.entry(owner).or_default();
                match queue.last_mut() {
                    Some((last, buffer)) if *last == fd => buffer.extend_from_slice(bytes),
                    _ => queue.push((fd, bytes.to_vec())),
                }
            }
            Target::PipeWrite(pipe) => {
                let pipe_bytes_max = self.limits.pipe_bytes_max;
                let Some(pipe) = self.pipes.get_mut(&pipe) else {
                    return bytes.len();
                };
                if pipe.readers == 0 {
                    if let Some(proc) = self.procs.get_mut(&pid) {
                        proc.output.clear();
                        proc.signals.push_back(Signal::Pipe);
                    }
                    return bytes.len();
                }
                let room = pipe_bytes_max.saturating_sub(pipe.buffer.len()).min(bytes.len());
                pipe.buffer.extend(&bytes[..room]);
                return room;
            }
            Target::File(handle) => {
                let at = if append {
                    self.files.len(&handle).unwrap_or(offset)
                } else {
                    offset
                };
                if self.files.write_at(&handle, at, bytes).is_ok()
                    && let Some(description) = self.descriptions.get_mut(&id)
                {
                    description.offset = at + bytes.len() as u64;
                }
            }
            Target::Null | Target::PipeRead(_) | Target::Memory(_) | Target::HostInput(_) => {}
        }
        bytes.len()
    }

    // ---- processes ----

    pub fn find_program(&self, name: &[u8]) -> Option<Program> {
        let name = std::str::from_utf8(name).ok()?;
        if !name.contains('/') {
            return self.programs.get(name).copied();
        }
        let base = name.rsplit('/').next()?;
        self.programs
            .get(base)
            .filter(|p| p.path == name || (name == format!("/bin/{base}")))
            .copied()
    }

    pub fn spawn_program(&mut self, parent: Option<Pid>, mut spawn: Spawn) -> Result<Pid, SpawnError> {
        let cwd = match (&spawn.cwd, parent) {
            (Some(cwd), _) => cwd.clone(),
            (None, Some(parent)) => self.proc(parent).cwd.clone(),
            (None, None) => b"/".to_vec(),
        };
        let program = self.load(&mut spawn.args, &cwd)?;
        self.spawn_process(parent, program, spawn)
    }

    /// The next step of `pid` is another program's.
    pub fn exec(&mut self, pid: Pid, mut args: Vec<Vec<u8>>) -> Result<(), SpawnError> {
        let cwd = self.proc(pid).cwd.clone();
        let program = self.load(&mut args, &cwd)?;
        let proc = self.proc_mut(pid);
        proc.args = args;
        proc.replacement = Some(program);
        Ok(())
    }

    /// The program `args` name; for a script, `args` become its interpreter's.
    fn load(&mut self, args: &mut Vec<Vec<u8>>, cwd: &[u8]) -> Result<Box<dyn Process>, SpawnError> {
        let name = args.first().cloned().unwrap_or_default();
        if let Some(program) = self.find_program(&name) {
            return Ok((program.start)(Call { args: args.clone() }));
        }
        if !name.contains(&b'/') {
            return Err(SpawnError::NotFound);
        }
        let script = path::join(cwd, &name);
        let metadata = self.files.metadata(&script).map_err(|error| match error {
            Errno::Access => SpawnError::NotExecutable,
            _ => SpawnError::NotFound,
        })?;
        if !metadata.is_file() || !metadata.is_executable() {
            return Err(SpawnError::NotExecutable);
        }
        let content = self.files.read(&script).map_err(|_| SpawnError::NotExecutable)?;
        *args = script_arguments(&content, args);
        let interpreter = args.first().cloned().unwrap_or_default();
        let program = self
            .find_program(&interpreter)
            .or_else(|| self.find_program(path::file_name(&interpreter)))
            .ok_or(SpawnError::BadInterpreter)?;
        Ok((program.start)(Call { args: args.clone() }))
    }

    pub fn spawn_process(
        &mut self,
        parent: Option<Pid>,
        program: Box<dyn Process>,
        spawn: Spawn,
    ) -> Result<Pid, SpawnError> {
        if self.procs.len() >= self.limits.processes_max {
            return Err(SpawnError::TooManyProcesses);
        }
        let pid = self.next_pid;
        self.next_pid += 1;
        let inherited = parent.and_then(|p| self.procs.get(&p)).cloned_parts();
        let fds = match &spawn.fds {
            None => inherited.fds.clone(),
            Some(map) => map
                .iter()
                .filter_map(|(to, from)| inherited.fds.get(from).map(|id| (*to, *id)))
                .collect(),
        };
        for id in fds.values() {
            self.retain(*id);
        }
        let group = match spawn.group {
            None if parent.is_some() => inherited.group,
            None | Some(0) => pid,
            Some(group) => group,
        };
        let proc = Proc {
            parent: parent.unwrap_or(1),
            group,
            terminal: spawn.terminal.or(inherited.terminal),
            args: spawn.args,
            env: spawn.env.unwrap_or(inherited.env),
            cwd: spawn.cwd.unwrap_or(inherited.cwd),
            umask: inherited.umask,
            fds,
            program: Some(program),
            replacement: None,
            wait: None,
            signals: VecDeque::new(),
            exiting: None,
            zombie: None,
            output: VecDeque::new(),
            child_ended: false,
        };
        self.procs.insert(pid, proc);
        Ok(pid)
    }

    pub fn reap(&mut self, parent: Pid, child: Pid) -> Option<ExitStatus> {
        let proc = self.procs.get(&child)?;
        if proc.parent != parent {
            return None;
        }
        let status = proc.zombie?;
        self.procs.remove(&child);
        Some(status)
    }

    pub fn post_signal(&mut self, pid: Pid, signal: Signal) -> bool {
        match self.procs.get_mut(&pid) {
            Some(proc) if proc.zombie.is_none() => {
                proc.signals.push_back(signal);
                true
            }
            _ => false,
        }
    }

    pub fn group_members(&self, group: Pid) -> Vec<Pid> {
        let member = |(_, p): &(&Pid, &Proc)| p.group == group && p.zombie.is_none();
        self.procs.iter().filter(member).map(|(pid, _)| *pid).collect()
    }

    /// Ends a process whose code is known once everything it printed was delivered.
    pub fn finish_if_drained(&mut self, pid: Pid) {
        let Some(proc) = self.procs.get(&pid) else { return };
        if let Some(code) = proc.exiting
            && proc.output.is_empty()
        {
            let broken_pipe = proc.signals.contains(&Signal::Pipe);
            let status = if broken_pipe {
                ExitStatus::Signal(Signal::Pipe)
            } else {
                ExitStatus::Code(code)
            };
            self.end(pid, status);
        }
    }

    pub fn end(&mut self, pid: Pid, status: ExitStatus) {
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        proc.zombie = Some(status);
        proc.program = None;
        proc.output.clear();
        let parent = proc.parent;
        for id in std::mem::take(&mut proc.fds).into_values() {
            self.release(id);
        }
        for child in self.procs.values_mut().filter(|p| p.parent == pid) {
            child.parent = 1;
        }
        self.procs
            .retain(|_, p| p.parent != 1 || p.zombie.is_none() || p.terminal.is_some() && p.group == pid);
        for terminal in &mut self.terminals {
            if terminal.editor.as_ref().is_some_and(|(editing, _)| *editing == pid) {
                terminal.editor = None;
            }
            if terminal.shell == Some(pid) {
                terminal.closed = Some(status.code());
                terminal.shell = None;
            }
        }
        // Whoever started it from outside asks for its status later; others are reaped by their parents.
        if self.host_input.contains_key(&pid) {
            self.ended.insert(pid, status);
        }
        if let Some(parent) = self.procs.get_mut(&parent) {
            parent.child_ended = true;
        } else {
            self.procs.remove(&pid);
        }
        while self.ended.len() > self.limits.processes_max {
            self.ended.pop_first();
        }
    }

    // ---- scheduling ----

    /// The next process that can take a step: round robin, in order of number.
    pub fn next_runnable(&mut self) -> Option<Pid> {
        let after = self.last_stepped.saturating_add(1);
        self.first_runnable(after, Pid::MAX)
            .or_else(|| self.first_runnable(0, self.last_stepped))
    }

    fn first_runnable(&mut self, from: Pid, to: Pid) -> Option<Pid> {
        let mut next = from;
        while next <= to {
            let pid = self.procs.range(next..=to).map(|(pid, _)| *pid).next()?;
            self.flush_blocked(pid);
            if self.is_runnable(pid) {
                return Some(pid);
            }
            next = pid.checked_add(1)?;
        }
        None
    }

    /// A writer whose reader made room.
    fn flush_blocked(&mut self, pid: Pid) {
        if self
            .procs
            .get(&pid)
            .is_some_and(|p| p.zombie.is_none() && !p.output.is_empty())
        {
            self.flush(pid);
            self.finish_if_drained(pid);
        }
    }

    fn is_runnable(&mut self, pid: Pid) -> bool {
        let Some(proc) = self.procs.get_mut(&pid) else {
            return false;
        };
        if proc.zombie.is_some() {
            return false;
        }
        if !proc.signals.is_empty() {
            return true;
        }
        if !proc.output.is_empty() || proc.exiting.is_some() {
            return false;
        }
        match proc.wait {
            None => true,
            Some(Wait::Child) => std::mem::take(&mut proc.child_ended),
            Some(Wait::Alarm(at)) => at <= self.now,
            Some(Wait::Editor) => self.editor_results.contains_key(&pid),
            Some(Wait::Readable(fd)) => self.is_readable(pid, fd),
            Some(Wait::Signal) => false,
        }
    }

    fn is_readable(&self, pid: Pid, fd: u32) -> bool {
        match self.target(pid, fd) {
            None => true,
            Some(Target::Terminal(id)) => self.terminals.get(*id).is_none_or(|t| {
                t.closed.is_some() || (t.foreground == self.proc(pid).group && (!t.input.is_empty() || t.end_of_input))
            }),
            Some(Target::PipeRead(pipe)) => self
                .pipes
                .get(pipe)
                .is_none_or(|p| !p.buffer.is_empty() || p.writers == 0),
            Some(Target::HostInput(owner)) => self
                .host_input
                .get(owner)
                .is_none_or(|(buffer, closed)| !buffer.is_empty() || *closed),
            Some(_) => true,
        }
    }

    pub fn someone_reads(&self, id: TerminalId) -> bool {
        self.procs.iter().any(|(pid, p)| {
            p.zombie.is_none()
                && matches!(p.wait, Some(Wait::Readable(fd))
                    if matches!(self.target(*pid, fd), Some(Target::Terminal(t)) if *t == id))
                && self.terminals.get(id).is_some_and(|t| t.foreground == p.group)
        })
    }

    pub fn host_reader_waits(&self, owner: Pid) -> bool {
        self.procs.iter().any(|(pid, p)| {
            p.zombie.is_none()
                && matches!(p.wait, Some(Wait::Readable(fd))
                    if matches!(self.target(*pid, fd), Some(Target::HostInput(o)) if *o == owner))
        }) && self
            .host_input
            .get(&owner)
            .is_some_and(|(buffer, closed)| buffer.is_empty() && !closed)
    }

    /// Nothing can run: when a command is at work and something waits for an instant, time moves there.
    pub fn let_time_pass(&mut self) -> bool {
        let busy_terminal = (0..self.terminals.len()).any(|id| {
            let terminal = &self.terminals[id];
            terminal.prompt.is_none()
                && terminal.editor.is_none()
                && terminal.closed.is_none()
                && !self.someone_reads(id)
        });
        let busy_host = self.procs.values().any(|p| p.terminal.is_none() && p.zombie.is_none());
        if !busy_terminal && !busy_host {
            return false;
        }
        let Some(at) = self.next_alarm() else { return false };
        self.now = self.now.max(at);
        self.files.set_now(self.now);
        true
    }

    pub fn next_alarm(&self) -> Option<Time> {
        let alarms = self.procs.values().filter_map(|p| match p.wait {
            Some(Wait::Alarm(at)) if p.zombie.is_none() => Some(at),
            _ => None,
        });
        alarms.min()
    }

    pub fn limit_reached(&self) -> Option<&'static str> {
        if self.steps_taken > self.limits.command_steps_max {
            Some("command_steps_max")
        } else if self.output_printed > self.limits.command_output_bytes_max {
            Some("command_output_bytes_max")
        } else if (self.now - self.command_started).as_nanos() > u128::from(self.limits.command_nanos_max) {
            Some("command_nanos_max")
        } else {
            None
        }
    }

    /// Stops what runs in the foreground of each busy terminal (its shell stays), and every host process.
    pub fn stop_commands(&mut self, limit: &'static str) {
        let notice = format!("essaim: command stopped: limit {limit} reached\n");
        self.steps_taken = 0;
        self.output_printed = 0;
        self.command_started = self.now;
        self.stop_background_jobs();
        for id in 0..self.terminals.len() {
            let (shell, foreground) = (self.terminals[id].shell, self.terminals[id].foreground);
            if self.terminals[id].prompt.is_some() || self.terminals[id].closed.is_some() {
                continue;
            }
            self.terminals[id].print(b"\n");
            self.terminals[id].print(notice.as_bytes());
            for pid in self.group_members(foreground) {
                let signal = if Some(pid) == shell {
                    Signal::Interrupt
                } else {
                    Signal::Kill
                };
                self.drop_output(pid);
                self.post_signal(pid, signal);
            }
            // A shell that waits for its own child must hear of it too.
            if let Some(shell) = shell
                && self.procs.get(&shell).is_some_and(|p| p.group != foreground)
            {
                self.post_signal(shell, Signal::Interrupt);
            }
        }
        let hosts: Vec<Pid> = self
            .procs
            .iter()
            .filter(|(_, p)| p.terminal.is_none())
            .map(|(pid, _)| *pid)
            .collect();
        for pid in hosts {
            self.drop_output(pid);
            if self.host_input.contains_key(&pid) {
                self.host_output
                    .entry(pid)
                    .or_default()
                    .push((2, notice.clone().into_bytes()));
            }
            self.post_signal(pid, Signal::Kill);
        }
    }

    /// Where the shell is at its prompt, what still runs is a job in the background: without an end it would keep the
    /// machine busy for ever.
    fn stop_background_jobs(&mut self) {
        let at_prompt = |id: TerminalId| self.terminals.get(id).is_some_and(|t| t.prompt.is_some());
        let is_shell = |pid: &Pid| self.terminals.iter().any(|t| t.shell == Some(*pid));
        let jobs: Vec<Pid> = self
            .procs
            .iter()
            .filter(|(pid, p)| p.terminal.is_some_and(at_prompt) && p.zombie.is_none() && !is_shell(pid))
            .map(|(pid, _)| *pid)
            .collect();
        for pid in jobs {
            self.drop_output(pid);
            self.post_signal(pid, Signal::Kill);
        }
    }

    fn drop_output(&mut self, pid: Pid) {
        if let Some(proc) = self.procs.get_mut(&pid) {
            proc.output.clear();
        }
    }

    pub fn digest(&self, into: &mut Digest) {
        into.i64(self.now.0);
        self.files.digest(into);
        self.streams.digest(into);
        self.events.digest(into);
        into.u64(self.terminals.len() as u64);
        for terminal in &self.terminals {
            terminal.digest(into);
        }
        into.u64(self.procs.len() as u64);
        for (pid, proc) in &self.procs {
            into.u64(u64::from(*pid));
            into.u64(u64::from(proc.parent));
            into.u64(u64::from(proc.group));
            into.bytes(&proc.cwd);
            into.u64(proc.env.len() as u64);
            for (name, value) in &proc.env {
                into.bytes(name);
                into.bytes(value);
            }
            into.u64(proc.args.len() as u64);
            for arg in &proc.args {
                into.bytes(arg);
            }
            into.u64(proc.fds.len() as u64);
            if let Some(program) = &proc.program {
                program.digest(into);
            }
        }
    }
}

/// What a child takes from its parent.
#[derive(Default)]
struct Inherited {
    group: Pid,
    terminal: Option<TerminalId>,
    env: Environment,
    cwd: Vec<u8>,
    umask: u32,
    fds: BTreeMap<u32, DescriptionId>,
}

trait ClonedParts {
    fn cloned_parts(self) -> Inherited;
}

impl ClonedParts for Option<&Proc> {
    fn cloned_parts(self) -> Inherited {
        match self {
            Some(proc) => Inherited {
                group: proc.group,
                terminal: proc.terminal,
                env: proc.env.clone(),
                cwd: proc.cwd.clone(),
                umask: proc.umask,
                fds: proc.fds.clone(),
            },
            None => Inherited {
                cwd: b"/".to_vec(),
                umask: 0o022,
                ..Inherited::default()
            },
        }
    }
}

/// `#!interpreter [argument]`; without such a line a script is the shell's.
fn script_arguments(content: &[u8], args: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = Vec::new();
    match content.strip_prefix(b"#!") {
        Some(rest) => {
            let line = rest.split(|b| *b == b'\n').next().unwrap_or_default().trim_ascii();
            let mut parts = line.splitn(2, |b| *b == b' ' || *b == b'\t');
            let mut interpreter = parts.next().unwrap_or_default().to_vec();
            let mut argument = parts.next().map(|a| a.trim_ascii().to_vec());
            if interpreter.ends_with(b"/env") {
                interpreter = argument.take().unwrap_or_default();
            }
            out.push(interpreter);
            out.extend(argument);
        }
        None => out.push(b"sh".to_vec()),
    }
    out.extend_from_slice(args);
    out
}
