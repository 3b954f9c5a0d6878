//! Tab: what can stand where the cursor is, and how it is written.

use super::builtins::BUILTINS;
use super::syntax::{ParseError, ParseLimits, Parser};
use essaim_kernel::IntoTree;
use essaim_kernel::files::path;
use essaim_kernel::{Candidate, CompletionCall, Glance, Limits, Program};
use std::collections::BTreeSet;

/// What Tab offers on a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// Offset in the line of the word that a candidate replaces (up to the cursor).
    pub start: usize,
    /// What to put there, quoted as the shell needs it, each with the space that follows it if one does.
    pub replacements: Vec<Vec<u8>>,
    /// The same candidates as a list shows them: unquoted, only the last part of a path.
    pub shown: Vec<Vec<u8>>,
}

impl Completion {
    /// What all candidates have in common: what Tab can insert at once. Without the final space unless only one
    /// candidate is left.
    pub fn common(&self) -> Vec<u8> {
        let Some(first) = self.replacements.first() else {
            return Vec::new();
        };
        let mut length = first.len();
        for other in &self.replacements[1..] {
            let same = first.iter().zip(other).take_while(|(a, b)| a == b).count();
            length = length.min(same);
        }
        // Never half a character.
        while length < first.len() && length > 0 && first[length] & 0xc0 == 0x80 {
            length -= 1;
        }
        first[..length].to_vec()
    }
}

/// How a word was quoted at the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quote {
    None,
    Single,
    Double,
}

struct Word {
    start: usize,
    text: Vec<u8>,
    quote: Quote,
    /// Whether it stands where a command's name does.
    command: bool,
    /// Whether it follows `<` or `>`.
    redirect: bool,
    /// Start and text of a variable's name at the cursor: `$PA`, `${PA`.
    variable: Option<(usize, bool)>,
}

/// The words of the last simple command on the line, the last of them at the cursor.
fn words(line: &[u8]) -> (Vec<Vec<u8>>, Word) {
    let fresh = |start: usize, command: bool| Word {
        start,
        text: Vec::new(),
        quote: Quote::None,
        command,
        redirect: false,
        variable: None,
    };
    let mut before: Vec<Vec<u8>> = Vec::new();
    let mut word = fresh(0, true);
    let mut open = false;
    let mut at = 0;
    while at < line.len() {
        let byte = line[at];
        if word.variable.is_some() && !(byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'{') {
            word.variable = None;
        }
        match (word.quote, byte) {
            (Quote::Single, b'\'') | (Quote::Double, b'"') => word.quote = Quote::None,
            (Quote::Single, byte) => word.text.push(byte),
            (Quote::None, b'\'') => (word.quote, open) = (Quote::Single, true),
            (Quote::None, b'"') => (word.quote, open) = (Quote::Double, true),
            (_, b'\\') if at + 1 < line.len() => {
                at += 1;
                word.text.push(line[at]);
                open = true;
            }
            (_, b'$') if line.get(at + 1) == Some(&b'(') && word.quote == Quote::None => {
                before.clear();
                at += 1;
                word = fresh(at + 1, true);
                open = false;
            }
            (_, b'$') => {
                word.variable = Some((at, line.get(at + 1) == Some(&b'{')));
                word.text.push(b'$');
                open = true;
            }
            (Quote::None, b' ' | b'\t') => {
                if open {
                    finish(&mut before, &mut word);
                }
                let command = word.command && (!open || before.is_empty());
                let redirect = word.redirect && !open;
                word = fresh(at + 1, command);
                word.redirect = redirect;
                open = false;
            }
            (Quote::None, b'|' | b'&' | b';' | b'(' | b'\n' | b'`') => {
                before.clear();
                word = fresh(at + 1, true);
                open = false;
            }
            (Quote::None, b'<' | b'>') => {
                // The digits of `2>` are no word.
                if open && !word.text.iter().all(u8::is_ascii_digit) {
                    finish(&mut before, &mut word);
                }
                let command = before.is_empty();
                word = fresh(at + 1, command);
                word.redirect = true;
                open = false;
            }
            (_, byte) => {
                word.text.push(byte);
                open = true;
            }
        }
        at += 1;
    }
    (before, word)
}

/// Takes a finished word; keywords and assignments leave the next one in a command's place.
fn finish(before: &mut Vec<Vec<u8>>, word: &mut Word) {
    const OPENING: [&[u8]; 12] = [
        b"if", b"then", b"else", b"elif", b"do", b"while", b"until", b"!", b"{", b"time", b"sudo", b"exec",
    ];
    let text = std::mem::take(&mut word.text);
    let assignment = text
        .iter()
        .position(|b| *b == b'=')
        .is_some_and(|at| super::syntax::ast::is_name(&text[..at]));
    if word.redirect {
        return;
    }
    if before.is_empty() && (OPENING.contains(&text.as_slice()) || assignment) {
        return;
    }
    before.push(text);
    word.command = false;
}

/// What Tab offers at `cursor` on `line`. `programs` are the machine's.
pub fn complete_line<'p>(
    line: &[u8],
    cursor: usize,
    glance: &Glance<'_>,
    programs: impl Iterator<Item = &'p Program>,
) -> Completion {
    let line = &line[..cursor.min(line.len())];
    let (before, word) = words(line);
    if let Some((start, braced)) = word.variable {
        return variables(line, start, braced, glance);
    }
    let programs: Vec<&Program> = programs.collect();
    let candidates = if word.redirect {
        files(&word.text, glance, false)
    } else if before.is_empty() && word.command {
        commands(&word.text, glance, &programs)
    } else {
        arguments(before, &word.text, glance, &programs)
    };
    written(candidates, &word)
}

fn variables(line: &[u8], start: usize, braced: bool, glance: &Glance<'_>) -> Completion {
    let sigil: &[u8] = if braced { b"${" } else { b"$" };
    let prefix = &line[(start + sigil.len()).min(line.len())..];
    let names = glance.env.keys().filter(|name| name.starts_with(prefix));
    let mut completion = Completion {
        start,
        ..Completion::default()
    };
    for name in names {
        let end: &[u8] = if braced { b"}" } else { b"" };
        completion.replacements.push([sigil, name, end].concat());
        completion.shown.push(name.clone());
    }
    completion
}

fn commands(prefix: &[u8], glance: &Glance<'_>, programs: &[&Program]) -> Vec<Candidate> {
    if prefix.contains(&b'/') || prefix.starts_with(b"~") {
        return files(prefix, glance, true);
    }
    let mut names: BTreeSet<Vec<u8>> = programs.iter().map(|p| p.name.as_bytes().to_vec()).into_tree();
    names.extend(BUILTINS.iter().map(|(name, _)| name.as_bytes().to_vec()));
    let wanted = |name: &Vec<u8>| name.starts_with(prefix) && name.as_slice() != b"[";
    names
        .into_iter()
        .filter(wanted)
        .map(|word| Candidate { word, space: true })
        .collect()
}

fn arguments(before: Vec<Vec<u8>>, prefix: &[u8], glance: &Glance<'_>, programs: &[&Program]) -> Vec<Candidate> {
    let name = before.first().map(Vec::as_slice).unwrap_or_default();
    let base = path::file_name(name);
    let program = programs.iter().find(|p| p.name.as_bytes() == base);
    if let Some(complete) = program.and_then(|p| p.complete) {
        let call = CompletionCall {
            words: before,
            prefix: prefix.to_vec(),
        };
        let mut found = complete(&call, glance);
        found.retain(|c| c.word.starts_with(prefix));
        if !found.is_empty() {
            return found;
        }
        return files(prefix, glance, false);
    }
    match name {
        b"cd" | b"rmdir" => {
            let mut found = files(prefix, glance, false);
            found.retain(|c| c.word.ends_with(b"/"));
            found
        }
        b"type" | b"command" | b"man" | b"help" | b"which" | b"hash" => commands(prefix, glance, programs),
        b"export" | b"unset" | b"readonly" => {
            let names = glance.env.keys().filter(|n| n.starts_with(prefix));
            names
                .map(|n| Candidate {
                    word: n.clone(),
                    space: false,
                })
                .collect()
        }
        _ => files(prefix, glance, false),
    }
}

/// File names that begin with `prefix`; directories end with `/`. Public for programs whose own completion ends in
/// file names.
pub fn files(prefix: &[u8], glance: &Glance<'_>, executable: bool) -> Vec<Candidate> {
    let cut = prefix.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
    let (folder, name) = prefix.split_at(cut);
    let home = glance.env.get(b"HOME".as_slice()).map(Vec::as_slice);
    if prefix == b"~" {
        return vec![Candidate {
            word: b"~/".to_vec(),
            space: false,
        }];
    }
    let seen = match (folder.strip_prefix(b"~/"), home) {
        (Some(rest), Some(home)) => path::join(home, rest),
        _ => path::join(glance.cwd, folder),
    };
    let Ok(names) = glance.files.read_dir(&seen) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in names {
        if !entry.starts_with(name) || (entry.starts_with(b".") && !name.starts_with(b".")) {
            continue;
        }
        let metadata = glance.files.metadata(&path::join(&seen, &entry));
        let is_dir = metadata.as_ref().is_ok_and(|m| m.is_dir());
        if executable && !is_dir && !metadata.is_ok_and(|m| m.is_executable()) {
            continue;
        }
        let slash: &[u8] = if is_dir { b"/" } else { b"" };
        found.push(Candidate {
            word: [folder, &entry, slash].concat(),
            space: !is_dir,
        });
    }
    found
}

/// Quotes candidates as the word at the cursor was begun.
fn written(candidates: Vec<Candidate>, word: &Word) -> Completion {
    let mut completion = Completion {
        start: word.start,
        ..Completion::default()
    };
    for candidate in candidates {
        let text = &candidate.word;
        let mut out = match word.quote {
            Quote::Single => [b"'".as_slice(), &text.clone()].concat(),
            Quote::Double => {
                let mut out = vec![b'"'];
                for byte in text {
                    if matches!(byte, b'"' | b'\\' | b'$' | b'`') {
                        out.push(b'\\');
                    }
                    out.push(*byte);
                }
                out
            }
            Quote::None => {
                let (tilde, rest) = match text.strip_prefix(b"~") {
                    Some(rest) => (b"~".as_slice(), rest),
                    None => (b"".as_slice(), text.as_slice()),
                };
                [tilde, &bare_quote(rest)].concat()
            }
        };
        if candidate.space {
            match word.quote {
                Quote::Single => out.push(b'\''),
                Quote::Double => out.push(b'"'),
                Quote::None => {}
            }
            out.push(b' ');
        }
        completion.replacements.push(out);
        let trimmed = text.strip_suffix(b"/").unwrap_or(text);
        let cut = trimmed.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
        completion.shown.push(text[cut..].to_vec());
    }
    completion
}

fn bare_quote(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if b" !\"$&'()*;<>?[\\]^`{|}\t#".contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out
}

/// Whether a line (or several) is the beginning of a command that goes on: an open quotation, `if` without `fi`, a
/// here-document without its end, a final backslash.
pub fn is_incomplete(text: &[u8]) -> bool {
    let limits = ParseLimits {
        nesting_max: Limits::default().nesting_max,
    };
    let mut parser = Parser::new(text, 0, 1, limits, None);
    parser.more_may_come = true;
    loop {
        match parser.next_command() {
            Ok(Some(_)) => {}
            Ok(None) => return text.ends_with(b"\\\n"),
            Err(ParseError::Incomplete { .. }) => return true,
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use essaim_kernel::process::Environment;
    use essaim_kernel::{Machine, Time};

    fn complete(line: &str) -> (usize, Vec<String>) {
        let mut machine = Machine::new(1, Time::from_secs(0), Limits::default());
        machine.add_programs(super::super::PROGRAMS);
        let files = machine.files_mut();
        files.create_dir_all(b"/home/camille/collecte").unwrap();
        files.write(b"/home/camille/ventes 2024.csv", "").unwrap();
        files.write(b"/home/camille/ventes.csv", "").unwrap();
        files.write(b"/home/camille/.cache", "").unwrap();
        let env: Environment = [
            (b"HOME".to_vec(), b"/home/camille".to_vec()),
            (b"HOST".to_vec(), b"x".to_vec()),
        ]
        .into();
        let found = complete_line(
            line.as_bytes(),
            line.len(),
            &machine.glance(b"/home/camille", &env),
            machine.programs(),
        );
        let text = |w: &Vec<u8>| String::from_utf8(w.clone()).unwrap();
        (found.start, found.replacements.iter().map(text).collect())
    }

    #[test]
    fn commands_variables_and_files() {
        assert_eq!(complete("unali"), (0, vec!["unalias ".into()]));
        assert_eq!(complete("echo a | unali"), (9, vec!["unalias ".into()]));
        assert_eq!(complete("if true; then unali"), (14, vec!["unalias ".into()]));
        assert_eq!(complete("echo $HO"), (5, vec!["$HOME".into(), "$HOST".into()]));
        assert_eq!(complete("echo ${HOM"), (5, vec!["${HOME}".into()]));
        assert_eq!(
            complete("cat v"),
            (4, vec!["ventes\\ 2024.csv ".into(), "ventes.csv ".into()])
        );
        assert_eq!(complete("cat 'ventes 2"), (4, vec!["'ventes 2024.csv' ".into()]));
        assert_eq!(complete("cat ventes\\ "), (4, vec!["ventes\\ 2024.csv ".into()]));
        assert_eq!(complete("cat ~/coll"), (4, vec!["~/collecte/".into()]));
        assert_eq!(complete("cd "), (3, vec!["collecte/".into()]));
        assert_eq!(complete("echo a >ven").1.len(), 2);
        assert_eq!(complete("echo a > coll"), (9, vec!["collecte/".into()]));
        assert_eq!(complete("cat .c"), (4, vec![".cache ".into()]));
    }

    #[test]
    fn unfinished_commands() {
        for text in [
            "echo 'a",
            "if true",
            "cat <<E\na\n",
            "for i in 1; do\n",
            "echo a \\\n",
            "f() {\n",
            "echo $(",
            "a |",
            "a &&",
        ] {
            assert!(is_incomplete(text.as_bytes()), "{text}");
        }
        for text in [
            "echo a",
            "",
            "if true; then echo; fi",
            "cat <<E\na\nE\n",
            "echo )",
            "echo a\necho b\n",
        ] {
            assert!(!is_incomplete(text.as_bytes()), "{text}");
        }
    }
}
