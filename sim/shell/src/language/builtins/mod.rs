//! Commands of the shell itself.

mod completion;
mod control;
mod directory;
pub mod echo;
mod jobs;
mod mapfile;
mod names;
mod options;
pub mod printf;
mod read;
mod rest;
pub mod test;
mod variables;

pub use self::control::find_signal;
pub use self::jobs::WaitFor;
pub use self::read::ReadLine;

use super::run::{Flow, Shell, Unwind};
use essaim_kernel::Io;

/// What a builtin leaves.
pub enum After {
    Status(u8),
    /// As `Status`, once signals were delivered.
    Yield(u8),
    Unwind(Unwind),
    Blocking(Blocking),
    /// It pushed frames, which set the status.
    Pushed,
}

/// A builtin that waits.
#[derive(Clone, Debug)]
pub enum Blocking {
    Read(Box<ReadLine>),
    Map(Box<mapfile::MapFile>),
    Wait(WaitFor),
}

/// A builtin: the words of the command, its name first.
pub type Builtin = fn(&mut Shell, &mut Io<'_>, &[Vec<u8>]) -> After;

/// The builtins, by name; `help` and completion list them.
pub const BUILTINS: &[(&str, Builtin)] = &[
    (".", control::source),
    (":", |_, _, _| After::Status(0)),
    ("[", test::builtin),
    ("alias", names::alias),
    ("bg", jobs::bg),
    ("bind", rest::bind),
    ("break", control::break_loop),
    ("builtin", names::builtin),
    ("caller", rest::caller),
    ("cat", |shell, io, args| cat(shell, io, args)),
    ("cd", directory::cd),
    ("command", names::command),
    ("compgen", completion::compgen),
    ("complete", completion::complete),
    ("compopt", completion::compopt),
    ("continue", control::continue_loop),
    ("declare", variables::declare),
    ("dirs", directory::dirs),
    ("disown", rest::disown),
    ("echo", echo::builtin),
    ("enable", rest::enable),
    ("eval", control::eval),
    ("exec", control::exec),
    ("exit", control::exit),
    ("export", variables::export),
    ("false", |_, _, _| After::Status(1)),
    ("fc", rest::fc),
    ("fg", jobs::fg),
    ("getopts", variables::getopts),
    ("hash", names::hash),
    ("help", names::help),
    ("history", names::history),
    ("jobs", jobs::jobs),
    ("kill", jobs::kill),
    ("let", variables::let_builtin),
    ("local", variables::local),
    ("logout", control::exit),
    ("mapfile", mapfile::mapfile),
    ("popd", directory::popd),
    ("printf", printf::builtin),
    ("pushd", directory::pushd),
    ("pwd", directory::pwd),
    ("read", read::read),
    ("readarray", mapfile::mapfile),
    ("readonly", variables::readonly),
    ("return", control::return_function),
    ("select", read::select),
    ("set", options::set),
    ("shift", variables::shift),
    ("shopt", options::shopt),
    ("source", control::source),
    ("suspend", rest::suspend),
    ("test", test::builtin),
    ("times", |_, io, _| {
        io.print("0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n");
        After::Status(0)
    }),
    ("trap", control::trap),
    ("true", |_, _, _| After::Status(0)),
    ("type", names::type_builtin),
    ("typeset", variables::declare),
    ("ulimit", rest::ulimit),
    ("umask", directory::umask),
    ("unalias", names::unalias),
    ("unset", variables::unset),
    ("wait", jobs::wait),
];

/// Builtins of the real bash that are not here; `gaps.toml` lists them.
pub const MISSING: [&str; 1] = ["coproc"];

/// The builtin of that name.
pub fn find(name: &[u8]) -> Option<Builtin> {
    BUILTINS
        .binary_search_by(|(n, _)| n.as_bytes().cmp(name))
        .ok()
        .map(|at| BUILTINS[at].1)
        .filter(|_| name != b"cat")
}

/// Only for `$(< file)`: copies standard input to standard output.
fn cat(_shell: &mut Shell, io: &mut Io<'_>, _args: &[Vec<u8>]) -> After {
    while let essaim_kernel::Read::Data(bytes) = io.read(0, 64 << 10) {
        io.print(bytes);
    }
    After::Status(0)
}

impl Shell {
    pub(super) fn turn_blocking(&mut self, blocking: Blocking, io: &mut Io<'_>) -> Flow {
        match blocking {
            Blocking::Map(map) => self.turn_map(map, io),
            Blocking::Read(read) => self.turn_read(read, io),
            Blocking::Wait(wait) => self.turn_wait(wait, io),
        }
    }

    /// `name: message` with the shell's prefix.
    pub(super) fn complain(&self, io: &mut Io<'_>, name: &str, message: impl AsRef<[u8]>) {
        self.error(io, [name.as_bytes(), b": ", message.as_ref()].concat());
    }

    /// The usual answer to an option that does not exist.
    pub(super) fn bad_option(&self, io: &mut Io<'_>, name: &str, option: &[u8], usage: &str) -> After {
        self.complain(io, name, [option, b": invalid option"].concat());
        io.eprint(format!("{name}: usage: {usage}\n"));
        After::Status(2)
    }
}

/// A number of steps, a status …
pub fn parse_number(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    text.strip_prefix('+').unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builtins_are_sorted_and_gaps_are_listed() {
        assert!(BUILTINS.is_sorted_by_key(|(name, _)| name.as_bytes()));
        let gaps = include_str!("../../../gaps.toml");
        let section = gaps.split("[language]").nth(1).unwrap_or_default();
        for name in MISSING {
            assert!(section.contains(&format!("\"{name}\"")), "{name} is not in gaps.toml");
            assert!(find(name.as_bytes()).is_none(), "{name} is both here and missing");
        }
    }
}
