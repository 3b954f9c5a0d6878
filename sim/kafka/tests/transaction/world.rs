//! Producers of a few transactional ids, partitions, a group's offsets, a coordinator that may be replaced, and a network
//! that loses, delays and repeats.
//!
//! Clients of version 2 have their requests repeated at any time. With older ones this is known to go wrong (KIP-890: a
//! late `EndTxn` ends the next transaction), but for what a connection guarantees: what was sent before a retry does not
//! arrive after it.

use std::collections::{BTreeMap, BTreeSet};

use essaim_kafka::assignor::TopicPartition;
use essaim_kafka::batch::{Batch, BatchBuilder, EndTxnMarker, Fields, NewRecord};
use essaim_kafka::error::ErrorCode;
use essaim_kafka::group::offsets::{Committed, Offsets};
use essaim_kafka::log::{Isolation, Log, LogConfig, Origin};
use essaim_kafka::transaction::producer_ids::Block;
use essaim_kafka::transaction::record;
use essaim_kafka::transaction::{
    Answer, Delivery, Effect, Identity, Init, Marker, ProducerIds, State, Token, TransactionCoordinator,
    TransactionSettings,
};
use essaim_kernel::random::{Stream, Streams};

/// Partitions of data; the one after them is the group's.
const DATA: usize = 3;
const TIMEOUT_MS: i32 = 20_000;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Init(Option<(i64, i16)>),
    /// Records still to be sent, then commit or not.
    Sending(u64),
    Ending(bool),
    Gone,
}

/// A process that has a transactional id, or believes so.
pub struct Client {
    id: String,
    version: i16,
    producer: (i64, i16),
    sequences: BTreeMap<usize, i32>,
    stage: Stage,
    /// The request that it waits for.
    attempt: u64,
    /// Where the record that is on its way goes; `None` before one is chosen.
    target: Option<usize>,
    is_added: BTreeSet<usize>,
    txn: u64,
    /// It does nothing until then.
    asleep_until: i64,
}

#[derive(Clone, Debug)]
enum Request {
    Init(Init),
    Add(usize),
    End(bool),
    Produce { partition: usize, sequence: i32, txn: u64 },
}

#[derive(Clone, Debug)]
struct Append {
    client: usize,
    attempt: u64,
    who: Identity,
    partition: usize,
    sequence: i32,
    txn: u64,
    /// Markers of this producer in the partition when it was asked whether the record belongs to a transaction.
    guard: u64,
}

enum Event {
    Request {
        client: usize,
        attempt: u64,
        who: Identity,
        request: Request,
    },
    Append(Append),
    Reply(usize, u64, Result<Option<(i64, i16)>, ErrorCode>),
    GiveUp(usize, u64),
    Written(i32, Result<(), ErrorCode>),
    Marker(String, Marker, usize),
    Delivered(String, Marker, usize, Delivery),
    Replicate(usize),
    Wake(usize),
    Load,
}

enum Waiting {
    Client(usize, u64),
    Leader(Append),
}

type Unwritten = (Vec<u8>, Option<Vec<u8>>);

pub struct World {
    pub now: i64,
    coordinator: Option<TransactionCoordinator>,
    epoch: i32,
    ids: ProducerIds,
    next_block: i64,
    /// `__transaction_state`
    kept: Vec<Unwritten>,
    unwritten: Vec<Unwritten>,
    waiting: BTreeMap<Token, Waiting>,
    pub logs: Vec<Log>,
    offsets: Offsets,
    markers: BTreeMap<(usize, i64), u64>,
    pub clients: Vec<Client>,
    queue: BTreeMap<(i64, u64), Event>,
    sequence: u64,
    stream: Stream,
    pub loss_percent: u64,
    pub failure_percent: u64,
    is_working: bool,
    /// What producers were told of their transactions.
    told: BTreeMap<u64, bool>,
    /// Records that were acknowledged, by transaction.
    acknowledged: BTreeSet<(u64, usize, i32)>,
    /// The producer id that each transactional id was last given.
    given: BTreeMap<String, i64>,
    /// The first epoch of each producer id that may still write.
    first_alive: BTreeMap<i64, i16>,
    /// What readers of committed records have seen.
    seen: Vec<Vec<String>>,
    pub counts: BTreeMap<&'static str, u64>,
}

fn name(partition: usize) -> TopicPartition {
    if partition == DATA {
        TopicPartition::new("__consumer_offsets", 0)
    } else {
        TopicPartition::new("t", partition as i32)
    }
}

fn place(partition: &TopicPartition) -> usize {
    if partition.topic == "t" {
        partition.partition as usize
    } else {
        DATA
    }
}

fn batch(append: &Append) -> Batch {
    let mut builder = BatchBuilder::new(Fields {
        producer_id: append.who.producer_id,
        producer_epoch: append.who.producer_epoch,
        base_sequence: if append.partition == DATA { -1 } else { append.sequence },
        is_transactional: true,
        ..Fields::default()
    });
    let value = format!("{}/{}", append.txn, append.sequence);
    builder.push(&NewRecord {
        timestamp: 0,
        key: None,
        value: Some(value.as_bytes()),
        headers: &[],
    });
    builder.build()
}

/// What a consumer with `isolation.level=read_committed` makes of a partition.
pub fn committed(log: &Log) -> Vec<String> {
    let mut values = Vec::new();
    let mut next = log.log_start_offset();
    loop {
        let fetched = log.read(next, 4_000, Isolation::ReadCommitted, true).unwrap();
        let Some(last) = fetched.batches.last() else {
            return values;
        };
        let end = last.next_offset();
        let mut pending = fetched.aborted.clone();
        pending.sort_by_key(|txn| txn.first_offset);
        let mut pending = pending.into_iter().peekable();
        let mut aborted = BTreeSet::new();
        for batch in &fetched.batches {
            while let Some(txn) = pending.next_if(|txn| txn.first_offset <= batch.last_offset()) {
                aborted.insert(txn.producer_id);
            }
            if batch.is_control() {
                if EndTxnMarker::read(batch)
                    .unwrap()
                    .is_some_and(|marker| !marker.is_commit)
                {
                    aborted.remove(&batch.producer_id());
                }
            } else if !aborted.contains(&batch.producer_id()) {
                let records = batch.records().map(|record| record.unwrap());
                values.extend(records.map(|record| String::from_utf8(record.value.unwrap().to_vec()).unwrap()));
            }
        }
        next = end;
    }
}

/// All that was ever written, whatever became of it.
fn written(log: &Log) -> Vec<String> {
    let batches = log.batches_from(0).filter(|batch| !batch.is_control());
    let values = batches.flat_map(|batch| {
        let records = batch.records().map(|record| record.unwrap().value.unwrap().to_vec());
        records.collect::<Vec<_>>()
    });
    values.map(|value| String::from_utf8(value).unwrap()).collect()
}

fn txn_of(value: &str) -> u64 {
    value.split_once('/').unwrap().0.parse().unwrap()
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut world = Self {
            now: 0,
            coordinator: None,
            epoch: 0,
            ids: ProducerIds::default(),
            next_block: 0,
            kept: Vec::new(),
            unwritten: Vec::new(),
            waiting: BTreeMap::new(),
            logs: (0..=DATA)
                .map(|place| Log::new(&format!("t-{place}"), LogConfig::default(), 0))
                .collect(),
            offsets: Offsets::default(),
            markers: BTreeMap::new(),
            clients: Vec::new(),
            queue: BTreeMap::new(),
            sequence: 0,
            stream: Streams::new(seed).named("world").clone(),
            loss_percent: 0,
            failure_percent: 0,
            is_working: true,
            told: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
            given: BTreeMap::new(),
            first_alive: BTreeMap::new(),
            seen: vec![Vec::new(); DATA + 1],
            counts: BTreeMap::new(),
        };
        // An id whose epochs are nearly used up.
        let mut old = super::at_epoch(i16::MAX - 1 - world.below(8) as i16, State::Empty);
        old.producer_id = 999_999;
        let key = record::encode_key("id-0");
        world.kept.push((key, Some(record::encode_value(&old, 2))));
        world.later(0, Event::Load);
        world
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.stream.below(bound)
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn later(&mut self, ms: i64, event: Event) {
        self.sequence += 1;
        self.queue.insert((self.now + ms, self.sequence), event);
    }

    /// Over the network: late, perhaps not at all, perhaps twice.
    fn send(&mut self, is_repeatable: bool, event: impl Fn() -> Event) {
        if self.below(100) >= self.loss_percent {
            let ms = 1 + self.below(40).cast_signed();
            self.later(ms, event());
        }
        if is_repeatable && self.below(100) < self.loss_percent {
            let ms = 1 + self.below(8_000).cast_signed();
            self.later(ms, event());
        }
    }

    pub fn start(&mut self, id: u64) {
        let asleep_until = self.now;
        self.clients.push(Client {
            id: format!("id-{id}"),
            version: if id.is_multiple_of(2) { 2 } else { 0 },
            producer: (-1, -1),
            sequences: BTreeMap::new(),
            stage: Stage::Init(None),
            attempt: 0,
            target: None,
            is_added: BTreeSet::new(),
            txn: 0,
            asleep_until,
        });
        let place = self.clients.len() - 1;
        self.later(0, Event::Wake(place));
    }

    pub fn pause(&mut self, client: usize, ms: i64) {
        let until = self.now + ms;
        self.clients[client].asleep_until = until;
    }

    pub fn crash(&mut self, client: usize) {
        self.clients[client].stage = Stage::Gone;
    }

    /// The coordinator is gone; another comes with what was replicated, perhaps a part of what was under way.
    pub fn fail_over(&mut self) {
        if self.coordinator.take().is_none() {
            return;
        }
        let kept = self.below(self.unwritten.len() as u64 + 1) as usize;
        self.kept.extend(self.unwritten.drain(..).take(kept));
        self.waiting.clear();
        let ms = self.below(3_000).cast_signed();
        self.later(ms, Event::Load);
        self.count("failovers");
    }

    fn load(&mut self) {
        self.epoch += 1;
        let settings = TransactionSettings::default();
        let mut coordinator = TransactionCoordinator::new(settings, self.epoch, self.now);
        for (key, value) in &self.kept {
            let id = record::decode_key(key).unwrap();
            let value = value.as_deref().map(|value| record::decode_value(value).unwrap());
            coordinator.replay(&id, value);
        }
        let mut effects = Vec::new();
        coordinator.loaded(self.now, &mut effects);
        self.coordinator = Some(coordinator);
        self.perform(effects);
    }

    pub fn stop_work(&mut self) {
        self.is_working = false;
        (self.loss_percent, self.failure_percent) = (0, 0);
        for client in &mut self.clients {
            client.stage = Stage::Gone;
        }
    }

    pub fn run(&mut self, until: i64) {
        loop {
            let next = self.queue.first_key_value().map(|((at, _), _)| *at);
            let deadline = self.coordinator.as_ref().and_then(TransactionCoordinator::deadline);
            let at = next.unwrap_or(i64::MAX).min(deadline.unwrap_or(i64::MAX));
            if at > until {
                self.now = until;
                return;
            }
            self.now = self.now.max(at);
            if next == Some(at) {
                let (_, event) = self.queue.pop_first().unwrap();
                self.handle(event);
            } else {
                let mut effects = Vec::new();
                self.coordinator.as_mut().unwrap().tick(self.now, &mut effects);
                self.perform(effects);
            }
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Load => self.load(),
            Event::Wake(client) => self.act(client),
            Event::Request {
                client,
                attempt,
                who,
                request,
            } => self.request(client, attempt, who, request),
            Event::Append(append) => self.append(append),
            Event::Reply(client, attempt, reply) => self.reply(client, attempt, reply),
            Event::GiveUp(client, attempt) => {
                if self.clients[client].attempt == attempt {
                    self.act(client);
                }
            }
            Event::Written(epoch, result) => {
                if epoch == self.epoch && self.coordinator.is_some() {
                    let record = self.unwritten.remove(0);
                    if result.is_ok() {
                        self.kept.push(record);
                    }
                    let mut effects = Vec::new();
                    self.coordinator
                        .as_mut()
                        .unwrap()
                        .written(self.now, result, &mut effects);
                    self.perform(effects);
                }
            }
            Event::Marker(id, marker, partition) => self.marker(&id, &marker, partition),
            Event::Delivered(id, marker, partition, delivery) => {
                let mut effects = Vec::new();
                if let Some(coordinator) = &mut self.coordinator {
                    coordinator.delivered(&id, &marker, &name(partition), delivery, &mut effects);
                }
                self.perform(effects);
            }
            Event::Replicate(partition) => {
                let end = self.logs[partition].log_end_offset();
                self.logs[partition].advance_high_watermark(end);
            }
        }
    }

    /// What was seen once is seen for ever, in the same order.
    pub fn look(&mut self) {
        for (log, seen) in self.logs.iter().zip(&mut self.seen) {
            let now = committed(log);
            assert!(now.starts_with(seen), "what was read has changed");
            *seen = now;
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Answer(token, answer) => self.answer(token, answer),
                Effect::Write {
                    transactional_id,
                    value,
                } => {
                    let value = value.map(|value| record::encode_value(&value, 2));
                    self.unwritten.push((record::encode_key(&transactional_id), value));
                    let fails = self.below(100) < self.failure_percent;
                    let result = if fails {
                        Err(ErrorCode::NotEnoughReplicas)
                    } else {
                        Ok(())
                    };
                    // In order: the log is one.
                    let epoch = self.epoch;
                    self.later(5, Event::Written(epoch, result));
                }
                Effect::Markers {
                    transactional_id,
                    marker,
                    partitions,
                } => {
                    for partition in &partitions {
                        let partition = place(partition);
                        let is_late = self.below(100) < self.failure_percent;
                        let ms = 1 + self.below(if is_late { 15_000 } else { 50 }).cast_signed();
                        let fails = self.below(100) < self.failure_percent;
                        let id = transactional_id.clone();
                        let event = if fails {
                            let error = match self.below(3) {
                                0 => Delivery::Lost,
                                1 => Delivery::Answered(Err(ErrorCode::NotLeaderOrFollower)),
                                _ => Delivery::Answered(Err(ErrorCode::UnknownTopicOrPartition)),
                            };
                            Event::Delivered(id, marker, partition, error)
                        } else {
                            Event::Marker(id, marker, partition)
                        };
                        self.later(ms, event);
                    }
                }
            }
        }
    }

    /// The leader of a partition writes a marker; its answer may be lost.
    fn marker(&mut self, id: &str, marker: &Marker, partition: usize) {
        let end = EndTxnMarker {
            is_commit: marker.is_commit,
            coordinator_epoch: marker.coordinator_epoch,
        };
        let batch = end.batch(marker.producer_id, marker.producer_epoch, self.now);
        let version = marker.transaction_version;
        let log = &mut self.logs[partition];
        let result = log.append_marker(&batch, Origin::Coordinator, 0, version, self.now);
        if result.is_ok() {
            *self.markers.entry((partition, marker.producer_id)).or_default() += 1;
            if partition == DATA {
                self.offsets.end_transaction(marker.producer_id, marker.is_commit);
            }
            self.count(if marker.is_commit { "commits" } else { "aborts" });
        }
        let lag = self.below(200).cast_signed();
        self.later(lag, Event::Replicate(partition));
        let delivery = if self.below(100) < self.loss_percent {
            Delivery::Lost
        } else {
            Delivery::Answered(result.map(|_| ()).map_err(|refused| refused.error))
        };
        let (id, marker) = (id.to_owned(), *marker);
        self.later(10, Event::Delivered(id, marker, partition, delivery));
    }
}

mod clients;
