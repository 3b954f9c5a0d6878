//! What a cluster does, one thing at a time.

use essaim_kafka::error::ErrorCode;
use essaim_kafka::message::*;
use essaim_kafka::partition_change::LeaderRecovery;
use essaim_kafka::uuid::Uuid;
use essaim_kernel::world::Fault;

use super::world::{Cluster, fetch, produce, topic, values};

fn cluster() -> Cluster {
    let mut cluster = Cluster::new(7);
    cluster.wait_for_brokers(3);
    cluster
}

/// A topic with one partition on all three brokers, and what is set for it.
fn with_topic(configs: &[(&str, &str)]) -> (Cluster, PartitionKey) {
    let mut cluster = cluster();
    let mut topic = topic("orders", 1, 3);
    topic.configs = configs
        .iter()
        .map(|(key, value)| ((*key).into(), (*value).into()))
        .collect();
    let id = cluster.create(topic).unwrap();
    cluster.run(1_000);
    (cluster, (id, 0))
}

fn failure<T>(result: Result<T, Failure>) -> (ErrorCode, String) {
    let failure = result.err().expect("it fails");
    (failure.error, failure.message)
}

#[test]
fn brokers_register_and_all_have_the_same_picture() {
    let mut cluster = cluster();
    cluster.run(2_000);
    let image = cluster.active().unwrap().1.image().clone();
    assert_eq!(image.brokers.keys().copied().collect::<Vec<_>>(), [1, 2, 3]);
    for (_, controller) in cluster.controllers() {
        assert_eq!(controller.image(), &image);
    }
    for (_, broker) in cluster.brokers() {
        assert_eq!(broker.image(), &image);
        assert!(image.brokers.values().any(|known| Some(known.epoch) == broker.epoch()));
    }
}

#[test]
fn topics_that_cannot_be_are_refused_in_kafka_s_words() {
    let mut cluster = cluster();
    let long = "x".repeat(250);
    let cases = [
        ("", 1, 1, ErrorCode::InvalidTopic, "Topic name is invalid: the empty string is not allowed".to_owned()),
        ("..", 1, 1, ErrorCode::InvalidTopic, "Topic name is invalid: '..' is not allowed".to_owned()),
        (
            "a b",
            1,
            1,
            ErrorCode::InvalidTopic,
            "Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
                .to_owned(),
        ),
        (
            &long,
            1,
            1,
            ErrorCode::InvalidTopic,
            format!("Topic name is invalid: the length of '{long}' is longer than the max allowed length 249"),
        ),
        (
            "t",
            0,
            1,
            ErrorCode::InvalidPartitions,
            "Number of partitions was set to an invalid non-positive value.".to_owned(),
        ),
        (
            "t",
            1,
            0,
            ErrorCode::InvalidReplicationFactor,
            "Replication factor must be larger than 0, or -1 to use the default value.".to_owned(),
        ),
        (
            "t",
            1,
            4,
            ErrorCode::InvalidReplicationFactor,
            "Unable to replicate the partition 4 time(s): The target replication factor of 4 cannot be reached \
             because only 3 broker(s) are registered."
                .to_owned(),
        ),
    ];
    for (name, partitions, replicas, error, message) in cases {
        let result = cluster.create(topic(name, partitions, replicas));
        assert_eq!(failure(result), (error, message));
    }
    cluster.create(topic("a.b", -1, -1)).unwrap();
    let again = failure(cluster.create(topic("a.b", 1, 1)));
    assert_eq!(
        again,
        (ErrorCode::TopicAlreadyExists, "Topic 'a.b' already exists.".into())
    );
    let collides = failure(cluster.create(topic("a_b", 1, 1)));
    assert_eq!(
        collides,
        (
            ErrorCode::InvalidTopic,
            "Topic 'a_b' collides with existing topic: a.b".into()
        )
    );
}

#[test]
fn topics_grow_and_end() {
    let (mut cluster, (id, _)) = with_topic(&[]);
    let changed = |response| match response {
        Response::TopicsChanged(mut each) => each.remove(0).1,
        other => panic!("{other:?}"),
    };
    let grow = |count| Request::CreatePartitions("orders".into(), count);
    let same = failure(changed(cluster.ask_controller(grow(1))));
    assert_eq!(
        same,
        (ErrorCode::InvalidPartitions, "Topic already has 1 partition(s).".into())
    );
    changed(cluster.ask_controller(grow(4))).unwrap();
    let less = failure(changed(cluster.ask_controller(grow(2))));
    let message = "The topic orders currently has 4 partition(s); 2 would not be an increase.";
    assert_eq!(less, (ErrorCode::InvalidPartitions, message.into()));
    cluster.run(1_000);
    assert_eq!(cluster.broker(1).replicas().count(), 4);
    let delete = || Request::DeleteTopics(vec!["orders".into()]);
    changed(cluster.ask_controller(delete())).unwrap();
    let gone = failure(changed(cluster.ask_controller(delete())));
    assert_eq!(gone.0, ErrorCode::UnknownTopicOrPartition);
    cluster.run(1_000);
    assert_eq!(cluster.broker(1).replicas().count(), 0);
    let Response::Fetched(each) = cluster.ask_broker(1, fetch((id, 0), 0, 0)) else {
        panic!("not an answer to a fetch");
    };
    assert_eq!(each[0].1.as_ref().unwrap_err().error, ErrorCode::UnknownTopicId);
}

#[test]
fn what_is_produced_is_on_all_replicas_and_can_be_read() {
    let (mut cluster, key) = with_topic(&[]);
    for (at, value) in ["a", "b", "c"].into_iter().enumerate() {
        assert_eq!(cluster.produce(key, -1, value).unwrap().base_offset, at as i64);
    }
    for id in 1..=3 {
        let (_, replica) = cluster.broker(id).replicas().find(|(known, _)| *known == key).unwrap();
        assert_eq!(values(replica.log().batches_from(0)), ["a", "b", "c"]);
    }
    let leader = cluster.leader(key);
    let Response::Fetched(each) = cluster.ask_broker(leader, fetch(key, 1, 0)) else {
        panic!("not an answer to a fetch");
    };
    let fetched = each[0].1.as_ref().unwrap();
    assert_eq!(fetched.high_watermark, 3);
    assert_eq!(values(&fetched.batches), ["b", "c"]);
    let other = leader % 3 + 1;
    let Response::Produced(each) = cluster.ask_broker(other, produce(key, -1, 100, "d")) else {
        panic!("not an answer to a produce");
    };
    assert_eq!(each[0].1.as_ref().unwrap_err().error, ErrorCode::NotLeaderOrFollower);
    assert_eq!(failure(cluster.produce(key, 2, "e")).0, ErrorCode::InvalidRequiredAcks);
    assert_eq!(
        cluster.ask_broker(leader, Request::ListOffsets(key, -1)),
        Response::Offsets(-1, 3)
    );
}

#[test]
fn a_consumer_waits_for_what_comes() {
    let (mut cluster, key) = with_topic(&[]);
    let leader = cluster.leader(key);
    let host = cluster.world.host_named(&format!("broker-{leader}")).unwrap();
    let question = cluster.send(host, fetch(key, 0, 5_000));
    cluster.run(1_000);
    assert_eq!(cluster.answer(question), None, "there is nothing, and it waits");
    cluster.produce(key, -1, "a").unwrap();
    cluster.run(100);
    let Some(Response::Fetched(each)) = cluster.answer(question) else {
        panic!("no answer");
    };
    assert_eq!(values(&each[0].1.as_ref().unwrap().batches), ["a"]);
    let question = cluster.send(host, fetch(key, 1, 700));
    cluster.run(600);
    assert_eq!(cluster.answer(question), None);
    cluster.run(200);
    let Some(Response::Fetched(each)) = cluster.answer(question) else {
        panic!("no answer when the time is over");
    };
    assert!(each[0].1.as_ref().unwrap().batches.is_empty());
}

#[test]
fn a_leader_that_loses_power_is_replaced_and_comes_back_as_a_follower() {
    let (mut cluster, key) = with_topic(&[("min.insync.replicas", "2")]);
    cluster.produce(key, -1, "a").unwrap();
    let first = cluster.leader(key);
    cluster.fault(&format!("crash broker-{first}"));
    cluster.run(6_500);
    assert_eq!(cluster.leader(key), first, "its session is not over");
    cluster.wait_for("another leads", |cluster| cluster.leader(key) != first);
    let second = cluster.leader(key);
    assert_ne!(second, -1);
    assert_eq!(cluster.isr(key).len(), 2);
    cluster.run(1_000);
    cluster.produce(key, -1, "b").unwrap();
    cluster.fault(&format!("restart broker-{first}"));
    cluster.wait_for("it is in sync again", |cluster| cluster.isr(key) == [1, 2, 3]);
    assert_eq!(cluster.leader(key), second);
    let (_, replica) = cluster
        .broker(first)
        .replicas()
        .find(|(known, _)| *known == key)
        .unwrap();
    assert_eq!(values(replica.log().batches_from(0)), ["a", "b"]);
    // The first replica is the one that should lead.
    let partitions = vec![("orders".to_owned(), 0)];
    let elect = |unclean| Request::ElectLeaders {
        unclean,
        partitions: partitions.clone(),
    };
    let Response::Elected(each) = cluster.ask_controller(elect(false)) else {
        panic!("not an answer to an election");
    };
    assert_eq!(each[0].1, Ok(()));
    assert_eq!(cluster.leader(key), first);
    for unclean in [false, true] {
        let Response::Elected(each) = cluster.ask_controller(elect(unclean)) else {
            panic!("not an answer to an election");
        };
        assert_eq!(each[0].1.as_ref().unwrap_err().error, ErrorCode::ElectionNotNeeded);
    }
}

#[test]
fn a_broker_that_stops_in_good_order_hands_over_first() {
    let (mut cluster, key) = with_topic(&[]);
    cluster.produce(key, -1, "a").unwrap();
    let first = cluster.leader(key);
    let epoch = cluster.broker(first).epoch().unwrap();
    cluster.shut_down(first);
    cluster.wait_for("it stops", |cluster| cluster.broker(first).has_stopped());
    assert_ne!(cluster.leader(key), first, "another leads before it stops");
    cluster.fault(&format!("kill broker-{first}"));
    cluster.produce(key, -1, "b").unwrap();
    cluster.fault(&format!("restart broker-{first}"));
    cluster.wait_for("it is in sync again", |cluster| cluster.isr(key) == [1, 2, 3]);
    assert!(cluster.broker(first).epoch().unwrap() > epoch);
}

#[test]
fn another_controller_goes_on_where_the_first_stopped() {
    let (mut cluster, key) = with_topic(&[]);
    let (host, first) = cluster.active().unwrap();
    let (before, name) = (first.image().clone(), cluster.world.name_of(host).to_owned());
    cluster.fault(&format!("crash {name}"));
    cluster.wait_for("another is active", |cluster| {
        cluster
            .active()
            .is_some_and(|(other, one)| other != host && one.image().offset > before.offset)
    });
    let image = cluster.active().unwrap().1.image();
    assert_eq!(
        (&image.topics, &image.brokers),
        (&before.topics, &before.brokers),
        "nobody was fenced for it"
    );
    cluster.create(topic("more", 3, 3)).unwrap();
    cluster.produce(key, -1, "a").unwrap();
    cluster.fault(&format!("restart {name}"));
    cluster.run(5_000);
    let image = cluster.active().unwrap().1.image().clone();
    for (_, controller) in cluster.controllers() {
        assert_eq!(controller.image(), &image);
    }
    let standby = cluster.controllers().find(|(_, one)| !one.is_active()).unwrap().0;
    let refused = cluster.ask(standby, Request::DeleteTopics(vec!["more".into()]));
    assert_eq!(refused, Response::Failed(ErrorCode::NotController.into()));
}

#[test]
fn too_few_in_sync_take_no_records_with_acks_all() {
    let (mut cluster, key) = with_topic(&[("min.insync.replicas", "3")]);
    let leader = cluster.leader(key);
    let follower = leader % 3 + 1;
    cluster.fault(&format!("crash broker-{follower}"));
    let late = failure(cluster.produce(key, -1, "a"));
    assert_eq!(late.0, ErrorCode::RequestTimedOut, "the follower still counts");
    cluster.wait_for("it leaves the ISR", |cluster| cluster.isr(key).len() == 2);
    cluster.run(500);
    let (error, message) = failure(cluster.produce(key, -1, "b"));
    assert_eq!(error, ErrorCode::NotEnoughReplicas);
    assert!(message.ends_with("is insufficient to satisfy the min.isr requirement of 3 for partition orders-0"));
    cluster.produce(key, 1, "c").unwrap();
    cluster.fault(&format!("restart broker-{follower}"));
    cluster.wait_for("it is in sync again", |cluster| cluster.isr(key).len() == 3);
    cluster.produce(key, -1, "d").unwrap();
}

#[test]
fn a_broker_that_was_cut_off_gives_up_what_others_have_not() {
    let (mut cluster, key) = with_topic(&[]);
    cluster.produce(key, -1, "a").unwrap();
    let first = cluster.leader(key);
    // Clients reach it, the rest of the cluster does not.
    let rest = [
        "broker-1",
        "broker-2",
        "broker-3",
        "controller-1",
        "controller-2",
        "controller-3",
    ];
    let (alone, rest): (Vec<_>, Vec<_>) = rest
        .map(str::to_owned)
        .into_iter()
        .partition(|name| *name == format!("broker-{first}"));
    cluster.world.apply(&Fault::Split(vec![alone, rest])).unwrap();
    let answered = cluster.ask_broker(first, produce(key, 1, 100, "lost"));
    assert!(
        matches!(&answered, Response::Produced(each) if each[0].1.is_ok()),
        "{answered:?}"
    );
    let unanswered = cluster.ask_broker(first, produce(key, -1, 2_000, "lost too"));
    assert!(
        matches!(&unanswered, Response::Produced(each) if each[0].1.is_err()),
        "{unanswered:?}"
    );
    cluster.wait_for("another leads", |cluster| cluster.leader(key) != first);
    cluster.run(500);
    cluster.produce(key, -1, "b").unwrap();
    let has = |id| {
        let (_, replica) = cluster.broker(id).replicas().find(|(known, _)| *known == key).unwrap();
        values(replica.log().batches_from(0))
    };
    assert_eq!(has(first), ["a", "lost", "lost too"]);
    cluster.fault("heal");
    cluster.wait_for("it is in sync again", |cluster| cluster.isr(key) == [1, 2, 3]);
    for id in 1..=3 {
        let (_, replica) = cluster.broker(id).replicas().find(|(known, _)| *known == key).unwrap();
        assert_eq!(values(replica.log().batches_from(0)), ["a", "b"], "broker {id}");
    }
}

#[test]
fn producer_ids_are_given_once() {
    let mut cluster = cluster();
    cluster.run(1_000);
    let mut known = std::collections::BTreeSet::new();
    for at in 0..6 {
        match cluster.ask_broker(at % 3 + 1, Request::InitProducerId) {
            Response::ProducerId(id) => assert!(known.insert(id), "{id} twice"),
            other => panic!("{other:?}"),
        }
    }
    let unknown = Request::Fetch(Fetch {
        replica_id: 2,
        replica_epoch: 0,
        wait_max_ms: 0,
        bytes_min: 0,
        partition_bytes_max: 1,
        read_committed: false,
        partitions: vec![FetchPartition {
            key: (Uuid::ZERO, 0),
            current_leader_epoch: 0,
            offset: 0,
            last_fetched_epoch: -1,
            log_start_offset: 0,
        }],
    });
    let Response::Fetched(each) = cluster.ask_broker(1, unknown) else {
        panic!("not an answer to a fetch");
    };
    assert_eq!(each[0].1.as_ref().unwrap_err().error, ErrorCode::UnknownTopicId);
}

#[test]
fn what_controllers_promise_is_on_their_disks_first() {
    let mut cluster = cluster();
    for at in 1..=3 {
        let fault = Fault::Disk {
            host: format!("controller-{at}"),
            slowed_by: core::time::Duration::from_millis(1_200),
        };
        cluster.world.apply(&fault).unwrap();
    }
    let host = cluster.active().unwrap().0;
    let question = cluster.send(host, Request::CreateTopics(vec![topic("orders", 1, 1)]));
    cluster.run(1_100);
    assert_eq!(cluster.answer(question), None, "no disk has it yet");
    cluster.wait_for("an answer", |cluster| cluster.answer(question).is_some());
}

#[test]
fn one_that_lost_power_is_no_longer_eligible_and_the_last_leader_is_the_last_resort() {
    let mut cluster = cluster();
    let mut topic = topic("orders", 1, 2);
    topic.configs.push(("min.insync.replicas".into(), "2".into()));
    let id = cluster.create(topic).unwrap();
    let key = (id, 0);
    cluster.run(1_000);
    cluster.produce(key, -1, "a").unwrap();
    let leader = cluster.leader(key);
    let follower = *cluster.isr(key).iter().find(|id| **id != leader).unwrap();
    let partition = |cluster: &Cluster| cluster.active().unwrap().1.image().partition(id, 0).unwrap().clone();
    cluster.fault(&format!("crash broker-{follower}"));
    cluster.wait_for("it leaves the ISR", |cluster| cluster.isr(key) == [leader]);
    assert_eq!(partition(&cluster).elr, [follower], "what was committed it has");
    cluster.fault(&format!("crash broker-{leader}"));
    cluster.wait_for("nobody leads", |cluster| cluster.leader(key) == -1);
    cluster.fault(&format!("restart broker-{follower}"));
    cluster.wait_for_brokers(2);
    cluster.run(3_000);
    assert_eq!(
        (cluster.leader(key), partition(&cluster).elr),
        (-1, vec![leader]),
        "but not after a power loss"
    );
    cluster.fault(&format!("restart broker-{leader}"));
    cluster.wait_for("the last leader leads", |cluster| cluster.leader(key) == leader);
    assert_eq!(
        partition(&cluster).recovery,
        LeaderRecovery::Recovering,
        "and says that something may be lost"
    );
    cluster.wait_for("the other follows", |cluster| cluster.isr(key).len() == 2);
    assert_eq!(partition(&cluster).recovery, LeaderRecovery::Recovered);
    cluster.produce(key, -1, "b").unwrap();
}

#[test]
fn a_fetch_says_which_epoch_it_means() {
    let (mut cluster, key) = with_topic(&[]);
    let first = cluster.leader(key);
    cluster.shut_down(first);
    cluster.wait_for("another leads", |cluster| ![first, -1].contains(&cluster.leader(key)));
    cluster.run(500);
    let leader = cluster.leader(key);
    for (epoch, expected) in [
        (0, Some(ErrorCode::FencedLeaderEpoch)),
        (1, None),
        (2, Some(ErrorCode::UnknownLeaderEpoch)),
    ] {
        let mut request = fetch(key, 0, 0);
        if let Request::Fetch(fetch) = &mut request {
            fetch.partitions[0].current_leader_epoch = epoch;
        }
        let Response::Fetched(each) = cluster.ask_broker(leader, request) else {
            panic!("not an answer to a fetch");
        };
        assert_eq!(
            each[0].1.as_ref().err().map(|failure| failure.error),
            expected,
            "epoch {epoch}"
        );
    }
}
