//! The inside of the machine, which the scheduler and [`crate::Io`] share.

use super::SpawnError;
use crate::digest::Digest;
use crate::files::{Errno, FileHandle, Files, path};
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
    pub buffer: VecDeque<u8>,
    pub readers: u32,
    pub writers: u32,
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
    pub output: VecDeque<(u32, Vec<u8>)>,
    pub child_ended: bool,
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
    pub descriptions: BTreeMap<DescriptionId, Description>,
    pub pipes: BTreeMap<PipeId, Pipe>,
    pub next_id: u64,
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
