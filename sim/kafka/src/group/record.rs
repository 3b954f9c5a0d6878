//! What is kept of groups in `__consumer_offsets`, as bytes: `OffsetCommitKey` 1 with `OffsetCommitValue` 3, and
//! `GroupMetadataKey` 2 with `GroupMetadataValue` 3. Older values are read as well.

use core::fmt;

use bytes::Bytes;

use super::classic::{GroupRecord, MemberRecord};
use super::offsets::Committed;
use crate::wire::{self, Reader, WireError};

const OFFSET_KEY: i16 = 1;
const GROUP_KEY: i16 = 2;
const VALUE_VERSION: i16 = 3;

/// A record of the coordinator. No value: it is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoordinatorRecord {
    /// How far a group has read a partition.
    Offset {
        /// The group.
        group: String,
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The offset.
        value: Option<Committed>,
    },
    /// What a group is.
    Group {
        /// The group.
        group: String,
        /// Its members and their assignment.
        value: Option<GroupRecord>,
    },
}

/// Why bytes are no such record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// They end early, or say what cannot be.
    Wire(WireError),
    /// A kind of key that is not known here.
    Key(i16),
    /// A version that is not known here.
    Version(i16),
}

impl From<WireError> for RecordError {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wire(error) => error.fmt(formatter),
            Self::Key(kind) => write!(formatter, "a key of type {kind}"),
            Self::Version(version) => write!(formatter, "a value of version {version}"),
        }
    }
}

impl CoordinatorRecord {
    /// Key and value.
    pub fn encode(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut key = Vec::new();
        match self {
            Self::Offset {
                group,
                topic,
                partition,
                value,
            } => {
                wire::put_i16(&mut key, OFFSET_KEY);
                wire::put_nullable_string(&mut key, Some(group));
                wire::put_nullable_string(&mut key, Some(topic));
                wire::put_i32(&mut key, *partition);
                (key, value.as_ref().map(encode_offset))
            }
            Self::Group { group, value } => {
                wire::put_i16(&mut key, GROUP_KEY);
                wire::put_nullable_string(&mut key, Some(group));
                (key, value.as_ref().map(encode_group))
            }
        }
    }

    /// From key and value.
    pub fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Self, RecordError> {
        let mut key = Reader::new(key);
        match key.i16()? {
            0 | OFFSET_KEY => Ok(Self::Offset {
                group: key.string()?.to_owned(),
                topic: key.string()?.to_owned(),
                partition: key.i32()?,
                value: value.map(decode_offset).transpose()?,
            }),
            GROUP_KEY => Ok(Self::Group {
                group: key.string()?.to_owned(),
                value: value.map(decode_group).transpose()?,
            }),
            other => Err(RecordError::Key(other)),
        }
    }
}

fn encode_offset(committed: &Committed) -> Vec<u8> {
    let mut value = Vec::new();
    wire::put_i16(&mut value, VALUE_VERSION);
    wire::put_i64(&mut value, committed.offset);
    wire::put_i32(&mut value, committed.leader_epoch.unwrap_or(-1));
    wire::put_nullable_string(&mut value, Some(&committed.metadata));
    wire::put_i64(&mut value, committed.committed_ms);
    value
}

fn decode_offset(value: &[u8]) -> Result<Committed, RecordError> {
    let mut value = Reader::new(value);
    let version = value.i16()?;
    if !(0..=VALUE_VERSION).contains(&version) {
        return Err(RecordError::Version(version));
    }
    Ok(Committed {
        offset: value.i64()?,
        leader_epoch: if version >= 3 { Some(value.i32()?) } else { None }.filter(|epoch| *epoch >= 0),
        metadata: value.string()?.to_owned(),
        committed_ms: value.i64()?,
    })
}

fn encode_group(group: &GroupRecord) -> Vec<u8> {
    let mut value = Vec::new();
    wire::put_i16(&mut value, VALUE_VERSION);
    // No kind of group is an empty string.
    let protocol_type = group.protocol_type.as_deref().unwrap_or_default();
    wire::put_nullable_string(&mut value, Some(protocol_type));
    wire::put_i32(&mut value, group.generation);
    wire::put_nullable_string(&mut value, group.protocol.as_deref());
    wire::put_nullable_string(&mut value, group.leader.as_deref());
    wire::put_i64(&mut value, group.state_since_ms);
    wire::put_i32(&mut value, group.members.len() as i32);
    for member in &group.members {
        wire::put_nullable_string(&mut value, Some(&member.id));
        wire::put_nullable_string(&mut value, member.instance_id.as_deref());
        wire::put_nullable_string(&mut value, Some(&member.client_id));
        wire::put_nullable_string(&mut value, Some(&member.client_host));
        wire::put_i32(&mut value, milliseconds(member.rebalance_timeout_ms));
        wire::put_i32(&mut value, milliseconds(member.session_timeout_ms));
        wire::put_nullable_bytes(&mut value, Some(&member.subscription));
        wire::put_nullable_bytes(&mut value, Some(&member.assignment));
    }
    value
}

fn milliseconds(ms: i64) -> i32 {
    i32::try_from(ms).unwrap_or(i32::MAX)
}

fn decode_group(value: &[u8]) -> Result<GroupRecord, RecordError> {
    let mut value = Reader::new(value);
    let version = value.i16()?;
    if !(0..=VALUE_VERSION).contains(&version) {
        return Err(RecordError::Version(version));
    }
    let protocol_type = value.string()?;
    Ok(GroupRecord {
        protocol_type: Some(protocol_type).filter(|kind| !kind.is_empty()).map(str::to_owned),
        generation: value.i32()?,
        protocol: value.nullable_string()?.map(str::to_owned),
        leader: value.nullable_string()?.map(str::to_owned),
        state_since_ms: if version >= 2 { value.i64()? } else { -1 },
        members: value.list(|value| decode_member(value, version))?,
    })
}

fn decode_member(value: &mut Reader<'_>, version: i16) -> Result<MemberRecord, WireError> {
    let id = value.string()?.to_owned();
    let instance_id = if version >= 3 { value.nullable_string()? } else { None };
    let client_id = value.string()?.to_owned();
    let client_host = value.string()?.to_owned();
    let rebalance_timeout_ms = if version >= 1 { value.i32()? } else { -1 };
    let session_timeout_ms = value.i32()?;
    let bytes = |bytes: Option<&[u8]>| Bytes::copy_from_slice(bytes.unwrap_or_default());
    Ok(MemberRecord {
        id,
        instance_id: instance_id.map(str::to_owned),
        client_id,
        client_host,
        session_timeout_ms: session_timeout_ms.into(),
        // Before there were two timeouts, there was one.
        rebalance_timeout_ms: match rebalance_timeout_ms {
            -1 => session_timeout_ms.into(),
            other => other.into(),
        },
        subscription: bytes(value.nullable_bytes()?),
        assignment: bytes(value.nullable_bytes()?),
    })
}
