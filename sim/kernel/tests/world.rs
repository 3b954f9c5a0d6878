//! The world, one behaviour at a time.

use core::time::Duration;
use essaim_kernel::world::{
    Cx, Delivery, DiskError, DiskOptions, EventId, Fault, FaultError, Happened, HostError, HostId, HostOptions,
    HostState, Kind, LinkOptions, Loss, Ran, Rate, Transport, What, World,
};
use essaim_kernel::{Digest, Limits, Time};

const PING: Kind = Kind(0);
const PONG: Kind = Kind(1);

/// What was delivered: to whom, when in microseconds, and what.
type Seen = Vec<(HostId, i64, What<u64>)>;

fn world(hosts: &[&str]) -> (World<u64>, Vec<HostId>) {
    let mut world = World::new(7, Time(0), Limits::default());
    assert_eq!(world.add_kinds(&["ping", "pong"]), PING);
    world.set_network(LinkOptions {
        latency_min: Duration::from_millis(1),
        latency_mean: Duration::ZERO,
        ..LinkOptions::default()
    });
    let options = HostOptions {
        handling: Duration::ZERO,
        ..HostOptions::default()
    };
    let ids = hosts
        .iter()
        .map(|name| world.add_host(name, options).expect("the name is free"))
        .collect();
    let _ = run(&mut world, 0);
    (world, ids)
}

fn fault(world: &mut World<u64>, text: &str) -> EventId {
    let fault: Fault = text.parse().expect("a fault");
    world.apply(&fault).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn run_with(world: &mut World<u64>, until_ms: i64, mut step: impl FnMut(&Delivery<u64>, &mut Cx<'_, u64>)) -> Seen {
    let mut seen = Vec::new();
    let ran = world.run_until(Time(until_ms * 1_000_000), |delivery, mut cx| {
        step(&delivery, &mut cx);
        seen.push((delivery.to, delivery.at.0 / 1_000, delivery.what));
    });
    assert_eq!(ran, Ran::Reached);
    seen
}

fn run(world: &mut World<u64>, until_ms: i64) -> Seen {
    run_with(world, until_ms, |_, _| {})
}

fn messages(seen: &Seen) -> Vec<(HostId, u64)> {
    let message = |(to, _, what): &(HostId, i64, What<u64>)| match what {
        What::Message { message, .. } => Some((*to, *message)),
        _ => None,
    };
    seen.iter().filter_map(message).collect()
}

fn send(world: &mut World<u64>, from: HostId, to: HostId, message: u64) {
    let mut cx = world.call(from).expect("the host runs");
    cx.send(to, PING, 100, message);
}

fn losses(world: &World<u64>) -> Vec<Loss> {
    let lost = |record: &essaim_kernel::world::Record| match record.happened {
        Happened::Lost { why, .. } => Some(why),
        _ => None,
    };
    world
        .trace()
        .since(EventId(0))
        .filter_map(|(_, record)| lost(record))
        .collect()
}

fn digest(world: &World<u64>) -> u128 {
    let mut digest = Digest::new();
    world.digest(&mut digest);
    digest.finish()
}

#[test]
fn each_event_knows_its_cause() {
    let (mut world, hosts) = world(&["a", "b"]);
    send(&mut world, hosts[0], hosts[1], 1);
    let call = EventId(world.event_count());
    let mut ids = Vec::new();
    run_with(&mut world, 10, |delivery, cx| {
        ids.push((delivery.cause, delivery.id, cx.event()));
        if matches!(delivery.what, What::Message { kind: PING, .. }) {
            cx.send(hosts[0], PONG, 10, 2);
            cx.set_alarm_in(Duration::from_millis(5), 3);
        }
    });
    let first = EventId(call.0 + 1);
    assert_eq!(
        ids,
        [
            (call, first, first),
            (first, EventId(call.0 + 2), EventId(call.0 + 2)),
            (first, EventId(call.0 + 3), EventId(call.0 + 3)),
        ]
    );
    let record = world.trace().get(EventId(call.0 + 2)).unwrap();
    assert_eq!((record.cause, record.host), (first, hosts[0]));
    assert!(
        matches!(record.happened, Happened::Received { from, kind: PONG, bytes: 10, sent_at: Time(1_000_000) } if from == hosts[1])
    );
    assert_eq!(world.trace().counts().received[PING.0 as usize], 1);
}

#[test]
fn a_crashed_host_hears_nothing_and_comes_back_with_nothing() {
    let (mut world, hosts) = world(&["a", "b"]);
    let (a, b) = (hosts[0], hosts[1]);
    world.call(b).unwrap().set_alarm_in(Duration::from_millis(2), 9);
    send(&mut world, a, b, 1);
    let crash = fault(&mut world, "crash b");
    assert_eq!(world.state_of(b), HostState::Crashed);
    // The alarm is gone with the program; the message is on its way.
    assert_eq!(world.pending_count(), 1);
    assert!(world.call(b).is_none());
    assert_eq!(run(&mut world, 5), []);
    assert_eq!(losses(&world), [Loss::HostDown]);
    assert!(matches!(world.trace().get(crash).unwrap().happened, Happened::Fault));
    assert_eq!(world.fault_of(crash), Some(&Fault::Crash("b".to_owned())));
    // On its way when the host starts again: the old one's, so it is refused.
    fault(&mut world, "restart b");
    send(&mut world, a, b, 2);
    fault(&mut world, "crash b");
    fault(&mut world, "restart b");
    send(&mut world, a, b, 3);
    let seen = run(&mut world, 10);
    assert!(matches!(seen[0], (to, 5_000, What::Started { incarnation: 3 }) if to == b));
    assert_eq!(messages(&seen), [(b, 3)]);
    assert!(
        seen.iter()
            .any(|(to, _, what)| *to == a && matches!(what, What::Refused { message: 2, .. }))
    );
    assert_eq!(world.active_faults().count(), 0);
}

#[test]
fn a_killed_host_refuses() {
    let (mut world, hosts) = world(&["a", "b"]);
    fault(&mut world, "kill b");
    send(&mut world, hosts[0], hosts[1], 1);
    let seen = run(&mut world, 5);
    let refused = What::Refused {
        by: hosts[1],
        kind: PING,
        message: 1,
    };
    assert_eq!(seen, [(hosts[0], 2_000, refused)]);
    assert_eq!(losses(&world), [Loss::Refused]);
    // A message to a host that is about to start is for the one that starts.
    send(&mut world, hosts[0], hosts[1], 2);
    fault(&mut world, "restart b");
    assert_eq!(messages(&run(&mut world, 10)), [(hosts[1], 2)]);
}

#[test]
fn a_sender_that_restarted_is_not_told_of_refusals_to_its_former_self() {
    let (mut world, hosts) = world(&["a", "b"]);
    fault(&mut world, "kill b");
    send(&mut world, hosts[0], hosts[1], 1);
    fault(&mut world, "restart a");
    let seen = run(&mut world, 5);
    assert_eq!(seen, [(hosts[0], 0, What::Started { incarnation: 2 })]);
}

#[test]
fn a_paused_host_gets_all_later_in_order() {
    let (mut world, hosts) = world(&["a", "b"]);
    let (a, b) = (hosts[0], hosts[1]);
    fault(&mut world, "pause b");
    world.call(b).unwrap().set_alarm_in(Duration::from_millis(3), 9);
    for message in 0..5 {
        send(&mut world, a, b, message);
    }
    assert_eq!(run(&mut world, 10), []);
    fault(&mut world, "resume b");
    send(&mut world, a, b, 5);
    let seen = run(&mut world, 20);
    assert_eq!(messages(&seen), (0..6).map(|message| (b, message)).collect::<Vec<_>>());
    assert_eq!(seen[5], (b, 10_000, What::Alarm { token: 9 }));
}

#[test]
fn an_alarm_can_be_cancelled_even_while_its_host_is_paused() {
    let (mut world, hosts) = world(&["a"]);
    let kept = world.call(hosts[0]).unwrap().set_alarm_in(Duration::from_millis(1), 1);
    let dropped = world.call(hosts[0]).unwrap().set_alarm_in(Duration::from_millis(1), 2);
    fault(&mut world, "pause a");
    run(&mut world, 5);
    assert!(world.call(hosts[0]).unwrap().cancel(dropped));
    assert!(!world.call(hosts[0]).unwrap().cancel(dropped));
    fault(&mut world, "resume a");
    assert_eq!(run(&mut world, 6), [(hosts[0], 5_000, What::Alarm { token: 1 })]);
    assert!(!world.call(hosts[0]).unwrap().cancel(kept));
}

#[test]
fn a_host_does_one_thing_at_a_time_and_slowly_when_slow() {
    let (mut world, hosts) = world(&["a", "b"]);
    let (a, b) = (hosts[0], hosts[1]);
    let echo = |delivery: &Delivery<u64>, cx: &mut Cx<'_, u64>| {
        if let What::Message { from, message, .. } = delivery.what
            && delivery.to == b
        {
            cx.spend(Duration::from_millis(1));
            cx.send(from, PONG, 1, message);
        }
    };
    let times = |seen: &Seen, host| {
        seen.iter()
            .filter(|seen| seen.0 == host)
            .map(|seen| seen.1)
            .collect::<Vec<_>>()
    };
    for message in 0..3 {
        send(&mut world, a, b, message);
    }
    let seen = run_with(&mut world, 100, echo);
    assert_eq!(times(&seen, b), [1_000, 2_000, 3_000]);
    assert_eq!(times(&seen, a), [3_000, 4_000, 5_000]);
    fault(&mut world, "slow b 2.5");
    for message in 0..3 {
        send(&mut world, a, b, message);
    }
    let seen = run_with(&mut world, 200, echo);
    assert_eq!(times(&seen, b), [101_000, 103_500, 106_000]);
    assert_eq!(times(&seen, a), [104_500, 107_000, 109_500]);
    // It is at the first of three, for 1,000 s; when it is as fast as ever, for 1 ms.
    fault(&mut world, "slow b 1000000");
    for message in 0..3 {
        send(&mut world, a, b, message);
    }
    run_with(&mut world, 300, echo);
    fault(&mut world, "slow b 1");
    assert_eq!(world.active_faults().count(), 0);
    let seen = run_with(&mut world, 400, echo);
    assert_eq!(times(&seen, b), [300_999, 301_999]);
}

#[test]
fn what_waits_for_a_busy_host_comes_before_what_is_due_when_it_is_free() {
    let (mut world, hosts) = world(&["a"]);
    let busy = HostOptions {
        handling: Duration::from_millis(1),
        ..HostOptions::default()
    };
    let host = world.add_host("b", busy).unwrap();
    run(&mut world, 10);
    // Handled from 12 on; until then the call takes 1 ms.
    world.call(host).unwrap().set_alarm_in(Duration::from_millis(3), 9);
    run(&mut world, 11);
    send(&mut world, hosts[0], host, 1);
    send(&mut world, hosts[0], host, 2);
    let seen = run(&mut world, 20);
    assert_eq!(messages(&seen), [(host, 1), (host, 2)]);
    assert_eq!(
        seen.iter().map(|seen| seen.1).collect::<Vec<_>>(),
        [12_000, 13_000, 14_000]
    );
    assert_eq!(seen[2].2, What::Alarm { token: 9 });
}

#[test]
fn a_link_that_is_healed_is_as_good_as_new() {
    for congestion in ["bandwidth a -> b 1kB/s", "latency a b 100s", "clog a b 100s"] {
        let (mut world, hosts) = world(&["a", "b"]);
        fault(&mut world, congestion);
        for message in 0..1_000 {
            send(&mut world, hosts[0], hosts[1], message);
        }
        run(&mut world, 50);
        fault(&mut world, &format!("heal {congestion}"));
        send(&mut world, hosts[0], hosts[1], 1_000);
        let seen = messages(&run(&mut world, 52));
        assert_eq!(
            seen,
            (0..=1_000).map(|message| (hosts[1], message)).collect::<Vec<_>>(),
            "{congestion}"
        );
    }
}

#[test]
fn a_disk_that_is_healed_is_as_fast_as_new() {
    let (mut world, hosts) = world(&["a"]);
    fault(&mut world, "disk a 100s");
    for token in 0..3 {
        let mut cx = world.call(hosts[0]).unwrap();
        let file = cx.disk().create("log").unwrap();
        cx.disk().append(file, *b"x").unwrap();
        cx.disk().sync(file, token).unwrap();
    }
    run(&mut world, 1_000);
    fault(&mut world, "heal disk a 100s");
    let seen = run(&mut world, 1_100);
    let tokens: Vec<_> = seen.into_iter().map(|seen| seen.2).collect();
    assert_eq!(tokens, [0, 1, 2].map(|token| What::Synced { token }));
}

#[test]
fn a_wrong_clock_misleads_its_host_alone() {
    let (mut world, hosts) = world(&["a", "b"]);
    fault(&mut world, "skew a +2s");
    fault(&mut world, "drift b +500000ppm");
    run(&mut world, 1_000);
    assert_eq!(world.clock_of(hosts[0]), Time::from_secs(3));
    assert_eq!(world.clock_of(hosts[1]), Time(1_500_000_000));
    assert_eq!(world.now(), Time::from_secs(1));
    for host in &hosts {
        let mut cx = world.call(*host).unwrap();
        let at = cx.now() + Duration::from_millis(300);
        cx.set_alarm(at, 1);
    }
    // Setting the clock moves no alarm.
    fault(&mut world, "skew a -1h");
    let seen = run(&mut world, 2_000);
    assert_eq!(
        seen.iter().map(|seen| (seen.0, seen.1)).collect::<Vec<_>>(),
        [(hosts[1], 1_200_000), (hosts[0], 1_300_000)]
    );
    fault(&mut world, "heal all");
    assert_eq!(world.clock_of(hosts[1]), Time::from_secs(2));
}

#[test]
fn a_cut_holds_what_a_stream_carries_and_loses_what_others_do() {
    for transport in [Transport::Stream, Transport::Ordered, Transport::Datagram] {
        let (mut world, hosts) = world(&["a", "b"]);
        world.set_link(
            hosts[0],
            hosts[1],
            LinkOptions {
                transport,
                latency_min: Duration::from_millis(1),
                latency_mean: Duration::ZERO,
                ..LinkOptions::default()
            },
        );
        let stream = transport == Transport::Stream;
        send(&mut world, hosts[0], hosts[1], 1);
        fault(&mut world, "cut a -> b");
        assert!(!world.reaches(hosts[0], hosts[1]) && world.reaches(hosts[1], hosts[0]));
        send(&mut world, hosts[0], hosts[1], 2);
        send(&mut world, hosts[1], hosts[0], 3);
        assert_eq!(messages(&run(&mut world, 500)), [(hosts[0], 3)], "{transport:?}");
        assert_eq!(losses(&world), if stream { vec![] } else { vec![Loss::Cut, Loss::Cut] });
        fault(&mut world, "heal cut a -> b");
        send(&mut world, hosts[0], hosts[1], 4);
        let expected: Vec<_> = if stream { vec![1, 2, 4] } else { vec![4] };
        let seen = messages(&run(&mut world, 5_000));
        assert_eq!(
            seen,
            expected
                .into_iter()
                .map(|message| (hosts[1], message))
                .collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_stream_loses_patience() {
    let (mut world, hosts) = world(&["a", "b"]);
    fault(&mut world, "isolate b");
    send(&mut world, hosts[0], hosts[1], 1);
    run(&mut world, 20_000);
    send(&mut world, hosts[0], hosts[1], 2);
    run(&mut world, 40_000);
    fault(&mut world, "heal");
    assert_eq!(messages(&run(&mut world, 50_000)), [(hosts[1], 2)]);
    assert_eq!(losses(&world), [Loss::GaveUp]);
}

#[test]
fn what_a_cut_holds_goes_with_the_sender_s_power() {
    let (mut world, hosts) = world(&["a", "b"]);
    fault(&mut world, "cut a b");
    send(&mut world, hosts[0], hosts[1], 1);
    run(&mut world, 10);
    fault(&mut world, "crash a");
    fault(&mut world, "heal");
    assert_eq!(run(&mut world, 5_000), []);
    assert_eq!(losses(&world), [Loss::SenderDown]);
}

#[test]
fn a_filter_drops_one_kind() {
    let (mut world, hosts) = world(&["a", "b"]);
    fault(&mut world, "drop a -> b ping");
    for (message, kind) in [(1, PING), (2, PONG)] {
        world.call(hosts[0]).unwrap().send(hosts[1], kind, 10, message);
    }
    send(&mut world, hosts[1], hosts[0], 3);
    // It is too late to heal: what is dropped is dropped when it is sent.
    fault(&mut world, "heal");
    let mut seen = messages(&run(&mut world, 10));
    seen.sort_unstable();
    assert_eq!(seen, [(hosts[0], 3), (hosts[1], 2)]);
    assert_eq!(losses(&world), [Loss::Filtered]);
}

#[test]
fn a_clogged_link_lets_all_go_at_the_end_in_order() {
    let (mut world, hosts) = world(&["a", "b"]);
    send(&mut world, hosts[0], hosts[1], 1);
    fault(&mut world, "clog a b 5s");
    send(&mut world, hosts[0], hosts[1], 2);
    assert_eq!(world.active_faults().count(), 1);
    assert_eq!(run(&mut world, 4_999), []);
    send(&mut world, hosts[0], hosts[1], 3);
    let seen = run(&mut world, 6_000);
    assert_eq!(messages(&seen), [(hosts[1], 1), (hosts[1], 2), (hosts[1], 3)]);
    assert_eq!(seen[0].1, 5_000_000);
    assert_eq!(world.active_faults().count(), 0);
    send(&mut world, hosts[0], hosts[1], 4);
    assert_eq!(run(&mut world, 7_000)[0].1, 6_001_000);
}

#[test]
fn a_link_s_conditions_come_and_go() {
    let (mut world, hosts) = world(&["a", "b", "c"]);
    fault(&mut world, "latency a b 50ms");
    fault(&mut world, "latency a -> b 80ms");
    send(&mut world, hosts[0], hosts[1], 1);
    send(&mut world, hosts[1], hosts[0], 2);
    send(&mut world, hosts[0], hosts[2], 3);
    let at = |seen: &Seen| seen.iter().map(|seen| seen.1 / 1_000).collect::<Vec<_>>();
    assert_eq!(at(&run(&mut world, 100)), [1, 50, 80]);
    fault(&mut world, "heal latency a -> b 80ms");
    send(&mut world, hosts[0], hosts[1], 1);
    assert_eq!(at(&run(&mut world, 200)), [150]);
    fault(&mut world, "duplicate 100%");
    fault(&mut world, "heal");
    assert_eq!(world.active_faults().count(), 0);
    send(&mut world, hosts[0], hosts[1], 1);
    assert_eq!(at(&run(&mut world, 300)), [201]);
}

#[test]
fn a_duplicate_is_seen_twice_unless_a_stream_discards_it() {
    for (transport, copies) in [
        (Transport::Stream, 1),
        (Transport::Ordered, 2),
        (Transport::Datagram, 2),
    ] {
        let (mut world, hosts) = world(&["a", "b"]);
        world.set_network(LinkOptions {
            transport,
            ..LinkOptions::default()
        });
        fault(&mut world, "duplicate 100%");
        send(&mut world, hosts[0], hosts[1], 1);
        assert_eq!(messages(&run(&mut world, 10)).len(), copies, "{transport:?}");
    }
}

#[test]
fn faults_that_do_not_fit_are_refused_and_change_nothing() {
    let (mut world, _) = world(&["a", "b"]);
    fault(&mut world, "crash b");
    let before = digest(&world);
    for (text, error) in [
        ("crash c", FaultError::NoSuchHost("c".to_owned())),
        ("split a | x", FaultError::NoSuchHost("x".to_owned())),
        ("crash b", FaultError::NotUp("b".to_owned())),
        ("kill b", FaultError::NotUp("b".to_owned())),
        ("pause b", FaultError::NotUp("b".to_owned())),
        ("resume a", FaultError::NotPaused("a".to_owned())),
        ("drop a b fetch", FaultError::NoSuchKind("fetch".to_owned())),
        ("heal cut a b", FaultError::NotInForce("cut a b".to_owned())),
    ] {
        let fault: Fault = text.parse().unwrap();
        assert_eq!(world.apply(&fault), Err(error), "{text}");
    }
    assert_eq!(digest(&world), before);
}

#[test]
fn a_disk_keeps_what_was_synced() {
    let (mut world, hosts) = world(&["a"]);
    let host = hosts[0];
    let mut cx = world.call(host).unwrap();
    let mut disk = cx.disk();
    let log = disk.create("log").unwrap();
    let new = disk.create("never-synced").unwrap();
    assert_eq!(disk.append(log, *b"one "), Ok(0));
    assert_eq!(disk.append(log, *b"two "), Ok(4));
    disk.append(new, *b"x").unwrap();
    disk.sync(log, 77).unwrap();
    disk.append(log, *b"three").unwrap();
    let seen = run(&mut world, 1_000);
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].2, What::Synced { token: 77 });
    // A program that dies loses nothing.
    fault(&mut world, "kill a");
    assert_eq!(world.disk_of(host).read(log, 0, 99).unwrap(), b"one two three");
    fault(&mut world, "crash a");
    let disk = world.disk_of(host);
    assert_eq!(disk.read(disk.find("log").unwrap(), 0, 99).unwrap(), b"one two ");
    assert_eq!(disk.find("never-synced"), None);
    assert_eq!(disk.bytes_used(), 8);
}

#[test]
fn a_sync_that_power_cuts_short_saves_nothing() {
    let (mut world, hosts) = world(&["a"]);
    fault(&mut world, "disk a 1s");
    let mut cx = world.call(hosts[0]).unwrap();
    let log = cx.disk().create("log").unwrap();
    cx.disk().append(log, *b"one").unwrap();
    cx.disk().sync(log, 1).unwrap();
    run(&mut world, 900);
    fault(&mut world, "crash a");
    fault(&mut world, "restart a");
    let seen = run(&mut world, 5_000);
    assert_eq!(seen, [(hosts[0], 900_000, What::Started { incarnation: 2 })]);
    assert_eq!(world.disk_of(hosts[0]).find("log"), None);
}

#[test]
fn the_system_writes_back_what_is_old() {
    let (mut world, hosts) = world(&["a"]);
    let mut cx = world.call(hosts[0]).unwrap();
    let log = cx.disk().create("log").unwrap();
    cx.disk().append(log, *b"old ").unwrap();
    run(&mut world, 35_000);
    world.call(hosts[0]).unwrap().disk().append(log, *b"new").unwrap();
    assert_eq!(world.disk_of(hosts[0]).safe_len(log), Some(4));
    let mut later = world.clone();
    fault(&mut world, "crash a");
    assert_eq!(world.disk_of(hosts[0]).read(log, 0, 99).unwrap(), b"old ");
    run(&mut later, 70_000);
    fault(&mut later, "crash a");
    assert_eq!(later.disk_of(hosts[0]).read(log, 0, 99).unwrap(), b"old new");
}

#[test]
fn a_torn_file_is_a_beginning_of_what_was_written() {
    let mut lengths = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let mut world: World<u64> = World::new(seed, Time(0), Limits::default());
        let host = world.add_host("a", HostOptions::default()).unwrap();
        run(&mut world, 0);
        fault(&mut world, "torn a 100%");
        let mut cx = world.call(host).unwrap();
        let log = cx.disk().create("log").unwrap();
        cx.disk().append(log, *b"safe").unwrap();
        cx.disk().sync(log, 1).unwrap();
        run(&mut world, 1_000);
        let mut cx = world.call(host).unwrap();
        cx.disk().append(log, *b"0123456789").unwrap();
        let whole = cx.disk().read(log, 0, 99).unwrap();
        let table = cx.disk().create("table").unwrap();
        cx.disk().replace(table, *b"old").unwrap();
        cx.disk().sync(table, 2).unwrap();
        run(&mut world, 2_000);
        world.call(host).unwrap().disk().replace(table, *b"new!").unwrap();
        fault(&mut world, "crash a");
        let disk = world.disk_of(host);
        let read = disk.read(log, 0, 99).unwrap();
        assert!(whole.starts_with(&read) && read.len() >= 4, "{read:?}");
        // What was written anew, not appended to, is not torn.
        assert_eq!(disk.read(table, 0, 99).unwrap(), b"old");
        lengths.insert(read.len());
    }
    assert!(lengths.len() > 5, "{lengths:?}");
}

#[test]
fn files_are_renamed_cut_and_removed() {
    let (mut world, hosts) = world(&["a"]);
    let mut cx = world.call(hosts[0]).unwrap();
    let mut disk = cx.disk();
    let (one, two) = (disk.create("1.log").unwrap(), disk.create("2.log").unwrap());
    disk.append(one, *b"one").unwrap();
    disk.append(two, *b"two").unwrap();
    assert_eq!(
        disk.names("").map(|(name, _)| name).collect::<Vec<_>>(),
        ["1.log", "2.log"]
    );
    disk.truncate(one, 2).unwrap();
    disk.rename(one, "2.log").unwrap();
    assert_eq!(disk.names("").collect::<Vec<_>>(), [("2.log", one)]);
    assert_eq!(disk.read(one, 0, 9).unwrap(), b"on");
    assert_eq!(
        (disk.len(two), disk.append(two, *b"x")),
        (None, Err(DiskError::NoSuchFile))
    );
    disk.remove(one).unwrap();
    assert_eq!((disk.bytes_used(), disk.remove(one)), (0, Err(DiskError::NoSuchFile)));
    // The place of a removed file is used again, its handle is not.
    let three = disk.create("3.log").unwrap();
    assert_ne!(three, one);
    assert_eq!(disk.len(one), None);
}

#[test]
fn a_disk_fills_up() {
    let mut world: World<u64> = World::new(1, Time(0), Limits::default());
    let disk = DiskOptions {
        capacity_bytes: 10,
        files_max: 2,
        ..DiskOptions::default()
    };
    let options = HostOptions {
        disk,
        ..HostOptions::default()
    };
    let host = world.add_host("a", options).unwrap();
    run(&mut world, 0);
    let mut cx = world.call(host).unwrap();
    let mut disk = cx.disk();
    let file = disk.create("a").unwrap();
    assert_eq!(disk.append(file, *b"12345678"), Ok(0));
    assert_eq!(disk.append(file, *b"901"), Err(DiskError::Full));
    assert_eq!(disk.replace(file, *b"1234567890"), Ok(()));
    disk.create("b").unwrap();
    assert_eq!(disk.create("c"), Err(DiskError::TooManyFiles));
    assert_eq!(DiskError::Full.to_string(), "No space left on device");
}

#[test]
fn limits_have_names() {
    let limits = Limits {
        world_hosts_max: 2,
        world_pending_max: 100,
        advance_events_max: 1_000,
        world_faults_max: 3,
        ..Limits::default()
    };
    let mut world: World<u64> = World::new(1, Time(0), limits);
    assert_eq!(world.add_host("all", HostOptions::default()), Err(HostError::BadName));
    let a = world.add_host("a", HostOptions::default()).unwrap();
    assert_eq!(world.add_host("a", HostOptions::default()), Err(HostError::Taken));
    world.add_host("b", HostOptions::default()).unwrap();
    assert_eq!(world.add_host("c", HostOptions::default()), Err(HostError::TooMany));
    // An alarm at once, for ever.
    let mut endless = world.clone();
    let ran = endless.run_until(Time(1_000_000_000_000), |_, mut cx| {
        cx.set_alarm_in(Duration::ZERO, 1);
    });
    assert_eq!(ran, Ran::Limit("advance_events_max"));
    // Two alarms for each.
    let mut growing = world.clone();
    let ran = growing.run_until(Time(1_000_000_000_000), |_, mut cx| {
        cx.set_alarm_in(Duration::ZERO, 1);
        cx.set_alarm_in(Duration::ZERO, 1);
    });
    assert_eq!(ran, Ran::Limit("world_pending_max"));
    assert_eq!(growing.limit_reached(), Some("world_pending_max"));
    for text in ["cut a b", "slow a 2", "isolate a"] {
        fault(&mut world, text);
    }
    let many: Fault = "skew a +1s".parse().unwrap();
    assert_eq!(world.apply(&many), Err(FaultError::Limit("world_faults_max")));
    assert_eq!(world.state_of(a), HostState::Up);
}

#[test]
fn a_draw_in_one_stream_moves_no_other() {
    let play = |disturb: &dyn Fn(&mut World<u64>, &[HostId])| {
        let (mut world, hosts) = world(&["a", "b", "c"]);
        world.set_network(LinkOptions {
            loss: Rate::percent(10),
            transport: Transport::Datagram,
            ..LinkOptions::default()
        });
        disturb(&mut world, &hosts);
        for message in 0..200 {
            send(&mut world, hosts[0], hosts[1], message);
        }
        let host_draw = world.call(hosts[1]).unwrap().random().next_u64();
        (run(&mut world, 1_000), host_draw)
    };
    let plain = play(&|_, _| {});
    assert!(messages(&plain.0).len() < 200);
    let others = play(&|world, hosts| {
        world.fault_stream().next_u64();
        world.workload_stream().next_u64();
        world.call(hosts[0]).unwrap().random().next_u64();
    });
    assert_eq!(plain, others);
    let disturbed = play(&|world, hosts| {
        for message in 0..50 {
            send(world, hosts[1], hosts[0], message);
            send(world, hosts[2], hosts[1], message);
        }
    });
    let from_a = |seen: &Seen| {
        let is_from_a = |what: &What<u64>| matches!(what, What::Message { from, .. } if from.index() == 0);
        seen.iter()
            .filter(|(.., what)| is_from_a(what))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(from_a(&plain.0), from_a(&disturbed.0));
}

#[test]
fn clones_part_ways() {
    let (mut world, hosts) = world(&["a", "b"]);
    send(&mut world, hosts[0], hosts[1], 1);
    world.call(hosts[0]).unwrap().disk().create("f").unwrap();
    let (before, mut other) = (digest(&world), world.clone());
    assert_eq!(digest(&other), before);
    fault(&mut other, "crash b");
    let file = other.disk_of(hosts[0]).find("f").unwrap();
    other.call(hosts[0]).unwrap().disk().append(file, *b"x").unwrap();
    run(&mut other, 10);
    assert_ne!(digest(&other), before);
    assert_eq!(digest(&world), before);
    assert_eq!(messages(&run(&mut world, 10)), [(hosts[1], 1)]);
}
