//! `awk`: a program is compiled to instructions for a small machine, which can stop anywhere (a pipe without data, a
//! command it started) and be copied.
//!
//! Its model is mawk 1.3.4, the `awk` of Debian, with two things of POSIX it lacks: intervals (`a{2}`), and whole
//! numbers of any size print as such. Its texts are bytes.
//!
//! Reading order: `lex`, `compile`, `statement`, `expression`, `code`, `value`, `state`, `streams`, `run`, `functions`.

mod code;
mod compile;
mod expression;
mod functions;
mod lex;
mod run;
mod state;
mod statement;
mod streams;
mod value;

use super::support::options::{parse, value};
use super::support::text::lossy;
use super::support::utility::Utility;
use essaim_kernel::{Call, Io, Process, Progress};
use state::{ARGC, ENVIRON, FNR, State};
use streams::Stop;
use value::Value;

pub const UTILITY: Utility = Utility {
    name: "awk",
    summary: "pattern scanning and processing language",
    usage: "[-F FS] [-v VAR=VALUE]... 'PROGRAM' | -f FILE... [FILE]...",
    package: "mawk",
    options: &[
        value("F", "field-separator"),
        value("f", "file"),
        value("v", "assign"),
        value("W", ""),
    ],
    usage_status: 2,
    stops_at_operand: true,
    start: |call| Box::new(Awk { call, state: None }),
};

#[derive(Clone)]
struct Awk {
    call: Call,
    state: Option<Box<State>>,
}

impl Awk {
    fn say(&self, io: &mut Io<'_>, message: &str) -> u8 {
        let name = UTILITY.called(&self.call);
        let name = name.rsplit('/').next().unwrap_or_default();
        io.eprint(format!("{name}: {message}\n"));
        2
    }

    fn start(&self, io: &mut Io<'_>) -> Result<State, u8> {
        let parsed = parse(&UTILITY, &self.call, io)?;
        if parsed.value("W").is_some_and(|word| b"version".starts_with(word)) {
            io.print("mawk 1.3.4 20200120\nSimulated by Essaim.\n");
            return Err(0);
        }
        let mut operands = parsed.operands.clone();
        let mut program = Vec::new();
        for file in parsed.values("file") {
            let path = io.path(file);
            match io.files_ref().read(&path) {
                Ok(text) => program.extend_from_slice(&text),
                Err(error) => return Err(self.say(io, &format!("cannot open {} ({error})", lossy(file)))),
            }
            program.push(b'\n');
        }
        if !parsed.has("file") {
            if operands.is_empty() {
                io.eprint(UTILITY.help());
                return Err(0);
            }
            program = operands.remove(0);
        }
        let code = compile::compile(&program).map_err(|message| self.say(io, &message))?;
        let mut state = State::new(code);
        state.random = io.random("awk.rand").next_u64() | 1;
        for (name, value) in io.env() {
            state.arrays[0].insert(name.clone(), Value::Input(value.as_slice().into()));
        }
        debug_assert!(matches!(state.globals[ENVIRON], Value::Array { id: 0, .. }));
        state.globals[ARGC] = Value::Number(operands.len() as f64 + 1.0);
        let words = std::iter::once(b"awk".to_vec()).chain(operands);
        for (at, word) in words.enumerate() {
            state.arrays[1].insert(at.to_string().into_bytes(), Value::Input(word.into()));
        }
        for (option, value) in &parsed.given {
            let value = value.as_deref().unwrap_or_default();
            let word = match *option {
                "field-separator" if value == b"t" => b"FS=\\t".to_vec(),
                "field-separator" => [b"FS=", value].concat(),
                "assign" => value.to_vec(),
                _ => continue,
            };
            if state.assign_word(&word) != Ok(true) {
                return Err(self.say(io, &format!("improper assignment: -v {}", lossy(value))));
            }
        }
        Ok(state)
    }

    fn failed(&self, state: &mut State, message: &str, io: &mut Io<'_>) -> u8 {
        state.flush(io);
        let place = message.starts_with("run time error").then(|| {
            format!(
                "\n\tFILENAME=\"{}\" FNR={} NR={}",
                lossy(&state.global(state::FILENAME)),
                lossy(&state.global(FNR)),
                lossy(&state.global(state::NR))
            )
        });
        self.say(io, &format!("{message}{}", place.unwrap_or_default()))
    }
}

impl Process for Awk {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        let mut state = match self.state.take() {
            Some(state) => state,
            None => match self.start(io) {
                Ok(state) => Box::new(state),
                Err(code) => return Progress::Exit(code),
            },
        };
        let progress = match state.run(io) {
            Stop::Wait(wait) => Progress::Blocked(wait),
            Stop::Ready => Progress::Ready,
            Stop::Fatal(message) => Progress::Exit(self.failed(&mut state, &message, io)),
            Stop::Exit => Progress::Exit(state.status),
        };
        self.state = Some(state);
        progress
    }

    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
