//! The command line.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

/// What `--help` prints.
pub const HELP: &str = "\
Essaim: the labs of the course in a terminal.

  essaim sh [-c COMMANDS [NAME [ARG…]] | SCRIPT [ARG…]] [--lab NAME] [--root DIR] [--seed N]
      Runs the course's shell. Standard output, standard error and the exit code pass through.
      Without COMMANDS or SCRIPT it is interactive (or reads commands from standard input).
      --lab NAME   the lab of a lesson, with its files; without it, the free lab
      --root DIR   DIR is there at its own path, and the shell starts in it; undo is off
      --seed N     seed of everything that is drawn by lot
  essaim lesson list
  essaim lesson check [ID] [--verbose]
      Reads and plays the lessons, and says which proofs fail. `N passed, N failed` comes last.
  essaim lesson play ID
      The text of a lesson, and its lab.
      --content DIR   where the lessons are; without it, `content` here or in a folder above
  essaim --help | --version
";

/// What is asked.
#[derive(Debug)]
pub enum Action {
    /// `--help`
    Help,
    /// `--version`
    Version,
    /// `sh`
    Shell(ShellOptions),
    /// `lesson list`
    List(ContentFolder),
    /// `lesson check`
    Check {
        /// Where the lessons are.
        content: ContentFolder,
        /// Only this one.
        id: Option<String>,
        /// What passed is told too.
        verbose: bool,
    },
    /// `lesson play`
    Play {
        /// Where the lessons are.
        content: ContentFolder,
        /// Which one.
        id: String,
    },
}

/// `--content DIR`
pub type ContentFolder = Option<PathBuf>;

/// What `sh` takes.
#[derive(Debug, Default)]
pub struct ShellOptions {
    /// `-c COMMANDS`
    pub commands: Option<OsString>,
    /// SCRIPT, a file of the host machine.
    pub script: Option<PathBuf>,
    /// What follows.
    pub arguments: Vec<OsString>,
    /// `--lab NAME`
    pub lab: Option<String>,
    /// `--root DIR`
    pub root: Option<PathBuf>,
    /// `--seed N`
    pub seed: Option<u64>,
    /// `--content DIR`
    pub content: ContentFolder,
}

impl ShellOptions {
    /// Whether there is something to run rather than somebody to talk to.
    pub fn runs_something(&self) -> bool {
        self.commands.is_some() || self.script.is_some() || !std::io::stdin().is_terminal()
    }
}

/// Reads the words after the program's name.
pub fn read(words: &[OsString]) -> Result<Action, String> {
    let Some(first) = words.first() else {
        return Ok(Action::Help);
    };
    match first.to_str() {
        Some("--help" | "-h" | "help") => Ok(Action::Help),
        Some("--version" | "-V") => Ok(Action::Version),
        Some("sh") => shell(&words[1..]),
        Some("lesson") => lesson(&words[1..]),
        _ => Err(format!("{} is none of `sh` and `lesson`", first.display())),
    }
}

fn shell(words: &[OsString]) -> Result<Action, String> {
    let mut options = ShellOptions::default();
    let mut words = words.iter().cloned();
    while let Some(word) = words.next() {
        let mut value = |name: &str| words.next().ok_or_else(|| format!("{name} needs a value"));
        match word.to_str() {
            Some("--help") => return Ok(Action::Help),
            Some("--lab") => options.lab = Some(value("--lab")?.to_string_lossy().into_owned()),
            Some("--root") => options.root = Some(value("--root")?.into()),
            Some("--content") => options.content = Some(value("--content")?.into()),
            Some("--seed") => {
                let seed = value("--seed")?;
                let seed = seed.to_str().and_then(|seed| seed.parse().ok());
                options.seed = Some(seed.ok_or("--seed needs a whole number")?);
            }
            Some("-c") => {
                options.commands = Some(value("-c")?);
                options.arguments = rest(&mut options, words)?;
                return Ok(Action::Shell(options));
            }
            Some(word) if word.starts_with('-') && word.len() > 1 => return Err(format!("unknown option {word}")),
            _ => {
                options.script = Some(word.into());
                options.arguments = rest(&mut options, words)?;
                return Ok(Action::Shell(options));
            }
        }
    }
    Ok(Action::Shell(options))
}

/// What follows COMMANDS or SCRIPT is the script's, but for our own long options, which may stand there too.
fn rest(options: &mut ShellOptions, words: impl Iterator<Item = OsString>) -> Result<Vec<OsString>, String> {
    let words: Vec<OsString> = words.collect();
    let ours = words.first().and_then(|word| word.to_str());
    if !matches!(ours, Some("--lab" | "--root" | "--seed" | "--content")) {
        return Ok(words);
    }
    let Action::Shell(more) = shell(&words)? else {
        return Ok(words);
    };
    options.lab = more.lab.or(options.lab.take());
    options.root = more.root.or(options.root.take());
    options.seed = more.seed.or(options.seed.take());
    options.content = more.content.or(options.content.take());
    Ok(more
        .script
        .map(PathBuf::into_os_string)
        .into_iter()
        .chain(more.arguments)
        .collect())
}

fn lesson(words: &[OsString]) -> Result<Action, String> {
    let mut content = None;
    let mut verbose = false;
    let mut plain = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("--content") => content = Some(words.next().ok_or("--content needs a folder")?.into()),
            Some("--verbose" | "-v") => verbose = true,
            Some(word) if word.starts_with('-') => return Err(format!("unknown option {word}")),
            _ => plain.push(word.to_string_lossy().into_owned()),
        }
    }
    let mut plain = plain.into_iter();
    match (plain.next().as_deref(), plain.next(), plain.next()) {
        (Some("list"), None, None) => Ok(Action::List(content)),
        (Some("check"), id, None) => Ok(Action::Check { content, id, verbose }),
        (Some("play"), Some(id), None) => Ok(Action::Play { content, id }),
        _ => Err("expected `lesson list`, `lesson check [ID]` or `lesson play ID`".to_owned()),
    }
}
