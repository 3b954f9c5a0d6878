//! Open files: what they hold, what was saved, where conflicts stand. No browser here.

/// A conflict block, by line numbers from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    pub start: usize,
    /// `|||||||`, where the style shows the base.
    pub base: Option<usize>,
    pub middle: usize,
    pub end: usize,
    pub ours: String,
    pub theirs: String,
}

/// Which side of a conflict is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    Ours,
    Theirs,
    Both,
}

/// What a line is in a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Plain,
    Ours,
    Theirs,
    OursMark,
    Middle,
    TheirsMark,
    Base,
}

/// The conflicts of a text, in order. A broken marker is left alone.
pub fn conflicts(text: &str) -> Vec<Conflict> {
    let mut found = Vec::new();
    let mut open: Option<Conflict> = None;
    for (n, line) in text.lines().enumerate() {
        if let Some(name) = line.strip_prefix("<<<<<<< ") {
            open = Some(Conflict {
                start: n,
                base: None,
                middle: 0,
                end: 0,
                ours: name.to_owned(),
                theirs: String::new(),
            });
        } else if let Some(conflict) = &mut open {
            if line.starts_with("||||||| ") && conflict.middle == 0 {
                conflict.base = Some(n);
            } else if line == "=======" && conflict.middle == 0 {
                conflict.middle = n;
            } else if let Some(name) = line.strip_prefix(">>>>>>> ")
                && conflict.middle > 0
            {
                conflict.end = n;
                conflict.theirs = name.to_owned();
                found.extend(open.take());
            }
        }
    }
    found
}

/// What each line is.
pub fn parts(lines: usize, conflicts: &[Conflict]) -> Vec<Part> {
    let mut parts = vec![Part::Plain; lines];
    for c in conflicts {
        let ours_end = c.base.unwrap_or(c.middle);
        parts[c.start..ours_end].fill(Part::Ours);
        parts[ours_end..c.middle].fill(Part::Base);
        parts[c.middle + 1..c.end].fill(Part::Theirs);
        parts[c.start] = Part::OursMark;
        parts[c.middle] = Part::Middle;
        parts[c.end] = Part::TheirsMark;
    }
    parts
}

/// The text with one conflict settled.
pub fn settle(text: &str, conflict: &Conflict, keep: Keep) -> String {
    let ours_end = conflict.base.unwrap_or(conflict.middle);
    text.split_inclusive('\n')
        .enumerate()
        .filter(|(n, _)| {
            let n = *n;
            let ours = n > conflict.start && n < ours_end;
            let theirs = n > conflict.middle && n < conflict.end;
            let outside = n < conflict.start || n > conflict.end;
            outside || (ours && keep != Keep::Theirs) || (theirs && keep != Keep::Ours)
        })
        .map(|(_, line)| line)
        .collect()
}

/// A coloured piece of a line; the class is empty for plain text.
pub type Piece = (&'static str, String);

const PYTHON: &[&str] = &[
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
    "False", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "None", "nonlocal", "not", "or",
    "pass", "raise", "return", "True", "try", "while", "with", "yield",
];
const SHELL: &[&str] = &[
    "case", "do", "done", "elif", "else", "esac", "export", "fi", "for", "function", "if", "in", "local", "return",
    "set", "then", "while",
];
const SQL: &[&str] = &[
    "AND", "AS", "BY", "CREATE", "FROM", "GROUP", "HAVING", "INSERT", "INTO", "JOIN", "LEFT", "LIMIT", "NOT", "NULL",
    "ON", "OR", "ORDER", "SELECT", "SUM", "TABLE", "VALUES", "WHERE", "COUNT", "WITH",
];

/// How a file of that name is coloured: its keywords, and what begins a comment.
fn language(path: &str) -> Option<(&'static [&'static str], &'static str)> {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.').map_or("", |(_, end)| end) {
        "py" => Some((PYTHON, "#")),
        "sh" => Some((SHELL, "#")),
        "sql" => Some((SQL, "--")),
        "toml" | "yml" | "yaml" | "cfg" | "ini" | "conf" => Some((&[], "#")),
        _ if matches!(name, ".gitignore" | "Dockerfile" | "Makefile") => Some((&[], "#")),
        // What Git prepares for a message: its own lines are remarks.
        _ if matches!(name, "COMMIT_EDITMSG" | "MERGE_MSG" | "TAG_EDITMSG") => Some((&[], "#")),
        _ => None,
    }
}

/// Colours a line: comments, strings, numbers, keywords, names that are called.
pub fn colour(path: &str, line: &str) -> Vec<Piece> {
    let Some((keywords, comment)) = language(path) else {
        return vec![("", line.to_owned())];
    };
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = line;
    let mut put = |class: &'static str, text: &str| match pieces.last_mut() {
        Some((last, all)) if *last == class => all.push_str(text),
        _ => pieces.push((class, text.to_owned())),
    };
    while let Some(c) = rest.chars().next() {
        if rest.starts_with(comment) {
            put("c", rest);
            break;
        }
        let length = match c {
            '"' | '\'' => rest[1..].find(c).map_or(rest.len(), |end| end + 2),
            _ if c.is_alphanumeric() || c == '_' => rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len()),
            _ => c.len_utf8(),
        };
        let (word, after) = rest.split_at(length);
        let class = match c {
            '"' | '\'' => "s",
            _ if c.is_ascii_digit() => "n",
            _ if keywords.contains(&word) => "k",
            _ if (c.is_alphabetic() || c == '_') && after.starts_with('(') => "f",
            _ if "()[]{}.,:;=+*/%<>|&".contains(c) => "p",
            _ => "",
        };
        put(class, word);
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> topic\nz\n";

    #[test]
    fn a_conflict_is_found_and_settled() {
        let all = conflicts(TEXT);
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].ours.as_str(), all[0].theirs.as_str()), ("HEAD", "topic"));
        assert_eq!(settle(TEXT, &all[0], Keep::Ours), "a\nours\nz\n");
        assert_eq!(settle(TEXT, &all[0], Keep::Theirs), "a\ntheirs\nz\n");
        assert_eq!(settle(TEXT, &all[0], Keep::Both), "a\nours\ntheirs\nz\n");
        assert_eq!(parts(7, &all)[2], Part::Ours);
    }

    #[test]
    fn a_broken_marker_is_plain_text() {
        assert!(conflicts("<<<<<<< HEAD\nours\n").is_empty());
        assert!(conflicts("=======\n>>>>>>> x\n").is_empty());
    }

    #[test]
    fn colouring_keeps_every_character() {
        for line in ["def f(x): return \"é\" # fin", "x = 'ouvert", "", "\tif a:"] {
            let whole: String = colour("a.py", line).into_iter().map(|p| p.1).collect();
            assert_eq!(whole, line);
        }
        assert!(colour("a.py", "def f():").contains(&("k", "def".into())));
    }
}
