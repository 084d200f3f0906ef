//! The rules' metrics as one JSON document, for `--once --format json`.
//!
//! ```json
//! [
//!   {"name": "requests", "type": "counter", "help": "…", "series": [
//!     {"labels": {"route": "a"}, "value": 3}
//!   ]},
//!   {"name": "seconds", "type": "histogram", "help": "…", "series": [
//!     {"labels": {}, "count": 2, "sum": 0.7,
//!      "buckets": [{"le": 0.5, "count": 1}, {"le": "+Inf", "count": 2}]}
//!   ]}
//! ]
//! ```
//!
//! A series is on one line. Buckets are cumulative. What JSON has no number for is a string:
//! `"NaN"`, `"+Inf"`, `"-Inf"`.

use super::number;
use crate::metrics::kind::{Distribution, Reading};
use crate::metrics::labels;
use crate::metrics::snapshot::{FamilySnapshot, Series, Snapshot};

/// The document, with a line end.
pub fn document(snapshot: &Snapshot) -> Vec<u8> {
    let mut out = b"[".to_vec();
    let is_shown = |family: &&FamilySnapshot| family.is_shown();
    let families = snapshot.families.iter().filter(is_shown);
    for (number, each) in families.enumerate() {
        separate(number, "\n  ", &mut out);
        family(each, &mut out);
    }
    if out.len() > 1 {
        out.push(b'\n');
    }
    out.extend_from_slice(b"]\n");
    out
}

fn family(family: &FamilySnapshot, out: &mut Vec<u8>) {
    let definition = &family.definition;
    put("{\"name\": ", out);
    string(&definition.name, out);
    put(", \"type\": ", out);
    string(definition.kind.word(), out);
    put(", \"help\": ", out);
    string(&definition.help, out);
    put(", \"series\": [", out);
    for (number, each) in family.series().enumerate() {
        separate(number, "\n    ", out);
        series(&each, out);
    }
    put("\n  ]}", out);
}

fn series(series: &Series<'_>, out: &mut Vec<u8>) {
    put("{\"labels\": {", out);
    for (number, (name, value)) in labels::pairs(series.labels()).enumerate() {
        separate(number, if number == 0 { "" } else { " " }, out);
        string(&String::from_utf8_lossy(name), out);
        put(": ", out);
        string(&String::from_utf8_lossy(&labels::unescape(value)), out);
    }
    put("}, ", out);
    match series.reading() {
        Reading::Number(value) => {
            put("\"value\": ", out);
            float(value, out);
        }
        Reading::Distribution(value) => histogram(&value, out),
        Reading::Text(text) => {
            put("\"value\": ", out);
            string(&String::from_utf8_lossy(text), out);
        }
    }
    put("}", out);
}

fn histogram(value: &Distribution<'_>, out: &mut Vec<u8>) {
    put("\"count\": ", out);
    number::write_integer(value.count(), out);
    put(", \"sum\": ", out);
    float(value.sum, out);
    put(", \"buckets\": [", out);
    for (number, (bound, count)) in value.buckets().enumerate() {
        separate(number, if number == 0 { "" } else { " " }, out);
        put("{\"le\": ", out);
        float(bound, out);
        put(", \"count\": ", out);
        number::write_integer(count, out);
        put("}", out);
    }
    put("]", out);
}

fn put(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(text.as_bytes());
}

/// A comma where something comes before, and the `space` there is before what comes.
fn separate(number: usize, space: &str, out: &mut Vec<u8>) {
    if number > 0 {
        out.push(b',');
    }
    put(space, out);
}

fn string(text: &str, out: &mut Vec<u8>) {
    // Writing to memory does not fail.
    _ = serde_json::to_writer(out, text);
}

fn float(value: f64, out: &mut Vec<u8>) {
    if value.is_finite() {
        number::write(value, out);
        return;
    }
    out.push(b'"');
    number::write(value, out);
    out.push(b'"');
}
