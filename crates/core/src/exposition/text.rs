//! The Prometheus text format 0.0.4:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.
//!
//! Gives byte for byte what the `prometheus` crate's encoder gives; a property test holds them equal.

use super::number;
use crate::metrics::definition::{Definition, NumberForm};
use crate::metrics::kind::{Sample, SampleValue};
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
    out.push(b' ');
    out.extend_from_slice(definition.kind.word().as_bytes());
    out.push(b'\n');
}

/// All samples of one series. `bounds` are those of a histogram.
pub(super) fn series(
    definition: &Definition,
    bounds: &[Vec<u8>],
    series: &Series<'_>,
    out: &mut Vec<u8>,
) {
    let labels = series.labels();
    let options = &definition.options;
    let time_ms = series.time_ms().filter(|_| !options.hides_time);
    series.reading().samples(|sample| {
        begin(&definition.name, &sample, labels, bounds, out);
        match (options.number_form, sample.value) {
            (NumberForm::Decimal, plain) => value(plain, out),
            (NumberForm::General, SampleValue::Number(value)) => number::write_general(value, out),
            (NumberForm::General, SampleValue::Count(count)) => {
                number::write_general(count as f64, out);
            }
        }
        if let Some(time_ms) = time_ms {
            out.push(b' ');
            number::write(time_ms as f64, out);
        }
        out.push(b'\n');
    });
}

#[inline(always)]
pub(super) fn value(value: SampleValue, out: &mut Vec<u8>) {
    match value {
        SampleValue::Number(value) => number::write(value, out),
        SampleValue::Count(count) => number::write_integer(count, out),
    }
}

/// The beginning of a sample, up to its value.
#[inline(always)]
pub(super) fn begin(name: &str, of: &Sample, labels: &[u8], bounds: &[Vec<u8>], out: &mut Vec<u8>) {
    let bound = of.bucket.and_then(|bucket| bounds.get(bucket));
    sample(
        name,
        of.suffix,
        labels,
        bound.map_or(b"", |bound| bound),
        out,
    );
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
