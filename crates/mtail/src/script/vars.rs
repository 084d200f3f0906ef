//! What the interpreter asks of a store of metrics.

use std::hash::{Hash, Hasher};

use logmetrics_scan::short_bytes::same;

use crate::ast::Nanoseconds;
use crate::layout::Time;

/// A value of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    pub fn int(self) -> i64 {
        match self {
            Number::Int(value) => value,
            Number::Float(value) => value as i64,
        }
    }

    pub fn float(self) -> f64 {
        match self {
            Number::Int(value) => value as f64,
            Number::Float(value) => value,
        }
    }
}

/// What a number does to a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Set,
    Add,
    /// It is added to a histogram.
    Observe,
}

/// The values of a series' labels, in the order of their declaration; used again and again.
#[derive(Debug, Clone, Default, Eq)]
pub struct Labels {
    text: String,
    ends: Vec<usize>,
}

impl Labels {
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Adds a value: what `write` adds to the text.
    pub fn push_with<E>(
        &mut self,
        write: impl FnOnce(&mut String) -> Result<(), E>,
    ) -> Result<(), E> {
        write(&mut self.text)?;
        self.ends.push(self.text.len());
        Ok(())
    }

    pub fn push(&mut self, value: &str) {
        self.text.push_str(value);
        self.ends.push(self.text.len());
    }

    /// All values, one directly after the other.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where each value ends in [`Labels::text`].
    pub fn ends(&self) -> &[usize] {
        &self.ends
    }

    pub fn values(&self) -> impl Iterator<Item = &str> + Clone {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let value = self.text.get(start..*end).unwrap_or("");
            start = *end;
            value
        })
    }
}

impl Labels {
    /// How many values there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// Without `memcmp`: for texts this short its masked loads are slow, on some processors and at some places
/// by hundreds of cycles.
impl PartialEq for Labels {
    fn eq(&self, other: &Labels) -> bool {
        let ends = self.ends.iter().zip(&other.ends);
        same(self.text.as_bytes(), other.text.as_bytes())
            && self.ends.len() == other.ends.len()
            && ends.fold(true, |same, (one, other)| same & (one == other))
    }
}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
        self.ends.hash(state);
    }
}

/// A store of the metrics of one program, which are known by their numbers in it.
///
/// Whatever names a series makes it where it is not there yet. `time` is that of the line: its own
/// where the program has set it, else when it was read.
pub trait Metrics {
    /// The value of a series.
    fn get(&mut self, metric: usize, labels: &Labels, time: Time) -> Number;

    /// Adds the text of a series to `out`.
    fn get_text(&mut self, metric: usize, labels: &Labels, time: Time, out: &mut String);

    /// Adds to a series; gives the new value. Whole numbers wrap.
    fn add(&mut self, metric: usize, labels: &Labels, amount: Number, time: Time) -> Number;

    fn set(&mut self, metric: usize, labels: &Labels, value: Number, time: Time);

    fn set_text(&mut self, metric: usize, labels: &Labels, value: &str, time: Time);

    /// Adds a value to a histogram.
    fn observe(&mut self, metric: usize, labels: &Labels, value: f64, time: Time);

    fn delete(&mut self, metric: usize, labels: &Labels);

    /// Changes a series that is known, whose labels have these values, where that is all there is to do.
    /// False where nothing was done.
    fn change_known(
        &mut self,
        metric: usize,
        values: &[&[u8]],
        change: (Change, Number),
        time: Time,
    ) -> bool {
        _ = (metric, values, change, time);
        false
    }

    /// Has a series forgotten when it was not touched for so long; false where there is none.
    fn expire(&mut self, metric: usize, labels: &Labels, after: Nanoseconds) -> bool;
}
