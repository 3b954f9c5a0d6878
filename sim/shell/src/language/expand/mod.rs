//! Expansion of words: plain data that can stop at a command substitution and go on when its output is there.

mod braces;
mod fields;
mod glob;
mod parameter;

pub use braces::expand_braces;
pub use fields::{Mark, Text};
pub use parameter::change_case;

use super::arithmetic;
use super::state::State;
use super::syntax::ast::{List, Parameter, Part, Word};
use essaim_kernel::Files;
use std::sync::Arc;

/// What becomes of a word's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Arguments: braces, tilde, splitting, file names.
    Fields,
    /// One text: assignments, `case`, here-documents.
    Single,
    /// One text in which what was quoted is protected by backslashes.
    Pattern,
    /// As `Pattern`, for regular expressions.
    Regex,
}

/// What an expansion needs or has come to.
#[derive(Debug)]
pub enum Outcome {
    Done(Text),
    /// Run this, give its output to [`Expansion::supply`], and call [`Expansion::run`] again.
    Command(Arc<List>),
    /// Make these commands readable (`true`: writable) under a name, give it to [`Expansion::name`], and go on.
    Process(Arc<List>, bool),
    /// bash's message, without the shell's name. `fatal`: a shell that reads a script exits with this status.
    Failed {
        message: Vec<u8>,
        status: u8,
    },
}

/// What the result of a nested word is for.
#[derive(Clone, Debug)]
enum Then {
    Finish,
    Arithmetic {
        quoted: bool,
    },
    /// An operand of a parameter expansion, those before it are in `collected`.
    Operand {
        parameter: Arc<Parameter>,
        index: Option<Vec<u8>>,
        collected: Vec<Text>,
    },
    /// The operand becomes the result: `${v:-word}`.
    Splice {
        quoted: bool,
    },
}

#[derive(Clone, Debug)]
struct Level {
    word: Word,
    at: usize,
    out: Text,
    then: Then,
}

/// The expansion of one word.
#[derive(Clone, Debug)]
pub struct Expansion {
    levels: Vec<Level>,
}

/// What a parameter expansion does next.
enum Next {
    Emit,
    Operand(Word),
    Splice(Word),
    Failed(Vec<u8>, u8),
}

impl Expansion {
    pub fn new(word: Word) -> Self {
        Self {
            levels: vec![Level {
                word,
                at: 0,
                out: Text::default(),
                then: Then::Finish,
            }],
        }
    }

    /// The output of the command that was asked for.
    pub fn supply(&mut self, mut output: Vec<u8>) {
        while output.last() == Some(&b'\n') {
            output.pop();
        }
        output.retain(|b| *b != 0);
        if let Some(level) = self.levels.last_mut() {
            let quoted = matches!(level.word.0.get(level.at - 1), Some(Part::Command { quoted: true, .. }));
            level.out.push_value(&output, quoted);
        }
    }

    /// The name of what was asked for by [`Outcome::Process`].
    pub fn name(&mut self, name: &[u8]) {
        if let Some(out) = self.out() {
            out.push_quoted(name);
        }
    }

    /// Goes on until the end or the next command substitution.
    pub fn run(&mut self, state: &mut State, files: &Files) -> Outcome {
        loop {
            let Some(level) = self.levels.last_mut() else {
                return Outcome::Done(Text::default());
            };
            let Some(part) = level.word.0.get(level.at) else {
                let Some(level) = self.levels.pop() else {
                    return Outcome::Done(Text::default());
                };
                match self.finish(level, state, files) {
                    Some(outcome) => return outcome,
                    None => continue,
                }
            };
            let part = part.clone();
            level.at += 1;
            match part {
                Part::Literal(bytes) => level.out.push(&bytes, Mark::Literal),
                Part::Quoted(bytes) => level.out.push_quoted(&bytes),
                Part::Tilde(name) => {
                    let home = tilde(&name, state);
                    match home {
                        Some(home) => level.out.push_quoted(&home),
                        None => {
                            level.out.push(b"~", Mark::Literal);
                            level.out.push(&name, Mark::Literal);
                        }
                    }
                }
                Part::Command { list, .. } => return Outcome::Command(list),
                Part::Process { list, output } => return Outcome::Process(list, output),
                Part::Arithmetic { expression, quoted } => self.enter(expression, Then::Arithmetic { quoted }),
                Part::Parameter(parameter) => {
                    if let Some(outcome) = self.parameter(parameter, None, Vec::new(), state, files) {
                        return outcome;
                    }
                }
            }
        }
    }

    fn enter(&mut self, word: Word, then: Then) {
        self.levels.push(Level {
            word,
            at: 0,
            out: Text::default(),
            then,
        });
    }

    /// A nested word is complete.
    fn finish(&mut self, level: Level, state: &mut State, files: &Files) -> Option<Outcome> {
        match level.then {
            Then::Finish => return Some(Outcome::Done(level.out)),
            Then::Arithmetic { quoted } => match arithmetic::evaluate(&level.out.plain(), state) {
                Ok(value) => self.out()?.push_value(value.to_string().as_bytes(), quoted),
                Err(message) => return Some(Outcome::Failed { message, status: 1 }),
            },
            Then::Splice { quoted } => {
                let out = self.out()?;
                out.splice(level.out, quoted);
            }
            Then::Operand {
                parameter,
                mut index,
                mut collected,
            } => {
                if index.is_none() && parameter::index_word(&parameter).is_some() {
                    match parameter::index_value(&parameter, level.out.plain(), state) {
                        Ok(value) => index = Some(value),
                        Err(message) => return Some(Outcome::Failed { message, status: 1 }),
                    }
                } else {
                    collected.push(level.out);
                }
                return self.parameter(parameter, index, collected, state, files);
            }
        }
        None
    }

    fn out(&mut self) -> Option<&mut Text> {
        self.levels.last_mut().map(|level| &mut level.out)
    }

    fn parameter(
        &mut self,
        parameter: Arc<Parameter>,
        index: Option<Vec<u8>>,
        collected: Vec<Text>,
        state: &mut State,
        files: &Files,
    ) -> Option<Outcome> {
        let mut out = std::mem::take(self.out()?);
        let next = parameter::next(&parameter, index.as_deref(), &collected, state, files, &mut out);
        *self.out()? = out;
        match next {
            Next::Emit => None,
            Next::Operand(word) => {
                self.enter(
                    word,
                    Then::Operand {
                        parameter,
                        index,
                        collected,
                    },
                );
                None
            }
            Next::Splice(word) => {
                let quoted = parameter.quoted;
                self.enter(word, Then::Splice { quoted });
                None
            }
            Next::Failed(message, status) => Some(Outcome::Failed { message, status }),
        }
    }
}

fn tilde(name: &[u8], state: &State) -> Option<Vec<u8>> {
    let variable = |name: &[u8]| state.variables.scalar(name).map(<[u8]>::to_vec);
    match name {
        b"" => variable(b"HOME"),
        b"+" => variable(b"PWD"),
        b"-" => variable(b"OLDPWD"),
        b"root" => Some(b"/root".to_vec()),
        name if variable(b"USER").as_deref() == Some(name) => variable(b"HOME"),
        _ => None,
    }
}

/// A text that is complete, as the mode wants it.
pub fn finish_text(text: Text, mode: Mode, state: &State, files: &Files, cwd: &[u8]) -> Result<Vec<Vec<u8>>, Vec<u8>> {
    Ok(match mode {
        Mode::Single => vec![text.plain()],
        Mode::Pattern => vec![text.pattern()],
        Mode::Regex => vec![text.regex()],
        Mode::Fields => {
            let mut out = Vec::new();
            for field in text.split(state.separators()) {
                if state.options.noglob || !field.has_active_glob() {
                    out.push(field.plain());
                    continue;
                }
                let found = glob::expand(&field.pattern(), files, cwd, &state.options);
                if found.is_empty() {
                    if state.options.failglob {
                        return Err([b"no match: ", field.plain().as_slice()].concat());
                    }
                    if !state.options.nullglob {
                        out.push(field.plain());
                    }
                } else {
                    out.extend(found);
                }
            }
            out
        }
    })
}
