//! Tests of the language as a whole.

mod cases;
mod deviations;
mod language;
mod problems;
mod properties;
