//! Every case runs in our machine and must print what the case says; where the real bash is installed, it must too.
//! `UPDATE=1` rewrites the expected text from the real bash, never from ours. `CASE=name` runs one case.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros
)]

#[path = "language/mod.rs"]
mod support;

use support::{Outcome, bash_version, format_cases, ours, parse_cases, theirs};

fn show(outcome: &Outcome) -> String {
    format!(
        "stdout:\n{}stderr:\n{}status: {}\n",
        String::from_utf8_lossy(&outcome.stdout),
        String::from_utf8_lossy(&outcome.stderr),
        outcome.status
    )
}

#[test]
fn cases_print_what_bash_prints() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let only = std::env::var("CASE").ok();
    let update = std::env::var_os("UPDATE").is_some();
    let oracle = bash_version();
    let (mut count, mut failures) = (0, Vec::new());
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "case")) {
        let mut cases = parse_cases(&std::fs::read_to_string(file).unwrap());
        for case in &mut cases {
            if only.as_ref().is_some_and(|name| *name != case.name) {
                continue;
            }
            count += 1;
            let expected = |case: &support::Case| Outcome {
                stdout: case.stdout.clone().into_bytes(),
                stderr: case.stderr.clone().into_bytes(),
                status: case.status,
            };
            if oracle.is_some() {
                let mut real = theirs(case.script.as_bytes(), b"");
                // Cases with jobs depend on the real clock: a busy machine may make bash say them in another order.
                for _ in 0..if update { 0 } else { 2 } {
                    if real == expected(case) {
                        break;
                    }
                    real = theirs(case.script.as_bytes(), b"");
                }
                if update {
                    case.stdout = String::from_utf8(real.stdout.clone()).unwrap();
                    case.stderr = String::from_utf8(real.stderr.clone()).unwrap();
                    case.status = real.status;
                }
                if real != expected(case) {
                    failures.push(format!(
                        "{}: the real bash differs from the case\n{}",
                        case.name,
                        show(&real)
                    ));
                }
            }
            let got = ours(case.script.as_bytes(), b"");
            let want = expected(case);
            if got != want {
                failures.push(format!(
                    "=== {} ({})\n{}\n--- bash\n{}--- ours\n{}",
                    case.name,
                    file.file_name().unwrap().to_string_lossy(),
                    case.script,
                    show(&want),
                    show(&got)
                ));
            }
        }
        if update {
            std::fs::write(file, format_cases(&cases)).unwrap();
        }
    }
    println!(
        "{count} cases; oracle: {}",
        oracle.as_deref().unwrap_or("none here, recorded text only")
    );

    assert!(count >= 200 || only.is_some(), "only {count} cases");
    assert!(
        failures.is_empty(),
        "{} of {count} differ\n{}",
        failures.len(),
        failures.join("\n")
    );
}
