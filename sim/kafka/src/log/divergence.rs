//! Where a follower's log and its leader's part: found by epochs while fetching (KIP-101, KIP-279, KIP-595).

use super::epochs::{UNDEFINED_EPOCH, UNDEFINED_OFFSET};
use super::{Log, Refused};
use crate::error::ErrorCode;

/// Where an epoch ends in the leader's log; the follower's does not go on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEnd {
    /// The largest epoch of the leader that is not larger than the follower's last one.
    pub epoch: i32,
    /// Where it ends.
    pub end_offset: i64,
}

impl Log {
    /// As the leader: whether a reader whose next offset is `fetch_offset`, and whose last record is of
    /// `last_fetched_epoch`, has something else than this log.
    pub fn divergence(&self, fetch_offset: i64, last_fetched_epoch: i32) -> Result<Option<EpochEnd>, Refused> {
        let (epoch, end_offset) = self.epochs.end_offset_for(last_fetched_epoch, self.log_end_offset);
        let refuse = |message: String| Err(Refused::new(ErrorCode::OffsetOutOfRange, message));
        if epoch == UNDEFINED_EPOCH || end_offset == UNDEFINED_OFFSET {
            return refuse(format!(
                "Could not determine the end offset of the last fetched epoch {last_fetched_epoch} from the request"
            ));
        }
        if fetch_offset < self.log_start_offset {
            return refuse(format!(
                "Received request for offset {fetch_offset} for partition {}, but we only have log segments in the \
                 range {} to {}.",
                self.name, self.log_start_offset, self.log_end_offset
            ));
        }
        let diverges = epoch < last_fetched_epoch || end_offset < fetch_offset;
        Ok(diverges.then_some(EpochEnd { epoch, end_offset }))
    }

    /// As a follower: drops what the leader, by its answer, cannot have. Says whether that is all; if the leader named
    /// an epoch that is unknown here, a further fetch has to ask about the one before.
    pub fn truncate_to_leader(&mut self, leader: EpochEnd, now_ms: i64) -> bool {
        let (offset, is_all) = self.truncation_point(leader);
        self.truncate_to(offset.max(self.log_start_offset), now_ms);
        is_all
    }

    fn truncation_point(&self, leader: EpochEnd) -> (i64, bool) {
        let end = self.log_end_offset;
        if leader.end_offset == UNDEFINED_OFFSET {
            return (self.high_watermark, true);
        }
        if leader.epoch == UNDEFINED_EPOCH {
            return (leader.end_offset.min(end), true);
        }
        match self.epochs.end_offset_for(leader.epoch, end) {
            (_, UNDEFINED_OFFSET) => (leader.end_offset.min(end), true),
            (epoch, own_end) if epoch == leader.epoch => (own_end.min(leader.end_offset).min(end), true),
            (_, own_end) => (own_end.min(end), false),
        }
    }

    /// The epoch of the last record, as a follower tells it with each fetch; `None` for an empty log.
    pub fn last_fetched_epoch(&self) -> Option<i32> {
        self.epochs.last().map(|(epoch, _)| epoch)
    }
}
