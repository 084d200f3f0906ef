//! The texts that a plan searches, from the front and from the back. No patterns, no places of
//! segments.

use memchr::arch::all::packedpair::{HeuristicFrequencyRank, Pair};
use memchr::memmem::Finder;
use wide::u8x16;

use crate::short_bytes;

/// How many places are looked at together: one for each bit of a mask.
const WINDOW: usize = 64;

#[derive(Debug, Clone)]
pub(super) struct Text {
    finder: Finder<'static>,
    /// Two bytes of the text that are rare in most others.
    pair: Option<[Rare; 2]>,
}

/// A byte, and where it is in the text.
#[derive(Debug, Clone, Copy)]
struct Rare {
    index: usize,
    byte: u8,
    /// The same byte again and again.
    sixteen: u8x16,
}

/// How frequent a byte is in logs.
struct InLogs;

impl HeuristicFrequencyRank for InLogs {
    fn rank(&self, byte: u8) -> u8 {
        short_bytes::frequency(byte)
    }
}

impl Text {
    pub(super) fn new(text: &[u8]) -> Text {
        let place = |index: u8| {
            let index = usize::from(index);
            let byte = *text.get(index)?;
            let sixteen = u8x16::splat(byte);
            Some(Rare {
                index,
                byte,
                sixteen,
            })
        };
        let pair = Pair::with_ranker(text, InLogs)
            .and_then(|pair| Some([place(pair.index1())?, place(pair.index2())?]));
        Text {
            finder: Finder::new(text).into_owned(),
            pair,
        }
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        self.finder.needle()
    }

    /// The first place of the text that lies in `from..limit` as a whole.
    #[inline]
    pub(super) fn find(&self, line: &[u8], from: usize, limit: usize) -> Option<usize> {
        Some(from + self.finder.find(line.get(from..limit)?)?)
    }

    /// Whether searching from the back is as fast as from the front: the text has several bytes.
    pub(super) fn is_found_backwards(&self) -> bool {
        self.pair.is_some()
    }

    /// The last place of the text that lies in `..limit` as a whole.
    #[inline]
    pub(super) fn rfind(&self, line: &[u8], limit: usize) -> Option<usize> {
        let line = line.get(..limit)?;
        let places = (line.len() + 1).checked_sub(self.bytes().len())?;
        let Some(pair @ [first, second]) = &self.pair else {
            let mut windows = line.windows(self.bytes().len().max(1));
            return windows.rposition(|part| part == self.bytes());
        };
        let (mut rest, mut more) = (first.of(line, places)?, second.of(line, places)?);
        while let Some((before, first)) = rest.split_last_chunk::<WINDOW>()
            && let Some((before_more, second)) = more.split_last_chunk::<WINDOW>()
        {
            (rest, more) = (before, before_more);
            let mask = mask(first, second, pair);
            if mask != 0
                && let Some(place) = self.last_of(mask, line, rest.len())
            {
                return Some(place);
            }
        }
        while let Some((before, first)) = rest.split_last_chunk::<16>()
            && let Some((before_more, second)) = more.split_last_chunk::<16>()
        {
            (rest, more) = (before, before_more);
            let mask = u64::from(both(first, second, pair).to_bitmask());
            if mask != 0
                && let Some(place) = self.last_of(mask, line, rest.len())
            {
                return Some(place);
            }
        }
        let stands = |place: &usize| {
            rest.get(*place) == Some(&pair[0].byte)
                && more.get(*place) == Some(&pair[1].byte)
                && self.is_at(line, *place)
        };
        (0..rest.len()).rfind(stands)
    }

    /// The last place of a mask at which the text is.
    #[inline(always)]
    fn last_of(&self, mut mask: u64, line: &[u8], start: usize) -> Option<usize> {
        while mask != 0 {
            let bit = 63 - mask.leading_zeros() as usize;
            if self.is_at(line, start + bit) {
                return Some(start + bit);
            }
            mask ^= 1 << bit;
        }
        None
    }

    #[inline]
    fn is_at(&self, line: &[u8], place: usize) -> bool {
        let begins = |rest| short_bytes::begins(rest, self.bytes());
        line.get(place..).is_some_and(begins)
    }
}

impl Rare {
    /// Where this byte would be, for each of so many places of the text.
    #[inline]
    fn of<'l>(&self, line: &'l [u8], places: usize) -> Option<&'l [u8]> {
        line.get(self.index..self.index + places)
    }
}

/// At which of sixteen places both bytes are.
#[inline(always)]
fn both(first: &[u8; 16], second: &[u8; 16], [one, other]: &[Rare; 2]) -> u8x16 {
    let first = u8x16::new(*first).simd_eq(one.sixteen);
    first & u8x16::new(*second).simd_eq(other.sixteen)
}

/// The same for a window.
#[inline(always)]
fn mask(first: &[u8; WINDOW], second: &[u8; WINDOW], pair: &[Rare; 2]) -> u64 {
    let (first, _) = first.as_chunks::<16>();
    let (second, _) = second.as_chunks::<16>();
    let mut found = [u8x16::ZERO; 4];
    for (found, (first, second)) in found.iter_mut().zip(first.iter().zip(second)) {
        *found = both(first, second, pair);
    }
    // Nearly always there is none.
    let any = (found[0] | found[1]) | (found[2] | found[3]);
    if any.to_bitmask() == 0 {
        return 0;
    }
    let join = |mask, sixteen: &u8x16| mask << 16 | u64::from(sixteen.to_bitmask());
    found.iter().rev().fold(0, join)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_found_from_both_sides(
            text in "[ab=]{1,4}",
            line in proptest::collection::vec(
                prop_oneof![30 => "[xyz]{1,9}", 3 => "[ab=]{1,4}", 1 => "ab=|b=b|aaa"], 0..60,
            ),
            from in 0usize..40,
            back in 0usize..40,
        ) {
            let line = line.concat();
            let searched = Text::new(text.as_bytes());
            let limit = line.len().saturating_sub(back);
            let rfound = searched.rfind(line.as_bytes(), limit);
            prop_assert_eq!(rfound, line[..limit].rfind(&text));
            let found = searched.find(line.as_bytes(), from.min(limit), limit);
            let expected = line[from.min(limit)..limit].find(&text);
            prop_assert_eq!(found, expected.map(|place| place + from.min(limit)));
            prop_assert_eq!(searched.rfind(line.as_bytes(), line.len() + 1), None);
        }
    }
}
