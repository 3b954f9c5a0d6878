//! Clients of a group, a coordinator that may be replaced, and a network that loses requests and answers.

use std::collections::BTreeMap;

use bytes::Bytes;
use essaim_kafka::error::ErrorCode;
use essaim_kafka::group::GroupSettings;
use essaim_kafka::group::classic::{
    ClassicGroup, Effect, GroupRecord, Join, JoinResponse, Leaving, State, Sync, SyncResponse,
};
use essaim_kafka::group::record::CoordinatorRecord;
use essaim_kernel::random::{Stream, Streams};

use super::join;

const PARTITIONS: u8 = 8;

#[derive(Clone, Debug, Default)]
pub struct Client {
    pub is_up: bool,
    instance_id: Option<String>,
    member_id: String,
    generation: i32,
    /// What it reads, once it has an assignment.
    pub owned: Option<Vec<u8>>,
    stage: Stage,
    waits_for: Option<u64>,
    wake: i64,
}

#[derive(Clone, Debug, Default)]
enum Stage {
    #[default]
    Joining,
    Syncing(BTreeMap<String, Bytes>),
    Reading,
}

enum Event {
    Request(usize, u64),
    Joined(u64, JoinResponse),
    Synced(u64, SyncResponse),
    Beaten(u64, Result<(), ErrorCode>),
    Written(Result<(), ErrorCode>),
}

pub struct World {
    pub now: i64,
    pub group: ClassicGroup,
    kept: GroupRecord,
    unwritten: Vec<GroupRecord>,
    pub clients: Vec<Client>,
    queue: BTreeMap<(i64, u64), Event>,
    sequence: u64,
    stream: Stream,
    pub loss_percent: u64,
    pub failure_percent: u64,
    /// What the leader of each generation assigned, since the coordinator began.
    assigned: BTreeMap<i32, BTreeMap<String, Bytes>>,
    leaders: BTreeMap<i32, String>,
    pub generations: i32,
}

/// As the next coordinator reads it.
fn through_bytes(record: GroupRecord) -> GroupRecord {
    let written = CoordinatorRecord::Group {
        group: "g".to_owned(),
        value: Some(record),
    };
    let (key, value) = written.encode();
    let read = CoordinatorRecord::decode(&key, value.as_deref()).unwrap();
    assert_eq!(read, written);
    match read {
        CoordinatorRecord::Group {
            value: Some(record), ..
        } => record,
        other => panic!("{other:?}"),
    }
}

impl World {
    pub fn new(seed: u64, count: usize) -> Self {
        let stream = Streams::new(seed).named("world").clone();
        let group = ClassicGroup::new(GroupSettings::default(), 0);
        let kept = GroupRecord {
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            state_since_ms: 0,
            members: Vec::new(),
        };
        let clients = (0..count).map(|place| Client {
            is_up: true,
            instance_id: (place % 3 == 1).then(|| format!("shop-{place}")),
            ..Client::default()
        });
        Self {
            now: 0,
            group,
            kept,
            unwritten: Vec::new(),
            clients: clients.collect(),
            queue: BTreeMap::new(),
            sequence: 0,
            stream,
            loss_percent: 0,
            failure_percent: 0,
            assigned: BTreeMap::new(),
            leaders: BTreeMap::new(),
            generations: 0,
        }
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.stream.below(bound)
    }

    /// The process dies; what it had in memory is gone.
    pub fn crash(&mut self, place: usize) {
        self.clients[place] = Client {
            instance_id: self.clients[place].instance_id.take(),
            wake: i64::MAX,
            ..Client::default()
        };
    }

    pub fn start(&mut self, place: usize) {
        let client = &mut self.clients[place];
        if !client.is_up {
            (client.is_up, client.wake) = (true, self.now);
        }
    }

    /// It neither answers nor asks for a while.
    pub fn pause(&mut self, place: usize, ms: i64) {
        let client = &mut self.clients[place];
        if client.is_up {
            client.wake = client.wake.max(self.now + ms);
        }
    }

    pub fn leave(&mut self, place: usize) {
        let client = self.clients[place].clone();
        let mut effects = Vec::new();
        let leaving = Leaving {
            member_id: client.member_id,
            instance_id: client.instance_id,
        };
        let _ = self.group.leave(self.now, &[leaving], &mut effects);
        self.act(effects);
        self.crash(place);
    }

    /// Another broker coordinates from here on, and knows what was replicated.
    pub fn fail_over(&mut self) {
        self.group = ClassicGroup::restore(GroupSettings::default(), &self.kept, self.now);
        self.unwritten.clear();
        self.queue.clear();
        self.leaders.clear();
        let kept = self.assigned.remove(&self.kept.generation);
        self.assigned.clear();
        if let Some(kept) = kept {
            self.assigned.insert(self.kept.generation, kept);
        }
        for client in &mut self.clients {
            if client.waits_for.take().is_some() {
                client.wake = client.wake.min(self.now + 100);
            }
        }
    }

    fn later(&mut self, delay_max: u64, event: Event) {
        let delay = 1 + self.stream.below(delay_max).cast_signed();
        self.sequence += 1;
        self.queue.insert((self.now + delay, self.sequence), event);
    }

    fn is_lost(&mut self) -> bool {
        self.stream.below(100) < self.loss_percent
    }

    pub fn run(&mut self, until: i64) {
        for _ in 0..200_000 {
            let arrival = self.queue.first_key_value().map(|((at, _), _)| *at);
            let timer = self.group.deadline().map(|at| at.max(self.now));
            let wakes = self.clients.iter().enumerate().filter(|(_, client)| client.is_up);
            let wake = wakes.map(|(place, client)| (client.wake.max(self.now), place)).min();
            let next = [arrival, timer, wake.map(|(at, _)| at)].into_iter().flatten().min();
            let Some(at) = next.filter(|at| *at <= until) else {
                self.now = until;
                return;
            };
            self.now = at;
            if arrival == Some(at) {
                let (_, event) = self.queue.pop_first().unwrap();
                self.arrives(event);
            } else if timer == Some(at) {
                let mut effects = Vec::new();
                self.group.tick(self.now, &mut effects);
                self.act(effects);
            } else if let Some((_, place)) = wake {
                self.wakes(place);
            }
            self.look();
        }
        panic!("it goes round in circles at {}", self.now);
    }

    /// A client has something to ask, or has waited for too long.
    fn wakes(&mut self, place: usize) {
        self.sequence += 1;
        let token = self.sequence;
        let client = &mut self.clients[place];
        client.waits_for = Some(token);
        let patience = if matches!(client.stage, Stage::Joining) {
            65_000
        } else {
            30_000
        };
        client.wake = self.now + patience;
        if !self.is_lost() {
            self.later(20, Event::Request(place, token));
        }
    }

    fn arrives(&mut self, event: Event) {
        match event {
            Event::Request(place, token) => self.asked(place, token),
            Event::Joined(token, response) => {
                if let Some(place) = self.waiting(token) {
                    self.joined(place, response);
                }
            }
            Event::Synced(token, response) => {
                if let Some(place) = self.waiting(token) {
                    self.synced(place, response);
                }
            }
            Event::Beaten(token, answer) => {
                if let Some(place) = self.waiting(token) {
                    self.clients[place].wake = self.now + 3_000;
                    if let Err(error) = answer {
                        self.wrong(place, error);
                    }
                }
            }
            Event::Written(result) => {
                let record = self.unwritten.remove(0);
                if result.is_ok() {
                    self.kept = through_bytes(record);
                }
                let mut effects = Vec::new();
                self.group.written(self.now, result, &mut effects);
                self.act(effects);
            }
        }
    }

    fn waiting(&mut self, token: u64) -> Option<usize> {
        let place = self.clients.iter().position(|client| client.waits_for == Some(token))?;
        self.clients[place].waits_for = None;
        self.clients[place].wake = self.now;
        Some(place)
    }

    fn asked(&mut self, place: usize, token: u64) {
        let client = self.clients[place].clone();
        if client.waits_for != Some(token) {
            return;
        }
        let mut effects = Vec::new();
        match client.stage {
            Stage::Joining => {
                let request = Join {
                    member_id: client.member_id,
                    instance_id: client.instance_id,
                    rebalance_timeout_ms: 60_000,
                    random: u128::from(self.stream.below(u64::MAX)),
                    ..join("c")
                };
                self.group.join(self.now, &request, token, &mut effects);
            }
            Stage::Syncing(assignments) => {
                let request = Sync {
                    member_id: client.member_id,
                    instance_id: client.instance_id,
                    generation: client.generation,
                    protocol_type: Some("consumer".to_owned()),
                    protocol: Some("range".to_owned()),
                    assignments,
                };
                self.group.sync(self.now, &request, token, &mut effects);
            }
            Stage::Reading => {
                let name = client.instance_id.as_deref();
                let answer = self
                    .group
                    .heartbeat(self.now, &client.member_id, name, client.generation);
                if !self.is_lost() {
                    self.later(20, Event::Beaten(token, answer));
                }
            }
        }
        self.act(effects);
    }

    fn act(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Write(record) => {
                    self.unwritten.push(record);
                    let fails = self.stream.below(100) < self.failure_percent;
                    let result = if fails {
                        Err(ErrorCode::NotEnoughReplicas)
                    } else {
                        Ok(())
                    };
                    // In order, as they are in the log.
                    let after = self
                        .queue
                        .iter()
                        .filter(|(_, event)| matches!(event, Event::Written(_)));
                    let after = after.map(|((at, _), _)| *at).max().unwrap_or(self.now);
                    self.sequence += 1;
                    let at = after + 1 + self.stream.below(50).cast_signed();
                    self.queue.insert((at, self.sequence), Event::Written(result));
                }
                Effect::Joined(token, response) => {
                    if !self.is_lost() {
                        self.later(20, Event::Joined(token, response));
                    }
                }
                Effect::Synced(token, response) => {
                    if !self.is_lost() {
                        self.later(20, Event::Synced(token, response));
                    }
                }
            }
        }
    }

    fn joined(&mut self, place: usize, response: JoinResponse) {
        let client = &mut self.clients[place];
        match response.error {
            None => {}
            Some(ErrorCode::MemberIdRequired) => {
                client.member_id = response.member_id;
                return;
            }
            Some(error) => return self.wrong(place, error),
        }
        client.member_id = response.member_id;
        client.generation = response.generation;
        self.generations = self.generations.max(response.generation);
        let is_leader = client.member_id == response.leader;
        let mut assignments = BTreeMap::new();
        if is_leader && !response.skip_assignment {
            let count = response.members.len();
            for (number, (id, ..)) in response.members.iter().enumerate() {
                let part = (0..PARTITIONS).filter(|partition| usize::from(*partition) % count == number);
                assignments.insert(id.clone(), part.collect());
            }
            // The same members are told to the leader whenever it asks.
            let known = self
                .assigned
                .entry(response.generation)
                .or_insert_with(|| assignments.clone());
            assert_eq!(*known, assignments, "two assignments of one generation");
        }
        if is_leader {
            let id = &response.leader;
            let first = self.leaders.entry(response.generation).or_insert_with(|| id.clone());
            assert!(
                *first == *id || response.skip_assignment,
                "two leaders of one generation"
            );
        }
        client.stage = Stage::Syncing(assignments);
    }

    fn synced(&mut self, place: usize, response: SyncResponse) {
        if let Some(error) = response.error {
            return self.wrong(place, error);
        }
        let client = &mut self.clients[place];
        client.stage = Stage::Reading;
        client.owned = Some(response.assignment.to_vec());
        client.wake = self.now + 3_000;
        if let Some(part) = self
            .assigned
            .get(&client.generation)
            .and_then(|all| all.get(&client.member_id))
        {
            assert_eq!(*part, response.assignment, "not what the leader gave it");
        }
    }

    /// As a consumer takes errors.
    fn wrong(&mut self, place: usize, error: ErrorCode) {
        let client = &mut self.clients[place];
        client.wake = self.now + 100;
        match error {
            ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator => {
                if !matches!(client.stage, Stage::Reading) {
                    client.stage = Stage::Joining;
                    client.owned = None;
                }
                return;
            }
            ErrorCode::RebalanceInProgress | ErrorCode::IllegalGeneration => {}
            ErrorCode::UnknownMemberId => client.member_id.clear(),
            ErrorCode::FencedInstanceId => return self.crash(place),
            other => panic!("{other} at {place}"),
        }
        client.stage = Stage::Joining;
        client.owned = None;
    }

    /// Nobody reads what another member of the same generation reads.
    fn look(&self) {
        if self.group.state() != State::Stable {
            return;
        }
        let mut seen = [false; PARTITIONS as usize];
        for client in self.clients.iter().filter(|client| client.is_up) {
            let is_member = self.group.members().any(|member| member.id == client.member_id);
            if !is_member || client.generation != self.group.generation() {
                continue;
            }
            for partition in client.owned.iter().flatten() {
                assert!(
                    !core::mem::replace(&mut seen[usize::from(*partition)], true),
                    "{partition}"
                );
            }
        }
    }

    /// All partitions are read, each by one.
    pub fn check_all_is_read(&self) {
        let mut read: Vec<u8> = self
            .clients
            .iter()
            .filter(|client| client.is_up)
            .flat_map(|client| client.owned.iter().flatten().copied())
            .collect();
        read.sort_unstable();
        assert_eq!(read, (0..PARTITIONS).collect::<Vec<u8>>(), "{:?}", self.group);
        for client in self.clients.iter().filter(|client| client.is_up) {
            assert_eq!(client.generation, self.group.generation());
        }
    }
}
