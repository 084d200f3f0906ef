//! OpenMetrics 1.0:
//! <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>.
//!
//! A counter keeps the name its rule gives it. OpenMetrics forces `_total` on counters, so one whose
//! name ends otherwise is exposed as `unknown`, which has neither exemplars nor a created time.

use prometheus::proto::{Histogram, MetricFamily, MetricType};

use super::number;
use super::text::{sample, sum_and_count};
use crate::metrics::definition::{Definition, Kind};
use crate::metrics::labels;
use crate::metrics::snapshot::{ExemplarRow, Series};

const TOTAL: &str = "_total";

/// `# TYPE` and `# HELP`.
pub(super) fn header(definition: &Definition, out: &mut Vec<u8>) {
    let (name, kind) = match definition.kind {
        Kind::Counter => counter_family(&definition.name),
        Kind::Gauge => (&*definition.name, "gauge"),
        Kind::Histogram { .. } => (&*definition.name, "histogram"),
    };
    write_header(name, kind, &definition.help, out);
}

/// The family that a counter of this name is in, and its type.
fn counter_family(name: &str) -> (&str, &'static str) {
    match name.strip_suffix(TOTAL) {
        Some(family) => (family, "counter"),
        None => (name, "unknown"),
    }
}

fn write_header(name: &str, kind: &str, help: &str, out: &mut Vec<u8>) {
    for part in ["# TYPE ", name, " ", kind, "\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    if help.is_empty() {
        return;
    }
    for part in ["# HELP ", name, " "] {
        out.extend_from_slice(part.as_bytes());
    }
    labels::escape(help.as_bytes(), out);
    out.push(b'\n');
}

/// All samples of one series. `bounds` are those of a histogram.
pub(super) fn series(
    definition: &Definition,
    bounds: &[Vec<u8>],
    series: &Series<'_>,
    out: &mut Vec<u8>,
) {
    let name = &definition.name;
    match &definition.kind {
        Kind::Histogram { buckets } => histogram(name, buckets, bounds, series, out),
        Kind::Counter if name.ends_with(TOTAL) => counter(name, series, out),
        Kind::Counter | Kind::Gauge => {
            sample(name, "", series.labels(), &[], out);
            number::write(series.value(), out);
            out.push(b'\n');
        }
    }
}

fn counter(name: &str, series: &Series<'_>, out: &mut Vec<u8>) {
    sample(name, "", series.labels(), &[], out);
    number::write(series.value(), out);
    exemplar(series.exemplar(0), out);
    out.push(b'\n');
    created(counter_family(name).0, series, out);
}

fn histogram(
    name: &str,
    buckets: &[f64],
    bounds: &[Vec<u8>],
    series: &Series<'_>,
    out: &mut Vec<u8>,
) {
    let mut count = 0;
    let counts = series.bucket_counts();
    for (bucket, (bound, observations)) in bounds.iter().zip(counts).enumerate() {
        count += observations;
        sample(name, "_bucket", series.labels(), bound, out);
        number::write_integer(count, out);
        exemplar(series.exemplar(bucket), out);
        out.push(b'\n');
    }
    if has_sum(buckets.first().copied()) {
        sum_and_count(name, series.labels(), series.value(), count, out);
    }
    created(name, series, out);
}

/// Where a bound is below 0, the sum may fall, and then the standard allows neither it nor the count
/// (which is that of the bucket `+Inf`): a strict reader would refuse the whole page.
fn has_sum(lowest_bound: Option<f64>) -> bool {
    lowest_bound.is_none_or(|bound| bound >= 0.0)
}

fn created(family: &str, series: &Series<'_>, out: &mut Vec<u8>) {
    sample(family, "_created", series.labels(), &[], out);
    number::write(series.created_ms() as f64 / 1000.0, out);
    out.push(b'\n');
}

/// ` # {trace_id="…"} value time`
fn exemplar(kept: Option<ExemplarRow<'_>>, out: &mut Vec<u8>) {
    let Some(kept) = kept else { return };
    out.extend_from_slice(b" # {trace_id=\"");
    labels::escape(kept.trace_id.as_bytes(), out);
    out.extend_from_slice(b"\"} ");
    number::write(kept.value, out);
    out.push(b' ');
    number::write(kept.time_seconds, out);
}

/// One of the program's own families. The library does not know when its series were created.
pub(super) fn own(family: &MetricFamily, out: &mut Vec<u8>) {
    let name = family.name();
    let (of_family, kind) = match family.get_field_type() {
        MetricType::COUNTER => counter_family(name),
        MetricType::GAUGE => (name, "gauge"),
        MetricType::HISTOGRAM => (name, "histogram"),
        // The program has none.
        MetricType::SUMMARY | MetricType::UNTYPED => return,
    };
    write_header(of_family, kind, family.help(), out);
    let mut labels = Vec::new();
    let mut value = Vec::new();
    for metric in family.get_metric() {
        labels.clear();
        for (number, pair) in metric.get_label().iter().enumerate() {
            value.clear();
            labels::escape(pair.value().as_bytes(), &mut value);
            labels::write(pair.name().as_bytes(), &value, number == 0, &mut labels);
        }
        if let Some(histogram) = metric.histogram.as_ref() {
            own_histogram(name, &labels, histogram, out);
            continue;
        }
        sample(name, "", &labels, &[], out);
        let gauge = metric.get_gauge().value.unwrap_or_default();
        number::write(metric.get_counter().value.unwrap_or(gauge), out);
        out.push(b'\n');
    }
}

fn own_histogram(name: &str, labels: &[u8], histogram: &Histogram, out: &mut Vec<u8>) {
    let finite = histogram.get_bucket().iter();
    let finite = finite.filter(|bucket| bucket.upper_bound().is_finite());
    let buckets = finite.map(|bucket| (bucket.upper_bound(), bucket.cumulative_count()));
    let count = histogram.get_sample_count();
    for (bound, count) in buckets.chain([(f64::INFINITY, count)]) {
        let mut le = b"le=\"".to_vec();
        number::write_canonical(bound, &mut le);
        le.push(b'"');
        sample(name, "_bucket", labels, &le, out);
        number::write_integer(count, out);
        out.push(b'\n');
    }
    sum_and_count(name, labels, histogram.get_sample_sum(), count, out);
}
