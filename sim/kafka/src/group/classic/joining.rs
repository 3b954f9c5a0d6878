//! Joining: who may, and when all have.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::super::member_id;
use super::message::{Effect, Join, JoinResponse, Protocol, SyncResponse, Token};
use super::{ClassicGroup, InitialRebalance, Member, State, Timer, Write};
use crate::error::ErrorCode;

/// A static member that came back under a new id; what was before, should that not be kept.
#[derive(Clone, Debug)]
pub(super) struct Replaced {
    instance_id: String,
    old_id: String,
    new_id: String,
    old_protocols: Vec<Protocol>,
    old_timeouts_ms: (i64, i64),
    old_leader: Option<String>,
    can_skip_assignment: bool,
    token: Token,
}

impl ClassicGroup {
    /// A member joins, or joins again.
    pub fn join(&mut self, now_ms: i64, join: &Join, token: Token, effects: &mut Vec<Effect>) {
        let sessions = self.settings.session_timeout_min_ms..=self.settings.session_timeout_max_ms;
        let joined = if !sessions.contains(&join.session_timeout_ms) {
            Err(ErrorCode::InvalidSessionTimeout)
        } else if !self.has_room(&join.member_id) {
            self.remove(&join.member_id);
            effects.push(Effect::Joined(
                token,
                JoinResponse::refused("", ErrorCode::GroupMaxSizeReached),
            ));
            return;
        } else if self.state == State::Dead {
            Err(ErrorCode::CoordinatorNotAvailable)
        } else if !self.supports(join) {
            Err(ErrorCode::InconsistentGroupProtocol)
        } else if join.member_id.is_empty() {
            self.join_first(now_ms, join, token, effects);
            Ok(())
        } else {
            self.join_again(now_ms, join, token, effects)
        };
        if let Err(error) = joined {
            effects.push(Effect::Joined(token, JoinResponse::refused(&join.member_id, error)));
        }
    }

    fn has_room(&self, id: &str) -> bool {
        let size_max = self.settings.size_max;
        match self.state {
            State::Empty | State::Dead => true,
            State::PreparingRebalance => {
                let waiting = self.members.values().filter(|member| member.join.is_some());
                self.members.get(id).is_some_and(|member| member.join.is_some()) || waiting.count() < size_max
            }
            State::CompletingRebalance | State::Stable => {
                self.members.contains_key(id) || self.members.len() < size_max
            }
        }
    }

    fn supports(&self, join: &Join) -> bool {
        if self.state == State::Empty {
            return !join.protocol_type.is_empty() && !join.protocols.is_empty();
        }
        self.protocol_type
            .as_ref()
            .is_none_or(|known| *known == join.protocol_type)
            && join
                .protocols
                .iter()
                .any(|protocol| self.members.values().all(|member| member.supports(&protocol.name)))
    }

    fn join_first(&mut self, now_ms: i64, join: &Join, token: Token, effects: &mut Vec<Effect>) {
        let id = member_id(&join.client_id, join.instance_id.as_deref(), join.random);
        let known = join
            .instance_id
            .as_ref()
            .and_then(|name| Some((name.clone(), self.static_members.get(name)?.clone())));
        match known {
            Some((instance_id, old_id)) => self.replace(now_ms, join, instance_id, old_id, id, token, effects),
            None if join.instance_id.is_none() && join.version >= 4 => {
                // Otherwise a client that asks again and again would be as many members.
                let until = now_ms + join.session_timeout_ms;
                self.timers.insert(Timer::Heartbeat(id.clone()), until);
                let response = JoinResponse::refused(&id, ErrorCode::MemberIdRequired);
                self.pending.insert(id);
                effects.push(Effect::Joined(token, response));
            }
            None => self.enter(now_ms, join, id, token, effects),
        }
    }

    fn join_again(
        &mut self,
        now_ms: i64,
        join: &Join,
        token: Token,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ErrorCode> {
        let id = &join.member_id;
        if self.pending.contains(id) {
            // Static members are given no id that they have to come back with.
            if join.instance_id.is_some() {
                return Err(ErrorCode::UnknownServerError);
            }
            self.enter(now_ms, join, id.clone(), token, effects);
            return Ok(());
        }
        self.check(id, join.instance_id.as_deref())?;
        let is_leader = self.is_leader(id);
        let is_same = self.members[id].protocols == join.protocols;
        match self.state {
            State::Empty | State::Dead => return Err(ErrorCode::UnknownMemberId),
            // The answer may have been lost; a leader that joins again wants a new assignment.
            State::CompletingRebalance if is_same => {
                let response = self.joined(id, is_leader);
                effects.push(Effect::Joined(token, response));
            }
            State::Stable if is_same && !is_leader => {
                let response = self.joined(id, false);
                effects.push(Effect::Joined(token, response));
            }
            _ => {
                self.update(id, join, token);
                self.rebalance_or_complete(now_ms, effects);
            }
        }
        Ok(())
    }

    fn enter(&mut self, now_ms: i64, join: &Join, id: String, token: Token, effects: &mut Vec<Effect>) {
        if self.state == State::PreparingRebalance && self.previous_state == State::Empty {
            self.has_new_member = true;
        }
        if self.members.is_empty() {
            self.protocol_type = Some(join.protocol_type.clone());
        }
        self.add(Member {
            id: id.clone(),
            instance_id: join.instance_id.clone(),
            client_id: join.client_id.clone(),
            client_host: join.client_host.clone(),
            session_timeout_ms: join.session_timeout_ms,
            rebalance_timeout_ms: join.rebalance_timeout_ms,
            protocols: join.protocols.clone(),
            assignment: Bytes::new(),
            join: Some(token),
            sync: None,
            is_new: true,
        });
        // It cannot send heartbeats before it knows its id.
        let until = now_ms + self.settings.new_member_join_timeout_ms;
        self.timers.insert(Timer::Heartbeat(id), until);
        self.rebalance_or_complete(now_ms, effects);
    }

    fn update(&mut self, id: &str, join: &Join, token: Token) {
        if let Some(member) = self.members.get_mut(id) {
            member.protocols.clone_from(&join.protocols);
            member.rebalance_timeout_ms = join.rebalance_timeout_ms;
            member.session_timeout_ms = join.session_timeout_ms;
            member.join = Some(token);
        }
    }

    /// A static member is back: whoever went under its name is fenced.
    #[allow(clippy::too_many_arguments)] // what is replaced, by what
    fn replace(
        &mut self,
        now_ms: i64,
        join: &Join,
        instance_id: String,
        old_id: String,
        new_id: String,
        token: Token,
        effects: &mut Vec<Effect>,
    ) {
        let old_leader = self.leader.clone();
        self.rename(&old_id, &new_id, effects);
        self.renew(now_ms, &new_id);
        let member = &self.members[&new_id];
        let replaced = Replaced {
            instance_id,
            old_id,
            old_protocols: member.protocols.clone(),
            old_timeouts_ms: (member.rebalance_timeout_ms, member.session_timeout_ms),
            old_leader,
            can_skip_assignment: join.version >= 9,
            token,
            new_id,
        };
        self.update(&replaced.new_id, join, token);
        match self.state {
            State::Stable if self.protocol == self.select_protocol() => {
                let record = self.record(None);
                self.write(Write::StaticMember(Box::new(replaced)), record, effects);
            }
            State::Stable => self.rebalance_or_complete(now_ms, effects),
            // The leader is assigning to the old id.
            State::CompletingRebalance => self.prepare_rebalance(now_ms, effects),
            _ => self.complete_if_all_joined(now_ms, effects),
        }
    }

    fn rename(&mut self, old_id: &str, new_id: &str, effects: &mut Vec<Effect>) {
        let is_leader = self.is_leader(old_id);
        self.timers.remove(&Timer::Heartbeat(old_id.to_owned()));
        let Some(mut member) = self.members.remove(old_id) else {
            return;
        };
        let fenced = ErrorCode::FencedInstanceId;
        if let Some(token) = member.join.take() {
            effects.push(Effect::Joined(token, JoinResponse::refused(old_id, fenced)));
        }
        if let Some(token) = member.sync.take() {
            effects.push(Effect::Synced(token, SyncResponse::refused(fenced)));
        }
        if self.pending_sync.remove(old_id) {
            self.pending_sync.insert(new_id.to_owned());
        }
        new_id.clone_into(&mut member.id);
        if let Some(instance_id) = &member.instance_id {
            self.static_members.insert(instance_id.clone(), new_id.to_owned());
        }
        self.members.insert(new_id.to_owned(), member);
        if is_leader {
            self.leader = Some(new_id.to_owned());
        }
    }

    pub(super) fn static_member_written(
        &mut self,
        now_ms: i64,
        replaced: Replaced,
        result: Result<(), ErrorCode>,
        effects: &mut Vec<Effect>,
    ) {
        let new_id = &replaced.new_id;
        // It may have been replaced again, or have left, or wait for the next generation by now.
        let is_current = self.static_members.get(&replaced.instance_id) == Some(new_id);
        let Some(member) = self.members.get_mut(new_id).filter(|_| is_current) else {
            return;
        };
        if member.join != Some(replaced.token) {
            return;
        }
        if let Err(error) = result {
            member.join = None;
            member.protocols = replaced.old_protocols;
            (member.rebalance_timeout_ms, member.session_timeout_ms) = replaced.old_timeouts_ms;
            self.rename(new_id, &replaced.old_id, effects);
            self.renew(now_ms, &replaced.old_id);
            let response = JoinResponse::refused("", error);
            effects.push(Effect::Joined(replaced.token, response));
            return;
        }
        if self.state != State::Stable {
            return;
        }
        member.join = None;
        let is_leader = self.is_leader(new_id);
        let mut response = self.joined(new_id, is_leader && replaced.can_skip_assignment);
        if replaced.can_skip_assignment {
            response.skip_assignment = is_leader;
        } else {
            // It must not believe that it has to assign.
            response.leader = replaced.old_leader.unwrap_or_default();
        }
        effects.push(Effect::Joined(replaced.token, response));
    }

    fn joined(&self, id: &str, with_members: bool) -> JoinResponse {
        let members = self.members.values().filter(|_| with_members).map(|member| {
            let metadata = member.metadata(self.protocol.as_deref());
            (member.id.clone(), member.instance_id.clone(), metadata)
        });
        JoinResponse {
            error: None,
            member_id: id.to_owned(),
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            skip_assignment: false,
            members: members.collect(),
        }
    }

    pub(super) fn rebalance_or_complete(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        match self.state {
            State::Empty | State::CompletingRebalance | State::Stable => self.prepare_rebalance(now_ms, effects),
            State::PreparingRebalance => self.complete_if_all_joined(now_ms, effects),
            State::Dead => {}
        }
    }

    pub(super) fn prepare_rebalance(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        if self.state == State::CompletingRebalance {
            self.refuse_syncs(now_ms, ErrorCode::RebalanceInProgress, effects);
        }
        self.timers.remove(&Timer::Sync);
        let is_initial = self.state == State::Empty;
        self.transition(now_ms, State::PreparingRebalance);
        if is_initial {
            let delay_ms = self.settings.initial_rebalance_delay_ms;
            self.initial = Some(InitialRebalance {
                delay_ms,
                remaining_ms: (self.rebalance_timeout_ms() - delay_ms).max(0),
            });
            self.timers.insert(Timer::Join, now_ms + delay_ms);
        } else if self.have_all_joined() {
            self.complete_join(now_ms, effects);
        } else {
            self.timers.insert(Timer::Join, now_ms + self.rebalance_timeout_ms());
        }
    }

    fn have_all_joined(&self) -> bool {
        self.pending.is_empty() && self.members.values().all(|member| member.join.is_some())
    }

    pub(super) fn complete_if_all_joined(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        if self.state == State::PreparingRebalance && self.previous_state != State::Empty && self.have_all_joined() {
            self.complete_join(now_ms, effects);
        }
    }

    pub(super) fn join_is_over(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        if let Some(initial) = self.initial
            && self.has_new_member
            && initial.remaining_ms > 0
        {
            self.has_new_member = false;
            let delay_ms = self.settings.initial_rebalance_delay_ms.min(initial.remaining_ms);
            self.initial = Some(InitialRebalance {
                delay_ms,
                remaining_ms: (initial.remaining_ms - initial.delay_ms).max(0),
            });
            self.timers.insert(Timer::Join, now_ms + delay_ms);
            return;
        }
        self.complete_join(now_ms, effects);
    }

    fn complete_join(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        self.timers.remove(&Timer::Join);
        self.initial = None;
        self.has_new_member = false;
        let is_gone = |member: &&Member| member.join.is_none() && member.instance_id.is_none();
        let gone: Vec<String> = self
            .members
            .values()
            .filter(is_gone)
            .map(|member| member.id.clone())
            .collect();
        for id in gone {
            self.remove(&id);
        }
        if !self.members.is_empty() && !self.elect_leader() {
            // Only static members are left, and none of them is back.
            self.timers.insert(Timer::Join, now_ms + self.rebalance_timeout_ms());
            return;
        }
        self.generation += 1;
        if self.members.is_empty() {
            self.protocol = None;
            self.transition(now_ms, State::Empty);
            let record = self.record(Some(&BTreeMap::new()));
            self.write(Write::Empty, record, effects);
            return;
        }
        self.protocol = self.select_protocol();
        self.transition(now_ms, State::CompletingRebalance);
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in &ids {
            let response = self.joined(id, self.is_leader(id));
            if let Some(member) = self.members.get_mut(id) {
                member.is_new = false;
                if let Some(token) = member.join.take() {
                    effects.push(Effect::Joined(token, response));
                }
            }
            self.renew(now_ms, id);
        }
        self.pending_sync = ids.into_iter().collect();
        self.timers.insert(Timer::Sync, now_ms + self.rebalance_timeout_ms());
    }

    /// The leader stays if it has joined; otherwise one that has.
    fn elect_leader(&mut self) -> bool {
        let has_joined = |id: &String| self.members.get(id).is_some_and(|member| member.join.is_some());
        if self.leader.as_ref().is_some_and(has_joined) {
            return true;
        }
        let Some(next) = self.members.keys().find(|id| has_joined(id)).cloned() else {
            return false;
        };
        self.leader = Some(next);
        true
    }
}
