//! What tests of the store and of the exposition share: definitions and updates in few words.

use super::batch::{Batch, Exemplar};
use super::definition::{Definition, Kind, LABEL_VALUES_MAX, Label, MetricId, SERIES_MAX};
use super::labels;
use super::store::Store;

/// A metric with the usual limits; `labels` are sorted.
pub(crate) fn definition(name: &str, kind: Kind, labels: &[&str]) -> Definition {
    let label = |name: &&str| Label {
        name: (*name).to_owned(),
        values_max: LABEL_VALUES_MAX,
    };
    Definition {
        name: name.to_owned(),
        help: format!("About {name}."),
        kind,
        labels: labels.iter().map(label).collect(),
        series_max: SERIES_MAX,
        expire: None,
    }
}

/// A histogram with these bounds.
pub(crate) fn histogram(buckets: &[f64]) -> Kind {
    Kind::Histogram {
        buckets: buckets.to_vec(),
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

    /// One update of the series with these label values, in the order of the labels.
    pub(crate) fn push(&mut self, metric: u32, values: &[&str], value: f64) {
        self.traced(metric, values, value, None);
    }

    /// One update, with an exemplar of this trace id and time.
    pub(crate) fn traced(
        &mut self,
        metric: u32,
        values: &[&str],
        value: f64,
        trace: Option<(&str, Option<f64>)>,
    ) {
        let text = self.batch.labels();
        let definition = &self.store.definitions()[metric as usize];
        for (number, (label, value)) in definition.labels.iter().zip(values).enumerate() {
            let mut escaped = Vec::new();
            labels::escape(value.as_bytes(), &mut escaped);
            labels::write(label.name.as_bytes(), &escaped, number == 0, text);
        }
        let exemplar = trace.map(|(trace_id, time_seconds)| {
            self.batch.exemplar(Exemplar {
                trace_id: trace_id.as_bytes(),
                time_seconds,
            })
        });
        self.batch.push(MetricId(metric), value, exemplar);
    }

    /// Applies them all at once and begins anew.
    pub(crate) fn apply(&mut self, now_ms: u64) {
        self.store.apply(&self.batch, now_ms);
        self.batch.clear();
    }
}
