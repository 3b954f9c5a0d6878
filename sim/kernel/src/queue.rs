//! The event queue: what is due, in order of (virtual time, sequence number).
//!
//! A heap of small keys over a slab of events. Adding, taking and cancelling cost O(log n), and once the two have grown
//! to the size that a simulation needs, none of them allocates.

use crate::time::Time;

/// Children of a heap node. Four make the heap half as deep as two, and stand side by side in memory.
const ARITY: usize = 4;
/// No slot.
const NONE: u32 = u32::MAX;
/// Cancelled keys that the heap may hold before it is worth a sweep.
const STALE_MIN: usize = 256;

/// Bits of a key's tag that name the slot; those above are the sequence number.
const SLOT_BITS: u32 = 24;

/// Where an event stands in a queue: when it is due, and its sequence number, which no other event ever has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventKey {
    /// When the event is due.
    pub at: Time,
    /// Sequence number and slot in one word, so that a key is small and two of them are compared fast.
    tag: u64,
}

impl EventKey {
    /// Its number: events due at the same instant leave in the order they entered.
    pub const fn sequence(self) -> u64 {
        self.tag >> SLOT_BITS
    }

    const fn slot(self) -> usize {
        (self.tag & ((1 << SLOT_BITS) - 1)) as usize
    }

    /// Whether it comes before another.
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "a branch here would be foretold wrongly half of the time"
    )]
    #[inline]
    const fn is_before(self, other: Self) -> bool {
        (self.at.0 < other.at.0) | ((self.at.0 == other.at.0) & (self.tag < other.tag))
    }
}

#[derive(Clone, Debug)]
enum Slot<T> {
    Free {
        next: u32,
    },
    Taken {
        tag: u64,
        /// Whether the heap holds its key; else whoever set it aside does.
        queued: bool,
        event: T,
    },
}

/// Events ordered by due time; events due at the same instant leave in the order they entered.
#[derive(Clone, Debug)]
pub struct EventQueue<T> {
    /// A heap, least key first. Keys of cancelled events stay in it until they come up or are swept out, but the first
    /// is always one of a living event.
    heap: Vec<EventKey>,
    slots: Vec<Slot<T>>,
    free: u32,
    stale_count: usize,
    live_count: usize,
    next_sequence: u64,
}

impl<T> Default for EventQueue<T> {
    fn default() -> Self {
        Self {
            heap: Vec::new(),
            slots: Vec::new(),
            free: NONE,
            stale_count: 0,
            live_count: 0,
            next_sequence: 0,
        }
    }
}

impl<T> EventQueue<T> {
    /// Adds an event due at `at`; gives the key that [`EventQueue::cancel`] takes.
    pub fn push(&mut self, at: Time, event: T) -> EventKey {
        let slot = match self.slots.get(self.free as usize) {
            Some(Slot::Free { next }) => std::mem::replace(&mut self.free, *next) as usize,
            _ => {
                self.slots.push(Slot::Free { next: NONE });
                self.slots.len() - 1
            }
        };
        assert!(slot < 1 << SLOT_BITS, "limits keep queues far below 2^24 events");
        let tag = (self.next_sequence << SLOT_BITS) | slot as u64;
        self.next_sequence += 1;
        self.live_count += 1;
        self.slots[slot] = Slot::Taken {
            tag,
            queued: true,
            event,
        };
        let key = EventKey { at, tag };
        self.insert(key);
        key
    }

    /// When the next event is due.
    pub fn next_due(&self) -> Option<Time> {
        self.heap.first().map(|key| key.at)
    }

    /// Takes the next event if it is due at or before `now`.
    pub fn pop_due(&mut self, now: Time) -> Option<(Time, T)> {
        let key = self.set_aside_due(now)?;
        self.take(key).map(|event| (key.at, event))
    }

    /// Takes the key of the next event that is due at or before `now`. The event itself stays, to be looked at
    /// ([`EventQueue::get`]), taken ([`EventQueue::take`]) or cancelled.
    pub fn set_aside_due(&mut self, now: Time) -> Option<EventKey> {
        let key = *self.heap.first()?;
        if key.at > now {
            return None;
        }
        self.remove_first();
        self.drop_stale_first();
        if let Some(Slot::Taken { queued, .. }) = self.slots.get_mut(key.slot()) {
            *queued = false;
        }
        Some(key)
    }

    /// The event of a key, unless it was taken or cancelled.
    pub fn get(&self, key: EventKey) -> Option<&T> {
        match self.slots.get(key.slot())? {
            Slot::Taken { tag, event, .. } if *tag == key.tag => Some(event),
            _ => None,
        }
    }

    /// Takes an event that was set aside; `None` when it was cancelled since.
    pub fn take(&mut self, key: EventKey) -> Option<T> {
        let place = self.slots.get_mut(key.slot())?;
        match place {
            Slot::Taken { tag, .. } if *tag == key.tag => {}
            _ => return None,
        }
        let Slot::Taken { queued, event, .. } = std::mem::replace(place, Slot::Free { next: self.free }) else {
            return None;
        };
        self.free = key.slot() as u32;
        self.live_count -= 1;
        if queued {
            self.stale_count += 1;
            self.drop_stale_first();
            self.sweep();
        }
        Some(event)
    }

    /// Removes an event before it is due.
    pub fn cancel(&mut self, key: EventKey) -> Option<T> {
        self.take(key)
    }

    /// How many events wait, those set aside included.
    pub fn len(&self) -> usize {
        self.live_count
    }

    /// Whether no event waits.
    pub fn is_empty(&self) -> bool {
        self.live_count == 0
    }

    /// How many events ever entered.
    pub fn pushed_count(&self) -> u64 {
        self.next_sequence
    }

    /// The events in the queue, those set aside left out, in the order in which they are due.
    pub fn sorted(&self) -> Vec<(EventKey, &T)> {
        let live = self.heap.iter().filter_map(|key| Some((*key, self.get(*key)?)));
        let mut events: Vec<_> = live.collect();
        events.sort_unstable_by_key(|(key, _)| (key.at, key.tag));
        events
    }

    fn is_live(&self, key: EventKey) -> bool {
        self.get(key).is_some()
    }

    fn insert(&mut self, key: EventKey) {
        let at = self.heap.len();
        self.heap.push(key);
        self.rise(at, key);
    }

    /// Puts `key` at `at` or above, where the heap wants it.
    fn rise(&mut self, mut at: usize, key: EventKey) {
        let heap = self.heap.as_mut_slice();
        while at > 0 {
            let parent = (at - 1) / ARITY;
            if heap[parent].is_before(key) {
                break;
            }
            heap[at] = heap[parent];
            at = parent;
        }
        heap[at] = key;
    }

    fn remove_first(&mut self) {
        if let Some(last) = self.heap.pop()
            && !self.heap.is_empty()
        {
            self.sink(0, last);
        }
    }

    /// Puts `key` at `at` or below, where the heap wants it. The gap goes down to a leaf first, then the key up from
    /// there: it came from the bottom, and mostly belongs there.
    fn sink(&mut self, start: usize, key: EventKey) {
        let heap = self.heap.as_mut_slice();
        let mut at = start;
        loop {
            let first = at * ARITY + 1;
            let least = if let Some(&[a, b, c, d]) = heap.get(first..first + ARITY) {
                let left = if b.is_before(a) { (first + 1, b) } else { (first, a) };
                let right = if d.is_before(c) { (first + 3, d) } else { (first + 2, c) };
                if right.1.is_before(left.1) { right } else { left }
            } else if first < heap.len() {
                let mut least = (first, heap[first]);
                for (offset, child) in heap[first..].iter().enumerate().skip(1) {
                    if child.is_before(least.1) {
                        least = (first + offset, *child);
                    }
                }
                least
            } else {
                break;
            };
            heap[at] = least.1;
            at = least.0;
        }
        while at > start {
            let parent = (at - 1) / ARITY;
            if heap[parent].is_before(key) {
                break;
            }
            heap[at] = heap[parent];
            at = parent;
        }
        heap[at] = key;
    }

    fn drop_stale_first(&mut self) {
        while self.stale_count > 0 {
            match self.heap.first() {
                Some(first) if !self.is_live(*first) => {
                    self.remove_first();
                    self.stale_count -= 1;
                }
                _ => break,
            }
        }
    }

    /// Timeouts are mostly cancelled, and due late: without this their keys would pile up.
    fn sweep(&mut self) {
        if self.stale_count < STALE_MIN || self.stale_count * 2 < self.heap.len() {
            return;
        }
        let mut heap = std::mem::take(&mut self.heap);
        heap.retain(|key| self.is_live(*key));
        self.heap = heap;
        self.stale_count = 0;
        for at in (0..self.heap.len().div_ceil(ARITY)).rev() {
            self.sink(at, self.heap[at]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use std::collections::BTreeMap;

    #[test]
    fn events_leave_by_time_then_by_arrival() {
        let mut queue = EventQueue::default();
        queue.push(Time(2), "late");
        queue.push(Time(1), "first");
        let cancelled = queue.push(Time(1), "cancelled");
        queue.push(Time(1), "second");
        assert_eq!(queue.cancel(cancelled), Some("cancelled"));
        assert_eq!(queue.cancel(cancelled), None);
        assert_eq!(queue.pop_due(Time(1)), Some((Time(1), "first")));
        assert_eq!(queue.pop_due(Time(1)), Some((Time(1), "second")));
        assert_eq!(queue.pop_due(Time(1)), None);
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn what_is_set_aside_stays_to_be_looked_at() {
        let mut queue = EventQueue::default();
        queue.push(Time(1), "early");
        queue.push(Time(5), "later");
        assert_eq!(queue.set_aside_due(Time(0)), None);
        let key = queue.set_aside_due(Time(1)).unwrap();
        assert_eq!((queue.get(key), queue.len()), (Some(&"early"), 2));
        assert_eq!((queue.next_due(), queue.sorted().len()), (Some(Time(5)), 1));
        assert_eq!((queue.cancel(key), queue.take(key)), (Some("early"), None));
        assert_eq!(queue.len(), 1);
    }

    /// Against the plainest thing that can do it, over many random operations.
    #[test]
    fn it_agrees_with_a_sorted_map() {
        let mut random = Stream::seeded(7, &[b"queue"]);
        let mut queue = EventQueue::default();
        let mut model: BTreeMap<(Time, u64), u64> = BTreeMap::new();
        let mut keys: Vec<EventKey> = Vec::new();
        for step in 0..30_000_u64 {
            match random.below(8) {
                0..=3 => {
                    let at = Time(random.below(500) as i64);
                    let key = queue.push(at, step);
                    model.insert((at, key.sequence()), step);
                    keys.push(key);
                }
                4..=5 if !keys.is_empty() => {
                    let key = keys.swap_remove(random.below(keys.len() as u64) as usize);
                    assert_eq!(queue.cancel(key), model.remove(&(key.at, key.sequence())));
                }
                6 => {
                    let key = queue.set_aside_due(Time(250));
                    assert_eq!(
                        key.map(|key| (key.at, key.sequence())),
                        model
                            .first_key_value()
                            .map(|(key, _)| *key)
                            .filter(|(at, _)| at.0 <= 250)
                    );
                    if let Some(key) = key {
                        let event = model.remove(&(key.at, key.sequence()));
                        assert_eq!(queue.get(key), event.as_ref());
                        assert_eq!(queue.take(key), event);
                    }
                }
                _ => {
                    let due = model
                        .first_key_value()
                        .map(|(key, _)| *key)
                        .filter(|(at, _)| at.0 <= 400);
                    let expected = due.map(|key| (key.0, model.remove(&key).unwrap()));
                    assert_eq!(queue.pop_due(Time(400)), expected);
                }
            }
            assert_eq!(queue.len(), model.len());
            assert_eq!(queue.next_due(), model.keys().next().map(|(at, _)| *at));
        }
        let sorted: Vec<u64> = queue.sorted().into_iter().map(|(_, event)| *event).collect();
        assert_eq!(sorted, model.into_values().collect::<Vec<_>>());
    }

    #[test]
    fn cancelled_timeouts_do_not_pile_up() {
        let mut queue = EventQueue::default();
        queue.push(Time(i64::MAX), ());
        for at in 0..100_000 {
            let key = queue.push(Time(1_000_000 + at), ());
            queue.cancel(key);
        }
        assert!(queue.heap.len() <= 2 * STALE_MIN, "{}", queue.heap.len());
        assert!(queue.slots.len() <= 2);
    }
}
