//! POSIX regular expressions, basic and extended, with GNU's extensions and back-references.
//!
//! Our own, because POSIX wants the leftmost *longest* match, back-references, and expressions such as `a\{2\}\(b\)\1`,
//! which no small crate gives; and because a step budget must hold. Patterns without back-references run in time
//! proportional to text times pattern: the end of the longest match is found by stepping all states at once, then a
//! backtracking pass that visits each (state, position) once finds the groups. Where POSIX and Perl choose different
//! groups inside the same match, the groups are Perl's.

mod parse;
mod program;
mod run;

pub use parse::class_holds;
pub use parse::{Flavour, Syntax};
use program::Program;
use std::sync::Arc;

/// Positions of the groups of a match, the whole match first.
pub type Groups = Vec<Option<(usize, usize)>>;

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Regex {
    program: Arc<Program>,
}

impl Regex {
    /// Compiles a pattern; the error is glibc's text.
    pub fn new(pattern: &[u8], syntax: Syntax) -> Result<Self, &'static str> {
        let (node, groups) = parse::parse(pattern, syntax)?;
        let program = program::compile(&node, groups, syntax)?;
        Ok(Self {
            program: Arc::new(program),
        })
    }

    /// How many groups the pattern has.
    pub fn groups(&self) -> usize {
        self.program.groups
    }

    /// Whether the pattern matches somewhere.
    pub fn is_match(&self, text: &[u8]) -> bool {
        if self.program.has_back_references {
            return self.captures(text, 0).is_some();
        }
        run::is_match(&self.program, text)
    }

    /// The leftmost longest match that starts at `from` or later.
    pub fn find(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        if self.program.has_back_references {
            return self.captures(text, from).and_then(|groups| groups[0]);
        }
        run::find(&self.program, text, from)
    }

    /// As [`Regex::find`], with its groups.
    pub fn captures(&self, text: &[u8], from: usize) -> Option<Groups> {
        if self.program.has_back_references {
            return run::backtrack_longest(&self.program, text, from);
        }
        let (start, end) = run::find(&self.program, text, from)?;
        if self.program.groups == 0 {
            return Some(vec![Some((start, end))]);
        }
        run::groups_of(&self.program, text, start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(flavour: Flavour, pattern: &str, text: &str) -> Option<(usize, usize)> {
        let syntax = Syntax {
            flavour,
            ..Syntax::default()
        };
        Regex::new(pattern.as_bytes(), syntax).unwrap().find(text.as_bytes(), 0)
    }

    #[test]
    fn basic_and_extended() {
        use Flavour::{Basic, Extended};
        for (flavour, pattern, text, expected) in [
            (Basic, "b*", "abb", Some((0, 0))),
            (Basic, "ab*c", "xabbbc", Some((1, 6))),
            (Basic, "*a", "b*a", Some((1, 3))),
            (Basic, "a\\{2,3\\}", "aaaa", Some((0, 3))),
            (Basic, "\\(a\\|b\\)*c", "abac", Some((0, 4))),
            (Basic, "a+", "aa+", Some((1, 3))),
            (Basic, "a\\+", "baa", Some((1, 3))),
            (Basic, "\\(.\\)\\1", "abccd", Some((2, 4))),
            (Basic, "^$", "", Some((0, 0))),
            (Basic, "a^b$c", "a^b$c", Some((0, 5))),
            (Extended, "a|ab|abc", "abcd", Some((0, 3))),
            (Extended, "(a|ab)(c|bcd)", "abcd", Some((0, 4))),
            (Extended, "x*", "aaa", Some((0, 0))),
            (Extended, "[[:digit:]]+", "ab123", Some((2, 5))),
            (Extended, "[^]a]", "]ab", Some((2, 3))),
            (Extended, "(^|,)b", "a,b", Some((1, 3))),
            (Extended, "é.", "aéàb", Some((1, 5))),
            (Extended, "\\bfoo\\b", "xfoo foo", Some((5, 8))),
            (Extended, "(a*)*b", "aaac", None),
            (Extended, "a{,2}b", "aaab", Some((1, 4))),
            (Extended, "a{x", "a{x", Some((0, 3))),
        ] {
            assert_eq!(find(flavour, pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn errors_are_those_of_glibc() {
        let error = |pattern: &str, flavour| {
            let syntax = Syntax {
                flavour,
                ..Syntax::default()
            };
            Regex::new(pattern.as_bytes(), syntax).unwrap_err()
        };
        assert_eq!(error("(", Flavour::Extended), "Unmatched ( or \\(");
        assert_eq!(error("[a", Flavour::Basic), "Unmatched [, [^, [:, [., or [=");
        assert_eq!(error("\\(a\\)\\2", Flavour::Basic), "Invalid back reference");
        assert_eq!(error("a\\{1", Flavour::Basic), "Unmatched \\{");
        assert_eq!(error("a\\", Flavour::Basic), "Trailing backslash");
    }

    #[test]
    fn hard_patterns_end() {
        let syntax = Syntax {
            flavour: Flavour::Extended,
            ..Syntax::default()
        };
        let text = [b'a'; 2000];
        assert!(!Regex::new(b"(a|aa)*(a|aa)*(a*)*b", syntax).unwrap().is_match(&text));
        let _ = Regex::new(b"(a|aa)*\\1(a*)*b", syntax).unwrap().is_match(&text);
    }
}
