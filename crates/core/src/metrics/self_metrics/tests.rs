//! What is shown from the start, and where counts go.

use super::*;

fn text(families: &[MetricFamily]) -> String {
    prometheus::TextEncoder::new()
        .encode_to_string(families)
        .unwrap()
}

#[test]
fn what_is_known_shows_at_zero() {
    let own = SelfMetrics::new(&KnownSources {
        sources: vec!["-"],
        revision: "abc",
        rustc: "rustc 1",
    })
    .unwrap();
    own.follow_rules(&KnownRules {
        names: vec!["web"],
        field_errors: vec![("web", "user", FieldErrorKind::Missing)],
    });
    let page = text(&own.gather(&[]));
    for sample in [
        "logmetrics_lines_total{source=\"-\"} 0\n",
        "logmetrics_source_lag_bytes{source=\"-\"} 0\n",
        "logmetrics_rule_matches_total{rule=\"web\"} 0\n",
        "logmetrics_rule_missing_field_total{field=\"user\",rule=\"web\"} 0\n",
        "logmetrics_lines_unmatched_total 0\n",
    ] {
        assert!(page.contains(sample), "{sample} is not on\n{page}");
    }
    assert!(page.contains("revision=\"abc\""));
}

#[test]
fn counts_go_where_they_belong() {
    let field_errors = vec![
        ("a", "x", FieldErrorKind::BadValue),
        ("b", "y", FieldErrorKind::Ambiguous),
    ];
    let names = vec!["a", "b"];
    let own = SelfMetrics::new(&KnownSources::default()).unwrap();
    let rules = own.follow_rules(&KnownRules {
        names,
        field_errors,
    });
    rules.count_matches(&[3, 0]);
    rules.count_matches(&[1, 2]);
    rules.count_field_errors(&[0, 5]);
    own.source("x.log").lines.inc_by(7);
    own.source("x.log").lines.inc();
    let counts = SeriesCounts {
        metric: "m".into(),
        series: 4,
        series_limited_total: 2,
        label_limited_total: vec![("user".into(), 9)],
    };
    let page = text(&own.gather(&[counts]));
    assert_eq!(rules.matches(), [4, 2]);
    for sample in [
        "logmetrics_rule_bad_value_total{field=\"x\",rule=\"a\"} 0\n",
        "logmetrics_rule_ambiguous_field_total{field=\"y\",rule=\"b\"} 5\n",
        "logmetrics_lines_total{source=\"x.log\"} 8\n",
        "logmetrics_series{metric=\"m\"} 4\n",
        "logmetrics_series_limited_total{metric=\"m\"} 2\n",
        "logmetrics_label_limited_total{label=\"user\",metric=\"m\"} 9\n",
    ] {
        assert!(page.contains(sample), "{sample} is not on\n{page}");
    }
}

#[test]
fn rules_that_stay_keep_their_counts() {
    let own = SelfMetrics::new(&KnownSources::default()).unwrap();
    let follow = |names: &[&'static str]| {
        let missing = |name: &&'static str| (*name, "user", FieldErrorKind::Missing);
        own.follow_rules(&KnownRules {
            names: names.to_vec(),
            field_errors: names.iter().map(missing).collect(),
        })
    };
    let first = follow(&["a", "b"]);
    first.count_matches(&[1, 2]);
    first.count_field_errors(&[3, 4]);
    let second = follow(&["b", "c"]);
    second.count_matches(&[10, 20]);
    assert_eq!(second.matches(), [12, 20]);
    let page = text(&own.gather(&[]));
    let of_rules = page
        .lines()
        .filter(|line| line.contains("{") && line.contains("rule="));
    assert_eq!(
        of_rules.collect::<Vec<_>>(),
        [
            "logmetrics_rule_matches_total{rule=\"b\"} 12",
            "logmetrics_rule_matches_total{rule=\"c\"} 20",
            "logmetrics_rule_missing_field_total{field=\"user\",rule=\"b\"} 4",
            "logmetrics_rule_missing_field_total{field=\"user\",rule=\"c\"} 0",
            "logmetrics_rule_unreadable_lines_total{rule=\"b\"} 0",
            "logmetrics_rule_unreadable_lines_total{rule=\"c\"} 0",
        ]
    );
    // One that comes back starts again.
    assert_eq!(follow(&["a"]).matches(), [0]);
}

#[test]
fn a_reload_that_fails_keeps_the_time_of_the_last_good_one() {
    let own = SelfMetrics::new(&KnownSources::default()).unwrap();
    own.reloaded(Some(1500));
    assert!(own.is_reload_well());
    own.reloaded(None);
    assert!(!own.is_reload_well());
    let page = text(&own.gather(&[]));
    assert!(page.contains("logmetrics_rules_reload_success 0\n"));
    let time = "logmetrics_rules_reload_last_success_timestamp_seconds 1.5\n";
    assert!(page.contains(time), "{page}");
}
