//! Same seed and transcript, same digest, natively and in Wasm.
//!
//! The program of `tests/equality` is built for both and plays the same transcripts and the same
//! distributed worlds; every digest and every output must be equal.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use crate::machine::{About as _, Failure, Outcome, Run, files_below, make_folder, read, root, say, target, write};
use crate::setup;

const PACKAGE: &str = "essaim-equality";
const WASM: &str = "wasm32-unknown-unknown";

/// Builds both, plays, compares.
pub fn check() -> Outcome {
    let tools = setup::for_the_page()?;
    let input = transcripts()?;
    Run::cargo()
        .args(["build", "--quiet", "--locked", "--package", PACKAGE])
        .run()?;
    // In the release profile: it is what learners get, and the page's build shares its crates.
    Run::cargo()
        .args(["build", "--quiet", "--locked", "--release"])
        .args(["--package", PACKAGE, "--target", WASM])
        .run()?;
    let folder = target().join("equality");
    make_folder(&folder)?;
    Run::new(&tools.wasm_bindgen)
        .args(["--target", "nodejs", "--no-typescript", "--out-dir"])
        .args([&folder])
        .args([target().join(WASM).join("release").join(format!("{PACKAGE}.wasm"))])
        .run()?;
    let native = feed(Run::new(target().join("debug").join(PACKAGE)), &input)?;
    let wasm = feed(node(&folder)?, &input)?;
    compare(&native, &wasm)
}

/// All transcripts: those written for this, and every lesson's solution.
fn transcripts() -> Outcome<String> {
    let mut all = String::new();
    for path in files_below(&root().join("tests/equality/cases"))? {
        if path.extension().is_some_and(|extension| extension == "case") {
            all.push_str(&read(&path)?);
            all.push('\n');
        }
    }
    Ok(all)
}

fn node(folder: &Path) -> Outcome<Run> {
    let script = folder.join("play.cjs");
    write(
        &script,
        format!(
            "globalThis.essaimInput = require('node:fs').readFileSync(0, 'utf8');\n\
             require('./{PACKAGE}.js');\n\
             process.stdout.write(globalThis.essaimReport);\n"
        ),
    )?;
    Ok(Run::new("node").args([&script]))
}

/// Runs a program with a text as its standard input.
fn feed(run: Run, input: &str) -> Outcome<String> {
    let mut command = run.into_command();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .about("start the program that plays transcripts")?;
    let mut stdin = child.stdin.take().ok_or_else(|| Failure::new("no standard input"))?;
    stdin.write_all(input.as_bytes()).about("hand over the transcripts")?;
    drop(stdin);
    let output = child.wait_with_output().about("read the digests")?;
    if !output.status.success() {
        return Err(Failure::new(format!(
            "playing the transcripts failed ({})",
            output.status
        )));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn compare(native: &str, wasm: &str) -> Outcome {
    if let Some(line) = native.lines().find(|line| line.contains(" does not open: ")) {
        return Err(Failure::new(format!("a lab cannot be opened: {line}")));
    }
    let (mut natives, mut wasms) = (native.lines(), wasm.lines());
    let mut same = 0;
    loop {
        match (natives.next(), wasms.next()) {
            (None, None) if same > 0 => {
                say(format!("{same} moments have the same digest natively and in Wasm"));
                return Ok(());
            }
            (None, None) => return Err(Failure::new("no transcript was played")),
            (one, other) if one == other => same += 1,
            (one, other) => {
                let shown = |line: Option<&str>| line.unwrap_or("(nothing)").to_owned();
                return Err(Failure::new("native and Wasm part ways").hint(format!(
                    "native: {}\nWasm:   {}\n{same} moments were equal before.",
                    shown(one),
                    shown(other)
                )));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn the_first_difference_is_told() {
        assert!(compare("a\nb\n", "a\nb\n").is_ok());
        for (native, wasm) in [("a\nb\n", "a\nc\n"), ("a\n", "a\nb\n"), ("a\nb\n", "a\n"), ("", "")] {
            assert!(compare(native, wasm).is_err(), "{native:?} {wasm:?}");
        }
    }
}
