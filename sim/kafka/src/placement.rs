//! Where the replicas of a new topic go: the controller's `StripedReplicaPlacer`.
//!
//! Racks are taken in turn, and the brokers of a rack in turn, both from a random start; each partition begins one
//! rack further than the one before. The leader is never a fenced broker; the others are fenced only when a rack has
//! no live broker left. Once every live broker has led a partition, all lists are shuffled.
//!
//! Constraints come before fairness: at most one replica a broker, so that a replication factor above the number of
//! brokers is an error.

use core::fmt;

use crate::java::{self, Random};

/// A broker as the controller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// `node.id`.
    pub id: i32,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// Registered, but not (or no longer) live.
    pub fenced: bool,
}

/// `INVALID_REPLICATION_FACTOR`, with the controller's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlacementError {
    /// Zero or less replicas.
    NotPositive(i32),
    /// Every broker is fenced, or there is none.
    AllFenced,
    /// More replicas than brokers.
    TooFewBrokers {
        /// What was asked for.
        replication_factor: i32,
        /// Registered brokers, fenced or not.
        broker_count: usize,
    },
}

impl fmt::Display for PlacementError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPositive(factor) => write!(
                formatter,
                "Invalid replication factor {factor}: the replication factor must be positive."
            ),
            Self::AllFenced => write!(formatter, "All brokers are currently fenced."),
            Self::TooFewBrokers {
                replication_factor,
                broker_count,
            } => write!(
                formatter,
                "The target replication factor of {replication_factor} cannot be reached because only {broker_count} \
                 broker(s) are registered."
            ),
        }
    }
}

/// The replicas of `partition_count` partitions, leaders first. The random source is drawn from even when the answer
/// is an error, as the controller does.
pub fn place(
    random: &mut Random,
    brokers: &[Broker],
    partition_count: usize,
    replication_factor: i32,
) -> Result<Vec<Vec<i32>>, PlacementError> {
    let mut stripes = Stripes::new(random, brokers);
    let wanted = usize::try_from(replication_factor)
        .ok()
        .filter(|wanted| *wanted > 0)
        .ok_or(PlacementError::NotPositive(replication_factor))?;
    if stripes.live_count == 0 {
        return Err(PlacementError::AllFenced);
    }
    if wanted > brokers.len() {
        return Err(PlacementError::TooFewBrokers {
            replication_factor,
            broker_count: brokers.len(),
        });
    }
    Ok((0..partition_count).map(|_| stripes.next(random, wanted)).collect())
}

/// Brokers taken in turn. Each round begins one further than the one before.
#[derive(Default)]
struct Ring {
    brokers: Vec<i32>,
    taken: usize,
    offset: usize,
    round: usize,
}

impl Ring {
    fn begin(&mut self, random: &mut Random) {
        if !self.brokers.is_empty() {
            self.brokers.sort_unstable();
            self.offset = random.next_below(self.brokers.len() as i32) as usize;
        }
    }

    fn next(&mut self, round: usize) -> Option<i32> {
        let count = self.brokers.len();
        if count == 0 {
            return None;
        }
        if self.round != round {
            self.round = round;
            self.taken = 0;
            self.offset = (self.offset + 1) % count;
        }
        if self.taken >= count {
            return None;
        }
        let broker = self.brokers[(self.taken + self.offset) % count];
        self.taken += 1;
        Some(broker)
    }
}

#[derive(Default)]
struct Rack {
    fenced: Ring,
    live: Ring,
}

struct Stripes<'a> {
    /// In the order in which the controller's hash map is walked: the order of draws.
    racks: Vec<(Option<&'a str>, Rack)>,
    /// Places in `racks`, in the order of names; none first.
    order: Vec<usize>,
    live_count: usize,
    round: usize,
    offset: usize,
}

impl<'a> Stripes<'a> {
    fn new(random: &mut Random, brokers: &'a [Broker]) -> Self {
        let mut names: Vec<Option<&str>> = Vec::new();
        for broker in brokers {
            if !names.contains(&broker.rack.as_deref()) {
                names.push(broker.rack.as_deref());
            }
        }
        let hashes: Vec<i32> = names.iter().map(|name| name.map_or(0, java::string_hash)).collect();
        let walk = java::hash_order(&hashes);
        let mut racks: Vec<(Option<&str>, Rack)> = walk.iter().map(|&at| (names[at], Rack::default())).collect();
        for broker in brokers {
            for (_, rack) in racks.iter_mut().filter(|(name, _)| *name == broker.rack.as_deref()) {
                let ring = if broker.fenced {
                    &mut rack.fenced
                } else {
                    &mut rack.live
                };
                ring.brokers.push(broker.id);
            }
        }
        for (_, rack) in &mut racks {
            rack.fenced.begin(random);
            rack.live.begin(random);
        }
        let mut order: Vec<usize> = (0..racks.len()).collect();
        order.sort_by(|&one, &other| match (racks[one].0, racks[other].0) {
            (Some(one), Some(other)) => java::compare(one, other),
            (one, other) => one.is_some().cmp(&other.is_some()),
        });
        Self {
            offset: random.next_below(order.len() as i32) as usize,
            racks,
            order,
            live_count: brokers.iter().filter(|broker| !broker.fenced).count(),
            round: 0,
        }
    }

    /// The replicas of one more partition. There is a live broker, and there are enough brokers.
    fn next(&mut self, random: &mut Random, wanted: usize) -> Vec<i32> {
        // With a single live broker the round must go on, or no turn would ever begin anew.
        if self.round == self.live_count && self.live_count > 1 {
            self.shuffle(random);
            self.round = 0;
        }
        let rack_count = self.order.len();
        if self.offset == rack_count {
            self.offset = 0;
        }
        let mut replicas = Vec::with_capacity(wanted);
        let mut first = self.offset;
        let leader = loop {
            let rack = &mut self.racks[self.order[first]].1;
            if let Some(leader) = rack.live.next(self.round) {
                break leader;
            }
            first = (first + 1) % rack_count;
        };
        replicas.push(leader);
        // The leader's rack is passed over once: it has had its turn.
        let mut passed_over = Some(first);
        let mut place = self.offset;
        // Two turns round all racks without a broker: there is none left. (There always is; this bounds the loop.)
        let mut misses = 0;
        while replicas.len() < wanted && misses <= 2 * rack_count {
            misses += 1;
            if passed_over == Some(place) {
                passed_over = None;
            } else {
                let round = self.round;
                let rack = &mut self.racks[self.order[place]].1;
                if let Some(follower) = rack.live.next(round).or_else(|| rack.fenced.next(round)) {
                    replicas.push(follower);
                    misses = 0;
                }
            }
            place = (place + 1) % rack_count;
        }
        self.round += 1;
        self.offset += 1;
        replicas
    }

    fn shuffle(&mut self, random: &mut Random) {
        random.shuffle(&mut self.order);
        for (_, rack) in &mut self.racks {
            random.shuffle(&mut rack.fenced.brokers);
            random.shuffle(&mut rack.live.brokers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broker(id: i32, rack: &str, fenced: bool) -> Broker {
        Broker {
            id,
            rack: Some(rack.to_owned()),
            fenced,
        }
    }

    #[test]
    fn each_partition_spans_the_racks() {
        let brokers: Vec<Broker> = (1..=6)
            .map(|id| broker(id, ["a", "b", "c"][id as usize % 3], false))
            .collect();
        let placed = place(&mut Random::new(7), &brokers, 30, 3).unwrap();
        for replicas in &placed {
            let mut racks: Vec<i32> = replicas.iter().map(|id| id % 3).collect();
            racks.sort_unstable();
            assert_eq!(racks, [0, 1, 2]);
        }
        for id in 1..=6 {
            assert_eq!(placed.iter().filter(|replicas| replicas[0] == id).count(), 5);
        }
    }

    #[test]
    fn a_fenced_broker_follows_and_never_leads() {
        let brokers = [broker(1, "a", false), broker(2, "a", true), broker(3, "b", true)];
        for replicas in place(&mut Random::new(1), &brokers, 20, 3).unwrap() {
            assert_eq!(replicas[0], 1);
            assert_eq!(replicas.len(), 3);
        }
    }

    #[test]
    fn no_broker_at_all_is_said_like_all_fenced() {
        assert_eq!(place(&mut Random::new(1), &[], 1, 1), Err(PlacementError::AllFenced));
    }
}
