//! What `git commit` and `git merge` print of a change: the numbers of lines, and files that came and went.

use crate::cat;
use crate::fault::Result;
use crate::object::mode;
use crate::output::quote_path;
use crate::status::Change;
use crate::store::Store;
use essaim_kernel::Files;
use essaim_text::{DiffOptions, diff_bytes, is_binary};

/// Lines that came and went in one change; `None`: the file is binary.
pub fn line_counts(files: &Files, store: &Store, change: &Change) -> Result<Option<(usize, usize)>> {
    let content = |side: (u32, crate::oid::Oid)| match side.0 {
        0 => Ok(std::sync::Arc::default()),
        mode::GITLINK => Ok(std::sync::Arc::new(
            format!("Subproject commit {}\n", side.1).into_bytes(),
        )),
        _ => store.blob(files, &side.1),
    };
    let (old, new) = (content(change.old)?, content(change.new)?);
    if is_binary(&old) || is_binary(&new) {
        return Ok(None);
    }
    if change.old.1 == change.new.1 {
        return Ok(Some((0, 0)));
    }
    let mut counts = (0, 0);
    for part in diff_bytes(&old, &new, &DiffOptions::default()) {
        counts.0 += part.new.len();
        counts.1 += part.old.len();
    }
    Ok(Some(counts))
}

/// ` 2 files changed, 3 insertions(+), 1 deletion(-)`; nothing for no files.
pub fn short_stat(files_count: usize, insertions: usize, deletions: usize) -> String {
    if files_count == 0 {
        return String::new();
    }
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let mut line = format!(" {files_count} file{} changed", plural(files_count));
    if insertions > 0 || deletions == 0 {
        line.push_str(&format!(", {insertions} insertion{}(+)", plural(insertions)));
    }
    if deletions > 0 || insertions == 0 {
        line.push_str(&format!(", {deletions} deletion{}(-)", plural(deletions)));
    }
    line.push('\n');
    line
}

/// The short statistics and the summary lines of changes.
pub fn text(files: &Files, store: &Store, changes: &[Change], quote_high: bool) -> Result<Vec<u8>> {
    let (mut insertions, mut deletions, mut counted) = (0, 0, 0);
    for change in changes {
        counted += 1;
        if let Some((more, fewer)) = line_counts(files, store, change)? {
            insertions += more;
            deletions += fewer;
        }
    }
    let mut out = short_stat(counted, insertions, deletions).into_bytes();
    for change in changes {
        out.extend_from_slice(&summary_line(change, quote_high));
    }
    Ok(out)
}

/// ` create mode 100644 a`, ` rename a => b (90%)` …; nothing for a plain change.
pub fn summary_line(change: &Change, quote_high: bool) -> Vec<u8> {
    let path = quote_path(&change.path, quote_high);
    match change.letter {
        b'A' => cat![format!(" create mode {:06o} ", change.new.0), path, "\n"],
        b'D' => cat![format!(" delete mode {:06o} ", change.old.0), path, "\n"],
        b'R' | b'C' => {
            let verb = if change.letter == b'R' { "rename" } else { "copy" };
            let from = change.from.as_deref().unwrap_or_default();
            let mut line = cat![
                " ",
                verb,
                " ",
                rename(from, &change.path, quote_high),
                format!(" ({}%)\n", change.score)
            ];
            if change.old.0 != change.new.0 {
                line.extend_from_slice(
                    format!(" mode change {:06o} => {:06o}\n", change.old.0, change.new.0).as_bytes(),
                );
            }
            line
        }
        _ if change.old.0 != change.new.0 => {
            cat![
                format!(" mode change {:06o} => {:06o} ", change.old.0, change.new.0),
                path,
                "\n"
            ]
        }
        _ => Vec::new(),
    }
}

/// `a/{b => c}/d`.
pub fn rename(from: &[u8], to: &[u8], quote_high: bool) -> Vec<u8> {
    let (quoted_from, quoted_to) = (quote_path(from, quote_high), quote_path(to, quote_high));
    if quoted_from != from || quoted_to != to {
        return cat![quoted_from, " => ", quoted_to];
    }
    let mut prefix = 0;
    for (at, (a, b)) in from.iter().zip(to).enumerate() {
        if a != b {
            break;
        }
        if *a == b'/' {
            prefix = at + 1;
        }
    }
    // The common end begins with a slash, and may share it with the common beginning.
    let mut suffix = 0;
    let limit = from.len().min(to.len()) - prefix.saturating_sub(1).min(from.len().min(to.len()));
    let floor = usize::from(prefix > 0);
    for back in 1..=limit {
        let (a, b) = (from[from.len() - back], to[to.len() - back]);
        if a != b {
            break;
        }
        if a == b'/' && back >= floor {
            suffix = back;
        }
    }
    if prefix + suffix == 0 {
        return cat![from, " => ", to];
    }
    let middle = |path: &[u8]| {
        let end = path.len() - suffix;
        if end >= prefix {
            path[prefix..end].to_vec()
        } else {
            Vec::new()
        }
    };
    let tail = &from[from.len() - suffix..];
    cat![from[..prefix], "{", middle(from), " => ", middle(to), "}", tail]
}
