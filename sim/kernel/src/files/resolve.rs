//! From a path to the place it names.

use super::table::{Body, Ino};
use super::{Errno, FileKind, Files, path, path_under};

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Inode(Ino),
    /// Below the mounted host folder, relative to it.
    Host(Vec<u8>),
}

/// Symbolic links followed before `ELOOP` (Linux: 40).
const LINKS_MAX: u32 = 40;

impl Files {
    /// The place `path` names. A final symbolic link is followed when `follow` is set or the path ends with a slash.
    pub(super) fn resolve(&self, path: &[u8], follow: bool) -> Result<Place, Errno> {
        if path.is_empty() {
            return Err(Errno::NoEntry);
        }
        let follow = follow || path.ends_with(b"/");
        let mut links_left = LINKS_MAX;
        let place = self.walk(Place::Inode(self.root), path, follow, &mut links_left)?;
        if path.ends_with(b"/") && !self.place_is_dir(&place)? {
            return Err(Errno::NotDirectory);
        }
        Ok(place)
    }

    /// The directory a new name would go to, and the name.
    pub(super) fn resolve_parent(&self, path: &[u8]) -> Result<(Place, Vec<u8>), Errno> {
        let name = path::file_name(path);
        if name.is_empty() {
            return Err(Errno::Exists);
        }
        if name == b"." || name == b".." {
            return Err(Errno::Invalid);
        }
        let parent = path::parent(path);
        let parent = if parent.is_empty() { b"/" } else { parent };
        let place = self.resolve(parent, true)?;
        if !self.place_is_dir(&place)? {
            return Err(Errno::NotDirectory);
        }
        Ok((place, name.to_vec()))
    }

    /// As [`Files::resolve_parent`], but through a dangling final symbolic link (`open(2)` with `O_CREAT`).
    pub(super) fn resolve_parent_following(&self, path: &[u8]) -> Result<(Place, Vec<u8>), Errno> {
        let mut path = path.to_vec();
        for _ in 0..LINKS_MAX {
            match self.read_link(&path) {
                Ok(target) => path = path::join(path::parent(&path), &target),
                Err(_) => return self.resolve_parent(&path),
            }
        }
        Err(Errno::Loop)
    }

    /// The canonical absolute path of something that exists.
    pub(super) fn canonical(&self, path: &[u8]) -> Result<Vec<u8>, Errno> {
        match self.resolve(path, true)? {
            Place::Host(rel) => {
                let (_, at, _) = self.mount.as_ref().ok_or(Errno::NoEntry)?;
                Ok(if rel.is_empty() {
                    at.clone()
                } else {
                    path::join(at, &rel)
                })
            }
            Place::Inode(ino) => {
                if let Body::Directory { .. } = self.inode(ino)?.body {
                    return self.directory_path(ino);
                }
                // A file may have several names: resolve the directory, then this name's own last link.
                let mut current = path.to_vec();
                for _ in 0..LINKS_MAX {
                    let Ok(target) = self.read_link(&current) else { break };
                    current = path::join(path::parent(&current), &target);
                }
                let parent = path::parent(&current);
                let Place::Inode(directory) = self.resolve(if parent.is_empty() { b"/" } else { parent }, true)? else {
                    return Err(Errno::NoEntry);
                };
                Ok(path::join(&self.directory_path(directory)?, path::file_name(&current)))
            }
        }
    }

    /// Whether directory `inner` is `outer` or lies below it.
    pub(super) fn is_within(&self, mut inner: Ino, outer: Ino) -> Result<bool, Errno> {
        loop {
            if inner == outer {
                return Ok(true);
            }
            let Body::Directory { parent, .. } = self.inode(inner)?.body else {
                return Err(Errno::NotDirectory);
            };
            if parent == inner {
                return Ok(false);
            }
            inner = parent;
        }
    }

    fn directory_path(&self, mut ino: Ino) -> Result<Vec<u8>, Errno> {
        let mut names: Vec<&[u8]> = Vec::new();
        while ino != self.root {
            let Body::Directory { parent, .. } = &self.inode(ino)?.body else {
                return Err(Errno::NotDirectory);
            };
            let Body::Directory { entries, .. } = &self.inode(*parent)?.body else {
                return Err(Errno::NotDirectory);
            };
            let name = entries
                .iter()
                .find(|(_, child)| **child == ino)
                .map(|(name, _)| name.as_slice());
            // A directory that was removed while it was somebody's current directory has no path.
            names.push(name.ok_or(Errno::NoEntry)?);
            ino = *parent;
        }
        let mut out = Vec::new();
        for name in names.iter().rev() {
            out.push(b'/');
            out.extend_from_slice(name);
        }
        if out.is_empty() {
            out.push(b'/');
        }
        Ok(out)
    }

    fn place_is_dir(&self, place: &Place) -> Result<bool, Errno> {
        match place {
            Place::Inode(ino) => Ok(matches!(self.inode(*ino)?.body, Body::Directory { .. })),
            Place::Host(rel) => Ok(self.host()?.metadata(rel)?.is_dir()),
        }
    }

    fn walk(&self, start: Place, path: &[u8], follow: bool, links_left: &mut u32) -> Result<Place, Errno> {
        let mut place = if path.starts_with(b"/") {
            self.enter(self.root)
        } else {
            start
        };
        let parts: Vec<&[u8]> = path::components(path).collect();
        for (at, part) in parts.iter().enumerate() {
            if part.len() > 255 {
                return Err(Errno::NameTooLong);
            }
            let last = at + 1 == parts.len();
            let directory = place.clone();
            place = self.child(&place, part)?;
            if last && !follow {
                break;
            }
            if let Some(target) = self.link_target(&place)? {
                if *links_left == 0 {
                    return Err(Errno::Loop);
                }
                *links_left -= 1;
                place = self.walk(directory, &target, true, links_left)?;
            }
        }
        Ok(place)
    }

    fn link_target(&self, place: &Place) -> Result<Option<Vec<u8>>, Errno> {
        match place {
            Place::Inode(ino) => match &self.inode(*ino)?.body {
                Body::Symlink(target) => Ok(Some(target.clone())),
                _ => Ok(None),
            },
            Place::Host(rel) => {
                let host = self.host()?;
                match host.metadata(rel)?.kind {
                    FileKind::Symlink => host.read_link(rel).map(Some),
                    _ => Ok(None),
                }
            }
        }
    }

    /// A mounted directory is entered as the host folder.
    fn enter(&self, ino: Ino) -> Place {
        match &self.mount {
            Some((at, _, _)) if *at == ino => Place::Host(Vec::new()),
            _ => Place::Inode(ino),
        }
    }

    fn child(&self, place: &Place, name: &[u8]) -> Result<Place, Errno> {
        match place {
            Place::Inode(ino) => {
                let Body::Directory { entries, parent } = &self.inode(*ino)?.body else {
                    return Err(Errno::NotDirectory);
                };
                self.require(*ino, 0o100)?;
                match name {
                    b"." => Ok(place.clone()),
                    b".." => Ok(self.enter(*parent)),
                    name => entries.get(name).map(|child| self.enter(*child)).ok_or(Errno::NoEntry),
                }
            }
            Place::Host(rel) => {
                if !self.place_is_dir(place)? {
                    return Err(Errno::NotDirectory);
                }
                match name {
                    b"." => Ok(place.clone()),
                    b".." if rel.is_empty() => {
                        let (at, _, _) = self.mount.as_ref().ok_or(Errno::NoEntry)?;
                        let Body::Directory { parent, .. } = self.inode(*at)?.body else {
                            return Err(Errno::NotDirectory);
                        };
                        Ok(self.enter(parent))
                    }
                    b".." => {
                        let up = path::parent(rel);
                        Ok(Place::Host(up.to_vec()))
                    }
                    name => {
                        let child = path_under(rel, name);
                        self.host()?.metadata(&child)?;
                        Ok(Place::Host(child))
                    }
                }
            }
        }
    }
}
