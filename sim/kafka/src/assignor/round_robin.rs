//! `roundrobin`: all partitions by name, dealt out one by one to the members in turn; a member that does not subscribe
//! to the topic loses its turn.

use super::{Group, Shares};

pub(super) fn assign(group: &Group<'_>) -> Shares {
    let members = group.by_instance((0..group.members.len()).collect());
    let mut shares = group.no_shares();
    let mut turn = 0;
    for (topic, known) in group.topics.iter().enumerate() {
        for partition in 0..group.partition_count(topic) {
            // A topic is in the group because somebody subscribes to it.
            while !known.subscribers.contains(&members[turn]) {
                turn = (turn + 1) % members.len();
            }
            shares[members[turn]].push((topic, partition));
            turn = (turn + 1) % members.len();
        }
    }
    shares
}
