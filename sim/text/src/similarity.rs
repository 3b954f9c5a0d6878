//! How much of a file lives on in another: what decides `R087` in
//! `git status`, `diff` and `log`.

use std::collections::BTreeMap;

use crate::line::is_binary;

/// The score of two equal contents; Git's `MAX_SCORE`.
pub const SIMILARITY_SCORE_MAX: u32 = 60_000;

/// A chunk ends with a line, or after this many bytes.
const CHUNK_BYTES_MAX: usize = 64;
/// Chunks fall into so many classes.
const HASH_BASE: u32 = 107_927;

/// Git's similarity index in percent, as printed by `similarity index NN%`
/// and `R0NN`. A rename needs 50 unless `-M` says otherwise; compare
/// [`similarity_score`] with a limit such as `50%` of
/// [`SIMILARITY_SCORE_MAX`], because the percentage is rounded down.
pub fn similarity(old: &[u8], new: &[u8]) -> u32 {
    similarity_score(old, new) * 100 / SIMILARITY_SCORE_MAX
}

/// Git's similarity score, from 0 to [`SIMILARITY_SCORE_MAX`].
pub fn similarity_score(old: &[u8], new: &[u8]) -> u32 {
    if old == new {
        return SIMILARITY_SCORE_MAX;
    }
    let size_max = old.len().max(new.len()) as u64;
    if new.is_empty() {
        return 0;
    }
    let (old, new) = (chunks(old), chunks(new));
    let copied: u64 = old
        .iter()
        .map(|(hash, &bytes)| bytes.min(new.get(hash).copied().unwrap_or(0)))
        .sum();
    (copied * u64::from(SIMILARITY_SCORE_MAX) / size_max) as u32
}

/// Bytes by class of chunk.
fn chunks(bytes: &[u8]) -> BTreeMap<u32, u64> {
    let mut classes = BTreeMap::new();
    let text = !is_binary(bytes);
    let (mut low, mut high, mut length) = (0u32, 0u32, 0usize);
    let mut rest = bytes.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if text && byte == b'\r' && rest.peek() == Some(&b'\n') {
            continue;
        }
        (low, high) = ((low << 7) ^ (high >> 25), (high << 7) ^ (low >> 25));
        low = low.wrapping_add(u32::from(byte));
        length += 1;
        let full = length >= CHUNK_BYTES_MAX || byte == b'\n';
        if full || rest.peek().is_none() {
            let hash = low.wrapping_add(high.wrapping_mul(0x61)) % HASH_BASE;
            *classes.entry(hash).or_default() += length as u64;
            (low, high, length) = (0, 0, 0);
        }
    }
    classes
}
