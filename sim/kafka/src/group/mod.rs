//! Consumer groups, as their coordinator sees them.
//!
//! [`classic`] is the protocol in which the members assign among themselves: `JoinGroup`, `SyncGroup`, `Heartbeat` and
//! `LeaveGroup`. [`consumer`] is the one in which the coordinator assigns: `ConsumerGroupHeartbeat`. [`offsets`] is how far a group has read. [`record`] is what is kept of both in `__consumer_offsets`.

pub mod classic;

pub mod consumer;

pub mod offsets;

pub mod record;

use core::fmt::Write;

/// The coordinator's settings, under their own names, with Kafka's defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSettings {
    /// `group.min.session.timeout.ms`
    pub session_timeout_min_ms: i64,
    /// `group.max.session.timeout.ms`
    pub session_timeout_max_ms: i64,
    /// `group.initial.rebalance.delay.ms`
    pub initial_rebalance_delay_ms: i64,
    /// `group.max.size`
    pub size_max: usize,
    /// How long a new member may wait for its first answer.
    pub new_member_join_timeout_ms: i64,
    /// `group.consumer.session.timeout.ms`
    pub consumer_session_timeout_ms: i64,
    /// `group.consumer.heartbeat.interval.ms`
    pub consumer_heartbeat_interval_ms: i64,
    /// `group.consumer.max.size`
    pub consumer_size_max: usize,
}

impl Default for GroupSettings {
    fn default() -> Self {
        Self {
            session_timeout_min_ms: 6_000,
            session_timeout_max_ms: 1_800_000,
            initial_rebalance_delay_ms: 3_000,
            size_max: i32::MAX as usize,
            new_member_join_timeout_ms: 300_000,
            consumer_session_timeout_ms: 45_000,
            consumer_heartbeat_interval_ms: 5_000,
            consumer_size_max: i32::MAX as usize,
        }
    }
}

/// The id that a coordinator gives: the static member's name or the client's, and a random UUID as Java writes it.
pub fn member_id(client_id: &str, instance_id: Option<&str>, random: u128) -> String {
    // Version 4, variant 2.
    let bits = random & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    let mut id = String::from(instance_id.unwrap_or(client_id));
    for part in [0..8, 8..12, 12..16, 16..20, 20..32] {
        // A string takes all that is written to it.
        let _ = write!(id, "-{}", &hex[part]);
    }
    id
}
