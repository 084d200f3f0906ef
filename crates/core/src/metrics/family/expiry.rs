//! How series go: by a deletion, by their age, and to make room for another.
//!
//! A slot whose series was removed is used again only after [`Family::settle_removed`], because the
//! order of the series still has it until then.

use std::collections::HashMap;
use std::hash::BuildHasher;

use super::{FREE, Family, is_always_there, next_generation};
use crate::metrics::batch::{Named, spread};
use crate::metrics::kind::{Kind, Operation, Refused};
use crate::metrics::label_text::{TextRange, Texts};
use crate::metrics::store::Unshown;

/// After how many idle seconds the series in a slot goes, for those that an update told so.
pub(super) type OwnExpiry = HashMap<u32, u32>;

/// What is left to do after series were removed, and which go next.
#[derive(Debug, Clone, Default)]
pub(super) struct Removed {
    slots: Vec<u32>,
    /// Age and slot of the series that were there when one had to go, the oldest last. One that
    /// was updated or removed since is passed over.
    oldest: Vec<(Age, u32)>,
}

/// When a series was last updated, and how many were created before it.
type Age = (i64, u64);

impl Family {
    /// Deletes a series, or says when it is to expire.
    #[cold]
    pub(super) fn remove(
        &mut self,
        named: &Named<'_>,
        operation: Operation,
        seconds: f64,
    ) -> Result<(), Refused> {
        let slot = self.find(named.text, named.hash);
        match (slot, operation) {
            // There is always one, so it cannot go.
            (Some(_), _) if is_always_there(&self.definition) => Err(Refused),
            (Some(slot), Operation::Delete) => {
                self.forget(slot);
                Ok(())
            }
            (Some(slot), _) if seconds >= 0.0 => {
                self.own_expiry.insert(slot, seconds as u32);
                Ok(())
            }
            (None, Operation::Delete) => Ok(()),
            _ => Err(Refused),
        }
    }

    /// Forgets the series that were idle for too long.
    pub(crate) fn expire(&mut self, now_ms: u64, unshown: &Unshown) {
        if self.expire_s.is_none() && self.own_expiry.is_empty() {
            return;
        }
        let now_s = now_ms / 1000;
        for slot in 0..self.updated_s.rows() {
            let updated_s = *self.updated_s.only(slot);
            let own = self.own_expiry.get(&(slot as u32)).copied();
            let Some(expire_s) = own.map(u64::from).or(self.expire_s) else {
                continue;
            };
            let is_idle = now_s.saturating_sub(u64::from(updated_s)) >= expire_s;
            if updated_s != FREE && is_idle {
                let creation_number = self.creations.only(slot).creation_number;
                if !unshown.holds(now_s, updated_s.into(), creation_number) {
                    self.forget(slot as u32);
                }
            }
        }
        self.settle_removed();
    }

    /// Removes the series that was not updated for longest; false where there is none to go.
    pub(super) fn evict_oldest(&mut self) -> bool {
        for refilled in [false, true] {
            if refilled {
                let slots = 0..self.updated_s.rows() as u32;
                let others = slots.filter(|slot| self.overflow_slot != Some(*slot));
                let with_age = others.filter_map(|slot| Some((self.age(slot)?, slot)));
                self.removed.oldest = with_age.collect();
                self.removed.oldest.sort_unstable_by(|a, b| b.cmp(a));
            }
            while let Some((age, slot)) = self.removed.oldest.pop() {
                if self.age(slot) == Some(age) {
                    self.forget(slot);
                    return true;
                }
            }
        }
        false
    }

    fn age(&self, slot: u32) -> Option<Age> {
        let row = slot as usize;
        let updated_s = *self.updated_s.only(row);
        let time = match self.definition.options.keeps_time {
            true => *self.times_ms.only(row),
            false => i64::from(updated_s),
        };
        (updated_s != FREE).then(|| (time, self.creations.only(row).creation_number))
    }

    /// Forgets a series; its slot stays in the order.
    fn forget(&mut self, slot: u32) {
        let place = self.creations.only(slot as usize).place;
        let text = self.texts.get(place);
        let hash = spread(self.hasher.hash_one(text) as u32);
        self.limits.remove(text);
        self.texts.forget(place);
        if let Ok(found) = self.table.find_entry(hash, |found| found.slot == slot) {
            found.remove();
        }
        if self.definition.kind == Kind::Text {
            let row = self.values.row(slot as usize);
            self.value_texts
                .forget(TextRange::of_numbers([row[0], row[1]]));
        }
        self.exemplars.forget(slot as usize);
        self.own_expiry.remove(&slot);
        *self.updated_s.only_mut(slot as usize) = FREE;
        self.removed.slots.push(slot);
        if self.overflow_slot == Some(slot) {
            self.overflow_slot = None;
        }
        // What batches remember of slots is void.
        self.generation = next_generation();
    }

    /// Lets the slots of removed series be used again.
    pub(crate) fn settle_removed(&mut self) {
        if !self.removed.slots.is_empty() {
            let updated_s = &self.updated_s;
            self.order
                .retain(|slot| *updated_s.only(slot as usize) != FREE);
            self.free.append(&mut self.removed.slots);
        }
        if self.texts.is_mostly_garbage() {
            let mut texts = Texts::default();
            for slot in self.order.slots() {
                let creation = self.creations.only_mut(slot as usize);
                creation.place = texts.add(self.texts.get(creation.place));
            }
            self.texts = texts;
        }
        if self.value_texts.is_mostly_garbage() {
            let mut texts = Texts::default();
            for slot in self.order.slots() {
                let row = self.values.row_mut(slot as usize);
                let text = self
                    .value_texts
                    .get(TextRange::of_numbers([row[0], row[1]]));
                row.copy_from_slice(&texts.add(text).numbers());
            }
            self.value_texts = texts;
        }
    }
}
