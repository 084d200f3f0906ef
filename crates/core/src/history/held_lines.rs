//! Raw lines of which it is not known yet whether they are new.

use std::collections::VecDeque;

/// The last lines of a stream, oldest first.
#[derive(Debug, Default)]
pub(super) struct HeldLines {
    /// Hash and bytes.
    lines: VecDeque<(u64, Box<[u8]>)>,
    /// How many lines came before the first that is held.
    first: u64,
    bytes: usize,
}

/// What a line costs besides its bytes.
const LINE_COST_BYTES: usize = 48;

impl HeldLines {
    pub(super) fn push(&mut self, hash: u64, raw: &[u8]) {
        self.bytes += raw.len() + LINE_COST_BYTES;
        self.lines.push_back((hash, raw.into()));
    }

    /// Lets the oldest line go.
    pub(super) fn drop_first(&mut self) {
        if let Some((_, raw)) = self.lines.pop_front() {
            self.bytes -= raw.len() + LINE_COST_BYTES;
            self.first += 1;
        }
    }

    /// The lines from number `from` of the stream on, with their hashes.
    pub(super) fn from(self, from: u64) -> impl Iterator<Item = (u64, Box<[u8]>)> {
        let skipped = from.saturating_sub(self.first);
        (self.lines.into_iter()).skip(usize::try_from(skipped).unwrap_or(usize::MAX))
    }

    /// How many lines came before the first that is held.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    pub(super) fn count(&self) -> usize {
        self.lines.len()
    }

    /// The memory that the lines take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
