//! The program: command line, daemon and HTTP server. What it is made of is in `crates/`; see
//! ARCHITECTURE.md.
//!
//! A library only so that benchmarks and fuzz targets can reach in; it promises nothing to others.

pub mod cli;
pub mod daemon;
pub mod logging;
pub mod progress_bar;
pub mod server;
pub mod settings;
pub mod shutdown;

/// `0.1.0 (1a2b3c4d5e6f)`: the release, and the commit it was built from.
pub const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (",
    env!("LOGMETRICS_REVISION"),
    ")"
);
