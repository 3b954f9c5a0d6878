use super::world::World;

/// Faults for a while, then none: whoever was cut off, stopped or slow is there again, and records are committed by all.
fn one(seed: u64) -> World {
    let voter_count = [1, 3, 3, 5][seed as usize % 4];
    let observers = (seed / 4 % 3) as i32;
    let mut world = World::new(seed, voter_count, observers);
    let count = voter_count + observers;
    world.loss_percent = world.below(20);
    for _ in 0..60 {
        let id = 1 + world.below(count as u64) as i32;
        let other = 1 + world.below(count as u64) as i32;
        match world.below(12) {
            0 => world.stop(id),
            1 | 2 => world.start(id),
            3 => world.shut_down(id),
            4 => {
                world.cut.insert((id, other));
            }
            5 => {
                for other in 1..=count {
                    world.cut.extend([(id, other), (other, id)]);
                }
            }
            6 | 7 => world.cut.clear(),
            _ => {
                let leader = world.leader().unwrap_or(id);
                world.append(leader);
            }
        }
        let wait = world.below(900).cast_signed();
        world.run(world.now + wait);
    }
    world.cut.clear();
    world.loss_percent = 0;
    for id in 1..=count {
        world.start(id);
    }
    world.run(world.now + 30_000);
    let leader = world.leader().unwrap_or_else(|| panic!("no leader with seed {seed}"));
    let before = world.committed_until;
    world.append(leader);
    world.run(world.now + 3_000);
    assert!(world.committed_until > before, "seed {seed}");
    for raft in world.nodes.values() {
        assert_eq!(
            raft.log().high_watermark(),
            world.committed_until,
            "node {} with seed {seed}",
            raft.id()
        );
    }
    world
}

#[test]
fn promises_are_kept_and_everything_goes_on() {
    let mut elections = 0;
    for seed in 0..200 {
        elections += one(seed).elections;
    }
    assert!(elections > 400, "{elections}: something has to happen");
}

#[test]
fn the_same_seed_is_the_same_world() {
    let (first, second) = (one(3), one(3));
    assert_eq!(
        (first.now, first.committed_until, first.elections),
        (second.now, second.committed_until, second.elections)
    );
    for (id, raft) in &first.nodes {
        assert_eq!(raft.election(), second.nodes[id].election());
    }
}

#[test]
fn a_leader_that_is_lost_is_replaced_within_seconds() {
    let mut world = World::new(11, 3, 0);
    world.run(5_000);
    let first = world.leader().unwrap();
    world.stop(first);
    world.run(12_000);
    let second = world.leader().unwrap();
    assert_ne!(first, second);
    world.append(second);
    world.run(13_000);
    assert!(world.committed_until >= 3);
}

/// KIP-996: a voter that was cut off comes back without unseating the leader.
#[test]
fn who_comes_back_disturbs_nobody() {
    let mut world = World::new(5, 3, 0);
    world.run(5_000);
    let leader = world.leader().unwrap();
    let epoch = world.nodes[&leader].election().epoch;
    let lonely = (1..=3).find(|id| *id != leader).unwrap();
    for other in 1..=3 {
        world.cut.extend([(lonely, other), (other, lonely)]);
    }
    world.run(60_000);
    assert_eq!(
        world.nodes[&lonely].election().epoch,
        epoch,
        "it asked around and began nothing"
    );
    world.cut.clear();
    world.run(70_000);
    assert_eq!(
        (world.leader(), world.nodes[&leader].election().epoch),
        (Some(leader), epoch)
    );
}

#[test]
fn an_orderly_stop_is_quicker_than_a_timeout() {
    let mut world = World::new(7, 3, 0);
    world.run(5_000);
    let first = world.leader().unwrap();
    world.shut_down(first);
    world.run(5_500);
    assert!(world.leader().is_some_and(|second| second != first));
}
