//! Places of bytes that `memchr` does not know, or that are too close together for it to pay.

pub use wide::u8x16;

/// How many bytes are looked at together: one for each bit of a mask.
const BLOCK_BYTES: usize = 64;

/// A kind of bytes.
pub trait Kind {
    /// Whether `byte` is of this kind.
    fn has(byte: u8) -> bool;

    /// The same of sixteen bytes: all bits of those that are, none of the others. Left to itself the
    /// compiler takes twice as many instructions.
    fn marks(sixteen: u8x16) -> u8x16;
}

/// The places of the bytes of one kind in a text, from the front.
#[derive(Debug)]
pub(super) struct Places<'t, K> {
    text: &'t [u8],
    /// Where the block ends that `mask` is of.
    end: usize,
    /// One bit for each byte of the block, the first the lowest. None as long as no place was asked for.
    mask: u64,
    kind: std::marker::PhantomData<K>,
}

impl<'t, K: Kind> Places<'t, K> {
    /// No place before `from` will be asked for.
    pub(super) fn new(text: &'t [u8], from: usize) -> Self {
        Self {
            text,
            end: from,
            mask: 0,
            kind: std::marker::PhantomData,
        }
    }

    /// The first place at or after `from`, which is not before the last one.
    #[inline(always)]
    pub(super) fn next(&mut self, mut from: usize) -> Option<usize> {
        loop {
            // Below the block there is none, or it would not have been left.
            let bits = (from + BLOCK_BYTES).saturating_sub(self.end);
            if bits < BLOCK_BYTES {
                let mask = self.mask >> bits;
                if mask != 0 {
                    let first = bits + mask.trailing_zeros() as usize;
                    return Some(self.end + first - BLOCK_BYTES);
                }
            }
            from = self.advance(from)?;
        }
    }

    /// Goes to the next block that has bytes at or after `from`, and says where that is.
    #[inline(never)]
    fn advance(&mut self, from: usize) -> Option<usize> {
        let from = from.max(self.end);
        if from >= self.text.len() {
            return None;
        }
        self.end = from + BLOCK_BYTES;
        self.mask = mask::<K>(self.text, from);
        Some(from)
    }
}

/// Calls `each` for the place of every byte of the kind in `text`, from the front.
#[inline(always)]
pub(super) fn each<K: Kind>(text: &[u8], mut each: impl FnMut(usize)) {
    for start in (0..text.len()).step_by(BLOCK_BYTES) {
        let mut mask = mask::<K>(text, start);
        while mask != 0 {
            each(start + mask.trailing_zeros() as usize);
            mask &= mask - 1;
        }
    }
}

/// Where bytes of the kind are among the 64 from `start` on.
#[inline(always)]
fn mask<K: Kind>(text: &[u8], start: usize) -> u64 {
    // The last block begins where it is a full one, and what is before `start` is left out.
    let Some(last) = text.len().checked_sub(BLOCK_BYTES) else {
        return short_mask::<K>(text) >> start.min(BLOCK_BYTES - 1);
    };
    let from = start.min(last);
    match text.get(from..).and_then(|rest| rest.first_chunk()) {
        Some(block) if start < text.len() => full_mask::<K>(block) >> (start - from),
        _ => 0,
    }
}

/// [`mask`] of a text shorter than a block.
#[inline(never)]
fn short_mask<K: Kind>(text: &[u8]) -> u64 {
    let mut block = [0; BLOCK_BYTES];
    block[..text.len()].copy_from_slice(text);
    full_mask::<K>(&block) & !(u64::MAX << text.len())
}

#[inline(always)]
fn full_mask<K: Kind>(block: &[u8; BLOCK_BYTES]) -> u64 {
    let (sixteens, _) = block.as_chunks::<16>();
    let [a, b, c, d] = sixteens else {
        return 0;
    };
    let low = mask_of_sixteen::<K>(a) | mask_of_sixteen::<K>(b) << 16;
    let high = mask_of_sixteen::<K>(c) | mask_of_sixteen::<K>(d) << 16;
    u64::from(low) | u64::from(high) << 32
}

/// A bit for each byte of the kind.
#[inline(always)]
fn mask_of_sixteen<K: Kind>(sixteen: &[u8; 16]) -> u32 {
    // One instruction where the processor has it.
    K::marks(u8x16::new(*sixteen)).to_bitmask()
}

/// The first place at or after `from`, where most often it is near.
#[inline(always)]
pub fn near<K: Kind>(text: &[u8], from: usize) -> Option<usize> {
    let (sixteens, end) = text.get(from..)?.as_chunks::<16>();
    for (number, sixteen) in sixteens.iter().enumerate() {
        let mask = mask_of_sixteen::<K>(sixteen);
        if mask != 0 {
            return Some(from + 16 * number + mask.trailing_zeros() as usize);
        }
    }
    near_end::<K>(text, end)
}

/// [`near`] in the less than 16 bytes that `text` ends with.
#[inline(always)]
fn near_end<K: Kind>(text: &[u8], end: &[u8]) -> Option<usize> {
    let Some(last) = text.last_chunk::<16>() else {
        let place = end.iter().position(|byte| K::has(*byte))?;
        return Some(text.len() - end.len() + place);
    };
    // Those before the end are left out.
    let mask = mask_of_sixteen::<K>(last) >> (16 - end.len());
    (mask != 0).then(|| text.len() - end.len() + mask.trailing_zeros() as usize)
}

/// Checks that a kind marks the bytes that it has, each at each place.
#[cfg(test)]
pub(super) fn check_marks<K: Kind>() {
    for byte in 0..=u8::MAX {
        for (place, other) in (0..16).zip([0, b'a', 0xff].into_iter().cycle()) {
            let mut sixteen = [other; 16];
            sixteen[place] = byte;
            let expected = sixteen.map(|byte| if K::has(byte) { u8::MAX } else { 0 });
            let marks = K::marks(u8x16::new(sixteen)).to_array();
            assert_eq!(marks, expected, "{byte:#x} among {other:#x}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Even;

    impl Kind for Even {
        fn has(byte: u8) -> bool {
            byte & 1 == 0
        }

        fn marks(sixteen: u8x16) -> u8x16 {
            (sixteen & u8x16::splat(1)).simd_eq(u8x16::splat(0))
        }
    }

    #[test]
    fn sixteen_bytes_are_told_as_one() {
        check_marks::<Even>();
    }

    proptest! {
        #[test]
        fn places_are_found_one_by_one(
            text in proptest::collection::vec(prop_oneof![9 => Just(1u8), 1 => any::<u8>()], 0..300),
            steps in proptest::collection::vec(0usize..90, 0..40),
        ) {
            let mut all = Vec::new();
            each::<Even>(&text, |place| all.push(place));
            let even = |place: &usize| Even::has(text[*place]);
            prop_assert_eq!(all, (0..text.len()).filter(even).collect::<Vec<_>>());

            let mut from = 0;
            let mut places = Places::<Even>::new(&text, from);
            for step in steps {
                let expected = (from..text.len()).find(|at| Even::has(text[*at]));
                prop_assert_eq!(places.next(from), expected);
                prop_assert_eq!(near::<Even>(&text, from), expected);
                prop_assert_eq!(Places::<Even>::new(&text, from).next(from), expected);
                from = (from + step).max(expected.unwrap_or(0));
            }
        }
    }
}
