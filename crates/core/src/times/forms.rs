//! The usual forms of a time, read without a word of the rule.
//!
//! What says the zone is taken off first, wherever it is; the rest is a format of the library's
//! `strptime`. No text is read by two of them as two moments, so that which one is tried first makes no
//! difference.

use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};

use super::reading::TimeReading;
use super::zone;
use crate::clock::Clock;

/// The forms, with one blank wherever there are some, a point before the fraction and no zone.
pub(super) const FORMS: [&str; 30] = [
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d_%H:%M:%S%.f",
    "%Y-%b-%d %H:%M:%S%.f",
    "%Y/%m/%d %H:%M:%S%.f",
    "%Y.%m.%d %H:%M:%S%.f",
    "%Y%m%dT%H%M%S%.f",
    "%Y%m%d %H:%M:%S%.f",
    "%Y-%m-%d-%H.%M.%S%.f",
    "%d.%m.%Y %H:%M:%S%.f",
    // Apache, nginx, HAProxy.
    "%d/%b/%Y:%H:%M:%S%.f",
    "%d/%b/%Y %H:%M:%S%.f",
    "%d-%b-%Y %H:%M:%S%.f",
    "%d %b %Y %H:%M:%S%.f",
    "%d %B %Y %H:%M:%S%.f",
    "%a, %d %b %Y %H:%M:%S%.f",
    "%A, %d-%b-%y %H:%M:%S%.f",
    // journalctl.
    "%a %Y-%m-%d %H:%M:%S%.f",
    // C's asctime, Apache's errors, JavaScript.
    "%a %b %d %H:%M:%S%.f %Y",
    "%a %b %d %Y %H:%M:%S%.f",
    "%b %d %H:%M:%S%.f %Y",
    "%b %d %Y %H:%M:%S%.f",
    "%b %d, %Y %H:%M:%S%.f",
    "%b %d, %Y %I:%M:%S %p",
    "%B %d, %Y %H:%M:%S%.f",
    "%B %d, %Y %I:%M:%S %p",
    // Without a year: syslog, and the rest of its kind.
    "%b %d %H:%M:%S%.f",
    "%a %b %d %H:%M:%S%.f",
    "%d %b %H:%M:%S%.f",
    "%m%d %H:%M:%S%.f",
];

/// A time in one of the forms. `form` is the number of the one that is tried first, and becomes that
/// of the one that fits.
pub(super) fn read(
    text: &str,
    reading: &TimeReading,
    form: &mut usize,
    clock: &Clock,
) -> Option<jiff::Timestamp> {
    // The longest that is read is far shorter.
    if text.len() > 80 {
        return None;
    }
    let (civil, offset) = without_zone(text);
    let own = offset.map(TimeZone::fixed);
    let first = FORMS.get(*form).map(|format| (*form, format));
    let all = first.into_iter().chain(FORMS.iter().enumerate());
    for (number, format) in all {
        if let Ok(time) = strtime::parse(format, &civil) {
            *form = number;
            return reading.moment(time, own, clock);
        }
    }
    None
}

/// The text without what says its zone, and that. Blanks are one each, and a comma before a fraction is
/// a point.
fn without_zone(text: &str) -> (String, Option<Offset>) {
    // JavaScript writes the name of the zone after it.
    let text = text.split(" (").next().unwrap_or_default();
    let mut civil = String::with_capacity(text.len());
    let mut zone = None;
    let mut has_clock = false;
    for word in text.split_ascii_whitespace() {
        let kept = if has_clock {
            match zone::of_word(word) {
                Some(offset) => {
                    zone = zone.or(Some(offset));
                    continue;
                }
                None => word,
            }
        } else {
            has_clock = clock_start(word).is_some();
            let (kept, offset) = without_suffix(word);
            zone = offset;
            kept
        };
        if !civil.is_empty() {
            civil.push(' ');
        }
        push_with_point(kept, &mut civil);
    }
    (civil, zone)
}

/// Where the time of day is in a word, roughly: no sign before it belongs to a zone.
fn clock_start(word: &str) -> Option<usize> {
    let basic = word.find('T').filter(|place| *place == 8);
    word.find(':').or(basic)
}

/// A word without the zone that is right after its time of day.
fn without_suffix(word: &str) -> (&str, Option<Offset>) {
    let Some(start) = clock_start(word) else {
        return (word, None);
    };
    if let Some(rest) = word.strip_suffix(['Z', 'z'])
        && rest.ends_with(|c: char| c.is_ascii_digit())
    {
        return (rest, Some(Offset::UTC));
    }
    let sign = word
        .rfind(['+', '-', '\u{2212}'])
        .filter(|sign| *sign > start);
    let cut = sign.and_then(|sign| word.split_at_checked(sign));
    match cut.and_then(|(rest, suffix)| Some((rest, zone::offset(suffix)?))) {
        Some((rest, offset)) => (rest, Some(offset)),
        None => (word, None),
    }
}

/// Appends a word, with a point for a comma between digits.
fn push_with_point(word: &str, out: &mut String) {
    match word.split_once(',') {
        Some((before, after))
            if before.ends_with(|c: char| c.is_ascii_digit())
                && after.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            out.push_str(before);
            out.push('.');
            out.push_str(after);
        }
        _ => out.push_str(word),
    }
}
