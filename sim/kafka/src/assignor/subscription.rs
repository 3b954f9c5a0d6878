//! What a member of a classic group says when it joins, and what it is told: `ConsumerProtocolSubscription` and
//! `ConsumerProtocolAssignment`, versions 0 to 3, and the user data of the sticky assignors. True bytes.

use core::fmt;

use super::TopicPartition;
use crate::java;
use crate::wire::{self, Reader, WireError};

/// The newest version of both schemas.
pub const VERSION_MAX: i16 = 3;

/// No generation is known.
pub const NO_GENERATION: i32 = -1;

/// Bytes that are not of the consumer protocol, in the client's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaError {
    /// Not even a version.
    NoHeader,
    /// A version below zero.
    Version {
        /// `subscription` or `assignment`.
        what: &'static str,
        /// The version.
        version: i16,
    },
    /// Something inside.
    Content(WireError),
}

impl fmt::Display for SchemaError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHeader => write!(formatter, "Buffer underflow while parsing consumer protocol's header"),
            Self::Version { what, version } => write!(formatter, "Unsupported {what} version: {version}"),
            Self::Content(error) => write!(formatter, "{error}"),
        }
    }
}

impl From<WireError> for SchemaError {
    fn from(error: WireError) -> Self {
        Self::Content(error)
    }
}

/// A subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// Names of topics, known or not.
    pub topics: Vec<String>,
    /// What the assignor adds.
    pub user_data: Option<Vec<u8>>,
    /// The partitions it has now (version 1). Eager assignors give them up before they join.
    pub owned: Vec<TopicPartition>,
    /// The generation of the group in which it got them (version 2).
    pub generation: Option<i32>,
    /// `client.rack` (version 3).
    pub rack: Option<String>,
}

/// What a member is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberAssignment {
    /// The partitions.
    pub partitions: Vec<TopicPartition>,
    /// What the assignor adds.
    pub user_data: Option<Vec<u8>>,
}

impl Subscription {
    /// Its bytes in a version; versions beyond the newest are written as the newest.
    pub fn encode(&self, version: i16) -> Vec<u8> {
        let version = version.clamp(0, VERSION_MAX);
        let mut bytes = Vec::new();
        wire::put_i16(&mut bytes, version);
        let mut topics: Vec<&String> = self.topics.iter().collect();
        topics.sort_by(|one, other| java::compare(one, other));
        wire::put_i32(&mut bytes, topics.len() as i32);
        for topic in topics {
            wire::put_nullable_string(&mut bytes, Some(topic));
        }
        wire::put_nullable_bytes(&mut bytes, self.user_data.as_deref());
        if version >= 1 {
            let mut owned: Vec<&TopicPartition> = self.owned.iter().collect();
            owned.sort_by(|one, other| {
                java::compare(&one.topic, &other.topic).then(one.partition.cmp(&other.partition))
            });
            put_partitions(&mut bytes, &owned);
        }
        if version >= 2 {
            wire::put_i32(&mut bytes, self.generation.unwrap_or(NO_GENERATION));
        }
        if version >= 3 {
            wire::put_nullable_string(&mut bytes, self.rack.as_deref());
        }
        bytes
    }

    /// From bytes of any version: later ones are read as the newest known.
    pub fn decode(bytes: &[u8]) -> Result<Self, SchemaError> {
        let mut reader = Reader::new(bytes);
        let version = version(&mut reader, "subscription")?;
        let mut subscription = Self {
            topics: reader.list(|reader| reader.string().map(str::to_owned))?,
            user_data: reader.nullable_bytes()?.map(<[u8]>::to_vec),
            ..Self::default()
        };
        if version >= 1 {
            subscription.owned = partitions(&mut reader)?;
        }
        if version >= 2 {
            subscription.generation = Some(reader.i32()?).filter(|generation| *generation >= 0);
        }
        if version >= 3 {
            subscription.rack = reader.nullable_string()?.map(str::to_owned);
        }
        Ok(subscription)
    }
}

impl MemberAssignment {
    /// Its bytes in a version.
    pub fn encode(&self, version: i16) -> Vec<u8> {
        let mut bytes = Vec::new();
        wire::put_i16(&mut bytes, version.clamp(0, VERSION_MAX));
        let partitions: Vec<&TopicPartition> = self.partitions.iter().collect();
        put_partitions(&mut bytes, &partitions);
        wire::put_nullable_bytes(&mut bytes, self.user_data.as_deref());
        bytes
    }

    /// From bytes of any version.
    pub fn decode(bytes: &[u8]) -> Result<Self, SchemaError> {
        let mut reader = Reader::new(bytes);
        version(&mut reader, "assignment")?;
        Ok(Self {
            partitions: partitions(&mut reader)?,
            user_data: reader.nullable_bytes()?.map(<[u8]>::to_vec),
        })
    }
}

fn version(reader: &mut Reader<'_>, what: &'static str) -> Result<i16, SchemaError> {
    let version = reader.i16().map_err(|_| SchemaError::NoHeader)?;
    if version < 0 {
        return Err(SchemaError::Version { what, version });
    }
    Ok(version)
}

/// Topics in the order in which they first appear, each with its partitions.
fn put_partitions(into: &mut Vec<u8>, partitions: &[&TopicPartition]) {
    let mut topics: Vec<(&str, Vec<i32>)> = Vec::new();
    for one in partitions {
        match topics.iter_mut().find(|(topic, _)| *topic == one.topic) {
            Some((_, numbers)) => numbers.push(one.partition),
            None => topics.push((&one.topic, vec![one.partition])),
        }
    }
    wire::put_i32(into, topics.len() as i32);
    for (topic, numbers) in topics {
        wire::put_nullable_string(into, Some(topic));
        wire::put_i32(into, numbers.len() as i32);
        for number in numbers {
            wire::put_i32(into, number);
        }
    }
}

fn partitions(reader: &mut Reader<'_>) -> Result<Vec<TopicPartition>, WireError> {
    let topics = reader.list(|reader| Ok((reader.string()?, reader.list(Reader::i32)?)))?;
    let each = topics.into_iter().flat_map(|(topic, numbers)| {
        numbers
            .into_iter()
            .map(move |number| TopicPartition::new(topic, number))
    });
    Ok(each.collect())
}

/// What the sticky assignor remembers in its user data: the member's last assignment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StickyUserData {
    /// What it had.
    pub owned: Vec<TopicPartition>,
    /// Since when; version 0 did not say.
    pub generation: Option<i32>,
}

impl StickyUserData {
    /// Its bytes (version 1).
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let owned: Vec<&TopicPartition> = self.owned.iter().collect();
        put_partitions(&mut bytes, &owned);
        wire::put_i32(&mut bytes, self.generation.unwrap_or(NO_GENERATION));
        bytes
    }

    /// From user data of version 1, else 0. What cannot be read counts as nothing owned, in no generation.
    pub fn decode(bytes: &[u8]) -> Self {
        let mut reader = Reader::new(bytes);
        let Ok(owned) = partitions(&mut reader) else {
            return Self {
                owned: Vec::new(),
                generation: Some(NO_GENERATION),
            };
        };
        Self {
            owned,
            generation: reader.i32().ok(),
        }
    }
}

/// The user data of the cooperative sticky assignor: a generation.
pub fn cooperative_user_data(generation: i32) -> Vec<u8> {
    generation.to_be_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription() -> Subscription {
        Subscription {
            topics: vec!["b".to_owned(), "a".to_owned()],
            user_data: Some(vec![1, 2]),
            owned: vec![
                TopicPartition::new("b", 1),
                TopicPartition::new("a", 2),
                TopicPartition::new("b", 0),
            ],
            generation: Some(7),
            rack: Some("r1".to_owned()),
        }
    }

    #[test]
    fn each_version_adds_a_field() {
        let whole = subscription();
        let sizes: Vec<usize> = (0..=3).map(|version| whole.encode(version).len()).collect();
        assert_eq!(sizes, [18, 48, 52, 56]);
        let read = Subscription::decode(&whole.encode(0)).unwrap();
        assert_eq!(
            (read.topics, read.owned.len(), read.generation, read.rack),
            (vec!["a".to_owned(), "b".to_owned()], 0, None, None)
        );
        let read = Subscription::decode(&whole.encode(3)).unwrap();
        assert_eq!(
            (read.owned.len(), read.generation, read.rack.as_deref()),
            (3, Some(7), Some("r1"))
        );
    }

    #[test]
    fn a_later_version_is_read_as_the_newest() {
        let mut bytes = subscription().encode(3);
        bytes[1] = 9;
        bytes.extend([1, 2, 3]);
        assert_eq!(Subscription::decode(&bytes).unwrap().generation, Some(7));
        bytes[0] = 0xff;
        let refused = Subscription::decode(&bytes).unwrap_err();
        assert_eq!(refused.to_string(), "Unsupported subscription version: -247");
        assert_eq!(
            Subscription::decode(&[0]).unwrap_err().to_string(),
            "Buffer underflow while parsing consumer protocol's header"
        );
    }

    #[test]
    fn an_assignment_keeps_its_order() {
        let assignment = MemberAssignment {
            partitions: vec![TopicPartition::new("b", 1), TopicPartition::new("a", 2)],
            user_data: None,
        };
        assert_eq!(MemberAssignment::decode(&assignment.encode(3)), Ok(assignment));
    }

    #[test]
    fn user_data_that_is_not_some_counts_as_none() {
        let data = StickyUserData {
            owned: vec![TopicPartition::new("a", 0)],
            generation: Some(3),
        };
        assert_eq!(StickyUserData::decode(&data.encode()), data);
        let version_0 = &data.encode()[..data.encode().len() - 4];
        assert_eq!(StickyUserData::decode(version_0).generation, None);
        assert_eq!(StickyUserData::decode(&[0, 0, 0, 9]).generation, Some(-1));
    }
}
