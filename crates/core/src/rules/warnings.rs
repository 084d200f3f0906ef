//! Advice: what is allowed, but probably not meant. Nothing here changes a rule.

use crate::did_you_mean::nearest;
use std::collections::BTreeSet;

use super::check_rules::Scope;
use super::factors::plain_name;
use super::foreign_patterns;
use super::metric_names;
use super::named_patterns;
use super::problem::{At, Draft, messages};
use super::raw_rules::{LabelSpec, RuleSpec};
use super::report_section::ReportSpec;
use super::rule_patterns;
use super::unit_advice;

/// Words in a key that stand for something with a value of its own on nearly every line.
const UNBOUNDED: [&str; 10] = [
    "path",
    "uri",
    "url",
    "time",
    "timestamp",
    "ts",
    "trace",
    "span",
    "session",
    "port",
];

/// Advice on one rule, which has no errors.
pub(super) fn rule(scope: &Scope<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    drafts.extend(foreign_patterns::advice(scope.spec));
    drafts.extend(unit_advice::by_names(scope));
    unused_groups(scope, &mut drafts);
    for label in &scope.spec.labels {
        if !scope.spec.names_label(&label.name.value) {
            drafts.push(messages::unused_label(&label.name));
        }
    }
    many_values(scope, &mut drafts);
    target_labels(scope, &mut drafts);
    almost_labels(scope, &mut drafts);
    drafts
}

/// Advice on a rule that matches what an earlier one matches.
pub(super) fn same_match(rule: &RuleSpec, earlier: &[(&RuleSpec, &str)]) -> Option<Draft> {
    let pattern = rule.pattern.as_ref()?;
    earlier.iter().find_map(|(first, name)| {
        let first_pattern = first.pattern.as_ref()?;
        let texts = |patterns: &'_ [At<String>]| -> Vec<String> {
            patterns.iter().map(|text| text.value.clone()).collect()
        };
        let same = first_pattern.value == pattern.value
            && first.fields == rule.fields
            && texts(&first.also) == texts(&rule.also)
            && texts(&first.unless) == texts(&rule.unless);
        if same && first.is_final {
            return Some(messages::after_final(pattern, first_pattern.place, name));
        }
        same.then(|| messages::same_match(pattern, first_pattern.place, name))
    })
}

fn unused_groups(scope: &Scope<'_>, drafts: &mut Vec<Draft>) {
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for field in scope.spec.fields() {
        used.extend(field.keys().iter().map(|key| key.value.as_str()));
    }
    for metric in &scope.spec.metrics {
        used.extend(metric.by.iter().map(|name| name.value.as_str()));
        used.extend(
            metric
                .conditions
                .iter()
                .map(|(name, _)| name.value.as_str()),
        );
    }
    for group in scope.groups() {
        if used.contains(group.as_str()) {
            continue;
        }
        let mut patterns = scope.spec.patterns();
        let has_name = |pattern: &&At<String>| named_patterns::names_group(&pattern.value, group);
        let Some(pattern) = patterns.find(has_name) else {
            continue;
        };
        let named = [format!("<{group}>"), format!(":{group}")];
        let start = named.iter().find_map(|name| pattern.value.find(name));
        let start = start.map_or(0, |at| at + 1);
        let place = rule_patterns::inside(pattern, start, start + group.len(), scope.sources);
        drafts.push(messages::unused_group(place, group));
    }
}

fn many_values(scope: &Scope<'_>, drafts: &mut Vec<Draft>) {
    let mut seen = BTreeSet::new();
    for name in scope.spec.metrics.iter().flat_map(|metric| &metric.by) {
        if !seen.insert(&name.value) {
            continue;
        }
        let bounded = |label: &&LabelSpec| {
            !label.map.is_empty()
                || !label.replace.is_empty()
                || label.values_max.is_some()
                || label.field.part.is_some()
        };
        let risky = match scope.label(&name.value) {
            Some(label) if bounded(&label) => None,
            Some(label) => label.field.from.iter().find(|key| is_unbounded(&key.value)),
            None => Some(name).filter(|name| is_unbounded(&name.value)),
        };
        if let Some(key) = risky {
            drafts.push(messages::many_values(name, key));
        }
    }
}

/// Labels that a scrape renames.
fn target_labels(scope: &Scope<'_>, drafts: &mut Vec<Draft>) {
    let mut seen = BTreeSet::new();
    for metric in &scope.spec.metrics {
        let constants = metric.constant.iter().map(|(name, _)| name);
        for name in metric.by.iter().chain(constants) {
            if metric_names::TARGET.contains(&name.value.as_str()) && seen.insert(&name.value) {
                drafts.push(messages::label_of_target(name));
            }
        }
    }
}

/// Whether a key looks like an id, a path or a time. Ids of users are what people count by.
fn is_unbounded(key: &str) -> bool {
    if metric_names::SPECIAL.contains(&key) {
        return key == "_time";
    }
    let folded = key.to_ascii_lowercase();
    let words: Vec<&str> = folded.split(['.', '_', '-']).collect();
    let any = |wanted: &str| words.contains(&wanted);
    words.last().is_some_and(|last| UNBOUNDED.contains(last))
        || (any("id") && ["trace", "span", "request", "session"].into_iter().any(any))
}

/// Names that are fields only because they are no label, though one is a letter away.
fn almost_labels(scope: &Scope<'_>, drafts: &mut Vec<Draft>) {
    let labels = || {
        scope
            .spec
            .labels
            .iter()
            .map(|label| label.name.value.as_str())
    };
    let almost = |name: &At<String>| {
        let field = scope.label(&name.value).is_none() && !scope.groups().contains(&name.value);
        let label = nearest(&name.value, labels())?;
        field.then(|| messages::almost_a_label(name, label))
    };
    for metric in &scope.spec.metrics {
        let conditions = metric.conditions.iter().map(|(name, _)| name);
        drafts.extend(metric.by.iter().chain(conditions).filter_map(almost));
    }
    let factors = scope.spec.factors();
    drafts.extend(
        factors
            .filter_map(|factor| plain_name(&factor.key))
            .filter_map(almost),
    );
    let report = scope.spec.report.iter();
    drafts.extend(report.flat_map(ReportSpec::names).filter_map(almost));
}
