//! Record batches: from fields to bytes, and back.

use essaim_kafka::batch::{
    Batch, BatchBuilder, ControlType, EndTxnMarker, Fields, Header, NewRecord, Record, TimestampType,
};
use serde::Deserialize;

use super::{bytes_of, hex_of, same};
use crate::Case;

#[derive(Deserialize)]
pub struct OneBatch {
    seed: i64,
    kind: String,
    base_offset: i64,
    partition_leader_epoch: i32,
    timestamp_type: String,
    transactional: bool,
    control: bool,
    producer_id: i64,
    producer_epoch: i16,
    base_sequence: i32,
    records: Vec<OneRecord>,
    expected: Expected,
    control_type: Option<String>,
    coordinator_epoch: Option<i32>,
    log_append_time: Option<i64>,
    delete_horizon_ms: Option<i64>,
}

#[derive(Deserialize)]
struct OneRecord {
    offset: i64,
    timestamp: i64,
    key_hex: Option<String>,
    value_hex: Option<String>,
    headers: Vec<OneHeader>,
}

#[derive(Deserialize)]
struct OneHeader {
    key: String,
    value_hex: Option<String>,
}

#[derive(Deserialize)]
struct Expected {
    size: usize,
    attributes: i16,
    last_offset: i64,
    last_sequence: i32,
    base_timestamp_field: i64,
    max_timestamp: i64,
    crc32c: u32,
    hex: String,
}

/// offset, timestamp, key, value, headers.
type Plain = (
    i64,
    i64,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Vec<(Vec<u8>, Option<Vec<u8>>)>,
);

pub fn run(batch: OneBatch) -> Case {
    let result = check(&batch);
    Case::new(&batch.kind, format!("seed {}", batch.seed), result)
}

fn check(given: &OneBatch) -> Result<(), String> {
    let records: Vec<Plain> = given.records.iter().map(plain).collect::<Result<_, _>>()?;
    let batch = build(given, &records);
    same("bytes", &given.expected.hex, &hex_of(&batch.to_bytes()))?;
    check_header(given, &batch)?;
    let mut bytes = bytes_of(&given.expected.hex)?.into();
    let read = Batch::take(&mut bytes).map_err(|error| error.to_string())?;
    same("bytes left over", &0, &bytes.len())?;
    check_header(given, &read)?;
    let mut back = Vec::new();
    for record in read.records() {
        back.push(plain_of(&record.map_err(|error| error.to_string())?));
    }
    same("records", &records, &back)?;
    same("bytes again", &given.expected.hex, &hex_of(&read.to_bytes()))?;
    check_control(given, &read)
}

fn optional(hex: Option<&String>) -> Result<Option<Vec<u8>>, String> {
    hex.map(|hex| bytes_of(hex)).transpose()
}

fn plain(record: &OneRecord) -> Result<Plain, String> {
    let header = |header: &OneHeader| {
        let value = optional(header.value_hex.as_ref())?;
        Ok((header.key.clone().into_bytes(), value))
    };
    Ok((
        record.offset,
        record.timestamp,
        optional(record.key_hex.as_ref())?,
        optional(record.value_hex.as_ref())?,
        record.headers.iter().map(header).collect::<Result<_, String>>()?,
    ))
}

fn plain_of(record: &Record<'_>) -> Plain {
    let headers = record.headers();
    (
        record.offset,
        record.written_timestamp,
        record.key.map(<[u8]>::to_vec),
        record.value.map(<[u8]>::to_vec),
        headers
            .map(|header| (header.key.to_vec(), header.value.map(<[u8]>::to_vec)))
            .collect(),
    )
}

fn build(given: &OneBatch, records: &[Plain]) -> Batch {
    let mut builder = BatchBuilder::new(Fields {
        base_offset: given.base_offset,
        partition_leader_epoch: given.partition_leader_epoch,
        log_append_time: given.log_append_time,
        is_transactional: given.transactional,
        is_control: given.control,
        producer_id: given.producer_id,
        producer_epoch: given.producer_epoch,
        base_sequence: given.base_sequence,
        delete_horizon_ms: given.delete_horizon_ms,
    });
    for (offset, timestamp, key, value, headers) in records {
        let headers: Vec<Header<'_>> = headers
            .iter()
            .map(|(key, value)| Header {
                key,
                value: value.as_deref(),
            })
            .collect();
        let record = NewRecord {
            timestamp: *timestamp,
            key: key.as_deref(),
            value: value.as_deref(),
            headers: &headers,
        };
        builder.push_at(*offset, &record);
    }
    builder.build_until(given.expected.last_offset)
}

fn check_header(given: &OneBatch, batch: &Batch) -> Result<(), String> {
    let expected = &given.expected;
    same("size", &expected.size, &batch.size_bytes())?;
    same("attributes", &expected.attributes, &batch.attributes().0)?;
    same("last offset", &expected.last_offset, &batch.last_offset())?;
    same("last sequence", &expected.last_sequence, &batch.last_sequence())?;
    same(
        "base timestamp",
        &expected.base_timestamp_field,
        &batch.base_timestamp(),
    )?;
    same("max timestamp", &expected.max_timestamp, &batch.max_timestamp())?;
    same("crc32c", &expected.crc32c, &batch.crc())?;
    same("delete horizon", &given.delete_horizon_ms, &batch.delete_horizon_ms())?;
    same("base offset", &given.base_offset, &batch.base_offset())?;
    same(
        "leader epoch",
        &given.partition_leader_epoch,
        &batch.partition_leader_epoch(),
    )?;
    let kind: TimestampType = batch.attributes().timestamp_type();
    same("type of timestamp", &given.timestamp_type, &kind.to_string())
}

fn check_control(given: &OneBatch, batch: &Batch) -> Result<(), String> {
    let Some(real) = &given.control_type else {
        return Ok(());
    };
    let record = batch.records().next().ok_or("a control batch has a record")?;
    let record = record.map_err(|error| error.to_string())?;
    let (kind, name) = match real.as_str() {
        "COMMIT" => (ControlType::Commit, "commit"),
        "ABORT" => (ControlType::Abort, "abort"),
        "LEADER_CHANGE" => (ControlType::LeaderChange, "leader change"),
        other => return Err(format!("{other} is not a type of control record")),
    };
    let here = ControlType::read(record.key).map_err(|error| error.to_string())?;
    same("control type", &kind, &here)?;
    same(name, &kind.key().as_slice(), &record.key.unwrap_or_default())?;
    let Some(coordinator_epoch) = given.coordinator_epoch else {
        return Ok(());
    };
    let marker = EndTxnMarker {
        is_commit: kind == ControlType::Commit,
        coordinator_epoch,
    };
    let read = EndTxnMarker::read(batch).map_err(|error| error.to_string())?;
    same("marker", &Some(marker), &read)?;
    let written = marker
        .batch(batch.producer_id(), batch.producer_epoch(), record.timestamp)
        .placed(batch.base_offset(), batch.partition_leader_epoch());
    same("marker's bytes", &given.expected.hex, &hex_of(&written.to_bytes()))
}
