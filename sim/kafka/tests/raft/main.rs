//! The quorum: its rules one by one, and random worlds in which everything arrives late, twice or never.
//!
//! The invariants are those of Kafka's own `RaftEventSimulationTest`.
#![allow(clippy::unwrap_used)]

mod rules;

mod world;

mod swarm;

use std::collections::BTreeSet;

use essaim_kafka::batch::{Batch, BatchBuilder, Fields, NewRecord};
use essaim_kafka::log::{Log, LogConfig};
use essaim_kafka::raft::{ElectionState, QuorumSettings, Raft};

fn record(value: u64) -> Batch {
    let mut builder = BatchBuilder::new(Fields::default());
    builder.push(&NewRecord {
        timestamp: 1,
        key: None,
        value: Some(value.to_string().as_bytes()),
        headers: &[],
    });
    builder.build()
}

fn voters(count: i32) -> BTreeSet<i32> {
    (1..=count).collect()
}

fn node(id: i32, count: i32, election: ElectionState, log: Log, now: i64) -> Raft {
    let settings = QuorumSettings::default();
    Raft::start(id, voters(count), settings, election, log, now, &mut |_| 0)
}

fn empty_log() -> Log {
    Log::new("__cluster_metadata-0", LogConfig::default(), 0)
}
