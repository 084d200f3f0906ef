//! A store of one program's metrics in memory, for tests and for what needs no other.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::code::{Definition, Program, ValueType};
use super::vars::{Labels, Metrics, Number};
use crate::ast::{Kind, Nanoseconds};
use crate::layout::Time;

const NANOSECONDS: i128 = 1_000_000_000;

/// The metrics of a program.
#[derive(Debug, Clone)]
pub struct Memory {
    /// The program's name, for the label `prog`.
    pub(super) program: String,
    pub(super) families: Vec<Family>,
    /// When the line that is worked on was read.
    now: Time,
    /// Whether limits and expiry are those of mtail 3.0.9: only at a sweep, by the log's time.
    is_lazy: bool,
    born: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Family {
    pub definition: Definition,
    pub series: HashMap<Labels, Series, FixedState>,
}

#[derive(Debug, Clone)]
pub(super) struct Series {
    pub value: Value,
    /// The line's time at the last update.
    pub time: Time,
    /// When the line of the last update was read.
    touched: Time,
    /// Tells series of the same time apart.
    number: u64,
    expires_after: Option<Nanoseconds>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Number(Number),
    Text(String),
    Histogram(Histogram),
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Histogram {
    /// What each bucket holds by itself; the last has no bound.
    pub counts: Vec<u64>,
    pub count: u64,
    pub sum: f64,
}

impl Memory {
    /// The metrics of a program, with those that exist from the start.
    pub fn new(program: &Program) -> Self {
        let families = program.metrics.iter().map(|definition| Family {
            definition: definition.clone(),
            series: HashMap::with_hasher(FixedState::default()),
        });
        let mut memory = Memory {
            program: program.name.clone(),
            families: families.collect(),
            now: Time::default(),
            is_lazy: false,
            born: 0,
        };
        for (metric, definition) in program.metrics.iter().enumerate() {
            if definition.is_born_at_load() {
                memory.series(metric, &Labels::default(), Time::default());
            }
        }
        memory
    }

    /// Limits and expiry act only at a sweep, and expiry goes by the log's time, as in mtail 3.0.9.
    pub fn lazy(mut self) -> Self {
        self.is_lazy = true;
        self
    }

    /// Says when the next line was read.
    pub fn advance(&mut self, now: Time) {
        self.now = now;
    }

    /// How many series there are.
    pub fn len(&self) -> usize {
        self.families.iter().map(|family| family.series.len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets what has expired and what is over its limit.
    pub fn sweep(&mut self, now: Time) {
        let is_lazy = self.is_lazy;
        for family in &mut self.families {
            family.series.retain(|_, series| {
                let last = if is_lazy { series.time } else { series.touched };
                let idle = nanoseconds(now) - nanoseconds(last);
                series
                    .expires_after
                    .is_none_or(|after| idle <= i128::from(after))
            });
            let limit = family.definition.limit.unwrap_or(usize::MAX);
            family.keep(limit);
        }
    }

    /// The series, made where it is not there yet.
    fn series(&mut self, metric: usize, labels: &Labels, time: Time) -> Option<&mut Series> {
        let family = self.families.get_mut(metric)?;
        if !family.series.contains_key(labels) {
            if let Some(limit) = family.definition.limit.filter(|_| !self.is_lazy) {
                family.keep(limit.saturating_sub(1));
            }
            self.born += 1;
            let series = Series {
                value: family.definition.first_value(),
                time,
                touched: self.now,
                number: self.born,
                expires_after: None,
            };
            family.series.insert(labels.clone(), series);
        }
        family.series.get_mut(labels)
    }

    /// Changes a series, and its times.
    fn change(&mut self, metric: usize, labels: &Labels, time: Time, act: impl FnOnce(&mut Value)) {
        let now = self.now;
        if let Some(series) = self.series(metric, labels, time) {
            act(&mut series.value);
            series.time = time;
            series.touched = now;
        }
    }
}

/// A program can set any time, so a difference may need more than 64 bits.
fn nanoseconds(time: Time) -> i128 {
    i128::from(time.seconds) * NANOSECONDS + i128::from(time.nanoseconds)
}

impl Family {
    /// Forgets the oldest series until so many are left.
    fn keep(&mut self, most: usize) {
        while self.series.len() > most {
            let age = |series: &Series| (series.time, series.number);
            let oldest = self.series.iter().min_by_key(|(_, series)| age(series));
            let Some(labels) = oldest.map(|(labels, _)| labels.clone()) else {
                return;
            };
            self.series.remove(&labels);
        }
    }
}

impl Definition {
    fn first_value(&self) -> Value {
        if self.kind == Kind::Histogram {
            let counts = vec![0; self.buckets.len() + 1];
            return Value::Histogram(Histogram {
                counts,
                ..Histogram::default()
            });
        }
        match self.value {
            ValueType::Int => Value::Number(Number::Int(0)),
            ValueType::Float => Value::Number(Number::Float(0.0)),
            ValueType::Text => Value::Text(String::new()),
        }
    }
}

impl Metrics for Memory {
    fn get(&mut self, metric: usize, labels: &Labels, time: Time) -> Number {
        match self
            .series(metric, labels, time)
            .map(|series| &series.value)
        {
            Some(Value::Number(value)) => *value,
            _ => Number::Int(0),
        }
    }

    fn get_text(&mut self, metric: usize, labels: &Labels, time: Time, out: &mut String) {
        if let Some(Value::Text(text)) = self
            .series(metric, labels, time)
            .map(|series| &series.value)
        {
            out.push_str(text);
        }
    }

    fn add(&mut self, metric: usize, labels: &Labels, amount: Number, time: Time) -> Number {
        let mut sum = amount;
        self.change(metric, labels, time, |value| {
            if let Value::Number(known) = value {
                *known = match (*known, amount) {
                    (Number::Int(known), Number::Int(amount)) => {
                        Number::Int(known.wrapping_add(amount))
                    }
                    (known, amount) => Number::Float(known.float() + amount.float()),
                };
                sum = *known;
            }
        });
        sum
    }

    fn set(&mut self, metric: usize, labels: &Labels, number: Number, time: Time) {
        self.change(metric, labels, time, |value| *value = Value::Number(number));
    }

    fn set_text(&mut self, metric: usize, labels: &Labels, text: &str, time: Time) {
        self.change(metric, labels, time, |value| {
            if let Value::Text(known) = value {
                known.clear();
                known.push_str(text);
            }
        });
    }

    fn observe(&mut self, metric: usize, labels: &Labels, observed: f64, time: Time) {
        let family = self.families.get(metric);
        let bounds = family.map_or(&[][..], |family| &family.definition.buckets);
        let bucket = bounds
            .iter()
            .position(|bound| observed <= *bound)
            .unwrap_or(bounds.len());
        self.change(metric, labels, time, |value| {
            if let Value::Histogram(histogram) = value {
                if let Some(count) = histogram.counts.get_mut(bucket) {
                    *count += 1;
                }
                histogram.count += 1;
                histogram.sum += observed;
            }
        });
    }

    fn delete(&mut self, metric: usize, labels: &Labels) {
        if let Some(family) = self.families.get_mut(metric) {
            family.series.remove(labels);
        }
    }

    fn expire(&mut self, metric: usize, labels: &Labels, after: Nanoseconds) -> bool {
        let family = self.families.get_mut(metric);
        let Some(series) = family.and_then(|family| family.series.get_mut(labels)) else {
            return false;
        };
        series.expires_after = Some(after);
        true
    }
}
