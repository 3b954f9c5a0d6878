//! The assignors of the client, and the bytes of what members send.

use std::collections::{BTreeMap, BTreeSet};

use essaim_kafka::assignor::subscription::{self, StickyUserData};
use essaim_kafka::assignor::{ClientAssignor, Member, Subscription, TopicPartition, Topics};
use serde::Deserialize;

use super::assignments::{Bounds, Compare, Shares, compare};
use super::{bytes_of, hex_of, same};
use crate::Case;

#[derive(Deserialize)]
pub struct Chain {
    seed: i64,
    assignor: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    event: String,
    topics: BTreeMap<String, usize>,
    replica_racks: Option<BTreeMap<String, Vec<Vec<Option<String>>>>>,
    members: Vec<OneMember>,
    member_order: Vec<String>,
    expected: Shares,
    compare: Compare,
    bounds: Option<Bounds>,
}

#[derive(Deserialize)]
struct OneMember {
    id: String,
    instance: Option<String>,
    rack: Option<String>,
    topics: Vec<String>,
    owned: Option<BTreeMap<String, Vec<i32>>>,
    user_data_generation: Option<i32>,
    join_generation: Option<i32>,
    subscription_hex: Option<String>,
}

pub fn run(chain: &Chain) -> Case {
    let name = format!("seed {}", chain.seed);
    let Some(assignor) = ClientAssignor::named(&chain.assignor) else {
        return Case::new(&chain.assignor, name, Err("no such assignor".to_owned()));
    };
    let mut before: Option<&Shares> = None;
    let result = chain.steps.iter().enumerate().try_for_each(|(number, step)| {
        let checked = check(assignor, step, before);
        before = Some(&step.expected);
        checked.map_err(|difference| format!("step {} ({}): {difference}", number + 1, step.event))
    });
    Case::new(&chain.assignor, name, result)
}

fn check(assignor: ClientAssignor, step: &Step, before: Option<&Shares>) -> Result<(), String> {
    let topics = topics(step);
    let as_listed: Vec<Member> = step
        .members
        .iter()
        .map(|member| joined(assignor, member))
        .collect::<Result<_, _>>()?;
    let mut in_order = as_listed.clone();
    in_order.sort_by_key(|member| step.member_order.iter().position(|id| *id == member.id));
    let subscriptions = step
        .members
        .iter()
        .map(|member| {
            (
                member.id.clone(),
                member.topics.iter().cloned().collect::<BTreeSet<_>>(),
            )
        })
        .collect();
    let check = |members: &[Member]| {
        let here = assigned(assignor, &topics, members)?;
        compare(
            step.compare,
            step.bounds.as_ref(),
            &step.expected,
            &here,
            before,
            &subscriptions,
        )
    };
    check(&in_order)?;
    if step.compare == Compare::Exact {
        check(&as_listed).map_err(|difference| format!("as listed: {difference}"))?;
    }
    Ok(())
}

fn topics(step: &Step) -> Topics {
    let racks_of = |topic: &str, partition: usize| {
        let racks = step.replica_racks.as_ref()?.get(topic)?.get(partition)?;
        Some(racks.iter().flatten().cloned().collect())
    };
    let one = |(topic, count): (&String, &usize)| {
        let partitions = (0..*count).map(|partition| racks_of(topic, partition).unwrap_or_default());
        (topic.clone(), partitions.collect())
    };
    step.topics.iter().map(one).collect()
}

/// The member as the group's leader sees it: its subscription went through the bytes of the protocol.
fn joined(assignor: ClientAssignor, member: &OneMember) -> Result<Member, String> {
    let owned: Vec<TopicPartition> = member
        .owned
        .iter()
        .flatten()
        .flat_map(|(topic, partitions)| {
            partitions
                .iter()
                .map(|partition| TopicPartition::new(topic, *partition))
        })
        .collect();
    let (user_data, owned) = match assignor {
        ClientAssignor::Sticky => {
            let data = member.user_data_generation.map(|generation| {
                let data = StickyUserData {
                    owned,
                    generation: Some(generation),
                };
                data.encode()
            });
            (data, Vec::new())
        }
        ClientAssignor::CooperativeSticky => {
            let generation = member.user_data_generation.unwrap_or(subscription::NO_GENERATION);
            (Some(subscription::cooperative_user_data(generation)), owned)
        }
        ClientAssignor::Range | ClientAssignor::RoundRobin => (None, owned),
    };
    let subscription = Subscription {
        topics: member.topics.clone(),
        user_data,
        owned,
        generation: member.join_generation.filter(|generation| *generation >= 0),
        rack: member.rack.clone(),
    };
    let bytes = subscription.encode(subscription::VERSION_MAX);
    if let Some(hex) = &member.subscription_hex {
        let real = bytes_of(hex)?;
        if assignor == ClientAssignor::Sticky {
            // The order of the topics in the user data is free.
            same("subscription's size", &real.len(), &bytes.len())?;
            let (real, here) = (without_order(&real)?, without_order(&bytes)?);
            same("subscription", &real, &here)?;
        } else {
            same("subscription's bytes", hex, &hex_of(&bytes))?;
        }
    }
    Ok(Member {
        id: member.id.clone(),
        instance: member.instance.clone(),
        subscription: Subscription::decode(&bytes).map_err(|error| error.to_string())?,
    })
}

fn without_order(bytes: &[u8]) -> Result<(Subscription, Option<StickyUserData>), String> {
    let mut subscription = Subscription::decode(bytes).map_err(|error| error.to_string())?;
    let data = subscription.user_data.take().map(|data| {
        let mut data = StickyUserData::decode(&data);
        data.owned.sort();
        data
    });
    Ok((subscription, data))
}

fn assigned(assignor: ClientAssignor, topics: &Topics, members: &[Member]) -> Result<Shares, String> {
    let assignment = assignor.assign(topics, members).map_err(|error| error.to_string())?;
    let mut shares = Shares::new();
    for (member, partitions) in assignment {
        let share = shares.entry(member).or_default();
        for TopicPartition { topic, partition } in partitions {
            if !share.entry(topic.clone()).or_default().insert(partition) {
                return Err(format!("{topic}-{partition} is given twice"));
            }
        }
    }
    Ok(shares)
}
