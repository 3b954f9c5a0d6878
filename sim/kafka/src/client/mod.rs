//! Clients: what all of them do (this file: whom to ask, and asking again), [`producer`], [`consumer`]
//! and [`group`].
//!
//! A client is a state machine on a host, as brokers are: it is stepped with what happens there, and hands out results.

pub mod consumer;

pub mod group;

pub mod producer;

use std::collections::BTreeMap;

use essaim_kernel::world::{Delivery, HostId, What};

use crate::error::ErrorCode;
use crate::message::{Body, ClusterMetadata, Packet, PartitionKey, Request, Response};
use crate::node::{Bootstrap, KafkaCx, Sender, now_ms};

/// The settings that clients have in common.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// `bootstrap.servers`: hosts.
    pub servers: Vec<String>,
    /// What it reads or writes.
    pub topic: String,
    /// The cluster, for the kinds of messages alone.
    pub bootstrap: Bootstrap,
    /// `request.timeout.ms`
    pub request_timeout_ms: i64,
    /// `retry.backoff.ms`
    pub retry_backoff_ms: i64,
    /// `metadata.max.age.ms`
    pub metadata_age_max_ms: i64,
}

impl ClientConfig {
    /// With Kafka's defaults.
    pub fn new(servers: Vec<String>, topic: &str, bootstrap: Bootstrap) -> Self {
        Self {
            servers,
            topic: topic.to_owned(),
            bootstrap,
            request_timeout_ms: 30_000,
            retry_backoff_ms: 100,
            metadata_age_max_ms: 300_000,
        }
    }
}

#[derive(Clone, Debug)]
enum Asked<P> {
    Metadata,
    Other(P),
}

/// What came of a question.
pub(crate) struct Outcome<P> {
    pub purpose: P,
    /// `None`: nobody answered.
    pub response: Option<Response>,
}

/// Whom to ask, and what is asked.
#[derive(Clone, Debug)]
pub(crate) struct Client<P> {
    pub config: ClientConfig,
    sender: Sender,
    metadata: ClusterMetadata,
    refresh_ms: i64,
    asked: BTreeMap<u64, (Asked<P>, i64)>,
    next_correlation: u64,
}

/// Errors that a client gets over by asking again, somebody else perhaps.
pub(crate) fn is_retriable(error: ErrorCode) -> bool {
    matches!(
        error,
        ErrorCode::NotLeaderOrFollower
            | ErrorCode::LeaderNotAvailable
            | ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnknownTopicId
            | ErrorCode::FencedLeaderEpoch
            | ErrorCode::UnknownLeaderEpoch
            | ErrorCode::RequestTimedOut
            | ErrorCode::NotEnoughReplicas
            | ErrorCode::NotEnoughReplicasAfterAppend
            | ErrorCode::CoordinatorNotAvailable
            | ErrorCode::KafkaStorageError
    )
}

/// What a broker says of a partition may be older than what another has said: then it is not believed.
fn believed(known: &ClusterMetadata, mut told: ClusterMetadata) -> ClusterMetadata {
    for topic in &mut told.topics {
        let Some(known) = known.topics.iter().find(|known| known.id == topic.id) else {
            continue;
        };
        for (new, old) in topic.partitions.iter_mut().zip(&known.partitions) {
            if new.leader_epoch < old.leader_epoch {
                *new = old.clone();
            }
        }
    }
    told
}

impl<P> Client<P> {
    pub fn start(config: ClientConfig, cx: &mut KafkaCx<'_>) -> Self {
        Self {
            sender: Sender {
                id: -1,
                first_kind: config.bootstrap.first_kind,
            },
            metadata: ClusterMetadata::default(),
            refresh_ms: now_ms(cx),
            asked: BTreeMap::new(),
            // Answers to what an earlier life asked are not answers to this one's questions.
            next_correlation: cx.random().below(1 << 40),
            config,
        }
    }

    /// A partition's key, its leader's epoch, and the leader's host.
    pub fn leader(&self, partition: i32, cx: &KafkaCx<'_>) -> Option<(PartitionKey, i32, HostId)> {
        let topic = self.metadata.topics.first()?;
        let known = topic.partitions.get(partition as usize)?;
        let (_, host) = self.metadata.brokers.iter().find(|(id, _)| *id == known.leader)?;
        Some(((topic.id, partition), known.leader_epoch, cx.host_named(host)?))
    }

    pub fn broker(&self, id: i32, host: &str, cx: &KafkaCx<'_>) -> Option<HostId> {
        let known = self.metadata.brokers.iter().find(|(known, _)| *known == id);
        cx.host_named(known.map_or(host, |(_, host)| host))
    }

    pub fn partition_count(&self) -> usize {
        self.metadata.topics.first().map_or(0, |topic| topic.partitions.len())
    }

    /// A broker, any.
    pub fn any_broker(&self, cx: &mut KafkaCx<'_>) -> Option<HostId> {
        let known = self.metadata.brokers.iter().map(|(_, host)| host);
        let hosts: Vec<&String> = known.chain(&self.config.servers).collect();
        let at = cx.random().below(hosts.len().max(1) as u64) as usize;
        hosts.get(at).and_then(|host| cx.host_named(host))
    }

    pub fn ask(&mut self, to: HostId, purpose: P, request: Request, cx: &mut KafkaCx<'_>) {
        self.send(to, Asked::Other(purpose), request, cx);
    }

    fn send(&mut self, to: HostId, asked: Asked<P>, request: Request, cx: &mut KafkaCx<'_>) {
        self.next_correlation += 1;
        let until = now_ms(cx) + self.config.request_timeout_ms;
        self.asked.insert(self.next_correlation, (asked, until));
        self.sender.request(cx, to, self.next_correlation, request);
    }

    /// What is known of the cluster is no longer so.
    pub fn refresh(&mut self, cx: &KafkaCx<'_>) {
        self.refresh_ms = self.refresh_ms.min(now_ms(cx) + self.config.retry_backoff_ms);
    }

    /// What came of a question by this event, and of those whose time is over.
    pub fn hear(&mut self, delivery: &Delivery<Packet>, cx: &mut KafkaCx<'_>) -> Vec<Outcome<P>> {
        let mut outcomes = Vec::new();
        match &delivery.what {
            What::Message { message, .. } => {
                if let Body::Response(response) = &message.body {
                    self.settle(message.correlation, Some(response.clone()), &mut outcomes, cx);
                }
            }
            What::Refused { message, .. } => self.settle(message.correlation, None, &mut outcomes, cx),
            _ => {}
        }
        let now_ms = now_ms(cx);
        let late = self.asked.iter().filter(|(_, (_, until))| *until <= now_ms);
        for correlation in late.map(|(correlation, _)| *correlation).collect::<Vec<_>>() {
            self.settle(correlation, None, &mut outcomes, cx);
        }
        outcomes
    }

    fn settle(
        &mut self,
        correlation: u64,
        response: Option<Response>,
        outcomes: &mut Vec<Outcome<P>>,
        cx: &KafkaCx<'_>,
    ) {
        let Some((asked, _)) = self.asked.remove(&correlation) else {
            return;
        };
        match (asked, response) {
            (Asked::Other(purpose), response) => {
                if response.is_none() {
                    self.refresh(cx);
                }
                outcomes.push(Outcome { purpose, response });
            }
            (Asked::Metadata, Some(Response::Metadata(metadata))) => {
                let is_whole = metadata.unknown.is_empty() && !metadata.brokers.is_empty();
                // A broker that has just started knows nobody yet.
                if !metadata.brokers.is_empty() {
                    self.metadata = believed(&self.metadata, metadata);
                }
                let age_ms = self.config.metadata_age_max_ms;
                let next_ms = if is_whole { age_ms } else { self.config.retry_backoff_ms };
                self.refresh_ms = now_ms(cx) + next_ms;
            }
            (Asked::Metadata, _) => self.refresh_ms = now_ms(cx) + self.config.retry_backoff_ms,
        }
    }

    /// Asks for metadata, if it is time.
    pub fn poll(&mut self, cx: &mut KafkaCx<'_>) {
        if self.is_asking_metadata() || now_ms(cx) < self.refresh_ms {
            return;
        }
        if let Some(host) = self.any_broker(cx) {
            self.refresh_ms = i64::MAX;
            let request = Request::Metadata(Some(vec![self.config.topic.clone()]));
            self.send(host, Asked::Metadata, request, cx);
        }
    }

    fn is_asking_metadata(&self) -> bool {
        self.asked.values().any(|(asked, _)| matches!(asked, Asked::Metadata))
    }

    pub fn deadline(&self) -> i64 {
        let asked = self.asked.values().map(|(_, until)| *until);
        let refresh = (!self.is_asking_metadata()).then_some(self.refresh_ms);
        asked.chain(refresh).min().unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{PartitionMetadata, TopicMetadata};
    use crate::uuid::Uuid;

    fn metadata(id: Uuid, leaders: &[(i32, i32)]) -> ClusterMetadata {
        let partition = |&(leader, leader_epoch): &(i32, i32)| PartitionMetadata {
            leader,
            leader_epoch,
            replicas: vec![1, 2],
            isr: vec![leader],
        };
        ClusterMetadata {
            brokers: vec![(1, "kafka-1".to_owned()), (2, "kafka-2".to_owned())],
            topics: vec![TopicMetadata {
                name: "orders".to_owned(),
                id,
                partitions: leaders.iter().map(partition).collect(),
            }],
            ..ClusterMetadata::default()
        }
    }

    #[test]
    fn older_metadata_of_a_partition_is_not_believed() {
        let (a, b) = (Uuid { high: 1, low: 1 }, Uuid { high: 1, low: 2 });
        let known = metadata(a, &[(1, 5), (1, 5), (1, 5)]);
        // Older, as old, newer: each partition on its own.
        let now = believed(&known, metadata(a, &[(2, 4), (2, 5), (2, 6)]));
        assert_eq!(now, metadata(a, &[(1, 5), (2, 5), (2, 6)]));
        // A partition more is new.
        let now = believed(&now, metadata(a, &[(2, 4), (2, 4), (2, 4), (2, 0)]));
        assert_eq!(now, metadata(a, &[(1, 5), (2, 5), (2, 6), (2, 0)]));
        // Made again under the same name, it is another topic: its epochs begin anew.
        assert_eq!(believed(&now, metadata(b, &[(2, 0)])), metadata(b, &[(2, 0)]));
    }
}
