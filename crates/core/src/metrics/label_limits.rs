//! How many values each label of a metric has, and may have.
//!
//! Decides what a label set is written as when a series would be created. Counts values, keeps none,
//! and does not know series.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::batch::LabelHasher;
use super::definition::{Label, OTHER};
use super::labels;

/// The labels of one metric.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    labels: Vec<LabelLimit>,
    hasher: LabelHasher,
}

#[derive(Debug, Clone)]
struct LabelLimit {
    values: HashTable<Value>,
    values_max: usize,
    limited_total: u64,
}

/// A value, by its hash alone. Should two of 10 000 values share 64 bits (one process in 10^11), they
/// count as one here, and the label may have one value more than its limit: no total changes.
#[derive(Debug, Clone, Copy)]
struct Value {
    hash: u64,
    /// How many series have it.
    series: u32,
}

/// What limits make of a label set.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LabelsFit {
    /// It stays as it is.
    All,
    /// Some values were written as [`OTHER`].
    Limited,
    /// The text has other labels than the metric.
    Malformed,
}

impl Limits {
    pub(crate) fn new(labels: &[Label], hasher: LabelHasher) -> Limits {
        let label = |label: &Label| LabelLimit {
            values: HashTable::new(),
            values_max: label.values_max,
            limited_total: 0,
        };
        Limits {
            labels: labels.iter().map(label).collect(),
            hasher,
        }
    }

    /// Takes the limits of other definitions of the same labels.
    pub(crate) fn redefine(&mut self, labels: &[Label]) {
        for (limit, label) in self.labels.iter_mut().zip(labels) {
            limit.values_max = label.values_max;
        }
    }

    /// Writes to `out` the text with [`OTHER`] for every value that is one too many, and counts
    /// this update for those labels.
    pub(crate) fn limit(&mut self, text: &[u8], out: &mut Vec<u8>) -> LabelsFit {
        out.clear();
        let mut pairs = labels::pairs(text);
        let mut fit = LabelsFit::All;
        for (number, label) in self.labels.iter_mut().enumerate() {
            let Some((name, value)) = pairs.next() else {
                return LabelsFit::Malformed;
            };
            let value = if label.fits(value, &self.hasher) {
                value
            } else {
                label.limited_total += 1;
                fit = LabelsFit::Limited;
                OTHER.as_bytes()
            };
            labels::write(name, value, number == 0, out);
        }
        match (pairs.next(), &fit) {
            (Some(_), _) => LabelsFit::Malformed,
            // Nothing was left over or left out, also between the labels.
            (None, LabelsFit::All) if out != text => LabelsFit::Malformed,
            _ => fit,
        }
    }

    /// A series with these labels was created.
    pub(crate) fn add(&mut self, text: &[u8]) {
        for (label, hash) in values(&mut self.labels, &self.hasher, text) {
            label
                .values
                .entry(hash, |value| value.hash == hash, |value| value.hash)
                .or_insert(Value { hash, series: 0 })
                .get_mut()
                .series += 1;
        }
    }

    /// A series with these labels was forgotten.
    pub(crate) fn remove(&mut self, text: &[u8]) {
        for (label, hash) in values(&mut self.labels, &self.hasher, text) {
            let found = label.values.find_entry(hash, |value| value.hash == hash);
            if let Ok(mut found) = found {
                found.get_mut().series -= 1;
                if found.get().series == 0 {
                    found.remove();
                }
            }
        }
    }

    /// For each label: updates in which its value became [`OTHER`].
    pub(crate) fn limited_totals(&self) -> impl Iterator<Item = u64> {
        self.labels.iter().map(|label| label.limited_total)
    }

    /// Goes on counting from earlier totals, one for each label.
    pub(crate) fn set_limited_totals(&mut self, totals: &[u64]) {
        for (label, &total) in self.labels.iter_mut().zip(totals) {
            label.limited_total = total;
        }
    }

    pub(crate) fn capacity_bytes(&self) -> usize {
        let tables = self
            .labels
            .iter()
            .map(|label| label.values.allocation_size());
        tables.sum::<usize>() + self.labels.capacity() * size_of::<LabelLimit>()
    }
}

impl LabelLimit {
    fn fits(&self, value: &[u8], hasher: &LabelHasher) -> bool {
        if self.values.len() < self.values_max || value == OTHER.as_bytes() {
            return true;
        }
        let hash = hasher.hash_one(value);
        self.values.find(hash, |value| value.hash == hash).is_some()
    }
}

/// Each label with the hash of its value in the text; without those that are [`OTHER`].
fn values<'a>(
    labels: &'a mut [LabelLimit],
    hasher: &'a LabelHasher,
    text: &'a [u8],
) -> impl Iterator<Item = (&'a mut LabelLimit, u64)> {
    labels
        .iter_mut()
        .zip(labels::pairs(text))
        .filter(|(_, (_, value))| *value != OTHER.as_bytes())
        .map(|(label, (_, value))| (label, hasher.hash_one(value)))
}
