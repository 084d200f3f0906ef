//! From a sample back to its lines: which lines made a series what it is.
//!
//! A line is counted as everywhere, in the order of the log, into a store of its own, so that limits send
//! what they send to `__other__`; what it changed is compared with a [`Selector`]. Reads nothing.

mod selector;
pub mod self_metric;
#[cfg(test)]
mod tests;

pub use selector::{Matcher, NAME, Selector, SelectorError};

use std::borrow::Cow;

use self_metric::{Event, PREFIX};

use crate::did_you_mean::nearest;
use crate::engine::{Engine, Runner};
use crate::metrics::Landed;
use crate::metrics::batch::{Batch, Update};
use crate::metrics::definition::{Definition, Kind, OTHER};
use crate::metrics::labels;
use crate::metrics::store::Store;
use logmetrics_follow::line::Line;

/// Labels that Prometheus gives to every series of a target: people copy them from there.
const OF_TARGET: [&str; 2] = ["job", "instance"];

/// What a line did to a sample that is meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The series, as a page shows it.
    pub series: String,
    /// What was added, set or observed.
    pub value: f64,
}

/// Counts lines and says which of them changed the samples that are meant.
pub struct Lineage<'e> {
    engine: &'e Engine,
    runner: Runner,
    batch: Batch,
    store: &'e Store,
    wanted: Wanted,
}

/// Why no line can be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unknown(String);

/// Which samples are meant, for these metrics.
#[derive(Debug)]
struct Wanted {
    selector: Selector,
    /// For each metric, the samples of it whose name passes.
    samples: Vec<Samples>,
    /// Some of the program's own metrics are meant.
    has_self: bool,
    definitions: Vec<Definition>,
}

/// Which samples of a metric have a name that passes.
#[derive(Debug, Clone, Copy, Default)]
struct Samples {
    /// Those of the series as a whole.
    series: bool,
    /// The buckets.
    buckets: bool,
}

impl Wanted {
    fn new(selector: Selector, definitions: &[Definition]) -> Result<Wanted, Unknown> {
        let takes = |name: &str| selector.takes_name(name);
        let samples: Vec<Samples> = definitions
            .iter()
            .map(|definition| {
                let name = &definition.name;
                let part = |suffix: &str| takes(&format!("{name}{suffix}"));
                match definition.kind {
                    Kind::Histogram => Samples {
                        series: takes(name) || part("_sum") || part("_count"),
                        buckets: part("_bucket"),
                    },
                    _ => Samples {
                        series: takes(name),
                        buckets: false,
                    },
                }
            })
            .collect();
        let own = self_metric::NAMES.iter();
        let own: Vec<_> = own
            .filter(|(name, _)| takes(&format!("{PREFIX}{name}")))
            .collect();
        let meant = definitions.iter().zip(&samples);
        let meant = meant.filter(|(_, samples)| samples.series || samples.buckets);
        let mut known: Vec<&str> = own
            .iter()
            .flat_map(|(_, labels)| labels.iter().copied())
            .collect();
        let mut is_empty = own.is_empty();
        for (definition, samples) in meant {
            is_empty = false;
            known.extend(definition.labels.iter().map(|label| label.name.as_str()));
            known.extend(samples.buckets.then_some("le"));
        }
        if is_empty {
            return Err(no_metric(&selector, definitions));
        }
        check_labels(&selector, &known)?;
        Ok(Wanted {
            has_self: !own.is_empty(),
            selector,
            samples,
            definitions: definitions.to_vec(),
        })
    }

    /// Labels that the series does not have, as they are the target's.
    fn passed_over(&self) -> Vec<&str> {
        let has = |label: &str| {
            let mut labels = self.definitions.iter().flat_map(|one| &one.labels);
            labels.any(|one| one.name == label)
        };
        let given = |label: &&&str| {
            self.selector
                .matchers
                .iter()
                .any(|one| one.label == **label)
        };
        let of_target = OF_TARGET.iter().filter(given);
        of_target.copied().filter(|label| !has(label)).collect()
    }

    /// Whether a change of a series is meant.
    fn takes(&self, update: &Update, metric: usize, landed: &[u8]) -> bool {
        let Some(samples) = self.samples.get(metric) else {
            return false;
        };
        if !samples.series && !samples.buckets {
            return false;
        }
        let pairs: Vec<(&[u8], Cow<'_, [u8]>)> = labels::pairs(landed)
            .map(|(name, value)| (name, labels::unescape(value)))
            .collect();
        let value = |label: &str| {
            let found = pairs.iter().find(|(name, _)| *name == label.as_bytes());
            found.map_or("", |(_, value)| {
                std::str::from_utf8(value).unwrap_or_default()
            })
        };
        let mut except = self.passed_over();
        if samples.series && self.selector.takes_labels(&except, value) {
            return true;
        }
        except.push("le");
        samples.buckets
            && self.selector.takes_labels(&except, value)
            && self.takes_a_bucket(update.value, metric)
    }

    /// Whether an observation is in a bucket that is meant.
    fn takes_a_bucket(&self, value: f64, metric: usize) -> bool {
        let of_bound = self
            .selector
            .matchers
            .iter()
            .filter(|one| one.label == "le");
        let of_bound: Vec<&Matcher> = of_bound.collect();
        let passes = |bound: f64| {
            let text = crate::exposition::number_text(bound);
            of_bound.iter().all(|matcher| {
                let only = matcher.only_value().map(|text| text.parse::<f64>());
                // `le="1.0"` is the bucket that a page writes as `le="1"`.
                matcher.passes(&text) || only.is_some_and(|number| number == Ok(bound))
            })
        };
        let bounds = self
            .definitions
            .get(metric)
            .map(|one| one.buckets.as_slice());
        let bounds = bounds
            .unwrap_or_default()
            .iter()
            .copied()
            .chain([f64::INFINITY]);
        bounds.filter(|bound| value <= *bound).any(passes)
    }

    fn takes_event(&self, event: &Event) -> bool {
        let value = |label: &str| {
            let found = event.labels.iter().find(|(name, _)| *name == label);
            found.map_or("", |(_, value)| value.as_str())
        };
        self.selector.takes_name(&format!("{PREFIX}{}", event.name))
            && self.selector.takes_labels(&self.passed_over(), value)
    }
}

/// That no metric has such a name, and what was probably meant.
fn no_metric(selector: &Selector, definitions: &[Definition]) -> Unknown {
    let names: Vec<String> = definitions.iter().map(|one| one.name.clone()).collect();
    let own = self_metric::NAMES
        .iter()
        .map(|(name, _)| format!("{PREFIX}{name}"));
    let own: Vec<String> = own.collect();
    let given = selector.matchers.iter().find(|one| one.label == NAME);
    let Some(given) = given.and_then(Matcher::only_value) else {
        return Unknown(format!(
            "no metric has such a name; there are {}",
            names.join(", ")
        ));
    };
    let all = names.iter().chain(&own).map(String::as_str);
    let meant = match nearest(given, all) {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    };
    let (what, list) = match given.starts_with(PREFIX) {
        true => ("metric of the program's own about single lines", &own),
        false => ("metric of these rules", &names),
    };
    Unknown(format!(
        "`{given}` is no {what}{meant}\n\nthere are {}",
        list.join(", ")
    ))
}

/// That every label is one of those that the metrics have.
fn check_labels(selector: &Selector, known: &[&str]) -> Result<(), Unknown> {
    for matcher in &selector.matchers {
        let label = matcher.label.as_str();
        if label == NAME || known.contains(&label) || OF_TARGET.contains(&label) {
            continue;
        }
        let meant = match nearest(label, known.iter().copied()) {
            Some(name) => format!("; did you mean `{name}`?"),
            None => String::new(),
        };
        let mut known = known.to_vec();
        known.sort_unstable();
        known.dedup();
        let has = match known.is_empty() {
            true => "it has none".to_owned(),
            false => format!("there are {}", known.join(", ")),
        };
        return Err(Unknown(format!(
            "no series that is meant has the label `{label}`{meant}\n\n{has}"
        )));
    }
    Ok(())
}

impl<'e> Lineage<'e> {
    /// Looks for the lines of `selector`. The store must be new, with `definitions`.
    ///
    /// # Errors
    /// When there is no such metric or label: what there is.
    pub fn new(
        engine: &'e Engine,
        (store, definitions): (&'e Store, &[Definition]),
        selector: Selector,
    ) -> Result<Lineage<'e>, Unknown> {
        Ok(Lineage {
            engine,
            runner: engine.runner(),
            batch: Batch::new(store.hasher()),
            store,
            wanted: Wanted::new(selector, definitions)?,
        })
    }

    /// Labels of the selector that no series has here, as Prometheus adds them.
    pub fn passed_over(&self) -> Vec<&str> {
        self.wanted.passed_over()
    }

    /// Counts the next line of the log. Gives what it changed of the samples that are meant.
    pub fn line(&mut self, line: &Line<'_>) -> Vec<Change> {
        self.batch.clear();
        let counts = self.runner.counts();
        counts.clear();
        self.engine.feed(line, &mut self.runner, &mut self.batch);
        let (wanted, batch) = (&self.wanted, &self.batch);
        let mut changes = Vec::new();
        let mut limited = Vec::new();
        // The time does not go on, so that nothing expires while a log is read.
        let refused = self.store.apply_traced(batch, 0, |update, landed| {
            let metric = batch.metric_of(update).0 as usize;
            if wanted.takes(update, metric, landed.labels) {
                changes.push(Change {
                    series: series(&wanted.definitions, metric, landed.labels),
                    value: update.value,
                });
            }
            if wanted.has_self {
                let name = wanted.definitions.get(metric).map_or("", |one| &one.name);
                limits(name, batch.labels_of(update), landed, &mut limited);
            }
        });
        if wanted.has_self {
            let counts = self.runner.counts();
            self.engine.count_refused(batch, &refused, counts);
            let mut events = self_metric::events(self.engine, counts, &line.origin.source);
            events.append(&mut limited);
            let meant = events.iter().filter(|event| wanted.takes_event(event));
            changes.extend(meant.map(|event| Change {
                series: event.series(),
                value: 1.0,
            }));
        }
        changes
    }
}

/// A series as a page shows it.
fn series(definitions: &[Definition], metric: usize, labels: &[u8]) -> String {
    let name = definitions.get(metric).map_or("", |one| &one.name);
    match labels {
        [] => name.to_owned(),
        _ => format!("{name}{{{}}}", String::from_utf8_lossy(labels)),
    }
}

/// What limits did to an update that was for the series `asked`.
fn limits(metric: &str, asked: &[u8], landed: Landed<'_>, events: &mut Vec<Event>) {
    if landed.is_full {
        events.push(Event::new("series_limited_total", &[("metric", metric)]));
    }
    if landed.within_labels == asked {
        return;
    }
    let pairs = labels::pairs(asked).zip(labels::pairs(landed.within_labels));
    for ((name, before), (_, after)) in pairs {
        if after == OTHER.as_bytes() && before != after {
            let label = String::from_utf8_lossy(name);
            let labels = [("metric", metric), ("label", &*label)];
            events.push(Event::new("label_limited_total", &labels));
        }
    }
}
