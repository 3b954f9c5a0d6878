//! What nodes and clients of a cluster say to each other, in the protocol's words. One message is a request, or the
//! response to one; it goes from host to host of a [`World`](essaim_kernel::world::World).

use core::fmt::{self, Write};
use std::sync::Arc;

use essaim_kernel::Digest;
use essaim_kernel::world::Payload;

use crate::batch::Batch;
use crate::error::ErrorCode;
use crate::group::classic::{Join, JoinResponse, Leaving, Sync, SyncResponse};
use crate::log::EpochEnd;
use crate::partition::AlterPartition;
use crate::raft;
use crate::uuid::Uuid;

/// A message as it travels. Copies share it.
pub type Packet = Arc<Message>;

/// A partition: the id of its topic, and its number.
pub type PartitionKey = (Uuid, i32);

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The node that sends it, or -1 for a client.
    pub from: i32,
    /// The request, and the response to it.
    pub correlation: u64,
    /// What it says.
    pub body: Body,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Asks.
    Request(Request),
    /// Answers.
    Response(Response),
}

/// An error and the sentence that goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The code.
    pub error: ErrorCode,
    /// The sentence, or nothing.
    pub message: String,
}

impl Failure {
    /// With a sentence.
    pub fn new(error: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            error,
            message: message.into(),
        }
    }
}

impl From<ErrorCode> for Failure {
    fn from(error: ErrorCode) -> Self {
        Self::new(error, "")
    }
}

/// `BrokerRegistration`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterBroker {
    /// `node.id`
    pub broker_id: i32,
    /// Of this process: another one has another.
    pub incarnation: Uuid,
    /// `broker.rack`
    pub rack: Option<String>,
    /// The name of its host.
    pub host: String,
    /// The epoch in which it last shut down cleanly, or -1.
    pub previous_broker_epoch: i64,
}

/// `BrokerHeartbeat`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerHeartbeat {
    /// Who.
    pub broker_id: i32,
    /// Its epoch.
    pub broker_epoch: i64,
    /// How far it knows the metadata.
    pub current_metadata_offset: i64,
    /// It wants to be fenced.
    pub want_fence: bool,
    /// It wants to stop.
    pub want_shut_down: bool,
}

/// A topic that is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatableTopic {
    /// Its name.
    pub name: String,
    /// Partitions, or -1 for `num.partitions`.
    pub partition_count: i32,
    /// Replicas, or -1 for `default.replication.factor`.
    pub replication_factor: i32,
    /// Its settings.
    pub configs: Vec<(String, String)>,
}

/// What one partition of a `Fetch` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchPartition {
    /// Which.
    pub key: PartitionKey,
    /// The leader epoch that the sender knows, or -1.
    pub current_leader_epoch: i32,
    /// From where on.
    pub offset: i64,
    /// The epoch of the record before, or -1.
    pub last_fetched_epoch: i32,
    /// Of a follower: where its log begins.
    pub log_start_offset: i64,
}

/// `Fetch`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The follower, or -1 for a consumer.
    pub replica_id: i32,
    /// Its epoch, or -1.
    pub replica_epoch: i64,
    /// How long it may wait.
    pub wait_max_ms: i64,
    /// For how many bytes it waits.
    pub bytes_min: usize,
    /// How many it takes of a partition.
    pub partition_bytes_max: usize,
    /// `isolation.level` is `read_committed`.
    pub read_committed: bool,
    /// The partitions.
    pub partitions: Vec<FetchPartition>,
}

/// `Produce`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Produce {
    /// 0, 1 or -1 for all.
    pub acks: i16,
    /// How long the answer may wait for the followers.
    pub timeout_ms: i64,
    /// A batch for each partition.
    pub partitions: Vec<(PartitionKey, Batch)>,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// One of the quorum's: `Vote`, `BeginQuorumEpoch`, `EndQuorumEpoch`, `Fetch` of `__cluster_metadata`.
    Quorum(raft::Request),
    /// A broker says that it is there.
    RegisterBroker(RegisterBroker),
    /// A broker says that it is still there.
    BrokerHeartbeat(BrokerHeartbeat),
    /// A leader proposes an ISR.
    AlterPartition {
        /// The leader.
        broker_id: i32,
        /// Its epoch.
        broker_epoch: i64,
        /// The partition.
        key: PartitionKey,
        /// The proposal.
        change: AlterPartition,
    },
    /// `CreateTopics`
    CreateTopics(Vec<CreatableTopic>),
    /// `DeleteTopics`, by name.
    DeleteTopics(Vec<String>),
    /// `CreatePartitions`: a topic, and how many it is to have.
    CreatePartitions(String, i32),
    /// `ElectLeaders`
    ElectLeaders {
        /// Whoever lives, whatever is lost by it.
        unclean: bool,
        /// Which partitions: of a topic, by number.
        partitions: Vec<(String, i32)>,
    },
    /// `AllocateProducerIds`
    AllocateProducerIds {
        /// The broker.
        broker_id: i32,
        /// Its epoch.
        broker_epoch: i64,
    },
    /// `Metadata`: of these topics, or of all.
    Metadata(Option<Vec<String>>),
    /// `InitProducerId`, without a transaction.
    InitProducerId,
    /// `Produce`
    Produce(Produce),
    /// `Fetch`
    Fetch(Fetch),
    /// `ListOffsets` of one partition, by timestamp.
    ListOffsets(PartitionKey, i64),
    /// `FindCoordinator` of a group.
    FindCoordinator(String),
    /// To the coordinator of a group.
    Group(String, GroupRequest),
}

/// What a group's members ask its coordinator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRequest {
    /// `JoinGroup`
    Join(Join),
    /// `SyncGroup`
    Sync(Sync),
    /// `Heartbeat`
    Heartbeat(GroupMember),
    /// `LeaveGroup`
    Leave(Vec<Leaving>),
    /// `OffsetCommit`: topic, partition, offset.
    Commit(GroupMember, Vec<(String, i32, i64)>),
    /// `OffsetFetch`: topic, partition.
    Committed(Vec<(String, i32)>),
}

/// A member that says who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Its id.
    pub member_id: String,
    /// Its name, if it is static.
    pub instance_id: Option<String>,
    /// The generation it is in, or -1.
    pub generation: i32,
}

/// The answer to a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartbeatAnswer {
    /// The broker knows its own registration.
    pub is_caught_up: bool,
    /// It is fenced.
    pub is_fenced: bool,
    /// It may stop.
    pub should_shut_down: bool,
}

/// What a leader says of one partition of a `Produce`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Produced {
    /// The offset of the first record.
    pub base_offset: i64,
    /// Where the log begins.
    pub log_start_offset: i64,
}

/// What a leader says of one partition of a `Fetch`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchedPartition {
    /// Its high watermark.
    pub high_watermark: i64,
    /// Its last stable offset.
    pub last_stable_offset: i64,
    /// Where its log begins.
    pub log_start_offset: i64,
    /// Where the logs part: no records come then.
    pub diverging: Option<EpochEnd>,
    /// The records.
    pub batches: Vec<Batch>,
}

/// A partition, as `Metadata` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// The leader, or -1.
    pub leader: i32,
    /// Its epoch.
    pub leader_epoch: i32,
    /// The replicas.
    pub replicas: Vec<i32>,
    /// Those in sync.
    pub isr: Vec<i32>,
}

/// A topic, as `Metadata` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicMetadata {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: Uuid,
    /// Its partitions, by number.
    pub partitions: Vec<PartitionMetadata>,
}

/// What `Metadata` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterMetadata {
    /// Brokers that are not fenced, and their hosts.
    pub brokers: Vec<(i32, String)>,
    /// The active controller, or -1.
    pub controller: i32,
    /// The topics.
    pub topics: Vec<TopicMetadata>,
    /// Topics that were asked for and are not there.
    pub unknown: Vec<String>,
}

/// Results by what was asked.
pub type Each<K, T> = Vec<(K, Result<T, Failure>)>;

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// Of the quorum.
    Quorum(raft::Response),
    /// The whole request failed.
    Failed(Failure),
    /// To `RegisterBroker`: the broker's epoch.
    Registered(i64),
    /// To `BrokerHeartbeat`.
    Heartbeat(HeartbeatAnswer),
    /// To `AlterPartition`: it is so.
    Altered,
    /// To `CreateTopics`.
    TopicsCreated(Each<String, Uuid>),
    /// To `DeleteTopics` and `CreatePartitions`.
    TopicsChanged(Each<String, ()>),
    /// To `ElectLeaders`.
    Elected(Each<(String, i32), ()>),
    /// To `AllocateProducerIds`: the first of a thousand.
    ProducerIds(i64),
    /// To `Metadata`.
    Metadata(ClusterMetadata),
    /// To `InitProducerId`: an id, of epoch 0.
    ProducerId(i64),
    /// To `Produce`.
    Produced(Each<PartitionKey, Produced>),
    /// To `Fetch`.
    Fetched(Each<PartitionKey, FetchedPartition>),
    /// To `ListOffsets`: timestamp and offset, or -1 twice.
    Offsets(i64, i64),
    /// To `FindCoordinator`: a broker and its host.
    Coordinator(i32, String),
    /// To `JoinGroup`.
    Joined(JoinResponse),
    /// To `SyncGroup`.
    Synced(SyncResponse),
    /// To `Heartbeat`, `LeaveGroup` and `OffsetCommit`: it is so.
    GroupDone,
    /// To `OffsetFetch`: topic, partition, and the offset or -1.
    Committed(Vec<(String, i32, i64)>),
}

/// The kinds of message, for [`World::add_kinds`](essaim_kernel::world::World::add_kinds): requests, and their responses.
pub const KINDS: [&str; 45] = [
    "vote",
    "begin-quorum-epoch",
    "end-quorum-epoch",
    "metadata-fetch",
    "broker-registration",
    "broker-heartbeat",
    "alter-partition",
    "create-topics",
    "delete-topics",
    "create-partitions",
    "elect-leaders",
    "allocate-producer-ids",
    "metadata",
    "init-producer-id",
    "produce",
    "fetch",
    "follower-fetch",
    "list-offsets",
    "quorum-response",
    "metadata-fetch-response",
    "failed",
    "broker-registration-response",
    "broker-heartbeat-response",
    "alter-partition-response",
    "create-topics-response",
    "topics-response",
    "elect-leaders-response",
    "allocate-producer-ids-response",
    "metadata-response",
    "init-producer-id-response",
    "produce-response",
    "fetch-response",
    "list-offsets-response",
    "find-coordinator",
    "join-group",
    "sync-group",
    "heartbeat",
    "leave-group",
    "offset-commit",
    "offset-fetch",
    "find-coordinator-response",
    "join-group-response",
    "sync-group-response",
    "group-response",
    "offset-fetch-response",
];

/// Bytes of a request's or response's header, its length included.
const HEADER_BYTES: usize = 40;

/// Bytes of what is said of one topic or partition, beside its records.
const ENTRY_BYTES: usize = 32;

fn size_of(batches: &[Batch]) -> usize {
    batches.iter().map(Batch::size_bytes).sum()
}

impl Message {
    /// Its kind: a place in [`KINDS`].
    pub fn kind(&self) -> u8 {
        match &self.body {
            Body::Request(request) => match request {
                Request::Quorum(raft::Request::Vote { .. }) => 0,
                Request::Quorum(raft::Request::BeginQuorumEpoch { .. }) => 1,
                Request::Quorum(raft::Request::EndQuorumEpoch { .. }) => 2,
                Request::Quorum(raft::Request::Fetch(_)) => 3,
                Request::RegisterBroker(_) => 4,
                Request::BrokerHeartbeat(_) => 5,
                Request::AlterPartition { .. } => 6,
                Request::CreateTopics(_) => 7,
                Request::DeleteTopics(_) => 8,
                Request::CreatePartitions(..) => 9,
                Request::ElectLeaders { .. } => 10,
                Request::AllocateProducerIds { .. } => 11,
                Request::Metadata(_) => 12,
                Request::InitProducerId => 13,
                Request::Produce(_) => 14,
                Request::Fetch(fetch) if fetch.replica_id < 0 => 15,
                Request::Fetch(_) => 16,
                Request::ListOffsets(..) => 17,
                Request::FindCoordinator(_) => 33,
                Request::Group(_, request) => match request {
                    GroupRequest::Join(_) => 34,
                    GroupRequest::Sync(_) => 35,
                    GroupRequest::Heartbeat(_) => 36,
                    GroupRequest::Leave(_) => 37,
                    GroupRequest::Commit(..) => 38,
                    GroupRequest::Committed(_) => 39,
                },
            },
            Body::Response(response) => match response {
                Response::Quorum(response) if response.fetched.is_none() => 18,
                Response::Quorum(_) => 19,
                Response::Failed(_) => 20,
                Response::Registered(_) => 21,
                Response::Heartbeat(_) => 22,
                Response::Altered => 23,
                Response::TopicsCreated(_) => 24,
                Response::TopicsChanged(_) => 25,
                Response::Elected(_) => 26,
                Response::ProducerIds(_) => 27,
                Response::Metadata(_) => 28,
                Response::ProducerId(_) => 29,
                Response::Produced(_) => 30,
                Response::Fetched(_) => 31,
                Response::Offsets(..) => 32,
                Response::Coordinator(..) => 40,
                Response::Joined(_) => 41,
                Response::Synced(_) => 42,
                Response::GroupDone => 43,
                Response::Committed(_) => 44,
            },
        }
    }

    /// About how long it is on the wire: records to the byte, the rest by the number of its entries.
    pub fn size_bytes(&self) -> u32 {
        let (entries, records) = match &self.body {
            Body::Request(request) => match request {
                Request::Produce(produce) => {
                    let sizes = produce.partitions.iter().map(|(_, batch)| batch.size_bytes());
                    (produce.partitions.len(), sizes.sum())
                }
                Request::Fetch(fetch) => (fetch.partitions.len(), 0),
                Request::CreateTopics(topics) => (topics.len(), 0),
                Request::ElectLeaders { partitions, .. } => (partitions.len(), 0),
                _ => (1, 0),
            },
            Body::Response(response) => match response {
                Response::Quorum(response) => {
                    let fetched = response.fetched.as_ref();
                    (1, fetched.map_or(0, |fetched| size_of(&fetched.batches)))
                }
                Response::Produced(each) => (each.len(), 0),
                Response::Fetched(each) => {
                    let fetched = each.iter().filter_map(|(_, result)| result.as_ref().ok());
                    (each.len(), fetched.map(|fetched| size_of(&fetched.batches)).sum())
                }
                Response::Metadata(metadata) => {
                    let topics = metadata.topics.iter();
                    let partitions: usize = topics.map(|topic| 1 + topic.partitions.len()).sum();
                    (metadata.brokers.len() + partitions, 0)
                }
                _ => (1, 0),
            },
        };
        (HEADER_BYTES + ENTRY_BYTES * entries + records) as u32
    }
}

/// What is written to it is digested.
struct Digested<'a>(&'a mut Digest);

impl Write for Digested<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.bytes(text.as_bytes());
        Ok(())
    }
}

impl Payload for Message {
    fn digest(&self, into: &mut Digest) {
        // Every field has its part in what `Debug` writes, and nothing else has.
        let _ = write!(Digested(into), "{self:?}");
    }
}
