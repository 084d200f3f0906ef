//! Parts of fields: what `inside`, `match` and `decode` take out of a value, in this order.

use regex::Regex;

use super::load::SourceText;
use super::problem::{Draft, messages};
use super::raw_rules::FieldSpec;
use super::{Take, rule_patterns};

/// One step from a field's value to the part of it that is meant.
#[derive(Debug, Clone)]
pub enum FieldPart {
    /// The value is JSON or logfmt, and these are keys in it, of which the first that is there counts.
    Inside {
        from: Vec<String>,
        take: Take,
    },
    /// What the pattern finds: its first named group that took part, else its first group, else the
    /// whole match. Nothing where it is not found.
    Match(Regex),
    Decode(Decoding),
}

/// How bytes are written that mean something where the value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoding {
    /// `%20`, and `+` as a blank.
    Url,
    /// `%20`.
    Percent,
}

impl PartialEq for FieldPart {
    fn eq(&self, other: &FieldPart) -> bool {
        use FieldPart::{Decode, Inside, Match};
        match (self, other) {
            (
                Inside { from, take },
                Inside {
                    from: other,
                    take: others,
                },
            ) => from == other && take == others,
            (Match(one), Match(other)) => one.as_str() == other.as_str(),
            (Decode(one), Decode(other)) => one == other,
            _ => false,
        }
    }
}

impl Eq for FieldPart {}

/// The steps of a field; one whose pattern is wrong is left out.
pub(super) fn compile(spec: &FieldSpec, sources: &[SourceText]) -> Vec<FieldPart> {
    let inside = spec.inside.iter().map(|_| FieldPart::Inside {
        from: spec.from.iter().map(|key| key.value.clone()).collect(),
        take: spec.take,
    });
    let pattern = spec.part.as_ref();
    let pattern = pattern.and_then(|text| rule_patterns::anywhere(text, sources).ok());
    let decode = spec.decode.map(FieldPart::Decode);
    inside
        .chain(pattern.map(FieldPart::Match))
        .chain(decode)
        .collect()
}

/// What is wrong with the steps of a field.
pub(super) fn problems(spec: &FieldSpec, sources: &[SourceText]) -> Vec<Draft> {
    let mut drafts = Vec::new();
    if spec.inside.is_some() {
        let empty = spec.from.iter().filter(|key| key.value.is_empty());
        drafts.extend(empty.map(|key| messages::empty_field_name(key.place)));
    }
    if let Some(text) = &spec.part {
        drafts.extend(rule_patterns::anywhere(text, sources).err());
    }
    drafts
}
