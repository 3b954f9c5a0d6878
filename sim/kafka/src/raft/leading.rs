//! Leading: who has what, what is committed, and who is still there.

use std::collections::{BTreeMap, BTreeSet};

use super::message::{Fetch, FetchedRecords};
use super::{Effect, ElectionState, QuorumError, Raft, Request, Response, Role};
use crate::batch::{Batch, BatchBuilder, ControlType, Fields, NewRecord};
use crate::log::{Isolation, Origin, Refused};
use crate::wire;

/// How far a node is, as the leader knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplicaState {
    /// The end of its log, once it has fetched.
    pub end_offset: Option<i64>,
    /// When it last fetched.
    pub last_fetch_ms: i64,
    /// When it last had all.
    pub last_caught_up_ms: i64,
}

/// A fetch that waits for something new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parked {
    from: i32,
    correlation: u64,
    fetch: Fetch,
    until: i64,
}

/// What a leader keeps in mind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leading {
    epoch_start_offset: i64,
    high_watermark: Option<i64>,
    replicas: BTreeMap<i32, ReplicaState>,
    /// Voters that do not yet know who leads.
    untold: BTreeSet<i32>,
    /// Voters that have fetched since the majority last had.
    heard: BTreeSet<i32>,
    check_quorum_at: i64,
    parked: Vec<Parked>,
}

impl Leading {
    pub fn deadline(&self) -> i64 {
        let parked = self.parked.iter().map(|parked| parked.until);
        parked
            .chain([self.check_quorum_at])
            .min()
            .unwrap_or(self.check_quorum_at)
    }

    pub fn has_lost_quorum(&self, now_ms: i64) -> bool {
        now_ms >= self.check_quorum_at
    }

    pub fn acknowledged(&mut self, from: i32) {
        self.untold.remove(&from);
    }

    pub fn into_parked(self) -> Vec<(i32, u64)> {
        self.parked
            .into_iter()
            .map(|parked| (parked.from, parked.correlation))
            .collect()
    }
}

impl Raft {
    pub(super) fn become_leader(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        let election = ElectionState {
            leader: Some(self.id),
            ..self.election
        };
        let others = self.others();
        let leading = Leading {
            epoch_start_offset: self.log.log_end_offset(),
            high_watermark: None,
            replicas: others.iter().map(|id| (*id, ReplicaState::default())).collect(),
            untold: others.into_iter().collect(),
            heard: BTreeSet::new(),
            check_quorum_at: self.check_quorum_at(now_ms),
            parked: Vec::new(),
        };
        let granting = match &self.role {
            Role::Candidate { votes, .. } => votes.granted.iter().copied().collect(),
            _ => Vec::new(),
        };
        self.become_role(Role::Leader(leading), election, effects);
        effects.push(Effect::Elected { epoch: election.epoch });
        let voters: Vec<i32> = self.voters.iter().copied().collect();
        let change = leader_change(self.id, &voters, &granting, now_ms);
        // A control record of the quorum's own is never refused.
        let appended = self
            .log
            .append_as_leader(&change, Origin::Coordinator, election.epoch, now_ms);
        debug_assert!(appended.is_ok(), "{appended:?}");
        self.commit(now_ms, effects);
    }

    fn check_quorum_at(&self, now_ms: i64) -> i64 {
        if self.voters.len() == 1 {
            return i64::MAX;
        }
        now_ms + self.settings.fetch_timeout_ms * 3 / 2
    }

    /// The leader's own records. Gives the end of the log: they are committed once the high watermark is there.
    pub fn append(&mut self, now_ms: i64, batch: &Batch, effects: &mut Vec<Effect>) -> Result<i64, Option<Refused>> {
        if !self.is_leader() {
            return Err(None);
        }
        let epoch = self.election.epoch;
        self.log
            .append_as_leader(batch, Origin::Coordinator, epoch, now_ms)
            .map_err(Some)?;
        self.commit(now_ms, effects);
        self.serve_parked(now_ms, effects);
        Ok(self.log.log_end_offset())
    }

    pub(super) fn tell_voters(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        let Role::Leader(leading) = &self.role else { return };
        for id in leading.untold.clone() {
            let request = Request::BeginQuorumEpoch {
                epoch: self.election.epoch,
            };
            self.request(now_ms, id, request, effects);
        }
        self.serve_parked(now_ms, effects);
    }

    /// `None`: the answer waits.
    pub(super) fn on_fetch(
        &mut self,
        now_ms: i64,
        from: i32,
        correlation: u64,
        fetch: Fetch,
        effects: &mut Vec<Effect>,
    ) -> Option<Response> {
        let epoch = self.election.epoch;
        let error = match fetch.epoch.cmp(&epoch) {
            core::cmp::Ordering::Less => Some(QuorumError::FencedLeaderEpoch),
            core::cmp::Ordering::Greater => Some(QuorumError::UnknownLeaderEpoch),
            core::cmp::Ordering::Equal if !self.is_leader() => Some(QuorumError::NotLeaderOrFollower),
            core::cmp::Ordering::Equal => None,
        };
        if error.is_some() {
            return Some(self.response(error));
        }
        let diverging = if fetch.offset == 0 {
            None
        } else {
            match self.log.divergence(fetch.offset, fetch.last_epoch) {
                Ok(diverging) => diverging,
                Err(_) => return Some(self.response(Some(QuorumError::OffsetOutOfRange))),
            }
        };
        if diverging.is_some() {
            return Some(self.with_records(FetchedRecords {
                diverging,
                ..FetchedRecords::default()
            }));
        }
        self.heard_from(now_ms, from, fetch.offset, effects);
        let response = self.records(&fetch);
        if response.is_none()
            && let Role::Leader(leading) = &mut self.role
        {
            leading.parked.push(Parked {
                from,
                correlation,
                fetch,
                until: now_ms + self.settings.fetch_wait_max_ms,
            });
        }
        response
    }

    fn with_records(&self, mut fetched: FetchedRecords) -> Response {
        fetched.high_watermark = match &self.role {
            Role::Leader(leading) => leading.high_watermark.unwrap_or(-1),
            _ => -1,
        };
        Response {
            fetched: Some(fetched),
            ..self.response(None)
        }
    }

    /// What there is for a fetch, if there is something new: records, or a later high watermark.
    fn records(&self, fetch: &Fetch) -> Option<Response> {
        let Role::Leader(leading) = &self.role else { return None };
        let bytes_max = self.settings.fetch_bytes_max;
        let read = self.log.read(fetch.offset, bytes_max, Isolation::LogEnd, true);
        let batches = read.map(|fetched| fetched.batches).unwrap_or_default();
        let is_behind = leading
            .high_watermark
            .is_some_and(|offset| offset > fetch.high_watermark);
        (!batches.is_empty() || is_behind).then(|| {
            self.with_records(FetchedRecords {
                batches,
                ..FetchedRecords::default()
            })
        })
    }

    fn serve_parked(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        let Role::Leader(leading) = &mut self.role else { return };
        for parked in core::mem::take(&mut leading.parked) {
            let mut response = self.records(&parked.fetch);
            if now_ms >= parked.until {
                response = response.or_else(|| Some(self.with_records(FetchedRecords::default())));
            }
            match response {
                Some(response) => self.respond(parked.from, parked.correlation, response, effects),
                None => {
                    if let Role::Leader(leading) = &mut self.role {
                        leading.parked.push(parked);
                    }
                }
            }
        }
    }

    fn heard_from(&mut self, now_ms: i64, from: i32, offset: i64, effects: &mut Vec<Effect>) {
        let end = self.log.log_end_offset();
        let is_voter = self.voters.contains(&from);
        let check_quorum_at = self.check_quorum_at(now_ms);
        // The leader itself is there.
        let enough = self.majority() - 1;
        let Role::Leader(leading) = &mut self.role else { return };
        leading.untold.remove(&from);
        let replica = leading.replicas.entry(from).or_default();
        replica.end_offset = Some(offset);
        replica.last_fetch_ms = now_ms;
        if offset >= end {
            replica.last_caught_up_ms = now_ms;
        }
        if is_voter {
            leading.heard.insert(from);
            if leading.heard.len() >= enough {
                leading.heard.clear();
                leading.check_quorum_at = check_quorum_at;
            }
        }
        self.commit(now_ms, effects);
    }

    /// What a majority of the voters has is committed, once that reaches into the leader's own epoch.
    fn commit(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        let own_end = self.log.log_end_offset();
        let Role::Leader(leading) = &mut self.role else { return };
        let mut ends: Vec<i64> = self
            .voters
            .iter()
            .map(|id| match leading.replicas.get(id) {
                Some(replica) => replica.end_offset.unwrap_or(0),
                None => own_end,
            })
            .collect();
        ends.sort_unstable_by(|one, other| other.cmp(one));
        let common = ends[self.voters.len() / 2];
        if common <= leading.epoch_start_offset || leading.high_watermark.is_some_and(|known| known >= common) {
            return;
        }
        leading.high_watermark = Some(common);
        self.log.advance_high_watermark(common);
        effects.push(Effect::Committed(common));
        self.serve_parked(now_ms, effects);
    }

    /// The other voters, those with most first.
    pub(super) fn successors(&self) -> Vec<i32> {
        let mut successors = self.others();
        if let Role::Leader(leading) = &self.role {
            let end = |id: &i32| leading.replicas.get(id).and_then(|replica| replica.end_offset);
            successors.sort_by_key(|id| core::cmp::Reverse(end(id)));
        }
        successors
    }

    /// Of a leader: how far the others are, voters and observers.
    pub fn replicas(&self) -> impl Iterator<Item = (i32, ReplicaState)> {
        let replicas = match &self.role {
            Role::Leader(leading) => Some(&leading.replicas),
            _ => None,
        };
        replicas.into_iter().flatten().map(|(id, replica)| (*id, *replica))
    }
}

/// The control record with which an epoch begins: `LeaderChangeMessage` of version 0, that of a static quorum.
fn leader_change(leader: i32, voters: &[i32], granting: &[i32], now_ms: i64) -> Batch {
    let mut value = Vec::new();
    wire::put_i16(&mut value, 0);
    wire::put_i32(&mut value, leader);
    for list in [voters, granting] {
        // Compact arrays count from one; each entry, and the whole, ends with its count of tagged fields.
        value.push(list.len() as u8 + 1);
        for id in list {
            wire::put_i32(&mut value, *id);
            value.push(0);
        }
    }
    value.push(0);
    let mut builder = BatchBuilder::new(Fields {
        is_control: true,
        ..Fields::default()
    });
    builder.push(&NewRecord {
        timestamp: now_ms,
        key: Some(&ControlType::LeaderChange.key()),
        value: Some(&value),
        headers: &[],
    });
    builder.build()
}
