//! Errors of the protocol: their numbers and names. A table of those that are used; it grows with the brokers.

use core::fmt;

macro_rules! errors {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $name:literal;)*) => {
        /// An error code of Kafka's protocol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)*
        }

        impl ErrorCode {
            /// Its number on the wire.
            pub fn code(self) -> i16 {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// Its name, as tools and logs print it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

errors! {
    /// Something that should not happen.
    UnknownServerError = -1, "UNKNOWN_SERVER_ERROR";
    /// Below the log's start or beyond its end.
    OffsetOutOfRange = 1, "OFFSET_OUT_OF_RANGE";
    /// The bytes are not what their checksum says.
    CorruptMessage = 2, "CORRUPT_MESSAGE";
    /// This broker has no such partition.
    UnknownTopicOrPartition = 3, "UNKNOWN_TOPIC_OR_PARTITION";
    /// This broker does not lead the partition.
    NotLeaderOrFollower = 6, "NOT_LEADER_OR_FOLLOWER";
    /// The time of the request was over.
    RequestTimedOut = 7, "REQUEST_TIMED_OUT";
    /// Above `max.message.bytes`.
    MessageTooLarge = 10, "MESSAGE_TOO_LARGE";
    /// Above `offset.metadata.max.bytes`.
    OffsetMetadataTooLarge = 12, "OFFSET_METADATA_TOO_LARGE";
    /// The coordinator is reading what it has to know.
    CoordinatorLoadInProgress = 14, "COORDINATOR_LOAD_IN_PROGRESS";
    /// The coordinator is not there, or not yet.
    CoordinatorNotAvailable = 15, "COORDINATOR_NOT_AVAILABLE";
    /// This broker does not coordinate it.
    NotCoordinator = 16, "NOT_COORDINATOR";
    /// Above `segment.bytes`.
    RecordListTooLarge = 18, "RECORD_LIST_TOO_LARGE";
    /// The ISR is smaller than `min.insync.replicas`.
    NotEnoughReplicas = 19, "NOT_ENOUGH_REPLICAS";
    /// It became smaller after the append.
    NotEnoughReplicasAfterAppend = 20, "NOT_ENOUGH_REPLICAS_AFTER_APPEND";
    /// `acks` is neither 0, 1 nor all.
    InvalidRequiredAcks = 21, "INVALID_REQUIRED_ACKS";
    /// A generation that is not the group's.
    IllegalGeneration = 22, "ILLEGAL_GENERATION";
    /// Assignors, or a kind of group, that the others do not have.
    InconsistentGroupProtocol = 23, "INCONSISTENT_GROUP_PROTOCOL";
    /// The group does not know the member.
    UnknownMemberId = 25, "UNKNOWN_MEMBER_ID";
    /// Outside `group.min.session.timeout.ms` and `group.max.session.timeout.ms`.
    InvalidSessionTimeout = 26, "INVALID_SESSION_TIMEOUT";
    /// The group is rebalancing: join again.
    RebalanceInProgress = 27, "REBALANCE_IN_PROGRESS";
    /// A timestamp too far from the broker's clock.
    InvalidTimestamp = 32, "INVALID_TIMESTAMP";
    /// The request makes no sense.
    InvalidRequest = 42, "INVALID_REQUEST";
    /// A sequence number that is not the next one.
    OutOfOrderSequenceNumber = 45, "OUT_OF_ORDER_SEQUENCE_NUMBER";
    /// An epoch older than the producer's last.
    InvalidProducerEpoch = 47, "INVALID_PRODUCER_EPOCH";
    /// Outside a transaction where one is open.
    InvalidTxnState = 48, "INVALID_TXN_STATE";
    /// Not the producer id of the transactional id.
    InvalidProducerIdMapping = 49, "INVALID_PRODUCER_ID_MAPPING";
    /// Above `transaction.max.timeout.ms`.
    InvalidTransactionTimeout = 50, "INVALID_TRANSACTION_TIMEOUT";
    /// Something else is under way in the transaction: try again.
    ConcurrentTransactions = 51, "CONCURRENT_TRANSACTIONS";
    /// A marker of a coordinator that was replaced.
    TransactionCoordinatorFenced = 52, "TRANSACTION_COORDINATOR_FENCED";
    /// The disk does not answer.
    KafkaStorageError = 56, "KAFKA_STORAGE_ERROR";
    /// The group has members.
    NonEmptyGroup = 68, "NON_EMPTY_GROUP";
    /// There is no such group.
    GroupIdNotFound = 69, "GROUP_ID_NOT_FOUND";
    /// Join again with the id that came with this.
    MemberIdRequired = 79, "MEMBER_ID_REQUIRED";
    /// The group has `group.max.size` members.
    GroupMaxSizeReached = 81, "GROUP_MAX_SIZE_REACHED";
    /// Another member has taken the place of this static one.
    FencedInstanceId = 82, "FENCED_INSTANCE_ID";
    /// The group reads the topic.
    GroupSubscribedToTopic = 86, "GROUP_SUBSCRIBED_TO_TOPIC";
    /// A record that its topic does not take.
    InvalidRecord = 87, "INVALID_RECORD";
    /// A transaction that is open may change the offset.
    UnstableOffsetCommit = 88, "UNSTABLE_OFFSET_COMMIT";
    /// A newer producer has the transactional id.
    ProducerFenced = 90, "PRODUCER_FENCED";
    /// There is no such transactional id.
    TransactionalIdNotFound = 105, "TRANSACTIONAL_ID_NOT_FOUND";
    /// Not the member's epoch: give all up and join again.
    FencedMemberEpoch = 110, "FENCED_MEMBER_EPOCH";
    /// Another member goes under this static name still.
    UnreleasedInstanceId = 111, "UNRELEASED_INSTANCE_ID";
    /// The coordinator has no such assignor.
    UnsupportedAssignor = 112, "UNSUPPORTED_ASSIGNOR";
    /// Not the member's epoch: ask for it and try again.
    StaleMemberEpoch = 113, "STALE_MEMBER_EPOCH";
    /// The transaction cannot be committed, but aborted.
    TransactionAbortable = 120, "TRANSACTION_ABORTABLE";
    /// The partition has no leader now.
    LeaderNotAvailable = 5, "LEADER_NOT_AVAILABLE";
    /// A name that no topic may have.
    InvalidTopic = 17, "INVALID_TOPIC_EXCEPTION";
    /// The topic is there already.
    TopicAlreadyExists = 36, "TOPIC_ALREADY_EXISTS";
    /// A number of partitions that cannot be.
    InvalidPartitions = 37, "INVALID_PARTITIONS";
    /// A replication factor that cannot be.
    InvalidReplicationFactor = 38, "INVALID_REPLICATION_FACTOR";
    /// This controller is not the active one.
    NotController = 41, "NOT_CONTROLLER";
    /// The leader epoch is over.
    FencedLeaderEpoch = 74, "FENCED_LEADER_EPOCH";
    /// The leader epoch has not begun here.
    UnknownLeaderEpoch = 75, "UNKNOWN_LEADER_EPOCH";
    /// The broker has registered again since.
    StaleBrokerEpoch = 77, "STALE_BROKER_EPOCH";
    /// The preferred leader cannot lead.
    PreferredLeaderNotAvailable = 80, "PREFERRED_LEADER_NOT_AVAILABLE";
    /// No replica can lead.
    EligibleLeadersNotAvailable = 83, "ELIGIBLE_LEADERS_NOT_AVAILABLE";
    /// It leads already.
    ElectionNotNeeded = 84, "ELECTION_NOT_NEEDED";
    /// The state that was to change has changed since.
    InvalidUpdateVersion = 95, "INVALID_UPDATE_VERSION";
    /// There is no topic of this id.
    UnknownTopicId = 100, "UNKNOWN_TOPIC_ID";
    /// Another process with this id is alive.
    DuplicateBrokerRegistration = 101, "DUPLICATE_BROKER_REGISTRATION";
    /// The broker is not registered.
    BrokerIdNotRegistered = 102, "BROKER_ID_NOT_REGISTERED";
    /// A replica that may not be in the ISR.
    IneligibleReplica = 107, "INELIGIBLE_REPLICA";
    /// The change led to another leader.
    NewLeaderElected = 108, "NEW_LEADER_ELECTED";
}

impl ErrorCode {
    /// What Kafka says of it where a producer's transaction fails with it.
    pub fn transaction_sentence(self) -> Option<&'static str> {
        Some(match self {
            Self::CoordinatorLoadInProgress => "The coordinator is loading and hence can't process requests.",
            Self::CoordinatorNotAvailable => "The coordinator is not available.",
            Self::NotCoordinator => "This is not the correct coordinator.",
            Self::InvalidProducerEpoch => "Producer attempted to produce with an old epoch.",
            Self::InvalidTxnState => "The producer attempted a transactional operation in an invalid state.",
            Self::InvalidProducerIdMapping => {
                "The producer attempted to use a producer id which is not currently assigned to its transactional id."
            }
            Self::InvalidTransactionTimeout => {
                "The transaction timeout is larger than the maximum value allowed by the broker (as configured by \
                 transaction.max.timeout.ms)."
            }
            Self::ConcurrentTransactions => {
                "The producer attempted to update a transaction while another concurrent operation on the same \
                 transaction was ongoing."
            }
            Self::TransactionCoordinatorFenced => {
                "Indicates that the transaction coordinator sending a WriteTxnMarker is no longer the current \
                 coordinator for a given producer."
            }
            Self::ProducerFenced => {
                "There is a newer producer with the same transactionalId which fences the current one."
            }
            Self::TransactionalIdNotFound => "The transactionalId could not be found.",
            Self::TransactionAbortable => {
                "The server encountered an error with the transaction. The client can abort the transaction to continue \
                 using this transactional ID."
            }
            _ => return None,
        })
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
