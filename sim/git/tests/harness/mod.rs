//! Runs command lines in the real Git and in the engine, under the same conditions.
#![allow(clippy::unwrap_used, dead_code)]

use essaim_kernel::process::Environment;
use essaim_kernel::{Activity, Limits, Machine, Time};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// When the first command runs: 2025-01-06 09:00 UTC. Each command is a minute later.
pub const START: i64 = 1_736_154_000;

/// One command's output (standard error marked by `2> `) and exit code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    pub output: String,
    pub code: i32,
}

/// A list of command lines with what they print.
pub struct Case {
    pub name: String,
    pub lines: Vec<String>,
    pub expected: Vec<Run>,
}

pub struct CaseFile {
    pub name: String,
    path: PathBuf,
    header: String,
    pub cases: Vec<Case>,
}

/// Whether the installed Git is the one imitated.
pub fn live_git() -> bool {
    let output = Command::new("git").arg("--version").output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).starts_with("git version 2.47."))
}

/// The case files of a folder beside this one, by name.
pub fn load(folder: &str) -> Vec<CaseFile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let cases = paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "case"));
    cases.map(parse).collect()
}

fn parse(path: PathBuf) -> CaseFile {
    let text = std::fs::read_to_string(&path).unwrap();
    let mut file = CaseFile {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        path,
        header: String::new(),
        cases: Vec::new(),
    };
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("--- ").and_then(|rest| rest.strip_suffix(" ---")) {
            file.cases.push(Case {
                name: name.to_owned(),
                lines: Vec::new(),
                expected: Vec::new(),
            });
            continue;
        }
        let Some(case) = file.cases.last_mut() else {
            file.header.push_str(line);
            file.header.push('\n');
            continue;
        };
        if let Some(command) = line.strip_prefix("$ ") {
            case.lines.push(command.to_owned());
            case.expected.push(Run::default());
        } else if let Some(code) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            case.expected.last_mut().unwrap().code = code.parse().unwrap();
        } else if let Some(output) = line.strip_prefix("  ") {
            let run = case.expected.last_mut().unwrap();
            run.output.push_str(output);
            run.output.push('\n');
        } else if line == "  \\" || line.is_empty() {
        } else {
            panic!("{}: not a line of a case: {line}", file.path.display());
        }
    }
    file
}

impl CaseFile {
    /// Writes the file with what the cases hold now.
    pub fn save(&self) {
        let mut text = self.header.clone();
        for (at, case) in self.cases.iter().enumerate() {
            text.push_str(&format!("{}--- {} ---\n", if at > 0 { "\n" } else { "" }, case.name));
            for (line, run) in case.lines.iter().zip(&case.expected) {
                text.push_str(&format!("$ {line}\n"));
                for output in run.output.lines() {
                    text.push_str(&format!("  {output}\n"));
                }
                if run.code != 0 {
                    text.push_str(&format!("[{}]\n", run.code));
                }
            }
        }
        std::fs::write(&self.path, text).unwrap();
    }
}

/// The environment both sides get; dates move with each command.
pub fn environment(home: &str, step: usize) -> Vec<(String, String)> {
    let now = START + 60 * step as i64;
    let pairs = [
        ("HOME", home.to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
        ("GIT_PAGER", "cat".to_owned()),
        ("LC_ALL", "C".to_owned()),
        ("TZ", "UTC".to_owned()),
        ("TERM", "dumb".to_owned()),
        ("GIT_AUTHOR_NAME", "Ada".to_owned()),
        ("GIT_AUTHOR_EMAIL", "ada@example.com".to_owned()),
        ("GIT_COMMITTER_NAME", "Ada".to_owned()),
        ("GIT_COMMITTER_EMAIL", "ada@example.com".to_owned()),
        ("GIT_AUTHOR_DATE", format!("{now} +0000")),
        ("GIT_COMMITTER_DATE", format!("{now} +0000")),
        ("GIT_TEST_DATE_NOW", now.to_string()),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// Output as it is stored: the scratch folder is `$ROOT`, a missing last line feed is shown.
fn normalise(bytes: &[u8], root: &str) -> String {
    let mut text = String::from_utf8_lossy(bytes)
        .replace(root, "$ROOT")
        .replace('\0', "^@");
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str("\\\n");
    }
    text
}

/// Standard output, then standard error with a mark before each line: between the two there is no order to compare.
fn both(out: &[u8], err: &[u8], root: &str) -> String {
    let mut text = normalise(out, root);
    for line in normalise(err, root).lines() {
        text.push_str(&format!("2> {line}\n"));
    }
    text
}

/// The commands of a case in the real Git.
pub fn run_real(case: &Case) -> Vec<Run> {
    let folder = tempfile::Builder::new().prefix("git-oracle").tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let root_text = root.to_str().unwrap();
    let work = root.join("work");
    std::fs::create_dir(&work).unwrap();
    let mut runs = Vec::new();
    for (step, line) in case.lines.iter().enumerate() {
        let mut command = Command::new("sh");
        command.arg("-c").arg(line).current_dir(&work).env_clear();
        command.envs(environment(root_text, step)).stdin(Stdio::null());
        let done = command.output().unwrap();
        let output = both(&done.stdout, &done.stderr, root_text);
        runs.push(Run {
            output,
            code: done.status.code().unwrap_or(-1),
        });
    }
    runs
}

/// The same in the engine. `check`: the repository is written out, and the real Git must accept it.
pub fn run_engine(case: &Case, check: bool) -> (Vec<Run>, Option<String>) {
    let root = "/tmp/git-oracle";
    let mut machine = machine(root);
    let mut runs = Vec::new();
    for (step, line) in case.lines.iter().enumerate() {
        machine.advance_to(Time::from_secs(START + 60 * step as i64));
        let env: Environment = environment(root, step)
            .into_iter()
            .map(|(name, value)| (name.into_bytes(), value.into_bytes()))
            .collect();
        let args = vec![b"sh".to_vec(), b"-c".to_vec(), line.clone().into_bytes()];
        let process = machine
            .spawn_host(args, env, format!("{root}/work").into_bytes())
            .unwrap();
        machine.feed(process, b"", true);
        machine.begin_command();
        while machine.run(10_000) == Activity::Running {}
        let (mut out, mut err) = (Vec::new(), Vec::new());
        for (fd, bytes) in machine.take_output(process) {
            if fd == 2 { err.extend(bytes) } else { out.extend(bytes) }
        }
        let code = machine
            .host_status(process)
            .map_or(-1, |status| i32::from(status.code()));
        runs.push(Run {
            output: both(&out, &err, root),
            code,
        });
    }
    let complaint = if check && !case.name.contains("broken") {
        check_repository(&machine, root)
    } else {
        None
    };
    (runs, complaint)
}

/// A machine with the shell, Git and an empty folder to work in.
pub fn machine(root: &str) -> Machine {
    let mut machine = Machine::new(1, Time::from_secs(START), Limits::default());
    machine.add_programs(&essaim_shell::programs());
    machine.add_programs(essaim_git::PROGRAMS);
    machine.files_mut().set_superuser(true);
    for folder in ["/tmp", "/bin", "/usr/bin"] {
        machine.files_mut().create_dir_all(folder.as_bytes()).unwrap();
    }
    machine
        .files_mut()
        .create_dir_all(format!("{root}/work").as_bytes())
        .unwrap();
    machine
}

/// Writes the virtual working folder out and lets the real Git check it.
fn check_repository(machine: &Machine, root: &str) -> Option<String> {
    let work = format!("{root}/work");
    if !machine.files().exists(format!("{work}/.git/HEAD").as_bytes()) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    export(machine, work.as_bytes(), folder.path());
    let output = Command::new("git")
        .args(["fsck", "--strict", "--no-dangling"])
        .current_dir(folder.path())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", folder.path())
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let harmless = said
        .lines()
        .all(|line| line.starts_with("notice:") || line.contains("no default references"));
    if !output.status.success() || !harmless {
        return Some(format!("git fsck --strict: {said}"));
    }
    let status = |args: &[&str]| {
        let output = Command::new("git")
            .args(args)
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .output();
        output.unwrap().status.success()
    };
    let bare = machine
        .files()
        .read(format!("{work}/.git/config").as_bytes())
        .is_ok_and(|text| String::from_utf8_lossy(&text).contains("bare = true"));
    (!bare && !status(&["status"])).then(|| "git status refuses the repository".to_owned())
}

/// Copies a virtual folder to a real one.
pub fn export(machine: &Machine, from: &[u8], to: &Path) {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt as _;
    let files = machine.files();
    for name in files.read_dir(from).unwrap() {
        let source = [from, b"/", &name].concat();
        let target = to.join(std::ffi::OsStr::from_bytes(&name));
        let metadata = files.symlink_metadata(&source).unwrap();
        if metadata.is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            export(machine, &source, &target);
        } else if metadata.is_symlink() {
            let link = files.read_link(&source).unwrap();
            std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(&link), &target).unwrap();
        } else {
            std::fs::write(&target, files.read(&source).unwrap().as_slice()).unwrap();
            std::fs::set_permissions(&target, std::fs::Permissions::from_mode(metadata.mode)).unwrap();
        }
    }
}
