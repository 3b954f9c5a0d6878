//! Hosts, what runs on them, and a hand that asks.

use std::collections::BTreeMap;

use essaim_kafka::batch::{Batch, BatchBuilder, Fields, NewRecord};
use essaim_kafka::broker::{Broker, BrokerConfig};
use essaim_kafka::client::ClientConfig;
use essaim_kafka::client::consumer::Consumer;
use essaim_kafka::client::group::GroupConsumer;
use essaim_kafka::client::producer::Producer;
use essaim_kafka::controller::{Controller, ControllerConfig};
use essaim_kafka::message::*;
use essaim_kafka::node::{Bootstrap, Sender};
use essaim_kafka::uuid::Uuid;
use essaim_kernel::world::{Fault, HostId, HostOptions, HostState, What, World};
use essaim_kernel::{Limits, Time};

pub enum Node {
    Starting,
    Controller(Box<Controller>),
    Broker(Box<Broker>),
    Hand,
    Producer(Box<Producer>),
    Consumer(Box<Consumer>),
    Member(Box<GroupConsumer>),
}

pub struct Cluster {
    pub world: World<Packet>,
    pub bootstrap: Bootstrap,
    pub nodes: BTreeMap<HostId, (String, Node)>,
    pub hand: HostId,
    answers: BTreeMap<u64, Response>,
    next: u64,
}

pub const START_SECS: i64 = 1_700_000_000;

impl Cluster {
    pub fn new(seed: u64) -> Self {
        let limits = Limits::default();
        let mut world = World::new(seed, Time::from_secs(START_SECS), limits);
        let first_kind = world.add_kinds(&KINDS);
        let voters = (1..=3).map(|at| (100 + at, format!("controller-{at}"))).collect();
        let bootstrap = Bootstrap { voters, first_kind };
        let mut nodes = BTreeMap::new();
        let names = (1..=3).map(|at| format!("controller-{at}"));
        for name in names.chain((1..=3).map(|at| format!("broker-{at}"))) {
            let host = world.add_host(&name, HostOptions::default()).unwrap();
            nodes.insert(host, (name, Node::Starting));
        }
        let hand = world.add_host("hand", HostOptions::default()).unwrap();
        nodes.insert(hand, ("hand".into(), Node::Hand));
        Self {
            world,
            bootstrap,
            nodes,
            hand,
            answers: BTreeMap::new(),
            next: 0,
        }
    }

    /// One event, if there is one until then, and the host on which it was.
    pub fn event(&mut self, until: Time) -> Option<HostId> {
        let Some((delivery, mut cx)) = self.world.next(until) else {
            self.world.advance_to(until);
            return None;
        };
        let (name, node) = self.nodes.get_mut(&delivery.to).unwrap();
        if let What::Started { .. } = delivery.what {
            let number = name.rsplit('-').next().and_then(|text| text.parse().ok()).unwrap_or(0);
            if name.starts_with("controller") {
                let config = ControllerConfig::new(100 + number, self.bootstrap.clone());
                *node = Node::Controller(Box::new(Controller::start(config, &mut cx).unwrap()));
            } else if name.starts_with("broker") {
                let mut config = BrokerConfig::new(number, name, self.bootstrap.clone());
                config.offsets_topic_partitions = 2;
                *node = Node::Broker(Box::new(Broker::start(config, &mut cx).unwrap()));
            } else if name != "hand" {
                let servers = (1..=3).map(|at| format!("broker-{at}")).collect();
                let mut config = ClientConfig::new(servers, "orders", self.bootstrap.clone());
                // Impatient: it sends again what may have arrived.
                config.request_timeout_ms = 3_000;
                *node = if name.starts_with("producer") {
                    Node::Producer(Box::new(Producer::start(config, &mut cx)))
                } else if name.starts_with("member") {
                    // A join may be answered after the whole rebalance.
                    config.request_timeout_ms = 30_000;
                    Node::Member(Box::new(GroupConsumer::start(config, "shop", &mut cx)))
                } else {
                    Node::Consumer(Box::new(Consumer::start(config, &mut cx)))
                };
            }
            return Some(delivery.to);
        }
        match node {
            Node::Producer(producer) => producer.step(&delivery, &mut cx),
            Node::Consumer(consumer) => consumer.step(&delivery, &mut cx),
            Node::Member(member) => member.step(&delivery, &mut cx),
            Node::Controller(controller) => controller.step(&delivery, &mut cx),
            Node::Broker(broker) => broker.step(&delivery, &mut cx).unwrap(),
            Node::Hand => {
                if let What::Message { message, .. } = &delivery.what
                    && let Body::Response(response) = &message.body
                {
                    self.answers.insert(message.correlation, response.clone());
                }
            }
            Node::Starting => panic!("{name} does something before it has started"),
        }
        Some(delivery.to)
    }

    pub fn run(&mut self, millis: i64) {
        let until = Time(self.world.now().0 + millis * 1_000_000);
        while self.event(until).is_some() {}
        assert_eq!(self.world.limit_reached(), None);
    }

    /// Runs until something is so.
    pub fn wait_for(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..1_200 {
            if is_so(self) {
                return;
            }
            self.run(50);
        }
        let controllers = self.controllers().map(|(_, controller)| {
            let raft = controller.quorum().raft();
            (raft.id(), raft.election(), controller.image())
        });
        let controllers: Vec<_> = controllers.collect();
        panic!("{what} does not happen in a minute: {controllers:#?}");
    }

    pub fn fault(&mut self, text: &str) {
        let fault: Fault = text.parse().unwrap_or_else(|error| panic!("{text}: {error:?}"));
        self.world.apply(&fault).unwrap();
    }

    pub fn is_up(&self, host: HostId) -> bool {
        self.world.state_of(host) == HostState::Up
    }

    pub fn controllers(&self) -> impl Iterator<Item = (HostId, &Controller)> {
        self.nodes.iter().filter_map(|(host, (_, node))| match node {
            Node::Controller(controller) if self.is_up(*host) => Some((*host, &**controller)),
            _ => None,
        })
    }

    pub fn brokers(&self) -> impl Iterator<Item = (HostId, &Broker)> {
        self.nodes.iter().filter_map(|(host, (_, node))| match node {
            Node::Broker(broker) if self.is_up(*host) => Some((*host, &**broker)),
            _ => None,
        })
    }

    pub fn broker(&self, id: i32) -> &Broker {
        let host = self.world.host_named(&format!("broker-{id}")).unwrap();
        match &self.nodes[&host].1 {
            Node::Broker(broker) => broker,
            _ => panic!("broker {id} has not started"),
        }
    }

    pub fn active(&self) -> Option<(HostId, &Controller)> {
        let active = self.controllers().filter(|(_, controller)| controller.is_active());
        active.max_by_key(|(_, controller)| controller.quorum().raft().election().epoch)
    }

    pub fn shut_down(&mut self, broker: i32) {
        let host = self.world.host_named(&format!("broker-{broker}")).unwrap();
        let mut cx = self.world.call(host).unwrap();
        if let Some((_, Node::Broker(broker))) = self.nodes.get_mut(&host) {
            broker.shut_down(&mut cx).unwrap();
        }
    }

    /// One more host, for a producer or a consumer.
    pub fn add_client(&mut self, name: &str) -> HostId {
        let host = self.world.add_host(name, HostOptions::default()).unwrap();
        self.nodes.insert(host, (name.into(), Node::Starting));
        host
    }

    /// Asks a host and gives the number of the question.
    pub fn send(&mut self, host: HostId, request: Request) -> u64 {
        self.next += 1;
        let sender = Sender {
            id: -1,
            first_kind: self.bootstrap.first_kind,
        };
        let mut cx = self.world.call(self.hand).unwrap();
        sender.request(&mut cx, host, self.next, request);
        self.next
    }

    pub fn answer(&self, question: u64) -> Option<&Response> {
        self.answers.get(&question)
    }

    /// Asks a host and waits for the answer.
    pub fn ask(&mut self, host: HostId, request: Request) -> Response {
        let question = self.send(host, request);
        self.wait_for("an answer", |cluster| cluster.answer(question).is_some());
        self.answers.remove(&question).unwrap()
    }

    /// Asks whoever is the active controller.
    pub fn ask_controller(&mut self, request: Request) -> Response {
        self.wait_for("an election", |cluster| cluster.active().is_some());
        let host = self.active().unwrap().0;
        self.ask(host, request)
    }

    pub fn ask_broker(&mut self, id: i32, request: Request) -> Response {
        let host = self.world.host_named(&format!("broker-{id}")).unwrap();
        self.ask(host, request)
    }

    pub fn wait_for_brokers(&mut self, count: usize) {
        self.wait_for("brokers are live", |cluster| {
            let active = cluster.active();
            active.is_some_and(|(_, controller)| {
                let brokers = controller.image().brokers.values();
                brokers.filter(|broker| !broker.fenced).count() == count
            })
        });
    }

    pub fn create(&mut self, topic: CreatableTopic) -> Result<Uuid, Failure> {
        match self.ask_controller(Request::CreateTopics(vec![topic])) {
            Response::TopicsCreated(mut each) => each.remove(0).1,
            other => panic!("{other:?}"),
        }
    }

    /// The leader as the active controller knows it.
    pub fn leader(&self, key: PartitionKey) -> i32 {
        let partition = self.active().and_then(|(_, one)| one.image().partition(key.0, key.1));
        partition.map_or(-1, |partition| partition.leader)
    }

    pub fn isr(&self, key: PartitionKey) -> Vec<i32> {
        let partition = self.active().and_then(|(_, one)| one.image().partition(key.0, key.1));
        let mut isr = partition.map(|partition| partition.isr.clone()).unwrap_or_default();
        isr.sort_unstable();
        isr
    }

    pub fn produce(&mut self, key: PartitionKey, acks: i16, value: &str) -> Result<Produced, Failure> {
        let leader = self.leader(key);
        let request = produce(key, acks, 3_000, value);
        match self.ask_broker(leader, request) {
            Response::Produced(mut each) => each.remove(0).1,
            other => panic!("{other:?}"),
        }
    }
}

pub fn topic(name: &str, partition_count: i32, replication_factor: i32) -> CreatableTopic {
    CreatableTopic {
        name: name.into(),
        partition_count,
        replication_factor,
        configs: Vec::new(),
    }
}

pub fn batch(value: &str) -> Batch {
    let mut builder = BatchBuilder::new(Fields::default());
    builder.push(&NewRecord {
        timestamp: START_SECS * 1_000,
        value: Some(value.as_bytes()),
        ..NewRecord::default()
    });
    builder.build()
}

pub fn produce(key: PartitionKey, acks: i16, timeout_ms: i64, value: &str) -> Request {
    Request::Produce(Produce {
        acks,
        timeout_ms,
        partitions: vec![(key, batch(value))],
    })
}

pub fn fetch(key: PartitionKey, offset: i64, wait_max_ms: i64) -> Request {
    Request::Fetch(Fetch {
        replica_id: -1,
        replica_epoch: -1,
        wait_max_ms,
        bytes_min: 1,
        partition_bytes_max: 1 << 20,
        read_committed: false,
        partitions: vec![FetchPartition {
            key,
            current_leader_epoch: -1,
            offset,
            last_fetched_epoch: -1,
            log_start_offset: -1,
        }],
    })
}

pub fn values<'a>(batches: impl IntoIterator<Item = &'a Batch>) -> Vec<String> {
    let mut values = Vec::new();
    for batch in batches {
        for record in batch.records() {
            let record = record.unwrap();
            values.push(String::from_utf8_lossy(record.value.unwrap()).into_owned());
        }
    }
    values
}
