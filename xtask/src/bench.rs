//! `cargo xtask bench [NAME]`: measurements. They print figures; the tests hold the ceilings.

use crate::build::{self, Options};
use crate::machine::{Failure, Outcome, Run, root, say};
use crate::setup;

struct Bench {
    name: &'static str,
    what: &'static str,
    run: fn() -> Outcome,
}

const BENCHES: [Bench; 1] = [Bench {
    name: "browser",
    what: "the release page in Chromium: time to interactive, and from Enter to the answer of a command",
    run: browser,
}];

/// `cargo xtask bench`.
pub fn command(arguments: &[String]) -> Outcome {
    let list = || {
        BENCHES
            .map(|bench| format!("{:<10}{}", bench.name, bench.what))
            .join("\n")
    };
    let chosen = match arguments {
        [] => None,
        [name] if BENCHES.iter().any(|bench| bench.name == name) => Some(name),
        _ => return Err(Failure::new(format!("no bench is named `{}`", arguments.join(" "))).hint(list())),
    };
    for bench in BENCHES
        .iter()
        .filter(|bench| chosen.is_none_or(|name| bench.name == name))
    {
        say(format!("{}: {}", bench.name, bench.what));
        (bench.run)()?;
    }
    Ok(())
}

fn browser() -> Outcome {
    setup::for_the_browser()?;
    let dist = root().join("dist");
    build::site(&Options {
        release: true,
        dist: dist.clone(),
    })?;
    Run::new("node")
        .args([setup::browser_folder().join("bench.mjs")])
        .env("ESSAIM_DIST", dist)
        .run()
}
