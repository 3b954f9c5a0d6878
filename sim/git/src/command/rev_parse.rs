//! `git rev-parse`.

use super::Command;
use crate::bytes::{find, parse_number};
use crate::cat;
use crate::fault::{Fault, Result};
use essaim_kernel::SmallSort;

use crate::log::arguments::{self, Arguments};
use crate::log::starts::chosen;
use crate::oid::Oid;
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::revision::{RULES, unknown_revision, with_resolver};
use crate::walk::History;
use crate::wildmatch::wildmatch;

pub(super) const COMMAND: Command = Command {
    name: "rev-parse",
    main,
    usage: include_str!("../usage/rev-parse.txt"),
    help_on_stderr: true,
    paged: false,
    supported: &[],
};

#[derive(Default)]
struct State {
    verify: bool,
    quiet: bool,
    short: Option<Option<usize>>,
    symbolic: bool,
    symbolic_full: bool,
    abbrev_ref: bool,
    not: bool,
    revs_only: bool,
    no_revs: bool,
    flags: bool,
    no_flags: bool,
    default: Option<Vec<u8>>,
    /// `--exclude`, for the next references.
    excluded: Vec<Vec<u8>>,
    /// How many revisions were shown.
    shown: usize,
    /// With `--verify`: what to show at the end.
    pending: Option<(Vec<u8>, bool, Oid)>,
    after_dashes: bool,
}

impl State {
    /// Options that only say how something is shown; whether it was one.
    fn switch(&mut self, name: &[u8]) -> bool {
        match name {
            b"--symbolic" => self.symbolic = true,
            b"--symbolic-full-name" => self.symbolic_full = true,
            b"--abbrev-ref" => self.abbrev_ref = true,
            b"--not" => self.not = !self.not,
            b"--revs-only" => self.revs_only = true,
            b"--no-revs" => self.no_revs = true,
            b"--flags" => self.flags = true,
            b"--no-flags" => self.no_flags = true,
            _ => return false,
        }
        true
    }
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    match args.first().map(Vec::as_slice) {
        Some(b"--parseopt") => return Err(Fault::gap("'rev-parse --parseopt'")),
        Some(b"--sq-quote") => {
            let quoted: Vec<Vec<u8>> = args[1..].iter().map(|word| cat![" ", sq_quote(word)]).collect();
            cx.print(cat![quoted.concat(), "\n"]);
            return Ok(Next::Exit(0));
        }
        _ => {}
    }
    let mut state = State::default();
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if state.after_dashes {
            if !state.revs_only {
                file(cx, &state, word)?;
            }
            continue;
        }
        if word == b"--" {
            state.after_dashes = true;
            if !state.revs_only && !state.verify {
                cx.print("--\n");
            }
            continue;
        }
        if word.starts_with(b"-") && word.len() > 1 {
            option(cx, &mut state, word, &mut words)?;
            continue;
        }
        revision(cx, &mut state, word)?;
    }
    finish(cx, &mut state)
}

/// A word as a shell reads it back.
fn sq_quote(word: &[u8]) -> Vec<u8> {
    let mut out = vec![b'\''];
    for byte in word {
        match byte {
            b'\'' | b'!' => out.extend_from_slice(&cat!["'\\", [*byte], "'"]),
            byte => out.push(*byte),
        }
    }
    out.push(b'\'');
    out
}

fn finish(cx: &mut Cx<'_, '_>, state: &mut State) -> Result<Next> {
    if state.shown == 0
        && state.pending.is_none()
        && let Some(default) = state.default.take()
    {
        revision(cx, state, &default)?;
    }
    if state.verify {
        match (state.pending.take(), state.shown) {
            (Some((name, negated, oid)), 1) => show(cx, state, &name, negated, &oid)?,
            _ if state.quiet => return Ok(Next::Exit(1)),
            _ => return Err(Fault::fatal("Needed a single revision")),
        }
    }
    Ok(Next::Exit(0))
}

fn option(
    cx: &mut Cx<'_, '_>,
    state: &mut State,
    word: &[u8],
    words: &mut core::slice::Iter<'_, Vec<u8>>,
) -> Result<()> {
    let (name, value) = match crate::bytes::split_once(word, b'=') {
        Some((name, value)) => (name, Some(value.to_vec())),
        None => (word, None),
    };
    let mut operand = || words.next().cloned();
    if state.switch(name) {
        return Ok(());
    }
    match name {
        b"--verify" => {
            state.verify = true;
            state.revs_only = true;
            state.no_flags = true;
        }
        b"-q" | b"--quiet" => state.quiet = true,
        b"--short" => {
            state.verify = true;
            state.revs_only = true;
            state.no_flags = true;
            state.short = Some(value.as_deref().and_then(parse_number));
        }
        b"--default" => state.default = operand(),
        b"--sq" | b"--prefix" | b"--local-env-vars" => return Err(Fault::gap(cat!["'rev-parse ", name, "'"])),
        b"--all" | b"--branches" | b"--tags" | b"--remotes" | b"--glob" => references(cx, state, name, value)?,
        b"--exclude" => state.excluded.extend(value.or_else(operand)),
        b"--disambiguate" => {
            let repo = cx.repo()?;
            for oid in repo.store.with_prefix(cx.files(), &value.unwrap_or_default()) {
                cx.print(format!("{oid}\n"));
            }
        }
        b"--since" | b"--after" | b"--until" | b"--before" if value.is_some() => {
            let (seconds, _) = crate::date::approximate(&value.unwrap_or_default(), &cx.clock());
            let age = if matches!(name, b"--since" | b"--after") {
                "max"
            } else {
                "min"
            };
            if !state.no_flags && !state.no_revs {
                cx.print(format!("--{age}-age={seconds}\n"));
            }
        }
        b"-n" => {
            let count = operand().ok_or_else(|| Fault::fatal("-n requires an argument"))?;
            if !state.no_flags && !state.no_revs {
                cx.print(cat!["-n\n", count, "\n"]);
            }
        }
        _ if location(cx, name, &mut operand)? => {}
        _ => {
            if state.verify {
                if state.quiet {
                    return Err(Fault::Exit(1));
                }
                return Err(Fault::fatal("Needed a single revision"));
            }
            if !state.no_flags && !state.revs_only {
                cx.print(cat![word, "\n"]);
            }
        }
    }
    Ok(())
}

/// `--all`, `--branches=<pattern>` and their kin.
fn references(cx: &mut Cx<'_, '_>, state: &mut State, name: &[u8], value: Option<Vec<u8>>) -> Result<()> {
    let repo = cx.repo()?;
    let (prefix, trimmed) = match name {
        b"--branches" => ("refs/heads/", "refs/heads/"),
        b"--tags" => ("refs/tags/", "refs/tags/"),
        b"--remotes" => ("refs/remotes/", "refs/remotes/"),
        _ => ("refs/", ""),
    };
    let pattern = value.map(|pattern| match name {
        b"--glob" => pattern.strip_prefix(b"refs/").unwrap_or(&pattern).to_vec(),
        _ => pattern,
    });
    let excluded = std::mem::take(&mut state.excluded);
    for item in chosen(cx.files(), &repo, prefix, pattern.as_deref()) {
        let short = &item.name[trimmed.len()..];
        if !excluded.iter().any(|pattern| wildmatch(pattern, short, 0)) {
            one(cx, state, &item.name, state.not, &item.oid)?;
        }
    }
    Ok(())
}

/// Options that say where things are.
fn location(cx: &mut Cx<'_, '_>, name: &[u8], operand: &mut dyn FnMut() -> Option<Vec<u8>>) -> Result<bool> {
    let yes_no = |yes: bool| if yes { "true\n" } else { "false\n" };
    let repo = cx.repo()?;
    let cwd = cx.files().canonicalize(cx.io.cwd())?;
    let inside = |outer: &[u8]| cwd == outer || cwd.starts_with(&cat![outer, "/"]);
    let in_git_dir = inside(&repo.git_dir);
    let in_work_tree = repo.work_tree.as_deref().is_some_and(inside) && !in_git_dir;
    // Seen from below the top, `.git` is shown whole.
    let shown = |path: &[u8]| match repo.prefix.is_empty() {
        true => path.to_vec(),
        false => essaim_kernel::files::path::join(repo.work_tree.as_deref().unwrap_or(b"/"), path),
    };
    let text = match name {
        b"--show-toplevel" => cat![repo.work_tree()?, "\n"],
        b"--show-prefix" => cat![repo.prefix, "\n"],
        b"--show-cdup" => cat![b"../".repeat(repo.prefix.iter().filter(|b| **b == b'/').count()), "\n"],
        b"--git-dir" => cat![shown(&repo.git_dir_shown), "\n"],
        b"--git-common-dir" => match repo.prefix.is_empty() {
            true => cat![repo.git_dir_shown, "\n"],
            false => cat![
                b"../".repeat(repo.prefix.iter().filter(|b| **b == b'/').count()),
                repo.git_dir_shown,
                "\n"
            ],
        },
        b"--absolute-git-dir" => cat![repo.git_dir, "\n"],
        b"--is-inside-git-dir" => yes_no(in_git_dir).into(),
        b"--is-inside-work-tree" => yes_no(in_work_tree).into(),
        b"--is-bare-repository" => yes_no(repo.bare).into(),
        b"--is-shallow-repository" => yes_no(repo.has_git_file(cx.files(), "shallow")).into(),
        b"--show-object-format" => b"sha1\n".to_vec(),
        b"--show-ref-format" => b"files\n".to_vec(),
        b"--show-superproject-working-tree" => Vec::new(),
        b"--git-path" => {
            let Some(path) = operand() else {
                return Err(Fault::fatal("--git-path requires an argument"));
            };
            cat![shown(&repo.git_path_shown(path)), "\n"]
        }
        b"--resolve-git-dir" | b"--path-format" => return Err(Fault::gap(cat!["'rev-parse ", name, "'"])),
        _ => return Ok(false),
    };
    cx.print(text);
    Ok(true)
}

fn file(cx: &mut Cx<'_, '_>, state: &State, word: &[u8]) -> Result<()> {
    if !state.revs_only && !state.flags {
        cx.print(cat![word, "\n"]);
    }
    Ok(())
}

/// `a..b`, `a...b`, `a^@`, `a^!`, `a^-`; `false`: it is none of them.
fn range(cx: &mut Cx<'_, '_>, state: &mut State, repo: &Repo, word: &[u8]) -> Result<bool> {
    if let Some(dots) = find(word, b"..").filter(|_| word != b"..") {
        let three = word[dots..].starts_with(b"...");
        let side = |text: &[u8]| {
            if text.is_empty() {
                b"HEAD".to_vec()
            } else {
                text.to_vec()
            }
        };
        let (left, right) = (side(&word[..dots]), side(&word[dots + if three { 3 } else { 2 }..]));
        let ends = with_resolver(cx, repo, |resolver| {
            Ok((resolver.commit(&left)?, resolver.commit(&right)?))
        })?;
        if let (Some(a), Some(b)) = ends {
            one(cx, state, &right, state.not, &b)?;
            one(cx, state, &left, three == state.not, &a)?;
            if three {
                let bases = History::new(&repo.store, cx.files()).merge_bases(&a, &[b])?;
                for base in bases {
                    one(cx, state, base.hex().as_bytes(), !state.not, &base)?;
                }
            }
            return Ok(true);
        }
    }
    if find(word, b"^@").or(find(word, b"^!")).or(find(word, b"^-")).is_some() {
        let mut all = Arguments::default();
        if with_resolver(cx, repo, |resolver| arguments::with_parents(resolver, word, &mut all))? {
            // The commit itself comes first.
            all.pending.small_sort_by_key(|pending| pending.negated);
            for pending in all.pending {
                let name = match pending.parent {
                    0 => pending.name.clone(),
                    nth => cat![pending.name, format!("^{nth}")],
                };
                one(cx, state, &name, state.not != pending.negated, &pending.oid)?;
            }
            return Ok(true);
        }
    }
    Ok(false)
}

fn revision(cx: &mut Cx<'_, '_>, state: &mut State, word: &[u8]) -> Result<()> {
    let repo = cx.repo()?;
    if range(cx, state, &repo, word)? {
        return Ok(());
    }
    let (negated, name) = match word.strip_prefix(b"^") {
        Some(name) => (true, name),
        None => (false, word),
    };
    let found = with_resolver(cx, &repo, |resolver| resolver.object(name));
    let found = match found {
        Err(_) if state.quiet && state.verify => return Err(Fault::Exit(1)),
        found => found?,
    };
    if let Some(oid) = found {
        return one(cx, state, name, negated != state.not, &oid);
    }
    if state.verify {
        if state.quiet {
            return Err(Fault::Exit(1));
        }
        return Err(Fault::fatal("Needed a single revision"));
    }
    if state.revs_only || state.flags {
        return Ok(());
    }
    let there = !word.is_empty() && cx.files().symlink_metadata(&cx.io.path(word)).is_ok();
    if !there {
        cx.print(cat![word, "\n"]);
        return Err(
            match with_resolver(cx, &repo, |resolver| {
                resolver.object(word)?;
                resolver.diagnose(word)
            }) {
                Err(fault) => fault,
                Ok(()) => unknown_revision(word),
            },
        );
    }
    file(cx, state, word)
}

/// Shows a revision, or keeps it for `--verify`.
fn one(cx: &mut Cx<'_, '_>, state: &mut State, name: &[u8], negated: bool, oid: &Oid) -> Result<()> {
    state.shown += 1;
    if state.verify {
        state.pending = Some((name.to_vec(), negated, *oid));
        return Ok(());
    }
    if state.no_revs {
        return Ok(());
    }
    show(cx, state, name, negated, oid)
}

fn show(cx: &mut Cx<'_, '_>, state: &State, name: &[u8], negated: bool, oid: &Oid) -> Result<()> {
    let repo = cx.repo()?;
    let sign = if negated { "^" } else { "" };
    if state.symbolic_full || state.abbrev_ref {
        let full = |(before, after): &(&str, &str)| cat![*before, name, *after];
        let meant = RULES.iter().filter(|rule| repo.refs.exists(cx.files(), &full(rule)));
        if meant.count() > 1 {
            cx.eprint(cat!["error: refname '", name, "' is ambiguous\n"]);
            return Ok(());
        }
        let full = with_resolver(cx, &repo, |resolver| resolver.dwim(name))?.map(|(full, _)| full);
        let full = match full {
            Some(full) if full == b"HEAD" => repo.refs.head_branch(cx.files()).unwrap_or(full),
            Some(full) => full,
            None => return Ok(()),
        };
        let text = if state.abbrev_ref {
            crate::revision::shortest_name(&repo, cx.files(), &full).to_vec()
        } else {
            full
        };
        cx.print(cat![sign, text, "\n"]);
        return Ok(());
    }
    if state.symbolic {
        cx.print(cat![sign, name, "\n"]);
        return Ok(());
    }
    let hex = match state.short {
        Some(len) => {
            let len = len.map_or_else(|| repo.abbreviation(cx.files()), |len| len.max(4));
            repo.store.abbreviate(cx.files(), oid, len)
        }
        None => oid.hex(),
    };
    cx.print(cat![sign, hex, "\n"]);
    Ok(())
}
