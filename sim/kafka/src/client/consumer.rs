//! A consumer that was told what to read (`assign`): the partitions of one topic, each from its beginning.

use std::collections::BTreeMap;

use bytes::Bytes;
use essaim_kernel::world::{Delivery, What};

use super::{Client, ClientConfig, Outcome};
use crate::error::ErrorCode;
use crate::message::{Fetch, FetchPartition, FetchedPartition, Packet, PartitionKey, Request, Response};
use crate::node::{KafkaCx, Timer, now_ms};

/// A record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumed {
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The value.
    pub value: Bytes,
}

/// Where it is in a partition.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    offset: i64,
    is_asking: bool,
    ready_ms: i64,
}

/// A consumer.
#[derive(Clone, Debug)]
pub struct Consumer {
    client: Client<i32>,
    /// `fetch.max.wait.ms`
    wait_max_ms: i64,
    positions: BTreeMap<i32, Position>,
    consumed: Vec<Consumed>,
    timer: Timer,
}

const ALARM: u64 = 1;

impl Consumer {
    /// On a host that has started.
    pub fn start(config: ClientConfig, cx: &mut KafkaCx<'_>) -> Self {
        let mut consumer = Self {
            client: Client::start(config, cx),
            wait_max_ms: 500,
            positions: BTreeMap::new(),
            consumed: Vec::new(),
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

    /// The offset of the next record of a partition.
    pub fn position(&self, partition: i32) -> i64 {
        self.positions.get(&partition).map_or(0, |position| position.offset)
    }

    fn settle(&mut self, outcome: Outcome<i32>, cx: &mut KafkaCx<'_>) {
        let partition = outcome.purpose;
        let retry_ms = now_ms(cx) + self.client.config.retry_backoff_ms;
        let Some(position) = self.positions.get_mut(&partition) else {
            return;
        };
        position.is_asking = false;
        let result = match outcome.response {
            Some(Response::Fetched(mut each)) if each.len() == 1 => each.remove(0).1,
            Some(Response::Failed(failure)) => Err(failure),
            _ => Err(ErrorCode::RequestTimedOut.into()),
        };
        match result {
            Ok(fetched) => self.take(partition, &fetched),
            Err(failure) => {
                position.ready_ms = retry_ms;
                if failure.error == ErrorCode::OffsetOutOfRange {
                    // `auto.offset.reset=earliest`
                    position.offset = 0;
                }
                self.client.refresh(cx);
            }
        }
    }

    fn take(&mut self, partition: i32, fetched: &FetchedPartition) {
        let Some(position) = self.positions.get_mut(&partition) else {
            return;
        };
        for batch in &fetched.batches {
            for record in batch.records().flatten() {
                // The first batch may begin before what was asked for.
                if record.offset >= position.offset && !batch.is_control() {
                    self.consumed.push(Consumed {
                        partition,
                        offset: record.offset,
                        value: Bytes::copy_from_slice(record.value.unwrap_or_default()),
                    });
                }
            }
            position.offset = position.offset.max(batch.next_offset());
        }
    }

    fn wake(&mut self, cx: &mut KafkaCx<'_>) {
        self.client.poll(cx);
        for partition in 0..self.client.partition_count() as i32 {
            self.positions.entry(partition).or_default();
        }
        let now_ms = now_ms(cx);
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
            let fetch = fetch(key, epoch, position.offset, self.wait_max_ms);
            self.client.ask(host, *partition, Request::Fetch(fetch), cx);
        }
        let waiting = self.positions.values().filter(|position| !position.is_asking);
        let waiting = waiting.map(|position| position.ready_ms);
        let at = waiting.chain([self.client.deadline()]).min().unwrap_or(i64::MAX);
        self.timer.arm(cx, at, ALARM);
    }
}

fn fetch(key: PartitionKey, current_leader_epoch: i32, offset: i64, wait_max_ms: i64) -> Fetch {
    Fetch {
        replica_id: -1,
        replica_epoch: -1,
        wait_max_ms,
        bytes_min: 1,
        partition_bytes_max: 1 << 20,
        read_committed: false,
        partitions: vec![FetchPartition {
            key,
            current_leader_epoch,
            offset,
            last_fetched_epoch: -1,
            log_start_offset: -1,
        }],
    }
}
