//! `--once` on several files: whether several threads may read them, so that what is printed is what
//! one thread would have printed. (A sum of fractions may differ in its last digit, as floats do that
//! are added in another order.)

use std::sync::Arc;

use arc_swap::ArcSwap;

use logmetrics_core::metrics::definition::Kind;
use logmetrics_core::metrics::store::Store;
use logmetrics_core::pipeline::{Active, Shared};

/// How many threads may read files into this store.
pub fn threads(store: &Store) -> usize {
    let mut metrics = store.definitions().iter();
    // The last value stays, and which one is last is a matter of the files' order.
    if metrics.any(|metric| metric.kind == Kind::Gauge) {
        return 1;
    }
    // Knows of affinity and of control groups.
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Whether another order of the files would have given other series: who comes first has a place
/// within the limits.
pub fn depend_on_order(store: &Store) -> bool {
    store.counts().iter().any(|counts| {
        let mut labels = counts.label_limited_total.iter();
        counts.series_limited_total > 0 || labels.any(|(_, total)| *total > 0)
    })
}

/// The same rules, with a store in which nothing is counted yet.
pub fn emptied(shared: &Shared) -> Arc<ArcSwap<Active>> {
    let active = shared.live.load();
    let definitions = active.store.definitions().to_vec();
    Arc::new(ArcSwap::from_pointee(Active {
        engine: Arc::clone(&active.engine),
        store: Arc::new(Store::new(definitions, shared.clock.now_ms())),
        counters: active.counters.clone(),
        loaded_ms: active.loaded_ms,
    }))
}
