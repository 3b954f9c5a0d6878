use essaim_kafka::batch::EndTxnMarker;
use essaim_kafka::error::ErrorCode;
use essaim_kafka::log::{LogConfig, Origin};

use super::{NOW, client, end_transaction, log, numbered, plain, transactional};

#[test]
fn aborted_transactions_are_found_where_they_lie() {
    let mut log = log(LogConfig {
        segment_bytes: 160,
        ..LogConfig::default()
    });
    client(&mut log, &transactional((1, 0, 0), &[("a", "1")])).unwrap(); // 0
    client(&mut log, &transactional((2, 0, 0), &[("b", "1")])).unwrap(); // 1
    end_transaction(&mut log, (1, 0), false).unwrap(); // 2
    client(&mut log, &plain(&[("c", "1")])).unwrap(); // 3
    end_transaction(&mut log, (2, 0), true).unwrap(); // 4
    client(&mut log, &transactional((1, 0, 1), &[("d", "1")])).unwrap(); // 5
    end_transaction(&mut log, (1, 0), false).unwrap(); // 6
    assert!(log.segments().len() >= 3);
    let found = |start, end| {
        let list = log.aborted_between(start, end);
        list.iter()
            .map(|txn| (txn.first_offset, txn.last_offset, txn.last_stable_offset))
            .collect::<Vec<_>>()
    };
    assert_eq!(found(0, 7), [(0, 2, 1), (5, 6, 7)]);
    assert_eq!(found(0, 5), [(0, 2, 1)]);
    assert_eq!(found(3, 5), []);
    assert_eq!(found(3, 6), [(5, 6, 7)]);
}

#[test]
fn a_zombie_coordinator_is_refused() {
    let mut log = log(LogConfig::default());
    let end = |log: &mut essaim_kafka::log::Log, coordinator_epoch: i32| {
        let marker = EndTxnMarker {
            is_commit: true,
            coordinator_epoch,
        };
        log.append_as_leader(&marker.batch(7, 0, NOW), Origin::Coordinator, 0, NOW)
    };
    end(&mut log, 5).unwrap();
    let refused = end(&mut log, 4).unwrap_err();
    assert_eq!(refused.error, ErrorCode::TransactionCoordinatorFenced);
    assert_eq!(
        refused.message,
        "Invalid coordinator epoch for producerId 7 at offset 1 in partition t-0: 4 (zombie), 5 (current)"
    );
}

#[test]
fn a_marker_fences_older_epochs() {
    let mut log = log(LogConfig::default());
    client(&mut log, &transactional((7, 0, 0), &[("a", "1")])).unwrap();
    end_transaction(&mut log, (7, 1), false).unwrap();
    let refused = client(&mut log, &transactional((7, 0, 1), &[("a", "1")])).unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidProducerEpoch);
    client(&mut log, &transactional((7, 1, 0), &[("a", "1")])).unwrap();
}

/// KIP-890: the epoch is raised before the marker, so one of the producer's own epoch is late.
#[test]
fn a_late_marker_of_version_2_is_refused() {
    let mut log = log(LogConfig::default());
    let marker = |epoch| {
        EndTxnMarker {
            is_commit: false,
            coordinator_epoch: 0,
        }
        .batch(7, epoch, NOW)
    };
    client(&mut log, &transactional((7, 0, 0), &[("a", "1")])).unwrap();
    let refused = log
        .append_marker(&marker(0), Origin::Coordinator, 0, 2, NOW)
        .unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidProducerEpoch);
    log.append_marker(&marker(1), Origin::Coordinator, 0, 2, NOW).unwrap();
    log.append_marker(&marker(1), Origin::Coordinator, 0, 2, NOW).unwrap();
}

#[test]
fn nothing_plain_in_an_open_transaction() {
    let mut log = log(LogConfig::default());
    client(&mut log, &transactional((7, 0, 0), &[("a", "1")])).unwrap();
    let refused = client(&mut log, &numbered((7, 0, 1), &[("a", "1")])).unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidTxnState);
    assert_eq!(
        log.producers().get(7).unwrap().last_sequence(),
        0,
        "a refused batch leaves no trace"
    );
}
