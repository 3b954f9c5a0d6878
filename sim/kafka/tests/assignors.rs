//! What holds of every assignment, over random groups; the golden vectors (`cargo xtask conformance kafka`) say more,
//! where they are at hand.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use essaim_kafka::assignor::server::{self, GroupMember, GroupSpec, ServerAssignor, Target};
use essaim_kafka::assignor::subscription::StickyUserData;
use essaim_kafka::assignor::{Assignment, ClientAssignor, Member, Subscription, TopicPartition, Topics};
use essaim_kafka::uuid::Uuid;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const RACKS: [&str; 3] = ["r1", "r2", "r3"];

#[derive(Clone, Debug)]
struct World {
    topics: Topics,
    members: Vec<Member>,
}

fn topics() -> impl Strategy<Value = Topics> {
    let racks =
        btree_set(0..3_usize, 0..3).prop_map(|racks| racks.into_iter().map(|rack| RACKS[rack].to_owned()).collect());
    btree_map(
        (0..4_usize).prop_map(|name| NAMES[name].to_owned()),
        vec(racks, 0..7),
        0..4,
    )
}

fn world() -> impl Strategy<Value = World> {
    // A client without a topic does not join: Kafka's sticky assignors do not expect it.
    let member = (btree_set(0..4_usize, 1..4), option::of(0..3_usize), any::<bool>());
    (topics(), vec(member, 0..6), any::<bool>()).prop_map(|(topics, members, alike)| {
        let first = members.first().map(|(topics, ..)| topics.clone()).unwrap_or_default();
        let members = members.into_iter().enumerate().map(|(number, (own, rack, is_static))| {
            let subscribed = if alike { &first } else { &own };
            Member {
                id: format!("m{number}"),
                instance: is_static.then(|| format!("i{}", 9 - number)),
                subscription: Subscription {
                    topics: subscribed.iter().map(|name| NAMES[*name].to_owned()).collect(),
                    rack: rack.map(|rack| RACKS[rack].to_owned()),
                    ..Subscription::default()
                },
            }
        });
        World {
            members: members.collect(),
            topics,
        }
    })
}

/// Each partition that somebody may read has one reader, who subscribes to it.
fn check_whole(world: &World, assignment: &Assignment) {
    assert_eq!(assignment.len(), world.members.len());
    let mut given = BTreeSet::new();
    for member in &world.members {
        for one in &assignment[&member.id] {
            assert!(
                member.subscription.topics.contains(&one.topic),
                "{one} to {}",
                member.id
            );
            assert!(given.insert(one.clone()), "{one} twice");
        }
    }
    let mut wanted = BTreeSet::new();
    for (topic, partitions) in &world.topics {
        if world
            .members
            .iter()
            .any(|member| member.subscription.topics.contains(topic))
        {
            wanted.extend((0..partitions.len() as i32).map(|partition| TopicPartition::new(topic, partition)));
        }
    }
    assert_eq!(given, wanted);
}

/// The members after this assignment, in this generation, ready to join again.
fn remember(world: &mut World, assignor: ClientAssignor, assignment: &Assignment, generation: i32) {
    for member in &mut world.members {
        let owned = assignment[&member.id].clone();
        member.subscription.generation = Some(generation);
        if assignor == ClientAssignor::Sticky {
            let data = StickyUserData {
                owned,
                generation: Some(generation),
            };
            member.subscription.user_data = Some(data.encode());
        } else {
            member.subscription.owned = owned;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn clients_share_out_everything_once(world in world(), which in 0..3_usize) {
        let assignor = ClientAssignor::ALL[which];
        let assignment = assignor.assign(&world.topics, &world.members).unwrap();
        check_whole(&world, &assignment);
    }

    #[test]
    fn a_sticky_assignment_stays_when_nothing_changes(mut world in world()) {
        let first = ClientAssignor::Sticky.assign(&world.topics, &world.members).unwrap();
        remember(&mut world, ClientAssignor::Sticky, &first, 1);
        let sets = |assignment: &Assignment| -> BTreeMap<String, BTreeSet<TopicPartition>> {
            assignment.iter().map(|(id, share)| (id.clone(), share.iter().cloned().collect())).collect()
        };
        let second = ClientAssignor::Sticky.assign(&world.topics, &world.members).unwrap();
        let no_rack = world.members.iter().all(|member| member.subscription.rack.is_none());
        if no_rack {
            prop_assert_eq!(sets(&first), sets(&second));
        } else {
            check_whole(&world, &second);
        }
    }

    /// Members leave and come; each round gives nobody what another still has, and a few rounds give everything.
    #[test]
    fn cooperation_comes_to_an_end(mut world in world(), gone in 0..6_usize, newcomers in 0..3_usize) {
        let assignor = ClientAssignor::CooperativeSticky;
        let first = assignor.assign(&world.topics, &world.members).unwrap();
        remember(&mut world, assignor, &first, 1);
        if gone < world.members.len() {
            world.members.remove(gone);
        }
        for number in 0..newcomers {
            if let Some(mut member) = world.members.first().cloned() {
                member.id = format!("n{number}");
                member.instance = None;
                member.subscription.owned.clear();
                member.subscription.generation = None;
                world.members.push(member);
            }
        }
        for generation in 2..6 {
            let next = assignor.assign(&world.topics, &world.members).unwrap();
            for member in &world.members {
                for one in &next[&member.id] {
                    let had = |other: &Member| other.id != member.id && other.subscription.owned.contains(one);
                    prop_assert!(!world.members.iter().any(had), "{} is still another's", one);
                }
            }
            remember(&mut world, assignor, &next, generation);
        }
        let owned: Assignment = world.members.iter().map(|member| (member.id.clone(), member.subscription.owned.clone())).collect();
        check_whole(&world, &owned);
    }

    #[test]
    fn the_coordinator_shares_out_everything_once(
        counts in vec(0..9_i32, 1..4), subscriptions in vec(btree_set(0..3_usize, 0..4), 1..6),
        uniform in any::<bool>(), leaver in 0..6_usize,
    ) {
        let id = |number: usize| Uuid { high: number as i64 - 1, low: 5 };
        let counts: BTreeMap<Uuid, i32> = counts.into_iter().enumerate().map(|(number, count)| (id(number), count)).collect();
        let mut members: Vec<GroupMember> = subscriptions.into_iter().enumerate().map(|(number, topics)| GroupMember {
            id: format!("m{number}"),
            topics: topics.into_iter().map(id).filter(|topic| counts.contains_key(topic)).collect(),
            ..GroupMember::default()
        }).collect();
        let assignor = if uniform { ServerAssignor::Uniform } else { ServerAssignor::Range };
        for round in 0..3 {
            let names: Vec<BTreeSet<String>> = members.iter().map(|member| member.topics.iter().map(Uuid::to_string).collect()).collect();
            let kind = server::subscription_type(names.iter());
            let group = GroupSpec { partition_counts: &counts, members: &members, topic_order: &[] };
            let targets = assignor.assign(group, kind).unwrap();
            check_targets(&counts, &members, &targets);
            if round == 1 {
                let before: Vec<Target> = members.iter().map(|member| member.previous.clone()).collect();
                prop_assert_eq!(&targets, &before, "nothing has changed");
            }
            for (member, target) in members.iter_mut().zip(targets) {
                member.previous = target;
            }
            if round == 1 && members.len() > 1 {
                members.remove(leaver % members.len());
            }
        }
    }
}

fn check_targets(counts: &BTreeMap<Uuid, i32>, members: &[GroupMember], targets: &[Target]) {
    let mut given = BTreeSet::new();
    for (member, target) in members.iter().zip(targets) {
        for (topic, partitions) in target {
            assert!(member.topics.contains(topic) && !partitions.is_empty());
            for partition in partitions {
                assert!(given.insert((*topic, *partition)), "{topic}-{partition} twice");
            }
        }
    }
    let read = |topic: &Uuid| members.iter().any(|member| member.topics.contains(topic));
    let all: i32 = counts
        .iter()
        .filter(|(topic, _)| read(topic))
        .map(|(_, count)| count)
        .sum();
    assert_eq!(given.len() as i32, all);
}

#[test]
fn a_topic_that_is_not_there_is_refused() {
    let topic = Uuid { high: 1, low: 2 };
    let members = [GroupMember {
        id: "m".to_owned(),
        topics: BTreeSet::from([topic]),
        ..GroupMember::default()
    }];
    let group = GroupSpec {
        partition_counts: &BTreeMap::new(),
        members: &members,
        topic_order: &[],
    };
    let refused = ServerAssignor::Uniform
        .assign(group, server::SubscriptionType::Homogeneous)
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("Members are subscribed to topic {topic} which doesn't exist in the topic metadata.")
    );
}
