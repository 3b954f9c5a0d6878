//! Racks of members and of replicas (KIP-881): when they say anything, and who matches whom.

use std::collections::{BTreeMap, BTreeSet};

use super::{Group, Place};

/// Whether racks are worth looking at: members and replicas share one, and not every partition is in all of them.
pub(super) fn are_useful<'a>(
    member_racks: &BTreeSet<&str>,
    partition_racks: impl Iterator<Item = &'a BTreeSet<&'a str>> + Clone,
) -> bool {
    let all: BTreeSet<&str> = partition_racks.clone().flatten().copied().collect();
    let shared = member_racks.iter().any(|rack| all.contains(rack));
    shared && !partition_racks.clone().all(|racks| *racks == all)
}

/// The racks of a group, as the sticky assignors use them.
pub(super) struct Racks<'a> {
    group: &'a Group<'a>,
    /// Whether rack matter at all in this group.
    pub is_useful: bool,
    members_of: BTreeMap<&'a str, usize>,
}

impl<'a> Racks<'a> {
    pub fn new(group: &'a Group<'a>) -> Self {
        let mut members_of: BTreeMap<&str, usize> = BTreeMap::new();
        for rack in (0..group.members.len()).filter_map(|member| group.rack(member)) {
            *members_of.entry(rack).or_default() += 1;
        }
        let member_racks: BTreeSet<&str> = members_of.keys().copied().collect();
        let partitions = group.topics.iter().flat_map(|topic| topic.racks.iter());
        Self {
            group,
            is_useful: are_useful(&member_racks, partitions),
            members_of,
        }
    }

    /// The member's rack, where racks matter.
    pub fn of_member(&self, member: usize) -> Option<&'a str> {
        self.group.rack(member).filter(|_| self.is_useful)
    }

    /// Whether a partition has a replica in this rack.
    pub fn has_replica(&self, rack: &str, (topic, partition): Place) -> bool {
        let racks = usize::try_from(partition)
            .ok()
            .and_then(|partition| self.group.topics[topic].racks.get(partition));
        racks.is_some_and(|racks| racks.contains(rack))
    }

    /// The member has a rack, and the partition no replica in it.
    pub fn mismatch(&self, member: usize, place: Place) -> bool {
        self.of_member(member)
            .is_some_and(|rack| !self.has_replica(rack, place))
    }

    /// Partitions with few members in their racks come first, so that they still find one.
    pub fn sort(&self, partitions: &mut [Place]) {
        if self.members_of.is_empty() {
            return;
        }
        partitions.sort_by_cached_key(|&(topic, partition)| {
            let racks = self.group.topics[topic].racks[partition as usize].iter();
            racks
                .map(|rack| self.members_of.get(rack).copied().unwrap_or(0))
                .sum::<usize>()
        });
    }

    /// The first member from `start` on, round about, that is in a rack of the partition: its place in `members`.
    pub fn next_member(&self, place: Place, members: &[usize], start: usize) -> Option<usize> {
        let is_near = |at: &usize| {
            self.of_member(members[*at])
                .is_some_and(|rack| self.has_replica(rack, place))
        };
        (0..members.len())
            .map(|step| (start + step) % members.len())
            .find(is_near)
    }
}
