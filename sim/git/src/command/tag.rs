//! `git tag`.

use super::Command;
use super::commit::paragraphs;
use super::plumbing;
use crate::bytes::lossy;
use crate::cat;
use crate::cli::options::Parsed;
use crate::fault::{Fault, Result};
use crate::ident::Role;
use crate::listing::{Filter, Listing, first_lines};
use crate::message::{self, Cleanup, comment_char, commented};
use crate::object::{Kind, Signature, Tag};
use crate::oid::Oid;
use crate::output::columns;
use crate::process::{Cx, Next, Outcome, Then};
use crate::refs::{Update, check_format};
use crate::repo::Repo;
use crate::revision::with_resolver;
use crate::wildmatch::wildmatch;
use essaim_kernel::Value;
use std::collections::BTreeMap;

pub(super) const COMMAND: Command = Command {
    name: "tag",
    main,
    usage: include_str!("../usage/tag.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &[
        "list",
        "n",
        "delete",
        "annotate",
        "message",
        "file",
        "edit",
        "cleanup",
        "force",
        "create-reflog",
        "column",
        "contains",
        "no-contains",
        "merged",
        "no-merged",
        "omit-empty",
        "sort",
        "points-at",
        "format",
        "color",
        "ignore-case",
    ],
};

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COMMAND.parse(args)?;
    let repo = cx.repo()?;
    let filters = ["contains", "no-contains", "merged", "no-merged", "points-at"];
    let filtering = filters.iter().any(|name| parsed.has(name));
    if parsed.has("delete") {
        return delete(cx, &repo, &parsed.args);
    }
    let list_mode = parsed.has("list") || parsed.has("n") || filtering || parsed.args.is_empty();
    let creating = ["annotate", "message", "file", "edit"]
        .iter()
        .any(|name| parsed.has(name));
    if list_mode && !(creating && parsed.args.is_empty()) {
        return list(cx, &repo, &parsed);
    }
    create(cx, &repo, &parsed)
}

fn list(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<Next> {
    let mut refs = repo.refs.list(cx.files(), b"refs/tags/");
    let ignore_case = parsed.has("ignore-case");
    if !parsed.args.is_empty() {
        let fold = if ignore_case { crate::wildmatch::CASEFOLD } else { 0 };
        refs.retain(|item| {
            parsed
                .args
                .iter()
                .any(|pattern| wildmatch(pattern, &item.name[10..], fold))
        });
    }
    let mut points_at = Vec::new();
    for given in parsed.options.iter().filter(|given| given.name == "points-at") {
        let name = given.value.clone().unwrap_or_else(|| b"HEAD".to_vec());
        match with_resolver(cx, repo, |resolver| resolver.object(&name))? {
            Some(oid) => points_at.push(oid),
            None => return Err(Fault::Error(cat!["malformed object name '", name, "'"], 129)),
        }
    }
    let filter = Filter {
        contains: plumbing::commits(cx, repo, parsed, "contains")?,
        no_contains: plumbing::commits(cx, repo, parsed, "no-contains")?,
        merged: plumbing::commits(cx, repo, parsed, "merged")?,
        no_merged: plumbing::commits(cx, repo, parsed, "no-merged")?,
        points_at,
    };
    filter.apply(repo, cx.files(), &mut refs)?;
    let listing = Listing {
        repo,
        files: cx.files(),
        clock: cx.clock(),
    };
    let mut keys = parsed.values("sort");
    if keys.is_empty() {
        keys = repo
            .config
            .get_all("tag.sort")
            .into_iter()
            .map(<[u8]>::to_vec)
            .collect();
    }
    listing.sort(&mut refs, &keys, ignore_case)?;
    let lines_wanted: usize = match (parsed.has("n"), parsed.value("n")) {
        (false, _) => 0,
        (true, None) => 1,
        (true, Some(text)) => crate::bytes::parse_number(text).ok_or_else(|| {
            Fault::Error(
                b"switch `n' expects an integer value with an optional k/m/g suffix".to_vec(),
                129,
            )
        })?,
    };
    let mut cells = Vec::new();
    for item in &refs {
        let name = &item.name[10..];
        if let Some(format) = parsed.value("format") {
            let line = listing.format(item, format)?;
            if !(line.is_empty() && parsed.has("omit-empty")) {
                cells.push(line);
            }
        } else if lines_wanted > 0 {
            let mut cell = name.to_vec();
            cell.resize(cell.len().max(15), b' ');
            cells.push(cat![cell, " ", first_lines(&listing.message(item), lines_wanted)]);
        } else {
            cells.push(name.to_vec());
        }
    }
    if parsed.has("column") && lines_wanted == 0 {
        let width = cx.width();
        cx.print(columns(&cells, width, ""));
        return Ok(Next::Exit(0));
    }
    for cell in cells {
        cx.print(cat![cell, "\n"]);
    }
    Ok(Next::Exit(0))
}

fn delete(cx: &mut Cx<'_, '_>, repo: &Repo, names: &[Vec<u8>]) -> Result<Next> {
    let mut failed = false;
    for name in names {
        let full = cat!["refs/tags/", name];
        let Some(oid) = repo.refs.oid(cx.files(), &full) else {
            cx.eprint(cat!["error: tag '", name, "' not found.\n"]);
            failed = true;
            continue;
        };
        repo.refs.delete(cx.files_mut(), &full)?;
        let short = repo.short(cx.files(), &oid);
        cx.print(cat!["Deleted tag '", name, "' (was ", short, ")\n"]);
    }
    Ok(Next::Exit(u8::from(failed)))
}

#[derive(Clone)]
struct Draft {
    repo: Repo,
    name: Vec<u8>,
    object: Oid,
    old: Option<Oid>,
    cleanup: Cleanup,
    tagger: Option<Signature>,
}

fn create(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<Next> {
    let (name, target) = match parsed.args.as_slice() {
        [name] => (name.clone(), b"HEAD".to_vec()),
        [name, target] => (name.clone(), target.clone()),
        [] => return Err(crate::cli::options::usage_only(COMMAND.usage)),
        _ => return Err(Fault::fatal("too many arguments")),
    };
    if parsed.has("message") && parsed.has("file") {
        return Err(Fault::fatal("options '-F' and '-m' cannot be used together"));
    }
    let Some(object) = with_resolver(cx, repo, |resolver| resolver.object(&target))? else {
        return Err(Fault::fatal(cat!["Failed to resolve '", target, "' as a valid ref."]));
    };
    let full = cat!["refs/tags/", name];
    if name.starts_with(b"-") || name == b"HEAD" || !check_format(&full, false) {
        return Err(Fault::fatal(cat!["'", name, "' is not a valid tag name."]));
    }
    let old = repo.refs.oid(cx.files(), &full);
    if old.is_some() && !parsed.has("force") {
        return Err(Fault::fatal(cat!["tag '", name, "' already exists"]));
    }
    let messages = parsed.values("message");
    let annotated = parsed.has("annotate") || !messages.is_empty() || parsed.has("file");
    let mut draft = Draft {
        repo: repo.clone(),
        name,
        object,
        old,
        cleanup: Cleanup::parse(parsed.value("cleanup"), true)?,
        tagger: None,
    };
    if !annotated {
        return finish(cx, &draft, object);
    }
    let text = match (messages.is_empty(), parsed.value("file")) {
        (false, _) => Some(paragraphs(&messages)),
        (true, Some(b"-")) => return Err(Fault::gap("'tag -F -'")),
        (true, Some(file)) => {
            let full = cx.io.path(file);
            let text = cx
                .files()
                .read(&full)
                .map_err(|errno| Fault::fatal(cat!["could not open or read '", file, "': ", errno.to_string()]))?;
            Some(text.to_vec())
        }
        (true, None) => None,
    };
    draft.tagger = Some(cx.identity(repo, Role::Committer)?);
    match text {
        Some(text) if !parsed.has("edit") => annotate(cx, &draft, &text),
        text => {
            let path = repo.git_path("TAG_EDITMSG");
            let comment = comment_char(&repo.config);
            let old_message = draft
                .old
                .and_then(|oid| repo.store.tag(cx.files(), &oid).ok())
                .map(|tag| tag.message);
            let start = text.or(old_message).unwrap_or_else(|| b"\n".to_vec());
            let start = if start == b"\n" { start } else { cat![start] };
            let keeps = draft.cleanup != Cleanup::Strip;
            let rule = if keeps {
                format!("Lines starting with '{comment}' will be kept; you may remove them yourself if you want to.\n")
            } else {
                format!("Lines starting with '{comment}' will be ignored.\n")
            };
            let help = format!("\nWrite a message for tag:\n  {}\n{rule}", lossy(&draft.name));
            cx.files_mut().write(&path, cat![start, commented(&help, &comment)])?;
            cx.edit_message(repo, path, Then::new(Box::new(draft), edited))
        }
    }
}

fn edited(draft: Box<Draft>, cx: &mut Cx<'_, '_>, _: Outcome) -> Result<Next> {
    let text = cx.files().read(&draft.repo.git_path("TAG_EDITMSG"))?;
    annotate(cx, &draft, &text)
}

fn annotate(cx: &mut Cx<'_, '_>, draft: &Draft, text: &[u8]) -> Result<Next> {
    let message = message::clean(text, draft.cleanup, &comment_char(&draft.repo.config));
    let edited = draft.repo.git_path("TAG_EDITMSG");
    if message.is_empty() && cx.files().exists(&edited) {
        return Err(Fault::fatal("no tag message?"));
    }
    let kind = draft.repo.store.get(cx.files(), &draft.object)?.kind;
    if kind == Kind::Tag && draft.repo.config.advice("nestedTag") {
        cx.eprint(cat![
            "hint: You have created a nested tag. The object referred to by your new tag is\n",
            "hint: already a tag. If you meant to tag the object that it points to, use:\n",
            "hint:\n",
            "hint: \tgit tag -f ",
            draft.name,
            " ",
            draft.object.hex(),
            "^{}\n",
            "hint: Disable this message with \"git config advice.nestedTag false\"\n"
        ]);
    }
    let tag = Tag {
        object: draft.object,
        kind,
        name: draft.name.clone(),
        tagger: draft.tagger.clone(),
        message,
    };
    let oid = draft.repo.store.write(cx.files_mut(), Kind::Tag, &tag.write())?;
    if cx.files().exists(&edited) {
        cx.files_mut().remove_file(&edited)?;
    }
    finish(cx, draft, oid)
}

fn finish(cx: &mut Cx<'_, '_>, draft: &Draft, new: Oid) -> Result<Next> {
    let repo = &draft.repo;
    let who = cx.log_identity(repo)?;
    let full = cat!["refs/tags/", draft.name];
    let update = Update {
        name: &full,
        new,
        old: None,
        message: b"",
        who: &who,
        no_deref: false,
        create_log: false,
    };
    repo.refs.update(cx.files_mut(), &update)?;
    if let Some(old) = draft.old.filter(|old| *old != new) {
        let short = repo.short(cx.files(), &old);
        cx.print(cat!["Updated tag '", draft.name, "' (was ", short, ")\n"]);
    }
    let mut fields = BTreeMap::new();
    fields.insert("name", Value::from(lossy(&draft.name)));
    fields.insert("oid", Value::from(new.hex()));
    cx.io.record("git.tag_created", fields);
    Ok(Next::Exit(0))
}
