//! The inode table: a persistent array, so that a snapshot costs a few pointers.

use crate::time::Time;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Inodes a chunk of the table holds.
const CHUNK_LEN: usize = 64;

/// Number of an inode; never reused.
pub(crate) type Ino = u64;

/// What an inode is.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    File(Arc<Vec<u8>>),
    Directory {
        entries: BTreeMap<Vec<u8>, Ino>,
        parent: Ino,
    },
    Symlink(Vec<u8>),
}

/// One file, directory or symbolic link.
#[derive(Clone, Debug)]
pub(crate) struct Inode {
    pub body: Body,
    pub mode: u32,
    pub mtime: Time,
    pub ctime: Time,
    /// Directory entries that name it.
    pub nlink: u32,
    /// Open descriptions that hold it.
    pub opens: u32,
}

/// Chunks are shared between snapshots and copied on the first write after one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    chunks: Vec<Arc<Vec<Option<Arc<Inode>>>>>,
    next: Ino,
    pub live_count: u64,
}

impl Table {
    pub fn get(&self, ino: Ino) -> Option<&Inode> {
        self.chunks
            .get(ino as usize / CHUNK_LEN)?
            .get(ino as usize % CHUNK_LEN)?
            .as_deref()
    }

    pub fn get_mut(&mut self, ino: Ino) -> Option<&mut Inode> {
        let chunk = self.chunks.get_mut(ino as usize / CHUNK_LEN)?;
        let slot = Arc::make_mut(chunk).get_mut(ino as usize % CHUNK_LEN)?;
        slot.as_mut().map(Arc::make_mut)
    }

    pub fn insert(&mut self, inode: Inode) -> Ino {
        let ino = self.next;
        self.next += 1;
        if ino as usize / CHUNK_LEN == self.chunks.len() {
            self.chunks.push(Arc::new(vec![None; CHUNK_LEN]));
        }
        let chunk = self
            .chunks
            .last_mut()
            .expect("a chunk was pushed when the last was full");
        Arc::make_mut(chunk)[ino as usize % CHUNK_LEN] = Some(Arc::new(inode));
        self.live_count += 1;
        ino
    }

    pub fn remove(&mut self, ino: Ino) -> Option<Arc<Inode>> {
        let chunk = self.chunks.get_mut(ino as usize / CHUNK_LEN)?;
        let taken = Arc::make_mut(chunk).get_mut(ino as usize % CHUNK_LEN)?.take();
        if taken.is_some() {
            self.live_count -= 1;
        }
        taken
    }
}
