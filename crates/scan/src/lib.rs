//! Matchers: a line's bytes in, the fields on it out.
//!
//! Nothing here knows of labels, numbers or metrics, and nothing does I/O. A reader looks for the
//! wanted [`fields::Keys`] only and writes where it found them into [`slots::Slots`].

pub mod bytes;
pub mod escape;
pub mod fields;
pub mod json;
pub mod logfmt;
mod places;
pub mod plan;
pub mod slots;
#[cfg(test)]
mod tests;
