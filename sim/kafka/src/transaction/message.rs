//! What producers ask and hear, and what the coordinator has others do.

use std::collections::BTreeSet;

use super::metadata::Metadata;
use crate::assignor::TopicPartition;
use crate::error::ErrorCode;

/// A request that waits for its answer.
pub type Token = u64;

/// Who a producer says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `transactional.id`
    pub transactional_id: String,
    /// Its id.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
}

/// `InitProducerId` of a producer with a transactional id; one without takes the next id and epoch 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Init {
    /// `transactional.id`
    pub transactional_id: String,
    /// `transaction.timeout.ms`
    pub timeout_ms: i32,
    /// The id and epoch that the producer has, if any: others than the last are fenced (KIP-360).
    pub expected: Option<(i64, i16)>,
}

/// What is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To `InitProducerId`: id and epoch.
    Init(Result<(i64, i16), ErrorCode>),
    /// To `AddPartitionsToTxn` and `AddOffsetsToTxn`.
    Add(Result<(), ErrorCode>),
    /// To `EndTxn`: id and epoch of the next transaction; -1 and -1 before version 2.
    End(Result<(i64, i16), ErrorCode>),
}

/// What a partition's leader is to write at the end of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    /// Whose transaction.
    pub producer_id: i64,
    /// The epoch from which on there may be another.
    pub producer_epoch: i16,
    /// The coordinator's.
    pub coordinator_epoch: i32,
    /// Committed, or aborted.
    pub is_commit: bool,
    /// 2 where the epoch was raised for the marker.
    pub transaction_version: i16,
}

/// What became of a marker in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The leader has answered.
    Answered(Result<(), ErrorCode>),
    /// There was no answer.
    Lost,
    /// There is no such partition any more.
    Gone,
}

/// What the coordinator has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A request is answered.
    Answer(Token, Answer),
    /// A record for `__transaction_state`; `None` forgets the id.
    Write {
        /// `transactional.id`
        transactional_id: String,
        /// What is kept of it.
        value: Option<Metadata>,
    },
    /// `WriteTxnMarkers` to the leaders of these partitions.
    Markers {
        /// `transactional.id`
        transactional_id: String,
        /// What to write.
        marker: Marker,
        /// Where.
        partitions: BTreeSet<TopicPartition>,
    },
}
