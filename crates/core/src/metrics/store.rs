//! The one registry of the rules' series.
//!
//! Lock policy: one mutex, held for one batch of updates or for taking a snapshot, which shares its
//! memory with the store and so copies next to nothing. Nothing is sorted or rendered under it.

use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::batch::{Batch, LabelHasher};
use super::definition::{Definition, MetricId};
use super::family::{Family, Moment};
use super::frozen_copy::{FamilyImage, Image, SavedFamily, Unfit};
use super::kind::{Reading, Refused};
use super::snapshot::{Snapshot, Unsorted};

#[derive(Debug)]
pub struct Store {
    pub(super) definitions: Arc<[Definition]>,
    pub(super) hasher: LabelHasher,
    pub(super) families: Mutex<Families>,
}

#[derive(Debug)]
pub(super) struct Families {
    pub(super) list: Vec<Family>,
    pub(super) series_created: u64,
    /// When expired series were last looked for, in seconds since 1970.
    pub(super) expired_s: u64,
    pub(super) unshown: Unshown,
}

/// Series that may not expire yet, as somebody who scrapes has not been shown their last values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unshown {
    /// Those updated at this time or later, in seconds since 1970.
    pub updated_from_s: u64,
    /// Those created when the store had so many creations, or later.
    pub created_from: u64,
    /// Nobody is waited for longer, in seconds since 1970.
    pub until_s: u64,
}

impl Unshown {
    /// Whether a series may not expire yet.
    pub(super) fn holds(&self, now_s: u64, updated_s: u64, creation_number: u64) -> bool {
        now_s <= self.until_s
            && (updated_s >= self.updated_from_s || creation_number >= self.created_from)
    }
}

impl Default for Unshown {
    /// Nobody scrapes.
    fn default() -> Self {
        Unshown {
            updated_from_s: u64::MAX,
            created_from: u64::MAX,
            until_s: 0,
        }
    }
}

/// All values at one instant, not sorted yet: taking them holds the store's lock for microseconds.
#[derive(Debug)]
pub struct UnsortedSnapshot {
    series_created: u64,
    families: Vec<Unsorted>,
}

/// How many series a metric has, and what its limits have limited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesCounts {
    pub metric: String,
    /// Its series now, all that are shown.
    pub series: usize,
    /// Updates that went to the series whose labels are all `__other__`, as there was no room for
    /// another series.
    pub series_limited_total: u64,
    /// For each label, by name: updates in which its value became `__other__`.
    pub label_limited_total: Vec<(String, u64)>,
}

impl Store {
    /// An empty store. Metrics without labels (but no gauges) have their one series from the start.
    /// `now_ms` is the time in milliseconds since 1970, here and everywhere.
    pub fn new(definitions: Vec<Definition>, now_ms: u64) -> Store {
        let none = definitions.iter().map(|_| None).collect();
        Store::begin(definitions, none, 0, now_ms, LabelHasher::default())
    }

    fn begin(
        definitions: Vec<Definition>,
        restored: Vec<Option<Family>>,
        series_created: u64,
        now_ms: u64,
        hasher: LabelHasher,
    ) -> Store {
        let mut moment = Moment::new(now_ms, series_created);
        let mut new =
            |definition: &Definition| Family::new(definition, hasher.clone(), &mut moment);
        let list = definitions
            .iter()
            .zip(restored)
            .map(|(definition, restored)| restored.unwrap_or_else(|| new(definition)))
            .collect();
        let families = Families {
            list,
            series_created: moment.series_created,
            expired_s: now_ms / 1000,
            unshown: Unshown::default(),
        };
        Store {
            definitions: definitions.into(),
            hasher,
            families: Mutex::new(families),
        }
    }

    /// A store that goes on from what was saved: for each definition its metric's series, or nothing
    /// where the metric starts again. `series_created` is how many series had been created.
    ///
    /// # Errors
    /// When what was saved is nothing that a store can hold.
    pub fn restored(
        definitions: Vec<Definition>,
        saved: &[Option<SavedFamily>],
        series_created: u64,
        now_ms: u64,
    ) -> Result<Store, Unfit> {
        let hasher = LabelHasher::default();
        let mut families = Vec::with_capacity(definitions.len());
        let saved = saved.iter().map(Option::as_ref);
        for (definition, saved) in definitions.iter().zip(saved.chain(std::iter::repeat(None))) {
            families.push(match saved {
                Some(saved) => Some(Family::restored(
                    definition,
                    hasher.clone(),
                    saved,
                    series_created,
                )?),
                None => None,
            });
        }
        Ok(Store::begin(
            definitions,
            families,
            series_created,
            now_ms,
            hasher,
        ))
    }

    /// All values at one instant, to be saved. Holds the lock for microseconds and forgets nothing.
    pub fn image(&self) -> Image {
        let mut families = self.lock();
        Image {
            families: families.list.iter_mut().map(FamilyImage::take).collect(),
            series_created: families.series_created,
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

    /// Makes all updates of a batch, in their order; no snapshot sees a part of them. Gives the places
    /// of those that were refused; a batch of rules has hardly ever one.
    pub fn apply(&self, batch: &Batch, now_ms: u64) -> Vec<usize> {
        let mut families = self.lock();
        if now_ms / 1000 > families.expired_s {
            families.expire(now_ms);
        }
        let Families {
            list,
            series_created,
            ..
        } = &mut *families;
        let mut moment = Moment::new(now_ms, *series_created);
        let mut refused = Vec::new();
        for (number, update) in batch.updates().iter().enumerate() {
            // A batch is made from the rules this store was made from; there is no other metric.
            let named = batch.named(update);
            let Some(family) = list.get_mut(named.metric.0 as usize) else {
                debug_assert!(false, "there is no {:?}", named.metric);
                continue;
            };
            let exemplar = || batch.exemplar_of(update);
            let text = || batch.text_of(update);
            let what = (update.operation(), update.value);
            if let Err(Refused) = family.update(&named, what, text, exemplar, &mut moment) {
                refused.push(number);
            }
        }
        list.iter_mut().for_each(Family::settle_removed);
        *series_created = moment.series_created;
        refused
    }

    /// All values at one instant. What has expired is forgotten first.
    pub fn snapshot(&self, now_ms: u64) -> Snapshot {
        let unsorted = self.unsorted(now_ms);
        self.sorted(unsorted)
    }

    /// What [`Store::unsorted`] of this store gave, in its order.
    pub fn sorted(&self, unsorted: UnsortedSnapshot) -> Snapshot {
        let UnsortedSnapshot {
            series_created,
            families,
        } = unsorted;
        let (families, stale): (Vec<_>, Vec<_>) = families.into_iter().map(Unsorted::sort).unzip();
        if stale.iter().any(Option::is_some) {
            let mut store = self.lock();
            for ((kept, family), stale) in store.list.iter_mut().zip(&families).zip(&stale) {
                if let Some(stale) = stale {
                    kept.order.settle(stale, family.order());
                }
            }
        }
        Snapshot {
            families,
            series_created,
        }
    }

    /// All values at one instant. What has expired is forgotten first.
    pub fn unsorted(&self, now_ms: u64) -> UnsortedSnapshot {
        let mut families = self.lock();
        families.expire(now_ms);
        UnsortedSnapshot {
            families: families.list.iter_mut().map(Unsorted::take).collect(),
            series_created: families.series_created,
        }
    }

    /// How many series were ever created.
    pub fn series_created(&self) -> u64 {
        self.lock().series_created
    }

    /// Keeps these series from expiring; replaces what was given before.
    pub fn keep_unshown(&self, unshown: Unshown) {
        self.lock().unshown = unshown;
    }

    /// The value of one series now, given its labels' text; `take` sees it under the lock.
    pub fn read<T>(
        &self,
        metric: MetricId,
        labels: &[u8],
        take: impl FnOnce(Reading<'_>) -> T,
    ) -> Option<T> {
        let families = self.lock();
        let family = families.list.get(metric.0 as usize)?;
        let slot = family.find(labels, self.hasher.hash_one(labels))?;
        Some(take(family.reading(slot)))
    }

    /// How many series there are, and what limits have limited, in the order of the definitions.
    pub fn counts(&self) -> Vec<SeriesCounts> {
        let count = |family: &Family| {
            let labels = family.definition.labels.iter();
            let names = labels.map(|label| label.name.clone());
            SeriesCounts {
                metric: family.definition.name.clone(),
                series: family.len(),
                series_limited_total: family.series_limited_total,
                label_limited_total: names.zip(family.limits.limited_totals()).collect(),
            }
        };
        self.lock().list.iter().map(count).collect()
    }

    /// Bytes allocated for series, for tests and benchmarks.
    pub fn capacity_bytes(&self) -> usize {
        self.lock().list.iter().map(Family::capacity_bytes).sum()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Families> {
        // A thread that panicked in here has left whole values: every update is one assignment.
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Families {
    fn expire(&mut self, now_ms: u64) {
        self.expired_s = now_ms / 1000;
        for family in &mut self.list {
            family.expire(now_ms, &self.unshown);
        }
    }
}

#[cfg(test)]
mod tests;
mod traced;
