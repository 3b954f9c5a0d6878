//! How far a group has read, as it says itself: the offsets it committed.
//!
//! What counts is what is in `__consumer_offsets`: [`Offsets::replay`] takes a record that was written there. Offsets
//! that belong to a transaction wait for its end.

use std::collections::BTreeMap;

use super::classic::ClassicGroup;
use crate::error::ErrorCode;

/// A committed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The next record to read.
    pub offset: i64,
    /// The epoch of the last one read, if the client said so.
    pub leader_epoch: Option<i32>,
    /// Whatever the client wanted to keep with it.
    pub metadata: String,
    /// When.
    pub committed_ms: i64,
}

impl Committed {
    /// Whether it may be committed (`offset.metadata.max.bytes`, 4,096 by default).
    pub fn check(&self, metadata_max_bytes: usize) -> Result<(), ErrorCode> {
        if self.metadata.len() > metadata_max_bytes {
            return Err(ErrorCode::OffsetMetadataTooLarge);
        }
        Ok(())
    }
}

/// From when on offsets grow old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetAge {
    /// They do not.
    None,
    /// From their commit on.
    SinceCommit,
    /// From when the group was empty.
    Since(i64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    committed: Committed,
    /// The record that said so.
    record_offset: i64,
}

type Partitions = BTreeMap<String, BTreeMap<i32, Entry>>;

/// The offsets of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offsets {
    committed: Partitions,
    /// Those of open transactions, by producer id.
    pending: BTreeMap<i64, Partitions>,
}

impl Offsets {
    /// A record was written: an offset, or that there is none any more. `producer_id` names its transaction.
    pub fn replay(
        &mut self,
        record_offset: i64,
        topic: &str,
        partition: i32,
        committed: Option<Committed>,
        producer_id: Option<i64>,
    ) {
        let Some(committed) = committed else {
            remove(&mut self.committed, topic, partition);
            // Nor may a transaction bring it back.
            self.pending.retain(|_, partitions| {
                remove(partitions, topic, partition);
                !partitions.is_empty()
            });
            return;
        };
        let partitions = match producer_id {
            None => &mut self.committed,
            Some(producer_id) => self.pending.entry(producer_id).or_default(),
        };
        let entry = Entry {
            committed,
            record_offset,
        };
        partitions.entry(topic.to_owned()).or_default().insert(partition, entry);
    }

    /// A producer's transaction is over.
    pub fn end_transaction(&mut self, producer_id: i64, is_committed: bool) {
        let Some(partitions) = self.pending.remove(&producer_id) else {
            return;
        };
        if !is_committed {
            return;
        }
        for (topic, partitions) in partitions {
            let known = self.committed.entry(topic).or_default();
            for (partition, entry) in partitions {
                // What was committed after it, outside the transaction, holds.
                let is_newer = known
                    .get(&partition)
                    .is_none_or(|known| entry.record_offset > known.record_offset);
                if is_newer {
                    known.insert(partition, entry);
                }
            }
        }
    }

    /// The offset of a partition; with `require_stable` only if no open transaction may change it.
    pub fn fetch(&self, topic: &str, partition: i32, require_stable: bool) -> Result<Option<&Committed>, ErrorCode> {
        if require_stable && self.is_pending(topic, partition) {
            return Err(ErrorCode::UnstableOffsetCommit);
        }
        let entry = self.committed.get(topic).and_then(|known| known.get(&partition));
        Ok(entry.map(|entry| &entry.committed))
    }

    /// All, by topic and partition.
    pub fn all(&self) -> impl Iterator<Item = (&str, i32, &Committed)> {
        self.committed.iter().flat_map(|(topic, partitions)| {
            partitions
                .iter()
                .map(move |(partition, entry)| (topic.as_str(), *partition, &entry.committed))
        })
    }

    /// Whether a transaction may still bring offsets.
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    fn is_pending(&self, topic: &str, partition: i32) -> bool {
        let mut open = self.pending.values();
        open.any(|partitions| {
            partitions
                .get(topic)
                .is_some_and(|known| known.contains_key(&partition))
        })
    }

    /// Those that are too old (`offsets.retention.minutes`): to be removed by records that say so.
    pub fn expired(&self, now_ms: i64, retention_ms: i64, group: &ClassicGroup) -> Vec<(String, i32)> {
        let age = group.offset_age();
        let is_old = |committed: &Committed| match age {
            OffsetAge::None => false,
            OffsetAge::SinceCommit => now_ms - committed.committed_ms >= retention_ms,
            OffsetAge::Since(since_ms) => now_ms - since_ms >= retention_ms,
        };
        let topics = group.subscribed_topics();
        let old = self.all().filter(|(topic, partition, committed)| {
            let is_read = topics.as_ref().is_some_and(|topics| topics.contains(*topic));
            !is_read && is_old(committed) && !self.is_pending(topic, *partition)
        });
        old.map(|(topic, partition, _)| (topic.to_owned(), partition)).collect()
    }
}

fn remove(partitions: &mut Partitions, topic: &str, partition: i32) {
    if let Some(known) = partitions.get_mut(topic) {
        known.remove(&partition);
        if known.is_empty() {
            partitions.remove(topic);
        }
    }
}
