//! `git reflog`.

use super::Command;
use crate::cat;
use crate::cli::options::{Parsed, Syntax, parse, usage_only};
use crate::date;
use crate::fault::{Fault, Result};
use crate::oid::Oid;
use crate::process::{Cx, Next};
use crate::refs::{LogEntry, Update};
use crate::repo::Repo;
use crate::revision::with_resolver;

pub(super) const COMMAND: Command = Command {
    name: "reflog",
    main,
    usage: include_str!("../usage/reflog.txt"),
    help_on_stderr: false,
    paged: true,
    supported: &[],
};

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    match args.first().map(Vec::as_slice) {
        Some(b"show") => show(cx, &args[1..]),
        Some(b"list") => list(cx, &args[1..]),
        Some(b"exists") => exists(cx, &args[1..]),
        Some(b"delete") => delete(cx, &args[1..]),
        Some(b"expire") => expire(cx, &args[1..]),
        _ => show(cx, args),
    }
}

/// `git log -g --abbrev-commit --pretty=oneline`.
fn show(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let mut words: Vec<Vec<u8>> = ["-g", "--abbrev-commit", "--pretty=oneline"]
        .iter()
        .map(|word| word.as_bytes().to_vec())
        .collect();
    words.extend_from_slice(args);
    (super::log::COMMAND.main)(cx, &words)
}

fn sub(usage: &'static str, supported: &[&str], args: &[Vec<u8>]) -> Result<Parsed> {
    parse(
        &Syntax {
            command: "reflog",
            usage,
            supported,
            ..Syntax::default()
        },
        args,
    )
}

fn list(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = sub(include_str!("../usage/reflog-list.txt"), &[], args)?;
    if let Some(extra) = parsed.args.first() {
        return Err(Fault::Error(cat!["list does not accept arguments: '", extra, "'"], 255));
    }
    let repo = cx.repo()?;
    let mut names = vec![b"HEAD".to_vec()];
    gather(cx, &repo.git_path("logs/refs"), b"refs", &mut names);
    for name in names {
        if repo.refs.has_log(cx.files(), &name) {
            cx.print(cat![name, "\n"]);
        }
    }
    Ok(Next::Exit(0))
}

fn gather(cx: &Cx<'_, '_>, directory: &[u8], name: &[u8], into: &mut Vec<Vec<u8>>) {
    for child in cx.files().read_dir(directory).unwrap_or_default() {
        let (path, name) = (cat![directory, "/", child], cat![name, "/", child]);
        if cx.files().is_dir(&path) {
            gather(cx, &path, &name, into);
        } else {
            into.push(name);
        }
    }
}

fn exists(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let usage = include_str!("../usage/reflog-exists.txt");
    let parsed = sub(usage, &[], args)?;
    let [name] = parsed.args.as_slice() else {
        return Err(usage_only(usage));
    };
    let repo = cx.repo()?;
    if !crate::refs::check_format(name, true) {
        return Err(Fault::fatal(cat!["invalid ref format: ", name]));
    }
    Ok(Next::Exit(u8::from(!repo.refs.has_log(cx.files(), name))))
}

/// Writes a log whose entries follow on one another again where `--rewrite` asks for it.
fn keep(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8], parsed: &Parsed, mut entries: Vec<LogEntry>) -> Result<()> {
    if parsed.has("rewrite") {
        let mut last = Oid::NULL;
        for entry in &mut entries {
            entry.old = last;
            last = entry.new;
        }
    }
    if parsed.has("dry-run") {
        return Ok(());
    }
    repo.refs.write_log(cx.files_mut(), name, &entries)?;
    if parsed.has("updateref")
        && let Some(last) = entries.last()
    {
        let who = cx.log_identity(repo)?;
        let update = Update {
            name,
            new: last.new,
            old: None,
            message: b"",
            who: &who,
            no_deref: true,
            create_log: false,
        };
        repo.refs.update(cx.files_mut(), &update)?;
        repo.refs.write_log(cx.files_mut(), name, &entries)?;
    }
    Ok(())
}

fn delete(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let supported = ["dry-run", "rewrite", "updateref", "verbose"];
    let parsed = sub(include_str!("../usage/reflog-delete.txt"), &supported, args)?;
    if parsed.args.is_empty() {
        return Err(Fault::Error(b"no reflog specified to delete".to_vec(), 255));
    }
    let repo = cx.repo()?;
    for spec in &parsed.args {
        let Some(open) = crate::bytes::find(spec, b"@{") else {
            return Err(Fault::Error(cat!["not a reflog: ", spec], 255));
        };
        let name = with_resolver(cx, &repo, |resolver| resolver.dwim_log(&spec[..open]))?;
        let Some(name) = name else {
            return Err(Fault::Error(cat!["no reflog for '", spec, "'"], 255));
        };
        let number: Option<usize> = spec[open + 2..].strip_suffix(b"}").and_then(crate::bytes::parse_number);
        let mut entries = repo.refs.log(cx.files(), &name);
        let Some(number) = number else {
            return Err(Fault::gap("'reflog delete' by date"));
        };
        if let Some(at) = entries.len().checked_sub(number + 1) {
            entries.remove(at);
        }
        keep(cx, &repo, &name, &parsed, entries)?;
    }
    Ok(Next::Exit(0))
}

fn expire(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let supported = [
        "dry-run",
        "rewrite",
        "updateref",
        "verbose",
        "expire",
        "expire-unreachable",
        "all",
    ];
    let parsed = sub(include_str!("../usage/reflog-expire.txt"), &supported, args)?;
    let repo = cx.repo()?;
    let clock = cx.clock();
    let limit = |name: &str, days: i64| match parsed.value(name) {
        Some(b"never" | b"false") => i64::MIN,
        Some(b"all" | b"now") => i64::MAX,
        Some(text) => date::approximate(text, &clock).0,
        None => clock.seconds - days * 86_400,
    };
    let (total, unreachable) = (limit("expire", 90), limit("expire-unreachable", 30));
    let mut names = Vec::new();
    if parsed.has("all") {
        names.push(b"HEAD".to_vec());
        gather(cx, &repo.git_path("logs/refs"), b"refs", &mut names);
    }
    for name in &parsed.args {
        match with_resolver(cx, &repo, |resolver| resolver.dwim_log(name))? {
            Some(full) => names.push(full),
            None => return Err(Fault::error(cat!["reflog could not be found: '", name, "'"])),
        }
    }
    for name in names {
        let tip = repo.refs.oid(cx.files(), &name);
        let mut history = crate::walk::History::new(&repo.store, cx.files());
        let reachable = history.ancestors(tip.as_slice()).unwrap_or_default();
        let mut entries = repo.refs.log(cx.files(), &name);
        entries.retain(|entry| {
            let lost = !reachable.contains(&entry.new) && !entry.new.is_null();
            entry.who.seconds >= total && !(lost && entry.who.seconds < unreachable)
        });
        keep(cx, &repo, &name, &parsed, entries)?;
    }
    Ok(Next::Exit(0))
}
