//! What a log is, in a few numbers: the same natively and in Wasm.

use essaim_kernel::Digest;

use super::Log;

impl Log {
    /// Adds the log's state. A segment is its batches' offsets, epochs, sizes and checksums, which it has summed up as
    /// they were written: the cost does not grow with the records.
    pub fn digest(&self, into: &mut Digest) {
        into.bytes(self.name.as_bytes());
        for offset in [
            self.log_start_offset,
            self.log_end_offset,
            self.high_watermark,
            self.cleaned_until,
        ] {
            into.i64(offset);
        }
        into.u64(self.segments.len() as u64);
        for segment in self.segments() {
            into.i64(segment.base_offset());
            into.u64(u64::from(segment.size_bytes()));
            into.u64(segment.fingerprint());
            into.i64(segment.last_modified_ms());
        }
        for (epoch, start) in self.epochs.iter() {
            into.i64(i64::from(epoch));
            into.i64(start);
        }
        for producer in self.producers.iter() {
            into.i64(producer.id);
            into.i64(i64::from(producer.epoch));
            into.i64(i64::from(producer.coordinator_epoch));
            into.i64(i64::from(producer.last_sequence()));
            into.i64(producer.last_data_offset().unwrap_or(-1));
            into.i64(producer.last_timestamp);
            into.i64(producer.txn_first_offset.unwrap_or(-1));
        }
        into.i64(self.last_stable_offset());
    }
}
