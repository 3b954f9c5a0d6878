//! The instructions of the machine that runs a program.

use super::value::Text;
use crate::utilities::regex::Regex;

/// An array: a variable of the program, or a parameter of the function at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    Global(usize),
    Local(usize),
}

/// What can be assigned to. A field's number and an element's subscript stand on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Variable(Name),
    Field,
    Element(Name),
}

impl Place {
    /// Whether something on the stack belongs to it.
    pub fn has_subscript(self) -> bool {
        !matches!(self, Self::Variable(_))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
    Concatenate,
    Less,
    LessEqual,
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Match,
    NoMatch,
}

/// Where `getline` reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Main,
    File,
    Command,
}

/// Where `print` writes; the name stands on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    Standard,
    File,
    Append,
    Command,
}

#[derive(Clone, Debug)]
pub enum Op {
    Number(f64),
    Text(Text),
    Regex(usize),
    /// Whether the record matches.
    MatchRecord(usize),
    Load(Place),
    /// As `Load`, leaving the subscript.
    Peek(Place),
    /// Takes the value, then the subscript; leaves the value.
    Store(Place),
    /// `++`, `--`: `after` leaves the old value.
    Step {
        place: Place,
        by: f64,
        after: bool,
    },
    Binary(Binary),
    Negate,
    Plus,
    Not,
    Truth,
    In(Name),
    /// Joins so many subscripts by `SUBSEP`.
    Subscripts(usize),
    Pop,
    Jump(usize),
    JumpIf(bool, usize),
    /// A variable as such, for a function that may want an array.
    Reference(Name),
    Call {
        function: usize,
        arguments: usize,
    },
    Return,
    Function {
        name: &'static str,
        arguments: usize,
    },
    /// `sub` and `gsub`: expression, replacement and subscript stand on the stack.
    Substitute {
        place: Place,
        all: bool,
    },
    /// `split`: with a separator on the stack or `FS`.
    Split {
        array: Name,
        separated: bool,
    },
    Getline {
        from: From,
        into: Option<Place>,
    },
    Print {
        arguments: usize,
        formatted: bool,
        to: To,
    },
    /// Takes the keys of an array to go through.
    Keys(Name),
    /// The next key into a place, or on to there.
    NextKey(Name, usize),
    DropKeys,
    Delete(Name),
    DeleteAll(Name),
    /// Jumps when the range of that number is open.
    JumpInRange(usize, usize),
    SetRange(usize, bool),
    Next,
    NextFile,
    /// `exit`; `true`: with a code.
    Exit(bool),
    /// The end of `BEGIN`, of the rules, of `END`.
    Finish,
}

/// A function: where it begins and how many variables it has.
#[derive(Clone, Debug, Default)]
pub struct Function {
    pub name: Vec<u8>,
    pub start: Option<usize>,
    pub locals: usize,
}

/// A compiled program.
#[derive(Clone, Debug, Default)]
pub struct Code {
    pub ops: Vec<Op>,
    pub regexes: Vec<Regex>,
    pub globals: Vec<Vec<u8>>,
    pub functions: Vec<Function>,
    pub range_count: usize,
    /// Where each `BEGIN`, each rule and each `END` begins.
    pub begin: Vec<usize>,
    pub rules: Vec<usize>,
    pub end: Vec<usize>,
}

/// The variables with a meaning, by their number.
pub const SPECIAL: [&str; 16] = [
    "NR", "NF", "FNR", "FS", "OFS", "ORS", "RS", "RSTART", "RLENGTH", "SUBSEP", "CONVFMT", "OFMT", "FILENAME",
    "ENVIRON", "ARGC", "ARGV",
];
