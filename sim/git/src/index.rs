//! The index: `.git/index`, versions 2 to 4 read, 2 (3 where a flag needs it) written.

use crate::cat;
use crate::fault::{Fault, Result};
use crate::object::{TreeEntry, mode, write_tree};
use crate::oid::Oid;
use crate::store::Store;
use essaim_kernel::SmallSort;
use essaim_kernel::{Files, Metadata, Time};

/// What the index remembers of a file, to see quickly that it has not changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Seconds and nanoseconds of the last change of content or metadata.
    pub ctime: (u32, u32),
    /// Seconds and nanoseconds of the last change of content.
    pub mtime: (u32, u32),
    /// Device.
    pub dev: u32,
    /// Inode.
    pub ino: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes.
    pub size: u32,
}

impl Stat {
    /// What `lstat(2)` says of a file.
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            ctime: time(metadata.ctime),
            mtime: time(metadata.mtime),
            ino: metadata.ino as u32,
            size: metadata.size as u32,
            ..Self::default()
        }
    }

    /// Whether everything that can be known here is the same.
    pub fn same(&self, other: &Self) -> bool {
        (self.ctime, self.mtime, self.ino, self.size) == (other.ctime, other.mtime, other.ino, other.size)
    }
}

fn time(time: Time) -> (u32, u32) {
    (time.secs() as u32, time.subsec_nanos())
}

/// One path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// From the top of the working tree, without a leading slash.
    pub path: Vec<u8>,
    /// See [`mode`].
    pub mode: u32,
    /// The blob.
    pub oid: Oid,
    /// 0; in a conflict 1 base, 2 ours, 3 theirs.
    pub stage: u8,
    /// What the file was like when it was last seen to be equal to the blob.
    pub stat: Stat,
    /// `git update-index --assume-unchanged`.
    pub assume_valid: bool,
    /// `git update-index --skip-worktree`.
    pub skip_worktree: bool,
    /// `git add -N`: the path is to be added later.
    pub intent_to_add: bool,
}

/// The index in memory; entries are sorted by path, then stage.
#[derive(Clone, Debug, Default)]
pub struct Index {
    entries: Vec<Entry>,
    /// When the file it was read from was written: entries not older than this may have changed unseen.
    pub timestamp: (u32, u32),
}

impl Index {
    /// Reads the index file; a missing one is an empty index.
    pub fn load(files: &Files, path: &[u8]) -> Result<Self> {
        let Ok(bytes) = files.read(path) else {
            return Ok(Self::default());
        };
        let mut index = Self::parse(&bytes)?;
        if let Ok(metadata) = files.metadata(path) {
            index.timestamp = time(metadata.mtime);
        }
        Ok(index)
    }

    /// Reads an index from its bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() < 32 {
            return Err(Fault::fatal(".git/index: index file smaller than expected"));
        }
        if &bytes[..4] != b"DIRC" {
            return Err(bad(&format!("bad signature 0x{:08x}", be32(bytes, 0).unwrap_or(0))));
        }
        let (content, sum) = bytes.split_at(bytes.len() - 20);
        if sum != [0; 20] && Oid::hash(&[content]).0 != sum {
            return Err(bad("bad index file sha1 signature"));
        }
        let version = be32(content, 4).unwrap_or(0);
        if !(2..=4).contains(&version) {
            return Err(bad(&format!("bad index version {version}")));
        }
        let count = be32(content, 8).unwrap_or(0);
        let mut entries: Vec<Entry> = Vec::new();
        let mut at = 12;
        for _ in 0..count {
            let previous = entries.last().map(|entry| entry.path.clone()).unwrap_or_default();
            let entry = parse_entry(content, &mut at, version, &previous);
            entries.push(entry.ok_or_else(|| bad("malformed entry"))?);
        }
        Ok(Self {
            entries,
            timestamp: (0, 0),
        })
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let extended = self
            .entries
            .iter()
            .any(|entry| entry.skip_worktree || entry.intent_to_add);
        let version: u32 = if extended { 3 } else { 2 };
        let mut out = b"DIRC".to_vec();
        out.extend_from_slice(&version.to_be_bytes());
        out.extend_from_slice(&(self.entries.len() as u32).to_be_bytes());
        for entry in &self.entries {
            write_entry(&mut out, entry);
        }
        let sum = Oid::hash(&[&out]);
        out.extend_from_slice(&sum.0);
        out
    }

    /// Writes the index file. Entries that changed in the very moment they were recorded lose their size, so that
    /// the next look compares their content (Git's "racily clean" rule).
    pub fn save(&mut self, files: &mut Files, path: &[u8], work_tree: Option<&[u8]>) -> Result<()> {
        if let Some(root) = work_tree {
            let timestamp = self.timestamp;
            for entry in &mut self.entries {
                if entry.stat.mtime >= timestamp && entry.stat.size != 0 && timestamp != (0, 0) {
                    let full = cat![root, "/", entry.path];
                    let stat = files.symlink_metadata(&full).map(|metadata| Stat::of(&metadata));
                    if stat.is_ok_and(|stat| stat.same(&entry.stat))
                        && crate::worktree::content_differs(files, &full, entry)
                    {
                        entry.stat.size = 0;
                    }
                }
            }
        }
        let bytes = self.to_bytes();
        files
            .write(path, bytes)
            .map_err(|errno| Fault::fatal(format!("unable to write new index file: {errno}")))?;
        if let Ok(metadata) = files.metadata(path) {
            self.timestamp = time(metadata.mtime);
        }
        Ok(())
    }

    /// The files of a tree, as yet unseen in the working tree.
    pub fn of_tree(files: &crate::tree::Flat) -> Self {
        let entry = |(path, (mode, oid)): (&Vec<u8>, &(u32, Oid))| Entry {
            path: path.clone(),
            mode: *mode,
            oid: *oid,
            ..Entry::default()
        };
        let mut index = Self::default();
        index.replace(files.iter().map(entry).collect());
        index
    }

    /// An empty index as old as this one: what [`crate::worktree::compare`] needs while this one changes.
    pub fn same_age(&self) -> Self {
        Self {
            timestamp: self.timestamp,
            ..Self::default()
        }
    }

    /// All entries, sorted.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// All entries, to change anything but path and stage.
    pub fn entries_mut(&mut self) -> &mut [Entry] {
        &mut self.entries
    }

    /// The entry of a path at a stage.
    pub fn get(&self, path: &[u8], stage: u8) -> Option<&Entry> {
        self.position(path, stage).ok().map(|at| &self.entries[at])
    }

    /// See [`Index::get`].
    pub fn get_mut(&mut self, path: &[u8], stage: u8) -> Option<&mut Entry> {
        self.position(path, stage).ok().map(|at| &mut self.entries[at])
    }

    /// Where a path is, or would be inserted.
    pub fn position(&self, path: &[u8], stage: u8) -> core::result::Result<usize, usize> {
        self.entries
            .binary_search_by(|entry| (entry.path.as_slice(), entry.stage).cmp(&(path, stage)))
    }

    /// The entries of one path: one at stage 0, or up to three of a conflict.
    pub fn stages(&self, path: &[u8]) -> &[Entry] {
        let start = self.entries.partition_point(|entry| entry.path.as_slice() < path);
        let end = self.entries.partition_point(|entry| entry.path.as_slice() <= path);
        &self.entries[start..end]
    }

    /// Whether the path is in the index, at any stage.
    pub fn contains(&self, path: &[u8]) -> bool {
        !self.stages(path).is_empty()
    }

    /// The entries below a directory (given without a slash at its end).
    pub fn below(&self, directory: &[u8]) -> &[Entry] {
        if directory.is_empty() {
            return &self.entries;
        }
        let prefix = cat![directory, "/"];
        let start = self
            .entries
            .partition_point(|entry| entry.path.as_slice() < prefix.as_slice());
        let len = self.entries[start..].partition_point(|entry| entry.path.starts_with(&prefix));
        &self.entries[start..start + len]
    }

    /// Adds or replaces an entry. Stage 0 ends a conflict; a file replaces a directory of its name, and the reverse.
    pub fn insert(&mut self, entry: Entry) {
        if entry.stage == 0 {
            self.remove_where(|other| other.path == entry.path && other.stage != 0);
        }
        let prefix = cat![entry.path, "/"];
        let hides = |other: &Entry| {
            other.stage == entry.stage
                && (other.path.starts_with(&prefix)
                    || entry.path.starts_with(&other.path) && entry.path.get(other.path.len()) == Some(&b'/'))
        };
        if self.entries.iter().any(hides) {
            self.entries.retain(|other| !hides(other));
        }
        match self.position(&entry.path, entry.stage) {
            Ok(at) => self.entries[at] = entry,
            Err(at) => self.entries.insert(at, entry),
        }
    }

    /// Removes a path at all stages; whether it was there.
    pub fn remove(&mut self, path: &[u8]) -> bool {
        let before = self.entries.len();
        self.remove_where(|entry| entry.path == path);
        self.entries.len() != before
    }

    /// Removes entries.
    pub fn remove_where(&mut self, mut condition: impl FnMut(&Entry) -> bool) {
        self.entries.retain(|entry| !condition(entry));
    }

    /// Replaces all entries.
    pub fn replace(&mut self, mut entries: Vec<Entry>) {
        entries.small_sort_by(|a, b| (&a.path, a.stage).cmp(&(&b.path, b.stage)));
        self.entries = entries;
    }

    /// The paths in conflict, ascending.
    pub fn unmerged_paths(&self) -> Vec<Vec<u8>> {
        let mut paths: Vec<Vec<u8>> = self
            .entries
            .iter()
            .filter(|entry| entry.stage != 0)
            .map(|entry| entry.path.clone())
            .collect();
        paths.dedup();
        paths
    }

    /// Whether some path is in conflict.
    pub fn has_unmerged(&self) -> bool {
        self.entries.iter().any(|entry| entry.stage != 0)
    }

    /// Writes the trees of the entries at stage 0 and returns the top one's id. Entries added with `-N` are left out.
    pub fn write_tree(&self, files: &mut Files, store: &Store) -> Result<Oid> {
        let entries: Vec<&Entry> = self
            .entries
            .iter()
            .filter(|entry| entry.stage == 0 && !entry.intent_to_add)
            .collect();
        build_tree(files, store, &entries, 0)
    }
}

fn build_tree(files: &mut Files, store: &Store, entries: &[&Entry], skip: usize) -> Result<Oid> {
    let mut tree = Vec::new();
    let mut at = 0;
    while at < entries.len() {
        let rest = &entries[at].path[skip..];
        match rest.iter().position(|b| *b == b'/') {
            None => {
                tree.push(TreeEntry {
                    mode: entries[at].mode,
                    name: rest.to_vec(),
                    oid: entries[at].oid,
                });
                at += 1;
            }
            Some(slash) => {
                let directory = &entries[at].path[..=skip + slash];
                let len = entries[at..]
                    .iter()
                    .take_while(|entry| entry.path.starts_with(directory))
                    .count();
                let oid = build_tree(files, store, &entries[at..at + len], skip + slash + 1)?;
                tree.push(TreeEntry {
                    mode: mode::TREE,
                    name: rest[..slash].to_vec(),
                    oid,
                });
                at += len;
            }
        }
    }
    store.write(files, crate::object::Kind::Tree, &write_tree(&mut tree))
}

fn bad(what: &str) -> Fault {
    Fault::Plain(cat!["error: ", what, "\nfatal: index file corrupt\n"], 128)
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn parse_entry(content: &[u8], at: &mut usize, version: u32, previous: &[u8]) -> Option<Entry> {
    let start = *at;
    let field = |n: usize| be32(content, start + n * 4);
    let stat = Stat {
        ctime: (field(0)?, field(1)?),
        mtime: (field(2)?, field(3)?),
        dev: field(4)?,
        ino: field(5)?,
        uid: field(7)?,
        gid: field(8)?,
        size: field(9)?,
    };
    let oid = Oid::from_bytes(content.get(start + 40..start + 60)?)?;
    let flags = u16::from_be_bytes(content.get(start + 60..start + 62)?.try_into().ok()?);
    let mut name = start + 62;
    let mut extended = 0;
    if flags & 0x4000 != 0 && version >= 3 {
        extended = u16::from_be_bytes(content.get(name..name + 2)?.try_into().ok()?);
        name += 2;
    }
    let path;
    if version == 4 {
        let mut byte = *content.get(name)?;
        name += 1;
        let mut strip = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = *content.get(name)?;
            name += 1;
            strip = strip.checked_add(1)?.checked_mul(128)? | usize::from(byte & 0x7f);
        }
        let len = content.get(name..)?.iter().position(|b| *b == 0)?;
        path = cat![
            previous.get(..previous.len().checked_sub(strip)?)?,
            content[name..name + len]
        ];
        *at = name + len + 1;
    } else {
        let len = content.get(name..)?.iter().position(|b| *b == 0)?;
        path = content[name..name + len].to_vec();
        *at = start + (name - start + len + 8) / 8 * 8;
    }
    Some(Entry {
        path,
        mode: field(6)?,
        oid,
        stage: (flags >> 12 & 3) as u8,
        stat,
        assume_valid: flags & 0x8000 != 0,
        skip_worktree: extended & 0x4000 != 0,
        intent_to_add: extended & 0x2000 != 0,
    })
}

fn write_entry(out: &mut Vec<u8>, entry: &Entry) {
    let start = out.len();
    let stat = &entry.stat;
    for field in [
        stat.ctime.0,
        stat.ctime.1,
        stat.mtime.0,
        stat.mtime.1,
        stat.dev,
        stat.ino,
        entry.mode,
        stat.uid,
        stat.gid,
        stat.size,
    ] {
        out.extend_from_slice(&field.to_be_bytes());
    }
    out.extend_from_slice(&entry.oid.0);
    let extended = entry.skip_worktree || entry.intent_to_add;
    let flags = entry.path.len().min(0xfff) as u16
        | u16::from(entry.stage) << 12
        | u16::from(extended) << 14
        | u16::from(entry.assume_valid) << 15;
    out.extend_from_slice(&flags.to_be_bytes());
    if extended {
        let bits = u16::from(entry.skip_worktree) << 14 | u16::from(entry.intent_to_add) << 13;
        out.extend_from_slice(&bits.to_be_bytes());
    }
    out.extend_from_slice(&entry.path);
    let padded = (out.len() - start + 8) / 8 * 8;
    out.resize(start + padded, 0);
}
