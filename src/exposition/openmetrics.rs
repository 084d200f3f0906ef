//! OpenMetrics 1.0:
//! <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>.
//!
//! A counter keeps the name its rule gives it. OpenMetrics forces `_total` on counters, so one whose
//! name ends otherwise is exposed as `unknown`, which has neither exemplars nor a created time.

use std::io::Write;

use prometheus::proto::{MetricFamily, MetricType};

use super::number;
use super::text::{bounds, sample_start};
use crate::metrics::definition::{Definition, Kind};
use crate::metrics::family::Kept;
use crate::metrics::snapshot::{FamilySnapshot, Series};

const TOTAL: &str = "_total";

/// `# TYPE` and `# HELP`.
pub(super) fn header(definition: &Definition, out: &mut Vec<u8>) {
    let (family, kind) = match (&definition.kind, definition.name.strip_suffix(TOTAL)) {
        (Kind::Counter, Some(family)) => (family, "counter"),
        (Kind::Counter, None) => (definition.name.as_str(), "unknown"),
        (Kind::Gauge, _) => (definition.name.as_str(), "gauge"),
        (Kind::Histogram { .. }, _) => (definition.name.as_str(), "histogram"),
    };
    write_header(family, kind, &definition.help, out);
}

fn write_header(family: &str, kind: &str, help: &str, out: &mut Vec<u8>) {
    // Writing to a Vec cannot fail.
    _ = writeln!(out, "# TYPE {family} {kind}");
    if help.is_empty() {
        return;
    }
    _ = write!(out, "# HELP {family} ");
    escape(help, out);
    out.push(b'\n');
}

/// Escapes help texts and label values.
fn escape(text: &str, out: &mut Vec<u8>) {
    for &byte in text.as_bytes() {
        match byte {
            b'\\' => out.extend_from_slice(br"\\"),
            b'\n' => out.extend_from_slice(br"\n"),
            b'"' => out.extend_from_slice(b"\\\""),
            other => out.push(other),
        }
    }
}

/// Writes series from number `start` on until the piece is long enough; how many they were.
pub(super) fn series(
    family: &FamilySnapshot,
    start: usize,
    enough: usize,
    out: &mut Vec<u8>,
) -> usize {
    let name = family.definition.name.as_str();
    let bounds = match &family.definition.kind {
        Kind::Histogram { buckets } => bounds(buckets, number::write_canonical),
        _ => Vec::new(),
    };
    let mut written = 0;
    for series in family.series_from(start) {
        match (&family.definition.kind, name.strip_suffix(TOTAL)) {
            (Kind::Counter, Some(family)) => counter(family, &series, out),
            (Kind::Histogram { .. }, _) => histogram(name, &bounds, &series, out),
            _ => {
                sample_start(name.as_bytes(), b"", series.labels(), &[], out);
                number::write(series.value(), out);
                out.push(b'\n');
            }
        }
        written += 1;
        if out.len() >= enough {
            break;
        }
    }
    written
}

fn counter(family: &str, series: &Series<'_>, out: &mut Vec<u8>) {
    sample_start(
        family.as_bytes(),
        TOTAL.as_bytes(),
        series.labels(),
        &[],
        out,
    );
    number::write(series.value(), out);
    exemplar(series.exemplar(0), out);
    out.push(b'\n');
    created(family, series, out);
}

fn histogram(name: &str, bounds: &[Vec<u8>], series: &Series<'_>, out: &mut Vec<u8>) {
    let mut count = 0;
    for (bucket, (bound, observations)) in bounds.iter().zip(series.bucket_counts()).enumerate() {
        count += observations;
        sample_start(name.as_bytes(), b"_bucket", series.labels(), bound, out);
        number::write_integer(count, out);
        exemplar(series.exemplar(bucket), out);
        out.push(b'\n');
    }
    sample_start(name.as_bytes(), b"_sum", series.labels(), &[], out);
    number::write(series.value(), out);
    out.push(b'\n');
    sample_start(name.as_bytes(), b"_count", series.labels(), &[], out);
    number::write_integer(count, out);
    out.push(b'\n');
    created(name, series, out);
}

fn created(family: &str, series: &Series<'_>, out: &mut Vec<u8>) {
    sample_start(family.as_bytes(), b"_created", series.labels(), &[], out);
    number::write_seconds(series.created_ms(), out);
    out.push(b'\n');
}

/// ` # {trace_id="…"} value time`
fn exemplar(kept: Option<&Kept>, out: &mut Vec<u8>) {
    let Some(kept) = kept else { return };
    _ = write!(out, " # {{trace_id=\"{}\"}} ", kept.exemplar.trace_id);
    number::write(kept.value, out);
    if let Some(seconds) = kept.exemplar.time_seconds {
        out.push(b' ');
        number::write(seconds, out);
    }
}

/// One of the program's own families, which are counters and gauges.
pub(super) fn own(family: &MetricFamily, out: &mut Vec<u8>) {
    let is_counter = family.get_field_type() == MetricType::COUNTER;
    let (name, suffix, kind) = match (is_counter, family.name().strip_suffix(TOTAL)) {
        (true, Some(name)) => (name, TOTAL, "counter"),
        (true, None) => (family.name(), "", "unknown"),
        (false, _) => (family.name(), "", "gauge"),
    };
    write_header(name, kind, family.help(), out);
    for metric in family.get_metric() {
        let mut labels = Vec::new();
        for label in metric.get_label() {
            if !labels.is_empty() {
                labels.push(b',');
            }
            labels.extend_from_slice(label.name().as_bytes());
            labels.extend_from_slice(b"=\"");
            escape(label.value(), &mut labels);
            labels.push(b'"');
        }
        sample_start(name.as_bytes(), suffix.as_bytes(), &labels, &[], out);
        let value = if is_counter {
            metric.get_counter().value()
        } else {
            metric.get_gauge().value()
        };
        number::write(value, out);
        out.push(b'\n');
    }
}
