//! Control records: the markers that end transactions, and what a controller's quorum writes for itself.

use super::{Batch, BatchBuilder, Corrupt, Fields, NewRecord};
use crate::wire::{self, Reader};

/// The type in a control record's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlType {
    /// The transaction was aborted.
    Abort,
    /// The transaction was committed.
    Commit,
    /// A new leader of the quorum; its epoch begins.
    LeaderChange,
    /// A snapshot begins.
    SnapshotHeader,
    /// A snapshot ends.
    SnapshotFooter,
    /// The version of the quorum's protocol.
    KRaftVersion,
    /// The voters of the quorum.
    KRaftVoters,
    /// A type of a later version: readers pass it over.
    Unknown(i16),
}

impl ControlType {
    fn id(self) -> i16 {
        match self {
            Self::Abort => 0,
            Self::Commit => 1,
            Self::LeaderChange => 2,
            Self::SnapshotHeader => 3,
            Self::SnapshotFooter => 4,
            Self::KRaftVersion => 5,
            Self::KRaftVoters => 6,
            Self::Unknown(id) => id,
        }
    }

    /// From a control record's key: version, then type.
    pub fn read(key: Option<&[u8]>) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(key.ok_or(Corrupt::Control)?);
        let (version, id) = (reader.i16()?, reader.i16()?);
        if version < 0 {
            return Err(Corrupt::Control);
        }
        Ok(match id {
            0 => Self::Abort,
            1 => Self::Commit,
            2 => Self::LeaderChange,
            3 => Self::SnapshotHeader,
            4 => Self::SnapshotFooter,
            5 => Self::KRaftVersion,
            6 => Self::KRaftVoters,
            other => Self::Unknown(other),
        })
    }

    /// The key of a control record of this type.
    pub fn key(self) -> [u8; 4] {
        let id = self.id().to_be_bytes();
        [0, 0, id[0], id[1]]
    }
}

/// The end of a producer's transaction in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndTxnMarker {
    /// Committed, or aborted.
    pub is_commit: bool,
    /// The epoch of the coordinator that says so: an older one is a zombie.
    pub coordinator_epoch: i32,
}

impl EndTxnMarker {
    /// The batch that holds this marker and nothing else.
    pub fn batch(self, producer_id: i64, producer_epoch: i16, timestamp: i64) -> Batch {
        let mut builder = BatchBuilder::new(Fields {
            is_transactional: true,
            is_control: true,
            producer_id,
            producer_epoch,
            ..Fields::default()
        });
        let kind = if self.is_commit {
            ControlType::Commit
        } else {
            ControlType::Abort
        };
        builder.push(&NewRecord {
            timestamp,
            key: Some(&kind.key()),
            value: Some(&self.value()),
            headers: &[],
        });
        builder.build()
    }

    /// The value of the marker's record: version 0 and the coordinator's epoch.
    pub fn value(self) -> Vec<u8> {
        let mut value = Vec::with_capacity(6);
        wire::put_i16(&mut value, 0);
        wire::put_i32(&mut value, self.coordinator_epoch);
        value
    }

    /// The marker that a control batch holds; `None` where its control record is another.
    pub fn read(batch: &Batch) -> Result<Option<Self>, Corrupt> {
        let Some(record) = batch.records().next().transpose()? else {
            return Ok(None);
        };
        let is_commit = match ControlType::read(record.key)? {
            ControlType::Abort => false,
            ControlType::Commit => true,
            _ => return Ok(None),
        };
        let mut value = Reader::new(record.value.ok_or(Corrupt::Control)?);
        if value.i16()? < 0 {
            return Err(Corrupt::Control);
        }
        Ok(Some(Self {
            is_commit,
            coordinator_epoch: value.i32()?,
        }))
    }
}
