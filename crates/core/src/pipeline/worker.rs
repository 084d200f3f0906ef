//! One reading thread's part of the pipeline: a sink for the bytes of its streams.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use super::counting::{Counting, Shared};
use super::stream::Stream;
use crate::metrics::self_metrics::{SelfMetrics, SourceCounters};
use logmetrics_follow::line::framer::{Framed, Framer};
use logmetrics_follow::line::multiline::{Joiner, MultilineByFile, RecordWait};
use logmetrics_follow::line::unwrap::{Unwrapped, Unwrapper};
use logmetrics_follow::line::{Line, Origin, resume};
use logmetrics_follow::{Sink, StreamId};

/// Counts the lines of the streams of one reading thread.
pub struct Worker {
    streams: Vec<Option<Stream>>,
    counting: Counting,
    /// No stream has records of several lines, whatever the rules say.
    never_joins: bool,
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
    joiner: &'w mut Option<Box<Joiner>>,
    counting: &'w mut Counting,
}

impl Worker {
    /// A worker for one thread.
    pub fn new(shared: Shared) -> Worker {
        Worker {
            streams: Vec::new(),
            counting: Counting::new(shared),
            never_joins: false,
        }
    }

    /// A worker for requests that are whole already, such as those of traces.
    pub fn of_whole_lines(shared: Shared) -> Worker {
        Worker {
            never_joins: true,
            ..Worker::new(shared)
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
        if !self.never_joins {
            stream.take_up(self.counting.multiline());
        }
        let mut lines = BlockLines {
            origin: &stream.origin,
            counters: &stream.counters,
            file_lines: &stream.file_lines,
            unwrapper: &mut stream.held.unwrapper,
            joiner: &mut stream.held.joiner,
            counting: &mut self.counting,
        };
        lines.finish_left_over();
        Some(Block {
            framer: &mut stream.held.framer,
            lines,
        })
    }

    /// What waits in a stream, `now` that all that is there was read: see [`Joiner::look`].
    pub(super) fn look_at_records(
        &mut self,
        stream: StreamId,
        now: Instant,
        restored_until: Option<Instant>,
    ) -> RecordWait {
        let stream = self.streams.get_mut(stream.0).and_then(Option::as_mut);
        let joiner = stream.and_then(|stream| stream.held.joiner.as_mut());
        joiner.map_or(RecordWait::default(), |joiner| {
            joiner.look(now, restored_until)
        })
    }

    /// Hands on the records that have waited long enough; when to look again.
    pub(super) fn settle(
        &mut self,
        stream: StreamId,
        now: Instant,
        restored_until: Option<Instant>,
    ) -> Option<Instant> {
        let wait = self.look_at_records(stream, now, restored_until);
        if !wait.is_over {
            return wait.next;
        }
        let mut lines = self.block(stream)?.lines;
        lines.settle(now, restored_until);
        lines.finish(Framed::default());
        self.look_at_records(stream, now, restored_until).next
    }

    /// Appends what is held of records alone, for a stream without positions.
    pub(super) fn held_records(&self, stream: StreamId, out: &mut Vec<u8>) {
        let stream = self.streams.get(stream.0).and_then(Option::as_ref);
        if let Some(joiner) = stream.and_then(|stream| stream.held.joiner.as_deref()) {
            let (framer, unwrapper) = (Framer::default(), Unwrapper::default());
            resume::write(&framer, &unwrapper, Some(joiner), out);
        }
    }

    /// A stream is gone, and its number can be used again.
    pub(super) fn forget(&mut self, stream: StreamId) {
        if let Some(stream) = self.streams.get_mut(stream.0) {
            *stream = None;
        }
    }
}

impl BlockLines<'_> {
    /// Whether lines are joined to records: then each goes to [`BlockLines::join`].
    pub(super) fn joins(&self) -> bool {
        self.joiner.is_some()
    }

    /// Counts a raw line that begins at `offset` in its stream, where lines are not joined.
    #[inline]
    pub(super) fn count(&mut self, offset: u64, raw: &[u8]) {
        if let Some(unwrapped) = self.unwrapper.unwrap(offset, raw) {
            count(self.counting, self.origin, &unwrapped);
        }
    }

    /// The same wherever lines may be joined: counts the records that are whole with it.
    pub(super) fn join(&mut self, offset: u64, raw: &[u8]) {
        let Some(joiner) = self.joiner else {
            return self.count(offset, raw);
        };
        if let Some(unwrapped) = self.unwrapper.unwrap(offset, raw) {
            let (counting, origin) = (&mut *self.counting, self.origin);
            joiner.line(offset, &unwrapped, |_, record| {
                count(counting, origin, record)
            });
        }
    }

    /// Counts what is held as it is: nothing more comes.
    pub(super) fn flush(&mut self) {
        let (counting, origin) = (&mut *self.counting, self.origin);
        while let Some(unwrapped) = self.unwrapper.flush() {
            match self.joiner {
                Some(joiner) => {
                    joiner.line(0, &unwrapped, |_, record| count(counting, origin, record));
                }
                None => count(counting, origin, &unwrapped),
            }
        }
        if let Some(joiner) = self.joiner {
            joiner.end(|_, record| count(counting, origin, record));
        }
    }

    /// Counts the records that have waited long enough.
    fn settle(&mut self, now: Instant, restored_until: Option<Instant>) {
        let (counting, origin) = (&mut *self.counting, self.origin);
        if let Some(joiner) = self.joiner {
            joiner.settle(now, restored_until, |_, record| {
                count(counting, origin, record)
            });
        }
    }

    /// Counts the records that are held.
    fn finish_records(&mut self) {
        let (counting, origin) = (&mut *self.counting, self.origin);
        if let Some(joiner) = self.joiner {
            joiner.finish(|_, record| count(counting, origin, record));
        }
    }

    /// Where nothing is to be joined any more, what is held is whole.
    #[inline]
    fn finish_left_over(&mut self) {
        if self
            .joiner
            .as_ref()
            .is_some_and(|joiner| joiner.is_left_over())
        {
            self.finish_records();
            *self.joiner = None;
        }
    }

    /// Ends the block; `cut` is what became of its bytes.
    pub(super) fn finish(self, cut: Framed) {
        let oversized = cut.oversized + self.unwrapper.take_oversized();
        if let Some(joiner) = self.joiner {
            self.counters.multiline_cuts.add(joiner.take_cuts());
        }
        let bytes = (cut.taken as u64, oversized);
        (self.counting).finish_block(self.counters, Some(self.file_lines), bytes);
    }
}

/// A block that is left without having been finished ends here: programs that keep state wait for it.
impl Drop for BlockLines<'_> {
    fn drop(&mut self) {
        if self.counting.is_in_block() {
            (self.counting).finish_block(self.counters, Some(self.file_lines), (0, 0));
        }
    }
}

#[inline]
fn count(counting: &mut Counting, origin: &Origin, unwrapped: &Unwrapped<'_>) {
    let line = Line {
        text: unwrapped.text,
        wrapping: &unwrapped.wrapping,
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
        let multiline = match self.never_joins {
            true => Arc::<MultilineByFile>::default(),
            false => Arc::clone(&self.counting.shared.active.load().multiline),
        };
        let stream = Stream::new(origin, counters, file_lines, multiline, resume_state);
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
        let cut = match lines.joins() {
            false => framer.cut(bytes, |at, raw| lines.count(offset + at as u64, raw)),
            true => framer.cut(bytes, |at, raw| lines.join(offset + at as u64, raw)),
        };
        lines.finish(cut);
        cut.taken
    }

    fn resume_state(&self, stream: StreamId, out: &mut Vec<u8>) {
        if let Some(Some(stream)) = self.streams.get(stream.0) {
            stream.resume_state(out);
        }
    }

    fn carry_over(&mut self, from: StreamId, to: StreamId) {
        if let Ok([Some(from), Some(to)]) = self.streams.get_disjoint_mut([from.0, to.0]) {
            to.take_over(from);
        }
    }

    fn joins_lines(&self, stream: StreamId) -> bool {
        let stream = self.streams.get(stream.0).and_then(Option::as_ref);
        stream.is_some_and(|stream| stream.held.joiner.is_some())
    }

    fn holds_records(&self, stream: StreamId) -> bool {
        let stream = self.streams.get(stream.0).and_then(Option::as_ref);
        stream.is_some_and(Stream::holds_records)
    }

    fn settle_records(&mut self, stream: StreamId, now: Instant) -> Option<Instant> {
        self.settle(stream, now, None)
    }

    fn finish_records(&mut self, stream: StreamId) {
        if self.holds_records(stream)
            && let Some(Block { mut lines, .. }) = self.block(stream)
        {
            lines.finish_records();
            lines.finish(Framed::default());
        }
    }

    fn close(&mut self, stream: StreamId, offset: u64, rest: &[u8]) {
        let Some(Block { framer, mut lines }) = self.block(stream) else {
            return;
        };
        let cut = framer.finish(rest, |at, raw| lines.join(offset + at as u64, raw));
        lines.flush();
        lines.finish(cut);
        self.forget(stream);
    }
}

#[cfg(test)]
mod tests;
