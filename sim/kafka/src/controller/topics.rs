//! Topics begin, grow and end.

use super::{Active, Controller};
use crate::error::ErrorCode;
use crate::message::{CreatableTopic, Each, Failure};
use crate::metadata::{Image, MetadataRecord};
use crate::node::KafkaCx;
use crate::partition_change::PartitionRegistration;
use crate::placement::{self, Broker};
use crate::uuid::Uuid;

const NAME_LENGTH_MAX: usize = 249;

/// What is wrong with a name.
fn wrong_with(name: &str) -> Option<String> {
    let is_sound = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    match name {
        "" => Some("the empty string is not allowed".into()),
        "." | ".." => Some(format!("'{name}' is not allowed")),
        _ if name.chars().count() > NAME_LENGTH_MAX => Some(format!(
            "the length of '{name}' is longer than the max allowed length {NAME_LENGTH_MAX}"
        )),
        _ if !name.chars().all(is_sound) => Some(format!(
            "'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
        )),
        _ => None,
    }
}

/// Names that differ in `.` and `_` alone are one in the names of metrics.
fn collides(one: &str, other: &str) -> bool {
    one.replace('.', "_") == other.replace('.', "_")
}

fn brokers(image: &Image) -> Vec<Broker> {
    let brokers = image.brokers.iter().map(|(id, broker)| Broker {
        id: *id,
        rack: broker.rack.clone(),
        fenced: broker.fenced,
    });
    brokers.collect()
}

impl Controller {
    pub(super) fn create_topic(
        &mut self,
        active: &Active,
        topic: &CreatableTopic,
        records: &mut Vec<MetadataRecord>,
        cx: &mut KafkaCx<'_>,
    ) -> Result<Uuid, Failure> {
        let name = &topic.name;
        if let Some(wrong) = wrong_with(name) {
            let message = format!("Topic name is invalid: {wrong}");
            return Err(Failure::new(ErrorCode::InvalidTopic, message));
        }
        // Others of the same request count as well.
        let new = records.iter().filter_map(|record| match record {
            MetadataRecord::Topic { name, .. } => Some(name),
            _ => None,
        });
        for known in active.latest.names.keys().chain(new) {
            if known == name {
                let message = format!("Topic '{name}' already exists.");
                return Err(Failure::new(ErrorCode::TopicAlreadyExists, message));
            }
            if collides(known, name) {
                let message = format!("Topic '{name}' collides with existing topic: {known}");
                return Err(Failure::new(ErrorCode::InvalidTopic, message));
            }
        }
        let factor = topic.replication_factor;
        if factor < -1 || factor == 0 {
            let message = "Replication factor must be larger than 0, or -1 to use the default value.";
            return Err(Failure::new(ErrorCode::InvalidReplicationFactor, message));
        }
        if topic.partition_count < -1 || topic.partition_count == 0 {
            let message = "Number of partitions was set to an invalid non-positive value.";
            return Err(Failure::new(ErrorCode::InvalidPartitions, message));
        }
        let or_default = |value: i32, default: i32| if value == -1 { default } else { value };
        let count = or_default(topic.partition_count, self.config.partition_count);
        let factor = or_default(factor, self.config.replication_factor);
        let partitions = self.place(active, count, factor)?;
        let id = Uuid {
            high: cx.random().next_u64().cast_signed(),
            low: cx.random().next_u64().cast_signed(),
        };
        records.push(MetadataRecord::Topic { id, name: name.clone() });
        records.extend(topic.configs.iter().map(|(key, value)| MetadataRecord::Config {
            topic: id,
            key: key.clone(),
            value: value.clone(),
        }));
        push_partitions(id, 0, partitions, records);
        Ok(id)
    }

    fn place(&mut self, active: &Active, count: i32, factor: i32) -> Result<Vec<PartitionRegistration>, Failure> {
        let unable = |why: String| {
            let message = format!("Unable to replicate the partition {factor} time(s): {why}");
            Failure::new(ErrorCode::InvalidReplicationFactor, message)
        };
        let placed = placement::place(&mut self.random, &brokers(&active.latest), count as usize, factor);
        let placed = placed.map_err(|error| unable(error.to_string()))?;
        let begin = |replicas| {
            let partition = PartitionRegistration::new(replicas, |id| active.latest.is_active(id));
            if partition.isr.is_empty() {
                return Err(unable(
                    "All brokers are currently fenced or in controlled shutdown.".into(),
                ));
            }
            Ok(partition)
        };
        placed.into_iter().map(begin).collect()
    }

    pub(super) fn create_partitions(
        &mut self,
        active: &Active,
        name: &str,
        count: i32,
        records: &mut Vec<MetadataRecord>,
    ) -> Result<(), Failure> {
        let topic = active.latest.topic(name);
        let (id, topic) = topic.ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let present = topic.partitions.len() as i32;
        let message = match count.cmp(&present) {
            core::cmp::Ordering::Greater => {
                // All partitions have as many replicas as the first.
                let factor = topic.partitions.get(&0).map_or(1, |first| first.replicas.len() as i32);
                let partitions = self.place(active, count - present, factor)?;
                push_partitions(id, present, partitions, records);
                return Ok(());
            }
            core::cmp::Ordering::Equal => format!("Topic already has {present} partition(s)."),
            core::cmp::Ordering::Less => {
                format!("The topic {name} currently has {present} partition(s); {count} would not be an increase.")
            }
        };
        Err(Failure::new(ErrorCode::InvalidPartitions, message))
    }
}

fn push_partitions(topic: Uuid, first: i32, partitions: Vec<PartitionRegistration>, records: &mut Vec<MetadataRecord>) {
    records.extend(
        (first..)
            .zip(partitions)
            .map(|(partition, registration)| MetadataRecord::Partition {
                topic,
                partition,
                registration,
            }),
    );
}

impl Active {
    pub(super) fn delete_topics(&self, names: &[String], records: &mut Vec<MetadataRecord>) -> Each<String, ()> {
        let delete = |name: &String| {
            let result = match self.latest.topic(name) {
                Some((id, _)) if !records.contains(&MetadataRecord::RemoveTopic { id }) => {
                    records.push(MetadataRecord::RemoveTopic { id });
                    Ok(())
                }
                _ => Err(ErrorCode::UnknownTopicOrPartition.into()),
            };
            (name.clone(), result)
        };
        names.iter().map(delete).collect()
    }
}
