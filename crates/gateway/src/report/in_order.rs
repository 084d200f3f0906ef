//! Threads' sums put together in the order of the lines, so that what a limit leaves out does not
//! depend on how many threads there were.
//!
//! An input is cut into stretches of so many bytes. Within one the order does not matter, as sums of
//! all its names are kept; one after the other stretches are added to the whole, where names are
//! limited. How the inputs are cut into parts for threads may depend on how fast a pipe is; where
//! stretches begin does not.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::name_table::LINKS_MAX;
use super::sums::Sums;
use logmetrics_core::engine::extract::Dimension;

/// The bytes of a stretch, as a power of two. All names of a stretch are kept: with a name on each of the
/// shortest lines these are half as many as those of the whole may be.
pub(super) const STRETCH_BITS: u32 = 25;

/// A stretch of an input.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    /// The same for the lines of one input, and for no others.
    pub(super) input: Arc<str>,
    /// How many there are before it.
    pub(super) number: u64,
    /// The first part that has lines of it, as far as is known.
    pub(super) first_part: u64,
}

impl Stretch {
    fn is(&self, other: &Stretch) -> bool {
        Arc::ptr_eq(&self.input, &other.input) && self.number == other.number
    }

    fn place(&self) -> (u64, u64) {
        (self.first_part, self.number)
    }
}

/// The whole, and what is waiting for its turn.
#[derive(Debug)]
pub(super) struct InOrder {
    state: Mutex<State>,
    names_max: [usize; Dimension::COUNT],
}

#[derive(Debug, Default)]
struct State {
    whole: Sums,
    waiting: Vec<(Stretch, Sums)>,
    /// All parts before this one were handed over whole.
    next_part: u64,
    /// Parts that were, behind it.
    ended: BTreeSet<u64>,
}

impl InOrder {
    pub(super) fn new(names_max: [usize; Dimension::COUNT]) -> InOrder {
        InOrder {
            state: Mutex::default(),
            names_max,
        }
    }

    /// Takes a thread's sums of a stretch. With it and what was handed over before, the parts `ended`
    /// are there whole.
    pub(super) fn hand_over(
        &self,
        stretch: &Stretch,
        sums: Sums,
        ended: impl Iterator<Item = u64>,
    ) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waiting = state.waiting.iter_mut();
        match waiting.find(|(other, _)| other.is(stretch)) {
            Some((other, whole)) => {
                other.first_part = other.first_part.min(stretch.first_part);
                whole.merge(sums, None);
            }
            None => state.waiting.push((stretch.clone(), sums)),
        }
        state.ended.extend(ended);
        state.advance(self.names_max);
    }

    /// The sums of all.
    pub(super) fn finish(&self) -> Sums {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = std::mem::take(&mut *state);
        state.next_part = u64::MAX;
        state.add_all(usize::MAX, self.names_max);
        state.whole.fold(self.names_max, true);
        state.whole
    }
}

impl State {
    fn advance(&mut self, names_max: [usize; Dimension::COUNT]) {
        let before = self.next_part;
        while self.ended.remove(&self.next_part) {
            self.next_part += 1;
        }
        if before == self.next_part {
            return;
        }
        let is_there = |(stretch, _): &&(Stretch, Sums)| stretch.first_part < self.next_part;
        let there = self.waiting.iter().filter(is_there).count();
        // More lines of the last one may come.
        self.add_all(there.saturating_sub(1), names_max);
    }

    /// Adds the first so many to the whole.
    fn add_all(&mut self, count: usize, names_max: [usize; Dimension::COUNT]) {
        if count == 0 {
            return;
        }
        self.waiting.sort_by_key(|(stretch, _)| stretch.place());
        let count = count.min(self.waiting.len());
        for (_, sums) in self.waiting.drain(..count) {
            self.whole.merge(sums, Some(LINKS_MAX));
            self.whole.fold(names_max, false);
        }
    }
}
