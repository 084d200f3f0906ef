//! Tests of the language as a whole.

mod cases;
mod deviations;
mod properties;
