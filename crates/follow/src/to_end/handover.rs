//! What one part of an input hands to the next: the records that are not whole at its end. The file that
//! a rotated one goes on in has its parts in the same row.
//!
//! Parts are read side by side, so each says as early as it can what it hands on, and one that must
//! know what it was handed waits for those before it. Most logs have no records in parts, and nobody
//! waits.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};

/// What the parts of one input, and of those that it goes on in, have said.
#[derive(Debug, Default)]
pub(super) struct Handover {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The first part that is in `said`.
    first: u64,
    /// What was handed to that part.
    handed: Vec<u8>,
    /// Of the parts from `first` on.
    said: VecDeque<Said>,
}

#[derive(Debug, Default)]
struct Said {
    hands_on: Option<HandsOn>,
    is_finished: bool,
}

/// What a part hands to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HandsOn {
    /// What it was handed itself: it has no records.
    Same,
    /// This, as [`resume::write`](crate::line::resume::write) writes it.
    This(Vec<u8>),
}

impl Handover {
    /// What was handed to the part with this index, as soon as that is known. The parts before it
    /// must have been taken by some thread.
    pub(super) fn handed_to(&self, index: u64) -> Vec<u8> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(handed) = state.handed_to(index) {
                return handed.to_vec();
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Says what a part hands on, before it is finished.
    pub(super) fn hand_on(&self, index: u64, hands_on: HandsOn) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.entry(index).hands_on = Some(hands_on);
        self.changed.notify_all();
    }

    /// A part is finished and asks for nothing more. It has said what it hands on.
    pub(super) fn finish(&self, index: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.entry(index).is_finished = true;
        state.forget_finished();
    }
}

impl State {
    fn entry(&mut self, index: u64) -> &mut Said {
        let place = (index - self.first) as usize;
        if self.said.len() <= place {
            self.said.resize_with(place + 1, Said::default);
        }
        &mut self.said[place]
    }

    fn handed_to(&self, index: u64) -> Option<&[u8]> {
        let before = (index - self.first) as usize;
        for place in (0..before).rev() {
            match self.said.get(place)?.hands_on.as_ref()? {
                HandsOn::Same => {}
                HandsOn::This(handed) => return Some(handed),
            }
        }
        Some(&self.handed)
    }

    /// Keeps this as short as there are parts at work.
    fn forget_finished(&mut self) {
        while self.said.front().is_some_and(|said| said.is_finished) {
            let said = self.said.pop_front().and_then(|said| said.hands_on);
            if let Some(HandsOn::This(handed)) = said {
                self.handed = handed;
            }
            self.first += 1;
        }
    }
}
