//! Commands that need all of standard input before they answer (`sort`, `wc`, `tac` …).

use super::complain;
use essaim_kernel::{Call, Io, Process, Progress, Read, Wait};
use std::sync::Arc;

/// The inside of such a command.
pub trait Gather: Clone + Send + Sync + Sized + 'static {
    /// Reads the command line.
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8>;
    /// Whether standard input will be asked for.
    fn wants_stdin(&self) -> bool;
    /// Does the work.
    fn run(self, call: &Call, stdin: Arc<Vec<u8>>, io: &mut Io<'_>) -> u8;
}

/// A [`Gather`] as a process.
#[derive(Clone)]
pub struct Gathering<G> {
    call: Call,
    inner: Option<G>,
    stdin: Vec<u8>,
}

impl<G: Gather> Gathering<G> {
    /// The command at its start.
    pub fn boxed(call: Call) -> Box<dyn Process> {
        Box::new(Self {
            call,
            inner: None,
            stdin: Vec::new(),
        })
    }
}

impl<G: Gather> Process for Gathering<G> {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        let inner = match self.inner.take() {
            Some(inner) => inner,
            None => match G::new(&self.call, io) {
                Ok(inner) => inner,
                Err(code) => return Progress::Exit(code),
            },
        };
        if inner.wants_stdin()
            && let Some(progress) = read_on(&mut self.stdin, &self.call, io)
        {
            self.inner = Some(inner);
            return progress;
        }
        let stdin = Arc::new(std::mem::take(&mut self.stdin));
        Progress::Exit(inner.run(&self.call, stdin, io))
    }

    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

/// Reads what there is of standard input; `None`: it is all there.
fn read_on(stdin: &mut Vec<u8>, call: &Call, io: &mut Io<'_>) -> Option<Progress> {
    match io.read(0, 64 << 10) {
        Read::Data(bytes) => {
            stdin.extend_from_slice(&bytes);
            if stdin.len() as u64 > io.limits().file_bytes_max {
                complain(io, call, "memory exhausted");
                return Some(Progress::Exit(2));
            }
            Some(Progress::Ready)
        }
        Read::Wait => Some(Progress::Blocked(Wait::Readable(0))),
        Read::End => None,
        Read::Failed(error) => {
            complain(io, call, format!("-: {error}"));
            Some(Progress::Exit(1))
        }
    }
}

/// Whether `-` (or nothing) is among the files.
pub fn names_stdin(files: &[Vec<u8>]) -> bool {
    files.iter().any(|f| matches!(f.as_slice(), b"-" | b"/dev/stdin"))
}
