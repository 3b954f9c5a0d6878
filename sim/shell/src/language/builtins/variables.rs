//! `export readonly local declare unset shift let getopts`.

use super::{After, parse_number};
use crate::language::arithmetic;
use crate::language::quote::double_quote;
use crate::language::run::{Frame, Shell};
use crate::language::syntax::ast::is_name;
use crate::language::variables::{Value, Variable};
use essaim_kernel::Io;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, Default)]
struct Attributes {
    export: Option<bool>,
    readonly: bool,
    integer: Option<bool>,
    upper: Option<Option<bool>>,
    reference: Option<bool>,
    indexed: bool,
    keyed: bool,
    print: bool,
    functions: bool,
    global: bool,
    local: bool,
}

fn attributes<'a>(
    shell: &Shell,
    io: &mut Io<'_>,
    name: &str,
    args: &'a [Vec<u8>],
    allowed: &[u8],
) -> Result<(Attributes, &'a [Vec<u8>]), After> {
    let mut found = Attributes::default();
    let mut words = &args[1..];
    while let Some(word) = words.first() {
        let on = match word.as_slice() {
            b"--" => {
                words = &words[1..];
                break;
            }
            [b'-', _, ..] => true,
            [b'+', _, ..] if name == "declare" || name == "local" => false,
            _ => break,
        };
        for letter in &word[1..] {
            if !allowed.contains(letter) {
                return Err(shell.bad_option(io, name, &[b'-', *letter], &format!("{name} [name[=value] ...]")));
            }
            match letter {
                b'x' => found.export = Some(on),
                b'n' if name == "export" => found.export = Some(false),
                b'n' => found.reference = Some(on),
                b'u' => found.upper = Some(on.then_some(true)),
                b'l' => found.upper = Some(on.then_some(false)),
                b'r' => found.readonly = on,
                b'i' => found.integer = Some(on),
                b'a' => found.indexed = on,
                b'A' => found.keyed = on,
                b'p' => found.print = true,
                b'f' | b'F' => found.functions = true,
                b'g' => found.global = true,
                _ => {}
            }
        }
        words = &words[1..];
    }
    Ok((found, words))
}

fn declare_all(shell: &mut Shell, io: &mut Io<'_>, name: &str, found: Attributes, words: &[Vec<u8>]) -> After {
    let mut status = 0;
    for word in words {
        let split = word.iter().position(|b| *b == b'=');
        let (mut target, value) = match split {
            Some(at) => (&word[..at], Some(word[at + 1..].to_vec())),
            None => (word.as_slice(), None),
        };
        let append = split.is_some() && target.ends_with(b"+");
        if append {
            target = &target[..target.len() - 1];
        }
        if !is_name(target) {
            shell.complain(io, name, [b"`", word.as_slice(), b"': not a valid identifier"].concat());
            status = 1;
            continue;
        }
        if shell.state.variables.is_readonly(target) && name != "export" && (value.is_some() || name == "local") {
            shell.complain(io, name, [target, b": readonly variable"].concat());
            status = 1;
            continue;
        }
        if found.local && !found.global {
            shell.make_local(target);
        }
        {
            if let Some(reference) = found.reference {
                shell.state.variables.own_entry(target).reference = reference;
                if let (true, Some(value)) = (reference, value) {
                    shell.state.variables.own_entry(target).value = Value::Scalar(value);
                }
                continue;
            }
            let variable = shell.state.variables.entry(target);
            if found.keyed && !matches!(variable.value, Value::Keyed(_)) {
                variable.value = Value::Keyed(std::collections::BTreeMap::new());
            } else if found.indexed && !matches!(variable.value, Value::Indexed(_)) {
                variable.value = match std::mem::replace(&mut variable.value, Value::Unset) {
                    Value::Scalar(old) => Value::Indexed([(0, old)].into()),
                    _ => Value::Indexed(std::collections::BTreeMap::new()),
                };
            }
            if let Some(integer) = found.integer {
                variable.integer = integer;
            }
            variable.upper = found.upper.unwrap_or(variable.upper);
        }
        if let Some(value) = value {
            let value = if append {
                [shell.state.variables.scalar(target).unwrap_or_default(), &value].concat()
            } else {
                value
            };
            if let Err(message) = shell.state.assign(target, value) {
                shell.error(io, message);
                status = 1;
                continue;
            }
        }
        let variable = shell.state.variables.entry(target);
        variable.readonly |= found.readonly;
        if let Some(export) = found.export {
            variable.exported = export;
            shell.state.variables.exports_changed = true;
        }
    }
    After::Status(status)
}

/// `declare -x name="value"`
fn declaration(name: &[u8], variable: &Variable) -> Vec<u8> {
    let mut flags = variable.flags();
    if flags.is_empty() {
        flags.push(b'-');
    }
    let mut out = [b"declare -", flags.as_slice(), b" ", name].concat();
    match &variable.value {
        Value::Unset => {}
        Value::Scalar(text) => {
            out.push(b'=');
            out.extend_from_slice(&double_quote(text));
        }
        Value::Indexed(map) => {
            let items = map.iter().map(|(k, v)| {
                format!("[{k}]=")
                    .into_bytes()
                    .into_iter()
                    .chain(double_quote(v))
                    .collect()
            });
            let items: Vec<Vec<u8>> = items.collect();
            out.extend_from_slice(&[b"=(", items.join(b" ".as_slice()).as_slice(), b")"].concat());
        }
        Value::Keyed(map) => {
            out.extend_from_slice(b"=(");
            for (key, value) in map {
                out.extend_from_slice(&[b"[", key.as_slice(), b"]=", &double_quote(value), b" "].concat());
            }
            out.push(b')');
        }
    }
    out.push(b'\n');
    out
}

fn print_declarations(
    shell: &Shell,
    io: &mut Io<'_>,
    name: &str,
    words: &[Vec<u8>],
    keep: fn(&Variable) -> bool,
) -> After {
    let mut out = Vec::new();
    let mut status = 0;
    if words.is_empty() {
        for (name, variable) in shell.state.variables.iter().filter(|(_, v)| keep(v)) {
            out.extend_from_slice(&declaration(name, variable));
        }
    }
    for word in words {
        match shell.state.variables.own(word) {
            Some(variable) => out.extend_from_slice(&declaration(word, variable)),
            None => {
                shell.complain(io, name, [word, b": not found".as_slice()].concat());
                status = 1;
            }
        }
    }
    io.print(out);
    After::Status(status)
}

pub fn export(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let (mut found, words) = match attributes(shell, io, "export", args, b"npf") {
        Ok(found) => found,
        Err(after) => return after,
    };
    if found.print || words.is_empty() {
        return print_declarations(shell, io, "export", words, |v| v.exported);
    }
    found.export = Some(found.export.unwrap_or(true));
    declare_all(shell, io, "export", found, words)
}

pub fn readonly(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let (mut found, words) = match attributes(shell, io, "readonly", args, b"paAf") {
        Ok(found) => found,
        Err(after) => return after,
    };
    if found.print || words.is_empty() {
        return print_declarations(shell, io, "readonly", words, |v| v.readonly);
    }
    found.readonly = true;
    declare_all(shell, io, "readonly", found, words)
}

pub fn local(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    if shell.state.call_names.is_empty() {
        shell.complain(io, "local", "can only be used in a function");
        return After::Status(1);
    }
    let (mut found, words) = match attributes(shell, io, "local", args, b"xriaApluntg") {
        Ok(found) => found,
        Err(after) => return after,
    };
    found.local = true;
    declare_all(shell, io, "local", found, words)
}

pub fn declare(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let (mut found, words) = match attributes(shell, io, "declare", args, b"xriaApfFglunIt") {
        Ok(found) => found,
        Err(after) => return after,
    };
    if found.functions {
        return print_functions(shell, io, words, args[1..].iter().any(|a| a.contains(&b'F')));
    }
    if found.print || words.is_empty() {
        return print_declarations(shell, io, "declare", words, |_| true);
    }
    found.local = !shell.state.call_names.is_empty();
    declare_all(shell, io, "declare", found, words)
}

fn print_functions(shell: &Shell, io: &mut Io<'_>, words: &[Vec<u8>], names_only: bool) -> After {
    let mut out = Vec::new();
    let mut status = 0;
    let functions = shell.state.functions.clone();
    for (name, function) in functions.iter().filter(|(n, _)| words.is_empty() || words.contains(n)) {
        if names_only {
            let prefix: &[u8] = if words.is_empty() { b"declare -f " } else { b"" };
            out.extend_from_slice(&[prefix, name, b"\n"].concat());
        } else {
            out.extend_from_slice(&function.source);
            out.push(b'\n');
        }
    }
    if words.iter().any(|w| !functions.contains_key(w)) {
        status = 1;
    }
    io.print(out);
    After::Status(status)
}

pub fn unset(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let (mut variables, mut functions) = (true, true);
    let mut own = false;
    let mut status = 0;
    for word in &args[1..] {
        match word.as_slice() {
            b"-v" => functions = false,
            b"-f" => variables = false,
            b"-n" => own = true,
            word => {
                let (name, index) = match word.iter().position(|b| *b == b'[') {
                    Some(at) if word.ends_with(b"]") => (&word[..at], Some(&word[at + 1..word.len() - 1])),
                    _ => (word, None),
                };
                if shell.state.variables.is_readonly(name) && variables {
                    shell.complain(io, "unset", [name, b": cannot unset: readonly variable"].concat());
                    status = 1;
                } else if let Some(index) = index {
                    shell.unset_element(name, index);
                } else if variables && shell.state.variables.get(name).is_some() {
                    let name = if own { name } else { shell.state.variables.meant(name) }.to_vec();
                    shell.state.variables.remove(&name);
                } else if functions {
                    Arc::make_mut(&mut shell.state.functions).remove(name);
                }
            }
        }
    }
    After::Status(status)
}

pub fn shift(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let count = match args.get(1) {
        None => 1,
        Some(word) => match parse_number(word) {
            Some(n) if n >= 0 => n as usize,
            Some(_) => {
                shell.complain(io, "shift", [word, b": shift count out of range".as_slice()].concat());
                return After::Status(1);
            }
            None => {
                shell.complain(io, "shift", [word, b": numeric argument required".as_slice()].concat());
                return After::Status(1);
            }
        },
    };
    if count > shell.state.positional.len() {
        return After::Status(1);
    }
    Arc::make_mut(&mut shell.state.positional).drain(..count);
    After::Status(0)
}

pub fn let_builtin(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    if args.len() < 2 {
        shell.complain(io, "let", "expression expected");
        return After::Status(1);
    }
    let mut last = 0;
    for expression in &args[1..] {
        match arithmetic::evaluate(expression, &mut shell.state) {
            Ok(value) => last = value,
            Err(message) => {
                shell.complain(io, "let", message);
                return After::Status(1);
            }
        }
    }
    After::Status(u8::from(last == 0))
}

pub fn getopts(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let [_, options, name, given @ ..] = args else {
        io.eprint("getopts: usage: getopts optstring name [arg ...]\n");
        return After::Status(2);
    };
    let words: Vec<Vec<u8>> = if given.is_empty() {
        shell.state.positional.to_vec()
    } else {
        given.to_vec()
    };
    let silent = options.starts_with(b":");
    let mut index = shell
        .state
        .variables
        .scalar(b"OPTIND")
        .and_then(parse_number)
        .unwrap_or(1)
        .max(1) as usize;
    if index == 1 && shell.state.getopts_at > usize::MAX / 2 {
        shell.state.getopts_at = 0;
    }
    let set = |shell: &mut Shell, name: &[u8], value: &[u8]| {
        shell.state.variables.set(name, value.to_vec());
    };
    let word = words.get(index - 1).cloned();
    let ends = match word.as_deref() {
        None | Some(b"-") => true,
        Some(b"--") => {
            index += 1;
            true
        }
        Some(word) => !word.starts_with(b"-"),
    };
    if ends {
        set(shell, b"OPTIND", index.to_string().as_bytes());
        set(shell, name, b"?");
        shell.state.getopts_at = 0;
        return After::Status(1);
    }
    let word = word.unwrap_or_default();
    let at = shell.state.getopts_at.max(1);
    let letter = word.get(at).copied().unwrap_or(b'?');
    let known = options.iter().position(|b| *b == letter && letter != b':');
    let takes_value = known.is_some_and(|p| options.get(p + 1) == Some(&b':'));
    let more = at + 1 < word.len();
    shell.state.variables.remove(b"OPTARG");
    shell.state.getopts_at = if more && !takes_value { at + 1 } else { 0 };
    let mut result = vec![letter];
    if takes_value {
        if more {
            set(shell, b"OPTARG", &word[at + 1..]);
        } else if let Some(value) = words.get(index) {
            set(shell, b"OPTARG", &value.clone());
            index += 1;
        } else {
            result = if silent { b":".to_vec() } else { b"?".to_vec() };
            if silent {
                set(shell, b"OPTARG", &[letter]);
            } else {
                let text = [
                    &shell.state.name,
                    b": option requires an argument -- ".as_slice(),
                    &[letter],
                    b"\n",
                ];
                io.eprint(text.concat());
            }
        }
        index += 1;
    } else {
        if known.is_none() {
            result = b"?".to_vec();
            if silent {
                set(shell, b"OPTARG", &[letter]);
            } else {
                let text = [&shell.state.name, b": illegal option -- ".as_slice(), &[letter], b"\n"];
                io.eprint(text.concat());
            }
        }
        index += usize::from(!more);
    }
    set(shell, b"OPTIND", index.to_string().as_bytes());
    set(shell, name, &result);
    After::Status(0)
}

impl Shell {
    /// Keeps a variable's value for the end of the function at work, and hides it.
    fn make_local(&mut self, name: &[u8]) {
        let old = self.state.variables.own(name).cloned();
        let call = self.frames.iter_mut().rev().find_map(|frame| match frame {
            Frame::Call { locals, .. } => Some(locals),
            _ => None,
        });
        if let Some(locals) = call {
            if locals.iter().any(|(kept, _)| kept == name) {
                return;
            }
            let exported = old.as_ref().is_some_and(|v| v.exported);
            locals.push((name.to_vec(), old));
            let mut variable = Variable::new(Value::Unset);
            variable.exported = exported;
            self.state.variables.restore(name, Some(variable));
        }
    }

    fn unset_element(&mut self, name: &[u8], index: &[u8]) {
        let number = arithmetic::evaluate(index, &mut self.state).unwrap_or(0);
        match &mut self.state.variables.entry(name).value {
            Value::Indexed(map) => {
                map.remove(&number);
            }
            Value::Keyed(map) => {
                map.remove(index);
            }
            _ => {}
        }
    }
}
