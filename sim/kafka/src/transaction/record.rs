//! What is kept of transactional ids in `__transaction_state`, as bytes: `TransactionLogKey` 0 with
//! `TransactionLogValue` 1, or 0 where the cluster's `transaction.version` is 0.
//!
//! Kafka 4.2 writes of a producer only its present id: the id before it and the next one are read but not written
//! (KAFKA-20310), so a coordinator that is replaced does not know them.

use core::fmt;
use std::collections::BTreeSet;

use super::metadata::{Metadata, NO_EPOCH, NO_ID, State};
use crate::assignor::TopicPartition;
use crate::java;
use crate::wire::{self, Reader, WireError};

const TAG_PREVIOUS_ID: u32 = 0;
const TAG_NEXT_ID: u32 = 1;
const TAG_CLIENT_VERSION: u32 = 2;

/// Why bytes are no such record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// They end early, or say what cannot be.
    Wire(WireError),
    /// A version of the key that is not known.
    Key(i16),
    /// A version of the value that is not known.
    Version(i16),
    /// A state that is not known.
    State(i8),
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
            Self::Key(version) => write!(
                formatter,
                "Unknown version {version} from the transaction log message key"
            ),
            Self::Version(version) => {
                write!(
                    formatter,
                    "Unknown version {version} from the transaction log message value"
                )
            }
            Self::State(id) => write!(
                formatter,
                "Unknown transaction state id {id} from the transaction status message"
            ),
        }
    }
}

/// The key of a transactional id.
pub fn encode_key(transactional_id: &str) -> Vec<u8> {
    let mut key = Vec::new();
    wire::put_i16(&mut key, 0);
    wire::put_nullable_string(&mut key, Some(transactional_id));
    key
}

/// The transactional id of a key.
pub fn decode_key(key: &[u8]) -> Result<String, RecordError> {
    let mut key = Reader::new(key);
    match key.i16()? {
        0 => Ok(key.string()?.to_owned()),
        other => Err(RecordError::Key(other)),
    }
}

/// The value, under the cluster's `transaction.version`.
pub fn encode_value(metadata: &Metadata, transaction_version: i16) -> Vec<u8> {
    let is_flexible = transaction_version >= 1;
    let mut value = Vec::new();
    wire::put_i16(&mut value, i16::from(is_flexible));
    wire::put_i64(&mut value, metadata.producer_id);
    wire::put_i16(&mut value, metadata.producer_epoch);
    wire::put_i32(&mut value, metadata.timeout_ms);
    value.push(metadata.state.id().cast_unsigned());
    let topics = (metadata.state != State::Empty).then(|| by_topic(&metadata.partitions));
    if is_flexible {
        put_compact(&mut value, topics.as_deref());
    } else {
        put_plain(&mut value, topics.as_deref());
    }
    wire::put_i64(&mut value, metadata.updated_ms);
    wire::put_i64(&mut value, metadata.started_ms);
    if is_flexible {
        if metadata.client_version == 0 {
            wire::put_uvarint(&mut value, 0);
        } else {
            for number in [1, TAG_CLIENT_VERSION, 2] {
                wire::put_uvarint(&mut value, number);
            }
            wire::put_i16(&mut value, metadata.client_version);
        }
    }
    value
}

type Topic<'a> = (&'a str, Vec<i32>);

/// Topics and partitions in the order of Java's hash maps.
fn by_topic(partitions: &BTreeSet<TopicPartition>) -> Vec<Topic<'_>> {
    let all: Vec<&TopicPartition> = partitions.iter().collect();
    let hash = |of: &&TopicPartition| {
        let partition = 31_i32.wrapping_add(of.partition).wrapping_mul(31);
        partition.wrapping_add(java::string_hash(&of.topic))
    };
    let hashes: Vec<i32> = all.iter().map(hash).collect();
    let mut topics: Vec<Topic<'_>> = Vec::new();
    for place in java::hash_order(&hashes) {
        let TopicPartition { topic, partition } = all[place];
        match topics.iter_mut().find(|(known, _)| known == topic) {
            Some((_, known)) => known.push(*partition),
            None => topics.push((topic, vec![*partition])),
        }
    }
    let hashes: Vec<i32> = topics.iter().map(|(topic, _)| java::string_hash(topic)).collect();
    let order = java::hash_order(&hashes).into_iter();
    order.map(|place| topics[place].clone()).collect()
}

fn put_plain(value: &mut Vec<u8>, topics: Option<&[Topic<'_>]>) {
    let Some(topics) = topics else {
        wire::put_i32(value, -1);
        return;
    };
    wire::put_i32(value, topics.len() as i32);
    for (topic, partitions) in topics {
        wire::put_nullable_string(value, Some(topic));
        wire::put_i32(value, partitions.len() as i32);
        for partition in partitions {
            wire::put_i32(value, *partition);
        }
    }
}

fn put_compact(value: &mut Vec<u8>, topics: Option<&[Topic<'_>]>) {
    let Some(topics) = topics else {
        wire::put_uvarint(value, 0);
        return;
    };
    wire::put_uvarint(value, topics.len() as u32 + 1);
    for (topic, partitions) in topics {
        wire::put_uvarint(value, topic.len() as u32 + 1);
        value.extend_from_slice(topic.as_bytes());
        wire::put_uvarint(value, partitions.len() as u32 + 1);
        for partition in partitions {
            wire::put_i32(value, *partition);
        }
        wire::put_uvarint(value, 0);
    }
}

/// From a value.
pub fn decode_value(value: &[u8]) -> Result<Metadata, RecordError> {
    let mut value = Reader::new(value);
    let version = value.i16()?;
    if !(0..=1).contains(&version) {
        return Err(RecordError::Version(version));
    }
    let producer_id = value.i64()?;
    let producer_epoch = value.i16()?;
    let timeout_ms = value.i32()?;
    let state = value.i8()?;
    let state = State::of(state).ok_or(RecordError::State(state))?;
    let partitions = if version == 0 {
        read_plain(&mut value)?
    } else {
        read_compact(&mut value)?
    };
    let mut metadata = Metadata {
        producer_id,
        previous_producer_id: NO_ID,
        next_producer_id: NO_ID,
        producer_epoch,
        last_producer_epoch: NO_EPOCH,
        timeout_ms,
        state,
        partitions,
        updated_ms: value.i64()?,
        started_ms: value.i64()?,
        client_version: 0,
    };
    if version == 1 {
        read_tags(&mut value, |tag, mut field| {
            match tag {
                TAG_PREVIOUS_ID => metadata.previous_producer_id = field.i64()?,
                TAG_NEXT_ID => metadata.next_producer_id = field.i64()?,
                TAG_CLIENT_VERSION => metadata.client_version = field.i16()?,
                _ => {}
            }
            Ok(())
        })?;
    }
    Ok(metadata)
}

fn read_plain(value: &mut Reader<'_>) -> Result<BTreeSet<TopicPartition>, WireError> {
    let mut partitions = BTreeSet::new();
    for _ in 0..value.i32()?.max(0) {
        let topic = value.string()?;
        let numbers = value.list(Reader::i32)?;
        partitions.extend(numbers.into_iter().map(|number| TopicPartition::new(topic, number)));
    }
    Ok(partitions)
}

fn read_compact(value: &mut Reader<'_>) -> Result<BTreeSet<TopicPartition>, WireError> {
    let mut partitions = BTreeSet::new();
    for _ in 1..value.uvarint()? {
        let length = value.uvarint()?.checked_sub(1).ok_or(WireError::Length(-1))?;
        let topic = core::str::from_utf8(value.take(length as usize)?).map_err(|_| WireError::Text)?;
        for _ in 1..value.uvarint()? {
            partitions.insert(TopicPartition::new(topic, value.i32()?));
        }
        read_tags(value, |_, _| Ok(()))?;
    }
    Ok(partitions)
}

fn read_tags<'a>(
    value: &mut Reader<'a>,
    mut field: impl FnMut(u32, Reader<'a>) -> Result<(), WireError>,
) -> Result<(), WireError> {
    for _ in 0..value.uvarint()? {
        let tag = value.uvarint()?;
        let size = value.uvarint()?;
        field(tag, Reader::new(value.take(size as usize)?))?;
    }
    Ok(())
}
