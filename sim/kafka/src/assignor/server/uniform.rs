//! `uniform` where all members subscribe to the same topics: quotas are known beforehand.

use std::collections::{BTreeMap, BTreeSet};

use super::{GroupSpec, Target, TargetError};
use crate::uuid::Uuid;

pub(super) fn assign(group: GroupSpec<'_>) -> Result<Vec<Target>, TargetError> {
    let topics = &group.members[0].topics;
    if topics.is_empty() {
        return Ok(vec![Target::new(); group.members.len()]);
    }
    let mut unassigned: Vec<(Uuid, i32)> = Vec::new();
    let mut total = 0;
    let taken = taken(group);
    for topic in group.in_order(topics.iter().copied()) {
        let is_taken = |partition: &i32| taken.get(&topic).is_some_and(|taken| taken.contains(partition));
        let count = group.partition_count(topic);
        total += count as usize;
        unassigned.extend(
            (0..count)
                .filter(|partition| !is_taken(partition))
                .map(|partition| (topic, partition)),
        );
    }
    let quota = total / group.members.len();
    let extra = total % group.members.len();
    let mut targets = Vec::new();
    let mut rooms = Vec::new();
    for (place, member) in group.members.iter().enumerate() {
        // The first members get one more, whatever they had.
        let mut room = quota + usize::from(place < extra);
        let mut target = Target::new();
        for topic in group.in_order(member.previous.keys().copied()) {
            let Some(partitions) = member.previous.get(&topic).filter(|_| topics.contains(&topic)) else {
                continue;
            };
            let kept: BTreeSet<i32> = partitions.iter().copied().take(room).collect();
            room -= kept.len();
            unassigned.extend(partitions.iter().skip(kept.len()).map(|partition| (topic, *partition)));
            if !kept.is_empty() {
                target.insert(topic, kept);
            }
        }
        targets.push(target);
        rooms.push(room);
    }
    let mut unassigned = unassigned.into_iter();
    for (target, room) in targets.iter_mut().zip(rooms) {
        for (topic, partition) in unassigned.by_ref().take(room) {
            target.entry(topic).or_default().insert(partition);
        }
    }
    match unassigned.next() {
        None => Ok(targets),
        Some(_) => Err(TargetError::LeftOver),
    }
}

/// What is in some member's last target.
fn taken(group: GroupSpec<'_>) -> BTreeMap<Uuid, BTreeSet<i32>> {
    let mut taken: BTreeMap<Uuid, BTreeSet<i32>> = BTreeMap::new();
    for (topic, partitions) in group.members.iter().flat_map(|member| &member.previous) {
        taken.entry(*topic).or_default().extend(partitions);
    }
    taken
}
