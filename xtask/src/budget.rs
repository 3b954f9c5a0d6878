//! The bytes that a learner downloads, kept under the ceilings of `tests/budget.toml`.
//!
//! The file is a ratchet: a ceiling may be lowered by anyone, and raised only with a reason.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use serde::Deserialize;

use crate::machine::{About as _, Failure, Outcome, files_below, read, relative, root};

/// A group of files and its ceiling.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    /// What the learner gets with these bytes.
    what: String,
    /// Paths in the site; `*` stands for anything but `/`.
    files: Vec<String>,
    /// Paths that are left out again.
    #[serde(default)]
    except: Vec<String>,
    /// Ceiling, in kilobytes of 1,000 bytes.
    kilobytes_max: f64,
    /// Fonts are compressed already.
    #[serde(default)]
    as_they_are: bool,
}

/// Checks every group; prints a table.
pub fn check(site: &Path) -> Outcome {
    let budgets: BTreeMap<String, Budget> =
        toml::from_str(&read(&root().join("tests/budget.toml"))?).about("understand tests/budget.toml")?;
    let files = files_below(site)?;
    if files.is_empty() {
        return Err(Failure::new(format!("there is no site in {}", site.display()))
            .hint("Build it: cargo xtask build --release"));
    }
    let mut broken = Vec::new();
    eprintln!("    {:<14} {:>10} {:>10}   brotli -q 11", "", "kB", "at most");
    for (name, budget) in &budgets {
        let mut bytes = 0;
        let mut counted = 0;
        for path in &files {
            let inner = relative(path, site);
            if matches_any(&budget.files, &inner) && !matches_any(&budget.except, &inner) {
                let content = std::fs::read(path).about(format!("read {}", path.display()))?;
                bytes += if budget.as_they_are {
                    content.len()
                } else {
                    compressed_bytes(&content)?
                };
                counted += 1;
            }
        }
        let kilobytes = bytes as f64 / 1000.0;
        eprintln!(
            "    {name:<14} {kilobytes:>10.1} {:>10.1}   {} ({counted} files)",
            budget.kilobytes_max, budget.what
        );
        if counted == 0 {
            broken.push(format!("{name}: no file of the site is in it"));
        } else if kilobytes > budget.kilobytes_max {
            broken.push(format!(
                "{name}: {kilobytes:.1} kB, at most {:.1}",
                budget.kilobytes_max
            ));
        } else if kilobytes < budget.kilobytes_max * 0.9 {
            eprintln!(
                "    {:<14} the ceiling can be lowered to {:.0}",
                "",
                (kilobytes * 1.03).ceil()
            );
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("the site is too heavy: {}", broken.join("; ")))
        .hint("Find what grew (a new dependency, a feature of one), or raise the ceiling in tests/budget.toml and say why in the commit."))
}

/// What is left of some bytes after brotli at its best, as a good server sends them.
fn compressed_bytes(content: &[u8]) -> Outcome<usize> {
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 1 << 16, 11, 24);
    writer.write_all(content).about("compress")?;
    Ok(writer.into_inner().len())
}

fn matches_any(patterns: &[String], path: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, path))
}

fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((head, tail)) => path.strip_prefix(head).is_some_and(|rest| {
            let span = rest.find('/').unwrap_or(rest.len());
            (0..=span).any(|at| rest.is_char_boundary(at) && matches(tail, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stop_at_folders() {
        for (pattern, path) in [
            ("*.js", "a.js"),
            ("workers/base*", "workers/base_bg.wasm"),
            ("a", "a"),
            ("*", ""),
            ("a*b*c", "axbybc"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("*.js", "workers/a.js"),
            ("*.js", "a.json"),
            ("a", "ab"),
            ("workers/*.js", "workers/x/a.js"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn brotli_shrinks_what_repeats() {
        let bytes = compressed_bytes(&b"essaim ".repeat(1000)).expect("compressing to memory works");
        assert!(bytes < 60, "{bytes}");
    }
}
