//! The syntax tree. Everything a frame of the interpreter points into stands behind an [`Arc`], so that cloning a
//! shell (a snapshot, a subshell) copies no tree.

use std::sync::{Arc, OnceLock};

/// Commands one after the other.
#[derive(Debug, Default)]
pub struct List {
    pub items: Vec<Item>,
}

impl List {
    /// One command.
    pub fn of(command: Command) -> Self {
        let pipeline = Pipeline {
            negate: false,
            timed: Timed::No,
            commands: vec![Arc::new(command)],
            stderr_too: Vec::new(),
            source: Arc::from([]),
        };
        let and_or = AndOr {
            first: Arc::new(pipeline),
            rest: Vec::new(),
            source: Vec::new(),
        };
        Self {
            items: vec![Item {
                and_or: Arc::new(and_or),
                background: false,
            }],
        }
    }
}

/// One and-or list and how it ends.
#[derive(Clone, Debug)]
pub struct Item {
    pub and_or: Arc<AndOr>,
    pub background: bool,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Debug)]
pub struct AndOr {
    pub first: Arc<Pipeline>,
    /// (`true` for `&&`, what follows).
    pub rest: Vec<(bool, Arc<Pipeline>)>,
    /// As it was written, for `jobs`.
    pub source: Vec<u8>,
}

#[derive(Debug)]
pub struct Pipeline {
    pub negate: bool,
    pub timed: Timed,
    pub commands: Vec<Arc<Command>>,
    /// Whether the pipe after each command also takes its standard error (`|&`).
    pub stderr_too: Vec<bool>,
    /// As it was written.
    pub source: Arc<[u8]>,
}

/// Whether a pipeline is timed: `time`, `time -p`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timed {
    No,
    Yes,
    Posix,
}

#[derive(Debug)]
pub struct Command {
    pub kind: Kind,
    pub redirects: Arc<[Redirect]>,
    pub line: u32,
}

#[derive(Debug)]
pub enum Kind {
    Simple(Arc<Simple>),
    Group(Arc<List>),
    Subshell(Arc<List>),
    If {
        clauses: Vec<(Arc<List>, Arc<List>)>,
        otherwise: Option<Arc<List>>,
    },
    While {
        until: bool,
        condition: Arc<List>,
        body: Arc<List>,
    },
    For {
        name: Vec<u8>,
        /// `None`: the positional parameters.
        words: Option<Vec<Word>>,
        body: Arc<List>,
        /// `for x in …` as written, for `set -x`.
        header: Vec<u8>,
    },
    CountingFor {
        start: Word,
        condition: Word,
        update: Word,
        body: Arc<List>,
    },
    Case {
        word: Word,
        arms: Vec<Arm>,
        header: Vec<u8>,
    },
    Arithmetic(Word),
    Test(Vec<TestStep>),
    Function {
        name: Vec<u8>,
        body: Arc<Command>,
        source: Vec<u8>,
    },
}

/// Assignments, words and (in [`Command::redirects`]) redirections.
#[derive(Debug, Default)]
pub struct Simple {
    pub assignments: Vec<Assignment>,
    pub args: Vec<Argument>,
}

#[derive(Clone, Debug)]
pub enum Argument {
    Word(Word),
    /// `name=value` after `export`, `local`, `declare` …
    Assignment(Assignment),
}

#[derive(Clone, Debug)]
pub struct Assignment {
    pub name: Vec<u8>,
    pub index: Option<Word>,
    pub append: bool,
    pub value: Assigned,
}

#[derive(Clone, Debug)]
pub enum Assigned {
    Scalar(Word),
    Array(Vec<(Option<Word>, Word)>),
}

#[derive(Debug)]
pub struct Arm {
    pub patterns: Vec<Word>,
    pub body: Arc<List>,
    pub after: ArmEnd,
}

/// What follows an arm's body: `;;`, `;&`, `;;&`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArmEnd {
    Leave,
    FallThrough,
    TestNext,
}

/// `[[ … ]]`, compiled: each step sets or uses one truth value.
#[derive(Clone, Debug)]
pub enum TestStep {
    Unary(u8, Word),
    Binary(Vec<u8>, Word, Word),
    NotEmpty(Word),
    Not,
    /// Jump to this step when the value is false (`&&`).
    SkipIfFalse(usize),
    /// Jump to this step when the value is true (`||`).
    SkipIfTrue(usize),
}

#[derive(Debug)]
pub struct Redirect {
    pub fd: Option<u32>,
    pub kind: RedirectKind,
    pub target: Word,
    /// The target as written, for messages.
    pub source: Vec<u8>,
    /// A here-document's text, known once the parser has met the next line.
    pub document: Option<Arc<OnceLock<Word>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectKind {
    Read,
    Write,
    Clobber,
    Append,
    ReadWrite,
    DuplicateIn,
    DuplicateOut,
    BothWrite,
    BothAppend,
    HereDocument,
    HereString,
}

/// A word: its parts, in order.
#[derive(Clone, Debug)]
pub struct Word(pub Arc<[Part]>);

impl Word {
    pub fn empty() -> Self {
        Self(Arc::from([]))
    }

    /// The text of a word that is nothing but unquoted characters.
    pub fn as_literal(&self) -> Option<&[u8]> {
        match &*self.0 {
            [Part::Literal(bytes)] => Some(bytes),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub enum Part {
    Literal(Vec<u8>),
    Quoted(Vec<u8>),
    /// `~name` (without the tilde).
    Tilde(Vec<u8>),
    Parameter(Arc<Parameter>),
    Command {
        list: Arc<List>,
        quoted: bool,
    },
    Arithmetic {
        expression: Word,
        quoted: bool,
    },
    /// `<(…)` and (`output`) `>(…)`: a name under which the commands are read or written.
    Process {
        list: Arc<List>,
        output: bool,
    },
}

#[derive(Debug)]
pub struct Parameter {
    pub name: Vec<u8>,
    pub index: Option<Index>,
    pub indirect: bool,
    pub quoted: bool,
    pub operation: Operation,
}

#[derive(Debug)]
pub enum Index {
    /// `[@]`
    All,
    /// `[*]`
    Joined,
    At(Word),
}

#[derive(Debug)]
pub enum Operation {
    Value,
    Length,
    Default {
        null_too: bool,
        word: Word,
    },
    Assign {
        null_too: bool,
        word: Word,
    },
    Error {
        null_too: bool,
        word: Word,
    },
    Alternate {
        null_too: bool,
        word: Word,
    },
    RemovePrefix {
        longest: bool,
        pattern: Word,
    },
    RemoveSuffix {
        longest: bool,
        pattern: Word,
    },
    Replace {
        how: Replace,
        pattern: Word,
        with: Word,
    },
    Substring {
        offset: Word,
        length: Option<Word>,
    },
    Case {
        upper: bool,
        all: bool,
    },
    /// `${v@Q}`
    Transform(u8),
    /// `${!prefix*}`
    Names,
    /// Not a valid parameter expansion; the text as written.
    Bad(Vec<u8>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    First,
    All,
    Prefix,
    Suffix,
}

/// Whether `bytes` is a variable's name.
pub fn is_name(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(b) if b.is_ascii_alphabetic() || *b == b'_')
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
}
