//! What changed since the page last heard of it.

use crate::lab::Lab;
use essaim_kernel::TerminalState;
use essaim_proto_lab::message::{StepState, TerminalStatus, TerminalUpdate, Timeline, TimelineEntry, Update};

/// What the page knows.
#[derive(Clone, Debug, Default)]
pub struct Known {
    epoch: u64,
    revision: u64,
    timeline_revision: u64,
    terminals: Vec<KnownTerminal>,
    steps: Vec<StepState>,
    transcript: String,
    now_nanos: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct KnownTerminal {
    output_end: u64,
    history_count: usize,
    state: Option<TerminalStatus>,
    folder: String,
}

impl Known {
    /// The news, `None` when there are none.
    pub fn update(&mut self, lab: &mut Lab) -> Option<Update> {
        let limit = lab.take_limit().map(str::to_owned);
        let now_nanos = lab.state.machine.now().0;
        if limit.is_none() && self.revision == lab.revision && self.timeline_revision == lab.timeline_revision {
            return None;
        }
        let reset = self.epoch != lab.epoch;
        if reset {
            self.terminals.clear();
        }
        self.epoch = lab.epoch;
        self.revision = lab.revision;
        self.now_nanos = now_nanos;
        let count = lab.state.machine.terminals().len();
        let terminals = (0..count).filter_map(|id| self.terminal(lab, id, reset)).collect();
        let timeline = (self.timeline_revision != lab.timeline_revision).then(|| timeline(lab));
        let mut transcript = None;
        if timeline.is_some() {
            self.timeline_revision = lab.timeline_revision;
            let text = lab.saved_text();
            if text != self.transcript {
                self.transcript.clone_from(&text);
                transcript = Some(text);
            }
        }
        let states: Vec<StepState> = lab.state.steps.iter().map(|step| step.state.clone()).collect();
        let steps = (states != self.steps).then(|| {
            self.steps.clone_from(&states);
            states
        });
        Some(Update {
            terminals,
            timeline,
            steps,
            revision: lab.revision,
            now_nanos,
            limit,
            transcript,
        })
    }

    fn terminal(&mut self, lab: &Lab, id: usize, reset: bool) -> Option<TerminalUpdate> {
        let terminal = &lab.state.machine.terminals()[id];
        let fresh = self.terminals.len() <= id;
        if fresh {
            self.terminals.push(KnownTerminal::default());
        }
        let known = &mut self.terminals[id];
        let history = &lab.state.histories[id];
        let folder = lab.state.machine.shell_context(id).map_or_else(
            || known.folder.clone(),
            |(folder, _)| String::from_utf8_lossy(folder).into_owned(),
        );
        let now = KnownTerminal {
            output_end: terminal.output_end(),
            history_count: history.len(),
            state: Some(status(lab, lab.state.machine.terminal_state(id))),
            folder,
        };
        if !fresh && *known == now {
            return None;
        }
        let update = TerminalUpdate {
            terminal: id as u32,
            reset: reset || fresh,
            output: terminal.output_since(known.output_end),
            state: now.state.clone()?,
            folder: now.folder.clone(),
            history: history[known.history_count..]
                .iter()
                .map(|line| line.to_string())
                .collect(),
        };
        *known = now;
        Some(update)
    }
}

fn status(lab: &Lab, state: TerminalState) -> TerminalStatus {
    match state {
        TerminalState::Prompt { status } => TerminalStatus::Prompt { status },
        TerminalState::Continuation => TerminalStatus::Continuation,
        TerminalState::Reading => TerminalStatus::Reading,
        TerminalState::Busy => TerminalStatus::Busy,
        TerminalState::Editing { path } => TerminalStatus::Editing {
            content: lab
                .state
                .machine
                .files()
                .read(&path)
                .map(|content| content.to_vec())
                .unwrap_or_default(),
            path: String::from_utf8_lossy(&path).into_owned(),
        },
        TerminalState::Closed { status } => TerminalStatus::Closed { status },
    }
}

fn timeline(lab: &Lab) -> Timeline {
    let entry = |entry: &crate::timeline::Entry| TimelineEntry {
        label: entry.lines.first().map(|line| line.act.label()).unwrap_or_default(),
        kind: entry.kind,
        at_nanos: entry.at_nanos,
        status: entry.status,
        reached: entry.reached.clone(),
    };
    Timeline {
        entries: lab.known().iter().map(entry).collect(),
        done: lab.done as u32,
        start_nanos: lab.spec.start_seconds.saturating_mul(1_000_000_000),
    }
}
