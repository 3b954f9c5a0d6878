//! `git rev-list`.

use super::Command;
use crate::bytes::parse_number;
use crate::cat;
use crate::cli::options::usage_only;
use crate::fault::{Fault, Result};
use crate::object::Kind;
use crate::oid::Oid;
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::revision::{Ranges, unknown_revision, with_resolver};
use crate::walk::History;

pub(super) const COMMAND: Command = Command {
    name: "rev-list",
    main,
    usage: include_str!("../usage/rev-list.txt"),
    help_on_stderr: true,
    paged: false,
    supported: &[],
};

#[derive(Default)]
struct Options {
    ranges: Ranges,
    max: Option<usize>,
    skip: usize,
    count: bool,
    reverse: bool,
    first_parent: bool,
    topological: bool,
    date_order: bool,
    parents: bool,
    left_right: bool,
    abbrev: bool,
    parents_min: usize,
    parents_max: Option<usize>,
    since: Option<i64>,
    until: Option<i64>,
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let repo = cx.repo()?;
    let mut options = Options::default();
    let mut words = args.iter();
    let (mut named, mut not) = (false, false);
    while let Some(word) = words.next() {
        if word == b"--" {
            if words.next().is_some() {
                return Err(Fault::gap("'rev-list' limited to paths"));
            }
            break;
        }
        if word == b"--not" {
            not = !not;
            continue;
        }
        if word.starts_with(b"-") && word.len() > 1 {
            named |= option(cx, &repo, &mut options, word, &mut words)?;
            continue;
        }
        named = true;
        let mut found = Ranges::default();
        if !with_resolver(cx, &repo, |resolver| resolver.range(word, &mut found))? {
            return Err(unknown_revision(word));
        }
        let (include, exclude) = if not {
            (found.exclude, found.include)
        } else {
            (found.include, found.exclude)
        };
        options.ranges.include.extend(include);
        options.ranges.exclude.extend(exclude);
        options.ranges.symmetric = found.symmetric.or(options.ranges.symmetric);
    }
    if !named {
        return Err(usage_only(COMMAND.usage));
    }
    show(cx, &repo, &options)
}

/// Reads an option; whether it named revisions.
fn option(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    options: &mut Options,
    word: &[u8],
    words: &mut core::slice::Iter<'_, Vec<u8>>,
) -> Result<bool> {
    let (name, value) = match crate::bytes::split_once(word, b'=') {
        Some((name, value)) => (name, Some(value.to_vec())),
        None => (word, None),
    };
    let number = |text: Option<Vec<u8>>| -> Result<usize> {
        let text = text.unwrap_or_default();
        parse_number(&text).ok_or_else(|| Fault::fatal(cat!["'", text, "': not an integer"]))
    };
    match name {
        b"--all" | b"--branches" | b"--tags" | b"--remotes" => {
            let prefix: &[u8] = match name {
                b"--branches" => b"refs/heads/",
                b"--tags" => b"refs/tags/",
                b"--remotes" => b"refs/remotes/",
                _ => b"refs/",
            };
            let resolver = crate::revision::Resolver::new(repo, cx.files(), cx.clock());
            let refs = repo.refs.list(cx.files(), prefix);
            options.ranges.include.extend(
                refs.iter()
                    .filter_map(|item| resolver.peel(item.oid, Some(Kind::Commit))),
            );
            if name == b"--all" {
                options.ranges.include.extend(repo.refs.head(cx.files()));
            }
            return Ok(true);
        }
        b"-n" => options.max = Some(number(words.next().cloned())?),
        b"--max-count" => options.max = Some(number(value.or_else(|| words.next().cloned()))?),
        b"--skip" => options.skip = number(value.or_else(|| words.next().cloned()))?,
        b"--count" => options.count = true,
        b"--reverse" => options.reverse = true,
        b"--first-parent" => options.first_parent = true,
        b"--topo-order" => options.topological = true,
        b"--date-order" => options.date_order = true,
        b"--parents" => options.parents = true,
        b"--left-right" => options.left_right = true,
        b"--abbrev-commit" => options.abbrev = true,
        b"--merges" => options.parents_min = 2,
        b"--no-merges" => options.parents_max = Some(1),
        b"--min-parents" => options.parents_min = number(value)?,
        b"--max-parents" => options.parents_max = Some(number(value)?),
        b"--since" | b"--after" | b"--until" | b"--before" => {
            let text = value.or_else(|| words.next().cloned()).unwrap_or_default();
            let (seconds, _) = crate::date::approximate(&text, &cx.clock());
            if matches!(name, b"--since" | b"--after") {
                options.since = Some(seconds);
            } else {
                options.until = Some(seconds);
            }
        }
        _ if word[1..].iter().all(u8::is_ascii_digit) => options.max = parse_number(&word[1..]),
        _ if word.starts_with(b"-n") => options.max = Some(number(Some(word[2..].to_vec()))?),
        b"--objects" | b"--pretty" | b"--format" | b"--graph" | b"--oneline" | b"--author" | b"--grep"
        | b"--boundary" | b"--header" | b"--timestamp" | b"--children" | b"--cherry-pick" | b"--stdin"
        | b"--bisect" | b"--quiet" => {
            return Err(Fault::gap(cat!["'rev-list ", name, "'"]));
        }
        _ => return Err(usage_only(COMMAND.usage)),
    }
    Ok(false)
}

fn show(cx: &mut Cx<'_, '_>, repo: &Repo, options: &Options) -> Result<Next> {
    let mut history = History::new(&repo.store, cx.files());
    let ranges = &options.ranges;
    let mut commits = history.by_date_along(&ranges.include, &ranges.exclude, options.first_parent)?;
    if options.topological || options.date_order {
        commits = history.topological(&commits, options.date_order)?;
    }
    let left = match (options.left_right, ranges.symmetric) {
        (true, Some((a, _))) => history.ancestors(&[a])?,
        _ => std::collections::BTreeSet::new(),
    };
    let mut chosen: Vec<Oid> = Vec::new();
    for oid in commits {
        let commit = history.commit(&oid)?;
        let count = commit.parents.len();
        let seconds = commit.committer.seconds;
        let fits = count >= options.parents_min
            && options.parents_max.is_none_or(|max| count <= max)
            && options.since.is_none_or(|since| seconds >= since)
            && options.until.is_none_or(|until| seconds <= until);
        if fits {
            chosen.push(oid);
        }
    }
    let mut chosen: Vec<Oid> = chosen
        .into_iter()
        .skip(options.skip)
        .take(options.max.unwrap_or(usize::MAX))
        .collect();
    if options.reverse {
        chosen.reverse();
    }
    let mut out = String::new();
    if options.count {
        if options.left_right {
            let lefts = chosen.iter().filter(|oid| left.contains(oid)).count();
            out = format!("{lefts}\t{}\n", chosen.len() - lefts);
        } else {
            out = format!("{}\n", chosen.len());
        }
        cx.print(out);
        return Ok(Next::Exit(0));
    }
    for oid in &chosen {
        if options.left_right {
            out.push(if left.contains(oid) { '<' } else { '>' });
        }
        out.push_str(&if options.abbrev {
            repo.short(cx.files(), oid)
        } else {
            oid.hex()
        });
        if options.parents {
            for parent in history.parents(oid)? {
                out.push_str(&format!(" {parent}"));
            }
        }
        out.push('\n');
    }
    cx.print(out);
    Ok(Next::Exit(0))
}
