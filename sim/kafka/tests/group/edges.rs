use bytes::Bytes;
use essaim_kafka::error::ErrorCode;
use essaim_kafka::group::GroupSettings;
use essaim_kafka::group::classic::{Join, State};

use super::bench::{Bench, stable};
use super::{join, protocol};

#[test]
fn an_id_that_was_given_is_waited_for_until_its_session_is_over() {
    let (mut bench, first, second) = stable();
    bench.join(&join("c"));
    let one = bench.join(&first);
    bench.join(&second);
    assert_eq!(bench.joined.get(&one), None);
    bench.wait(44_999);
    assert_eq!(bench.group.state(), State::PreparingRebalance);
    bench.wait(1);
    assert_eq!(bench.joined[&one].members.len(), 2);
}

#[test]
fn a_new_member_is_not_kept_waiting_for_ever() {
    let (mut bench, first, second) = stable();
    let slow = Join {
        rebalance_timeout_ms: 900_000,
        version: 3,
        random: 50,
        ..join("c")
    };
    let token = bench.join(&slow);
    let old = bench.join(&first);
    for _ in 0..30 {
        assert_eq!(bench.joined.get(&token), None);
        bench.wait(10_000);
        let _ = bench.group.heartbeat(bench.now, &second.member_id, None, 1);
    }
    assert_eq!(bench.joined[&token].error, Some(ErrorCode::UnknownMemberId));
    assert_eq!(bench.joined.get(&old), None, "who is known waits");
}

#[test]
fn who_is_no_member_changes_nothing_by_leaving() {
    let (mut bench, ..) = stable();
    assert_eq!(bench.leave("x", None), Err(ErrorCode::UnknownMemberId));
    assert_eq!(bench.group.state(), State::Stable);
}

#[test]
fn a_write_of_an_earlier_generation_assigns_nothing() {
    let (mut bench, first, second) = stable();
    let rejoin = |bench: &mut Bench| {
        bench.join(&first);
        bench.join(&second);
    };
    rejoin(&mut bench);
    bench.holds_back = true;
    bench.sync(&first.member_id, &[(&first.member_id, b"3")]);
    let changed = Join {
        protocols: vec![protocol("range", b"other")],
        ..first.clone()
    };
    bench.join(&changed);
    bench.join(&second);
    assert_eq!(
        (bench.group.state(), bench.group.generation()),
        (State::CompletingRebalance, 3)
    );
    bench.written(Ok(()));
    assert_eq!(bench.group.state(), State::CompletingRebalance);
    let token = bench.sync(&first.member_id, &[(&first.member_id, b"4")]);
    bench.written(Ok(()));
    assert_eq!(bench.synced[&token].assignment, Bytes::from_static(b"4"));
}

/// A static leader and a static follower, joined in generation 1, neither synced. Gives their requests and ids.
fn two_static() -> (Bench, [Join; 2], [String; 2]) {
    let mut bench = Bench::new(GroupSettings::default());
    let (shop, one) = bench.enter_static("shop");
    let (till, other) = bench.enter_static("till");
    bench.wait(6_000);
    let ids = [one, other].map(|token| bench.joined[&token].member_id.clone());
    (bench, [shop, till], ids)
}

#[test]
fn a_static_member_that_is_being_assigned_to_makes_all_join_again() {
    let (mut bench, [_, till], [shop_id, till_id]) = two_static();
    let waits = bench.sync(&till_id, &[]);
    let again = bench.join(&Join { random: 70, ..till });
    assert_eq!(bench.synced[&waits].error, Some(ErrorCode::FencedInstanceId));
    assert_eq!(bench.group.state(), State::PreparingRebalance);
    let sync = bench.sync(&shop_id, &[]);
    assert_eq!(bench.synced[&sync].error, Some(ErrorCode::RebalanceInProgress));
    assert_eq!(bench.joined.get(&again), None);
}

#[test]
fn the_new_id_syncs_in_place_of_the_old() {
    let (mut bench, [_, till], [shop_id, _]) = two_static();
    bench.sync(&shop_id, &[]);
    let again = bench.join(&Join { random: 70, ..till });
    let till_id = bench.joined[&again].member_id.clone();
    bench.sync(&till_id, &[]);
    for _ in 0..31 {
        bench.wait(10_000);
        for id in [&shop_id, &till_id] {
            bench.group.heartbeat(bench.now, id, None, 1).unwrap();
        }
    }
    assert_eq!(bench.group.state(), State::Stable, "nobody is late");
}

#[test]
fn a_new_id_that_has_joined_meanwhile_stays() {
    let (mut bench, [shop, till], [shop_id, till_id]) = two_static();
    bench.sync(&shop_id, &[]);
    bench.sync(&till_id, &[]);
    bench.holds_back = true;
    let again = bench.join(&Join { random: 70, ..till });
    let leader = Join {
        member_id: shop_id,
        ..shop
    };
    bench.join(&leader);
    assert_eq!(bench.joined[&again].generation, 2);
    bench.written(Err(ErrorCode::NotEnoughReplicas));
    let id = bench.joined[&again].member_id.clone();
    assert!(bench.group.members().any(|member| member.id == id));
}

#[test]
fn a_leader_that_is_not_back_leads_no_longer() {
    let (mut bench, [_, till], [shop_id, till_id]) = two_static();
    bench.sync(&shop_id, &[]);
    bench.sync(&till_id, &[]);
    let changed = Join {
        member_id: till_id.clone(),
        protocols: vec![protocol("range", b"other")],
        ..till
    };
    let token = bench.join(&changed);
    for _ in 0..30 {
        bench.wait(10_000);
        let _ = bench.group.heartbeat(bench.now, &shop_id, None, 1);
    }
    let response = &bench.joined[&token];
    assert_eq!(
        (response.leader.as_str(), response.members.len()),
        (till_id.as_str(), 2)
    );
}
