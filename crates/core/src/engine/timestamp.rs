//! The time written on a line.

use logmetrics_scan::short_bytes::same;

/// Reads RFC 3339 (`2026-11-23T15:18:33.229071Z`), or a number since 1970, with or without a fraction:
/// seconds, milliseconds, microseconds or nanoseconds, as its size tells. Returns seconds since 1970.
///
/// With `unpadded_micros` the digits after the seconds are microseconds without leading zeros, as
/// agentgateway writes them: `:48.7271Z` is 7.271 milliseconds.
pub fn seconds(text: &[u8], unpadded_micros: bool) -> Option<f64> {
    Recent::default().seconds(text, unpadded_micros)
}

/// The second that was read last: lines that follow each other mostly have the same.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Recent(
    /// `YYYY-MM-DDTHH:MM:SS`, and the seconds since 1970.
    Option<([u8; 19], u64)>,
);

impl Recent {
    /// [`seconds`], which does not read the same second twice.
    #[inline]
    pub(super) fn seconds(&mut self, text: &[u8], unpadded_micros: bool) -> Option<f64> {
        if let Some(seconds) = self.canonical(text, unpadded_micros) {
            return Some(seconds);
        }
        by_library(text, unpadded_micros)
    }

    /// `YYYY-MM-DDTHH:MM:SS[.digits]Z` from 1970 on, as nearly every log writes it: the library reads
    /// only a second that is not the last one. `None` says nothing: the library is asked for all.
    fn canonical(&mut self, text: &[u8], unpadded_micros: bool) -> Option<f64> {
        let (zone, text) = text.split_last()?;
        let (head, fraction) = text.split_first_chunk::<19>()?;
        if *zone != b'Z' {
            return None;
        }
        let seconds = match self.0 {
            Some((written, seconds)) if same(head, &written) => seconds,
            _ => {
                let seconds = whole_seconds(head)?;
                self.0 = Some((*head, seconds));
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

fn by_library(text: &[u8], unpadded_micros: bool) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    if let Ok(epoch) = text.parse::<f64>() {
        return since_epoch(epoch);
    }
    if unpadded_micros && let Some(seconds) = unpadded(text) {
        return Some(seconds);
    }
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    Some(in_seconds(timestamp))
}

/// Seconds of a number that counts from 1970 in seconds, milliseconds, micro- or nanoseconds. Which of
/// them is told by its size: each is taken for the years 1970 (1973 for all but seconds) to 2286. A
/// number between two of these ranges, or above all, is no time.
fn since_epoch(number: f64) -> Option<f64> {
    const LAST_SECOND: f64 = 1e10;
    for per_second in [1.0, 1e3, 1e6, 1e9] {
        let first = if per_second == 1.0 { 0.0 } else { 1e8 };
        if (first * per_second..LAST_SECOND * per_second).contains(&number) {
            return Some(number / per_second);
        }
    }
    None
}

fn unpadded(text: &str) -> Option<f64> {
    let (whole, rest) = text.split_once('.')?;
    let digits_end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, zone) = rest.split_at(digits_end);
    if digits.is_empty() || digits.len() > 6 {
        return None;
    }
    let micros: u32 = digits.parse().ok()?;
    let timestamp: jiff::Timestamp = format!("{whole}.{micros:06}{zone}").parse().ok()?;
    Some(in_seconds(timestamp))
}

fn in_seconds(timestamp: jiff::Timestamp) -> f64 {
    // Microseconds since 1970 are exact in a float until the year 2255.
    timestamp.as_microsecond() as f64 / 1e6
}

/// The time at the start of a line, if one is there: the text up to the first blank, where it
/// looks like RFC 3339.
pub fn at_line_start(line: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr2(b' ', b'\t', line).unwrap_or(line.len());
    let word = &line[..end];
    let looks_right = word.len() >= 20
        && word[4] == b'-'
        && word[10] == b'T'
        && word[0].is_ascii_digit()
        && word[13] == b':';
    looks_right.then_some(word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_rfc_3339_and_epochs() {
        assert_eq!(seconds(b"1970-01-01T00:00:01.5Z", false), Some(1.5));
        assert_eq!(seconds(b"1970-01-01T01:00:01+01:00", false), Some(1.0));
        assert_eq!(seconds(b"12.25", false), Some(12.25));
        assert_eq!(seconds(b"yesterday", false), None);
        assert_eq!(seconds(b"-5", false), None);
        assert_eq!(seconds(b"\xff", false), None);
    }

    #[test]
    fn the_size_of_a_number_tells_its_unit() {
        for (text, expected) in [
            ("0", Some(0.0)),
            ("1646861401.5241024", Some(1_646_861_401.524_102_4)),
            ("1772359200123", Some(1_772_359_200.123)),
            ("1772359200123.5", Some(1_772_359_200.123_5)),
            ("1772359200123456", Some(1_772_359_200.123_456)),
            ("1772359200123456000", Some(1_772_359_200.123_456)),
            ("9999999999", Some(9_999_999_999.0)),
            ("9999999999999", Some(9_999_999_999.999)),
            // Neither seconds nor milliseconds of any year that a log is of.
            ("20000000000", None),
            ("20260301103000", None),
            ("99999999999999999999", None),
            ("1e300", None),
            ("-1772359200123", None),
            ("nan", None),
            ("inf", None),
        ] {
            assert_eq!(seconds(text.as_bytes(), false), expected, "{text}");
        }
    }

    #[test]
    fn pads_the_gateways_microseconds() {
        assert_eq!(seconds(b"1970-01-01T00:00:48.7271Z", true), Some(48.007271));
        assert_eq!(seconds(b"1970-01-01T00:00:48.727100Z", true), Some(48.7271));
        assert_eq!(
            seconds(b"1970-01-01T00:00:48.727100123Z", true),
            Some(48.7271)
        );
        assert_eq!(seconds(b"1970-01-01T00:00:48Z", true), Some(48.0));
    }

    fn canonical(text: &[u8], unpadded_micros: bool) -> Option<f64> {
        Recent::default().canonical(text, unpadded_micros)
    }

    /// What the two readers say of a text, where the first says anything.
    fn compare(text: &str) -> Result<(), TestCaseError> {
        for unpadded in [false, true] {
            if let Some(seconds) = canonical(text.as_bytes(), unpadded) {
                let expected = by_library(text.as_bytes(), unpadded);
                prop_assert_eq!(Some(seconds), expected, "{}", text);
            }
        }
        Ok(())
    }

    #[test]
    fn every_day_is_the_librarys() {
        let day = 86_400;
        for second in (0..253_300_000_000_i64).step_by(day * 7 + 3601) {
            let text = jiff::Timestamp::from_second(second).unwrap().to_string();
            assert_eq!(canonical(text.as_bytes(), false), Some(second as f64));
        }
        for (text, is_read) in [
            ("2024-02-29T00:00:00Z", true),
            ("2023-02-29T00:00:00Z", false),
            ("2100-02-29T00:00:00Z", false),
            ("2000-02-29T00:00:00Z", true),
            ("2026-11-23T15:18:33.Z", false),
            ("2026-11-23T15:18:33.1234567890Z", false),
            ("2026-11-23T15:18:60Z", false),
            ("1969-12-31T23:59:59Z", false),
            ("9999-12-31T23:59:59Z", false),
        ] {
            assert_eq!(
                canonical(text.as_bytes(), true).is_some(),
                is_read,
                "{text}"
            );
            compare(text).unwrap();
        }
    }

    proptest! {
        #[test]
        fn by_hand_it_is_the_librarys(
            text in "(19[67]|20[0-9]|999)[0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,10})?Z",
            place in 0_usize..40,
            other in "[0-9:.TtZ +-]",
        ) {
            compare(&text)?;
            let mut changed = text;
            if place < changed.len() {
                changed.replace_range(place..=place, &other);
            }
            compare(&changed)?;
        }

        #[test]
        fn what_was_read_before_changes_nothing(
            texts in proptest::collection::vec(
                "2026-1[0-3]-0[12]T1[12]:00:0[012](\\.[0-9]{1,7})?Z?|[a-z0-9]{0,3}", 1..20,
            ),
        ) {
            let mut recent = Recent::default();
            for text in &texts {
                for unpadded in [true, false] {
                    let expected = Recent::default().seconds(text.as_bytes(), unpadded);
                    prop_assert_eq!(recent.seconds(text.as_bytes(), unpadded), expected);
                }
            }
        }
    }

    #[test]
    fn finds_the_time_at_the_start() {
        assert_eq!(
            at_line_start(b"2026-11-23T15:18:33.229071Z\tinfo\trequest"),
            Some(&b"2026-11-23T15:18:33.229071Z"[..])
        );
        assert_eq!(at_line_start(b"request gateway=bind/3000"), None);
        assert_eq!(at_line_start(b""), None);
    }
}
