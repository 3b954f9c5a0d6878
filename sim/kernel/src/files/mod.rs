//! Virtual files: directories, modes, hard and symbolic links, times from the machine's clock.
//!
//! Every path given to [`Files`] is absolute (see [`path::join`]). One folder of the host may be mounted through
//! [`HostFiles`]; paths below it go there, and neither `..` nor a symbolic link leads out of it into the host.

mod errno;
mod look;
mod names;
mod open;
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
