//! Transactions: what their coordinator answers, and producers that crash, come back and do not know they are gone.
#![allow(clippy::unwrap_used)]

mod ending;

mod fencing;

mod markers;

mod records;

mod swarm;

mod time;

mod world;

use std::collections::BTreeSet;

use essaim_kafka::assignor::TopicPartition;
use essaim_kafka::error::ErrorCode;
use essaim_kafka::transaction::producer_ids::Block;
use essaim_kafka::transaction::{
    Answer, Delivery, Effect, Identity, Init, Marker, Metadata, ProducerIds, State, TransactionCoordinator,
    TransactionSettings,
};

/// A coordinator whose writes come to their end when the test says so.
struct Desk {
    now: i64,
    coordinator: TransactionCoordinator,
    ids: ProducerIds,
    effects: Vec<Effect>,
}

fn partitions(numbers: &[i32]) -> BTreeSet<TopicPartition> {
    numbers.iter().map(|number| TopicPartition::new("t", *number)).collect()
}

fn who((producer_id, producer_epoch): (i64, i16)) -> Identity {
    Identity {
        transactional_id: "shop".to_owned(),
        producer_id,
        producer_epoch,
    }
}

impl Desk {
    fn new() -> Self {
        Self::of_version(2)
    }

    fn of_version(version: i16) -> Self {
        let settings = TransactionSettings {
            version,
            ..TransactionSettings::default()
        };
        let mut ids = ProducerIds::default();
        ids.add(Block {
            first: 1_000,
            size: 1_000,
        });
        Self {
            now: 0,
            coordinator: TransactionCoordinator::new(settings, 3, 0),
            ids,
            effects: Vec::new(),
        }
    }

    /// With what the partition holds.
    fn holding(metadata: Metadata) -> Self {
        let mut desk = Self::new();
        desk.coordinator.replay("shop", Some(metadata));
        desk.coordinator.loaded(desk.now, &mut desk.effects);
        desk
    }

    /// Another broker goes on from what was written.
    fn fail_over(&mut self, metadata: Metadata) {
        let epoch = self.coordinator.epoch() + 1;
        self.coordinator = TransactionCoordinator::new(TransactionSettings::default(), epoch, self.now);
        self.coordinator.replay("shop", Some(metadata));
        self.effects.clear();
        self.coordinator.loaded(self.now, &mut self.effects);
    }

    fn init(&mut self, expected: Option<(i64, i16)>) {
        let init = Init {
            transactional_id: "shop".to_owned(),
            timeout_ms: 60_000,
            expected,
        };
        self.coordinator
            .init(self.now, 1, &init, &mut self.ids, &mut self.effects);
    }

    fn add(&mut self, producer: (i64, i16), numbers: &[i32], version: i16) {
        self.coordinator.add_partitions(
            self.now,
            2,
            &who(producer),
            &partitions(numbers),
            version,
            &mut self.effects,
        );
    }

    fn end(&mut self, producer: (i64, i16), is_commit: bool, version: i16) {
        let (who, ids) = (who(producer), &mut self.ids);
        self.coordinator
            .end(self.now, 3, (&who, is_commit), version, ids, &mut self.effects);
    }

    fn written(&mut self) {
        self.coordinator.written(self.now, Ok(()), &mut self.effects);
    }

    fn not_written(&mut self, error: ErrorCode) {
        self.coordinator.written(self.now, Err(error), &mut self.effects);
    }

    /// All writes succeed, all markers arrive; the answers on the way.
    fn settle(&mut self) -> Vec<Answer> {
        let mut answers = Vec::new();
        loop {
            let effects = std::mem::take(&mut self.effects);
            if effects.is_empty() {
                return answers;
            }
            for effect in effects {
                match effect {
                    Effect::Answer(_, answer) => answers.push(answer),
                    Effect::Write { .. } => self.written(),
                    Effect::Markers {
                        marker,
                        partitions: all,
                        ..
                    } => {
                        for partition in all {
                            self.deliver(&marker, &partition, Delivery::Answered(Ok(())));
                        }
                    }
                }
            }
        }
    }

    fn deliver(&mut self, marker: &Marker, partition: &TopicPartition, delivery: Delivery) {
        self.coordinator
            .delivered("shop", marker, partition, delivery, &mut self.effects);
    }

    /// The one answer there is.
    fn answer(&mut self) -> Answer {
        let answers = self.settle();
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers[0].clone()
    }

    /// The marker that is to be sent, and where to.
    fn sent(&mut self) -> (Marker, Vec<i32>) {
        let effects = std::mem::take(&mut self.effects);
        let mut sent = effects.into_iter().filter_map(|effect| match effect {
            Effect::Markers { marker, partitions, .. } => {
                Some((marker, partitions.iter().map(|of| of.partition).collect()))
            }
            _ => None,
        });
        sent.next().unwrap()
    }

    fn begin(&mut self, numbers: &[i32], version: i16) -> (i64, i16) {
        self.init(None);
        let Answer::Init(Ok(producer)) = self.answer() else {
            panic!("no producer")
        };
        self.add(producer, numbers, version);
        assert_eq!(self.answer(), Answer::Add(Ok(())));
        producer
    }

    fn state(&self) -> State {
        self.metadata().state
    }

    fn metadata(&self) -> &Metadata {
        self.coordinator.describe("shop").unwrap()
    }
}

/// An id whose producer has this epoch.
fn at_epoch(producer_epoch: i16, state: State) -> Metadata {
    Metadata {
        producer_id: 7,
        previous_producer_id: -1,
        next_producer_id: -1,
        producer_epoch,
        last_producer_epoch: -1,
        timeout_ms: 60_000,
        state,
        partitions: BTreeSet::new(),
        started_ms: -1,
        updated_ms: 0,
        client_version: 2,
    }
}
