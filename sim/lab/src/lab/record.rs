//! What was done goes into the timeline.

use super::{Lab, Origin, Outcome, Running};
use crate::goals;
use crate::timeline::{Entry, kind};
use crate::transcript::{Act, Line, plain_text};
use essaim_kernel::TerminalState;
use essaim_proto_lab::message::EntryKind;

/// Bytes of output an entry remembers for the transcript; a longer output is cut with a line `…`.
pub const OUTPUT_KEPT_BYTES_MAX: usize = 64 << 10;

/// Snapshots are kept after each of the last entries, and after every so many of the older ones.
const RECENT_SNAPSHOTS: usize = 32;
const OLD_SNAPSHOT_EVERY: usize = 16;

impl Lab {
    /// Writes the act into the timeline; a fresh one ends the known future.
    pub(super) fn note(&mut self, act: &Act, origin: Origin) {
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
    pub(super) fn unnote(&mut self, origin: Origin) {
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
    pub(super) fn settle_cut(&mut self) {
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
    pub(super) fn settle(&mut self) {
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
