//! How the partitions of a group are shared out.
//!
//! Two families. In the classic protocol one member, the group's leader, computes the assignment
//! ([`ClientAssignor`]: `range`, `roundrobin`, `sticky`, `cooperative-sticky`); in the consumer protocol (KIP-848) the
//! group's coordinator does ([`server`]: `uniform`, `range`).
//!
//! Reading order: [`subscription`] (what a member says when it joins, and its bytes), [`range`], [`round_robin`],
//! [`racks`], [`sticky`], [`cooperative`], [`server`].
//!
//! Where Kafka walks a Java hash map, the order can show in the result. Here the members are walked in the order in
//! which they are given, so that a caller decides.

pub mod subscription;

mod range;

mod round_robin;

mod racks;

mod sticky;

mod cooperative;

pub mod server;

pub use subscription::{MemberAssignment, Subscription};

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use crate::java;

/// One partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: String,
    /// The partition's number.
    pub partition: i32,
}

impl TopicPartition {
    /// `topic`-`partition`.
    pub fn new(topic: &str, partition: i32) -> Self {
        Self {
            topic: topic.to_owned(),
            partition,
        }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.topic, self.partition)
    }
}

/// What the group's leader knows of the topics: for each partition the racks of its replicas, where they have one.
pub type Topics = BTreeMap<String, Vec<Vec<String>>>;

/// A member of a classic group, as its leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The id the coordinator gave it.
    pub id: String,
    /// `group.instance.id`, of a static member.
    pub instance: Option<String>,
    /// What it said when it joined.
    pub subscription: Subscription,
}

/// Who gets what. Each member has its entry, be it empty.
pub type Assignment = BTreeMap<String, Vec<TopicPartition>>;

/// The assignor found its own input contradictory; Kafka throws an `IllegalStateException` there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssignorError(pub &'static str);

impl fmt::Display for AssignorError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

/// The assignors of the Java client: `partition.assignment.strategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAssignor {
    /// A range of each topic's partitions to each member.
    Range,
    /// All partitions, dealt out one by one.
    RoundRobin,
    /// Balanced, with as few moves as possible; everything is revoked first.
    Sticky,
    /// The same, and a partition that moves is given only once its owner let it go.
    CooperativeSticky,
}

impl ClientAssignor {
    /// All, in the order of Kafka's documentation.
    pub const ALL: [Self; 4] = [Self::Range, Self::RoundRobin, Self::Sticky, Self::CooperativeSticky];

    /// Its name in the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::RoundRobin => "roundrobin",
            Self::Sticky => "sticky",
            Self::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// The Java class that `partition.assignment.strategy` names.
    pub fn class_name(self) -> &'static str {
        match self {
            Self::Range => "org.apache.kafka.clients.consumer.RangeAssignor",
            Self::RoundRobin => "org.apache.kafka.clients.consumer.RoundRobinAssignor",
            Self::Sticky => "org.apache.kafka.clients.consumer.StickyAssignor",
            Self::CooperativeSticky => "org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
        }
    }

    /// By its name in the protocol.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|assignor| assignor.name() == name)
    }

    /// Shares out the topics that are subscribed and known. Topics without metadata, and those without a partition,
    /// are passed over.
    pub fn assign(self, topics: &Topics, members: &[Member]) -> Result<Assignment, AssignorError> {
        let group = Group::new(topics, members);
        let shares = match self {
            Self::Range => range::assign(&group),
            Self::RoundRobin => round_robin::assign(&group),
            Self::Sticky => sticky::assign(&group, sticky::from_user_data)?.shares,
            Self::CooperativeSticky => cooperative::assign(&group)?,
        };
        Ok(group.named(shares))
    }
}

/// A partition by the place of its topic in [`Group::topics`]; ordered by the topic's name.
type Place = (usize, i32);

/// What each member gets, in the order of [`Group::members`].
type Shares = Vec<Vec<Place>>;

struct TopicOf<'a> {
    name: &'a str,
    /// For each partition the racks of its replicas.
    racks: Vec<BTreeSet<&'a str>>,
    /// Places of its subscribers, in the order given.
    subscribers: Vec<usize>,
}

/// The input of an assignor, with numbers for names.
struct Group<'a> {
    members: &'a [Member],
    /// Subscribed and known, by name.
    topics: Vec<TopicOf<'a>>,
}

impl<'a> Group<'a> {
    fn new(topics: &'a Topics, members: &'a [Member]) -> Self {
        let mut known: Vec<TopicOf<'_>> = Vec::new();
        for (name, partitions) in topics {
            let is_subscriber = |at: &usize| members[*at].subscription.topics.contains(name);
            let subscribers: Vec<usize> = (0..members.len()).filter(is_subscriber).collect();
            if partitions.is_empty() || subscribers.is_empty() {
                continue;
            }
            let racks = partitions.iter();
            known.push(TopicOf {
                name,
                racks: racks.map(|racks| racks.iter().map(String::as_str).collect()).collect(),
                subscribers,
            });
        }
        known.sort_by(|one, other| java::compare(one.name, other.name));
        Self { members, topics: known }
    }

    fn topic_named(&self, name: &str) -> Option<usize> {
        self.topics
            .binary_search_by(|topic| java::compare(topic.name, name))
            .ok()
    }

    fn partition_count(&self, topic: usize) -> i32 {
        self.topics[topic].racks.len() as i32
    }

    fn total_partition_count(&self) -> usize {
        self.topics.iter().map(|topic| topic.racks.len()).sum()
    }

    /// `client.rack`, where it is set and not empty.
    fn rack(&self, member: usize) -> Option<&'a str> {
        let rack = self.members[member].subscription.rack.as_deref();
        rack.filter(|rack| !rack.is_empty())
    }

    fn no_shares(&self) -> Shares {
        vec![Vec::new(); self.members.len()]
    }

    /// Members as range and round robin sort them: static ones first, by instance, then the others by id.
    fn by_instance(&self, mut members: Vec<usize>) -> Vec<usize> {
        members.sort_by(|&one, &other| {
            let (one, other) = (&self.members[one], &self.members[other]);
            match (&one.instance, &other.instance) {
                (Some(one), Some(other)) => java::compare(one, other),
                (Some(_), None) => core::cmp::Ordering::Less,
                (None, Some(_)) => core::cmp::Ordering::Greater,
                (None, None) => java::compare(&one.id, &other.id),
            }
        });
        members
    }

    /// Places of the members by id.
    fn by_id(&self) -> Vec<usize> {
        let mut members: Vec<usize> = (0..self.members.len()).collect();
        members.sort_by(|&one, &other| java::compare(&self.members[one].id, &self.members[other].id));
        members
    }

    fn named(&self, shares: Shares) -> Assignment {
        let named = |(topic, partition): Place| TopicPartition::new(self.topics[topic].name, partition);
        let members = self.members.iter().zip(shares);
        members
            .map(|(member, share)| (member.id.clone(), share.into_iter().map(named).collect()))
            .collect()
    }
}
