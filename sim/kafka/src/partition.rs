//! A partition as its leader sees it: how far each follower is, who is in sync, and what is committed.
//!
//! Followers tell their log's end by what they fetch. The high watermark is the smallest end among those that are in
//! sync or about to be; it stands still while fewer than `min.insync.replicas` are (KIP-966). The leader proposes
//! changes of the ISR, the controller makes them (`AlterPartition`, KIP-497): while a proposal is under way, whoever is
//! in the old or the new ISR counts, which is never too few.

use std::collections::BTreeMap;

use crate::error::ErrorCode;
use crate::log::{Log, Refused};
use crate::partition_change::{LeaderRecovery, PartitionRegistration};

/// What a leader has to know of the cluster and the topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IsrSettings {
    /// `replica.lag.time.max.ms`
    pub replica_lag_time_max_ms: i64,
    /// `min.insync.replicas`
    pub min_insync_replicas: usize,
}

/// A follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follower {
    /// The end of its log; -1 before it has fetched from this leader.
    pub log_end_offset: i64,
    /// The start of its log, or -1.
    pub log_start_offset: i64,
    /// When it last had all that the leader had.
    pub last_caught_up_ms: i64,
    /// The broker epoch it fetched with, if it has.
    pub broker_epoch: Option<i64>,
    last_fetch_ms: i64,
    leader_end_at_last_fetch: i64,
}

impl Follower {
    fn is_caught_up(&self, leader_end: i64, now_ms: i64, lag_max_ms: i64) -> bool {
        leader_end == self.log_end_offset || now_ms.saturating_sub(self.last_caught_up_ms) <= lag_max_ms
    }

    fn fetched(&mut self, fetch: &FollowerFetch, leader_end: i64) {
        // One that is where the leader was at its last fetch has caught up with that moment.
        if fetch.offset >= leader_end {
            self.last_caught_up_ms = self.last_caught_up_ms.max(fetch.now_ms);
        } else if fetch.offset >= self.leader_end_at_last_fetch {
            self.last_caught_up_ms = self.last_caught_up_ms.max(self.last_fetch_ms);
        }
        self.log_end_offset = fetch.offset;
        self.log_start_offset = fetch.log_start_offset;
        self.last_fetch_ms = fetch.now_ms;
        self.leader_end_at_last_fetch = self.leader_end_at_last_fetch.max(leader_end);
        self.broker_epoch = Some(fetch.broker_epoch);
    }
}

/// A follower's fetch, as far as it says where the follower is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowerFetch {
    /// Who.
    pub broker_id: i32,
    /// Its epoch, or -1.
    pub broker_epoch: i64,
    /// The end of its log.
    pub offset: i64,
    /// The start of its log.
    pub log_start_offset: i64,
    /// When, by the leader's clock.
    pub now_ms: i64,
}

/// A change of the ISR that the leader proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlterPartition {
    /// In which epoch it leads.
    pub leader_epoch: i32,
    /// The state of the partition that this changes.
    pub partition_epoch: i32,
    /// The new ISR: brokers, and the epochs with which they fetched (-1: not known).
    pub isr: Vec<(i32, i64)>,
    /// What the leader says of its own recovery.
    pub recovery: LeaderRecovery,
}

/// What waits for the controller's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pending {
    Expand { joining: i32 },
    Shrink,
}

/// What came of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The high watermark moved: waiting producers and consumers are to be looked at.
    pub has_advanced: bool,
    /// To be sent to the controller.
    pub alter: Option<AlterPartition>,
}

/// Whether a produce request with `acks=all` is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledgement {
    /// Not all in sync have it yet.
    Waiting,
    /// They have.
    Done,
    /// They have, but they are too few by now: `NOT_ENOUGH_REPLICAS_AFTER_APPEND`.
    TooFew,
}

/// A partition that this broker leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leadership {
    broker_id: i32,
    broker_epoch: i64,
    registration: PartitionRegistration,
    epoch_start_offset: i64,
    followers: BTreeMap<i32, Follower>,
    pending: Option<Pending>,
}

/// Whether a broker may be in an ISR: not fenced, not shutting down, and of this epoch (-1: any).
pub type Eligible<'a> = &'a dyn Fn(i32, i64) -> bool;

impl Leadership {
    /// The broker becomes leader, as the registration says. Its log is what counts from here on.
    pub fn begin(
        broker_id: i32,
        broker_epoch: i64,
        registration: PartitionRegistration,
        log: &mut Log,
        settings: IsrSettings,
        now_ms: i64,
    ) -> (Self, bool) {
        log.begin_epoch(registration.leader_epoch);
        let mut leadership = Self {
            broker_id,
            broker_epoch,
            registration,
            epoch_start_offset: log.log_end_offset(),
            followers: BTreeMap::new(),
            pending: None,
        };
        leadership.follow_registration(now_ms);
        // Nobody has said anything yet: only a leader without followers in sync commits what it has.
        let has_advanced = leadership.advance(log, settings, now_ms, &|_, _| false);
        (leadership, has_advanced)
    }

    /// The registration changed, and this broker leads on in the same epoch: another ISR, other replicas.
    pub fn update(
        &mut self,
        registration: PartitionRegistration,
        log: &mut Log,
        settings: IsrSettings,
        now_ms: i64,
        eligible: Eligible<'_>,
    ) -> bool {
        if registration.partition_epoch <= self.registration.partition_epoch {
            return false;
        }
        self.registration = registration;
        self.pending = None;
        self.follow_registration(now_ms);
        self.advance(log, settings, now_ms, eligible)
    }

    fn follow_registration(&mut self, now_ms: i64) {
        let registration = &self.registration;
        let is_follower = |id: &i32| *id != self.broker_id && registration.replicas.contains(id);
        self.followers.retain(|id, _| is_follower(id));
        for id in registration.replicas.iter().filter(|id| is_follower(id)) {
            let is_in_sync = registration.isr.contains(id);
            self.followers.entry(*id).or_insert(Follower {
                log_end_offset: -1,
                log_start_offset: -1,
                // One that is not in sync is not waited for.
                last_caught_up_ms: if is_in_sync { now_ms } else { 0 },
                broker_epoch: None,
                last_fetch_ms: 0,
                leader_end_at_last_fetch: -1,
            });
        }
    }

    /// The state that the controller knows.
    pub fn registration(&self) -> &PartitionRegistration {
        &self.registration
    }

    /// Where this leader's epoch begins.
    pub fn epoch_start_offset(&self) -> i64 {
        self.epoch_start_offset
    }

    /// The followers by broker.
    pub fn followers(&self) -> impl Iterator<Item = (i32, &Follower)> {
        self.followers.iter().map(|(id, follower)| (*id, follower))
    }

    /// Whether a proposal is under way.
    pub fn is_alter_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Whether a broker counts for what is committed: in the ISR, or proposed for it.
    fn counts(&self, broker_id: i32) -> bool {
        self.registration.isr.contains(&broker_id)
            || matches!(self.pending, Some(Pending::Expand { joining }) if joining == broker_id)
    }

    fn in_sync_count(&self) -> usize {
        self.registration.isr.len() + usize::from(matches!(self.pending, Some(Pending::Expand { .. })))
    }

    fn min_in_sync(&self, settings: IsrSettings) -> usize {
        settings.min_insync_replicas.min(self.followers.len() + 1)
    }

    /// Whether records with `acks=all` are taken now.
    pub fn check_enough_replicas(&self, log: &Log, settings: IsrSettings) -> Result<(), Refused> {
        let (in_sync, min) = (self.registration.isr.len(), self.min_in_sync(settings));
        if in_sync >= min {
            return Ok(());
        }
        let live: Vec<String> = self.registration.isr.iter().map(i32::to_string).collect();
        let message = format!(
            "The size of the current ISR [{}] is insufficient to satisfy the min.isr requirement of {min} for partition {}",
            live.join(", "),
            log.name()
        );
        Err(Refused::new(ErrorCode::NotEnoughReplicas, message))
    }

    /// Records were appended to the leader's log.
    pub fn appended(&self, log: &mut Log, settings: IsrSettings, now_ms: i64, eligible: Eligible<'_>) -> bool {
        self.advance(log, settings, now_ms, eligible)
    }

    /// A follower fetched. `None` where it is no replica, or of an epoch that is over.
    pub fn fetched(
        &mut self,
        fetch: &FollowerFetch,
        log: &mut Log,
        settings: IsrSettings,
        eligible: Eligible<'_>,
    ) -> Option<Progress> {
        let leader_end = log.log_end_offset();
        let follower = self.followers.get_mut(&fetch.broker_id)?;
        let known = follower.broker_epoch.unwrap_or(-1);
        if fetch.broker_epoch != -1 && fetch.broker_epoch < known {
            return None;
        }
        let had = follower.log_end_offset;
        follower.fetched(fetch, leader_end);
        let alter = self.propose_joining(fetch, log, eligible);
        let has_advanced = fetch.offset != had && self.advance(log, settings, fetch.now_ms, eligible);
        Some(Progress { has_advanced, alter })
    }

    fn propose_joining(&mut self, fetch: &FollowerFetch, log: &Log, eligible: Eligible<'_>) -> Option<AlterPartition> {
        let id = fetch.broker_id;
        let may = self.pending.is_none()
            && !self.registration.isr.contains(&id)
            && eligible(id, fetch.broker_epoch)
            && fetch.offset >= log.high_watermark()
            && fetch.offset >= self.epoch_start_offset;
        if !may {
            return None;
        }
        self.pending = Some(Pending::Expand { joining: id });
        let mut isr = self.registration.isr.clone();
        isr.push(id);
        Some(self.proposal(&isr))
    }

    /// Looks for followers that have not caught up for `replica.lag.time.max.ms`; to be done at half that interval.
    pub fn check_lag(&mut self, log: &Log, settings: IsrSettings, now_ms: i64) -> Option<AlterPartition> {
        if self.pending.is_some() {
            return None;
        }
        let end = log.log_end_offset();
        let is_in_sync = |id: &i32| {
            *id == self.broker_id
                || self
                    .followers
                    .get(id)
                    .is_some_and(|follower| follower.is_caught_up(end, now_ms, settings.replica_lag_time_max_ms))
        };
        let isr: Vec<i32> = self.registration.isr.iter().copied().filter(is_in_sync).collect();
        if isr.len() == self.registration.isr.len() {
            return None;
        }
        self.pending = Some(Pending::Shrink);
        Some(self.proposal(&isr))
    }

    fn proposal(&self, isr: &[i32]) -> AlterPartition {
        let epoch_of = |id: i32| {
            if id == self.broker_id {
                return self.broker_epoch;
            }
            let follower = self.followers.get(&id);
            follower.and_then(|follower| follower.broker_epoch).unwrap_or(-1)
        };
        AlterPartition {
            leader_epoch: self.registration.leader_epoch,
            partition_epoch: self.registration.partition_epoch,
            isr: isr.iter().map(|id| (*id, epoch_of(*id))).collect(),
            recovery: LeaderRecovery::Recovered,
        }
    }

    /// The controller refused the proposal, for a reason that a new one may not have (`INELIGIBLE_REPLICA`,
    /// `OPERATION_NOT_ATTEMPTED`): the ISR is what it was. With other errors the leader waits for the metadata.
    pub fn refused(&mut self) {
        self.pending = None;
    }

    /// Whether what ends at `offset` is acknowledged.
    pub fn acknowledged(&self, offset: i64, log: &Log, settings: IsrSettings) -> Acknowledgement {
        if log.high_watermark() < offset {
            Acknowledgement::Waiting
        } else if self.in_sync_count() >= self.min_in_sync(settings) {
            Acknowledgement::Done
        } else {
            Acknowledgement::TooFew
        }
    }

    fn advance(&self, log: &mut Log, settings: IsrSettings, now_ms: i64, eligible: Eligible<'_>) -> bool {
        if self.registration.isr.len() < self.min_in_sync(settings) {
            return false;
        }
        let end = log.log_end_offset();
        let mut committed = end;
        for (&id, follower) in &self.followers {
            if follower.log_end_offset >= committed {
                continue;
            }
            // One that catches up is waited for, or it would never come to be in sync.
            let is_joining = || {
                follower.is_caught_up(end, now_ms, settings.replica_lag_time_max_ms)
                    && follower.broker_epoch.is_some_and(|epoch| eligible(id, epoch))
            };
            if self.counts(id) || is_joining() {
                committed = follower.log_end_offset;
            }
        }
        log.advance_high_watermark(committed)
    }
}
