//! The records of a batch: read one by one from its bytes, nothing copied; and written.

use super::{Attributes, Batch, Compression, Corrupt, TimestampType, add_sequence};
use crate::wire::{self, Reader, WireError};

/// One record, as it lies in its batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its place in the partition.
    pub offset: i64,
    /// Milliseconds since the epoch: the producer's, or that of the append.
    pub timestamp: i64,
    /// The timestamp that is written in the record, whatever the batch's type of timestamp.
    pub written_timestamp: i64,
    /// Its sequence number, or -1.
    pub sequence: i32,
    /// The key; `None` is null.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    headers: Reader<'a>,
    header_count: i32,
}

/// A header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The key, meant to be UTF-8.
    pub key: &'a [u8],
    /// The value; `None` is null.
    pub value: Option<&'a [u8]>,
}

/// A record to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewRecord<'a> {
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value.
    pub value: Option<&'a [u8]>,
    /// The headers.
    pub headers: &'a [Header<'a>],
}

impl<'a> Record<'a> {
    /// The headers, in order.
    pub fn headers(&self) -> impl Iterator<Item = Header<'a>> + use<'a> {
        let mut reader = self.headers;
        // They were read once when the record was, so none fails here.
        (0..self.header_count).map_while(move |_| header(&mut reader).ok())
    }

    /// How many headers it has.
    pub fn header_count(&self) -> usize {
        self.header_count as usize
    }
}

fn header<'a>(reader: &mut Reader<'a>) -> Result<Header<'a>, Corrupt> {
    let size = reader.varint()?;
    let size = usize::try_from(size).map_err(|_| Corrupt::HeaderKey(size))?;
    Ok(Header {
        key: reader.take(size)?,
        value: reader.varint_bytes()?,
    })
}

/// The records of a batch.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    rest: Reader<'a>,
    left: i32,
    base_offset: i64,
    base_timestamp: i64,
    base_sequence: i32,
    log_append_time: Option<i64>,
    compression: Compression,
}

impl<'a> Records<'a> {
    pub(super) fn new(batch: &Batch, body: &'a [u8]) -> Self {
        let attributes: Attributes = batch.attributes();
        let is_stamped = attributes.timestamp_type() == TimestampType::LogAppendTime;
        Self {
            rest: Reader::new(body),
            left: batch.count(),
            base_offset: batch.base_offset(),
            base_timestamp: batch.base_timestamp(),
            base_sequence: batch.base_sequence(),
            log_append_time: is_stamped.then(|| batch.max_timestamp()),
            compression: attributes.compression(),
        }
    }

    fn read(&mut self) -> Result<Record<'a>, Corrupt> {
        let early = |error| match error {
            WireError::End => Corrupt::Early,
            other => Corrupt::Structure(other),
        };
        let stated = self.rest.varint().map_err(early)?;
        let size = usize::try_from(stated).map_err(|_| Corrupt::RecordSize { stated, read: 0 })?;
        let mut body = Reader::new(self.rest.take(size).map_err(early)?);
        body.i8()?; // attributes: unused
        let timestamp_delta = body.varlong()?;
        let offset_delta = body.varint()?;
        let key = body.varint_bytes()?;
        let value = body.varint_bytes()?;
        let header_count = body.varint()?;
        if header_count < 0 || header_count as usize > body.rest().len() {
            return Err(Corrupt::HeaderCount(header_count));
        }
        let headers = body;
        for _ in 0..header_count {
            header(&mut body)?;
        }
        if !body.rest().is_empty() {
            let read = size - body.rest().len();
            return Err(Corrupt::RecordSize { stated, read });
        }
        let written_timestamp = self.base_timestamp.wrapping_add(timestamp_delta);
        Ok(Record {
            offset: self.base_offset.wrapping_add(i64::from(offset_delta)),
            timestamp: self.log_append_time.unwrap_or(written_timestamp),
            written_timestamp,
            sequence: if self.base_sequence < 0 {
                -1
            } else {
                add_sequence(self.base_sequence, offset_delta.max(0))
            },
            key,
            value,
            headers,
            header_count,
        })
    }

    /// After an error nothing more is read.
    fn stop(&mut self) {
        self.left = 0;
        self.rest = Reader::new(&[]);
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Corrupt>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left <= 0 {
            let is_over = self.rest.rest().is_empty() || self.compression != Compression::None;
            self.stop();
            return (!is_over).then_some(Err(Corrupt::Late));
        }
        let read = match self.compression {
            Compression::None => self.read(),
            codec => Err(Corrupt::Compressed(codec)),
        };
        self.left -= 1;
        if read.is_err() {
            self.stop();
        }
        Some(read)
    }
}

/// Appends a record, with its length in front.
pub(super) fn write(into: &mut Vec<u8>, record: &NewRecord<'_>, offset_delta: i32, timestamp_delta: i64) {
    wire::put_varint(into, size_bytes(record, offset_delta, timestamp_delta) as i32);
    into.push(0);
    wire::put_varlong(into, timestamp_delta);
    wire::put_varint(into, offset_delta);
    wire::put_varint_bytes(into, record.key);
    wire::put_varint_bytes(into, record.value);
    wire::put_varint(into, record.headers.len() as i32);
    for header in record.headers {
        wire::put_varint_bytes(into, Some(header.key));
        wire::put_varint_bytes(into, header.value);
    }
}

/// The bytes of a record after its length.
fn size_bytes(record: &NewRecord<'_>, offset_delta: i32, timestamp_delta: i64) -> usize {
    let part = |part: Option<&[u8]>| {
        let length = part.map_or(-1, |part| part.len() as i32);
        wire::varint_size(length) + part.map_or(0, <[u8]>::len)
    };
    let headers = record.headers.iter();
    1 + wire::varlong_size(timestamp_delta)
        + wire::varint_size(offset_delta)
        + part(record.key)
        + part(record.value)
        + wire::varint_size(record.headers.len() as i32)
        + headers
            .map(|header| part(Some(header.key)) + part(header.value))
            .sum::<usize>()
}

/// The bytes of a record with its length in front.
pub(super) fn whole_size_bytes(record: &NewRecord<'_>, offset_delta: i32, timestamp_delta: i64) -> usize {
    let inner = size_bytes(record, offset_delta, timestamp_delta);
    inner + wire::varint_size(inner as i32)
}
