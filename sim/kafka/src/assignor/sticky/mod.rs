//! `sticky` (KIP-54, KIP-341): as balanced as can be, then with as few moves as can be.
//!
//! Where all members subscribe to the same topics, quotas are known beforehand and [`constrained`] fills them; else
//! [`general`] moves one partition after the other towards balance.

mod constrained;

mod general;

mod movements;

use std::collections::{BTreeMap, BTreeSet};

use super::racks::Racks;
use super::subscription::{NO_GENERATION, StickyUserData};
use super::{AssignorError, Group, Member, Place, Shares, TopicPartition};

/// What a member says it had, and in which generation of the group it got it.
pub(super) struct Owned {
    pub partitions: Vec<TopicPartition>,
    pub generation: Option<i32>,
}

/// The eager assignor looks at the user data only: the owned partitions of its subscription were given up.
pub(super) fn from_user_data(member: &Member) -> Owned {
    match member.subscription.user_data.as_deref() {
        None | Some([]) => Owned {
            partitions: Vec::new(),
            generation: None,
        },
        Some(data) => {
            let StickyUserData { owned, generation } = StickyUserData::decode(data);
            Owned {
                partitions: owned,
                generation,
            }
        }
    }
}

pub(super) struct Outcome {
    pub shares: Shares,
    /// Partitions that go from one member to another, where that is known.
    pub moving: Option<BTreeMap<Place, usize>>,
}

pub(super) fn assign(group: &Group<'_>, owned_by: fn(&Member) -> Owned) -> Result<Outcome, AssignorError> {
    if group.members.is_empty() {
        return Ok(Outcome {
            shares: Vec::new(),
            moving: None,
        });
    }
    let claims = Claims::new(group, owned_by);
    let racks = Racks::new(group);
    if claims.same_topics {
        let (shares, moving) = constrained::assign(group, &racks, claims)?;
        Ok(Outcome {
            shares,
            moving: Some(moving),
        })
    } else {
        Ok(Outcome {
            shares: general::assign(group, &racks, claims),
            moving: None,
        })
    }
}

/// What the members claim, settled where two claim the same.
struct Claims {
    /// All members subscribe to the same topics, known or not.
    same_topics: bool,
    /// What each member keeps its claim on.
    owned: Shares,
    /// Claimed by two members in the same generation: neither has it.
    contested: BTreeSet<Place>,
    /// As each member said it, by generation.
    said: Vec<(Option<i32>, Vec<Place>)>,
    generation_max: i32,
}

impl Claims {
    fn new(group: &Group<'_>, owned_by: fn(&Member) -> Owned) -> Self {
        let mut claims = Self {
            same_topics: true,
            owned: group.no_shares(),
            contested: BTreeSet::new(),
            said: Vec::new(),
            generation_max: NO_GENERATION,
        };
        let mut topics: BTreeSet<&str> = BTreeSet::new();
        let mut owner: BTreeMap<Place, usize> = BTreeMap::new();
        for (at, member) in group.members.iter().enumerate() {
            let subscribed = &member.subscription.topics;
            if topics.is_empty() {
                topics.extend(subscribed.iter().map(String::as_str));
            } else if subscribed.len() != topics.len()
                || !subscribed.iter().all(|topic| topics.contains(topic.as_str()))
            {
                claims.same_topics = false;
            }
            let Owned { partitions, generation } = owned_by(member);
            claims.generation_max = claims.generation_max.max(generation.unwrap_or(NO_GENERATION));
            let known = |one: &TopicPartition| Some((group.topic_named(&one.topic)?, one.partition));
            let places: Vec<Place> = partitions.iter().filter_map(known).collect();
            for &place in &places {
                claims.claim(group, &mut owner, at, generation.unwrap_or(NO_GENERATION), place);
            }
            claims.said.push((generation, places));
        }
        claims
    }

    fn claim(
        &mut self,
        group: &Group<'_>,
        owner: &mut BTreeMap<Place, usize>,
        member: usize,
        generation: i32,
        place: Place,
    ) {
        let Some(&other) = owner.get(&place) else {
            self.owned[member].push(place);
            owner.insert(place, member);
            return;
        };
        // As in Kafka, the other's generation is the one in its subscription, not the one in its user data.
        let others = group.members[other].subscription.generation.unwrap_or(NO_GENERATION);
        if generation < others {
            return;
        }
        if generation == others {
            self.contested.insert(place);
        } else {
            self.owned[member].push(place);
        }
        if let Some(at) = self.owned[other].iter().position(|claimed| *claimed == place) {
            self.owned[other].remove(at);
        }
        owner.insert(place, member);
    }
}

/// All of `all` that is not in `assigned`; both are in the same order. As in Kafka, a partition that does not exist
/// and is claimed nevertheless stops the comparison.
fn without(all: impl Iterator<Item = Place>, assigned: &[Place]) -> Vec<Place> {
    let mut assigned = assigned.iter().peekable();
    all.filter(|place| assigned.next_if(|next| *next == place).is_none())
        .collect()
}
