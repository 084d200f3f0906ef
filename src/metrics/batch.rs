//! Updates on their way to the store.
//!
//! The engine writes a series' labels here in the very form the exposition will print
//! (`route="a",status="200"`: sorted by name, escaped, without braces), so that one hash and one
//! comparison find the series, and a scrape copies the text. The store is not locked meanwhile.

use std::hash::BuildHasher;

use super::definition::MetricId;

/// The hasher of label texts, seeded once per process. The store and its batches share one.
pub type LabelHasher = foldhash::fast::RandomState;

/// One update of one series.
#[derive(Debug, Clone, Copy)]
pub struct Update {
    /// The metric.
    pub metric: MetricId,
    /// Where the labels' text begins in the batch.
    labels_start: u32,
    /// One past its end.
    labels_end: u32,
    /// The hash of that text.
    pub hash: u64,
    /// What is added, set or observed.
    pub value: f64,
    /// The exemplar's number in the batch, or `u32::MAX`.
    exemplar: u32,
}

/// The trace that a line belongs to, for OpenMetrics exemplars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exemplar<'b> {
    /// The trace's id: at most 64 bytes of valid UTF-8 without control characters.
    pub trace_id: &'b str,
    /// The line's own time, in seconds since 1970.
    pub time_seconds: Option<f64>,
}

/// An exemplar whose trace id stands among the others' in the batch.
#[derive(Debug, Clone, Copy)]
struct Traced {
    start: u32,
    end: u32,
    time_seconds: Option<f64>,
}

/// Updates that were read from one block of lines, in their order.
#[derive(Debug, Default)]
pub struct Batch {
    hasher: LabelHasher,
    updates: Vec<Update>,
    text: Vec<u8>,
    exemplars: Vec<Traced>,
    trace_ids: String,
    labels_start: usize,
}

impl Batch {
    /// An empty batch for the store that uses `hasher`.
    pub fn new(hasher: LabelHasher) -> Self {
        Batch {
            hasher,
            ..Batch::default()
        }
    }

    /// Begins a series' labels and gives the buffer to write their text to: valid UTF-8, the
    /// labels sorted by name, as `name="value"` with commas between, values escaped as in the
    /// Prometheus text format. End with [`Batch::push`], or begin again to drop it.
    pub fn labels(&mut self) -> &mut Vec<u8> {
        self.text.truncate(self.labels_start);
        &mut self.text
    }

    /// Ends the labels begun last and notes the update.
    pub fn push(&mut self, metric: MetricId, value: f64, exemplar: Option<u32>) {
        let labels = &self.text[self.labels_start..];
        self.updates.push(Update {
            metric,
            labels_start: self.labels_start as u32,
            labels_end: self.text.len() as u32,
            hash: self.hasher.hash_one(labels),
            value,
            exemplar: exemplar.unwrap_or(u32::MAX),
        });
        self.labels_start = self.text.len();
    }

    /// Notes an exemplar, which any number of updates of the same line may name.
    pub fn exemplar(&mut self, exemplar: Exemplar<'_>) -> u32 {
        let start = self.trace_ids.len() as u32;
        self.trace_ids.push_str(exemplar.trace_id);
        self.exemplars.push(Traced {
            start,
            end: self.trace_ids.len() as u32,
            time_seconds: exemplar.time_seconds,
        });
        (self.exemplars.len() - 1) as u32
    }

    /// All updates, in the order of their lines.
    pub fn updates(&self) -> &[Update] {
        &self.updates
    }

    /// The labels' text of an update.
    pub fn labels_of(&self, update: &Update) -> &[u8] {
        &self.text[update.labels_start as usize..update.labels_end as usize]
    }

    /// The exemplar of an update.
    pub fn exemplar_of(&self, update: &Update) -> Option<Exemplar<'_>> {
        let traced = self.exemplars.get(update.exemplar as usize)?;
        Some(Exemplar {
            trace_id: self
                .trace_ids
                .get(traced.start as usize..traced.end as usize)?,
            time_seconds: traced.time_seconds,
        })
    }

    /// Bytes held, so that a caller can apply the batch before it grows large.
    pub fn bytes(&self) -> usize {
        self.text.len()
            + self.trace_ids.len()
            + size_of_val(self.updates.as_slice())
            + size_of_val(self.exemplars.as_slice())
    }

    /// Whether there is nothing to apply.
    pub fn is_empty(&self) -> bool {
        self.updates.is_empty()
    }

    /// Empties the batch and keeps its memory.
    pub fn clear(&mut self) {
        self.updates.clear();
        self.text.clear();
        self.exemplars.clear();
        self.trace_ids.clear();
        self.labels_start = 0;
    }
}
