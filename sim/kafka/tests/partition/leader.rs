use essaim_kafka::batch::{BatchBuilder, Fields, NewRecord};
use essaim_kafka::error::ErrorCode;
use essaim_kafka::log::{Log, LogConfig, Origin};
use essaim_kafka::partition::{Acknowledgement, FollowerFetch, IsrSettings, Leadership, Progress};
use essaim_kafka::partition_change::PartitionRegistration;

const SETTINGS: IsrSettings = IsrSettings {
    replica_lag_time_max_ms: 30_000,
    min_insync_replicas: 2,
};

struct Fixture {
    log: Log,
    leader: Leadership,
    now: i64,
}

impl Fixture {
    /// Broker 1 leads replicas 1, 2 and 3, of which `isr` are in sync.
    fn new(isr: &[i32]) -> Self {
        let mut log = Log::new("t-0", LogConfig::default(), 1_000_000);
        let registration = PartitionRegistration {
            isr: isr.to_vec(),
            ..PartitionRegistration::new(vec![1, 2, 3], |_| true)
        };
        let (leader, _) = Leadership::begin(1, 7, registration, &mut log, SETTINGS, 1_000_000);
        Self {
            log,
            leader,
            now: 1_000_000,
        }
    }

    fn append(&mut self, count: usize) {
        for _ in 0..count {
            let mut builder = BatchBuilder::new(Fields::default());
            builder.push(&NewRecord {
                timestamp: self.now,
                ..NewRecord::default()
            });
            let epoch = self.leader.registration().leader_epoch;
            self.log
                .append_as_leader(&builder.build(), Origin::Client, epoch, self.now)
                .unwrap();
        }
        self.leader.appended(&mut self.log, SETTINGS, self.now, &|_, _| true);
    }

    fn fetch(&mut self, broker_id: i32, offset: i64) -> Progress {
        let fetch = FollowerFetch {
            broker_id,
            broker_epoch: 100 + i64::from(broker_id),
            offset,
            log_start_offset: 0,
            now_ms: self.now,
        };
        self.leader
            .fetched(&fetch, &mut self.log, SETTINGS, &|_, _| true)
            .unwrap()
    }

    fn change_isr(&mut self, isr: &[i32]) -> bool {
        let old = self.leader.registration().clone();
        let registration = PartitionRegistration {
            isr: isr.to_vec(),
            partition_epoch: old.partition_epoch + 1,
            ..old
        };
        self.leader
            .update(registration, &mut self.log, SETTINGS, self.now, &|_, _| true)
    }
}

#[test]
fn the_slowest_in_sync_says_what_is_committed() {
    let mut fixture = Fixture::new(&[1, 2, 3]);
    fixture.append(5);
    assert!(!fixture.fetch(2, 5).has_advanced, "3 has said nothing yet");
    assert!(fixture.fetch(3, 2).has_advanced);
    assert_eq!(fixture.log.high_watermark(), 2);
    assert_eq!(
        fixture.leader.acknowledged(2, &fixture.log, SETTINGS),
        Acknowledgement::Done
    );
    assert_eq!(
        fixture.leader.acknowledged(3, &fixture.log, SETTINGS),
        Acknowledgement::Waiting
    );
    fixture.fetch(3, 5);
    assert_eq!(fixture.log.high_watermark(), 5);
}

#[test]
fn who_lags_for_too_long_is_proposed_for_removal() {
    let mut fixture = Fixture::new(&[1, 2, 3]);
    fixture.append(5);
    fixture.fetch(2, 5);
    fixture.fetch(3, 5);
    fixture.now += 1_000;
    fixture.append(1);
    fixture.now += 30_000;
    fixture.fetch(2, 6);
    let alter = fixture.leader.check_lag(&fixture.log, SETTINGS, fixture.now).unwrap();
    assert_eq!(alter.isr, [(1, 7), (2, 102)]);
    assert_eq!(
        fixture.leader.check_lag(&fixture.log, SETTINGS, fixture.now),
        None,
        "one proposal at a time"
    );
    assert_eq!(
        fixture.log.high_watermark(),
        5,
        "until the controller has answered, 3 counts"
    );
    assert!(fixture.change_isr(&[1, 2]));
    assert_eq!(fixture.log.high_watermark(), 6);
}

/// One that is always a little behind, but never stands still, is in sync.
#[test]
fn who_keeps_up_with_the_leader_of_a_moment_ago_stays() {
    let mut fixture = Fixture::new(&[1, 2, 3]);
    for step in 0..100 {
        fixture.append(1);
        fixture.now += 1_000;
        fixture.fetch(2, step + 1);
        fixture.fetch(3, step);
    }
    assert_eq!(fixture.leader.check_lag(&fixture.log, SETTINGS, fixture.now), None);
}

#[test]
fn who_has_what_is_committed_may_join() {
    let mut fixture = Fixture::new(&[1, 2]);
    fixture.append(5);
    fixture.fetch(2, 5);
    assert_eq!(fixture.log.high_watermark(), 5);
    assert_eq!(fixture.fetch(3, 4).alter, None);
    let alter = fixture.fetch(3, 5).alter.unwrap();
    assert_eq!(alter.isr, [(1, 7), (2, 102), (3, 103)]);
    fixture.append(1);
    fixture.fetch(2, 6);
    assert_eq!(fixture.log.high_watermark(), 5, "who is proposed counts at once");
    fixture.leader.refused();
    assert_eq!(
        fixture.leader.acknowledged(5, &fixture.log, SETTINGS),
        Acknowledgement::Done
    );
    assert!(fixture.fetch(3, 6).alter.is_some(), "and is proposed again");
}

#[test]
fn who_is_fenced_does_not_join() {
    let mut fixture = Fixture::new(&[1, 2]);
    let fetch = FollowerFetch {
        broker_id: 3,
        broker_epoch: 103,
        offset: 0,
        log_start_offset: 0,
        now_ms: fixture.now,
    };
    let eligible = |id: i32, _: i64| id != 3;
    let progress = fixture
        .leader
        .fetched(&fetch, &mut fixture.log, SETTINGS, &eligible)
        .unwrap();
    assert_eq!(progress.alter, None);
    let older = FollowerFetch {
        broker_epoch: 99,
        ..fetch
    };
    assert_eq!(
        fixture.leader.fetched(&older, &mut fixture.log, SETTINGS, &eligible),
        None
    );
    let stranger = FollowerFetch { broker_id: 9, ..fetch };
    assert_eq!(
        fixture.leader.fetched(&stranger, &mut fixture.log, SETTINGS, &eligible),
        None
    );
}

/// KIP-966: nothing is committed while fewer are in sync than must be.
#[test]
fn the_high_watermark_stands_still_below_the_minimum() {
    let mut fixture = Fixture::new(&[1, 2, 3]);
    fixture.append(2);
    fixture.fetch(2, 2);
    fixture.fetch(3, 2);
    fixture.append(1);
    fixture.now += 31_000;
    assert!(!fixture.change_isr(&[1]));
    assert_eq!(fixture.log.high_watermark(), 2);
    let refused = fixture
        .leader
        .check_enough_replicas(&fixture.log, SETTINGS)
        .unwrap_err();
    assert_eq!(refused.error, ErrorCode::NotEnoughReplicas);
    assert_eq!(
        refused.message,
        "The size of the current ISR [1] is insufficient to satisfy the min.isr requirement of 2 for partition t-0"
    );
    assert_eq!(
        fixture.leader.acknowledged(2, &fixture.log, SETTINGS),
        Acknowledgement::TooFew
    );
    fixture.fetch(2, 3);
    assert_eq!(fixture.log.high_watermark(), 2);
    assert!(fixture.change_isr(&[1, 2]));
    assert_eq!(fixture.log.high_watermark(), 3);
}

#[test]
fn a_single_replica_needs_no_other() {
    let mut log = Log::new("t-0", LogConfig::default(), 0);
    let registration = PartitionRegistration::new(vec![1], |_| true);
    let (leader, _) = Leadership::begin(1, 7, registration, &mut log, SETTINGS, 0);
    assert_eq!(leader.check_enough_replicas(&log, SETTINGS), Ok(()));
    let mut builder = BatchBuilder::new(Fields::default());
    builder.push(&NewRecord::default());
    log.append_as_leader(&builder.build(), Origin::Client, 0, 0).unwrap();
    assert!(leader.appended(&mut log, SETTINGS, 0, &|_, _| true));
    assert_eq!(log.high_watermark(), 1);
}

#[test]
fn who_catches_up_is_waited_for() {
    let mut fixture = Fixture::new(&[1, 2]);
    fixture.append(3);
    fixture.fetch(2, 3);
    fixture.fetch(3, 3);
    fixture.leader.refused();
    // 3 is not in the ISR, but caught up a moment ago: it gets its chance.
    fixture.append(1);
    fixture.fetch(2, 4);
    assert_eq!(fixture.log.high_watermark(), 3);
    fixture.now += 30_001;
    fixture.append(1);
    fixture.fetch(2, 5);
    assert_eq!(fixture.log.high_watermark(), 5, "it had its chance");
}

/// A new leader does not know what was committed above its own high watermark: all it had may have been.
#[test]
fn nobody_joins_who_lacks_what_the_leader_began_with() {
    let mut fixture = Fixture::new(&[1, 2]);
    fixture.append(5);
    fixture.fetch(2, 2);
    let registration = PartitionRegistration {
        leader_epoch: 1,
        partition_epoch: 9,
        ..fixture.leader.registration().clone()
    };
    let now = fixture.now;
    (fixture.leader, _) = Leadership::begin(1, 7, registration, &mut fixture.log, SETTINGS, now);
    assert_eq!(
        (fixture.leader.epoch_start_offset(), fixture.log.high_watermark()),
        (5, 2)
    );
    assert_eq!(fixture.fetch(3, 4).alter, None);
    assert!(fixture.fetch(3, 5).alter.is_some());
}

#[test]
fn who_is_proposed_counts_however_long_the_answer_takes() {
    let mut fixture = Fixture::new(&[1, 2]);
    fixture.append(3);
    fixture.fetch(2, 3);
    assert!(fixture.fetch(3, 3).alter.is_some());
    fixture.now += 90_000;
    fixture.append(1);
    fixture.fetch(2, 4);
    assert_eq!(fixture.log.high_watermark(), 3);
    fixture.leader.refused();
    fixture.append(1);
    fixture.fetch(2, 5);
    assert_eq!(fixture.log.high_watermark(), 5);
}
