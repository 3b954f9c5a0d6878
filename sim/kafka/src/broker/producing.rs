//! Producers: records are appended, and the answer waits for as many replicas as `acks` says.

use essaim_kernel::world::{DiskError, HostId};

use super::Broker;
use crate::batch::Batch;
use crate::error::ErrorCode;
use crate::log::{Appended, Origin, Refused};
use crate::message::{Each, Failure, PartitionKey, Produce, Produced, Response};
use crate::node::{KafkaCx, now_ms};
use crate::partition::Acknowledgement;

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::new(refused.error, refused.message)
    }
}

/// One partition of a request that waits.
#[derive(Clone, Debug)]
struct Part {
    key: PartitionKey,
    /// In which epoch it was appended.
    epoch: i32,
    /// Where it ends.
    end: i64,
    produced: Produced,
}

/// A produce request with `acks=all` that is not on all replicas in sync yet.
#[derive(Clone, Debug)]
pub(super) struct WaitingProduce {
    to: HostId,
    correlation: u64,
    pub(super) until_ms: i64,
    parts: Vec<Part>,
    done: Each<PartitionKey, Produced>,
}

impl Broker {
    pub(super) fn produce(
        &mut self,
        from: HostId,
        correlation: u64,
        produce: &Produce,
        cx: &mut KafkaCx<'_>,
    ) -> Result<(), DiskError> {
        let now_ms = now_ms(cx);
        let mut waiting = WaitingProduce {
            to: from,
            correlation,
            until_ms: now_ms + produce.timeout_ms,
            parts: Vec::new(),
            done: Vec::new(),
        };
        for (key, batch) in &produce.partitions {
            match self.append(*key, batch, Origin::Client, produce.acks, now_ms) {
                Ok((epoch, appended)) => {
                    let log_start_offset = self.replicas[key].log.log_start_offset();
                    let produced = Produced {
                        base_offset: appended.base_offset,
                        log_start_offset,
                    };
                    waiting.parts.push(Part {
                        key: *key,
                        epoch,
                        end: appended.last_offset + 1,
                        produced,
                    });
                }
                Err(failure) => waiting.done.push((*key, Err(failure))),
            }
            if let Some(replica) = self.replicas.get_mut(key) {
                replica.written.follow(&replica.log, cx)?;
            }
        }
        match produce.acks {
            0 => {}
            -1 => self.produces.push(waiting),
            _ => {
                let parts = core::mem::take(&mut waiting.parts);
                let appended = parts.into_iter().map(|part| (part.key, Ok(part.produced)));
                waiting.done.extend(appended);
                self.sender
                    .respond(cx, from, correlation, Response::Produced(waiting.done));
            }
        }
        Ok(())
    }

    /// Appends as the leader. Gives the epoch.
    pub(super) fn append(
        &mut self,
        key: PartitionKey,
        batch: &Batch,
        origin: Origin,
        acks: i16,
        now_ms: i64,
    ) -> Result<(i32, Appended), Failure> {
        if !(-1..=1).contains(&acks) {
            return Err(ErrorCode::InvalidRequiredAcks.into());
        }
        let topic = self.image.topics.get(&key.0).ok_or(ErrorCode::UnknownTopicId)?;
        let replica = self.replicas.get_mut(&key).ok_or(ErrorCode::NotLeaderOrFollower)?;
        let leadership = replica.leadership.as_ref().ok_or(ErrorCode::NotLeaderOrFollower)?;
        let settings = topic.isr_settings(self.config.replica_lag_time_max_ms);
        if acks == -1 {
            leadership.check_enough_replicas(&replica.log, settings)?;
        }
        let epoch = leadership.registration().leader_epoch;
        let appended = replica.log.append_as_leader(batch, origin, epoch, now_ms)?;
        let image = &self.image;
        leadership.appended(&mut replica.log, settings, now_ms, &|id, epoch| {
            image.is_eligible(id, epoch)
        });
        self.has_moved = true;
        Ok((epoch, appended))
    }

    /// Answers whom nothing keeps waiting any more.
    pub(super) fn complete_produces(&mut self, now_ms: i64, cx: &mut KafkaCx<'_>) {
        let mut still = Vec::new();
        for mut waiting in core::mem::take(&mut self.produces) {
            for part in core::mem::take(&mut waiting.parts) {
                match self.outcome(&part) {
                    Some(result) => waiting.done.push((part.key, result)),
                    None if now_ms >= waiting.until_ms => {
                        waiting.done.push((part.key, Err(ErrorCode::RequestTimedOut.into())));
                    }
                    None => waiting.parts.push(part),
                }
            }
            if waiting.parts.is_empty() {
                let response = Response::Produced(waiting.done);
                self.sender.respond(cx, waiting.to, waiting.correlation, response);
            } else {
                still.push(waiting);
            }
        }
        self.produces = still;
    }

    fn outcome(&self, part: &Part) -> Option<Result<Produced, Failure>> {
        let not_leader = Some(Err(ErrorCode::NotLeaderOrFollower.into()));
        let Some(topic) = self.image.topics.get(&part.key.0) else {
            return Some(Err(ErrorCode::UnknownTopicId.into()));
        };
        let Some(replica) = self.replicas.get(&part.key) else {
            return not_leader;
        };
        let Some(leadership) = &replica.leadership else {
            return not_leader;
        };
        if leadership.registration().leader_epoch != part.epoch {
            return not_leader;
        }
        let settings = topic.isr_settings(self.config.replica_lag_time_max_ms);
        match leadership.acknowledged(part.end, &replica.log, settings) {
            Acknowledgement::Waiting => None,
            Acknowledgement::Done => Some(Ok(part.produced.clone())),
            Acknowledgement::TooFew => Some(Err(ErrorCode::NotEnoughReplicasAfterAppend.into())),
        }
    }
}
