//! The page's end of a lab: the worker's host, the session's signals, the terminal's screen.

pub mod carry;
pub mod host;
pub mod screen;
pub mod session;
pub mod share;
pub mod zip;

pub use session::{Phase, Session, TerminalModel};
