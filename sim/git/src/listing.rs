//! Lists of references: fields such as `%(refname:short)`, and orders such as `-committerdate`.

mod fields;

use crate::date::Clock;
use crate::fault::Result;
use crate::object::{Commit, Kind, Signature, Tag};
use crate::oid::Oid;
use crate::refs::Ref;
use crate::repo::Repo;
use core::cmp::Ordering;
use essaim_kernel::Files;
use essaim_kernel::SmallSort;

/// What fields need.
pub struct Listing<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// Its files.
    pub files: &'a Files,
    /// For dates.
    pub clock: Clock,
}

/// A value to sort by.
#[derive(Clone, Debug, PartialEq, Eq)]
enum SortValue {
    Text(Vec<u8>),
    Number(i64),
}

impl Listing<'_> {
    /// Sorts by keys (`--sort`, the last one counting most), then by name.
    pub fn sort(&self, items: &mut [Ref], keys: &[Vec<u8>], ignore_case: bool) -> Result<()> {
        let fold = |text: Vec<u8>| if ignore_case { text.to_ascii_lowercase() } else { text };
        items.small_sort_by_key(|item| fold(item.name.clone()));
        for key in keys {
            let (reverse, key) = match key.strip_prefix(b"-") {
                Some(key) => (true, key),
                None => (false, key.as_slice()),
            };
            let (version, key) = match key.strip_prefix(b"version:").or(key.strip_prefix(b"v:")) {
                Some(key) => (true, key),
                None => (false, key),
            };
            let mut keyed = Vec::new();
            for item in items.iter() {
                keyed.push((self.sort_value(item, key)?, item.clone()));
            }
            let compare = |a: &SortValue, b: &SortValue| match (a, b) {
                (SortValue::Number(a), SortValue::Number(b)) => a.cmp(b),
                (SortValue::Text(a), SortValue::Text(b)) if version => compare_versions(a, b),
                (SortValue::Text(a), SortValue::Text(b)) => fold(a.clone()).cmp(&fold(b.clone())),
                _ => Ordering::Equal,
            };
            keyed.small_sort_by(|(a, _), (b, _)| if reverse { compare(b, a) } else { compare(a, b) });
            for (slot, (_, item)) in items.iter_mut().zip(keyed) {
                *slot = item;
            }
        }
        Ok(())
    }

    fn sort_value(&self, item: &Ref, key: &[u8]) -> Result<SortValue> {
        let (name, _) = crate::bytes::split_once(key, b':').unwrap_or((key, b""));
        let name = name.strip_prefix(b"*").unwrap_or(name);
        let date = |signature: Option<Signature>| SortValue::Number(signature.map_or(0, |who| who.seconds));
        match name {
            b"committerdate" => Ok(date(self.signature(item, "committer"))),
            b"authordate" => Ok(date(self.signature(item, "author"))),
            b"taggerdate" => Ok(date(self.signature(item, "tagger"))),
            b"creatordate" => Ok(date(self.signature(item, "creator"))),
            b"objectsize" => Ok(SortValue::Number(
                self.repo.store.get(self.files, &item.oid)?.content.len() as i64,
            )),
            _ => Ok(SortValue::Text(self.field(item, key)?)),
        }
    }

    /// Who committed, wrote or tagged.
    pub fn signature(&self, item: &Ref, role: &str) -> Option<Signature> {
        let object = self.repo.store.read(self.files, &item.oid)?;
        match (object.kind, role) {
            (Kind::Commit, "committer" | "creator") => Some(Commit::parse(&object.content)?.committer),
            (Kind::Commit, "author") => Some(Commit::parse(&object.content)?.author),
            (Kind::Tag, "tagger" | "creator") => Tag::parse(&object.content)?.tagger,
            _ => None,
        }
    }

    /// The message of what a reference names directly.
    pub fn message(&self, item: &Ref) -> Vec<u8> {
        self.message_of(&item.oid)
    }

    fn message_of(&self, oid: &Oid) -> Vec<u8> {
        let Some(object) = self.repo.store.read(self.files, oid) else {
            return Vec::new();
        };
        match object.kind {
            Kind::Commit => Commit::parse(&object.content)
                .map(|commit| commit.message)
                .unwrap_or_default(),
            Kind::Tag => Tag::parse(&object.content).map(|tag| tag.message).unwrap_or_default(),
            _ => Vec::new(),
        }
    }
}

/// The first lines of a message, those after the first indented by four spaces (`git tag -n`).
pub fn first_lines(message: &[u8], count: usize) -> Vec<u8> {
    let text = message.trim_ascii_start();
    let mut out = Vec::new();
    for (at, line) in crate::bytes::lines(text.trim_ascii_end()).take(count).enumerate() {
        if at > 0 {
            out.extend_from_slice(b"\n    ");
        }
        out.extend_from_slice(line);
    }
    out
}

/// Names as people sort versions: numbers by value (`v1.9` before `v1.10`).
pub fn compare_versions(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        let (x, y) = (run(a), run(b));
        if x.is_empty() && y.is_empty() {
            return Ordering::Equal;
        }
        let digits = |part: &[u8]| part.first().is_some_and(u8::is_ascii_digit);
        let order = if digits(x) && digits(y) {
            let trim = |part: &[u8]| part.iter().skip_while(|b| **b == b'0').copied().collect::<Vec<u8>>();
            let (x, y) = (trim(x), trim(y));
            (x.len(), x).cmp(&(y.len(), y))
        } else {
            x.cmp(y)
        };
        if order != Ordering::Equal {
            return order;
        }
        a = &a[x.len()..];
        b = &b[y.len()..];
    }
}

fn run(text: &[u8]) -> &[u8] {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits > 0 {
        return &text[..digits];
    }
    &text[..text.iter().take_while(|b| !b.is_ascii_digit()).count()]
}

/// Which references are wanted (`--contains`, `--merged`, `--points-at` and their opposites).
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// `--contains`.
    pub contains: Vec<Oid>,
    /// `--no-contains`.
    pub no_contains: Vec<Oid>,
    /// `--merged`.
    pub merged: Vec<Oid>,
    /// `--no-merged`.
    pub no_merged: Vec<Oid>,
    /// `--points-at`.
    pub points_at: Vec<Oid>,
}

impl Filter {
    /// Keeps the references that pass.
    pub fn apply(&self, repo: &Repo, files: &Files, items: &mut Vec<Ref>) -> Result<()> {
        let mut history = crate::walk::History::new(&repo.store, files);
        let merged = history.ancestors(&self.merged)?;
        let not_merged = history.ancestors(&self.no_merged)?;
        let resolver = crate::revision::Resolver::new(
            repo,
            files,
            Clock {
                seconds: 0,
                zone: crate::date::Zone::default(),
            },
        );
        let mut kept = Vec::new();
        for item in items.drain(..) {
            let commit = resolver.peel(item.oid, Some(Kind::Commit));
            let points = self.points_at.is_empty()
                || self.points_at.contains(&item.oid)
                || resolver
                    .peel(item.oid, None)
                    .is_some_and(|oid| self.points_at.contains(&oid));
            if !points {
                continue;
            }
            let needs_commit = !(self.contains.is_empty()
                && self.no_contains.is_empty()
                && self.merged.is_empty()
                && self.no_merged.is_empty());
            let Some(commit) = commit else {
                if !needs_commit {
                    kept.push(item);
                }
                continue;
            };
            let mut has = |tips: &[Oid]| -> Result<bool> {
                for tip in tips {
                    if history.is_ancestor(tip, &commit)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            };
            let wanted = (self.contains.is_empty() || has(&self.contains)?)
                && (self.no_contains.is_empty() || !has(&self.no_contains)?)
                && (self.merged.is_empty() || merged.contains(&commit))
                && (self.no_merged.is_empty() || !not_merged.contains(&commit));
            if wanted {
                kept.push(item);
            }
        }
        *items = kept;
        Ok(())
    }
}
