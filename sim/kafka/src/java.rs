//! What Kafka inherits from the Java library, where it shows: string hashes, string order, the random generator and
//! the order in which a hash map is walked. Source: the documentation and behaviour of `java.lang` and `java.util`.

use core::cmp::Ordering;

/// `String.hashCode()`: over UTF-16 code units.
pub fn string_hash(text: &str) -> i32 {
    text.encode_utf16()
        .fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// `String.compareTo`: by UTF-16 code units, which is not the order of code points beyond the basic plane.
pub fn compare(one: &str, other: &str) -> Ordering {
    one.encode_utf16().cmp(other.encode_utf16())
}

/// Kafka's `Utils.abs`: the smallest number, which has no opposite, becomes 0.
pub fn abs(number: i32) -> i32 {
    number.checked_abs().unwrap_or(0)
}

/// The order in which a `HashMap` or `HashSet` of default capacity is walked: the places of `hashes`, the `hashCode`
/// of each key in order of insertion. (Buckets that Java turned to trees, with eight collisions or more, are walked
/// here as lists.)
pub fn hash_order(hashes: &[i32]) -> Vec<usize> {
    let mut capacity: usize = 16;
    while hashes.len() > capacity / 4 * 3 {
        capacity *= 2;
    }
    let bucket = |hash: i32| {
        let hash = hash.cast_unsigned();
        (hash ^ (hash >> 16)) as usize & (capacity - 1)
    };
    let mut order: Vec<usize> = (0..hashes.len()).collect();
    order.sort_by_key(|&place| bucket(hashes[place]));
    order
}

/// `java.util.Random`: a linear congruential generator of 48 bits (Knuth).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    state: u64,
}

impl Random {
    const MULTIPLIER: u64 = 0x5_deec_e66d;
    const MASK: u64 = (1 << 48) - 1;

    /// `new Random(seed)`.
    pub fn new(seed: i64) -> Self {
        Self {
            state: (seed.cast_unsigned() ^ Self::MULTIPLIER) & Self::MASK,
        }
    }

    /// The next 31 random bits.
    pub fn next_31(&mut self) -> i32 {
        self.state = self.state.wrapping_mul(Self::MULTIPLIER).wrapping_add(0xb) & Self::MASK;
        (self.state >> 17) as i32
    }

    /// `nextInt(bound)`: a number in `0..bound`. A bound below 1, which Java refuses, gives 0 and draws nothing.
    pub fn next_below(&mut self, bound: i32) -> i32 {
        if bound <= 0 {
            return 0;
        }
        let bits = self.next_31();
        if bound & (bound - 1) == 0 {
            return ((i64::from(bound) * i64::from(bits)) >> 31) as i32;
        }
        let mut bits = bits;
        loop {
            let value = bits % bound;
            // An overflow says that the draw lies in the last, incomplete interval.
            if (bits - value).checked_add(bound - 1).is_some() {
                return value;
            }
            bits = self.next_31();
        }
    }

    /// `Collections.shuffle(list, this)`.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for size in (2..=list.len()).rev() {
            let other = self.next_below(i32::try_from(size).unwrap_or(i32::MAX));
            list.swap(size - 1, other as usize);
        }
    }

    /// The generator's state, for a digest.
    pub fn state(&self) -> u64 {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_compare_by_their_utf_16() {
        assert_eq!(compare("a", "b"), Ordering::Less);
        // U+1F680 begins with the surrogate D83D, which is below U+FF5E.
        assert_eq!(compare("\u{1f680}", "\u{ff5e}"), Ordering::Less);
        assert_eq!("\u{1f680}".cmp("\u{ff5e}"), Ordering::Greater);
    }

    #[test]
    fn the_smallest_number_has_no_absolute_value() {
        assert_eq!(string_hash("polygenelubricants"), i32::MIN);
        assert_eq!(abs(i32::MIN), 0);
        assert_eq!(abs(-7), 7);
    }

    #[test]
    fn a_map_is_walked_by_bucket_then_insertion() {
        assert_eq!(hash_order(&[17, 1, 0, 33]), [2, 0, 1, 3]);
        // Thirteen keys make the table of sixteen buckets double.
        let mut hashes: Vec<i32> = (20..32).collect();
        hashes.push(16);
        assert_eq!(hash_order(&hashes)[0], 12);
        hashes.pop();
        assert_eq!(hash_order(&hashes)[0], 0);
    }
}
