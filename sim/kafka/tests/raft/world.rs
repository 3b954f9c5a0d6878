//! A world for the quorum: a network that delays, loses, repeats and is cut, nodes that stop and start, and somebody who
//! writes down what was promised.

use std::collections::{BTreeMap, BTreeSet};

use essaim_kafka::log::Log;
use essaim_kafka::raft::{Effect, ElectionState, Message, QuorumSettings, Raft};
use essaim_kernel::random::{Stream, Streams};

use super::{empty_log, record, voters};

pub struct World {
    pub now: i64,
    pub voter_count: i32,
    pub nodes: BTreeMap<i32, Raft>,
    /// What stopped nodes have kept.
    pub stopped: BTreeMap<i32, (ElectionState, Log)>,
    pub persisted: BTreeMap<i32, ElectionState>,
    queue: BTreeMap<(i64, u64), Message>,
    sequence: u64,
    stream: Stream,
    /// Pairs that do not hear each other, in this direction.
    pub cut: BTreeSet<(i32, i32)>,
    pub loss_percent: u64,
    leaders: BTreeMap<i32, i32>,
    votes: BTreeMap<(i32, i32), i32>,
    /// Offset -> checksum of what was committed there.
    committed: BTreeMap<i64, (i32, u32)>,
    pub committed_until: i64,
    value: u64,
    pub elections: usize,
}

impl World {
    pub fn new(seed: u64, voter_count: i32, observer_count: i32) -> Self {
        let mut world = Self {
            now: 0,
            voter_count,
            nodes: BTreeMap::new(),
            stopped: BTreeMap::new(),
            persisted: BTreeMap::new(),
            queue: BTreeMap::new(),
            sequence: 0,
            stream: Streams::new(seed).named("world").clone(),
            cut: BTreeSet::new(),
            loss_percent: 0,
            leaders: BTreeMap::new(),
            votes: BTreeMap::new(),
            committed: BTreeMap::new(),
            committed_until: 0,
            value: 0,
            elections: 0,
        };
        for id in 1..=voter_count + observer_count {
            world.stopped.insert(id, (ElectionState::default(), empty_log()));
            world.start(id);
        }
        world
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.stream.below(bound)
    }

    pub fn start(&mut self, id: i32) {
        let Some((election, mut log)) = self.stopped.remove(&id) else {
            return;
        };
        // The high watermark is not kept: it is heard of again.
        log.set_high_watermark(0);
        let stream = &mut self.stream;
        let settings = QuorumSettings::default();
        let voters = voters(self.voter_count);
        let raft = Raft::start(id, voters, settings, election, log, self.now, &mut |bound| {
            stream.below(bound)
        });
        self.nodes.insert(id, raft);
        self.step(id, None);
    }

    pub fn stop(&mut self, id: i32) {
        let Some(raft) = self.nodes.remove(&id) else { return };
        let election = self.persisted.get(&id).copied().unwrap_or_default();
        assert_eq!(election, raft.election(), "all that matters was written down");
        self.stopped.insert(id, (election, raft.log().clone()));
    }

    pub fn shut_down(&mut self, id: i32) {
        let mut effects = Vec::new();
        let stream = &mut self.stream;
        if let Some(raft) = self.nodes.get_mut(&id) {
            raft.shut_down(self.now, &mut |bound| stream.below(bound), &mut effects);
        }
        self.act(id, effects);
        self.stop(id);
    }

    pub fn append(&mut self, id: i32) {
        self.value += 1;
        let batch = record(self.value);
        let mut effects = Vec::new();
        if let Some(raft) = self.nodes.get_mut(&id) {
            let _ = raft.append(self.now, &batch, &mut effects);
        }
        self.act(id, effects);
    }

    pub fn leader(&self) -> Option<i32> {
        let leaders = self.nodes.values().filter(|raft| raft.is_leader());
        leaders.max_by_key(|raft| raft.election().epoch).map(Raft::id)
    }

    /// Runs until `until`, or `events` are over.
    pub fn run(&mut self, until: i64) {
        let mut events = 0;
        loop {
            let message = self.queue.first_key_value().map(|((at, _), _)| *at);
            let timer = self
                .nodes
                .values()
                .map(|raft| (raft.deadline().max(self.now), raft.id()))
                .min();
            let next = message.into_iter().chain(timer.map(|(at, _)| at)).min();
            let Some(at) = next.filter(|at| *at <= until) else {
                break;
            };
            self.now = self.now.max(at);
            if message == Some(at) {
                let (_, message) = self.queue.pop_first().unwrap();
                if !self.cut.contains(&(message.from, message.to)) {
                    self.step(message.to, Some(message));
                }
            } else if let Some((_, id)) = timer {
                self.step(id, None);
            }
            events += 1;
            assert!(events < 200_000, "it goes round in circles at {}", self.now);
        }
        self.now = self.now.max(until);
    }

    fn step(&mut self, id: i32, message: Option<Message>) {
        let mut effects = Vec::new();
        let stream = &mut self.stream;
        let Some(raft) = self.nodes.get_mut(&id) else { return };
        raft.step(self.now, message, &mut |bound| stream.below(bound), &mut effects);
        self.act(id, effects);
    }

    fn act(&mut self, id: i32, effects: Vec<Effect>) {
        // What a step commits counts before what else it does: a lone voter is elected and commits in one.
        for effect in &effects {
            if let Effect::Committed(offset) = effect {
                self.is_committed(id, *offset);
            }
        }
        for effect in effects {
            match effect {
                Effect::Persist(election) => self.persist(id, election),
                Effect::Send(message) => self.send(message),
                Effect::Elected { epoch } => self.elected(id, epoch),
                Effect::Committed(_) | Effect::Deposed { .. } => {}
            }
        }
    }

    fn send(&mut self, message: Message) {
        let copies = match self.stream.below(100) {
            lost if lost < self.loss_percent => 0,
            twice if twice >= 98 => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let late = self.stream.below(100) >= 95;
            let delay = 1 + self.stream.below(if late { 400 } else { 10 }).cast_signed();
            self.sequence += 1;
            self.queue.insert((self.now + delay, self.sequence), message.clone());
        }
    }

    /// Epochs only rise, and a vote is given once.
    fn persist(&mut self, id: i32, election: ElectionState) {
        let before = self.persisted.insert(id, election).unwrap_or_default();
        assert!(election.epoch >= before.epoch, "MonotonicEpoch: {id}");
        if let Some(voted) = election.voted {
            let first = *self.votes.entry((id, election.epoch)).or_insert(voted);
            assert_eq!(first, voted, "{id} votes twice in epoch {}", election.epoch);
        }
    }

    /// One leader an epoch, and it has all that was committed.
    fn elected(&mut self, id: i32, epoch: i32) {
        self.elections += 1;
        let first = *self.leaders.entry(epoch).or_insert(id);
        assert_eq!(first, id, "SingleLeader: epoch {epoch}");
        let log = self.nodes[&id].log();
        assert!(
            log.log_end_offset() >= self.committed_until,
            "{id} leads and lacks what was committed"
        );
        self.compare(id);
    }

    fn is_committed(&mut self, id: i32, offset: i64) {
        if offset > self.committed_until {
            let running = self.nodes.iter().map(|(id, raft)| (*id, raft.log()));
            let stopped = self.stopped.iter().map(|(id, (_, log))| (*id, log));
            let has = running
                .chain(stopped)
                .filter(|(id, log)| *id <= self.voter_count && log.log_end_offset() >= offset)
                .count();
            assert!(
                has as i32 > self.voter_count / 2,
                "MajorityReachedHighWatermark: {offset}"
            );
            let log = self.nodes[&id].log();
            for batch in log
                .batches_from(self.committed_until)
                .take_while(|batch| batch.base_offset() < offset)
            {
                self.committed
                    .insert(batch.base_offset(), (batch.partition_leader_epoch(), batch.crc()));
            }
            self.committed_until = offset;
        }
        self.compare(id);
    }

    /// ConsistentCommittedData: what a node believes to be committed is what was.
    fn compare(&self, id: i32) {
        let log = self.nodes[&id].log();
        for batch in log
            .batches_from(0)
            .take_while(|batch| batch.base_offset() < log.high_watermark())
        {
            let known = self.committed.get(&batch.base_offset());
            assert_eq!(known, Some(&(batch.partition_leader_epoch(), batch.crc())), "{id}");
        }
        assert!(log.high_watermark() <= self.committed_until);
    }
}
