//! `git update-ref`, `git symbolic-ref`, `git check-ref-format`.

use super::Command;
use crate::cat;
use crate::cli::options::usage_only;
use crate::fault::{Fault, Result};
use crate::object::Kind;
use crate::oid::Oid;
use crate::process::{Cx, Next};
use crate::refs::{Target, Update, check_format, shorten};
use crate::repo::Repo;
use crate::revision::with_resolver;

pub(super) const UPDATE_REF: Command = Command {
    name: "update-ref",
    main: update_ref,
    usage: include_str!("../usage/update-ref.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &["m", "d", "no-deref", "deref", "create-reflog"],
};

pub(super) const SYMBOLIC_REF: Command = Command {
    name: "symbolic-ref",
    main: symbolic_ref,
    usage: include_str!("../usage/symbolic-ref.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &["quiet", "delete", "short", "recurse", "m"],
};

pub(super) const CHECK_REF_FORMAT: Command = Command {
    name: "check-ref-format",
    main: check_ref_format,
    usage: include_str!("../usage/check-ref-format.txt"),
    help_on_stderr: true,
    paged: false,
    supported: &[],
};

fn value(cx: &mut Cx<'_, '_>, repo: &Repo, text: &[u8], what: &str) -> Result<Oid> {
    if text.is_empty() {
        return Ok(Oid::NULL);
    }
    match with_resolver(cx, repo, |resolver| resolver.object(text))? {
        Some(oid) => Ok(oid),
        None => Err(Fault::fatal(cat![text, ": not a valid ", what])),
    }
}

fn update_ref(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = UPDATE_REF.parse(args)?;
    let repo = cx.repo()?;
    let message = parsed.value("m").unwrap_or_default().to_vec();
    if parsed.has("m") && message.is_empty() {
        return Err(Fault::fatal("Refusing to perform update with empty message."));
    }
    let delete = parsed.has("d");
    let (name, new, old) = match (delete, parsed.args.as_slice()) {
        (true, [name]) => (name, None, None),
        (true, [name, old]) => (name, None, Some(old)),
        (false, [name, new]) => (name, Some(new), None),
        (false, [name, new, old]) => (name, Some(new), Some(old)),
        _ => return Err(usage_only(UPDATE_REF.usage)),
    };
    let old = match old {
        Some(text) => {
            let oid = value(cx, &repo, text, "old SHA1")?;
            Some(oid)
        }
        None => None,
    };
    let no_deref = parsed.has("no-deref") || parsed.flag("deref") == Some(false);
    if let Some(new) = new {
        let new_oid = value(cx, &repo, new, "SHA1")?;
        if !check_format(name, true) {
            return Err(Fault::fatal(cat![
                "update_ref failed for ref '",
                name,
                "': refusing to update ref with bad name '",
                name,
                "'"
            ]));
        }
        if !new_oid.is_null() {
            let kind = repo.store.read(cx.files(), &new_oid).map(|object| object.kind);
            let problem = match kind {
                None => Some(format!("' with nonexistent object {new_oid}")),
                _ => None,
            };
            let shown = || {
                cat![
                    "update_ref failed for ref '",
                    name,
                    "': cannot update ref '",
                    name,
                    "': "
                ]
            };
            if let Some(problem) = problem {
                return Err(Fault::fatal(cat![shown(), "trying to write ref '", name, problem]));
            }
            if name.starts_with(b"refs/heads/") && kind != Some(Kind::Commit) {
                let text = format!("trying to write non-commit object {new_oid} to branch '");
                return Err(Fault::fatal(cat![shown(), text, name, "'"]));
            }
            let who = cx.log_identity(&repo)?;
            let update = Update {
                name,
                new: new_oid,
                old,
                message: &message,
                who: &who,
                no_deref,
                create_log: parsed.has("create-reflog"),
            };
            let result = repo.refs.update(cx.files_mut(), &update);
            return match result {
                Ok(()) => Ok(Next::Exit(0)),
                Err(fault) => Err(Fault::fatal(cat![
                    "update_ref failed for ref '",
                    name,
                    "': ",
                    fault.message()
                ])),
            };
        }
    }
    let full = match no_deref {
        true => name.clone(),
        false => repo
            .refs
            .resolve(cx.files(), name)
            .map_or(name.clone(), |(full, _)| full),
    };
    let current = repo.refs.oid(cx.files(), &full);
    if let Some(old) = old.filter(|old| !old.is_null() && current != Some(*old)) {
        let problem = match current {
            None => cat!["unable to resolve reference '", name, "'"],
            Some(oid) => cat![format!("is at {oid} but expected {old}")],
        };
        return Err(Fault::error(cat!["cannot lock ref '", name, "': ", problem]));
    }
    if current.is_some() {
        let who = cx.log_identity(&repo)?;
        let is_head = repo.refs.head_branch(cx.files()).as_deref() == Some(&full);
        repo.refs.delete(cx.files_mut(), &full)?;
        if is_head && let Some(old) = current {
            let entry = crate::refs::LogEntry {
                old,
                new: Oid::NULL,
                who,
                message,
            };
            repo.refs.append_log(cx.files_mut(), b"HEAD", &entry, false)?;
        }
    } else if !cx.files().exists(&repo.git_path(&full)) {
        return Ok(Next::Exit(0));
    } else {
        cx.files_mut().remove_file(&repo.git_path(&full))?;
    }
    Ok(Next::Exit(0))
}

fn symbolic_ref(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = SYMBOLIC_REF.parse(args)?;
    let repo = cx.repo()?;
    let quiet = parsed.has("quiet");
    match (parsed.has("delete"), parsed.args.as_slice()) {
        (true, [name]) => {
            match repo.refs.read(cx.files(), name) {
                Some(Target::Symbolic(_)) if name == b"HEAD" => {
                    return Err(Fault::fatal("deleting 'HEAD' is not allowed"));
                }
                Some(Target::Symbolic(_)) => repo.refs.delete(cx.files_mut(), name)?,
                _ => return Err(Fault::fatal(cat!["Cannot delete ", name, ", not a symbolic ref"])),
            }
            Ok(Next::Exit(0))
        }
        (false, [name]) => {
            let target = match repo.refs.read(cx.files(), name) {
                Some(Target::Symbolic(target)) => target,
                Some(Target::Direct(_)) if quiet => return Ok(Next::Exit(1)),
                Some(Target::Direct(_)) => return Err(Fault::fatal(cat!["ref ", name, " is not a symbolic ref"])),
                None if quiet => return Ok(Next::Exit(1)),
                None => return Err(Fault::fatal(cat!["No such ref: ", name])),
            };
            let shown = if parsed.has("short") {
                shorten(&target).to_vec()
            } else {
                target
            };
            cx.print(cat![shown, "\n"]);
            Ok(Next::Exit(0))
        }
        (false, [name, target]) => {
            if name == b"HEAD" && !target.starts_with(b"refs/") {
                return Err(Fault::fatal("Refusing to point HEAD outside of refs/"));
            }
            if !check_format(target, true) {
                return Err(Fault::fatal(cat![
                    "Refusing to set '",
                    name,
                    "' to invalid ref '",
                    target,
                    "'"
                ]));
            }
            let who = cx.log_identity(&repo)?;
            let message = parsed.value("m").unwrap_or_default().to_vec();
            let log = (!message.is_empty()).then_some((message.as_slice(), &who));
            repo.refs.set_symbolic(cx.files_mut(), name, target, log)?;
            Ok(Next::Exit(0))
        }
        _ => Err(usage_only(SYMBOLIC_REF.usage)),
    }
}

fn check_ref_format(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let usage = || usage_only(CHECK_REF_FORMAT.usage);
    match args {
        [option, name] if option == b"--branch" => {
            let expanded = match cx.repo() {
                Ok(repo) => with_resolver(cx, &repo, |resolver| resolver.interpret(name))?,
                Err(_) => Some(name.clone()),
            };
            let name =
                expanded.filter(|name| !name.starts_with(b"-") && check_format(&cat!["refs/heads/", name], false));
            match name {
                Some(name) => {
                    cx.print(cat![name, "\n"]);
                    Ok(Next::Exit(0))
                }
                None => Err(Fault::fatal(cat!["'", args[1], "' is not a valid branch name"])),
            }
        }
        args => {
            let (mut normalize, mut one_level, mut name) = (false, false, None);
            for arg in args {
                match arg.as_slice() {
                    b"--normalize" | b"--print" => normalize = true,
                    b"--allow-onelevel" => one_level = true,
                    b"--no-allow-onelevel" => one_level = false,
                    b"--refspec-pattern" => return Err(Fault::gap("'check-ref-format --refspec-pattern'")),
                    option if option.starts_with(b"-") || name.is_some() => return Err(usage()),
                    text => name = Some(text.to_vec()),
                }
            }
            let Some(mut name) = name else { return Err(usage()) };
            if normalize {
                name = name
                    .split(|b| *b == b'/')
                    .filter(|part| !part.is_empty())
                    .collect::<Vec<_>>()
                    .join(b"/".as_slice());
            }
            if !check_format(&name, one_level) {
                return Ok(Next::Exit(1));
            }
            if normalize {
                cx.print(cat![name, "\n"]);
            }
            Ok(Next::Exit(0))
        }
    }
}
