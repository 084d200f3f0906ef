//! The Prometheus text format 0.0.4:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.
//!
//! Gives byte for byte what the `prometheus` crate's encoder gives; a property test holds them equal.

use prometheus::TextEncoder;
use prometheus::proto::MetricFamily;

use super::number;
use crate::metrics::definition::{Definition, Kind};
use crate::metrics::snapshot::Series;

/// `# HELP` and `# TYPE`.
pub(super) fn header(definition: &Definition, out: &mut Vec<u8>) {
    let name = definition.name.as_bytes();
    if !definition.help.is_empty() {
        out.extend_from_slice(b"# HELP ");
        out.extend_from_slice(name);
        out.push(b' ');
        for &byte in definition.help.as_bytes() {
            match byte {
                b'\\' => out.extend_from_slice(br"\\"),
                b'\n' => out.extend_from_slice(br"\n"),
                other => out.push(other),
            }
        }
        out.push(b'\n');
    }
    out.extend_from_slice(b"# TYPE ");
    out.extend_from_slice(name);
    out.extend_from_slice(match definition.kind {
        Kind::Counter => b" counter\n",
        Kind::Gauge => b" gauge\n",
        Kind::Histogram { .. } => b" histogram\n",
    });
}

/// All samples of one series. A counter and a gauge have no `bounds`, a histogram has one at least.
pub(super) fn series(name: &str, bounds: &[Vec<u8>], series: &Series<'_>, out: &mut Vec<u8>) {
    let labels = series.labels();
    if bounds.is_empty() {
        sample(name, "", labels, &[], out);
        number::write(series.value(), out);
        out.push(b'\n');
        return;
    }
    let mut count = 0;
    for (bound, observations) in bounds.iter().zip(series.bucket_counts()) {
        count += observations;
        sample(name, "_bucket", labels, bound, out);
        number::write_integer(count, out);
        out.push(b'\n');
    }
    sum_and_count(name, labels, series.value(), count, out);
}

/// The last two samples of a histogram.
pub(super) fn sum_and_count(name: &str, labels: &[u8], sum: f64, count: u64, out: &mut Vec<u8>) {
    sample(name, "_sum", labels, &[], out);
    number::write(sum, out);
    out.push(b'\n');
    sample(name, "_count", labels, &[], out);
    number::write_integer(count, out);
    out.push(b'\n');
}

/// The beginning of a sample, up to its value: `name_suffix{labels,bound} `.
#[inline]
pub(super) fn sample(name: &str, suffix: &str, labels: &[u8], bound: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(suffix.as_bytes());
    if !labels.is_empty() || !bound.is_empty() {
        out.push(b'{');
        out.extend_from_slice(labels);
        if !labels.is_empty() && !bound.is_empty() {
            out.push(b',');
        }
        out.extend_from_slice(bound);
        out.extend_from_slice(b"} ");
    } else {
        out.push(b' ');
    }
}

/// One of the program's own families, by the library that keeps it.
pub(super) fn own(family: &MetricFamily, out: &mut Vec<u8>) {
    // It fails only for families without a name or a metric, which the library does not gather.
    if let Ok(text) = TextEncoder::new().encode_to_string(std::slice::from_ref(family)) {
        out.extend_from_slice(text.as_bytes());
    }
}
