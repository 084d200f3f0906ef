//! Names that belong to Prometheus, to a format, or to a scrape's target.

use super::{advice, refused};

#[test]
fn names_of_prometheus_and_of_no_format_are_refused() {
    let rule = |kind: &str, name: &str| {
        format!("[[rule]]\nmatch = '(?P<v>x)'\n[[rule.metric]]\n{kind} = '{name}'\nvalue = 'v'\n")
    };
    for name in ["up", "ALERTS", "ALERTS_FOR_STATE", "scrape_x", "__x"] {
        for kind in ["counter", "gauge", "histogram"] {
            let said = refused(&rule(kind, name));
            assert!(
                said.contains("is a name of Prometheus' own"),
                "{kind} {name}: {said}"
            );
        }
    }
    // What the formats make of a name counts as well.
    for (kind, name, words) in [
        ("histogram", "scrape", "has the sample `scrape_bucket`"),
        (
            "histogram",
            "process",
            "has the sample `process_bucket`, which begins with `process_`",
        ),
        (
            "counter",
            "logmetrics",
            "has the sample `logmetrics_created`",
        ),
        ("counter", "_total", "is no name in OpenMetrics"),
    ] {
        let said = refused(&rule(kind, name));
        assert!(said.contains(words), "{kind} {name}: {said}");
    }
    for (kind, name) in [
        ("counter", "up_total"),
        ("counter", "scrapes_total"),
        ("counter", "x_total"),
        ("gauge", "scrape"),
        ("gauge", "_total"),
        ("gauge", "alerts"),
        ("histogram", "backup"),
    ] {
        assert_eq!(advice(&rule(kind, name)), "", "{kind} {name}");
    }
}

#[test]
fn labels_of_the_target_are_warned_of_once() {
    let said = advice(
        "[[rule]]\nmatch = '(?P<job>x)(?P<instance>y)'\n\
         metric = [{ counter = 'a', by = ['job'] }, { counter = 'b', by = ['job', 'instance'] }]\n",
    );
    assert_eq!(
        said.matches("renames this one `exported_job`").count(),
        1,
        "{said}"
    );
    assert_eq!(
        said.matches("renames this one `exported_instance`").count(),
        1,
        "{said}"
    );
}
