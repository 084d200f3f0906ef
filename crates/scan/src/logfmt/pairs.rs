//! Pairs read forward from a text that anybody may have written.

use memchr::memchr2;
use wide::u8x16;

use crate::byte_scan::{self, Kind};
use crate::keys::{Form, Span};
use crate::slots::KeyStart;

/// A `key=value` on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    /// Where the key starts.
    pub(super) start: usize,
    /// Where the `=` after the key is.
    pub(super) equals: usize,
    pub(super) value: Span,
}

impl Pair {
    pub(super) fn key<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        &line[self.start..self.equals]
    }
}

/// Writes to `key_starts` where on `line` a `key=` is: at the start or after a blank. Those inside of
/// quotes and brackets are among them.
pub(super) fn find_key_starts(line: &[u8], key_starts: &mut Vec<KeyStart>) {
    key_starts.clear();
    let (mut word, mut is_word) = (0, true);
    byte_scan::each::<Stop>(line, |stop| {
        let byte = line[stop];
        if byte == b'=' {
            if is_word && word < stop {
                key_starts.push(KeyStart {
                    start: word as u32,
                    equals: stop as u32,
                });
            }
            is_word = false;
        } else {
            is_word = is_blank(byte);
            word = stop + 1;
        }
    });
}

/// The pairs of a text, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Pairs<'l> {
    text: &'l [u8],
    /// All that are left of the line, also those after the text.
    key_starts: &'l [KeyStart],
    /// How many brackets turned out to be none.
    unclosed: u32,
}

/// A bracket that never closes is looked for up to the end of the text. After so many of them
/// brackets mean nothing any more, so that a line full of them takes no longer than others.
const UNCLOSED_MAX: u32 = 16;

impl<'l> Pairs<'l> {
    /// The pairs of `text` from `at` on, which is the start of a word or the blank before one.
    /// `key_starts` are those of the line that begins with `text`.
    pub(super) fn new(text: &'l [u8], key_starts: &'l [KeyStart], at: usize) -> Self {
        Self {
            text,
            key_starts: from(key_starts, at),
            unclosed: 0,
        }
    }

    /// The next pair whose key `wanted` knows, and what it says of the key.
    #[inline(always)]
    pub(super) fn next_of<T>(
        &mut self,
        mut wanted: impl FnMut(&[u8]) -> Option<T>,
    ) -> Option<(Pair, T)> {
        loop {
            let (head, rest) = self.key_starts.split_first()?;
            let (start, equals) = (head.start as usize, head.equals as usize);
            if equals >= self.text.len() {
                return None;
            }
            self.key_starts = rest;
            let wanted = wanted(&self.text[start..equals]);
            // Other values than plain ones may have keys inside, so their ends are always needed.
            let value = match self.text.get(equals + 1) {
                Some(b'"') => self.quoted(equals + 1),
                Some(b'[' | b'{') => self.bracketed(equals + 1),
                _ => None,
            };
            if let Some(wanted) = wanted {
                let value = value.unwrap_or_else(|| self.plain(equals + 1));
                let pair = Pair {
                    start,
                    equals,
                    value,
                };
                return Some((pair, wanted));
            }
        }
    }

    /// Leaves out what is before `at`, the end of a value.
    #[inline]
    fn skip_to(&mut self, at: usize) {
        while let [head, rest @ ..] = self.key_starts
            && (head.start as usize) < at
        {
            self.key_starts = rest;
        }
    }

    /// The value that starts at `start`, if it is a quoted string that ends as one.
    fn quoted(&mut self, start: usize) -> Option<Span> {
        let inside = self.text.get(start + 1..)?;
        let first = start + 1 + memchr2(b'"', b'\\', inside)?;
        let has_escapes = self.text[first] == b'\\';
        let end = match has_escapes {
            true => string_end(self.text, first)?,
            false => first,
        };
        if !is_word_end(self.text, end + 1) {
            return None;
        }
        self.skip_to(end + 1);
        Some(span(start + 1, end, Form::quoted(has_escapes)))
    }

    /// The value that starts at `start`, if it is a list or a map that ends as one.
    fn bracketed(&mut self, start: usize) -> Option<Span> {
        if self.unclosed == UNCLOSED_MAX {
            return None;
        }
        match brackets_end(self.text, start) {
            Some(end) if is_word_end(self.text, end) => {
                self.skip_to(end);
                Some(span(start, end, Form::Plain))
            }
            _ => {
                self.unclosed += 1;
                None
            }
        }
    }

    /// The value that starts at `start` and ends before the next key.
    #[inline]
    fn plain(&self, start: usize) -> Span {
        let mut end = match self.key_starts {
            [next, ..] if (next.equals as usize) < self.text.len() => next.start as usize - 1,
            _ => self.text.len(),
        };
        while end > start && is_blank(self.text[end - 1]) {
            end -= 1;
        }
        span(start, end, Form::Plain)
    }
}

impl Iterator for Pairs<'_> {
    type Item = Pair;

    fn next(&mut self) -> Option<Pair> {
        Some(self.next_of(|_| Some(()))?.0)
    }
}

/// Those of `key_starts` that start at or after `at`.
pub(super) fn from(key_starts: &[KeyStart], at: usize) -> &[KeyStart] {
    &key_starts[key_starts.partition_point(|head| (head.start as usize) < at)..]
}

/// Lines are shorter than 4 GiB: [`super::read`] sees to that.
pub(super) fn span(start: usize, end: usize, form: Form) -> Span {
    Span {
        start: start as u32,
        end: end as u32,
        form,
    }
}

/// The first blank at or after `from`.
pub(super) fn blank(text: &[u8], from: usize) -> Option<usize> {
    memchr2(b' ', b'\t', text.get(from..)?).map(|at| from + at)
}

/// Whether a value may end before `at`.
pub(super) fn is_word_end(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|byte| is_blank(*byte))
}

fn is_blank(byte: u8) -> bool {
    (byte == b' ') | (byte == b'\t')
}

/// The bytes that are in no key.
#[derive(Debug)]
struct Stop;

impl Kind for Stop {
    fn has(byte: u8) -> bool {
        matches!(
            byte,
            0..=b' ' | 0x7f | b'=' | b'"' | b'[' | b']' | b'{' | b'}'
        )
    }

    #[inline(always)]
    fn marks(sixteen: u8x16) -> u8x16 {
        let is = |byte: u8| sixteen.simd_eq(u8x16::splat(byte));
        // A quote without its bit is a blank.
        let blank = u8x16::splat(b' ');
        let unquoted = sixteen & u8x16::splat(!(b'"' ^ b' '));
        let blanks = unquoted.max(blank).simd_eq(blank);
        // The brackets are two bits of a distance from the first of them.
        let distance = sixteen - u8x16::splat(b'[');
        let others = u8x16::splat(!((b']' - b'[') | (b'{' - b'[')));
        let brackets = (distance & others).simd_eq(u8x16::splat(0));
        (blanks | brackets) | (is(b'=') | is(0x7f))
    }
}

/// The quote that closes the string whose inside starts at `from`.
pub(super) fn string_end(text: &[u8], mut from: usize) -> Option<usize> {
    loop {
        from += memchr2(b'"', b'\\', text.get(from..)?)?;
        if text[from] == b'"' {
            return Some(from);
        }
        from += 2;
    }
}

/// One past the bracket that closes the one at `from`. Brackets nest up to 128 deep.
fn brackets_end(text: &[u8], mut from: usize) -> Option<usize> {
    let mut open = Brackets::default();
    loop {
        match *text.get(from)? {
            b'"' => from = string_end(text, from + 1)?,
            bracket @ (b'[' | b']' | b'{' | b'}') => open.step(bracket)?,
            _ => {}
        }
        from += 1;
        if open.depth == 0 {
            return Some(from);
        }
    }
}

/// The brackets that are open.
#[derive(Debug, Default)]
pub(super) struct Brackets {
    pub(super) depth: u32,
    /// One bit a bracket, the innermost the lowest: whether it is a brace.
    braces: u128,
}

impl Brackets {
    /// Opens or closes; `None` if `bracket` closes another than the last, or if too many are open.
    pub(super) fn step(&mut self, bracket: u8) -> Option<()> {
        let brace = u128::from(matches!(bracket, b'{' | b'}'));
        if matches!(bracket, b'[' | b'{') {
            self.depth += 1;
            self.braces = self.braces << 1 | brace;
            return (self.depth <= u128::BITS).then_some(());
        }
        if self.depth == 0 || self.braces & 1 != brace {
            return None;
        }
        self.depth -= 1;
        self.braces >>= 1;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bytes_are_told_as_one() {
        byte_scan::check_marks::<Stop>();
    }
}
