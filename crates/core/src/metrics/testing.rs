//! What tests of the store and of the exposition share: definitions and updates in few words.

use super::batch::{Batch, Exemplar, SeriesId};
use super::definition::{Definition, Kind, LABEL_VALUES_MAX, Label, MetricId, Options, SERIES_MAX};
use super::kind::{Operation, Reading};
use super::labels;
use super::snapshot::Series;
use super::store::Store;

/// A type, and the bounds of a histogram.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) kind: Kind,
    pub(crate) buckets: Vec<f64>,
}

impl From<Kind> for Form {
    fn from(kind: Kind) -> Form {
        let buckets = Vec::new();
        Form { kind, buckets }
    }
}

/// A metric with the usual limits; `labels` are sorted.
pub(crate) fn definition(name: &str, form: impl Into<Form>, labels: &[&str]) -> Definition {
    let label = |name: &&str| Label {
        name: (*name).to_owned(),
        values_max: LABEL_VALUES_MAX,
    };
    let Form { kind, buckets } = form.into();
    Definition {
        name: name.to_owned(),
        help: format!("About {name}."),
        kind,
        buckets,
        labels: labels.iter().map(label).collect(),
        series_max: SERIES_MAX,
        expire: None,
        options: Options::default(),
    }
}

/// A histogram with these bounds.
pub(crate) fn histogram(buckets: &[f64]) -> Form {
    Form {
        kind: Kind::Histogram,
        buckets: buckets.to_vec(),
    }
}

impl<'s> Series<'s> {
    /// The value of a counter or gauge; the sum of a histogram.
    pub(crate) fn value(&self) -> f64 {
        match self.reading() {
            Reading::Number(value) => value,
            Reading::Distribution(value) => value.sum,
            Reading::Text(text) => panic!("{text:?} is a text"),
        }
    }

    /// How many observations fell into each bucket alone.
    pub(crate) fn bucket_counts(&self) -> Vec<u64> {
        match self.reading() {
            Reading::Distribution(value) => value.counts.to_vec(),
            _ => Vec::new(),
        }
    }
}

pub(crate) struct Updates<'s> {
    store: &'s Store,
    batch: Batch,
}

impl<'s> Updates<'s> {
    pub(crate) fn new(store: &'s Store) -> Updates<'s> {
        let batch = Batch::new(store.hasher());
        Updates { store, batch }
    }

    /// One usual update of the series with these label values, in the order of the labels.
    pub(crate) fn push(&mut self, metric: u32, values: &[&str], value: f64) {
        self.traced(metric, values, value, None);
    }

    /// The same with an exemplar of this trace id and time.
    pub(crate) fn traced(
        &mut self,
        metric: u32,
        values: &[&str],
        value: f64,
        trace: Option<(&str, Option<f64>)>,
    ) {
        self.operate(metric, values, (Operation::Usual, value), trace);
    }

    /// Any update.
    pub(crate) fn operate(
        &mut self,
        metric: u32,
        values: &[&str],
        (operation, value): (Operation, f64),
        trace: Option<(&str, Option<f64>)>,
    ) {
        let series = self.series(metric, values);
        let exemplar = trace.map(|(trace_id, time_seconds)| {
            self.batch.exemplar(Exemplar {
                trace_id: trace_id.as_bytes(),
                time_seconds,
            })
        });
        self.batch.update(series, operation, value, exemplar);
    }

    pub(crate) fn set_text(&mut self, metric: u32, values: &[&str], text: &str) {
        let series = self.series(metric, values);
        self.batch.set_text(series, text.as_bytes(), None);
    }

    fn series(&mut self, metric: u32, values: &[&str]) -> SeriesId {
        let text = self.batch.labels();
        let definition = &self.store.definitions()[metric as usize];
        for (number, (label, value)) in definition.labels.iter().zip(values).enumerate() {
            let mut escaped = Vec::new();
            labels::escape(value.as_bytes(), &mut escaped);
            labels::write(label.name.as_bytes(), &escaped, number == 0, text);
        }
        self.batch.series(MetricId(metric))
    }

    /// Applies them all at once; gives which were refused.
    pub(crate) fn apply(&mut self, now_ms: u64) -> Vec<usize> {
        let refused = self.store.apply(&self.batch, now_ms);
        self.batch.clear();
        refused
    }
}
