//! Objects: blobs, trees, commits and tags, parsed and written.

use crate::bytes::{find, lines, parse_number, split_once};
use crate::cat;
use crate::oid::Oid;
use essaim_kernel::SmallSort;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A snapshot with a message and parents.
    Commit,
    /// A directory.
    Tree,
    /// The content of a file.
    Blob,
    /// An annotated tag.
    Tag,
}

impl Kind {
    /// Git's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        match name {
            b"commit" => Some(Self::Commit),
            b"tree" => Some(Self::Tree),
            b"blob" => Some(Self::Blob),
            b"tag" => Some(Self::Tag),
            _ => None,
        }
    }
}

/// The id an object of this kind and content has.
pub fn object_id(kind: Kind, content: &[u8]) -> Oid {
    let header = format!("{} {}\0", kind.name(), content.len());
    Oid::hash(&[header.as_bytes(), content])
}

/// File modes as trees and the index hold them.
pub mod mode {
    /// A directory (a tree's entry only).
    pub const TREE: u32 = 0o040_000;
    /// A regular file.
    pub const FILE: u32 = 0o100_644;
    /// A file its owner may execute.
    pub const EXECUTABLE: u32 = 0o100_755;
    /// A symbolic link.
    pub const SYMLINK: u32 = 0o120_000;
    /// A submodule.
    pub const GITLINK: u32 = 0o160_000;

    /// The kind of object an entry of this mode names.
    pub const fn kind(mode: u32) -> super::Kind {
        match mode & 0o170_000 {
            TREE => super::Kind::Tree,
            GITLINK => super::Kind::Commit,
            _ => super::Kind::Blob,
        }
    }
}

/// One entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// One of [`mode`]'s.
    pub mode: u32,
    /// The name, without slashes.
    pub name: Vec<u8>,
    /// The blob, tree or commit.
    pub oid: Oid,
}

impl TreeEntry {
    /// Whether it is a directory.
    pub fn is_tree(&self) -> bool {
        self.mode == mode::TREE
    }

    /// What trees are sorted by: a directory as if its name ended with a slash.
    pub fn sort_key(&self) -> Vec<u8> {
        let mut key = self.name.clone();
        if self.is_tree() {
            key.push(b'/');
        }
        key
    }
}

/// Reads a tree; `None` where it is damaged.
pub fn parse_tree(mut content: &[u8]) -> Option<Vec<TreeEntry>> {
    let mut entries = Vec::new();
    while !content.is_empty() {
        let (mode, rest) = split_once(content, b' ')?;
        let (name, rest) = split_once(rest, 0)?;
        let oid = Oid::from_bytes(rest.get(..20)?)?;
        let mode = u32::from_str_radix(core::str::from_utf8(mode).ok()?, 8).ok()?;
        entries.push(TreeEntry {
            mode,
            name: name.to_vec(),
            oid,
        });
        content = &rest[20..];
    }
    Some(entries)
}

/// Writes a tree; the entries are sorted as Git sorts them.
pub fn write_tree(entries: &mut [TreeEntry]) -> Vec<u8> {
    entries.small_sort_by_key(TreeEntry::sort_key);
    let mut content = Vec::new();
    for entry in entries.iter() {
        content.extend_from_slice(format!("{:o} ", entry.mode).as_bytes());
        content.extend_from_slice(&entry.name);
        content.push(0);
        content.extend_from_slice(&entry.oid.0);
    }
    content
}

/// Who did something, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// Name.
    pub name: Vec<u8>,
    /// Mail address, without angle brackets.
    pub email: Vec<u8>,
    /// Seconds since the Unix epoch.
    pub seconds: i64,
    /// Offset from UTC as Git writes it: `+0130` is 130, `-0800` is -800.
    pub zone: i32,
}

impl Signature {
    /// Reads `Name <mail> seconds zone`; what is missing stays empty, as Git reads it.
    pub fn parse(line: &[u8]) -> Self {
        let Some(open) = line.iter().position(|b| *b == b'<') else {
            return Self {
                name: line.trim_ascii().to_vec(),
                ..Self::default()
            };
        };
        let rest = &line[open + 1..];
        let close = rest.iter().position(|b| *b == b'>').unwrap_or(rest.len());
        let tail = line
            .iter()
            .rposition(|b| *b == b'>')
            .map_or(b"".as_slice(), |at| &line[at + 1..]);
        let mut words = tail.split(|b| *b == b' ').filter(|word| !word.is_empty());
        let seconds = words.next().and_then(parse_number).unwrap_or(0);
        let zone = words.next().and_then(parse_zone).unwrap_or(0);
        Self {
            name: line[..open].trim_ascii().to_vec(),
            email: rest[..close].to_vec(),
            seconds,
            zone,
        }
    }

    /// `Name <mail>`.
    pub fn who(&self) -> Vec<u8> {
        cat![self.name, " <", self.email, ">"]
    }

    /// `Name <mail> seconds zone`.
    pub fn line(&self) -> Vec<u8> {
        cat![self.who(), format!(" {} {}", self.seconds, zone_text(self.zone))]
    }
}

/// `+0130`, `-0800`.
pub fn zone_text(zone: i32) -> String {
    format!("{}{:04}", if zone < 0 { '-' } else { '+' }, zone.abs())
}

fn parse_zone(text: &[u8]) -> Option<i32> {
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    parse_number(digits)
}

/// A commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// Its tree.
    pub tree: Oid,
    /// Its parents, the first one first.
    pub parents: Vec<Oid>,
    /// Who wrote the change.
    pub author: Signature,
    /// Who made the commit.
    pub committer: Signature,
    /// The lines as they stand, for output that must repeat them.
    pub author_line: Vec<u8>,
    /// See `author_line`.
    pub committer_line: Vec<u8>,
    /// Other headers, such as `encoding` and `gpgsig`, continuation lines joined by `\n`.
    pub extra: Vec<(Vec<u8>, Vec<u8>)>,
    /// The message.
    pub message: Vec<u8>,
}

impl Commit {
    /// Reads a commit; `None` where it is damaged.
    pub fn parse(content: &[u8]) -> Option<Self> {
        let (headers, message) = split_headers(content);
        let mut commit = Self {
            message: message.to_vec(),
            ..Self::default()
        };
        let mut tree = None;
        for (name, value) in headers {
            match name.as_slice() {
                b"tree" => tree = Some(Oid::from_hex(&value)?),
                b"parent" => commit.parents.push(Oid::from_hex(&value)?),
                b"author" => {
                    commit.author = Signature::parse(&value);
                    commit.author_line = value;
                }
                b"committer" => {
                    commit.committer = Signature::parse(&value);
                    commit.committer_line = value;
                }
                _ => commit.extra.push((name, value)),
            }
        }
        commit.tree = tree?;
        Some(commit)
    }

    /// The bytes of the object. The signatures are written, not the kept lines.
    pub fn write(&self) -> Vec<u8> {
        let mut out = cat!["tree ", self.tree.hex(), "\n"];
        for parent in &self.parents {
            out.extend_from_slice(format!("parent {parent}\n").as_bytes());
        }
        out.extend_from_slice(&cat!["author ", self.author.line(), "\n"]);
        out.extend_from_slice(&cat!["committer ", self.committer.line(), "\n"]);
        for (name, value) in &self.extra {
            out.extend_from_slice(&cat![name, " "]);
            let mut first = true;
            for line in value.split(|b| *b == b'\n') {
                out.extend_from_slice(&cat![if first { "" } else { " " }, line, "\n"]);
                first = false;
            }
        }
        out.push(b'\n');
        out.extend_from_slice(&self.message);
        out
    }

    /// The first paragraph of the message as one line.
    pub fn subject(&self) -> Vec<u8> {
        subject(&self.message)
    }

    /// The message after its first paragraph.
    pub fn body(&self) -> &[u8] {
        body(&self.message)
    }
}

/// The first paragraph of a message as one line, as `%s` prints it.
pub fn subject(message: &[u8]) -> Vec<u8> {
    let mut subject: Vec<u8> = Vec::new();
    for line in skip_blank_lines(message).split(|b| *b == b'\n') {
        let line = trim_end(line);
        if line.is_empty() {
            break;
        }
        if !subject.is_empty() {
            subject.push(b' ');
        }
        subject.extend_from_slice(line);
    }
    subject
}

/// What follows the first paragraph of a message, as `%b` prints it.
pub fn body(message: &[u8]) -> &[u8] {
    let mut rest = skip_blank_lines(message);
    loop {
        let end = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |at| at + 1);
        if end == 0 || trim_end(&rest[..end]).is_empty() {
            break;
        }
        rest = &rest[end..];
    }
    skip_blank_lines(rest)
}

fn skip_blank_lines(mut text: &[u8]) -> &[u8] {
    loop {
        let end = text.iter().position(|b| *b == b'\n').map_or(text.len(), |at| at + 1);
        if end == 0 || !trim_end(&text[..end]).is_empty() {
            return text;
        }
        text = &text[end..];
    }
}

fn trim_end(line: &[u8]) -> &[u8] {
    line.trim_ascii_end()
}

/// An annotated tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The object it names.
    pub object: Oid,
    /// That object's kind.
    pub kind: Kind,
    /// The tag's own name.
    pub name: Vec<u8>,
    /// Who made it; old tags have none.
    pub tagger: Option<Signature>,
    /// The message.
    pub message: Vec<u8>,
}

impl Tag {
    /// Reads a tag; `None` where it is damaged.
    pub fn parse(content: &[u8]) -> Option<Self> {
        let (headers, message) = split_headers(content);
        let get = |wanted: &[u8]| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
        Some(Self {
            object: Oid::from_hex(get(b"object")?)?,
            kind: Kind::from_name(get(b"type")?)?,
            name: get(b"tag")?.clone(),
            tagger: get(b"tagger").map(|line| Signature::parse(line)),
            message: message.to_vec(),
        })
    }

    /// The bytes of the object.
    pub fn write(&self) -> Vec<u8> {
        let mut out = cat![
            "object ",
            self.object.hex(),
            "\ntype ",
            self.kind.name(),
            "\ntag ",
            self.name,
            "\n"
        ];
        if let Some(tagger) = &self.tagger {
            out.extend_from_slice(&cat!["tagger ", tagger.line(), "\n"]);
        }
        out.push(b'\n');
        out.extend_from_slice(&self.message);
        out
    }
}

type Headers = Vec<(Vec<u8>, Vec<u8>)>;

/// The headers (continuation lines joined) and what follows the first empty line.
fn split_headers(content: &[u8]) -> (Headers, &[u8]) {
    let (head, message) = match find(content, b"\n\n") {
        Some(at) => (&content[..at], &content[at + 2..]),
        None => (content, b"".as_slice()),
    };
    let mut headers: Headers = Vec::new();
    for line in lines(head) {
        if let (Some(continued), Some((_, value))) = (line.strip_prefix(b" "), headers.last_mut()) {
            value.push(b'\n');
            value.extend_from_slice(continued);
        } else if let Some((name, value)) = split_once(line, b' ') {
            headers.push((name.to_vec(), value.to_vec()));
        } else {
            headers.push((line.to_vec(), Vec::new()));
        }
    }
    (headers, message)
}
