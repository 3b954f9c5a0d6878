//! This machine: its folders, its programs, and how to run them so that a failure says what to do.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What went wrong, and what the reader can do about it.
#[derive(Debug)]
pub struct Failure {
    what: String,
    hint: Option<String>,
}

/// The result of everything here.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure, told in one sentence.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hint: None,
        }
    }

    /// Adds what to do about it; the first hint, nearest to the cause, is kept.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }
}

/// Gives a failure of the standard library the file or program it was about.
pub trait About<T> {
    /// `what` completes the sentence "cannot …".
    fn about(self, what: impl AsRef<str>) -> Outcome<T>;
}

impl<T, E: std::fmt::Display> About<T> for Result<T, E> {
    fn about(self, what: impl AsRef<str>) -> Outcome<T> {
        self.map_err(|error| Failure::new(format!("cannot {}: {error}", what.as_ref())))
    }
}

/// Prints a failure on standard error.
pub fn say_failure(failure: &Failure) {
    eprintln!("\nxtask: {}", failure.what);
    if let Some(hint) = &failure.hint {
        for line in hint.lines() {
            eprintln!("  {line}");
        }
    }
}

/// Prints a line of progress.
pub fn say(line: impl AsRef<str>) {
    eprintln!("==> {}", line.as_ref());
}

/// The top of the checkout.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The program may have been built in another checkout that shares the target folder.
    let current = std::env::current_dir().unwrap_or_else(|_| here.to_path_buf());
    current
        .ancestors()
        .find(|folder| folder.join("Trunk.toml").is_file() && folder.join("xtask").is_dir())
        .or_else(|| here.parent())
        .map_or_else(|| current.clone(), Path::to_path_buf)
}

/// The user's cache folder for this project: tools and scratch work live there, never in the
/// checkout.
pub fn cache() -> Outcome<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        _ => home()?.join(".cache"),
    };
    Ok(base.join("essaim"))
}

fn home() -> Outcome<PathBuf> {
    ["HOME", "USERPROFILE"]
        .iter()
        .find_map(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
        .map(PathBuf::from)
        .ok_or_else(|| {
            Failure::new("neither XDG_CACHE_HOME nor HOME is set")
                .hint("Set XDG_CACHE_HOME to a folder that tools may be kept in.")
        })
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) if !folder.is_empty() => root().join(folder),
        _ => root().join("target"),
    }
}

/// Finds a program on PATH.
pub fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|folder| [folder.join(name), folder.join(format!("{name}.exe"))])
        .find(|candidate| candidate.is_file())
}

/// Is a person there to answer questions and look at colours?
pub fn is_continuous_integration() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// A program about to be run.
#[derive(Debug)]
pub struct Run {
    program: OsString,
    arguments: Vec<OsString>,
    command: Command,
    hint: Option<String>,
}

impl Run {
    /// A program by name or path; it starts at the top of the checkout.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program.as_ref());
        command.current_dir(root());
        Self {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            command,
            hint: None,
        }
    }

    /// The cargo that runs this program.
    pub fn cargo() -> Self {
        let mut run = Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // `cargo run` tells its child about the package xtask; a build script that reads these
        // would see another package than its own and be built again for nothing.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CARGO_PKG_")
                || name == "CARGO_MANIFEST_DIR"
                || name == "CARGO_MANIFEST_PATH"
            {
                run.command.env_remove(name);
            }
        }
        run
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        for argument in arguments {
            self.arguments.push(argument.as_ref().to_owned());
            self.command.arg(argument);
        }
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Removes environment variables.
    pub fn without_env(mut self, names: &[&str]) -> Self {
        for name in names {
            self.command.env_remove(name);
        }
        self
    }

    /// Puts a folder first on the program's PATH.
    pub fn on_path(mut self, folders: &[PathBuf]) -> Self {
        let old = std::env::var_os("PATH").unwrap_or_default();
        let all = folders.iter().cloned().chain(std::env::split_paths(&old));
        if let Ok(joined) = std::env::join_paths(all) {
            self.command.env("PATH", joined);
        }
        self
    }

    /// Starts it in a folder.
    pub fn inside(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// What to do if it fails.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn line(&self) -> String {
        let program = Path::new(&self.program).file_name().unwrap_or(&self.program);
        std::iter::once(program.to_string_lossy())
            .chain(self.arguments.iter().map(|argument| argument.to_string_lossy()))
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn failure(&self, what: &str) -> Failure {
        let failure = Failure::new(format!("`{}` {what}", self.line()));
        match &self.hint {
            Some(hint) => failure.hint(hint.clone()),
            None => failure,
        }
    }

    /// Runs it, its output shown as it comes.
    pub fn run(mut self) -> Outcome {
        eprintln!("    $ {}", self.line());
        self.command.stdin(Stdio::null());
        match self.command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.failure(&format!("failed ({status})"))),
            Err(error) => Err(self.failure(&format!("could not be started: {error}"))),
        }
    }

    /// Runs it in silence and gives what it printed on standard output.
    pub fn output(mut self) -> Outcome<String> {
        self.command.stdin(Stdio::null());
        match self.command.output() {
            Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                Err(self.failure(&format!("failed ({}): {said}", output.status)))
            }
            Err(error) => Err(self.failure(&format!("could not be started: {error}"))),
        }
    }

    /// The command itself, for what this type does not do.
    pub fn into_command(self) -> Command {
        self.command
    }
}

/// Reads a text file.
pub fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).about(format!("read {}", path.display()))
}

/// Writes a file, making its folder.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Outcome {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    std::fs::write(path, bytes).about(format!("write {}", path.display()))
}

/// Makes a folder and those above it.
pub fn make_folder(path: &Path) -> Outcome {
    std::fs::create_dir_all(path).about(format!("make the folder {}", path.display()))
}

/// Removes a folder with what is in it, if it is there.
pub fn remove_folder(path: &Path) -> Outcome {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).about(format!("remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Copies a folder with what is in it.
pub fn copy_folder(from: &Path, to: &Path) -> Outcome {
    for path in files_below(from)? {
        let inner = path.strip_prefix(from).about("follow a folder")?;
        let target = to.join(inner);
        if let Some(folder) = target.parent() {
            make_folder(folder)?;
        }
        std::fs::copy(&path, &target).about(format!("copy {}", path.display()))?;
    }
    Ok(())
}

/// All files below a folder, sorted; none if the folder is not there.
pub fn files_below(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&folder).about(format!("list {}", folder.display()))? {
            let path = entry.about(format!("list {}", folder.display()))?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A path inside a folder, with `/` between its parts.
pub fn relative(path: &Path, folder: &Path) -> String {
    let inner = path.strip_prefix(folder).unwrap_or(path);
    inner
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

/// A short, stable name for some bytes: 16 hexadecimal digits.
pub fn short_hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    use std::hash::Hasher as _;
    let mut hasher = siphasher::sip::SipHasher13::new_with_keys(0x6573_7361, 0x696d);
    for part in parts {
        hasher.write(&(part.len() as u64).to_le_bytes());
        hasher.write(part);
    }
    format!("{:016x}", hasher.finish())
}
