//! Seeded random texts that look like course files, and the installed Git
//! as the judge.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// How many random cases a test plays: `ESSAIM_TEXT_CASES`, or `default`.
pub fn case_count(default: usize) -> usize {
    std::env::var("ESSAIM_TEXT_CASES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// The seed of the random cases: `ESSAIM_TEXT_SEED`, or 1.
pub fn seed() -> u64 {
    std::env::var("ESSAIM_TEXT_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1)
}

/// SplitMix64: small, seeded, the same everywhere.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`, which is not 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }
}

/// Kinds of content; each has its own line generator.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Code,
    Csv,
    Letters,
    Blanks,
    Prose,
    Words,
}

const KINDS: [Kind; 6] = [
    Kind::Code,
    Kind::Csv,
    Kind::Letters,
    Kind::Blanks,
    Kind::Prose,
    Kind::Words,
];

pub fn kind(rng: &mut Rng) -> Kind {
    KINDS[rng.below(KINDS.len())]
}

fn line(rng: &mut Rng, kind: Kind) -> String {
    match kind {
        Kind::Code => code_line(rng),
        Kind::Csv => {
            let id = rng.below(60);
            let city = rng.pick(&["Paris", "Lyon", "Brest", "Nice", ""]);
            format!("{id},{city},{}.{}", rng.below(20), rng.below(3))
        }
        Kind::Letters => rng.pick(&["a", "b", "c", "d"]).to_string(),
        Kind::Blanks => match rng.below(5) {
            0 | 1 => String::new(),
            2 => " ".repeat(rng.below(3)),
            3 => "\t".repeat(rng.below(3)) + rng.pick(&["x", "y", "}", "{"]),
            _ => rng.pick(&["x", "  y", "}", "    z {", "\r", "  end"]).to_string(),
        },
        Kind::Prose => {
            let words = 1 + rng.below(9);
            let text: Vec<&str> = (0..words)
                .map(|_| rng.pick(&["la", "donnée", "flux", "de", "stream", "et", "topic"]))
                .collect();
            text.join(" ")
        }
        Kind::Words => format!("word{}", rng.below(200)),
    }
}

fn code_line(rng: &mut Rng) -> String {
    let depth = rng.below(4);
    let indent = if rng.one_in(12) {
        "\t".repeat(depth)
    } else {
        "    ".repeat(depth)
    };
    let name = rng.pick(&["load", "parse", "total", "row", "rows", "key"]);
    let n = rng.below(12);
    match rng.below(14) {
        0 | 1 => String::new(),
        2 => format!("def {name}_{n}(self):"),
        3 => format!("{indent}}}"),
        4 => format!("{indent}{{"),
        5 => format!("{indent}return {name}"),
        6 => format!("{indent}if {name} == {n}:"),
        7 => format!("{indent}# {name}"),
        8 => format!("{indent}end"),
        9 => format!("class {name}{n}:"),
        10 => format!("{indent}for {name} in rows:"),
        11 => format!("$x_{n} = {name} {}", "long ".repeat(rng.below(25))),
        _ => format!("{indent}{name} = {n}"),
    }
}

pub type Text = Vec<String>;

pub fn text(rng: &mut Rng, kind: Kind, lines_max: usize) -> Text {
    let count = match rng.below(8) {
        0 => rng.below(5),
        1 | 2 => rng.below(25),
        3 | 4 => rng.below(80),
        _ => rng.below(lines_max + 1),
    };
    let mut text: Text = (0..count).map(|_| line(rng, kind)).collect();
    if rng.one_in(3) && !text.is_empty() {
        // Repeated blocks make groups slide.
        for _ in 0..rng.below(4) {
            copy_block(rng, &mut text);
        }
    }
    text
}

fn block(rng: &mut Rng, text: &Text) -> (usize, usize) {
    let start = rng.below(text.len());
    let len = 1 + rng.below(12);
    (start, (start + len).min(text.len()))
}

fn copy_block(rng: &mut Rng, text: &mut Text) {
    let (start, end) = block(rng, text);
    let copied = text[start..end].to_vec();
    let at = match rng.below(3) {
        0 => end,
        1 => start,
        _ => rng.below(text.len() + 1),
    };
    text.splice(at..at, copied);
}

/// A few random edits, from a changed word to a rewritten file.
pub fn edit(rng: &mut Rng, kind: Kind, text: &Text) -> Text {
    let mut text = text.clone();
    let edits = match rng.below(10) {
        0..=5 => 1 + rng.below(4),
        6..=8 => 1 + rng.below(15),
        _ => rng.below(80),
    };
    for _ in 0..edits {
        if text.is_empty() || rng.one_in(4) {
            let at = rng.below(text.len() + 1);
            for _ in 0..=rng.below(5) {
                let new = line(rng, kind);
                text.insert(at, new);
            }
            continue;
        }
        let (start, end) = block(rng, &text);
        match rng.below(8) {
            0 | 1 => {
                text.drain(start..end);
            }
            2 => copy_block(rng, &mut text),
            3 => {
                let moved: Vec<String> = text.drain(start..end).collect();
                let at = rng.below(text.len() + 1);
                text.splice(at..at, moved);
            }
            4 => text[start..end].iter_mut().for_each(|l| l.insert(0, ' ')),
            5 => text[start].push_str(rng.pick(&[" ", "x", "\t", "\r", "  y"])),
            _ => text[start] = line(rng, kind),
        }
    }
    text
}

pub fn bytes(rng: &mut Rng, text: &Text) -> Vec<u8> {
    let mut out = text.join("\n");
    if !text.is_empty() && !rng.one_in(8) {
        out.push('\n');
    }
    out.into_bytes()
}

/// An old and a new content.
pub fn pair(rng: &mut Rng, lines_max: usize) -> (Vec<u8>, Vec<u8>) {
    let kind = kind(rng);
    let old = text(rng, kind, lines_max);
    let new = if rng.one_in(20) {
        text(rng, kind, lines_max)
    } else {
        edit(rng, kind, &old)
    };
    (bytes(rng, &old), bytes(rng, &new))
}

pub fn git(folder: &Path, arguments: &[&str]) -> Output {
    Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CEILING_DIRECTORIES", folder)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap()
}

/// Whether the judge is there; says so if not.
pub fn git_is_the_judge() -> bool {
    let version = Command::new("git").arg("--version").output();
    let version = version.map(|o| String::from_utf8_lossy(&o.stdout).into_owned());
    match version {
        Ok(text) if text.starts_with("git version 2.47.") => true,
        Ok(text) => {
            println!("skipped: the judge is git 2.47, found {text}");
            false
        }
        Err(error) => {
            println!("skipped: no git ({error})");
            false
        }
    }
}

/// Runs one `git diff` over all pairs; the hunks of each.
pub fn git_diff(pairs: &[(Vec<u8>, Vec<u8>)], arguments: &[&str]) -> Vec<Vec<u8>> {
    git_diff_in(&tempfile::tempdir().unwrap(), pairs, arguments)
}

/// [`git_diff`] with `diff=<driver>` for all files.
pub fn git_diff_with_driver(pairs: &[(Vec<u8>, Vec<u8>)], driver: &str) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q"]);
    let attributes = folder.path().join(".gitattributes");
    fs::write(attributes, format!("* diff={driver}\n")).unwrap();
    git_diff_in(&folder, pairs, &[])
}

fn git_diff_in(folder: &tempfile::TempDir, pairs: &[(Vec<u8>, Vec<u8>)], arguments: &[&str]) -> Vec<Vec<u8>> {
    for side in ["a", "b"] {
        fs::create_dir(folder.path().join(side)).unwrap();
    }
    for (i, (old, new)) in pairs.iter().enumerate() {
        fs::write(folder.path().join(format!("a/{i}")), old).unwrap();
        fs::write(folder.path().join(format!("b/{i}")), new).unwrap();
    }
    let mut all = vec![
        "diff",
        "--no-index",
        "--no-color",
        "--no-renames",
        "--text",
        "--no-prefix",
    ];
    all.extend(arguments);
    all.extend(["a", "b"]);
    let output = git(folder.path(), &all);
    assert!(output.stderr.is_empty(), "{output:?}");
    let mut found = vec![Vec::new(); pairs.len()];
    let mut current = None;
    let mut in_hunks = false;
    for line in output.stdout.split_inclusive(|&b| b == b'\n') {
        if let Some(rest) = line.strip_prefix(b"diff --git a/") {
            let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            let digits = std::str::from_utf8(&rest[..digits]).unwrap();
            current = Some(digits.parse::<usize>().unwrap());
            in_hunks = false;
            continue;
        }
        in_hunks |= line.starts_with(b"@@ ");
        if in_hunks {
            found[current.unwrap()].extend_from_slice(line);
        }
    }
    found
}

/// Compares case by case; fails with the first few differences and a count.
pub fn check_all<C>(
    what: &str,
    cases: &[C],
    expected: &[Vec<u8>],
    describe: impl Fn(&C) -> String,
    actual: impl Fn(&C) -> Vec<u8>,
) -> usize {
    let mut wrong = 0;
    for (case, expected) in cases.iter().zip(expected) {
        let actual = actual(case);
        if actual != *expected {
            wrong += 1;
            if wrong <= 1 {
                eprintln!(
                    "--- {what}\n{}\n--- the judge says\n{}\n--- we say\n{}",
                    describe(case),
                    String::from_utf8_lossy(expected),
                    String::from_utf8_lossy(&actual)
                );
            }
        }
    }
    if wrong > 0 {
        eprintln!("{what}: {wrong} of {} differ", cases.len());
    }
    wrong
}

/// A base and two sides that share some of their changes.
pub struct Triple {
    pub base: Vec<u8>,
    pub ours: Vec<u8>,
    pub theirs: Vec<u8>,
}

impl Triple {
    pub fn describe(&self) -> String {
        if self.base.len() + self.ours.len() + self.theirs.len() > 1500 {
            return String::from("(long)");
        }
        let text = |bytes| String::from_utf8_lossy(bytes).replace('\r', "^M");
        let (base, ours, theirs) = (text(&self.base), text(&self.ours), text(&self.theirs));
        format!("base:\n{base}\nours:\n{ours}\ntheirs:\n{theirs}")
    }
}

pub fn triple(rng: &mut Rng, lines_max: usize) -> Triple {
    let kind = kind(rng);
    let base = text(rng, kind, lines_max);
    let start = if rng.one_in(3) {
        edit(rng, kind, &base)
    } else {
        base.clone()
    };
    let ours = edit(rng, kind, &start);
    let theirs = if rng.one_in(10) {
        edit(rng, kind, &ours)
    } else {
        edit(rng, kind, &start)
    };
    let crlf = rng.one_in(5);
    let mut side = |text: &Text| {
        let bytes = bytes(rng, text);
        if crlf && !rng.one_in(4) {
            String::from_utf8(bytes).unwrap().replace('\n', "\r\n").into_bytes()
        } else {
            bytes
        }
    };
    Triple {
        base: side(&base),
        ours: side(&ours),
        theirs: side(&theirs),
    }
}

/// Files by path.
pub type Tree = Vec<(String, Vec<u8>)>;

/// What `git log` prints for each pair of trees, after the subject.
pub fn git_log(pairs: &[(Tree, Tree)], arguments: &[&str]) -> Vec<Vec<u8>> {
    use std::io::Write;
    let scratch = tempfile::tempdir().unwrap();
    git(scratch.path(), &["init", "-q", "-b", "main"]);
    let mut stream = Vec::new();
    for (i, (old, new)) in pairs.iter().enumerate() {
        for (subject, tree) in [(format!("old {i}"), old), (format!("new {i}"), new)] {
            let head = format!(
                "commit refs/heads/main\ncommitter n <e> 1 +0000\ndata {}\n{subject}\ndeleteall\n",
                subject.len()
            );
            stream.extend_from_slice(head.as_bytes());
            for (path, content) in tree {
                let head = format!("M 100644 inline {path}\ndata {}\n", content.len());
                stream.extend_from_slice(head.as_bytes());
                stream.extend_from_slice(content);
                stream.push(b'\n');
            }
        }
    }
    let mut import = Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(scratch.path())
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    import.stdin.take().unwrap().write_all(&stream).unwrap();
    assert!(import.wait().unwrap().success());
    let mut all = vec!["-c", "core.quotePath=false", "log", "--reverse"];
    all.extend(["--format=%x01%s%n%x02", "main"]);
    all.extend(arguments);
    let output = git(scratch.path(), &all);
    assert!(output.stderr.is_empty(), "{output:?}");
    output
        .stdout
        .split(|&b| b == 1)
        .filter(|part| part.starts_with(b"new "))
        .map(|part| {
            let end = part.iter().position(|&b| b == 2).unwrap();
            let body = part[end + 1..].trim_ascii_start();
            let blank = usize::from(!body.is_empty());
            [&b" "[..blank], body.trim_ascii_end(), &b"\n"[..blank]].concat()
        })
        .collect()
}
