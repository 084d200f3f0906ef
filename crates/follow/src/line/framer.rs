//! Bytes to lines, without copying them. Every way of reading goes through here.
//!
//! A line ends at `\n`, or at a run of NULs: those are left by power losses and by writers that go on
//! where a file was cut short. One NUL inside a line is a character of it. A byte order mark before
//! a line is taken off. A stream in another encoding than UTF-8 has no lines. A `\r` before the line end and wrappings are the business of
//! [`super::unwrap`]; files and positions that of the input.

use super::LINE_BYTES_MAX;
use super::encoding::Encoding;

#[cfg(test)]
mod tests;

/// The state of one stream between two blocks of bytes.
#[derive(Debug, Clone, Default)]
pub struct Framer {
    /// A line was cut at its greatest length, and its end has not come yet.
    skipping: bool,
    /// The last byte that was taken is a NUL: a `\n` that follows ends no line.
    after_nul: bool,
    /// Whether the stream's first bytes have been seen.
    has_begun: bool,
    encoding: Option<Encoding>,
}

/// What became of a block of bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Framed {
    /// How many bytes need not be shown again: whole lines, and what is skipped.
    pub taken: usize,
    /// How many lines were longer than [`LINE_BYTES_MAX`] and were cut.
    pub oversized: u64,
}

/// Where a part of a stream begins that does not begin the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartBegins {
    /// After a line's `\n`.
    AfterLine,
    /// In a run of NULs, more of which may follow.
    AfterNul,
    /// In a line that was cut as it is too long.
    InCutLine,
}

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Framer {
    /// A framer that is inside a line that was cut, if `skipping`.
    pub fn resumed(skipping: bool) -> Framer {
        Framer {
            skipping,
            has_begun: skipping,
            ..Framer::default()
        }
    }

    /// A framer for a later part of a stream.
    pub(crate) fn within(begins: PartBegins) -> Framer {
        Framer {
            skipping: begins == PartBegins::InCutLine,
            after_nul: begins == PartBegins::AfterNul,
            has_begun: true,
            encoding: None,
        }
    }

    /// A framer inside a stream that has no lines.
    pub(super) fn resumed_in(encoding: Encoding) -> Framer {
        Framer {
            has_begun: true,
            encoding: Some(encoding),
            ..Framer::default()
        }
    }

    /// Whether the rest of a line that was cut is still to be skipped.
    pub fn is_skipping(&self) -> bool {
        self.skipping
    }

    /// The encoding of the stream, if it is not UTF-8. Nothing of it is handed on then.
    pub fn encoding(&self) -> Option<Encoding> {
        self.encoding
    }

    /// Calls `each(offset_in_bytes, line)` for every complete line in `bytes`, without its end.
    ///
    /// What follows the last line end is not taken, and has to be at the start of the next block,
    /// unless it is longer than [`LINE_BYTES_MAX`]: then its first [`LINE_BYTES_MAX`] bytes are
    /// one line, and the rest is skipped up to its end, over as many calls as that takes. The
    /// lines do not depend on how the stream was cut into blocks.
    pub fn cut(&mut self, bytes: &[u8], mut each: impl FnMut(usize, &[u8])) -> Framed {
        let mut framed = Framed::default();
        if !self.has_begun && !bytes.is_empty() {
            self.has_begun = true;
            self.encoding = Encoding::of(bytes);
        }
        if self.encoding.is_some() {
            framed.taken = bytes.len();
            return framed;
        }
        let mut line = |start: usize, end: usize, oversized: &mut u64| {
            let length = end - start;
            if length > LINE_BYTES_MAX {
                *oversized += 1;
            }
            hand_on(
                start,
                &bytes[start..start + length.min(LINE_BYTES_MAX)],
                &mut each,
            );
        };
        let mut from = 0;
        // One NUL at the end of the block: what follows it will tell what it is.
        let mut open_nul = 0;
        let mut ends = LineEnds::new(bytes);
        while let Some(end) = ends.next_from(from) {
            let nuls = if bytes[end] == 0 {
                nuls(&bytes[end..])
            } else {
                0
            };
            let is_first = end == framed.taken && !self.skipping;
            if nuls == 1 && !is_first {
                match bytes.get(end + 1) {
                    Some(b'\n') => {}
                    Some(_) => {
                        from = end + 1;
                        continue;
                    }
                    None => {
                        open_nul = 1;
                        break;
                    }
                }
            }
            if self.skipping {
                self.skipping = false;
            } else if end > framed.taken || (nuls == 0 && !self.after_nul) {
                line(framed.taken, end, &mut framed.oversized);
            }
            self.after_nul = nuls > 0;
            framed.taken = end + nuls.max(1);
            from = framed.taken;
        }
        let rest = bytes.len() - open_nul - framed.taken;
        // Another line has begun, though its end has not come.
        self.after_nul &= rest == 0;
        if self.skipping {
            framed.taken = bytes.len() - open_nul;
        } else if rest > LINE_BYTES_MAX {
            line(framed.taken, bytes.len() - open_nul, &mut framed.oversized);
            self.skipping = true;
            framed.taken = bytes.len() - open_nul;
        }
        framed
    }

    /// The stream has been left: `rest`, what [`Framer::cut`] did not take, is its last line.
    /// There is none if `rest` is empty or belongs to a line that is being skipped. Afterwards
    /// the framer is at the start of another stream.
    pub fn finish(&mut self, rest: &[u8], mut each: impl FnMut(usize, &[u8])) -> Framed {
        let mut framed = self.cut(rest, &mut each);
        let last = &rest[framed.taken..];
        let last = last.strip_suffix(b"\0").unwrap_or(last);
        if !last.is_empty() && !self.skipping {
            hand_on(framed.taken, last, &mut each);
        }
        framed.taken = rest.len();
        *self = Framer::default();
        framed
    }
}

/// Bytes are looked at for NULs so many at a time, so that the search for line ends that follows finds
/// them in the nearest cache.
const WINDOW_BYTES: usize = 16 << 10;

/// Finds what can end a line: `\n` and NULs.
///
/// Nearly no log has a NUL, and one byte is searched for much faster than two. So a window is searched
/// for NULs once, and where it has none, for line ends alone.
struct LineEnds<'b> {
    bytes: &'b [u8],
    window_end: usize,
    has_nul: bool,
}

impl<'b> LineEnds<'b> {
    fn new(bytes: &'b [u8]) -> LineEnds<'b> {
        LineEnds {
            bytes,
            window_end: 0,
            has_nul: false,
        }
    }

    /// The first one at or after `from`, which only grows.
    #[inline]
    fn next_from(&mut self, mut from: usize) -> Option<usize> {
        loop {
            if let Some(rest) = self.bytes.get(from..self.window_end) {
                let at = match self.has_nul {
                    true => memchr::memchr2(b'\n', 0, rest),
                    false => memchr::memchr(b'\n', rest),
                };
                if let Some(at) = at {
                    return Some(from + at);
                }
            }
            from = from.max(self.window_end);
            let window_end = self.bytes.len().min(from + WINDOW_BYTES);
            let window = self.bytes.get(from..window_end)?;
            if window.is_empty() {
                return None;
            }
            self.has_nul = memchr::memchr(0, window).is_some();
            self.window_end = window_end;
        }
    }
}

#[inline]
fn hand_on(start: usize, line: &[u8], each: &mut impl FnMut(usize, &[u8])) {
    match line.first() {
        Some(0xef) => {
            let text = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
            each(start + line.len() - text.len(), text);
        }
        _ => each(start, line),
    }
}

/// How many NULs `bytes` begins with.
#[cold]
fn nuls(bytes: &[u8]) -> usize {
    let text = bytes.iter().position(|byte| *byte != 0);
    text.unwrap_or(bytes.len())
}
