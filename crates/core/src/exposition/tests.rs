//! Each form against an oracle or, where there is none, against a page that a person has read.

mod oracle;

use insta::assert_snapshot;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry};

use super::*;
use crate::metrics::store::Store;
use crate::metrics::testing::{Updates, definition, histogram};

/// A page as text.
fn page(snapshot: &Snapshot, own: &[MetricFamily], format: Format) -> String {
    let page = Exposition::new(snapshot.clone(), own.to_vec(), format).into_bytes();
    String::from_utf8(page).unwrap()
}

/// One metric of each type, with exemplars, escapes and limits of what numbers can be.
fn everything() -> Snapshot {
    let definitions = vec![
        definition("seconds", histogram(&[0.5, 1.0, 1e6]), &["route"]),
        definition("requests_by_user", Kind::Counter, &["status", "user"]),
        Definition {
            help: "A \"quote\", a \\ and\na line.".to_owned(),
            ..definition("tokens_total", Kind::Counter, &["model"])
        },
        definition("depth", Kind::Gauge, &["queue"]),
        definition("never", Kind::Gauge, &["l"]),
        definition("drift", histogram(&[-1.0, 1.0]), &[]),
    ];
    let store = Store::new(definitions, 1_700_000_000_123);
    let mut updates = Updates::new(&store);
    updates.traced(0, &["a"], 0.25, Some(("5b8a\"", Some(1_700_000_001.5))));
    updates.push(0, &["a"], 0.5);
    updates.traced(0, &["a"], 2e6, Some(("9c0d", None)));
    updates.push(0, &["a\"b"], 3.0);
    for (status, user) in [
        ("200", "zoë"),
        ("200", "ann"),
        ("404", "back\\slash"),
        ("200", "ann!"),
    ] {
        updates.traced(1, &[status, user], 1.0, Some(("1f2e", None)));
    }
    updates.traced(2, &["x\ny"], 1234.0, Some(("1f2e", Some(1_700_000_002.0))));
    let depths = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.5,
        1e21,
        2.5e-9,
        -0.0,
    ];
    for (number, depth) in depths.into_iter().enumerate() {
        updates.push(3, &[&number.to_string()], depth);
    }
    updates.push(5, &[], -0.5);
    updates.apply(1_700_000_003_000);
    store.snapshot(1_700_000_003_000)
}

/// Metrics as the program has them about itself, and a histogram, as it may have one day.
fn own() -> Vec<MetricFamily> {
    let registry = Registry::new();
    let lines = Opts::new("logmetrics_lines_total", "Lines \"read\".");
    let lines = IntCounterVec::new(lines, &["source"]).unwrap();
    lines.with_label_values(&["-"]).inc_by(7);
    lines.with_label_values(&["C:\\x.log"]).inc();
    let open = IntGauge::new("process_open_fds", "Open files.").unwrap();
    open.set(11);
    let save = HistogramOpts::new("logmetrics_save_seconds", "Saves.").buckets(vec![0.1, 1.0]);
    let save = HistogramVec::new(save, &[]).unwrap();
    save.with_label_values::<&str>(&[]).observe(0.5);
    registry.register(Box::new(lines)).unwrap();
    registry.register(Box::new(open)).unwrap();
    registry.register(Box::new(save)).unwrap();
    registry.gather()
}

#[test]
fn text() {
    assert_snapshot!(page(&everything(), &own(), Format::Text), @r##"
    # HELP depth About depth.
    # TYPE depth gauge
    depth{queue="0"} NaN
    depth{queue="1"} +Inf
    depth{queue="2"} -Inf
    depth{queue="3"} -0.5
    depth{queue="4"} 1e+21
    depth{queue="5"} 2.5e-09
    depth{queue="6"} -0
    # HELP drift About drift.
    # TYPE drift histogram
    drift_bucket{le="-1"} 0
    drift_bucket{le="1"} 1
    drift_bucket{le="+Inf"} 1
    drift_sum -0.5
    drift_count 1
    # HELP logmetrics_lines_total Lines "read".
    # TYPE logmetrics_lines_total counter
    logmetrics_lines_total{source="-"} 7
    logmetrics_lines_total{source="C:\\x.log"} 1
    # HELP logmetrics_save_seconds Saves.
    # TYPE logmetrics_save_seconds histogram
    logmetrics_save_seconds_bucket{le="0.1"} 0
    logmetrics_save_seconds_bucket{le="1"} 1
    logmetrics_save_seconds_bucket{le="+Inf"} 1
    logmetrics_save_seconds_sum 0.5
    logmetrics_save_seconds_count 1
    # HELP process_open_fds Open files.
    # TYPE process_open_fds gauge
    process_open_fds 11
    # HELP requests_by_user About requests_by_user.
    # TYPE requests_by_user counter
    requests_by_user{status="200",user="ann"} 1
    requests_by_user{status="200",user="ann!"} 1
    requests_by_user{status="200",user="zoë"} 1
    requests_by_user{status="404",user="back\\slash"} 1
    # HELP seconds About seconds.
    # TYPE seconds histogram
    seconds_bucket{route="a",le="0.5"} 2
    seconds_bucket{route="a",le="1"} 2
    seconds_bucket{route="a",le="1000000"} 2
    seconds_bucket{route="a",le="+Inf"} 3
    seconds_sum{route="a"} 2000000.75
    seconds_count{route="a"} 3
    seconds_bucket{route="a\"b",le="0.5"} 0
    seconds_bucket{route="a\"b",le="1"} 0
    seconds_bucket{route="a\"b",le="1000000"} 1
    seconds_bucket{route="a\"b",le="+Inf"} 1
    seconds_sum{route="a\"b"} 3
    seconds_count{route="a\"b"} 1
    # HELP tokens_total A "quote", a \\ and\na line.
    # TYPE tokens_total counter
    tokens_total{model="x\ny"} 1234
    "##);
}

#[test]
fn openmetrics() {
    assert_snapshot!(page(&everything(), &own(), Format::OpenMetrics), @r##"
    # TYPE depth gauge
    # HELP depth About depth.
    depth{queue="0"} NaN
    depth{queue="1"} +Inf
    depth{queue="2"} -Inf
    depth{queue="3"} -0.5
    depth{queue="4"} 1e+21
    depth{queue="5"} 2.5e-09
    depth{queue="6"} -0
    # TYPE drift histogram
    # HELP drift About drift.
    drift_bucket{le="-1.0"} 0
    drift_bucket{le="1.0"} 1
    drift_bucket{le="+Inf"} 1
    drift_created 1700000000.123
    # TYPE logmetrics_lines counter
    # HELP logmetrics_lines Lines \"read\".
    logmetrics_lines_total{source="-"} 7
    logmetrics_lines_total{source="C:\\x.log"} 1
    # TYPE logmetrics_save_seconds histogram
    # HELP logmetrics_save_seconds Saves.
    logmetrics_save_seconds_bucket{le="0.1"} 0
    logmetrics_save_seconds_bucket{le="1.0"} 1
    logmetrics_save_seconds_bucket{le="+Inf"} 1
    logmetrics_save_seconds_sum 0.5
    logmetrics_save_seconds_count 1
    # TYPE process_open_fds gauge
    # HELP process_open_fds Open files.
    process_open_fds 11
    # TYPE requests_by_user unknown
    # HELP requests_by_user About requests_by_user.
    requests_by_user{status="200",user="ann"} 1
    requests_by_user{status="200",user="ann!"} 1
    requests_by_user{status="200",user="zoë"} 1
    requests_by_user{status="404",user="back\\slash"} 1
    # TYPE seconds histogram
    # HELP seconds About seconds.
    seconds_bucket{route="a",le="0.5"} 2 # {trace_id="5b8a\""} 0.25 1700000001.5
    seconds_bucket{route="a",le="1.0"} 2
    seconds_bucket{route="a",le="1e+06"} 2
    seconds_bucket{route="a",le="+Inf"} 3 # {trace_id="9c0d"} 2000000 1700000003
    seconds_sum{route="a"} 2000000.75
    seconds_count{route="a"} 3
    seconds_created{route="a"} 1700000003
    seconds_bucket{route="a\"b",le="0.5"} 0
    seconds_bucket{route="a\"b",le="1.0"} 0
    seconds_bucket{route="a\"b",le="1e+06"} 1
    seconds_bucket{route="a\"b",le="+Inf"} 1
    seconds_sum{route="a\"b"} 3
    seconds_count{route="a\"b"} 1
    seconds_created{route="a\"b"} 1700000003
    # TYPE tokens counter
    # HELP tokens A \"quote\", a \\ and\na line.
    tokens_total{model="x\ny"} 1234 # {trace_id="1f2e"} 1234 1700000002
    tokens_created{model="x\ny"} 1700000003
    # EOF
    "##);
}

#[test]
fn json_is_read_by_people_and_programs() {
    let document = String::from_utf8(json::document(&everything())).unwrap();
    assert_snapshot!(document, @r##"
    [
      {"name": "seconds", "type": "histogram", "help": "About seconds.", "series": [
        {"labels": {"route": "a"}, "count": 3, "sum": 2000000.75, "buckets": [{"le": 0.5, "count": 2}, {"le": 1, "count": 2}, {"le": 1000000, "count": 2}, {"le": "+Inf", "count": 3}]},
        {"labels": {"route": "a\"b"}, "count": 1, "sum": 3, "buckets": [{"le": 0.5, "count": 0}, {"le": 1, "count": 0}, {"le": 1000000, "count": 1}, {"le": "+Inf", "count": 1}]}
      ]},
      {"name": "requests_by_user", "type": "counter", "help": "About requests_by_user.", "series": [
        {"labels": {"status": "200", "user": "ann"}, "value": 1},
        {"labels": {"status": "200", "user": "ann!"}, "value": 1},
        {"labels": {"status": "200", "user": "zoë"}, "value": 1},
        {"labels": {"status": "404", "user": "back\\slash"}, "value": 1}
      ]},
      {"name": "tokens_total", "type": "counter", "help": "A \"quote\", a \\ and\na line.", "series": [
        {"labels": {"model": "x\ny"}, "value": 1234}
      ]},
      {"name": "depth", "type": "gauge", "help": "About depth.", "series": [
        {"labels": {"queue": "0"}, "value": "NaN"},
        {"labels": {"queue": "1"}, "value": "+Inf"},
        {"labels": {"queue": "2"}, "value": "-Inf"},
        {"labels": {"queue": "3"}, "value": -0.5},
        {"labels": {"queue": "4"}, "value": 1e+21},
        {"labels": {"queue": "5"}, "value": 2.5e-09},
        {"labels": {"queue": "6"}, "value": -0}
      ]},
      {"name": "drift", "type": "histogram", "help": "About drift.", "series": [
        {"labels": {}, "count": 1, "sum": -0.5, "buckets": [{"le": -1, "count": 0}, {"le": 1, "count": 1}, {"le": "+Inf", "count": 1}]}
      ]}
    ]
    "##);
    let read: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(read[2]["series"][0]["labels"]["model"], "x\ny");
    let empty = json::document(&Snapshot::default());
    assert_eq!(empty, b"[]\n");
}

#[test]
fn nothing_makes_an_empty_page() {
    let pages = [Format::Text, Format::OpenMetrics, Format::Protobuf]
        .map(|format| page(&Snapshot::default(), &[], format));
    assert_eq!(pages, ["", "# EOF\n", ""]);
}

#[test]
fn pages_come_in_pieces() {
    let definitions = vec![
        definition("a", Kind::Counter, &["number"]),
        definition("b", histogram(&[1.0, 2.0]), &["number"]),
    ];
    let store = Store::new(definitions, 0);
    let mut updates = Updates::new(&store);
    for number in 0..10_000 {
        let number = [&*format!("{number:05}")];
        updates.push(0, &number, 1.0);
        updates.push(1, &number, 1.0);
    }
    updates.apply(0);
    let snapshot = store.snapshot(0);
    for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
        let pieces: Vec<Bytes> = Exposition::new(snapshot.clone(), own(), format).collect();
        assert!(pieces.len() > 5, "{format:?}: {} pieces", pieces.len());
        let (last, others) = pieces.split_last().unwrap();
        assert!(!last.is_empty());
        for piece in others {
            let allowed = PIECE_BYTES..PIECE_BYTES + 2048;
            assert!(
                allowed.contains(&piece.len()),
                "{format:?}: {} bytes",
                piece.len()
            );
        }
    }
    let text = page(&snapshot, &own(), Format::Text);
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(samples.count(), 10_000 + 10_000 * 5 + 8);
}

#[test]
fn a_page_can_be_rendered_on_another_thread() {
    fn assert_send<T: Send + 'static>(_: &T) {}
    assert_send(&Exposition::new(everything(), own(), Format::Text));
}
