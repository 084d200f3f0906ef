//! Zones: those that rules name, and what a time says of its own.

use jiff::tz::{Offset, TimeZone};

/// A zone that is not known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownZone {
    /// No zone of this name is installed.
    Name,
    /// No zones are installed at all.
    NoZones,
}

/// The zone that a rule names: `Europe/Berlin`, `UTC`, `+02:00`.
///
/// # Errors
/// Where it is not known here.
pub fn of_rule(name: &str) -> Result<TimeZone, UnknownZone> {
    if name.eq_ignore_ascii_case("utc") || name == "Z" {
        return Ok(TimeZone::UTC);
    }
    if let Some(offset) = offset(name) {
        return Ok(TimeZone::fixed(offset));
    }
    let has_zones = || jiff::tz::db().available().next().is_some();
    TimeZone::get(name).map_err(|_| match has_zones() {
        true => UnknownZone::Name,
        false => UnknownZone::NoZones,
    })
}

/// `+02:00`, `+0200`, `-05`.
pub(super) fn offset(text: &str) -> Option<Offset> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' | '\u{2212}' => -1,
        _ => return None,
    };
    let digits = text.trim_start_matches(['+', '-', '\u{2212}']);
    let (hours, minutes) = match digits.len() {
        2 => (digits, "0"),
        4 => digits.split_at_checked(2)?,
        5 => digits.split_once(':')?,
        _ => return None,
    };
    let two = |text: &str| {
        let are_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        are_digits.then(|| text.parse::<i32>().ok()).flatten()
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    if minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// The abbreviations that mean one zone wherever they are written, in hours from UTC. Many do not.
const ABBREVIATIONS: [(&str, i8); 18] = [
    ("UTC", 0),
    ("GMT", 0),
    ("UCT", 0),
    ("Z", 0),
    ("WET", 0),
    ("WEST", 1),
    ("CET", 1),
    ("CEST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("EST", -5),
    ("EDT", -4),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
    ("JST", 9),
];

/// What a word says of the zone: an offset, an abbreviation, or both (`GMT+0100`).
pub(super) fn of_word(word: &str) -> Option<Offset> {
    if let Some(offset) = offset(word) {
        return Some(offset);
    }
    let after = word
        .strip_prefix("GMT")
        .or_else(|| word.strip_prefix("UTC"));
    if let Some(offset) = after.and_then(offset) {
        return Some(offset);
    }
    let found = ABBREVIATIONS.iter().find(|(name, _)| *name == word);
    found.map(|(_, hours)| jiff::tz::offset(*hours))
}
