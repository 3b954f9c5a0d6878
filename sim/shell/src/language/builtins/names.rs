//! What a name stands for: `type command builtin hash alias unalias`; and `history help`.

use super::{After, BUILTINS};
use crate::language::quote::shell_quote;
use crate::language::run::Shell;
use essaim_kernel::Io;
use std::sync::Arc;

const KEYWORDS: [&[u8]; 20] = [
    b"if",
    b"then",
    b"else",
    b"elif",
    b"fi",
    b"do",
    b"done",
    b"case",
    b"esac",
    b"while",
    b"until",
    b"for",
    b"{",
    b"}",
    b"!",
    b"in",
    b"function",
    b"time",
    b"[[",
    b"]]",
];

/// What a command's name stands for, in the order in which the shell looks.
enum Meaning {
    Alias(Vec<u8>),
    Keyword,
    Function(Vec<u8>),
    Builtin,
    File(Vec<u8>),
}

fn meaning(shell: &Shell, io: &Io<'_>, name: &[u8]) -> Option<Meaning> {
    if shell.state.options.expand_aliases
        && let Some(alias) = shell.state.aliases.get(name)
    {
        return Some(Meaning::Alias(alias.clone()));
    }
    if KEYWORDS.contains(&name) {
        return Some(Meaning::Keyword);
    }
    if let Some(function) = shell.state.function(name) {
        return Some(Meaning::Function(function.source.clone()));
    }
    if super::find(name).is_some() {
        return Some(Meaning::Builtin);
    }
    file(shell, io, name).map(Meaning::File)
}

/// Where a program is.
fn file(shell: &Shell, io: &Io<'_>, name: &[u8]) -> Option<Vec<u8>> {
    if let Some(program) = io.find_program(name) {
        let path = if name.contains(&b'/') {
            name
        } else {
            program.path.as_bytes()
        };
        return Some(path.to_vec());
    }
    if !name.contains(&b'/') {
        let found = shell.search_path(name, io)?;
        return io
            .files_ref()
            .metadata(&found)
            .is_ok_and(|m| m.is_executable())
            .then_some(found);
    }
    let metadata = io.files_ref().metadata(&io.path(name)).ok()?;
    (metadata.is_file() && metadata.is_executable()).then(|| name.to_vec())
}

pub fn type_builtin(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let (mut kind, mut path) = (false, false);
    let mut status = 0;
    for name in &args[1..] {
        match name.as_slice() {
            b"-t" => kind = true,
            b"-p" | b"-P" => path = true,
            b"-a" | b"-f" | b"--" => {}
            name => match meaning(shell, io, name) {
                Some(found) if kind => {
                    let word: &str = match found {
                        Meaning::Alias(_) => "alias",
                        Meaning::Keyword => "keyword",
                        Meaning::Function(_) => "function",
                        Meaning::Builtin => "builtin",
                        Meaning::File(_) => "file",
                    };
                    io.print(format!("{word}\n"));
                }
                Some(Meaning::File(file)) if path => io.print([&file[..], b"\n"].concat()),
                Some(_) if path => {}
                Some(found) => {
                    let text = match found {
                        Meaning::Alias(text) => [b" is aliased to `", text.as_slice(), b"'"].concat(),
                        Meaning::Keyword => b" is a shell keyword".to_vec(),
                        Meaning::Function(source) => [b" is a function\n", source.as_slice()].concat(),
                        Meaning::Builtin => b" is a shell builtin".to_vec(),
                        Meaning::File(file) => [b" is ", file.as_slice()].concat(),
                    };
                    io.print([name, &text, b"\n"].concat());
                }
                None => {
                    if !kind && !path {
                        shell.complain(io, "type", [name, b": not found"].concat());
                    }
                    status = 1;
                }
            },
        }
    }
    After::Status(status)
}

pub fn command(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let mut words = &args[1..];
    let (mut short, mut long) = (false, false);
    while let Some(word) = words.first() {
        match word.as_slice() {
            b"-v" => short = true,
            b"-V" => long = true,
            b"-p" => {}
            b"--" => {
                words = &words[1..];
                break;
            }
            _ => break,
        }
        words = &words[1..];
    }
    if long {
        let mut all = vec![b"type".to_vec()];
        all.extend_from_slice(words);
        return type_builtin(shell, io, &all);
    }
    if short {
        let mut status = 1;
        for name in words {
            let text = match meaning(shell, io, name) {
                None => continue,
                Some(Meaning::Alias(text)) => [b"alias ", name.as_slice(), b"=", &shell_quote(&text)].concat(),
                Some(Meaning::File(file)) => file,
                Some(_) => name.clone(),
            };
            status = 0;
            io.print([text.as_slice(), b"\n"].concat());
        }
        return After::Status(status);
    }
    let Some(name) = words.first() else {
        return After::Status(0);
    };
    match super::find(name) {
        Some(builtin) => builtin(shell, io, words),
        None => {
            shell.run_program(words, io);
            After::Pushed
        }
    }
}

pub fn builtin(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let Some(name) = args.get(1) else {
        return After::Status(0);
    };
    match super::find(name) {
        Some(builtin) => builtin(shell, io, &args[1..]),
        None => {
            shell.complain(io, "builtin", [name, b": not a shell builtin".as_slice()].concat());
            After::Status(1)
        }
    }
}

pub fn hash(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    if args.len() > 1 {
        if args[1] == b"-r" {
            shell.state.hashed.clear();
            return After::Status(0);
        }
        let mut status = 0;
        for name in &args[1..] {
            if file(shell, io, name).is_some() {
                shell.state.hashed.entry(name.clone()).or_default();
            } else {
                shell.complain(io, "hash", [name, b": not found".as_slice()].concat());
                status = 1;
            }
        }
        return After::Status(status);
    }
    if shell.state.hashed.is_empty() {
        io.print("hash: hash table empty\n");
        return After::Status(0);
    }
    let mut out = b"hits\tcommand\n".to_vec();
    for (name, hits) in &shell.state.hashed {
        let path = file(shell, io, name).unwrap_or_default();
        out.extend_from_slice(format!("{hits:>4}\t{}\n", String::from_utf8_lossy(&path)).as_bytes());
    }
    io.print(out);
    After::Status(0)
}

pub fn alias(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let show = |name: &[u8], text: &[u8]| [b"alias ", name, b"=", &shell_quote(text), b"\n"].concat();
    let mut status = 0;
    let words: Vec<&Vec<u8>> = args[1..].iter().filter(|a| a.as_slice() != b"-p").collect();
    if words.is_empty() {
        let all: Vec<Vec<u8>> = shell.state.aliases.iter().map(|(n, t)| show(n, t)).collect();
        io.print(all.concat());
    }
    for word in words {
        match word.iter().position(|b| *b == b'=') {
            Some(at) if at > 0 => {
                let aliases = Arc::make_mut(&mut shell.state.aliases);
                aliases.insert(word[..at].to_vec(), word[at + 1..].to_vec());
            }
            _ => match shell.state.aliases.get(word) {
                Some(text) => io.print(show(word, text)),
                None => {
                    shell.complain(io, "alias", [word, b": not found".as_slice()].concat());
                    status = 1;
                }
            },
        }
    }
    After::Status(status)
}

pub fn unalias(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let mut status = 0;
    for word in &args[1..] {
        let aliases = Arc::make_mut(&mut shell.state.aliases);
        if word == b"-a" {
            aliases.clear();
        } else if aliases.remove(word).is_none() {
            shell.complain(io, "unalias", [word, b": not found".as_slice()].concat());
            status = 1;
        }
    }
    After::Status(status)
}

pub fn history(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    if args.get(1).is_some_and(|a| a == b"-c") {
        shell.state.history = Arc::default();
        return After::Status(0);
    }
    let most = match args.get(1) {
        None => usize::MAX,
        Some(word) => match super::parse_number(word).and_then(|n| usize::try_from(n).ok()) {
            Some(n) => n,
            None => {
                shell.complain(
                    io,
                    "history",
                    [word, b": numeric argument required".as_slice()].concat(),
                );
                return After::Status(1);
            }
        },
    };
    let history = shell.state.history.clone();
    let from = history.len().saturating_sub(most);
    let mut out = Vec::new();
    for (at, line) in history.iter().enumerate().skip(from) {
        out.extend_from_slice(format!("{:>5}  ", at + 1).as_bytes());
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    io.print(out);
    After::Status(0)
}

pub fn help(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    // Pages are content: a program of that name knows them.
    if io.find_program(b"help").is_some() {
        shell.run_program(args, io);
        return After::Pushed;
    }
    let names: Vec<&str> = BUILTINS.iter().map(|(n, _)| *n).collect();
    io.print(format!("{}\n", names.join(" ")));
    After::Status(0)
}
