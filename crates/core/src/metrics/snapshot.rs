//! All values at one instant: the only thing that the exposition sees.
//!
//! A snapshot shares its memory with the store and never changes. It is taken under the store's
//! lock, sorted without it.

use std::hint::black_box;
use std::sync::Arc;

use super::column::Column;
use super::definition::Definition;
use super::exemplars::Exemplars;
use super::family::{Creation, Family};
use super::kind::Reading;
use super::label_text::{TextRange, Texts};
use super::labels;
use super::series_order::Order;

pub use super::exemplars::ExemplarRow;

/// How many series are brought into the processor's cache at a time: few enough to still be there
/// when they are written, many enough for the memory to be busy with several of them.
const AHEAD: usize = 32;

/// The series of all metrics.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// One for each metric, in the order of the definitions.
    pub families: Vec<FamilySnapshot>,
    /// How many series the store had created by then, forgotten ones too. A series of a later snapshot
    /// is new since this one where its [`Series::creation_number`] is not below.
    pub series_created: u64,
}

/// One metric's series, sorted by the values of their labels.
#[derive(Debug, Clone)]
pub struct FamilySnapshot {
    pub definition: Arc<Definition>,
    creations: Column<Creation>,
    values: Column<u64>,
    texts: Texts,
    value_texts: Texts,
    times_ms: Column<i64>,
    exemplars: Exemplars,
    order: Arc<Vec<u32>>,
    /// Counters and histograms created from this number on are shown at 0.
    zero_from: u64,
    /// The numbers of such a series.
    zeros: Arc<[u64]>,
}

/// One series of a snapshot.
#[derive(Debug, Clone, Copy)]
pub struct Series<'s> {
    family: &'s FamilySnapshot,
    slot: usize,
}

/// What was taken under the lock, not sorted yet.
#[derive(Debug)]
pub(crate) struct Unsorted {
    family: FamilySnapshot,
    order: Order,
}

impl Unsorted {
    /// Takes what there is; copies little.
    pub(crate) fn take(family: &mut Family) -> Unsorted {
        Unsorted {
            family: FamilySnapshot {
                definition: Arc::clone(&family.definition),
                creations: family.creations.share(),
                values: family.values.share(),
                texts: family.texts.clone(),
                value_texts: family.value_texts.clone(),
                times_ms: family.times_ms.share(),
                exemplars: family.exemplars.share(),
                order: Arc::default(),
                zero_from: u64::MAX,
                zeros: Arc::default(),
            },
            order: family.order.clone(),
        }
    }

    /// Sorts; gives also the order to hand back, where it was not up to date.
    pub(crate) fn sort(self) -> (FamilySnapshot, Option<Order>) {
        let Unsorted { mut family, order } = self;
        let text = |slot: u32| family.series_at(slot).labels();
        family.order = order.merged(|a, b| labels::compare(text(a), text(b)));
        let stale = (!order.is_sorted()).then_some(order);
        (family, stale)
    }
}

impl Snapshot {
    /// Shows every counter and histogram at 0 that was created when the store had created
    /// `series_created` series
    /// or more. A scraper that has seen the page before sees a new series begin so, and its
    /// `increase()` loses nothing; the next page shows the true value.
    pub fn show_new_at_zero(&mut self, series_created: u64) {
        for family in &mut self.families {
            let Definition { kind, buckets, .. } = &*family.definition;
            if kind.begins_at_zero() {
                family.zeros = vec![0; kind.columns(buckets)].into();
                family.zero_from = series_created;
            }
        }
    }
}

impl FamilySnapshot {
    /// The series in their order.
    pub fn series(&self) -> impl Iterator<Item = Series<'_>> {
        self.series_from(0)
    }

    /// The series from number `start` of the order on.
    pub fn series_from(&self, start: usize) -> impl Iterator<Item = Series<'_>> {
        let slots = self.order.get(start..).unwrap_or_default();
        slots.chunks(AHEAD).flat_map(|slots| {
            self.fetch(slots);
            slots.iter().map(|&slot| self.series_at(slot))
        })
    }

    /// Reads a little of each series. They are in the order of their creations, so that each is a
    /// few waits for the memory; what is asked for together is waited for together.
    fn fetch(&self, slots: &[u32]) {
        let mut places = [TextRange::default(); AHEAD];
        let mut seen = 0;
        for (place, &slot) in places.iter_mut().zip(slots) {
            let series = self.series_at(slot);
            *place = series.creation().place;
            seen ^= self.values.row(series.slot)[0];
        }
        for &place in places.iter().take(slots.len()) {
            if let [first, .., last] = *self.texts.get(place) {
                seen ^= u64::from(first ^ last);
            }
        }
        black_box(seen);
    }

    /// A family that is in no store: the labels' text and the numbers of each series, in their order.
    pub(super) fn of_rows<'r>(
        definition: Definition,
        rows: impl Iterator<Item = (&'r [u8], &'r [u64])>,
    ) -> FamilySnapshot {
        let Definition { kind, buckets, .. } = &definition;
        let mut creations = Column::<Creation>::new(1);
        let mut values = Column::<u64>::new(kind.columns(buckets));
        let mut texts = Texts::default();
        for (labels, row) in rows {
            let slot = creations.push();
            creations.only_mut(slot).place = texts.add(labels);
            values.push();
            values.row_mut(slot).copy_from_slice(row);
        }
        FamilySnapshot {
            order: Arc::new((0..creations.rows() as u32).collect()),
            exemplars: Exemplars::new(kind.exemplars(buckets)),
            definition: Arc::new(definition),
            creations,
            values,
            texts,
            value_texts: Texts::default(),
            times_ms: Column::new(1),
            zero_from: u64::MAX,
            zeros: Arc::default(),
        }
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Whether a page has anything to say of it: a metric without series is not even named.
    pub fn is_shown(&self) -> bool {
        !self.is_empty() && !self.definition.options.is_hidden
    }

    /// What the store takes back for the next snapshot.
    pub(crate) fn order(&self) -> &Arc<Vec<u32>> {
        &self.order
    }

    fn series_at(&self, slot: u32) -> Series<'_> {
        Series {
            family: self,
            slot: slot as usize,
        }
    }
}

impl<'s> Series<'s> {
    /// The labels as they are printed, without braces: `route="a",status="200"`.
    pub fn labels(&self) -> &'s [u8] {
        self.family.texts.get(self.creation().place)
    }

    /// The value.
    #[inline]
    pub fn reading(&self) -> Reading<'s> {
        let Definition { kind, buckets, .. } = &*self.family.definition;
        let row = match self.is_shown_at_zero() {
            true => &self.family.zeros,
            false => self.family.values.row(self.slot),
        };
        kind.reading(buckets, row, &self.family.value_texts)
    }

    /// When it was last updated by its own account, in milliseconds since 1970, where the metric keeps
    /// that.
    pub fn time_ms(&self) -> Option<i64> {
        let times_ms = &self.family.times_ms;
        (self.slot < times_ms.rows()).then(|| *times_ms.only(self.slot))
    }

    /// When the series was created, in milliseconds since 1970; 0 where that is not known.
    pub fn created_ms(&self) -> u64 {
        self.creation().created_ms
    }

    /// How many series of any metric were created before.
    pub fn creation_number(&self) -> u64 {
        self.creation().creation_number
    }

    /// The last exemplar of a bucket; of a counter that of bucket 0.
    pub fn exemplar(&self, bucket: usize) -> Option<ExemplarRow<'s>> {
        if self.is_shown_at_zero() {
            return None;
        }
        self.family.exemplars.get(self.slot, bucket)
    }

    fn is_shown_at_zero(&self) -> bool {
        self.family.zero_from != u64::MAX && self.creation_number() >= self.family.zero_from
    }

    fn creation(&self) -> &'s Creation {
        self.family.creations.only(self.slot)
    }
}
