//! A family as it was saved: every series in its slot, with its own creation, values and last update.

use std::hash::BuildHasher;

use super::{Creation, FREE, Family, LabelHasher, is_always_there};
use crate::metrics::definition::Definition;
use crate::metrics::frozen_copy::{SavedFamily, SavedSeries, Unfit};
use crate::metrics::labels;

/// No metric ever had so many series: a number from here on is no slot.
const SLOTS_MAX: u32 = 1 << 28;

impl Family {
    /// The family that was saved under a definition that [is the same
    /// metric](Definition::is_same_metric). Nothing of it is believed: slots, labels and values must
    /// be such as this store writes them.
    pub(crate) fn restored(
        definition: &Definition,
        hasher: LabelHasher,
        saved: &SavedFamily,
        series_created: u64,
    ) -> Result<Family, Unfit> {
        let mut family = Family::empty(definition, hasher);
        let limited = &saved.limited;
        if limited.label_limited_totals.len() != definition.labels.len() {
            return Err(family.unfit("totals of other labels"));
        }
        family.series_limited_total = limited.series_limited_total;
        family
            .limits
            .set_limited_totals(&limited.label_limited_totals);
        for series in &saved.series {
            if series.creation_number >= series_created {
                return Err(family.unfit("a series that was not creation_number yet"));
            }
            family.restore(series)?;
        }
        if is_always_there(definition) && family.overflow_slot.is_none() {
            return Err(family.unfit("no series"));
        }
        family.restore_times();
        for slot in (0..family.updated_s.rows()).rev() {
            if *family.updated_s.only(slot) == FREE {
                family.free.push(slot as u32);
            }
        }
        Ok(family)
    }

    /// Gives every series a time of its own where the metric keeps one and has none yet: that of its
    /// last update.
    pub(super) fn restore_times(&mut self) {
        while self.definition.options.keeps_time && self.times_ms.rows() < self.updated_s.rows() {
            let row = self.times_ms.push();
            *self.times_ms.only_mut(row) = i64::from(*self.updated_s.only(row)) * 1000;
        }
    }

    fn restore(&mut self, series: &SavedSeries) -> Result<(), Unfit> {
        let (slot, text) = (series.slot, &*series.labels);
        if slot >= SLOTS_MAX || !is_text_of(text, &self.definition) {
            return Err(self.unfit("labels that it cannot have"));
        }
        let Definition {
            kind,
            buckets,
            options,
            ..
        } = &*self.definition;
        let form = (buckets.as_slice(), options.can_fall);
        let values = kind.restored(form, &series.values, &mut self.value_texts);
        let Some(values) = values.filter(|_| series.updated_s != FREE) else {
            return Err(self.unfit("a value that it cannot have"));
        };
        let row = slot as usize;
        while self.updated_s.rows() <= row {
            let free = self.updated_s.push();
            *self.updated_s.only_mut(free) = FREE;
            self.creations.push();
            self.values.push();
        }
        let hash = self.hasher.hash_one(text);
        if *self.updated_s.only(row) != FREE || self.find(text, hash).is_some() {
            return Err(self.unfit("one series twice"));
        }
        *self.creations.only_mut(row) = Creation {
            created_ms: series.created_ms,
            creation_number: series.creation_number,
            place: self.texts.add(text),
        };
        self.values.row_mut(row).copy_from_slice(&values);
        *self.updated_s.only_mut(row) = series.updated_s;
        self.enter(slot, text, hash);
        if text == self.overflow {
            self.overflow_slot = Some(slot);
        }
        Ok(())
    }

    fn unfit(&self, what: &'static str) -> Unfit {
        let metric = self.definition.name.clone();
        Unfit { metric, what }
    }
}

/// Whether this is how the labels of a series of this metric are written.
fn is_text_of(text: &[u8], definition: &Definition) -> bool {
    let mut written = Vec::with_capacity(text.len());
    let mut pairs = labels::pairs(text);
    for (number, label) in definition.labels.iter().enumerate() {
        let Some((_, value)) = pairs.next() else {
            return false;
        };
        let mut escaped = Vec::with_capacity(value.len());
        labels::escape(&labels::unescape(value), &mut escaped);
        labels::write(label.name.as_bytes(), &escaped, number == 0, &mut written);
    }
    written == text && str::from_utf8(text).is_ok()
}
