//! State digests: the same state gives the same 128 bits, natively and in Wasm.

use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;

/// A running digest. Fields are written one by one, fixed width, little endian; never through `derive(Hash)`, whose
/// length prefixes are as wide as the target's pointers.
#[derive(Clone, Debug)]
pub struct Digest {
    hasher: SipHasher13,
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl Digest {
    /// An empty digest.
    pub fn new() -> Self {
        Self {
            hasher: SipHasher13::new(),
        }
    }

    /// Adds a number.
    pub fn u64(&mut self, value: u64) {
        self.hasher.write(&value.to_le_bytes());
    }

    /// Adds a signed number.
    pub fn i64(&mut self, value: i64) {
        self.hasher.write(&value.to_le_bytes());
    }

    /// Adds a truth value.
    pub fn bool(&mut self, value: bool) {
        self.hasher.write(&[u8::from(value)]);
    }

    /// Adds bytes, preceded by their length so that neighbouring fields cannot run together.
    pub fn bytes(&mut self, value: &[u8]) {
        self.u64(value.len() as u64);
        self.hasher.write(value);
    }

    /// The digest so far.
    pub fn finish(&self) -> u128 {
        self.hasher.finish128().as_u128()
    }
}
