//! The shell: bash's language, as far as scripts and a learner's prompt need it.
//!
//! Whether it is started as `bash`, `sh` or `dash`, it speaks bash's dialect with bash's messages.
//!
//! Reading order: `syntax` (bytes to a tree), `variables`, `state`, `arithmetic`, `pattern`, `expand` (words to
//! fields), `run` (the interpreter: frames over the tree), `builtins`, `prompt`, [`complete`] (Tab).

mod arithmetic;
mod builtins;
pub mod complete;
mod escapes;
mod expand;
mod pattern;
mod prompt;
mod quote;
mod regex;
mod run;
mod state;
mod syntax;
mod variables;

pub(crate) use builtins::find_signal;
pub(crate) use syntax::ast::is_name;

use essaim_kernel::process::RunToEnd;
use essaim_kernel::{Call, Process, Program};
use run::Shell;

fn shell(call: Call) -> Box<dyn Process> {
    Box::new(Shell::new(call.args))
}

fn echo(call: Call) -> Box<dyn Process> {
    RunToEnd::boxed(call, |call, io| {
        io.print(builtins::echo::text(&call.args[1..]));
        0
    })
}

fn printf(call: Call) -> Box<dyn Process> {
    RunToEnd::boxed(call, |call, io| {
        if call.args.len() < 2 {
            io.eprint("printf: missing operand\nTry 'printf --help' for more information.\n");
            return 1;
        }
        let printed = builtins::printf::format(&call.args[1..], None);
        for message in &printed.errors {
            io.eprint([b"printf: ", message.as_slice(), b"\n"].concat());
        }
        io.print(printed.out);
        printed.status
    })
}

fn test(call: Call) -> Box<dyn Process> {
    RunToEnd::boxed(call, |call, io| {
        let mut words = call.args.get(1..).unwrap_or_default();
        if call.args.first().is_some_and(|name| name.ends_with(b"[")) {
            match words.split_last() {
                Some((last, rest)) if last == b"]" => words = rest,
                _ => {
                    io.eprint("[: missing ']'\n");
                    return 2;
                }
            }
        }
        match builtins::test::evaluate(words, None, io) {
            Ok(value) => u8::from(!value),
            Err(message) => {
                io.eprint([b"test: ", message.as_slice(), b"\n"].concat());
                2
            }
        }
    })
}

fn true_program(call: Call) -> Box<dyn Process> {
    RunToEnd::boxed(call, |_, _| 0)
}

fn false_program(call: Call) -> Box<dyn Process> {
    RunToEnd::boxed(call, |_, _| 1)
}

fn pwd(call: Call) -> Box<dyn Process> {
    RunToEnd::boxed(call, |_, io| {
        let line = [io.cwd(), b"\n"].concat();
        io.print(line);
        0
    })
}

fn kill(call: Call) -> Box<dyn Process> {
    // `xargs kill`: the builtin, in a shell of its own.
    let mut args = vec![
        b"kill".to_vec(),
        b"-c".to_vec(),
        b"kill \"$@\"".to_vec(),
        b"kill".to_vec(),
    ];
    args.extend(call.args.into_iter().skip(1));
    Box::new(Shell::new(args))
}

const fn program(
    name: &'static str,
    path: &'static str,
    summary: &'static str,
    start: fn(Call) -> Box<dyn Process>,
) -> Program {
    Program {
        name,
        path,
        summary,
        start,
        complete: None,
    }
}

/// `sh`, `bash` and `dash`, and the builtins that are programs too.
pub const PROGRAMS: &[Program] = &[
    program("bash", "/usr/bin/bash", "the shell", shell),
    program("sh", "/usr/bin/sh", "the shell", shell),
    program("dash", "/usr/bin/dash", "the shell", shell),
    program("echo", "/usr/bin/echo", "prints its arguments", echo),
    program("printf", "/usr/bin/printf", "prints its arguments in a format", printf),
    program("test", "/usr/bin/test", "tests files and compares values", test),
    program("[", "/usr/bin/[", "tests files and compares values", test),
    program("true", "/usr/bin/true", "succeeds", true_program),
    program("false", "/usr/bin/false", "fails", false_program),
    program("pwd", "/usr/bin/pwd", "prints the current directory", pwd),
    program("kill", "/usr/bin/kill", "sends a signal to processes", kill),
];
