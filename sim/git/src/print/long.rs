//! The long format of `git status`, which `git commit` also puts into its template.

use crate::bytes::lines;
use crate::cat;
use crate::fault::Result;
use crate::output::{Colors, columns, display_width, quote_high, quote_path};
use crate::repo::Repo;
use crate::state::{Operation, Whence};
use crate::status::{Change, Status, Unmerged};
use crate::tracking;
use crate::worktree::UntrackedMode;
use essaim_kernel::Files;

/// What to print, and how.
pub struct Long<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// Its files.
    pub files: &'a Files,
    /// What was found.
    pub status: &'a Status,
    /// Colours, off in templates.
    pub colors: Colors,
    /// Lines that say what to do.
    pub hints: bool,
    /// No commit yet.
    pub initial: bool,
    /// Which untracked files were looked for.
    pub untracked: UntrackedMode,
    /// Ignored files were asked for.
    pub ignored: bool,
    /// For `git commit`: a first commit is called that.
    pub commit: bool,
    /// The template of `git commit`: no last line.
    pub template: bool,
    /// `git commit --amend`.
    pub amend: bool,
    /// Something would be committed.
    pub committable: bool,
    /// Ahead and behind are counted.
    pub ahead_behind: bool,
    /// Paths in columns of this width (`--column`).
    pub column_width: Option<usize>,
}

impl Long<'_> {
    /// The whole text.
    pub fn text(&self) -> Result<Vec<u8>> {
        self.text_with(&[])
    }

    /// The same with patches (`-v`) before its last line.
    pub fn text_with(&self, patches: &[u8]) -> Result<Vec<u8>> {
        let mut out = self.head()?;
        let operation = Operation::read(self.files, self.repo);
        operation.describe(self.files, self.repo, self.status, self.hints, &mut out)?;
        if self.initial {
            out.extend_from_slice(if self.commit {
                b"\nInitial commit\n\n"
            } else {
                b"\nNo commits yet\n\n"
            });
        }
        let whence = operation.whence();
        self.staged(whence, &mut out);
        self.unmerged(whence, &mut out);
        self.unstaged(&mut out);
        if self.untracked != UntrackedMode::No {
            let hint = "use \"git add <file>...\" to include in what will be committed";
            self.others("Untracked files:", hint, &self.status.untracked, &mut out);
            if self.ignored {
                let hint = "use \"git add -f <file>...\" to include in what will be committed";
                self.others("Ignored files:", hint, &self.status.ignored, &mut out);
            }
        } else if self.committable {
            let hint = if self.hints {
                " (use -u option to show untracked files)"
            } else {
                ""
            };
            out.extend_from_slice(&cat!["Untracked files not listed", hint, "\n"]);
        }
        out.extend_from_slice(patches);
        if !self.committable {
            out.extend_from_slice(self.nothing().as_bytes());
        }
        Ok(out)
    }

    fn head(&self) -> Result<Vec<u8>> {
        let repo = self.repo;
        let color = &self.colors;
        let Some(branch) = repo.refs.head_branch(self.files) else {
            let (what, name) = crate::state::detached(self.files, repo);
            let red = color.start("status.nobranch", "red");
            return Ok(cat![red, what, color.reset(), name, "\n"]);
        };
        let short = branch.strip_prefix(b"refs/heads/").unwrap_or(&branch);
        let mut out = cat!["On branch ", short, "\n"];
        if !self.initial
            && let Some(tracking) = tracking::of_branch(self.files, repo, short)?
        {
            let sentence = match self.ahead_behind {
                true => tracking::sentence(&tracking, self.hints),
                false => tracking::plain_sentence(&tracking, self.hints),
            };
            out.extend_from_slice(&sentence);
            out.push(b'\n');
        }
        Ok(out)
    }

    fn hint(&self, text: &str, out: &mut Vec<u8>) {
        if self.hints {
            out.extend_from_slice(&cat!["  (", text, ")\n"]);
        }
    }

    fn unstage_hint(&self, whence: Whence, out: &mut Vec<u8>) {
        if whence != Whence::Commit {
            return;
        }
        if self.initial {
            self.hint("use \"git rm --cached <file>...\" to unstage", out);
        } else if self.amend {
            self.hint("use \"git restore --source=HEAD^1 --staged <file>...\" to unstage", out);
        } else {
            self.hint("use \"git restore --staged <file>...\" to unstage", out);
        }
    }

    fn staged(&self, whence: Whence, out: &mut Vec<u8>) {
        if self.status.staged.is_empty() {
            return;
        }
        out.extend_from_slice(b"Changes to be committed:\n");
        self.unstage_hint(whence, out);
        for change in &self.status.staged {
            self.change(change, &self.colors.start("status.added", "green"), out);
        }
        out.push(b'\n');
    }

    fn unstaged(&self, out: &mut Vec<u8>) {
        if self.status.unstaged.is_empty() {
            return;
        }
        let deleted = self.status.unstaged.iter().any(|change| change.letter == b'D');
        out.extend_from_slice(b"Changes not staged for commit:\n");
        let verb = if deleted { "add/rm" } else { "add" };
        self.hint(
            &format!("use \"git {verb} <file>...\" to update what will be committed"),
            out,
        );
        self.hint(
            "use \"git restore <file>...\" to discard changes in working directory",
            out,
        );
        for change in &self.status.unstaged {
            self.change(change, &self.colors.start("status.changed", "red"), out);
        }
        out.push(b'\n');
    }

    fn path(&self, path: &[u8]) -> Vec<u8> {
        let relative = match self.repo.config.bool_or("status.relativepaths", true) {
            true => self.repo.relative(path),
            false => path.to_vec(),
        };
        quote_path(&relative, quote_high(&self.repo.config))
    }

    fn change(&self, change: &Change, color: &str, out: &mut Vec<u8>) {
        let label = match change.letter {
            b'A' => "new file:   ",
            b'D' => "deleted:    ",
            b'R' => "renamed:    ",
            b'C' => "copied:     ",
            b'T' => "typechange: ",
            _ => "modified:   ",
        };
        let path = self.path(&change.path);
        let paths = match &change.from {
            Some(from) => cat![self.path(from), " -> ", path],
            None => path,
        };
        out.extend_from_slice(&cat!["\t", color, label, paths, self.colors.reset(), "\n"]);
    }

    fn unmerged(&self, whence: Whence, out: &mut Vec<u8>) {
        let unmerged = &self.status.unmerged;
        if unmerged.is_empty() {
            return;
        }
        out.extend_from_slice(b"Unmerged paths:\n");
        self.unstage_hint(whence, out);
        let both_deleted = unmerged.iter().any(|path| path.mask == 1);
        let one_deleted = unmerged.iter().any(|path| matches!(path.mask, 3 | 5));
        let not_deleted = unmerged.iter().any(|path| matches!(path.mask, 2 | 4 | 6 | 7));
        let hint = match (both_deleted, one_deleted) {
            (false, false) => "use \"git add <file>...\" to mark resolution",
            (true, false) if !not_deleted => "use \"git rm <file>...\" to mark resolution",
            _ => "use \"git add/rm <file>...\" as appropriate to mark resolution",
        };
        self.hint(hint, out);
        let color = self.colors.start("status.unmerged", "red");
        for Unmerged { path, mask } in unmerged {
            let label = Unmerged {
                path: Vec::new(),
                mask: *mask,
            }
            .label();
            let shown = self.path(path);
            out.extend_from_slice(&cat![
                "\t",
                color,
                format!("{label:<17}"),
                shown,
                self.colors.reset(),
                "\n"
            ]);
        }
        out.push(b'\n');
    }

    fn others(&self, title: &str, hint: &str, paths: &[Vec<u8>], out: &mut Vec<u8>) {
        if paths.is_empty() {
            return;
        }
        out.extend_from_slice(&cat![title, "\n"]);
        self.hint(hint, out);
        let color = self.colors.start("status.untracked", "red");
        let shown: Vec<Vec<u8>> = paths.iter().map(|path| self.path(path)).collect();
        if let Some(width) = self.column_width {
            let colored: Vec<Vec<u8>> = shown
                .iter()
                .map(|path| cat![color, path, self.colors.reset()])
                .collect();
            debug_assert!(
                colored
                    .iter()
                    .zip(&shown)
                    .all(|(a, b)| display_width(a) == display_width(b))
            );
            out.extend_from_slice(&columns(&colored, width, "\t"));
        } else {
            for path in shown {
                out.extend_from_slice(&cat!["\t", color, path, self.colors.reset(), "\n"]);
            }
        }
        out.push(b'\n');
    }

    fn nothing(&self) -> String {
        let hint = |text: &str| {
            if self.hints {
                format!(" ({text})\n")
            } else {
                "\n".to_owned()
            }
        };
        if self.amend {
            return "No changes\n".to_owned();
        }
        if self.template {
            return String::new();
        }
        if !self.status.unstaged.is_empty() || !self.status.unmerged.is_empty() {
            let text = if self.hints {
                "no changes added to commit (use \"git add\" and/or \"git commit -a\")\n"
            } else {
                "no changes added to commit\n"
            };
            return text.to_owned();
        }
        if !self.status.untracked.is_empty() {
            return format!(
                "nothing added to commit but untracked files present{}",
                hint("use \"git add\" to track")
            );
        }
        if self.initial {
            return format!(
                "nothing to commit{}",
                hint("create/copy files and use \"git add\" to track")
            );
        }
        if self.untracked == UntrackedMode::No {
            return format!("nothing to commit{}", hint("use -u to show untracked files"));
        }
        "nothing to commit, working tree clean\n".to_owned()
    }
}

/// The text as comments: `# On branch main`.
pub fn commented(text: &[u8], comment: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines(text) {
        let space = if line.is_empty() || line.starts_with(b"\t") {
            ""
        } else {
            " "
        };
        out.extend_from_slice(&cat![comment, space, line, "\n"]);
    }
    out
}
