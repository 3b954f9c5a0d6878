//! Our `--stat` against that of the installed Git.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Rng, Tree, case_count, check_all, git_is_the_judge, git_log, seed};
use essaim_text::{
    DiffOptions, StatEntry, StatKind, StatOptions, count_lines, is_binary, numstat_line, shortstat, stat,
};

fn name(rng: &mut Rng, i: usize) -> String {
    let depth = rng.below(4);
    let mut path = String::new();
    for _ in 0..depth {
        path += rng.pick(&["src/", "données/", "a-rather-long-folder-name/", "d/", "日本/"]);
    }
    let stem = rng.pick(&["x", "main", "événements", "a_quite_long_file_name_for_a_table", "日"]);
    let more = "-more".repeat(if rng.one_in(6) { rng.below(15) } else { 0 });
    format!("{path}{stem}{more}{i}.txt")
}

fn content(rng: &mut Rng, sign: char) -> Vec<u8> {
    if rng.one_in(10) {
        return vec![0; rng.below(12_000)];
    }
    let count = match rng.below(4) {
        0 => rng.below(3),
        1 => rng.below(30),
        2 => rng.below(150),
        _ => rng.below(3) * rng.below(900),
    };
    (0..count).flat_map(|i| format!("{sign}{i}\n").into_bytes()).collect()
}

fn case(rng: &mut Rng) -> (Tree, Tree) {
    let (mut old, mut new) = (Tree::new(), Tree::new());
    for i in 0..=rng.below(7) {
        let path = name(rng, i);
        let before = content(rng, 'r');
        let after = content(rng, 'a');
        match rng.below(5) {
            0 => new.push((path, after)),
            1 => old.push((path, before)),
            2 => {
                new.push((path.clone(), [before.clone(), after].concat()));
                old.push((path, before));
            }
            _ => {
                old.push((path.clone(), before));
                new.push((path, after));
            }
        }
    }
    (old, new)
}

fn entries((old, new): &(Tree, Tree)) -> Vec<StatEntry> {
    let mut paths: Vec<&String> = old.iter().chain(new).map(|(path, _)| path).collect();
    paths.sort();
    paths.dedup();
    let find = |tree: &Tree, path: &String| {
        let file = tree.iter().find(|(other, _)| other == path);
        file.map(|(_, content)| content.clone())
    };
    let mut entries = Vec::new();
    for path in paths {
        let (before, after) = (find(old, path), find(new, path));
        if before == after {
            continue;
        }
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        let kind = if is_binary(&before) || is_binary(&after) {
            StatKind::Binary {
                old_bytes: before.len(),
                new_bytes: after.len(),
            }
        } else {
            count_lines(&before, &after, &DiffOptions::default())
        };
        entries.push(StatEntry {
            name: path.clone().into_bytes(),
            kind,
        });
    }
    entries
}

#[test]
fn stat_and_its_summaries() {
    if !git_is_the_judge() {
        return;
    }
    let mut rng = Rng::new(seed());
    let count = case_count(60);
    let cases: Vec<_> = (0..count).map(|_| case(&mut rng)).collect();
    let describe = |case: &(Tree, Tree)| format!("{:?}", entries(case));
    let mut wrong = 0;
    let widths: [(&[&str], StatOptions); 7] = [
        (&["--stat=80"], options(80, None, None, None)),
        (&["--stat=120"], options(120, None, None, None)),
        (&["--stat=40"], options(40, None, None, None)),
        (&["--stat=1"], options(1, None, None, None)),
        (&["--stat=80,20"], options(80, Some(20), None, None)),
        (
            &["--stat=100", "--stat-graph-width=17"],
            options(100, None, Some(17), None),
        ),
        (&["--stat=80,60,3"], options(80, Some(60), None, Some(3))),
    ];
    for (flags, options) in widths {
        let mut arguments = vec!["--no-renames"];
        arguments.extend(flags);
        let expected = git_log(&cases, &arguments);
        wrong += check_all(&flags.join(" "), &cases, &expected, describe, |case| {
            stat(&entries(case), &options)
        });
    }
    let expected = git_log(&cases, &["--no-renames", "--shortstat"]);
    wrong += check_all("--shortstat", &cases, &expected, describe, |case| {
        shortstat(&entries(case))
    });
    let expected = git_log(&cases, &["--no-renames", "--numstat"]);
    wrong += check_all("--numstat", &cases, &expected, describe, |case| {
        let entries = entries(case);
        let lines: Vec<Vec<u8>> = entries.iter().map(numstat_line).collect();
        // The test helper prints a space first.
        let lines = lines.join(&b'\n');
        let shown = usize::from(!lines.is_empty());
        [&b" "[..shown], &lines, &b"\n"[..shown]].concat()
    });
    assert_eq!(wrong, 0);
}

fn options(width: usize, name_width: Option<usize>, graph_width: Option<usize>, count: Option<usize>) -> StatOptions {
    StatOptions {
        width,
        name_width,
        graph_width,
        count,
    }
}
