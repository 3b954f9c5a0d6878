//! The working tree: what files are like compared with the index, what is untracked, writing files.

use crate::cat;
use crate::fault::{Fault, Result};
use crate::ignore::Ignore;
use crate::index::{Entry, Index, Stat};
use crate::object::{Kind, mode, object_id};
use crate::oid::Oid;
use crate::repo::Repo;
use essaim_kernel::SmallSort;
use essaim_kernel::files::path;
use essaim_kernel::{Errno, FileKind, Files, Metadata};
use std::sync::Arc;

/// What a tracked file is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// As the index says.
    Unchanged,
    /// Another content or mode: what it would be in the index.
    Changed {
        /// The mode it has now.
        mode: u32,
        /// The blob it would be.
        oid: Oid,
    },
    /// It is not there (or a directory is in its place).
    Deleted,
}

/// The mode the index gives a file.
pub fn mode_of(metadata: &Metadata) -> u32 {
    match metadata.kind {
        FileKind::Symlink => mode::SYMLINK,
        FileKind::Directory => mode::TREE,
        FileKind::File if metadata.is_executable() => mode::EXECUTABLE,
        FileKind::File => mode::FILE,
    }
}

/// The content of a file as its blob holds it: a symbolic link's is its target.
pub fn read_blob(files: &Files, full: &[u8]) -> core::result::Result<Arc<Vec<u8>>, Errno> {
    match files.symlink_metadata(full)?.kind {
        FileKind::Symlink => files.read_link(full).map(Arc::new),
        _ => files.read(full),
    }
}

/// Whether a file's content is another than the entry's blob.
pub fn content_differs(files: &Files, full: &[u8], entry: &Entry) -> bool {
    read_blob(files, full).map_or(true, |content| object_id(Kind::Blob, &content) != entry.oid)
}

/// Compares a tracked file (stage 0) with its entry. Only a file whose times say nothing is read.
pub fn compare(files: &Files, repo: &Repo, index: &Index, entry: &Entry) -> FileState {
    let full = repo.work_path(&entry.path);
    let Ok(metadata) = lstat_no_links(files, repo, &entry.path) else {
        return FileState::Deleted;
    };
    if metadata.is_dir() {
        return if entry.mode == mode::GITLINK {
            FileState::Unchanged
        } else {
            FileState::Deleted
        };
    }
    let mut mode = mode_of(&metadata);
    if !repo.config.bool_or("core.filemode", true) && mode != mode::SYMLINK && entry.mode != mode::SYMLINK {
        mode = entry.mode;
    }
    let stat = Stat::of(&metadata);
    let racy = entry.stat.mtime >= index.timestamp;
    if mode == entry.mode && !racy && stat.same(&entry.stat) && !entry.intent_to_add || entry.assume_valid {
        return FileState::Unchanged;
    }
    let Ok(content) = read_blob(files, &full) else {
        return FileState::Changed { mode, oid: Oid::NULL };
    };
    let oid = object_id(Kind::Blob, &content);
    if oid == entry.oid && mode == entry.mode && !entry.intent_to_add {
        FileState::Unchanged
    } else {
        FileState::Changed { mode, oid }
    }
}

/// `lstat` of a path of the working tree; a path through a symbolic link is not in the tree.
pub fn lstat_no_links(files: &Files, repo: &Repo, name: &[u8]) -> core::result::Result<Metadata, Errno> {
    for (at, byte) in name.iter().enumerate() {
        if *byte == b'/' && files.symlink_metadata(&repo.work_path(&name[..at]))?.is_symlink() {
            return Err(Errno::NotDirectory);
        }
    }
    files.symlink_metadata(&repo.work_path(name))
}

/// The entry a file would have in the index: its blob is written.
pub fn entry_of(files: &mut Files, repo: &Repo, name: &[u8]) -> Result<Entry> {
    let full = repo.work_path(name);
    let metadata = files
        .symlink_metadata(&full)
        .map_err(|errno| Fault::fatal(cat!["unable to stat '", name, "': ", errno.to_string()]))?;
    let content =
        read_blob(files, &full).map_err(|errno| Fault::error(cat!["open(\"", name, "\"): ", errno.to_string()]))?;
    let oid = repo.store.write(files, Kind::Blob, &content)?;
    Ok(Entry {
        path: name.to_vec(),
        mode: mode_of(&metadata),
        oid,
        stat: Stat::of(&metadata),
        ..Entry::default()
    })
}

/// Updates what the index remembers of files that are unchanged but were touched (`git status`, `update-index
/// --refresh`). Whether anything was updated.
pub fn refresh(files: &Files, repo: &Repo, index: &mut Index) -> bool {
    let mut changed = false;
    let snapshot = index.same_age();
    for entry in index.entries_mut() {
        if entry.stage != 0 || entry.mode == mode::GITLINK || entry.intent_to_add {
            continue;
        }
        let Ok(metadata) = lstat_no_links(files, repo, &entry.path) else {
            continue;
        };
        let stat = Stat::of(&metadata);
        if !stat.same(&entry.stat) && compare(files, repo, &snapshot, entry) == FileState::Unchanged {
            entry.stat = stat;
            changed = true;
        }
    }
    changed
}

/// Writes a file of the working tree, making its directories; whatever is in the way is removed. The new stat.
pub fn write_file(files: &mut Files, repo: &Repo, name: &[u8], mode: u32, content: &[u8]) -> Result<Stat> {
    let full = repo.work_path(name);
    for (at, byte) in name.iter().enumerate() {
        let directory = repo.work_path(&name[..at]);
        if *byte == b'/' && files.symlink_metadata(&directory).is_ok_and(|m| !m.is_dir()) {
            files.remove_file(&directory)?;
        }
    }
    match files.symlink_metadata(&full) {
        Ok(metadata) if metadata.is_dir() => remove_empty_tree(files, &full),
        Ok(_) => files.remove_file(&full)?,
        Err(_) => {}
    }
    let failed = |errno: Errno| Fault::error(cat!["unable to create file ", name, ": ", errno.to_string()]);
    files.create_dir_all(path::parent(&full)).map_err(failed)?;
    match mode {
        mode::SYMLINK => files.symlink(content, &full).map_err(failed)?,
        mode::GITLINK => files.create_dir_all(&full).map_err(failed)?,
        _ => {
            files.write(&full, content).map_err(failed)?;
            if mode == mode::EXECUTABLE {
                files.set_mode(&full, 0o755).map_err(failed)?;
            }
        }
    }
    Ok(files
        .symlink_metadata(&full)
        .map(|metadata| Stat::of(&metadata))
        .unwrap_or_default())
}

/// Removes a directory that holds nothing but directories.
fn remove_empty_tree(files: &mut Files, directory: &[u8]) {
    for name in files.read_dir(directory).unwrap_or_default() {
        remove_empty_tree(files, &cat![directory, "/", name]);
    }
    // One that holds files stays; the write that follows reports it.
    let _ = files.remove_dir(directory);
}

/// Removes a file of the working tree, and the directories that this leaves empty (never the current one).
pub fn remove_file(files: &mut Files, repo: &Repo, name: &[u8]) -> core::result::Result<(), Errno> {
    files.remove_file(&repo.work_path(name))?;
    prune_empty(files, repo, name);
    Ok(())
}

/// Removes the directories above a path that are empty.
pub fn prune_empty(files: &mut Files, repo: &Repo, name: &[u8]) {
    let mut directory = path::parent(name).to_vec();
    while !directory.is_empty() {
        let is_current = cat![directory, "/"] == repo.prefix || repo.prefix.starts_with(&cat![directory, "/"]);
        if is_current || files.remove_dir(&repo.work_path(&directory)).is_err() {
            return;
        }
        directory = path::parent(&directory).to_vec();
    }
}

/// Which untracked files are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UntrackedMode {
    /// None (`-uno`).
    No,
    /// A directory without tracked files is one entry that ends with a slash.
    Normal,
    /// Every file.
    All,
}

/// What a look for untracked files found, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Untracked, not ignored.
    pub untracked: Vec<Vec<u8>>,
    /// Untracked and ignored; only gathered when asked for.
    pub ignored: Vec<Vec<u8>>,
}

/// Looks for untracked files. With `ignored` set ignored ones are listed too: as directories where `mode` is `Normal`.
pub fn scan(files: &Files, repo: &Repo, index: &Index, mode: UntrackedMode, ignored: bool) -> Found {
    scan_by(files, repo, index, mode, ignored, Ignore::new(repo, files))
}

/// The same with patterns of one's own.
pub fn scan_by(files: &Files, repo: &Repo, index: &Index, mode: UntrackedMode, ignored: bool, ignore: Ignore) -> Found {
    let mut scan = Scan {
        files,
        repo,
        index,
        mode,
        want_ignored: ignored,
        ignore,
        found: Found::default(),
    };
    if mode != UntrackedMode::No || ignored {
        scan.directory(b"");
    }
    scan.found.untracked.small_sort();
    scan.found.ignored.small_sort();
    scan.found
}

struct Scan<'a> {
    files: &'a Files,
    repo: &'a Repo,
    index: &'a Index,
    mode: UntrackedMode,
    want_ignored: bool,
    ignore: Ignore,
    found: Found,
}

impl Scan<'_> {
    fn directory(&mut self, directory: &[u8]) {
        for name in self.files.read_dir(&self.repo.work_path(directory)).unwrap_or_default() {
            if name == b".git" {
                continue;
            }
            let child = if directory.is_empty() {
                name
            } else {
                cat![directory, "/", name]
            };
            let Ok(metadata) = self.files.symlink_metadata(&self.repo.work_path(&child)) else {
                continue;
            };
            if metadata.is_dir() {
                self.subdirectory(&child);
            } else if !self.index.contains(&child) {
                if self.ignore.is_ignored(self.files, &child, false) {
                    if self.want_ignored {
                        self.found.ignored.push(child);
                    }
                } else if self.mode != UntrackedMode::No {
                    self.found.untracked.push(child);
                }
            }
        }
    }

    fn subdirectory(&mut self, child: &[u8]) {
        if self
            .index
            .get(child, 0)
            .is_some_and(|entry| entry.mode == crate::object::mode::GITLINK)
        {
            return;
        }
        let nested = crate::repo::is_git_dir(self.files, &cat![self.repo.work_path(child), "/.git"]);
        let tracked = !self.index.below(child).is_empty();
        if tracked {
            return self.directory(child);
        }
        let ignored = self.ignore.is_ignored(self.files, child, true);
        if ignored {
            if self.want_ignored {
                self.ignored_directory(child);
            }
            return;
        }
        if nested {
            self.found.untracked.push(cat![child, "/"]);
            return;
        }
        if self.mode == UntrackedMode::All {
            return self.directory(child);
        }
        let before = (self.found.untracked.len(), self.found.ignored.len());
        self.directory(child);
        let has_files = self.found.untracked.len() > before.0;
        if has_files {
            self.found.untracked.truncate(before.0);
            if self.mode == UntrackedMode::Normal {
                self.found.untracked.push(cat![child, "/"]);
            }
        } else if self.found.ignored.len() > before.1 {
            // Nothing but ignored files: the directory itself is listed.
            let only = self.mode == UntrackedMode::Normal;
            if only {
                self.found.ignored.truncate(before.1);
                self.found.ignored.push(cat![child, "/"]);
            }
        }
    }

    fn ignored_directory(&mut self, child: &[u8]) {
        if self.mode != UntrackedMode::All {
            if has_any_file(self.files, &self.repo.work_path(child)) {
                self.found.ignored.push(cat![child, "/"]);
            }
            return;
        }
        for name in self.files.read_dir(&self.repo.work_path(child)).unwrap_or_default() {
            let inner = cat![child, "/", name];
            if self
                .files
                .symlink_metadata(&self.repo.work_path(&inner))
                .is_ok_and(|m| m.is_dir())
            {
                self.ignored_directory(&inner);
            } else {
                self.found.ignored.push(inner);
            }
        }
    }
}

fn has_any_file(files: &Files, directory: &[u8]) -> bool {
    files.read_dir(directory).unwrap_or_default().iter().any(|name| {
        let child = cat![directory, "/", name];
        match files.symlink_metadata(&child) {
            Ok(metadata) if metadata.is_dir() => has_any_file(files, &child),
            Ok(_) => true,
            Err(_) => false,
        }
    })
}
