//! The proof of a lesson: it is played, block by block and step by step, on the lab it comes with.

use crate::Checked;
use crate::lesson::Play;
use crate::sources::{Sources, text};
use essaim_lab::facts;
use essaim_lab::transcript::{Act, Line, Section, Transcript, output_matches, parse};
use essaim_lab::{Lab, Origin};
use essaim_proto_lab::spec::StepSpec;
use std::collections::BTreeMap;

/// What came of a proof.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was proved, in order.
    pub passed: Vec<String>,
    /// What failed, in order.
    pub failed: Vec<Failure>,
}

/// One thing that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What was to be proved.
    pub what: String,
    /// Where: `file:line`.
    pub place: String,
    /// What came instead.
    pub message: String,
}

/// Plays a lesson; `id` is its path below the content folder.
pub fn prove(sources: &Sources, id: &str, checked: &Checked) -> Report {
    let mut report = Report::default();
    let lab = match Lab::open(checked.structure.lab.clone(), "fr") {
        Ok(lab) => lab,
        Err(error) => {
            report.fail("the lab opens", &format!("{id}/lab.toml"), &error.to_string());
            return report;
        }
    };
    report.passed.push("the lab opens".to_owned());
    let mut prover = Prover {
        id,
        checked,
        solutions: BTreeMap::new(),
        wrongs: BTreeMap::new(),
        lab,
        report,
    };
    prover.read_cases(sources);
    prover.play();
    prover.report
}

impl Report {
    fn fail(&mut self, what: &str, place: &str, message: &str) {
        self.failed.push(Failure {
            what: what.to_owned(),
            place: place.to_owned(),
            message: message.to_owned(),
        });
    }

    fn settle(&mut self, what: String, result: Result<(), (String, String)>) {
        match result {
            Ok(()) => self.passed.push(what),
            Err((place, message)) => self.fail(&what, &place, &message),
        }
    }
}

struct Prover<'a> {
    id: &'a str,
    checked: &'a Checked,
    /// By step id.
    solutions: BTreeMap<String, Section>,
    /// By (step id, wrong id).
    wrongs: BTreeMap<(String, String), Section>,
    lab: Lab,
    report: Report,
}

impl Prover<'_> {
    fn steps(&self) -> &[StepSpec] {
        &self.checked.structure.lab.steps
    }

    fn path(&self, file: &str) -> String {
        format!("{}/{file}", self.id)
    }

    fn read_cases(&mut self, sources: &Sources) {
        if let Some(solution) = self.read_case(sources, "solution.case") {
            for section in solution.sections {
                self.keep_section(section, None);
            }
        }
        let prefix = self.path("wrong-");
        for path in sources
            .keys()
            .filter(|path| path.starts_with(&prefix) && path.ends_with(".case"))
        {
            let name = path[self.id.len() + 1..].to_owned();
            let wrong = name["wrong-".len()..name.len() - ".case".len()].to_owned();
            if let Some(case) = self.read_case(sources, &name) {
                for section in case.sections {
                    self.keep_section(section, Some(&wrong));
                }
            }
        }
    }

    fn read_case(&mut self, sources: &Sources, name: &str) -> Option<Transcript> {
        let path = self.path(name);
        let content = match text(sources, &path) {
            Ok(content) => content,
            Err(problem) => {
                self.report.fail("the cases are read", &path, &problem.message);
                return None;
            }
        };
        match parse(content) {
            Ok(transcript) => Some(transcript),
            Err(error) => {
                self.report
                    .fail("the cases are read", &format!("{path}:{}", error.line), &error.reason);
                None
            }
        }
    }

    fn keep_section(&mut self, section: Section, wrong: Option<&str>) {
        let file = wrong.map_or_else(|| "solution.case".to_owned(), |wrong| format!("wrong-{wrong}.case"));
        let place = format!("{}:{}", self.path(&file), section.number);
        let step = self.steps().iter().find(|step| step.id == section.name);
        let message = match (step, wrong) {
            (None, _) => Some(format!("section {:?}: there is no such step", section.name)),
            (Some(step), Some(wrong)) if step.wrong.iter().all(|known| known.id != wrong) => {
                Some(format!("step {:?} has no wrong attempt {wrong:?}", section.name))
            }
            _ => None,
        };
        if let Some(message) = message {
            return self.report.fail("the cases fit lab.toml", &place, &message);
        }
        match wrong {
            None => self.solutions.insert(section.name.clone(), section),
            Some(wrong) => self.wrongs.insert((section.name.clone(), wrong.to_owned()), section),
        };
    }

    fn play(&mut self) {
        let Some(assembled) = self.checked.languages.get(crate::LANGUAGES[0]) else {
            return;
        };
        for play in &assembled.plays {
            match play {
                Play::Run(run) => {
                    let file = self.path("lesson.fr.md");
                    let first = run.text.lines().next().unwrap_or_default().to_owned();
                    let result = parse(&run.text)
                        .map_err(|error| (format!("{file}:{}", run.line + error.line as usize - 1), error.reason))
                        .and_then(|transcript| {
                            let lines = transcript
                                .sections
                                .into_iter()
                                .flat_map(|section| section.lines)
                                .collect::<Vec<_>>();
                            play_lines(&mut self.lab, &lines, &file, run.line as u32 - 1, true, &mut |_| None)
                        });
                    self.report.settle(format!("run block `{first}`"), result);
                }
                Play::Step(index) => self.step(*index),
            }
        }
        let wanted: Vec<_> = self
            .steps()
            .iter()
            .flat_map(|step| step.wrong.iter().map(|w| (step.id.clone(), w.id.clone())))
            .collect();
        for key in wanted.iter().filter(|key| !self.wrongs.contains_key(*key)) {
            let file = self.path(&format!("wrong-{}.case", key.1));
            self.report.fail(
                "every wrong attempt has a case",
                &file,
                &format!("no section {:?}", key.0),
            );
        }
    }

    fn step(&mut self, index: usize) {
        let step = self.steps()[index].clone();
        let lab_toml = self.path("lab.toml");
        let begun = step_begins(&self.lab, index, &step).map_err(|message| (lab_toml, message));
        self.report
            .settle(format!("step {}: no goal holds at its start", step.id), begun);
        for wrong in &step.wrong {
            if let Some(section) = self.wrongs.get(&(step.id.clone(), wrong.id.clone())).cloned() {
                let result = self.wrong_attempt(index, &wrong.id, &section);
                self.report
                    .settle(format!("step {}: wrong attempt {}", step.id, wrong.id), result);
            }
        }
        let result = self.solution(index, &step);
        self.report.settle(format!("step {}: the solution", step.id), result);
    }

    fn wrong_attempt(&self, index: usize, wrong: &str, section: &Section) -> Result<(), (String, String)> {
        let file = self.path(&format!("wrong-{wrong}.case"));
        let mut lab = self.lab.clone();
        play_lines(&mut lab, &section.lines, &file, 0, false, &mut |_| None)?;
        let state = &lab.state().steps[index].state;
        let place = format!("{file}:{}", section.number);
        if state.passed {
            return Err((place, "it passes the step".to_owned()));
        }
        match state.wrong.as_deref() {
            Some(answered) if answered == wrong => Ok(()),
            Some(other) => Err((place, format!("it is answered by {other:?}"))),
            None => Err((place, "no wrong attempt is recognised".to_owned())),
        }
    }

    fn solution(&mut self, index: usize, step: &StepSpec) -> Result<(), (String, String)> {
        let file = self.path("solution.case");
        let Some(section) = self.solutions.get(&step.id) else {
            return Err((file, format!("no section {:?}", step.id)));
        };
        let mut broken = |lab: &Lab| {
            let state = &lab.state().steps[index].state;
            (!state.passed)
                .then(|| state.broken.first())
                .flatten()
                .map(|keep| format!("keep {keep:?} is broken"))
        };
        play_lines(&mut self.lab, &section.lines, &file, 0, false, &mut broken)?;
        let state = &self.lab.state().steps[index].state;
        if state.passed {
            return Ok(());
        }
        let unmet: Vec<String> = step
            .goals
            .iter()
            .zip(&state.goals)
            .filter_map(|(goal, state)| {
                let (fact, found) = state.unmet.as_ref()?;
                Some(format!("goal {:?}: {fact} is {found}", goal.id))
            })
            .collect();
        Err((
            format!("{file}:{}", section.number),
            format!("the step is not passed: {}", unmet.join("; ")),
        ))
    }
}

fn step_begins(lab: &Lab, index: usize, step: &StepSpec) -> Result<(), String> {
    let steps = &lab.state().steps;
    if let Some(before) = steps[..index].iter().position(|step| !step.state.passed) {
        return Err(format!("step number {} is not passed yet", before + 1));
    }
    let state = &steps[index].state;
    let held: Vec<&str> = step
        .goals
        .iter()
        .zip(&state.goals)
        .filter(|(_, s)| s.reached_once)
        .map(|(g, _)| g.id.as_str())
        .collect();
    if !held.is_empty() {
        return Err(format!("goals of {} that hold already: {}", step.id, held.join(", ")));
    }
    match state.broken.first() {
        Some(keep) => Err(format!("keep {keep:?} of {} is broken from the start", step.id)),
        None => Ok(()),
    }
}

/// Plays lines and compares what they say; `strict` compares every output, given or not. `watch` is asked after each
/// line. The line numbers of messages are moved by `offset`.
pub fn play_lines(
    lab: &mut Lab,
    lines: &[Line],
    file: &str,
    offset: u32,
    strict: bool,
    watch: &mut dyn FnMut(&Lab) -> Option<String>,
) -> Result<(), (String, String)> {
    let mut at = 0;
    while at < lines.len() {
        // A command that Ctrl-C stops in its midst must know it when it begins.
        let count = match lines.get(at + 1).map(|next| &next.act) {
            Some(Act::Interrupt {
                after_steps: Some(_), ..
            }) => 2,
            _ => 1,
        };
        for line in &lines[at..at + count] {
            lab.ask(line.act.clone(), Origin::Transcript(line.number));
        }
        lab.finish();
        let line = &lines[at + count - 1];
        let place = format!("{file}:{}", line.number + offset);
        let problem = lab.take_outcomes().into_iter().find_map(|outcome| outcome.problem);
        let limit = lab.take_limit();
        let result = match (problem, limit) {
            (Some(problem), _) => Err(essaim_lab::lab::describe(&problem)),
            (None, Some(limit)) => Err(format!("limit {limit} reached")),
            (None, None) => compare(lab, line, strict),
        };
        let result = result.and_then(|()| watch(lab).map_or(Ok(()), Err));
        result.map_err(|message| (place, format!("`{}`: {message}", line.act.label())))?;
        at += count;
    }
    Ok(())
}

fn compare(lab: &Lab, line: &Line, strict: bool) -> Result<(), String> {
    if let Act::Fact { fact, value } = &line.act {
        let found = facts::fact(lab.spec(), lab.state(), fact).as_ref().map(facts::show);
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "missing".to_owned());
        return if found == *value {
            Ok(())
        } else {
            Err(format!("it is {}", shown(&found)))
        };
    }
    let Some(done) = lab.entries().last().and_then(|entry| entry.lines.last()) else {
        return Ok(());
    };
    let printed = done.output.as_deref().unwrap_or_default();
    if done.status != line.status {
        return Err(format!(
            "exit code {} instead of {}; it printed:\n{printed}",
            done.status, line.status
        ));
    }
    let shown = match &line.output {
        Some(shown) => shown,
        None if strict => "",
        None => return Ok(()),
    };
    if output_matches(shown, printed) {
        return Ok(());
    }
    Err(format!("it printed\n{printed}instead of\n{shown}"))
}
