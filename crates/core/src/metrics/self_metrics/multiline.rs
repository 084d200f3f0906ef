//! Records of several lines that came apart, for each input, and whether that was said.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use logmetrics_follow::line::Origin;
use logmetrics_follow::line::multiline::Cuts;
use prometheus::{IntCounter, IntCounterVec};

use super::Counters;

/// Counts such records of one input. Clones share the counts.
#[derive(Debug, Clone)]
pub struct MultilineCuts {
    source: Arc<str>,
    /// By [`REASONS`].
    counters: [IntCounter; 4],
    was_said: Arc<[AtomicBool; 4]>,
}

/// Why a record came apart, and what is said of it.
const REASONS: [(&str, &str); 4] = [
    (
        "lines_max",
        "had more lines than `lines_max`; the rest of it was skipped",
    ),
    (
        "bytes_max",
        "was longer than `bytes_max`; the rest of it was skipped",
    ),
    (
        "wait",
        "went on after it had waited for `wait` and was counted; each further line counts by itself",
    ),
    (
        "no_start",
        "has no beginning in what was read; each of its lines counts by itself",
    ),
];

impl MultilineCuts {
    /// Registers the metric.
    pub(super) fn registered(counters: &Counters<'_>) -> prometheus::Result<IntCounterVec> {
        counters.by(
            "multiline_cut_total",
            "Records of several lines that came apart: longer than lines_max or bytes_max (the rest was skipped), continued after wait, or without a beginning (each such line counts by itself).",
            &["source", "reason"],
        )
    }

    pub(super) fn of(vector: &IntCounterVec, source: &str) -> MultilineCuts {
        MultilineCuts {
            source: source.into(),
            counters: REASONS.map(|(reason, _)| vector.with_label_values(&[source, reason])),
            was_said: Arc::default(),
        }
    }

    /// Counts more records, and logs the first of each reason.
    pub fn add(&self, cuts: Cuts) {
        for (counter, count) in self.counters.iter().zip(by_reason(cuts)) {
            if count > 0 {
                counter.inc_by(count);
            }
        }
        warn_of_new(&self.source, cuts, |place| &self.was_said[place]);
    }
}

/// Logs the first record of each reason, for whoever counts none of them.
pub fn warn_of_cuts(origin: &Origin, cuts: Cuts) {
    static WAS_SAID: [AtomicBool; 4] = [const { AtomicBool::new(false) }; 4];
    warn_of_new(&origin.file, cuts, |place| &WAS_SAID[place]);
}

fn warn_of_new<'s>(source: &str, cuts: Cuts, was_said: impl Fn(usize) -> &'s AtomicBool) {
    for (place, count) in by_reason(cuts).into_iter().enumerate() {
        if count > 0 && !was_said(place).swap(true, Ordering::Relaxed) {
            let (_, text) = REASONS[place];
            tracing::warn!("a record of several lines (of {source}; said once) {text}");
        }
    }
}

/// In the order of [`REASONS`].
fn by_reason(cuts: Cuts) -> [u64; 4] {
    [cuts.lines_max, cuts.bytes_max, cuts.wait, cuts.no_start]
}

#[cfg(test)]
mod tests {
    use super::super::{KnownSources, SelfMetrics};
    use super::*;

    #[test]
    fn each_reason_has_its_count() {
        let own = SelfMetrics::new(&KnownSources::default()).unwrap();
        own.source("x").multiline_cuts.add(Cuts {
            lines_max: 1,
            bytes_max: 2,
            wait: 3,
            no_start: 4,
        });
        let page = prometheus::TextEncoder::new();
        let page = page.encode_to_string(&own.gather(&[])).unwrap();
        for (count, (reason, _)) in (1..).zip(REASONS) {
            let labels = format!("{{reason=\"{reason}\",source=\"x\"}}");
            let sample = format!("logmetrics_multiline_cut_total{labels} {count}\n");
            assert!(page.contains(&sample), "{sample} is not on\n{page}");
        }
    }
}
