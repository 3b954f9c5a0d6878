//! JGit's histogram diff: split at the longest common run among the rarest
//! lines, then do the same on both sides.

use super::{MarksMut, myers};

/// Lines more frequent than this in the old part are no anchors.
const OCCURRENCES_MAX: usize = 64;

/// A run of equal lines; `len` at least 1.
#[derive(Clone, Copy)]
struct Run {
    old: usize,
    new: usize,
    len: usize,
}

enum Anchor {
    Found(Run),
    /// No line in common.
    Nothing,
    /// Lines in common, but all of them too frequent.
    TooFrequent,
}

pub(super) fn mark(mut old: &[u32], mut new: &[u32], mut marks: MarksMut<'_>) {
    loop {
        if old.is_empty() || new.is_empty() {
            return marks.mark_all();
        }
        let run = match anchor(old, new) {
            Anchor::Nothing => return marks.mark_all(),
            Anchor::TooFrequent => return myers::mark(old, new, false, marks),
            Anchor::Found(run) => run,
        };
        mark(&old[..run.old], &new[..run.new], marks.part(0..run.old, 0..run.new));
        let (old_end, new_end) = (run.old + run.len, run.new + run.len);
        old = &old[old_end..];
        new = &new[new_end..];
        marks = marks.after(old_end, new_end);
    }
}

/// Where each line occurs in the old part.
struct Index {
    /// Positions by line number, increasing.
    positions: Vec<Vec<usize>>,
}

impl Index {
    fn new(old: &[u32]) -> Self {
        let highest = old.iter().max().map_or(0, |&id| id as usize);
        let mut positions = vec![Vec::new(); highest + 1];
        for (i, &id) in old.iter().enumerate() {
            positions[id as usize].push(i);
        }
        Self { positions }
    }

    fn of(&self, id: u32) -> &[usize] {
        self.positions.get(id as usize).map_or(&[], Vec::as_slice)
    }
}

fn anchor(old: &[u32], new: &[u32]) -> Anchor {
    let index = Index::new(old);
    let mut rarest = OCCURRENCES_MAX + 1;
    let mut best: Option<Run> = None;
    let mut common = false;
    let mut at = 0;
    while at < new.len() {
        let mut next = at + 1;
        let places = index.of(new[at]);
        common |= !places.is_empty();
        if places.len() <= rarest {
            let mut skip_to = 0;
            for &place in places {
                if place < skip_to {
                    continue;
                }
                let (run, occurrences) = grow(old, new, &index, place, at);
                next = next.max(run.new + run.len);
                let longer = best.map_or(1, |best| best.len) < run.len;
                if longer || occurrences < rarest {
                    best = Some(run);
                    rarest = occurrences;
                }
                skip_to = run.old + run.len;
            }
        }
        at = next;
    }
    match best {
        _ if common && rarest > OCCURRENCES_MAX => Anchor::TooFrequent,
        Some(run) => Anchor::Found(run),
        None => Anchor::Nothing,
    }
}

/// The run through a pair of equal lines, and how often its rarest line
/// occurs in the old part.
fn grow(old: &[u32], new: &[u32], index: &Index, place: usize, at: usize) -> (Run, usize) {
    let before = old[..place].iter().rev().zip(new[..at].iter().rev());
    let before = before.take_while(|(a, b)| a == b).count();
    let after = old[place..].iter().zip(&new[at..]);
    let after = after.take_while(|(a, b)| a == b).count();
    let run = Run {
        old: place - before,
        new: at - before,
        len: before + after,
    };
    let rarest = old[run.old..run.old + run.len]
        .iter()
        .map(|&id| index.of(id).len())
        .min()
        .expect("a run has a line");
    (run, rarest)
}
