//! How a commit is written: the named formats and the placeholders of `--format`.

use super::decorate::{Decorations, Frame, PARENTHESES};
use super::fields::{self, Fields};
use super::walk::Shown;
use crate::cat;
use crate::date::{self, Clock};
use crate::fault::{Fault, Result};
use crate::object::Signature;
use crate::oid::Oid;
use crate::output::Colors;
use crate::repo::Repo;
use essaim_kernel::Files;

/// `--format`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// `oneline`.
    Oneline,
    /// `short`.
    Short,
    /// `medium`, the default.
    Medium,
    /// `full`.
    Full,
    /// `fuller`.
    Fuller,
    /// `raw`.
    Raw,
    /// `reference`.
    Reference,
    /// `email`, `mboxrd`.
    Email,
    /// Placeholders; `true`: each entry ends with a line feed (`tformat:`), rather than standing between two.
    User(Vec<u8>, bool),
}

impl Format {
    /// Reads `--pretty`'s value.
    pub fn parse(text: &[u8], repo: &Repo) -> Result<Self> {
        let named = |text: &[u8]| {
            const NAMES: [(&[u8], Format); 9] = [
                (b"medium", Format::Medium),
                (b"short", Format::Short),
                (b"email", Format::Email),
                (b"mboxrd", Format::Email),
                (b"raw", Format::Raw),
                (b"full", Format::Full),
                (b"fuller", Format::Fuller),
                (b"oneline", Format::Oneline),
                (b"reference", Format::Reference),
            ];
            if text == b"full" {
                return Some(Format::Full);
            }
            NAMES
                .into_iter()
                .find(|(name, _)| !text.is_empty() && name.starts_with(text))
                .map(|(_, format)| format)
        };
        if let Some(user) = text.strip_prefix(b"format:") {
            return Ok(Self::User(user.to_vec(), false));
        }
        if let Some(user) = text.strip_prefix(b"tformat:") {
            return Ok(Self::User(user.to_vec(), true));
        }
        if text.contains(&b'%') || text.is_empty() {
            return Ok(Self::User(text.to_vec(), true));
        }
        if let Some(alias) = repo.config.get(cat!["pretty.", text]) {
            return Self::parse(alias, repo);
        }
        named(text).ok_or_else(|| Fault::fatal(cat!["invalid --pretty format: ", text]))
    }

    /// Whether entries end with a line feed rather than being separated by an empty line.
    pub fn is_terminated(&self) -> bool {
        matches!(self, Self::Oneline | Self::Reference | Self::User(_, true))
    }

    /// `--format=`: nothing at all.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::User(text, _) if text.is_empty())
    }
}

/// What a reflog entry adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reflog {
    /// `HEAD@{0}`.
    pub selector: Vec<u8>,
    /// The full name.
    pub full: Vec<u8>,
    /// The message.
    pub message: Vec<u8>,
    /// Who.
    pub who: Signature,
}

/// Everything a format may ask for.
pub struct Printer<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// Its files.
    pub files: &'a Files,
    /// The format.
    pub format: Format,
    /// `--date`.
    pub date: date::Mode,
    /// The clock.
    pub clock: Clock,
    /// Colours.
    pub colors: Colors,
    /// The names.
    pub decorations: Decorations,
    /// Names are shown by the named formats.
    pub decorate: bool,
    /// `--abbrev-commit`.
    pub abbrev_commit: bool,
    /// `--abbrev=<n>`.
    pub abbrev: Option<usize>,
    /// `--parents`.
    pub show_parents: bool,
    /// `--source`.
    pub show_source: bool,
    /// `--expand-tabs`.
    pub tab_columns: Option<usize>,
}

impl Printer<'_> {
    /// An id, short where `--abbrev-commit` asks for it.
    pub fn id(&self, oid: &Oid) -> String {
        if self.abbrev_commit { self.short(oid) } else { oid.hex() }
    }

    /// A short id.
    pub fn short(&self, oid: &Oid) -> String {
        let len = self.abbrev.unwrap_or_else(|| self.repo.abbreviation(self.files));
        self.repo.store.abbreviate(self.files, oid, len)
    }

    /// A date in the chosen mode.
    pub fn date(&self, who: &Signature) -> Vec<u8> {
        date::format(who.seconds, who.zone, &self.date, &self.clock)
    }

    /// The first line: `commit <id> (names)`, or `<id> (names) ` of `oneline`.
    pub fn head(&self, shown: &Shown, mark: &str, from: &str) -> Vec<u8> {
        let (color, reset) = (self.colors.start("diff.commit", "yellow"), self.colors.reset());
        let oneline = self.format == Format::Oneline;
        let word = if oneline { "" } else { "commit " };
        let space = if mark.is_empty() { "" } else { " " };
        let mut out = cat![
            color,
            word,
            mark,
            space,
            self.id(&shown.oid),
            self.family(shown),
            from,
            reset
        ];
        out.extend_from_slice(&self.labels(shown));
        out.push(if oneline { b' ' } else { b'\n' });
        if let Some(reflog) = &shown.reflog {
            if oneline {
                out.extend_from_slice(&cat![reflog.selector, ": "]);
            } else {
                out.extend_from_slice(&cat![
                    "Reflog: ",
                    reflog.selector,
                    " (",
                    reflog.who.who(),
                    ")\nReflog message: ",
                    reflog.message,
                    "\n"
                ]);
            }
        }
        out
    }

    /// The parents and children behind an id, where they are asked for.
    pub fn family(&self, shown: &Shown) -> Vec<u8> {
        let parents = shown.commit.parents.iter().filter(|_| self.show_parents);
        let all = parents.chain(&shown.children);
        all.flat_map(|oid| cat![" ", self.id(oid)]).collect()
    }

    /// Where a commit was reached from, and its names.
    pub fn labels(&self, shown: &Shown) -> Vec<u8> {
        let mut out = match self.show_source && !shown.source.is_empty() {
            true => cat!["\t", shown.source],
            false => Vec::new(),
        };
        if self.decorate {
            out.extend_from_slice(&self.names(&shown.oid, PARENTHESES));
        }
        out
    }

    /// The names of a commit.
    pub fn names(&self, oid: &Oid, frame: Frame<'_>) -> Vec<u8> {
        self.decorations.text(oid, &self.colors, frame)
    }

    /// What follows the first line.
    pub fn body(&self, shown: &Shown) -> Result<Vec<u8>> {
        let fields = Fields { printer: self, shown };
        match &self.format {
            Format::Oneline => match &shown.reflog {
                Some(reflog) => Ok(reflog.message.clone()),
                None => Ok(shown.commit.subject()),
            },
            Format::User(text, _) => fields::expand(&fields, text),
            Format::Reference => fields::expand(&fields, b"%C(auto)%h (%s, %ad)"),
            Format::Email => Err(Fault::gap("the formats 'email' and 'mboxrd'")),
            _ => Ok(self.paragraphs(shown)),
        }
    }

    fn paragraphs(&self, shown: &Shown) -> Vec<u8> {
        let commit = &shown.commit;
        let mut out = Vec::new();
        let (author, committer) = (&commit.author, &commit.committer);
        if self.format == Format::Raw {
            out = raw_headers(shown);
        } else if commit.parents.len() > 1 {
            out.extend_from_slice(b"Merge:");
            for parent in &commit.parents {
                let shown = match self.abbrev {
                    Some(40) => parent.hex(),
                    _ => self.short(parent),
                };
                out.extend_from_slice(&cat![" ", shown]);
            }
            out.push(b'\n');
        }
        match self.format {
            Format::Medium => {
                out.extend_from_slice(&cat!["Author: ", author.who(), "\nDate:   ", self.date(author), "\n"]);
            }
            Format::Short => out.extend_from_slice(&cat!["Author: ", author.who(), "\n"]),
            Format::Full => {
                out.extend_from_slice(&cat!["Author: ", author.who(), "\nCommit: ", committer.who(), "\n"]);
            }
            Format::Fuller => out.extend_from_slice(&cat![
                "Author:     ",
                author.who(),
                "\nAuthorDate: ",
                self.date(author),
                "\nCommit:     ",
                committer.who(),
                "\nCommitDate: ",
                self.date(committer),
                "\n"
            ]),
            _ => {}
        }
        out.push(b'\n');
        let usual = match self.format {
            Format::Medium | Format::Full | Format::Fuller => TAB_COLUMNS,
            _ => 0,
        };
        let tabs = self.tab_columns.unwrap_or(usual);
        indent(&mut out, &commit.message, tabs, self.format == Format::Short);
        let end = out
            .iter()
            .rposition(|b| !b.is_ascii_whitespace())
            .map_or(0, |at| at + 1);
        out.truncate(end);
        out.push(b'\n');
        out
    }
}

/// The headers as the object has them.
fn raw_headers(shown: &Shown) -> Vec<u8> {
    let commit = &shown.commit;
    let mut out = Vec::new();
    out.extend_from_slice(&cat!["tree ", commit.tree.hex(), "\n"]);
    for parent in &shown.parents {
        out.extend_from_slice(&cat!["parent ", parent.hex(), "\n"]);
    }
    out.extend_from_slice(&cat![
        "author ",
        commit.author_line,
        "\ncommitter ",
        commit.committer_line,
        "\n"
    ]);
    for (name, value) in &commit.extra {
        out.extend_from_slice(&cat![
            name,
            " ",
            value.split(|b| *b == b'\n').collect::<Vec<_>>().join(b"\n ".as_slice()),
            "\n"
        ]);
    }
    out
}

/// A message, four columns to the right; `first`: only its first paragraph.
fn indent(out: &mut Vec<u8>, message: &[u8], tabs: usize, first: bool) {
    let mut begun = false;
    let text = message.strip_suffix(b"\n").unwrap_or(message);
    for line in text.split(|b| *b == b'\n') {
        let line = line.trim_ascii_end();
        if line.is_empty() && !begun {
            continue;
        }
        if line.is_empty() && first {
            break;
        }
        begun = true;
        out.extend_from_slice(b"    ");
        if tabs > 0 && line.contains(&b'\t') {
            out.extend_from_slice(&expand_tabs(line, tabs));
        } else {
            out.extend_from_slice(line);
        }
        out.push(b'\n');
    }
}

/// A tab goes to the next of these columns.
const TAB_COLUMNS: usize = 8;

fn expand_tabs(line: &[u8], columns: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut width = 0;
    for part in line.split_inclusive(|b| *b == b'\t') {
        let text = part.strip_suffix(b"\t").unwrap_or(part);
        out.extend_from_slice(text);
        width += crate::output::display_width(text);
        if part.ends_with(b"\t") {
            let spaces = columns - width % columns;
            out.resize(out.len() + spaces, b' ');
            width += spaces;
        }
    }
    out
}
