//! Random histories: the log beside a list of records.

use essaim_kafka::batch::TimestampType;
use essaim_kafka::log::{Isolation, ListOffset, Log, LogConfig, Origin};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{NOW, plain, records};

#[derive(Clone, Debug)]
enum Step {
    Append(usize),
    NewEpoch,
    Replicate(i64),
    Truncate(usize),
    Delete(i64),
    Roll,
    Retain(u64),
    Copy,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..5_usize).prop_map(Step::Append),
        1 => Just(Step::NewEpoch),
        3 => (0..12_i64).prop_map(Step::Replicate),
        1 => (0..5_usize).prop_map(Step::Truncate),
        1 => (0..12_i64).prop_map(Step::Delete),
        1 => Just(Step::Roll),
        1 => (0..800_u64).prop_map(Step::Retain),
        1 => Just(Step::Copy),
    ]
}

#[derive(Clone, Default)]
struct Model {
    /// Offset of the batch's first record, epoch, values.
    batches: Vec<(i64, i32, Vec<String>)>,
    start: i64,
    end: i64,
    high_watermark: i64,
    epoch: i32,
}

impl Model {
    fn records(&self) -> Vec<(i64, String)> {
        let mut records = Vec::new();
        for (base, _, values) in &self.batches {
            records.extend(
                values
                    .iter()
                    .enumerate()
                    .map(|(place, value)| (base + place as i64, value.clone())),
            );
        }
        records.retain(|(offset, _)| *offset >= self.start);
        records
    }
}

fn play(log: &mut Log, model: &mut Model, step: &Step) {
    match step {
        Step::Append(count) => {
            let values: Vec<String> = (0..*count)
                .map(|place| (model.end + place as i64).to_string())
                .collect();
            let pairs: Vec<(&str, &str)> = values.iter().map(|value| ("k", value.as_str())).collect();
            let appended = log
                .append_as_leader(&plain(&pairs), Origin::Client, model.epoch, NOW)
                .unwrap();
            assert_eq!(appended.base_offset, model.end);
            model.batches.push((model.end, model.epoch, values));
            model.end += *count as i64;
        }
        Step::NewEpoch => {
            model.epoch += 1;
            log.begin_epoch(model.epoch);
        }
        Step::Replicate(more) => {
            log.advance_high_watermark(model.high_watermark + more);
            model.high_watermark = (model.high_watermark + more).min(model.end);
        }
        Step::Truncate(batches) => {
            let keep = model.batches.len().saturating_sub(*batches);
            let Some(first) = model.batches.get(keep).map(|(base, ..)| *base) else {
                return;
            };
            // A leader never asks to forget what was deleted already.
            if first < model.start {
                return;
            }
            log.truncate_to(first, NOW);
            model.batches.truncate(keep);
            model.end = first;
            model.high_watermark = model.high_watermark.min(first);
        }
        Step::Delete(more) => {
            let offset = (model.start + more).min(model.high_watermark);
            assert_eq!(log.delete_records(offset), Ok(offset.max(model.start)));
            model.start = model.start.max(offset);
        }
        Step::Roll => log.roll(NOW),
        Step::Retain(bytes) => {
            let mut config = log.config().clone();
            config.retention_bytes = *bytes as i64;
            log.set_config(config);
            log.delete_old_segments(NOW);
            assert!(log.log_start_offset() >= model.start);
            assert!(log.log_start_offset() <= model.high_watermark.max(model.start));
            model.start = log.log_start_offset();
            let first = log.segments().next().unwrap().base_offset();
            model.batches.retain(|(base, ..)| *base >= first);
        }
        Step::Copy => {
            let mut copy = log.clone();
            copy.append_as_leader(&plain(&[("x", "x")]), Origin::Client, model.epoch, NOW)
                .unwrap();
            copy.roll(NOW);
            copy.truncate_fully(7, NOW);
        }
    }
}

fn compare(log: &Log, model: &Model) {
    assert_eq!(
        (log.log_start_offset(), log.log_end_offset(), log.high_watermark()),
        (model.start, model.end, model.high_watermark)
    );
    let here: Vec<(i64, String)> = records(log)
        .into_iter()
        .map(|(offset, _, value)| (offset, value))
        .collect();
    assert_eq!(here, model.records());
    // Read on from each offset, a little at a time.
    let mut offset = model.start;
    while offset < model.high_watermark {
        let fetched = log.read(offset, 100, Isolation::ReadUncommitted, true).unwrap();
        let first = fetched.batches.first().unwrap();
        assert!((first.base_offset()..=first.last_offset()).contains(&offset));
        offset = fetched.batches.last().unwrap().next_offset();
    }
    for (base, epoch, _) in model.batches.iter().filter(|(base, ..)| *base >= model.start) {
        assert_eq!(log.epochs().epoch_for(*base), Some(*epoch));
    }
    let segments: Vec<_> = log.segments().collect();
    for pair in segments.windows(2) {
        assert!(pair[0].base_offset() < pair[1].base_offset());
        assert!(pair[0].next_offset() <= pair[1].base_offset());
    }
    for segment in segments {
        assert_eq!(segment.log_file().len(), segment.size_bytes() as usize);
        for (offset, position) in segment.index() {
            let placed = segment.batches_from(offset).next().unwrap();
            assert_eq!((placed.batch.last_offset(), placed.position), (offset, position));
        }
    }
    // A first segment that was deleted from within hides what comes after it.
    if log.segments().next().unwrap().next_offset() <= model.start {
        return;
    }
    let earliest = log
        .find_offset(ListOffset::AtTime(0), model.end)
        .map(|found| found.offset);
    assert_eq!(earliest, model.records().first().map(|(offset, _)| *offset));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_log_is_a_list_of_records(steps in vec(step(), 1..60), segment in 100..600_u32, interval in 0..200_u32) {
        let config = LogConfig {
            segment_bytes: segment.max(160),
            index_interval_bytes: interval,
            message_timestamp_type: if segment % 2 == 0 { TimestampType::CreateTime } else { TimestampType::LogAppendTime },
            ..LogConfig::default()
        };
        let mut log = super::log(config);
        let mut model = Model::default();
        log.begin_epoch(0);
        for step in &steps {
            play(&mut log, &mut model, step);
            compare(&log, &model);
        }
    }

    /// What a follower has copied, in whatever portions, is what the leader has.
    #[test]
    fn a_follower_becomes_its_leader(counts in vec(1..5_usize, 1..30), bytes in 1..400_usize, segment in 200..600_u32) {
        let config = LogConfig { segment_bytes: segment, ..LogConfig::default() };
        let (mut leader, mut follower) = (super::log(config.clone()), super::log(config));
        let mut model = Model::default();
        for (place, count) in counts.iter().enumerate() {
            if place % 4 == 3 {
                play(&mut leader, &mut model, &Step::NewEpoch);
            }
            play(&mut leader, &mut model, &Step::Append(*count));
        }
        while follower.log_end_offset() < leader.log_end_offset() {
            let fetched = leader.read(follower.log_end_offset(), bytes, Isolation::LogEnd, true).unwrap();
            follower.append_as_follower(&fetched.batches, model.epoch, NOW).unwrap();
        }
        prop_assert_eq!(records(&follower), records(&leader));
        prop_assert_eq!(follower.epochs().iter().collect::<Vec<_>>(), leader.epochs().iter().collect::<Vec<_>>());
    }
}
