//! Consumers and followers: what there is of a partition, at once or when there is something.

use essaim_kernel::world::HostId;

use super::Broker;
use crate::error::ErrorCode;
use crate::log::{Isolation, ListOffset};
use crate::message::{Each, Failure, Fetch, FetchPartition, FetchedPartition, PartitionKey, Response};
use crate::node::{KafkaCx, now_ms};
use crate::partition::FollowerFetch;

/// A fetch that waits for more than there is.
#[derive(Clone, Debug)]
pub(super) struct WaitingFetch {
    to: HostId,
    correlation: u64,
    pub(super) until_ms: i64,
    fetch: Fetch,
}

/// What there is for a fetch, and whether it is worth an answer.
struct Found {
    each: Each<PartitionKey, FetchedPartition>,
    is_enough: bool,
}

impl Broker {
    pub(super) fn fetch(&mut self, from: HostId, correlation: u64, fetch: &Fetch, cx: &mut KafkaCx<'_>) {
        let now_ms = now_ms(cx);
        let mut found = self.find(fetch);
        if fetch.replica_id >= 0 {
            // What a follower asks for says where it is. The answer was found before: it hears of what this commits
            // with its next question.
            for (asked, (_, result)) in fetch.partitions.iter().zip(&mut found.each) {
                let is_in_step = result.as_ref().is_ok_and(|fetched| fetched.diverging.is_none());
                if is_in_step && !self.note_follower(fetch, asked, now_ms) {
                    *result = Err(ErrorCode::NotLeaderOrFollower.into());
                    found.is_enough = true;
                }
            }
        }
        if found.is_enough || fetch.wait_max_ms <= 0 {
            self.sender
                .respond(cx, from, correlation, Response::Fetched(found.each));
            return;
        }
        self.fetches.push(WaitingFetch {
            to: from,
            correlation,
            until_ms: now_ms + fetch.wait_max_ms,
            fetch: fetch.clone(),
        });
    }

    fn note_follower(&mut self, fetch: &Fetch, asked: &FetchPartition, now_ms: i64) -> bool {
        let key = asked.key;
        let (Some(replica), Some(topic)) = (self.replicas.get_mut(&key), self.image.topics.get(&key.0)) else {
            return false;
        };
        let Some(leadership) = &mut replica.leadership else {
            return false;
        };
        let follower = FollowerFetch {
            broker_id: fetch.replica_id,
            broker_epoch: fetch.replica_epoch,
            offset: asked.offset,
            log_start_offset: asked.log_start_offset,
            now_ms,
        };
        let settings = topic.isr_settings(self.config.replica_lag_time_max_ms);
        let image = &self.image;
        let eligible = |id: i32, epoch: i64| image.is_eligible(id, epoch);
        let Some(progress) = leadership.fetched(&follower, &mut replica.log, settings, &eligible) else {
            return false;
        };
        self.has_moved |= progress.has_advanced;
        if let Some(alter) = progress.alter {
            self.propose(key, alter);
        }
        true
    }

    /// Answers whom nothing keeps waiting any more.
    pub(super) fn complete_fetches(&mut self, now_ms: i64, cx: &mut KafkaCx<'_>) {
        let mut still = Vec::new();
        for waiting in core::mem::take(&mut self.fetches) {
            let is_late = now_ms >= waiting.until_ms;
            if !is_late && !self.has_moved {
                still.push(waiting);
                continue;
            }
            let found = self.find(&waiting.fetch);
            if found.is_enough || is_late {
                let response = Response::Fetched(found.each);
                self.sender.respond(cx, waiting.to, waiting.correlation, response);
            } else {
                still.push(waiting);
            }
        }
        self.fetches = still;
    }

    fn find(&self, fetch: &Fetch) -> Found {
        let isolation = match (fetch.replica_id >= 0, fetch.read_committed) {
            (true, _) => Isolation::LogEnd,
            (false, true) => Isolation::ReadCommitted,
            (false, false) => Isolation::ReadUncommitted,
        };
        let (mut bytes, mut is_special) = (0, false);
        let each = fetch.partitions.iter().map(|asked| {
            let result = self.read(asked, fetch.partition_bytes_max, isolation);
            match &result {
                Ok(fetched) => {
                    let sizes = fetched.batches.iter().map(crate::batch::Batch::size_bytes);
                    bytes += sizes.sum::<usize>();
                    is_special |= fetched.diverging.is_some();
                }
                Err(_) => is_special = true,
            }
            (asked.key, result)
        });
        let each: Vec<_> = each.collect();
        Found {
            is_enough: is_special || bytes >= fetch.bytes_min || each.is_empty(),
            each,
        }
    }

    fn read(
        &self,
        asked: &FetchPartition,
        bytes_max: usize,
        isolation: Isolation,
    ) -> Result<FetchedPartition, Failure> {
        if !self.image.topics.contains_key(&asked.key.0) {
            return Err(ErrorCode::UnknownTopicId.into());
        }
        let replica = self.replicas.get(&asked.key).ok_or(ErrorCode::NotLeaderOrFollower)?;
        let leadership = replica.leadership.as_ref().ok_or(ErrorCode::NotLeaderOrFollower)?;
        let epoch = leadership.registration().leader_epoch;
        match asked.current_leader_epoch {
            -1 => {}
            known if known < epoch => return Err(ErrorCode::FencedLeaderEpoch.into()),
            known if known > epoch => return Err(ErrorCode::UnknownLeaderEpoch.into()),
            _ => {}
        }
        let log = &replica.log;
        let mut fetched = FetchedPartition {
            high_watermark: log.high_watermark(),
            last_stable_offset: log.last_stable_offset(),
            log_start_offset: log.log_start_offset(),
            diverging: None,
            batches: Vec::new(),
        };
        if asked.last_fetched_epoch >= 0 {
            fetched.diverging = log.divergence(asked.offset, asked.last_fetched_epoch)?;
            if fetched.diverging.is_some() {
                return Ok(fetched);
            }
        }
        fetched.batches = log.read(asked.offset, bytes_max, isolation, true)?.batches;
        Ok(fetched)
    }

    pub(super) fn list_offsets(&self, key: PartitionKey, timestamp: i64) -> Result<Response, Failure> {
        if !self.image.topics.contains_key(&key.0) {
            return Err(ErrorCode::UnknownTopicId.into());
        }
        let replica = self.replicas.get(&key).ok_or(ErrorCode::NotLeaderOrFollower)?;
        if replica.leadership.is_none() {
            return Err(ErrorCode::NotLeaderOrFollower.into());
        }
        let what = ListOffset::of(timestamp).ok_or(ErrorCode::InvalidRequest)?;
        let found = replica.log.find_offset(what, replica.log.high_watermark());
        Ok(found.map_or(Response::Offsets(-1, -1), |found| {
            Response::Offsets(found.timestamp, found.offset)
        }))
    }
}
