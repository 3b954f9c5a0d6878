//! Producers and consumers on hosts of their own.

use bytes::Bytes;
use essaim_kafka::client::producer::Handle;
use essaim_kernel::world::HostId;

use super::world::{Cluster, Node, topic};

impl Cluster {
    pub fn hand_over(&mut self, host: HostId, partition: i32, value: &str) -> Handle {
        let mut cx = self.world.call(host).unwrap();
        match &mut self.nodes.get_mut(&host).unwrap().1 {
            Node::Producer(producer) => producer.send(partition, Bytes::copy_from_slice(value.as_bytes()), &mut cx),
            _ => panic!("no producer"),
        }
    }
}

#[test]
fn what_producers_send_consumers_read() {
    let mut cluster = Cluster::new(3);
    let (producer, consumer) = (cluster.add_client("producer-1"), cluster.add_client("consumer"));
    cluster.wait_for_brokers(3);
    cluster.run(1_000);
    // The topic is not there yet.
    let first = cluster.hand_over(producer, 0, "a");
    cluster.run(1_000);
    cluster.create(topic("orders", 2, 3)).unwrap();
    let second = cluster.hand_over(producer, 1, "b");
    let third = cluster.hand_over(producer, 0, "c");
    cluster.run(3_000);
    let Node::Producer(producer) = &mut cluster.nodes.get_mut(&producer).unwrap().1 else {
        panic!("no producer");
    };
    let mut delivered = producer.take_delivered();
    delivered.sort_by_key(|(handle, _)| *handle);
    assert_eq!(
        delivered,
        [(first, Ok((0, 0))), (second, Ok((1, 0))), (third, Ok((0, 1)))]
    );
    assert!(producer.is_idle());
    let Node::Consumer(consumer) = &mut cluster.nodes.get_mut(&consumer).unwrap().1 else {
        panic!("no consumer");
    };
    let mut read: Vec<_> = consumer
        .poll()
        .into_iter()
        .map(|one| (one.partition, one.offset, one.value))
        .collect();
    read.sort();
    let expected = [(0, 0, "a"), (0, 1, "c"), (1, 0, "b")];
    assert_eq!(
        read,
        expected.map(|(partition, offset, value)| (partition, offset, Bytes::from(value)))
    );
}
