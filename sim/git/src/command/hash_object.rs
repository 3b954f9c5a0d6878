//! `git hash-object`.

use super::Command;
use crate::cat;
use crate::fault::{Fault, Result};
use crate::object::{Commit, Kind, Tag, object_id, parse_tree};
use crate::oid::Oid;
use crate::process::{Cx, Next, Outcome, Then};

pub(super) const COMMAND: Command = Command {
    name: "hash-object",
    main,
    usage: include_str!("../usage/hash-object.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &["t", "w", "stdin", "no-filters", "stdin-paths", "literally", "path"],
};

#[derive(Clone)]
struct Work {
    kind: Kind,
    write: bool,
    paths: Vec<Vec<u8>>,
    names_from_input: bool,
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COMMAND.parse(args)?;
    let name = parsed.value("t").unwrap_or(b"blob");
    let kind = Kind::from_name(name).ok_or_else(|| Fault::fatal(cat!["invalid object type \"", name, "\""]))?;
    let work = Work {
        kind,
        write: parsed.has("w"),
        paths: parsed.args.clone(),
        names_from_input: parsed.has("stdin-paths"),
    };
    if work.write {
        cx.repo()?;
    }
    if parsed.has("stdin") || work.names_from_input {
        return Ok(Next::Input(Then::new(work, with_input)));
    }
    files(&work, cx)
}

fn with_input(mut work: Work, cx: &mut Cx<'_, '_>, outcome: Outcome) -> Result<Next> {
    let Outcome::Input(input) = outcome else {
        return Ok(Next::Exit(1));
    };
    if work.names_from_input {
        work.paths = crate::bytes::lines(&input).map(<[u8]>::to_vec).collect();
    } else {
        one(&work, cx, &input)?;
    }
    files(&work, cx)
}

fn files(work: &Work, cx: &mut Cx<'_, '_>) -> Result<Next> {
    for path in &work.paths {
        let full = cx.io.path(path);
        let content = cx.files().read(&full).map_err(|errno| match errno {
            essaim_kernel::Errno::IsDirectory => Fault::fatal(cat!["Unable to hash ", path]),
            errno => Fault::fatal(cat!["could not open '", path, "' for reading: ", errno.to_string()]),
        })?;
        one(work, cx, &content)?;
    }
    Ok(Next::Exit(0))
}

fn one(work: &Work, cx: &mut Cx<'_, '_>, content: &[u8]) -> Result<()> {
    let sound = match work.kind {
        Kind::Blob => true,
        Kind::Tree => parse_tree(content).is_some(),
        Kind::Commit => Commit::parse(content).is_some(),
        Kind::Tag => Tag::parse(content).is_some(),
    };
    if !sound {
        let line = match work.kind {
            Kind::Commit => "missingTree: invalid format - expected 'tree' line",
            Kind::Tag => "missingObject: invalid format - expected 'object' line",
            _ => "badTree: cannot be parsed as a tree",
        };
        let text = format!("error: object fails fsck: {line}\nfatal: refusing to create malformed object\n");
        return Err(Fault::Plain(text.into_bytes(), 128));
    }
    let oid: Oid = match work.write {
        true => {
            let repo = cx.repo()?;
            repo.store.write(cx.files_mut(), work.kind, content)?
        }
        false => object_id(work.kind, content),
    };
    cx.print(cat![oid.hex(), "\n"]);
    Ok(())
}
