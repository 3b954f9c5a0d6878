//! Which line comes next, and what happens at the end of a file.

use super::run::{Input, Machine, Stage};
use essaim_kernel::Io;

impl Machine {
    /// Takes what comes next. `false`: more must be read first.
    pub(super) fn read(&mut self, io: &mut Io<'_>) -> bool {
        match self.queue.front() {
            None if self.finished => {
                if matches!(self.stage, Stage::Next(..)) {
                    self.no_next_line(io);
                    return true;
                }
                false
            }
            None => false,
            Some(Input::Begin(_)) => {
                if let Some(Input::Begin(name)) = self.queue.pop_front() {
                    self.file = name;
                    if self.separate {
                        self.line = 0;
                    }
                }
                true
            }
            Some(Input::End) => {
                if self.separate && matches!(self.stage, Stage::Next(..)) {
                    self.no_next_line(io);
                    return true;
                }
                self.queue.pop_front();
                self.end_file(io);
                true
            }
            Some(Input::Line(..)) => {
                if self.needs_last && self.last_is_unknown() {
                    return false;
                }
                self.take_line(io);
                true
            }
        }
    }

    /// Whether it cannot be said yet that a line is the last.
    pub(super) fn last_is_unknown(&self) -> bool {
        let more = self.queue.iter().skip(1).any(|i| match i {
            Input::Line(..) => true,
            Input::End => self.separate,
            Input::Begin(_) => false,
        });
        !more && !self.finished
    }

    pub(super) fn is_last(&self) -> bool {
        for input in &self.queue {
            match input {
                Input::Line(..) => return false,
                Input::End if self.separate => return true,
                _ => {}
            }
        }
        self.finished
    }

    pub(super) fn take_line(&mut self, io: &mut Io<'_>) {
        let Some(Input::Line(text, ended)) = self.queue.pop_front() else {
            return;
        };
        match self.stage {
            Stage::Next(b'N', at) => {
                self.append_now(io);
                self.pattern.push(self.delimiter);
                self.pattern.extend_from_slice(&text);
                self.stage = Stage::At(at + 1);
            }
            Stage::Next(_, at) => {
                if !self.quiet {
                    self.print_pattern(io);
                }
                self.append_now(io);
                self.pattern = text;
                self.stage = Stage::At(at + 1);
            }
            _ => {
                self.pattern = text;
                self.replaced = false;
                self.stage = Stage::At(0);
            }
        }
        self.ended = ended;
        self.line += 1;
    }

    /// `n` and `N` at the end of input: GNU prints and stops.
    pub(super) fn no_next_line(&mut self, io: &mut Io<'_>) {
        if !self.quiet {
            self.print_pattern(io);
        }
        self.append_now(io);
        self.stage = Stage::Idle;
        if !self.separate {
            self.quitting = Some(self.status);
        }
    }

    pub(super) fn end_file(&mut self, io: &mut Io<'_>) {
        if !self.in_place {
            return;
        }
        let content = std::mem::take(&mut self.out);
        self.sinks.remove(&1);
        let at = io.path(&self.file);
        if !self.suffix.is_empty() {
            let mut backup = self.file.clone();
            if self.suffix.contains(&b'*') {
                let base = essaim_kernel::files::path::file_name(&self.file);
                let parent = essaim_kernel::files::path::parent(&self.file);
                let name: Vec<u8> = self
                    .suffix
                    .iter()
                    .flat_map(|b| if *b == b'*' { base.to_vec() } else { vec![*b] })
                    .collect();
                backup = if name.contains(&b'/') || parent.is_empty() {
                    name
                } else {
                    essaim_kernel::files::path::join(parent, &name)
                };
            } else {
                backup.extend_from_slice(&self.suffix);
            }
            if let Ok(old) = io.files().read(&at) {
                let backup = io.path(&backup);
                let _ = io.files().write(&backup, old.as_ref().clone());
            }
        }
        if let Err(error) = io.files().write(&at, content) {
            let name = String::from_utf8_lossy(&self.file).into_owned();
            io.eprint(format!("sed: couldn't open file {name}: {error}\n"));
            self.status = 4;
        }
    }
}
