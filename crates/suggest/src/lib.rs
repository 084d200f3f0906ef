//! The first rules for a log: lines in, a commented rules file out.
//!
//! [`Sample`] keeps the first lines of a log. [`recognise`] asks whether they are a known program's,
//! whose rules we ship; [`shape`] takes all others apart into columns and says what each column holds;
//! [`mod@write`] makes TOML of that. [`trial`] runs what was written over the sample, with the engine that
//! counts everywhere else, so that nothing is printed that `check` or `test` would refuse. No file is
//! read or written here.

mod recognise;
mod records;
mod sample;
mod shape;
mod suggestion;
#[cfg(test)]
mod tests;
mod trial;
mod write;

pub use sample::{Refusal, SAMPLE_LINES_MAX, Sample, SampleLine};
pub use suggestion::{Suggestion, suggest};
