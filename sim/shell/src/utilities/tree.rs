//! `tree`, as version 2.1.

use super::support::glob::{self, Rules};
use super::support::options::{flag, missing, parse, value};
use super::support::text::{human_size, number};
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::SmallSort;
use essaim_kernel::files::path;
use essaim_kernel::process::RunToEnd;
use essaim_kernel::{Call, Io, Metadata};

pub const UTILITY: Utility = Utility {
    name: "tree",
    summary: "list contents of directories in a tree-like format",
    usage: "[-adfhpsF] [-L level] [-P pattern] [-I pattern] [--noreport] [--dirsfirst] [directory ...]",
    package: "tree",
    options: &[
        flag("a", ""),
        flag("d", ""),
        flag("f", ""),
        flag("F", ""),
        flag("h", ""),
        flag("i", ""),
        flag("p", ""),
        flag("r", ""),
        flag("s", ""),
        flag("t", ""),
        flag("n", ""),
        flag("C", ""),
        missing("D", ""),
        missing("J", ""),
        missing("X", ""),
        missing("l", ""),
        missing("u", ""),
        missing("g", ""),
        value("L", ""),
        value("P", ""),
        value("I", ""),
        value("", "charset"),
        flag("", "noreport"),
        flag("", "dirsfirst"),
        missing("", "prune"),
        missing("", "gitignore"),
    ],
    start: |call| RunToEnd::boxed(call, main),
    ..COREUTILS
};

struct Tree {
    all: bool,
    only_directories: bool,
    full: bool,
    classify: bool,
    flat: bool,
    human: bool,
    size: bool,
    modes: bool,
    reverse: bool,
    by_time: bool,
    directories_first: bool,
    color: bool,
    depth: usize,
    wanted: Vec<Vec<u8>>,
    ignored: Vec<Vec<u8>>,
    ascii: bool,
    directories: u64,
    files: u64,
    out: Vec<u8>,
}

fn main(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&UTILITY, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let depth = match parsed.value("L") {
        None => usize::MAX,
        Some(text) => match number(text).filter(|n| *n > 0) {
            Some(depth) => usize::try_from(depth).unwrap_or(usize::MAX),
            None => {
                io.eprint("tree: Invalid level, must be greater than 0.\n");
                return 1;
            }
        },
    };
    let patterns = |key: &'static str| -> Vec<Vec<u8>> {
        parsed
            .values(key)
            .flat_map(|v| v.split(|b| *b == b'|').map(<[u8]>::to_vec).collect::<Vec<_>>())
            .collect()
    };
    let mut tree = Tree {
        all: parsed.has("a"),
        only_directories: parsed.has("d"),
        full: parsed.has("f"),
        classify: parsed.has("F"),
        flat: parsed.has("i"),
        human: parsed.has("h"),
        size: parsed.has("s") || parsed.has("h"),
        modes: parsed.has("p"),
        reverse: parsed.has("r"),
        by_time: parsed.has("t"),
        directories_first: parsed.has("dirsfirst"),
        color: parsed.has("C") && !parsed.has("n"),
        depth,
        wanted: patterns("P"),
        ignored: patterns("I"),
        ascii: parsed
            .value("charset")
            .is_some_and(|c| c.eq_ignore_ascii_case(b"ascii")),
        directories: 0,
        files: 0,
        out: Vec::new(),
    };
    let mut roots = parsed.operands.clone();
    if roots.is_empty() {
        roots.push(b".".to_vec());
    }
    let mut status = 0;
    for root in &roots {
        status = status.max(tree.root(root, io));
    }
    if !parsed.has("noreport") {
        let report = tree.report();
        tree.out.extend_from_slice(report.as_bytes());
    }
    let out = std::mem::take(&mut tree.out);
    io.print(out);
    status
}

impl Tree {
    /// One operand; gives the exit code.
    fn root(&mut self, root: &[u8], io: &Io<'_>) -> u8 {
        match io.files_ref().metadata(&io.path(root)) {
            Ok(metadata) if metadata.is_dir() => {
                let line = [self.front(&metadata), self.painted(root, &metadata)].concat();
                self.out.extend(line);
                if self.classify && !root.ends_with(b"/") {
                    self.out.push(b'/');
                }
                self.out.push(b'\n');
                self.directories += 1;
                self.folder(root, "", 1, io);
                0
            }
            Ok(_) | Err(_) => {
                self.out.extend_from_slice(root);
                self.out.extend_from_slice(b"  [error opening dir]\n");
                2
            }
        }
    }

    fn report(&self) -> String {
        let directories = if self.directories == 1 {
            "directory"
        } else {
            "directories"
        };
        let files = if self.files == 1 { "file" } else { "files" };
        if self.only_directories {
            format!("\n{} {directories}\n", self.directories)
        } else {
            format!("\n{} {directories}, {} {files}\n", self.directories, self.files)
        }
    }

    fn front(&self, metadata: &Metadata) -> Vec<u8> {
        let mut parts = Vec::new();
        if self.modes {
            parts.push(super::support::text::mode_string(metadata));
        }
        if self.human {
            parts.push(format!("{:>4}", human_size(metadata.size, 1024)));
        } else if self.size {
            parts.push(format!("{:>11}", metadata.size));
        }
        if parts.is_empty() {
            return Vec::new();
        }
        format!("[{}]  ", parts.join(" ")).into_bytes()
    }

    fn painted(&self, name: &[u8], metadata: &Metadata) -> Vec<u8> {
        let color = if metadata.is_dir() {
            "01;34"
        } else if metadata.is_symlink() {
            "01;36"
        } else if metadata.mode & 0o111 != 0 {
            "01;32"
        } else {
            ""
        };
        if !self.color || color.is_empty() {
            return name.to_vec();
        }
        [format!("\x1b[{color}m").as_bytes(), name, b"\x1b[0m"].concat()
    }

    fn shows(&self, name: &[u8], metadata: &Metadata) -> bool {
        let matches = |patterns: &[Vec<u8>]| patterns.iter().any(|p| glob::matches(p, name, Rules::default()));
        if (name.starts_with(b".") && !self.all) || matches(&self.ignored) {
            return false;
        }
        metadata.is_dir() || (!self.only_directories && (self.wanted.is_empty() || matches(&self.wanted)))
    }

    fn folder(&mut self, folder: &[u8], prefix: &str, depth: usize, io: &Io<'_>) {
        if depth > self.depth || depth > 200 {
            return;
        }
        let at = io.path(folder);
        let names = io.files_ref().read_dir(&at).unwrap_or_default();
        let mut entries: Vec<(Vec<u8>, Metadata)> = Vec::new();
        for name in names {
            if let Ok(metadata) = io.files_ref().symlink_metadata(&path::join(&at, &name))
                && self.shows(&name, &metadata)
            {
                entries.push((name, metadata));
            }
        }
        if self.by_time {
            entries.small_sort_by_key(|(_, m)| m.mtime);
        }
        if self.reverse {
            entries.reverse();
        }
        if self.directories_first {
            entries.small_sort_by_key(|(_, m)| !m.is_dir());
        }
        let count = entries.len();
        for (index, (name, metadata)) in entries.into_iter().enumerate() {
            let last = index + 1 == count;
            self.entry(folder, &name, &metadata, prefix, last, io);
            if metadata.is_dir() {
                let bar = match (last, self.ascii) {
                    (true, _) => "    ",
                    (false, true) => "|   ",
                    (false, false) => "│\u{a0}\u{a0} ",
                };
                self.folder(&path::join(folder, &name), &format!("{prefix}{bar}"), depth + 1, io);
            }
        }
    }

    fn entry(&mut self, folder: &[u8], name: &[u8], metadata: &Metadata, prefix: &str, last: bool, io: &Io<'_>) {
        if !self.flat {
            let branch = match (last, self.ascii) {
                (true, true) => "`-- ",
                (false, true) => "|-- ",
                (true, false) => "└── ",
                (false, false) => "├── ",
            };
            self.out.extend_from_slice(prefix.as_bytes());
            self.out.extend_from_slice(branch.as_bytes());
        }
        let whole = path::join(folder, name);
        let shown = if self.full { whole.as_slice() } else { name };
        let line = [self.front(metadata), self.painted(shown, metadata)].concat();
        self.out.extend(line);
        if metadata.is_symlink() {
            let target = io.files_ref().read_link(&io.path(&whole)).unwrap_or_default();
            self.out.extend_from_slice(b" -> ");
            self.out.extend(target);
        } else if self.classify {
            let sign: &[u8] = match metadata {
                m if m.is_dir() => b"/",
                m if m.mode & 0o111 != 0 => b"*",
                _ => b"",
            };
            self.out.extend_from_slice(sign);
        }
        self.out.push(b'\n');
        // A link that leads to a directory counts as one.
        let leads_to_folder = metadata.is_symlink() && io.files_ref().is_dir(&io.path(&whole));
        if metadata.is_dir() || leads_to_folder {
            self.directories += 1;
        } else {
            self.files += 1;
        }
    }
}
