//! The repository's own commands: `cargo xtask COMMAND`.
//!
//! Everything that a reader of the README, a developer or continuous integration does goes
//! through here, so that there is one way to do it and it works on a fresh machine.

mod bench;
mod budget;
mod build;
mod conformance;
mod content;
mod deny;
mod equality;
mod html;
mod machine;
mod new_lesson;
mod serve;
mod setup;
mod styles;
mod test;
mod watch;

use machine::{Failure, Outcome};

const USAGE: &str = "\
Usage: cargo xtask COMMAND [OPTIONS]

  serve [--release] [--port N] [--open]   build the course and serve it on http://localhost:8080
  test [--only STEP]... [--skip STEP]...  everything that continuous integration runs
  build [--release] [--dist DIR]          the site, in dist/
  setup                                   install what is missing on this machine
  content                                 compile the lessons to dist/content/
  new-lesson CHAPTER MODULE LESSON        the folder of a new lesson, to be filled in
  bench [NAME]                            measure; prints the figures
  conformance SUITE DIR [--verbose]       run the cases of a folder; last line: N passed, N failed
  deny                                    licences and bans of deny.toml
";

fn main() -> std::process::ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match dispatch(&command, &rest) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(failure) => {
            machine::say_failure(&failure);
            std::process::ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &str, rest: &[String]) -> Outcome {
    match command {
        "setup" => {
            no_arguments(rest)?;
            setup::everything()
        }
        "build" => build::command(rest),
        "serve" => serve::command(rest),
        "content" => {
            no_arguments(rest)?;
            content::compile_into(&machine::root().join("dist"))
        }
        "test" => test::command(rest),
        "bench" => bench::command(rest),
        "conformance" => conformance::command(rest),
        "new-lesson" => new_lesson::command(rest),
        "deny" => {
            no_arguments(rest)?;
            deny::check()
        }
        "" | "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(Failure::new(format!("no command `{other}`")).hint(USAGE)),
    }
}

fn no_arguments(rest: &[String]) -> Outcome {
    rest.first().map_or(Ok(()), |extra| Err(unexpected(extra)))
}

fn unexpected(argument: &str) -> Failure {
    Failure::new(format!("unexpected argument `{argument}`")).hint(USAGE)
}
