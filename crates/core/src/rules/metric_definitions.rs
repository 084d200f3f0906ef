//! Metrics across rules and files: one definition each, and no two that would expose one name.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use super::problem::{At, Draft, ProblemPlace, messages};
use crate::metrics::definition::{Definition, Kind, LABEL_VALUES_MAX, Label, Options, SERIES_MAX};

/// The buckets of a histogram of durations, in seconds, where its rule names none: those that
/// Prometheus' own client libraries take.
const BUCKETS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// What one `[[rule.metric]]` says of its metric. What it leaves out, another may say.
#[derive(Debug, Clone)]
pub(super) struct MetricUse {
    pub name: At<String>,
    pub kind: Kind,
    pub buckets: Option<At<Vec<f64>>>,
    /// Sorted by name.
    pub labels: Vec<LabelUse>,
    pub help: Option<At<String>>,
    pub limit: Option<At<usize>>,
    pub expire: Option<At<Duration>>,
}

/// A label of a metric, where it is used.
#[derive(Debug, Clone)]
pub(super) struct LabelUse {
    pub name: At<String>,
    pub values_max: Option<usize>,
}

/// All metrics of a rule set, by name.
#[derive(Default)]
pub(super) struct Definitions {
    metrics: BTreeMap<String, KnownMetric>,
    pub drafts: Vec<Draft>,
}

struct KnownMetric {
    /// All that is agreed on so far, with the places where it was first said.
    agreed: MetricUse,
    /// The rule that named it first, for the default help.
    rule: String,
}

impl Definitions {
    /// Adds what a rule says; clashes with what others said are noted.
    pub fn add(&mut self, used: &MetricUse, rule: &str) {
        match self.metrics.entry(used.name.value.clone()) {
            Entry::Vacant(vacant) => {
                vacant.insert(KnownMetric {
                    agreed: used.clone(),
                    rule: rule.to_string(),
                });
            }
            Entry::Occupied(mut known) => {
                merge(&mut known.get_mut().agreed, used, &mut self.drafts);
            }
        }
    }

    /// Notes every pair of metrics that would expose the same name.
    pub fn check_exposition(&mut self) {
        let mut owners: BTreeMap<String, &At<String>> = BTreeMap::new();
        let mut clashes: BTreeMap<(ProblemPlace, ProblemPlace), Draft> = BTreeMap::new();
        for known in self.metrics.values() {
            let name = &known.agreed.name;
            for exposed in known.agreed.kind.exposed_names(&name.value) {
                let owner = *owners.entry(exposed.clone()).or_insert(name);
                if owner == name {
                    continue;
                }
                // The later one in the files is the one that is at fault.
                let (first, second) = if owner.place < name.place {
                    (owner, name)
                } else {
                    (name, owner)
                };
                clashes
                    .entry((first.place, second.place))
                    .or_insert_with(|| messages::exposition_clash(second, first, &exposed));
            }
        }
        self.drafts.extend(clashes.into_values());
    }

    /// The definitions, sorted by name.
    pub fn finish(self) -> Vec<Definition> {
        self.metrics.into_values().map(definition).collect()
    }
}

fn merge(agreed: &mut MetricUse, used: &MetricUse, drafts: &mut Vec<Draft>) {
    let clash = |(here, there): (String, String), at: ProblemPlace, first: ProblemPlace| {
        let name = At::new(used.name.value.clone(), at);
        messages::definitions_clash(&name, &here, first, &there)
    };
    let (here, there) = (used.name.place, agreed.name.place);
    if used.kind != agreed.kind {
        let words = (
            format!("a {}", used.kind.word()),
            format!("a {}", agreed.kind.word()),
        );
        drafts.push(clash(words, here, there));
        return;
    }
    if label_names(used) != label_names(agreed) {
        let words = (label_words(used), label_words(agreed));
        drafts.push(clash(words, here, there));
        return;
    }
    for (label, known) in used.labels.iter().zip(&mut agreed.labels) {
        match (label.values_max, known.values_max) {
            (Some(new), Some(old)) if new != old => {
                let name = &label.name.value;
                let words = |max: usize| format!("`{name}` with `max_values = {max}`");
                drafts.push(clash(
                    (words(new), words(old)),
                    label.name.place,
                    known.name.place,
                ));
            }
            (new, old) => known.values_max = old.or(new),
        }
    }
    merge_key(&mut agreed.buckets, &used.buckets, |new, old| {
        drafts.push(clash(("these".into(), "and these".into()), new, old));
    });
    merge_key(&mut agreed.limit, &used.limit, |new, old| {
        drafts.push(clash(("this".into(), "and this".into()), new, old));
    });
    merge_key(&mut agreed.expire, &used.expire, |new, old| {
        drafts.push(clash(("this".into(), "and this".into()), new, old));
    });
    if let (Some(new), Some(old)) = (&used.help, &agreed.help)
        && new.value != old.value
    {
        drafts.push(messages::help_differs(new, old.place));
    }
    agreed.help = agreed.help.take().or_else(|| used.help.clone());
}

/// Takes over what only one of two says, and calls `differ` with both places where they disagree.
fn merge_key<T: PartialEq + Clone>(
    agreed: &mut Option<At<T>>,
    used: &Option<At<T>>,
    differ: impl FnOnce(ProblemPlace, ProblemPlace),
) {
    match (&agreed, used) {
        (Some(old), Some(new)) if old.value != new.value => differ(new.place, old.place),
        (None, Some(new)) => *agreed = Some(new.clone()),
        _ => {}
    }
}

fn label_names(used: &MetricUse) -> Vec<&str> {
    let labels = used.labels.iter();
    labels.map(|label| label.name.value.as_str()).collect()
}

fn label_words(used: &MetricUse) -> String {
    match label_names(used).as_slice() {
        [] => "without labels".into(),
        names => format!("with the labels {}", names.join(", ")),
    }
}

fn definition(known: KnownMetric) -> Definition {
    let KnownMetric { agreed, rule } = known;
    let buckets = agreed.buckets.map(|buckets| buckets.value);
    let buckets = match agreed.kind {
        Kind::Histogram => buckets.unwrap_or_else(|| BUCKETS.to_vec()),
        _ => Vec::new(),
    };
    let label = |label: LabelUse| Label {
        name: label.name.value,
        values_max: label.values_max.unwrap_or(LABEL_VALUES_MAX),
    };
    Definition {
        name: agreed.name.value,
        help: agreed
            .help
            .map_or_else(|| format!("Counted by rule {rule}."), |help| help.value),
        kind: agreed.kind,
        buckets,
        labels: agreed.labels.into_iter().map(label).collect(),
        series_max: agreed.limit.map_or(SERIES_MAX, |limit| limit.value),
        expire: agreed.expire.map(|expire| expire.value),
        options: Options::default(),
    }
}
