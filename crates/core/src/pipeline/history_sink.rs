//! Standard input that repeats what was counted in an earlier run: a sink around a worker, which
//! hands on what is new.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

struct History {
    /// Locked for each block; whoever saves it does so when no block is being counted.
    recognizer: Arc<Mutex<Recognizer>>,
    /// Where the lines of a block begin and how long they are; kept for its memory.
    lines: Vec<(usize, usize)>,
    report: Report,
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
            }),
        }
    }

    /// Whether this stream may repeat history.
    fn repeats(&self, stream: StreamId) -> bool {
        let is_standard_input = |origin: &Origin| &*origin.source == STANDARD_INPUT;
        self.history.is_some() && self.worker.origin(stream).is_some_and(is_standard_input)
    }
}

impl Sink for HistorySink {
    fn open(&mut self, origin: Origin, offset: u64, resume_state: &[u8]) -> StreamId {
        self.worker.open(origin, offset, resume_state)
    }

    fn offer(&mut self, stream: StreamId, offset: u64, bytes: &[u8]) -> usize {
        if !self.repeats(stream) {
            return self.worker.offer(stream, offset, bytes);
        }
        let self_metrics = Arc::clone(self.worker.self_metrics());
        let now_ms = self.worker.now_ms();
        let (Some(history), Some(block)) = (&mut self.history, self.worker.block(stream)) else {
            return bytes.len();
        };
        let Block { framer, lines: new } = block;
        let mut new = new;
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
        for line in noted {
            new.count(offset + line.0 as u64, raw(line).unwrap_or_default());
        }
        for line in others {
            let count = |raw: &[u8]| new.count(offset + line.0 as u64, raw);
            recognizer.offer(now_ms, raw(line).unwrap_or_default(), count);
        }
        history.finish_block(recognizer, &self_metrics);
        history.lines = lines;
        new.finish(cut);
        cut.taken
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
        let self_metrics = Arc::clone(self.worker.self_metrics());
        let now_ms = self.worker.now_ms();
        let (Some(history), Some(mut block)) = (&self.history, self.worker.block(stream)) else {
            return;
        };
        let mut recognizer = history.lock();
        recognizer.idle(now_ms, |raw| block.lines.count(0, raw));
        history.finish_block(recognizer, &self_metrics);
        block.lines.finish(Default::default());
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
            recognizer.offer(now_ms, raw, |raw| lines.count(offset + at as u64, raw));
        });
        recognizer.finish(|raw| lines.count(offset + rest.len() as u64, raw));
        history.finish_block(recognizer, &self_metrics);
        lines.flush();
        lines.finish(cut);
        self.worker.forget(stream);
    }
}

#[cfg(test)]
mod tests;
