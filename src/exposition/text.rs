//! The Prometheus text format 0.0.4:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.

use prometheus::TextEncoder;
use prometheus::proto::MetricFamily;

use super::number;
use crate::metrics::definition::{Definition, Kind};
use crate::metrics::snapshot::{FamilySnapshot, Series};

/// `# HELP` and `# TYPE`.
pub(super) fn header(definition: &Definition, out: &mut Vec<u8>) {
    if !definition.help.is_empty() {
        out.extend_from_slice(b"# HELP ");
        out.extend_from_slice(definition.name.as_bytes());
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
    out.extend_from_slice(definition.name.as_bytes());
    out.extend_from_slice(match definition.kind {
        Kind::Counter => b" counter\n",
        Kind::Gauge => b" gauge\n",
        Kind::Histogram { .. } => b" histogram\n",
    });
}

/// Writes series from number `start` on until the piece is long enough; how many they were.
pub(super) fn series(
    family: &FamilySnapshot,
    start: usize,
    enough: usize,
    out: &mut Vec<u8>,
) -> usize {
    let name = family.definition.name.as_bytes();
    let bounds = match &family.definition.kind {
        Kind::Histogram { buckets } => bounds(buckets, number::write),
        Kind::Counter | Kind::Gauge => Vec::new(),
    };
    let mut written = 0;
    for series in family.series_from(start) {
        if bounds.is_empty() {
            sample_start(name, b"", series.labels(), &[], out);
            number::write(series.value(), out);
            out.push(b'\n');
        } else {
            histogram(name, &bounds, &series, out);
        }
        written += 1;
        if out.len() >= enough {
            break;
        }
    }
    written
}

/// `le="0.5"` for each bucket, `+Inf` last.
pub(super) fn bounds(buckets: &[f64], write: impl Fn(f64, &mut Vec<u8>)) -> Vec<Vec<u8>> {
    let bound = |value: f64| {
        let mut text = b"le=\"".to_vec();
        write(value, &mut text);
        text.push(b'"');
        text
    };
    buckets
        .iter()
        .copied()
        .chain([f64::INFINITY])
        .map(bound)
        .collect()
}

fn histogram(name: &[u8], bounds: &[Vec<u8>], series: &Series<'_>, out: &mut Vec<u8>) {
    let mut count = 0;
    for (bound, observations) in bounds.iter().zip(series.bucket_counts()) {
        count += observations;
        sample_start(name, b"_bucket", series.labels(), bound, out);
        number::write_integer(count, out);
        out.push(b'\n');
    }
    sample_start(name, b"_sum", series.labels(), &[], out);
    number::write(series.value(), out);
    out.push(b'\n');
    sample_start(name, b"_count", series.labels(), &[], out);
    number::write_integer(count, out);
    out.push(b'\n');
}

/// `name_suffix{labels,extra} `
pub(super) fn sample_start(
    name: &[u8],
    suffix: &[u8],
    labels: &[u8],
    extra: &[u8],
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(name);
    out.extend_from_slice(suffix);
    if !labels.is_empty() || !extra.is_empty() {
        out.push(b'{');
        out.extend_from_slice(labels);
        if !labels.is_empty() && !extra.is_empty() {
            out.push(b',');
        }
        out.extend_from_slice(extra);
        out.push(b'}');
    }
    out.push(b' ');
}

/// One of the program's own families, by the library that keeps it.
pub(super) fn own(family: &MetricFamily, out: &mut Vec<u8>) {
    // It fails only for families without a name or a metric, which the library does not gather.
    if let Ok(text) = TextEncoder::new().encode_to_string(std::slice::from_ref(family)) {
        out.extend_from_slice(text.as_bytes());
    }
}
