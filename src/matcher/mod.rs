//! Matchers: a line's bytes in, the fields on it out.
//!
//! Nothing here knows of labels, numbers or metrics, and nothing does I/O. A reader looks for the
//! wanted [`fields::Keys`] only and writes where it found them into [`fields::Slots`].

pub(crate) mod bytes;
pub mod fields;
pub mod json;
pub mod logfmt;
mod places;
pub mod plan;
#[cfg(test)]
mod tests;
