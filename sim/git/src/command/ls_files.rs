//! `git ls-files`.

use super::Command;
use crate::cat;
use crate::fault::{Fault, Result};
use crate::ignore::Ignore;
use crate::index::{Entry, Index};
use crate::output::{quote_high, quote_path};
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::worktree::{self, FileState, UntrackedMode};

pub(super) const COMMAND: Command = Command {
    name: "ls-files",
    main,
    usage: include_str!("../usage/ls-files.txt"),
    help_on_stderr: true,
    paged: false,
    supported: &[
        "z",
        "t",
        "cached",
        "deleted",
        "modified",
        "others",
        "ignored",
        "stage",
        "killed",
        "directory",
        "unmerged",
        "exclude-standard",
        "full-name",
        "error-unmatch",
        "abbrev",
        "deduplicate",
        "no-empty-directory",
        "empty-directory",
    ],
};

struct Show {
    null: bool,
    tags: bool,
    stage: bool,
    full: bool,
    abbrev: Option<usize>,
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COMMAND.parse(args)?;
    let repo = cx.repo()?;
    let has = |name: &str| parsed.has(name);
    let abbrev = match (has("abbrev"), parsed.value("abbrev")) {
        (false, _) => None,
        (true, None) => Some(repo.abbreviation(cx.files())),
        (true, Some(text)) => crate::bytes::parse_number(text),
    };
    let show = Show {
        null: has("z"),
        tags: has("t"),
        stage: has("stage") || has("unmerged"),
        full: has("full-name"),
        abbrev,
    };
    let index = repo.index(cx.files())?;
    let pathspec = match parsed.args.is_empty() && !repo.prefix.is_empty() {
        true => Pathspec::parse(&repo, &[b".".to_vec()])?,
        false => Pathspec::parse(&repo, &parsed.args)?,
    };
    if has("ignored") && !has("others") && !has("cached") {
        return Err(Fault::fatal("ls-files -i must be used with either -o or -c"));
    }
    if has("ignored") && !has("exclude-standard") {
        return Err(Fault::fatal("ls-files --ignored needs some exclude pattern"));
    }
    let mut out = Vec::new();
    let mut seen: Vec<Vec<u8>> = Vec::new();
    if has("others") {
        others(cx, &repo, &index, &parsed, &pathspec, &show, &mut out, &mut seen);
    }
    let plain = !(has("others") || has("deleted") || has("modified") || has("killed"));
    let cached = has("cached") || show.stage || plain;
    let mut ignore = Ignore::new(&repo, cx.files());
    let mut last: Option<Vec<u8>> = None;
    for entry in index.entries().iter().filter(|entry| pathspec.matches(&entry.path)) {
        seen.push(entry.path.clone());
        if has("ignored") && !ignore.is_ignored(cx.files(), &entry.path, false) {
            continue;
        }
        let duplicate = has("deduplicate") && last.as_ref() == Some(&entry.path);
        if cached && (!has("unmerged") || entry.stage != 0) && !duplicate {
            let tag = if entry.stage != 0 {
                'M'
            } else if entry.skip_worktree {
                'S'
            } else {
                'H'
            };
            line(cx, &repo, &show, tag, entry, &mut out);
            last = Some(entry.path.clone());
            if has("deduplicate") {
                continue;
            }
        }
        if has("deleted") || has("modified") {
            let state = match entry.stage {
                0 => worktree::compare(cx.files(), &repo, &index, entry),
                _ if worktree::lstat_no_links(cx.files(), &repo, &entry.path).is_err() => FileState::Deleted,
                _ => FileState::Changed {
                    mode: 0,
                    oid: entry.oid,
                },
            };
            let duplicate = has("deduplicate") && last.as_ref() == Some(&entry.path);
            if has("deleted") && state == FileState::Deleted && !duplicate {
                line(cx, &repo, &show, 'R', entry, &mut out);
                last = Some(entry.path.clone());
            }
            let duplicate = has("deduplicate") && last.as_ref() == Some(&entry.path);
            if has("modified") && state != FileState::Unchanged && !duplicate {
                line(cx, &repo, &show, 'C', entry, &mut out);
                last = Some(entry.path.clone());
            }
        }
    }
    cx.print(out);
    if has("error-unmatch") {
        let missing: Vec<_> = pathspec
            .items
            .iter()
            .filter(|item| !seen.iter().any(|path| item.matches(path)))
            .collect();
        for item in &missing {
            cx.eprint(cat![
                "error: pathspec '",
                item.original,
                "' did not match any file(s) known to git\n"
            ]);
        }
        if !missing.is_empty() {
            cx.eprint("Did you forget to 'git add'?\n");
            return Ok(Next::Exit(1));
        }
    }
    Ok(Next::Exit(0))
}

#[expect(clippy::too_many_arguments, reason = "the listing's whole context")]
fn others(
    cx: &Cx<'_, '_>,
    repo: &Repo,
    index: &Index,
    parsed: &crate::cli::options::Parsed,
    pathspec: &Pathspec,
    show: &Show,
    out: &mut Vec<u8>,
    seen: &mut Vec<Vec<u8>>,
) {
    let mode = if parsed.has("directory") {
        UntrackedMode::Normal
    } else {
        UntrackedMode::All
    };
    let standard = parsed.has("exclude-standard");
    let found = worktree::scan(cx.files(), repo, index, mode, true);
    let mut paths = if parsed.has("ignored") {
        found.ignored
    } else if standard {
        found.untracked
    } else {
        found.untracked.into_iter().chain(found.ignored).collect()
    };
    paths.sort();
    for path in paths.into_iter().filter(|path| pathspec.matches(path)) {
        let tag = if show.tags { "? " } else { "" };
        out.extend_from_slice(&cat![tag, name(repo, show, &path)]);
        seen.push(path);
    }
}

fn name(repo: &Repo, show: &Show, path: &[u8]) -> Vec<u8> {
    let shown = if show.full { path.to_vec() } else { repo.relative(path) };
    match show.null {
        true => cat![shown, "\0"],
        false => cat![quote_path(&shown, quote_high(&repo.config)), "\n"],
    }
}

fn line(cx: &Cx<'_, '_>, repo: &Repo, show: &Show, tag: char, entry: &Entry, out: &mut Vec<u8>) {
    if show.tags {
        out.extend_from_slice(format!("{tag} ").as_bytes());
    }
    if show.stage {
        let oid = match show.abbrev {
            Some(len) => repo.store.abbreviate(cx.files(), &entry.oid, len),
            None => entry.oid.hex(),
        };
        out.extend_from_slice(format!("{:06o} {oid} {}\t", entry.mode, entry.stage).as_bytes());
    }
    out.extend_from_slice(&name(repo, show, &entry.path));
}
