//! Named seeded random streams.
//!
//! Each consumer draws from a stream of its own name, so a draw added in one place moves no other.

use crate::digest::Digest;
use std::collections::BTreeMap;

/// The step of SplitMix64: the odd number nearest to 2^64 divided by the golden ratio.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// All random streams of one machine.
#[derive(Clone, Debug)]
pub struct Streams {
    seed: u64,
    streams: BTreeMap<String, Stream>,
}

/// One random stream: SplitMix64 (Steele, Lea, Flood 2014), small, fast and the same everywhere.
#[derive(Clone, Debug)]
pub struct Stream {
    state: u64,
}

impl Streams {
    /// Streams that all derive from `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            streams: BTreeMap::new(),
        }
    }

    /// The stream called `name`, created on first use from the seed and the name alone.
    pub fn named(&mut self, name: &str) -> &mut Stream {
        let seed = self.seed;
        self.streams
            .entry(name.to_owned())
            .or_insert_with(|| Stream::seeded(seed, &[name.as_bytes()]))
    }

    /// Adds the state of every stream to a digest.
    pub fn digest(&self, into: &mut Digest) {
        into.u64(self.seed);
        for (name, stream) in &self.streams {
            into.bytes(name.as_bytes());
            into.u64(stream.state);
        }
    }
}

impl Stream {
    /// The stream of a seed and a name, for who keeps it instead of asking [`Streams`] by name at each draw.
    pub fn seeded(seed: u64, name: &[&[u8]]) -> Self {
        let mut digest = Digest::new();
        digest.u64(seed);
        for part in name {
            digest.bytes(part);
        }
        Self {
            state: digest.finish() as u64,
        }
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix(self.state)
    }

    /// A number in `0..bound`; 0 when `bound` is 0. Without modulo bias (Lemire 2019).
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        loop {
            let wide = u128::from(self.next_u64()) * u128::from(bound);
            if (wide as u64) >= bound.wrapping_neg() % bound {
                return (wide >> 64) as u64;
            }
        }
    }

    /// Where the stream stands, for digests.
    pub fn state(&self) -> u64 {
        self.state
    }
}

/// Chance by number instead of by order: what is drawn for the `number`th thing depends on nothing that was drawn
/// before. A fault that needs a draw more for one message leaves the fate of all others as it was.
#[derive(Clone, Copy, Debug)]
pub struct Numbered {
    seed: u64,
}

impl Numbered {
    /// The draws of a seed and a name.
    pub fn seeded(seed: u64, name: &[&[u8]]) -> Self {
        Self {
            seed: Stream::seeded(seed, name).state,
        }
    }

    /// 64 random bits for the `number`th thing; `purpose` tells apart several draws for one.
    pub fn draw(self, number: u64, purpose: u64) -> u64 {
        // The two odd factors walk the counter of SplitMix64 in steps that do not meet within 2^32 things.
        let step = number
            .wrapping_mul(GAMMA)
            .wrapping_add(purpose.wrapping_mul(0xd134_2543_de82_ef95));
        mix(self.seed.wrapping_add(step))
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
