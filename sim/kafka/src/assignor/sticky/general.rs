//! Members subscribe to different topics: start from what they had, then move one partition after the other to a member
//! with fewer, until nothing can be gained.

use std::collections::{BTreeMap, BTreeSet};

use super::super::racks::Racks;
use super::super::subscription::NO_GENERATION;
use super::super::{Group, Place, Shares};
use super::movements::Movements;
use super::{Claims, without};

pub(super) fn assign(group: &Group<'_>, racks: &Racks<'_>, claims: Claims) -> Shares {
    let previous = previous_owners(&claims);
    let mut balance = Balance::new(group, racks, claims.owned);
    let mut assigned = balance.keep_owned();
    let rank = balance.topic_ranks();
    assigned.sort_by_key(|&(topic, partition)| (rank[topic], partition));
    let unassigned = without(balance.all.iter().copied(), &assigned);
    balance.sorted = (0..group.members.len()).map(|member| balance.key(member)).collect();
    balance.run(&previous, unassigned);
    balance.shares
}

/// The latest claims of generations before the last: who had it before.
fn previous_owners(claims: &Claims) -> BTreeMap<Place, usize> {
    let mut owners: BTreeMap<Place, (usize, i32)> = BTreeMap::new();
    for (member, (generation, places)) in claims.said.iter().enumerate() {
        let generation = generation.unwrap_or(NO_GENERATION);
        if generation >= claims.generation_max {
            continue;
        }
        for &place in places {
            let known = owners.entry(place).or_insert((member, generation));
            if generation > known.1 {
                *known = (member, generation);
            }
        }
    }
    owners.into_iter().map(|(place, (member, _))| (place, member)).collect()
}

struct Balance<'a> {
    group: &'a Group<'a>,
    racks: &'a Racks<'a>,
    /// Known topics of each member.
    topics_of: Vec<BTreeSet<usize>>,
    /// All partitions, those of topics with few subscribers first.
    all: Vec<Place>,
    rank: Vec<usize>,
    shares: Shares,
    /// Members whose share cannot change.
    is_fixed: Vec<bool>,
    owner: BTreeMap<Place, usize>,
    /// (size of the share, rank by id, member) of the members that may change: the emptiest first.
    sorted: BTreeSet<(usize, usize, usize)>,
    revocation_required: bool,
    movements: Movements,
}

impl<'a> Balance<'a> {
    fn new(group: &'a Group<'a>, racks: &'a Racks<'a>, owned: Shares) -> Self {
        let mut topics_of = vec![BTreeSet::new(); group.members.len()];
        for (topic, known) in group.topics.iter().enumerate() {
            for &member in &known.subscribers {
                topics_of[member].insert(topic);
            }
        }
        let mut owner = BTreeMap::new();
        for (member, places) in owned.iter().enumerate() {
            owner.extend(places.iter().map(|place| (*place, member)));
        }
        let mut rank = vec![0; group.members.len()];
        for (place, member) in group.by_id().into_iter().enumerate() {
            rank[member] = place;
        }
        let mut balance = Self {
            group,
            racks,
            topics_of,
            all: Vec::new(),
            rank,
            is_fixed: vec![false; group.members.len()],
            shares: owned,
            owner,
            sorted: BTreeSet::new(),
            revocation_required: false,
            movements: Movements::default(),
        };
        for topic in balance.topics_by_subscribers() {
            let partitions = 0..group.partition_count(topic);
            balance.all.extend(partitions.map(|partition| (topic, partition)));
        }
        balance
    }

    fn topics_by_subscribers(&self) -> Vec<usize> {
        let mut topics: Vec<usize> = (0..self.group.topics.len()).collect();
        topics.sort_by_key(|&topic| (self.subscriber_count(topic), topic));
        topics
    }

    fn topic_ranks(&self) -> Vec<usize> {
        let mut ranks = vec![0; self.group.topics.len()];
        for (rank, topic) in self.topics_by_subscribers().into_iter().enumerate() {
            ranks[topic] = rank;
        }
        ranks
    }

    fn subscriber_count(&self, topic: usize) -> usize {
        self.group.topics[topic].subscribers.len()
    }

    fn key(&self, member: usize) -> (usize, usize, usize) {
        (self.shares[member].len(), self.rank[member], member)
    }

    /// Drops what a member may not keep. Gives what is kept.
    fn keep_owned(&mut self) -> Vec<Place> {
        let mut kept = Vec::new();
        for member in 0..self.shares.len() {
            let before = self.shares[member].len();
            let (topics, racks) = (&self.topics_of[member], self.racks);
            self.shares[member].retain(|place| topics.contains(&place.0) && !racks.mismatch(member, *place));
            self.revocation_required |= self.shares[member].len() < before;
            kept.extend_from_slice(&self.shares[member]);
        }
        kept
    }

    fn run(&mut self, previous: &BTreeMap<Place, usize>, mut unassigned: Vec<Place>) {
        let is_fresh = self.sorted.last().is_some_and(|(size, ..)| *size == 0);
        let mut to_assign = unassigned.clone();
        if self.racks.is_useful {
            to_assign.retain(|place| !self.give(*place, true));
        }
        for place in to_assign {
            self.give(place, false);
        }
        // A topic with a single subscriber has no choice, nor has a member with only such topics.
        let group = self.group;
        let has_choice = |place: &Place| group.topics[place.0].subscribers.len() >= 2;
        let movable: Vec<Place> = self.all.iter().copied().filter(has_choice).collect();
        unassigned.retain(has_choice);
        for member in 0..self.shares.len() {
            if !self.can_change(member) {
                self.sorted.remove(&self.key(member));
                self.is_fixed[member] = true;
            }
        }
        let before = self.shares.clone();
        if !self.revocation_required {
            self.reassign(&unassigned, previous);
        }
        let changed = self.reassign(&movable, previous);
        if !is_fresh && changed && self.score(&self.shares) >= self.score(&before) {
            self.shares = before;
        }
    }

    /// To the emptiest member that may have it.
    fn give(&mut self, place: Place, only_in_rack: bool) -> bool {
        let may = |member: usize| {
            self.topics_of[member].contains(&place.0) && !(only_in_rack && self.racks.mismatch(member, place))
        };
        let Some(key) = self.sorted.iter().copied().find(|key| may(key.2)) else {
            return false;
        };
        self.sorted.remove(&key);
        self.shares[key.2].push(place);
        self.owner.insert(place, key.2);
        self.sorted.insert(self.key(key.2));
        true
    }

    fn size_max(&self, member: usize) -> usize {
        let topics = self.topics_of[member].iter();
        topics.map(|&topic| self.group.topics[topic].racks.len()).sum()
    }

    fn can_change(&self, member: usize) -> bool {
        let share = &self.shares[member];
        share.len() < self.size_max(member) || share.iter().any(|place| self.subscriber_count(place.0) >= 2)
    }

    /// The sizes differ by one at most, or no member with few could get one from a member with many.
    fn is_balanced(&self) -> bool {
        let (Some(first), Some(last)) = (self.sorted.first(), self.sorted.last()) else {
            return true;
        };
        if first.0 + 1 >= last.0 {
            return true;
        }
        self.sorted.iter().all(|&(size, _, member)| {
            let gains = |topic: &usize| {
                let topic = *topic;
                (0..self.group.partition_count(topic)).any(|partition| {
                    let owner = self.owner.get(&(topic, partition));
                    owner.is_some_and(|&owner| !self.is_fixed[owner] && size + 1 < self.shares[owner].len())
                })
            };
            size == self.size_max(member) || !self.topics_of[member].iter().any(gains)
        })
    }

    /// Moves partitions for the better until a whole round changes nothing.
    fn reassign(&mut self, movable: &[Place], previous: &BTreeMap<Place, usize>) -> bool {
        let mut changed = false;
        loop {
            let mut changed_now = false;
            for &place in movable {
                if self.is_balanced() {
                    break;
                }
                changed_now |= self.improve(place, previous);
            }
            changed |= changed_now;
            if !changed_now {
                return changed;
            }
        }
    }

    fn improve(&mut self, place: Place, previous: &BTreeMap<Place, usize>) -> bool {
        let Some(&owner) = self.owner.get(&place) else {
            return false;
        };
        let is_better =
            |member: usize| !self.is_fixed[member] && self.shares[owner].len() > self.shares[member].len() + 1;
        if let Some(&before) = previous.get(&place)
            && is_better(before)
        {
            self.move_to(place, before);
            return true;
        }
        // Java asks first for a member in the owner's rack; either way the emptiest subscriber then gets it.
        let mut subscribers = self.group.topics[place.0].subscribers.iter();
        if !subscribers.any(|&member| is_better(member)) {
            return false;
        }
        let emptiest = self.sorted.iter().find(|key| self.topics_of[key.2].contains(&place.0));
        match emptiest.map(|key| key.2) {
            Some(member) => {
                self.move_to(place, member);
                true
            }
            None => false,
        }
    }

    fn move_to(&mut self, place: Place, to: usize) {
        let owner = |place: Place| self.owner.get(&place).copied().unwrap_or(to);
        let topic = self.group.topics[place.0].name;
        let place = self.movements.instead_of(place, owner(place), to, topic);
        let from = owner(place);
        self.sorted.remove(&self.key(from));
        self.sorted.remove(&self.key(to));
        self.movements.record(place, from, to);
        if let Some(at) = self.shares[from].iter().position(|other| *other == place) {
            self.shares[from].remove(at);
        }
        self.shares[to].push(place);
        self.owner.insert(place, to);
        self.sorted.insert(self.key(to));
        self.sorted.insert(self.key(from));
    }

    /// The differences in size of all pairs, summed: less is better.
    fn score(&self, shares: &Shares) -> usize {
        let free: Vec<usize> = (0..shares.len())
            .filter(|&member| !self.is_fixed[member])
            .map(|member| shares[member].len())
            .collect();
        let pairs = free.iter().enumerate();
        pairs
            .flat_map(|(at, one)| free[at + 1..].iter().map(move |other| one.abs_diff(*other)))
            .sum()
    }
}
