//! The program's own metrics about asking Jaeger, where that is an input.

use prometheus::{Gauge, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// The metrics of the one Jaeger that is asked.
#[derive(Debug, Clone)]
pub struct JaegerMetrics {
    /// Whether the last poll read everything: 1 or 0.
    pub up: IntGauge,
    /// Requests with an answer.
    pub answered: IntCounter,
    /// Requests without, after several attempts.
    pub failed: IntCounter,
    /// Request spans that were counted.
    pub spans: IntCounter,
    /// Seconds since the last whole poll began.
    pub lag_seconds: Gauge,
}

impl JaegerMetrics {
    /// Registers them; once for each registry.
    ///
    /// # Errors
    /// When called a second time.
    pub fn register(registry: &Registry) -> prometheus::Result<JaegerMetrics> {
        let requests = IntCounterVec::new(
            options(
                "requests_total",
                "Searches that Jaeger was asked for, by result.",
            ),
            &["result"],
        )?;
        let metrics = JaegerMetrics {
            up: IntGauge::with_opts(options(
                "up",
                "Whether Jaeger's last answers were whole: 1, or 0 while it is away.",
            ))?,
            answered: requests.with_label_values(&["answered"]),
            failed: requests.with_label_values(&["failed"]),
            spans: IntCounter::with_opts(options(
                "spans_total",
                "Request spans of Jaeger that were counted, each once.",
            ))?,
            lag_seconds: Gauge::with_opts(options(
                "lag_seconds",
                "Time since Jaeger was last asked with success.",
            ))?,
        };
        registry.register(Box::new(requests))?;
        registry.register(Box::new(metrics.up.clone()))?;
        registry.register(Box::new(metrics.spans.clone()))?;
        registry.register(Box::new(metrics.lag_seconds.clone()))?;
        Ok(metrics)
    }
}

fn options(name: &str, help: &str) -> Opts {
    Opts::new(format!("logmetrics_jaeger_{name}"), help)
}
