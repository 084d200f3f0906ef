//! Numbers that a lookup table multiplies, and sums of several.

use super::*;

const COST: &str = r#"
[[rule]]
name = "cost"
fields = "logfmt"
labels.model = { from = ["response", "request"], lowercase = true }

[[rule.metric]]
counter = "in_usd_total"
by = ["model"]
value = { from = "in", scale = 1e-6, times = { lookup = { large = 2.5, "small-*" = 0.15, free = 0 }, key = "model" } }

[[rule.metric]]
counter = "usd_total"
by = ["model"]

[rule.metric.value]
scale = 1e-6
sum = [
  { from = "in", times = { lookup = { large = 2.5, "small-*" = 0.15, free = 0 }, key = "model" } },
  { from = "out", times = { lookup = { large = 10, free = 0 }, key = "model" } },
]
"#;

#[test]
fn a_number_is_multiplied_by_what_the_table_says() {
    let lines: [&[u8]; 8] = [
        b"response=Large in=1000 out=200",
        b"request=large in=400",
        b"response=small-2 in=2000",
        // The sum has no factor for one of its numbers, and is no half of a cost.
        b"response=small-2 in=1000 out=1",
        b"response=free in=5 out=5",
        b"response=other in=7 out=7",
        b"in=7 out=7",
        b"response=large in=x",
    ];
    let outcome = run(COST, &lines);
    insta::assert_snapshot!(outcome.samples, @r#"
    in_usd_total{model="free"} 0
    in_usd_total{model="large"} 0.0035
    in_usd_total{model="small-2"} 0.00045
    usd_total{model="free"} 0
    usd_total{model="large"} 0.0055
    usd_total{model="small-2"} 0.0003
    "#);
    let error = |field: &str, kind, count| (field.to_owned(), kind, count);
    assert_eq!(
        outcome.field_errors,
        [
            error("model", FieldErrorKind::Missing, 1),
            error("in", FieldErrorKind::BadValue, 1),
            error("model", FieldErrorKind::LookupMiss, 2),
        ]
    );
}

#[test]
fn plans_of_lines_change_no_factor() {
    let one: [&[u8]; 3] = [
        b"response=large in=800000 out=50000",
        b"response=other in=1 out=1",
        b"response=small-1 in=5000000",
    ];
    let outcome = run(COST, &one.repeat(50));
    insta::assert_snapshot!(outcome.samples, @r#"
    in_usd_total{model="large"} 100
    in_usd_total{model="small-1"} 37.5
    usd_total{model="large"} 125
    usd_total{model="small-1"} 37.5
    "#);
    let misses = outcome.field_errors.iter().map(|(_, _, count)| count);
    assert_eq!(misses.sum::<u64>(), 50);
}

#[test]
fn a_key_is_a_label_a_group_or_a_field_with_a_default_or_none() {
    let rules = r#"
[[rule]]
match = '(?P<host>\w+) ran (?P<took>\S+)'

[[rule.metric]]
counter = "joules_total"
value = { from = "took", unit = "ms", times = { lookup = { a = 150 }, key = "host", default = 100 } }

[[rule.metric]]
gauge = "left"
subtract = { from = "took", times = { lookup = { a = 2 }, key = { from = "host", lowercase = true } } }

[[rule.metric]]
gauge = "per_second"
set = { from = "took", invert = true, times = { lookup = { a = 2, z = 0 }, key = "host" } }
"#;
    let lines: [&[u8]; 4] = [b"a ran 500", b"b ran 2s", b"A ran 500", b"z ran 1000"];
    let outcome = run(rules, &lines);
    insta::assert_snapshot!(outcome.samples, @"
    joules_total 425
    left -2000
    per_second 0.001
    ");
    let error = |field: &str, kind, count| (field.to_owned(), kind, count);
    assert_eq!(
        outcome.field_errors,
        [
            error("took", FieldErrorKind::BadValue, 1),
            error("host", FieldErrorKind::LookupMiss, 3),
        ]
    );
}

#[test]
fn the_first_number_on_the_line_counts_and_may_be_a_sum() {
    let rules = r#"
[[rule]]
fields = "json"

[[rule.metric]]
counter = "usd_total"
value = ["cost", { sum = ["fee", { from = "tokens", times = { lookup = { a = 2 }, key = "model" } }] }]
"#;
    let lines: [&[u8]; 5] = [
        br#"{"cost":5,"fee":1,"tokens":1,"model":"other"}"#,
        br#"{"fee":1,"tokens":10,"model":"a"}"#,
        br#"{"fee":0.5}"#,
        br#"{"tokens":10,"model":"b"}"#,
        br#"{"model":"a"}"#,
    ];
    let outcome = run(rules, &lines);
    assert_eq!(outcome.samples, "usd_total 26.5\n");
    let error = |field: &str, kind, count| (field.to_owned(), kind, count);
    assert_eq!(
        outcome.field_errors,
        [
            error("cost", FieldErrorKind::Missing, 1),
            error("model", FieldErrorKind::LookupMiss, 1),
        ]
    );
}

#[test]
fn a_verdict_says_what_has_no_factor() {
    let (engine, _) = engine(COST);
    let origin = Origin {
        source: Arc::from("a"),
        file: Arc::from("a"),
    };
    let line = Line {
        text: b"response=small-2 in=1000 out=1",
        wrapping: &Wrapping::NONE,
        origin: &origin,
    };
    let verdicts = engine.explain(&line);
    let said = format!("{verdicts:?}");
    assert!(
        said.contains(r#"NoFactor(NoFactor { key: "model", text: "small-2", file: None })"#),
        "{said}"
    );
    assert_eq!(said.matches("NoFactor(").count(), 1, "{said}");
}
