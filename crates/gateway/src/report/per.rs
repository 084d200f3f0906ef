//! Sums of each month or day and name: who used how much in which month.
//!
//! There are only so many rows. Of more, those with the fewest requests are added up as
//! [`OTHER`](super::OTHER) of their month, by an order that depends on names and requests alone.

use std::cmp::Reverse;
use std::sync::Arc;

use hashbrown::HashMap;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::name_table::{Group, OTHER_INDEX};
use super::totals::Figures;
use logmetrics_core::engine::extract::Dimension;

/// Most rows that are distinguished; they take about 300 MB.
pub const ROWS_MAX: usize = 1_000_000;

/// Times outside of these years are no times of requests.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2200;

/// Where requests count that have no time, or none that can be right.
const UNKNOWN: i32 = i32::MAX;

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodLength {
    /// A day of the calendar.
    Day,
    /// A month of the calendar.
    Month,
}

/// What a report has a row for.
#[derive(Debug, Clone)]
pub struct Per {
    /// How long a period is.
    pub length: PeriodLength,
    /// Where days begin.
    pub zone: TimeZone,
    /// How the zone is called.
    pub zone_name: Arc<str>,
    /// Whose requests a row has.
    pub by: Dimension,
}

/// A row.
#[derive(Debug, Clone)]
pub struct PerRow {
    /// `2026-11` or `2026-11-23`; nothing where the time is not known.
    pub period: Option<String>,
    /// The user, team or model.
    pub name: String,
    /// What was used, without durations.
    pub figures: Figures,
}

/// All rows, by period and name; what is of no known time comes last.
#[derive(Debug, Clone)]
pub struct PerRows {
    /// What was asked for.
    pub per: Per,
    /// The rows.
    pub rows: Vec<PerRow>,
    /// Whether there were more than are distinguished.
    pub is_limited: bool,
}

impl PeriodLength {
    /// `month`, `day`
    pub fn word(self) -> &'static str {
        match self {
            PeriodLength::Day => "day",
            PeriodLength::Month => "month",
        }
    }
}

/// The period that a moment belongs to, and when that begins and ends, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Now {
    ends: (f64, f64),
    period: i32,
}

impl Default for Now {
    fn default() -> Now {
        Now {
            ends: (0.0, 0.0),
            period: UNKNOWN,
        }
    }
}

impl Now {
    /// The period of a moment. Most follow one another within one period.
    pub(super) fn period(&mut self, seconds: Option<f64>, per: &Per) -> i32 {
        let Some(seconds) = seconds else {
            return UNKNOWN;
        };
        if !(self.ends.0..self.ends.1).contains(&seconds) {
            let Some(now) = Now::of(seconds, per) else {
                return UNKNOWN;
            };
            *self = now;
        }
        self.period
    }

    fn of(seconds: f64, per: &Per) -> Option<Now> {
        if !(-1e12..1e12).contains(&seconds) {
            return None;
        }
        let moment = Timestamp::from_second(seconds.floor() as i64).ok()?;
        let date = per.zone.to_datetime(moment).date();
        if !YEARS.contains(&date.year()) {
            return None;
        }
        let (first, next) = match per.length {
            PeriodLength::Day => (date, date.checked_add(1.day()).ok()?),
            PeriodLength::Month => {
                let first = date.first_of_month();
                (first, first.checked_add(1.month()).ok()?)
            }
        };
        let start = |date: Date| {
            let moment = per.zone.to_timestamp(date.to_datetime(Time::midnight()));
            Some(moment.ok()?.as_second() as f64)
        };
        Some(Now {
            ends: (start(first)?, start(next)?),
            period: number(first),
        })
    }
}

/// Dates as numbers, in their order.
fn number(date: Date) -> i32 {
    (i32::from(date.year()) * 12 + i32::from(date.month()) - 1) * 31 + i32::from(date.day()) - 1
}

fn text(period: i32, length: PeriodLength) -> Option<String> {
    if period == UNKNOWN {
        return None;
    }
    let (months, day) = (period / 31, period % 31 + 1);
    let (year, month) = (months / 12, months % 12 + 1);
    Some(match length {
        PeriodLength::Day => format!("{year:04}-{month:02}-{day:02}"),
        PeriodLength::Month => format!("{year:04}-{month:02}"),
    })
}

/// Sums by period and number of a name.
#[derive(Debug, Default)]
pub(super) struct Cells {
    cells: HashMap<(i32, u32), Figures, foldhash::fast::RandomState>,
    is_limited: bool,
}

impl Cells {
    pub(super) fn at(&mut self, period: i32, name: u32) -> &mut Figures {
        self.cells.entry((period, name)).or_default()
    }

    /// Adds others; `numbers` has the own number of each of their names.
    pub(super) fn merge(&mut self, other: Cells, numbers: &[u32]) {
        self.is_limited |= other.is_limited;
        for ((period, name), figures) in other.cells {
            if let Some(name) = numbers.get(name as usize) {
                self.at(period, *name).merge(&figures);
            }
        }
    }

    /// Gives names other numbers.
    pub(super) fn renumber(&mut self, numbers: &[u32]) {
        let old = std::mem::take(self);
        self.merge(old, numbers);
    }

    /// Whether there are more than so many, with some to spare, so that it is seldom.
    pub(super) fn is_beyond(&self, rows_max: usize) -> bool {
        self.cells.len() > rows_max + rows_max / 8
    }

    /// Leaves at most so many rows, and one for the rest of each period.
    pub(super) fn fold(&mut self, rows_max: usize, group: &Group) {
        if self.cells.len() <= rows_max {
            return;
        }
        let name = |number: u32| group.names.get(number as usize);
        let mut own: Vec<(i32, u32)> = self.cells.keys().copied().collect();
        own.retain(|(_, number)| *number != OTHER_INDEX);
        // The order of numbers is that of threads; names are the same each time.
        own.sort_by_cached_key(|key| (Reverse(self.cells[key].requests), key.0, name(key.1)));
        for key in own.get(rows_max..).unwrap_or_default() {
            self.is_limited = true;
            if let Some(figures) = self.cells.remove(key) {
                self.at(key.0, OTHER_INDEX).merge(&figures);
            }
        }
    }

    pub(super) fn finish(self, per: Per, group: &Group) -> PerRows {
        let mut cells: Vec<(i32, &str, Figures)> = self
            .cells
            .into_iter()
            .filter_map(|((period, number), figures)| {
                let name = group.names.get(number as usize)?;
                Some((period, &**name, figures))
            })
            .collect();
        cells.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        let rows = cells.into_iter().map(|(period, name, figures)| PerRow {
            period: text(period, per.length),
            name: name.to_owned(),
            figures,
        });
        PerRows {
            rows: rows.collect(),
            is_limited: self.is_limited,
            per,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn per(length: PeriodLength, zone: &str) -> Per {
        Per {
            length,
            zone: TimeZone::get(zone).unwrap(),
            zone_name: zone.into(),
            by: Dimension::Team,
        }
    }

    fn of(text: &str, per: &Per, now: &mut Now) -> Option<String> {
        let moment: Timestamp = text.parse().unwrap();
        let seconds = moment.as_microsecond() as f64 / 1e6;
        super::text(now.period(Some(seconds), per), per.length)
    }

    #[test]
    fn months_and_days_begin_where_the_zone_says() {
        let mut now = Now::default();
        let utc = per(PeriodLength::Month, "UTC");
        for (moment, month) in [
            ("2026-10-31T23:59:59.999Z", "2026-10"),
            ("2026-11-01T00:00:00Z", "2026-11"),
            ("2026-11-30T23:59:59Z", "2026-11"),
            ("2026-12-31T12:00:00Z", "2026-12"),
            ("2027-01-01T00:00:00Z", "2027-01"),
            ("2024-02-29T12:00:00Z", "2024-02"),
            ("1970-01-01T00:00:00Z", "1970-01"),
        ] {
            assert_eq!(
                of(moment, &utc, &mut now).as_deref(),
                Some(month),
                "{moment}"
            );
        }
        assert_eq!(of("1969-12-31T23:59:59Z", &utc, &mut now), None);
        assert_eq!(of("2201-01-01T00:00:00Z", &utc, &mut now), None);
        assert_eq!(now.period(None, &utc), UNKNOWN);
        assert_eq!(now.period(Some(f64::NAN), &utc), UNKNOWN);
        assert_eq!(now.period(Some(1e300), &utc), UNKNOWN);
        let berlin = per(PeriodLength::Day, "Europe/Berlin");
        let mut now = Now::default();
        // The day on which the clocks go back has 25 hours.
        for (moment, day) in [
            ("2026-10-24T21:59:59Z", "2026-10-24"),
            ("2026-10-24T22:00:00Z", "2026-10-25"),
            ("2026-10-25T22:59:59Z", "2026-10-25"),
            ("2026-10-25T23:00:00Z", "2026-10-26"),
        ] {
            assert_eq!(
                of(moment, &berlin, &mut now).as_deref(),
                Some(day),
                "{moment}"
            );
        }
    }

    #[test]
    fn of_too_many_rows_the_small_ones_are_one_of_their_period() {
        let mut group = Group::default();
        let mut cells = Cells::default();
        for (number, requests) in [("a", 5), ("b", 1), ("c", 1), ("d", 9)] {
            let number = group.number(number);
            for period in [7, 8] {
                cells.at(period, number).requests = requests + period as u64;
            }
        }
        assert!(!cells.is_beyond(8) && cells.is_beyond(7));
        cells.fold(3, &group);
        let rows = cells.finish(per(PeriodLength::Day, "UTC"), &group);
        assert!(rows.is_limited);
        let found: Vec<(&str, u64)> = rows
            .rows
            .iter()
            .map(|row| (row.name.as_str(), row.figures.requests))
            .collect();
        assert_eq!(
            found,
            [
                ("__other__", 28),
                ("d", 16),
                ("__other__", 18),
                ("a", 13),
                ("d", 17)
            ]
        );
    }
}
