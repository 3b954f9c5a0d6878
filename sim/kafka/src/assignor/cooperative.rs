//! `cooperative-sticky`: the sticky assignment, less the partitions that another member still has. It has to let them
//! go first; a further round gives them out.

use std::collections::{BTreeMap, BTreeSet};

use super::sticky::{self, Owned};
use super::{AssignorError, Group, Member, Shares, TopicPartition};

/// What a member says it owns: in the subscription itself, and since when there or, before version 2, in the user data.
fn from_subscription(member: &Member) -> Owned {
    let subscription = &member.subscription;
    let in_user_data = || {
        let data = subscription.user_data.as_deref()?;
        let number = data.first_chunk().map(|bytes| i32::from_be_bytes(*bytes));
        Some(number.unwrap_or(-1))
    };
    Owned {
        partitions: subscription.owned.clone(),
        generation: subscription.generation.or_else(in_user_data),
    }
}

pub(super) fn assign(group: &Group<'_>) -> Result<Shares, AssignorError> {
    let sticky::Outcome { mut shares, moving } = sticky::assign(group, from_subscription)?;
    let moving = moving.unwrap_or_else(|| moved(group, &shares));
    for (place, member) in moving {
        let share: &mut Vec<_> = &mut shares[member];
        if let Some(at) = share.iter().position(|other| *other == place) {
            share.remove(at);
        }
    }
    Ok(shares)
}

/// Partitions that are new to their member and were taken from another.
fn moved(group: &Group<'_>, shares: &Shares) -> BTreeMap<super::Place, usize> {
    let mut taken = BTreeSet::new();
    for (member, share) in group.members.iter().zip(shares) {
        for TopicPartition { topic, partition } in &member.subscription.owned {
            let place = group.topic_named(topic).map(|topic| (topic, *partition));
            taken.extend(place.filter(|place| !share.contains(place)));
        }
    }
    let owns = |member: usize, (topic, partition): super::Place| {
        let mut owned = group.members[member].subscription.owned.iter();
        owned.any(|one| one.topic == group.topics[topic].name && one.partition == partition)
    };
    let mut moved = BTreeMap::new();
    for (member, share) in shares.iter().enumerate() {
        for place in share {
            if taken.contains(place) && !owns(member, *place) {
                moved.insert(*place, member);
            }
        }
    }
    moved
}
