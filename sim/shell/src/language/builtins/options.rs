//! `set` and `shopt`.

use super::After;
use crate::language::quote::quote_if_needed;
use crate::language::run::Shell;
use crate::language::state::{Options, State};
use crate::language::variables::Value;
use essaim_kernel::Io;
use essaim_kernel::SmallSort;
use std::sync::Arc;

type Field = fn(&mut Options) -> &mut bool;

/// `set -o` names, letters, and where they are kept.
const OPTIONS: [(&str, u8, Field); 11] = [
    ("allexport", b'a', |o| &mut o.allexport),
    ("errexit", b'e', |o| &mut o.errexit),
    ("errtrace", b'E', |o| &mut o.errtrace),
    ("functrace", b'T', |o| &mut o.functrace),
    ("noclobber", b'C', |o| &mut o.noclobber),
    ("noexec", b'n', |o| &mut o.noexec),
    ("noglob", b'f', |o| &mut o.noglob),
    ("nounset", b'u', |o| &mut o.nounset),
    ("pipefail", 0, |o| &mut o.pipefail),
    ("verbose", b'v', |o| &mut o.verbose),
    ("xtrace", b'x', |o| &mut o.xtrace),
];

/// Options that are accepted and change nothing here, and what they are: in any shell, or (`None`) as a terminal is
/// or is not.
const IGNORED: [(&str, Option<bool>); 16] = [
    ("braceexpand", Some(true)),
    ("emacs", None),
    ("hashall", Some(true)),
    ("histexpand", None),
    ("history", None),
    ("ignoreeof", Some(false)),
    ("interactive-comments", Some(true)),
    ("keyword", Some(false)),
    ("monitor", None),
    ("nolog", Some(false)),
    ("notify", Some(false)),
    ("onecmd", Some(false)),
    ("physical", Some(false)),
    ("posix", Some(false)),
    ("privileged", Some(false)),
    ("vi", Some(false)),
];

const SHOPTS: [(&str, Field); 10] = [
    ("dotglob", |o| &mut o.dotglob),
    ("expand_aliases", |o| &mut o.expand_aliases),
    ("extglob", |o| &mut o.extglob),
    ("failglob", |o| &mut o.failglob),
    ("globstar", |o| &mut o.globstar),
    ("inherit_errexit", |o| &mut o.inherit_errexit),
    ("lastpipe", |o| &mut o.lastpipe),
    ("nocaseglob", |o| &mut o.nocaseglob),
    ("nocasematch", |o| &mut o.nocasematch),
    ("nullglob", |o| &mut o.nullglob),
];

/// Options of `shopt` that change nothing here.
const OTHER_SHOPTS: [&str; 13] = [
    "autocd",
    "cdspell",
    "checkhash",
    "checkjobs",
    "checkwinsize",
    "cmdhist",
    "direxpand",
    "dirspell",
    "extquote",
    "globasciiranges",
    "histappend",
    "huponexit",
    "promptvars",
];

impl State {
    /// `$SHELLOPTS`
    pub fn enabled_options(&self) -> Vec<u8> {
        let mut options = self.options;
        let mut names = vec!["braceexpand", "hashall", "interactive-comments"];
        names.extend(
            OPTIONS
                .iter()
                .filter(|(_, _, field)| *field(&mut options))
                .map(|(n, _, _)| *n),
        );
        names.small_sort();
        names.join(":").into_bytes()
    }

    /// Whether a `set -o` option is on; `None`: there is no such option.
    pub fn option_by_name(&self, name: &[u8]) -> Option<bool> {
        let mut options = self.options;
        OPTIONS
            .iter()
            .find(|(n, _, _)| n.as_bytes() == name)
            .map(|(_, _, field)| *field(&mut options))
    }
}

impl Shell {
    pub(in crate::language) fn set_option_letter(&mut self, letter: u8, on: bool) -> bool {
        if let Some((_, _, field)) = OPTIONS.iter().find(|(_, l, _)| *l == letter && letter != 0) {
            *field(&mut self.state.options) = on;
            return true;
        }
        b"bhmBEHTPkpt".contains(&letter)
    }

    pub(in crate::language) fn set_option_named(&mut self, name: &[u8], on: bool) -> bool {
        if let Some((_, _, field)) = OPTIONS.iter().find(|(n, _, _)| n.as_bytes() == name) {
            *field(&mut self.state.options) = on;
            return true;
        }
        IGNORED.iter().any(|(n, _)| n.as_bytes() == name)
    }
}

pub fn set(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    if args.len() == 1 {
        let mut out = Vec::new();
        for (name, variable) in shell.state.variables.iter() {
            match &variable.value {
                Value::Scalar(text) => {
                    out.extend_from_slice(&[name.as_slice(), b"="].concat());
                    if !text.is_empty() {
                        out.extend_from_slice(&quote_if_needed(text));
                    }
                    out.push(b'\n');
                }
                Value::Indexed(_) | Value::Keyed(_) | Value::Unset => {}
            }
        }
        io.print(out);
        return After::Status(0);
    }
    let mut words = args[1..].iter().peekable();
    while let Some(word) = words.peek() {
        let on = match word.as_slice() {
            b"--" => {
                words.next();
                shell.state.positional = Arc::new(words.cloned().collect());
                shell.state.positional_set = true;
                return After::Status(0);
            }
            b"-" => {
                words.next();
                shell.state.options.xtrace = false;
                shell.state.options.verbose = false;
                break;
            }
            [b'-', ..] => true,
            [b'+', ..] => false,
            _ => break,
        };
        let word = (*word).clone();
        words.next();
        for letter in &word[1..] {
            if *letter == b'o' {
                match words.next() {
                    Some(name) => {
                        if !shell.set_option_named(name, on) {
                            shell.complain(io, "set", [name, b": invalid option name".as_slice()].concat());
                            return After::Status(2);
                        }
                    }
                    None => print_options(shell, io, on),
                }
            } else if !shell.set_option_letter(*letter, on) {
                let usage = "set [-abefhkmnptuvxBCEHPT] [-o option-name] [--] [-] [arg ...]";
                return shell.bad_option(io, "set", &[word[0], *letter], usage);
            }
        }
    }
    let rest: Vec<Vec<u8>> = words.cloned().collect();
    if !rest.is_empty() {
        shell.state.positional = Arc::new(rest);
        shell.state.positional_set = true;
    }
    After::Status(0)
}

fn print_options(shell: &mut Shell, io: &mut Io<'_>, table: bool) {
    let mut out = String::new();
    let interactive = shell.state.interactive;
    let mut all: Vec<(&str, bool)> = IGNORED.map(|(name, on)| (name, on.unwrap_or(interactive))).to_vec();
    all.extend(OPTIONS.map(|(name, _, field)| (name, *field(&mut shell.state.options))));
    all.small_sort();
    for (name, on) in all {
        if table {
            out.push_str(&format!("{name:<15}\t{}\n", if on { "on" } else { "off" }));
        } else {
            out.push_str(&format!("set {}o {name}\n", if on { '-' } else { '+' }));
        }
    }
    io.print(out);
}

pub fn shopt(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let (mut set, mut quiet, mut print, mut status) = (None, false, false, 0);
    let mut names = Vec::new();
    for word in &args[1..] {
        match word.as_slice() {
            b"-s" => set = Some(true),
            b"-u" => set = Some(false),
            b"-q" => quiet = true,
            b"-p" => print = true,
            name => names.push(name.to_vec()),
        }
    }
    let all = names.is_empty();
    for (name, field) in SHOPTS {
        let wanted = names.iter().position(|n| n == name.as_bytes());
        if let Some(at) = wanted {
            names.remove(at);
        } else if !all {
            continue;
        }
        match set {
            Some(on) if !all => *field(&mut shell.state.options) = on,
            _ => {
                let on = *field(&mut shell.state.options);
                if print {
                    io.print(format!("shopt -{} {name}\n", if on { 's' } else { 'u' }));
                } else if !quiet {
                    io.print(format!("{name:<15}\t{}\n", if on { "on" } else { "off" }));
                }
                if !all && !on {
                    status = 1;
                }
            }
        }
    }
    for name in names {
        if OTHER_SHOPTS.iter().any(|n| n.as_bytes() == name) {
            // It changes nothing here, whichever way it stands.
            continue;
        }
        shell.complain(io, "shopt", [&name, b": invalid shell option name".as_slice()].concat());
        status = 1;
    }
    After::Status(status)
}
