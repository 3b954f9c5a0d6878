//! What can be asked of a lab.

use super::{Lab, Origin, Outcome};
use crate::facts::from_home;
use crate::transcript::{Act, Section};
use essaim_kernel::{Activity, TerminalState};
use essaim_proto_lab::message::Problem;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

impl Lab {
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
            running.origin != Origin::Again
                && !running.limited
                && running.watched.is_some_and(|(id, _)| id == terminal as usize)
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
                    self.meet_limit(limit);
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
}
