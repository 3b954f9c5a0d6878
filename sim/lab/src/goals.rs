//! Steps, goals, keeps and anticipated mistakes, evaluated after every entry.

use crate::facts::{fact, show};
use crate::pattern;
use crate::state::State;
use essaim_kernel::{Digest, Value};
use essaim_proto_lab::message::{GoalState, StepState};
use essaim_proto_lab::spec::{Clause, Goal, LabSpec, Operand, Operator};
use std::collections::BTreeMap;

/// What is known of one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepProgress {
    /// As the page sees it.
    pub state: StepState,
}

impl StepProgress {
    /// Adds it to a digest.
    pub fn digest(&self, into: &mut Digest) {
        into.bool(self.state.passed);
        for goal in &self.state.goals {
            into.bool(goal.reached);
            into.bool(goal.reached_once);
            into.u64(goal.reached_at_ms);
        }
        for broken in &self.state.broken {
            into.bytes(broken.as_bytes());
        }
        into.bytes(self.state.wrong.as_deref().unwrap_or_default().as_bytes());
    }
}

/// The steps before anything is done.
pub fn begin(spec: &LabSpec) -> Vec<StepProgress> {
    let goals = |count| vec![GoalState::default(); count];
    spec.steps
        .iter()
        .map(|step| StepProgress {
            state: StepState {
                goals: goals(step.goals.len()),
                ..StepState::default()
            },
        })
        .collect()
}

/// The step to do now: the first that has not been passed.
pub fn current_step(steps: &[StepProgress]) -> Option<usize> {
    steps.iter().position(|step| !step.state.passed)
}

/// Looks at every step that is passed or current; `entries_count` is how many entries are done. Gives the goals
/// reached for the first time, as (step, goal).
pub fn evaluate(spec: &LabSpec, state: &mut State, entries_count: u32) -> Vec<(u32, u32)> {
    let mut steps = std::mem::take(&mut state.steps);
    let mut starts = std::mem::take(&mut state.step_starts);
    let mut look = Look {
        spec,
        state,
        known: BTreeMap::new(),
    };
    let mut reached = Vec::new();
    for (index, step) in steps.iter_mut().enumerate() {
        let was_passed = step.state.passed;
        if starts.len() <= index {
            starts.push(entries_count);
        }
        reached.extend(look.step(index, &mut step.state));
        if !was_passed && !step.state.passed {
            break;
        }
    }
    state.steps = steps;
    state.step_starts = starts;
    reached
}

/// One look at the state: each fact is asked for once, however many clauses read it.
struct Look<'a> {
    spec: &'a LabSpec,
    state: &'a State,
    known: BTreeMap<&'a str, Option<Value>>,
}

impl<'a> Look<'a> {
    fn step(&mut self, index: usize, step: &mut StepState) -> Vec<(u32, u32)> {
        let spec = self.spec;
        let spec_step = &spec.steps[index];
        let mut reached = Vec::new();
        for (at, (goal, known)) in spec_step.goals.iter().zip(&mut step.goals).enumerate() {
            known.unmet = self.first_unmet(goal);
            known.reached = known.unmet.is_none();
            if known.reached && !known.reached_once {
                known.reached_once = true;
                let since = self.state.machine.now().0 - spec.start_seconds.saturating_mul(1_000_000_000);
                known.reached_at_ms = u64::try_from(since / 1_000_000).unwrap_or(0);
                reached.push((index as u32, at as u32));
            }
        }
        step.broken.clear();
        step.wrong = None;
        if step.passed {
            return reached;
        }
        for keep in &spec_step.keeps {
            if self.first_unmet(keep).is_some() {
                step.broken.push(keep.id.clone());
            }
        }
        step.passed = step.broken.is_empty() && step.goals.iter().all(|goal| goal.reached);
        if !step.passed {
            let wrong = spec_step.wrong.iter().find(|wrong| self.first_unmet(wrong).is_none());
            step.wrong = wrong.map(|wrong| wrong.id.clone());
        }
        reached
    }

    /// `None`: the goal is reached. Else the first clause that does not hold, of the alternative that comes closest,
    /// with what was found instead.
    fn first_unmet(&mut self, goal: &'a Goal) -> Option<(String, String)> {
        let mut closest: Option<(usize, (String, String))> = None;
        for alternative in &goal.any_of {
            let mut held = 0;
            let mut unmet = None;
            for clause in alternative {
                let found = self.fact(&clause.fact);
                if holds(clause, found) {
                    held += 1;
                } else if unmet.is_none() {
                    let found = found.map_or_else(|| "missing".to_owned(), show);
                    unmet = Some((clause.fact.clone(), found));
                }
            }
            let unmet = unmet?;
            if closest.as_ref().is_none_or(|(most, _)| held > *most) {
                closest = Some((held, unmet));
            }
        }
        Some(closest.map_or_else(|| (goal.id.clone(), "no alternative".to_owned()), |(_, unmet)| unmet))
    }

    fn fact(&mut self, path: &'a str) -> Option<&Value> {
        let (spec, state) = (self.spec, self.state);
        self.known
            .entry(path)
            .or_insert_with(|| fact(spec, state, path))
            .as_ref()
    }
}

/// Whether a clause holds for what its fact is.
pub fn holds(clause: &Clause, found: Option<&Value>) -> bool {
    let operand = &clause.value;
    let Some(found) = found else {
        // Nothing is contained in nothing, and nothing differs from everything.
        return matches!(
            clause.operator,
            Operator::Missing | Operator::Different | Operator::Lacks
        );
    };
    match clause.operator {
        Operator::Exists => true,
        Operator::Missing => false,
        Operator::Equal => equal(found, operand),
        Operator::Different => !equal(found, operand),
        Operator::AtLeast => compare(found, operand).is_some_and(|order| order.is_ge()),
        Operator::AtMost => compare(found, operand).is_some_and(|order| order.is_le()),
        Operator::Contains => contains(found, operand),
        Operator::Lacks => !contains(found, operand),
        Operator::Matches => match (found, operand) {
            (Value::Text(text), Operand::Text(pattern)) => pattern::matches(pattern, text),
            (Value::List(items), Operand::Text(pattern)) => items
                .iter()
                .any(|item| matches!(item, Value::Text(text) if pattern::matches(pattern, text))),
            _ => false,
        },
        Operator::Count => {
            let count = match found {
                Value::List(items) => items.len(),
                Value::Map(map) => map.len(),
                _ => return false,
            };
            matches!(operand, Operand::Int(n) if usize::try_from(*n) == Ok(count))
        }
    }
}

/// Whether a value is what an operand says.
pub fn equal(found: &Value, operand: &Operand) -> bool {
    match (found, operand) {
        (Value::Bool(a), Operand::Bool(b)) => a == b,
        (Value::Text(a), Operand::Text(b)) => a == b,
        (Value::List(a), Operand::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Int(_) | Value::Float(_), _) => compare(found, operand).is_some_and(|order| order.is_eq()),
        _ => false,
    }
}

fn compare(found: &Value, operand: &Operand) -> Option<std::cmp::Ordering> {
    match (found, operand) {
        (Value::Int(a), Operand::Int(b)) => Some(a.cmp(b)),
        (Value::Int(a), Operand::Float(b)) => (*a as f64).partial_cmp(b),
        (Value::Float(a), Operand::Int(b)) => a.partial_cmp(&(*b as f64)),
        (Value::Float(a), Operand::Float(b)) => a.partial_cmp(b),
        (Value::Text(a), Operand::Text(b)) => Some(a.as_str().cmp(b)),
        _ => None,
    }
}

fn contains(found: &Value, operand: &Operand) -> bool {
    match (found, operand) {
        (Value::Text(text), Operand::Text(part)) => text.contains(part.as_str()),
        (Value::List(items), operand) => items.iter().any(|item| equal(item, operand)),
        (Value::Map(map), Operand::Text(name)) => map.contains_key(name),
        _ => false,
    }
}
