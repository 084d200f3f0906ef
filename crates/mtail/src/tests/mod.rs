//! Tests of the language as a whole.

pub mod cases;
mod deviations;
mod language;
mod problems;
pub mod program;
mod properties;
