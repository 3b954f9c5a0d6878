use essaim_kafka::batch::{BatchBuilder, Fields, NewRecord};
use essaim_kafka::log::{Log, LogConfig};

use super::{NOW, batch_of, client, end_transaction, keys_and_values, log, numbered, plain, records, transactional};

const DAY: i64 = 86_400_000;

fn compacted() -> LogConfig {
    LogConfig {
        compact: true,
        delete: false,
        ..LogConfig::default()
    }
}

/// Everything so far is replicated and in closed segments.
fn settle(log: &mut Log) {
    log.set_high_watermark(log.log_end_offset());
    log.roll(NOW);
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn of_each_key_the_latest_stays() {
    let mut log = log(compacted());
    client(&mut log, &plain(&[("a", "1"), ("b", "1"), ("a", "2")])).unwrap();
    client(&mut log, &plain(&[("c", "1"), ("b", "2")])).unwrap();
    settle(&mut log);
    client(&mut log, &plain(&[("c", "2")])).unwrap();
    log.set_high_watermark(6);
    let cleaned = log.clean(NOW).unwrap();
    assert_eq!(
        (cleaned.read_count, cleaned.kept_count, cleaned.replaced.len()),
        (5, 3, 1)
    );
    let kept: Vec<i64> = records(&log).into_iter().map(|(offset, ..)| offset).collect();
    assert_eq!(kept, [2, 3, 4, 5], "offsets stay; the active segment is not looked at");
    assert_eq!(log.log_end_offset(), 6);
    let bounds: Vec<(i64, i64)> = log
        .batches_from(0)
        .map(|batch| (batch.base_offset(), batch.last_offset()))
        .collect();
    assert_eq!(bounds, [(0, 2), (3, 4), (5, 5)]);
    assert!(log.clean(NOW).is_none(), "nothing is dirty");
}

#[test]
fn a_record_in_the_clean_part_gives_way_to_a_later_one() {
    let mut log = log(compacted());
    client(&mut log, &plain(&[("a", "1"), ("b", "1")])).unwrap();
    settle(&mut log);
    log.clean(NOW).unwrap();
    client(&mut log, &plain(&[("a", "2")])).unwrap();
    settle(&mut log);
    log.clean(NOW).unwrap();
    assert_eq!(keys_and_values(&log), pairs(&[("b", "1"), ("a", "2")]));
    assert_eq!(log.segments().len(), 2, "small segments are put together");
}

#[test]
fn a_tombstone_stays_for_a_day_after_it_was_first_met() {
    let mut log = log(compacted());
    client(&mut log, &plain(&[("a", "1"), ("a", ""), ("b", "1")])).unwrap();
    settle(&mut log);
    log.clean(NOW).unwrap();
    assert_eq!(keys_and_values(&log), pairs(&[("a", ""), ("b", "1")]));
    let horizon = log.batches_from(0).next().unwrap().delete_horizon_ms();
    assert_eq!(horizon, Some(NOW + DAY));
    let later = |log: &mut Log, now: i64| {
        client(log, &plain(&[("c", "1")])).unwrap();
        settle(log);
        log.clean(now).unwrap();
        keys_and_values(log).into_iter().map(|(key, _)| key).collect::<Vec<_>>()
    };
    assert_eq!(later(&mut log, NOW + DAY - 1), ["a", "b", "c"]);
    assert_eq!(later(&mut log, NOW + DAY), ["b", "c"]);
}

#[test]
fn nothing_is_touched_from_an_open_transaction_on() {
    let mut log = log(compacted());
    client(&mut log, &plain(&[("a", "1"), ("a", "2")])).unwrap();
    client(&mut log, &transactional((7, 0, 0), &[("a", "3")])).unwrap();
    client(&mut log, &plain(&[("b", "1"), ("b", "2")])).unwrap();
    settle(&mut log);
    log.clean(NOW).unwrap();
    assert_eq!(
        keys_and_values(&log),
        pairs(&[("a", "2"), ("a", "3"), ("b", "1"), ("b", "2")])
    );
}

#[test]
fn records_of_an_aborted_transaction_go_and_then_its_marker() {
    let mut log = log(compacted());
    client(&mut log, &plain(&[("a", "1")])).unwrap(); // 0
    client(&mut log, &transactional((7, 0, 0), &[("a", "2")])).unwrap(); // 1
    end_transaction(&mut log, (7, 0), false).unwrap(); // 2
    client(&mut log, &transactional((7, 0, 1), &[("b", "1")])).unwrap(); // 3
    end_transaction(&mut log, (7, 0), true).unwrap(); // 4
    client(&mut log, &plain(&[("c", "1")])).unwrap(); // 5
    settle(&mut log);
    log.clean(NOW).unwrap();
    let firsts = |log: &Log| log.batches_from(0).map(|batch| batch.base_offset()).collect::<Vec<_>>();
    assert_eq!(keys_and_values(&log), pairs(&[("a", "1"), ("b", "1"), ("c", "1")]));
    assert_eq!(
        firsts(&log),
        [0, 2, 3, 4, 5],
        "the marker stays as long as a reader might need it"
    );
    assert_eq!(log.aborted_between(0, 9).len(), 1);
    let again = |log: &mut Log, now: i64| {
        client(log, &plain(&[("d", "1")])).unwrap();
        settle(log);
        log.clean(now).unwrap();
    };
    again(&mut log, NOW);
    assert_eq!(firsts(&log), [0, 2, 3, 4, 5, 6]);
    assert_eq!(log.aborted_between(0, 9), [], "nothing of it is left to be left out");
    again(&mut log, NOW + DAY);
    assert_eq!(firsts(&log), [0, 3, 4, 5, 7], "a day after nothing of it was left");
}

#[test]
fn the_last_batch_of_a_producer_stays_for_its_sequence_numbers() {
    let mut log = log(compacted());
    client(&mut log, &numbered((7, 0, 0), &[("a", "1")])).unwrap();
    client(&mut log, &numbered((7, 0, 1), &[("a", "2")])).unwrap();
    client(&mut log, &plain(&[("a", "3")])).unwrap();
    settle(&mut log);
    log.clean(NOW).unwrap();
    let left: Vec<(i64, i32, i32)> = log
        .batches_from(0)
        .map(|batch| (batch.base_offset(), batch.count(), batch.last_sequence()))
        .collect();
    assert_eq!(left, [(1, 0, 1), (2, 1, -1)]);
    let before = log.producers().get(7).map(|producer| producer.last_sequence());
    client(&mut log, &plain(&[("z", "1")])).unwrap();
    log.truncate_to(3, NOW);
    assert_eq!(log.producers().get(7).map(|producer| producer.last_sequence()), before);
}

#[test]
fn it_is_due_when_half_is_dirty_or_something_waits_too_long() {
    let mut log = log(LogConfig {
        max_compaction_lag_ms: 10 * DAY,
        min_compaction_lag_ms: DAY,
        ..compacted()
    });
    client(&mut log, &plain(&[("a", "1"), ("a", "2")])).unwrap();
    settle(&mut log);
    assert_eq!(log.cleanable(NOW).cleanable_bytes, 0, "too young");
    let range = log.cleanable(NOW + 2 * DAY);
    assert_eq!((range.first_dirty_offset, range.first_uncleanable_offset), (0, 2));
    assert!(range.is_due(500));
    log.clean(NOW + 2 * DAY).unwrap();
    client(&mut log, &batch_of(Fields::default(), NOW, &[("a", "3")])).unwrap();
    settle(&mut log);
    let range = log.cleanable(NOW + 2 * DAY);
    assert!(range.clean_bytes > 0 && range.cleanable_bytes > 0);
    assert!(!range.is_due(999) && range.is_due(100));
    assert!(log.cleanable(NOW + 11 * DAY).is_due(999));
}

#[test]
fn records_without_a_key_go() {
    let mut log = log(LogConfig::default());
    let keyless = || {
        let mut builder = BatchBuilder::new(Fields::default());
        builder.push(&NewRecord {
            timestamp: NOW,
            value: Some(b"x"),
            ..NewRecord::default()
        });
        builder.build()
    };
    client(&mut log, &keyless()).unwrap();
    client(&mut log, &plain(&[("a", "1")])).unwrap();
    client(&mut log, &keyless()).unwrap();
    log.set_config(compacted());
    settle(&mut log);
    log.clean(NOW).unwrap();
    assert_eq!(keys_and_values(&log), pairs(&[("a", "1")]));
    let left: Vec<(i64, i32)> = log
        .batches_from(0)
        .map(|batch| (batch.base_offset(), batch.count()))
        .collect();
    assert_eq!(left, [(1, 1), (2, 0)], "the last batch says how far the log went");
}
