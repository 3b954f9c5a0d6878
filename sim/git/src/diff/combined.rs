//! Combined patches: one result against several parents (`diff --cc`).

use super::{Contents, Options};
use crate::cat;
use crate::fault::Result;
use crate::oid::Oid;
use crate::output::quote_two;
use essaim_text::{diff, is_binary, lines};

/// One path that differs from all parents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The path.
    pub path: Vec<u8>,
    /// (mode, blob) in each parent; mode 0: not there.
    pub parents: Vec<(u32, Oid)>,
    /// (mode, blob) in the result; a null id: the file of the working tree.
    pub result: (u32, Oid),
}

/// A line that the result has lost, and the parents that had it.
#[derive(Clone, Debug)]
struct Lost {
    text: Vec<u8>,
    parents: u64,
}

/// A line of the result (the last one is a place behind the end).
#[derive(Clone, Debug, Default)]
struct Line {
    /// Parents that do not have it.
    added: u64,
    /// Lines that were lost before it.
    lost: Vec<Lost>,
    /// Where it stands in each parent, counted from 1.
    numbers: Vec<usize>,
    shown: bool,
}

/// The patch of one path. `dense`: only hunks that no single parent explains.
pub fn write(
    out: &mut Vec<u8>,
    contents: &Contents<'_>,
    merged: &Merged,
    dense: bool,
    options: &Options,
) -> Result<()> {
    let result = contents.get(merged.result, &merged.path)?;
    let mut parents = Vec::new();
    for parent in &merged.parents {
        parents.push(contents.get(*parent, &merged.path)?);
    }
    let mode_differs = merged.parents.iter().any(|parent| parent.0 != merged.result.0);
    let binary = is_binary(&result) || parents.iter().any(|parent| is_binary(parent));
    if binary && !options.text_always {
        write_header(out, contents, merged, dense, mode_differs, false, options)?;
        out.extend_from_slice(b"Binary files differ\n");
        return Ok(());
    }
    let result_lines = lines(&result);
    let mut sheet: Vec<Line> = vec![
        Line {
            numbers: vec![0; parents.len()],
            ..Line::default()
        };
        result_lines.len() + 2
    ];
    for (at, parent) in parents.iter().enumerate() {
        // Parents that are equal leave equal traces.
        add_parent(&mut sheet, &lines(parent), &result_lines, at, options);
    }
    let all = (1u64 << parents.len()) - 1;
    let interesting = select(&mut sheet, result_lines.len(), all, dense, options.hunks.context);
    if interesting || mode_differs {
        write_header(out, contents, merged, dense, mode_differs, true, options)?;
        if interesting {
            write_hunks(out, &sheet, &result_lines, parents.len(), options);
        }
    }
    Ok(())
}

fn add_parent(sheet: &mut [Line], parent: &[&[u8]], result: &[&[u8]], at: usize, options: &Options) {
    let bit = 1u64 << at;
    let mut number = 1;
    let mut next = 0;
    let changes = diff(parent, result, &options.text);
    for change in &changes {
        for line in &mut sheet[next..change.new.start] {
            line.numbers[at] = number;
            number += 1;
        }
        let lost: Vec<Lost> = parent[change.old.clone()]
            .iter()
            .map(|text| Lost {
                text: strip(text).to_vec(),
                parents: bit,
            })
            .collect();
        let place = &mut sheet[change.new.start];
        place.lost = join_lost(std::mem::take(&mut place.lost), lost, bit);
        if change.new.is_empty() {
            number += change.old.len();
            next = change.new.start;
            // The line numbers of what follows count what was lost, those of the hunk do not: kept apart below.
            continue;
        }
        for line in &mut sheet[change.new.clone()] {
            line.added |= bit;
            line.numbers[at] = number;
        }
        number += change.old.len();
        next = change.new.end;
    }
    let len = sheet.len();
    for line in &mut sheet[next..len] {
        line.numbers[at] = number;
        number += 1;
    }
    renumber(sheet, parent.len(), at);
}

/// Numbers every line by counting: lost lines of this parent first, then the line itself if the parent has it.
fn renumber(sheet: &mut [Line], _parent_len: usize, at: usize) {
    let bit = 1u64 << at;
    let mut number = 1;
    for line in sheet.iter_mut() {
        line.numbers[at] = number;
        number += line.lost.iter().filter(|lost| lost.parents & bit != 0).count();
        if line.added & bit == 0 {
            number += 1;
        }
    }
}

fn strip(text: &[u8]) -> &[u8] {
    text.strip_suffix(b"\n").unwrap_or(text)
}

/// Joins what another parent lost at the same place: a longest common subsequence is lost by both.
fn join_lost(base: Vec<Lost>, new: Vec<Lost>, bit: u64) -> Vec<Lost> {
    if base.is_empty() || new.is_empty() {
        return if base.is_empty() { new } else { base };
    }
    let (rows, columns) = (base.len(), new.len());
    let mut table = vec![vec![0usize; columns + 1]; rows + 1];
    for i in 1..=rows {
        for j in 1..=columns {
            table[i][j] = if base[i - 1].text == new[j - 1].text {
                table[i - 1][j - 1] + 1
            } else {
                table[i][j - 1].max(table[i - 1][j])
            };
        }
    }
    let mut out = Vec::new();
    let (mut i, mut j) = (rows, columns);
    while i > 0 || j > 0 {
        if i > 0 && j > 0 && base[i - 1].text == new[j - 1].text {
            let mut lost = base[i - 1].clone();
            lost.parents |= bit;
            out.push(lost);
            (i, j) = (i - 1, j - 1);
        } else if j > 0 && (i == 0 || table[i][j - 1] >= table[i - 1][j]) {
            out.push(new[j - 1].clone());
            j -= 1;
        } else {
            out.push(base[i - 1].clone());
            i -= 1;
        }
    }
    out.reverse();
    out
}

fn is_changed(line: &Line, all: u64) -> bool {
    line.added & all != 0 || !line.lost.is_empty()
}

/// Marks the lines to show; whether there are any.
fn select(sheet: &mut [Line], count: usize, all: u64, dense: bool, context: usize) -> bool {
    for line in &mut sheet[..=count] {
        line.shown = is_changed(line, all);
    }
    if dense {
        drop_explained(sheet, count, all, context);
    }
    spread(sheet, count, all, context)
}

/// Leaves out groups of changes that have only two versions, one of which is the result.
fn drop_explained(sheet: &mut [Line], count: usize, all: u64, context: usize) {
    let mut at = 0;
    while let Some(begin) = (at..=count).find(|i| sheet[*i].shown) {
        let mut end = begin + 1;
        while end <= count {
            if sheet[end].shown {
                end += 1;
                continue;
            }
            // Changes nearer than the context belong to the same group.
            let tail = hunk_tail(sheet, all, begin, end);
            let limit = (tail + context).min(count + 1);
            match (end..limit).rev().find(|i| sheet[*i].shown) {
                Some(further) => end = further + 1,
                None => break,
            }
        }
        let patterns: Vec<u64> = sheet[begin..end]
            .iter()
            .flat_map(|line| {
                let own = Some(line.added & all).filter(|bits| *bits != 0);
                own.into_iter().chain(line.lost.iter().map(|lost| lost.parents))
            })
            .collect();
        let uniform = patterns.windows(2).all(|pair| pair[0] == pair[1]);
        if uniform && patterns.first() != Some(&all) {
            for line in &mut sheet[begin..end] {
                line.shown = false;
            }
        }
        at = end;
    }
}

/// A group that ends with lost lines shows one line less behind it.
fn hunk_tail(sheet: &[Line], all: u64, begin: usize, end: usize) -> usize {
    if begin < end && sheet[end - 1].added & all == 0 {
        end - 1
    } else {
        end
    }
}

/// Adds the context around what is shown.
fn spread(sheet: &mut [Line], count: usize, all: u64, context: usize) -> bool {
    let Some(first) = (0..=count).find(|i| sheet[*i].shown) else {
        return false;
    };
    let mut at = first;
    loop {
        for line in &mut sheet[at.saturating_sub(context)..at] {
            line.shown = true;
        }
        let end = loop {
            let end = (at..=count).find(|i| !sheet[*i].shown).unwrap_or(count + 1);
            let next = (end..=count).find(|i| sheet[*i].shown);
            let tail = hunk_tail(sheet, all, at, end);
            match next {
                Some(next) if next < tail + context => {
                    for line in &mut sheet[end..next] {
                        line.shown = true;
                    }
                }
                _ => break (end, tail, next),
            }
        };
        let (_, tail, next) = end;
        let limit = (tail + context).min(count + 1);
        for line in &mut sheet[tail..limit] {
            line.shown = true;
        }
        match next {
            Some(next) => at = next,
            None => return true,
        }
    }
}

fn write_header(
    out: &mut Vec<u8>,
    contents: &Contents<'_>,
    merged: &Merged,
    dense: bool,
    mode_differs: bool,
    with_files: bool,
    options: &Options,
) -> Result<()> {
    let high = options.quote_high;
    let abbrev = if options.full_index { Some(40) } else { options.abbrev };
    let mut header = vec![cat![
        if dense { "diff --cc " } else { "diff --combined " },
        quote_two(b"", &merged.path, high)
    ]];
    let ids: Vec<Vec<u8>> = merged
        .parents
        .iter()
        .map(|parent| contents.short(&parent.1, abbrev).into_bytes())
        .collect();
    let result_oid = contents.oid(merged.result, &merged.path)?;
    // A file of the working tree has no object, so its id is not shown.
    let result_shown = if merged.result.1.is_null() {
        contents.short(&Oid::NULL, abbrev)
    } else {
        contents.short(&result_oid, abbrev)
    };
    header.push(cat!["index ", ids.join(b",".as_slice()), "..", result_shown]);
    let added = merged.parents.iter().all(|parent| parent.0 == 0);
    let deleted = merged.result.0 == 0;
    let modes = merged
        .parents
        .iter()
        .map(|parent| format!("{:06o}", parent.0))
        .collect::<Vec<_>>()
        .join(",");
    if deleted {
        header.push(format!("deleted file mode {modes}").into_bytes());
    } else if added {
        header.push(format!("new file mode {:06o}", merged.result.0).into_bytes());
    } else if mode_differs {
        header.push(format!("mode {modes}..{:06o}", merged.result.0).into_bytes());
    }
    if with_files {
        let name = |prefix: &[u8], there: bool| {
            if there {
                quote_two(prefix, &merged.path, high)
            } else {
                b"/dev/null".to_vec()
            }
        };
        header.push(cat!["--- ", name(&options.old_prefix, !added)]);
        header.push(cat!["+++ ", name(&options.new_prefix, !deleted)]);
    }
    let (bold, reset) = (options.colors.start("diff.meta", "bold"), options.colors.reset());
    for line in header {
        out.extend_from_slice(&cat![bold, line, reset, "\n"]);
    }
    Ok(())
}

/// The function line: the last line before the hunk that begins with a letter, `_` or `$`.
fn function_line<'a>(result: &[&'a [u8]], from: usize, to: usize) -> Option<&'a [u8]> {
    let starts = |text: &[u8]| {
        text.first()
            .is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'$'))
    };
    result[from..to]
        .iter()
        .rev()
        .map(|text| strip(text))
        .find(|text| starts(text))
}

fn write_hunks(out: &mut Vec<u8>, sheet: &[Line], result: &[&[u8]], parents: usize, options: &Options) {
    const FUNCTION_BYTES_MAX: usize = 40;
    let count = result.len();
    let (frag, reset) = (options.colors.start("diff.frag", "cyan"), options.colors.reset());
    let mut at = 0;
    let mut function: Option<&[u8]> = None;
    while let Some(begin) = (at..=count).find(|i| sheet[*i].shown) {
        let end = (begin..=count).find(|i| !sheet[*i].shown).unwrap_or(count + 1);
        // Only what is not shown can name the function.
        if let Some(found) = function_line(result, at.min(begin).min(count), begin.min(count)) {
            function = Some(found);
        }
        let result_len = end.min(count) - begin.min(count);
        let mut head = "@".repeat(parents + 1);
        for parent in 0..parents {
            let start = sheet[begin].numbers[parent];
            let stop = sheet.get(end).map_or(start, |line| line.numbers[parent]);
            // The place behind the end is no line of the parent.
            let len = if end == count + 1 {
                parent_len(sheet, count, parent) + 1 - start
            } else {
                stop - start
            };
            head += &format!(" -{start},{len}");
        }
        let start = begin + 1;
        head += &format!(" +{start},{result_len} {}", "@".repeat(parents + 1));
        out.extend_from_slice(&cat![frag, head, reset]);
        if let Some(text) = function {
            let text = text[..text.len().min(FUNCTION_BYTES_MAX)].trim_ascii_end();
            // Git 2.47 leaves out the last character here, and only here.
            let text = &text[..text.len().saturating_sub(1)];
            if !text.is_empty() {
                let color = options.colors.start("diff.func", "normal");
                out.extend_from_slice(&cat![" ", color, text, reset]);
            }
        }
        out.push(b'\n');
        for (i, line) in sheet[begin..end].iter().enumerate() {
            write_line(out, line, result.get(begin + i).copied(), parents, options);
        }
        at = end;
    }
}

fn parent_len(sheet: &[Line], count: usize, parent: usize) -> usize {
    let bit = 1u64 << parent;
    sheet[..=count]
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let own = usize::from(at < count && line.added & bit == 0);
            own + line.lost.iter().filter(|lost| lost.parents & bit != 0).count()
        })
        .sum()
}

fn write_line(out: &mut Vec<u8>, line: &Line, text: Option<&[u8]>, parents: usize, options: &Options) {
    let (add, remove) = (
        options.colors.start("diff.new", "green"),
        options.colors.start("diff.old", "red"),
    );
    let context = options.colors.start("diff.context", "normal");
    let reset = options.colors.reset();
    let signs = |bits: u64, sign: u8| -> Vec<u8> {
        (0..parents)
            .map(|parent| if bits >> parent & 1 == 1 { sign } else { b' ' })
            .collect()
    };
    for lost in &line.lost {
        out.extend_from_slice(&cat![remove, signs(lost.parents, b'-'), lost.text, reset, "\n"]);
    }
    let Some(text) = text else { return };
    let color = if line.added == 0 { &context } else { &add };
    out.extend_from_slice(&cat![color, signs(line.added, b'+'), strip(text), reset, "\n"]);
}
