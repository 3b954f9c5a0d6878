//! `EndTxn`, and transactions that are ended for their producers: it takes too long, or another begins.

use super::metadata::{NO_EPOCH, NO_ID};
use super::{Answer, Effect, Identity, Metadata, ProducerIds, Purpose, State, Token, TransactionCoordinator};
use crate::error::ErrorCode;

/// For whom a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// Its producer, or who says to be.
    Producer(Token),
    /// A producer that begins under its transactional id.
    Init(Token),
    /// It took too long.
    Time,
}

/// A decision that is being written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    asker: Asker,
    is_commit: bool,
}

/// What `EndTxn` comes to.
enum End {
    /// It was so already.
    Done(i64, i16),
    Decide(Metadata),
}

impl TransactionCoordinator {
    /// `EndTxn`, from a client of `client_version` (0, or 2 from version 5 of the request on).
    pub fn end(
        &mut self,
        now_ms: i64,
        token: Token,
        (who, is_commit): (&Identity, bool),
        client_version: i16,
        ids: &mut ProducerIds,
        effects: &mut Vec<Effect>,
    ) {
        let end = if client_version >= 2 {
            self.end_with_next_epoch(now_ms, who, is_commit, client_version, ids)
        } else {
            self.end_with_same_epoch(now_ms, who, is_commit)
        };
        let answer = match end {
            Err(error) => Err(error),
            Ok(End::Done(id, epoch)) => Ok((id, epoch)),
            Ok(End::Decide(next)) => {
                let asker = Asker::Producer(token);
                let purpose = Purpose::End(Ending { asker, is_commit });
                self.write(&who.transactional_id, next, purpose, effects);
                return;
            }
        };
        effects.push(Effect::Answer(token, Answer::End(answer)));
    }

    fn end_with_same_epoch(&self, now_ms: i64, who: &Identity, is_commit: bool) -> Result<End, ErrorCode> {
        if who.transactional_id.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        let known = self.transactions.get(&who.transactional_id);
        let known = known.ok_or(ErrorCode::InvalidProducerIdMapping)?;
        let metadata = &known.metadata;
        if metadata.producer_id != who.producer_id {
            return Err(ErrorCode::InvalidProducerIdMapping);
        }
        if metadata.producer_epoch != who.producer_epoch {
            return Err(ErrorCode::ProducerFenced);
        }
        if known.pending.is_some() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        match (metadata.state, is_commit) {
            (State::Ongoing, _) => Ok(End::Decide(metadata.prepared(is_commit, 0, NO_ID, now_ms))),
            // The producer did not hear of it.
            (State::CompleteCommit, true) | (State::CompleteAbort, false) => Ok(End::Done(NO_ID, NO_EPOCH)),
            (State::PrepareCommit, true) | (State::PrepareAbort, false) => Err(ErrorCode::ConcurrentTransactions),
            _ => Err(ErrorCode::InvalidTxnState),
        }
    }

    /// KIP-890. The epoch tells a request that is sent again from the end of the next transaction.
    fn end_with_next_epoch(
        &self,
        now_ms: i64,
        who: &Identity,
        is_commit: bool,
        client_version: i16,
        ids: &mut ProducerIds,
    ) -> Result<End, ErrorCode> {
        if who.transactional_id.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        let known = self.transactions.get(&who.transactional_id);
        let known = known.ok_or(ErrorCode::InvalidProducerIdMapping)?;
        let metadata = &known.metadata;
        let (id, epoch) = (who.producer_id, who.producer_epoch);
        let is_same = epoch == metadata.producer_epoch;
        let is_before = epoch.checked_add(1) == Some(metadata.producer_epoch);
        let is_before_next_id =
            metadata.previous_producer_id == id && epoch == i16::MAX - 1 && metadata.producer_epoch == 0;
        if metadata.producer_id != id && !is_before_next_id {
            return Err(ErrorCode::InvalidProducerIdMapping);
        }
        let is_known = match metadata.state {
            State::PrepareCommit | State::PrepareAbort => is_before,
            State::CompleteCommit | State::CompleteAbort => is_before || is_before_next_id || is_same,
            _ => is_same,
        };
        if !is_known {
            return Err(ErrorCode::ProducerFenced);
        }
        if known.pending.is_some() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        let is_repeated = is_before || is_before_next_id;
        match (metadata.state, is_commit) {
            (State::CompleteCommit, true) | (State::CompleteAbort, false) if is_repeated => {
                return Ok(End::Done(metadata.producer_id, metadata.producer_epoch));
            }
            (State::PrepareCommit, true) | (State::PrepareAbort, false) => {
                return Err(ErrorCode::ConcurrentTransactions);
            }
            // The producer cannot know whether any of its records came so far that a transaction began.
            (State::Empty | State::CompleteCommit | State::CompleteAbort, false) if !is_repeated => {}
            (State::Ongoing, _) => {}
            _ => return Err(ErrorCode::InvalidTxnState),
        }
        let next_id = if metadata.is_exhausted() { ids.give()? } else { NO_ID };
        Ok(End::Decide(metadata.prepared(
            is_commit,
            client_version,
            next_id,
            now_ms,
        )))
    }

    /// Aborts an open transaction under an epoch that its producer does not have. No client is told of that epoch.
    pub(super) fn fence(&mut self, now_ms: i64, id: &str, asker: Asker, effects: &mut Vec<Effect>) {
        let version = self.settings.version;
        let Some(known) = self.transactions.get_mut(id) else {
            return;
        };
        if !known.has_failed_fence {
            known.metadata.producer_epoch = known.metadata.producer_epoch.saturating_add(1);
        }
        known.metadata.last_producer_epoch = NO_EPOCH;
        let client_version = if version >= 2 { version } else { 0 };
        let next = known.metadata.prepared(false, client_version, NO_ID, now_ms);
        let ending = Ending {
            asker,
            is_commit: false,
        };
        self.write(id, next, Purpose::End(ending), effects);
    }

    /// The decision is replicated, or will not be.
    pub(super) fn end_written(
        &mut self,
        now_ms: i64,
        id: &str,
        ending: Ending,
        result: Result<(), ErrorCode>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(known) = self.transactions.get_mut(id) else {
            return;
        };
        let is_fence = !matches!(ending.asker, Asker::Producer(_));
        if is_fence && result.is_err() {
            known.has_failed_fence = true;
        }
        let metadata = known.metadata.clone();
        debug_assert!(
            result.is_err() || (metadata.state == State::PrepareCommit) == ending.is_commit,
            "what is written is what was decided"
        );
        let answer = match ending.asker {
            Asker::Producer(token) => {
                // It may go on with what it has once the markers are written.
                let next = metadata.completed_or_same(now_ms);
                let given = match metadata.client_version {
                    0 | 1 => (NO_ID, NO_EPOCH),
                    _ => (next.producer_id, next.producer_epoch),
                };
                Some((token, Answer::End(result.map(|()| given))))
            }
            Asker::Init(token) => {
                let error = result.err().unwrap_or(ErrorCode::ConcurrentTransactions);
                Some((token, Answer::Init(Err(error))))
            }
            Asker::Time => None,
        };
        if let Some((token, answer)) = answer {
            effects.push(Effect::Answer(token, answer));
        }
        if result.is_ok() {
            self.begin_markers(now_ms, id, effects);
        }
    }
}

impl Metadata {
    fn completed_or_same(&self, now_ms: i64) -> Self {
        match self.state {
            State::PrepareCommit | State::PrepareAbort => self.completed(now_ms),
            _ => self.clone(),
        }
    }
}
