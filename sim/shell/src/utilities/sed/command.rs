//! The commands of a script.

use crate::utilities::regex::Regex;

/// Where a command applies.
#[derive(Clone, Debug)]
pub enum Address {
    Line(u64),
    /// `first~step`.
    Step(u64, u64),
    Last,
    /// `None`: the expression used last.
    Pattern(Option<Regex>),
    /// `,+N`.
    Plus(u64),
    /// `,~N`.
    Multiple(u64),
}

/// A piece of a replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(Vec<u8>),
    Group(usize),
    Case(u8),
}

/// `s///`.
#[derive(Clone, Debug)]
pub struct Substitution {
    pub regex: Option<Regex>,
    pub pieces: Vec<Piece>,
    pub global: bool,
    pub print: bool,
    pub number: usize,
    pub file: Option<Vec<u8>>,
}

/// What a command does.
#[derive(Clone, Debug)]
pub enum Action {
    /// `{`: where its `}` is.
    Block(usize),
    BlockEnd,
    Label,
    /// `b`, `t`, `T`: the letter and where it goes.
    Branch(u8, usize),
    /// `a`, `i`, `c` and their text.
    Text(u8, Vec<u8>),
    /// `r`, `R`, `w`, `W` and their file.
    File(u8, Vec<u8>),
    Substitute(Box<Substitution>),
    Translate(Vec<(Vec<u8>, Vec<u8>)>),
    /// `q`, `Q` and their exit code; `l` and its width.
    Number(u8, Option<u64>),
    /// Commands of one letter.
    Simple(u8),
}

/// One command.
#[derive(Clone, Debug)]
pub struct Command {
    pub first: Option<Address>,
    pub second: Option<Address>,
    pub negated: bool,
    pub action: Action,
}
