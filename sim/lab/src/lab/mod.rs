//! A lab at work: acts go in one after the other, each runs until everything waits, and is recorded.
//!
//! Reading order: the lab itself (here), [`ask`], [`work`], [`record`], [`travel`].

mod ask;

mod work;

mod record;

mod travel;

use crate::goals;
use crate::house::{self, HouseError};
use crate::state::{ShellFacts, State};
use crate::timeline::Entry;
use crate::transcript::{Act, Section, write_lines};
use essaim_kernel::{Activity, Limits, TerminalState, Time};
use essaim_proto_lab::message::Problem;
use essaim_proto_lab::spec::LabSpec;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Entries a lab remembers.
pub const ENTRIES_MAX: usize = 10_000;

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
    /// A limit stopped it: its steps are counted anew since.
    limited: bool,
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

    /// What was done, and what is known of the undone future; not the entry that is under way.
    pub fn known(&self) -> &[Entry] {
        let under_way = self
            .running
            .as_ref()
            .is_some_and(|running| running.origin != Origin::Again && !matches!(running.act, Act::Fact { .. }));
        &self.entries[..if under_way { self.done } else { self.entries.len() }]
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
            done: None,
            lines: self.entries[..self.done]
                .iter()
                .flat_map(|entry| entry.lines.clone())
                .collect(),
        }
    }

    /// The transcript as text; with what was printed and the exit codes, or only what was done.
    pub fn transcript_text(&self, with_outputs: bool) -> String {
        let lines = self.entries[..self.done].iter().flat_map(|entry| &entry.lines);
        write_lines(&self.spec.id, Some(self.spec.seed), None, lines, with_outputs)
    }

    /// What a lab is saved as: the transcript of all that is known, and how much of it is done.
    pub fn saved_text(&self) -> String {
        let known = self.known();
        let done = (self.done < known.len()).then_some(self.done);
        let lines = known.iter().flat_map(|entry| &entry.lines);
        write_lines(&self.spec.id, Some(self.spec.seed), done, lines, false)
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
