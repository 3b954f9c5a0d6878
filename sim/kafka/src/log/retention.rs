//! Forgetting at the start: segments that are too old or too many, and records that somebody deleted.

use std::sync::Arc;

use super::{Log, Refused, Segment};
use crate::error::ErrorCode;

impl Log {
    /// Removes the segments that the topic's settings, or the log's start, have made superfluous, oldest first. None is
    /// removed that is not below the high watermark. Gives those that are gone; their files stay, as `.deleted`, for
    /// `file.delete.delay.ms`.
    pub fn delete_old_segments(&mut self, now_ms: i64) -> Vec<Arc<Segment>> {
        let start = self.log_start_offset;
        let mut gone = self.delete_while(now_ms, |_, next| next.is_some_and(|next| next <= start));
        if !self.config.delete {
            return gone;
        }
        if let Ok(retention_bytes) = u64::try_from(self.config.retention_bytes) {
            let mut excess = self.size_bytes().saturating_sub(retention_bytes);
            gone.extend(self.delete_while(now_ms, |segment, _| {
                let size_bytes = u64::from(segment.size_bytes());
                let is_beyond = excess > 0 && excess >= size_bytes;
                excess = excess.saturating_sub(size_bytes);
                is_beyond
            }));
        }
        let retention_ms = self.config.retention_ms;
        if retention_ms >= 0 {
            let is_old = |segment: &Segment| now_ms.saturating_sub(segment.age_timestamp()) > retention_ms;
            gone.extend(self.delete_while(now_ms, |segment, _| is_old(segment)));
        }
        gone
    }

    /// Removes the first segments for which `is_superfluous` (given the base offset of the next) holds.
    fn delete_while(
        &mut self,
        now_ms: i64,
        mut is_superfluous: impl FnMut(&Segment, Option<i64>) -> bool,
    ) -> Vec<Arc<Segment>> {
        let mut count = 0;
        while let Some(segment) = self.segments.get(count) {
            let next = self.segments.get(count + 1).map(|next| next.base_offset());
            let end = next.unwrap_or(self.log_end_offset);
            let is_empty_last = next.is_none() && segment.size_bytes() == 0;
            if end > self.high_watermark || is_empty_last || !is_superfluous(segment, next) {
                break;
            }
            count += 1;
        }
        if count == 0 {
            return Vec::new();
        }
        if count == self.segments.len() {
            // There is always a segment to write to.
            self.roll(now_ms);
        }
        let gone: Vec<Arc<Segment>> = Arc::make_mut(&mut self.segments).drain(..count).collect();
        let first = self.segments[0].base_offset();
        self.move_log_start(first.max(self.log_start_offset));
        gone
    }

    /// Records below `offset` are deleted: they can no longer be read, and whole segments of them go with the next
    /// retention check. -1 stands for the high watermark. Gives the new start.
    pub fn delete_records(&mut self, offset: i64) -> Result<i64, Refused> {
        let offset = if offset == -1 { self.high_watermark } else { offset };
        if offset < 0 || offset > self.high_watermark {
            let message = format!(
                "Cannot increment the log start offset to {offset} of partition {} since it is larger than the high \
                 watermark {}",
                self.name, self.high_watermark
            );
            return Err(Refused::new(ErrorCode::OffsetOutOfRange, message));
        }
        if offset > self.log_start_offset {
            self.move_log_start(offset);
        }
        Ok(self.log_start_offset)
    }

    /// A follower learns where its leader's log starts. Says whether that is new.
    pub fn advance_log_start(&mut self, offset: i64) -> bool {
        let offset = offset.min(self.log_end_offset);
        let is_further = offset > self.log_start_offset;
        if is_further {
            self.move_log_start(offset);
        }
        is_further
    }

    fn move_log_start(&mut self, offset: i64) {
        self.log_start_offset = offset;
        self.high_watermark = self.high_watermark.max(offset);
        self.cleaned_until = self.cleaned_until.max(offset);
        Arc::make_mut(&mut self.epochs).truncate_from_start(offset);
        self.producers.transactions.replicated(offset);
        let first = self.segments[0].base_offset();
        if self.snapshots.first_key_value().is_some_and(|(base, _)| *base < first) {
            Arc::make_mut(&mut self.snapshots).retain(|base, _| *base >= first);
        }
    }
}
