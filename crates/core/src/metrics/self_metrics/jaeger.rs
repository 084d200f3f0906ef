//! What is counted about asking Jaeger, where that is an input.

use prometheus::{Gauge, IntCounter, IntGauge};

use super::{Counters, SelfMetrics, options};

/// The metrics of the one Jaeger that is asked.
#[derive(Debug, Clone)]
pub struct JaegerMetrics {
    /// Whether the last poll read everything: 1 or 0.
    pub up: IntGauge,
    pub answered: IntCounter,
    /// Requests without, after several attempts.
    pub failed: IntCounter,
    /// Request spans that were counted.
    pub spans: IntCounter,
    /// Seconds since the last whole poll began.
    pub lag_seconds: Gauge,
}

impl SelfMetrics {
    /// Registers them; once.
    ///
    /// # Errors
    /// When called a second time.
    pub fn jaeger(&self) -> prometheus::Result<JaegerMetrics> {
        let counters = Counters(&self.registry);
        let requests = counters.by(
            "jaeger_requests_total",
            "Searches that Jaeger was asked for, by result.",
            &["result"],
        )?;
        let gauge = |name, help| IntGauge::with_opts(options(name, help));
        Ok(JaegerMetrics {
            up: counters.register(gauge(
                "jaeger_up",
                "Whether Jaeger's last answers were whole: 1, or 0 while it is away.",
            )?)?,
            answered: requests.with_label_values(&["answered"]),
            failed: requests.with_label_values(&["failed"]),
            spans: counters.one(
                "jaeger_spans_total",
                "Request spans of Jaeger that were counted, each once.",
            )?,
            lag_seconds: counters.register(Gauge::with_opts(options(
                "jaeger_lag_seconds",
                "Time since Jaeger was last asked with success.",
            ))?)?,
        })
    }
}
