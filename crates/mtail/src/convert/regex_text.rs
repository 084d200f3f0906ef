//! Regexes as text: groups get the names of fields, and what is known of a group from its regex.

use std::collections::BTreeMap;

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{self, Ast, GroupKind, Visitor};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::number_pattern::Shape;

/// Digits that always fit into 64 bits.
const SAFE_DIGITS: usize = 18;

/// The regex with names for some groups; the others only group.
pub(super) fn with_names(regex: &str, names: &BTreeMap<usize, String>) -> String {
    let Ok(tree) = Parser::new().parse(regex) else {
        return regex.to_owned();
    };
    let openings = ast::visit(&tree, Openings::default()).unwrap_or_default();
    let mut out = String::with_capacity(regex.len() + 16);
    let mut written = 0;
    for (group, at) in openings {
        out.push_str(regex.get(written..=at).unwrap_or(""));
        match names.get(&group) {
            Some(name) => out.push_str(&format!("?P<{name}>")),
            None => out.push_str("?:"),
        }
        written = at + 1;
    }
    out.push_str(regex.get(written..).unwrap_or(""));
    out
}

/// Where the brackets of capture groups open, in bytes, in the order of the text.
#[derive(Default)]
struct Openings(Vec<(usize, usize)>);

impl Visitor for Openings {
    type Output = Vec<(usize, usize)>;
    type Err = ();

    fn finish(mut self) -> Result<Self::Output, ()> {
        self.0.sort_by_key(|(_, at)| *at);
        Ok(self.0)
    }

    fn visit_pre(&mut self, tree: &Ast) -> Result<(), ()> {
        if let Ast::Group(group) = tree
            && let GroupKind::CaptureIndex(index) = group.kind
        {
            self.0.push((index as usize, group.span.start.offset));
        }
        Ok(())
    }
}

/// What a regex says of a group.
#[derive(Debug, Clone, Copy)]
pub(super) struct GroupFact {
    pub(super) is_always_there: bool,
    pub(super) may_be_no_number: bool,
    pub(super) may_be_negative: bool,
    /// Whether a tab or a carriage return may be part of it.
    pub(super) may_have_controls: bool,
    /// What it looks like, where it is only of digits, signs and points.
    pub(super) shape: Option<Shape>,
}

impl Default for GroupFact {
    fn default() -> Self {
        GroupFact {
            is_always_there: false,
            may_be_no_number: true,
            may_be_negative: true,
            may_have_controls: true,
            shape: None,
        }
    }
}

/// What is known of all groups, from the whole match on.
pub(super) fn group_facts(regex: &str) -> Vec<GroupFact> {
    let Ok(hir) = regex_syntax::parse(regex) else {
        return Vec::new();
    };
    let mut facts = vec![GroupFact {
        is_always_there: true,
        ..GroupFact::default()
    }];
    visit(&hir, true, &mut facts);
    facts
}

fn visit(hir: &Hir, is_always_there: bool, facts: &mut Vec<GroupFact>) {
    match hir.kind() {
        HirKind::Capture(capture) => {
            let place = capture.index as usize;
            if facts.len() <= place {
                facts.resize(place + 1, GroupFact::default());
            }
            facts[place] = GroupFact {
                is_always_there,
                may_be_no_number: !is_number(&capture.sub),
                may_be_negative: may_have(&capture.sub, '-'),
                shape: shape(&capture.sub),
                may_have_controls: ['\t', '\r'].iter().any(|c| may_have(&capture.sub, *c)),
            };
            visit(&capture.sub, is_always_there, facts);
        }
        HirKind::Repetition(repetition) => {
            visit(
                &repetition.sub,
                is_always_there && repetition.min > 0,
                facts,
            );
        }
        HirKind::Alternation(branches) => branches
            .iter()
            .for_each(|branch| visit(branch, false, facts)),
        HirKind::Concat(parts) => parts
            .iter()
            .for_each(|part| visit(part, is_always_there, facts)),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => {}
    }
}

/// What a number in a group looks like.
fn shape(hir: &Hir) -> Option<Shape> {
    let (least, most) = (
        hir.properties().minimum_len(),
        hir.properties().maximum_len(),
    );
    if least.is_none_or(|least| least == 0) || !is_made_of(hir, "+-.0123456789") {
        return None;
    }
    Some(Shape {
        digits: most.filter(|most| least == Some(*most) && only_digits(hir)),
        may_have_point: may_have(hir, '.'),
        may_be_negative: may_have(hir, '-'),
        may_have_plus: may_have(hir, '+'),
    })
}

/// Whether only such characters can match.
fn is_made_of(hir: &Hir, set: &str) -> bool {
    match hir.kind() {
        HirKind::Literal(text) => text.0.iter().all(|byte| set.as_bytes().contains(byte)),
        HirKind::Class(class) => ranges(class).iter().all(|(start, end)| {
            u32::from(*end) - u32::from(*start) < 16 && (*start..=*end).all(|c| set.contains(c))
        }),
        HirKind::Empty => true,
        HirKind::Look(_) => false,
        other => other.subs().iter().all(|sub| is_made_of(sub, set)),
    }
}

/// Whether what matches is always a number that 64 bits hold: digits, and one dot between digits.
fn is_number(hir: &Hir) -> bool {
    let (least, most) = (
        hir.properties().minimum_len().unwrap_or(0),
        hir.properties().maximum_len(),
    );
    if only_digits(hir) {
        return least > 0 && most.is_some_and(|most| most <= SAFE_DIGITS);
    }
    match hir.kind() {
        HirKind::Alternation(branches) => branches.iter().all(is_number),
        HirKind::Capture(capture) => is_number(&capture.sub),
        HirKind::Concat(parts) => is_decimal(parts),
        _ => false,
    }
}

/// Digits, and after them a dot with digits, or nothing.
fn is_decimal(parts: &[Hir]) -> bool {
    let is_dot = |part: &Hir| matches!(part.kind(), HirKind::Literal(text) if &*text.0 == b".");
    let some_digits = |parts: &[Hir]| {
        let least = parts
            .iter()
            .map(|part| part.properties().minimum_len().unwrap_or(0));
        parts.iter().all(only_digits) && least.sum::<usize>() > 0
    };
    if let Some(dot) = parts.iter().position(is_dot) {
        let (whole, rest) = parts.split_at(dot);
        return some_digits(whole) && some_digits(rest.get(1..).unwrap_or(&[]));
    }
    let Some((last, whole)) = parts.split_last() else {
        return false;
    };
    let HirKind::Repetition(repetition) = last.kind() else {
        return false;
    };
    let fraction = match repetition.sub.kind() {
        HirKind::Capture(capture) => &*capture.sub,
        _ => &*repetition.sub,
    };
    let is_fraction = matches!(fraction.kind(), HirKind::Concat(parts)
        if parts.first().is_some_and(is_dot) && some_digits(parts.get(1..).unwrap_or(&[])));
    repetition.max == Some(1) && some_digits(whole) && is_fraction
}

fn only_digits(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(text) => text.0.iter().all(u8::is_ascii_digit),
        HirKind::Class(class) => ranges(class)
            .iter()
            .all(|(start, end)| start.is_ascii_digit() && end.is_ascii_digit()),
        HirKind::Repetition(repetition) => only_digits(&repetition.sub),
        HirKind::Capture(capture) => only_digits(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(only_digits),
        HirKind::Empty => true,
        HirKind::Look(_) => false,
    }
}

/// Whether a character can be part of what matches.
fn may_have(hir: &Hir, wanted: char) -> bool {
    match hir.kind() {
        HirKind::Literal(text) => String::from_utf8_lossy(&text.0).contains(wanted),
        HirKind::Class(class) => ranges(class)
            .iter()
            .any(|(start, end)| (*start..=*end).contains(&wanted)),
        HirKind::Empty | HirKind::Look(_) => false,
        other => other.subs().iter().any(|sub| may_have(sub, wanted)),
    }
}

fn ranges(class: &Class) -> Vec<(char, char)> {
    match class {
        Class::Unicode(class) => {
            let ranges = class.iter();
            ranges.map(|range| (range.start(), range.end())).collect()
        }
        Class::Bytes(class) => {
            let ranges = class.iter();
            let range = |range: &regex_syntax::hir::ClassBytesRange| {
                (char::from(range.start()), char::from(range.end()))
            };
            ranges.map(range).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_get_names() {
        let names = BTreeMap::from([(2, "b".to_owned())]);
        assert_eq!(
            with_names(r"\(([(])(?:x)((é))(?i)", &names),
            r"\((?:[(])(?:x)(?P<b>(?:é))(?i)"
        );
    }

    #[test]
    fn what_is_surely_a_number() {
        let fact = |regex: &str| group_facts(regex)[1];
        for regex in [
            "([0-9]{1,9})",
            "(200|404)",
            r"([0-9]+\.[0-9]+)",
            r"([0-9]+(?:\.[0-9]+)?)",
        ] {
            assert!(!fact(regex).may_be_no_number, "{regex}");
        }
        for regex in [
            "([0-9]+)",
            "([0-9.]+)",
            "([0-9]*)",
            "(-?[0-9])",
            r"([0-9]+\.?)",
            "(.)",
        ] {
            assert!(fact(regex).may_be_no_number, "{regex}");
        }
        assert!(fact("(.*)").may_have_controls && !fact(r"([^\t\r]*)").may_have_controls);
        assert!(fact("(-?[0-9])").may_be_negative && !fact("([0-9]+)").may_be_negative);
        assert!(fact("(a)b+").is_always_there && !fact("(a)?b").is_always_there);
        assert!(!fact("(a)|b").is_always_there && fact("((a)b)+").is_always_there);
    }
}
