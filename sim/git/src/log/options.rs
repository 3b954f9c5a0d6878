//! The options of `git log` and `git show`.

use super::decorate::{Filter, Style};
use super::pretty::Format;
use super::walk::{Limits, Order};
use crate::bytes::lossy;
use crate::cat;
use crate::date::Mode;
use crate::diff;
use crate::diff::options::Words;
use crate::fault::{Fault, Result};
use crate::process::Cx;
use crate::regex::Regex;
use crate::repo::Repo;

/// How a merge's difference is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Merges {
    /// Not said.
    #[default]
    Unset,
    /// Not at all.
    Off,
    /// `-c`.
    Combined,
    /// `--cc`.
    Dense,
    /// `-m`.
    Separate,
    /// `--first-parent`, `--diff-merges=first-parent`.
    First,
}

/// References to start from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tips {
    /// `refs/heads/`.
    pub prefix: &'static str,
    /// `--branches=<pattern>`.
    pub pattern: Option<Vec<u8>>,
    /// `--exclude`.
    pub excluded: Vec<Vec<u8>>,
    /// `--all`: `HEAD` too.
    pub head: bool,
    /// `--reflog`: what the logs of references name.
    pub logs: bool,
    /// After `--not`.
    pub negated: bool,
    /// How many words that name revisions stood before it.
    pub at: usize,
}

/// What the command line says.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent option of the command line"
)]
pub struct LogOptions {
    /// The differences.
    pub diff: diff::Options,
    /// Which commits.
    pub limits: Limits,
    /// The format.
    pub format: Format,
    /// `--date`.
    pub date: Mode,
    /// `--decorate`; `None`: not said.
    pub decorate: Option<Style>,
    /// `--graph`.
    pub graph: bool,
    /// `--abbrev-commit`.
    pub abbrev_commit: bool,
    /// `--follow`.
    pub follow: bool,
    /// `-g`.
    pub walk_reflogs: bool,
    /// `--left-right`.
    pub left_right: bool,
    /// `--parents`.
    pub parents: bool,
    /// A difference is shown only for merges (`--diff-merges` without `-p`).
    pub merges_only: bool,
    /// `log.showRoot`: the first commit is compared with nothing.
    pub show_root: bool,
    /// `--source`.
    pub source: bool,
    /// `--merge`: what touches the paths in conflict.
    pub conflict: bool,
    /// `--decorate-refs` and its kin.
    pub names: Filter,
    /// `--expand-tabs=<n>`; `None`: as the format has it.
    pub tab_columns: Option<usize>,
    /// `--date` was given.
    pub dated: bool,
    /// `--grep-reflog`.
    pub reflog_greps: Vec<Regex>,
    /// `--exclude`, not yet used.
    pub(super) excluded: Vec<Vec<u8>>,
    /// Merges.
    pub merges: Merges,
    /// Starting points.
    pub tips: Vec<Tips>,
    /// `--full-diff`.
    pub full_diff: bool,
    /// `-t`'s and others' words that are revisions and paths, with what follows `--`.
    pub words: Vec<Vec<u8>>,
    /// How many of them stood before `--`.
    pub dash_dash: Option<usize>,
    /// `--check` found something, once all is written.
    pub complained: bool,
    /// A way to show merges was given that asks for patches of all commits.
    imply_patch: bool,
    pub(super) fold: bool,
    pub(super) fixed: bool,
    pub(super) extended: bool,
    pub(super) greps: Vec<Vec<u8>>,
    pub(super) authors: Vec<Vec<u8>>,
    pub(super) committers: Vec<Vec<u8>>,
    pub(super) grep_reflogs: Vec<Vec<u8>>,
}

impl LogOptions {
    /// What the settings say.
    pub fn new(cx: &Cx<'_, '_>, repo: &Repo) -> Result<Self> {
        let mut options = Self::plain(diff::Options::new(Some(repo), true, cx.width()));
        options.decorate = match repo.config.get("log.decorate") {
            None | Some(b"auto") => None,
            Some(b"full") => Some(Style::Full),
            Some(b"short") => Some(Style::Short),
            Some(text) => Some(if crate::config::parse_bool(Some(text)) == Some(true) {
                Style::Short
            } else {
                Style::No
            }),
        };
        options.abbrev_commit = repo.config.bool_or("log.abbrevcommit", false);
        options.follow = repo.config.bool_or("log.follow", false);
        options.show_root = repo.config.bool_or("log.showroot", true);
        if let Some(date) = repo.config.get("log.date") {
            options.date = date_mode(cx, date)?;
        }
        if let Some(format) = repo.config.get("format.pretty") {
            options.format = Format::parse(format, repo)?;
        }
        Ok(options)
    }

    /// What nothing says.
    pub fn plain(diff: diff::Options) -> Self {
        Self {
            diff,
            limits: Limits::default(),
            format: Format::Medium,
            date: Mode::Default,
            decorate: None,
            graph: false,
            abbrev_commit: false,
            follow: false,
            walk_reflogs: false,
            left_right: false,
            parents: false,
            merges_only: false,
            show_root: true,
            source: false,
            conflict: false,
            names: Filter::default(),
            tab_columns: None,
            dated: false,
            reflog_greps: Vec::new(),
            excluded: Vec::new(),
            merges: Merges::Unset,
            tips: Vec::new(),
            full_diff: false,
            words: Vec::new(),
            dash_dash: None,
            complained: false,
            imply_patch: false,
            fold: false,
            fixed: false,
            extended: false,
            greps: Vec::new(),
            authors: Vec::new(),
            committers: Vec::new(),
            grep_reflogs: Vec::new(),
        }
    }

    /// Reads all words.
    pub fn read(&mut self, cx: &Cx<'_, '_>, repo: &Repo, args: &[Vec<u8>]) -> Result<()> {
        self.read_or(cx, repo, args, &unknown)
    }

    /// The same, with an own answer to an option nobody knows.
    pub fn read_or(
        &mut self,
        cx: &Cx<'_, '_>,
        repo: &Repo,
        args: &[Vec<u8>],
        unknown: &dyn Fn(&[u8]) -> Fault,
    ) -> Result<()> {
        let mut words = Words::new(args);
        let mut not = false;
        while let Some(word) = words.take() {
            if word == b"--" {
                self.dash_dash = Some(self.words.len());
                self.words.extend_from_slice(words.rest());
                break;
            }
            if word == b"--not" {
                not = !not;
                continue;
            }
            if !word.starts_with(b"-") || word == b"-" {
                let negated = not && !word.starts_with(b"^");
                self.words.push(if negated { cat!["^", word] } else { word.to_vec() });
                continue;
            }
            let known = self.take_limit(cx, word, &mut words)?
                || self.take_sides(cx, repo, &lossy(word))?
                || self.take_merges(&lossy(word))?
                || self.take_names(word, &mut words)?
                || self.take_look(cx, repo, word, &mut words)?
                || self.take_tips(word, &mut words, not)?
                || self.diff.take(word, &mut words, Some(repo))?;
            if !known {
                return Err(unknown(word));
            }
        }
        self.finish(cx, repo)
    }

    /// How merges are compared with their parents.
    fn take_merges(&mut self, text: &str) -> Result<bool> {
        match text {
            "-c" | "--cc" | "--dd" => {
                self.merges = match text {
                    "-c" => Merges::Combined,
                    "--cc" => Merges::Dense,
                    _ => Merges::First,
                };
                self.imply_patch = true;
            }
            "-m" => self.merges = Merges::Separate,
            "--no-diff-merges" => self.merges = Merges::Off,
            _ => {
                let Some(value) = text.strip_prefix("--diff-merges=") else {
                    return Ok(false);
                };
                self.merges = match value {
                    "r" | "remerge" => return Err(Fault::gap("'--diff-merges=remerge'")),
                    "off" | "none" => Merges::Off,
                    "on" | "m" | "separate" => Merges::Separate,
                    "first-parent" | "1" => Merges::First,
                    "c" | "combined" => Merges::Combined,
                    "cc" | "dense-combined" => Merges::Dense,
                    _ => return Err(Fault::fatal(format!("invalid value for '--diff-merges': '{value}'"))),
                };
                self.merges_only = self.merges != Merges::Off;
            }
        }
        Ok(true)
    }

    /// Which names are shown beside commits.
    fn take_names(&mut self, word: &[u8], words: &mut Words<'_>) -> Result<bool> {
        match lossy(word).as_str() {
            "--decorate" | "--decorate=short" => self.decorate = Some(Style::Short),
            "--decorate=full" => self.decorate = Some(Style::Full),
            "--no-decorate" | "--decorate=no" => self.decorate = Some(Style::No),
            "--decorate=auto" => self.decorate = None,
            "--clear-decorations" => {
                self.names = Filter {
                    all: true,
                    ..Filter::default()
                };
            }
            text => {
                if let Some(name) = text.strip_prefix("--decorate=") {
                    return Err(Fault::fatal(format!("invalid --decorate option: {name}")));
                }
                if let Some(value) = words.value(word, "--decorate-refs")? {
                    self.names.include.push(value);
                } else if let Some(value) = words.value(word, "--decorate-refs-exclude")? {
                    self.names.exclude.push(value);
                } else {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn take_look(&mut self, cx: &Cx<'_, '_>, repo: &Repo, word: &[u8], words: &mut Words<'_>) -> Result<bool> {
        let text = lossy(word);
        match text.as_str() {
            "--oneline" => {
                self.format = Format::Oneline;
                self.abbrev_commit = true;
            }
            "--pretty" => self.format = Format::Medium,
            "--graph" => {
                self.graph = true;
                if self.limits.order == Order::Date {
                    self.limits.order = Order::Topological;
                }
            }
            "--no-graph" => self.graph = false,
            "--abbrev-commit" => self.abbrev_commit = true,
            "--no-abbrev-commit" => self.abbrev_commit = false,
            "--follow" => self.follow = true,
            "--no-follow" => self.follow = false,
            "-g" | "--walk-reflogs" => self.walk_reflogs = true,
            "--left-right" => self.left_right = true,
            "--parents" => self.parents = true,
            "--relative-date" => {
                self.date = Mode::Relative;
                self.dated = true;
            }
            "--source" => self.source = true,
            "--no-source" => self.source = false,
            "--expand-tabs" => self.tab_columns = Some(8),
            "--no-expand-tabs" => self.tab_columns = Some(0),
            "-t" => self.diff.show_trees = true,
            "-q" | "--quiet" => {
                self.diff.formats = diff::Formats {
                    none: true,
                    ..diff::Formats::default()
                };
            }
            _ => {
                if let Some(value) = word.strip_prefix(b"--pretty=").or(word.strip_prefix(b"--format=")) {
                    self.format = Format::parse(value, repo)?;
                    if self.format == Format::Reference {
                        self.date = Mode::Short;
                    }
                    return Ok(true);
                }
                if let Some(value) = words.value(word, "--date")? {
                    self.date = date_mode(cx, &value)?;
                    self.dated = true;
                } else if let Some(value) = word.strip_prefix(b"--expand-tabs=") {
                    let columns = crate::bytes::parse_number(value);
                    self.tab_columns =
                        Some(columns.ok_or_else(|| Fault::fatal(cat!["'", value, "': not a non-negative integer"]))?);
                } else {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn finish(&mut self, cx: &Cx<'_, '_>, repo: &Repo) -> Result<()> {
        let compile = |patterns: &[Vec<u8>], options: &Self| -> Result<Vec<Regex>> {
            patterns
                .iter()
                .map(|pattern| {
                    let regex = if options.fixed {
                        Some(Regex::fixed(pattern, options.fold))
                    } else if options.extended {
                        Regex::extended(pattern, options.fold)
                    } else {
                        Regex::basic(pattern, options.fold)
                    };
                    regex.ok_or_else(|| Fault::fatal(cat!["command line, '", pattern, "': Invalid regular expression"]))
                })
                .collect()
        };
        self.limits.greps = compile(&self.greps, self)?;
        self.limits.authors = compile(&self.authors, self)?;
        self.limits.committers = compile(&self.committers, self)?;
        self.reflog_greps = compile(&self.grep_reflogs, self)?;
        if self.graph && self.limits.reverse {
            return Err(Fault::fatal(
                "options '--graph' and '--reverse' cannot be used together",
            ));
        }
        if self.graph && self.limits.no_walk.is_some() {
            return Err(Fault::fatal(
                "options '--no-walk' and '--graph' cannot be used together",
            ));
        }
        if self.walk_reflogs && self.graph {
            return Err(Fault::fatal(
                "cannot combine --walk-reflogs with history-limiting options",
            ));
        }
        if !self.grep_reflogs.is_empty() && !self.walk_reflogs {
            return Err(Fault::fatal("the option '--grep-reflog' requires '--walk-reflogs'"));
        }
        if self.walk_reflogs && self.limits.reverse {
            return Err(Fault::fatal(
                "options '--reverse' and '--walk-reflogs' cannot be used together",
            ));
        }
        self.merges_only &= !self.imply_patch && self.diff.formats.is_unset();
        if (self.imply_patch || self.merges_only) && self.diff.formats.is_unset() {
            self.diff.formats.patch = true;
        }
        let limits = &mut self.limits;
        limits.ancestry |= self.graph || self.parents || limits.children || limits.simplify_merges;
        self.diff.settle_colors(Some(repo), cx.is_terminal());
        Ok(())
    }

    /// Whether any difference is printed.
    pub fn shows_diff(&self) -> bool {
        !self.diff.formats.is_unset() && !self.diff.formats.none
    }
}

/// The error of an option nobody knows.
pub fn unknown(word: &[u8]) -> Fault {
    Fault::fatal(cat!["unrecognized argument: ", word])
}

fn date_mode(cx: &Cx<'_, '_>, text: &[u8]) -> Result<Mode> {
    if let Some(rest) = text.strip_prefix(b"auto:") {
        return if cx.is_terminal() {
            date_mode(cx, rest)
        } else {
            Ok(Mode::Default)
        };
    }
    Mode::parse(text).ok_or_else(|| Fault::fatal(cat!["unknown date format ", text]))
}
