//! A lab's structure, the same in every language: what it starts with, its steps, goals and wrong attempts.

use serde::{Deserialize, Serialize};

/// What a lab starts with and asks for. Compiled from a lesson's `lab.toml` and `files/`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LabSpec {
    /// `chapter/module/lesson`, or `lab` for the free lab.
    pub id: String,
    /// Engines by name: `git`.
    pub engines: Vec<String>,
    /// Seed of every random stream.
    pub seed: u64,
    /// Start instant, seconds since the Unix epoch.
    pub start_seconds: i64,
    /// POSIX time zone for `TZ`: `Europe/Paris`.
    pub time_zone: String,
    /// Seconds of virtual time each command line takes, besides what it waits for.
    pub command_seconds: u32,
    /// The learner's login name; the home folder is `/home/<user>`.
    pub user: String,
    /// Host name, as the prompt shows it.
    pub host: String,
    /// Folder the terminals start in and facts are read from, absolute.
    pub folder: String,
    /// Files the machine starts with.
    pub files: Vec<StartFile>,
    /// Commands run before the learner arrives, silently; a failing one is an error of the lesson.
    pub setup: Vec<String>,
    /// Environment variables besides the usual.
    pub env: Vec<(String, String)>,
    /// The steps, in order; empty in the free lab.
    pub steps: Vec<StepSpec>,
}

/// One file of the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartFile {
    /// Absolute path.
    pub path: String,
    /// Content.
    pub content: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
}

/// One graded step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepSpec {
    /// Kebab-case, unique in the lesson.
    pub id: String,
    /// All must be reached.
    pub goals: Vec<Goal>,
    /// All must hold throughout.
    pub keeps: Vec<Goal>,
    /// Anticipated mistakes, the first that matches is answered.
    pub wrong: Vec<Goal>,
}

/// A condition with a name; its sentence is in the lesson's text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    /// Kebab-case, unique in the step.
    pub id: String,
    /// Reached when every clause of at least one alternative holds.
    pub any_of: Vec<Vec<Clause>>,
}

/// `fact operator value`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clause {
    /// `git.branch.main.subject`, `file."~/collecte/pipeline.py".text`
    pub fact: String,
    /// How to compare.
    pub operator: Operator,
    /// What to compare with (ignored by `Exists` and `Missing`).
    pub value: Operand,
}

/// How a clause compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=` (a missing fact differs from everything)
    Different,
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// A text contains a text; a list contains an element.
    Contains,
    /// A text does not contain a text; a list does not contain an element.
    Lacks,
    /// A text matches a shell pattern (`*`, `?`, `[…]`).
    Matches,
    /// The fact is there.
    Exists,
    /// The fact is not there.
    Missing,
    /// A list has this many elements.
    Count,
}

/// A value written in `lab.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Operand {
    /// None is needed.
    None,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Operand>),
}
