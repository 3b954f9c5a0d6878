//! `git ls-tree`.

use super::Command;
use super::plumbing;
use crate::cat;
use crate::cli::options::{Parsed, usage_fatal, usage_only};
use crate::fault::{Fault, Result};
use crate::object::{Kind, TreeEntry, mode};
use crate::oid::Oid;
use crate::output::{quote_high, quote_path};
use crate::process::{Cx, Next};
use crate::repo::Repo;

pub(super) const COMMAND: Command = Command {
    name: "ls-tree",
    main,
    usage: include_str!("../usage/ls-tree.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &[
        "d",
        "r",
        "t",
        "z",
        "long",
        "name-only",
        "name-status",
        "object-only",
        "full-name",
        "full-tree",
        "abbrev",
        "format",
    ],
};

struct List<'a> {
    repo: &'a Repo,
    parsed: &'a Parsed,
    wanted: Vec<Vec<u8>>,
    prefix: Vec<u8>,
    abbrev: Option<usize>,
    out: Vec<u8>,
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COMMAND.parse(args)?;
    let repo = cx.repo()?;
    check_formats(&parsed)?;
    let Some((name, paths)) = parsed.args.split_first() else {
        return Err(usage_only(COMMAND.usage));
    };
    let Some(oid) = crate::revision::with_resolver(cx, &repo, |resolver| resolver.object(name))? else {
        return Err(Fault::fatal(cat!["Not a valid object name ", name]));
    };
    let Some(tree) = plumbing::peel(cx, &repo, oid, Some(Kind::Tree)) else {
        return Err(Fault::fatal("not a tree object"));
    };
    let prefix = if parsed.has("full-tree") {
        Vec::new()
    } else {
        repo.prefix.clone()
    };
    let mut wanted = Vec::new();
    for path in paths {
        let full = crate::pathspec::from_top(&repo, &prefix, path, path)?;
        let slash: &[u8] = if path.ends_with(b"/") && !full.is_empty() {
            b"/"
        } else {
            b""
        };
        wanted.push(cat![full, slash]);
    }
    if wanted.is_empty() && !prefix.is_empty() {
        wanted.push(prefix.clone());
    }
    let abbrev = match (parsed.has("abbrev"), parsed.value("abbrev")) {
        (false, _) => None,
        (true, None) => Some(repo.abbreviation(cx.files())),
        (true, Some(text)) => crate::bytes::parse_number(text),
    };
    let mut list = List {
        repo: &repo,
        parsed: &parsed,
        wanted,
        prefix,
        abbrev,
        out: Vec::new(),
    };
    list.tree(cx, &tree, b"")?;
    let out = list.out;
    cx.print(out);
    Ok(Next::Exit(0))
}

/// Only one way to write an entry can be asked for.
fn check_formats(parsed: &Parsed) -> Result<()> {
    let mut given: Option<&str> = None;
    for option in &parsed.options {
        let shown = match option.name.as_str() {
            "long" => "-l",
            "name-only" | "name-status" => "--name-only",
            "object-only" => "--object-only",
            _ => continue,
        };
        if parsed.has("format") {
            let message = "--format can't be combined with other format-altering options";
            return Err(usage_fatal(message, COMMAND.usage));
        }
        match given {
            Some(other) if other != shown => {
                let message = format!("options '{shown}' and '{other}' cannot be used together");
                return Err(Fault::Error(message.into_bytes(), 129));
            }
            _ => given = Some(shown),
        }
    }
    Ok(())
}

impl List<'_> {
    fn tree(&mut self, cx: &Cx<'_, '_>, tree: &Oid, base: &[u8]) -> Result<()> {
        for entry in self.repo.store.tree(cx.files(), tree)? {
            let path = cat![base, entry.name];
            if !self.is_wanted(&path, entry.is_tree()) {
                continue;
            }
            let leads_on = self.leads_below(&path);
            let descend = entry.is_tree() && (self.parsed.has("r") || leads_on);
            let recursive = self.parsed.has("r");
            let shown = match (entry.is_tree(), self.parsed.has("d")) {
                (true, true) => !leads_on || self.parsed.has("t"),
                (false, true) => false,
                (true, false) => !descend || recursive && self.parsed.has("t") && !leads_on || self.parsed.has("t"),
                (false, false) => true,
            };
            if shown {
                self.line(cx, &entry, &path)?;
            }
            if descend && !(self.parsed.has("d") && !recursive && !leads_on) {
                self.tree(cx, &entry.oid, &cat![path, "/"])?;
            }
        }
        Ok(())
    }

    fn is_wanted(&self, path: &[u8], directory: bool) -> bool {
        self.wanted.is_empty()
            || self.wanted.iter().any(|wanted| {
                let bare = wanted.strip_suffix(b"/").unwrap_or(wanted);
                bare.is_empty()
                    || path == bare
                    || path.starts_with(&cat![bare, "/"])
                    || directory && bare.starts_with(&cat![path, "/"])
            })
    }

    /// A path below this directory was asked for (`dir/` means what is in it).
    fn leads_below(&self, path: &[u8]) -> bool {
        let slash = cat![path, "/"];
        self.wanted.iter().any(|wanted| wanted.starts_with(&slash))
    }

    fn line(&mut self, cx: &Cx<'_, '_>, entry: &TreeEntry, path: &[u8]) -> Result<()> {
        let full = self.parsed.has("full-name") || self.parsed.has("full-tree");
        let shown = if full {
            path.to_vec()
        } else {
            crate::repo::relative_to(path, &self.prefix)
        };
        let (name, end): (Vec<u8>, &[u8]) = match self.parsed.has("z") {
            true => (shown, b"\0"),
            false => (quote_path(&shown, quote_high(&self.repo.config)), b"\n"),
        };
        let oid = match self.abbrev {
            Some(len) => self.repo.store.abbreviate(cx.files(), &entry.oid, len),
            None => entry.oid.hex(),
        };
        if self.parsed.has("name-only") || self.parsed.has("name-status") {
            self.out.extend_from_slice(&cat![name, end]);
            return Ok(());
        }
        if self.parsed.has("object-only") {
            self.out.extend_from_slice(&cat![oid, end]);
            return Ok(());
        }
        let kind = mode::kind(entry.mode);
        if let Some(format) = self.parsed.value("format") {
            let size = || -> Result<String> {
                match kind {
                    Kind::Blob => Ok(self.repo.store.blob(cx.files(), &entry.oid)?.len().to_string()),
                    _ => Ok("-".to_owned()),
                }
            };
            let text = plumbing::fill(format, "ls-tree", |field| {
                Ok(Some(match field {
                    b"objectmode" => format!("{:06o}", entry.mode).into_bytes(),
                    b"objecttype" => kind.name().into(),
                    b"objectname" => oid.clone().into_bytes(),
                    b"objectsize" => size()?.into_bytes(),
                    b"objectsize:padded" => format!("{:>7}", size()?).into_bytes(),
                    b"path" => name.clone(),
                    _ => return Ok(None),
                }))
            })?;
            self.out.extend_from_slice(&cat![text, end]);
            return Ok(());
        }
        let size = match (self.parsed.has("long"), kind) {
            (false, _) => String::new(),
            (true, Kind::Blob) => format!(" {:>7}", self.repo.store.blob(cx.files(), &entry.oid)?.len()),
            (true, _) => format!(" {:>7}", "-"),
        };
        let head = format!("{:06o} {} {oid}{size}\t", entry.mode, kind.name());
        self.out.extend_from_slice(&cat![head, name, end]);
        Ok(())
    }
}
