//! Where the last segment of a branch was on the line before: lines of one program have the same text
//! there again and again. A guess, never an answer; the proof is in the door of this room.

use super::branch::{Anchor, Branch};
use super::segment::{Scan, SegmentMatch};
use crate::short_bytes::begins;

/// Longer texts are not kept.
const TEXT_BYTES_MAX: usize = 64;

/// Where it was, and what was there.
#[derive(Debug, Clone, Default)]
pub struct Hint {
    branch: usize,
    place: usize,
    /// Empty where nothing is known.
    text: Vec<u8>,
}

impl Hint {
    fn note(&mut self, branch: usize, place: usize, text: &[u8]) {
        self.text.clear();
        if text.len() <= TEXT_BYTES_MAX {
            (self.branch, self.place) = (branch, place);
            self.text.extend_from_slice(text);
        }
    }

    /// Whether the same is there again, at or after `from`.
    #[inline]
    fn holds(&self, branch: usize, line: &[u8], from: usize) -> bool {
        let is_known = !self.text.is_empty() && self.branch == branch && self.place >= from;
        is_known && (line.get(self.place..)).is_some_and(|rest| begins(rest, &self.text))
    }
}

impl Branch {
    /// The match, most quickly where it is as on the line before; `number` is the branch's own. Notes where
    /// it was.
    pub(super) fn find_by_hint(
        &self,
        scan: &mut Scan,
        number: usize,
        hint: &mut Hint,
    ) -> SegmentMatch {
        let (Anchor::Start, [(gap, part)]) = (&self.head.anchor, self.tail.as_slice()) else {
            return self.find(scan, &mut ());
        };
        if !part.segment.reads_its_match_alone() {
            return self.find(scan, &mut ());
        }
        if !self.head.can_start(scan.line) {
            return SegmentMatch::Nowhere;
        }
        let length = scan.line.len();
        let (start, end) = match self.head.segment.at(scan, 0, length, &mut ()) {
            SegmentMatch::At(start, end) => (start, end),
            SegmentMatch::Nowhere => return SegmentMatch::Nowhere,
            SegmentMatch::Unsure => return self.settle_all(scan, &mut ()),
        };
        let from = end + gap.min;
        if hint.holds(number, scan.line, from) {
            return SegmentMatch::At(start, hint.place + hint.text.len());
        }
        match part.first(scan, (from, length), None, &mut ()) {
            SegmentMatch::At(place, end) => {
                let text = scan.line.get(place..end).unwrap_or_default();
                hint.note(number, place, text);
                SegmentMatch::At(start, end)
            }
            SegmentMatch::Nowhere | SegmentMatch::Unsure => self.settle_all(scan, &mut ()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Outcome, Plan};
    use super::Hint;

    #[test]
    fn what_stands_there_again_is_not_searched() {
        let plan = Plan::new(r#"^x|^\{.*"scope" ?: ?"request""#).unwrap();
        let mut hint = Hint::default();
        let mut says = |line: &str| plan.is_match(line.as_bytes(), &mut hint);
        let line = r#"{"a":1,"scope":"request"}"#;
        assert_eq!(says(line), Outcome::Match);
        assert_eq!(says(line), Outcome::Match);
        for other in [
            r#"["a":1,"scope":"request"}"#,
            r#"{"a":1,"scope":"requesT"}"#,
            r#"{"a":1,"scope":"reques"#,
            r#"{"a":"#,
            "",
        ] {
            assert_eq!(says(other), Outcome::NoMatch, "{other}");
        }
        for other in [
            r#"{"aa":1,"scope":"request"}"#,
            r#"{"a":1,"scope" : "request"}"#,
            r#"{"scope":"request","scope":"r"}"#,
            "x",
            line,
        ] {
            assert_eq!(says(other), Outcome::Match, "{other}");
        }
        assert_eq!((hint.branch, hint.place), (1, 7));
        assert_eq!(hint.text, br#""scope":"request""#);
    }

    #[test]
    fn the_gap_before_it_keeps_its_character() {
        let plan = Plan::new("^ab?.+cd").unwrap();
        let mut hint = Hint::default();
        assert_eq!(plan.is_match(b"axcd", &mut hint), Outcome::Match);
        assert_eq!(hint.place, 2);
        // The head takes both bytes before the place; that it could take less is seen all the same.
        assert_eq!(plan.is_match(b"abcd", &mut hint), Outcome::Match);
        assert_eq!(plan.is_match(b"acd", &mut hint), Outcome::NoMatch);
    }
}
