//! From a plain list of changes to the one that is shown: reversed, renames joined, picked, filtered.

use super::{Change, Contents, Options, Pickaxe};
use crate::bytes::find;
use crate::fault::{Fault, Result};
use crate::regex::Regex;
use crate::tree::Flat;
use essaim_text::{LineKind, hunks, is_binary, lines};

/// Does it all. `unchanged`: the old side's files, for `--find-copies-harder`.
pub fn run(
    contents: &Contents<'_>,
    mut changes: Vec<Change>,
    options: &Options,
    unchanged: Option<&Flat>,
) -> Result<Vec<Change>> {
    if options.reverse {
        for change in &mut changes {
            std::mem::swap(&mut change.old, &mut change.new);
            change.letter = match change.letter {
                b'A' => b'D',
                b'D' => b'A',
                other => other,
            };
        }
    }
    if let Some(directory) = &options.relative {
        relative(&mut changes, directory);
    }
    if let Some(threshold) = options.renames {
        changes = crate::renames::join(
            contents,
            changes,
            threshold,
            options.copies,
            unchanged.filter(|_| options.copies_harder),
        )?;
    }
    if let Some(pickaxe) = &options.pickaxe {
        changes = pick(contents, changes, pickaxe, options)?;
    }
    if let Some(filter) = &options.filter {
        changes = by_letter(changes, filter);
    }
    Ok(changes)
}

fn relative(changes: &mut Vec<Change>, directory: &[u8]) {
    changes.retain(|change| change.path.starts_with(directory));
    for change in changes.iter_mut() {
        change.path.drain(..directory.len());
    }
}

/// `--diff-filter`: capital letters choose, small ones leave out, `*` takes all if one matches.
fn by_letter(changes: Vec<Change>, filter: &[u8]) -> Vec<Change> {
    let wanted: Vec<u8> = filter.iter().copied().filter(u8::is_ascii_uppercase).collect();
    let unwanted: Vec<u8> = filter
        .iter()
        .filter(|b| b.is_ascii_lowercase())
        .map(u8::to_ascii_uppercase)
        .collect();
    let fits = |change: &Change| {
        let letter = change.letter;
        (wanted.is_empty() || wanted.contains(&letter)) && !unwanted.contains(&letter)
    };
    if filter.contains(&b'*') {
        return if changes.iter().any(fits) { changes } else { Vec::new() };
    }
    changes.into_iter().filter(fits).collect()
}

fn pick(contents: &Contents<'_>, changes: Vec<Change>, pickaxe: &Pickaxe, options: &Options) -> Result<Vec<Change>> {
    let mut kept = Vec::new();
    for change in &changes {
        let old = contents.get(change.old, change.old_path())?;
        let new = contents.get(change.new, &change.path)?;
        kept.push(change.letter != b'U' && hit(&old, &new, pickaxe, options)?);
    }
    if options.pickaxe_all {
        return Ok(if kept.contains(&true) { changes } else { Vec::new() });
    }
    Ok(changes
        .into_iter()
        .zip(kept)
        .filter(|(_, keep)| *keep)
        .map(|(change, _)| change)
        .collect())
}

fn regex(pattern: &[u8]) -> Result<Regex> {
    Regex::extended(pattern, false).ok_or_else(|| Fault::fatal(crate::cat!["invalid regex: ", pattern]))
}

fn hit(old: &[u8], new: &[u8], pickaxe: &Pickaxe, options: &Options) -> Result<bool> {
    match pickaxe {
        Pickaxe::Count(text) => Ok(count(old, text) != count(new, text)),
        Pickaxe::CountRegex(pattern) => {
            let regex = regex(pattern)?;
            Ok(count_regex(old, &regex) != count_regex(new, &regex))
        }
        Pickaxe::Lines(pattern) => {
            let regex = regex(pattern)?;
            if !options.text_always && (is_binary(old) || is_binary(new)) {
                return Ok(false);
            }
            let (old, new) = (lines(old), lines(new));
            let changes = essaim_text::diff(&old, &new, &options.text);
            let matches = |text: &[u8]| regex.is_match(text.strip_suffix(b"\n").unwrap_or(text));
            let found = hunks(&old, &new, &changes, &options.hunks);
            Ok(found
                .iter()
                .flat_map(|hunk| &hunk.lines)
                .any(|line| line.kind != LineKind::Context && matches(line.text)))
        }
    }
}

fn count(mut text: &[u8], needle: &[u8]) -> usize {
    let mut count = 0;
    while let Some(at) = find(text, needle) {
        count += 1;
        text = &text[at + needle.len().max(1)..];
    }
    count
}

fn count_regex(mut text: &[u8], regex: &Regex) -> usize {
    let mut count = 0;
    while let Some(range) = regex.find(text) {
        count += 1;
        let end = range.end.max(range.start + 1);
        if end >= text.len() {
            break;
        }
        text = &text[end..];
    }
    count
}
