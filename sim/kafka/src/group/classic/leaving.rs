//! Staying and leaving: heartbeats, sessions that are over, goodbyes.

use super::message::{Effect, JoinResponse, SyncResponse};
use super::{ClassicGroup, State};
use crate::error::ErrorCode;

/// Who is to leave, as `LeaveGroup` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// Empty where an administrator names a static member.
    pub member_id: String,
    /// The static member's name.
    pub instance_id: Option<String>,
}

impl ClassicGroup {
    /// A member is there still. [`ErrorCode::RebalanceInProgress`] tells it to join again.
    pub fn heartbeat(
        &mut self,
        now_ms: i64,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> Result<(), ErrorCode> {
        if self.state == State::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        self.check(member_id, instance_id)?;
        if generation != self.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        match self.state {
            State::Empty | State::Dead => Err(ErrorCode::UnknownMemberId),
            State::PreparingRebalance => {
                self.renew(now_ms, member_id);
                Err(ErrorCode::RebalanceInProgress)
            }
            State::CompletingRebalance | State::Stable => {
                self.renew(now_ms, member_id);
                Ok(())
            }
        }
    }

    /// Members leave. An answer for each, or one for all.
    pub fn leave(
        &mut self,
        now_ms: i64,
        leaving: &[Leaving],
        effects: &mut Vec<Effect>,
    ) -> Result<Vec<Result<(), ErrorCode>>, ErrorCode> {
        if self.state == State::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        let answers: Vec<Result<(), ErrorCode>> = leaving.iter().map(|who| self.let_go(who, effects)).collect();
        if answers.iter().any(Result::is_ok) {
            self.after_removal(now_ms, effects);
        }
        Ok(answers)
    }

    fn let_go(&mut self, who: &Leaving, effects: &mut Vec<Effect>) -> Result<(), ErrorCode> {
        let id = if who.member_id.is_empty() {
            let known = who.instance_id.as_ref().and_then(|name| self.static_members.get(name));
            known.ok_or(ErrorCode::UnknownMemberId)?.clone()
        } else {
            if !self.pending.contains(&who.member_id) {
                self.check(&who.member_id, who.instance_id.as_deref())?;
            }
            who.member_id.clone()
        };
        self.expel(&id, effects);
        Ok(())
    }

    /// Out, and whatever it waits for with it.
    fn expel(&mut self, id: &str, effects: &mut Vec<Effect>) {
        let Some(member) = self.remove(id) else { return };
        let error = ErrorCode::UnknownMemberId;
        if let Some(token) = member.join {
            effects.push(Effect::Joined(token, JoinResponse::refused("", error)));
        }
        if let Some(token) = member.sync {
            effects.push(Effect::Synced(token, SyncResponse::refused(error)));
        }
    }

    fn after_removal(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        match self.state {
            State::Empty | State::Dead => {}
            State::CompletingRebalance | State::Stable => self.prepare_rebalance(now_ms, effects),
            State::PreparingRebalance => self.complete_if_all_joined(now_ms, effects),
        }
    }

    pub(super) fn session_is_over(&mut self, now_ms: i64, id: &str, effects: &mut Vec<Effect>) {
        if self.pending.remove(id) {
            self.complete_if_all_joined(now_ms, effects);
            return;
        }
        let Some(member) = self.members.get(id) else { return };
        // Who waits for an answer cannot send heartbeats; but nobody waits for a new member for ever.
        let waits = member.join.is_some() || member.sync.is_some();
        if waits && !member.is_new {
            return;
        }
        self.expel(id, effects);
        self.after_removal(now_ms, effects);
    }
}
