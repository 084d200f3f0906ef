//! The usual forms of a time, formats of rules, zones, and years that are not written.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::super::forms::FORMS;
use super::*;

/// 1 March 2026, 10:00:00 UTC.
const TEN: f64 = 1_772_359_200.0;

fn read_at(text: &str, reading: &TimeReading, now: &str) -> Option<f64> {
    let now: jiff::Timestamp = now.parse().unwrap();
    let (clock, _) = Clock::by_hand(now.as_millisecond() as u64);
    Recent::default().seconds(text.as_bytes(), reading, &clock)
}

fn read(text: &str, reading: &TimeReading) -> Option<f64> {
    read_at(text, reading, "2026-03-01T12:00:00Z")
}

fn usual(text: &str) -> Option<f64> {
    read(text, &TimeReading::default())
}

fn with_format(format: &str) -> TimeReading {
    TimeReading {
        formats: vec![format.into()],
        ..TimeReading::default()
    }
}

#[test]
fn the_usual_forms() {
    for (text, after_ten) in [
        ("2026-03-01T10:00:00Z", 0.0),
        ("2026-03-01T10:00:00z", 0.0),
        ("2026-03-01t10:00:00Z", 0.0),
        ("2026-03-01T10:00:00+02:00", -7200.0),
        ("2026-03-01T10:00:00.123", 0.123),
        ("2026-03-01 10:00:00", 0.0),
        ("2026-03-01 10:00:00,123", 0.123),
        ("2026-03-01 10:00:00.123 UTC", 0.123),
        ("2026-03-01 10:00:00.123 CET", -3599.877),
        ("2026-03-01 10:00:00 +0100 CET", -3600.0),
        ("2026-03-01 10:00:00+01", -3600.0),
        ("2026-03-01_10:00:00", 0.0),
        ("01/Mar/2026:10:00:00 +0100", -3600.0),
        ("01/Mar/2026:10:00:00.655", 0.655),
        ("Mar  1 10:00:00", 0.0),
        ("Mar 1 10:00:00", 0.0),
        ("Mar 01 10:00:00.5", 0.5),
        ("2026-Mar-01 10:00:00.804", 0.804),
        ("1772359200", 0.0),
        ("1772359200123", 0.123),
        ("1772359200.125", 0.125),
        ("Sun Mar 01 10:00:00 2026", 0.0),
        ("Sun Mar  1 10:00:00.123456 2026", 0.123456),
        ("Sun Mar  1 10:00:00 UTC 2026", 0.0),
        ("Sun Mar 01 10:00:00 +0000 2026", 0.0),
        (
            "Sun Mar 01 2026 10:00:00 GMT+0100 (Central European Standard Time)",
            -3600.0,
        ),
        ("Sun, 01 Mar 2026 10:00:00 GMT", 0.0),
        ("Sun, 1 Mar 2026 10:00:00 -0500", 18_000.0),
        ("2026/03/01 10:00:00", 0.0),
        ("2026.03.01 10:00:00", 0.0),
        ("01.03.2026 10:00:00", 0.0),
        ("20260301T100000Z", 0.0),
        ("20260301T100000", 0.0),
        ("20260301T100000-0500", 18_000.0),
        ("20260301 10:00:00", 0.0),
        ("2026-03-01-10.00.00.123456", 0.123456),
        ("2026-03-01T10:00:00 +0000", 0.0),
        ("2026-03-01T10:00:00.123+0100", -3599.877),
        ("01-Mar-2026 10:00:00.250", 0.25),
        ("01 Mar 2026 10:00:00.250", 0.25),
        ("01 Mar 10:00:00.250", 0.25),
        ("Mar 01, 2026 10:00:00 AM", 0.0),
        ("Mar 1 2026 10:00:00", 0.0),
        ("0301 10:00:00.123456", 0.123456),
        ("March 1, 2026 10:00:00", 0.0),
        ("Sun 2026-03-01 10:00:00 UTC", 0.0),
        ("Mar 1, 2026 10:00:00", 0.0),
        ("March 01, 2026 10:00:00 AM", 0.0),
        ("01 March 2026 10:00:00", 0.0),
        ("Sunday, 01-Mar-26 10:00:00 GMT", 0.0),
    ] {
        let seconds = usual(text).unwrap_or_else(|| panic!("{text}"));
        assert!(
            (seconds - TEN - after_ten).abs() < 1e-6,
            "{text}: {}",
            seconds - TEN
        );
    }
}

#[test]
fn what_is_no_time_or_may_be_several() {
    for text in [
        "",
        "yesterday",
        "10:00:00",
        "2026-03-01",
        "2026-13-01 10:00:00",
        "2026-02-30 10:00:00",
        "03/01/2026 10:00:00",
        "Sat Mar 01 10:00:00 2026",
        "Mar 32 10:00:00",
        "26-03-01 10:00:00",
        "2026-03-01 25:00:00",
        "2026-03-01 10:00:00 XYZ",
        "2026-03-01T10:00:00 +0000 x",
        "\u{663} Mar",
    ] {
        assert_eq!(usual(text), None, "{text}");
    }
}

#[test]
fn a_missing_year_is_the_last_that_fits() {
    let at = |text, now| {
        let seconds = read_at(text, &TimeReading::default(), now)?;
        let time = jiff::Timestamp::from_second(seconds as i64).unwrap();
        Some(time.to_string())
    };
    for (text, now, expected) in [
        (
            "Dec 31 23:59:59",
            "2026-01-01T00:00:05Z",
            "2025-12-31T23:59:59Z",
        ),
        (
            "Jan  1 00:00:01",
            "2026-01-01T00:00:05Z",
            "2026-01-01T00:00:01Z",
        ),
        // Clocks and zones differ by less than two days.
        (
            "Jan  1 00:00:01",
            "2025-12-31T23:59:58Z",
            "2026-01-01T00:00:01Z",
        ),
        (
            "Jan  5 00:00:01",
            "2025-12-31T23:59:58Z",
            "2025-01-05T00:00:01Z",
        ),
        (
            "Dec  1 10:00:00",
            "2026-03-01T12:00:00Z",
            "2025-12-01T10:00:00Z",
        ),
        (
            "Feb 29 10:00:00",
            "2026-03-01T12:00:00Z",
            "2024-02-29T10:00:00Z",
        ),
    ] {
        assert_eq!(
            at(text, now).as_deref(),
            Some(expected),
            "{text} read at {now}"
        );
    }
}

#[test]
fn zones_of_rules() {
    let in_zone = |zone: &str| TimeReading {
        zone: zone_of_rule(zone).unwrap(),
        ..TimeReading::default()
    };
    for (zone, text, after_ten) in [
        ("+02:00", "2026-03-01 10:00:00", -7200.0),
        ("-0530", "2026-03-01 10:00:00", 19_800.0),
        ("Europe/Berlin", "2026-03-01 10:00:00", -3600.0),
        ("America/New_York", "Mar  1 10:00:00", 18_000.0),
        // What the time says itself wins.
        ("+02:00", "2026-03-01 10:00:00 UTC", 0.0),
        ("+02:00", "2026-03-01T10:00:00Z", 0.0),
        ("+02:00", "01/Mar/2026:10:00:00 +0100", -3600.0),
        ("+02:00", "1772359200", 0.0),
    ] {
        assert_eq!(
            read(text, &in_zone(zone)),
            Some(TEN + after_ten),
            "{text} in {zone}"
        );
    }
    // In summer Berlin is two hours ahead.
    assert_eq!(
        read("2026-07-01 12:00:00", &in_zone("Europe/Berlin")),
        usual("2026-07-01T10:00:00Z")
    );
    for unknown in ["Europe/Berlino", "CEST+1", "+2", "+02:99", ""] {
        assert!(zone_of_rule(unknown).is_err(), "{unknown}");
    }
}

#[test]
fn formats_of_rules() {
    for (format, text) in [
        ("%d/%b/%Y:%H:%M:%S %z", "01/Mar/2026:11:00:00 +0100"),
        ("%m/%d/%Y %I:%M:%S %p", "03/01/2026 10:00:00 AM"),
        ("%y%m%d %H:%M:%S", "260301 10:00:00"),
        ("%Y-%j %H:%M:%S", "2026-060 10:00:00"),
        ("%s", "1772359200"),
        ("%b %d %H:%M:%S", "Mar  1 10:00:00"),
        ("%Y-%m-%dT%H:%M:%S%.f%:z", "2026-03-01T10:00:00+00:00"),
        ("at %H:%M on %d.%m.%Y", "at 10:00 on 01.03.2026"),
    ] {
        assert_eq!(check_format(format), Ok(()), "{format}");
        assert_eq!(read(text, &with_format(format)), Some(TEN), "{format}");
        // A rule that says a format reads nothing else.
        assert_eq!(
            read("2026-03-01 10:00:00.0", &with_format(format)),
            None,
            "{format}"
        );
    }
    for (format, why) in [
        ("yyyy-MM-dd", "%Y-%m-%d"),
        ("%Y-%m-%d", "no hour"),
        ("%H:%M:%S", "no day"),
        ("%Y-%m-%d %H:%M:%S %", ""),
        ("%Y-%m-%d %H:%M:%S %E", ""),
        ("%Y-%m-%d %H:%M:%S %Z", ""),
    ] {
        let said = check_format(format).expect_err(format);
        assert!(said.contains(why) && !said.is_empty(), "{format}: {said}");
    }
    let both = TimeReading {
        formats: vec!["%H:%M %d.%m.%Y".into(), "%s".into()],
        ..TimeReading::default()
    };
    assert_eq!(read("10:00 01.03.2026", &both), Some(TEN));
    assert_eq!(read("1772359200", &both), Some(TEN));
}

#[test]
fn numbers_in_a_unit() {
    let unit = |per_second| TimeReading {
        per_second: Some(per_second),
        ..TimeReading::default()
    };
    assert_eq!(read("20000000000", &unit(1000)), Some(2e7));
    assert_eq!(read("20000000000", &TimeReading::default()), None);
    assert_eq!(read("1500", &unit(1000)), Some(1.5));
    assert_eq!(
        read("1772359200123456789", &unit(1_000_000_000)),
        Some(1_772_359_200.123_456_7)
    );
    assert_eq!(read("-1", &unit(1)), None);
    assert_eq!(read("1e300", &unit(1)), None);
    assert_eq!(read("2026-03-01T10:00:00Z", &unit(1000)), Some(TEN));
}

fn date_time() -> impl Strategy<Value = DateTime> {
    (
        1970_i16..2100,
        1_i8..=12,
        1_i8..=28,
        0_i8..24,
        0_i8..60,
        0_i8..60,
        0_i32..1_000_000,
    )
        .prop_map(|(year, month, day, hour, minute, second, micros)| {
            DateTime::new(year, month, day, hour, minute, second, micros * 1000).unwrap()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// What the library writes in a form is read as the moment that it is, by whichever form is tried
    /// first.
    #[test]
    fn every_form_there_and_back(time in date_time(), form in 0..FORMS.len(), first in 0..FORMS.len()) {
        let format = FORMS[form];
        let text = time.strftime(format).to_string();
        // Two digits of a year are those of 1969 to 2068.
        prop_assume!(!format.contains("%y") || time.year() < 2069);
        let has_fraction = format.contains("%.f");
        let written = if has_fraction { time } else { time.with().subsec_nanosecond(0).build().unwrap() };
        let timestamp = TimeZone::UTC.to_timestamp(written).unwrap();
        let expected = timestamp.as_microsecond() as f64 / 1e6;
        let (clock, _) = Clock::by_hand(timestamp.as_millisecond() as u64);
        let mut recent = Recent { form: first, ..Recent::default() };
        let read = recent.seconds(text.as_bytes(), &TimeReading::default(), &clock);
        prop_assert_eq!(read, Some(expected), "{} {}", text, format);
    }

    /// A zone that is written wins, wherever the form has it.
    #[test]
    fn offsets_count(time in date_time(), form in 0..FORMS.len(), minutes in -840_i32..840) {
        let offset = jiff::tz::Offset::from_seconds(minutes * 60).unwrap();
        let format = FORMS[form];
        // Whoever writes this form writes no zone.
        prop_assume!(!format.contains("%H.%M") && format.to_lowercase().contains("%y"));
        let text = time.strftime(format).to_string();
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        let plain = usual(&text);
        for text in [format!("{text} {sign}{hours:02}{rest:02}"), format!("{text} {sign}{hours:02}:{rest:02}")] {
            let expected = plain.map(|seconds| seconds - f64::from(offset.seconds()));
            if expected.is_some_and(|seconds| seconds >= 0.0) {
                prop_assert_eq!(usual(&text).map(f64::round), expected.map(f64::round), "{}", text);
            }
        }
    }

    /// Whichever form is tried first, a text is the same moment.
    #[test]
    fn the_form_that_was_read_last_makes_no_difference(
        text in "((Sun |Mon )?(Mar|Jan) [0-3]?[0-9]|[0-3][0-9][ /.-](Mar|0?3)[ /.-]20[0-9]{2}|20[0-9]{2}[-/.](Mar|0?3)[-/.][0-3]?[0-9]|[0-9]{4,8})[ T:_-]{1,2}[0-2]?[0-9]:?[0-5][0-9]:?[0-5][0-9]([.,][0-9]{1,6})?( 20[0-9]{2}|Z| \\+0[0-9]00| PM)?",
    ) {
        let (clock, _) = Clock::by_hand(1_772_366_400_000);
        let read = |form| {
            let mut recent = Recent { form, ..Recent::default() };
            recent.seconds(text.as_bytes(), &TimeReading::default(), &clock)
        };
        let expected = read(0);
        for (form, format) in FORMS.iter().enumerate() {
            prop_assert_eq!(read(form), expected, "{} {}", text, format);
        }
    }

    /// What was read before changes nothing.
    #[test]
    fn the_last_text_makes_no_difference(
        texts in prop::collection::vec(
            "(01/Mar/2026:|2026-03-01 |Mar  1 |01\\.03\\.2026 )10:0[01]:0[01]([.,][0-9]{1,9})?( \\+0[01]00|Z)?|17723592[0-9]{2}(\\.[0-9]{1,6})?|[0-9:.]{0,9}",
            1..12,
        ),
    ) {
        let (clock, _) = Clock::by_hand(1_772_366_400_000);
        let zone = TimeReading { zone: zone_of_rule("+01:00").unwrap(), ..TimeReading::default() };
        let readings = [TimeReading::default(), zone, with_format("%Y-%m-%d %H:%M:%S")];
        let mut recent = Recent::default();
        for text in &texts {
            for reading in &readings {
                let expected = Recent::default().seconds(text.as_bytes(), reading, &clock);
                prop_assert_eq!(recent.seconds(text.as_bytes(), reading, &clock), expected, "{}", text);
            }
        }
    }

    #[test]
    fn any_text_is_a_time_or_none(text in "\\PC{0,40}|[0-9A-Za-z:+,./ -]{0,40}") {
        let _ = usual(&text);
        let _ = check_format(&text);
        let _ = check_format(&format!("%Y-%m-%d %H:%M{text}"));
    }
}
