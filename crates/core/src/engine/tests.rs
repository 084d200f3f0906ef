//! Rules as text, lines in, samples out: what the engine makes of them.

mod amounts;
mod conditions;
mod factors;
mod known_values;
mod parts;
mod records;
mod replace;
mod requests;
mod several_patterns;
mod units;
mod unreadable;

use std::sync::Arc;

use super::{Engine, FieldErrorKind, Secret};
use crate::exposition::{Exposition, Format};
use crate::metrics::batch::Batch;
use crate::metrics::store::Store;
use crate::rules::{SourceText, load_text};
use logmetrics_follow::line::{Line, Origin, Wrapping};

/// What came of some lines.
struct Outcome {
    samples: String,
    unmatched: u64,
    /// Of the first rule.
    unreadable: u64,
    field_errors: Vec<(String, FieldErrorKind, u64)>,
}

fn engine(rules: &str) -> (Engine, Store) {
    let file = SourceText {
        path: "test.toml".into(),
        text: rules.into(),
    };
    let set = load_text(vec![file])
        .unwrap_or_else(|problems| panic!("{problems}"))
        .set;
    let secret = Secret::new(b"0123456789abcdef").unwrap();
    (
        Engine::new(&set, Some(&secret)).unwrap(),
        Store::new(set.metrics, 0),
    )
}

fn run(rules: &str, lines: &[&[u8]]) -> Outcome {
    run_wrapped(rules, lines, Wrapping::default())
}

fn run_wrapped(rules: &str, lines: &[&[u8]], wrapping: Wrapping<'_>) -> Outcome {
    run_engine(&engine(rules), lines, wrapping)
}

fn run_engine(
    (engine, store): &(Engine, Store),
    lines: &[&[u8]],
    wrapping: Wrapping<'_>,
) -> Outcome {
    let mut runner = engine.runner();
    let mut batch = Batch::new(store.hasher());
    let origin = Origin {
        source: Arc::from("/logs/*.log"),
        file: Arc::from("a.log"),
    };
    for text in lines {
        let line = Line {
            text,
            wrapping: &wrapping,
            origin: &origin,
        };
        engine.feed(&line, &mut runner, &mut batch);
    }
    let refused = store.apply(&batch, 0);
    engine.count_refused(&batch, &refused, runner.counts());
    let page = Exposition::new(store.snapshot(0), Vec::new(), Format::Text).into_bytes();
    let page = String::from_utf8(page).unwrap();
    let samples = page.lines().filter(|line| !line.starts_with('#'));
    let counts = runner.counts();
    let field_errors = engine
        .field_errors()
        .iter()
        .zip(&counts.field_errors)
        .filter(|(_, count)| **count > 0);
    Outcome {
        samples: samples.map(|sample| format!("{sample}\n")).collect(),
        unmatched: counts.unmatched,
        unreadable: counts.unreadable[0],
        field_errors: field_errors
            .map(|(error, count)| (error.field.to_string(), error.kind, *count))
            .collect(),
    }
}

const USERS: &str = r#"
[[rule]]
match = 'user=(?P<user>\S*) took (?P<took>\S+)'
metric = [
  { counter = "seen", by = ["user"] },
  { histogram = "took_seconds", value = "took", buckets = [0.1, 1] },
]
"#;

#[test]
fn groups_are_fields_and_a_counter_counts() {
    let outcome = run(
        USERS,
        &[
            b"user=ann took 50ms",
            b"user=bob took 3s",
            b"x user=ann took 1s.",
        ],
    );
    insta::assert_snapshot!(outcome.samples, @r#"
    seen{user="ann"} 2
    seen{user="bob"} 1
    took_seconds_bucket{le="0.1"} 1
    took_seconds_bucket{le="1"} 1
    took_seconds_bucket{le="+Inf"} 2
    took_seconds_sum 3.05
    took_seconds_count 2
    "#);
    assert_eq!(
        outcome.field_errors,
        [("took".to_owned(), FieldErrorKind::BadValue, 1)]
    );
}

#[test]
fn lines_without_a_match_are_counted() {
    let outcome = run(USERS, &[b"", b"nothing", b"user=ann took 1"]);
    assert_eq!(outcome.unmatched, 2);
}

#[test]
fn broken_bytes_hide_no_line() {
    let outcome = run(
        USERS,
        &[
            b"\xff\xfe user=a\xe9b took 1s",
            "user=Zoë took 1s".as_bytes(),
        ],
    );
    assert!(
        outcome.samples.contains("seen{user=\"a\u{fffd}b\"} 1\n"),
        "{}",
        outcome.samples
    );
    assert!(
        outcome.samples.contains("seen{user=\"Zoë\"} 1\n"),
        "{}",
        outcome.samples
    );
}

const FIELDS: &str = r#"
[[rule]]
fields = "auto"

[rule.labels]
user = { from = ["user.email", "user"], default = "anonymous", lowercase = true, max_length = 8 }
status = { from = "status", map = { '2..' = "2xx", '5..' = "5xx" } }
name = { from = "name", pseudonym = true }

[[rule.metric]]
counter = "requests"
by = ["user", "status"]

[[rule.metric]]
counter = "bytes_sent"
value = "bytes"
by = ["name"]
where = { status = "2xx" }

[[rule.metric]]
gauge = "temperature"
value = "t"
constant = { room = "a \"b\"" }
where = { t = '.+' }
"#;

#[test]
fn labels_go_through_their_tools() {
    let outcome = run(
        FIELDS,
        &[
            b"user=ANN status=200 bytes=1KiB name=x",
            br#"{"user":{"email":"Bob"},"status":503}"#,
            br#"user.email="" user=carol-the-great status=404 t=-2.5"#,
            b"status=204 bytes=10 name=x",
        ],
    );
    insta::assert_snapshot!(outcome.samples, @r#"
    bytes_sent{name="68f4d9c04881bab7"} 1034
    requests{status="2xx",user="ann"} 1
    requests{status="2xx",user="anonymous"} 1
    requests{status="404",user="carol-th…"} 1
    requests{status="5xx",user="bob"} 1
    temperature{room="a \"b\""} -2.5
    "#);
}

#[test]
fn what_is_missing_is_counted_once_a_line() {
    let rules = r#"
[[rule]]
fields = "logfmt"
metric = [
  { counter = "a", by = ["user"] },
  { counter = "b", by = ["user", "team"] },
  { counter = "c_total", value = "n" },
]
"#;
    let outcome = run(
        rules,
        &[b"team=x n=5", b"user=u n=-1", b"user=u team=t n=1 n=2"],
    );
    assert_eq!(
        outcome.samples,
        "a{user=\"u\"} 2\nb{team=\"t\",user=\"u\"} 1\nc_total 5\n"
    );
    assert_eq!(
        outcome.field_errors,
        [
            ("team".to_owned(), FieldErrorKind::Missing, 1),
            ("user".to_owned(), FieldErrorKind::Missing, 1),
            ("n".to_owned(), FieldErrorKind::BadValue, 1),
            ("n".to_owned(), FieldErrorKind::Ambiguous, 1),
        ]
    );
}

#[test]
fn a_key_that_stands_twice_is_said_to_be_ambiguous() {
    let rules = r#"
[[rule]]
fields = "logfmt"
metric = [{ counter = "a", by = ["only", "first", "last"] }]
[rule.labels]
only = "k"
first = { from = "k", take = "first" }
last = { from = "k", take = "last" }
"#;
    let outcome = run(rules, &[b"k=1 k=2", br#"x="k=0" k=3"#]);
    insta::assert_snapshot!(outcome.samples, @r#"
    a{first="1",last="2",only="__ambiguous__"} 1
    a{first="3",last="3",only="3"} 1
    "#);
    assert_eq!(
        outcome.field_errors,
        [("only".to_owned(), FieldErrorKind::Ambiguous, 1)]
    );
}

#[test]
fn the_origin_and_the_wrapping_are_fields() {
    let wrapping = Wrapping {
        service: Some(b"gw"),
        container: Some(b"gw-1"),
        time: Some(b"2026-01-01T00:00:00Z"),
        ..Wrapping::default()
    };
    let rules = r#"
[[rule]]
match = 'x'
metric = [{ counter = "a", by = ["service", "container", "source", "file", "time"] }]
[rule.labels]
service = "_service"
container = "_container"
source = "_source"
file = "_file"
time = "_time"
"#;
    let outcome = run_wrapped(rules, &[b"x"], wrapping);
    insta::assert_snapshot!(outcome.samples, @r#"a{container="gw-1",file="a.log",service="gw",source="/logs/*.log",time="2026-01-01T00:00:00Z"} 1"#);
}

#[test]
fn a_pseudonym_without_a_secret_is_refused() {
    let file = SourceText {
        path: "t".into(),
        text: FIELDS.into(),
    };
    let set = load_text(vec![file]).unwrap().set;
    let error = Engine::new(&set, None).unwrap_err().to_string();
    assert!(error.contains("label `name` as a pseudonym"), "{error}");
}

#[test]
fn explain_says_which_part_of_the_pattern_is_not_found() {
    let (engine, _) = engine(USERS);
    let origin = Origin {
        source: Arc::from("-"),
        file: Arc::from("-"),
    };
    let line = Line {
        text: b"user=ann spent 1s",
        wrapping: &Wrapping::NONE,
        origin: &origin,
    };
    let verdicts = engine.explain(&line);
    let super::verdict::Outcome::PatternNotFound {
        almost: Some(almost),
        ..
    } = &verdicts[0].outcome
    else {
        panic!("{verdicts:?}")
    };
    assert_eq!(almost.found, r"user=(?P<user>\S*)");
    assert_eq!(almost.missing, " took ");
    assert_eq!(almost.line_end, 8);
}

proptest::proptest! {
    /// Whatever a line holds, nothing panics and every line is matched or not.
    #[test]
    fn any_bytes_are_survived(lines in proptest::collection::vec(
        proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80), 0..8,
    )) {
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        for rules in [USERS, FIELDS] {
            let outcome = run(rules, &lines);
            proptest::prop_assert!(outcome.unmatched as usize <= lines.len());
        }
    }
}
