//! What holds in every world, whatever happens to it.

use core::time::Duration;
use essaim_kernel::random::Stream;
use essaim_kernel::world::{
    Chaos, Cx, Delivery, EventId, Factor, Fault, Happened, HostId, HostOptions, HostState, Kind, LinkOptions, Rate,
    Route, Transport, Way, What, World,
};
use essaim_kernel::{Digest, Limits, Time};
use proptest::prelude::*;
use std::collections::BTreeMap;

const HOSTS: [&str; 4] = ["a", "b", "c", "d"];

/// A world in which each host sends numbered messages to all others all the time.
fn chatter(seed: u64, transport: Transport, handling: Duration) -> (World<u64>, Vec<HostId>) {
    let mut world = World::new(seed, Time::from_secs(1_000), Limits::default());
    world.add_kinds(&["chat", "answer"]);
    world.set_network(LinkOptions {
        transport,
        ..LinkOptions::default()
    });
    let options = HostOptions {
        handling,
        ..HostOptions::default()
    };
    let hosts = HOSTS
        .iter()
        .map(|name| world.add_host(name, options).expect("the name is free"))
        .collect();
    (world, hosts)
}

/// One step of the chatter: a message's number is the number of the event that sent it, so it grows.
fn chat(delivery: &Delivery<u64>, cx: &mut Cx<'_, u64>) {
    match delivery.what {
        What::Started { .. } | What::Alarm { .. } => {
            for name in HOSTS {
                if let Some(host) = cx.host_named(name) {
                    cx.send(host, Kind(0), 100, delivery.id.0);
                }
            }
            let wait = 1 + cx.random().below(100_000_000);
            cx.set_alarm_in(Duration::from_nanos(wait), 1);
            let mut disk = cx.disk();
            if let Ok(file) = disk.create("log") {
                let _ = disk.append(file, delivery.id.0.to_le_bytes());
                let _ = disk.sync(file, 2);
            }
        }
        What::Message {
            from, kind: Kind(0), ..
        } => cx.send(from, Kind(1), 50, delivery.id.0),
        _ => {}
    }
}

fn digest(world: &World<u64>) -> u128 {
    let mut digest = Digest::new();
    world.digest(&mut digest);
    digest.finish()
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0..2_000_u64).prop_map(Duration::from_millis),
        (0..1_000_000_000_u64).prop_map(Duration::from_nanos),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => proptest::sample::select(&HOSTS[..]).prop_map(str::to_owned),
        1 => "[a-z0-9][a-z0-9._-]{1,6}".prop_filter("reserved", |name| name != "all"),
    ]
}

fn route() -> impl Strategy<Value = Route> {
    prop_oneof![
        Just(Route::Everywhere),
        name().prop_map(Route::Host),
        (name(), name()).prop_map(|(a, b)| Route::Between(a, b)),
        (name(), name()).prop_map(|(a, b)| Route::OneWay(a, b)),
    ]
}

fn rate() -> impl Strategy<Value = Rate> {
    (0..=1_000_000_u32).prop_map(Rate::per_million)
}

fn groups() -> impl Strategy<Value = Vec<Vec<String>>> {
    proptest::collection::vec(0..3_usize, HOSTS.len()).prop_map(|places| {
        let mut groups = vec![Vec::new(); 3];
        for (host, place) in HOSTS.iter().zip(places) {
            groups[place].push((*host).to_owned());
        }
        groups.retain(|group| !group.is_empty());
        if groups.len() < 2 {
            groups = vec![vec!["a".to_owned()], vec!["b".to_owned()]];
        }
        groups
    })
}

fn host_fault() -> BoxedStrategy<Fault> {
    prop_oneof![
        name().prop_map(Fault::Crash),
        name().prop_map(Fault::Kill),
        name().prop_map(Fault::Restart),
        name().prop_map(Fault::Pause),
        name().prop_map(Fault::Resume),
        (name(), 1..1_000_000_u32).prop_map(|(host, factor)| Fault::Slow {
            host,
            factor: Factor::permille(factor)
        }),
        (name(), any::<i64>()).prop_map(|(host, nanos)| Fault::Skew {
            host,
            nanos: nanos >> 8
        }),
        (name(), -500_000..=500_000_i32).prop_map(|(host, ppm)| Fault::Drift { host, ppm }),
        (name(), duration()).prop_map(|(host, slowed_by)| Fault::Disk { host, slowed_by }),
        (name(), rate()).prop_map(|(host, rate)| Fault::Torn { host, rate }),
    ]
    .boxed()
}

fn cut() -> BoxedStrategy<Fault> {
    prop_oneof![
        (name(), name()).prop_map(|(a, b)| Fault::Cut(Route::Between(a, b))),
        (name(), name()).prop_map(|(a, b)| Fault::Cut(Route::OneWay(a, b))),
        (name(), proptest::sample::select(vec![Way::Both, Way::In, Way::Out]))
            .prop_map(|(host, way)| Fault::Isolate { host, way }),
        groups().prop_map(Fault::Split),
        groups().prop_map(|mut groups| Fault::SplitOneWay {
            from: groups.remove(0),
            to: groups.remove(0)
        }),
        (route(), proptest::sample::select(vec!["chat", "answer"])).prop_map(|(on, kind)| Fault::Drop {
            on,
            kind: kind.to_owned()
        }),
    ]
    .boxed()
}

fn link_fault() -> BoxedStrategy<Fault> {
    prop_oneof![
        (route(), rate()).prop_map(|(on, rate)| Fault::Loss { on, rate }),
        (route(), rate()).prop_map(|(on, rate)| Fault::Duplicate { on, rate }),
        (route(), rate()).prop_map(|(on, rate)| Fault::Reorder { on, rate }),
        (route(), duration(), duration()).prop_map(|(on, least, mean)| Fault::Latency { on, least, mean }),
        (route(), 1..100_000_000_u64).prop_map(|(on, bytes_per_second)| Fault::Bandwidth { on, bytes_per_second }),
        (route(), duration()).prop_map(|(on, lasts)| Fault::Clog { on, lasts }),
    ]
    .boxed()
}

fn lasting() -> BoxedStrategy<Fault> {
    prop_oneof![3 => host_fault(), 3 => cut(), 2 => link_fault()].boxed()
}

fn any_fault() -> BoxedStrategy<Fault> {
    prop_oneof![
        8 => lasting(),
        1 => Just(Fault::Heal),
        1 => Just(Fault::HealAll),
        2 => lasting().prop_map(|fault| Fault::HealThis(Box::new(fault))),
    ]
    .boxed()
}

proptest! {
    #[test]
    fn a_fault_is_read_as_it_was_written(fault in any_fault()) {
        let text = fault.to_string();
        prop_assert_eq!(text.parse::<Fault>(), Ok(fault), "{}", text);
    }

    #[test]
    fn any_text_is_a_fault_or_says_what_was_expected(text in "\\PC{0,40}") {
        if let Err(error) = text.parse::<Fault>() {
            prop_assert!(error.to_string().starts_with("expected "));
        }
    }

    #[test]
    fn only_numbers_of_almost_fault_words_are_read(text in "(heal )?(slow|skew|drift|disk|torn|loss|latency|bandwidth|clog|cut|split|isolate) (a |b |-> |\\| ){0,4}[-+0-9.a-zA-Z%/]{0,25}") {
        if let Ok(fault) = text.parse::<Fault>() {
            prop_assert_eq!(fault.to_string().parse::<Fault>(), Ok(fault));
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No sequence of faults breaks the world, and what must hold always holds.
    #[test]
    fn whatever_happens_the_rules_hold(
        seed in any::<u64>(),
        transport in proptest::sample::select(vec![Transport::Stream, Transport::Ordered, Transport::Datagram]),
        faults in proptest::collection::vec((0..500_u64, any_fault()), 0..30),
    ) {
        let (mut world, _) = chatter(seed, transport, Duration::from_micros(50));
        let mut rules = Rules::new(transport);
        for (wait, fault) in faults {
            let until = world.now() + Duration::from_millis(wait);
            rules.run(&mut world, until, 3_000)?;
            let before = digest(&world);
            let copy = world.clone();
            match world.apply(&fault) {
                Ok(id) => prop_assert_eq!(id.0, copy.event_count() + 1),
                Err(_) => prop_assert_eq!(digest(&world), before),
            }
        }
        // After all is healed, all hear from all.
        world.apply(&Fault::HealAll).unwrap();
        prop_assert_eq!(world.active_faults().count(), 0);
        let heard_before = rules.heard.clone();
        let until = world.now() + Duration::from_secs(40);
        rules.run(&mut world, until, 60_000)?;
        for pair in all_pairs() {
            prop_assert!(rules.heard.get(&pair) > heard_before.get(&pair), "{:?} after {:?}", pair, rules.heard);
        }
        for host in world.hosts() {
            prop_assert_eq!(world.clock_of(host), world.now());
        }
    }

    /// A fault may be beyond measure.
    #[test]
    fn no_number_is_too_large(
        numbers in proptest::collection::vec(any::<u64>(), 8),
        shift in 0..64_u32,
        faults in proptest::collection::vec(any_fault(), 0..6),
    ) {
        let (mut world, _) = chatter(numbers[0], Transport::Stream, Duration::from_nanos(numbers[1] >> shift));
        let long = |place: usize| Duration::from_nanos(numbers[place] >> shift);
        let (host, on) = (HOSTS[0].to_owned(), Route::Everywhere);
        let extreme = [
            Fault::Latency { on: on.clone(), least: long(2), mean: long(3) },
            Fault::Bandwidth { on: on.clone(), bytes_per_second: numbers[4] >> shift },
            Fault::Clog { on, lasts: long(5) },
            Fault::Disk { host: host.clone(), slowed_by: long(6) },
            Fault::Skew { host: host.clone(), nanos: numbers[7] as i64 },
            Fault::Slow { host: host.clone(), factor: Factor::permille(numbers[2] as u32) },
            Fault::Drift { host, ppm: numbers[3] as i32 },
        ];
        for fault in extreme.iter().chain(&faults).chain(&extreme).chain([&Fault::HealAll]) {
            let _ = world.apply(fault);
            for _ in 0..40 {
                let Some((delivery, mut cx)) = world.next(Time(i64::MAX)) else { break };
                chat(&delivery, &mut cx);
            }
        }
        digest(&world);
    }

    /// A cut stops what it should, and nothing else.
    #[test]
    fn cuts_are_exact(seed in any::<u64>(), cuts in proptest::collection::vec(cut(), 1..4)) {
        let (mut world, hosts) = chatter(seed, Transport::Ordered, Duration::ZERO);
        for cut in &cuts {
            let _ = world.apply(cut);
        }
        let active: Vec<Fault> = world.active_faults().cloned().collect();
        let stopped = |from: HostId, to: HostId, kind: &str| {
            let (from, to) = (HOSTS[from.index()], HOSTS[to.index()]);
            active.iter().any(|fault| match fault {
                Fault::Drop { on, kind: dropped } => dropped == kind && on.covers(from, to),
                fault => fault.cuts(from, to),
            })
        };
        let mut heard: BTreeMap<(HostId, HostId, Kind), u64> = BTreeMap::new();
        let until = world.now() + Duration::from_millis(500);
        while let Some((delivery, mut cx)) = world.next(until) {
            if let What::Message { from, kind, .. } = delivery.what {
                *heard.entry((from, delivery.to, kind)).or_default() += 1;
            }
            chat(&delivery, &mut cx);
        }
        for from in &hosts {
            for to in hosts.iter().filter(|to| *to != from) {
                let chat = heard.contains_key(&(*from, *to, Kind(0)));
                prop_assert_eq!(chat, !stopped(*from, *to, "chat"));
                // An answer needs the way there, too.
                let answer = heard.contains_key(&(*from, *to, Kind(1)));
                prop_assert_eq!(answer, !stopped(*from, *to, "answer") && !stopped(*to, *from, "chat"));
            }
        }
    }

    /// What follows is a function of the state: a copy goes the same way, and one that is disturbed another.
    #[test]
    fn copies_go_the_same_way_alone(seed in any::<u64>(), fault in any_fault()) {
        let (mut world, _) = chatter(seed, Transport::Stream, Duration::from_micros(50));
        let until = world.now() + Duration::from_millis(300);
        Rules::new(Transport::Stream).run(&mut world, until, 3_000)?;
        let (mut same, mut other) = (world.clone(), world.clone());
        let applied = other.apply(&fault).is_ok();
        let until = until + Duration::from_millis(300);
        for copy in [&mut world, &mut same, &mut other] {
            Rules::new(Transport::Stream).run(copy, until, 3_000)?;
        }
        prop_assert_eq!(digest(&world), digest(&same));
        prop_assert_eq!(digest(&world) != digest(&other), applied);
    }
}

fn all_pairs() -> impl Iterator<Item = (u16, u16)> {
    (0..4).flat_map(|from| (0..4).map(move |to| (from, to)))
}

/// What must hold at each event.
struct Rules {
    transport: Transport,
    last: (Time, EventId),
    /// The last message heard, from whom, by whom and by which incarnation.
    latest: BTreeMap<(HostId, HostId, u32), u64>,
    heard: BTreeMap<(u16, u16), u64>,
}

impl Rules {
    fn new(transport: Transport) -> Self {
        Self {
            transport,
            last: (Time(i64::MIN), EventId::OUTSIDE),
            latest: BTreeMap::new(),
            heard: BTreeMap::new(),
        }
    }

    fn run(&mut self, world: &mut World<u64>, until: Time, events_max: usize) -> Result<(), TestCaseError> {
        for _ in 0..events_max {
            let Some((delivery, mut cx)) = world.next(until) else {
                world.advance_to(until);
                return Ok(());
            };
            let incarnation = cx.incarnation();
            chat(&delivery, &mut cx);
            self.check(world, &delivery, incarnation)?;
        }
        Ok(())
    }

    fn check(&mut self, world: &World<u64>, delivery: &Delivery<u64>, incarnation: u32) -> Result<(), TestCaseError> {
        let now = (delivery.at, delivery.id);
        prop_assert!(now > self.last && delivery.id > self.last.1 && world.now() == delivery.at);
        self.last = now;
        prop_assert!(delivery.cause < delivery.id);
        prop_assert_eq!(world.state_of(delivery.to), HostState::Up);
        prop_assert!(!world.is_paused(delivery.to));
        let record = world.trace().get(delivery.id).expect("it has just happened");
        prop_assert_eq!(
            (record.at, record.host, record.cause),
            (delivery.at, delivery.to, delivery.cause)
        );
        if let What::Message { from, message, .. } = delivery.what {
            *self
                .heard
                .entry((from.index() as u16, delivery.to.index() as u16))
                .or_default() += 1;
            // The event during which it was sent, on the host that sent it.
            prop_assert_eq!(message, delivery.cause.0);
            if let Some(sent) = world.trace().get(delivery.cause) {
                prop_assert_eq!(sent.host, from);
                let acted = !matches!(sent.happened, Happened::Lost { .. } | Happened::Fault);
                prop_assert!(acted);
            }
            let latest = self.latest.entry((from, delivery.to, incarnation)).or_default();
            if self.transport != Transport::Datagram {
                let in_order = message > *latest || (self.transport == Transport::Ordered && message == *latest);
                prop_assert!(in_order, "{} after {}", message, latest);
            }
            *latest = message;
        }
        Ok(())
    }
}

#[test]
fn chaos_breaks_much_and_can_always_be_healed() {
    let mut verbs: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 0..40 {
        let (mut world, _) = chatter(seed, Transport::Stream, Duration::from_micros(50));
        let chaos = Chaos::among(&HOSTS);
        let mut rules = Rules::new(Transport::Stream);
        for _ in 0..60 {
            let wait = chaos.pause(&mut world).min(Duration::from_millis(300));
            let until = world.now() + wait;
            rules.run(&mut world, until, 1_000).unwrap();
            let fault = chaos.next(&mut world);
            world.apply(&fault).unwrap();
            let down = world
                .hosts()
                .filter(|host| world.state_of(*host) != HostState::Up)
                .count();
            assert!(down <= chaos.down_max);
            let verb = fault.to_string().split(' ').next().unwrap_or_default().to_owned();
            *verbs.entry(verb).or_default() += 1;
        }
    }
    assert_eq!(verbs.len(), 21, "{verbs:?}");
}

#[test]
fn faults_of_chaos_depend_on_the_seed_alone() {
    let faults = |seed| {
        let (mut world, _) = chatter(seed, Transport::Stream, Duration::ZERO);
        let chaos = Chaos::among(&HOSTS);
        let draw = |_| {
            let fault = chaos.next(&mut world);
            world.apply(&fault).unwrap();
            fault.to_string()
        };
        (0..30).map(draw).collect::<Vec<_>>()
    };
    assert_eq!(faults(1), faults(1));
    assert_ne!(faults(1), faults(2));
    let mut random = Stream::seeded(1, &[b"other"]);
    assert_ne!(random.next_u64(), 0);
}
