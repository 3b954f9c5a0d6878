//! `git log`.

use super::Command;
use crate::cat;
use crate::diff::{Change, Contents, filter, lists};
use crate::fault::{Fault, Result};
use crate::log::arguments::{self, Arguments};
use crate::log::decorate::{Decorations, Style};
use crate::log::limits::matches;
use crate::log::options::{LogOptions, Merges};
use crate::log::pretty::{Format, Printer, Reflog};
use crate::log::show::Writer;
use crate::log::starts;
use crate::log::walk::{Shown, Start, Walk};
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::revision::with_resolver;

pub(super) const COMMAND: Command = Command {
    name: "log",
    main,
    usage: include_str!("../usage/log.txt"),
    help_on_stderr: false,
    paged: true,
    supported: &["*"],
};

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let repo = cx.repo()?;
    let mut options = LogOptions::new(cx, &repo)?;
    options.read(cx, &repo, args)?;
    let text = run(cx, &repo, &mut options)?;
    super::diff::emit(cx, &options.diff, text)?;
    Ok(Next::Exit(if options.complained { 2 } else { 0 }))
}

/// The words that are revisions and paths.
pub(super) fn read_arguments(cx: &mut Cx<'_, '_>, repo: &Repo, options: &LogOptions) -> Result<Arguments> {
    with_resolver(cx, repo, |resolver| {
        arguments::read(resolver, &options.words, options.dash_dash)
    })
}

/// What writes the commits of this command line.
pub(super) fn printer<'a>(cx: &'a Cx<'_, '_>, repo: &'a Repo, options: &LogOptions) -> Printer<'a> {
    let asks = match &options.format {
        Format::User(text, _) => [
            b"%d".as_slice(),
            b"%D",
            b"%+d",
            b"%+D",
            b"% d",
            b"% D",
            b"%-d",
            b"%-D",
            b"%(decorate",
        ]
        .iter()
        .any(|name| crate::bytes::find(text, name).is_some()),
        _ => false,
    };
    let automatic = if cx.is_terminal() { Style::Short } else { Style::No };
    let style = options.decorate.unwrap_or(automatic);
    let load = |style| Decorations::load(cx.files(), repo, style, &options.names);
    let decorations = match (style, asks) {
        (Style::No, false) => Decorations::default(),
        (Style::No, true) => load(Style::Short),
        (style, _) => load(style),
    };
    Printer {
        repo,
        files: cx.files(),
        format: options.format.clone(),
        date: options.date.clone(),
        clock: cx.clock(),
        colors: options.diff.colors.clone(),
        decorations,
        decorate: style != Style::No,
        abbrev_commit: options.abbrev_commit,
        abbrev: options.diff.abbrev,
        show_parents: options.parents,
        show_source: options.source,
        tab_columns: options.tab_columns,
    }
}

/// The paths of the command line; with `--merge`, those of them that are in conflict.
pub(super) fn paths_of(cx: &Cx<'_, '_>, repo: &Repo, options: &LogOptions, arguments: &Arguments) -> Result<Pathspec> {
    let paths = Pathspec::parse(repo, &arguments.paths)?;
    if !options.conflict {
        return Ok(paths);
    }
    let unmerged = repo.index(cx.files())?.unmerged_paths();
    let chosen = unmerged.into_iter().filter(|path| paths.matches(path));
    let words: Vec<Vec<u8>> = chosen.map(|path| cat![":(top,literal)", path]).collect();
    Pathspec::parse(repo, &words)
}

/// Everything `git log` prints.
pub(super) fn run(cx: &mut Cx<'_, '_>, repo: &Repo, options: &mut LogOptions) -> Result<Vec<u8>> {
    let arguments = read_arguments(cx, repo, options)?;
    let paths = paths_of(cx, repo, options, &arguments)?;
    let starts = starts::gather(cx, repo, options, &arguments, true)?;
    let bottomless = options.limits.ancestry_of.is_empty() && !starts.iter().any(|start| start.negated);
    if options.limits.ancestry_path && bottomless {
        return Err(Fault::fatal("--ancestry-path given but there are no bottom commits"));
    }
    if options.follow && paths.items.len() != 1 {
        return Err(Fault::fatal("--follow requires exactly one pathspec"));
    }
    if options.shows_diff() && options.merges == Merges::Unset && options.limits.first_parent {
        options.merges = Merges::First;
    }
    if options.walk_reflogs {
        return walk_reflogs(cx, repo, options, &starts, paths);
    }
    if options.follow {
        return follow(cx, repo, options, &starts, &paths);
    }
    let shown_paths = if options.full_diff {
        Pathspec::default()
    } else {
        paths.clone()
    };
    let mut writer = Writer::new(printer(cx, repo, options), options, shown_paths);
    let mut limits = options.limits.clone();
    // A commit that the pickaxe does not pick is not counted.
    let picks = options.diff.pickaxe.is_some() || options.diff.filter.is_some();
    if picks {
        limits.count = None;
    }
    writer.always = !picks;
    let shown = Walk::new(repo, cx.files(), &paths, &limits).run(&starts)?;
    let mut out = Vec::new();
    let mut left = options.limits.count.unwrap_or(usize::MAX);
    let mut unseen = options.clone();
    for commit in &shown {
        if left == 0 {
            break;
        }
        if picks && !options.shows_diff() {
            // Only whether there is a difference counts.
            unseen.diff.formats.raw = true;
            let mut probe = Writer::new(printer(cx, repo, &unseen), &unseen, writer.paths.clone());
            probe.always = false;
            if !probe.commit(&mut Vec::new(), commit)? {
                continue;
            }
        }
        if writer.commit(&mut out, commit)? {
            left -= 1;
        }
    }
    options.complained = writer.complained;
    Ok(out)
}

/// `--follow`: one file through its renames.
fn follow(cx: &Cx<'_, '_>, repo: &Repo, options: &LogOptions, starts: &[Start], paths: &Pathspec) -> Result<Vec<u8>> {
    let none = Pathspec::default();
    let mut limits = options.limits.clone();
    let most = limits.count.take().unwrap_or(usize::MAX);
    let shown = Walk::new(repo, cx.files(), &none, &limits).run(starts)?;
    let mut writer = Writer::new(printer(cx, repo, options), options, Pathspec::default());
    let contents = Contents::new(cx.files(), repo);
    let mut path = paths.items.first().map(|item| item.matched.clone()).unwrap_or_default();
    let mut out = Vec::new();
    let mut count = 0;
    for commit in shown {
        if count >= most {
            break;
        }
        if commit.commit.parents.len() > 1 {
            continue;
        }
        let base = match commit.commit.parents.first() {
            Some(parent) => Some(repo.store.commit(cx.files(), parent)?.tree),
            None => None,
        };
        let all = lists::trees(cx.files(), &repo.store, base.as_ref(), Some(&commit.commit.tree), &none)?;
        let mut own: Vec<Change> = all.iter().filter(|change| change.path == path).cloned().collect();
        if own.is_empty() {
            continue;
        }
        if own[0].letter == b'A' {
            let mut threshold = options.diff.clone();
            threshold.renames = Some(threshold.renames.unwrap_or(50));
            threshold.pickaxe = None;
            threshold.filter = None;
            let joined = filter::run(&contents, all, &threshold, None)?;
            if let Some(renamed) = joined
                .into_iter()
                .find(|change| change.path == path && change.from.is_some())
            {
                path = renamed.old_path().to_vec();
                own = vec![renamed];
            }
        }
        writer.with_changes(&mut out, &commit, &own)?;
        count += 1;
    }
    Ok(out)
}

/// `-g`: the log of references instead of the history.
fn walk_reflogs(
    cx: &Cx<'_, '_>,
    repo: &Repo,
    options: &LogOptions,
    starts: &[Start],
    paths: Pathspec,
) -> Result<Vec<u8>> {
    let limits = &options.limits;
    let mut writer = Writer::new(printer(cx, repo, options), options, paths);
    let mut out = Vec::new();
    let (mut left, mut skip) = (limits.count.unwrap_or(usize::MAX), limits.skip);
    for start in starts {
        let (name, place) = match start.name.windows(2).position(|pair| pair == b"@{") {
            Some(open) if start.name.ends_with(b"}") => {
                (&start.name[..open], &start.name[open + 2..start.name.len() - 1])
            }
            _ => (start.name.as_slice(), b"".as_slice()),
        };
        let name = if name.is_empty() { b"HEAD" } else { name };
        let first = crate::bytes::parse_number(place).unwrap_or(0);
        let dated = options.dated || !place.is_empty() && crate::bytes::parse_number::<usize>(place).is_none();
        let mut resolver = crate::revision::Resolver::new(repo, cx.files(), cx.clock());
        let Some(full) = resolver.dwim_log(name)? else {
            continue;
        };
        let log = repo.refs.log(cx.files(), &full);
        for (at, entry) in log.iter().rev().enumerate().skip(first) {
            if left == 0 {
                return Ok(out);
            }
            let Ok(commit) = repo.store.commit(cx.files(), &entry.new) else {
                continue;
            };
            let about = &options.reflog_greps;
            let told = about.is_empty() || about.iter().any(|grep| grep.is_match(&entry.message));
            if !told || !matches(limits, &commit, commit.parents.len(), entry.who.seconds) {
                continue;
            }
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let place = match dated {
                true => crate::date::format(entry.who.seconds, entry.who.zone, &options.date, &cx.clock()),
                false => at.to_string().into_bytes(),
            };
            let mut shown = Shown::alone(entry.new, commit);
            shown.reflog = Some(Reflog {
                selector: cat![name, "@{", place, "}"],
                full: full.clone(),
                message: entry.message.clone(),
                who: entry.who.clone(),
            });
            if writer.commit(&mut out, &shown)? {
                left -= 1;
            }
        }
    }
    Ok(out)
}
