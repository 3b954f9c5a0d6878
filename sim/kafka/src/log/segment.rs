//! A segment: a run of batches and its sparse indexes. What its files hold, `00000000000000000000.log`, `.index`,
//! `.timeindex` and `.txnindex`, is written out on demand; in memory the batches are shared with whoever made or reads
//! them.

use super::config::LogConfig;
use super::shared::Shared;
use super::transactions::AbortedTxn;
use crate::batch::Batch;
use crate::wire;

/// Bytes of an entry in `.index` and in `.timeindex`.
const INDEX_ENTRY_BYTES: u32 = 8;
const TIME_ENTRY_BYTES: u32 = 12;

/// A batch and where its bytes begin in the segment's file.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Bytes before it.
    pub position: u32,
    /// The batch.
    pub batch: Batch,
}

/// A segment of a log.
#[derive(Clone, Debug)]
pub struct Segment {
    base_offset: i64,
    batches: Shared<Placed>,
    size_bytes: u32,
    /// Offset less base offset, position: every `index.interval.bytes`.
    index: Shared<(u32, u32)>,
    /// Latest timestamp so far, offset less base offset.
    time_index: Shared<(i64, u32)>,
    pub(super) aborted: Vec<AbortedTxn>,
    /// The latest timestamp, and the last offset of its batch.
    latest: Option<(i64, i64)>,
    /// The first batch's latest timestamp: the age by which the segment is rolled.
    first_timestamp: Option<i64>,
    created_ms: i64,
    last_modified_ms: i64,
    bytes_since_index: u32,
    fingerprint: u64,
}

impl Segment {
    /// An empty one.
    pub(super) fn new(base_offset: i64, now_ms: i64) -> Self {
        Self {
            base_offset,
            batches: Shared::default(),
            size_bytes: 0,
            index: Shared::default(),
            time_index: Shared::default(),
            aborted: Vec::new(),
            latest: None,
            first_timestamp: None,
            created_ms: now_ms,
            last_modified_ms: now_ms,
            bytes_since_index: 0,
            fingerprint: 0,
        }
    }

    /// The offset in its files' names: no record in it is below.
    pub fn base_offset(&self) -> i64 {
        self.base_offset
    }

    /// Bytes of its `.log`.
    pub fn size_bytes(&self) -> u32 {
        self.size_bytes
    }

    /// The offset after its last batch.
    pub fn next_offset(&self) -> i64 {
        self.batches
            .last()
            .map_or(self.base_offset, |placed| placed.batch.next_offset())
    }

    /// The latest timestamp in it, and the last offset of the batch that has it.
    pub fn latest_timestamp(&self) -> Option<(i64, i64)> {
        self.latest
    }

    /// The time by which retention counts: the latest timestamp, or when nothing has one, the last write.
    pub fn age_timestamp(&self) -> i64 {
        match self.latest {
            Some((timestamp, _)) if timestamp >= 0 => timestamp,
            _ => self.last_modified_ms,
        }
    }

    /// Its batches, in order.
    pub fn batches(&self) -> impl Iterator<Item = &Batch> {
        self.batches.iter().map(|placed| &placed.batch)
    }

    /// Its batches with the positions of their first bytes, from the one that holds `offset` (or the next) on.
    pub fn batches_from(&self, offset: i64) -> impl Iterator<Item = &Placed> {
        self.batches.iter_from(self.place_of(offset))
    }

    /// The place of the batch that holds `offset`, or of the next one.
    fn place_of(&self, offset: i64) -> usize {
        self.batches
            .partition_point(|placed| placed.batch.last_offset() < offset)
    }

    /// Entries of `.index`: offset, position.
    pub fn index(&self) -> impl Iterator<Item = (i64, u32)> + '_ {
        self.index
            .iter()
            .map(|(offset, position)| (self.base_offset + i64::from(*offset), *position))
    }

    /// Entries of `.timeindex`: timestamp, offset.
    pub fn time_index(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.time_index
            .iter()
            .map(|(timestamp, offset)| (*timestamp, self.base_offset + i64::from(*offset)))
    }

    /// Entries of `.txnindex`.
    pub fn aborted(&self) -> &[AbortedTxn] {
        &self.aborted
    }

    /// Whether a new segment has to begin before `size_bytes` more are written, of which the last offset and latest
    /// timestamp are these.
    pub(super) fn must_roll(
        &self,
        config: &LogConfig,
        size_bytes: usize,
        last_offset: i64,
        latest_timestamp: i64,
        now_ms: i64,
    ) -> bool {
        let waited_ms = match self.first_timestamp {
            Some(first) if first >= 0 => latest_timestamp.saturating_sub(first),
            _ => now_ms.saturating_sub(self.created_ms),
        };
        let is_full = u64::from(self.size_bytes) + size_bytes as u64 > u64::from(config.segment_bytes);
        let entries_max = |entry_bytes: u32| (config.segment_index_bytes / entry_bytes) as usize;
        is_full
            || self.size_bytes > 0 && waited_ms > config.segment_ms
            || self.index.len() >= entries_max(INDEX_ENTRY_BYTES)
            // The last place of the time index is kept for the moment of closing.
            || self.time_index.len() + 1 >= entries_max(TIME_ENTRY_BYTES)
            || self.relative(last_offset).is_none()
    }

    /// An offset as the indexes write it.
    fn relative(&self, offset: i64) -> Option<u32> {
        let relative = i32::try_from(offset.checked_sub(self.base_offset)?).ok()?;
        u32::try_from(relative).ok()
    }

    /// Writes a batch at the end. Its offsets fit, as `must_roll` has said.
    pub(super) fn append(&mut self, batch: Batch, index_interval_bytes: u32, now_ms: i64) {
        let position = self.size_bytes;
        let size_bytes = batch.size_bytes() as u32;
        let last_offset = batch.last_offset();
        let timestamp = batch.max_timestamp();
        if position == 0 {
            self.first_timestamp = Some(timestamp);
        }
        if self.latest.is_none_or(|(latest, _)| timestamp > latest) {
            self.latest = Some((timestamp, last_offset));
        }
        if self.bytes_since_index > index_interval_bytes {
            let offset = self.relative(last_offset).unwrap_or(u32::MAX);
            self.index.push((offset, position));
            self.index_time();
            self.bytes_since_index = 0;
        }
        self.bytes_since_index = self.bytes_since_index.saturating_add(size_bytes);
        self.fingerprint = mixed(self.fingerprint, &batch);
        self.batches.push(Placed { position, batch });
        self.size_bytes += size_bytes;
        self.last_modified_ms = now_ms;
    }

    /// Notes the latest timestamp, if it is later than the last one noted.
    fn index_time(&mut self) {
        let Some((timestamp, offset)) = self.latest else { return };
        let is_later = self.time_index.last().is_none_or(|(last, _)| timestamp > *last);
        if let Some(offset) = self.relative(offset).filter(|_| is_later) {
            self.time_index.push((timestamp, offset));
        }
    }

    /// Another segment takes over: the latest timestamp is noted.
    pub(super) fn close(&mut self) {
        self.index_time();
    }

    /// Drops the batch that holds `offset` and all after it.
    pub(super) fn truncate(&mut self, offset: i64, now_ms: i64) {
        let place = self.place_of(offset);
        let Some(first) = self.batches.get(place) else { return };
        self.size_bytes = first.position;
        self.batches.truncate(place);
        let end = offset - self.base_offset;
        let indexed = self.index.partition_point(|(offset, _)| i64::from(*offset) < end);
        self.index.truncate(indexed);
        let indexed = self.time_index.partition_point(|(_, offset)| i64::from(*offset) < end);
        self.time_index.truncate(indexed);
        self.aborted.retain(|aborted| aborted.last_offset < offset);
        let mut latest: Option<(i64, i64)> = None;
        self.fingerprint = 0;
        for Placed { batch, .. } in self.batches.iter() {
            self.fingerprint = mixed(self.fingerprint, batch);
            if latest.is_none_or(|(timestamp, _)| batch.max_timestamp() > timestamp) {
                latest = Some((batch.max_timestamp(), batch.last_offset()));
            }
        }
        self.latest = latest;
        self.first_timestamp = self.batches.get(0).map(|placed| placed.batch.max_timestamp());
        self.bytes_since_index = 0;
        self.last_modified_ms = now_ms;
    }

    /// A number that sums up which batches it holds, and where.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// When it was last written.
    pub fn last_modified_ms(&self) -> i64 {
        self.last_modified_ms
    }

    /// A cleaned segment keeps the time of the last one it replaces.
    pub(super) fn set_last_modified_ms(&mut self, last_modified_ms: i64) {
        self.last_modified_ms = last_modified_ms;
    }

    /// Its files' names without their endings.
    pub fn file_stem(&self) -> String {
        format!("{:020}", self.base_offset)
    }

    /// What `.log` holds.
    pub fn log_file(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.size_bytes as usize);
        for batch in self.batches() {
            batch.write(&mut bytes);
        }
        bytes
    }

    /// What `.index` holds. (Kafka makes the active segment's file as large as it may get and trims it on closing.)
    pub fn index_file(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.index.len() * INDEX_ENTRY_BYTES as usize);
        for (offset, position) in self.index.iter() {
            wire::put_i32(&mut bytes, offset.cast_signed());
            wire::put_i32(&mut bytes, position.cast_signed());
        }
        bytes
    }

    /// What `.timeindex` holds.
    pub fn time_index_file(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.time_index.len() * TIME_ENTRY_BYTES as usize);
        for (timestamp, offset) in self.time_index.iter() {
            wire::put_i64(&mut bytes, *timestamp);
            wire::put_i32(&mut bytes, offset.cast_signed());
        }
        bytes
    }

    /// What `.txnindex` holds; without an aborted transaction there is no such file.
    pub fn txn_index_file(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for aborted in &self.aborted {
            aborted.write(&mut bytes);
        }
        bytes
    }
}

/// The fingerprint with one more batch (the finalizer of SplitMix64 as the mixer).
fn mixed(fingerprint: u64, batch: &Batch) -> u64 {
    let words = [
        batch.base_offset().cast_unsigned(),
        u64::from(batch.partition_leader_epoch().cast_unsigned()) << 32 | u64::from(batch.crc()),
        batch.size_bytes() as u64,
    ];
    words.into_iter().fold(fingerprint, |state, word| {
        let mut z = (state ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}
