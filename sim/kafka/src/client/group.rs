//! A consumer that subscribes: a member of a classic group. It finds the coordinator, joins, assigns if it leads, reads what
//! it was given, and commits how far it is.

use std::collections::BTreeMap;

use bytes::Bytes;
use essaim_kernel::world::{Delivery, HostId, What};

use super::consumer::Consumed;
use super::{Client, ClientConfig, Outcome};
use crate::assignor::{ClientAssignor, Member, MemberAssignment, Subscription, Topics};
use crate::error::ErrorCode;
use crate::group::classic::{Join, JoinResponse, Leaving, Protocol, Sync, SyncResponse};
use crate::message::{Fetch, FetchPartition, FetchedPartition, GroupMember, GroupRequest, Packet, Request, Response};
use crate::node::{KafkaCx, Timer, now_ms};

#[derive(Clone, Debug)]
enum Purpose {
    Find,
    Join,
    Sync,
    Committed,
    Heartbeat,
    Commit,
    Leave,
    /// A partition, in a generation.
    Fetch(i32, i32),
}

/// How far it is with its group.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Finding,
    Joining,
    Syncing(BTreeMap<String, Bytes>),
    /// It asks where the group is.
    Positioning,
    Reading,
    Left,
}

#[derive(Clone, Copy, Debug, Default)]
struct Position {
    offset: i64,
    is_asking: bool,
    ready_ms: i64,
}

/// A member of a group.
#[derive(Clone, Debug)]
pub struct GroupConsumer {
    client: Client<Purpose>,
    group: String,
    stage: Stage,
    coordinator: Option<HostId>,
    member_id: String,
    generation: i32,
    positions: BTreeMap<i32, Position>,
    consumed: Vec<Consumed>,
    /// A request to the coordinator is under way.
    is_asking: bool,
    ready_ms: i64,
    next_beat_ms: i64,
    next_commit_ms: i64,
    /// The group rebalances: what was read is committed, then it joins again.
    must_rejoin: bool,
    timer: Timer,
}

const ALARM: u64 = 1;

/// `session.timeout.ms`
const SESSION_TIMEOUT_MS: i64 = 45_000;
/// `heartbeat.interval.ms`
const HEARTBEAT_INTERVAL_MS: i64 = 3_000;
/// `auto.commit.interval.ms`
const COMMIT_INTERVAL_MS: i64 = 5_000;
/// `max.poll.interval.ms`
const POLL_INTERVAL_MAX_MS: i64 = 300_000;
/// `fetch.max.wait.ms`
const FETCH_WAIT_MAX_MS: i64 = 500;

impl GroupConsumer {
    /// On a host that has started.
    pub fn start(config: ClientConfig, group: &str, cx: &mut KafkaCx<'_>) -> Self {
        let mut consumer = Self {
            client: Client::start(config, cx),
            group: group.to_owned(),
            stage: Stage::Finding,
            coordinator: None,
            member_id: String::new(),
            generation: -1,
            positions: BTreeMap::new(),
            consumed: Vec::new(),
            is_asking: false,
            ready_ms: 0,
            next_beat_ms: 0,
            next_commit_ms: 0,
            must_rejoin: false,
            timer: Timer::default(),
        };
        consumer.wake(cx);
        consumer
    }

    /// Something happens on its host.
    pub fn step(&mut self, delivery: &Delivery<Packet>, cx: &mut KafkaCx<'_>) {
        if let What::Alarm { token: ALARM } = delivery.what {
            self.timer.rang();
        }
        for outcome in self.client.hear(delivery, cx) {
            self.settle(outcome, cx);
        }
        self.wake(cx);
    }

    /// What was read since this was last asked.
    pub fn poll(&mut self) -> Vec<Consumed> {
        core::mem::take(&mut self.consumed)
    }

    /// Its generation, and the partitions that are its own.
    pub fn owned(&self) -> (i32, Vec<i32>) {
        (self.generation, self.positions.keys().copied().collect())
    }

    /// Its id in the group.
    pub fn member_id(&self) -> &str {
        &self.member_id
    }

    /// It leaves the group (`close()`).
    pub fn leave(&mut self, cx: &mut KafkaCx<'_>) {
        if let Some(host) = self.coordinator {
            let leaving = Leaving {
                member_id: self.member_id.clone(),
                instance_id: None,
            };
            let request = Request::Group(self.group.clone(), GroupRequest::Leave(vec![leaving]));
            self.client.ask(host, Purpose::Leave, request, cx);
        }
        self.positions.clear();
        self.stage = Stage::Left;
    }

    fn settle(&mut self, outcome: Outcome<Purpose>, cx: &mut KafkaCx<'_>) {
        let now_ms = now_ms(cx);
        let retry_ms = now_ms + self.client.config.retry_backoff_ms;
        let purpose = match outcome.purpose {
            Purpose::Leave => return,
            Purpose::Fetch(partition, generation) => {
                if generation == self.generation {
                    self.settle_fetch(partition, outcome.response, retry_ms, cx);
                }
                return;
            }
            purpose => purpose,
        };
        self.is_asking = false;
        if self.stage == Stage::Left {
            return;
        }
        match (purpose, outcome.response) {
            (_, None) => self.lose_coordinator(retry_ms),
            (_, Some(Response::Failed(failure))) => self.wrong(failure.error, retry_ms),
            (Purpose::Find, Some(Response::Coordinator(id, host))) => {
                self.coordinator = self.client.broker(id, &host, cx);
                if self.stage == Stage::Finding {
                    self.stage = Stage::Joining;
                }
            }
            (Purpose::Join, Some(Response::Joined(joined))) => self.joined(joined, retry_ms),
            (Purpose::Sync, Some(Response::Synced(synced))) => self.synced(&synced, now_ms, retry_ms),
            (Purpose::Committed, Some(Response::Committed(each))) => {
                for (_, partition, offset) in each {
                    if let Some(position) = self.positions.get_mut(&partition) {
                        // `auto.offset.reset=earliest`
                        position.offset = offset.max(0);
                    }
                }
                self.stage = Stage::Reading;
            }
            (Purpose::Commit, _) if self.must_rejoin => self.rejoin(),
            _ => {}
        }
    }

    fn rejoin(&mut self) {
        self.must_rejoin = false;
        // An eager assignor's members give up what they have before they join.
        self.positions.clear();
        self.stage = Stage::Joining;
    }

    fn lose_coordinator(&mut self, retry_ms: i64) {
        self.coordinator = None;
        self.ready_ms = retry_ms;
        if self.must_rejoin {
            self.rejoin();
        }
        if let Stage::Syncing(_) = self.stage {
            self.stage = Stage::Joining;
        }
    }

    fn wrong(&mut self, error: ErrorCode, retry_ms: i64) {
        self.ready_ms = retry_ms;
        match error {
            ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator | ErrorCode::RequestTimedOut => {
                self.lose_coordinator(retry_ms);
            }
            ErrorCode::RebalanceInProgress if self.stage == Stage::Reading && !self.must_rejoin => {
                self.must_rejoin = true;
            }
            ErrorCode::UnknownMemberId => {
                self.member_id.clear();
                self.generation = -1;
                self.rejoin();
            }
            _ => self.rejoin(),
        }
    }

    fn joined(&mut self, joined: JoinResponse, retry_ms: i64) {
        match joined.error {
            None => {}
            Some(ErrorCode::MemberIdRequired) => {
                self.member_id = joined.member_id;
                return;
            }
            Some(error) => return self.wrong(error, retry_ms),
        }
        self.member_id = joined.member_id;
        self.generation = joined.generation;
        let mut assignments = BTreeMap::new();
        if joined.leader == self.member_id && !joined.skip_assignment {
            let members = joined.members.iter().map(|(id, instance, metadata)| Member {
                id: id.clone(),
                instance: instance.clone(),
                subscription: Subscription::decode(metadata).unwrap_or_default(),
            });
            let members: Vec<Member> = members.collect();
            let racks = vec![Vec::new(); self.client.partition_count()];
            let topics = Topics::from([(self.client.config.topic.clone(), racks)]);
            let assigned = ClientAssignor::Range.assign(&topics, &members).unwrap_or_default();
            for (id, partitions) in assigned {
                let assignment = MemberAssignment {
                    partitions,
                    user_data: None,
                };
                assignments.insert(id, Bytes::from(assignment.encode(3)));
            }
        }
        self.stage = Stage::Syncing(assignments);
    }

    fn synced(&mut self, synced: &SyncResponse, now_ms: i64, retry_ms: i64) {
        if let Some(error) = synced.error {
            return self.wrong(error, retry_ms);
        }
        let assignment = MemberAssignment::decode(&synced.assignment).unwrap_or_default();
        let partitions = assignment.partitions.into_iter().map(|one| one.partition);
        self.positions = partitions.map(|partition| (partition, Position::default())).collect();
        self.next_beat_ms = now_ms + HEARTBEAT_INTERVAL_MS;
        self.next_commit_ms = now_ms + COMMIT_INTERVAL_MS;
        self.stage = Stage::Positioning;
    }

    fn settle_fetch(&mut self, partition: i32, response: Option<Response>, retry_ms: i64, cx: &KafkaCx<'_>) {
        let Some(position) = self.positions.get_mut(&partition) else {
            return;
        };
        position.is_asking = false;
        let result = match response {
            Some(Response::Fetched(mut each)) if each.len() == 1 => each.remove(0).1,
            Some(Response::Failed(failure)) => Err(failure),
            _ => Err(ErrorCode::RequestTimedOut.into()),
        };
        match result {
            Ok(fetched) => take(partition, position, &fetched, &mut self.consumed),
            Err(failure) => {
                position.ready_ms = retry_ms;
                if failure.error == ErrorCode::OffsetOutOfRange {
                    position.offset = 0;
                }
                self.client.refresh(cx);
            }
        }
    }

    fn member(&self) -> GroupMember {
        GroupMember {
            member_id: self.member_id.clone(),
            instance_id: None,
            generation: self.generation,
        }
    }

    /// The next question to the coordinator, if there is one.
    fn question(&mut self, now_ms: i64) -> Option<(Purpose, GroupRequest)> {
        let topic = &self.client.config.topic;
        match &self.stage {
            Stage::Joining if self.client.partition_count() > 0 => {
                let subscription = Subscription {
                    topics: vec![topic.clone()],
                    ..Subscription::default()
                };
                let join = Join {
                    member_id: self.member_id.clone(),
                    instance_id: None,
                    client_id: "consumer".to_owned(),
                    client_host: String::new(),
                    session_timeout_ms: SESSION_TIMEOUT_MS,
                    rebalance_timeout_ms: POLL_INTERVAL_MAX_MS,
                    protocol_type: "consumer".to_owned(),
                    protocols: vec![Protocol {
                        name: ClientAssignor::Range.name().to_owned(),
                        metadata: Bytes::from(subscription.encode(3)),
                    }],
                    version: 9,
                    random: 0,
                };
                Some((Purpose::Join, GroupRequest::Join(join)))
            }
            Stage::Syncing(assignments) => {
                let sync = Sync {
                    member_id: self.member_id.clone(),
                    instance_id: None,
                    generation: self.generation,
                    protocol_type: Some("consumer".to_owned()),
                    protocol: Some(ClientAssignor::Range.name().to_owned()),
                    assignments: assignments.clone(),
                };
                Some((Purpose::Sync, GroupRequest::Sync(sync)))
            }
            Stage::Positioning => {
                let wanted = self.positions.keys().map(|partition| (topic.clone(), *partition));
                Some((Purpose::Committed, GroupRequest::Committed(wanted.collect())))
            }
            Stage::Reading if self.must_rejoin || now_ms >= self.next_commit_ms => {
                self.next_commit_ms = now_ms + COMMIT_INTERVAL_MS;
                let offsets = self.positions.iter();
                let offsets = offsets.map(|(partition, position)| (topic.clone(), *partition, position.offset));
                let commit = GroupRequest::Commit(self.member(), offsets.collect());
                Some((Purpose::Commit, commit))
            }
            Stage::Reading if now_ms >= self.next_beat_ms => {
                self.next_beat_ms = now_ms + HEARTBEAT_INTERVAL_MS;
                Some((Purpose::Heartbeat, GroupRequest::Heartbeat(self.member())))
            }
            _ => None,
        }
    }

    fn wake(&mut self, cx: &mut KafkaCx<'_>) {
        let now_ms = now_ms(cx);
        self.client.poll(cx);
        if !self.is_asking && now_ms >= self.ready_ms && self.stage != Stage::Left {
            self.ask_group(now_ms, cx);
        }
        if self.stage == Stage::Reading {
            self.send_fetches(now_ms, cx);
        }
        let at = self.deadline();
        self.timer.arm(cx, at, ALARM);
    }

    fn ask_group(&mut self, now_ms: i64, cx: &mut KafkaCx<'_>) {
        let Some(host) = self.coordinator else {
            if let Some(host) = self.client.any_broker(cx) {
                self.is_asking = true;
                let request = Request::FindCoordinator(self.group.clone());
                self.client.ask(host, Purpose::Find, request, cx);
            }
            return;
        };
        match self.question(now_ms) {
            Some((purpose, request)) => {
                self.is_asking = true;
                let request = Request::Group(self.group.clone(), request);
                self.client.ask(host, purpose, request, cx);
            }
            None => {
                // Without metadata there is nothing to join for.
                self.ready_ms = match self.stage {
                    Stage::Reading => self.next_beat_ms.min(self.next_commit_ms),
                    _ => now_ms + self.client.config.retry_backoff_ms,
                };
            }
        }
    }

    fn send_fetches(&mut self, now_ms: i64, cx: &mut KafkaCx<'_>) {
        for (partition, position) in &mut self.positions {
            if position.is_asking || now_ms < position.ready_ms {
                continue;
            }
            let Some((key, epoch, host)) = self.client.leader(*partition, cx) else {
                position.ready_ms = now_ms + self.client.config.retry_backoff_ms;
                self.client.refresh(cx);
                continue;
            };
            position.is_asking = true;
            let fetch = Fetch {
                replica_id: -1,
                replica_epoch: -1,
                wait_max_ms: FETCH_WAIT_MAX_MS,
                bytes_min: 1,
                partition_bytes_max: 1 << 20,
                read_committed: false,
                partitions: vec![FetchPartition {
                    key,
                    current_leader_epoch: epoch,
                    offset: position.offset,
                    last_fetched_epoch: -1,
                    log_start_offset: -1,
                }],
            };
            let purpose = Purpose::Fetch(*partition, self.generation);
            self.client.ask(host, purpose, Request::Fetch(fetch), cx);
        }
    }

    fn deadline(&self) -> i64 {
        let is_reading = self.stage == Stage::Reading;
        let waiting = self
            .positions
            .values()
            .filter(|position| is_reading && !position.is_asking);
        let waiting = waiting.map(|position| position.ready_ms);
        let question = (!self.is_asking && self.stage != Stage::Left).then_some(self.ready_ms);
        waiting
            .chain(question)
            .chain([self.client.deadline()])
            .min()
            .unwrap_or(i64::MAX)
    }
}

fn take(partition: i32, position: &mut Position, fetched: &FetchedPartition, consumed: &mut Vec<Consumed>) {
    for batch in &fetched.batches {
        for record in batch.records().flatten() {
            // The first batch may begin before what was asked for.
            if record.offset >= position.offset && !batch.is_control() {
                consumed.push(Consumed {
                    partition,
                    offset: record.offset,
                    value: Bytes::copy_from_slice(record.value.unwrap_or_default()),
                });
            }
        }
        position.offset = position.offset.max(batch.next_offset());
    }
}
