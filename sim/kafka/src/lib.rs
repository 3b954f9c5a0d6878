//! Apache Kafka 4.2: brokers, their logs and the groups of their clients.
//!
//! Reading order, from the ground up:
//! * [`java`], [`uuid`], [`wire`]: what shows through from Java and from the protocol's primitive types;
//! * [`batch`]: record batches, true bytes;
//! * [`partitioner`]: which partition a record goes to;
//! * [`placement`]: on which brokers the replicas of a topic are;
//! * [`assignor`]: which member of a group reads which partition;
//! * [`error`]: the protocol's errors;
//! * [`log`]: the log of one replica of a partition;
//! * [`partition_change`]: what the controller knows of a partition, and how leaders are elected;
//! * [`partition`]: a partition as its leader sees it: followers, ISR, high watermark;
//! * [`raft`]: the controllers' quorum;
//! * [`group`]: consumer groups, as their coordinator sees them;
//! * [`transaction`]: transactions, as their coordinator sees them;
//! * [`message`]: what nodes and clients of a cluster say to each other;
//! * [`metadata`]: what the controllers write down, and what follows from it;
//! * [`node`]: what every host of a cluster needs: sending, alarms, a log's file, its part in the quorum;
//! * [`controller`]: a controller, on one host of a simulated world;
//! * [`broker`]: a broker, on another;
//! * [`client`]: producers and consumers.
//!
//! **Invariants.** Nothing here reaches a clock, a network or chance: time and random draws are handed in. Bytes that
//! come from outside are errors at worst, never a panic. Where the published golden vectors of Kafka 4.0 and 4.2
//! differ, the vectors win.

#![warn(missing_docs)]

pub mod java;

pub mod uuid;

pub mod wire;

pub mod batch;

pub mod partitioner;

pub mod placement;

pub mod assignor;

pub mod error;

pub mod log;

pub mod partition_change;

pub mod partition;

pub mod raft;

pub mod group;

pub mod transaction;

pub mod message;

pub mod metadata;

pub mod node;

pub mod controller;

pub mod broker;

pub mod client;
