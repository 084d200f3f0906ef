//! One metric's series: found by their labels' text, kept in flat lists.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;

use super::batch::{Exemplar, LabelHasher};
use super::definition::{Definition, Kind};
use super::labels::{self, Values};
use super::texts::{Place, Texts};

/// A series on its way to the exposition: everything about it that does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Where its labels' text stands.
    pub(crate) place: Place,
    /// Where its values stand.
    pub(crate) id: u32,
    /// Its number among all births of its metric, which no other series ever has.
    pub born: u32,
    /// When it was born, in milliseconds since 1970.
    pub created_ms: u64,
}

/// The values of all series of a family, by their ids.
#[derive(Debug, Clone)]
pub(crate) enum Numbers {
    /// Counters and gauges.
    Scalar(Vec<f64>),
    /// Histograms: how many observations fell into each bucket (the last is `+Inf`), and their sums.
    Histogram { counts: Vec<u64>, sums: Vec<f64> },
}

/// An exemplar that is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The trace and the line's own time.
    pub exemplar: Exemplar,
    /// What was added or observed.
    pub value: f64,
}

/// Exemplars by series id and bucket (0 for a counter).
pub(crate) type Exemplars = HashMap<(u32, u32), Kept>;

/// What a series' slot holds. `born` is `FREE` where there is no series.
#[derive(Debug, Clone, Copy)]
struct Slot {
    entry: Entry,
    updated_s: u32,
    alive: bool,
}

/// What happened to the list of series since the last snapshot took it.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Series that were born, and may be gone again.
    pub(crate) born: Vec<Entry>,
    /// Births that are gone.
    pub(crate) forgotten: Vec<u32>,
    /// The texts were written anew: every place is another one now.
    pub(crate) moved: bool,
}

/// One metric's series.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) definition: Arc<Definition>,
    hasher: LabelHasher,
    table: HashTable<u32>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    pub(crate) numbers: Numbers,
    pub(crate) texts: Texts,
    pub(crate) exemplars: Exemplars,
    pub(crate) changes: Changes,
    values: Values,
    births: u32,
    overflow: Option<u32>,
    /// Updates that went to the series whose labels are all `__other__`.
    pub(crate) series_limited_total: u64,
    /// Updates in which a label was written as `__other__`, for each label.
    pub(crate) label_limited_total: Vec<u64>,
    /// Whether comparing texts as bytes compares values: true until a value holds a blank, `!` or an
    /// escape, the only characters that sort before the quote that ends a value.
    pub(crate) sorts_as_text: bool,
}

impl Family {
    pub(crate) fn new(definition: Definition, hasher: LabelHasher, now_ms: u64) -> Family {
        let numbers = match definition.kind {
            Kind::Counter | Kind::Gauge => Numbers::Scalar(Vec::new()),
            Kind::Histogram { .. } => Numbers::Histogram {
                counts: Vec::new(),
                sums: Vec::new(),
            },
        };
        let labels = definition.labels.len();
        let mut family = Family {
            definition: Arc::new(definition),
            hasher,
            table: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            numbers,
            texts: Texts::default(),
            exemplars: Exemplars::new(),
            changes: Changes::default(),
            values: Values::new(labels),
            births: 0,
            overflow: None,
            series_limited_total: 0,
            label_limited_total: vec![0; labels],
            sorts_as_text: true,
        };
        // A metric without labels has its one series from the start, so that its first increase shows.
        if labels == 0 && family.definition.kind != Kind::Gauge {
            family.insert(family.hasher.hash_one::<&[u8]>(&[]), &[], now_ms);
        }
        family
    }

    /// How many series there are.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Adds, sets or observes `value`; the series is born where it is new.
    pub(crate) fn update(
        &mut self,
        hash: u64,
        labels: &[u8],
        value: f64,
        exemplar: Option<&Exemplar>,
        now_ms: u64,
    ) {
        let id = match self.find(hash, labels) {
            Some(id) => id,
            None => self.bear(hash, labels, now_ms),
        };
        self.slots[id as usize].updated_s = (now_ms / 1000) as u32;
        let bucket = self.add(id, value);
        if let (Some(exemplar), Some(bucket)) = (exemplar, bucket) {
            let kept = Kept {
                exemplar: exemplar.clone(),
                value,
            };
            self.exemplars.insert((id, bucket), kept);
        }
    }

    fn find(&self, hash: u64, labels: &[u8]) -> Option<u32> {
        self.table
            .find(hash, |&id| {
                self.texts.get(self.slots[id as usize].entry.place) == labels
            })
            .copied()
    }

    /// Changes the value; gives the bucket that an exemplar belongs to.
    fn add(&mut self, id: u32, value: f64) -> Option<u32> {
        let id = id as usize;
        match (&self.definition.kind, &mut self.numbers) {
            (Kind::Counter, Numbers::Scalar(values)) => {
                // The engine lets nothing else through; a counter that went down would look like a
                // restart.
                if value >= 0.0 && value.is_finite() {
                    values[id] += value;
                }
                Some(0)
            }
            (Kind::Histogram { buckets }, Numbers::Histogram { counts, sums }) => {
                // A value that is no number is above every bound, as in Prometheus' own libraries.
                let above = |bound: &f64| value > *bound || value.is_nan();
                let bucket = buckets.partition_point(above);
                counts[id * (buckets.len() + 1) + bucket] += 1;
                sums[id] += value;
                Some(bucket as u32)
            }
            (_, Numbers::Scalar(values)) => {
                values[id] = value;
                None
            }
            (_, Numbers::Histogram { .. }) => None,
        }
    }

    /// A series for labels that have none: a new one, or the one that a limit says.
    fn bear(&mut self, hash: u64, labels: &[u8], now_ms: u64) -> u32 {
        let definition = Arc::clone(&self.definition);
        let Some((text, folded)) = self.values.limited(labels, &definition.labels) else {
            return self.bear_within_series_limit(hash, labels, now_ms);
        };
        for label in folded {
            self.label_limited_total[label] += 1;
        }
        let hash = self.hasher.hash_one(&text[..]);
        match self.find(hash, &text) {
            Some(id) => id,
            None => self.bear_within_series_limit(hash, &text, now_ms),
        }
    }

    fn bear_within_series_limit(&mut self, hash: u64, labels: &[u8], now_ms: u64) -> u32 {
        let counted = self.len() - usize::from(self.overflow.is_some());
        let all_other = labels::all_other(&self.definition.labels);
        if labels == all_other {
            let id = self.insert(hash, labels, now_ms);
            self.overflow = Some(id);
            return id;
        }
        if counted < self.definition.series_max {
            return self.insert(hash, labels, now_ms);
        }
        self.series_limited_total += 1;
        if let Some(id) = self.overflow {
            return id;
        }
        let hash = self.hasher.hash_one(&all_other[..]);
        let id = self.insert(hash, &all_other, now_ms);
        self.overflow = Some(id);
        id
    }

    fn insert(&mut self, hash: u64, labels: &[u8], now_ms: u64) -> u32 {
        let id = self.free.pop().unwrap_or(self.slots.len() as u32);
        self.births = self.births.wrapping_add(1);
        let place = self.texts.add(labels);
        let entry = Entry {
            place,
            id,
            born: self.births,
            created_ms: now_ms,
        };
        let slot = Slot {
            entry,
            updated_s: (now_ms / 1000) as u32,
            alive: true,
        };
        let index = id as usize;
        if index == self.slots.len() {
            self.slots.push(slot);
        } else {
            self.slots[index] = slot;
        }
        self.make_room(index);
        let Family {
            table,
            slots,
            texts,
            hasher,
            ..
        } = self;
        let rehash = |&id: &u32| hasher.hash_one(texts.get(slots[id as usize].entry.place));
        table.insert_unique(hash, id, rehash);
        self.values.add(labels);
        self.sorts_as_text &= labels
            .iter()
            .all(|byte| !matches!(byte, b' ' | b'!' | b'\\'));
        self.changes.born.push(entry);
        id
    }

    /// Values of a new series begin at 0.
    fn make_room(&mut self, index: usize) {
        match &mut self.numbers {
            Numbers::Scalar(values) => {
                values.resize(values.len().max(index + 1), 0.0);
                values[index] = 0.0;
            }
            Numbers::Histogram { counts, sums } => {
                let Kind::Histogram { buckets } = &self.definition.kind else {
                    return;
                };
                let stride = buckets.len() + 1;
                counts.resize(counts.len().max((index + 1) * stride), 0);
                counts[index * stride..(index + 1) * stride].fill(0);
                sums.resize(sums.len().max(index + 1), 0.0);
                sums[index] = 0.0;
            }
        }
    }

    /// Forgets the series that were idle for longer than the metric allows.
    pub(crate) fn expire(&mut self, now_ms: u64) {
        let Some(expire) = self.definition.expire else {
            return;
        };
        let oldest = (now_ms / 1000).saturating_sub(expire.as_secs()) as u32;
        let idle: Vec<u32> = (0..self.slots.len() as u32)
            .filter(|&id| {
                let slot = &self.slots[id as usize];
                slot.alive && slot.updated_s < oldest
            })
            .collect();
        for id in idle {
            self.forget(id);
        }
        if self.texts.is_mostly_garbage() {
            self.rewrite_texts();
        }
    }

    fn forget(&mut self, id: u32) {
        let entry = self.slots[id as usize].entry;
        let text = self.texts.get(entry.place);
        let hash = self.hasher.hash_one(text);
        self.values.remove(text);
        if let Ok(found) = self.table.find_entry(hash, |&other| other == id) {
            found.remove();
        }
        self.texts.forget(entry.place);
        self.slots[id as usize].alive = false;
        self.free.push(id);
        self.changes.forgotten.push(entry.born);
        if self.overflow == Some(id) {
            self.overflow = None;
        }
        if !self.exemplars.is_empty() {
            self.exemplars.retain(|&(series, _), _| series != id);
        }
    }

    fn rewrite_texts(&mut self) {
        let mut texts = Texts::default();
        for slot in self.slots.iter_mut().filter(|slot| slot.alive) {
            slot.entry.place = texts.add(self.texts.get(slot.entry.place));
        }
        self.texts = texts;
        self.changes.moved = true;
    }

    /// All series that are there, in no order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry> {
        self.slots
            .iter()
            .filter(|slot| slot.alive)
            .map(|slot| slot.entry)
    }

    /// Bytes allocated for all series, values and texts of this family.
    pub(crate) fn capacity_bytes(&self) -> usize {
        let numbers = match &self.numbers {
            Numbers::Scalar(values) => values.capacity() * 8,
            Numbers::Histogram { counts, sums } => (counts.capacity() + sums.capacity()) * 8,
        };
        self.texts.capacity()
            + numbers
            + self.slots.capacity() * size_of::<Slot>()
            + self.table.allocation_size()
            + self.values.capacity_bytes()
            + self.changes.born.capacity() * size_of::<Entry>()
    }
}
