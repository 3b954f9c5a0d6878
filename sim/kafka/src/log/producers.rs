//! What a partition remembers of each producer: its epoch, its last five batches and its open transaction. With this, a
//! batch that is sent again is known, one out of order refused, and a zombie fenced (KIP-98, KIP-360, KIP-890).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::transactions::{CompletedTxn, Transactions};
use super::{Origin, Refused};
use crate::batch::{Batch, EndTxnMarker};
use crate::error::ErrorCode;
use crate::wire::{self, Reader, WireError};

/// Batches that are remembered of each producer; no more may be in flight.
pub const BATCHES_KEPT: usize = 5;

/// A batch that was appended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchMetadata {
    /// Its last sequence number.
    pub last_sequence: i32,
    /// Its last offset.
    pub last_offset: i64,
    /// Its last offset less its first.
    pub offset_delta: i32,
    /// Its latest timestamp.
    pub timestamp: i64,
}

impl BatchMetadata {
    /// Its first sequence number.
    pub fn first_sequence(&self) -> i32 {
        let first = self.last_sequence.wrapping_sub(self.offset_delta);
        // Sequences begin again at 0 after the largest.
        if first < 0 {
            i32::MAX.wrapping_add(first).wrapping_add(1)
        } else {
            first
        }
    }

    /// Its first offset.
    pub fn first_offset(&self) -> i64 {
        self.last_offset - i64::from(self.offset_delta)
    }
}

/// One producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Producer {
    /// Its id.
    pub id: i64,
    /// Its last epoch; -1 when none was seen.
    pub epoch: i16,
    /// The epoch of the coordinator that wrote its last marker; -1 when none was.
    pub coordinator_epoch: i32,
    /// Of its last batch or marker.
    pub last_timestamp: i64,
    /// The first offset of its open transaction.
    pub txn_first_offset: Option<i64>,
    kept: [BatchMetadata; BATCHES_KEPT],
    kept_count: usize,
}

impl Producer {
    fn new(id: i64) -> Self {
        Self {
            id,
            epoch: -1,
            coordinator_epoch: -1,
            last_timestamp: -1,
            txn_first_offset: None,
            kept: [BatchMetadata::default(); BATCHES_KEPT],
            kept_count: 0,
        }
    }

    /// Its last batches, the latest last.
    pub fn batches(&self) -> &[BatchMetadata] {
        &self.kept[..self.kept_count]
    }

    /// The sequence number of its last record, or -1.
    pub fn last_sequence(&self) -> i32 {
        self.batches().last().map_or(-1, |batch| batch.last_sequence)
    }

    /// The offset of its last record that is not a marker.
    pub fn last_data_offset(&self) -> Option<i64> {
        self.batches().last().map(|batch| batch.last_offset)
    }

    /// The batch that this one repeats.
    pub fn duplicate_of(&self, batch: &Batch) -> Option<BatchMetadata> {
        if batch.producer_epoch() != self.epoch {
            return None;
        }
        let (first, last) = (batch.base_sequence(), batch.last_sequence());
        let is_same = |kept: &&BatchMetadata| kept.first_sequence() == first && kept.last_sequence == last;
        self.batches().iter().find(is_same).copied()
    }

    fn keep(&mut self, batch: BatchMetadata) {
        if self.kept_count == BATCHES_KEPT {
            self.kept.rotate_left(1);
            self.kept_count -= 1;
        }
        self.kept[self.kept_count] = batch;
        self.kept_count += 1;
    }

    fn set_epoch(&mut self, epoch: i16) {
        if epoch != self.epoch {
            self.epoch = epoch;
            self.kept_count = 0;
        }
    }

    /// Takes in a batch at its offsets, or refuses it. On refusal the producer is not to be kept.
    fn append(&mut self, at: &At<'_>) -> Result<Effect, Refused> {
        if at.batch.is_control() {
            return self.end_transaction(at);
        }
        let batch = at.batch;
        self.check_epoch(at)?;
        if at.origin == Origin::Client {
            self.check_sequence(at)?;
        }
        self.set_epoch(batch.producer_epoch());
        self.keep(BatchMetadata {
            last_sequence: batch.last_sequence(),
            last_offset: at.first_offset + i64::from(batch.last_offset_delta()),
            offset_delta: batch.last_offset_delta(),
            timestamp: batch.max_timestamp(),
        });
        self.last_timestamp = batch.max_timestamp();
        match (self.txn_first_offset, batch.is_transactional()) {
            (Some(_), false) => Err(at.refuse(
                ErrorCode::InvalidTxnState,
                format!(
                    "Expected transactional write from producer {} at offset {} in partition {}",
                    self.id, at.first_offset, at.partition
                ),
            )),
            (None, true) => {
                self.txn_first_offset = Some(at.first_offset);
                Ok(Effect::Begun(at.first_offset))
            }
            _ => Ok(Effect::None),
        }
    }

    fn end_transaction(&mut self, at: &At<'_>) -> Result<Effect, Refused> {
        let corrupt = |error: crate::batch::Corrupt| at.refuse(ErrorCode::InvalidRecord, error.to_string());
        // An emptied control batch, or a control record of another kind: the producer did nothing.
        let Some(marker) = EndTxnMarker::read(at.batch).map_err(corrupt)? else {
            return Ok(Effect::None);
        };
        self.check_epoch(at)?;
        if self.coordinator_epoch > marker.coordinator_epoch && at.origin != Origin::Replication {
            let message = format!(
                "Invalid coordinator epoch for producerId {} at offset {} in partition {}: {} (zombie), {} (current)",
                self.id, at.first_offset, at.partition, marker.coordinator_epoch, self.coordinator_epoch
            );
            return Err(at.refuse(ErrorCode::TransactionCoordinatorFenced, message));
        }
        self.set_epoch(at.batch.producer_epoch());
        self.coordinator_epoch = marker.coordinator_epoch;
        self.last_timestamp = at.batch.max_timestamp();
        // A marker without records before it ends nothing that a reader could see.
        let completed = self.txn_first_offset.take().map(|first_offset| CompletedTxn {
            producer_id: self.id,
            first_offset,
            last_offset: at.first_offset,
            is_aborted: !marker.is_commit,
        });
        Ok(completed.map_or(Effect::None, Effect::Completed))
    }

    fn check_epoch(&self, at: &At<'_>) -> Result<(), Refused> {
        let epoch = at.batch.producer_epoch();
        let version = at.transaction_version;
        let is_old = if version >= 2 {
            epoch <= self.epoch
        } else {
            epoch < self.epoch
        };
        // A coordinator may write the same marker twice, if it did not hear of the first.
        let is_repeated = version >= 2 && epoch == self.epoch && self.txn_first_offset.is_none();
        if !is_old || is_repeated || at.origin == Origin::Replication {
            return Ok(());
        }
        let comparison = if version >= 2 { "not larger" } else { "smaller" };
        let message = format!(
            "Epoch of producer {} at offset {} in {} is {epoch}, which is {comparison} than the last seen epoch {}",
            self.id, at.first_offset, at.partition, self.epoch
        );
        Err(at.refuse(ErrorCode::InvalidProducerEpoch, message))
    }

    fn check_sequence(&self, at: &At<'_>) -> Result<(), Refused> {
        let (epoch, first) = (at.batch.producer_epoch(), at.batch.base_sequence());
        let (id, offset, partition) = (self.id, at.first_offset, at.partition);
        if epoch != self.epoch {
            if first == 0 || self.epoch == -1 {
                return Ok(());
            }
            let message = format!(
                "Invalid sequence number for new epoch of producer {id} at offset {offset} in partition {partition}: \
                 {epoch} (request epoch), {first} (seq. number), {} (current producer epoch)",
                self.epoch
            );
            return Err(at.refuse(ErrorCode::OutOfOrderSequenceNumber, message));
        }
        let last = self.last_sequence();
        let is_next = i64::from(first) == i64::from(last) + 1 || first == 0 && last == i32::MAX;
        if is_next || self.epoch == -1 {
            return Ok(());
        }
        let message = format!(
            "Out of order sequence number for producer {id} at offset {offset} in partition {partition}: {first} \
             (incoming seq. number), {last} (current end sequence number)"
        );
        Err(at.refuse(ErrorCode::OutOfOrderSequenceNumber, message))
    }
}

impl Producer {
    /// The producers of a `.snapshot` file; `None` where it is damaged. Of each only the last batch was written.
    pub fn read_snapshot(bytes: &[u8]) -> Option<Vec<Self>> {
        let mut reader = Reader::new(bytes);
        let version = reader.i16().ok()?;
        let crc = reader.i32().ok()?.cast_unsigned();
        if version != 1 || crc != crc32c::crc32c(reader.rest()) {
            return None;
        }
        reader.list(Self::read).ok()
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut producer = Self::new(reader.i64()?);
        producer.epoch = reader.i16()?;
        let mut last = BatchMetadata {
            last_sequence: reader.i32()?,
            last_offset: reader.i64()?,
            offset_delta: reader.i32()?,
            timestamp: -1,
        };
        producer.last_timestamp = reader.i64()?;
        last.timestamp = producer.last_timestamp;
        producer.coordinator_epoch = reader.i32()?;
        producer.txn_first_offset = Some(reader.i64()?).filter(|offset| *offset >= 0);
        if last.last_offset >= 0 {
            producer.keep(last);
        }
        Ok(producer)
    }
}

/// A batch, and where and by whom it is appended.
pub(super) struct At<'a> {
    pub batch: &'a Batch,
    /// Where it goes; its own base offset is still the producer's.
    pub first_offset: i64,
    pub origin: Origin,
    /// Of a marker: 2 and later say that the epoch was raised before it (KIP-890).
    pub transaction_version: i16,
    pub partition: &'a str,
}

impl At<'_> {
    fn refuse(&self, error: ErrorCode, message: String) -> Refused {
        Refused::new(error, message)
    }
}

/// What a batch does to its producer's transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    Begun(i64),
    Completed(CompletedTxn),
}

/// All producers of a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Producers {
    by_id: Arc<BTreeMap<i64, Producer>>,
    pub(super) transactions: Transactions,
    /// The offset up to which this is true.
    end_offset: i64,
}

impl Producers {
    /// By id.
    pub fn get(&self, id: i64) -> Option<&Producer> {
        self.by_id.get(&id)
    }

    /// All, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Producer> {
        self.by_id.values()
    }

    /// Open transactions, and those whose markers are not replicated.
    pub fn transactions(&self) -> &Transactions {
        &self.transactions
    }

    /// The offset up to which this is true.
    pub fn end_offset(&self) -> i64 {
        self.end_offset
    }

    /// The producer as it would be after this batch.
    pub(super) fn prepare(&self, at: &At<'_>) -> Result<(Producer, Effect), Refused> {
        let id = at.batch.producer_id();
        let mut producer = self.get(id).copied().unwrap_or_else(|| Producer::new(id));
        let effect = producer.append(at)?;
        Ok((producer, effect))
    }

    /// Makes it so. Of a transaction that is now complete, gives the last stable offset it leaves.
    pub(super) fn update(&mut self, producer: Producer, effect: Effect) -> Option<(CompletedTxn, i64)> {
        Arc::make_mut(&mut self.by_id).insert(producer.id, producer);
        match effect {
            Effect::None => None,
            Effect::Begun(offset) => {
                self.transactions.begin(offset, producer.id);
                None
            }
            Effect::Completed(txn) => Some((txn, self.transactions.complete(&txn))),
        }
    }

    pub(super) fn insert(&mut self, producer: Producer) {
        Arc::make_mut(&mut self.by_id).insert(producer.id, producer);
    }

    pub(super) fn set_end_offset(&mut self, offset: i64) {
        self.end_offset = offset;
    }

    /// Forgets producers that have been silent for too long, unless a transaction of theirs is open.
    pub fn expire(&mut self, now_ms: i64, expiration_ms: i64) {
        let is_expired = |producer: &Producer| {
            producer.txn_first_offset.is_none() && now_ms.saturating_sub(producer.last_timestamp) >= expiration_ms
        };
        if self.iter().any(is_expired) {
            Arc::make_mut(&mut self.by_id).retain(|_, producer| !is_expired(producer));
        }
    }

    /// What the file `.snapshot` of this offset holds.
    pub fn snapshot_file(&self) -> Vec<u8> {
        let mut entries = Vec::new();
        wire::put_i32(&mut entries, self.by_id.len() as i32);
        for producer in self.iter() {
            let last = producer.batches().last().copied().unwrap_or(BatchMetadata {
                last_sequence: -1,
                last_offset: -1,
                offset_delta: 0,
                timestamp: -1,
            });
            wire::put_i64(&mut entries, producer.id);
            wire::put_i16(&mut entries, producer.epoch);
            wire::put_i32(&mut entries, last.last_sequence);
            wire::put_i64(&mut entries, last.last_offset);
            wire::put_i32(&mut entries, last.offset_delta);
            wire::put_i64(&mut entries, producer.last_timestamp);
            wire::put_i32(&mut entries, producer.coordinator_epoch);
            wire::put_i64(&mut entries, producer.txn_first_offset.unwrap_or(-1));
        }
        let mut bytes = Vec::with_capacity(entries.len() + 6);
        wire::put_i16(&mut bytes, 1);
        bytes.extend_from_slice(&crc32c::crc32c(&entries).to_be_bytes());
        bytes.extend_from_slice(&entries);
        bytes
    }
}
