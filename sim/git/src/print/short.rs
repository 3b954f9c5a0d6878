//! `git status --short` and `--porcelain`.

use crate::cat;
use crate::fault::Result;
use crate::output::{Colors, quote_high, quote_path_short};
use crate::repo::Repo;
use crate::status::Status;
use crate::tracking;
use essaim_kernel::Files;
use std::collections::BTreeMap;

/// How to print.
pub struct Short<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// Its files.
    pub files: &'a Files,
    /// What was found.
    pub status: &'a Status,
    /// Colours, off for `--porcelain`.
    pub colors: Colors,
    /// `-z`.
    pub null: bool,
    /// `--porcelain`: paths from the top.
    pub porcelain: bool,
    /// `-b`.
    pub branch: bool,
}

impl Short<'_> {
    /// The whole text.
    pub fn text(&self) -> Result<Vec<u8>> {
        self.text_with(true)
    }

    /// The same; whether ahead and behind are counted.
    pub fn text_with(&self, ahead_behind: bool) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        if self.branch {
            self.branch_line(ahead_behind, &mut out)?;
        }
        let mut letters: BTreeMap<&[u8], (u8, u8, Option<&[u8]>)> = BTreeMap::new();
        for change in &self.status.staged {
            letters.insert(&change.path, (change.letter, b' ', change.from.as_deref()));
        }
        for change in &self.status.unstaged {
            letters.entry(&change.path).or_insert((b' ', b' ', None)).1 = change.letter;
        }
        let conflicts: BTreeMap<&[u8], &str> = self
            .status
            .unmerged
            .iter()
            .map(|unmerged| (unmerged.path.as_slice(), unmerged.letters()))
            .collect();
        for (path, pair) in &conflicts {
            letters.insert(path, (pair.as_bytes()[0], pair.as_bytes()[1], None));
        }
        let added = self.colors.start("status.added", "green");
        let changed = self.colors.start("status.changed", "red");
        let in_conflict = self.colors.start("status.unmerged", "red");
        for (path, (x, y, from)) in letters {
            if conflicts.contains_key(path) {
                out.extend_from_slice(&cat![in_conflict, [x, y], self.colors.reset()]);
            } else {
                self.letter(x, &added, &mut out);
                self.letter(y, &changed, &mut out);
            }
            out.push(b' ');
            self.paths(path, from, &mut out);
        }
        let untracked = self.colors.start("status.untracked", "red");
        for (mark, paths) in [("??", &self.status.untracked), ("!!", &self.status.ignored)] {
            for path in paths {
                out.extend_from_slice(&cat![untracked, mark, self.colors.reset(), " "]);
                self.paths(path, None, &mut out);
            }
        }
        Ok(out)
    }

    fn letter(&self, letter: u8, color: &str, out: &mut Vec<u8>) {
        if letter == b' ' {
            out.push(letter);
        } else {
            out.extend_from_slice(&cat![color, [letter], self.colors.reset()]);
        }
    }

    fn paths(&self, path: &[u8], from: Option<&[u8]>, out: &mut Vec<u8>) {
        if self.null {
            out.extend_from_slice(&cat![path, "\0"]);
            if let Some(from) = from {
                out.extend_from_slice(&cat![from, "\0"]);
            }
            return;
        }
        if let Some(from) = from {
            out.extend_from_slice(&cat![self.shown(from), " -> "]);
        }
        out.extend_from_slice(&cat![self.shown(path), "\n"]);
    }

    fn shown(&self, path: &[u8]) -> Vec<u8> {
        let relative = match self.porcelain || !self.repo.config.bool_or("status.relativepaths", true) {
            true => path.to_vec(),
            false => self.repo.relative(path),
        };
        quote_path_short(&relative, quote_high(&self.repo.config))
    }

    fn branch_line(&self, ahead_behind: bool, out: &mut Vec<u8>) -> Result<()> {
        let header = self.colors.start("status.header", "");
        let local = self.colors.start("status.localbranch", "green");
        let remote = self.colors.start("status.remotebranch", "red");
        let reset = |color: &str| if color.is_empty() { "" } else { self.colors.reset() };
        let end: &[u8] = if self.null { b"\0" } else { b"\n" };
        out.extend_from_slice(&cat![header, "## ", reset(&header)]);
        let Some(full) = self.repo.refs.head_branch(self.files) else {
            let color = self.colors.start("status.nobranch", "red");
            out.extend_from_slice(&cat![color, "HEAD (no branch)", reset(&color), end]);
            return Ok(());
        };
        let branch = full.strip_prefix(b"refs/heads/").unwrap_or(&full);
        if self.repo.refs.head(self.files).is_none() {
            out.extend_from_slice(b"No commits yet on ");
        }
        out.extend_from_slice(&cat![local, branch, reset(&local)]);
        if let Some(tracking) = tracking::of_branch(self.files, self.repo, branch)? {
            out.extend_from_slice(&cat!["...", remote, tracking.short, reset(&remote)]);
            let number = |count: usize, color: &str| cat![color, count.to_string(), reset(color)];
            match tracking.apart {
                None if self.repo.refs.head(self.files).is_some() => out.extend_from_slice(b" [gone]"),
                None | Some((0, 0)) => {}
                Some(_) if !ahead_behind => out.extend_from_slice(b" [different]"),
                Some((ahead, 0)) => out.extend_from_slice(&cat![" [ahead ", number(ahead, &local), "]"]),
                Some((0, behind)) => out.extend_from_slice(&cat![" [behind ", number(behind, &remote), "]"]),
                Some((ahead, behind)) => out.extend_from_slice(&cat![
                    " [ahead ",
                    number(ahead, &local),
                    ", behind ",
                    number(behind, &remote),
                    "]"
                ]),
            }
        }
        out.extend_from_slice(end);
        Ok(())
    }
}
