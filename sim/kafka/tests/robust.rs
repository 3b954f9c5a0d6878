//! Arbitrary bytes are an error at worst, and what is written is read back.
#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use essaim_kafka::assignor::subscription::StickyUserData;
use essaim_kafka::assignor::{MemberAssignment, Subscription, TopicPartition};
use essaim_kafka::batch::{Batch, BatchBuilder, Compression, Corrupt, EndTxnMarker, Fields, Header, NewRecord};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

type Plain = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(Vec<u8>, Option<Vec<u8>>)>);

fn blob() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

fn record() -> impl Strategy<Value = Plain> {
    let header = (blob(), option::of(blob()));
    (any::<i64>(), option::of(blob()), option::of(blob()), vec(header, 0..3))
}

fn build(fields: Fields, records: &[Plain]) -> Batch {
    let mut builder = BatchBuilder::new(fields);
    for (timestamp, key, value, headers) in records {
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
        let size = builder.size_with_bytes(&record);
        builder.push(&record);
        assert_eq!(builder.size_bytes(), size, "the size is foretold");
    }
    builder.build()
}

/// Everything that can be asked of bytes that passed as a batch.
fn use_up(mut bytes: Bytes) {
    while let Ok(batch) = Batch::take(&mut bytes) {
        let _ = (
            batch.last_offset(),
            batch.next_offset(),
            batch.last_sequence(),
            batch.delete_horizon_ms(),
        );
        for record in batch.records().flatten() {
            assert!(record.headers().count() <= record.header_count());
        }
        let _ = EndTxnMarker::read(&batch);
        let _ = batch.check_records();
        let again = Batch::take(&mut batch.stamped(7).to_bytes().into()).unwrap();
        assert_eq!(again.max_timestamp(), 7);
        let _ = BatchBuilder::emptied(&batch);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_batch_goes_there_and_back(
        records in vec(record(), 0..8), base_offset in 0..i64::MAX / 2, epoch in any::<i32>(),
        producer in (any::<i64>(), any::<i16>(), any::<i32>()), flags in any::<(bool, bool)>(),
        times in (option::of(any::<i64>()), option::of(any::<i64>())),
    ) {
        let fields = Fields {
            base_offset, partition_leader_epoch: epoch, log_append_time: times.0, is_transactional: flags.0,
            is_control: flags.1, producer_id: producer.0, producer_epoch: producer.1, base_sequence: producer.2,
            delete_horizon_ms: times.1,
        };
        let batch = build(fields, &records);
        let mut bytes = Bytes::from(batch.to_bytes());
        let read = Batch::take(&mut bytes).unwrap();
        prop_assert!(bytes.is_empty());
        prop_assert_eq!(read.to_bytes(), batch.to_bytes());
        prop_assert_eq!(read.count() as usize, records.len());
        for (place, (read, record)) in read.records().zip(&records).enumerate() {
            let read = read.unwrap();
            prop_assert_eq!(read.offset, base_offset + place as i64);
            prop_assert_eq!(read.written_timestamp, record.0);
            prop_assert_eq!(read.key, record.1.as_deref());
            prop_assert_eq!(read.value, record.2.as_deref());
            let headers: Vec<_> = read.headers().map(|header| (header.key.to_vec(), header.value.map(<[u8]>::to_vec))).collect();
            prop_assert_eq!(&headers, &record.3);
        }
        prop_assert_eq!(read.check_records(), Ok(()));
    }

    #[test]
    fn noise_is_no_batch(bytes in vec(any::<u8>(), 0..200)) {
        use_up(Bytes::from(bytes));
    }

    /// A sound header and checksum over a body that may be anything.
    #[test]
    fn noise_in_a_batch_is_an_error(
        records in vec(record(), 1..4), places in vec((21..200_usize, any::<u8>()), 1..4),
    ) {
        let mut bytes = build(Fields::default(), &records).to_bytes();
        for (place, value) in places {
            let length = bytes.len();
            bytes[21 + place % (length - 21)] = value;
        }
        let crc = crc32c::crc32c(&bytes[21..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        use_up(Bytes::from(bytes));
    }

    #[test]
    fn one_wrong_bit_is_seen(records in vec(record(), 1..4), place in 21..400_usize, bit in 0..8) {
        let mut bytes = build(Fields::default(), &records).to_bytes();
        let length = bytes.len();
        bytes[21 + place % (length - 21)] ^= 1_u8 << bit;
        let refused = Batch::take(&mut Bytes::from(bytes)).unwrap_err();
        prop_assert!(matches!(refused, Corrupt::Crc { .. }), "{:?}", refused);
    }

    #[test]
    fn noise_is_no_subscription(bytes in vec(any::<u8>(), 0..80)) {
        let _ = Subscription::decode(&bytes);
        let _ = MemberAssignment::decode(&bytes);
        let _ = StickyUserData::decode(&bytes);
        for version in 0..4 {
            let _ = Subscription::decode(&[&[0, version], bytes.as_slice()].concat());
        }
    }

    #[test]
    fn a_subscription_goes_there_and_back(
        topics in vec("[a-z]{0,5}", 0..4), user_data in option::of(blob()), owned in vec(("[a-c]", 0..5), 0..6),
        generation in option::of(0..i32::MAX), rack in option::of("[a-z]{0,3}"),
    ) {
        let mut subscription = Subscription {
            topics, user_data, generation, rack,
            owned: owned.iter().map(|(topic, partition)| TopicPartition::new(topic, *partition)).collect(),
        };
        let read = Subscription::decode(&subscription.encode(3)).unwrap();
        subscription.topics.sort();
        subscription.owned.sort();
        prop_assert_eq!(read, subscription);
    }
}

#[test]
fn the_broker_s_words() {
    let batch = build(Fields::default(), &[(5, None, Some(b"x".to_vec()), Vec::new())]);
    let mut bytes = batch.to_bytes();
    bytes[17] ^= 0xff;
    let said = Batch::take(&mut Bytes::from(bytes)).unwrap_err().to_string();
    let (stored, computed) = (batch.crc() ^ 0xff00_0000, batch.crc());
    assert_eq!(
        said,
        format!("Record is corrupt (stored crc = {stored}, computed crc = {computed})")
    );
    let short = Bytes::from(batch.to_bytes()).slice(..40);
    assert_eq!(Batch::take(&mut short.clone()), Err(Corrupt::Truncated));
    assert_eq!(
        Batch::take_all(short),
        Ok(Vec::new()),
        "an incomplete batch ends a fetch"
    );
    let mut old = batch.to_bytes();
    old[16] = 1;
    assert_eq!(Batch::take(&mut old.into()), Err(Corrupt::Magic(1)));
    let mut small = batch.to_bytes();
    small[8..12].copy_from_slice(&9_i32.to_be_bytes());
    assert_eq!(Batch::take(&mut small.into()), Err(Corrupt::Small(21)));
}

#[test]
fn compressed_records_are_kept_and_not_read() {
    let mut bytes = build(Fields::default(), &[(5, None, None, Vec::new())]).to_bytes();
    bytes[22] |= 4;
    let crc = crc32c::crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    let batch = Batch::take(&mut bytes.into()).unwrap();
    assert_eq!(batch.attributes().compression(), Compression::Zstd);
    let refused = batch.check_records().unwrap_err();
    assert_eq!(
        refused.to_string(),
        "compression.type zstd exists in Kafka, not simulated here"
    );
}
