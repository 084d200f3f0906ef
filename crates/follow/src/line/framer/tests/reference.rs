//! The framer in its plainest form, and the framer as an input uses it.
//!
//! Read by the tests and by the fuzz target, which has the same names in scope.

use super::{Encoding, Framer, LINE_BYTES_MAX};

/// A line as the tests compare it: where it begins in the stream, and its bytes.
pub(super) type Found = Vec<(usize, Vec<u8>)>;

/// The meaning: split at `\n` and at runs of NULs (one NUL is a run at either end of a line), with nothing
/// empty next to a NUL; cut what is too long;
/// take off a byte order mark; leave out an empty last line. `first` is the first block: it tells the
/// encoding.
pub(super) fn reference(stream: &[u8], first: &[u8]) -> (Found, u64) {
    let mut lines = Vec::new();
    let mut oversized = 0;
    if Encoding::of(first).is_some() {
        return (lines, oversized);
    }
    let (mut begin, mut end) = (0, 0);
    while end <= stream.len() {
        let rest = &stream[end..];
        let nuls = rest.iter().take_while(|byte| **byte == 0).count();
        let is_character = nuls == 1 && end > begin && !matches!(rest.get(1), None | Some(b'\n'));
        if is_character || !matches!(rest.first(), None | Some(b'\n' | 0)) {
            end += 1;
            continue;
        }
        let part = &stream[begin..end];
        let after_nul = begin > 0 && stream[begin - 1] == 0;
        if !part.is_empty() || (rest.first() == Some(&b'\n') && !after_nul) {
            oversized += u64::from(part.len() > LINE_BYTES_MAX);
            let part = &part[..part.len().min(LINE_BYTES_MAX)];
            let text = part.strip_prefix(b"\xef\xbb\xbf").unwrap_or(part);
            lines.push((begin + part.len() - text.len(), text.to_vec()));
        }
        end += nuls.max(1);
        begin = end;
    }
    (lines, oversized)
}

/// The first block that is not empty.
pub(super) fn first_block<'s>(stream: &'s [u8], blocks: &[usize]) -> &'s [u8] {
    let first = blocks.iter().find(|block| **block > 0);
    &stream[..first.map_or(stream.len(), |first| stream.len().min(*first))]
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
