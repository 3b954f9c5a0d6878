//! Random histories of keys, producers and transactions: compaction never changes what a reader ends up knowing.

use std::collections::BTreeMap;

use essaim_kafka::batch::ControlType;
use essaim_kafka::log::{Isolation, Log, LogConfig, Producers};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{NOW, client, end_transaction, numbered, plain, transactional};

const DAY: i64 = 86_400_000;

#[derive(Clone, Debug)]
enum Step {
    /// Producer (0: none), keys; a key above 9 is a tombstone.
    Write(i64, Vec<u8>),
    Begin(i64, Vec<u8>),
    End(i64, bool),
    Roll,
    Clean(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let keys = || vec(0..14_u8, 1..4);
    prop_oneof![
        3 => (0..3_i64, keys()).prop_map(|(producer, keys)| Step::Write(producer, keys)),
        3 => (3..6_i64, keys()).prop_map(|(producer, keys)| Step::Begin(producer, keys)),
        3 => (3..6_i64, any::<bool>()).prop_map(|(producer, commit)| Step::End(producer, commit)),
        2 => Just(Step::Roll),
        2 => (0..3_i64).prop_map(Step::Clean),
    ]
}

/// What a reader of committed records knows after the whole log: of each key the last value, by the consumer's own
/// rules (aborted transactions come with the fetch and end with their marker).
fn knowledge(log: &Log) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut known = BTreeMap::new();
    let mut offset = log.log_start_offset();
    while offset < log.last_stable_offset() {
        let fetched = log.read(offset, 300, Isolation::ReadCommitted, true).unwrap();
        let mut to_come = fetched.aborted.clone();
        to_come.sort_by_key(|txn| txn.first_offset);
        let mut aborted: Vec<i64> = Vec::new();
        for batch in &fetched.batches {
            while to_come
                .first()
                .is_some_and(|txn| txn.first_offset <= batch.last_offset())
            {
                aborted.push(to_come.remove(0).producer_id);
            }
            if batch.is_control() {
                let kind = batch
                    .records()
                    .next()
                    .map(|record| ControlType::read(record.unwrap().key).unwrap());
                if kind == Some(ControlType::Abort) {
                    aborted.retain(|producer| *producer != batch.producer_id());
                }
                continue;
            }
            if batch.is_transactional() && aborted.contains(&batch.producer_id()) {
                continue;
            }
            for record in batch.records() {
                let record = record.unwrap();
                match record.value {
                    Some(value) => known.insert(record.key.unwrap().to_vec(), value.to_vec()),
                    None => known.remove(record.key.unwrap()),
                };
            }
        }
        offset = match fetched.batches.last() {
            Some(last) => last.next_offset(),
            None => break,
        };
    }
    known
}

fn states(producers: &Producers) -> Vec<(i64, i16, i32, Option<i64>)> {
    producers
        .iter()
        .map(|producer| {
            (
                producer.id,
                producer.epoch,
                producer.last_sequence(),
                producer.txn_first_offset,
            )
        })
        .collect()
}

struct World {
    log: Log,
    sequences: BTreeMap<i64, i32>,
    open: Vec<i64>,
    value: u32,
    now: i64,
}

impl World {
    fn write(&mut self, producer: i64, keys: &[u8], is_transactional: bool) {
        let texts: Vec<(String, String)> = keys
            .iter()
            .map(|key| {
                self.value += 1;
                let value = if *key > 9 {
                    String::new()
                } else {
                    self.value.to_string()
                };
                ((key % 10).to_string(), value)
            })
            .collect();
        let pairs: Vec<(&str, &str)> = texts
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        let next = self.sequences.entry(producer).or_default();
        let batch = match (producer, is_transactional) {
            (0, _) => plain(&pairs),
            (_, false) => numbered((producer, 0, *next), &pairs),
            (_, true) => transactional((producer, 0, *next), &pairs),
        };
        *next += keys.len() as i32;
        client(&mut self.log, &batch).unwrap();
    }

    fn play(&mut self, step: &Step) {
        match step {
            Step::Write(producer, keys) => self.write(*producer, keys, false),
            Step::Begin(producer, keys) => {
                self.write(*producer, keys, true);
                self.open.push(*producer);
            }
            Step::End(producer, is_commit) => {
                if self.open.contains(producer) {
                    end_transaction(&mut self.log, (*producer, 0), *is_commit).unwrap();
                    self.open.retain(|other| other != producer);
                }
            }
            Step::Roll => self.log.roll(self.now),
            Step::Clean(days) => {
                self.now += days * DAY;
                let (before, states_before) = (knowledge(&self.log), states(self.log.producers()));
                let (end, start) = (self.log.log_end_offset(), self.log.log_start_offset());
                let aborted_bytes = self.log.size_bytes();
                self.log.clean(self.now);
                assert_eq!(knowledge(&self.log), before);
                assert_eq!((self.log.log_end_offset(), self.log.log_start_offset()), (end, start));
                assert_eq!(states(self.log.producers()), states_before);
                assert!(self.log.size_bytes() <= aborted_bytes + 100);
            }
        }
        self.log.set_high_watermark(self.log.log_end_offset());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_reader_knows_the_same_after_compaction(steps in vec(step(), 1..50), segment in 200..900_u32) {
        let config = LogConfig {
            compact: true,
            delete: false,
            segment_bytes: segment.max(400),
            ..LogConfig::default()
        };
        let mut world = World { log: super::log(config), sequences: BTreeMap::new(), open: Vec::new(), value: 0, now: NOW };
        for step in &steps {
            world.play(step);
        }
        // What is rebuilt from what is left knows the producers as before.
        let before = states(world.log.producers());
        let end = world.log.log_end_offset();
        client(&mut world.log, &plain(&[("z", "z")])).unwrap();
        world.log.truncate_to(end, NOW);
        prop_assert_eq!(states(world.log.producers()), before);
    }
}
