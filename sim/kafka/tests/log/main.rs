//! The log of one replica: what Kafka's own tests and documentation say of it, case by case, and random histories beside
//! a simple model.
#![allow(clippy::unwrap_used)]

mod appending;

mod cleaning;

mod compaction_model;

mod files;

mod forgetting;

mod model;

mod reading;

mod recovery;

mod replication;

mod transactions;

use essaim_kafka::batch::{Batch, BatchBuilder, EndTxnMarker, Fields, NewRecord};
use essaim_kafka::log::{Appended, Log, LogConfig, Origin, Refused};

/// An instant: 2026-01-06, in milliseconds.
const NOW: i64 = 1_767_690_000_000;

fn log(config: LogConfig) -> Log {
    Log::new("t-0", config, NOW)
}

/// Keys and values; an empty value is a tombstone.
fn batch_of(fields: Fields, timestamp: i64, records: &[(&str, &str)]) -> Batch {
    let mut builder = BatchBuilder::new(fields);
    for (key, value) in records {
        builder.push(&NewRecord {
            timestamp,
            key: Some(key.as_bytes()),
            value: Some(value.as_bytes()).filter(|value| !value.is_empty()),
            headers: &[],
        });
    }
    builder.build()
}

fn plain(records: &[(&str, &str)]) -> Batch {
    batch_of(Fields::default(), NOW, records)
}

/// A batch of an idempotent producer (id, epoch, first sequence number).
fn numbered(producer: (i64, i16, i32), records: &[(&str, &str)]) -> Batch {
    let fields = Fields {
        producer_id: producer.0,
        producer_epoch: producer.1,
        base_sequence: producer.2,
        ..Fields::default()
    };
    batch_of(fields, NOW, records)
}

/// The same, in a transaction.
fn transactional(producer: (i64, i16, i32), records: &[(&str, &str)]) -> Batch {
    let fields = Fields {
        producer_id: producer.0,
        producer_epoch: producer.1,
        base_sequence: producer.2,
        is_transactional: true,
        ..Fields::default()
    };
    batch_of(fields, NOW, records)
}

fn client(log: &mut Log, batch: &Batch) -> Result<Appended, Refused> {
    log.append_as_leader(batch, Origin::Client, 0, NOW)
}

fn end_transaction(log: &mut Log, producer: (i64, i16), is_commit: bool) -> Result<Appended, Refused> {
    let marker = EndTxnMarker {
        is_commit,
        coordinator_epoch: 0,
    };
    let batch = marker.batch(producer.0, producer.1, NOW);
    log.append_as_leader(&batch, Origin::Coordinator, 0, NOW)
}

/// Offsets, keys and values of all records that are not for brokers; a tombstone is an empty value.
fn records(log: &Log) -> Vec<(i64, String, String)> {
    let mut records = Vec::new();
    for batch in log
        .batches_from(log.log_start_offset())
        .filter(|batch| !batch.is_control())
    {
        for record in batch.records() {
            let record = record.unwrap();
            let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
            if record.offset >= log.log_start_offset() {
                records.push((record.offset, text(record.key), text(record.value)));
            }
        }
    }
    records
}

fn keys_and_values(log: &Log) -> Vec<(String, String)> {
    records(log).into_iter().map(|(_, key, value)| (key, value)).collect()
}
