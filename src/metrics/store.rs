//! The one registry of the rules' series.
//!
//! Lock policy: a mutex is held for one batch of updates, or for copying values for a snapshot, and
//! never while anything is sorted or rendered. Scrapes take turns among themselves at a second one,
//! which no update ever touches.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::batch::{Batch, LabelHasher};
use super::definition::Definition;
use super::family::Family;
use super::snapshot::{FamilySnapshot, Order, Snapshot};

/// All series.
#[derive(Debug)]
pub struct Store {
    definitions: Arc<[Definition]>,
    hasher: LabelHasher,
    families: Mutex<Families>,
    /// The sorted lists of series as the last snapshot left them, one for each family.
    orders: Mutex<Vec<Order>>,
}

#[derive(Debug)]
struct Families {
    list: Vec<Family>,
    expired_s: u64,
}

/// How many series a metric has, and what its limits have folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesCounts {
    /// The metric's name.
    pub metric: String,
    /// Its series now.
    pub series: usize,
    /// Updates that went to the series whose labels are all `__other__`.
    pub series_limited_total: u64,
    /// For each label, by name: updates in which its value became `__other__`.
    pub label_limited_total: Vec<(String, u64)>,
}

impl Store {
    /// An empty store. Metrics without labels (but no gauges) have their one series from the start.
    /// `now_ms` is the time in milliseconds since 1970.
    pub fn new(definitions: Vec<Definition>, now_ms: u64) -> Store {
        let hasher = LabelHasher::default();
        let definitions: Arc<[Definition]> = definitions.into();
        let new = |definition: &Definition| Family::new(definition.clone(), hasher.clone(), now_ms);
        let list: Vec<Family> = definitions.iter().map(new).collect();
        let orders = list.iter().map(|_| Order::default()).collect();
        Store {
            definitions,
            hasher,
            families: Mutex::new(Families {
                list,
                expired_s: now_ms / 1000,
            }),
            orders: Mutex::new(orders),
        }
    }

    /// The hasher that batches for this store must use.
    pub fn hasher(&self) -> LabelHasher {
        self.hasher.clone()
    }

    /// What the store was made with; a metric's number is its place here.
    pub fn definitions(&self) -> &Arc<[Definition]> {
        &self.definitions
    }

    /// Makes all updates of a batch, in their order; no snapshot sees a part of them.
    pub fn apply(&self, batch: &Batch, now_ms: u64) {
        let mut families = self.lock();
        for update in batch.updates() {
            // A batch is made from the rules this store was made from; there is no other metric.
            if let Some(family) = families.list.get_mut(update.metric.0 as usize) {
                let exemplar = batch.exemplar_of(update);
                family.update(
                    update.hash,
                    batch.labels_of(update),
                    update.value,
                    exemplar,
                    now_ms,
                );
            }
        }
        if now_ms / 1000 > families.expired_s {
            families.expire(now_ms);
        }
    }

    /// All values at one instant. What has expired is forgotten first.
    pub fn snapshot(&self, now_ms: u64) -> Snapshot {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let mut families = self.lock();
        families.expire(now_ms);
        let copies: Vec<_> = families.list.iter_mut().map(FamilySnapshot::copy).collect();
        drop(families);
        let sorted = copies
            .into_iter()
            .zip(orders.iter_mut())
            .map(|(copy, order)| copy.sort(order));
        Snapshot {
            families: sorted.collect(),
        }
    }

    /// How many series there are, and what limits have folded.
    pub fn counts(&self) -> Vec<SeriesCounts> {
        let count = |family: &Family| {
            let labels = family
                .definition
                .labels
                .iter()
                .map(|label| label.name.clone());
            SeriesCounts {
                metric: family.definition.name.clone(),
                series: family.len(),
                series_limited_total: family.series_limited_total,
                label_limited_total: labels
                    .zip(family.label_limited_total.iter().copied())
                    .collect(),
            }
        };
        self.lock().list.iter().map(count).collect()
    }

    /// Bytes allocated for series, for tests and benchmarks.
    pub fn capacity_bytes(&self) -> usize {
        self.lock().list.iter().map(Family::capacity_bytes).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Families> {
        // A thread that panicked in here has left whole values: every update is one assignment.
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Families {
    fn expire(&mut self, now_ms: u64) {
        self.expired_s = now_ms / 1000;
        for family in &mut self.list {
            family.expire(now_ms);
        }
    }
}
