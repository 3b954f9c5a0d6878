//! Producers and consumers on hosts of their own.

use bytes::Bytes;
use essaim_kafka::client::group::GroupConsumer;
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

impl Cluster {
    fn leave(&mut self, host: HostId) {
        let mut cx = self.world.call(host).unwrap();
        if let Some((_, Node::Member(member))) = self.nodes.get_mut(&host) {
            member.leave(&mut cx);
        }
    }

    pub fn member(&mut self, host: HostId) -> &mut GroupConsumer {
        match &mut self.nodes.get_mut(&host).unwrap().1 {
            Node::Member(member) => member,
            _ => panic!("no member"),
        }
    }
}

#[test]
fn a_group_shares_the_partitions_and_goes_on_where_it_was() {
    let mut cluster = Cluster::new(4);
    let producer = cluster.add_client("producer-1");
    cluster.wait_for_brokers(3);
    cluster.create(topic("orders", 4, 3)).unwrap();
    for at in 0..20 {
        cluster.hand_over(producer, at % 4, &at.to_string());
    }
    let first = cluster.add_client("member-1");
    cluster.run(10_000);
    assert_eq!(cluster.member(first).owned(), (1, vec![0, 1, 2, 3]));
    assert_eq!(cluster.member(first).poll().len(), 20);
    let second = cluster.add_client("member-2");
    cluster.run(15_000);
    let (one, other) = (cluster.member(first).owned(), cluster.member(second).owned());
    assert_eq!((one.0, other.0), (2, 2));
    let mut all = [one.1.clone(), other.1.clone()].concat();
    all.sort_unstable();
    assert_eq!((one.1.len(), all), (2, vec![0, 1, 2, 3]));
    assert_eq!(
        cluster.member(second).poll().len(),
        0,
        "what the first has read is committed"
    );
    for at in 20..40 {
        cluster.hand_over(producer, at % 4, &at.to_string());
    }
    cluster.run(7_000);
    assert_eq!(
        (cluster.member(first).poll().len(), cluster.member(second).poll().len()),
        (10, 10)
    );
    // Its coordinator loses power: another has what is replicated.
    let coordinator = cluster
        .brokers()
        .find(|(_, broker)| broker.groups().next().is_some())
        .unwrap()
        .0;
    let name = cluster.world.name_of(coordinator).to_owned();
    cluster.fault(&format!("crash {name}"));
    // A request that is not answered is given up after half a minute.
    cluster.run(40_000);
    let after = (cluster.member(first).owned(), cluster.member(second).owned());
    assert_eq!(after, (one, other), "nobody has to join again for it");
    // One leaves, the other gets everything, and reads nothing twice.
    cluster.leave(second);
    cluster.run(10_000);
    assert_eq!(cluster.member(first).owned().1, [0, 1, 2, 3]);
    assert_eq!(cluster.member(first).poll().len(), 0);
    // Nobody is left, and the next coordinator loses power as well: what was committed is still known.
    cluster.fault(&format!("restart {name}"));
    cluster.run(20_000);
    cluster.leave(first);
    cluster.run(2_000);
    let coordinator = cluster
        .brokers()
        .find(|(_, broker)| broker.groups().next().is_some())
        .unwrap()
        .0;
    let name = cluster.world.name_of(coordinator).to_owned();
    cluster.fault(&format!("crash {name}"));
    cluster.run(12_000);
    let third = cluster.add_client("member-3");
    // It may ask the one without power first.
    cluster.run(75_000);
    assert_eq!(cluster.member(third).owned().1, [0, 1, 2, 3]);
    assert_eq!(cluster.member(third).poll().len(), 0);
}
