//! The series of a metric in the order they are shown in, brought up to date when a snapshot is taken.
//!
//! The store only notes who was created; sorting is done by whoever took the snapshot, without the
//! store's lock, and handed back for the next one. Knows numbers of series, not series.

use std::cmp::Ordering;
use std::sync::Arc;

/// The living series of a metric.
#[derive(Debug, Clone, Default)]
pub(crate) struct Order {
    sorted: Arc<Vec<u32>>,
    /// Created since, in the order of their creations.
    newborn: Vec<u32>,
}

impl Order {
    pub(crate) fn add(&mut self, slot: u32) {
        self.newborn.push(slot);
    }

    /// Keeps only the series that are `alive`.
    pub(crate) fn retain(&mut self, alive: impl Fn(u32) -> bool) {
        self.newborn.retain(|&slot| alive(slot));
        let sorted = self.sorted.iter().copied().filter(|&slot| alive(slot));
        // Always a new list: an order made from the one before is out of date.
        self.sorted = Arc::new(sorted.collect());
    }

    pub(crate) fn len(&self) -> usize {
        self.sorted.len() + self.newborn.len()
    }

    pub(crate) fn is_sorted(&self) -> bool {
        self.newborn.is_empty()
    }

    /// All series, in no order.
    pub(crate) fn slots(&self) -> impl Iterator<Item = u32> {
        self.sorted.iter().chain(&self.newborn).copied()
    }

    /// The order with all series in their places.
    pub(crate) fn merged(&self, mut compare: impl FnMut(u32, u32) -> Ordering) -> Arc<Vec<u32>> {
        if self.is_sorted() {
            return Arc::clone(&self.sorted);
        }
        let mut newborn = self.newborn.clone();
        newborn.sort_unstable_by(|&a, &b| compare(a, b));
        let mut newborn = newborn.into_iter().peekable();
        let mut merged = Vec::with_capacity(self.len());
        for &slot in &*self.sorted {
            while let Some(next) = newborn.next_if(|&next| compare(next, slot).is_lt()) {
                merged.push(next);
            }
            merged.push(slot);
        }
        merged.extend(newborn);
        Arc::new(merged)
    }

    /// Takes back the order that was merged from an earlier copy of this one. Where series were
    /// forgotten meanwhile, or another snapshot was faster, it is of no use.
    pub(crate) fn settle(&mut self, copy: &Order, merged: &Arc<Vec<u32>>) {
        if Arc::ptr_eq(&self.sorted, &copy.sorted) {
            self.sorted = Arc::clone(merged);
            self.newborn
                .drain(..copy.newborn.len().min(self.newborn.len()));
            // What a flood of creations has taken is given back.
            self.newborn.shrink_to(64);
        }
    }

    pub(crate) fn capacity_bytes(&self) -> usize {
        (self.sorted.capacity() + self.newborn.capacity()) * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(sorted: &[u32], newborn: &[u32]) -> Order {
        Order {
            sorted: Arc::new(sorted.to_vec()),
            newborn: newborn.to_vec(),
        }
    }

    #[test]
    fn newborns_find_their_places() {
        let copy = order(&[10, 20, 30], &[25, 5, 40, 26]);
        let merged = copy.merged(|a, b| a.cmp(&b));
        assert_eq!(*merged, [5, 10, 20, 25, 26, 30, 40]);
        let mut order = copy.clone();
        order.add(7);
        order.settle(&copy, &merged);
        assert_eq!(
            *order.merged(|a, b| a.cmp(&b)),
            [5, 7, 10, 20, 25, 26, 30, 40]
        );
    }

    #[test]
    fn an_order_from_before_a_forgetting_is_not_taken_back() {
        let mut order = order(&[10, 20], &[15]);
        let copy = order.clone();
        let merged = copy.merged(|a, b| a.cmp(&b));
        order.retain(|slot| slot != 15);
        order.add(12);
        order.settle(&copy, &merged);
        assert_eq!(*order.merged(|a, b| a.cmp(&b)), [10, 12, 20]);
        // Neither is the second of two that were made at the same time.
        let copies = [order.clone(), order.clone()];
        for copy in copies {
            order.settle(&copy, &copy.merged(|a, b| a.cmp(&b)));
        }
        order.add(11);
        assert_eq!(*order.merged(|a, b| a.cmp(&b)), [10, 11, 12, 20]);
    }
}
