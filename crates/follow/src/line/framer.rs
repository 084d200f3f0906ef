//! Bytes to lines, without copying them.
//!
//! Knows only `\n` and the greatest length. A `\r` before the line end, wrappings and text
//! encodings are the business of [`super::unwrap`]; files and positions that of the input.

use super::LINE_BYTES_MAX;

#[cfg(test)]
mod tests;

/// The state of one stream between two blocks of bytes.
#[derive(Debug, Default)]
pub struct Framer {
    /// A line was cut at its greatest length, and its `\n` has not come yet.
    skipping: bool,
}

/// What became of a block of bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Framed {
    /// How many bytes need not be shown again: whole lines, and what is skipped.
    pub taken: usize,
    /// How many lines were longer than [`LINE_BYTES_MAX`] and were cut.
    pub oversized: u64,
}

impl Framer {
    /// A framer that is inside a line that was cut, if `skipping`.
    pub fn resumed(skipping: bool) -> Framer {
        Framer { skipping }
    }

    /// Whether the rest of a line that was cut is still to be skipped.
    pub fn is_skipping(&self) -> bool {
        self.skipping
    }

    /// Calls `each(offset_in_bytes, line)` for every complete line in `bytes`, without its `\n`.
    ///
    /// What follows the last `\n` is not taken, and has to be at the start of the next block,
    /// unless it is longer than [`LINE_BYTES_MAX`]: then its first [`LINE_BYTES_MAX`] bytes are
    /// one line, and the rest is skipped up to its `\n`, over as many calls as that takes. The
    /// lines do not depend on how the stream was cut into blocks.
    pub fn cut(&mut self, bytes: &[u8], mut each: impl FnMut(usize, &[u8])) -> Framed {
        let mut framed = Framed::default();
        let mut line = |start: usize, end: usize, oversized: &mut u64| {
            let length = end - start;
            if length > LINE_BYTES_MAX {
                *oversized += 1;
            }
            each(start, &bytes[start..start + length.min(LINE_BYTES_MAX)]);
        };
        for newline in memchr::memchr_iter(b'\n', bytes) {
            if self.skipping {
                self.skipping = false;
            } else {
                line(framed.taken, newline, &mut framed.oversized);
            }
            framed.taken = newline + 1;
        }
        if self.skipping {
            framed.taken = bytes.len();
        } else if bytes.len() - framed.taken > LINE_BYTES_MAX {
            line(framed.taken, bytes.len(), &mut framed.oversized);
            self.skipping = true;
            framed.taken = bytes.len();
        }
        framed
    }

    /// The stream has been left: `rest`, what [`Framer::cut`] did not take, is its last line.
    /// There is none if `rest` is empty or belongs to a line that is being skipped. Afterwards
    /// the framer is at the start of another stream.
    pub fn finish(&mut self, rest: &[u8], mut each: impl FnMut(usize, &[u8])) -> Framed {
        let mut framed = self.cut(rest, &mut each);
        if framed.taken < rest.len() {
            each(framed.taken, &rest[framed.taken..]);
            framed.taken = rest.len();
        }
        self.skipping = false;
        framed
    }
}
