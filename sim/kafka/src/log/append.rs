//! Writing: by the leader, who gives offsets, and by a follower, who keeps them.

use std::sync::Arc;

use super::producers::{At, BatchMetadata};
use super::{Log, Refused};
use crate::batch::{Batch, NONE, TimestampType};
use crate::error::ErrorCode;

/// Who appends: it says how much is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A producer.
    Client,
    /// A group or transaction coordinator: offsets and markers, without sequence numbers.
    Coordinator,
    /// The leader of the partition: it has checked.
    Replication,
}

/// What an append came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The offset of the first record.
    pub base_offset: i64,
    /// The offset of the last record.
    pub last_offset: i64,
    /// The time of the append where the topic says so, or -1.
    pub log_append_time: i64,
    /// The batch was there already: nothing was written.
    pub is_duplicate: bool,
}

impl Log {
    /// Appends a batch as the leader in `leader_epoch`: it gets its offsets here. The batch has passed
    /// [`Batch::take`], so its header and checksum are sound; that of another than a producer of this simulation also
    /// needs [`Batch::check_records`] before.
    pub fn append_as_leader(
        &mut self,
        batch: &Batch,
        origin: Origin,
        leader_epoch: i32,
        now_ms: i64,
    ) -> Result<Appended, Refused> {
        self.append_marker(batch, origin, leader_epoch, 0, now_ms)
    }

    /// The same; the batch may be a marker of a transaction of this version (`transaction.version`).
    pub fn append_marker(
        &mut self,
        batch: &Batch,
        origin: Origin,
        leader_epoch: i32,
        transaction_version: i16,
        now_ms: i64,
    ) -> Result<Appended, Refused> {
        self.check(batch, origin, now_ms)?;
        let is_stamped = self.config.message_timestamp_type == TimestampType::LogAppendTime;
        if origin == Origin::Client
            && let Some(duplicate) = self.duplicate_of(batch)
        {
            return Ok(Appended {
                base_offset: duplicate.first_offset(),
                last_offset: duplicate.last_offset,
                log_append_time: duplicate.timestamp,
                is_duplicate: true,
            });
        }
        let placed = if is_stamped {
            batch.stamped(now_ms).placed(self.log_end_offset, leader_epoch)
        } else {
            batch.placed(self.log_end_offset, leader_epoch)
        };
        let appended = Appended {
            base_offset: placed.base_offset(),
            last_offset: placed.last_offset(),
            log_append_time: if is_stamped { now_ms } else { NONE },
            is_duplicate: false,
        };
        self.write(&placed, placed.size_bytes(), origin, transaction_version, now_ms)?;
        self.note_epoch(&placed);
        Ok(appended)
    }

    /// Appends what was fetched from the leader in `leader_epoch`, as it is. Batches of a later epoch wait for the next
    /// fetch. Gives the end of the log.
    pub fn append_as_follower(&mut self, batches: &[Batch], leader_epoch: i32, now_ms: i64) -> Result<i64, Refused> {
        let known = batches
            .iter()
            .take_while(|batch| batch.partition_leader_epoch() <= leader_epoch);
        let count = known.count();
        let size_bytes: usize = batches[..count].iter().map(Batch::size_bytes).sum();
        let mut ahead_bytes = size_bytes;
        for batch in &batches[..count] {
            if batch.base_offset() < self.log_end_offset {
                let message = format!(
                    "Unexpected offset in append to {}. First offset {} is less than the next offset {}.",
                    self.name,
                    batch.base_offset(),
                    self.log_end_offset
                );
                return Err(Refused::new(ErrorCode::UnknownServerError, message));
            }
            // What is fetched together stays in one segment: only before the first batch is there a choice.
            self.write(batch, core::mem::take(&mut ahead_bytes), Origin::Replication, 0, now_ms)?;
            self.note_epoch(batch);
        }
        Ok(self.log_end_offset)
    }

    fn note_epoch(&mut self, batch: &Batch) {
        let epoch = batch.partition_leader_epoch();
        if self.epochs.last().map(|(last, _)| last) != Some(epoch) {
            Arc::make_mut(&mut self.epochs).assign(epoch, batch.base_offset());
        }
    }

    fn duplicate_of(&self, batch: &Batch) -> Option<BatchMetadata> {
        if !batch.has_producer_id() {
            return None;
        }
        self.producers.get(batch.producer_id())?.duplicate_of(batch)
    }

    /// `ahead_bytes` are to be written with this batch, itself included; 0 where that was looked at before.
    pub(super) fn write(
        &mut self,
        batch: &Batch,
        ahead_bytes: usize,
        origin: Origin,
        transaction_version: i16,
        now_ms: i64,
    ) -> Result<(), Refused> {
        let mut prepared = None;
        if batch.has_producer_id() {
            let name = Arc::clone(&self.name);
            let at = At {
                batch,
                first_offset: batch.base_offset(),
                origin,
                transaction_version,
                partition: &name,
            };
            prepared = Some(self.producers.prepare(&at)?);
        }
        let active = self.active();
        if ahead_bytes > 0
            && active.must_roll(
                &self.config,
                ahead_bytes,
                batch.last_offset(),
                batch.max_timestamp(),
                now_ms,
            )
        {
            self.roll_at(batch.base_offset(), now_ms);
        }
        let interval_bytes = self.config.index_interval_bytes;
        self.active_mut().append(batch.clone(), interval_bytes, now_ms);
        self.log_end_offset = batch.next_offset();
        if let Some((producer, effect)) = prepared
            && let Some((txn, last_stable_offset)) = self.producers.update(producer, effect)
            && txn.is_aborted
        {
            self.active_mut().aborted.push(super::AbortedTxn {
                producer_id: txn.producer_id,
                first_offset: txn.first_offset,
                last_offset: txn.last_offset,
                last_stable_offset,
            });
        }
        self.producers.set_end_offset(self.log_end_offset);
        Ok(())
    }

    /// What a leader looks at before it takes a batch.
    fn check(&self, batch: &Batch, origin: Origin, now_ms: i64) -> Result<(), Refused> {
        let size_bytes = batch.size_bytes();
        if size_bytes > self.config.max_message_bytes as usize {
            let message = format!(
                "The record batch size in the append to {} is {size_bytes} bytes which exceeds the maximum configured \
                 value of {}.",
                self.name, self.config.max_message_bytes
            );
            return Err(Refused::new(ErrorCode::MessageTooLarge, message));
        }
        if size_bytes > self.config.segment_bytes as usize {
            let message = format!(
                "Message batch size is {size_bytes} bytes in append to partition {}, which exceeds the maximum \
                 configured segment size of {}.",
                self.name, self.config.segment_bytes
            );
            return Err(Refused::new(ErrorCode::RecordListTooLarge, message));
        }
        if origin == Origin::Client {
            self.check_header(batch)?;
        }
        self.check_keys(batch)?;
        self.check_timestamps(batch, now_ms)
    }

    /// What only a producer could get wrong.
    fn check_header(&self, batch: &Batch) -> Result<(), Refused> {
        let (first, last, count) = (batch.base_offset(), batch.last_offset(), batch.count());
        let wrong = if batch.last_offset_delta() < 0 {
            format!("Batch has an invalid offset range: [{first}, {last}]")
        } else if count <= 0 {
            format!("Invalid reported count for record batch: {count}")
        } else if i64::from(batch.last_offset_delta()) + 1 != i64::from(count) {
            format!("Inconsistent batch offset range [{first}, {last}] and count of records {count}")
        } else if batch.is_control() {
            "Clients are not allowed to write control records".to_owned()
        } else if batch.has_producer_id() && batch.base_sequence() < 0 {
            format!(
                "Invalid sequence number {} in record batch with producerId {}",
                batch.base_sequence(),
                batch.producer_id()
            )
        } else {
            return Ok(());
        };
        let message = format!("{wrong} in topic partition {}", self.name);
        Err(Refused::new(ErrorCode::InvalidRecord, message))
    }

    fn check_keys(&self, batch: &Batch) -> Result<(), Refused> {
        if !self.config.compact || batch.is_control() {
            return Ok(());
        }
        let mut records = Vec::new();
        for (place, record) in batch.records().enumerate() {
            if record.is_ok_and(|record| record.key.is_none()) {
                let message = format!(
                    "Compacted topic cannot accept message without key in topic partition {}",
                    self.name
                );
                records.push((place as i32, message));
            }
        }
        if records.is_empty() {
            return Ok(());
        }
        let shown: Vec<String> = records
            .iter()
            .take(3)
            .map(|(place, message)| format!("RecordError(batchIndex={place}, message='{message}')"))
            .collect();
        let message = format!(
            "One or more records have been rejected due to {} record errors in total, and only showing the first three \
             errors at most: [{}]",
            records.len(),
            shown.join(", ")
        );
        Err(Refused {
            error: ErrorCode::InvalidRecord,
            message,
            records,
        })
    }

    fn check_timestamps(&self, batch: &Batch, now_ms: i64) -> Result<(), Refused> {
        let config = &self.config;
        let latest = now_ms.saturating_add(config.message_timestamp_after_max_ms);
        let earliest = now_ms.saturating_sub(config.message_timestamp_before_max_ms);
        let is_stamped = config.message_timestamp_type == TimestampType::LogAppendTime;
        // Usually the header says enough: no record is later than its latest timestamp.
        let is_bounded_below = config.message_timestamp_before_max_ms < i64::MAX;
        if is_stamped || !is_bounded_below && batch.max_timestamp() <= latest {
            return Ok(());
        }
        let mut records = Vec::new();
        for (place, record) in batch.records().enumerate() {
            let Ok(record) = record else { continue };
            let timestamp = record.timestamp;
            if timestamp != NONE && !(earliest..=latest).contains(&timestamp) {
                let message = format!(
                    "Timestamp {timestamp} of message with offset {} is out of range. The timestamp should be within \
                     [{earliest}, {latest}]",
                    record.offset
                );
                records.push((place as i32, message));
            }
        }
        if records.is_empty() {
            return Ok(());
        }
        Err(Refused {
            error: ErrorCode::InvalidTimestamp,
            message: "One or more records have been rejected due to invalid timestamp".to_owned(),
            records,
        })
    }
}
