//! The pages of `man` and `help`: content of the course, put by the lab in `/usr/share/man/<language>/<name>.txt`.
//!
//! The first line of a page is `name - what it does`. `_groups.txt` lists, a line each, `Title: name name …`.

use super::support::options::Parsed;
use super::support::text::lossy;
use essaim_kernel::Io;
use essaim_kernel::SmallSort;
use essaim_kernel::files::path;

const ROOT: &[u8] = b"/usr/share/man";

/// The languages to look in, the wanted one first.
fn languages(parsed: &Parsed, io: &Io<'_>) -> [&'static str; 2] {
    let of = |text: &[u8]| match text.get(..2) {
        Some(b"fr") => Some("fr"),
        Some(b"en") => Some("en"),
        _ => None,
    };
    let asked = parsed.value("locale").and_then(of);
    let variable = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .filter_map(|name| io.var(name))
        .find_map(of);
    match asked.or(variable) {
        Some("en") => ["en", "fr"],
        _ => ["fr", "en"],
    }
}

fn folder(language: &str) -> Vec<u8> {
    path::join(ROOT, language.as_bytes())
}

fn page(name: &[u8], languages: [&str; 2], io: &Io<'_>) -> Option<Vec<u8>> {
    if name.contains(&b'/') || name.starts_with(b"_") {
        return None;
    }
    let file = [name, b".txt"].concat();
    languages
        .iter()
        .find_map(|language| io.files_ref().read(&path::join(&folder(language), &file)).ok())
        .map(|content| content.as_ref().clone())
}

/// All pages as (name, first line).
fn index(languages: [&str; 2], io: &Io<'_>) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    for language in languages {
        for file in io.files_ref().read_dir(&folder(language)).unwrap_or_default() {
            let Some(name) = file.strip_suffix(b".txt").filter(|n| !n.starts_with(b"_")) else {
                continue;
            };
            let name = lossy(name);
            if out.iter().any(|(known, _)| *known == name) {
                continue;
            }
            let content = io.files_ref().read(&path::join(&folder(language), &file));
            let first = content.map(|c| lossy(c.split(|b| *b == b'\n').next().unwrap_or_default()));
            let first = first.unwrap_or_default();
            let summary = first.split_once(" - ").map_or(String::new(), |(_, s)| s.to_owned());
            out.push((name, summary));
        }
    }
    out.small_sort();
    out
}

/// The text of `man …` and the exit code.
pub fn man(parsed: &Parsed, io: &mut Io<'_>) -> Result<(Vec<u8>, u8), u8> {
    let languages = languages(parsed, io);
    let is_section = |name: &Vec<u8>| name.len() == 1 && name[0].is_ascii_digit();
    let names: Vec<&Vec<u8>> = match parsed.operands.as_slice() {
        [section, rest @ ..] if is_section(section) && !rest.is_empty() => rest.iter().collect(),
        all => all.iter().collect(),
    };
    if names.is_empty() {
        io.eprint("What manual page do you want?\nFor example, try 'man man'.\n");
        return Err(1);
    }
    if parsed.has("apropos") || parsed.has("whatis") {
        return apropos(&names, parsed.has("whatis"), languages, io);
    }
    let mut out = Vec::new();
    let mut status = 0;
    for name in names {
        match page(name, languages, io) {
            Some(text) => out.extend(text),
            None => {
                io.eprint(format!("No manual entry for {}\n", lossy(name)));
                status = 16;
            }
        }
    }
    Ok((out, status))
}

fn apropos(words: &[&Vec<u8>], exact: bool, languages: [&str; 2], io: &mut Io<'_>) -> Result<(Vec<u8>, u8), u8> {
    let pages = index(languages, io);
    let mut out = String::new();
    for word in words {
        let word = lossy(word).to_lowercase();
        let found = pages.iter().filter(|(name, summary)| {
            if exact {
                *name == word
            } else {
                name.contains(&word) || summary.to_lowercase().contains(&word)
            }
        });
        let lines: Vec<String> = found
            .map(|(name, summary)| format!("{:<20} - {summary}\n", format!("{name} (1)")))
            .collect();
        if lines.is_empty() {
            io.eprint(format!("{word}: nothing appropriate.\n"));
        }
        out.extend(lines);
    }
    let status = if out.is_empty() { 16 } else { 0 };
    Ok((out.into_bytes(), status))
}

/// The text of `help` and the exit code.
pub fn help(parsed: &Parsed, io: &mut Io<'_>) -> Result<(Vec<u8>, u8), u8> {
    let languages = languages(parsed, io);
    if parsed.operands.is_empty() {
        return Ok((overview(languages, io).into_bytes(), 0));
    }
    let mut out = Vec::new();
    let mut status = 0;
    for name in &parsed.operands {
        match page(name, languages, io) {
            Some(text) => out.extend(text),
            None => {
                let shown = lossy(name);
                io.eprint(format!(
                    "bash: help: no help topics match `{shown}'.  Try `help help' or `man -k {shown}' or `info {shown}'.\n"
                ));
                status = 1;
            }
        }
    }
    Ok((out, status))
}

fn overview(languages: [&str; 2], io: &Io<'_>) -> String {
    let mut pages = index(languages, io);
    let groups = languages
        .iter()
        .find_map(|language| io.files_ref().read(&path::join(&folder(language), b"_groups.txt")).ok());
    let groups = groups.map(|content| lossy(&content)).unwrap_or_default();
    let mut out = String::new();
    let width = pages.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let line = |name: &str, summary: &str| format!("  {name:<width$}  {summary}\n");
    for group in groups.lines() {
        let Some((title, names)) = group.split_once(':') else {
            if !group.is_empty() {
                out.push_str(&format!("{group}\n"));
            }
            continue;
        };
        let mut lines = String::new();
        for name in names.split_whitespace() {
            if let Some(at) = pages.iter().position(|(n, _)| n == name) {
                let (name, summary) = pages.remove(at);
                lines.push_str(&line(&name, &summary));
            }
        }
        if !lines.is_empty() {
            out.push_str(&format!("\n{title}\n{lines}"));
        }
    }
    if !pages.is_empty() {
        out.push('\n');
        for (name, summary) in &pages {
            out.push_str(&line(name, summary));
        }
    }
    out
}
