//! Time travel: rewind, undo, redo.

use super::{Lab, Origin, Outcome};
use crate::transcript::Act;

impl Lab {
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
    pub(super) fn step_again(&mut self) -> bool {
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
        if self.is_mounted() {
            return false;
        }
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
        let possible = self.done < self.entries.len() && !self.is_mounted();
        if possible {
            self.rewind(self.done + 1);
        }
        possible
    }

    /// What is done in a real folder is done for good: undo is off.
    fn is_mounted(&self) -> bool {
        self.state.machine.files().has_mount()
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
