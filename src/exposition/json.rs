//! The rules' metrics as one JSON document, for `--once --format json`.
//!
//! `[{"name", "type", "help", "series": [{"labels": {…}, "value": n}]}]`; a histogram's series has
//! `"sum"`, `"count"` and `"buckets": [{"le", "count"}]` (cumulative) instead of a value.

use serde_json::{Map, Number, Value, json};

use crate::metrics::definition::Kind;
use crate::metrics::labels;
use crate::metrics::snapshot::{FamilySnapshot, Series, Snapshot};

/// The document, with a line end.
pub fn document(snapshot: &Snapshot) -> Vec<u8> {
    let families = snapshot.families.iter().filter(|family| !family.is_empty());
    let document = Value::Array(families.map(family).collect());
    let mut text = format!("{document:#}").into_bytes();
    text.push(b'\n');
    text
}

fn family(family: &FamilySnapshot) -> Value {
    let definition = &family.definition;
    let kind = match definition.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram { .. } => "histogram",
    };
    let series: Vec<Value> = family
        .series()
        .map(|each| series(&definition.kind, &each))
        .collect();
    json!({ "name": definition.name, "type": kind, "help": definition.help, "series": series })
}

fn series(kind: &Kind, series: &Series<'_>) -> Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let labels: Map<String, Value> = labels::pairs(series.labels())
        .map(|(name, value)| (text(name), Value::String(text(&labels::unescape(value)))))
        .collect();
    let Kind::Histogram { buckets } = kind else {
        return json!({ "labels": labels, "value": number(series.value()) });
    };
    let mut count = 0;
    let mut cumulative = Vec::new();
    for (bound, observations) in buckets
        .iter()
        .copied()
        .chain([f64::INFINITY])
        .zip(series.bucket_counts())
    {
        count += observations;
        cumulative.push(json!({ "le": number(bound), "count": count }));
    }
    json!({ "labels": labels, "sum": number(series.value()), "count": count, "buckets": cumulative })
}

/// Whole numbers without a fraction; what JSON has no number for as a string.
fn number(value: f64) -> Value {
    let mut text = Vec::new();
    super::number::write(value, &mut text);
    if value.trunc() == value && value.abs() < 9e15 {
        return json!(value as i64);
    }
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None => Value::String(String::from_utf8_lossy(&text).into_owned()),
    }
}
