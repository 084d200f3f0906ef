//! Times as logs write them, to seconds since 1970.
//!
//! [`Recent`] is how a thread reads them: RFC 3339 by hand, with the last second kept; all else as a
//! [`TimeReading`] says, which is made when rules are loaded. Knows no rule and no line.

mod forms;
mod last_text;
mod reading;
mod zone;

#[cfg(test)]
mod tests;

pub use reading::{TimeReading, check_format};
pub use zone::{UnknownZone, of_rule as zone_of_rule};

use crate::clock::Clock;
use last_text::{LastText, Split};
use logmetrics_scan::short_bytes::same;

/// Reads a time whose rule says nothing of how it is written. Returns seconds since 1970.
///
/// With `unpadded_micros` the digits after the seconds are microseconds without leading zeros, as
/// agentgateway writes them: `:48.7271Z` is 7.271 milliseconds.
pub fn seconds(text: &[u8], unpadded_micros: bool) -> Option<f64> {
    let reading = TimeReading {
        unpadded_micros,
        ..TimeReading::default()
    };
    Recent::default().seconds(text, &reading, &Clock::system())
}

/// The second that was read last: lines that follow each other mostly have the same.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Recent {
    /// `YYYY-MM-DDTHH:MM:SS`, and the seconds since 1970.
    second: Option<([u8; 19], u64)>,
    /// The last time that was of another kind.
    other: Option<LastText>,
    /// Its form, which is tried first.
    form: usize,
}

impl Recent {
    /// [`seconds`], which does not read the same second twice.
    #[inline]
    pub(crate) fn seconds(
        &mut self,
        text: &[u8],
        reading: &TimeReading,
        clock: &Clock,
    ) -> Option<f64> {
        if reading.is_usual()
            && let Some(seconds) = self.canonical(text, reading.unpadded_micros)
        {
            return Some(seconds);
        }
        // Only texts of the usual forms are in two parts, of which the second is a fraction.
        let split = match reading.is_usual() && !reading.unpadded_micros {
            true => Split::new(text),
            false => None,
        };
        if let Some((split, last)) = split.as_ref().zip(self.other.as_ref())
            && let Some(seconds) = last.seconds(split, reading)
        {
            return Some(seconds);
        }
        let seconds = reading.seconds(text, &mut self.form, clock)?;
        if let Some(split) = &split {
            self.other = LastText::new(split, reading, seconds);
        }
        Some(seconds)
    }

    /// `YYYY-MM-DDTHH:MM:SS[.digits]Z` from 1970 on, as nearly every log writes it: the library reads
    /// only a second that is not the last one. `None` says nothing: the library is asked for all.
    fn canonical(&mut self, text: &[u8], unpadded_micros: bool) -> Option<f64> {
        let (zone, text) = text.split_last()?;
        let (head, fraction) = text.split_first_chunk::<19>()?;
        if *zone != b'Z' {
            return None;
        }
        let seconds = match self.second {
            Some((written, seconds)) if same(head, &written) => seconds,
            _ => {
                let seconds = whole_seconds(head)?;
                self.second = Some((*head, seconds));
                seconds
            }
        };
        let micros = seconds * 1_000_000 + fraction_micros(fraction, unpadded_micros)?;
        Some(micros as f64 / 1e6)
    }
}

/// The seconds since 1970 of `YYYY-MM-DDTHH:MM:SS` in UTC.
fn whole_seconds(head: &[u8; 19]) -> Option<u64> {
    // The library also reads other forms of this length, and `:60` as `:59`.
    let separators = [head[4], head[7], head[10], head[13], head[16]];
    if separators != *b"--T::" || head[17] == b'6' {
        return None;
    }
    let mut text = [b'Z'; 20];
    text[..19].copy_from_slice(head);
    let time: jiff::Timestamp = str::from_utf8(&text).ok()?.parse().ok()?;
    u64::try_from(time.as_second()).ok()
}

/// The microseconds that `.digits` says, cut to whole ones.
fn fraction_micros(fraction: &[u8], unpadded: bool) -> Option<u64> {
    let Some((dot, written)) = fraction.split_first() else {
        return Some(0);
    };
    if *dot != b'.' || !(1..=9).contains(&written.len()) {
        return None;
    }
    let value = digits(written)?;
    Some(match written.len() {
        1..=6 if unpadded => value,
        length @ 1..=6 => value * 10_u64.pow(6 - length as u32),
        length => value / 10_u64.pow(length as u32 - 6),
    })
}

fn digits(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit <= 9).then(|| value * 10 + u64::from(digit))
    })
}

/// The time at the start of a line, if one is there: the text up to the first blank, where it
/// looks like RFC 3339, or the two texts that look like `2026-03-01 10:00:00`, with a zone after them.
pub fn at_line_start(line: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr2(b' ', b'\t', line).unwrap_or(line.len());
    let word = &line[..end];
    let looks_right = word.len() >= 20
        && word[4] == b'-'
        && word[10] == b'T'
        && word[0].is_ascii_digit()
        && word[13] == b':';
    if looks_right {
        return Some(word);
    }
    if word.len() == 10 && word[4] == b'-' && word[0].is_ascii_digit() {
        return in_two_words(line);
    }
    None
}

/// `2026-03-01 10:00:00,123 UTC` at the start of a line.
fn in_two_words(line: &[u8]) -> Option<&[u8]> {
    let clock = line.get(11..)?;
    if line.get(10) != Some(&b' ') || clock.get(2) != Some(&b':') || clock.get(5) != Some(&b':') {
        return None;
    }
    let end = memchr::memchr2(b' ', b'\t', clock).unwrap_or(clock.len());
    let rest = clock.get(end + 1..).unwrap_or_default();
    let zone_end = memchr::memchr2(b' ', b'\t', rest).unwrap_or(rest.len());
    let zone = rest
        .get(..zone_end)
        .and_then(|zone| str::from_utf8(zone).ok());
    let zone_bytes = match zone {
        Some(zone) if zone::of_word(zone).is_some() => 1 + zone_end,
        _ => 0,
    };
    line.get(..11 + end + zone_bytes)
}
