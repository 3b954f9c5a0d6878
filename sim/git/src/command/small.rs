//! `git var`, `git count-objects`, `git check-ignore`, `git merge-base`, `git stripspace`, `git help`.

use super::Command;
use super::plumbing;
use crate::cat;
use crate::cli::options::{usage_error, usage_only};
use crate::fault::{Fault, Result};
use crate::ident::Role;
use crate::ignore::{Ignore, Pattern};
use crate::message;
use crate::oid::Oid;
use crate::output::{quote_high, quote_path};
use crate::process::{Cx, Next, Outcome, Then};
use crate::repo::Repo;
use crate::walk::History;

pub(super) const VAR: Command = Command {
    name: "var",
    main: var,
    usage: include_str!("../usage/var.txt"),
    help_on_stderr: true,
    paged: false,
    supported: &[],
};

pub(super) const COUNT_OBJECTS: Command = Command {
    name: "count-objects",
    main: count_objects,
    usage: include_str!("../usage/count-objects.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &["verbose", "human-readable"],
};

pub(super) const CHECK_IGNORE: Command = Command {
    name: "check-ignore",
    main: check_ignore,
    usage: include_str!("../usage/check-ignore.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &["quiet", "verbose", "stdin", "z", "non-matching", "no-index"],
};

pub(super) const MERGE_BASE: Command = Command {
    name: "merge-base",
    main: merge_base,
    usage: include_str!("../usage/merge-base.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &["all", "octopus", "independent", "is-ancestor"],
};

pub(super) const STRIPSPACE: Command = Command {
    name: "stripspace",
    main: stripspace,
    usage: include_str!("../usage/stripspace.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &["strip-comments", "comment-lines"],
};

pub(super) const HELP: Command = Command {
    name: "help",
    main: help,
    usage: include_str!("../usage/help.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &[],
};

fn var(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let [name] = args else {
        return Err(usage_only(VAR.usage));
    };
    let repo = cx.repo()?;
    let text = match name.as_slice() {
        b"GIT_AUTHOR_IDENT" => cx.identity(&repo, Role::Author)?.line(),
        b"GIT_COMMITTER_IDENT" => cx.identity(&repo, Role::Committer)?.line(),
        b"GIT_EDITOR" => cx.editor(&repo).map_err(|_| Fault::Exit(1))?,
        b"GIT_PAGER" => {
            let variable = |name: &str| cx.io.var(name).map(<[u8]>::to_vec);
            variable("GIT_PAGER")
                .or_else(|| repo.config.get("core.pager").map(<[u8]>::to_vec))
                .or_else(|| variable("PAGER"))
                .unwrap_or_else(|| b"less".to_vec())
        }
        b"GIT_DEFAULT_BRANCH" => repo.config.get("init.defaultbranch").unwrap_or(b"master").to_vec(),
        b"GIT_SHELL_PATH" => b"/bin/sh".to_vec(),
        b"-l"
        | b"GIT_SEQUENCE_EDITOR"
        | b"GIT_ATTR_SYSTEM"
        | b"GIT_ATTR_GLOBAL"
        | b"GIT_CONFIG_SYSTEM"
        | b"GIT_CONFIG_GLOBAL" => return Err(Fault::gap(cat!["'var ", name, "'"])),
        _ => return Err(usage_only(VAR.usage)),
    };
    cx.print(cat![text, "\n"]);
    Ok(Next::Exit(0))
}

fn count_objects(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COUNT_OBJECTS.parse(args)?;
    let repo = cx.repo()?;
    let files = cx.files();
    let loose = repo.store.loose_oids(files);
    // Blocks as a file system counts them: of 4 KiB.
    let size = |oid: &Oid| {
        let hex = oid.hex();
        let path = cat![repo.store.dir, "/", hex[..2], "/", hex[2..]];
        files
            .metadata(&path)
            .map_or(0, |metadata| metadata.size.div_ceil(4096) * 4096)
    };
    let bytes: u64 = loose.iter().map(size).sum();
    let human = |bytes: u64| match (parsed.has("human-readable"), bytes) {
        (false, bytes) => (bytes / 1024).to_string(),
        (true, bytes) if bytes > 1 << 20 => format!("{:.2} MiB", bytes as f64 / f64::from(1 << 20)),
        (true, bytes) if bytes > 1 << 10 => format!("{:.2} KiB", bytes as f64 / f64::from(1 << 10)),
        (true, bytes) => format!("{bytes} bytes"),
    };
    if !parsed.has("verbose") {
        let unit = if parsed.has("human-readable") { "" } else { " kilobytes" };
        let text = format!("{} objects, {}{unit}\n", loose.len(), human(bytes));
        cx.print(text);
        return Ok(Next::Exit(0));
    }
    let packs = repo.store.packs(files);
    let packed: usize = packs.iter().map(|pack| pack.count()).sum();
    let packed_bytes: u64 = packs.iter().map(|pack| pack.bytes(files)).sum();
    let prunable = loose
        .iter()
        .filter(|oid| packs.iter().any(|pack| pack.offset(oid).is_some()))
        .count();
    let text = format!(
        "count: {}\nsize: {}\nin-pack: {packed}\npacks: {}\nsize-pack: {}\nprune-packable: {prunable}\ngarbage: 0\nsize-garbage: {}\n",
        loose.len(),
        human(bytes),
        packs.len(),
        human(packed_bytes),
        human(0),
    );
    cx.print(text);
    Ok(Next::Exit(0))
}

#[derive(Clone)]
struct Check {
    verbose: bool,
    quiet: bool,
    null: bool,
    non_matching: bool,
    no_index: bool,
}

fn check_ignore(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = CHECK_IGNORE.parse(args)?;
    let check = Check {
        verbose: parsed.has("verbose"),
        quiet: parsed.has("quiet"),
        null: parsed.has("z"),
        non_matching: parsed.has("non-matching"),
        no_index: parsed.flag("no-index") == Some(true),
    };
    if parsed.has("stdin") {
        if !parsed.args.is_empty() {
            return Err(Fault::fatal("cannot specify pathnames with --stdin"));
        }
        return Ok(Next::Input(Then::new(check, |check, cx, outcome| {
            let Outcome::Input(input) = outcome else {
                return Ok(Next::Exit(1));
            };
            let separator = if check.null { 0 } else { b'\n' };
            let paths: Vec<Vec<u8>> = input
                .split(|b| *b == separator)
                .filter(|path| !path.is_empty())
                .map(<[u8]>::to_vec)
                .collect();
            check_paths(&check, cx, &paths)
        })));
    }
    if parsed.args.is_empty() {
        return Err(Fault::fatal("no path specified"));
    }
    if check.null {
        return Err(Fault::fatal("-z only makes sense with --stdin"));
    }
    if check.quiet && parsed.args.len() > 1 {
        return Err(Fault::fatal("--quiet is only valid with a single pathname"));
    }
    if check.quiet && check.verbose {
        return Err(Fault::fatal("cannot have both --quiet and --verbose"));
    }
    if check.non_matching && !check.verbose {
        return Err(Fault::fatal("--non-matching is only valid with --verbose"));
    }
    check_paths(&check, cx, &parsed.args)
}

fn check_paths(check: &Check, cx: &mut Cx<'_, '_>, paths: &[Vec<u8>]) -> Result<Next> {
    let repo = cx.work_repo()?;
    let index = repo.index(cx.files())?;
    let mut ignore = Ignore::new(&repo, cx.files());
    let mut matched = 0;
    for typed in paths {
        let path = crate::pathspec::from_top(&repo, &repo.prefix, typed, typed)?;
        let directory = cx
            .files()
            .symlink_metadata(&repo.work_path(&path))
            .is_ok_and(|m| m.is_dir())
            || typed.ends_with(b"/");
        let tracked = !check.no_index && (index.contains(&path) || !index.below(&path).is_empty() && !path.is_empty());
        let pattern = match tracked || path.is_empty() {
            true => None,
            false => ignore.deciding(cx.files(), &path, directory),
        };
        // Without `-v` a pattern that takes a path back counts as none.
        let pattern = pattern.filter(|pattern| check.verbose || !pattern.negated);
        if pattern.is_none() && !check.non_matching {
            continue;
        }
        matched += usize::from(pattern.is_some());
        if check.quiet {
            continue;
        }
        let text = line(check, &repo, pattern.as_ref(), typed);
        cx.print(text);
    }
    Ok(Next::Exit(u8::from(matched == 0)))
}

fn line(check: &Check, repo: &Repo, pattern: Option<&Pattern>, typed: &[u8]) -> Vec<u8> {
    if check.null {
        let fields = match (check.verbose, pattern) {
            (false, _) => Vec::new(),
            (true, Some(pattern)) => cat![pattern.source, "\0", pattern.line.to_string(), "\0", pattern.text, "\0"],
            (true, None) => cat!["\0\0\0"],
        };
        return cat![fields, typed, "\0"];
    }
    let shown = quote_path(typed, quote_high(&repo.config));
    match (check.verbose, pattern) {
        (false, _) => cat![shown, "\n"],
        (true, Some(pattern)) => cat![
            pattern.source,
            format!(":{}:", pattern.line),
            pattern.text,
            "\t",
            shown,
            "\n"
        ],
        (true, None) => cat!["::\t", shown, "\n"],
    }
}

fn merge_base(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = MERGE_BASE.parse(args)?;
    let repo = cx.repo()?;
    let mut commits = Vec::new();
    let minimum = if parsed.has("independent") || parsed.has("octopus") {
        1
    } else {
        2
    };
    if parsed.args.len() < minimum {
        return Err(usage_only(MERGE_BASE.usage));
    }
    for name in &parsed.args {
        match plumbing::commit(cx, &repo, name)? {
            Some(oid) => commits.push(oid),
            None => return Err(Fault::fatal(cat!["Not a valid object name ", name])),
        }
    }
    let mut history = History::new(&repo.store, cx.files());
    if parsed.has("is-ancestor") {
        if commits.len() != 2 {
            return Err(Fault::fatal("--is-ancestor takes exactly two commits"));
        }
        let is = history.is_ancestor(&commits[0], &commits[1])?;
        return Ok(Next::Exit(u8::from(!is)));
    }
    let found = if parsed.has("independent") {
        history.independent(&commits)?
    } else if parsed.has("octopus") {
        let mut bases = vec![commits[0]];
        for commit in &commits[1..] {
            let mut next = Vec::new();
            for base in &bases {
                next.extend(history.merge_bases(base, &[*commit])?);
            }
            bases = history.independent(&next)?;
        }
        bases
    } else {
        history.merge_bases(&commits[0], &commits[1..])?
    };
    let all = parsed.has("all") || parsed.has("independent");
    let shown = if all {
        found.as_slice()
    } else {
        &found[..found.len().min(1)]
    };
    for oid in shown {
        cx.print(format!("{oid}\n"));
    }
    Ok(Next::Exit(u8::from(shown.is_empty())))
}

fn stripspace(_: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = STRIPSPACE.parse(args)?;
    if !parsed.args.is_empty() {
        return Err(usage_only(STRIPSPACE.usage));
    }
    let modes = (parsed.has("strip-comments"), parsed.has("comment-lines"));
    Ok(Next::Input(Then::new(modes, |(strip, comment), cx, outcome| {
        let Outcome::Input(input) = outcome else {
            return Ok(Next::Exit(1));
        };
        let out = match (strip, comment) {
            (_, true) => crate::print::long::commented(&input, "#"),
            (strip, false) => message::strip(&input, strip.then_some(b"#".as_slice())),
        };
        cx.print(out);
        Ok(Next::Exit(0))
    })))
}

fn help(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    match args {
        [] => {
            cx.print(crate::cli::HELP);
            Ok(Next::Exit(0))
        }
        [name] if !name.starts_with(b"-") => Err(Fault::gap(cat!["the manual page of 'git ", name, "'"])),
        [option]
            if matches!(
                option.as_slice(),
                b"-a" | b"--all" | b"-g" | b"--guides" | b"-c" | b"--config"
            ) =>
        {
            Err(Fault::gap(cat!["'help ", option, "'"]))
        }
        [option, ..] => {
            let name = option.strip_prefix(b"--").unwrap_or(option);
            Err(usage_error(cat!["unknown option `", name, "'"], HELP.usage))
        }
    }
}
