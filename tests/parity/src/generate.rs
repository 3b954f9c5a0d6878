//! Random sessions, generated against the real Git so that most commands make sense.

mod edits;
mod moves;

use crate::chance::Chance;
use crate::real::{Output, Scratch};
use crate::session::{Action, Session};
use std::io;

/// Commands a session has.
pub const COMMANDS_PER_SESSION: usize = 40;

/// Generates one session. Its answers are not recorded: see [`crate::compare::record`].
pub fn session(seed: u64) -> io::Result<Session> {
    let mut driver = Driver {
        scratch: Scratch::new(&format!("g{seed}"))?,
        chance: Chance::new(seed),
        session: Session {
            seed,
            ..Session::default()
        },
        commands_count: 0,
        names_count: 0,
    };
    driver.begin()?;
    while driver.has_room() {
        driver.one_move()?;
        if driver.chance.percent(45) {
            driver.look()?;
        }
    }
    Ok(driver.session)
}

/// A session being made.
struct Driver {
    scratch: Scratch,
    chance: Chance,
    session: Session,
    commands_count: usize,
    names_count: usize,
}

impl Driver {
    fn has_room(&self) -> bool {
        self.commands_count < COMMANDS_PER_SESSION
    }

    /// Plays a Git command in the real Git and keeps it; nothing once the session is full.
    fn git(&mut self, args: &[&str]) -> io::Result<Output> {
        if !self.has_room() {
            return Ok(Output::default());
        }
        self.commands_count += 1;
        let args: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
        let output = self.scratch.git(&args)?;
        self.session.actions.push(Action::Git(args));
        Ok(output)
    }

    fn edit(&mut self, action: Action) -> io::Result<()> {
        self.scratch.edit(&action)?;
        self.session.actions.push(action);
        Ok(())
    }

    fn write(&mut self, path: &str, content: String) -> io::Result<()> {
        self.edit(Action::Write(path.to_owned(), content))
    }

    // ---- what is there ----

    fn lines(&self, args: &[&str]) -> Vec<String> {
        self.scratch.peek(args).lines().map(str::to_owned).collect()
    }

    fn branches(&self) -> Vec<String> {
        self.lines(&["for-each-ref", "--format=%(refname:short)", "refs/heads"])
    }

    fn tags(&self) -> Vec<String> {
        self.lines(&["for-each-ref", "--format=%(refname:short)", "refs/tags"])
    }

    fn current_branch(&self) -> Option<String> {
        self.lines(&["branch", "--show-current"])
            .into_iter()
            .next()
            .filter(|b| !b.is_empty())
    }

    fn other_branches(&self) -> Vec<String> {
        let current = self.current_branch();
        self.branches()
            .into_iter()
            .filter(|b| Some(b) != current.as_ref())
            .collect()
    }

    /// Tracked regular files that are in the working tree.
    fn tracked(&self) -> Vec<String> {
        self.lines(&["ls-files"])
            .into_iter()
            .filter(|p| self.scratch.work().join(p).is_file())
            .collect()
    }

    fn unmerged(&self) -> Vec<String> {
        let mut paths: Vec<String> = self
            .lines(&["ls-files", "-u"])
            .iter()
            .filter_map(|line| line.split_once('\t').map(|(_, path)| path.to_owned()))
            .collect();
        paths.dedup();
        paths
    }

    fn is_merging(&self) -> bool {
        self.scratch.work().join(".git/MERGE_HEAD").exists()
    }

    fn is_dirty(&self) -> bool {
        !self.scratch.peek(&["status", "--porcelain", "-uno"]).is_empty()
    }

    fn commits_count(&self) -> usize {
        self.scratch
            .peek(&["rev-list", "--count", "HEAD"])
            .trim()
            .parse()
            .unwrap_or(0)
    }

    fn read(&self, path: &str) -> String {
        std::fs::read(self.scratch.work().join(path))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    fn new_branch_name(&mut self) -> String {
        self.names_count += 1;
        let stem = self.chance.word(&[
            "feature/export",
            "fix",
            "nettoyage",
            "release",
            "exp",
            "topic/a",
            "ingest",
        ]);
        format!("{stem}-{}", self.names_count)
    }

    fn message(&mut self) -> String {
        let verb = self.chance.word(&[
            "Add", "Fix", "Clean", "Drop", "Sort", "Filter", "Document", "Rename", "Écarte",
        ]);
        let noun = self.chance.word(&[
            "readings",
            "the loader",
            "sales by day",
            "bad rows",
            "the schema",
            "tests",
        ]);
        let mut message = format!("{verb} {noun}");
        if self.chance.percent(15) {
            message.push_str("\n\nThe export of the night left rows without a timestamp.\nSee the runbook.");
        }
        if self.chance.percent(4) {
            message.push_str("  \n\n\n# not a comment with -m\n\n");
        }
        message
    }

    /// A revision that exists, spelled one way or another.
    fn revision(&mut self) -> String {
        let branches = self.branches();
        let tags = self.tags();
        match self.chance.below(9) {
            0 => "HEAD".to_owned(),
            1 => "HEAD~1".to_owned(),
            2 => "HEAD^".to_owned(),
            3 => "@".to_owned(),
            4 => format!("HEAD~{}", self.chance.below(4)),
            5 if !tags.is_empty() => self.chance.pick(&tags).cloned().unwrap_or_default(),
            6 => {
                let id = self.scratch.peek(&["rev-parse", "HEAD"]);
                let digits = [7, 8, 12, 40][self.chance.below(4)];
                id.trim().chars().take(digits).collect()
            }
            _ => self
                .chance
                .pick(&branches)
                .cloned()
                .unwrap_or_else(|| "HEAD".to_owned()),
        }
    }
}
