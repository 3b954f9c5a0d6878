//! Reading: from an offset on, up to what the reader may see.

use super::{AbortedTxn, Log, Refused};
use crate::batch::Batch;
use crate::error::ErrorCode;

/// Up to where a reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// To the end: a follower.
    LogEnd,
    /// To the high watermark: `isolation.level=read_uncommitted`.
    ReadUncommitted,
    /// To the last stable offset: `isolation.level=read_committed`.
    ReadCommitted,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Whole batches; the first may begin below the offset that was asked for.
    pub batches: Vec<Batch>,
    /// Bytes of all of them.
    pub size_bytes: usize,
    /// For readers of committed records: transactions that were aborted, by first offset, where they touch these
    /// batches.
    pub aborted: Vec<AbortedTxn>,
}

impl Log {
    /// The offset up to which this reader sees.
    pub fn end_for(&self, isolation: Isolation) -> i64 {
        match isolation {
            Isolation::LogEnd => self.log_end_offset,
            Isolation::ReadUncommitted => self.high_watermark,
            Isolation::ReadCommitted => self.last_stable_offset(),
        }
    }

    /// Batches of one segment from the one that holds `offset` on, up to `max_bytes`. The first one comes in any case
    /// if `min_one` says so, else a reader with little room would stay for ever where a batch is large.
    pub fn read(&self, offset: i64, max_bytes: usize, isolation: Isolation, min_one: bool) -> Result<Fetched, Refused> {
        if offset < self.log_start_offset || offset > self.log_end_offset {
            let message = format!(
                "Received request for offset {offset} for partition {}, but we only have log segments in the range {} \
                 to {}.",
                self.name, self.log_start_offset, self.log_end_offset
            );
            return Err(Refused::new(ErrorCode::OffsetOutOfRange, message));
        }
        let end = self.end_for(isolation);
        let mut fetched = Fetched::default();
        let Some(first) = self.segment_of(offset).filter(|_| offset < end) else {
            return Ok(fetched);
        };
        for segment in &self.segments[first..] {
            for placed in segment.batches_from(offset) {
                let size_bytes = placed.batch.size_bytes();
                let is_first = fetched.batches.is_empty();
                let fits = fetched.size_bytes + size_bytes <= max_bytes || is_first && min_one;
                if placed.batch.base_offset() >= end || !fits {
                    break;
                }
                fetched.size_bytes += size_bytes;
                fetched.batches.push(placed.batch.clone());
            }
            // A segment that compaction has emptied from here on is passed over.
            let is_over = segment.batches_from(offset).next().is_some();
            if is_over {
                break;
            }
        }
        if isolation == Isolation::ReadCommitted
            && let Some(last) = fetched.batches.last()
        {
            fetched.aborted = self.aborted_between(offset, last.next_offset());
        }
        Ok(fetched)
    }

    /// Transactions that were aborted by a marker at `start` or later and began below `end`.
    pub fn aborted_between(&self, start: i64, end: i64) -> Vec<AbortedTxn> {
        let mut aborted = Vec::new();
        let first = self.segment_of(start).unwrap_or(0);
        for segment in &self.segments[first..] {
            for txn in segment.aborted() {
                if txn.last_offset >= start && txn.first_offset < end {
                    aborted.push(*txn);
                }
                if txn.last_stable_offset >= end {
                    return aborted;
                }
            }
        }
        aborted
    }

    /// All batches from the one that holds `offset` on.
    pub fn batches_from(&self, offset: i64) -> impl Iterator<Item = &Batch> {
        let first = self.segment_of(offset).unwrap_or(0);
        self.segments[first..]
            .iter()
            .flat_map(move |segment| segment.batches_from(offset).map(|placed| &placed.batch))
    }
}
