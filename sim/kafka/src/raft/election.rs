//! Elections: pre-votes, votes, and what follows from them.

use std::collections::BTreeSet;

use super::{Draw, Effect, ElectionState, QuorumError, Raft, Request, Response, Role, Votes};

impl Raft {
    /// Asks around before it disturbs anybody: an election that could not succeed is not begun (KIP-996).
    pub(super) fn become_prospective(&mut self, now_ms: i64, draw: Draw<'_>, effects: &mut Vec<Effect>) {
        let deadline = now_ms + self.election_timeout(draw);
        let votes = self.own_vote();
        self.become_role(Role::Prospective { deadline, votes }, self.election, effects);
        self.count_votes(now_ms, draw, effects);
    }

    fn become_candidate(&mut self, now_ms: i64, draw: Draw<'_>, effects: &mut Vec<Effect>) {
        let deadline = now_ms + self.election_timeout(draw);
        let votes = self.own_vote();
        let election = ElectionState {
            epoch: self.election.epoch + 1,
            leader: None,
            voted: Some(self.id),
        };
        self.become_role(Role::Candidate { deadline, votes }, election, effects);
        self.count_votes(now_ms, draw, effects);
    }

    fn own_vote(&self) -> Votes {
        Votes {
            granted: BTreeSet::from([self.id]),
            rejected: BTreeSet::new(),
        }
    }

    pub(super) fn ask_for_votes(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        let (votes, pre_vote) = match &self.role {
            Role::Prospective { votes, .. } => (votes, true),
            Role::Candidate { votes, .. } => (votes, false),
            _ => return,
        };
        let answered = |id: &i32| votes.granted.contains(id) || votes.rejected.contains(id);
        let silent: Vec<i32> = self.others().into_iter().filter(|id| !answered(id)).collect();
        let (last_epoch, last_offset) = self.log_end();
        for id in silent {
            let request = Request::Vote {
                epoch: self.election.epoch,
                last_epoch,
                last_offset,
                pre_vote,
            };
            self.request(now_ms, id, request, effects);
        }
    }

    #[allow(clippy::too_many_arguments)] // the fields of the request
    pub(super) fn on_vote(
        &mut self,
        now_ms: i64,
        from: i32,
        epoch: i32,
        log_end: (i32, i64),
        pre_vote: bool,
        draw: Draw<'_>,
        effects: &mut Vec<Effect>,
    ) -> Response {
        let is_sound = log_end.0 >= 0 && log_end.1 >= 0 && (log_end.0 < epoch || pre_vote && log_end.0 == epoch);
        if !is_sound || !self.voters.contains(&from) {
            return self.response(Some(QuorumError::InvalidRequest));
        }
        if epoch < self.election.epoch {
            return self.response(Some(QuorumError::FencedLeaderEpoch));
        }
        if epoch > self.election.epoch {
            self.become_unattached(now_ms, epoch, draw, effects);
        }
        let granted = self.would_vote(from, log_end >= self.log_end(), pre_vote);
        if granted && !pre_vote && self.election.voted != Some(from) {
            self.election.voted = Some(from);
            effects.push(Effect::Persist(self.election));
        }
        Response {
            granted,
            ..self.response(None)
        }
    }

    fn would_vote(&self, from: i32, is_up_to_date: bool, pre_vote: bool) -> bool {
        if pre_vote {
            return is_up_to_date
                && match self.role {
                    Role::Leader(_) => false,
                    // One that hears its leader sees no need for another.
                    Role::Follower { has_fetched, .. } => !has_fetched,
                    _ => true,
                };
        }
        let is_free = matches!(self.role, Role::Unattached { .. } | Role::Prospective { .. });
        match self.election.voted {
            Some(voted) => voted == from && !matches!(self.role, Role::Candidate { .. } | Role::Leader(_)),
            None => is_free && self.election.leader.is_none() && is_up_to_date,
        }
    }

    pub(super) fn on_voted(
        &mut self,
        now_ms: i64,
        from: i32,
        is_granted: bool,
        draw: Draw<'_>,
        effects: &mut Vec<Effect>,
    ) {
        if let Role::Prospective { votes, .. } | Role::Candidate { votes, .. } = &mut self.role {
            if is_granted {
                votes.granted.insert(from);
            } else {
                votes.rejected.insert(from);
            }
        }
        self.count_votes(now_ms, draw, effects);
    }

    fn count_votes(&mut self, now_ms: i64, draw: Draw<'_>, effects: &mut Vec<Effect>) {
        let (Role::Prospective { votes, .. } | Role::Candidate { votes, .. }) = &self.role else {
            return;
        };
        let is_won = votes.granted.len() >= self.majority();
        let is_lost = votes.rejected.len() > self.voters.len() - self.majority();
        match self.role {
            Role::Prospective { .. } if is_won => self.become_candidate(now_ms, draw, effects),
            Role::Prospective { .. } if is_lost => self.lose_pre_vote(now_ms, draw, effects),
            Role::Candidate { .. } if is_won => self.become_leader(now_ms, effects),
            // A candidate that has lost waits for the rest of its time, lest it disturb whoever has won.
            _ => {}
        }
    }

    /// Back to the leader it knows, or to waiting for one.
    pub(super) fn lose_pre_vote(&mut self, now_ms: i64, draw: Draw<'_>, effects: &mut Vec<Effect>) {
        match self.election.leader {
            Some(leader) if leader != self.id => self.become_follower(now_ms, self.election.epoch, leader, effects),
            _ => self.become_unattached(now_ms, self.election.epoch, draw, effects),
        }
    }

    pub(super) fn on_begin(
        &mut self,
        now_ms: i64,
        from: i32,
        epoch: i32,
        draw: Draw<'_>,
        effects: &mut Vec<Effect>,
    ) -> Response {
        if epoch < self.election.epoch {
            return self.response(Some(QuorumError::FencedLeaderEpoch));
        }
        self.learn(now_ms, epoch, Some(from), draw, effects);
        self.response(None)
    }

    pub(super) fn on_end(
        &mut self,
        now_ms: i64,
        from: i32,
        epoch: i32,
        successors: &[i32],
        draw: Draw<'_>,
        effects: &mut Vec<Effect>,
    ) -> Response {
        if epoch < self.election.epoch {
            return self.response(Some(QuorumError::FencedLeaderEpoch));
        }
        self.learn(now_ms, epoch, Some(from), draw, effects);
        let follows = matches!(self.role, Role::Follower { .. }) && self.election.leader == Some(from);
        if follows && self.is_voter() {
            // The first in the list begins at once, the others leave it some time.
            let place = successors
                .iter()
                .position(|id| *id == self.id)
                .unwrap_or(successors.len());
            let wait_ms = match place {
                0 => 0,
                place => self.settings.retry_backoff_ms << place.min(5),
            };
            if let Role::Follower { deadline, has_fetched } = &mut self.role {
                *deadline = now_ms + wait_ms;
                *has_fetched = false;
            }
        }
        self.response(None)
    }

    pub(super) fn resign(&mut self, now_ms: i64, draw: Draw<'_>, effects: &mut Vec<Effect>) {
        let role = Role::Resigned {
            deadline: now_ms + self.election_timeout(draw),
            waiting: self.others().into_iter().collect(),
            successors: self.successors(),
        };
        self.become_role(role, self.election, effects);
    }

    pub(super) fn tell_resigned(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        let Role::Resigned {
            waiting, successors, ..
        } = &self.role
        else {
            return;
        };
        let successors = successors.clone();
        for id in waiting.clone() {
            let request = Request::EndQuorumEpoch {
                epoch: self.election.epoch,
                successors: successors.clone(),
            };
            self.request(now_ms, id, request, effects);
        }
    }

    /// The node stops in an orderly way: it lets another lead.
    pub fn shut_down(&mut self, now_ms: i64, draw: Draw<'_>, effects: &mut Vec<Effect>) {
        if self.is_leader() {
            self.resign(now_ms, draw, effects);
            self.tell_resigned(now_ms, effects);
        }
    }
}
