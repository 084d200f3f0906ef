//! What a program does to its metrics, as operations for the store and changes of what is remembered.

use std::borrow::Cow;

use logmetrics_core::engine::script::ScriptOutput;
use logmetrics_core::metrics::batch::SeriesId;
use logmetrics_core::metrics::definition::Kind;
use logmetrics_core::metrics::kind::Operation;
use logmetrics_core::rules::LABEL_BYTES_MAX;

use super::known_series::KnownSeries;
use super::layout::Metric;
use super::shadow::{Family, Series, Value};
use crate::ast::Nanoseconds;
use crate::layout::Time;
use crate::script::{Change, Labels, Metrics, Number};

const NANOSECONDS: f64 = 1e9;

/// Takes the updates of one run.
pub struct Updates<'u, 'b> {
    pub metrics: &'u [Metric],
    /// For each metric that is remembered its series; empty where none is.
    pub families: &'u mut [Option<Family>],
    pub out: &'u mut ScriptOutput<'b>,
    pub known: &'u mut KnownSeries,
    /// When the line was read.
    pub read: Time,
    pub strict: bool,
    /// How many there were.
    pub count: u64,
}

impl Updates<'_, '_> {
    fn family(&mut self, metric: usize) -> Option<&mut Family> {
        self.families.get_mut(metric)?.as_mut()
    }

    /// The series as the store knows it; none where the metric is hidden.
    fn exported(&mut self, metric: usize, labels: &Labels) -> Option<SeriesId> {
        self.count += 1;
        let metric = self.metrics.get(metric)?;
        let number = metric.exported?;
        let memory = self.out.memory();
        if let Some(series) = self.known.find(memory, number, bytes(labels)) {
            return Some(series);
        }
        let write = |out: &mut Vec<u8>| metric.write_labels(labels, out);
        let series = self.out.series(number, write);
        self.known.insert(number, bytes(labels), series);
        Some(series)
    }

    /// The time of an update, where it is not that of reading.
    fn seconds(&self, time: Time) -> Option<f64> {
        (time != self.read).then(|| time.milliseconds() as f64 / 1000.0)
    }

    fn update(
        &mut self,
        metric: usize,
        labels: &Labels,
        (operation, value): (Operation, f64),
        time: Time,
    ) {
        let seconds = self.seconds(time);
        if let Some(series) = self.exported(metric, labels) {
            self.out.update(series, operation, value, seconds);
        }
    }

    /// Deletes a series everywhere.
    fn forget(&mut self, metric: usize, labels: &Labels) {
        if let Some(family) = self.family(metric) {
            family.remove(labels);
        }
        let time = self.read;
        self.update(metric, labels, (Operation::Delete, 0.0), time);
    }

    /// Makes a series that is there at `time`, if it is not there yet.
    pub fn create(&mut self, metric: usize, labels: &Labels, time: Time) {
        self.forget_expired(metric, labels);
        let most = self.metrics.get(metric).map_or(0, |metric| metric.most);
        let read = self.read;
        while let Some(family) = self.family(metric)
            && family.get(labels).is_none()
        {
            if family.len() < most.max(1) {
                family.create(labels, time, read);
                break;
            }
            let Some(oldest) = family.oldest() else {
                break;
            };
            self.forget(metric, &oldest);
        }
        self.update(metric, labels, (Operation::Create, 0.0), time);
    }

    /// Forgets a series whose time is over; in strict mode only a sweep does.
    fn forget_expired(&mut self, metric: usize, labels: &Labels) {
        let (read, strict) = (self.read, self.strict);
        let family = self.family(metric);
        let series = family.and_then(|family| family.get(labels));
        if !strict && series.is_some_and(|one| one.is_over(one.touched, read)) {
            self.forget(metric, labels);
        }
    }

    /// The remembered series, made where it is not there; its times are those of an update.
    fn touched(&mut self, metric: usize, labels: &Labels, time: Time) -> Option<&mut Series> {
        self.family(metric)?;
        self.there(metric, labels, time);
        let read = self.read;
        let series = self.family(metric)?.get_mut(labels)?;
        (series.time, series.touched) = (time, read);
        Some(series)
    }

    /// Makes a remembered series where it is not there.
    fn there(&mut self, metric: usize, labels: &Labels, time: Time) {
        self.forget_expired(metric, labels);
        let is_there = self.family(metric).map(|one| one.get(labels).is_some());
        if is_there == Some(false) {
            self.create(metric, labels, time);
        }
    }

    /// Forgets what has expired, and in strict mode what is over its limit.
    pub fn sweep(&mut self) {
        let (read, strict) = (self.read, self.strict);
        for metric in 0..self.families.len() {
            let Some(family) = self.family(metric) else {
                continue;
            };
            let is_over = |one: &Series| match strict {
                true => one.is_over(one.time, read),
                false => one.is_over(one.touched, read),
            };
            let over = family.iter().filter(|(_, series)| is_over(series));
            let over: Vec<Labels> = over.map(|(labels, _)| labels.clone()).collect();
            over.iter().for_each(|labels| self.forget(metric, labels));
            let limit = self.metrics.get(metric).and_then(|one| one.code.limit);
            while let (Some(limit), Some(family)) = (limit, self.family(metric))
                && family.len() > limit
                && let Some(oldest) = family.oldest()
            {
                self.forget(metric, &oldest);
            }
        }
    }

    fn short<'l>(&self, labels: &'l Labels) -> Cow<'l, Labels> {
        let is_short = labels.text().len() <= LABEL_BYTES_MAX
            || labels.values().all(|value| value.len() <= LABEL_BYTES_MAX);
        if self.strict || is_short {
            return Cow::Borrowed(labels);
        }
        let mut short = Labels::default();
        for value in labels.values() {
            match value.len() <= LABEL_BYTES_MAX {
                true => short.push(value),
                false => {
                    let end = value.floor_char_boundary(LABEL_BYTES_MAX - '…'.len_utf8());
                    short.push(&format!("{}…", value.get(..end).unwrap_or("")));
                }
            }
        }
        Cow::Owned(short)
    }
}

fn bytes(labels: &Labels) -> impl Iterator<Item = &[u8]> + Clone {
    labels.values().map(str::as_bytes)
}

impl Metrics for Updates<'_, '_> {
    fn get(&mut self, metric: usize, labels: &Labels, time: Time) -> Number {
        let labels = &*self.short(labels);
        if self.family(metric).is_none() {
            // Nobody asks for the value; but the series is there from now on.
            self.update(metric, labels, (Operation::Create, 0.0), time);
            return Number::Int(0);
        }
        self.there(metric, labels, time);
        match self.family(metric).and_then(|family| family.get(labels)) {
            Some(Series {
                value: Value::Number(value),
                ..
            }) => *value,
            _ => Number::Int(0),
        }
    }

    fn get_text(&mut self, metric: usize, labels: &Labels, time: Time, out: &mut String) {
        let labels = &*self.short(labels);
        self.there(metric, labels, time);
        let family = self.family(metric);
        if let Some(Value::Text(text)) = family
            .and_then(|family| family.get(labels))
            .map(|series| &series.value)
        {
            out.push_str(text);
        }
    }

    fn add(&mut self, metric: usize, labels: &Labels, amount: Number, time: Time) -> Number {
        let labels = &*self.short(labels);
        let Some(series) = self.touched(metric, labels, time) else {
            self.update(metric, labels, (Operation::Add, amount.float()), time);
            return amount;
        };
        let mut sum = amount;
        if let Value::Number(known) = &mut series.value {
            *known = match (*known, amount) {
                (Number::Int(known), Number::Int(amount)) => {
                    Number::Int(known.wrapping_add(amount))
                }
                (known, amount) => Number::Float(known.float() + amount.float()),
            };
            sum = *known;
        }
        self.update(metric, labels, (Operation::Set, sum.float()), time);
        sum
    }

    fn set(&mut self, metric: usize, labels: &Labels, number: Number, time: Time) {
        let labels = &*self.short(labels);
        if let Some(series) = self.touched(metric, labels, time) {
            series.value = Value::Number(number);
        }
        self.update(metric, labels, (Operation::Set, number.float()), time);
    }

    fn set_text(&mut self, metric: usize, labels: &Labels, value: &str, time: Time) {
        let labels = &*self.short(labels);
        if let Some(series) = self.touched(metric, labels, time) {
            series.value = Value::Text(value.to_owned());
        }
        if self.metrics.get(metric).map(Metric::kind) != Some(Kind::Text) {
            // mtail shows a text as 0.
            self.update(metric, labels, (Operation::Set, 0.0), time);
            return;
        }
        let seconds = self.seconds(time);
        if let Some(series) = self.exported(metric, labels) {
            self.out.set_text(series, value.as_bytes(), seconds);
        }
    }

    fn observe(&mut self, metric: usize, labels: &Labels, value: f64, time: Time) {
        let labels = &*self.short(labels);
        self.touched(metric, labels, time);
        self.update(metric, labels, (Operation::Observe, value), time);
    }

    #[inline]
    fn change_known(
        &mut self,
        metric: usize,
        values: &[&[u8]],
        (change, number): (Change, Number),
        time: Time,
    ) -> bool {
        // What is remembered changes as well.
        if self.family(metric).is_some() {
            return false;
        }
        let exported = self.metrics.get(metric).and_then(|metric| metric.exported);
        let Some(exported) = exported else {
            return false;
        };
        // A value that is too long is known in short, if at all, and so is not found.
        let memory = self.out.memory();
        let Some(series) = self.known.find(memory, exported, values.iter().copied()) else {
            return false;
        };
        let operation = match change {
            Change::Set => Operation::Set,
            Change::Add => Operation::Add,
            Change::Observe => Operation::Observe,
        };
        self.count += 1;
        let seconds = self.seconds(time);
        self.out.update(series, operation, number.float(), seconds);
        true
    }

    fn delete(&mut self, metric: usize, labels: &Labels) {
        let labels = &*self.short(labels);
        self.forget(metric, labels);
    }

    fn expire(&mut self, metric: usize, labels: &Labels, after: Nanoseconds) -> bool {
        let labels = &*self.short(labels);
        self.forget_expired(metric, labels);
        let family = self.family(metric);
        let Some(series) = family.and_then(|family| family.get_mut(labels)) else {
            return false;
        };
        series.expires_after = Some(after);
        if !self.strict {
            self.tell_expiry(metric, labels, after);
        }
        true
    }
}

impl Updates<'_, '_> {
    /// Tells the store again what it does not save: which series may be idle how long.
    pub fn tell_all_expiries(&mut self, metric: usize) {
        let strict = self.strict;
        let family = self.family(metric).filter(|_| !strict);
        let all = family.into_iter().flat_map(|family| family.iter());
        let told = all.filter_map(|(labels, one)| Some((labels.clone(), one.expires_after?)));
        for (labels, after) in told.collect::<Vec<_>>() {
            self.tell_expiry(metric, &labels, after);
        }
    }

    /// Lets the store forget the series in time, also where no line comes any more.
    pub fn tell_expiry(&mut self, metric: usize, labels: &Labels, after: Nanoseconds) {
        let seconds = (after as f64 / NANOSECONDS).ceil();
        let time = self.read;
        self.update(metric, labels, (Operation::ExpireAfter, seconds), time);
    }
}
