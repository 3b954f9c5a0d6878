//! Repositories that the real Git made, read by both sides: what `log`, `show` and `diff` print must be the same bytes.
//!
//! Runs where `git --version` is 2.47.x. `READS=n` plays that many histories (default 6), `SEED=n` only one.
#![allow(clippy::unwrap_used)]

mod harness;

use essaim_kernel::process::Environment;
use essaim_kernel::{Activity, Machine, Time};
use harness::{START, environment, live_git, machine};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Small and repeatable chance: SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

const FILES: [&str; 6] = [
    "a.txt",
    "b.txt",
    "src/load.py",
    "src/deep/export.py",
    "with space.txt",
    "é.txt",
];

/// A script that makes a history with branches, merges, renames, modes, links and binaries.
fn history(chance: &mut Chance) -> String {
    let mut script = String::from(
        "git init -q -b main .\nmkdir -p src/deep\nfor f in a.txt b.txt src/load.py src/deep/export.py 'with space.txt' é.txt; do\n  i=1; while [ $i -le 30 ]; do echo \"def line_$i of $f:\"; echo \"    value = $i\"; i=$((i+1)); done > \"$f\"\ndone\nc() { T=$((T+60)); export GIT_AUTHOR_DATE=\"$T +0100\" GIT_COMMITTER_DATE=\"$T +0100\"; git \"$@\"; }\nT=1736154000\ngit add -A; c commit -q -m 'Start'\n",
    );
    let mut branches = vec!["main".to_owned()];
    for step in 0..14 + chance.below(14) {
        let branch = branches[chance.below(branches.len() as u64) as usize].clone();
        match chance.below(10) {
            0 | 1 => {
                let name = format!("topic/{step}");
                writeln!(script, "git checkout -q -b {name} 2>/dev/null").unwrap();
                branches.push(name);
                edit(&mut script, chance, step);
            }
            2 | 3 if branches.len() > 1 => {
                let other = &branches[chance.below(branches.len() as u64) as usize];
                writeln!(script, "git checkout -q {branch}; c merge -q --no-ff --no-edit {other} >/dev/null 2>&1 || {{ git ls-files -u | cut -f2 | sort -u | while read f; do sed -i -e '/^[<=>|]\\{{7\\}}/d' \"$f\" 2>/dev/null || git rm -q --cached \"$f\"; done; git add -A; c commit -q -m 'Settle it'; }}").unwrap();
            }
            4 if branches.len() > 2 => {
                let picks: Vec<String> = (0..2 + chance.below(2))
                    .map(|_| branches[chance.below(branches.len() as u64) as usize].clone())
                    .collect();
                writeln!(
                    script,
                    "git checkout -q {branch}; c merge -q --no-edit {} >/dev/null 2>&1 || git reset -q --hard",
                    picks.join(" ")
                )
                .unwrap();
            }
            5 => writeln!(
                script,
                "git checkout -q {branch}; git tag v{step}; c tag -a r{step} -m 'Release {step}'"
            )
            .unwrap(),
            _ => {
                writeln!(script, "git checkout -q {branch}").unwrap();
                edit(&mut script, chance, step);
            }
        }
    }
    script.push_str(
        "git checkout -q main\necho changed >> a.txt; echo staged >> b.txt; git add b.txt; echo new > untracked.txt\n",
    );
    script
}

fn edit(script: &mut String, chance: &mut Chance, step: u64) {
    let file = FILES[chance.below(6) as usize];
    let line = 1 + chance.below(50);
    match chance.below(12) {
        0 => writeln!(script, "[ -f '{file}' ] && git mv '{file}' 'moved {step}.txt'").unwrap(),
        1 => writeln!(
            script,
            "[ -f '{file}' ] && git mv '{file}' src/moved_{step}.py && sed -i '{line}s/$/ # moved/' src/moved_{step}.py"
        )
        .unwrap(),
        2 => writeln!(script, "git rm -q '{file}' 2>/dev/null").unwrap(),
        3 => writeln!(script, "chmod +x '{file}' 2>/dev/null").unwrap(),
        4 => writeln!(script, "printf 'bin\\0ary{step}' > data.bin").unwrap(),
        5 => writeln!(script, "ln -sf target{step} link").unwrap(),
        6 => writeln!(script, "[ -f '{file}' ] && cp '{file}' copy{step}.txt").unwrap(),
        7 => writeln!(script, "printf 'no newline {step}' >> '{file}'").unwrap(),
        8 => writeln!(script, ": > empty{step}").unwrap(),
        _ => writeln!(
            script,
            "[ -f '{file}' ] && sed -i -e '{line}s/.*/changed in {step}/' -e '{}d' '{file}'",
            line + 3
        )
        .unwrap(),
    }
    let body = if chance.below(4) == 0 {
        "\n\nA body\twith a tab.\n\n* point\n\nFixes: 12"
    } else {
        ""
    };
    writeln!(
        script,
        "git add -A; GIT_AUTHOR_NAME=Bob c commit -q -m 'Change {step} of {file}{body}'"
    )
    .unwrap();
}

const COMMANDS: [&str; 90] = [
    "log",
    "log --oneline",
    "log --oneline --graph --all --decorate",
    "log --graph",
    "log --graph --stat --all",
    "log --graph -p -n 6",
    "log -p",
    "log --stat",
    "log --shortstat --oneline",
    "log --numstat",
    "log --name-only",
    "log --name-status --oneline",
    "log --summary",
    "log --stat -p -n 3",
    "log --raw",
    "log --pretty=fuller",
    "log --pretty=full",
    "log --pretty=short",
    "log --pretty=raw",
    "log --pretty=reference",
    "log --format=%h%x09%an%x20%ae%x20%s%d",
    "log --format=format:%H%n%B",
    "log --format=%f%n%b -n 5",
    "log --pretty=oneline",
    "log --date=iso",
    "log --date=short --format=%ad%cd",
    "log --date=relative",
    "log --date=raw",
    "log --format=%<(20)%s|%>(12,trunc)%an|",
    "log --format=%C(red)%h%C(reset)%C(auto)%d",
    "log --no-merges --oneline",
    "log --merges --oneline",
    "log --first-parent --oneline",
    "log --reverse --oneline",
    "log --topo-order --oneline --all",
    "log --date-order --oneline --all --graph",
    "log --author-date-order --all --oneline",
    "log --oneline -- a.txt",
    "log --oneline -- src",
    "log --oneline --graph -- a.txt",
    "log --oneline --graph --all -- src",
    "log --follow --oneline -- a.txt",
    "log --follow --stat -- src/load.py",
    "log --author=Bob --oneline",
    "log --grep=Change --oneline -i",
    "log -S'changed in' --oneline",
    "log -G'value = 7' --oneline",
    "log --since='2025-01-06 09:20 +0000' --oneline",
    "log --all --oneline --not main",
    "log -m -p -n 4",
    "log -c -n 8 -p",
    "log --cc --stat",
    "log --left-right --oneline HEAD~2...HEAD",
    "log --decorate=full -n 4",
    "log -n 3 --skip 2",
    "log --abbrev-commit --parents",
    "log -3 --color",
    "log -p -2 --color",
    "log --oneline --graph --color --all",
    "log --stat --color -3",
    "log --diff-filter=R --name-status --oneline -M",
    "log --no-renames --stat",
    "log -p -w -1",
    "log HEAD~3..HEAD --format=%an",
    "show",
    "show HEAD~1",
    "show --stat HEAD~2",
    "show --name-status HEAD~3",
    "show HEAD^{tree}",
    "show HEAD:a.txt",
    "show --pretty=fuller --raw",
    "diff",
    "diff --cached",
    "diff HEAD",
    "diff HEAD~4",
    "diff HEAD~6 HEAD",
    "diff HEAD~5..HEAD --stat",
    "diff -C HEAD~9 HEAD --stat --summary",
    "diff --name-status HEAD~7",
    "diff --numstat HEAD~7",
    "diff --raw HEAD~7",
    "diff --color HEAD~3",
    "diff -U0 HEAD~5",
    "diff -R HEAD~2",
    "diff --word-diff HEAD~4",
    "diff --shortstat HEAD~8 HEAD -- src",
    "diff --exit-code",
    "diff --full-index HEAD~1",
    "diff -M20% HEAD~9 --name-status",
    "diff --compact-summary HEAD~9",
];

#[test]
fn histories_of_the_real_git() {
    if !live_git() {
        eprintln!("git is not 2.47.x here: nothing is compared");
        return;
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds: Vec<u64> = match number("SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("READS").unwrap_or(6)).collect(),
    };
    let (mut passed, mut failures) = (0, Vec::new());
    for seed in seeds {
        compare(seed, &mut passed, &mut failures);
    }
    eprintln!("{passed} passed, {} failed", failures.len());
    assert!(
        failures.is_empty(),
        "{}",
        failures.iter().take(8).cloned().collect::<Vec<_>>().join("\n")
    );
}

fn compare(seed: u64, passed: &mut usize, failures: &mut Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let script = history(&mut Chance(seed));
    let run = |line: &str| {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(line)
            .current_dir(folder.path())
            .env_clear()
            .envs(environment("/nonexistent", 600));
        command.stdin(Stdio::null()).output().unwrap()
    };
    run(&script);
    let root = "/tmp/git-oracle";
    let mut machine = machine(root);
    machine.advance_to(Time::from_secs(START + 60 * 600));
    import(&mut machine, folder.path(), &format!("{root}/work"));
    for command in COMMANDS {
        if std::env::var("ONLY").is_ok_and(|only| !command.contains(&only)) {
            continue;
        }
        let real = run(&format!("git {}", quoted(command)));
        let (output, code) = engine(&mut machine, root, command);
        let expected = [real.stdout.as_slice(), real.stderr.as_slice()].concat();
        if output == expected && Some(code) == real.status.code() {
            *passed += 1;
            continue;
        }
        if failures
            .iter()
            .any(|known| known.contains(&format!(": git {command}: ")))
        {
            continue;
        }
        failures.push(difference(seed, command, &expected, &output, real.status.code(), code));
    }
}

/// `%<(20)` and other words a shell would read differently stand in quotes.
fn quoted(command: &str) -> String {
    if command.contains('\'') {
        return command.to_owned();
    }
    command
        .split(' ')
        .map(|word| format!("'{word}'"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn difference(seed: u64, command: &str, expected: &[u8], found: &[u8], code: Option<i32>, ours: i32) -> String {
    let (expected, found) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(found));
    let at = expected.lines().zip(found.lines()).take_while(|(a, b)| a == b).count();
    let around = |text: &str| -> String {
        text.lines()
            .skip(at.saturating_sub(5))
            .take(14)
            .map(|line| format!("    {}\n", line.escape_debug()))
            .collect()
    };
    format!(
        "== seed {seed}: git {command}: line {} (codes {code:?} {ours})\n  real\n{}  engine\n{}",
        at + 1,
        around(&expected),
        around(&found)
    )
}

fn engine(machine: &mut Machine, root: &str, command: &str) -> (Vec<u8>, i32) {
    let env: Environment = environment("/nonexistent", 600)
        .into_iter()
        .map(|(name, value)| (name.into_bytes(), value.into_bytes()))
        .collect();
    let args = vec![
        b"sh".to_vec(),
        b"-c".to_vec(),
        format!("git {}", quoted(command)).into_bytes(),
    ];
    let process = machine
        .spawn_host(args, env, format!("{root}/work").into_bytes())
        .unwrap();
    machine.feed(process, b"", true);
    machine.begin_command();
    while machine.run(10_000) == Activity::Running {}
    let (mut out, mut err) = (Vec::new(), Vec::new());
    for (fd, bytes) in machine.take_output(process) {
        if fd == 1 { out.extend(bytes) } else { err.extend(bytes) }
    }
    out.extend(err);
    let code = machine
        .host_status(process)
        .map_or(-1, |status| i32::from(status.code()));
    (out, code)
}

/// Copies a real folder into the machine.
fn import(machine: &mut Machine, from: &Path, to: &str) {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt as _;
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = [to.as_bytes(), b"/", entry.file_name().as_bytes()].concat();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            machine.files_mut().create_dir_all(&target).unwrap();
            import(machine, &entry.path(), &String::from_utf8(target).unwrap());
        } else if kind.is_symlink() {
            let link = std::fs::read_link(entry.path()).unwrap();
            machine
                .files_mut()
                .symlink(link.as_os_str().as_bytes(), &target)
                .unwrap();
        } else {
            machine
                .files_mut()
                .write(&target, std::fs::read(entry.path()).unwrap())
                .unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            machine.files_mut().set_mode(&target, mode).unwrap();
        }
    }
}
