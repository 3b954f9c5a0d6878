//! Kafka's `Uuid`: topic ids, directory ids and cluster ids, written as 22 characters of URL-safe base64.

use core::fmt;

/// 128 bits. The order is Java's: two signed halves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid {
    /// The most significant half.
    pub high: i64,
    /// The least significant half.
    pub low: i64,
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Uuid {
    /// No id: all bits are zero.
    pub const ZERO: Self = Self { high: 0, low: 0 };

    /// From its text; `None` where this is not 22 characters of URL-safe base64.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 22 {
            return None;
        }
        let mut bits: u128 = 0;
        let mut last = 0;
        for (place, letter) in text.bytes().enumerate() {
            let value = ALPHABET.iter().position(|known| *known == letter)? as u128;
            // 21 characters are 126 bits; the last one brings 2, and 4 that say nothing.
            if place < 21 {
                bits = bits << 6 | value;
            } else {
                last = value;
            }
        }
        let bits = bits << 2 | last >> 4;
        Some(Self {
            high: (bits >> 64) as i64,
            low: bits as i64,
        })
    }

    fn bits(self) -> u128 {
        u128::from(self.high.cast_unsigned()) << 64 | u128::from(self.low.cast_unsigned())
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.bits();
        for place in 0..21 {
            let six = (bits >> (122 - 6 * place)) as usize & 63;
            write!(formatter, "{}", char::from(ALPHABET[six]))?;
        }
        write!(formatter, "{}", char::from(ALPHABET[(bits as usize & 3) << 4]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        for text in [
            "Acj_uySs5Tauv4r-sCHBCQ",
            "AAAAAAAAAAAAAAAAAAAAAA",
            "_____________________w",
        ] {
            assert_eq!(Uuid::parse(text).map(|id| id.to_string()).as_deref(), Some(text));
        }
        assert_eq!(Uuid::parse("short"), None);
        assert_eq!(Uuid::parse("Acj/uySs5Tauv4r+sCHBCQ"), None);
    }

    #[test]
    fn the_order_is_signed() {
        let negative = Uuid { high: -1, low: 0 };
        assert!(negative < Uuid::ZERO);
        assert!(Uuid { high: 0, low: -1 } < Uuid::ZERO);
    }
}
