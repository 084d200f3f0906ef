//! The period of a report: `--since` and `--until`.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use logmetrics_core::rules::parse_duration;

/// From when, and until when, in seconds since 1970. The end does not belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Period {
    /// The first moment.
    pub since: Option<f64>,
    /// The moment behind the last.
    pub until: Option<f64>,
}

/// A text that is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a time such as `24h` (so long ago), `2026-10-08`, `2026-10-08T14:00` (UTC), \
     `2026-10-08T14:00:00+02:00` or `2026-10-08T14:00[Europe/Berlin]`, but found `{0}`"
)]
pub struct PeriodError(String);

/// A date with or without a time, in UTC unless it says otherwise: by an offset, or by a zone behind
/// it (`[Europe/Berlin]`). A zone that is not known, or that has another offset then, is no moment.
pub fn moment(text: &str) -> Option<Timestamp> {
    if text.contains('[') {
        // A date alone begins at midnight there.
        return Some(text.parse::<ZonedDateTime>().ok()?.timestamp());
    }
    text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(civil).ok()
    })
}

impl Period {
    /// A moment as users type it: so long before `now_ms`, or a date with or without a time, in UTC
    /// unless it says otherwise.
    ///
    /// # Errors
    /// When it is neither.
    pub fn moment(text: &str, now_ms: u64) -> Result<f64, PeriodError> {
        let text = text.trim();
        if let Some(ago) = parse_duration(text) {
            return Ok((now_ms as f64 / 1e3 - ago.as_secs_f64()).max(0.0));
        }
        let moment = moment(text).ok_or_else(|| PeriodError(text.to_owned()))?;
        Ok(moment.as_microsecond() as f64 / 1e6)
    }

    /// Whether there is a bound at all.
    pub fn is_bounded(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// Whether a moment, in seconds since 1970, belongs to it.
    pub fn contains(&self, seconds: f64) -> bool {
        self.since.is_none_or(|since| seconds >= since)
            && self.until.is_none_or(|until| seconds < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_ago_or_dates() {
        let now_ms = 100_000_000;
        for (text, expected) in [
            ("24h", 100_000.0 - 86_400.0),
            ("90s", 99_910.0),
            ("10w", 0.0),
            ("1970-01-02", 86_400.0),
            ("1970-01-02T00:01", 86_460.0),
            ("1970-01-02 00:01:01.5", 86_461.5),
            ("1970-01-02T00:00:00Z", 86_400.0),
            ("1970-01-02T02:00:00+02:00", 86_400.0),
            ("1970-01-02T01:00[Europe/Berlin]", 86_400.0),
            ("1970-01-02T01:00:00+01:00[Europe/Berlin]", 86_400.0),
            ("1970-01-01T19:00[America/New_York]", 86_400.0),
            ("1970-01-02[Europe/Berlin]", 82_800.0),
            ("1970-01-02T00:00[UTC]", 86_400.0),
        ] {
            assert_eq!(Period::moment(text, now_ms), Ok(expected), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "24",
            "2026-13-01",
            "1970-01-02T25:00",
            "-1h",
            "1970-01-02T00:00[Europe/Nowhere]",
            "1970-01-02T00:00+05:00[Europe/Berlin]",
        ] {
            let error = Period::moment(text, now_ms).unwrap_err().to_string();
            assert!(error.contains(&format!("but found `{text}`")), "{error}");
        }
    }

    #[test]
    fn the_end_does_not_belong_to_it() {
        let period = Period {
            since: Some(1.0),
            until: Some(2.0),
        };
        assert!(period.is_bounded() && !Period::default().is_bounded());
        assert_eq!(
            [0.9, 1.0, 1.9, 2.0].map(|second| period.contains(second)),
            [false, true, true, false]
        );
    }
}
