//! Numbers of metrics: what is refused, and in which words.

use insta::assert_snapshot;

use super::{advice, load, refused};

fn metric(text: &str) -> String {
    format!(
        "[[rule]]\nmatch = '(?P<took>x) (?P<state>y)'\n[[rule.metric]]\nby = ['took', 'state']\n{text}\n"
    )
}

#[test]
fn what_may_be_said_of_a_number() {
    for text in [
        "counter = 'a'\nvalue = 1",
        "counter = 'a'\nadd = 'took'",
        "gauge = 'a'\nset = -1.5",
        "gauge = 'a'\nsubtract = 'took'",
        "gauge = 'a'\nadd = { from = 'took', unit = 'KiB' }",
        "gauge = 'a'\nvalue = '_time'",
        "histogram = 'a'\nvalue = ['took', { from = 'state', unit = 'ms' }]",
        "gauge = 'a'\nvalue = { from = 'took', number = { group = '_' }, scale = -2, invert = true }",
        "gauge = 'a'\nvalue = { from = 'state', map = { up = 1, down = 0 }, scale = 2 }",
    ] {
        assert!(load(&metric(text)).is_ok(), "{text}");
    }
}

#[test]
fn what_may_not() {
    let texts = [
        "gauge = 'a'\nset = 1\nadd = 2",
        "counter = 'a'\nset = 1",
        "counter = 'a'\nvalue = -1",
        "histogram = 'a'\nadd = 'took'",
        "gauge = 'a'\nset = '1'",
        "gauge = 'a'\nset = inf",
        "gauge = 'a'\nset = true",
        "gauge = 'a'\nvalue = { from = 'took', unit = 'msec' }",
        "gauge = 'a'\nvalue = { from = 'took', number = 'hexa' }",
        "gauge = 'a'\nvalue = { from = 'took', number = {} }",
        "gauge = 'a'\nvalue = { from = 'took', number = { decimal = ',', group = ',' } }",
        "gauge = 'a'\nvalue = { from = 'took', number = { group = '.' } }",
        "gauge = 'a'\nvalue = { from = 'took', number = { group = '12' } }",
        "gauge = 'a'\nvalue = { from = 'took', number = { hexadecimal = true, group = ',' } }",
        "gauge = 'a'\nvalue = { from = 'took', scale = 0 }",
        "gauge = 'a'\nvalue = { from = 'took', unit = 's', map = { up = 1 } }",
        "gauge = 'a'\nvalue = { from = 'took', map = {} }",
        "gauge = 'a'\nvalue = { from = 'took', map = { up = '1' } }",
        "gauge = 'a'\nvalue = { from = 'took', map = { '(' = 1 } }",
        "gauge = 'a'\nvalue = { from = '_time', unit = 's' }",
        "gauge = 'a'\nvalue = { from = 'took', untit = 's' }",
        "gauge = 'a'\nvalue = ['tok', { from = 'stat' }]",
    ];
    let said: Vec<String> = texts
        .iter()
        .map(|text| {
            let said = refused(&metric(text));
            let lines = said.lines().filter(|line| {
                line.starts_with("error") || line.contains("hint:") || line.contains("-->")
            });
            let lines: Vec<&str> = lines.collect();
            format!("{}\n{}\n", text.replace('\n', "; "), lines.join("\n"))
        })
        .collect();
    assert_snapshot!(said.join("\n"));
}

#[test]
fn a_field_whose_name_is_a_unit_wants_to_be_told() {
    let rules = |value: &str, name: &str| {
        format!(
            "[[rule]]\nfields = 'json'\n[[rule.metric]]\nhistogram = '{name}'\nvalue = {value}\n"
        )
    };
    assert_snapshot!(advice(&rules("'duration_ms'", "took_seconds")), @r#"
    warning: `duration_ms` looks like a number in ms, and `took_seconds` is in seconds
     --> rules.toml:5:9
      |
    5 | value = 'duration_ms'
      |         ^^^^^^^^^^^^^
      = hint: `{ from = "duration_ms", unit = "ms" }` makes seconds of it; `unit = "s"` says that it is in seconds already
    "#);
    for (value, name) in [
        ("'latency_us'", "took_seconds"),
        ("'durationMs'", "took_seconds"),
        ("'req.time_millis'", "took_seconds_total"),
        ("'size_kb'", "sent_bytes"),
        ("['duration', 'elapsed_ns']", "took_seconds"),
    ] {
        assert!(
            advice(&rules(value, name)).contains("looks like"),
            "{value}"
        );
    }
    for (value, name) in [
        ("{ from = 'duration_ms', unit = 'ms' }", "took_seconds"),
        ("{ from = 'duration_ms', scale = 0.001 }", "took_seconds"),
        ("'duration_ms'", "took_milliseconds"),
        ("'items'", "took_seconds"),
        ("'status'", "sent_bytes"),
        ("'forms'", "took_seconds"),
    ] {
        assert_eq!(advice(&rules(value, name)), "", "{value}");
    }
}
