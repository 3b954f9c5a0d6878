//! Golden vectors of real products, run through the engines.
//!
//! `cargo xtask conformance SUITE DIR` builds and runs this program. A folder of vectors elsewhere works as well as the
//! ones the course is developed with: what a file holds is told by its content, not by its name.

pub mod kafka;

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One case, and what was different.
#[derive(Debug)]
pub struct Case {
    /// What is counted together.
    pub group: String,
    /// What names the case in a report.
    pub name: String,
    /// `None`: as the real product.
    pub difference: Option<String>,
}

impl Case {
    /// A case that is as the real product, or differs as `result` says.
    pub fn new(group: &str, name: impl Into<String>, result: Result<(), String>) -> Self {
        Self {
            group: group.to_owned(),
            name: name.into(),
            difference: result.err(),
        }
    }
}

/// The cases of one file.
#[derive(Debug)]
pub struct File {
    /// Its name in the folder.
    pub name: String,
    /// Its cases.
    pub cases: Vec<Case>,
}

impl File {
    fn failed(&self) -> impl Iterator<Item = &Case> {
        self.cases.iter().filter(|case| case.difference.is_some())
    }
}

/// A whole folder.
#[derive(Debug)]
pub struct Report {
    /// By name.
    pub files: Vec<File>,
}

impl Report {
    /// How many cases passed and failed.
    pub fn counts(&self) -> (usize, usize) {
        let all: usize = self.files.iter().map(|file| file.cases.len()).sum();
        let failed: usize = self.files.iter().map(|file| file.failed().count()).sum();
        (all - failed, failed)
    }

    /// One line a file, the failures where they are asked for, and the sum as the last line.
    pub fn text(&self, is_verbose: bool) -> String {
        let mut text = String::new();
        for file in &self.files {
            let failed = file.failed().count();
            let _ = writeln!(
                text,
                "{}: {} passed, {failed} failed",
                file.name,
                file.cases.len() - failed
            );
            for case in file.failed().filter(|_| is_verbose) {
                let _ = writeln!(text, "  FAIL {} {}", case.group, case.name);
                for line in case.difference.iter().flat_map(|difference| difference.lines()) {
                    let _ = writeln!(text, "       {line}");
                }
            }
        }
        let (passed, failed) = self.counts();
        let _ = writeln!(text, "{passed} passed, {failed} failed");
        text
    }

    /// The numbers that are kept beside the engine: `file group passed/total`, a line each.
    pub fn snapshot(&self) -> String {
        let mut text = String::new();
        for file in &self.files {
            let mut groups: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
            for case in &file.cases {
                let (passed, total) = groups.entry(&case.group).or_default();
                *total += 1;
                *passed += usize::from(case.difference.is_none());
            }
            for (group, (passed, total)) in groups {
                let _ = writeln!(text, "{} {group} {passed}/{total}", file.name);
            }
        }
        text
    }
}
