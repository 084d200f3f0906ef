//! `/json`, and what one shot prints by default.

use std::collections::BTreeMap;

use logmetrics_core::engine::Engine;
use logmetrics_core::metrics::kind::{Distribution, Reading};
use logmetrics_core::metrics::snapshot::{Series, Snapshot};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{Shown, bound, shown, source};
use crate::ast::Kind;
use crate::script::code::ValueType;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric<'s> {
    name: &'s str,
    program: &'s str,
    kind: u8,
    #[serde(rename = "Type")]
    value: u8,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    keys: &'s [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    label_values: Vec<LabelValue>,
    source: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    buckets: Vec<Range>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LabelValue {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
    value: Datum,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Datum {
    #[serde(rename_all = "PascalCase")]
    Plain { value: Box<RawValue>, time: i64 },
    #[serde(rename_all = "PascalCase")]
    Buckets {
        buckets: BTreeMap<String, u64>,
        count: u64,
        sum: Box<RawValue>,
        time: i64,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Range {
    min: String,
    max: String,
}

/// All metrics as an array: `/json`.
pub fn json(engine: &Engine, snapshot: &Snapshot) -> String {
    let shown = shown(engine, snapshot);
    let all: Vec<Metric> = shown.iter().map(metric).collect();
    pretty(&all)
}

/// All metrics by name.
pub fn one_shot_json(engine: &Engine, snapshot: &Snapshot) -> String {
    let shown = shown(engine, snapshot);
    let mut names: BTreeMap<&str, Vec<Metric>> = BTreeMap::new();
    for one in &shown {
        names.entry(&one.code().name).or_default().push(metric(one));
    }
    pretty(&names)
}

fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

fn metric<'s>(one: &'s Shown<'_>) -> Metric<'s> {
    let code = one.code();
    let series = one.family.series();
    Metric {
        name: &code.name,
        program: one.program,
        kind: match code.kind {
            Kind::Counter => 1,
            Kind::Gauge => 2,
            Kind::Timer => 3,
            Kind::Text => 4,
            Kind::Histogram => 5,
        },
        value: match (code.kind, code.value) {
            (Kind::Histogram, _) => 3,
            (_, ValueType::Int) => 0,
            (_, ValueType::Float) => 1,
            (_, ValueType::Text) => 2,
        },
        keys: &code.labels,
        label_values: series.map(|series| label_value(one, &series)).collect(),
        source: source(one.program, code),
        buckets: match code.kind {
            Kind::Histogram => ranges(&code.buckets),
            _ => Vec::new(),
        },
        limit: code.limit,
    }
}

fn label_value(one: &Shown<'_>, series: &Series<'_>) -> LabelValue {
    let labels = one.metric.read_labels(series.labels());
    let time = series.time_ms().unwrap_or_default();
    let time = time.saturating_mul(1_000_000);
    LabelValue {
        labels: labels.values().map(str::to_owned).collect(),
        value: match series.reading() {
            Reading::Number(value) => Datum::Plain {
                value: number(value),
                time,
            },
            Reading::Text(text) => Datum::Plain {
                value: raw(&String::from_utf8_lossy(text)),
                time,
            },
            Reading::Distribution(distribution) => Datum::Buckets {
                buckets: buckets(&distribution),
                count: distribution.count(),
                sum: number(distribution.sum),
                time,
            },
        },
    }
}

fn buckets(distribution: &Distribution<'_>) -> BTreeMap<String, u64> {
    let bounds = distribution.bounds.iter().copied().chain([f64::INFINITY]);
    let counts = distribution.counts.iter().copied();
    bounds.map(bound).zip(counts).collect()
}

fn ranges(bounds: &[f64]) -> Vec<Range> {
    let mut before = 0.0;
    let all = bounds.iter().copied().chain([f64::INFINITY]);
    let range = |max: f64| {
        let min = std::mem::replace(&mut before, max);
        Range {
            min: bound(min),
            max: bound(max),
        }
    };
    all.map(range).collect()
}

/// A number; a whole one without a fraction, and what JSON has no number for as a text.
fn number(value: f64) -> Box<RawValue> {
    if !value.is_finite() {
        return raw(&bound(value));
    }
    let is_whole = value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0;
    match is_whole {
        true => raw(&(value as i64)),
        false => raw(&value),
    }
}

fn raw(value: &(impl Serialize + ?Sized)) -> Box<RawValue> {
    // A number or a text can always be written.
    to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
