//! What is kept of a transactional id, and how one state of it leads to the next.

use std::collections::BTreeSet;

use crate::assignor::TopicPartition;

/// No producer id.
pub const NO_ID: i64 = -1;

/// No producer epoch.
pub const NO_EPOCH: i16 = -1;

/// What a transactional id is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It has had no transaction yet under this producer epoch.
    Empty,
    /// A transaction is open.
    Ongoing,
    /// It is committed; the markers are on their way.
    PrepareCommit,
    /// It is aborted; the markers are on their way.
    PrepareAbort,
    /// Its markers are written.
    CompleteCommit,
    /// Its markers are written.
    CompleteAbort,
    /// It is about to be forgotten.
    Dead,
    /// Its epoch is being raised to fence its producer.
    PrepareEpochFence,
}

impl State {
    const ALL: [Self; 8] = [
        Self::Empty,
        Self::Ongoing,
        Self::PrepareCommit,
        Self::PrepareAbort,
        Self::CompleteCommit,
        Self::CompleteAbort,
        Self::Dead,
        Self::PrepareEpochFence,
    ];

    /// As tools print it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Ongoing => "Ongoing",
            Self::PrepareCommit => "PrepareCommit",
            Self::PrepareAbort => "PrepareAbort",
            Self::CompleteCommit => "CompleteCommit",
            Self::CompleteAbort => "CompleteAbort",
            Self::Dead => "Dead",
            Self::PrepareEpochFence => "PrepareEpochFence",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Its number in `__transaction_state`.
    pub fn id(self) -> i8 {
        self as i8
    }

    /// The state of this number.
    pub fn of(id: i8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.id() == id)
    }

    /// Whether no transaction is under way.
    pub fn is_idle(self) -> bool {
        matches!(self, Self::Empty | Self::CompleteCommit | Self::CompleteAbort)
    }

    /// Whether this may come after `before`.
    pub fn may_follow(self, before: Self) -> bool {
        match self {
            Self::Empty | Self::Dead => before.is_idle(),
            Self::Ongoing => before.is_idle() || before == Self::Ongoing,
            Self::PrepareCommit | Self::PrepareEpochFence => before == Self::Ongoing,
            Self::PrepareAbort => before.is_idle() || matches!(before, Self::Ongoing | Self::PrepareEpochFence),
            Self::CompleteCommit => before == Self::PrepareCommit,
            Self::CompleteAbort => before == Self::PrepareAbort,
        }
    }
}

/// A transactional id, as its record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The producer's id.
    pub producer_id: i64,
    /// The id before the last change, or -1.
    pub previous_producer_id: i64,
    /// The id that the producer will have once the transaction is over, or -1.
    pub next_producer_id: i64,
    /// The producer's epoch; -1 before the first was given.
    pub producer_epoch: i16,
    /// The epoch before, where the producer itself asked for a new one; not written.
    pub last_producer_epoch: i16,
    /// `transaction.timeout.ms` of the producer.
    pub timeout_ms: i32,
    /// What it is doing.
    pub state: State,
    /// The partitions of the transaction; while it ends, those that have no marker yet.
    pub partitions: BTreeSet<TopicPartition>,
    /// When the transaction began, or -1.
    pub started_ms: i64,
    /// When anything changed.
    pub updated_ms: i64,
    /// What the client that ended or began the transaction speaks: 0, or 2 with an epoch for every transaction.
    pub client_version: i16,
}

impl Metadata {
    pub(super) fn new(producer_id: i64, timeout_ms: i32, now_ms: i64) -> Self {
        Self {
            producer_id,
            previous_producer_id: NO_ID,
            next_producer_id: NO_ID,
            producer_epoch: NO_EPOCH,
            last_producer_epoch: NO_EPOCH,
            timeout_ms,
            state: State::Empty,
            partitions: BTreeSet::new(),
            started_ms: -1,
            updated_ms: now_ms,
            client_version: 0,
        }
    }

    /// The largest epoch is kept back for fencing.
    pub(super) fn is_exhausted(&self) -> bool {
        is_exhausted(self.producer_epoch)
    }

    fn to(&self, state: State, now_ms: i64) -> Self {
        debug_assert!(state.may_follow(self.state), "{:?} after {:?}", state, self.state);
        Self {
            state,
            previous_producer_id: self.producer_id,
            updated_ms: now_ms,
            ..self.clone()
        }
    }

    /// Whether a producer that names this as its id and epoch may still be the one.
    pub(super) fn may_expect(&self, (id, epoch): (i64, i16)) -> bool {
        self.producer_epoch == NO_EPOCH
            || id == self.producer_id
            // It did not hear of the id it was given when its epochs were used up.
            || id == self.previous_producer_id && is_exhausted(epoch)
    }

    /// A new epoch, or the same where the producer asks again; `None` where it is fenced.
    pub(super) fn with_next_epoch(&self, timeout_ms: i32, expected: Option<i16>, now_ms: i64) -> Option<Self> {
        let mut next = self.emptied(timeout_ms, now_ms);
        match expected {
            None => {
                next.producer_epoch = self.producer_epoch + 1;
                next.last_producer_epoch = NO_EPOCH;
            }
            Some(epoch) if self.producer_epoch == NO_EPOCH || epoch == self.producer_epoch => {
                next.producer_epoch = self.producer_epoch + 1;
                next.last_producer_epoch = self.producer_epoch;
            }
            Some(epoch) if epoch == self.last_producer_epoch => {}
            Some(_) => return None,
        }
        Some(next)
    }

    /// A new producer id: the epochs of the old one are used up.
    pub(super) fn with_next_id(&self, producer_id: i64, timeout_ms: i32, is_expected: bool, now_ms: i64) -> Self {
        Self {
            producer_id,
            producer_epoch: 0,
            last_producer_epoch: if is_expected { self.producer_epoch } else { NO_EPOCH },
            ..self.emptied(timeout_ms, now_ms)
        }
    }

    fn emptied(&self, timeout_ms: i32, now_ms: i64) -> Self {
        Self {
            timeout_ms,
            partitions: BTreeSet::new(),
            started_ms: -1,
            ..self.to(State::Empty, now_ms)
        }
    }

    pub(super) fn with_partitions(&self, added: &BTreeSet<TopicPartition>, client_version: i16, now_ms: i64) -> Self {
        let mut next = self.to(State::Ongoing, now_ms);
        next.partitions.extend(added.iter().cloned());
        if self.state.is_idle() {
            next.started_ms = now_ms;
        }
        next.client_version = client_version;
        next
    }

    /// Decided. From version 2 on the epoch is raised, so that nothing late gets into the next transaction (KIP-890).
    pub(super) fn prepared(&self, is_commit: bool, client_version: i16, next_producer_id: i64, now_ms: i64) -> Self {
        let state = if is_commit {
            State::PrepareCommit
        } else {
            State::PrepareAbort
        };
        let mut next = self.to(state, now_ms);
        if client_version >= 2 {
            // A producer that was fenced at its last epoch is there already.
            next.producer_epoch = self.producer_epoch.saturating_add(1);
            next.last_producer_epoch = self.producer_epoch;
        }
        if self.state.is_idle() {
            next.started_ms = now_ms;
        }
        next.next_producer_id = next_producer_id;
        next.client_version = client_version;
        next
    }

    pub(super) fn completed(&self, now_ms: i64) -> Self {
        let state = if self.state == State::PrepareCommit {
            State::CompleteCommit
        } else {
            State::CompleteAbort
        };
        let mut next = self.to(state, now_ms);
        if self.client_version >= 2 && self.next_producer_id != NO_ID {
            (next.producer_id, next.producer_epoch) = (self.next_producer_id, 0);
        }
        next.next_producer_id = NO_ID;
        next.partitions = BTreeSet::new();
        next
    }
}

pub(super) fn is_exhausted(epoch: i16) -> bool {
    epoch >= i16::MAX - 1
}
