//! A group and what it answered.

use std::collections::BTreeMap;

use bytes::Bytes;
use essaim_kafka::error::ErrorCode;
use essaim_kafka::group::GroupSettings;
use essaim_kafka::group::classic::{
    ClassicGroup, Effect, GroupRecord, Join, JoinResponse, Leaving, State, Sync, SyncResponse,
};

use super::join;

/// A group whose writes succeed at once, unless they are held back.
pub struct Bench {
    pub group: ClassicGroup,
    pub now: i64,
    pub token: u64,
    pub joined: BTreeMap<u64, JoinResponse>,
    pub synced: BTreeMap<u64, SyncResponse>,
    pub records: Vec<GroupRecord>,
    pub holds_back: bool,
}

impl Bench {
    pub fn new(settings: GroupSettings) -> Self {
        Self {
            group: ClassicGroup::new(settings, 0),
            now: 0,
            token: 0,
            joined: BTreeMap::new(),
            synced: BTreeMap::new(),
            records: Vec::new(),
            holds_back: false,
        }
    }

    pub fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Joined(token, response) => {
                    assert_eq!(self.joined.insert(token, response), None, "answered twice");
                }
                Effect::Synced(token, response) => {
                    assert_eq!(self.synced.insert(token, response), None, "answered twice");
                }
                Effect::Write(record) => {
                    self.records.push(record);
                    if !self.holds_back {
                        self.written(Ok(()));
                    }
                }
            }
        }
    }

    pub fn written(&mut self, result: Result<(), ErrorCode>) {
        let mut effects = Vec::new();
        self.group.written(self.now, result, &mut effects);
        self.take(effects);
    }

    pub fn join(&mut self, join: &Join) -> u64 {
        self.token += 1;
        let mut effects = Vec::new();
        self.group.join(self.now, join, self.token, &mut effects);
        self.take(effects);
        self.token
    }

    pub fn sync(&mut self, member_id: &str, assignments: &[(&str, &'static [u8])]) -> u64 {
        self.token += 1;
        let assignments = assignments
            .iter()
            .map(|(id, part)| ((*id).to_owned(), Bytes::from(*part)));
        let sync = Sync {
            member_id: member_id.to_owned(),
            instance_id: None,
            generation: self.group.generation(),
            protocol_type: None,
            protocol: None,
            assignments: assignments.collect(),
        };
        let mut effects = Vec::new();
        self.group.sync(self.now, &sync, self.token, &mut effects);
        self.take(effects);
        self.token
    }

    pub fn leave(&mut self, member_id: &str, instance_id: Option<&str>) -> Result<(), ErrorCode> {
        let mut effects = Vec::new();
        let leaving = Leaving {
            member_id: member_id.to_owned(),
            instance_id: instance_id.map(str::to_owned),
        };
        let answer = self.group.leave(self.now, &[leaving], &mut effects);
        self.take(effects);
        answer?[0]
    }

    pub fn wait(&mut self, ms: i64) {
        let until = self.now + ms;
        while let Some(at) = self.group.deadline().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            let mut effects = Vec::new();
            self.group.tick(self.now, &mut effects);
            self.take(effects);
        }
        self.now = until;
    }

    /// A dynamic member: asks for an id, and joins with it. Gives what to join with again, and the token that waits.
    pub fn enter(&mut self, client: &str) -> (Join, u64) {
        let mut join = join(client);
        join.random = u128::from(self.token);
        let token = self.join(&join);
        let response = &self.joined[&token];
        assert_eq!(response.error, Some(ErrorCode::MemberIdRequired));
        join.member_id.clone_from(&response.member_id);
        let token = self.join(&join);
        (join, token)
    }

    pub fn enter_static(&mut self, name: &str) -> (Join, u64) {
        let mut join = join(name);
        join.instance_id = Some(name.to_owned());
        join.random = u128::from(self.token);
        let token = self.join(&join);
        (join, token)
    }
}

/// Two members, stable in generation 1; the leader comes first.
pub fn stable() -> (Bench, Join, Join) {
    let mut bench = Bench::new(GroupSettings::default());
    let (first, one) = bench.enter("a");
    let (second, other) = bench.enter("b");
    bench.wait(6_000);
    assert_eq!(bench.joined[&one].leader, first.member_id);
    assert_eq!(bench.joined[&one].members.len(), 2);
    assert_eq!(bench.joined[&other].members, []);
    let waits = bench.sync(&second.member_id, &[]);
    assert_eq!(bench.synced.get(&waits), None);
    bench.sync(&first.member_id, &[(&first.member_id, b"1"), (&second.member_id, b"2")]);
    assert_eq!(bench.synced[&waits].assignment, Bytes::from_static(b"2"));
    assert_eq!(bench.group.state(), State::Stable);
    (bench, first, second)
}
