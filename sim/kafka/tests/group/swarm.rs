use super::world::World;
use essaim_kafka::group::classic::State;

/// Faults for a while, then none: in the end every partition is read by one of those who are left.
fn one(seed: u64) -> i32 {
    let mut world = World::new(seed, 1 + (seed % 5) as usize);
    let count = world.clients.len() as u64;
    world.loss_percent = world.below(15);
    world.failure_percent = world.below(20);
    for _ in 0..50 {
        let place = world.below(count) as usize;
        match world.below(12) {
            0 => world.crash(place),
            1..=4 => world.start(place),
            5 => world.leave(place),
            6 => {
                let ms = world.below(90_000).cast_signed();
                world.pause(place, ms);
            }
            7 => world.fail_over(),
            _ => {}
        }
        let wait = world.below(30_000).cast_signed();
        world.run(world.now + wait);
    }
    (world.loss_percent, world.failure_percent) = (0, 0);
    world.start(0);
    world.run(world.now + 400_000);
    assert_eq!(world.group.state(), State::Stable, "seed {seed}");
    world.check_all_is_read();
    world.generations
}

#[test]
fn every_partition_is_read_by_one_in_the_end() {
    let generations: i32 = (0..300).map(one).sum();
    assert!(generations > 2_000, "{generations}: something has to happen");
}

#[test]
fn the_same_seed_is_the_same_world() {
    assert_eq!(one(4), one(4));
}
