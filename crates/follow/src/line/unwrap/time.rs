//! Where a time ends that is at the start of a line. Does not compute with times.

/// A time in the form of RFC 3339, at the start of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// How many bytes the time has.
    pub(super) length: usize,
    /// How many digits of a second's fraction are written.
    pub(super) fraction_digits: usize,
}

/// How many bytes a time has up to its seconds.
pub(super) const SECONDS_BYTES: usize = SHAPE.len();

const SHAPE: &[u8; 19] = b"0000-00-00T00:00:00";

/// The time that `line` begins with: `2016-10-06T00:17:09.669794202Z`, with any number of digits
/// (also none) in the fraction, and `Z` or an offset such as `+02:00` or `+0200`.
pub(super) fn stamp(line: &[u8]) -> Option<Stamp> {
    let (seconds, rest) = line.split_first_chunk::<19>()?;
    if seconds[10] != b'T' || !matches(seconds, SHAPE) {
        return None;
    }
    let fraction = rest.strip_prefix(b".").unwrap_or_default();
    let fraction_digits = fraction
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let fraction_bytes = if fraction_digits > 0 {
        fraction_digits + 1
    } else {
        0
    };
    let zone_bytes = match rest.get(fraction_bytes..)? {
        [b'Z', ..] => 1,
        [b'+' | b'-', zone @ ..] if zone.len() >= 5 && matches(&zone[..5], b"00:00") => 6,
        // As older versions of journalctl write it.
        [b'+' | b'-', zone @ ..] if zone.len() >= 4 && matches(&zone[..4], b"0000") => 5,
        _ => return None,
    };
    Some(Stamp {
        length: SHAPE.len() + fraction_bytes + zone_bytes,
        fraction_digits,
    })
}

/// Whether `line` begins as a time does, as far as the upper halves of its bytes and the first colon
/// tell. No name with a blank or a bar after it does.
#[inline]
pub(super) fn is_likely(line: &[u8]) -> bool {
    const HALVES: u64 = u64::from_le_bytes([0xf0; 8]);
    const DATE: u64 = u64::from_le_bytes([0x30, 0x30, 0x30, 0x30, 0x20, 0x30, 0x30, 0x20]);
    const CLOCK: u64 = u64::from_le_bytes([0x30, 0x30, 0x50, 0x30, 0x30, 0x30, 0x30, 0x30]);
    let Some((begin, _)) = line.split_first_chunk::<16>() else {
        return false;
    };
    let [date, clock] = [0, 8].map(|at| {
        let mut half = [0; 8];
        half.copy_from_slice(&begin[at..at + 8]);
        u64::from_le_bytes(half) & HALVES
    });
    date == DATE && clock == CLOCK && begin[13] == b':'
}

/// Whether a colon is where a time has its first.
#[inline]
pub(super) fn has_colon(line: &[u8]) -> bool {
    line.get(13) == Some(&b':')
}

/// Whether there may be a space among the eight bytes from `start` on; surely not where this is
/// false. A line that ends there may have one.
#[inline]
pub(super) fn has_blank(line: &[u8], start: usize) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let Some(bytes) = line.get(start..).and_then(<[u8]>::first_chunk) else {
        return true;
    };
    // A byte that is 0 borrows from its highest bit; others do so only above such a byte.
    let differences = u64::from_le_bytes(*bytes) ^ (ONES * u64::from(b' '));
    differences.wrapping_sub(ONES) & !differences & (ONES << 7) != 0
}

/// Where the first space is within `most` bytes. Mostly it is near, and found sooner than a search begins.
#[inline]
pub(super) fn first_blank(text: &[u8], most: usize) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let (eights, _) = text.as_chunks::<8>();
    for (place, eight) in eights.iter().take(NEAR_EIGHTS).enumerate() {
        let differences = u64::from_le_bytes(*eight) ^ (ONES * u64::from(b' '));
        // The lowest of these bits is exact; those above it may be of other bytes.
        let found = differences.wrapping_sub(ONES) & !differences & (ONES << 7);
        if found != 0 {
            return Some(place * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let from = eights.len().min(NEAR_EIGHTS) * 8;
    let rest = text.get(from..text.len().min(most))?;
    memchr::memchr(b' ', rest).map(|at| from + at)
}

/// How far [`first_blank`] looks without a search, in eights of bytes.
const NEAR_EIGHTS: usize = 6;

/// Whether each byte is that of the shape, in which `0` is for any digit.
pub(super) fn matches(bytes: &[u8], shape: &[u8]) -> bool {
    bytes.iter().zip(shape).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        _ => byte == shape,
    })
}
