//! Forgetting at the end: a follower drops what its new leader does not have.

use std::sync::Arc;

use super::producers::At;
use super::{Log, Origin, Producers, Segment};

impl Log {
    /// Drops the batch that holds `offset` and all after it. Says whether there was any.
    pub fn truncate_to(&mut self, offset: i64, now_ms: i64) -> bool {
        if offset < 0 {
            return false;
        }
        if offset >= self.log_end_offset {
            // This replica may have led for a moment and written nothing: its epoch contradicts the leader's.
            let end = self.log_end_offset;
            if self.epochs.last().is_some_and(|(_, start)| start >= end) {
                Arc::make_mut(&mut self.epochs).truncate_from_end(end);
            }
            return false;
        }
        if self.segments[0].base_offset() > offset {
            self.truncate_fully(offset, now_ms);
            return true;
        }
        let segments = Arc::make_mut(&mut self.segments);
        segments.retain(|segment| segment.base_offset() <= offset);
        self.active_mut().truncate(offset, now_ms);
        // The end is where it was asked for, even inside a batch: leaders agree on the ends of batches.
        self.log_end_offset = offset;
        self.log_start_offset = self.log_start_offset.min(self.log_end_offset);
        self.cleaned_until = self.cleaned_until.min(self.log_end_offset);
        Arc::make_mut(&mut self.epochs).truncate_from_end(self.log_end_offset);
        self.rebuild_producers();
        self.set_high_watermark(self.high_watermark);
        true
    }

    /// Drops everything; the next record has this offset.
    pub fn truncate_fully(&mut self, offset: i64, now_ms: i64) {
        self.segments = Arc::new(vec![Arc::new(Segment::new(offset, now_ms))]);
        self.log_start_offset = offset;
        self.log_end_offset = offset;
        self.high_watermark = offset;
        self.cleaned_until = offset;
        self.epochs = Arc::default();
        self.snapshots = Arc::default();
        self.producers = Producers::default();
        self.producers.set_end_offset(offset);
    }

    /// From the last snapshot below the end, or from nothing, on to the end.
    fn rebuild_producers(&mut self) {
        let end = self.log_end_offset;
        if self.snapshots.last_key_value().is_some_and(|(base, _)| *base > end) {
            Arc::make_mut(&mut self.snapshots).retain(|base, _| *base <= end);
        }
        let last = self.snapshots.last_key_value();
        let (start, mut producers) = match last {
            Some((base, known)) => (*base, known.clone()),
            None => (self.log_start_offset, Producers::default()),
        };
        for batch in self.batches_from(start).filter(|batch| batch.has_producer_id()) {
            let at = At {
                batch,
                first_offset: batch.base_offset(),
                origin: Origin::Replication,
                transaction_version: 0,
                partition: &self.name,
            };
            // What is in the log was taken in once.
            if let Ok((producer, effect)) = producers.prepare(&at) {
                producers.update(producer, effect);
            }
        }
        producers.set_end_offset(end);
        self.producers = producers;
    }
}
