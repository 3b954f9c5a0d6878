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
//! * [`transaction`]: transactions, as their coordinator sees them.
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
