//! A classic group: its coordinator gathers the members and lets one of them assign.
//!
//! ```text
//!   Empty ──────► PreparingRebalance ──────► CompletingRebalance ──────► Stable
//!     ▲   a member joins   │   ▲    all have joined, or    │  the leader's        │
//!     └────────────────────┘   │    their time is over     │  assignment is       │
//!          nobody is left      └───────────────────────────┴──────────────────────┘
//!                                 somebody joins, leaves, falls silent, changes its topics
//! ```
//!
//! A state machine without clock, network or chance. Requests come with a [`Token`]; the answer may come later, with
//! the same token. What is to be kept in `__consumer_offsets` is an [`Effect::Write`]: once it is replicated, or cannot
//! be, [`ClassicGroup::written`] says so, in the order of the writes. [`ClassicGroup::tick`] is due at
//! [`ClassicGroup::deadline`].
//!
//! Reading order: [`message`], this file, [`joining`], [`syncing`], [`leaving`].
//!
//! **Invariants.** A generation has one leader and one assignment. The generation only rises. A member that is neither
//! joining nor syncing is gone when its session is over.

pub mod message;

mod joining;

mod leaving;

mod syncing;

pub use leaving::Leaving;
pub use message::{Effect, GroupRecord, Join, JoinResponse, MemberRecord, Protocol, Sync, SyncResponse, Token};

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;

use super::GroupSettings;
use super::offsets::OffsetAge;
use crate::assignor::subscription::Subscription;
use crate::error::ErrorCode;
use crate::java;

/// The kind of a group of consumers.
const CONSUMER: &str = "consumer";

/// What a group is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has no members, perhaps offsets.
    Empty,
    /// It waits for its members to join.
    PreparingRebalance,
    /// It waits for its leader's assignment.
    CompletingRebalance,
    /// All have theirs.
    Stable,
    /// It is deleted.
    Dead,
}

impl State {
    /// As tools print it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
            Self::Dead => "Dead",
        }
    }
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// `group.instance.id`, of a static member.
    pub instance_id: Option<String>,
    /// `client.id`
    pub client_id: String,
    /// Where it is, as `/10.0.0.7`.
    pub client_host: String,
    /// `session.timeout.ms`
    pub session_timeout_ms: i64,
    /// `max.poll.interval.ms`
    pub rebalance_timeout_ms: i64,
    /// Its assignors, the one it likes best first.
    pub protocols: Vec<Protocol>,
    /// What it was assigned.
    pub assignment: Bytes,
    join: Option<Token>,
    sync: Option<Token>,
    is_new: bool,
}

impl Member {
    fn supports(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|known| known.name == protocol)
    }

    fn metadata(&self, protocol: Option<&str>) -> Bytes {
        let known = self
            .protocols
            .iter()
            .find(|known| Some(known.name.as_str()) == protocol);
        known.map(|protocol| protocol.metadata.clone()).unwrap_or_default()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Heartbeat(String),
    Join,
    Sync,
}

/// A write that is not yet replicated, and what depends on it.
#[derive(Clone, Debug)]
enum Write {
    Empty,
    Assignment {
        generation: i32,
        assignments: BTreeMap<String, Bytes>,
    },
    StaticMember(Box<joining::Replaced>),
}

/// The first rebalance of a group waits a little for more members.
#[derive(Clone, Copy, Debug)]
struct InitialRebalance {
    delay_ms: i64,
    remaining_ms: i64,
}

/// A group.
#[derive(Clone, Debug)]
pub struct ClassicGroup {
    settings: GroupSettings,
    state: State,
    previous_state: State,
    /// When it came into its state.
    state_since_ms: i64,
    generation: i32,
    protocol_type: Option<String>,
    protocol: Option<String>,
    leader: Option<String>,
    members: BTreeMap<String, Member>,
    static_members: BTreeMap<String, String>,
    /// Ids that were given, and with which nobody has joined yet.
    pending: BTreeSet<String>,
    pending_sync: BTreeSet<String>,
    initial: Option<InitialRebalance>,
    has_new_member: bool,
    timers: BTreeMap<Timer, i64>,
    writes: VecDeque<Write>,
}

impl ClassicGroup {
    /// A group that begins.
    pub fn new(settings: GroupSettings, now_ms: i64) -> Self {
        Self {
            settings,
            state: State::Empty,
            previous_state: State::Empty,
            state_since_ms: now_ms,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            static_members: BTreeMap::new(),
            pending: BTreeSet::new(),
            pending_sync: BTreeSet::new(),
            initial: None,
            has_new_member: false,
            timers: BTreeMap::new(),
            writes: VecDeque::new(),
        }
    }

    /// The group as its next coordinator finds it.
    pub fn restore(settings: GroupSettings, record: &GroupRecord, now_ms: i64) -> Self {
        let mut group = Self::new(settings, now_ms);
        group.state = if record.members.is_empty() {
            State::Empty
        } else {
            State::Stable
        };
        group.generation = record.generation;
        group.protocol_type = record.protocol_type.clone();
        group.protocol = record.protocol.clone();
        group.leader = record.leader.clone();
        group.state_since_ms = record.state_since_ms;
        for record in &record.members {
            let protocols = group.protocol.iter().map(|name| Protocol {
                name: name.clone(),
                metadata: record.subscription.clone(),
            });
            let member = Member {
                id: record.id.clone(),
                instance_id: record.instance_id.clone(),
                client_id: record.client_id.clone(),
                client_host: record.client_host.clone(),
                session_timeout_ms: record.session_timeout_ms,
                rebalance_timeout_ms: record.rebalance_timeout_ms,
                protocols: protocols.collect(),
                assignment: record.assignment.clone(),
                join: None,
                sync: None,
                is_new: false,
            };
            group.add(member);
            group.renew(now_ms, &record.id);
        }
        group
    }

    /// What is kept of it.
    fn record(&self, assignments: Option<&BTreeMap<String, Bytes>>) -> GroupRecord {
        let members = self.members.values().map(|member| MemberRecord {
            id: member.id.clone(),
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            session_timeout_ms: member.session_timeout_ms,
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            subscription: member.metadata(self.protocol.as_deref()),
            assignment: match assignments {
                Some(assignments) => assignments.get(&member.id).cloned().unwrap_or_default(),
                None => member.assignment.clone(),
            },
        });
        GroupRecord {
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            state_since_ms: self.state_since_ms,
            members: members.collect(),
        }
    }

    fn write(&mut self, write: Write, record: GroupRecord, effects: &mut Vec<Effect>) {
        self.writes.push_back(write);
        effects.push(Effect::Write(record));
    }

    /// The oldest write that was not yet answered is replicated, or will not be.
    pub fn written(&mut self, now_ms: i64, result: Result<(), ErrorCode>, effects: &mut Vec<Effect>) {
        let result = result.map_err(for_members);
        match self.writes.pop_front() {
            Some(Write::Assignment {
                generation,
                assignments,
            }) => self.assignment_written(now_ms, generation, &assignments, result, effects),
            Some(Write::StaticMember(replaced)) => self.static_member_written(now_ms, *replaced, result, effects),
            Some(Write::Empty) | None => {}
        }
    }

    /// What time alone brings about.
    pub fn tick(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        loop {
            let due = self.timers.iter().filter(|(_, at)| **at <= now_ms);
            let Some((timer, _)) = due.min_by_key(|(timer, at)| (**at, *timer)) else {
                return;
            };
            let timer = timer.clone();
            self.timers.remove(&timer);
            match timer {
                Timer::Heartbeat(id) => self.session_is_over(now_ms, &id, effects),
                Timer::Join => self.join_is_over(now_ms, effects),
                Timer::Sync => self.sync_is_over(now_ms, effects),
            }
        }
    }

    /// When [`ClassicGroup::tick`] is due, if ever.
    pub fn deadline(&self) -> Option<i64> {
        self.timers.values().min().copied()
    }

    /// What it is doing.
    pub fn state(&self) -> State {
        self.state
    }

    /// Since when.
    pub fn state_since_ms(&self) -> i64 {
        self.state_since_ms
    }

    /// How often it has been assigned.
    pub fn generation(&self) -> i32 {
        self.generation
    }

    /// `consumer`, as a rule.
    pub fn protocol_type(&self) -> Option<&str> {
        self.protocol_type.as_deref()
    }

    /// The assignor that was chosen.
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// The member that assigns.
    pub fn leader(&self) -> Option<&str> {
        self.leader.as_deref()
    }

    /// The members, by id.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// Whether the group may be deleted; it is dead from here on if so.
    pub fn delete(&mut self, now_ms: i64) -> Result<(), ErrorCode> {
        match self.state {
            State::Dead => Err(ErrorCode::GroupIdNotFound),
            State::Empty => {
                self.transition(now_ms, State::Dead);
                self.timers.clear();
                Ok(())
            }
            _ => Err(ErrorCode::NonEmptyGroup),
        }
    }

    /// Whether offsets may be committed by whoever says so.
    pub fn may_commit(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
        is_transactional: bool,
    ) -> Result<(), ErrorCode> {
        if self.state == State::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        // A client that assigns itself, or a tool.
        if generation < 0 && self.state == State::Empty {
            return Ok(());
        }
        let names_itself = generation >= 0 || !member_id.is_empty() || instance_id.is_some();
        if names_itself {
            self.check(member_id, instance_id)?;
            if generation != self.generation {
                return Err(ErrorCode::IllegalGeneration);
            }
        } else if !is_transactional {
            return Err(ErrorCode::UnknownMemberId);
        }
        // The members of the new generation have not begun to read.
        if !is_transactional && self.state == State::CompletingRebalance {
            return Err(ErrorCode::RebalanceInProgress);
        }
        Ok(())
    }

    /// The topics its members want, where that can be told: of consumers with sound subscriptions.
    pub fn subscribed_topics(&self) -> Option<BTreeSet<String>> {
        if self.protocol_type.as_deref() != Some(CONSUMER) {
            return None;
        }
        let mut topics = BTreeSet::new();
        for member in self.members.values() {
            let metadata = member.metadata(self.protocol.as_deref());
            topics.extend(Subscription::decode(&metadata).ok()?.topics);
        }
        Some(topics)
    }

    /// Whether it reads the topic, or may.
    pub fn is_subscribed(&self, topic: &str) -> bool {
        match self.subscribed_topics() {
            Some(topics) => topics.contains(topic),
            None => self.protocol_type.as_deref() == Some(CONSUMER),
        }
    }

    /// From when on the offsets of topics that nobody reads grow old.
    pub fn offset_age(&self) -> OffsetAge {
        match (self.protocol_type.as_deref(), self.state) {
            // Somebody assigns itself and only keeps offsets here.
            (None, _) => OffsetAge::SinceCommit,
            (Some(_), State::Empty) => OffsetAge::Since(self.state_since_ms),
            (Some(CONSUMER), State::Stable) if self.subscribed_topics().is_some() => OffsetAge::SinceCommit,
            _ => OffsetAge::None,
        }
    }

    fn check(&self, member_id: &str, instance_id: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance_id) = instance_id {
            match self.static_members.get(instance_id) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(known) if known != member_id => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(member_id) {
            Ok(())
        } else {
            Err(ErrorCode::UnknownMemberId)
        }
    }

    fn is_leader(&self, id: &str) -> bool {
        self.leader.as_deref() == Some(id)
    }

    fn transition(&mut self, now_ms: i64, state: State) {
        self.previous_state = self.state;
        self.state = state;
        self.state_since_ms = now_ms;
    }

    fn add(&mut self, member: Member) {
        if self.leader.is_none() {
            self.leader = Some(member.id.clone());
        }
        if let Some(instance_id) = &member.instance_id {
            self.static_members.insert(instance_id.clone(), member.id.clone());
        }
        self.pending.remove(&member.id);
        self.members.insert(member.id.clone(), member);
    }

    fn remove(&mut self, id: &str) -> Option<Member> {
        self.timers.remove(&Timer::Heartbeat(id.to_owned()));
        self.pending.remove(id);
        let member = self.members.remove(id)?;
        if let Some(instance_id) = &member.instance_id {
            self.static_members.remove(instance_id);
        }
        if self.is_leader(id) {
            self.leader = self.members.keys().next().cloned();
        }
        Some(member)
    }

    /// The session of a member begins anew.
    fn renew(&mut self, now_ms: i64, id: &str) {
        if let Some(member) = self.members.get(id) {
            let until = now_ms + member.session_timeout_ms;
            self.timers.insert(Timer::Heartbeat(id.to_owned()), until);
        }
    }

    /// The longest time that a member wants to have for joining.
    fn rebalance_timeout_ms(&self) -> i64 {
        let timeouts = self.members.values().map(|member| member.rebalance_timeout_ms);
        timeouts.max().unwrap_or(0)
    }

    /// Each member votes for the first of its assignors that all have.
    fn select_protocol(&self) -> Option<String> {
        let mut votes: Vec<(&str, usize)> = Vec::new();
        for member in self.members.values() {
            let common = |protocol: &&Protocol| self.members.values().all(|other| other.supports(&protocol.name));
            let Some(vote) = member.protocols.iter().find(common) else {
                continue;
            };
            match votes.iter_mut().find(|(name, _)| *name == vote.name) {
                Some((_, count)) => *count += 1,
                None => votes.push((&vote.name, 1)),
            }
        }
        // Where two have as many, the order of Java's map decides.
        let most = votes.iter().map(|(_, count)| *count).max()?;
        let hashes: Vec<i32> = votes.iter().map(|(name, _)| java::string_hash(name)).collect();
        let mut order = java::hash_order(&hashes).into_iter();
        order
            .find(|place| votes[*place].1 == most)
            .map(|place| votes[place].0.to_owned())
    }
}

/// What members are told when a write fails.
fn for_members(error: ErrorCode) -> ErrorCode {
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
