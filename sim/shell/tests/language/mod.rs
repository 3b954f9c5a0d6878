//! Runs scripts in our machine and in the real shell.
// The oracle is the machine's own shell.
#![allow(dead_code, clippy::unwrap_used, clippy::disallowed_methods, clippy::disallowed_types)]

use essaim_kernel::process::Environment;
use essaim_kernel::{Activity, ExitStatus, Limits, Machine, Time};
use std::io::Write;
use std::process::{Command, Stdio};

/// What a script printed and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub status: u8,
}

pub const FOLDER: &str = "/home/camille/essai";

pub fn machine() -> Machine {
    let limits = Limits {
        command_steps_max: 400_000,
        ..Limits::default()
    };
    let mut machine = Machine::new(7, Time::from_secs(1_760_000_000), limits);
    machine.add_programs(&essaim_shell::programs());
    machine.files_mut().create_dir_all(FOLDER.as_bytes()).unwrap();
    machine.files_mut().create_dir_all(b"/tmp").unwrap();
    machine
}

pub fn environment(folder: &str) -> Environment {
    [
        ("HOME", folder),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("LC_ALL", "C.UTF-8"),
        ("TZ", "UTC"),
        ("USER", "camille"),
        ("PWD", folder),
    ]
    .iter()
    .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
    .collect()
}

/// Runs `bash script.sh` in our machine; `input` is its standard input.
pub fn ours(script: &[u8], input: &[u8]) -> Outcome {
    let mut machine = machine();
    ours_on(&mut machine, script, input)
}

pub fn ours_on(machine: &mut Machine, script: &[u8], input: &[u8]) -> Outcome {
    machine.files_mut().write(b"/tmp/script.sh", script.to_vec()).unwrap();
    let args = vec![b"bash".to_vec(), b"/tmp/script.sh".to_vec()];
    run_host(machine, args, input)
}

pub fn run_host(machine: &mut Machine, args: Vec<Vec<u8>>, input: &[u8]) -> Outcome {
    let process = machine
        .spawn_host(args, environment(FOLDER), FOLDER.as_bytes().to_vec())
        .unwrap();
    machine.feed(process, input, true);
    machine.begin_command();
    loop {
        match machine.run(10_000) {
            Activity::Running => {}
            Activity::Idle | Activity::LimitReached(_) => {
                while machine.run(100) == Activity::Running {}
                break;
            }
        }
    }
    let mut outcome = Outcome {
        stdout: Vec::new(),
        stderr: Vec::new(),
        status: machine.host_status(process).map_or(255, ExitStatus::code),
    };
    for (fd, bytes) in machine.take_output(process) {
        if fd == 1 {
            outcome.stdout.extend(bytes);
        } else {
            outcome.stderr.extend(bytes);
        }
    }
    outcome
}

/// Whether the real bash is here, in the version we imitate.
pub fn bash_version() -> Option<String> {
    let output = Command::new("bash").arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.contains("version 5.")
        .then(|| text.lines().next().unwrap_or_default().to_owned())
}

/// Runs the same in the real shell, in an empty folder.
pub fn theirs(script: &[u8], input: &[u8]) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("essai");
    std::fs::create_dir(&work).unwrap();
    let file = folder.path().join("script.sh");
    std::fs::write(&file, script).unwrap();
    let mut child = Command::new("bash")
        .arg(&file)
        .current_dir(&work)
        .env_clear()
        .env("HOME", &work)
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .env("USER", "camille")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).ok();
    let output = child.wait_with_output().unwrap();
    use std::os::unix::process::ExitStatusExt;
    let status = output
        .status
        .code()
        .unwrap_or_else(|| 128 + output.status.signal().unwrap_or(0)) as u8;
    let real = work.to_string_lossy().into_owned();
    let script_path = file.to_string_lossy().into_owned();
    let shown = |bytes: Vec<u8>| {
        let text = replace(&bytes, real.as_bytes(), FOLDER.as_bytes());
        replace(&text, script_path.as_bytes(), b"/tmp/script.sh")
    };
    Outcome {
        stdout: shown(output.stdout),
        stderr: shown(output.stderr),
        status,
    }
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with(from) {
            out.extend_from_slice(to);
            at += from.len();
        } else {
            out.push(text[at]);
            at += 1;
        }
    }
    out
}

/// One case: a script, what it prints, its code.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub script: String,
    pub stdout: String,
    /// Lines of standard error, marked `! ` in the file.
    pub stderr: String,
    pub status: u8,
}

/// `--- name ---`, the script's lines, then its output with `  ` before each line, `! ` lines for standard error, and
/// `[n]` where the code is not 0. Output begins after a line `==>`.
pub fn parse_cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut in_output = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("--- ").and_then(|l| l.strip_suffix(" ---")) {
            cases.push(Case {
                name: name.to_owned(),
                script: String::new(),
                stdout: String::new(),
                stderr: String::new(),
                status: 0,
            });
            in_output = false;
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        if line == "==>" {
            in_output = true;
        } else if !in_output {
            case.script.push_str(line);
            case.script.push('\n');
        } else if let Some(out) = line.strip_prefix("  ") {
            case.stdout.push_str(out);
            case.stdout.push('\n');
        } else if let Some(error) = line.strip_prefix("! ") {
            case.stderr.push_str(error);
            case.stderr.push('\n');
        } else if let Some(status) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            case.status = status.parse().unwrap();
        } else if line == "\\ no newline" {
            case.stdout.pop();
        }
    }
    for case in &mut cases {
        // Blank lines between cases belong to nobody.
        while case.script.ends_with("\n\n") {
            case.script.pop();
        }
    }
    cases
}

pub fn format_cases(cases: &[Case]) -> String {
    let mut out = String::new();
    for case in cases {
        out.push_str(&format!("--- {} ---\n{}==>\n", case.name, case.script));
        for line in case.stdout.lines() {
            out.push_str(&format!("  {line}\n"));
        }
        if !case.stdout.is_empty() && !case.stdout.ends_with('\n') {
            out.push_str("\\ no newline\n");
        }
        for line in case.stderr.lines() {
            out.push_str(&format!("! {line}\n"));
        }
        if case.status != 0 {
            out.push_str(&format!("[{}]\n", case.status));
        }
        out.push('\n');
    }
    out
}
