//! Names: making, linking, renaming and removing what directories hold.

use super::resolve::Place;
use super::table::Body;
use super::{Errno, Files, path, path_under};
use crate::time::Time;
use std::collections::BTreeMap;

impl Files {
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
}
