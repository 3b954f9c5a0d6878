//! French typography, in prose only: U+202F before `; : ! ? »` and after `«`, `’` as apostrophe.

use crate::problem::Problems;
use essaim_proto_lab::lesson::Inline;

const NARROW: char = '\u{202f}';

/// Checks the prose of some inlines; code is not prose.
pub fn check(file: &str, line: usize, inlines: &[Inline], problems: &mut Problems) {
    let mut prose = String::new();
    flatten(inlines, &mut prose);
    check_text(file, line, &prose, problems);
}

/// Code becomes one sign that no rule is about, so that `code` followed by a colon is seen.
fn flatten(inlines: &[Inline], into: &mut String) {
    for inline in inlines {
        match inline {
            Inline::Text(text) => into.push_str(text),
            Inline::Code(_) => into.push('\u{fffc}'),
            Inline::Emphasis(inner) | Inline::Strong(inner) => flatten(inner, into),
            Inline::Link { text, .. } | Inline::Term { text, .. } => flatten(text, into),
            Inline::Break => into.push('\n'),
        }
    }
}

/// Checks a text.
pub fn check_text(file: &str, line: usize, text: &str, problems: &mut Problems) {
    let chars: Vec<char> = text.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| chars[at]);
        let after = chars.get(at + 1).copied();
        let wrong = match c {
            ':' | ';' | '!' | '?' if within_word(before, after) => None,
            '!' | '?' if matches!(before, Some('!' | '?')) => None,
            ':' | ';' | '!' | '?' | '»' if before != Some(NARROW) => Some(format!("U+202F is missing before `{c}`")),
            '«' if after != Some(NARROW) => Some("U+202F is missing after `«`".to_owned()),
            '\'' => Some("the apostrophe is `’`".to_owned()),
            _ => None,
        };
        if let Some(wrong) = wrong {
            let from = at.saturating_sub(20);
            let around: String = chars[from..chars.len().min(at + 12)].iter().collect();
            problems.add(file, line, format!("typography: {wrong}, in “{}”", around.trim()));
        }
    }
}

/// A time of day (06:30), an address (https:) or a key (`a:b`) is no sentence.
fn within_word(before: Option<char>, after: Option<char>) -> bool {
    before.is_some_and(|c| c.is_ascii_alphanumeric()) && after.is_some_and(|c| c.is_ascii_alphanumeric() || c == '/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        let mut problems = Problems::default();
        check_text("f", 1, text, &mut problems);
        problems.list.len()
    }

    #[test]
    fn what_is_right_and_what_is_not() {
        for right in [
            "Voici\u{202f}: «\u{202f}l’état\u{202f}» à 06:30.",
            "Vraiment\u{202f}?!",
            "https://example.org",
        ] {
            assert_eq!(count(right), 0, "{right}");
        }
        assert_eq!(count("Voici : l'état"), 2);
        assert_eq!(count("« a »"), 2);
        assert_eq!(count("Quoi?"), 1);
        check(
            "f",
            1,
            &[Inline::Code("a".into()), Inline::Text(" : b".into())],
            &mut Problems::default(),
        );
    }
}
