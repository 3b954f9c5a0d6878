//! Lists of references: fields such as `%(refname:short)`, and orders such as `-committerdate`.

use crate::cat;
use crate::date::{self, Clock, Mode};
use crate::fault::{Fault, Result};
use crate::object::{Commit, Kind, Signature, Tag, body, subject};
use crate::oid::Oid;
use crate::refs::Ref;
use crate::repo::Repo;
use crate::tracking;
use core::cmp::Ordering;
use essaim_kernel::Files;

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
        items.sort_by_key(|item| fold(item.name.clone()));
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
            keyed.sort_by(|(a, _), (b, _)| if reverse { compare(b, a) } else { compare(a, b) });
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

    /// Fills `%(field)` into a format.
    pub fn format(&self, item: &Ref, format: &[u8]) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        let mut rest = format;
        // Conditions: (field to test, so far taken, text of the branch that counts).
        while let Some(byte) = rest.first() {
            if let Some(inner) = rest.strip_prefix(b"%(") {
                let Some(close) = inner.iter().position(|b| *b == b')') else {
                    return Err(Fault::fatal(cat!["malformed format string ", rest]));
                };
                let name = &inner[..close];
                rest = &inner[close + 1..];
                if name == b"if" || name.starts_with(b"if:") {
                    let (then, otherwise, test, after) = split_condition(rest)
                        .ok_or_else(|| Fault::fatal("format: %(if) atom used without a %(then) atom"))?;
                    let value = self.format(item, test)?;
                    let yes = match name.strip_prefix(b"if:") {
                        Some(rule) => match (rule.strip_prefix(b"equals="), rule.strip_prefix(b"notequals=")) {
                            (Some(text), _) => value == text,
                            (_, Some(text)) => value != text,
                            _ => false,
                        },
                        None => !value.trim_ascii().is_empty(),
                    };
                    out.extend_from_slice(&self.format(item, if yes { then } else { otherwise })?);
                    rest = after;
                    continue;
                }
                out.extend_from_slice(&self.field(item, name)?);
            } else if rest.starts_with(b"%%") {
                out.push(b'%');
                rest = &rest[2..];
            } else if *byte == b'%'
                && let Some(code) = rest.get(1..3)
                && let Some(high) = crate::oid::hex_value(code[0])
                && let Some(low) = crate::oid::hex_value(code[1])
            {
                out.push(high << 4 | low);
                rest = &rest[3..];
            } else {
                out.push(*byte);
                rest = &rest[1..];
            }
        }
        Ok(out)
    }

    /// One field of a reference.
    pub fn field(&self, item: &Ref, name: &[u8]) -> Result<Vec<u8>> {
        if let Some(inner) = name.strip_prefix(b"*") {
            let object = self.repo.store.read(self.files, &item.oid);
            let Some(tag) = object
                .filter(|object| object.kind == Kind::Tag)
                .and_then(|object| Tag::parse(&object.content))
            else {
                return Ok(Vec::new());
            };
            let target = Ref {
                name: item.name.clone(),
                oid: tag.object,
                symbolic: None,
            };
            return self.field(&target, inner);
        }
        let (field, option) = crate::bytes::split_once(name, b':').unwrap_or((name, b""));
        let object = || self.repo.store.get(self.files, &item.oid);
        Ok(match field {
            b"refname" => shown_name(&item.name, option),
            b"symref" => item
                .symbolic
                .as_ref()
                .map(|target| shown_name(target, option))
                .unwrap_or_default(),
            b"objectname" => match option {
                b"short" => self.repo.short(self.files, &item.oid).into_bytes(),
                option if option.starts_with(b"short=") => {
                    let len = crate::bytes::parse_number(&option[6..]).unwrap_or(7usize).max(4);
                    self.repo.store.abbreviate(self.files, &item.oid, len).into_bytes()
                }
                _ => item.oid.hex().into_bytes(),
            },
            b"objecttype" => object()?.kind.name().as_bytes().to_vec(),
            b"objectsize" => object()?.content.len().to_string().into_bytes(),
            b"tree" => self.of_commit(item, |commit| commit.tree.hex().into_bytes()),
            b"parent" => self.of_commit(item, |commit| {
                commit
                    .parents
                    .iter()
                    .map(Oid::hex)
                    .collect::<Vec<_>>()
                    .join(" ")
                    .into_bytes()
            }),
            b"numparent" => self.of_commit(item, |commit| commit.parents.len().to_string().into_bytes()),
            b"subject" => subject(&self.message(item)),
            b"body" => body(&self.message(item)).to_vec(),
            b"contents" => match option {
                b"subject" => subject(&self.message(item)),
                b"body" => body(&self.message(item)).to_vec(),
                b"size" => self.message(item).len().to_string().into_bytes(),
                option if option.starts_with(b"lines=") => {
                    let count = crate::bytes::parse_number(&option[6..]).unwrap_or(0);
                    first_lines(&self.message(item), count)
                }
                _ => self.message(item),
            },
            b"HEAD" => {
                let current = self.repo.refs.head_branch(self.files).as_deref() == Some(&item.name);
                if current { b"*".to_vec() } else { b" ".to_vec() }
            }
            b"upstream" => self.upstream(item, option)?,
            b"tag" => match Tag::parse(&object()?.content) {
                Some(tag) if object()?.kind == Kind::Tag => tag.name,
                _ => Vec::new(),
            },
            b"object" => match Tag::parse(&object()?.content) {
                Some(tag) if object()?.kind == Kind::Tag => tag.object.hex().into_bytes(),
                _ => Vec::new(),
            },
            b"worktreepath" | b"align" | b"end" | b"color" | b"push" | b"trailers" | b"rest" | b"deltabase"
            | b"signature" | b"describe" | b"ahead-behind" | b"is-base" | b"raw" => {
                return Err(Fault::gap(cat!["the field '%(", name, ")'"]));
            }
            field => return self.person(item, field, option, name),
        })
    }

    fn of_commit(&self, item: &Ref, get: impl Fn(&Commit) -> Vec<u8>) -> Vec<u8> {
        self.repo
            .store
            .commit(self.files, &item.oid)
            .map(|commit| get(&commit))
            .unwrap_or_default()
    }

    /// `authorname`, `committeremail:trim`, `taggerdate:short` …
    fn person(&self, item: &Ref, field: &[u8], option: &[u8], whole: &[u8]) -> Result<Vec<u8>> {
        let unknown = || Fault::fatal(cat!["unknown field name: ", whole]);
        let roles = ["author", "committer", "tagger", "creator"];
        let (role, rest) = roles
            .iter()
            .find_map(|role| Some((*role, field.strip_prefix(role.as_bytes())?)))
            .ok_or_else(unknown)?;
        let Some(who) = self.signature(item, role) else {
            return Ok(Vec::new());
        };
        Ok(match rest {
            b"" => who.line(),
            b"name" => who.name,
            b"email" => match option {
                b"trim" => who.email,
                b"localpart" => who.email.split(|b| *b == b'@').next().unwrap_or_default().to_vec(),
                _ => cat!["<", who.email, ">"],
            },
            b"date" => {
                let mode = match option {
                    b"" => Mode::Default,
                    option => Mode::parse(option).ok_or_else(|| Fault::fatal(cat!["unknown date format ", option]))?,
                };
                date::format(who.seconds, who.zone, &mode, &self.clock)
            }
            _ => return Err(unknown()),
        })
    }

    fn upstream(&self, item: &Ref, option: &[u8]) -> Result<Vec<u8>> {
        let Some(branch) = item.name.strip_prefix(b"refs/heads/") else {
            return Ok(Vec::new());
        };
        let Some(found) = tracking::of_branch(self.files, self.repo, branch)? else {
            return Ok(Vec::new());
        };
        let brackets = !option.contains(&b',');
        Ok(match option {
            b"track" | b"track,nobracket" => {
                let inner = match found.apart {
                    None => "gone".to_owned(),
                    Some((0, 0)) => return Ok(Vec::new()),
                    Some((ahead, 0)) => format!("ahead {ahead}"),
                    Some((0, behind)) => format!("behind {behind}"),
                    Some((ahead, behind)) => format!("ahead {ahead}, behind {behind}"),
                };
                if brackets { format!("[{inner}]") } else { inner }.into_bytes()
            }
            b"trackshort" => match found.apart {
                None => Vec::new(),
                Some((0, 0)) => b"=".to_vec(),
                Some((_, 0)) => b">".to_vec(),
                Some((0, _)) => b"<".to_vec(),
                Some(_) => b"<>".to_vec(),
            },
            option => shown_name(&found.upstream, option),
        })
    }
}

/// `:short`, `:lstrip=2`, `:rstrip=-1`.
fn shown_name(name: &[u8], option: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> = name.split(|b| *b == b'/').collect();
    let strip = |text: &[u8]| {
        let count: i64 = crate::bytes::parse_number(text).unwrap_or(0);
        let len = parts.len() as i64;
        (if count >= 0 { count } else { (len + count).max(0) }).min(len) as usize
    };
    if let Some(count) = option.strip_prefix(b"lstrip=").or(option.strip_prefix(b"strip=")) {
        return parts[strip(count)..].join(b"/".as_slice());
    }
    if let Some(count) = option.strip_prefix(b"rstrip=") {
        return parts[..parts.len() - strip(count)].join(b"/".as_slice());
    }
    match option {
        b"short" => crate::refs::shorten(name).to_vec(),
        _ => name.to_vec(),
    }
}

/// The parts of `test %(then) a %(else) b %(end) rest`: (a, b, test, rest).
fn split_condition(text: &[u8]) -> Option<(&[u8], &[u8], &[u8], &[u8])> {
    let then = crate::bytes::find(text, b"%(then)")?;
    let after_then = &text[then + 7..];
    let mut depth = 0;
    let mut otherwise = None;
    let mut at = 0;
    while at < after_then.len() {
        let rest = &after_then[at..];
        if rest.starts_with(b"%(if") {
            depth += 1;
        } else if rest.starts_with(b"%(end)") {
            if depth == 0 {
                let (yes, no) = match otherwise {
                    Some(split) => (&after_then[..split], &after_then[split + 7..at]),
                    None => (&after_then[..at], b"".as_slice()),
                };
                return Some((yes, no, &text[..then], &after_then[at + 6..]));
            }
            depth -= 1;
        } else if rest.starts_with(b"%(else)") && depth == 0 {
            otherwise = Some(at);
        }
        at += 1;
    }
    None
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
