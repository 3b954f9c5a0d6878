use std::collections::BTreeMap;

use essaim_kafka::assignor::server::Target;
use essaim_kafka::error::ErrorCode;
use essaim_kafka::group::GroupSettings;
use essaim_kafka::group::consumer::{ConsumerGroup, Heartbeat, LEAVE, LEAVE_FOR_A_WHILE, Refused, Response, State};
use essaim_kafka::uuid::Uuid;
use essaim_kernel::random::{Stream, Streams};

use super::{T, U, alive, join, names, topics};

#[derive(Clone, Default)]
struct Client {
    is_up: bool,
    id: String,
    instance_id: Option<String>,
    topics: Vec<&'static str>,
    epoch: i32,
    /// What it reads.
    owned: Target,
    /// What it was told to have, where that is not what it reads.
    told: Option<Target>,
    /// Whether it has to say all that it knows.
    is_unsure: bool,
    next: i64,
}

struct World {
    now: i64,
    group: ConsumerGroup,
    clients: Vec<Client>,
    partitions: (i32, i32),
    lives: u64,
    loss_percent: u64,
    stream: Stream,
}

impl World {
    fn new(seed: u64) -> Self {
        let clients = (0..=seed as usize % 5).map(|place| Client {
            instance_id: (place % 3 == 1).then(|| format!("shop-{place}")),
            topics: vec!["t"],
            ..Client::default()
        });
        Self {
            now: 0,
            group: ConsumerGroup::new(GroupSettings::default()),
            clients: clients.collect(),
            partitions: (6, 2),
            lives: 0,
            loss_percent: 0,
            stream: Streams::new(seed).named("world").clone(),
        }
    }

    fn start(&mut self, place: usize) {
        let client = &mut self.clients[place];
        if !client.is_up {
            self.lives += 1;
            *client = Client {
                is_up: true,
                id: format!("m{}", self.lives),
                instance_id: client.instance_id.take(),
                topics: client.topics.clone(),
                next: self.now,
                ..Client::default()
            };
        }
    }

    fn stop(&mut self, place: usize, epoch: Option<i32>) {
        let client = &mut self.clients[place];
        client.is_up = false;
        client.owned.clear();
        if let Some(epoch) = epoch {
            let heartbeat = Heartbeat {
                instance_id: client.instance_id.clone(),
                ..alive(&client.id, epoch)
            };
            let _ = self.group.heartbeat(self.now, &heartbeat, &topics(6, 2));
        }
    }

    fn run(&mut self, until: i64) {
        loop {
            let up = self.clients.iter().enumerate().filter(|(_, client)| client.is_up);
            let next = up.map(|(place, client)| (client.next.max(self.now), place)).min();
            let timer = self.group.deadline().map(|at| at.max(self.now));
            let at = next.map(|(at, _)| at).into_iter().chain(timer).min();
            let Some(at) = at.filter(|at| *at <= until) else { break };
            self.now = at;
            match next {
                Some((client_at, place)) if client_at == at => self.beat(place),
                _ => {
                    self.group.tick(self.now);
                }
            }
            self.look();
        }
        self.now = until;
    }

    /// Gives up what it must, takes what it may, and tells.
    fn beat(&mut self, place: usize) {
        let wait = 1_000 + self.stream.below(4_000).cast_signed();
        let slow = self.stream.below(4) == 0;
        let client = &mut self.clients[place];
        client.next = self.now + wait;
        let mut has_changed = false;
        if !slow && let Some(told) = client.told.take() {
            has_changed = client.owned != told;
            client.owned = told;
        }
        let is_full = client.epoch == 0 || client.is_unsure;
        let mut heartbeat = alive(&client.id, client.epoch);
        heartbeat.instance_id.clone_from(&client.instance_id);
        if is_full || has_changed {
            heartbeat.owned = Some(client.owned.clone());
        }
        if is_full {
            heartbeat.rebalance_timeout_ms = join("").rebalance_timeout_ms;
        }
        if is_full || self.stream.below(10) == 0 {
            heartbeat.topics = Some(names(&client.topics));
        }
        client.is_unsure = true;
        if self.stream.below(100) < self.loss_percent {
            return;
        }
        let topics = topics(self.partitions.0, self.partitions.1);
        let answer = self.group.heartbeat(self.now, &heartbeat, &topics);
        if self.stream.below(100) >= self.loss_percent {
            self.hears(place, answer);
        }
    }

    fn hears(&mut self, place: usize, answer: Result<Response, Refused>) {
        let client = &mut self.clients[place];
        client.is_unsure = false;
        match answer {
            Ok(response) => {
                client.epoch = response.epoch;
                if let Some(assignment) = response.assignment {
                    client.told = Some(assignment);
                }
            }
            Err(refused) => match refused.error {
                ErrorCode::FencedMemberEpoch | ErrorCode::UnknownMemberId => {
                    (client.epoch, client.told) = (0, None);
                    client.owned.clear();
                }
                ErrorCode::FencedInstanceId => self.stop(place, None),
                ErrorCode::UnreleasedInstanceId => {}
                other => panic!("{other}: {}", refused.message),
            },
        }
    }

    /// Nobody holds what another has, of those the coordinator knows.
    fn look(&self) {
        let mut holders: BTreeMap<(Uuid, i32), &str> = BTreeMap::new();
        for member in self.group.members() {
            let client = self
                .clients
                .iter()
                .find(|client| client.is_up && client.id == member.id);
            let held = client.filter(|client| client.epoch != 0).map(|client| &client.owned);
            let mut all = Target::new();
            for target in [&member.assigned, &member.revoking].into_iter().chain(held) {
                for (topic, partitions) in target {
                    all.entry(*topic).or_default().extend(partitions);
                }
            }
            for (topic, partitions) in &all {
                for partition in partitions {
                    let other = holders.insert((*topic, *partition), &member.id);
                    assert_eq!(other, None, "{topic}-{partition} is with {} as well", member.id);
                }
            }
        }
        assert!(self.group.target_epoch() <= self.group.epoch());
        for member in self.group.members() {
            assert!(member.epoch <= self.group.target_epoch());
        }
    }

    fn check_all_is_read(&self, seed: u64) {
        assert_eq!(self.group.state(), State::Stable, "seed {seed}");
        let up = || self.clients.iter().filter(|client| client.is_up);
        for (name, topic, count) in [("t", T, self.partitions.0), ("u", U, self.partitions.1)] {
            let mut read: Vec<i32> = up()
                .flat_map(|client| client.owned.get(&topic).into_iter().flatten().copied())
                .collect();
            read.sort_unstable();
            let is_wanted = up().any(|client| client.topics.contains(&name));
            let wanted: Vec<i32> = (0..count).filter(|_| is_wanted).collect();
            assert_eq!(read, wanted, "{name} with seed {seed}");
        }
    }
}

fn one(seed: u64) -> i32 {
    let mut world = World::new(seed);
    let count = world.clients.len() as u64;
    world.loss_percent = world.stream.below(20);
    for _ in 0..60 {
        let place = world.stream.below(count) as usize;
        match world.stream.below(14) {
            0 => world.stop(place, None),
            1 => world.stop(place, Some(LEAVE)),
            2 if world.clients[place].instance_id.is_some() => world.stop(place, Some(LEAVE_FOR_A_WHILE)),
            3..=6 => world.start(place),
            7 => {
                let pause = world.stream.below(90_000).cast_signed();
                world.clients[place].next += pause;
            }
            8 => {
                let choices: [&[&str]; 3] = [&["t"], &["u"], &["t", "u"]];
                let choice = choices[world.stream.below(3) as usize].to_vec();
                let client = &mut world.clients[place];
                // It says so with its next heartbeat.
                (client.topics, client.is_unsure) = (choice, true);
            }
            9 => world.partitions.0 = (world.partitions.0 + 1).min(12),
            10 => world.group = world.group.resumed(world.now),
            _ => {}
        }
        let wait = world.stream.below(20_000).cast_signed();
        world.run(world.now + wait);
    }
    world.loss_percent = 0;
    world.start(0);
    world.run(world.now + 600_000);
    world.check_all_is_read(seed);
    world.group.epoch()
}

#[test]
fn no_partition_is_with_two_and_all_are_read_in_the_end() {
    let epochs: i32 = (0..100).map(one).sum();
    assert!(epochs > 1_000, "{epochs}: something has to happen");
}
