//! Layouts of times as Go writes them: `Mon Jan 2 15:04:05 MST 2006`, the reference time as a log
//! would write it.

mod pieces;
mod read_time;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use pieces::Piece;

const SECONDS_OF_DAY: i64 = 86_400;

/// A moment: seconds since 1970 in UTC, and nanoseconds on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Time {
    pub seconds: i64,
    pub nanoseconds: u32,
}

impl Time {
    pub fn from_seconds(seconds: i64) -> Self {
        Time {
            seconds,
            nanoseconds: 0,
        }
    }

    /// Milliseconds since 1970, or the nearest that fits.
    pub fn milliseconds(self) -> i64 {
        self.seconds
            .saturating_mul(1000)
            .saturating_add(i64::from(self.nanoseconds / 1_000_000))
    }
}

/// What a text lacks is taken from here.
#[derive(Debug, Clone)]
pub struct Defaults<'z> {
    /// The zone of texts that name none.
    pub zone: &'z TimeZone,
    /// When the line was read; its year is that of texts without one.
    pub now: Time,
    /// Whether a text without a year is in the year of `now`, and not in year 0.
    pub assumes_year: bool,
    /// Whether such a text that would lie in the future is of the year before.
    pub is_past: bool,
}

/// A layout, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    written: String,
    pieces: Vec<Piece>,
}

/// What a text says.
#[derive(Debug, Clone, Default)]
struct Fields {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanoseconds: u32,
    is_afternoon: Option<bool>,
    /// Seconds east of UTC.
    offset: Option<i64>,
    zone_name: Option<String>,
}

impl Layout {
    pub fn new(layout: &str) -> Self {
        Layout {
            written: layout.to_owned(),
            pieces: pieces::split(layout),
        }
    }

    /// Whether any part of it means a part of a time.
    pub fn has_parts(&self) -> bool {
        self.pieces
            .iter()
            .any(|piece| !matches!(piece, Piece::Literal(_)))
    }

    /// Whether the layout is a time in its own form, as mtail asks of it.
    pub fn reads_itself(&self) -> bool {
        let bare = self.written.replace('_', "").replace('Z', "+");
        read_time::fields(&self.pieces, &bare).is_some()
            || read_time::fields(&self.pieces, &self.written).is_some()
    }

    /// Reads a text; none where it is not in this form or no date.
    pub fn read(&self, text: &str, defaults: &Defaults) -> Option<Time> {
        let fields = read_time::fields(&self.pieces, text)?;
        let (month, day) = fields.month_and_day()?;
        if fields.year != 0 || !defaults.assumes_year {
            return fields.moment(fields.year, month, day, defaults.zone);
        }
        let year = year_of(defaults.now, defaults.zone);
        let time = fields.moment(year, month, day, defaults.zone)?;
        let is_future = time.seconds > defaults.now.seconds.saturating_add(SECONDS_OF_DAY);
        if defaults.is_past && is_future {
            return fields.moment(year - 1, month, day, defaults.zone);
        }
        Some(time)
    }
}

fn year_of(now: Time, zone: &TimeZone) -> i64 {
    let timestamp = jiff::Timestamp::from_second(now.seconds).unwrap_or_default();
    i64::from(zone.to_datetime(timestamp).year())
}

impl Fields {
    /// The month, and the day within its range; without a year, 29 February is one.
    fn month_and_day(&self) -> Option<(i64, i64)> {
        let year = i16::try_from(self.year).ok()?;
        if let Some(day) = self.day_of_year {
            let first = Date::new(year, 1, 1).ok()?;
            let date = first.checked_add(jiff::Span::new().days(day - 1)).ok()?;
            if date.year() != year {
                return None;
            }
            let (month, day) = (i64::from(date.month()), i64::from(date.day()));
            let is_same = self.month.is_none_or(|known| known == month)
                && self.day.is_none_or(|known| known == day);
            return is_same.then_some((month, day));
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        Some((month, day))
    }

    fn moment(&self, year: i64, month: i64, day: i64, zone: &TimeZone) -> Option<Time> {
        let first = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, 1).ok()?;
        // The day is added, so that 29 February of a common year is 1 March.
        let date = first.checked_add(jiff::Span::new().days(day - 1)).ok()?;
        let hour = match self.is_afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let small = |number: i64| i8::try_from(number).ok();
        let civil = date.at(small(hour)?, small(self.minute)?, small(self.second)?, 0);
        let in_utc = TimeZone::UTC.to_timestamp(civil).ok()?.as_second();
        let seconds = match (self.offset, &self.zone_name) {
            (Some(offset), _) => in_utc - offset,
            (None, Some(name)) => in_utc - offset_of(name, in_utc, zone),
            (None, None) => zone.to_timestamp(civil).ok()?.as_second(),
        };
        Some(Time {
            seconds,
            nanoseconds: self.nanoseconds,
        })
    }
}

/// The offset that a zone's abbreviation means: `GMT+3`, or one that the zone itself uses; others
/// count as UTC.
fn offset_of(name: &str, in_utc: i64, zone: &TimeZone) -> i64 {
    if let Some(hours) = name.strip_prefix("GMT") {
        return hours.parse::<i64>().unwrap_or(0) * 3600;
    }
    // Half a year away is the other half of summer time.
    for away in [0, 183 * SECONDS_OF_DAY, -183 * SECONDS_OF_DAY] {
        let Ok(timestamp) = jiff::Timestamp::from_second(in_utc.saturating_add(away)) else {
            continue;
        };
        let info = zone.to_offset_info(timestamp);
        if info.abbreviation() == name {
            return i64::from(info.offset().seconds());
        }
    }
    0
}

#[cfg(test)]
mod tests;
