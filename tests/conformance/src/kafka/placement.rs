//! Replica placement, and the random generator beneath it.

use essaim_kafka::java::Random;
use essaim_kafka::placement::{self, Broker};
use serde::Deserialize;
use serde_json::Value;

use super::{same, typed};
use crate::Case;

#[derive(Deserialize)]
struct Draws {
    seed: String,
    next31: Vec<i32>,
    bounds: Vec<i32>,
    next_int_of_bounds: Vec<i32>,
    shuffle_0_to_9: Vec<i32>,
}

pub fn randoms(list: &[Value]) -> Result<Vec<Case>, String> {
    let run = |value: &Value| {
        let draws: Draws = typed(value)?;
        let name = format!("seed {}", draws.seed);
        Ok(Case::new("java.util.Random", name, check_draws(&draws)))
    };
    list.iter().map(run).collect()
}

fn check_draws(draws: &Draws) -> Result<(), String> {
    let seed: i64 = draws.seed.parse().map_err(|error| format!("{error}"))?;
    let mut random = Random::new(seed);
    let next: Vec<i32> = draws.next31.iter().map(|_| random.next_31()).collect();
    same("next31", &draws.next31, &next)?;
    let mut random = Random::new(seed);
    let below: Vec<i32> = draws.bounds.iter().map(|bound| random.next_below(*bound)).collect();
    same("nextInt", &draws.next_int_of_bounds, &below)?;
    let mut list: Vec<i32> = (0..10).collect();
    Random::new(seed).shuffle(&mut list);
    same("shuffle", &draws.shuffle_0_to_9, &list)
}

#[derive(Deserialize)]
pub struct Placement {
    seed: i64,
    calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    brokers: Vec<OneBroker>,
    partitions: usize,
    replication_factor: i32,
    expected: Option<Vec<Vec<i32>>>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct OneBroker {
    id: i32,
    rack: Option<String>,
    fenced: bool,
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
    message: String,
}

pub fn run(case: &Placement) -> Case {
    let mut random = Random::new(case.seed);
    let result = case.calls.iter().enumerate().try_for_each(|(number, call)| {
        check(&mut random, call).map_err(|difference| format!("call {}: {difference}", number + 1))
    });
    Case::new("placement", format!("seed {}", case.seed), result)
}

fn check(random: &mut Random, call: &Call) -> Result<(), String> {
    let brokers: Vec<Broker> = call
        .brokers
        .iter()
        .map(|broker| Broker {
            id: broker.id,
            rack: broker.rack.clone(),
            fenced: broker.fenced,
        })
        .collect();
    let here = placement::place(random, &brokers, call.partitions, call.replication_factor)
        .map_err(|error| ("INVALID_REPLICATION_FACTOR".to_owned(), error.to_string()));
    let real = match (&call.expected, &call.error) {
        (Some(expected), _) => Ok(expected.clone()),
        (None, Some(refusal)) => Err((refusal.code.clone(), refusal.message.clone())),
        (None, None) => return Err("the vector says neither a result nor an error".to_owned()),
    };
    same("replicas", &real, &here)
}
