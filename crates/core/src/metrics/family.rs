//! One metric's series: found by their labels' text, their values kept in columns.
//!
//! A series is a slot: a number that its text, its creation, its values and its exemplars are under.
//! A forgotten series' slot is used again. Nothing is allocated for a series alone.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashTable;

use super::batch::{Exemplar, Handle, LabelHasher, Named, spread};
use super::column::Column;
use super::definition::{Definition, Kind, WhenFull};
use super::exemplars::Exemplars;
use super::kind::{self, Operation, Reading, Refused};
use super::label_limits::{LabelsFit, Limits};
use super::label_text::{TextRange, Texts};
use super::labels;
use super::series_order::Order;

mod expiry;
mod limited_series;
mod restore;

pub use limited_series::Landed;

use expiry::{OwnExpiry, Removed};

/// The next generation of any family of any store. 0 is none.
static NEXT_GENERATION: AtomicU64 = AtomicU64::new(1);

/// The time of the last update of a slot that holds no series.
pub(crate) const FREE: u32 = u32::MAX;

/// All that does not change while a series lives.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Creation {
    pub(crate) created_ms: u64,
    /// How many series the store had created before.
    pub(crate) creation_number: u64,
    pub(crate) place: TextRange,
}

/// A series in the table of texts.
#[derive(Debug, Clone, Copy)]
struct FoundSeries {
    /// Half of the text's hash: the table grows and tells most texts apart without reading them.
    hash: u32,
    slot: u32,
}

/// When something happens, in time and among creations.
#[derive(Debug)]
pub(crate) struct Moment {
    pub(crate) now_ms: u64,
    /// The same in seconds, rounded up, so that no series is forgotten before its time.
    updated_s: u32,
    /// The same in seconds, with its fraction, as exemplars show it.
    now_s: f64,
    /// Series that the store has created so far.
    pub(crate) series_created: u64,
}

impl Moment {
    /// The moment `now_ms` milliseconds since 1970, after so many creations.
    pub(crate) fn new(now_ms: u64, series_created: u64) -> Moment {
        let seconds = u32::try_from(now_ms.div_ceil(1000));
        Moment {
            now_ms,
            updated_s: seconds.map_or(FREE - 1, |seconds| seconds.min(FREE - 1)),
            now_s: now_ms as f64 / 1000.0,
            series_created,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Family {
    pub(crate) definition: Arc<Definition>,
    /// The definition's own, which every update asks for.
    kind: Kind,
    can_fall: bool,
    keeps_time: bool,
    /// Keeps the traces of exemplars, and no times: what nearly all metrics do.
    has_exemplars_alone: bool,
    hasher: LabelHasher,
    table: HashTable<FoundSeries>,
    pub(crate) creations: Column<Creation>,
    /// The numbers of each series, as its [`Kind`] says.
    pub(crate) values: Column<u64>,
    /// The texts of the labels.
    pub(crate) texts: Texts,
    /// The texts that are values.
    pub(crate) value_texts: Texts,
    /// When each series was last updated by its own account, in milliseconds since 1970, where the
    /// metric keeps that; otherwise there are no rows.
    pub(crate) times_ms: Column<i64>,
    pub(crate) exemplars: Exemplars,
    pub(crate) order: Order,
    /// When each slot was last updated, in seconds since 1970, or [`FREE`].
    pub(crate) updated_s: Column<u32>,
    free: Vec<u32>,
    /// How long a series may be idle, in seconds.
    expire_s: Option<u64>,
    own_expiry: OwnExpiry,
    removed: Removed,
    pub(crate) limits: Limits,
    /// The labels of the overflow series, which takes what a limit keeps out, and its slot once it
    /// was created.
    overflow: Vec<u8>,
    overflow_slot: Option<u32>,
    /// Another one whenever a series is forgotten: a slot that a batch remembers from this
    /// generation still holds the series.
    generation: u64,
    /// Updates that the limit on series has sent to the overflow series.
    pub(crate) series_limited_total: u64,
    /// The text that limits make of one they keep out; kept for its memory.
    limited_text: Vec<u8>,
}

impl Family {
    /// No series; but where there are no labels, there is the one series from the start, so that
    /// its first increase shows. (A gauge has no value before its first update.)
    pub(crate) fn new(definition: &Definition, hasher: LabelHasher, moment: &mut Moment) -> Family {
        let mut family = Family::empty(definition, hasher);
        if is_always_there(definition) {
            family.overflow_slot(moment);
        }
        family
    }

    fn empty(definition: &Definition, hasher: LabelHasher) -> Family {
        let Definition { kind, buckets, .. } = definition;
        Family {
            definition: Arc::new(definition.clone()),
            kind: *kind,
            can_fall: definition.options.can_fall,
            keeps_time: definition.options.keeps_time,
            has_exemplars_alone: has_exemplars_alone(definition),
            table: HashTable::new(),
            creations: Column::new(1),
            values: Column::new(kind.columns(buckets)),
            texts: Texts::default(),
            value_texts: Texts::default(),
            times_ms: Column::new(1),
            exemplars: Exemplars::new(kind.exemplars(buckets)),
            order: Order::default(),
            updated_s: Column::new(1),
            free: Vec::new(),
            expire_s: expire_s(definition),
            own_expiry: OwnExpiry::default(),
            removed: Removed::default(),
            limits: Limits::new(&definition.labels, hasher.clone()),
            overflow: labels::all_other(&definition.labels),
            overflow_slot: None,
            generation: next_generation(),
            series_limited_total: 0,
            limited_text: Vec::new(),
            hasher,
        }
    }

    /// The same series under another definition of the same metric. A series that is there stays,
    /// also where limits are lower now.
    pub(crate) fn redefined(&mut self, definition: &Definition) -> Family {
        // The copies are dropped; sharing alone makes the clone a cheap one.
        self.creations.share();
        self.values.share();
        self.updated_s.share();
        self.times_ms.share();
        self.exemplars.share();
        let mut family = self.clone();
        family.definition = Arc::new(definition.clone());
        family.can_fall = definition.options.can_fall;
        family.keeps_time = definition.options.keeps_time;
        family.has_exemplars_alone = has_exemplars_alone(definition);
        family.expire_s = expire_s(definition);
        family.restore_times();
        family.limits.redefine(&definition.labels);
        // What is known of the old one's slots says nothing about these.
        family.generation = next_generation();
        family
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Makes an update; the series is created where it is new. `text` is the value of a text.
    #[inline]
    pub(crate) fn update<'e>(
        &mut self,
        named: &Named<'_>,
        (operation, value): (Operation, f64),
        text: impl FnOnce() -> &'e [u8],
        exemplar: impl FnOnce() -> Option<Exemplar<'e>>,
        moment: &mut Moment,
    ) -> Result<(), Refused> {
        // A rule's update is the usual one; most of a program's do the same by its name.
        if operation != Operation::Usual && operation != self.kind.usual_operation() {
            return self.operate(named, (operation, value), text(), exemplar(), moment);
        }
        let slot = self.slot_of(named, moment);
        let place = match self.kind {
            Kind::Counter => kind::count(self.values.only_mut(slot), value, self.can_fall)?,
            Kind::Histogram => {
                let row = self.values.row_mut(slot);
                kind::observe(&self.definition.buckets, row, value)?
            }
            Kind::Gauge | Kind::Text => self.set(slot, (operation, value), text())?,
        };
        self.touch(slot, moment);
        if !self.has_exemplars_alone {
            self.keep_exemplar(slot, (place, value), exemplar(), moment);
        } else if let Some(exemplar) = exemplar()
            && !exemplar.trace_id.is_empty()
        {
            let exemplars = &mut self.exemplars;
            exemplars.set(slot, place, value, exemplar, moment.now_s);
        }
        Ok(())
    }

    /// Makes an update that no rule makes.
    #[inline(never)]
    fn operate(
        &mut self,
        named: &Named<'_>,
        (operation, value): (Operation, f64),
        text: &[u8],
        exemplar: Option<Exemplar<'_>>,
        moment: &mut Moment,
    ) -> Result<(), Refused> {
        match operation {
            Operation::Delete | Operation::ExpireAfter => self.remove(named, operation, value),
            Operation::Create => {
                self.create(named, exemplar, moment);
                Ok(())
            }
            _ => {
                let slot = self.slot_of(named, moment);
                let place = self.set(slot, (operation, value), text)?;
                self.touch(slot, moment);
                self.keep_exemplar(slot, (place, value), exemplar, moment);
                Ok(())
            }
        }
    }

    /// The slot of a series, which is created where it is new.
    #[inline(always)]
    fn slot_of(&mut self, named: &Named<'_>, moment: &mut Moment) -> usize {
        let handle = named.handle.get();
        if handle.generation == self.generation {
            handle.slot as usize
        } else {
            self.slot(named, moment) as usize
        }
    }

    /// Notes when a series was updated. A chunk that a save shares is copied at the first write: once a
    /// second is enough.
    #[inline(always)]
    fn touch(&mut self, slot: usize, moment: &Moment) {
        if *self.updated_s.only(slot) != moment.updated_s {
            *self.updated_s.only_mut(slot) = moment.updated_s;
        }
    }

    /// Keeps what the metric keeps of an exemplar: its trace, its time, both or nothing.
    #[cold]
    fn keep_exemplar(
        &mut self,
        slot: usize,
        (place, value): (usize, f64),
        exemplar: Option<Exemplar<'_>>,
        moment: &Moment,
    ) {
        if self.keeps_time {
            let seconds = exemplar.and_then(|exemplar| exemplar.time_seconds);
            self.keep_time(slot, seconds, moment);
        }
        if let Some(exemplar) = exemplar
            && self.kind.has_exemplars()
            && !exemplar.trace_id.is_empty()
        {
            let exemplars = &mut self.exemplars;
            exemplars.set(slot, place, value, exemplar, moment.now_s);
        }
    }

    /// Creates a series where it is not there.
    #[cold]
    fn create(&mut self, named: &Named<'_>, exemplar: Option<Exemplar<'_>>, moment: &mut Moment) {
        if self.find(named.text, named.hash).is_none() {
            let slot = self.slot(named, moment) as usize;
            if self.definition.options.keeps_time {
                self.keep_time(slot, exemplar.and_then(|one| one.time_seconds), moment);
            }
        }
    }

    /// Notes the time of an update.
    #[cold]
    fn keep_time(&mut self, slot: usize, seconds: Option<f64>, moment: &Moment) {
        let now_ms = moment.now_ms as i64;
        *self.times_ms.only_mut(slot) = seconds.map_or(now_ms, |s| (s * 1000.0).round() as i64);
    }

    /// Changes the value of a series; gives the number of the exemplar that this may have.
    fn set(
        &mut self,
        slot: usize,
        update: (Operation, f64),
        text: &[u8],
    ) -> Result<usize, Refused> {
        let definition = &self.definition;
        let row = self.values.row_mut(slot);
        if let (Kind::Text, Operation::SetText | Operation::Usual) = (self.kind, update.0) {
            self.value_texts
                .forget(TextRange::of_numbers([row[0], row[1]]));
            row.copy_from_slice(&self.value_texts.add(text).numbers());
            return Ok(0);
        }
        let can_fall = definition.options.can_fall;
        definition
            .kind
            .update(&definition.buckets, can_fall, row, update)
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

    pub(crate) fn reading(&self, slot: u32) -> Reading<'_> {
        let Definition { kind, buckets, .. } = &*self.definition;
        let row = self.values.row(slot as usize);
        kind.reading(buckets, row, &self.value_texts)
    }

    pub(crate) fn find(&self, text: &[u8], hash: u64) -> Option<u32> {
        let half = hash as u32;
        let is_it = |found: &FoundSeries| found.hash == half && self.text(found.slot) == text;
        Some(self.table.find(spread(half), is_it)?.slot)
    }

    fn text(&self, slot: u32) -> &[u8] {
        self.texts.get(self.creations.only(slot as usize).place)
    }

    /// The series for labels that have none: a new one, or the one that limits say.
    #[cold]
    fn slot_within_limits(&mut self, text: &[u8], hash: u64, moment: &mut Moment) -> u32 {
        let mut limited = std::mem::take(&mut self.limited_text);
        let slot = match self.limits.limit(text, &mut limited) {
            LabelsFit::All => self.slot_within_series_max(text, hash, moment),
            LabelsFit::Limited => {
                let hash = self.hasher.hash_one(&limited[..]);
                match self.find(&limited, hash) {
                    Some(slot) => slot,
                    None => self.slot_within_series_max(&limited, hash, moment),
                }
            }
            LabelsFit::Malformed => {
                debug_assert!(false, "{} was given {text:?}", self.definition.name);
                self.overflow_slot(moment)
            }
        };
        self.limited_text = limited;
        slot
    }

    fn slot_within_series_max(&mut self, text: &[u8], hash: u64, moment: &mut Moment) -> u32 {
        if text == self.overflow {
            return self.overflow_slot(moment);
        }
        let counted = self.len() - usize::from(self.overflow_slot.is_some());
        let is_full = counted >= self.definition.series_max;
        if !is_full {
            return self.insert(text, hash, moment);
        }
        if self.definition.options.when_full == WhenFull::EvictOldest && self.evict_oldest() {
            return self.insert(text, hash, moment);
        }
        self.series_limited_total += 1;
        self.overflow_slot(moment)
    }

    /// The series whose labels are all [`super::definition::OTHER`].
    fn overflow_slot(&mut self, moment: &mut Moment) -> u32 {
        if let Some(slot) = self.overflow_slot {
            return slot;
        }
        let text = self.overflow.clone();
        let slot = self.insert(&text, self.hasher.hash_one(&text[..]), moment);
        self.overflow_slot = Some(slot);
        slot
    }

    /// A new series at 0.
    fn insert(&mut self, text: &[u8], hash: u64, moment: &mut Moment) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.updated_s.push();
            self.creations.push();
            if self.definition.options.keeps_time {
                self.times_ms.push();
            }
            self.values.push() as u32
        });
        *self.creations.only_mut(slot as usize) = Creation {
            created_ms: moment.now_ms,
            creation_number: moment.series_created,
            place: self.texts.add(text),
        };
        moment.series_created += 1;
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

    /// Bytes allocated for all series.
    pub(crate) fn capacity_bytes(&self) -> usize {
        self.table.allocation_size()
            + self.creations.capacity_bytes()
            + self.values.capacity_bytes()
            + self.texts.capacity_bytes()
            + self.value_texts.capacity_bytes()
            + self.times_ms.capacity_bytes()
            + self.exemplars.capacity_bytes()
            + self.order.capacity_bytes()
            + self.updated_s.capacity_bytes()
            + self.free.capacity() * size_of::<u32>()
            + self.limits.capacity_bytes()
    }
}

/// Whether the metric's one series is there from the start and for ever.
fn is_always_there(definition: &Definition) -> bool {
    definition.labels.is_empty() && definition.kind.begins_at_zero()
}

fn has_exemplars_alone(definition: &Definition) -> bool {
    definition.kind.has_exemplars() && !definition.options.keeps_time
}

/// How long a series may be idle, in seconds.
fn expire_s(definition: &Definition) -> Option<u64> {
    let expire = definition.expire?;
    (!is_always_there(definition)).then(|| expire.as_millis().div_ceil(1000) as u64)
}

fn next_generation() -> u64 {
    NEXT_GENERATION.fetch_add(1, Ordering::Relaxed)
}
