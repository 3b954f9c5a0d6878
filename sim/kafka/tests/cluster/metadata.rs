//! What is written down comes back as it was.

use essaim_kafka::metadata::{BrokerRegistration, MetadataRecord};
use essaim_kafka::partition_change::{LeaderRecovery, PartitionChange, PartitionRegistration};
use essaim_kafka::uuid::Uuid;
use proptest::collection::vec;
use proptest::prelude::*;

fn records() -> Vec<MetadataRecord> {
    let id = Uuid { high: 7, low: -9 };
    vec![
        MetadataRecord::RegisterBroker {
            id: 3,
            registration: BrokerRegistration {
                epoch: 12,
                incarnation: id,
                rack: Some("a".into()),
                host: "broker-3".into(),
                fenced: true,
                in_controlled_shutdown: false,
            },
        },
        MetadataRecord::BrokerChange {
            id: 3,
            epoch: 12,
            fenced: Some(false),
            in_controlled_shutdown: true,
        },
        MetadataRecord::Topic {
            id,
            name: "orders".into(),
        },
        MetadataRecord::Partition {
            topic: id,
            partition: 4,
            registration: PartitionRegistration {
                replicas: vec![1, 2, 3],
                isr: vec![1],
                removing: vec![4],
                adding: vec![5],
                elr: vec![2],
                last_known_elr: vec![3],
                leader: -1,
                recovery: LeaderRecovery::Recovering,
                leader_epoch: 8,
                partition_epoch: 9,
            },
        },
        MetadataRecord::PartitionChange {
            topic: id,
            partition: 4,
            change: PartitionChange {
                isr: Some(vec![]),
                leader: Some(-1),
                elr: Some(vec![1, 2]),
                recovery: Some(LeaderRecovery::Recovered),
                ..PartitionChange::default()
            },
        },
        MetadataRecord::PartitionChange {
            topic: id,
            partition: 5,
            change: PartitionChange {
                replicas: Some(vec![3]),
                removing: Some(vec![4]),
                adding: Some(vec![5]),
                last_known_elr: Some(vec![6]),
                ..PartitionChange::default()
            },
        },
        MetadataRecord::Config {
            topic: id,
            key: "min.insync.replicas".into(),
            value: "2".into(),
        },
        MetadataRecord::RemoveTopic { id },
        MetadataRecord::ProducerIds { next: 1_000 },
    ]
}

#[test]
fn every_record_comes_back_and_no_beginning_of_one_is_taken_for_it() {
    for record in records() {
        let bytes = record.to_bytes();
        assert_eq!(MetadataRecord::read(&bytes).as_ref(), Ok(&record));
        for length in 0..bytes.len() {
            assert!(
                MetadataRecord::read(&bytes[..length]).is_err(),
                "{record:?} cut at {length}"
            );
        }
    }
}

proptest! {
    #[test]
    fn bytes_from_anywhere_are_an_error_at_worst(mut bytes in vec(any::<u8>(), 0..80), key in 0..40_u8) {
        let _ = MetadataRecord::read(&bytes);
        bytes.splice(0..0, [1, key, 0]);
        if let Ok(record) = MetadataRecord::read(&bytes) {
            prop_assert_eq!(MetadataRecord::read(&record.to_bytes()), Ok(record));
        }
    }
}
