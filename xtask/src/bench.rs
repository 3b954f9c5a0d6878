//! `cargo xtask bench [NAME]`: measurements. They print figures; the tests hold the ceilings.

use crate::build::{self, Options};
use crate::machine::{Failure, Outcome, Run, make_folder, root, say, target};
use crate::setup;

const WORLDS: &str = "essaim-worlds";
const WASM: &str = "wasm32-unknown-unknown";

struct Bench {
    name: &'static str,
    what: &'static str,
    run: fn() -> Outcome,
}

const BENCHES: [Bench; 2] = [
    Bench {
        name: "browser",
        what: "the release page in Chromium: time to interactive, and from Enter to the answer of a command",
        run: browser,
    },
    Bench {
        name: "world",
        what: "the kernel's distributed world: events a second natively and in Chromium, snapshots, digests",
        run: world,
    },
];

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

/// What `tests/worlds` is built to: the loops that `tests/browser/world.mjs` calls.
fn world() -> Outcome {
    let tools = setup::for_the_page()?;
    setup::for_the_browser()?;
    Run::cargo()
        .args([
            "bench",
            "--quiet",
            "--locked",
            "--package",
            WORLDS,
            "--features",
            "criterion",
        ])
        .args(["--bench", "world"])
        .run()?;
    // In the release profile, which is what learners get.
    Run::cargo()
        .args(["build", "--quiet", "--locked", "--release", "--target", WASM])
        .args(["--package", WORLDS, "--bin", "speed"])
        .run()?;
    let folder = target().join("worlds");
    make_folder(&folder)?;
    Run::new(&tools.wasm_bindgen)
        .args(["--target", "web", "--no-typescript", "--out-dir"])
        .args([&folder])
        .args([target().join(WASM).join("release/speed.wasm")])
        .run()?;
    let node = Run::new("node")
        .args([setup::browser_folder().join("world.mjs")])
        .env("ESSAIM_WORLDS", folder);
    match setup::chromium() {
        Some(chromium) => node.env("ESSAIM_CHROMIUM", chromium),
        None => node,
    }
    .run()
}
