//! Going back in time, and going another way from there.

use core::time::Duration;
use essaim_kernel::random::Stream;
use essaim_kernel::world::{Chaos, Fault, History, HostOptions, Kind, Replay, What, World};
use essaim_kernel::{Digest, Limits, Time};

/// Three hosts that pass tokens on.
#[derive(Clone)]
struct Ring(World<u64>);

impl Ring {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed, Time(0), Limits::default());
        world.add_kinds(&["token"]);
        for name in ["a", "b", "c"] {
            world.add_host(name, HostOptions::default()).expect("the name is free");
        }
        Self(world)
    }

    fn digest(&self) -> u128 {
        let mut digest = Digest::new();
        self.0.digest(&mut digest);
        digest.finish()
    }
}

impl Replay for Ring {
    type Input = Fault;

    fn position(&self) -> u64 {
        self.0.step_count()
    }

    fn event_count(&self) -> u64 {
        self.0.event_count()
    }

    fn now(&self) -> Time {
        self.0.now()
    }

    fn step(&mut self, until: Time) -> bool {
        let hosts: Vec<_> = self.0.hosts().collect();
        let Some((delivery, mut cx)) = self.0.next(until) else {
            return false;
        };
        let next = hosts[(delivery.to.index() + 1) % hosts.len()];
        match delivery.what {
            What::Started { .. } => cx.send(next, Kind(0), 10, 0),
            What::Message { message, .. } => {
                let draw = cx.random().below(1_000);
                cx.set_alarm_in(Duration::from_micros(draw), message + draw);
            }
            What::Alarm { token } => cx.send(next, Kind(0), 10, token),
            _ => {}
        }
        true
    }

    fn advance_to(&mut self, until: Time) {
        self.0.advance_to(until);
    }

    fn apply(&mut self, input: &Fault) {
        let _ = self.0.apply(input);
    }
}

/// How many events there were, when, and the digest.
type Moment = (u64, Time, u128);

fn moment(history: &History<Ring>) -> Moment {
    let present = history.present();
    (present.event_count(), present.now(), present.digest())
}

/// A history with faults, what it was after each event, and what it was when all that was due had happened.
fn history(seed: u64, every_events: u64, snapshots_max: usize) -> (History<Ring>, Vec<Moment>, Vec<Moment>) {
    let mut history = History::new(Ring::new(seed), every_events, snapshots_max);
    let mut random = Stream::seeded(seed, &[b"history"]);
    let (mut moments, mut rests) = (Vec::new(), Vec::new());
    let chaos = Chaos::among(&["a", "b", "c"]);
    for _ in 0..60 {
        let until = history.present().now() + Duration::from_micros(1 + random.below(20_000));
        // Some faults come in the middle of things, the others when all that was due has happened.
        let mut patience = if random.below(3) == 0 {
            random.below(20)
        } else {
            u64::MAX
        };
        while patience > 0 && history.run_until(until, 1) > 0 {
            moments.push(moment(&history));
            patience -= 1;
        }
        if patience > 0 {
            rests.push(moment(&history));
        }
        // Chaos draws from the world's own stream, so it is asked of a copy.
        let fault = chaos.next(&mut history.present().0.clone());
        history.apply(fault);
        moments.push(moment(&history));
    }
    (history, moments, rests)
}

#[test]
fn every_moment_comes_back_as_it_was() {
    for (seed, every_events, snapshots_max) in [(1, 50, 100), (2, 7, 10), (3, 1, 1_000), (4, 1_000_000, 2)] {
        let (history, moments, rests) = history(seed, every_events, snapshots_max);
        assert!(
            moments.len() > 300 && rests.len() > 20,
            "{} {}",
            moments.len(),
            rests.len()
        );
        assert!(history.snapshot_count() <= snapshots_max);
        for (event_count, _, digest) in moments.iter().step_by(7) {
            let state = history.at_event(*event_count);
            assert_eq!(
                (state.event_count(), state.digest()),
                (*event_count, *digest),
                "seed {seed}"
            );
        }
        for (before, after) in rests.iter().zip(&rests[1..]) {
            // The fault that followed came at the same time, so the moment before its instant is asked for.
            let state = history.at_time(Time(before.1.0 - 1));
            assert!(state.event_count() <= before.0 && state.now() < before.1);
            let state = history.at_time(before.1);
            assert!((before.0..=after.0).contains(&state.event_count()) && state.now() == before.1);
        }
    }
}

#[test]
fn a_time_between_events_comes_back_as_it_was() {
    let mut history = History::new(Ring::new(8), 10, 30);
    let mut moments = Vec::new();
    for millisecond in 1..100 {
        history.run_until(Time(millisecond * 1_000_000), u64::MAX);
        moments.push(moment(&history));
    }
    for moment in moments {
        let state = history.at_time(moment.1);
        assert_eq!((state.event_count(), state.now(), state.digest()), moment);
    }
}

#[test]
fn the_past_can_go_another_way() {
    let (mut history, moments, _) = history(5, 20, 50);
    let (event_count, _, digest) = moments[moments.len() / 2];
    let input_count = history.inputs().count();
    let mut same = history.clone();
    history.go_back_to_event(event_count);
    assert_eq!(history.present().digest(), digest);
    assert!(history.inputs().count() < input_count);
    same.go_back_to_event(event_count);
    history.apply(Fault::HealAll);
    let until = history.present().now() + Duration::from_millis(20);
    for history in [&mut history, &mut same] {
        history.run_until(until, 10_000);
    }
    assert_ne!(history.present().digest(), same.present().digest());
    // The new past is as good as the old.
    let count = history.present().event_count();
    let again = history.at_event(count - 5);
    history.go_back_to_event(count - 5);
    assert_eq!(history.present().digest(), again.digest());
}

#[test]
fn old_snapshots_thin_out() {
    let mut history = History::new(Ring::new(6), 10, 16);
    while history.present().event_count() < 20_000 {
        history.run_until(Time(i64::MAX), 100);
    }
    assert_eq!(history.snapshot_count(), 16);
    // A little back is near a snapshot; twice as far back costs at most about twice as much.
    let state = history.at_event(19_000);
    assert_eq!(state.event_count(), 19_000);
    assert_eq!(history.at_event(0).event_count(), 0);
}
