//! `cd pwd umask`, and the stack of `pushd popd dirs`.

use super::{After, parse_number};
use crate::language::run::Shell;
use essaim_kernel::Io;
use essaim_kernel::files::path;

pub fn cd(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let mut physical = false;
    let mut words = &args[1..];
    while let Some(word) = words.first() {
        match word.as_slice() {
            b"--" => {
                words = &words[1..];
                break;
            }
            b"-L" => physical = false,
            b"-P" => physical = true,
            b"-" => break,
            option if option.starts_with(b"-") && option.len() > 1 => {
                return shell.bad_option(io, "cd", &option[..2], "cd [-L|[-P [-e]] [-@]] [dir]");
            }
            _ => break,
        }
        words = &words[1..];
    }
    if words.len() > 1 {
        shell.complain(io, "cd", "too many arguments");
        return After::Status(1);
    }
    let variable = |name: &[u8]| shell.state.variables.scalar(name).map(<[u8]>::to_vec);
    let mut announce = false;
    let target = match words.first().map(Vec::as_slice) {
        None => match variable(b"HOME") {
            Some(home) => home,
            None => {
                shell.complain(io, "cd", "HOME not set");
                return After::Status(1);
            }
        },
        Some(b"-") => match variable(b"OLDPWD") {
            Some(old) => {
                announce = true;
                old
            }
            None => {
                shell.complain(io, "cd", "OLDPWD not set");
                return After::Status(1);
            }
        },
        Some(word) => word.to_vec(),
    };
    if target.is_empty() {
        return After::Status(0);
    }
    if let Err(what) = change(shell, io, &target, physical) {
        shell.complain(io, "cd", [&target, b": ".as_slice(), what.as_bytes()].concat());
        return After::Status(1);
    }
    if announce {
        let new = [io.cwd(), b"\n"].concat();
        io.print(new);
    }
    After::Status(0)
}

/// Goes to a directory, and says so in `$PWD` and `$OLDPWD`.
fn change(shell: &mut Shell, io: &mut Io<'_>, target: &[u8], physical: bool) -> Result<(), String> {
    let logical = shell.state.variables.scalar(b"PWD").map(<[u8]>::to_vec);
    let logical = logical.unwrap_or_else(|| io.cwd().to_vec());
    let joined = path::join(if logical.starts_with(b"/") { &logical } else { io.cwd() }, target);
    let metadata = io.files_ref().metadata(&joined).map_err(|error| error.to_string())?;
    if !metadata.is_dir() {
        return Err("Not a directory".to_owned());
    }
    let mut new = path::normalize(&joined);
    if physical {
        new = io.files_ref().canonicalize(&joined).unwrap_or(new);
    }
    io.set_cwd(new.clone()).map_err(|error| error.to_string())?;
    for (name, value) in [(b"OLDPWD".as_slice(), logical), (b"PWD", new)] {
        shell.state.variables.set(name, value);
        shell.state.variables.entry(name).exported = true;
        shell.state.variables.exports_changed = true;
    }
    Ok(())
}

pub fn pwd(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let mut folder = io.cwd().to_vec();
    for word in &args[1..] {
        match word.as_slice() {
            b"-P" => folder = io.files_ref().canonicalize(&folder).unwrap_or(folder),
            b"-L" | b"--" => {}
            option if option.starts_with(b"-") && option.len() > 1 => {
                return shell.bad_option(io, "pwd", &option[..2], "pwd [-LP]");
            }
            _ => {}
        }
    }
    folder.push(b'\n');
    io.print(folder);
    After::Status(0)
}

/// The stack as `dirs` shows it, the current directory first.
fn stack(shell: &Shell, io: &Io<'_>) -> Vec<Vec<u8>> {
    let mut all = vec![io.cwd().to_vec()];
    all.extend(shell.state.directories.iter().cloned());
    all
}

/// `+N` counts from the top, `-N` from the bottom.
fn stack_index(word: &[u8], length: usize) -> Option<Result<usize, ()>> {
    let (sign, digits) = word.split_first()?;
    if !matches!(sign, b'+' | b'-') || digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let n = parse_number(digits).and_then(|n| usize::try_from(n).ok());
    let at = match (sign, n) {
        (b'+', n) => n,
        (_, n) => n.and_then(|n| length.checked_sub(n + 1)),
    };
    Some(at.filter(|at| *at < length).ok_or(()))
}

fn show_stack(shell: &Shell, io: &mut Io<'_>) {
    let home = shell.state.variables.scalar(b"HOME").unwrap_or_default().to_vec();
    let all: Vec<Vec<u8>> = stack(shell, io).iter().map(|d| with_tilde(d, &home)).collect();
    io.print([all.join(b" ".as_slice()), b"\n".to_vec()].concat());
}

fn with_tilde(folder: &[u8], home: &[u8]) -> Vec<u8> {
    match folder.strip_prefix(home) {
        Some(rest) if !home.is_empty() && (rest.is_empty() || rest.starts_with(b"/")) => [b"~", rest].concat(),
        _ => folder.to_vec(),
    }
}

pub fn dirs(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let (mut long, mut lines, mut numbers) = (false, false, false);
    let mut all = stack(shell, io);
    for word in &args[1..] {
        match (word.as_slice(), stack_index(word, all.len())) {
            (_, Some(Ok(at))) => all = vec![all.swap_remove(at)],
            (word, Some(Err(()))) => {
                let what: &[u8] = if all.len() < 2 {
                    b"directory stack empty"
                } else {
                    b"directory stack index out of range"
                };
                let text = if all.len() < 2 {
                    what.to_vec()
                } else {
                    [&word[1..], b": ", what].concat()
                };
                shell.complain(io, "dirs", text);
                return After::Status(1);
            }
            (b"-c", _) => {
                shell.state.directories.clear();
                return After::Status(0);
            }
            (b"-l", _) => long = true,
            (b"-p", _) => lines = true,
            (b"-v", _) => (lines, numbers) = (true, true),
            (word, _) => {
                shell.complain(io, "dirs", [word, b": invalid option"].concat());
                io.eprint("dirs: usage: dirs [-clpv] [+N] [-N]\n");
                return After::Status(2);
            }
        }
    }
    let home = shell.state.variables.scalar(b"HOME").unwrap_or_default().to_vec();
    let mut out = Vec::new();
    for (at, folder) in all.iter().enumerate() {
        if numbers {
            out.extend_from_slice(format!("{at:>2}  ").as_bytes());
        } else if at > 0 && !lines {
            out.push(b' ');
        }
        out.extend(if long {
            folder.clone()
        } else {
            with_tilde(folder, &home)
        });
        if lines {
            out.push(b'\n');
        }
    }
    if !lines {
        out.push(b'\n');
    }
    io.print(out);
    After::Status(0)
}

pub fn pushd(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let stays = args.get(1).is_some_and(|a| a == b"-n");
    let words = &args[1 + usize::from(stays)..];
    let mut all = stack(shell, io);
    let word = words
        .iter()
        .find(|w| *w != b"--")
        .map_or(b"+1".as_slice(), Vec::as_slice);
    let target = match stack_index(word, all.len()) {
        Some(Err(())) if words.is_empty() => {
            shell.complain(io, "pushd", "no other directory");
            return After::Status(1);
        }
        Some(Err(())) => return out_of_range(shell, io, "pushd", word, all.len()),
        Some(Ok(at)) => {
            if words.is_empty() {
                all.swap(0, 1);
            } else {
                all.rotate_left(at);
            }
            all.remove(0)
        }
        None if word.len() > 1 && word.starts_with(b"-") => {
            shell.complain(io, "pushd", [word, b": invalid number"].concat());
            io.eprint("pushd: usage: pushd [-n] [+N | -N | dir]\n");
            return After::Status(2);
        }
        None if stays => {
            shell.state.directories.insert(0, word.to_vec());
            show_stack(shell, io);
            return After::Status(0);
        }
        None => word.to_vec(),
    };
    if !stays && let Err(what) = change(shell, io, &target, false) {
        shell.complain(io, "pushd", [&target, b": ".as_slice(), what.as_bytes()].concat());
        return After::Status(1);
    }
    shell.state.directories = all;
    show_stack(shell, io);
    After::Status(0)
}

fn out_of_range(shell: &Shell, io: &mut Io<'_>, name: &str, word: &[u8], length: usize) -> After {
    let text = if length < 2 {
        b"directory stack empty".to_vec()
    } else {
        [word, b": directory stack index out of range"].concat()
    };
    shell.complain(io, name, text);
    After::Status(1)
}

pub fn popd(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let stays = args.get(1).is_some_and(|a| a == b"-n");
    let mut all = stack(shell, io);
    let mut at = usize::from(stays);
    if let Some(word) = args[1 + usize::from(stays)..].first() {
        match stack_index(word, all.len()) {
            Some(Ok(index)) => at = index,
            Some(Err(())) => return out_of_range(shell, io, "popd", word, all.len()),
            None => {
                shell.complain(io, "popd", [word, b": invalid argument".as_slice()].concat());
                io.eprint("popd: usage: popd [-n] [+N | -N]\n");
                return After::Status(2);
            }
        }
    }
    if all.len() < 2 {
        shell.complain(io, "popd", "directory stack empty");
        return After::Status(1);
    }
    all.remove(at);
    let top = all.remove(0);
    if at == 0
        && let Err(what) = change(shell, io, &top, false)
    {
        shell.complain(io, "popd", [&top, b": ".as_slice(), what.as_bytes()].concat());
        return After::Status(1);
    }
    shell.state.directories = all;
    show_stack(shell, io);
    After::Status(0)
}

pub fn umask(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let mut symbolic = false;
    let mut words = args[1..].iter();
    let mask = loop {
        match words.next().map(Vec::as_slice) {
            Some(b"-S") => symbolic = true,
            Some(b"-p") => {}
            other => break other,
        }
    };
    let Some(mask) = mask else {
        let current = io.umask();
        let text = if symbolic {
            let class = |shift: u32| {
                let bits = !current >> shift;
                let letters = [(4, 'r'), (2, 'w'), (1, 'x')];
                letters
                    .iter()
                    .filter(|(bit, _)| bits & bit != 0)
                    .map(|(_, c)| *c)
                    .collect::<String>()
            };
            format!("u={},g={},o={}\n", class(6), class(3), class(0))
        } else {
            format!("{current:04o}\n")
        };
        io.print(text);
        return After::Status(0);
    };
    let octal = std::str::from_utf8(mask)
        .ok()
        .and_then(|t| u32::from_str_radix(t, 8).ok());
    match octal {
        Some(mask) if mask <= 0o777 => {
            io.set_umask(mask);
            After::Status(0)
        }
        _ if mask.first().is_some_and(u8::is_ascii_digit) => {
            shell.complain(io, "umask", [mask, b": octal number out of range"].concat());
            After::Status(1)
        }
        _ => match symbolic_mask(mask, io.umask()) {
            Some(mask) => {
                io.set_umask(mask);
                After::Status(0)
            }
            None => {
                shell.complain(
                    io,
                    "umask",
                    [b"`", &mask[..1], b"': invalid symbolic mode operator"].concat(),
                );
                After::Status(1)
            }
        },
    }
}

/// `u=rwx,g=rx,o=`: the permissions that stay.
fn symbolic_mask(text: &[u8], current: u32) -> Option<u32> {
    let mut allowed = !current & 0o777;
    for clause in text.split(|b| *b == b',') {
        let at = clause.iter().position(|b| matches!(b, b'=' | b'+' | b'-'))?;
        let mut who = 0;
        for letter in &clause[..at] {
            who |= match letter {
                b'u' => 0o700,
                b'g' => 0o070,
                b'o' => 0o007,
                b'a' => 0o777,
                _ => return None,
            };
        }
        if at == 0 {
            who = 0o777;
        }
        let mut bits = 0;
        for letter in &clause[at + 1..] {
            bits |= match letter {
                b'r' => 0o444,
                b'w' => 0o222,
                b'x' => 0o111,
                _ => return None,
            };
        }
        allowed = match clause[at] {
            b'=' => (allowed & !who) | (bits & who),
            b'+' => allowed | (bits & who),
            _ => allowed & !(bits & who),
        };
    }
    Some(!allowed & 0o777)
}
