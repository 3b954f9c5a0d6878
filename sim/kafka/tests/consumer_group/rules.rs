use essaim_kafka::assignor::server::{ServerAssignor, Target};
use essaim_kafka::error::ErrorCode;
use essaim_kafka::group::GroupSettings;
use essaim_kafka::group::consumer::{
    ConsumerGroup, Heartbeat, LEAVE, LEAVE_FOR_A_WHILE, MemberState, Refused, Response, State, Topics,
};

use super::{T, U, alive, holds, join, names, part, topics};

fn group() -> ConsumerGroup {
    ConsumerGroup::new(GroupSettings::default())
}

fn ask(group: &mut ConsumerGroup, heartbeat: &Heartbeat) -> Result<Response, Refused> {
    group.heartbeat(0, heartbeat, &topics(4, 2))
}

fn error(group: &mut ConsumerGroup, heartbeat: &Heartbeat) -> Option<ErrorCode> {
    ask(group, heartbeat).err().map(|refused| refused.error)
}

fn state_of(group: &ConsumerGroup, id: &str) -> MemberState {
    group.members().find(|member| member.id == id).unwrap().state
}

/// `a` and `b`, with two partitions of `t` each, both at epoch 2.
fn two() -> ConsumerGroup {
    let mut group = group();
    ask(&mut group, &join("a")).unwrap();
    ask(&mut group, &join("b")).unwrap();
    ask(&mut group, &alive("a", 1)).unwrap();
    ask(&mut group, &holds("a", 1, part(T, &[0, 1]))).unwrap();
    ask(&mut group, &alive("b", 2)).unwrap();
    assert_eq!(group.state(), State::Stable);
    group
}

#[test]
fn partitions_go_from_one_to_the_other_once_they_are_given_up() {
    let mut group = group();
    let first = ask(&mut group, &join("a")).unwrap();
    assert_eq!(
        (first.epoch, first.heartbeat_interval_ms, first.is_changed),
        (1, 5_000, true)
    );
    assert_eq!(first.assignment, Some(part(T, &[0, 1, 2, 3])));
    assert_eq!(group.state(), State::Stable);
    let quiet = ask(&mut group, &alive("a", 1)).unwrap();
    assert_eq!((quiet.assignment, quiet.is_changed), (None, false));

    let second = ask(&mut group, &join("b")).unwrap();
    assert_eq!(
        (second.epoch, second.assignment),
        (2, Some(Target::new())),
        "all are held still"
    );
    assert_eq!(state_of(&group, "b"), MemberState::UnreleasedPartitions);
    let told = ask(&mut group, &alive("a", 1)).unwrap();
    assert_eq!(
        (told.epoch, told.assignment),
        (1, Some(part(T, &[0, 1]))),
        "it has to give up two"
    );
    assert_eq!(state_of(&group, "a"), MemberState::UnrevokedPartitions);
    let still = ask(&mut group, &holds("a", 1, part(T, &[0, 1, 2]))).unwrap();
    assert_eq!((still.epoch, still.assignment), (1, None));
    let waits = ask(&mut group, &alive("b", 2)).unwrap();
    assert_eq!(waits.assignment, None);
    assert_eq!(group.state(), State::Reconciling);
    let done = ask(&mut group, &holds("a", 1, part(T, &[0, 1]))).unwrap();
    assert_eq!((done.epoch, done.assignment), (2, None));
    let gets = ask(&mut group, &alive("b", 2)).unwrap();
    assert_eq!(gets.assignment, Some(part(T, &[2, 3])));
    assert_eq!(
        (group.state(), group.epoch(), group.target_epoch()),
        (State::Stable, 2, 2)
    );
}

#[test]
fn who_leaves_leaves_its_partitions() {
    let mut group = two();
    let left = ask(&mut group, &alive("b", LEAVE)).unwrap();
    assert_eq!((left.epoch, group.state()), (LEAVE, State::Assigning));
    let gets = ask(&mut group, &alive("a", 2)).unwrap();
    assert_eq!((gets.epoch, gets.assignment), (3, Some(part(T, &[0, 1, 2, 3]))));
    assert_eq!(error(&mut group, &alive("b", 2)), Some(ErrorCode::UnknownMemberId));
    ask(&mut group, &alive("a", LEAVE)).unwrap();
    assert_eq!((group.state(), group.deadline()), (State::Empty, None));
}

#[test]
fn who_is_silent_or_does_not_give_up_is_fenced() {
    let mut group = two();
    group.heartbeat(44_999, &alive("a", 2), &topics(4, 2)).unwrap();
    assert!(!group.tick(44_999));
    assert!(group.tick(45_000));
    assert_eq!(group.members().count(), 1);
    let gets = group.heartbeat(45_000, &alive("a", 2), &topics(4, 2)).unwrap();
    assert_eq!(gets.assignment, Some(part(T, &[0, 1, 2, 3])));
    group.heartbeat(46_000, &join("c"), &topics(4, 2)).unwrap();
    for second in 50..=349 {
        group.heartbeat(second * 1_000, &alive("a", 3), &topics(4, 2)).unwrap();
        group.heartbeat(second * 1_000, &alive("c", 4), &topics(4, 2)).unwrap();
        assert!(!group.tick(second * 1_000));
    }
    assert!(group.tick(350_000), "five minutes after it was told to");
    let gets = group.heartbeat(350_000, &alive("c", 4), &topics(4, 2)).unwrap();
    assert_eq!(gets.assignment, Some(part(T, &[0, 1, 2, 3])));
}

#[test]
fn epochs_fence() {
    let mut group = two();
    assert_eq!(error(&mut group, &alive("a", 3)), Some(ErrorCode::FencedMemberEpoch));
    assert_eq!(error(&mut group, &alive("a", 1)), Some(ErrorCode::FencedMemberEpoch));
    // The answer was lost: it has not more than it should.
    ask(&mut group, &holds("a", 1, part(T, &[0]))).unwrap();
    let more = holds("a", 1, part(T, &[0, 2]));
    assert_eq!(error(&mut group, &more), Some(ErrorCode::FencedMemberEpoch));
    let refused = ask(&mut group, &alive("a", 3)).unwrap_err();
    assert!(
        refused
            .message
            .starts_with("The consumer group member has a greater member epoch (3) than")
    );
    let again = ask(&mut group, &join("a")).unwrap();
    assert_eq!((again.epoch, again.assignment), (2, Some(part(T, &[0, 1]))));
    assert_eq!(group.may_commit("a", 2), Ok(()));
    assert_eq!(group.may_commit("a", 1), Err(ErrorCode::StaleMemberEpoch));
    assert_eq!(group.may_commit("x", 1), Err(ErrorCode::UnknownMemberId));
    assert_eq!(group.may_commit("", -1), Err(ErrorCode::UnknownMemberId));
    assert_eq!(self::group().may_commit("", -1), Ok(()));
}

#[test]
fn requests_that_make_no_sense() {
    let mut group = two();
    let message = |group: &mut ConsumerGroup, heartbeat: Heartbeat| ask(group, &heartbeat).unwrap_err().message;
    assert_eq!(message(&mut group, join("")), "MemberId can't be empty.");
    let held = Heartbeat {
        epoch: 0,
        ..holds("c", 0, part(T, &[0]))
    };
    let held = Heartbeat {
        rebalance_timeout_ms: Some(1),
        ..held
    };
    assert_eq!(
        message(&mut group, held),
        "TopicPartitions must be empty when (re-)joining."
    );
    let no_time = Heartbeat {
        rebalance_timeout_ms: None,
        ..join("c")
    };
    assert_eq!(
        message(&mut group, no_time),
        "RebalanceTimeoutMs must be provided in first request."
    );
    assert_eq!(message(&mut group, alive("a", -3)), "MemberEpoch is invalid.");
    assert_eq!(
        message(&mut group, alive("a", LEAVE_FOR_A_WHILE)),
        "InstanceId can't be null."
    );
    let assignor = Heartbeat {
        assignor: Some("best".to_owned()),
        ..join("c")
    };
    assert_eq!(
        message(&mut group, assignor),
        "ServerAssignor best is not supported. Supported assignors: uniform, range."
    );
    let settings = GroupSettings {
        consumer_size_max: 0,
        ..GroupSettings::default()
    };
    let mut full = ConsumerGroup::new(settings);
    assert_eq!(error(&mut full, &join("a")), Some(ErrorCode::GroupMaxSizeReached));
}

#[test]
fn topics_come_and_grow_and_are_left() {
    let mut group = group();
    let nothing = group.heartbeat(0, &join("a"), &Topics::default()).unwrap();
    assert_eq!(nothing.assignment, Some(Target::new()));
    let gets = group.heartbeat(0, &alive("a", 1), &topics(1, 1)).unwrap();
    assert_eq!((gets.epoch, gets.assignment), (2, Some(part(T, &[0]))));
    let grown = group.heartbeat(0, &alive("a", 2), &topics(2, 1)).unwrap();
    assert_eq!((grown.epoch, grown.assignment), (3, Some(part(T, &[0, 1]))));
    let other = Heartbeat {
        topics: Some(names(&["u"])),
        ..alive("a", 3)
    };
    let told = group.heartbeat(0, &other, &topics(2, 1)).unwrap();
    assert_eq!(
        (told.epoch, told.assignment),
        (3, Some(Target::new())),
        "first it gives up"
    );
    let gets = group
        .heartbeat(0, &holds("a", 3, Target::new()), &topics(2, 1))
        .unwrap();
    assert_eq!((gets.epoch, gets.assignment), (4, Some(part(U, &[0]))));
    assert!(group.is_subscribed("u") && !group.is_subscribed("t"));
}

#[test]
fn who_leaves_a_topic_while_it_gives_up_gives_up_that_as_well() {
    let mut group = group();
    let both = |id| Heartbeat {
        topics: Some(names(&["t", "u"])),
        ..join(id)
    };
    ask(&mut group, &both("a")).unwrap();
    ask(&mut group, &both("b")).unwrap();
    ask(&mut group, &alive("a", 1)).unwrap();
    assert_eq!(state_of(&group, "a"), MemberState::UnrevokedPartitions);
    let less = Heartbeat {
        topics: Some(names(&["u"])),
        ..alive("a", 1)
    };
    let told = ask(&mut group, &less).unwrap();
    let member = group.members().next().unwrap();
    assert_eq!(member.revoking.get(&T).map(|partitions| partitions.len()), Some(4));
    assert!(!told.assignment.unwrap().contains_key(&T));
}

#[test]
fn most_votes_choose_the_assignor() {
    let mut group = group();
    let votes = |id, name: &str| Heartbeat {
        assignor: Some(name.to_owned()),
        ..join(id)
    };
    ask(&mut group, &votes("a", "range")).unwrap();
    assert_eq!(group.assignor(), ServerAssignor::Range);
    ask(&mut group, &votes("b", "uniform")).unwrap();
    assert_eq!(
        group.assignor(),
        ServerAssignor::Uniform,
        "the first of the broker's where they are even"
    );
}

#[test]
fn a_static_member_comes_back_to_what_it_had() {
    let mut group = group();
    let shop = |id, epoch| Heartbeat {
        instance_id: Some("shop".to_owned()),
        epoch,
        ..join(id)
    };
    ask(&mut group, &shop("a", 0)).unwrap();
    assert_eq!(error(&mut group, &shop("b", 0)), Some(ErrorCode::UnreleasedInstanceId));
    let stranger = Heartbeat {
        instance_id: Some("till".to_owned()),
        ..alive("a", 1)
    };
    assert_eq!(error(&mut group, &stranger), Some(ErrorCode::UnknownMemberId));
    let left = ask(&mut group, &shop("a", LEAVE_FOR_A_WHILE)).unwrap();
    assert_eq!((left.epoch, group.members().count()), (LEAVE_FOR_A_WHILE, 1));
    let back = ask(&mut group, &shop("b", 0)).unwrap();
    assert_eq!(back.assignment, Some(part(T, &[0, 1, 2, 3])));
    assert_eq!(error(&mut group, &shop("a", 1)), Some(ErrorCode::FencedInstanceId));
    ask(&mut group, &shop("b", LEAVE_FOR_A_WHILE)).unwrap();
    let back = ask(&mut group, &shop("b", 0)).unwrap();
    assert_eq!(
        back.assignment,
        Some(part(T, &[0, 1, 2, 3])),
        "under the same id as well"
    );
    ask(&mut group, &shop("b", LEAVE_FOR_A_WHILE)).unwrap();
    assert!(group.tick(45_000), "but not for ever");
    assert_eq!(group.state(), State::Empty);
}

#[test]
fn the_next_coordinator_gives_everybody_their_time() {
    let mut group = two();
    ask(&mut group, &join("c")).unwrap();
    ask(&mut group, &alive("b", 2)).unwrap();
    assert_eq!(state_of(&group, "b"), MemberState::UnrevokedPartitions);
    let mut next = group.resumed(100_000);
    assert_eq!(next.deadline(), Some(145_000));
    let mut epochs = [("a", 2), ("b", 2), ("c", 3)];
    for second in (100..400).step_by(20) {
        for (id, epoch) in &mut epochs {
            let answer = next.heartbeat(second * 1_000, &alive(id, *epoch), &topics(4, 2));
            *epoch = answer.unwrap().epoch;
        }
        assert!(!next.tick(second * 1_000));
    }
    assert!(next.tick(400_000));
    assert!(next.members().all(|member| member.id != "b"));
}

#[test]
fn targets_change_as_little_as_may_be() {
    let mut group = two();
    ask(&mut group, &alive("a", LEAVE)).unwrap();
    ask(&mut group, &join("c")).unwrap();
    assert_eq!(group.target("b"), Some(&part(T, &[2, 3])));
    assert_eq!(group.target("c"), Some(&part(T, &[0, 1])));
}

#[test]
fn epochs_are_not_skipped_while_there_is_something_to_give_up() {
    let mut group = group();
    let beat = |group: &mut ConsumerGroup, heartbeat: &Heartbeat| group.heartbeat(0, heartbeat, &topics(8, 0));
    beat(&mut group, &join("a")).unwrap();
    beat(&mut group, &join("b")).unwrap();
    let told = beat(&mut group, &alive("a", 1)).unwrap();
    assert_eq!(told.epoch, 1);
    beat(&mut group, &join("c")).unwrap();
    beat(&mut group, &join("d")).unwrap();
    let first = told.assignment.unwrap();
    let told = beat(&mut group, &holds("a", 1, first)).unwrap();
    assert_eq!((told.epoch, group.target_epoch()), (2, 4));
    let second = told.assignment.unwrap();
    let done = beat(&mut group, &holds("a", 2, second.clone())).unwrap();
    assert_eq!(done.epoch, 4, "nothing is left");
    let old = beat(&mut group, &holds("a", 1, second));
    assert_eq!(
        old.unwrap_err().error,
        ErrorCode::FencedMemberEpoch,
        "only the last answer may be lost"
    );
}
