//! `compgen complete compopt`: what can be completed is listed; Tab itself is the terminal's.

use super::{After, BUILTINS};
use crate::language::quote::shell_quote;
use crate::language::run::Shell;
use essaim_kernel::Io;
use essaim_kernel::SmallSort;
use std::collections::BTreeSet;

const LETTERS: &[(u8, &str)] = &[
    (b'a', "alias"),
    (b'b', "builtin"),
    (b'c', "command"),
    (b'd', "directory"),
    (b'e', "export"),
    (b'f', "file"),
    (b'k', "keyword"),
    (b'u', "user"),
    (b'v', "variable"),
];

const USAGE: &str = "[-abcdefgjksuv] [-o option] [-A action] [-G globpat] [-W wordlist] [-F function] [-C command] [-X filterpat] [-P prefix] [-S suffix]";

/// Names of a kind.
fn names(shell: &Shell, io: &Io<'_>, action: &str, prefix: &[u8]) -> Vec<Vec<u8>> {
    let owned = |names: Vec<&[u8]>| names.into_iter().map(<[u8]>::to_vec).collect();
    let state = &shell.state;
    match action {
        "alias" => state.aliases.keys().cloned().collect(),
        "function" => state.functions.keys().cloned().collect(),
        "keyword" => owned(super::names::KEYWORDS.to_vec()),
        "builtin" => owned(listed().map(str::as_bytes).collect()),
        "user" => state
            .variables
            .scalar(b"USER")
            .map(<[u8]>::to_vec)
            .into_iter()
            .collect(),
        "variable" => state.variables.iter().map(|(name, _)| name.clone()).collect(),
        "export" => {
            let exported = state.variables.iter().filter(|(_, v)| v.exported);
            exported.map(|(name, _)| name.clone()).collect()
        }
        "command" => {
            let mut all: Vec<Vec<u8>> = ["alias", "keyword", "function", "builtin"]
                .iter()
                .flat_map(|kind| names(shell, io, kind, prefix))
                .collect();
            all.extend(io.programs().map(|p| p.name.as_bytes().to_vec()));
            all
        }
        "file" | "directory" => {
            let only = action == "directory";
            let found = crate::utilities::file_candidates(prefix, only, &io.glance());
            let plain = |word: Vec<u8>| word.strip_suffix(b"/").map_or(word.clone(), <[u8]>::to_vec);
            found.into_iter().map(|candidate| plain(candidate.word)).collect()
        }
        _ => Vec::new(),
    }
}

pub fn compgen(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let mut actions = Vec::new();
    let mut list: Vec<Vec<u8>> = Vec::new();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut prefix = Vec::new();
    let mut words = args[1..].iter();
    while let Some(word) = words.next() {
        let [b'-', letters @ ..] = word.as_slice() else {
            prefix = word.clone();
            break;
        };
        for letter in letters {
            if let Some((_, action)) = LETTERS.iter().find(|(l, _)| l == letter) {
                actions.push((*action).to_owned());
                continue;
            }
            if !b"oAGWFCXPS".contains(letter) {
                return shell.bad_option(io, "compgen", &[b'-', *letter], &format!("compgen {USAGE} [word]"));
            }
            let Some(value) = words.next() else {
                shell.complain(
                    io,
                    "compgen",
                    [b"-".as_slice(), &[*letter], b": option requires an argument"].concat(),
                );
                io.eprint(format!("compgen: usage: compgen {USAGE} [word]\n"));
                return After::Status(2);
            };
            match letter {
                b'A' => actions.push(String::from_utf8_lossy(value).into_owned()),
                b'W' => {
                    let separators = shell.state.separators();
                    let parts = value.split(|b| separators.contains(b)).filter(|w| !w.is_empty());
                    list.extend(parts.map(<[u8]>::to_vec));
                }
                b'P' => before = value.clone(),
                b'S' => after = value.clone(),
                _ => {}
            }
        }
    }
    let mut out = Vec::new();
    let mut seen = BTreeSet::new();
    let all = actions.iter().flat_map(|action| names(shell, io, action, &prefix));
    for name in all.chain(list) {
        if name.starts_with(&prefix) && seen.insert(name.clone()) {
            out.extend_from_slice(&[&before, &name, &after, b"\n".as_slice()].concat());
        }
    }
    let found = !out.is_empty();
    io.print(out);
    After::Status(u8::from(!found))
}

pub fn complete(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let (mut print, mut remove) = (false, false);
    let mut options = Vec::new();
    let mut commands = Vec::new();
    let mut words = args[1..].iter();
    while let Some(word) = words.next() {
        match word.as_slice() {
            b"-p" => print = true,
            b"-r" => remove = true,
            [b'-', letter] if b"oAGWFCXPS".contains(letter) => {
                let value = words.next().cloned().unwrap_or_default();
                let value = if b"WXGPS".contains(letter) {
                    shell_quote(&value)
                } else {
                    value
                };
                options.push([b"-", &[*letter][..], b" ", &value].concat());
            }
            [b'-', ..] => options.push(word.clone()),
            _ => commands.push(word.clone()),
        }
    }
    // As bash writes them back.
    options.small_sort_by_key(|o| b"oAGWPSXFC".iter().position(|l| o.get(1) == Some(l)));
    if remove {
        shell
            .state
            .completions
            .retain(|name, _| !commands.is_empty() && !commands.contains(name));
        return After::Status(0);
    }
    let mut status = 0;
    if print || options.is_empty() {
        if commands.is_empty() {
            commands = shell.state.completions.keys().cloned().collect();
        }
        for name in commands {
            match shell.state.completions.get(&name) {
                Some(options) => io.print([b"complete ", options.as_slice(), b" ", &name, b"\n"].concat()),
                None => {
                    shell.complain(
                        io,
                        "complete",
                        [&name, b": no completion specification".as_slice()].concat(),
                    );
                    status = 1;
                }
            }
        }
        return After::Status(status);
    }
    for name in commands {
        shell.state.completions.insert(name, options.join(b" ".as_slice()));
    }
    After::Status(0)
}

pub fn compopt(shell: &mut Shell, io: &mut Io<'_>, _args: &[Vec<u8>]) -> After {
    shell.complain(io, "compopt", "not currently executing completion function");
    After::Status(1)
}

/// The builtins by name, without those that only the shell itself calls.
pub fn listed() -> impl Iterator<Item = &'static str> {
    BUILTINS
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !matches!(*name, "cat" | "select"))
}
