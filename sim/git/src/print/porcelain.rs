//! `git status --porcelain=v2`.

use crate::cat;
use crate::fault::Result;
use crate::index::Index;
use crate::oid::Oid;
use crate::output::{quote_high, quote_path};
use crate::repo::Repo;
use crate::status::{Change, Status};
use crate::tracking;
use crate::worktree::{lstat_no_links, mode_of};
use essaim_kernel::Files;
use std::collections::BTreeMap;

/// The whole text.
///
/// `branch`: its lines too, and whether ahead and behind are counted.
pub fn text(
    files: &Files,
    repo: &Repo,
    index: &Index,
    status: &Status,
    branch: Option<bool>,
    null: bool,
) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let end: &[u8] = if null { b"\0" } else { b"\n" };
    if let Some(counted) = branch {
        branch_lines(files, repo, end, counted, &mut out)?;
    }
    let show = |path: &[u8]| match null {
        true => path.to_vec(),
        false => quote_path(&repo.relative(path), quote_high(&repo.config)),
    };
    let mut both: BTreeMap<&[u8], (Option<&Change>, Option<&Change>)> = BTreeMap::new();
    for change in &status.staged {
        both.entry(&change.path).or_default().0 = Some(change);
    }
    for change in &status.unstaged {
        both.entry(&change.path).or_default().1 = Some(change);
    }
    for (path, (staged, unstaged)) in both {
        out.extend_from_slice(&changed(index, path, staged, unstaged));
        out.extend_from_slice(&cat![show(path)]);
        if let Some(from) = staged.and_then(|change| change.from.as_ref()) {
            out.extend_from_slice(&cat![if null { "\0" } else { "\t" }, show(from)]);
        }
        out.extend_from_slice(end);
    }
    for unmerged in &status.unmerged {
        let mode = lstat_no_links(files, repo, &unmerged.path).map_or(0, |metadata| mode_of(&metadata));
        let stage = |n: u8| {
            index
                .get(&unmerged.path, n)
                .map_or((0, Oid::NULL), |entry| (entry.mode, entry.oid))
        };
        let stages = [stage(1), stage(2), stage(3)];
        out.extend_from_slice(&cat![
            "u ",
            unmerged.letters(),
            " N...",
            stages
                .iter()
                .map(|(mode, _)| format!(" {mode:06o}"))
                .collect::<String>(),
            format!(" {mode:06o}"),
            stages.iter().map(|(_, oid)| format!(" {oid}")).collect::<String>(),
            " ",
            show(&unmerged.path),
            end
        ]);
    }
    for (mark, paths) in [("? ", &status.untracked), ("! ", &status.ignored)] {
        for path in paths {
            out.extend_from_slice(&cat![mark, show(path), end]);
        }
    }
    Ok(out)
}

fn changed(index: &Index, path: &[u8], staged: Option<&Change>, unstaged: Option<&Change>) -> Vec<u8> {
    let letter = |change: Option<&Change>| change.map_or('.', |change| char::from(change.letter));
    let in_index = index
        .get(path, 0)
        .filter(|entry| !entry.intent_to_add)
        .map(|entry| (entry.mode, entry.oid));
    let now = in_index.unwrap_or((0, Oid::NULL));
    let head = staged.map_or(now, |change| change.old);
    let work_mode = unstaged.map_or(now.0, |change| change.new.0);
    let kind = if staged.is_some_and(|change| change.from.is_some()) {
        '2'
    } else {
        '1'
    };
    let score = staged
        .filter(|change| change.from.is_some())
        .map_or(String::new(), |change| {
            format!("{}{} ", char::from(change.letter), change.score)
        });
    format!(
        "{kind} {}{} N... {:06o} {:06o} {:06o} {} {} {score}",
        letter(staged),
        letter(unstaged),
        head.0,
        now.0,
        work_mode,
        head.1,
        now.1
    )
    .into_bytes()
}

fn branch_lines(files: &Files, repo: &Repo, end: &[u8], counted: bool, out: &mut Vec<u8>) -> Result<()> {
    let oid = repo.refs.head(files).map_or("(initial)".to_owned(), |oid| oid.hex());
    out.extend_from_slice(&cat!["# branch.oid ", oid, end]);
    let Some(full) = repo.refs.head_branch(files) else {
        out.extend_from_slice(&cat!["# branch.head (detached)", end]);
        return Ok(());
    };
    let branch = full.strip_prefix(b"refs/heads/").unwrap_or(&full);
    out.extend_from_slice(&cat!["# branch.head ", branch, end]);
    if let Some(tracking) = tracking::of_branch(files, repo, branch)? {
        out.extend_from_slice(&cat!["# branch.upstream ", tracking.short, end]);
        if tracking.apart.is_some_and(|apart| !counted && apart != (0, 0)) {
            out.extend_from_slice(&cat!["# branch.ab +? -?", end]);
        } else if let Some((ahead, behind)) = tracking.apart {
            out.extend_from_slice(&cat![format!("# branch.ab +{ahead} -{behind}"), end]);
        }
    }
    Ok(())
}
