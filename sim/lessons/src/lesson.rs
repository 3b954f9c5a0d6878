//! A whole lesson: structure and text put together, in one language.

use crate::course::Place;
use crate::directive::{Part, split};
use crate::glossary::Glossary;
use crate::markdown::{Converter, RunSource};
use crate::problem::Problems;
use crate::structure::{Keys, Structure};
use crate::text::{FrontQuestion, FrontStep, Text};
use essaim_proto_lab::lesson::{Block, Choice, Inline, Lesson, Question, StepBlock, StepText, Term};
use essaim_proto_lab::spec::{Goal, StepSpec};
use std::collections::{BTreeMap, BTreeSet};

/// What the proof plays, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Play {
    /// A runnable block.
    Run(RunSource),
    /// The solution of a step.
    Step(usize),
}

/// A lesson in one language, and the order of its proof.
#[derive(Clone, Debug, Default)]
pub struct Assembled {
    /// As the page gets it.
    pub lesson: Lesson,
    /// As the proof plays it.
    pub plays: Vec<Play>,
}

/// Puts a lesson together.
pub fn assemble(
    structure: &Structure,
    text: &Text,
    language: &str,
    place: &Place,
    glossary: &Glossary,
    problems: &mut Problems,
) -> Assembled {
    let converter = Converter {
        path: &text.path,
        language,
        glossary,
        terms: BTreeSet::new(),
        anchors: BTreeSet::new(),
        runs: Vec::new(),
        problems,
    };
    let mut assembler = Assembler {
        structure,
        text,
        converter,
        plays: Vec::new(),
        success: BTreeMap::new(),
        steps_seen: Vec::new(),
        quiz_seen: false,
        predictions_seen: BTreeSet::new(),
    };
    let lesson = assembler.lesson(place);
    Assembled {
        lesson,
        plays: assembler.plays,
    }
}

struct Assembler<'a> {
    structure: &'a Structure,
    text: &'a Text,
    converter: Converter<'a>,
    plays: Vec<Play>,
    success: BTreeMap<usize, Vec<StepBlock>>,
    steps_seen: Vec<usize>,
    quiz_seen: bool,
    predictions_seen: BTreeSet<usize>,
}

impl Assembler<'_> {
    fn lesson(&mut self, place: &Place) -> Lesson {
        let text = self.text;
        let front = &text.front;
        let list = |this: &mut Self, items: &[String]| items.iter().map(|item| this.inline(item)).collect();
        let objectives = list(self, &front.objectives);
        let key_points = list(self, &front.key_points);
        for (key, value) in [("title", &front.title), ("summary", &front.summary)] {
            let inlines = self.inline(value);
            if inlines.is_empty() {
                self.problem(key, "it is empty");
            }
        }
        let blocks = match split(&text.path, &text.body, text.body_line) {
            Ok(parts) => self.parts(&parts),
            Err(problem) => {
                self.converter.problems.list.push(problem);
                Vec::new()
            }
        };
        self.everything_stands_in_the_text();
        let steps = self.steps();
        let quiz = self.questions(&self.structure.quiz, &front.quiz, "quiz");
        let predictions = self.questions(&self.structure.predictions, &front.predict, "predict");
        let language = self.converter.language;
        let term = |id: &String| {
            let (word, definition) = self.converter.glossary.get(id)?.in_language(language).clone();
            Some(Term {
                id: id.clone(),
                word,
                definition,
            })
        };
        Lesson {
            id: self.structure.lab.id.clone(),
            language: language.to_owned(),
            version: self.structure.version.clone(),
            title: front.title.clone(),
            summary: front.summary.clone(),
            minutes: place.minutes,
            objectives,
            prerequisites: place.prerequisites.clone(),
            blocks,
            steps,
            quiz,
            predictions,
            key_points,
            terms: self.converter.terms.iter().filter_map(term).collect(),
            lab: self.structure.lab.clone(),
        }
    }

    fn problem(&mut self, words: &str, message: &str) {
        let line = self.text.front_line_of(words);
        self.converter
            .problems
            .add(&self.text.path, line, format!("{words}: {message}"));
    }

    /// A text from between the `+++` lines.
    fn inline(&mut self, text: &str) -> Vec<Inline> {
        let start: String = text.chars().take(24).collect();
        let line = self.text.front_line_of(&start);
        self.converter.inline(text, line)
    }

    fn parts(&mut self, parts: &[Part]) -> Vec<Block> {
        let mut blocks = Vec::new();
        for part in parts {
            match part {
                Part::Markdown { line, text } => {
                    blocks.extend(self.converter.blocks(text, *line));
                    self.plays.extend(self.converter.runs.drain(..).map(Play::Run));
                }
                Part::Directive {
                    line,
                    name,
                    argument,
                    parts,
                } => {
                    blocks.extend(self.directive(*line, name, argument, parts));
                }
            }
        }
        blocks
    }

    fn directive(&mut self, line: usize, name: &str, argument: &str, parts: &[Part]) -> Option<Block> {
        match name {
            "note" | "warning" | "real-life" => {
                let blocks = self.parts(parts);
                return Some(Block::Callout {
                    kind: name.to_owned(),
                    blocks,
                });
            }
            "step" => return self.step(line, argument, parts),
            "predict" => {
                let index = self.structure.predictions.iter().position(|keys| keys.id == argument);
                if let Some(index) = index.filter(|index| self.predictions_seen.insert(*index)) {
                    return Some(Block::Predict { index: index as u32 });
                }
                self.refuse(
                    line,
                    format!("`::: predict {argument}`: expected a [[predict]] of lab.toml, once"),
                );
            }
            "quiz" if !self.quiz_seen => {
                self.quiz_seen = true;
                return Some(Block::Quiz);
            }
            "success" => self.refuse(line, "`::: success` stands inside a `::: step`".to_owned()),
            _ => self.refuse(
                line,
                format!("`::: {name}`: expected note, warning, real-life, step, predict or quiz (once)"),
            ),
        }
        None
    }

    fn refuse(&mut self, line: usize, message: String) {
        self.converter.problems.add(&self.text.path, line, message);
    }

    fn step(&mut self, line: usize, id: &str, parts: &[Part]) -> Option<Block> {
        let index = self.structure.lab.steps.iter().position(|step| step.id == id);
        let Some(index) = index.filter(|index| !self.steps_seen.contains(index)) else {
            self.refuse(line, format!("`::: step {id}`: expected a [[step]] of lab.toml, once"));
            return None;
        };
        if index != self.steps_seen.len() {
            self.refuse(line, format!("step {id:?} does not stand in the order of lab.toml"));
        }
        self.steps_seen.push(index);
        let is_success = |part: &&Part| matches!(part, Part::Directive { name, .. } if name == "success");
        let task: Vec<Part> = parts.iter().filter(|part| !is_success(part)).cloned().collect();
        let blocks = self.parts(&task);
        self.plays.push(Play::Step(index));
        let mut success = Vec::new();
        for part in parts.iter().filter(is_success) {
            let Part::Directive { line, parts, .. } = part else {
                continue;
            };
            for block in self.parts(parts) {
                match block {
                    Block::Paragraph(inlines) => success.push(StepBlock::Paragraph(inlines)),
                    Block::Code { text, .. } => success.push(StepBlock::Code(text)),
                    _ => self.refuse(*line, "`::: success` holds paragraphs and code only".to_owned()),
                }
            }
        }
        if success.is_empty() {
            self.refuse(line, format!("step {id:?} has no `::: success`"));
        }
        self.success.insert(index, success);
        Some(Block::Step {
            index: index as u32,
            blocks,
        })
    }

    fn everything_stands_in_the_text(&mut self) {
        for (index, step) in self.structure.lab.steps.iter().enumerate() {
            if !self.steps_seen.contains(&index) {
                self.refuse(
                    0,
                    format!("step {:?} of lab.toml has no place (`::: step {}`)", step.id, step.id),
                );
            }
        }
        for (index, keys) in self.structure.predictions.iter().enumerate() {
            if !self.predictions_seen.contains(&index) {
                self.refuse(
                    0,
                    format!("prediction {:?} of lab.toml has no place in the text", keys.id),
                );
            }
        }
        if !self.structure.quiz.is_empty() && !self.quiz_seen {
            self.refuse(0, "the quiz has no place (`::: quiz`)".to_owned());
        }
    }

    fn steps(&mut self) -> Vec<StepText> {
        let structure = self.structure;
        let known: Vec<&String> = structure.lab.steps.iter().map(|step| &step.id).collect();
        self.no_others("step", self.text.front.step.keys(), &known);
        let mut steps = Vec::new();
        for (index, spec) in structure.lab.steps.iter().enumerate() {
            match self.text.front.step.get(&spec.id) {
                Some(front) => {
                    let success = self.success.remove(&index).unwrap_or_default();
                    steps.push(self.step_text(spec, front, success));
                }
                None => self.problem("[step", &format!("[step.{}] is missing", spec.id)),
            }
        }
        steps
    }

    fn step_text(&mut self, spec: &StepSpec, front: &FrontStep, success: Vec<StepBlock>) -> StepText {
        let mut list = |goals: &[Goal], texts: &BTreeMap<String, String>, what: &str| {
            let name = format!("step.{}.{what}", spec.id);
            self.texts(&name, goals, texts)
        };
        let goals = list(&spec.goals, &front.goal, "goal");
        let keeps = list(&spec.keeps, &front.keep, "keep");
        let wrong = list(&spec.wrong, &front.wrong, "wrong");
        let hints = [&front.hint.lead, &front.hint.method, &front.hint.command].map(|hint| self.inline(hint));
        if hints.iter().any(Vec::is_empty) {
            self.problem(&format!("[step.{}.hint]", spec.id), "a hint is empty");
        }
        StepText {
            id: spec.id.clone(),
            title: front.title.clone(),
            goals,
            keeps,
            hints,
            wrong,
            success,
        }
    }

    /// One text per goal, in order.
    fn texts(&mut self, name: &str, goals: &[Goal], texts: &BTreeMap<String, String>) -> Vec<Vec<Inline>> {
        let known: Vec<&String> = goals.iter().map(|goal| &goal.id).collect();
        self.no_others(name, texts.keys(), &known);
        let mut out = Vec::new();
        for goal in goals {
            match texts.get(&goal.id) {
                Some(text) => out.push(self.inline(text)),
                None => self.problem(&format!("[{name}]"), &format!("{:?} of lab.toml has no text", goal.id)),
            }
        }
        out
    }

    fn no_others<'k>(&mut self, name: &str, keys: impl Iterator<Item = &'k String>, known: &[&String]) {
        for key in keys.filter(|key| !known.contains(key)) {
            self.problem(key, &format!("{name}.{key} is not in lab.toml"));
        }
    }

    fn questions(&mut self, structure: &[Keys], texts: &BTreeMap<String, FrontQuestion>, name: &str) -> Vec<Question> {
        let known: Vec<&String> = structure.iter().map(|keys| &keys.id).collect();
        self.no_others(name, texts.keys(), &known);
        let mut questions = Vec::new();
        for keys in structure {
            let Some(front) = texts.get(&keys.id) else {
                self.problem(&format!("[{name}"), &format!("[{name}.{}] is missing", keys.id));
                continue;
            };
            let known: Vec<&String> = keys.choices.iter().collect();
            self.no_others(&format!("{name}.{}.choice", keys.id), front.choice.keys(), &known);
            let mut choices = Vec::new();
            for id in &keys.choices {
                let Some((text, why)) = front.choice.get(id) else {
                    self.problem(&format!("[{name}.{}.choice]", keys.id), &format!("{id:?} has no text"));
                    continue;
                };
                choices.push(Choice {
                    id: id.clone(),
                    text: self.inline(text),
                    right: keys.right.contains(id),
                    why: self.inline(why),
                });
            }
            questions.push(Question {
                id: keys.id.clone(),
                text: self.inline(&front.text),
                several: keys.right.len() > 1,
                choices,
            });
        }
        questions
    }
}
