//! The log of one replica of a partition.
//!
//! Reading order: [`config`], [`shared`] and [`segment`] (where the bytes are), [`epochs`], [`transactions`],
//! [`producers`] (what is remembered beside them), then what is done with a log: [`append`], [`read`], [`offsets`]
//! (by time), [`retention`], [`truncation`], [`divergence`], [`clean`], [`recovery`], [`digest`].
//!
//! **Offsets.** Log start ≤ last stable offset ≤ high watermark ≤ log end. Records below the high watermark are on all
//! replicas in sync; those below the last stable offset belong to no open transaction.
//!
//! A log is a plain value: copying it is cheap (segments, chunks of batches and the batches themselves are shared), and
//! a copy that is written to leaves the other as it was.

pub mod config;

pub mod shared;

pub mod segment;

pub mod epochs;

pub mod transactions;

pub mod producers;

mod append;

mod read;

mod offsets;

mod retention;

mod truncation;

mod divergence;

mod clean;

mod recovery;

mod digest;

pub use append::{Appended, Origin};
pub use clean::{Cleanable, Cleaned};
pub use config::LogConfig;
pub use divergence::EpochEnd;
pub use epochs::Epochs;
pub use offsets::{FoundOffset, ListOffset};
pub use producers::Producers;
pub use read::{Fetched, Isolation};
pub use recovery::{Files, Lost};
pub use segment::Segment;
pub use transactions::AbortedTxn;

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::ErrorCode;

/// What a log does not do: the protocol's error, the broker's sentence, and for records that are refused one by one
/// their places in the batch, each with its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The error code.
    pub error: ErrorCode,
    /// The sentence.
    pub message: String,
    /// Place in the batch, sentence.
    pub records: Vec<(i32, String)>,
}

impl Refused {
    pub(crate) fn new(error: ErrorCode, message: String) -> Self {
        Self {
            error,
            message,
            records: Vec::new(),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

/// The log of one replica.
#[derive(Clone, Debug)]
pub struct Log {
    /// `topic`-`partition`, for sentences.
    name: Arc<str>,
    config: Arc<LogConfig>,
    /// In order, never none; the last one is active.
    segments: Arc<Vec<Arc<Segment>>>,
    log_start_offset: i64,
    log_end_offset: i64,
    high_watermark: i64,
    epochs: Arc<Epochs>,
    producers: Producers,
    /// What was known of producers when each segment began: `.snapshot` files.
    snapshots: Arc<BTreeMap<i64, Producers>>,
    /// Compaction has seen everything below.
    cleaned_until: i64,
}

impl Log {
    /// An empty log.
    pub fn new(name: &str, config: LogConfig, now_ms: i64) -> Self {
        Self::starting_at(name, config, 0, now_ms)
    }

    /// An empty log whose first record will have this offset.
    pub fn starting_at(name: &str, config: LogConfig, offset: i64, now_ms: i64) -> Self {
        let mut producers = Producers::default();
        producers.set_end_offset(offset);
        Self {
            name: name.into(),
            config: Arc::new(config),
            segments: Arc::new(vec![Arc::new(Segment::new(offset, now_ms))]),
            log_start_offset: offset,
            log_end_offset: offset,
            high_watermark: offset,
            epochs: Arc::default(),
            producers,
            snapshots: Arc::default(),
            cleaned_until: offset,
        }
    }

    /// `topic`-`partition`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The settings.
    pub fn config(&self) -> &LogConfig {
        &self.config
    }

    /// New settings; they hold from now on.
    pub fn set_config(&mut self, config: LogConfig) {
        self.config = Arc::new(config);
    }

    /// The first offset that may be read.
    pub fn log_start_offset(&self) -> i64 {
        self.log_start_offset
    }

    /// The offset of the next record.
    pub fn log_end_offset(&self) -> i64 {
        self.log_end_offset
    }

    /// Records below are on all replicas in sync, as far as this one knows.
    pub fn high_watermark(&self) -> i64 {
        self.high_watermark
    }

    /// Records below are replicated and belong to no open transaction.
    pub fn last_stable_offset(&self) -> i64 {
        let unstable = self.producers.transactions.first_unstable_offset();
        let unstable = unstable.map_or(i64::MAX, |offset| offset.max(self.log_start_offset));
        unstable.min(self.high_watermark)
    }

    /// The high watermark moves to `offset`, backwards too, within the log. Gives where it is now.
    pub fn set_high_watermark(&mut self, offset: i64) -> i64 {
        self.high_watermark = offset.clamp(self.log_start_offset, self.log_end_offset);
        self.producers.transactions.replicated(self.high_watermark);
        self.high_watermark
    }

    /// The high watermark moves to `offset` if that is further. Says whether it has.
    pub fn advance_high_watermark(&mut self, offset: i64) -> bool {
        let before = self.high_watermark;
        if offset > before {
            self.set_high_watermark(offset);
        }
        self.high_watermark > before
    }

    /// The epochs of its leaders.
    pub fn epochs(&self) -> &Epochs {
        &self.epochs
    }

    /// This replica leads in `epoch` from the end of its log on.
    pub fn begin_epoch(&mut self, epoch: i32) {
        let end = self.log_end_offset;
        Arc::make_mut(&mut self.epochs).assign(epoch, end);
    }

    /// What is remembered of producers.
    pub fn producers(&self) -> &Producers {
        &self.producers
    }

    /// What was known of producers where this segment begins.
    pub fn snapshot(&self, base_offset: i64) -> Option<&Producers> {
        self.snapshots.get(&base_offset)
    }

    /// Forgets producers that have been silent for longer than `producer.id.expiration.ms`.
    pub fn expire_producers(&mut self, now_ms: i64) {
        let expiration_ms = self.config.producer_id_expiration_ms;
        self.producers.expire(now_ms, expiration_ms);
    }

    /// Its segments, in order; the last one is active.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> + ExactSizeIterator {
        self.segments.iter().map(AsRef::as_ref)
    }

    /// Bytes of all its segments.
    pub fn size_bytes(&self) -> u64 {
        self.segments().map(|segment| u64::from(segment.size_bytes())).sum()
    }

    fn active(&self) -> &Segment {
        self.segments.last().expect("a log always has a segment")
    }

    fn active_mut(&mut self) -> &mut Segment {
        let segments = Arc::make_mut(&mut self.segments);
        Arc::make_mut(segments.last_mut().expect("a log always has a segment"))
    }

    /// The place of the segment that would hold `offset`; `None` below the first.
    fn segment_of(&self, offset: i64) -> Option<usize> {
        self.segments
            .partition_point(|segment| segment.base_offset() <= offset)
            .checked_sub(1)
    }

    /// A new active segment begins at `base_offset`, or where the log ends if that is later.
    fn roll_at(&mut self, base_offset: i64, now_ms: i64) {
        let base_offset = base_offset.max(self.log_end_offset);
        if self.active().base_offset() == base_offset {
            // Nothing was written to it yet: it begins anew.
            *self.active_mut() = Segment::new(base_offset, now_ms);
            return;
        }
        self.active_mut().close();
        let producers = self.producers.clone();
        Arc::make_mut(&mut self.snapshots).insert(base_offset, producers);
        Arc::make_mut(&mut self.segments).push(Arc::new(Segment::new(base_offset, now_ms)));
    }

    /// Closes the active segment, if there is something in it.
    pub fn roll(&mut self, now_ms: i64) {
        if self.active().size_bytes() > 0 {
            self.roll_at(self.log_end_offset, now_ms);
        }
    }
}
