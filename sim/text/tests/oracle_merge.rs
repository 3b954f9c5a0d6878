//! Our merges against `git merge-file` and `git merge`.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use common::{Rng, Triple, case_count, check_all, git, git_is_the_judge, seed, triple};
use essaim_text::{Algorithm, Favor, Labels, MergeOptions, MergeStyle, Whitespace, merge};

const BATCH: usize = 400;

#[test]
fn merge_file() {
    if !git_is_the_judge() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = MergeOptions::git_merge_file();
    let variants: [(&[&str], MergeOptions); 10] = [
        (&[], file),
        (&["--diff3"], with_style(file, MergeStyle::Diff3)),
        (&["--zdiff3"], with_style(file, MergeStyle::ZealousDiff3)),
        (&["--ours"], with_favor(file, Favor::Ours)),
        (&["--theirs"], with_favor(file, Favor::Theirs)),
        (&["--union"], with_favor(file, Favor::Union)),
        (
            &["--marker-size=12"],
            MergeOptions {
                marker_size: 12,
                ..file
            },
        ),
        (
            &["--diff-algorithm=histogram"],
            with_algorithm(file, Algorithm::Histogram),
        ),
        (
            &["--diff-algorithm=patience"],
            with_algorithm(file, Algorithm::Patience),
        ),
        (&["--diff-algorithm=minimal"], with_algorithm(file, Algorithm::Minimal)),
    ];
    let mut rng = Rng::new(seed());
    let mut wrong = 0;
    for i in 0..case_count(120) {
        let case = triple(&mut rng, 60);
        let (flags, options) = &variants[i % variants.len()];
        let (expected, count) = git_merge_file(folder.path(), &case, flags);
        let labels = Labels {
            ours: b"mine",
            base: b"base",
            theirs: b"yours",
        };
        let what = format!("merge-file {}", flags.join(" "));
        wrong += check_all(
            &what,
            &[&case],
            &[expected],
            |c| c.describe(),
            |c| {
                let result = merge(&c.base, &c.ours, &c.theirs, &labels, options);
                assert_eq!(result.conflict_count as i32, count, "{what}: {}", c.describe());
                result.bytes
            },
        );
    }
    assert_eq!(wrong, 0);
}

fn git_merge_file(folder: &Path, case: &Triple, flags: &[&str]) -> (Vec<u8>, i32) {
    fs::write(folder.join("base"), &case.base).unwrap();
    fs::write(folder.join("ours"), &case.ours).unwrap();
    fs::write(folder.join("theirs"), &case.theirs).unwrap();
    let mut arguments = vec!["merge-file", "-p", "-L", "mine", "-L", "base", "-L", "yours"];
    arguments.extend(flags);
    arguments.extend(["ours", "base", "theirs"]);
    let output = git(folder, &arguments);
    assert!(output.stderr.is_empty(), "{output:?}");
    (output.stdout, output.status.code().unwrap())
}

fn with_style(options: MergeOptions, style: MergeStyle) -> MergeOptions {
    MergeOptions { style, ..options }
}

fn with_favor(options: MergeOptions, favor: Favor) -> MergeOptions {
    MergeOptions {
        favor: Some(favor),
        ..options
    }
}

fn with_algorithm(options: MergeOptions, algorithm: Algorithm) -> MergeOptions {
    MergeOptions { algorithm, ..options }
}

#[test]
fn merge_of_branches() {
    if !git_is_the_judge() {
        return;
    }
    let merged = MergeOptions::git_merge();
    let ignoring = |whitespace| MergeOptions { whitespace, ..merged };
    let variants: [(&str, &[&str], MergeOptions); 7] = [
        ("merge", &[], merged),
        ("diff3", &[], with_style(merged, MergeStyle::Diff3)),
        ("zdiff3", &[], with_style(merged, MergeStyle::ZealousDiff3)),
        ("merge", &["-Xours"], with_favor(merged, Favor::Ours)),
        ("merge", &["-Xtheirs"], with_favor(merged, Favor::Theirs)),
        ("merge", &["-Xignore-all-space"], ignoring(Whitespace::IgnoreAll)),
        ("merge", &["-Xignore-space-change"], ignoring(Whitespace::IgnoreChange)),
    ];
    let mut rng = Rng::new(seed() + 1);
    let mut wrong = 0;
    let mut left = case_count(120);
    while left > 0 {
        let count = left.min(BATCH);
        left -= count;
        let cases: Vec<Triple> = (0..count).map(|_| triple(&mut rng, 120)).collect();
        wrong += merge_batch(&cases, &variants);
    }
    assert_eq!(wrong, 0);
}

fn merge_batch(cases: &[Triple], variants: &[(&str, &[&str], MergeOptions)]) -> usize {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let run = |arguments: &[&str]| {
        let mut all = vec!["-c", "user.name=n", "-c", "user.email=e", "-c", "core.autocrlf=false"];
        all.extend(["-c", "merge.renames=false", "-c", "gc.auto=0"]);
        all.extend(arguments);
        git(folder, &all)
    };
    let commit = |side: fn(&Triple) -> &[u8]| {
        for (i, case) in cases.iter().enumerate() {
            fs::write(folder.join(i.to_string()), side(case)).unwrap();
        }
        run(&["add", "."]);
        let output = run(&["commit", "-q", "--allow-empty", "-m", "m"]);
        assert!(output.status.success(), "{output:?}");
    };
    run(&["init", "-q", "-b", "main"]);
    commit(|case| &case.base);
    run(&["branch", "topic"]);
    commit(|case| &case.ours);
    run(&["checkout", "-q", "topic"]);
    commit(|case| &case.theirs);
    run(&["checkout", "-q", "main"]);
    let base = run(&["merge-base", "--all", "main", "topic"]).stdout;
    let base = String::from_utf8(base).unwrap();
    let base = run(&["rev-parse", "--short", base.trim()]).stdout;
    let mut wrong = 0;
    for (style, flags, options) in variants {
        let style_setting = format!("merge.conflictStyle={style}");
        let mut arguments = vec!["-c", &style_setting, "merge", "-q", "--no-commit"];
        arguments.extend(*flags);
        arguments.push("topic");
        run(&arguments);
        let expected: Vec<Vec<u8>> = (0..cases.len())
            .map(|i| fs::read(folder.join(i.to_string())).unwrap())
            .collect();
        run(&["reset", "-q", "--hard", "main"]);
        let labels = Labels {
            ours: b"HEAD",
            base: base.trim_ascii(),
            theirs: b"topic",
        };
        let what = format!("git merge {style} {}", flags.join(" "));
        wrong += check_all(&what, cases, &expected, Triple::describe, |c| {
            // A merge of trees does not open files that one side left alone.
            if c.base == c.ours {
                return c.theirs.clone();
            }
            if c.base == c.theirs || c.ours == c.theirs {
                return c.ours.clone();
            }
            merge(&c.base, &c.ours, &c.theirs, &labels, options).bytes
        });
    }
    wrong
}
