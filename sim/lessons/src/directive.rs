//! `::: name argument` … `:::`, around Markdown. They nest; inside a code fence they are text.

use crate::problem::Problem;

/// A part of a lesson's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Markdown.
    Markdown {
        /// Line of the file where it begins.
        line: usize,
        /// The text.
        text: String,
    },
    /// A directive.
    Directive {
        /// Line of the file where it begins.
        line: usize,
        /// `step`, `note` …
        name: String,
        /// What follows the name.
        argument: String,
        /// What it holds.
        parts: Vec<Part>,
    },
}

/// Splits a text that begins at line `first_line` of `path`.
pub fn split(path: &str, text: &str, first_line: usize) -> Result<Vec<Part>, Problem> {
    // The directives that are open, with what they hold so far; the text itself at the bottom.
    let mut open: Vec<(usize, String, String, Vec<Part>)> = vec![(0, String::new(), String::new(), Vec::new())];
    let mut fence: Option<String> = None;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let number = first_line + index;
        let trimmed = line.trim();
        if let Some(end) = &fence {
            if trimmed.starts_with(end.as_str()) && trimmed.trim_matches('`').is_empty() {
                fence = None;
            }
        } else if trimmed.starts_with("```") {
            fence = Some("`".repeat(trimmed.bytes().take_while(|b| *b == b'`').count()));
        } else if let Some(rest) = trimmed.strip_prefix(":::") {
            let rest = rest.trim();
            if rest.is_empty() {
                let closed = open.pop().filter(|_| !open.is_empty());
                let Some((line, name, argument, parts)) = closed else {
                    return Err(Problem::new(path, number, "`:::` closes nothing"));
                };
                let into = open.last_mut().expect("the bottom is never closed");
                into.3.push(Part::Directive {
                    line,
                    name,
                    argument,
                    parts,
                });
            } else {
                let (name, argument) = rest.split_once(' ').unwrap_or((rest, ""));
                open.push((number, name.to_owned(), argument.trim().to_owned(), Vec::new()));
            }
            continue;
        }
        let (_, _, _, parts) = open.last_mut().expect("the bottom is never closed");
        match parts.last_mut() {
            Some(Part::Markdown { text, .. }) => text.push_str(line),
            _ => parts.push(Part::Markdown {
                line: number,
                text: line.to_owned(),
            }),
        }
    }
    let (line, name, _, parts) = open.pop().expect("the bottom is never closed");
    if !open.is_empty() {
        return Err(Problem::new(path, line, format!("`::: {name}` is never closed")));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn they_nest_and_fences_hide_them() {
        let text = "a\n::: step x\nb\n::: success\nc\n:::\n:::\n```\n:::\n```\n";
        let parts = split("f", text, 10).unwrap();
        assert_eq!(parts.len(), 3);
        let Part::Directive {
            line,
            name,
            argument,
            parts: inner,
        } = &parts[1]
        else {
            panic!()
        };
        assert_eq!(
            (*line, name.as_str(), argument.as_str(), inner.len()),
            (11, "step", "x", 2)
        );
        assert_eq!(split("f", "a\n:::\n", 1).unwrap_err().line, 2);
        assert_eq!(split("f", "::: note\na\n", 1).unwrap_err().line, 1);
    }
}
