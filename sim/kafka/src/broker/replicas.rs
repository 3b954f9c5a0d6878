//! Which replicas a broker keeps, who leads them, and following those who do.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use essaim_kernel::world::{DiskError, FileId};

use super::{Broker, Purpose};
use crate::error::ErrorCode;
use crate::log::{Log, LogConfig};
use crate::message::{Fetch, FetchPartition, FetchedPartition, PartitionKey, Request, Response};
use crate::metadata::Topic;
use crate::node::file::LogFile;
use crate::node::{KafkaCx, now_ms};
use crate::partition::{AlterPartition, Leadership};
use crate::partition_change::PartitionRegistration;

/// A replica that a broker keeps.
#[derive(Clone, Debug)]
pub struct Replica {
    pub(super) log: Log,
    pub(super) written: LogFile,
    /// What the broker knows of the partition.
    pub(super) registration: PartitionRegistration,
    /// If it leads.
    pub(super) leadership: Option<Leadership>,
}

impl Replica {
    /// Its log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Its leadership, if it leads.
    pub fn leadership(&self) -> Option<&Leadership> {
        self.leadership.as_ref()
    }

    /// What is known here of the partition.
    pub fn registration(&self) -> &PartitionRegistration {
        &self.registration
    }

    pub(super) fn file(&self) -> FileId {
        self.written.file()
    }
}

/// What a broker has asked of a leader that it follows.
#[derive(Clone, Debug, Default)]
pub(super) struct Fetcher {
    is_asking: bool,
    ready_ms: i64,
}

impl Fetcher {
    pub(super) fn back_off(&mut self, ready_ms: i64) {
        *self = Self {
            is_asking: false,
            ready_ms,
        };
    }

    /// When it may ask again, if it waits for that.
    pub(super) fn ready_ms(&self) -> Option<i64> {
        (!self.is_asking && self.ready_ms > 0).then_some(self.ready_ms)
    }
}

impl Broker {
    /// Takes the metadata up. Before they contain its own registration, they are of an earlier time, and what they say
    /// about this broker may be long over.
    pub(super) fn follow_metadata(&mut self, cx: &mut KafkaCx<'_>) -> Result<(), DiskError> {
        if self.epoch.is_none_or(|epoch| self.image.offset <= epoch) {
            return Ok(());
        }
        let id = self.config.id;
        let is_mine = |key: &PartitionKey| {
            let partition = self.image.partition(key.0, key.1);
            partition.is_some_and(|partition| partition.replicas.contains(&id))
        };
        let gone: Vec<PartitionKey> = self.replicas.keys().filter(|key| !is_mine(key)).copied().collect();
        for key in gone {
            self.alters.remove(&key);
            if let Some(replica) = self.replicas.remove(&key) {
                cx.disk().remove(replica.file())?;
                self.has_moved = true;
            }
        }
        let changed = self.image.partitions().filter(|(topic, number, partition)| {
            let known = self.replicas.get(&(*topic, *number));
            partition.replicas.contains(&id)
                && known.is_none_or(|known| known.registration.partition_epoch < partition.partition_epoch)
        });
        let changed: Vec<_> = changed
            .map(|(topic, number, partition)| ((topic, number), partition.clone()))
            .collect();
        for (key, partition) in changed {
            self.take_up(key, partition, cx)?;
        }
        self.wake_fetchers();
        Ok(())
    }

    fn take_up(
        &mut self,
        key: PartitionKey,
        partition: PartitionRegistration,
        cx: &mut KafkaCx<'_>,
    ) -> Result<(), DiskError> {
        let Some(topic) = self.image.topics.get(&key.0) else {
            return Ok(());
        };
        let settings = topic.isr_settings(self.config.replica_lag_time_max_ms);
        let replica = match self.replicas.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(open(key, topic, partition.clone(), cx)?),
        };
        let now_ms = now_ms(cx);
        self.has_moved = true;
        self.alters.remove(&key);
        replica.registration = partition.clone();
        if partition.leader != self.config.id {
            replica.leadership = None;
            return Ok(());
        }
        let image = &self.image;
        let eligible = |id: i32, epoch: i64| image.is_eligible(id, epoch);
        let leads_on = |known: &&mut Leadership| known.registration().leader_epoch == partition.leader_epoch;
        match replica.leadership.as_mut().filter(leads_on) {
            Some(leadership) => {
                leadership.update(partition, &mut replica.log, settings, now_ms, &eligible);
            }
            None => {
                let epoch = self.epoch.unwrap_or(-1);
                let begun = Leadership::begin(self.config.id, epoch, partition, &mut replica.log, settings, now_ms);
                replica.leadership = Some(begun.0);
            }
        }
        Ok(())
    }

    fn wake_fetchers(&mut self) {
        for fetcher in self.fetchers.values_mut() {
            fetcher.ready_ms = 0;
        }
    }

    /// One fetch at a time to each leader that is followed.
    pub(super) fn send_fetches(&mut self, cx: &mut KafkaCx<'_>) {
        let (now_ms, id) = (now_ms(cx), self.config.id);
        let mut by_leader: BTreeMap<i32, Vec<FetchPartition>> = BTreeMap::new();
        for (key, replica) in &self.replicas {
            let leader = replica.registration.leader;
            if leader < 0 || leader == id {
                continue;
            }
            by_leader.entry(leader).or_default().push(FetchPartition {
                key: *key,
                current_leader_epoch: replica.registration.leader_epoch,
                offset: replica.log.log_end_offset(),
                last_fetched_epoch: replica.log.last_fetched_epoch().unwrap_or(-1),
                log_start_offset: replica.log.log_start_offset(),
            });
        }
        self.fetchers
            .retain(|leader, fetcher| fetcher.is_asking || by_leader.contains_key(leader));
        for (leader, partitions) in by_leader {
            let fetcher = self.fetchers.entry(leader).or_default();
            if fetcher.is_asking || now_ms < fetcher.ready_ms {
                continue;
            }
            let host = self
                .image
                .brokers
                .get(&leader)
                .and_then(|broker| cx.host_named(&broker.host));
            let Some(host) = host else {
                fetcher.back_off(now_ms + self.config.fetch_backoff_ms);
                continue;
            };
            *fetcher = Fetcher {
                is_asking: true,
                ready_ms: 0,
            };
            let fetch = Fetch {
                replica_id: id,
                replica_epoch: self.epoch.unwrap_or(-1),
                wait_max_ms: self.config.fetch_wait_max_ms,
                bytes_min: 1,
                partition_bytes_max: self.config.fetch_bytes_max,
                read_committed: false,
                partitions: partitions.clone(),
            };
            self.ask(host, Purpose::Fetch(leader, partitions), Request::Fetch(fetch), cx);
        }
    }

    /// A leader has answered.
    pub(super) fn fetched_from(
        &mut self,
        leader: i32,
        asked: &[FetchPartition],
        response: &Response,
        cx: &mut KafkaCx<'_>,
    ) -> Result<(), DiskError> {
        let now_ms = now_ms(cx);
        let backed_off = now_ms + self.config.fetch_backoff_ms;
        let Some(fetcher) = self.fetchers.get_mut(&leader) else {
            return Ok(());
        };
        fetcher.back_off(0);
        let Response::Fetched(each) = response else {
            fetcher.back_off(backed_off);
            return Ok(());
        };
        for (key, result) in each {
            let Some(asked) = asked.iter().find(|asked| asked.key == *key) else {
                continue;
            };
            let Some(replica) = self.replicas.get_mut(key) else {
                continue;
            };
            // It may have begun to follow another, or to lead, since it asked.
            let is_current = replica.registration.leader == leader
                && replica.registration.leader_epoch == asked.current_leader_epoch
                && replica.log.log_end_offset() == asked.offset;
            if !is_current {
                continue;
            }
            match result {
                Ok(fetched) => take_records(replica, fetched, now_ms),
                Err(failure) if failure.error == ErrorCode::OffsetOutOfRange => {
                    // The leader has nothing of what this log goes on from.
                    replica.log.truncate_fully(0, now_ms);
                }
                Err(_) => {
                    if let Some(fetcher) = self.fetchers.get_mut(&leader) {
                        fetcher.back_off(backed_off);
                    }
                }
            }
            replica.written.follow(&replica.log, cx)?;
        }
        Ok(())
    }

    /// Followers that have fallen behind leave the ISR.
    pub(super) fn check_lag(&mut self, now_ms: i64) {
        if now_ms < self.next_lag_check_ms {
            return;
        }
        let lag_max_ms = self.config.replica_lag_time_max_ms;
        self.next_lag_check_ms = now_ms + lag_max_ms / 2;
        for (key, replica) in &mut self.replicas {
            let (Some(leadership), Some(topic)) = (&mut replica.leadership, self.image.topics.get(&key.0)) else {
                continue;
            };
            let settings = topic.isr_settings(lag_max_ms);
            if let Some(alter) = leadership.check_lag(&replica.log, settings, now_ms) {
                self.alters.insert(*key, (alter, false));
            }
        }
    }

    pub(super) fn propose(&mut self, key: PartitionKey, alter: AlterPartition) {
        self.alters.insert(key, (alter, false));
    }

    pub(super) fn send_alters(&mut self, cx: &mut KafkaCx<'_>) {
        let now_ms = now_ms(cx);
        if now_ms < self.alter_ready_ms {
            return;
        }
        let (Some((_, controller)), Some(epoch)) = (self.quorum.active_controller(), self.epoch) else {
            self.alter_ready_ms = now_ms + 50;
            return;
        };
        let unsent = self.alters.iter().filter(|(_, (_, is_sent))| !is_sent);
        for key in unsent.map(|(key, _)| *key).collect::<Vec<_>>() {
            let Some((change, is_sent)) = self.alters.get_mut(&key) else {
                continue;
            };
            *is_sent = true;
            let request = Request::AlterPartition {
                broker_id: self.config.id,
                broker_epoch: epoch,
                key,
                change: change.clone(),
            };
            self.ask(controller, Purpose::Alter(key), request, cx);
        }
    }

    pub(super) fn retry_alter(&mut self, key: PartitionKey, now_ms: i64) {
        if let Some((_, is_sent)) = self.alters.get_mut(&key) {
            *is_sent = false;
            self.alter_ready_ms = now_ms + 50;
        }
    }

    /// The controller has answered a proposal. If it is so, or something else is by now, the metadata will tell.
    pub(super) fn altered(&mut self, key: PartitionKey, response: &Response, cx: &mut KafkaCx<'_>) {
        let error = match response {
            Response::Failed(failure) => Some(failure.error),
            _ => None,
        };
        match error {
            Some(ErrorCode::NotController | ErrorCode::StaleBrokerEpoch | ErrorCode::BrokerIdNotRegistered) => {
                self.retry_alter(key, now_ms(cx));
            }
            Some(ErrorCode::IneligibleReplica) => {
                self.alters.remove(&key);
                if let Some(leadership) = self
                    .replicas
                    .get_mut(&key)
                    .and_then(|replica| replica.leadership.as_mut())
                {
                    leadership.refused();
                }
            }
            _ => {
                self.alters.remove(&key);
            }
        }
    }
}

fn open(
    key: PartitionKey,
    topic: &Topic,
    registration: PartitionRegistration,
    cx: &mut KafkaCx<'_>,
) -> Result<Replica, DiskError> {
    let name = format!("{}-{}", topic.name, key.1);
    // By id: a topic of the same name that was deleted meanwhile is another.
    let folder = format!("{}-{}", key.0, key.1);
    let (written, log) = LogFile::open(&folder, &name, LogConfig::default(), cx)?;
    Ok(Replica {
        log,
        written,
        registration,
        leadership: None,
    })
}

fn take_records(replica: &mut Replica, fetched: &FetchedPartition, now_ms: i64) {
    let epoch = replica.registration.leader_epoch;
    if let Some(end) = fetched.diverging {
        replica.log.truncate_to_leader(end, now_ms);
        return;
    }
    // What does not fit is asked for again.
    if replica.log.append_as_follower(&fetched.batches, epoch, now_ms).is_ok() {
        replica.log.advance_high_watermark(fetched.high_watermark);
    }
}
