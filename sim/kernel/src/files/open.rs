//! Open files: reading and writing through a handle.

use super::resolve::Place;
use super::table::Body;
use super::{Errno, FileHandle, Files, OpenOptions, path_under};
use std::sync::Arc;

impl Files {
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
}
