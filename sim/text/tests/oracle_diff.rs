//! Our hunks against those of the installed Git.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Rng, case_count, check_all, git_diff, git_is_the_judge, pair, seed};
use essaim_text::{Algorithm, DiffOptions, HunkOptions, Whitespace, unified};

const BATCH: usize = 500;

fn compare(what: &str, cases: usize, flags: &[&str], diff: DiffOptions, hunk: HunkOptions) {
    if !git_is_the_judge() {
        return;
    }
    let mut rng = Rng::new(seed());
    let mut wrong = 0;
    let mut left = case_count(cases);
    while left > 0 {
        let count = left.min(BATCH);
        left -= count;
        let pairs: Vec<_> = (0..count).map(|_| pair(&mut rng, 400)).collect();
        let expected = git_diff(&pairs, flags);
        wrong += check_all(
            what,
            &pairs,
            &expected,
            |(old, new)| {
                if old.len() + new.len() > 3000 {
                    return String::from("(long)");
                }
                let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
                format!("old:\n{old}\nnew:\n{new}")
            },
            |(old, new)| unified(old, new, &diff, &hunk),
        );
    }
    assert_eq!(wrong, 0, "{what}");
}

fn with(algorithm: Algorithm) -> DiffOptions {
    DiffOptions {
        algorithm,
        ..DiffOptions::default()
    }
}

fn ignoring(whitespace: Whitespace) -> DiffOptions {
    DiffOptions {
        whitespace,
        ..DiffOptions::default()
    }
}

#[test]
fn default() {
    let options = DiffOptions::default();
    compare("default", 400, &[], options, HunkOptions::default());
}

#[test]
fn no_indent_heuristic() {
    let options = DiffOptions {
        indent_heuristic: false,
        ..DiffOptions::default()
    };
    let flags = ["--no-indent-heuristic"];
    compare("no heuristic", 120, &flags, options, HunkOptions::default());
}

#[test]
fn algorithms() {
    for (flag, algorithm) in [
        ("--minimal", Algorithm::Minimal),
        ("--patience", Algorithm::Patience),
        ("--histogram", Algorithm::Histogram),
    ] {
        compare(flag, 120, &[flag], with(algorithm), HunkOptions::default());
    }
}

#[test]
fn whitespace() {
    for (flag, whitespace) in [
        ("-w", Whitespace::IgnoreAll),
        ("-b", Whitespace::IgnoreChange),
        ("--ignore-space-at-eol", Whitespace::IgnoreAtEol),
        ("--ignore-cr-at-eol", Whitespace::IgnoreCrAtEol),
    ] {
        let options = ignoring(whitespace);
        compare(flag, 120, &[flag], options, HunkOptions::default());
    }
}

#[test]
fn blank_lines() {
    for (flags, whitespace) in [
        (&["--ignore-blank-lines"][..], Whitespace::Exact),
        (&["--ignore-blank-lines", "-b"], Whitespace::IgnoreChange),
        (&["--ignore-blank-lines", "-w"], Whitespace::IgnoreAll),
    ] {
        let options = DiffOptions {
            ignore_blank_lines: true,
            ..ignoring(whitespace)
        };
        let what = flags.join(" ");
        compare(&what, 120, flags, options, HunkOptions::default());
    }
}

#[test]
fn context() {
    for (context, inter_hunk_context) in [(0, 0), (1, 0), (5, 0), (3, 4), (0, 2)] {
        let hunk = HunkOptions {
            context,
            inter_hunk_context,
            ..HunkOptions::default()
        };
        let context = format!("-U{context}");
        let between = format!("--inter-hunk-context={inter_hunk_context}");
        let flags = [context.as_str(), between.as_str()];
        compare(&flags.join(" "), 120, &flags, DiffOptions::default(), hunk);
    }
}

/// Large enough for the shortcuts on costly files.
#[test]
fn large_files() {
    if !git_is_the_judge() {
        return;
    }
    let mut rng = Rng::new(seed());
    let mut file = |modulus: usize| {
        let lines: Vec<String> = (0..4000).map(|_| rng.below(modulus).to_string()).collect();
        lines
    };
    let mut pairs = Vec::new();
    for modulus in [50, 400, 3000, 20_000] {
        let old = file(modulus);
        let unlike = file(modulus);
        // Equal runs between parts that differ.
        let mut partly = unlike.clone();
        for start in (0..3500).step_by(700) {
            partly.splice(start..start + 90, old[start..start + 90].iter().cloned());
        }
        for new in [unlike, partly] {
            let bytes = |lines: &Vec<String>| (lines.join("\n") + "\n").into_bytes();
            pairs.push((bytes(&old), bytes(&new)));
        }
    }
    let mut wrong = 0;
    for (flag, algorithm) in [
        ("--diff-algorithm=myers", Algorithm::Myers),
        ("--diff-algorithm=histogram", Algorithm::Histogram),
        ("--diff-algorithm=patience", Algorithm::Patience),
    ] {
        let expected = git_diff(&pairs, &[flag]);
        wrong += check_all(
            flag,
            &pairs,
            &expected,
            |_| String::from("(large)"),
            |(old, new)| unified(old, new, &with(algorithm), &HunkOptions::default()),
        );
    }
    assert_eq!(wrong, 0);
}
