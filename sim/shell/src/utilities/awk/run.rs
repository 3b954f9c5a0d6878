//! The machine: one instruction after the other. It can stop at any of them, wait, and go on.

use super::code::{Binary, From, Op, Place, To};
use super::state::{Call, Checked, FNR, NR, OFMT, OFS, ORS, SUBSEP, Section, State};
use super::streams::{Step, Stop};
use super::value::Value;
use essaim_kernel::Io;
use std::cmp::Ordering;

/// Instructions one step of the scheduler may run.
const OPS_PER_STEP: usize = 4_000;
/// A step ends when this much was printed.
const OUTPUT_BYTES: usize = 32 << 10;
/// Calls within one another.
const CALLS_MAX: usize = 1_000;

impl State {
    /// Runs for a while. It never ends but by a [`Stop`].
    pub fn run(&mut self, io: &mut Io<'_>) -> Stop {
        for _ in 0..OPS_PER_STEP {
            if io.pending_output_bytes() > OUTPUT_BYTES {
                return Stop::Ready;
            }
            let done = match self.pc {
                None => self.next_unit(io),
                Some(pc) => {
                    let op = self.code.ops[pc].clone();
                    self.pc = Some(pc + 1);
                    let done = self.execute(op, io);
                    if matches!(done, Err(Stop::Wait(_) | Stop::Ready)) {
                        // Nothing was taken from the stack: it is tried again.
                        self.pc = Some(pc);
                    }
                    done
                }
            };
            if let Err(stop) = done {
                return stop;
            }
        }
        io.charge(OPS_PER_STEP as u64 / 64);
        Stop::Ready
    }

    /// The next rule, the next record, the next part of the program.
    fn next_unit(&mut self, io: &mut Io<'_>) -> Step<()> {
        let code = self.code.clone();
        let starts = match self.section {
            Section::Begin => &code.begin,
            Section::Rules => &code.rules,
            Section::End => &code.end,
            Section::Closing => {
                self.close_all(io)?;
                return Err(Stop::Exit);
            }
        };
        if let Some(start) = starts.get(self.which) {
            self.which += 1;
            self.pc = Some(*start);
            return Ok(());
        }
        match self.section {
            Section::Begin if code.rules.is_empty() && code.end.is_empty() => self.enter(Section::Closing),
            Section::Begin => {
                self.section = Section::Rules;
                self.which = code.rules.len();
            }
            Section::Rules => match self.main_record(io)? {
                Some(record) => {
                    self.count(true);
                    self.set_record(record);
                    self.which = 0;
                }
                None => self.enter(Section::End),
            },
            _ => self.enter(Section::Closing),
        }
        Ok(())
    }

    fn enter(&mut self, section: Section) {
        (self.section, self.which) = (section, 0);
    }

    /// The rule at work is over, whatever calls and loops it is in.
    fn abandon(&mut self) {
        self.pc = None;
        while let Some(call) = self.calls.pop() {
            self.leave(&call);
        }
        self.stack.clear();
        self.keys.clear();
    }

    /// Counts a record; `file`: it is one of the file at work too.
    fn count(&mut self, file: bool) {
        self.globals[NR] = Value::Number(self.globals[NR].number() + 1.0);
        if file {
            self.globals[FNR] = Value::Number(self.globals[FNR].number() + 1.0);
        }
    }

    fn push_truth(&mut self, value: bool) {
        self.stack.push(Value::Number(f64::from(u8::from(value))));
    }

    fn execute(&mut self, op: Op, io: &mut Io<'_>) -> Step<()> {
        match op {
            Op::Number(n) => self.stack.push(Value::Number(n)),
            Op::Text(text) => self.stack.push(Value::Text(text)),
            Op::Regex(at) => self.stack.push(Value::Regex(at)),
            Op::MatchRecord(at) => {
                let record = self.record();
                let found = self.code.regexes[at].is_match(&record);
                self.push_truth(found);
            }
            Op::Load(place) => {
                let value = self.load(place)?;
                self.stack.push(value);
            }
            Op::Peek(place) => {
                let value = if place.has_subscript() {
                    self.peek(place)?
                } else {
                    self.load(place)?
                };
                self.stack.push(value);
            }
            Op::Store(place) => {
                let value = self.pop();
                self.store(place, value.clone())?;
                self.stack.push(value);
            }
            Op::Step { place, by, after } => self.step_place(place, by, after)?,
            Op::Binary(operation) => {
                let right = self.pop();
                let left = self.pop();
                let value = self.binary(operation, &left, &right)?;
                self.stack.push(value);
            }
            Op::Negate => {
                let n = self.pop().number();
                self.stack.push(Value::Number(-n));
            }
            Op::Plus => {
                let n = self.pop().number();
                self.stack.push(Value::Number(n));
            }
            Op::Not => {
                let truth = self.pop().truth();
                self.push_truth(!truth);
            }
            Op::Truth => {
                let truth = self.pop().truth();
                self.push_truth(truth);
            }
            Op::Pop => {
                self.pop();
            }
            Op::Jump(to) => self.pc = Some(to),
            Op::JumpIf(wanted, to) => {
                if self.pop().truth() == wanted {
                    self.pc = Some(to);
                }
            }
            Op::JumpInRange(range, to) => {
                if self.ranges[range] {
                    self.pc = Some(to);
                }
            }
            Op::SetRange(range, open) => self.ranges[range] = open,
            op => return self.execute_more(op, io),
        }
        Ok(())
    }

    fn execute_more(&mut self, op: Op, io: &mut Io<'_>) -> Step<()> {
        match op {
            Op::In(array) => {
                let key = self.pop_text();
                let id = self.array(array)?;
                let found = self.arrays[id].contains_key(&*key);
                self.push_truth(found);
            }
            Op::Subscripts(count) => {
                let base = self.stack.len() - count;
                let parts: Vec<_> = self.stack[base..].iter().map(|v| self.text(v)).collect();
                let parts: Vec<&[u8]> = parts.iter().map(|p| &**p).collect();
                let joined = parts.join(&*self.global(SUBSEP));
                self.stack.truncate(base);
                self.stack.push(Value::text(joined));
            }
            Op::Reference(name) => {
                let value = self.reference(name)?;
                self.stack.push(value);
            }
            Op::Call { function, arguments } => self.call(function, arguments)?,
            Op::Return => {
                let value = self.pop();
                if let Some(call) = self.calls.pop() {
                    self.leave(&call);
                    self.pc = Some(call.back);
                }
                self.stack.push(value);
            }
            Op::Function { name, arguments } => self.function(name, arguments, io)?,
            Op::Substitute { place, all } => self.substitute(place, all)?,
            Op::Split { array, separated } => self.split_into(array, separated)?,
            Op::Getline { from, into } => self.getline(from, into, io)?,
            Op::Print {
                arguments,
                formatted,
                to,
            } => self.print_op(arguments, formatted, to, io)?,
            op => self.execute_rest(op, io)?,
        }
        Ok(())
    }

    /// Going through arrays, and leaving rules.
    fn execute_rest(&mut self, op: Op, io: &mut Io<'_>) -> Step<()> {
        match op {
            Op::Keys(array) => {
                let id = self.array(array)?;
                let keys: Vec<Vec<u8>> = self.arrays[id].keys().cloned().collect();
                self.keys.push(keys.into_iter());
            }
            Op::NextKey(name, end) => match self.keys.last_mut().and_then(Iterator::next) {
                Some(key) => self.store(Place::Variable(name), Value::Input(key.into()))?,
                None => self.pc = Some(end),
            },
            Op::DropKeys => {
                self.keys.pop();
            }
            Op::Delete(array) => {
                let key = self.pop_text();
                let id = self.array(array)?;
                self.arrays[id].remove(&*key);
            }
            Op::DeleteAll(array) => {
                let id = self.array(array)?;
                self.arrays[id].clear();
            }
            Op::Next | Op::NextFile => {
                if matches!(op, Op::NextFile) {
                    self.skip_file(io);
                }
                self.abandon();
                self.which = self.code.rules.len();
            }
            Op::Exit(given) => {
                if given {
                    self.status = self.pop().number() as i64 as u8;
                }
                self.abandon();
                let ends = self.section == Section::End;
                self.enter(if ends { Section::Closing } else { Section::End });
            }
            _ => self.pc = None,
        }
        Ok(())
    }

    fn step_place(&mut self, place: Place, by: f64, after: bool) -> Checked<()> {
        let old = if place.has_subscript() {
            self.peek(place)?
        } else {
            self.load(place)?
        };
        let old = old.number();
        self.store(place, Value::Number(old + by))?;
        self.stack.push(Value::Number(if after { old } else { old + by }));
        Ok(())
    }

    fn binary(&mut self, operation: Binary, left: &Value, right: &Value) -> Checked<Value> {
        let (a, b) = (|| left.number(), || right.number());
        let number = match operation {
            Binary::Add => a() + b(),
            Binary::Subtract => a() - b(),
            Binary::Multiply => a() * b(),
            Binary::Divide => a() / b(),
            Binary::Remainder => a() % b(),
            Binary::Power => libm::pow(a(), b()),
            Binary::Concatenate => {
                let joined = [&*self.text(left), &*self.text(right)].concat();
                return Ok(Value::text(joined));
            }
            Binary::Match | Binary::NoMatch => {
                let regex = self.regex(right)?;
                let found = regex.is_match(&self.text(left));
                f64::from(u8::from(found == (operation == Binary::Match)))
            }
            _ => {
                let order = left.compare(right, &self.format());
                let holds = match operation {
                    Binary::Less => order == Some(Ordering::Less),
                    Binary::LessEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                    Binary::Equal => order == Some(Ordering::Equal),
                    Binary::NotEqual => order != Some(Ordering::Equal),
                    Binary::Greater => order == Some(Ordering::Greater),
                    _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
                };
                f64::from(u8::from(holds))
            }
        };
        Ok(Value::Number(number))
    }

    fn call(&mut self, function: usize, arguments: usize) -> Checked<()> {
        let code = self.code.clone();
        let function = &code.functions[function];
        let name = || String::from_utf8_lossy(&function.name).into_owned();
        if arguments > function.locals {
            return Err(format!("run time error: too many arguments in call to {}", name()));
        }
        if self.calls.len() >= CALLS_MAX {
            return Err(format!("run time error: essaim: {} calls itself too often", name()));
        }
        let base = self.stack.len() - arguments;
        self.stack.resize(base + function.locals, Value::Unset);
        self.calls.push(Call {
            back: self.pc.unwrap_or(0),
            base,
            key_count: self.keys.len(),
        });
        self.pc = function.start;
        Ok(())
    }

    fn getline(&mut self, from: From, into: Option<Place>, io: &mut Io<'_>) -> Step<()> {
        let subscripts = usize::from(into.is_some_and(Place::has_subscript));
        // Nothing is taken from the stack before there is an answer.
        let record = match from {
            From::Main => Some(self.main_record(io)?),
            _ => {
                let under = if from == From::Command { subscripts } else { 0 };
                let name = self.stack[self.stack.len() - 1 - under].clone();
                let name = self.text(&name);
                self.record_of(&name, from == From::Command, io)?
            }
        };
        let subscript = match from {
            From::Main => None,
            From::File => {
                self.pop();
                None
            }
            From::Command => {
                let subscript = (subscripts > 0).then(|| self.pop());
                self.pop();
                subscript
            }
        };
        self.stack.extend(subscript);
        let answer = match record {
            Some(Some(record)) => {
                if from != From::File {
                    self.count(from == From::Main);
                }
                match into {
                    Some(place) => self.store(place, Value::Input(record.into()))?,
                    None => self.set_record(record),
                }
                1.0
            }
            other => {
                if subscripts > 0 {
                    self.pop();
                }
                if other.is_none() { -1.0 } else { 0.0 }
            }
        };
        self.stack.push(Value::Number(answer));
        Ok(())
    }

    fn print_op(&mut self, arguments: usize, formatted: bool, to: To, io: &mut Io<'_>) -> Step<()> {
        let end = self.stack.len() - usize::from(to != To::Standard);
        let base = end - arguments;
        let mut out = Vec::new();
        if formatted {
            out = self.formatted("printf", &self.stack[base..end])?;
        } else {
            let (separator, format) = (self.global(OFS), self.global(OFMT));
            if arguments == 0 {
                out.extend_from_slice(&self.record());
            }
            for (at, value) in self.stack[base..end].iter().enumerate() {
                if at > 0 {
                    out.extend_from_slice(&separator);
                }
                out.extend_from_slice(&value.bytes(&format));
            }
            out.extend_from_slice(&self.global(ORS));
        }
        match self.stack.get(end) {
            None => self.print(&out, io),
            Some(name) => {
                let name = self.text(name);
                self.print_to(&name, &out, to, io)?;
            }
        }
        self.stack.truncate(base);
        Ok(())
    }
}
