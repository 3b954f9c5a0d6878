//! The controllers' quorum (KRaft): Raft by pulling, with pre-votes (KIP-595, KIP-996).
//!
//! One voter or observer is a [`Raft`]: a state machine without clock, network or chance. It is stepped with what
//! arrives and with the time; what it wants sent and kept is in its effects. [`Raft::deadline`] says when it wants to be
//! stepped next at the latest.
//!
//! Reading order: [`message`], this file (states and their timers), [`election`], [`leading`], [`following`].
//!
//! The log is the one of a partition (`__cluster_metadata`-0), so that followers truncate by epochs as everywhere. It
//! is written to the disk before anybody hears of it, as Kafka does for this one log; so is what [`Effect::Persist`]
//! says. Snapshots and changes of the voters are still to come.

pub mod message;

mod election;

mod leading;

mod following;

pub use leading::ReplicaState;
pub use message::{Body, Message, QuorumError, Request, Response};

use std::collections::{BTreeMap, BTreeSet};

use crate::log::Log;

/// The quorum's settings, under their own names, with Kafka's defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuorumSettings {
    /// `controller.quorum.election.timeout.ms`
    pub election_timeout_ms: i64,
    /// `controller.quorum.fetch.timeout.ms`
    pub fetch_timeout_ms: i64,
    /// `controller.quorum.request.timeout.ms`
    pub request_timeout_ms: i64,
    /// `controller.quorum.retry.backoff.ms`
    pub retry_backoff_ms: i64,
    /// How long a fetch waits at the leader for something new.
    pub fetch_wait_max_ms: i64,
    /// Bytes a fetch brings at most, if not for a single batch.
    pub fetch_bytes_max: usize,
}

impl Default for QuorumSettings {
    fn default() -> Self {
        Self {
            election_timeout_ms: 1_000,
            fetch_timeout_ms: 2_000,
            request_timeout_ms: 2_000,
            retry_backoff_ms: 20,
            fetch_wait_max_ms: 500,
            fetch_bytes_max: 8 << 20,
        }
    }
}

/// What has to survive a crash: the file `quorum-state`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ElectionState {
    /// The epoch.
    pub epoch: i32,
    /// Its leader, once known.
    pub leader: Option<i32>,
    /// Who got this voter's vote in it.
    pub voted: Option<i32>,
}

/// What a step wants done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write this down before anything that follows.
    Persist(ElectionState),
    /// Send it.
    Send(Message),
    /// What ends at this offset is committed.
    Committed(i64),
    /// This node leads from here on.
    Elected {
        /// In this epoch.
        epoch: i32,
    },
    /// This node no longer leads.
    Deposed {
        /// The epoch in which it led.
        epoch: i32,
    },
}

/// A request under way to a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Connection {
    /// The request that is not yet answered, and until when that is waited for.
    in_flight: Option<(u64, i64)>,
    /// After a failure nothing is sent before this.
    ready_at: i64,
}

/// Votes of an election.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Votes {
    granted: BTreeSet<i32>,
    rejected: BTreeSet<i32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Role {
    /// Knows no leader that it could follow.
    Unattached { deadline: i64 },
    /// Asks whether an election would succeed, and disturbs nobody.
    Prospective { deadline: i64, votes: Votes },
    /// Asks for votes in a new epoch.
    Candidate { deadline: i64, votes: Votes },
    /// Leads.
    Leader(leading::Leading),
    /// Fetches from the leader.
    Follower { deadline: i64, has_fetched: bool },
    /// Led, and lets another lead.
    Resigned {
        deadline: i64,
        waiting: BTreeSet<i32>,
        successors: Vec<i32>,
    },
}

/// A member of the quorum: a voter, or an observer that only reads.
#[derive(Clone, Debug)]
pub struct Raft {
    id: i32,
    voters: BTreeSet<i32>,
    settings: QuorumSettings,
    election: ElectionState,
    role: Role,
    log: Log,
    connections: BTreeMap<i32, Connection>,
    next_correlation: u64,
}

/// Random numbers below a bound, from the node's own stream.
pub type Draw<'a> = &'a mut dyn FnMut(u64) -> u64;

impl Raft {
    /// A node that starts, for the first time or again, with what it had kept.
    pub fn start(
        id: i32,
        voters: BTreeSet<i32>,
        settings: QuorumSettings,
        election: ElectionState,
        log: Log,
        now_ms: i64,
        draw: Draw<'_>,
    ) -> Self {
        let mut raft = Self {
            id,
            voters,
            settings,
            election,
            role: Role::Unattached { deadline: 0 },
            log,
            connections: BTreeMap::new(),
            // Answers to what an earlier life asked are not answers to this one's questions.
            next_correlation: draw(1 << 32),
        };
        let deadline = now_ms + raft.election_timeout(draw);
        raft.role = match election.leader {
            // Nobody else could lead.
            _ if raft.is_voter() && raft.voters.len() == 1 => Role::Unattached { deadline: now_ms },
            // It led when it stopped: others may follow it still, but it may have forgotten how far they are.
            Some(leader) if leader == id => Role::Resigned {
                deadline,
                waiting: raft.others().into_iter().collect(),
                successors: Vec::new(),
            },
            Some(_) => Role::Follower {
                deadline: now_ms + settings.fetch_timeout_ms,
                has_fetched: false,
            },
            None => Role::Unattached { deadline },
        };
        raft
    }

    /// Something arrived, or time has passed.
    pub fn step(&mut self, now_ms: i64, message: Option<Message>, draw: Draw<'_>, effects: &mut Vec<Effect>) {
        if let Some(message) = message {
            match message.body {
                Body::Request(request) => {
                    self.on_request(now_ms, message.from, message.correlation, request, draw, effects);
                }
                Body::Response(response) => {
                    self.on_response(now_ms, message.from, message.correlation, response, draw, effects);
                }
            }
        }
        self.poll(now_ms, draw, effects);
    }

    /// When it wants to be stepped next, if nothing arrives before.
    pub fn deadline(&self) -> i64 {
        let role = match &self.role {
            // An observer waits for nothing but answers.
            Role::Unattached { .. } if !self.is_voter() => i64::MAX,
            Role::Unattached { deadline }
            | Role::Prospective { deadline, .. }
            | Role::Candidate { deadline, .. }
            | Role::Follower { deadline, .. }
            | Role::Resigned { deadline, .. } => *deadline,
            Role::Leader(leading) => leading.deadline(),
        };
        let connections = self
            .connections
            .values()
            .map(|connection| connection.in_flight.map_or(connection.ready_at, |(_, until)| until));
        connections.filter(|at| *at > 0).chain([role]).min().unwrap_or(role)
    }

    /// Its id.
    pub fn id(&self) -> i32 {
        self.id
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The epoch, its leader and this node's vote.
    pub fn election(&self) -> ElectionState {
        self.election
    }

    /// Whether it leads.
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// Whether it has a vote.
    pub fn is_voter(&self) -> bool {
        self.voters.contains(&self.id)
    }

    /// The state's name, as Kafka's metric `current-state` has it.
    pub fn state_name(&self) -> &'static str {
        match self.role {
            Role::Leader(_) => "leader",
            Role::Candidate { .. } => "candidate",
            Role::Prospective { .. } => "prospective",
            Role::Follower { .. } if self.is_voter() => "follower",
            Role::Follower { .. } => "observer",
            Role::Unattached { .. } if self.election.voted.is_some() => "unattached-voted",
            Role::Unattached { .. } => "unattached",
            Role::Resigned { .. } => "resigned",
        }
    }

    fn election_timeout(&self, draw: Draw<'_>) -> i64 {
        let timeout_ms = self.settings.election_timeout_ms;
        timeout_ms + draw(timeout_ms.max(1).cast_unsigned()).cast_signed()
    }

    fn others(&self) -> Vec<i32> {
        self.voters.iter().copied().filter(|id| *id != self.id).collect()
    }

    fn majority(&self) -> usize {
        self.voters.len() / 2 + 1
    }

    /// Epoch and end of the log: whoever has a larger pair has more.
    fn log_end(&self) -> (i32, i64) {
        (self.log.last_fetched_epoch().unwrap_or(0), self.log.log_end_offset())
    }

    /// Sends a request if the node is not busy with another.
    fn request(&mut self, now_ms: i64, to: i32, request: Request, effects: &mut Vec<Effect>) -> bool {
        let connection = self.connections.entry(to).or_default();
        if let Some((_, until)) = connection.in_flight {
            if now_ms < until {
                return false;
            }
            connection.in_flight = None;
        }
        if now_ms < connection.ready_at {
            return false;
        }
        self.next_correlation += 1;
        connection.in_flight = Some((self.next_correlation, now_ms + self.settings.request_timeout_ms));
        connection.ready_at = 0;
        effects.push(Effect::Send(Message {
            from: self.id,
            to,
            correlation: self.next_correlation,
            body: Body::Request(request),
        }));
        true
    }

    fn respond(&self, to: i32, correlation: u64, response: Response, effects: &mut Vec<Effect>) {
        effects.push(Effect::Send(Message {
            from: self.id,
            to,
            correlation,
            body: Body::Response(response),
        }));
    }

    fn response(&self, error: Option<QuorumError>) -> Response {
        Response {
            error,
            epoch: self.election.epoch,
            leader: self.election.leader,
            granted: false,
            fetched: None,
        }
    }

    /// Takes a new state on; leaving the leader's is told.
    fn become_role(&mut self, role: Role, election: ElectionState, effects: &mut Vec<Effect>) {
        let was = self.election;
        if let Role::Leader(leading) = core::mem::replace(&mut self.role, role) {
            effects.push(Effect::Deposed { epoch: was.epoch });
            self.election = election;
            for (to, correlation) in leading.into_parked() {
                let response = self.response(Some(QuorumError::NotLeaderOrFollower));
                self.respond(to, correlation, response, effects);
            }
        }
        self.election = election;
        // What was asked in another state is of no interest any more.
        self.connections.clear();
        if was != election {
            effects.push(Effect::Persist(election));
        }
    }

    fn become_unattached(&mut self, now_ms: i64, epoch: i32, draw: Draw<'_>, effects: &mut Vec<Effect>) {
        let deadline = now_ms + self.election_timeout(draw);
        let election = ElectionState {
            epoch,
            leader: None,
            voted: self.election.voted.filter(|_| epoch == self.election.epoch),
        };
        self.become_role(Role::Unattached { deadline }, election, effects);
    }

    fn become_follower(&mut self, now_ms: i64, epoch: i32, leader: i32, effects: &mut Vec<Effect>) {
        let election = ElectionState {
            epoch,
            leader: Some(leader),
            voted: self.election.voted.filter(|_| epoch == self.election.epoch),
        };
        let role = Role::Follower {
            deadline: now_ms + self.settings.fetch_timeout_ms,
            has_fetched: false,
        };
        self.become_role(role, election, effects);
    }

    /// What another says of epoch and leader. Says whether that was news.
    fn learn(
        &mut self,
        now_ms: i64,
        epoch: i32,
        leader: Option<i32>,
        draw: Draw<'_>,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let is_newer = epoch > self.election.epoch;
        let is_unknown = epoch == self.election.epoch && self.election.leader.is_none();
        match leader.filter(|leader| *leader != self.id) {
            Some(leader) if is_newer || is_unknown => {
                self.become_follower(now_ms, epoch, leader, effects);
                true
            }
            None if is_newer => {
                self.become_unattached(now_ms, epoch, draw, effects);
                true
            }
            _ => false,
        }
    }

    fn on_request(
        &mut self,
        now_ms: i64,
        from: i32,
        correlation: u64,
        request: Request,
        draw: Draw<'_>,
        effects: &mut Vec<Effect>,
    ) {
        let response = match request {
            Request::Vote {
                epoch,
                last_epoch,
                last_offset,
                pre_vote,
            } => Some(self.on_vote(now_ms, from, epoch, (last_epoch, last_offset), pre_vote, draw, effects)),
            Request::BeginQuorumEpoch { epoch } => Some(self.on_begin(now_ms, from, epoch, draw, effects)),
            Request::EndQuorumEpoch { epoch, successors } => {
                Some(self.on_end(now_ms, from, epoch, &successors, draw, effects))
            }
            Request::Fetch(fetch) => self.on_fetch(now_ms, from, correlation, fetch, effects),
        };
        if let Some(response) = response {
            self.respond(from, correlation, response, effects);
        }
    }

    fn on_response(
        &mut self,
        now_ms: i64,
        from: i32,
        correlation: u64,
        response: Response,
        draw: Draw<'_>,
        effects: &mut Vec<Effect>,
    ) {
        // An answer that is no longer waited for, or comes twice, is nothing.
        let Some(connection) = self.connections.get_mut(&from) else {
            return;
        };
        if connection.in_flight.map(|(known, _)| known) != Some(correlation) {
            return;
        }
        connection.in_flight = None;
        if response.error.is_some() {
            connection.ready_at = now_ms + self.settings.retry_backoff_ms;
        }
        if self.learn(now_ms, response.epoch, response.leader, draw, effects) || response.epoch < self.election.epoch {
            return;
        }
        match (&mut self.role, response.fetched) {
            (Role::Follower { .. }, Some(fetched)) => self.on_fetched(now_ms, fetched, effects),
            (Role::Prospective { .. } | Role::Candidate { .. }, None) if response.error.is_none() => {
                self.on_voted(now_ms, from, response.granted, draw, effects);
            }
            (Role::Leader(leading), None) => leading.acknowledged(from),
            (Role::Resigned { waiting, .. }, None) => {
                waiting.remove(&from);
            }
            _ => {}
        }
    }

    /// What time alone brings about, and what there is to send.
    fn poll(&mut self, now_ms: i64, draw: Draw<'_>, effects: &mut Vec<Effect>) {
        for connection in self.connections.values_mut() {
            if connection.in_flight.is_some_and(|(_, until)| now_ms >= until) {
                connection.in_flight = None;
            }
            if now_ms >= connection.ready_at {
                connection.ready_at = 0;
            }
        }
        match &self.role {
            Role::Unattached { deadline } if now_ms >= *deadline && self.is_voter() => {
                self.become_prospective(now_ms, draw, effects);
            }
            Role::Follower { deadline, .. } if now_ms >= *deadline => self.leader_is_silent(now_ms, draw, effects),
            Role::Prospective { deadline, .. } if now_ms >= *deadline => self.lose_pre_vote(now_ms, draw, effects),
            Role::Candidate { deadline, .. } if now_ms >= *deadline => self.become_prospective(now_ms, draw, effects),
            Role::Resigned { deadline, .. } if now_ms >= *deadline => {
                self.become_unattached(now_ms, self.election.epoch + 1, draw, effects);
            }
            Role::Leader(leading) if leading.has_lost_quorum(now_ms) => self.resign(now_ms, draw, effects),
            _ => {}
        }
        match self.role {
            Role::Prospective { .. } | Role::Candidate { .. } => self.ask_for_votes(now_ms, effects),
            Role::Follower { .. } | Role::Unattached { .. } => self.fetch(now_ms, draw, effects),
            Role::Leader(_) => self.tell_voters(now_ms, effects),
            Role::Resigned { .. } => self.tell_resigned(now_ms, effects),
        }
    }
}
