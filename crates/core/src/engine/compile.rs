//! A rule set to programs: names become numbers, labels become pieces of text.

use std::collections::BTreeMap;

use regex::Regex;

use super::field::{FieldProgram, Place};
use super::label::LabelProgram;
use super::pattern::Pattern;
use super::prefilter::Prefilter;
use super::program::known::QuickNumber;
use super::program::{
    ActionProgram, Amount, ConditionProgram, Part, Program, Reader, Subject, Times,
};
use super::{Engine, Reason, Secret, SecretMissing, Trouble, label};
use crate::metrics::definition::Kind;
use crate::metrics::labels;
use crate::rules::{Action, Condition, Field, LabelSource, Rule, RuleSet};
use logmetrics_scan::keys::Keys;
use logmetrics_scan::slots::slot_bit;

pub(super) fn compile(set: &RuleSet, secret: Option<&Secret>) -> Result<Engine, SecretMissing> {
    let mut reasons = Reasons::default();
    let mut programs: Vec<Program> = set
        .rules
        .iter()
        .map(|rule| RuleCompiler::new(rule, set, &mut reasons, secret).program())
        .collect::<Result<_, _>>()?;
    let labels = programs.iter_mut().flat_map(|program| &mut program.labels);
    (0..)
        .zip(labels)
        .for_each(|(number, label)| label.number = number);
    let actions = programs.iter_mut().flat_map(|program| &mut program.actions);
    (0..)
        .zip(actions)
        .for_each(|(number, action)| action.number = number);
    let prefilter = Prefilter::new(programs.iter().map(|program| program.pattern.as_ref()));
    Ok(Engine {
        programs,
        reasons: reasons.list,
        prefilter,
    })
}

/// Reasons, each once.
#[derive(Default)]
pub(super) struct Reasons {
    list: Vec<Reason>,
}

impl Reasons {
    fn number(&mut self, rule: &str, field: &str, trouble: Trouble) -> usize {
        let reason = Reason {
            rule: rule.into(),
            field: field.into(),
            trouble,
        };
        self.list
            .iter()
            .position(|known| *known == reason)
            .unwrap_or_else(|| {
                self.list.push(reason);
                self.list.len() - 1
            })
    }
}

pub(super) struct RuleCompiler<'a> {
    rule: &'a Rule,
    set: &'a RuleSet,
    reasons: &'a mut Reasons,
    secret: Option<&'a Secret>,
    groups: BTreeMap<String, usize>,
    keys: Keys,
    conditions: Vec<ConditionProgram>,
    captures: bool,
}

impl<'a> RuleCompiler<'a> {
    pub(super) fn new(
        rule: &'a Rule,
        set: &'a RuleSet,
        reasons: &'a mut Reasons,
        secret: Option<&'a Secret>,
    ) -> Self {
        let names = rule
            .pattern
            .iter()
            .flat_map(|pattern| pattern.capture_names().enumerate());
        let groups = names
            .filter_map(|(index, name)| Some((name?.to_owned(), index)))
            .collect();
        RuleCompiler {
            rule,
            set,
            reasons,
            secret,
            groups,
            keys: Keys::default(),
            conditions: Vec::new(),
            captures: false,
        }
    }

    fn program(mut self) -> Result<Program, SecretMissing> {
        let labels = self.labels()?;
        let actions: Vec<ActionProgram> = self
            .rule
            .metrics
            .iter()
            .map(|action| self.action(action, &labels))
            .collect();
        Ok(self.finish(labels, actions))
    }

    /// The program, once all that reads fields has been compiled.
    pub(super) fn finish(
        mut self,
        labels: Vec<LabelProgram>,
        actions: Vec<ActionProgram>,
    ) -> Program {
        let times = self.times();
        let trace = self.rule.trace.as_ref().map(|field| self.field(field));
        let captures = self.captures;
        let inputs = inputs(&actions, &self.conditions);
        let group = |&input: &usize| match *labels[input].field.from.as_slice() {
            [Place::Group(group)] => Some(group),
            _ => None,
        };
        Program {
            wanted_slots: (actions.iter())
                .filter_map(|action| action.wanted_slot.map(slot_bit))
                .fold(0, |all, bit| all | bit),
            input_groups: inputs.iter().map(group).collect(),
            inputs,
            name: self.rule.name.as_str().into(),
            pattern: self
                .rule
                .pattern
                .clone()
                .map(|regex| Pattern::new(regex, captures)),
            reader: self.rule.fields.map(|mode| Reader {
                mode,
                keys: self.keys,
                untrusted: self.rule.untrusted.clone(),
            }),
            labels,
            conditions: self.conditions,
            actions,
            times,
            trace,
        }
    }

    pub(super) fn labels(&mut self) -> Result<Vec<LabelProgram>, SecretMissing> {
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
        Ok(LabelProgram {
            name: name.into(),
            number: 0,
            field: self.field(&source.field),
            default: source.default.as_deref().map(Into::into),
            lowercase: source.lowercase,
            map: map
                .map(|(from, to)| (Pattern::new(from.clone(), false), to.as_str().into()))
                .collect(),
            pseudonym,
            bytes_max: source.bytes_max,
            reason_missing: self.reasons.number(&self.rule.name, name, Trouble::Missing),
            reason_ambiguous: self
                .reasons
                .number(&self.rule.name, name, Trouble::Ambiguous),
        })
    }

    fn action(&mut self, action: &Action, labels: &[LabelProgram]) -> ActionProgram {
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
        let conditions = action.conditions.iter();
        let conditions: Vec<usize> = conditions
            .map(|(condition, pattern)| self.condition(condition, pattern, labels))
            .collect();
        let first = conditions.first().map(|&number| &self.conditions[number]);
        let wanted_slot = first.and_then(|condition| condition.subject.only_slot());
        let looks_at_field =
            |number: &&usize| matches!(self.conditions[**number].subject, Subject::Field(_));
        let field_conditions: Vec<usize> =
            conditions.iter().filter(looks_at_field).copied().collect();
        let amount = self.amount(action, &definition.kind);
        let quick = match &amount {
            Amount::Field { field, .. } => {
                let asked = field_conditions.iter().map(|&number| {
                    let condition = &self.conditions[number];
                    (&condition.subject, condition.pattern.numbers())
                });
                QuickNumber::new(field, asked)
            }
            Amount::One => None,
        };
        let labels = parts.0.iter().filter_map(|part| match part {
            Part::Label(label) => Some(*label),
            Part::Text(_) => None,
        });
        ActionProgram {
            number: 0,
            metric: action.metric,
            metric_name: definition.name.as_str().into(),
            amount,
            // A counter shows its exemplars in protobuf whatever its name is.
            is_traced: definition.kind != Kind::Gauge,
            labels: labels.collect(),
            parts: parts.0,
            conditions,
            field_conditions,
            wanted_slot,
            quick,
        }
    }

    /// The number of a condition, which is added where it is new.
    pub(super) fn condition(
        &mut self,
        condition: &Condition,
        pattern: &Regex,
        labels: &[LabelProgram],
    ) -> usize {
        let (name, subject) = match condition {
            Condition::Label(name) => match labels.iter().position(|label| *label.name == **name) {
                Some(label) => (name.as_str(), Subject::Label(label)),
                None => (
                    name.as_str(),
                    Subject::Field(self.field(&plain_field(name))),
                ),
            },
            Condition::Field(field) => {
                let name = field.from.first().map_or("", String::as_str);
                (name, Subject::Field(self.field(field)))
            }
        };
        let is_it = |known: &ConditionProgram| {
            known.subject == subject
                && *known.name == *name
                && known.pattern.as_str() == pattern.as_str()
        };
        if let Some(number) = self.conditions.iter().position(is_it) {
            return number;
        }
        self.conditions.push(ConditionProgram {
            name: name.into(),
            subject,
            pattern: Pattern::new(pattern.clone(), false),
        });
        self.conditions.len() - 1
    }

    fn amount(&mut self, action: &Action, kind: &Kind) -> Amount {
        let Some(field) = &action.value else {
            return Amount::One;
        };
        let name = field.from.first().map_or("", String::as_str);
        let mut reason = |trouble| self.reasons.number(&self.rule.name, name, trouble);
        Amount::Field {
            reason_missing: reason(Trouble::Missing),
            reason_bad: reason(Trouble::BadValue),
            reason_ambiguous: reason(Trouble::Ambiguous),
            never_negative: *kind == Kind::Counter,
            field: self.field(field),
        }
    }

    fn times(&mut self) -> Times {
        let Some(time) = &self.rule.time else {
            return Times::default();
        };
        let mut times = Times {
            unpadded_micros: time.unpadded_micros,
            ..Times::default()
        };
        for place in self.field(&time.field).from {
            match place {
                Place::Slot(slot) => times.slot = times.slot.or(Some(slot)),
                Place::Group(group) => times.group = times.group.or(Some(group)),
                _ => {}
            }
        }
        times
    }

    pub(super) fn field(&mut self, field: &Field) -> FieldProgram {
        let from = field.from.iter();
        let from = from.filter_map(|name| self.place(name)).collect();
        FieldProgram::new(from, field.take, field.trusted_only)
    }

    fn place(&mut self, name: &str) -> Option<Place> {
        match name {
            "_time" => return Some(Place::Time),
            "_source" => return Some(Place::Source),
            "_file" => return Some(Place::File),
            "_service" => return Some(Place::Service),
            "_container" => return Some(Place::Container),
            _ => {}
        }
        if let Some(&group) = self.groups.get(name) {
            self.captures = true;
            return Some(Place::Group(group));
        }
        self.rule.fields.map(|_| Place::Slot(self.keys.add(name)))
    }
}

fn plain_field(name: &str) -> Field {
    Field {
        from: vec![name.to_owned()],
        take: Default::default(),
        trusted_only: false,
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
