//! Leaders change, logs part, and fetching alone brings them together again.

use std::collections::BTreeMap;

use essaim_kafka::log::{EpochEnd, Isolation, Log, LogConfig, Origin};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{NOW, log, plain, records};

fn append(log: &mut Log, epoch: i32, value: &str) {
    log.append_as_leader(&plain(&[("k", value)]), Origin::Client, epoch, NOW)
        .unwrap();
}

/// One fetch of a follower. Says whether it has got all.
fn fetch(leader: &Log, follower: &mut Log, epoch: i32) -> bool {
    let offset = follower.log_end_offset();
    if let Some(last) = follower.last_fetched_epoch() {
        match leader.divergence(offset, last) {
            Err(_) => {
                follower.truncate_fully(leader.log_start_offset(), NOW);
                return false;
            }
            Ok(Some(end)) => {
                follower.truncate_to_leader(end, NOW);
                return false;
            }
            Ok(None) => {}
        }
    } else if offset > leader.log_end_offset() || offset < leader.log_start_offset() {
        follower.truncate_fully(leader.log_start_offset(), NOW);
        return false;
    }
    let fetched = leader.read(offset, 150, Isolation::LogEnd, true).unwrap();
    follower.append_as_follower(&fetched.batches, epoch, NOW).unwrap();
    follower.set_high_watermark(leader.high_watermark());
    follower.log_end_offset() == leader.log_end_offset()
}

/// KIP-101, scenario 1: a follower that was ahead of the high watermark does not lose what the leader has.
#[test]
fn a_high_watermark_that_lags_loses_nothing() {
    let (mut leader, mut follower) = (log(LogConfig::default()), log(LogConfig::default()));
    append(&mut leader, 0, "m1");
    append(&mut leader, 0, "m2");
    while !fetch(&leader, &mut follower, 0) {}
    assert_eq!((follower.log_end_offset(), follower.high_watermark()), (2, 0));
    // The follower starts anew and asks where epoch 0 ends, instead of dropping all above its high watermark.
    assert_eq!(leader.divergence(2, 0), Ok(None));
}

/// KIP-101, scenario 2: what was written in different epochs at the same offset is told apart.
#[test]
fn the_same_offset_in_another_epoch_is_another_record() {
    let (mut one, mut other) = (log(LogConfig::default()), log(LogConfig::default()));
    append(&mut one, 0, "m1");
    while !fetch(&one, &mut other, 0) {}
    append(&mut one, 0, "lost");
    other.begin_epoch(1);
    append(&mut other, 1, "kept");
    assert_eq!(
        other.divergence(2, 0),
        Ok(Some(EpochEnd {
            epoch: 0,
            end_offset: 1
        }))
    );
    while !fetch(&other, &mut one, 1) {}
    assert_eq!(records(&one), records(&other));
}

/// KIP-279: after fast changes of leader the first answer names an epoch that the follower never saw.
#[test]
fn an_unknown_epoch_takes_another_round() {
    let (mut leader, mut follower) = (log(LogConfig::default()), log(LogConfig::default()));
    append(&mut leader, 1, "a");
    while !fetch(&leader, &mut follower, 1) {}
    append(&mut follower, 3, "x");
    append(&mut follower, 3, "y");
    append(&mut leader, 2, "b");
    append(&mut leader, 4, "c");
    let end = leader.divergence(3, 3).unwrap().unwrap();
    assert_eq!((end.epoch, end.end_offset), (2, 2));
    assert!(!follower.truncate_to_leader(end, NOW), "epoch 2 is unknown here");
    assert_eq!(follower.log_end_offset(), 1);
    while !fetch(&leader, &mut follower, 4) {}
    assert_eq!(records(&leader), records(&follower));
}

#[test]
fn an_epoch_that_is_not_yet_cannot_be_asked_about() {
    let mut log = log(LogConfig::default());
    append(&mut log, 1, "a");
    assert!(log.divergence(1, 2).is_err());
    assert!(log.divergence(1, -1).is_err());
}

#[derive(Clone, Debug)]
enum Step {
    /// Replica leads anew.
    Elect(usize),
    Append(u8),
    /// Replica fetches, so often.
    Fetch(usize, u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (0..3_usize).prop_map(Step::Elect),
        3 => (1..4_u8).prop_map(Step::Append),
        4 => (0..3_usize, 1..4_u8).prop_map(|(replica, times)| Step::Fetch(replica, times)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whoever leads, in whatever state (unclean elections too): in the end all have what the last leader has. And an
    /// epoch and offset never stand for two records.
    #[test]
    fn fetching_makes_logs_equal(steps in vec(step(), 1..80)) {
        let config = LogConfig { segment_bytes: 300, ..LogConfig::default() };
        let mut replicas: Vec<Log> = (0..3).map(|_| super::log(config.clone())).collect();
        let (mut leader, mut epoch, mut value) = (0, 0, 0);
        replicas[0].begin_epoch(0);
        let mut written: BTreeMap<(i32, i64), String> = BTreeMap::new();
        for step in &steps {
            match step {
                Step::Elect(replica) => {
                    leader = *replica;
                    epoch += 1;
                    replicas[leader].begin_epoch(epoch);
                }
                Step::Append(count) => for _ in 0..*count {
                    value += 1;
                    written.insert((epoch, replicas[leader].log_end_offset()), value.to_string());
                    append(&mut replicas[leader], epoch, &value.to_string());
                },
                Step::Fetch(replica, times) => if *replica != leader {
                    let from = replicas[leader].clone();
                    for _ in 0..*times {
                        fetch(&from, &mut replicas[*replica], epoch);
                    }
                },
            }
            for replica in &replicas {
                for batch in replica.batches_from(0) {
                    let record = batch.records().next().unwrap().unwrap();
                    let known = &written[&(batch.partition_leader_epoch(), record.offset)];
                    prop_assert_eq!(record.value.unwrap(), known.as_bytes());
                }
            }
        }
        let from = replicas[leader].clone();
        for replica in &mut replicas {
            let mut rounds = 0;
            while replica.log_end_offset() != from.log_end_offset() || records(replica) != records(&from) {
                fetch(&from, replica, epoch);
                rounds += 1;
                prop_assert!(rounds < 500, "it does not come to an end");
            }
        }
    }
}
