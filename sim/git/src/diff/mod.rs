//! Differences between trees, index and working tree, and everything Git prints of them.
//!
//! [`lists`] finds which paths differ, [`filter`] joins renames and leaves out what was not asked for, [`listing`],
//! [`patch`] and [`combined`] print.

pub mod combined;
pub mod filter;
pub mod listing;
pub mod lists;
pub mod options;
pub mod patch;
pub mod words;

use crate::cat;
use crate::fault::Result;
use crate::object::mode;
use crate::oid::Oid;
use crate::output::Colors;
use crate::regex::Regex;
use crate::repo::Repo;
pub use crate::status::Change;
use crate::worktree::read_blob;
use essaim_kernel::Files;
use essaim_text::{Algorithm, DiffOptions as TextOptions, FunctionRule, HunkOptions, StatOptions, Whitespace};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which outputs were asked for; several may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent option of the command line"
)]
pub struct Formats {
    /// `-p`.
    pub patch: bool,
    /// `--raw`.
    pub raw: bool,
    /// `--stat`.
    pub stat: bool,
    /// `--numstat`.
    pub numstat: bool,
    /// `--shortstat`.
    pub shortstat: bool,
    /// `--summary`.
    pub summary: bool,
    /// `--name-only`.
    pub name_only: bool,
    /// `--name-status`.
    pub name_status: bool,
    /// `--check`.
    pub check: bool,
    /// `-s`, `--no-patch`.
    pub none: bool,
}

impl Formats {
    /// Whether nothing was asked for.
    pub fn is_unset(&self) -> bool {
        *self == Self::default()
    }
}

/// `-S`, `-G`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pickaxe {
    /// `-S<text>`: the number of occurrences changes.
    Count(Vec<u8>),
    /// `-S<regex> --pickaxe-regex`.
    CountRegex(Vec<u8>),
    /// `-G<regex>`: an added or removed line matches.
    Lines(Vec<u8>),
}

/// `--word-diff=…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordDiff {
    /// `[-removed-]{+added+}`.
    Plain,
    /// By colours only.
    Color,
    /// For scripts.
    Porcelain,
}

/// What a difference command was told.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent option of the command line"
)]
pub struct Options {
    /// Outputs.
    pub formats: Formats,
    /// `-U`, `--inter-hunk-context`.
    pub hunks: HunkOptions,
    /// Algorithm and white space.
    pub text: TextOptions,
    /// From which similarity on (percent) a deletion and an addition are a rename; `None`: never.
    pub renames: Option<u32>,
    /// `-C`: copies too.
    pub copies: bool,
    /// `--find-copies-harder`.
    pub copies_harder: bool,
    /// `--diff-filter`.
    pub filter: Option<Vec<u8>>,
    /// `-R`.
    pub reverse: bool,
    /// `--quiet`.
    pub quiet: bool,
    /// `--exit-code`.
    pub exit_code: bool,
    /// `-a`.
    pub text_always: bool,
    /// `--full-index`.
    pub full_index: bool,
    /// `--abbrev=<n>`; `Some(40)` for `--no-abbrev`.
    pub abbrev: Option<usize>,
    /// Ids in raw output are not abbreviated (plumbing).
    pub raw_full: bool,
    /// `-z`.
    pub nul: bool,
    /// `a/`.
    pub old_prefix: Vec<u8>,
    /// `b/`.
    pub new_prefix: Vec<u8>,
    /// `--line-prefix`, or what `--graph` puts there.
    pub line_prefix: Vec<u8>,
    /// Colours.
    pub colors: Colors,
    /// `--color`.
    pub color_option: Option<Vec<u8>>,
    /// Widths of `--stat`.
    pub stat: StatOptions,
    /// `-S`, `-G`.
    pub pickaxe: Option<Pickaxe>,
    /// `--pickaxe-all`.
    pub pickaxe_all: bool,
    /// `--word-diff`.
    pub words: Option<WordDiff>,
    /// `--word-diff-regex`: what a word is.
    pub word_regex: Option<Regex>,
    /// `-I`: changes of which all lines match do not count.
    pub ignored_lines: Vec<Regex>,
    /// `--output`: where the text goes.
    pub output: Option<Vec<u8>>,
    /// `core.quotePath`.
    pub quote_high: bool,
    /// `--relative`: only below this directory, and without it.
    pub relative: Option<Vec<u8>>,
    /// `-t`: trees too.
    pub show_trees: bool,
    /// `-r`.
    pub recursive: bool,
    /// `-W`.
    pub function_context: bool,
    /// `--compact-summary`.
    pub compact_summary: bool,
    /// `--ita-visible-in-index` is not simulated; `--irreversible-delete` is.
    pub irreversible_delete: bool,
}

impl Options {
    /// What the settings say; `porcelain`: settings meant for people count too.
    pub fn new(repo: Option<&Repo>, porcelain: bool, width: usize) -> Self {
        let mut options = Self {
            formats: Formats::default(),
            hunks: HunkOptions::default(),
            text: TextOptions::default(),
            renames: porcelain.then_some(50),
            copies: false,
            copies_harder: false,
            filter: None,
            reverse: false,
            quiet: false,
            exit_code: false,
            text_always: false,
            full_index: false,
            abbrev: None,
            raw_full: !porcelain,
            nul: false,
            old_prefix: b"a/".to_vec(),
            new_prefix: b"b/".to_vec(),
            line_prefix: Vec::new(),
            colors: Colors::off(),
            color_option: None,
            stat: StatOptions {
                width,
                ..StatOptions::default()
            },
            pickaxe: None,
            pickaxe_all: false,
            words: None,
            word_regex: None,
            ignored_lines: Vec::new(),
            output: None,
            quote_high: true,
            relative: None,
            show_trees: false,
            recursive: porcelain,
            function_context: false,
            compact_summary: false,
            irreversible_delete: false,
        };
        if let Some(repo) = repo {
            options.read_settings(repo, porcelain);
        }
        options
    }

    fn read_settings(&mut self, repo: &Repo, porcelain: bool) {
        let config = &repo.config;
        self.quote_high = crate::output::quote_high(config);
        if let Ok(Some(context)) = config.int("diff.context") {
            self.hunks.context = usize::try_from(context).unwrap_or(3);
        }
        if let Ok(Some(lines)) = config.int("diff.interhunkcontext") {
            self.hunks.inter_hunk_context = usize::try_from(lines).unwrap_or(0);
        }
        self.text.indent_heuristic = config.bool_or("diff.indentheuristic", true);
        if let Some(name) = config.get("diff.algorithm")
            && let Some(algorithm) = algorithm(name)
        {
            self.text.algorithm = algorithm;
        }
        if let Ok(Some(width)) = config.int("diff.statgraphwidth") {
            self.stat.graph_width = usize::try_from(width).ok();
        }
        if let Ok(Some(width)) = config.int("diff.statnamewidth") {
            self.stat.name_width = usize::try_from(width).ok();
        }
        if let Some(prefix) = config.get("diff.srcprefix") {
            self.old_prefix = prefix.to_vec();
        }
        if let Some(prefix) = config.get("diff.dstprefix") {
            self.new_prefix = prefix.to_vec();
        }
        if config.bool_or("diff.noprefix", false) {
            self.old_prefix = Vec::new();
            self.new_prefix = Vec::new();
        }
        self.word_regex = config
            .get("diff.wordregex")
            .and_then(|text| Regex::extended(text, false));
        if porcelain {
            match config.get("diff.renames") {
                Some(b"copies" | b"copy") => self.copies = true,
                Some(text) if crate::config::parse_bool(Some(text)) == Some(false) => self.renames = None,
                _ => {}
            }
        }
    }

    /// Settles the colours once the command line is read.
    pub fn settle_colors(&mut self, repo: Option<&Repo>, terminal: bool) {
        let empty = crate::config::Config::default();
        let config = repo.map_or(&empty, |repo| &repo.config);
        self.colors = Colors::new(config, "diff", terminal, self.color_option.as_deref());
    }

    /// The mnemonic prefixes, where `diff.mnemonicPrefix` asks for them: `i/`, `w/`, `c/`.
    pub fn mnemonic(&mut self, repo: &Repo, old: &str, new: &str) {
        if repo.config.bool_or("diff.mnemonicprefix", false) && self.old_prefix == b"a/" && self.new_prefix == b"b/" {
            self.old_prefix = old.as_bytes().to_vec();
            self.new_prefix = new.as_bytes().to_vec();
        }
    }

    /// Whether only the fact of a difference matters.
    pub fn only_whether(&self) -> bool {
        self.quiet || self.formats.none
    }

    /// The function rule is Git's default, unless an attribute says otherwise.
    pub fn function(&self) -> FunctionRule {
        self.hunks.function
    }

    /// Whether white space differences are left out.
    pub fn ignores_whitespace(&self) -> bool {
        self.text.whitespace != Whitespace::Exact || self.text.ignore_blank_lines || !self.ignored_lines.is_empty()
    }

    /// What differs between two texts. `-I` marks the changes that do not count.
    pub fn changes(&self, old: &[&[u8]], new: &[&[u8]]) -> Vec<essaim_text::Change> {
        let mut found = match self.hunks.context {
            0 if !self.function_context => essaim_text::diff_without_context(old, new, &self.text),
            _ => essaim_text::diff(old, new, &self.text),
        };
        if !self.ignored_lines.is_empty() {
            let matches = |line: &&[u8]| {
                let text = line.strip_suffix(b"\n").unwrap_or(line);
                // What follows the line feed is an empty line to Git: `^$` matches every line.
                let ended = text.len() < line.len();
                let found = |regex: &Regex| regex.is_match(text) || ended && regex.is_match(b"");
                self.ignored_lines.iter().any(found)
            };
            for change in &mut found {
                let mut lines = old[change.old.clone()].iter().chain(&new[change.new.clone()]);
                change.ignorable |= lines.all(matches);
            }
        }
        found
    }
}

/// The algorithm of that name.
pub fn algorithm(name: &[u8]) -> Option<Algorithm> {
    match name.to_ascii_lowercase().as_slice() {
        b"myers" | b"default" => Some(Algorithm::Myers),
        b"minimal" => Some(Algorithm::Minimal),
        b"patience" => Some(Algorithm::Patience),
        b"histogram" => Some(Algorithm::Histogram),
        _ => None,
    }
}

/// Where contents come from: the object database, the working tree, or (`--no-index`) anywhere.
pub struct Contents<'a> {
    /// The files.
    pub files: &'a Files,
    /// The repository; `--no-index` works without one.
    pub repo: Option<&'a Repo>,
    /// Contents that are no objects, by the id they would have.
    pub overlay: BTreeMap<Oid, Arc<Vec<u8>>>,
}

impl<'a> Contents<'a> {
    /// The contents of a repository.
    pub fn new(files: &'a Files, repo: &'a Repo) -> Self {
        Self {
            files,
            repo: Some(repo),
            overlay: BTreeMap::new(),
        }
    }

    /// The content of one side of a change; a null id means the file of the working tree.
    pub fn get(&self, side: (u32, Oid), path: &[u8]) -> Result<Arc<Vec<u8>>> {
        let (mode, oid) = side;
        if mode == 0 {
            return Ok(Arc::default());
        }
        if mode == mode::GITLINK {
            return Ok(Arc::new(cat!["Subproject commit ", oid.hex(), "\n"]));
        }
        if let Some(content) = self.overlay.get(&oid) {
            return Ok(Arc::clone(content));
        }
        let Some(repo) = self.repo else {
            return Ok(Arc::default());
        };
        if oid.is_null() {
            return Ok(read_blob(self.files, &repo.work_path(path)).unwrap_or_default());
        }
        repo.store.blob(self.files, &oid)
    }

    /// The id of one side: computed for a file of the working tree.
    pub fn oid(&self, side: (u32, Oid), path: &[u8]) -> Result<Oid> {
        if side.0 == 0 || !side.1.is_null() {
            return Ok(side.1);
        }
        let content = self.get(side, path)?;
        Ok(crate::object::object_id(crate::object::Kind::Blob, &content))
    }

    /// An id in few digits.
    pub fn short(&self, oid: &Oid, wanted: Option<usize>) -> String {
        match self.repo {
            Some(repo) => {
                let len = wanted.unwrap_or_else(|| repo.abbreviation(self.files));
                if oid.is_null() {
                    return oid.hex()[..len.min(40)].to_owned();
                }
                repo.store.abbreviate(self.files, oid, len)
            }
            None => oid.hex()[..wanted.unwrap_or(7).min(40)].to_owned(),
        }
    }
}

impl Change {
    /// The path before.
    pub fn old_path(&self) -> &[u8] {
        self.from.as_deref().unwrap_or(&self.path)
    }
}

/// Prints everything that was asked for, in Git's order. `path_changes` went through [`filter::run`].
pub fn print(out: &mut Vec<u8>, contents: &Contents<'_>, changes: &[Change], options: &Options) -> Result<()> {
    let formats = options.formats;
    if changes.is_empty() || formats.none && !formats.check {
        return Ok(());
    }
    let mut body: Vec<u8> = Vec::new();
    let mut separator = false;
    if formats.raw || formats.name_only || formats.name_status {
        listing::names(&mut body, contents, changes, options);
        separator = true;
    }
    if formats.check {
        patch::check(&mut body, contents, changes, options)?;
        separator = true;
    }
    if formats.stat || formats.shortstat || formats.numstat {
        listing::stats(&mut body, contents, changes, options)?;
        separator = true;
    }
    if formats.summary {
        let before = body.len();
        listing::summary(&mut body, changes, options);
        separator |= body.len() > before;
    }
    if formats.patch {
        if separator {
            body.extend_from_slice(if options.nul { b"\0" } else { b"\n" });
        }
        for change in changes {
            patch::write(&mut body, contents, change, options)?;
        }
    }
    prefix_lines(out, &body, &options.line_prefix);
    Ok(())
}

/// Appends lines, each behind a prefix.
pub fn prefix_lines(out: &mut Vec<u8>, text: &[u8], prefix: &[u8]) {
    if prefix.is_empty() {
        out.extend_from_slice(text);
        return;
    }
    for line in text.split_inclusive(|b| *b == b'\n') {
        out.extend_from_slice(prefix);
        out.extend_from_slice(line);
    }
}
