use std::collections::BTreeMap;

use bytes::Bytes;
use essaim_kafka::error::ErrorCode;
use essaim_kafka::group::classic::{ClassicGroup, Join, State, Sync};
use essaim_kafka::group::{GroupSettings, member_id};

use super::bench::{Bench, stable};
use super::{join, protocol};

#[test]
fn an_id_is_the_clients_name_and_a_uuid() {
    assert_eq!(
        member_id("consumer-1", None, u128::MAX),
        "consumer-1-ffffffff-ffff-4fff-bfff-ffffffffffff"
    );
    assert_eq!(
        member_id("consumer-1", Some("shop"), 0),
        "shop-00000000-0000-4000-8000-000000000000"
    );
}

#[test]
fn the_first_rebalance_waits_for_more_members_but_not_for_ever() {
    let mut bench = Bench::new(GroupSettings::default());
    let (_, one) = bench.enter("a");
    bench.wait(2_999);
    assert_eq!(bench.joined.get(&one), None);
    bench.enter("b");
    bench.wait(1);
    assert_eq!(bench.joined.get(&one), None, "somebody came: another delay");
    bench.wait(3_000);
    assert_eq!((bench.joined[&one].generation, bench.group.generation()), (1, 1));
    // With 7 s to rebalance in, it is 3 s, 3 s and 1 s.
    let mut bench = Bench::new(GroupSettings::default());
    let mut short = join("c");
    (short.version, short.rebalance_timeout_ms) = (3, 7_000);
    let one = bench.join(&short);
    for random in 2..40 {
        bench.wait(500);
        short.random = random;
        if bench.joined.contains_key(&one) {
            break;
        }
        bench.join(&short);
    }
    assert_eq!(bench.now, 7_000);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut bench = Bench::new(GroupSettings::default());
    let refused = |bench: &mut Bench, join: &Join| {
        let token = bench.join(join);
        bench.joined[&token].error
    };
    let short = Join {
        session_timeout_ms: 5_999,
        ..join("a")
    };
    assert_eq!(refused(&mut bench, &short), Some(ErrorCode::InvalidSessionTimeout));
    let nothing = Join {
        protocols: Vec::new(),
        ..join("a")
    };
    assert_eq!(
        refused(&mut bench, &nothing),
        Some(ErrorCode::InconsistentGroupProtocol)
    );
    let stranger = Join {
        member_id: "x".to_owned(),
        ..join("a")
    };
    assert_eq!(refused(&mut bench, &stranger), Some(ErrorCode::UnknownMemberId));
    let (mut bench, first, _) = stable();
    let other = Join {
        protocols: vec![protocol("range", b""), protocol("mine", b"")],
        ..join("c")
    };
    assert_eq!(refused(&mut bench, &other), Some(ErrorCode::MemberIdRequired));
    let other = Join {
        protocols: vec![protocol("mine", b"")],
        ..other
    };
    assert_eq!(refused(&mut bench, &other), Some(ErrorCode::InconsistentGroupProtocol));
    let other = Join {
        protocol_type: "connect".to_owned(),
        ..join("c")
    };
    assert_eq!(refused(&mut bench, &other), Some(ErrorCode::InconsistentGroupProtocol));
    let generation = bench.group.generation();
    let heartbeat = bench.group.heartbeat(0, &first.member_id, None, generation + 1);
    assert_eq!(heartbeat, Err(ErrorCode::IllegalGeneration));
    let sync = Sync {
        member_id: first.member_id,
        instance_id: None,
        generation,
        protocol_type: Some("connect".to_owned()),
        protocol: None,
        assignments: BTreeMap::new(),
    };
    let mut effects = Vec::new();
    bench.group.sync(0, &sync, 99, &mut effects);
    bench.take(effects);
    assert_eq!(bench.synced[&99].error, Some(ErrorCode::InconsistentGroupProtocol));
}

#[test]
fn a_full_group_takes_nobody() {
    let settings = GroupSettings {
        size_max: 1,
        ..GroupSettings::default()
    };
    let mut bench = Bench::new(settings);
    bench.enter("a");
    let token = bench.join(&join("b"));
    assert_eq!(bench.joined[&token].error, Some(ErrorCode::GroupMaxSizeReached));
}

#[test]
fn votes_choose_the_assignor() {
    let mut bench = Bench::new(GroupSettings::default());
    for (random, order) in [(1, ["x", "y", "z"]), (2, ["y", "x", "z"]), (3, ["z", "y", "x"])] {
        let member = Join {
            protocols: order.iter().map(|name| protocol(name, b"")).collect(),
            version: 3,
            random,
            ..join("a")
        };
        bench.join(&member);
    }
    let member = Join {
        protocols: ["w", "y", "x"].iter().map(|name| protocol(name, b"")).collect(),
        version: 3,
        random: 4,
        ..join("a")
    };
    bench.join(&member);
    bench.wait(10_000);
    assert_eq!(
        bench.group.protocol(),
        Some("y"),
        "not all have w or z; three prefer y to x"
    );
}

#[test]
fn a_member_more_makes_all_join_again() {
    let (mut bench, first, second) = stable();
    let (third, waits) = bench.enter("c");
    assert_eq!(bench.group.state(), State::PreparingRebalance);
    for member in [&first, &second] {
        let heartbeat = bench.group.heartbeat(bench.now, &member.member_id, None, 1);
        assert_eq!(heartbeat, Err(ErrorCode::RebalanceInProgress));
        bench.join(member);
    }
    assert_eq!(bench.joined[&waits].generation, 2, "nobody is waited for any longer");
    assert_eq!(bench.joined[&waits].leader, first.member_id, "the leader stays");
    let token = bench.sync(&third.member_id, &[]);
    let late = bench.join(&third);
    assert_eq!(
        bench.joined[&late].generation, 2,
        "an answer that was lost is given again"
    );
    bench.sync(&first.member_id, &[]);
    assert_eq!(bench.synced[&token].assignment, Bytes::new(), "nothing for it");
}

#[test]
fn who_does_not_come_back_in_time_is_out() {
    let (mut bench, first, second) = stable();
    let again = bench.join(&first);
    assert_eq!(bench.group.state(), State::PreparingRebalance, "the leader wants it so");
    for _ in 0..30 {
        bench.wait(10_000);
        let _ = bench.group.heartbeat(bench.now, &second.member_id, None, 1);
    }
    assert_eq!(bench.joined[&again].members.len(), 1);
    let heartbeat = bench.group.heartbeat(bench.now, &second.member_id, None, 1);
    assert_eq!(heartbeat, Err(ErrorCode::UnknownMemberId));
}

#[test]
fn who_is_silent_is_out() {
    let (mut bench, first, second) = stable();
    bench.wait(40_000);
    bench.group.heartbeat(bench.now, &first.member_id, None, 1).unwrap();
    bench.wait(4_999);
    assert_eq!(bench.group.state(), State::Stable);
    bench.wait(1);
    assert_eq!(bench.group.state(), State::PreparingRebalance);
    let again = bench.join(&first);
    assert_eq!(bench.joined[&again].generation, 2);
    let again = bench.join(&second);
    assert_eq!(bench.joined[&again].error, Some(ErrorCode::UnknownMemberId));
}

#[test]
fn who_joins_and_does_not_sync_is_out() {
    let (mut bench, first, second) = stable();
    bench.join(&second);
    bench.join(&first);
    bench.join(&second);
    bench.sync(&first.member_id, &[]);
    for _ in 0..10 {
        bench.wait(30_000);
        for member in [&first, &second] {
            let _ = bench.group.heartbeat(bench.now, &member.member_id, None, 2);
        }
    }
    assert_eq!(bench.group.state(), State::PreparingRebalance);
    let left: Vec<&str> = bench.group.members().map(|member| member.id.as_str()).collect();
    assert_eq!(left, [first.member_id]);
}

#[test]
fn the_last_one_leaves_an_empty_group() {
    let (mut bench, first, second) = stable();
    bench.leave(&first.member_id, None).unwrap();
    assert_eq!(bench.group.leader(), Some(second.member_id.as_str()));
    assert_eq!(bench.leave(&first.member_id, None), Err(ErrorCode::UnknownMemberId));
    assert_eq!(bench.group.delete(0), Err(ErrorCode::NonEmptyGroup));
    bench.leave(&second.member_id, None).unwrap();
    assert_eq!((bench.group.state(), bench.group.generation()), (State::Empty, 2));
    let record = bench.records.last().unwrap();
    assert_eq!((record.members.len(), record.leader.as_deref()), (0, None));
    assert_eq!(record.protocol_type.as_deref(), Some("consumer"));
    bench.group.delete(0).unwrap();
    let token = bench.join(&join("a"));
    assert_eq!(bench.joined[&token].error, Some(ErrorCode::CoordinatorNotAvailable));
    assert_eq!(bench.group.delete(0), Err(ErrorCode::GroupIdNotFound));
}

#[test]
fn an_assignment_counts_once_it_is_replicated() {
    let (mut bench, first, second) = stable();
    bench.join(&first);
    bench.join(&second);
    bench.holds_back = true;
    let one = bench.sync(&first.member_id, &[(&first.member_id, b"3")]);
    assert_eq!(bench.synced.get(&one), None);
    bench.written(Err(ErrorCode::NotEnoughReplicas));
    assert_eq!(bench.synced[&one].error, Some(ErrorCode::CoordinatorNotAvailable));
    assert_eq!(bench.group.state(), State::PreparingRebalance);
    bench.join(&second);
    bench.join(&first);
    let one = bench.sync(&first.member_id, &[(&first.member_id, b"4")]);
    // Another rebalance begins before it is.
    let changed = Join {
        protocols: vec![protocol("range", b"other topics")],
        ..second
    };
    bench.join(&changed);
    assert_eq!(bench.synced[&one].error, Some(ErrorCode::RebalanceInProgress));
    bench.written(Ok(()));
    assert_eq!(bench.group.state(), State::PreparingRebalance);
}

#[test]
fn a_static_member_comes_back_without_a_rebalance() {
    let mut bench = Bench::new(GroupSettings::default());
    let (shop, one) = bench.enter_static("shop");
    bench.enter_static("till");
    bench.wait(6_000);
    let old = bench.joined[&one].member_id.clone();
    bench.sync(&old, &[(&old, b"1")]);
    let again = bench.join(&Join {
        random: 77,
        ..shop.clone()
    });
    let response = &bench.joined[&again];
    assert_eq!(
        (response.generation, response.skip_assignment, response.members.len()),
        (1, true, 2)
    );
    let new = response.member_id.clone();
    assert_ne!(old, new);
    assert_eq!(
        (bench.group.state(), bench.group.leader()),
        (State::Stable, Some(new.as_str()))
    );
    let token = bench.sync(&new, &[]);
    assert_eq!(bench.synced[&token].assignment, Bytes::from_static(b"1"));
    let heartbeat = bench.group.heartbeat(bench.now, &old, Some("shop"), 1);
    assert_eq!(heartbeat, Err(ErrorCode::FencedInstanceId));
    // Before version 9 the leader is given a name that is not its own, lest it assign.
    let token = bench.join(&Join {
        random: 78,
        version: 8,
        ..shop.clone()
    });
    let response = &bench.joined[&token];
    assert_eq!(
        (response.leader.as_str(), response.skip_assignment),
        (new.as_str(), false)
    );
    // What is not written did not happen.
    bench.holds_back = true;
    let current = bench.group.leader().unwrap().to_owned();
    let token = bench.join(&Join {
        random: 79,
        ..shop.clone()
    });
    bench.written(Err(ErrorCode::NotLeaderOrFollower));
    assert_eq!(bench.joined[&token].error, Some(ErrorCode::NotCoordinator));
    assert_eq!(bench.group.leader(), Some(current.as_str()));
    // Another choice of assignors is a rebalance.
    let only = vec![protocol("cooperative-sticky", b"")];
    bench.join(&Join {
        random: 80,
        protocols: only,
        ..shop
    });
    assert_eq!(bench.group.state(), State::PreparingRebalance);
    assert_eq!(bench.leave("", Some("till")), Ok(()));
    assert_eq!(bench.leave("", Some("till")), Err(ErrorCode::UnknownMemberId));
    assert_eq!(bench.group.generation(), 2);
}

#[test]
fn static_members_are_waited_for_beyond_a_rebalance() {
    let mut bench = Bench::new(GroupSettings::default());
    let (mut shop, one) = bench.enter_static("shop");
    let (_, other) = bench.enter_static("till");
    bench.wait(6_000);
    let (shop_id, till) = (
        bench.joined[&one].member_id.clone(),
        bench.joined[&other].member_id.clone(),
    );
    bench.sync(&shop_id, &[]);
    bench.sync(&till, &[]);
    shop.member_id.clone_from(&shop_id);
    let again = bench.join(&shop);
    for _ in 0..30 {
        bench.wait(10_000);
        let _ = bench.group.heartbeat(bench.now, &till, Some("till"), 1);
    }
    assert_eq!(bench.joined[&again].members.len(), 2, "it is a member still");
}

#[test]
fn who_may_commit() {
    let (mut bench, first, _) = stable();
    let may = |bench: &Bench, id: &str, generation| bench.group.may_commit(id, None, generation, false);
    assert_eq!(may(&bench, &first.member_id, 1), Ok(()));
    assert_eq!(may(&bench, &first.member_id, 0), Err(ErrorCode::IllegalGeneration));
    assert_eq!(may(&bench, "x", 1), Err(ErrorCode::UnknownMemberId));
    assert_eq!(may(&bench, "", -1), Err(ErrorCode::UnknownMemberId));
    assert_eq!(bench.group.may_commit("", None, -1, true), Ok(()));
    let second = bench.group.members().find(|member| member.id != first.member_id);
    let second = second.unwrap().id.clone();
    bench.join(&first);
    assert_eq!(may(&bench, &second, 1), Ok(()), "before it joins again");
    bench.leave(&second, None).unwrap();
    assert_eq!(bench.group.state(), State::CompletingRebalance);
    assert_eq!(may(&bench, &first.member_id, 2), Err(ErrorCode::RebalanceInProgress));
    let empty = Bench::new(GroupSettings::default());
    assert_eq!(may(&empty, "", -1), Ok(()));
}

#[test]
fn the_next_coordinator_knows_the_group() {
    let (mut bench, first, second) = stable();
    let record = bench.records.last().unwrap().clone();
    bench.group = ClassicGroup::restore(GroupSettings::default(), &record, bench.now);
    assert_eq!((bench.group.state(), bench.group.generation()), (State::Stable, 1));
    assert_eq!(bench.group.leader(), Some(first.member_id.as_str()));
    bench.group.heartbeat(bench.now, &second.member_id, None, 1).unwrap();
    let token = bench.sync(&second.member_id, &[]);
    assert_eq!(bench.synced[&token].assignment, Bytes::from_static(b"2"));
    bench.wait(46_000);
    assert_eq!(bench.group.state(), State::Empty, "all are silent");
}
