//! Which partition a record goes to, and which coordinator a group has.
//!
//! A key is hashed with murmur2. Without a key, the Java producer's built-in partitioner (KIP-794) sticks to one
//! partition until about a batch was produced to it, then draws the next one, rarely one whose queue is long.

use crate::java;

/// Kafka's murmur2 (32 bits, seed 0x9747b28c).
pub fn murmur2(data: &[u8]) -> i32 {
    const MULTIPLIER: u32 = 0x5bd1_e995;
    let mut hash: u32 = 0x9747_b28c ^ data.len() as u32;
    let (words, tail) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(MULTIPLIER);
        k ^= k >> 24;
        hash = hash.wrapping_mul(MULTIPLIER) ^ k.wrapping_mul(MULTIPLIER);
    }
    if !tail.is_empty() {
        let folded = tail.iter().rev().fold(0, |folded, byte| folded << 8 | u32::from(*byte));
        hash = (hash ^ folded).wrapping_mul(MULTIPLIER);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MULTIPLIER);
    (hash ^ (hash >> 15)).cast_signed()
}

/// Kafka's `Utils.toPositive`: the sign bit is dropped, so this is not the absolute value.
pub fn to_positive(number: i32) -> i32 {
    number & 0x7fff_ffff
}

/// The partition of a record with a key, of `partition_count`; 0 where there is none.
pub fn keyed_partition(key: &[u8], partition_count: i32) -> i32 {
    to_positive(murmur2(key)).checked_rem(partition_count).unwrap_or(0)
}

/// The partition of `__consumer_offsets` (or `__transaction_state`) whose leader coordinates a group (or a
/// transactional id).
pub fn coordinator_partition(id: &str, partition_count: i32) -> i32 {
    java::abs(java::string_hash(id))
        .checked_rem(partition_count)
        .unwrap_or(0)
}

/// What a producer knows of a topic when it draws a partition.
#[derive(Clone, Copy, Debug)]
pub struct KnownTopic<'a> {
    /// All its partitions are `0..partition_count`.
    pub partition_count: i32,
    /// Those that have a leader, in the order of the metadata.
    pub available: &'a [i32],
}

/// The built-in partitioner of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltInPartitioner {
    batch_size_bytes: u32,
    current: Option<Sticky>,
    load: Option<Load>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sticky {
    partition: i32,
    produced_bytes: u32,
}

/// How likely each partition is: a running sum of weights, the shorter the queue the heavier.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Load {
    cumulative_weights: Vec<u32>,
    partitions: Vec<i32>,
}

impl BuiltInPartitioner {
    /// For a producer whose `batch.size` is `batch_size_bytes`.
    pub fn new(batch_size_bytes: u32) -> Self {
        Self {
            batch_size_bytes: batch_size_bytes.max(1),
            current: None,
            load: None,
        }
    }

    /// The partition to which the next record without a key goes. `draw` gives 31 random bits and is called only
    /// when a partition has to be chosen.
    pub fn partition(&mut self, topic: KnownTopic<'_>, draw: impl FnOnce() -> u32) -> i32 {
        if let Some(sticky) = self.current {
            return sticky.partition;
        }
        self.switch(topic, draw)
    }

    /// `bytes` were appended for the current partition. A switch waits until the batch is ready to go (`can_switch`),
    /// lest half a batch be left behind, but not beyond two batches.
    pub fn produced(&mut self, bytes: u32, can_switch: bool, topic: KnownTopic<'_>, draw: impl FnOnce() -> u32) {
        let Some(sticky) = &mut self.current else { return };
        sticky.produced_bytes = sticky.produced_bytes.saturating_add(bytes);
        let produced = sticky.produced_bytes;
        if produced >= self.batch_size_bytes && can_switch || produced >= self.batch_size_bytes.saturating_mul(2) {
            self.switch(topic, draw);
        }
    }

    /// New lengths of the queues of batches: (partition, batches waiting) of those whose broker answers in time.
    /// `partition_count` is that of the topic. Equal queues need no weights.
    pub fn set_queues(&mut self, queues: &[(i32, u32)], partition_count: usize) {
        self.load = None;
        let Some(longest) = queues.iter().map(|(_, length)| *length).max() else {
            return;
        };
        let all_equal = queues.iter().all(|(_, length)| *length == longest);
        if partition_count < 2 || all_equal && queues.len() == partition_count {
            return;
        }
        let mut sum = 0;
        let cumulative_weights = queues.iter().map(|(_, length)| {
            sum += longest + 1 - length;
            sum
        });
        self.load = Some(Load {
            cumulative_weights: cumulative_weights.collect(),
            partitions: queues.iter().map(|(partition, _)| *partition).collect(),
        });
    }

    /// Forgets the lengths of the queues: the next draw is uniform.
    pub fn clear_queues(&mut self) {
        self.load = None;
    }

    fn switch(&mut self, topic: KnownTopic<'_>, draw: impl FnOnce() -> u32) -> i32 {
        let draw = draw() & 0x7fff_ffff;
        let partition = match &self.load {
            Some(load) => load.partition(draw),
            None if topic.available.is_empty() => draw.cast_signed().checked_rem(topic.partition_count).unwrap_or(0),
            None => topic.available[draw as usize % topic.available.len()],
        };
        self.current = Some(Sticky {
            partition,
            produced_bytes: 0,
        });
        partition
    }
}

impl Load {
    fn partition(&self, draw: u32) -> i32 {
        let total = self.cumulative_weights.last().copied().unwrap_or(1);
        let wanted = draw % total;
        let place = self.cumulative_weights.partition_point(|sum| *sum <= wanted);
        self.partitions[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: KnownTopic<'static> = KnownTopic {
        partition_count: 3,
        available: &[0, 1, 2],
    };

    /// The example of Kafka's own test: queues 5, 0, 3, 0, 1 give the weights 1, 6, 3, 6, 5.
    #[test]
    fn a_long_queue_is_drawn_rarely() {
        let mut partitioner = BuiltInPartitioner::new(1);
        partitioner.set_queues(&[(0, 5), (1, 0), (2, 3), (3, 0), (4, 1)], 5);
        let topic = KnownTopic {
            partition_count: 5,
            available: &[0, 1, 2, 3, 4],
        };
        let mut counts = [0; 5];
        for draw in 0..21 {
            partitioner.produced(1, true, topic, || draw);
            counts[partitioner.partition(topic, || draw) as usize] += 1;
            if draw == 0 {
                // The first call above had no current partition: nothing was drawn before this one.
                assert_eq!(counts, [1, 0, 0, 0, 0]);
            }
        }
        assert_eq!(counts, [1, 6, 3, 6, 5]);
    }

    #[test]
    fn it_sticks_for_a_batch_and_at_most_two() {
        let mut partitioner = BuiltInPartitioner::new(100);
        assert_eq!(partitioner.partition(TOPIC, || 1), 1);
        partitioner.produced(99, true, TOPIC, || 2);
        assert_eq!(partitioner.partition(TOPIC, || 0), 1, "less than a batch");
        partitioner.produced(1, false, TOPIC, || 2);
        assert_eq!(partitioner.partition(TOPIC, || 0), 1, "the batch is not ready");
        partitioner.produced(100, false, TOPIC, || 2);
        assert_eq!(partitioner.partition(TOPIC, || 0), 2, "two batches");
        partitioner.produced(100, true, TOPIC, || 3);
        assert_eq!(partitioner.partition(TOPIC, || 1), 0, "one batch, ready");
    }

    #[test]
    fn equal_queues_have_no_weights_unless_a_broker_is_left_out() {
        let mut partitioner = BuiltInPartitioner::new(1);
        partitioner.set_queues(&[(0, 2), (1, 2), (2, 2)], 3);
        assert_eq!(partitioner.load, None);
        partitioner.set_queues(&[(0, 2), (2, 2)], 3);
        assert_eq!(partitioner.partition(TOPIC, || 1), 2);
        partitioner.set_queues(&[(0, 2)], 1);
        assert_eq!(partitioner.load, None);
    }

    #[test]
    fn without_a_leader_any_partition_will_do() {
        let topic = KnownTopic {
            partition_count: 4,
            available: &[],
        };
        assert_eq!(BuiltInPartitioner::new(1).partition(topic, || 7), 3);
    }
}
