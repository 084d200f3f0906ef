//! The program's own metrics, which the `prometheus` crate keeps, in the form that pages are made of.
//! So no format has to know that there are two kinds of families.

use prometheus::proto::{Histogram, Metric, MetricFamily, MetricType};

use crate::metrics::definition::{Definition, Kind, Options, SERIES_MAX};
use crate::metrics::labels;
use crate::metrics::snapshot::FamilySnapshot;

/// The family with its series in the order they have there; `None` for the types that the program
/// has none of.
pub fn as_snapshot(family: &MetricFamily) -> Option<FamilySnapshot> {
    let kind = match family.get_field_type() {
        MetricType::COUNTER => Kind::Counter,
        MetricType::GAUGE => Kind::Gauge,
        MetricType::HISTOGRAM => Kind::Histogram,
        MetricType::SUMMARY | MetricType::UNTYPED => return None,
    };
    let metrics = family.get_metric();
    let first = metrics.first().and_then(|metric| metric.histogram.as_ref());
    let definition = Definition {
        name: family.name().to_owned(),
        help: family.help().to_owned(),
        kind,
        buckets: first.map(bounds).unwrap_or_default(),
        labels: Vec::new(),
        series_max: SERIES_MAX,
        expire: None,
        options: Options::default(),
    };
    let rows: Vec<_> = metrics.iter().map(row).collect();
    let rows = rows.iter().map(|(labels, row)| (&**labels, &**row));
    Some(FamilySnapshot::of_rows(definition, rows))
}

/// The labels' text and the numbers of one series.
fn row(metric: &Metric) -> (Vec<u8>, Vec<u64>) {
    let (mut text, mut value) = (Vec::new(), Vec::new());
    for (number, pair) in metric.get_label().iter().enumerate() {
        value.clear();
        labels::escape(pair.value().as_bytes(), &mut value);
        labels::write(pair.name().as_bytes(), &value, number == 0, &mut text);
    }
    if let Some(histogram) = metric.histogram.as_ref() {
        return (text, distribution(histogram));
    }
    let gauge = metric.get_gauge().value.unwrap_or_default();
    let value = metric.get_counter().value.unwrap_or(gauge);
    (text, vec![value.to_bits()])
}

fn bounds(histogram: &Histogram) -> Vec<f64> {
    let bounds = histogram.get_bucket().iter();
    let bounds = bounds.map(|bucket| bucket.upper_bound());
    bounds.filter(|bound| bound.is_finite()).collect()
}

/// What each bucket has alone, and the sum.
fn distribution(histogram: &Histogram) -> Vec<u64> {
    let buckets = histogram.get_bucket().iter();
    let finite = buckets.filter(|bucket| bucket.upper_bound().is_finite());
    let cumulative = finite.map(|bucket| bucket.cumulative_count());
    let mut before = 0;
    let alone = cumulative
        .chain([histogram.get_sample_count()])
        .map(|count| {
            let alone = count.saturating_sub(before);
            before = count;
            alone
        });
    alone
        .chain([histogram.get_sample_sum().to_bits()])
        .collect()
}
