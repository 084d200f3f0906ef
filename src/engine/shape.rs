//! Short patterns for a whole value, such as `\d+`, `2..` or `[A-Z].*`: one class for each byte.
//!
//! A shape answers for ASCII values only, where a character is a byte and the pattern has one way to
//! match: a class for each of the first bytes, and one for all the rest. All else is for the regex.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// Which ASCII bytes may stand at a place.
type Bytes = u128;

/// A pattern in the form that runs.
#[derive(Debug)]
pub(super) struct Shape {
    /// The first bytes.
    head: Vec<Bytes>,
    /// Those behind them, and at least and at most how many.
    rest: Bytes,
    rest_min: usize,
    rest_max: usize,
}

impl Shape {
    /// The shape of a pattern that is anchored at both ends; `None` where it has no shape.
    pub(super) fn new(pattern: &str) -> Option<Shape> {
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
        let mut shape = Shape {
            head: Vec::new(),
            rest: 0,
            rest_min: 0,
            rest_max: 0,
        };
        for (number, part) in inner.iter().enumerate() {
            match part.kind() {
                HirKind::Literal(literal) => {
                    for &byte in &literal.0 {
                        shape.head.push(single(byte)?);
                    }
                }
                HirKind::Class(class) => shape.head.push(ascii(class)),
                HirKind::Repetition(repetition) if number + 1 == inner.len() => {
                    shape.rest = one(&repetition.sub)?;
                    shape.rest_min = repetition.min as usize;
                    shape.rest_max = repetition.max.map_or(usize::MAX, |max| max as usize);
                }
                _ => return None,
            }
        }
        Some(shape)
    }

    /// Whether a value matches, as the regex says; `None` where the regex must be asked.
    pub(super) fn is_match(&self, value: &[u8]) -> Option<bool> {
        if !value.is_ascii() {
            return None;
        }
        let Some((head, rest)) = value.split_at_checked(self.head.len()) else {
            return Some(false);
        };
        let fits = |(&byte, &bytes): (&u8, &Bytes)| bytes >> byte & 1 == 1;
        Some(
            (self.rest_min..=self.rest_max).contains(&rest.len())
                && head.iter().zip(&self.head).all(fits)
                && rest.iter().all(|byte| fits((byte, &self.rest))),
        )
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
        ] {
            assert!(
                Shape::new(&format!("^(?:{pattern})$")).is_some(),
                "{pattern}"
            );
        }
        for pattern in ["llm|none", ".*a", "(ab)+", r"\bx", "(?m)^x$", "é"] {
            assert!(
                Shape::new(&format!("^(?:{pattern})$")).is_none(),
                "{pattern}"
            );
        }
        assert!(Shape::new("a.*").is_none());
    }

    proptest! {
        #[test]
        fn a_shape_says_what_the_regex_says(
            pattern in r"(\(\?[is]\))?(a|B|\.|\.|2|[.\]-]|\\d|\\D|\\w|\\S|\[a-c2\]|\[\^b\\n\]){0,3}((a|\.|\\d|\\w|\[\^a\])(\*|\+|\?|\{2\}|\{1,2\}|\*\?)|\(\?:ab\)\*|\(\?P<x>b\))?",
            values in prop::collection::vec("[aAbBcC25. \n\u{7f}]{0,6}|[ab2é]{0,3}", 1..8),
        ) {
            let pattern = format!("^(?:{pattern})$");
            let (Ok(regex), Some(shape)) = (regex::Regex::new(&pattern), Shape::new(&pattern)) else {
                return Ok(());
            };
            for value in values {
                if let Some(is_match) = shape.is_match(value.as_bytes()) {
                    prop_assert_eq!(is_match, regex.is_match(&value), "{} {:?}", pattern, value);
                }
            }
        }
    }
}
