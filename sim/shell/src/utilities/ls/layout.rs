//! How a listing is set on the page.

use super::collect::Entry;
use super::paint::{indicator, painted, target_metadata};
use super::{Format, Quoting, Settings, text_width};
use crate::utilities::support::clock::Moment;
use crate::utilities::support::text::mode_string;
use essaim_kernel::Io;

/// Half an average Gregorian year: older times show their year.
const HALF_YEAR_SECONDS: i64 = 31_556_952 / 2;

/// One name as it will stand in a listing.
struct Cell {
    /// With colours.
    bytes: Vec<u8>,
    width: usize,
}

/// The lines of a listing; `total` in KiB stands above that of a directory.
pub fn listing(settings: &Settings, entries: &[Entry], total: Option<u64>, io: &Io<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(total) = total
        && (settings.format == Format::Long || settings.size)
    {
        out.extend_from_slice(format!("total {}", settings.blocks_text(total)).as_bytes());
        out.push(settings.end);
    }
    let cells = cells(settings, entries);
    match settings.format {
        Format::Long => long(settings, entries, &cells, io, &mut out),
        Format::Single => {
            for cell in &cells {
                out.extend_from_slice(&cell.bytes);
                out.push(settings.end);
            }
        }
        Format::Commas => commas(settings, &cells, &mut out),
        Format::Columns | Format::Across => columns(settings, &cells, &mut out),
    }
    out
}

fn cells(settings: &Settings, entries: &[Entry]) -> Vec<Cell> {
    let shown: Vec<Vec<u8>> = entries.iter().map(|e| settings.shown_name(&e.name)).collect();
    let aligns = settings.quoting == Quoting::Shell
        && matches!(settings.format, Format::Long | Format::Columns | Format::Across)
        && shown.iter().zip(entries).any(|(s, e)| *s != e.name);
    let inode_width = max_width(entries.iter().map(|e| e.metadata.ino.to_string()));
    let size_width = max_width(entries.iter().map(|e| settings.blocks_text(e.kibibytes())));
    let mut first = true;
    let is_long = settings.format == Format::Long;
    let pads = !matches!(settings.format, Format::Commas);
    let cell = |(entry, name): (&Entry, &Vec<u8>)| {
        let mut bytes = Vec::new();
        if settings.inode {
            let width = if pads { inode_width } else { 0 };
            bytes.extend_from_slice(format!("{:>width$} ", entry.metadata.ino).as_bytes());
        }
        if settings.size {
            let width = if pads { size_width } else { 0 };
            bytes.extend_from_slice(format!("{:>width$} ", settings.blocks_text(entry.kibibytes())).as_bytes());
        }
        let mut width = bytes.len();
        let lead = aligns && *name == entry.name;
        if is_long {
            // The front columns stand before the name there.
            width = 0;
            bytes.clear();
        }
        if lead {
            bytes.push(b' ');
            width += 1;
        }
        let sign = if is_long && entry.target.is_some() {
            ""
        } else {
            indicator(&entry.metadata, settings.indicators)
        };
        width += text_width(name) + sign.len();
        bytes.extend(painted(&entry.metadata, name, settings.color, &mut first));
        bytes.extend_from_slice(sign.as_bytes());
        Cell { bytes, width }
    };
    entries.iter().zip(&shown).map(cell).collect()
}

fn max_width(texts: impl Iterator<Item = String>) -> usize {
    texts.map(|t| t.len()).max().unwrap_or(0)
}

fn long(settings: &Settings, entries: &[Entry], cells: &[Cell], io: &Io<'_>, out: &mut Vec<u8>) {
    let ino_width = max_width(entries.iter().map(|e| e.metadata.ino.to_string()));
    let blocks_width = max_width(entries.iter().map(|e| settings.blocks_text(e.kibibytes())));
    let links_width = max_width(entries.iter().map(|e| e.metadata.nlink.to_string()));
    let size_width = max_width(entries.iter().map(|e| settings.size_text(e.metadata.size)));
    let owner = if settings.numeric {
        settings.user.1.to_string()
    } else {
        settings.user.0.clone()
    };
    let mut first = !cells.iter().any(|c| c.bytes.starts_with(b"\x1b[0m"));
    for (entry, cell) in entries.iter().zip(cells) {
        let metadata = &entry.metadata;
        let mut line = String::new();
        if settings.inode {
            line.push_str(&format!("{:>ino_width$} ", metadata.ino));
        }
        if settings.size {
            line.push_str(&format!("{:>blocks_width$} ", settings.blocks_text(entry.kibibytes())));
        }
        line.push_str(&format!("{} {:>links_width$} ", mode_string(metadata), metadata.nlink));
        if settings.owner {
            line.push_str(&format!("{owner} "));
        }
        if settings.group {
            line.push_str(&format!("{owner} "));
        }
        line.push_str(&format!("{:>size_width$} ", settings.size_text(metadata.size)));
        out.extend_from_slice(line.as_bytes());
        let time = if settings.ctime { metadata.ctime } else { metadata.mtime };
        let age = io.now().secs() - time.secs();
        let recent = time <= io.now() && age < HALF_YEAR_SECONDS;
        let format = if recent { &settings.time.0 } else { &settings.time.1 };
        out.extend(Moment::new(time, &settings.zone).format(format.as_bytes()));
        out.push(b' ');
        out.extend_from_slice(&cell.bytes);
        if let Some((target, _)) = &entry.target {
            out.extend_from_slice(b" -> ");
            let shown = settings.shown_name(target);
            match target_metadata(entry) {
                Some(behind) => {
                    out.extend(painted(behind, &shown, settings.color, &mut first));
                    out.extend_from_slice(indicator(behind, settings.indicators).as_bytes());
                }
                None => out.extend_from_slice(&shown),
            }
        }
        out.push(settings.end);
    }
}

fn commas(settings: &Settings, cells: &[Cell], out: &mut Vec<u8>) {
    let mut column = 0;
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            out.push(b',');
            if column + cell.width + 2 < settings.width.saturating_sub(usize::from(index + 1 < cells.len())) + 1 {
                out.push(b' ');
                column += 2;
            } else {
                out.push(b'\n');
                column = 0;
            }
        }
        out.extend_from_slice(&cell.bytes);
        column += cell.width;
    }
    if !cells.is_empty() {
        out.push(settings.end);
    }
}

fn columns(settings: &Settings, cells: &[Cell], out: &mut Vec<u8>) {
    let across = settings.format == Format::Across;
    let (count, widths) = fit(cells, settings.width, across);
    let rows = cells.len().div_ceil(count.max(1));
    // With colours the gaps are spaces only.
    let tab = if settings.color { 0 } else { 8 };
    for row in 0..rows {
        let mut position = 0;
        let mut end = 0;
        for (column, width) in widths.iter().enumerate() {
            let index = if across {
                row * count + column
            } else {
                column * rows + row
            };
            let Some(cell) = cells.get(index) else { break };
            if column > 0 {
                indent(out, end, position, tab);
            }
            out.extend_from_slice(&cell.bytes);
            end = position + cell.width;
            position += width;
        }
        out.push(settings.end);
    }
}

/// The greatest number of columns that fits, and their widths.
fn fit(cells: &[Cell], line: usize, across: bool) -> (usize, Vec<usize>) {
    const MIN_COLUMN: usize = 3;
    let most = cells.len().min((line / MIN_COLUMN).max(1));
    for count in (2..=most).rev() {
        let rows = cells.len().div_ceil(count);
        let mut widths = vec![MIN_COLUMN; count];
        for (index, cell) in cells.iter().enumerate() {
            let column = if across { index % count } else { index / rows };
            let gap = if column + 1 == count { 0 } else { 2 };
            widths[column] = widths[column].max(cell.width + gap);
        }
        let total: usize = widths.iter().sum();
        if total < line {
            return (count, widths);
        }
    }
    (1, vec![0])
}

fn indent(out: &mut Vec<u8>, from: usize, to: usize, tab: usize) {
    let mut at = from;
    while at < to {
        if tab != 0 && to / tab > (at + 1) / tab {
            out.push(b'\t');
            at += tab - at % tab;
        } else {
            out.push(b' ');
            at += 1;
        }
    }
}
