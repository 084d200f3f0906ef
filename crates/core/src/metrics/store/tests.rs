//! The store as a whole: what updates add up to, what limits and expiry do, and that a snapshot is
//! one instant.

mod label_limits;
mod operations;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;
use crate::metrics::definition::Kind;
use crate::metrics::testing::{Updates, definition, histogram};

/// All series of a metric: labels and value.
fn shown(snapshot: &Snapshot, metric: usize) -> Vec<(String, f64)> {
    let series = snapshot.families[metric].series();
    let text = |labels| String::from_utf8_lossy(labels).into_owned();
    series
        .map(|series| (text(series.labels()), series.value()))
        .collect()
}

fn values(snapshot: &Snapshot, metric: usize) -> Vec<f64> {
    let series = snapshot.families[metric].series();
    series.map(|series| series.value()).collect()
}

#[test]
fn counters_add_and_gauges_set() {
    let definitions = vec![
        definition("requests", Kind::Counter, &["route", "status"]),
        definition("depth", Kind::Gauge, &["queue"]),
    ];
    let store = Store::new(definitions, 0);
    let mut updates = Updates::new(&store);
    updates.push(0, &["b", "200"], 1.0);
    updates.push(1, &["q"], 7.0);
    updates.push(0, &["a", "500"], 2.5);
    updates.push(0, &["b", "200"], 9_007_199_254_740_990.0);
    updates.push(1, &["q"], -3.0);
    updates.apply(0);
    let snapshot = store.snapshot(0);
    let expected = [
        (r#"route="a",status="500""#.to_owned(), 2.5),
        (
            r#"route="b",status="200""#.to_owned(),
            9_007_199_254_740_991.0,
        ),
    ];
    assert_eq!(shown(&snapshot, 0), expected);
    assert_eq!(shown(&snapshot, 1), [(r#"queue="q""#.to_owned(), -3.0)]);
}

#[test]
fn bounds_are_inclusive_and_what_is_no_number_is_above_all() {
    let kind = histogram(&[-1.0, 0.5, 2.0]);
    let store = Store::new(vec![definition("seconds", kind, &[])], 0);
    let mut updates = Updates::new(&store);
    for value in [
        -2.0,
        -1.0,
        0.5,
        0.51,
        2.0,
        2.1,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ] {
        updates.push(0, &[], value);
    }
    updates.apply(0);
    let before = store.snapshot(0);
    updates.push(0, &[], f64::NAN);
    updates.apply(0);
    let after = store.snapshot(0);
    let counts = |snapshot: &Snapshot| {
        let series = snapshot.families[0].series().next().unwrap();
        series.bucket_counts().to_vec()
    };
    assert_eq!(counts(&before), [3, 1, 2, 2]);
    assert_eq!(counts(&after), [3, 1, 2, 3]);
    assert!(values(&after, 0)[0].is_nan());
}

#[test]
fn a_metric_without_labels_is_there_from_the_start() {
    let definitions = vec![
        definition("a", Kind::Counter, &[]),
        definition("b", Kind::Gauge, &[]),
        definition("c", histogram(&[1.0]), &[]),
        Definition {
            expire: Some(Duration::from_secs(1)),
            series_max: 0,
            ..definition("d", Kind::Counter, &[])
        },
    ];
    let store = Store::new(definitions, 5_000);
    let lengths = |snapshot: &Snapshot| -> Vec<usize> {
        snapshot
            .families
            .iter()
            .map(|family| family.len())
            .collect()
    };
    let snapshot = store.snapshot(1_000_000);
    assert_eq!(lengths(&snapshot), [1, 0, 1, 1]);
    assert_eq!(
        (values(&snapshot, 0), values(&snapshot, 2)),
        (vec![0.0], vec![0.0])
    );
    let series = snapshot.families[2].series().next().unwrap();
    assert_eq!(
        (series.bucket_counts(), series.created_ms()),
        (vec![0, 0], 5_000)
    );

    let mut updates = Updates::new(&store);
    for metric in 0..4 {
        updates.push(metric, &[], 2.0);
    }
    updates.apply(1_000_000);
    let snapshot = store.snapshot(1_000_000);
    assert_eq!(lengths(&snapshot), [1; 4]);
    assert_eq!(
        (values(&snapshot, 1), values(&snapshot, 3)),
        (vec![2.0], vec![2.0])
    );
    assert!(
        store
            .counts()
            .iter()
            .all(|counts| counts.series_limited_total == 0)
    );
}

#[test]
fn an_idle_series_is_forgotten_and_starts_anew() {
    let expiring = Definition {
        expire: Some(Duration::from_secs(60)),
        ..definition("seen", Kind::Counter, &["user"])
    };
    let store = Store::new(
        vec![expiring, definition("kept", Kind::Counter, &["user"])],
        0,
    );
    let mut updates = Updates::new(&store);
    for metric in 0..2 {
        updates.traced(metric, &["idle"], 4.0, Some(("t", None)));
        updates.push(metric, &["busy"], 4.0);
    }
    updates.apply(10_500);
    updates.push(0, &["busy"], 1.0);
    updates.apply(50_000);
    let before = store.snapshot(70_499);
    assert_eq!(values(&before, 0), [5.0, 4.0], "not before its time");
    let after = store.snapshot(71_000);
    assert_eq!(shown(&after, 0), [(r#"user="busy""#.to_owned(), 5.0)]);
    assert_eq!(after.families[1].len(), 2);
    assert_eq!(values(&before, 0), [5.0, 4.0], "a snapshot does not change");

    updates.push(0, &["idle"], 1.0);
    updates.apply(80_000);
    let again = store.snapshot(80_000);
    let series = again.families[0].series().last().unwrap();
    assert_eq!(
        (series.labels(), series.value()),
        (&br#"user="idle""#[..], 1.0)
    );
    assert_eq!((series.created_ms(), series.exemplar(0)), (80_000, None));
    assert!(
        series.creation_number() >= after.series_created
            && series.creation_number() < again.series_created
    );
}

#[test]
fn updates_alone_forget_too_and_memory_is_used_again() {
    let expiring = Definition {
        expire: Some(Duration::from_secs(5)),
        series_max: usize::MAX,
        ..definition("seen", Kind::Counter, &["user"])
    };
    let store = Store::new(vec![expiring], 0);
    let mut updates = Updates::new(&store);
    let mut bytes = Vec::new();
    for second in 0..200_u64 {
        for user in 0..100 {
            let padding = "x".repeat(90);
            updates.traced(
                0,
                &[&format!("{second}-{user}-{padding}")],
                1.0,
                Some(("t", None)),
            );
        }
        updates.apply(second * 1000);
        assert!(store.counts()[0].series <= 500);
        bytes.push(store.capacity_bytes());
    }
    // No scrape ever came; still nothing piles up.
    let most = |bytes: &[usize]| bytes.iter().max().copied().unwrap_or_default();
    let (early, late) = (most(&bytes[..100]), most(&bytes[100..]));
    assert!(late < early * 11 / 10, "{early} bytes became {late}");
    assert_eq!(store.snapshot(199_000).families[0].len(), 500);
}

#[test]
fn births_are_numbered_over_all_metrics() {
    let definitions = ["a", "b", "c"].map(|name| definition(name, Kind::Counter, &["l"]));
    let store = Store::new(definitions.to_vec(), 0);
    let mut updates = Updates::new(&store);
    updates.push(2, &["x"], 1.0);
    updates.push(0, &["x"], 1.0);
    updates.apply(0);
    let first = store.snapshot(0);
    updates.push(2, &["x"], 1.0);
    updates.push(1, &["x"], 1.0);
    updates.push(0, &["w"], 1.0);
    updates.apply(0);
    let second = store.snapshot(0);
    let mut creation_number = Vec::new();
    for family in &second.families {
        let name = &family.definition.name;
        let new = family
            .series()
            .filter(|series| series.creation_number() >= first.series_created);
        creation_number.extend(
            new.map(|series| format!("{name}{{{}}}", String::from_utf8_lossy(series.labels()))),
        );
    }
    assert_eq!((first.series_created, second.series_created), (2, 4));
    assert_eq!(creation_number, [r#"a{l="w"}"#, r#"b{l="x"}"#]);
}

#[test]
fn a_snapshot_is_one_instant_while_updates_go_on() {
    let definitions = vec![
        definition("a", Kind::Counter, &["l"]),
        definition("b", histogram(&[0.5]), &["l"]),
    ];
    let store = Store::new(definitions, 0);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut updates = Updates::new(&store);
            for round in 0..300 {
                // Every batch updates all series there are and creates one.
                for series in 0..=round {
                    let label = [&*format!("{series:03}")];
                    updates.push(0, &label, 1.0);
                    updates.push(1, &label, 1.0);
                }
                updates.apply(round);
            }
            done.store(true, Ordering::Release);
        });
        let mut rounds = 0;
        while rounds < 300 {
            let ended = done.load(Ordering::Acquire);
            let snapshot = store.snapshot(0);
            let counters = values(&snapshot, 0);
            assert!(counters.len() >= rounds);
            rounds = counters.len();
            // The first series has seen all batches, the last one only the last.
            let expected: Vec<f64> = (1..=rounds).rev().map(|count| count as f64).collect();
            assert_eq!(counters, expected);
            assert_eq!(values(&snapshot, 1), expected);
            assert!(rounds == 300 || !ended, "{rounds}");
        }
    });
}

#[test]
fn exemplars_are_the_last_of_each_counter_and_bucket() {
    let definitions = vec![
        definition("a_total", Kind::Counter, &["l"]),
        definition("b", histogram(&[1.0, 2.0]), &["l"]),
        definition("c", Kind::Gauge, &["l"]),
    ];
    let store = Store::new(definitions, 0);
    let mut updates = Updates::new(&store);
    for metric in 0..3 {
        updates.traced(metric, &["x"], 0.5, Some(("first", Some(1.25))));
        updates.traced(metric, &["x"], 0.75, Some(("second", None)));
        updates.traced(metric, &["x"], 9.0, Some(("large", None)));
        updates.push(metric, &["y"], 0.5);
    }
    updates.apply(4_500);
    let snapshot = store.snapshot(5_000);
    let kept = |metric: usize, bucket| {
        let series = snapshot.families[metric].series().next().unwrap();
        let kept = series.exemplar(bucket)?;
        Some((kept.trace_id.to_owned(), kept.value, kept.time_seconds))
    };
    assert_eq!(kept(0, 0), Some(("large".to_owned(), 9.0, 4.5)));
    assert_eq!(kept(1, 0), Some(("second".to_owned(), 0.75, 4.5)));
    assert_eq!(kept(1, 1), None);
    assert_eq!(kept(1, 2), Some(("large".to_owned(), 9.0, 4.5)));
    assert_eq!(kept(2, 0), None);
    let untraced = snapshot.families[0].series().last().unwrap();
    assert_eq!(untraced.exemplar(0), None);
}

#[test]
fn a_series_of_usual_length_costs_less_than_two_hundred_bytes() {
    let definition = Definition {
        series_max: usize::MAX,
        ..definition(
            "requests_by_user",
            Kind::Counter,
            &["route", "status", "user_email"],
        )
    };
    let store = Store::new(vec![definition], 0);
    let mut updates = Updates::new(&store);
    let count = 100_000;
    let mut text_bytes = 0;
    for number in 0..count {
        let user = format!(
            "a.person.with.a.name.{:05}@department.example.com",
            number / 20
        );
        let route = format!("anthropic-claude-{:02}", number % 20);
        updates.push(0, &[&route, "200", &user], 1.0);
        text_bytes += r#"route="",status="",user_email="""#.len() + route.len() + 3 + user.len();
        if number % 1000 == 999 {
            updates.apply(0);
        }
    }
    drop(store.snapshot(0));
    let bytes = store.capacity_bytes() / count;
    assert_eq!(store.counts()[0].series, count);
    assert!(text_bytes / count >= 100, "{}", text_bytes / count);
    assert!(bytes < 200, "{bytes} bytes a series");
}
