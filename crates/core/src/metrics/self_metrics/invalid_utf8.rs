//! Lines whose labels are not valid UTF-8, for each input, and whether that was said.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use prometheus::{IntCounter, IntCounterVec};

use super::Counters;

/// Counts such lines of one input. Clones share the count.
#[derive(Debug, Clone)]
pub struct InvalidUtf8Lines {
    source: Arc<str>,
    lines: IntCounter,
    was_said: Arc<AtomicBool>,
}

impl InvalidUtf8Lines {
    /// Registers the metric.
    pub(super) fn registered(counters: &Counters<'_>) -> prometheus::Result<IntCounterVec> {
        counters.by(
            "invalid_utf8_lines_total",
            "Lines of which a label's value is not valid UTF-8: its broken bytes became U+FFFD, and two values may have become one.",
            &["source"],
        )
    }

    pub(super) fn of(vector: &IntCounterVec, source: &str) -> InvalidUtf8Lines {
        InvalidUtf8Lines {
            source: source.into(),
            lines: vector.with_label_values(&[source]),
            was_said: Arc::default(),
        }
    }

    /// The input, as the command line names it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Counts more lines; whether these are the first of the input, so that it is said once.
    #[must_use]
    pub fn add(&self, lines: u64) -> bool {
        if lines == 0 {
            return false;
        }
        self.lines.inc_by(lines);
        !self.was_said.swap(true, Ordering::Relaxed)
    }
}
