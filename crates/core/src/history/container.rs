//! One container's lines: its history, and what is going on with it in this run.

use super::recent_lines::{History, Sizes};
use super::undecided_stream::{Decision, Joins, Limits, Undecided};

/// A container that writes to standard input.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) history: History,
    state: ContainerState,
}

#[derive(Debug)]
enum ContainerState {
    /// It has history, and had no line in this run yet.
    Silent,
    Undecided(Box<Undecided>),
    /// All that comes is new.
    Live,
}

/// What a decision means for the rest of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct JoinOutcome {
    pub(super) joins: Joins,
    /// Lines that were recognised.
    pub(super) repeated: u64,
}

impl Container {
    /// One that was never heard of.
    pub(super) fn new(sizes: Sizes) -> Container {
        let mut history = History::new(sizes);
        history.begin();
        Container {
            history,
            state: ContainerState::Live,
        }
    }

    /// One whose lines were counted in an earlier run.
    pub(super) fn restored(history: History) -> Container {
        Container {
            history,
            state: ContainerState::Silent,
        }
    }

    /// Where the next line belongs, if all that comes is new.
    #[inline]
    pub(super) fn live(&mut self) -> Option<&mut History> {
        matches!(self.state, ContainerState::Live).then_some(&mut self.history)
    }

    /// Whether it has history and had no line in this run yet.
    pub(super) fn is_silent(&self) -> bool {
        matches!(self.state, ContainerState::Silent)
    }

    /// Lines and bytes that are held.
    pub(super) fn held(&self) -> (usize, usize) {
        match &self.state {
            ContainerState::Undecided(undecided) => {
                (undecided.held_lines.count(), undecided.held_lines.bytes())
            }
            ContainerState::Silent | ContainerState::Live => (0, 0),
        }
    }

    /// Takes a line; hands those that are new to `count`.
    pub(super) fn line(
        &mut self,
        now_ms: u64,
        hash: u64,
        raw: &[u8],
        limits: Limits,
        mut count: impl FnMut(&[u8]),
    ) -> Option<JoinOutcome> {
        let settled = self.settle(now_ms, &mut count);
        if matches!(self.state, ContainerState::Silent) {
            let undecided = Undecided::new(&self.history, now_ms);
            self.state = ContainerState::Undecided(Box::new(undecided));
        }
        let ContainerState::Undecided(undecided) = &mut self.state else {
            self.history.push(hash);
            count(raw);
            return settled;
        };
        let decision = undecided.line(&self.history, now_ms, hash, raw, limits)?;
        Some(self.apply(decision, count))
    }

    /// Decides if lines come too slowly to be history.
    pub(super) fn settle(&mut self, now_ms: u64, count: impl FnMut(&[u8])) -> Option<JoinOutcome> {
        let ContainerState::Undecided(undecided) = &mut self.state else {
            return None;
        };
        let decision = undecided.settle(&self.history, now_ms)?;
        Some(self.apply(decision, count))
    }

    /// Decides, as nothing more comes.
    pub(super) fn finish(&mut self, count: impl FnMut(&[u8])) -> Option<JoinOutcome> {
        let ContainerState::Undecided(undecided) = &mut self.state else {
            return None;
        };
        let decision = undecided.finish();
        Some(self.apply(decision, count))
    }

    fn apply(&mut self, decision: Decision, mut count: impl FnMut(&[u8])) -> JoinOutcome {
        match decision.joins {
            Joins::AtEnd => {}
            Joins::Nowhere => self.history.begin(),
            // What follows there now takes the place of what followed there before, so that the
            // next run finds what the source has.
            Joins::Within(position) => self.history.truncate(position),
        }
        if let ContainerState::Undecided(undecided) =
            std::mem::replace(&mut self.state, ContainerState::Live)
        {
            for (hash, raw) in undecided.held_lines.from(decision.from) {
                self.history.push(hash);
                count(&raw);
            }
        }
        JoinOutcome {
            joins: decision.joins,
            repeated: decision.from,
        }
    }
}
