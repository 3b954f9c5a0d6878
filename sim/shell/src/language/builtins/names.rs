//! What a name stands for: `type command builtin hash alias unalias`; and `history help`.

use super::After;
use crate::language::quote::shell_quote;
use crate::language::run::Shell;
use essaim_kernel::Io;
use std::sync::Arc;

/// In bash's order.
pub(super) const KEYWORDS: [&[u8]; 22] = [
    b"if",
    b"then",
    b"else",
    b"elif",
    b"fi",
    b"case",
    b"esac",
    b"for",
    b"select",
    b"while",
    b"until",
    b"do",
    b"done",
    b"in",
    b"function",
    b"time",
    b"{",
    b"}",
    b"!",
    b"[[",
    b"]]",
    b"coproc",
];

/// What a command's name stands for, in the order in which the shell looks.
enum Meaning {
    Alias(Vec<u8>),
    Keyword,
    Function(Vec<u8>),
    Builtin,
    File(Vec<u8>),
}

impl Meaning {
    fn kind(&self) -> &'static str {
        match self {
            Self::Alias(_) => "alias",
            Self::Keyword => "keyword",
            Self::Function(_) => "function",
            Self::Builtin => "builtin",
            Self::File(_) => "file",
        }
    }

    fn sentence(&self, name: &[u8]) -> Vec<u8> {
        let text = match self {
            Self::Alias(text) => [b" is aliased to `", text.as_slice(), b"'"].concat(),
            Self::Keyword => b" is a shell keyword".to_vec(),
            Self::Function(source) => [b" is a function\n", source.as_slice()].concat(),
            Self::Builtin => b" is a shell builtin".to_vec(),
            Self::File(file) => [b" is ", file.as_slice()].concat(),
        };
        [name, &text, b"\n"].concat()
    }
}

/// `type -a`: every meaning, and the program in each folder of `$PATH`.
fn show_all(shell: &Shell, io: &mut Io<'_>, name: &[u8], kind: bool) -> bool {
    let mut all = Vec::new();
    match meaning(shell, io, name) {
        Some(Meaning::File(_)) | None => {}
        found => all.extend(found),
    }
    if matches!(all.first(), Some(Meaning::Alias(_) | Meaning::Function(_))) && super::find(name).is_some() {
        all.push(Meaning::Builtin);
    }
    if let Some(path) = file(shell, io, name) {
        all.push(Meaning::File(path.clone()));
        // Debian's /bin is /usr/bin.
        let folders = shell.state.variables.scalar(b"PATH").unwrap_or_default();
        if let Some(base) = path.strip_prefix(b"/usr/bin/")
            && folders.split(|b| *b == b':').any(|folder| folder == b"/bin")
        {
            all.push(Meaning::File([b"/bin/", base].concat()));
        }
    }
    for found in &all {
        let text = if kind {
            format!("{}\n", found.kind()).into_bytes()
        } else {
            found.sentence(name)
        };
        io.print(text);
    }
    !all.is_empty()
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
    let (mut kind, mut path, mut every) = (false, false, false);
    let mut status = 0;
    let mut words = args[1..].iter().peekable();
    while let Some(options) = words.next_if(|w| w.len() > 1 && w.starts_with(b"-")) {
        for letter in &options[1..] {
            match letter {
                b't' => kind = true,
                b'p' | b'P' => path = true,
                b'a' => every = true,
                b'f' | b'-' => {}
                letter => return shell.bad_option(io, "type", &[b'-', *letter], "type [-afptP] name [name ...]"),
            }
        }
    }
    for name in words {
        match name.as_slice() {
            name if every => {
                let found = show_all(shell, io, name, kind);
                if !found && !kind {
                    shell.complain(io, "type", [name, b": not found"].concat());
                }
                status |= u8::from(!found);
            }
            name => match meaning(shell, io, name) {
                Some(found) if kind => io.print(format!("{}\n", found.kind())),
                Some(Meaning::File(file)) if path => io.print([&file[..], b"\n"].concat()),
                Some(_) if path => {}
                Some(found) => io.print(found.sentence(name)),
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
    let names: Vec<&str> = super::completion::listed().collect();
    io.print(format!("{}\n", names.join(" ")));
    After::Status(0)
}
