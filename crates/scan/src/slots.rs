//! The slots of one line: where the values of wanted keys were found on it.

use super::json::key_order::Orders;
use super::keys::{Keys, Matches, Span};

/// What was found for one key on one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldSlot {
    /// On the whole line.
    pub everywhere: Matches,
    /// Outside the [`UntrustedRange`](super::untrusted::UntrustedRange), where the rule has some; otherwise the same as
    /// `everywhere`.
    pub trusted: Matches,
}

/// The slots of one line, kept from line to line: which are not empty is told by [`Slots::bits`], and
/// the others are not cleared.
#[derive(Debug, Clone, Default)]
pub struct Slots {
    /// By the number of the key.
    slots: Vec<FieldSlot>,
    /// A bit for each slot that is not empty; see [`slot_bit`].
    bits: u64,
    /// Those without a bit of their own that are not empty. They are cleared.
    beyond: Vec<u32>,
    /// `trusted` of each slot means nothing, for it is the same as `everywhere`.
    all_trusted: bool,
    /// Room that the logfmt reader keeps from line to line.
    pub(super) key_starts: Vec<KeyStart>,
    /// What the JSON reader has learned from the lines before.
    pub(super) orders: Orders,
}

/// The bit of a slot. Those beyond the 63rd share one.
pub fn slot_bit(slot: usize) -> u64 {
    1 << slot.min(SHARED_FROM)
}

/// The slots from this one on have one bit together.
const SHARED_FROM: usize = 63;

/// That bit.
const SHARED_BIT: u64 = 1 << SHARED_FROM;

/// A `key=` on a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyStart {
    /// Where the key starts.
    pub(super) start: u32,
    /// Where the `=` is.
    pub(super) equals: u32,
}

impl Slots {
    /// Empties all slots and makes room for `keys`.
    pub fn clear(&mut self, keys: &Keys) {
        self.empty();
        if self.slots.len() != keys.len() {
            self.slots.resize(keys.len(), FieldSlot::default());
        }
    }

    /// Empties all slots.
    pub(super) fn empty(&mut self) {
        for slot in self.beyond.drain(..) {
            if let Some(slot) = self.slots.get_mut(slot as usize) {
                *slot = FieldSlot::default();
            }
        }
        self.bits = 0;
        self.all_trusted = false;
    }

    /// Whether any of the slots with these bits is not empty. False is certain.
    #[inline]
    pub fn has_any(&self, bits: u64) -> bool {
        self.bits & bits != 0
    }

    /// The bits of all slots that are not empty.
    pub fn bits(&self) -> u64 {
        self.bits
    }

    /// The one slot with one of these bits that is not empty; `None` where there are more or none, or
    /// where the bits do not tell.
    #[inline(always)]
    pub fn only_one(&self, bits: u64) -> Option<usize> {
        let there = self.bits & bits;
        let is_one = there.is_power_of_two() && there != SHARED_BIT;
        is_one.then(|| there.trailing_zeros() as usize)
    }

    /// What was found for a key on the whole line, or `trusted` the [`UntrustedRange`](super::untrusted::UntrustedRange)
    /// alone; `None` where nothing was.
    #[inline]
    pub fn matches(&self, slot: usize, trusted: bool) -> Option<&Matches> {
        let bit = slot_bit(slot);
        if !self.has_any(bit) {
            return None;
        }
        let slot = self.slots.get(slot)?;
        let seen = match trusted && !self.all_trusted {
            true => &slot.trusted,
            false => &slot.everywhere,
        };
        (seen.count > 0).then_some(seen)
    }

    /// What was found for each key, in the order of the keys.
    pub fn all(&self) -> Vec<FieldSlot> {
        let seen = |slot, trusted| self.matches(slot, trusted).copied().unwrap_or_default();
        let slot = |slot| FieldSlot {
            everywhere: seen(slot, false),
            trusted: seen(slot, true),
        };
        (0..self.slots.len()).map(slot).collect()
    }

    /// The slot with this number, to be filled. Only by this way may slots be changed.
    #[inline]
    pub(super) fn fill(&mut self, number: usize) -> Option<&mut FieldSlot> {
        let slot = self.slots.get_mut(number)?;
        let bit = slot_bit(number);
        if bit == SHARED_BIT {
            if slot.everywhere.count == 0 {
                self.beyond.push(number as u32);
            }
        } else if self.bits & bit == 0 {
            // What is there is of a line before.
            slot.everywhere.count = 0;
            slot.trusted.count = 0;
        }
        self.bits |= bit;
        Some(slot)
    }

    /// Notes the first value of a slot, one that is in the line's own object of JSON, for which
    /// `trusted.count` is 1. False where it is not the first, or that is not known.
    #[inline(always)]
    pub(super) fn fill_first(&mut self, number: usize, value: Span) -> bool {
        if number >= SHARED_FROM || self.bits >> number & 1 != 0 {
            return false;
        }
        let Some(slot) = self.slots.get_mut(number) else {
            return false;
        };
        slot.everywhere = Matches {
            count: 1,
            first: value,
            last: value,
        };
        slot.trusted.count = 1;
        self.bits |= 1 << number;
        true
    }

    /// Whether the slots are those of a JSON record, in which the order of the keys means nothing.
    pub fn is_json(&self) -> bool {
        self.all_trusted
    }

    /// Whether the last value of a key is after the last one of another key, which is on the line.
    pub fn is_behind(&self, slot: usize, other: usize) -> bool {
        let last = |slot| Some(self.matches(slot, false)?.last.start);
        self.is_json() || last(other).is_some_and(|other| last(slot) > Some(other))
    }

    /// Lets `trusted` be the same as `everywhere`, until all slots are emptied.
    pub(super) fn all_trusted(&mut self) {
        self.all_trusted = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Form, Span};

    #[test]
    fn nothing_of_a_line_is_seen_on_the_next() {
        let mut keys = Keys::default();
        (0..70).for_each(|number| {
            keys.add(&number.to_string());
        });
        let value = Span {
            start: 1,
            end: 2,
            form: Form::Plain,
        };
        let mut slots = Slots::default();
        for filled in [&[0, 62, 63, 69][..], &[1, 64], &[], &[62, 69]] {
            slots.clear(&keys);
            for &number in filled {
                let slot = slots.fill(number).unwrap();
                slot.everywhere.add(value);
                slot.trusted.add(value);
            }
            assert_eq!(slots.has_any(u64::MAX), !filled.is_empty());
            for (number, slot) in slots.all().iter().enumerate() {
                let count = u32::from(filled.contains(&number));
                assert_eq!((slot.everywhere.count, slot.trusted.count), (count, count));
                let alone = slots.only_one(slot_bit(number));
                assert_eq!(alone.is_some(), count == 1 && number < 63, "{number}");
            }
        }
        assert!(slots.fill(70).is_none());
    }

    #[test]
    fn two_slots_are_not_one() {
        let mut keys = Keys::default();
        for key in ["a", "b", "c"] {
            keys.add(key);
        }
        let mut slots = Slots::default();
        slots.clear(&keys);
        slots.fill(1).unwrap().everywhere.add(Span::default());
        assert_eq!(slots.only_one(0b111), Some(1));
        assert_eq!(slots.only_one(0b101), None);
        slots.fill(2).unwrap().everywhere.add(Span::default());
        assert_eq!(slots.only_one(0b111), None);
        assert_eq!(slots.only_one(0b101), Some(2));
        // Only the part inside the untrusted has it, until there are no untrusted.
        assert_eq!(slots.matches(1, true), None);
        slots.all_trusted();
        assert_eq!(slots.matches(1, true).map(|seen| seen.count), Some(1));
    }
}
