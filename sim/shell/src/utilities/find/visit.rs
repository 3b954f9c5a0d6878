//! An expression applied to one file.

use super::expression::Node;
use super::format::formatted;
use crate::utilities::support::complain;
use crate::utilities::support::glob::{self, Rules};
use crate::utilities::support::text::quote;
use essaim_kernel::files::{OpenOptions, path};
use essaim_kernel::{Call, Io, Metadata};

/// A file being looked at.
pub struct Visit<'a> {
    pub name: &'a [u8],
    pub root: &'a [u8],
    pub depth: usize,
    pub metadata: Metadata,
    /// What the actions of this file gave, in order: each is done once, though the expression may be walked again.
    pub done: Vec<bool>,
    pub at: usize,
    pub pruned: bool,
    pub quit: bool,
    pub failed: bool,
    pub batches: &'a mut Vec<Vec<Vec<u8>>>,
    /// A command to run before the expression can go on.
    pub need: Option<Vec<Vec<u8>>>,
}

impl Visit<'_> {
    /// The value of an expression; meaningless once something is needed.
    pub fn run(&mut self, node: &Node, call: &Call, io: &mut Io<'_>) -> bool {
        if self.need.is_some() {
            return false;
        }
        match node {
            Node::And(a, b) => self.run(a, call, io) && self.run(b, call, io),
            Node::Or(a, b) => self.run(a, call, io) || self.run(b, call, io),
            Node::List(a, b) => {
                self.run(a, call, io);
                self.run(b, call, io)
            }
            Node::Not(inner) => !self.run(inner, call, io),
            Node::Prune => {
                self.pruned = true;
                true
            }
            Node::Quit => {
                self.quit = true;
                self.pruned = true;
                true
            }
            Node::Print(_)
            | Node::Format(_)
            | Node::Into(..)
            | Node::List2
            | Node::Delete
            | Node::Exec(_)
            | Node::Batch(_) => {
                let index = self.at;
                self.at += 1;
                if let Some(result) = self.done.get(index) {
                    return *result;
                }
                let result = self.act(node, call, io);
                if self.need.is_none() {
                    self.done.push(result);
                }
                result
            }
            node => self.test(node, io),
        }
    }

    fn test(&self, node: &Node, io: &Io<'_>) -> bool {
        let metadata = &self.metadata;
        let rules = |ignore_case| Rules {
            ignore_case,
            slash_apart: false,
        };
        match node {
            Node::False => false,
            Node::Name(pattern, fold) => {
                let base = path::file_name(self.name);
                let base = if base.is_empty() { b"/" } else { base };
                glob::matches(pattern, base, rules(*fold))
            }
            Node::Path(pattern, fold) => glob::matches(pattern, self.name, rules(*fold)),
            Node::LinkName(pattern, fold) => {
                let target = io.files_ref().read_link(&io.path(self.name));
                metadata.is_symlink() && target.is_ok_and(|t| glob::matches(pattern, &t, rules(*fold)))
            }
            Node::Regex(regex) => regex.is_match(self.name),
            Node::Type(letters) => letters.contains(&letter(metadata)),
            Node::TargetType(letters) => {
                let target = io.files_ref().metadata(&io.path(self.name));
                letters.contains(&target.map_or(b'l', |m| letter(&m)))
            }
            Node::Size(compared, unit) => compared.holds(metadata.size.div_ceil(*unit) as i64),
            Node::Age(compared, unit, changed) => {
                let time = if *changed { metadata.ctime } else { metadata.mtime };
                let age = (io.now().0 - time.0).div_euclid(1_000_000_000);
                // Minutes count up to the next whole one, days down.
                let units = if *unit == 60 {
                    (age + unit - 1).div_euclid(*unit)
                } else {
                    age.div_euclid(*unit)
                };
                compared.holds(units)
            }
            Node::Newer(time) => metadata.mtime > *time,
            Node::Empty if metadata.is_dir() => {
                let names = io.files_ref().read_dir(&io.path(self.name));
                names.is_ok_and(|names| names.is_empty())
            }
            Node::Empty => metadata.is_file() && metadata.size == 0,
            Node::Links(compared) => compared.holds(i64::from(metadata.nlink)),
            Node::Inode(compared) => compared.holds(metadata.ino as i64),
            Node::Perm(b'-', bits) => metadata.mode & bits == *bits,
            Node::Perm(b'/', bits) => *bits == 0 || metadata.mode & bits != 0,
            Node::Perm(_, bits) => metadata.mode == *bits,
            Node::Executable => metadata.mode & 0o111 != 0,
            Node::Readable => metadata.mode & 0o444 != 0,
            Node::Writable => metadata.mode & 0o222 != 0,
            _ => true,
        }
    }

    fn act(&mut self, node: &Node, call: &Call, io: &mut Io<'_>) -> bool {
        match node {
            Node::Print(end) => io.print([self.name, &[*end]].concat()),
            Node::Format(format) => {
                let out = formatted(format, self, io);
                io.print(out);
            }
            Node::Into(file, node) => {
                let out = match &**node {
                    Node::Print(end) => [self.name, &[*end]].concat(),
                    Node::Format(format) => formatted(format, self, io),
                    _ => Vec::new(),
                };
                let options = OpenOptions {
                    write: true,
                    create: true,
                    ..OpenOptions::default()
                };
                if let Ok(fd) = io.open(file, options, true, 10) {
                    io.write(fd, &out);
                    io.close(fd);
                }
            }
            Node::List2 => {
                let out = formatted(b"%9i %6k %M %3n %-8u %-8g %8s %t %p\n", self, io);
                io.print(out);
            }
            Node::Delete => {
                let at = io.path(self.name);
                let result = if self.name == b"." {
                    Ok(())
                } else if self.metadata.is_dir() {
                    io.files().remove_dir(&at)
                } else {
                    io.files().remove_file(&at)
                };
                if let Err(error) = result {
                    complain(io, call, format!("cannot delete {}: {error}", quote(self.name)));
                    self.failed = true;
                    return false;
                }
            }
            Node::Exec(command) => {
                let name = self.name;
                self.need = Some(command.iter().map(|word| with_name(word, name)).collect());
                return false;
            }
            Node::Batch(index) => self.batches[*index].push(self.name.to_vec()),
            _ => {}
        }
        true
    }
}

/// The letter of a file's type.
fn letter(metadata: &Metadata) -> u8 {
    if metadata.is_dir() {
        b'd'
    } else if metadata.is_symlink() {
        b'l'
    } else {
        b'f'
    }
}

/// `{}` in a word becomes the file's name.
fn with_name(word: &[u8], name: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = word;
    while let Some(at) = rest.windows(2).position(|w| w == b"{}") {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(name);
        rest = &rest[at + 2..];
    }
    out.extend_from_slice(rest);
    out
}
