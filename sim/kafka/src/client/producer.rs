//! A producer with `enable.idempotence=true` and `acks=all`: each batch keeps its sequence number however often it is sent,
//! so that it is in the log once.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use essaim_kernel::world::{Delivery, What};

use super::{Client, ClientConfig, Outcome, is_retriable};
use crate::batch::{Batch, BatchBuilder, Fields, NewRecord, add_sequence};
use crate::error::ErrorCode;
use crate::message::{Failure, Packet, Produce, Request, Response};
use crate::node::{KafkaCx, Timer, now_ms};

/// What a record that was handed over is called by.
pub type Handle = u64;

/// What came of a record: its partition and offset.
pub type Delivered = (Handle, Result<(i32, i64), Failure>);

#[derive(Clone, Copy, Debug)]
enum Purpose {
    ProducerId,
    Produce(i32),
}

/// A batch on its way.
#[derive(Clone, Debug)]
struct Outgoing {
    handles: Vec<Handle>,
    batch: Batch,
    is_asking: bool,
    ready_ms: i64,
    /// `delivery.timeout.ms` is over.
    expires_ms: i64,
}

/// What goes to one partition, in order.
#[derive(Clone, Debug, Default)]
struct Lane {
    queue: VecDeque<(Handle, Bytes)>,
    outgoing: Option<Outgoing>,
    next_sequence: i32,
}

/// A producer.
#[derive(Clone, Debug)]
pub struct Producer {
    client: Client<Purpose>,
    /// `delivery.timeout.ms`
    delivery_timeout_ms: i64,
    /// Records that a batch takes at most.
    batch_records_max: usize,
    producer_id: Option<i64>,
    is_asking_id: bool,
    id_ready_ms: i64,
    lanes: BTreeMap<i32, Lane>,
    next_handle: Handle,
    delivered: Vec<Delivered>,
    timer: Timer,
}

const ALARM: u64 = 1;

impl Producer {
    /// On a host that has started.
    pub fn start(config: ClientConfig, cx: &mut KafkaCx<'_>) -> Self {
        let mut producer = Self {
            client: Client::start(config, cx),
            delivery_timeout_ms: 120_000,
            batch_records_max: 100,
            producer_id: None,
            is_asking_id: false,
            id_ready_ms: 0,
            lanes: BTreeMap::new(),
            next_handle: 0,
            delivered: Vec::new(),
            timer: Timer::default(),
        };
        producer.wake(cx);
        producer
    }

    /// Hands a record over. It goes out as soon as the one before has arrived.
    pub fn send(&mut self, partition: i32, value: Bytes, cx: &mut KafkaCx<'_>) -> Handle {
        self.next_handle += 1;
        let lane = self.lanes.entry(partition).or_default();
        lane.queue.push_back((self.next_handle, value));
        self.wake(cx);
        self.next_handle
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

    /// What has come of records since this was last asked.
    pub fn take_delivered(&mut self) -> Vec<Delivered> {
        core::mem::take(&mut self.delivered)
    }

    /// Whether nothing is on its way.
    pub fn is_idle(&self) -> bool {
        self.lanes
            .values()
            .all(|lane| lane.queue.is_empty() && lane.outgoing.is_none())
    }

    fn settle(&mut self, outcome: Outcome<Purpose>, cx: &mut KafkaCx<'_>) {
        match outcome.purpose {
            Purpose::ProducerId => {
                self.is_asking_id = false;
                match outcome.response {
                    Some(Response::ProducerId(id)) => {
                        self.producer_id = Some(id);
                        for lane in self.lanes.values_mut() {
                            lane.next_sequence = 0;
                        }
                    }
                    _ => self.id_ready_ms = now_ms(cx) + self.client.config.retry_backoff_ms,
                }
            }
            Purpose::Produce(partition) => self.settle_batch(partition, outcome.response, cx),
        }
    }

    fn settle_batch(&mut self, partition: i32, response: Option<Response>, cx: &mut KafkaCx<'_>) {
        let retry_ms = now_ms(cx) + self.client.config.retry_backoff_ms;
        let Some(lane) = self.lanes.get_mut(&partition) else {
            return;
        };
        let Some(outgoing) = &mut lane.outgoing else { return };
        outgoing.is_asking = false;
        outgoing.ready_ms = retry_ms;
        let result = match response {
            Some(Response::Produced(mut each)) if each.len() == 1 => each.remove(0).1,
            Some(Response::Failed(failure)) => Err(failure),
            _ => Err(ErrorCode::RequestTimedOut.into()),
        };
        match result {
            Ok(produced) => {
                let offsets = produced.base_offset..;
                let handles = core::mem::take(&mut outgoing.handles);
                let delivered = handles.into_iter().zip(offsets);
                self.delivered
                    .extend(delivered.map(|(handle, offset)| (handle, Ok((partition, offset)))));
                lane.outgoing = None;
            }
            Err(failure) if is_retriable(failure.error) => self.client.refresh(cx),
            Err(failure) => self.fail(partition, &failure),
        }
    }

    /// The batch is given up. Whether it is in the log is not known, so its sequence numbers cannot be used again, and
    /// what follows goes by another producer id.
    fn fail(&mut self, partition: i32, failure: &Failure) {
        let Some(outgoing) = self.lanes.get_mut(&partition).and_then(|lane| lane.outgoing.take()) else {
            return;
        };
        let failed = outgoing
            .handles
            .into_iter()
            .map(|handle| (handle, Err(failure.clone())));
        self.delivered.extend(failed);
        self.producer_id = None;
    }

    fn wake(&mut self, cx: &mut KafkaCx<'_>) {
        let now_ms = now_ms(cx);
        self.expire(now_ms);
        self.client.poll(cx);
        self.ask_for_id(now_ms, cx);
        self.fill(now_ms);
        self.send_batches(now_ms, cx);
        let at = self.deadline();
        self.timer.arm(cx, at, ALARM);
    }

    fn expire(&mut self, now_ms: i64) {
        let late = self.lanes.iter().filter(|(_, lane)| {
            let outgoing = lane.outgoing.as_ref();
            outgoing.is_some_and(|outgoing| !outgoing.is_asking && now_ms >= outgoing.expires_ms)
        });
        for partition in late.map(|(partition, _)| *partition).collect::<Vec<_>>() {
            let message = format!("Expiring record(s) for {}-{partition}", self.client.config.topic);
            self.fail(partition, &Failure::new(ErrorCode::RequestTimedOut, message));
        }
    }

    fn needs_id(&self) -> bool {
        let has_old = self.lanes.values().any(|lane| lane.outgoing.is_some());
        self.producer_id.is_none() && !self.is_asking_id && !has_old
    }

    fn ask_for_id(&mut self, now_ms: i64, cx: &mut KafkaCx<'_>) {
        // Batches that are on their way keep the id they have; the next ones wait for the new one.
        if !self.needs_id() || now_ms < self.id_ready_ms {
            return;
        }
        if let Some(host) = self.client.any_broker(cx) {
            self.is_asking_id = true;
            self.client.ask(host, Purpose::ProducerId, Request::InitProducerId, cx);
        }
    }

    /// Makes batches of what is queued.
    fn fill(&mut self, now_ms: i64) {
        let Some(producer_id) = self.producer_id else { return };
        for lane in self.lanes.values_mut() {
            if lane.outgoing.is_some() || lane.queue.is_empty() {
                continue;
            }
            let mut builder = BatchBuilder::new(Fields {
                producer_id,
                producer_epoch: 0,
                base_sequence: lane.next_sequence,
                ..Fields::default()
            });
            let count = lane.queue.len().min(self.batch_records_max);
            let mut handles = Vec::new();
            for (handle, value) in lane.queue.drain(..count) {
                handles.push(handle);
                builder.push(&NewRecord {
                    timestamp: now_ms,
                    value: Some(&value),
                    ..NewRecord::default()
                });
            }
            lane.next_sequence = add_sequence(lane.next_sequence, count as i32);
            lane.outgoing = Some(Outgoing {
                handles,
                batch: builder.build(),
                is_asking: false,
                ready_ms: 0,
                expires_ms: now_ms + self.delivery_timeout_ms,
            });
        }
    }

    fn send_batches(&mut self, now_ms: i64, cx: &mut KafkaCx<'_>) {
        let request_timeout_ms = self.client.config.request_timeout_ms;
        for (partition, lane) in &mut self.lanes {
            let Some(outgoing) = &mut lane.outgoing else { continue };
            if outgoing.is_asking || now_ms < outgoing.ready_ms {
                continue;
            }
            let Some((key, _, host)) = self.client.leader(*partition, cx) else {
                outgoing.ready_ms = now_ms + self.client.config.retry_backoff_ms;
                self.client.refresh(cx);
                continue;
            };
            outgoing.is_asking = true;
            let produce = Produce {
                acks: -1,
                timeout_ms: request_timeout_ms,
                partitions: vec![(key, outgoing.batch.clone())],
            };
            let purpose = Purpose::Produce(*partition);
            self.client.ask(host, purpose, Request::Produce(produce), cx);
        }
        // Whoever knows no leader has asked for one.
        self.client.poll(cx);
    }

    fn deadline(&self) -> i64 {
        let outgoing = self.lanes.values().filter_map(|lane| lane.outgoing.as_ref());
        let waiting = outgoing.filter(|outgoing| !outgoing.is_asking);
        let waiting = waiting.map(|outgoing| outgoing.ready_ms.min(outgoing.expires_ms));
        let id = self.needs_id().then_some(self.id_ready_ms);
        waiting
            .chain(id)
            .chain([self.client.deadline()])
            .min()
            .unwrap_or(i64::MAX)
    }
}
