//! Looking at files: `stat`, listing, reading whole files.

use super::resolve::Place;
use super::table::Body;
use super::{Errno, Files, Metadata};
use crate::sort::SmallSort;
use std::sync::Arc;

impl Files {
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
                names.small_sort();
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
}
