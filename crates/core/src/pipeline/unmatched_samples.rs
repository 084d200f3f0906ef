//! The last lines that no rule matched, a few and short, for the status page.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::never_matched::NeverMatched;

/// Most lines kept.
const LINES_MAX: usize = 20;

/// Most bytes of a line that are kept: enough for a whole request of a gateway, so that rules can be
/// tried on it.
const LINE_BYTES_MAX: usize = 2048;

/// A ring of lines that several threads write to.
#[derive(Debug, Default)]
pub struct UnmatchedSamples {
    lines: Mutex<VecDeque<Vec<u8>>>,
    /// Inputs of which no line has matched.
    pub never: NeverMatched,
}

impl UnmatchedSamples {
    /// Adds lines, oldest first; the oldest ones of all make room.
    pub fn add(&self, new: impl IntoIterator<Item = Vec<u8>>) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for line in new {
            if lines.len() == LINES_MAX {
                lines.pop_front();
            }
            lines.push_back(line);
        }
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> Vec<Vec<u8>> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }

    /// The part of a line that is kept.
    pub fn shorten(line: &[u8]) -> Vec<u8> {
        line[..line.len().min(LINE_BYTES_MAX)].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_ones() {
        let samples = UnmatchedSamples::default();
        samples.add((0..25).map(|n| format!("line {n}").into_bytes()));
        let lines = samples.lines();
        assert_eq!(lines.len(), LINES_MAX);
        assert_eq!(lines[0], b"line 5");
        assert_eq!(lines[19], b"line 24");
        assert_eq!(
            UnmatchedSamples::shorten(&[b'x'; 4000]).len(),
            LINE_BYTES_MAX
        );
    }
}
