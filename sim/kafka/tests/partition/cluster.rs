//! Three brokers, a controller and one partition under random faults. Messages arrive late or never, brokers are fenced,
//! stop cleanly or lose what they had not written back, and leaders do not know that they are no longer.
//!
//! What was acknowledged with `acks=all` stays, as long as no election was unclean; and where none was, the high
//! watermark never moves back, and no two records are at the same offset in the same epoch.

use std::collections::{BTreeMap, BTreeSet};

use essaim_kafka::batch::{BatchBuilder, Fields, NewRecord};
use essaim_kafka::log::{Isolation, Log, LogConfig, Origin};
use essaim_kafka::partition::{AlterPartition, FollowerFetch, IsrSettings, Leadership};
use essaim_kafka::partition_change::{NO_LEADER, PartitionRegistration, Wanted};
use proptest::collection::vec;
use proptest::prelude::*;

const SETTINGS: IsrSettings = IsrSettings {
    replica_lag_time_max_ms: 10_000,
    min_insync_replicas: 2,
};

#[derive(Clone, Debug)]
enum Step {
    Produce(usize),
    /// A broker fetches from whom it believes to lead.
    Fetch(usize),
    CheckLag(usize),
    /// The broker learns the state of the partition.
    Learn(usize),
    /// The controller hears of a proposal.
    Alter,
    /// A proposal is lost, and the broker hears that it may try again.
    LoseAlter,
    Fence(usize),
    Unfence(usize),
    /// The broker loses power: what was not written back is gone. Comes back fenced, and says that it was unclean.
    PowerLoss(usize),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let broker = || 0..3_usize;
    prop_oneof![
        8 => broker().prop_map(Step::Produce),
        24 => broker().prop_map(Step::Fetch),
        2 => broker().prop_map(Step::CheckLag),
        6 => broker().prop_map(Step::Learn),
        5 => Just(Step::Alter),
        1 => Just(Step::LoseAlter),
        1 => broker().prop_map(Step::Fence),
        3 => broker().prop_map(Step::Unfence),
        1 => broker().prop_map(Step::PowerLoss),
        2 => (1..8_000_i64).prop_map(Step::Wait),
    ]
}

struct Broker {
    id: i32,
    epoch: i64,
    log: Log,
    known: PartitionRegistration,
    leadership: Option<Leadership>,
    /// Offsets below are on the disk for good.
    flushed: i64,
}

struct Cluster {
    now: i64,
    registration: PartitionRegistration,
    fenced: BTreeSet<i32>,
    epochs: BTreeMap<i32, i64>,
    brokers: Vec<Broker>,
    proposals: Vec<(i32, AlterPartition)>,
    value: u32,
    written: BTreeMap<(i32, i64), String>,
    /// Produced with `acks=all` and not yet answered: broker, epoch, offset after it, value.
    waiting: Vec<(usize, i32, i64, String)>,
    acknowledged: BTreeSet<String>,
    has_been_unclean: bool,
    high_watermark: i64,
}

impl Cluster {
    fn new() -> Self {
        let registration = PartitionRegistration::new(vec![1, 2, 3], |_| true);
        let brokers = (1..=3).map(|id| Broker {
            id,
            epoch: 0,
            log: Log::new(
                "t-0",
                LogConfig {
                    segment_bytes: 400,
                    ..LogConfig::default()
                },
                0,
            ),
            known: PartitionRegistration {
                partition_epoch: -1,
                ..registration.clone()
            },
            leadership: None,
            flushed: 0,
        });
        let mut cluster = Self {
            now: 100_000,
            fenced: BTreeSet::new(),
            epochs: BTreeMap::from([(1, 0), (2, 0), (3, 0)]),
            brokers: brokers.collect(),
            proposals: Vec::new(),
            value: 0,
            written: BTreeMap::new(),
            waiting: Vec::new(),
            acknowledged: BTreeSet::new(),
            has_been_unclean: false,
            high_watermark: 0,
            registration,
        };
        for broker in 0..3 {
            cluster.learn(broker);
        }
        cluster
    }

    fn learn(&mut self, broker: usize) {
        let broker = &mut self.brokers[broker];
        let new = self.registration.clone();
        if new.partition_epoch <= broker.known.partition_epoch {
            return;
        }
        let old = core::mem::replace(&mut broker.known, new.clone());
        if new.leader != broker.id {
            broker.leadership = None;
            return;
        }
        let (fenced, epochs) = (&self.fenced, &self.epochs);
        let eligible = |id: i32, epoch: i64| !fenced.contains(&id) && epochs[&id] == epoch;
        match &mut broker.leadership {
            Some(leadership) if old.leader_epoch == new.leader_epoch => {
                leadership.update(new, &mut broker.log, SETTINGS, self.now, &eligible);
            }
            _ => {
                let begun = Leadership::begin(broker.id, broker.epoch, new, &mut broker.log, SETTINGS, self.now);
                broker.leadership = Some(begun.0);
            }
        }
    }

    fn produce(&mut self, at: usize) {
        let broker = &mut self.brokers[at];
        let Some(leadership) = &broker.leadership else { return };
        if leadership.check_enough_replicas(&broker.log, SETTINGS).is_err() {
            return;
        }
        self.value += 1;
        let value = self.value.to_string();
        let mut builder = BatchBuilder::new(Fields::default());
        builder.push(&NewRecord {
            timestamp: self.now,
            value: Some(value.as_bytes()),
            ..NewRecord::default()
        });
        let epoch = leadership.registration().leader_epoch;
        let appended = broker
            .log
            .append_as_leader(&builder.build(), Origin::Client, epoch, self.now)
            .unwrap();
        let before = self.written.insert((epoch, appended.base_offset), value.clone());
        assert_eq!(before, None, "two records at one offset of one epoch");
        self.waiting.push((at, epoch, appended.last_offset + 1, value));
        let (fenced, epochs) = (&self.fenced, &self.epochs);
        let eligible = |id: i32, epoch: i64| !fenced.contains(&id) && epochs[&id] == epoch;
        let Broker { leadership, log, .. } = broker;
        if let Some(leadership) = leadership {
            leadership.appended(log, SETTINGS, self.now, &eligible);
        }
    }

    /// As a fetch of today's protocol: with the epoch of the follower's last record, answered by records or by where
    /// the logs part.
    fn fetch(&mut self, at: usize) {
        let leader = self.brokers[at].known.leader;
        let epoch = self.brokers[at].known.leader_epoch;
        if leader == NO_LEADER || leader == self.brokers[at].id {
            return;
        }
        let source = leader as usize - 1;
        // The leader refuses a fetch of another epoch than its own.
        let is_leader = self.brokers[source].leadership.as_ref();
        if is_leader.is_none_or(|leadership| leadership.registration().leader_epoch != epoch) {
            return;
        }
        let follower = &self.brokers[at];
        let offset = follower.log.log_end_offset();
        let last_epoch = follower.log.last_fetched_epoch();
        let fetch = FollowerFetch {
            broker_id: follower.id,
            broker_epoch: follower.epoch,
            offset,
            log_start_offset: 0,
            now_ms: self.now,
        };
        let (fenced, epochs) = (&self.fenced, &self.epochs);
        let eligible = |id: i32, epoch: i64| !fenced.contains(&id) && epochs[&id] == epoch;
        let Broker { log, leadership, .. } = &mut self.brokers[source];
        let Some(leadership) = leadership else { return };
        if let Some(last_epoch) = last_epoch {
            match log.divergence(offset, last_epoch) {
                Ok(None) => {}
                Ok(Some(end)) => {
                    self.brokers[at].log.truncate_to_leader(end, self.now);
                    self.brokers[at].forget_flushed();
                    return;
                }
                Err(_) => {
                    self.brokers[at].log.truncate_fully(0, self.now);
                    self.brokers[at].forget_flushed();
                    return;
                }
            }
        }
        let Ok(fetched) = log.read(offset, 200, Isolation::LogEnd, true) else {
            self.brokers[at].log.truncate_fully(0, self.now);
            self.brokers[at].forget_flushed();
            return;
        };
        let progress = leadership.fetched(&fetch, log, SETTINGS, &eligible);
        let high_watermark = log.high_watermark();
        if let Some(alter) = progress.and_then(|progress| progress.alter) {
            self.proposals.push((leader, alter));
        }
        let log = &mut self.brokers[at].log;
        log.append_as_follower(&fetched.batches, epoch, self.now).unwrap();
        log.advance_high_watermark(high_watermark);
    }

    fn check_lag(&mut self, at: usize) {
        let broker = &mut self.brokers[at];
        let Some(leadership) = &mut broker.leadership else {
            return;
        };
        if let Some(alter) = leadership.check_lag(&broker.log, SETTINGS, self.now) {
            self.proposals.push((broker.id, alter));
        }
    }

    fn alter(&mut self) {
        if self.proposals.is_empty() {
            return;
        }
        let (leader, alter) = self.proposals.remove(0);
        let is_current = self.registration.leader == leader
            && self.registration.leader_epoch == alter.leader_epoch
            && self.registration.partition_epoch == alter.partition_epoch;
        let eligible =
            |(id, epoch): &(i32, i64)| !self.fenced.contains(id) && (*epoch == -1 || self.epochs[id] == *epoch);
        if !is_current || !alter.isr.iter().all(eligible) {
            self.refuse(leader, &alter);
            return;
        }
        let isr = alter.isr.iter().map(|(id, _)| *id).collect();
        self.change(|wanted| wanted.isr = isr, &[]);
    }

    fn refuse(&mut self, leader: i32, alter: &AlterPartition) {
        if let Some(leadership) = &mut self.brokers[leader as usize - 1].leadership
            && leadership.registration().partition_epoch == alter.partition_epoch
        {
            leadership.refused();
        }
    }

    fn change(&mut self, want: impl FnOnce(&mut Wanted<'_>), unclean: &[i32]) {
        let mut wanted = Wanted::new(&self.registration, SETTINGS.min_insync_replicas);
        wanted.unclean_shutdowns = unclean;
        want(&mut wanted);
        let change = wanted.change(&|id| !self.fenced.contains(&id));
        if let Some(change) = change {
            self.has_been_unclean |= change.recovery.is_some();
            self.registration = self.registration.merge(&change);
        }
    }

    fn fence(&mut self, id: i32, unclean: &[i32]) {
        self.fenced.insert(id);
        let isr: Vec<i32> = self
            .registration
            .isr
            .iter()
            .copied()
            .filter(|other| *other != id)
            .collect();
        self.change(|wanted| wanted.isr = isr, unclean);
    }

    fn power_loss(&mut self, at: usize) {
        let id = self.brokers[at].id;
        let broker = &mut self.brokers[at];
        let flushed = broker.flushed.min(broker.log.log_end_offset());
        broker.log.truncate_to(flushed, self.now);
        broker.leadership = None;
        broker.known.partition_epoch = -1;
        broker.epoch += 1;
        let epoch = broker.epoch;
        // Whoever waited for this broker's answer does not get one.
        self.waiting.retain(|(waiting, ..)| *waiting != at);
        self.epochs.insert(id, epoch);
        self.fence(id, &[id]);
    }

    fn acknowledge(&mut self) {
        let mut still = Vec::new();
        for (at, epoch, end, value) in core::mem::take(&mut self.waiting) {
            let broker = &self.brokers[at];
            let leadership = broker.leadership.as_ref();
            let Some(leadership) = leadership.filter(|one| one.registration().leader_epoch == epoch) else {
                continue;
            };
            if leadership.acknowledged(end, &broker.log, SETTINGS) == essaim_kafka::partition::Acknowledgement::Done {
                self.acknowledged.insert(value);
            } else {
                still.push((at, epoch, end, value));
            }
        }
        self.waiting = still;
    }

    fn play(&mut self, step: &Step) {
        match step {
            Step::Produce(broker) => self.produce(*broker),
            Step::Fetch(broker) => self.fetch(*broker),
            Step::CheckLag(broker) => self.check_lag(*broker),
            Step::Learn(broker) => self.learn(*broker),
            Step::Alter => self.alter(),
            Step::LoseAlter => {
                if let Some((leader, alter)) = self.proposals.pop() {
                    self.refuse(leader, &alter);
                }
            }
            Step::Fence(broker) => self.fence(*broker as i32 + 1, &[]),
            Step::Unfence(broker) => {
                self.fenced.remove(&(*broker as i32 + 1));
                self.change(|_| {}, &[]);
            }
            Step::PowerLoss(broker) => self.power_loss(*broker),
            Step::Wait(ms) => {
                self.now += ms;
                // Meanwhile the system has written back what it had.
                for broker in &mut self.brokers {
                    broker.flushed = broker.log.log_end_offset();
                }
            }
        }
        self.acknowledge();
    }

    fn check(&mut self) {
        for broker in &self.brokers {
            for batch in broker.log.batches_from(0) {
                let record = batch.records().next().unwrap().unwrap();
                let known = &self.written[&(batch.partition_leader_epoch(), record.offset)];
                assert_eq!(record.value.unwrap(), known.as_bytes());
            }
        }
        if self.has_been_unclean {
            return;
        }
        // A clean leader of the present epoch has all that was acknowledged.
        let Some(leader) = self.brokers.iter().find(|broker| {
            let epoch = broker.leadership.as_ref().map(|one| one.registration().leader_epoch);
            epoch == Some(self.registration.leader_epoch) && broker.id == self.registration.leader
        }) else {
            return;
        };
        let has: BTreeSet<String> = leader
            .log
            .batches_from(0)
            .map(|batch| {
                let record = batch.records().next().unwrap().unwrap();
                String::from_utf8(record.value.unwrap().to_vec()).unwrap()
            })
            .collect();
        let lost: Vec<&String> = self.acknowledged.difference(&has).collect();
        assert!(lost.is_empty(), "lost: {lost:?}");
        // A leader may begin with an older high watermark; what it then commits is never less.
        self.high_watermark = self.high_watermark.max(leader.log.high_watermark());
        assert!(leader.log.log_end_offset() >= self.high_watermark);
    }

    /// All faults over: everything is acknowledged in the end.
    fn heal(&mut self) {
        for broker in 0..3 {
            self.play(&Step::Unfence(broker));
        }
        for _ in 0..60 {
            for broker in 0..3 {
                self.play(&Step::Learn(broker));
                self.play(&Step::Fetch(broker));
                self.play(&Step::CheckLag(broker));
                self.play(&Step::Alter);
            }
            self.now += 500;
        }
        self.check();
    }
}

impl Broker {
    fn forget_flushed(&mut self) {
        self.flushed = self.flushed.min(self.log.log_end_offset());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn what_was_acknowledged_stays(steps in vec(step(), 1..200)) {
        let mut cluster = Cluster::new();
        for step in &steps {
            cluster.play(step);
            cluster.check();
        }
        cluster.heal();
        if cluster.registration.leader == NO_LEADER {
            // Everybody who had everything lost power.
            return Ok(());
        }
        let leader = cluster.registration.leader as usize - 1;
        let before = cluster.acknowledged.len();
        cluster.produce(leader);
        cluster.heal();
        prop_assert_eq!(cluster.registration.isr.len(), 3, "all are in sync again");
        prop_assert_eq!(cluster.acknowledged.len(), before + 1, "and records are taken");
        let ends: Vec<i64> = cluster.brokers.iter().map(|broker| broker.log.log_end_offset()).collect();
        prop_assert!(ends.iter().all(|end| *end == ends[0]), "{:?}", ends);
    }
}
