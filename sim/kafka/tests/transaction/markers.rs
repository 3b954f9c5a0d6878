use super::*;

fn t(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

/// Committed, the markers on their way.
fn committed() -> (Desk, Marker) {
    let mut desk = Desk::new();
    let producer = desk.begin(&[0, 1, 2], 2);
    desk.end(producer, true, 2);
    desk.written();
    let (marker, sent) = desk.sent();
    assert_eq!(sent, [0, 1, 2]);
    (desk, marker)
}

#[test]
fn markers_follow_the_decision() {
    let mut desk = Desk::new();
    let producer = desk.begin(&[0], 2);
    desk.end(producer, true, 2);
    assert!(
        matches!(desk.effects[..], [Effect::Write { .. }]),
        "not before it is written"
    );
    desk.written();
    let (marker, _) = desk.sent();
    let expected = Marker {
        producer_id: 1_000,
        producer_epoch: 1,
        coordinator_epoch: 3,
        is_commit: true,
        transaction_version: 2,
    };
    assert_eq!(marker, expected);
}

#[test]
fn a_marker_is_sent_until_it_is_written() {
    let (mut desk, marker) = committed();
    desk.deliver(&marker, &t(0), Delivery::Answered(Ok(())));
    for error in [
        ErrorCode::UnknownTopicOrPartition,
        ErrorCode::NotLeaderOrFollower,
        ErrorCode::NotEnoughReplicas,
        ErrorCode::NotEnoughReplicasAfterAppend,
        ErrorCode::RequestTimedOut,
        ErrorCode::KafkaStorageError,
    ] {
        desk.deliver(&marker, &t(1), Delivery::Answered(Err(error)));
        assert_eq!(desk.sent(), (marker, vec![1]));
    }
    desk.deliver(&marker, &t(1), Delivery::Lost);
    assert_eq!(desk.sent(), (marker, vec![1]));
    desk.deliver(&marker, &t(1), Delivery::Answered(Ok(())));
    desk.deliver(&marker, &t(1), Delivery::Answered(Ok(())));
    assert_eq!(desk.effects, [], "one is missing still");
    assert_eq!(desk.metadata().partitions, partitions(&[2]));
    desk.deliver(&marker, &t(2), Delivery::Gone);
    assert!(matches!(desk.effects[..], [Effect::Write { .. }]));
    desk.settle();
    assert_eq!(desk.state(), State::CompleteCommit);
}

#[test]
fn where_it_is_refused_another_coordinator_is_at_it() {
    let (mut desk, marker) = committed();
    desk.deliver(
        &marker,
        &t(0),
        Delivery::Answered(Err(ErrorCode::TransactionCoordinatorFenced)),
    );
    for partition in 0..3 {
        desk.deliver(&marker, &t(partition), Delivery::Answered(Ok(())));
    }
    assert_eq!((desk.effects.len(), desk.state()), (0, State::PrepareCommit));
}

#[test]
fn the_next_coordinator_goes_on() {
    let (mut desk, old) = committed();
    let kept = desk.metadata().clone();
    desk.deliver(&old, &t(0), Delivery::Answered(Ok(())));
    desk.fail_over(kept);
    let (marker, sent) = desk.sent();
    assert_eq!(
        (marker.coordinator_epoch, sent),
        (4, vec![0, 1, 2]),
        "it does not know how far it had come"
    );
    for partition in 0..3 {
        desk.deliver(&old, &t(partition), Delivery::Answered(Ok(())));
    }
    assert_eq!(desk.effects, [], "answers to another");
    for partition in 0..3 {
        desk.deliver(&marker, &t(partition), Delivery::Answered(Ok(())));
    }
    desk.settle();
    assert_eq!(desk.state(), State::CompleteCommit);
}

#[test]
fn the_end_is_written_until_it_is() {
    let (mut desk, marker) = committed();
    for partition in 0..3 {
        desk.deliver(&marker, &t(partition), Delivery::Answered(Ok(())));
    }
    desk.effects.clear();
    desk.not_written(ErrorCode::NotEnoughReplicas);
    assert!(matches!(desk.effects[..], [Effect::Write { .. }]));
    desk.settle();
    assert_eq!(desk.state(), State::CompleteCommit);
}

/// KAFKA-20310: Kafka 4.2 does not keep the id that was promised.
#[test]
fn a_promised_id_is_lost_with_its_coordinator() {
    use essaim_kafka::transaction::record;
    let last = i16::MAX - 1;
    let mut desk = Desk::holding(at_epoch(last, State::Empty));
    desk.add((7, last), &[0], 2);
    desk.settle();
    desk.end((7, last), true, 2);
    desk.written();
    let kept = record::decode_value(&record::encode_value(desk.metadata(), 2)).unwrap();
    desk.fail_over(kept);
    desk.settle();
    assert_eq!(
        (desk.metadata().producer_id, desk.metadata().producer_epoch),
        (7, i16::MAX)
    );
    desk.add((1_000, 0), &[0], 2);
    assert_eq!(desk.answer(), Answer::Add(Err(ErrorCode::InvalidProducerIdMapping)));
    desk.init(None);
    assert_eq!(desk.answer(), Answer::Init(Ok((1_001, 0))));
}
