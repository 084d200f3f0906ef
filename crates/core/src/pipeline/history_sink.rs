//! Standard input that repeats what was counted in an earlier run: a sink around a worker, which
//! hands on what is new.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::worker::{Block, Worker};
use crate::history::{Notice, Recognizer};
use crate::metrics::self_metrics::SelfMetrics;
use logmetrics_follow::line::Origin;
use logmetrics_follow::{Sink, StreamId};

/// The source that has no positions, so that it is recognised by what it says.
const STANDARD_INPUT: &str = "-";

/// A worker that leaves out what standard input repeats. Other streams go to the worker as they are.
pub struct HistorySink {
    worker: Worker,
    history: Option<History>,
}

/// So long records of the last run wait for lines of containers that were not heard of in this one: these print
/// again what was counted before, and may take their time.
const RESTORED_WAIT: Duration = Duration::from_secs(60);

struct History {
    /// Locked for each block; whoever saves it does so when no block is being counted.
    recognizer: Arc<Mutex<Recognizer>>,
    /// Where the lines of a block begin and how long they are; kept for its memory.
    lines: Vec<(usize, usize)>,
    report: Report,
    /// Until when records of the last run wait.
    restored_until: Option<Instant>,
    /// What is held of the stream; kept for its memory.
    held: Vec<u8>,
}

/// Takes what people want to know of repeated history.
type Report = Box<dyn Fn(&Notice) + Send>;

impl History {
    fn lock(&self) -> MutexGuard<'_, Recognizer> {
        let recognizer = self.recognizer.lock();
        recognizer.unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts and reports what became of lines.
    fn finish_block(&self, mut recognizer: MutexGuard<'_, Recognizer>, self_metrics: &SelfMetrics) {
        let held = recognizer.held_lines();
        self_metrics.replay.held_lines.set(held as i64);
        let notices = recognizer.take_notices();
        drop(recognizer);
        for notice in &notices {
            let repeated = notice.repeated_lines();
            self_metrics.replay.repeated_lines.inc_by(repeated);
            let is_apart = matches!(notice, Notice::NoOverlap { .. } | Notice::Diverged { .. });
            self_metrics.replay.no_overlap.inc_by(u64::from(is_apart));
            (self.report)(notice);
        }
    }
}

impl HistorySink {
    /// A worker without history: every line counts.
    pub fn without(worker: Worker) -> HistorySink {
        HistorySink {
            worker,
            history: None,
        }
    }

    /// A worker that leaves out what `recognizer` knows.
    pub fn new(
        worker: Worker,
        recognizer: Arc<Mutex<Recognizer>>,
        report: impl Fn(&Notice) + Send + 'static,
    ) -> HistorySink {
        HistorySink {
            worker,
            history: Some(History {
                recognizer,
                lines: Vec::new(),
                report: Box::new(report),
                restored_until: None,
                held: Vec::new(),
            }),
        }
    }

    /// Whether this stream may repeat history.
    fn repeats(&self, stream: StreamId) -> bool {
        self.history.is_some() && self.worker.origin(stream).is_some_and(is_standard_input)
    }

    /// Counts what is new of a block; how many bytes were taken, and whether records may be held.
    fn count_new(&mut self, stream: StreamId, offset: u64, bytes: &[u8]) -> (usize, bool) {
        let self_metrics = Arc::clone(self.worker.self_metrics());
        let now_ms = self.worker.now_ms();
        let (Some(history), Some(block)) = (&mut self.history, self.worker.block(stream)) else {
            return (bytes.len(), false);
        };
        let Block {
            framer,
            lines: mut new,
        } = block;
        let mut lines = std::mem::take(&mut history.lines);
        lines.clear();
        let mut recognizer = history.lock();
        // Lines are noted while they are cut, as they are in the processor's cache then, up to the
        // first of which it is not known whether it is new. Counting them here, too, was 3 % slower.
        let (mut noted, mut is_new) = (0, true);
        let cut = framer.cut(bytes, |at, raw| {
            is_new = is_new && recognizer.note(raw);
            noted += usize::from(is_new);
            lines.push((at, raw.len()));
        });
        let (noted, others) = lines.split_at(noted);
        let raw = |&(at, length): &(usize, usize)| bytes.get(at..at + length);
        let joins = new.joins();
        for line in noted {
            let (offset, raw) = (offset + line.0 as u64, raw(line).unwrap_or_default());
            match joins {
                false => new.count(offset, raw),
                true => new.join(offset, raw),
            }
        }
        for line in others {
            let count = |raw: &[u8]| new.join(offset + line.0 as u64, raw);
            recognizer.offer(now_ms, raw(line).unwrap_or_default(), count);
        }
        let keeps = joins || !recognizer.held_records().is_empty();
        history.finish_block(recognizer, &self_metrics);
        history.lines = lines;
        new.finish(cut);
        (cut.taken, keeps)
    }

    /// Counts what can only be new, as nothing came for a while.
    fn decide_idle(&mut self, stream: StreamId) {
        let self_metrics = Arc::clone(self.worker.self_metrics());
        let now_ms = self.worker.now_ms();
        let (Some(history), Some(mut block)) = (&self.history, self.worker.block(stream)) else {
            return;
        };
        let mut recognizer = history.lock();
        recognizer.idle(now_ms, |raw| block.lines.join(0, raw));
        history.finish_block(recognizer, &self_metrics);
        block.lines.finish(Default::default());
    }

    /// Lets what is held of records be saved with the history, as it is at the end of this block.
    fn keep_records(&mut self, stream: StreamId) {
        if let Some(history) = &mut self.history {
            history.held.clear();
            self.worker.held_records(stream, &mut history.held);
            history.lock().hold_records(&history.held);
        }
    }
}

impl Sink for HistorySink {
    fn open(&mut self, origin: Origin, offset: u64, resume_state: &[u8]) -> StreamId {
        if let Some(history) = self.history.as_mut().filter(|_| is_standard_input(&origin)) {
            // Standard input has no position with which this was saved.
            let held = history.lock().held_records().to_vec();
            history.restored_until = (!held.is_empty()).then(|| Instant::now() + RESTORED_WAIT);
            return self.worker.open(origin, offset, &held);
        }
        self.worker.open(origin, offset, resume_state)
    }

    fn offer(&mut self, stream: StreamId, offset: u64, bytes: &[u8]) -> usize {
        if !self.repeats(stream) {
            return self.worker.offer(stream, offset, bytes);
        }
        let (taken, keeps) = self.count_new(stream, offset, bytes);
        if keeps {
            self.keep_records(stream);
        }
        taken
    }

    fn carry_over(&mut self, from: StreamId, to: StreamId) {
        self.worker.carry_over(from, to);
    }

    fn resume_state(&self, stream: StreamId, out: &mut Vec<u8>) {
        self.worker.resume_state(stream, out);
    }

    fn idle(&mut self, stream: StreamId) {
        // A block that is begun must be ended: programs that keep state wait for it.
        if self.history.is_none() {
            return;
        }
        self.decide_idle(stream);
        self.keep_records(stream);
    }

    fn joins_lines(&self, stream: StreamId) -> bool {
        self.worker.joins_lines(stream)
    }

    fn holds_records(&self, stream: StreamId) -> bool {
        self.worker.holds_records(stream)
    }

    fn settle_records(&mut self, stream: StreamId, now: Instant) -> Option<Instant> {
        if !self.repeats(stream) {
            return self.worker.settle_records(stream, now);
        }
        let restored_until = self.history.as_ref().and_then(|history| {
            let is_waited_for = history.lock().is_undecided();
            history.restored_until.filter(|_| is_waited_for)
        });
        let next = self.worker.settle(stream, now, restored_until);
        self.keep_records(stream);
        next
    }

    fn finish_records(&mut self, stream: StreamId) {
        // What standard input holds is kept for the next run, with its history.
        if !self.repeats(stream) {
            self.worker.finish_records(stream);
        }
    }

    fn close(&mut self, stream: StreamId, offset: u64, rest: &[u8]) {
        if !self.repeats(stream) {
            return self.worker.close(stream, offset, rest);
        }
        let self_metrics = Arc::clone(self.worker.self_metrics());
        let now_ms = self.worker.now_ms();
        let Some(history) = &self.history else {
            return;
        };
        let Some(Block { framer, mut lines }) = self.worker.block(stream) else {
            return;
        };
        let mut recognizer = history.lock();
        let cut = framer.finish(rest, |at, raw| {
            recognizer.offer(now_ms, raw, |raw| lines.join(offset + at as u64, raw));
        });
        recognizer.finish(|raw| lines.join(offset + rest.len() as u64, raw));
        history.finish_block(recognizer, &self_metrics);
        lines.flush();
        lines.finish(cut);
        self.keep_records(stream);
        self.worker.forget(stream);
    }
}

fn is_standard_input(origin: &Origin) -> bool {
    &*origin.source == STANDARD_INPUT
}

#[cfg(test)]
mod tests;
