//! `rm` and `unlink`.

use super::support::asking::{Asking, Turn, Worker};
use super::support::complain;
use super::support::options::{Opt, flag, missing, optional, parse};
use super::support::text::quoted;
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::files::path;
use essaim_kernel::process::RunToEnd;
use essaim_kernel::{Call, Errno, Io, Metadata};

pub const UTILITY: Utility = Utility {
    name: "rm",
    summary: "remove files or directories",
    options: OPTIONS,
    start: Asking::<Rm>::boxed,
    ..COREUTILS
};

pub const UNLINK: Utility = Utility {
    name: "unlink",
    summary: "remove one file",
    usage: "FILE",
    start: |call| RunToEnd::boxed(call, unlink),
    ..COREUTILS
};

const OPTIONS: &[Opt] = &[
    flag("d", "dir"),
    flag("f", "force"),
    flag("i", ""),
    flag("I", ""),
    optional("", "interactive"),
    flag("", "no-preserve-root"),
    missing("", "one-file-system"),
    optional("", "preserve-root"),
    flag("r", "recursive"),
    flag("R", ""),
    flag("v", "verbose"),
];

#[derive(Clone, Debug)]
enum Item {
    Visit(Vec<u8>),
    Leave(Vec<u8>),
    /// A question about everything, first.
    Confirm(String),
}

#[derive(Clone)]
struct Rm {
    call: Call,
    items: Vec<Item>,
    recursive: bool,
    directories: bool,
    force: bool,
    always_asks: bool,
    verbose: bool,
    preserve_root: bool,
    status: u8,
}

impl Worker for Rm {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let parsed = parse(&UTILITY, call, io)?;
        let when = parsed.last_of(&["force", "i", "I", "interactive"]);
        let word = parsed.value("interactive").unwrap_or(b"always");
        let always = when == Some("i") || (when == Some("interactive") && matches!(word, b"always" | b"yes"));
        let once = when == Some("I") || (when == Some("interactive") && word == b"once");
        let recursive = parsed.has("recursive") || parsed.has("R");
        if parsed.operands.is_empty() {
            if parsed.has("force") {
                return Err(0);
            }
            return Err(UTILITY.usage_error(call, io, "missing operand"));
        }
        let count = parsed.operands.len();
        let mut items: Vec<Item> = parsed.operands.into_iter().rev().map(Item::Visit).collect();
        if once && (count > 3 || recursive) {
            let arguments = if count == 1 { "argument" } else { "arguments" };
            let how = if recursive { " recursively" } else { "" };
            items.push(Item::Confirm(format!("remove {count} {arguments}{how}? ")));
        }
        Ok(Self {
            call: call.clone(),
            items,
            recursive,
            directories: parsed.given.iter().any(|(k, _)| *k == "dir"),
            force: when == Some("force"),
            always_asks: always,
            verbose: parsed.given.iter().any(|(k, _)| *k == "verbose"),
            preserve_root: !parsed.given.iter().any(|(k, _)| *k == "no-preserve-root"),
            status: 0,
        })
    }

    fn turn(&mut self, answer: Option<bool>, io: &mut Io<'_>) -> Turn {
        let Some(item) = self.items.pop() else {
            return Turn::Exit(self.status);
        };
        match item {
            Item::Confirm(question) => match answer {
                None => {
                    let question = self.question(&question);
                    self.items.push(item_confirm());
                    Turn::Ask(question)
                }
                Some(true) => Turn::Again,
                Some(false) => Turn::Exit(0),
            },
            Item::Visit(name) => self.visit(name, answer, io),
            Item::Leave(name) => self.leave(name, answer, io),
        }
    }
}

/// What stands for a question that was asked.
fn item_confirm() -> Item {
    Item::Confirm(String::new())
}

impl Rm {
    fn question(&self, what: &str) -> String {
        let name = self.call.args.first().map(|n| String::from_utf8_lossy(n).into_owned());
        format!("{}: {what}", name.unwrap_or_default())
    }

    fn cannot(&mut self, name: &[u8], error: Errno, io: &mut Io<'_>) -> Turn {
        if !(self.force && matches!(error, Errno::NoEntry | Errno::NotDirectory)) {
            complain(io, &self.call, format!("cannot remove {}: {error}", quoted(name)));
            self.status = 1;
        }
        Turn::Again
    }

    fn visit(&mut self, name: Vec<u8>, answer: Option<bool>, io: &mut Io<'_>) -> Turn {
        let at = io.path(&name);
        let metadata = match io.files_ref().symlink_metadata(&at) {
            Ok(_) if name.is_empty() => return self.cannot(&name, Errno::NoEntry, io),
            Ok(metadata) => metadata,
            Err(error) => return self.cannot(&name, error, io),
        };
        if metadata.is_dir() {
            return self.visit_directory(name, answer, io);
        }
        if answer == Some(false) {
            return Turn::Again;
        }
        if answer.is_none()
            && let Some(question) = self.file_question(&name, &metadata, io)
        {
            self.items.push(Item::Visit(name));
            return Turn::Ask(question);
        }
        match io.files().remove_file(&at) {
            Ok(()) if self.verbose => io.print(format!("removed {}\n", quoted(&name))),
            Ok(()) => {}
            Err(error) => return self.cannot(&name, error, io),
        }
        Turn::Again
    }

    fn file_question(&self, name: &[u8], metadata: &Metadata, io: &Io<'_>) -> Option<String> {
        let protected = !metadata.is_symlink() && metadata.mode & 0o200 == 0 && io.is_terminal(0) && !self.force;
        if !self.always_asks && !protected {
            return None;
        }
        let kind = match metadata {
            m if m.is_symlink() => "symbolic link",
            m if m.size == 0 => "regular empty file",
            _ => "regular file",
        };
        let guard = if protected { "write-protected " } else { "" };
        Some(self.question(&format!("remove {guard}{kind} {}? ", quoted(name))))
    }

    fn visit_directory(&mut self, name: Vec<u8>, answer: Option<bool>, io: &mut Io<'_>) -> Turn {
        let at = io.path(&name);
        let entries = match io.files_ref().read_dir(&at) {
            Ok(entries) => entries,
            Err(error) => return self.cannot(&name, error, io),
        };
        if !self.recursive && (!self.directories || !entries.is_empty()) {
            let error = if self.directories {
                Errno::NotEmpty
            } else {
                Errno::IsDirectory
            };
            return self.cannot(&name, error, io);
        }
        if matches!(path::file_name(&name), b"." | b"..") {
            let shown = quoted(&name);
            complain(
                io,
                &self.call,
                format!("refusing to remove '.' or '..' directory: skipping {shown}"),
            );
            self.status = 1;
            return Turn::Again;
        }
        if self.recursive && self.preserve_root && path::normalize(&at) == b"/" {
            complain(
                io,
                &self.call,
                format!("it is dangerous to operate recursively on {}", quoted(&name)),
            );
            complain(io, &self.call, "use --no-preserve-root to override this failsafe");
            self.status = 1;
            return Turn::Again;
        }
        if answer == Some(false) {
            return Turn::Again;
        }
        if self.always_asks && !entries.is_empty() && answer.is_none() {
            let question = self.question(&format!("descend into directory {}? ", quoted(&name)));
            self.items.push(Item::Visit(name));
            return Turn::Ask(question);
        }
        self.items.push(Item::Leave(name.clone()));
        let inner = entries.iter().rev().map(|entry| Item::Visit(path::join(&name, entry)));
        self.items.extend(inner.collect::<Vec<_>>());
        // `join` treats what it is given as a directory: "d" and "x" give "d/x".
        Turn::Again
    }

    fn leave(&mut self, name: Vec<u8>, answer: Option<bool>, io: &mut Io<'_>) -> Turn {
        if answer == Some(false) {
            return Turn::Again;
        }
        if self.always_asks && answer.is_none() {
            let question = self.question(&format!("remove directory {}? ", quoted(&name)));
            self.items.push(Item::Leave(name));
            return Turn::Ask(question);
        }
        let at = io.path(&name);
        match io.files().remove_dir(&at) {
            Ok(()) if self.verbose => io.print(format!("removed directory {}\n", quoted(&name))),
            Ok(()) => {}
            Err(error) => return self.cannot(&name, error, io),
        }
        Turn::Again
    }
}

fn unlink(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&UNLINK, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let [name] = parsed.operands.as_slice() else {
        let message = match parsed.operands.get(1) {
            None => "missing operand".to_owned(),
            Some(extra) => format!("extra operand {}", super::support::text::quote(extra)),
        };
        return UNLINK.usage_error(call, io, &message);
    };
    let at = io.path(name);
    if let Err(error) = io.files().remove_file(&at) {
        complain(io, call, format!("cannot unlink {}: {error}", quoted(name)));
        return 1;
    }
    0
}
