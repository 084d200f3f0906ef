//! The store: every series that rules make, how many there may be, and their values at one instant.
//!
//! Nothing here knows lines, rules or HTTP. Updates come in as a [`batch::Batch`]; what goes
//! out is a snapshot to be shown, or an image to be saved.

pub mod batch;
mod column;
pub mod definition;
mod exemplars;
mod family;
pub mod frozen_copy;
pub mod kind;
mod label_limits;
mod label_text;
pub mod labels;
pub mod reload;
pub mod self_metrics;
mod series_order;
pub mod snapshot;
pub mod store;
#[cfg(test)]
pub(crate) mod testing;

pub use family::Landed;
