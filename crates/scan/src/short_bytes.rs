//! Comparing short texts: most are shorter than what a call of `memcmp` is worth. And which of their
//! bytes are rare.

/// Whether `bytes` begin with `text`.
#[inline(always)]
pub fn begins(bytes: &[u8], text: &[u8]) -> bool {
    bytes
        .get(..text.len())
        .is_some_and(|bytes| same(bytes, text))
}

/// Whether two texts are the same.
#[inline(always)]
pub fn same(one: &[u8], other: &[u8]) -> bool {
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

/// How many decimal digits eight bytes begin with.
#[inline(always)]
pub fn leading_digits(bytes: [u8; 8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // Digits are now the numbers below ten. A sum that runs over reaches only bytes after.
    let numbers = u64::from_le_bytes(bytes) ^ (ONES * u64::from(b'0'));
    let others = (numbers.wrapping_add(ONES * (128 - 10)) | numbers) & (ONES * 128);
    others.trailing_zeros() as usize / 8
}

/// The bytes that logs are made of, from the most frequent on. Unlike in other texts `=`, `.`, `/` and
/// digits are no help in finding a key.
const FREQUENT: &[u8] =
    b" e.t=aosrinpl\"/-0d1h2mc:3u4567_8g9,fyTvbwkADSx\tECMIPORNLF{}()[]GBUHVW@JKXQYZzjq";

/// How frequent a byte is in logs, compared with others.
pub fn frequency(byte: u8) -> u8 {
    let place = FREQUENT.iter().position(|frequent| *frequent == byte);
    place.map_or(0, |place| u8::MAX - place as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn digits_are_counted_up_to_the_first_other_byte(
            digits in "[0-9]{0,8}",
            others in proptest::array::uniform8(any::<u8>()),
        ) {
            let mut bytes = others;
            bytes[..digits.len()].copy_from_slice(digits.as_bytes());
            let expected = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
            prop_assert_eq!(leading_digits(bytes), expected);
        }

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
    }
}
