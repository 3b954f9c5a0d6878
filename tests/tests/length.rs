//! Files and functions short enough to be read at one go, in `sim/` and `app/`.
//!
//! What is too long today is listed in `long.toml` with its length. The list can only shrink: what
//! grows, or no longer needs its entry, fails.

use std::collections::BTreeMap;

use essaim_tests::{files, read};
use serde::Deserialize;

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    #[serde(default)]
    files: BTreeMap<String, usize>,
    #[serde(default)]
    functions: BTreeMap<String, usize>,
}

fn known() -> Known {
    toml::from_str(&read("tests/long.toml"))
        .expect("tests/long.toml is a list of files and functions with their lengths")
}

fn sources() -> Vec<(String, String)> {
    let paths = ["app", "sim"].into_iter().flat_map(|folder| files(folder, &[".rs"]));
    paths
        .filter(|path| !path.contains("/tests/"))
        .map(|path| (path.clone(), read(&path)))
        .collect()
}

/// The lines of a file before its own tests, which may be as many as they need.
fn code(text: &str) -> Vec<&str> {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .collect()
}

fn compare(what: &str, limit: usize, found: &BTreeMap<String, usize>, known: &BTreeMap<String, usize>) {
    let mut problems = Vec::new();
    for (name, lines) in found {
        match known.get(name) {
            None => problems.push(format!("{name:?} = {lines} is longer than {limit} lines: split it")),
            Some(allowed) if lines > allowed => {
                problems.push(format!("{name:?} has grown from {allowed} to {lines} lines: split it"));
            }
            Some(_) => {}
        }
    }
    for name in known.keys() {
        if !found.contains_key(name) {
            problems.push(format!(
                "{name:?} is no longer too long: take it out of tests/long.toml"
            ));
        }
    }
    assert!(problems.is_empty(), "{what}:\n  {}", problems.join("\n  "));
}

#[test]
fn files_are_short() {
    let lengths = sources().into_iter().map(|(path, text)| (path, code(&text).len()));
    let long = lengths.filter(|(_, lines)| *lines > FILE_LINES_MAX).collect();
    compare("files", FILE_LINES_MAX, &long, &known().files);
}

#[test]
fn functions_are_short() {
    let mut long = BTreeMap::new();
    for (path, text) in sources() {
        for (name, lines) in functions(&code(&text)) {
            if lines > FUNCTION_LINES_MAX {
                let longest = long.entry(format!("{path}: {name}")).or_insert(0);
                *longest = lines.max(*longest);
            }
        }
    }
    compare("functions", FUNCTION_LINES_MAX, &long, &known().functions);
}

/// Each function's name and length; rustfmt puts the closing brace under the first letter.
fn functions(lines: &[&str]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let close = format!("{}}}", " ".repeat(indent));
        // A declaration without a body ends by `;` before any such brace.
        let body = lines[start..].iter().position(|line| *line == close);
        let without_body = lines[start..].iter().position(|line| line.ends_with(';'));
        let has_body = lines[start..]
            .iter()
            .position(|line| line.ends_with('{') || line.ends_with("{}") || line.ends_with(" }"));
        if let (Some(end), Some(opens)) = (body, has_body)
            && without_body.is_none_or(|semicolon| opens <= semicolon)
            && !lines[start + opens].ends_with('}')
        {
            found.push((name, end + 1));
        }
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let name = loop {
        match words.next()? {
            "fn" => break words.next()?,
            "const" | "async" | "extern" | "\"C\"" => {}
            word if word.starts_with("pub") || word.ends_with(')') => {}
            _ => return None,
        }
    };
    Some(name.split(['(', '<']).next().unwrap_or(name).to_owned())
}

#[test]
fn functions_are_measured() {
    let text = "fn a() {\n    x;\n}\n\nimpl X {\n    pub(crate) const fn b<T>(\n        t: T,\n    ) -> T {\n        t\n    }\n    fn c(&self);\n    fn d() {}\n}\n// fn e() {\n";
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(functions(&lines), [("a".to_owned(), 3), ("b".to_owned(), 5)]);
}
