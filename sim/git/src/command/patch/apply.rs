//! Putting chosen hunks into an index or a working tree, as `git apply` does: where a hunk's lines are found, near the
//! line it names.

use super::direction::Target;
use super::file::{File, Hunk, What};
use crate::cat;
use crate::fault::Result;
use crate::index::{Entry, Index};
use crate::object::Kind;
use crate::process::Cx;
use crate::repo::Repo;
use crate::worktree;
use essaim_kernel::SmallSort;
use essaim_text::lines;

/// Why a choice cannot be applied: what `git apply` says on standard error.
pub(super) type Refusal = Vec<u8>;

/// A file's mode and content; `None`: it is not there.
pub(super) type Side = Option<(u32, Vec<u8>)>;

/// The content with hunks applied (`undo`: taken back), or the line at which one does not fit.
fn patched<'h>(
    content: &[u8],
    hunks: impl Iterator<Item = &'h Hunk>,
    undo: bool,
) -> core::result::Result<Vec<u8>, usize> {
    let mut text: Vec<Vec<u8>> = lines(content).into_iter().map(<[u8]>::to_vec).collect();
    let mut drift: isize = 0;
    let (gone, come) = if undo { (b'+', b'-') } else { (b'-', b'+') };
    for hunk in hunks {
        let side = |without: u8| -> Vec<Vec<u8>> {
            let kept = hunk.lines.iter().filter(|line| line.sign != without);
            kept.map(|line| line.text.clone()).collect()
        };
        let (before, after) = (side(come), side(gone));
        let start = if undo { hunk.new_start } else { hunk.old_start };
        let wanted = start.saturating_add_signed(drift);
        let open_end = hunk.lines.last().is_some_and(|line| line.sign == b' ');
        let at = find(&text, &before, wanted, start == 0, !open_end).ok_or(start + usize::from(!before.is_empty()))?;
        text.splice(at..at + before.len(), after.iter().cloned());
        drift += after.len() as isize - before.len() as isize;
    }
    Ok(text.concat())
}

/// Where the lines stand: at the place wanted, else nearest to it. First they must touch the ends they touched.
fn find(text: &[Vec<u8>], before: &[Vec<u8>], wanted: usize, at_start: bool, at_end: bool) -> Option<usize> {
    let last = text.len().checked_sub(before.len())?;
    let fits = |at: usize| text[at..at + before.len()] == *before;
    let anchored = match (at_start, at_end) {
        (true, true) => (last == 0 && fits(0)).then_some(0),
        (true, false) => fits(0).then_some(0),
        (false, true) => fits(last).then_some(last),
        (false, false) => None,
    };
    let mut places: Vec<usize> = (0..=last).filter(|at| fits(*at)).collect();
    // Of two at the same distance the later one counts.
    places.small_sort_by_key(|at| (at.abs_diff(wanted), core::cmp::Reverse(*at)));
    anchored.or(places.first().copied())
}

/// What a file becomes. `all`: with every hunk, chosen or not.
pub(super) fn become_side(
    start: Side,
    file: &File,
    undo: bool,
    target: Target,
    all: bool,
) -> core::result::Result<Side, Refusal> {
    let (from, to) = if undo {
        (file.new_mode, file.old_mode)
    } else {
        (file.old_mode, file.new_mode)
    };
    let chosen = || {
        file.offers
            .iter()
            .filter(|offer| all || offer.decision == super::file::Decision::Use)
    };
    let in_index = target == Target::Index;
    let (mode, content) = match (from, start) {
        (0, Some(_)) => {
            let place = if in_index { "index" } else { "working directory" };
            return Err(cat!["error: ", file.path, ": already exists in ", place, "\n"]);
        }
        (0, None) => (to, Vec::new()),
        (_, None) if in_index => return Err(cat!["error: ", file.path, ": does not exist in index\n"]),
        (_, None) => return Err(cat!["error: ", file.path, ": No such file or directory\n"]),
        (_, Some(side)) => side,
    };
    let hunks = chosen().filter_map(|offer| offer.hunk());
    let content = patched(&content, hunks, undo).map_err(|line| {
        let place = format!(":{line}\n");
        cat![
            "error: patch failed: ",
            file.path,
            place,
            "error: ",
            file.path,
            ": patch does not apply\n"
        ]
    })?;
    let mode_chosen = chosen().any(|offer| matches!(offer.what, What::Mode));
    Ok(match to {
        0 => None,
        to if mode_chosen => Some((to, content)),
        _ => Some((mode, content)),
    })
}

/// A file in the index.
pub(super) fn in_index(cx: &Cx<'_, '_>, repo: &Repo, index: &Index, path: &[u8]) -> Result<Side> {
    match index.get(path, 0).filter(|entry| !entry.intent_to_add) {
        Some(entry) => Ok(Some((entry.mode, repo.store.blob(cx.files(), &entry.oid)?.to_vec()))),
        None => Ok(None),
    }
}

/// A file in the working tree.
pub(super) fn in_work(cx: &Cx<'_, '_>, repo: &Repo, path: &[u8]) -> Result<Side> {
    match worktree::lstat_no_links(cx.files(), repo, path) {
        Ok(metadata) if !metadata.is_dir() => {
            let content = worktree::read_blob(cx.files(), &repo.work_path(path))?;
            Ok(Some((worktree::mode_of(&metadata), content.to_vec())))
        }
        _ => Ok(None),
    }
}

pub(super) fn to_index(cx: &mut Cx<'_, '_>, repo: &Repo, path: &[u8], side: Side) -> Result<()> {
    let mut index = repo.index(cx.files())?;
    match side {
        None => _ = index.remove(path),
        Some((mode, content)) => index.insert(Entry {
            path: path.to_vec(),
            mode,
            oid: repo.store.write(cx.files_mut(), Kind::Blob, &content)?,
            ..Entry::default()
        }),
    }
    worktree::refresh(cx.files(), repo, &mut index);
    repo.save_index(cx.files_mut(), &mut index)
}

pub(super) fn to_work(cx: &mut Cx<'_, '_>, repo: &Repo, path: &[u8], side: Side) -> Result<()> {
    match side {
        None => worktree::remove_file(cx.files_mut(), repo, path)?,
        Some((mode, content)) => {
            worktree::write_file(cx.files_mut(), repo, path, mode, &content)?;
        }
    }
    let mut index = repo.index(cx.files())?;
    worktree::refresh(cx.files(), repo, &mut index);
    repo.save_index(cx.files_mut(), &mut index)
}
