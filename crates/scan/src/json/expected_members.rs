//! The members that most lines are made of: a key that is expected, and a string without escapes or
//! a short integer after it, without blanks between.
//!
//! What is read here is read as [`Reader::object`] reads it, in a fraction of the steps. It stops before
//! whatever is not usual.

use super::Reader;
use super::grammar::Special;
use crate::byte_scan;
use crate::keys::{Form, Span};
use crate::short_bytes::leading_digits;

impl Reader<'_> {
    /// Takes the members of the line's own that follow after the last one, each with its comma before it,
    /// as long as they are usual and their keys the next that are expected from `place` on.
    ///
    /// Not a part of its caller, where the loop would have too few registers.
    #[inline(never)]
    pub(super) fn usual_members(&mut self, place: &mut usize) {
        let Some(order) = &self.order else {
            return;
        };
        let text = self.scan.text;
        let mut at = self.scan.at;
        let mut following = order.from(*place);
        let all = following.len();
        while let [expected, others @ ..] = following {
            let Some(rest) = text.get(at..) else {
                break;
            };
            let Some(bytes) = expected.behind_comma(rest) else {
                break;
            };
            let first = at + bytes;
            let (value, end) = if rest.get(bytes) == Some(&b'"') {
                let start = first + 1;
                let Some(end) = byte_scan::near::<Special>(text, start) else {
                    break;
                };
                if text.get(end) != Some(&b'"') {
                    break;
                }
                (Span::new(start, end, Form::Quoted), end + 1)
            } else {
                let Some(digits) = rest.get(bytes..).and_then(short_integer) else {
                    break;
                };
                let end = first + digits;
                (Span::new(first, end, Form::Plain), end)
            };
            if !expected.note(value, self.slots) {
                break;
            }
            at = end;
            following = others;
        }
        *place += all - following.len();
        self.scan.at = at;
    }
}

/// How many digits a number has that starts here and has a few.
#[inline(always)]
fn short_integer(rest: &[u8]) -> Option<usize> {
    let chunk: [u8; 8] = *rest.first_chunk()?;
    let digits = leading_digits(chunk);
    // Seven at most: the byte after them is among the eight.
    let behind = chunk.get(digits)?;
    let leading_zero = chunk[0] == b'0' && digits > 1;
    let is_usual = digits > 0 && !leading_zero && matches!(behind, b',' | b'}');
    is_usual.then_some(digits)
}
