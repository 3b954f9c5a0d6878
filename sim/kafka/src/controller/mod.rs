//! A controller on one host of a simulated world: a voter of the quorum that, while it leads, decides about brokers, topics
//! and partitions. What it decides is a record; a response goes out once its records are committed.
//!
//! Reading order: this file (what comes in, what is committed), [`brokers`], [`topics`], [`partitions`].
//!
//! The active controller decides by what it has written, committed or not; the others, and brokers, know what is committed.
//! One that is elected takes up what the log holds.

mod brokers;

mod partitions;

mod topics;

use std::collections::{BTreeMap, VecDeque};

use essaim_kernel::world::{Delivery, DiskError, HostId, What};

use crate::batch::{BatchBuilder, Fields, NewRecord};
use crate::error::ErrorCode;
use crate::java::Random;
use crate::message::{Body, Failure, Packet, Request, Response};
use crate::metadata::{Image, MetadataRecord};
use crate::node::quorum::{Event, Quorum};
use crate::node::{Bootstrap, KafkaCx, Sender, Timer, now_ms};
use crate::raft::{self, QuorumSettings};

/// The settings of a controller.
#[derive(Clone, Debug)]
pub struct ControllerConfig {
    /// `node.id`
    pub id: i32,
    /// The cluster.
    pub bootstrap: Bootstrap,
    /// Of the quorum.
    pub quorum: QuorumSettings,
    /// `broker.session.timeout.ms`
    pub session_timeout_ms: i64,
    /// `num.partitions`
    pub partition_count: i32,
    /// `default.replication.factor`
    pub replication_factor: i32,
}

impl ControllerConfig {
    /// With Kafka's defaults.
    pub fn new(id: i32, bootstrap: Bootstrap) -> Self {
        Self {
            id,
            bootstrap,
            quorum: QuorumSettings::default(),
            session_timeout_ms: 9_000,
            partition_count: 1,
            replication_factor: 1,
        }
    }
}

/// An answer that waits until its records are committed.
#[derive(Clone, Debug)]
struct Waiting {
    offset: i64,
    to: HostId,
    correlation: u64,
    response: Response,
}

/// When a broker was last heard, and what it knew.
#[derive(Clone, Copy, Debug)]
struct Session {
    heard_ms: i64,
    metadata_offset: i64,
    /// It wants to stop, and this is where the metadata say so.
    shutdown_offset: Option<i64>,
}

/// What the active controller has beside the others.
#[derive(Clone, Debug)]
struct Active {
    /// With what is not committed yet.
    latest: Image,
    waiting: VecDeque<Waiting>,
    sessions: BTreeMap<i32, Session>,
}

/// A running controller.
#[derive(Clone, Debug)]
pub struct Controller {
    config: ControllerConfig,
    sender: Sender,
    quorum: Quorum,
    image: Image,
    active: Option<Active>,
    random: Random,
    timer: Timer,
}

/// The token of its alarm.
const ALARM: u64 = 1;

impl Controller {
    /// Its host has started.
    pub fn start(config: ControllerConfig, cx: &mut KafkaCx<'_>) -> Result<Self, DiskError> {
        let quorum = Quorum::start(config.id, &config.bootstrap, config.quorum, cx)?;
        let mut controller = Self {
            sender: Sender {
                id: config.id,
                first_kind: config.bootstrap.first_kind,
            },
            quorum,
            image: Image::default(),
            active: None,
            random: Random::new(cx.random().next_u64().cast_signed()),
            timer: Timer::default(),
            config,
        };
        controller.wake(cx);
        Ok(controller)
    }

    /// Something happens on its host.
    pub fn step(&mut self, delivery: &Delivery<Packet>, cx: &mut KafkaCx<'_>) {
        match &delivery.what {
            What::Message { from, message, .. } => self.hear(*from, message, cx),
            What::Alarm { token: ALARM } => self.timer.rang(),
            What::Synced { token } => {
                let events = self.quorum.synced(*token, cx);
                self.take_in(&events, cx);
            }
            // A request of the quorum that was refused is asked again when its time is over.
            What::Started { .. } | What::Alarm { .. } | What::Refused { .. } => {}
        }
        self.wake(cx);
    }

    /// Its part in the quorum.
    pub fn quorum(&self) -> &Quorum {
        &self.quorum
    }

    /// What is committed, as far as it knows.
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// Whether it decides.
    pub fn is_active(&self) -> bool {
        self.active.is_some()
    }

    fn hear(&mut self, from: HostId, message: &Packet, cx: &mut KafkaCx<'_>) {
        let quorum = |body| raft::Message {
            from: message.from,
            to: self.config.id,
            correlation: message.correlation,
            body,
        };
        match &message.body {
            Body::Request(Request::Quorum(request)) => {
                let message = quorum(raft::Body::Request(request.clone()));
                let events = self.quorum.step(Some((from, message)), cx);
                self.take_in(&events, cx);
            }
            Body::Response(Response::Quorum(response)) => {
                let message = quorum(raft::Body::Response(response.clone()));
                let events = self.quorum.step(Some((from, message)), cx);
                self.take_in(&events, cx);
            }
            Body::Request(request) => self.decide(from, message.correlation, request, cx),
            Body::Response(_) => {}
        }
    }

    /// What time alone brings about.
    fn wake(&mut self, cx: &mut KafkaCx<'_>) {
        if self.quorum.deadline() <= now_ms(cx) {
            let events = self.quorum.step(None, cx);
            self.take_in(&events, cx);
        }
        self.fence_silent_brokers(cx);
        let at = self.quorum.deadline().min(self.next_session_end());
        self.timer.arm(cx, at, ALARM);
    }

    /// What the quorum has come to.
    fn take_in(&mut self, events: &[Event], cx: &mut KafkaCx<'_>) {
        for event in events {
            match event {
                Event::Committed(offset) => self.committed(*offset, cx),
                Event::Elected(_) => self.begin(cx),
                Event::Deposed => self.end(cx),
            }
        }
    }

    fn committed(&mut self, offset: i64, cx: &mut KafkaCx<'_>) {
        let log = self.quorum.raft().log();
        for batch in log.batches_from(self.image.offset) {
            if batch.next_offset() > offset {
                break;
            }
            // What is in the log was written by a controller.
            let replayed = self.image.replay_batch(batch);
            debug_assert!(replayed.is_ok(), "{replayed:?}");
        }
        let Some(active) = &mut self.active else { return };
        while active.waiting.front().is_some_and(|waiting| waiting.offset <= offset) {
            if let Some(done) = active.waiting.pop_front() {
                self.sender.respond(cx, done.to, done.correlation, done.response);
            }
        }
    }

    fn begin(&mut self, cx: &mut KafkaCx<'_>) {
        let mut latest = self.image.clone();
        for batch in self.quorum.raft().log().batches_from(latest.offset) {
            let replayed = latest.replay_batch(batch);
            debug_assert!(replayed.is_ok(), "{replayed:?}");
        }
        // Whoever is live gets a whole session's time to find the new controller.
        let heard = Session {
            heard_ms: now_ms(cx),
            metadata_offset: -1,
            shutdown_offset: None,
        };
        let live = latest.brokers.iter().filter(|(_, broker)| !broker.fenced);
        let sessions = live.map(|(id, _)| (*id, heard)).collect();
        self.active = Some(Active {
            latest,
            waiting: VecDeque::new(),
            sessions,
        });
    }

    fn end(&mut self, cx: &mut KafkaCx<'_>) {
        let Some(active) = self.active.take() else { return };
        for waiting in active.waiting {
            let failed = Response::Failed(ErrorCode::NotController.into());
            self.sender.respond(cx, waiting.to, waiting.correlation, failed);
        }
    }

    /// Decides, and answers when what was decided is committed.
    fn decide(&mut self, from: HostId, correlation: u64, request: &Request, cx: &mut KafkaCx<'_>) {
        let Some(mut active) = self.active.take() else {
            let failed = Response::Failed(ErrorCode::NotController.into());
            self.sender.respond(cx, from, correlation, failed);
            return;
        };
        let mut records = Vec::new();
        let response = self.answer(&mut active, request, &mut records, cx);
        self.active = Some(active);
        let response = response.unwrap_or_else(Response::Failed);
        self.append(records, Some((from, correlation, response)), cx);
    }

    fn answer(
        &mut self,
        active: &mut Active,
        request: &Request,
        records: &mut Vec<MetadataRecord>,
        cx: &mut KafkaCx<'_>,
    ) -> Result<Response, Failure> {
        let now_ms = now_ms(cx);
        match request {
            Request::RegisterBroker(broker) => self.register(active, broker, now_ms, records),
            Request::BrokerHeartbeat(beat) => self.heartbeat(active, *beat, now_ms, records),
            Request::AlterPartition {
                broker_id,
                broker_epoch,
                key,
                change,
            } => {
                active.check_epoch(*broker_id, *broker_epoch)?;
                active.alter_partition(*broker_id, *key, change, records)?;
                Ok(Response::Altered)
            }
            Request::AllocateProducerIds {
                broker_id,
                broker_epoch,
            } => {
                active.check_epoch(*broker_id, *broker_epoch)?;
                let first = active.latest.next_producer_id;
                records.push(MetadataRecord::ProducerIds { next: first + 1_000 });
                Ok(Response::ProducerIds(first))
            }
            Request::CreateTopics(topics) => {
                let created = topics.iter().map(|topic| {
                    let result = self.create_topic(active, topic, records, cx);
                    (topic.name.clone(), result)
                });
                Ok(Response::TopicsCreated(created.collect()))
            }
            Request::DeleteTopics(names) => Ok(Response::TopicsChanged(active.delete_topics(names, records))),
            Request::CreatePartitions(name, count) => {
                let result = self.create_partitions(active, name, *count, records);
                Ok(Response::TopicsChanged(vec![(name.clone(), result)]))
            }
            Request::ElectLeaders { unclean, partitions } => {
                Ok(Response::Elected(active.elect_leaders(*unclean, partitions, records)))
            }
            _ => Err(ErrorCode::InvalidRequest.into()),
        }
    }

    /// Writes records down, all or none, and has somebody answered once they are committed.
    fn append(&mut self, records: Vec<MetadataRecord>, answer: Option<(HostId, u64, Response)>, cx: &mut KafkaCx<'_>) {
        let timestamp = now_ms(cx);
        let mut events = Vec::new();
        if !records.is_empty() {
            let mut builder = BatchBuilder::new(Fields::default());
            for record in &records {
                builder.push(&NewRecord {
                    timestamp,
                    value: Some(&record.to_bytes()),
                    ..NewRecord::default()
                });
            }
            let (end, more) = self.quorum.append(&builder.build(), cx);
            events = more;
            match (end, &mut self.active) {
                (Some(end), Some(active)) => {
                    for record in &records {
                        active.latest.replay(record);
                    }
                    active.latest.offset = end;
                }
                _ => {
                    // It no longer leads, and will hear of it in a moment.
                    if let Some((to, correlation, _)) = answer {
                        let failed = Response::Failed(ErrorCode::NotController.into());
                        self.sender.respond(cx, to, correlation, failed);
                    }
                    self.take_in(&events, cx);
                    return;
                }
            }
        }
        if let (Some((to, correlation, response)), Some(active)) = (answer, &mut self.active) {
            // What was only read was read from what may not be committed yet.
            let offset = active.latest.offset;
            if offset <= self.image.offset {
                self.sender.respond(cx, to, correlation, response);
            } else {
                active.waiting.push_back(Waiting {
                    offset,
                    to,
                    correlation,
                    response,
                });
            }
        }
        self.take_in(&events, cx);
    }
}
