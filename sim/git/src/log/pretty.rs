//! How a commit is written: the named formats and the placeholders of `--format`.

use super::decorate::{Decorations, Frame, PARENTHESES};
use super::fields::{self, Fields};
use crate::cat;
use crate::date::{self, Clock};
use crate::fault::{Fault, Result};
use crate::object::{Commit, Signature};
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
            const NAMES: [(&[u8], Format); 8] = [
                (b"medium", Format::Medium),
                (b"short", Format::Short),
                (b"email", Format::Email),
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
    pub fn head(&self, oid: &Oid, commit: &Commit, mark: &str, reflog: Option<&Reflog>) -> Vec<u8> {
        let (color, reset) = (self.colors.start("diff.commit", "yellow"), self.colors.reset());
        let oneline = self.format == Format::Oneline;
        let word = if oneline { "" } else { "commit " };
        let mut out = cat![color, word, mark, self.id(oid)];
        if self.show_parents {
            for parent in &commit.parents {
                out.extend_from_slice(&cat![" ", self.id(parent)]);
            }
        }
        out.extend_from_slice(reset.as_bytes());
        if self.decorate {
            out.extend_from_slice(&self.names(oid, PARENTHESES));
        }
        if oneline {
            out.push(b' ');
        } else {
            out.push(b'\n');
        }
        if let Some(reflog) = reflog {
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

    /// The names of a commit.
    pub fn names(&self, oid: &Oid, frame: Frame<'_>) -> Vec<u8> {
        self.decorations.text(oid, &self.colors, frame)
    }

    /// What follows the first line.
    pub fn body(&self, oid: &Oid, commit: &Commit, mark: &str, reflog: Option<&Reflog>) -> Result<Vec<u8>> {
        let fields = Fields {
            printer: self,
            oid,
            commit,
            mark,
            reflog,
        };
        match &self.format {
            Format::Oneline => match reflog {
                Some(reflog) => Ok(reflog.message.clone()),
                None => Ok(commit.subject()),
            },
            Format::User(text, _) => fields::expand(&fields, text),
            Format::Reference => {
                let text = b"%C(auto)%h (%s, %ad)";
                fields::expand(&fields, text)
            }
            Format::Email => Err(Fault::gap("the format 'email'")),
            _ => Ok(self.paragraphs(commit)),
        }
    }

    fn paragraphs(&self, commit: &Commit) -> Vec<u8> {
        let mut out = Vec::new();
        let (author, committer) = (&commit.author, &commit.committer);
        if self.format == Format::Raw {
            out.extend_from_slice(&cat!["tree ", commit.tree.hex(), "\n"]);
            for parent in &commit.parents {
                out.extend_from_slice(&cat!["parent ", parent.hex(), "\n"]);
            }
            out.extend_from_slice(&cat![
                "author ",
                commit.author_line,
                "\ncommitter ",
                commit.committer_line,
                "\n"
            ]);
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
        let tabs = matches!(self.format, Format::Medium | Format::Full | Format::Fuller);
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

/// A message, four columns to the right; `first`: only its first paragraph.
fn indent(out: &mut Vec<u8>, message: &[u8], tabs: bool, first: bool) {
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
        if tabs && line.contains(&b'\t') {
            out.extend_from_slice(&expand_tabs(line));
        } else {
            out.extend_from_slice(line);
        }
        out.push(b'\n');
    }
}

fn expand_tabs(line: &[u8]) -> Vec<u8> {
    const TAB_COLUMNS: usize = 8;
    let mut out = Vec::new();
    let mut width = 0;
    for part in line.split_inclusive(|b| *b == b'\t') {
        let text = part.strip_suffix(b"\t").unwrap_or(part);
        out.extend_from_slice(text);
        width += crate::output::display_width(text);
        if part.ends_with(b"\t") {
            let spaces = TAB_COLUMNS - width % TAB_COLUMNS;
            out.resize(out.len() + spaces, b' ');
            width += spaces;
        }
    }
    out
}
