//! Consumer groups of KIP-848: what the coordinator answers, and members that lose it, each other and themselves.
#![allow(clippy::unwrap_used)]

mod rules;

mod swarm;

use std::collections::{BTreeMap, BTreeSet};

use essaim_kafka::assignor::server::Target;
use essaim_kafka::group::consumer::{Heartbeat, Topics};
use essaim_kafka::uuid::Uuid;

const T: Uuid = Uuid { high: 0, low: 1 };
const U: Uuid = Uuid { high: 0, low: 2 };

fn topics(t: i32, u: i32) -> Topics {
    Topics {
        by_name: BTreeMap::from([("t".to_owned(), (T, t)), ("u".to_owned(), (U, u))]),
    }
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn part(topic: Uuid, partitions: &[i32]) -> Target {
    let mut target = Target::new();
    if !partitions.is_empty() {
        target.insert(topic, partitions.iter().copied().collect());
    }
    target
}

fn join(id: &str) -> Heartbeat {
    Heartbeat {
        member_id: id.to_owned(),
        rebalance_timeout_ms: Some(300_000),
        topics: Some(names(&["t"])),
        owned: Some(Target::new()),
        ..Heartbeat::default()
    }
}

fn alive(id: &str, epoch: i32) -> Heartbeat {
    Heartbeat {
        member_id: id.to_owned(),
        epoch,
        ..Heartbeat::default()
    }
}

fn holds(id: &str, epoch: i32, owned: Target) -> Heartbeat {
    Heartbeat {
        owned: Some(owned),
        ..alive(id, epoch)
    }
}
