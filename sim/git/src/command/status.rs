//! `git status`.

use super::Command;
use crate::cat;
use crate::cli::options::Parsed;
use crate::diff::{self, Contents, filter, lists};
use crate::fault::{Fault, Result};
use crate::output::Colors;
use crate::pathspec::Pathspec;
use crate::print::long::Long;
use crate::print::porcelain;
use crate::print::short::Short;
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::status::{self, Options, Status};
use crate::tree;
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
        "verbose",
        "ignore-submodules",
        "no-renames",
        "renames",
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

/// The format that the options, the last one counting, or the settings ask for.
fn format(parsed: &Parsed, repo: &Repo) -> Result<Format> {
    let mut format = match repo.config.bool_or("status.short", false) {
        true => Format::Short,
        false => Format::Long,
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
    Ok(format)
}

/// From which similarity on renames are found; `None`: not at all.
fn renames(parsed: &Parsed, repo: &Repo) -> Option<u32> {
    let setting = repo
        .config
        .get("status.renames")
        .or_else(|| repo.config.get("diff.renames"));
    let mut wanted = setting.is_none_or(|text| crate::config::parse_bool(Some(text)) != Some(false));
    for given in &parsed.options {
        match (given.name.as_str(), given.negated) {
            ("no-renames", no) => wanted = no,
            ("renames", no) => wanted = !no,
            ("find-renames", _) => wanted = true,
            _ => {}
        }
    }
    wanted.then(|| rename_score(parsed.value("find-renames")))
}

/// What is to be gathered.
fn options(cx: &Cx<'_, '_>, parsed: &Parsed, repo: &Repo) -> Result<Options> {
    let given = parsed.flag("untracked-files").is_some();
    let ignored = match parsed.value("ignored") {
        _ if !parsed.has("ignored") => false,
        None | Some(b"traditional") => true,
        Some(b"no") => false,
        Some(b"matching") => return Err(Fault::gap("'status --ignored=matching'")),
        Some(other) => return Err(Fault::fatal(cat!["Invalid ignored mode '", other, "'"])),
    };
    Ok(Options {
        untracked: untracked_mode(parsed.value("untracked-files"), given, repo)?,
        ignored,
        pathspec: Pathspec::parse(repo, &parsed.args)?,
        renames: renames(parsed, repo),
        base: repo.refs.head(cx.files()),
    })
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COMMAND.parse(args)?;
    let repo = cx.work_repo()?;
    let format = format(&parsed, &repo)?;
    let options = options(cx, &parsed, &repo)?;
    let mut index = repo.index(cx.files())?;
    if worktree::refresh(cx.files(), &repo, &mut index) {
        repo.save_index(cx.files_mut(), &mut index)?;
    }
    let status = status::collect(cx.files(), &repo, &index, &options)?;
    let porcelain = matches!(format, Format::Porcelain | Format::PorcelainV2);
    let ahead_behind = parsed
        .flag("ahead-behind")
        .unwrap_or_else(|| porcelain || repo.config.bool_or("status.aheadbehind", true));
    let null = parsed.has("null");
    let branch = parsed.flag("branch");
    let text = match format {
        Format::Long => {
            let patches = patches(cx, &repo, &status, parsed.count("verbose"))?;
            let long = Long {
                repo: &repo,
                files: cx.files(),
                status: &status,
                colors: cx.colors(&repo, "status", None),
                hints: repo.config.advice("statusHints"),
                initial: options.base.is_none(),
                untracked: options.untracked,
                ignored: options.ignored,
                commit: false,
                template: false,
                amend: false,
                committable: !status.staged.is_empty(),
                ahead_behind,
                column_width: parsed.has("column").then(|| cx.width()),
            };
            cat![long.text_with(&patches)?, stashes(cx, &repo, &parsed)]
        }
        Format::PorcelainV2 => {
            let branch = (branch == Some(true)).then_some(ahead_behind);
            porcelain::text(cx.files(), &repo, &index, &status, branch, null)?
        }
        Format::Short | Format::Porcelain => Short {
            repo: &repo,
            files: cx.files(),
            status: &status,
            colors: match porcelain {
                true => Colors::off(),
                false => cx.colors(&repo, "status", None),
            },
            null,
            porcelain,
            branch: branch.unwrap_or(!porcelain && repo.config.bool_or("status.branch", false)),
        }
        .text_with(ahead_behind)?,
    };
    cx.print(text);
    Ok(Next::Exit(0))
}

/// `--show-stash`.
fn stashes(cx: &Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> String {
    let wanted = parsed.has("show-stash") || repo.config.bool_or("status.showstash", false);
    let count = repo.refs.log(cx.files(), b"refs/stash").len();
    if !wanted || count == 0 {
        return String::new();
    }
    let plural = if count == 1 { "entry" } else { "entries" };
    format!("Your stash currently has {count} {plural}\n")
}

/// `-v`: the patch of what is staged; `-vv`: with that of what is not.
fn patches(cx: &mut Cx<'_, '_>, repo: &Repo, status: &Status, verbose: usize) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    if verbose == 0 {
        return Ok(out);
    }
    let colors = cx.colors(repo, "status", None);
    let header = |text: &str| match colors.start("status.header", "normal") {
        color if color.is_empty() => cat![text, "\n"],
        color => cat![color, text, colors.reset(), "\n"],
    };
    let mut options = diff::Options::new(Some(repo), true, cx.width());
    options.settle_colors(Some(repo), cx.is_terminal());
    options.formats.patch = true;
    let mut staged = options.clone();
    if verbose > 1 && !status.staged.is_empty() {
        out.extend_from_slice(&header("Changes to be committed:"));
        (staged.old_prefix, staged.new_prefix) = (b"c/".to_vec(), b"i/".to_vec());
    }
    staged.mnemonic(repo, "c/", "i/");
    let index = repo.index(cx.files())?;
    let base = tree::of_commit(cx.files(), &repo.store, repo.refs.head(cx.files()).as_ref())?;
    let contents = Contents::new(cx.files(), repo);
    let found = lists::tree_index(&base, &index, &Pathspec::default());
    let found = filter::run(&contents, found, &staged, Some(&base))?;
    diff::print(&mut out, &contents, &found, &staged)?;
    if verbose > 1 && !status.unstaged.is_empty() {
        out.extend_from_slice(&header("--------------------------------------------------"));
        out.extend_from_slice(&header("Changes not staged for commit:"));
        (options.old_prefix, options.new_prefix) = (b"i/".to_vec(), b"w/".to_vec());
        out.extend_from_slice(&super::diff::unstaged_patch(cx, repo, options)?);
    }
    Ok(out)
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
