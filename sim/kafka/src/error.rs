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
    /// Above `max.message.bytes`.
    MessageTooLarge = 10, "MESSAGE_TOO_LARGE";
    /// Above `segment.bytes`.
    RecordListTooLarge = 18, "RECORD_LIST_TOO_LARGE";
    /// The ISR is smaller than `min.insync.replicas`.
    NotEnoughReplicas = 19, "NOT_ENOUGH_REPLICAS";
    /// It became smaller after the append.
    NotEnoughReplicasAfterAppend = 20, "NOT_ENOUGH_REPLICAS_AFTER_APPEND";
    /// A timestamp too far from the broker's clock.
    InvalidTimestamp = 32, "INVALID_TIMESTAMP";
    /// A sequence number that is not the next one.
    OutOfOrderSequenceNumber = 45, "OUT_OF_ORDER_SEQUENCE_NUMBER";
    /// An epoch older than the producer's last.
    InvalidProducerEpoch = 47, "INVALID_PRODUCER_EPOCH";
    /// Outside a transaction where one is open.
    InvalidTxnState = 48, "INVALID_TXN_STATE";
    /// A marker of a coordinator that was replaced.
    TransactionCoordinatorFenced = 52, "TRANSACTION_COORDINATOR_FENCED";
    /// A record that its topic does not take.
    InvalidRecord = 87, "INVALID_RECORD";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
