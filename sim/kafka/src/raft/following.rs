//! Following: fetching from the leader, or looking for one.

use super::message::{Fetch, FetchedRecords};
use super::{Draw, Effect, Raft, Request, Role};

impl Raft {
    /// Asks the leader for what comes next. One that knows no leader asks any voter who it is.
    pub(super) fn fetch(&mut self, now_ms: i64, draw: Draw<'_>, effects: &mut Vec<Effect>) {
        let is_busy = self
            .connections
            .values()
            .any(|connection| connection.in_flight.is_some() || connection.ready_at > now_ms);
        if is_busy {
            return;
        }
        let leader = self.election.leader.filter(|leader| *leader != self.id);
        let others = self.others();
        let to = match (&self.role, leader) {
            (Role::Follower { .. }, Some(leader)) => leader,
            _ if others.is_empty() => return,
            _ => others[draw(others.len() as u64) as usize % others.len()],
        };
        let (last_epoch, offset) = self.log_end();
        let fetch = Fetch {
            epoch: self.election.epoch,
            offset,
            last_epoch,
            high_watermark: self.log.high_watermark(),
        };
        self.request(now_ms, to, Request::Fetch(fetch), effects);
    }

    pub(super) fn on_fetched(&mut self, now_ms: i64, fetched: FetchedRecords, effects: &mut Vec<Effect>) {
        let (epoch, timeout_ms) = (self.election.epoch, self.settings.fetch_timeout_ms);
        if let Role::Follower { deadline, has_fetched } = &mut self.role {
            *deadline = now_ms + timeout_ms;
            *has_fetched = true;
        }
        if let Some(end) = fetched.diverging {
            self.log.truncate_to_leader(end, now_ms);
            return;
        }
        // What does not fit is a sign that this answer is not to the last question; the next fetch asks again.
        if self.log.append_as_follower(&fetched.batches, epoch, now_ms).is_ok()
            && self.log.advance_high_watermark(fetched.high_watermark)
        {
            effects.push(Effect::Committed(self.log.high_watermark()));
        }
    }

    /// Nothing was heard of the leader for too long.
    pub(super) fn leader_is_silent(&mut self, now_ms: i64, draw: Draw<'_>, effects: &mut Vec<Effect>) {
        if self.is_voter() {
            self.become_prospective(now_ms, draw, effects);
        } else {
            // An observer looks for another.
            self.become_unattached(now_ms, self.election.epoch, draw, effects);
        }
    }
}
