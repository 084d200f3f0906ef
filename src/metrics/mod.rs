//! The store: every series that rules make, how many there may be, and their values at one instant.
//!
//! Nothing here knows lines, rules or HTTP. Updates come in as a [`batch::Batch`]; the only way out
//! is a snapshot.

pub mod batch;
pub mod definition;
pub mod family;
pub mod labels;
pub mod own;
pub mod snapshot;
pub mod store;
mod texts;
