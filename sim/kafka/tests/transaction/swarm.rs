use std::collections::BTreeMap;

use super::world::World;

/// Faults for a while, then none: in the end every transaction is there whole or not at all.
fn one(seed: u64) -> BTreeMap<&'static str, u64> {
    let mut world = World::new(seed);
    let ids = 1 + seed % 4;
    world.loss_percent = world.below(12);
    world.failure_percent = world.below(20);
    for id in 0..ids {
        world.start(id);
    }
    for _ in 0..60 {
        let count = world.clients.len() as u64;
        let place = world.below(count) as usize;
        match world.below(10) {
            0 => world.crash(place),
            // The one before goes on as a zombie.
            1..=3 => {
                let id = world.below(ids);
                world.start(id);
            }
            4 => {
                let ms = world.below(60_000).cast_signed();
                world.pause(place, ms);
            }
            5 => world.fail_over(),
            _ => {}
        }
        let wait = world.below(6_000).cast_signed();
        world.run(world.now + wait);
        world.look();
    }
    world.stop_work();
    world.run(world.now + 110_000);
    world.check();
    world.counts
}

#[test]
fn a_transaction_is_whole_or_not_at_all() {
    let mut all = BTreeMap::new();
    for seed in 0..60 {
        for (what, count) in one(seed) {
            *all.entry(what).or_insert(0) += count;
        }
    }
    for (what, least) in [
        ("commits", 10_000),
        ("aborts", 3_000),
        ("fenced", 300),
        ("failovers", 200),
    ] {
        assert!(all[what] >= least, "{what}: something has to happen: {all:?}");
    }
}

#[test]
fn the_same_seed_is_the_same_world() {
    assert_eq!(one(5), one(5));
}
