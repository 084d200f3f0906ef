//! Matchers: a line's bytes in, the fields on it out.
//!
//! Nothing here knows of labels, numbers or metrics, and nothing does I/O. A reader looks for the
//! wanted [`keys::Keys`] only and writes where it found them into [`slots::Slots`].

pub mod byte_scan;
pub mod csv;
pub mod escape;
pub mod json;
pub mod keys;
pub mod logfmt;
pub mod percent;
pub mod plan;
pub mod short_bytes;
pub mod slots;
#[cfg(test)]
mod tests;
pub mod untrusted;
