//! A rule's metrics: labels found, conditions compiled, values and buckets checked.

use std::collections::BTreeMap;

use super::amounts;
use super::check_rules::{Scope, check_label_name};
use super::conditions;
use super::metric_definitions::{LabelUse, MetricUse};
use super::metric_names::Reserved;
use super::problem::{At, messages};
use super::raw_rules::{MetricSpec, ValueSpec};
use super::{
    Action, Condition, ConditionTest, Field, LABEL_BYTES_MAX, LabelSource, Take, metric_names,
};
use crate::metrics::definition::{Kind, MetricId};

/// The actions of a rule and what they say of their metrics. Labels that `by` takes straight from
/// a field are added to `labels`, and those that nothing uses are removed.
pub(super) fn actions(
    labels: &mut BTreeMap<String, LabelSource>,
    scope: &mut Scope<'_>,
) -> (Vec<Action>, Vec<MetricUse>) {
    let (mut actions, mut uses) = (Vec::new(), Vec::new());
    let spec = scope.spec;
    for metric in &spec.metrics {
        check(metric, scope);
        let conditions = conditions(metric, scope);
        let used = metric_labels(metric, labels, scope);
        actions.push(Action {
            metric: MetricId(0),
            amount: amounts::of_metric(metric, labels, scope),
            operation: amounts::operation(metric.operation),
            constant: metric
                .constant
                .iter()
                .map(|(name, value)| (name.value.clone(), value.value.clone()))
                .collect(),
            conditions,
        });
        uses.push(MetricUse {
            name: metric.name.clone(),
            kind: metric.kind,
            buckets: metric.buckets.as_ref().map(finite_buckets),
            labels: used,
            help: metric.help.clone(),
            limit: metric.limit.clone(),
            expire: metric.expire.clone(),
        });
    }
    labels.retain(|name, _| spec.uses_label(name));
    (actions, uses)
}

fn check(metric: &MetricSpec, scope: &mut Scope<'_>) {
    let name = &metric.name;
    check_names(name, metric.kind, scope);
    let kind = metric.kind.word();
    if !metric.has_value_key && metric.kind != Kind::Counter {
        scope.drafts.push(messages::value_missing(name, kind));
    }
    if let Some(buckets) = &metric.buckets {
        if metric.kind == Kind::Histogram {
            check_buckets(buckets, scope);
        } else {
            scope
                .drafts
                .push(messages::buckets_without_histogram(buckets.place, kind));
        }
    }
}

/// Checks the name, and those that the formats make of it.
fn check_names(name: &At<String>, kind: Kind, scope: &mut Scope<'_>) {
    if !metric_names::is_metric(&name.value) {
        scope.drafts.push(messages::bad_metric_name(name));
        return;
    }
    let exposed = kind.exposed_names(&name.value);
    if exposed.iter().any(|name| !metric_names::is_metric(name)) {
        scope.drafts.push(messages::no_family_name(name));
        return;
    }
    // A counter's family is only its heading in OpenMetrics; no series has that name.
    let is_sample = |sample: &&String| kind != Kind::Counter || sample.len() >= name.value.len();
    for sample in exposed.iter().filter(is_sample) {
        let draft = match metric_names::reserved(sample) {
            Some(Reserved::Ours(prefix)) => messages::our_metric_name(name, sample, prefix),
            Some(Reserved::Prometheus) => messages::prometheus_metric_name(name, sample),
            None => continue,
        };
        scope.drafts.push(draft);
        return;
    }
}

fn check_buckets(buckets: &At<Vec<At<f64>>>, scope: &mut Scope<'_>) {
    let finite = finite_buckets(buckets);
    if finite.value.is_empty() {
        scope.drafts.push(messages::buckets_empty(buckets.place));
    }
    let listed = buckets.value.get(..finite.value.len()).unwrap_or_default();
    for (index, bucket) in listed.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| listed.get(index));
        if !bucket.value.is_finite() {
            scope
                .drafts
                .push(messages::bucket_not_finite(bucket.place, bucket.value));
        } else if let Some(before) =
            before.filter(|before| before.value.is_finite() && before.value >= bucket.value)
        {
            let draft = messages::buckets_not_rising(bucket.place, before.value, bucket.value);
            scope.drafts.push(draft);
        }
    }
}

/// The buckets without the `+Inf` that may come last.
fn finite_buckets(buckets: &At<Vec<At<f64>>>) -> At<Vec<f64>> {
    let mut values: Vec<f64> = buckets.value.iter().map(|bucket| bucket.value).collect();
    values.pop_if(|last| *last == f64::INFINITY);
    At::new(values, buckets.place)
}

/// The labels of a metric, sorted by name.
fn metric_labels(
    metric: &MetricSpec,
    labels: &mut BTreeMap<String, LabelSource>,
    scope: &mut Scope<'_>,
) -> Vec<LabelUse> {
    let mut used: Vec<LabelUse> = Vec::new();
    let constants = metric.constant.iter().map(|(name, _)| (name, true));
    let written = metric.by.iter().map(|name| (name, false)).chain(constants);
    for (name, constant) in written {
        if let Some(first) = used.iter().find(|label| label.name.value == name.value) {
            scope
                .drafts
                .push(messages::label_twice(name, first.name.place));
            continue;
        }
        let part = metric_names::PARTS
            .iter()
            .find(|(part, _)| *part == name.value);
        if let Some((_, what)) = part {
            scope.drafts.push(messages::label_of_parts(name, what));
        }
        let spec = scope.label(&name.value).filter(|_| !constant);
        if spec.is_none() {
            check_label_name(name, scope);
        }
        if spec.is_none() && !constant {
            scope.check_name(name);
            let plain = plain_label(&name.value);
            labels.entry(name.value.clone()).or_insert(plain);
        }
        used.push(LabelUse {
            name: name.clone(),
            values_max: spec.and_then(|spec| spec.values_max),
        });
    }
    used.sort_by(|a, b| a.name.value.cmp(&b.name.value));
    used
}

/// A label that is the field of its name.
pub(super) fn plain_label(name: &str) -> LabelSource {
    LabelSource {
        field: Field::plain(name),
        default: None,
        lowercase: false,
        integer: false,
        replace: Vec::new(),
        map: Vec::new(),
        lookup: None,
        pseudonym: false,
        bytes_max: LABEL_BYTES_MAX,
    }
}

fn conditions(metric: &MetricSpec, scope: &mut Scope<'_>) -> Vec<(Condition, ConditionTest)> {
    let mut found = Vec::new();
    for (name, text) in &metric.conditions {
        scope.check_name(name);
        let value = metric.value.as_ref().map(|value| &value.value);
        let condition = if scope.label(&name.value).is_some() {
            Condition::Label(name.value.clone())
        } else {
            Condition::Field(condition_field(&name.value, value, scope))
        };
        let test = conditions::test(name, text, value, scope);
        found.extend(test.map(|test| (condition, test)));
    }
    found
}

/// A field that a condition looks at. Where the key is that of the `value` it is about, the condition
/// sees what the value will be; otherwise the first value, which stands where the writer of the
/// line put it before anything that others chose.
pub(super) fn condition_field(key: &str, value: Option<&ValueSpec>, scope: &Scope<'_>) -> Field {
    let value = value.and_then(|value| {
        let mut fields = value.fields();
        fields.find(|field| field.from.iter().any(|from| from.value == key))
    });
    if let Some(value) = value.filter(|value| !value.is_whole()) {
        return scope.unchecked_field(value);
    }
    Field {
        from: vec![key.to_string()],
        take: value.map_or(Take::First, |value| value.take),
        trusted_only: value.is_some_and(|value| value.trusted.is_some()),
        after: value.and_then(|value| Some(value.after.as_ref()?.value.clone())),
        parts: Vec::new(),
    }
}
