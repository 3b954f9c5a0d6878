//! Pathspecs: `src`, `*.rs`, `:/`, `:!target`, `:(icase,glob)**/*.MD`.

use crate::cat;
use crate::fault::{Fault, Result};
use crate::repo::Repo;
use crate::wildmatch::{CASEFOLD, PATHNAME, has_glob, wildmatch};
use essaim_kernel::files::path;

/// One item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// As it was typed.
    pub original: Vec<u8>,
    /// From the top of the working tree.
    pub matched: Vec<u8>,
    exclude: bool,
    fold: bool,
    glob: bool,
    literal: bool,
    /// Typed with a slash at its end: only directories.
    directory: bool,
    /// The part that is the current directory, matched literally.
    literal_len: usize,
}

/// The paths a command is about. Empty: all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pathspec {
    /// What was typed.
    pub items: Vec<Item>,
}

impl Pathspec {
    /// Reads the arguments as seen from the current directory.
    pub fn parse(repo: &Repo, args: &[Vec<u8>]) -> Result<Self> {
        let mut items = Vec::new();
        for arg in args {
            items.push(parse_item(repo, arg)?);
        }
        if !items.is_empty() && items.iter().all(|item: &Item| item.exclude) {
            // Only exclusions: all else (below the current directory).
            items.push(parse_item(repo, if repo.prefix.is_empty() { b":/" } else { b"." })?);
        }
        Ok(Self { items })
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether a path (a file's) is meant.
    pub fn matches(&self, path: &[u8]) -> bool {
        if self.items.is_empty() {
            return true;
        }
        let mut includes = self.items.iter().filter(|item| !item.exclude);
        let mut excludes = self.items.iter().filter(|item| item.exclude);
        includes.any(|item| item.matches(path)) && !excludes.any(|item| item.matches(path))
    }

    /// Whether something below a directory might be meant (to decide whether to look into it).
    pub fn may_match_below(&self, directory: &[u8]) -> bool {
        if self.items.is_empty() {
            return true;
        }
        let slash = cat![directory, "/"];
        self.items
            .iter()
            .filter(|item| !item.exclude)
            .any(|item| item.matches(directory) || item.matched.starts_with(&slash) || item.is_glob())
    }

    /// The first item (not an exclusion) that matches none of the paths.
    pub fn first_unmatched<'p>(&self, paths: impl Iterator<Item = &'p [u8]> + Clone) -> Option<&Item> {
        let mut items = self.items.iter().filter(|item| !item.exclude);
        items.find(|item| !paths.clone().any(|path| item.matches(path)))
    }
}

impl Item {
    /// Whether this item alone matches a path.
    pub fn matches(&self, path: &[u8]) -> bool {
        let same = |a: &[u8], b: &[u8]| if self.fold { a.eq_ignore_ascii_case(b) } else { a == b };
        let pattern = self.matched.as_slice();
        if pattern.is_empty() {
            return true;
        }
        if path.len() >= pattern.len() && same(&path[..pattern.len()], pattern) {
            if path.len() == pattern.len() {
                return !self.directory;
            }
            if path[pattern.len()] == b'/' {
                return true;
            }
        }
        if !self.is_glob() {
            return false;
        }
        let literal = self.literal_len.min(path.len());
        if !path.starts_with(&pattern[..self.literal_len.min(pattern.len())]) {
            return false;
        }
        let flags = if self.fold { CASEFOLD } else { 0 } | if self.glob { PATHNAME } else { 0 };
        let suffix: &[u8] = if self.directory { b"/*" } else { b"" };
        wildmatch(&cat![pattern[self.literal_len..], suffix], &path[literal..], flags)
    }

    /// The words of `:(…)`; whether the path is seen from the top.
    fn long_magic(&mut self, words: &[u8]) -> Result<bool> {
        let mut top = false;
        for word in words.split(|b| *b == b',').filter(|word| !word.is_empty()) {
            match word {
                b"top" => top = true,
                b"exclude" => self.exclude = true,
                b"icase" => self.fold = true,
                b"glob" => self.glob = true,
                b"literal" => self.literal = true,
                word if word.starts_with(b"attr:") => return Err(Fault::gap("the pathspec magic 'attr'")),
                word => {
                    return Err(Fault::fatal(cat![
                        "Invalid pathspec magic '",
                        word,
                        "' in '",
                        self.original,
                        "'"
                    ]));
                }
            }
        }
        Ok(top)
    }

    /// Whether it is an exclusion.
    pub fn is_exclude(&self) -> bool {
        self.exclude
    }

    /// Whether it holds special characters that count.
    pub fn is_glob(&self) -> bool {
        !self.literal && has_glob(&self.matched[self.literal_len.min(self.matched.len())..])
    }
}

fn parse_item(repo: &Repo, arg: &[u8]) -> Result<Item> {
    let mut item = Item {
        original: arg.to_vec(),
        matched: Vec::new(),
        exclude: false,
        fold: false,
        glob: false,
        literal: false,
        directory: false,
        literal_len: 0,
    };
    if arg.is_empty() {
        return Err(Fault::fatal(
            "empty string is not a valid pathspec. please use . instead if you meant to match all paths",
        ));
    }
    let mut top = false;
    let mut rest = arg;
    if let Some(long) = arg.strip_prefix(b":(") {
        let Some(close) = long.iter().position(|b| *b == b')') else {
            return Err(Fault::fatal(cat![
                "Missing ')' at the end of pathspec magic in '",
                arg,
                "'"
            ]));
        };
        top = item.long_magic(&long[..close])?;
        rest = &long[close + 1..];
    } else if let Some(mut short) = arg.strip_prefix(b":") {
        while let Some(byte) = short.first() {
            match byte {
                b'/' => top = true,
                b'!' | b'^' => item.exclude = true,
                b':' => {
                    short = &short[1..];
                    break;
                }
                byte if byte.is_ascii_punctuation()
                    && !matches!(byte, b'*' | b'?' | b'[' | b'.' | b'_' | b'-' | b'"' | b'\\') =>
                {
                    let message = cat!["Unimplemented pathspec magic '", [*byte], "' in '", arg, "'"];
                    return Err(Fault::fatal(message));
                }
                _ => break,
            }
            short = &short[1..];
        }
        rest = short;
    }
    item.directory = rest.len() > 1 && rest.ends_with(b"/");
    let prefix: &[u8] = if top { b"" } else { &repo.prefix };
    item.matched = from_top(repo, prefix, rest, arg)?;
    item.literal_len = if item.matched.starts_with(prefix) {
        prefix.len()
    } else {
        0
    };
    Ok(item)
}

/// A path as typed, from the top of the working tree.
pub fn from_top(repo: &Repo, prefix: &[u8], typed: &[u8], shown: &[u8]) -> Result<Vec<u8>> {
    let top = repo.work_tree.as_deref().unwrap_or_default();
    let full = if typed.starts_with(b"/") {
        path::normalize(typed)
    } else {
        let mut depth = prefix.iter().filter(|b| **b == b'/').count() as i64;
        for part in path::components(typed) {
            depth += match part {
                b".." => -1,
                b"." => 0,
                _ => 1,
            };
            if depth < 0 {
                return Err(outside(shown, typed, top));
            }
        }
        path::normalize(&cat![top, "/", prefix, typed])
    };
    if full == top {
        return Ok(Vec::new());
    }
    let slash = if top == b"/" { b"/".to_vec() } else { cat![top, "/"] };
    full.strip_prefix(slash.as_slice())
        .map(<[u8]>::to_vec)
        .ok_or_else(|| outside(shown, typed, top))
}

fn outside(shown: &[u8], typed: &[u8], top: &[u8]) -> Fault {
    Fault::fatal(cat![shown, ": '", typed, "' is outside repository at '", top, "'"])
}
