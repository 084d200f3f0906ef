//! Short patterns for a whole value, such as `\d+`, `2..`, `[A-Z].*` or `llm|none`: one class for each
//! byte.
//!
//! It answers for ASCII values only, where a character is a byte, and for patterns of a few alternatives
//! to match, each with a class for each of the first bytes and one for all the rest. All else is for
//! the regex.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::engine::convert::{SHORT_DIGITS_MAX, SHORT_UNITS};

/// Which ASCII bytes may be at a place.
type Bytes = u128;

/// So many places have a bit of their own next to the one for the rest.
const HEAD_MAX: usize = 15;

/// The bit for all bytes after the head.
const REST: u16 = 1 << HEAD_MAX;

/// More alternatives are not tried one by one.
const ALTERNATIVES_MAX: usize = 4;

/// A pattern in the form that runs.
#[derive(Debug)]
pub(in crate::engine) struct ByteClassMatcher {
    /// Mostly there is but one alternative.
    first: Alternative,
    others: Box<[Alternative]>,
}

#[derive(Debug)]
struct Alternative {
    /// For each ASCII byte a bit for each of the first places, and [`REST`], where it may be.
    places: Box<[u16; 128]>,
    /// How many first places there are.
    head: usize,
    /// At least and at most how many bytes are after them.
    rest_min: usize,
    rest_max: usize,
}

impl ByteClassMatcher {
    /// The byte_class of a pattern that is anchored at both ends; `None` where it has no byte_class.
    pub(in crate::engine) fn new(pattern: &str) -> Option<ByteClassMatcher> {
        let hir = regex_syntax::parse(pattern).ok()?;
        let HirKind::Concat(parts) = hir.kind() else {
            return None;
        };
        let [first, inner @ .., last] = parts.as_slice() else {
            return None;
        };
        let is_anchored =
            *first.kind() == HirKind::Look(Look::Start) && *last.kind() == HirKind::Look(Look::End);
        if !is_anchored {
            return None;
        }
        let alternatives: Option<Vec<Alternative>> = match inner.first().map(Hir::kind) {
            Some(HirKind::Alternation(alternatives))
                if inner.len() == 1 && alternatives.len() <= ALTERNATIVES_MAX =>
            {
                alternatives.iter().map(Alternative::of).collect()
            }
            _ => Alternative::new(inner).map(|alternative| vec![alternative]),
        };
        let mut alternatives = alternatives?.into_iter();
        Some(ByteClassMatcher {
            first: alternatives.next()?,
            others: alternatives.collect(),
        })
    }

    /// Whether a value matches, as the regex says; `None` where the regex must be asked.
    #[inline]
    pub(in crate::engine) fn is_match(&self, value: &[u8]) -> Option<bool> {
        // What the first alternative cannot answer is not ASCII, and no other can.
        let mut answer = self.first.is_match(value);
        for alternative in &self.others {
            if answer != Some(false) {
                break;
            }
            answer = alternative.is_match(value);
        }
        answer
    }
}

/// Which short numbers all match a byte_class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine) enum Numbers {
    /// Perhaps not all.
    Some,
    /// Those without a unit.
    Plain,
    /// Those with a unit, too.
    All,
}

impl ByteClassMatcher {
    /// Which of all [`Short`](crate::engine::convert::Short) numbers match.
    pub(in crate::engine) fn numbers(&self) -> Numbers {
        // An alternative asks of each byte whether it may be at its place, whatever is at the others. So all
        // numbers of a length match where those do that are one digit again and again.
        let take_all = |unit: &[u8]| {
            (1..=SHORT_DIGITS_MAX).all(|length| {
                (b'0'..=b'9').all(|digit| {
                    let number = [&vec![digit; length][..], unit].concat();
                    self.first.is_match(&number) == Some(true)
                })
            })
        };
        match take_all(b"") {
            false => Numbers::Some,
            true if SHORT_UNITS.iter().all(|(unit, _)| take_all(unit)) => Numbers::All,
            true => Numbers::Plain,
        }
    }
}

impl Alternative {
    /// The alternative of one side of an alternation.
    fn of(part: &Hir) -> Option<Alternative> {
        match part.kind() {
            HirKind::Concat(parts) => Alternative::new(parts),
            _ => Alternative::new(std::slice::from_ref(part)),
        }
    }

    /// The alternative of consecutive parts.
    fn new(parts: &[Hir]) -> Option<Alternative> {
        let mut head: Vec<Bytes> = Vec::new();
        let (mut rest, mut rest_min, mut rest_max) = (0, 0, 0);
        for (number, part) in parts.iter().enumerate() {
            match part.kind() {
                HirKind::Literal(literal) => {
                    for &byte in &literal.0 {
                        head.push(single(byte)?);
                    }
                }
                HirKind::Class(class) => head.push(ascii(class)),
                HirKind::Repetition(repetition) if number + 1 == parts.len() => {
                    rest = one(&repetition.sub)?;
                    rest_min = repetition.min as usize;
                    rest_max = repetition.max.map_or(usize::MAX, |max| max as usize);
                }
                _ => return None,
            }
        }
        if head.len() > HEAD_MAX {
            return None;
        }
        let places = std::array::from_fn(|byte| {
            let bit = |bytes: &Bytes| (bytes >> byte & 1) as u16;
            let head = head
                .iter()
                .rev()
                .fold(0, |all, bytes| all << 1 | bit(bytes));
            head | if bit(&rest) == 1 { REST } else { 0 }
        });
        Some(Alternative {
            places: Box::new(places),
            head: head.len(),
            rest_min,
            rest_max,
        })
    }

    /// Whether a value matches, as the regex says; `None` where the regex must be asked.
    #[inline]
    fn is_match(&self, value: &[u8]) -> Option<bool> {
        let Some((head, rest)) = value.split_at_checked(self.head) else {
            return value.is_ascii().then_some(false);
        };
        let mut fits = true;
        let mut bit = 1;
        for byte in head {
            fits &= self.places.get(usize::from(*byte))? & bit != 0;
            bit <<= 1;
        }
        for byte in rest {
            fits &= self.places.get(usize::from(*byte))? & REST != 0;
        }
        Some(fits && (self.rest_min..=self.rest_max).contains(&rest.len()))
    }
}

/// The bytes of a part that takes one character.
fn one(part: &Hir) -> Option<Bytes> {
    match part.kind() {
        HirKind::Class(class) => Some(ascii(class)),
        HirKind::Literal(literal) => match *literal.0 {
            [byte] => single(byte),
            _ => None,
        },
        _ => None,
    }
}

fn single(byte: u8) -> Option<Bytes> {
    byte.is_ascii().then(|| 1 << byte)
}

/// The ASCII bytes of a class; no other will be asked for.
fn ascii(class: &Class) -> Bytes {
    let is_in = |byte: u8| match class {
        Class::Unicode(class) => class
            .ranges()
            .iter()
            .any(|range| (range.start()..=range.end()).contains(&char::from(byte))),
        Class::Bytes(class) => class
            .ranges()
            .iter()
            .any(|range| (range.start()..=range.end()).contains(&byte)),
    };
    (0..128)
        .filter(|&byte| is_in(byte))
        .map(|byte| 1 << byte)
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_patterns_of_rules_have_shapes() {
        for pattern in [
            r"\d+",
            "2..",
            r"\d.*",
            "tools/call",
            "[45]..",
            "[A-Z].*",
            ".+",
            "",
            "a?",
            "x{2,3}",
            "fifteen letters",
            "llm|none",
            "4..|5..|none",
        ] {
            assert!(
                ByteClassMatcher::new(&format!("^(?:{pattern})$")).is_some(),
                "{pattern}"
            );
        }
        for pattern in [
            "sixteen letters!",
            "a|b|cc|dd|eee|fff",
            "llm|no.*e",
            ".*a",
            "(ab)+",
            r"\bx",
            "(?m)^x$",
            "é",
        ] {
            assert!(
                ByteClassMatcher::new(&format!("^(?:{pattern})$")).is_none(),
                "{pattern}"
            );
        }
        assert!(ByteClassMatcher::new("a.*").is_none());
    }

    #[test]
    fn numbers_that_all_match_are_known() {
        for (pattern, expected) in [
            (r"\d+", Numbers::Plain),
            (r"\d.*", Numbers::All),
            (".+", Numbers::All),
            (r"[\d.eE+\-]+", Numbers::Plain),
            (r"\d{1,15}", Numbers::Plain),
            (r"\d{1,14}", Numbers::Some),
            (r"\d\d.*", Numbers::Some),
            ("[1-9].*", Numbers::Some),
            (r"\d*s?", Numbers::Some),
            ("2..", Numbers::Some),
            (r"\d[0-8]*|.+", Numbers::Some),
        ] {
            let byte_class = ByteClassMatcher::new(&format!("^(?:{pattern})$"));
            let numbers = byte_class.map_or(Numbers::Some, |byte_class| byte_class.numbers());
            assert_eq!(numbers, expected, "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn a_shape_says_what_the_regex_says(
            alternatives in prop::collection::vec(
                r"(\(\?[is]\))?(a|B|\.|\.|2|[.\]-]|\\d|\\D|\\w|\\S|\[a-c2\]|\[\^b\\n\]){0,3}((a|\.|\\d|\\w|\[\^a\])(\*|\+|\?|\{2\}|\{1,2\}|\*\?)|\(\?:ab\)\*|\(\?P<x>b\))?",
                1..4,
            ),
            values in prop::collection::vec("[aAbBcC25. \n\u{7f}]{0,6}|[ab2é]{0,3}", 1..8),
        ) {
            let pattern = format!("^(?:{})$", alternatives.join("|"));
            let (Ok(regex), Some(byte_class)) = (regex::Regex::new(&pattern), ByteClassMatcher::new(&pattern)) else {
                return Ok(());
            };
            for value in values {
                if let Some(is_match) = byte_class.is_match(value.as_bytes()) {
                    prop_assert_eq!(is_match, regex.is_match(&value), "{} {:?}", pattern, value);
                }
            }
        }
    }
}
