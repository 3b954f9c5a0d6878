//! What `git merge` was told.

use crate::cat;
use crate::cli::options::Parsed;
use crate::fault::{Fault, Result};
use crate::merge as engine;
use crate::oid::Oid;
use crate::process::Cx;
use crate::repo::Repo;
use crate::revision::with_resolver;
use essaim_text::{Favor, Whitespace};

/// Whether a branch may simply move forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FastForward {
    Allowed,
    Never,
    Only,
}

/// `-s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    Ort,
    Recursive,
    Ours,
    Octopus,
}

impl Strategy {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ort => "ort",
            Self::Recursive => "recursive",
            Self::Ours => "ours",
            Self::Octopus => "octopus",
        }
    }
}

#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent option of the command line"
)]
pub(super) struct Options {
    pub fast_forward: FastForward,
    pub squash: bool,
    pub commit: bool,
    pub edit: bool,
    pub stat: bool,
    pub quiet: bool,
    pub unrelated: bool,
    pub signoff: bool,
    pub autostash: bool,
    /// `--log`: how many commits of each branch the message lists.
    pub log: usize,
    pub verify: bool,
    pub has_message: bool,
    /// `-m` and `-F`.
    pub message: Vec<u8>,
    pub into_name: Option<Vec<u8>>,
    pub cleanup_name: Option<Vec<u8>>,
    pub strategy: Option<Strategy>,
    pub strategy_options: Vec<Vec<u8>>,
}

impl Options {
    pub(super) fn new(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<Self> {
        let config = &repo.config;
        let mut fast_forward = match config.get("merge.ff") {
            Some(b"only") => FastForward::Only,
            Some(text) if crate::config::parse_bool(Some(text)) == Some(false) => FastForward::Never,
            _ => FastForward::Allowed,
        };
        let mut stat = config.bool_or("merge.stat", config.bool_or("merge.diffstat", true));
        for given in &parsed.options {
            match (given.name.as_str(), given.negated) {
                ("ff", negated) => {
                    fast_forward = if negated {
                        FastForward::Never
                    } else {
                        FastForward::Allowed
                    }
                }
                ("ff-only", _) => fast_forward = FastForward::Only,
                ("n", _) => stat = false,
                ("stat" | "summary", negated) => stat = !negated,
                _ => {}
            }
        }
        let squash = parsed.has("squash");
        if squash {
            let clash = |other: &str| Fault::fatal(format!("options '--squash' and '{other}' cannot be used together"));
            if fast_forward == FastForward::Never {
                return Err(clash("--no-ff."));
            }
            if parsed.flag("commit") == Some(true) {
                return Err(clash("--commit."));
            }
        }
        let strategy = strategy(parsed)?;
        let cleanup_name = parsed
            .value("cleanup")
            .or_else(|| config.get("commit.cleanup"))
            .map(<[u8]>::to_vec);
        crate::message::Cleanup::parse(cleanup_name.as_deref(), false)?;
        let (has_message, message) = given_message(cx, parsed)?;
        let options = Self {
            fast_forward,
            squash,
            commit: parsed.flag("commit").unwrap_or(true) && !squash,
            edit: edits(cx, parsed, has_message),
            stat,
            quiet: parsed.has("quiet"),
            unrelated: parsed.has("allow-unrelated-histories"),
            signoff: parsed.has("signoff"),
            autostash: parsed
                .flag("autostash")
                .unwrap_or_else(|| config.bool_or("merge.autostash", false)),
            log: log_length(parsed, config)?,
            verify: !(parsed.has("no-verify") || parsed.flag("verify") == Some(false)),
            has_message,
            message,
            into_name: parsed.value("into-name").map(<[u8]>::to_vec),
            cleanup_name,
            strategy,
            strategy_options: parsed.values("strategy-option"),
        };
        options.check_strategy_options(repo)?;
        Ok(options)
    }

    fn check_strategy_options(&self, repo: &Repo) -> Result<()> {
        let mut how = engine::Options::new(repo, b"HEAD", b"");
        for option in &self.strategy_options {
            if !apply(&mut how, option)? {
                return Err(Fault::fatal(cat!["unknown strategy option: -X", option]));
            }
        }
        Ok(())
    }

    /// How trees are merged.
    pub(super) fn engine(&self, repo: &Repo, theirs: &[u8]) -> engine::Options {
        let mut how = engine::Options::new(repo, b"HEAD", theirs);
        for option in &self.strategy_options {
            // They were checked when the command line was read.
            let _ = apply(&mut how, option);
        }
        how
    }
}

/// Takes one `-X`; `false`: there is no such option.
fn apply(how: &mut engine::Options, option: &[u8]) -> Result<bool> {
    let option = crate::bytes::lossy(option);
    let (name, value) = option.split_once('=').unwrap_or((&option, ""));
    match name {
        "ours" => how.favor = Some(Favor::Ours),
        "theirs" => how.favor = Some(Favor::Theirs),
        "ignore-space-change" => how.whitespace = Whitespace::IgnoreChange,
        "ignore-all-space" => how.whitespace = Whitespace::IgnoreAll,
        "ignore-space-at-eol" => how.whitespace = Whitespace::IgnoreAtEol,
        // Git 2.47's `ort` looks for renames all the same.
        "no-renames" => {}
        "find-renames" | "rename-threshold" => {
            how.renames = Some(super::super::status::rename_score(Some(value.as_bytes())));
        }
        "patience" => how.algorithm = essaim_text::Algorithm::Patience,
        "histogram" => how.algorithm = essaim_text::Algorithm::Histogram,
        "diff-algorithm" => match crate::diff::algorithm(value.as_bytes()) {
            Some(algorithm) => how.algorithm = algorithm,
            None => return Ok(false),
        },
        "ignore-cr-at-eol" => how.whitespace = Whitespace::IgnoreCrAtEol,
        "renormalize" | "no-renormalize" | "subtree" => {
            return Err(Fault::gap(format!("'merge -X {name}'")));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// `--log`, else `merge.log`: a number, or 20.
fn log_length(parsed: &Parsed, config: &crate::config::Config) -> Result<usize> {
    let by_default = 20;
    let length = match parsed.flag("log") {
        Some(false) => 0,
        Some(true) => parsed.number("log")?.unwrap_or(by_default),
        None => match config.get("merge.log").or_else(|| config.get("merge.summary")) {
            None => 0,
            Some(text) => match crate::bytes::parse_number(text) {
                Some(number) => number,
                None if crate::config::parse_bool(Some(text)) == Some(true) => by_default,
                None => 0,
            },
        },
    };
    Ok(usize::try_from(length).unwrap_or(0))
}

fn strategy(parsed: &Parsed) -> Result<Option<Strategy>> {
    match parsed.values("strategy").as_slice() {
        [] => Ok(None),
        [one] => match one.as_slice() {
            b"ort" => Ok(Some(Strategy::Ort)),
            b"recursive" => Ok(Some(Strategy::Recursive)),
            b"ours" => Ok(Some(Strategy::Ours)),
            b"octopus" => Ok(Some(Strategy::Octopus)),
            b"resolve" | b"subtree" => Err(Fault::gap(cat!["'merge -s ", one, "'"])),
            _ => {
                let text = cat![
                    "Could not find merge strategy '",
                    one,
                    "'.\n",
                    "Available strategies are: octopus ours recursive resolve subtree.\n"
                ];
                Err(Fault::Plain(text, 1))
            }
        },
        _ => Err(Fault::gap("'merge' with several strategies")),
    }
}

/// The message of `-m` and `-F`, and whether there is one.
fn given_message(cx: &mut Cx<'_, '_>, parsed: &Parsed) -> Result<(bool, Vec<u8>)> {
    let mut text: Vec<u8> = Vec::new();
    let mut given = false;
    for option in &parsed.options {
        let part = match (option.name.as_str(), &option.value, option.negated) {
            ("message", _, true) => {
                (given, text) = (false, Vec::new());
                continue;
            }
            ("message", Some(value), false) => value.clone(),
            ("file", Some(name), false) => {
                let full = cx.io.path(name);
                let read = cx.files().read(&full);
                let fault = || Fault::Error(cat!["could not read file '", name, "'"], 129);
                read.map_err(|_| fault())?.to_vec()
            }
            _ => continue,
        };
        if !text.is_empty() {
            text.extend_from_slice(b"\n\n");
        }
        text.extend_from_slice(&part);
        given = true;
    }
    Ok((given, text))
}

/// The editor opens on a terminal, unless a message was given.
fn edits(cx: &Cx<'_, '_>, parsed: &Parsed, has_message: bool) -> bool {
    if let Some(edit) = parsed.flag("edit") {
        return edit;
    }
    if has_message {
        return false;
    }
    if let Some(text) = cx.io.var("GIT_MERGE_AUTOEDIT") {
        return crate::config::parse_bool(Some(text)).unwrap_or(true);
    }
    cx.io.is_terminal(0) && cx.io.is_terminal(1)
}

/// The commit a word names, or Git's error.
pub(super) fn commit(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8]) -> Result<Oid> {
    let unknown = |said: Vec<u8>| Fault::Plain(cat![said, "merge: ", name, " - not something we can merge\n"], 1);
    let (object, commit) = with_resolver(cx, repo, |resolver| {
        Ok((resolver.object(name)?, resolver.commit(name)?))
    })?;
    match (object, commit) {
        (_, Some(oid)) => Ok(oid),
        (Some(oid), None) => {
            let kind = repo.store.get(cx.files(), &oid)?.kind.name();
            let said = cat![
                "error: ",
                name,
                ": expected commit type, but the object dereferences to ",
                kind,
                " type\n"
            ];
            Err(unknown(said))
        }
        (None, None) => Err(unknown(Vec::new())),
    }
}

/// What the current branch follows.
pub(super) fn upstream(cx: &Cx<'_, '_>, repo: &Repo) -> Result<Vec<u8>> {
    if !repo.config.bool_or("merge.defaulttoupstream", true) {
        return Err(Fault::fatal("No commit specified and merge.defaultToUpstream not set."));
    }
    let Some(branch) = crate::state::branch_name(cx.files(), repo) else {
        return Err(Fault::fatal("No current branch."));
    };
    if repo.config.get(format!("branch.{branch}.remote")).is_none() {
        return Err(Fault::fatal("No remote for the current branch."));
    }
    crate::revision::upstream(repo, branch.as_bytes())
        .ok_or_else(|| Fault::fatal("No default upstream defined for the current branch."))
}
