use essaim_kafka::transaction::record::{RecordError, decode_key, decode_value, encode_key, encode_value};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::*;

fn ongoing() -> Metadata {
    Metadata {
        partitions: partitions(&[0, 1]),
        started_ms: 256,
        updated_ms: 257,
        ..at_epoch(2, State::Ongoing)
    }
}

/// By the schemas `TransactionLogKey` and `TransactionLogValue`.
#[test]
fn the_bytes_of_a_record() {
    assert_eq!(encode_key("shop"), b"\0\0\0\x04shop");
    let head: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 7, 0, 2, 0, 0, 0xea, 0x60, 1];
    let times: &[u8] = &[0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0];
    // In Java's set partition 1 (hash 1108, bucket 4) comes before 0 (1077, bucket 5).
    let compact: &[u8] = &[2, 2, b't', 3, 0, 0, 0, 1, 0, 0, 0, 0, 0];
    let plain: &[u8] = &[0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0];
    let tags: &[u8] = &[1, 2, 2, 0, 2];
    assert_eq!(
        encode_value(&ongoing(), 2),
        [&[0, 1], head, compact, times, tags].concat()
    );
    assert_eq!(encode_value(&ongoing(), 0), [&[0, 0], head, plain, times].concat());
    // An empty one has no partitions at all, and a client of version 0 no tag.
    let empty = Metadata {
        state: State::Empty,
        partitions: BTreeSet::new(),
        client_version: 0,
        ..ongoing()
    };
    let mut head = head.to_vec();
    head[14] = 0;
    assert_eq!(
        encode_value(&empty, 1),
        [&[0, 1], head.as_slice(), &[0], times, &[0]].concat()
    );
    let null: &[u8] = &[0xff; 4];
    assert_eq!(
        encode_value(&empty, 0),
        [&[0, 0], head.as_slice(), null, times].concat()
    );
}

#[test]
fn later_tags_are_read() {
    let mut value = encode_value(&ongoing(), 2);
    value.truncate(value.len() - 5);
    let ids: &[u8] = &[3, 0, 8, 0, 0, 0, 0, 0, 0, 0, 5, 1, 8, 0, 0, 0, 0, 0, 0, 0, 6, 9, 1, 1];
    value.extend_from_slice(ids);
    let read = decode_value(&value).unwrap();
    assert_eq!(
        (read.previous_producer_id, read.next_producer_id, read.client_version),
        (5, 6, 0)
    );
}

#[test]
fn what_is_not_known_is_refused() {
    let said = |error: RecordError| error.to_string();
    assert_eq!(
        said(decode_key(&[0, 3]).unwrap_err()),
        "Unknown version 3 from the transaction log message key"
    );
    assert_eq!(
        said(decode_value(&[0, 2]).unwrap_err()),
        "Unknown version 2 from the transaction log message value"
    );
    let mut value = encode_value(&ongoing(), 2);
    value[16] = 8;
    assert_eq!(
        said(decode_value(&value).unwrap_err()),
        "Unknown transaction state id 8 from the transaction status message"
    );
}

proptest! {
    #[test]
    fn a_record_goes_there_and_back(
        numbers in (any::<i64>(), any::<i16>(), any::<i32>(), any::<i64>(), any::<i64>()), state in 1..8_i8,
        partitions in btree_set(("[a-z]{1,5}", any::<i32>()), 0..30), version in 0..3_i16,
    ) {
        let metadata = Metadata {
            producer_id: numbers.0, previous_producer_id: -1, next_producer_id: -1, producer_epoch: numbers.1,
            last_producer_epoch: -1, timeout_ms: numbers.2, state: State::of(state).unwrap(),
            partitions: partitions.iter().map(|(topic, number)| TopicPartition::new(topic, *number)).collect(),
            started_ms: numbers.3, updated_ms: numbers.4, client_version: if version == 0 { 0 } else { 2 },
        };
        prop_assert_eq!(decode_value(&encode_value(&metadata, version)), Ok(metadata));
    }

    /// Whatever is in the partition: an error, or a coordinator that lives with it.
    #[test]
    fn noise_is_an_error_at_worst(noise in vec(any::<u8>(), 0..80), places in vec((2..60_usize, any::<u8>()), 0..4)) {
        let mut value = encode_value(&ongoing(), 2);
        for (place, byte) in places {
            let length = value.len();
            value[place % length] = byte;
        }
        for bytes in [noise.as_slice(), &[&[0, 1], noise.as_slice()].concat(), &value] {
            let _ = decode_key(bytes);
            if let Ok(metadata) = decode_value(bytes) {
                let producer = (metadata.producer_id, metadata.producer_epoch);
                let mut desk = Desk::holding(metadata);
                let _ = desk.coordinator.deadline();
                desk.coordinator.tick(i64::MAX / 2, &mut desk.effects);
                desk.add(producer, &[0], 2);
                desk.end(producer, true, 2);
                desk.init(None);
            }
        }
    }
}
