//! Where a match's groups are written to. No patterns and no lines.

use std::ops::Range;

/// Where groups are written to, if anybody wants them.
pub(super) trait Groups {
    /// Whether somebody does.
    const WANTED: bool;
    /// A group starts.
    fn open(&mut self, group: usize, place: usize);
    /// The group that was opened ends.
    fn close(&mut self, group: usize, place: usize);
    /// Both at once.
    fn set(&mut self, group: usize, start: usize, end: usize);
    /// These groups are not set.
    fn clear(&mut self, groups: &Range<usize>);
}

/// For those who only ask whether a line matches.
impl Groups for () {
    const WANTED: bool = false;
    #[inline]
    fn open(&mut self, _: usize, _: usize) {}
    #[inline]
    fn close(&mut self, _: usize, _: usize) {}
    #[inline]
    fn set(&mut self, _: usize, _: usize, _: usize) {}
    #[inline]
    fn clear(&mut self, _: &Range<usize>) {}
}

/// The caller has seen to it that the line's length fits into 32 bits.
impl Groups for Vec<Option<(u32, u32)>> {
    const WANTED: bool = true;

    #[inline]
    fn open(&mut self, group: usize, place: usize) {
        if let Some(slot) = self.get_mut(group) {
            *slot = Some((place as u32, place as u32));
        }
    }

    #[inline]
    fn close(&mut self, group: usize, place: usize) {
        if let Some(Some(slot)) = self.get_mut(group) {
            slot.1 = place as u32;
        }
    }

    #[inline]
    fn set(&mut self, group: usize, start: usize, end: usize) {
        if let Some(slot) = self.get_mut(group) {
            *slot = Some((start as u32, end as u32));
        }
    }

    fn clear(&mut self, groups: &Range<usize>) {
        if let Some(slots) = self.get_mut(groups.clone()) {
            slots.fill(None);
        }
    }
}
