use super::*;

#[test]
fn a_second_producer_fences_the_first() {
    let mut desk = Desk::new();
    let first = desk.begin(&[0], 2);
    desk.init(None);
    // First the open transaction is aborted, under an epoch that nobody is told.
    desk.written();
    let (marker, sent) = desk.sent();
    assert_eq!((marker.producer_epoch, marker.is_commit, sent), (2, false, vec![0]));
    desk.deliver(&marker, &TopicPartition::new("t", 0), Delivery::Answered(Ok(())));
    desk.settle();
    assert_eq!(desk.state(), State::CompleteAbort);
    desk.init(None);
    assert_eq!(desk.answer(), Answer::Init(Ok((1_000, 3))));
    for version in [0, 2] {
        desk.add(first, &[0], version);
        assert_eq!(desk.answer(), Answer::Add(Err(ErrorCode::ProducerFenced)));
        desk.end(first, true, version);
        assert_eq!(desk.answer(), Answer::End(Err(ErrorCode::ProducerFenced)));
    }
    desk.init(Some(first));
    assert_eq!(desk.answer(), Answer::Init(Err(ErrorCode::ProducerFenced)));
}

#[test]
fn before_version_2_a_fence_raises_the_epoch_once() {
    let mut desk = Desk::of_version(0);
    desk.begin(&[0], 0);
    desk.init(None);
    desk.written();
    assert_eq!(desk.sent().0.producer_epoch, 1);
}

#[test]
fn a_producer_that_says_who_it_was_goes_on() {
    let mut desk = Desk::new();
    desk.init(None);
    desk.settle();
    desk.init(Some((1_000, 0)));
    assert_eq!(desk.answer(), Answer::Init(Ok((1_000, 1))));
    desk.init(Some((1_000, 0)));
    assert_eq!(desk.answer(), Answer::Init(Ok((1_000, 1))), "asked again");
    desk.init(None);
    assert_eq!(desk.answer(), Answer::Init(Ok((1_000, 2))));
    desk.init(Some((1_000, 1)));
    assert_eq!(
        desk.answer(),
        Answer::Init(Err(ErrorCode::ProducerFenced)),
        "another was here"
    );
    desk.init(Some((5, 2)));
    assert_eq!(desk.answer(), Answer::Init(Err(ErrorCode::ProducerFenced)));
}

#[test]
fn a_fence_that_was_not_written_is_not_raised_again() {
    let mut desk = Desk::new();
    let producer = desk.begin(&[0], 2);
    for _ in 0..3 {
        desk.init(None);
        desk.effects.clear();
        desk.not_written(ErrorCode::RequestTimedOut);
        assert_eq!((desk.state(), desk.metadata().producer_epoch), (State::Ongoing, 1));
    }
    desk.effects.clear();
    desk.end(producer, true, 2);
    assert_eq!(desk.answer(), Answer::End(Err(ErrorCode::ProducerFenced)));
    desk.init(None);
    assert_eq!(desk.answer(), Answer::Init(Err(ErrorCode::ConcurrentTransactions)));
    desk.init(None);
    assert_eq!(desk.answer(), Answer::Init(Ok((1_000, 3))));
}

#[test]
fn used_up_epochs_are_a_new_id() {
    let last = i16::MAX - 1;
    let mut desk = Desk::holding(at_epoch(last - 1, State::Empty));
    desk.init(None);
    assert_eq!(desk.answer(), Answer::Init(Ok((7, last))));
    desk.init(Some((7, last)));
    assert_eq!(desk.answer(), Answer::Init(Ok((1_000, 0))));
    desk.init(Some((7, last)));
    assert_eq!(desk.answer(), Answer::Init(Ok((1_000, 0))), "asked again");
    // Kafka fails where the producer asks again for the last epoch.
    let mut desk = Desk::holding(at_epoch(last, State::Empty));
    desk.init(Some((7, last - 1)));
    assert_eq!(desk.answer(), Answer::Init(Err(ErrorCode::UnknownServerError)));
}

#[test]
fn the_last_epoch_ends_with_a_new_id() {
    let last = i16::MAX - 1;
    let mut desk = Desk::holding(at_epoch(last, State::Empty));
    desk.add((7, last), &[0], 2);
    desk.settle();
    desk.end((7, last), true, 2);
    desk.written();
    // The marker has the epoch that is kept back.
    let (marker, _) = desk.sent();
    assert_eq!((marker.producer_id, marker.producer_epoch), (7, i16::MAX));
    desk.deliver(&marker, &TopicPartition::new("t", 0), Delivery::Answered(Ok(())));
    desk.settle();
    assert_eq!(
        (desk.metadata().producer_id, desk.metadata().producer_epoch),
        (1_000, 0)
    );
    desk.end((7, last), true, 2);
    assert_eq!(desk.answer(), Answer::End(Ok((1_000, 0))), "asked again");
    desk.add((1_000, 0), &[0], 2);
    assert_eq!(desk.answer(), Answer::Add(Ok(())));
}

#[test]
fn the_last_epoch_can_be_fenced() {
    let last = i16::MAX - 1;
    let mut desk = Desk::holding(at_epoch(last, State::Empty));
    desk.add((7, last), &[0], 2);
    desk.settle();
    desk.init(None);
    desk.written();
    let (marker, _) = desk.sent();
    assert_eq!(marker.producer_epoch, i16::MAX);
    desk.deliver(&marker, &TopicPartition::new("t", 0), Delivery::Answered(Ok(())));
    desk.settle();
    desk.init(None);
    assert_eq!(desk.answer(), Answer::Init(Ok((1_000, 0))));
}

#[test]
fn what_is_asked_has_to_make_sense() {
    let mut desk = Desk::new();
    for (id, timeout_ms, error) in [
        ("", 1, ErrorCode::InvalidRequest),
        ("shop", 0, ErrorCode::InvalidTransactionTimeout),
        ("shop", 900_001, ErrorCode::InvalidTransactionTimeout),
    ] {
        let init = Init {
            transactional_id: id.to_owned(),
            timeout_ms,
            expected: None,
        };
        desk.coordinator.init(0, 1, &init, &mut desk.ids, &mut desk.effects);
        assert_eq!(desk.answer(), Answer::Init(Err(error)));
    }
    let sentence = ErrorCode::InvalidTransactionTimeout.transaction_sentence();
    assert_eq!(
        sentence.unwrap(),
        "The transaction timeout is larger than the maximum value allowed by the broker (as configured by \
         transaction.max.timeout.ms)."
    );
}

#[test]
fn ids_come_by_the_block() {
    let mut ids = ProducerIds::default();
    assert!(ids.wants_block());
    assert_eq!(ids.give(), Err(ErrorCode::CoordinatorLoadInProgress));
    ids.add(Block { first: 20, size: 10 });
    assert!(!ids.wants_block());
    let given: Vec<_> = (0..9).map(|_| ids.give().unwrap()).collect();
    assert_eq!(given, (20..29).collect::<Vec<_>>());
    assert!(ids.wants_block(), "before the last one is given");
    ids.add(Block { first: 90, size: 10 });
    assert_eq!((ids.give(), ids.give()), (Ok(29), Ok(90)));
}
