//! The utilities against the real ones.
//!
//! Each case of `utilities/*.case` is a script for `sh` and what GNU's tools print for it. `UPDATE=1` writes the
//! expected text from the tools of the machine; the tests compare with them again where they are of the version
//! imitated.
// A test compares with the real tools: it needs the operating system that `sim/` may not touch.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::disallowed_macros
)]

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
    let placed =
        |bytes: Vec<u8>| String::from_utf8(bytes.clone()).map_or(bytes, |t| t.replace(here, SCRATCH).into_bytes());
    Outcome {
        stdout: placed(output.stdout),
        stderr: placed(output.stderr),
        code: output.status.code().unwrap_or(-1),
    }
}

/// Whether the machine has the versions imitated.
fn real_tools_are_there() -> bool {
    [
        ("ls", "9.1"),
        ("grep", "3.8"),
        ("sed", "4.9"),
        ("find", "4.9.0"),
        ("diff", "3.8"),
    ]
    .iter()
    .all(|(tool, version)| {
        let output = Command::new(tool).arg("--version").output();
        output.is_ok_and(|o| {
            String::from_utf8_lossy(&o.stdout)
                .lines()
                .next()
                .is_some_and(|l| l.ends_with(version))
        })
    }) && Command::new("awk")
        .args(["-W", "version"])
        .output()
        .is_ok_and(|o| o.stdout.starts_with(b"mawk 1.3.4 "))
}

// ---- the simulated ones ----

fn machine() -> Machine {
    let mut machine = Machine::new(1, Time::from_secs(1_764_000_000), Limits::default());
    machine.add_programs(&essaim_shell::programs());
    machine.files_mut().create_dir_all(b"/w").unwrap();
    machine.files_mut().create_dir_all(b"/tmp").unwrap();
    machine.files_mut().set_superuser(true);
    machine
}

fn run_process(machine: &mut Machine, args: &[&[u8]], stdin: &[u8]) -> Outcome {
    let env: Environment = environment().into_iter().map(|(k, v)| (k.into(), v.into())).collect();
    let args = args.iter().map(|a| a.to_vec()).collect();
    let process = machine.spawn_host(args, env, SCRATCH.into()).unwrap();
    machine.feed(process, stdin, true);
    machine.begin_command();
    while machine.run(10_000) == Activity::Running {}
    let mut outcome = Outcome::default();
    for (fd, bytes) in machine.take_output(process) {
        if fd == 1 {
            &mut outcome.stdout
        } else {
            &mut outcome.stderr
        }
        .extend(bytes);
    }
    outcome.code = machine.host_status(process).map_or(-1, |s| i32::from(s.code()));
    outcome
}

fn run_simulated(script: &str) -> Outcome {
    run_process(&mut machine(), &[b"sh", b"-c", script.as_bytes()], b"")
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
    println!(
        "compared with {}",
        if real {
            "the tools of this machine"
        } else {
            "what is written in the cases"
        }
    );
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
                    writeln!(
                        failures,
                        "{file}: {}: the case is not what the tools print:\n{was}--\n{is}",
                        case.name
                    )
                    .unwrap();
                }
            }
            count += 1;
            let ours = run_simulated(&case.script);
            if ours != case.expected {
                let (wanted, got) = (show(&case.expected), show(&ours));
                writeln!(
                    failures,
                    "## {file}: {}\n{}-- expected\n{wanted}-- got\n{got}",
                    case.name, case.script
                )
                .unwrap();
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

// ---- what the real tools cannot show ----

fn printed(script: &str) -> String {
    let outcome = run_simulated(script);
    String::from_utf8(outcome.stdout).unwrap() + &String::from_utf8(outcome.stderr).unwrap()
}

#[test]
fn a_reader_that_has_enough_ends_its_writer() {
    assert_eq!(printed("yes | head -3"), "y\ny\ny\n");
    assert_eq!(printed("yes x | grep -m2 x"), "x\nx\n");
    assert_eq!(printed("yes | sed 2q"), "y\ny\n");
    assert_eq!(printed("seq 1000000 | head -1"), "1\n");
}

#[test]
fn an_option_that_is_not_simulated_says_so() {
    assert_eq!(
        printed("ls --author"),
        "ls: option '--author' exists in GNU coreutils, not simulated here\n"
    );
    assert_eq!(
        printed("grep -P x"),
        "grep: option '-P' exists in GNU grep, not simulated here\n"
    );
}

#[test]
fn sleep_takes_virtual_time() {
    assert_eq!(printed("date +%s; sleep 1h 30m; date +%s"), "1764000000\n1764005400\n");
    assert_eq!(printed("timeout 5 sleep 10; echo $?; date +%s"), "124\n1764000005\n");
}

#[test]
fn trees_are_drawn() {
    assert_eq!(
        printed("mkdir -p a/b c; touch a/b/x a/y z .h; tree; tree -a -L 1 --charset=ascii; tree -d; tree -F a"),
        "\
.
├── a
│\u{a0}\u{a0} ├── b
│\u{a0}\u{a0} │\u{a0}\u{a0} └── x
│\u{a0}\u{a0} └── y
├── c
└── z

4 directories, 3 files
.
|-- .h
|-- a
|-- c
`-- z

3 directories, 2 files
.
├── a
│\u{a0}\u{a0} └── b
└── c

4 directories
a/
├── b/
│\u{a0}\u{a0} └── x
└── y

2 directories, 2 files
"
    );
}

fn in_terminal(keys: &[&str], rows: u16) -> String {
    let mut machine = machine();
    machine.files_mut().create_dir_all(b"/usr/share/man/fr").unwrap();
    machine.files_mut().create_dir_all(b"/usr/share/man/en").unwrap();
    machine
        .files_mut()
        .write(b"/usr/share/man/fr/ls.txt", "ls - lister\n")
        .unwrap();
    machine
        .files_mut()
        .write(b"/usr/share/man/en/ls.txt", "ls - list\n")
        .unwrap();
    let env: Environment = environment().into_iter().map(|(k, v)| (k.into(), v.into())).collect();
    let id = machine
        .open_terminal((40, rows), vec![b"bash".to_vec(), b"-i".to_vec()], env, SCRATCH.into())
        .unwrap();
    while machine.run(10_000) == Activity::Running {}
    for line in keys {
        machine.begin_command();
        if let Some(saved) = line.strip_prefix("EDITOR ") {
            machine.finish_editor(id, saved == "saved");
        } else {
            machine.type_text(id, format!("{line}\n").as_bytes());
        }
        while machine.run(10_000) == Activity::Running {}
    }
    String::from_utf8(machine.terminals()[id].output_since(0)).unwrap()
}

#[test]
fn a_pager_shows_a_screen_at_a_time() {
    let out = in_terminal(&["seq 20 | less", "", "q", "echo done"], 6);
    assert!(out.contains("\n5\n:"), "{out}");
    assert!(out.contains("\n10\n:"), "{out}");
    assert!(!out.contains("\n11\n"), "{out}");
    assert!(out.contains("\ndone\n"), "{out}");
    let out = in_terminal(&["seq 3 | less", "echo done"], 6);
    assert!(out.contains("\n3\n") && !out.contains("\n:"), "{out}");
}

#[test]
fn an_editor_waits_for_the_pane() {
    let out = in_terminal(&["vi +3 f; echo ended", "EDITOR saved"], 24);
    assert!(out.ends_with("ended\n") || out.contains("\nended\n"), "{out}");
    let out = in_terminal(&["nano a b; echo ended"], 24);
    assert!(!out.contains("\nended"), "{out}");
    assert!(printed("vi f").contains("Vim: Warning: Input is not from a terminal"));
}

#[test]
fn manual_pages_are_found_by_language() {
    assert!(in_terminal(&["man ls"], 24).contains("lister"));
    assert!(in_terminal(&["man -L en ls"], 24).contains("ls - list\n"));
    assert!(in_terminal(&["man 1 nope"], 24).contains("No manual entry for nope\n"));
    assert!(in_terminal(&["LANG=en_US.UTF-8 man -k list"], 24).contains("- list"));
}

#[test]
fn a_listing_in_a_terminal_is_in_columns_and_quoted() {
    let out = in_terminal(&["touch a 'b c' d; ls"], 24);
    assert!(out.contains(" a  'b c'   d\n"), "{out}");
}

#[test]
fn tail_follows_a_file() {
    let out = in_terminal(
        &["printf '1\\n' > f; (sleep 2; echo 2 >> f; sleep 2; echo 3 >> f) & timeout 10 tail -f f"],
        24,
    );
    assert!(out.contains("1\n2\n3\n"), "{out}");
}

/// `gaps.toml` lists what answers "not simulated here". `UPDATE=1` writes its section of utilities.
#[test]
fn gaps_are_listed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("gaps.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let mut wanted = String::from("[utilities]\n");
    let gaps = essaim_shell::utilities::gaps();
    for same in gaps.chunk_by(|a, b| a.0 == b.0) {
        let options: Vec<String> = same.iter().map(|(_, option)| format!("\"{option}\"")).collect();
        writeln!(wanted, "{} = [{}]", same[0].0, options.join(", ")).unwrap();
    }
    let start = text.find("[utilities]\n").unwrap_or(text.len());
    let end = text[start..].find("\n[").map_or(text.len(), |at| start + at + 1);
    if std::env::var_os("UPDATE").is_some() {
        let gap = if end < text.len() { "\n" } else { "" };
        std::fs::write(&path, [&text[..start], &wanted, gap, &text[end..]].concat()).unwrap();
        return;
    }
    assert_eq!(text[start..end].trim_end(), wanted.trim_end());
}

#[test]
fn every_command_has_its_pages() {
    for language in ["fr", "en"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../content/man")
            .join(language);
        for program in essaim_shell::utilities::PROGRAMS {
            let page = std::fs::read_to_string(folder.join(format!("{}.txt", program.name)));
            let page = page.unwrap_or_else(|_| panic!("{language}/{}.txt is missing", program.name));
            assert!(
                page.starts_with(&format!("{} - ", program.name)),
                "{language}/{}.txt",
                program.name
            );
            assert!(page.contains("\nSYNOPSIS\n"), "{language}/{}.txt", program.name);
        }
    }
}

mod arbitrary {
    use super::*;
    use proptest::prelude::*;

    fn word() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            4 => proptest::sample::select(vec![
                "-n", "-e", "-r", "-i", "-1", "-c", "--", "-", "f", "d", "1,3", "s/a/b/", "-k2", "+%F", "{}", ";", "+", "*", "-exec",
                "[a", "\\(", "a\\{1,2\\}", "-size", "--color", "-u", "-w", "0", "99999999999999999999", "-5", "é", "2p;$d",
            ])
            .prop_map(|w| w.as_bytes().to_vec()),
            1 => proptest::collection::vec(any::<u8>(), 0..6),
            1 => "-[a-zA-Z0-9]{1,3}".prop_map(String::into_bytes),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
        #[test]
        fn no_utility_panics(args in proptest::collection::vec(word(), 0..5), input in proptest::collection::vec(any::<u8>(), 0..200)) {
            for program in essaim_shell::utilities::PROGRAMS {
                let mut machine = machine();
                machine.files_mut().write(b"/w/f", input.clone()).unwrap();
                machine.files_mut().create_dir_all(b"/w/d/e").unwrap();
                let mut line: Vec<&[u8]> = vec![program.name.as_bytes()];
                line.extend(args.iter().map(Vec::as_slice));
                run_process(&mut machine, &line, &input);
            }
        }
    }
}
