//! The utilities against the real ones.
//!
//! Each case of `utilities/*.case` is a script of simple command lines (words, quotes, pipes, redirections) and what
//! GNU's tools print for it. The scripts run here through a small runner of this file, not through the shell of this
//! crate, so that a fault is seen where it is. `UPDATE=1` writes the expected text from the tools of the machine; the
//! tests compare with them again where they are of the version imitated.
#![allow(clippy::unwrap_used)]

use essaim_kernel::machine::HostProcess;
use essaim_kernel::process::Environment;
use essaim_kernel::{Activity, Limits, Machine, Time};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Outcome {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    code: i32,
}

#[derive(Clone, Debug)]
struct Case {
    name: String,
    script: String,
    expected: Outcome,
}

// ---- case files ----

fn escape(line: &[u8]) -> String {
    let mut out = String::new();
    for chunk in line.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                c if (c as u32) < 32 || c as u32 == 127 => write!(out, "\\x{:02x}", c as u32).unwrap(),
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            write!(out, "\\x{byte:02x}").unwrap();
        }
    }
    out
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        if let Some(hex) = rest[at..].strip_prefix("\\x") {
            out.push(u8::from_str_radix(&hex[..2], 16).unwrap());
            rest = &hex[2..];
        } else {
            out.push(b'\\');
            rest = &rest[at + 2..];
        }
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// `> ` a line of standard output, `! ` of standard error; `>% ` and `!% ` one without newline at its end.
fn read_cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("--- ") {
            cases.push(Case {
                name: name.to_owned(),
                script: String::new(),
                expected: Outcome::default(),
            });
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        let bytes = if mark == "|" { Vec::new() } else { unescape(rest) };
        match mark {
            "|" => {
                case.script.push_str(rest);
                case.script.push('\n');
            }
            ">" => case.expected.stdout.extend([bytes.as_slice(), b"\n"].concat()),
            ">%" => case.expected.stdout.extend(bytes),
            "!" => case.expected.stderr.extend([bytes.as_slice(), b"\n"].concat()),
            "!%" => case.expected.stderr.extend(bytes),
            "=" => case.expected.code = rest.parse().unwrap(),
            _ => {}
        }
    }
    cases
}

fn write_output(out: &mut String, mark: char, bytes: &[u8]) {
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(b"") => writeln!(out, "{mark}").unwrap(),
            Some(line) => writeln!(out, "{mark} {}", escape(line)).unwrap(),
            None => writeln!(out, "{mark}% {}", escape(line)).unwrap(),
        }
    }
}

fn write_cases(cases: &[Case]) -> String {
    let mut out = String::new();
    for case in cases {
        writeln!(out, "--- {}", case.name).unwrap();
        for line in case.script.lines() {
            writeln!(out, "| {line}").unwrap();
        }
        write_output(&mut out, '>', &case.expected.stdout);
        write_output(&mut out, '!', &case.expected.stderr);
        if case.expected.code != 0 {
            writeln!(out, "= {}", case.expected.code).unwrap();
        }
        out.push('\n');
    }
    out
}

// ---- the real tools ----

const SCRATCH: &str = "/w";

fn environment() -> [(&'static str, &'static str); 7] {
    [
        ("TERM", "xterm"),
        ("LC_ALL", "C.UTF-8"),
        ("TZ", "UTC"),
        ("HOME", SCRATCH),
        ("USER", "root"),
        ("LOGNAME", "root"),
        ("PATH", "/usr/bin:/bin"),
    ]
}

fn run_real(script: &str) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("sh")
        .arg("-c")
        .arg(script)
        .current_dir(folder.path())
        .env_clear()
        .envs(environment())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let here = folder.path().to_str().unwrap();
    let placed = |bytes: Vec<u8>| String::from_utf8(bytes.clone()).map_or(bytes, |t| t.replace(here, SCRATCH).into_bytes());
    Outcome {
        stdout: placed(output.stdout),
        stderr: placed(output.stderr),
        code: output.status.code().unwrap_or(-1),
    }
}

/// Whether the machine has the versions imitated.
fn real_tools_are_there() -> bool {
    [("ls", "9.1"), ("grep", "3.8"), ("sed", "4.9"), ("find", "4.9.0"), ("diff", "3.8")]
        .iter()
        .all(|(tool, version)| {
            let output = Command::new(tool).arg("--version").output();
            output.is_ok_and(|o| String::from_utf8_lossy(&o.stdout).lines().next().is_some_and(|l| l.ends_with(version)))
        })
}

// ---- the simulated ones ----

fn machine() -> Machine {
    let mut machine = Machine::new(1, Time::from_secs(1_764_000_000), Limits::default());
    machine.add_programs(essaim_shell::utilities::PROGRAMS);
    machine.files_mut().create_dir_all(b"/w").unwrap();
    machine.files_mut().create_dir_all(b"/tmp").unwrap();
    machine.files_mut().set_superuser(true);
    machine
}

/// One process: what it printed and its code.
fn run_process(machine: &mut Machine, args: Vec<Vec<u8>>, cwd: &[u8], stdin: &[u8]) -> Outcome {
    let env: Environment = environment().into_iter().map(|(k, v)| (k.into(), v.into())).collect();
    let name = String::from_utf8_lossy(&args[0]).into_owned();
    let Ok(process) = machine.spawn_host(args, env, cwd.to_vec()) else {
        return Outcome {
            stderr: format!("sh: 1: {name}: not found\n").into_bytes(),
            code: 127,
            ..Outcome::default()
        };
    };
    machine.feed(process, stdin, true);
    finish(machine, process)
}

fn finish(machine: &mut Machine, process: HostProcess) -> Outcome {
    machine.begin_command();
    while machine.run(10_000) == Activity::Running {}
    let mut outcome = Outcome::default();
    for (fd, bytes) in machine.take_output(process) {
        if fd == 1 { &mut outcome.stdout } else { &mut outcome.stderr }.extend(bytes);
    }
    outcome.code = machine.host_status(process).map_or(-1, |s| i32::from(s.code()));
    outcome
}

/// A word, or an operator that stood outside quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(Vec<u8>),
    Operator(&'static str),
}

fn tokens(script: &str) -> Vec<Token> {
    const OPERATORS: [&str; 8] = ["2>&1", ">>", "2>", ">", "<", "|", ";", "\n"];
    let mut out = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut rest = script;
    'outer: while let Some(c) = rest.chars().next() {
        if word.is_none() || !c.is_ascii_digit() {
            for operator in OPERATORS {
                if let Some(after) = rest.strip_prefix(operator) {
                    out.extend(word.take().map(Token::Word));
                    out.push(Token::Operator(operator));
                    rest = after;
                    continue 'outer;
                }
            }
        }
        rest = &rest[c.len_utf8()..];
        match c {
            ' ' => out.extend(word.take().map(Token::Word)),
            '\'' => {
                let (quoted, after) = rest.split_once('\'').unwrap();
                word.get_or_insert_default().extend_from_slice(quoted.as_bytes());
                rest = after;
            }
            '"' => {
                let (quoted, after) = rest.split_once('"').unwrap();
                assert!(!quoted.contains(['$', '`', '\\']), "the runner has no expansions: {quoted}");
                word.get_or_insert_default().extend_from_slice(quoted.as_bytes());
                rest = after;
            }
            '\\' => {
                let next = rest.chars().next().unwrap();
                rest = &rest[next.len_utf8()..];
                if next != '\n' {
                    word.get_or_insert_default().extend(next.to_string().into_bytes());
                }
            }
            c => word.get_or_insert_default().extend(c.to_string().into_bytes()),
        }
    }
    out.extend(word.take().map(Token::Word));
    out
}

/// `printf` with escapes and `%s`, enough to make input.
fn printf(args: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    let start = if args[1] == b"--" { 2 } else { 1 };
    let format = String::from_utf8(args[start].clone()).unwrap();
    let mut values = args[start + 1..].iter();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek().copied()) {
            ('%', Some('s')) => {
                chars.next();
                out.extend(values.next().cloned().unwrap_or_default());
            }
            ('%', Some('%')) => {
                chars.next();
                out.push(b'%');
            }
            ('\\', Some(digit @ '0'..='7')) => {
                let mut code = 0;
                let _ = digit;
                for _ in 0..3 {
                    if let Some(d) = chars.peek().and_then(|c| c.to_digit(8)) {
                        code = code * 8 + d;
                        chars.next();
                    }
                }
                out.push(code as u8);
            }
            ('\\', Some(letter)) => {
                chars.next();
                out.push(match letter {
                    'n' => b'\n',
                    't' => b'\t',
                    'r' => b'\r',
                    'f' => 12,
                    other => other as u8,
                });
            }
            (c, _) => out.extend(c.to_string().into_bytes()),
        }
    }
    out
}

fn run_simulated(script: &str) -> Outcome {
    let mut machine = machine();
    let mut total = Outcome::default();
    let mut cwd = SCRATCH.as_bytes().to_vec();
    for list in tokens(script).split(|t| matches!(t, Token::Operator(";" | "\n"))) {
        if list.is_empty() {
            continue;
        }
        let mut input = Vec::new();
        let stages: Vec<&[Token]> = list.split(|t| *t == Token::Operator("|")).collect();
        for (index, stage) in stages.iter().enumerate() {
            let last = index + 1 == stages.len();
            input = run_stage(&mut machine, stage, &mut cwd, &input, last, &mut total);
        }
    }
    total
}

fn run_stage(machine: &mut Machine, stage: &[Token], cwd: &mut Vec<u8>, input: &[u8], last: bool, total: &mut Outcome) -> Vec<u8> {
    let mut args: Vec<Vec<u8>> = Vec::new();
    let mut input = input.to_vec();
    let (mut to, mut errors_to, mut merged) = (None, None, false);
    let mut at = stage.iter();
    while let Some(token) = at.next() {
        match token {
            Token::Word(word) => args.push(word.clone()),
            Token::Operator("2>&1") => merged = true,
            Token::Operator(operator) => {
                let Some(Token::Word(name)) = at.next() else { panic!("a name follows {operator}") };
                let path = essaim_kernel::files::path::join(cwd, name);
                match *operator {
                    "<" => input = machine.files_mut().read(&path).unwrap().to_vec(),
                    "2>" => errors_to = Some(path),
                    operator => to = Some((path, operator == ">>")),
                }
            }
        }
    }
    // A redirection empties its file before the command runs.
    if let Some((path, false)) = &to
        && path != b"/dev/null"
    {
        machine.files_mut().write(path, Vec::new()).unwrap();
    }
    let mut outcome = match args[0].as_slice() {
        b"printf" => Outcome {
            stdout: printf(&args),
            ..Outcome::default()
        },
        b"echo" => Outcome {
            stdout: [args[1..].join(&b' ').as_slice(), b"\n"].concat(),
            ..Outcome::default()
        },
        b"cd" => {
            *cwd = essaim_kernel::files::path::join(cwd, &args[1]);
            Outcome::default()
        }
        _ => run_process(machine, args, cwd, &input),
    };
    if merged {
        let errors = std::mem::take(&mut outcome.stderr);
        outcome.stdout.extend(errors);
    }
    match errors_to {
        Some(path) if path != b"/dev/null" => machine.files_mut().write(&path, outcome.stderr).unwrap(),
        Some(_) => {}
        None => total.stderr.extend(outcome.stderr),
    }
    if last {
        total.code = outcome.code;
    }
    match to {
        Some((path, _)) if path == b"/dev/null" => Vec::new(),
        Some((path, append)) => {
            let mut content = if append { machine.files_mut().read(&path).map(|c| c.to_vec()).unwrap_or_default() } else { Vec::new() };
            content.extend(outcome.stdout);
            machine.files_mut().write(&path, content).unwrap();
            Vec::new()
        }
        None if last => {
            total.stdout.extend(outcome.stdout);
            Vec::new()
        }
        None => outcome.stdout,
    }
}

// ---- the tests ----

fn case_files() -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/utilities");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "case"))
        .collect();
    files.sort();
    files
}

fn show(outcome: &Outcome) -> String {
    let mut out = String::new();
    write_output(&mut out, '>', &outcome.stdout);
    write_output(&mut out, '!', &outcome.stderr);
    writeln!(out, "= {}", outcome.code).unwrap();
    out
}

#[test]
fn cases_print_what_the_real_tools_print() {
    let real = real_tools_are_there();
    println!("compared with {}", if real { "the tools of this machine" } else { "what is written in the cases" });
    let (mut count, mut failures) = (0, String::new());
    for path in case_files() {
        let mut cases = read_cases(&std::fs::read_to_string(&path).unwrap());
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        for case in &mut cases {
            if real {
                let outcome = run_real(&case.script);
                if std::env::var_os("UPDATE").is_some() {
                    case.expected = outcome;
                } else if outcome != case.expected {
                    let (was, is) = (show(&case.expected), show(&outcome));
                    writeln!(failures, "{file}: {}: the case is not what the tools print:\n{was}--\n{is}", case.name).unwrap();
                }
            }
            count += 1;
            let ours = run_simulated(&case.script);
            if ours != case.expected {
                let (wanted, got) = (show(&case.expected), show(&ours));
                writeln!(failures, "## {file}: {}\n{}-- expected\n{wanted}-- got\n{got}", case.name, case.script).unwrap();
            }
        }
        if real && std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, write_cases(&cases)).unwrap();
        }
    }
    let failed = failures.lines().filter(|l| l.starts_with("## ")).count();
    println!("{} passed, {failed} failed", count - failed);
    assert!(failures.is_empty(), "{failures}");
    assert!(count >= 120, "{count} cases");
}
