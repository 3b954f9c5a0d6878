//! `git log`.

use super::Command;
use crate::cat;
use crate::diff::{Change, Contents, filter, lists};
use crate::fault::{Fault, Result};
use crate::log::arguments::{self, Arguments};
use crate::log::decorate::{Decorations, Style};
use crate::log::options::{LogOptions, Merges};
use crate::log::pretty::{Format, Printer, Reflog};
use crate::log::show::Writer;
use crate::log::walk::{Walk, reference_tips};
use crate::object::Kind;
use crate::oid::Oid;
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::revision::with_resolver;
use crate::walk::History;

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
    cx.print(text);
    Ok(Next::Exit(0))
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
        Format::User(text, _) => [b"%d".as_slice(), b"%D"]
            .iter()
            .any(|name| crate::bytes::find(text, name).is_some()),
        _ => false,
    };
    let automatic = if cx.is_terminal() { Style::Short } else { Style::No };
    let style = options.decorate.unwrap_or(automatic);
    let decorations = match (style, asks) {
        (Style::No, false) => Decorations::default(),
        (Style::No, true) => Decorations::load(cx.files(), repo, Style::Short),
        (style, _) => Decorations::load(cx.files(), repo, style),
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
    }
}

/// Where the walk begins.
#[derive(Default)]
struct Starts {
    include: Vec<Oid>,
    exclude: Vec<Oid>,
    /// The names of `include`, for `-g`.
    names: Vec<Vec<u8>>,
    /// The two sides of `a...b`.
    symmetric: Vec<Oid>,
}

fn starts(cx: &Cx<'_, '_>, repo: &Repo, options: &LogOptions, arguments: &Arguments) -> Result<Starts> {
    let mut starts = Starts::default();
    for tips in &options.tips {
        let found = reference_tips(
            cx.files(),
            repo,
            tips.prefix.as_bytes(),
            tips.pattern.as_deref(),
            tips.head,
        );
        if tips.negated {
            starts.exclude.extend(found.into_iter().map(|(_, oid)| oid));
        } else {
            starts.names.extend(found.iter().map(|(name, _)| name.clone()));
            starts.include.extend(found.into_iter().map(|(_, oid)| oid));
        }
    }
    for pending in &arguments.pending {
        let Some(oid) = peel(cx, repo, pending.oid) else {
            continue;
        };
        if pending.negated {
            starts.exclude.push(oid);
        } else {
            starts.names.push(pending.name.clone());
            starts.include.push(oid);
            if pending.dots == 3 {
                starts.symmetric.push(oid);
            }
        }
    }
    if arguments.pending.is_empty() && options.tips.is_empty() {
        let Some(head) = repo.refs.head(cx.files()) else {
            return Err(no_commits(cx, repo));
        };
        starts.names.push(b"HEAD".to_vec());
        starts.include.push(head);
    }
    Ok(starts)
}

/// Everything `git log` prints.
pub(super) fn run(cx: &mut Cx<'_, '_>, repo: &Repo, options: &mut LogOptions) -> Result<Vec<u8>> {
    let arguments = read_arguments(cx, repo, options)?;
    let paths = Pathspec::parse(repo, &arguments.paths)?;
    let starts = starts(cx, repo, options, &arguments)?;
    if options.follow && paths.items.len() != 1 {
        return Err(Fault::fatal("--follow requires exactly one pathspec"));
    }
    if options.shows_diff() && options.merges == Merges::Unset && options.limits.first_parent {
        options.merges = Merges::First;
    }
    if options.walk_reflogs {
        return walk_reflogs(cx, repo, options, &starts.names, paths);
    }
    if options.follow {
        return follow(cx, repo, options, &starts.include, &starts.exclude, &paths);
    }
    let none = Pathspec::default();
    let shown_paths = if options.full_diff { none } else { paths.clone() };
    let mut writer = Writer::new(printer(cx, repo, options), options, shown_paths);
    if options.left_right
        && let [left, right] = starts.symmetric[..]
    {
        let mut history = History::new(&repo.store, cx.files());
        for oid in history.ancestors(&[left])? {
            writer.marks.insert(oid, "<");
        }
        for oid in history.ancestors(&[right])? {
            writer.marks.insert(oid, ">");
        }
    }
    let mut limits = options.limits.clone();
    // A commit that the pickaxe does not pick is not counted.
    let picks = options.diff.pickaxe.is_some() || options.diff.filter.is_some();
    if picks {
        limits.count = None;
    }
    writer.always = !picks;
    let mut walk = Walk::new(repo, cx.files(), &paths, &limits);
    let shown = match options.no_walk {
        true => no_walk(cx, repo, &starts.include)?,
        false => walk.run(&starts.include, &starts.exclude, options.graph || options.parents)?,
    };
    let mut out = Vec::new();
    let mut left = options.limits.count.unwrap_or(usize::MAX);
    let mut unseen = options.clone();
    for commit in &shown {
        if left == 0 {
            break;
        }
        let mut visible = commit.commit.as_ref().clone();
        if options.parents {
            visible.parents.clone_from(&commit.parents);
        }
        if picks && !options.shows_diff() {
            // Only whether there is a difference counts.
            unseen.diff.formats.raw = true;
            let mut probe = Writer::new(printer(cx, repo, &unseen), &unseen, writer.paths.clone());
            probe.always = false;
            if !probe.commit(&mut Vec::new(), &commit.oid, &commit.commit, &commit.parents, None)? {
                continue;
            }
        }
        if writer.commit(&mut out, &commit.oid, &visible, &commit.parents, None)? {
            left -= 1;
        }
    }
    Ok(out)
}

fn no_walk(cx: &Cx<'_, '_>, repo: &Repo, include: &[Oid]) -> Result<Vec<crate::log::walk::Shown>> {
    let mut shown = Vec::new();
    for oid in include {
        let commit = std::sync::Arc::new(repo.store.commit(cx.files(), oid)?);
        shown.push(crate::log::walk::Shown {
            oid: *oid,
            parents: Vec::new(),
            commit,
        });
    }
    shown.sort_by_key(|commit| core::cmp::Reverse(commit.commit.committer.seconds));
    Ok(shown)
}

fn peel(cx: &Cx<'_, '_>, repo: &Repo, mut oid: Oid) -> Option<Oid> {
    loop {
        let object = repo.store.read(cx.files(), &oid)?;
        match object.kind {
            Kind::Commit => return Some(oid),
            Kind::Tag => oid = crate::object::Tag::parse(&object.content)?.object,
            _ => return None,
        }
    }
}

/// The error of a branch without commits.
pub(super) fn no_commits(cx: &Cx<'_, '_>, repo: &Repo) -> Fault {
    match repo.refs.head_branch(cx.files()) {
        Some(branch) => {
            let short = branch.strip_prefix(b"refs/heads/").unwrap_or(&branch).to_vec();
            Fault::fatal(cat!["your current branch '", short, "' does not have any commits yet"])
        }
        None => Fault::fatal("bad default revision 'HEAD'"),
    }
}

/// `--follow`: one file through its renames.
fn follow(
    cx: &Cx<'_, '_>,
    repo: &Repo,
    options: &LogOptions,
    include: &[Oid],
    exclude: &[Oid],
    paths: &Pathspec,
) -> Result<Vec<u8>> {
    let none = Pathspec::default();
    let mut limits = options.limits.clone();
    let most = limits.count.take().unwrap_or(usize::MAX);
    let shown = Walk::new(repo, cx.files(), &none, &limits).run(include, exclude, options.graph)?;
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
        writer.with_changes(&mut out, &commit.oid, &commit.commit, &commit.parents, &own)?;
        count += 1;
    }
    Ok(out)
}

/// `-g`: the log of references instead of the history.
fn walk_reflogs(
    cx: &Cx<'_, '_>,
    repo: &Repo,
    options: &LogOptions,
    names: &[Vec<u8>],
    paths: Pathspec,
) -> Result<Vec<u8>> {
    let mut writer = Writer::new(printer(cx, repo, options), options, paths);
    let dated = options.date != crate::date::Mode::Default;
    let mut out = Vec::new();
    let mut left = options.limits.count.unwrap_or(usize::MAX);
    for name in names {
        let plain = name
            .split(|b| *b == b'@')
            .next()
            .filter(|plain| !plain.is_empty())
            .unwrap_or(name);
        let mut resolver = crate::revision::Resolver::new(repo, cx.files(), cx.clock());
        let Some(full) = resolver.dwim_log(plain)? else {
            continue;
        };
        for (at, entry) in repo
            .refs
            .log(cx.files(), &full)
            .iter()
            .rev()
            .enumerate()
            .skip(options.limits.skip)
        {
            if left == 0 {
                return Ok(out);
            }
            let Ok(commit) = repo.store.commit(cx.files(), &entry.new) else {
                continue;
            };
            let place = match dated {
                true => crate::date::format(entry.who.seconds, entry.who.zone, &options.date, &cx.clock()),
                false => at.to_string().into_bytes(),
            };
            let reflog = Reflog {
                selector: cat![plain, "@{", place, "}"],
                full: full.clone(),
                message: entry.message.clone(),
                who: entry.who.clone(),
            };
            writer.commit(&mut out, &entry.new, &commit, &[], Some(&reflog))?;
            left -= 1;
        }
    }
    Ok(out)
}
