//! Changes of partitions: who is in sync, who leads.

use super::Active;
use crate::error::ErrorCode;
use crate::message::{Each, Failure, PartitionKey};
use crate::metadata::{Image, MetadataRecord, Topic};
use crate::partition::AlterPartition;
use crate::partition_change::{Election, LeaderRecovery, NO_LEADER, PartitionRegistration, Wanted};
use crate::uuid::Uuid;

/// What is wanted of a partition of this topic, where nothing is.
fn wanted<'a>(topic: &Topic, partition: &'a PartitionRegistration) -> Wanted<'a> {
    let mut wanted = Wanted::new(partition, topic.min_insync_replicas());
    if topic.allows_unclean_election() {
        wanted.election = Election::Unclean;
    }
    wanted
}

fn all(image: &Image) -> impl Iterator<Item = (Uuid, &Topic, i32, &PartitionRegistration)> {
    image.topics.iter().flat_map(|(id, topic)| {
        let partitions = topic.partitions.iter();
        partitions.map(move |(number, partition)| (*id, topic, *number, partition))
    })
}

fn push(
    key: PartitionKey,
    wanted: Wanted<'_>,
    is_live: &dyn Fn(i32) -> bool,
    records: &mut Vec<MetadataRecord>,
) -> bool {
    let change = wanted.change(is_live);
    let is_changed = change.is_some();
    records.extend(change.map(|change| MetadataRecord::PartitionChange {
        topic: key.0,
        partition: key.1,
        change,
    }));
    is_changed
}

fn without(list: &[i32], id: i32) -> Vec<i32> {
    list.iter().copied().filter(|other| *other != id).collect()
}

impl Active {
    /// A broker stops, or is not heard of: it leaves every ISR it is in.
    pub(super) fn remove_from_isrs(&self, id: i32, is_live: &dyn Fn(i32) -> bool, records: &mut Vec<MetadataRecord>) {
        for (topic_id, topic, number, partition) in all(&self.latest) {
            if partition.isr.contains(&id) || partition.leader == id {
                let mut wanted = wanted(topic, partition);
                wanted.isr = without(&partition.isr, id);
                push((topic_id, number), wanted, is_live, records);
            }
        }
    }

    /// A broker has come back without having stopped in good order: it may have lost what it had, so it is neither in
    /// sync nor eligible any more.
    pub(super) fn forget_unclean(&self, id: i32, records: &mut Vec<MetadataRecord>) {
        let is_live = |live| live != id && self.latest.is_active(live);
        for (topic_id, topic, number, partition) in all(&self.latest) {
            if partition.isr.contains(&id) || partition.elr.contains(&id) {
                let mut wanted = wanted(topic, partition);
                wanted.isr = without(&partition.isr, id);
                let unclean = [id];
                wanted.unclean_shutdowns = &unclean;
                push((topic_id, number), wanted, &is_live, records);
            }
        }
    }

    /// A broker is live: what has no leader may get one.
    pub(super) fn unfence(&self, id: i32, epoch: i64, records: &mut Vec<MetadataRecord>) {
        records.push(MetadataRecord::BrokerChange {
            id,
            epoch,
            fenced: Some(false),
            in_controlled_shutdown: false,
        });
        let is_live = |live| live == id || self.latest.is_active(live);
        for (topic_id, topic, number, partition) in all(&self.latest) {
            if partition.leader == NO_LEADER {
                push((topic_id, number), wanted(topic, partition), &is_live, records);
            }
        }
    }

    /// A leader proposes an ISR.
    pub(super) fn alter_partition(
        &self,
        leader: i32,
        key: PartitionKey,
        proposal: &AlterPartition,
        records: &mut Vec<MetadataRecord>,
    ) -> Result<(), Failure> {
        let topic = self.latest.topics.get(&key.0).ok_or(ErrorCode::UnknownTopicId)?;
        let partition = topic.partitions.get(&key.1);
        let partition = partition.ok_or(ErrorCode::UnknownTopicOrPartition)?;
        check(leader, partition, proposal)?;
        let eligible = |(id, epoch): &(i32, i64)| self.latest.is_eligible(*id, *epoch);
        if !proposal.isr.iter().all(eligible) {
            return Err(ErrorCode::IneligibleReplica.into());
        }
        let mut wanted = wanted(topic, partition);
        wanted.isr = proposal.isr.iter().map(|(id, _)| *id).collect();
        wanted.recovery = proposal.recovery;
        push(key, wanted, &|id| self.latest.is_active(id), records);
        Ok(())
    }

    pub(super) fn elect_leaders(
        &self,
        unclean: bool,
        partitions: &[(String, i32)],
        records: &mut Vec<MetadataRecord>,
    ) -> Each<(String, i32), ()> {
        let elect = |(name, number): &(String, i32), records: &mut Vec<MetadataRecord>| {
            let Some((id, topic)) = self.latest.topic(name) else {
                return Err(Failure::new(
                    ErrorCode::UnknownTopicOrPartition,
                    format!("No such topic as {name}"),
                ));
            };
            let Some(partition) = topic.partitions.get(number) else {
                return Err(Failure::new(
                    ErrorCode::UnknownTopicOrPartition,
                    format!("No such partition as {name}-{number}"),
                ));
            };
            let is_needed = if unclean {
                partition.leader == NO_LEADER
            } else {
                !partition.has_preferred_leader()
            };
            if !is_needed {
                return Err(ErrorCode::ElectionNotNeeded.into());
            }
            let mut wanted = wanted(topic, partition);
            wanted.election = if unclean {
                Election::Unclean
            } else {
                Election::Preferred
            };
            let change = wanted.change(&|id| self.latest.is_active(id));
            let leader = change.as_ref().and_then(|change| change.leader);
            let is_elected = match leader {
                Some(leader) if unclean => leader != NO_LEADER,
                Some(leader) => Some(&leader) == partition.replicas.first(),
                None => false,
            };
            if !is_elected {
                return Err(if unclean {
                    ErrorCode::EligibleLeadersNotAvailable.into()
                } else {
                    ErrorCode::PreferredLeaderNotAvailable.into()
                });
            }
            records.extend(change.map(|change| MetadataRecord::PartitionChange {
                topic: id,
                partition: *number,
                change,
            }));
            Ok(())
        };
        partitions
            .iter()
            .map(|key| (key.clone(), elect(key, records)))
            .collect()
    }
}

/// Whether a proposal is about the partition as it is.
fn check(leader: i32, partition: &PartitionRegistration, proposal: &AlterPartition) -> Result<(), ErrorCode> {
    if proposal.leader_epoch > partition.leader_epoch || proposal.partition_epoch > partition.partition_epoch {
        // The broker knows more than this controller: another must be active.
        return Err(ErrorCode::NotController);
    }
    if proposal.leader_epoch < partition.leader_epoch {
        return Err(ErrorCode::FencedLeaderEpoch);
    }
    if leader != partition.leader {
        return Err(ErrorCode::InvalidRequest);
    }
    if proposal.partition_epoch < partition.partition_epoch {
        return Err(ErrorCode::InvalidUpdateVersion);
    }
    let is_replica = |(id, _): &(i32, i64)| partition.replicas.contains(id);
    let has_leader = proposal.isr.iter().any(|(id, _)| *id == leader);
    let recovers_alone = proposal.recovery == LeaderRecovery::Recovered || proposal.isr.len() == 1;
    let goes_back = proposal.recovery == LeaderRecovery::Recovering && partition.recovery == LeaderRecovery::Recovered;
    if !proposal.isr.iter().all(is_replica) || !has_leader || !recovers_alone || goes_back {
        return Err(ErrorCode::InvalidRequest);
    }
    Ok(())
}
