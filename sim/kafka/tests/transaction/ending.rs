use super::*;

#[test]
fn a_transaction_of_version_2_ends_with_the_next_epoch() {
    let mut desk = Desk::new();
    let producer = desk.begin(&[0, 1], 2);
    assert_eq!(producer, (1_000, 0));
    desk.end(producer, true, 2);
    desk.written();
    assert_eq!(desk.state(), State::PrepareCommit);
    assert_eq!(desk.metadata().producer_epoch, 1);
    assert_eq!(desk.answer(), Answer::End(Ok((1_000, 1))));
    assert_eq!(desk.state(), State::CompleteCommit);
    // The answer was lost: the same again is no other end.
    desk.end(producer, true, 2);
    assert_eq!(desk.answer(), Answer::End(Ok((1_000, 1))));
    desk.end(producer, false, 2);
    assert_eq!(desk.answer(), Answer::End(Err(ErrorCode::InvalidTxnState)));
    // The next transaction was never heard of here: nothing to commit, but it may be aborted.
    desk.end((1_000, 1), true, 2);
    assert_eq!(desk.answer(), Answer::End(Err(ErrorCode::InvalidTxnState)));
    desk.end((1_000, 1), false, 2);
    assert_eq!(desk.answer(), Answer::End(Ok((1_000, 2))));
    assert_eq!(desk.state(), State::CompleteAbort);
    desk.end(producer, false, 2);
    assert_eq!(desk.answer(), Answer::End(Err(ErrorCode::ProducerFenced)));
}

#[test]
fn a_transaction_of_version_1_keeps_its_epoch() {
    let mut desk = Desk::new();
    let producer = desk.begin(&[0], 0);
    desk.end(producer, false, 0);
    assert_eq!(desk.answer(), Answer::End(Ok((-1, -1))));
    assert_eq!(
        (desk.state(), desk.metadata().producer_epoch),
        (State::CompleteAbort, 0)
    );
    desk.end(producer, false, 0);
    assert_eq!(desk.answer(), Answer::End(Ok((-1, -1))));
    desk.end(producer, true, 0);
    assert_eq!(desk.answer(), Answer::End(Err(ErrorCode::InvalidTxnState)));
    desk.end((1_000, 1), true, 0);
    assert_eq!(desk.answer(), Answer::End(Err(ErrorCode::ProducerFenced)));
}

/// State, commit, asked again or not: what an `EndTxn` of version 2 comes to.
#[test]
fn what_may_be_ended_in_which_state() {
    use ErrorCode::{InvalidTxnState as Invalid, ProducerFenced as Fenced};
    let rows = [
        (State::Empty, false, [Err(Fenced), Ok(6)]),
        (State::Empty, true, [Err(Fenced), Err(Invalid)]),
        (State::CompleteAbort, false, [Ok(5), Ok(6)]),
        (State::CompleteAbort, true, [Err(Invalid), Err(Invalid)]),
        (State::CompleteCommit, false, [Err(Invalid), Ok(6)]),
        (State::CompleteCommit, true, [Ok(5), Err(Invalid)]),
    ];
    for (state, is_commit, expected) in rows {
        for (epoch, expected) in [4, 5].into_iter().zip(expected) {
            let mut desk = Desk::holding(at_epoch(5, state));
            desk.end((7, epoch), is_commit, 2);
            let expected = Answer::End(expected.map(|epoch| (7, epoch)));
            assert_eq!(desk.answer(), expected, "{state:?} {is_commit} {epoch}");
        }
    }
}

#[test]
fn while_it_ends_nothing_else_happens() {
    let mut desk = Desk::new();
    let producer = desk.begin(&[0], 2);
    desk.end(producer, true, 2);
    desk.end(producer, true, 2);
    desk.add(producer, &[1], 2);
    desk.init(None);
    let refused = desk.effects.split_off(1);
    let again = |token, answer| Effect::Answer(token, answer);
    let busy = ErrorCode::ConcurrentTransactions;
    assert_eq!(
        refused,
        [
            again(3, Answer::End(Err(busy))),
            again(2, Answer::Add(Err(busy))),
            again(1, Answer::Init(Err(busy))),
        ]
    );
    desk.written();
    desk.sent();
    // Its markers are on their way.
    desk.add((1_000, 1), &[1], 2);
    desk.end(producer, true, 2);
    assert_eq!(
        desk.settle(),
        [Answer::Add(Err(busy)), Answer::End(Err(busy))],
        "the next transaction waits for them"
    );
}

#[test]
fn a_decision_that_was_not_written_was_none() {
    let mut desk = Desk::new();
    let producer = desk.begin(&[0], 2);
    desk.end(producer, true, 2);
    desk.effects.clear();
    desk.not_written(ErrorCode::NotEnoughReplicas);
    assert_eq!(
        desk.effects,
        [Effect::Answer(3, Answer::End(Err(ErrorCode::CoordinatorNotAvailable)))]
    );
    assert_eq!((desk.state(), desk.metadata().producer_epoch), (State::Ongoing, 0));
    desk.effects.clear();
    desk.end(producer, false, 2);
    assert_eq!(desk.answer(), Answer::End(Ok((1_000, 1))));
}

#[test]
fn who_is_not_known_is_told_so() {
    let mut desk = Desk::new();
    desk.end((1, 0), true, 2);
    assert_eq!(desk.answer(), Answer::End(Err(ErrorCode::InvalidProducerIdMapping)));
    desk.add((1, 0), &[0], 0);
    assert_eq!(desk.answer(), Answer::Add(Err(ErrorCode::InvalidProducerIdMapping)));
    let producer = desk.begin(&[0], 0);
    desk.add((producer.0, 3), &[0], 0);
    assert_eq!(desk.answer(), Answer::Add(Err(ErrorCode::ProducerFenced)));
    desk.add((3, producer.1), &[0], 0);
    assert_eq!(desk.answer(), Answer::Add(Err(ErrorCode::InvalidProducerIdMapping)));
    let mut nobody = who(producer);
    nobody.transactional_id.clear();
    let verified = desk.coordinator.verify(&nobody, &partitions(&[0]));
    assert_eq!(verified[0].1, Err(ErrorCode::InvalidRequest));
}

#[test]
fn what_was_added_is_verified() {
    let mut desk = Desk::new();
    let producer = desk.begin(&[0, 2], 0);
    let results = |desk: &Desk, producer| {
        let verified = desk.coordinator.verify(&who(producer), &partitions(&[0, 1, 2]));
        verified.into_iter().map(|(_, result)| result).collect::<Vec<_>>()
    };
    let abortable = Err(ErrorCode::TransactionAbortable);
    assert_eq!(results(&desk, producer), [Ok(()), abortable, Ok(())]);
    assert_eq!(results(&desk, (1_000, 9)), [Err(ErrorCode::ProducerFenced); 3]);
    // Known already: nothing is written.
    desk.add(producer, &[2], 0);
    assert_eq!(desk.effects, [Effect::Answer(2, Answer::Add(Ok(())))]);
    desk.effects.clear();
    desk.coordinator
        .add_offsets(0, 2, &who(producer), ("group", 50), &mut desk.effects);
    assert_eq!(desk.answer(), Answer::Add(Ok(())));
    let added = desk.metadata().partitions.first().unwrap();
    assert_eq!(added, &TopicPartition::new("__consumer_offsets", 47));
    desk.end(producer, true, 0);
    desk.written();
    assert_eq!(results(&desk, producer), [Err(ErrorCode::ConcurrentTransactions); 3]);
}
