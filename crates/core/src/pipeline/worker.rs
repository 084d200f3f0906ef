//! One reading thread's part of the pipeline: a sink for the bytes of its streams.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::counting::{Counting, Shared};
use crate::metrics::self_metrics::{SelfMetrics, SourceCounters};
use logmetrics_follow::line::framer::{Framed, Framer};
use logmetrics_follow::line::unwrap::{Unwrapped, Unwrapper};
use logmetrics_follow::line::{Line, Origin, resume};
use logmetrics_follow::{Sink, StreamId};

/// Counts the lines of the streams of one reading thread.
pub struct Worker {
    streams: Vec<Option<Stream>>,
    counting: Counting,
}

/// One opened file or pipe.
struct Stream {
    origin: Origin,
    counters: SourceCounters,
    /// The lines of this file.
    file_lines: Arc<AtomicU64>,
    framer: Framer,
    unwrapper: Unwrapper,
}

/// A block of one stream that is being counted.
pub(super) struct Block<'w> {
    pub(super) framer: &'w mut Framer,
    pub(super) lines: BlockLines<'w>,
}

/// Takes the lines of a block.
pub(super) struct BlockLines<'w> {
    origin: &'w Origin,
    counters: &'w SourceCounters,
    file_lines: &'w AtomicU64,
    unwrapper: &'w mut Unwrapper,
    counting: &'w mut Counting,
}

impl Worker {
    /// A worker for one thread.
    pub fn new(shared: Shared) -> Worker {
        Worker {
            streams: Vec::new(),
            counting: Counting::new(shared),
        }
    }

    pub(super) fn self_metrics(&self) -> &Arc<SelfMetrics> {
        &self.counting.shared.self_metrics
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.counting.shared.clock.now_ms()
    }

    /// Where a stream was opened.
    pub(super) fn origin(&self, stream: StreamId) -> Option<&Origin> {
        let stream = self.streams.get(stream.0)?.as_ref()?;
        Some(&stream.origin)
    }

    /// Begins a block of an open stream.
    pub(super) fn block(&mut self, stream: StreamId) -> Option<Block<'_>> {
        let stream = self.streams.get_mut(stream.0)?.as_mut()?;
        self.counting.begin_block();
        Some(Block {
            framer: &mut stream.framer,
            lines: BlockLines {
                origin: &stream.origin,
                counters: &stream.counters,
                file_lines: &stream.file_lines,
                unwrapper: &mut stream.unwrapper,
                counting: &mut self.counting,
            },
        })
    }

    /// A stream is gone, and its number can be used again.
    pub(super) fn forget(&mut self, stream: StreamId) {
        if let Some(stream) = self.streams.get_mut(stream.0) {
            *stream = None;
        }
    }
}

impl BlockLines<'_> {
    /// Counts a raw line that begins at `offset` in its stream.
    #[inline]
    pub(super) fn count(&mut self, offset: u64, raw: &[u8]) {
        let whole = self.unwrapper.whole(raw);
        if let Some(mut unwrapped) = self.unwrapper.unwrap(offset, raw) {
            unwrapped.wrapping.whole = whole;
            count(self.counting, self.origin, &unwrapped);
        }
    }

    /// Counts what is held as it is no whole line: nothing more comes.
    pub(super) fn flush(&mut self) {
        while let Some(unwrapped) = self.unwrapper.flush() {
            count(self.counting, self.origin, &unwrapped);
        }
    }

    /// Ends the block; `cut` is what became of its bytes.
    pub(super) fn finish(self, cut: Framed) {
        let oversized = cut.oversized + self.unwrapper.take_oversized();
        let lines = (self.counting).finish_block(self.counters, cut.taken as u64, oversized);
        self.file_lines.fetch_add(lines, Ordering::Relaxed);
    }
}

/// A block that is left without having been finished ends here: programs that keep state wait for it.
impl Drop for BlockLines<'_> {
    fn drop(&mut self) {
        if self.counting.is_in_block() {
            let lines = (self.counting).finish_block(self.counters, 0, 0);
            self.file_lines.fetch_add(lines, Ordering::Relaxed);
        }
    }
}

#[inline]
fn count(counting: &mut Counting, origin: &Origin, unwrapped: &Unwrapped<'_>) {
    let line = Line {
        text: unwrapped.text,
        wrapping: unwrapped.wrapping,
        origin,
    };
    if counting.line(&line) {
        counting.apply();
    }
}

impl Sink for Worker {
    fn open(&mut self, origin: Origin, _offset: u64, resume_state: &[u8]) -> StreamId {
        let counters = self.self_metrics().source(&origin.source);
        let file_lines = self.self_metrics().file_lines.of(&origin.file);
        let (framer, unwrapper) = resume::read(resume_state);
        let stream = Stream {
            origin,
            counters,
            file_lines,
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
        let Some(Block { framer, mut lines }) = self.block(stream) else {
            return bytes.len();
        };
        let cut = framer.cut(bytes, |at, raw| lines.count(offset + at as u64, raw));
        lines.finish(cut);
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

    fn close(&mut self, stream: StreamId, offset: u64, rest: &[u8]) {
        let Some(Block { framer, mut lines }) = self.block(stream) else {
            return;
        };
        let cut = framer.finish(rest, |at, raw| lines.count(offset + at as u64, raw));
        lines.flush();
        lines.finish(cut);
        self.forget(stream);
    }
}

#[cfg(test)]
mod tests;
