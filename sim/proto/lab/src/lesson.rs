//! A compiled lesson: typed blocks instead of Markdown, one file per lesson and language.

use crate::spec::LabSpec;
use serde::{Deserialize, Serialize};

/// One lesson in one language, as the page fetches it (postcard).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lesson {
    /// `chapter/module/lesson`
    pub id: String,
    /// `fr` or `en`
    pub language: String,
    /// Changes whenever the lesson's structure does: progress is kept under it.
    pub version: String,
    /// Title.
    pub title: String,
    /// One sentence.
    pub summary: String,
    /// Minutes it takes.
    pub minutes: u32,
    /// What the learner can do afterwards.
    pub objectives: Vec<Vec<Inline>>,
    /// Lessons to have done before, by id.
    pub prerequisites: Vec<String>,
    /// The text, in order; [`Block::Step`] and [`Block::Quiz`] stand where the steps and the quiz come.
    pub blocks: Vec<Block>,
    /// Texts of the steps, in the order of [`LabSpec::steps`].
    pub steps: Vec<StepText>,
    /// The quiz.
    pub quiz: Vec<Question>,
    /// Questions asked before a command is run, by [`Block::Predict`].
    pub predictions: Vec<Question>,
    /// Key points.
    pub key_points: Vec<Vec<Inline>>,
    /// Glossary entries the text uses.
    pub terms: Vec<Term>,
    /// The lab beside it.
    pub lab: LabSpec,
}

/// A block of text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Block {
    /// A heading of level 2 or 3, with its anchor.
    Heading {
        /// 2 or 3.
        level: u8,
        /// Anchor.
        id: String,
        /// Text.
        text: Vec<Inline>,
    },
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// A list.
    List {
        /// Numbered or not.
        ordered: bool,
        /// Items, each of blocks.
        items: Vec<Vec<Block>>,
    },
    /// Code to read or copy.
    Code {
        /// Language, or empty.
        language: String,
        /// Text.
        text: String,
    },
    /// Commands to run with one click, and what they print.
    Run(Run),
    /// A remark.
    Callout {
        /// `note`, `warning` or `real-life`.
        kind: String,
        /// Its text.
        blocks: Vec<Block>,
    },
    /// A table.
    Table {
        /// Head cells.
        head: Vec<Vec<Inline>>,
        /// Rows.
        rows: Vec<Vec<Vec<Inline>>>,
    },
    /// Step number `index` stands here, with its instructions.
    Step {
        /// Index in [`Lesson::steps`].
        index: u32,
        /// What to do.
        blocks: Vec<Block>,
    },
    /// Prediction number `index` is asked here.
    Predict {
        /// Index in [`Lesson::predictions`].
        index: u32,
    },
    /// The quiz stands here.
    Quiz,
}

/// A runnable block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The command lines, in order.
    pub commands: Vec<String>,
    /// What is shown: commands and output, as (is a command, text).
    pub lines: Vec<(bool, String)>,
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inline {
    /// Text.
    Text(String),
    /// Code.
    Code(String),
    /// Emphasis.
    Emphasis(Vec<Inline>),
    /// Strong.
    Strong(Vec<Inline>),
    /// A link.
    Link {
        /// Where to: `#/…` inside, or https.
        href: String,
        /// Text.
        text: Vec<Inline>,
    },
    /// A glossary term.
    Term {
        /// Its id in [`Lesson::terms`].
        id: String,
        /// Text.
        text: Vec<Inline>,
    },
    /// A line break.
    Break,
}

/// The texts of one step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepText {
    /// Its id, as in the lab's structure.
    pub id: String,
    /// Short title.
    pub title: String,
    /// One sentence per goal, in order.
    pub goals: Vec<Vec<Inline>>,
    /// One sentence per keep, in order.
    pub keeps: Vec<Vec<Inline>>,
    /// The three hints: lead, method, command.
    pub hints: [Vec<Inline>; 3],
    /// Feedback per anticipated mistake, in order.
    pub wrong: Vec<Vec<Inline>>,
    /// After success: why it works, alternatives, the trap in production.
    pub success: Vec<StepBlock>,
}

/// A block of a step's success text (a paragraph or code; blocks proper would make the types recursive for no use).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepBlock {
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// Code.
    Code(String),
}

/// A question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its id.
    pub id: String,
    /// The question.
    pub text: Vec<Inline>,
    /// Whether several choices are right.
    pub several: bool,
    /// The choices.
    pub choices: Vec<Choice>,
}

/// A choice of a question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Its id.
    pub id: String,
    /// Its text.
    pub text: Vec<Inline>,
    /// Whether it is right.
    pub right: bool,
    /// The explanation shown once it was chosen.
    pub why: Vec<Inline>,
}

/// A glossary entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// Its id.
    pub id: String,
    /// The word.
    pub word: String,
    /// The definition.
    pub definition: String,
}

/// The index of compiled lessons: `content/index.json` in the built page maps `id.language` to a hashed file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// (`chapter/module/lesson.language`, file name), sorted.
    pub files: Vec<(String, String)>,
}
