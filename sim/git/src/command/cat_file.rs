//! `git cat-file`.

use super::Command;
use super::plumbing;
use crate::cat;
use crate::cli::options::{usage_fatal, usage_only};
use crate::fault::{Fault, Result};
use crate::object::{Kind, mode, parse_tree};
use crate::oid::Oid;
use crate::output::{quote_high, quote_path};
use crate::process::{Cx, Next, Outcome, Then};
use crate::repo::Repo;
use crate::revision::with_resolver;
use essaim_kernel::SmallSort;

pub(super) const COMMAND: Command = Command {
    name: "cat-file",
    main,
    usage: include_str!("../usage/cat-file.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &[
        "e",
        "p",
        "t",
        "s",
        "batch",
        "batch-check",
        "batch-all-objects",
        "allow-unknown-type",
    ],
};

/// The usage text as Git prints it once the options are read: an alias shows its dots then.
fn late_usage() -> String {
    COMMAND.usage.replace("mailmap        alias", "mailmap ...    alias")
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COMMAND.parse(args)?;
    let repo = cx.repo()?;
    let modes: Vec<&str> = ["e", "p", "t", "s"]
        .into_iter()
        .filter(|name| parsed.has(name))
        .collect();
    let batch = parsed.has("batch");
    if batch || parsed.has("batch-check") {
        if let Some(mode) = modes.first() {
            return Err(usage_fatal(
                format!("'-{mode}' is incompatible with batch mode"),
                &late_usage(),
            ));
        }
        let format = parsed.value("batch").or(parsed.value("batch-check"));
        let format = format.unwrap_or(b"%(objectname) %(objecttype) %(objectsize)").to_vec();
        check_format(&format)?;
        if parsed.has("batch-all-objects") {
            let mut oids: Vec<Oid> = repo.store.loose_oids(cx.files());
            for pack in repo.store.packs(cx.files()) {
                oids.extend(pack.oids());
            }
            oids.small_sort();
            oids.dedup();
            let text = oids.iter().map(Oid::hex).collect::<Vec<_>>().join("\n");
            return run_batch((format, batch), cx, Outcome::Input(text.into_bytes()));
        }
        return Ok(Next::Input(Then::new((format, batch), run_batch)));
    }
    let name = match (modes.as_slice(), parsed.args.as_slice()) {
        ([_], [name]) => name.clone(),
        ([], [kind, name]) => return typed(cx, &repo, kind, name),
        ([mode], []) => return Err(usage_fatal(format!("<object> required with '-{mode}'"), &late_usage())),
        ([_], _) => return Err(usage_fatal("too many arguments", &late_usage())),
        ([a, b, ..], _) => {
            let message = format!("options '-{b}' and '-{a}' cannot be used together");
            return Err(Fault::Error(message.into_bytes(), 129));
        }
        ([], []) => return Err(usage_only(&late_usage())),
        ([], args) => {
            let message = format!("only two arguments allowed in <type> <object> mode, not {}", args.len());
            return Err(usage_fatal(message, &late_usage()));
        }
    };
    let oid = plumbing::object(cx, &repo, &name)?;
    let object = repo.store.read(cx.files(), &oid);
    if modes[0] == "e" {
        return Ok(Next::Exit(u8::from(object.is_none())));
    }
    let Some(object) = object else {
        return Err(match modes[0] {
            "p" => Fault::fatal(cat!["Not a valid object name ", name]),
            _ => Fault::fatal("git cat-file: could not get object info"),
        });
    };
    match modes[0] {
        "t" => cx.print(cat![object.kind.name(), "\n"]),
        "s" => cx.print(format!("{}\n", object.content.len())),
        _ => {
            let text = pretty(&repo, object.kind, &object.content);
            cx.print(text);
        }
    }
    Ok(Next::Exit(0))
}

/// A field that does not exist ends the command before anything is read.
fn check_format(format: &[u8]) -> Result<()> {
    let known = ["objectname", "objecttype", "objectsize", "deltabase", "rest"];
    let mut rest = format;
    while let Some(at) = crate::bytes::find(rest, b"%(") {
        rest = &rest[at + 2..];
        let Some(close) = rest.iter().position(|b| *b == b')') else {
            return Ok(());
        };
        let name = &rest[..close];
        if name == b"objectsize:disk" {
            return Err(Fault::gap("the field '%(objectsize:disk)'"));
        }
        if !known.iter().any(|known| known.as_bytes() == name) {
            return Err(Fault::fatal(cat!["bad cat-file format: %(", name, ")"]));
        }
    }
    Ok(())
}

fn pretty(repo: &Repo, kind: Kind, content: &[u8]) -> Vec<u8> {
    if kind != Kind::Tree {
        return content.to_vec();
    }
    let mut out = Vec::new();
    for entry in parse_tree(content).unwrap_or_default() {
        let kind = mode::kind(entry.mode).name();
        let name = quote_path(&entry.name, quote_high(&repo.config));
        out.extend_from_slice(&cat![format!("{:06o} {kind} {}\t", entry.mode, entry.oid), name, "\n"]);
    }
    out
}

/// `git cat-file commit HEAD`.
fn typed(cx: &mut Cx<'_, '_>, repo: &Repo, kind: &[u8], name: &[u8]) -> Result<Next> {
    let Some(wanted) = Kind::from_name(kind) else {
        return Err(Fault::fatal(cat!["invalid object type \"", kind, "\""]));
    };
    let oid = plumbing::object(cx, repo, name)?;
    let found = plumbing::peel(cx, repo, oid, Some(wanted));
    let Some(found) = found else {
        return Err(Fault::fatal(cat!["git cat-file ", name, ": bad file"]));
    };
    let content = repo.store.get(cx.files(), &found)?.content;
    cx.print(content.as_slice());
    Ok(Next::Exit(0))
}

fn run_batch((format, contents): (Vec<u8>, bool), cx: &mut Cx<'_, '_>, outcome: Outcome) -> Result<Next> {
    let Outcome::Input(input) = outcome else {
        return Ok(Next::Exit(1));
    };
    let repo = cx.repo()?;
    for line in crate::bytes::lines(&input) {
        let (name, rest) = match crate::bytes::find(&format, b"%(rest)") {
            Some(_) => {
                let end = line.iter().position(|b| b.is_ascii_whitespace()).unwrap_or(line.len());
                (&line[..end], line[end..].trim_ascii_start())
            }
            None => (line, b"".as_slice()),
        };
        let object = with_resolver(cx, &repo, |resolver| resolver.object(name))?
            .and_then(|oid| Some((oid, repo.store.read(cx.files(), &oid)?)));
        let Some((oid, object)) = object else {
            cx.print(cat![name, " missing\n"]);
            continue;
        };
        let mut text = format.clone();
        for (field, value) in [
            ("%(objectname)", oid.hex().into_bytes()),
            ("%(objecttype)", object.kind.name().as_bytes().to_vec()),
            ("%(objectsize)", object.content.len().to_string().into_bytes()),
            ("%(deltabase)", Oid::NULL.hex().into_bytes()),
            ("%(rest)", rest.to_vec()),
        ] {
            while let Some(at) = crate::bytes::find(&text, field.as_bytes()) {
                text.splice(at..at + field.len(), value.iter().copied());
            }
        }
        cx.print(cat![text, "\n"]);
        if contents {
            cx.print(cat![object.content.as_slice(), "\n"]);
        }
    }
    Ok(Next::Exit(0))
}
