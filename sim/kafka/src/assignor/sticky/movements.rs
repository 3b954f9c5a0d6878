//! Which partitions went from whom to whom in one assignment: instead of moving one partition of a topic there and
//! another back, the first is moved back.

use std::collections::BTreeMap;

use super::super::Place;
use crate::java;

/// From, to.
type Pair = (usize, usize);

#[derive(Default)]
pub(super) struct Movements {
    of_topic: BTreeMap<usize, BTreeMap<Pair, Vec<Place>>>,
    of_partition: BTreeMap<Place, Pair>,
}

impl Movements {
    pub fn record(&mut self, place: Place, from: usize, to: usize) {
        let origin = self.forget(place).map_or(from, |(origin, _)| origin);
        if origin != to {
            self.of_partition.insert(place, (origin, to));
            let pairs = self.of_topic.entry(place.0).or_default();
            pairs.entry((origin, to)).or_default().push(place);
        }
    }

    fn forget(&mut self, place: Place) -> Option<Pair> {
        let pair = self.of_partition.remove(&place)?;
        if let Some(pairs) = self.of_topic.get_mut(&place.0) {
            if let Some(places) = pairs.get_mut(&pair) {
                places.retain(|other| *other != place);
                if places.is_empty() {
                    pairs.remove(&pair);
                }
            }
            if pairs.is_empty() {
                self.of_topic.remove(&place.0);
            }
        }
        Some(pair)
    }

    /// The partition to move instead of `place` from one member to another: one of the topic that went the other way.
    pub fn instead_of(&self, place: Place, from: usize, to: usize, topic: &str) -> Place {
        let from = self.of_partition.get(&place).map_or(from, |(origin, _)| *origin);
        let opposite = self.of_topic.get(&place.0).and_then(|pairs| pairs.get(&(to, from)));
        // Java takes the first of a hash set.
        let hash = |place: &Place| {
            let partition = 31_i32.wrapping_add(place.1);
            partition.wrapping_mul(31).wrapping_add(java::string_hash(topic))
        };
        let first = opposite.and_then(|places| {
            let hashes: Vec<i32> = places.iter().map(hash).collect();
            java::hash_order(&hashes).first().map(|&at| places[at])
        });
        first.unwrap_or(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_went_the_other_way_goes_back() {
        let mut movements = Movements::default();
        movements.record((0, 1), 5, 6);
        assert_eq!(movements.instead_of((0, 2), 6, 5, "t"), (0, 1));
        assert_eq!(movements.instead_of((0, 2), 6, 7, "t"), (0, 2));
        assert_eq!(movements.instead_of((1, 2), 6, 5, "u"), (1, 2));
    }

    #[test]
    fn a_partition_that_comes_home_never_moved() {
        let mut movements = Movements::default();
        movements.record((0, 1), 5, 6);
        movements.record((0, 1), 6, 7);
        assert_eq!(movements.of_partition[&(0, 1)], (5, 7));
        movements.record((0, 1), 7, 5);
        assert!(movements.of_partition.is_empty() && movements.of_topic.is_empty());
    }
}
