//! One reading thread's part of the pipeline: a sink for bytes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use super::unmatched_samples::UnmatchedSamples;
use crate::clock::Clock;
use crate::engine::{Engine, Runner};
use crate::history::{Notice, Recognizer};
use crate::metrics::batch::Batch;
use crate::metrics::self_metrics::{RuleCounters, SelfMetrics, SourceCounters};
use crate::metrics::store::Store;
use logmetrics_follow::line::framer::Framer;
use logmetrics_follow::line::unwrap::{Unwrapped, Unwrapper};
use logmetrics_follow::line::{Line, Origin, resume};
use logmetrics_follow::{Sink, StreamId};

/// A batch is applied when it holds so many bytes, even within a block.
const BATCH_BYTES_MAX: usize = 1 << 20;

/// Lines without a match that are kept of one block.
const SAMPLES_PER_BLOCK: usize = 4;

/// What a reload of the rules replaces as a whole.
pub struct Active {
    /// The rules.
    pub engine: Arc<Engine>,
    /// The series.
    pub store: Arc<Store>,
    /// What is counted for each rule.
    pub counters: RuleCounters,
    /// When the rules were loaded, in milliseconds since 1970.
    pub loaded_ms: u64,
}

/// What workers share.
#[derive(Clone)]
pub struct Shared {
    /// The rules and what they count. Replaced only while no reader is in a step of the positions: what a
    /// worker has begun with, it ends with.
    pub live: Arc<ArcSwap<Active>>,
    /// The program's own metrics.
    pub own: Arc<SelfMetrics>,
    /// Where unmatched lines are kept for the status page.
    pub samples: Arc<UnmatchedSamples>,
    /// When series are born and updated.
    pub clock: Clock,
}

/// Counts the lines of the streams of one reading thread.
pub struct Worker {
    streams: Vec<Option<Stream>>,
    counting: Counting,
    replay: Option<Replay>,
}

/// What knows the lines of standard input again that were counted in an earlier run.
struct Replay {
    recognizer: Arc<Mutex<Recognizer>>,
    /// Where the lines of a block begin and how long they are; kept for its memory.
    lines: Vec<(usize, usize)>,
    /// Is told what people want to know.
    tell: Tell,
}

/// Takes what people want to know of repeated history.
type Tell = Box<dyn Fn(&Notice) + Send>;

/// One opened file or pipe.
struct Stream {
    origin: Origin,
    counters: SourceCounters,
    framer: Framer,
    unwrapper: Unwrapper,
}

/// From a line to the store.
struct Counting {
    parts: Shared,
    /// What the runner and the batch are for.
    live: Arc<Active>,
    runner: Runner,
    batch: Batch,
    lines: u64,
    unmatched: Vec<Vec<u8>>,
}

impl Worker {
    /// A worker for one thread.
    pub fn new(parts: Shared) -> Worker {
        let live = parts.live.load_full();
        let runner = live.engine.runner();
        let batch = Batch::new(live.store.hasher());
        Worker {
            streams: Vec::new(),
            counting: Counting {
                parts,
                live,
                runner,
                batch,
                lines: 0,
                unmatched: Vec::new(),
            },
            replay: None,
        }
    }

    /// Leaves out what standard input repeats. The recogniser is locked for each block; who saves
    /// it does so when no block is in hand.
    pub fn recognising(
        self,
        recognizer: Arc<Mutex<Recognizer>>,
        tell: impl Fn(&Notice) + Send + 'static,
    ) -> Worker {
        Worker {
            replay: Some(Replay {
                recognizer,
                lines: Vec::new(),
                tell: Box::new(tell),
            }),
            ..self
        }
    }
}

impl Replay {
    fn lock(&self) -> MutexGuard<'_, Recognizer> {
        let recognizer = self.recognizer.lock();
        recognizer.unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts and tells what became of lines.
    fn finish_block(&self, mut recognizer: MutexGuard<'_, Recognizer>, own: &SelfMetrics) {
        let held = recognizer.held_lines();
        own.replay.held_lines.set(held as i64);
        let notices = recognizer.take_notices();
        drop(recognizer);
        for notice in &notices {
            own.replay.repeated_lines.inc_by(notice.repeated_lines());
            let is_apart = matches!(notice, Notice::NoOverlap { .. } | Notice::Diverged { .. });
            own.replay.no_overlap.inc_by(u64::from(is_apart));
            (self.tell)(notice);
        }
    }
}

/// The source that has no positions, so that it is known again by what it says.
const STANDARD_INPUT: &str = "-";

impl Sink for Worker {
    fn open(&mut self, origin: Origin, _offset: u64, resume_state: &[u8]) -> StreamId {
        let counters = self.counting.parts.own.source(&origin.source);
        let (framer, unwrapper) = resume::read(resume_state);
        let stream = Stream {
            origin,
            counters,
            framer,
            unwrapper,
        };
        // Numbers of closed streams are used again, so that rotation does not grow the list.
        if let Some(free) = self.streams.iter().position(Option::is_none) {
            self.streams[free] = Some(stream);
            return StreamId(free);
        }
        self.streams.push(Some(stream));
        StreamId(self.streams.len() - 1)
    }

    fn offer(&mut self, stream: StreamId, offset: u64, bytes: &[u8]) -> usize {
        let Some(Some(stream)) = self.streams.get_mut(stream.0) else {
            return bytes.len();
        };
        let Stream {
            origin,
            framer,
            unwrapper,
            counters,
        } = stream;
        let counting = &mut self.counting;
        counting.begin_block();
        let (now_ms, own) = (
            counting.parts.clock.now_ms(),
            Arc::clone(&counting.parts.own),
        );
        let mut count = |offset: u64, raw: &[u8]| {
            if let Some(unwrapped) = unwrapper.unwrap(offset, raw) {
                counting.line(&unwrapped, origin);
            }
        };
        let replay = self.replay.as_mut();
        let cut = match replay.filter(|_| &*origin.source == STANDARD_INPUT) {
            None => framer.cut(bytes, |at, raw| count(offset + at as u64, raw)),
            Some(replay) => {
                let mut lines = std::mem::take(&mut replay.lines);
                lines.clear();
                let mut recognizer = replay.lock();
                // Noted while they are cut, as they are in the processor's cache then, up to the first of
                // which it is not known whether it is new. To count them here, too, was 3 % slower.
                let (mut noted, mut is_new) = (0, true);
                let cut = framer.cut(bytes, |at, raw| {
                    is_new = is_new && recognizer.note(raw);
                    noted += usize::from(is_new);
                    lines.push((at, raw.len()));
                });
                let (noted, others) = lines.split_at(noted);
                let raw = |&(at, length): &(usize, usize)| bytes.get(at..at + length);
                for line in noted {
                    count(offset + line.0 as u64, raw(line).unwrap_or_default());
                }
                for line in others {
                    let count = |raw: &[u8]| count(offset + line.0 as u64, raw);
                    recognizer.offer(now_ms, raw(line).unwrap_or_default(), count);
                }
                replay.finish_block(recognizer, &own);
                replay.lines = lines;
                cut
            }
        };
        let oversized = cut.oversized + unwrapper.take_oversized();
        counting.finish_block(counters, cut.taken, oversized);
        cut.taken
    }

    fn resume_state(&self, stream: StreamId, out: &mut Vec<u8>) {
        if let Some(Some(stream)) = self.streams.get(stream.0) {
            resume::write(&stream.framer, &stream.unwrapper, out);
        }
    }

    fn carry_over(&mut self, from: StreamId, to: StreamId) {
        let from = self.streams.get_mut(from.0).and_then(Option::as_mut);
        let parts = from.map(|from| std::mem::take(&mut from.unwrapper));
        let to = self.streams.get_mut(to.0).and_then(Option::as_mut);
        if let (Some(parts), Some(to)) = (parts, to) {
            to.unwrapper = parts;
        }
    }

    fn idle(&mut self, stream: StreamId) {
        let Some(replay) = &self.replay else {
            return;
        };
        let Some(Some(stream)) = self.streams.get_mut(stream.0) else {
            return;
        };
        let counting = &mut self.counting;
        counting.begin_block();
        let (now_ms, own) = (
            counting.parts.clock.now_ms(),
            Arc::clone(&counting.parts.own),
        );
        let mut recognizer = replay.lock();
        recognizer.idle(now_ms, |raw| {
            if let Some(unwrapped) = stream.unwrapper.unwrap(0, raw) {
                counting.line(&unwrapped, &stream.origin);
            }
        });
        replay.finish_block(recognizer, &own);
        counting.finish_block(&stream.counters, 0, stream.unwrapper.take_oversized());
    }

    fn close(&mut self, stream: StreamId, offset: u64, rest: &[u8]) {
        let Some(Some(mut stream)) = self.streams.get_mut(stream.0).map(Option::take) else {
            return;
        };
        let Stream {
            origin,
            framer,
            unwrapper,
            counters,
        } = &mut stream;
        let counting = &mut self.counting;
        counting.begin_block();
        let (now_ms, own) = (
            counting.parts.clock.now_ms(),
            Arc::clone(&counting.parts.own),
        );
        let mut count = |offset: u64, raw: &[u8]| {
            if let Some(unwrapped) = unwrapper.unwrap(offset, raw) {
                counting.line(&unwrapped, origin);
            }
        };
        let replay = self.replay.as_ref();
        let cut = match replay.filter(|_| &*origin.source == STANDARD_INPUT) {
            None => framer.finish(rest, |at, raw| count(offset + at as u64, raw)),
            Some(replay) => {
                let mut recognizer = replay.lock();
                let cut = framer.finish(rest, |at, raw| {
                    recognizer.offer(now_ms, raw, |raw| count(offset + at as u64, raw));
                });
                recognizer.finish(|raw| count(offset + rest.len() as u64, raw));
                replay.finish_block(recognizer, &own);
                cut
            }
        };
        while let Some(unwrapped) = unwrapper.flush() {
            counting.line(&unwrapped, origin);
        }
        let oversized = cut.oversized + unwrapper.take_oversized();
        counting.finish_block(counters, cut.taken, oversized);
    }
}

impl Counting {
    /// Takes up the rules that run now. Nothing is left of the ones before: each block is counted
    /// to its end.
    fn begin_block(&mut self) {
        let live = self.parts.live.load();
        if !Arc::ptr_eq(&live, &self.live) {
            self.live = Arc::clone(&live);
            self.runner = live.engine.runner();
            self.batch = Batch::new(live.store.hasher());
        }
    }

    fn line(&mut self, unwrapped: &Unwrapped<'_>, origin: &Origin) {
        let line = Line {
            text: unwrapped.text,
            wrapping: unwrapped.wrapping,
            origin,
        };
        let engine = &self.live.engine;
        let matched = engine.feed(&line, &mut self.runner, &mut self.batch);
        self.lines += 1;
        if !matched && self.unmatched.len() < SAMPLES_PER_BLOCK {
            self.unmatched.push(UnmatchedSamples::shorten(line.text));
        }
        if self.batch.bytes() > BATCH_BYTES_MAX {
            self.apply();
        }
    }

    fn apply(&mut self) {
        if !self.batch.is_empty() {
            let now_ms = self.parts.clock.now_ms();
            self.live.store.apply(&self.batch, now_ms);
            self.batch.clear();
        }
    }

    /// The store first, then the program's own counts: who sees a line counted as read also sees
    /// what it counted.
    fn finish_block(&mut self, counters: &SourceCounters, bytes: usize, oversized: u64) {
        self.apply();
        counters.bytes.inc_by(bytes as u64);
        counters.oversized.inc_by(oversized);
        counters.lines.inc_by(std::mem::take(&mut self.lines));
        let tally = self.runner.tally();
        self.parts.own.lines_unmatched.inc_by(tally.unmatched);
        self.live.counters.count_matches(&tally.matches);
        self.live.counters.count_troubles(&tally.troubles);
        tally.clear();
        if !self.unmatched.is_empty() {
            self.parts.samples.add(self.unmatched.drain(..));
        }
    }
}

#[cfg(test)]
mod tests;
