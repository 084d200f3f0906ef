//! Which type a capture group has: what its regex can match decides.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::types::Type;

const SIGNS: &str = "+-";
const WHOLE: &str = "+-0123456789";
const DECIMAL: &str = "+-0123456789.eE";

/// A capture group's type, and whether printing its number again may change its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupType {
    pub kind: Type,
    pub is_rewritten: bool,
}

/// The types of all groups of a regex, from the whole match on.
pub fn group_types(hir: &Hir, groups: usize) -> Vec<GroupType> {
    let text = GroupType {
        kind: Type::Text,
        is_rewritten: false,
    };
    let mut types = vec![text; groups];
    visit(hir, &mut types);
    types
}

fn visit(hir: &Hir, types: &mut [GroupType]) {
    if let HirKind::Capture(capture) = hir.kind() {
        let kind = group_type(&capture.sub);
        let is_rewritten = match kind {
            Type::Int => may_be_rewritten(&capture.sub),
            Type::Float => true,
            _ => false,
        };
        if let Some(place) = types.get_mut(capture.index as usize) {
            *place = GroupType { kind, is_rewritten };
        }
    }
    hir.kind().subs().iter().for_each(|sub| visit(sub, types));
}

fn group_type(hir: &Hir) -> Type {
    if let HirKind::Alternation(branches) = hir.kind() {
        let types = branches.iter().map(group_type);
        return types.reduce(Type::join).unwrap_or(Type::Text);
    }
    let is_class = matches!(hir.kind(), HirKind::Class(_));
    if matches_only(hir, SIGNS) {
        Type::Text
    } else if matches_only(hir, WHOLE) {
        if is_class { Type::Text } else { Type::Int }
    } else if dots(hir) <= 1 && matches_only(hir, DECIMAL) {
        Type::Float
    } else {
        Type::Text
    }
}

/// Whether nothing but characters of `set` can be matched; unclear things cannot.
fn matches_only(hir: &Hir, set: &str) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.iter().all(|byte| set.as_bytes().contains(byte)),
        HirKind::Class(class) => characters(class, set.len())
            .is_some_and(|all| !all.is_empty() && all.iter().all(|c| set.contains(*c))),
        HirKind::Repetition(repetition) => matches_only(&repetition.sub, set),
        HirKind::Capture(capture) => matches_only(&capture.sub, set),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().all(|part| matches_only(part, set))
        }
    }
}

/// The characters of a class, where there are at most `most`.
fn characters(class: &Class, most: usize) -> Option<Vec<char>> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class
            .iter()
            .map(|range| (range.start(), range.end()))
            .collect(),
        Class::Bytes(class) => class
            .iter()
            .map(|range| (char::from(range.start()), char::from(range.end())))
            .collect(),
    };
    let mut all = Vec::new();
    for (start, end) in ranges {
        if u32::from(end) - u32::from(start) >= 256 {
            return None;
        }
        all.extend(start..=end);
        if all.len() > most {
            return None;
        }
    }
    Some(all)
}

/// How many dots the text of the regex has, its counts written out.
fn dots(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.iter().filter(|byte| **byte == b'.').count(),
        HirKind::Class(class) => {
            let all = characters(class, DECIMAL.len()).unwrap_or_default();
            all.iter().filter(|c| **c == '.').count()
        }
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min.max(1));
            dots(&repetition.sub).saturating_mul(times as usize)
        }
        HirKind::Capture(capture) => dots(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts
            .iter()
            .fold(0, |sum, part| sum.saturating_add(dots(part))),
    }
}

/// Whether a whole number may have a `+` or a leading zero, which are lost when it is printed.
fn may_be_rewritten(hir: &Hir) -> bool {
    let longest = hir.properties().maximum_len();
    match hir.kind() {
        HirKind::Literal(literal) => {
            literal.0.first() == Some(&b'+')
                || (literal.0.first() == Some(&b'0') && literal.0.len() > 1)
        }
        HirKind::Alternation(branches) => branches.iter().any(may_be_rewritten),
        HirKind::Capture(capture) => may_be_rewritten(&capture.sub),
        HirKind::Concat(parts) => parts
            .first()
            .is_some_and(|first| begins_with_zero(first) || may_be_rewritten(first)),
        _ => longest != Some(1) && begins_with_zero(hir),
    }
}

fn begins_with_zero(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Class(class) => characters(class, WHOLE.len())
            .is_some_and(|all| all.contains(&'0') || all.contains(&'+')),
        HirKind::Literal(literal) => matches!(literal.0.first(), Some(b'0' | b'+')),
        HirKind::Repetition(repetition) => begins_with_zero(&repetition.sub),
        HirKind::Capture(capture) => begins_with_zero(&capture.sub),
        HirKind::Concat(parts) => parts.first().is_some_and(begins_with_zero),
        HirKind::Alternation(branches) => branches.iter().any(begins_with_zero),
        HirKind::Empty | HirKind::Look(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(pattern: &str) -> Type {
        let translated = crate::dialect::translate(pattern).unwrap();
        let hir = regex_syntax::parse(&translated.regex).unwrap();
        group_types(&hir, translated.names.len())[1].kind
    }

    #[test]
    fn groups_have_the_types_of_mtail() {
        for pattern in [
            r"(\d+)",
            r"(\d{3})",
            r"(-?\d+)",
            r"([+-]?\d+)",
            r"(\d*)",
            r"(\d+)?",
            "(200|404)",
            "(5)",
            r"(\d?)",
        ] {
            assert_eq!(kind(pattern), Type::Int, "{pattern}");
        }
        for pattern in [
            r"(\d+\.\d+)",
            "([0-9.]+)",
            r"(\d+(\.\d+)?)",
            r"(\d+e\d+)",
            r"(\d+|\d+\.\d+)",
            r"(\d+\.?\d*)",
            r"(\.\d+)",
            r"([\d.eE+-]+)",
            "([0-9.])",
            "(e)",
        ] {
            assert_eq!(kind(pattern), Type::Float, "{pattern}");
        }
        for pattern in [
            r"(\d)",
            "([0-9])",
            r"(\d{1})",
            "(0|1)",
            r"(\d+|-)",
            r"(\S+)",
            r"([\d,]+)",
            "(.*)",
            "()",
            "(^)",
            "(-)",
            r"(\d{1,3}\.\d+\.\d+)",
            r"((\d+\.){3}\d+)",
        ] {
            assert_eq!(kind(pattern), Type::Text, "{pattern}");
        }
    }
}
