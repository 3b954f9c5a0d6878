//! `range`: a run of each topic's partitions to each subscriber, static members first in the order of their instances.

use std::collections::BTreeMap;

use super::{GroupSpec, Target};
use crate::java;
use crate::uuid::Uuid;

struct Runs {
    next: i32,
    count: i32,
    quota: i32,
    extra: i32,
}

pub(super) fn assign(group: GroupSpec<'_>) -> Vec<Target> {
    let mut subscribers: BTreeMap<Uuid, i32> = BTreeMap::new();
    for topic in group.members.iter().flat_map(|member| &member.topics) {
        *subscribers.entry(*topic).or_default() += 1;
    }
    let mut runs: BTreeMap<Uuid, Runs> = BTreeMap::new();
    for (topic, subscribers) in subscribers {
        let count = group.partition_count(topic);
        runs.insert(
            topic,
            Runs {
                next: 0,
                count,
                quota: count / subscribers,
                extra: count % subscribers,
            },
        );
    }
    let mut order: Vec<usize> = (0..group.members.len()).collect();
    order.sort_by(|&one, &other| {
        let (one, other) = (&group.members[one], &group.members[other]);
        match (&one.instance, &other.instance) {
            (Some(one), Some(other)) => java::compare(one, other),
            (None, None) => java::compare(&one.id, &other.id),
            (one, other) => other.is_some().cmp(&one.is_some()),
        }
    });
    let mut targets = vec![Target::new(); group.members.len()];
    for member in order {
        for topic in &group.members[member].topics {
            let Some(run) = runs.get_mut(topic) else { continue };
            let end = (run.next + run.quota + i32::from(run.extra > 0)).min(run.count);
            run.extra -= i32::from(run.extra > 0);
            if run.next < end {
                targets[member].insert(*topic, (run.next..end).collect());
                run.next = end;
            }
        }
    }
    targets
}
