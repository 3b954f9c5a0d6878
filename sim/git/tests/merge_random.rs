//! Random merges beside the installed Git: both sides edit, add, delete, rename, move whole directories, change modes
//! and types; then one is merged into the other. Messages, index, working tree, the commit and its objects must be
//! equal. `MERGES=500 FIRST=1` runs more; a failure names its seed.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test of the host"
)]

mod harness;

use harness::{Case, Run, live_git, run_engine, run_real};

/// Marsaglia's xorshift: the tests need no more.
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % count
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = self.below(from.len());
        &from[at]
    }
}

/// The files of one side while its commands are made up.
#[derive(Clone, Default)]
struct Tree(Vec<String>);

const DIRECTORIES: [&str; 5] = ["", "d/", "e/", "d/x/", "new/"];
const NAMES: [&str; 8] = ["a", "b", "c", "k", "m", "n", "p", "q"];
const WORDS: [&str; 6] = ["select", "from", "}", "where", "", "join"];

fn lines(random: &mut Random, start: usize) -> String {
    let count = 4 + random.below(20);
    (0..count)
        .map(|at| format!("{} {}\\n", random.pick(&WORDS), start + at / 3 * 3))
        .collect()
}

fn one_change(random: &mut Random, tree: &mut Tree, out: &mut Vec<String>) {
    let kind = random.below(20);
    let any = |random: &mut Random, tree: &Tree| tree.0.get(random.below(tree.0.len().max(1))).cloned();
    let fresh = |random: &mut Random, tree: &Tree| {
        let path = format!("{}{}", random.pick(&DIRECTORIES), random.pick(&NAMES));
        let clash = tree
            .0
            .iter()
            .any(|old| *old == path || old.starts_with(&format!("{path}/")) || path.starts_with(&format!("{old}/")));
        (!clash).then_some(path)
    };
    match kind {
        0..=8 => {
            let Some(path) = any(random, tree) else { return };
            let (line, word) = (1 + random.below(14), random.pick(&["one", "two", "three"]).to_string());
            let edit = match random.below(5) {
                0 => format!("{line}d"),
                1 => format!("{line}a {word}"),
                2 => format!("{line}s/.*/{word}/"),
                3 => format!("{line}i {word}"),
                _ => format!("{line}s/$/ {word}/"),
            };
            out.push(format!("sed -i '{edit}' {path}"));
        }
        9..=11 => {
            if let Some(path) = fresh(random, tree) {
                let start = random.below(3) * 100;
                let parent = path.rsplit_once('/').map_or(".", |(parent, _)| parent);
                out.push(format!("mkdir -p {parent}; printf '{}' > {path}", lines(random, start)));
                tree.0.push(path);
            }
        }
        12..=13 => {
            if let Some(path) = any(random, tree) {
                out.push(format!("git rm -qf {path}"));
                tree.0.retain(|old| *old != path);
            }
        }
        14..=16 => {
            if let (Some(from), Some(to)) = (any(random, tree), fresh(random, tree)) {
                let parent = to.rsplit_once('/').map_or(".", |(parent, _)| parent);
                out.push(format!("mkdir -p {parent}; git add -A; git mv {from} {to}"));
                tree.0.retain(|old| *old != from);
                tree.0.push(to);
            }
        }
        17 => {
            if tree.0.iter().any(|path| path.starts_with("d/")) && !tree.0.iter().any(|path| path.starts_with("moved/"))
            {
                out.push("git add -A; git mv d moved".to_owned());
                for path in &mut tree.0 {
                    if let Some(rest) = path.strip_prefix("d/") {
                        *path = format!("moved/{rest}");
                    }
                }
            }
        }
        18 => {
            if let Some(path) = any(random, tree) {
                out.push(format!("chmod +x {path}"));
            }
        }
        _ => {
            if let Some(path) = any(random, tree) {
                let binary = random.below(2) == 0;
                let what = if binary {
                    format!("printf '\\0{}' > {path}", random.below(3))
                } else {
                    format!("ln -sf t{} {path}", random.below(3))
                };
                out.push(what);
            }
        }
    }
}

fn side(random: &mut Random, tree: &mut Tree, lines: &mut Vec<String>, label: &str, commits: usize) {
    for commit in 0..commits {
        let mut changes = Vec::new();
        for _ in 0..=random.below(5) {
            one_change(random, tree, &mut changes);
        }
        lines.push(format!(
            "{}; git add -A; git commit -qm {label}{commit} --allow-empty",
            changes.join("; ").trim_start_matches("; ")
        ));
        if lines.last().is_some_and(|line| line.starts_with(';')) {
            let line = lines.pop().unwrap();
            lines.push(line[1..].trim_start().to_owned());
        }
    }
}

fn case(seed: u64) -> Case {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for _ in 0..8 {
        random.below(2);
    }
    let mut out = vec!["git init -q -b main".to_owned()];
    let mut base = Tree::default();
    let mut first = Vec::new();
    for _ in 0..3 + random.below(5) {
        let path = format!("{}{}", random.pick(&DIRECTORIES[..4]), random.pick(&NAMES));
        if path == "d/x" || base.0.contains(&path) {
            continue;
        }
        let start = random.below(3) * 100;
        let parent = path.rsplit_once('/').map_or(".", |(parent, _)| parent);
        first.push(format!(
            "mkdir -p {parent}; printf '{}' > {path}",
            lines(&mut random, start)
        ));
        base.0.push(path);
    }
    out.push(format!("{}; git add -A; git commit -qm base", first.join("; ")));
    out.push("git switch -qc topic".to_owned());
    let mut theirs = base.clone();
    let count = 1 + random.below(2);
    side(&mut random, &mut theirs, &mut out, "theirs", count);
    out.push("git switch -q main".to_owned());
    let mut ours = base;
    let count = 1 + random.below(2);
    side(&mut random, &mut ours, &mut out, "ours", count);
    let option = match random.below(8) {
        0 => "-c merge.conflictStyle=diff3 merge",
        1 => "-c merge.conflictStyle=zdiff3 merge",
        2 => "-c merge.directoryRenames=true merge",
        3 => "merge -Xours",
        4 => "merge --no-commit",
        _ => "merge",
    };
    out.push(format!("git {option} topic"));
    let look = [
        "git ls-files -s",
        "git status -s",
        "for f in $(find . -name .git -prune -o -type f -print | sort); do echo \"== $f\"; cat $f; done",
        "cat .git/MERGE_MSG .git/AUTO_MERGE; git log --format='%H %T %P %s' -3",
        "git cat-file --batch-check --batch-all-objects | sort",
        "git merge --abort; git reset -q --hard; git status -s",
        "git switch -q topic; git merge main",
        "git ls-files -s; git status -s",
    ];
    out.extend(look.map(str::to_owned));
    let expected = vec![Run::default(); out.len()];
    Case {
        name: format!("seed {seed}"),
        lines: out,
        expected,
    }
}

#[test]
fn random_merges() {
    if !live_git() {
        eprintln!("git is not 2.47.x here: nothing to compare with");
        return;
    }
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (first, count) = (number("FIRST", 1), number("MERGES", 40));
    let (mut failures, mut conflicted) = (Vec::new(), 0);
    for seed in first..first + count {
        let case = case(seed);
        let real = run_real(&case);
        let (engine, complaint) = run_engine(&case, false);
        conflicted += usize::from(real.iter().any(|run| run.output.contains("CONFLICT")));
        if let Some(complaint) = complaint {
            failures.push(format!("seed {seed}: {complaint}"));
        }
        let differs = real.iter().zip(&engine).position(|(a, b)| a != b);
        if let Some(at) = differs {
            let script = case.lines[..at].join("\n");
            let (a, b) = (&real[at], &engine[at]);
            failures.push(format!(
                "== seed {seed}\n{script}\n$ {}\n--- Git [{}]\n{}--- engine [{}]\n{}",
                case.lines[at], a.code, a.output, b.code, b.output
            ));
        }
    }
    eprintln!("{count} merges, {conflicted} with conflicts, {} differ", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(conflicted > 0 || count < 20);
}
