//! Patches: `diff --git a/x b/x` and its hunks.

use super::{Change, Contents, Options, words};
use crate::cat;
use crate::fault::Result;
use crate::oid::Oid;
use crate::output::{quote_path, quote_two};
use essaim_text::{Hunk, LineKind, diff, hunks, is_binary, lines};

/// The patch of one change.
pub fn write(out: &mut Vec<u8>, contents: &Contents<'_>, change: &Change, options: &Options) -> Result<()> {
    if options.reverse {
        let mut turned = options.clone();
        turned.reverse = false;
        std::mem::swap(&mut turned.old_prefix, &mut turned.new_prefix);
        return write(out, contents, change, &turned);
    }
    let (old_kind, new_kind) = (change.old.0 & 0o170_000, change.new.0 & 0o170_000);
    if change.letter == b'U' {
        out.extend_from_slice(&cat!["* Unmerged path ", change.path, "\n"]);
        return Ok(());
    }
    // Git shows a file that became a link as one deleted and another created.
    if old_kind != 0 && new_kind != 0 && old_kind != new_kind {
        let none = (0, Oid::NULL);
        let gone = Change {
            letter: b'D',
            new: none,
            ..change.clone()
        };
        let come = Change {
            letter: b'A',
            old: none,
            ..change.clone()
        };
        one(out, contents, &gone, options)?;
        return one(out, contents, &come, options);
    }
    one(out, contents, change, options)
}

/// The names behind `---` and `+++`: `/dev/null` where a side does not exist.
fn label(prefix: &[u8], path: &[u8], exists: bool, options: &Options) -> Vec<u8> {
    if !exists {
        return b"/dev/null".to_vec();
    }
    quote_two(prefix, path, options.quote_high)
}

/// A tab follows a name with spaces in a `---` line.
fn tab(label: &[u8]) -> &'static str {
    if label.contains(&b' ') && !label.starts_with(b"\"") {
        "\t"
    } else {
        ""
    }
}

fn one(out: &mut Vec<u8>, contents: &Contents<'_>, change: &Change, options: &Options) -> Result<()> {
    let old = contents.get(change.old, change.old_path())?;
    let new = contents.get(change.new, &change.path)?;
    let header = header(contents, change, options)?;
    let same = old == new && change.old.0 != 0 && change.new.0 != 0;
    let forced = change.old.0 != change.new.0 || matches!(change.letter, b'R' | b'C');
    if same {
        if forced {
            out.extend_from_slice(&header);
        }
        return Ok(());
    }
    let old_label = label(&options.old_prefix, change.old_path(), change.old.0 != 0, options);
    let new_label = label(&options.new_prefix, &change.path, change.new.0 != 0, options);
    if options.irreversible_delete && change.new.0 == 0 {
        out.extend_from_slice(&header);
        return Ok(());
    }
    if !options.text_always && (is_binary(&old) || is_binary(&new)) {
        let text = cat![header, "Binary files ", old_label, " and ", new_label, " differ\n"];
        out.extend_from_slice(&text);
        return Ok(());
    }
    let mut body = Vec::new();
    let (old, new) = (lines(&old), lines(&new));
    let found = options.changes(&old, &new);
    let found = hunks(&old, &new, &found, &options.hunks);
    for hunk in &found {
        match options.words {
            Some(style) => words::hunk(&mut body, hunk, style, options),
            None => write_hunk(&mut body, hunk, options),
        }
    }
    if body.is_empty() {
        // An empty file created or deleted has nothing but its header.
        if forced {
            out.extend_from_slice(&header);
        }
        return Ok(());
    }
    let (bold, reset) = (options.colors.start("diff.meta", "bold"), options.colors.reset());
    out.extend_from_slice(&header);
    for (sign, label) in [("--- ", old_label), ("+++ ", new_label)] {
        out.extend_from_slice(&cat![bold, sign, label, reset, tab(&label), "\n"]);
    }
    out.extend_from_slice(&body);
    Ok(())
}

fn header(contents: &Contents<'_>, change: &Change, options: &Options) -> Result<Vec<u8>> {
    let high = options.quote_high;
    let old_name = quote_two(&options.old_prefix, change.old_path(), high);
    let new_name = quote_two(&options.new_prefix, &change.path, high);
    let mut header: Vec<Vec<u8>> = vec![cat!["diff --git ", old_name, " ", new_name]];
    let (old, new) = (change.old, change.new);
    match (old.0, new.0) {
        (0, mode) => header.push(format!("new file mode {mode:06o}").into_bytes()),
        (mode, 0) => header.push(format!("deleted file mode {mode:06o}").into_bytes()),
        (a, b) if a != b => {
            header.push(format!("old mode {a:06o}").into_bytes());
            header.push(format!("new mode {b:06o}").into_bytes());
        }
        _ => {}
    }
    if let (b'R' | b'C', Some(from)) = (change.letter, &change.from) {
        let word = if change.letter == b'R' { "rename" } else { "copy" };
        header.push(format!("similarity index {}%", change.score).into_bytes());
        header.push(cat![word, " from ", quote_path(from, high)]);
        header.push(cat![word, " to ", quote_path(&change.path, high)]);
    }
    let (old_oid, new_oid) = (contents.oid(old, change.old_path())?, contents.oid(new, &change.path)?);
    if old_oid != new_oid {
        let abbrev = if options.full_index { Some(40) } else { options.abbrev };
        let ids = cat![contents.short(&old_oid, abbrev), "..", contents.short(&new_oid, abbrev)];
        let mode = if old.0 == new.0 {
            format!(" {:06o}", old.0)
        } else {
            String::new()
        };
        header.push(cat!["index ", ids, mode]);
    }
    let (bold, reset) = (options.colors.start("diff.meta", "bold"), options.colors.reset());
    let mut out = Vec::new();
    for line in header {
        out.extend_from_slice(&cat![bold, line, reset, "\n"]);
    }
    Ok(out)
}

/// The `@@` line.
pub fn write_range(out: &mut Vec<u8>, hunk: &Hunk<'_>, options: &Options) {
    let (frag, reset) = (options.colors.start("diff.frag", "cyan"), options.colors.reset());
    let function = hunk.function.filter(|text| !text.is_empty());
    out.extend_from_slice(&cat![frag, hunk.range_header(), reset]);
    if let Some(function) = function {
        let context = options.colors.start("diff.context", "normal");
        let color = options.colors.start("diff.func", "normal");
        out.extend_from_slice(&cat![context, " ", reset, color, function, reset]);
    }
    out.push(b'\n');
}

fn write_hunk(out: &mut Vec<u8>, hunk: &Hunk<'_>, options: &Options) {
    if !options.colors.on {
        hunk.write_to(out);
        return;
    }
    let (add, remove) = (
        options.colors.start("diff.new", "green"),
        options.colors.start("diff.old", "red"),
    );
    let context = options.colors.start("diff.context", "normal");
    let warn = options.colors.start("diff.whitespace", "normal red");
    let reset = options.colors.reset();
    write_range(out, hunk, options);
    for line in &hunk.lines {
        let text = line.text.strip_suffix(b"\n").unwrap_or(line.text);
        match line.kind {
            LineKind::Context => out.extend_from_slice(&cat![context, " ", text, reset, "\n"]),
            LineKind::Removed => out.extend_from_slice(&cat![remove, "-", text, reset, "\n"]),
            LineKind::Added => {
                out.extend_from_slice(&cat![add, "+", reset]);
                write_marked(out, text, &add, &warn, reset);
                out.push(b'\n');
            }
        }
        if line.lacks_newline() {
            out.extend_from_slice(&cat![context, "\\ No newline at end of file", reset, "\n"]);
        }
    }
}

/// An added line: spaces before a tab in its indentation, and blanks at its end, show.
fn write_marked(out: &mut Vec<u8>, text: &[u8], color: &str, warn: &str, reset: &str) {
    let visible = text
        .iter()
        .rposition(|b| !matches!(b, b' ' | b'\t' | b'\r' | 11 | 12))
        .map_or(0, |at| at + 1);
    let (body, tail) = text.split_at(visible);
    let indent = body.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let mut start = 0;
    while let Some(tab) = body[start..indent].iter().position(|b| *b == b'\t') {
        let tab = start + tab;
        if tab > start {
            out.extend_from_slice(&cat![warn, body[start..tab], reset]);
        }
        out.push(b'\t');
        start = tab + 1;
    }
    if start < body.len() {
        out.extend_from_slice(&cat![color, body[start..], reset]);
    }
    if !tail.is_empty() {
        out.extend_from_slice(&cat![warn, tail, reset]);
    }
}

/// `--check`: conflict markers and bad white space on added lines.
pub fn check(out: &mut Vec<u8>, contents: &Contents<'_>, changes: &[Change], options: &Options) -> Result<()> {
    for change in changes
        .iter()
        .filter(|change| change.new.0 != 0 && change.letter != b'U')
    {
        check_one(out, contents, change, options)?;
    }
    Ok(())
}

fn check_one(out: &mut Vec<u8>, contents: &Contents<'_>, change: &Change, options: &Options) -> Result<()> {
    let old = contents.get(change.old, change.old_path())?;
    let new = contents.get(change.new, &change.path)?;
    if is_binary(&new) {
        return Ok(());
    }
    let (old_lines, new_lines) = (lines(&old), lines(&new));
    for found in diff(&old_lines, &new_lines, &options.text) {
        for at in found.new.clone() {
            let text = new_lines[at].strip_suffix(b"\n").unwrap_or(new_lines[at]);
            let place = cat![quote_path(&change.path, options.quote_high), format!(":{}: ", at + 1)];
            if is_marker(text) {
                out.extend_from_slice(&cat![place, "leftover conflict marker\n"]);
            }
            let problems = problems(text);
            if !problems.is_empty() {
                out.extend_from_slice(&cat![place, problems.join(", "), ".\n+", text, "\n"]);
            }
        }
    }
    let blank = new_lines
        .iter()
        .rev()
        .take_while(|line| line.trim_ascii().is_empty())
        .count();
    let before = old_lines
        .iter()
        .rev()
        .take_while(|line| line.trim_ascii().is_empty())
        .count();
    if blank > before && blank > 0 {
        let at = new_lines.len() - blank + 1;
        let name = quote_path(&change.path, options.quote_high);
        out.extend_from_slice(&cat![name, format!(":{at}: new blank line at EOF.\n")]);
    }
    Ok(())
}

fn problems(text: &[u8]) -> Vec<&'static str> {
    let mut found = Vec::new();
    if text.last().is_some_and(|b| matches!(b, b' ' | b'\t' | b'\r' | 11 | 12)) {
        found.push("trailing whitespace");
    }
    let indent = text.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    if crate::bytes::find(&text[..indent], b" \t").is_some() {
        found.push("space before tab in indent");
    }
    found
}

fn is_marker(text: &[u8]) -> bool {
    let Some(first) = text.first().copied().filter(|b| matches!(b, b'<' | b'=' | b'>' | b'|')) else {
        return false;
    };
    let run = text.iter().take_while(|b| **b == first).count();
    let after = text.get(run);
    run == 7 && (after.is_none_or(u8::is_ascii_whitespace)) && (first == b'=' || after.is_some())
}
