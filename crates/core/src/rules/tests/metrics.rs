//! Metrics: names, labels, values, buckets, and two rules that share one.

use insta::assert_snapshot;

use super::{advice, load, refused, refused_files};
use crate::metrics::definition::{Kind, LABEL_VALUES_MAX, MetricId, SERIES_MAX};

/// One metric in a rule that reads fields.
fn with(metric: &str) -> String {
    refused(&format!(
        "[[rule]]\nfields = 'auto'\n[[rule.metric]]\n{metric}\n"
    ))
}

#[test]
fn a_metric_has_one_type() {
    assert_snapshot!(with("by = ['a']"), @r#"
    error: expected `counter`, `gauge` or `histogram` in this metric, but found none
     --> rules.toml:3:1
      |
    3 | [[rule.metric]]
      | ^^^^^^^^^^^^^^^
      = hint: the key says the type: `counter = "requests_by_user"`

    1 problem in the rules
    "#);
    assert_snapshot!(with("counter = 'c'\ngauge = 'c'"), @r"
    error: expected one type, but found `counter` and `gauge`
     --> rules.toml:5:1
      |
    5 | gauge = 'c'
      | ^^^^^
     ::: rules.toml:4:1
      |
    4 | counter = 'c'
      | ^^^^^^^

    1 problem in the rules
    ");
}

#[test]
fn names_of_metrics_and_labels() {
    assert_snapshot!(with("counter = 'http.requests'\nby = ['http.status', '__x', 'a']"), @r#"
    error: expected a metric name, but found `http.requests`
     --> rules.toml:4:11
      |
    4 | counter = 'http.requests'
      |           ^^^^^^^^^^^^^^^
      = hint: letters, digits, `_` and `:`, no digit first: `http_requests`

    error: expected a label name, but found `http.status`
     --> rules.toml:5:7
      |
    5 | by = ['http.status', '__x', 'a']
      |       ^^^^^^^^^^^^^
      = hint: letters, digits and `_`, no digit first; in [rule.labels]: `http_status = "http.status"`

    error: label names that begin with `__`, such as `__x`, are reserved
     --> rules.toml:5:22
      |
    5 | by = ['http.status', '__x', 'a']
      |                      ^^^^^

    3 problems in the rules
    "#);
    assert_snapshot!(with("counter = 'logmetrics_lines_total'"), @r"
    error: `logmetrics_lines_total` begins with `logmetrics_`
     --> rules.toml:4:11
      |
    4 | counter = 'logmetrics_lines_total'
      |           ^^^^^^^^^^^^^^^^^^^^^^^^
      = hint: such names are for the program's metrics about itself

    1 problem in the rules
    ");
    assert_snapshot!(with("counter = 'c'\nby = ['a', 'b', 'a']\nconstant = { b = 'x', 'c-d' = 'y' }"), @r#"
    error: label `a` stands twice in this metric
     --> rules.toml:5:17
      |
    5 | by = ['a', 'b', 'a']
      |                 ^^^ again here
     ::: rules.toml:5:7
      |
    5 | by = ['a', 'b', 'a']
      |       ^^^ first here

    error: label `b` stands twice in this metric
     --> rules.toml:6:14
      |
    6 | constant = { b = 'x', 'c-d' = 'y' }
      |              ^ again here
     ::: rules.toml:5:12
      |
    5 | by = ['a', 'b', 'a']
      |            ^^^ first here

    error: expected a label name, but found `c-d`
     --> rules.toml:6:23
      |
    6 | constant = { b = 'x', 'c-d' = 'y' }
      |                       ^^^^^
      = hint: letters, digits and `_`, no digit first; in [rule.labels]: `c_d = "c-d"`

    3 problems in the rules
    "#);
}

#[test]
fn labels_that_a_metric_cannot_have() {
    assert_snapshot!(with("histogram = 'h'\nvalue = 'v'\nby = ['le', 'quantile']"), @r#"
    error: a metric cannot have the label `le`
     --> rules.toml:6:7
      |
    6 | by = ['le', 'quantile']
      |       ^^^^
      = hint: Prometheus puts the bucket's bound there, and parsers refuse a page that has it elsewhere; call it `le_` and write `le_ = "le"` in [rule.labels]

    error: a metric cannot have the label `quantile`
     --> rules.toml:6:13
      |
    6 | by = ['le', 'quantile']
      |             ^^^^^^^^^^
      = hint: Prometheus puts the quantile there, and parsers refuse a page that has it elsewhere; call it `quantile_` and write `quantile_ = "quantile"` in [rule.labels]

    2 problems in the rules
    "#);
    assert_snapshot!(refused("[[rule]]\nfields = 'auto'\nlabels.'a b' = 'x'\nmetric = [{ counter = 'c', by = ['a b'] }]\n"), @r#"
    error: expected a label name, but found `a b`
     --> rules.toml:3:8
      |
    3 | labels.'a b' = 'x'
      |        ^^^^^
      = hint: letters, digits and `_`, no digit first; in [rule.labels]: `a_b = "a b"`

    1 problem in the rules
    "#);
}

#[test]
fn values_and_buckets() {
    assert_snapshot!(with("gauge = 'g'"), @r"
    error: expected a `value` for the gauge `g`, but found none
     --> rules.toml:4:9
      |
    4 | gauge = 'g'
      |         ^^^
      = hint: `value` names the field with the number

    1 problem in the rules
    ");
    assert_snapshot!(with("counter = 'c'\nbuckets = [1, 2]"), @r#"
    error: a counter has no `buckets`
     --> rules.toml:5:11
      |
    5 | buckets = [1, 2]
      |           ^^^^^^
      = hint: `histogram = "name"` makes it a histogram

    1 problem in the rules
    "#);
    assert_snapshot!(with("histogram = 'h'\nvalue = 'v'\nbuckets = []"), @r"
    error: expected at least one finite number for `buckets`, but found none
     --> rules.toml:6:11
      |
    6 | buckets = []
      |           ^^

    1 problem in the rules
    ");
    assert_snapshot!(with("histogram = 'h'\nvalue = 'v'\nbuckets = [1, 2, 2, nan, inf, 3]"), @r"
    error: expected a bucket above `2`, but found `2`
     --> rules.toml:6:18
      |
    6 | buckets = [1, 2, 2, nan, inf, 3]
      |                  ^
      = hint: buckets stand in rising order

    error: expected a finite bucket, but found `NaN`
     --> rules.toml:6:21
      |
    6 | buckets = [1, 2, 2, nan, inf, 3]
      |                     ^^^
      = hint: the bucket `+Inf` is always there

    error: expected a finite bucket, but found `inf`
     --> rules.toml:6:26
      |
    6 | buckets = [1, 2, 2, nan, inf, 3]
      |                          ^^^
      = hint: the bucket `+Inf` is always there

    3 problems in the rules
    ");
    assert_snapshot!(with("histogram = 'h'\nvalue = 'v'\nbuckets = ['1']"), @r"
    error: expected a number for `buckets`, but found the string `1`
     --> rules.toml:6:12
      |
    6 | buckets = ['1']
      |            ^^^
      = hint: for example `buckets = [0.5, 5, 50]`

    1 problem in the rules
    ");
}

/// A file whose one rule has the label `x` and this metric.
fn file(metric: &str) -> String {
    format!(
        "[[rule]]\nfields = 'auto'\n[rule.labels]\nx = {{ max_values = 5 }}\n[[rule.metric]]\n{metric}\n"
    )
}

/// Two files with a metric each.
fn clash(one: &str, two: &str) -> String {
    refused_files(&[("a.toml", &file(one)), ("b.toml", &file(two))])
}

#[test]
fn definitions_of_one_metric_must_agree() {
    assert_snapshot!(clash("counter = 'm'\nby = ['x']", "gauge = 'm'\nvalue = 'v'\nby = ['x']"), @r"
    error: metric `m` is defined in two ways
     --> b.toml:6:9
      |
    6 | gauge = 'm'
      |         ^^^ a gauge
     ::: a.toml:6:11
      |
    6 | counter = 'm'
      |           ^^^ a counter
      = hint: rules may share a metric that has the same type, labels, buckets and limits

    1 problem in the rules
    ");
    assert_snapshot!(clash("counter = 'm'\nby = ['x', 'y']", "counter = 'm'\nconstant = { x = '1' }"), @r"
    error: metric `m` is defined in two ways
     --> b.toml:6:11
      |
    6 | counter = 'm'
      |           ^^^ with the labels x
     ::: a.toml:6:11
      |
    6 | counter = 'm'
      |           ^^^ with the labels x, y
      = hint: rules may share a metric that has the same type, labels, buckets and limits

    1 problem in the rules
    ");
    assert_snapshot!(clash("histogram = 'm'\nvalue = 'v'\nby = ['x']\nbuckets = [1]", "histogram = 'm'\nvalue = 'v'\nby = ['x']\nbuckets = [2]"), @r"
    error: metric `m` is defined in two ways
     --> b.toml:9:11
      |
    9 | buckets = [2]
      |           ^^^ these
     ::: a.toml:9:11
      |
    9 | buckets = [1]
      |           ^^^ and these
      = hint: rules may share a metric that has the same type, labels, buckets and limits

    1 problem in the rules
    ");
}

#[test]
fn limits_of_one_metric_must_agree() {
    assert_snapshot!(clash("counter = 'm'\nby = ['x']\nlimit = 5\nexpire = '1h'", "counter = 'm'\nby = ['x']\nlimit = 6\nexpire = '2h'"), @r"
    error: metric `m` is defined in two ways
     --> b.toml:8:9
      |
    8 | limit = 6
      |         ^ this
     ::: a.toml:8:9
      |
    8 | limit = 5
      |         ^ and this
      = hint: rules may share a metric that has the same type, labels, buckets and limits

    error: metric `m` is defined in two ways
     --> b.toml:9:10
      |
    9 | expire = '2h'
      |          ^^^^ this
     ::: a.toml:9:10
      |
    9 | expire = '1h'
      |          ^^^^ and this
      = hint: rules may share a metric that has the same type, labels, buckets and limits

    2 problems in the rules
    ");
    let other = file("counter = 'm'\nby = ['x']").replace('5', "6");
    assert_snapshot!(refused_files(&[("a.toml", &file("counter = 'm'\nby = ['x']")), ("b.toml", &other)]), @r"
    error: metric `m` is defined in two ways
     --> b.toml:7:7
      |
    7 | by = ['x']
      |       ^^^ `x` with `max_values = 6`
     ::: a.toml:7:7
      |
    7 | by = ['x']
      |       ^^^ `x` with `max_values = 5`
      = hint: rules may share a metric that has the same type, labels, buckets and limits

    1 problem in the rules
    ");
}

#[test]
fn no_two_metrics_expose_one_name() {
    let two = |one: &str, two: &str| {
        refused(&format!(
            "[[rule]]\nfields = 'auto'\n[[rule.metric]]\n{one}\n[[rule.metric]]\n{two}\n"
        ))
    };
    assert_snapshot!(two("histogram = 'h'\nvalue = 'v'", "counter = 'h_count'"), @r"
    error: `h_count` and `h` would both expose `h_count`
     --> rules.toml:7:11
      |
    7 | counter = 'h_count'
      |           ^^^^^^^^^
     ::: rules.toml:4:13
      |
    4 | histogram = 'h'
      |             ^^^
      = hint: rename one of them

    1 problem in the rules
    ");
    assert_snapshot!(two("counter = 'y_total'", "gauge = 'y'\nvalue = 'v'"), @r"
    error: `y` and `y_total` would both expose `y`
     --> rules.toml:6:9
      |
    6 | gauge = 'y'
      |         ^^^
     ::: rules.toml:4:11
      |
    4 | counter = 'y_total'
      |           ^^^^^^^^^
      = hint: rename one of them

    1 problem in the rules
    ");
    assert_snapshot!(two("gauge = 'z_created'\nvalue = 'v'", "counter = 'z_total'"), @r"
    error: `z_total` and `z_created` would both expose `z_created`
     --> rules.toml:7:11
      |
    7 | counter = 'z_total'
      |           ^^^^^^^^^
     ::: rules.toml:4:9
      |
    4 | gauge = 'z_created'
      |         ^^^^^^^^^^^
      = hint: rename one of them

    1 problem in the rules
    ");
}

#[test]
fn what_one_use_leaves_out_another_may_say() {
    let loaded = load(
        "[[rule]]\nname = 'r'\nfields = 'auto'\nlabels.b = { max_values = 7 }\n\
         [[rule.metric]]\ncounter = 'z_total'\nby = ['b']\nconstant = { a = '1' }\n\
         [[rule.metric]]\ncounter = 'z_total'\nby = ['b', 'a']\nhelp = 'All z.'\nlimit = 9\nexpire = '2h'\n\
         [[rule.metric]]\nhistogram = 'h'\nvalue = 'v'\n\
         [[rule.metric]]\nhistogram = 'k'\nvalue = 'v'\nbuckets = [-1, 0.5, inf]\n",
    )
    .unwrap();
    let metrics = &loaded.set.metrics;
    let names: Vec<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names, ["h", "k", "z_total"]);
    let ids: Vec<MetricId> = loaded.set.rules[0]
        .metrics
        .iter()
        .map(|action| action.metric)
        .collect();
    assert_eq!(ids, [MetricId(2), MetricId(2), MetricId(0), MetricId(1)]);
    let z = &metrics[2];
    assert_eq!((z.help.as_str(), z.series_max), ("All z.", 9));
    assert_eq!(z.expire.map(|expire| expire.as_secs()), Some(7200));
    let labels: Vec<(&str, usize)> = z
        .labels
        .iter()
        .map(|label| (label.name.as_str(), label.values_max))
        .collect();
    assert_eq!(labels, [("a", LABEL_VALUES_MAX), ("b", 7)]);
    let h = &metrics[0];
    assert_eq!(
        (h.help.as_str(), h.series_max, h.expire),
        ("Counted by rule r.", SERIES_MAX, None)
    );
    let buckets = vec![
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    ];
    assert_eq!((h.kind, &h.buckets), (Kind::Histogram, &buckets));
    let buckets = vec![-1.0, 0.5];
    assert_eq!(
        (metrics[1].kind, &metrics[1].buckets),
        (Kind::Histogram, &buckets)
    );
    assert_eq!(loaded.set.rules[0].metrics[0].constant["a"], "1");
}

#[test]
fn another_help_text_is_advice() {
    assert_snapshot!(advice("[[rule]]\nmatch = 'a'\nmetric = [{ counter = 'c', help = 'One.' }, { counter = 'c', help = 'Two.' }]\n"), @r"
    warning: another rule gives this metric another help text
     --> rules.toml:3:69
      |
    3 | metric = [{ counter = 'c', help = 'One.' }, { counter = 'c', help = 'Two.' }]
      |                                                                     ^^^^^^ not used
     ::: rules.toml:3:35
      |
    3 | metric = [{ counter = 'c', help = 'One.' }, { counter = 'c', help = 'Two.' }]
      |                                   ^^^^^^ used
    ");
}

#[test]
fn tiny_and_huge_buckets_are_named_shortly() {
    let rule = |buckets: &str| {
        format!(
            "[[rule]]\nmatch = '(?P<v>x)'\n[[rule.metric]]\nhistogram = 'h'\nvalue = 'v'\n\
             buckets = [{buckets}]\n"
        )
    };
    let said = refused(&rule("5e-324, 5e-324"));
    assert!(
        said.contains("expected a bucket above `5e-324`, but found `5e-324`"),
        "{said}"
    );
    let said = refused(&rule("1e300, 0.25"));
    assert!(
        said.contains("expected a bucket above `1e300`, but found `0.25`"),
        "{said}"
    );
}
