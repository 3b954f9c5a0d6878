//! Edits of files, as people make them.

use super::Driver;
use crate::session::Action;
use std::io;

const CODE_LINES: &[&str] = &[
    "import csv",
    "",
    "def read_rows(path):",
    "    with open(path, newline=\"\") as f:",
    "        rows = list(csv.DictReader(f))",
    "        return rows",
    "    return []",
    "    total = 0",
    "    for row in rows:",
    "        total += row[\"amount\"]",
    "        if not row[\"ts\"]:",
    "            continue",
    "    # keep the order of arrival",
    "    return sorted(rows, key=lambda r: r[\"ts\"])",
    "}",
    "{",
    "class Loader:",
    "    def __init__(self, path):",
    "        self.path = path",
    "if __name__ == \"__main__\":",
    "    main()",
    "\treturn total",
];

const NAMES: &[&str] = &[
    "pipeline.py",
    "loader.py",
    "README.md",
    "src/clean.py",
    "src/export.py",
    "src/lib/io.py",
    "data/sales.csv",
    "data/days.csv",
    "tests/test_loader.py",
    "Dockerfile",
    "conf/prod.toml",
    "notes 1.txt",
    "docs/résumé.md",
];

impl Driver {
    /// A file name, most often a new one.
    pub(super) fn file_name(&mut self) -> String {
        if self.chance.percent(80) {
            return self.chance.word(NAMES).to_owned();
        }
        self.names_count += 1;
        format!("src/step_{}.py", self.names_count)
    }

    pub(super) fn fresh_content(&mut self, name: &str) -> String {
        let lines_count = 6 + self.chance.below(34);
        let mut lines = Vec::new();
        for at in 0..lines_count {
            lines.push(self.line(name, at));
        }
        let mut content = lines.join("\n");
        if !self.chance.percent(6) {
            content.push('\n');
        }
        content
    }

    fn line(&mut self, name: &str, at: usize) -> String {
        if name.ends_with(".csv") {
            let shop = self.chance.word(&["Lyon", "Lille", "Nantes", "Brest"]);
            return format!("2026-03-{:02};{shop};{}", 1 + at % 28, self.chance.below(9_000));
        }
        let line = self.chance.word(CODE_LINES).to_owned();
        if self.chance.percent(35) && !line.is_empty() {
            format!("{line}  # {}", self.chance.below(500))
        } else {
            line
        }
    }

    /// Changes a text in one to three places.
    pub(super) fn changed(&mut self, name: &str, content: &str) -> String {
        let ends_with_newline = content.ends_with('\n');
        let mut lines: Vec<String> = content.lines().map(str::to_owned).collect();
        for _ in 0..=self.chance.below(3) {
            let at = self.chance.below(lines.len().max(1)).min(lines.len());
            match self.chance.below(7) {
                0 | 1 if at < lines.len() => lines[at] = self.line(name, at),
                2 if at < lines.len() => lines[at].push_str(" changed"),
                3 if lines.len() > 2 && at < lines.len() => {
                    let end = (at + 1 + self.chance.below(4)).min(lines.len());
                    lines.drain(at..end);
                }
                4 if lines.len() > 3 => {
                    let other = self.chance.below(lines.len());
                    let at = at.min(lines.len() - 1);
                    lines.swap(at, other);
                }
                5 => {
                    let line = self.line(name, at);
                    lines.push(line);
                }
                _ => {
                    for _ in 0..=self.chance.below(4) {
                        let line = self.line(name, at);
                        lines.insert(at, line);
                    }
                }
            }
        }
        let mut text = lines.join("\n");
        if ends_with_newline != self.chance.percent(2) {
            text.push('\n');
        }
        text
    }

    /// Rewrites one line, and sometimes its neighbours.
    pub(super) fn changed_at(&mut self, name: &str, content: &str, line: usize) -> String {
        let mut lines: Vec<String> = content.lines().map(str::to_owned).collect();
        let at = line.min(lines.len().saturating_sub(1));
        let end = (at + 1 + self.chance.below(3)).min(lines.len());
        let new: Vec<String> = (0..=self.chance.below(3)).map(|n| self.line(name, at + n)).collect();
        lines.splice(at.min(end)..end, new);
        lines.join("\n") + "\n"
    }

    pub(super) fn write_new_file(&mut self) -> io::Result<String> {
        let name = self.file_name();
        let content = self.fresh_content(&name);
        self.write(&name, content)?;
        Ok(name)
    }

    pub(super) fn change_tracked_file(&mut self) -> io::Result<Option<String>> {
        let tracked = self.tracked();
        let Some(name) = self.chance.pick(&tracked).cloned() else {
            return Ok(None);
        };
        let content = self.read(&name);
        let content = self.changed(&name, &content);
        self.write(&name, content)?;
        Ok(Some(name))
    }

    /// Some edit, of any kind.
    pub(super) fn some_edit(&mut self) -> io::Result<()> {
        match self.chance.below(20) {
            0..=10 => {
                self.change_tracked_file()?;
            }
            11..=14 => {
                self.write_new_file()?;
            }
            15 => {
                let tracked = self.tracked();
                if let Some(name) = self.chance.pick(&tracked).cloned() {
                    self.edit(Action::Delete(name))?;
                }
            }
            16 => {
                let tracked = self.tracked();
                if let Some(name) = self.chance.pick(&tracked).cloned() {
                    let on = self.chance.percent(70);
                    self.edit(Action::Executable(name, on))?;
                }
            }
            17 => self.edit(Action::Link("latest".into(), "data/sales.csv".into()))?,
            18 => {
                let pattern = self
                    .chance
                    .word(&["*.csv\n", "data/\n!data/days.csv\n", "*.tmp\n__pycache__/\n/out\n"]);
                self.write(".gitignore", pattern.to_owned())?;
            }
            _ => {
                let name = self
                    .chance
                    .word(&["scratch.tmp", "out/report.txt", "__pycache__/loader.pyc"]);
                self.write(name, "scratch\n".to_owned())?;
            }
        }
        Ok(())
    }
}
