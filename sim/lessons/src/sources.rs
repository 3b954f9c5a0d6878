//! The content folder as a map from path to bytes: whoever calls reads the disk.

use crate::problem::{Problem, line_at};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Files by their path below the content folder, with `/`.
pub type Sources = BTreeMap<String, Vec<u8>>;

/// The lessons: `chapter/module/lesson`, every folder with a `lab.toml`.
pub fn lesson_ids(sources: &Sources) -> Vec<String> {
    let id = |path: &String| {
        let id = path.strip_suffix("/lab.toml")?;
        (id.split('/').count() == 3).then(|| id.to_owned())
    };
    sources.keys().filter_map(id).collect()
}

/// A file as text.
pub fn text<'a>(sources: &'a Sources, path: &str) -> Result<&'a str, Problem> {
    let bytes = sources
        .get(path)
        .ok_or_else(|| Problem::new(path, 0, "the file is missing"))?;
    std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|b| *b == b'\n').count();
        Problem::new(path, line, "not UTF-8")
    })
}

/// TOML; `first_line` is where it begins in its file.
pub fn toml<T: DeserializeOwned>(path: &str, text: &str, first_line: usize) -> Result<T, Problem> {
    toml::from_str(text).map_err(|error| {
        let line = error
            .span()
            .map_or(0, |span| line_at(text, span.start) + first_line - 1);
        Problem::new(path, line, error.message().trim())
    })
}

/// The first `digits` hex digits of the SHA-256.
pub fn hash(bytes: &[u8], digits: usize) -> String {
    let mut hex = format!("{:x}", Sha256::digest(bytes));
    hex.truncate(digits);
    hex
}

/// Whether a word is kebab-case: what ids are made of.
pub fn is_kebab(id: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    id.split('-').all(part)
}
