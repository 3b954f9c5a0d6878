//! A broker on one host of a simulated world: it registers with the controller, follows the metadata, keeps replicas, and
//! serves producers, consumers and followers.
//!
//! Reading order: this file (what comes in, what is under way), [`lifecycle`] (its standing with the controller),
//! [`replicas`] (who leads what, following), [`producing`], [`fetching`], [`groups`] (serving).

mod fetching;

mod groups;

mod lifecycle;

mod producing;

mod replicas;

use std::collections::{BTreeMap, BTreeSet};

use essaim_kernel::world::{Delivery, DiskError, HostId, What};

use crate::error::ErrorCode;
use crate::group::GroupSettings;
use crate::message::{
    Body, ClusterMetadata, FetchPartition, Message, Packet, PartitionKey, PartitionMetadata, Request, Response,
    TopicMetadata,
};
use crate::metadata::Image;
use crate::node::quorum::{Event, Quorum};
use crate::node::{Bootstrap, KafkaCx, Sender, Timer, now_ms};
use crate::partition::AlterPartition;
use crate::raft::{self, QuorumSettings};
use crate::uuid::Uuid;
use fetching::WaitingFetch;
use groups::Groups;
use producing::WaitingProduce;
use replicas::Fetcher;
pub use replicas::Replica;

/// The settings of a broker.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// `node.id`
    pub id: i32,
    /// The name of its host.
    pub host: String,
    /// `broker.rack`
    pub rack: Option<String>,
    /// The cluster.
    pub bootstrap: Bootstrap,
    /// Of the quorum, which it observes.
    pub quorum: QuorumSettings,
    /// `broker.heartbeat.interval.ms`
    pub heartbeat_interval_ms: i64,
    /// `request.timeout.ms` of what it asks others.
    pub request_timeout_ms: i64,
    /// `replica.lag.time.max.ms`
    pub replica_lag_time_max_ms: i64,
    /// `replica.fetch.wait.max.ms`
    pub fetch_wait_max_ms: i64,
    /// `replica.fetch.backoff.ms`
    pub fetch_backoff_ms: i64,
    /// `replica.fetch.max.bytes`
    pub fetch_bytes_max: usize,
    /// `offsets.topic.num.partitions`
    pub offsets_topic_partitions: i32,
    /// `offsets.topic.replication.factor`
    pub offsets_topic_replication_factor: i32,
    /// Of the groups that it coordinates.
    pub groups: GroupSettings,
}

impl BrokerConfig {
    /// With Kafka's defaults, but that it waits for an answer of the controller no longer than for two heartbeats.
    pub fn new(id: i32, host: &str, bootstrap: Bootstrap) -> Self {
        Self {
            id,
            host: host.to_owned(),
            rack: None,
            bootstrap,
            quorum: QuorumSettings::default(),
            heartbeat_interval_ms: 2_000,
            request_timeout_ms: 4_000,
            replica_lag_time_max_ms: 30_000,
            fetch_wait_max_ms: 500,
            fetch_backoff_ms: 1_000,
            fetch_bytes_max: 1 << 20,
            offsets_topic_partitions: 50,
            offsets_topic_replication_factor: 3,
            groups: GroupSettings::default(),
        }
    }
}

/// What the broker has asked for.
#[derive(Clone, Debug)]
enum Purpose {
    Register,
    Heartbeat,
    Alter(PartitionKey),
    ProducerIds,
    /// `__consumer_offsets`, which begins when the first group is looked for.
    CreateOffsets,
    /// From which leader, and what.
    Fetch(i32, Vec<FetchPartition>),
}

#[derive(Clone, Debug)]
struct Asked {
    purpose: Purpose,
    until_ms: i64,
}

/// A running broker.
#[derive(Clone, Debug)]
pub struct Broker {
    config: BrokerConfig,
    sender: Sender,
    quorum: Quorum,
    image: Image,
    incarnation: Uuid,
    /// The epoch of its last life, if that ended well.
    previous_epoch: i64,
    /// Of its registration.
    epoch: Option<i64>,
    next_beat_ms: i64,
    wants_shut_down: bool,
    has_stopped: bool,
    replicas: BTreeMap<PartitionKey, Replica>,
    /// Proposals that are not answered yet, and whether they are under way.
    alters: BTreeMap<PartitionKey, (AlterPartition, bool)>,
    alter_ready_ms: i64,
    fetchers: BTreeMap<i32, Fetcher>,
    produces: Vec<WaitingProduce>,
    fetches: Vec<WaitingFetch>,
    /// Producer ids that it may give out.
    producer_ids: core::ops::Range<i64>,
    without_producer_id: Vec<(HostId, u64)>,
    groups: Groups,
    asked: BTreeMap<u64, Asked>,
    next_correlation: u64,
    next_lag_check_ms: i64,
    /// Something was appended or committed: who waits is to be looked at.
    has_moved: bool,
    timer: Timer,
}

const ALARM: u64 = 1;

impl Broker {
    /// Its host has started.
    pub fn start(config: BrokerConfig, cx: &mut KafkaCx<'_>) -> Result<Self, DiskError> {
        let quorum = Quorum::start(config.id, &config.bootstrap, config.quorum, cx)?;
        let now_ms = now_ms(cx);
        let mut broker = Self {
            sender: Sender {
                id: config.id,
                first_kind: config.bootstrap.first_kind,
            },
            quorum,
            image: Image::default(),
            incarnation: Uuid {
                high: cx.random().next_u64().cast_signed(),
                low: cx.random().next_u64().cast_signed(),
            },
            previous_epoch: lifecycle::take_clean_shutdown(cx)?,
            epoch: None,
            next_beat_ms: now_ms,
            wants_shut_down: false,
            has_stopped: false,
            replicas: BTreeMap::new(),
            alters: BTreeMap::new(),
            alter_ready_ms: 0,
            fetchers: BTreeMap::new(),
            produces: Vec::new(),
            fetches: Vec::new(),
            producer_ids: 0..0,
            without_producer_id: Vec::new(),
            groups: Groups::default(),
            asked: BTreeMap::new(),
            // Answers to what an earlier life asked are not answers to this one's questions.
            next_correlation: cx.random().below(1 << 40),
            next_lag_check_ms: now_ms + config.replica_lag_time_max_ms / 2,
            has_moved: false,
            timer: Timer::default(),
            config,
        };
        // An observer waits for nothing: its first question has to be asked for.
        let events = broker.quorum.step(None, cx);
        broker.take_in(&events, cx)?;
        broker.wake(cx)?;
        Ok(broker)
    }

    /// Something happens on its host. An error is a disk that takes nothing more: Kafka's broker halts then, and so
    /// should the caller.
    pub fn step(&mut self, delivery: &Delivery<Packet>, cx: &mut KafkaCx<'_>) -> Result<(), DiskError> {
        if self.has_stopped {
            return Ok(());
        }
        match &delivery.what {
            What::Message { from, message, .. } => self.hear(*from, message, cx)?,
            What::Alarm { token: ALARM } => self.timer.rang(),
            What::Refused { message, .. } => {
                if let Body::Request(_) = message.body {
                    self.failed(message.correlation, cx);
                }
            }
            What::Started { .. } | What::Alarm { .. } | What::Synced { .. } => {}
        }
        self.wake(cx)
    }

    /// Begins to stop in good order (`SIGTERM`): others lead first.
    pub fn shut_down(&mut self, cx: &mut KafkaCx<'_>) -> Result<(), DiskError> {
        self.wants_shut_down = true;
        self.next_beat_ms = now_ms(cx);
        self.wake(cx)
    }

    /// It has stopped in good order.
    pub fn has_stopped(&self) -> bool {
        self.has_stopped
    }

    /// What it knows of the cluster.
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// The epoch of its registration.
    pub fn epoch(&self) -> Option<i64> {
        self.epoch
    }

    /// Its replicas.
    pub fn replicas(&self) -> impl Iterator<Item = (PartitionKey, &Replica)> {
        self.replicas.iter().map(|(key, replica)| (*key, replica))
    }

    fn hear(&mut self, from: HostId, message: &Message, cx: &mut KafkaCx<'_>) -> Result<(), DiskError> {
        match &message.body {
            Body::Response(Response::Quorum(response)) => {
                let message = raft::Message {
                    from: message.from,
                    to: self.config.id,
                    correlation: message.correlation,
                    body: raft::Body::Response(response.clone()),
                };
                let events = self.quorum.step(Some((from, message)), cx);
                self.take_in(&events, cx)
            }
            Body::Response(response) => match self.asked.remove(&message.correlation) {
                Some(asked) => self.answered(asked.purpose, response, cx),
                None => Ok(()),
            },
            Body::Request(request) => self.serve(from, message.correlation, request, cx),
        }
    }

    fn take_in(&mut self, events: &[Event], cx: &mut KafkaCx<'_>) -> Result<(), DiskError> {
        let committed = events.iter().rev().find_map(|event| match event {
            Event::Committed(offset) => Some(*offset),
            _ => None,
        });
        let Some(offset) = committed else { return Ok(()) };
        for batch in self.quorum.raft().log().batches_from(self.image.offset) {
            if batch.next_offset() > offset {
                break;
            }
            let replayed = self.image.replay_batch(batch);
            debug_assert!(replayed.is_ok(), "{replayed:?}");
        }
        self.follow_metadata(cx)
    }

    /// Asks, and remembers that it has.
    fn ask(&mut self, to: HostId, purpose: Purpose, request: Request, cx: &mut KafkaCx<'_>) {
        self.next_correlation += 1;
        let until_ms = now_ms(cx) + self.config.request_timeout_ms;
        self.asked.insert(self.next_correlation, Asked { purpose, until_ms });
        self.sender.request(cx, to, self.next_correlation, request);
    }

    fn answered(&mut self, purpose: Purpose, response: &Response, cx: &mut KafkaCx<'_>) -> Result<(), DiskError> {
        match purpose {
            Purpose::Register => self.registered(response, cx),
            Purpose::Heartbeat => self.heard_of_heartbeat(response, cx),
            Purpose::Alter(key) => {
                self.altered(key, response, cx);
                Ok(())
            }
            Purpose::ProducerIds => {
                if let Response::ProducerIds(first) = response {
                    self.producer_ids = *first..*first + 1_000;
                    for (to, correlation) in core::mem::take(&mut self.without_producer_id) {
                        self.give_producer_id(to, correlation, cx);
                    }
                } else {
                    self.refuse_producer_ids(cx);
                }
                Ok(())
            }
            Purpose::CreateOffsets => Ok(()),
            Purpose::Fetch(leader, asked) => self.fetched_from(leader, &asked, response, cx),
        }
    }

    /// A request has no answer: its time is over, or nobody was there.
    fn failed(&mut self, correlation: u64, cx: &mut KafkaCx<'_>) {
        let now_ms = now_ms(cx);
        let Some(asked) = self.asked.remove(&correlation) else {
            return;
        };
        match asked.purpose {
            // They are sent again at the next beat.
            Purpose::Register | Purpose::Heartbeat | Purpose::CreateOffsets => {}
            Purpose::Alter(key) => self.retry_alter(key, now_ms),
            Purpose::ProducerIds => self.refuse_producer_ids(cx),
            Purpose::Fetch(leader, _) => {
                if let Some(fetcher) = self.fetchers.get_mut(&leader) {
                    fetcher.back_off(now_ms + self.config.fetch_backoff_ms);
                }
            }
        }
    }

    /// What time alone brings about, and what there is to send.
    fn wake(&mut self, cx: &mut KafkaCx<'_>) -> Result<(), DiskError> {
        let now_ms = now_ms(cx);
        if self.quorum.deadline() <= now_ms {
            let events = self.quorum.step(None, cx);
            self.take_in(&events, cx)?;
        }
        let late = self.asked.iter().filter(|(_, asked)| asked.until_ms <= now_ms);
        for correlation in late.map(|(correlation, _)| *correlation).collect::<Vec<_>>() {
            self.failed(correlation, cx);
        }
        if now_ms >= self.next_beat_ms {
            self.next_beat_ms = now_ms + self.config.heartbeat_interval_ms;
            self.beat(cx);
        }
        self.check_lag(now_ms);
        self.send_alters(cx);
        self.send_fetches(cx);
        self.coordinate(cx)?;
        self.look_after_waiting(now_ms, cx);
        let at = self.next_deadline();
        self.timer.arm(cx, at, ALARM);
        Ok(())
    }

    fn look_after_waiting(&mut self, now_ms: i64, cx: &mut KafkaCx<'_>) {
        self.complete_produces(now_ms, cx);
        self.complete_fetches(now_ms, cx);
        self.has_moved = false;
    }

    fn next_deadline(&self) -> i64 {
        let asked = self.asked.values().map(|asked| asked.until_ms);
        let produces = self.produces.iter().map(|waiting| waiting.until_ms);
        let fetches = self.fetches.iter().map(|waiting| waiting.until_ms);
        let ready = self.fetchers.values().filter_map(Fetcher::ready_ms);
        let alters = self.alters.values().filter(|(_, is_sent)| !is_sent);
        asked
            .chain(produces)
            .chain(fetches)
            .chain(ready)
            .chain(alters.map(|_| self.alter_ready_ms))
            .chain(self.groups.deadline())
            .chain([self.next_beat_ms, self.next_lag_check_ms, self.quorum.deadline()])
            .min()
            .unwrap_or(i64::MAX)
    }

    fn serve(
        &mut self,
        from: HostId,
        correlation: u64,
        request: &Request,
        cx: &mut KafkaCx<'_>,
    ) -> Result<(), DiskError> {
        match request {
            Request::Produce(produce) => return self.produce(from, correlation, produce, cx),
            Request::Fetch(fetch) => self.fetch(from, correlation, fetch, cx),
            Request::Metadata(topics) => {
                let metadata = Response::Metadata(self.metadata(topics.as_deref()));
                self.sender.respond(cx, from, correlation, metadata);
            }
            Request::ListOffsets(key, timestamp) => {
                let response = self.list_offsets(*key, *timestamp).unwrap_or_else(Response::Failed);
                self.sender.respond(cx, from, correlation, response);
            }
            Request::FindCoordinator(group) => self.find_coordinator(from, correlation, group, cx),
            Request::Group(group, request) => return self.serve_group(from, correlation, group, request, cx),
            Request::InitProducerId => self.give_producer_id(from, correlation, cx),
            // A broker passes on to the controller what is the controller's; here clients ask that one themselves.
            _ => {
                let failed = Response::Failed(ErrorCode::NotController.into());
                self.sender.respond(cx, from, correlation, failed);
            }
        }
        Ok(())
    }

    fn metadata(&self, topics: Option<&[String]>) -> ClusterMetadata {
        let image = &self.image;
        let live = image.brokers.iter().filter(|(_, broker)| !broker.fenced);
        let wanted: BTreeSet<&String> = match topics {
            Some(topics) => topics.iter().collect(),
            None => image.names.keys().collect(),
        };
        let mut metadata = ClusterMetadata {
            brokers: live.map(|(id, broker)| (*id, broker.host.clone())).collect(),
            controller: self.quorum.active_controller().map_or(-1, |(id, _)| id),
            ..ClusterMetadata::default()
        };
        for name in wanted {
            let Some((id, topic)) = image.topic(name) else {
                metadata.unknown.push(name.clone());
                continue;
            };
            let partitions = topic.partitions.values().map(|partition| PartitionMetadata {
                leader: partition.leader,
                leader_epoch: partition.leader_epoch,
                replicas: partition.replicas.clone(),
                isr: partition.isr.clone(),
            });
            metadata.topics.push(TopicMetadata {
                name: name.clone(),
                id,
                partitions: partitions.collect(),
            });
        }
        metadata
    }

    fn give_producer_id(&mut self, to: HostId, correlation: u64, cx: &mut KafkaCx<'_>) {
        if let Some(id) = self.producer_ids.next() {
            self.sender.respond(cx, to, correlation, Response::ProducerId(id));
            return;
        }
        let is_asked = !self.without_producer_id.is_empty();
        self.without_producer_id.push((to, correlation));
        let (Some((_, controller)), Some(epoch)) = (self.quorum.active_controller(), self.epoch) else {
            self.refuse_producer_ids(cx);
            return;
        };
        if !is_asked {
            let request = Request::AllocateProducerIds {
                broker_id: self.config.id,
                broker_epoch: epoch,
            };
            self.ask(controller, Purpose::ProducerIds, request, cx);
        }
    }

    fn refuse_producer_ids(&mut self, cx: &mut KafkaCx<'_>) {
        for (to, correlation) in core::mem::take(&mut self.without_producer_id) {
            let failed = Response::Failed(ErrorCode::CoordinatorNotAvailable.into());
            self.sender.respond(cx, to, correlation, failed);
        }
    }
}
