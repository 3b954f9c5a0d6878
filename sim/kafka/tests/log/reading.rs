use essaim_kafka::batch::Fields;
use essaim_kafka::error::ErrorCode;
use essaim_kafka::log::{FoundOffset, Isolation, ListOffset, Log, LogConfig, Origin};

use super::{NOW, batch_of, client, end_transaction, log, plain, transactional};

/// Ten batches of two records in segments of four batches, all replicated.
fn twenty() -> Log {
    let size = plain(&[("k0", "v0"), ("k1", "v1")]).size_bytes() as u32;
    let mut log = log(LogConfig {
        segment_bytes: 4 * size,
        ..LogConfig::default()
    });
    for number in 0..10 {
        let (even, odd) = (format!("k{}", number % 5), format!("k{}", number % 3));
        client(&mut log, &plain(&[(&even, "v0"), (&odd, "v1")])).unwrap();
    }
    log.set_high_watermark(20);
    log
}

fn offsets(log: &Log, from: i64, max_bytes: usize, isolation: Isolation, min_one: bool) -> Vec<i64> {
    let fetched = log.read(from, max_bytes, isolation, min_one).unwrap();
    let sizes: usize = fetched.batches.iter().map(|batch| batch.size_bytes()).sum();
    assert_eq!(sizes, fetched.size_bytes);
    fetched.batches.iter().map(|batch| batch.base_offset()).collect()
}

#[test]
fn a_read_begins_with_the_batch_that_holds_the_offset() {
    let log = twenty();
    let all = 1 << 20;
    assert_eq!(
        offsets(&log, 0, all, Isolation::LogEnd, true),
        [0, 2, 4, 6],
        "one segment at a time"
    );
    assert_eq!(offsets(&log, 5, all, Isolation::LogEnd, true), [4, 6]);
    assert_eq!(offsets(&log, 8, all, Isolation::LogEnd, true), [8, 10, 12, 14]);
    assert_eq!(offsets(&log, 20, all, Isolation::LogEnd, true), Vec::<i64>::new());
}

#[test]
fn at_least_one_batch_comes_if_it_must() {
    let log = twenty();
    let size = plain(&[("k0", "v0"), ("k1", "v1")]).size_bytes();
    assert_eq!(offsets(&log, 0, 1, Isolation::LogEnd, true), [0]);
    assert_eq!(offsets(&log, 0, 1, Isolation::LogEnd, false), Vec::<i64>::new());
    assert_eq!(offsets(&log, 0, 2 * size, Isolation::LogEnd, false), [0, 2]);
    assert_eq!(offsets(&log, 0, 3 * size - 1, Isolation::LogEnd, false), [0, 2]);
}

#[test]
fn readers_see_up_to_the_high_watermark() {
    let mut log = twenty();
    log.set_high_watermark(4);
    assert_eq!(offsets(&log, 0, 1 << 20, Isolation::ReadUncommitted, true), [0, 2]);
    assert_eq!(
        offsets(&log, 4, 1 << 20, Isolation::ReadUncommitted, true),
        Vec::<i64>::new()
    );
    assert_eq!(
        offsets(&log, 9, 1 << 20, Isolation::ReadUncommitted, true),
        Vec::<i64>::new()
    );
    assert!(!log.advance_high_watermark(3));
    assert_eq!(log.high_watermark(), 4);
    assert!(log.advance_high_watermark(99));
    assert_eq!(log.high_watermark(), 20);
}

#[test]
fn outside_the_log_is_out_of_range() {
    let mut log = twenty();
    log.delete_records(3).unwrap();
    for offset in [2, 21] {
        let refused = log.read(offset, 1, Isolation::LogEnd, true).unwrap_err();
        assert_eq!(refused.error, ErrorCode::OffsetOutOfRange);
    }
    assert_eq!(offsets(&log, 3, 1, Isolation::LogEnd, true), [2]);
}

#[test]
fn offsets_are_found_by_time() {
    let mut log = log(LogConfig {
        segment_bytes: 200,
        index_interval_bytes: 0,
        ..LogConfig::default()
    });
    for (step, time) in [0, 100, 50, 300, 200, 300].into_iter().enumerate() {
        let batch = batch_of(Fields::default(), NOW + time, &[("a", "1"), ("b", "2")]);
        log.append_as_leader(&batch, Origin::Client, step as i32 / 2, NOW)
            .unwrap();
    }
    let find = |time: i64| {
        log.find_offset(ListOffset::AtTime(NOW + time), 12)
            .map(|found| found.offset)
    };
    assert_eq!(
        [find(-5), find(0), find(1), find(100), find(101), find(300), find(301)],
        [Some(0), Some(0), Some(2), Some(2), Some(6), Some(6), None]
    );
    let max = FoundOffset {
        timestamp: NOW + 300,
        offset: 6,
        leader_epoch: 1,
    };
    assert_eq!(log.find_offset(ListOffset::MaxTimestamp, 12), Some(max));
    assert_eq!(
        log.find_offset(ListOffset::AtTime(NOW + 101), 6),
        None,
        "not yet to be seen"
    );
    let earliest = log.find_offset(ListOffset::Earliest, 12).unwrap();
    assert_eq!((earliest.offset, earliest.leader_epoch, earliest.timestamp), (0, 0, -1));
    let latest = log.find_offset(ListOffset::Latest, 7).unwrap();
    assert_eq!((latest.offset, latest.leader_epoch), (7, 2));
    assert_eq!(ListOffset::of(-4), Some(ListOffset::EarliestLocal));
    assert_eq!(ListOffset::of(-9), None);
}

#[test]
fn readers_of_committed_records_stop_at_an_open_transaction() {
    let mut log = log(LogConfig::default());
    client(&mut log, &plain(&[("a", "1")])).unwrap();
    client(&mut log, &transactional((7, 0, 0), &[("b", "2")])).unwrap();
    client(&mut log, &plain(&[("c", "3")])).unwrap();
    log.set_high_watermark(3);
    assert_eq!(log.last_stable_offset(), 1);
    assert_eq!(offsets(&log, 0, 1 << 20, Isolation::ReadCommitted, true), [0]);
    assert_eq!(offsets(&log, 0, 1 << 20, Isolation::ReadUncommitted, true), [0, 1, 2]);
    end_transaction(&mut log, (7, 0), false).unwrap();
    assert_eq!(log.last_stable_offset(), 1, "the marker is not replicated yet");
    log.set_high_watermark(4);
    assert_eq!(log.last_stable_offset(), 4);
    let fetched = log.read(0, 1 << 20, Isolation::ReadCommitted, true).unwrap();
    assert_eq!(fetched.batches.len(), 4);
    let aborted: Vec<_> = fetched
        .aborted
        .iter()
        .map(|txn| (txn.producer_id, txn.first_offset, txn.last_offset))
        .collect();
    assert_eq!(aborted, [(7, 1, 3)]);
    let fetched = log.read(0, 1, Isolation::ReadCommitted, true).unwrap();
    assert_eq!(fetched.aborted, [], "what was read ends before it");
}
