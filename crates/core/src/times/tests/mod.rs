//! Times: by hand, by the library, by form.

use proptest::prelude::*;

use super::*;

mod forms;

/// What the library reads, and nothing by hand.
fn by_library(text: &[u8], unpadded_micros: bool) -> Option<f64> {
    let reading = TimeReading {
        unpadded_micros,
        ..TimeReading::default()
    };
    reading.seconds(text, &mut 0, &Clock::system())
}

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
        let clock = Clock::system();
        for text in &texts {
            for unpadded in [true, false] {
                let reading = TimeReading { unpadded_micros: unpadded, ..TimeReading::default() };
                let expected = Recent::default().seconds(text.as_bytes(), &reading, &clock);
                prop_assert_eq!(recent.seconds(text.as_bytes(), &reading, &clock), expected);
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
    for (line, time) in [
        (
            "2025-11-27 10:12:01,123 ERROR [main]",
            "2025-11-27 10:12:01,123",
        ),
        (
            "2025-11-27 10:12:01.123 UTC [2211] x",
            "2025-11-27 10:12:01.123 UTC",
        ),
        ("2025-11-27 10:12:01 +0100", "2025-11-27 10:12:01 +0100"),
        ("2025-11-27 10:12:01", "2025-11-27 10:12:01"),
    ] {
        assert_eq!(
            at_line_start(line.as_bytes()),
            Some(time.as_bytes()),
            "{line}"
        );
    }
    for line in [
        "2025-11-27 a",
        "2025-11-27",
        "2025-11-27\t10:12:01",
        "2025-11-27 10:12-01",
    ] {
        assert_eq!(at_line_start(line.as_bytes()), None, "{line}");
    }
    assert_eq!(at_line_start(b""), None);
}
