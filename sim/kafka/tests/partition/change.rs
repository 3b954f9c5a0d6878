use essaim_kafka::partition_change::{
    Election, LeaderRecovery, NO_LEADER, PartitionChange, PartitionRegistration, Reassignment, Wanted,
};

/// Replicas 1, 2, 3, all in sync, 1 leads.
fn three() -> PartitionRegistration {
    PartitionRegistration::new(vec![1, 2, 3], |_| true)
}

fn with(
    partition: &PartitionRegistration,
    min: usize,
    live: &[i32],
    want: impl FnOnce(&mut Wanted<'_>),
) -> PartitionRegistration {
    let mut wanted = Wanted::new(partition, min);
    want(&mut wanted);
    match wanted.change(&|id| live.contains(&id)) {
        Some(change) => partition.merge(&change),
        None => partition.clone(),
    }
}

#[test]
fn the_first_replica_that_lives_leads() {
    let partition = PartitionRegistration::new(vec![3, 1, 2], |id| id != 3);
    assert_eq!((partition.leader, partition.isr), (1, vec![1, 2]));
}

#[test]
fn nothing_changes_without_need() {
    assert_eq!(Wanted::new(&three(), 2).change(&|_| true), None);
}

#[test]
fn a_leader_that_leaves_is_followed_by_the_first_in_sync() {
    let after = with(&three(), 1, &[2, 3], |wanted| wanted.isr = vec![2, 3]);
    assert_eq!((after.leader, after.leader_epoch, after.partition_epoch), (2, 1, 1));
    assert_eq!((after.isr, after.elr), (vec![2, 3], vec![]));
}

#[test]
fn a_smaller_isr_raises_the_partition_s_epoch_alone() {
    let after = with(&three(), 1, &[1, 2, 3], |wanted| wanted.isr = vec![1, 3]);
    assert_eq!((after.leader, after.leader_epoch, after.partition_epoch), (1, 0, 1));
}

/// KIP-966: below `min.insync.replicas` those who leave stay eligible, and any of them may lead.
#[test]
fn who_leaves_a_small_isr_stays_eligible() {
    let one = with(&three(), 2, &[1, 2], |wanted| wanted.isr = vec![1, 2]);
    assert_eq!(one.elr, [], "two are enough");
    let two = with(&one, 2, &[1], |wanted| wanted.isr = vec![1]);
    assert_eq!((two.isr.clone(), two.elr.clone()), (vec![1], vec![2]));
    let none = with(&two, 2, &[], |wanted| wanted.isr = vec![]);
    assert_eq!(
        (none.leader, none.isr.clone(), none.elr.clone()),
        (NO_LEADER, vec![], vec![1, 2])
    );
    assert_eq!(none.last_known_elr, [1]);
    let back = with(&none, 2, &[2], |_| {});
    assert_eq!((back.leader, back.isr.clone(), back.elr.clone()), (2, vec![2], vec![1]));
    assert_eq!(
        (back.last_known_elr, back.recovery),
        (vec![], LeaderRecovery::Recovered)
    );
}

#[test]
fn who_is_eligible_waits_while_somebody_is_in_sync() {
    let partition = PartitionRegistration {
        isr: vec![1],
        elr: vec![2],
        ..three()
    };
    let after = with(&partition, 2, &[2], |_| {});
    assert_eq!((after.leader, after.isr, after.elr), (NO_LEADER, vec![1], vec![2]));
}

#[test]
fn who_did_not_shut_down_cleanly_is_not_eligible() {
    let two = with(&three(), 3, &[1], |wanted| wanted.isr = vec![1]);
    assert_eq!(two.elr, [2, 3]);
    let after = with(&two, 3, &[1, 2], |wanted| wanted.unclean_shutdowns = &[2]);
    assert_eq!(after.elr, [3]);
}

#[test]
fn the_last_leader_is_elected_when_nobody_is_eligible() {
    let one = with(&three(), 1, &[3], |wanted| wanted.isr = vec![3]);
    assert_eq!(one.leader, 3);
    let none = with(&one, 1, &[], |wanted| {
        wanted.isr = vec![];
        wanted.unclean_shutdowns = &[3];
    });
    assert_eq!(
        (none.leader, none.elr.clone(), none.last_known_elr.clone()),
        (NO_LEADER, vec![], vec![3])
    );
    let still = with(&none, 1, &[1, 2], |_| {});
    assert_eq!(still.leader, NO_LEADER, "others have less");
    let back = with(&none, 1, &[1, 3], |_| {});
    assert_eq!(
        (back.leader, back.isr.clone(), back.recovery),
        (3, vec![3], LeaderRecovery::Recovering)
    );
    assert_eq!(back.last_known_elr, []);
    let recovered = with(&back, 1, &[1, 3], |wanted| wanted.recovery = LeaderRecovery::Recovered);
    assert_eq!(
        (recovered.recovery, recovered.leader_epoch),
        (LeaderRecovery::Recovered, back.leader_epoch)
    );
}

#[test]
fn an_unclean_election_takes_whoever_lives() {
    let one = with(&three(), 1, &[3], |wanted| wanted.isr = vec![3]);
    let none = with(&one, 1, &[], |wanted| wanted.isr = vec![3]);
    assert_eq!(
        (none.leader, none.isr.clone()),
        (NO_LEADER, vec![3]),
        "the last one stays in the ISR"
    );
    let still = with(&none, 1, &[1, 2], |_| {});
    assert_eq!(still.leader, NO_LEADER);
    let unclean = with(&none, 1, &[2, 1], |wanted| wanted.election = Election::Unclean);
    assert_eq!(
        (unclean.leader, unclean.isr, unclean.recovery),
        (1, vec![1], LeaderRecovery::Recovering)
    );
}

#[test]
fn the_preferred_leader_comes_back_when_asked_for() {
    let away = with(&three(), 1, &[2, 3], |wanted| wanted.isr = vec![2, 3]);
    let joined = with(&away, 1, &[1, 2, 3], |wanted| wanted.isr = vec![2, 3, 1]);
    assert_eq!(joined.leader, 2);
    assert!(!joined.has_preferred_leader());
    let preferred = with(&joined, 1, &[1, 2, 3], |wanted| wanted.election = Election::Preferred);
    assert_eq!((preferred.leader, preferred.leader_epoch), (1, joined.leader_epoch + 1));
}

#[test]
fn a_reassignment_ends_when_all_that_stay_are_in_sync() {
    let moved = Reassignment::new(&[1, 2, 3], &[4, 3]);
    assert_eq!(
        (moved.replicas.clone(), moved.removing.clone(), moved.adding.clone()),
        (vec![4, 3, 1, 2], vec![1, 2], vec![4])
    );
    let during = with(&three(), 1, &[1, 2, 3, 4], |wanted| {
        wanted.replicas = moved.replicas;
        wanted.removing = moved.removing;
        wanted.adding = moved.adding;
    });
    assert_eq!(
        (during.leader, during.leader_epoch, during.isr.clone()),
        (1, 0, vec![1, 2, 3])
    );
    let after = with(&during, 1, &[1, 2, 3, 4], |wanted| wanted.isr = vec![1, 2, 3, 4]);
    assert_eq!((after.replicas, after.isr, after.leader), (vec![4, 3], vec![3, 4], 4));
    assert_eq!((after.removing, after.adding, after.leader_epoch), (vec![], vec![], 1));
}

#[test]
fn a_replica_that_goes_raises_the_epoch() {
    let moved = Reassignment::new(&[1, 2, 3], &[1, 2]);
    let after = with(&three(), 1, &[1, 2, 3], |wanted| {
        wanted.replicas = moved.replicas;
        wanted.removing = moved.removing;
        wanted.adding = moved.adding;
    });
    assert_eq!((after.replicas, after.leader, after.leader_epoch), (vec![1, 2], 1, 1));
}

#[test]
fn without_the_feature_there_is_no_elr_and_the_last_one_stays_in_sync() {
    let partition = three();
    let mut wanted_again = Wanted::new(&partition, 3);
    wanted_again.has_elr = false;
    wanted_again.isr = vec![];
    let change = wanted_again.change(&|_| false).unwrap();
    let leaderless = PartitionChange {
        leader: Some(NO_LEADER),
        ..PartitionChange::default()
    };
    assert_eq!(change, leaderless);
}
