//! What is left after a crash.

use bytes::Bytes;
use essaim_kafka::log::producers::Producer;
use essaim_kafka::log::{Epochs, Files, Log, LogConfig, Origin};
use essaim_kernel::Digest;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{NOW, client, end_transaction, log, numbered, plain, records, transactional};

fn files(log: &Log) -> Files {
    Files {
        segments: log
            .segments()
            .map(|segment| (segment.base_offset(), segment.log_file().into()))
            .collect(),
        snapshots: log
            .segments()
            .filter_map(|segment| {
                Some((
                    segment.base_offset(),
                    log.snapshot(segment.base_offset())?.snapshot_file().into(),
                ))
            })
            .collect(),
        epochs: Epochs::parse(&log.epochs().checkpoint_file()).unwrap(),
        high_watermark: log.high_watermark(),
        log_start_offset: log.log_start_offset(),
    }
}

fn digest(log: &Log) -> u128 {
    let mut digest = Digest::new();
    log.digest(&mut digest);
    digest.finish()
}

fn small() -> LogConfig {
    LogConfig {
        segment_bytes: 300,
        ..LogConfig::default()
    }
}

fn busy() -> Log {
    let mut log = log(small());
    for number in 0..6 {
        let batch = numbered((7, 0, number), &[("a", "1")]);
        log.append_as_leader(&batch, Origin::Client, number / 2, NOW).unwrap();
        client_transaction(&mut log, number);
    }
    log.set_high_watermark(9);
    log.delete_records(2).unwrap();
    log
}

fn client_transaction(log: &mut Log, number: i32) {
    let epoch = number / 2;
    let batch = transactional((8, 0, number), &[("b", "2")]);
    log.append_as_leader(&batch, Origin::Client, epoch, NOW).unwrap();
    if number % 2 == 1 {
        let marker = essaim_kafka::batch::EndTxnMarker {
            is_commit: number % 4 == 3,
            coordinator_epoch: 0,
        };
        log.append_as_leader(&marker.batch(8, 0, NOW), Origin::Coordinator, epoch, NOW)
            .unwrap();
    }
}

#[test]
fn nothing_is_lost_when_the_files_are_whole() {
    let log = busy();
    let (again, lost) = Log::recover("t-0", small(), files(&log), NOW);
    assert_eq!((lost.bytes, lost.segment_count), (0, 0));
    assert_eq!(digest(&again), digest(&log));
    assert_eq!(again.producers(), log.producers());
    assert_eq!(again.aborted_between(0, 99), log.aborted_between(0, 99));
    assert_eq!(records(&again), records(&log));
    for (one, other) in again.segments().zip(log.segments()) {
        assert_eq!(one.index_file(), other.index_file());
        assert_eq!(one.time_index_file(), other.time_index_file());
    }
}

#[test]
fn a_torn_write_ends_the_log_and_later_segments_go() {
    let log = busy();
    let mut torn = files(&log);
    let (base, bytes) = torn.segments[1].clone();
    torn.segments[1].1 = bytes.slice(..bytes.len() - 1);
    let later: usize = torn.segments[2..].iter().map(|(_, bytes)| bytes.len()).sum();
    let (again, lost) = Log::recover("t-0", small(), torn, NOW);
    assert_eq!(lost.segment_count, log.segments().len() - 2);
    assert!(lost.bytes > later as u64);
    assert_eq!(again.segments().next_back().unwrap().base_offset(), base);
    let left = records(&again);
    assert!(!left.is_empty());
    assert_eq!(left[..], records(&log)[..left.len()]);
    assert!(again.high_watermark() <= again.log_end_offset());
    let last = again.epochs().last().unwrap();
    assert!(last.1 < again.log_end_offset());
}

#[test]
fn a_batch_that_is_not_the_next_one_ends_the_log() {
    let log = busy();
    let mut swapped = files(&log);
    let first = Bytes::from(log.batches_from(0).next().unwrap().to_bytes());
    let (_, bytes) = swapped.segments.last_mut().unwrap();
    *bytes = [first.as_ref(), bytes.as_ref()].concat().into();
    let base = swapped.segments.last().unwrap().0;
    let (again, _) = Log::recover("t-0", small(), swapped, NOW);
    assert_eq!(again.log_end_offset(), base);
}

#[test]
fn epochs_are_those_of_the_checkpoint_up_to_the_end() {
    let mut log = busy();
    log.begin_epoch(9);
    let whole = files(&log);
    let mut without = whole.clone();
    without.segments.clear();
    without.log_start_offset = 0;
    let (again, _) = Log::recover("t-0", small(), without, NOW);
    assert_eq!(again.epochs().last(), None);
    let (again, _) = Log::recover("t-0", small(), whole, NOW);
    assert_eq!(again.epochs().last(), Some((2, 10)), "epoch 9 wrote nothing");
}

#[test]
fn producers_of_deleted_segments_are_known_from_the_snapshot() {
    let mut log = log(LogConfig {
        retention_bytes: 100,
        ..small()
    });
    client(&mut log, &numbered((9, 3, 4), &[("a", "1")])).unwrap();
    for _ in 0..12 {
        client(&mut log, &plain(&[("b", "2")])).unwrap();
    }
    log.set_high_watermark(13);
    log.delete_old_segments(NOW);
    assert!(log.log_start_offset() > 0);
    let (again, _) = Log::recover("t-0", small(), files(&log), NOW);
    assert_eq!(again.producers().get(9), log.producers().get(9));
    let mut without = files(&log);
    without.snapshots.clear();
    let (again, _) = Log::recover("t-0", small(), without, NOW);
    assert_eq!(again.producers().get(9), None);
}

#[test]
fn an_open_transaction_is_still_open() {
    let mut log = log(small());
    client(&mut log, &transactional((8, 0, 0), &[("a", "1")])).unwrap();
    client(&mut log, &plain(&[("b", "2")])).unwrap();
    log.set_high_watermark(2);
    let (mut again, _) = Log::recover("t-0", small(), files(&log), NOW);
    assert_eq!(again.last_stable_offset(), 0);
    end_transaction(&mut again, (8, 0), true).unwrap();
    again.set_high_watermark(3);
    assert_eq!(again.last_stable_offset(), 3);
}

#[test]
fn a_snapshot_is_read_back_and_damage_is_seen() {
    let mut log = busy();
    log.roll(NOW);
    let bytes = log.snapshot(log.log_end_offset()).unwrap().snapshot_file();
    let read = Producer::read_snapshot(&bytes).unwrap();
    let ids: Vec<(i64, i32)> = read
        .iter()
        .map(|producer| (producer.id, producer.last_sequence()))
        .collect();
    assert_eq!(ids, [(7, 5), (8, 5)]);
    let mut damaged = bytes;
    damaged[20] ^= 1;
    assert_eq!(Producer::read_snapshot(&damaged), None);
}

#[test]
fn without_files_there_is_an_empty_log() {
    let (log, lost) = Log::recover(
        "t-0",
        small(),
        Files {
            log_start_offset: 42,
            ..Files::default()
        },
        NOW,
    );
    assert_eq!((log.log_start_offset(), log.log_end_offset(), lost.bytes), (42, 42, 0));
}

#[test]
fn a_digest_says_where_two_logs_differ() {
    let log = busy();
    let mut other = log.clone();
    assert_eq!(digest(&log), digest(&other));
    other.advance_high_watermark(10);
    assert_ne!(digest(&log), digest(&other));
    let mut one = log.clone();
    let mut two = log.clone();
    client(&mut one, &plain(&[("a", "x")])).unwrap();
    client(&mut two, &plain(&[("a", "y")])).unwrap();
    assert_ne!(digest(&one), digest(&two));
    let end = log.log_end_offset();
    one.truncate_to(end, NOW);
    two.truncate_to(end, NOW);
    assert_eq!(digest(&one), digest(&two));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// However the last segment is cut or damaged, what is before the damage is there, and nothing else.
    #[test]
    fn what_is_sound_survives(cut in any::<prop::sample::Index>(), flip in any::<prop::sample::Index>(), bit in 0..8_u8, flips in any::<bool>()) {
        let log = busy();
        let mut damaged = files(&log);
        let (_, bytes) = damaged.segments.last_mut().unwrap();
        let mut changed = bytes.to_vec();
        if flips {
            let place = flip.index(changed.len());
            changed[place] ^= 1 << bit;
        } else {
            changed.truncate(cut.index(changed.len()));
        }
        *bytes = Bytes::from(changed);
        let (again, _) = Log::recover("t-0", small(), damaged, NOW);
        let (left, whole) = (records(&again), records(&log));
        prop_assert!(left.len() <= whole.len());
        // Offset and leader epoch lie outside the checksum: a flip there may pass.
        if left.iter().map(|(offset, ..)| *offset).collect::<Vec<_>>() == whole.iter().take(left.len()).map(|(offset, ..)| *offset).collect::<Vec<_>>() {
            prop_assert_eq!(&left[..], &whole[..left.len()]);
        }
    }

    #[test]
    fn noise_is_an_empty_log(bytes in vec(any::<u8>(), 0..300), base in any::<i64>()) {
        let files = Files { segments: vec![(base, bytes.clone().into())], snapshots: vec![(0, bytes.into())], ..Files::default() };
        let (log, _) = Log::recover("t-0", small(), files, NOW);
        prop_assert_eq!(log.log_end_offset(), base.max(0));
    }
}
