//! Listing branches.

use super::super::plumbing;
use crate::cat;
use crate::cli::options::Parsed;
use crate::fault::{Fault, Result};
use crate::listing::{Filter, Listing};
use crate::object::{Kind, subject};
use crate::output::{Colors, columns, display_width};
use crate::process::{Cx, Next};
use crate::refs::Ref;
use crate::repo::Repo;
use crate::revision::Resolver;
use crate::tracking::{self, Tracking};
use crate::wildmatch::wildmatch;
use essaim_kernel::SmallSort;

/// One line of the list.
struct Line {
    reference: Ref,
    /// What is shown: the short name, or `(HEAD detached at 1234567)`.
    shown: Vec<u8>,
    current: bool,
    remote: bool,
}

pub(super) fn run(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<Next> {
    let columns_wanted = plumbing::columns_wanted(cx, repo, parsed, "branch")?;
    if parsed.flag("column") == Some(true) && parsed.count("verbose") > 0 {
        return Err(Fault::fatal(
            "options '--column' and '--verbose' cannot be used together",
        ));
    }
    let color = plumbing::color_option(parsed)?;
    let mut refs = candidates(cx, repo, parsed);
    let filter = Filter {
        contains: plumbing::commits(cx, repo, parsed, "contains")?,
        no_contains: plumbing::commits(cx, repo, parsed, "no-contains")?,
        merged: plumbing::commits(cx, repo, parsed, "merged")?,
        no_merged: plumbing::commits(cx, repo, parsed, "no-merged")?,
        points_at: plumbing::commits(cx, repo, parsed, "points-at")?,
    };
    filter.apply(repo, cx.files(), &mut refs)?;
    let listing = Listing {
        repo,
        files: cx.files(),
        clock: cx.clock(),
    };
    let mut keys = parsed.values("sort");
    if keys.is_empty() {
        let set = repo.config.get_all("branch.sort");
        keys = set.into_iter().map(<[u8]>::to_vec).collect();
    }
    listing.sort(&mut refs, &keys, parsed.has("ignore-case"))?;
    // A detached HEAD stands first whatever the order; by name, remote branches stand last.
    refs.small_sort_by_key(|item| {
        let remote = keys.is_empty() && item.name.starts_with(b"refs/remotes/");
        (item.name != b"HEAD", remote)
    });
    if let Some(format) = parsed.value("format") {
        let out = formatted(cx, repo, parsed, &refs, format)?;
        cx.print(out);
        return Ok(Next::Exit(0));
    }
    let head_branch = repo.refs.head_branch(cx.files());
    let lines: Vec<Line> = refs
        .into_iter()
        .map(|reference| line(cx, repo, reference, head_branch.as_deref(), parsed.has("all")))
        .collect();
    let colors = cx.colors(repo, "branch", color);
    let out = print(cx, repo, parsed, &lines, &colors, columns_wanted)?;
    cx.print(out);
    Ok(Next::Exit(0))
}

/// The branches that are asked for by kind and by pattern, a detached HEAD among them.
fn candidates(cx: &Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Vec<Ref> {
    let (remotes, all) = (parsed.has("remotes"), parsed.has("all"));
    let mut refs = Vec::new();
    if !remotes {
        refs.extend(repo.refs.list(cx.files(), b"refs/heads/"));
    }
    if remotes || all {
        refs.extend(repo.refs.list(cx.files(), b"refs/remotes/"));
    }
    if !parsed.args.is_empty() {
        let fold = if parsed.has("ignore-case") {
            crate::wildmatch::CASEFOLD
        } else {
            0
        };
        refs.retain(|item| {
            let name = item
                .name
                .strip_prefix(b"refs/heads/")
                .or(item.name.strip_prefix(b"refs/remotes/"))
                .unwrap_or(&item.name);
            parsed.args.iter().any(|pattern| wildmatch(pattern, name, fold))
        });
        return refs;
    }
    if !remotes
        && repo.refs.head_branch(cx.files()).is_none()
        && let Some(oid) = repo.refs.head(cx.files())
    {
        refs.push(Ref {
            name: b"HEAD".to_vec(),
            oid,
            symbolic: None,
        });
    }
    refs
}

fn formatted(cx: &Cx<'_, '_>, repo: &Repo, parsed: &Parsed, refs: &[Ref], format: &[u8]) -> Result<Vec<u8>> {
    let listing = Listing {
        repo,
        files: cx.files(),
        clock: cx.clock(),
    };
    let mut out = Vec::new();
    for item in refs {
        let line = match item.name == b"HEAD" {
            true => listing.format(
                &Ref {
                    name: detached_name(cx, repo),
                    ..item.clone()
                },
                format,
            )?,
            false => listing.format(item, format)?,
        };
        if !(line.is_empty() && parsed.has("omit-empty")) {
            out.extend_from_slice(&cat![line, "\n"]);
        }
    }
    Ok(out)
}

fn detached_name(cx: &Cx<'_, '_>, repo: &Repo) -> Vec<u8> {
    match crate::state::detached_from(cx.files(), repo) {
        Some((name, true)) => cat!["(HEAD detached at ", name, ")"],
        Some((name, false)) => cat!["(HEAD detached from ", name, ")"],
        None => b"(no branch)".to_vec(),
    }
}

fn line(cx: &Cx<'_, '_>, repo: &Repo, reference: Ref, head: Option<&[u8]>, all: bool) -> Line {
    let remote = reference.name.starts_with(b"refs/remotes/");
    let shown = match (reference.name.as_slice(), remote) {
        (b"HEAD", _) => detached_name(cx, repo),
        (name, true) if all => name.strip_prefix(b"refs/").unwrap_or(name).to_vec(),
        (name, _) => crate::refs::shorten(name).to_vec(),
    };
    Line {
        current: reference.name == b"HEAD" || head == Some(&reference.name),
        shown,
        remote,
        reference,
    }
}

fn print(
    cx: &Cx<'_, '_>,
    repo: &Repo,
    parsed: &Parsed,
    lines: &[Line],
    colors: &Colors,
    columns_wanted: bool,
) -> Result<Vec<u8>> {
    let verbosity = parsed.count("verbose");
    let width = lines.iter().map(|line| display_width(&line.shown)).max().unwrap_or(0);
    let mut out = Vec::new();
    let mut cells = Vec::new();
    for line in lines {
        let (mark, color) = match (line.current, line.remote) {
            (true, _) => ("* ", colors.start("branch.current", "green")),
            (false, true) => ("  ", colors.start("branch.remote", "red")),
            (false, false) => ("  ", colors.start("branch.local", "normal")),
        };
        let reset = if color.is_empty() && !colors.on {
            ""
        } else {
            colors.reset()
        };
        let padding = if verbosity > 0 {
            width - display_width(&line.shown)
        } else {
            0
        };
        let mut text = cat![mark, color, line.shown, b" ".repeat(padding), reset];
        if verbosity > 0 {
            text.extend_from_slice(&details(cx, repo, parsed, line, colors)?);
        } else if let Some(target) = &line.reference.symbolic {
            text.extend_from_slice(&cat![" -> ", crate::refs::shorten(target)]);
        }
        cells.push(text);
    }
    if columns_wanted && verbosity == 0 {
        return Ok(columns(&cells, cx.width(), ""));
    }
    for cell in cells {
        out.extend_from_slice(&cat![cell, "\n"]);
    }
    Ok(out)
}

/// ` 1234567 [origin/main: ahead 1] subject`.
fn details(cx: &Cx<'_, '_>, repo: &Repo, parsed: &Parsed, line: &Line, colors: &Colors) -> Result<Vec<u8>> {
    let (files, verbosity) = (cx.files(), parsed.count("verbose"));
    if let Some(target) = line.reference.symbolic.as_ref().filter(|_| line.remote) {
        return Ok(cat![" -> ", crate::refs::shorten(target)]);
    }
    let resolver = Resolver::new(repo, files, cx.clock());
    let commit = resolver
        .peel(line.reference.oid, Some(Kind::Commit))
        .unwrap_or(line.reference.oid);
    let abbreviation = match parsed.flag("abbrev") {
        None => repo.abbreviation(files),
        Some(false) => 40,
        Some(true) => match parsed.number("abbrev")? {
            None => repo.abbreviation(files),
            Some(0) => 40,
            Some(digits) => usize::try_from(digits).unwrap_or(4).clamp(4, 40),
        },
    };
    let id = repo.store.abbreviate(files, &line.reference.oid, abbreviation);
    let mut out = cat![" ", id, " "];
    let tracking = match line.reference.name.strip_prefix(b"refs/heads/") {
        Some(name) => tracking::of_branch(files, repo, name)?,
        None => None,
    };
    if let Some(Tracking { short, apart, .. }) = tracking {
        let apart = match apart {
            None => "gone".to_owned(),
            Some((0, 0)) => String::new(),
            Some((ahead, 0)) => format!("ahead {ahead}"),
            Some((0, behind)) => format!("behind {behind}"),
            Some((ahead, behind)) => format!("ahead {ahead}, behind {behind}"),
        };
        let color = colors.start("branch.upstream", "blue");
        let name = cat![color, short, colors.reset()];
        match (verbosity > 1, apart.is_empty()) {
            (true, true) => out.extend_from_slice(&cat!["[", name, "] "]),
            (true, false) => out.extend_from_slice(&cat!["[", name, ": ", apart, "] "]),
            (false, true) => {}
            (false, false) => out.extend_from_slice(&cat!["[", apart, "] "]),
        }
    }
    let message = repo
        .store
        .commit(files, &commit)
        .map(|commit| commit.message)
        .unwrap_or_default();
    out.extend_from_slice(&subject(&message));
    Ok(out)
}
