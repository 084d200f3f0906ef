//! Joins bytes, lines, engine and store on the threads that read.
//!
//! No HTTP, no printing, no rules' text. A [`Worker`] belongs to one thread that follows inputs, a
//! [`PartCounter`] to one of several that read inputs to their end. What they share is the store,
//! locked once for each block of lines.

mod counting;
mod history_sink;
mod in_order;
mod never_matched;
mod stream;
pub mod unmatched_samples;
mod worker;

pub use crate::metrics::self_metrics::warn_of_cuts;
pub use counting::{Active, Shared};
pub use history_sink::HistorySink;
pub use in_order::{PartCounter, Turns, warn_of_incomplete_record};
pub use worker::Worker;
