//! What the controllers write down about a cluster, and the picture that follows from it. Controllers and brokers replay
//! the same records (`__cluster_metadata`), so that all have the same picture at the same offset.

pub mod record;

pub use record::MetadataRecord;

use std::collections::BTreeMap;

use crate::batch::Batch;
use crate::partition::IsrSettings;
use crate::partition_change::PartitionRegistration;
use crate::uuid::Uuid;
use crate::wire::WireError;

/// A broker, as the metadata have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerRegistration {
    /// Raised with each registration: the offset of the record.
    pub epoch: i64,
    /// Of the process.
    pub incarnation: Uuid,
    /// `broker.rack`
    pub rack: Option<String>,
    /// The name of its host.
    pub host: String,
    /// Not (or no longer) live.
    pub fenced: bool,
    /// It is about to stop.
    pub in_controlled_shutdown: bool,
}

/// A topic, as the metadata have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Its partitions.
    pub partitions: BTreeMap<i32, PartitionRegistration>,
    /// What was set for it.
    pub configs: BTreeMap<String, String>,
}

impl Topic {
    /// `min.insync.replicas`, of which the default is 1.
    pub fn min_insync_replicas(&self) -> usize {
        let set = self.configs.get("min.insync.replicas");
        set.and_then(|text| text.parse().ok()).unwrap_or(1)
    }

    /// `unclean.leader.election.enable`
    pub fn allows_unclean_election(&self) -> bool {
        self.configs
            .get("unclean.leader.election.enable")
            .is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// What its leaders go by.
    pub fn isr_settings(&self, replica_lag_time_max_ms: i64) -> IsrSettings {
        IsrSettings {
            replica_lag_time_max_ms,
            min_insync_replicas: self.min_insync_replicas(),
        }
    }
}

/// The cluster, as of an offset of the metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Everything below is in it.
    pub offset: i64,
    /// The brokers that ever registered.
    pub brokers: BTreeMap<i32, BrokerRegistration>,
    /// The topics.
    pub topics: BTreeMap<Uuid, Topic>,
    /// Their ids by name.
    pub names: BTreeMap<String, Uuid>,
    /// The first producer id that nobody has.
    pub next_producer_id: i64,
}

impl Image {
    /// Whether a broker may lead: registered, not fenced, not about to stop.
    pub fn is_active(&self, broker: i32) -> bool {
        self.brokers
            .get(&broker)
            .is_some_and(|broker| !broker.fenced && !broker.in_controlled_shutdown)
    }

    /// Whether a broker may be in an ISR: the same, and in this epoch (-1: any).
    pub fn is_eligible(&self, broker: i32, epoch: i64) -> bool {
        self.is_active(broker) && (epoch == -1 || self.brokers[&broker].epoch == epoch)
    }

    /// A topic by name.
    pub fn topic(&self, name: &str) -> Option<(Uuid, &Topic)> {
        let id = *self.names.get(name)?;
        Some((id, self.topics.get(&id)?))
    }

    /// A partition.
    pub fn partition(&self, topic: Uuid, partition: i32) -> Option<&PartitionRegistration> {
        self.topics.get(&topic)?.partitions.get(&partition)
    }

    /// All partitions.
    pub fn partitions(&self) -> impl Iterator<Item = (Uuid, i32, &PartitionRegistration)> {
        self.topics.iter().flat_map(|(id, topic)| {
            let partitions = topic.partitions.iter();
            partitions.map(|(number, partition)| (*id, *number, partition))
        })
    }

    /// Takes a batch in that follows what is there.
    pub fn replay_batch(&mut self, batch: &Batch) -> Result<(), WireError> {
        if !batch.is_control() {
            for record in batch.records() {
                let record = record.map_err(|_| WireError::End)?;
                let value = record.value.unwrap_or_default();
                self.replay(&MetadataRecord::read(value)?);
            }
        }
        self.offset = batch.next_offset();
        Ok(())
    }

    /// Takes a record in.
    pub fn replay(&mut self, record: &MetadataRecord) {
        match record {
            MetadataRecord::RegisterBroker { id, registration } => {
                self.brokers.insert(*id, registration.clone());
            }
            MetadataRecord::BrokerChange {
                id,
                epoch,
                fenced,
                in_controlled_shutdown,
            } => {
                if let Some(broker) = self.brokers.get_mut(id).filter(|broker| broker.epoch == *epoch) {
                    broker.fenced = fenced.unwrap_or(broker.fenced);
                    broker.in_controlled_shutdown |= *in_controlled_shutdown;
                }
            }
            MetadataRecord::Topic { id, name } => {
                self.names.insert(name.clone(), *id);
                let topic = Topic {
                    name: name.clone(),
                    ..Topic::default()
                };
                self.topics.insert(*id, topic);
            }
            MetadataRecord::Partition {
                topic,
                partition,
                registration,
            } => {
                if let Some(topic) = self.topics.get_mut(topic) {
                    topic.partitions.insert(*partition, registration.clone());
                }
            }
            MetadataRecord::PartitionChange {
                topic,
                partition,
                change,
            } => {
                let topic = self.topics.get_mut(topic);
                if let Some(known) = topic.and_then(|topic| topic.partitions.get_mut(partition)) {
                    *known = known.merge(change);
                }
            }
            MetadataRecord::Config { topic, key, value } => {
                if let Some(topic) = self.topics.get_mut(topic) {
                    topic.configs.insert(key.clone(), value.clone());
                }
            }
            MetadataRecord::RemoveTopic { id } => {
                if let Some(topic) = self.topics.remove(id) {
                    self.names.remove(&topic.name);
                }
            }
            MetadataRecord::ProducerIds { next } => self.next_producer_id = *next,
        }
    }
}
