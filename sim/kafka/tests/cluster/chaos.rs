//! A cluster under faults of every kind, and somebody who writes down what was promised.
//!
//! After every event: one active controller an epoch of the quorum, one leader an epoch of a partition, what is committed
//! at an offset is never another record, high watermarks do not go back in a broker's life, a new leader has all that was
//! acknowledged, no record is in a log twice, consumers read what is committed and in order, a partition has one
//! owner in a generation of a group. An unclean election (everybody
//! who had everything has lost power) ends the promises about records, and nothing else. In the end all faults are over, and
//! everything goes on: records arrive, all replicas are in sync and the same, the group shares the
//! partitions and has read everything.

use std::collections::{BTreeMap, BTreeSet};

use essaim_kafka::message::PartitionKey;
use essaim_kafka::partition_change::LeaderRecovery;
use essaim_kafka::uuid::Uuid;
use essaim_kernel::world::{Chaos, Fault, HostId, HostState};
use essaim_kernel::{Digest, Time};

use super::world::{Cluster, Node, topic, values};

const PARTITIONS: i32 = 2;

#[derive(Default)]
struct Notes {
    /// Epoch of the quorum -> controller.
    controllers: BTreeMap<i32, i32>,
    /// Partition and epoch -> leader.
    leaders: BTreeMap<(PartitionKey, i32), i32>,
    /// Partition and offset -> epoch and checksum of the batch that is committed there.
    committed: BTreeMap<(PartitionKey, i64), (i32, u32)>,
    /// Broker's host, life and partition -> high watermark.
    high_watermarks: BTreeMap<(HostId, u32, PartitionKey), i64>,
    /// Values by partition and offset.
    acknowledged: BTreeMap<(PartitionKey, i64), String>,
    /// What was handed over: host and handle -> value.
    handed_over: BTreeMap<(HostId, u64), String>,
    read: BTreeMap<i32, i64>,
    /// What the members of the group have read, once or more often.
    read_by_group: BTreeSet<(i32, i64)>,
    /// Generation and partition -> member.
    owners: BTreeMap<(i32, i32), String>,
    /// Topics with a leader that may lack something.
    unclean: BTreeSet<Uuid>,
    /// The topic of the records is one of them.
    is_unclean: bool,
    elections: usize,
}

struct Trial {
    cluster: Cluster,
    notes: Notes,
    topic: PartitionKey,
    producers: Vec<HostId>,
    members: Vec<HostId>,
    value: u64,
    seed: u64,
}

impl Trial {
    fn new(seed: u64) -> Self {
        let mut cluster = Cluster::new(seed);
        let producers = vec![cluster.add_client("producer-1"), cluster.add_client("producer-2")];
        cluster.add_client("consumer");
        let members = vec![cluster.add_client("member-1"), cluster.add_client("member-2")];
        cluster.wait_for_brokers(3);
        let mut topic = topic("orders", PARTITIONS, 3);
        topic.configs.push(("min.insync.replicas".into(), "2".into()));
        let id = cluster.create(topic).unwrap();
        Self {
            cluster,
            notes: Notes::default(),
            topic: (id, 0),
            producers,
            members,
            value: 0,
            seed,
        }
    }

    fn run_until(&mut self, until: Time) {
        while let Some(host) = self.cluster.event(until) {
            self.look_at(host);
        }
        assert_eq!(self.cluster.world.limit_reached(), None, "seed {}", self.seed);
    }

    fn look_at(&mut self, host: HostId) {
        if self.cluster.world.state_of(host) != HostState::Up {
            return;
        }
        let seed = self.seed;
        let life = self.cluster.world.incarnation_of(host);
        let (_, node) = self.cluster.nodes.get_mut(&host).unwrap();
        let notes = &mut self.notes;
        match node {
            Node::Controller(controller) => {
                let raft = controller.quorum().raft();
                if controller.is_active() && raft.is_leader() {
                    let epoch = raft.election().epoch;
                    let first = *notes.controllers.entry(epoch).or_insert(raft.id());
                    assert_eq!(first, raft.id(), "seed {seed}: two controllers in epoch {epoch}");
                }
                for (id, _, partition) in controller.image().partitions() {
                    if partition.recovery == LeaderRecovery::Recovering {
                        notes.unclean.insert(id);
                        notes.is_unclean |= id == self.topic.0;
                    }
                }
            }
            Node::Broker(broker) => {
                for (key, replica) in broker.replicas() {
                    notes.look_at_replica(seed, (host, life, key), replica);
                }
            }
            Node::Producer(producer) => {
                for (handle, result) in producer.take_delivered() {
                    let value = notes.handed_over.remove(&(host, handle)).unwrap();
                    if let Ok((partition, offset)) = result {
                        let key = (self.topic.0, partition);
                        let before = notes.acknowledged.insert((key, offset), value);
                        assert!(
                            before.is_none() || notes.is_unclean,
                            "seed {seed}: {offset} was acknowledged twice"
                        );
                    }
                }
            }
            Node::Consumer(consumer) => {
                for record in consumer.poll() {
                    let next = notes.read.entry(record.partition).or_default();
                    if notes.is_unclean {
                        continue;
                    }
                    assert_eq!(
                        record.offset, *next,
                        "seed {seed}: a consumer reads in order, and nothing is left out"
                    );
                    *next += 1;
                    let key = (self.topic.0, record.partition);
                    if let Some(value) = notes.acknowledged.get(&(key, record.offset)) {
                        assert_eq!(record.value, value.as_bytes(), "seed {seed}");
                    }
                }
            }
            Node::Member(member) => {
                let (generation, owned) = member.owned();
                for partition in owned {
                    let of = notes.owners.entry((generation, partition));
                    let first = of.or_insert_with(|| member.member_id().to_owned());
                    assert!(
                        first == member.member_id() || !notes.unclean.is_empty(),
                        "seed {seed}: {partition} has two owners in generation {generation}"
                    );
                }
                for record in member.poll() {
                    notes.read_by_group.insert((record.partition, record.offset));
                }
            }
            Node::Starting | Node::Hand => {}
        }
    }

    fn produce(&mut self) {
        let host = self.producers[self.value as usize % self.producers.len()];
        self.value += 1;
        let value = self.value.to_string();
        let handle = self
            .cluster
            .hand_over(host, (self.value / 2) as i32 % PARTITIONS, &value);
        self.notes.handed_over.insert((host, handle), value);
    }

    fn play(&mut self, seconds: i64) {
        let hosts = [
            "controller-1",
            "controller-2",
            "controller-3",
            "broker-1",
            "broker-2",
            "broker-3",
        ];
        let chaos = Chaos {
            active_mean: 4,
            ..Chaos::among(&hosts)
        };
        let end = Time(self.cluster.world.now().0 + seconds * 1_000_000_000);
        let mut next_fault = self.cluster.world.now();
        while self.cluster.world.now() < end {
            if self.cluster.world.now() >= next_fault {
                let fault = chaos.next(&mut self.cluster.world);
                let _ = self.cluster.world.apply(&fault);
                next_fault = self.cluster.world.now() + chaos.pause(&mut self.cluster.world);
            }
            self.produce();
            let pause = 20_000_000 + self.cluster.world.workload_stream().below(200_000_000).cast_signed();
            let until = Time(self.cluster.world.now().0 + pause);
            self.run_until(until);
        }
    }

    /// All faults are over: everything that was handed over arrives, and all are in sync.
    fn heal(&mut self) {
        self.cluster.world.apply(&Fault::HealAll).unwrap();
        for _ in 0..3 {
            self.produce();
        }
        let is_well = |trial: &Self| {
            let keys = (0..PARTITIONS).map(|partition| (trial.topic.0, partition));
            trial.notes.handed_over.is_empty() && keys.into_iter().all(|key| trial.cluster.isr(key) == [1, 2, 3])
        };
        for _ in 0..300 {
            let owned = self
                .members
                .clone()
                .into_iter()
                .map(|host| self.cluster.member(host).owned());
            let owned: Vec<_> = owned.collect();
            let shares = owned[0].0 == owned[1].0 && owned.iter().all(|(_, owned)| owned.len() == 1);
            let until = Time(self.cluster.world.now().0 + 1_000_000_000);
            self.run_until(until);
            if is_well(self) && shares {
                self.run_until(Time(until.0 + 2_000_000_000));
                self.compare();
                return;
            }
        }
        let isr: Vec<_> = (0..PARTITIONS).map(|at| self.cluster.isr((self.topic.0, at))).collect();
        panic!(
            "seed {}: five minutes after the last fault: {isr:?}, waiting {:?}, active {:?}, {:#?}",
            self.seed,
            self.notes.handed_over,
            self.cluster.active().map(|(host, _)| host),
            self.cluster.active().map(|(_, one)| one.image()),
        );
    }

    /// All logs are the same, and have what was acknowledged, once.
    fn compare(&self) {
        let seed = self.seed;
        for partition in 0..PARTITIONS {
            let key = (self.topic.0, partition);
            let logs = (1..=3).map(|id| {
                let broker = self.cluster.broker(id);
                let (_, replica) = broker.replicas().find(|(known, _)| *known == key).unwrap();
                values(replica.log().batches_from(0))
            });
            let logs: Vec<Vec<String>> = logs.collect();
            assert!(logs.iter().all(|log| *log == logs[0]), "seed {seed}: {logs:?}");
            if self.notes.is_unclean {
                continue;
            }
            let distinct: BTreeSet<&String> = logs[0].iter().collect();
            assert_eq!(
                distinct.len(),
                logs[0].len(),
                "seed {seed}: a record is there twice: {:?}",
                logs[0]
            );
            let acknowledged = self.notes.acknowledged.iter().filter(|((known, _), _)| *known == key);
            for ((_, offset), value) in acknowledged {
                assert_eq!(
                    logs[0].get(*offset as usize),
                    Some(value),
                    "seed {seed}: offset {offset}"
                );
            }
            assert_eq!(
                self.notes.read.get(&partition).copied(),
                Some(logs[0].len() as i64),
                "seed {seed}: all is read"
            );
        }
    }
}

impl Notes {
    fn look_at_replica(&mut self, seed: u64, at: (HostId, u32, PartitionKey), replica: &essaim_kafka::broker::Replica) {
        let (host, _, key) = at;
        let log = replica.log();
        if let Some(leadership) = replica.leadership() {
            let (leader, epoch) = (leadership.registration().leader, leadership.registration().leader_epoch);
            if !self.leaders.contains_key(&(key, epoch)) {
                self.elections += 1;
                self.leaders.insert((key, epoch), leader);
                // One that was paused may begin an epoch that is over.
                let later = (key, epoch + 1)..=(key, i32::MAX);
                if self.leaders.range(later).next().is_none() {
                    self.has_acknowledged(seed, key, log);
                }
            }
            assert_eq!(
                self.leaders[&(key, epoch)],
                leader,
                "seed {seed}: two leaders in epoch {epoch} of {key:?}"
            );
        }
        if self.unclean.contains(&key.0) {
            return;
        }
        let end = log.high_watermark();
        let known = self.high_watermarks.insert(at, end).unwrap_or(0);
        assert!(
            known <= end,
            "seed {seed}: {host:?}'s high watermark goes back from {known} to {end}"
        );
        for batch in log.batches_from(known).take_while(|batch| batch.next_offset() <= end) {
            let this = (batch.partition_leader_epoch(), batch.crc());
            let first = *self.committed.entry((key, batch.base_offset())).or_insert(this);
            assert_eq!(
                first,
                this,
                "seed {seed}: {host:?} has another record at {}",
                batch.base_offset()
            );
        }
    }

    fn has_acknowledged(&self, seed: u64, key: PartitionKey, log: &essaim_kafka::log::Log) {
        if self.is_unclean {
            return;
        }
        let has = values(log.batches_from(0));
        for ((_, offset), value) in self.acknowledged.iter().filter(|((known, _), _)| *known == key) {
            assert_eq!(
                has.get(*offset as usize),
                Some(value),
                "seed {seed}: a leader lacks {offset} of {key:?}"
            );
        }
    }
}

/// How many seeds, from which on: `ESSAIM_KAFKA_SEEDS=FIRST..END`, for a longer search.
#[allow(clippy::disallowed_methods)] // a test may be told how long to search
fn seeds() -> core::ops::Range<u64> {
    let set = std::env::var("ESSAIM_KAFKA_SEEDS").ok();
    let range = set.as_deref().and_then(|text| {
        let (first, end) = text.split_once("..")?;
        Some(first.parse().ok()?..end.parse().ok()?)
    });
    range.unwrap_or(0..24)
}

#[test]
fn what_was_promised_is_kept_whatever_goes_wrong() {
    let (mut clean, mut elections, mut acknowledged) = (0, 0, 0);
    let seeds = seeds();
    let count = seeds.end - seeds.start;
    for seed in seeds {
        let mut trial = Trial::new(seed);
        trial.play(100);
        trial.heal();
        clean += u64::from(!trial.notes.is_unclean);
        elections += trial.notes.elections;
        acknowledged += trial.notes.acknowledged.len();
    }
    let told =
        format!("of {count} seeds {clean} without an unclean election; {elections} elections, {acknowledged} records");
    assert!(
        clean * 2 > count && elections as u64 > 3 * count && acknowledged as u64 > 50 * count,
        "{told}"
    );
}

#[test]
fn the_same_seed_is_the_same_history() {
    let digest = || {
        let mut trial = Trial::new(5);
        trial.play(30);
        let mut digest = Digest::new();
        trial.cluster.world.digest(&mut digest);
        digest.finish()
    };
    assert_eq!(digest(), digest());
}
