//! `git tag`.

use super::Command;
use super::{input, plumbing};
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
use crate::refs::{Ref, Update, check_format};
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
        "verify",
        "trailer",
    ],
};

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    input::with_file(cx, COMMAND.parse(args)?, "file", run)
}

fn run(cx: &mut Cx<'_, '_>, parsed: Parsed) -> Result<Next> {
    let repo = cx.repo()?;
    let filters = ["contains", "no-contains", "merged", "no-merged", "points-at"];
    let filtering = filters.iter().any(|name| parsed.has(name));
    let words = [
        ("-d", parsed.has("delete")),
        ("-v", parsed.has("verify")),
        ("-l", parsed.has("list") || filtering || parsed.has("n")),
    ];
    let given: Vec<&str> = words
        .iter()
        .filter(|(_, given)| *given)
        .map(|(name, _)| *name)
        .collect();
    if let [one, other, ..] = given.as_slice() {
        let text = format!("options '{one}' and '{other}' cannot be used together");
        return Err(Fault::Error(text.into_bytes(), 129));
    }
    let makes = ["annotate", "message", "file", "force"]
        .iter()
        .any(|name| parsed.has(name));
    if !given.is_empty() && makes {
        return Err(crate::cli::options::usage_only(COMMAND.usage));
    }
    if parsed.has("delete") {
        return delete(cx, &repo, &parsed.args);
    }
    if parsed.has("verify") {
        return verify(cx, &repo, &parsed.args);
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
    let lines_wanted = lines_wanted(parsed)?;
    let in_columns = plumbing::columns_wanted(cx, repo, parsed, "tag")?;
    if parsed.flag("column") == Some(true) && lines_wanted > 0 {
        return Err(Fault::fatal("options '--column' and '-n' cannot be used together"));
    }
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
    let cells = cells(&listing, &refs, parsed, lines_wanted)?;
    if in_columns && lines_wanted == 0 {
        let width = cx.width();
        // Two spaces stand between names.
        let padded: Vec<Vec<u8>> = cells.iter().map(|cell| cat![cell, " "]).collect();
        let text = columns(&padded, width, "");
        let lines: Vec<&[u8]> = crate::bytes::lines(&text).map(<[u8]>::trim_ascii_end).collect();
        cx.print(cat![
            lines.join(b"\n".as_slice()),
            if lines.is_empty() { "" } else { "\n" }
        ]);
        return Ok(Next::Exit(0));
    }
    for cell in cells {
        cx.print(cat![cell, "\n"]);
    }
    Ok(Next::Exit(0))
}

/// `-n`: how many lines of each message are shown.
fn lines_wanted(parsed: &Parsed) -> Result<usize> {
    match (parsed.has("n"), parsed.value("n")) {
        (false, _) => Ok(0),
        (true, None) => Ok(1),
        (true, Some(text)) => crate::bytes::parse_number(text).ok_or_else(|| {
            let text = b"switch `n' expects an integer value with an optional k/m/g suffix";
            Fault::Error(text.to_vec(), 129)
        }),
    }
}

/// What is printed of each tag.
fn cells(listing: &Listing<'_>, refs: &[Ref], parsed: &Parsed, lines_wanted: usize) -> Result<Vec<Vec<u8>>> {
    let mut cells = Vec::new();
    for item in refs {
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
    Ok(cells)
}

/// `-v`: what a tag says; nothing here is signed.
fn verify(cx: &mut Cx<'_, '_>, repo: &Repo, names: &[Vec<u8>]) -> Result<Next> {
    let mut failed = false;
    for name in names {
        let full = cat!["refs/tags/", name];
        let Some(oid) = repo.refs.oid(cx.files(), &full) else {
            cx.eprint(cat!["error: tag '", name, "' not found.\n"]);
            failed = true;
            continue;
        };
        let object = repo.store.get(cx.files(), &oid)?;
        if object.kind != Kind::Tag {
            let kind = object.kind.name();
            cx.eprint(cat![
                "error: ",
                name,
                format!(": cannot verify a non-tag object of type {kind}.\n")
            ]);
        } else if crate::bytes::find(&object.content, b"-----BEGIN ").is_some() {
            return Err(Fault::gap("'tag --verify' of a signed tag"));
        } else {
            cx.print(object.content.as_slice());
            cx.eprint("error: no signature found\n");
        }
        failed = true;
    }
    Ok(Next::Exit(u8::from(failed)))
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
    /// As it was named.
    target: Vec<u8>,
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
    if name.starts_with(b"-") || !check_format(&full, false) {
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
        target,
        old,
        cleanup: Cleanup::parse(parsed.value("cleanup"), true)?,
        tagger: None,
    };
    if !annotated {
        return finish(cx, &draft, object);
    }
    let text = match (messages.is_empty(), parsed.value("file")) {
        (false, _) => Some(messages.join(b"\n\n".as_slice())),
        (true, Some(_)) if parsed.input.is_some() => parsed.input.clone(),
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
    let text = text.map(|mut text| {
        message::add_trailers(&mut text, &parsed.values("trailer"));
        text
    });
    match text {
        Some(text) if !parsed.has("edit") => annotate(cx, &draft, &text),
        text => edit(cx, draft, text, &parsed.values("trailer")),
    }
}

/// Opens the editor on the message that is there: the one given, or the old tag's; else on an empty one and advice.
fn edit(cx: &mut Cx<'_, '_>, draft: Draft, text: Option<Vec<u8>>, trailers: &[Vec<u8>]) -> Result<Next> {
    let repo = draft.repo.clone();
    let path = repo.git_path("TAG_EDITMSG");
    let old = draft.old.and_then(|oid| repo.store.tag(cx.files(), &oid).ok());
    let mut start = match (text, old) {
        (Some(text), _) if text.ends_with(b"\n") => text,
        (Some(text), _) => cat![text, "\n"],
        (None, Some(tag)) => tag.message,
        (None, None) => {
            let comment = comment_char(&repo.config);
            let rule = if draft.cleanup == Cleanup::Strip {
                format!("Lines starting with '{comment}' will be ignored.\n")
            } else {
                format!("Lines starting with '{comment}' will be kept; you may remove them yourself if you want to.\n")
            };
            let help = format!("\nWrite a message for tag:\n  {}\n{rule}", lossy(&draft.name));
            cat!["\n", commented(&help, &comment)]
        }
    };
    message::add_trailers(&mut start, trailers);
    cx.files_mut().write(&path, start)?;
    cx.edit_message(&repo, path, Then::new(Box::new(draft), edited))
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
            draft.target,
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
