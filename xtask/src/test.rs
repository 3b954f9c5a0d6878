//! `cargo xtask test`: everything that continuous integration runs, cheapest fault first.

use std::time::{Duration, Instant};

use crate::build::{self, Options};
use crate::machine::{Failure, Outcome, Run, is_continuous_integration, root, say, say_failure, which};
use crate::{budget, conformance, deny, equality, setup};

/// The packages of the page; they are checked for the target they run on.
const PAGE: [&str; 2] = ["essaim-app", "essaim-worker-base"];

struct Step {
    name: &'static str,
    what: &'static str,
    run: fn() -> Outcome,
}

const STEPS: [Step; 12] = [
    Step {
        name: "setup",
        what: "tools, wasm32, Chromium",
        run: setup::everything,
    },
    Step {
        name: "fmt",
        what: "rustfmt agrees with every file",
        run: format,
    },
    Step {
        name: "deny",
        what: "licences and bans",
        run: deny::check,
    },
    Step {
        name: "clippy",
        what: "lints, native",
        run: clippy,
    },
    Step {
        name: "clippy-wasm",
        what: "lints, page and worker",
        run: clippy_wasm,
    },
    Step {
        name: "unit",
        what: "unit, oracle and shape tests",
        run: unit,
    },
    Step {
        name: "conformance",
        what: "golden vectors, where they are at hand",
        run: conformance::check_kept,
    },
    Step {
        name: "content",
        what: "every lesson is proved",
        run: content,
    },
    Step {
        name: "equality",
        what: "same digests natively and in Wasm",
        run: equality::check,
    },
    Step {
        name: "build",
        what: "the release page",
        run: build_release,
    },
    Step {
        name: "budget",
        what: "bytes that a learner downloads",
        run: weigh,
    },
    Step {
        name: "browser",
        what: "the release page in Chromium",
        run: browser,
    },
];

#[derive(PartialEq)]
enum State {
    Passed,
    Failed,
    Skipped,
}

/// `cargo xtask test`.
pub fn command(arguments: &[String]) -> Outcome {
    let chosen = choose(arguments)?;
    let mut table = Vec::new();
    for step in &STEPS {
        if !chosen.contains(&step.name) {
            table.push((step, State::Skipped, Duration::ZERO));
            continue;
        }
        eprintln!();
        say(format!("{}: {}", step.name, step.what));
        let started = Instant::now();
        let outcome = (step.run)();
        let state = match &outcome {
            Ok(()) => State::Passed,
            Err(failure) => {
                say_failure(failure);
                State::Failed
            }
        };
        // What follows would only repeat this failure, or test an older build.
        let fatal = state == State::Failed && matches!(step.name, "setup" | "build");
        table.push((step, state, started.elapsed()));
        if fatal {
            break;
        }
    }
    conclude(&table)
}

fn choose(arguments: &[String]) -> Outcome<Vec<&'static str>> {
    let mut only: Vec<&'static str> = Vec::new();
    let mut skip: Vec<&'static str> = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let list = match argument.as_str() {
            "--only" => &mut only,
            "--skip" => &mut skip,
            other => return Err(crate::unexpected(other)),
        };
        let asked = arguments.next().map_or("", String::as_str);
        let step = STEPS.iter().find(|step| step.name == asked).ok_or_else(|| {
            let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
            Failure::new(format!("{argument} needs the name of a step, not `{asked}`"))
                .hint(format!("Steps: {}", names.join(", ")))
        })?;
        list.push(step.name);
    }
    Ok(STEPS
        .iter()
        .map(|step| step.name)
        .filter(|name| (only.is_empty() || only.contains(name)) && !skip.contains(name))
        .collect())
}

fn conclude(table: &[(&Step, State, Duration)]) -> Outcome {
    println!();
    for (step, state, took) in table {
        let shown = match state {
            State::Passed => "ok",
            State::Failed => "FAILED",
            State::Skipped => "skipped",
        };
        println!(
            "  {:<12} {:<8} {:>7.1} s   {}",
            step.name,
            shown,
            took.as_secs_f64(),
            step.what
        );
    }
    let total: Duration = table.iter().map(|(_, _, took)| *took).sum();
    let count = |wanted: &State| table.iter().filter(|(_, state, _)| state == wanted).count();
    let failed = count(&State::Failed);
    println!("  {:<12} {:<8} {:>7.1} s", "total", "", total.as_secs_f64());
    println!(
        "\nsteps: {} passed, {failed} failed, {} skipped",
        count(&State::Passed),
        count(&State::Skipped)
    );
    if failed > 0 {
        let again: Vec<String> = table
            .iter()
            .filter(|(_, state, _)| *state == State::Failed)
            .map(|(step, ..)| format!("--only {}", step.name))
            .collect();
        return Err(Failure::new(format!("{failed} steps failed"))
            .hint(format!("Again, these alone: cargo xtask test {}", again.join(" "))));
    }
    Ok(())
}

fn format() -> Outcome {
    Run::cargo()
        .args(["fmt", "--all", "--check", "--", "-l"])
        .hint("Run `cargo fmt --all`.")
        .run()
}

fn clippy() -> Outcome {
    // The bans of sim/clippy.toml are for the engines; their tests run the real products.
    native_clippy(&["--lib", "--bins"], &[])?;
    native_clippy(
        &["--all-targets"],
        &[
            "-A",
            "clippy::disallowed_types",
            "-A",
            "clippy::disallowed_methods",
            "-A",
            "clippy::disallowed_macros",
        ],
    )
}

fn native_clippy(targets: &[&str], lints: &[&str]) -> Outcome {
    let mut run = Run::cargo()
        .args([
            "clippy",
            "--quiet",
            "--locked",
            "--workspace",
            "--features",
            "xtask/content",
        ])
        .args(targets);
    for package in PAGE {
        run = run.args(["--exclude", package]);
    }
    run.args(["--", "-D", "warnings"]).args(lints).run()
}

fn clippy_wasm() -> Outcome {
    setup::for_wasm()?;
    // In the release profile, so that macros and build scripts are shared with the page's build.
    let mut run = Run::cargo().args([
        "clippy",
        "--quiet",
        "--locked",
        "--release",
        "--target",
        "wasm32-unknown-unknown",
    ]);
    for package in PAGE {
        run = run.args(["--package", package]);
    }
    run.args(["--", "-D", "warnings"]).run()
}

fn unit() -> Outcome {
    let nextest = which("cargo-nextest").is_some();
    let mut run = Run::cargo();
    run = if nextest {
        run.args([
            "nextest",
            "run",
            "--no-fail-fast",
            "--status-level=fail",
            "--final-status-level=fail",
        ])
    } else {
        run.args(["test", "--no-fail-fast", "--quiet"])
    };
    run = run.args(["--locked", "--workspace"]);
    if is_continuous_integration() && nextest {
        run = run.args(["--show-progress=none"]);
    }
    run.run()
}

fn content() -> Outcome {
    Run::cargo()
        .args([
            "run",
            "--quiet",
            "--locked",
            "--package",
            "essaim-cli",
            "--",
            "lesson",
            "check",
        ])
        .run()
}

fn release() -> Options {
    Options {
        release: true,
        dist: root().join("dist"),
    }
}

fn build_release() -> Outcome {
    build::site(&release()).map(|_| ())
}

fn weigh() -> Outcome {
    budget::check(&release().dist)
}

fn browser() -> Outcome {
    setup::for_the_browser()?;
    let node = Run::new("node")
        .args([setup::browser_folder().join("run.mjs")])
        .env("ESSAIM_DIST", release().dist);
    match setup::chromium() {
        Some(chromium) => node.env("ESSAIM_CHROMIUM", chromium),
        None => node,
    }
    .hint("Screenshots of the failures are in tests/browser/out/. One test alone: node tests/browser/run.mjs --filter NAME")
    .run()
}
