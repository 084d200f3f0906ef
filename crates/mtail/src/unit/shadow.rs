//! The values that a program reads back. The program is their only writer, so they are exact; they go
//! by `del`, by age and by limits in step with what the store is told.

use std::collections::HashSet;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::layout::Time;
use crate::script::code::{Definition, ValueType};
use crate::script::{Labels, Number};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Number(Number),
    Text(String),
}

impl Value {
    /// That of a new series.
    pub fn first(metric: &Definition) -> Value {
        match metric.value {
            ValueType::Int => Value::Number(Number::Int(0)),
            ValueType::Float => Value::Number(Number::Float(0.0)),
            ValueType::Text => Value::Text(String::new()),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub value: Value,
    /// The line's time at the last update.
    pub time: Time,
    /// When the line of the last update was read.
    pub touched: Time,
    /// How long it may be idle, in nanoseconds.
    pub expires_after: Option<i64>,
    /// Tells series of the same time apart.
    born: u64,
}

/// The series of one metric.
#[derive(Debug, Clone)]
pub struct Family {
    series: HashMap<Labels, Series, FixedState>,
    /// The oldest series when one had to go last, the oldest at the end. One that was updated or
    /// removed since is passed over.
    oldest: Vec<(Time, u64, Labels)>,
    /// What changed since it was asked; nothing is noted before the first time.
    changed: Option<HashSet<Labels>>,
    first: Value,
    born: u64,
}

impl Family {
    pub fn new(metric: &Definition) -> Family {
        Family {
            series: HashMap::with_hasher(FixedState::default()),
            oldest: Vec::new(),
            changed: None,
            first: Value::first(metric),
            born: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.series.len()
    }

    pub fn get(&self, labels: &Labels) -> Option<&Series> {
        self.series.get(labels)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Labels, &Series)> {
        self.series.iter()
    }

    /// The series, to be changed, where it is there.
    pub fn get_mut(&mut self, labels: &Labels) -> Option<&mut Series> {
        let series = self.series.get_mut(labels)?;
        note(&mut self.changed, labels);
        Some(series)
    }

    /// Puts a new series in.
    pub fn create(&mut self, labels: &Labels, time: Time, touched: Time) {
        let series = Series {
            value: self.first.clone(),
            time,
            touched,
            expires_after: None,
            born: 0,
        };
        self.put(labels.clone(), series);
    }

    /// Puts a series in as it was.
    pub fn put(&mut self, labels: Labels, series: Series) {
        note(&mut self.changed, &labels);
        self.born += 1;
        let born = self.born;
        self.series.insert(labels, Series { born, ..series });
    }

    pub fn remove(&mut self, labels: &Labels) -> bool {
        let is_there = self.series.remove(labels).is_some();
        if is_there {
            note(&mut self.changed, labels);
        }
        is_there
    }

    /// The series with the oldest time.
    pub fn oldest(&mut self) -> Option<Labels> {
        for refilled in [false, true] {
            if refilled {
                let all = self.series.iter();
                let with_age = all.map(|(labels, one)| (one.time, one.born, labels.clone()));
                self.oldest = with_age.collect();
                self.oldest
                    .sort_unstable_by_key(|(time, born, _)| std::cmp::Reverse((*time, *born)));
            }
            while let Some((time, born, labels)) = self.oldest.pop() {
                let now = self.series.get(&labels);
                if now.is_some_and(|one| (one.time, one.born) == (time, born)) {
                    return Some(labels);
                }
            }
        }
        None
    }

    /// What changed since the last call: the first time all series.
    pub fn changes(&mut self) -> Vec<(Labels, Option<&Series>)> {
        let changed = match self.changed.replace(HashSet::new()) {
            Some(changed) => changed.into_iter().collect(),
            None => self.series.keys().cloned().collect::<Vec<_>>(),
        };
        let series = &self.series;
        let with_value = |labels: Labels| {
            let value = series.get(&labels);
            (labels, value)
        };
        changed.into_iter().map(with_value).collect()
    }

    /// Takes over all series of another family.
    pub fn take_over(&mut self, other: &mut Family) {
        self.series = std::mem::take(&mut other.series);
        self.born = other.born;
        self.oldest.clear();
        self.changed = None;
    }
}

impl Series {
    /// A series with this value and no past.
    pub fn of(value: Value, time: Time, touched: Time, expires_after: Option<i64>) -> Series {
        Series {
            value,
            time,
            touched,
            expires_after,
            born: 0,
        }
    }

    /// Whether its time is over: it was idle since `last` for longer than it may be.
    pub fn is_over(&self, last: Time, now: Time) -> bool {
        let idle = nanoseconds(now) - nanoseconds(last);
        self.expires_after
            .is_some_and(|after| idle > i128::from(after))
    }
}

fn note(changed: &mut Option<HashSet<Labels>>, labels: &Labels) {
    if let Some(changed) = changed
        && !changed.contains(labels)
    {
        changed.insert(labels.clone());
    }
}

/// A program can set any time, so a difference may need more than 64 bits.
fn nanoseconds(time: Time) -> i128 {
    i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds)
}
