//! From fields to the bytes of a batch.

use super::header::{self, at};
use super::record::{self, NewRecord};
use super::{Attributes, Batch, LOG_OVERHEAD_BYTES, NONE, OVERHEAD_BYTES, TimestampType};

/// The fields of a batch's header that do not follow from its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The offset of the first record; a producer writes 0, and the leader says where it goes.
    pub base_offset: i64,
    /// -1 until a leader appends it.
    pub partition_leader_epoch: i32,
    /// `LogAppendTime` with that time, or `None` for `CreateTime`.
    pub log_append_time: Option<i64>,
    /// Part of a transaction.
    pub is_transactional: bool,
    /// For brokers and consumers.
    pub is_control: bool,
    /// The producer's id, or -1.
    pub producer_id: i64,
    /// The producer's epoch, or -1.
    pub producer_epoch: i16,
    /// The first sequence number, or -1.
    pub base_sequence: i32,
    /// Set by compaction.
    pub delete_horizon_ms: Option<i64>,
}

impl Default for Fields {
    fn default() -> Self {
        Self {
            base_offset: 0,
            partition_leader_epoch: -1,
            log_append_time: None,
            is_transactional: false,
            is_control: false,
            producer_id: NONE,
            producer_epoch: -1,
            base_sequence: -1,
            delete_horizon_ms: None,
        }
    }
}

impl Fields {
    fn attributes(&self) -> Attributes {
        let kind = match self.log_append_time {
            None => TimestampType::CreateTime,
            Some(_) => TimestampType::LogAppendTime,
        };
        Attributes::default()
            .with_timestamp_type(kind)
            .with_transactional(self.is_transactional)
            .with_control(self.is_control)
            .with_delete_horizon(self.delete_horizon_ms.is_some())
    }
}

/// A batch that is being filled.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    fields: Fields,
    bytes: Vec<u8>,
    base_timestamp: Option<i64>,
    max_timestamp: i64,
    last_offset: i64,
    count: i32,
}

impl BatchBuilder {
    /// An empty batch.
    pub fn new(fields: Fields) -> Self {
        Self {
            fields,
            bytes: vec![0; OVERHEAD_BYTES],
            base_timestamp: fields.delete_horizon_ms,
            max_timestamp: NONE,
            last_offset: fields.base_offset.saturating_sub(1),
            count: 0,
        }
    }

    /// Adds a record after the last one.
    pub fn push(&mut self, record: &NewRecord<'_>) {
        self.push_at(self.last_offset.saturating_add(1), record);
    }

    /// Adds a record at an offset of its own, above the last one: compaction leaves gaps.
    pub fn push_at(&mut self, offset: i64, record: &NewRecord<'_>) {
        let base_timestamp = *self.base_timestamp.get_or_insert(record.timestamp);
        let offset_delta = offset.wrapping_sub(self.fields.base_offset) as i32;
        let timestamp_delta = record.timestamp.wrapping_sub(base_timestamp);
        record::write(&mut self.bytes, record, offset_delta, timestamp_delta);
        self.max_timestamp = self.max_timestamp.max(record.timestamp);
        self.last_offset = offset;
        self.count += 1;
    }

    /// How many records it has.
    pub fn count(&self) -> i32 {
        self.count
    }

    /// Bytes so far, header included.
    pub fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes with this record added.
    pub fn size_with_bytes(&self, record: &NewRecord<'_>) -> usize {
        let timestamp_delta = record
            .timestamp
            .wrapping_sub(self.base_timestamp.unwrap_or(record.timestamp));
        self.bytes.len() + record::whole_size_bytes(record, self.count, timestamp_delta)
    }

    /// The batch, sealed.
    pub fn build(self) -> Batch {
        let last_offset = self.last_offset.max(self.fields.base_offset);
        self.build_until(last_offset)
    }

    /// The batch, sealed, with the last offset it had before compaction.
    pub fn build_until(mut self, last_offset: i64) -> Batch {
        let fields = self.fields;
        let length = (self.bytes.len() - LOG_OVERHEAD_BYTES) as i32;
        let last_offset_delta = last_offset.wrapping_sub(fields.base_offset) as i32;
        let bytes = &mut self.bytes;
        header::put(bytes, at::BASE_OFFSET, fields.base_offset.to_be_bytes());
        header::put(bytes, at::LENGTH, length.to_be_bytes());
        let epoch = fields.partition_leader_epoch;
        header::put(bytes, at::PARTITION_LEADER_EPOCH, epoch.to_be_bytes());
        bytes[at::MAGIC] = 2;
        header::put(bytes, at::ATTRIBUTES, fields.attributes().0.to_be_bytes());
        header::put(bytes, at::LAST_OFFSET_DELTA, last_offset_delta.to_be_bytes());
        let base_timestamp = self.base_timestamp.unwrap_or(NONE);
        header::put(bytes, at::BASE_TIMESTAMP, base_timestamp.to_be_bytes());
        let max_timestamp = fields.log_append_time.unwrap_or(self.max_timestamp);
        header::put(bytes, at::MAX_TIMESTAMP, max_timestamp.to_be_bytes());
        header::put(bytes, at::PRODUCER_ID, fields.producer_id.to_be_bytes());
        header::put(bytes, at::PRODUCER_EPOCH, fields.producer_epoch.to_be_bytes());
        header::put(bytes, at::BASE_SEQUENCE, fields.base_sequence.to_be_bytes());
        header::put(bytes, at::COUNT, self.count.to_be_bytes());
        header::seal(bytes);
        Batch::from_checked(self.bytes.into())
    }

    /// The batch when compaction removed all its records: a header that keeps the producer's last sequence. `last` is
    /// the batch before; its latest time stays.
    pub fn emptied(last: &Batch) -> Batch {
        let mut builder = Self::new(Fields {
            base_offset: last.base_offset(),
            partition_leader_epoch: last.partition_leader_epoch(),
            log_append_time: None,
            is_transactional: last.is_transactional(),
            is_control: last.is_control(),
            producer_id: last.producer_id(),
            producer_epoch: last.producer_epoch(),
            base_sequence: last.base_sequence(),
            delete_horizon_ms: None,
        });
        if last.attributes().timestamp_type() == TimestampType::LogAppendTime {
            builder.fields.log_append_time = Some(last.max_timestamp());
        }
        builder.max_timestamp = last.max_timestamp();
        builder.build_until(last.last_offset())
    }
}
