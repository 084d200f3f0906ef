//! The time that was read last, of those that are not canonical: lines that follow each other mostly
//! have the same second. All but the fraction is remembered; what it says is compared with the text
//! before it is used.

use super::reading::TimeReading;

/// A longer text is not remembered.
const BYTES_MAX: usize = 48;

/// A text without its fraction, and what it was read as.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastText {
    /// Which reading it was: the place where that is.
    reading: usize,
    bytes: [u8; BYTES_MAX],
    length: usize,
    /// Where the fraction is; the length where there is none.
    cut: usize,
    /// Whole microseconds since 1970, without the fraction.
    micros: i64,
}

/// A text with its fraction set apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Split<'t> {
    before: &'t [u8],
    after: &'t [u8],
    /// Cut to whole ones.
    fraction_micros: i64,
}

impl<'t> Split<'t> {
    /// `None` where the text cannot be remembered.
    pub(super) fn new(text: &'t [u8]) -> Option<Split<'t>> {
        let whole = Split {
            before: text,
            after: b"",
            fraction_micros: 0,
        };
        // A number may have more digits than microseconds.
        if text.len() > BYTES_MAX || memchr::memchr(b':', text).is_none() {
            return None;
        }
        let Some(mark) = fraction_mark(text) else {
            return Some(whole);
        };
        let rest = text.get(mark + 1..)?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (fraction, after) = rest.split_at_checked(digits)?;
        let fraction_micros = micros(fraction)?;
        Some(Split {
            before: text.get(..mark)?,
            after,
            fraction_micros,
        })
    }
}

impl LastText {
    /// What a text is read as, where it differs from the last one in its fraction alone.
    #[inline]
    pub(super) fn seconds(&self, text: &Split<'_>, reading: &TimeReading) -> Option<f64> {
        let known = self.bytes.get(..self.length)?;
        let (before, after) = known.split_at_checked(self.cut)?;
        let is_it = self.reading == place(reading) && before == text.before && after == text.after;
        is_it.then(|| (self.micros + text.fraction_micros) as f64 / 1e6)
    }

    /// Remembers what a text was read as, in seconds.
    pub(super) fn new(text: &Split<'_>, reading: &TimeReading, seconds: f64) -> Option<LastText> {
        // Before 1970 a fraction is cut towards the other side.
        if seconds < 0.0 {
            return None;
        }
        let mut bytes = [0; BYTES_MAX];
        let length = text.before.len() + text.after.len();
        bytes
            .get_mut(..text.before.len())?
            .copy_from_slice(text.before);
        bytes
            .get_mut(text.before.len()..length)?
            .copy_from_slice(text.after);
        // Exact: microseconds since 1970 are, in a float.
        let micros = (seconds * 1e6).round() as i64;
        Some(LastText {
            reading: place(reading),
            bytes,
            length,
            cut: text.before.len(),
            micros: micros - text.fraction_micros,
        })
    }
}

fn place(reading: &TimeReading) -> usize {
    std::ptr::from_ref(reading).addr()
}

/// Where the point or comma is that follows `:00:00`.
fn fraction_mark(text: &[u8]) -> Option<usize> {
    let mut clock = memchr::memchr(b':', text)?;
    // Some have a colon before the hour as well.
    if text.get(clock + 6) == Some(&b':') {
        clock += 3;
    }
    let mark = clock + 6;
    let has_mark = matches!(text.get(mark), Some(b'.' | b','));
    (text.get(clock + 3) == Some(&b':') && has_mark).then_some(mark)
}

/// One to nine digits of a fraction.
fn micros(fraction: &[u8]) -> Option<i64> {
    if !(1..=9).contains(&fraction.len()) {
        return None;
    }
    let mut value: i64 = 0;
    for place in 0..6 {
        let digit = fraction.get(place).map_or(0, |byte| byte - b'0');
        value = value * 10 + i64::from(digit);
    }
    Some(value)
}
