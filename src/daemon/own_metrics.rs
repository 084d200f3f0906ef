//! What a page says of the program itself.

use std::sync::Arc;

use prometheus::proto::MetricFamily;

use super::mtail_pages::MtailPages;
use logmetrics_core::metrics::self_metrics::SelfMetrics;
use logmetrics_core::metrics::snapshot::Snapshot;
use logmetrics_core::metrics::store::Store;

/// The program's own metrics, and in mtail's command line what mtail would say.
pub struct OwnMetrics {
    pub self_metrics: Arc<SelfMetrics>,
    pub mtail: Option<MtailPages>,
}

impl OwnMetrics {
    /// All of them now, with what the store says of its series.
    pub fn families(&self, store: &Store) -> Vec<MetricFamily> {
        let mut families = self.self_metrics.gather(&store.counts());
        if let Some(mtail) = &self.mtail {
            families.extend(mtail.families(&self.self_metrics));
        }
        families
    }

    /// What was counted and what is said of it, at one instant. What has expired is forgotten first.
    pub fn with_counts(&self, store: &Store, now_ms: u64) -> (Snapshot, Vec<MetricFamily>) {
        let at_once = || (store.unsorted(now_ms), self.families(store));
        let (unsorted, families) = self.self_metrics.between_blocks(at_once);
        (store.sorted(unsorted), families)
    }
}
