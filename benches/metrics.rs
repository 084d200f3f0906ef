//! How fast updates are applied, and what a scrape of 100 000 series costs in time and memory.
//!
//! `cargo bench --bench metrics`. The allocations that are shown beside the times are those of one
//! iteration; `bear_100_000_series` thus shows what so many series hold.

use divan::{AllocProfiler, Bencher, black_box, counter::ItemsCount};
use logmetrics_core::exposition::{Exposition, Format};
use logmetrics_core::metrics::batch::{Batch, Exemplar};
use logmetrics_core::metrics::definition::{
    Definition, Kind, LABEL_VALUES_MAX, Label, MetricId, Options,
};
use logmetrics_core::metrics::kind::Operation;
use logmetrics_core::metrics::store::Store;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const SERIES: usize = 100_000;
const UPDATES: usize = 100_000;

fn main() {
    divan::main();
}

/// A store for one counter with three labels.
fn store() -> Store {
    let label = |name: &str| Label {
        name: name.to_owned(),
        values_max: LABEL_VALUES_MAX,
    };
    let definition = Definition {
        name: "requests_by_user".to_owned(),
        help: "Requests by user, route and HTTP status.".to_owned(),
        kind: Kind::Counter,
        buckets: Vec::new(),
        labels: ["route", "status", "user_email"].map(label).to_vec(),
        series_max: usize::MAX,
        expire: None,
        options: Options::default(),
    };
    Store::new(vec![definition], 0)
}

/// Writes the labels of series number `series`: 100 bytes.
fn write_labels(series: usize, text: &mut Vec<u8>) {
    let (user, route) = (series / 20, series % 20);
    let labels = format!(
        "route=\"anthropic-claude-{route:02}\",status=\"200\",\
         user_email=\"somebody.with.a.name.{user:05}@dep.example.com\""
    );
    text.extend_from_slice(labels.as_bytes());
}

/// `updates` updates in turn over `series` series.
fn batch(store: &Store, updates: usize, series: usize, traced: bool) -> Batch {
    let mut batch = Batch::new(store.hasher());
    for number in 0..updates {
        let exemplar = traced.then(|| {
            batch.exemplar(Exemplar {
                trace_id: b"4bf92f3577b34da6a3ce929d0e0e4736",
                time_seconds: Some(1_700_000_000.5),
            })
        });
        // A step that has no divisor in common with the number of series goes through all of them.
        write_labels(number * 7919 % series, batch.labels());
        batch.push(MetricId(0), Operation::Add, 1.0, exemplar);
    }
    batch
}

fn full() -> Store {
    let store = store();
    store.apply(&batch(&store, SERIES, SERIES, false), 0);
    drop(store.snapshot(0));
    store
}

#[divan::bench(args = [false, true])]
fn apply_100_000_updates_of_3_500_series(bencher: Bencher<'_, '_>, traced: bool) {
    let store = store();
    let batch = batch(&store, UPDATES, 3_500, traced);
    bencher
        .counter(ItemsCount::new(UPDATES))
        .bench_local(|| store.apply(black_box(&batch), 1));
}

#[divan::bench]
fn apply_100_000_updates_of_100_000_series(bencher: Bencher<'_, '_>) {
    let store = full();
    let batch = batch(&store, UPDATES, SERIES, false);
    bencher
        .counter(ItemsCount::new(UPDATES))
        .bench_local(|| store.apply(black_box(&batch), 1));
}

/// With a snapshot that is held, so that every chunk is copied once.
#[divan::bench]
fn apply_100_000_updates_during_a_scrape(bencher: Bencher<'_, '_>) {
    let store = full();
    let batch = batch(&store, UPDATES, SERIES, false);
    bencher
        .counter(ItemsCount::new(UPDATES))
        .with_inputs(|| store.snapshot(0))
        .bench_local_values(|snapshot| {
            store.apply(black_box(&batch), 1);
            snapshot
        });
}

#[divan::bench(sample_count = 10)]
fn bear_100_000_series(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(SERIES))
        .with_inputs(|| {
            let store = store();
            let batch = batch(&store, SERIES, SERIES, false);
            (store, batch)
        })
        .bench_local_refs(|(store, batch)| store.apply(batch, 1));
}

/// The time that the lock is held, nearly.
#[divan::bench]
fn snapshot_of_100_000_series(bencher: Bencher<'_, '_>) {
    let store = full();
    bencher.bench_local(|| store.snapshot(black_box(0)));
}

#[divan::bench(sample_count = 10)]
fn first_snapshot_of_100_000_series(bencher: Bencher<'_, '_>) {
    bencher
        .with_inputs(|| {
            let store = store();
            store.apply(&batch(&store, SERIES, SERIES, false), 0);
            store
        })
        .bench_local_refs(|store| store.snapshot(black_box(0)));
}

#[divan::bench(args = [Format::Text, Format::OpenMetrics, Format::Protobuf])]
fn scrape_100_000_series(bencher: Bencher<'_, '_>, format: Format) {
    let store = full();
    bencher.counter(ItemsCount::new(SERIES)).bench_local(|| {
        let pieces = Exposition::new(store.snapshot(0), Vec::new(), format);
        pieces.map(|piece| black_box(piece).len()).sum::<usize>()
    });
}
