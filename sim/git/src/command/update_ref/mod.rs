//! `git update-ref`.

mod transaction;

use super::Command;
use crate::cat;
use crate::cli::options::{Parsed, usage_only};
use crate::fault::{Fault, Result};
use crate::object::Kind;
use crate::oid::Oid;
use crate::process::{Cx, Next, Then};
use crate::refs::{LogEntry, Update, check_format};
use crate::repo::Repo;
use crate::revision::with_resolver;

pub(in crate::command) const COMMAND: Command = Command {
    name: "update-ref",
    main,
    usage: include_str!("../../usage/update-ref.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &["m", "d", "no-deref", "deref", "create-reflog", "stdin", "z"],
};

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COMMAND.parse(args)?;
    let repo = cx.repo()?;
    let message = parsed.value("m").unwrap_or_default().to_vec();
    if parsed.has("m") && message.is_empty() {
        return Err(Fault::fatal("Refusing to perform update with empty message."));
    }
    let no_deref = parsed.has("no-deref") || parsed.flag("deref") == Some(false);
    if parsed.has("stdin") {
        if parsed.has("d") || !parsed.args.is_empty() {
            return Err(usage_only(COMMAND.usage));
        }
        let nul = parsed.has("z");
        let orders = transaction::Orders::new(repo, message, no_deref, parsed.has("create-reflog"), nul);
        return Ok(Next::Input(Then::new(orders, transaction::run)));
    }
    if parsed.has("z") {
        return Err(usage_only(COMMAND.usage));
    }
    one(cx, &repo, &parsed, &message, no_deref)
}

/// The one reference of the command line.
fn one(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed, message: &[u8], no_deref: bool) -> Result<Next> {
    let (name, new, old) = match (parsed.has("d"), parsed.args.as_slice()) {
        (true, [name]) => (name, None, None),
        (true, [name, old]) => (name, None, Some(old)),
        (false, [name, new]) => (name, Some(new), None),
        (false, [name, new, old]) => (name, Some(new), Some(old)),
        _ => return Err(usage_only(COMMAND.usage)),
    };
    let old = match old {
        Some(text) if text.is_empty() => Some(Oid::NULL),
        Some(text) => Some(value(cx, repo, text, "old SHA1")?),
        None => None,
    };
    let new = match new {
        Some(text) => Some(value(cx, repo, text, "SHA1")?).filter(|oid| !oid.is_null()),
        None => None,
    };
    let failed = |said: &[u8]| Fault::fatal(cat!["update_ref failed for ref '", name, "': ", said]);
    let Some(new) = new else {
        delete(cx, repo, name, old, message, no_deref).map_err(|fault| Fault::error(fault.message()))?;
        return Ok(Next::Exit(0));
    };
    if !check_format(name, true) {
        return Err(failed(&cat!["refusing to update ref with bad name '", name, "'"]));
    }
    check_object(cx, repo, name, &new).map_err(|fault| failed(fault.message()))?;
    let who = cx.log_identity(repo)?;
    let update = Update {
        name,
        new,
        old,
        message,
        who: &who,
        no_deref,
        create_log: parsed.has("create-reflog"),
    };
    let done = repo.refs.update(cx.files_mut(), &update);
    done.map_err(|fault| failed(fault.message()))?;
    Ok(Next::Exit(0))
}

fn value(cx: &mut Cx<'_, '_>, repo: &Repo, text: &[u8], what: &str) -> Result<Oid> {
    match with_resolver(cx, repo, |resolver| resolver.object(text))? {
        Some(oid) => Ok(oid),
        None => Err(Fault::fatal(cat![text, ": not a valid ", what])),
    }
}

/// A reference names something that exists, a branch a commit.
fn check_object(cx: &Cx<'_, '_>, repo: &Repo, name: &[u8], oid: &Oid) -> Result<()> {
    let shown = cat!["cannot update ref '", name, "': "];
    let kind = repo.store.read(cx.files(), oid).map(|object| object.kind);
    match kind {
        None => {
            let text = format!("' with nonexistent object {oid}");
            Err(Fault::fatal(cat![shown, "trying to write ref '", name, text]))
        }
        Some(kind) if kind != Kind::Commit && name.starts_with(b"refs/heads/") => {
            let text = format!("trying to write non-commit object {oid} to branch '");
            Err(Fault::fatal(cat![shown, text, name, "'"]))
        }
        Some(_) => Ok(()),
    }
}

/// What a name stands for: itself, or what it points to.
fn full_name(cx: &Cx<'_, '_>, repo: &Repo, name: &[u8], no_deref: bool) -> Vec<u8> {
    match no_deref {
        true => name.to_vec(),
        false => repo
            .refs
            .resolve(cx.files(), name)
            .map_or(name.to_vec(), |(full, _)| full),
    }
}

fn delete(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    name: &[u8],
    old: Option<Oid>,
    message: &[u8],
    no_deref: bool,
) -> Result<()> {
    let full = full_name(cx, repo, name, no_deref);
    let current = repo.refs.oid(cx.files(), &full);
    if let Some(old) = old.filter(|old| !old.is_null() && current != Some(*old)) {
        let problem = match current {
            None => cat!["unable to resolve reference '", name, "'"],
            Some(oid) => cat![format!("is at {oid} but expected {old}")],
        };
        return Err(Fault::fatal(cat!["cannot lock ref '", name, "': ", problem]));
    }
    if let Some(old) = current {
        let who = cx.log_identity(repo)?;
        let is_head = repo.refs.head_branch(cx.files()).as_deref() == Some(&full);
        repo.refs.delete(cx.files_mut(), &full)?;
        if is_head {
            let entry = LogEntry {
                old,
                new: Oid::NULL,
                who,
                message: message.to_vec(),
            };
            repo.refs.append_log(cx.files_mut(), b"HEAD", &entry, false)?;
        }
    } else if cx.files().exists(&repo.git_path(&full)) {
        cx.files_mut().remove_file(&repo.git_path(&full))?;
    }
    Ok(())
}
