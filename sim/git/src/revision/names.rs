//! References by their short names, `@{…}` and what branches follow.

use super::{RULES, Resolver};
use crate::bytes::{find, parse_number};
use crate::cat;
use crate::date;
use crate::fault::{Fault, Result};
use crate::oid::Oid;
use crate::repo::Repo;
use essaim_kernel::Files;

impl Resolver<'_> {
    /// The full name and object of a short reference name.
    pub fn dwim(&mut self, name: &[u8]) -> Result<Option<(Vec<u8>, Oid)>> {
        let Some(name) = self.interpret(name)? else {
            return Ok(None);
        };
        let name = name.as_slice();
        if let Some(oid) = Oid::from_hex(name) {
            return Ok(Some((b"HEAD".to_vec(), oid)));
        }
        let mut found: Option<(Vec<u8>, Oid)> = None;
        for (before, after) in RULES {
            let full = cat![before, name, after];
            if before.is_empty() && !crate::refs::check_format(&full, true) {
                continue;
            }
            let Some(oid) = self.repo.refs.oid(self.files, &full) else {
                continue;
            };
            if found.is_some() {
                if self.repo.config.bool_or("core.warnambiguousrefs", true) {
                    self.notes
                        .extend_from_slice(&cat!["warning: refname '", name, "' is ambiguous.\n"]);
                }
                break;
            }
            found = Some((full, oid));
        }
        Ok(found)
    }

    /// `@`, `@{-1}`, `@{upstream}`, `main@{u}` become names; others stay as they are.
    pub fn interpret(&mut self, name: &[u8]) -> Result<Option<Vec<u8>>> {
        if name == b"@" {
            return Ok(Some(b"HEAD".to_vec()));
        }
        if let Some(inner) = name.strip_prefix(b"@{-") {
            let Some(close) = inner.iter().position(|b| *b == b'}') else {
                return Ok(Some(name.to_vec()));
            };
            let Some(n) = parse_number::<usize>(&inner[..close]).filter(|n| *n > 0) else {
                return Ok(None);
            };
            let Some(branch) = self.prior_branch(n) else {
                return Ok(None);
            };
            let rest = &inner[close + 1..];
            if rest.is_empty() {
                return Ok(Some(branch));
            }
            return self.interpret(&cat![branch, rest]);
        }
        if let Some(open) = name.strip_suffix(b"}").and_then(|_| find(name, b"@{"))
            && is_upstream(&name[open + 2..name.len() - 1])
        {
            return self.upstream_of(&name[..open]).map(Some);
        }
        Ok(Some(name.to_vec()))
    }

    /// The branch (short name), or commit, that was left `n` checkouts ago.
    pub fn prior_branch(&self, n: usize) -> Option<Vec<u8>> {
        let log = self.repo.refs.log(self.files, b"HEAD");
        let moves = log.iter().rev().filter_map(|entry| {
            let rest = entry.message.strip_prefix(b"checkout: moving from ")?;
            let end = find(rest, b" to ")?;
            Some(rest[..end].to_vec())
        });
        moves.into_iter().nth(n - 1)
    }

    /// The full name of what a branch follows, or Git's error. An empty name is the current branch.
    pub fn upstream_of(&self, branch: &[u8]) -> Result<Vec<u8>> {
        let full = match branch {
            b"" | b"@" | b"HEAD" => match self.repo.refs.head_branch(self.files) {
                Some(name) => name,
                None => return Err(Fault::fatal("HEAD does not point to a branch")),
            },
            name => cat!["refs/heads/", name],
        };
        let short = full.strip_prefix(b"refs/heads/").unwrap_or(&full).to_vec();
        upstream(self.repo, &short).ok_or_else(|| {
            Fault::fatal(match self.repo.refs.exists(self.files, &full) {
                true => cat!["no upstream configured for branch '", short, "'"],
                false => cat!["no such branch: '", short, "'"],
            })
        })
    }

    /// `main@{2}`, `HEAD@{yesterday}`.
    pub(super) fn at_log(&mut self, name: &[u8], inner: &[u8]) -> Result<Option<Oid>> {
        let full = match name {
            b"" => self
                .repo
                .refs
                .head_branch(self.files)
                .unwrap_or_else(|| b"HEAD".to_vec()),
            name => match self.dwim_log(name)? {
                Some(full) => full,
                None => return Ok(None),
            },
        };
        let log = self.repo.refs.log(self.files, &full);
        let shown = if name.is_empty() {
            full.strip_prefix(b"refs/heads/").unwrap_or(&full)
        } else {
            name
        };
        let current = self.repo.refs.oid(self.files, &full);
        if let Some(n) = parse_number::<usize>(inner).filter(|_| inner.len() < 9) {
            if n == 0 && current.is_some() && log.is_empty() {
                return Ok(current);
            }
            if let Some(entry) = log.len().checked_sub(n + 1).and_then(|at| log.get(at)) {
                return Ok(Some(entry.new));
            }
            if n == log.len() && log.first().is_some_and(|entry| !entry.old.is_null()) {
                return Ok(log.first().map(|entry| entry.old));
            }
            if log.is_empty() {
                return Err(Fault::fatal(cat!["log for '", shown, "' is empty"]));
            }
            return Err(Fault::fatal(cat![
                "log for '",
                shown,
                format!("' only has {} entries", log.len())
            ]));
        }
        let (seconds, understood) = date::approximate(inner, &self.clock);
        if !understood {
            return Ok(None);
        }
        if let Some(entry) = log.iter().rev().find(|entry| entry.who.seconds <= seconds) {
            return Ok(Some(entry.new));
        }
        let Some(first) = log.first() else {
            return Err(Fault::fatal(cat!["log for '", shown, "' is empty"]));
        };
        let when = date::format(first.who.seconds, first.who.zone, &date::Mode::Rfc, &self.clock);
        self.notes
            .extend_from_slice(&cat!["warning: log for '", shown, "' only goes back to ", when, "\n"]);
        Ok(Some(if first.old.is_null() { first.new } else { first.old }))
    }

    /// The full name of a reference that has a log.
    pub fn dwim_log(&mut self, name: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(name) = self.interpret(name)? else {
            return Ok(None);
        };
        let with_log = RULES
            .iter()
            .map(|(before, after)| cat![before, name, after])
            .find(|full| self.repo.refs.exists(self.files, full) && self.repo.refs.has_log(self.files, full));
        match with_log {
            Some(full) => Ok(Some(full)),
            None => Ok(self.dwim(&name)?.map(|(full, _)| full)),
        }
    }
}

pub(super) fn is_upstream(inner: &[u8]) -> bool {
    [b"u".as_slice(), b"upstream", b"push"]
        .iter()
        .any(|word| inner.eq_ignore_ascii_case(word))
}

/// The shortest name that still means this reference.
pub fn shortest_name<'n>(repo: &Repo, files: &Files, name: &'n [u8]) -> &'n [u8] {
    let strict = repo.config.bool_or("core.warnambiguousrefs", true);
    for nth in (1..RULES.len()).rev() {
        let (before, after) = RULES[nth];
        let inner = name.strip_prefix(before.as_bytes());
        let Some(short) = inner.and_then(|inner| inner.strip_suffix(after.as_bytes())) else {
            continue;
        };
        let others = if strict { RULES.len() } else { nth };
        let taken = (0..others).filter(|other| *other != nth).any(|other| {
            let full = cat![RULES[other].0, short, RULES[other].1];
            full != name && repo.refs.exists(files, &full)
        });
        if !short.is_empty() && !taken {
            return short;
        }
    }
    name
}

/// The full name of what a branch (short name) follows, by its settings.
pub fn upstream(repo: &Repo, branch: &[u8]) -> Option<Vec<u8>> {
    let remote = repo.config.get(cat!["branch.", branch, ".remote"])?;
    let merge = repo.config.get(cat!["branch.", branch, ".merge"])?;
    if remote == b"." {
        return Some(merge.to_vec());
    }
    for refspec in repo.config.get_all(cat!["remote.", remote, ".fetch"]) {
        let refspec = refspec.strip_prefix(b"+").unwrap_or(refspec);
        let (source, target) = crate::bytes::split_once(refspec, b':')?;
        match (source.strip_suffix(b"*"), target.strip_suffix(b"*")) {
            (Some(source), Some(target)) => {
                if let Some(rest) = merge.strip_prefix(source) {
                    return Some(cat![target, rest]);
                }
            }
            _ if source == merge => return Some(target.to_vec()),
            _ => {}
        }
    }
    None
}
