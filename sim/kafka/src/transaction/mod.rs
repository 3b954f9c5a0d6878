//! Transactions, as their coordinator sees them: the leader of one partition of `__transaction_state`.
//!
//! ```text
//!             partitions or offsets are added             decided                  all markers are written
//!   Empty ───────────────► Ongoing ─────────────► PrepareCommit ─────────────────────► CompleteCommit
//!     ▲                     ▲   └───────────────► PrepareAbort ──────────────────────► CompleteAbort
//!     │                     │   (PrepareEpochFence: over time, or begun anew by another)      │
//!     └─── InitProducerId ──┴─────────────────── AddPartitionsToTxn ──────────────────────────┘
//! ```
//!
//! A state machine without clock, network or chance. Requests come with a [`Token`]; the answer may come later, with the
//! same token. What is to be kept is an [`Effect::Write`]: once it is replicated, or cannot be,
//! [`TransactionCoordinator::written`] says so, in the order of the writes. What is to be written at the end of a
//! transaction is an [`Effect::Markers`]: [`TransactionCoordinator::delivered`] says what became of it, partition by
//! partition, not before some time has passed: it is sent again at once where it has to be.
//! [`TransactionCoordinator::tick`] is due at [`TransactionCoordinator::deadline`].
//!
//! Reading order: [`metadata`], [`message`], [`producer_ids`], this file, [`init`], [`adding`], [`ending`], [`markers`],
//! [`record`].
//!
//! **Invariants.** A transactional id has at most one change under way; whoever asks meanwhile is told to try again.
//! What was decided is not decided otherwise: markers are sent only once the decision is replicated. The epoch of a
//! producer id only rises, and no client is given the largest.

pub mod metadata;

pub mod message;

pub mod producer_ids;

pub mod record;

mod init;

mod adding;

mod ending;

mod markers;

pub use message::{Answer, Delivery, Effect, Identity, Init, Marker, Token};
pub use metadata::{Metadata, State};
pub use producer_ids::ProducerIds;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::error::ErrorCode;

/// The settings of a broker that concern transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionSettings {
    /// `transaction.max.timeout.ms`
    pub timeout_max_ms: i32,
    /// `transactional.id.expiration.ms`
    pub id_expiration_ms: i64,
    /// `transaction.abort.timed.out.transaction.cleanup.interval.ms`
    pub abort_interval_ms: i64,
    /// `transaction.remove.expired.transaction.cleanup.interval.ms`
    pub expiration_interval_ms: i64,
    /// The cluster's feature `transaction.version`.
    pub version: i16,
}

impl Default for TransactionSettings {
    fn default() -> Self {
        Self {
            timeout_max_ms: 900_000,
            id_expiration_ms: 604_800_000,
            abort_interval_ms: 10_000,
            expiration_interval_ms: 3_600_000,
            version: 2,
        }
    }
}

/// Why a write is made.
#[derive(Clone, Debug)]
enum Purpose {
    Init(Token),
    Add(Token),
    End(ending::Ending),
    Complete,
    Forget,
}

#[derive(Clone, Debug)]
struct Write {
    transactional_id: String,
    next: Metadata,
    purpose: Purpose,
}

#[derive(Clone, Debug)]
struct Transaction {
    metadata: Metadata,
    /// The state it is going to.
    pending: Option<State>,
    /// Its epoch was raised to fence its producer, and that could not be written: it need not be raised again.
    has_failed_fence: bool,
    /// What it will be when all its markers are written; `None` while none are being sent.
    completion: Option<Metadata>,
}

impl Transaction {
    fn new(metadata: Metadata) -> Self {
        Self {
            metadata,
            pending: None,
            has_failed_fence: false,
            completion: None,
        }
    }
}

/// What `ListTransactions` says of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// `transactional.id`
    pub transactional_id: String,
    /// Its producer.
    pub producer_id: i64,
    /// What it is doing.
    pub state: State,
}

/// The coordinator.
#[derive(Clone, Debug)]
pub struct TransactionCoordinator {
    settings: TransactionSettings,
    epoch: i32,
    /// When the broker began: its checks come at even distances from then.
    started_ms: i64,
    /// Up to when was checked.
    checked_ms: i64,
    transactions: BTreeMap<String, Transaction>,
    writes: VecDeque<Write>,
}

impl TransactionCoordinator {
    /// The leader of the partition in `epoch`, which is the leader's epoch. What the partition holds comes with
    /// [`TransactionCoordinator::replay`], then [`TransactionCoordinator::loaded`].
    pub fn new(settings: TransactionSettings, epoch: i32, now_ms: i64) -> Self {
        Self {
            settings,
            epoch,
            started_ms: now_ms,
            checked_ms: now_ms,
            transactions: BTreeMap::new(),
            writes: VecDeque::new(),
        }
    }

    /// A record of the partition, in order.
    pub fn replay(&mut self, transactional_id: &str, value: Option<Metadata>) {
        match value {
            Some(metadata) => {
                self.transactions
                    .insert(transactional_id.to_owned(), Transaction::new(metadata));
            }
            None => {
                self.transactions.remove(transactional_id);
            }
        }
    }

    /// All records are there: what was decided is brought to its end.
    pub fn loaded(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        let decided = self.transactions.iter().filter(|(_, transaction)| {
            matches!(transaction.metadata.state, State::PrepareCommit | State::PrepareAbort)
        });
        let decided: Vec<String> = decided.map(|(id, _)| id.clone()).collect();
        for id in decided {
            self.begin_markers(now_ms, &id, effects);
        }
    }

    /// The coordinator's epoch.
    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    fn write(&mut self, id: &str, next: Metadata, purpose: Purpose, effects: &mut Vec<Effect>) {
        if let Some(transaction) = self.transactions.get_mut(id) {
            transaction.pending = Some(next.state);
        }
        let is_kept = next.state != State::Dead;
        effects.push(Effect::Write {
            transactional_id: id.to_owned(),
            value: is_kept.then(|| next.clone()),
        });
        self.writes.push_back(Write {
            transactional_id: id.to_owned(),
            next,
            purpose,
        });
    }

    /// The oldest write that was not yet answered is replicated, or will not be.
    pub fn written(&mut self, now_ms: i64, result: Result<(), ErrorCode>, effects: &mut Vec<Effect>) {
        let result = result.map_err(for_producers);
        let Some(write) = self.writes.pop_front() else { return };
        let id = write.transactional_id;
        let Some(transaction) = self.transactions.get_mut(&id) else {
            return;
        };
        let is_retried =
            matches!(write.purpose, Purpose::Complete) && result == Err(ErrorCode::CoordinatorNotAvailable);
        if is_retried {
            self.write(&id, write.next, Purpose::Complete, effects);
            return;
        }
        transaction.pending = None;
        if matches!(write.purpose, Purpose::Forget) {
            if result.is_ok() {
                self.transactions.remove(&id);
            }
            return;
        }
        if result.is_ok() {
            transaction.metadata = write.next.clone();
        }
        match write.purpose {
            Purpose::Init(token) => {
                let given = result.map(|()| (write.next.producer_id, write.next.producer_epoch));
                effects.push(Effect::Answer(token, Answer::Init(given)));
            }
            Purpose::Add(token) => effects.push(Effect::Answer(token, Answer::Add(result))),
            Purpose::End(ending) => self.end_written(now_ms, &id, ending, result, effects),
            Purpose::Complete | Purpose::Forget => {}
        }
    }

    /// What time alone brings about: transactions that are open for too long are aborted, ids that are unused for too
    /// long forgotten.
    pub fn tick(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        let due = |transaction: &Transaction| self.due_ms(transaction).is_some_and(|due_ms| due_ms <= now_ms);
        let due = self.transactions.iter().filter(|(_, transaction)| due(transaction));
        let due: Vec<String> = due.map(|(id, _)| id.clone()).collect();
        self.checked_ms = self.checked_ms.max(now_ms);
        for id in due {
            let Some(transaction) = self.transactions.get(&id) else {
                continue;
            };
            if transaction.metadata.state == State::Ongoing {
                self.fence(now_ms, &id, ending::Asker::Time, effects);
            } else {
                let mut next = transaction.metadata.clone();
                (next.state, next.partitions) = (State::Dead, BTreeSet::new());
                self.write(&id, next, Purpose::Forget, effects);
            }
        }
    }

    /// When [`TransactionCoordinator::tick`] is due, if ever.
    pub fn deadline(&self) -> Option<i64> {
        let due = self.transactions.values().filter_map(|known| self.due_ms(known));
        due.min()
    }

    /// The first check that finds the transaction over time, or the id unused.
    fn due_ms(&self, transaction: &Transaction) -> Option<i64> {
        if transaction.pending.is_some() {
            return None;
        }
        let metadata = &transaction.metadata;
        let settings = &self.settings;
        // Times come from records too: nothing is too large here.
        let (at_ms, interval_ms) = match metadata.state {
            State::Ongoing => (
                metadata
                    .started_ms
                    .saturating_add(i64::from(metadata.timeout_ms))
                    .saturating_add(1),
                settings.abort_interval_ms,
            ),
            state if state.is_idle() => (
                metadata.updated_ms.saturating_add(settings.id_expiration_ms),
                settings.expiration_interval_ms,
            ),
            _ => return None,
        };
        let at_ms = at_ms.max(self.checked_ms + 1).saturating_sub(self.started_ms);
        let checks = at_ms.saturating_add(interval_ms - 1).div_euclid(interval_ms);
        Some(self.started_ms.saturating_add(checks.saturating_mul(interval_ms)))
    }

    /// `DescribeTransactions`
    pub fn describe(&self, transactional_id: &str) -> Result<&Metadata, ErrorCode> {
        if transactional_id.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        let known = self.transactions.get(transactional_id);
        known
            .map(|transaction| &transaction.metadata)
            .ok_or(ErrorCode::TransactionalIdNotFound)
    }

    /// `ListTransactions`: of these producers and states, open for longer than `open_ms`; what is not said does not
    /// matter. With them, names that are no states.
    pub fn list(
        &self,
        now_ms: i64,
        producer_ids: &BTreeSet<i64>,
        states: &[&str],
        open_ms: Option<i64>,
    ) -> (Vec<Listed>, Vec<String>) {
        let unknown = states.iter().filter(|name| State::named(name).is_none());
        let unknown = unknown.map(|name| (*name).to_owned()).collect();
        let is_listed = |metadata: &Metadata| {
            (producer_ids.is_empty() || producer_ids.contains(&metadata.producer_id))
                && (states.is_empty() || states.contains(&metadata.state.name()))
                && open_ms.is_none_or(|open_ms| now_ms - metadata.started_ms > open_ms)
        };
        let known = self.transactions.iter();
        let listed = known
            .filter(|(_, known)| is_listed(&known.metadata))
            .map(|(id, known)| Listed {
                transactional_id: id.clone(),
                producer_id: known.metadata.producer_id,
                state: known.metadata.state,
            });
        (listed.collect(), unknown)
    }
}

/// What producers are told when a write fails.
fn for_producers(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::UnknownTopicOrPartition
        | ErrorCode::NotEnoughReplicas
        | ErrorCode::NotEnoughReplicasAfterAppend
        | ErrorCode::RequestTimedOut => ErrorCode::CoordinatorNotAvailable,
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge => ErrorCode::UnknownServerError,
        other => other,
    }
}
