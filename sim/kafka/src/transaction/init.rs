//! `InitProducerId`: a producer begins, and whoever had its transactional id before is fenced.

use super::ending::Asker;
use super::{Answer, Effect, Init, Metadata, ProducerIds, Purpose, State, Token, Transaction, TransactionCoordinator};
use crate::error::ErrorCode;

impl TransactionCoordinator {
    /// `InitProducerId`
    pub fn init(&mut self, now_ms: i64, token: Token, init: &Init, ids: &mut ProducerIds, effects: &mut Vec<Effect>) {
        let id = &init.transactional_id;
        match self.next_producer(now_ms, init, ids) {
            Err(error) => effects.push(Effect::Answer(token, Answer::Init(Err(error)))),
            Ok(Some(next)) => self.write(id, next, Purpose::Init(token), effects),
            // First the open transaction is to end; the producer asks again until it has.
            Ok(None) => self.fence(now_ms, id, Asker::Init(token), effects),
        }
    }

    /// The id with its next producer; `None` where it has an open transaction.
    fn next_producer(
        &mut self,
        now_ms: i64,
        init: &Init,
        ids: &mut ProducerIds,
    ) -> Result<Option<Metadata>, ErrorCode> {
        let id = &init.transactional_id;
        if id.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        if !(1..=self.settings.timeout_max_ms).contains(&init.timeout_ms) {
            return Err(ErrorCode::InvalidTransactionTimeout);
        }
        if !self.transactions.contains_key(id) {
            let metadata = Metadata::new(ids.give()?, init.timeout_ms, now_ms);
            self.transactions.insert(id.clone(), Transaction::new(metadata));
        }
        let known = self.transactions.get(id).ok_or(ErrorCode::UnknownServerError)?;
        let metadata = &known.metadata;
        if known.pending.is_some() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        if init.expected.is_some_and(|expected| !metadata.may_expect(expected)) {
            return Err(ErrorCode::ProducerFenced);
        }
        match metadata.state {
            State::Ongoing => Ok(None),
            state if !state.is_idle() => Err(ErrorCode::ConcurrentTransactions),
            _ => {
                let expected = init.expected.map(|(_, epoch)| epoch);
                let is_last = expected.is_none_or(|epoch| epoch == metadata.producer_epoch);
                if metadata.is_exhausted() && is_last {
                    let is_expected = expected.is_some();
                    return Ok(Some(metadata.with_next_id(
                        ids.give()?,
                        init.timeout_ms,
                        is_expected,
                        now_ms,
                    )));
                }
                if metadata.is_exhausted() {
                    // Kafka does not expect a producer of the epoch before here, and fails.
                    return Err(ErrorCode::UnknownServerError);
                }
                let next = metadata.with_next_epoch(init.timeout_ms, expected, now_ms);
                next.map(Some).ok_or(ErrorCode::ProducerFenced)
            }
        }
    }
}
