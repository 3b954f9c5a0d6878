//! `git merge-file`.

use super::Command;
use crate::bytes::lossy;
use crate::cat;
use crate::cli::options::{Parsed, usage_only};
use crate::fault::{Fault, Result};
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::revision::with_resolver;
use essaim_kernel::Errno;
use essaim_text::{Favor, Labels, MergeOptions, MergeStyle, is_binary, merge};
use std::sync::Arc;

const USAGE: &str = include_str!("../usage/merge-file.txt");

pub(super) const COMMAND: Command = Command {
    name: "merge-file",
    main,
    usage: USAGE,
    help_on_stderr: false,
    paged: false,
    supported: &["*"],
};

/// Conflicts that an exit code can tell.
const CONFLICTS_SHOWN_MAX: usize = 127;

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COMMAND.parse(args)?;
    let repo = cx.repo().ok();
    let options = options(&parsed, repo.as_ref())?;
    if parsed.args.len() != 3 {
        return Err(usage_only(USAGE));
    }
    let mut labels = parsed.values("L");
    if labels.len() > 3 {
        return Err(Fault::Error(b"too many labels on the command line".to_vec(), 129));
    }
    for at in labels.len()..3 {
        labels.push(parsed.args[at].clone());
    }
    let by_object = parsed.has("object-id");
    let contents = read(cx, repo.as_ref(), &parsed.args, by_object)?;
    let labels = Labels {
        ours: &labels[0],
        base: &labels[1],
        theirs: &labels[2],
    };
    let merged = merge(&contents[1], &contents[0], &contents[2], &labels, &options);
    write(
        cx,
        repo.as_ref(),
        &parsed.args[0],
        &merged.bytes,
        by_object,
        parsed.has("stdout"),
    )?;
    Ok(Next::Exit(merged.conflict_count.min(CONFLICTS_SHOWN_MAX) as u8))
}

fn options(parsed: &Parsed, repo: Option<&Repo>) -> Result<MergeOptions> {
    let mut options = MergeOptions::git_merge_file();
    if let Some(repo) = repo {
        options.style = match repo.config.get("merge.conflictstyle") {
            Some(b"diff3") => MergeStyle::Diff3,
            Some(b"zdiff3") => MergeStyle::ZealousDiff3,
            _ => MergeStyle::Merge,
        };
    }
    for given in &parsed.options {
        match given.name.as_str() {
            "diff3" => {
                options.style = if given.negated {
                    MergeStyle::Merge
                } else {
                    MergeStyle::Diff3
                }
            }
            "zdiff3" => {
                options.style = if given.negated {
                    MergeStyle::Merge
                } else {
                    MergeStyle::ZealousDiff3
                }
            }
            "ours" => options.favor = (!given.negated).then_some(Favor::Ours),
            "theirs" => options.favor = (!given.negated).then_some(Favor::Theirs),
            "union" => options.favor = (!given.negated).then_some(Favor::Union),
            _ => {}
        }
    }
    if let Some(name) = parsed.value("diff-algorithm") {
        let known = crate::diff::algorithm(name);
        let message = "option diff-algorithm accepts \"myers\", \"minimal\", \"patience\" and \"histogram\"";
        options.algorithm = known.ok_or_else(|| Fault::Error(message.as_bytes().to_vec(), 129))?;
    }
    if let Some(size) = parsed
        .number("marker-size")?
        .and_then(|size| usize::try_from(size).ok())
        .filter(|size| *size > 0)
    {
        options.marker_size = size;
    }
    Ok(options)
}

fn read(cx: &mut Cx<'_, '_>, repo: Option<&Repo>, names: &[Vec<u8>], by_object: bool) -> Result<Vec<Arc<Vec<u8>>>> {
    let mut contents = Vec::new();
    for name in names {
        let content = match repo {
            Some(repo) if by_object => {
                let oid = with_resolver(cx, repo, |resolver| resolver.object(name))?;
                let missing = || Fault::Error(cat!["object '", name, "' does not exist"], 255);
                repo.store.blob(cx.files(), &oid.ok_or_else(missing)?)?
            }
            _ => {
                let full = cx.io.path(name);
                cx.files().read(&full).map_err(|errno| {
                    let verb = if errno == Errno::IsDirectory { "open" } else { "stat" };
                    Fault::Error(cat!["Could not ", verb, " ", name, ": ", errno.to_string()], 255)
                })?
            }
        };
        if is_binary(&content) {
            return Err(Fault::Error(
                format!("Cannot merge binary files: {}", lossy(name)).into_bytes(),
                255,
            ));
        }
        contents.push(content);
    }
    Ok(contents)
}

fn write(
    cx: &mut Cx<'_, '_>,
    repo: Option<&Repo>,
    name: &[u8],
    bytes: &[u8],
    by_object: bool,
    stdout: bool,
) -> Result<()> {
    if stdout {
        cx.print(bytes);
        return Ok(());
    }
    match repo {
        Some(repo) if by_object => {
            let oid = repo.store.write(cx.files_mut(), crate::object::Kind::Blob, bytes)?;
            cx.print(format!("{oid}\n"));
        }
        _ => {
            let full = cx.io.path(name);
            cx.files_mut().write(&full, bytes).map_err(|errno| {
                Fault::Error(cat!["Could not open ", name, " for writing: ", errno.to_string()], 255)
            })?;
        }
    }
    Ok(())
}
