//! Classic consumer groups: what the coordinator answers, and clients that lose it, each other and themselves.
#![allow(clippy::unwrap_used)]

mod bench;

mod classic;

mod edges;

mod offsets;

mod swarm;

mod world;

use essaim_kafka::group::classic::{Join, Protocol};

fn protocol(name: &str, metadata: &'static [u8]) -> Protocol {
    Protocol {
        name: name.to_owned(),
        metadata: metadata.into(),
    }
}

fn join(client: &str) -> Join {
    Join {
        member_id: String::new(),
        instance_id: None,
        client_id: client.to_owned(),
        client_host: "/10.0.0.7".to_owned(),
        session_timeout_ms: 45_000,
        rebalance_timeout_ms: 300_000,
        protocol_type: "consumer".to_owned(),
        protocols: vec![protocol("range", b"a"), protocol("cooperative-sticky", b"b")],
        version: 9,
        random: 1,
    }
}
