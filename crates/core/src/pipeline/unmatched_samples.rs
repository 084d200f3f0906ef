//! The last lines that no rule matched, a few and short, for the status page.

use std::collections::{BTreeSet, VecDeque};
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
    /// Inputs with a table whose header names other columns than a rule.
    pub headers: OtherHeaders,
}

/// For which inputs and rules it was said that a table's header names other columns.
#[derive(Debug, Default)]
pub struct OtherHeaders(Mutex<BTreeSet<(String, String)>>);

/// Of more inputs and rules nothing is said.
const HEADERS_SAID_MAX: usize = 200;

impl OtherHeaders {
    /// Whether it is the first time for an input and a rule.
    pub fn is_new(&self, source: &str, rule: &str) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.len() < HEADERS_SAID_MAX && said.insert((source.to_owned(), rule.to_owned()))
    }
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
    fn another_header_is_said_once_for_each_input_and_rule() {
        let headers = OtherHeaders::default();
        assert!(headers.is_new("a.csv", "trades"));
        assert!(!headers.is_new("a.csv", "trades"));
        assert!(headers.is_new("b.csv", "trades") && headers.is_new("a.csv", "other"));
        let said = (0..999).filter(|n| headers.is_new(&n.to_string(), "x"));
        assert_eq!(said.count(), HEADERS_SAID_MAX - 3);
    }

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
