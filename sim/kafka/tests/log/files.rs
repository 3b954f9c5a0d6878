use essaim_kafka::batch::{Batch, Fields};
use essaim_kafka::log::LogConfig;

use super::{NOW, batch_of, client, end_transaction, log, numbered, plain, transactional};

#[test]
fn the_log_file_is_the_batches() {
    let mut log = log(LogConfig::default());
    for value in ["1", "22", "333"] {
        client(&mut log, &plain(&[("a", value)])).unwrap();
    }
    let segment = log.segments().next().unwrap();
    let bytes = segment.log_file();
    assert_eq!(bytes.len(), segment.size_bytes() as usize);
    let read = Batch::take_all(bytes.into()).unwrap();
    assert_eq!(read, segment.batches().cloned().collect::<Vec<_>>());
}

/// Every 4096 bytes an entry: the offset of the batch before which that many had been written.
#[test]
fn the_indexes_are_sparse() {
    let mut log = log(LogConfig {
        index_interval_bytes: 150,
        ..LogConfig::default()
    });
    let size = plain(&[("a", "1")]).size_bytes() as u32;
    for step in [0, 5, 3, 9, 8, 7, 10] {
        client(&mut log, &batch_of(Fields::default(), NOW + step, &[("a", "1")])).unwrap();
    }
    log.roll(NOW);
    let segment = log.segments().next().unwrap();
    assert_eq!(size, 70);
    assert_eq!(segment.index().collect::<Vec<_>>(), [(3, 210), (6, 420)]);
    assert_eq!(segment.time_index().collect::<Vec<_>>(), [(NOW + 9, 3), (NOW + 10, 6)]);
    let hex: String = segment.index_file().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "00000003000000d200000006000001a4");
    assert_eq!(segment.time_index_file().len(), 24);
}

#[test]
fn aborted_transactions_and_producers_have_files() {
    let mut log = log(LogConfig::default());
    client(&mut log, &transactional((7, 3, 0), &[("a", "1"), ("b", "2")])).unwrap();
    end_transaction(&mut log, (7, 3), false).unwrap();
    client(&mut log, &numbered((8, 0, 4), &[("c", "3")])).unwrap();
    let segment = log.segments().next().unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(
        hex(&segment.txn_index_file()),
        "00000000000000000007000000000000000000000000000000020000000000000003"
    );
    log.roll(NOW);
    let snapshot = log.snapshot(4).unwrap().snapshot_file();
    assert_eq!(snapshot.len(), 2 + 4 + 4 + 2 * 46);
    assert_eq!(hex(&snapshot[10..30]), "0000000000000007000300000001000000000000");
    assert_eq!(log.epochs().checkpoint_file(), "0\n1\n0 0\n");
}
