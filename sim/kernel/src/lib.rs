//! The simulated machine every engine runs on.
//!
//! The kernel owns everything an engine may not take from the browser or the operating system: time, chance, files,
//! processes, pipes and terminals. A whole [`Machine`] is a plain value: cloning it is taking a snapshot, and the same
//! inputs always give the same machine, natively and in Wasm.
//!
//! Reading order: [`time`], [`random`], [`queue`], [`digest`], [`sort`], [`limits`], [`value`], [`files`], [`process`],
//! [`terminal`], [`machine`], [`io`], [`world`], [`engine`].

#![warn(missing_docs)]

pub mod time;

pub mod random;

pub mod queue;

pub mod digest;

pub mod sort;

pub mod limits;

pub mod value;

pub mod files;

pub mod process;

pub mod terminal;

pub mod machine;

pub mod io;

pub mod world;

pub mod engine;

pub use digest::Digest;
pub use engine::{Candidate, CompletionCall, Engine, Glance, View};
pub use files::{Errno, FileKind, Files, Metadata};
pub use io::{Io, Read};
pub use limits::Limits;
pub use machine::{Activity, Machine};
pub use process::{Call, ExitStatus, Pid, Process, Program, Progress, Signal, Spawn, Wait};
pub use sort::{IntoTree, SmallSort};
pub use terminal::{TerminalId, TerminalState};
pub use time::Time;
pub use value::{Event, EventLog, Value};
