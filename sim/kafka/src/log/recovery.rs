//! After a crash: the log is what its files still hold.
//!
//! Each segment is read from its start; the first batch that is cut off, or whose checksum is another, ends the log, and
//! later segments are dropped. Indexes, epochs and what is known of producers follow from the batches.

use std::sync::Arc;

use bytes::Bytes;

use super::producers::Producer;
use super::{Epochs, Log, LogConfig, Origin};
use crate::batch::Batch;

/// What the files of a log hold.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Base offset and content of each `.log`.
    pub segments: Vec<(i64, Bytes)>,
    /// Offset and content of each `.snapshot`.
    pub snapshots: Vec<(i64, Bytes)>,
    /// `leader-epoch-checkpoint`.
    pub epochs: Epochs,
    /// Of this partition in `replication-offset-checkpoint`.
    pub high_watermark: i64,
    /// Of this partition in `log-start-offset-checkpoint`.
    pub log_start_offset: i64,
}

/// What was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Bytes after the last sound batch.
    pub bytes: u64,
    /// Segments that came after it, without that one.
    pub segment_count: usize,
}

impl Log {
    /// The log that these files hold.
    pub fn recover(name: &str, config: LogConfig, mut files: Files, now_ms: i64) -> (Self, Lost) {
        files.segments.sort_by_key(|(base_offset, _)| *base_offset);
        let first = files.segments.first().map_or(files.log_start_offset, |(base, _)| *base);
        let mut log = Self::starting_at(name, config, first.max(0), now_ms);
        log.epochs = Arc::new(files.epochs);
        let mut lost = Lost::default();
        let mut segments = files.segments.into_iter();
        for (base_offset, bytes) in segments.by_ref() {
            if base_offset > first {
                log.roll_at(base_offset, now_ms);
            }
            lost.bytes = log.recover_segment(base_offset, bytes, now_ms);
            if lost.bytes > 0 {
                break;
            }
        }
        for (_, bytes) in segments {
            lost.segment_count += 1;
            lost.bytes += bytes.len() as u64;
        }
        let end = log.log_end_offset;
        Arc::make_mut(&mut log.epochs).truncate_from_end(end);
        log.log_start_offset = files.log_start_offset.clamp(log.log_start_offset, end);
        Arc::make_mut(&mut log.epochs).truncate_from_start(log.log_start_offset);
        log.cleaned_until = log.log_start_offset;
        log.set_high_watermark(files.high_watermark);
        log.recover_producers(&files.snapshots);
        (log, lost)
    }

    /// Gives the bytes that hold no sound batch.
    fn recover_segment(&mut self, base_offset: i64, mut bytes: Bytes, now_ms: i64) -> u64 {
        while !bytes.is_empty() {
            let before = bytes.len() as u64;
            let Ok(batch) = Batch::take(&mut bytes) else {
                return before;
            };
            let is_next = batch.base_offset() >= self.log_end_offset.max(base_offset)
                && batch.last_offset_delta() >= 0
                && batch.last_offset().saturating_sub(base_offset) <= i64::from(i32::MAX);
            if !is_next {
                return before;
            }
            let epoch = batch.partition_leader_epoch();
            if self.epochs.last().is_none_or(|(last, _)| epoch > last) {
                Arc::make_mut(&mut self.epochs).assign(epoch, batch.base_offset());
            }
            if self.write(&batch, 0, Origin::Replication, 0, now_ms).is_err() {
                return before;
            }
        }
        0
    }

    /// Producers whose batches are all gone are known from the last snapshot alone.
    fn recover_producers(&mut self, snapshots: &[(i64, Bytes)]) {
        let end = self.log_end_offset;
        let sound = snapshots.iter().filter(|(offset, _)| *offset <= end);
        let mut sound: Vec<(i64, Vec<Producer>)> = sound
            .filter_map(|(offset, bytes)| Some((*offset, Producer::read_snapshot(bytes)?)))
            .collect();
        sound.sort_by_key(|(offset, _)| *offset);
        let Some((_, known)) = sound.pop() else { return };
        for producer in known {
            if self.producers.get(producer.id).is_none() && producer.txn_first_offset.is_none() {
                self.producers.insert(producer);
            }
        }
    }
}
