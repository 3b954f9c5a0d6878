//! Offsets by time: `ListOffsets`.

use super::Log;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListOffset {
    /// -2: the first record.
    Earliest,
    /// -1: after the last record that the reader may see.
    Latest,
    /// -3: the record with the latest timestamp.
    MaxTimestamp,
    /// -4: the first record on this broker's disks. There is no other storage here.
    EarliestLocal,
    /// -5: the last record in tiered storage.
    LatestTiered,
    /// The first record of this time or later.
    AtTime(i64),
}

impl ListOffset {
    /// From the timestamp of the request.
    pub fn of(timestamp: i64) -> Option<Self> {
        match timestamp {
            -1 => Some(Self::Latest),
            -2 => Some(Self::Earliest),
            -3 => Some(Self::MaxTimestamp),
            -4 => Some(Self::EarliestLocal),
            -5 => Some(Self::LatestTiered),
            time if time >= 0 => Some(Self::AtTime(time)),
            _ => None,
        }
    }
}

/// An offset, and the timestamp and leader epoch of its record where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundOffset {
    /// The record's timestamp, or -1.
    pub timestamp: i64,
    /// The offset.
    pub offset: i64,
    /// The epoch, or -1.
    pub leader_epoch: i32,
}

impl Log {
    /// The offset that is asked for; `end` is that up to which the reader may see. `None` where no record is like that.
    pub fn find_offset(&self, what: ListOffset, end: i64) -> Option<FoundOffset> {
        match what {
            ListOffset::Earliest | ListOffset::EarliestLocal => {
                let offset = self.log_start_offset;
                Some(self.place(offset, self.epochs.epoch_for(offset)))
            }
            ListOffset::Latest => {
                let epoch = self.epochs.last().map(|(epoch, _)| epoch);
                Some(self.place(end, epoch))
            }
            ListOffset::LatestTiered => None,
            ListOffset::MaxTimestamp => self.record_of_max_timestamp().filter(|found| found.offset < end),
            ListOffset::AtTime(time) => self.record_at(time).filter(|found| found.offset < end),
        }
    }

    fn place(&self, offset: i64, epoch: Option<i32>) -> FoundOffset {
        FoundOffset {
            timestamp: -1,
            offset,
            leader_epoch: epoch.unwrap_or(-1),
        }
    }

    fn record_at(&self, time: i64) -> Option<FoundOffset> {
        let is_late = |latest: Option<(i64, i64)>| latest.is_some_and(|(timestamp, _)| timestamp >= time);
        let segment = self
            .segments
            .iter()
            .find(|segment| is_late(segment.latest_timestamp()))?;
        // The last entry of the time index below the time: nothing before it is late enough.
        let noted = segment
            .time_index()
            .take_while(|(timestamp, _)| *timestamp < time)
            .last();
        let start = noted.map_or(segment.base_offset(), |(_, offset)| offset);
        let start = start.max(self.log_start_offset);
        let mut batches = segment.batches_from(start).map(|placed| &placed.batch);
        let batch = batches.find(|batch| batch.max_timestamp() >= time && batch.last_offset() >= start)?;
        let mut records = batch.records().flatten();
        let record = records.find(|record| record.timestamp >= time && record.offset >= start)?;
        Some(FoundOffset {
            timestamp: record.timestamp,
            offset: record.offset,
            leader_epoch: batch.partition_leader_epoch(),
        })
    }

    fn record_of_max_timestamp(&self) -> Option<FoundOffset> {
        let latest = self.segments.iter().filter_map(|segment| segment.latest_timestamp());
        let max = latest.map(|(timestamp, _)| timestamp).max()?;
        let holds = |latest: Option<(i64, i64)>| latest.is_some_and(|(timestamp, _)| timestamp == max);
        let segment = self.segments.iter().find(|segment| holds(segment.latest_timestamp()))?;
        let (_, last_offset) = segment.latest_timestamp()?;
        let batch = &segment.batches_from(last_offset).next()?.batch;
        let record = batch.records().flatten().find(|record| record.timestamp == max)?;
        Some(FoundOffset {
            timestamp: max,
            offset: record.offset,
            leader_epoch: batch.partition_leader_epoch(),
        })
    }
}
