//! `cargo xtask bench world`, the native half: events, snapshots, digests.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use essaim_worlds::ping_pong::{PingPong, Style};

const EVENTS: u64 = 100_000;

fn world(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("world");
    group.throughput(Throughput::Elements(EVENTS));
    let mut warm = PingPong::new(7, Style::Bare);
    for (name, style) in [("bare", Style::Bare), ("busy", Style::Busy)] {
        warm = PingPong::new(7, style);
        warm.run(EVENTS);
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(|| warm.clone(), |world| world.run(EVENTS), BatchSize::LargeInput);
        });
    }
    group.throughput(Throughput::Elements(1));
    group.bench_function("snapshot", |bencher| bencher.iter(|| warm.clone()));
    group.bench_function("digest", |bencher| bencher.iter(|| warm.digest()));
    group.finish();
}

criterion_group!(benches, world);
criterion_main!(benches);
