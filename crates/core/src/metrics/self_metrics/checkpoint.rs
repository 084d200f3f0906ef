//! What is told of saving the state: `logmetrics_checkpoint_*`, only where a state is kept.

use std::time::Duration;

use prometheus::{Gauge, IntCounter, IntGauge};

use super::{Counters, SelfMetrics, options};

/// How saving goes. Clones share the values.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    pub failures: IntCounter,
    /// 1 where the state was damaged at the start, so that counting began from nothing.
    pub damaged: IntGauge,
    /// When the last save was taken that succeeded, in seconds since 1970; 0 before the first.
    last_success_s: Gauge,
    duration_s: Gauge,
    bytes: IntGauge,
}

impl SelfMetrics {
    /// Registers them. Once only: a second time is an error.
    pub fn checkpoint(&self) -> prometheus::Result<Checkpoint> {
        let counters = Counters(&self.registry);
        let gauge =
            |name: &str, help: &str| counters.register(Gauge::with_opts(options(name, help))?);
        let whole =
            |name: &str, help: &str| counters.register(IntGauge::with_opts(options(name, help))?);
        Ok(Checkpoint {
            failures: counters.one(
                "checkpoint_failures_total",
                "Saves of the state that failed; each is tried again.",
            )?,
            damaged: whole(
                "checkpoint_damaged",
                "1 where the saved state was damaged and set aside, so that counting began from nothing.",
            )?,
            last_success_s: gauge(
                "checkpoint_last_success_timestamp_seconds",
                "When the state was last saved.",
            )?,
            duration_s: gauge(
                "checkpoint_duration_seconds",
                "How long the last save of the state took.",
            )?,
            bytes: whole("checkpoint_bytes", "Bytes of the saved state on the disk.")?,
        })
    }
}

impl Checkpoint {
    /// Notes a save that was taken at `now_ms`, took so long and left so many bytes on the disk.
    pub fn succeeded(&self, now_ms: u64, duration: Duration, bytes: u64) {
        self.last_success_s.set(now_ms as f64 / 1000.0);
        self.duration_s.set(duration.as_secs_f64());
        self.bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// When the last save was taken that succeeded, in milliseconds since 1970; nothing before the
    /// first.
    pub fn last_success_ms(&self) -> Option<u64> {
        let seconds = self.last_success_s.get();
        (seconds > 0.0).then_some((seconds * 1000.0) as u64)
    }
}
