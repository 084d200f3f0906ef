//! OpenMetrics 1.0:
//! <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>.
//!
//! A counter keeps the name its rule gives it. OpenMetrics forces `_total` on counters, so one whose
//! name ends otherwise is exposed as `unknown`, which has neither exemplars nor a created time.

use super::number;
use super::text::{begin, sample, value};
use crate::metrics::definition::{Definition, Kind};
use crate::metrics::labels;
use crate::metrics::snapshot::{ExemplarRow, Series};

const TOTAL: &str = "_total";

/// `# TYPE` and `# HELP`.
pub(super) fn header(definition: &Definition, out: &mut Vec<u8>) {
    let (name, kind) = match definition.kind {
        Kind::Counter => counter_family(&definition.name),
        other => (&*definition.name, other.word()),
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
    let Definition {
        name,
        kind,
        buckets,
        ..
    } = definition;
    let labels = series.labels();
    // An `unknown` has neither exemplars nor a created time.
    let is_typed = match kind {
        Kind::Counter => name.ends_with(TOTAL),
        other => other.begins_at_zero(),
    };
    let has_sum = has_sum(buckets.first().copied());
    series.reading().samples(|sample| {
        if !has_sum && matches!(sample.suffix, "_sum" | "_count") {
            return;
        }
        begin(name, &sample, labels, bounds, out);
        value(sample.value, out);
        if is_typed && let Some(number) = sample.exemplar {
            exemplar(series.exemplar(number), out);
        }
        out.push(b'\n');
    });
    if is_typed && series.created_ms() != 0 {
        let family = match kind {
            Kind::Counter => counter_family(name).0,
            _ => name,
        };
        created(family, series, out);
    }
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
