//! What a simulated file holds: blocks of shared bytes.
//!
//! Appending keeps the very bytes it is given, so that a batch of records on the wire, in the leader's log and in its
//! followers' is one allocation. A copy costs one pointer, and the first change after it copies the pointers to one chunk.

use crate::digest::Digest;
use std::sync::Arc;

/// Blocks that are shared as a whole.
const CHUNK_LEN: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Block {
    /// The offset behind its last byte.
    end: u64,
    bytes: Arc<[u8]>,
}

impl Block {
    fn start(&self) -> u64 {
        self.end - self.bytes.len() as u64
    }
}

/// A sequence of bytes. Chunks but the last are full, and no block is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    chunks: Arc<Vec<Arc<Vec<Block>>>>,
    len: u64,
}

impl Content {
    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn append(&mut self, bytes: Arc<[u8]>) {
        if bytes.is_empty() {
            return;
        }
        self.len += bytes.len() as u64;
        let block = Block { end: self.len, bytes };
        let chunks = Arc::make_mut(&mut self.chunks);
        match chunks.last_mut() {
            Some(last) if last.len() < CHUNK_LEN => Arc::make_mut(last).push(block),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK_LEN);
                chunk.push(block);
                chunks.push(Arc::new(chunk));
            }
        }
    }

    /// Cuts off what lies beyond `len`.
    pub fn truncate(&mut self, len: u64) {
        if len >= self.len {
            return;
        }
        self.len = len;
        let chunks = Arc::make_mut(&mut self.chunks);
        chunks.truncate(chunks.partition_point(|chunk| chunk[0].start() < len));
        if let Some(last) = chunks.last_mut() {
            let last = Arc::make_mut(last);
            last.truncate(last.partition_point(|block| block.start() < len));
            if let Some(block) = last.last_mut()
                && block.end > len
            {
                let kept = block.bytes.len() - (block.end - len) as usize;
                block.bytes = Arc::from(&block.bytes[..kept]);
                block.end = len;
            }
        }
    }

    /// The blocks from the one that holds the byte at `from` on, each with its offset.
    pub fn blocks(&self, from: u64) -> impl Iterator<Item = (u64, &Arc<[u8]>)> {
        let ends = |chunk: &Arc<Vec<Block>>| chunk.last().map_or(0, |block| block.end);
        let first = self.chunks.partition_point(|chunk| ends(chunk) <= from);
        let within = self
            .chunks
            .get(first)
            .map_or(0, |chunk| chunk.partition_point(|block| block.end <= from));
        let blocks = self.chunks[first..].iter().flat_map(|chunk| chunk.iter()).skip(within);
        blocks.map(|block| (block.start(), &block.bytes))
    }

    /// At most `bytes_max` bytes from `from` on.
    pub fn read(&self, from: u64, bytes_max: usize) -> Vec<u8> {
        let mut read = Vec::with_capacity(bytes_max.min(self.len.saturating_sub(from) as usize));
        for (start, bytes) in self.blocks(from) {
            let skipped = from.saturating_sub(start) as usize;
            let wanted = (bytes.len() - skipped).min(bytes_max - read.len());
            read.extend_from_slice(&bytes[skipped..skipped + wanted]);
            if read.len() == bytes_max {
                break;
            }
        }
        read
    }

    pub fn digest(&self, into: &mut Digest) {
        into.u64(self.len);
        for (start, bytes) in self.blocks(0) {
            into.u64(start);
            into.bytes(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn it_agrees_with_a_vector_of_bytes() {
        let mut random = Stream::seeded(1, &[b"content"]);
        let mut content = Content::default();
        let mut model: Vec<u8> = Vec::new();
        let mut kept: Option<(Content, Vec<u8>)> = None;
        for step in 0..5_000_u32 {
            match random.below(40) {
                0 => {
                    let len = random.below(model.len() as u64 + 10);
                    content.truncate(len);
                    model.truncate(len as usize);
                }
                1 => {
                    if let Some((content, model)) = kept.take() {
                        assert_eq!(content.read(0, usize::MAX), model);
                    }
                    kept = Some((content.clone(), model.clone()));
                }
                _ => {
                    let bytes = vec![step as u8; random.below(20) as usize];
                    content.append(Arc::from(&bytes[..]));
                    model.extend(bytes);
                }
            }
            assert_eq!(content.len(), model.len() as u64);
            let from = random.below(model.len() as u64 + 3) as usize;
            let max = random.below(200) as usize;
            let end = (from + max).min(model.len());
            assert_eq!(content.read(from as u64, max), model.get(from..end).unwrap_or_default());
            if let Some((start, bytes)) = content.blocks(from as u64).next() {
                assert!(start <= from as u64 && (from as u64) < start + bytes.len() as u64);
            }
        }
    }
}
