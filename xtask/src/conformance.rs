//! `cargo xtask conformance SUITE DIR [--verbose]`: the cases of a folder, in the real product and
//! in ours, compared. Where the real product is not at hand, the folder holds what it answered.
//!
//! The last line is `N passed, N failed`; `--verbose` lists what failed, and how.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::machine::{
    About as _, Failure, Outcome, Run, files_below, make_folder, relative, remove_folder, root, say, target, which,
    write,
};

const CASE_TIME_MAX: Duration = Duration::from_secs(30);

struct Suite {
    name: &'static str,
    what: &'static str,
    run: How,
}

enum How {
    /// Both are run here.
    Play(fn(&Path) -> Outcome<Vec<Case>>),
    /// Golden vectors: `tests/conformance` knows the engine, this program does not.
    Vectors,
}

const SUITES: [Suite; 3] = [
    Suite {
        name: "shell",
        what: "every *.sh below DIR, in dash (*.bash: in bash) and in the course's shell: output and exit code",
        run: How::Play(shell),
    },
    Suite {
        name: "git",
        what: "every *.sh below DIR, with the installed Git and with the course's: output, exit code, refs, index, objects, fsck",
        run: How::Play(git),
    },
    Suite {
        name: "kafka",
        what: "every *.json in DIR: golden vectors of Kafka's own classes (partitioners, assignors, placement, batches)",
        run: How::Vectors,
    },
];

/// One case, and what was different.
struct Case {
    name: String,
    difference: Option<String>,
}

/// `cargo xtask conformance`.
pub fn command(arguments: &[String]) -> Outcome {
    let verbose = arguments.iter().any(|argument| argument == "--verbose");
    let words: Vec<&String> = arguments.iter().filter(|argument| *argument != "--verbose").collect();
    let [name, folder] = words[..] else {
        return Err(Failure::new("conformance needs a suite and a folder").hint(known()));
    };
    let suite = SUITES
        .iter()
        .find(|suite| suite.name == name)
        .ok_or_else(|| Failure::new(format!("no suite is named `{name}`")).hint(known()))?;
    let folder = std::env::current_dir().about("find the current folder")?.join(folder);
    if !folder.is_dir() {
        return Err(Failure::new(format!("{} is not a folder", folder.display())));
    }
    let cases = match suite.run {
        How::Play(play) => play(&folder)?,
        How::Vectors => {
            let verbose: &[&str] = if verbose { &["--verbose"] } else { &[] };
            return vectors(name, &folder).args(verbose).run();
        }
    };
    if cases.is_empty() {
        return Err(Failure::new(format!("{} holds no case of the suite {name}", folder.display())).hint(known()));
    }
    let failed: Vec<&Case> = cases.iter().filter(|case| case.difference.is_some()).collect();
    if verbose {
        for case in &failed {
            println!("FAIL {}", case.name);
            for line in case.difference.iter().flat_map(|difference| difference.lines()) {
                println!("     {line}");
            }
        }
    }
    println!("{} passed, {} failed", cases.len() - failed.len(), failed.len());
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!("{} cases failed", failed.len())).hint("With --verbose, each difference is shown."))
    }
}

/// The program that runs golden vectors.
fn vectors(suite: &str, folder: &Path) -> Run {
    Run::cargo()
        .args([
            "run",
            "--quiet",
            "--locked",
            "--package",
            "essaim-conformance",
            "--",
            suite,
        ])
        .args([folder])
}

/// The vectors that the course is developed with, if they are at hand: as many pass as `conformance.snap` says.
pub fn check_kept() -> Outcome {
    check_one("kafka", "sim/kafka/conformance.snap")
}

fn check_one(suite: &str, snapshot: &str) -> Outcome {
    let folder = root().join("../shared/conformance").join(suite);
    if !folder.is_dir() {
        say(format!(
            "The golden vectors of {suite} are not at {}: skipped",
            folder.display()
        ));
        return Ok(());
    }
    vectors(suite, &folder)
        .args(["--snapshot", snapshot])
        .hint("UPDATE=1 writes the new numbers to conformance.snap.")
        .run()
}

fn known() -> String {
    let suites: Vec<String> = SUITES
        .iter()
        .map(|suite| format!("{:<8}{}", suite.name, suite.what))
        .collect();
    format!(
        "cargo xtask conformance SUITE DIR [--verbose]\nSuites:\n  {}",
        suites.join("\n  ")
    )
}

/// The course's native program, built.
fn essaim() -> Outcome<PathBuf> {
    Run::cargo()
        .args(["build", "--quiet", "--locked", "--package", "essaim-cli"])
        .run()?;
    Ok(target()
        .join("debug")
        .join(format!("essaim{}", std::env::consts::EXE_SUFFIX)))
}

fn scripts(folder: &Path, extensions: &[&str]) -> Outcome<Vec<PathBuf>> {
    let is_script = |path: &PathBuf| {
        path.extension()
            .is_some_and(|end| extensions.iter().any(|wanted| end == *wanted))
    };
    Ok(files_below(folder)?.into_iter().filter(is_script).collect())
}

fn shell(folder: &Path) -> Outcome<Vec<Case>> {
    let ours = essaim()?;
    let mut cases = Vec::new();
    for script in scripts(folder, &["sh", "bash"])? {
        let is_bash = script.extension().is_some_and(|end| end == "bash");
        let shell = if is_bash {
            which("bash")
        } else {
            which("dash").or_else(|| which("sh"))
        };
        let shell = shell.ok_or_else(|| Failure::new("the real shell is missing").hint("Install dash and bash."))?;
        let [real, mine] = both(&script, &shell, &ours)?;
        cases.push(Case {
            name: relative(&script, folder),
            difference: real.differs_from(&mine),
        });
    }
    Ok(cases)
}

fn git(folder: &Path) -> Outcome<Vec<Case>> {
    let ours = essaim()?;
    let version = Run::new("git").args(["--version"]).hint("Install Git.").output()?;
    say(format!("The real one is {}", version.trim()));
    let shell = which("bash")
        .or_else(|| which("sh"))
        .ok_or_else(|| Failure::new("no shell was found"))?;
    let mut cases = Vec::new();
    for script in scripts(folder, &["sh"])? {
        let [real, mine] = both(&script, &shell, &ours)?;
        let difference = real
            .differs_from(&mine)
            .or_else(|| repositories_differ(&real.folder, &mine.folder));
        cases.push(Case {
            name: relative(&script, folder),
            difference,
        });
    }
    Ok(cases)
}

/// What a script did.
struct Played {
    folder: PathBuf,
    stdout: Vec<u8>,
    status: Option<i32>,
}

impl Played {
    fn differs_from(&self, mine: &Played) -> Option<String> {
        if self.status != mine.status {
            return Some(format!(
                "exit code: {:?} in the real one, {:?} here{}",
                self.status,
                mine.status,
                lines_apart(&self.stdout, &mine.stdout)
            ));
        }
        (self.stdout != mine.stdout).then(|| format!("output:{}", lines_apart(&self.stdout, &mine.stdout)))
    }
}

/// The first line in which two outputs differ.
fn lines_apart(real: &[u8], mine: &[u8]) -> String {
    let (real, mine) = (String::from_utf8_lossy(real), String::from_utf8_lossy(mine));
    let (mut reals, mut mines) = (real.lines(), mine.lines());
    for number in 1.. {
        match (reals.next(), mines.next()) {
            (None, None) => break,
            (one, other) if one == other => {}
            (one, other) => {
                let shown =
                    |line: Option<&str>| line.map_or_else(|| "(nothing)".to_owned(), |line| format!("{line:?}"));
                return format!("\n  line {number}\n  real  {}\n  here  {}", shown(one), shown(other));
            }
        }
    }
    String::new()
}

/// Plays a script in the real shell and in ours, each in an empty folder of the same path, one
/// after the other (outputs name folders).
fn both(script: &Path, shell: &Path, ours: &Path) -> Outcome<[Played; 2]> {
    let base = target().join("conformance");
    let place = base.join("case");
    let copy = base.join("script.sh");
    write(
        &copy,
        std::fs::read(script).about(format!("read {}", script.display()))?,
    )?;
    let mut played = Vec::new();
    for (name, is_ours) in [("real", false), ("here", true)] {
        remove_folder(&place)?;
        make_folder(&place)?;
        let mut command = Command::new(if is_ours { ours } else { shell });
        if is_ours {
            command.arg("sh").arg("--root").arg(&place);
        }
        command.arg(&copy);
        let (stdout, status) = play(command, &place)?;
        let kept = base.join(name);
        remove_folder(&kept)?;
        std::fs::rename(&place, &kept).about("keep what a case left")?;
        played.push(Played {
            folder: kept,
            stdout,
            status,
        });
    }
    <[Played; 2]>::try_from(played).map_err(|_| Failure::new("two runs give two results"))
}

/// Runs it in a folder with a fixed environment, no longer than is decent.
fn play(mut command: Command, place: &Path) -> Outcome<(Vec<u8>, Option<i32>)> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let output = place.with_extension("stdout");
    let file = std::fs::File::create(&output).about("keep the output of a case")?;
    let mut child = command
        .current_dir(place)
        .env_clear()
        .env("PATH", path)
        .env("HOME", place)
        .env("TZ", "UTC")
        .env("LC_ALL", "C.UTF-8")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "A U Thor")
        .env("GIT_AUTHOR_EMAIL", "author@example.com")
        .env("GIT_AUTHOR_DATE", "1772440200 +0100")
        .env("GIT_COMMITTER_NAME", "C O Mitter")
        .env("GIT_COMMITTER_EMAIL", "committer@example.com")
        .env("GIT_COMMITTER_DATE", "1772440260 +0100")
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(Stdio::null())
        .spawn()
        .about("play a case")?;
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().about("wait for a case")? {
            break status.code();
        }
        if started.elapsed() > CASE_TIME_MAX {
            child.kill().about("end a case")?;
            child.wait().about("end a case")?;
            break None;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    Ok((std::fs::read(&output).about("read the output of a case")?, status))
}

/// The state of two repositories, both told by the real Git.
fn repositories_differ(real: &Path, mine: &Path) -> Option<String> {
    const QUESTIONS: [&[&str]; 5] = [
        &["for-each-ref"],
        &["rev-parse", "--symbolic-full-name", "HEAD"],
        &["ls-files", "-s"],
        &["cat-file", "--batch-all-objects", "--batch-check"],
        &["reflog", "--all"],
    ];
    // A script may have made its repositories anywhere below.
    let repositories = |top: &Path| -> Vec<String> {
        let heads = files_below(top).unwrap_or_default();
        heads
            .iter()
            .map(|path| relative(path, top))
            .filter_map(|path| path.strip_suffix(".git/HEAD").map(str::to_owned))
            .collect()
    };
    let (reals, mines) = (repositories(real), repositories(mine));
    if reals != mines {
        return Some(format!("repositories: {reals:?} in the real one, {mines:?} here"));
    }
    for inner in reals {
        for question in QUESTIONS {
            let ask = |top: &Path| Run::new("git").arg_inside(&top.join(&inner), question);
            let (one, other) = (ask(real), ask(mine));
            if one != other {
                return Some(format!(
                    "git {} in ./{inner}:{}",
                    question.join(" "),
                    lines_apart(one.as_bytes(), other.as_bytes())
                ));
            }
        }
        if let Err(failure) = Run::new("git")
            .args(["fsck", "--strict", "--no-dangling"])
            .inside(&mine.join(&inner))
            .output()
        {
            return Some(format!("git fsck in ./{inner}: {failure:?}"));
        }
    }
    None
}

impl Run {
    /// What it prints in a folder, or that it failed.
    fn arg_inside(self, folder: &Path, arguments: &[&str]) -> String {
        self.args(arguments)
            .inside(folder)
            .output()
            .unwrap_or_else(|_| "(failed)".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_different_line_is_shown() {
        assert_eq!(
            lines_apart(b"a\nb\n", b"a\nc\n"),
            "\n  line 2\n  real  \"b\"\n  here  \"c\""
        );
        assert_eq!(
            lines_apart(b"a\n", b"a\nc\n"),
            "\n  line 2\n  real  (nothing)\n  here  \"c\""
        );
        assert_eq!(lines_apart(b"a\n", b"a\n"), "");
    }

    #[test]
    fn output_and_exit_code_are_both_compared() {
        let played = |stdout: &[u8], status| Played {
            folder: PathBuf::new(),
            stdout: stdout.to_vec(),
            status,
        };
        assert!(played(b"a", Some(0)).differs_from(&played(b"a", Some(0))).is_none());
        assert!(played(b"a", Some(0)).differs_from(&played(b"a", Some(1))).is_some());
        assert!(played(b"a", Some(0)).differs_from(&played(b"b", Some(0))).is_some());
    }
}
