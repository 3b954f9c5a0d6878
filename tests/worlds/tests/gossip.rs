//! A protocol that meets every fault: what it should survive, it survives.

use core::time::Duration;
use essaim_kernel::world::{HostState, Loss};
use essaim_worlds::gossip::{Gossip, HOSTS, report};

#[test]
fn without_faults_nobody_doubts() {
    let mut gossip = Gossip::new(3);
    let start = gossip.world.now();
    gossip.run_until(start + Duration::from_secs(20));
    assert_eq!(gossip.doubts(), (0, 0));
    assert_eq!(gossip.world.trace().counts().lost_count(), 0);
    for host in gossip.world.hosts() {
        assert!(
            gossip.known(host).iter().all(|number| *number > 480),
            "{:?}",
            gossip.known(host)
        );
    }
}

#[test]
fn after_the_faults_all_know_what_any_knew() {
    let (mut doubts, mut refusals, mut losses) = (0, 0, 0);
    for seed in 0..24 {
        let mut gossip = Gossip::with_chaos(seed);
        let start = gossip.world.now();
        gossip.run_until(start + Duration::from_secs(8));
        gossip.calm_down();
        gossip.run_until(gossip.world.now());
        let all: Vec<Vec<u64>> = gossip.world.hosts().map(|host| gossip.known(host)).collect();
        gossip.run_until(start + Duration::from_secs(20));
        for host in gossip.world.hosts() {
            assert_eq!(gossip.world.state_of(host), HostState::Up);
            let known = gossip.known(host);
            for before in &all {
                let knows = known.iter().zip(before).all(|(now, before)| now >= before);
                assert!(
                    knows,
                    "seed {seed}, {}: {known:?} after {before:?}",
                    HOSTS[host.index()]
                );
            }
        }
        doubts += gossip.doubts().0;
        refusals += gossip.doubts().1;
        losses += gossip.world.trace().counts().lost_for(Loss::HostDown);
    }
    // The faults were felt.
    assert!(
        doubts > 100 && refusals > 20 && losses > 20,
        "{doubts} {refusals} {losses}"
    );
}

#[test]
fn a_seed_is_all_there_is() {
    let first = report(4);
    assert_eq!(first, report(4));
    let mut digests: Vec<&str> = first.lines().filter_map(|line| line.split(' ').nth(4)).collect();
    digests.dedup();
    assert_eq!(digests.len(), 4, "{first}");
}
