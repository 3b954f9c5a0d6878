//! Tab: commands, options, files and refs, for the word before the cursor.

use crate::state::State;
use essaim_kernel::files::path;
use essaim_kernel::process::Environment;
use essaim_kernel::{Candidate, CompletionCall};
use essaim_proto_lab::message::Completion;
use std::collections::BTreeSet;

/// Candidates shown at most.
const CANDIDATES_MAX: usize = 200;

/// What the shell itself understands, which no program of the machine names.
const BUILTINS: &[&str] = &[
    "alias", "bg", "break", "builtin", "case", "cd", "command", "continue", "declare", "eval", "exec", "exit",
    "export", "fg", "for", "function", "history", "if", "jobs", "kill", "local", "read", "readonly", "return", "set",
    "shift", "source", "trap", "type", "ulimit", "umask", "unalias", "unset", "until", "wait", "while",
];

/// How the word being typed is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quote {
    None,
    Single,
    Double,
}

/// The simple command around the cursor.
struct Typed {
    words: Vec<Vec<u8>>,
    /// The unfinished word, without quotes.
    prefix: Vec<u8>,
    quote: Quote,
    /// Byte offset where the unfinished word begins.
    start: usize,
    /// The word names a file whatever the command is (after `>` or `<`).
    redirected: bool,
}

/// What Tab makes of `line` with the cursor at byte `cursor`.
pub fn complete(state: &State, terminal: usize, line: &str, cursor: usize) -> Completion {
    let mut cursor = cursor.min(line.len());
    while !line.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let unchanged = Completion {
        line: line.to_owned(),
        cursor: cursor as u32,
        candidates: Vec::new(),
    };
    let Some((cwd, env)) = state.machine.shell_context(terminal) else {
        return unchanged;
    };
    let typed = split(&line.as_bytes()[..cursor]);
    let mut found = candidates(state, &typed, cwd, env);
    found.sort_by(|a, b| a.word.cmp(&b.word));
    found.dedup_by(|a, b| a.word == b.word);
    let Some(first) = found.first() else { return unchanged };
    let common = found.iter().fold(first.word.as_slice(), |common, candidate| {
        let len = common.iter().zip(&candidate.word).take_while(|(a, b)| a == b).count();
        &common[..len]
    });
    // A common prefix may end inside a character.
    let common = match std::str::from_utf8(common) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&common[..error.valid_up_to()]).unwrap_or_default(),
    };
    let mut inserted = quoted(common, &typed);
    if found.len() == 1 && first.space {
        inserted.push_str(match typed.quote {
            Quote::None => " ",
            Quote::Single => "' ",
            Quote::Double => "\" ",
        });
    }
    let candidates = if found.len() > 1 { shown(&found) } else { Vec::new() };
    Completion {
        cursor: (typed.start + inserted.len()) as u32,
        line: format!("{}{inserted}{}", &line[..typed.start], &line[cursor..]),
        candidates,
    }
}

/// Files are shown without their folder, as bash does.
fn shown(found: &[Candidate]) -> Vec<String> {
    let folder = |word: &[u8]| {
        word[..word.len().saturating_sub(1)]
            .iter()
            .rposition(|b| *b == b'/')
            .map_or(0, |at| at + 1)
    };
    let strip = found.iter().map(|candidate| folder(&candidate.word)).min().unwrap_or(0);
    let same = found.iter().all(|c| c.word.get(..strip) == found[0].word.get(..strip));
    let strip = if same { strip } else { 0 };
    let text = |c: &Candidate| String::from_utf8_lossy(&c.word[strip..]).into_owned();
    found.iter().take(CANDIDATES_MAX).map(text).collect()
}

fn candidates(state: &State, typed: &Typed, cwd: &[u8], env: &Environment) -> Vec<Candidate> {
    if typed.quote != Quote::Single && typed.prefix.starts_with(b"$") && !typed.prefix.contains(&b'/') {
        return variables(&typed.prefix[1..], env);
    }
    if typed.redirected {
        return files(state, &typed.prefix, cwd, env, false);
    }
    let Some(command) = typed.words.first() else {
        return commands(state, &typed.prefix, cwd, env);
    };
    if command == b"cd" || command == b"rmdir" {
        return files(state, &typed.prefix, cwd, env, true);
    }
    let program = state
        .machine
        .programs()
        .find(|program| program.name.as_bytes() == command);
    let glance = state.machine.glance(cwd, env);
    let call = CompletionCall {
        words: typed.words.clone(),
        prefix: typed.prefix.clone(),
    };
    match program.and_then(|program| program.complete) {
        Some(complete) => complete(&call, &glance),
        None => files(state, &typed.prefix, cwd, env, false),
    }
}

fn commands(state: &State, prefix: &[u8], cwd: &[u8], env: &Environment) -> Vec<Candidate> {
    if prefix.contains(&b'/') {
        return files(state, prefix, cwd, env, false);
    }
    let names: BTreeSet<&str> = state
        .machine
        .programs()
        .map(|program| program.name)
        .chain(BUILTINS.iter().copied())
        .collect();
    let fits = |name: &&str| name.as_bytes().starts_with(prefix);
    let candidate = |name: &str| Candidate {
        word: name.into(),
        space: true,
    };
    names.into_iter().filter(fits).map(candidate).collect()
}

fn variables(prefix: &[u8], env: &Environment) -> Vec<Candidate> {
    env.keys()
        .filter(|name| name.starts_with(prefix))
        .map(|name| Candidate {
            word: [b"$", name.as_slice()].concat(),
            space: true,
        })
        .collect()
}

/// Files whose path begins with `prefix`; `~` stays as it was typed.
pub fn files(state: &State, prefix: &[u8], cwd: &[u8], env: &Environment, folders_only: bool) -> Vec<Candidate> {
    let (folder, name) = match prefix.iter().rposition(|b| *b == b'/') {
        Some(at) => prefix.split_at(at + 1),
        None => (b"".as_slice(), prefix),
    };
    let real = match folder.strip_prefix(b"~/") {
        Some(rest) => [
            env.get(b"HOME".as_slice()).map_or(b"/".as_slice(), Vec::as_slice),
            b"/",
            rest,
        ]
        .concat(),
        None => folder.to_vec(),
    };
    let real = path::join(cwd, &real);
    let files = state.machine.files();
    let mut found = Vec::new();
    for entry in files.read_dir(&real).unwrap_or_default() {
        let hidden = entry.starts_with(b".") && !name.starts_with(b".");
        if hidden || !entry.starts_with(name) {
            continue;
        }
        let is_folder = files.is_dir(&path::join(&real, &entry));
        if folders_only && !is_folder {
            continue;
        }
        let end: &[u8] = if is_folder { b"/" } else { b"" };
        found.push(Candidate {
            word: [folder, &entry, end].concat(),
            space: !is_folder,
        });
    }
    found
}

/// Finds the simple command before the cursor: quotes are taken away, `|`, `;`, `&`, `(`, `$(` and keywords begin
/// another one.
fn split(text: &[u8]) -> Typed {
    let mut typed = Typed {
        words: Vec::new(),
        prefix: Vec::new(),
        quote: Quote::None,
        start: 0,
        redirected: false,
    };
    let mut in_word = false;
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        let word_begins = !in_word;
        match (typed.quote, byte) {
            (Quote::Single, b'\'') | (Quote::Double, b'"') => typed.quote = Quote::None,
            (Quote::Single, byte) => typed.prefix.push(byte),
            (Quote::Double, b'\\') if matches!(text.get(at + 1), Some(b'"' | b'\\' | b'$' | b'`')) => {
                at += 1;
                typed.prefix.push(text[at]);
            }
            (Quote::Double, byte) => typed.prefix.push(byte),
            (Quote::None, b'\'') => typed.quote = Quote::Single,
            (Quote::None, b'"') => typed.quote = Quote::Double,
            (Quote::None, b'\\') => {
                at += 1;
                typed.prefix.extend(text.get(at));
            }
            (Quote::None, b' ' | b'\t') => {
                if in_word {
                    end_word(&mut typed);
                }
                in_word = false;
                at += 1;
                continue;
            }
            (Quote::None, b'|' | b';' | b'&' | b'(' | b')' | b'`' | b'\n') => {
                typed.words.clear();
                typed.prefix.clear();
                typed.redirected = false;
                in_word = false;
                at += 1;
                continue;
            }
            (Quote::None, b'<' | b'>') => {
                if in_word && !typed.prefix.iter().all(u8::is_ascii_digit) {
                    end_word(&mut typed);
                }
                typed.prefix.clear();
                typed.redirected = true;
                in_word = false;
                at += 1;
                continue;
            }
            (Quote::None, byte) => typed.prefix.push(byte),
        }
        if word_begins {
            // Where the word begins in the line, its quote included.
            typed.start = at.min(text.len());
            in_word = true;
        }
        at += 1;
    }
    if !in_word {
        typed.start = text.len();
    }
    typed
}

fn end_word(typed: &mut Typed) {
    let word = std::mem::take(&mut typed.prefix);
    if std::mem::take(&mut typed.redirected) {
        return;
    }
    const BEFORE_A_COMMAND: &[&[u8]] = &[
        b"if", b"then", b"else", b"elif", b"while", b"until", b"do", b"!", b"{", b"sudo", b"time",
    ];
    let assignment = word
        .iter()
        .position(|b| *b == b'=')
        .is_some_and(|at| at > 0 && word[..at].iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_'));
    if typed.words.is_empty() && (assignment || BEFORE_A_COMMAND.contains(&word.as_slice())) {
        return;
    }
    typed.words.push(word);
}

/// The word as it is typed, in the quotes it was begun with.
fn quoted(word: &str, typed: &Typed) -> String {
    match typed.quote {
        Quote::Single => format!("'{word}"),
        Quote::Double => {
            let mut out = String::from("\"");
            for c in word.chars() {
                if matches!(c, '"' | '\\' | '`') {
                    out.push('\\');
                }
                out.push(c);
            }
            out
        }
        Quote::None => {
            let mut out = String::new();
            for c in word.chars() {
                if " \t\\'\"|&;()<>*?[]#`!".contains(c) {
                    out.push('\\');
                }
                out.push(c);
            }
            out
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> (Vec<String>, String, usize, bool) {
        let typed = split(text.as_bytes());
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        (
            typed.words.iter().map(text).collect(),
            text(&typed.prefix),
            typed.start,
            typed.redirected,
        )
    }

    #[test]
    fn the_command_around_the_cursor() {
        let w = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        assert_eq!(words("git sw"), (w(&["git"]), "sw".into(), 4, false));
        assert_eq!(words("git add 'a b"), (w(&["git", "add"]), "a b".into(), 8, false));
        assert_eq!(words("cat a\\ b"), (w(&["cat"]), "a b".into(), 4, false));
        assert_eq!(words("ls | gre"), (w(&[]), "gre".into(), 5, false));
        assert_eq!(words("X=1 git "), (w(&["git"]), String::new(), 8, false));
        assert_eq!(words("echo a > fi"), (w(&["echo", "a"]), "fi".into(), 9, true));
        assert_eq!(words("echo $(ca"), (w(&[]), "ca".into(), 7, false));
        assert_eq!(words("if tr"), (w(&[]), "tr".into(), 3, false));
        assert_eq!(words("echo a 2>f"), (w(&["echo", "a"]), "f".into(), 9, true));
    }
}
