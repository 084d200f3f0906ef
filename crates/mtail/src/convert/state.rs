//! Whether a program keeps something from line to line that it reads again.

use crate::script::code::{
    Action, Condition, Float, Int, Operand, Program, Statement, Target, Text,
};

/// The line of the first place that reads what earlier lines have left, and what that is.
pub(super) fn first(program: &Program) -> Option<(usize, String)> {
    let all = program.begin.iter().chain(&program.body);
    all.into_iter()
        .find_map(|one| Search { program }.statement(one))
}

struct Search<'p> {
    program: &'p Program,
}

type Found = Option<String>;

impl Search<'_> {
    fn statement(&self, statement: &Statement) -> Option<(usize, String)> {
        if let Action::If {
            condition,
            then,
            otherwise,
        } = &statement.action
        {
            let here = self.condition(condition).map(|why| (statement.line, why));
            let inner = then.iter().chain(otherwise);
            return here.or_else(|| inner.into_iter().find_map(|one| self.statement(one)));
        }
        self.action(&statement.action)
            .map(|why| (statement.line, why))
    }

    fn action(&self, action: &Action) -> Found {
        match action {
            Action::If { .. } | Action::Fail(_) | Action::Stop => None,
            Action::SetInt(target, value) | Action::AddInt(target, value) => {
                self.target(target).or_else(|| self.int(value))
            }
            Action::SetFloat(target, value)
            | Action::AddFloat(target, value)
            | Action::Observe(target, value) => self.target(target).or_else(|| self.float(value)),
            Action::SetText(target, value) => self.target(target).or_else(|| self.text(value)),
            // A text that grows is read too, but no page of Prometheus shows it.
            Action::AppendText(target, value) => self.target(target).or_else(|| self.text(value)),
            Action::Delete(target) | Action::Expire(target, _) => self.target(target),
            // What an increment by itself gives is not read.
            Action::EvaluateInt(Int::Increment(target, _))
            | Action::EvaluateFloat(Float::Increment(target, _)) => self.target(target),
            Action::EvaluateInt(value) | Action::SetTime(value) => self.int(value),
            Action::EvaluateFloat(value) | Action::SetTimeFloat(value) => self.float(value),
            Action::EvaluateText(value) | Action::ParseTime { text: value, .. } => self.text(value),
            Action::EvaluateCondition(value) => self.condition(value),
            Action::Refuse(target, value, _) => self.target(target).or_else(|| self.operand(value)),
        }
    }

    fn operand(&self, operand: &Operand) -> Found {
        match operand {
            Operand::Nothing => None,
            Operand::Int(value) => self.int(value),
            Operand::Float(value) => self.float(value),
            Operand::Text(value) => self.text(value),
            Operand::Condition(value) => self.condition(value),
        }
    }

    fn target(&self, target: &Target) -> Found {
        target.labels.iter().find_map(|label| self.text(label))
    }

    fn read(&self, target: &Target) -> Found {
        let metric = self.program.metrics.get(target.metric);
        let name = metric.map_or("", |metric| metric.name.as_str());
        Some(format!("it reads `{name}`, which earlier lines have set"))
    }

    fn condition(&self, condition: &Condition) -> Found {
        match condition {
            Condition::Match(_)
            | Condition::NoMatch(_)
            | Condition::Otherwise
            | Condition::Defined(_)
            | Condition::Fail(_) => None,
            Condition::MatchText(_, text)
            | Condition::NoMatchText(_, text)
            | Condition::Text(text) => self.text(text),
            Condition::Both(sides) | Condition::Either(sides) => self
                .condition(&sides.0)
                .or_else(|| self.condition(&sides.1)),
            Condition::CompareInt(_, sides) => self.int(&sides.0).or_else(|| self.int(&sides.1)),
            Condition::CompareFloat(_, sides) => {
                self.float(&sides.0).or_else(|| self.float(&sides.1))
            }
            Condition::CompareText(_, sides) => self.text(&sides.0).or_else(|| self.text(&sides.1)),
            Condition::Int(value) => self.int(value),
            Condition::Float(value) => self.float(value),
        }
    }

    fn int(&self, int: &Int) -> Found {
        match int {
            Int::Literal(_) | Int::Capture(_) | Int::Fail(_) => None,
            Int::Metric(target) | Int::Increment(target, _) => self.read(target),
            Int::Timestamp => Some("it reads `timestamp()`, a time that is no field".to_owned()),
            Int::Arithmetic(_, sides) | Int::Bits(_, sides) => {
                self.int(&sides.0).or_else(|| self.int(&sides.1))
            }
            Int::Complement(inner) => self.int(inner),
            Int::Length(text) | Int::Parse(text) => self.text(text),
            Int::ParseRadix(sides) => self.text(&sides.0).or_else(|| self.int(&sides.1)),
            Int::Truncate(inner) => self.float(inner),
            Int::OfCondition(inner) => self.condition(inner),
            Int::Refuse(inner, _) => self.operand(inner),
        }
    }

    fn float(&self, float: &Float) -> Found {
        match float {
            Float::Literal(_) | Float::Capture(_) | Float::Fail(_) => None,
            Float::Metric(target) | Float::Increment(target, _) => self.read(target),
            Float::Arithmetic(_, sides) => self.float(&sides.0).or_else(|| self.float(&sides.1)),
            Float::Parse(text) => self.text(text),
            Float::OfInt(inner) => self.int(inner),
        }
    }

    fn text(&self, text: &Text) -> Found {
        match text {
            Text::Literal(_) | Text::Capture(_) | Text::FileName | Text::Fail(_) => None,
            Text::Metric(target) => self.read(target),
            Text::Concatenate(sides) => self.text(&sides.0).or_else(|| self.text(&sides.1)),
            Text::OfInt(inner) => self.int(inner),
            Text::OfFloat(inner) => self.float(inner),
            Text::Lower(inner) => self.text(inner),
            Text::Replace(parts) => {
                let (old, new, text) = &**parts;
                [old, new, text]
                    .into_iter()
                    .find_map(|part| self.text(part))
            }
            Text::ReplacePattern(_, parts) => self.text(&parts.0).or_else(|| self.text(&parts.1)),
        }
    }
}
