//! What members ask and hear, and what is kept of a group.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::error::ErrorCode;

/// A request that waits for its answer.
pub type Token = u64;

/// An assignor, and what a member has to tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Its name.
    pub name: String,
    /// For consumers: the bytes of a subscription.
    pub metadata: Bytes,
}

/// `JoinGroup`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// Empty where the coordinator is to give one.
    pub member_id: String,
    /// `group.instance.id`
    pub instance_id: Option<String>,
    /// `client.id`
    pub client_id: String,
    /// Where it comes from.
    pub client_host: String,
    /// `session.timeout.ms`
    pub session_timeout_ms: i64,
    /// `max.poll.interval.ms`
    pub rebalance_timeout_ms: i64,
    /// The kind of the group.
    pub protocol_type: String,
    /// The member's assignors, the one it likes best first.
    pub protocols: Vec<Protocol>,
    /// The request's version: from 4 on a new member has to join twice, from 9 on a leader can be told not to assign.
    pub version: i16,
    /// A random number for an id.
    pub random: u128,
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinResponse {
    /// What was wrong.
    pub error: Option<ErrorCode>,
    /// The member's id.
    pub member_id: String,
    /// The generation, or -1.
    pub generation: i32,
    /// The kind of the group.
    pub protocol_type: Option<String>,
    /// The assignor that was chosen.
    pub protocol: Option<String>,
    /// Who assigns.
    pub leader: String,
    /// Whether the assignment that there is holds.
    pub skip_assignment: bool,
    /// To the leader: the members, with their names as static members and their metadata.
    pub members: Vec<(String, Option<String>, Bytes)>,
}

impl JoinResponse {
    pub(super) fn refused(member_id: &str, error: ErrorCode) -> Self {
        Self {
            error: Some(error),
            member_id: member_id.to_owned(),
            generation: -1,
            protocol_type: None,
            protocol: None,
            leader: String::new(),
            skip_assignment: false,
            members: Vec::new(),
        }
    }
}

/// `SyncGroup`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sync {
    /// The member's id.
    pub member_id: String,
    /// Its name, if it is static.
    pub instance_id: Option<String>,
    /// The generation it joined.
    pub generation: i32,
    /// What it believes the kind of the group to be.
    pub protocol_type: Option<String>,
    /// What it believes the assignor to be.
    pub protocol: Option<String>,
    /// Of the leader: what each member gets.
    pub assignments: BTreeMap<String, Bytes>,
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncResponse {
    /// What was wrong.
    pub error: Option<ErrorCode>,
    /// The kind of the group.
    pub protocol_type: Option<String>,
    /// The assignor.
    pub protocol: Option<String>,
    /// What the member gets.
    pub assignment: Bytes,
}

impl SyncResponse {
    pub(super) fn refused(error: ErrorCode) -> Self {
        Self {
            error: Some(error),
            protocol_type: None,
            protocol: None,
            assignment: Bytes::new(),
        }
    }
}

/// What a member's record says (`MemberMetadata`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRecord {
    /// Its id.
    pub id: String,
    /// Its name, if it is static.
    pub instance_id: Option<String>,
    /// `client.id`
    pub client_id: String,
    /// Where it is.
    pub client_host: String,
    /// `session.timeout.ms`
    pub session_timeout_ms: i64,
    /// `max.poll.interval.ms`
    pub rebalance_timeout_ms: i64,
    /// What it told the assignor that was chosen.
    pub subscription: Bytes,
    /// What it was assigned.
    pub assignment: Bytes,
}

/// What is kept of a group (`GroupMetadataValue`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    /// The generation.
    pub generation: i32,
    /// The kind of the group.
    pub protocol_type: Option<String>,
    /// The assignor.
    pub protocol: Option<String>,
    /// Who assigns.
    pub leader: Option<String>,
    /// When it came into its state.
    pub state_since_ms: i64,
    /// The members.
    pub members: Vec<MemberRecord>,
}

/// What a step wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Answer a `JoinGroup`.
    Joined(Token, JoinResponse),
    /// Answer a `SyncGroup`.
    Synced(Token, SyncResponse),
    /// Write this down, and say when it is replicated.
    Write(GroupRecord),
}
