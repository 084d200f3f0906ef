//! The text form and the protobuf form hold what the `prometheus` crate gives for the same updates.

use std::collections::BTreeMap;

use ::protobuf::{CodedInputStream, CodedOutputStream, Message};
use prometheus::core::Collector;
use prometheus::proto::{Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricType};
use prometheus::{CounterVec, GaugeVec, HistogramVec, TextEncoder};
use proptest::prelude::*;

use super::*;
use crate::metrics::labels;
use crate::metrics::snapshot::{ExemplarRow, Series};
use crate::metrics::testing::Form;

/// A metric's name, help, type and labels.
#[derive(Debug, Clone)]
struct Shape {
    name: &'static str,
    help: String,
    kind: Form,
    labels: Vec<&'static str>,
}

#[derive(Debug, Clone)]
struct Step {
    metric: prop::sample::Index,
    values: [String; 3],
    /// In 64ths, so that sums are exact in any order and none needs an exponent.
    value: i32,
    /// In place of the value of a gauge.
    gauge: f64,
}

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let labels = prop::sample::subsequence(vec!["a", "ab", "b"], 0..=3);
    let bounds = prop::collection::btree_set(-400_i32..400, 1..5);
    let kind = prop_oneof![
        Just(Kind::Counter.into()),
        Just(Kind::Gauge.into()),
        bounds.prop_map(|bounds| {
            let bounds: Vec<f64> = bounds
                .iter()
                .map(|bound| f64::from(*bound) / 64.0)
                .collect();
            histogram(&bounds)
        }),
    ];
    // Names sort by bytes, and one is the beginning of another.
    let names = prop::sample::subsequence(vec!["m", "m_total", "Z", "ma", "_x"], 1..=5);
    names.prop_flat_map(move |names| {
        let shape = ("[ -~\n\\\\é]{0,9}", kind.clone(), labels.clone());
        let shapes = prop::collection::vec(shape, names.len());
        (Just(names), shapes).prop_map(|(names, shapes)| {
            let shapes = names.into_iter().zip(shapes);
            shapes
                .map(|(name, (help, kind, labels))| Shape {
                    name,
                    // The crate wants some help.
                    help: format!("h{help}"),
                    kind,
                    labels,
                })
                .collect()
        })
    })
}

fn step() -> impl Strategy<Value = Step> {
    // Values of which one begins another, and what needs escapes or sorts near the quote.
    let value = prop_oneof!["[ab!#\"\\\\\n ]{0,3}", any::<String>()];
    let magnitude = prop_oneof![Just(0.0), 1e-7..1.0, 1.0..1e9, 1e9..1e21];
    let gauge = (magnitude, any::<bool>()).prop_map(
        |(value, minus): (f64, bool)| {
            if minus { -value } else { value }
        },
    );
    let values = prop::array::uniform3(value);
    let metric = any::<prop::sample::Index>();
    (metric, values, -500_i32..500_000, gauge).prop_map(|(metric, values, value, gauge)| Step {
        metric,
        values,
        value,
        gauge,
    })
}

/// The crate's metric of a shape.
enum Theirs {
    Counter(CounterVec),
    Gauge(GaugeVec),
    Histogram(HistogramVec),
}

impl Theirs {
    fn new(shape: &Shape, registry: &Registry) -> Theirs {
        let options = Opts::new(shape.name, &shape.help);
        fn register<C: Collector + Clone + 'static>(metric: C, registry: &Registry) -> C {
            registry.register(Box::new(metric.clone())).unwrap();
            metric
        }
        match shape.kind.kind {
            Kind::Counter => {
                let counter = CounterVec::new(options, &shape.labels).unwrap();
                Theirs::Counter(register(counter, registry))
            }
            Kind::Gauge => {
                let gauge = GaugeVec::new(options, &shape.labels).unwrap();
                Theirs::Gauge(register(gauge, registry))
            }
            Kind::Histogram => {
                let options = HistogramOpts::from(options).buckets(shape.kind.buckets.clone());
                let histogram = HistogramVec::new(options, &shape.labels).unwrap();
                Theirs::Histogram(register(histogram, registry))
            }
            Kind::Text => unreachable!(),
        }
    }

    fn update(&self, values: &[&str], value: f64) {
        match self {
            Theirs::Counter(counter) => counter.with_label_values(values).inc_by(value),
            Theirs::Gauge(gauge) => gauge.with_label_values(values).set(value),
            Theirs::Histogram(histogram) => histogram.with_label_values(values).observe(value),
        }
    }
}

proptest! {
    #[test]
    fn text_is_what_the_crate_gives(
        shapes in shapes(),
        rounds in prop::collection::vec(prop::collection::vec(step(), 0..20), 1..4),
    ) {
        let registry = Registry::new();
        let theirs: Vec<Theirs> = shapes.iter().map(|shape| Theirs::new(shape, &registry)).collect();
        let definitions = shapes.iter().map(|shape| Definition {
            help: shape.help.clone(),
            ..definition(shape.name, shape.kind.clone(), &shape.labels)
        });
        let store = Store::new(definitions.collect(), 0);
        for (shape, theirs) in shapes.iter().zip(&theirs) {
            // With us these are there from the start.
            if let (true, Theirs::Counter(counter)) = (shape.labels.is_empty(), theirs) {
                counter.with_label_values::<&str>(&[]);
            }
            if let (true, Theirs::Histogram(histogram)) = (shape.labels.is_empty(), theirs) {
                histogram.with_label_values::<&str>(&[]);
            }
        }
        let mut known = BTreeMap::new();
        // A snapshot after each round, so that later creations are merged into an order.
        for steps in rounds {
            let mut updates = Updates::new(&store);
            for step in steps {
                let metric = step.metric.index(shapes.len());
                let shape = &shapes[metric];
                let values: Vec<&str> = step.values.iter().map(String::as_str).collect();
                let values = &values[..shape.labels.len()];
                // The crate takes values that are the same when written together for the same.
                let first = known.entry((metric, values.concat())).or_insert(owned(values));
                if *first != owned(values) {
                    continue;
                }
                let value = match shape.kind.kind {
                    Kind::Counter => f64::from(step.value.abs()) / 64.0,
                    Kind::Gauge => step.gauge,
                    Kind::Histogram => f64::from(step.value) / 64.0,
                    Kind::Text => unreachable!(),
                };
                updates.push(metric as u32, values, value);
                theirs[metric].update(values, value);
            }
            updates.apply(0);
            let expected = TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
            prop_assert_eq!(page(&store.snapshot(0), &[], Format::Text), expected);
        }
    }
}

fn owned(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

/// All messages of a page.
fn decode(page: &[u8]) -> Vec<MetricFamily> {
    let mut input = CodedInputStream::from_bytes(page);
    let mut families = Vec::new();
    while !input.eof().unwrap() {
        families.push(input.read_message::<MetricFamily>().unwrap());
    }
    families
}

/// A family as the crate's messages say it. What they are too old to know is added as fields
/// without a name, by the numbers in the newer definition of the format.
fn message(family: &FamilySnapshot) -> MetricFamily {
    let definition = &family.definition;
    let mut message = MetricFamily::new();
    message.set_name(definition.name.clone());
    message.set_help(definition.help.clone());
    message.set_field_type(match definition.kind {
        Kind::Counter => MetricType::COUNTER,
        Kind::Gauge => MetricType::GAUGE,
        Kind::Histogram => MetricType::HISTOGRAM,
        Kind::Text => unreachable!(),
    });
    let series = family.series().map(|series| metric(definition, &series));
    message.set_metric(series.collect());
    message
}

fn metric(definition: &Definition, series: &Series<'_>) -> Metric {
    let pairs = labels::pairs(series.labels());
    let mut metric = Metric::from_label(
        pairs
            .map(|(name, value)| label(name, &labels::unescape(value)))
            .collect(),
    );
    match definition.kind {
        Kind::Counter => {
            let mut counter = Counter::new();
            counter.set_value(series.value());
            let unknown = counter.special_fields.mut_unknown_fields();
            if let Some(kept) = series.exemplar(0) {
                unknown.add_length_delimited(2, exemplar(kept));
            }
            unknown.add_length_delimited(3, timestamp(series.created_ms() as f64 / 1000.0));
            metric.set_counter(counter);
        }
        Kind::Gauge => {
            let mut gauge = Gauge::new();
            gauge.set_value(series.value());
            metric.set_gauge(gauge);
        }
        Kind::Histogram => {
            metric.set_histogram(histogram_message(&definition.buckets, series));
        }
        Kind::Text => unreachable!(),
    }
    metric
}

fn histogram_message(buckets: &[f64], series: &Series<'_>) -> Histogram {
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
            unknown.add_length_delimited(3, exemplar(kept));
        }
        histogram.bucket.push(bucket);
    }
    histogram.set_sample_count(count);
    histogram.set_sample_sum(series.value());
    let created = timestamp(series.created_ms() as f64 / 1000.0);
    let unknown = histogram.special_fields.mut_unknown_fields();
    unknown.add_length_delimited(15, created);
    histogram
}

fn label(name: &[u8], value: &[u8]) -> LabelPair {
    let mut pair = LabelPair::new();
    pair.set_name(String::from_utf8(name.to_vec()).unwrap());
    pair.set_value(String::from_utf8(value.to_vec()).unwrap());
    pair
}

/// `Exemplar { repeated LabelPair label = 1; double value = 2; Timestamp timestamp = 3; }`
fn exemplar(kept: ExemplarRow<'_>) -> Vec<u8> {
    let pair = label(b"trace_id", kept.trace_id.as_bytes());
    let mut bytes = Vec::new();
    let mut out = CodedOutputStream::vec(&mut bytes);
    out.write_bytes(1, &pair.write_to_bytes().unwrap()).unwrap();
    out.write_double(2, kept.value).unwrap();
    out.write_bytes(3, &timestamp(kept.time_seconds)).unwrap();
    out.flush().unwrap();
    drop(out);
    bytes
}

/// `Timestamp { int64 seconds = 1; int32 nanos = 2; }`
fn timestamp(seconds: f64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut out = CodedOutputStream::vec(&mut bytes);
    out.write_int64(1, seconds.trunc() as i64).unwrap();
    let milliseconds = (seconds.fract() * 1000.0).round() as i32;
    out.write_int32(2, milliseconds * 1_000_000).unwrap();
    out.flush().unwrap();
    drop(out);
    bytes
}

/// What is no number equals nothing, itself included.
fn without_nan(mut family: MetricFamily) -> MetricFamily {
    for metric in family.mut_metric() {
        if let Some(gauge) = metric.gauge.as_mut().filter(|gauge| gauge.value().is_nan()) {
            gauge.set_value(12345.0);
        }
    }
    family
}

/// The crate leaves out the last bucket, which we write in every format.
fn with_last_bucket(mut family: MetricFamily) -> MetricFamily {
    for metric in family.mut_metric() {
        if let Some(histogram) = metric.histogram.as_mut() {
            let mut last = Bucket::new();
            last.set_cumulative_count(histogram.get_sample_count());
            last.set_upper_bound(f64::INFINITY);
            histogram.bucket.push(last);
        }
    }
    family
}

#[test]
fn protobuf_is_what_the_crate_reads() {
    let snapshot = everything();
    let mut expected: BTreeMap<String, MetricFamily> = BTreeMap::new();
    let rules = snapshot.families.iter().filter(|family| !family.is_empty());
    for family in rules
        .map(message)
        .chain(own().into_iter().map(with_last_bucket))
    {
        expected.insert(family.name().to_owned(), family);
    }
    let page = Exposition::new(snapshot, own(), Format::Protobuf).into_bytes();
    let decoded = decode(&page);
    assert_eq!(decoded.len(), 8);
    for (decoded, (_, expected)) in decoded.iter().zip(expected) {
        assert_eq!(without_nan(decoded.clone()), without_nan(expected));
    }
    let tokens = decoded
        .iter()
        .find(|family| family.name() == "tokens_total")
        .unwrap();
    let counter = tokens.get_metric()[0].get_counter();
    assert!(counter.special_fields.unknown_fields().get(3).is_some());
}

#[test]
fn long_labels_and_many_buckets_keep_their_lengths() {
    let buckets: Vec<f64> = (1..200).map(f64::from).collect();
    let definitions = vec![
        definition("a", Kind::Counter, &["l"]),
        definition("b", histogram(&buckets), &["l"]),
    ];
    let store = Store::new(definitions, 0);
    let mut updates = Updates::new(&store);
    for length in [
        0, 1, 100, 110, 120, 127, 128, 129, 200, 16_383, 16_384, 70_000,
    ] {
        for metric in 0..2 {
            updates.push(metric, &["\"".repeat(length).as_str()], 77.0);
        }
    }
    updates.apply(1_000);
    let snapshot = store.snapshot(1_000);
    let expected: Vec<MetricFamily> = snapshot.families.iter().map(message).collect();
    let page = Exposition::new(snapshot, Vec::new(), Format::Protobuf).into_bytes();
    assert!(decode(&page) == expected);
}
