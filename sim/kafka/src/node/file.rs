//! A log on the host's disk. It is written as it grows, and what a crash leaves of it is read again.

use bytes::Bytes;
use essaim_kernel::world::{DiskError, FileId};

use super::{KafkaCx, now_ms};
use crate::log::{Files, Log, LogConfig};

/// Where a batch ends: in the log, of which epoch, in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    next_offset: i64,
    epoch: i32,
    position: u64,
}

/// The file of a log: its batches, one after the other.
#[derive(Clone, Debug)]
pub struct LogFile {
    file: FileId,
    ends: Vec<End>,
}

impl LogFile {
    /// The log that a file holds; an empty one where there is none. What is not sound at its end is cut off.
    pub fn open(folder: &str, name: &str, config: LogConfig, cx: &mut KafkaCx<'_>) -> Result<(Self, Log), DiskError> {
        let now_ms = now_ms(cx);
        let mut disk = cx.disk();
        let file = disk.create(&format!("{folder}/00000000000000000000.log"))?;
        let length = disk.len(file).unwrap_or(0);
        let bytes = disk.read(file, 0, length as usize).unwrap_or_default();
        let files = Files {
            segments: vec![(0, Bytes::from(bytes))],
            ..Files::default()
        };
        let (log, lost) = Log::recover(name, config, files, now_ms);
        if lost.bytes > 0 {
            disk.truncate(file, length - lost.bytes)?;
        }
        let mut ends = Vec::new();
        let mut position = 0;
        for batch in log.batches_from(0) {
            position += batch.size_bytes() as u64;
            ends.push(End {
                next_offset: batch.next_offset(),
                epoch: batch.partition_leader_epoch(),
                position,
            });
        }
        Ok((Self { file, ends }, log))
    }

    /// The file.
    pub fn file(&self) -> FileId {
        self.file
    }

    /// Writes what is new in the log, and cuts off what is no longer in it. Says whether there was anything to do.
    pub fn follow(&mut self, log: &Log, cx: &mut KafkaCx<'_>) -> Result<bool, DiskError> {
        let before = self.ends.len();
        let end = log.log_end_offset();
        while self.ends.last().is_some_and(|last| !holds(log, end, *last)) {
            self.ends.pop();
        }
        let last = self.ends.last().copied();
        let (next_offset, mut position) = last.map_or((0, 0), |last| (last.next_offset, last.position));
        let is_cut = self.ends.len() < before;
        if is_cut {
            cx.disk().truncate(self.file, position)?;
        }
        if next_offset >= end {
            return Ok(is_cut);
        }
        let mut bytes = Vec::new();
        for batch in log.batches_from(next_offset) {
            batch.write(&mut bytes);
            position += batch.size_bytes() as u64;
            self.ends.push(End {
                next_offset: batch.next_offset(),
                epoch: batch.partition_leader_epoch(),
                position,
            });
        }
        cx.disk().append(self.file, bytes)?;
        Ok(true)
    }
}

/// Whether the log still has the batch that ended there: after a truncation another epoch's records may be in its place.
fn holds(log: &Log, end: i64, last: End) -> bool {
    last.next_offset <= end
        && log
            .batches_from(last.next_offset - 1)
            .next()
            .is_some_and(|batch| batch.partition_leader_epoch() == last.epoch)
}
