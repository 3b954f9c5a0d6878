//! `git stash`.

mod apply;
mod push;

use super::diff::tree_changes;
use super::{Command, input};
use crate::bytes::parse_number;
use crate::cat;
use crate::cli::options::{Parsed, Syntax, parse, usage_error};
use crate::diff::options::Words;
use crate::diff::{Contents, Formats, Options, filter, lists};
use crate::fault::{Fault, Result};
use crate::log::options::LogOptions;
use crate::oid::Oid;
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next};
use crate::refs::{LogEntry, Update};
use crate::repo::Repo;
use crate::revision::with_resolver;
use crate::tree;
use essaim_kernel::SmallSort;

const USAGE: &str = include_str!("../usage/stash.txt");

pub(super) const COMMAND: Command = Command {
    name: "stash",
    main,
    usage: USAGE,
    help_on_stderr: false,
    paged: false,
    supported: &["*"],
};

const REF: &[u8] = b"refs/stash";

const PUSH_OPTIONS: &str = "
    -k, --[no-]keep-index keep index
    -S, --[no-]staged     stash staged changes only
    -p, --[no-]patch      stash in patch mode
    -q, --[no-]quiet      quiet mode
    -u, --[no-]include-untracked
                          include untracked files in stash
    -a, --[no-]all        include ignore files
    -m, --[no-]message <message>
                          stash message
    --[no-]pathspec-from-file <file>
                          read pathspec from file
    --[no-]pathspec-file-nul
                          with --pathspec-from-file, pathspec elements are separated with NUL character
";

const PUSH_USAGE: &str = "usage: git stash [push [-p | --patch] [-S | --staged] [-k | --[no-]keep-index] [-q | --quiet]
                 [-u | --include-untracked] [-a | --all] [(-m | --message) <message>]
                 [--pathspec-from-file=<file> [--pathspec-file-nul]]
                 [--] [<pathspec>...]]
";

const PUSH_SUPPORTED: &[&str] = &["*"];

const APPLY_OPTIONS: &str = "
    -q, --[no-]quiet      be quiet, only report errors
    --[no-]index          attempt to recreate the index
";

const QUIET_OPTION: &str = "
    -q, --[no-]quiet      be quiet, only report errors
";

/// One entry of the stash.
#[derive(Clone, Debug)]
struct Entry {
    /// As messages name it: `refs/stash@{0}`.
    name: Vec<u8>,
    commit: Oid,
    /// It was named by its place in the log, so it can be dropped.
    is_reference: bool,
    /// The commit it was made on.
    base: Oid,
    index: Oid,
    untracked: Option<Oid>,
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let repo = cx.work_repo()?;
    let (word, rest) = match args.split_first() {
        Some((word, rest)) => (word.as_slice(), rest),
        None => (b"push".as_slice(), args),
    };
    match word {
        b"push" => push_words(cx, rest, false),
        b"save" => push_words(cx, rest, true),
        b"list" => list(cx, &repo, rest),
        b"show" => show(cx, &repo, rest),
        b"apply" | b"pop" => {
            let parsed = words(
                "stash apply",
                "git stash apply [--index] [-q | --quiet] [<stash>]",
                APPLY_OPTIONS,
                rest,
            )?;
            let entry = entry(cx, &repo, &parsed.args)?;
            let (index, quiet) = (parsed.has("index"), parsed.has("quiet"));
            if word == b"apply" {
                return Ok(Next::Exit(apply::run(cx, &repo, &entry, index, quiet)?));
            }
            if !entry.is_reference {
                return Err(Fault::error(cat!["'", entry.name, "' is not a stash reference"]));
            }
            let code = apply::run(cx, &repo, &entry, index, quiet).inspect_err(|_| {
                cx.print("The stash entry is kept in case you need it again.\n");
            })?;
            if code != 0 {
                cx.print("The stash entry is kept in case you need it again.\n");
                return Ok(Next::Exit(code));
            }
            drop_entry(cx, &repo, &entry, quiet)?;
            Ok(Next::Exit(0))
        }
        b"drop" => {
            let parsed = words(
                "stash drop",
                "git stash drop [-q | --quiet] [<stash>]",
                QUIET_OPTION,
                rest,
            )?;
            let entry = entry(cx, &repo, &parsed.args)?;
            if !entry.is_reference {
                return Err(Fault::error(cat!["'", entry.name, "' is not a stash reference"]));
            }
            drop_entry(cx, &repo, &entry, parsed.has("quiet"))?;
            Ok(Next::Exit(0))
        }
        b"clear" => {
            if !rest.is_empty() {
                return Err(Fault::error("git stash clear with arguments is unimplemented"));
            }
            if repo.refs.exists(cx.files(), REF) {
                repo.refs.delete(cx.files_mut(), REF)?;
            }
            Ok(Next::Exit(0))
        }
        b"branch" => branch(cx, &repo, rest),
        b"create" => push::create_only(cx, &repo, &rest.join(b" ".as_slice())),
        b"store" => store_only(cx, &repo, rest),
        word if word.starts_with(b"-") => assumed_push(cx, args),
        _ => Err(Fault::fatal(cat![
            "subcommand wasn't specified; 'push' can't be assumed due to unexpected token '",
            word,
            "'"
        ])),
    }
}

/// Reads a subcommand's words.
fn words(command: &str, usage: &str, options: &str, args: &[Vec<u8>]) -> Result<Parsed> {
    let usage = format!("usage: {usage}\n{options}\n");
    parse(
        &Syntax {
            command,
            usage: &usage,
            supported: &["*"],
            ..Syntax::default()
        },
        args,
    )
}

fn push_words(cx: &mut Cx<'_, '_>, args: &[Vec<u8>], save: bool) -> Result<Next> {
    let usage = format!("{PUSH_USAGE}{PUSH_OPTIONS}\n");
    let syntax = Syntax {
        command: "stash push",
        usage: &usage,
        supported: PUSH_SUPPORTED,
        ..Syntax::default()
    };
    let parsed = parse(&syntax, args)?;
    if save {
        return pushed(cx, parsed, true);
    }
    input::with_paths(cx, parsed, |cx, parsed| pushed(cx, parsed, false))
}

/// Options without `push`: paths must stand behind `--`.
fn assumed_push(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let usage = format!("{PUSH_USAGE}{PUSH_OPTIONS}\n");
    let syntax = Syntax {
        command: "stash push",
        usage: &usage,
        supported: PUSH_SUPPORTED,
        ..Syntax::default()
    };
    let parsed = parse(&syntax, args)?;
    if let Some(token) = parsed.split().0.first() {
        return Err(Fault::fatal(cat![
            "subcommand wasn't specified; 'push' can't be assumed due to unexpected token '",
            token,
            "'"
        ]));
    }
    push_words(cx, args, false)
}

fn pushed(cx: &mut Cx<'_, '_>, parsed: Parsed, save: bool) -> Result<Next> {
    let repo = &cx.work_repo()?;
    let patch = parsed.has("patch");
    if patch {
        input::not_from_file(&parsed, "--patch")?;
    }
    if parsed.paths.is_some() && parsed.has("staged") {
        input::not_from_file(&parsed, "--staged")?;
    }
    let mut wanted = push::Wanted {
        message: parsed.value("message").map(<[u8]>::to_vec),
        // What was chosen stays in the index, unless told otherwise.
        keep_index: parsed.flag("keep-index").unwrap_or(patch),
        patch,
        chosen: None,
        staged: parsed.has("staged") && !patch,
        quiet: parsed.has("quiet"),
        untracked: parsed.has("include-untracked") || parsed.has("all"),
        ignored: parsed.has("all"),
        paths: input::paths(&parsed, &parsed.args)?,
    };
    if save {
        if !wanted.paths.is_empty() {
            wanted.message = Some(wanted.paths.join(b" ".as_slice()));
        }
        wanted.paths.clear();
    }
    push::run(cx, repo, wanted)
}

/// The entry a word names; the last one without a word.
fn entry(cx: &mut Cx<'_, '_>, repo: &Repo, args: &[Vec<u8>]) -> Result<Entry> {
    if args.len() > 1 {
        let names = args.iter().fold(Vec::new(), |all, arg| cat![all, " '", arg, "'"]);
        return Err(Fault::Plain(cat!["Too many revisions specified:", names, "\n"], 1));
    }
    let name = match args.first() {
        None => {
            if !repo.refs.exists(cx.files(), REF) {
                return Err(Fault::Plain(b"No stash entries found.\n".to_vec(), 1));
            }
            b"refs/stash@{0}".to_vec()
        }
        Some(word) => match parse_number::<usize>(word) {
            Some(number) => cat!["refs/stash@{", number.to_string(), "}"],
            None => word.clone(),
        },
    };
    let found = with_resolver(cx, repo, |resolver| resolver.commit(&name))?;
    let Some(commit) = found else {
        return Err(Fault::error(cat![name, " is not a valid reference"]));
    };
    let object = repo.store.commit(cx.files(), &commit)?;
    let [base, index, untracked @ ..] = object.parents.as_slice() else {
        return Err(Fault::fatal(cat!["'", name, "' is not a stash-like commit"]));
    };
    let plain = name.split(|b| *b == b'@').next().unwrap_or_default().to_vec();
    let full = with_resolver(cx, repo, |resolver| resolver.dwim(&plain))?;
    Ok(Entry {
        is_reference: full.is_some_and(|(full, _)| full == REF),
        name,
        commit,
        base: *base,
        index: *index,
        untracked: untracked.first().copied(),
    })
}

/// Removes one entry from the log of `refs/stash`.
fn drop_entry(cx: &mut Cx<'_, '_>, repo: &Repo, entry: &Entry, quiet: bool) -> Result<()> {
    let mut log = repo.refs.log(cx.files(), REF);
    let place = entry
        .name
        .split(|b| *b == b'{')
        .nth(1)
        .and_then(|rest| parse_number::<usize>(rest.strip_suffix(b"}")?));
    let at = log.len().checked_sub(place.unwrap_or(0) + 1);
    if let Some(at) = at {
        let gone = log.remove(at);
        // The next entry now follows the one before.
        if let Some(next) = log.get_mut(at) {
            next.old = gone.old;
        }
    }
    match log.last() {
        None => repo.refs.delete(cx.files_mut(), REF)?,
        Some(last) => {
            let path = cat![repo.refs.git_dir, "/refs/stash"];
            cx.files_mut().write(&path, format!("{}\n", last.new))?;
            repo.refs.write_log(cx.files_mut(), REF, &log)?;
        }
    }
    if !quiet {
        cx.print(cat!["Dropped ", entry.name, format!(" ({})\n", entry.commit)]);
    }
    Ok(())
}

/// Puts the changes of tracked files into a commit that no entry names; `None`: there are none.
pub(super) fn make(cx: &mut Cx<'_, '_>, repo: &Repo, message: &[u8]) -> Result<Option<Oid>> {
    push::create_commit(cx, repo, message)
}

/// Index and working tree become HEAD's.
pub(super) fn throw_away(cx: &mut Cx<'_, '_>, repo: &Repo) -> Result<()> {
    let mut index = repo.index(cx.files())?;
    let head = repo.refs.head(cx.files());
    let to = tree::of_commit(cx.files(), &repo.store, head.as_ref())?;
    crate::checkout::force(cx.files_mut(), repo, &mut index, &to)?;
    repo.save_index(cx.files_mut(), &mut index)
}

/// Applies such a commit; `false`: it met conflicts, and nothing of it stays.
pub(super) fn bring_back(cx: &mut Cx<'_, '_>, repo: &Repo, commit: Oid) -> Result<bool> {
    let name = commit.hex().into_bytes();
    let entry = entry(cx, repo, &[name])?;
    match apply::run(cx, repo, &entry, false, true) {
        Ok(code) => Ok(code == 0),
        Err(_) => Ok(false),
    }
}

/// Makes a commit the newest entry.
pub(super) fn store(cx: &mut Cx<'_, '_>, repo: &Repo, commit: Oid, message: &[u8]) -> Result<()> {
    let who = cx.log_identity(repo)?;
    let update = Update {
        name: REF,
        new: commit,
        old: None,
        message,
        who: &who,
        no_deref: false,
        create_log: true,
    };
    if repo.refs.oid(cx.files(), REF) == Some(commit) {
        let entry = LogEntry {
            old: commit,
            new: commit,
            who: who.clone(),
            message: message.to_vec(),
        };
        return repo.refs.append_log(cx.files_mut(), REF, &entry, true);
    }
    repo.refs.update(cx.files_mut(), &update)
}

fn store_only(cx: &mut Cx<'_, '_>, repo: &Repo, args: &[Vec<u8>]) -> Result<Next> {
    let options = "\n    -q, --[no-]quiet      be quiet\n    -m, --[no-]message <message>\n                          stash message\n";
    let parsed = words(
        "stash store",
        "git stash store [(-m | --message) <message>] [-q | --quiet] <commit>",
        options,
        args,
    )?;
    let [name] = parsed.args.as_slice() else {
        return Err(Fault::Plain(
            b"\"git stash store\" requires one <commit> argument\n".to_vec(),
            1,
        ));
    };
    let found = with_resolver(cx, repo, |resolver| resolver.commit(name))?;
    let Some(commit) = found else {
        return Err(Fault::Plain(cat!["Cannot update refs/stash with ", name, "\n"], 1));
    };
    if repo.store.commit(cx.files(), &commit)?.parents.len() < 2 {
        return Err(Fault::fatal(format!("'{commit}' is not a stash-like commit")));
    }
    let message = parsed
        .value("message")
        .unwrap_or(b"Created via \"git stash store\".")
        .to_vec();
    store(cx, repo, commit, &message)?;
    Ok(Next::Exit(0))
}

fn list(cx: &mut Cx<'_, '_>, repo: &Repo, args: &[Vec<u8>]) -> Result<Next> {
    if !repo.refs.exists(cx.files(), REF) {
        return Ok(Next::Exit(0));
    }
    let mut all: Vec<Vec<u8>> = vec![
        b"--format=%gd: %gs".to_vec(),
        b"-g".to_vec(),
        b"--first-parent".to_vec(),
    ];
    all.extend_from_slice(args);
    all.extend([b"refs/stash".to_vec(), b"--".to_vec()]);
    let mut options = LogOptions::new(cx, repo)?;
    options.read(cx, repo, &all)?;
    let text = super::log::run(cx, repo, &mut options)?;
    cx.print(text);
    Ok(Next::Exit(0))
}

fn show(cx: &mut Cx<'_, '_>, repo: &Repo, args: &[Vec<u8>]) -> Result<Next> {
    let mut options = Options::new(Some(repo), true, cx.width());
    let (mut names, mut untracked) = (Vec::new(), repo.config.bool_or("stash.showincludeuntracked", false));
    let mut only_untracked = false;
    let mut all = Words::new(args);
    while let Some(word) = all.take() {
        match word {
            b"-u" | b"--include-untracked" => untracked = true,
            b"--no-include-untracked" => untracked = false,
            b"--only-untracked" => only_untracked = true,
            b"--" => {}
            word if word.starts_with(b"-") => {
                if !options.take(word, &mut all, Some(repo))? {
                    let usage = "usage: git stash show [-u | --include-untracked | --only-untracked] [<diff-options>] [<stash>]\n\n    -u, --[no-]include-untracked\n                          include untracked files in the stash\n    --only-untracked      only show untracked files in the stash\n\n";
                    return Err(Fault::Plain(usage.as_bytes().to_vec(), 129));
                }
            }
            word => names.push(word.to_vec()),
        }
    }
    options.settle_colors(Some(repo), cx.is_terminal());
    let entry = entry(cx, repo, &names)?;
    if options.formats == Formats::default() {
        options.formats.stat = repo.config.bool_or("stash.showstat", true);
        options.formats.patch = repo.config.bool_or("stash.showpatch", false);
        if options.formats.is_unset() {
            return Ok(Next::Exit(0));
        }
    }
    let files = cx.files();
    let contents = Contents::new(files, repo);
    let none = Pathspec::default();
    let tree = |commit: &Oid| repo.store.commit(files, commit).map(|commit| commit.tree);
    let mut found = Vec::new();
    if !only_untracked {
        found = lists::trees(
            files,
            &repo.store,
            Some(&tree(&entry.base)?),
            Some(&tree(&entry.commit)?),
            &none,
        )?;
    }
    if let Some(commit) = entry.untracked.filter(|_| untracked || only_untracked) {
        found.extend(lists::trees(files, &repo.store, None, Some(&tree(&commit)?), &none)?);
        found.small_sort_by(|a, b| a.path.cmp(&b.path));
    }
    let found = filter::run(&contents, found, &options, None)?;
    let mut out = Vec::new();
    crate::diff::print(&mut out, &contents, &found, &options)?;
    let code = u8::from((options.exit_code || options.quiet) && !found.is_empty());
    cx.print(if options.quiet { Vec::new() } else { out });
    Ok(Next::Exit(code))
}

fn branch(cx: &mut Cx<'_, '_>, repo: &Repo, args: &[Vec<u8>]) -> Result<Next> {
    let Some((name, rest)) = args.split_first() else {
        return Err(Fault::Plain(b"No branch name specified\n".to_vec(), 1));
    };
    let entry = entry(cx, repo, rest)?;
    let words = [b"-b".to_vec(), name.clone(), entry.base.hex().into_bytes()];
    // Of the checkout only success or failure is told.
    let failed = |fault: Fault| Fault::Plain(fault.render().0, 1);
    if let Next::Exit(code @ 1..) = run_command(cx, "checkout", &words).map_err(failed)? {
        return Ok(Next::Exit(code));
    }
    let repo = cx.work_repo()?;
    let code = apply::run(cx, &repo, &entry, true, false)?;
    if code == 0 && entry.is_reference {
        drop_entry(cx, &repo, &entry, false)?;
    }
    Ok(Next::Exit(code))
}

/// Runs another command of Git's.
fn run_command(cx: &mut Cx<'_, '_>, name: &str, args: &[Vec<u8>]) -> Result<Next> {
    match super::find(name.as_bytes()) {
        Some(command) => (command.main)(cx, args),
        None => Err(usage_error(cat![name, " is missing"], USAGE)),
    }
}

/// The paths in which working tree and commit differ: the same as `git diff-index --name-only`.
fn changed_paths(cx: &Cx<'_, '_>, repo: &Repo, commit: &Oid, paths: &Pathspec) -> Result<Vec<Vec<u8>>> {
    let base = tree::of_commit(cx.files(), &repo.store, Some(commit))?;
    let index = repo.index(cx.files())?;
    Ok(tree_changes(cx, repo, &base, &index, paths))
}
