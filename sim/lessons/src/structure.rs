//! `lab.toml`: what a lesson is, the same in every language.

use crate::problem::{Problem, Problems};
use crate::sources::{Sources, hash, is_kebab, text, toml};
use essaim_proto_lab::spec::{Clause, Goal, LabSpec, Operand, Operator, StartFile, StepSpec};
use serde::Deserialize;
use std::collections::BTreeSet;

/// What `lab.toml` says.
#[derive(Clone, Debug, Default)]
pub struct Structure {
    /// The lab.
    pub lab: LabSpec,
    /// Quiz questions.
    pub quiz: Vec<Keys>,
    /// Questions before a run.
    pub predictions: Vec<Keys>,
    /// Changes whenever the structure does.
    pub version: String,
}

/// A question's choices and which are right.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Its id.
    pub id: String,
    /// Ids of the choices, in order.
    pub choices: Vec<String>,
    /// Ids of the right ones.
    pub right: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    engines: Vec<String>,
    seed: u64,
    start: String,
    time_zone: String,
    user: String,
    host: String,
    folder: String,
    command_seconds: u32,
    #[serde(default)]
    setup: Vec<String>,
    #[serde(default)]
    env: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    step: Vec<StepFile>,
    #[serde(default)]
    quiz: Vec<Keys>,
    #[serde(default)]
    predict: Vec<Keys>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepFile {
    id: String,
    goal: Vec<GoalFile>,
    #[serde(default)]
    keep: Vec<GoalFile>,
    #[serde(default)]
    wrong: Vec<GoalFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GoalFile {
    id: String,
    #[serde(default)]
    all: Vec<toml::Spanned<Vec<toml::Value>>>,
    #[serde(default)]
    any: Vec<Vec<toml::Spanned<Vec<toml::Value>>>>,
}

/// Reads the structure of a lesson and its start files.
pub fn read(sources: &Sources, id: &str, problems: &mut Problems) -> Option<Structure> {
    let path = format!("{id}/lab.toml");
    let content = problems.take(text(sources, &path))?;
    let file: File = problems.take(toml(&path, content, 1))?;
    let start_seconds = problems.take(instant(&file.start).ok_or_else(|| {
        Problem::new(
            &path,
            0,
            format!(
                "start = {:?}: expected RFC 3339 in UTC, as 2026-03-02T08:30:00Z",
                file.start
            ),
        )
    }))?;
    let mut reader = Reader {
        path: &path,
        content,
        problems,
    };
    reader.unique("step", file.step.iter().map(|step| &step.id));
    reader.unique("quiz", file.quiz.iter().map(|keys| &keys.id));
    reader.unique("predict", file.predict.iter().map(|keys| &keys.id));
    for keys in file.quiz.iter().chain(&file.predict) {
        reader.keys(keys);
    }
    let steps = file.step.into_iter().map(|step| reader.step(step)).collect();
    let home = format!("/home/{}", file.user);
    let folder = absolute(&home, &file.folder);
    let mut lab = LabSpec {
        id: id.to_owned(),
        engines: file.engines,
        seed: file.seed,
        start_seconds,
        time_zone: file.time_zone,
        command_seconds: file.command_seconds,
        user: file.user,
        host: file.host,
        files: start_files(sources, id, &folder),
        folder,
        setup: file.setup,
        env: file.env.into_iter().collect(),
        steps,
    };
    lab.files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut versioned = content.as_bytes().to_vec();
    for file in &lab.files {
        versioned.extend_from_slice(file.path.as_bytes());
        versioned.extend_from_slice(&file.content);
    }
    Some(Structure {
        lab,
        quiz: file.quiz,
        predictions: file.predict,
        version: hash(&versioned, 12),
    })
}

fn start_files(sources: &Sources, id: &str, folder: &str) -> Vec<StartFile> {
    let prefix = format!("{id}/files/");
    let file = |(path, content): (&String, &Vec<u8>)| {
        let name = path.strip_prefix(&prefix)?;
        Some(StartFile {
            path: format!("{folder}/{name}"),
            content: content.clone(),
            mode: if name.ends_with(".sh") { 0o755 } else { 0o644 },
        })
    };
    sources.iter().filter_map(file).collect()
}

fn absolute(home: &str, path: &str) -> String {
    match path.strip_prefix('~') {
        Some(rest) => format!("{home}{rest}"),
        None => path.to_owned(),
    }
}

struct Reader<'a> {
    path: &'a str,
    content: &'a str,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    /// The line an id stands in, for messages: serde has forgotten it.
    fn line_of(&self, id: &str) -> usize {
        let wanted = format!("\"{id}\"");
        self.content
            .lines()
            .position(|line| line.contains(&wanted))
            .map_or(0, |at| at + 1)
    }

    fn unique<'i>(&mut self, what: &str, ids: impl Iterator<Item = &'i String>) {
        let mut seen = BTreeSet::new();
        for id in ids {
            let line = self.line_of(id);
            if !is_kebab(id) {
                self.problems
                    .add(self.path, line, format!("{what} id {id:?}: expected kebab-case"));
            }
            if !seen.insert(id) {
                self.problems
                    .add(self.path, line, format!("{what} id {id:?} is there twice"));
            }
        }
    }

    fn keys(&mut self, keys: &Keys) {
        let line = self.line_of(&keys.id);
        self.unique("choice", keys.choices.iter());
        if keys.choices.len() < 2 || keys.right.is_empty() {
            self.problems.add(
                self.path,
                line,
                format!("{}: at least two choices, one of them right", keys.id),
            );
        }
        for right in keys.right.iter().filter(|right| !keys.choices.contains(right)) {
            self.problems.add(
                self.path,
                line,
                format!("{}: {right:?} is not among its choices", keys.id),
            );
        }
    }

    fn step(&mut self, step: StepFile) -> StepSpec {
        for (what, goals) in [("goal", &step.goal), ("keep", &step.keep), ("wrong", &step.wrong)] {
            self.unique(what, goals.iter().map(|goal| &goal.id));
        }
        if step.goal.is_empty() {
            let line = self.line_of(&step.id);
            self.problems
                .add(self.path, line, format!("step {:?} has no goal", step.id));
        }
        let mut goals = |list: Vec<GoalFile>| list.into_iter().map(|goal| self.goal(goal)).collect();
        StepSpec {
            goals: goals(step.goal),
            keeps: goals(step.keep),
            wrong: goals(step.wrong),
            id: step.id,
        }
    }

    fn goal(&mut self, goal: GoalFile) -> Goal {
        let alternatives = match (goal.all.is_empty(), goal.any.is_empty()) {
            (false, true) => vec![goal.all],
            (true, false) => goal.any,
            _ => {
                let line = self.line_of(&goal.id);
                self.problems.add(
                    self.path,
                    line,
                    format!("{:?}: expected either `all` or `any`", goal.id),
                );
                Vec::new()
            }
        };
        let mut clauses = |clauses: Vec<toml::Spanned<Vec<toml::Value>>>| {
            clauses
                .into_iter()
                .filter_map(|written| self.clause(written))
                .collect::<Vec<_>>()
        };
        let any_of: Vec<Vec<Clause>> = alternatives.into_iter().map(&mut clauses).collect();
        if any_of.iter().any(Vec::is_empty) {
            let line = self.line_of(&goal.id);
            self.problems.add(
                self.path,
                line,
                format!("{:?}: an alternative without a clause", goal.id),
            );
        }
        Goal { id: goal.id, any_of }
    }

    fn clause(&mut self, written: toml::Spanned<Vec<toml::Value>>) -> Option<Clause> {
        let line = crate::problem::line_at(self.content, written.span().start);
        let result = clause(&written.into_inner()).map_err(|message| Problem::new(self.path, line, message));
        self.problems.take(result)
    }
}

fn clause(written: &[toml::Value]) -> Result<Clause, String> {
    const EXPECTED: &str = "a clause is [fact, operator, value]";
    let [toml::Value::String(fact), toml::Value::String(operator), value @ ..] = written else {
        return Err(EXPECTED.to_owned());
    };
    let operator = match operator.as_str() {
        "=" => Operator::Equal,
        "!=" => Operator::Different,
        ">=" => Operator::AtLeast,
        "<=" => Operator::AtMost,
        "contains" => Operator::Contains,
        "lacks" => Operator::Lacks,
        "matches" => Operator::Matches,
        "exists" => Operator::Exists,
        "missing" => Operator::Missing,
        "count" => Operator::Count,
        other => {
            return Err(format!(
                "operator {other:?}: expected = != >= <= contains lacks matches exists missing count"
            ));
        }
    };
    const FIRST: [&str; 5] = ["git", "file", "shell", "events", "time"];
    let first = essaim_kernel::value::fact_segments(fact)
        .into_iter()
        .next()
        .unwrap_or_default();
    if !FIRST.contains(&first.as_str()) {
        return Err(format!(
            "fact {fact:?}: expected one that begins with {}",
            FIRST.join(", ")
        ));
    }
    let value = match (value, operator) {
        ([], Operator::Exists | Operator::Missing) => Operand::None,
        (_, Operator::Exists | Operator::Missing) => return Err("exists and missing take no value".to_owned()),
        ([value], _) => operand(value)?,
        _ => return Err(EXPECTED.to_owned()),
    };
    Ok(Clause {
        fact: fact.clone(),
        operator,
        value,
    })
}

/// A value of TOML as a clause compares it.
pub fn operand(value: &toml::Value) -> Result<Operand, String> {
    Ok(match value {
        toml::Value::String(text) => Operand::Text(text.clone()),
        toml::Value::Integer(number) => Operand::Int(*number),
        toml::Value::Float(number) => Operand::Float(*number),
        toml::Value::Boolean(truth) => Operand::Bool(*truth),
        toml::Value::Array(items) => Operand::List(items.iter().map(operand).collect::<Result<_, _>>()?),
        toml::Value::Datetime(_) | toml::Value::Table(_) => {
            return Err("a clause compares with a text, a number, true, false or a list".to_owned());
        }
    })
}

/// Seconds since the Unix epoch of `YYYY-MM-DDThh:mm:ssZ`.
fn instant(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let punctuation = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    if bytes.len() != 20 || punctuation.iter().any(|(at, sign)| bytes[*at] != *sign) {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    if !in_range {
        return None;
    }
    // Days since 1970 of the proleptic Gregorian calendar, years beginning in March (Hinnant 2013).
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants() {
        assert_eq!(instant("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(instant("2026-03-02T08:30:00Z"), Some(1_772_440_200));
        assert_eq!(instant("2000-02-29T23:59:59Z"), Some(951_868_799));
        assert_eq!(instant("2026-03-02 08:30:00Z"), None);
        assert_eq!(instant("2026-13-02T08:30:00Z"), None);
    }

    #[test]
    fn clauses() {
        let parse = |text: &str| {
            let table: toml::Table = toml::from_str(&format!("c = {text}")).expect("TOML");
            clause(table["c"].as_array().expect("a list"))
        };
        assert!(parse(r#"["git.repository", "exists"]"#).is_ok());
        assert!(parse(r#"["git.commits.count", ">=", 3]"#).is_ok());
        for (text, message) in [
            (r#"["git.repository", "exists", 1]"#, "take no value"),
            (r#"["git.repository", "is", 1]"#, "expected = !="),
            (r#"["kafka.topics", "=", 1]"#, "begins with"),
            (r#"["git.repository", "="]"#, "[fact, operator, value]"),
            (r"[1]", "[fact, operator, value]"),
        ] {
            assert!(parse(text).expect_err("refused").contains(message), "{text}");
        }
    }
}
