//! Acts begin, run, and end.

use super::{ENTRIES_MAX, Lab, Origin, Outcome, Running, describe, open_shell};
use crate::facts::absolute;
use crate::transcript::{Act, TERMINALS_MAX};
use essaim_kernel::files::path::normalize;
use essaim_kernel::{Activity, TerminalState, Time};
use essaim_proto_lab::message::Problem;
use std::sync::Arc;
use std::time::Duration;

impl Lab {
    /// Does at most about `steps` steps; whether there is more to do.
    pub fn work(&mut self, steps: u64) -> bool {
        let Some(running) = &mut self.running else {
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
                    Activity::LimitReached(limit) => {
                        self.meet_limit(limit);
                        return true;
                    }
                }
            }
            return true;
        }
        match machine.run(steps) {
            Activity::Running => return true,
            Activity::Idle => {}
            Activity::LimitReached(limit) => {
                self.meet_limit(limit);
                return true;
            }
        }
        if let Some(until) = running.until
            && machine.now() < until
        {
            let soon = machine.now() + Duration::from_nanos(1);
            let next = machine.next_alarm().unwrap_or(until).clamp(soon, until);
            machine.advance_to(next);
            return true;
        }
        self.settle();
        self.is_busy()
    }

    /// The machine stopped what ran, and counts steps anew: an interrupt can no longer be told by their number.
    pub(super) fn meet_limit(&mut self, limit: &'static str) {
        self.limit = Some(limit);
        if let Some(running) = &mut self.running {
            running.limited = true;
            running.stop_after = None;
        }
    }

    /// Works until nothing is left to do.
    pub fn finish(&mut self) {
        while self.work(100_000) {}
    }

    pub(super) fn refuse(&mut self, origin: Origin, problem: Problem) {
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
    pub(super) fn begin(&mut self, act: Act, origin: Origin) {
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
            limited: false,
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
    pub(super) fn editing(&self, act: &Act) -> Option<u32> {
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
