//! The assignors of the group coordinator (KIP-848): `uniform`, the default, and `range`.
//!
//! The coordinator knows topics by id. Each member has the target it was given last; `uniform` keeps as much of it as
//! balance allows, `range` starts anew each time.

mod range;

mod uniform;

mod balance;

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use crate::uuid::Uuid;

/// A member's partitions, by topic; no topic is there without a partition.
pub type Target = BTreeMap<Uuid, BTreeSet<i32>>;

/// A member of a consumer group, as the coordinator sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupMember {
    /// The member's id.
    pub id: String,
    /// `group.instance.id`, of a static member.
    pub instance: Option<String>,
    /// The topics it subscribes to that exist.
    pub topics: BTreeSet<Uuid>,
    /// Its last target; topics that it has left, or that are gone, may still be in it.
    pub previous: Target,
}

/// Whether all members subscribe to the same topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionType {
    /// They do.
    Homogeneous,
    /// They do not.
    Heterogeneous,
}

/// `PartitionAssignorException`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetError {
    /// A member subscribes to a topic that is not there.
    NoSuchTopic(Uuid),
    /// Partitions were left over.
    LeftOver,
}

impl fmt::Display for TargetError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchTopic(topic) => write!(
                formatter,
                "Members are subscribed to topic {topic} which doesn't exist in the topic metadata."
            ),
            Self::LeftOver => write!(formatter, "Partitions were left unassigned"),
        }
    }
}

/// What the coordinator knows of a group: partition counts by topic, and the members in the order in which they are
/// to be walked.
#[derive(Clone, Copy, Debug)]
pub struct GroupSpec<'a> {
    /// Partitions of each topic.
    pub partition_counts: &'a BTreeMap<Uuid, i32>,
    /// The members.
    pub members: &'a [GroupMember],
    /// The order in which topics are walked where there is no other reason; topics that are not in it come last.
    pub topic_order: &'a [Uuid],
}

/// `group.consumer.assignors`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerAssignor {
    /// Balanced and sticky.
    Uniform,
    /// A range of each topic to each member.
    Range,
}

impl ServerAssignor {
    /// Its name in the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Range => "range",
        }
    }

    /// By its name in the protocol.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Uniform, Self::Range]
            .into_iter()
            .find(|assignor| assignor.name() == name)
    }

    /// The target of each member, in the order of the members.
    pub fn assign(self, group: GroupSpec<'_>, kind: SubscriptionType) -> Result<Vec<Target>, TargetError> {
        let mut topics = group.members.iter().flat_map(|member| member.topics.iter());
        if let Some(missing) = topics.find(|topic| !group.partition_counts.contains_key(topic)) {
            return Err(TargetError::NoSuchTopic(*missing));
        }
        match (self, kind) {
            _ if group.members.is_empty() => Ok(Vec::new()),
            (Self::Range, _) => Ok(range::assign(group)),
            (Self::Uniform, SubscriptionType::Homogeneous) => uniform::assign(group),
            (Self::Uniform, SubscriptionType::Heterogeneous) => Ok(balance::assign(group)),
        }
    }
}

/// Homogeneous when every topic that somebody subscribes to is subscribed to by all. `topics` are the members'
/// subscriptions by name, known or not.
pub fn subscription_type<'a>(topics: impl Iterator<Item = &'a BTreeSet<String>> + Clone) -> SubscriptionType {
    let all: BTreeSet<&String> = topics.clone().flatten().collect();
    if topics.clone().all(|subscribed| subscribed.len() == all.len()) {
        SubscriptionType::Homogeneous
    } else {
        SubscriptionType::Heterogeneous
    }
}

impl GroupSpec<'_> {
    fn partition_count(&self, topic: Uuid) -> i32 {
        self.partition_counts.get(&topic).copied().unwrap_or(0)
    }

    /// These topics in the order in which they are walked.
    fn in_order(&self, topics: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
        let mut topics: Vec<Uuid> = topics.collect();
        let place = |topic: &Uuid| self.topic_order.iter().position(|other| other == topic);
        topics.sort_by_cached_key(|topic| (place(topic).unwrap_or(usize::MAX), *topic));
        topics
    }
}
