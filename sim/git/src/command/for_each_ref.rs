//! `git for-each-ref`.

use super::{Command, plumbing};
use crate::cat;
use crate::cli::options::usage_error;
use crate::fault::{Fault, Result};
use crate::listing::{Filter, Listing};
use crate::output::Colors;
use crate::process::{Cx, Next};
use crate::wildmatch::{CASEFOLD, PATHNAME, wildmatch};

pub(super) const COMMAND: Command = Command {
    name: "for-each-ref",
    main,
    usage: include_str!("../usage/for-each-ref.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &[
        "count",
        "color",
        "format",
        "sort",
        "points-at",
        "merged",
        "no-merged",
        "contains",
        "no-contains",
        "ignore-case",
        "exclude",
        "omit-empty",
    ],
};

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COMMAND.parse(args)?;
    let count = match parsed.value("count") {
        None => usize::MAX,
        Some(text) => match crate::bytes::parse_number::<i64>(text) {
            None => return Err(Fault::Error(b"option `count' expects a numerical value".to_vec(), 129)),
            Some(0) => usize::MAX,
            Some(count) => usize::try_from(count)
                .map_err(|_| usage_error(format!("invalid --count argument: `{count}'"), COMMAND.usage))?,
        },
    };
    let format = parsed
        .value("format")
        .unwrap_or(b"%(objectname) %(objecttype)\t%(refname)");
    if let Some(at) = format.windows(2).rposition(|pair| pair == b"%(")
        && !format[at..].contains(&b')')
    {
        return Err(usage_error(
            cat!["malformed format string ", format[at..]],
            COMMAND.usage,
        ));
    }
    let repo = cx.repo()?;
    let fold = parsed.has("ignore-case");
    let fits = |pattern: &Vec<u8>, name: &[u8]| {
        let (pattern, name) = match fold {
            true => (pattern.to_ascii_lowercase(), name.to_ascii_lowercase()),
            false => (pattern.clone(), name.to_vec()),
        };
        let prefix = pattern.strip_suffix(b"/").unwrap_or(&pattern);
        let flags = if fold { PATHNAME | CASEFOLD } else { PATHNAME };
        name == prefix || name.starts_with(&cat![prefix, "/"]) || wildmatch(&pattern, &name, flags)
    };
    let mut refs = repo.refs.list(cx.files(), b"refs/");
    refs.retain(|item| parsed.args.is_empty() || parsed.args.iter().any(|pattern| fits(pattern, &item.name)));
    let excluded = parsed.values("exclude");
    refs.retain(|item| !excluded.iter().any(|pattern| fits(pattern, &item.name)));
    let filter = Filter {
        contains: plumbing::commits(cx, &repo, &parsed, "contains")?,
        no_contains: plumbing::commits(cx, &repo, &parsed, "no-contains")?,
        merged: plumbing::commits(cx, &repo, &parsed, "merged")?,
        no_merged: plumbing::commits(cx, &repo, &parsed, "no-merged")?,
        points_at: plumbing::commits(cx, &repo, &parsed, "points-at")?,
    };
    filter.apply(&repo, cx.files(), &mut refs)?;
    let listing = Listing {
        repo: &repo,
        files: cx.files(),
        clock: cx.clock(),
    };
    listing.sort(&mut refs, &parsed.values("sort"), fold)?;
    let wanted = match parsed.flag("color") {
        None => None,
        Some(false) => Some(b"never".as_slice()),
        Some(true) => Some(parsed.value("color").unwrap_or(b"always")),
    };
    let colors = Colors::new(&repo.config, "ui", cx.is_terminal(), wanted).on;
    let mut out = Vec::new();
    for item in refs.iter().take(count) {
        let line = listing.format_with(item, format, colors)?;
        if !(line.is_empty() && parsed.has("omit-empty")) {
            out.extend_from_slice(&cat![line, "\n"]);
        }
    }
    cx.print(out);
    Ok(Next::Exit(0))
}
