//! Syncing: the leader hands in the assignment, everybody gets their part.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::message::{Effect, Sync, SyncResponse, Token};
use super::{ClassicGroup, State, Timer, Write};
use crate::error::ErrorCode;

impl ClassicGroup {
    /// A member asks for its assignment; the leader brings all.
    pub fn sync(&mut self, now_ms: i64, sync: &Sync, token: Token, effects: &mut Vec<Effect>) {
        if let Err(error) = self.try_sync(now_ms, sync, token, effects) {
            effects.push(Effect::Synced(token, SyncResponse::refused(error)));
        }
    }

    fn try_sync(&mut self, now_ms: i64, sync: &Sync, token: Token, effects: &mut Vec<Effect>) -> Result<(), ErrorCode> {
        if self.state == State::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        self.check(&sync.member_id, sync.instance_id.as_deref())?;
        if sync.generation != self.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        if differs(sync.protocol_type.as_ref(), self.protocol_type.as_ref())
            || differs(sync.protocol.as_ref(), self.protocol.as_ref())
        {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        match self.state {
            State::Empty | State::Dead => Err(ErrorCode::UnknownMemberId),
            State::PreparingRebalance => Err(ErrorCode::RebalanceInProgress),
            State::CompletingRebalance => {
                self.has_synced(&sync.member_id);
                if let Some(member) = self.members.get_mut(&sync.member_id) {
                    member.sync = Some(token);
                }
                if self.is_leader(&sync.member_id) {
                    let record = self.record(Some(&sync.assignments));
                    let write = Write::Assignment {
                        generation: self.generation,
                        assignments: sync.assignments.clone(),
                    };
                    self.write(write, record, effects);
                }
                Ok(())
            }
            State::Stable => {
                self.has_synced(&sync.member_id);
                let response = self.synced(&sync.member_id);
                effects.push(Effect::Synced(token, response));
                self.renew(now_ms, &sync.member_id);
                Ok(())
            }
        }
    }

    fn has_synced(&mut self, id: &str) {
        self.pending_sync.remove(id);
        if self.pending_sync.is_empty() {
            self.timers.remove(&Timer::Sync);
        }
    }

    fn synced(&self, id: &str) -> SyncResponse {
        let assignment = self.members.get(id).map(|member| member.assignment.clone());
        SyncResponse {
            error: None,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: assignment.unwrap_or_default(),
        }
    }

    pub(super) fn assignment_written(
        &mut self,
        now_ms: i64,
        generation: i32,
        assignments: &BTreeMap<String, Bytes>,
        result: Result<(), ErrorCode>,
        effects: &mut Vec<Effect>,
    ) {
        // Another rebalance may have begun meanwhile.
        if self.state != State::CompletingRebalance || self.generation != generation {
            return;
        }
        if let Err(error) = result {
            self.refuse_syncs(now_ms, error, effects);
            self.prepare_rebalance(now_ms, effects);
            return;
        }
        for member in self.members.values_mut() {
            member.assignment = assignments.get(&member.id).cloned().unwrap_or_default();
        }
        self.transition(now_ms, State::Stable);
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in ids {
            let response = self.synced(&id);
            if let Some(token) = self.members.get_mut(&id).and_then(|member| member.sync.take()) {
                effects.push(Effect::Synced(token, response));
                self.renew(now_ms, &id);
            }
        }
    }

    /// There is no assignment; those who wait for it are told.
    pub(super) fn refuse_syncs(&mut self, now_ms: i64, error: ErrorCode, effects: &mut Vec<Effect>) {
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in ids {
            let Some(member) = self.members.get_mut(&id) else {
                continue;
            };
            member.assignment = Bytes::new();
            if let Some(token) = member.sync.take() {
                effects.push(Effect::Synced(token, SyncResponse::refused(error)));
                self.renew(now_ms, &id);
            }
        }
    }

    /// Who has joined and does not sync is gone.
    pub(super) fn sync_is_over(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        let is_late = matches!(self.state, State::CompletingRebalance | State::Stable) && !self.pending_sync.is_empty();
        if is_late {
            for id in core::mem::take(&mut self.pending_sync) {
                self.remove(&id);
            }
            self.prepare_rebalance(now_ms, effects);
        }
    }
}

fn differs(asked: Option<&String>, known: Option<&String>) -> bool {
    asked.zip(known).is_some_and(|(asked, known)| asked != known)
}
