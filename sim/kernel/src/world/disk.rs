//! A host's disk: named files, and what is left of them when the power goes.
//!
//! Writing goes to the page cache, at once. A sync makes what a file holds safe, and takes time. Losing the program (a
//! kill) loses nothing; losing power loses what was neither synced nor old enough for the system to have written it back.

use super::chance::{Rate, exponential_nanos};
use super::content::Content;
use super::file::{DiskError, File, Version};
use super::link::{later, nanos};
use crate::digest::Digest;
use crate::random::Numbered;
use crate::time::Time;
use core::ops::Bound;
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An open file. It is good for as long as the file is not removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId {
    slot: u32,
    generation: u32,
}

/// How a disk behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskOptions {
    /// Bytes it holds.
    pub capacity_bytes: u64,
    /// Files it holds.
    pub files_max: u32,
    /// The least time a sync takes.
    pub sync_min: Duration,
    /// The mean of what comes on top, which is exponentially distributed.
    pub sync_mean: Duration,
    /// After how long the system writes back by itself (Linux: `dirty_expire_centisecs`, 30 s).
    pub writeback: Duration,
    /// How often a file that only grew keeps a part of what was not safe when the power went, cut off anywhere; else it
    /// loses all of it.
    pub torn: Rate,
}

impl Default for DiskOptions {
    fn default() -> Self {
        Self {
            capacity_bytes: 256 << 20,
            files_max: 10_000,
            sync_min: Duration::from_micros(500),
            sync_mean: Duration::from_millis(1),
            writeback: Duration::from_secs(30),
            torn: Rate::NEVER,
        }
    }
}

#[derive(Clone, Debug)]
struct Sync {
    ticket: u64,
    file: FileId,
    version: Version,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    generation: u32,
    file: Option<Arc<File>>,
}

/// The disk of one host.
#[derive(Clone, Debug)]
pub struct Disk {
    pub(crate) options: DiskOptions,
    /// What a fault adds to each sync.
    pub(crate) slowed_by: Duration,
    /// What a fault makes of [`DiskOptions::torn`].
    pub(crate) torn: Option<Rate>,
    names: Arc<BTreeMap<Arc<str>, FileId>>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    syncs: Vec<Sync>,
    bytes_used: u64,
    draws: Numbered,
    sync_count: u64,
    power_loss_count: u64,
    pub(crate) last_sync: Time,
}

mod purpose {
    pub const SYNC: u64 = 0;
    pub const TORN: u64 = 1;
    pub const TORN_AT: u64 = 2;
}

impl Disk {
    pub(crate) fn new(options: DiskOptions, draws: Numbered) -> Self {
        Self {
            options,
            slowed_by: Duration::ZERO,
            torn: None,
            names: Arc::default(),
            slots: Vec::new(),
            free: Vec::new(),
            syncs: Vec::new(),
            bytes_used: 0,
            draws,
            sync_count: 0,
            power_loss_count: 0,
            last_sync: Time(i64::MIN),
        }
    }

    /// The file of a name.
    pub fn find(&self, name: &str) -> Option<FileId> {
        self.names.get(name).copied()
    }

    /// The names that begin with `prefix`, sorted.
    pub fn names<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, FileId)> {
        let from = self.names.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        let named = from.take_while(move |(name, _)| name.starts_with(prefix));
        named.map(|(name, file)| (&**name, *file))
    }

    /// A file's length.
    pub fn len(&self, file: FileId) -> Option<u64> {
        self.file(file).map(|file| file.content.len())
    }

    /// How much of a file is safe now, whatever happens.
    pub fn safe_len(&self, file: FileId) -> Option<u64> {
        self.file(file)?.safe.as_ref().map(|safe| safe.content.len())
    }

    /// At most `bytes_max` bytes from `from` on.
    pub fn read(&self, file: FileId, from: u64, bytes_max: usize) -> Option<Vec<u8>> {
        self.file(file).map(|file| file.content.read(from, bytes_max))
    }

    /// What was appended, from the block that holds the byte at `from` on, each with its offset.
    pub fn blocks(&self, file: FileId, from: u64) -> impl Iterator<Item = (u64, &Arc<[u8]>)> {
        self.file(file)
            .into_iter()
            .flat_map(move |file| file.content.blocks(from))
    }

    /// Bytes all files hold together.
    pub fn bytes_used(&self) -> u64 {
        self.bytes_used
    }

    fn file(&self, id: FileId) -> Option<&File> {
        let slot = self.slots.get(id.slot as usize)?;
        slot.file.as_deref().filter(|_| slot.generation == id.generation)
    }

    fn file_mut(&mut self, id: FileId) -> Result<&mut File, DiskError> {
        let slot = self.slots.get_mut(id.slot as usize).ok_or(DiskError::NoSuchFile)?;
        match &mut slot.file {
            Some(file) if slot.generation == id.generation => Ok(Arc::make_mut(file)),
            _ => Err(DiskError::NoSuchFile),
        }
    }

    /// The file of a name, which is created empty if it is not there.
    pub(crate) fn create(&mut self, name: &str) -> Result<FileId, DiskError> {
        if let Some(file) = self.find(name) {
            return Ok(file);
        }
        if self.names.len() >= self.options.files_max as usize {
            return Err(DiskError::TooManyFiles);
        }
        let name: Arc<str> = Arc::from(name);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            (self.slots.len() - 1) as u32
        });
        let place = &mut self.slots[slot as usize];
        place.file = Some(Arc::new(File {
            name: Arc::clone(&name),
            content: Content::default(),
            changed: Time(i64::MIN),
            safe: None,
            marked: None,
        }));
        let id = FileId {
            slot,
            generation: place.generation,
        };
        Arc::make_mut(&mut self.names).insert(name, id);
        Ok(id)
    }

    /// Writes at the end; gives the offset of the first byte written.
    pub(crate) fn append(&mut self, now: Time, id: FileId, bytes: Arc<[u8]>) -> Result<u64, DiskError> {
        let (added, writeback) = (bytes.len() as u64, self.options.writeback);
        if self.bytes_used + added > self.options.capacity_bytes {
            return Err(DiskError::Full);
        }
        let file = self.file_mut(id)?;
        file.write_back(now, writeback);
        let at = file.content.len();
        file.content.append(bytes);
        self.bytes_used += added;
        Ok(at)
    }

    /// Writes the whole file anew.
    pub(crate) fn replace(&mut self, now: Time, id: FileId, bytes: Arc<[u8]>) -> Result<(), DiskError> {
        let (added, writeback) = (bytes.len() as u64, self.options.writeback);
        let used = self.bytes_used - self.len(id).ok_or(DiskError::NoSuchFile)?;
        if used + added > self.options.capacity_bytes {
            return Err(DiskError::Full);
        }
        let file = self.file_mut(id)?;
        file.write_back(now, writeback);
        file.content = Content::default();
        file.content.append(bytes);
        self.bytes_used = used + added;
        self.begins_anew(id);
        Ok(())
    }

    /// Cuts off what lies beyond `len`.
    pub(crate) fn truncate(&mut self, now: Time, id: FileId, len: u64) -> Result<(), DiskError> {
        let writeback = self.options.writeback;
        let file = self.file_mut(id)?;
        let removed = file.content.len().saturating_sub(len);
        if removed > 0 {
            file.write_back(now, writeback);
            file.content.truncate(len);
            self.bytes_used -= removed;
            self.begins_anew(id);
        }
        Ok(())
    }

    /// No older version is the beginning of what the file holds now.
    fn begins_anew(&mut self, id: FileId) {
        for sync in self.syncs.iter_mut().filter(|sync| sync.file == id) {
            sync.version.is_beginning = false;
        }
        if let Ok(file) = self.file_mut(id) {
            let versions = file.safe.iter_mut().chain(file.marked.as_mut());
            versions.for_each(|version| version.is_beginning = false);
        }
    }

    /// Removes a file, for good and at once: the names of files are journaled.
    pub(crate) fn remove(&mut self, id: FileId) -> Result<(), DiskError> {
        let slot = self.slots.get_mut(id.slot as usize).ok_or(DiskError::NoSuchFile)?;
        if slot.generation != id.generation {
            return Err(DiskError::NoSuchFile);
        }
        let file = slot.file.take().ok_or(DiskError::NoSuchFile)?;
        slot.generation += 1;
        self.free.push(id.slot);
        self.bytes_used -= file.content.len();
        Arc::make_mut(&mut self.names).remove(&file.name);
        Ok(())
    }

    /// Gives a file another name, at once; a file that had it is removed. As with a real disk, a rename makes no content
    /// safe: sync first.
    pub(crate) fn rename(&mut self, id: FileId, name: &str) -> Result<(), DiskError> {
        let new: Arc<str> = Arc::from(name);
        let old = Arc::clone(&self.file_mut(id)?.name);
        if old == new {
            return Ok(());
        }
        if let Some(replaced) = self.find(name) {
            self.remove(replaced)?;
        }
        self.file_mut(id)?.name = Arc::clone(&new);
        let names = Arc::make_mut(&mut self.names);
        names.remove(&old);
        names.insert(new, id);
        Ok(())
    }

    /// Begins to make safe what a file holds now; gives a ticket, and when it will be done.
    pub(crate) fn sync(&mut self, now: Time, id: FileId, slow_permille: u32) -> Result<(u64, Time), DiskError> {
        let version = self.file_mut(id)?.version(now);
        let ticket = self.sync_count;
        self.sync_count += 1;
        let extra = exponential_nanos(nanos(self.options.sync_mean), self.draws.draw(ticket, purpose::SYNC));
        let usual = nanos(self.options.sync_min).saturating_add(extra);
        let slow = slowed(usual, slow_permille).saturating_add(nanos(self.slowed_by));
        // One head, one queue: a sync ends after those before it.
        self.last_sync = later(now, slow).max(self.last_sync);
        self.syncs.push(Sync {
            ticket,
            file: id,
            version,
        });
        Ok((ticket, self.last_sync))
    }

    /// A sync is done.
    pub(crate) fn finish_sync(&mut self, ticket: u64) {
        if let Some(place) = self.syncs.iter().position(|sync| sync.ticket == ticket) {
            let sync = self.syncs.remove(place);
            self.keep(sync);
        }
    }

    fn keep(&mut self, sync: Sync) {
        if let Ok(file) = self.file_mut(sync.file)
            && file.safe.as_ref().is_none_or(|safe| safe.taken < sync.version.taken)
        {
            file.safe = Some(sync.version);
        }
    }

    /// The program is gone, the system is not: it finishes what it was asked.
    pub(crate) fn program_lost(&mut self) {
        for sync in std::mem::take(&mut self.syncs) {
            self.keep(sync);
        }
    }

    /// The power is gone. What was not safe is lost, or torn.
    pub(crate) fn power_lost(&mut self, now: Time) {
        self.syncs.clear();
        self.last_sync = now;
        let number = self.power_loss_count << 32;
        self.power_loss_count += 1;
        let torn = self.torn.unwrap_or(self.options.torn);
        let ids: Vec<FileId> = self.names.values().copied().collect();
        for id in ids {
            let (draws, options) = (self.draws, self.options);
            let Ok(file) = self.file_mut(id) else { continue };
            file.write_back(now, options.writeback);
            let number = number + u64::from(id.slot) + 1;
            let beginning = match &file.safe {
                None => Some(0),
                Some(safe) => safe.is_beginning.then_some(safe.content.len()),
            };
            match (beginning, &file.safe) {
                (Some(kept), _) if kept < file.content.len() && torn.strikes(draws.draw(number, purpose::TORN)) => {
                    let more = draws.draw(number, purpose::TORN_AT) % (file.content.len() - kept + 1);
                    file.content.truncate(kept + more);
                }
                (_, Some(safe)) => file.content = safe.content.clone(),
                (_, None) => {
                    // The name is known, so the file is there.
                    let _ = self.remove(id);
                    continue;
                }
            }
            file.safe = Some(file.version(now));
            file.marked = None;
        }
        self.bytes_used = self
            .slots
            .iter()
            .filter_map(|slot| slot.file.as_ref())
            .map(|file| file.content.len())
            .sum();
    }

    pub(crate) fn digest(&self, into: &mut Digest) {
        into.u64(self.bytes_used);
        into.u64(self.sync_count);
        into.u64(self.power_loss_count);
        into.i64(self.last_sync.0);
        into.u64(self.syncs.len() as u64);
        into.u64(self.names.len() as u64);
        for (name, id) in self.names.iter() {
            into.bytes(name.as_bytes());
            if let Some(file) = self.file(*id) {
                file.content.digest(into);
                into.i64(file.changed.0);
                for version in [&file.safe, &file.marked] {
                    let version = version.as_ref();
                    into.u64(version.map_or(u64::MAX, |version| version.content.len()));
                    into.bool(version.is_some_and(|version| version.is_beginning));
                    into.i64(version.map_or(i64::MIN, |version| version.taken.0));
                }
            }
        }
    }
}

/// What something takes on a host that is slow.
pub(crate) fn slowed(nanos: u64, slow_permille: u32) -> u64 {
    match slow_permille {
        1_000 => nanos,
        factor => u64::try_from(u128::from(nanos) * u128::from(factor) / 1_000).unwrap_or(u64::MAX),
    }
}
