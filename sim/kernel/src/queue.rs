//! The event queue: what is due, in order of (virtual time, sequence number).

use crate::time::Time;
use std::collections::BTreeMap;

/// Events ordered by due time; events due at the same instant leave in the order they entered.
#[derive(Clone, Debug)]
pub struct EventQueue<T> {
    events: BTreeMap<(Time, u64), T>,
    next_sequence: u64,
}

impl<T> Default for EventQueue<T> {
    fn default() -> Self {
        Self {
            events: BTreeMap::new(),
            next_sequence: 0,
        }
    }
}

impl<T> EventQueue<T> {
    /// Adds an event due at `at`; gives the key that [`EventQueue::cancel`] takes.
    pub fn push(&mut self, at: Time, event: T) -> (Time, u64) {
        let key = (at, self.next_sequence);
        self.next_sequence += 1;
        self.events.insert(key, event);
        key
    }

    /// When the next event is due.
    pub fn next_due(&self) -> Option<Time> {
        self.events.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the next event if it is due at or before `now`.
    pub fn pop_due(&mut self, now: Time) -> Option<(Time, T)> {
        if self.next_due()? > now {
            return None;
        }
        self.events.pop_first().map(|((at, _), event)| (at, event))
    }

    /// Removes an event before it is due.
    pub fn cancel(&mut self, key: (Time, u64)) -> Option<T> {
        self.events.remove(&key)
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether no event waits.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_leave_by_time_then_by_arrival() {
        let mut queue = EventQueue::default();
        queue.push(Time(2), "late");
        queue.push(Time(1), "first");
        let cancelled = queue.push(Time(1), "cancelled");
        queue.push(Time(1), "second");
        assert_eq!(queue.cancel(cancelled), Some("cancelled"));
        assert_eq!(queue.pop_due(Time(1)), Some((Time(1), "first")));
        assert_eq!(queue.pop_due(Time(1)), Some((Time(1), "second")));
        assert_eq!(queue.pop_due(Time(1)), None);
        assert_eq!(queue.len(), 1);
    }
}
