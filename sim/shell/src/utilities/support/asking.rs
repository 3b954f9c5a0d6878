//! Commands that may ask before they act (`rm -i`, `cp -i`, `mv -i`).

use essaim_kernel::{Call, Io, Process, Progress, Read, Wait};

/// What a turn led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// There is more to do.
    Again,
    /// A question was reached: the next turn has its answer.
    Ask(String),
    /// All is done.
    Exit(u8),
}

/// The inside of such a command: a list of things to do.
pub trait Worker: Clone + Send + Sync + Sized + 'static {
    /// Reads the command line.
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8>;
    /// Does the next thing. `answer` is set on the turn after a question.
    fn turn(&mut self, answer: Option<bool>, io: &mut Io<'_>) -> Turn;
}

/// A [`Worker`] as a process.
#[derive(Clone)]
pub struct Asking<W> {
    call: Call,
    worker: Option<W>,
    waiting: bool,
    line: Vec<u8>,
}

impl<W: Worker> Asking<W> {
    /// The command at its start.
    pub fn boxed(call: Call) -> Box<dyn Process> {
        Box::new(Self {
            call,
            worker: None,
            waiting: false,
            line: Vec::new(),
        })
    }

    fn read_answer(&mut self, io: &mut Io<'_>) -> Result<bool, Progress> {
        loop {
            // One byte at a time: what follows the answer is for others.
            match io.read(0, 1) {
                Read::Data(byte) if byte == b"\n" => break,
                Read::Data(byte) => self.line.extend(byte),
                Read::Wait => return Err(Progress::Blocked(Wait::Readable(0))),
                Read::End | Read::Failed(_) => break,
            }
        }
        let line = std::mem::take(&mut self.line);
        Ok(matches!(line.trim_ascii_start().first(), Some(b'y' | b'Y')))
    }
}

impl<W: Worker> Process for Asking<W> {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        let mut answer = None;
        if self.waiting {
            match self.read_answer(io) {
                Ok(yes) => answer = Some(yes),
                Err(progress) => return progress,
            }
            self.waiting = false;
        }
        let mut worker = match self.worker.take() {
            Some(worker) => worker,
            None => match W::new(&self.call, io) {
                Ok(worker) => worker,
                Err(code) => return Progress::Exit(code),
            },
        };
        let progress = loop {
            match worker.turn(answer.take(), io) {
                Turn::Again => {}
                Turn::Exit(code) => break Progress::Exit(code),
                Turn::Ask(question) => {
                    io.eprint(question);
                    self.waiting = true;
                    break Progress::Ready;
                }
            }
        };
        self.worker = Some(worker);
        progress
    }

    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
