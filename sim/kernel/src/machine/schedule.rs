//! The scheduler: who runs next, when time passes, what a limit stops.

use super::state::{Core, Target};
use crate::process::{Pid, Signal, Wait};
use crate::terminal::TerminalId;
use crate::time::Time;

impl Core {
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
}
