//! Layouts and texts, with what Go makes of them.

use super::*;

fn read(layout: &str, text: &str) -> Option<Time> {
    read_in(layout, text, &TimeZone::UTC, false)
}

fn read_in(layout: &str, text: &str, zone: &TimeZone, is_past: bool) -> Option<Time> {
    // 15 March 2021, 12:00 UTC.
    let now = Time::from_seconds(1_615_809_600);
    let defaults = Defaults {
        zone,
        now,
        assumes_year: true,
        is_past,
    };
    Layout::new(layout).read(text, &defaults)
}

fn seconds(layout: &str, text: &str) -> i64 {
    let time = read(layout, text);
    time.unwrap_or_else(|| panic!("`{layout}` does not read `{text}`"))
        .seconds
}

#[test]
fn usual_forms_are_read() {
    for (layout, text, expected) in [
        (
            "2006-01-02T15:04:05Z07:00",
            "2021-03-04T05:06:07+02:00",
            1_614_827_167,
        ),
        (
            "2006-01-02T15:04:05Z07:00",
            "2021-03-04T03:06:07Z",
            1_614_827_167,
        ),
        (
            "02/Jan/2006:15:04:05 -0700",
            "04/Mar/2021:05:06:07 +0200",
            1_614_827_167,
        ),
        ("Jan _2 15:04:05", "Mar  4 03:06:07", 1_614_827_167),
        ("Jan  2 15:04:05 2006", "mar 4 03:06:07 2021", 1_614_827_167),
        (
            "Monday, 02-Jan-06 15:04:05 MST",
            "Friday, 04-Mar-21 03:06:07 UTC",
            1_614_827_167,
        ),
        ("2006/002 3:04:05PM", "2021/063 3:06:07AM", 1_614_827_167),
        (
            "2006-01-02 15:04:05",
            "2021-03-04 03:06:07,891",
            1_614_827_167,
        ),
        (
            "2006-01-02 15:04:05.000 -07",
            "2021-03-04 05:06:07.123 +02",
            1_614_827_167,
        ),
        (
            "2006-01-02 15:04:05 MST",
            "2021-03-04 06:06:07 GMT+3",
            1_614_827_167,
        ),
        (
            "2006-01-02 15:04:05 MST",
            "2021-07-04 05:06:07 PDT",
            1_625_375_167,
        ),
    ] {
        assert_eq!(seconds(layout, text), expected, "{layout} {text}");
        assert!(Layout::new(layout).reads_itself(), "{layout}");
    }
}

#[test]
fn fractions_are_kept() {
    let time = read("2006-01-02 15:04:05", "2021-03-04 03:06:07.25").unwrap();
    assert_eq!(time.nanoseconds, 250_000_000);
    assert_eq!(time.milliseconds(), 1_614_827_167_250);
    assert_eq!(
        read("15:04:05.999 2006", "03:06:07 2021")
            .unwrap()
            .nanoseconds,
        0
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    for (layout, text) in [
        ("2006-01-02", "garbage"),
        ("2006-01-02", "2021-02-30"),
        ("2006-01-02", "2021-13-01"),
        ("2006-01-02", "2021-1-01"),
        ("2006-01-02", "2021-01-01 x"),
        ("15:04:05", "24:00:00"),
        ("15:04:05", "10:60:00"),
        ("15:04:05.000", "10:00:00.12"),
        ("3:04PM", "3:04XM"),
        ("%Y-%m-%d", "2021-01-01"),
        ("MST", "abc"),
        ("2006", ""),
        ("2006", "20é1"),
    ] {
        assert_eq!(read(layout, text), None, "{layout} {text}");
    }
    assert!(Layout::new("%Y-%m-%d").reads_itself());
    assert!(!Layout::new("%Y-%m-%d").has_parts());
}

#[test]
fn a_text_without_a_year_is_of_this_one_or_of_the_last() {
    let december = "Dec 31 23:59:59";
    let future = read_in("Jan _2 15:04:05", december, &TimeZone::UTC, false).unwrap();
    assert_eq!(future.seconds, 1_640_995_199);
    let past = read_in("Jan _2 15:04:05", december, &TimeZone::UTC, true).unwrap();
    assert_eq!(past.seconds, 1_609_459_199);
    // 2021 has no 29 February.
    assert_eq!(
        seconds("Jan _2", "Feb 29"),
        seconds("Jan _2 2006", "Mar 1 2021")
    );
}

#[test]
fn zones_are_those_of_the_option() {
    let zone = TimeZone::get("America/New_York").unwrap();
    let time = read_in("2006-01-02 15:04:05", "2021-07-04 05:06:07", &zone, false).unwrap();
    assert_eq!(time.seconds, 1_625_389_567);
    let time = read_in(
        "2006-01-02 15:04:05 MST",
        "2021-07-04 05:06:07 EST",
        &zone,
        false,
    )
    .unwrap();
    assert_eq!(time.seconds, 1_625_393_167);
}
