//! Compaction: of each key the latest record stays (`cleanup.policy=compact`).
//!
//! The active segment is never touched, nor what is above the last stable offset. A tombstone, or the marker of a
//! transaction without records, gets a delete horizon the first time it is met, and goes once that has passed: a reader
//! that is not too slow sees it. The last batch of each producer stays, emptied if need be, for its sequence numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{AbortedTxn, Log, Segment};
use crate::batch::{Batch, BatchBuilder, ControlType, Fields, Header, NewRecord, Record, TimestampType};

/// What compaction would find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleanable {
    /// Everything below was compacted before.
    pub first_dirty_offset: i64,
    /// From here on nothing may be touched.
    pub first_uncleanable_offset: i64,
    /// Bytes of segments below `first_dirty_offset`.
    pub clean_bytes: u64,
    /// Bytes of segments between the two.
    pub cleanable_bytes: u64,
    /// The oldest record between the two has waited longer than `max.compaction.lag.ms`.
    pub is_overdue: bool,
}

impl Cleanable {
    /// Whether it is worth it: more than `min.cleanable.dirty.ratio` is dirty, or it is overdue.
    pub fn is_due(&self, ratio_thousandths: u64) -> bool {
        let total = self.clean_bytes + self.cleanable_bytes;
        let is_dirty = total > 0 && self.cleanable_bytes * 1000 > ratio_thousandths * total;
        is_dirty || self.is_overdue && self.cleanable_bytes > 0
    }
}

/// What compaction did.
#[derive(Clone, Debug, Default)]
pub struct Cleaned {
    /// Records read and kept.
    pub read_count: u64,
    /// Records kept.
    pub kept_count: u64,
    /// Bytes before.
    pub read_bytes: u64,
    /// Bytes after.
    pub kept_bytes: u64,
    /// The segments that were replaced.
    pub replaced: Vec<Arc<Segment>>,
}

impl Log {
    /// What compaction would find now.
    pub fn cleanable(&self, now_ms: i64) -> Cleanable {
        let first_dirty_offset = self.cleaned_until.max(self.log_start_offset);
        let mut first_uncleanable_offset = self.last_stable_offset().min(self.active().base_offset());
        let lag_ms = self.config.min_compaction_lag_ms;
        if lag_ms > 0 {
            let is_young = |segment: &&Segment| {
                segment.next_offset() > first_dirty_offset && segment.age_timestamp() > now_ms.saturating_sub(lag_ms)
            };
            if let Some(young) = self.segments().find(is_young) {
                first_uncleanable_offset = first_uncleanable_offset.min(young.base_offset());
            }
        }
        let first_uncleanable_offset = first_uncleanable_offset.max(first_dirty_offset);
        // Bytes are those of whole segments: the one that holds the first dirty offset counts, the one that holds the
        // first uncleanable one does not.
        let place = |offset: i64| self.segment_of(offset).unwrap_or(0);
        let clean = self
            .segments
            .partition_point(|segment| segment.base_offset() < first_dirty_offset);
        let cleanable_until = place(first_uncleanable_offset);
        let cleanable = &self.segments[place(first_dirty_offset).min(cleanable_until)..cleanable_until];
        let bytes = |segments: &[Arc<Segment>]| segments.iter().map(|segment| u64::from(segment.size_bytes())).sum();
        let oldest = cleanable
            .iter()
            .filter_map(|segment| segment.batches().next().map(Batch::max_timestamp))
            .min();
        Cleanable {
            first_dirty_offset,
            first_uncleanable_offset,
            clean_bytes: bytes(&self.segments[..clean]),
            cleanable_bytes: bytes(cleanable),
            is_overdue: oldest.is_some_and(|oldest| now_ms.saturating_sub(oldest) > self.config.max_compaction_lag_ms),
        }
    }

    /// Compacts everything that may be. `None` where there is nothing.
    pub fn clean(&mut self, now_ms: i64) -> Option<Cleaned> {
        let range = self.cleanable(now_ms);
        let (start, end) = (range.first_dirty_offset, range.first_uncleanable_offset);
        // Of the segment that holds the end, what lies beyond is copied as it is.
        let count = self.segments.partition_point(|segment| segment.base_offset() < end);
        let count = count.min(self.segments.len() - 1);
        if start >= end || count == 0 {
            return None;
        }
        let base_after = self.segments[count].base_offset();
        let latest = self.latest_offsets(start, end);
        let mut cleaner = Cleaner {
            now_ms,
            delete_retention_ms: self.config.delete_retention_ms,
            index_interval_bytes: self.config.index_interval_bytes,
            latest,
            end,
            last_of_producers: self
                .producers
                .iter()
                .map(|producer| (producer.id, (producer.last_data_offset(), producer.epoch)))
                .collect(),
            transactions: Transactions::new(self.aborted_between(self.segments[0].base_offset(), base_after)),
            cleaned: Cleaned::default(),
        };
        let old: Vec<Arc<Segment>> = self.segments[..count].to_vec();
        let groups = self.groups(&old);
        let new: Vec<Arc<Segment>> = groups.iter().map(|group| Arc::new(cleaner.clean(group))).collect();
        let mut cleaned = cleaner.cleaned;
        cleaned.replaced = old;
        let bases: BTreeSet<i64> = new.iter().map(|segment| segment.base_offset()).collect();
        Arc::make_mut(&mut self.segments).splice(..count, new);
        Arc::make_mut(&mut self.snapshots).retain(|base, _| *base >= base_after || bases.contains(base));
        self.cleaned_until = end;
        Some(cleaned)
    }

    /// Of each key the offset of its latest record in the dirty part; records of aborted transactions do not count.
    fn latest_offsets(&self, start: i64, end: i64) -> BTreeMap<Vec<u8>, i64> {
        let mut latest = BTreeMap::new();
        let mut transactions = Transactions::new(self.aborted_between(start, end));
        for batch in self.batches_from(start).take_while(|batch| batch.base_offset() < end) {
            if batch.is_control() {
                transactions.on_control(batch);
                continue;
            }
            if transactions.on_batch(batch) {
                continue;
            }
            for record in batch.records().flatten().filter(|record| record.offset >= start) {
                if let Some(key) = record.key {
                    latest.insert(key.to_vec(), record.offset);
                }
            }
        }
        latest
    }

    /// Neighbouring segments that together are no larger than one may be.
    fn groups(&self, segments: &[Arc<Segment>]) -> Vec<Vec<Arc<Segment>>> {
        let mut groups: Vec<Vec<Arc<Segment>>> = Vec::new();
        let mut size_bytes = 0_u64;
        for segment in segments {
            let segment_bytes = u64::from(segment.size_bytes());
            let fits = |group: &Vec<Arc<Segment>>| {
                let first = group.first().map_or(0, |first| first.base_offset());
                size_bytes + segment_bytes <= u64::from(self.config.segment_bytes)
                    && segment.next_offset() - 1 - first <= i64::from(i32::MAX)
            };
            match groups.last_mut() {
                Some(group) if fits(group) => {
                    size_bytes += segment_bytes;
                    group.push(Arc::clone(segment));
                }
                _ => {
                    size_bytes = segment_bytes;
                    groups.push(vec![Arc::clone(segment)]);
                }
            }
        }
        groups
    }
}

struct Cleaner {
    now_ms: i64,
    delete_retention_ms: i64,
    index_interval_bytes: u32,
    latest: BTreeMap<Vec<u8>, i64>,
    /// The end of this round: the last offset before it must stay known.
    end: i64,
    /// Last data offset and epoch of each producer that is remembered.
    last_of_producers: BTreeMap<i64, (Option<i64>, i16)>,
    transactions: Transactions,
    cleaned: Cleaned,
}

impl Cleaner {
    fn clean(&mut self, group: &[Arc<Segment>]) -> Segment {
        let base_offset = group.first().map_or(0, |segment| segment.base_offset());
        let modified_ms = group.last().map_or(0, |segment| segment.last_modified_ms());
        let mut into = Segment::new(base_offset, modified_ms);
        for batch in group.iter().flat_map(|segment| segment.batches()) {
            self.cleaned.read_bytes += batch.size_bytes() as u64;
            self.cleaned.read_count += u64::from(batch.count().max(0).cast_unsigned());
            if let Some(kept) = self.filter(batch) {
                self.cleaned.kept_bytes += kept.size_bytes() as u64;
                self.cleaned.kept_count += u64::from(kept.count().max(0).cast_unsigned());
                into.append(kept, self.index_interval_bytes, modified_ms);
            }
        }
        into.aborted = core::mem::take(&mut self.transactions.kept);
        into.close();
        into.set_last_modified_ms(modified_ms);
        into
    }

    /// What is left of a batch.
    fn filter(&mut self, batch: &Batch) -> Option<Batch> {
        let is_empty_transaction = if batch.is_control() {
            self.transactions.on_control(batch)
        } else {
            self.transactions.on_batch(batch)
        };
        let has_expired = batch.delete_horizon_ms().is_some_and(|horizon| horizon <= self.now_ms);
        let drops_all = is_empty_transaction && (!batch.is_control() || has_expired);
        let stays_empty = self.is_last_of_producer(batch) || batch.next_offset() == self.end;
        if drops_all {
            return stays_empty.then(|| BatchBuilder::emptied(batch));
        }
        let mut kept = Vec::new();
        for record in batch.records() {
            match record {
                Ok(record) if batch.is_control() || self.keeps(batch, &record) => kept.push(record),
                Ok(_) => {}
                // What cannot be read (compressed records) is not touched.
                Err(_) => return Some(batch.clone()),
            }
        }
        if kept.is_empty() {
            return stays_empty.then(|| BatchBuilder::emptied(batch));
        }
        let has_tombstone = kept.iter().any(|record| record.value.is_none());
        let is_marker_of_nothing = is_empty_transaction && batch.is_control();
        let needs_horizon = (has_tombstone || is_marker_of_nothing) && batch.delete_horizon_ms().is_none();
        if !needs_horizon && kept.len() == batch.count().max(0) as usize {
            return Some(batch.clone());
        }
        let horizon = if needs_horizon {
            Some(self.now_ms.saturating_add(self.delete_retention_ms))
        } else {
            batch.delete_horizon_ms()
        };
        Some(rebuilt(batch, &kept, horizon))
    }

    fn keeps(&self, batch: &Batch, record: &Record<'_>) -> bool {
        if record.offset >= self.end {
            return true;
        }
        let Some(key) = record.key else { return false };
        let is_latest = self.latest.get(key).is_none_or(|latest| record.offset >= *latest);
        let stays = batch.delete_horizon_ms().is_none_or(|horizon| self.now_ms < horizon);
        is_latest && (record.value.is_some() || stays)
    }

    fn is_last_of_producer(&self, batch: &Batch) -> bool {
        if !batch.has_producer_id() {
            return false;
        }
        match self.last_of_producers.get(&batch.producer_id()) {
            None => false,
            Some((Some(offset), _)) => batch.last_offset() == *offset,
            Some((None, epoch)) => batch.is_control() && batch.producer_epoch() == *epoch,
        }
    }
}

/// A batch with fewer records: same offsets, same sequence numbers.
fn rebuilt(batch: &Batch, records: &[Record<'_>], delete_horizon_ms: Option<i64>) -> Batch {
    let is_stamped = batch.attributes().timestamp_type() == TimestampType::LogAppendTime;
    let mut builder = BatchBuilder::new(Fields {
        base_offset: batch.base_offset(),
        partition_leader_epoch: batch.partition_leader_epoch(),
        log_append_time: is_stamped.then(|| batch.max_timestamp()),
        is_transactional: batch.is_transactional(),
        is_control: batch.is_control(),
        producer_id: batch.producer_id(),
        producer_epoch: batch.producer_epoch(),
        base_sequence: batch.base_sequence(),
        delete_horizon_ms,
    });
    for record in records {
        let headers: Vec<Header<'_>> = record.headers().collect();
        let new = NewRecord {
            timestamp: record.timestamp,
            key: record.key,
            value: record.value,
            headers: &headers,
        };
        builder.push_at(record.offset, &new);
    }
    builder.build_until(batch.last_offset())
}

/// Follows transactions through the log while it is compacted.
struct Transactions {
    /// Aborted ones that are still to come, the first offset last.
    to_come: Vec<AbortedTxn>,
    /// Producer -> aborted transaction, and whether a batch of it was met.
    aborted: BTreeMap<i64, (AbortedTxn, bool)>,
    /// Producers of whose committed transactions a batch was met.
    committed: BTreeSet<i64>,
    /// Aborted transactions whose markers stay.
    kept: Vec<AbortedTxn>,
}

impl Transactions {
    fn new(mut aborted: Vec<AbortedTxn>) -> Self {
        aborted.sort_by_key(|txn| core::cmp::Reverse(txn.first_offset));
        Self {
            to_come: aborted,
            aborted: BTreeMap::new(),
            committed: BTreeSet::new(),
            kept: Vec::new(),
        }
    }

    fn advance(&mut self, offset: i64) {
        while let Some(txn) = self.to_come.pop_if(|txn| txn.first_offset <= offset) {
            self.aborted.entry(txn.producer_id).or_insert((txn, false));
        }
    }

    /// A batch of records: whether it belongs to an aborted transaction.
    fn on_batch(&mut self, batch: &Batch) -> bool {
        self.advance(batch.last_offset());
        if !batch.is_transactional() {
            return false;
        }
        if let Some((_, was_met)) = self.aborted.get_mut(&batch.producer_id()) {
            *was_met = true;
            return true;
        }
        self.committed.insert(batch.producer_id());
        false
    }

    /// A control batch: whether nothing of its transaction is left.
    fn on_control(&mut self, batch: &Batch) -> bool {
        self.advance(batch.last_offset());
        let Some(Ok(record)) = batch.records().next() else {
            return true;
        };
        match ControlType::read(record.key) {
            Ok(ControlType::Abort) => match self.aborted.remove(&batch.producer_id()) {
                Some((txn, true)) => {
                    self.kept.push(txn);
                    false
                }
                _ => true,
            },
            Ok(ControlType::Commit) => !self.committed.remove(&batch.producer_id()),
            _ => false,
        }
    }
}
