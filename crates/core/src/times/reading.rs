//! How a rule says that a time is written: by a format, in a zone, in a unit since 1970.

use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;

use super::forms;
use crate::clock::Clock;

/// How times are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeReading {
    /// Formats of `strptime`, of which the first that fits is taken; empty where the usual forms are read.
    pub formats: Vec<Box<str>>,
    /// The zone of times that name none.
    pub zone: TimeZone,
    /// How many of a number are a second; without it its size tells.
    pub per_second: Option<u64>,
    /// Whether the digits after the seconds are microseconds without leading zeros.
    pub unpadded_micros: bool,
}

impl Default for TimeReading {
    fn default() -> TimeReading {
        TimeReading {
            formats: Vec::new(),
            zone: TimeZone::UTC,
            per_second: None,
            unpadded_micros: false,
        }
    }
}

/// How much later than now a time without a year may be, in seconds: clocks differ, and so do zones.
const AHEAD_MAX: i64 = 2 * 86_400;

/// How many years back a time without a year may be: the 29th of February is rare.
const YEARS_BACK: i16 = 8;

impl TimeReading {
    /// Whether RFC 3339 is among what it reads, and means what it says.
    #[inline]
    pub(super) fn is_usual(&self) -> bool {
        self.formats.is_empty()
    }

    /// Seconds since 1970. `form` is the number of the form that was read last, a guess.
    pub(super) fn seconds(&self, text: &[u8], form: &mut usize, clock: &Clock) -> Option<f64> {
        let text = std::str::from_utf8(text).ok()?.trim();
        if !self.formats.is_empty() {
            let mut formats = self.formats.iter();
            return formats.find_map(|format| self.by_format(format, text, clock));
        }
        if let Ok(epoch) = text.parse::<f64>() {
            return match self.per_second {
                Some(per_second) => in_unit(epoch, per_second),
                None => since_epoch(epoch),
            };
        }
        if self.unpadded_micros
            && let Some(seconds) = unpadded(text)
        {
            return Some(seconds);
        }
        if let Ok(timestamp) = text.parse() {
            return Some(in_seconds(timestamp));
        }
        forms::read(text, self, form, clock).map(in_seconds)
    }

    fn by_format(&self, format: &str, text: &str, clock: &Clock) -> Option<f64> {
        let time = strtime::parse(format, text).ok()?;
        let zone = match time.iana_time_zone() {
            Some(name) => Some(TimeZone::get(name).ok()?),
            None => time.offset().map(TimeZone::fixed),
        };
        self.moment(time, zone, clock).map(in_seconds)
    }

    /// The moment of a time in a zone of its own, or in that of the rule. A time without a year is the
    /// last one that is not far ahead.
    pub(super) fn moment(
        &self,
        mut time: BrokenDownTime,
        own: Option<TimeZone>,
        clock: &Clock,
    ) -> Option<jiff::Timestamp> {
        if let Some(timestamp) = time.timestamp() {
            return Some(timestamp);
        }
        let zone = own.as_ref().unwrap_or(&self.zone);
        let has_year = time.year().is_some() || time.iso_week_year().is_some();
        if has_year {
            let civil = time.to_datetime().ok()?;
            let timestamp = zone.to_timestamp(civil).ok()?;
            // Two digits, or none of a year, are no year of a log.
            return (timestamp.as_second() >= 0).then_some(timestamp);
        }
        let now = i64::try_from(clock.now_ms() / 1000).ok()?;
        let this_year = jiff::Timestamp::from_second(now).ok()?;
        let this_year = zone.to_datetime(this_year).year();
        // On the last day of a year it may be the next one elsewhere.
        (this_year - YEARS_BACK..=this_year + 1)
            .rev()
            .find_map(|year| {
                time.set_year(Some(year)).ok()?;
                let timestamp = zone.to_timestamp(time.to_datetime().ok()?).ok()?;
                (timestamp.as_second() <= now.saturating_add(AHEAD_MAX)).then_some(timestamp)
            })
    }
}

/// Whether a format can be read, and says what a time needs.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check_format(format: &str) -> Result<(), String> {
    if !format.contains('%') {
        return Err(
            "it has no `%`; a time such as `2026-03-01 10:00:00` is `%Y-%m-%d %H:%M:%S`".into(),
        );
    }
    // What it writes it must read.
    let sample = jiff::Timestamp::from_second(1_772_359_200).unwrap_or_default();
    let sample = jiff::ZonedDateTime::new(sample, TimeZone::UTC);
    let readable = |error: jiff::Error| {
        let text = error.to_string();
        text.rsplit(": ").next().unwrap_or_default().to_owned()
    };
    let mut written = strtime::format(format, &sample).map_err(readable)?;
    if format.contains("%Q") {
        written = written.replace("UTC", "+0000");
    }
    let time = strtime::parse(format, &written).map_err(readable)?;
    if time.timestamp().is_some() {
        return Ok(());
    }
    if time.hour().is_none() {
        return Err("it says no hour".into());
    }
    let has_day = time.month().is_some() && time.day().is_some();
    if !has_day && time.day_of_year().is_none() && time.iso_week().is_none() {
        return Err("it says no day and month".into());
    }
    Ok(())
}

/// Seconds of a number that counts from 1970 in so many parts of a second.
fn in_unit(number: f64, per_second: u64) -> Option<f64> {
    // The last second of the year 9999.
    const LAST: f64 = 253_402_300_799.0;
    let seconds = number / per_second as f64;
    (0.0..=LAST).contains(&seconds).then_some(seconds)
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
