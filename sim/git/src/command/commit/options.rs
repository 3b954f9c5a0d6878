//! The options of `git commit`, checked against each other.

use crate::cat;
use crate::cli::options::Parsed;
use crate::fault::{Fault, Result};
use crate::oid::Oid;
use crate::process::Cx;
use crate::repo::Repo;
use crate::revision::with_resolver;
use crate::state::Whence;
use crate::worktree::UntrackedMode;

/// What was asked for.
#[derive(Clone)]
pub(super) struct Options {
    pub quiet: bool,
    pub verbose: bool,
    pub amend: bool,
    pub all: bool,
    pub include: bool,
    pub only: bool,
    pub paths: Vec<Vec<u8>>,
    pub allow_empty: bool,
    pub allow_empty_message: bool,
    pub signoff: bool,
    pub trailers: Vec<Vec<u8>>,
    pub reset_author: bool,
    pub author: Option<Vec<u8>>,
    pub date: Option<Vec<u8>>,
    pub messages: Option<Vec<u8>>,
    /// `-F`: the file's content.
    pub file: Option<Vec<u8>>,
    pub template: Option<Vec<u8>>,
    /// `-C`, `-c`: whose message and author.
    pub reuse: Option<Oid>,
    pub fixup: Option<Oid>,
    pub squash: Option<Oid>,
    pub cleanup: Option<Vec<u8>>,
    /// The editor opens.
    pub edits: bool,
    pub status_in_template: bool,
    pub dry_run: bool,
    pub format_given: bool,
    pub long: bool,
    pub porcelain: bool,
    pub branch: bool,
    pub null: bool,
    pub untracked: UntrackedMode,
}

impl Options {
    pub(super) fn new(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed, whence: Whence) -> Result<Self> {
        let amend = parsed.has("amend");
        let messages = parsed.values("message");
        let has = |name: &str| parsed.has(name);
        exclusive(&[
            ("-C", has("reuse-message")),
            ("-c", has("reedit-message")),
            ("-F", has("file")),
            ("--fixup", has("fixup")),
        ])?;
        exclusive(&[
            ("-m", has("message")),
            ("-c", has("reedit-message")),
            ("-C", has("reuse-message")),
            ("-F", has("file")),
        ])?;
        let all = parsed.has("all");
        let (include, only) = (parsed.has("include"), parsed.has("only"));
        if include && only || all && (include || only) {
            let mut given = Vec::new();
            for (shown, name) in [("-i/--include", include), ("-o/--only", only), ("-a/--all", all)] {
                if name {
                    given.push((shown, true));
                }
            }
            exclusive(&given)?;
        }
        if all && !parsed.args.is_empty() {
            return Err(Fault::fatal(cat![
                "paths '",
                parsed.args[0],
                " ...' with -a does not make sense"
            ]));
        }
        if (include || only && !amend && !parsed.has("allow-empty")) && parsed.args.is_empty() {
            return Err(Fault::fatal("No paths with --include/--only does not make sense."));
        }
        let reuse_name = parsed.value("reuse-message").or(parsed.value("reedit-message"));
        let reuse = commit_named(cx, repo, reuse_name)?;
        let fixup = parsed.value("fixup");
        if let Some(kind) = fixup.filter(|text| text.starts_with(b"amend:") || text.starts_with(b"reword:")) {
            return Err(Fault::gap(cat!["'commit --fixup=", kind, "'"]));
        }
        let fixup = commit_named(cx, repo, fixup)?;
        let squash = commit_named(cx, repo, parsed.value("squash"))?;
        if parsed.has("reset-author") && reuse.is_none() && !amend && whence != Whence::CherryPick {
            return Err(Fault::fatal("--reset-author can be used only with -C, -c or --amend."));
        }
        let file = match parsed.value("file") {
            None => None,
            Some(b"-") => return Err(Fault::gap("'commit -F -'")),
            Some(name) => {
                let full = cx.io.path(name);
                let text = cx
                    .files()
                    .read(&full)
                    .map_err(|errno| Fault::fatal(cat!["could not read log file '", name, "': ", errno.to_string()]))?;
                Some(text.to_vec())
            }
        };
        let has_message = !messages.is_empty() || file.is_some() || parsed.has("reuse-message") || fixup.is_some();
        let edits = parsed
            .flag("edit")
            .unwrap_or(!has_message || parsed.has("reedit-message"));
        let untracked = super::super::status::untracked_mode(
            parsed.value("untracked-files"),
            parsed.flag("untracked-files").is_some(),
            repo,
        )?;
        let format_given = ["short", "porcelain", "long", "null"]
            .iter()
            .any(|name| parsed.has(name));
        Ok(Self {
            quiet: parsed.has("quiet"),
            verbose: parsed
                .flag("verbose")
                .unwrap_or_else(|| repo.config.bool_or("commit.verbose", false)),
            amend,
            all,
            include,
            only: only || !parsed.args.is_empty() && !include,
            paths: parsed.args.clone(),
            allow_empty: parsed.has("allow-empty"),
            allow_empty_message: parsed.has("allow-empty-message"),
            signoff: parsed.has("signoff"),
            trailers: parsed.values("trailer"),
            reset_author: parsed.has("reset-author"),
            author: parsed.value("author").map(<[u8]>::to_vec),
            date: parsed.value("date").map(<[u8]>::to_vec),
            messages: (!messages.is_empty()).then(|| paragraphs(&messages)),
            file,
            template: parsed
                .value("template")
                .or_else(|| repo.config.get("commit.template"))
                .map(<[u8]>::to_vec),
            reuse,
            fixup,
            squash,
            cleanup: parsed.value("cleanup").map(<[u8]>::to_vec),
            edits,
            status_in_template: parsed
                .flag("status")
                .unwrap_or_else(|| repo.config.bool_or("commit.status", true)),
            dry_run: parsed.has("dry-run"),
            format_given,
            long: parsed.has("long"),
            porcelain: parsed.has("porcelain") || parsed.has("null") && !parsed.has("short"),
            branch: parsed.has("branch"),
            null: parsed.has("null"),
            untracked,
        })
    }
}

/// `fatal: options '-m' and '-F' cannot be used together`.
fn exclusive(options: &[(&str, bool)]) -> Result<()> {
    let given: Vec<String> = options
        .iter()
        .filter(|(_, given)| *given)
        .map(|(name, _)| format!("'{name}'"))
        .collect();
    match given.as_slice() {
        [] | [_] => Ok(()),
        [a, b] => Err(Fault::fatal(format!("options {a} and {b} cannot be used together"))),
        [rest @ .., last] => Err(Fault::fatal(format!(
            "options {}, and {last} cannot be used together",
            rest.join(", ")
        ))),
    }
}

/// Several `-m`: each is a paragraph.
pub(in crate::command) fn paragraphs(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    for message in messages {
        if !out.is_empty() {
            out.push(b'\n');
        }
        out.extend_from_slice(message);
        if !out.ends_with(b"\n") {
            out.push(b'\n');
        }
    }
    out
}

fn commit_named(cx: &mut Cx<'_, '_>, repo: &Repo, name: Option<&[u8]>) -> Result<Option<Oid>> {
    let Some(name) = name else { return Ok(None) };
    match with_resolver(cx, repo, |resolver| resolver.commit(name))? {
        Some(oid) => Ok(Some(oid)),
        None => Err(Fault::fatal(cat!["could not lookup commit '", name, "'"])),
    }
}

/// `--author`: `A U Thor <a@b>`, or part of the author line of an existing commit.
pub(super) fn named_author(cx: &Cx<'_, '_>, repo: &Repo, text: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    if let Some(who) = crate::ident::parse_who(text) {
        return Ok(who);
    }
    let regex = crate::regex::Regex::basic(text, true);
    let tips: Vec<Oid> = repo
        .refs
        .list(cx.files(), b"refs/")
        .into_iter()
        .map(|r| r.oid)
        .chain(repo.refs.head(cx.files()))
        .collect();
    let mut history = crate::walk::History::new(&repo.store, cx.files());
    let commits: Vec<Oid> = tips
        .into_iter()
        .filter(|oid| repo.store.commit(cx.files(), oid).is_ok())
        .collect();
    for oid in history.by_date(&commits, &[])? {
        let author = history.commit(&oid)?.author.clone();
        if regex.as_ref().is_some_and(|regex| regex.is_match(&author.who())) {
            return Ok((author.name, author.email));
        }
    }
    Err(Fault::fatal(cat![
        "--author '",
        text,
        "' is not 'Name <email>' and matches no existing author"
    ]))
}
