//! The assignors of the group coordinator (KIP-848).

use std::collections::{BTreeMap, BTreeSet};

use essaim_kafka::assignor::server::{self, GroupMember, GroupSpec, ServerAssignor, SubscriptionType, Target};
use essaim_kafka::uuid::Uuid;
use serde::Deserialize;

use super::assignments::{Bounds, Compare, Shares, compare};
use super::same;
use crate::Case;

#[derive(Deserialize)]
pub struct Chain {
    seed: i64,
    assignor: String,
    topic_ids: BTreeMap<String, String>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    event: String,
    topics: BTreeMap<String, i32>,
    subscription_type: Option<String>,
    members: Vec<OneMember>,
    member_order: Vec<String>,
    topic_order: Option<Vec<String>>,
    expected: Shares,
    compare: Compare,
    bounds: Option<Bounds>,
}

#[derive(Deserialize)]
struct OneMember {
    id: String,
    instance: Option<String>,
    topics: BTreeSet<String>,
    previous: BTreeMap<String, BTreeSet<i32>>,
}

pub fn run(chain: &Chain) -> Case {
    let name = format!("seed {}", chain.seed);
    Case::new(&chain.assignor, name, check_chain(chain))
}

fn check_chain(chain: &Chain) -> Result<(), String> {
    let assignor = ServerAssignor::named(&chain.assignor).ok_or("no such assignor")?;
    let mut ids = BTreeMap::new();
    for (name, text) in &chain.topic_ids {
        let id = Uuid::parse(text).ok_or_else(|| format!("{text} is not a Kafka UUID"))?;
        same("topic id", text, &id.to_string())?;
        ids.insert(name.clone(), id);
    }
    let mut before: Option<&Shares> = None;
    for (number, step) in chain.steps.iter().enumerate() {
        check(assignor, &ids, step, before)
            .map_err(|difference| format!("step {} ({}): {difference}", number + 1, step.event))?;
        before = Some(&step.expected);
    }
    Ok(())
}

fn check(
    assignor: ServerAssignor,
    ids: &BTreeMap<String, Uuid>,
    step: &Step,
    before: Option<&Shares>,
) -> Result<(), String> {
    let id_of = |name: &String| ids.get(name).copied().ok_or_else(|| format!("{name} has no id"));
    let mut partition_counts = BTreeMap::new();
    for (name, count) in &step.topics {
        partition_counts.insert(id_of(name)?, *count);
    }
    let mut members = Vec::new();
    for member in &step.members {
        let known = member.topics.iter().filter(|name| step.topics.contains_key(*name));
        let mut previous = Target::new();
        for (name, partitions) in &member.previous {
            previous.insert(id_of(name)?, partitions.clone());
        }
        members.push(GroupMember {
            id: member.id.clone(),
            instance: member.instance.clone(),
            topics: known.map(id_of).collect::<Result<_, _>>()?,
            previous,
        });
    }
    let kind = server::subscription_type(step.members.iter().map(|member| &member.topics));
    if let Some(real) = &step.subscription_type {
        let here = match kind {
            SubscriptionType::Homogeneous => "homogeneous",
            SubscriptionType::Heterogeneous => "heterogeneous",
        };
        same("subscription type", real, &here.to_owned())?;
    }
    let order = step.topic_order.iter().flatten().map(id_of);
    let topic_order: Vec<Uuid> = order.collect::<Result<_, _>>()?;
    let subscriptions = step
        .members
        .iter()
        .map(|member| (member.id.clone(), member.topics.clone()))
        .collect();
    let check = |members: &[GroupMember], topic_order: &[Uuid]| {
        let group = GroupSpec {
            partition_counts: &partition_counts,
            members,
            topic_order,
        };
        let targets = assignor.assign(group, kind).map_err(|error| error.to_string())?;
        let here = named(members, &targets, ids);
        compare(
            step.compare,
            step.bounds.as_ref(),
            &step.expected,
            &here,
            before,
            &subscriptions,
        )
    };
    let as_listed = members.clone();
    members.sort_by_key(|member| step.member_order.iter().position(|id| *id == member.id));
    check(&members, &topic_order)?;
    if step.compare == Compare::Exact {
        check(&as_listed, &[]).map_err(|difference| format!("as listed: {difference}"))?;
    }
    Ok(())
}

fn named(members: &[GroupMember], targets: &[Target], ids: &BTreeMap<String, Uuid>) -> Shares {
    let names: BTreeMap<Uuid, &String> = ids.iter().map(|(name, id)| (*id, name)).collect();
    let topics = |target: &Target| {
        let one = |(id, partitions): (&Uuid, &BTreeSet<i32>)| (names[id].clone(), partitions.clone());
        target.iter().map(one).collect()
    };
    let members = members.iter().zip(targets);
    members
        .map(|(member, target)| (member.id.clone(), topics(target)))
        .collect()
}
