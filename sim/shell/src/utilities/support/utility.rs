//! What is known of a utility: its options, its help, its completion.

use super::options::{Opt, Takes};
use super::text::lossy;
use essaim_kernel::{Call, Candidate, CompletionCall, Glance, Io, Process, Program};

/// One command of this crate.
#[derive(Clone, Copy, Debug)]
pub struct Utility {
    /// Its name.
    pub name: &'static str,
    /// One line for completion lists.
    pub summary: &'static str,
    /// What follows the name in the usage line.
    pub usage: &'static str,
    /// The product imitated, as in "exists in GNU grep".
    pub package: &'static str,
    /// Its options.
    pub options: &'static [Opt],
    /// Exit code of a usage error.
    pub usage_status: u8,
    /// Options end at the first operand (`env`, `xargs`).
    pub stops_at_operand: bool,
    /// Begins it.
    pub start: fn(Call) -> Box<dyn Process>,
}

/// What most commands are: from coreutils, usage errors exit with 1.
pub const COREUTILS: Utility = Utility {
    name: "",
    summary: "",
    usage: "[OPTION]... [FILE]...",
    package: "GNU coreutils",
    options: &[],
    usage_status: 1,
    stops_at_operand: false,
    start: |call| essaim_kernel::process::RunToEnd::boxed(call, |_, _| 0),
};

impl Utility {
    /// The kernel's view of it; `path` is where it is installed.
    pub const fn program(&self, path: &'static str) -> Program {
        Program {
            name: self.name,
            path,
            summary: self.summary,
            start: self.start,
            complete: Some(complete),
        }
    }

    /// The name it was called by.
    pub fn called(&self, call: &Call) -> String {
        call.args
            .first()
            .map_or_else(|| self.name.to_owned(), |name| lossy(name))
    }

    /// `name: message`, then where help is. Returns the exit code.
    pub fn usage_error(&self, call: &Call, io: &mut Io<'_>, message: &str) -> u8 {
        let name = self.called(call);
        io.eprint(format!("{name}: {message}\n"));
        self.try_help(call, io)
    }

    /// `Try 'name --help' for more information.` Returns the exit code.
    pub fn try_help(&self, call: &Call, io: &mut Io<'_>) -> u8 {
        let name = self.called(call);
        match self.package {
            "GNU grep" => io.eprint(format!("Usage: {name} {}\n", self.usage)),
            "GNU sed" => {
                io.eprint(self.help());
                return self.usage_status;
            }
            "GNU diffutils" => io.eprint(format!("{name}: ")),
            _ => {}
        }
        io.eprint(format!("Try '{name} --help' for more information.\n"));
        self.usage_status
    }

    /// The text of `--help`.
    pub fn help(&self) -> String {
        let mut out = format!("Usage: {} {}\n{}\n\n", self.name, self.usage, self.summary);
        for option in self.options.iter().filter(|o| o.simulated) {
            let value = match option.takes {
                Takes::Nothing => "",
                Takes::Value => "=VALUE",
                Takes::Optional => "[=VALUE]",
            };
            let line = match (option.short, option.long) {
                (short, "") => format!("  -{short}{}", value.replace('=', " ").replace("[ ", "[")),
                ("", long) => format!("      --{long}{value}"),
                (short, long) => format!("  -{short}, --{long}{value}"),
            };
            out.push_str(&line);
            out.push('\n');
        }
        out.push_str("      --help\n      --version\n");
        out.push_str(&format!("\nSee also: man {}\n", self.name));
        out
    }

    /// The text of `--version`.
    pub fn version(&self) -> String {
        let version = match self.package {
            "GNU coreutils" => "9.1",
            "GNU grep" => "3.8",
            "GNU sed" => "4.9",
            "GNU findutils" => "4.9.0",
            "GNU diffutils" => "3.8",
            _ => "2.38",
        };
        format!("{} ({}) {version}\nSimulated by Essaim.\n", self.name, self.package)
    }
}

/// What Tab offers: options after a dash, file names else.
fn complete(call: &CompletionCall, glance: &Glance<'_>) -> Vec<Candidate> {
    let name = call.words.first().map(|w| lossy(w)).unwrap_or_default();
    let base = name.rsplit('/').next().unwrap_or_default();
    let utility = super::super::UTILITIES.iter().find(|(u, _)| u.name == base);
    if call.prefix.starts_with(b"-") && !call.words.iter().any(|w| w == b"--") {
        return utility.map_or_else(Vec::new, |(u, _)| option_candidates(u, &call.prefix));
    }
    let programs = matches!(base, "man" | "which" | "help" | "env" | "xargs");
    if programs && !call.prefix.contains(&b'/') {
        let names = super::super::UTILITIES.iter().map(|(u, _)| u.name.as_bytes());
        return names
            .filter(|name| name.starts_with(&call.prefix))
            .map(|name| Candidate {
                word: name.to_vec(),
                space: true,
            })
            .collect();
    }
    let only_directories = matches!(base, "rmdir" | "mkdir" | "tree");
    file_candidates(&call.prefix, only_directories, glance)
}

fn option_candidates(utility: &Utility, prefix: &[u8]) -> Vec<Candidate> {
    let mut out = Vec::new();
    let mut add = |word: String, space: bool| {
        if word.as_bytes().starts_with(prefix) {
            out.push(Candidate {
                word: word.into_bytes(),
                space,
            });
        }
    };
    for option in utility.options.iter().filter(|o| o.simulated) {
        if !option.short.is_empty() && prefix.len() < 3 && !prefix.starts_with(b"--") {
            add(format!("-{}", option.short), true);
        }
        match option.takes {
            _ if option.long.is_empty() => {}
            // Predicates of find(1) are written with one dash.
            _ if utility.name == "find" => add(format!("-{}", option.long), true),
            Takes::Value => add(format!("--{}=", option.long), false),
            _ => add(format!("--{}", option.long), true),
        }
    }
    if utility.name != "find" {
        add("--help".to_owned(), true);
        add("--version".to_owned(), true);
    }
    out
}

/// File names that begin with `prefix`.
pub fn file_candidates(prefix: &[u8], only_directories: bool, glance: &Glance<'_>) -> Vec<Candidate> {
    let split = prefix.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
    let (folder, start) = prefix.split_at(split);
    let looked_in = match folder.strip_prefix(b"~/") {
        Some(rest) => {
            let home = glance.env.get(b"HOME".as_slice()).cloned().unwrap_or_default();
            essaim_kernel::files::path::join(&home, rest)
        }
        None => essaim_kernel::files::path::join(glance.cwd, folder),
    };
    let names = glance.files.read_dir(&looked_in).unwrap_or_default();
    let mut out = Vec::new();
    for name in names {
        if !name.starts_with(start) || (name.starts_with(b".") && !start.starts_with(b".")) {
            continue;
        }
        let is_dir = glance
            .files
            .is_dir(&essaim_kernel::files::path::join(&looked_in, &name));
        if only_directories && !is_dir {
            continue;
        }
        let mut word = [folder, name.as_slice()].concat();
        if is_dir {
            word.push(b'/');
        }
        out.push(Candidate { word, space: !is_dir });
    }
    out
}
