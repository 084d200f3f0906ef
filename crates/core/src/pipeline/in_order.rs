//! Counting by several threads as one thread would: parts of lines are matched side by side, and
//! their updates are made in the order of the lines.
//!
//! So limits, gauges, the order in which series are created, sums of fractions and exemplars come
//! out as with one thread.

use std::sync::{Condvar, Mutex, PoisonError};

use super::counting::{Counting, Shared};
use crate::metrics::self_metrics::SourceCounters;
use logmetrics_follow::line::multiline::Cuts;
use logmetrics_follow::line::{Line, Origin};
use logmetrics_follow::to_end::PartSink;

/// Whose turn it is.
#[derive(Debug, Default)]
pub struct Turns {
    next: Mutex<u64>,
    changed: Condvar,
}

impl Turns {
    /// Waits for the turn of this part.
    fn wait_for(&self, part: u64) {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        drop(
            self.changed
                .wait_while(next, |next| *next < part)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    /// This part had its turn.
    fn pass_on(&self, part: u64) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = part + 1;
        self.changed.notify_all();
    }
}

/// Counts the lines of parts, for one of several threads.
pub struct PartCounter<'t> {
    counting: Counting,
    turns: &'t Turns,
    part: u64,
    counters: Option<SourceCounters>,
}

impl<'t> PartCounter<'t> {
    /// A counter for one thread; all of them share `turns`.
    pub fn new(shared: Shared, turns: &'t Turns) -> PartCounter<'t> {
        PartCounter {
            counting: Counting::new(shared),
            turns,
            part: 0,
            counters: None,
        }
    }
}

impl PartSink for PartCounter<'_> {
    fn begin(&mut self, part: u64, origin: &Origin) {
        self.part = part;
        self.counting.begin_block();
        let self_metrics = &self.counting.shared.self_metrics;
        self.counters = Some(self_metrics.source(&origin.source));
    }

    fn line(&mut self, _offset: u64, line: &Line<'_>) {
        if self.counting.line(line) {
            self.turns.wait_for(self.part);
            self.counting.apply();
        }
    }

    fn incomplete_record(&mut self, origin: &Origin) {
        if let Some(counters) = &self.counters {
            counters.incomplete_records.inc();
        }
        warn_of_incomplete_record(origin);
    }

    fn records_cut(&mut self, _origin: &Origin, cuts: Cuts) {
        if let Some(counters) = &self.counters {
            counters.multiline_cuts.add(cuts);
        }
    }

    fn end(&mut self, oversized: u64) -> bool {
        self.turns.wait_for(self.part);
        if let Some(counters) = &self.counters {
            (self.counting).finish_block(counters, None, (0, oversized));
        }
        self.turns.pass_on(self.part);
        true
    }
}

/// Warns that an input ends in a record whose rest never came: for whatever reads to the end.
pub fn warn_of_incomplete_record(origin: &Origin) {
    tracing::warn!(
        "{} ends in a record whose rest never came; its part counts as a line",
        origin.file
    );
}

#[cfg(test)]
mod tests;
