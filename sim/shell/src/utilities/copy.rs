//! `cp` and `mv`.

use super::support::asking::{Asking, Turn, Worker};
use super::support::complain;
use super::support::options::{Opt, Parsed, flag, missing, missing_value, optional, parse, value};
use super::support::text::{quote, quoted};
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::files::path;
use essaim_kernel::{Call, Errno, Io, Metadata};

pub const CP: Utility = Utility {
    name: "cp",
    summary: "copy files and directories",
    usage: "[OPTION]... SOURCE... DEST",
    options: CP_OPTIONS,
    start: Asking::<Transfer>::boxed,
    ..COREUTILS
};

pub const MV: Utility = Utility {
    name: "mv",
    summary: "move (rename) files",
    usage: "[OPTION]... SOURCE... DEST",
    options: MV_OPTIONS,
    start: Asking::<Transfer>::boxed,
    ..COREUTILS
};

const CP_OPTIONS: &[Opt] = &[
    flag("a", "archive"),
    missing("", "attributes-only"),
    optional("", "backup"),
    flag("b", ""),
    missing("", "copy-contents"),
    flag("d", ""),
    flag("f", "force"),
    flag("i", "interactive"),
    flag("H", ""),
    flag("l", "link"),
    flag("L", "dereference"),
    flag("n", "no-clobber"),
    flag("P", "no-dereference"),
    flag("p", ""),
    optional("", "preserve"),
    missing_value("", "no-preserve"),
    flag("", "parents"),
    flag("R", ""),
    flag("r", "recursive"),
    missing_value("", "reflink"),
    flag("", "remove-destination"),
    missing_value("", "sparse"),
    flag("", "strip-trailing-slashes"),
    flag("s", "symbolic-link"),
    value("S", "suffix"),
    value("t", "target-directory"),
    flag("T", "no-target-directory"),
    flag("u", "update"),
    flag("v", "verbose"),
    missing("x", "one-file-system"),
    missing("Z", ""),
    missing_value("", "context"),
];

const MV_OPTIONS: &[Opt] = &[
    optional("", "backup"),
    flag("b", ""),
    flag("f", "force"),
    flag("i", "interactive"),
    flag("n", "no-clobber"),
    flag("", "strip-trailing-slashes"),
    value("S", "suffix"),
    value("t", "target-directory"),
    flag("T", "no-target-directory"),
    flag("u", "update"),
    flag("v", "verbose"),
    missing("Z", "context"),
];

#[derive(Clone, Debug)]
enum Item {
    One {
        from: Vec<u8>,
        to: Vec<u8>,
        operand: bool,
    },
    /// After a directory's content: its mode and time.
    Finish {
        to: Vec<u8>,
        mode: u32,
        times: Option<Metadata>,
    },
    /// After a directory was moved by copying.
    Remove(Vec<u8>),
}

#[derive(Clone)]
struct Transfer {
    call: Call,
    moves: bool,
    items: Vec<Item>,
    recursive: bool,
    /// Follow links: never, only operands, always.
    follow: Follow,
    keeps_mode: bool,
    keeps_times: bool,
    asks: bool,
    clobbers: bool,
    force: bool,
    update: bool,
    verbose: bool,
    link: Option<&'static str>,
    /// `-b`: the suffix of what was in the way; empty: numbers.
    backup: Option<Vec<u8>>,
    created: Vec<Vec<u8>>,
    status: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Follow {
    Never,
    Operands,
    Always,
}

impl Worker for Transfer {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let name = call.args.first().map_or(b"".as_slice(), |n| path::file_name(n));
        let moves = name == b"mv";
        let utility = if moves { &MV } else { &CP };
        let parsed = parse(utility, call, io)?;
        let items = destinations(utility, &parsed, call, io)?;
        let archive = parsed.has("archive");
        let recursive = archive || parsed.has("recursive") || parsed.has("R");
        let follow = match parsed.last_of(&["archive", "d", "no-dereference", "dereference", "H"]) {
            Some("dereference") => Follow::Always,
            Some("H") => Follow::Operands,
            Some(_) => Follow::Never,
            None if recursive => Follow::Never,
            None => Follow::Always,
        };
        let preserved = parsed
            .value("preserve")
            .map(|v| String::from_utf8_lossy(v).into_owned());
        let keeps = |what: &str| {
            archive
                || parsed.has("p")
                || (parsed.has("preserve")
                    && preserved
                        .as_ref()
                        .is_none_or(|list| list.split(',').any(|w| w == what || w == "all")))
        };
        let over = parsed.last_of(&["interactive", "no-clobber", "force"]);
        let link = parsed.last_of(&["link", "symbolic-link"]);
        Ok(Self {
            call: call.clone(),
            moves,
            items,
            recursive,
            follow,
            keeps_mode: keeps("mode"),
            keeps_times: keeps("timestamps"),
            asks: over == Some("interactive") || (!moves && parsed.has("interactive") && over != Some("no-clobber")),
            clobbers: over != Some("no-clobber"),
            force: parsed.has("force") || parsed.has("remove-destination"),
            update: parsed.has("update"),
            verbose: parsed.has("verbose"),
            link,
            backup: backup(&parsed),
            created: Vec::new(),
            status: 0,
        })
    }

    fn turn(&mut self, answer: Option<bool>, io: &mut Io<'_>) -> Turn {
        match self.items.pop() {
            None => Turn::Exit(self.status),
            Some(Item::Finish { to, mode, times }) => {
                // The directory was just made: only a mounted host folder can refuse.
                let _ = io.files().set_mode(&to, mode);
                if let Some(metadata) = times {
                    let _ = io.files().set_mtime(&to, metadata.mtime);
                }
                Turn::Again
            }
            Some(Item::Remove(from)) => {
                let _ = io.files().remove_dir(&from);
                Turn::Again
            }
            Some(Item::One { from, to, operand }) => {
                if answer == Some(false) {
                    return Turn::Again;
                }
                match self.one(&from, &to, operand, answer.is_some(), io) {
                    Ok(None) => {}
                    Ok(Some(question)) => {
                        self.items.push(Item::One { from, to, operand });
                        return Turn::Ask(question);
                    }
                    Err(message) => {
                        complain(io, &self.call, message);
                        self.status = 1;
                    }
                }
                Turn::Again
            }
        }
    }
}

/// What to do about a file that is in the way.
enum Meeting {
    GoOn,
    Skip,
    Ask(String),
}

/// What goes where, last first.
fn destinations(utility: &Utility, parsed: &Parsed, call: &Call, io: &mut Io<'_>) -> Result<Vec<Item>, u8> {
    let mut sources = parsed.operands.clone();
    let one = |from: Vec<u8>, to: Vec<u8>| Item::One {
        from,
        to,
        operand: true,
    };
    if sources.is_empty() {
        return Err(utility.usage_error(call, io, "missing file operand"));
    }
    let folder = match parsed.value("target-directory") {
        Some(folder) => {
            let at = io.path(folder);
            let problem = match io.files_ref().metadata(&at) {
                Ok(metadata) if metadata.is_dir() => None,
                Ok(_) => Some(Errno::NotDirectory),
                Err(error) => Some(error),
            };
            if let Some(error) = problem {
                complain(io, call, format!("target directory {}: {error}", quoted(folder)));
                return Err(1);
            }
            folder.to_vec()
        }
        None => {
            if sources.len() == 1 {
                let message = format!("missing destination file operand after {}", quoted(&sources[0]));
                return Err(utility.usage_error(call, io, &message));
            }
            let last = sources.pop().unwrap_or_default();
            let at = io.path(&last);
            let found = io.files_ref().metadata(&at);
            if parsed.has("no-target-directory") {
                if sources.len() > 1 {
                    let message = format!("extra operand {}", quoted(&last));
                    return Err(utility.usage_error(call, io, &message));
                }
                return Ok(vec![one(sources.remove(0), last)]);
            }
            match found {
                Ok(metadata) if metadata.is_dir() && !last.is_empty() => last,
                _ if sources.len() == 1 => return Ok(vec![one(sources.remove(0), last)]),
                found => {
                    let error = found.err().unwrap_or(Errno::NotDirectory);
                    complain(io, call, format!("target {}: {error}", quoted(&last)));
                    return Err(1);
                }
            }
        }
    };
    let whole = parsed.has("parents");
    if whole {
        for from in &sources {
            let parent = path::parent(from);
            let at = io.path(&path::join(&folder, parent));
            if !parent.is_empty()
                && let Err(error) = io.files().create_dir_all(&at)
            {
                complain(io, call, format!("cannot make directory {}: {error}", quoted(&at)));
                return Err(1);
            }
        }
    }
    let item = |from: Vec<u8>| {
        let name = if whole { from.as_slice() } else { path::file_name(&from) };
        let to = path::join(&folder, name.strip_prefix(b"/").unwrap_or(name));
        one(from, to)
    };
    Ok(sources.into_iter().rev().map(item).collect())
}

/// What `-b` and `--backup` ask for.
fn backup(parsed: &Parsed) -> Option<Vec<u8>> {
    if !parsed.has("b") && !parsed.has("backup") && !parsed.has("suffix") {
        return None;
    }
    match parsed.value("backup") {
        Some(b"none" | b"off") => None,
        Some(b"numbered" | b"t") => Some(Vec::new()),
        _ => Some(parsed.value("suffix").unwrap_or(b"~").to_vec()),
    }
}

/// `name~`, `name.~1~`
fn backup_name(target: &[u8], suffix: &[u8], io: &Io<'_>) -> Vec<u8> {
    let name = |n: u32| [target, format!(".~{n}~").as_bytes()].concat();
    // Where there are numbered ones, it goes on so.
    if !suffix.is_empty() && io.files_ref().symlink_metadata(&name(1)).is_err() {
        return [target, suffix].concat();
    }
    let free = (1..=10_000).find(|n| io.files_ref().symlink_metadata(&name(*n)).is_err());
    name(free.unwrap_or(1))
}

impl Transfer {
    fn arrow(&self, from: &[u8], to: &[u8], io: &mut Io<'_>) {
        if self.verbose {
            let verb = if self.moves { "renamed " } else { "" };
            io.print(format!("{verb}{} -> {}\n", quoted(from), quoted(to)));
        }
    }

    /// Copies or moves one thing. `Ok(Some(question))`: it must ask first.
    fn one(
        &mut self,
        from: &[u8],
        to: &[u8],
        operand: bool,
        agreed: bool,
        io: &mut Io<'_>,
    ) -> Result<Option<String>, String> {
        let (source, target) = (io.path(from), io.path(to));
        let follows = !self.moves && (self.follow == Follow::Always || (self.follow == Follow::Operands && operand));
        let found = if follows {
            io.files_ref().metadata(&source)
        } else {
            io.files_ref().symlink_metadata(&source)
        };
        let metadata = match found {
            _ if from.is_empty() => return Err("cannot stat '': No such file or directory".to_owned()),
            Ok(metadata) => metadata,
            Err(error) => return Err(format!("cannot stat {}: {error}", quoted(from))),
        };
        if metadata.is_dir() && !self.moves && !self.recursive {
            return Err(format!("-r not specified; omitting directory {}", quoted(from)));
        }
        let existing = if self.moves || metadata.is_dir() {
            io.files_ref().symlink_metadata(&target).ok()
        } else {
            let through = io.files_ref().metadata(&target).ok();
            through.or_else(|| io.files_ref().symlink_metadata(&target).ok())
        };
        if let Some(old) = existing {
            let same_file = old.ino == metadata.ino && same_place(&source, &target, io);
            if same_file && (!metadata.is_dir() || self.moves) {
                return Err(format!("{} and {} are the same file", quoted(from), quoted(to)));
            }
            match self.over_existing(from, to, &metadata, &old, agreed, io)? {
                Meeting::GoOn => {}
                Meeting::Skip => return Ok(None),
                Meeting::Ask(question) => return Ok(Some(question)),
            }
            if self.created.contains(&path::normalize(&target)) && !metadata.is_dir() {
                return Err(format!(
                    "will not overwrite just-created {} with {}",
                    quoted(to),
                    quoted(from)
                ));
            }
        }
        let existing = match (existing, &self.backup) {
            (Some(old), Some(suffix)) if !old.is_dir() => {
                let kept = backup_name(&target, suffix, io);
                let moved = io.files().rename(&target, &kept);
                moved.map_err(|error| format!("cannot backup {}: {error}", quoted(to)))?;
                None
            }
            (existing, _) => existing,
        };
        if operand {
            self.created.push(path::normalize(&target));
        }
        if self.moves {
            self.rename(from, to, &metadata, io)?;
        } else {
            self.copy(from, to, &metadata, existing, io)?;
        }
        Ok(None)
    }

    /// What is to be done about a file that is already there.
    fn over_existing(
        &self,
        from: &[u8],
        to: &[u8],
        new: &Metadata,
        old: &Metadata,
        agreed: bool,
        io: &Io<'_>,
    ) -> Result<Meeting, String> {
        if new.is_dir() && old.is_symlink() && io.files_ref().is_dir(&io.path(to)) && !self.moves {
            return Ok(Meeting::GoOn);
        }
        if !self.clobbers && (!new.is_dir() || !old.is_dir()) {
            return Ok(Meeting::Skip);
        }
        if new.is_dir() && !old.is_dir() {
            return Err(format!(
                "cannot overwrite non-directory {} with directory {}",
                quoted(to),
                quoted(from)
            ));
        }
        if !new.is_dir() && old.is_dir() {
            return Err(format!("cannot overwrite directory {} with non-directory", quoted(to)));
        }
        if self.update && !new.is_dir() && old.mtime >= new.mtime {
            return Ok(Meeting::Skip);
        }
        if !agreed && !new.is_dir() {
            let name = self.call.args.first().map(|n| String::from_utf8_lossy(n).into_owned());
            let name = name.unwrap_or_default();
            if self.asks {
                return Ok(Meeting::Ask(format!("{name}: overwrite {}? ", quoted(to))));
            }
            let protected = old.mode & 0o200 == 0 && !old.is_symlink();
            if self.moves && protected && !self.force && io.is_terminal(0) {
                return Ok(Meeting::Ask(format!(
                    "{name}: replace {}, overriding mode {:04o} ({})? ",
                    quoted(to),
                    old.mode,
                    &super::support::text::mode_string(old)[1..]
                )));
            }
        }
        Ok(Meeting::GoOn)
    }

    fn rename(&mut self, from: &[u8], to: &[u8], metadata: &Metadata, io: &mut Io<'_>) -> Result<(), String> {
        let (source, target) = (io.path(from), io.path(to));
        let result = if to.ends_with(b"/") && !metadata.is_dir() {
            Err(Errno::NotDirectory)
        } else {
            io.files().rename(&source, &target)
        };
        match result {
            Ok(()) => {
                self.arrow(from, to, io);
                Ok(())
            }
            Err(Errno::Invalid) if metadata.is_dir() => Err(format!(
                "cannot move {} to a subdirectory of itself, {}",
                quoted(from),
                quoted(to)
            )),
            Err(Errno::CrossDevice) => {
                self.keeps_mode = true;
                self.keeps_times = true;
                self.recursive = true;
                if metadata.is_dir() {
                    self.items.push(Item::Remove(source));
                    self.copy(from, to, metadata, None, io)
                } else {
                    self.copy(from, to, metadata, None, io)?;
                    io.files()
                        .remove_file(&source)
                        .map_err(|error| format!("cannot remove {}: {error}", quoted(from)))
                }
            }
            Err(error) => Err(format!("cannot move {} to {}: {error}", quoted(from), quoted(to))),
        }
    }

    fn copy(
        &mut self,
        from: &[u8],
        to: &[u8],
        metadata: &Metadata,
        old: Option<Metadata>,
        io: &mut Io<'_>,
    ) -> Result<(), String> {
        let (source, target) = (io.path(from), io.path(to));
        if metadata.is_dir() {
            return self.copy_directory(from, to, metadata, old, io);
        }
        if metadata.is_symlink() {
            let leads = io.files_ref().read_link(&source).unwrap_or_default();
            if old.is_some() {
                let _ = io.files().remove_file(&target);
            }
            io.files()
                .symlink(&leads, &target)
                .map_err(|error| format!("cannot create symbolic link {}: {error}", quoted(to)))?;
            self.arrow(from, to, io);
            return Ok(());
        }
        if let Some(kind) = self.link {
            return self.make_link(kind, from, to, io);
        }
        if to.ends_with(b"/") && old.is_none() {
            return Err(format!("cannot create regular file {}: Not a directory", quoted(to)));
        }
        let content = io
            .files()
            .read(&source)
            .map_err(|error| format!("cannot open {} for reading: {error}", quoted(from)))?;
        let dangling = old.is_some_and(|o| o.is_symlink());
        if dangling {
            return Err(format!("not writing through dangling symlink {}", quoted(to)));
        }
        let mut written = io.files().write(&target, content.as_ref().clone());
        if written == Err(Errno::Access) && self.force && old.is_some() {
            let _ = io.files().remove_file(&target);
            written = io.files().write(&target, content.as_ref().clone());
        }
        written.map_err(|error| format!("cannot create regular file {}: {error}", quoted(to)))?;
        let mask = if self.keeps_mode { 0 } else { io.umask() };
        if old.is_none() || self.keeps_mode {
            let _ = io.files().set_mode(&target, metadata.mode & 0o7777 & !mask);
        }
        if self.keeps_times {
            let _ = io.files().set_mtime(&target, metadata.mtime);
        }
        self.arrow(from, to, io);
        Ok(())
    }

    fn make_link(&self, kind: &str, from: &[u8], to: &[u8], io: &mut Io<'_>) -> Result<(), String> {
        let (source, target) = (io.path(from), io.path(to));
        let result = if kind == "link" {
            io.files().hard_link(&source, &target)
        } else {
            io.files().symlink(from, &target)
        };
        let what = if kind == "link" { "hard link" } else { "symbolic link" };
        result.map_err(|error| format!("cannot create {what} {} to {}: {error}", quoted(to), quoted(from)))?;
        self.arrow(from, to, io);
        Ok(())
    }

    fn copy_directory(
        &mut self,
        from: &[u8],
        to: &[u8],
        metadata: &Metadata,
        old: Option<Metadata>,
        io: &mut Io<'_>,
    ) -> Result<(), String> {
        let (source, target) = (io.path(from), io.path(to));
        let inside = |outer: &[u8], inner: &[u8]| inner.starts_with(outer) && inner.get(outer.len()) == Some(&b'/');
        let real_source = io.files_ref().canonicalize(&source).unwrap_or_else(|_| source.clone());
        let parent = path::parent(&target);
        let real_parent = io.files_ref().canonicalize(parent).unwrap_or_else(|_| parent.to_vec());
        let real_target = path::join(&real_parent, path::file_name(&target));
        if inside(&real_source, &real_target) || real_source == real_parent {
            return Err(format!(
                "cannot copy a directory, {}, into itself, {}",
                quoted(from),
                quoted(to)
            ));
        }
        let names = io
            .files()
            .read_dir(&source)
            .map_err(|error| format!("cannot access {}: {error}", quoted(from)))?;
        if old.is_none() {
            io.files()
                .create_dir(&target, 0o755)
                .map_err(|error| format!("cannot create directory {}: {error}", quoted(to)))?;
            self.arrow(from, to, io);
            let mask = if self.keeps_mode { 0 } else { io.umask() };
            self.items.push(Item::Finish {
                to: target,
                mode: metadata.mode & !mask,
                times: self.keeps_times.then_some(*metadata),
            });
        }
        for name in names.iter().rev() {
            self.items.push(Item::One {
                from: path::join(from, name),
                to: path::join(to, name),
                operand: false,
            });
        }
        Ok(())
    }
}

/// Whether two paths are one entry, or two names of one file.
fn same_place(a: &[u8], b: &[u8], io: &Io<'_>) -> bool {
    let ino = |p: &[u8]| io.files_ref().metadata(p).map(|m| m.ino).ok();
    ino(a).is_some() && ino(a) == ino(b)
}

/// GNU's name for an extra operand, shared with `ln`.
pub fn extra_operand(name: &[u8]) -> String {
    format!("extra operand {}", quote(name))
}
