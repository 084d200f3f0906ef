//! The framer in its plainest form, and the framer as an input uses it.
//!
//! Read by the tests and by the fuzz target, which has the same names in scope.

use super::{Framer, LINE_BYTES_MAX};

/// A line as the tests compare it: where it begins in the stream, and its bytes.
pub(super) type Found = Vec<(usize, Vec<u8>)>;

/// The meaning: split at `\n`, cut what is too long, leave out an empty last line.
pub(super) fn reference(stream: &[u8]) -> (Found, u64) {
    let mut lines = Vec::new();
    let mut oversized = 0;
    let mut offset = 0;
    let mut parts = stream.split(|byte| *byte == b'\n').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_some() || !part.is_empty() {
            oversized += u64::from(part.len() > LINE_BYTES_MAX);
            lines.push((offset, part[..part.len().min(LINE_BYTES_MAX)].to_vec()));
        }
        offset += part.len() + 1;
    }
    (lines, oversized)
}

/// Reads as an input does: blocks are added after what was not taken.
pub(super) fn framed(stream: &[u8], blocks: &[usize]) -> (Found, u64) {
    let mut framer = Framer::default();
    let mut lines = Vec::new();
    let mut oversized = 0;
    let (mut taken, mut read) = (0, 0);
    for block in blocks.iter().copied().chain([stream.len()]) {
        read = (read + block).min(stream.len());
        let base = taken;
        let cut = framer.cut(&stream[taken..read], |at, line| {
            lines.push((base + at, line.to_vec()));
        });
        taken += cut.taken;
        oversized += cut.oversized;
    }
    let base = taken;
    let cut = framer.finish(&stream[taken..], |at, line| {
        lines.push((base + at, line.to_vec()));
    });
    assert_eq!(base + cut.taken, stream.len());
    (lines, oversized + cut.oversized)
}
