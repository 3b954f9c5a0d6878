//! A list that grows at its end and is cheap to copy: full chunks are shared between copies, and a copy that goes on
//! writing copies the last chunk only.

use std::sync::Arc;

/// Elements a chunk.
const CHUNK: usize = 128;

/// The list.
#[derive(Clone, Debug)]
pub struct Shared<T> {
    full: Arc<Vec<Arc<Vec<T>>>>,
    tail: Arc<Vec<T>>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self {
            full: Arc::default(),
            tail: Arc::default(),
        }
    }
}

impl<T> Shared<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.full.len() * CHUNK + self.tail.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.full.is_empty() && self.tail.is_empty()
    }

    /// By place in the list.
    pub fn get(&self, place: usize) -> Option<&T> {
        let chunk = (place / CHUNK).min(self.full.len());
        self.chunk(chunk).get(place - chunk * CHUNK)
    }

    fn chunk(&self, chunk: usize) -> &[T] {
        self.full.get(chunk).unwrap_or(&self.tail)
    }

    /// The last one.
    pub fn last(&self) -> Option<&T> {
        self.tail.last().or_else(|| self.full.last()?.last())
    }

    /// The place after the last element that is `before`; those that are come first.
    pub fn partition_point(&self, before: impl Fn(&T) -> bool) -> usize {
        let chunk = self.full.partition_point(|chunk| chunk.last().is_some_and(&before));
        chunk * CHUNK + self.chunk(chunk).partition_point(before)
    }

    /// From a place on.
    pub fn iter_from(&self, place: usize) -> impl Iterator<Item = &T> {
        let chunk = (place / CHUNK).min(self.full.len());
        let rest = self.chunk(chunk).get(place - chunk * CHUNK..).unwrap_or_default();
        let chunks = (chunk + 1..=self.full.len()).flat_map(|chunk| self.chunk(chunk));
        rest.iter().chain(chunks)
    }

    /// All.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.iter_from(0)
    }
}

impl<T: Clone> Shared<T> {
    /// Adds one at the end.
    pub fn push(&mut self, element: T) {
        let tail = Arc::make_mut(&mut self.tail);
        tail.push(element);
        if tail.len() == CHUNK {
            let tail = core::mem::take(&mut self.tail);
            Arc::make_mut(&mut self.full).push(tail);
        }
    }

    /// Drops all from a place on.
    pub fn truncate(&mut self, place: usize) {
        if place >= self.full.len() * CHUNK {
            Arc::make_mut(&mut self.tail).truncate(place - self.full.len() * CHUNK);
            return;
        }
        let full = Arc::make_mut(&mut self.full);
        self.tail = Arc::new(full[place / CHUNK][..place % CHUNK].to_vec());
        full.truncate(place / CHUNK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(count: usize) -> Shared<usize> {
        let mut list = Shared::default();
        for number in 0..count {
            list.push(2 * number);
        }
        list
    }

    #[test]
    fn every_place_is_found() {
        for count in [0, 1, 127, 128, 129, 256, 300] {
            let list = list(count);
            assert_eq!(list.len(), count);
            for number in 0..2 * count {
                assert_eq!(list.partition_point(|other| *other < number), number.div_ceil(2));
            }
            for place in 0..=count {
                assert_eq!(list.get(place).copied(), (place < count).then_some(2 * place));
                assert_eq!(list.iter_from(place).count(), count - place);
                assert_eq!(list.iter_from(place).next(), list.get(place));
            }
            assert_eq!(list.iter_from(count + 200).count(), 0);
            assert_eq!(list.last().copied(), count.checked_sub(1).map(|last| 2 * last));
        }
    }

    #[test]
    fn a_copy_goes_its_own_way() {
        let mut one = list(200);
        let mut other = one.clone();
        other.truncate(130);
        one.truncate(256);
        assert_eq!((one.len(), other.len()), (200, 130));
        other.truncate(128);
        assert_eq!((other.len(), other.last()), (128, Some(&254)));
        other.truncate(5);
        other.push(7);
        assert_eq!(other.iter().copied().collect::<Vec<_>>(), [0, 2, 4, 6, 8, 7]);
        assert_eq!(one.get(150), Some(&300));
    }
}
