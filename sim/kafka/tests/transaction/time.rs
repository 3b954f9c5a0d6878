use super::*;

impl Desk {
    fn tick_at(&mut self, now: i64) {
        self.now = now;
        self.coordinator.tick(now, &mut self.effects);
    }
}

#[test]
fn a_transaction_that_takes_too_long_is_aborted() {
    let mut desk = Desk::new();
    desk.now = 3_000;
    let producer = desk.begin(&[0], 2);
    // Looked for every ten seconds, and 63 s are not more than 63 s.
    assert_eq!(desk.coordinator.deadline(), Some(70_000));
    desk.tick_at(69_999);
    assert_eq!(desk.effects, []);
    desk.tick_at(70_000);
    assert_eq!(desk.settle(), [], "nobody has asked");
    assert_eq!(
        (desk.state(), desk.metadata().producer_epoch),
        (State::CompleteAbort, 2)
    );
    desk.end(producer, true, 2);
    assert_eq!(desk.answer(), Answer::End(Err(ErrorCode::ProducerFenced)));
}

#[test]
fn more_partitions_do_not_give_it_more_time() {
    let mut desk = Desk::new();
    let producer = desk.begin(&[0], 2);
    desk.now = 50_000;
    desk.add(producer, &[1], 2);
    desk.settle();
    assert_eq!(desk.metadata().started_ms, 0);
    assert_eq!(desk.coordinator.deadline(), Some(70_000));
    desk.end(producer, true, 2);
    desk.settle();
    desk.now = 60_000;
    desk.add((producer.0, 1), &[1], 2);
    desk.settle();
    assert_eq!(desk.metadata().started_ms, 60_000, "the next one begins anew");
}

#[test]
fn an_abort_that_was_not_written_is_tried_again() {
    let mut desk = Desk::new();
    desk.begin(&[0], 2);
    desk.tick_at(70_000);
    assert_eq!(desk.coordinator.deadline(), None);
    desk.effects.clear();
    desk.not_written(ErrorCode::NotEnoughReplicas);
    assert_eq!(desk.coordinator.deadline(), Some(80_000));
    desk.tick_at(80_000);
    desk.settle();
    assert_eq!(
        (desk.state(), desk.metadata().producer_epoch),
        (State::CompleteAbort, 2)
    );
}

#[test]
fn an_id_that_is_not_used_is_forgotten() {
    let mut desk = Desk::new();
    let week_ms = 604_800_000;
    desk.now = 5;
    desk.init(None);
    desk.settle();
    let due = desk.coordinator.deadline().unwrap();
    assert_eq!(due, week_ms + 3_600_000, "looked for every hour");
    desk.tick_at(due);
    let forgotten = Effect::Write {
        transactional_id: "shop".to_owned(),
        value: None,
    };
    assert_eq!(desk.effects, [forgotten]);
    desk.effects.clear();
    desk.init(None);
    assert_eq!(desk.answer(), Answer::Init(Err(ErrorCode::ConcurrentTransactions)));
    desk.not_written(ErrorCode::NotEnoughReplicas);
    assert_eq!(desk.state(), State::Empty, "not yet");
    desk.tick_at(due + 3_600_000);
    desk.settle();
    assert_eq!(
        desk.coordinator.describe("shop"),
        Err(ErrorCode::TransactionalIdNotFound)
    );
    desk.init(Some((1_000, 0)));
    assert_eq!(desk.answer(), Answer::Init(Ok((1_001, 0))), "as if it had never been");
}

#[test]
fn what_there_is_is_listed() {
    let mut desk = Desk::new();
    let producer = desk.begin(&[0], 2);
    let list = |desk: &Desk, ids: &[i64], states: &[&str], open_ms| {
        let ids = ids.iter().copied().collect();
        let (listed, unknown) = desk.coordinator.list(10_000, &ids, states, open_ms);
        let names: Vec<&str> = listed.iter().map(|known| known.state.name()).collect();
        (names.join(","), unknown.join(","))
    };
    let (here, nothing) = (("Ongoing".to_owned(), String::new()), (String::new(), String::new()));
    assert_eq!(list(&desk, &[], &[], None), here);
    assert_eq!(list(&desk, &[producer.0], &["Ongoing", "Empty"], Some(9_999)), here);
    assert_eq!(list(&desk, &[1], &[], None), nothing);
    assert_eq!(list(&desk, &[], &["Empty"], None), nothing);
    assert_eq!(list(&desk, &[], &[], Some(10_000)), nothing);
    assert_eq!(list(&desk, &[], &["Open"], None), (String::new(), "Open".to_owned()));
    assert_eq!(desk.coordinator.describe(""), Err(ErrorCode::InvalidRequest));
}
