//! Builds programs from checked rules: names become numbers, labels become pieces of text.

mod amounts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regex::Regex;

use super::cached::QuickAmount;
use super::field::{FieldProgram, ValueSource};
use super::further::{FurtherPatterns, number_patterns};
use super::label;
use super::label::{LabelProgram, Lookup, MapEntry};
use super::parts::Parts;
use super::pattern::Pattern;
use super::test::Test;
use super::{ActionProgram, Amount, ConditionProgram, Part, Program, Subject, Then, Times};
use crate::engine::counts::{FieldError, FieldErrorKind};
use crate::engine::{Secret, SecretMissing};
use crate::metrics::definition::Kind;
use crate::metrics::labels;
use crate::rules::{Action, Condition, ConditionTest, Field, LabelSource, Rule, RuleSet};
use logmetrics_scan::keys::Keys;
use logmetrics_scan::slots::slot_bit;

/// The programs of rules, and the field errors that they count.
pub(crate) fn programs(
    set: &RuleSet,
    secret: Option<&Secret>,
) -> Result<(Vec<Program>, Vec<FieldError>), SecretMissing> {
    let mut errors = FieldErrors::default();
    let mut programs: Vec<Program> = set
        .rules
        .iter()
        .map(|rule| RuleCompiler::new(rule, set, &mut errors, secret).program())
        .collect::<Result<_, _>>()?;
    let labels = programs.iter_mut().flat_map(|program| &mut program.labels);
    (0..)
        .zip(labels)
        .for_each(|(number, label)| label.number = number);
    number_patterns(programs.iter_mut());
    let actions = programs.iter_mut().flat_map(|program| &mut program.actions);
    (0..)
        .zip(actions)
        .for_each(|(number, action)| action.number = number);
    Ok((programs, errors.list))
}

#[derive(Default)]
pub(in crate::engine) struct FieldErrors {
    list: Vec<FieldError>,
}

impl FieldErrors {
    pub(super) fn number(&mut self, rule: &str, field: &str, kind: FieldErrorKind) -> usize {
        let error = FieldError {
            rule: rule.into(),
            field: field.into(),
            kind,
        };
        self.list
            .iter()
            .position(|known| *known == error)
            .unwrap_or_else(|| {
                self.list.push(error);
                self.list.len() - 1
            })
    }
}

pub(in crate::engine) struct RuleCompiler<'a> {
    pub(super) rule: &'a Rule,
    set: &'a RuleSet,
    pub(super) errors: &'a mut FieldErrors,
    secret: Option<&'a Secret>,
    groups: BTreeMap<String, usize>,
    pub(super) keys: Keys,
    conditions: Vec<ConditionProgram>,
    /// The groups that are asked for.
    captures: BTreeSet<usize>,
}

impl<'a> RuleCompiler<'a> {
    pub(in crate::engine) fn new(
        rule: &'a Rule,
        set: &'a RuleSet,
        errors: &'a mut FieldErrors,
        secret: Option<&'a Secret>,
    ) -> Self {
        let patterns = rule.pattern.iter().chain(&rule.also);
        let names = patterns.flat_map(Regex::capture_names).enumerate();
        let groups = names
            .filter_map(|(index, name)| Some((name?.to_owned(), index)))
            .collect();
        RuleCompiler {
            rule,
            set,
            errors,
            secret,
            groups,
            keys: Keys::default(),
            conditions: Vec::new(),
            captures: BTreeSet::new(),
        }
    }

    fn program(mut self) -> Result<Program, SecretMissing> {
        let labels = self.labels()?;
        let actions: Vec<ActionProgram> = self
            .rule
            .metrics
            .iter()
            .map(|action| self.action(action, &labels))
            .collect::<Result<_, _>>()?;
        Ok(self.finish(labels, actions))
    }

    /// The program, once all that reads fields has been compiled.
    pub(in crate::engine) fn finish(
        mut self,
        labels: Vec<LabelProgram>,
        actions: Vec<ActionProgram>,
    ) -> Program {
        let json_conditions = self.json_conditions();
        let times = self.times();
        let trace = self.rule.trace.as_ref().map(|field| self.field(field));
        let special = self.special();
        let reader = self.reader(special.as_deref());
        let further = FurtherPatterns::of(self.rule, &self.captures);
        let first_groups = self.rule.pattern.as_ref().map_or(0, Regex::captures_len);
        let captures = self.captures.range(..first_groups).next().is_some();
        let inputs = inputs(&actions, &self.conditions);
        let mut always = actions.iter().filter(|one| one.conditions.is_empty());
        let needed_labels = always.clone().flat_map(|one| one.labels.iter().copied());
        let needed_labels = needed_labels.collect();
        Program {
            needed_labels: always.next().map(|_| needed_labels),
            wanted_slots: (actions.iter())
                .filter_map(|action| action.wanted_slot.map(slot_bit))
                .fold(0, |all, bit| all | bit),
            input_groups: groups_of(&inputs, &labels),
            inputs,
            name: self.rule.name.as_str().into(),
            pattern: self
                .rule
                .pattern
                .clone()
                .map(|regex| Pattern::new(regex, captures)),
            then: match (further, reader) {
                (Some(further), reader) => Then::Patterns(Box::new(further), reader),
                (None, Some(reader)) => Then::Read(reader),
                (None, None) => Then::Nothing,
            },
            special,
            labels,
            json_conditions,
            conditions: self.conditions,
            actions,
            times,
            trace,
            is_final: self.rule.is_final,
        }
    }

    pub(in crate::engine) fn labels(&mut self) -> Result<Vec<LabelProgram>, SecretMissing> {
        self.rule
            .labels
            .iter()
            .map(|(name, source)| self.label(name, source))
            .collect()
    }

    fn label(&mut self, name: &str, source: &LabelSource) -> Result<LabelProgram, SecretMissing> {
        let pseudonym = match (source.pseudonym, self.secret) {
            (false, _) => None,
            (true, Some(secret)) => Some(secret.clone()),
            (true, None) => {
                let rule = self.rule.name.clone();
                return Err(SecretMissing {
                    rule,
                    label: name.to_owned(),
                });
            }
        };
        let map = source.map.iter();
        let lookup = source.lookup.as_ref().map(|table| Lookup {
            table: Arc::clone(table),
            error_miss: self
                .errors
                .number(&self.rule.name, name, FieldErrorKind::LookupMiss),
        });
        Ok(LabelProgram {
            name: name.into(),
            number: 0,
            field: self.whole_field(&source.field),
            parts: Parts::new(&source.field.parts),
            default: source.default.as_deref().map(Into::into),
            lowercase: source.lowercase,
            integer: source.integer,
            replace: source.replace.clone(),
            map: map
                .map(|(regex, target)| MapEntry::new(regex, target))
                .collect(),
            lookup,
            pseudonym,
            bytes_max: source.bytes_max,
            error_missing: self
                .errors
                .number(&self.rule.name, name, FieldErrorKind::Missing),
            error_ambiguous: self
                .errors
                .number(&self.rule.name, name, FieldErrorKind::Ambiguous),
        })
    }

    fn action(
        &mut self,
        action: &Action,
        labels: &[LabelProgram],
    ) -> Result<ActionProgram, SecretMissing> {
        let definition = &self.set.metrics[action.metric.0 as usize];
        let index = |name: &str| labels.iter().position(|label| &*label.name == name);
        let mut parts = TextParts::default();
        for (number, metric_label) in definition.labels.iter().enumerate() {
            let separator = if number == 0 { "" } else { "," };
            parts.text(format!("{separator}{}=\"", metric_label.name).as_bytes());
            match action.constant.get(&metric_label.name) {
                Some(constant) => {
                    let mut clean = Vec::new();
                    label::clean(constant.as_bytes(), &mut clean);
                    let mut escaped = Vec::new();
                    labels::escape(&clean, &mut escaped);
                    parts.text(&escaped);
                }
                None => parts.0.extend(index(&metric_label.name).map(Part::Label)),
            }
            parts.text(b"\"");
        }
        let (conditions, field_conditions) = self.conditions(&action.conditions, labels);
        let amount = self.amount(&action.amount, definition.kind == Kind::Counter)?;
        let first = conditions.first().map(|&number| &self.conditions[number]);
        let wanted_slot = first.and_then(|condition| condition.subject.only_slot());
        let quick = self.quick(&amount, &field_conditions);
        let labels = parts.0.iter().filter_map(|part| match part {
            Part::Label(label) => Some(*label),
            Part::Text(_) => None,
        });
        Ok(ActionProgram {
            number: 0,
            operation: action.operation,
            metric: action.metric,
            metric_name: definition.name.as_str().into(),
            amount,
            is_traced: definition.kind.has_exemplars(),
            labels: labels.collect(),
            parts: parts.0,
            conditions,
            field_conditions,
            wanted_slot,
            quick,
        })
    }

    /// The numbers of conditions, and of those among them that look at fields.
    pub(in crate::engine) fn conditions(
        &mut self,
        asked: &[(Condition, ConditionTest)],
        labels: &[LabelProgram],
    ) -> (Vec<usize>, Vec<usize>) {
        let asked = asked.iter();
        let all: Vec<usize> = asked
            .map(|(condition, test)| self.condition(condition, test, labels))
            .collect();
        let looks_at_field =
            |number: &&usize| matches!(self.conditions[**number].subject, Subject::Field(_));
        let of_fields = all.iter().filter(looks_at_field).copied().collect();
        (all, of_fields)
    }

    /// How an amount is told on most lines where these conditions on fields are asked.
    pub(in crate::engine) fn quick(
        &self,
        amount: &Amount,
        field_conditions: &[usize],
    ) -> QuickAmount {
        let asked = field_conditions.iter().map(|&number| {
            let condition = &self.conditions[number];
            (&condition.subject, condition.test.numbers())
        });
        QuickAmount::new(amount, asked)
    }

    /// The number of a condition, which is added where it is new.
    pub(in crate::engine) fn condition(
        &mut self,
        condition: &Condition,
        test: &ConditionTest,
        labels: &[LabelProgram],
    ) -> usize {
        let (name, subject) = match condition {
            Condition::Label(name) => match labels.iter().position(|label| *label.name == **name) {
                Some(label) => (name.as_str(), Subject::Label(label)),
                None => (
                    name.as_str(),
                    Subject::Field(self.field(&Field::plain(name))),
                ),
            },
            Condition::Field(field) => {
                let name = field.name();
                (name, Subject::Field(self.field(field)))
            }
        };
        let is_it = |known: &ConditionProgram| {
            known.subject == subject && *known.name == *name && known.test.is_of(test)
        };
        if let Some(number) = self.conditions.iter().position(is_it) {
            return number;
        }
        self.conditions.push(ConditionProgram {
            name: name.into(),
            subject,
            test: Test::new(test),
        });
        self.conditions.len() - 1
    }

    fn json_conditions(&mut self) -> Vec<ConditionProgram> {
        let rule = self.rule;
        let fields = rule.json_fields.iter();
        fields
            .map(|(name, pattern)| ConditionProgram {
                name: name.as_str().into(),
                subject: Subject::Field(FieldProgram::new(
                    self.place(name).into_iter().collect(),
                    Default::default(),
                    false,
                )),
                test: Test::Pattern(Pattern::new(pattern.clone(), false)),
            })
            .collect()
    }

    fn times(&mut self) -> Times {
        let Some(time) = &self.rule.time else {
            return Times::default();
        };
        let name = time.field.from.first().map_or("", String::as_str);
        let kind = FieldErrorKind::UnreadableTime;
        let mut times = Times {
            reading: time.reading.clone(),
            error_unreadable: Some(self.errors.number(&self.rule.name, name, kind)),
            // Where lines have the id of a trace, their time is read for that.
            is_checked: self.rule.trace.is_none(),
            ..Times::default()
        };
        for place in self.field(&time.field).from {
            match place {
                ValueSource::Slot(slot) => times.slot = times.slot.or(Some(slot)),
                ValueSource::Group(group) => times.group = times.group.or(Some(group)),
                _ => {}
            }
        }
        times
    }

    pub(in crate::engine) fn field(&mut self, field: &Field) -> FieldProgram {
        let parts = Parts::new(&field.parts);
        self.whole_field(field).with_parts(parts)
    }

    /// The field as it is on the line.
    fn whole_field(&mut self, field: &Field) -> FieldProgram {
        let from = field.from.iter();
        let from = from.filter_map(|name| self.place(name)).collect();
        let mut program = FieldProgram::new(from, field.take, field.trusted_only);
        let after = field.after.as_ref().and_then(|name| self.place(name));
        if let Some(ValueSource::Slot(slot)) = after {
            program.after = Some(slot);
        }
        program
    }

    fn place(&mut self, name: &str) -> Option<ValueSource> {
        match name {
            "_time" => return Some(ValueSource::Time),
            "_source" => return Some(ValueSource::Source),
            "_file" => return Some(ValueSource::File),
            "_path" => return Some(ValueSource::Path),
            "_pod" => return Some(ValueSource::Pod),
            "_namespace" => return Some(ValueSource::Namespace),
            "_service" => return Some(ValueSource::Service),
            "_container" => return Some(ValueSource::Container),
            _ => {}
        }
        if let Some(&group) = self.groups.get(name) {
            self.captures.insert(group);
            return Some(ValueSource::Group(group));
        }
        self.rule
            .fields
            .map(|_| ValueSource::Slot(self.keys.add(name)))
    }
}

/// Pieces of the labels' text; neighbouring texts become one.
#[derive(Default)]
struct TextParts(Vec<Part>);

impl TextParts {
    fn text(&mut self, bytes: &[u8]) {
        if let Some(Part::Text(last)) = self.0.last_mut() {
            *last = [&**last, bytes].concat().into();
        } else {
            self.0.push(Part::Text(bytes.into()));
        }
    }
}

impl Program {
    /// Lets these labels be remembered together with those that are asked for already.
    pub(in crate::engine) fn ask_for(&mut self, labels: impl Iterator<Item = usize>) {
        self.inputs.extend(labels);
        self.inputs.sort_unstable();
        self.inputs.dedup();
        self.input_groups = groups_of(&self.inputs, &self.labels);
    }
}

/// The pattern's groups that labels come from, where they come from nothing else.
fn groups_of(inputs: &[usize], labels: &[LabelProgram]) -> Option<Vec<usize>> {
    let group = |&input: &usize| match *labels[input].field.from.as_slice() {
        [ValueSource::Group(group)] => Some(group),
        _ => None,
    };
    inputs.iter().map(group).collect()
}

/// The labels that any action or condition asks for, each once.
fn inputs(actions: &[ActionProgram], conditions: &[ConditionProgram]) -> Vec<usize> {
    let asked = conditions
        .iter()
        .filter_map(|condition| match condition.subject {
            Subject::Label(label) => Some(label),
            Subject::Field(_) => None,
        });
    let mut inputs: Vec<usize> = actions
        .iter()
        .flat_map(|action| action.labels.iter().copied())
        .chain(asked)
        .collect();
    inputs.sort_unstable();
    inputs.dedup();
    inputs
}
