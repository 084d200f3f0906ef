//! Places of bytes that `memchr` does not know, or that are too close together for it to pay.

/// How many bytes are looked at together: one for each bit of a mask.
const BLOCK_BYTES: usize = 64;

/// A kind of bytes.
pub(super) trait Kind {
    /// Whether `byte` is of this kind. Without branches, or the compiler makes no vector
    /// instructions of it.
    fn has(byte: u8) -> bool;
}

/// The places of the bytes of one kind in a text, from the front.
#[derive(Debug)]
pub(super) struct Places<'t, K> {
    text: &'t [u8],
    /// Where the block starts that `mask` is of.
    start: usize,
    /// One bit for each byte of the block, the first the lowest.
    mask: u64,
    kind: std::marker::PhantomData<K>,
}

impl<'t, K: Kind> Places<'t, K> {
    /// No place before `from` will be asked for.
    pub(super) fn new(text: &'t [u8], from: usize) -> Self {
        Self {
            text,
            start: from,
            mask: mask::<K>(text, from),
            kind: std::marker::PhantomData,
        }
    }

    /// The first place at or after `from`, which is not before the last one.
    #[inline(always)]
    pub(super) fn next(&mut self, mut from: usize) -> Option<usize> {
        loop {
            // Below the block there is none, or it would not have been left.
            let bits = from.saturating_sub(self.start);
            if bits < BLOCK_BYTES {
                let mask = self.mask >> bits;
                if mask != 0 {
                    return Some(self.start + bits + mask.trailing_zeros() as usize);
                }
            }
            from = self.advance(from)?;
        }
    }

    /// Goes to the next block that has bytes at or after `from`, and says where that is.
    #[inline(never)]
    fn advance(&mut self, from: usize) -> Option<usize> {
        let from = from.max(self.start + BLOCK_BYTES);
        if from >= self.text.len() {
            return None;
        }
        self.start = from;
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
    let marks: [i8; 16] = sixteen.map(|byte| if K::has(byte) { -1 } else { 0 });
    // One instruction where the processor has it.
    wide::i8x16::new(marks).to_bitmask()
}

/// The first place at or after `from`, where most often it is near.
#[inline(always)]
pub(super) fn near<K: Kind>(text: &[u8], mut from: usize) -> Option<usize> {
    while let Some(sixteen) = text.get(from..).and_then(|rest| rest.first_chunk()) {
        let mask = mask_of_sixteen::<K>(sixteen);
        if mask != 0 {
            return Some(from + mask.trailing_zeros() as usize);
        }
        from += 16;
    }
    near_end::<K>(text, from)
}

/// [`near`] with less than 16 bytes left.
#[inline(never)]
fn near_end<K: Kind>(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let place = rest.iter().position(|byte| K::has(*byte))?;
    Some(from + place)
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
