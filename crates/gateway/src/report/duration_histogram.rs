//! How durations are distributed, in bins that are as wide as what they hold is long, so that a
//! percentile is right to a part of itself.
//!
//! The bin of a float is a part of the float itself: its exponent and the first bits of its
//! fraction. No logarithm is taken; a million requests a second are counted so.

use std::fmt;

/// Bits of the fraction: an octave has 64 bins, each at most a 64th as wide as it is far from 0. Its
/// middle is therefore off by less than a 128th.
const FRACTION_BITS: u32 = 6;

/// How far a bit pattern is moved to be a bin's number.
const SHIFT: u32 = f64::MANTISSA_DIGITS - 1 - FRACTION_BITS;

/// How many values lie in each bin. The caller keeps values within bounds: there is memory for all
/// bins between the least and the greatest.
#[derive(Clone, Default)]
pub(super) struct Bins {
    /// The number of the first bin in `counts`.
    first: usize,
    /// Four bytes: no log has so many requests of one length that it matters.
    counts: Vec<u32>,
    count: u64,
    /// The least and the greatest value.
    bounds: Option<(f64, f64)>,
}

impl Bins {
    /// Adds a value, which is finite and not negative.
    #[inline]
    pub(super) fn add(&mut self, value: f64) {
        let bin = (value.to_bits() >> SHIFT) as usize;
        let place = bin.wrapping_sub(self.first);
        match self.counts.get_mut(place) {
            Some(count) => *count = count.saturating_add(1),
            None => *self.reach(bin) += 1,
        }
        self.count += 1;
        self.widen((value, value));
    }

    /// Adds those of others.
    pub(super) fn merge(&mut self, other: &Bins) {
        let Some(bounds) = other.bounds else {
            return;
        };
        self.reach(other.first + other.counts.len() - 1);
        self.reach(other.first);
        let offset = other.first - self.first;
        for (count, other) in self.counts[offset..].iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*other);
        }
        self.count += other.count;
        self.widen(bounds);
    }

    /// The value that `rank` others do not exceed, counted from 0; nothing where there are fewer.
    pub(super) fn at(&self, rank: u64) -> Option<f64> {
        let (least, greatest) = self.bounds?;
        // What lies at an end is known.
        if rank == 0 {
            return Some(least);
        }
        if rank + 1 >= self.count {
            return (rank < self.count).then_some(greatest);
        }
        let mut below = 0;
        let place = self.counts.iter().position(|count| {
            below += u64::from(*count);
            below > rank
        })?;
        let edge = |bin: usize| f64::from_bits((bin as u64) << SHIFT);
        let bin = self.first + place;
        let middle = (edge(bin) + edge(bin + 1)) / 2.0;
        Some(middle.clamp(least, greatest))
    }

    fn widen(&mut self, (least, greatest): (f64, f64)) {
        let (old_least, old_greatest) = self.bounds.unwrap_or((least, greatest));
        self.bounds = Some((least.min(old_least), greatest.max(old_greatest)));
    }

    /// The count of a bin, for which there is memory then.
    #[cold]
    fn reach(&mut self, bin: usize) -> &mut u32 {
        if self.counts.is_empty() {
            self.first = bin;
        }
        if bin < self.first {
            let missing = self.first - bin;
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.first = bin;
        }
        let place = bin - self.first;
        if self.counts.len() <= place {
            self.counts.resize(place + 1, 0);
        }
        &mut self.counts[place]
    }
}

impl fmt::Debug for Bins {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Bins");
        shown.field("count", &self.count);
        shown.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_bin_is_near_all_of_it() {
        let mut value = 1e-6_f64;
        while value < 1e9 {
            let mut bins = Bins::default();
            // Ends that are far away say nothing of it.
            [1e-7, value, 2e9].into_iter().for_each(|one| bins.add(one));
            let found = bins.at(1).unwrap();
            assert!((found - value).abs() < value / 128.0, "{value} {found}");
            value *= 1.000_37;
        }
    }

    #[test]
    fn an_end_is_exact_and_nothing_is_beyond_it() {
        let mut bins = Bins::default();
        assert_eq!(bins.at(0), None);
        [1.0, 1.002, 1.002, 0.0]
            .into_iter()
            .for_each(|one| bins.add(one));
        assert_eq!(
            [0, 3, 4].map(|rank| bins.at(rank)),
            [Some(0.0), Some(1.002), None]
        );
        assert!((1..3).all(|rank| bins.at(rank).unwrap() <= 1.002));
    }
}
