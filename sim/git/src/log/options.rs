//! The options of `git log` and `git show`.

use super::decorate::Style;
use super::pretty::Format;
use super::walk::{Limits, Order};
use crate::bytes::{lossy, parse_number};
use crate::cat;
use crate::date::{self, Mode};
use crate::diff::options::Words;
use crate::diff::{self};
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tips {
    /// `refs/heads/`.
    pub prefix: &'static str,
    /// `--branches=<pattern>`.
    pub pattern: Option<Vec<u8>>,
    /// `--all`: `HEAD` too.
    pub head: bool,
    /// After `--not`.
    pub negated: bool,
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
    /// Merges.
    pub merges: Merges,
    /// Starting points.
    pub tips: Vec<Tips>,
    /// `--no-walk`.
    pub no_walk: bool,
    /// `--full-diff`.
    pub full_diff: bool,
    /// `-t`'s and others' words that are revisions and paths, with what follows `--`.
    pub words: Vec<Vec<u8>>,
    /// How many of them stood before `--`.
    pub dash_dash: Option<usize>,
    fold: bool,
    fixed: bool,
    extended: bool,
    greps: Vec<Vec<u8>>,
    authors: Vec<Vec<u8>>,
    committers: Vec<Vec<u8>>,
}

impl LogOptions {
    /// What the settings say.
    pub fn new(cx: &Cx<'_, '_>, repo: &Repo) -> Result<Self> {
        let decorate = match repo.config.get("log.decorate") {
            None | Some(b"auto") => None,
            Some(b"full") => Some(Style::Full),
            Some(b"short") => Some(Style::Short),
            Some(text) => Some(if crate::config::parse_bool(Some(text)) == Some(true) {
                Style::Short
            } else {
                Style::No
            }),
        };
        let mut options = Self {
            diff: diff::Options::new(Some(repo), true, cx.width()),
            limits: Limits::default(),
            format: Format::Medium,
            date: Mode::Default,
            decorate,
            graph: false,
            abbrev_commit: repo.config.bool_or("log.abbrevcommit", false),
            follow: repo.config.bool_or("log.follow", false),
            walk_reflogs: false,
            left_right: false,
            parents: false,
            merges: Merges::Unset,
            tips: Vec::new(),
            no_walk: false,
            full_diff: false,
            words: Vec::new(),
            dash_dash: None,
            fold: false,
            fixed: false,
            extended: false,
            greps: Vec::new(),
            authors: Vec::new(),
            committers: Vec::new(),
        };
        if let Some(date) = repo.config.get("log.date") {
            options.date = date_mode(cx, date)?;
        }
        if let Some(format) = repo.config.get("format.pretty") {
            options.format = Format::parse(format, repo)?;
        }
        Ok(options)
    }

    /// Reads all words.
    pub fn read(&mut self, cx: &Cx<'_, '_>, repo: &Repo, args: &[Vec<u8>]) -> Result<()> {
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
                || self.take_look(cx, repo, word, &mut words)?
                || self.take_tips(word, not)?
                || self.diff.take(word, &mut words, Some(repo))?;
            if !known {
                return Err(unknown(word));
            }
        }
        self.finish(cx, repo)
    }

    fn take_limit(&mut self, cx: &Cx<'_, '_>, word: &[u8], words: &mut Words<'_>) -> Result<bool> {
        let limits = &mut self.limits;
        let text = lossy(word);
        if let Some(digits) = text
            .strip_prefix('-')
            .filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit()))
        {
            limits.count = digits.parse().ok();
            return Ok(true);
        }
        let when = |text: &[u8]| date::approximate(text, &cx.clock()).0;
        let number = |text: &[u8]| -> Result<i64> {
            parse_number(text).ok_or_else(|| Fault::fatal(cat!["'", text, "': not an integer"]))
        };
        let mut value = |names: &[&str]| -> Option<Result<Vec<u8>>> {
            for name in names {
                let Some(rest) = word.strip_prefix(name.as_bytes()) else {
                    continue;
                };
                match rest {
                    [b'=', value @ ..] if name.starts_with("--") => return Some(Ok(value.to_vec())),
                    [] => {
                        let missing = || match name.strip_prefix("--") {
                            Some(_) => Fault::fatal(format!("Option '{name}' requires a value")),
                            None => Fault::Error(format!("{name} requires an argument").into_bytes(), 128),
                        };
                        return Some(words.take().map(<[u8]>::to_vec).ok_or_else(missing));
                    }
                    value if !name.starts_with("--") => return Some(Ok(value.to_vec())),
                    _ => {}
                }
            }
            None
        };
        if let Some(found) = value(&["-n", "--max-count"]) {
            limits.count = usize::try_from(number(&found?)?).ok();
        } else if let Some(found) = value(&["--skip"]) {
            limits.skip = usize::try_from(number(&found?)?).unwrap_or(0);
        } else if let Some(found) = value(&["--since", "--after", "--max-age"]) {
            limits.since = Some(when(&found?));
        } else if let Some(found) = value(&["--until", "--before", "--min-age"]) {
            limits.until = Some(when(&found?));
        } else if let Some(found) = value(&["--author"]) {
            self.authors.push(found?);
        } else if let Some(found) = value(&["--committer"]) {
            self.committers.push(found?);
        } else if let Some(found) = value(&["--grep"]) {
            self.greps.push(found?);
        } else if let Some(found) = value(&["--min-parents"]) {
            limits.parents_min = usize::try_from(number(&found?)?).unwrap_or(0);
        } else if let Some(found) = value(&["--max-parents"]) {
            limits.parents_max = usize::try_from(number(&found?)?).ok();
        } else {
            return Ok(self.take_switch(&text));
        }
        Ok(true)
    }

    fn take_switch(&mut self, word: &str) -> bool {
        let limits = &mut self.limits;
        match word {
            "--all-match" => limits.all_match = true,
            "--invert-grep" => limits.invert_grep = true,
            "--merges" => limits.parents_min = 2,
            "--no-merges" => limits.parents_max = Some(1),
            "--no-min-parents" => limits.parents_min = 0,
            "--no-max-parents" => limits.parents_max = None,
            "--first-parent" => {
                limits.first_parent = true;
                if self.merges == Merges::Unset {
                    self.merges = Merges::First;
                }
            }
            "--full-history" => limits.full_history = true,
            "--reverse" => limits.reverse = !limits.reverse,
            "--topo-order" => limits.order = Order::Topological,
            "--date-order" => limits.order = Order::TopologicalByDate,
            "--author-date-order" => limits.order = Order::TopologicalByAuthor,
            "-i" | "--regexp-ignore-case" => self.fold = true,
            "-F" | "--fixed-strings" => self.fixed = true,
            "-E" | "--extended-regexp" => self.extended = true,
            "--basic-regexp" => self.extended = false,
            "--no-walk" => self.no_walk = true,
            "--full-diff" => self.full_diff = true,
            "--dense"
            | "--no-notes"
            | "--no-mailmap"
            | "--use-mailmap"
            | "--mailmap"
            | "--no-show-signature"
            | "--encoding=UTF-8"
            | "--ignore-missing" => {}
            _ => return false,
        }
        true
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
            "--relative-date" => self.date = Mode::Relative,
            "-c" => self.merges = Merges::Combined,
            "--cc" => self.merges = Merges::Dense,
            "-m" => self.merges = Merges::Separate,
            "--no-diff-merges" => self.merges = Merges::Off,
            "--decorate" | "--decorate=short" => self.decorate = Some(Style::Short),
            "--decorate=full" => self.decorate = Some(Style::Full),
            "--no-decorate" | "--decorate=no" => self.decorate = Some(Style::No),
            "--decorate=auto" => self.decorate = None,
            "-t" => self.diff.show_trees = true,
            "-q" | "--quiet" => {
                self.diff.formats = diff::Formats {
                    none: true,
                    ..diff::Formats::default()
                };
            }
            _ => {
                if let Some(name) = text.strip_prefix("--decorate=") {
                    return Err(Fault::fatal(format!("invalid --decorate option: {name}")));
                }
                if let Some(value) = text.strip_prefix("--diff-merges=") {
                    self.merges = match value {
                        "off" | "none" => Merges::Off,
                        "on" | "m" | "separate" => Merges::Separate,
                        "first-parent" | "1" => Merges::First,
                        "c" | "combined" => Merges::Combined,
                        "cc" | "dense-combined" => Merges::Dense,
                        _ => return Err(Fault::fatal(format!("invalid value for '--diff-merges': '{value}'"))),
                    };
                    return Ok(true);
                }
                if let Some(value) = word.strip_prefix(b"--pretty=").or(word.strip_prefix(b"--format=")) {
                    self.format = Format::parse(value, repo)?;
                    if self.format == Format::Reference {
                        self.date = Mode::Short;
                    }
                    return Ok(true);
                }
                if let Some(value) = words.value(word, "--date")? {
                    self.date = date_mode(cx, &value)?;
                    return Ok(true);
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn take_tips(&mut self, word: &[u8], negated: bool) -> Result<bool> {
        let (name, pattern) = match crate::bytes::split_once(word, b'=') {
            Some((name, pattern)) => (name, Some(pattern.to_vec())),
            None => (word, None),
        };
        let (prefix, head) = match name {
            b"--all" => ("refs/", true),
            b"--branches" => ("refs/heads/", false),
            b"--tags" => ("refs/tags/", false),
            b"--remotes" => ("refs/remotes/", false),
            b"--glob"
            | b"--exclude"
            | b"--boundary"
            | b"--cherry"
            | b"--cherry-pick"
            | b"--cherry-mark"
            | b"--simplify-merges"
            | b"--simplify-by-decoration"
            | b"--ancestry-path"
            | b"--children"
            | b"--bisect"
            | b"--source"
            | b"--show-signature"
            | b"--notes"
            | b"--show-notes"
            | b"--reflog"
            | b"--left-only"
            | b"--right-only"
            | b"--sparse"
            | b"--remove-empty"
            | b"-L"
            | b"--encoding"
            | b"--stdin"
            | b"--grep-reflog"
            | b"--perl-regexp"
            | b"-P"
            | b"--merge"
            | b"--decorate-refs"
            | b"--decorate-refs-exclude"
            | b"--clear-decorations"
            | b"--show-pulls"
            | b"--remerge-diff"
            | b"--combined-all-paths"
            | b"--log-size"
            | b"--show-linear-break"
            | b"--expand-tabs"
            | b"--no-expand-tabs"
            | b"--since-as-filter"
            | b"--dd" => {
                return Err(Fault::gap(cat!["the option '", name, "'"]));
            }
            _ => return Ok(false),
        };
        self.tips.push(Tips {
            prefix,
            pattern,
            head,
            negated,
        });
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
        if self.graph && self.limits.reverse {
            return Err(Fault::fatal(
                "options '--graph' and '--reverse' cannot be used together",
            ));
        }
        if self.graph && self.no_walk {
            return Err(Fault::fatal(
                "options '--no-walk' and '--graph' cannot be used together",
            ));
        }
        if self.walk_reflogs && self.graph {
            return Err(Fault::fatal(
                "cannot combine --walk-reflogs with history-limiting options",
            ));
        }
        if self.walk_reflogs && self.limits.reverse {
            return Err(Fault::fatal(
                "options '--reverse' and '--walk-reflogs' cannot be used together",
            ));
        }
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
