//! `uniform` where members subscribe to different topics: what is left over goes to the members with least, topic by
//! topic, then partitions move from those with most to those with least.

use std::collections::BTreeMap;

use super::{GroupSpec, Target};
use crate::uuid::Uuid;

/// Rounds over all topics after which what is balanced enough is left as it is: Kafka's own bound.
const ROUNDS_MAX: usize = 16;

pub(super) fn assign(group: GroupSpec<'_>) -> Vec<Target> {
    let mut balance = Balance::new(group);
    balance.assign_rest();
    balance.even_out();
    balance.targets()
}

struct Topic {
    id: Uuid,
    subscribers: Vec<usize>,
    owners: Vec<Option<usize>>,
}

struct Balance {
    /// Those with most partitions for each subscriber first.
    topics: Vec<Topic>,
    sizes: Vec<usize>,
}

impl Balance {
    fn new(group: GroupSpec<'_>) -> Self {
        let mut topics: BTreeMap<Uuid, Topic> = BTreeMap::new();
        for (at, member) in group.members.iter().enumerate() {
            for id in &member.topics {
                let topic = topics.entry(*id).or_insert_with(|| Topic {
                    id: *id,
                    subscribers: Vec::new(),
                    owners: vec![None; group.partition_count(*id).max(0) as usize],
                });
                topic.subscribers.push(at);
            }
        }
        let mut sizes = vec![0; group.members.len()];
        for (at, member) in group.members.iter().enumerate() {
            for (id, partitions) in member.previous.iter().filter(|(id, _)| member.topics.contains(id)) {
                for &partition in partitions {
                    let topic = topics.get_mut(id);
                    if let Some(owner) = topic.and_then(|topic| topic.owners.get_mut(partition as usize)) {
                        *owner = Some(at);
                        sizes[at] += 1;
                    }
                }
            }
        }
        let mut topics: Vec<Topic> = topics.into_values().collect();
        topics.sort_by(|one, other| {
            // a/b against c/d, without dividing.
            let most = |one: &Topic, other: &Topic| one.owners.len() * other.subscribers.len();
            let fuller = most(other, one).cmp(&most(one, other));
            let by_subscribers = one.subscribers.len().cmp(&other.subscribers.len());
            fuller.then(by_subscribers).then(one.id.cmp(&other.id))
        });
        Self { topics, sizes }
    }

    /// What no member has, topic by topic to the subscribers with least.
    fn assign_rest(&mut self) {
        let Self { topics, sizes } = self;
        for topic in topics {
            if topic.owners.iter().all(Option::is_some) {
                continue;
            }
            let mut levels = Levels::new(&topic.subscribers, sizes);
            for owner in topic.owners.iter_mut().filter(|owner| owner.is_none()) {
                let member = levels.next_least(sizes);
                *owner = Some(member);
                sizes[member] += 1;
            }
        }
    }

    /// Goes round the topics until a whole round has moved nothing.
    fn even_out(&mut self) {
        let Self { topics, sizes } = self;
        let mut movable: Vec<&mut Topic> = topics.iter_mut().filter(|topic| topic.subscribers.len() >= 2).collect();
        let mut last_moved = None;
        for _ in 0..ROUNDS_MAX {
            for (at, topic) in movable.iter_mut().enumerate() {
                if last_moved == Some(at) {
                    return;
                }
                if topic.even_out(sizes) > 0 || last_moved.is_none() {
                    last_moved = Some(at);
                }
            }
        }
    }

    fn targets(&self) -> Vec<Target> {
        let mut targets = vec![Target::new(); self.sizes.len()];
        for topic in &self.topics {
            for (partition, owner) in topic.owners.iter().enumerate() {
                if let Some(member) = *owner {
                    let partitions: &mut std::collections::BTreeSet<i32> = targets[member].entry(topic.id).or_default();
                    partitions.insert(partition as i32);
                }
            }
        }
        targets
    }
}

impl Topic {
    /// Moves partitions from the subscribers with most to those with least. Gives how many.
    fn even_out(&mut self, sizes: &mut [usize]) -> usize {
        let mut levels = Levels::new(&self.subscribers, sizes);
        if levels.spread(sizes) <= 1 {
            return 0;
        }
        // The partitions each member has had from the start; the highest goes first. What it is given now stays.
        let mut owned: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (partition, owner) in self.owners.iter().enumerate() {
            if let Some(member) = owner {
                owned.entry(*member).or_default().push(partition);
            }
        }
        let mut moved = 0;
        while !levels.is_even() {
            let Some(partition) = levels.take_from_most(sizes, &mut owned) else {
                break;
            };
            let member = levels.next_least(sizes);
            if levels.is_even() {
                break;
            }
            if let Some(before) = self.owners[partition].replace(member) {
                sizes[before] -= 1;
            }
            sizes[member] += 1;
            moved += 1;
        }
        moved
    }
}

/// Members sorted by how much they have, and two ranges of them: at the lower end those that get the next partitions,
/// at the upper end those that give. All of a range are on one level; a range whose members have all had their turn
/// rises (or sinks) by one level and takes in its neighbours on that level.
struct Levels {
    members: Vec<usize>,
    least_end: usize,
    least_level: isize,
    least_next: usize,
    most_start: usize,
    /// Members from here on have nothing to give.
    most_end: usize,
    most_level: isize,
    /// The place after the next to give.
    most_next: usize,
}

impl Levels {
    fn new(subscribers: &[usize], sizes: &[usize]) -> Self {
        let mut members = subscribers.to_vec();
        members.sort_by_key(|&member| (sizes[member], member));
        let level = |member: Option<&usize>| member.map_or(0, |&member| sizes[member] as isize);
        Self {
            least_end: 0,
            least_level: level(members.first()) - 1,
            least_next: 0,
            most_start: members.len(),
            most_end: members.len(),
            most_level: level(members.last()) + 1,
            most_next: members.len(),
            members,
        }
    }

    fn spread(&self, sizes: &[usize]) -> usize {
        let size = |member: Option<&usize>| member.map_or(0, |&member| sizes[member]);
        size(self.members.last()) - size(self.members.first())
    }

    fn is_even(&self) -> bool {
        self.most_level - self.least_level <= 1
    }

    /// The member that gets the next partition; there is at least one.
    fn next_least(&mut self, sizes: &[usize]) -> usize {
        if self.least_next >= self.least_end {
            self.least_level += 1;
            while self.least_end < self.members.len()
                && sizes[self.members[self.least_end]] as isize == self.least_level
            {
                self.least_end += 1;
            }
            self.least_next = 0;
        }
        let member = self.members[self.least_next];
        self.least_next += 1;
        member
    }

    /// The member that gives the next partition.
    fn next_most(&mut self, sizes: &[usize]) -> Option<usize> {
        if self.most_next <= self.most_start {
            if self.most_end <= self.most_start && self.most_start > 0 {
                // All of the range had nothing to give: begin anew at the next below.
                self.most_level = sizes[self.members[self.most_start - 1]] as isize;
            } else {
                self.most_level -= 1;
            }
            while self.most_start > 0 && sizes[self.members[self.most_start - 1]] as isize == self.most_level {
                self.most_start -= 1;
            }
            self.most_next = self.most_end;
        }
        self.most_next = self.most_next.checked_sub(1)?;
        Some(self.members[self.most_next])
    }

    /// A partition of the member with most that has one of this topic. Members that have none leave the range.
    fn take_from_most(&mut self, sizes: &[usize], owned: &mut BTreeMap<usize, Vec<usize>>) -> Option<usize> {
        loop {
            let member = self.next_most(sizes)?;
            if let Some(partition) = owned.get_mut(&member).and_then(Vec::pop) {
                return Some(partition);
            }
            self.most_end -= 1;
            self.members.swap(self.most_next, self.most_end);
        }
    }
}
