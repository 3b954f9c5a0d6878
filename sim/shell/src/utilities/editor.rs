//! `nano`, `vi`, `vim`, `emacs` and `code`: they open the editor pane of the lab.

use super::support::options::{Opt, flag, parse_args, value};
use super::support::text::lossy;
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::files::path;
use essaim_kernel::{Call, Io, Process, Progress, Wait};
use std::collections::VecDeque;

const VI_OPTIONS: &[Opt] = &[
    flag("R", ""),
    flag("n", ""),
    flag("e", ""),
    flag("y", ""),
    value("c", ""),
    value("u", ""),
    value("i", ""),
];

pub const VI: Utility = Utility {
    name: "vi",
    summary: "edit files",
    usage: "[+LINE] [FILE]...",
    package: "Vim",
    options: VI_OPTIONS,
    start: |call| Box::new(Editor { call, files: None }),
    ..COREUTILS
};

pub const VIM: Utility = Utility { name: "vim", ..VI };

pub const EMACS: Utility = Utility {
    name: "emacs",
    package: "GNU Emacs",
    options: &[
        flag("", "no-window-system"),
        flag("q", "no-init-file"),
        flag("Q", "quick"),
    ],
    ..VI
};

pub const NANO: Utility = Utility {
    name: "nano",
    package: "GNU nano",
    options: &[
        flag("l", "linenumbers"),
        flag("v", "view"),
        flag("w", "nowrap"),
        flag("m", "mouse"),
        flag("i", "autoindent"),
        flag("E", "tabstospaces"),
        value("T", "tabsize"),
    ],
    ..VI
};

pub const CODE: Utility = Utility {
    name: "code",
    package: "Visual Studio Code",
    options: &[
        flag("w", "wait"),
        flag("r", "reuse-window"),
        flag("n", "new-window"),
        flag("g", "goto"),
    ],
    ..VI
};

#[derive(Clone)]
struct Editor {
    call: Call,
    files: Option<VecDeque<Vec<u8>>>,
}

impl Editor {
    fn begin(&self, io: &mut Io<'_>) -> Result<VecDeque<Vec<u8>>, u8> {
        let name = self.call.args.first().map_or(b"".as_slice(), |n| path::file_name(n));
        let utility = [VI, VIM, EMACS, NANO, CODE]
            .into_iter()
            .find(|u| u.name.as_bytes() == name)
            .unwrap_or(VI);
        // The line to start at is for screens with a cursor.
        let is_line =
            |a: &&Vec<u8>| a.first() == Some(&b'+') && a[1..].iter().all(|b| b.is_ascii_digit() || *b == b',');
        let args: Vec<Vec<u8>> = self.call.args.iter().skip(1).filter(|a| !is_line(a)).cloned().collect();
        let parsed = parse_args(&utility, &args, &self.call, io)?;
        if parsed.operands.is_empty() {
            return Err(utility.usage_error(&self.call, io, "missing file operand"));
        }
        if io.terminal().is_none() {
            io.eprint(match utility.name {
                "vi" | "vim" => {
                    "Vim: Warning: Output is not to a terminal\nVim: Warning: Input is not from a terminal\nVim: Error reading input, exiting...\nVim: Finished.\n"
                }
                "nano" => "Standard input is not a terminal\n",
                "emacs" => "emacs: standard input is not a tty\n",
                _ => "code: cannot open display\n",
            });
            return Err(1);
        }
        Ok(parsed.operands.into())
    }
}

impl Process for Editor {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        let mut files = match self.files.take() {
            Some(files) => {
                if io.editor_result().is_none() {
                    self.files = Some(files);
                    return Progress::Blocked(Wait::Editor);
                }
                files
            }
            None => match self.begin(io) {
                Ok(files) => files,
                Err(code) => return Progress::Exit(code),
            },
        };
        while let Some(name) = files.pop_front() {
            let at = path::normalize(&io.path(&name));
            if io.files_ref().is_dir(&at) {
                io.eprint(format!("\"{}\" is a directory\n", lossy(&name)));
                continue;
            }
            match io.open_editor(at) {
                Ok(()) => {
                    self.files = Some(files);
                    return Progress::Blocked(Wait::Editor);
                }
                Err(error) => {
                    io.eprint(format!("{}: {error}\n", lossy(&name)));
                    return Progress::Exit(1);
                }
            }
        }
        Progress::Exit(0)
    }

    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
