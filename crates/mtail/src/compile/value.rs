//! Expressions as numbers, texts and conditions.

use super::Compiler;
use crate::ast::Kind;
use crate::check::tree::{Node, NodeKind};
use crate::check::types::Type;
use crate::script::code::{Condition, Float, Group, Int, Refusal, Text};

impl Compiler<'_> {
    /// A whole number; other types are converted as mtail does.
    pub(super) fn int(&self, node: &Node) -> Int {
        match self.kind(node) {
            Type::Text => return Int::Parse(Box::new(self.text(node))),
            Type::Float if self.options.strict => {
                return Int::Refuse(Box::new(self.operand(node)), Refusal::BitsOfFloat);
            }
            Type::Float => return Int::Truncate(Box::new(self.float(node))),
            Type::Bool if self.options.strict => {
                return Int::Refuse(Box::new(self.operand(node)), Refusal::UseOfBool);
            }
            Type::Bool => return Int::OfCondition(Box::new(self.condition(node))),
            _ => {}
        }
        match &node.kind {
            NodeKind::Int(value) => Int::Literal(*value),
            NodeKind::Capture { site, group } => Int::Capture(Group {
                site: *site,
                group: *group,
            }),
            NodeKind::Metric(target) => match self.metric_kind(target.metric) {
                Kind::Histogram => Int::Fail(Refusal::ReadHistogram),
                _ => Int::Metric(self.target(target)),
            },
            NodeKind::Increment { target, by } => match self.metric_kind(target.metric) {
                Kind::Histogram => Int::Fail(Refusal::CountHistogram),
                _ => Int::Increment(self.target(target), *by),
            },
            NodeKind::Arithmetic { operator, sides } => Int::Arithmetic(
                *operator,
                Box::new((self.int(&sides.0), self.int(&sides.1))),
            ),
            NodeKind::Bits { operator, sides } => Int::Bits(
                *operator,
                Box::new((self.int(&sides.0), self.int(&sides.1))),
            ),
            NodeKind::Complement(inner) => Int::Complement(Box::new(self.int(inner))),
            NodeKind::Length(text) => Int::Length(Box::new(self.text(text))),
            NodeKind::ToInt(inner) => match self.kind(inner) {
                Type::Float => Int::Truncate(Box::new(self.float(inner))),
                _ => self.int(inner),
            },
            NodeKind::Radix(sides) => {
                Int::ParseRadix(Box::new((self.text(&sides.0), self.int(&sides.1))))
            }
            NodeKind::Timestamp => Int::Timestamp,
            _ => Int::Fail(Refusal::UseOfBool),
        }
    }

    pub(super) fn float(&self, node: &Node) -> Float {
        match self.kind(node) {
            Type::Int => return Float::OfInt(Box::new(self.int(node))),
            Type::Text => return Float::Parse(Box::new(self.text(node))),
            _ => {}
        }
        match &node.kind {
            NodeKind::Float(value) => Float::Literal(*value),
            NodeKind::Capture { site, group } => Float::Capture(Group {
                site: *site,
                group: *group,
            }),
            NodeKind::Metric(target) => match self.metric_kind(target.metric) {
                Kind::Histogram => Float::Fail(Refusal::ReadHistogram),
                _ => Float::Metric(self.target(target)),
            },
            NodeKind::Increment { target, by } => match self.metric_kind(target.metric) {
                Kind::Histogram => Float::Fail(Refusal::CountHistogram),
                _ => Float::Increment(self.target(target), *by as f64),
            },
            NodeKind::Arithmetic { operator, sides } => Float::Arithmetic(
                *operator,
                Box::new((self.float(&sides.0), self.float(&sides.1))),
            ),
            NodeKind::ToFloat(inner) => self.float(inner),
            _ => Float::Fail(Refusal::UseOfBool),
        }
    }

    /// A text; a number is printed again.
    pub(super) fn text(&self, node: &Node) -> Text {
        match self.kind(node) {
            Type::Int => return Text::OfInt(Box::new(self.int(node))),
            Type::Float => return Text::OfFloat(Box::new(self.float(node))),
            _ => {}
        }
        match &node.kind {
            NodeKind::Text(text) => Text::Literal(text.as_str().into()),
            NodeKind::Capture { site, group } => Text::Capture(Group {
                site: *site,
                group: *group,
            }),
            NodeKind::Metric(target) => match self.metric_kind(target.metric) {
                Kind::Histogram => Text::Fail(Refusal::ReadHistogram),
                _ => Text::Metric(self.target(target)),
            },
            NodeKind::Arithmetic { sides, .. } => {
                Text::Concatenate(Box::new((self.text(&sides.0), self.text(&sides.1))))
            }
            NodeKind::ToText(inner) => self.text(inner),
            NodeKind::Lower(inner) => Text::Lower(Box::new(self.text(inner))),
            NodeKind::Replace(parts) => {
                let (old, new, text) = &**parts;
                Text::Replace(Box::new((self.text(old), self.text(new), self.text(text))))
            }
            NodeKind::ReplacePattern { pattern, parts } => {
                let (new, text) = &**parts;
                Text::ReplacePattern(*pattern, Box::new((self.text(new), self.text(text))))
            }
            NodeKind::FileName => Text::FileName,
            _ => Text::Fail(Refusal::UseOfBool),
        }
    }

    /// A text, where a capture keeps its own.
    pub(super) fn raw_text(&self, node: &Node) -> Text {
        match &node.kind {
            NodeKind::Capture { site, group } => Text::Capture(Group {
                site: *site,
                group: *group,
            }),
            _ => self.text(node),
        }
    }

    /// A condition; of a number, whether it is not 0.
    pub(super) fn condition(&self, node: &Node) -> Condition {
        match &node.kind {
            NodeKind::And(sides) => Condition::Both(Box::new((
                self.condition(&sides.0),
                self.condition(&sides.1),
            ))),
            NodeKind::Or(sides) => Condition::Either(Box::new((
                self.condition(&sides.0),
                self.condition(&sides.1),
            ))),
            NodeKind::Match {
                site,
                subject: None,
                negated: false,
            } => Condition::Match(*site),
            NodeKind::Match {
                site,
                subject: None,
                negated: true,
            } => Condition::NoMatch(*site),
            NodeKind::Match {
                site,
                subject: Some(subject),
                negated,
            } => {
                let subject = Box::new(self.text(subject));
                if *negated {
                    Condition::NoMatchText(*site, subject)
                } else {
                    Condition::MatchText(*site, subject)
                }
            }
            NodeKind::Compare { operator, sides } => {
                let (left, right) = &**sides;
                match self.kind(left).join(self.kind(right)) {
                    Type::Text => Condition::CompareText(
                        *operator,
                        Box::new((self.text(left), self.text(right))),
                    ),
                    Type::Float => Condition::CompareFloat(
                        *operator,
                        Box::new((self.float(left), self.float(right))),
                    ),
                    _ => Condition::CompareInt(
                        *operator,
                        Box::new((self.int(left), self.int(right))),
                    ),
                }
            }
            NodeKind::Defined { site, group } => Condition::Defined(Group {
                site: *site,
                group: *group,
            }),
            NodeKind::ToBool(inner) => self.condition(inner),
            _ => match self.kind(node) {
                Type::Int => Condition::Int(Box::new(self.int(node))),
                Type::Float => Condition::Float(Box::new(self.float(node))),
                Type::Text => Condition::Text(Box::new(self.text(node))),
                _ => Condition::Fail(Refusal::UseOfBool),
            },
        }
    }
}
