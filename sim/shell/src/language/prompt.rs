//! `PS1` and `PS2`.

use super::run::Shell;
use essaim_kernel::Io;

/// The prompt where `PS1` is not set: `camille@essaim:~/collecte$ `, in Debian's colours.
pub const PS1: &[u8] = b"\\[\\e[1;32m\\]\\u@\\h\\[\\e[0m\\]:\\[\\e[1;34m\\]\\w\\[\\e[0m\\]\\$ ";

/// A prompt's text without its escapes; `$VAR` in it is expanded, substitutions are not run.
pub fn expand(template: &[u8], shell: &Shell, io: &Io<'_>) -> Vec<u8> {
    let variable = |name: &[u8]| shell.state.variables.scalar(name);
    let mut out = Vec::new();
    let mut bytes = template.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'$' {
            let mut name = Vec::new();
            while let Some(next) = bytes
                .peek()
                .copied()
                .filter(|b| b.is_ascii_alphanumeric() || *b == b'_')
            {
                name.push(next);
                bytes.next();
            }
            if name.is_empty() {
                out.push(b'$');
            }
            out.extend(shell.state.parameter(&name).unwrap_or_default());
            continue;
        }
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(escape) = bytes.next() else {
            out.push(b'\\');
            break;
        };
        match escape {
            b'u' => out.extend_from_slice(variable(b"USER").unwrap_or(b"camille")),
            b'h' | b'H' => out.extend_from_slice(variable(b"HOSTNAME").unwrap_or(b"essaim")),
            b'w' | b'W' => {
                let folder = shown_directory(io.cwd(), variable(b"HOME"));
                let last = essaim_kernel::files::path::file_name(&folder);
                if escape == b'W' && !last.is_empty() {
                    out.extend_from_slice(last);
                } else {
                    out.extend_from_slice(&folder);
                }
            }
            b'$' => out.push(b'$'),
            b'?' => out.extend_from_slice(shell.state.status.to_string().as_bytes()),
            b'e' | b'E' => out.push(0x1b),
            b'a' => out.push(7),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b's' => out.extend_from_slice(b"bash"),
            b'v' => out.extend_from_slice(b"5.2"),
            b'j' => out.extend_from_slice(shell.state.jobs.len().to_string().as_bytes()),
            b'!' | b'#' => out.extend_from_slice((shell.state.history.len() + 1).to_string().as_bytes()),
            b'\\' => out.push(b'\\'),
            b'[' | b']' => {}
            b'0'..=b'7' => {
                let mut value = u32::from(escape - b'0');
                for _ in 0..2 {
                    if let Some(next) = bytes.peek().copied().filter(|b| (b'0'..=b'7').contains(b)) {
                        value = value * 8 + u32::from(next - b'0');
                        bytes.next();
                    }
                }
                out.push(value as u8);
            }
            other => out.extend_from_slice(&[b'\\', other]),
        }
    }
    out
}

fn shown_directory(cwd: &[u8], home: Option<&[u8]>) -> Vec<u8> {
    match home {
        Some(home) if !home.is_empty() && home != b"/" => match cwd.strip_prefix(home) {
            Some(rest) if rest.is_empty() || rest.starts_with(b"/") => [b"~", rest].concat(),
            _ => cwd.to_vec(),
        },
        _ => cwd.to_vec(),
    }
}
