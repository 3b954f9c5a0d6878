//! Virtual files: directories, modes, hard and symbolic links, times from the machine's clock.
//!
//! Every path given to [`Files`] is absolute (see [`path::join`]). One folder of the host may be mounted through
//! [`HostFiles`]; paths below it go there, and neither `..` nor a symbolic link leads out of it into the host.

mod errno;
pub mod path;
mod resolve;
mod table;
#[cfg(test)]
mod tests;

use crate::digest::Digest;
use crate::limits::Limits;
use crate::time::Time;
pub use errno::Errno;
use resolve::Place;
use std::collections::BTreeMap;
use std::sync::Arc;
use table::{Body, Ino, Inode, Table};

/// What a directory entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
}

/// What `stat(2)` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// File, directory or symbolic link.
    pub kind: FileKind,
    /// Permission bits (`0o7777` at most).
    pub mode: u32,
    /// Bytes; for a symbolic link the length of its target.
    pub size: u64,
    /// Last change of the content.
    pub mtime: Time,
    /// Last change of content or metadata.
    pub ctime: Time,
    /// Inode number.
    pub ino: u64,
    /// Hard links.
    pub nlink: u32,
}

impl Metadata {
    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.kind == FileKind::Directory
    }
    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.kind == FileKind::File
    }
    /// Whether it is a symbolic link.
    pub fn is_symlink(&self) -> bool {
        self.kind == FileKind::Symlink
    }
    /// Whether the owner may execute it.
    pub fn is_executable(&self) -> bool {
        self.mode & 0o100 != 0
    }
}

/// A folder of the host, for `--root`. Paths are relative to it, without `.`, `..` or a leading slash; the empty path
/// is the folder itself. An implementation must not follow symbolic links: the kernel resolves them itself.
pub trait HostFiles: Send + Sync {
    /// `lstat(2)`.
    fn metadata(&self, path: &[u8]) -> Result<Metadata, Errno>;
    /// The whole content of a regular file.
    fn read(&self, path: &[u8]) -> Result<Vec<u8>, Errno>;
    /// Replaces the whole content, creating the file with `mode` if it is not there.
    fn write(&self, path: &[u8], content: &[u8], mode: u32) -> Result<(), Errno>;
    /// The names in a directory.
    fn read_dir(&self, path: &[u8]) -> Result<Vec<Vec<u8>>, Errno>;
    /// `mkdir(2)`.
    fn create_dir(&self, path: &[u8], mode: u32) -> Result<(), Errno>;
    /// `unlink(2)`.
    fn remove_file(&self, path: &[u8]) -> Result<(), Errno>;
    /// `rmdir(2)`.
    fn remove_dir(&self, path: &[u8]) -> Result<(), Errno>;
    /// `rename(2)`.
    fn rename(&self, from: &[u8], to: &[u8]) -> Result<(), Errno>;
    /// `symlink(2)`.
    fn symlink(&self, target: &[u8], path: &[u8]) -> Result<(), Errno>;
    /// `readlink(2)`.
    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, Errno>;
    /// `link(2)`.
    fn hard_link(&self, existing: &[u8], path: &[u8]) -> Result<(), Errno>;
    /// `chmod(2)`.
    fn set_mode(&self, path: &[u8], mode: u32) -> Result<(), Errno>;
    /// Sets the modification time.
    fn set_mtime(&self, path: &[u8], mtime: Time) -> Result<(), Errno>;
}

/// An open file: what a descriptor points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileHandle {
    /// An inode of the virtual files; it lives until the last handle is closed.
    Inode(u64),
    /// A file below the mounted host folder, by its path there.
    Host(Arc<[u8]>),
}

/// How to open a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenOptions {
    /// May be read.
    pub read: bool,
    /// May be written.
    pub write: bool,
    /// Created when it is not there.
    pub create: bool,
    /// Fails when it is there (`set -C`, lock files).
    pub exclusive: bool,
    /// Emptied.
    pub truncate: bool,
}

/// The files of one machine.
#[derive(Clone)]
pub struct Files {
    table: Table,
    root: Ino,
    bytes_used: u64,
    now: Time,
    superuser: bool,
    limits: Limits,
    mount: Option<(Ino, Vec<u8>, Arc<dyn HostFiles>)>,
}

impl core::fmt::Debug for Files {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Files")
            .field("inodes", &self.table.live_count)
            .field("bytes", &self.bytes_used)
            .finish_non_exhaustive()
    }
}

impl Files {
    /// An empty root directory.
    pub fn new(now: Time, limits: Limits) -> Self {
        let mut table = Table::default();
        let root = table.insert(Inode {
            body: Body::Directory {
                entries: BTreeMap::new(),
                parent: 0,
            },
            mode: 0o755,
            mtime: now,
            ctime: now,
            nlink: 2,
            opens: 0,
        });
        Self {
            table,
            root,
            bytes_used: 0,
            now,
            superuser: false,
            limits,
            mount: None,
        }
    }

    /// Sets the time that changes are stamped with.
    pub fn set_now(&mut self, now: Time) {
        self.now = now;
    }

    /// The time changes are stamped with.
    pub fn now(&self) -> Time {
        self.now
    }

    /// A superuser is never refused by permission bits (as root, which the oracles often run as).
    pub fn set_superuser(&mut self, superuser: bool) {
        self.superuser = superuser;
    }

    /// Bytes in all files.
    pub fn bytes_used(&self) -> u64 {
        self.bytes_used
    }

    /// Mounts a host folder at the absolute path `at`, creating the directories that lead there.
    pub fn mount(&mut self, at: &[u8], host: Arc<dyn HostFiles>) -> Result<(), Errno> {
        self.create_dir_all(at)?;
        let Place::Inode(ino) = self.resolve(at, true)? else {
            return Err(Errno::Invalid);
        };
        self.mount = Some((ino, path::normalize(at), host));
        Ok(())
    }

    /// Whether a host folder is mounted (undo is off then).
    pub fn has_mount(&self) -> bool {
        self.mount.is_some()
    }

    // ---- looking ----

    /// `lstat(2)`: does not follow a final symbolic link.
    pub fn symlink_metadata(&self, path: &[u8]) -> Result<Metadata, Errno> {
        self.metadata_of(&self.resolve(path, false)?)
    }

    /// `stat(2)`.
    pub fn metadata(&self, path: &[u8]) -> Result<Metadata, Errno> {
        self.metadata_of(&self.resolve(path, true)?)
    }

    /// Whether the path leads to something.
    pub fn exists(&self, path: &[u8]) -> bool {
        self.metadata(path).is_ok()
    }

    /// Whether the path leads to a directory.
    pub fn is_dir(&self, path: &[u8]) -> bool {
        self.metadata(path).is_ok_and(|m| m.is_dir())
    }

    /// Whether the path leads to a regular file.
    pub fn is_file(&self, path: &[u8]) -> bool {
        self.metadata(path).is_ok_and(|m| m.is_file())
    }

    /// The names in a directory, sorted by bytes, without `.` and `..`.
    pub fn read_dir(&self, path: &[u8]) -> Result<Vec<Vec<u8>>, Errno> {
        match self.resolve(path, true)? {
            Place::Inode(ino) => match &self.inode(ino)?.body {
                Body::Directory { entries, .. } => {
                    self.require(ino, 0o400)?;
                    Ok(entries.keys().cloned().collect())
                }
                _ => Err(Errno::NotDirectory),
            },
            Place::Host(rel) => {
                let mut names = self.host()?.read_dir(&rel)?;
                names.sort();
                Ok(names)
            }
        }
    }

    /// The target of a symbolic link.
    pub fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, Errno> {
        match self.resolve(path, false)? {
            Place::Inode(ino) => match &self.inode(ino)?.body {
                Body::Symlink(target) => Ok(target.clone()),
                _ => Err(Errno::Invalid),
            },
            Place::Host(rel) => self.host()?.read_link(&rel),
        }
    }

    /// The whole content of a file.
    pub fn read(&self, path: &[u8]) -> Result<Arc<Vec<u8>>, Errno> {
        match self.resolve(path, true)? {
            Place::Inode(ino) => {
                let content = match &self.inode(ino)?.body {
                    Body::File(content) => Arc::clone(content),
                    Body::Directory { .. } => return Err(Errno::IsDirectory),
                    Body::Symlink(_) => return Err(Errno::Loop),
                };
                self.require(ino, 0o400)?;
                Ok(content)
            }
            Place::Host(rel) => {
                if self.host()?.metadata(&rel)?.is_dir() {
                    return Err(Errno::IsDirectory);
                }
                self.host()?.read(&rel).map(Arc::new)
            }
        }
    }

    /// The path without symbolic links, `.` or `..` (`realpath(3)`); the last component must exist.
    pub fn canonicalize(&self, path: &[u8]) -> Result<Vec<u8>, Errno> {
        self.canonical(path)
    }

    // ---- changing ----

    /// Replaces the whole content; creates the file (mode `0o644`) if it is not there.
    pub fn write(&mut self, path: &[u8], content: impl Into<Vec<u8>>) -> Result<(), Errno> {
        let options = OpenOptions {
            write: true,
            create: true,
            truncate: true,
            ..OpenOptions::default()
        };
        let handle = self.open(path, options, 0o644)?;
        let result = self.replace(&handle, content.into());
        self.close(&handle);
        result
    }

    /// `open(2)`. The handle must be given back to [`Files::close`].
    pub fn open(&mut self, path: &[u8], options: OpenOptions, mode: u32) -> Result<FileHandle, Errno> {
        let place = match self.resolve(path, true) {
            Ok(place) => {
                if options.create && options.exclusive {
                    return Err(Errno::Exists);
                }
                place
            }
            Err(Errno::NoEntry) if options.create => {
                if path.ends_with(b"/") {
                    return Err(Errno::IsDirectory);
                }
                let (parent, name) = self.resolve_parent_following(path)?;
                return self.create_in(parent, &name, mode);
            }
            Err(error) => return Err(error),
        };
        let metadata = self.metadata_of(&place)?;
        if metadata.is_dir() && options.write {
            return Err(Errno::IsDirectory);
        }
        match place {
            Place::Inode(ino) => {
                if options.read {
                    self.require(ino, 0o400)?;
                }
                if options.write {
                    self.require(ino, 0o200)?;
                }
                self.inode_mut(ino)?.opens += 1;
                let handle = FileHandle::Inode(ino);
                if options.truncate {
                    self.replace(&handle, Vec::new())?;
                }
                Ok(handle)
            }
            Place::Host(rel) => {
                if options.truncate {
                    self.host()?.write(&rel, b"", metadata.mode)?;
                }
                Ok(FileHandle::Host(rel.into()))
            }
        }
    }

    fn create_in(&mut self, parent: Place, name: &[u8], mode: u32) -> Result<FileHandle, Errno> {
        match parent {
            Place::Inode(directory) => {
                let ino = self.add_entry(directory, name, Body::File(Arc::default()), mode)?;
                self.inode_mut(ino)?.opens += 1;
                Ok(FileHandle::Inode(ino))
            }
            Place::Host(rel) => {
                let rel = path_under(&rel, name);
                self.host()?.write(&rel, b"", mode)?;
                Ok(FileHandle::Host(rel.into()))
            }
        }
    }

    /// Takes one more reference on an open file (`dup(2)` keeps one description; a second description needs this).
    pub fn close(&mut self, handle: &FileHandle) {
        if let FileHandle::Inode(ino) = handle {
            if let Ok(inode) = self.inode_mut(*ino) {
                inode.opens = inode.opens.saturating_sub(1);
            }
            self.collect(*ino);
        }
    }

    /// Up to `len` bytes from `offset`; fewer at the end of the file.
    pub fn read_at(&self, handle: &FileHandle, offset: u64, len: usize) -> Result<Vec<u8>, Errno> {
        let slice = |content: &[u8]| {
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
            content[start..content.len().min(start.saturating_add(len))].to_vec()
        };
        match handle {
            FileHandle::Inode(ino) => match &self.inode(*ino)?.body {
                Body::File(content) => Ok(slice(content)),
                Body::Directory { .. } => Err(Errno::IsDirectory),
                Body::Symlink(_) => Err(Errno::Invalid),
            },
            FileHandle::Host(rel) => {
                if self.host()?.metadata(rel)?.is_dir() {
                    return Err(Errno::IsDirectory);
                }
                Ok(slice(&self.host()?.read(rel)?))
            }
        }
    }

    /// Writes `bytes` at `offset`, filling a gap with zeros.
    pub fn write_at(&mut self, handle: &FileHandle, offset: u64, bytes: &[u8]) -> Result<(), Errno> {
        let end = offset.saturating_add(bytes.len() as u64);
        match handle {
            FileHandle::Inode(ino) => {
                let old_len = self.len(handle)?;
                self.charge(old_len, old_len.max(end))?;
                let now = self.now;
                let inode = self.inode_mut(*ino)?;
                let Body::File(content) = &mut inode.body else {
                    return Err(Errno::Invalid);
                };
                let content = Arc::make_mut(content);
                if content.len() < end as usize {
                    content.resize(end as usize, 0);
                }
                content[offset as usize..end as usize].copy_from_slice(bytes);
                inode.mtime = now;
                inode.ctime = now;
                Ok(())
            }
            FileHandle::Host(rel) => {
                let host = self.host()?;
                let mut content = host.read(rel)?;
                if end > self.limits.file_bytes_max {
                    return Err(Errno::TooLarge);
                }
                if content.len() < end as usize {
                    content.resize(end as usize, 0);
                }
                content[offset as usize..end as usize].copy_from_slice(bytes);
                host.write(rel, &content, 0o644)
            }
        }
    }

    /// Replaces the whole content of an open file.
    pub fn replace(&mut self, handle: &FileHandle, content: Vec<u8>) -> Result<(), Errno> {
        match handle {
            FileHandle::Inode(ino) => {
                let old_len = self.len(handle)?;
                self.charge(old_len, content.len() as u64)?;
                let now = self.now;
                let inode = self.inode_mut(*ino)?;
                inode.body = Body::File(Arc::new(content));
                inode.mtime = now;
                inode.ctime = now;
                Ok(())
            }
            FileHandle::Host(rel) => self.host()?.write(rel, &content, 0o644),
        }
    }

    /// The length of an open file in bytes.
    pub fn len(&self, handle: &FileHandle) -> Result<u64, Errno> {
        match handle {
            FileHandle::Inode(ino) => match &self.inode(*ino)?.body {
                Body::File(content) => Ok(content.len() as u64),
                Body::Directory { .. } => Err(Errno::IsDirectory),
                Body::Symlink(_) => Err(Errno::Invalid),
            },
            FileHandle::Host(rel) => Ok(self.host()?.metadata(rel)?.size),
        }
    }

    /// `mkdir(2)` with the mode given.
    pub fn create_dir(&mut self, path: &[u8], mode: u32) -> Result<(), Errno> {
        if self.resolve(path, false).is_ok() {
            return Err(Errno::Exists);
        }
        let (parent, name) = self.resolve_parent(path)?;
        match parent {
            Place::Inode(directory) => {
                let body = Body::Directory {
                    entries: BTreeMap::new(),
                    parent: directory,
                };
                self.add_entry(directory, &name, body, mode).map(|_| ())
            }
            Place::Host(rel) => self.host()?.create_dir(&path_under(&rel, &name), mode),
        }
    }

    /// `mkdir -p`, mode `0o755`.
    pub fn create_dir_all(&mut self, path: &[u8]) -> Result<(), Errno> {
        let mut prefix = Vec::new();
        for part in path::components(path) {
            prefix.push(b'/');
            prefix.extend_from_slice(part);
            match self.create_dir(&prefix, 0o755) {
                Ok(()) => {}
                Err(Errno::Exists) if self.is_dir(&prefix) => {}
                Err(Errno::Exists) => return Err(Errno::NotDirectory),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// `symlink(2)`.
    pub fn symlink(&mut self, target: &[u8], path: &[u8]) -> Result<(), Errno> {
        if self.resolve(path, false).is_ok() {
            return Err(Errno::Exists);
        }
        let (parent, name) = self.resolve_parent(path)?;
        match parent {
            Place::Inode(directory) => self
                .add_entry(directory, &name, Body::Symlink(target.to_vec()), 0o777)
                .map(|_| ()),
            Place::Host(rel) => self.host()?.symlink(target, &path_under(&rel, &name)),
        }
    }

    /// `link(2)`: a second name for a file.
    pub fn hard_link(&mut self, existing: &[u8], path: &[u8]) -> Result<(), Errno> {
        let place = self.resolve(existing, false)?;
        if self.resolve(path, false).is_ok() {
            return Err(Errno::Exists);
        }
        match (place, self.resolve_parent(path)?) {
            (Place::Inode(ino), (Place::Inode(directory), name)) => {
                if matches!(self.inode(ino)?.body, Body::Directory { .. }) {
                    return Err(Errno::NotPermitted);
                }
                self.require(directory, 0o200)?;
                self.insert_name(directory, &name, ino)?;
                self.inode_mut(ino)?.nlink += 1;
                Ok(())
            }
            (Place::Host(from), (Place::Host(rel), name)) => self.host()?.hard_link(&from, &path_under(&rel, &name)),
            _ => Err(Errno::CrossDevice),
        }
    }

    /// `unlink(2)`: removes a file or a symbolic link.
    pub fn remove_file(&mut self, path: &[u8]) -> Result<(), Errno> {
        match self.resolve(path, false)? {
            Place::Inode(ino) => {
                if matches!(self.inode(ino)?.body, Body::Directory { .. }) {
                    return Err(Errno::IsDirectory);
                }
                if path.ends_with(b"/") {
                    return Err(Errno::NotDirectory);
                }
                let (parent, name) = self.resolve_parent(path)?;
                let Place::Inode(directory) = parent else {
                    return Err(Errno::Invalid);
                };
                self.require(directory, 0o200)?;
                self.remove_name(directory, &name)?;
                let inode = self.inode_mut(ino)?;
                inode.nlink = inode.nlink.saturating_sub(1);
                self.collect(ino);
                Ok(())
            }
            Place::Host(rel) => self.host()?.remove_file(&rel),
        }
    }

    /// `rmdir(2)`: removes an empty directory.
    pub fn remove_dir(&mut self, path: &[u8]) -> Result<(), Errno> {
        match self.resolve(path, false)? {
            Place::Inode(ino) => {
                match &self.inode(ino)?.body {
                    Body::Directory { entries, .. } if !entries.is_empty() => return Err(Errno::NotEmpty),
                    Body::Directory { .. } => {}
                    _ => return Err(Errno::NotDirectory),
                }
                if ino == self.root || self.mount.as_ref().is_some_and(|m| m.0 == ino) {
                    return Err(Errno::NotPermitted);
                }
                if path::file_name(path) == b"." {
                    return Err(Errno::Invalid);
                }
                let (parent, name) = self.resolve_parent(path)?;
                let Place::Inode(directory) = parent else {
                    return Err(Errno::Invalid);
                };
                self.require(directory, 0o200)?;
                self.remove_name(directory, &name)?;
                self.inode_mut(ino)?.nlink = 0;
                self.collect(ino);
                Ok(())
            }
            Place::Host(rel) if rel.is_empty() => Err(Errno::NotPermitted),
            Place::Host(rel) => self.host()?.remove_dir(&rel),
        }
    }

    /// Removes a file or a whole directory tree; a missing path is not an error.
    pub fn remove_all(&mut self, path: &[u8]) -> Result<(), Errno> {
        match self.symlink_metadata(path) {
            Err(Errno::NoEntry) => Ok(()),
            Err(error) => Err(error),
            Ok(metadata) if metadata.is_dir() => {
                for name in self.read_dir(path)? {
                    self.remove_all(&path::join(path, &name))?;
                }
                self.remove_dir(path)
            }
            Ok(_) => self.remove_file(path),
        }
    }

    /// `rename(2)`: an existing target file, or empty target directory, is replaced.
    pub fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), Errno> {
        let source = self.resolve(from, false)?;
        let (to_parent, to_name) = self.resolve_parent(to)?;
        let (from_ino, to_directory) = match (source, to_parent) {
            (Place::Host(a), Place::Host(b)) => return self.host()?.rename(&a, &path_under(&b, &to_name)),
            (Place::Inode(a), Place::Inode(b)) => (a, b),
            _ => return Err(Errno::CrossDevice),
        };
        let (Place::Inode(from_directory), from_name) = self.resolve_parent(from)? else {
            return Err(Errno::CrossDevice);
        };
        let from_is_dir = matches!(self.inode(from_ino)?.body, Body::Directory { .. });
        self.require(from_directory, 0o200)?;
        self.require(to_directory, 0o200)?;
        if from_is_dir && self.is_within(to_directory, from_ino)? {
            return Err(Errno::Invalid);
        }
        if let Ok(Place::Inode(old)) = self.resolve(to, false) {
            if old == from_ino {
                return Ok(());
            }
            match &self.inode(old)?.body {
                Body::Directory { entries, .. } => {
                    if !from_is_dir {
                        return Err(Errno::IsDirectory);
                    }
                    if !entries.is_empty() {
                        return Err(Errno::NotEmpty);
                    }
                    self.inode_mut(old)?.nlink = 0;
                }
                _ if from_is_dir => return Err(Errno::NotDirectory),
                _ => {
                    let inode = self.inode_mut(old)?;
                    inode.nlink = inode.nlink.saturating_sub(1);
                }
            }
            self.remove_name(to_directory, &to_name)?;
            self.collect(old);
        }
        self.remove_name(from_directory, &from_name)?;
        self.insert_name(to_directory, &to_name, from_ino)?;
        let now = self.now;
        let inode = self.inode_mut(from_ino)?;
        inode.ctime = now;
        if let Body::Directory { parent, .. } = &mut inode.body {
            *parent = to_directory;
        }
        Ok(())
    }

    /// `chmod(2)`; follows a final symbolic link.
    pub fn set_mode(&mut self, path: &[u8], mode: u32) -> Result<(), Errno> {
        match self.resolve(path, true)? {
            Place::Inode(ino) => {
                let now = self.now;
                let inode = self.inode_mut(ino)?;
                inode.mode = mode & 0o7777;
                inode.ctime = now;
                Ok(())
            }
            Place::Host(rel) => self.host()?.set_mode(&rel, mode & 0o7777),
        }
    }

    /// Sets the modification time; follows a final symbolic link.
    pub fn set_mtime(&mut self, path: &[u8], mtime: Time) -> Result<(), Errno> {
        match self.resolve(path, true)? {
            Place::Inode(ino) => {
                let now = self.now;
                let inode = self.inode_mut(ino)?;
                inode.mtime = mtime;
                inode.ctime = now;
                Ok(())
            }
            Place::Host(rel) => self.host()?.set_mtime(&rel, mtime),
        }
    }

    /// Adds every virtual file to a digest (a mounted host folder is not part of it).
    pub fn digest(&self, into: &mut Digest) {
        self.digest_inode(self.root, into);
    }

    fn digest_inode(&self, ino: Ino, into: &mut Digest) {
        let Some(inode) = self.table.get(ino) else { return };
        into.u64(u64::from(inode.mode));
        into.i64(inode.mtime.0);
        into.u64(u64::from(inode.nlink));
        match &inode.body {
            Body::File(content) => {
                into.u64(0);
                into.bytes(content);
            }
            Body::Symlink(target) => {
                into.u64(1);
                into.bytes(target);
            }
            Body::Directory { entries, .. } => {
                into.u64(2);
                into.u64(entries.len() as u64);
                for (name, child) in entries {
                    into.bytes(name);
                    self.digest_inode(*child, into);
                }
            }
        }
    }

    // ---- inside ----

    fn inode(&self, ino: Ino) -> Result<&Inode, Errno> {
        self.table.get(ino).ok_or(Errno::BadDescriptor)
    }

    fn inode_mut(&mut self, ino: Ino) -> Result<&mut Inode, Errno> {
        self.table.get_mut(ino).ok_or(Errno::BadDescriptor)
    }

    fn host(&self) -> Result<&Arc<dyn HostFiles>, Errno> {
        self.mount.as_ref().map(|(_, _, host)| host).ok_or(Errno::NoEntry)
    }

    fn require(&self, ino: Ino, owner_bits: u32) -> Result<(), Errno> {
        if self.superuser || self.inode(ino)?.mode & owner_bits == owner_bits {
            Ok(())
        } else {
            Err(Errno::Access)
        }
    }

    fn metadata_of(&self, place: &Place) -> Result<Metadata, Errno> {
        let ino = match place {
            Place::Host(rel) => return self.host()?.metadata(rel),
            Place::Inode(ino) => *ino,
        };
        let inode = self.inode(ino)?;
        let (kind, size) = match &inode.body {
            Body::File(content) => (FileKind::File, content.len() as u64),
            Body::Directory { .. } => (FileKind::Directory, 4096),
            Body::Symlink(target) => (FileKind::Symlink, target.len() as u64),
        };
        let (mode, mtime, ctime) = (inode.mode, inode.mtime, inode.ctime);
        let nlink = match &inode.body {
            // As ext4 counts: `.`, the name, and `..` of each directory inside.
            Body::Directory { entries, .. } => {
                let is_dir = |child: &&Ino| {
                    self.table
                        .get(**child)
                        .is_some_and(|c| matches!(c.body, Body::Directory { .. }))
                };
                2 + entries.values().filter(is_dir).count() as u32
            }
            _ => inode.nlink,
        };
        Ok(Metadata {
            kind,
            mode,
            size,
            mtime,
            ctime,
            ino: ino + 2,
            nlink,
        })
    }

    fn add_entry(&mut self, directory: Ino, name: &[u8], body: Body, mode: u32) -> Result<Ino, Errno> {
        self.require(directory, 0o200)?;
        if self.table.live_count >= self.limits.inodes_max {
            return Err(Errno::NoSpace);
        }
        let now = self.now;
        let ino = self.table.insert(Inode {
            body,
            mode: mode & 0o7777,
            mtime: now,
            ctime: now,
            nlink: 1,
            opens: 0,
        });
        match self.insert_name(directory, name, ino) {
            Ok(()) => Ok(ino),
            Err(error) => {
                self.table.remove(ino);
                Err(error)
            }
        }
    }

    fn insert_name(&mut self, directory: Ino, name: &[u8], ino: Ino) -> Result<(), Errno> {
        if name.len() > 255 {
            return Err(Errno::NameTooLong);
        }
        let now = self.now;
        let inode = self.inode_mut(directory)?;
        let Body::Directory { entries, .. } = &mut inode.body else {
            return Err(Errno::NotDirectory);
        };
        entries.insert(name.to_vec(), ino);
        inode.mtime = now;
        inode.ctime = now;
        Ok(())
    }

    fn remove_name(&mut self, directory: Ino, name: &[u8]) -> Result<(), Errno> {
        let now = self.now;
        let inode = self.inode_mut(directory)?;
        let Body::Directory { entries, .. } = &mut inode.body else {
            return Err(Errno::NotDirectory);
        };
        entries.remove(name).ok_or(Errno::NoEntry)?;
        inode.mtime = now;
        inode.ctime = now;
        Ok(())
    }

    fn charge(&mut self, old_len: u64, new_len: u64) -> Result<(), Errno> {
        if new_len > self.limits.file_bytes_max {
            return Err(Errno::TooLarge);
        }
        let used = self.bytes_used - old_len + new_len;
        if used > self.limits.files_bytes_max && new_len > old_len {
            return Err(Errno::NoSpace);
        }
        self.bytes_used = used;
        Ok(())
    }

    /// Frees an inode nothing names or holds open any more.
    fn collect(&mut self, ino: Ino) {
        let unused = self
            .table
            .get(ino)
            .is_some_and(|inode| inode.nlink == 0 && inode.opens == 0);
        if unused
            && let Some(inode) = self.table.remove(ino)
            && let Body::File(content) = &inode.body
        {
            self.bytes_used -= content.len() as u64;
        }
    }
}

fn path_under(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() {
        return name.to_vec();
    }
    let mut joined = directory.to_vec();
    joined.push(b'/');
    joined.extend_from_slice(name);
    joined
}
