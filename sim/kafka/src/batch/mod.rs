//! Record batches of format 2 (Kafka 0.11 and later): true bytes, with their CRC-32C.
//!
//! Reading order: [`header`] (where each field stands), [`Batch`] (shared bytes), [`record`] (what is inside),
//! [`build`] (from fields to bytes), [`control`] (transaction markers and the like).
//!
//! A batch is written once, by its producer, and from then on shared: the leader's log, its followers' and every
//! consumer hold the same bytes. What a leader changes on append, the base offset and the leader epoch, lies outside
//! the checksum and is kept beside the bytes, so that an append copies nothing.

pub mod header;

pub mod record;

pub mod build;

pub mod control;

pub use build::{BatchBuilder, Fields};
pub use control::{ControlType, EndTxnMarker};
pub use header::{Attributes, Compression, TimestampType};
pub use record::{Header, NewRecord, Record};

use bytes::{Buf as _, Bytes};
use core::fmt;

use crate::wire::WireError;
use header::at;

/// No producer id, sequence, epoch or timestamp.
pub const NONE: i64 = -1;

/// Bytes before the first record.
pub const OVERHEAD_BYTES: usize = 61;

/// Bytes of base offset and length, which the length does not count.
pub const LOG_OVERHEAD_BYTES: usize = 12;

/// Bytes that a batch may say it has: `i32::MAX` would be an attack, not a batch. Kafka's own limit is the configured
/// `message.max.bytes`; this is only what is believed before a log is asked.
pub const BATCH_BYTES_MAX: usize = 1 << 28;

/// What is wrong with bytes that should be a batch. The sentences are the broker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corrupt {
    /// The bytes end before the batch does.
    Truncated,
    /// The batch says it is smaller than its own header.
    Small(i32),
    /// The batch says it is larger than anything that is accepted.
    Large(i32),
    /// Another format than 2.
    Magic(i8),
    /// The checksum is another.
    Crc {
        /// In the header.
        stored: u32,
        /// Of the bytes.
        computed: u32,
    },
    /// The header counts fewer than no record.
    Count(i32),
    /// The records end before the count does.
    Early,
    /// The count ends before the records do.
    Late,
    /// A record's length is not that of its fields.
    RecordSize {
        /// In front of the record.
        stated: i32,
        /// Of its fields.
        read: usize,
    },
    /// A record has fewer than no headers, or more than bytes.
    HeaderCount(i32),
    /// A header has no key.
    HeaderKey(i32),
    /// A length or number inside a record.
    Structure(WireError),
    /// The records are compressed; their codec is not simulated here.
    Compressed(Compression),
    /// A control record whose key or value is not one.
    Control,
}

impl fmt::Display for Corrupt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => write!(formatter, "Incomplete record batch"),
            Self::Small(size) => write!(
                formatter,
                "Record batch is corrupted (the size {size} is smaller than the minimum allowed overhead {OVERHEAD_BYTES})"
            ),
            Self::Large(size) => write!(formatter, "Record batch is corrupted (the size {size} is too large)"),
            Self::Magic(magic) => write!(formatter, "Invalid magic found in record: {magic}"),
            Self::Crc { stored, computed } => write!(
                formatter,
                "Record is corrupt (stored crc = {stored}, computed crc = {computed})"
            ),
            Self::Count(count) => write!(formatter, "Found invalid record count {count} in magic v2 batch"),
            Self::Early => write!(formatter, "Incorrect declared batch size, premature EOF reached"),
            Self::Late => write!(
                formatter,
                "Incorrect declared batch size, records still remaining in file"
            ),
            Self::RecordSize { stated, read } => write!(
                formatter,
                "Invalid record size: expected to read {stated} bytes in record payload, but instead read {read}"
            ),
            Self::HeaderCount(count) => write!(formatter, "Found invalid number of record headers {count}"),
            Self::HeaderKey(size) => write!(formatter, "Invalid negative header key size {size}"),
            Self::Structure(error) => write!(formatter, "Found invalid record structure: {error}"),
            Self::Compressed(codec) => write!(
                formatter,
                "compression.type {codec} exists in Kafka, not simulated here"
            ),
            Self::Control => write!(formatter, "Invalid control record"),
        }
    }
}

impl From<WireError> for Corrupt {
    fn from(error: WireError) -> Self {
        Self::Structure(error)
    }
}

/// One record batch: shared bytes whose header is sound, with the offset and leader epoch it has here.
#[derive(Clone, Debug)]
pub struct Batch {
    base_offset: i64,
    partition_leader_epoch: i32,
    /// The whole batch as it came. Its base offset and leader epoch are superseded by the fields above.
    bytes: Bytes,
}

impl PartialEq for Batch {
    /// The same bytes in a log.
    fn eq(&self, other: &Self) -> bool {
        self.base_offset == other.base_offset
            && self.partition_leader_epoch == other.partition_leader_epoch
            && self.bytes[at::MAGIC..] == other.bytes[at::MAGIC..]
    }
}

impl Eq for Batch {}

impl Batch {
    /// Takes the first batch off `bytes`. The header is checked, and the checksum; the records are not
    /// ([`Batch::check_records`]). On an error, `bytes` is left as it was.
    pub fn take(bytes: &mut Bytes) -> Result<Self, Corrupt> {
        let size = size_of_first(bytes)?;
        if bytes.len() < size {
            return Err(Corrupt::Truncated);
        }
        let batch = Self::from_checked(bytes.slice(..size));
        let computed = crc32c::crc32c(&batch.bytes[at::ATTRIBUTES..]);
        if batch.crc() != computed {
            return Err(Corrupt::Crc {
                stored: batch.crc(),
                computed,
            });
        }
        if batch.count() < 0 {
            return Err(Corrupt::Count(batch.count()));
        }
        bytes.advance(size);
        Ok(batch)
    }

    /// All batches of `bytes`; an incomplete last one, as at the end of a fetch, is left out.
    pub fn take_all(mut bytes: Bytes) -> Result<Vec<Self>, Corrupt> {
        let mut batches = Vec::new();
        while !bytes.is_empty() {
            match Self::take(&mut bytes) {
                Ok(batch) => batches.push(batch),
                Err(Corrupt::Truncated) => break,
                Err(corrupt) => return Err(corrupt),
            }
        }
        Ok(batches)
    }

    /// `bytes` are one whole batch of format 2, as [`build`] and [`Batch::take`] make sure.
    fn from_checked(bytes: Bytes) -> Self {
        Self {
            base_offset: header::i64_at(&bytes, at::BASE_OFFSET),
            partition_leader_epoch: header::i32_at(&bytes, at::PARTITION_LEADER_EPOCH),
            bytes,
        }
    }

    /// The same bytes at another place: what a leader does on append. Nothing is copied.
    pub fn placed(&self, base_offset: i64, partition_leader_epoch: i32) -> Self {
        Self {
            base_offset,
            partition_leader_epoch,
            bytes: self.bytes.clone(),
        }
    }

    /// The batch with `LogAppendTime` and this time in its header: a copy, with its new checksum.
    pub fn stamped(&self, log_append_time: i64) -> Self {
        let mut bytes = self.bytes.to_vec();
        let attributes = self.attributes().with_timestamp_type(TimestampType::LogAppendTime);
        header::put(&mut bytes, at::ATTRIBUTES, attributes.0.to_be_bytes());
        header::put(&mut bytes, at::MAX_TIMESTAMP, log_append_time.to_be_bytes());
        header::seal(&mut bytes);
        Self {
            bytes: bytes.into(),
            ..*self
        }
    }

    /// Bytes of the whole batch.
    pub fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The batch as it lies in a log or travels, in two parts: the second is shared, not copied.
    pub fn parts(&self) -> ([u8; at::MAGIC], Bytes) {
        let mut head = [0; at::MAGIC];
        head[..at::LENGTH].copy_from_slice(&self.base_offset.to_be_bytes());
        head[at::LENGTH..at::PARTITION_LEADER_EPOCH]
            .copy_from_slice(&self.bytes[at::LENGTH..at::PARTITION_LEADER_EPOCH]);
        head[at::PARTITION_LEADER_EPOCH..].copy_from_slice(&self.partition_leader_epoch.to_be_bytes());
        (head, self.bytes.slice(at::MAGIC..))
    }

    /// Appends the batch as it lies in a log or travels.
    pub fn write(&self, into: &mut Vec<u8>) {
        let (head, rest) = self.parts();
        into.extend_from_slice(&head);
        into.extend_from_slice(&rest);
    }

    /// The batch as it lies in a log or travels.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.size_bytes());
        self.write(&mut bytes);
        bytes
    }

    /// The offset of the first record when the batch was made; compaction may have removed that record.
    pub fn base_offset(&self) -> i64 {
        self.base_offset
    }

    /// The offset of the last record when the batch was made.
    pub fn last_offset(&self) -> i64 {
        self.base_offset.saturating_add(i64::from(self.last_offset_delta()))
    }

    /// The offset after the last record.
    pub fn next_offset(&self) -> i64 {
        self.last_offset().saturating_add(1)
    }

    /// The epoch of the leader that appended it; -1 before that.
    pub fn partition_leader_epoch(&self) -> i32 {
        self.partition_leader_epoch
    }

    /// The checksum in the header.
    pub fn crc(&self) -> u32 {
        header::i32_at(&self.bytes, at::CRC).cast_unsigned()
    }

    /// The attributes.
    pub fn attributes(&self) -> Attributes {
        Attributes(header::i16_at(&self.bytes, at::ATTRIBUTES))
    }

    /// The last offset less the base offset.
    pub fn last_offset_delta(&self) -> i32 {
        header::i32_at(&self.bytes, at::LAST_OFFSET_DELTA)
    }

    /// The field that timestamps are relative to: the first record's time, or the delete horizon.
    pub fn base_timestamp(&self) -> i64 {
        header::i64_at(&self.bytes, at::BASE_TIMESTAMP)
    }

    /// When tombstones and markers in it may go (milliseconds since the epoch), once compaction has said so.
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        self.attributes().has_delete_horizon().then(|| self.base_timestamp())
    }

    /// The latest time of its records, or that of the append (milliseconds since the epoch).
    pub fn max_timestamp(&self) -> i64 {
        header::i64_at(&self.bytes, at::MAX_TIMESTAMP)
    }

    /// The producer's id, or -1.
    pub fn producer_id(&self) -> i64 {
        header::i64_at(&self.bytes, at::PRODUCER_ID)
    }

    /// The producer's epoch, or -1.
    pub fn producer_epoch(&self) -> i16 {
        header::i16_at(&self.bytes, at::PRODUCER_EPOCH)
    }

    /// The sequence number of the first record, or -1.
    pub fn base_sequence(&self) -> i32 {
        header::i32_at(&self.bytes, at::BASE_SEQUENCE)
    }

    /// The sequence number of the last record, or -1.
    pub fn last_sequence(&self) -> i32 {
        match self.base_sequence() {
            -1 => -1,
            base => add_sequence(base, self.last_offset_delta()),
        }
    }

    /// Whether it has a producer id.
    pub fn has_producer_id(&self) -> bool {
        self.producer_id() > NONE
    }

    /// Whether it belongs to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.attributes().is_transactional()
    }

    /// Whether its records are for brokers and consumers, not for applications.
    pub fn is_control(&self) -> bool {
        self.attributes().is_control()
    }

    /// How many records it has; after compaction fewer than offsets.
    pub fn count(&self) -> i32 {
        header::i32_at(&self.bytes, at::COUNT)
    }

    /// Its records, one after the other; an error ends them.
    pub fn records(&self) -> record::Records<'_> {
        record::Records::new(self, &self.bytes[OVERHEAD_BYTES..])
    }

    /// Reads all records to the end.
    pub fn check_records(&self) -> Result<(), Corrupt> {
        self.records().try_for_each(|record| record.map(|_| ()))
    }
}

/// `base` and `increment` records later: after 2³¹-1 comes 0.
pub fn add_sequence(base: i32, increment: i32) -> i32 {
    base.checked_add(increment)
        .unwrap_or_else(|| increment - (i32::MAX - base) - 1)
}

/// How large the first batch of `bytes` says it is, once that can be read.
pub fn size_of_first(bytes: &[u8]) -> Result<usize, Corrupt> {
    if bytes.len() < at::MAGIC + 1 {
        return Err(Corrupt::Truncated);
    }
    let length = header::i32_at(bytes, at::LENGTH);
    let magic = bytes[at::MAGIC].cast_signed();
    if magic != 2 {
        return Err(Corrupt::Magic(magic));
    }
    let size = i64::from(length) + LOG_OVERHEAD_BYTES as i64;
    match usize::try_from(size) {
        Ok(size) if size > BATCH_BYTES_MAX => Err(Corrupt::Large(length)),
        Ok(size) if size >= OVERHEAD_BYTES => Ok(size),
        _ => Err(Corrupt::Small(
            size.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
        )),
    }
}
