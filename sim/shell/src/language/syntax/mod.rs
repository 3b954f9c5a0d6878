//! From bytes to a syntax tree: a parser by recursive descent over bytes, one complete command at a time (see
//! `docs/adr` for why it is our own). Its depth is limited by a number, its time is linear.

pub mod ast;
mod commands;
mod compound;
mod parameters;
mod redirects;
mod words;

pub use commands::{Aliases, Parser};

/// Why there is no syntax tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// The text ends too early: inside these quotes, or (`None`) inside a command.
    Incomplete { quote: Option<u8>, line: u32 },
    /// An unexpected token.
    Unexpected { token: Vec<u8>, line: u32 },
    /// A message of its own.
    Message { text: Vec<u8>, line: u32 },
}

/// What [`Parser::next_command`] may read at most.
#[derive(Clone, Copy, Debug)]
pub struct ParseLimits {
    /// Constructs within constructs.
    pub nesting_max: usize,
}
