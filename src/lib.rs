//! logmetrics: log lines in, Prometheus metrics out. See ARCHITECTURE.md for the rooms.
//!
//! A library only so that benchmarks and fuzz targets can reach in; it promises nothing to others.

pub mod cli;
pub mod clock;
pub mod daemon;
pub mod dashboard;
pub mod doctor;
pub mod engine;
pub mod exposition;
pub mod input;
pub mod jaeger;
pub mod line;
pub mod logging;
pub mod matcher;
pub mod metrics;
pub mod pipeline;
pub mod replay;
pub mod report;
pub mod rules;
pub mod server;
pub mod settings;
pub mod shutdown;
pub mod state;

/// `0.1.0 (1a2b3c4d5e6f)`: the release, and the commit it was built from.
pub const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (",
    env!("LOGMETRICS_REVISION"),
    ")"
);
