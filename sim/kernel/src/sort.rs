//! Sorting that is compiled once.
//!
//! The standard library's sort is compiled again for each type and each comparison, some five kilobytes of Wasm every
//! time. Here the order is found on numbers by one sort, and only putting the items in that order is generic.

use std::cmp::Ordering;

/// Stable sorts of a slice, as those of the standard library, in little code.
pub trait SmallSort<T> {
    /// As `[T]::sort_by`.
    fn small_sort_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering);

    /// As `[T]::sort`.
    fn small_sort(&mut self)
    where
        T: Ord,
    {
        self.small_sort_by(T::cmp);
    }

    /// As `[T]::sort_by_key`.
    fn small_sort_by_key<K: Ord>(&mut self, mut key: impl FnMut(&T) -> K) {
        self.small_sort_by(|a, b| key(a).cmp(&key(b)));
    }
}

impl<T> SmallSort<T> for [T] {
    fn small_sort_by(&mut self, mut compare: impl FnMut(&T, &T) -> Ordering) {
        let order = order(self.len(), &mut |a, b| compare(&self[a], &self[b]));
        put_in(order, &mut |a, b| self.swap(a, b));
    }
}

/// Collecting into a `BTreeMap` or `BTreeSet` one by one: `collect` would sort first, by a sort of its own for each type.
pub trait IntoTree: Iterator + Sized {
    /// As `collect`.
    fn into_tree<C: Default + Extend<Self::Item>>(self) -> C {
        let mut tree = C::default();
        tree.extend(self);
        tree
    }
}

impl<I: Iterator> IntoTree for I {}

/// Which item comes first, second, third …
#[inline(never)]
fn order(len: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.sort_by(|a, b| compare(*a, *b));
    order
}

/// Follows each cycle of the permutation by swaps.
#[inline(never)]
fn put_in(mut order: Vec<usize>, swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..order.len() {
        let mut at = start;
        while order[at] != start {
            let from = std::mem::replace(&mut order[at], at);
            swap(at, from);
            at = from;
        }
        order[at] = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sorts_as_the_standard_library_does() {
        let mut stream = crate::random::Streams::new(7);
        for len in 0..200 {
            let items: Vec<(u64, u64)> = (0..len).map(|n| (stream.named("sort").below(20), n)).collect();
            let (mut ours, mut theirs) = (items.clone(), items);
            ours.small_sort_by_key(|item| item.0);
            theirs.sort_by_key(|item| item.0);
            assert_eq!(ours, theirs, "it is stable");
            ours.small_sort_by(|a, b| b.cmp(a));
            theirs.sort_by(|a, b| b.cmp(a));
            assert_eq!(ours, theirs);
            ours.small_sort();
            assert!(ours.is_sorted());
        }
    }
}
