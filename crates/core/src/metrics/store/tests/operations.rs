//! What updates of programs do that rules do not: set a counter, delete and expire series, evict the
//! oldest, texts, hidden metrics, times.

use super::*;
use crate::exposition::{Exposition, Format, json};
use crate::metrics::definition::{Definition, Options, WhenFull};
use crate::metrics::frozen_copy::{SavedFamily, SavedSeries};
use crate::metrics::kind::{Operation, Reading};

fn with(options: Options, definition: Definition) -> Definition {
    Definition {
        options,
        ..definition
    }
}

fn can_fall() -> Options {
    Options {
        can_fall: true,
        ..Options::default()
    }
}

fn page(store: &Store, format: Format) -> String {
    let page = Exposition::new(store.snapshot(0), Vec::new(), format).into_bytes();
    String::from_utf8(page).unwrap()
}

#[test]
fn a_counter_is_lowered_where_its_definition_allows_it() {
    let definitions = vec![
        with(can_fall(), definition("level", Kind::Counter, &["l"])),
        definition("total", Kind::Counter, &["l"]),
    ];
    let store = Store::new(definitions, 0);
    let mut updates = Updates::new(&store);
    for metric in [0, 1] {
        updates.operate(metric, &["a"], (Operation::Set, 7.0), None);
        updates.operate(metric, &["a"], (Operation::Set, 3.0), None);
        updates.operate(metric, &["a"], (Operation::Add, -5.0), None);
    }
    // The last two of the second metric.
    assert_eq!(updates.apply(0), [4, 5]);
    let snapshot = store.snapshot(0);
    assert_eq!(
        (values(&snapshot, 0), values(&snapshot, 1)),
        (vec![-2.0], vec![7.0])
    );
}

#[test]
fn a_sum_that_would_be_infinite_is_refused() {
    let definitions = vec![
        definition("total", Kind::Counter, &["l"]),
        definition("seconds", histogram(&[1.0]), &["l"]),
    ];
    let store = Store::new(definitions, 0);
    let mut updates = Updates::new(&store);
    for metric in [0, 1] {
        updates.push(metric, &["a"], f64::MAX);
        updates.push(metric, &["a"], f64::MAX);
        updates.push(metric, &["a"], 1.0);
    }
    assert_eq!(updates.apply(0), [1, 4]);
    let snapshot = store.snapshot(0);
    assert_eq!(
        (values(&snapshot, 0), values(&snapshot, 1)),
        (vec![f64::MAX], vec![f64::MAX])
    );
}

#[test]
fn a_deleted_series_is_gone_and_may_come_again() {
    let definitions = vec![
        definition("seen", Kind::Counter, &["l"]),
        definition("total", Kind::Counter, &[]),
    ];
    let store = Store::new(definitions, 0);
    let mut updates = Updates::new(&store);
    let delete = (Operation::Delete, 0.0);
    updates.push(0, &["a"], 1.0);
    updates.push(0, &["b"], 2.0);
    updates.operate(0, &["a"], delete, None);
    updates.operate(0, &["never"], delete, None);
    updates.push(0, &["a"], 5.0);
    // The one series of a metric without labels stays.
    updates.operate(1, &[], delete, None);
    assert_eq!(updates.apply(0), [5]);
    let shown_now = shown(&store.snapshot(0), 0);
    assert_eq!(
        shown_now,
        [("l=\"a\"".to_owned(), 5.0), ("l=\"b\"".to_owned(), 2.0)]
    );
    updates.operate(0, &["b"], delete, None);
    updates.apply(0);
    assert_eq!(shown(&store.snapshot(0), 0), [("l=\"a\"".to_owned(), 5.0)]);
    // Its place is taken by the next.
    updates.push(0, &["c"], 1.0);
    updates.apply(0);
    assert_eq!(values(&store.snapshot(0), 0), [5.0, 1.0]);
    let read = |labels: &[u8]| {
        store.read(
            crate::metrics::definition::MetricId(0),
            labels,
            |reading| match reading {
                Reading::Number(value) => value,
                _ => f64::NAN,
            },
        )
    };
    assert_eq!((read(b"l=\"a\""), read(b"l=\"b\"")), (Some(5.0), None));
}

#[test]
fn a_series_expires_when_an_update_said_so() {
    let store = Store::new(vec![definition("seen", Kind::Counter, &["l"])], 0);
    let mut updates = Updates::new(&store);
    updates.push(0, &["a"], 1.0);
    updates.push(0, &["b"], 1.0);
    updates.operate(0, &["a"], (Operation::ExpireAfter, 60.0), None);
    updates.operate(0, &["never"], (Operation::ExpireAfter, 60.0), None);
    assert_eq!(updates.apply(1_000), [3]);
    assert_eq!(store.snapshot(60_000).families[0].len(), 2);
    assert_eq!(store.snapshot(61_000).families[0].len(), 1);
    // One that comes again lives as long as others.
    updates.push(0, &["a"], 1.0);
    updates.apply(62_000);
    assert_eq!(store.snapshot(9_000_000).families[0].len(), 2);
}

#[test]
fn the_oldest_makes_room_where_the_definition_says_so() {
    let evicting = Options {
        when_full: WhenFull::EvictOldest,
        ..Options::default()
    };
    let mut metric = with(evicting, definition("seen", Kind::Counter, &["l"]));
    metric.series_max = 3;
    let store = Store::new(vec![metric], 0);
    let mut updates = Updates::new(&store);
    for (second, label) in [(1, "a"), (2, "b"), (3, "c"), (4, "a"), (5, "d"), (6, "e")] {
        updates.push(0, &[label], 1.0);
        updates.apply(second * 1000);
    }
    let labels = |store: &Store| -> Vec<String> {
        let series = shown(&store.snapshot(0), 0).into_iter();
        series.map(|(labels, _)| labels).collect()
    };
    assert_eq!(labels(&store), ["l=\"a\"", "l=\"d\"", "l=\"e\""]);
    assert_eq!(store.counts()[0].series_limited_total, 0);
    // Many at once, in one batch and of one second: those that were created first go first.
    for number in 0..100 {
        updates.push(0, &[&format!("n{number}")], 1.0);
    }
    updates.apply(7_000);
    assert_eq!(labels(&store), ["l=\"n97\"", "l=\"n98\"", "l=\"n99\""]);
}

#[test]
fn a_hidden_metric_is_on_no_page() {
    let hidden = Options {
        is_hidden: true,
        ..Options::default()
    };
    let store = Store::new(
        vec![with(hidden, definition("own", Kind::Counter, &["l"]))],
        0,
    );
    let mut updates = Updates::new(&store);
    updates.push(0, &["a"], 1.0);
    updates.apply(0);
    for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
        assert!(!page(&store, format).contains("own"), "{format:?}");
    }
    assert_eq!(json::document(&store.snapshot(0)), b"[]\n");
    assert_eq!(values(&store.snapshot(0), 0), [1.0]);
}

#[test]
fn a_text_is_in_json_alone_and_survives_a_restart() {
    let definitions = || vec![definition("version", Kind::Text, &["l"])];
    let store = Store::new(definitions(), 0);
    let mut updates = Updates::new(&store);
    for number in 0..20_000 {
        updates.set_text(0, &["a"], &format!("the text number {number}"));
    }
    updates.set_text(0, &["b"], "");
    updates.apply(0);
    for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
        assert!(!page(&store, format).contains("version"), "{format:?}");
    }
    let document = String::from_utf8(json::document(&store.snapshot(0))).unwrap();
    assert!(document.contains(r#"{"labels": {"l": "a"}, "value": "the text number 19999"}"#));
    assert!(document.contains(r#""type": "text""#) && document.contains(r#""value": """#));
    // The texts before are forgotten.
    assert!(
        store.capacity_bytes() < 300_000,
        "{}",
        store.capacity_bytes()
    );
    let image = store.image();
    let family = &image.families[0];
    let series = family.series().map(|(slot, series)| SavedSeries {
        slot,
        labels: series.labels.into(),
        created_ms: series.created_ms,
        creation_number: series.creation_number,
        updated_s: series.updated_s,
        values: series.values.into(),
    });
    let saved = SavedFamily {
        limited: family.limited.clone(),
        series: series.collect(),
    };
    let restored = Store::restored(definitions(), &[Some(saved)], image.series_created, 0).unwrap();
    assert_eq!(json::document(&restored.snapshot(0)), document.as_bytes());
}

#[test]
fn a_metric_that_keeps_times_shows_them() {
    let keeps_time = Options {
        keeps_time: true,
        ..Options::default()
    };
    let store = Store::new(
        vec![with(keeps_time, definition("g", Kind::Gauge, &["l"]))],
        0,
    );
    let mut updates = Updates::new(&store);
    updates.operate(0, &["a"], (Operation::Set, 1.0), Some(("", Some(1.5))));
    updates.operate(0, &["b"], (Operation::Set, 2.0), None);
    updates.apply(9_000);
    let samples = "g{l=\"a\"} 1 1500\ng{l=\"b\"} 2 9000\n";
    assert!(page(&store, Format::Text).ends_with(samples));
    // A reload to a definition that keeps them begins with when the series were last updated.
    let plain = Store::new(vec![definition("g", Kind::Gauge, &["l"])], 0);
    let mut updates = Updates::new(&plain);
    updates.push(0, &["a"], 1.0);
    updates.apply(9_000);
    let definition = store.definitions()[0].clone();
    let reloaded = plain.reload(vec![definition], 10_000);
    assert!(page(&reloaded, Format::Text).ends_with("g{l=\"a\"} 1 9000\n"));
}
