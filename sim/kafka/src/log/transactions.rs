//! Transactions in one partition: which are open, which are decided but not yet replicated, which were aborted.

use std::collections::BTreeMap;

use crate::wire;

/// A transaction that was aborted, as `.txnindex` keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTxn {
    /// Whose it was.
    pub producer_id: i64,
    /// Its first record.
    pub first_offset: i64,
    /// Its marker.
    pub last_offset: i64,
    /// The last stable offset when the marker was written: what is below needs no later entry.
    pub last_stable_offset: i64,
}

impl AbortedTxn {
    pub(super) fn write(&self, into: &mut Vec<u8>) {
        wire::put_i16(into, 0);
        wire::put_i64(into, self.producer_id);
        wire::put_i64(into, self.first_offset);
        wire::put_i64(into, self.last_offset);
        wire::put_i64(into, self.last_stable_offset);
    }
}

/// A transaction that its marker has just ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompletedTxn {
    /// Whose it was.
    pub producer_id: i64,
    /// Its first record.
    pub first_offset: i64,
    /// Its marker.
    pub last_offset: i64,
    /// Aborted, or committed.
    pub is_aborted: bool,
}

/// Open transactions, and those whose markers are not below the high watermark yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transactions {
    /// First offset -> producer.
    ongoing: BTreeMap<i64, i64>,
    /// First offset -> offset of the marker.
    unreplicated: BTreeMap<i64, i64>,
}

impl Transactions {
    /// A transaction begins.
    pub fn begin(&mut self, first_offset: i64, producer_id: i64) {
        self.ongoing.insert(first_offset, producer_id);
    }

    /// Its marker is in the log. Gives the last stable offset that this leaves, as far as transactions go.
    pub fn complete(&mut self, txn: &CompletedTxn) -> i64 {
        let other = self.ongoing.iter().find(|(_, producer)| **producer != txn.producer_id);
        let last_stable_offset = other.map_or(txn.last_offset + 1, |(first, _)| *first);
        self.ongoing.remove(&txn.first_offset);
        self.unreplicated.insert(txn.first_offset, txn.last_offset);
        last_stable_offset
    }

    /// What is below is replicated: decided transactions there are stable.
    pub fn replicated(&mut self, high_watermark: i64) {
        if !self.unreplicated.is_empty() {
            self.unreplicated.retain(|_, marker| *marker >= high_watermark);
        }
    }

    /// The first record whose fate is open, or whose marker may yet be lost.
    pub fn first_unstable_offset(&self) -> Option<i64> {
        let first = |map: &BTreeMap<i64, i64>| map.first_key_value().map(|(offset, _)| *offset);
        match (first(&self.ongoing), first(&self.unreplicated)) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// Open transactions: first offset and producer.
    pub fn ongoing(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.ongoing.iter().map(|(offset, producer)| (*offset, *producer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_is_stable_once_its_marker_is_replicated() {
        let mut transactions = Transactions::default();
        transactions.begin(5, 1);
        transactions.begin(7, 2);
        let txn = CompletedTxn {
            producer_id: 1,
            first_offset: 5,
            last_offset: 9,
            is_aborted: true,
        };
        assert_eq!(transactions.complete(&txn), 7, "producer 2 is still at it");
        assert_eq!(transactions.first_unstable_offset(), Some(5));
        transactions.replicated(9);
        assert_eq!(
            transactions.first_unstable_offset(),
            Some(5),
            "the marker itself is not below"
        );
        transactions.replicated(10);
        assert_eq!(transactions.first_unstable_offset(), Some(7));
    }
}
