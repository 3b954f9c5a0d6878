//! `if`, `while`, `for`, `case`, `[[ ]]`, `(( ))` and functions.

use super::{ExpandItem, Flow, Frame, Shell};
use crate::language::arithmetic;
use crate::language::builtins::test;
use crate::language::expand::Mode;
use crate::language::pattern::Pattern;
use crate::language::state::Function;
use crate::language::syntax::ast::*;
use essaim_kernel::Io;
use std::sync::Arc;

/// Where `for ((…))` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountingStage {
    Start,
    Condition,
    Decide,
    Update,
}

/// A loop's frame for its next turn after `continue`.
pub fn continued(frame: Frame) -> Frame {
    match frame {
        Frame::While { command, .. } => Frame::While {
            command,
            in_condition: false,
            status: 0,
        },
        frame => frame,
    }
}

impl Shell {
    /// Makes the frame of a command.
    pub(super) fn push_command(&mut self, command: Arc<Command>) {
        self.state.line = command.line;
        let frame = match &command.kind {
            Kind::Simple(simple) => {
                self.frames.push(Frame::Simple(Box::new(super::SimpleFrame::new(
                    simple.clone(),
                    command,
                ))));
                return;
            }
            Kind::Function { name, body, source } => {
                let function = Function {
                    body: body.clone(),
                    source: source.clone(),
                };
                Arc::make_mut(&mut self.state.functions).insert(name.clone(), Arc::new(function));
                self.state.status = 0;
                return;
            }
            _ => Frame::Body(command.clone()),
        };
        if command.redirects.is_empty() {
            self.frames.push(frame);
        } else {
            self.frames.push(Frame::Redirecting {
                redirects: command.redirects.clone(),
                at: 0,
                saved: Vec::new(),
                then: Box::new(frame),
                keep: false,
                asked: false,
            });
        }
    }

    /// A compound command whose redirections are done.
    pub(super) fn turn_body(&mut self, command: Arc<Command>, io: &mut Io<'_>) -> Flow {
        let list = |list: &Arc<List>| Frame::List {
            list: list.clone(),
            at: 0,
        };
        match &command.kind {
            Kind::Group(body) => self.frames.push(list(body)),
            // Nothing is left to do after it: this process is the subshell already.
            Kind::Subshell(body) if self.nothing_follows() && self.state.traps.values().all(Vec::is_empty) => {
                self.state.subshell_depth = self.state.subshell_depth.wrapping_add(1);
                self.frames.push(list(body));
            }
            Kind::Subshell(body) => {
                io.flush();
                let group = self.state.interactive.then_some(0);
                if let Some(pid) = self.fork(io, vec![list(body)], &[], &[], group) {
                    let text = self.state.command_text.clone();
                    self.wait_for(vec![pid], &text, io);
                }
            }
            Kind::If { .. } => self.frames.push(Frame::If {
                command: command.clone(),
                at: 0,
                in_condition: false,
            }),
            Kind::While { .. } => self.frames.push(Frame::While {
                command: command.clone(),
                in_condition: false,
                status: 0,
            }),
            Kind::For { words, .. } => self.begin_for(command.clone(), words.as_deref()),
            Kind::CountingFor { .. } => {
                self.state.status = 0;
                self.frames.push(Frame::CountingFor {
                    command: command.clone(),
                    stage: CountingStage::Start,
                });
            }
            Kind::Case { word, header, .. } => self.begin_case(command.clone(), word, header, io),
            Kind::Arithmetic(word) => {
                self.frames.push(Frame::Arithmetic);
                self.frames
                    .push(Frame::expand(vec![ExpandItem::new(word, Mode::Single)]));
            }
            Kind::Test(_) => self.frames.push(Frame::Test {
                command: command.clone(),
                at: 0,
                value: false,
                asked: false,
            }),
            Kind::Simple(_) | Kind::Function { .. } => {}
        }
        Flow::Next
    }

    fn begin_for(&mut self, command: Arc<Command>, words: Option<&[Word]>) {
        self.frames.push(Frame::ForWords { command });
        match words {
            Some(words) => {
                let items = words.iter().map(|w| ExpandItem::new(w, Mode::Fields)).collect();
                self.frames.push(Frame::expand(items));
            }
            None => self.results = self.state.positional.to_vec(),
        }
    }

    fn begin_case(&mut self, command: Arc<Command>, word: &Word, header: &[u8], io: &mut Io<'_>) {
        if self.state.options.xtrace {
            self.trace_line(header, io);
        }
        self.frames.push(Frame::Case {
            command,
            value: None,
            arm: 0,
            pattern: 0,
            asked: true,
            run: false,
        });
        self.frames
            .push(Frame::expand(vec![ExpandItem::new(word, Mode::Single)]));
    }

    /// `at`: the clause whose condition runs or has run.
    pub(super) fn turn_if(&mut self, command: Arc<Command>, at: usize, in_condition: bool) -> Flow {
        let Kind::If { clauses, otherwise } = &command.kind else {
            return Flow::Next;
        };
        let mut at = at;
        if in_condition {
            self.ignoring = self.ignoring.saturating_sub(1);
            if self.state.status == 0 {
                self.frames.push(Frame::List {
                    list: clauses[at].1.clone(),
                    at: 0,
                });
                return Flow::Next;
            }
            at += 1;
        }
        match clauses.get(at) {
            Some((condition, _)) => {
                let list = condition.clone();
                self.ignoring += 1;
                self.frames.push(Frame::If {
                    command: command.clone(),
                    at,
                    in_condition: true,
                });
                self.frames.push(Frame::List { list, at: 0 });
            }
            None => {
                if otherwise.is_none() {
                    self.state.status = 0;
                }
                if let Some(list) = otherwise {
                    self.frames.push(Frame::List {
                        list: list.clone(),
                        at: 0,
                    });
                }
            }
        }
        Flow::Next
    }

    /// `status`: of the last body, which is the loop's.
    pub(super) fn turn_while(&mut self, command: Arc<Command>, in_condition: bool, status: u8) -> Flow {
        let Kind::While { until, condition, body } = &command.kind else {
            return Flow::Next;
        };
        if in_condition {
            self.ignoring = self.ignoring.saturating_sub(1);
            if (self.state.status == 0) == *until {
                self.state.status = status;
                return Flow::Next;
            }
            let list = body.clone();
            self.frames.push(Frame::While {
                command: command.clone(),
                in_condition: false,
                // A body ran: its status is the shell's when this frame comes back.
                status: 1,
            });
            self.frames.push(Frame::List { list, at: 0 });
            return Flow::Next;
        }
        let status = if status == 1 { self.state.status } else { 0 };
        let list = condition.clone();
        self.ignoring += 1;
        self.frames.push(Frame::While {
            command: command.clone(),
            in_condition: true,
            status,
        });
        self.frames.push(Frame::List { list, at: 0 });
        Flow::Next
    }

    pub(super) fn turn_for_words(&mut self, command: Arc<Command>) -> Flow {
        let values = Arc::new(std::mem::take(&mut self.results));
        self.state.status = 0;
        self.frames.push(Frame::For { command, values, at: 0 });
        Flow::Next
    }

    pub(super) fn turn_for(
        &mut self,
        command: Arc<Command>,
        values: Arc<Vec<Vec<u8>>>,
        at: usize,
        io: &mut Io<'_>,
    ) -> Flow {
        let Kind::For { name, body, header, .. } = &command.kind else {
            return Flow::Next;
        };
        let Some(value) = values.get(at).cloned() else {
            return Flow::Next;
        };
        if self.state.options.xtrace {
            self.trace_line(header, io);
        }
        if let Err(message) = self.state.assign(name, value) {
            self.error(io, message);
            self.state.status = 1;
            return Flow::Next;
        }
        let list = body.clone();
        self.frames.push(Frame::For {
            command: command.clone(),
            values,
            at: at + 1,
        });
        self.frames.push(Frame::List { list, at: 0 });
        Flow::Next
    }

    pub(super) fn turn_counting_for(&mut self, command: Arc<Command>, stage: CountingStage, io: &mut Io<'_>) -> Flow {
        let Kind::CountingFor {
            start,
            condition,
            update,
            body,
        } = &command.kind
        else {
            return Flow::Next;
        };
        let (word, next) = match stage {
            CountingStage::Start => (start, CountingStage::Condition),
            CountingStage::Update => (update, CountingStage::Condition),
            CountingStage::Condition | CountingStage::Decide => (condition, CountingStage::Decide),
        };
        if matches!(stage, CountingStage::Condition | CountingStage::Decide) && stage == CountingStage::Decide {
            // The condition's text was expanded.
            let text = self.results.pop().unwrap_or_default();
            let value = if text.trim_ascii().is_empty() {
                Ok(1)
            } else {
                arithmetic::evaluate(&text, &mut self.state)
            };
            return match value {
                Ok(0) => Flow::Next,
                Ok(_) => {
                    let list = body.clone();
                    self.frames.push(Frame::CountingFor {
                        command: command.clone(),
                        stage: CountingStage::Update,
                    });
                    self.frames.push(Frame::List { list, at: 0 });
                    Flow::Next
                }
                Err(message) => self.arithmetic_failed(message, io),
            };
        }
        let word = word.clone();
        self.frames.push(Frame::CountingFor {
            command: command.clone(),
            stage: next,
        });
        if next == CountingStage::Condition {
            self.frames.push(Frame::ArithmeticOnly);
        }
        self.frames
            .push(Frame::expand(vec![ExpandItem::new(&word, Mode::Single)]));
        Flow::Next
    }

    fn arithmetic_failed(&mut self, message: Vec<u8>, io: &mut Io<'_>) -> Flow {
        let prefix: &[u8] = if message.ends_with(b": readonly variable") {
            b""
        } else {
            b"((: "
        };
        self.error(io, [prefix, message.as_slice()].concat());
        self.state.status = 1;
        Flow::Next
    }

    /// `(( … ))`; `only`: for its effects.
    pub(super) fn turn_arithmetic(&mut self, only: bool, io: &mut Io<'_>) -> Flow {
        let text = self.results.pop().unwrap_or_default();
        match arithmetic::evaluate(&text, &mut self.state) {
            Ok(_) if only => Flow::Next,
            Ok(value) => {
                self.state.status = u8::from(value == 0);
                Flow::Next
            }
            Err(message) => self.arithmetic_failed(message, io),
        }
    }

    pub(super) fn turn_case(
        &mut self,
        command: Arc<Command>,
        value: Option<Vec<u8>>,
        arm: usize,
        pattern: usize,
        asked: bool,
        run: bool,
    ) -> Flow {
        let Kind::Case { arms, .. } = &command.kind else {
            return Flow::Next;
        };
        let (mut arm, mut pattern) = (arm, pattern);
        let Some(value) = value else {
            // The word has just been expanded.
            let value = Some(self.results.pop().unwrap_or_default());
            self.state.status = 0;
            self.frames.push(Frame::Case {
                command: command.clone(),
                value,
                arm: 0,
                pattern: 0,
                asked: false,
                run: false,
            });
            return Flow::Next;
        };
        let mut matched = run;
        if asked {
            let text = self.results.pop().unwrap_or_default();
            matched = Pattern::new(&text).matches(&value);
            pattern += 1;
        }
        let Some(current) = arms.get(arm) else {
            return Flow::Next;
        };
        if matched {
            let next = match current.after {
                ArmEnd::Leave => None,
                ArmEnd::FallThrough => Some(true),
                ArmEnd::TestNext => Some(false),
            };
            if let Some(run) = next {
                self.frames.push(Frame::Case {
                    command: command.clone(),
                    value: Some(value),
                    arm: arm + 1,
                    pattern: 0,
                    asked: false,
                    run,
                });
            }
            self.frames.push(Frame::List {
                list: current.body.clone(),
                at: 0,
            });
            return Flow::Next;
        }
        if pattern >= current.patterns.len() {
            arm += 1;
            pattern = 0;
        }
        let Some(word) = arms.get(arm).and_then(|a| a.patterns.get(pattern)) else {
            return Flow::Next;
        };
        let item = ExpandItem::new(word, Mode::Pattern);
        self.frames.push(Frame::Case {
            command: command.clone(),
            value: Some(value),
            arm,
            pattern,
            asked: true,
            run: false,
        });
        self.frames.push(Frame::expand(vec![item]));
        Flow::Next
    }

    pub(super) fn turn_test(
        &mut self,
        command: Arc<Command>,
        at: usize,
        value: bool,
        asked: bool,
        io: &mut Io<'_>,
    ) -> Flow {
        let Kind::Test(steps) = &command.kind else {
            return Flow::Next;
        };
        let (mut at, mut value) = (at, value);
        if asked && let Some(step) = steps.get(at) {
            let words = std::mem::take(&mut self.results);
            if self.state.options.xtrace {
                self.trace_line(&test_text(step, &words), io);
            }
            match test::extended(step, &words, &mut self.state, io) {
                Ok(result) => value = result,
                Err(message) => {
                    if !message.is_empty() {
                        self.error(io, [b"[[: ", message.as_slice()].concat());
                    }
                    self.state.status = 2;
                    return Flow::Next;
                }
            }
            at += 1;
        }
        loop {
            let items = match steps.get(at) {
                None => {
                    self.state.status = u8::from(!value);
                    return Flow::Next;
                }
                Some(TestStep::Not) => {
                    value = !value;
                    at += 1;
                    continue;
                }
                Some(TestStep::SkipIfFalse(to)) => {
                    at = if value { at + 1 } else { *to };
                    continue;
                }
                Some(TestStep::SkipIfTrue(to)) => {
                    at = if value { *to } else { at + 1 };
                    continue;
                }
                Some(TestStep::Unary(_, word) | TestStep::NotEmpty(word)) => {
                    vec![ExpandItem::new(word, Mode::Single)]
                }
                Some(TestStep::Binary(operator, left, right)) => {
                    let mode = match operator.as_slice() {
                        b"=" | b"==" | b"!=" => Mode::Pattern,
                        b"=~" => Mode::Regex,
                        _ => Mode::Single,
                    };
                    vec![ExpandItem::new(left, Mode::Single), ExpandItem::new(right, mode)]
                }
            };
            self.frames.push(Frame::Test {
                command: command.clone(),
                at,
                value,
                asked: true,
            });
            self.frames.push(Frame::expand(items));
            return Flow::Next;
        }
    }
}

/// A primary of `[[` as `set -x` shows it.
fn test_text(step: &TestStep, words: &[Vec<u8>]) -> Vec<u8> {
    let quoted = |at: usize| {
        words
            .get(at)
            .map(|w| if w.is_empty() { b"''".to_vec() } else { w.clone() })
    };
    let mut parts = vec![b"[[".to_vec()];
    match step {
        TestStep::Unary(letter, _) => parts.push(vec![b'-', *letter]),
        TestStep::NotEmpty(_) => parts.push(b"-n".to_vec()),
        _ => {}
    }
    parts.extend(quoted(0));
    if let TestStep::Binary(operator, _, _) = step {
        parts.push(operator.clone());
        parts.extend(quoted(1));
    }
    parts.push(b"]]".to_vec());
    parts.join(b" ".as_slice())
}
