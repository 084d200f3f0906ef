//! Colours: the control sequences that a program writes for a terminal.
//!
//! Removed are ECMA-48 control sequences (section 5.4: ESC, `[`, parameters, a final byte), and
//! nothing else of what a terminal would obey.

use logmetrics_scan::byte_scan::{self, Kind, u8x16};
use memchr::memchr;

pub(super) const ESCAPE: u8 = 0x1b;

/// Whether the line's writer coloured it: the first ESC is before the first `=`.
///
/// A gateway that writes no colours passes on a client's ESC raw, inside a model's name and so
/// after a `=`. There it has to stay, or the text log would give another label than the JSON log.
#[inline]
pub(super) fn is_coloured(text: &[u8]) -> bool {
    // A JSON line has its `=` far after or nowhere, and one byte is searched faster than two.
    if text.first() == Some(&b'{') && memchr(ESCAPE, text).is_none() {
        return false;
    }
    let first = byte_scan::near::<EscapeOrEquals>(text, 0);
    first.is_some_and(|at| text[at] == ESCAPE)
}

/// An ESC or a `=`, of which most lines have one soon.
struct EscapeOrEquals;

impl Kind for EscapeOrEquals {
    fn has(byte: u8) -> bool {
        matches!(byte, ESCAPE | b'=')
    }

    #[inline(always)]
    fn marks(sixteen: u8x16) -> u8x16 {
        let is = |byte: u8| sixteen.simd_eq(u8x16::splat(byte));
        is(ESCAPE) | is(b'=')
    }
}

/// The text without the reset at its end, which a terminal's wrapping of whole lines leaves there;
/// `None` where there is none.
pub(super) fn without_reset(text: &[u8]) -> Option<&[u8]> {
    text.strip_suffix(b"\x1b[0m")
        .or_else(|| text.strip_suffix(b"\x1b[m"))
}

/// Writes `text` without its control sequences to `out`, which is cleared before.
pub(super) fn remove(text: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut rest = text;
    while let Some(at) = memchr(ESCAPE, rest) {
        // An ESC that begins no whole sequence stays.
        let length = sequence(&rest[at..]);
        out.extend_from_slice(&rest[..at + usize::from(length == 0)]);
        rest = &rest[at + length.max(1)..];
    }
    out.extend_from_slice(rest);
}

/// The length of the control sequence at the start of `bytes`; 0 if there is none.
pub(super) fn sequence(bytes: &[u8]) -> usize {
    let Some(body) = bytes.strip_prefix(b"\x1b[") else {
        return 0;
    };
    let parameters = run(body, 0x30..=0x3f);
    let intermediates = run(&body[parameters..], 0x20..=0x2f);
    match body.get(parameters + intermediates) {
        Some(0x40..=0x7e) => 2 + parameters + intermediates + 1,
        _ => 0,
    }
}

/// What follows the control sequence at the start of `bytes`, if there is one.
pub(super) fn after_sequence(bytes: &[u8]) -> &[u8] {
    &bytes[sequence(bytes)..]
}

/// How many bytes at the start of `bytes` are in `range`.
fn run(bytes: &[u8], range: std::ops::RangeInclusive<u8>) -> usize {
    (bytes.iter().take_while(|byte| range.contains(byte))).count()
}
