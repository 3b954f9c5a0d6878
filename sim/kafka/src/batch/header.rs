//! Where each field of a batch's header stands, and its attributes.

use core::fmt;

/// Places of the fields, in bytes from the start.
pub(super) mod at {
    pub const BASE_OFFSET: usize = 0;
    pub const LENGTH: usize = 8;
    pub const PARTITION_LEADER_EPOCH: usize = 12;
    pub const MAGIC: usize = 16;
    pub const CRC: usize = 17;
    pub const ATTRIBUTES: usize = 21;
    pub const LAST_OFFSET_DELTA: usize = 23;
    pub const BASE_TIMESTAMP: usize = 27;
    pub const MAX_TIMESTAMP: usize = 35;
    pub const PRODUCER_ID: usize = 43;
    pub const PRODUCER_EPOCH: usize = 51;
    pub const BASE_SEQUENCE: usize = 53;
    pub const COUNT: usize = 57;
}

fn array_at<const N: usize>(bytes: &[u8], place: usize) -> [u8; N] {
    // A header is always whole: its length is checked before a batch exists.
    *bytes[place..].first_chunk().expect("a batch has its whole header")
}

pub(super) fn i16_at(bytes: &[u8], place: usize) -> i16 {
    i16::from_be_bytes(array_at(bytes, place))
}

pub(super) fn i32_at(bytes: &[u8], place: usize) -> i32 {
    i32::from_be_bytes(array_at(bytes, place))
}

pub(super) fn i64_at(bytes: &[u8], place: usize) -> i64 {
    i64::from_be_bytes(array_at(bytes, place))
}

pub(super) fn put<const N: usize>(bytes: &mut [u8], place: usize, value: [u8; N]) {
    bytes[place..place + N].copy_from_slice(&value);
}

/// Writes the checksum of what follows it.
pub(super) fn seal(bytes: &mut [u8]) {
    let crc = crc32c::crc32c(&bytes[at::ATTRIBUTES..]);
    put(bytes, at::CRC, crc.to_be_bytes());
}

/// Whose clock the timestamps are: `message.timestamp.type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    #[default]
    CreateTime,
    /// The broker's, at the append.
    LogAppendTime,
}

impl fmt::Display for TimestampType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::CreateTime => "CreateTime",
            Self::LogAppendTime => "LogAppendTime",
        })
    }
}

/// How the records are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// They are not.
    None,
    /// gzip
    Gzip,
    /// snappy
    Snappy,
    /// lz4
    Lz4,
    /// zstd
    Zstd,
    /// A codec that does not exist.
    Unknown(u8),
}

impl fmt::Display for Compression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => write!(formatter, "none"),
            Self::Gzip => write!(formatter, "gzip"),
            Self::Snappy => write!(formatter, "snappy"),
            Self::Lz4 => write!(formatter, "lz4"),
            Self::Zstd => write!(formatter, "zstd"),
            Self::Unknown(id) => write!(formatter, "{id}"),
        }
    }
}

/// The bits that say how to read a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes(pub i16);

impl Attributes {
    const CODEC: i16 = 0x07;
    const LOG_APPEND_TIME: i16 = 0x08;
    const TRANSACTIONAL: i16 = 0x10;
    const CONTROL: i16 = 0x20;
    const DELETE_HORIZON: i16 = 0x40;

    /// Bits 0 to 2.
    pub fn compression(self) -> Compression {
        match self.0 & Self::CODEC {
            0 => Compression::None,
            1 => Compression::Gzip,
            2 => Compression::Snappy,
            3 => Compression::Lz4,
            4 => Compression::Zstd,
            other => Compression::Unknown(other as u8),
        }
    }

    /// Bit 3.
    pub fn timestamp_type(self) -> TimestampType {
        if self.0 & Self::LOG_APPEND_TIME == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    /// Bit 4.
    pub fn is_transactional(self) -> bool {
        self.0 & Self::TRANSACTIONAL != 0
    }

    /// Bit 5.
    pub fn is_control(self) -> bool {
        self.0 & Self::CONTROL != 0
    }

    /// Bit 6: the base timestamp is the delete horizon.
    pub fn has_delete_horizon(self) -> bool {
        self.0 & Self::DELETE_HORIZON != 0
    }

    /// With this type of timestamp.
    pub fn with_timestamp_type(self, kind: TimestampType) -> Self {
        self.with(Self::LOG_APPEND_TIME, kind == TimestampType::LogAppendTime)
    }

    /// With the transactional bit.
    pub fn with_transactional(self, value: bool) -> Self {
        self.with(Self::TRANSACTIONAL, value)
    }

    /// With the control bit.
    pub fn with_control(self, value: bool) -> Self {
        self.with(Self::CONTROL, value)
    }

    /// With the bit of the delete horizon.
    pub fn with_delete_horizon(self, value: bool) -> Self {
        self.with(Self::DELETE_HORIZON, value)
    }

    fn with(self, bit: i16, value: bool) -> Self {
        Self(if value { self.0 | bit } else { self.0 & !bit })
    }
}
