//! Comparing short texts: most are shorter than what a call of `memcmp` is worth.

use wide::u8x16;

/// Whether `bytes` begin with `text`.
#[inline(always)]
pub(crate) fn begins(bytes: &[u8], text: &[u8]) -> bool {
    bytes
        .get(..text.len())
        .is_some_and(|bytes| same(bytes, text))
}

/// Whether two texts are the same.
#[inline(always)]
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && match one.len() {
            33.. => one == other,
            // The last part overlaps the one before it, so that no byte is left over.
            16.. => first::<16>(one, other) && last::<16>(one, other),
            8.. => first::<8>(one, other) && last::<8>(one, other),
            4.. => first::<4>(one, other) && last::<4>(one, other),
            2.. => first::<2>(one, other) && last::<2>(one, other),
            _ => one.first() == other.first(),
        }
}

#[inline(always)]
fn first<const N: usize>(one: &[u8], other: &[u8]) -> bool {
    one.first_chunk::<N>() == other.first_chunk::<N>()
}

#[inline(always)]
fn last<const N: usize>(one: &[u8], other: &[u8]) -> bool {
    one.last_chunk::<N>() == other.last_chunk::<N>()
}

/// Whether `byte` stands in `start..end` of a line.
#[inline]
pub(crate) fn has(line: &[u8], start: usize, end: usize, byte: u8) -> bool {
    let sixteen = |at: usize| {
        let sixteen = line.get(at..)?.first_chunk::<16>()?;
        Some(
            u8x16::new(*sixteen)
                .simd_eq(u8x16::splat(byte))
                .to_bitmask(),
        )
    };
    let mut at = start;
    while at < end {
        let Some(mask) = sixteen(at) else {
            return line.get(at..end).is_some_and(|rest| rest.contains(&byte));
        };
        let place = at + mask.trailing_zeros() as usize;
        if mask != 0 {
            // Behind the end it stands in something else.
            return place < end;
        }
        at += 16;
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_compared_byte_by_byte(
            one in proptest::collection::vec(0u8..2, 0..70),
            place in 0usize..70,
            more in proptest::collection::vec(0u8..2, 0..3),
        ) {
            let mut other = one.clone();
            prop_assert!(same(&one, &other));
            other.extend(&more);
            prop_assert!(begins(&other, &one));
            prop_assert_eq!(same(&one, &other), more.is_empty());
            if place < one.len() {
                other[place] ^= 1;
                prop_assert!(!same(&one, &other) && !begins(&other, &one));
                prop_assert!(begins(&other, &one[..place]));
            }
            prop_assert_eq!(begins(&one, &other), one.starts_with(&other));
        }

        #[test]
        fn a_byte_is_found_between_two_places(
            line in proptest::collection::vec(prop_oneof![40 => Just(b'x'), 1 => Just(b'y')], 0..80),
            start in 0usize..90,
            length in 0usize..60,
        ) {
            let start = start.min(line.len());
            let end = (start + length).min(line.len());
            prop_assert_eq!(has(&line, start, end, b'y'), line[start..end].contains(&b'y'));
        }
    }
}
