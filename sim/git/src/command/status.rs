//! `git status`.

use super::Command;
use crate::cat;
use crate::fault::{Fault, Result};
use crate::output::Colors;
use crate::pathspec::Pathspec;
use crate::print::long::Long;
use crate::print::porcelain;
use crate::print::short::Short;
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::status::{self, Options};
use crate::worktree::{self, UntrackedMode};

pub(super) const COMMAND: Command = Command {
    name: "status",
    main,
    usage: include_str!("../usage/status.txt"),
    help_on_stderr: true,
    paged: false,
    supported: &[
        "short",
        "branch",
        "show-stash",
        "porcelain",
        "long",
        "null",
        "untracked-files",
        "ignored",
        "column",
        "no-renames",
        "find-renames",
        "ahead-behind",
    ],
};

enum Format {
    Long,
    Short,
    Porcelain,
    PorcelainV2,
}

/// `-u`'s value.
pub(super) fn untracked_mode(option: Option<&[u8]>, given: bool, repo: &Repo) -> Result<UntrackedMode> {
    let setting = repo.config.get("status.showuntrackedfiles");
    let value = match (given, option) {
        (true, None) => return Ok(UntrackedMode::All),
        (true, Some(value)) => value,
        (false, _) => setting.unwrap_or(b"normal"),
    };
    match value {
        b"no" | b"false" | b"0" | b"off" => Ok(UntrackedMode::No),
        b"normal" | b"true" | b"1" | b"on" => Ok(UntrackedMode::Normal),
        b"all" => Ok(UntrackedMode::All),
        other => Err(Fault::fatal(cat!["Invalid untracked files mode '", other, "'"])),
    }
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COMMAND.parse(args)?;
    let repo = cx.work_repo()?;
    let mut format = if repo.config.bool_or("status.short", false) {
        Format::Short
    } else {
        Format::Long
    };
    for given in &parsed.options {
        format = match (given.name.as_str(), given.negated, given.value.as_deref()) {
            ("short" | "porcelain" | "long", true, _) | ("long", ..) => Format::Long,
            ("short", ..) => Format::Short,
            ("porcelain", _, None | Some(b"1" | b"v1")) => Format::Porcelain,
            ("porcelain", _, Some(b"2" | b"v2")) => Format::PorcelainV2,
            ("porcelain", _, Some(other)) => {
                return Err(Fault::fatal(cat!["unsupported porcelain version '", other, "'"]));
            }
            ("null", ..) if matches!(format, Format::Long) => Format::Porcelain,
            _ => format,
        };
    }
    let given = parsed.flag("untracked-files").is_some();
    let untracked = untracked_mode(parsed.value("untracked-files"), given, &repo)?;
    let ignored = match parsed.value("ignored") {
        _ if !parsed.has("ignored") => false,
        None | Some(b"traditional") => true,
        Some(b"no") => false,
        Some(b"matching") => return Err(Fault::gap("'status --ignored=matching'")),
        Some(other) => return Err(Fault::fatal(cat!["Invalid ignored mode '", other, "'"])),
    };
    let mut index = repo.index(cx.files())?;
    if worktree::refresh(cx.files(), &repo, &mut index) {
        repo.save_index(cx.files_mut(), &mut index)?;
    }
    let head = repo.refs.head(cx.files());
    let no_renames = parsed.flag("no-renames") == Some(true)
        || !repo.config.bool_or("diff.renames", true)
            && repo.config.get("diff.renames").is_some_and(|v| !v.starts_with(b"c"));
    let options = Options {
        untracked,
        ignored,
        pathspec: Pathspec::parse(&repo, &parsed.args)?,
        renames: if no_renames {
            None
        } else {
            Some(rename_score(parsed.value("find-renames")))
        },
        base: head,
    };
    let status = status::collect(cx.files(), &repo, &index, &options)?;
    let null = parsed.has("null");
    let branch_option = parsed.flag("branch");
    let text = match format {
        Format::Long => Long {
            repo: &repo,
            files: cx.files(),
            status: &status,
            colors: cx.colors(&repo, "status", None),
            hints: repo.config.advice("statusHints"),
            initial: head.is_none(),
            untracked,
            ignored,
            commit: false,
            template: false,
            amend: false,
            committable: !status.staged.is_empty(),
            ahead_behind: parsed.flag("ahead-behind").unwrap_or(true),
            column_width: parsed.has("column").then(|| cx.width()),
        }
        .text()?,
        Format::PorcelainV2 => porcelain::text(cx.files(), &repo, &index, &status, branch_option == Some(true), null)?,
        Format::Short | Format::Porcelain => {
            let porcelain = matches!(format, Format::Porcelain);
            Short {
                repo: &repo,
                files: cx.files(),
                status: &status,
                colors: if porcelain {
                    Colors::off()
                } else {
                    cx.colors(&repo, "status", None)
                },
                null,
                porcelain,
                branch: branch_option.unwrap_or(!porcelain && repo.config.bool_or("status.branch", false)),
            }
            .text()?
        }
    };
    cx.print(text);
    if matches!(format, Format::Long) && (parsed.has("show-stash") || repo.config.bool_or("status.showstash", false)) {
        let count = repo.refs.log(cx.files(), b"refs/stash").len();
        if count > 0 {
            let plural = if count == 1 { "entry" } else { "entries" };
            cx.print(format!("Your stash currently has {count} {plural}\n"));
        }
    }
    Ok(Next::Exit(0))
}

/// `-M`'s value in percent: `80%`, `8` (means 80 %), `08` (means 8 %).
pub(super) fn rename_score(value: Option<&[u8]>) -> u32 {
    let Some(text) = value.filter(|text| !text.is_empty()) else {
        return 50;
    };
    let digits: Vec<u8> = text.iter().copied().take_while(u8::is_ascii_digit).collect();
    let number: u32 = crate::bytes::parse_number(&digits).unwrap_or(50);
    if text.ends_with(b"%") {
        return number.min(100);
    }
    number * 100 / 10u32.pow(digits.len().min(9) as u32)
}
