use essaim_kafka::batch::{BatchBuilder, Fields, NewRecord, TimestampType};
use essaim_kafka::error::ErrorCode;
use essaim_kafka::log::{Log, LogConfig, Origin};

use super::{NOW, batch_of, client, log, numbered, plain};

#[test]
fn the_leader_gives_offsets_and_its_epoch() {
    let mut log = log(LogConfig::default());
    let first = client(&mut log, &plain(&[("a", "1"), ("b", "2")])).unwrap();
    let second = log
        .append_as_leader(&plain(&[("c", "3")]), Origin::Client, 4, NOW)
        .unwrap();
    assert_eq!(
        (first.base_offset, first.last_offset, first.log_append_time),
        (0, 1, -1)
    );
    assert_eq!((second.base_offset, second.last_offset), (2, 2));
    assert_eq!(log.log_end_offset(), 3);
    assert_eq!(log.high_watermark(), 0, "nobody has said that it is replicated");
    assert_eq!(log.epochs().iter().collect::<Vec<_>>(), [(0, 0), (4, 2)]);
    let last = log.batches_from(2).next().unwrap();
    assert_eq!((last.base_offset(), last.partition_leader_epoch()), (2, 4));
}

#[test]
fn a_ready_batch_is_shared_and_not_copied() {
    let batch = plain(&[("a", "1")]);
    let (mut one, mut other) = (log(LogConfig::default()), log(LogConfig::default()));
    client(&mut one, &batch).unwrap();
    client(&mut other, &batch).unwrap();
    let value = |log: &Log| {
        let batch = log.batches_from(0).next().unwrap().clone();
        let record = batch.records().next().unwrap().unwrap();
        record.value.unwrap().as_ptr()
    };
    assert_eq!(value(&one), value(&other));
}

#[test]
fn the_broker_s_clock_may_be_stamped() {
    let mut log = log(LogConfig {
        message_timestamp_type: TimestampType::LogAppendTime,
        ..LogConfig::default()
    });
    let late = batch_of(Fields::default(), NOW + 99 * 3_600_000, &[("a", "1")]);
    let appended = client(&mut log, &late).unwrap();
    assert_eq!(appended.log_append_time, NOW);
    let batch = log.batches_from(0).next().unwrap();
    assert_eq!(batch.max_timestamp(), NOW);
    let record = batch.records().next().unwrap().unwrap();
    assert_eq!(
        (record.timestamp, record.written_timestamp),
        (NOW, NOW + 99 * 3_600_000)
    );
    let again = essaim_kafka::batch::Batch::take(&mut batch.to_bytes().into()).unwrap();
    assert_eq!(&again, batch, "the checksum is the new one");
}

#[test]
fn a_timestamp_from_the_future_is_refused_record_by_record() {
    let mut log = log(LogConfig::default());
    let mut builder = BatchBuilder::new(Fields::default());
    for timestamp in [NOW, NOW + 3_600_001, NOW + 3_600_000] {
        builder.push(&NewRecord {
            timestamp,
            ..NewRecord::default()
        });
    }
    let refused = client(&mut log, &builder.build()).unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidTimestamp);
    assert_eq!(
        refused.message,
        "One or more records have been rejected due to invalid timestamp"
    );
    let late = NOW + 3_600_001;
    let sentence = format!(
        "Timestamp {late} of message with offset 1 is out of range. The timestamp should be within [{}, {}]",
        NOW - i64::MAX,
        late - 1
    );
    assert_eq!(refused.records, [(1, sentence)]);
    assert_eq!(log.log_end_offset(), 0);
}

#[test]
fn sizes_have_their_limits() {
    let mut log = log(LogConfig {
        max_message_bytes: 70,
        ..LogConfig::default()
    });
    let refused = client(&mut log, &plain(&[("a", "12345678901234567890")])).unwrap_err();
    assert_eq!(refused.error, ErrorCode::MessageTooLarge);
    assert_eq!(
        refused.message,
        "The record batch size in the append to t-0 is 89 bytes which exceeds the maximum configured value of 70."
    );
    client(&mut log, &plain(&[("a", "1")])).unwrap();
}

#[test]
fn a_compacted_topic_wants_keys() {
    let mut log = log(LogConfig {
        compact: true,
        ..LogConfig::default()
    });
    let mut builder = BatchBuilder::new(Fields::default());
    builder.push(&NewRecord::default());
    let refused = client(&mut log, &builder.build()).unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidRecord);
    let sentence = "Compacted topic cannot accept message without key in topic partition t-0";
    assert_eq!(refused.records, [(0, sentence.to_owned())]);
}

#[test]
fn clients_write_no_markers_and_no_nonsense() {
    let mut log = log(LogConfig::default());
    let control = batch_of(
        Fields {
            is_control: true,
            ..Fields::default()
        },
        NOW,
        &[("a", "1")],
    );
    let refused = client(&mut log, &control).unwrap_err();
    assert_eq!(
        refused.message,
        "Clients are not allowed to write control records in topic partition t-0"
    );
    let refused = client(&mut log, &numbered((7, 0, -1), &[("a", "1")])).unwrap_err();
    assert_eq!(
        refused.message,
        "Invalid sequence number -1 in record batch with producerId 7 in topic partition t-0"
    );
    let refused = client(&mut log, &BatchBuilder::new(Fields::default()).build_until(5)).unwrap_err();
    assert_eq!(
        refused.message,
        "Invalid reported count for record batch: 0 in topic partition t-0"
    );
}

#[test]
fn what_was_sent_twice_is_there_once() {
    let mut log = log(LogConfig::default());
    for number in 0..7 {
        client(&mut log, &numbered((7, 0, 2 * number), &[("a", "1"), ("b", "2")])).unwrap();
    }
    for number in 2..7 {
        let again = client(&mut log, &numbered((7, 0, 2 * number), &[("a", "1"), ("b", "2")])).unwrap();
        assert!(again.is_duplicate);
        assert_eq!(i64::from(2 * number), again.base_offset);
        assert_eq!(again.last_offset, again.base_offset + 1);
    }
    assert_eq!(log.log_end_offset(), 14);
    // Only five batches are remembered: an older one looks like a gap.
    let refused = client(&mut log, &numbered((7, 0, 2), &[("a", "1"), ("b", "2")])).unwrap_err();
    assert_eq!(refused.error, ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(
        refused.message,
        "Out of order sequence number for producer 7 at offset 14 in partition t-0: 2 (incoming seq. number), 13 \
         (current end sequence number)"
    );
}

#[test]
fn sequence_numbers_leave_no_gap_and_begin_again_with_an_epoch() {
    let mut log = log(LogConfig::default());
    client(&mut log, &numbered((7, 0, 5), &[("a", "1")])).unwrap();
    let refused = client(&mut log, &numbered((7, 0, 7), &[("a", "1")])).unwrap_err();
    assert_eq!(refused.error, ErrorCode::OutOfOrderSequenceNumber);
    let refused = client(&mut log, &numbered((7, 1, 6), &[("a", "1")])).unwrap_err();
    assert_eq!(refused.error, ErrorCode::OutOfOrderSequenceNumber);
    client(&mut log, &numbered((7, 1, 0), &[("a", "1")])).unwrap();
    let refused = client(&mut log, &numbered((7, 0, 6), &[("a", "1")])).unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidProducerEpoch);
    assert_eq!(
        refused.message,
        "Epoch of producer 7 at offset 2 in t-0 is 0, which is smaller than the last seen epoch 1"
    );
    assert_eq!(log.log_end_offset(), 2);
}

#[test]
fn sequence_numbers_begin_again_after_the_largest() {
    let mut log = log(LogConfig::default());
    let two = [("a", "1"), ("b", "2")];
    client(&mut log, &numbered((7, 0, i32::MAX), &two)).unwrap();
    client(&mut log, &numbered((7, 0, 1), &two)).unwrap();
    let again = client(&mut log, &numbered((7, 0, i32::MAX), &two)).unwrap();
    assert_eq!((again.is_duplicate, again.base_offset), (true, 0));
}

#[test]
fn a_producer_that_was_silent_for_long_is_forgotten() {
    let mut log = log(LogConfig::default());
    client(&mut log, &numbered((7, 0, 5), &[("a", "1")])).unwrap();
    log.expire_producers(NOW + 86_399_999);
    assert!(log.producers().get(7).is_some());
    log.expire_producers(NOW + 86_400_000);
    assert!(log.producers().get(7).is_none());
    client(&mut log, &numbered((7, 0, 9), &[("a", "1")])).unwrap();
}

#[test]
fn a_follower_keeps_what_the_leader_gave() {
    let (mut leader, mut follower) = (log(LogConfig::default()), log(LogConfig::default()));
    for epoch in 1..4 {
        let batch = numbered((7, 0, epoch - 1), &[("a", "1")]);
        leader.append_as_leader(&batch, Origin::Client, epoch, NOW).unwrap();
    }
    let fetched: Vec<_> = leader.batches_from(0).cloned().collect();
    assert_eq!(
        follower.append_as_follower(&fetched, 2, NOW),
        Ok(2),
        "epoch 3 is not yet known"
    );
    assert_eq!(follower.append_as_follower(&fetched[2..], 3, NOW), Ok(3));
    assert_eq!(follower.epochs(), leader.epochs());
    assert_eq!(follower.producers(), leader.producers());
    let refused = follower.append_as_follower(&fetched[2..], 3, NOW).unwrap_err();
    assert!(
        refused
            .message
            .starts_with("Unexpected offset in append to t-0. First offset 2 is less"),
        "{refused}"
    );
}

#[test]
fn segments_are_rolled_by_size_by_time_and_by_index() {
    let size = plain(&[("a", "1")]).size_bytes() as u32;
    let bases = |log: &Log| log.segments().map(|segment| segment.base_offset()).collect::<Vec<_>>();
    let mut by_size = log(LogConfig {
        segment_bytes: 2 * size,
        ..LogConfig::default()
    });
    for _ in 0..5 {
        client(&mut by_size, &plain(&[("a", "1")])).unwrap();
    }
    assert_eq!(bases(&by_size), [0, 2, 4]);
    let mut by_time = log(LogConfig {
        segment_ms: 1000,
        ..LogConfig::default()
    });
    for step in 0..5 {
        let batch = batch_of(Fields::default(), NOW + 600 * step, &[("a", "1")]);
        by_time.append_as_leader(&batch, Origin::Client, 0, NOW).unwrap();
    }
    assert_eq!(bases(&by_time), [0, 2, 4], "by the records' own times");
    let mut by_index = log(LogConfig {
        segment_index_bytes: 36,
        index_interval_bytes: 0,
        ..LogConfig::default()
    });
    for step in 0..9 {
        let batch = batch_of(Fields::default(), NOW + step, &[("a", "1")]);
        client(&mut by_index, &batch).unwrap();
    }
    assert_eq!(
        bases(&by_index),
        [0, 3, 6],
        "three entries of time, one of them kept for closing"
    );
    by_index.roll(NOW);
    by_index.roll(NOW);
    assert_eq!(bases(&by_index), [0, 3, 6, 9]);
}
