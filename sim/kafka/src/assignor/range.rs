//! `range`: of each topic a run of partitions to each member, the first members one more where it does not divide.
//!
//! With racks on both sides (KIP-881), partitions that have a replica in a member's rack are given first, within the
//! same quotas; topics with the same subscribers and as many partitions stay together, for joins.

use std::collections::BTreeSet;

use super::{Group, Shares, racks};

pub(super) fn assign(group: &Group<'_>) -> Shares {
    let mut shares = group.no_shares();
    let mut topics: Vec<Topic<'_>> = (0..group.topics.len()).map(|topic| Topic::new(group, topic)).collect();
    let is_rack_aware = topics.iter().any(|topic| topic.needs_racks);
    if is_rack_aware {
        assign_in_racks(&mut topics, &mut shares);
    }
    for topic in &mut topics {
        topic.assign_ranges(false, &mut shares);
    }
    if is_rack_aware {
        for share in &mut shares {
            share.sort_unstable();
        }
    }
    shares
}

/// Topics with the same subscribers and as many partitions together, the others alone.
fn assign_in_racks(topics: &mut [Topic<'_>], shares: &mut Shares) {
    let mut seen = BTreeSet::new();
    for first in 0..topics.len() {
        if seen.contains(&first) {
            continue;
        }
        let together: Vec<usize> = (first..topics.len())
            .filter(|&other| topics[other].is_like(&topics[first]))
            .collect();
        seen.extend(together.iter().copied());
        if together.len() > 1 {
            assign_together(topics, &together, shares);
        } else if topics[first].needs_racks {
            topics[first].assign_ranges(true, shares);
        }
    }
}

fn assign_together(topics: &mut [Topic<'_>], together: &[usize], shares: &mut Shares) {
    let mut remaining = topics[together[0]].members.clone();
    for partition in 0..topics[together[0]].known_racks() {
        let fits = |member: &usize| {
            together
                .iter()
                .all(|&at| topics[at].racks_match(*member, partition) && topics[at].room(*member) > 0)
        };
        let Some(member) = remaining.iter().copied().find(fits) else {
            continue;
        };
        for &at in together {
            topics[at].give(member, &[partition], shares);
        }
        if together.iter().all(|&at| topics[at].room(member) == 0) {
            remaining.retain(|other| *other != member);
            if remaining.is_empty() {
                break;
            }
        }
    }
}

struct Topic<'a> {
    at: usize,
    members: Vec<usize>,
    /// The racks of all members of the group.
    member_racks: Vec<Option<&'a str>>,
    /// The racks of each partition; none where no subscriber has a rack.
    partition_racks: &'a [BTreeSet<&'a str>],
    needs_racks: bool,
    unassigned: BTreeSet<i32>,
    given: Vec<usize>,
    quota: usize,
    extra: usize,
}

impl<'a> Topic<'a> {
    fn new(group: &'a Group<'_>, at: usize) -> Self {
        let topic = &group.topics[at];
        let members = group.by_instance(topic.subscribers.clone());
        let member_racks: Vec<Option<&str>> = (0..group.members.len()).map(|member| group.rack(member)).collect();
        let racks: BTreeSet<&str> = members.iter().filter_map(|&member| member_racks[member]).collect();
        let partition_racks: &[BTreeSet<&str>] = if racks.is_empty() { &[] } else { &topic.racks };
        let partition_count = topic.racks.len();
        Self {
            at,
            needs_racks: racks::are_useful(&racks, partition_racks.iter()),
            unassigned: (0..partition_count as i32).collect(),
            given: vec![0; group.members.len()],
            quota: partition_count / members.len(),
            extra: partition_count % members.len(),
            members,
            member_racks,
            partition_racks,
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        self.members == other.members && self.partition_racks.len() == other.partition_racks.len()
    }

    fn known_racks(&self) -> i32 {
        self.partition_racks.len() as i32
    }

    fn racks_match(&self, member: usize, partition: i32) -> bool {
        self.member_racks[member].is_none_or(|rack| {
            let racks = self.partition_racks.get(partition as usize);
            racks.is_some_and(|racks| racks.contains(rack))
        })
    }

    /// How many more this member may get.
    fn room(&self, member: usize) -> usize {
        (self.quota + usize::from(self.extra > 0)).saturating_sub(self.given[member])
    }

    fn give(&mut self, member: usize, partitions: &[i32], shares: &mut Shares) {
        shares[member].extend(partitions.iter().map(|&partition| (self.at, partition)));
        self.given[member] += partitions.len();
        if self.given[member] > self.quota {
            self.extra = self.extra.saturating_sub(1);
        }
        for partition in partitions {
            self.unassigned.remove(partition);
        }
    }

    fn assign_ranges(&mut self, only_in_rack: bool, shares: &mut Shares) {
        for place in 0..self.members.len() {
            let member = self.members[place];
            let may = |partition: &i32| !only_in_rack || self.racks_match(member, *partition);
            let range: Vec<i32> = self
                .unassigned
                .iter()
                .copied()
                .filter(may)
                .take(self.room(member))
                .collect();
            if !range.is_empty() {
                self.give(member, &range, shares);
            }
        }
    }
}
