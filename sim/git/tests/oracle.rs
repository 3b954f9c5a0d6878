//! The engine beside the installed Git: the same command lines, the same bytes.
//!
//! `cases/<command>.case` hold the expected output of Git 2.47; `UPDATE=1` rewrites them from the real Git. Where
//! `git --version` is 2.47.x each case also runs live, and its repository is checked by `git fsck --strict`.
//! `CASES=folder` takes the cases of another folder.
#![allow(clippy::unwrap_used)]

mod harness;

use harness::{Case, Run, live_git, load, run_engine, run_real};

#[test]
fn written_cases() {
    let live = live_git();
    let update = std::env::var_os("UPDATE").is_some();
    let only = std::env::var("CASE").ok();
    if !live {
        eprintln!("git is not 2.47.x here: only the stored output is compared");
    }
    let (mut passed, mut failures) = (0, Vec::new());
    let folder = std::env::var("CASES").unwrap_or_else(|_| "cases".to_owned());
    for mut file in load(&folder) {
        let mut ran = false;
        for case in &mut file.cases {
            if only
                .as_ref()
                .is_some_and(|name| !format!("{}/{}", file.name, case.name).contains(name.as_str()))
            {
                continue;
            }
            ran = true;
            if live {
                let real = run_real(case);
                if update {
                    case.expected = real.clone();
                } else if real != case.expected {
                    failures.push(report(
                        &file.name,
                        case,
                        "the stored output is not real Git's",
                        &case.expected,
                        &real,
                    ));
                }
            }
            let (engine, complaint) = run_engine(case, live);
            if let Some(complaint) = complaint {
                failures.push(format!("== {}: {}: {complaint}", file.name, case.name));
            }
            if engine == case.expected {
                passed += 1;
            } else {
                failures.push(report(
                    &file.name,
                    case,
                    "the engine differs from Git",
                    &case.expected,
                    &engine,
                ));
            }
        }
        if update && live && ran {
            file.save();
        }
    }
    eprintln!("{passed} passed, {} failed", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(passed > 0 || only.is_some());
}

fn report(file: &str, case: &Case, what: &str, expected: &[Run], found: &[Run]) -> String {
    let mut text = format!("== {file}: {}: {what}\n", case.name);
    for ((line, a), b) in case.lines.iter().zip(expected).zip(found) {
        if a != b {
            text.push_str(&format!(
                "$ {line}\n--- Git [{}]\n{}--- engine [{}]\n{}",
                a.code, a.output, b.code, b.output
            ));
        }
    }
    text
}
