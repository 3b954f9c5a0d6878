//! The installed Git in a scratch folder.

use crate::session::Action;
use crate::state::{State, add_git_file};
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// First commit date: 2026-03-02 08:30:00 UTC. Each command is a minute later.
pub const START_SECONDS: i64 = 1_772_440_200;

/// The version both sides are held to.
pub const VERSION: &str = "2.47";

/// What a command gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Exit code; -1 when a signal (or a crash) ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

/// The version of the installed Git, such as `2.47.3`.
pub fn installed_version() -> Option<String> {
    let output = Command::new("git").arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.trim()
        .strip_prefix("git version ")
        .map(|v| v.split(' ').next().unwrap_or(v).to_owned())
}

/// Whether live comparison is possible.
pub fn is_comparable() -> bool {
    installed_version().is_some_and(|v| v == VERSION || v.starts_with(&format!("{VERSION}.")))
}

/// The environment of both sides, `home` apart.
pub fn environment(home: &str, tick: usize) -> Vec<(String, String)> {
    let date = format!("@{} +0100", START_SECONDS + 60 * tick as i64);
    [
        ("HOME", home),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("LC_ALL", "C"),
        ("TZ", "Europe/Paris"),
        ("TERM", "dumb"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_EDITOR", ":"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_AUTHOR_DATE", &date),
        ("GIT_COMMITTER_DATE", &date),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// The learner's global configuration.
pub const GLOBAL_CONFIG: &str = "[user]\n\tname = Camille Roy\n\temail = camille@essaim.test\n[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[advice]\n\tdefaultBranchName = false\n";

/// A scratch folder with a home and a working tree; removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    root: PathBuf,
    tick: usize,
}

impl Scratch {
    /// A new one. Paths have the same length for every session, whatever the machine.
    pub fn new(name: &str) -> io::Result<Self> {
        let root = std::env::temp_dir().join(format!("essaim-parity-{}-{name}", std::process::id()));
        _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("home"))?;
        fs::create_dir_all(root.join("work"))?;
        fs::write(root.join("home/.gitconfig"), GLOBAL_CONFIG)?;
        Ok(Self { root, tick: 0 })
    }

    /// The working tree.
    pub fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    /// Runs Git; every call but [`Scratch::peek`] is a minute later than the one before.
    pub fn git(&mut self, args: &[String]) -> io::Result<Output> {
        self.tick += 1;
        self.run(args)
    }

    /// Runs Git to look, without letting time pass.
    pub fn peek(&self, args: &[&str]) -> String {
        let args: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
        self.run(&args)
            .map(|o| String::from_utf8_lossy(&o.stdout).into_owned())
            .unwrap_or_default()
    }

    fn run(&self, args: &[String]) -> io::Result<Output> {
        let home = self.root.join("home");
        let output = Command::new("git")
            .args(args)
            .current_dir(self.work())
            .env_clear()
            .envs(environment(&home.to_string_lossy(), self.tick))
            .stdin(Stdio::null())
            .output()?;
        Ok(Output {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: output.stderr,
        })
    }

    /// Applies an edit; a [`Action::Git`] is not one.
    pub fn edit(&self, action: &Action) -> io::Result<()> {
        let at = |path: &str| self.work().join(path);
        match action {
            Action::Write(path, content) => {
                if let Some(parent) = at(path).parent() {
                    fs::create_dir_all(parent)?;
                }
                fs::write(at(path), content)
            }
            Action::Delete(path) => {
                _ = fs::remove_file(at(path));
                Ok(())
            }
            Action::Executable(path, on) => {
                fs::set_permissions(at(path), fs::Permissions::from_mode(if *on { 0o755 } else { 0o644 }))
            }
            Action::Link(path, target) => {
                _ = fs::remove_file(at(path));
                symlink(target, at(path))
            }
            Action::Git(_) => Ok(()),
        }
    }

    /// The state now.
    pub fn state(&self) -> io::Result<State> {
        let mut state = State {
            index: self.peek(&["ls-files", "-s"]),
            ..State::default()
        };
        for (path, mode, content) in self.tree()? {
            match path.strip_prefix(".git/") {
                Some(inside) => add_git_file(&mut state, inside, &content),
                None => {
                    let mut value = format!("{mode:o} ").into_bytes();
                    value.extend(content);
                    state.files.insert(path, value);
                }
            }
        }
        state.objects.sort();
        Ok(state)
    }

    /// Every file below the working tree, `.git` included: path, mode (0o120000 for a link), content or target.
    pub fn tree(&self) -> io::Result<Vec<(String, u32, Vec<u8>)>> {
        let mut out = Vec::new();
        collect(&self.work(), "", &mut out)?;
        Ok(out)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.root);
    }
}

fn collect(directory: &Path, prefix: &str, out: &mut Vec<(String, u32, Vec<u8>)>) -> io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(directory)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            collect(&entry.path(), &format!("{path}/"), out)?;
        } else if metadata.is_symlink() {
            let target = fs::read_link(entry.path())?;
            out.push((path, 0o120_000, target.to_string_lossy().into_owned().into_bytes()));
        } else {
            let mode = if metadata.permissions().mode() & 0o100 != 0 {
                0o755
            } else {
                0o644
            };
            out.push((path, mode, fs::read(entry.path())?));
        }
    }
    Ok(())
}
