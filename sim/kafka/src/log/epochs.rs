//! Where each leader's epoch begins in the log (KIP-101, KIP-279): by this, and not by the high watermark, replicas
//! find the point up to which they agree.

use core::fmt::Write as _;
use std::collections::BTreeMap;

/// No epoch is known.
pub const UNDEFINED_EPOCH: i32 = -1;

/// No offset is known.
pub const UNDEFINED_OFFSET: i64 = -1;

/// Epochs and the offsets of their first records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    starts: BTreeMap<i32, i64>,
}

impl Epochs {
    /// `epoch` begins at `start`, unless that is known already. Entries that would contradict it go: a later epoch, or
    /// a start at or beyond this one.
    pub fn assign(&mut self, epoch: i32, start: i64) {
        if epoch < 0 || start < 0 {
            return;
        }
        if let Some((last, last_start)) = self.last()
            && last == epoch
            && start >= last_start
        {
            return;
        }
        while let Some((last, last_start)) = self.last() {
            if last < epoch && last_start < start {
                break;
            }
            self.starts.remove(&last);
        }
        self.starts.insert(epoch, start);
    }

    /// The last epoch and its start.
    pub fn last(&self) -> Option<(i32, i64)> {
        self.starts.last_key_value().map(|(epoch, start)| (*epoch, *start))
    }

    /// The first epoch and its start.
    pub fn first(&self) -> Option<(i32, i64)> {
        self.starts.first_key_value().map(|(epoch, start)| (*epoch, *start))
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = (i32, i64)> + '_ {
        self.starts.iter().map(|(epoch, start)| (*epoch, *start))
    }

    /// The largest epoch that is not larger than `epoch`, and where it ends: where the next one begins, or the end of
    /// the log for the last one. An epoch from before the log ends where the log's first one begins.
    pub fn end_offset_for(&self, epoch: i32, log_end_offset: i64) -> (i32, i64) {
        if epoch == UNDEFINED_EPOCH {
            return (UNDEFINED_EPOCH, UNDEFINED_OFFSET);
        }
        if self.last().is_some_and(|(last, _)| last == epoch) {
            return (epoch, log_end_offset);
        }
        let Some(next) = epoch.checked_add(1).and_then(|above| self.starts.range(above..).next()) else {
            return (UNDEFINED_EPOCH, UNDEFINED_OFFSET);
        };
        let floor = self.starts.range(..=epoch).next_back();
        (floor.map_or(epoch, |(floor, _)| *floor), *next.1)
    }

    /// The epoch in which the record at `offset` was written.
    pub fn epoch_for(&self, offset: i64) -> Option<i32> {
        let before = self.starts.iter().take_while(|(_, start)| **start <= offset);
        before.last().map(|(epoch, _)| *epoch)
    }

    /// The log now ends at `offset`: epochs that began there or later are gone.
    pub fn truncate_from_end(&mut self, offset: i64) {
        self.starts.retain(|_, start| *start < offset);
    }

    /// The log now begins at `offset`: the epoch of that offset begins there, earlier ones are gone.
    pub fn truncate_from_start(&mut self, offset: i64) {
        let Some(epoch) = self.epoch_for(offset) else { return };
        self.starts.retain(|other, _| *other >= epoch);
        self.starts.insert(epoch, offset);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.starts.clear();
    }

    /// From the file `leader-epoch-checkpoint`; `None` where it is damaged.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != "0" {
            return None;
        }
        let count: usize = lines.next()?.parse().ok()?;
        let mut epochs = Self::default();
        for line in lines.by_ref().take(count) {
            let (epoch, start) = line.split_once(' ')?;
            epochs.assign(epoch.parse().ok()?, start.parse().ok()?);
        }
        (epochs.starts.len() == count && lines.next().is_none()).then_some(epochs)
    }

    /// What the file `leader-epoch-checkpoint` holds.
    pub fn checkpoint_file(&self) -> String {
        let mut text = format!("0\n{}\n", self.starts.len());
        for (epoch, start) in self.iter() {
            let _ = writeln!(text, "{epoch} {start}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(list: &[(i32, i64)]) -> Epochs {
        let mut epochs = Epochs::default();
        for (epoch, start) in list {
            epochs.assign(*epoch, *start);
        }
        epochs
    }

    #[test]
    fn an_epoch_ends_where_the_next_begins() {
        let epochs = epochs(&[(2, 6), (5, 9), (6, 9), (7, 11)]);
        // Epoch 5 wrote nothing: epoch 6 began at the same place.
        assert_eq!(epochs.iter().collect::<Vec<_>>(), [(2, 6), (6, 9), (7, 11)]);
        assert_eq!(epochs.end_offset_for(7, 20), (7, 20));
        assert_eq!(epochs.end_offset_for(2, 20), (2, 9));
        assert_eq!(epochs.end_offset_for(4, 20), (2, 9));
        assert_eq!(epochs.end_offset_for(1, 20), (1, 6), "before the log");
        assert_eq!(epochs.end_offset_for(8, 20), (-1, -1), "not yet");
        assert_eq!(epochs.end_offset_for(-1, 20), (-1, -1));
    }

    #[test]
    fn an_epoch_is_assigned_once() {
        let mut epochs = epochs(&[(1, 0), (2, 10)]);
        epochs.assign(2, 15);
        assert_eq!(epochs.last(), Some((2, 10)));
        epochs.assign(1, 12);
        assert_eq!(epochs.last(), Some((1, 12)), "an older one contradicts the later");
    }

    #[test]
    fn both_ends_are_cut() {
        let mut epochs = epochs(&[(2, 6), (3, 8), (4, 11)]);
        epochs.truncate_from_end(11);
        assert_eq!(epochs.last(), Some((3, 8)));
        epochs.truncate_from_start(7);
        assert_eq!(epochs.iter().collect::<Vec<_>>(), [(2, 7), (3, 8)]);
        epochs.truncate_from_start(8);
        assert_eq!(epochs.iter().collect::<Vec<_>>(), [(3, 8)]);
        assert_eq!(epochs.checkpoint_file(), "0\n1\n3 8\n");
        assert_eq!(Epochs::parse("0\n1\n3 8\n"), Some(epochs.clone()));
        assert_eq!(Epochs::parse("0\n2\n3 8\n"), None);
        assert_eq!(Epochs::parse("1\n1\n3 8\n"), None);
        assert_eq!((epochs.epoch_for(7), epochs.epoch_for(9)), (None, Some(3)));
    }
}
