//! `--raw`, `--name-only`, `--name-status`, `--stat`, `--numstat`, `--shortstat`, `--summary`.

use super::{Change, Contents, Options};
use crate::cat;
use crate::fault::Result;
use crate::output::quote_path;
use essaim_text::{StatEntry, StatKind, hunks, is_binary, lines, numstat_line, shortstat, stat};

/// `--raw`, `--name-status` and `--name-only`.
pub fn names(out: &mut Vec<u8>, contents: &Contents<'_>, changes: &[Change], options: &Options) {
    for change in changes {
        let (separator, end) = if options.nul { ("\0", "\0") } else { ("\t", "\n") };
        let shown = |path: &[u8]| {
            if options.nul {
                path.to_vec()
            } else {
                quote_path(path, options.quote_high)
            }
        };
        if options.formats.raw {
            out.extend_from_slice(&raw_head(contents, change, options));
        } else if options.formats.name_status {
            out.extend_from_slice(&letter(change));
        }
        if options.formats.name_only && !options.formats.raw {
            out.extend_from_slice(&cat![shown(&change.path), end]);
            continue;
        }
        if let Some(from) = &change.from {
            out.extend_from_slice(&cat![separator, shown(from)]);
        }
        out.extend_from_slice(&cat![separator, shown(&change.path), end]);
    }
}

/// `R087`, `M`.
fn letter(change: &Change) -> Vec<u8> {
    let score = match change.letter {
        b'R' | b'C' => format!("{:03}", change.score),
        _ => String::new(),
    };
    cat![[change.letter], score]
}

fn raw_head(contents: &Contents<'_>, change: &Change, options: &Options) -> Vec<u8> {
    let abbrev = if options.raw_full {
        options.abbrev.unwrap_or(40)
    } else {
        options.abbrev.unwrap_or(0)
    };
    let short = |oid| match abbrev {
        0 => contents.short(oid, None),
        len => contents.short(oid, Some(len)),
    };
    let modes = format!(":{:06o} {:06o} ", change.old.0, change.new.0);
    cat![
        modes,
        short(&change.old.1),
        " ",
        short(&change.new.1),
        " ",
        letter(change)
    ]
}

/// One file's line counts; `None`: it is not listed (nothing changed but white space that is ignored).
pub fn stat_kind(contents: &Contents<'_>, change: &Change, options: &Options) -> Result<Option<StatKind>> {
    if change.letter == b'U' {
        return Ok(Some(StatKind::Unmerged));
    }
    let old = contents.get(change.old, change.old_path())?;
    let new = contents.get(change.new, &change.path)?;
    let same = old == new && change.old.0 != 0 && change.new.0 != 0;
    if !options.text_always && (is_binary(&old) || is_binary(&new)) {
        let sizes = if same { (0, 0) } else { (old.len(), new.len()) };
        return Ok(Some(StatKind::Binary {
            old_bytes: sizes.0,
            new_bytes: sizes.1,
        }));
    }
    let (mut added, mut removed) = (0, 0);
    if !same {
        let (old, new) = (lines(&old), lines(&new));
        if old.is_empty() && !options.ignores_whitespace() {
            added = new.len();
        } else if new.is_empty() && !options.ignores_whitespace() {
            removed = old.len();
        } else {
            let found = options.changes(&old, &new);
            for line in hunks(&old, &new, &found, &options.hunks)
                .iter()
                .flat_map(|hunk| &hunk.lines)
            {
                added += usize::from(line.kind == essaim_text::LineKind::Added);
                removed += usize::from(line.kind == essaim_text::LineKind::Removed);
            }
        }
        if change.letter == b'M' && added == 0 && removed == 0 && change.old.0 == change.new.0 {
            return Ok(None);
        }
    }
    Ok(Some(StatKind::Text { added, removed }))
}

/// `--numstat`, `--stat`, `--shortstat`.
pub fn stats(out: &mut Vec<u8>, contents: &Contents<'_>, changes: &[Change], options: &Options) -> Result<()> {
    let mut kinds = Vec::new();
    for change in changes {
        if let Some(kind) = stat_kind(contents, change, options)? {
            kinds.push((change, kind));
        }
    }
    if options.formats.numstat {
        for (change, kind) in &kinds {
            numstat(out, change, *kind, options);
        }
    }
    let entries: Vec<StatEntry> = kinds
        .iter()
        .map(|(change, kind)| {
            let mut name = stat_name(change, options);
            if options.compact_summary {
                name.extend_from_slice(&compact(change));
            }
            StatEntry { name, kind: *kind }
        })
        .collect();
    if options.formats.stat {
        let text = stat(&entries, &options.stat);
        if options.colors.on {
            colored_stat(out, &text, options);
        } else {
            out.extend_from_slice(&text);
        }
    }
    if options.formats.shortstat {
        out.extend_from_slice(&shortstat(&entries));
    }
    Ok(())
}

fn numstat(out: &mut Vec<u8>, change: &Change, kind: StatKind, options: &Options) {
    if options.nul {
        let entry = StatEntry { name: Vec::new(), kind };
        out.extend_from_slice(&numstat_line(&entry));
        if let Some(from) = &change.from {
            out.extend_from_slice(&cat!["\0", from, "\0"]);
        }
        out.extend_from_slice(&cat![change.path, "\0"]);
        return;
    }
    let entry = StatEntry {
        name: stat_name(change, options),
        kind,
    };
    out.extend_from_slice(&numstat_line(&entry));
    out.push(b'\n');
}

/// `--compact-summary`'s words after the name.
fn compact(change: &Change) -> Vec<u8> {
    let words = match (change.old.0, change.new.0) {
        _ if change.letter == b'U' => "",
        (0, 0o100_755) => " (new +x)",
        (0, 0o120_000) => " (new +l)",
        (0, _) => " (new)",
        (_, 0) => " (gone)",
        (0o100_644, 0o100_755) => " (mode +x)",
        (0o100_755, 0o100_644) => " (mode -x)",
        (old, 0o120_000) if old != 0o120_000 => " (mode +l)",
        (0o120_000, new) if new != 0o120_000 => " (mode -l)",
        _ => "",
    };
    words.as_bytes().to_vec()
}

/// The name as `--stat` shows it.
pub fn stat_name(change: &Change, options: &Options) -> Vec<u8> {
    match &change.from {
        Some(from) => rename_name(from, &change.path, options.quote_high),
        None => quote_path(&change.path, options.quote_high),
    }
}

/// `src/{old => new}/file`: what both paths share stands outside of the braces.
pub fn rename_name(from: &[u8], to: &[u8], quote_high: bool) -> Vec<u8> {
    let (quoted_from, quoted_to) = (quote_path(from, quote_high), quote_path(to, quote_high));
    if quoted_from != from || quoted_to != to {
        return cat![quoted_from, " => ", quoted_to];
    }
    let equal = from.iter().zip(to).take_while(|(a, b)| a == b).count();
    let prefix = from[..equal].iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
    // The common end starts with a slash and may share the slash of the common start.
    let floor = prefix.saturating_sub(1);
    let mut suffix = 0;
    let longest = (from.len() - floor.min(from.len())).min(to.len() - floor.min(to.len()));
    for len in 1..=longest {
        let (a, b) = (from[from.len() - len], to[to.len() - len]);
        if a != b {
            break;
        }
        if a == b'/' {
            suffix = len;
        }
    }
    if prefix == 0 {
        let whole = from.len().min(to.len());
        suffix = suffix.min(whole);
    }
    let middle = |path: &[u8]| path[prefix..(path.len() - suffix).max(prefix)].to_vec();
    let (a, b) = (middle(from), middle(to));
    if prefix + suffix == 0 {
        return cat![a, " => ", b];
    }
    cat![from[..prefix], "{", a, " => ", b, "}", from[from.len() - suffix..]]
}

/// Adds the colours to the graph of a listing.
fn colored_stat(out: &mut Vec<u8>, text: &[u8], options: &Options) {
    let (add, remove) = (
        options.colors.start("diff.new", "green"),
        options.colors.start("diff.old", "red"),
    );
    let reset = options.colors.reset();
    for line in text.split_inclusive(|b| *b == b'\n') {
        let body = line.strip_suffix(b"\n").unwrap_or(line);
        let Some(bar) = crate::bytes::lossy(body)
            .rfind(" | ")
            .filter(|_| body.starts_with(b" "))
        else {
            out.extend_from_slice(line);
            continue;
        };
        let bar = bar.min(body.len());
        let graph = body
            .iter()
            .rposition(|b| !matches!(b, b'+' | b'-'))
            .map_or(0, |at| at + 1);
        let tail = &body[bar..];
        if let Some(arrow) = crate::bytes::find(tail, b" -> ").filter(|_| tail.ends_with(b" bytes")) {
            let start = tail[..arrow].iter().rposition(|b| *b == b' ').map_or(0, |at| at + 1);
            let end = tail.len() - b" bytes".len();
            out.extend_from_slice(&cat![
                body[..bar],
                tail[..start],
                remove,
                tail[start..arrow],
                reset,
                " -> ",
                add,
                tail[arrow + 4..end],
                reset,
                " bytes\n"
            ]);
            continue;
        }
        let plus = body[graph..].iter().take_while(|b| **b == b'+').count();
        out.extend_from_slice(&body[..graph]);
        let (plus, minus) = body[graph..].split_at(plus);
        if !plus.is_empty() {
            out.extend_from_slice(&cat![add, plus, reset]);
        }
        if !minus.is_empty() {
            out.extend_from_slice(&cat![remove, minus, reset]);
        }
        out.push(b'\n');
    }
}

/// `--summary`: created, deleted, renamed, changed modes.
pub fn summary(out: &mut Vec<u8>, changes: &[Change], options: &Options) {
    for change in changes {
        let path = quote_path(&change.path, options.quote_high);
        let mode_change = |with_name: bool| {
            let (old, new) = (change.old.0, change.new.0);
            let name = if with_name { cat![" ", path] } else { Vec::new() };
            match old != 0 && new != 0 && old != new {
                true => cat![format!(" mode change {old:06o} => {new:06o}"), name, "\n"],
                false => Vec::new(),
            }
        };
        match change.letter {
            b'A' => out.extend_from_slice(&cat![format!(" create mode {:06o} ", change.new.0), path, "\n"]),
            b'D' => out.extend_from_slice(&cat![format!(" delete mode {:06o} ", change.old.0), path, "\n"]),
            b'R' | b'C' => {
                let word = if change.letter == b'R' { "rename" } else { "copy" };
                let name = rename_name(change.old_path(), &change.path, options.quote_high);
                out.extend_from_slice(&cat![" ", word, " ", name, format!(" ({}%)\n", change.score)]);
                out.extend_from_slice(&mode_change(false));
            }
            b'U' => {}
            _ => out.extend_from_slice(&mode_change(true)),
        }
    }
}
