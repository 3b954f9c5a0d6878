//! The primitive types of Kafka's protocol, as records and consumer protocols use them: big-endian numbers, strings
//! and bytes preceded by their length, and the zigzag varints of records. Reading takes any bytes and never panics.

use core::fmt;

/// The bytes end, or say something that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// The bytes end inside a value.
    End,
    /// A length is below zero where null is not allowed.
    Length(i32),
    /// A varint is longer than its type.
    Varint,
    /// A string is not UTF-8.
    Text,
}

impl fmt::Display for WireError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => write!(formatter, "the bytes end too early"),
            Self::Length(length) => write!(formatter, "a length of {length}"),
            Self::Varint => write!(formatter, "a varint that is too long"),
            Self::Text => write!(formatter, "a string that is not UTF-8"),
        }
    }
}

type Result<T> = core::result::Result<T, WireError>;

/// Reads values one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the first of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What was not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(WireError::End)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(WireError::End)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// A signed byte.
    pub fn i8(&mut self) -> Result<i8> {
        self.array().map(i8::from_be_bytes)
    }

    /// INT16.
    pub fn i16(&mut self) -> Result<i16> {
        self.array().map(i16::from_be_bytes)
    }

    /// INT32.
    pub fn i32(&mut self) -> Result<i32> {
        self.array().map(i32::from_be_bytes)
    }

    /// INT64.
    pub fn i64(&mut self) -> Result<i64> {
        self.array().map(i64::from_be_bytes)
    }

    /// A zigzag varint of 32 bits.
    pub fn varint(&mut self) -> Result<i32> {
        let raw = self.raw_varint(5)? as u32;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    /// A zigzag varint of 64 bits.
    pub fn varlong(&mut self) -> Result<i64> {
        let raw = self.raw_varint(10)?;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    fn raw_varint(&mut self, bytes_max: usize) -> Result<u64> {
        let mut value: u64 = 0;
        for place in 0..bytes_max {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f).wrapping_shl(7 * place as u32);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WireError::Varint)
    }

    /// `UNSIGNED_VARINT`, as flexible versions use it for lengths and tags.
    pub fn uvarint(&mut self) -> Result<u32> {
        u32::try_from(self.raw_varint(5)?).map_err(|_| WireError::Varint)
    }

    /// Bytes preceded by a varint length; -1 is null.
    pub fn varint_bytes(&mut self) -> Result<Option<&'a [u8]>> {
        match self.varint()? {
            -1 => Ok(None),
            length => self.take(natural(length)?).map(Some),
        }
    }

    /// BYTES with a length of 32 bits; -1 is null.
    pub fn nullable_bytes(&mut self) -> Result<Option<&'a [u8]>> {
        match self.i32()? {
            -1 => Ok(None),
            length => self.take(natural(length)?).map(Some),
        }
    }

    /// STRING with a length of 16 bits; -1 is null.
    pub fn nullable_string(&mut self) -> Result<Option<&'a str>> {
        match i32::from(self.i16()?) {
            -1 => Ok(None),
            length => {
                let bytes = self.take(natural(length)?)?;
                core::str::from_utf8(bytes).map(Some).map_err(|_| WireError::Text)
            }
        }
    }

    /// STRING.
    pub fn string(&mut self) -> Result<&'a str> {
        self.nullable_string()?.ok_or(WireError::Length(-1))
    }

    /// ARRAY: a count of 32 bits, then that many elements.
    pub fn list<T>(&mut self, mut element: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let count = natural(self.i32()?)?;
        // The count is not believed before its elements are there.
        let mut list = Vec::with_capacity(count.min(self.rest.len()));
        for _ in 0..count {
            list.push(element(self)?);
        }
        Ok(list)
    }
}

fn natural(length: i32) -> Result<usize> {
    usize::try_from(length).map_err(|_| WireError::Length(length))
}

/// Appends an INT16.
pub fn put_i16(into: &mut Vec<u8>, value: i16) {
    into.extend_from_slice(&value.to_be_bytes());
}

/// Appends an INT32.
pub fn put_i32(into: &mut Vec<u8>, value: i32) {
    into.extend_from_slice(&value.to_be_bytes());
}

/// Appends an INT64.
pub fn put_i64(into: &mut Vec<u8>, value: i64) {
    into.extend_from_slice(&value.to_be_bytes());
}

/// Appends a zigzag varint of 32 bits.
pub fn put_varint(into: &mut Vec<u8>, value: i32) {
    put_raw_varint(into, u64::from(((value << 1) ^ (value >> 31)).cast_unsigned()));
}

/// Appends a zigzag varint of 64 bits.
pub fn put_varlong(into: &mut Vec<u8>, value: i64) {
    put_raw_varint(into, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

/// Appends an `UNSIGNED_VARINT`.
pub fn put_uvarint(into: &mut Vec<u8>, value: u32) {
    put_raw_varint(into, value.into());
}

fn put_raw_varint(into: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

/// The bytes that [`put_varint`] writes.
pub fn varint_size(value: i32) -> usize {
    raw_varint_size(u64::from(((value << 1) ^ (value >> 31)).cast_unsigned()))
}

/// The bytes that [`put_varlong`] writes.
pub fn varlong_size(value: i64) -> usize {
    raw_varint_size(((value << 1) ^ (value >> 63)).cast_unsigned())
}

fn raw_varint_size(value: u64) -> usize {
    (70 - (value | 1).leading_zeros() as usize) / 7
}

/// Appends bytes preceded by a varint length.
pub fn put_varint_bytes(into: &mut Vec<u8>, value: Option<&[u8]>) {
    put_varint(into, value.map_or(-1, |bytes| bytes.len() as i32));
    into.extend_from_slice(value.unwrap_or_default());
}

/// Appends BYTES with a length of 32 bits.
pub fn put_nullable_bytes(into: &mut Vec<u8>, value: Option<&[u8]>) {
    put_i32(into, value.map_or(-1, |bytes| bytes.len() as i32));
    into.extend_from_slice(value.unwrap_or_default());
}

/// Appends a STRING with a length of 16 bits.
pub fn put_nullable_string(into: &mut Vec<u8>, value: Option<&str>) {
    put_i16(into, value.map_or(-1, |text| text.len() as i16));
    into.extend_from_slice(value.unwrap_or_default().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_go_there_and_back() {
        for value in [0, 1, -1, 63, -64, 64, 300, i32::MAX, i32::MIN] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            assert_eq!(bytes.len(), varint_size(value), "{value}");
            assert_eq!(Reader::new(&bytes).varint(), Ok(value));
        }
        for value in [0, -1, i64::from(i32::MAX) + 1, i64::MAX, i64::MIN] {
            let mut bytes = Vec::new();
            put_varlong(&mut bytes, value);
            assert_eq!(bytes.len(), varlong_size(value), "{value}");
            assert_eq!(Reader::new(&bytes).varlong(), Ok(value));
        }
    }

    #[test]
    fn what_cannot_be_is_an_error() {
        assert_eq!(Reader::new(&[0xff; 5]).varint(), Err(WireError::Varint));
        assert_eq!(Reader::new(&[0xff; 3]).varint(), Err(WireError::End));
        assert_eq!(Reader::new(&[0xff, 0xfe]).string(), Err(WireError::Length(-2)));
        assert_eq!(Reader::new(&[0, 1, 0xff]).string(), Err(WireError::Text));
        assert_eq!(
            Reader::new(&[0x7f, 0xff, 0xff, 0xff]).list(Reader::i8),
            Err(WireError::End)
        );
    }
}
