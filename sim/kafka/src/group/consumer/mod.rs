//! A consumer group of KIP-848: the coordinator assigns, and brings each member there by its heartbeats.
//!
//! Three epochs, each running after the one before it: that of the **group** rises with every change of members,
//! subscriptions or topics; that of the **target** is the group's for which it was computed; that of a **member** is the
//! target's to which it has come. A member first gives up what it is not to have, and says so; only then may another
//! have it. Nobody waits for everybody.
//!
//! Reading order: this file (members, heartbeats, epochs), `reconcile` (a member's next step).
//!
//! **Invariant.** A partition is held by one member at most: it is assigned to it, or was and is not yet given up.

mod reconcile;

use std::collections::{BTreeMap, BTreeSet};

use super::GroupSettings;
use crate::assignor::server::{GroupMember, GroupSpec, ServerAssignor, Target, subscription_type};
use crate::error::ErrorCode;
use crate::uuid::Uuid;

/// The epoch of a member that joins.
pub const JOIN: i32 = 0;
/// The epoch of a member that leaves.
pub const LEAVE: i32 = -1;
/// The epoch of a static member that will be back.
pub const LEAVE_FOR_A_WHILE: i32 = -2;

/// The topics of the cluster, as the coordinator knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topics {
    /// Id and number of partitions, by name.
    pub by_name: BTreeMap<String, (Uuid, i32)>,
}

/// `ConsumerGroupHeartbeat`. What is `None` has not changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heartbeat {
    /// The member's id, which it chose itself.
    pub member_id: String,
    /// Its epoch, or [`JOIN`], [`LEAVE`], [`LEAVE_FOR_A_WHILE`].
    pub epoch: i32,
    /// `group.instance.id`
    pub instance_id: Option<String>,
    /// `client.rack`
    pub rack: Option<String>,
    /// `max.poll.interval.ms`
    pub rebalance_timeout_ms: Option<i64>,
    /// The topics it wants.
    pub topics: Option<BTreeSet<String>>,
    /// `group.remote.assignor`
    pub assignor: Option<String>,
    /// What it holds.
    pub owned: Option<Target>,
    /// `client.id`
    pub client_id: String,
    /// Where it is.
    pub client_host: String,
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The member's epoch from here on.
    pub epoch: i32,
    /// When it is to ask again.
    pub heartbeat_interval_ms: i64,
    /// What it is to have, where that is news.
    pub assignment: Option<Target>,
    /// Whether the group changed: then the answer waits until that is replicated.
    pub is_changed: bool,
}

/// Why there is no answer, in Kafka's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The error.
    pub error: ErrorCode,
    /// What is said with it.
    pub message: String,
}

fn refused<T>(error: ErrorCode, message: impl Into<String>) -> Result<T, Refused> {
    Err(Refused {
        error,
        message: message.into(),
    })
}

/// What a group is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has no members.
    Empty,
    /// A target is to be computed.
    Assigning,
    /// Members are on their way to it.
    Reconciling,
    /// All are there.
    Stable,
}

impl State {
    /// As tools print it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Assigning => "Assigning",
            Self::Reconciling => "Reconciling",
            Self::Stable => "Stable",
        }
    }
}

/// Where a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberState {
    /// It has what it is to have.
    Stable,
    /// It has to give something up.
    UnrevokedPartitions,
    /// It waits for what others have.
    UnreleasedPartitions,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// `group.instance.id`
    pub instance_id: Option<String>,
    /// `client.rack`
    pub rack: Option<String>,
    /// `client.id`
    pub client_id: String,
    /// Where it is.
    pub client_host: String,
    /// `max.poll.interval.ms`
    pub rebalance_timeout_ms: i64,
    /// The topics it wants.
    pub topics: BTreeSet<String>,
    /// The assignor it votes for.
    pub assignor: Option<ServerAssignor>,
    /// Its epoch.
    pub epoch: i32,
    /// The one before it.
    pub previous_epoch: i32,
    /// Where it is.
    pub state: MemberState,
    /// What it was told to have.
    pub assigned: Target,
    /// What it is to give up, and may hold still.
    pub revoking: Target,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Session(String),
    /// For giving up what it holds.
    Rebalance(String),
}

/// A group.
#[derive(Clone, Debug)]
pub struct ConsumerGroup {
    settings: GroupSettings,
    epoch: i32,
    target_epoch: i32,
    members: BTreeMap<String, Member>,
    targets: BTreeMap<String, Target>,
    /// The topics somebody wants, as they were when the group's epoch was last looked at.
    known_topics: BTreeMap<Uuid, i32>,
    timers: BTreeMap<Timer, i64>,
}

impl ConsumerGroup {
    /// A group that begins.
    pub fn new(settings: GroupSettings) -> Self {
        Self {
            settings,
            epoch: 0,
            target_epoch: 0,
            members: BTreeMap::new(),
            targets: BTreeMap::new(),
            known_topics: BTreeMap::new(),
            timers: BTreeMap::new(),
        }
    }

    /// The group as its next coordinator takes it over: all sessions begin anew.
    pub fn resumed(&self, now_ms: i64) -> Self {
        let mut group = self.clone();
        group.timers.clear();
        for member in self.members.values() {
            group.renew(now_ms, &member.id);
            if member.state == MemberState::UnrevokedPartitions {
                let until = now_ms + member.rebalance_timeout_ms;
                group.timers.insert(Timer::Rebalance(member.id.clone()), until);
            }
        }
        group
    }

    /// What it is doing.
    pub fn state(&self) -> State {
        let is_there = |member: &Member| member.state == MemberState::Stable && member.epoch == self.target_epoch;
        if self.members.is_empty() {
            State::Empty
        } else if self.epoch > self.target_epoch {
            State::Assigning
        } else if self.members.values().all(is_there) {
            State::Stable
        } else {
            State::Reconciling
        }
    }

    /// The group's epoch.
    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    /// The epoch for which the target was computed.
    pub fn target_epoch(&self) -> i32 {
        self.target_epoch
    }

    /// The members, by id.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// What a member is to have in the end.
    pub fn target(&self, member_id: &str) -> Option<&Target> {
        self.targets.get(member_id)
    }

    /// Whether it reads the topic.
    pub fn is_subscribed(&self, topic: &str) -> bool {
        self.members.values().any(|member| member.topics.contains(topic))
    }

    /// The assignor that most members vote for.
    pub fn assignor(&self) -> ServerAssignor {
        let votes = |assignor| {
            let votes = self.members.values().filter(|member| member.assignor == Some(assignor));
            votes.count()
        };
        if votes(ServerAssignor::Range) > votes(ServerAssignor::Uniform) {
            ServerAssignor::Range
        } else {
            ServerAssignor::Uniform
        }
    }

    /// Whether offsets may be committed by whoever says so.
    pub fn may_commit(&self, member_id: &str, epoch: i32) -> Result<(), ErrorCode> {
        if epoch < 0 && self.members.is_empty() {
            return Ok(());
        }
        match self.members.get(member_id) {
            None => Err(ErrorCode::UnknownMemberId),
            Some(member) if member.epoch != epoch => Err(ErrorCode::StaleMemberEpoch),
            Some(_) => Ok(()),
        }
    }

    /// Fences those whose time is over. Says whether there were any.
    pub fn tick(&mut self, now_ms: i64) -> bool {
        let due = self.timers.iter().filter(|(_, at)| **at <= now_ms);
        let late: BTreeSet<String> = due
            .map(|(Timer::Session(id) | Timer::Rebalance(id), _)| id.clone())
            .collect();
        for id in &late {
            self.remove(id);
        }
        !late.is_empty()
    }

    /// When [`ConsumerGroup::tick`] is due, if ever.
    pub fn deadline(&self) -> Option<i64> {
        self.timers.values().min().copied()
    }

    /// A member joins, is there still, or leaves.
    pub fn heartbeat(&mut self, now_ms: i64, heartbeat: &Heartbeat, topics: &Topics) -> Result<Response, Refused> {
        self.check(heartbeat)?;
        if heartbeat.epoch < 0 {
            return self.leave(heartbeat);
        }
        let epochs = (self.epoch, self.target_epoch);
        let before = self.enter(heartbeat)?;
        let has_new_topics = self.update(heartbeat);
        let wanted = self.wanted(topics);
        if has_new_topics || wanted != self.known_topics {
            self.known_topics = wanted;
            self.epoch += 1;
        }
        if self.epoch > self.target_epoch {
            self.assign(topics);
        }
        self.reconcile(now_ms, heartbeat, has_new_topics, topics);
        self.renew(now_ms, &heartbeat.member_id);
        let member = &self.members[&heartbeat.member_id];
        let is_full =
            heartbeat.rebalance_timeout_ms.is_some() && heartbeat.topics.is_some() && heartbeat.owned.is_some();
        let is_news = heartbeat.epoch == JOIN
            || is_full
            || before.as_ref().is_none_or(|before| before.assigned != member.assigned);
        Ok(Response {
            epoch: member.epoch,
            heartbeat_interval_ms: self.settings.consumer_heartbeat_interval_ms,
            assignment: is_news.then(|| member.assigned.clone()),
            is_changed: before.as_ref() != Some(member) || epochs != (self.epoch, self.target_epoch),
        })
    }

    fn check(&self, heartbeat: &Heartbeat) -> Result<(), Refused> {
        let invalid = |message: &str| refused(ErrorCode::InvalidRequest, message);
        if heartbeat.member_id.is_empty() {
            return invalid("MemberId can't be empty.");
        }
        if heartbeat.instance_id.as_ref().is_some_and(String::is_empty) {
            return invalid("InstanceId can't be empty.");
        }
        if heartbeat.rack.as_ref().is_some_and(String::is_empty) {
            return invalid("RackId can't be empty.");
        }
        if heartbeat.epoch == JOIN {
            if heartbeat.rebalance_timeout_ms.is_none() {
                return invalid("RebalanceTimeoutMs must be provided in first request.");
            }
            if heartbeat.owned.as_ref().is_none_or(|owned| !owned.is_empty()) {
                return invalid("TopicPartitions must be empty when (re-)joining.");
            }
            if heartbeat.topics.is_none() {
                return invalid(
                    "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
                );
            }
        }
        if heartbeat.epoch == LEAVE_FOR_A_WHILE && heartbeat.instance_id.is_none() {
            return invalid("InstanceId can't be null.");
        }
        if heartbeat.epoch < LEAVE_FOR_A_WHILE {
            return invalid("MemberEpoch is invalid.");
        }
        if let Some(name) = &heartbeat.assignor
            && ServerAssignor::named(name).is_none()
        {
            let message = format!("ServerAssignor {name} is not supported. Supported assignors: uniform, range.");
            return refused(ErrorCode::UnsupportedAssignor, message);
        }
        Ok(())
    }

    fn static_member(&self, instance_id: &str) -> Option<&Member> {
        let is_it = |member: &&Member| member.instance_id.as_deref() == Some(instance_id);
        self.members.values().find(is_it)
    }

    fn leave(&mut self, heartbeat: &Heartbeat) -> Result<Response, Refused> {
        let id = &heartbeat.member_id;
        if let Some(instance_id) = &heartbeat.instance_id {
            self.check_static(instance_id, id)?;
        }
        let Some(member) = self.members.get_mut(id) else {
            return self.unknown(id);
        };
        if heartbeat.epoch == LEAVE_FOR_A_WHILE {
            // Its session goes on, and what it had waits for it.
            member.previous_epoch = member.epoch;
            member.epoch = LEAVE_FOR_A_WHILE;
            member.revoking.clear();
        } else {
            self.remove(id);
        }
        Ok(Response {
            epoch: heartbeat.epoch,
            heartbeat_interval_ms: self.settings.consumer_heartbeat_interval_ms,
            assignment: None,
            is_changed: true,
        })
    }

    fn unknown<T>(&self, id: &str) -> Result<T, Refused> {
        refused(
            ErrorCode::UnknownMemberId,
            format!("Member {id} is not a member of the group."),
        )
    }

    fn check_static(&self, instance_id: &str, id: &str) -> Result<(), Refused> {
        match self.static_member(instance_id) {
            None => refused(
                ErrorCode::UnknownMemberId,
                format!("Instance id {instance_id} is unknown."),
            ),
            Some(known) if known.id != id => {
                let by = &known.id;
                let message = format!("Static member {id} with instance id {instance_id} was fenced by member {by}.");
                refused(ErrorCode::FencedInstanceId, message)
            }
            Some(_) => Ok(()),
        }
    }

    /// Finds the member, or makes one of who joins. Gives what was known of it.
    fn enter(&mut self, heartbeat: &Heartbeat) -> Result<Option<Member>, Refused> {
        let id = &heartbeat.member_id;
        if heartbeat.epoch == JOIN && !self.members.contains_key(id) {
            let known = heartbeat.instance_id.as_ref().and_then(|name| self.static_member(name));
            match known.cloned() {
                Some(known) if known.epoch != LEAVE_FOR_A_WHILE => {
                    let (name, by) = (known.instance_id.unwrap_or_default(), known.id);
                    let message = format!(
                        "Static member {id} with instance id {name} cannot join the group because the instance id is \
                         owned by member {by}."
                    );
                    return refused(ErrorCode::UnreleasedInstanceId, message);
                }
                Some(known) => self.replace(known, id),
                None if self.members.len() >= self.settings.consumer_size_max => {
                    let message = format!(
                        "The consumer group has reached its maximum capacity of {} members.",
                        self.settings.consumer_size_max
                    );
                    return refused(ErrorCode::GroupMaxSizeReached, message);
                }
                None => {
                    self.members.insert(id.clone(), new_member(heartbeat));
                }
            }
            return Ok(None);
        }
        if let Some(instance_id) = &heartbeat.instance_id {
            self.check_static(instance_id, id)?;
        }
        let Some(member) = self.members.get(id) else {
            return self.unknown(id);
        };
        check_epoch(member, heartbeat)?;
        Ok(Some(member.clone()))
    }

    /// A static member is back under a new id, to what it had.
    fn replace(&mut self, old: Member, id: &str) {
        self.members.remove(&old.id);
        let target = self.targets.remove(&old.id).unwrap_or_default();
        self.timers.remove(&Timer::Session(old.id.clone()));
        self.timers.remove(&Timer::Rebalance(old.id.clone()));
        self.targets.insert(id.to_owned(), target);
        let member = Member {
            id: id.to_owned(),
            previous_epoch: 0,
            state: MemberState::Stable,
            ..old
        };
        self.members.insert(id.to_owned(), member);
    }

    /// Takes over what the member says of itself. Says whether it wants other topics.
    fn update(&mut self, heartbeat: &Heartbeat) -> bool {
        let Some(member) = self.members.get_mut(&heartbeat.member_id) else {
            return false;
        };
        member.client_id.clone_from(&heartbeat.client_id);
        member.client_host.clone_from(&heartbeat.client_host);
        if let Some(timeout_ms) = heartbeat.rebalance_timeout_ms {
            member.rebalance_timeout_ms = timeout_ms;
        }
        if heartbeat.rack.is_some() {
            member.rack.clone_from(&heartbeat.rack);
        }
        if let Some(name) = &heartbeat.assignor {
            member.assignor = ServerAssignor::named(name);
        }
        match &heartbeat.topics {
            Some(topics) if *topics != member.topics => {
                member.topics.clone_from(topics);
                true
            }
            _ => false,
        }
    }

    fn wanted(&self, topics: &Topics) -> BTreeMap<Uuid, i32> {
        let names: BTreeSet<&String> = self.members.values().flat_map(|member| &member.topics).collect();
        names
            .into_iter()
            .filter_map(|name| topics.by_name.get(name).copied())
            .collect()
    }

    /// A new target for all.
    fn assign(&mut self, topics: &Topics) {
        let members: Vec<GroupMember> = self
            .members
            .values()
            .map(|member| GroupMember {
                id: member.id.clone(),
                instance: member.instance_id.clone(),
                topics: topic_ids(member, topics),
                previous: self.targets.get(&member.id).cloned().unwrap_or_default(),
            })
            .collect();
        let kind = subscription_type(self.members.values().map(|member| &member.topics));
        let group = GroupSpec {
            partition_counts: &self.known_topics,
            members: &members,
            topic_order: &[],
        };
        // It fails only on topics that are not there, and those were left out.
        if let Ok(targets) = self.assignor().assign(group, kind) {
            let ids = members.into_iter().map(|member| member.id);
            self.targets = ids.zip(targets).collect();
            self.target_epoch = self.epoch;
        }
    }

    fn renew(&mut self, now_ms: i64, id: &str) {
        let until = now_ms + self.settings.consumer_session_timeout_ms;
        self.timers.insert(Timer::Session(id.to_owned()), until);
    }

    fn remove(&mut self, id: &str) {
        self.timers.remove(&Timer::Session(id.to_owned()));
        self.timers.remove(&Timer::Rebalance(id.to_owned()));
        self.targets.remove(id);
        if self.members.remove(id).is_some() {
            self.epoch += 1;
        }
    }
}

fn new_member(heartbeat: &Heartbeat) -> Member {
    Member {
        id: heartbeat.member_id.clone(),
        instance_id: heartbeat.instance_id.clone(),
        rack: None,
        client_id: String::new(),
        client_host: String::new(),
        rebalance_timeout_ms: 0,
        topics: BTreeSet::new(),
        assignor: None,
        epoch: JOIN,
        previous_epoch: 0,
        state: MemberState::Stable,
        assigned: Target::new(),
        revoking: Target::new(),
    }
}

fn topic_ids(member: &Member, topics: &Topics) -> BTreeSet<Uuid> {
    let known = member.topics.iter().filter_map(|name| topics.by_name.get(name));
    known.map(|(id, _)| *id).collect()
}

fn check_epoch(member: &Member, heartbeat: &Heartbeat) -> Result<(), Refused> {
    let (asked, known) = (heartbeat.epoch, member.epoch);
    // Who was fenced begins anew, and holds nothing (KAFKA-19233).
    if asked == JOIN {
        return Ok(());
    }
    if asked > known {
        let message = format!(
            "The consumer group member has a greater member epoch ({asked}) than the one known by the group coordinator \
             ({known}). The member must abandon all its partitions and rejoin."
        );
        return refused(ErrorCode::FencedMemberEpoch, message);
    }
    // The answer with the new epoch may have been lost.
    let is_subset = heartbeat.owned.as_ref().is_some_and(|owned| {
        owned.iter().all(|(topic, partitions)| {
            let assigned = member.assigned.get(topic);
            assigned.is_some_and(|assigned| partitions.is_subset(assigned))
        })
    });
    if asked < known && (asked != member.previous_epoch || !is_subset) {
        let message = format!(
            "The consumer group member has a smaller member epoch ({asked}) than the one known by the group coordinator \
             ({known}). The member must abandon all its partitions and rejoin."
        );
        return refused(ErrorCode::FencedMemberEpoch, message);
    }
    Ok(())
}
