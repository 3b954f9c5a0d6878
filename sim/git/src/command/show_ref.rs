//! `git show-ref`.

use super::{Command, plumbing};
use crate::cat;
use crate::cli::options::Parsed;
use crate::fault::{Fault, Result};
use crate::object::Kind;
use crate::oid::Oid;
use crate::process::{Cx, Next};
use crate::refs::{Ref, check_format};
use crate::repo::Repo;

pub(super) const COMMAND: Command = Command {
    name: "show-ref",
    main,
    usage: include_str!("../usage/show-ref.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &[
        "tags",
        "heads",
        "branches",
        "exists",
        "verify",
        "head",
        "dereference",
        "hash",
        "abbrev",
        "quiet",
    ],
};

/// How a reference is written.
struct Style<'a> {
    repo: &'a Repo,
    hash_only: bool,
    width: Option<usize>,
}

impl<'a> Style<'a> {
    fn new(cx: &Cx<'_, '_>, repo: &'a Repo, parsed: &Parsed) -> Self {
        let width = ["hash", "abbrev"].iter().find_map(|name| match parsed.value(name) {
            Some(text) => crate::bytes::parse_number(text),
            None if parsed.has(name) && *name == "abbrev" => Some(repo.abbreviation(cx.files())),
            None => None,
        });
        Self {
            repo,
            hash_only: parsed.has("hash"),
            width,
        }
    }

    fn line(&self, cx: &Cx<'_, '_>, oid: &Oid, name: &[u8]) -> Vec<u8> {
        let hex = match self.width {
            Some(len) => self.repo.store.abbreviate(cx.files(), oid, len),
            None => oid.hex(),
        };
        match self.hash_only {
            true => cat![hex, "\n"],
            false => cat![hex, " ", name, "\n"],
        }
    }
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COMMAND.parse(args)?;
    let repo = cx.repo()?;
    let style = Style::new(cx, &repo, &parsed);
    if parsed.has("exists") {
        let [name] = parsed.args.as_slice() else {
            return Err(Fault::fatal("--exists requires exactly one reference"));
        };
        if repo.refs.read(cx.files(), name).is_some() {
            return Ok(Next::Exit(0));
        }
        return Err(Fault::Error(b"reference does not exist".to_vec(), 2));
    }
    if parsed.has("verify") {
        return verify(cx, &parsed, &style);
    }
    list(cx, &parsed, &style)
}

fn verify(cx: &mut Cx<'_, '_>, parsed: &Parsed, style: &Style<'_>) -> Result<Next> {
    if parsed.args.is_empty() {
        return Err(Fault::fatal("--verify requires a reference"));
    }
    let quiet = parsed.has("quiet");
    for name in &parsed.args {
        let full = name.starts_with(b"refs/") || name == b"HEAD" || check_format(name, true) && !name.contains(&b'/');
        match style.repo.refs.oid(cx.files(), name).filter(|_| full) {
            Some(oid) if !quiet => {
                let text = style.line(cx, &oid, name);
                cx.print(text);
            }
            Some(_) => {}
            None if quiet => return Ok(Next::Exit(1)),
            None => return Err(Fault::fatal(cat!["'", name, "' - not a valid ref"])),
        }
    }
    Ok(Next::Exit(0))
}

fn list(cx: &mut Cx<'_, '_>, parsed: &Parsed, style: &Style<'_>) -> Result<Next> {
    let repo = style.repo;
    let mut refs = Vec::new();
    if parsed.has("head")
        && let Some(oid) = repo.refs.head(cx.files())
    {
        refs.push(Ref {
            name: b"HEAD".to_vec(),
            oid,
            symbolic: None,
        });
    }
    let (heads, tags) = (parsed.has("heads") || parsed.has("branches"), parsed.has("tags"));
    let mut found = repo.refs.list(cx.files(), b"refs/");
    if heads || tags {
        found.retain(|item| {
            heads && item.name.starts_with(b"refs/heads/") || tags && item.name.starts_with(b"refs/tags/")
        });
    }
    refs.extend(found);
    refs.retain(|item| {
        let fits = |pattern: &Vec<u8>| item.name == *pattern || item.name.ends_with(&cat!["/", pattern]);
        parsed.args.is_empty() || item.name == b"HEAD" && parsed.has("head") || parsed.args.iter().any(fits)
    });
    for item in refs.iter().filter(|_| !parsed.has("quiet")) {
        let mut text = style.line(cx, &item.oid, &item.name);
        let object = repo.store.read(cx.files(), &item.oid);
        if parsed.has("dereference")
            && object.is_some_and(|object| object.kind == Kind::Tag)
            && let Some(peeled) = plumbing::peel(cx, repo, item.oid, None)
        {
            text.extend_from_slice(&style.line(cx, &peeled, &cat![item.name, "^{}"]));
        }
        cx.print(text);
    }
    Ok(Next::Exit(u8::from(refs.is_empty())))
}
