//! Tests with real parts: a Prometheus that scrapes, promtool that reads, a docker engine that runs
//! the image. All are ignored by a plain `cargo test`, which needs nothing but Rust; `.ci/run` runs
//! those whose part it can have. By hand: `cargo test --test real -- --ignored prometheus`.

#![allow(clippy::unwrap_used)] // a test that cannot go on says so by panicking

/// A real Prometheus comes in by TLS and with a password, as the README shows it.
mod access;
/// The shipped alerts fire in a running Prometheus, and the panels of the dashboard have data.
mod alerts;
/// docker-compose: the pipe of the README's first screen, and the example of `examples/compose`.
mod compose;
/// The list of the language's own tests.
#[path = "../../crates/mtail/src/tests/deviations.rs"]
#[allow(dead_code)] // what its other readers ask for
mod deviations;
/// The image: small, healthy, nobody's; a sidecar on a shared volume.
mod docker;
#[allow(dead_code)] // what the end-to-end tests use and these do not
#[path = "../it/fixture/mod.rs"]
mod fixture;
/// Debian's mtail: the same program on the same log gives the same samples.
mod mtail;
/// A real Prometheus scrapes in each format it asks for, and promtool reads the page.
mod prometheus;
/// The stack to copy: alerts, dashboards, units and manifests, judged by who reads them.
mod stack;
