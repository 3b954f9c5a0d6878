//! `--stat`, `--shortstat` and `--numstat`.

use crate::diff::{DiffOptions, diff};
use crate::hunk::{HunkOptions, LineKind, hunks};
use crate::line::lines;

/// What `--stat` says about one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatEntry {
    /// The path as printed: quoted if need be, `old => new` for a rename.
    pub name: Vec<u8>,
    /// What is counted.
    pub kind: StatKind,
}

/// What is counted for one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatKind {
    /// Lines. A file whose lines did not change is listed as well (a rename
    /// or a change of mode): leave out those that Git leaves out.
    Text {
        /// Lines added.
        added: usize,
        /// Lines removed.
        removed: usize,
    },
    /// Sizes in bytes; both 0 if the content is the same.
    Binary {
        /// Before.
        old_bytes: usize,
        /// After.
        new_bytes: usize,
    },
    /// In conflict.
    Unmerged,
}

/// The room that `--stat` has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatOptions {
    /// Columns: 80, or those of the terminal for `git diff`, `show`, `log`
    /// and `merge` (`--stat=<width>`).
    pub width: usize,
    /// At most so many columns for names (`--stat=,<name-width>`).
    pub name_width: Option<usize>,
    /// At most so many columns for the graph (`--stat-graph-width`).
    pub graph_width: Option<usize>,
    /// At most so many files (`--stat-count`).
    pub count: Option<usize>,
}

impl Default for StatOptions {
    fn default() -> Self {
        Self {
            width: 80,
            name_width: None,
            graph_width: None,
            count: None,
        }
    }
}

/// Room for the name and for the graph, at least.
const WIDTH_MIN: usize = 16 + 6;
const GRAPH_WIDTH_MIN: usize = 6;
/// What a line has besides name, number and graph.
const FRAME_WIDTH: usize = 6;
const BIN_WIDTH: usize = 14;
const UNMERGED_WIDTH: usize = 8;

/// Columns of one listing.
struct Layout {
    name: usize,
    number: usize,
    graph: usize,
    change_max: usize,
}

/// The lines of `--stat`, with the summary line; nothing if no file changed.
pub fn stat(entries: &[StatEntry], options: &StatOptions) -> Vec<u8> {
    let mut out = Vec::new();
    if entries.is_empty() {
        return out;
    }
    let shown = options.count.unwrap_or(entries.len()).min(entries.len());
    let layout = layout(&entries[..shown], options);
    for entry in &entries[..shown] {
        write_entry(&mut out, entry, &layout);
    }
    if shown < entries.len() {
        out.extend_from_slice(b" ...\n");
    }
    out.extend_from_slice(&shortstat(entries));
    out
}

fn layout(entries: &[StatEntry], options: &StatOptions) -> Layout {
    let mut name_max = 0;
    let mut change_max = 0;
    let mut number = 0;
    let mut special = 0;
    for entry in entries {
        name_max = name_max.max(width(&entry.name));
        match entry.kind {
            StatKind::Text { added, removed } => change_max = change_max.max(added + removed),
            StatKind::Binary { old_bytes, new_bytes } => {
                let sizes = digits(old_bytes) + digits(new_bytes);
                special = special.max(BIN_WIDTH + sizes);
                number = 3;
            }
            StatKind::Unmerged => special = special.max(UNMERGED_WIDTH),
        }
    }
    let number = number.max(digits(change_max));
    let total = options.width.max(WIDTH_MIN + number);
    // A binary file's sizes stand where the number and the graph do.
    let mut graph = change_max.max(special.saturating_sub(4));
    let graph_limit = options.graph_width.filter(|&limit| limit > 0);
    graph = graph.min(graph_limit.unwrap_or(graph));
    let mut name = name_max.min(options.name_width.filter(|&w| w > 0).unwrap_or(name_max));
    let frame = number + FRAME_WIDTH;
    if name + frame + graph > total {
        // Three eighths for the graph, the rest for the names; what the names
        // do not need goes back to the graph.
        let share = (total * 3 / 8).saturating_sub(frame);
        if graph > share {
            graph = share.max(GRAPH_WIDTH_MIN);
        }
        graph = graph.min(graph_limit.unwrap_or(graph));
        if name > total - frame - graph {
            name = total - frame - graph;
        } else {
            graph = total - frame - name;
        }
    }
    Layout {
        name,
        number,
        graph,
        change_max,
    }
}

fn write_entry(out: &mut Vec<u8>, entry: &StatEntry, layout: &Layout) {
    let number_width = layout.number;
    out.push(b' ');
    write_name(out, &entry.name, layout.name);
    let text = match entry.kind {
        StatKind::Unmerged => format!(" | {:>number_width$}", "Unmerged"),
        StatKind::Binary {
            old_bytes: 0,
            new_bytes: 0,
        } => format!(" | {:>number_width$}", "Bin"),
        StatKind::Binary { old_bytes, new_bytes } => {
            format!(" | {:>number_width$} {old_bytes} -> {new_bytes} bytes", "Bin")
        }
        StatKind::Text { added, removed } => {
            let total = added + removed;
            let space = if total > 0 { " " } else { "" };
            let (plus, minus) = graph(added, removed, layout);
            format!(
                " | {total:>number_width$}{space}{}{}",
                "+".repeat(plus),
                "-".repeat(minus)
            )
        }
    };
    out.extend_from_slice(text.as_bytes());
    out.push(b'\n');
}

/// A name that is too long loses its start, up to a `/` if one follows.
fn write_name(out: &mut Vec<u8>, name: &[u8], room: usize) {
    let mut rest = name;
    let mut room = room;
    if width(name) > room {
        room = room.saturating_sub(3);
        // Git 2.47 takes the columns to drop for a number of bytes: beyond
        // ASCII too little is cut, and a character may lose its first bytes.
        rest = &rest[width(name) - room..];
        if let Some(slash) = rest.iter().position(|&b| b == b'/') {
            rest = &rest[slash..];
        }
        out.extend_from_slice(b"...");
    }
    out.extend_from_slice(rest);
    let padding = room.saturating_sub(width(rest));
    out.resize(out.len() + padding, b' ');
}

fn graph(added: usize, removed: usize, layout: &Layout) -> (usize, usize) {
    if layout.graph > layout.change_max {
        return (added, removed);
    }
    let scale = |count: usize| match count {
        0 => 0,
        _ => 1 + count * (layout.graph - 1) / layout.change_max,
    };
    let mut total = scale(added + removed);
    if total < 2 && added > 0 && removed > 0 {
        // Both signs show, even if there is room for one.
        total = 2;
    }
    // The smaller side is scaled, the other one gets the rest.
    if added < removed {
        let plus = scale(added);
        (plus, total - plus)
    } else {
        let minus = scale(removed);
        (total - minus, minus)
    }
}

fn digits(mut number: usize) -> usize {
    let mut count = 1;
    while number >= 10 {
        number /= 10;
        count += 1;
    }
    count
}

/// Columns of a character: 0 for combining marks, 2 for East Asian wide ones
/// and emoji. The ranges cover the common blocks.
fn columns(character: char) -> usize {
    match character as u32 {
        0x0300..=0x036f | 0x200b..=0x200f | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// Columns of a name; if it is not UTF-8, its bytes.
fn width(name: &[u8]) -> usize {
    match std::str::from_utf8(name) {
        Ok(text) => text.chars().map(columns).sum(),
        Err(_) => name.len(),
    }
}

/// ` 2 files changed, 3 insertions(+)`, with its newline; empty if there is
/// no entry.
pub fn shortstat(entries: &[StatEntry]) -> Vec<u8> {
    if entries.is_empty() {
        return Vec::new();
    }
    let (mut files, mut insertions, mut deletions) = (0, 0, 0);
    for entry in entries {
        match entry.kind {
            StatKind::Text { added, removed } => {
                files += 1;
                insertions += added;
                deletions += removed;
            }
            StatKind::Binary { .. } => files += 1,
            StatKind::Unmerged => {}
        }
    }
    summary(files, insertions, deletions).into_bytes()
}

fn summary(files: usize, insertions: usize, deletions: usize) -> String {
    if files == 0 {
        return String::from(" 0 files changed\n");
    }
    let counted = |count: usize, one: &str| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {one}{plural}")
    };
    let mut text = format!(" {} changed", counted(files, "file"));
    // With nothing to count, both zeroes are said.
    if insertions > 0 || deletions == 0 {
        text += &format!(", {}(+)", counted(insertions, "insertion"));
    }
    if deletions > 0 || insertions == 0 {
        text += &format!(", {}(-)", counted(deletions, "deletion"));
    }
    text.push('\n');
    text
}

/// A line of `--numstat`, without its terminator.
pub fn numstat_line(entry: &StatEntry) -> Vec<u8> {
    let mut line = match entry.kind {
        StatKind::Text { added, removed } => format!("{added}\t{removed}\t"),
        StatKind::Binary { .. } => String::from("-\t-\t"),
        StatKind::Unmerged => String::from("0\t0\t"),
    }
    .into_bytes();
    line.extend_from_slice(&entry.name);
    line
}

/// Lines added and removed from `old` to `new`, as `--stat` counts them: in
/// the hunks that would be shown.
pub fn count_lines(old: &[u8], new: &[u8], options: &DiffOptions) -> StatKind {
    let (old, new) = (lines(old), lines(new));
    let changes = diff(&old, &new, options);
    let (mut added, mut removed) = (0, 0);
    for hunk in hunks(&old, &new, &changes, &HunkOptions::default()) {
        for line in hunk.lines {
            match line.kind {
                LineKind::Added => added += 1,
                LineKind::Removed => removed += 1,
                LineKind::Context => {}
            }
        }
    }
    StatKind::Text { added, removed }
}
