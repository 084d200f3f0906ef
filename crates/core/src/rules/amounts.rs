//! The numbers of metrics and reports: constants, or fields with how they are read.

use std::collections::BTreeMap;
use std::iter;

use super::check_rules::Scope;
use super::factors::{self, Factor};
use super::problem::messages;
use super::raw_rules::{FieldSpec, MetricSpec, NumberSpec, ValueKey, ValueSpec};
use super::{Field, LabelSource};
use crate::metrics::kind::Operation;
use crate::number::Reading;

/// The number that an update has.
#[derive(Debug, Clone)]
pub enum AmountSource {
    /// The same each time.
    Constant(f64),
    /// The first that the line has.
    Fields(Vec<NumberField>),
}

/// A number on the line.
#[derive(Debug, Clone)]
pub struct NumberField {
    pub source: NumberSource,
    pub reading: Reading,
    /// The first pattern that matches the whole text gives the number; where none does there is none.
    /// Empty where the text is read.
    pub map: Vec<(regex::Regex, f64)>,
    /// What it is multiplied by.
    pub times: Option<Factor>,
    /// Further numbers that are added to it, as far as they are on the line.
    pub plus: Vec<NumberField>,
    /// What the sum is multiplied by.
    pub sum_scale: f64,
}

/// Where a number comes from.
#[derive(Debug, Clone)]
pub enum NumberSource {
    Field(Field),
    /// A label of the rule, after its tools.
    Label(Box<LabelSource>),
    /// The line's own time, in seconds since 1970.
    Time,
}

impl AmountSource {
    /// A field whose number is read as it is written.
    pub fn of_field(field: Field) -> AmountSource {
        AmountSource::Fields(vec![NumberField {
            source: NumberSource::Field(field),
            reading: Reading::default(),
            map: Vec::new(),
            times: None,
            plus: Vec::new(),
            sum_scale: 1.0,
        }])
    }

    /// Everything that it reads.
    pub fn numbers(&self) -> impl Iterator<Item = &NumberField> {
        let numbers = match self {
            AmountSource::Constant(_) => &[],
            AmountSource::Fields(numbers) => numbers.as_slice(),
        };
        numbers
            .iter()
            .flat_map(|number| iter::once(number).chain(&number.plus))
    }

    /// The field, where the number is read from one and nothing is said of how.
    pub fn plain_field(&self) -> Option<&Field> {
        match self {
            AmountSource::Fields(numbers) => match numbers.as_slice() {
                [
                    NumberField {
                        source: NumberSource::Field(field),
                        reading,
                        map,
                        times: None,
                        plus,
                        sum_scale: 1.0,
                    },
                ] if reading.is_plain() && map.is_empty() && plus.is_empty() => Some(field),
                _ => None,
            },
            AmountSource::Constant(_) => None,
        }
    }
}

/// What a metric's number is; `labels` are those of the rule.
pub(super) fn of_metric(
    metric: &MetricSpec,
    labels: &BTreeMap<String, LabelSource>,
    scope: &mut Scope<'_>,
) -> AmountSource {
    let mut amount = match &metric.value {
        Some(value) => source(&value.value, labels, scope),
        None => AmountSource::Constant(1.0),
    };
    if metric.operation == ValueKey::Subtract {
        match &mut amount {
            AmountSource::Constant(number) => *number = -*number,
            AmountSource::Fields(numbers) => {
                // `invert` comes after `scale`, and keeps the sign.
                let all = numbers.iter_mut();
                all.flat_map(|number| {
                    iter::once(&mut number.reading)
                        .chain(number.plus.iter_mut().map(|number| &mut number.reading))
                })
                .for_each(|reading| reading.scale = -reading.scale);
            }
        }
    }
    if metric.kind == crate::metrics::kind::Kind::Counter
        && let (AmountSource::Constant(number), Some(value)) = (&amount, &metric.value)
        && *number < 0.0
    {
        scope.drafts.push(messages::negative_counter(value.place));
    }
    amount
}

/// What is done with the number that stands under this key.
pub(super) fn operation(key: ValueKey) -> Operation {
    match key {
        ValueKey::Value => Operation::Usual,
        ValueKey::Set => Operation::Set,
        ValueKey::Add | ValueKey::Subtract => Operation::Add,
    }
}

/// A number, its keys checked.
pub(super) fn source(
    value: &ValueSpec,
    labels: &BTreeMap<String, LabelSource>,
    scope: &mut Scope<'_>,
) -> AmountSource {
    for number in value.numbers() {
        for key in number.field.keys() {
            let is_label = scope.is_label_only(&key.value)
                && number.field.is_whole()
                && number.field.from.len() == 1;
            if !is_label {
                scope.check_key(key);
            }
        }
        scope.check_parts(&number.field);
        let is_time = |key: &&super::problem::At<String>| key.value == "_time";
        let time = number.field.from.iter().find(is_time);
        let key = number.form_key.map(|(_, key)| key);
        let key = key.or((!number.map.is_empty()).then_some("map"));
        if let (Some(time), Some(key)) = (time, key) {
            scope
                .drafts
                .push(messages::time_has_a_unit(time.place, key));
        }
    }
    unchecked(value, labels, scope)
}

/// A number whose keys are checked elsewhere.
pub(super) fn unchecked(
    value: &ValueSpec,
    labels: &BTreeMap<String, LabelSource>,
    scope: &mut Scope<'_>,
) -> AmountSource {
    let numbers = match value {
        ValueSpec::Constant(number) => return AmountSource::Constant(*number),
        ValueSpec::Fields(numbers) => numbers,
    };
    let mut fields = Vec::new();
    for number in numbers {
        let mut own = alternatives(number, labels, scope);
        let plus = number.plus.iter();
        let plus: Vec<NumberField> = plus
            .flat_map(|number| alternatives(number, labels, scope))
            .collect();
        if let Some(first) = own.first_mut() {
            first.plus = plus;
        }
        fields.append(&mut own);
    }
    AmountSource::Fields(fields)
}

/// The fields that a number comes from, of which the first on the line counts; mostly one.
fn alternatives(
    number: &NumberSpec,
    labels: &BTreeMap<String, LabelSource>,
    scope: &mut Scope<'_>,
) -> Vec<NumberField> {
    let mut map = Vec::new();
    for (text, to) in &number.map {
        map.extend(scope.whole(text).map(|pattern| (pattern, *to)));
    }
    let times = number.times.as_ref();
    let times = times.and_then(|times| factors::compile(times, labels, scope));
    let sources = sources(number, labels, scope).into_iter();
    sources
        .map(|source| NumberField {
            source,
            reading: number.reading.clone(),
            map: map.clone(),
            times: times.clone(),
            plus: Vec::new(),
            sum_scale: number.sum_scale,
        })
        .collect()
}

/// Where a number comes from: mostly one field, with `_time` among its keys several.
fn sources(
    number: &NumberSpec,
    labels: &BTreeMap<String, LabelSource>,
    scope: &Scope<'_>,
) -> Vec<NumberSource> {
    if let [name] = number.field.from.as_slice()
        && number.field.is_whole()
        && scope.is_label_only(&name.value)
    {
        let label = labels.get(&name.value).cloned();
        return label
            .map(|label| NumberSource::Label(Box::new(label)))
            .into_iter()
            .collect();
    }
    if is_time_of_rule(number, scope) {
        return vec![NumberSource::Time];
    }
    if !number.field.from.iter().any(|key| key.value == "_time") {
        return vec![NumberSource::Field(scope.unchecked_field(&number.field))];
    }
    let keys = number.field.from.iter();
    keys.map(|key| match key.value.as_str() {
        "_time" => NumberSource::Time,
        _ => NumberSource::Field(scope.unchecked_field(&FieldSpec {
            from: vec![key.clone()],
            ..number.field.clone()
        })),
    })
    .collect()
}

/// Whether a number is a time.
pub(super) fn is_time(number: &NumberSpec, scope: &Scope<'_>) -> bool {
    is_time_of_rule(number, scope) || number.field.from.iter().any(|key| key.value == "_time")
}

/// Whether a number is read from what the rule calls its `time`, and nothing else is said of it.
fn is_time_of_rule(number: &NumberSpec, scope: &Scope<'_>) -> bool {
    let Some(time) = &scope.spec.time else {
        return false;
    };
    let keys = |field: &'_ FieldSpec| -> Vec<String> {
        field.from.iter().map(|key| key.value.clone()).collect()
    };
    number.form_key.is_none() && number.map.is_empty() && keys(&time.field) == keys(&number.field)
}
