//! `echo`.

use super::After;
use crate::language::escapes::{Style, unescape};
use crate::language::run::Shell;
use essaim_kernel::Io;

/// What `echo` prints for these arguments (without its own name).
pub fn text(args: &[Vec<u8>]) -> Vec<u8> {
    let (mut newline, mut escapes) = (true, false);
    let mut rest = args;
    while let Some([b'-', letters @ ..]) = rest.first().map(Vec::as_slice) {
        if letters.is_empty() || !letters.iter().all(|l| b"neE".contains(l)) {
            break;
        }
        for letter in letters {
            match letter {
                b'n' => newline = false,
                b'e' => escapes = true,
                _ => escapes = false,
            }
        }
        rest = &rest[1..];
    }
    let mut out = rest.join(b" ".as_slice());
    if escapes {
        let unescaped = unescape(&out, Style::Echo);
        out = unescaped.bytes;
        newline &= !unescaped.stop;
    }
    if newline {
        out.push(b'\n');
    }
    out
}

pub fn builtin(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let out = text(&args[1..]);
    shell.print_checked(io, "echo", out)
}

impl Shell {
    /// Prints a builtin's output; says so when standard output is closed.
    pub(super) fn print_checked(&self, io: &mut Io<'_>, name: &str, out: Vec<u8>) -> After {
        if !io.is_open(1) && !out.is_empty() {
            self.complain(io, name, "write error: Bad file descriptor");
            return After::Status(1);
        }
        io.print(out);
        After::Status(0)
    }
}
