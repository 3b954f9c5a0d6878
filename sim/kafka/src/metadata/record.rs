//! Records of `__cluster_metadata`. Each begins as Kafka's do, with the frame's version, the record's number and its
//! version; the fields that follow are this engine's.

use super::BrokerRegistration;
use crate::partition_change::{LeaderRecovery, PartitionChange, PartitionRegistration};
use crate::uuid::Uuid;
use crate::wire::{self, Reader, WireError};

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataRecord {
    /// A broker registered.
    RegisterBroker {
        /// `node.id`
        id: i32,
        /// The rest.
        registration: BrokerRegistration,
    },
    /// `BrokerRegistrationChange`
    BrokerChange {
        /// Which broker.
        id: i32,
        /// In which epoch; in another, nothing changes.
        epoch: i64,
        /// It is fenced, or no longer.
        fenced: Option<bool>,
        /// It is about to stop.
        in_controlled_shutdown: bool,
    },
    /// A topic begins.
    Topic {
        /// Its id.
        id: Uuid,
        /// Its name.
        name: String,
    },
    /// A partition begins.
    Partition {
        /// Its topic.
        topic: Uuid,
        /// Its number.
        partition: i32,
        /// Its state.
        registration: PartitionRegistration,
    },
    /// A partition changes.
    PartitionChange {
        /// Its topic.
        topic: Uuid,
        /// Its number.
        partition: i32,
        /// What is different.
        change: PartitionChange,
    },
    /// A topic's setting.
    Config {
        /// The topic.
        topic: Uuid,
        /// The setting.
        key: String,
        /// Its value.
        value: String,
    },
    /// A topic is gone.
    RemoveTopic {
        /// Its id.
        id: Uuid,
    },
    /// Producer ids below are given out.
    ProducerIds {
        /// The first that is not.
        next: i64,
    },
}

/// The numbers that Kafka's records have.
mod key {
    pub const TOPIC: u8 = 2;
    pub const PARTITION: u8 = 3;
    pub const CONFIG: u8 = 4;
    pub const PARTITION_CHANGE: u8 = 5;
    pub const REMOVE_TOPIC: u8 = 9;
    pub const PRODUCER_IDS: u8 = 15;
    pub const BROKER_CHANGE: u8 = 17;
    pub const REGISTER_BROKER: u8 = 27;
}

fn put_uuid(into: &mut Vec<u8>, id: Uuid) {
    wire::put_i64(into, id.high);
    wire::put_i64(into, id.low);
}

fn uuid(reader: &mut Reader<'_>) -> Result<Uuid, WireError> {
    Ok(Uuid {
        high: reader.i64()?,
        low: reader.i64()?,
    })
}

fn put_text(into: &mut Vec<u8>, text: &str) {
    wire::put_nullable_string(into, Some(text));
}

fn put_ids(into: &mut Vec<u8>, ids: &[i32]) {
    wire::put_i32(into, ids.len() as i32);
    for id in ids {
        wire::put_i32(into, *id);
    }
}

fn ids(reader: &mut Reader<'_>) -> Result<Vec<i32>, WireError> {
    reader.list(Reader::i32)
}

fn put_option<T>(into: &mut Vec<u8>, value: Option<T>, put: impl FnOnce(&mut Vec<u8>, T)) {
    into.push(u8::from(value.is_some()));
    if let Some(value) = value {
        put(into, value);
    }
}

fn flag(reader: &mut Reader<'_>) -> Result<bool, WireError> {
    Ok(reader.i8()? != 0)
}

fn option<T>(
    reader: &mut Reader<'_>,
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, WireError>,
) -> Result<Option<T>, WireError> {
    if flag(reader)? {
        read(reader).map(Some)
    } else {
        Ok(None)
    }
}

fn recovery(reader: &mut Reader<'_>) -> Result<LeaderRecovery, WireError> {
    Ok(if flag(reader)? {
        LeaderRecovery::Recovering
    } else {
        LeaderRecovery::Recovered
    })
}

fn put_recovery(into: &mut Vec<u8>, recovery: LeaderRecovery) {
    into.push(u8::from(recovery == LeaderRecovery::Recovering));
}

fn put_broker(into: &mut Vec<u8>, broker: &BrokerRegistration) {
    wire::put_i64(into, broker.epoch);
    put_uuid(into, broker.incarnation);
    wire::put_nullable_string(into, broker.rack.as_deref());
    put_text(into, &broker.host);
    into.push(u8::from(broker.fenced));
    into.push(u8::from(broker.in_controlled_shutdown));
}

fn broker(reader: &mut Reader<'_>) -> Result<BrokerRegistration, WireError> {
    Ok(BrokerRegistration {
        epoch: reader.i64()?,
        incarnation: uuid(reader)?,
        rack: reader.nullable_string()?.map(str::to_owned),
        host: reader.string()?.to_owned(),
        fenced: flag(reader)?,
        in_controlled_shutdown: flag(reader)?,
    })
}

fn put_partition(into: &mut Vec<u8>, partition: &PartitionRegistration) {
    for list in [
        &partition.replicas,
        &partition.isr,
        &partition.removing,
        &partition.adding,
        &partition.elr,
        &partition.last_known_elr,
    ] {
        put_ids(into, list);
    }
    wire::put_i32(into, partition.leader);
    put_recovery(into, partition.recovery);
    wire::put_i32(into, partition.leader_epoch);
    wire::put_i32(into, partition.partition_epoch);
}

fn partition(reader: &mut Reader<'_>) -> Result<PartitionRegistration, WireError> {
    Ok(PartitionRegistration {
        replicas: ids(reader)?,
        isr: ids(reader)?,
        removing: ids(reader)?,
        adding: ids(reader)?,
        elr: ids(reader)?,
        last_known_elr: ids(reader)?,
        leader: reader.i32()?,
        recovery: recovery(reader)?,
        leader_epoch: reader.i32()?,
        partition_epoch: reader.i32()?,
    })
}

fn put_change(into: &mut Vec<u8>, change: &PartitionChange) {
    put_option(into, change.leader, wire::put_i32);
    put_option(into, change.recovery, put_recovery);
    for list in [
        &change.isr,
        &change.replicas,
        &change.removing,
        &change.adding,
        &change.elr,
        &change.last_known_elr,
    ] {
        put_option(into, list.as_deref(), put_ids);
    }
}

fn change(reader: &mut Reader<'_>) -> Result<PartitionChange, WireError> {
    Ok(PartitionChange {
        leader: option(reader, |reader| reader.i32())?,
        recovery: option(reader, recovery)?,
        isr: option(reader, ids)?,
        replicas: option(reader, ids)?,
        removing: option(reader, ids)?,
        adding: option(reader, ids)?,
        elr: option(reader, ids)?,
        last_known_elr: option(reader, ids)?,
    })
}

impl MetadataRecord {
    fn key(&self) -> u8 {
        match self {
            Self::RegisterBroker { .. } => key::REGISTER_BROKER,
            Self::BrokerChange { .. } => key::BROKER_CHANGE,
            Self::Topic { .. } => key::TOPIC,
            Self::Partition { .. } => key::PARTITION,
            Self::PartitionChange { .. } => key::PARTITION_CHANGE,
            Self::Config { .. } => key::CONFIG,
            Self::RemoveTopic { .. } => key::REMOVE_TOPIC,
            Self::ProducerIds { .. } => key::PRODUCER_IDS,
        }
    }

    /// Its bytes: the value of a record of the log.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut into = vec![1, self.key(), 0];
        match self {
            Self::RegisterBroker { id, registration } => {
                wire::put_i32(&mut into, *id);
                put_broker(&mut into, registration);
            }
            Self::BrokerChange {
                id,
                epoch,
                fenced,
                in_controlled_shutdown,
            } => {
                wire::put_i32(&mut into, *id);
                wire::put_i64(&mut into, *epoch);
                put_option(&mut into, *fenced, |into, fenced| into.push(u8::from(fenced)));
                into.push(u8::from(*in_controlled_shutdown));
            }
            Self::Topic { id, name } => {
                put_uuid(&mut into, *id);
                put_text(&mut into, name);
            }
            Self::Partition {
                topic,
                partition,
                registration,
            } => {
                put_uuid(&mut into, *topic);
                wire::put_i32(&mut into, *partition);
                put_partition(&mut into, registration);
            }
            Self::PartitionChange {
                topic,
                partition,
                change,
            } => {
                put_uuid(&mut into, *topic);
                wire::put_i32(&mut into, *partition);
                put_change(&mut into, change);
            }
            Self::Config { topic, key, value } => {
                put_uuid(&mut into, *topic);
                put_text(&mut into, key);
                put_text(&mut into, value);
            }
            Self::RemoveTopic { id } => put_uuid(&mut into, *id),
            Self::ProducerIds { next } => wire::put_i64(&mut into, *next),
        }
        into
    }

    /// From its bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        let reader = &mut reader;
        let (frame, number, version) = (reader.i8()?, reader.i8()?, reader.i8()?);
        if frame != 1 || version != 0 {
            return Err(WireError::Length(i32::from(version)));
        }
        Ok(match number.cast_unsigned() {
            key::REGISTER_BROKER => Self::RegisterBroker {
                id: reader.i32()?,
                registration: broker(reader)?,
            },
            key::BROKER_CHANGE => Self::BrokerChange {
                id: reader.i32()?,
                epoch: reader.i64()?,
                fenced: option(reader, flag)?,
                in_controlled_shutdown: flag(reader)?,
            },
            key::TOPIC => Self::Topic {
                id: uuid(reader)?,
                name: reader.string()?.to_owned(),
            },
            key::PARTITION => Self::Partition {
                topic: uuid(reader)?,
                partition: reader.i32()?,
                registration: partition(reader)?,
            },
            key::PARTITION_CHANGE => Self::PartitionChange {
                topic: uuid(reader)?,
                partition: reader.i32()?,
                change: change(reader)?,
            },
            key::CONFIG => Self::Config {
                topic: uuid(reader)?,
                key: reader.string()?.to_owned(),
                value: reader.string()?.to_owned(),
            },
            key::REMOVE_TOPIC => Self::RemoveTopic { id: uuid(reader)? },
            key::PRODUCER_IDS => Self::ProducerIds { next: reader.i64()? },
            other => return Err(WireError::Length(i32::from(other))),
        })
    }
}
