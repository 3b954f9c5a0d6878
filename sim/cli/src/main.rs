//! `essaim`: the course's labs in a native terminal. Authors, teachers, CI and comparisons with real tools use it.
//!
//! Reading order: [`arguments`], [`host_files`] (a real folder inside the machine), [`house`] (the machine's start),
//! [`script`] (`essaim sh` with something to run), [`terminal`] (interactive), [`content`] and [`lesson`].

mod arguments;

mod host_files;

mod house;

mod script;

mod terminal;

mod content;

mod lesson;

use arguments::{Action, HELP};
use std::process::ExitCode;

/// What went wrong outside the lab: a sentence for standard error.
#[derive(Debug)]
pub struct Fault(pub String);

impl<T: std::fmt::Display> From<T> for Fault {
    fn from(error: T) -> Self {
        Self(error.to_string())
    }
}

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let result = match arguments::read(&words) {
        Err(message) => {
            eprintln!("essaim: {message}\nTry `essaim --help`.");
            return ExitCode::from(2);
        }
        Ok(Action::Help) => {
            print!("{HELP}");
            Ok(0)
        }
        Ok(Action::Version) => {
            println!("essaim {}", env!("CARGO_PKG_VERSION"));
            Ok(0)
        }
        Ok(Action::Shell(options)) if options.runs_something() => script::run(&options),
        Ok(Action::Shell(options)) => terminal::shell(&options),
        Ok(Action::List(content)) => lesson::list(&content),
        Ok(Action::Check { content, id, verbose }) => lesson::check(&content, id.as_deref(), verbose),
        Ok(Action::Play { content, id }) => lesson::play(&content, &id),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(Fault(message)) => {
            eprintln!("essaim: {message}");
            ExitCode::FAILURE
        }
    }
}
