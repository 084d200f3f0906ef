//! A stream that may be repeating history from a place before the recent lines: only some lines
//! are known there, and those must agree.

use super::recent_lines::History;

/// One place at which the stream may have begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LandmarkMatch {
    /// The position of the stream's first line.
    pub(super) start: u64,
    /// How many of the stream's lines came before the one after the last that agreed.
    pub(super) verified: u64,
    /// The next line that is known, with its position. None if no known line is left.
    next: Option<(u64, u64)>,
}

impl LandmarkMatch {
    /// A stream whose first lines were `seen` may have begun at `start`; `None` if not.
    pub(super) fn new(history: &History, start: u64, seen: &[u64]) -> Option<LandmarkMatch> {
        let mut follower = LandmarkMatch {
            start,
            verified: 0,
            next: history.known_from(start),
        };
        let end = start.checked_add(seen.len() as u64)?;
        if end > history.total() {
            return None;
        }
        while let Some((position, line)) = follower.next
            && position < end
        {
            if seen[(position - start) as usize] != line {
                return None;
            }
            follower.agree(history, position);
        }
        Some(follower)
    }

    /// Takes the line number `index` of the stream; whether it may still be so.
    #[inline]
    pub(super) fn accepts(&mut self, history: &History, index: u64, line: u64) -> bool {
        let at = self.start + index;
        match self.next {
            Some((position, expected)) if at == position => {
                if line == expected {
                    self.agree(history, position);
                }
                line == expected
            }
            _ => at < history.total(),
        }
    }

    /// Whether history ends with line number `index`, and all that comes is new.
    #[inline]
    pub(super) fn ends_with(&self, history: &History, index: u64) -> bool {
        self.start + index + 1 >= history.total()
    }

    #[inline]
    fn agree(&mut self, history: &History, position: u64) {
        self.verified = position - self.start + 1;
        self.next = history.known_from(position + 1);
    }
}
