use essaim_kafka::batch::Fields;
use essaim_kafka::error::ErrorCode;
use essaim_kafka::log::{Log, LogConfig, Origin};

use super::{NOW, batch_of, client, end_transaction, log, numbered, plain, records, transactional};

const DAY: i64 = 86_400_000;

/// A segment a batch, one a day.
fn days(config: LogConfig) -> Log {
    let size = plain(&[("a", "1")]).size_bytes() as u32;
    let mut log = log(LogConfig {
        segment_bytes: size,
        ..config
    });
    for day in 0..5 {
        let batch = batch_of(Fields::default(), NOW + day * DAY, &[("a", "1")]);
        log.append_as_leader(&batch, Origin::Client, 0, NOW + day * DAY)
            .unwrap();
    }
    log.set_high_watermark(5);
    log
}

#[test]
fn old_segments_go() {
    let mut log = days(LogConfig {
        retention_ms: 2 * DAY,
        ..LogConfig::default()
    });
    let gone = log.delete_old_segments(NOW + 4 * DAY);
    assert_eq!(
        gone.iter().map(|segment| segment.base_offset()).collect::<Vec<_>>(),
        [0, 1]
    );
    assert_eq!((log.log_start_offset(), log.segments().len()), (2, 3));
    let gone = log.delete_old_segments(NOW + 40 * DAY);
    assert_eq!(gone.len(), 3, "the active segment too: a new one has taken its place");
    assert_eq!(
        (log.log_start_offset(), log.log_end_offset(), log.segments().len()),
        (5, 5, 1)
    );
}

#[test]
fn what_is_not_replicated_stays() {
    let mut log = days(LogConfig {
        retention_ms: 1,
        ..LogConfig::default()
    });
    log.set_high_watermark(3);
    assert_eq!(log.delete_old_segments(NOW + 40 * DAY).len(), 3);
    assert_eq!(log.log_start_offset(), 3);
}

#[test]
fn a_log_that_is_too_large_loses_its_first_segments() {
    let size = plain(&[("a", "1")]).size_bytes() as i64;
    let config = |retention_bytes| LogConfig {
        retention_ms: -1,
        retention_bytes,
        ..LogConfig::default()
    };
    assert_eq!(days(config(3 * size)).delete_old_segments(NOW).len(), 2);
    assert_eq!(
        days(config(3 * size - 1)).delete_old_segments(NOW).len(),
        2,
        "no more than the excess"
    );
    assert_eq!(days(config(5 * size)).delete_old_segments(NOW).len(), 0);
    assert_eq!(days(config(-1)).delete_old_segments(NOW).len(), 0);
}

#[test]
fn records_are_deleted_below_the_high_watermark() {
    let mut log = days(LogConfig::default());
    log.set_high_watermark(4);
    let refused = log.delete_records(5).unwrap_err();
    assert_eq!(refused.error, ErrorCode::OffsetOutOfRange);
    assert_eq!(
        refused.message,
        "Cannot increment the log start offset to 5 of partition t-0 since it is larger than the high watermark 4"
    );
    assert_eq!(log.delete_records(2), Ok(2));
    assert_eq!(log.delete_records(1), Ok(2), "it never goes back");
    assert_eq!(log.segments().len(), 5);
    assert_eq!(log.delete_old_segments(NOW).len(), 2);
    assert_eq!(log.delete_records(-1), Ok(4));
    assert_eq!(records(&log).len(), 1);
}

#[test]
fn a_follower_drops_what_its_leader_has_not() {
    let mut log = log(LogConfig {
        segment_bytes: 160,
        ..LogConfig::default()
    });
    client(&mut log, &numbered((7, 0, 0), &[("a", "1")])).unwrap();
    client(&mut log, &numbered((7, 0, 1), &[("b", "1")])).unwrap();
    log.append_as_leader(&numbered((7, 0, 2), &[("c", "1")]), Origin::Client, 1, NOW)
        .unwrap();
    log.append_as_leader(&transactional((8, 0, 0), &[("d", "1")]), Origin::Client, 2, NOW)
        .unwrap();
    log.set_high_watermark(4);
    assert_eq!(log.epochs().end_offset_for(0, log.log_end_offset()), (0, 2));
    assert!(!log.truncate_to(4, NOW));
    assert!(log.truncate_to(2, NOW));
    assert_eq!((log.log_end_offset(), log.high_watermark()), (2, 2));
    assert_eq!(log.epochs().last(), Some((0, 0)));
    assert_eq!(log.producers().get(7).unwrap().last_sequence(), 1);
    assert!(log.producers().get(8).is_none());
    assert_eq!(log.last_stable_offset(), 2);
    client(&mut log, &numbered((7, 0, 2), &[("e", "1")])).unwrap();
    let keys: Vec<String> = records(&log).into_iter().map(|(_, key, _)| key).collect();
    assert_eq!(keys, ["a", "b", "e"]);
}

#[test]
fn an_aborted_transaction_is_open_again_without_its_marker() {
    let mut log = log(LogConfig::default());
    client(&mut log, &transactional((7, 0, 0), &[("a", "1")])).unwrap();
    end_transaction(&mut log, (7, 0), false).unwrap();
    log.set_high_watermark(2);
    assert_eq!(log.last_stable_offset(), 2);
    log.truncate_to(1, NOW);
    assert_eq!((log.last_stable_offset(), log.high_watermark()), (0, 1));
    assert_eq!(log.aborted_between(0, 9), []);
}

#[test]
fn a_log_that_lies_wholly_behind_begins_anew() {
    let mut log = days(LogConfig::default());
    log.truncate_fully(100, NOW);
    assert_eq!(
        (log.log_start_offset(), log.log_end_offset(), log.high_watermark()),
        (100, 100, 100)
    );
    assert_eq!(
        log.segments().map(|segment| segment.file_stem()).collect::<Vec<_>>(),
        ["00000000000000000100"]
    );
    assert_eq!(client(&mut log, &plain(&[("a", "1")])).unwrap().base_offset, 100);
}
