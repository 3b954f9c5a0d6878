//! One commit after the other on standard output, with graph and differences.

use super::graph::Graph;
use super::options::{LogOptions, Merges};
use super::pretty::{Format, Printer};
use super::walk::{Cherry, Shown, Side};
use crate::cat;
use crate::diff::combined::{self, Merged};
use crate::diff::{Change, Contents, filter, lists};
use crate::fault::Result;
use crate::object::Commit;
use crate::oid::Oid;
use crate::pathspec::Pathspec;
use std::collections::BTreeMap;

/// Writes commits.
pub struct Writer<'a> {
    /// How commits look.
    pub printer: Printer<'a>,
    /// The command line.
    pub options: &'a LogOptions,
    /// The drawing beside them.
    pub graph: Option<Graph>,
    /// Paths of the differences.
    pub paths: Pathspec,
    /// Commits are shown even if their difference is empty.
    pub always: bool,
    /// `--check` found something.
    pub complained: bool,
    shown_one: bool,
    missing_newline: bool,
}

impl<'a> Writer<'a> {
    /// A writer that has written nothing.
    pub fn new(printer: Printer<'a>, options: &'a LogOptions, paths: Pathspec) -> Self {
        let graph = options.graph.then(|| Graph::new(&printer.colors));
        Self {
            printer,
            options,
            graph,
            paths,
            always: true,
            complained: false,
            shown_one: false,
            missing_newline: false,
        }
    }

    /// Whether something was written before.
    pub fn has_shown(&self) -> bool {
        self.shown_one
    }

    /// Something else was written: a commit after it is set apart.
    pub fn set_shown(&mut self) {
        self.shown_one = true;
        self.missing_newline = false;
    }

    /// The sign before a commit's id.
    fn mark(&self, side: Side) -> &'static str {
        match side {
            Side::Boundary => "-",
            Side::Same => "=",
            Side::Left if self.options.left_right => "<",
            Side::Right if self.options.left_right => ">",
            _ if self.options.graph => "*",
            _ if self.options.limits.cherry == Cherry::Mark => "+",
            _ => "",
        }
    }

    fn draw(&mut self, shown: &Shown) {
        let sign = match shown.side {
            Side::Boundary => 'o',
            side => self.mark(side).chars().next().unwrap_or('*'),
        };
        if let Some(graph) = &mut self.graph {
            graph.update(shown.oid, shown.drawn.clone(), sign);
        }
    }

    /// One commit; whether anything was written.
    pub fn commit(&mut self, out: &mut Vec<u8>, shown: &Shown) -> Result<bool> {
        self.draw(shown);
        if !self.options.shows_diff() {
            self.header(out, shown, "")?;
            return Ok(true);
        }
        let parents = self.compared(shown);
        let hidden = if parents.is_empty() {
            !self.options.show_root
        } else {
            false
        };
        if hidden || parents.len() < 2 && self.options.merges_only {
            if self.always {
                self.header(out, shown, "")?;
            }
            return Ok(self.always);
        }
        if parents.len() > 1 {
            match self.options.merges {
                Merges::Unset | Merges::Off => {
                    if self.always {
                        self.header(out, shown, "")?;
                    }
                    return Ok(self.always);
                }
                Merges::Combined | Merges::Dense => return self.combined(out, shown, &parents),
                Merges::Separate => {
                    let mut any = false;
                    for parent in &parents {
                        let changes = self.changes(&shown.commit, Some(parent))?;
                        let from = format!(" (from {})", self.printer.id(parent));
                        if !changes.is_empty() {
                            any |= self.with_diff(out, shown, &changes, &from)?;
                        }
                    }
                    if !any && self.always {
                        self.header(out, shown, "")?;
                    }
                    return Ok(any || self.always);
                }
                Merges::First => {}
            }
        }
        let changes = self.changes(&shown.commit, parents.first())?;
        self.with_diff(out, shown, &changes, "")
    }

    /// The parents a commit is compared with: those of the simplified history, or all with `--full-diff`.
    fn compared(&self, shown: &Shown) -> Vec<Oid> {
        match self.options.full_diff {
            true => shown.parents.clone(),
            false => shown.commit.parents.clone(),
        }
    }

    /// A commit with a difference that is known already (`--follow`).
    pub fn with_changes(&mut self, out: &mut Vec<u8>, shown: &Shown, changes: &[Change]) -> Result<()> {
        self.draw(shown);
        if self.options.shows_diff() {
            self.with_diff(out, shown, changes, "")?;
            return Ok(());
        }
        self.header(out, shown, "")
    }

    fn changes(&self, commit: &Commit, parent: Option<&Oid>) -> Result<Vec<Change>> {
        let (files, repo) = (self.printer.files, self.printer.repo);
        let base = match parent {
            Some(parent) => Some(repo.store.commit(files, parent)?.tree),
            None => None,
        };
        let found = lists::trees(files, &repo.store, base.as_ref(), Some(&commit.tree), &self.paths)?;
        let old = match self.options.diff.copies_harder {
            true => crate::tree::flatten(files, &repo.store, base.as_ref())?,
            false => crate::tree::Flat::new(),
        };
        filter::run(&Contents::new(files, repo), found, &self.options.diff, Some(&old))
    }

    fn with_diff(&mut self, out: &mut Vec<u8>, shown: &Shown, changes: &[Change], from: &str) -> Result<bool> {
        let mut body = Vec::new();
        if !changes.is_empty() {
            let mut options = self.options.diff.clone();
            if let Some(graph) = &self.graph {
                // What the prefix takes, the listing has not.
                let prefix = graph.clone().prefix_after();
                options.stat.width = options
                    .stat
                    .width
                    .saturating_sub(crate::output::display_width(prefix.as_bytes()));
            }
            let contents = Contents::new(self.printer.files, self.printer.repo);
            crate::diff::print(&mut body, &contents, changes, &options)?;
            self.complained |= options.formats.check && !body.is_empty();
        }
        if changes.is_empty() {
            if self.always {
                self.header(out, shown, "")?;
            }
            return Ok(self.always);
        }
        self.header(out, shown, from)?;
        self.separator(out);
        self.prefixed(out, &body);
        Ok(true)
    }

    /// The line between a message and its difference.
    fn separator(&mut self, out: &mut Vec<u8>) {
        let format = &self.printer.format;
        if *format == Format::Oneline || format.is_empty() {
            return;
        }
        let prefix = self.prefix();
        let formats = self.options.diff.formats;
        let dashes = if formats.patch && formats.stat { "---" } else { "" };
        out.extend_from_slice(&cat![prefix, dashes, "\n"]);
    }

    fn prefix(&mut self) -> String {
        self.graph.as_mut().map(Graph::prefix).unwrap_or_default()
    }

    fn prefixed(&mut self, out: &mut Vec<u8>, body: &[u8]) {
        let prefix = self.prefix();
        crate::diff::prefix_lines(out, body, prefix.as_bytes());
    }

    fn header(&mut self, out: &mut Vec<u8>, shown: &Shown, from: &str) -> Result<()> {
        let format = self.printer.format.clone();
        let terminated = format.is_terminated();
        if self.shown_one && !terminated {
            if !self.missing_newline {
                let padding = self.prefix();
                out.extend_from_slice(padding.as_bytes());
            }
            out.push(self.end());
        }
        self.shown_one = true;
        if let Some(graph) = &mut self.graph {
            graph.begin(out);
        }
        let mark = match self.graph {
            Some(_) => "",
            None => self.mark(shown.side),
        };
        let mut message = Vec::new();
        if !matches!(format, Format::User(..) | Format::Reference) {
            message = self.printer.head(shown, mark, from);
        }
        message.extend_from_slice(&self.printer.body(shown)?);
        self.missing_newline = message.last() != Some(&b'\n');
        match &mut self.graph {
            Some(graph) => graph.message(out, &message),
            None => out.extend_from_slice(&message),
        }
        if terminated && !format.is_empty() {
            if !self.missing_newline {
                let padding = self.prefix();
                out.extend_from_slice(padding.as_bytes());
            }
            out.push(self.end());
        }
        Ok(())
    }

    /// What stands between commits.
    fn end(&self) -> u8 {
        if self.options.diff.nul { 0 } else { b'\n' }
    }

    fn combined(&mut self, out: &mut Vec<u8>, shown: &Shown, parents: &[Oid]) -> Result<bool> {
        let (files, repo) = (self.printer.files, self.printer.repo);
        let contents = Contents::new(files, repo);
        let dense = self.options.merges == Merges::Dense;
        let merged = merged_paths(&contents, parents, &shown.commit, &self.paths, &self.options.diff)?;
        let formats = self.options.diff.formats;
        let mut body = Vec::new();
        if formats.raw || formats.name_only || formats.name_status {
            self.combined_names(&mut body, &contents, &merged);
        }
        let stats = formats.stat || formats.shortstat || formats.numstat || formats.summary;
        if stats {
            let mut options = self.options.diff.clone();
            options.formats.patch = false;
            options.formats.raw = false;
            options.formats.name_only = false;
            options.formats.name_status = false;
            let changes = self.changes(&shown.commit, parents.first())?;
            crate::diff::print(&mut body, &contents, &changes, &options)?;
        }
        let mut patch = Vec::new();
        if formats.patch {
            for path in &merged {
                combined::write(&mut patch, &contents, path, dense, &self.options.diff)?;
            }
        }
        if merged.is_empty() && body.is_empty() && !self.always {
            return Ok(false);
        }
        self.header(out, shown, "")?;
        if !self.printer.format.is_empty() {
            let prefix = self.prefix();
            out.extend_from_slice(&cat![prefix, "\n"]);
        }
        if !body.is_empty() && formats.patch {
            body.push(b'\n');
        }
        body.extend_from_slice(&patch);
        self.prefixed(out, &body);
        Ok(true)
    }

    fn combined_names(&self, out: &mut Vec<u8>, contents: &Contents<'_>, merged: &[Merged]) {
        let options = &self.options.diff;
        for path in merged {
            let letters: Vec<u8> = path
                .parents
                .iter()
                .map(|parent| match (parent.0, path.result.0) {
                    (0, _) => b'A',
                    (_, 0) => b'D',
                    _ => b'M',
                })
                .collect();
            let name = crate::output::quote_path(&path.path, options.quote_high);
            if options.formats.raw {
                let colons = ":".repeat(path.parents.len());
                let modes: Vec<String> = path
                    .parents
                    .iter()
                    .chain([&path.result])
                    .map(|side| format!("{:06o}", side.0))
                    .collect();
                let ids: Vec<String> = path
                    .parents
                    .iter()
                    .chain([&path.result])
                    .map(|side| contents.short(&side.1, options.abbrev))
                    .collect();
                out.extend_from_slice(&cat![
                    colons,
                    modes.join(" "),
                    " ",
                    ids.join(" "),
                    " ",
                    letters,
                    "\t",
                    name,
                    "\n"
                ]);
            } else if options.formats.name_status {
                out.extend_from_slice(&cat![letters, "\t", name, "\n"]);
            } else {
                out.extend_from_slice(&cat![name, "\n"]);
            }
        }
    }
}

/// The paths in which a merge differs from all of its parents.
pub fn merged_paths(
    contents: &Contents<'_>,
    parents: &[Oid],
    commit: &Commit,
    paths: &Pathspec,
    options: &crate::diff::Options,
) -> Result<Vec<Merged>> {
    let Some(repo) = contents.repo else {
        return Ok(Vec::new());
    };
    let mut found: BTreeMap<Vec<u8>, Merged> = BTreeMap::new();
    for (at, parent) in parents.iter().enumerate() {
        let base = repo.store.commit(contents.files, parent)?.tree;
        let changes = lists::trees(contents.files, &repo.store, Some(&base), Some(&commit.tree), paths)?;
        for change in filter::run(contents, changes, options, None)? {
            let entry = found.entry(change.path.clone()).or_insert_with(|| Merged {
                path: change.path.clone(),
                parents: Vec::new(),
                result: change.new,
            });
            if entry.parents.len() == at {
                entry.parents.push(change.old);
            }
        }
    }
    let count = parents.len();
    Ok(found
        .into_values()
        .filter(|merged| merged.parents.len() == count)
        .collect())
}
