//! The end of a transaction in its partitions: a marker in each, as often as it takes.

use std::collections::BTreeSet;

use super::{Delivery, Effect, Marker, Purpose, State, TransactionCoordinator};
use crate::assignor::TopicPartition;
use crate::error::ErrorCode;

impl TransactionCoordinator {
    /// What was decided is written down: now the partitions are told.
    pub(super) fn begin_markers(&mut self, now_ms: i64, id: &str, effects: &mut Vec<Effect>) {
        let Some(known) = self.transactions.get_mut(id) else {
            return;
        };
        let completion = known.metadata.completed(now_ms);
        known.has_failed_fence = false;
        known.pending = Some(completion.state);
        known.completion = Some(completion);
        let partitions = known.metadata.partitions.clone();
        if !partitions.is_empty() {
            self.send_markers(id, partitions, effects);
        }
        self.complete(id, effects);
    }

    fn send_markers(&self, id: &str, partitions: BTreeSet<TopicPartition>, effects: &mut Vec<Effect>) {
        if let Some(marker) = self.marker(id) {
            effects.push(Effect::Markers {
                transactional_id: id.to_owned(),
                marker,
                partitions,
            });
        }
    }

    /// The marker that is being sent, if any is.
    fn marker(&self, id: &str) -> Option<Marker> {
        let known = self.transactions.get(id)?;
        known.completion.as_ref()?;
        let metadata = &known.metadata;
        Some(Marker {
            producer_id: metadata.producer_id,
            producer_epoch: metadata.producer_epoch,
            coordinator_epoch: self.epoch,
            is_commit: metadata.state == State::PrepareCommit,
            transaction_version: metadata.client_version,
        })
    }

    /// What became of a marker in one partition.
    pub fn delivered(
        &mut self,
        id: &str,
        marker: &Marker,
        partition: &TopicPartition,
        delivery: Delivery,
        effects: &mut Vec<Effect>,
    ) {
        // An answer of yesterday: of another transaction, or to another coordinator.
        if self.marker(id).as_ref() != Some(marker) {
            return;
        }
        let Some(known) = self.transactions.get_mut(id) else {
            return;
        };
        if !known.metadata.partitions.contains(partition) {
            return;
        }
        match delivery {
            Delivery::Answered(Ok(())) | Delivery::Gone => {
                known.metadata.partitions.remove(partition);
                self.complete(id, effects);
            }
            Delivery::Lost
            | Delivery::Answered(Err(
                ErrorCode::UnknownTopicOrPartition
                | ErrorCode::NotLeaderOrFollower
                | ErrorCode::NotEnoughReplicas
                | ErrorCode::NotEnoughReplicasAfterAppend
                | ErrorCode::RequestTimedOut
                | ErrorCode::KafkaStorageError,
            )) => self.send_markers(id, BTreeSet::from([partition.clone()]), effects),
            // A newer coordinator is at it, or something is wrong that time does not heal: only the next coordinator
            // goes on.
            Delivery::Answered(Err(_)) => known.completion = None,
        }
    }

    fn complete(&mut self, id: &str, effects: &mut Vec<Effect>) {
        let Some(known) = self.transactions.get_mut(id) else {
            return;
        };
        if !known.metadata.partitions.is_empty() {
            return;
        }
        if let Some(completion) = known.completion.take() {
            self.write(id, completion, Purpose::Complete, effects);
        }
    }
}
