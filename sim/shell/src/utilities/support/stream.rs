//! Commands that read files one after the other and answer as they read (`cat`, `grep`, `head` …).

use essaim_kernel::files::OpenOptions;
use essaim_kernel::{Call, Errno, Io, Process, Progress, Read, Wait};
use std::collections::VecDeque;

/// Bytes read at a time.
const BLOCK_BYTES: usize = 32 << 10;
/// A step ends when this much was printed.
const OUTPUT_BYTES: usize = 32 << 10;

/// What a filter wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// More.
    Continue,
    /// Nothing more of this file.
    SkipFile,
    /// Nothing more at all.
    Stop,
}

/// The inside of a streaming command.
pub trait Filter: Clone + Send + Sync + Sized + 'static {
    /// Reads the command line; gives the filter and the files (`-` is standard input).
    fn new(call: &Call, io: &mut Io<'_>) -> Result<(Self, Vec<Vec<u8>>), u8>;

    /// The byte that ends a line; `None`: blocks as they come.
    fn delimiter(&self) -> Option<u8> {
        Some(b'\n')
    }

    /// A file was opened.
    fn begin(&mut self, name: &[u8], io: &mut Io<'_>) -> Flow {
        let _ = (name, io);
        Flow::Continue
    }

    /// A line without its delimiter (`ended`: it had one), or a block.
    fn take(&mut self, bytes: &[u8], ended: bool, io: &mut Io<'_>) -> Flow;

    /// Work that is left from what was taken. `None`: none; `Continue`: there is more, in another step.
    fn work(&mut self, io: &mut Io<'_>) -> Option<Flow> {
        let _ = io;
        None
    }

    /// A file is at its end, or was skipped.
    fn end(&mut self, io: &mut Io<'_>) {
        let _ = io;
    }

    /// A file could not be opened or read.
    fn failed(&mut self, name: &[u8], error: Errno, io: &mut Io<'_>);

    /// No file follows: what was held back for it can be worked on.
    fn no_more(&mut self) {}

    /// All is read.
    fn finish(&mut self, io: &mut Io<'_>) -> u8;
}

/// A [`Filter`] whose type is forgotten, so that what drives it is compiled once.
trait Inside {
    fn delimiter(&self) -> Option<u8>;
    fn begin(&mut self, name: &[u8], io: &mut Io<'_>) -> Flow;
    fn take(&mut self, bytes: &[u8], ended: bool, io: &mut Io<'_>) -> Flow;
    fn work(&mut self, io: &mut Io<'_>) -> Option<Flow>;
    fn end(&mut self, io: &mut Io<'_>);
    fn failed(&mut self, name: &[u8], error: Errno, io: &mut Io<'_>);
    fn no_more(&mut self);
    fn finish(&mut self, io: &mut Io<'_>) -> u8;
}

impl<F: Filter> Inside for F {
    fn delimiter(&self) -> Option<u8> {
        Filter::delimiter(self)
    }

    fn begin(&mut self, name: &[u8], io: &mut Io<'_>) -> Flow {
        Filter::begin(self, name, io)
    }

    fn take(&mut self, bytes: &[u8], ended: bool, io: &mut Io<'_>) -> Flow {
        Filter::take(self, bytes, ended, io)
    }

    fn work(&mut self, io: &mut Io<'_>) -> Option<Flow> {
        Filter::work(self, io)
    }

    fn end(&mut self, io: &mut Io<'_>) {
        Filter::end(self, io);
    }

    fn failed(&mut self, name: &[u8], error: Errno, io: &mut Io<'_>) {
        Filter::failed(self, name, error, io);
    }

    fn no_more(&mut self) {
        Filter::no_more(self);
    }

    fn finish(&mut self, io: &mut Io<'_>) -> u8 {
        Filter::finish(self, io)
    }
}

/// A [`Filter`] as a process.
#[derive(Clone)]
pub struct Streaming<F> {
    call: Call,
    filter: Option<F>,
    files: Files,
}

/// The files of a filter and where it is in them.
#[derive(Clone, Default)]
struct Files {
    files: VecDeque<Vec<u8>>,
    /// Descriptor and name of the file being read.
    current: Option<(u32, Vec<u8>)>,
    pending: Vec<u8>,
    /// The filter knows that no file follows.
    told: bool,
}

impl<F: Filter> Streaming<F> {
    /// The command at its start.
    pub fn boxed(call: Call) -> Box<dyn Process> {
        Box::new(Self {
            call,
            filter: None,
            files: Files::default(),
        })
    }
}

impl Files {
    fn open_next(&mut self, filter: &mut dyn Inside, io: &mut Io<'_>) -> Option<Flow> {
        let name = self.files.pop_front()?;
        let fd = if name == b"-" {
            Ok(0)
        } else {
            let read = OpenOptions {
                read: true,
                ..OpenOptions::default()
            };
            io.open(&name, read, false, 10)
        };
        match fd {
            Ok(fd) => {
                let flow = filter.begin(&name, io);
                self.current = Some((fd, name));
                Some(flow)
            }
            Err(error) => {
                filter.failed(&name, error, io);
                Some(Flow::Continue)
            }
        }
    }

    fn close(&mut self, filter: &mut dyn Inside, io: &mut Io<'_>) {
        self.pending.clear();
        if let Some((fd, _)) = self.current.take() {
            filter.end(io);
            if fd != 0 {
                io.close(fd);
            }
        }
    }

    fn give(&mut self, filter: &mut dyn Inside, bytes: &[u8], io: &mut Io<'_>) -> Flow {
        let Some(delimiter) = filter.delimiter() else {
            return filter.take(bytes, true, io);
        };
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|b| *b == delimiter) {
            let (line, after) = (&rest[..at], &rest[at + 1..]);
            let flow = if self.pending.is_empty() {
                filter.take(line, true, io)
            } else {
                let mut whole = std::mem::take(&mut self.pending);
                whole.extend_from_slice(line);
                filter.take(&whole, true, io)
            };
            if flow != Flow::Continue {
                return flow;
            }
            rest = after;
        }
        self.pending.extend_from_slice(rest);
        Flow::Continue
    }

    fn give_rest(&mut self, filter: &mut dyn Inside, io: &mut Io<'_>) -> Flow {
        if self.pending.is_empty() {
            return Flow::Continue;
        }
        let line = std::mem::take(&mut self.pending);
        filter.take(&line, false, io)
    }

    fn advance(&mut self, filter: &mut dyn Inside, io: &mut Io<'_>) -> Progress {
        loop {
            match filter.work(io) {
                None => {}
                Some(Flow::Stop) => return Progress::Exit(filter.finish(io)),
                Some(_) => return Progress::Ready,
            }
            let Some((fd, name)) = self.current.clone() else {
                match self.open_next(filter, io) {
                    None if !self.told => {
                        self.told = true;
                        filter.no_more();
                    }
                    None => return Progress::Exit(filter.finish(io)),
                    Some(Flow::Continue) => {}
                    Some(Flow::SkipFile) => self.close(filter, io),
                    Some(Flow::Stop) => return Progress::Exit(filter.finish(io)),
                }
                continue;
            };
            let flow = match io.read(fd, BLOCK_BYTES) {
                Read::Data(bytes) => self.give(filter, &bytes, io),
                Read::Wait => return Progress::Blocked(Wait::Readable(fd)),
                Read::End => match self.give_rest(filter, io) {
                    Flow::Continue => Flow::SkipFile,
                    flow => flow,
                },
                Read::Failed(error) => {
                    filter.failed(&name, error, io);
                    Flow::SkipFile
                }
            };
            match flow {
                Flow::Continue => {}
                Flow::SkipFile => self.close(filter, io),
                Flow::Stop => {
                    self.close(filter, io);
                    return Progress::Exit(filter.finish(io));
                }
            }
            if io.pending_output_bytes() > OUTPUT_BYTES || self.current.is_some() {
                return Progress::Ready;
            }
        }
    }
}

impl<F: Filter> Process for Streaming<F> {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        let mut filter = match self.filter.take() {
            Some(filter) => filter,
            None => match F::new(&self.call, io) {
                Ok((filter, files)) => {
                    self.files.files = files.into();
                    filter
                }
                Err(code) => return Progress::Exit(code),
            },
        };
        let progress = self.files.advance(&mut filter, io);
        self.filter = Some(filter);
        progress
    }

    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

/// The operands, or standard input where there are none.
pub fn files_or_stdin(operands: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    if operands.is_empty() {
        vec![b"-".to_vec()]
    } else {
        operands
    }
}
