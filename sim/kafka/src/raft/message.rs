//! What members of the quorum say to each other. The fields are those of Kafka's requests and responses, as far as they
//! matter.

use crate::batch::Batch;
use crate::log::EpochEnd;

/// A message from one node to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// From whom.
    pub from: i32,
    /// To whom.
    pub to: i32,
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

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `Vote`
    Vote {
        /// The candidate's epoch; of a pre-vote the present one.
        epoch: i32,
        /// The epoch of its last record.
        last_epoch: i32,
        /// The end of its log.
        last_offset: i64,
        /// Only asks whether it would get the vote.
        pre_vote: bool,
    },
    /// `BeginQuorumEpoch`: the sender leads.
    BeginQuorumEpoch {
        /// In this epoch.
        epoch: i32,
    },
    /// `EndQuorumEpoch`: the sender no longer does.
    EndQuorumEpoch {
        /// In this epoch.
        epoch: i32,
        /// Who should follow it, the one with most first.
        successors: Vec<i32>,
    },
    /// `Fetch`
    Fetch(Fetch),
}

/// A fetch of the quorum's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The epoch the sender believes in.
    pub epoch: i32,
    /// The end of its log.
    pub offset: i64,
    /// The epoch of its last record.
    pub last_epoch: i32,
    /// The high watermark it knows (KIP-1166).
    pub high_watermark: i64,
}

/// Errors of the quorum's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuorumError {
    /// The sender's epoch is over.
    FencedLeaderEpoch,
    /// The sender's epoch has not begun here.
    UnknownLeaderEpoch,
    /// The receiver does not lead.
    NotLeaderOrFollower,
    /// The sender has no vote, or the request makes no sense.
    InvalidRequest,
    /// The offset is not in the log.
    OffsetOutOfRange,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// What was wrong.
    pub error: Option<QuorumError>,
    /// The receiver's epoch.
    pub epoch: i32,
    /// Its leader, as far as is known.
    pub leader: Option<i32>,
    /// To `Vote`: it has the vote, or would.
    pub granted: bool,
    /// To `Fetch`.
    pub fetched: Option<FetchedRecords>,
}

/// What a fetch brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchedRecords {
    /// The leader's high watermark, or -1 before it knows.
    pub high_watermark: i64,
    /// Where the logs part: nothing else comes then.
    pub diverging: Option<EpochEnd>,
    /// The records.
    pub batches: Vec<Batch>,
}
