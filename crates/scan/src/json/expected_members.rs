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
    /// Takes the members of the line's own that follow, each with the byte before it, which is `before`
    /// and then a comma, as long as they are usual and their keys the next that are expected from
    /// `place` on.
    ///
    /// Not a part of its caller, where the loop would have too few registers.
    #[inline(never)]
    pub(super) fn usual_members(&mut self, place: &mut usize, mut before: u8) {
        let Some(order) = &self.order else {
            return;
        };
        let text = self.scan.text;
        let mut rest = self.scan.rest();
        let mut following = order.from(*place);
        let all = following.len();
        while let [expected, others @ ..] = following {
            let Some(behind) = expected.behind(before, rest) else {
                break;
            };
            let (value, after) = if let [b'"', inside @ ..] = behind {
                let start = text.len() - inside.len();
                let Some(end) = byte_scan::near::<Special>(text, start) else {
                    break;
                };
                let Some([b'"', after @ ..]) = text.get(end..) else {
                    break;
                };
                (Span::new(start, end, Form::Quoted), after)
            } else {
                let Some((_, after)) =
                    short_integer(behind).and_then(|digits| behind.split_at_checked(digits))
                else {
                    break;
                };
                let (start, end) = (text.len() - behind.len(), text.len() - after.len());
                (Span::new(start, end, Form::Plain), after)
            };
            if !expected.note(value, self.slots) {
                break;
            }
            rest = after;
            following = others;
            before = b',';
        }
        *place += all - following.len();
        self.scan.at = text.len() - rest.len();
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
