//! A lab at work: acts go in one after the other, each runs until everything waits, and is recorded.

use crate::facts::{absolute, from_home};
use crate::goals;
use crate::house::{self, HouseError};
use crate::state::{ShellFacts, State};
use crate::timeline::{Entry, kind};
use crate::transcript::{Act, Line, Section, TERMINALS_MAX, plain_text};
use essaim_kernel::files::path::normalize;
use essaim_kernel::{Activity, Limits, TerminalState, Time};
use essaim_proto_lab::message::{EntryKind, Problem};
use essaim_proto_lab::spec::LabSpec;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Bytes of output an entry remembers for the transcript; a longer output is cut with a line `…`.
pub const OUTPUT_KEPT_BYTES_MAX: usize = 64 << 10;

/// Entries a lab remembers.
pub const ENTRIES_MAX: usize = 10_000;

/// Snapshots are kept after each of the last entries, and after every so many of the older ones.
const RECENT_SNAPSHOTS: usize = 32;
const OLD_SNAPSHOT_EVERY: usize = 16;

/// Where an act comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Somebody asked for it now, by this number.
    Request(u32),
    /// A transcript that is replayed, from this line.
    Transcript(u32),
    /// The lab's own entries, done again after a rewind.
    Again,
}

/// An act that has ended, or could not begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Where it came from.
    pub origin: Origin,
    /// Why it could not be done.
    pub problem: Option<Problem>,
}

#[derive(Clone)]
struct Running {
    act: Act,
    origin: Origin,
    /// Terminal that is watched for output, and the offset where the output begins.
    watched: Option<(usize, u64)>,
    /// Stop after so many steps: an interrupt follows.
    stop_after: Option<u64>,
    /// For `@`: the instant to reach.
    until: Option<Time>,
}

/// One lab. A clone goes its own way.
#[derive(Clone)]
pub struct Lab {
    pub(crate) spec: Arc<LabSpec>,
    language: String,
    pub(crate) state: State,
    pub(crate) entries: Vec<Entry>,
    pub(crate) done: usize,
    snapshots: BTreeMap<usize, State>,
    queue: VecDeque<(Act, Origin)>,
    running: Option<Running>,
    /// While a rewind does entries again: (entry, line) that comes next.
    again: Option<(usize, usize)>,
    outcomes: Vec<Outcome>,
    /// Contents of files brought in, by SHA-256.
    brought_in: BTreeMap<String, Arc<Vec<u8>>>,
    limit: Option<&'static str>,
    pub(crate) revision: u64,
    pub(crate) timeline_revision: u64,
    /// Grows when the terminals were replaced, so that the page must forget what it had.
    pub(crate) epoch: u64,
}

impl Lab {
    /// Opens a lab: builds the house, runs the setup, opens the first terminal.
    pub fn open(spec: LabSpec, language: &str) -> Result<Self, HouseError> {
        Self::open_with(spec, language, Limits::default())
    }

    /// As [`Lab::open`], with other limits.
    pub fn open_with(spec: LabSpec, language: &str, limits: Limits) -> Result<Self, HouseError> {
        let (mut machine, engines) = house::build(&spec, house::setup_start(&spec), limits)?;
        house::set_up(&mut machine, &spec, language)?;
        let mut state = State {
            machine,
            engines,
            shell: ShellFacts::default(),
            histories: Vec::new(),
            steps: goals::begin(&spec),
            step_starts: Vec::new(),
        };
        open_shell(&mut state, &spec, language)?;
        state.machine.begin_command();
        while state.machine.run(10_000) == Activity::Running {}
        goals::evaluate(&spec, &mut state, 0);
        let snapshots = BTreeMap::from([(0, state.clone())]);
        Ok(Self {
            spec: Arc::new(spec),
            language: language.to_owned(),
            state,
            entries: Vec::new(),
            done: 0,
            snapshots,
            queue: VecDeque::new(),
            running: None,
            again: None,
            outcomes: Vec::new(),
            brought_in: BTreeMap::new(),
            limit: None,
            revision: 1,
            timeline_revision: 1,
            epoch: 1,
        })
    }

    // ---- looking ----

    /// What the lab was opened with.
    pub fn spec(&self) -> &LabSpec {
        &self.spec
    }

    /// The lab at this moment.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What was done, and the undone future that is still known.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many entries are done.
    pub fn done(&self) -> usize {
        self.done
    }

    /// A digest of everything a learner could tell apart.
    pub fn digest(&self) -> u128 {
        self.state.digest()
    }

    /// Whether [`Lab::work`] has something to do.
    pub fn is_busy(&self) -> bool {
        self.running.is_some() || !self.queue.is_empty()
    }

    /// Whether an act of this origin has not ended yet.
    pub fn is_pending(&self, origin: Origin) -> bool {
        self.running.as_ref().is_some_and(|running| running.origin == origin)
            || self.queue.iter().any(|(_, queued)| *queued == origin)
    }

    /// Acts that ended since the last call.
    pub fn take_outcomes(&mut self) -> Vec<Outcome> {
        std::mem::take(&mut self.outcomes)
    }

    /// The limit a command met since the last call.
    pub fn take_limit(&mut self) -> Option<&'static str> {
        self.limit.take()
    }

    /// What was done, as one section of a transcript.
    pub fn transcript(&self) -> Section {
        Section {
            name: self.spec.id.clone(),
            number: 0,
            seed: Some(self.spec.seed),
            lines: self.entries[..self.done]
                .iter()
                .flat_map(|entry| entry.lines.clone())
                .collect(),
        }
    }

    /// What a terminal is doing.
    pub fn terminal_state(&self, terminal: u32) -> TerminalState {
        self.state.machine.terminal_state(terminal as usize)
    }

    /// Changes the machine from outside before anything is done: the native program mounts a real folder so. The start
    /// that a rewind restores is changed too.
    pub fn with_machine<E>(
        &mut self,
        change: impl FnOnce(&mut essaim_kernel::Machine) -> Result<(), E>,
    ) -> Result<(), E> {
        change(&mut self.state.machine)?;
        self.snapshots.insert(self.done, self.state.clone());
        Ok(())
    }

    // ---- asking ----

    /// A line for a terminal: a command at the prompt, or input of what reads; several lines one by one.
    pub fn submit(&mut self, terminal: u32, text: &str, origin: Origin) {
        let mut text = text.strip_suffix('\n').unwrap_or(text);
        text = text.strip_suffix('\r').unwrap_or(text);
        for line in text.split('\n') {
            let text = line.strip_suffix('\r').unwrap_or(line).to_owned();
            // Which of the two it is shows when its turn comes.
            self.ask(Act::Input { terminal, text }, origin);
        }
    }

    /// Asks for an act; it is done when everything before it has ended.
    pub fn ask(&mut self, act: Act, origin: Origin) {
        self.queue.push_back((act, origin));
    }

    /// Replays a section of a transcript.
    pub fn replay(&mut self, section: &Section) {
        for line in &section.lines {
            self.ask(line.act.clone(), Origin::Transcript(line.number));
        }
    }

    /// Ctrl-C: at once, even while a command runs.
    pub fn interrupt(&mut self, terminal: u32, origin: Origin) {
        let act = Act::Interrupt {
            terminal,
            after_steps: None,
        };
        let at_work = self.running.as_ref().is_some_and(|running| {
            running.origin != Origin::Again && running.watched.is_some_and(|(id, _)| id == terminal as usize)
        });
        if !at_work {
            return self.ask(act, origin);
        }
        // What is queued behind the command was pasted with it, or is a replay: Ctrl-C drops it, as a terminal does.
        for (_, origin) in std::mem::take(&mut self.queue) {
            self.outcomes.push(Outcome { origin, problem: None });
        }
        // The transcript counts steps, so the interrupt must come right after one.
        let before = self.state.machine.steps_taken();
        while self.state.machine.steps_taken() == before {
            match self.state.machine.run(1) {
                Activity::Running => {}
                Activity::Idle => return self.ask(act, origin),
                Activity::LimitReached(limit) => {
                    self.limit = Some(limit);
                    return self.ask(act, origin);
                }
            }
        }
        if matches!(
            self.terminal_state(terminal),
            TerminalState::Prompt { .. } | TerminalState::Closed { .. }
        ) {
            // The command had just ended.
            return self.ask(act, origin);
        }
        let after_steps = Some(self.state.machine.steps_taken());
        self.settle_cut();
        self.begin(Act::Interrupt { terminal, after_steps }, origin);
    }

    /// A file saved in the editor pane, or by the editor a program opened on it.
    pub fn save_file(&mut self, path: &str, content: &[u8], origin: Origin) {
        if path.contains('\n') {
            let reason = "its name holds a newline".to_owned();
            return self.refuse(
                origin,
                Problem::File {
                    path: path.to_owned(),
                    reason,
                },
            );
        }
        let path = from_home(&self.spec, path);
        match std::str::from_utf8(content) {
            Ok(content) => self.ask(
                Act::Save {
                    path,
                    content: content.to_owned(),
                },
                origin,
            ),
            Err(_) => self.bring_in(&path, content, origin),
        }
    }

    /// Closes the editor a program asked for; `None`: the learner gave up.
    pub fn finish_editor(&mut self, terminal: u32, content: Option<&[u8]>, origin: Origin) {
        match (self.terminal_state(terminal), content) {
            (TerminalState::Editing { path }, Some(content)) => {
                self.save_file(
                    &String::from_utf8_lossy(&path),
                    &String::from_utf8_lossy(content).into_owned().into_bytes(),
                    origin,
                );
            }
            (TerminalState::Editing { .. }, None) => self.ask(
                Act::Interrupt {
                    terminal,
                    after_steps: None,
                },
                origin,
            ),
            _ => self.refuse(origin, Problem::TerminalBusy),
        }
    }

    /// Makes a file's content known by its SHA-256, which is returned: a transcript that brings it in can be replayed.
    pub fn provide(&mut self, content: &[u8]) -> String {
        let sha256 = format!("{:x}", Sha256::digest(content));
        self.brought_in.insert(sha256.clone(), Arc::new(content.to_vec()));
        sha256
    }

    /// A file brought in from outside.
    pub fn bring_in(&mut self, path: &str, content: &[u8], origin: Origin) {
        let sha256 = self.provide(content);
        let path = from_home(&self.spec, path);
        self.ask(Act::BringIn { path, sha256 }, origin);
    }

    /// Opens one more terminal.
    pub fn open_terminal(&mut self, origin: Origin) {
        let terminal = self.state.machine.terminals().len() as u32;
        self.ask(Act::OpenTerminal { terminal }, origin);
    }

    // ---- working ----

    /// Does at most about `steps` steps; whether there is more to do.
    pub fn work(&mut self, steps: u64) -> bool {
        let Some(running) = &self.running else {
            if let Some((act, origin)) = self.queue.pop_front() {
                self.begin(act, origin);
            }
            return self.is_busy();
        };
        self.revision += 1;
        let machine = &mut self.state.machine;
        if let Some(stop) = running.stop_after {
            // One by one: the interrupt that follows came after exactly so many.
            for _ in 0..steps {
                if machine.steps_taken() >= stop {
                    self.settle_cut();
                    return true;
                }
                match machine.run(1) {
                    Activity::Running => {}
                    Activity::Idle => {
                        self.settle();
                        return self.is_busy();
                    }
                    Activity::LimitReached(limit) => self.limit = Some(limit),
                }
            }
            return true;
        }
        match machine.run(steps) {
            Activity::Running => return true,
            Activity::Idle => {}
            Activity::LimitReached(limit) => {
                self.limit = Some(limit);
                return true;
            }
        }
        if let Some(until) = running.until
            && machine.now() < until
        {
            let next = machine
                .next_alarm()
                .unwrap_or(until)
                .clamp(machine.now() + Duration::from_nanos(1), until);
            machine.advance_to(next);
            return true;
        }
        self.settle();
        self.is_busy()
    }

    /// Works until nothing is left to do.
    pub fn finish(&mut self) {
        while self.work(100_000) {}
    }

    fn refuse(&mut self, origin: Origin, problem: Problem) {
        let problem = match (origin, problem) {
            (Origin::Transcript(line), problem) => {
                // What follows was written for a state that was not reached.
                self.queue.clear();
                Problem::Transcript {
                    line,
                    reason: describe(&problem),
                }
            }
            (_, problem) => problem,
        };
        self.outcomes.push(Outcome {
            origin,
            problem: Some(problem),
        });
    }

    /// Begins an act, if the terminal it speaks to is ready for it.
    fn begin(&mut self, act: Act, origin: Origin) {
        if origin != Origin::Again && self.entries.len() >= ENTRIES_MAX && self.done == self.entries.len() {
            return self.refuse(
                origin,
                Problem::Limit {
                    name: "lab_entries_max".to_owned(),
                },
            );
        }
        let act = match self.classify(act, origin) {
            Ok(Some(act)) => act,
            Ok(None) => return self.outcomes.push(Outcome { origin, problem: None }),
            Err(problem) => return self.refuse(origin, problem),
        };
        // A transcript may name a terminal that nobody opened yet.
        if let Some(terminal) = act.terminal()
            && terminal as usize == self.state.machine.terminals().len()
            && !matches!(act, Act::OpenTerminal { .. })
        {
            self.queue.push_front((act, origin));
            return self.begin(Act::OpenTerminal { terminal }, origin);
        }
        let watched = act
            .terminal()
            .or_else(|| self.editing(&act))
            .map(|terminal| terminal as usize);
        // What somebody does takes time: a command line, and a file written in the editor pane.
        let takes_time = matches!(act, Act::Command { .. }) || (matches!(act, Act::Save { .. }) && watched.is_none());
        self.state.machine.begin_command();
        if takes_time {
            let passes = Duration::from_secs(u64::from(self.spec.command_seconds));
            self.pass_time(self.state.machine.now() + passes);
            self.state.machine.begin_command();
        }
        self.note(&act, origin);
        let until = match self.perform(&act) {
            Ok(until) => until,
            Err(problem) => {
                self.unnote(origin);
                return self.refuse(origin, problem);
            }
        };
        let watched = watched.map(|id| (id, self.state.machine.terminals().get(id).map_or(0, |t| t.output_end())));
        self.revision += 1;
        self.running = Some(Running {
            stop_after: self.stop_after(),
            act,
            origin,
            watched,
            until,
        });
    }

    /// Lets time pass at once, stopping at every alarm on the way.
    fn pass_time(&mut self, until: Time) {
        let machine = &mut self.state.machine;
        while let Some(alarm) = machine.next_alarm().filter(|alarm| *alarm < until) {
            machine.advance_to(alarm);
            let before = machine.steps_taken();
            while machine.run(1_000) == Activity::Running {}
            if machine.steps_taken() == before {
                break;
            }
        }
        machine.advance_to(until);
    }

    /// If the next act is an interrupt after so many steps, the one before it stops there.
    fn stop_after(&self) -> Option<u64> {
        match self.queue.front() {
            Some((Act::Interrupt { after_steps, .. }, _)) => *after_steps,
            _ => None,
        }
    }

    /// What an act really is, in the state its terminal is in. `Ok(None)`: there is nothing to do.
    fn classify(&self, act: Act, origin: Origin) -> Result<Option<Act>, Problem> {
        let terminals = self.state.machine.terminals().len();
        let Some(terminal) = act.terminal() else {
            return Ok(Some(act));
        };
        if terminal >= TERMINALS_MAX || terminal as usize > terminals {
            return Err(Problem::TerminalBusy);
        }
        if let Act::OpenTerminal { .. } = act {
            // A transcript may open it twice: by its number alone, then by its first command.
            return Ok((terminal as usize == terminals).then_some(act));
        }
        let at_prompt = match self.terminal_state(terminal) {
            _ if terminal as usize == terminals => true,
            TerminalState::Prompt { .. } => true,
            TerminalState::Closed { .. } => return Err(Problem::TerminalBusy),
            TerminalState::Editing { .. } => {
                return if matches!(act, Act::Interrupt { .. }) {
                    Ok(Some(act))
                } else {
                    Err(Problem::TerminalBusy)
                };
            }
            _ => false,
        };
        match act {
            Act::Input { terminal, text } if at_prompt && matches!(origin, Origin::Request(_)) => {
                // An empty line at the prompt does nothing worth undoing.
                Ok((!text.trim().is_empty()).then_some(Act::Command { terminal, text }))
            }
            Act::Input { .. } if at_prompt => Err(Problem::TerminalBusy),
            Act::Command { .. } if !at_prompt => Err(Problem::TerminalBusy),
            Act::Interrupt { .. } if at_prompt => Ok(None),
            act => Ok(Some(act)),
        }
    }

    /// The terminal whose program waits for the editor that this act closes.
    fn editing(&self, act: &Act) -> Option<u32> {
        let Act::Save { path, .. } = act else { return None };
        let saved = normalize(absolute(&self.spec, path).as_bytes());
        let count = self.state.machine.terminals().len() as u32;
        (0..count).find(|terminal| {
            matches!(self.terminal_state(*terminal), TerminalState::Editing { path } if normalize(&path) == saved)
        })
    }

    /// Does the act to the machine; for `@`, gives the instant to reach.
    fn perform(&mut self, act: &Act) -> Result<Option<Time>, Problem> {
        let machine = &mut self.state.machine;
        match act {
            Act::Command { terminal, text } => {
                let line: Arc<str> = text.as_str().into();
                self.state.shell.ran.push(Arc::clone(&line));
                self.state.shell.command = Some(Arc::clone(&line));
                self.state.shell.status = None;
                self.state.shell.output = "".into();
                self.state.histories[*terminal as usize].push(line);
                machine.type_text(*terminal as usize, format!("{text}\n").as_bytes());
            }
            Act::Input { terminal, text } => machine.type_text(*terminal as usize, format!("{text}\n").as_bytes()),
            Act::Interrupt { terminal, .. } => {
                if !machine.finish_editor(*terminal as usize, false) {
                    machine.interrupt(*terminal as usize);
                }
            }
            Act::EndOfFile { terminal } => machine.end_of_file(*terminal as usize),
            Act::OpenTerminal { .. } => open_shell(&mut self.state, &self.spec, &self.language)
                .map_err(|error| Problem::Lesson { reason: error.0 })?,
            Act::Save { path, content } => {
                let editing = self.editing(act);
                let machine = &mut self.state.machine;
                write(machine, &absolute(&self.spec, path), content.as_bytes())?;
                if let Some(terminal) = editing {
                    machine.finish_editor(terminal as usize, true);
                }
            }
            Act::BringIn { path, sha256 } => {
                // A link does not carry files: the entry then stands for one that is not there.
                if let Some(content) = self.brought_in.get(sha256) {
                    write(machine, &absolute(&self.spec, path), &Arc::clone(content))?;
                }
            }
            Act::Advance { milliseconds } => return Ok(Some(machine.now() + Duration::from_millis(*milliseconds))),
            Act::Fact { .. } => {}
        }
        Ok(None)
    }

    /// Writes the act into the timeline; a fresh one ends the known future.
    fn note(&mut self, act: &Act, origin: Origin) {
        if origin == Origin::Again || matches!(act, Act::Fact { .. }) {
            return;
        }
        if self.entries.len() > self.done {
            self.entries.truncate(self.done);
            self.snapshots.retain(|at, _| *at <= self.entries.len());
        }
        let terminal = act.terminal().or_else(|| self.editing(act));
        let line = Line {
            number: 0,
            act: act.clone(),
            output: None,
            status: 0,
        };
        let begins = matches!(act, Act::Command { .. } | Act::OpenTerminal { .. })
            || terminal.is_none()
            || matches!((act, terminal), (Act::EndOfFile { .. }, Some(t)) if matches!(self.terminal_state(t), TerminalState::Prompt { .. }));
        match self.entries.last_mut() {
            Some(last) if !begins && last.terminal() == terminal => {
                last.lines.push(line);
                self.done -= 1;
            }
            _ => {
                let kind = match terminal {
                    Some(_) if !matches!(act, Act::OpenTerminal { .. }) => EntryKind::Command,
                    _ => kind(act),
                };
                self.entries.push(Entry {
                    kind,
                    lines: vec![line],
                    at_nanos: self.state.machine.now().0,
                    status: 0,
                    reached: Vec::new(),
                });
            }
        }
        self.timeline_revision += 1;
    }

    /// Takes back what [`Lab::note`] wrote, for an act that the machine refused.
    fn unnote(&mut self, origin: Origin) {
        if origin == Origin::Again {
            return;
        }
        if let Some(entry) = self.entries.last_mut() {
            entry.lines.pop();
            if entry.lines.is_empty() {
                self.entries.pop();
            } else {
                self.done += 1;
            }
        }
    }

    /// The running act was stopped in its midst by an interrupt: only its output is recorded.
    fn settle_cut(&mut self) {
        let Some(running) = self.running.take() else { return };
        self.record_output(&running, false);
        if running.origin == Origin::Again {
            self.step_again();
        } else if !matches!(running.act, Act::Fact { .. }) {
            self.done = self.entries.len();
        }
        self.outcomes.push(Outcome {
            origin: running.origin,
            problem: None,
        });
    }

    /// Everything waits: the act is over.
    fn settle(&mut self) {
        let Some(running) = self.running.take() else { return };
        let printed = self.record_output(&running, true);
        self.remember_result(&running, printed);
        let fresh = running.origin != Origin::Again;
        if matches!(running.act, Act::Fact { .. }) {
            self.outcomes.push(Outcome {
                origin: running.origin,
                problem: None,
            });
            return;
        }
        let ends_entry = fresh || self.step_again();
        if ends_entry {
            if fresh {
                self.done = self.entries.len();
            } else {
                self.done += 1;
            }
            let reached = goals::evaluate(&self.spec, &mut self.state, self.done as u32);
            if fresh && let Some(entry) = self.entries.last_mut() {
                entry.reached.extend(reached);
            }
            self.keep_snapshot();
            self.timeline_revision += 1;
        } else {
            goals::evaluate(&self.spec, &mut self.state, self.done as u32 + 1);
        }
        self.revision += 1;
        self.outcomes.push(Outcome {
            origin: running.origin,
            problem: None,
        });
    }

    /// Puts what was printed into the timeline; gives it.
    fn record_output(&mut self, running: &Running, settled: bool) -> String {
        let Some((id, from)) = running.watched else {
            return String::new();
        };
        let Some(terminal) = self.state.machine.terminals().get(id) else {
            return String::new();
        };
        let state = self.state.machine.terminal_state(id);
        let mut bytes = terminal.output_since(from);
        if settled && matches!(state, TerminalState::Prompt { .. } | TerminalState::Continuation) {
            let start = terminal.output_start().max(from);
            let len = terminal.prompt_start().saturating_sub(start) as usize;
            bytes.truncate(len);
        }
        let printed = plain_text(&bytes);
        if running.origin == Origin::Again {
            return printed;
        }
        let status = match state {
            TerminalState::Prompt { status } | TerminalState::Closed { status } if settled => Some(status),
            _ => None,
        };
        if let Some(entry) = self.entries.last_mut() {
            if let Some(line) = entry.lines.last_mut() {
                line.output = Some(kept(&printed)).filter(|output| !output.is_empty());
                line.status = status.unwrap_or(0);
            }
            entry.status = status.unwrap_or(entry.status);
        }
        printed
    }

    fn remember_result(&mut self, running: &Running, printed: String) {
        let Some((id, _)) = running.watched else { return };
        let shell = &mut self.state.shell;
        shell.output = format!("{}{printed}", shell.output).into();
        if let TerminalState::Prompt { status } | TerminalState::Closed { status } =
            self.state.machine.terminal_state(id)
        {
            shell.status = Some(status);
        }
    }

    fn keep_snapshot(&mut self) {
        let done = self.done;
        self.snapshots.insert(done, self.state.clone());
        self.snapshots
            .retain(|at, _| *at + RECENT_SNAPSHOTS > done || at.is_multiple_of(OLD_SNAPSHOT_EVERY));
    }

    // ---- time travel ----

    /// To the state after `entries` entries. What was done later stays known until something new is done.
    pub fn rewind(&mut self, entries: usize) {
        self.abandon();
        let entries = entries.min(self.entries.len());
        for (_, origin) in std::mem::take(&mut self.queue) {
            self.outcomes.push(Outcome { origin, problem: None });
        }
        let (at, snapshot) = self
            .snapshots
            .range(..=entries)
            .next_back()
            .map(|(at, state)| (*at, state.clone()))
            .expect("the snapshot of the start is always kept");
        self.state = snapshot;
        self.done = at;
        if at < entries {
            self.again = Some((at, 0));
            for entry in &self.entries[at..entries] {
                self.queue
                    .extend(entry.lines.iter().map(|line| (line.act.clone(), Origin::Again)));
            }
        }
        self.epoch += 1;
        self.revision += 1;
        self.timeline_revision += 1;
    }

    /// Stops what runs, as if it had never begun.
    fn abandon(&mut self) {
        if let Some(running) = self.running.take() {
            if !matches!(running.act, Act::Fact { .. }) {
                self.unnote(running.origin);
            }
            self.outcomes.push(Outcome {
                origin: running.origin,
                problem: None,
            });
        }
        self.again = None;
    }

    /// Moves the place of a replay on by one line; whether that ended an entry.
    fn step_again(&mut self) -> bool {
        let Some((entry, line)) = self.again else { return false };
        let ends = line + 1 >= self.entries[entry].lines.len();
        self.again = Some(if ends { (entry + 1, 0) } else { (entry, line + 1) });
        if self.queue.is_empty() {
            self.again = None;
        }
        ends
    }

    /// Back to before the last entry. `false`: nothing was done.
    pub fn undo(&mut self) -> bool {
        let count = self.entries.len();
        self.abandon();
        // A command in its midst is an entry of its own: undoing it leads to where it began.
        let entries = if self.entries.len() < count {
            self.done
        } else {
            self.done.saturating_sub(1)
        };
        let possible = self.done > 0 || self.entries.len() < count;
        if possible {
            self.rewind(entries);
        }
        possible
    }

    /// Forward by one entry that was undone. `false`: there is none.
    pub fn redo(&mut self) -> bool {
        let possible = self.done < self.entries.len();
        if possible {
            self.rewind(self.done + 1);
        }
        possible
    }

    /// Forgets the undone future.
    pub fn drop_future(&mut self) {
        self.entries.truncate(self.done);
        self.snapshots.retain(|at, _| *at <= self.done);
        self.timeline_revision += 1;
    }

    /// Back to where a step began. `false`: it has not begun.
    pub fn restart_step(&mut self, index: usize) -> bool {
        match self.state.step_starts.get(index) {
            Some(entries) => {
                self.rewind(*entries as usize);
                true
            }
            None => false,
        }
    }
}

fn open_shell(state: &mut State, spec: &LabSpec, language: &str) -> Result<(), HouseError> {
    let env = house::environment(spec, language);
    let folder = spec.folder.as_bytes().to_vec();
    state
        .machine
        .open_terminal(house::TERMINAL_SIZE, vec![b"bash".to_vec()], env, folder)
        .map_err(|error| HouseError(format!("the shell cannot be started: {error:?}")))?;
    state.histories.push(Vec::new());
    Ok(())
}

fn write(machine: &mut essaim_kernel::Machine, path: &str, content: &[u8]) -> Result<(), Problem> {
    let files = machine.files_mut();
    let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
    files
        .create_dir_all(folder.as_bytes())
        .and_then(|()| files.write(path.as_bytes(), content.to_vec()))
        .map_err(|error| Problem::File {
            path: path.to_owned(),
            reason: error.to_string(),
        })
}

/// An output as an entry remembers it.
fn kept(output: &str) -> String {
    if output.len() <= OUTPUT_KEPT_BYTES_MAX {
        return output.to_owned();
    }
    let mut end = OUTPUT_KEPT_BYTES_MAX;
    while !output.is_char_boundary(end) {
        end -= 1;
    }
    let end = output[..end].rfind('\n').map_or(end, |at| at + 1);
    format!("{}…\n", &output[..end])
}

/// A problem in English, for a transcript's error.
pub fn describe(problem: &Problem) -> String {
    match problem {
        Problem::TerminalBusy => "the terminal is not there, is closed, or waits for something else".to_owned(),
        Problem::File { path, reason } => format!("{path}: {reason}"),
        Problem::Limit { name } => format!("limit {name} reached"),
        Problem::Lesson { reason } | Problem::Transcript { reason, .. } => reason.clone(),
        problem => format!("{problem:?}"),
    }
}
