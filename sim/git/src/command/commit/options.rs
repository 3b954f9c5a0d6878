//! The options of `git commit`, checked against each other.

use crate::cat;
use crate::cli::options::Parsed;
use crate::command::input;
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
    /// How often `-v` was given.
    pub verbose: usize,
    pub verify: bool,
    pub post_rewrite: bool,
    /// `-p`.
    pub patch: bool,
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
    /// As it was named.
    pub reuse_name: Option<Vec<u8>>,
    pub fixup: Option<Fixup>,
    pub squash: Option<Oid>,
    /// As it was named.
    pub squash_name: Option<Vec<u8>>,
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

/// `--fixup=`: the commit it mends, and whether its message too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fixup {
    pub commit: Oid,
    /// `amend:`, `reword:`: the message is replaced.
    pub amends: bool,
    /// `reword:`: nothing but the message.
    pub rewords: bool,
}

impl Options {
    pub(super) fn new(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed, whence: Whence) -> Result<Self> {
        let amend = parsed.has("amend");
        check_messages(parsed)?;
        check_unsigned(parsed, repo)?;
        let reuse_name = parsed.value("reuse-message").or(parsed.value("reedit-message"));
        if parsed.has("reset-author") && reuse_name.is_none() && !amend && whence != Whence::CherryPick {
            return Err(Fault::fatal("--reset-author can be used only with -C, -c or --amend."));
        }
        let reuse = commit_named(cx, repo, reuse_name)?;
        let fixup = fixup(cx, repo, parsed)?;
        let paths = paths(parsed, fixup)?;
        let squash = commit_named(cx, repo, parsed.value("squash"))?;
        let messages = parsed.values("message");
        let file = message_file(cx, parsed)?;
        let has_message = !messages.is_empty() || file.is_some() || parsed.has("reuse-message");
        let has_message = has_message || fixup.is_some_and(|fixup| !fixup.amends);
        let rewords = fixup.is_some_and(|fixup| fixup.rewords);
        let untracked = super::super::status::untracked_mode(
            parsed.value("untracked-files"),
            parsed.flag("untracked-files").is_some(),
            repo,
        )?;
        let config = |key: &str| repo.config.get(key).map(<[u8]>::to_vec);
        let value = |name: &str| parsed.value(name).map(<[u8]>::to_vec);
        let (all, include) = (parsed.has("all"), parsed.has("include"));
        Ok(Self {
            quiet: parsed.has("quiet"),
            verbose: verbosity(parsed, repo),
            verify: !(parsed.has("no-verify") || parsed.flag("verify") == Some(false)),
            post_rewrite: !(parsed.has("no-post-rewrite") || parsed.flag("post-rewrite") == Some(false)),
            patch: parsed.has("patch"),
            amend,
            all,
            include,
            only: parsed.has("only") || rewords || !paths.is_empty() && !include,
            paths,
            allow_empty: parsed.has("allow-empty") || rewords,
            allow_empty_message: parsed.has("allow-empty-message"),
            signoff: parsed.has("signoff"),
            trailers: parsed.values("trailer"),
            reset_author: parsed.has("reset-author"),
            author: value("author"),
            date: value("date"),
            messages: (!messages.is_empty()).then(|| paragraphs(&messages)),
            file,
            template: value("template").or_else(|| config("commit.template")),
            reuse,
            reuse_name: reuse_name.map(<[u8]>::to_vec),
            fixup,
            squash,
            squash_name: value("squash"),
            cleanup: value("cleanup"),
            edits: parsed
                .flag("edit")
                .unwrap_or(!has_message || parsed.has("reedit-message")),
            status_in_template: parsed
                .flag("status")
                .unwrap_or_else(|| repo.config.bool_or("commit.status", true)),
            dry_run: parsed.has("dry-run"),
            format_given: ["short", "porcelain", "long", "null"]
                .iter()
                .any(|name| parsed.has(name)),
            long: parsed.has("long"),
            porcelain: parsed.has("porcelain") || parsed.has("null") && !parsed.has("short"),
            branch: parsed.has("branch"),
            null: parsed.has("null"),
            untracked,
        })
    }
}

/// Nothing is signed here: `commit.gpgSign` must not ask for it.
fn check_unsigned(parsed: &Parsed, repo: &Repo) -> Result<()> {
    let signs = repo.config.bool_or("commit.gpgsign", false);
    if signs && parsed.flag("gpg-sign") != Some(false) && !parsed.has("no-gpg-sign") {
        return Err(Fault::gap("'commit.gpgSign'"));
    }
    Ok(())
}

/// How often `-v` was given; `commit.verbose` is a number, or yes and no.
fn verbosity(parsed: &Parsed, repo: &Repo) -> usize {
    match (parsed.flag("verbose"), repo.config.get("commit.verbose")) {
        (Some(_), _) => parsed.count("verbose"),
        (None, None) => 0,
        (None, Some(text)) => crate::bytes::parse_number(text)
            .unwrap_or_else(|| usize::from(crate::config::parse_bool(Some(text)) == Some(true))),
    }
}

/// Where the message may come from: one place only.
fn check_messages(parsed: &Parsed) -> Result<()> {
    let has = |name: &str| parsed.has(name);
    exclusive(&[("--reset-author", has("reset-author")), ("--author", has("author"))])?;
    exclusive(&[("--squash", has("squash")), ("--fixup", has("fixup"))])?;
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
    exclusive(&[
        ("-i/--include", has("include")),
        ("-o/--only", has("only")),
        ("-a/--all", has("all")),
        ("--interactive/-p/--patch", has("patch")),
    ])
}

/// What `--fixup` names, the words before a colon included.
fn fixup(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<Option<Fixup>> {
    let Some(typed) = parsed.value("fixup") else {
        return Ok(None);
    };
    let letters = typed.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let (kind, name) = match typed.get(letters) {
        Some(b':') if letters > 0 => (&typed[..letters], &typed[letters + 1..]),
        _ => (b"".as_slice(), typed),
    };
    let (amends, rewords) = match kind {
        b"" => (false, false),
        b"amend" => (true, false),
        b"reword" => (true, true),
        _ => return Err(Fault::fatal(cat!["unknown option: --fixup=", typed])),
    };
    if amends && parsed.has("message") {
        let kind = crate::bytes::lossy(kind);
        return Err(Fault::fatal(format!(
            "options '-m' and '--fixup:{kind}' cannot be used together"
        )));
    }
    if rewords && ["patch", "all", "include", "only"].iter().any(|name| parsed.has(name)) {
        return Err(Fault::fatal(
            "reword option of '--fixup' and '--patch/--interactive/--all/--include/--only' cannot be used together",
        ));
    }
    if let Some(path) = parsed.args.first().filter(|_| rewords) {
        return Err(Fault::fatal(cat![
            "reword option of '--fixup' and path '",
            path,
            "' cannot be used together"
        ]));
    }
    let commit = commit_named(cx, repo, Some(name))?;
    Ok(commit.map(|commit| Fixup {
        commit,
        amends,
        rewords,
    }))
}

/// The paths to commit, checked against what else says what to commit.
fn paths(parsed: &Parsed, fixup: Option<Fixup>) -> Result<Vec<Vec<u8>>> {
    let has = |name: &str| parsed.has(name);
    if has("all")
        && let Some(path) = parsed.args.first()
    {
        return Err(Fault::fatal(cat!["paths '", path, " ...' with -a does not make sense"]));
    }
    if has("patch") {
        input::not_from_file(parsed, "--interactive/--patch")?;
    }
    if has("all") {
        input::not_from_file(parsed, "-a")?;
    }
    let paths = input::paths(parsed, &parsed.args)?;
    let may_lack = has("allow-empty") || has("amend") || fixup.is_some_and(|fixup| fixup.rewords);
    if paths.is_empty() && (has("include") || has("only") && !may_lack) {
        return Err(Fault::fatal("No paths with --include/--only does not make sense."));
    }
    Ok(paths)
}

/// The message of `-F`.
fn message_file(cx: &Cx<'_, '_>, parsed: &Parsed) -> Result<Option<Vec<u8>>> {
    match (parsed.value("file"), &parsed.input) {
        (None, _) => Ok(None),
        (Some(_), Some(input)) => Ok(Some(input.clone())),
        (Some(name), None) => {
            let text = cx.files().read(&cx.io.path(name));
            let text =
                text.map_err(|errno| Fault::fatal(cat!["could not read log file '", name, "': ", errno.to_string()]))?;
            Ok(Some(text.to_vec()))
        }
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
fn paragraphs(messages: &[Vec<u8>]) -> Vec<u8> {
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
