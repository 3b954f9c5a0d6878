//! What happened lately: a bounded record of all events, each with its cause.

use super::delivery::{EventId, HostId, KINDS_MAX, Kind};
use crate::digest::Digest;
use crate::time::Time;
use std::collections::VecDeque;
use std::sync::Arc;

/// Records that snapshots share as a whole.
const CHUNK_LEN: usize = 256;

/// One thing that happened. Its number is its place in the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The event that led to it.
    pub cause: EventId,
    /// When it happened, by the world's own time.
    pub at: Time,
    /// On which host.
    pub host: HostId,
    /// What happened.
    pub happened: Happened,
}

/// What a [`Record`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The host started.
    Started {
        /// For which time.
        incarnation: u32,
    },
    /// A message arrived and was handled.
    Received {
        /// Who sent it.
        from: HostId,
        /// Of which kind.
        kind: Kind,
        /// Its length.
        bytes: u32,
        /// When it was sent.
        sent_at: Time,
    },
    /// The host learnt that a message of its own was refused.
    Refused {
        /// Who refused it.
        by: HostId,
        /// Of which kind.
        kind: Kind,
    },
    /// A message was lost; the host is the one that would have received it.
    Lost {
        /// Who sent it.
        from: HostId,
        /// Of which kind.
        kind: Kind,
        /// Why it did not arrive.
        why: Loss,
        /// When it was sent.
        sent_at: Time,
    },
    /// An alarm went off.
    Alarm {
        /// Which.
        token: u64,
    },
    /// A sync of the disk was done.
    Synced {
        /// Which.
        token: u64,
    },
    /// Something from outside acted on the host.
    Called,
    /// A fault was injected; [`World::fault_of`](super::World::fault_of) says which. The host is the first it names.
    Fault,
}

/// Why a message did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// By chance, on the link.
    Chance,
    /// A cut lies across the link.
    Cut,
    /// The link drops this kind of message.
    Filtered,
    /// The link's queue was full.
    QueueFull,
    /// A stream tried again for as long as it does, in vain.
    GaveUp,
    /// The machine at the other end has no power, or lost it before the message was handled.
    HostDown,
    /// The program at the other end is not, or no longer, the one it was meant for; the sender is told.
    Refused,
    /// The sender lost power before the message had left it.
    SenderDown,
}

/// How many reasons there are.
const LOSSES: usize = 8;

/// How often each thing has happened since the world began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Messages handled, by kind.
    pub received: [u64; KINDS_MAX],
    /// Messages lost, by [`Loss`].
    pub lost: [u64; LOSSES],
    /// Alarms that went off.
    pub alarm: u64,
    /// Syncs done.
    pub synced: u64,
    /// Starts, calls, refusals and faults.
    pub other: u64,
}

impl Counts {
    /// Messages lost for one reason.
    pub fn lost_for(&self, why: Loss) -> u64 {
        self.lost[why as usize]
    }

    /// Messages handled, of all kinds.
    pub fn received_count(&self) -> u64 {
        self.received.iter().sum()
    }

    /// Messages lost, for any reason.
    pub fn lost_count(&self) -> u64 {
        self.lost.iter().sum()
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            received: [0; KINDS_MAX],
            lost: [0; LOSSES],
            alarm: 0,
            synced: 0,
            other: 0,
        }
    }
}

/// The trace of one world.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Full chunks, oldest first.
    chunks: VecDeque<Arc<Vec<Record>>>,
    /// What is not yet a full chunk.
    recent: Vec<Record>,
    /// Number of the first record that is kept.
    first: u64,
    records_max: usize,
    counts: Counts,
}

impl Trace {
    pub(crate) fn new(records_max: usize) -> Self {
        Self {
            chunks: VecDeque::new(),
            recent: Vec::with_capacity(CHUNK_LEN),
            first: 1,
            records_max,
            counts: Counts::default(),
        }
    }

    /// Appends a record and gives its number.
    pub(crate) fn push(&mut self, record: Record) -> EventId {
        match record.happened {
            Happened::Received { kind, .. } => self.counts.received[kind.0 as usize % KINDS_MAX] += 1,
            Happened::Lost { why, .. } => self.counts.lost[why as usize] += 1,
            Happened::Alarm { .. } => self.counts.alarm += 1,
            Happened::Synced { .. } => self.counts.synced += 1,
            _ => self.counts.other += 1,
        }
        let id = self.next();
        self.recent.push(record);
        if self.recent.len() == CHUNK_LEN {
            self.close_chunk();
        }
        id
    }

    fn close_chunk(&mut self) {
        let mut spare = None;
        while (self.chunks.len() + 1) * CHUNK_LEN > self.records_max {
            let Some(oldest) = self.chunks.pop_front() else { break };
            self.first += CHUNK_LEN as u64;
            spare = Some(oldest);
        }
        if self.records_max < CHUNK_LEN {
            self.first += CHUNK_LEN as u64;
            self.recent.clear();
            return;
        }
        // The oldest chunk becomes the next one, unless a snapshot still reads it: then nothing is allocated.
        let mut chunk = spare.unwrap_or_default();
        match Arc::get_mut(&mut chunk) {
            Some(records) => {
                records.clear();
                std::mem::swap(records, &mut self.recent);
            }
            None => chunk = Arc::new(std::mem::take(&mut self.recent)),
        }
        self.recent.reserve_exact(CHUNK_LEN);
        self.chunks.push_back(chunk);
    }

    /// The number that the next record will have.
    pub fn next(&self) -> EventId {
        EventId(self.first + (self.chunks.len() * CHUNK_LEN + self.recent.len()) as u64)
    }

    /// The record of an event, while it is kept.
    pub fn get(&self, id: EventId) -> Option<&Record> {
        let offset = usize::try_from(id.0.checked_sub(self.first)?).ok()?;
        match self.chunks.get(offset / CHUNK_LEN) {
            Some(chunk) => chunk.get(offset % CHUNK_LEN),
            None => self.recent.get(offset - self.chunks.len() * CHUNK_LEN),
        }
    }

    /// The records that are kept, from `id` on, oldest first.
    pub fn since(&self, id: EventId) -> impl Iterator<Item = (EventId, &Record)> {
        (id.0.max(self.first)..self.next().0).filter_map(|id| Some((EventId(id), self.get(EventId(id))?)))
    }

    /// How often each thing has happened, all times.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Adds the counts to a digest. The records follow from what else is digested.
    pub(crate) fn digest(&self, into: &mut Digest) {
        into.u64(self.next().0);
        let Counts {
            received,
            lost,
            alarm,
            synced,
            other,
        } = &self.counts;
        for count in received.iter().chain(lost).chain([alarm, synced, other]) {
            into.u64(*count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(token: u64) -> Record {
        Record {
            cause: EventId::OUTSIDE,
            at: Time(0),
            host: HostId(0),
            happened: Happened::Alarm { token },
        }
    }

    #[test]
    fn a_trace_keeps_the_last_records_and_finds_them_by_number() {
        for records_max in [0, 100, 256, 1_000, 5_000] {
            let mut trace = Trace::new(records_max);
            for token in 1..=10_000 {
                assert_eq!(trace.push(alarm(token)), EventId(token));
                assert_eq!(trace.next(), EventId(token + 1));
            }
            let kept: Vec<u64> = trace.since(EventId(0)).map(|(id, _)| id.0).collect();
            assert!(
                kept.len() <= records_max.max(CHUNK_LEN) + CHUNK_LEN,
                "{records_max}: {}",
                kept.len()
            );
            assert!(
                kept.len() >= records_max.saturating_sub(CHUNK_LEN),
                "{records_max}: {}",
                kept.len()
            );
            assert_eq!(kept.last(), (!kept.is_empty()).then_some(&10_000));
            for id in kept {
                let record = trace.get(EventId(id)).unwrap();
                assert_eq!(record.happened, Happened::Alarm { token: id });
            }
            assert_eq!(trace.get(EventId(10_001)), None);
            assert_eq!(trace.counts().alarm, 10_000);
        }
    }

    #[test]
    fn a_copy_keeps_what_the_original_lets_go() {
        let mut trace = Trace::new(512);
        for token in 1..=600 {
            trace.push(alarm(token));
        }
        let copy = trace.clone();
        for token in 601..=5_000 {
            trace.push(alarm(token));
        }
        assert_eq!(trace.get(EventId(300)), None);
        for id in copy.since(EventId(0)).map(|(id, _)| id) {
            assert_eq!(copy.get(id).unwrap().happened, Happened::Alarm { token: id.0 });
        }
        assert!(copy.get(EventId(300)).is_some());
    }
}
