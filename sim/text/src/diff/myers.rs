//! Myers' O(ND) algorithm in linear space, with what Git adds to it: lines
//! that cannot help are set aside first, and a search that costs too much is
//! cut short. The shortcuts decide which of several correct answers comes
//! out, so their constants are part of the behaviour.

use std::ops::Range;

use super::MarksMut;

/// A line this often in the other file (or the rounded square root of the
/// file's length, if lower) is too common to be an anchor.
const COMMON_LINE_COUNT_MAX: usize = 1024;
/// How far to look for context around a common line.
const NEIGHBOUR_WINDOW: usize = 100;
/// A common line is set aside if less than one neighbour in so many is common.
const NEIGHBOUR_RATIO: usize = 4;
/// A diagonal run longer than this is a promising one.
const LONG_RUN: isize = 20;
/// From this cost on, a promising run may end the search.
const PROMISING_COST_MIN: isize = 256;
/// How many times its cost a promising path must have advanced.
const PROMISING_RATIO: isize = 4;
/// No search is cut short below this cost.
const COST_LIMIT_MIN: isize = 256;

/// Marks the lines of a shortest (or short enough) edit script.
pub(super) fn mark(old: &[u32], new: &[u32], minimal: bool, marks: MarksMut<'_>) {
    let prefix = common_prefix(old, new);
    let suffix = common_prefix_reversed(&old[prefix..], &new[prefix..]);
    let old_window = prefix..old.len() - suffix;
    let new_window = prefix..new.len() - suffix;

    let kept_old = keep(old, old_window, &occurrences(new), marks.old);
    let kept_new = keep(new, new_window, &occurrences(old), marks.new);
    let old_ids: Vec<u32> = kept_old.iter().map(|&i| old[i]).collect();
    let new_ids: Vec<u32> = kept_new.iter().map(|&i| new[i]).collect();
    let mut search = Search::new(&old_ids, &new_ids);
    let mut found = Vec::new();
    search.compare(
        Area {
            old: 0..old_ids.len() as isize,
            new: 0..new_ids.len() as isize,
        },
        minimal,
        &mut found,
    );
    for area in found {
        for i in area.old {
            marks.old[kept_old[i as usize]] = true;
        }
        for i in area.new {
            marks.new[kept_new[i as usize]] = true;
        }
    }
}

fn common_prefix(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

fn common_prefix_reversed(a: &[u32], b: &[u32]) -> usize {
    let pairs = a.iter().rev().zip(b.iter().rev());
    pairs.take_while(|(x, y)| x == y).count()
}

/// How often each line number occurs.
fn occurrences(ids: &[u32]) -> Vec<usize> {
    let mut counts = Vec::new();
    for &id in ids {
        let id = id as usize;
        if counts.len() <= id {
            counts.resize(id + 1, 0);
        }
        counts[id] += 1;
    }
    counts
}

/// The power of two near the square root of `n`.
fn rough_square_root(n: usize) -> usize {
    let mut root = 1;
    let mut rest = n;
    while rest > 0 {
        root *= 2;
        rest /= 4;
    }
    root
}

#[derive(Clone, Copy, PartialEq)]
enum Use {
    /// Absent from the other file: certainly changed.
    Absent,
    /// Present a reasonable number of times: an anchor.
    Anchor,
    /// Present so often that it says little.
    Common,
}

/// The lines of `window` worth comparing, by index; the others are marked.
fn keep(ids: &[u32], window: Range<usize>, in_other: &[usize], marks: &mut [bool]) -> Vec<usize> {
    let common_from = rough_square_root(ids.len()).min(COMMON_LINE_COUNT_MAX);
    let uses: Vec<Use> = ids[window.clone()]
        .iter()
        .map(|&id| match in_other.get(id as usize).copied().unwrap_or(0) {
            0 => Use::Absent,
            n if n >= common_from => Use::Common,
            _ => Use::Anchor,
        })
        .collect();
    let mut kept = Vec::new();
    for (i, line_use) in uses.iter().enumerate() {
        let keep = match line_use {
            Use::Absent => false,
            Use::Anchor => true,
            Use::Common => !stands_among_changes(&uses, i),
        };
        if keep {
            kept.push(window.start + i);
        } else {
            marks[window.start + i] = true;
        }
    }
    kept
}

/// Whether a common line has mostly absent lines around it, on both sides up
/// to the next anchor: then matching it would only split a change.
fn stands_among_changes(uses: &[Use], at: usize) -> bool {
    let tally = |side: &mut dyn Iterator<Item = &Use>| {
        let mut absent = 0;
        let mut common = 1;
        for line_use in side.take(NEIGHBOUR_WINDOW) {
            match line_use {
                Use::Absent => absent += 1,
                Use::Common => common += 1,
                Use::Anchor => break,
            }
        }
        (absent, common)
    };
    let (absent_before, common_before) = tally(&mut uses[..at].iter().rev());
    let (absent_after, common_after) = tally(&mut uses[at + 1..].iter());
    if absent_before == 0 || absent_after == 0 {
        return false;
    }
    let absent = absent_before + absent_after;
    let common = common_before + common_after;
    common * NEIGHBOUR_RATIO < common + absent
}

/// A rectangle of the edit graph.
#[derive(Clone)]
struct Area {
    old: Range<isize>,
    new: Range<isize>,
}

/// Where an area is cut in two, and which halves deserve an exact search.
struct Split {
    old: isize,
    new: isize,
    exact_before: bool,
    exact_after: bool,
}

/// The furthest points reached on the diagonals (old minus new) of one
/// direction of the search.
struct Frontier {
    reached: Vec<isize>,
    origin: isize,
    low: isize,
    high: isize,
}

impl Frontier {
    fn get(&self, diagonal: isize) -> isize {
        self.reached[(diagonal + self.origin) as usize]
    }

    fn set(&mut self, diagonal: isize, old: isize) {
        self.reached[(diagonal + self.origin) as usize] = old;
    }

    fn start(&mut self, diagonal: isize, old: isize) {
        self.low = diagonal;
        self.high = diagonal;
        self.set(diagonal, old);
    }

    /// One more edit: one more diagonal on either side, unless it lies
    /// outside of the area, where every second one is enough.
    fn widen(&mut self, lowest: isize, highest: isize, unreached: isize) {
        if self.low > lowest {
            self.low -= 1;
            self.set(self.low - 1, unreached);
        } else {
            self.low += 1;
        }
        if self.high < highest {
            self.high += 1;
            self.set(self.high + 1, unreached);
        } else {
            self.high -= 1;
        }
    }

    fn covers(&self, diagonal: isize) -> bool {
        self.low <= diagonal && diagonal <= self.high
    }

    /// The diagonals of the present cost, from the highest down.
    fn diagonals(&self) -> impl Iterator<Item = isize> + use<> {
        let (low, high) = (self.low, self.high);
        (0..).map(move |step| high - 2 * step).take_while(move |&d| d >= low)
    }
}

struct Search<'a> {
    old: &'a [u32],
    new: &'a [u32],
    forward: Frontier,
    backward: Frontier,
    cost_limit: isize,
}

impl<'a> Search<'a> {
    fn new(old: &'a [u32], new: &'a [u32]) -> Self {
        let diagonal_count = old.len() + new.len() + 3;
        let frontier = || Frontier {
            reached: vec![0; diagonal_count],
            origin: new.len() as isize + 1,
            low: 0,
            high: 0,
        };
        Self {
            old,
            new,
            forward: frontier(),
            backward: frontier(),
            cost_limit: (rough_square_root(diagonal_count) as isize).max(COST_LIMIT_MIN),
        }
    }

    fn equal(&self, old: isize, new: isize) -> bool {
        self.old[old as usize] == self.new[new as usize]
    }

    /// Collects the areas in which nothing matches.
    fn compare(&mut self, mut area: Area, mut exact: bool, found: &mut Vec<Area>) {
        loop {
            while !area.old.is_empty() && !area.new.is_empty() && self.equal(area.old.start, area.new.start) {
                area.old.start += 1;
                area.new.start += 1;
            }
            while !area.old.is_empty() && !area.new.is_empty() && self.equal(area.old.end - 1, area.new.end - 1) {
                area.old.end -= 1;
                area.new.end -= 1;
            }
            if area.old.is_empty() || area.new.is_empty() {
                found.push(area);
                return;
            }
            let split = self.split(&area, exact);
            let before = Area {
                old: area.old.start..split.old,
                new: area.new.start..split.new,
            };
            self.compare(before, split.exact_before, found);
            area.old.start = split.old;
            area.new.start = split.new;
            exact = split.exact_after;
        }
    }

    /// Finds a point on a good path by searching from both corners at once.
    fn split(&mut self, area: &Area, exact: bool) -> Split {
        let lowest = area.old.start - area.new.end;
        let highest = area.old.end - area.new.start;
        let first = area.old.start - area.new.start;
        let last = area.old.end - area.new.end;
        let odd = (first - last) & 1 != 0;
        self.forward.start(first, area.old.start);
        self.backward.start(last, area.old.end);
        let mut cost = 0;
        loop {
            cost += 1;
            let mut long_run = false;
            self.forward.widen(lowest, highest, -1);
            for d in self.forward.diagonals() {
                let (old, run) = self.advance(area, d);
                long_run |= run > LONG_RUN;
                if odd && self.backward.covers(d) && self.backward.get(d) <= old {
                    return meeting(old, d);
                }
            }
            self.backward.widen(lowest, highest, isize::MAX);
            for d in self.backward.diagonals() {
                let (old, run) = self.retreat(area, d);
                long_run |= run > LONG_RUN;
                if !odd && self.forward.covers(d) && old <= self.forward.get(d) {
                    return meeting(old, d);
                }
            }
            if exact {
                continue;
            }
            if long_run && cost > PROMISING_COST_MIN {
                let promising = self.promising_forward(area, first, cost);
                if let Some(split) = promising.or_else(|| self.promising_backward(area, last, cost)) {
                    return split;
                }
            }
            if cost >= self.cost_limit {
                return self.give_up(area);
            }
        }
    }

    /// Extends the forward path on one diagonal; also returns how many lines
    /// matched.
    fn advance(&mut self, area: &Area, diagonal: isize) -> (isize, isize) {
        let below = self.forward.get(diagonal - 1);
        let above = self.forward.get(diagonal + 1);
        let start = if below >= above { below + 1 } else { above };
        let mut old = start;
        while old < area.old.end && old - diagonal < area.new.end && self.equal(old, old - diagonal) {
            old += 1;
        }
        self.forward.set(diagonal, old);
        (old, old - start)
    }

    fn retreat(&mut self, area: &Area, diagonal: isize) -> (isize, isize) {
        let below = self.backward.get(diagonal - 1);
        let above = self.backward.get(diagonal + 1);
        let start = if below < above { below } else { above - 1 };
        let mut old = start;
        while old > area.old.start && old - diagonal > area.new.start && self.equal(old - 1, old - diagonal - 1) {
            old -= 1;
        }
        self.backward.set(diagonal, old);
        (old, start - old)
    }

    /// The forward path that came furthest for its cost, if it ends in a
    /// long run of equal lines.
    fn promising_forward(&self, area: &Area, middle: isize, cost: isize) -> Option<Split> {
        let mut best = PROMISING_RATIO * cost;
        let mut split = None;
        for d in self.forward.diagonals() {
            let old = self.forward.get(d);
            let new = old - d;
            let gain = (old - area.old.start) + (new - area.new.start) - (d - middle).abs();
            if gain > best
                && (area.old.start + LONG_RUN..area.old.end).contains(&old)
                && (area.new.start + LONG_RUN..area.new.end).contains(&new)
                && (1..=LONG_RUN).all(|k| self.equal(old - k, new - k))
            {
                best = gain;
                split = Some(Split {
                    old,
                    new,
                    exact_before: true,
                    exact_after: false,
                });
            }
        }
        split
    }

    fn promising_backward(&self, area: &Area, middle: isize, cost: isize) -> Option<Split> {
        let mut best = PROMISING_RATIO * cost;
        let mut split = None;
        for d in self.backward.diagonals() {
            let old = self.backward.get(d);
            let new = old - d;
            let gain = (area.old.end - old) + (area.new.end - new) - (d - middle).abs();
            if gain > best
                && (area.old.start + 1..=area.old.end - LONG_RUN).contains(&old)
                && (area.new.start + 1..=area.new.end - LONG_RUN).contains(&new)
                && (0..LONG_RUN).all(|k| self.equal(old + k, new + k))
            {
                best = gain;
                split = Some(Split {
                    old,
                    new,
                    exact_before: false,
                    exact_after: true,
                });
            }
        }
        split
    }

    /// The search costs too much: cut at the point that is furthest from its
    /// corner, whichever corner that is.
    fn give_up(&self, area: &Area) -> Split {
        let mut forward = (-1, -1);
        for d in self.forward.diagonals() {
            let old = self.forward.get(d).min(area.old.end).min(area.new.end + d);
            let sum = old + old - d;
            if sum > forward.0 {
                forward = (sum, old);
            }
        }
        let mut backward = (isize::MAX, isize::MAX);
        for d in self.backward.diagonals() {
            let floor = area.old.start.max(area.new.start + d);
            let old = self.backward.get(d).max(floor);
            let sum = old + old - d;
            if sum < backward.0 {
                backward = (sum, old);
            }
        }
        let advanced = forward.0 - (area.old.start + area.new.start);
        let retreated = (area.old.end + area.new.end) - backward.0;
        let from_start = retreated < advanced;
        let (sum, old) = if from_start { forward } else { backward };
        Split {
            old,
            new: sum - old,
            exact_before: from_start,
            exact_after: !from_start,
        }
    }
}

fn meeting(old: isize, diagonal: isize) -> Split {
    Split {
        old,
        new: old - diagonal,
        exact_before: true,
        exact_after: true,
    }
}
