//! `lesson.<lang>.md`: TOML between `+++` lines, then Markdown.

use crate::problem::{Problem, Problems};
use crate::sources::{Sources, text, toml};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What stands between the `+++` lines.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Front {
    /// In a translation: the hash of the French file it translates.
    pub source: Option<String>,
    /// Title.
    pub title: String,
    /// One sentence.
    pub summary: String,
    /// What the learner can do afterwards.
    pub objectives: Vec<String>,
    /// Key points.
    pub key_points: Vec<String>,
    /// Steps, by id.
    #[serde(default)]
    pub step: BTreeMap<String, FrontStep>,
    /// Quiz questions, by id.
    #[serde(default)]
    pub quiz: BTreeMap<String, FrontQuestion>,
    /// Questions before a run, by id.
    #[serde(default)]
    pub predict: BTreeMap<String, FrontQuestion>,
}

/// The short texts of a step.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontStep {
    /// Title.
    pub title: String,
    /// Goals, by id.
    #[serde(default)]
    pub goal: BTreeMap<String, String>,
    /// Keeps, by id.
    #[serde(default)]
    pub keep: BTreeMap<String, String>,
    /// The three hints.
    pub hint: Hints,
    /// Feedback, by id.
    #[serde(default)]
    pub wrong: BTreeMap<String, String>,
}

/// The three tiers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hints {
    /// A question that points.
    pub lead: String,
    /// The concept.
    pub method: String,
    /// The solution, explained.
    pub command: String,
}

/// A question.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontQuestion {
    /// The question.
    pub text: String,
    /// Choices, by id: text and explanation.
    pub choice: BTreeMap<String, (String, String)>,
}

/// A lesson's text in one language.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// Path of the file.
    pub path: String,
    /// What stands between the `+++` lines.
    pub front: Front,
    /// The TOML itself, for finding lines.
    pub front_text: String,
    /// The Markdown.
    pub body: String,
    /// Line of the file where the Markdown begins.
    pub body_line: usize,
}

impl Text {
    /// The line of the file in which some words of the TOML stand.
    pub fn front_line_of(&self, words: &str) -> usize {
        self.front_text
            .lines()
            .position(|line| line.contains(words))
            .map_or(0, |at| at + 2)
    }
}

/// Reads the text of a lesson in one language.
pub fn read(sources: &Sources, id: &str, language: &str, problems: &mut Problems) -> Option<Text> {
    let path = format!("{id}/lesson.{language}.md");
    let content = problems.take(text(sources, &path))?;
    let split = split(content).ok_or_else(|| Problem::new(&path, 1, "expected TOML between two lines `+++`"));
    let (front_text, body) = problems.take(split)?;
    let front = problems.take(toml(&path, front_text, 2))?;
    Some(Text {
        front,
        front_text: front_text.to_owned(),
        body: body.to_owned(),
        body_line: front_text.matches('\n').count() + 3,
        path,
    })
}

fn split(content: &str) -> Option<(&str, &str)> {
    let rest = content.strip_prefix("+++\n")?;
    let end = rest.find("\n+++\n")?;
    Some((&rest[..=end], &rest[end + 5..]))
}
