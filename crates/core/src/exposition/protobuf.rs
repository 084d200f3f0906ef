//! The Prometheus protobuf format: `io.prometheus.client.MetricFamily` messages, each after its
//! length. <https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto>
//!
//! Written by hand, series by series: a family as one message in memory would be a whole page, and
//! the `prometheus` crate's messages are older than created times and exemplars. Its messages are
//! the oracle of the tests.

use crate::metrics::definition::Kind;
use crate::metrics::kind::{Distribution, Reading};
use crate::metrics::labels;
use crate::metrics::snapshot::{ExemplarRow, FamilySnapshot, Series};

// The fields' numbers, by their messages.
const FAMILY_NAME: u32 = 1;
const FAMILY_HELP: u32 = 2;
const FAMILY_TYPE: u32 = 3;
const FAMILY_METRIC: u32 = 4;
const METRIC_LABEL: u32 = 1;
const METRIC_GAUGE: u32 = 2;
const METRIC_COUNTER: u32 = 3;
const METRIC_HISTOGRAM: u32 = 7;
const LABEL_NAME: u32 = 1;
const LABEL_VALUE: u32 = 2;
const GAUGE_VALUE: u32 = 1;
const COUNTER_VALUE: u32 = 1;
const COUNTER_EXEMPLAR: u32 = 2;
const COUNTER_CREATED: u32 = 3;
const HISTOGRAM_COUNT: u32 = 1;
const HISTOGRAM_SUM: u32 = 2;
const HISTOGRAM_BUCKET: u32 = 3;
const HISTOGRAM_CREATED: u32 = 15;
const BUCKET_COUNT: u32 = 1;
const BUCKET_BOUND: u32 = 2;
const BUCKET_EXEMPLAR: u32 = 3;
const EXEMPLAR_LABEL: u32 = 1;
const EXEMPLAR_VALUE: u32 = 2;
const EXEMPLAR_TIME: u32 = 3;
const TIMESTAMP_SECONDS: u32 = 1;
const TIMESTAMP_NANOS: u32 = 2;

/// The length of a family and what comes before its series.
pub(super) fn header(family: &FamilySnapshot, out: &mut Vec<u8>) {
    let definition = &family.definition;
    let mut head = Vec::new();
    bytes(FAMILY_NAME, definition.name.as_bytes(), &mut head);
    bytes(FAMILY_HELP, definition.help.as_bytes(), &mut head);
    let kind = match definition.kind {
        Kind::Counter => 0,
        Kind::Gauge => 1,
        // The page has no family of texts.
        Kind::Histogram | Kind::Text => 4,
    };
    integer(FAMILY_TYPE, kind, &mut head);
    // The length is first, so all series are written twice; the first time only to measure.
    let mut scratch = Vec::new();
    let mut length = head.len();
    for each in family.series() {
        scratch.clear();
        series(definition.kind, &each, &mut scratch);
        length += scratch.len();
    }
    varint(length as u64, out);
    out.extend_from_slice(&head);
}

/// One series, as a field of its family.
pub(super) fn series(kind: Kind, series: &Series<'_>, out: &mut Vec<u8>) {
    message(FAMILY_METRIC, out, |out| {
        for (name, value) in labels::pairs(series.labels()) {
            label(METRIC_LABEL, name, &labels::unescape(value), out);
        }
        match series.reading() {
            Reading::Number(value) if kind == Kind::Counter => {
                message(METRIC_COUNTER, out, |out| counter(value, series, out));
            }
            Reading::Number(value) => message(METRIC_GAUGE, out, |out| {
                double(GAUGE_VALUE, value, out);
            }),
            Reading::Distribution(value) => message(METRIC_HISTOGRAM, out, |out| {
                histogram(&value, series, out);
            }),
            Reading::Text(_) => {}
        }
    });
}

fn counter(value: f64, series: &Series<'_>, out: &mut Vec<u8>) {
    double(COUNTER_VALUE, value, out);
    exemplar(COUNTER_EXEMPLAR, series.exemplar(0), out);
    created(COUNTER_CREATED, series, out);
}

fn histogram(value: &Distribution<'_>, series: &Series<'_>, out: &mut Vec<u8>) {
    integer(HISTOGRAM_COUNT, value.count(), out);
    double(HISTOGRAM_SUM, value.sum, out);
    for (bucket, (bound, count)) in value.buckets().enumerate() {
        message(HISTOGRAM_BUCKET, out, |out| {
            integer(BUCKET_COUNT, count, out);
            double(BUCKET_BOUND, bound, out);
            exemplar(BUCKET_EXEMPLAR, series.exemplar(bucket), out);
        });
    }
    created(HISTOGRAM_CREATED, series, out);
}

fn exemplar(field: u32, kept: Option<ExemplarRow<'_>>, out: &mut Vec<u8>) {
    let Some(kept) = kept else { return };
    message(field, out, |out| {
        label(EXEMPLAR_LABEL, b"trace_id", kept.trace_id.as_bytes(), out);
        double(EXEMPLAR_VALUE, kept.value, out);
        // More than microseconds are no truth in a float of this size.
        let microseconds = (kept.time_seconds * 1e6).round() as i64;
        let (seconds, rest) = (
            microseconds.div_euclid(1_000_000),
            microseconds.rem_euclid(1_000_000),
        );
        timestamp(EXEMPLAR_TIME, seconds, rest * 1000, out);
    });
}

fn created(field: u32, series: &Series<'_>, out: &mut Vec<u8>) {
    let milliseconds = series.created_ms() as i64;
    if milliseconds == 0 {
        return;
    }
    let nanos = milliseconds % 1000 * 1_000_000;
    timestamp(field, milliseconds / 1000, nanos, out);
}

fn timestamp(field: u32, seconds: i64, nanos: i64, out: &mut Vec<u8>) {
    message(field, out, |out| {
        integer(TIMESTAMP_SECONDS, seconds as u64, out);
        integer(TIMESTAMP_NANOS, nanos as u64, out);
    });
}

fn label(field: u32, name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    message(field, out, |out| {
        bytes(LABEL_NAME, name, out);
        bytes(LABEL_VALUE, value, out);
    });
}

// The wire format: <https://protobuf.dev/programming-guides/encoding/>.

const WIRE_VARINT: u32 = 0;
const WIRE_FIXED64: u32 = 1;
const WIRE_LENGTH: u32 = 2;

fn key(field: u32, wire: u32, out: &mut Vec<u8>) {
    varint(u64::from(field << 3 | wire), out);
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn integer(field: u32, value: u64, out: &mut Vec<u8>) {
    key(field, WIRE_VARINT, out);
    varint(value, out);
}

fn double(field: u32, value: f64, out: &mut Vec<u8>) {
    key(field, WIRE_FIXED64, out);
    out.extend_from_slice(&value.to_le_bytes());
}

fn bytes(field: u32, value: &[u8], out: &mut Vec<u8>) {
    key(field, WIRE_LENGTH, out);
    varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

/// A message in a field. Its length is known only after it; most fit into the one byte left for it,
/// and a longer one is moved.
fn message(field: u32, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    key(field, WIRE_LENGTH, out);
    let start = out.len();
    out.push(0);
    write(out);
    let end = out.len();
    let length = (end - start - 1) as u64;
    // The length goes after the message first, to see how long it is itself.
    varint(length, out);
    let bytes = out.len() - end;
    if bytes == 1 {
        out.swap_remove(start);
    } else {
        out[start + 1..].rotate_right(bytes);
        out.remove(start);
    }
}
