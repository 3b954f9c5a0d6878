//! `mkdir` and `rmdir`.

use super::support::options::{Opt, flag, missing, missing_value, parse, value};
use super::support::text::{quote, quoted};
use super::support::utility::{COREUTILS, Utility};
use super::support::{complain, modes};
use essaim_kernel::files::path;
use essaim_kernel::process::RunToEnd;
use essaim_kernel::{Call, Errno, Io};

pub const MKDIR: Utility = Utility {
    name: "mkdir",
    summary: "make directories",
    usage: "[OPTION]... DIRECTORY...",
    options: MKDIR_OPTIONS,
    start: |call| RunToEnd::boxed(call, mkdir),
    ..COREUTILS
};

pub const RMDIR: Utility = Utility {
    name: "rmdir",
    summary: "remove empty directories",
    usage: "[OPTION]... DIRECTORY...",
    options: RMDIR_OPTIONS,
    start: |call| RunToEnd::boxed(call, rmdir),
    ..COREUTILS
};

const MKDIR_OPTIONS: &[Opt] = &[
    value("m", "mode"),
    flag("p", "parents"),
    flag("v", "verbose"),
    missing("Z", ""),
    missing_value("", "context"),
];

const RMDIR_OPTIONS: &[Opt] = &[
    flag("", "ignore-fail-on-non-empty"),
    flag("p", "parents"),
    flag("v", "verbose"),
];

fn mkdir(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&MKDIR, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    if parsed.operands.is_empty() {
        return MKDIR.usage_error(call, io, "missing operand");
    }
    let mode = match parsed.value("mode") {
        None => 0o777 & !io.umask(),
        Some(text) => match modes::apply(text, 0o777, true, io.umask()) {
            Some(mode) => mode,
            None => {
                complain(io, call, format!("invalid mode {}", quote(text)));
                return 1;
            }
        },
    };
    let (parents, verbose) = (parsed.has("parents"), parsed.has("verbose"));
    let mut status = 0;
    for name in &parsed.operands {
        if let Err((name, error)) = make(io, call, name, mode, parents, verbose) {
            complain(io, call, format!("cannot create directory {}: {error}", quote(&name)));
            status = 1;
        }
    }
    status
}

/// Makes one directory; the error names the one that could not be made.
fn make(
    io: &mut Io<'_>,
    call: &Call,
    name: &[u8],
    mode: u32,
    parents: bool,
    verbose: bool,
) -> Result<(), (Vec<u8>, Errno)> {
    if name.is_empty() {
        return Err((Vec::new(), Errno::NoEntry));
    }
    let mut made: Vec<Vec<u8>> = Vec::new();
    if parents {
        for (at, byte) in name.iter().enumerate() {
            if *byte == b'/' && at > 0 && name[at - 1] != b'/' && name[at..].iter().any(|b| *b != b'/') {
                made.push(name[..at].to_vec());
            }
        }
    }
    let parent_mode = (0o777 & !io.umask()) | 0o300;
    made.push(name.to_vec());
    let last = made.len() - 1;
    for (index, part) in made.into_iter().enumerate() {
        let full = io.path(&part);
        let mode = if index == last { mode } else { parent_mode };
        match io.files().create_dir(&full, mode) {
            Ok(()) if verbose => {
                let called = String::from_utf8_lossy(&call.args[0]).into_owned();
                io.print(format!("{called}: created directory {}\n", quoted(&part)));
            }
            Ok(()) => {}
            Err(Errno::Exists) if parents && io.files_ref().is_dir(&full) => {}
            // A file in the middle of the path.
            Err(Errno::Exists) if parents && index != last => return Err((part, Errno::NotDirectory)),
            Err(error) => return Err((part, error)),
        }
    }
    Ok(())
}

fn rmdir(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&RMDIR, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    if parsed.operands.is_empty() {
        return RMDIR.usage_error(call, io, "missing operand");
    }
    let mut status = 0;
    for operand in &parsed.operands {
        let mut name: &[u8] = operand;
        let mut first = true;
        loop {
            if parsed.has("verbose") {
                io.print(format!("rmdir: removing directory, {}\n", quoted(name)));
            }
            let at = io.path(name);
            if let Err(error) = io.files().remove_dir(&at) {
                if error == Errno::NotEmpty && parsed.has("ignore-fail-on-non-empty") {
                    break;
                }
                let what = if first { "" } else { "directory " };
                complain(io, call, format!("failed to remove {what}{}: {error}", quoted(name)));
                status = 1;
                break;
            }
            name = path::parent(name);
            first = false;
            if !parsed.has("parents") || name.is_empty() || name == b"/" {
                break;
            }
        }
    }
    status
}
