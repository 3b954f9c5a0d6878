//! `stat`, `du`, `realpath`, `readlink` and `mktemp`.

use super::support::clock::Moment;
use super::support::complain;
use super::support::options::{flag, missing, missing_value, parse, value};
use super::support::text::{human_size, mode_string, named, number, quote, quoted, user};
use super::support::utility::{COREUTILS, Utility};
use super::support::zone::Zone;
use essaim_kernel::files::path;
use essaim_kernel::process::RunToEnd;
use essaim_kernel::{Call, Errno, Io, Metadata, Time};

pub const STAT: Utility = Utility {
    name: "stat",
    summary: "display file status",
    usage: "[OPTION]... FILE...",
    options: &[
        flag("L", "dereference"),
        missing("f", "file-system"),
        value("c", "format"),
        value("", "printf"),
        flag("t", "terse"),
        missing_value("", "cached"),
    ],
    start: |call| RunToEnd::boxed(call, stat),
    ..COREUTILS
};

fn stat(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&STAT, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    if parsed.operands.is_empty() {
        return STAT.usage_error(call, io, "missing operand");
    }
    let mut status = 0;
    for name in &parsed.operands {
        let at = io.path(name);
        let found = if parsed.has("dereference") {
            io.files_ref().metadata(&at)
        } else {
            io.files_ref().symlink_metadata(&at)
        };
        let metadata = match found {
            Ok(metadata) => metadata,
            Err(error) => {
                complain(io, call, format!("cannot statx {}: {error}", quoted(name)));
                status = 1;
                continue;
            }
        };
        let default = "  File: %n\n  Size: %s\tBlocks: %b          IO Block: %o  %F\nDevice: 0,1\tInode: %i  Links: %h\nAccess: (%a/%A)  Uid: (%u/%U)   Gid: (%g/%G)\nAccess: %y\nModify: %y\nChange: %z\n Birth: -\n";
        let out = match parsed.last_of(&["format", "printf"]) {
            None if parsed.has("terse") => {
                let terse = b"%n %s %b %f %u %g 1 %i %h 0 0 %X %Y %Z 0 %o\n";
                stat_text(terse, name, &metadata, false, io)
            }
            None => {
                let target = io.files_ref().read_link(&at).ok().filter(|_| metadata.is_symlink());
                let arrow = target.map(|target| [name.as_slice(), b" -> ", &target].concat());
                stat_text(default.as_bytes(), arrow.as_ref().unwrap_or(name), &metadata, false, io)
            }
            Some(key) => {
                let escapes = key == "printf";
                let mut out = stat_text(parsed.value(key).unwrap_or_default(), name, &metadata, escapes, io);
                if !escapes {
                    out.push(b'\n');
                }
                out
            }
        };
        io.print(out);
    }
    status
}

fn kind_words(metadata: &Metadata) -> &'static str {
    if metadata.is_dir() {
        "directory"
    } else if metadata.is_symlink() {
        "symbolic link"
    } else if metadata.size == 0 {
        "regular empty file"
    } else {
        "regular file"
    }
}

fn stat_text(format: &[u8], name: &[u8], metadata: &Metadata, escapes: bool, io: &Io<'_>) -> Vec<u8> {
    let owner = user(io);
    let zone = Zone::of(io.env());
    let time =
        |time: Time| String::from_utf8_lossy(&Moment::new(time, &zone).format(b"%Y-%m-%d %H:%M:%S.%N %z")).into_owned();
    let mut out = Vec::new();
    let mut bytes = format.iter().copied();
    while let Some(byte) = bytes.next() {
        if escapes && byte == b'\\' {
            match bytes.next() {
                Some(b'n') => out.push(b'\n'),
                Some(b't') => out.push(b'\t'),
                Some(other) => out.push(other),
                None => out.push(byte),
            }
            continue;
        }
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let Some(letter) = bytes.next() else {
            out.push(b'%');
            break;
        };
        let text = match letter {
            b'n' => {
                out.extend_from_slice(name);
                continue;
            }
            b'N' => match io.files_ref().read_link(&io.path(name)) {
                Ok(target) if metadata.is_symlink() => format!("{} -> {}", quoted(name), quoted(&target)),
                _ => quoted(name),
            },
            b's' => metadata.size.to_string(),
            b'b' => (metadata.size.div_ceil(4096) * 8).to_string(),
            b'B' => "512".to_owned(),
            b'o' => "4096".to_owned(),
            b'i' => metadata.ino.to_string(),
            b'h' => metadata.nlink.to_string(),
            b'a' => format!("{:o}", metadata.mode),
            b'f' => {
                let kind = if metadata.is_dir() {
                    0o040_000
                } else if metadata.is_symlink() {
                    0o120_000
                } else {
                    0o100_000
                };
                format!("{:x}", kind | metadata.mode)
            }
            b'A' => mode_string(metadata),
            b'F' => kind_words(metadata).to_owned(),
            b'u' | b'g' => owner.id.to_string(),
            b'U' | b'G' => owner.name.clone(),
            b'y' | b'x' => time(metadata.mtime),
            b'z' => time(metadata.ctime),
            b'Y' | b'X' => metadata.mtime.secs().to_string(),
            b'Z' => metadata.ctime.secs().to_string(),
            b'w' => "-".to_owned(),
            b'W' => "0".to_owned(),
            b'%' => "%".to_owned(),
            _ => "?".to_owned(),
        };
        out.extend_from_slice(text.as_bytes());
    }
    out
}

pub const DU: Utility = Utility {
    name: "du",
    summary: "estimate file space usage",
    options: &[
        flag("a", "all"),
        flag("", "apparent-size"),
        flag("b", "bytes"),
        flag("c", "total"),
        value("d", "max-depth"),
        flag("h", "human-readable"),
        flag("k", ""),
        flag("m", ""),
        flag("s", "summarize"),
        missing("L", "dereference"),
        missing("S", "separate-dirs"),
        missing("x", "one-file-system"),
        missing_value("", "exclude"),
        missing_value("", "time"),
    ],
    start: |call| RunToEnd::boxed(call, du),
    ..COREUTILS
};

struct Du {
    all: bool,
    apparent: bool,
    unit: Option<u64>,
    depth: usize,
}

fn du(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&DU, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let depth = match parsed.value("max-depth") {
        None => usize::MAX,
        Some(text) => match number(text) {
            Some(depth) => usize::try_from(depth).unwrap_or(usize::MAX),
            None => {
                complain(io, call, format!("invalid maximum depth {}", quote(text)));
                return DU.try_help(call, io);
            }
        },
    };
    let work = Du {
        all: parsed.has("all"),
        apparent: parsed.has("apparent-size") || parsed.has("bytes"),
        unit: match parsed.last_of(&["human-readable", "bytes", "m", "k"]) {
            Some("human-readable") => None,
            Some("bytes") => Some(1),
            Some("m") => Some(1 << 20),
            _ => Some(1 << 10),
        },
        depth: if parsed.has("summarize") { 0 } else { depth },
    };
    let names = if parsed.operands.is_empty() {
        vec![b".".to_vec()]
    } else {
        parsed.operands.clone()
    };
    let (mut status, mut total) = (0, 0);
    for name in &names {
        match io.files_ref().symlink_metadata(&io.path(name)) {
            Ok(metadata) => total += work.walk(name, &metadata, 0, io),
            Err(error) => {
                complain(io, call, format!("cannot access {}: {error}", quoted(name)));
                status = 1;
            }
        }
    }
    if parsed.has("total") {
        let line = work.line(total, b"total");
        io.print(line);
    }
    status
}

impl Du {
    fn line(&self, bytes: u64, name: &[u8]) -> Vec<u8> {
        let size = match self.unit {
            None => human_size(bytes, 1024),
            Some(unit) => bytes.div_ceil(unit).to_string(),
        };
        [size.as_bytes(), b"\t", name, b"\n"].concat()
    }

    fn walk(&self, name: &[u8], metadata: &Metadata, depth: usize, io: &mut Io<'_>) -> u64 {
        let own = match metadata {
            m if self.apparent => m.size,
            m if m.is_symlink() => 0,
            m => m.size.div_ceil(4096) * 4096,
        };
        let mut total = own;
        if metadata.is_dir() && depth < 200 {
            let at = io.path(name);
            for entry in io.files_ref().read_dir(&at).unwrap_or_default() {
                let below = path::join(name, &entry);
                if let Ok(metadata) = io.files_ref().symlink_metadata(&io.path(&below)) {
                    total += self.walk(&below, &metadata, depth + 1, io);
                }
            }
        }
        if depth <= self.depth && (metadata.is_dir() || self.all || depth == 0) {
            let line = self.line(total, name);
            io.print(line);
        }
        total
    }
}

pub const REALPATH: Utility = Utility {
    name: "realpath",
    summary: "print the resolved path",
    usage: "[OPTION]... FILE...",
    options: &[
        flag("e", "canonicalize-existing"),
        flag("m", "canonicalize-missing"),
        missing("L", "logical"),
        flag("P", "physical"),
        flag("q", "quiet"),
        value("", "relative-to"),
        value("", "relative-base"),
        flag("s", "strip"),
        flag("", "no-symlinks"),
        flag("z", "zero"),
    ],
    start: |call| RunToEnd::boxed(call, realpath),
    ..COREUTILS
};

/// The canonical path; how much of it must exist is up to `existing` and `missing`.
fn resolve(name: &[u8], existing: bool, missing: bool, io: &Io<'_>) -> Result<Vec<u8>, Errno> {
    let at = io.path(name);
    if name.is_empty() {
        return Err(Errno::NoEntry);
    }
    match io.files_ref().canonicalize(&at) {
        Ok(found) => Ok(found),
        Err(Errno::NoEntry) if !existing => {
            let trimmed = path::parent(&at);
            let parent = if trimmed.is_empty() { b"/".as_slice() } else { trimmed };
            match io.files_ref().canonicalize(parent) {
                Ok(parent) => Ok(path::join(&parent, path::file_name(&at))),
                Err(_) if missing => Ok(path::normalize(&at)),
                Err(error) => Err(error),
            }
        }
        Err(_) if missing => Ok(path::normalize(&at)),
        Err(error) => Err(error),
    }
}

fn realpath(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&REALPATH, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    if parsed.operands.is_empty() {
        return REALPATH.usage_error(call, io, "missing operand");
    }
    let end: &[u8] = if parsed.has("zero") { b"\0" } else { b"\n" };
    let text_only = parsed.has("strip") || parsed.has("no-symlinks");
    let find = |name: &[u8], io: &Io<'_>| {
        if text_only {
            return Ok(path::normalize(&io.path(name)));
        }
        let (existing, missing) = (parsed.has("canonicalize-existing"), parsed.has("canonicalize-missing"));
        resolve(name, existing, missing, io)
    };
    let mut bases = Vec::new();
    for key in ["relative-to", "relative-base"] {
        match parsed.value(key).map(|name| (name, find(name, io))) {
            Some((name, Err(error))) => {
                complain(io, call, format!("{}: {error}", named(name)));
                return 1;
            }
            found => bases.push(found.and_then(|(_, found)| found.ok())),
        }
    }
    let below = |base: &Option<Vec<u8>>, name: &[u8]| {
        base.as_ref()
            .is_none_or(|base| relative(base, name).split(|b| *b == b'/').next() != Some(b".."))
    };
    let mut status = 0;
    for name in &parsed.operands {
        match find(name, io) {
            Ok(found) => {
                let start = bases[0].as_ref().or(bases[1].as_ref());
                let shown = match start {
                    Some(start) if below(&bases[1], &found) && below(&bases[1], start) => relative(start, &found),
                    _ => found,
                };
                io.print([shown.as_slice(), end].concat());
            }
            Err(error) => {
                if !parsed.has("quiet") {
                    complain(io, call, format!("{}: {error}", named(name)));
                }
                status = 1;
            }
        }
    }
    status
}

/// The way from one absolute path to another.
fn relative(from: &[u8], to: &[u8]) -> Vec<u8> {
    let parts = |path: &[u8]| -> Vec<Vec<u8>> {
        let all = path.split(|b| *b == b'/').filter(|p| !p.is_empty());
        all.map(<[u8]>::to_vec).collect()
    };
    let (from, to) = (parts(from), parts(to));
    let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut out = vec![b"..".to_vec(); from.len() - same];
    out.extend_from_slice(&to[same..]);
    if out.is_empty() {
        out.push(b".".to_vec());
    }
    out.join(b"/".as_slice())
}

pub const READLINK: Utility = Utility {
    name: "readlink",
    summary: "print resolved symbolic links or canonical file names",
    usage: "[OPTION]... FILE...",
    options: &[
        flag("f", "canonicalize"),
        flag("e", "canonicalize-existing"),
        flag("m", "canonicalize-missing"),
        flag("n", "no-newline"),
        flag("q", "quiet"),
        flag("s", "silent"),
        flag("v", "verbose"),
        flag("z", "zero"),
    ],
    start: |call| RunToEnd::boxed(call, readlink),
    ..COREUTILS
};

fn readlink(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&READLINK, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    if parsed.operands.is_empty() {
        return READLINK.usage_error(call, io, "missing operand");
    }
    let keys = ["canonicalize", "canonicalize-existing", "canonicalize-missing"];
    let end: &[u8] = match (
        parsed.has("no-newline") && parsed.operands.len() == 1,
        parsed.has("zero"),
    ) {
        (true, _) => b"",
        (false, true) => b"\0",
        (false, false) => b"\n",
    };
    let mut status = 0;
    for name in &parsed.operands {
        let result = match parsed.last_of(&keys) {
            None => io.files_ref().read_link(&io.path(name)),
            Some(key) => resolve(name, key == keys[1], key == keys[2], io),
        };
        match result {
            Ok(found) => io.print([found.as_slice(), end].concat()),
            Err(error) => {
                if parsed.has("verbose") {
                    complain(io, call, format!("{}: {error}", named(name)));
                }
                status = 1;
            }
        }
    }
    status
}

pub const MKTEMP: Utility = Utility {
    name: "mktemp",
    summary: "create a temporary file or directory",
    usage: "[OPTION]... [TEMPLATE]",
    options: &[
        flag("d", "directory"),
        flag("u", "dry-run"),
        flag("q", "quiet"),
        value("", "suffix"),
        value("p", "tmpdir"),
        flag("t", ""),
    ],
    start: |call| RunToEnd::boxed(call, mktemp),
    ..COREUTILS
};

fn mktemp(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&MKTEMP, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    if parsed.operands.len() > 1 {
        return MKTEMP.usage_error(call, io, "too many templates");
    }
    let given = parsed.operands.first();
    let template = given.map_or(b"tmp.XXXXXXXXXX".as_slice(), Vec::as_slice);
    let suffix_start = template.iter().rposition(|b| *b == b'X').map_or(0, |at| at + 1);
    let (stem, mut suffix) = (&template[..suffix_start], template[suffix_start..].to_vec());
    let count = stem.iter().rev().take_while(|b| **b == b'X').count();
    if count < 3 {
        complain(io, call, format!("too few X's in template {}", quote(template)));
        return 1;
    }
    suffix.extend_from_slice(parsed.value("suffix").unwrap_or_default());
    let in_tmp = given.is_none() || parsed.has("tmpdir") || parsed.has("t");
    let folder = match parsed.value("tmpdir") {
        Some(folder) => folder.to_vec(),
        None => io.var("TMPDIR").unwrap_or(b"/tmp").to_vec(),
    };
    let base = if in_tmp {
        path::join(&folder, &stem[..stem.len() - count])
    } else {
        stem[..stem.len() - count].to_vec()
    };
    const LETTERS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for _ in 0..100 {
        let mut name = base.clone();
        for _ in 0..count {
            let index = io.random("mktemp").below(62) as usize;
            name.push(LETTERS[index]);
        }
        name.extend_from_slice(&suffix);
        let at = io.path(&name);
        if io.files_ref().symlink_metadata(&at).is_ok() {
            continue;
        }
        let result = if parsed.has("dry-run") {
            Ok(())
        } else if parsed.has("directory") {
            io.files().create_dir(&at, 0o700)
        } else {
            io.files()
                .write(&at, Vec::new())
                .and_then(|()| io.files().set_mode(&at, 0o600))
        };
        match result {
            Ok(()) => io.print([name.as_slice(), b"\n"].concat()),
            Err(error) => {
                let kind = if parsed.has("directory") { "directory" } else { "file" };
                let shown = [base.as_slice(), &b"X".repeat(count), &suffix].concat();
                complain(
                    io,
                    call,
                    format!("failed to create {kind} via template {}: {error}", quote(&shown)),
                );
                return 1;
            }
        }
        return 0;
    }
    1
}
