//! What people do with Git: one move is one to ten commands that belong together.

use super::Driver;
use crate::session::Action;
use std::io;

impl Driver {
    /// A repository with a first commit.
    pub(super) fn begin(&mut self) -> io::Result<()> {
        match self.chance.below(4) {
            0 => self.git(&["init", "-q"])?,
            1 => self.git(&["init", "-b", "trunk"])?,
            _ => self.git(&["init"])?,
        };
        if self.chance.percent(20) {
            self.git(&["status"])?;
        }
        for _ in 0..2 + self.chance.below(4) {
            self.write_new_file()?;
        }
        self.git(&["add", "."])?;
        if self.chance.percent(25) {
            self.git(&["status", "--short"])?;
        }
        self.git(&["commit", "-m", "Start the pipeline"])?;
        Ok(())
    }

    /// One move.
    pub(super) fn one_move(&mut self) -> io::Result<()> {
        if self.is_merging() || !self.unmerged().is_empty() {
            return self.conclude_merge();
        }
        if self.commits_count() == 0 {
            self.write_new_file()?;
            self.git(&["add", "-A"])?;
            self.git(&["commit", "-m", "Start again"])?;
            return Ok(());
        }
        match self.chance.below(100) {
            0..=41 => self.diverge_and_merge(),
            42..=48 => self.edit_and_commit(),
            49..=58 => self.look(),
            59..=66 => self.undo_something(),
            67..=71 => self.branch_move(),
            72..=74 => self.tag_move(),
            75..=79 => self.stash_move(),
            80..=84 => self.rename_or_remove(),
            85..=88 => self.plumbing(),
            89..=90 => self.configure(),
            91..=95 => self.mistake(),
            _ => self.fast_forward(),
        }
    }

    fn clean_up(&mut self) -> io::Result<()> {
        if self.is_dirty() {
            let message = self.message();
            self.git(&["commit", "-am", &message])?;
        }
        Ok(())
    }

    fn edit_and_commit(&mut self) -> io::Result<()> {
        for _ in 0..=self.chance.below(3) {
            self.some_edit()?;
        }
        let message = self.message();
        match self.chance.below(6) {
            0 => {
                self.git(&["add", "-A"])?;
                self.git(&["commit", "-q", "-m", &message])?;
            }
            1 => {
                self.git(&["commit", "-am", &message])?;
            }
            2 => {
                self.git(&["add", "-u"])?;
                self.git(&["diff", "--cached", "--stat"])?;
                self.git(&["commit", "-m", &message])?;
            }
            3 => {
                self.git(&["add", "."])?;
                self.git(&["status"])?;
                self.git(&["commit", "-m", &message, "-m", "Second paragraph."])?;
            }
            4 => {
                self.git(&["add", "-A"])?;
                self.git(&["commit", "--amend", "--no-edit"])?;
            }
            _ => {
                self.git(&["add", "."])?;
                self.git(&["commit", "-m", &message])?;
            }
        }
        Ok(())
    }

    /// Two branches part and come together, with or without a conflict.
    fn diverge_and_merge(&mut self) -> io::Result<()> {
        self.clean_up()?;
        let Some(home) = self.current_branch() else {
            let branches = self.branches();
            let branch = self.chance.pick(&branches).cloned().unwrap_or_else(|| "main".into());
            self.git(&["switch", &branch])?;
            return Ok(());
        };
        let topic = self.new_branch_name();
        match self.chance.below(3) {
            0 => self.git(&["checkout", "-b", &topic])?,
            1 => self.git(&["switch", "-c", &topic])?,
            _ => self.git(&["checkout", "-q", "-b", &topic])?,
        };
        let tracked = self.tracked();
        let shared = self.chance.pick(&tracked).cloned();
        // Both sides often touch the same line: that is where conflicts come from.
        let anchor = self.chance.percent(65).then(|| self.chance.below(12));
        self.commit_on_branch(shared.as_deref(), anchor)?;
        let back = if self.chance.percent(50) { "checkout" } else { "switch" };
        self.git(&[back, &home])?;
        let collide = self.chance.percent(72);
        self.commit_on_branch(shared.as_deref().filter(|_| collide), anchor)?;
        match self.chance.below(6) {
            0 => self.git(&["merge", "--no-ff", "-m", "Bring it in", &topic])?,
            1 => self.git(&["merge", "-m", "Merge it", &topic])?,
            2 => self.git(&["merge", "--no-edit", &topic])?,
            _ => self.git(&["merge", &topic])?,
        };
        if self.is_merging() || !self.unmerged().is_empty() {
            self.conclude_merge()?;
        } else if self.chance.percent(40) {
            self.git(&["branch", "-d", &topic])?;
        }
        Ok(())
    }

    fn commit_on_branch(&mut self, shared: Option<&str>, anchor: Option<usize>) -> io::Result<()> {
        match shared {
            Some(name) if self.chance.percent(94) => {
                let content = self.read(name);
                let content = match anchor {
                    Some(line) => self.changed_at(name, &content, line),
                    None => self.changed(name, &content),
                };
                self.write(name, content)?;
            }
            Some(name) if self.chance.percent(60) => self.edit(Action::Delete(name.to_owned()))?,
            _ if self.chance.percent(60) => _ = self.change_tracked_file()?,
            _ => self.some_edit()?,
        }
        let message = self.message();
        if self.chance.percent(85) {
            self.git(&["commit", "-am", &message])?;
        } else {
            self.git(&["add", "-A"])?;
            self.git(&["commit", "-q", "-m", &message])?;
        }
        self.clean_up()
    }

    fn conclude_merge(&mut self) -> io::Result<()> {
        if self.chance.percent(35) {
            let look: &[&str] = match self.chance.below(5) {
                0 => &["status"],
                1 => &["diff"],
                2 => &["status", "--short"],
                3 => &["ls-files", "-u"],
                _ => &["diff", "--name-only", "--diff-filter=U"],
            };
            self.git(look)?;
        }
        if self.chance.percent(12) {
            self.git(&["merge", "--abort"])?;
            if self.is_merging() {
                self.git(&["reset", "--hard"])?;
            }
            return Ok(());
        }
        for path in self.unmerged() {
            self.resolve(&path)?;
        }
        match self.chance.below(4) {
            0 => {
                self.git(&["add", "-A"])?;
                self.git(&["commit", "--no-edit"])?;
            }
            1 => {
                self.git(&["add", "."])?;
                self.git(&["merge", "--continue"])?;
            }
            2 => {
                self.git(&["commit", "-am", "Merge by hand"])?;
            }
            _ => {
                self.git(&["add", "-A"])?;
                self.git(&["commit", "-m", "Resolve the conflict"])?;
            }
        }
        if self.is_merging() && self.has_room() {
            self.git(&["add", "-A"])?;
            self.git(&["commit", "-m", "Settle it"])?;
        }
        Ok(())
    }

    fn resolve(&mut self, path: &str) -> io::Result<()> {
        match self.chance.below(12) {
            0 => {
                self.git(&["checkout", "--ours", "--", path])?;
            }
            1 => {
                self.git(&["checkout", "--theirs", "--", path])?;
            }
            2 => {
                self.git(&["restore", "--ours", path])?;
            }
            _ => {
                let content = self.read(path);
                let kept: String = content
                    .lines()
                    .filter(|l| {
                        !["<<<<<<<", "=======", ">>>>>>>", "|||||||"]
                            .iter()
                            .any(|m| l.starts_with(m))
                    })
                    .flat_map(|l| [l, "\n"])
                    .collect();
                self.write(path, kept)?;
            }
        }
        Ok(())
    }

    fn fast_forward(&mut self) -> io::Result<()> {
        self.clean_up()?;
        let Some(home) = self.current_branch() else {
            return self.branch_move();
        };
        let topic = self.new_branch_name();
        self.git(&["switch", "-c", &topic])?;
        self.commit_on_branch(None, None)?;
        self.git(&["switch", &home])?;
        match self.chance.below(4) {
            0 => self.git(&["merge", "--no-ff", &topic])?,
            1 => self.git(&["merge", "--squash", &topic])?,
            2 => self.git(&["merge", "--ff-only", &topic])?,
            _ => self.git(&["merge", &topic])?,
        };
        if self.is_dirty() {
            self.git(&["commit", "-m", "Squashed"])?;
        }
        Ok(())
    }

    pub(super) fn look(&mut self) -> io::Result<()> {
        if self.chance.percent(60) {
            self.some_edit()?;
        }
        let revision = self.revision();
        let tracked = self.tracked();
        let path = self.chance.pick(&tracked).cloned().unwrap_or_else(|| ".".into());
        let range = format!("HEAD~1..{revision}");
        let commands: [&[&str]; 34] = [
            &["status"],
            &["status", "-s", "-b"],
            &["status", "--porcelain=v2", "--branch"],
            &["status", "--ignored"],
            &["log"],
            &["log", "--oneline"],
            &["log", "--oneline", "--graph", "--all", "--decorate"],
            &["log", "--graph", "--stat", "-n", "4"],
            &["log", "-p", "-n", "2"],
            &["log", "-3", "--format=%h %an %ad %s%d", "--date=short"],
            &["log", "--oneline", &range],
            &["log", "--oneline", "--", &path],
            &["log", "--stat", "--summary", "-n", "3"],
            &["log", "--oneline", "--no-merges"],
            &["log", "--merges", "--format=%h %p %s"],
            &["log", "--author=Camille", "--grep=Fix", "--oneline"],
            &["log", "--reverse", "--pretty=fuller", "-n", "2"],
            &["log", "--follow", "--oneline", "--", &path],
            &["show"],
            &["show", &revision],
            &["show", "--stat", &revision],
            &["show", "--name-status", &revision],
            &["diff"],
            &["diff", "--stat"],
            &["diff", "HEAD"],
            &["diff", &revision],
            &["diff", "--cached"],
            &["diff", "--name-status", "HEAD~1", "HEAD"],
            &["diff", "-U1", "HEAD"],
            &["diff", "--shortstat", &revision, "HEAD"],
            &["diff", "--numstat", "--summary", &revision],
            &["branch"],
            &["branch", "-v"],
            &["branch", "--merged"],
        ];
        let at = self.chance.below(commands.len());
        self.git(commands[at])?;
        Ok(())
    }

    fn undo_something(&mut self) -> io::Result<()> {
        self.some_edit()?;
        let tracked = self.tracked();
        let path = self.chance.pick(&tracked).cloned().unwrap_or_else(|| ".".into());
        match self.chance.below(12) {
            0 => self.git(&["restore", &path])?,
            1 => {
                self.git(&["add", "-A"])?;
                self.git(&["restore", "--staged", "."])?
            }
            2 => {
                self.git(&["add", &path])?;
                self.git(&["reset"])?
            }
            3 => self.git(&["reset", "--hard"])?,
            4 => self.git(&["reset", "--soft", "HEAD~1"])?,
            5 => self.git(&["reset", "HEAD~1"])?,
            6 => self.git(&["checkout", "--", &path])?,
            7 => self.git(&["checkout", "HEAD~1", "--", &path])?,
            8 => self.git(&["restore", "--source=HEAD~1", "--", &path])?,
            9 => self.git(&["reset", "--", &path])?,
            10 => self.git(&["restore", "--staged", "--worktree", &path])?,
            _ => self.git(&["reset", "--hard", "HEAD~1"])?,
        };
        Ok(())
    }

    fn branch_move(&mut self) -> io::Result<()> {
        let others = self.other_branches();
        let other = self.chance.pick(&others).cloned();
        let new = self.new_branch_name();
        let revision = self.revision();
        match (self.chance.below(11), other) {
            (0, _) => self.git(&["branch", &new])?,
            (1, _) => self.git(&["branch", &new, &revision])?,
            (2, Some(other)) => self.git(&["branch", "-d", &other])?,
            (3, Some(other)) => self.git(&["branch", "-D", &other])?,
            (4, Some(other)) => self.git(&["branch", "-m", &other, &new])?,
            (5, Some(other)) => self.git(&["checkout", &other])?,
            (6, Some(other)) => self.git(&["switch", &other])?,
            (7, _) => self.git(&["branch", "-vv"])?,
            (8, _) => {
                self.git(&["checkout", &revision])?;
                self.git(&["switch", "-"])?
            }
            (9, _) => self.git(&["switch", "--detach", &revision])?,
            _ => self.git(&["branch", "-m", &new])?,
        };
        Ok(())
    }

    fn tag_move(&mut self) -> io::Result<()> {
        self.names_count += 1;
        let name = format!("v0.{}", self.names_count);
        let tags = self.tags();
        let old = self.chance.pick(&tags).cloned().unwrap_or_else(|| "v9".into());
        match self.chance.below(7) {
            0 | 1 => self.git(&["tag", &name])?,
            2 => self.git(&["tag", "-a", &name, "-m", "Release of the week"])?,
            3 => self.git(&["tag"])?,
            4 => self.git(&["tag", "-n"])?,
            5 => self.git(&["tag", "-d", &old])?,
            _ => self.git(&["show", "--no-patch", &old])?,
        };
        Ok(())
    }

    fn stash_move(&mut self) -> io::Result<()> {
        self.some_edit()?;
        self.change_tracked_file()?;
        match self.chance.below(4) {
            0 => self.git(&["stash", "push", "-m", "half done"])?,
            1 => self.git(&["stash", "-u"])?,
            _ => self.git(&["stash"])?,
        };
        if self.chance.percent(40) {
            self.git(&["stash", "list"])?;
        }
        match self.chance.below(6) {
            0 => self.git(&["stash", "drop"])?,
            1 => self.git(&["stash", "apply"])?,
            2 => self.git(&["stash", "show", "-p"])?,
            3 => self.git(&["stash", "show"])?,
            _ => self.git(&["stash", "pop"])?,
        };
        if !self.unmerged().is_empty() {
            self.git(&["checkout", "-f", "HEAD"])?;
        }
        Ok(())
    }

    fn rename_or_remove(&mut self) -> io::Result<()> {
        let tracked = self.tracked();
        let Some(path) = self.chance.pick(&tracked).cloned() else {
            return Ok(());
        };
        self.names_count += 1;
        let new = format!("moved_{}.py", self.names_count);
        match self.chance.below(7) {
            0..=2 => {
                self.git(&["mv", &path, &new])?;
                if self.chance.percent(50) {
                    let content = self.read(&new);
                    let content = self.changed(&new, &content);
                    self.write(&new, content)?;
                    self.git(&["add", "-A"])?;
                }
                if self.chance.percent(40) {
                    self.git(&["status"])?;
                }
            }
            3 => {
                self.git(&["rm", &path])?;
            }
            4 => {
                self.git(&["rm", "--cached", &path])?;
            }
            5 => {
                self.git(&["rm", "-r", "-f", "src"])?;
            }
            _ => {
                self.git(&["mv", "-v", &path, &new])?;
            }
        }
        let message = self.message();
        self.git(&["commit", "-m", &message])?;
        Ok(())
    }

    fn plumbing(&mut self) -> io::Result<()> {
        let revision = self.revision();
        let tracked = self.tracked();
        let path = self
            .chance
            .pick(&tracked)
            .cloned()
            .unwrap_or_else(|| "README.md".into());
        let at_head = format!("HEAD:{path}");
        let commands: [&[&str]; 17] = [
            &["rev-parse", &revision],
            &["rev-parse", "--short", &revision],
            &["rev-parse", "--abbrev-ref", "HEAD"],
            &["rev-parse", "--show-toplevel"],
            &["cat-file", "-t", &revision],
            &["cat-file", "-p", &revision],
            &["cat-file", "-s", &at_head],
            &["cat-file", "-p", &at_head],
            &["cat-file", "-p", "HEAD^{tree}"],
            &["ls-files"],
            &["ls-files", "-s"],
            &["ls-files", "-m", "-d", "-o", "--exclude-standard"],
            &["ls-tree", "HEAD"],
            &["ls-tree", "-r", "--name-only", &revision],
            &["hash-object", &path],
            &["hash-object", "-w", &path],
            &["ls-tree", "-r", "-l", "HEAD"],
        ];
        let at = self.chance.below(commands.len());
        self.git(commands[at])?;
        if self.chance.percent(30) {
            self.git(&["reflog", "-n", "6"])?;
        }
        Ok(())
    }

    fn configure(&mut self) -> io::Result<()> {
        let commands: [&[&str]; 8] = [
            &["config", "user.name"],
            &["config", "user.name", "Alex Martin"],
            &["config", "--list", "--local"],
            &["config", "--get", "core.bare"],
            &["config", "alias.st", "status --short"],
            &["config", "--unset", "user.name"],
            &["config", "merge.conflictStyle", "diff3"],
            &["config", "get", "user.email"],
        ];
        let at = self.chance.below(commands.len());
        self.git(commands[at])?;
        Ok(())
    }

    /// What goes wrong for everybody now and then.
    fn mistake(&mut self) -> io::Result<()> {
        let others = self.other_branches();
        let other = self.chance.pick(&others).cloned().unwrap_or_else(|| "nowhere".into());
        if self.chance.percent(50) {
            self.change_tracked_file()?;
        }
        let commands: [&[&str]; 22] = [
            &["checkout", "nowhere"],
            &["switch", "nowhere"],
            &["merge", "nowhere"],
            &["merge"],
            &["branch", "-d", "nowhere"],
            &["branch", &other],
            &["add", "missing.txt"],
            &["rm", "missing.txt"],
            &["mv", "missing.txt", "x"],
            &["commit"],
            &["commit", "-m", "Nothing staged?"],
            &["show", "nowhere"],
            &["log", "nowhere"],
            &["diff", "nowhere"],
            &["restore", "missing.txt"],
            &["reset", "nowhere"],
            &["tag", "bad..name"],
            &["stash", "pop"],
            &["cat-file", "-p", "deadbeef"],
            &["rev-parse", "nowhere"],
            &["comit", "-m", "typo"],
            &["switch", &other],
        ];
        let at = self.chance.below(commands.len());
        self.git(commands[at])?;
        Ok(())
    }
}
