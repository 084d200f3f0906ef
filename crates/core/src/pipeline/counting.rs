//! From a line to the store: what a thread that counts lines holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use super::unmatched_samples::UnmatchedSamples;
use crate::clock::Clock;
use crate::engine::{Engine, Runner};
use crate::metrics::batch::Batch;
use crate::metrics::self_metrics::{RuleCounters, SelfMetrics, SourceCounters};
use crate::metrics::store::Store;
use logmetrics_follow::line::Line;
use logmetrics_follow::line::multiline::MultilineByFile;

/// A batch is applied when it holds so many bytes, even within a block.
const BATCH_BYTES_MAX: usize = 1 << 20;

/// Lines without a match that are kept of one block.
const SAMPLES_PER_BLOCK: usize = 4;

/// What a reload of the rules replaces as a whole.
pub struct Active {
    pub engine: Arc<Engine>,
    pub store: Arc<Store>,
    /// What is counted for each rule.
    pub counters: RuleCounters,
    /// Which files have records of several lines.
    pub multiline: Arc<MultilineByFile>,
    /// When the rules were loaded, in milliseconds since 1970.
    pub loaded_ms: u64,
}

/// What all threads that count lines share.
#[derive(Clone)]
pub struct Shared {
    /// The rules and what they count. Replaced only while no reader holds a read guard of the
    /// positions: a block that was begun with some rules is counted to its end with them.
    pub active: Arc<ArcSwap<Active>>,
    pub self_metrics: Arc<SelfMetrics>,
    /// Where unmatched lines are kept for the status page.
    pub samples: Arc<UnmatchedSamples>,
    /// When series are created and updated.
    pub clock: Clock,
}

/// Counts lines, a block of them at a time.
pub(super) struct Counting {
    pub(super) shared: Shared,
    /// What the runner and the batch are for.
    active: Arc<Active>,
    runner: Runner,
    batch: Batch,
    lines: u64,
    unmatched: Vec<Vec<u8>>,
    /// A block was begun and has not ended.
    is_in_block: bool,
}

impl Counting {
    pub(super) fn new(shared: Shared) -> Counting {
        let active = shared.active.load_full();
        let runner = active.engine.runner();
        let batch = Batch::new(active.store.hasher());
        Counting {
            shared,
            active,
            runner,
            batch,
            lines: 0,
            unmatched: Vec::new(),
            is_in_block: false,
        }
    }

    /// Takes up the rules that run now. Nothing is left of the ones before: each block is counted
    /// to its end.
    pub(super) fn begin_block(&mut self) {
        let active = self.shared.active.load();
        if !Arc::ptr_eq(&active, &self.active) {
            self.active = Arc::clone(&active);
            self.runner = active.engine.runner();
            self.batch = Batch::new(active.store.hasher());
        }
        if !self.is_in_block {
            self.is_in_block = true;
            self.active.engine.begin_block(&mut self.runner);
        }
    }

    /// Which files have records of several lines, by the rules that run now.
    pub(super) fn multiline(&self) -> &Arc<MultilineByFile> {
        &self.active.multiline
    }

    /// Whether a block was begun and has not ended.
    pub(super) fn is_in_block(&self) -> bool {
        self.is_in_block
    }

    /// Ends the block that was begun.
    fn end_block(&mut self) {
        if std::mem::take(&mut self.is_in_block) {
            self.active.engine.end_block();
        }
    }

    /// Counts a line; whether so much was counted that it must be applied now.
    #[must_use]
    #[inline(always)]
    pub(super) fn line(&mut self, line: &Line<'_>) -> bool {
        let engine = &self.active.engine;
        let matched = engine.feed(line, &mut self.runner, &mut self.batch);
        self.lines += 1;
        if !matched && self.unmatched.len() < SAMPLES_PER_BLOCK {
            self.unmatched.push(UnmatchedSamples::shorten(line.text));
        }
        self.batch.bytes() > BATCH_BYTES_MAX
    }

    /// Makes the updates in the store.
    pub(super) fn apply(&mut self) {
        if !self.batch.is_empty() {
            let now_ms = self.shared.clock.now_ms();
            let refused = self.active.store.apply(&self.batch, now_ms);
            if !refused.is_empty() {
                let counts = self.runner.counts();
                (self.active.engine).count_refused(&self.batch, &refused, counts);
            }
            self.batch.clear();
        }
    }

    /// Makes the updates of a block and counts its lines in the program's own metrics, and in those of
    /// its file where it has one: all at once for a page.
    pub(super) fn finish_block(
        &mut self,
        counters: &SourceCounters,
        file_lines: Option<&AtomicU64>,
        (bytes, oversized): (u64, u64),
    ) {
        let self_metrics = Arc::clone(&self.shared.self_metrics);
        let counting_block = self_metrics.counting_block();
        let lines = std::mem::take(&mut self.lines);
        self.apply();
        self.end_block();
        counters.bytes.inc_by(bytes);
        counters.oversized.inc_by(oversized);
        counters.lines.inc_by(lines);
        if let Some(file_lines) = file_lines {
            file_lines.fetch_add(lines, Ordering::Relaxed);
        }
        let counts = self.runner.counts();
        self_metrics.lines_unmatched.inc_by(counts.unmatched);
        let has_new_invalid_utf8 = counters.invalid_utf8_lines.add(counts.invalid_utf8);
        self.active.counters.count_matches(&counts.matches);
        self.active.counters.count_unreadable(&counts.unreadable);
        (self.active.counters).count_field_errors(&counts.field_errors);
        // What is said may wait for whoever reads it, and a page must not.
        drop(counting_block);
        if has_new_invalid_utf8 {
            warn_of_invalid_utf8(counters.invalid_utf8_lines.source());
        }
        self.say_what_is_new(counters.invalid_utf8_lines.source(), lines);
        self.runner.counts().clear();
        if !self.unmatched.is_empty() {
            self.shared.samples.add(self.unmatched.drain(..));
        }
    }

    /// Warns of headers that name other columns, and of an input of which nothing matches.
    fn say_what_is_new(&mut self, source: &str, lines: u64) {
        let (engine, samples) = (&self.active.engine, &self.shared.samples);
        let counts = self.runner.counts();
        for (rule, why) in counts.other_headers.drain(..) {
            let rule = engine.rule_names().nth(rule).unwrap_or_default();
            if samples.headers.is_new(source, rule) {
                tracing::warn!(
                    "{source}: {why} (rule `{rule}`; said once): what comes after it is read by the rule's columns"
                );
            }
        }
        // A program of another language says nothing of lines that it has no use for.
        if lines > 0 && !engine.has_scripts() {
            let counted = (lines, counts.unmatched);
            let said = (samples.never).note(source, counted, &self.unmatched, engine);
            if let Some(said) = said {
                tracing::warn!("{said}");
            }
        }
    }
}

fn warn_of_invalid_utf8(source: &str) {
    tracing::warn!(
        "a value that becomes a label is not valid UTF-8 (of {source}; said once): its broken \
         bytes become U+FFFD, so that two names may become one; write the log in UTF-8, or \
         convert it: iconv -f ISO-8859-1 -t UTF-8"
    );
}

/// Whoever begins a block and is gone has ended it: programs that keep state wait for it.
impl Drop for Counting {
    fn drop(&mut self) {
        self.apply();
        self.end_block();
    }
}
