use bytes::Bytes;
use essaim_kafka::assignor::Subscription;
use essaim_kafka::error::ErrorCode;
use essaim_kafka::group::GroupSettings;
use essaim_kafka::group::classic::{ClassicGroup, GroupRecord, MemberRecord, Protocol};
use essaim_kafka::group::offsets::{Committed, Offsets};
use essaim_kafka::group::record::{CoordinatorRecord, RecordError};
use proptest::prelude::*;

use super::bench::Bench;
use super::join;

fn at(offset: i64) -> Committed {
    Committed {
        offset,
        leader_epoch: Some(4),
        metadata: "m".to_owned(),
        committed_ms: 1_000,
    }
}

fn offset_of(offsets: &Offsets, topic: &str) -> Option<i64> {
    let committed = offsets.fetch(topic, 0, false).unwrap();
    committed.map(|committed| committed.offset)
}

#[test]
fn the_last_commit_counts_until_it_is_removed() {
    let mut offsets = Offsets::default();
    offsets.replay(0, "t", 0, Some(at(5)), None);
    offsets.replay(1, "t", 0, Some(at(3)), None);
    offsets.replay(2, "t", 1, Some(at(9)), None);
    assert_eq!(offset_of(&offsets, "t"), Some(3));
    assert_eq!(offsets.all().count(), 2);
    offsets.replay(3, "t", 0, None, None);
    offsets.replay(4, "t", 1, None, None);
    assert_eq!((offset_of(&offsets, "t"), offsets.clone()), (None, Offsets::default()));
    let long = Committed {
        metadata: "é".repeat(2_049),
        ..at(1)
    };
    assert_eq!(long.check(4_096), Err(ErrorCode::OffsetMetadataTooLarge));
    assert_eq!(at(1).check(4_096), Ok(()));
}

#[test]
fn a_transactions_offsets_wait_for_its_end() {
    let mut offsets = Offsets::default();
    offsets.replay(0, "t", 0, Some(at(5)), None);
    offsets.replay(1, "t", 0, Some(at(7)), Some(100));
    offsets.replay(2, "u", 0, Some(at(8)), Some(200));
    assert_eq!(offset_of(&offsets, "t"), Some(5));
    assert_eq!(offsets.fetch("t", 0, true), Err(ErrorCode::UnstableOffsetCommit));
    assert_eq!(offsets.fetch("v", 0, true), Ok(None));
    offsets.end_transaction(200, false);
    assert_eq!((offset_of(&offsets, "u"), offsets.has_pending()), (None, true));
    offsets.end_transaction(100, true);
    assert_eq!((offset_of(&offsets, "t"), offsets.has_pending()), (Some(7), false));
    // What was committed later without a transaction stays.
    offsets.replay(3, "t", 0, Some(at(10)), Some(100));
    offsets.replay(4, "t", 0, Some(at(6)), None);
    offsets.end_transaction(100, true);
    assert_eq!(offset_of(&offsets, "t"), Some(6));
    // What was removed meanwhile does not come back.
    offsets.replay(5, "t", 0, Some(at(11)), Some(100));
    offsets.replay(6, "t", 0, None, None);
    offsets.end_transaction(100, true);
    assert_eq!((offset_of(&offsets, "t"), offsets), (None, Offsets::default()));
}

#[test]
fn offsets_grow_old_once_nobody_reads() {
    let mut offsets = Offsets::default();
    offsets.replay(0, "read", 0, Some(at(5)), None);
    offsets.replay(1, "left", 0, Some(at(5)), None);
    offsets.replay(2, "open", 0, Some(at(5)), None);
    offsets.replay(3, "open", 0, Some(at(5)), Some(9));
    let names = |offsets: &Offsets, bench: &Bench, now_ms| {
        let old = offsets.expired(now_ms, 100_000, &bench.group);
        old.into_iter().map(|(topic, _)| topic).collect::<Vec<_>>()
    };
    let mut bench = Bench::new(GroupSettings::default());
    // No kind of group yet: the age of the commit counts.
    assert_eq!(names(&offsets, &bench, 100_999), [""; 0]);
    assert_eq!(names(&offsets, &bench, 101_000), ["left", "read"]);
    let subscription = Subscription {
        topics: vec!["read".to_owned()],
        ..Subscription::default()
    };
    let mut member = join("a");
    member.version = 3;
    member.protocols = vec![Protocol {
        name: "range".to_owned(),
        metadata: subscription.encode(3).into(),
    }];
    let token = bench.join(&member);
    assert_eq!(names(&offsets, &bench, 101_000), [""; 0], "not while it rebalances");
    bench.wait(6_000);
    let id = bench.joined[&token].member_id.clone();
    bench.sync(&id, &[]);
    assert_eq!(names(&offsets, &bench, 101_000), ["left"]);
    assert!(bench.group.is_subscribed("read") && !bench.group.is_subscribed("left"));
    bench.leave(&id, None).unwrap();
    assert_eq!(names(&offsets, &bench, 105_999), [""; 0], "empty since 6,000");
    assert_eq!(names(&offsets, &bench, 106_000), ["left", "read"]);
}

#[test]
fn a_subscription_that_cannot_be_read_may_be_of_any_topic() {
    let (bench, ..) = super::bench::stable();
    assert_eq!(bench.group.subscribed_topics(), None);
    assert!(bench.group.is_subscribed("t"));
    let mut offsets = Offsets::default();
    offsets.replay(0, "t", 0, Some(at(5)), None);
    assert_eq!(offsets.expired(i64::MAX, 1, &bench.group), []);
}

/// The bytes, field by field as `OffsetCommitValue.json` and `GroupMetadataValue.json` have them.
#[test]
fn records_have_kafkas_bytes() {
    let record = CoordinatorRecord::Offset {
        group: "g".to_owned(),
        topic: "tp".to_owned(),
        partition: 3,
        value: Some(at(5)),
    };
    let (key, value) = record.encode();
    assert_eq!(key, b"\0\x01\0\x01g\0\x02tp\0\0\0\x03");
    let expected = b"\0\x03\0\0\0\0\0\0\0\x05\0\0\0\x04\0\x01m\0\0\0\0\0\0\x03\xe8";
    assert_eq!(value.as_deref(), Some(expected.as_slice()));
    let group = GroupRecord {
        generation: 2,
        protocol_type: Some("c".to_owned()),
        protocol: Some("r".to_owned()),
        leader: None,
        state_since_ms: 1,
        members: vec![MemberRecord {
            id: "i".to_owned(),
            instance_id: None,
            client_id: "k".to_owned(),
            client_host: "/h".to_owned(),
            session_timeout_ms: 2,
            rebalance_timeout_ms: 3,
            subscription: Bytes::from_static(b"S"),
            assignment: Bytes::new(),
        }],
    };
    let record = CoordinatorRecord::Group {
        group: "g".to_owned(),
        value: Some(group),
    };
    let (key, value) = record.encode();
    assert_eq!(key, b"\0\x02\0\x01g");
    let expected = b"\0\x03\0\x01c\0\0\0\x02\0\x01r\xff\xff\0\0\0\0\0\0\0\x01\0\0\0\x01\
        \0\x01i\xff\xff\0\x01k\0\x02/h\0\0\0\x03\0\0\0\x02\0\0\0\x01S\0\0\0\0";
    assert_eq!(value.as_deref(), Some(expected.as_slice()));
    assert_eq!(CoordinatorRecord::decode(&key, value.as_deref()), Ok(record));
    let old = b"\0\x00\0\x01c\0\0\0\x02\0\x01r\xff\xff\0\0\0\x01\
        \0\x01i\0\x01k\0\x02/h\0\0\0\x02\0\0\0\x01S\0\0\0\0";
    let Ok(CoordinatorRecord::Group { value: Some(old), .. }) = CoordinatorRecord::decode(&key, Some(old)) else {
        panic!("version 0 is read as well");
    };
    assert_eq!((old.state_since_ms, old.members[0].rebalance_timeout_ms), (-1, 2));
    let old = b"\0\x01\0\0\0\0\0\0\0\x05\0\x01m\0\0\0\0\0\0\x03\xe8\0\0\0\0\0\0\0\x09";
    let decoded = CoordinatorRecord::decode(b"\0\0\0\x01g\0\x01t\0\0\0\0", Some(old));
    let Ok(CoordinatorRecord::Offset { value: Some(old), .. }) = decoded else {
        panic!("{decoded:?}");
    };
    assert_eq!(
        old,
        Committed {
            leader_epoch: None,
            ..at(5)
        }
    );
    assert_eq!(CoordinatorRecord::decode(b"\0\x03", None), Err(RecordError::Key(3)));
    assert_eq!(
        CoordinatorRecord::decode(&key, Some(b"\0\x04")),
        Err(RecordError::Version(4))
    );
}

#[test]
fn a_group_without_a_kind_keeps_none() {
    let group = ClassicGroup::new(GroupSettings::default(), 0);
    assert_eq!((group.protocol_type(), group.subscribed_topics()), (None, None));
    assert!(!group.is_subscribed("t"));
    let record = CoordinatorRecord::Group {
        group: "g".to_owned(),
        value: Some(GroupRecord {
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            state_since_ms: 0,
            members: Vec::new(),
        }),
    };
    let (key, value) = record.encode();
    assert_eq!(CoordinatorRecord::decode(&key, value.as_deref()), Ok(record));
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_no_panic(
        key in proptest::collection::vec(any::<u8>(), 0..30),
        kind in 0_u8..4,
        version in 0_u8..5,
        value in proptest::collection::vec(any::<u8>(), 0..90),
    ) {
        let _ = CoordinatorRecord::decode(&key, Some(&value));
        let value = [&[0, version], value.as_slice()].concat();
        let key = [&[0, kind, 0, 1, b'g', 0, 1, b't', 0, 0, 0], key.as_slice()].concat();
        let _ = CoordinatorRecord::decode(&key, Some(&value));
    }

    #[test]
    fn offsets_are_read_back(
        group in ".{0,9}", topic in ".{0,9}", partition: i32, offset: i64, metadata in ".{0,9}", committed_ms: i64,
        leader_epoch in proptest::option::of(0..i32::MAX), is_there: bool,
    ) {
        let value = Committed { offset, leader_epoch, metadata, committed_ms };
        let record = CoordinatorRecord::Offset { group, topic, partition, value: is_there.then_some(value) };
        let (key, value) = record.encode();
        prop_assert_eq!(CoordinatorRecord::decode(&key, value.as_deref()), Ok(record));
    }
}
