//! Bram Cohen's patience diff: the lines that occur once in both files, in
//! the longest order they share, are anchors; the parts between are treated
//! in the same way.

use std::ops::Range;

use super::{MarksMut, myers};

pub(super) fn mark(old: &[u32], new: &[u32], mut marks: MarksMut<'_>) {
    if old.is_empty() || new.is_empty() {
        return marks.mark_all();
    }
    let Some(anchors) = anchors(old, new) else {
        return marks.mark_all();
    };
    if anchors.is_empty() {
        return myers::mark(old, new, false, marks);
    }
    let (mut old_at, mut new_at) = (0, 0);
    for (old_anchor, new_anchor) in anchors {
        // A run of equal lines may stand just before the anchor.
        let old_before = old[old_at..old_anchor].iter().rev();
        let new_before = new[new_at..new_anchor].iter().rev();
        let run = old_before.zip(new_before).take_while(|(a, b)| a == b);
        let run = run.count();
        mark_between(old, new, old_at..old_anchor - run, new_at..new_anchor - run, &mut marks);
        old_at = old_anchor + 1;
        new_at = new_anchor + 1;
    }
    let (old_rest, new_rest) = (old_at..old.len(), new_at..new.len());
    mark_between(old, new, old_rest, new_rest, &mut marks);
}

fn mark_between(old: &[u32], new: &[u32], old_part: Range<usize>, new_part: Range<usize>, marks: &mut MarksMut<'_>) {
    let pairs = old[old_part.clone()].iter().zip(&new[new_part.clone()]);
    let run = pairs.take_while(|(a, b)| a == b).count();
    let old_part = old_part.start + run..old_part.end;
    let new_part = new_part.start + run..new_part.end;
    if !old_part.is_empty() || !new_part.is_empty() {
        mark(
            &old[old_part.clone()],
            &new[new_part.clone()],
            marks.part(old_part, new_part),
        );
    }
}

/// The anchors in order; `None` if the parts have no line in common.
fn anchors(old: &[u32], new: &[u32]) -> Option<Vec<(usize, usize)>> {
    #[derive(Clone, Copy, Default)]
    struct Seen {
        old_count: usize,
        new_count: usize,
        new_at: usize,
    }
    let highest = old.iter().chain(new).max().map_or(0, |&id| id as usize);
    let mut seen = vec![Seen::default(); highest + 1];
    for &id in old {
        seen[id as usize].old_count += 1;
    }
    for (i, &id) in new.iter().enumerate() {
        seen[id as usize].new_count += 1;
        seen[id as usize].new_at = i;
    }
    if !new.iter().any(|&id| seen[id as usize].old_count > 0) {
        return None;
    }
    let unique: Vec<(usize, usize)> = old
        .iter()
        .enumerate()
        .filter_map(|(i, &id)| {
            let seen = seen[id as usize];
            (seen.old_count == 1 && seen.new_count == 1).then_some((i, seen.new_at))
        })
        .collect();
    Some(longest_increasing(&unique))
}

/// The longest subsequence increasing in the second member, by patience
/// sorting: each card remembers the top of the pile on its left.
fn longest_increasing(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut piles: Vec<usize> = Vec::new();
    let mut left: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (card, pair) in pairs.iter().enumerate() {
        let pile = piles.partition_point(|&top| pairs[top].1 < pair.1);
        left.push(pile.checked_sub(1).map(|i| piles[i]));
        if pile == piles.len() {
            piles.push(card);
        } else {
            piles[pile] = card;
        }
    }
    let mut chain = Vec::new();
    let mut card = piles.last().copied();
    while let Some(at) = card {
        chain.push(pairs[at]);
        card = left[at];
    }
    chain.reverse();
    chain
}
