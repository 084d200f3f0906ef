//! The grammar of JSON (RFC 8259), read once from the front, as `serde_json` reads what it skips.
//!
//! Every method that takes something says `None` where it is not there.

use wide::u8x16;

use crate::byte_scan::{Kind, Places};

/// How many lists and objects may be in each other, as in `serde_json`.
const DEPTH_MAX: u32 = 127;

/// What means something in a string: its end, an escape, or a control byte, which must not be
/// there.
#[derive(Debug)]
pub(super) struct Special;

impl Kind for Special {
    fn has(byte: u8) -> bool {
        matches!(byte, b'"' | b'\\' | 0..b' ')
    }

    #[inline(always)]
    fn marks(sixteen: u8x16) -> u8x16 {
        let blank = u8x16::splat(b' ');
        // The quote is the blank with one bit turned, and that bit turned leaves control bytes so.
        let turned = sixteen ^ u8x16::splat(b' ' ^ b'"');
        turned.max(blank).simd_eq(blank) | sixteen.simd_eq(u8x16::splat(b'\\'))
    }
}

/// A place in a JSON text.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    pub(super) text: &'a [u8],
    specials: Places<'a, Special>,
    /// Where what has not been taken begins.
    pub(super) at: usize,
    depth: u32,
}

impl<'a> Scan<'a> {
    /// At the byte `at` of a text.
    pub(super) fn new(text: &'a [u8], at: usize) -> Self {
        Self {
            text,
            specials: Places::new(text, at),
            at,
            depth: 0,
        }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What has not been taken.
    #[inline(always)]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// To a place that was passed before.
    #[cold]
    pub(super) fn go_back(&mut self, at: usize) {
        if self.at != at {
            self.specials = Places::new(self.text, at);
            self.at = at;
        }
    }

    /// How many elements the list has that starts here; nothing of it is taken.
    #[cold]
    pub(super) fn elements(&self) -> Option<usize> {
        let mut scan = Scan::new(self.text, self.at);
        scan.enter()?;
        if scan.peek()? == b']' {
            return Some(0);
        }
        let mut count = 0;
        loop {
            scan.value()?;
            count += 1;
            if !scan.goes_on(b']')? {
                return Some(count);
            }
        }
    }

    /// Takes bytes that the caller has seen, whole parts of the grammar.
    #[inline(always)]
    pub(super) fn pass(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// How many lists and objects are open.
    pub(super) fn depth(&self) -> u32 {
        self.depth
    }

    /// The next byte that is no blank.
    #[inline(always)]
    pub(super) fn peek(&mut self) -> Option<u8> {
        match *self.text.get(self.at)? {
            byte @ b'!'.. => Some(byte),
            _ => self.peek_over_blanks(),
        }
    }

    fn peek_over_blanks(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    #[inline(always)]
    pub(super) fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Nothing but blanks is left.
    pub(super) fn end(&mut self) -> Option<()> {
        self.peek().is_none().then_some(())
    }

    /// Takes the bracket that opens a list or an object, which the caller has seen.
    pub(super) fn enter(&mut self) -> Option<()> {
        self.at += 1;
        self.deepen()
    }

    /// Notes that a list or an object was entered.
    pub(super) fn deepen(&mut self) -> Option<()> {
        self.depth += 1;
        (self.depth <= DEPTH_MAX).then_some(())
    }

    /// The list or object that was entered last has been closed.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Behind a value: true for a comma, false for the bracket `close`.
    #[inline(always)]
    pub(super) fn goes_on(&mut self, close: u8) -> Option<bool> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b',' => Some(true),
            _ if byte == close => Some(false),
            _ => None,
        }
    }

    /// A value of any kind.
    pub(super) fn value(&mut self) -> Option<()> {
        match self.peek()? {
            b'{' | b'[' => self.container(),
            b'"' => self.string().map(|_| ()),
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            _ => self.number(),
        }
    }

    /// A list or an object. Keeps the kinds of what is open in bits instead of on the stack.
    fn container(&mut self) -> Option<()> {
        let outer = self.depth;
        let mut objects: u128 = 0;
        loop {
            let open = self.peek()?;
            if let b'{' | b'[' = open {
                self.enter()?;
                let object = open == b'{';
                objects = objects << 1 | u128::from(object);
                // An empty one ends below like any other.
                if self.peek()? != if object { b'}' } else { b']' } {
                    if object {
                        self.key()?;
                    }
                    continue;
                }
            } else {
                self.value()?;
            }
            // A value has ended, and what it is the last value of ends with it.
            while !self.goes_on(if objects & 1 == 1 { b'}' } else { b']' })? {
                self.leave();
                objects >>= 1;
                if self.depth == outer {
                    return Some(());
                }
            }
            if objects & 1 == 1 {
                self.key()?;
            }
        }
    }

    fn key(&mut self) -> Option<()> {
        self.string()?;
        self.take(b':')
    }

    /// A string: what is inside its quotes, and whether that has escapes.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Option<(&'a [u8], bool)> {
        self.take(b'"')?;
        let start = self.at;
        let text = self.text;
        let end = self.specials.next(start)?;
        if text[end] == b'"' {
            self.at = end + 1;
            return Some((&text[start..end], false));
        }
        self.at = end;
        self.rest_of_string()?;
        Some((&text[start..self.at - 1], true))
    }

    /// The rest of a string, from an escape on.
    #[inline(never)]
    fn rest_of_string(&mut self) -> Option<()> {
        loop {
            match self.text[self.at] {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.escape()?,
                _ => return None,
            }
            self.at = self.specials.next(self.at)?;
        }
    }

    fn escape(&mut self) -> Option<()> {
        let length = match self.text.get(self.at + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
            b'u' => {
                let digits = self.text.get(self.at + 2..self.at + 6)?;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(6)?
            }
            _ => return None,
        };
        self.at += length;
        Some(())
    }

    fn literal(&mut self, literal: &[u8]) -> Option<()> {
        let found = self.text[self.at..].starts_with(literal);
        found.then(|| self.at += literal.len())
    }

    fn number(&mut self) -> Option<()> {
        self.skip(b"-");
        match self.text.get(self.at)? {
            b'0' => self.at += 1,
            _ => self.digits()?,
        }
        if self.skip(b".") {
            self.digits()?;
        }
        if self.skip(b"eE") {
            self.skip(b"+-");
            self.digits()?;
        }
        Some(())
    }

    /// Takes one of `bytes`, if it is here.
    fn skip(&mut self, bytes: &[u8]) -> bool {
        let found = (self.text.get(self.at)).is_some_and(|byte| bytes.contains(byte));
        self.at += usize::from(found);
        found
    }

    /// At least one digit.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bytes_are_told_as_one() {
        crate::byte_scan::check_marks::<Special>();
    }
}
