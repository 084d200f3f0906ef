//! Which metrics a program reads back, so that their values must be remembered apart from the store.

use crate::script::code::{
    Action, Condition, Float, Int, Operand, Program, Statement, Target, Text, ValueType,
};

/// For each metric of a program, whether its values must be remembered. In strict mode limits act only
/// at a sweep and whole numbers wrap, which takes memory too.
pub fn remembered(program: &Program, strict: bool) -> Vec<bool> {
    let is_limited = |metric: &crate::script::code::Definition| strict && metric.limit.is_some();
    let mut reads = Reads {
        program,
        strict,
        remembered: program.metrics.iter().map(is_limited).collect(),
    };
    reads.statements(&program.begin);
    reads.statements(&program.body);
    reads.remembered
}

struct Reads<'p> {
    program: &'p Program,
    strict: bool,
    remembered: Vec<bool>,
}

impl Reads<'_> {
    fn remember(&mut self, target: &Target) {
        if let Some(place) = self.remembered.get_mut(target.metric) {
            *place = true;
        }
        self.target(target);
    }

    fn target(&mut self, target: &Target) {
        target.labels.iter().for_each(|label| self.text(label));
    }

    fn statements(&mut self, statements: &[Statement]) {
        for statement in statements {
            self.action(&statement.action);
        }
    }

    fn action(&mut self, action: &Action) {
        match action {
            Action::If {
                condition,
                then,
                otherwise,
            } => {
                self.condition(condition);
                self.statements(then);
                self.statements(otherwise);
            }
            Action::AddInt(target, value) => {
                let is_small =
                    matches!(value, Int::Literal(value) if value.unsigned_abs() < 1 << 32);
                let is_whole = self.program.metrics.get(target.metric);
                let is_whole = is_whole.is_some_and(|metric| metric.value == ValueType::Int);
                if self.strict && is_whole && !is_small {
                    self.remember(target);
                }
                self.target(target);
                self.int(value);
            }
            Action::SetInt(target, value) => {
                self.target(target);
                self.int(value);
            }
            Action::SetFloat(target, value)
            | Action::AddFloat(target, value)
            | Action::Observe(target, value) => {
                self.target(target);
                self.float(value);
            }
            Action::SetText(target, text) => {
                self.target(target);
                self.text(text);
            }
            Action::AppendText(target, text) => {
                self.remember(target);
                self.text(text);
            }
            Action::Delete(target) => self.target(target),
            // Whether it is there decides.
            Action::Expire(target, _) => self.remember(target),
            // The new value is not used.
            Action::EvaluateInt(Int::Increment(target, _))
            | Action::EvaluateFloat(Float::Increment(target, _)) => self.target(target),
            Action::EvaluateInt(value) | Action::SetTime(value) => self.int(value),
            Action::EvaluateFloat(value) | Action::SetTimeFloat(value) => self.float(value),
            Action::EvaluateText(text) | Action::ParseTime { text, .. } => self.text(text),
            Action::EvaluateCondition(condition) => self.condition(condition),
            Action::Refuse(target, value, _) => {
                self.target(target);
                self.operand(value);
            }
            Action::Fail(_) | Action::Stop => {}
        }
    }

    fn operand(&mut self, operand: &Operand) {
        match operand {
            Operand::Nothing => {}
            Operand::Int(value) => self.int(value),
            Operand::Float(value) => self.float(value),
            Operand::Text(text) => self.text(text),
            Operand::Condition(condition) => self.condition(condition),
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Match(_)
            | Condition::NoMatch(_)
            | Condition::Otherwise
            | Condition::Defined(_)
            | Condition::Fail(_) => {}
            Condition::MatchText(_, text) | Condition::NoMatchText(_, text) => self.text(text),
            Condition::Text(text) => self.text(text),
            Condition::Both(sides) | Condition::Either(sides) => {
                self.condition(&sides.0);
                self.condition(&sides.1);
            }
            Condition::CompareInt(_, sides) => {
                self.int(&sides.0);
                self.int(&sides.1);
            }
            Condition::CompareFloat(_, sides) => {
                self.float(&sides.0);
                self.float(&sides.1);
            }
            Condition::CompareText(_, sides) => {
                self.text(&sides.0);
                self.text(&sides.1);
            }
            Condition::Int(value) => self.int(value),
            Condition::Float(value) => self.float(value),
        }
    }

    fn int(&mut self, value: &Int) {
        match value {
            Int::Literal(_) | Int::Capture(_) | Int::Timestamp | Int::Fail(_) => {}
            Int::Metric(target) | Int::Increment(target, _) => self.remember(target),
            Int::Arithmetic(_, sides) | Int::Bits(_, sides) => {
                self.int(&sides.0);
                self.int(&sides.1);
            }
            Int::Complement(inner) => self.int(inner),
            Int::Length(text) | Int::Parse(text) => self.text(text),
            Int::ParseRadix(parts) => {
                self.text(&parts.0);
                self.int(&parts.1);
            }
            Int::Truncate(inner) => self.float(inner),
            Int::OfCondition(condition) => self.condition(condition),
            Int::Refuse(value, _) => self.operand(value),
        }
    }

    fn float(&mut self, value: &Float) {
        match value {
            Float::Literal(_) | Float::Capture(_) | Float::Fail(_) => {}
            Float::Metric(target) | Float::Increment(target, _) => self.remember(target),
            Float::Arithmetic(_, sides) => {
                self.float(&sides.0);
                self.float(&sides.1);
            }
            Float::Parse(text) => self.text(text),
            Float::OfInt(inner) => self.int(inner),
        }
    }

    fn text(&mut self, text: &Text) {
        match text {
            Text::Literal(_) | Text::Capture(_) | Text::FileName | Text::Fail(_) => {}
            Text::Metric(target) => self.remember(target),
            Text::Concatenate(sides) => {
                self.text(&sides.0);
                self.text(&sides.1);
            }
            Text::OfInt(value) => self.int(value),
            Text::OfFloat(value) => self.float(value),
            Text::Lower(inner) => self.text(inner),
            Text::Replace(parts) => {
                self.text(&parts.0);
                self.text(&parts.1);
                self.text(&parts.2);
            }
            Text::ReplacePattern(_, parts) => {
                self.text(&parts.0);
                self.text(&parts.1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::remembered;
    use crate::{Options, compile};

    fn names(source: &str, strict: bool) -> Vec<String> {
        let program = compile("p.mtail", source, &Options::default())
            .unwrap()
            .program;
        let marks = remembered(&program, strict);
        let metrics = program.metrics.iter().zip(marks);
        let marked = metrics.filter(|(_, is_remembered)| *is_remembered);
        marked.map(|(metric, _)| metric.name.clone()).collect()
    }

    #[test]
    fn what_is_only_written_need_not_be_remembered() {
        let source = "counter c by k\ngauge g\nhistogram h buckets 1, 2\n\
                      /(\\S+) (\\d+)/ {\n  c[$1]++\n  g = $2\n  h = $2\n  del c[$1]\n}\n";
        assert_eq!(names(source, false), [""; 0]);
        assert_eq!(names(source, true), [""; 0]);
    }

    #[test]
    fn what_a_value_depends_on_is_remembered() {
        let source = "hidden gauge start by id\ngauge took\ncounter n\ncounter seen by k\n\
                      counter bytes\n\
                      /b (\\S+)/ {\n  start[$1] = timestamp()\n}\n\
                      /e (\\S+) (\\d+)/ {\n  took = timestamp() - start[$1]\n  bytes += $2\n\
                      \x20 n++ > 3 {\n    seen[$1]++\n    del seen[$1] after 1h\n  }\n}\n";
        assert_eq!(names(source, false), ["start", "n", "seen"]);
        assert_eq!(names(source, true), ["start", "n", "seen", "bytes"]);
    }
}
