//! `cd pwd dirs umask`.

use super::After;
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
    let logical = variable(b"PWD").unwrap_or_else(|| io.cwd().to_vec());
    let joined = path::join(if logical.starts_with(b"/") { &logical } else { io.cwd() }, &target);
    let checked = io.files_ref().metadata(&joined).map(|m| m.is_dir());
    let moved = match checked {
        Ok(true) => {
            let new = if physical {
                io.files_ref()
                    .canonicalize(&joined)
                    .unwrap_or_else(|_| path::normalize(&joined))
            } else {
                path::normalize(&joined)
            };
            io.set_cwd(new).map_err(|error| error.to_string())
        }
        Ok(false) => Err("Not a directory".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(what) = moved {
        shell.complain(io, "cd", [&target, b": ".as_slice(), what.as_bytes()].concat());
        return After::Status(1);
    }
    let new = io.cwd().to_vec();
    for (name, value) in [(b"OLDPWD".as_slice(), logical), (b"PWD", new.clone())] {
        shell.state.variables.set(name, value);
        shell.state.variables.entry(name).exported = true;
        shell.state.variables.exports_changed = true;
    }
    if announce {
        io.print([new.as_slice(), b"\n"].concat());
    }
    After::Status(0)
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

pub fn dirs(_shell: &mut Shell, io: &mut Io<'_>, _args: &[Vec<u8>]) -> After {
    let folder = [io.cwd(), b"\n"].concat();
    io.print(folder);
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
