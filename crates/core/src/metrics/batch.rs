//! Updates on their way to the store, and the series that they name.
//!
//! The engine writes a series' labels here in the very form the exposition will print
//! (`route="a",status="200"`: sorted by name, escaped, without braces), so that one hash and one
//! comparison find the series, and a scrape copies the text. The store is not locked meanwhile.
//!
//! A batch is kept from block to block and remembers its series: their texts, and where the store
//! had each last. That place is only a hint; the text is the truth.

use std::cell::Cell;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use super::definition::MetricId;
use super::kind::Operation;

/// The hasher of label texts, seeded once per process. The store and its batches share one.
pub type LabelHasher = foldhash::fast::RandomState;

/// A batch that remembers more series than this forgets them all when it is next emptied.
const SERIES_MAX: usize = 32_768;

/// The same, for the bytes of their texts.
const TEXT_BYTES_MAX: usize = 4 << 20;

/// The number of the next memory of any batch.
static NEXT_MEMORY: AtomicU64 = AtomicU64::new(1);

/// Half a hash for a table, which takes the place from the low bits and a tag from the high ones.
pub(crate) fn spread(half: u32) -> u64 {
    u64::from(half) << 32 | u64::from(half)
}

/// One update of one series.
#[derive(Debug, Clone, Copy)]
pub struct Update {
    pub series: SeriesId,
    /// The number of the [`Operation`], and below it that of the exemplar or [`NO_EXEMPLAR`]: a
    /// field of its own would make every update half as large again.
    packed: u32,
    /// What is added, set or observed; of a text the bits of its place.
    pub value: f64,
}

const EXEMPLAR_BITS: u32 = 29;

/// The number of no exemplar.
const NO_EXEMPLAR: u32 = (1 << EXEMPLAR_BITS) - 1;

impl Update {
    #[inline(always)]
    fn new(series: SeriesId, operation: Operation, value: f64, exemplar: Option<u32>) -> Update {
        let exemplar = exemplar.map_or(NO_EXEMPLAR, |number| number.min(NO_EXEMPLAR));
        Update {
            series,
            packed: (operation as u32) << EXEMPLAR_BITS | exemplar,
            value,
        }
    }

    #[inline(always)]
    pub fn operation(&self) -> Operation {
        // Every update of a rule is the usual one.
        match self.packed >> EXEMPLAR_BITS {
            0 => Operation::Usual,
            number => Operation::of_number(number),
        }
    }

    #[inline(always)]
    fn exemplar(&self) -> usize {
        (self.packed & NO_EXEMPLAR) as usize
    }
}

/// The number of a series in one batch, as long as [`Batch::memory`] is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesId(u32);

impl SeriesId {
    /// The series with this number; none has `u32::MAX`.
    pub(crate) fn of(number: u32) -> SeriesId {
        SeriesId(number)
    }

    pub(crate) fn number(self) -> u32 {
        self.0
    }
}

/// A series that a batch remembers.
#[derive(Debug)]
struct BatchSeries {
    metric: MetricId,
    labels_start: u32,
    labels_end: u32,
    hash: u64,
    handle: Cell<Handle>,
}

/// Where the store had a series last. Without a generation it is nowhere.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Handle {
    /// The slot in the metric's family.
    pub(crate) slot: u32,
    /// The family's generation, in which the slot holds the series.
    pub(crate) generation: u64,
}

/// A series as the store is asked for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'b> {
    pub(crate) metric: MetricId,
    pub(crate) text: &'b [u8],
    /// The hash of that text.
    pub(crate) hash: u64,
    /// Where the store had it last; for the store to write.
    pub(crate) handle: &'b Cell<Handle>,
}

/// The trace that a line belongs to, for OpenMetrics exemplars, and the line's own time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exemplar<'b> {
    /// The trace's id: at most 64 bytes, of UTF-8 without control characters. One that is no UTF-8 is not
    /// shown. An empty one is none: then this is a time only, for metrics that keep it.
    pub trace_id: &'b [u8],
    /// The line's own time, in seconds since 1970.
    pub time_seconds: Option<f64>,
}

/// An exemplar whose trace id is among the others' in the batch.
#[derive(Debug, Clone, Copy)]
struct Traced {
    start: u32,
    end: u32,
    time_seconds: Option<f64>,
}

/// Updates that were read from one block of lines, in their order.
#[derive(Debug)]
pub struct Batch {
    hasher: LabelHasher,
    updates: Vec<Update>,
    exemplars: Vec<Traced>,
    trace_ids: Vec<u8>,
    /// The texts that updates set.
    values: Vec<u8>,
    series: Vec<BatchSeries>,
    /// The texts of the series, and after them that which is being written.
    text: Vec<u8>,
    labels_start: usize,
    memory: u64,
    /// Bytes of the series that were remembered when the batch was emptied last.
    remembered_bytes: usize,
    series_max: usize,
}

impl Batch {
    /// An empty batch for the store that uses `hasher`.
    pub fn new(hasher: LabelHasher) -> Self {
        Batch {
            hasher,
            updates: Vec::new(),
            exemplars: Vec::new(),
            trace_ids: Vec::new(),
            values: Vec::new(),
            series: Vec::new(),
            text: Vec::new(),
            labels_start: 0,
            memory: NEXT_MEMORY.fetch_add(1, Ordering::Relaxed),
            remembered_bytes: 0,
            series_max: SERIES_MAX,
        }
    }

    /// Remembers at most so many series when it is emptied.
    #[cfg(test)]
    pub(crate) fn remembering(self, series_max: usize) -> Self {
        Batch { series_max, ..self }
    }

    /// Changes whenever the numbers of series do, and is another for each batch.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// Begins a series' labels and gives the buffer to write their text to: valid UTF-8, the
    /// labels sorted by name, as `name="value"` with commas between, values escaped as in the
    /// Prometheus text format. End with [`Batch::series`] or [`Batch::push`], or begin again to drop it.
    pub fn labels(&mut self) -> &mut Vec<u8> {
        self.text.truncate(self.labels_start);
        &mut self.text
    }

    /// Ends the labels begun last and gives the series its number.
    pub fn series(&mut self, metric: MetricId) -> SeriesId {
        let labels = &self.text[self.labels_start..];
        self.series.push(BatchSeries {
            metric,
            labels_start: self.labels_start as u32,
            labels_end: self.text.len() as u32,
            hash: self.hasher.hash_one(labels),
            handle: Cell::default(),
        });
        self.labels_start = self.text.len();
        SeriesId((self.series.len() - 1) as u32)
    }

    /// Notes an update of a series that was given its number in this memory.
    #[inline(always)]
    pub fn update(
        &mut self,
        series: SeriesId,
        operation: Operation,
        value: f64,
        exemplar: Option<u32>,
    ) {
        let update = Update::new(series, operation, value, exemplar);
        self.updates.push(update);
    }

    /// Ends the labels begun last and notes an update of their series.
    pub fn push(
        &mut self,
        metric: MetricId,
        operation: Operation,
        value: f64,
        exemplar: Option<u32>,
    ) {
        let series = self.series(metric);
        self.update(series, operation, value, exemplar);
    }

    /// Notes that a text is the value of a series; one that is no UTF-8 is repaired.
    pub fn set_text(&mut self, series: SeriesId, text: &[u8], exemplar: Option<u32>) {
        let start = self.values.len() as u64;
        self.values
            .extend_from_slice(String::from_utf8_lossy(text).as_bytes());
        let place = start << 32 | self.values.len() as u64;
        self.update(series, Operation::SetText, f64::from_bits(place), exemplar);
    }

    /// The text of an update that sets one.
    pub fn text_of(&self, update: &Update) -> &[u8] {
        let place = update.value.to_bits();
        let range = (place >> 32) as usize..place as u32 as usize;
        self.values.get(range).unwrap_or_default()
    }

    /// Notes an exemplar, which any number of updates of the same line may name.
    pub fn exemplar(&mut self, exemplar: Exemplar<'_>) -> u32 {
        let start = self.trace_ids.len() as u32;
        self.trace_ids.extend_from_slice(exemplar.trace_id);
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
        self.named(update).text
    }

    /// The metric of an update.
    pub fn metric_of(&self, update: &Update) -> MetricId {
        self.named(update).metric
    }

    /// The series of an update.
    pub(super) fn named(&self, update: &Update) -> Named<'_> {
        let known = &self.series[update.series.0 as usize];
        Named {
            metric: known.metric,
            text: &self.text[known.labels_start as usize..known.labels_end as usize],
            hash: known.hash,
            handle: &known.handle,
        }
    }

    /// The exemplar of an update.
    pub fn exemplar_of(&self, update: &Update) -> Option<Exemplar<'_>> {
        let traced = self.exemplars.get(update.exemplar())?;
        Some(Exemplar {
            trace_id: self
                .trace_ids
                .get(traced.start as usize..traced.end as usize)?,
            time_seconds: traced.time_seconds,
        })
    }

    /// Bytes held since it was emptied, so that a caller can apply the batch before it grows large.
    pub fn bytes(&self) -> usize {
        (self.series_bytes() - self.remembered_bytes)
            + self.trace_ids.len()
            + self.values.len()
            + size_of_val(self.updates.as_slice())
            + size_of_val(self.exemplars.as_slice())
    }

    fn series_bytes(&self) -> usize {
        self.labels_start + size_of_val(self.series.as_slice())
    }

    /// Whether there is nothing to apply.
    pub fn is_empty(&self) -> bool {
        self.updates.is_empty()
    }

    /// Empties the batch and keeps its memory, unless it remembers too much.
    pub fn clear(&mut self) {
        self.updates.clear();
        self.exemplars.clear();
        self.trace_ids.clear();
        self.values.clear();
        if self.series.len() > self.series_max || self.labels_start > TEXT_BYTES_MAX {
            self.series.clear();
            self.labels_start = 0;
            self.memory = NEXT_MEMORY.fetch_add(1, Ordering::Relaxed);
        }
        self.text.truncate(self.labels_start);
        self.remembered_bytes = self.series_bytes();
    }
}
