//! murmur2 of keys, and the coordinators of groups.

use essaim_kafka::{java, partitioner};
use serde::Deserialize;
use serde_json::Value;

use super::{bytes_of, same, typed};
use crate::Case;

#[derive(Deserialize)]
struct Key {
    key_hex: String,
    murmur2: i32,
    positive: i32,
    partition: Vec<i32>,
}

#[derive(Deserialize)]
struct Group {
    group: String,
    hash_code: i32,
    partition: i32,
}

pub fn keys(content: &Value, list: &[Value]) -> Result<Vec<Case>, String> {
    let moduli: Vec<i32> = match content.get("moduli") {
        Some(moduli) => typed(moduli)?,
        None => Vec::new(),
    };
    let run = |value: &Value| {
        let key: Key = typed(value)?;
        let name = format!("key {}", key.key_hex);
        Ok(Case::new("murmur2", name, check_key(&key, &moduli)))
    };
    list.iter().map(run).collect()
}

fn check_key(key: &Key, moduli: &[i32]) -> Result<(), String> {
    let bytes = bytes_of(&key.key_hex)?;
    let hash = partitioner::murmur2(&bytes);
    same("murmur2", &key.murmur2, &hash)?;
    same("positive", &key.positive, &partitioner::to_positive(hash))?;
    let partitions: Vec<i32> = moduli
        .iter()
        .map(|count| partitioner::keyed_partition(&bytes, *count))
        .collect();
    same("partitions", &key.partition, &partitions)
}

pub fn groups(content: &Value, list: &[Value]) -> Result<Vec<Case>, String> {
    let count: i32 = match content.get("offsets_topic_partitions") {
        Some(count) => typed(count)?,
        None => 50,
    };
    let run = |value: &Value| {
        let Group {
            group,
            hash_code,
            partition,
        } = typed(value)?;
        let result = same("hash code", &hash_code, &java::string_hash(&group)).and_then(|()| {
            let here = partitioner::coordinator_partition(&group, count);
            same("coordinator's partition", &partition, &here)
        });
        Ok(Case::new("coordinator", format!("group {group:?}"), result))
    };
    list.iter().map(run).collect()
}
