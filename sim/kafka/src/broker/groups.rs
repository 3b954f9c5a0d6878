//! Groups whose coordinator this broker is: those of the partitions of `__consumer_offsets` that it leads. What a group
//! is, and how far it has read, are records there; a member hears of it when they are replicated.

use std::collections::{BTreeMap, VecDeque};

use essaim_kernel::world::{DiskError, HostId};

use super::{Broker, Purpose};
use crate::batch::{BatchBuilder, Fields, NewRecord};
use crate::error::ErrorCode;
use crate::group::GroupSettings;
use crate::group::classic::{ClassicGroup, Effect, Join, Token};
use crate::group::offsets::{Committed, Offsets};
use crate::group::record::CoordinatorRecord;
use crate::log::{Log, Origin};
use crate::message::{CreatableTopic, GroupRequest, PartitionKey, Request, Response};
use crate::node::{KafkaCx, now_ms};
use crate::partitioner::coordinator_partition;

const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// A group.
#[derive(Clone, Debug)]
struct Known {
    group: ClassicGroup,
    offsets: Offsets,
}

/// What is to be done when a write is replicated.
#[derive(Clone, Debug)]
enum Done {
    /// The group goes on.
    Group(String),
    /// The offsets count, and the member hears of it.
    Commit {
        to: HostId,
        correlation: u64,
        base_offset: i64,
        records: Vec<CoordinatorRecord>,
    },
}

/// The groups of one partition.
#[derive(Clone, Debug)]
struct Coordinator {
    /// The epoch in which this broker leads it.
    epoch: i32,
    groups: BTreeMap<String, Known>,
    /// What is written and not yet replicated: where it ends.
    written: VecDeque<(i64, Done)>,
}

/// All groups that a broker coordinates.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    by_partition: BTreeMap<i32, Coordinator>,
    /// Who waits: the partition, the host, the request.
    tokens: BTreeMap<Token, (i32, HostId, u64)>,
    next_token: Token,
}

impl Groups {
    /// When a group wants to be looked at.
    pub(super) fn deadline(&self) -> Option<i64> {
        let coordinators = self.by_partition.values();
        let groups = coordinators.flat_map(|coordinator| coordinator.groups.values());
        groups.filter_map(|known| known.group.deadline()).min()
    }
}

/// What a log says of its groups.
fn load(log: &Log, settings: GroupSettings, now_ms: i64) -> BTreeMap<String, Known> {
    let mut groups: BTreeMap<String, Known> = BTreeMap::new();
    let begin = || Known {
        group: ClassicGroup::new(settings, now_ms),
        offsets: Offsets::default(),
    };
    for batch in log
        .batches_from(log.log_start_offset())
        .filter(|batch| !batch.is_control())
    {
        for record in batch.records().flatten() {
            let decoded = CoordinatorRecord::decode(record.key.unwrap_or_default(), record.value);
            match decoded {
                Ok(CoordinatorRecord::Group {
                    group,
                    value: Some(value),
                }) => {
                    groups.entry(group).or_insert_with(begin).group = ClassicGroup::restore(settings, &value, now_ms);
                }
                Ok(CoordinatorRecord::Group { group, value: None }) => {
                    groups.remove(&group);
                }
                Ok(CoordinatorRecord::Offset {
                    group,
                    topic,
                    partition,
                    value,
                }) => {
                    let known = groups.entry(group).or_insert_with(begin);
                    known.offsets.replay(record.offset, &topic, partition, value, None);
                }
                // Of a kind that is not known here.
                Err(_) => {}
            }
        }
    }
    groups
}

/// When, and by what token and random number.
struct At {
    now_ms: i64,
    token: Token,
    random: u128,
}

/// What a group has to say to a request.
enum Answer<'a> {
    /// It will say it later, by the token.
    Later,
    /// This.
    Now(Result<Response, ErrorCode>),
    /// These offsets may be committed.
    Commit(&'a [(String, i32, i64)]),
}

fn answer<'a>(known: Option<&mut Known>, request: &'a GroupRequest, at: At, effects: &mut Vec<Effect>) -> Answer<'a> {
    let now_ms = at.now_ms;
    let done = |result: Result<(), ErrorCode>| Answer::Now(result.map(|()| Response::GroupDone));
    match (known, request) {
        (Some(known), GroupRequest::Join(join)) => {
            let join = Join {
                random: at.random,
                ..join.clone()
            };
            known.group.join(now_ms, &join, at.token, effects);
            Answer::Later
        }
        (Some(known), GroupRequest::Sync(sync)) => {
            known.group.sync(now_ms, sync, at.token, effects);
            Answer::Later
        }
        (Some(known), GroupRequest::Heartbeat(member)) => {
            let (id, instance) = (&member.member_id, member.instance_id.as_deref());
            done(known.group.heartbeat(now_ms, id, instance, member.generation))
        }
        (Some(known), GroupRequest::Leave(leaving)) => {
            let left = known.group.leave(now_ms, leaving, effects);
            done(left.and_then(|each| each.into_iter().find(Result::is_err).unwrap_or(Ok(()))))
        }
        (Some(known), GroupRequest::Commit(member, offsets)) => {
            let (id, instance) = (&member.member_id, member.instance_id.as_deref());
            match known.group.may_commit(id, instance, member.generation, false) {
                Ok(()) => Answer::Commit(offsets),
                Err(error) => done(Err(error)),
            }
        }
        (known, GroupRequest::Committed(partitions)) => {
            let offset = |topic: &str, partition: i32| {
                let fetched = known.as_ref().map(|known| known.offsets.fetch(topic, partition, false));
                let committed = fetched.and_then(|fetched| fetched.ok().flatten());
                committed.map_or(-1, |committed| committed.offset)
            };
            let each = partitions.iter();
            let each = each.map(|(topic, partition)| (topic.clone(), *partition, offset(topic, *partition)));
            Answer::Now(Ok(Response::Committed(each.collect())))
        }
        (None, _) => done(Err(ErrorCode::UnknownMemberId)),
    }
}

impl Broker {
    /// The groups that it coordinates, by name.
    pub fn groups(&self) -> impl Iterator<Item = (&str, &ClassicGroup)> {
        let coordinators = self.groups.by_partition.values();
        let groups = coordinators.flat_map(|coordinator| &coordinator.groups);
        groups.map(|(name, known)| (name.as_str(), &known.group))
    }

    pub(super) fn find_coordinator(&mut self, from: HostId, correlation: u64, group: &str, cx: &mut KafkaCx<'_>) {
        let found = self.coordinator_of(group).and_then(|(id, partition)| {
            let leader = self.image.partition(id, partition)?.leader;
            let broker = self.image.brokers.get(&leader)?;
            Some(Response::Coordinator(leader, broker.host.clone()))
        });
        if found.is_none() && self.image.topic(OFFSETS_TOPIC).is_none() {
            self.create_offsets_topic(cx);
        }
        let response = found.unwrap_or_else(|| Response::Failed(ErrorCode::CoordinatorNotAvailable.into()));
        self.sender.respond(cx, from, correlation, response);
    }

    fn coordinator_of(&self, group: &str) -> Option<PartitionKey> {
        let (id, topic) = self.image.topic(OFFSETS_TOPIC)?;
        Some((id, coordinator_partition(group, topic.partitions.len() as i32)))
    }

    fn create_offsets_topic(&mut self, cx: &mut KafkaCx<'_>) {
        let is_asked = |purpose: &Purpose| matches!(purpose, Purpose::CreateOffsets);
        if self.asked.values().any(|asked| is_asked(&asked.purpose)) {
            return;
        }
        let Some((_, controller)) = self.quorum.active_controller() else {
            return;
        };
        let topic = CreatableTopic {
            name: OFFSETS_TOPIC.to_owned(),
            partition_count: self.config.offsets_topic_partitions,
            replication_factor: self.config.offsets_topic_replication_factor,
            configs: vec![
                ("cleanup.policy".to_owned(), "compact".to_owned()),
                ("segment.bytes".to_owned(), "104857600".to_owned()),
                ("compression.type".to_owned(), "producer".to_owned()),
            ],
        };
        let request = Request::CreateTopics(vec![topic]);
        self.ask(controller, Purpose::CreateOffsets, request, cx);
    }

    /// Takes up the groups of partitions that it leads, gives up those of others, and sees to all of them.
    pub(super) fn coordinate(&mut self, cx: &mut KafkaCx<'_>) -> Result<(), DiskError> {
        let Some((id, _)) = self.image.topic(OFFSETS_TOPIC) else {
            return Ok(());
        };
        let now_ms = now_ms(cx);
        let mut led = BTreeMap::new();
        for (key, replica) in self.replicas.range((id, 0)..=(id, i32::MAX)) {
            if let Some(leadership) = &replica.leadership {
                led.insert(key.1, leadership.registration().leader_epoch);
            }
        }
        let known = self.groups.by_partition.iter();
        let over: Vec<i32> = known
            .filter(|(partition, coordinator)| led.get(partition) != Some(&coordinator.epoch))
            .map(|(partition, _)| *partition)
            .collect();
        for partition in over {
            self.give_up(partition, cx);
        }
        for (partition, epoch) in led {
            if !self.groups.by_partition.contains_key(&partition) {
                let coordinator = Coordinator {
                    epoch,
                    groups: load(&self.replicas[&(id, partition)].log, self.config.groups, now_ms),
                    written: VecDeque::new(),
                };
                self.groups.by_partition.insert(partition, coordinator);
            }
        }
        let partitions: Vec<i32> = self.groups.by_partition.keys().copied().collect();
        for partition in partitions {
            self.complete_writes((id, partition), now_ms, cx)?;
            self.tick_groups((id, partition), now_ms, cx)?;
        }
        Ok(())
    }

    fn give_up(&mut self, partition: i32, cx: &mut KafkaCx<'_>) {
        let failed = || Response::Failed(ErrorCode::NotCoordinator.into());
        let Some(coordinator) = self.groups.by_partition.remove(&partition) else {
            return;
        };
        for (_, done) in coordinator.written {
            if let Done::Commit { to, correlation, .. } = done {
                self.sender.respond(cx, to, correlation, failed());
            }
        }
        let sender = self.sender;
        self.groups.tokens.retain(|_, (of, to, correlation)| {
            if *of == partition {
                sender.respond(cx, *to, *correlation, failed());
            }
            *of != partition
        });
    }

    fn complete_writes(&mut self, key: PartitionKey, now_ms: i64, cx: &mut KafkaCx<'_>) -> Result<(), DiskError> {
        loop {
            let committed = self
                .replicas
                .get(&key)
                .map_or(0, |replica| replica.log.high_watermark());
            let Some(coordinator) = self.groups.by_partition.get_mut(&key.1) else {
                return Ok(());
            };
            if coordinator.written.front().is_none_or(|(end, _)| *end > committed) {
                return Ok(());
            }
            match coordinator.written.pop_front() {
                Some((_, Done::Group(name))) => {
                    let mut effects = Vec::new();
                    if let Some(known) = coordinator.groups.get_mut(&name) {
                        known.group.written(now_ms, Ok(()), &mut effects);
                    }
                    self.act(key, &name, effects, now_ms, cx)?;
                }
                Some((
                    _,
                    Done::Commit {
                        to,
                        correlation,
                        base_offset,
                        records,
                    },
                )) => {
                    for (record_offset, record) in (base_offset..).zip(records) {
                        let CoordinatorRecord::Offset {
                            group,
                            topic,
                            partition,
                            value,
                        } = record
                        else {
                            continue;
                        };
                        if let Some(known) = coordinator.groups.get_mut(&group) {
                            known.offsets.replay(record_offset, &topic, partition, value, None);
                        }
                    }
                    self.sender.respond(cx, to, correlation, Response::GroupDone);
                }
                None => return Ok(()),
            }
        }
    }

    fn tick_groups(&mut self, key: PartitionKey, now_ms: i64, cx: &mut KafkaCx<'_>) -> Result<(), DiskError> {
        let Some(coordinator) = self.groups.by_partition.get_mut(&key.1) else {
            return Ok(());
        };
        let mut all = Vec::new();
        for (name, known) in &mut coordinator.groups {
            if known.group.deadline().is_some_and(|at| at <= now_ms) {
                let mut effects = Vec::new();
                known.group.tick(now_ms, &mut effects);
                all.push((name.clone(), effects));
            }
        }
        for (name, effects) in all {
            self.act(key, &name, effects, now_ms, cx)?;
        }
        Ok(())
    }

    fn act(
        &mut self,
        key: PartitionKey,
        name: &str,
        effects: Vec<Effect>,
        now_ms: i64,
        cx: &mut KafkaCx<'_>,
    ) -> Result<(), DiskError> {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Joined(token, response) => {
                    if let Some((_, to, correlation)) = self.groups.tokens.remove(&token) {
                        self.sender.respond(cx, to, correlation, Response::Joined(response));
                    }
                }
                Effect::Synced(token, response) => {
                    if let Some((_, to, correlation)) = self.groups.tokens.remove(&token) {
                        self.sender.respond(cx, to, correlation, Response::Synced(response));
                    }
                }
                Effect::Write(record) => {
                    let record = CoordinatorRecord::Group {
                        group: name.to_owned(),
                        value: Some(record),
                    };
                    let written = self.write(key, &[record], now_ms, cx)?;
                    let Some(coordinator) = self.groups.by_partition.get_mut(&key.1) else {
                        return Ok(());
                    };
                    match (written, coordinator.groups.get_mut(name)) {
                        (Ok((_, end)), _) => coordinator.written.push_back((end, Done::Group(name.to_owned()))),
                        (Err(error), Some(known)) => {
                            let mut more = Vec::new();
                            known.group.written(now_ms, Err(error), &mut more);
                            effects.extend(more);
                        }
                        (Err(_), None) => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// Appends records to the partition of their group. Gives where they begin and end.
    fn write(
        &mut self,
        key: PartitionKey,
        records: &[CoordinatorRecord],
        now_ms: i64,
        cx: &mut KafkaCx<'_>,
    ) -> Result<Result<(i64, i64), ErrorCode>, DiskError> {
        let mut builder = BatchBuilder::new(Fields::default());
        for record in records {
            let (record_key, value) = record.encode();
            builder.push(&NewRecord {
                timestamp: now_ms,
                key: Some(&record_key),
                value: value.as_deref(),
                headers: &[],
            });
        }
        let appended = self.append(key, &builder.build(), Origin::Coordinator, -1, now_ms);
        if let Some(replica) = self.replicas.get_mut(&key) {
            replica.written.follow(&replica.log, cx)?;
        }
        Ok(match appended {
            Ok((_, appended)) => Ok((appended.base_offset, appended.last_offset + 1)),
            Err(failure) => Err(failure.error),
        })
    }

    pub(super) fn serve_group(
        &mut self,
        from: HostId,
        correlation: u64,
        name: &str,
        request: &GroupRequest,
        cx: &mut KafkaCx<'_>,
    ) -> Result<(), DiskError> {
        let key = self.coordinator_of(name);
        let key = key.filter(|(_, partition)| self.groups.by_partition.contains_key(partition));
        let Some(key) = key else {
            let failed = Response::Failed(ErrorCode::NotCoordinator.into());
            self.sender.respond(cx, from, correlation, failed);
            return Ok(());
        };
        let now_ms = now_ms(cx);
        let mut effects = Vec::new();
        self.groups.next_token += 1;
        let token = self.groups.next_token;
        let settings = self.config.groups;
        let Some(coordinator) = self.groups.by_partition.get_mut(&key.1) else {
            return Ok(());
        };
        if matches!(request, GroupRequest::Join(_) | GroupRequest::Commit(..)) {
            coordinator.groups.entry(name.to_owned()).or_insert_with(|| Known {
                group: ClassicGroup::new(settings, now_ms),
                offsets: Offsets::default(),
            });
        }
        let at = At {
            now_ms,
            token,
            random: u128::from(cx.random().next_u64()) << 64 | u128::from(cx.random().next_u64()),
        };
        match answer(coordinator.groups.get_mut(name), request, at, &mut effects) {
            Answer::Later => {
                self.groups.tokens.insert(token, (key.1, from, correlation));
            }
            Answer::Now(answer) => {
                let response = answer.unwrap_or_else(|error| Response::Failed(error.into()));
                self.sender.respond(cx, from, correlation, response);
            }
            Answer::Commit(offsets) => return self.commit(key, name, (from, correlation), offsets, now_ms, cx),
        }
        self.act(key, name, effects, now_ms, cx)
    }

    fn commit(
        &mut self,
        key: PartitionKey,
        name: &str,
        (to, correlation): (HostId, u64),
        offsets: &[(String, i32, i64)],
        now_ms: i64,
        cx: &mut KafkaCx<'_>,
    ) -> Result<(), DiskError> {
        let records = offsets
            .iter()
            .map(|(topic, partition, offset)| CoordinatorRecord::Offset {
                group: name.to_owned(),
                topic: topic.clone(),
                partition: *partition,
                value: Some(Committed {
                    offset: *offset,
                    leader_epoch: None,
                    metadata: String::new(),
                    committed_ms: now_ms,
                }),
            });
        let records: Vec<CoordinatorRecord> = records.collect();
        if records.is_empty() {
            self.sender.respond(cx, to, correlation, Response::GroupDone);
            return Ok(());
        }
        match self.write(key, &records, now_ms, cx)? {
            Ok((base_offset, end)) => {
                let done = Done::Commit {
                    to,
                    correlation,
                    base_offset,
                    records,
                };
                if let Some(coordinator) = self.groups.by_partition.get_mut(&key.1) {
                    coordinator.written.push_back((end, done));
                }
            }
            Err(_) => {
                let failed = Response::Failed(ErrorCode::CoordinatorNotAvailable.into());
                self.sender.respond(cx, to, correlation, failed);
            }
        }
        Ok(())
    }
}
