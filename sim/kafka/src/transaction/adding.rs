//! What belongs to a transaction: partitions, and offsets of groups.

use std::collections::BTreeSet;

use super::{Answer, Effect, Identity, Metadata, Purpose, State, Token, TransactionCoordinator};
use crate::assignor::TopicPartition;
use crate::error::ErrorCode;
use crate::partitioner;

/// The topic of the groups' offsets.
const OFFSETS_TOPIC: &str = "__consumer_offsets";

impl TransactionCoordinator {
    /// `AddPartitionsToTxn`: from the producer itself (`client_version` 0), or from a partition's leader that got records
    /// of it (2).
    pub fn add_partitions(
        &mut self,
        now_ms: i64,
        token: Token,
        who: &Identity,
        partitions: &BTreeSet<TopicPartition>,
        client_version: i16,
        effects: &mut Vec<Effect>,
    ) {
        match self.with_partitions(now_ms, who, partitions, client_version) {
            Ok(Some(next)) => self.write(&who.transactional_id, next, Purpose::Add(token), effects),
            Ok(None) => effects.push(Effect::Answer(token, Answer::Add(Ok(())))),
            Err(error) => effects.push(Effect::Answer(token, Answer::Add(Err(error)))),
        }
    }

    /// `AddOffsetsToTxn`: the partition of `__consumer_offsets`, which has `partition_count` of them, where the group is.
    /// Producers of version 2 have it added by the group's coordinator.
    pub fn add_offsets(
        &mut self,
        now_ms: i64,
        token: Token,
        who: &Identity,
        (group, partition_count): (&str, i32),
        effects: &mut Vec<Effect>,
    ) {
        let partition = partitioner::coordinator_partition(group, partition_count);
        let partitions = BTreeSet::from([TopicPartition::new(OFFSETS_TOPIC, partition)]);
        self.add_partitions(now_ms, token, who, &partitions, 0, effects);
    }

    /// `None` where they are there already.
    fn with_partitions(
        &self,
        now_ms: i64,
        who: &Identity,
        partitions: &BTreeSet<TopicPartition>,
        client_version: i16,
    ) -> Result<Option<Metadata>, ErrorCode> {
        if who.transactional_id.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        let known = self.transactions.get(&who.transactional_id);
        let known = known.ok_or(ErrorCode::InvalidProducerIdMapping)?;
        // First of all: the producer may have been told of an id that it gets when the markers are written.
        if known.pending.is_some() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        let metadata = &known.metadata;
        check(metadata, who)?;
        if metadata.state == State::Ongoing && partitions.is_subset(&metadata.partitions) {
            return Ok(None);
        }
        Ok(Some(metadata.with_partitions(partitions, client_version, now_ms)))
    }

    /// `AddPartitionsToTxn` with `VerifyOnly`: a partition's leader asks whether what it got belongs to an open transaction.
    pub fn verify(
        &self,
        who: &Identity,
        partitions: &BTreeSet<TopicPartition>,
    ) -> Vec<(TopicPartition, Result<(), ErrorCode>)> {
        let known = self.transactions.get(&who.transactional_id);
        let is_named = if who.transactional_id.is_empty() {
            Err(ErrorCode::InvalidRequest)
        } else {
            known.ok_or(ErrorCode::InvalidProducerIdMapping)
        };
        let metadata = is_named.and_then(|known| check(&known.metadata, who).map(|()| &known.metadata));
        let verified = |partition: &TopicPartition| match metadata {
            Err(error) => Err(error),
            Ok(metadata) if metadata.partitions.contains(partition) => Ok(()),
            Ok(_) => Err(ErrorCode::TransactionAbortable),
        };
        let verified = partitions
            .iter()
            .map(|partition| (partition.clone(), verified(partition)));
        verified.collect()
    }
}

fn check(metadata: &Metadata, who: &Identity) -> Result<(), ErrorCode> {
    if metadata.producer_id != who.producer_id {
        return Err(ErrorCode::InvalidProducerIdMapping);
    }
    if metadata.producer_epoch != who.producer_epoch {
        return Err(ErrorCode::ProducerFenced);
    }
    match metadata.state {
        State::PrepareCommit | State::PrepareAbort => Err(ErrorCode::ConcurrentTransactions),
        _ => Ok(()),
    }
}
