//! The Prometheus protobuf format: `io.prometheus.client.MetricFamily` messages, each after its
//! length. <https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto>
//!
//! The message types are the `prometheus` crate's. They are older than created times and exemplars,
//! so those are added as unknown fields, by the numbers of the file above.

use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType,
};
use protobuf::{CodedOutputStream, Message};

use crate::metrics::definition::Kind;
use crate::metrics::family::Kept;
use crate::metrics::labels;
use crate::metrics::snapshot::{FamilySnapshot, Series};

const COUNTER_EXEMPLAR: u32 = 2;
const COUNTER_CREATED: u32 = 3;
const HISTOGRAM_CREATED: u32 = 15;
const BUCKET_EXEMPLAR: u32 = 3;
const EXEMPLAR_LABEL: u32 = 1;
const EXEMPLAR_VALUE: u32 = 2;
const EXEMPLAR_TIMESTAMP: u32 = 3;
const TIMESTAMP_SECONDS: u32 = 1;
const TIMESTAMP_NANOS: u32 = 2;

/// Appends a family after its length.
pub(super) fn write(family: &MetricFamily, out: &mut Vec<u8>) {
    // Writing to memory fails only for messages beyond 2 GiB, which limits on series prevent.
    _ = family.write_length_delimited_to_vec(out);
}

/// A family of the rules as a message.
pub(super) fn message(family: &FamilySnapshot) -> MetricFamily {
    let definition = &family.definition;
    let mut message = MetricFamily::new();
    message.set_name(definition.name.clone());
    message.set_help(definition.help.clone());
    message.set_field_type(match definition.kind {
        Kind::Counter => MetricType::COUNTER,
        Kind::Gauge => MetricType::GAUGE,
        Kind::Histogram { .. } => MetricType::HISTOGRAM,
    });
    message.set_metric(
        family
            .series()
            .map(|series| metric(&definition.kind, &series))
            .collect(),
    );
    message
}

fn metric(kind: &Kind, series: &Series<'_>) -> Metric {
    let mut metric = Metric::from_label(label_pairs(series.labels()));
    match kind {
        Kind::Counter => metric.set_counter(counter(series)),
        Kind::Gauge => {
            let mut gauge = Gauge::new();
            gauge.set_value(series.value());
            metric.set_gauge(gauge);
        }
        Kind::Histogram { buckets } => metric.set_histogram(histogram(buckets, series)),
    }
    metric
}

fn label_pairs(text: &[u8]) -> Vec<LabelPair> {
    let pair = |(name, value): (&[u8], &[u8])| {
        let mut pair = LabelPair::new();
        pair.set_name(String::from_utf8_lossy(name).into_owned());
        pair.set_value(String::from_utf8_lossy(&labels::unescape(value)).into_owned());
        pair
    };
    labels::pairs(text).map(pair).collect()
}

fn counter(series: &Series<'_>) -> Counter {
    let mut counter = Counter::new();
    counter.set_value(series.value());
    let unknown = counter.special_fields.mut_unknown_fields();
    if let Some(kept) = series.exemplar(0) {
        unknown.add_length_delimited(COUNTER_EXEMPLAR, exemplar(kept));
    }
    unknown.add_length_delimited(COUNTER_CREATED, created(series));
    counter
}

fn histogram(buckets: &[f64], series: &Series<'_>) -> Histogram {
    let mut histogram = Histogram::new();
    let mut count = 0;
    let bounds = buckets.iter().copied().chain([f64::INFINITY]);
    for (number, (bound, observations)) in bounds.zip(series.bucket_counts()).enumerate() {
        count += observations;
        let mut bucket = Bucket::new();
        bucket.set_cumulative_count(count);
        bucket.set_upper_bound(bound);
        if let Some(kept) = series.exemplar(number) {
            let unknown = bucket.special_fields.mut_unknown_fields();
            unknown.add_length_delimited(BUCKET_EXEMPLAR, exemplar(kept));
        }
        histogram.bucket.push(bucket);
    }
    histogram.set_sample_count(count);
    histogram.set_sample_sum(series.value());
    let unknown = histogram.special_fields.mut_unknown_fields();
    unknown.add_length_delimited(HISTOGRAM_CREATED, created(series));
    histogram
}

fn created(series: &Series<'_>) -> Vec<u8> {
    let milliseconds = series.created_ms();
    timestamp(
        (milliseconds / 1000) as i64,
        (milliseconds % 1000) as i32 * 1_000_000,
    )
}

fn exemplar(kept: &Kept) -> Vec<u8> {
    let mut pair = LabelPair::new();
    pair.set_name("trace_id".to_owned());
    pair.set_value(kept.exemplar.trace_id.to_string());
    encode(|out| {
        out.write_bytes(EXEMPLAR_LABEL, &pair.write_to_bytes()?)?;
        out.write_double(EXEMPLAR_VALUE, kept.value)?;
        if let Some(seconds) = kept.exemplar.time_seconds {
            let whole = seconds.floor();
            let nanos = ((seconds - whole) * 1e6).round() as i32 * 1000;
            let (whole, nanos) = if nanos >= 1_000_000_000 {
                (whole + 1.0, 0)
            } else {
                (whole, nanos)
            };
            out.write_bytes(EXEMPLAR_TIMESTAMP, &timestamp(whole as i64, nanos))?;
        }
        Ok(())
    })
}

fn timestamp(seconds: i64, nanos: i32) -> Vec<u8> {
    encode(|out| {
        out.write_int64(TIMESTAMP_SECONDS, seconds)?;
        out.write_int32(TIMESTAMP_NANOS, nanos)
    })
}

/// Writes a message by hand; memory does not fail.
fn encode(write: impl FnOnce(&mut CodedOutputStream<'_>) -> protobuf::Result<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut out = CodedOutputStream::vec(&mut bytes);
    _ = write(&mut out).and_then(|()| out.flush());
    drop(out);
    bytes
}
