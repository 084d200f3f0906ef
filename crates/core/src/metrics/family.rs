//! One metric's series: found by their labels' text, their values kept in columns.
//!
//! A series is a slot: a number that its text, its birth, its values and its exemplars stand under.
//! A forgotten series' slot is used again. Nothing is allocated for a series alone.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashTable;

use super::batch::{Exemplar, Handle, LabelHasher, Named, spread};
use super::column::Column;
use super::definition::{Definition, Kind};
use super::exemplars::Exemplars;
use super::label_limits::{Fold, Limits};
use super::label_text::{TextRange, Texts};
use super::labels;
use super::series_order::Order;
use super::store::Unshown;

mod restore;

/// The next generation of any family of any store. 0 is none.
static NEXT_GENERATION: AtomicU64 = AtomicU64::new(1);

/// The time of the last update of a slot that holds no series.
pub(crate) const FREE: u32 = u32::MAX;

/// All that does not change while a series lives.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Birth {
    pub(crate) created_ms: u64,
    /// How many series the store had borne before.
    pub(crate) born: u64,
    pub(crate) place: TextRange,
}

/// A series in the table of texts.
#[derive(Debug, Clone, Copy)]
struct FoundSeries {
    /// Half of the text's hash: the table grows and tells most texts apart without reading them.
    hash: u32,
    slot: u32,
}

/// When something happens, in time and among births.
#[derive(Debug)]
pub(crate) struct Moment {
    pub(crate) now_ms: u64,
    /// The same in seconds, rounded up, so that no series is forgotten before its time.
    updated_s: u32,
    /// The same in seconds, with its fraction, as exemplars show it.
    now_s: f64,
    /// Series that the store has borne so far.
    pub(crate) births: u64,
}

impl Moment {
    /// The moment `now_ms` milliseconds since 1970, after so many births.
    pub(crate) fn new(now_ms: u64, births: u64) -> Moment {
        let seconds = u32::try_from(now_ms.div_ceil(1000));
        Moment {
            now_ms,
            updated_s: seconds.map_or(FREE - 1, |seconds| seconds.min(FREE - 1)),
            now_s: now_ms as f64 / 1000.0,
            births,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Family {
    pub(crate) definition: Arc<Definition>,
    hasher: LabelHasher,
    table: HashTable<FoundSeries>,
    pub(crate) births: Column<Birth>,
    /// Counters and gauges: the value. Histograms: how many observations fell into each bucket
    /// alone, `+Inf` last, and then their sum. Floats by their bits.
    pub(crate) values: Column<u64>,
    pub(crate) texts: Texts,
    pub(crate) exemplars: Exemplars,
    pub(crate) order: Order,
    /// When each slot was last updated, in seconds since 1970, or [`FREE`].
    pub(crate) updated_s: Column<u32>,
    free: Vec<u32>,
    /// How long a series may be idle, in seconds.
    expire_s: Option<u64>,
    pub(crate) limits: Limits,
    /// The text of the series that takes what a limit keeps out, and its slot where it is born.
    other: Vec<u8>,
    other_slot: Option<u32>,
    /// Another one whenever a series is forgotten: a slot that a batch remembers from this
    /// generation still holds the series.
    generation: u64,
    /// Updates that the limit on series has sent there.
    pub(crate) series_limited_total: u64,
    /// The text that limits make of one they keep out; kept for its memory.
    folded: Vec<u8>,
}

impl Family {
    /// No series; but where there are no labels, there is the one series from the start, so that
    /// its first increase shows. (A gauge has no value before its first update.)
    pub(crate) fn new(definition: &Definition, hasher: LabelHasher, moment: &mut Moment) -> Family {
        let mut family = Family::empty(definition, hasher);
        if is_always_there(definition) {
            family.other_slot(moment);
        }
        family
    }

    fn empty(definition: &Definition, hasher: LabelHasher) -> Family {
        let (values, buckets) = match &definition.kind {
            Kind::Counter | Kind::Gauge => (1, 1),
            Kind::Histogram { buckets } => (buckets.len() + 2, buckets.len() + 1),
        };
        Family {
            definition: Arc::new(definition.clone()),
            table: HashTable::new(),
            births: Column::new(1),
            values: Column::new(values),
            texts: Texts::default(),
            exemplars: Exemplars::new(buckets),
            order: Order::default(),
            updated_s: Column::new(1),
            free: Vec::new(),
            expire_s: expire_s(definition),
            limits: Limits::new(&definition.labels, hasher.clone()),
            other: labels::all_other(&definition.labels),
            other_slot: None,
            generation: next_generation(),
            series_limited_total: 0,
            folded: Vec::new(),
            hasher,
        }
    }

    /// The same series under another definition of the same metric. A series that is there stays,
    /// also where limits are lower now.
    pub(crate) fn redefined(&mut self, definition: &Definition) -> Family {
        // The copies are dropped; sharing alone makes the clone a cheap one.
        self.births.share();
        self.values.share();
        self.updated_s.share();
        self.exemplars.share();
        let mut family = self.clone();
        family.definition = Arc::new(definition.clone());
        family.expire_s = expire_s(definition);
        family.limits.redefine(&definition.labels);
        // What is known of the old one's slots says nothing about these.
        family.generation = next_generation();
        family
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Adds, sets or observes `value`; the series is born where it is new.
    pub(crate) fn update<'e>(
        &mut self,
        named: &Named<'_>,
        value: f64,
        exemplar: impl FnOnce() -> Option<Exemplar<'e>>,
        moment: &mut Moment,
    ) {
        let is_counter = self.definition.kind == Kind::Counter;
        if is_counter && !(0.0..=f64::MAX).contains(&value) {
            // A counter that went down would look like a restart.
            debug_assert!(false, "a counter was given {value}");
            return;
        }
        let handle = named.handle.get();
        let slot = if handle.generation == self.generation {
            handle.slot
        } else {
            self.slot(named, moment)
        } as usize;
        // A chunk that a save shares is copied at the first write: once a second is enough.
        if *self.updated_s.only(slot) != moment.updated_s {
            *self.updated_s.only_mut(slot) = moment.updated_s;
        }
        let bucket = if is_counter {
            let bits = self.values.only_mut(slot);
            *bits = (f64::from_bits(*bits) + value).to_bits();
            0
        } else {
            match self.set(slot, value) {
                Some(bucket) => bucket,
                None => return,
            }
        };
        if let Some(exemplar) = exemplar() {
            let exemplars = &mut self.exemplars;
            exemplars.set(slot, bucket, value, exemplar, moment.now_s);
        }
    }

    /// The slot for labels; notes it for the next time, unless it is only where a limit sends them,
    /// which is counted each time.
    fn slot(&mut self, named: &Named<'_>, moment: &mut Moment) -> u32 {
        let slot = match self.find(named.text, named.hash) {
            Some(slot) => slot,
            None => self.slot_within_limits(named.text, named.hash, moment),
        };
        if self.text(slot) == named.text {
            named.handle.set(Handle {
                slot,
                generation: self.generation,
            });
        }
        slot
    }

    /// Changes the value of what is no counter; gives the bucket whose exemplar this may be.
    fn set(&mut self, slot: usize, value: f64) -> Option<usize> {
        let row = self.values.row_mut(slot);
        let Kind::Histogram { buckets } = &self.definition.kind else {
            row[0] = value.to_bits();
            return None;
        };
        // What is no number is within no bound, as in Prometheus' own libraries. Bounds go up; to ask
        // all of them takes less time than to stop at one that is another each time.
        let holding = buckets.iter().filter(|bound| value <= **bound).count();
        let bucket = buckets.len() - holding;
        row[bucket] += 1;
        let sum = &mut row[buckets.len() + 1];
        *sum = (f64::from_bits(*sum) + value).to_bits();
        Some(bucket)
    }

    fn find(&self, text: &[u8], hash: u64) -> Option<u32> {
        let half = hash as u32;
        let is_it = |found: &FoundSeries| found.hash == half && self.text(found.slot) == text;
        Some(self.table.find(spread(half), is_it)?.slot)
    }

    fn text(&self, slot: u32) -> &[u8] {
        self.texts.get(self.births.only(slot as usize).place)
    }

    /// The series for labels that have none: a new one, or the one that limits say.
    #[cold]
    fn slot_within_limits(&mut self, text: &[u8], hash: u64, moment: &mut Moment) -> u32 {
        let mut folded = std::mem::take(&mut self.folded);
        let slot = match self.limits.fold(text, &mut folded) {
            Fold::Stays => self.slot_within_series_max(text, hash, moment),
            Fold::Folded => {
                let hash = self.hasher.hash_one(&folded[..]);
                match self.find(&folded, hash) {
                    Some(slot) => slot,
                    None => self.slot_within_series_max(&folded, hash, moment),
                }
            }
            Fold::Malformed => {
                debug_assert!(false, "{} was given {text:?}", self.definition.name);
                self.other_slot(moment)
            }
        };
        self.folded = folded;
        slot
    }

    fn slot_within_series_max(&mut self, text: &[u8], hash: u64, moment: &mut Moment) -> u32 {
        if text == self.other {
            return self.other_slot(moment);
        }
        let counted = self.len() - usize::from(self.other_slot.is_some());
        if counted < self.definition.series_max {
            return self.bear(text, hash, moment);
        }
        self.series_limited_total += 1;
        self.other_slot(moment)
    }

    /// The series whose labels are all [`super::definition::OTHER`].
    fn other_slot(&mut self, moment: &mut Moment) -> u32 {
        if let Some(slot) = self.other_slot {
            return slot;
        }
        let text = self.other.clone();
        let slot = self.bear(&text, self.hasher.hash_one(&text[..]), moment);
        self.other_slot = Some(slot);
        slot
    }

    /// A new series at 0.
    fn bear(&mut self, text: &[u8], hash: u64, moment: &mut Moment) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.updated_s.push();
            self.births.push();
            self.values.push() as u32
        });
        *self.births.only_mut(slot as usize) = Birth {
            created_ms: moment.now_ms,
            born: moment.births,
            place: self.texts.add(text),
        };
        moment.births += 1;
        self.values.row_mut(slot as usize).fill(0);
        *self.updated_s.only_mut(slot as usize) = moment.updated_s;
        self.enter(slot, text, hash);
        slot
    }

    /// Makes a series that has its slot known everywhere else.
    fn enter(&mut self, slot: u32, text: &[u8], hash: u64) {
        let found = FoundSeries {
            hash: hash as u32,
            slot,
        };
        let rehash = |found: &FoundSeries| spread(found.hash);
        self.table.insert_unique(spread(found.hash), found, rehash);
        self.limits.add(text);
        self.order.add(slot);
    }

    /// Forgets the series that were idle for too long.
    pub(crate) fn expire(&mut self, now_ms: u64, unshown: &Unshown) {
        let Some(expire_s) = self.expire_s else {
            return;
        };
        let now_s = now_ms / 1000;
        let is_waited_for = now_s <= unshown.until_s;
        let is_expired = |family: &Family, slot: usize| {
            let updated_s = *family.updated_s.only(slot);
            let is_idle =
                updated_s != FREE && now_s.saturating_sub(u64::from(updated_s)) >= expire_s;
            let is_unshown = || {
                let born = family.births.only(slot).born;
                u64::from(updated_s) >= unshown.updated_from_s || born >= unshown.born_from
            };
            is_idle && !(is_waited_for && is_unshown())
        };
        let slots = 0..self.updated_s.rows();
        if !slots.clone().any(|slot| is_expired(self, slot)) {
            return;
        }
        for slot in slots {
            if is_expired(self, slot) {
                self.forget(slot as u32);
            }
        }
        self.generation = next_generation();
        let updated_s = &self.updated_s;
        self.order
            .retain(|slot| *updated_s.only(slot as usize) != FREE);
        if self.texts.is_mostly_garbage() {
            self.rewrite_texts();
        }
    }

    /// Leaves the slot in the order.
    fn forget(&mut self, slot: u32) {
        let place = self.births.only(slot as usize).place;
        let text = self.texts.get(place);
        let hash = spread(self.hasher.hash_one(text) as u32);
        self.limits.remove(text);
        self.texts.forget(place);
        if let Ok(found) = self.table.find_entry(hash, |found| found.slot == slot) {
            found.remove();
        }
        self.exemplars.forget(slot as usize);
        *self.updated_s.only_mut(slot as usize) = FREE;
        self.free.push(slot);
        if self.other_slot == Some(slot) {
            self.other_slot = None;
        }
    }

    fn rewrite_texts(&mut self) {
        let mut texts = Texts::default();
        for slot in self.order.slots() {
            let birth = self.births.only_mut(slot as usize);
            birth.place = texts.add(self.texts.get(birth.place));
        }
        self.texts = texts;
    }

    /// Bytes allocated for all series.
    pub(crate) fn capacity_bytes(&self) -> usize {
        self.table.allocation_size()
            + self.births.capacity_bytes()
            + self.values.capacity_bytes()
            + self.texts.capacity_bytes()
            + self.exemplars.capacity_bytes()
            + self.order.capacity_bytes()
            + self.updated_s.capacity_bytes()
            + self.free.capacity() * size_of::<u32>()
            + self.limits.capacity_bytes()
    }
}

/// Whether the metric's one series is there from the start and for ever.
fn is_always_there(definition: &Definition) -> bool {
    definition.labels.is_empty() && definition.kind != Kind::Gauge
}

/// How long a series may be idle, in seconds.
fn expire_s(definition: &Definition) -> Option<u64> {
    let expire = definition.expire?;
    (!is_always_there(definition)).then(|| expire.as_millis().div_ceil(1000) as u64)
}

fn next_generation() -> u64 {
    NEXT_GENERATION.fetch_add(1, Ordering::Relaxed)
}
