//! Actions of a program as updates of rules: labels, and the number with what is done with it.

use std::collections::BTreeMap;

use super::Conversion;
use super::condition::{Guard, Said};
use super::draft::{Amount, Draft, Field, LabelText, Source, Subject, Test};
use super::number_pattern::Shape;
use super::walk::Walked;
use crate::ast::{Arithmetic, Kind};
use crate::check::types::Type;
use crate::script::code::{Action, Definition, Float, Int, Refusal, Target, Text};

/// What a program adds or sets.
enum Number {
    Constant(f64),
    Field {
        field: Field,
        unit: Option<&'static str>,
        scale: Option<f64>,
    },
}

/// What is done with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Set,
    Add,
    Observe,
}

impl Conversion<'_> {
    /// The updates of all actions; what cannot be said is left out with its cause.
    pub(super) fn drafts(&mut self, walked: Vec<Walked<'_>>) -> Vec<Draft> {
        let mut drafts = Vec::new();
        let idle_times = self.idle_times(&walked);
        for one in walked {
            let line = one.statement.line;
            match self.of_action(&one) {
                Ok(found) => drafts.extend(found),
                Err(why) => {
                    let left = self.left(line, why);
                    if !self.left_out.contains(&left) {
                        self.left_out.push(left);
                    }
                }
            }
        }
        for draft in &mut drafts {
            draft.expire = idle_times.get(&draft.metric).cloned();
        }
        drafts
    }

    /// How long series may be idle, by their metrics.
    fn idle_times(&mut self, walked: &[Walked<'_>]) -> BTreeMap<usize, String> {
        let mut times = BTreeMap::new();
        for one in walked {
            if let Action::Expire(target, after) = &one.statement.action {
                let seconds = (*after / 1_000_000_000).max(1);
                times.insert(target.metric, format!("{seconds}s"));
                self.differs("`expire` counts from a series' last update, on every line; `del … after` from the line that says it");
            }
        }
        times
    }

    fn of_action(&mut self, walked: &Walked<'_>) -> Said<Vec<Draft>> {
        let action = &walked.statement.action;
        if self.is_shown_nowhere(action) {
            return Ok(Vec::new());
        }
        let Some((target, does, number)) = self.update(action)? else {
            return Ok(Vec::new());
        };
        let definition = self.program.metrics.get(target.metric);
        let definition = definition.ok_or("the metric is not known")?;
        let amount = self.amount(definition, does, number)?;
        let (labels, constants) = self.labels(definition, &target.labels)?;
        if definition.limit.is_some() {
            self.differs("at its limit a program forgets its oldest series; a rule writes further ones to `__other__`");
        }
        let terms = walked.guard.terms();
        let terms = terms.ok_or(
            "it has too many conditions: `else`, `otherwise`, `stop` and `||` multiply them",
        )?;
        let mut drafts = Vec::new();
        for term in &terms {
            let Some(Guard {
                patterns,
                mut conditions,
            }) = self.guard(term)?
            else {
                continue;
            };
            conditions.extend(self.filter());
            let draft = Draft {
                line: walked.statement.line,
                patterns,
                metric: target.metric,
                labels: labels.clone(),
                constants: constants.clone(),
                amount: amount.clone(),
                conditions,
                expire: None,
            };
            let fields = draft.fields();
            if fields
                .iter()
                .any(|field| !draft.patterns.all.contains(&field.pattern))
            {
                return Err("it uses a group of a pattern that need not match here".to_owned());
            }
            drafts.push(draft);
        }
        Ok(drafts)
    }

    /// The logs whose lines the program sees.
    fn filter(&self) -> Option<(Subject, Test)> {
        let names = self.program.filters.iter();
        let names: Vec<String> = names.map(|name| regex_syntax::escape(name)).collect();
        (!names.is_empty()).then(|| (Subject::Text(Source::Path), Test::of(names.join("|"))))
    }

    /// Whether the metric is on no page of Prometheus, and nothing reads it.
    fn is_shown_nowhere(&self, action: &Action) -> bool {
        let (Action::SetInt(target, _)
        | Action::AddInt(target, _)
        | Action::SetFloat(target, _)
        | Action::AddFloat(target, _)
        | Action::SetText(target, _)
        | Action::AppendText(target, _)
        | Action::Observe(target, _)
        | Action::Delete(target)
        | Action::Expire(target, _)
        | Action::EvaluateInt(Int::Increment(target, _))
        | Action::EvaluateFloat(Float::Increment(target, _))) = action
        else {
            return false;
        };
        let metric = self.program.metrics.get(target.metric);
        metric.is_none_or(|metric| metric.hidden || metric.kind == Kind::Text)
    }

    /// The metric, what is done with it, and the number; none where nothing is counted.
    fn update<'a>(&mut self, action: &'a Action) -> Said<Option<(&'a Target, Does, Number)>> {
        let update = match action {
            Action::SetInt(target, value) => (target, Does::Set, self.int(value)?),
            Action::AddInt(target, value) => (target, Does::Add, self.int(value)?),
            Action::SetFloat(target, value) => (target, Does::Set, self.float(value)?),
            Action::AddFloat(target, value) => (target, Does::Add, self.float(value)?),
            Action::Observe(target, value) => (target, Does::Observe, self.float(value)?),
            Action::EvaluateInt(Int::Increment(target, by)) => {
                (target, Does::Add, Number::Constant(*by as f64))
            }
            Action::EvaluateFloat(Float::Increment(target, by)) => {
                (target, Does::Add, Number::Constant(*by))
            }
            // A text is on no page of Prometheus; as a gauge it is always 0 in mtail.
            Action::SetText(target, _) | Action::AppendText(target, _) => {
                let name = self
                    .program
                    .metrics
                    .get(target.metric)
                    .map_or("", |one| &one.name);
                return Err(format!("a text is stored in `{name}`, which is always 0"));
            }
            Action::ParseTime { .. } | Action::SetTime(_) | Action::SetTimeFloat(_) => {
                self.differs(
                    "a time that cannot be read ends the program for its line; rules do not read it",
                );
                return Ok(None);
            }
            Action::Expire(..) => return Ok(None),
            Action::Delete(_) => return Err("rules never delete a series".to_owned()),
            Action::Refuse(.., refusal) | Action::Fail(refusal) => {
                return Err(format!("it always fails: {}", words(*refusal)));
            }
            Action::If { .. } | Action::Stop => return Ok(None),
            Action::EvaluateInt(_)
            | Action::EvaluateFloat(_)
            | Action::EvaluateText(_)
            | Action::EvaluateCondition(_) => return Ok(None),
        };
        Ok(Some(update))
    }

    fn amount(&mut self, definition: &Definition, does: Does, number: Number) -> Said<Amount> {
        let is_counter = definition.kind == Kind::Counter;
        let key = match (definition.kind, does) {
            (Kind::Histogram, Does::Observe) => "value",
            (Kind::Histogram, _) => return Err("a histogram is not observed here".to_owned()),
            (Kind::Counter, Does::Set) => {
                return Err(
                    "a counter is set, and rules only add to counters; declare a gauge".to_owned(),
                );
            }
            (Kind::Counter, _) => "value",
            (_, Does::Set) => "set",
            (_, _) => "add",
        };
        match number {
            Number::Constant(by) if is_counter && by < 0.0 => Err(
                "a counter goes down, and rules only add to counters; declare a gauge".to_owned(),
            ),
            Number::Constant(1.0) if is_counter => Ok(Amount::One),
            Number::Constant(by) if !by.is_finite() => Err("the number is not finite".to_owned()),
            Number::Constant(by) if key == "add" && by < 0.0 => {
                Ok(Amount::Constant("subtract", -by))
            }
            Number::Constant(by) => Ok(Amount::Constant(key, by)),
            Number::Field { field, unit, scale } => {
                let facts = self.groups.facts(field.pattern, field.group);
                if is_counter && facts.is_some_and(|facts| facts.may_be_negative) {
                    self.differs("a counter takes no negative number in rules");
                }
                let key = if key == "set" { "value" } else { key };
                Ok(Amount::Field {
                    key,
                    field,
                    unit,
                    scale,
                })
            }
        }
    }

    fn int(&mut self, int: &Int) -> Said<Number> {
        match int {
            Int::Literal(number) => Ok(Number::Constant(*number as f64)),
            Int::Capture(group) => self.plain(*group),
            Int::Parse(text) => self.parsed(text),
            Int::Arithmetic(Arithmetic::Multiply, sides) => {
                let (left, right) = (self.int(&sides.0)?, self.int(&sides.1)?);
                times(left, right)
            }
            Int::Arithmetic(Arithmetic::Divide, _) => {
                Err("a division of whole numbers drops its rest, which rules keep".to_owned())
            }
            Int::Truncate(_) => Err("a number is cut to a whole one".to_owned()),
            Int::Length(_) => Err("rules do not measure texts".to_owned()),
            _ => Err("rules do not calculate this number".to_owned()),
        }
    }

    fn float(&mut self, float: &Float) -> Said<Number> {
        match float {
            Float::Literal(number) => Ok(Number::Constant(*number)),
            Float::Capture(group) => self.plain(*group),
            Float::OfInt(int) => self.int(int),
            Float::Parse(text) => self.parsed(text),
            Float::Arithmetic(Arithmetic::Multiply, sides) => {
                let (left, right) = (self.float(&sides.0)?, self.float(&sides.1)?);
                times(left, right)
            }
            Float::Arithmetic(Arithmetic::Divide, sides) => {
                let (left, right) = (self.float(&sides.0)?, self.float(&sides.1)?);
                self.divided(left, right)
            }
            _ => Err("rules do not calculate this number".to_owned()),
        }
    }

    fn plain(&mut self, group: crate::script::code::Group) -> Said<Number> {
        Ok(Number::Field {
            field: self.number_field(group)?,
            unit: None,
            scale: None,
        })
    }

    fn parsed(&mut self, text: &Text) -> Said<Number> {
        match text {
            Text::Capture(group) => self.plain(*group),
            Text::Literal(number) => {
                let number = number.parse().map_err(|_| "the text is no number")?;
                Ok(Number::Constant(number))
            }
            _ => Err("the number is read from a text that is worked out".to_owned()),
        }
    }

    /// Divided by what a unit divides by, the result is the same to the last bit.
    fn divided(&mut self, left: Number, right: Number) -> Said<Number> {
        let Number::Constant(divisor) = right else {
            return Err("rules do not divide by a number of the line".to_owned());
        };
        let (field, unit, scale) = match left {
            Number::Constant(number) => return Ok(Number::Constant(number / divisor)),
            Number::Field { field, unit, scale } => (field, unit, scale),
        };
        let of_divisor = match divisor {
            1e3 => Some("ms"),
            1e6 => Some("us"),
            1e9 => Some("ns"),
            _ => None,
        };
        if let (Some(of_divisor), None, None) = (of_divisor, unit, scale) {
            return Ok(Number::Field {
                field,
                unit: Some(of_divisor),
                scale: None,
            });
        }
        if divisor == 0.0 {
            return Err("a number is divided by 0".to_owned());
        }
        // By a power of two there is nothing to round.
        let is_exact = divisor.log2().fract() == 0.0;
        if !is_exact {
            self.differs(
                "rules multiply by the inverse of a divisor: the last digit may be another",
            );
        }
        Ok(Number::Field {
            field,
            unit,
            scale: Some(scale.unwrap_or(1.0) / divisor),
        })
    }

    #[allow(clippy::type_complexity)] // a map of each kind of label
    fn labels(
        &mut self,
        definition: &Definition,
        texts: &[Text],
    ) -> Said<(BTreeMap<String, LabelText>, BTreeMap<String, String>)> {
        let (mut labels, mut constants) = (BTreeMap::new(), BTreeMap::new());
        for (name, text) in definition.labels.iter().zip(texts) {
            match self.label(text)? {
                Label::Constant(value) => {
                    constants.insert(name.clone(), value);
                }
                Label::Text(label) => {
                    labels.insert(name.clone(), label);
                }
            }
        }
        Ok((labels, constants))
    }

    fn label(&mut self, text: &Text) -> Said<Label> {
        let (group, lowercase) = match text {
            Text::Literal(text) => return Ok(Label::Constant(text.to_string())),
            Text::FileName => {
                let label = LabelText {
                    source: Source::Path,
                    lowercase: false,
                    may_be_absent: false,
                    strips_zeros: false,
                };
                return Ok(Label::Text(label));
            }
            Text::Capture(group) => (*group, false),
            Text::Lower(inner) => match &**inner {
                Text::Capture(group) => (*group, true),
                _ => return Err("a label is worked out from several texts".to_owned()),
            },
            Text::OfInt(inner) => match &**inner {
                Int::Capture(group) => (*group, false),
                Int::Literal(number) => return Ok(Label::Constant(number.to_string())),
                _ => return Err("a label is a number that is worked out".to_owned()),
            },
            Text::OfFloat(inner) => match &**inner {
                Float::Capture(group) => (*group, false),
                _ => return Err("a label is a number that is worked out".to_owned()),
            },
            _ => return Err("a label is worked out from several texts".to_owned()),
        };
        let field = self.field(group)?;
        let facts = self.facts(group).ok_or("the group is not known")?;
        let may_be_absent = !facts.is_always_there;
        let mut strips_zeros = false;
        if facts.kind != Type::Text {
            let is_whole = |shape: Shape| {
                !shape.may_have_point && !shape.may_be_negative && !shape.may_have_plus
            };
            strips_zeros = facts.kind == Type::Int
                && facts.is_rewritten
                && !may_be_absent
                && facts.shape.is_some_and(is_whole);
            if facts.is_rewritten && !strips_zeros {
                self.differs(
                    "a program prints a number that is a label again (`007` as `7`, `1.50` as `1.5`); \
                     rules keep its text",
                );
            }
            if facts.may_be_no_number || may_be_absent {
                self.number_field(group)?;
            }
        }
        if facts.may_have_controls {
            self.differs("control characters in a label, such as a tab, are U+FFFD in rules");
        }
        Ok(Label::Text(LabelText {
            source: Source::Field(field),
            lowercase,
            may_be_absent,
            strips_zeros,
        }))
    }
}

enum Label {
    Constant(String),
    Text(LabelText),
}

fn times(left: Number, right: Number) -> Said<Number> {
    match (left, right) {
        (Number::Constant(left), Number::Constant(right)) => Ok(Number::Constant(left * right)),
        (Number::Field { field, unit, scale }, Number::Constant(by))
        | (Number::Constant(by), Number::Field { field, unit, scale }) => Ok(Number::Field {
            field,
            unit,
            scale: Some(scale.unwrap_or(1.0) * by),
        }),
        _ => Err("rules do not multiply two numbers of the line".to_owned()),
    }
}

fn words(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::CountHistogram => "a histogram cannot be counted up or down",
        Refusal::ReadHistogram => "a histogram has no value to read",
        _ => "the types do not go together",
    }
}
