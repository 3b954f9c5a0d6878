//! The options all difference commands share, as they are typed.

use super::{Options, Pickaxe, WordDiff, algorithm};
use crate::bytes::parse_number;
use crate::cat;
use crate::fault::{Fault, Result};
use crate::regex::Regex;
use crate::repo::Repo;
use essaim_text::Algorithm;
use essaim_text::Whitespace;

/// Options real Git has and this engine has not.
const GAPS: [&str; 22] = [
    "--dirstat",
    "-X",
    "--cumulative",
    "--dirstat-by-file",
    "--ext-diff",
    "--textconv",
    "--submodule",
    "--color-moved",
    "--color-moved-ws",
    "--ws-error-highlight",
    "-O",
    "--skip-to",
    "--rotate-to",
    "--binary",
    "--break-rewrites",
    "-B",
    "--output-indicator-new",
    "--output-indicator-old",
    "--output-indicator-context",
    "--find-object",
    "--ita-visible-in-index",
    "--anchored",
];

/// A word that may be an option, and what follows it.
pub struct Words<'a> {
    words: &'a [Vec<u8>],
    at: usize,
}

impl<'a> Words<'a> {
    /// All words of a command line.
    pub fn new(words: &'a [Vec<u8>]) -> Self {
        Self { words, at: 0 }
    }

    /// The next word, taken.
    pub fn take(&mut self) -> Option<&'a [u8]> {
        let word = self.words.get(self.at)?;
        self.at += 1;
        Some(word)
    }

    /// What is left.
    pub fn rest(&self) -> &'a [Vec<u8>] {
        &self.words[self.at.min(self.words.len())..]
    }

    /// The value of `--name=value`, `--name value`, or `-Xvalue`, `-X value`. `None`: another option.
    pub fn value(&mut self, word: &[u8], name: &str) -> Result<Option<Vec<u8>>> {
        let Some(rest) = word.strip_prefix(name.as_bytes()) else {
            return Ok(None);
        };
        let long = name.starts_with("--");
        match rest {
            [b'=', value @ ..] if long => Ok(Some(value.to_vec())),
            [] => match self.take() {
                Some(value) => Ok(Some(value.to_vec())),
                None if long => Err(Fault::Error(
                    format!("option `{}' requires a value", &name[2..]).into_bytes(),
                    129,
                )),
                None => Err(Fault::Error(
                    format!("switch `{}' requires a value", &name[1..]).into_bytes(),
                    129,
                )),
            },
            value if !long => Ok(Some(value.to_vec())),
            _ => Ok(None),
        }
    }
}

fn number(name: &str, text: &[u8]) -> Result<usize> {
    parse_number(text).ok_or_else(|| {
        let what = match name.strip_prefix("--") {
            Some(long) => format!("option `{long}'"),
            None => format!("switch `{}'", name.trim_start_matches('-')),
        };
        Fault::Error(cat![what, " expects a numerical value"], 129)
    })
}

impl Options {
    /// Takes one word (and its value) if it is an option of all difference commands.
    pub fn take(&mut self, word: &[u8], words: &mut Words<'_>, repo: Option<&Repo>) -> Result<bool> {
        let text = crate::bytes::lossy(word);
        if self.take_format(&text) || self.take_flag(&text) || self.take_whitespace(&text) {
            return Ok(true);
        }
        if self.take_valued(word, words)? || self.take_optional(&text, repo)? {
            return Ok(true);
        }
        let name = text.split('=').next().unwrap_or_default();
        let short = text.get(..2).filter(|_| !text.starts_with("--")).unwrap_or_default();
        if GAPS.contains(&name) || GAPS.contains(&short) && short.len() == 2 {
            return Err(Fault::gap(cat!["the option '", name, "'"]));
        }
        Ok(false)
    }

    fn take_format(&mut self, word: &str) -> bool {
        let formats = &mut self.formats;
        match word {
            "-p" | "-u" | "--patch" => formats.patch = true,
            "-s" | "--no-patch" => {
                *formats = super::Formats {
                    none: true,
                    ..super::Formats::default()
                };
                return true;
            }
            "--raw" => formats.raw = true,
            "--numstat" => formats.numstat = true,
            "--shortstat" => formats.shortstat = true,
            "--summary" => formats.summary = true,
            "--name-only" => formats.name_only = true,
            "--name-status" => formats.name_status = true,
            "--check" => formats.check = true,
            "--stat" => formats.stat = true,
            "--compact-summary" => {
                formats.stat = true;
                self.compact_summary = true;
            }
            "--patch-with-stat" => {
                formats.patch = true;
                formats.stat = true;
            }
            "--patch-with-raw" => {
                formats.patch = true;
                formats.raw = true;
            }
            _ => return false,
        }
        self.formats.none = false;
        true
    }

    fn take_flag(&mut self, word: &str) -> bool {
        match word {
            "-R" => self.reverse = true,
            "-a" | "--text" => self.text_always = true,
            "-z" => self.nul = true,
            "-q" | "--quiet" => self.quiet = true,
            "--exit-code" => self.exit_code = true,
            "-W" | "--function-context" => {
                self.function_context = true;
                self.hunks.whole_functions = true;
            }
            "--no-function-context" => {
                self.function_context = false;
                self.hunks.whole_functions = false;
            }
            "--full-index" => self.full_index = true,
            "--no-abbrev" => self.abbrev = Some(40),
            "--no-renames" => {
                self.renames = None;
                self.copies = false;
            }
            "--find-copies-harder" => {
                self.copies = true;
                self.copies_harder = true;
                self.renames.get_or_insert(50);
            }
            "--no-prefix" => {
                self.old_prefix = Vec::new();
                self.new_prefix = Vec::new();
            }
            "--default-prefix" => {
                self.old_prefix = b"a/".to_vec();
                self.new_prefix = b"b/".to_vec();
            }
            "--minimal" => self.text.algorithm = Algorithm::Minimal,
            "--patience" => self.text.algorithm = Algorithm::Patience,
            "--histogram" => self.text.algorithm = Algorithm::Histogram,
            "--indent-heuristic" => self.text.indent_heuristic = true,
            "--no-indent-heuristic" => self.text.indent_heuristic = false,
            "--pickaxe-all" => self.pickaxe_all = true,
            "--pickaxe-regex" => {
                if let Some(Pickaxe::Count(text)) = self.pickaxe.clone() {
                    self.pickaxe = Some(Pickaxe::CountRegex(text));
                }
            }
            "--no-color" => self.color_option = Some(b"never".to_vec()),
            "--color" => self.color_option = Some(b"always".to_vec()),
            "--irreversible-delete" | "-D" => self.irreversible_delete = true,
            "--no-ext-diff"
            | "--no-textconv"
            | "--no-color-moved"
            | "--ita-invisible-in-index"
            | "--rename-empty"
            | "--no-relative" => {}
            _ => return false,
        }
        true
    }

    fn take_whitespace(&mut self, word: &str) -> bool {
        self.text.whitespace = match word {
            "-w" | "--ignore-all-space" => Whitespace::IgnoreAll,
            "-b" | "--ignore-space-change" => Whitespace::IgnoreChange,
            "--ignore-space-at-eol" => Whitespace::IgnoreAtEol,
            "--ignore-cr-at-eol" => Whitespace::IgnoreCrAtEol,
            "--ignore-blank-lines" => {
                self.text.ignore_blank_lines = true;
                return true;
            }
            _ => return false,
        };
        true
    }

    /// `-U<n>`.
    fn take_context(&mut self, word: &[u8]) -> Result<bool> {
        let value = match (word.strip_prefix(b"-U"), word.strip_prefix(b"--unified")) {
            (Some(value), _) | (_, Some([b'=', value @ ..])) => value,
            (_, Some([])) => b"",
            _ => return Ok(false),
        };
        if !value.is_empty() || word.ends_with(b"=") {
            let wrong = || Fault::Error(b"--unified expects a numerical value".to_vec(), 129);
            self.hunks.context = parse_number(value).ok_or_else(wrong)?;
        }
        self.formats.patch = true;
        self.formats.none = false;
        Ok(true)
    }

    fn take_valued(&mut self, word: &[u8], words: &mut Words<'_>) -> Result<bool> {
        if self.take_context(word)? || self.take_width(word, words)? {
            return Ok(true);
        }
        let mut get = |name: &str| words.value(word, name);
        if let Some(value) = get("--inter-hunk-context")? {
            self.hunks.inter_hunk_context = number("--inter-hunk-context", &value)?;
        } else if let Some(value) = get("--diff-algorithm")? {
            let error = "option diff-algorithm accepts \"myers\", \"minimal\", \"patience\" and \"histogram\"";
            self.text.algorithm = algorithm(&value).ok_or_else(|| Fault::Error(error.into(), 129))?;
        } else if let Some(value) = get("--diff-filter")? {
            let unknown = value.iter().find(|b| !b"ACDMRTUXB*".contains(&b.to_ascii_uppercase()));
            if let Some(letter) = unknown {
                return Err(Fault::Error(
                    cat!["unknown change class '", [*letter], "' in --diff-filter=", value],
                    129,
                ));
            }
            self.filter.get_or_insert_default().extend_from_slice(&value);
        } else if let Some(value) = get("--src-prefix")? {
            self.old_prefix = value;
        } else if let Some(value) = get("--dst-prefix")? {
            self.new_prefix = value;
        } else if let Some(value) = get("--line-prefix")? {
            self.line_prefix = value;
        } else if let Some(value) = get("-S")? {
            self.pickaxe = Some(match self.pickaxe {
                Some(Pickaxe::CountRegex(_)) => Pickaxe::CountRegex(value),
                _ => Pickaxe::Count(value),
            });
        } else if let Some(value) = get("-G")? {
            self.pickaxe = Some(Pickaxe::Lines(value));
        } else if let Some(value) = get("--output")? {
            self.output = Some(value);
            self.color_option.get_or_insert_with(|| b"never".to_vec());
        } else if let Some(value) =
            get("-I")?.map_or_else(|| get("--ignore-matching-lines"), |value| Ok(Some(value)))?
        {
            let regex = Regex::extended(&value, false);
            let invalid = || Fault::Error(cat!["invalid regex given to -I: '", value, "'"], 129);
            self.ignored_lines.push(regex.ok_or_else(invalid)?);
        } else if let Some(value) = get("--word-diff-regex")? {
            self.word_regex = Some(word_regex(&value)?);
            self.words.get_or_insert(WordDiff::Plain);
            self.formats.patch = true;
        } else if let Some(value) = get("-l")? {
            number("-l", &value)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// The widths of `--stat`.
    fn take_width(&mut self, word: &[u8], words: &mut Words<'_>) -> Result<bool> {
        for name in [
            "--stat-width",
            "--stat-name-width",
            "--stat-graph-width",
            "--stat-count",
        ] {
            let Some(value) = words.value(word, name)? else {
                continue;
            };
            let value = number(name, &value)?;
            self.formats.stat = true;
            self.formats.none = false;
            match name {
                "--stat-width" => self.stat.width = value,
                "--stat-name-width" => self.stat.name_width = Some(value),
                "--stat-graph-width" => self.stat.graph_width = Some(value),
                _ => self.stat.count = Some(value),
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn take_optional(&mut self, word: &str, repo: Option<&Repo>) -> Result<bool> {
        let split = |name: &str| word.strip_prefix(name);
        if let Some(value) = split("--stat=") {
            let mut parts = value.split(',').map(|part| part.parse::<usize>().ok());
            if let Some(Some(width)) = parts.next() {
                self.stat.width = width;
            }
            self.stat.name_width = parts.next().flatten().or(self.stat.name_width);
            self.stat.count = parts.next().flatten().or(self.stat.count);
            self.formats.stat = true;
            self.formats.none = false;
        } else if let Some(value) = split("--abbrev=") {
            self.abbrev = Some(number("--abbrev", value.as_bytes())?.clamp(4, 40));
        } else if word == "--abbrev" {
            self.abbrev = None;
            self.raw_full = false;
        } else if let Some(value) = split("--color=") {
            if !matches!(value, "always" | "never" | "auto" | "true" | "false" | "yes" | "no") {
                let message = "option `color' expects \"always\", \"auto\", or \"never\"";
                return Err(Fault::Error(message.into(), 129));
            }
            self.color_option = Some(value.as_bytes().to_vec());
        } else if let Some(value) = split("--find-renames=")
            .or(split("-M"))
            .or((word == "--find-renames").then_some(""))
        {
            self.renames = Some(threshold(value, "find-renames")?);
        } else if let Some(value) = split("--find-copies=")
            .or(split("-C"))
            .or((word == "--find-copies").then_some(""))
        {
            self.copies_harder |= self.copies;
            self.copies = true;
            self.renames = Some(threshold(value, "find-copies")?);
        } else if let Some(style) = split("--word-diff").filter(|style| !style.starts_with('-')) {
            self.words = match style {
                "" | "=plain" => Some(WordDiff::Plain),
                "=color" => Some(WordDiff::Color),
                "=porcelain" => Some(WordDiff::Porcelain),
                "=none" => None,
                _ => {
                    let style = style.trim_start_matches('=');
                    return Err(Fault::Error(cat!["bad --word-diff argument: ", style], 129));
                }
            };
            self.formats.patch = true;
        } else if word == "--color-words" || word.starts_with("--color-words=") {
            if let Some(regex) = word.strip_prefix("--color-words=") {
                self.word_regex = Some(word_regex(regex.as_bytes())?);
            }
            self.words = Some(WordDiff::Color);
            self.color_option = Some(b"always".to_vec());
            self.formats.patch = true;
        } else if let Some(value) = split("--relative=") {
            self.relative = Some(cat![value.trim_end_matches('/'), "/"]);
        } else if word == "--relative" {
            self.relative = repo.map(|repo| repo.prefix.clone());
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

fn word_regex(text: &[u8]) -> Result<Regex> {
    Regex::extended(text, false).ok_or_else(|| Fault::fatal(cat!["invalid regular expression: ", text]))
}

/// `50%`, `5` (tenths), `90`: Git reads digits as a fraction, `%` as percent.
fn threshold(text: &str, option: &str) -> Result<u32> {
    if text.is_empty() {
        return Ok(50);
    }
    let invalid = || Fault::Error(format!("invalid argument to {option}").into_bytes(), 129);
    if let Some(percent) = text.strip_suffix('%') {
        return percent
            .parse::<u32>()
            .map(|percent| percent.min(100))
            .map_err(|_| invalid());
    }
    let digits = text.strip_prefix("0.").or(text.strip_prefix('.')).unwrap_or(text);
    let value: u32 = digits.parse().map_err(|_| invalid())?;
    let scale = 10_u32.pow(digits.len().min(8) as u32);
    Ok(if text == "1.0" { 100 } else { value * 100 / scale })
}
